"""SimulatePrincipalPolicy and SimulateCustomPolicy, answered by the engine that judges every call here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ec2roles.arns import Arn, shown
from ec2roles.errors import ArnError, InvalidInputError, NoSuchEntityError
from ec2roles.iam.directory import unique_id
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.policy import (
    Context,
    Decision,
    Outcome,
    Policy,
    PolicySet,
    Request,
    Semantics,
    TrustPolicy,
    evaluate,
    load_policy,
)
from ec2roles.policy.statement import Statement
from ec2roles.services.iam.positions import statement_positions
from ec2roles.services.iam.table import PAGES, Ask, Row, everything, numbered, page
from ec2roles.world.timeline import Position

_DECISIONS = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
}
_TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")
_CIRCUMSTANCES = (
    "ActionNames ResourceArns ResourcePolicy ResourceOwner CallerArn ContextEntries PermissionsBoundaryPolicyInputList"
)


@attrs.frozen(eq=False)
class _Named:
    """A policy of the simulation, and what MatchedStatements call it."""

    policy: Policy
    source: str


@attrs.frozen(eq=False)
class _Subject:
    """Whose permissions are simulated: policies, and the caller they are asked for."""

    policies: list[_Named]
    boundaries: list[_Named]
    caller: str
    caller_id: str | None = None
    context: Mapping[str, Any] = attrs.field(factory=dict)


def simulation_rows(semantics: Semantics) -> list[Row]:
    """
    Return the rows of the two simulations.

    Args:
        semantics: the readings of open points by which the account's calls are judged.
    """

    def principal(ask: Ask) -> dict[str, Any]:
        entity = _entity(ask)
        position = ask.call.position
        policies = [*_policies_of(entity, position), *_inputs(ask, "PolicyInputList", "identity")]
        boundaries = _inputs(ask, "PermissionsBoundaryPolicyInputList", "boundary") or _boundary_of(entity, position)
        caller, caller_id, context = _simulated_user(ask), None, {}
        if not isinstance(entity, Group):
            context = _keys_of(entity, position)
            if caller == entity.arn or "CallerArn" not in ask.given:
                caller, caller_id = entity.arn, unique_id(entity)
        return _simulate(ask, semantics, _Subject(policies, boundaries, caller, caller_id, context))

    def custom(ask: Ask) -> dict[str, Any]:
        policies = _inputs(ask, "PolicyInputList", "identity")
        boundaries = _inputs(ask, "PermissionsBoundaryPolicyInputList", "boundary")
        return _simulate(ask, semantics, _Subject(policies, boundaries, _simulated_user(ask)))

    return [
        Row(
            "SimulatePrincipalPolicy",
            f"PolicySourceArn PolicyInputList {_CIRCUMSTANCES} {PAGES}",
            about_source,
            principal,
        ),
        Row(
            "SimulateCustomPolicy",
            f"PolicyInputList OrderedOrganizationPolicyInputList {_CIRCUMSTANCES} {PAGES}",
            everything,
            custom,
        ),
    ]


def about_source(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """Judge it on the identity whose policies are asked."""
    return ask["PolicySourceArn"], {}


def policies_of_source(ask: Ask) -> list[Policy]:
    """
    Return the policies of the identity that ``PolicySourceArn`` names; of a user those of its groups too.

    Raises:
        InvalidInputError: if it names another kind of thing.
        NoSuchEntityError: if there is none.
    """
    return [one.policy for one in _policies_of(_entity(ask), ask.call.position)]


def policies_given(ask: Ask) -> list[Policy]:
    """
    Return the policies of ``PolicyInputList``.

    Raises:
        PolicyError: if one is malformed.
    """
    return [one.policy for one in _inputs(ask, "PolicyInputList", "identity")]


# -- what is simulated --------------------------------------------------------------------------------------------------


def _entity(ask: Ask) -> Role | User | Group:
    arn = ask["PolicySourceArn"]
    parts = arn.split(":", 5)
    if parts[2] != "iam" or parts[5].partition("/")[0] not in ("role", "user", "group"):
        raise InvalidInputError(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name.",
            detail=f"PolicySourceArn is the ARN of a user, a role or a group, got {shown(arn)}",
        )
    found: Role | User | Group | None = ask.iam.entity(arn)
    if found is None:
        group = ask.iam.groups.get(arn.rpartition("/")[2])
        found = group if group is not None and group.arn == arn else None
    if found is None or found.account_id != ask.iam.account_id:
        raise NoSuchEntityError(
            "Unable to retrieve specified IAM entity.",
            detail=f"no user, role or group {shown(arn)} in account {ask.iam.account_id}",
        )
    return found


def _policies_of(entity: Role | User | Group, position: Position) -> list[_Named]:
    owners: list[Identity] = [entity, *(entity.groups if isinstance(entity, User) else ())]
    return [one for owner in owners for one in _own_policies(owner, position)]


def _own_policies(owner: Identity, position: Position) -> Iterator[_Named]:
    kind = owner.kind.lower()
    for name, policy in owner.policies.items():
        yield _Named(policy, f"{kind}_{owner.name}_{name}")
    for managed in owner.attached_policies:
        document = managed.document_at(position)
        if document is not None:
            yield _Named(document, managed.name)


def _boundary_of(entity: Identity, position: Position) -> list[_Named]:
    boundary = entity.permissions_boundary
    if boundary is None:
        return []
    if isinstance(boundary, Policy):
        return [_Named(boundary, boundary.label)]
    document = boundary.document_at(position)
    return [] if document is None else [_Named(document, boundary.name)]


def _inputs(ask: Ask, member: str, kind: str) -> list[_Named]:
    return [
        _Named(load_policy(document, kind).named(f"{member}.{number}"), f"{member}.{number}")
        for number, document in enumerate(ask.get(member, ()), 1)
    ]


def _simulated_user(ask: Ask) -> str:
    return str(ask.get("CallerArn", f"arn:aws:iam::{ask.iam.account_id}:user/simulated"))


def _keys_of(entity: Role | User, position: Position) -> dict[str, Any]:
    """Return the context keys that an identity brings to each of its calls, whatever its session."""
    keys: dict[str, Any] = {"aws:PrincipalArn": entity.arn, "aws:PrincipalAccount": entity.account_id}
    if isinstance(entity, User):
        keys |= {"aws:username": entity.name, "aws:userid": entity.user_id}
    keys |= {f"aws:PrincipalTag/{key}": value for key, value in entity.principal_tags(position)}
    return keys


def _given_keys(ask: Ask) -> dict[str, Any]:
    return {
        entry["ContextKeyName"]: (
            entry["ContextKeyValues"]
            if entry.get("ContextKeyType", "").endswith("List") or len(entry["ContextKeyValues"]) != 1
            else entry["ContextKeyValues"][0]
        )
        for entry in ask.get("ContextEntries", ())
    }


def _owner(ask: Ask) -> str | None:
    if "ResourceOwner" not in ask.given:
        return None
    try:
        return Arn.parse(ask["ResourceOwner"]).account_id
    except ArnError as error:
        raise InvalidInputError(f"Invalid ResourceOwner: {ask['ResourceOwner']}", detail=str(error)) from None


# -- simulating ---------------------------------------------------------------------------------------------------------


def _simulate(ask: Ask, semantics: Semantics, subject: _Subject) -> dict[str, Any]:
    scps = [
        [load_policy(one, "scp") for one in level["ServiceControlPolicyInputList"]]
        for level in ask.get("OrderedOrganizationPolicyInputList", ())
    ]
    sources = {id(one.policy): one for one in (*subject.policies, *subject.boundaries)}
    policies = PolicySet(
        [one.policy for one in subject.policies], boundaries=[one.policy for one in subject.boundaries], scps=scps
    )
    context = Context.of(subject.context).extended(_given_keys(ask))
    owner = _owner(ask)
    results = []
    for action in ask["ActionNames"]:
        for resource in ask.get("ResourceArns") or ["*"]:
            request = Request(
                subject.caller,
                action,
                resource,
                resource_account=owner,
                context=context,
                principal_id=subject.caller_id,
            )
            about = _resource_policy(ask, request)
            decision = evaluate(request, policies if about is None else policies.with_layers(resource=about), semantics)
            results.append(_result(ask, decision, sources, subject, bool(scps)))
    found, more = page(ask, numbered(results))
    return {"EvaluationResults": found, **more}


def _resource_policy(ask: Ask, request: Request) -> Policy | None:
    """Return the policy that is treated as the resource's; for sts:AssumeRole the role's trust policy."""
    given = ask.get("ResourcePolicy")
    if not request.action.lower().startswith(_TRUST_ACTIONS):
        return None if given is None else load_policy(given, "resource")
    if given is not None:
        return load_policy(given, "trust")
    role = ask.iam.find_role(request.resource, ask.call.position)
    trust = None if role is None else role.trust_at(ask.call.position)
    if trust is not None:
        return trust.bound
    # Some other Cloud's role: as the real simulator does, only the caller's own policies are asked.
    return TrustPolicy.account(request.caller.account or ask.iam.account_id)


def _result(
    ask: Ask, decision: Decision, sources: Mapping[int, _Named], subject: _Subject, organized: bool
) -> dict[str, Any]:
    request = decision.request
    assert request is not None
    said = _DECISIONS[decision.outcome]
    matched = [_matched(policy, statement, sources) for policy, statement in decision.deciding]
    missing = _missing(decision)
    allows = {layer.layer: layer.allows and not layer.denies for layer in decision.layers}
    bounds: dict[str, Any] = {}
    if subject.boundaries:
        allowed = allows.get("boundary", False)
        bounds["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
    result: dict[str, Any] = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": said,
        "MatchedStatements": matched,
        "MissingContextValues": missing,
        **bounds,
    }
    if organized or "PolicySourceArn" in ask.given:
        levels = [layer.allows and not layer.denies for layer in decision.layers if layer.layer == "scp"]
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(levels)}
    if ask.get("ResourceArns"):
        # Both are in AWS's recorded answers about resources, and in none that is not about one.
        result["EvalDecisionDetails"] = {}
        result["ResourceSpecificResults"] = [
            {
                "EvalResourceName": request.resource,
                "EvalResourceDecision": said,
                "MatchedStatements": matched,
                "MissingContextValues": missing,
                **bounds,
            }
        ]
    return result


def _matched(policy: Policy, statement: Statement, sources: Mapping[int, _Named]) -> dict[str, Any]:
    named = sources.get(id(policy))
    position = statement_positions(policy)[statement.index]
    if named is None:
        return {"SourcePolicyId": "ResourcePolicy", "SourcePolicyType": "resource", **position}
    # So AWS answers, whatever its model lists as types.
    return {"SourcePolicyId": named.source, "SourcePolicyType": "IAM Policy", **position}


def _missing(decision: Decision) -> list[str]:
    """Return the keys that statements about this action ask for, and the request does not have."""
    keys: dict[str, None] = {}
    for layer in decision.layers:
        for finding in layer.findings:
            if any(miss.element in ("Action", "NotAction") for miss in finding.failed):
                continue
            variables = (*finding.unresolved, *finding.assumed_variables)
            keys |= dict.fromkeys((*finding.missing_keys, *finding.assumed_keys, *variables))
    return list(keys)
