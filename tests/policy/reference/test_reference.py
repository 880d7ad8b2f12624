"""
The engine and a second evaluator, written by another person from the specification alone, agree on random cases.

A case on which they differ is made smaller and printed as JSON: paste it into `verdicts`.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ec2roles.errors import Ec2RolesError
from ec2roles.policy import PolicySet, Request, evaluate, load_policy
from helpers.sizes import sized
from policy.reference import reference
from policy.reference.generator import BASES, LAYERS, OPERATORS, Generator

if TYPE_CHECKING:
    from collections.abc import Iterator

Case = dict[str, Any]
Verdict = tuple[str, "str | None"]
NEEDED = {"principal", "action", "resource", "context", "layers"}
KINDS = {"boundaries": "boundary", "scps": "scp", "rcps": "rcp"}  # elsewhere the layer's name is the kind


def plain(value: Any) -> Any:
    """Return a value of the context, with bytes in place of how JSON holds them."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def library_verdict(case: Case) -> Verdict:
    """Return what the library decides, and which layer it names."""
    arguments = {name: value for name, value in case.items() if name != "layers"}
    request = Request(**{**arguments, "context": {key: plain(value) for key, value in case["context"].items()}})

    def load(name: str, found: Any) -> Any:
        if isinstance(found, list):
            return [load(name, each) for each in found]
        return load_policy(found, KINDS.get(name, name), stored=True)

    of_a_role = case["action"].lower().startswith("sts:") and ":role/" in case["resource"]
    layers = {
        name: load("trust" if name == "resource" and of_a_role else name, found)
        for name, found in case["layers"].items()
    }
    decision = evaluate(request, PolicySet(**layers))
    assert decision.allowed is (decision.outcome.name == "ALLOWED")
    return decision.outcome.name, decision.denied_by


def reference_verdict(case: Case, **changed: Any) -> Verdict:
    """Return what the reference decides, if need be with other layers."""
    context = {key: plain(value) for key, value in case["context"].items()}
    verdict: Verdict = reference.decide(**{**case, "context": context, **changed})
    return verdict


def verdicts(case: Case) -> tuple[Verdict, Verdict]:
    """Return the library's verdict and the reference's."""
    return library_verdict(case), reference_verdict(case)


# How good the cases are


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements in some layers."""
    if isinstance(value, dict) and "Effect" in value:
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from statements(each)


class Quality:
    """Counts the verdicts, and collects what has decided a case: without it the verdict would have been another."""

    def __init__(self) -> None:
        self.verdicts: Counter[Verdict] = Counter()
        self.layers: set[str] = set()
        self.failing: set[str] = set()  # operators that kept a statement out
        self.holding: set[str] = set()  # operators that let a statement in

    def note(self, case: Case, verdict: Verdict) -> None:
        """Count one case."""
        self.verdicts[verdict] += 1
        for name in case["layers"].keys() - self.layers:
            others = {other: kept for other, kept in case["layers"].items() if other != name}
            if reference_verdict(case, layers=others) != verdict:
                self.layers.add(name)
        for statement in statements(case["layers"]):
            conditions = statement.get("Condition", {})
            for operator in conditions.keys() - self.failing:
                statement["Condition"] = {name: tests for name, tests in conditions.items() if name != operator}
                if reference_verdict(case) != verdict:
                    self.failing.add(operator)
            for operator in conditions.keys() - self.holding:
                statement["Condition"] = {**conditions, "Bool": {"x:never": "true"}}
                if reference_verdict(case) != verdict:
                    self.holding.add(operator)
            if conditions:
                statement["Condition"] = conditions


# A case that failed, made smaller


def smaller(value: Any) -> Iterator[Any]:
    """Yield the value with one thing less, or with one of a list in place of the list."""
    if isinstance(value, dict):
        for name in value:
            yield {other: kept for other, kept in value.items() if other != name}
        for name, kept in value.items():
            yield from ({**value, name: less} for less in smaller(kept))
    elif isinstance(value, list):
        yield from value
        for index, kept in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], less, *value[index + 1 :]] for less in smaller(kept))


def differs(case: Any) -> bool:
    """Say whether a case is one, and the two differ on it."""
    try:
        library, other = verdicts(case)
    except (Ec2RolesError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return False
    return library != other


def shrink(case: Case) -> Case:
    """Return a smaller case on which the two still differ."""
    while True:
        less = next((each for each in smaller(case) if each.keys() >= NEEDED and differs(each)), None)
        if less is None:
            return case
        case = less


def base(operator: str) -> str:
    """Return an operator without what may stand before and behind it."""
    return operator.rsplit(":", maxsplit=1)[-1].removesuffix("IfExists")


def compare(seed: int, count: int, *, noted: bool = False) -> Quality:
    """Ask both about so many cases, and return how good these are, if that is *noted*."""
    generator = Generator(seed)
    quality = Quality()
    for number in range(count):
        case = generator.case()
        library, other = verdicts(case)
        if library != other:
            case = shrink(case)
            library, other = verdicts(case)
            pytest.fail(
                f"seed {seed}, case {number}: the library says {library}, the reference {other} to\n{json.dumps(case)}"
            )
        if noted:
            quality.note(case, other)
    return quality


# The tests


# A fifth of the cases still has every layer and every operator, as is asserted; only not each with each of its prefixes.
@sized("count", 1_600, full=8_000)
def test_the_engine_agrees_with_the_reference(count: int) -> None:
    """
    Outcome and layer of *count* cases; and the cases are good ones.

    A fifth to three fifths are allowed; every layer denies in each way it can; every layer and every spelling of an
    operator decides a case.
    """
    quality = compare(seed=11, count=count, noted=True)
    counts = quality.verdicts
    assert 0.2 <= counts["ALLOWED", None] / count <= 0.6
    explicit = {"scp", "rcp", "identity", "boundary", "session", "resource", "trust", "endpoint"}
    assert {layer for outcome, layer in counts if outcome == "EXPLICIT_DENY"} == explicit
    assert {layer for outcome, layer in counts if outcome == "IMPLICIT_DENY"} == explicit - {"rcp"} | {"service"}
    assert min(counts.values()) >= count / 800, counts
    assert quality.layers == set(LAYERS)
    assert {base(operator) for operator in quality.failing} == {base(operator) for operator in OPERATORS}
    assert {base(operator) for operator in quality.holding} == {*BASES, "Null"}
    if count == 8_000:
        assert quality.failing == set(OPERATORS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 51))
def test_the_engine_agrees_with_the_reference_a_million_times(seed: int) -> None:
    """As above, with other cases: fifty times 20,000."""
    compare(seed, count=20_000)


def test_a_case_that_fails_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an evaluator that allows everything, little is left of the first case that is denied."""
    monkeypatch.setattr(reference, "decide", lambda **case: ("ALLOWED", None))
    with pytest.raises(pytest.fail.Exception, match=r"the library says .*, the reference ") as failed:
        compare(seed=0, count=100)
    case = json.loads(str(failed.value).splitlines()[-1])
    assert case["layers"] in ({}, {"rcps": [[]]}, {"scps": [[]]})
    assert case["context"] == {}
