"""
A role's trust policy as IAM keeps it: the ARNs of users and roles turned into their unique ids when it is saved.

So a principal that is deleted and made again under the same name is not trusted any more, until the policy is saved anew
(IAM user guide, "AWS JSON policy elements: Principal").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs

from ec2roles.policy import PolicySet, TrustPolicy

# Accounts are published with their ids made unreadable; such a principal stays bound to its ARN.
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{11,127}")


def _replaced(document: dict[str, Any], replace: Callable[[str], str]) -> dict[str, Any]:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                value = principal["AWS"]
                principal["AWS"] = [replace(one) for one in value] if isinstance(value, list) else replace(value)
    return document


def bind_principals(
    document: dict[str, Any], find_principal: Callable[[str], str | None]
) -> tuple[tuple[str, str], ...]:
    """
    Put unique ids in place of the ARNs of users and roles in *document*, as IAM and S3 do when they save a policy.

    Args:
        document: of a policy with principals; it is changed.
        find_principal: as for `Trust.bind`.

    Returns:
        The ARNs that were resolved, each with its unique id.
    """
    ids: dict[str, str] = {}

    def replace(arn: str) -> str:
        unique_id = find_principal(arn)
        if unique_id is None or not _UNIQUE_ID.fullmatch(unique_id):
            return arn
        ids[arn] = unique_id
        return unique_id

    _replaced(document, replace)
    return tuple(ids.items())


def arns_by_id(principals: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the ARN in whose place each unique id stands, from what `bind_principals` returned."""
    return {unique_id: arn for arn, unique_id in principals}


def show_now(
    document: dict[str, Any], principals: tuple[tuple[str, str], ...], arn_now: Callable[[str, str], str | None]
) -> bool:
    """
    Put the ARN of now in place of each principal's in *document*, or the raw unique id of one that is gone.

    Args:
        document: of a policy with principals; it is changed.
        principals: as `bind_principals` returned them.
        arn_now: returns the ARN of the entity that had an ARN and a unique id, or None if it is gone.

    Returns:
        Whether anything is another than it was written.
    """
    now = {arn: arn_now(arn, unique_id) or unique_id for arn, unique_id in principals}
    changed = any(arn != shown for arn, shown in now.items())
    if changed:
        _replaced(document, lambda arn: now.get(arn, arn))
    return changed


@attrs.frozen(eq=False)
class Trust:
    """
    A trust policy with its principals resolved.

    Args:
        written: the policy as it was given.
        bound: the policy that is judged: unique ids in place of the ARNs that were resolved.
        principals: the ARNs that were resolved, each with its unique id.
    """

    written: TrustPolicy
    bound: TrustPolicy
    principals: tuple[tuple[str, str], ...] = ()
    policy_set: PolicySet = attrs.field(init=False, repr=False, eq=False)
    conditional: bool = attrs.field(init=False, repr=False, eq=False)
    """Whether what it says depends on more than who asks."""
    answers: dict[object, bool] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    """What it said to services before, for the token service that asked."""

    def __attrs_post_init__(self) -> None:
        # Compiled once here: an assume is judged at every rotation of every instance.
        object.__setattr__(self, "policy_set", PolicySet(resource=self.bound))
        object.__setattr__(self, "conditional", any(statement.conditions for statement in self.bound.statements))

    @classmethod
    def bind(cls, policy: TrustPolicy, find_principal: Callable[[str], str | None] | None) -> Trust:
        """
        Resolve the principals of *policy*.

        Args:
            policy: the trust policy as given.
            find_principal: returns the unique id of the user or role of an ARN, None for what is not resolved (services,
                accounts, other Clouds' accounts), and raises `TrustPolicyError` for one that should exist and does not.
                None resolves nothing.
        """
        if find_principal is None:
            return cls(policy, policy)
        document = policy.to_dict()
        principals = bind_principals(document, find_principal)
        if not principals:
            return cls(policy, policy)
        return cls(policy, TrustPolicy(document).saved_with(arns_by_id(principals)), principals)

    def shown(self, arn_now: Callable[[str, str], str | None]) -> TrustPolicy:
        """
        Return the policy as IAM shows it: with the names that principals have now, and the raw id of one that is gone.

        Args:
            arn_now: as for `show_now`.
        """
        document = self.written.to_dict()
        return TrustPolicy(document) if show_now(document, self.principals, arn_now) else self.written
