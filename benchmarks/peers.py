"""
The other sides of ``benchmarks/policy.py``: how each is loaded and asked. Those that are not installed are None.

A side turns the documents of a role into something of its own (`load`), and answers one request (`allowed`).
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from workloads import Ask, Document, Workload

from ec2roles.policy import PolicySet, Request, evaluate, load_policy

BOUND = Path(__file__).resolve().parents[2] / "shared" / "bench"


class Side(NamedTuple):
    """
    One evaluator.

    Args:
        name: as the table has it.
        load: makes of a role's documents what `ask` is given with every request of that role. Timed, or not.
        ready: makes of a request what `ask` takes; not timed, for no side is to pay for the shape of our data.
        ask: decides one request.
        allowed: says whether what `ask` returned is an Allow.
    """

    name: str
    load: Callable[[list[Document]], Any]
    ready: Callable[[Ask], Any]
    ask: Callable[[Any, Any], Any]
    allowed: Callable[[Any], bool]


def ours() -> Side:
    """Return this library: a new `Request` for each call, and a whole `Decision` with its deciding statement."""

    def ask(policies: PolicySet, ready: Any) -> Any:
        principal, action, resource, context = ready
        return evaluate(Request(principal, action, resource, context=context), policies)

    return Side(
        "ec2roles",
        lambda documents: PolicySet([load_policy(document) for document in documents]),
        lambda one: (one.context["aws:PrincipalArn"], one.action, one.resource, one.context),
        ask,
        lambda decision: bool(decision.allowed),
    )


def moto() -> Side | None:
    """Return moto's ``IAMPolicy``, loaded once, as its own tests use it."""
    try:
        control = importlib.import_module("moto.iam.access_control")
    except ImportError:
        return None
    denied, permitted = control.PermissionResult.DENIED, control.PermissionResult.PERMITTED

    def ask(policies: list[Any], one: Ask) -> bool:
        allowed = False
        for policy in policies:
            found = policy.is_action_permitted(one.action, one.resource, None, one.context)
            if found is denied:
                return False
            allowed = allowed or found is permitted
        return allowed

    def load(documents: list[Document]) -> list[Any]:
        return [control.IAMPolicy({"policy_document": json.dumps(document)}) for document in documents]

    return Side("moto", load, lambda one: one, ask, bool)


def lb3() -> Side | None:
    """Return the lower bound: a hand-made matcher that checks nothing and answers yes or no."""
    if not (BOUND / "lb3.py").is_file():
        return None
    sys.path.insert(0, str(BOUND))
    bound: Any = importlib.import_module("lb3")

    def load(documents: list[Document]) -> Any:
        return {"": bound.Role({"policies": [{"document": document} for document in documents]})}

    def ready(one: Ask) -> dict[str, Any]:
        return {"role": "", "action": one.action, "resource": one.resource, "context": one.context}

    return Side("lb3", load, ready, bound.lazy, bool)


# -- Cedar ----------------------------------------------------------------------------------------------------------


def cedarpy(workload: Workload) -> Side | None:
    """
    Return Cedar, with the workload's policies put into its language.

    Cedar has no patterns of actions, so they are written out over the actions that are asked for; it has no ``?``, so a
    ``*`` stands for it; and a variable is written out over the values that it has in the requests.
    """
    try:
        cedar: Any = importlib.import_module("cedarpy")
    except ImportError:
        return None
    actions = sorted({one.action for one in workload.asks})
    teams = sorted({one.context.get("aws:PrincipalTag/team", "") for one in workload.asks})
    nobody = cedar.Entities.from_json_str("[]") if hasattr(cedar, "Entities") else []

    def load(documents: list[Document]) -> Any:
        lines = [_cedar(one, actions, teams) for document in documents for one in document["Statement"]]
        return cedar.PolicySet.from_str("\n".join(filter(None, lines)))

    def ready(one: Ask) -> dict[str, Any]:
        context: dict[str, Any] = {"resource": one.resource}
        for key, value in one.context.items():
            context[_name(key)] = _cedar_value(key, value)
        return {
            "principal": 'Role::"r"',
            "action": f"Action::{json.dumps(one.action)}",
            "resource": 'Resource::"r"',
            "context": json.dumps(context),
        }

    return Side(
        "cedarpy",
        load,
        ready,
        lambda policies, one: cedar.is_authorized(one, policies, nobody),
        lambda one: bool(one.allowed),
    )


def _name(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", key.lower())


def _cedar_value(key: str, value: str) -> Any:
    if key == "aws:SourceIp":
        return {"__extn": {"fn": "ip", "arg": value}}
    if key == "aws:CurrentTime":
        return {"__extn": {"fn": "datetime", "arg": value}}
    return int(value) if key == "aws:MultiFactorAuthAge" else value


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _either(tests: Iterable[str]) -> str:
    return "(" + " || ".join(tests) + ")"


def _like(what: str, pattern: str, teams: list[str]) -> str:
    head, variable, tail = pattern.partition("${aws:PrincipalTag/team}")
    if variable:
        name = "context." + _name("aws:PrincipalTag/team")
        return _either(f"({name} == {json.dumps(team)} && {_like(what, head + team + tail, teams)})" for team in teams)
    text = json.dumps(pattern.replace("?", "*"))
    return f"{what} like {text}" if "*" in text else f"{what} == {text}"


def _cedar_condition(operator: str, key: str, values: list[str], teams: list[str]) -> str:
    what = f"context.{_name(key)}"
    if operator in ("StringEquals", "Bool"):
        tests = [f"{what} == {json.dumps(value)}" for value in values]
    elif operator == "IpAddress":
        tests = [f"{what}.isInRange(ip({json.dumps(value)}))" for value in values]
    elif operator == "DateLessThan":
        tests = [f"{what} < datetime({json.dumps(value)})" for value in values]
    elif operator == "NumericLessThan":
        tests = [f"{what} < {int(value)}" for value in values]
    else:
        tests = [_like(what, value, teams) for value in values]
    return f"(context has {_name(key)} && {_either(tests)})"


def _cedar(statement: Document, actions: list[str], teams: list[str]) -> str:
    patterns = [
        re.escape(entry.lower()).replace(r"\*", ".*").replace(r"\?", ".") for entry in _listed(statement["Action"])
    ]
    named = [action for action in actions if any(re.fullmatch(pattern, action.lower()) for pattern in patterns)]
    if not named:
        return ""
    tests = []
    if "*" not in (resources := _listed(statement["Resource"])):
        tests.append(_either(_like("context.resource", entry, teams) for entry in resources))
    for operator, block in statement.get("Condition", {}).items():
        tests += [_cedar_condition(operator, key, _listed(values), teams) for key, values in block.items()]
    effect = "permit" if statement["Effect"] == "Allow" else "forbid"
    among = ", ".join(f"Action::{json.dumps(action)}" for action in named)
    when = f" when {{ {' && '.join(tests)} }}" if tests else ""
    return f"{effect}(principal, action in [{among}], resource){when};"
