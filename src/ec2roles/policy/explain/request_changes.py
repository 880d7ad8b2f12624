"""Which changes of a request keep a Deny from applying: another context value, resource, action or principal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ec2roles.instants import from_microseconds, iso
from ec2roles.policy.engine.compiled import compile_statement
from ec2roles.policy.engine.conditions import Test
from ec2roles.policy.engine.operators import WITH_VARIABLES, Operator
from ec2roles.policy.engine.values import instant, network, number
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.explain.trace import compiled_test, condition_pointer, few, operator_of
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Condition, Statement

_DEFAULT = Semantics()
_KINDS = {
    "number": "a number",
    "date": "a date",
    "bool": "a boolean",
    "ip": "an IP address",
    "arn": "an ARN",
    "binary": "bytes",
}
_OTHER = {
    "number": ("0", "1000000000"),
    "date": ("1970-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
    "bool": ("false", "true"),
    "ip": ("198.51.100.7", "192.0.2.1", "203.0.113.1", "10.0.0.1", "2001:db8::1"),
    "arn": ("arn:aws:iam::123456789012:role/another",),
    "binary": ("AA==",),
}
"""Values to try for a key, besides those that the policy names; for texts it is the word below."""
_WORD = "another"
_LIMITS = {
    "LessThanEquals": "above",
    "LessThan": "not below",
    "GreaterThanEquals": "below",
    "GreaterThan": "not above",
}
_DAY = 86_400_000_000
# The years 1 to 9999, in microseconds since 1970; there are no other dates to show.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_000_000


@attrs.frozen
class RequestChange:
    """
    One change of the request that keeps one Deny from applying.

    Args:
        element: the element of the statement that would no longer match: ``Condition``, ``Resource``, ``NotResource``,
            ``Action``, ``NotAction``, ``Principal`` or ``NotPrincipal``.
        pointer: where it stands in its document.
        text: what the request would have instead, in words.
        key: for a condition, the context key.
        example: for a condition, a value of the key that works; None means that the key must be absent.
    """

    element: str
    pointer: str
    text: str
    key: str | None = None
    example: str | tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        example = list(self.example) if isinstance(self.example, tuple) else self.example
        return {
            "element": self.element,
            "pointer": self.pointer,
            "key": self.key,
            "example": example,
            "text": self.text,
        }


def request_changes(
    request: Request, statement: Statement, *, has_boundary: bool = False, semantics: Semantics = _DEFAULT
) -> tuple[RequestChange, ...]:
    """
    Return the changes of *request*, each of which alone keeps a Deny that applies from applying.

    >>> from ec2roles.policy import PermissionPolicy
    >>> deny = PermissionPolicy.deny(
    ...     "s3:*", condition={"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}
    ... )
    >>> request = Request(
    ...     "arn:aws:iam::123456789012:user/ana", "s3:GetObject", context={"aws:RequestedRegion": "ap-south-1"}
    ... )
    >>> [change.text for change in request_changes(request, deny.statements[0])]
    ['aws:RequestedRegion is us-east-1 or eu-west-1', 'another action than s3:*']

    Args:
        request: what was asked.
        statement: a Deny that applies to it.
        has_boundary: whether the caller has a permissions boundary, which a ``NotPrincipal`` never spares.
        semantics: how open points of AWS's behaviour are read.
    """
    changes = [
        change for condition in statement.conditions for change in _condition(request, statement, condition, semantics)
    ]
    unlisted = compile_statement(statement, semantics).unlisted(request.caller, semantics)
    changes += _elements(statement, unlisted, has_boundary=has_boundary)
    return tuple(changes)


def _everything(entries: tuple[str, ...]) -> bool:
    return any([not entry.replace(":", "").strip("*") for entry in entries])


def _elements(statement: Statement, unlisted: tuple[str, ...], *, has_boundary: bool) -> Iterator[RequestChange]:
    def change(element: str, text: str) -> RequestChange:
        return RequestChange(element, f"{statement.pointer}/{element}", text)

    if statement.resources is not None and not _everything(statement.resources):
        yield change("Resource", f"another resource than {few(statement.resources)}")
    if statement.not_resources is not None:
        yield change("NotResource", f"a resource among {few(statement.not_resources)}")
    if statement.actions is not None and not _everything(statement.actions):
        yield change("Action", f"another action than {few(statement.actions)}")
    if statement.not_actions is not None:
        yield change("NotAction", f"an action among {few(statement.not_actions)}")
    if statement.principal is not None and ("AWS", "*") not in statement.principal:
        yield change("Principal", f"another caller than {few(tuple([text for _, text in statement.principal]))}")
    if statement.not_principal is not None:
        names = few(tuple([text for _, text in statement.not_principal]))
        lacks = f", where {few(unlisted)} {'is' if len(unlisted) == 1 else 'are'} missing" if unlisted else ""
        without = "; and without a permissions boundary" if has_boundary else ""
        yield change("NotPrincipal", f"a caller whose ARNs are all among {names}{lacks}{without}")


def _condition(
    request: Request, statement: Statement, condition: Condition, semantics: Semantics
) -> Iterator[RequestChange]:
    operator = operator_of(condition)
    values = dict(request.values)
    test = compiled_test(condition, statement, semantics)
    where = condition_pointer(condition, statement)
    examples = _examples(condition, statement, operator, values)
    working = [example for example in examples if _fails(test, values, example)]
    # Only what was tried and seen to work is told.
    if working:
        which = {"ForAnyValue": "every value of ", "ForAllValues": "some value of "}.get(operator.qualifier or "", "")
        yield RequestChange(
            "Condition", where, f"{which}{condition.key} is {_wanted(condition, operator)}", condition.key, working[0]
        )
    if test.key in values and _fails(test, values, None):
        yield RequestChange("Condition", where, f"{condition.key} is absent", condition.key, None)
    if statement.variables and operator.negated and operator.family in WITH_VARIABLES:
        for name, example in _settings(condition, values, test):
            yield RequestChange("Condition", where, f"{name} is {example}", name, example)


def _settings(condition: Condition, values: dict[str, Any], test: Test) -> Iterator[tuple[str, str]]:
    """Yield each variable that has no value, with a value for it under which the condition does not hold."""
    value = values.get(test.key)
    if not isinstance(value, str):
        return
    for text in condition.values:
        before, _, rest = text.partition("${")
        after = rest.partition("}")[2]
        names = Template(text, wild=False).missing(values)
        if len(names) != 1 or not (value.startswith(before) and value.endswith(after)):
            continue
        example = value[len(before) : len(value) - len(after)]
        if example and not test.holds({**values, names[0].lower(): example}):
            yield names[0], example


def _fails(test: Test, values: dict[str, Any], example: str | tuple[str, ...] | None) -> bool:
    changed = {**values, test.key: example}
    if example is None:
        del changed[test.key]
    return not test.holds(changed)


def _examples(
    condition: Condition, statement: Statement, operator: Operator, values: dict[str, Any]
) -> Iterator[str | tuple[str, ...]]:
    family = operator.family
    texts = [_plain(text, statement, operator, values) for text in condition.values]
    examples = [*texts, *_OTHER.get(family, (_WORD,))]
    for text in texts:
        examples += _beside(family, text)
    if operator.qualifier is None or family == "null":
        yield from examples
    else:
        # A set operator asks a key with several values, and one of them is enough to show it.
        yield from [(text,) for text in examples if text]


def _plain(text: str, statement: Statement, operator: Operator, values: dict[str, Any]) -> str:
    """A value of the policy as a request could have it: variables filled in, wildcards replaced by something."""
    if statement.variables and operator.family in WITH_VARIABLES and "${" in text:
        text = Template(text, wild=False).resolve(values) or text
    if operator.family in ("like", "arn"):
        return text.replace("*", "x").replace("?", "x")
    return text


def _beside(family: str, text: str) -> list[str]:
    """Values just outside of a limit."""
    if family == "number":
        limit = number(text)
        return [] if limit is None else [str(limit + 1), str(limit - 1)]
    if family == "date":
        at = instant(text)
        if at is None:
            return []
        days = [at * 1000 + _DAY, at * 1000 - _DAY]
        return [iso(from_microseconds(day)) for day in days if _FIRST <= day <= _LAST]
    if family == "ip":
        base = network(text)
        return [text.partition("/")[0]] if base is not None else []
    return []


def _wanted(condition: Condition, operator: Operator) -> str:
    """What the key would have to be, for the condition not to hold."""
    family, base = operator.family, operator.base
    if family == "null":
        return "present"
    listed = " or ".join(condition.values[:3])
    if len(condition.values) > 3:
        listed += f" or one of {len(condition.values) - 3} more"
    kind = _KINDS.get(family, "a text")
    if not condition.values:
        return "present"
    if family == "bool":
        return "true" if {value.lower() for value in condition.values} == {"false"} else "false"
    if family in ("like", "arn"):
        return f"{kind} like {listed}" if operator.negated else f"{kind} not like {listed}"
    if family == "ip":
        return f"{kind} inside {listed}" if operator.negated else f"{kind} outside {listed}"
    for name, word in _LIMITS.items():
        if base.endswith(name):
            return f"{kind} {word} {listed}"
    return listed if operator.negated else f"{kind} other than {listed}"
