"""Questions about many requests at once: which actions are permitted, and what a change of the policies changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ValidationError
from ec2roles.policy.context import Context
from ec2roles.policy.decision import Decision
from ec2roles.policy.engine.evaluate import evaluate
from ec2roles.policy.engine.matching import action_matches, ascii_lower
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.principal import Caller, parse_caller
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics

_DEFAULT = Semantics()


@attrs.frozen
class PermittedActions:
    """
    The candidates that are allowed, in the order in which they were given, and the decision about every candidate.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet
    >>> policies = PolicySet(identity=[PermissionPolicy.allow("s3:Get*")])
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> found = permitted_actions(policies, ["s3:GetObject", "s3:PutObject"], principal=caller)
    >>> found.actions, found.denied
    (('s3:GetObject',), ('s3:PutObject',))

    It is used as the collection of the allowed actions; whether one is in it ignores case, as IAM does.

    Args:
        decisions: one for each candidate.
    """

    decisions: tuple[Decision, ...]
    _by_name: Mapping[str, Decision] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for decision in self.decisions:
            if not isinstance(decision, Decision):
                raise TypeError(f"decisions must be Decisions, got {type(decision).__name__}")
        by_name = {
            ascii_lower(decision.request.action): decision
            for decision in self.decisions
            if decision.request is not None
        }
        object.__setattr__(self, "_by_name", by_name)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that are allowed."""
        return tuple(
            [
                decision.request.action
                for decision in self.decisions
                if decision.allowed and decision.request is not None
            ]
        )

    @property
    def denied(self) -> tuple[str, ...]:
        """The actions that are not allowed."""
        return tuple(
            [
                decision.request.action
                for decision in self.decisions
                if not decision.allowed and decision.request is not None
            ]
        )

    def decision(self, action: str) -> Decision:
        """
        Return the decision about one candidate.

        Args:
            action: its name, in letters of any case.

        Raises:
            KeyError: if it was no candidate.
            TypeError: if it is not text.
        """
        if not isinstance(action, str):
            raise TypeError(f"action must be str, got {type(action).__name__}")
        return self._by_name[ascii_lower(action)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.actions)

    def __len__(self) -> int:
        return sum([decision.allowed for decision in self.decisions])

    def __contains__(self, action: object) -> bool:
        decision = self._by_name.get(ascii_lower(action)) if isinstance(action, str) else None
        return decision is not None and decision.allowed


@attrs.frozen
class Change:
    """
    One request that is answered differently than before.

    Args:
        request: the request.
        before: the decision under the policies before.
        after: the decision under the policies after.
    """

    request: Request
    before: Decision
    after: Decision

    @property
    def gained(self) -> bool:
        """Whether it is allowed now and was not before."""
        return self.after.allowed and not self.before.allowed

    @property
    def lost(self) -> bool:
        """Whether it was allowed before and is not now."""
        return self.before.allowed and not self.after.allowed

    def __str__(self) -> str:
        what = (
            self.request.action if self.request.resource == "*" else f"{self.request.action} on {self.request.resource}"
        )
        return f"{what}: {_answer(self.before)} before, {_answer(self.after)} after"


def _answer(decision: Decision) -> str:
    by = f" ({decision.denied_by})" if decision.denied_by else ""
    return f"{decision.outcome.value}{by}"


