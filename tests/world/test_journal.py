"""
What an operation has done is taken back as a whole, even if interrupts come while that is done.

The journal's own source is compiled once more with a tick before every statement, so that an interrupt can be sent at any of
them, and then again at any of those that follow.
"""

from __future__ import annotations

import ast
import contextlib
import random
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import pytest

from ec2roles.world import journal as original
from helpers.sizes import sized
from helpers.state import differences, lines_of
from test_atomicity import MOST_USED, World


class Interrupted(BaseException):
    """Like `KeyboardInterrupt` it is no Exception."""


class Failed(Exception):
    """What an operation raises by itself."""


class Ticks:
    """Raises `Interrupted` after so many ticks, then after so many more, and so on."""

    def __init__(self) -> None:
        self.waits: list[int] = []

    def __call__(self) -> None:
        if self.waits:
            self.waits[0] -= 1
            if self.waits[0] < 0:
                del self.waits[0]
                raise Interrupted


class Ticking(ast.NodeTransformer):
    """Puts a tick before every statement of every function."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if not isinstance(node, (ast.Module, ast.ClassDef)):
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(node, name, None)
                if isinstance(statements, list):
                    setattr(node, name, [one for each in statements for one in (*ast.parse("tick()").body, each)])
        return node


TICK = Ticks()


def compiled_with_ticks() -> Any:
    """Return the journal's module, compiled with ticks."""
    module = types.ModuleType("ticking_journal")
    module.__dict__["tick"] = TICK
    tree = ast.fix_missing_locations(Ticking().visit(ast.parse(Path(original.__file__).read_text(encoding="utf-8"))))
    exec(compile(tree, "ticking_journal.py", "exec"), module.__dict__)
    return module


Journal = compiled_with_ticks().Journal


@attrs.define(eq=False)
class Small:
    """A world as small as can be: a counter, a mapping, a list."""

    count: int = 0
    names: dict[str, int] = attrs.field(factory=lambda: {"a": 1, "b": 2, "c": 3})
    items: list[int] = attrs.field(factory=lambda: [1, 2])
    journal: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.journal = Journal(setattr, lambda: (self, "count", self.count))

    def state(self) -> tuple[object, ...]:
        """All there is, the order of the keys too."""
        return self.count, list(self.names.items()), list(self.items)

    def part(self) -> None:
        """An operation inside another."""
        self.count += 1
        self.journal.remove(self.names, "b")
        self.journal.append(self.items, 3, 4)

    def refused(self) -> None:
        """One that fails half-way."""
        self.part()
        raise Failed

    def whole(self, fail: bool) -> None:
        """One of several parts, one of which fails and is taken back."""
        self.count += 1
        self.journal.put(self.names, "a", 5)
        try:
            self.journal.run(self.refused)
        except Failed:
            self.journal.put(self.names, "d", 6)
        self.journal.run(self.part)
        self.journal.assign(self, "items", [7])
        if fail:
            raise Failed


BEFORE = Small().state()


def run(small: Small, fail: bool, *waits: int) -> bool:
    """Run the operation with interrupts; return whether all of them came."""
    TICK.waits = list(waits)
    with contextlib.suppress(Interrupted, Failed):
        small.journal.run(small.whole, fail)
    came, TICK.waits = not TICK.waits, []
    return came


def patterns(fail: bool, depth: int, *start: int) -> Iterator[tuple[int, ...]]:
    """Yield every pattern of *depth* interrupts that can come, each at any tick after the one before."""
    wait = 0
    while True:
        waits = (*start, wait)
        if not run(Small(), fail, *waits):
            return
        if len(waits) == depth:
            yield waits
        else:
            yield from patterns(fail, depth, *waits)
        wait += 1


def test_an_operation_that_comes_to_its_end_has_done_all() -> None:
    small = Small()
    run(small, False)

    assert small.state() == (2, [("a", 5), ("c", 3), ("d", 6)], [7])
    assert small.journal.inside == {}


