"""What stands in the way of an Allow: the Denys that apply, and the smallest additions that would make it one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ec2roles.policy.decision import Decision
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.evaluate import evaluate, is_mandatory, trust_or_resource
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.explain.addition import Addition, Unwritable, write_addition
from ec2roles.policy.explain.amendment import with_additions, without_denies
from ec2roles.policy.explain.denial import Denial
from ec2roles.policy.explain.rendering import render
from ec2roles.policy.explain.report import LayerReport, report
from ec2roles.policy.explain.request_changes import request_changes
from ec2roles.policy.explain.text import only_aws
from ec2roles.policy.explain.trace import policies_of
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.principal import CallerKind
from ec2roles.policy.request import Request

_ORDER = ("scp", "endpoint", "resource", "trust", "identity", "boundary", "session")
_SHOWN = 4


@attrs.frozen
class WhyNot:
    """
    What stands between a decision and an Allow.

    >>> from ec2roles.policy import PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> answer = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), PolicySet()).why_not()
    >>> [addition.layer for addition in answer.additions], answer.denies
    (['identity'], ())

    Args:
        decision: the decision that was asked.
        additions: the smallest additions: with all of them the request is allowed once no Deny applies, and with any of
            them left out it is not.
        denies: every Deny that applies.
        impossible: why neither additions nor other requests help; empty when they do.
    """

    decision: Decision
    additions: tuple[Addition, ...] = ()
    denies: tuple[Denial, ...] = ()
    impossible: str = ""

    def apply(self, policy_set: PolicySet, *, lift_denies: bool = False) -> PolicySet:
        """
        Return *policy_set* with the additions in place.

        >>> from ec2roles.policy import PolicySet, Request, evaluate
        >>> policies = PolicySet()
        >>> request = Request("arn:aws:iam::123456789012:user/ana", "sqs:ListQueues")
        >>> why = evaluate(request, policies).why_not()
        >>> bool(evaluate(request, why.apply(policies)))
        True

        Args:
            policy_set: the policies of the decision, or others with the same layers; a limit that they do not have needs
                no addition.
            lift_denies: take out the Deny statements of `denies` as well. A policy that is left without statements
                stays, and allows nothing.

        Raises:
            TypeError: if *policy_set* is no `PolicySet`.
        """
        if not isinstance(policy_set, PolicySet):
            raise TypeError(f"policy_set must be a PolicySet, got {type(policy_set).__name__}")
        return with_additions(
            without_denies(policy_set, self.denies) if lift_denies else policy_set, self.additions, {}
        )

    def explain(self) -> str:
        """Return it for a person, at most 24 lines of 120 columns."""
        return render(list(_told(self)))

    def __str__(self) -> str:
        return self.explain()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "allowed": self.decision.allowed,
            "impossible": self.impossible,
            "denies": [denial.to_dict() for denial in self.denies],
            "additions": [addition.to_dict() for addition in self.additions],
        }


def why_not(decision: Decision) -> WhyNot:
    """
    Return what stands in the way of an Allow: the Denys that apply, and the smallest additions to the policies.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> policies = PolicySet(
    ...     [PermissionPolicy.allow("s3:*")],
    ...     boundaries=[PermissionPolicy.allow("ec2:*").named("limit")],
    ... )
    >>> request = Request("arn:aws:iam::123456789012:user/ana", "s3:GetObject", "arn:aws:s3:::photos/cat.jpg")
    >>> print(why_not(evaluate(request, policies)))
    s3:GetObject on arn:aws:s3:::photos/cat.jpg is not allowed. One addition would allow it:
      boundary: a statement in the permissions boundary "limit"
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/cat.jpg"}

    Args:
        decision: what `evaluate` returned; for one that allows, nothing is missing.
    """
    request = decision.request
    if request is None:
        return WhyNot(decision, impossible=decision.message or decision.reason)
    if decision.allowed:
        return WhyNot(decision)
    reports = report(decision)
    boundary = request.caller.has_identity and bool(policies_of(decision).boundaries)
    denies = tuple(
        [
            Denial(
                deny.layer,
                deny.level,
                deny.policy,
                deny.statement,
                request_changes(request, deny.statement, has_boundary=boundary, semantics=decision.semantics),
            )
            for layer in reports
            if not layer.skipped
            for deny in layer.findings
            if deny.applies and deny.statement.effect == "Deny"
        ]
    )
    try:
        additions = _smallest(decision, request, reports, denies)
    except Unwritable as error:
        return WhyNot(decision, (), denies, str(error))
    return WhyNot(decision, additions, denies)


def _smallest(
    decision: Decision, request: Request, reports: tuple[LayerReport, ...], denies: tuple[Denial, ...]
) -> tuple[Addition, ...]:
    policies, semantics = without_denies(policies_of(decision), denies), decision.semantics
    bare = evaluate(request, policies, semantics)
    if bare.allowed:
        return ()
    if bare.denied_by == "service":
        raise Unwritable(only_aws(bare))
    additions = [write_addition(decision, request, *missing) for missing in _missing(decision, request, reports)]
    additions = [attrs.evolve(added, notes=_other_cure(added, reports) + added.notes) for added in additions]
    merged: dict[Addition, Policy] = {}

    def allowed_with(added: Iterable[Addition]) -> bool:
        return evaluate(request, with_additions(policies, added, merged), semantics).allowed

    if not allowed_with(additions):
        raise Unwritable("no statement that AWS accepts allows this to this caller")
    # A layer that allows nothing may not have to: a resource policy that names the caller is enough, say.
    for addition in list(additions):
        others = [other for other in additions if other is not addition]
        if allowed_with(others):
            additions = others
    return tuple(additions)


def _other_cure(addition: Addition, reports: tuple[LayerReport, ...]) -> tuple[str, ...]:
    """Name an Allow of the same layer that only its conditions keep from applying: they may be there for a reason."""
    for layer in reports:
        if (layer.layer, layer.level) != (addition.layer, addition.level):
            continue
        for finding in layer.findings:
            conditions = all([miss.element == "Condition" for miss in finding.failed])
            if finding.statement.effect == "Allow" and not finding.applies and conditions:
                place = f'"{finding.policy.label}" {finding.statement.label}'
                return (f"without it: {place} allows this once its conditions hold: {'; '.join(finding.misses)}",)
    return ()


def _missing(
    decision: Decision, request: Request, reports: tuple[LayerReport, ...]
) -> list[tuple[str, int | None, tuple[Policy, ...]]]:
    """Return the layers that may have to allow and do not, each with the policies it has."""
    caller = request.caller
    missing: list[tuple[str, int | None, tuple[Policy, ...]]] = [
        (layer_report.layer, layer_report.level, layer_report.policies)
        for layer_report in reports
        if layer_report.layer not in ("resource", "trust") and not layer_report.skipped and not layer_report.allows
    ]
    if caller.kind is CallerKind.FEDERATED_USER and not policies_of(decision).session:
        # It has what its session policy leaves of the user's permissions, and has no session policy.
        missing.append(("session", None, ()))
    action = ascii_lower(request.action)
    own = [layer_report for layer_report in reports if layer_report.layer in ("resource", "trust")]
    across = request.resource_account is not None and request.resource_account != caller.account
    mandatory = is_mandatory(action, request._folded, policies_of(decision))
    if (across or mandatory or not caller.has_identity) and not any([layer_report.allows for layer_report in own]):
        layer = own[0].layer if own else trust_or_resource(action)
        missing.append((layer, None, own[0].policies if own else ()))
    # In the order in which denials name them, so the first addition answers the decision's own words.
    return sorted(missing, key=lambda entry: (_ORDER.index(entry[0]), entry[1] or 0))


# -- policies with something added, or taken out --------------------------------------------------------------------


# -- words ----------------------------------------------------------------------------------------------------------


def _told(why: WhyNot) -> Iterator[str]:
    request, count = why.decision.request, len(why.additions)
    if request is None:
        yield f"No policy was asked: {why.impossible}"
        return
    what = request.action if request.resource == "*" else f"{request.action} on {request.resource}"
    if why.decision.allowed:
        yield f"Nothing is missing: {what} is allowed."
        return
    if why.denies:
        yield f"{what} is denied, and no addition helps while {'this applies' if len(why.denies) == 1 else 'these apply'}:"
        for denial in why.denies[:_SHOWN]:
            yield f'  {denial.label}: Deny in "{denial.policy.label}" {denial.statement.label}'
            if denial.ways:
                texts = [change.text for change in denial.ways]
                more = f"; or in {len(texts) - _SHOWN} other ways" if len(texts) > _SHOWN else ""
                yield f"    it does not apply with: {'; or '.join(texts[:_SHOWN])}{more}"
            else:
                yield "    it applies to every request"
        if len(why.denies) > _SHOWN:
            yield f"  and {len(why.denies) - _SHOWN} more Deny statements"
    if why.impossible:
        yield f"{'Besides, no' if why.denies else 'No'} addition allows it: {why.impossible}."
    elif count:
        if why.denies:
            yield f"Besides it needs {'one addition' if count == 1 else f'{count} additions, all of them'}:"
        else:
            yield f"{what} is not allowed. {'One addition' if count == 1 else f'{count} additions together'} would allow it:"
        for addition in why.additions[:_SHOWN]:
            yield f"  {addition.label}: {addition.where}"
            yield f"    {json.dumps(addition.statement)}"
            for note in addition.notes:
                yield f"    ({note})"
        if count > _SHOWN:
            yield f"  and {count - _SHOWN} more"
    elif why.denies:
        yield "Nothing else is missing."
