"""What is wrong at a moment is found by the moment: what was over before costs nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ec2roles import Account, Cloud
from ec2roles.errors import ArgumentError
from ec2roles.faults.index import FaultIndex
from ec2roles.faults.kinds import Fault, MetadataOutage, StsOutage, StsThrottling

INSTANTS = st.integers(0, 40) | st.integers(0, 1 << 50)
POSITIONS = st.tuples(INSTANTS, st.integers(0, 3))


@st.composite
def fault_lists(draw: st.DrawFn) -> list[Fault]:
    spans = draw(st.lists(st.tuples(POSITIONS, st.none() | POSITIONS), max_size=12))
    return [Fault(number, begins, ends, None, None) for number, (begins, ends) in enumerate(spans, 1)]


@given(faults=fault_lists(), gone=st.sets(st.integers(0, 11)), position=POSITIONS)
def test_the_index_finds_what_a_look_at_all_finds(faults: list[Fault], gone: set[int], position: Any) -> None:
    index = FaultIndex()
    for fault in faults:
        index.insert(fault)
        index.insert(fault)
    left = [fault for number, fault in enumerate(faults) if number not in gone]
    for fault in faults:
        if fault not in left:
            index.remove(fault)
            index.remove(fault)

    assert sorted(fault.number for fault in index.at(position)) == [
        fault.number for fault in left if fault.is_at(position)
    ]
    real = [fault for fault in left if fault.ends is None or fault.begins < fault.ends]
    instants = {fault.begins[0] for fault in real} | {fault.ends[0] for fault in real if fault.ends is not None}
    assert set(index.edges(position[0])) == {instant for instant in instants if instant > position[0]}
    assert bool(index) == bool(real)


class Counted(tuple[int, int]):
    """A position that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: tuple[int, ...]) -> bool:
        Counted.compared += 1
        return tuple.__lt__(self, other)


@pytest.mark.parametrize("endless", [False, True])
def test_thousands_of_past_faults_are_not_looked_at(endless: bool) -> None:
    """Nor does one that goes on for ever make them count."""
    index = FaultIndex()
    if endless:
        index.insert(Fault(10_000, (0, 1), None, None, None))
    for number in range(5_000):
        index.insert(Fault(number, Counted((number * 100, 1)), Counted((number * 100 + 50, 0)), None, None))
    Counted.compared = 0

    found = [fault.number for fault in index.at((600_000, 1))]

    assert found == ([10_000] if endless else [])
    assert Counted.compared < 40


def test_faults_that_were_over_long_ago_are_forgotten() -> None:
    cloud = Cloud(remember=timedelta(days=1))
    account = cloud.account()
    for _ in range(300):
        now = account.clock.now()
        account.faults.sts_outage(begins=now, ends=now + timedelta(minutes=30))
        throttling = account.faults.sts_throttling(rate=1, ends=now + timedelta(minutes=30))
        account.faults.count_sts_call(account.time.as_of(None), account.account_id)
        account.clock.advance(hours=1)

    assert throttling.number == 600
    assert len(account.faults) <= 2 * 49
    assert len(account.faults._full) <= 49
    assert {type(fault) for fault in account.faults} == {StsOutage, StsThrottling}
    assert [fault.number for fault in account.faults][-1] == 600


def test_a_forgotten_fault_is_not_cleared() -> None:
    cloud = Cloud(remember=timedelta(days=1))
    now = cloud.clock.now()
    old = cloud.faults.sts_outage(ends=now + timedelta(minutes=30))
    cloud.clock.advance(days=1)
    cloud.faults.clear(old)  # it is over, and stays as it was
    cloud.clock.advance(days=9)
    cloud.faults.metadata_outage(ends=cloud.clock.now() + timedelta(days=1))

    with pytest.raises(ArgumentError, match="not a fault of this Cloud"):
        cloud.faults.clear(old)
    assert [type(fault) for fault in cloud.faults] == [MetadataOutage]


def test_a_refused_plan_leaves_nothing_in_the_index() -> None:
    account = Account()
    plan = account.faults

    def fail() -> None:
        plan.sts_outage()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        account.time.journal.run(fail)
    assert len(plan) == 0
    assert plan._index == {}
    assert plan.sts_outage().number == 1
