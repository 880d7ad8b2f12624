"""What iam-simulate said to 5,000 of our cases, without Node; ``nox -s differential`` asks it anew, 100,000 times and more."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from pathlib import Path

from differential import frozen, oracle, translate
from helpers.sizes import sized

# Raise this only with a new entry that says who is right, and why.
KNOWN = 22


# Every fifth case, from another one in each run: the engine is compared with the reference beside this.
@sized("step", 5, full=1)
def test_verdicts_of_iam_simulate_stand_but_for_the_known_differences(step: int) -> None:
    """Each frozen case gets the verdict of iam-simulate, or the one that a known difference explains."""
    cases = frozen.read()[random.randrange(step) :: step]
    wrong = [(case, decided, expected) for case, expected, _ in cases if (decided := oracle.decided(case)) != expected]
    assert wrong == []


def test_frozen_cases_are_many_and_mixed() -> None:
    """The file holds 5,000 cases in less than 300 kB, every verdict is frequent, and few differ."""
    cases = frozen.read()
    theirs = Counter(their for _, _, their in cases)
    assert len(cases) == frozen.COUNT
    assert frozen.PATH.stat().st_size < 300_000
    assert set(theirs) == {"A", "I", "E"}
    assert min(theirs.values()) > 0.1 * len(cases)
    assert sum(expected != their for _, expected, their in cases) < 0.08 * len(cases)


def test_known_differences_do_not_grow_silently() -> None:
    """Every entry has a translation, says what differs and who is right, and names its source."""
    with (Path(__file__).parent / "known_differences.toml").open("rb") as file:
        entries = tomllib.load(file)["difference"]
    assert len(entries) == KNOWN
    assert {entry["id"] for entry in entries} == {*translate.REWRITES, translate.LAST_RESORT.__name__}
    for entry in entries:
        assert set(entry) == {"id", "what", "right", "source"}
        assert entry["right"] in ("ec2roles", "open")
        assert len(entry["what"]) > 30
        assert entry["source"]
