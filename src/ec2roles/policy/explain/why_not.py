"""What stands in the way of an Allow: the Denys that apply, and the smallest additions that would turn a denial."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ec2roles.errors import PolicyError
from ec2roles.policy.decision import Decision
from ec2roles.policy.document import Policy, load_policy
from ec2roles.policy.engine.evaluate import evaluate, is_mandatory, trust_or_resource
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.explain.rendering import render
from ec2roles.policy.explain.report import LayerReport, report
from ec2roles.policy.explain.request_changes import RequestChange, request_changes
from ec2roles.policy.explain.text import only_aws
from ec2roles.policy.explain.trace import covers_resource, policies_of
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.principal import Caller, CallerKind
from ec2roles.policy.request import LIST_ALL_BUCKETS, Request
from ec2roles.policy.statement import Statement
from ec2roles.policy.validation.grammar import IDENTITY_LIKE, NEWEST
from ec2roles.policy.validation.json import to_text

# Of these AWS has one document each, so what is added goes into the one that is there.
_ONE_DOCUMENT = frozenset({"boundary", "resource", "trust", "endpoint"})
_ORDER = ("scp", "endpoint", "resource", "trust", "identity", "boundary", "session")
_SHOWN = 4


@attrs.frozen
class Addition:
    """
    One statement that is missing, as a policy of its own that AWS would store.

    Args:
        layer: where it is missing: ``identity``, ``boundary``, ``session``, ``scp``, ``resource``, ``trust`` or ``endpoint``.
        level: for SCPs which level, from 1 at the root; else None.
        policy: a policy of that kind with this statement alone.
        where: the place where it belongs, in words.
        into: the label of the policy whose statements it joins, where AWS has one document only; else None.
        notes: what a person should know about it.
    """

    layer: str
    level: int | None
    policy: Policy
    where: str
    into: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """The whole document, ready to be stored; the dict is yours to change."""
        return self.policy.to_dict()

    @property
    def statement(self) -> dict[str, Any]:
        """The statement alone; the dict is yours to change."""
        found: dict[str, Any] = self.document["Statement"][0]
        return found

    @property
    def label(self) -> str:
        """The layer's name for a person, such as ``scp level 2``."""
        return self.layer if self.level is None else f"{self.layer} level {self.level}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "layer": self.layer,
            "level": self.level,
            "where": self.where,
            "into": self.into,
            "document": self.document,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        return f"{self.label}: {json.dumps(self.statement)}"


@attrs.frozen
class Denial:
    """
    One Deny that applies. As long as it does, no addition helps.

    Args:
        layer: where it stands, as `Addition.layer`; ``rcp`` too.
        level: for SCPs and RCPs which level, from 1 at the root; else None.
        policy: whose statement it is.
        statement: the Deny.
        ways: changes of the request, each of which alone keeps it from applying; none where nothing does.
    """

    layer: str
    level: int | None
    policy: Policy
    statement: Statement
    ways: tuple[RequestChange, ...]

    @property
    def label(self) -> str:
        """The layer's name for a person, such as ``scp level 2``."""
        return self.layer if self.level is None else f"{self.layer} level {self.level}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "layer": self.layer,
            "level": self.level,
            "policy": self.policy.label,
            "arn": self.policy.arn,
            "pointer": self.statement.pointer,
            "sid": self.statement.sid,
            "ways": [change.to_dict() for change in self.ways],
        }

    def __str__(self) -> str:
        return f'{self.label}: "{self.policy.label}" {self.statement.label}'


@attrs.frozen
class WhyNot:
    """
    What stands between a decision and an Allow.

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
        """
        return _placed(_lifted(policy_set, self.denies) if lift_denies else policy_set, self.additions, {})

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
            "denies": [one.to_dict() for one in self.denies],
            "additions": [one.to_dict() for one in self.additions],
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
                one.layer,
                one.level,
                one.policy,
                one.statement,
                request_changes(request, one.statement, has_boundary=boundary, semantics=decision.semantics),
            )
            for layer in reports
            if not layer.skipped
            for one in layer.findings
            if one.applies and one.statement.effect == "Deny"
        ]
    )
    try:
        additions = _smallest(decision, request, reports, denies)
    except _Unwritable as error:
        return WhyNot(decision, (), denies, str(error))
    return WhyNot(decision, additions, denies)


