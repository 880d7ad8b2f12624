"""Every statement that concerns a request, compared with it element by element, with the reasons kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ec2roles.errors import ArgumentError
from ec2roles.pointers import below
from ec2roles.policy.decision import Decision
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.compiled import compile_statement
from ec2roles.policy.engine.conditions import Test, compile_condition, describe
from ec2roles.policy.engine.index import Layer
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.engine.operators import WITH_VARIABLES, Operator, parse_operator
from ec2roles.policy.engine.principals import ACCOUNT, DIRECT, ROLE_OF_SESSION
from ec2roles.policy.engine.resources import Resources
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.explain.finding import Finding, Miss
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Condition, Statement

WITH_PRINCIPAL = frozenset({"resource", "trust", "endpoint"})
"""The layers whose statements have a ``Principal``."""
_GRANTS = ((ACCOUNT, "account"), (ROLE_OF_SESSION, "role"), (DIRECT, "caller"))
_GRANTS_OF_USER = ((ACCOUNT, "account"), (ROLE_OF_SESSION, "user"), (DIRECT, "caller"))


def few(values: tuple[str, ...], limit: int = 3) -> str:
    """
    Return the first of *values*, and how many more there are.

    >>> few(("a", "b", "c", "d", "e"))
    'a, b, c and 2 more'
    """
    more = len(values) - limit
    return ", ".join(values[:limit]) + (f" and {more} more" if more > 0 else "")


def numbered(decision: Decision) -> Iterator[tuple[str, int | None, Layer]]:
    """Yield the layers that were evaluated: name, level of SCPs and RCPs from 1, and the layer."""
    levels: dict[str, int] = {}
    for name, layer in policies_of(decision).layers():
        levels[name] = levels.get(name, 0) + 1
        yield name, levels[name] if name in ("scp", "rcp") else None, layer


def trace(decision: Decision) -> tuple[Finding, ...]:
    """Return a finding for every statement of every layer that names the action, in the order of layers and documents."""
    return tuple(
        [finding for name, level, layer in numbered(decision) for finding in findings(decision, name, level, layer)]
    )


def findings(decision: Decision, name: str, level: int | None, layer: Layer) -> tuple[Finding, ...]:
    """
    Return a finding for every statement of one layer that names the action, in the order of the documents.

    Args:
        decision: what `evaluate` returned.
        name: of the layer.
        level: of the layer.
        layer: one of the layers of the decision's policy set.
    """
    request = _request(decision)
    about = layer.about(ascii_lower(request.action), request.operation)
    places = {id(policy): place for place, policy in enumerate(layer.policies)}
    about.sort(key=lambda pair: (places[id(pair[0])], pair[1].index))
    return tuple([_finding(decision, name, level, policy, statement) for policy, statement in about])


def other_actions(
    decision: Decision, name: str, level: int | None, layer: Layer, named: Iterable[Finding]
) -> tuple[Finding, ...]:
    """
    Return a finding for every Allow of one layer that names other actions of the request's service only.

    Args:
        decision: what `evaluate` returned.
        name: of the layer.
        level: of the layer.
        layer: one of the layers of the decision's policy set.
        named: the findings of the same layer, whose statements do name the action.
    """
    request = _request(decision)
    service = ascii_lower(request.action).partition(":")[0] + ":"
    seen = {(id(finding.policy), finding.statement.index) for finding in named}
    near_findings = []
    for policy in layer.policies:
        for statement in policy.statements:
            if statement.effect != "Allow" or (id(policy), statement.index) in seen:
                continue
            entries = statement.actions if statement.actions is not None else statement.not_actions or ()
            near = tuple([entry for entry in entries if ascii_lower(entry).startswith(service)])
            if not near:
                continue
            if statement.actions is not None:
                element, text = "Action", f"it allows {few(near)}, not {request.action}"
            else:
                element, text = "NotAction", f"its NotAction {few(near)} leaves out {request.action}"
            miss = Miss(element, f"{statement.pointer}/{element}", entries, request.action, text)
            other = _finding(decision, name, level, policy, statement)
            near_findings.append(attrs.evolve(other, failed=(miss, *other.failed)))
    return tuple(near_findings)


def _request(decision: Decision) -> Request:
    if decision.request is None:
        raise ArgumentError("the call never came to policies")
    return decision.request


def policies_of(decision: Decision) -> PolicySet:
    """Return the policies that were evaluated; a decision that has a request has them."""
    if decision.policy_set is None:
        raise ArgumentError("the call never came to policies")
    return decision.policy_set


def _finding(decision: Decision, name: str, level: int | None, policy: Policy, statement: Statement) -> Finding:
    request = _request(decision)
    values = request.values
    semantics = decision.semantics
    compiled = compile_statement(statement, semantics)
    failed: list[Miss] = []
    missing: list[str] = []
    assumed: list[str] = []
    unresolved: list[str] = []
    nulls: list[str] = []
    kinds = 0
    grants = _GRANTS if request.caller.user is None else _GRANTS_OF_USER
    unlisted: tuple[str, ...] = ()
    if name in WITH_PRINCIPAL:
        boundary = request.caller.has_identity and bool(policies_of(decision).boundaries)
        kinds = compiled.covers_caller(request.caller, semantics, has_boundary=boundary)
        unlisted = compiled.unlisted(request.caller, semantics)
        if not kinds:
            failed.append(_principal_miss(request, policy, statement))
    if compiled.covers_resource(request._folded, values):
        nulls += _unresolved(compiled.not_resources, values)
    else:
        resources = compiled.resources or compiled.not_resources
        unresolved += _unresolved(resources, values)
        failed.append(_resource_miss(request, statement, unresolved, resources))
    for condition in statement.conditions:
        test = compiled_test(condition, statement, semantics)
        holds = test.holds(values)
        if not holds:
            failed.append(_condition_miss(condition, statement, values))
            unresolved += _dead_in(condition, statement, values)
        elif test.key in values and operator_of(condition).negated:
            nulls += _dead_in(condition, statement, values)
        if test.key not in values:
            (assumed if holds else missing).append(condition.key)
    return Finding(
        name,
        level,
        policy,
        statement,
        tuple(failed),
        tuple(dict.fromkeys(missing)),
        tuple(dict.fromkeys(assumed)),
        tuple(dict.fromkeys(unresolved)),
        tuple(dict.fromkeys(nulls)),
        unlisted,
        tuple([word for kind, word in grants if kinds & kind]),
    )


def covers_resource(request: Request, statement: Statement, semantics: Semantics) -> bool:
    """Return whether the ``Resource`` or ``NotResource`` of *statement* is about what *request* asks for."""
    return compile_statement(statement, semantics).covers_resource(request._folded, request.values)


def compiled_test(condition: Condition, statement: Statement, semantics: Semantics) -> Test:
    """Return the test of a condition of *statement*."""
    return compile_condition(condition, variables=statement.variables, unset_is_null=semantics.unset_variable_is_null)


def operator_of(condition: Condition) -> Operator:
    """Return the operator of a condition that has been loaded, and so has one that exists."""
    operator = parse_operator(condition.operator)
    assert operator is not None
    return operator


def _dead_in(condition: Condition, statement: Statement, values: Any) -> list[str]:
    if not statement.variables or operator_of(condition).family not in WITH_VARIABLES:
        return []
    return [name for text in condition.values if "${" in text for name in Template(text, wild=False).missing(values)]


def _condition_miss(condition: Condition, statement: Statement, values: Any) -> Miss:
    where = condition_pointer(condition, statement)
    text = describe(condition, values, variables=statement.variables)
    return Miss("Condition", where, condition.values, values.get(condition.key.lower()), text, condition.key)


def condition_pointer(condition: Condition, statement: Statement) -> str:
    """Return where *condition* stands in the document of *statement*."""
    return below(statement.pointer, "Condition", condition.operator, condition.key)


def _principal_miss(request: Request, policy: Policy, statement: Statement) -> Miss:
    caller = request.principal
    if statement.principal is not None:
        who = tuple([text for _, text in statement.principal])
        text = f"its Principal is {_principals(policy, who)}"
        return Miss("Principal", f"{statement.pointer}/Principal", who, caller, text)
    if statement.not_principal is not None:
        who = tuple([text for _, text in statement.not_principal])
        text = f"its NotPrincipal lists {_principals(policy, who)}"
        return Miss("NotPrincipal", f"{statement.pointer}/NotPrincipal", who, caller, text)
    return Miss("Principal", statement.pointer, (), caller, "it names no Principal")


def _principals(policy: Policy, who: tuple[str, ...]) -> str:
    # A saved trust policy or bucket policy holds unique ids, which tell a reader nothing.
    saved: Mapping[str, str] = policy.prepared.get("principals", {})
    return few(tuple([f"{text} (saved as {saved[text]})" if text in saved else text for text in who]))


def _unresolved(resources: Resources | None, values: Any) -> list[str]:
    if resources is None:
        return []
    return [name for _, template in resources.templates for name in template.missing(values)]


def _resource_miss(request: Request, statement: Statement, unresolved: list[str], resources: Resources | None) -> Miss:
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
    return Miss(kind, f"{statement.pointer}/{kind}", entries, request.resource, text)
