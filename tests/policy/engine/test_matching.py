"""Wildcards, against a plain reference, and against patterns that make other matchers slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles.policy.engine.matching import ANY, PART_ANY, PART_STAR, STAR, ascii_lower, glob, mark, matcher
from helpers.sizes import examples

TEXT = st.text("ab:", max_size=9)
PATTERN = st.text("ab:" + STAR + ANY + PART_STAR + PART_ANY, max_size=7)


def reference(pattern: str, text: str) -> bool:
    """Match by trying everything, as the definition says."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head in (STAR, PART_STAR):
        for taken in range(len(text) + 1):
            if head == PART_STAR and ":" in text[:taken]:
                break
            if reference(rest, text[taken:]):
                return True
        return False
    if not text:
        return False
    fits = head == ANY or (head == PART_ANY and text[0] != ":") or head == text[0]
    return fits and reference(rest, text[1:])


@settings(max_examples=examples(400), deadline=None)
@given(PATTERN, TEXT)
def test_wildcards_match_as_their_definition(pattern: str, text: str) -> None:
    """Both ways of matching agree with the definition."""
    expected = reference(pattern, text)
    assert glob(pattern, text) is expected
    assert matcher(pattern)(text) is expected


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 500 + "b", "*?" * 500, "*a?" * 300 + "b", "a?" * 500 + "*b", "*" + "a?" * 400 + "b*"],
    ids=["stars", "questions", "mixed", "anchored", "one piece"],
)
def test_a_hostile_pattern_is_matched_in_a_moment(pattern: str) -> None:
    """One kilobyte of wildcards against two of text; a backtracking matcher would take ages."""
    text = "a" * 2000
    begun = time.process_time()
    glob(mark(pattern), text)
    glob(mark(pattern).replace(STAR, PART_STAR), text)
    assert time.process_time() - begun < 0.5


def test_only_ascii_letters_are_folded() -> None:
    """The Kelvin sign is no k."""
    assert ascii_lower("\u212aMS:Encrypt") == "\u212ams:encrypt"
