"""Months and years by the calendar, and moments that a person typed."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from dateutil.rrule import HOURLY, MONTHLY, rrule
from hypothesis import given
from hypothesis import strategies as st

from ec2roles import Account, ManualClock
from ec2roles.errors import ClockError, Ec2RolesError
from ec2roles.instants import UTC, iso, read_instant

LEAP = datetime(2028, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "step", "shown"),
    [
        ("2026-01-31", {"months": 1}, "2026-02-28T00:00:00Z"),
        ("2028-01-31", {"months": 1}, "2028-02-29T00:00:00Z"),
        ("2028-02-29", {"years": 1}, "2029-02-28T00:00:00Z"),
        ("2028-02-29", {"years": 4}, "2032-02-29T00:00:00Z"),
        ("2026-11-30", {"months": 3}, "2027-02-28T00:00:00Z"),
        ("2026-01-31", {"months": 13, "years": -1}, "2026-02-28T00:00:00Z"),
        ("2026-01-31", {"months": 1, "days": 1}, "2026-03-01T00:00:00Z"),
        ("2026-01-31T23:59:59", {"months": 1, "seconds": 1}, "2026-03-01T00:00:00Z"),
        ("2026-01-31", {"months": 1, "days": -28, "hours": 1}, "2026-01-31T01:00:00Z"),
        ("2026-01-31", {}, "2026-01-31T00:00:00Z"),
    ],
)
def test_the_calendar_comes_first_and_then_the_rest(start: str, step: dict[str, Any], shown: str) -> None:
    clock = ManualClock(read_instant(start))

    assert iso(clock.advance(**step)) == shown == iso(clock.now())


def test_a_relativedelta_may_be_given() -> None:
    assert iso(ManualClock(LEAP).advance(relativedelta(months=1))) == "2028-02-29T12:00:00Z"
    assert iso(ManualClock(LEAP).advance(relativedelta(months=1, day=1))) == "2028-02-01T12:00:00Z"
    assert iso(ManualClock(LEAP).advance(relativedelta(days=1), hours=1)) == "2028-02-01T13:00:00Z"


@pytest.mark.parametrize(
    ("args", "step", "message"),
    [
        ((), {"months": -1}, "cannot move the clock back"),
        ((), {"years": -1}, "cannot move the clock back"),
        ((), {"years": 8000}, "nor past the year 9999"),
        ((), {"months": 10**30}, "nor past the year 9999"),
        ((), {"years": 10**30}, "nor past the year 9999"),
        ((), {"months": 1.5}, "'months' must be a whole number, got '1.5'"),
        ((), {"months": True}, "'months' must be a whole number, got 'True'"),
        ((), {"years": "1"}, "'years' must be a whole number, got '1'"),
        ((), {"years": None}, "'years' must be a whole number"),
        ((relativedelta(months=-1),), {}, "cannot move the clock back"),
        ((relativedelta(year=2027),), {}, "cannot move the clock back"),
        ((relativedelta(years=8000),), {}, "nor past the year 9999"),
        (("1 month",), {}, "'delta' must be a timedelta"),
    ],
)
def test_a_step_that_cannot_be_made_moves_nothing(args: Any, step: Any, message: str) -> None:
    clock = ManualClock(LEAP)

    with pytest.raises(ClockError, match=message):
        clock.advance(*args, **step)
    assert clock.now() == LEAP


@given(months=st.integers(0, 1200), days=st.integers(0, 400))
def test_advancing_by_months_and_days_is_advancing_by_the_one_and_then_the_other(months: int, days: int) -> None:
    at_once, in_turn = ManualClock(LEAP), ManualClock(LEAP)
    in_turn.advance(months=months)
    in_turn.advance(days=days)

    assert at_once.advance(months=months, days=days) == in_turn.now()


def test_a_rule_moves_the_clock_from_one_moment_to_the_next() -> None:
    account = Account()
    shown = [iso(when) for when in account.clock.ticks(rrule(MONTHLY, dtstart=account.clock.now(), count=3))]

    assert shown == ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"]
    with pytest.raises(ClockError, match="cannot move the clock back"):
        list(account.clock.ticks(rrule(HOURLY, dtstart=LEAP - timedelta(days=900), count=2)))
    assert iso(account.clock.now()) == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("2026-03-01T09:30Z", "2026-03-01T09:30:00Z"),
        ("2026-03-01 09:30:15", "2026-03-01T09:30:15Z"),
        ("20260301T093015Z", "2026-03-01T09:30:15Z"),
        ("2026-03-01T09:30+01:00", "2026-03-01T08:30:00Z"),
        ("2026-03-01T00:30-0530", "2026-03-01T06:00:00Z"),
        ("2026-W09-7", "2026-03-01T00:00:00Z"),
        ("2026-060", "2026-03-01T00:00:00Z"),
        ("2026-02-28T24:00", "2026-03-01T00:00:00Z"),
    ],
)
def test_a_person_may_write_a_moment_in_any_form_of_iso_8601(text: str, shown: str) -> None:
    when = read_instant(text)

    assert iso(when) == shown
    assert when.tzinfo is timezone.utc


@pytest.mark.parametrize(
    "text",
    ["", "now", "tomorrow", "2026-13-01", "2026-02-30", "0000-01-01", "9999-12-31T24:00", "9999-12-31T23:30-01:00",
     "0001-01-01T00:30+01:00", "2026-03-01T25:00", "2026-03-01T09:30+99:99", "\uff12026-03-01", "\x00", "2026-03-01\n",
     "1" * 5000, "2026-03-01T09:30:60Z"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ClockError, match="'--at'") as caught:
        read_instant(text, "--at")
    assert len(str(caught.value)) < 300


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    with contextlib.suppress(Ec2RolesError):
        assert read_instant(text).tzinfo is timezone.utc


def test_dateutil_is_imported_when_it_is_asked_for() -> None:
    program = (
        "import sys, ec2roles; clock = ec2roles.ManualClock(); clock.advance(days=1); "
        "assert 'dateutil.relativedelta' not in sys.modules; assert 'dateutil.parser' not in sys.modules; "
        "clock.advance(months=1); assert 'dateutil.relativedelta' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
