"""Policies amended: additions put into place, Deny statements taken out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ec2roles.policy.document import Policy
from ec2roles.policy.explain.addition import Addition
from ec2roles.policy.explain.denial import Denial
from ec2roles.policy.loading import load_policy
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.validation.json import to_text


def with_additions(policies: PolicySet, additions: Iterable[Addition], merged: dict[Addition, Policy]) -> PolicySet:
    """
    Return the policies with these additions in place.

    Args:
        policies: what the additions are for; an addition for a layer that is not there is left out.
        additions: the additions.
        merged: where documents that an addition has joined are kept, to be used again with the same policies.
    """
    identity, boundaries, session = list(policies.identity), list(policies.boundaries), list(policies.session)
    scps, endpoint, resource = [list(level) for level in policies.scps], list(policies.endpoint), policies.resource

    def join(target: Policy, addition: Addition) -> Policy:
        if addition not in merged:
            merged[addition] = _joined(target, addition)
        return merged[addition]

    for addition in additions:
        if addition.layer == "identity":
            identity.append(addition.policy)
        elif addition.layer == "session":
            session.append(addition.policy)
        elif addition.layer in ("resource", "trust"):
            resource = addition.policy if resource is None else join(resource, addition)
        elif addition.layer == "boundary" and boundaries:
            boundaries[0] = join(boundaries[0], addition)
        elif addition.layer == "endpoint" and endpoint:
            endpoint[0] = join(endpoint[0], addition)
        elif addition.layer == "scp" and addition.level is not None and addition.level <= len(scps):
            scps[addition.level - 1].append(addition.policy)
    return PolicySet(
        identity, resource=resource, boundaries=boundaries, session=session, scps=scps, rcps=policies.rcps, endpoint=endpoint
    )  # fmt: skip


def _statements(policy: Policy) -> tuple[dict[str, Any], list[Any]]:
    data = policy.to_dict()
    element = data["Statement"]
    return data, element if isinstance(element, list) else [element]


def _joined(policy: Policy, addition: Addition) -> Policy:
    data, statements = _statements(policy)
    data["Statement"] = [*statements, addition.statement]
    return load_policy(data, policy.kind, stored=True).named(policy.name, policy.arn)


def without_denies(policies: PolicySet, denies: tuple[Denial, ...]) -> PolicySet:
    """Return the policies without the Deny statements of *denies*."""
    if not denies:
        return policies
    # Policies are compared, not looked up: the hash of a large one costs more than deciding does.
    owners = list({id(denial.policy): denial.policy for denial in denies}.values())

    def lift(policy: Policy) -> Policy:
        owner = next((candidate for candidate in owners if candidate is policy or candidate == policy), None)
        out = {denial.statement.index for denial in denies if denial.policy is owner}
        kept = tuple([statement for statement in policy.statements if statement.index not in out])
        if len(kept) == len(policy.statements):
            return policy
        data, statements = _statements(policy)
        data["Statement"] = [statements[statement.index] for statement in kept]
        # Not loaded again: AWS would store no document without statements.
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
