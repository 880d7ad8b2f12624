"""Advice about a policy that AWS would accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ec2roles.arns import shown
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.matching import action_matches, ascii_lower
from ec2roles.policy.loading import load_policy

if TYPE_CHECKING:
    from ec2roles.policy.validation.warning import LintWarning


def lint(policy: Policy | Mapping[str, Any] | str, actions: Iterable[str] | None = None) -> tuple[LintWarning, ...]:
    """
    Return what is probably a mistake in *policy*, in the order of the document.

    >>> from ec2roles.policy import PermissionPolicy
    >>> for warning in lint(PermissionPolicy.allow("s3:Get Object")):
    ...     print(warning)
    /Statement/Action: space in action 's3:Get Object'; it matches nothing; remove the space

    Args:
        policy: a policy, or a document to load as an identity policy.
        actions: the actions that exist, for instance from botocore. Without it, names are not checked: the core ships
            no list of actions.
    """
    from ec2roles.policy.validation.checks import findings  # when it is first asked: loading a policy needs none of it

    loaded = policy if isinstance(policy, Policy) else load_policy(policy)
    found = list(findings(loaded.statements))
    if actions is not None:
        found.extend(_unknown_actions(loaded, list(actions)))
    return tuple(found)


def _unknown_actions(policy: Policy, actions: list[str]) -> Iterator[LintWarning]:
    import difflib  # only needed to word a suggestion

    from ec2roles.policy.validation.warning import LintWarning

    for action in actions:
        if not isinstance(action, str):
            raise TypeError(f"the actions that exist must be str, got {type(action).__name__}")
    known = {ascii_lower(action): action for action in actions}
    for statement in policy.statements:
        key = "Action" if statement.actions is not None else "NotAction"
        for entry in statement.actions or statement.not_actions or ():
            lowered = ascii_lower(entry)
            if any(action_matches(lowered, action) for action in known):
                continue
            close = difflib.get_close_matches(lowered, list(known), 1)
            suggestion = f"did you mean '{known[close[0]]}'?" if close else ""
            path = f"{statement.pointer}/{key}"
            yield LintWarning(
                path,
                f"no action {shown(entry)} is known; AWS stores it and it matches nothing",
                suggestion,
                "unknown-action",
            )
