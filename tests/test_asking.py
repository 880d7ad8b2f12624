"""Asking changes nothing, and neither does how time passes: histories that must come to the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.histories import OPTIONS, STEPS, World, answer
from helpers.sizes import examples
from helpers.state import differences, lines_of

QUESTIONS = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1.2), st.integers(0, 3)), max_size=6)


@example({"seed": 0, "propagation": None}, [(("wait", 1500), [(46, 1.0, 0), (0, 0.5, 0)]), (("call", 0), [])], [])
@settings(max_examples=examples(40), deadline=None)
@given(OPTIONS, st.lists(st.tuples(STEPS, QUESTIONS), max_size=15), QUESTIONS)
def test_a_history_with_questions_in_between_is_the_same_as_one_without(
    options: dict[str, Any], history: list[tuple[Any, list[Any]]], last: list[Any]
) -> None:
    asked, silent = World.make(options), World.make(options)
    began = asked.account.clock.now()

    def ask(world: World, questions: list[Any]) -> list[object]:
        """Some questions about moments from a day before the start to the future; the last is an error, and no harm."""
        found = []
        for number, part, which in questions:
            span = world.account.clock.now() - began + timedelta(days=1)
            choice = list(world.questions(began - timedelta(days=1) + span * part, which).values())
            found.append(answer(choice[number % len(choice)]))
        return found

    for step, questions in history:
        asked.do(step)
        silent.do(step)
        ask(asked, questions)
        asked.looks()
        assert asked.refusals == silent.refusals

    assert differences(lines_of(asked.account), lines_of(silent.account)) == []
    everything = [(number, part, which) for part in (0.3, 0.7, 1.0) for which in (0, 1) for number in range(20)]
    assert ask(asked, [*last, *everything]) == ask(silent, [*last, *everything])
    assert asked.looks() == silent.looks()


@settings(max_examples=examples(30), deadline=None)
@given(OPTIONS, st.lists(STEPS, max_size=8), st.lists(STEPS, max_size=8))
def test_what_is_done_later_changes_no_answer_about_the_past(
    options: dict[str, Any], before: list[Any], after: list[Any]
) -> None:
    """Keys, decisions and documents of a moment stay what they were; faults are planned and cleared without touching it."""
    world = World.make(options)
    for step in before:
        world.do(step)
    world.account.clock.advance(seconds=1)
    then = world.account.clock.now() - timedelta(microseconds=1)

    def answers() -> dict[str, object]:
        # When something changes next may still change.
        questions = world.questions(then, 0)
        return {name: answer(question) for name, question in questions.items() if name != "next change"}

    first = answers()
    for step in after:
        world.do(step)
    assert answers() == first


@settings(max_examples=examples(30), deadline=None)
@given(OPTIONS, st.lists(STEPS, max_size=12), st.lists(st.integers(0, 10_000), min_size=1, max_size=5))
def test_p17_time_that_passes_in_parts_is_time_that_passes_at_once(
    options: dict[str, Any], history: list[Any], parts: list[int]
) -> None:
    whole, parted = World.make(options), World.make(options)
    for what, which in history:
        whole.do((what, which))
        if what != "wait":
            parted.do((what, which))
            continue
        left = timedelta(minutes=which)
        for part in parts:
            step = left * part // 10_000
            parted.account.clock.advance(step)
            left -= step
        parted.account.clock.advance(left)

    assert differences(lines_of(whole.account), lines_of(parted.account)) == []
    now = whole.account.clock.now()
    told = [{name: answer(question) for name, question in world.questions(now, 0).items()} for world in (whole, parted)]
    assert told[0] == told[1]