class _Unwritable(Exception):
    """No policy that AWS accepts says what is needed."""


def _smallest(
    decision: Decision, request: Request, reports: tuple[LayerReport, ...], denies: tuple[Denial, ...]
) -> tuple[Addition, ...]:
    policies, semantics = _lifted(policies_of(decision), denies), decision.semantics
    bare = evaluate(request, policies, semantics)
    if bare.allowed:
        return ()
    if bare.denied_by == "service":
        raise _Unwritable(only_aws(bare))
    found = [
        attrs.evolve(one, notes=_other_cure(one, reports) + one.notes)
        for one in [_addition(decision, request, *missing) for missing in _missing(decision, request, reports)]
    ]
    merged: dict[Addition, Policy] = {}

    def allowed(additions: Iterable[Addition]) -> bool:
        return evaluate(request, _placed(policies, additions, merged), semantics).allowed

    if not allowed(found):
        raise _Unwritable("no statement that AWS accepts allows this to this caller")
    # Some layers allow nothing and are not needed either: a resource policy may name the caller, say.
    for one in list(found):
        rest = [other for other in found if other is not one]
        if allowed(rest):
            found = rest
    return tuple(found)


def _other_cure(addition: Addition, reports: tuple[LayerReport, ...]) -> tuple[str, ...]:
    """Name the Allow of the same layer that lacks nothing but its conditions: they may be there for a reason."""
    for one in reports:
        if (one.layer, one.level) != (addition.layer, addition.level):
            continue
        for finding in one.findings:
            conditions = all([miss.element == "Condition" for miss in finding.failed])
            if finding.statement.effect == "Allow" and not finding.applies and conditions:
                place = f'"{finding.policy.label}" {finding.statement.label}'
                return (f"without it: {place} allows this once its conditions hold: {'; '.join(finding.misses)}",)
    return ()


def _missing(
    decision: Decision, request: Request, reports: tuple[LayerReport, ...]
) -> list[tuple[str, int | None, tuple[Policy, ...]]]:
    """Return the layers that may have to allow and do not, each with what is there already."""
    caller = request.caller
    found: list[tuple[str, int | None, tuple[Policy, ...]]] = [
        (one.layer, one.level, one.policies)
        for one in reports
        if one.layer not in ("resource", "trust") and not one.skipped and not one.allows
    ]
    if caller.kind is CallerKind.FEDERATED_USER and not policies_of(decision).session:
        # It has what its session policy leaves of the user's permissions, and has no session policy.
        found.append(("session", None, ()))
    action, own = ascii_lower(request.action), [one for one in reports if one.layer in ("resource", "trust")]
    across = request.resource_account is not None and request.resource_account != caller.account
    mandatory = is_mandatory(action, request._folded, policies_of(decision))
    if (across or mandatory or not caller.has_identity) and not any([one.allows for one in own]):
        layer = own[0].layer if own else trust_or_resource(action)
        found.append((layer, None, own[0].policies if own else ()))
    # In the order in which denials name them, so the first addition answers the decision's own words.
    return sorted(found, key=lambda one: (_ORDER.index(one[0]), one[1] or 0))


def _addition(
    decision: Decision, request: Request, layer: str, level: int | None, there: tuple[Policy, ...]
) -> Addition:
    target = there[0] if there and layer in _ONE_DOCUMENT else None
    problem = ""
    for principal in _principals(decision, request.caller, layer):
        for resource, note in _resources(request, layer):
            statement: dict[str, Any] = {"Effect": "Allow"}
            if principal is not None:
                statement["Principal"] = principal
            statement["Action"] = request.action
            if resource is not None:
                statement["Resource"] = resource
            try:
                policy = load_policy(_document(statement, target), layer)
            except PolicyError as error:
                problem = problem or (error.detail or str(error))
                continue
            if not _says(decision, request, policy, target):
                continue
            notes = [note] if note else []
            if (
                layer in ("resource", "trust")
                and request.caller.kind is CallerKind.SESSION
                and not request.caller.role_arn
            ):
                notes.append("if the role has a path, the path belongs in its ARN")
            into = target.label if target is not None else None
            return Addition(layer, level, policy, _where(request, layer, level, target), into, tuple(notes))
    raise _Unwritable(f"no {layer} policy can allow it: {problem or 'no statement covers this action and resource'}")


