"""Every statement that is about a request, judged element by element, with the reasons kept."""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.policy.conditions import compile_condition, describe
from ec2roles.policy.decision import Decision
from ec2roles.policy.document import Policy
from ec2roles.policy.matching import ascii_lower
from ec2roles.policy.plan import Layer, compiled
from ec2roles.policy.request import Request
from ec2roles.policy.resources import Resources
from ec2roles.policy.statement import Statement


@attrs.frozen
class Finding:
    """
    One statement that names the action, and what kept it from applying.

    Args:
        layer: the layer as `Decision.denied_by` calls it.
        policy: whose statement it is.
        statement: the statement.
        misses: what does not match, worded for a person; empty when the statement applies.
        missing_keys: condition keys that it asks for and the request lacks.
        unresolved: variables without a value that keep it from applying.
    """

    layer: str
    policy: Policy
    statement: Statement
    misses: tuple[str, ...]
    missing_keys: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the statement applies to the request."""
        return not self.misses


def few(values: tuple[str, ...], limit: int = 3) -> str:
    """
    Return the first of *values*, and how many more there are.

    >>> few(("a", "b", "c", "d", "e"))
    'a, b, c and 2 more'
    """
    more = len(values) - limit
    return ", ".join(values[:limit]) + (f" and {more} more" if more > 0 else "")


def trace(decision: Decision) -> tuple[Finding, ...]:
    """Return a finding for every statement of every layer that names the action, in the order of layers and documents."""
    request = decision.request
    if request is None:
        return ()
    found: list[Finding] = []
    for name, layer in decision.policy_set.layers():
        found.extend(_layer(decision, request, name, layer))
    return tuple(found)


def _layer(decision: Decision, request: Request, name: str, layer: Layer) -> list[Finding]:
    about = layer.about(ascii_lower(request.action), request.operation)
    places = {id(policy): place for place, policy in enumerate(layer.policies)}
    about.sort(key=lambda pair: (places[id(pair[0])], pair[1].index))
    return [_finding(decision, request, name, policy, statement) for policy, statement in about]


def _finding(decision: Decision, request: Request, name: str, policy: Policy, statement: Statement) -> Finding:
    values = request.values
    one = compiled(statement)
    misses: list[str] = []
    missing: list[str] = []
    unresolved: list[str] = []
    if name in ("resource", "trust", "endpoint"):
        boundary = request.caller.has_identity and bool(decision.policy_set.boundaries)
        if not one.covers(request.caller, decision.semantics, has_boundary=boundary):
            misses.append(_principal_miss(statement))
    if not one.on(request._folded, values):
        resources = one.resources or one.not_resources
        unresolved += _unresolved(resources, values)
        misses.append(_resource_miss(request, statement, unresolved, resources))
    for condition in statement.conditions:
        test = compile_condition(condition, variables=statement.variables)
        if not test.holds(values):
            misses.append(describe(condition, values, variables=statement.variables))
            if test.key not in values:
                missing.append(condition.key)
    return Finding(name, policy, statement, tuple(misses), tuple(missing), tuple(dict.fromkeys(unresolved)))


def _principal_miss(statement: Statement) -> str:
    if statement.principal is not None:
        who = few(tuple(f"{text}" for _, text in statement.principal))
        return f"its Principal is {who}"
    if statement.not_principal is not None:
        who = few(tuple(f"{text}" for _, text in statement.not_principal))
        return f"its NotPrincipal spares {who}"
    return "it names no Principal"


def _unresolved(resources: Resources | None, values: Any) -> list[str]:
    if resources is None:
        return []
    return [name for _, template in resources.templates for name in template.missing(values)]


def _resource_miss(request: Request, statement: Statement, unresolved: list[str], resources: Resources | None) -> str:
    entries = statement.resources if statement.resources is not None else statement.not_resources or ()
    kind = "Resource" if statement.resources is not None else "NotResource"
    text = f"its {kind} is {few(entries)}, not {request.resource}"
    if kind == "NotResource":
        text = f"its NotResource {few(entries)} leaves out {request.resource}"
    if unresolved:
        text += f" ({', '.join('${' + name + '}' for name in dict.fromkeys(unresolved))} has no value)"
    elif resources is not None and resources.dead:
        text += f" ({resources.dead[0]} is no usable ARN here)"
    elif kind == "Resource" and any(entry.lower() == request.resource.lower() for entry in entries):
        text += " (letters differ in case)"
    elif kind == "Resource" and any(entry + "/*" == request.resource.partition("/")[0] + "/*" for entry in entries):
        text += " (that is the bucket or the parent; write '/*' for what is in it)"
    elif request.resource == "*":
        text += " (this action has no resource, so only '*' covers it)"
    return text
