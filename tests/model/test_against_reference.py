"""The library does what a model written from the specification alone says, whatever happens in whatever order.

`reference.py` is that model, `pair.py` holds the two beside each other, `operations.py` has what can happen.
Everything here goes through the public API.
"""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from helpers.sizes import sized
from model.operations import OPERATIONS, Operation, begin, run
from model.pair import Pair

NEVER_REFUSED = {"launch", "terminate", "assume", "sts_outage", "metadata_outage", "clear"}
LOOK = st.one_of(st.none(), st.integers(0, 99))


class Machine(RuleBasedStateMachine):
    """One history. After each step what must always hold is checked, unless nobody ever asks before the end."""

    pair: Pair

    @initialize(asks=st.booleans(), seed=st.integers(0, 9))
    def begin(self, asks: bool, seed: int) -> None:
        self.pair, self.asks = Pair(), asks or seed > 2
        begin(self.pair, Random(seed))

    def do(self, operation: Operation, random: Random, look: int | None) -> None:
        """Do one thing in both, and look at all there is, or do not."""
        already = len(self.pair.model.events)
        operation(self.pair, random)
        note(f"now {self.pair.model.now}: {self.pair.model.events[already:]}")
        if look is not None and self.asks:
            self.pair.look(Random(look))

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "pair") and self.asks:
            self.pair.check()

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.finish()


def enter(name: str, operation: Operation) -> None:
    """Make a rule of the machine out of an operation."""

    def do(self: Machine, random: Random, look: int | None) -> None:
        self.do(operation, random, look)

    do.__name__ = do.__qualname__ = name
    # The draws of this Random are Hypothesis's own, so a failing history is made as short as it can be.
    setattr(Machine, name, rule(random=st.randoms(use_true_random=False), look=LOOK)(do))


for each in OPERATIONS.items():
    enter(*each)


def test_the_model_imports_nothing_of_ours() -> None:
    """Else it would agree by itself."""
    for name in ("reference", "writes", "answers"):
        tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert imported <= {"__future__", "typing", "model.answers", "model.writes"}


def run_machine(**options: Any) -> None:
    """Run the machine."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(Machine, settings=settings(suppress_health_check=quiet, **options))


# Few histories, but others in each run; the seeded ones below and the exhaustive ones beside are always the same.
@sized("size", (15, 20), full=(2000, 50))
def test_the_library_and_the_model_agree_after_each_step_of_any_history(size: tuple[int, int]) -> None:
    histories, steps = size
    run_machine(max_examples=histories, stateful_step_count=steps)


@pytest.mark.parametrize("seed", range(4))
def test_the_library_and_the_model_agree_in_a_long_seeded_history(seed: int) -> None:
    assert run(seed, 60).compared["calls"]


@pytest.mark.slow
def test_the_library_and_the_model_agree_in_a_thousand_seeded_histories() -> None:
    for seed in range(1000, 2000):
        run(seed, 100)


@pytest.mark.slow
def test_the_seeded_histories_do_everything_and_show_every_kind_of_answer() -> None:
    """Each event happens, and each that can be refused is refused; each answer is given."""
    events = {name.removeprefix("do_") for name in dir(Pair().model) if name.startswith("do_")}
    expected = events | {f"{name} refused" for name in events - NEVER_REFUSED}
    for kind in ("instance", "session", "key"):
        expected |= {f"{kind} {code}" for code in ("Success", "AccessDenied", "InvalidAccessKeyId")}
    expected |= {"instance ExpiredToken", "session ExpiredToken", "own NoCredentials", "own Success"}
    expected |= {
        f"assume {code}"
        for code in ("AccessDenied", "ValidationError", "ExpiredToken", "InvalidClientTokenId", "ServiceUnavailable")
    }
    expected |= {"identity ServiceUnavailable", "credentials beyond their expiration"}
    expected |= {"recovered", "recovered after an outage"}
    expected |= {f"documents {status}" for status in (200, 401, 403, None)}
    expected |= {"document Success", "document AssumeRoleUnauthorizedAccess"}
    expected |= {f"put {status}" for status in (200, 400, 403, None)}
    for seed in range(200):
        expected -= set(run(seed, 60, checks=0.1, looks=0.1).compared)
        if not expected:
            break
    assert sorted(expected) == []
