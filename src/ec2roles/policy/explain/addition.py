"""The one statement that a layer lacks, written as a policy that AWS would store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from ec2roles.errors import PolicyError
from ec2roles.policy.decision import Decision
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.explain.trace import covers_resource
from ec2roles.policy.loading import load_policy
from ec2roles.policy.principal import Caller, CallerKind
from ec2roles.policy.request import LIST_ALL_BUCKETS, Request
from ec2roles.policy.validation.grammar import IDENTITY_LIKE, NEWEST

# Of these AWS has one document each, so what is added goes into the one that is there.
_ONE_DOCUMENT = frozenset({"boundary", "resource", "trust", "endpoint"})


@attrs.frozen
class Addition:
    """
    One statement that is missing, as a policy of its own that AWS would store.

    >>> from ec2roles.policy import PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> answer = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), PolicySet()).why_not()
    >>> answer.additions[0].statement["Action"]
    's3:GetObject'

    Args:
        layer: where it is missing: ``identity``, ``boundary``, ``session``, ``scp``, ``resource``, ``trust`` or ``endpoint``.
        level: for SCPs which level, from 1 at the root; else None.
        policy: a policy of that kind with this statement alone.
        where: where it belongs, in words.
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
        statement: dict[str, Any] = self.document["Statement"][0]
        return statement

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


class Unwritable(Exception):
    """No policy that AWS accepts would allow the request."""


def write_addition(
    decision: Decision, request: Request, layer: str, level: int | None, there: tuple[Policy, ...]
) -> Addition:
    """
    Return the addition for a layer that does not allow a request.

    Args:
        decision: what `evaluate` returned.
        request: what was asked.
        layer: of the addition, as `Addition.layer`.
        level: as `Addition.level`.
        there: the policies that the layer has already.

    Raises:
        Unwritable: if no policy that AWS accepts allows it.
    """
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
    raise Unwritable(f"no {layer} policy can allow it: {problem or 'no statement covers this action and resource'}")


def _document(statement: dict[str, Any], target: Policy | None) -> dict[str, Any]:
    if target is None or target.kind in IDENTITY_LIKE or target.version == NEWEST:
        return {"Version": NEWEST, "Statement": [statement]}
    # It is read as the document that it joins is read, in which "${" may be plain text.
    return {"Version": target.version or "2008-10-17", "Statement": [statement]}


def _says(decision: Decision, request: Request, policy: Policy, target: Policy | None) -> bool:
    """Whether the one statement covers the request, by itself and in the document that it will join."""
    alone = policy.statements[0]
    joined = alone if target is None else attrs.evolve(alone, variables=target.version == NEWEST)
    return all([covers_resource(request, statement, decision.semantics) for statement in (alone, joined)])


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