@pytest.mark.parametrize(("fail", "depth", "many"), [(False, 1, 60), (True, 1, 60), (False, 2, 1000)])
def test_interrupts_leave_everything_as_it_was(fail: bool, depth: int, many: int) -> None:
    """One at any statement, and a second one at any statement of what takes all back."""
    count = 0
    for waits in patterns(fail, depth):
        small = Small()
        run(small, fail, *waits)
        assert small.state() == BEFORE, waits
        assert small.journal.inside == {}, waits
        run(small, False)
        assert small.count == 2
        count += 1

    assert count > many


def test_two_interrupts_while_a_failed_operation_is_taken_back_leave_everything_as_it_was() -> None:
    """The first one comes after the operation has failed by itself."""
    last = next(wait for wait in range(1000) if not run(Small(), False, wait))
    count = 0
    for first in range(last - 8, last + 60):
        for second in range(0, 60, 3):
            small = Small()
            run(small, True, first, second)
            assert small.state() == BEFORE, (first, second)
            count += 1

    assert count > 1000


def test_what_even_more_interrupts_left_is_taken_back_before_anything_else_is_done() -> None:
    """Each of the four ends the taking back at the same place."""
    torn = 0
    for first in range(20, 200, 5):
        for wait in range(8, 20):
            small = Small()
            run(small, False, first, wait, wait, wait)
            if small.journal._torn:
                torn += small.state() != BEFORE
                small.journal.check_thread()
                assert small.state() == BEFORE
                assert small.journal.inside == {}

    assert torn


def test_an_operation_takes_back_first_what_is_left_of_another() -> None:
    small = Small()
    small.journal._torn = [(setattr, (small, "count", 10))]
    small.journal.inside[0] = 1  # of a thread that is no more
    run(small, False)

    assert small.count == 12
    assert small.journal._torn is None
    assert small.journal.inside == {}


# -- what the library notes ---------------------------------------------------------------------------------------------


class LaterInterrupter:
    """Once it is told to, raises `Interrupted` at the line of number *line* inside the library."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.begun = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if "ec2roles" not in frame.f_code.co_filename:
            return self
        if event == "line" and self.begun:
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise Interrupted
        return self


def fail_and_interrupt(world: World, operate: Callable[[World], Any], line: int) -> bool:
    """Do an operation that fails when all is done, and interrupt the taking back at a line; return whether it has it."""
    interrupter = LaterInterrupter(line)

    def operate_and_fail() -> None:
        operate(world)
        interrupter.begun = True
        raise Failed

    sys.settrace(interrupter)
    try:
        world.account.time.journal.run(operate_and_fail)
    except Interrupted:
        return True
    except Failed:
        return False
    finally:
        sys.settrace(None)
    raise AssertionError("it did not fail")


# Every seventh line, from another one in each run: an operation has some hundred, and `Small` above is tried at each.
@sized("step", 7, full=1)
@pytest.mark.parametrize("name", MOST_USED)
def test_an_interrupt_at_any_line_of_taking_back_leaves_everything_as_it_was(name: str, step: int) -> None:
    world = World()
    before = lines_of(world.account)
    for line in range(random.randint(1, step), 10_000, step):
        interrupted = fail_and_interrupt(world, MOST_USED[name], line)
        after = lines_of(world.account)
        assert after == before, f"line {line}: {differences(before, after)[:5]}"
        if not interrupted:
            assert line > 10
            return


def test_the_proof_finds_a_step_that_cannot_be_taken_twice() -> None:
    world = World()

    def careless(world: World) -> None:
        calls = world.account.history._calls
        world.account.time.journal.note(calls.pop)
        world.account.time.journal.note(calls.append, calls[0])

    before = lines_of(world.account)
    assert any(fail_and_interrupt(world, careless, line) and lines_of(world.account) != before for line in range(1, 60))