def permitted_actions(
    policies: PolicySet,
    candidates: Iterable[str],
    *,
    principal: str | Caller,
    resource: str = "*",
    context: Mapping[str, Any] | Context | None = None,
    matching: str | Iterable[str] = "*",
    resource_account: str | None = None,
    role_arn: str | None = None,
    semantics: Semantics = _DEFAULT,
) -> PermittedActions:
    """
    Return which of the candidates a caller may do with one resource; it takes one evaluation for each.

    >>> from ec2roles.policy import PermissionPolicy
    >>> policies = PolicySet([PermissionPolicy.allow("s3:Get*", "ec2:*")])
    >>> names = ["s3:GetObject", "s3:PutObject", "ec2:RunInstances"]
    >>> permitted = permitted_actions(policies, names, principal="arn:aws:iam::123456789012:user/ana", matching="s3:*")
    >>> permitted.actions, permitted.denied
    (('s3:GetObject',), ('s3:PutObject',))
    >>> permitted.decision("s3:PutObject").denied_by
    'identity'

    Args:
        policies: the policies that apply.
        candidates: full names of actions; the library has no list of all actions, botocore and AWS's reference do.
            A name that comes twice, in letters of any case, counts once.
        principal: who asks, as for `Request`.
        resource: the ARN, taken literally; ``*`` for actions without a resource.
        context: the context keys.
        matching: keep only the candidates that match this pattern, such as ``s3:*``, or one of several.
        resource_account: whose resource it is; by default the account in the ARN, else the principal's.
        role_arn: the ARN of the caller's role, with the path that a session ARN drops.
        semantics: how open points of AWS's behaviour are read.

    Raises:
        TypeError: if *policies* is no `PolicySet`, or *candidates* is one text.
        ValidationError: if a candidate is not one plain action, or the principal is not one.
    """
    _check(policies)
    if isinstance(candidates, str):
        raise TypeError(f"candidates must be a collection of actions, got one str: {shown(candidates)}")
    patterns = [_pattern(one) for one in ([matching] if isinstance(matching, str) else matching)]
    for pattern in patterns:
        if pattern.strip("*") and pattern.count(":") != 1:
            raise ValidationError("Invalid action.", detail=f"matching must be such as 's3:*', got {shown(pattern)}")
    caller = principal if isinstance(principal, Caller) else parse_caller(principal, role_arn)
    keys = Context.of(context or {})
    decisions: dict[str, Decision] = {}
    for action in candidates:
        request = Request(caller, action, resource, resource_account=resource_account, context=keys)
        name = ascii_lower(action)
        if name not in decisions and any([action_matches(pattern, name) for pattern in patterns]):
            decisions[name] = evaluate(request, policies, semantics)
    return PermittedActions(tuple(decisions.values()))


def compare(
    before: PolicySet,
    after: PolicySet,
    requests: Iterable[Request],
    *,
    reasons: bool = False,
    semantics: Semantics = _DEFAULT,
) -> tuple[Change, ...]:
    """
    Return the requests that other policies answer differently, with both decisions.

    >>> from ec2roles.policy import PermissionPolicy
    >>> before = PolicySet([PermissionPolicy.allow("s3:*")])
    >>> after = PolicySet([PermissionPolicy.allow("s3:Get*")])
    >>> ana = "arn:aws:iam::123456789012:user/ana"
    >>> for change in compare(before, after, [Request(ana, "s3:GetObject"), Request(ana, "s3:PutObject")]):
    ...     print(change)
    s3:PutObject: allowed before, implicit deny (identity) after

    Args:
        before: the policies as they were.
        after: the policies as they are to be.
        requests: what to ask under both.
        reasons: list also the requests that are denied under both, by another layer or in another way.
        semantics: how open points of AWS's behaviour are read.

    Raises:
        TypeError: if *before* or *after* is no `PolicySet`.
    """
    _check(before)
    _check(after)
    changes = []
    for request in requests:
        old, new = evaluate(request, before, semantics), evaluate(request, after, semantics)
        differs = old.outcome is not new.outcome or old.denied_by != new.denied_by
        if old.allowed != new.allowed or (reasons and differs):
            changes.append(Change(request, old, new))
    return tuple(changes)


def _pattern(matching: object) -> str:
    if not isinstance(matching, str):
        raise TypeError(f"matching must be str, got {type(matching).__name__}")
    return ascii_lower(matching)


def _check(policies: object) -> None:
    if not isinstance(policies, PolicySet):
        raise TypeError(f"policies must be a PolicySet, got {type(policies).__name__}")
