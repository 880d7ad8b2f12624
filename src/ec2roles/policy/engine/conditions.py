"""Conditions, compiled: one test for each key under an operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import getsizeof
from typing import Any, NamedTuple

from ec2roles.memo import Memo
from ec2roles.policy.engine.matching import STAR, Matcher, literal, mark, matcher
from ec2roles.policy.engine.operators import WITH_VARIABLES, Operator, parse_operator
from ec2roles.policy.engine.values import address, binary, instant, network, number
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.statement import Condition

Values = Mapping[str, "str | tuple[str, ...]"]


def _never(_value: str) -> bool:
    return False


def _always(_value: str) -> bool:
    return True


class Test(NamedTuple):
    """
    One compiled condition.

    Args:
        key: the context key, in lower case.
        single: says whether one value satisfies the operator.
        missing: the outcome if the key is absent.
        full: tests the whole context instead, where `single` alone cannot; else None.
    """

    key: str
    single: Matcher = _never
    missing: bool = False
    full: Callable[[Values], bool] | None = None

    def holds(self, values: Values) -> bool:
        """Return whether the condition holds."""
        if self.full is not None:
            return self.full(values)
        value = values.get(self.key)
        if value is None:
            return self.missing
        # A key with several values needs a set operator; without one the condition is false, negated or not.
        return type(value) is str and self.single(value)


def compile_condition(condition: Condition, *, variables: bool, unset_is_null: bool = True) -> Test:
    """
    Return the test of one condition.

    >>> test = compile_condition(Condition("StringLike", "aws:UserAgent", ("aws-cli/*",)), variables=True)
    >>> test.holds({"aws:useragent": "aws-cli/2.0"}), test.holds({})
    (True, False)

    Args:
        condition: as the policy has it; its operator is a known one.
        variables: whether ``${...}`` is a variable.
        unset_is_null: as `Semantics.unset_variable_is_null`.
    """
    return _TESTS[condition, variables, unset_is_null]


def _compile(asked: tuple[Condition, bool, bool]) -> Test:
    condition, variables, unset_is_null = asked
    operator = parse_operator(condition.operator)
    if operator is None:  # a document is refused for this when it is loaded
        raise ValueError(f"unknown condition operator {condition.operator!r}")
    key = condition.key.lower()
    if operator.family == "null":
        # Whether the key is there is all that counts, with a set prefix too.
        wanted = {value.lower() for value in condition.values}
        present, absent = "false" in wanted, "true" in wanted
        return Test(key, full=lambda values: present if key in values else absent)
    single, bind = _compile_values(operator, condition.values, variables, unset_is_null)
    qualifier = operator.qualifier
    missing = qualifier == "ForAllValues" or (qualifier is None and (operator.negated or operator.if_exists))
    if qualifier is None and bind is None:
        return Test(key, single, missing)

    def full(values: Values) -> bool:
        value = values.get(key)
        if value is None:
            return missing
        satisfies = single if bind is None else bind(values)
        if qualifier is None:
            return type(value) is str and satisfies(value)
        several = (value,) if isinstance(value, str) else value
        if qualifier == "ForAnyValue":
            return any(map(satisfies, several))
        # An empty text is no value: ForAllValues is then true, as for an absent key.
        return not any(several) or all(map(satisfies, several))

    return Test(key, full=full)


def _texts(asked: tuple[Condition, bool, bool]) -> int:
    condition = asked[0]
    return sum(map(getsizeof, (condition.operator, condition.key, *condition.values)))


# The same few conditions stand in policy after policy.
_TESTS = Memo(_compile, most=8 << 20, times=4, weigh=_texts)


def _compile_values(
    operator: Operator, texts: tuple[str, ...], variables: bool, unset_is_null: bool
) -> tuple[Matcher, Callable[[Values], Matcher] | None]:
    """Return the test of one value, and, if it has variables, a function that makes that test for a context."""
    family, negated = operator.family, operator.negated
    wild = family in ("like", "arn")
    if not (variables and family in WITH_VARIABLES and any("${" in text for text in texts)):
        return _make(operator, [mark(text) if wild else text for text in texts]), None
    templates = [Template(text, wild=wild) for text in texts]
    statics = [template.static for template in templates]
    if None not in statics:
        return _make(operator, [static for static in statics if static is not None]), None

    def bind(values: Values) -> Matcher:
        resolved = [template.resolve(values) for template in templates]
        alive = [text for text in resolved if text is not None]
        if negated and len(alive) != len(resolved):
            # What cannot be resolved is null, and everything differs from null; so the other values decide.
            if not unset_is_null:
                return _never
            if not alive:
                return _always
        return _make(operator, alive)

    return _never, bind


def _make(operator: Operator, texts: list[str]) -> Matcher:
    """Return the test of one value against all *texts*: any of them, or for a negated operator none of them."""
    family = operator.family
    positive: Matcher
    if family == "equals":
        positive = frozenset(texts).__contains__
    elif family == "equals-ignoring-case":
        folded = frozenset([simple_lower(text) for text in texts])

        def positive(value: str) -> bool:
            return simple_lower(value) in folded
    elif family == "like":
        positive = _any([matcher(text) for text in texts])
    elif family == "number":
        return _ordered(operator, [number(text) for text in texts], number)
    elif family == "date":
        return _ordered(operator, [instant(text) for text in texts], instant)
    elif family == "bool":
        booleans = frozenset([text.lower() for text in texts]) & {"true", "false"}

        def positive(value: str) -> bool:
            return value.lower() in booleans
    elif family == "binary":
        accepted = frozenset([binary(text) for text in texts]) - {None}

        def positive(value: str) -> bool:
            return binary(value) in accepted
    elif family == "ip":
        return _ip(operator, texts)
    else:
        return _arn(operator, texts)
    if operator.negated:
        return lambda value: not positive(value)
    return positive


def _any(tests: list[Matcher]) -> Matcher:
    if len(tests) == 1:
        return tests[0]
    return lambda value: any([test(value) for test in tests])


def simple_lower(text: str) -> str:
    """
    Lower-case character by character, without the foldings that change a text's length.

    >>> simple_lower("Straße") == simple_lower("STRASSE")
    False
    """
    if text.isascii():
        return text.lower()
    return "".join([c.lower() if len(c.lower()) == 1 else c for c in text])


def _ordered(operator: Operator, limits: list[Any], read: Callable[[str], Any]) -> Matcher:
    """Numbers and dates. What cannot be read on either side never makes a comparison true."""
    alive = [limit for limit in limits if limit is not None]
    name = operator.base
    if operator.negated:
        if len(alive) != len(limits):
            return _never

        def differs(value: str) -> bool:
            operand = read(value)
            return operand is not None and operand not in alive

        return differs
    if not alive:
        return _never
    if name.endswith("LessThan"):
        # Any of the values may hold, so only the largest counts; for GreaterThan the smallest.
        below = max(alive)
        return lambda value: (operand := read(value)) is not None and bool(operand < below)
    if name.endswith("LessThanEquals"):
        most = max(alive)
        return lambda value: (operand := read(value)) is not None and bool(operand <= most)
    if name.endswith("GreaterThan"):
        above = min(alive)
        return lambda value: (operand := read(value)) is not None and bool(operand > above)
    if name.endswith("GreaterThanEquals"):
        least = min(alive)
        return lambda value: (operand := read(value)) is not None and bool(operand >= least)
    return lambda value: read(value) in alive


def _ip(operator: Operator, texts: list[str]) -> Matcher:
    ranges = [network(text) for text in texts]
    alive = [range_ for range_ in ranges if range_ is not None]
    negated = operator.negated
    if negated and len(alive) != len(ranges):
        return _never

    def within(value: str) -> bool:
        parsed = address(value)
        if parsed is None:
            return False
        version, at = parsed
        for family, first, last in alive:
            if family == version and first <= at <= last:
                return not negated
        return negated

    return within


def _arn(operator: Operator, texts: list[str]) -> Matcher:
    patterns: list[list[tuple[int, Matcher]]] = []
    for text in texts:
        parts = text.split(":", 5)
        if len(parts) == 6:
            patterns.append([(i, matcher(part)) for i, part in enumerate(parts) if part.strip(STAR) or not part])
    negated = operator.negated
    if negated and len(patterns) != len(texts):
        return _never

    def like(value: str) -> bool:
        parts = value.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn":
            return False
        for pattern in patterns:
            for index, test in pattern:
                if not test(parts[index]):
                    break
            else:
                return not negated
        return negated

    return like


def describe(condition: Condition, values: Values, *, variables: bool) -> str:
    """
    Say what a condition asked and what the request had, for a person.

    >>> describe(Condition("Bool", "aws:SecureTransport", ("true",)), {}, variables=True)
    'Bool aws:SecureTransport wants true, and the request has no such key'
    """
    wanted = " or ".join(condition.values) if condition.values else "(no value)"
    if variables and any("${" in value for value in condition.values):
        wanted = " or ".join(_resolved(value, values) for value in condition.values)
    value = values.get(condition.key.lower())
    if value is None:
        has = "the request has no such key"
    else:
        has = f"the request has {value if isinstance(value, str) else ', '.join(value)}"
        operator = parse_operator(condition.operator)
        if (
            isinstance(value, tuple)
            and operator is not None
            and operator.qualifier is None
            and operator.family != "null"
        ):
            has += f" (several values: {condition.operator} needs ForAnyValue: or ForAllValues:)"
    return f"{condition.operator} {condition.key} wants {wanted}, and {has}"


def _resolved(value: str, values: Values) -> str:
    template = Template(value, wild=False)
    missing = template.missing(values)
    if missing:
        return f"{value} (which has no value: {', '.join(missing)} is absent)"
    text = template.resolve(values)
    return value if text is None or text == literal(value) else f"{value} = {text}"