def _document(statement: dict[str, Any], target: Policy | None) -> dict[str, Any]:
    if target is None or target.kind in IDENTITY_LIKE or target.version == NEWEST:
        return {"Version": NEWEST, "Statement": [statement]}
    # It is read as the document that it joins is read, in which "${" may be plain text.
    return {"Version": target.version or "2008-10-17", "Statement": [statement]}


def _says(decision: Decision, request: Request, policy: Policy, target: Policy | None) -> bool:
    """Whether the one statement covers the request, by itself and in the document that it will join."""
    one = policy.statements[0]
    joined = one if target is None else attrs.evolve(one, variables=target.version == NEWEST)
    return all([covers_resource(request, form, decision.semantics) for form in (one, joined)])


def _resources(request: Request, layer: str) -> Iterator[tuple[str | None, str]]:
    """Yield what may stand as Resource, the most exact first, with a note."""
    action, name = ascii_lower(request.action), request.resource
    if layer == "trust":
        yield None, ""
        return
    if name == LIST_ALL_BUCKETS and action == "s3:listallmybuckets":
        yield "*", ""
        return
    if layer == "resource" and action.startswith("kms:"):
        yield "*", "in a key policy '*' is the key that it belongs to"
        return
    if name != "*":
        yield _escaped(name), ""
        wild = "*" in name or "?" in name
        yield name, f"wildcards in {name} cannot be escaped here, so this covers other resources too" if wild else ""
    yield "*", "" if name == "*" else f"only '*' can cover {name}"


def _escaped(name: str) -> str:
    """Write a resource so that every character stands for itself, which is possible after the fifth colon."""
    parts = name.split(":", 5)
    if len(parts) < 6:
        return name
    rest = "".join(["${" + c + "}" if c in "*?" else c for c in parts[5].replace("${", "${$}{")])
    # The replacement's own "$" is followed by a brace, so no wildcard was made of it.
    return ":".join([*parts[:5], rest])


def _principals(decision: Decision, caller: Caller, layer: str) -> Iterator[Any]:
    """Yield what may stand as Principal, the usual one first; None where the policy has no such element."""
    kind, text = caller.kind, caller.text
    if layer not in ("resource", "trust", "endpoint"):
        yield None
        return
    everyone = decision.semantics.everyone_includes_services or kind is not CallerKind.SERVICE
    if kind is CallerKind.ANONYMOUS or (layer == "endpoint" and everyone):
        # An endpoint's policy limits what passes it; who may do it is for the other policies.
        yield "*"
    elif kind is CallerKind.SERVICE:
        yield {"Service": text}
    elif kind is CallerKind.FEDERATED:
        yield {"Federated": text}
    elif kind is CallerKind.CANONICAL:
        yield {"CanonicalUser": text}
    else:
        if kind is CallerKind.SESSION:
            name = text.split("/")[1]
            yield {"AWS": caller.role_arn or f"arn:{caller.partition}:iam::{caller.account}:role/{name}"}
        yield {"AWS": text}
        yield {"AWS": caller.account}


