"""What AWS has answered, replayed: status, code, text and the set of fields; ``replay.py`` says how, and prints the table."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from recorded.replay import ASKED, by_hand, differences, equal, known_facts, replayed

LISTS = tomllib.loads((Path(__file__).parent / "left_out.toml").read_text(encoding="utf-8"))
NOT_YET: dict[str, str] = LISTS.get("not_yet", {})
LEFT_OUT: dict[str, str] = LISTS["left_out"]
FACTS = known_facts()


def cases() -> list[Any]:
    """Every fact; one that is listed must differ, or there must be nothing to send."""
    listed = {**{name: f"not yet: {reason}" for name, reason in NOT_YET.items()}, **LEFT_OUT}
    return [
        pytest.param(
            fact, id=name, marks=[pytest.mark.xfail(reason=listed[name], strict=True)] if name in listed else []
        )
        for name, fact in FACTS.items()
    ]


@pytest.mark.parametrize("fact", cases())
def test_a_recorded_fact_is_answered_as_aws_did(fact: dict[str, Any]) -> None:
    lines = replayed(fact)
    assert lines is not None, "nothing says what was sent"
    assert not lines, "\n".join(lines)


def test_what_is_listed_is_a_fact() -> None:
    for listed in (NOT_YET, LEFT_OUT, ASKED, by_hand.REPLAYS):
        assert set(listed) <= set(FACTS)
    assert not set(NOT_YET) & set(LEFT_OUT)


def test_what_is_recorded_stands_for_anything_only_where_it_says_so() -> None:
    assert equal("arn:aws:iam::123456789012:role/x", "arn:aws:iam::<account>:role/<role-name:1>")
    assert not equal("arn:aws:iam::123456789012:user/x", "arn:aws:iam::<account>:role/<role-name:1>")
    assert not equal("3601", 3600)
    said, recorded = {"a": 1, "b": [{"c": "x"}]}, {"b": [{"c": "y"}], "d": "<anything>"}
    assert list(differences(said, recorded)) == [
        "/a: AWS has none, here 1",
        "/b/0/c: AWS 'y', here 'x'",
        "/d: AWS has '<anything>', here none",
    ]