def _where(request: Request, layer: str, level: int | None, target: Policy | None) -> str:
    caller, resource = request.caller, request.resource
    if caller.kind is CallerKind.SESSION:
        who = f"the role {caller.role_arn or caller.text.split('/')[1]}"
    elif caller.kind is CallerKind.FEDERATED_USER:
        who = "the user who asked for the session"
    else:
        who = caller.text
    if layer == "identity":
        return f"a policy of {who}"
    if layer == "session":
        return f"a session policy of {caller.text}"
    if layer == "scp":
        return f"a service control policy at level {level}, where the root is level 1"
    noun = {
        "boundary": "the permissions boundary",
        "trust": f"the trust policy of {resource if resource != '*' else 'the role'}",
        "resource": f"the policy of {resource if resource != '*' else 'the resource'}",
        "endpoint": "the policy of the VPC endpoint",
    }[layer]
    if target is None:
        return f"{noun}, which is not there yet"
    named = f' "{target.label}"' if target.name or target.arn else ""
    return f"a statement in {noun}{named}"


# -- policies with something added, or taken out --------------------------------------------------------------------


def _placed(policies: PolicySet, additions: Iterable[Addition], merged: dict[Addition, Policy]) -> PolicySet:
    identity, boundaries, session = list(policies.identity), list(policies.boundaries), list(policies.session)
    scps, endpoint, resource = [list(level) for level in policies.scps], list(policies.endpoint), policies.resource

    def join(target: Policy, addition: Addition) -> Policy:
        if addition not in merged:
            merged[addition] = _joined(target, addition)
        return merged[addition]

    for one in additions:
        if one.layer == "identity":
            identity.append(one.policy)
        elif one.layer == "session":
            session.append(one.policy)
        elif one.layer in ("resource", "trust"):
            resource = one.policy if resource is None else join(resource, one)
        elif one.layer == "boundary" and boundaries:
            boundaries[0] = join(boundaries[0], one)
        elif one.layer == "endpoint" and endpoint:
            endpoint[0] = join(endpoint[0], one)
        elif one.layer == "scp" and one.level is not None and one.level <= len(scps):
            scps[one.level - 1].append(one.policy)
    return PolicySet(
        identity, resource=resource, boundaries=boundaries, session=session, scps=scps, rcps=policies.rcps, endpoint=endpoint
    )  # fmt: skip


def _statements(policy: Policy) -> tuple[dict[str, Any], list[Any]]:
    data = policy.to_dict()
    found = data["Statement"]
    return data, found if isinstance(found, list) else [found]


def _joined(policy: Policy, addition: Addition) -> Policy:
    data, statements = _statements(policy)
    data["Statement"] = [*statements, addition.statement]
    return load_policy(data, policy.kind, stored=True).named(policy.name, policy.arn)


def _lifted(policies: PolicySet, denies: tuple[Denial, ...]) -> PolicySet:
    """Return the policies without these Denys."""
    if not denies:
        return policies
    # Policies are compared, not looked up: the hash of a large one costs more than deciding does.
    owners = list({id(one.policy): one.policy for one in denies}.values())

    def lift(policy: Policy) -> Policy:
        owner = next((one for one in owners if one is policy or one == policy), None)
        out = {one.statement.index for one in denies if one.policy is owner}
        kept = tuple([one for one in policy.statements if one.index not in out])
        if len(kept) == len(policy.statements):
            return policy
        data, statements = _statements(policy)
        data["Statement"] = [statements[one.index] for one in kept]
        # Not loaded again: a document without statements is none that AWS would store.
        copy = object.__new__(type(policy))
        copy.__attrs_init__(
            policy.kind, policy.version, policy.id, kept, policy.name, policy.arn, to_text(data), to_text(data), {}
        )
        return copy

    def all_of(layer: Iterable[Policy]) -> list[Policy]:
        return [lift(policy) for policy in layer]

    return PolicySet(
        all_of(policies.identity),
        resource=None if policies.resource is None else lift(policies.resource),
        boundaries=all_of(policies.boundaries),
        session=all_of(policies.session),
        scps=[all_of(level) for level in policies.scps],
        rcps=[all_of(level) for level in policies.rcps],
        endpoint=all_of(policies.endpoint),
    )


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
        for one in why.denies[:_SHOWN]:
            yield f'  {one.label}: Deny in "{one.policy.label}" {one.statement.label}'
            if one.ways:
                texts = [change.text for change in one.ways]
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
