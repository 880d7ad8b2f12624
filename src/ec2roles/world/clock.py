"""Where the time comes from: anything with a ``now()`` that returns an aware UTC datetime."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ClockError
from ec2roles.instants import EPOCH, UTC, iso, iso_exact, to_utc


class Clock(Protocol):
    """Anything with ``now()``; the library only ever reads it."""

    def now(self) -> datetime:
        """Return the current instant, with a time zone."""


def _start(value: datetime) -> datetime:
    return to_utc(value, "start")


@attrs.define(eq=False)
class ManualClock:
    """
    A clock that stands still until it is moved, and only ever moves forward.

    >>> clock = ManualClock()
    >>> clock.now().isoformat()
    '2026-01-01T00:00:00+00:00'
    >>> clock.advance(hours=6).hour
    6

    Args:
        start: an aware datetime; 2026-01-01T00:00:00Z by default.
    """

    _now: datetime = attrs.field(default=datetime(2026, 1, 1, tzinfo=UTC), alias="start", converter=_start)

    def now(self) -> datetime:
        """Return the instant the clock shows."""
        return self._now

    def advance(
        self,
        delta: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        microseconds: float = 0,
    ) -> datetime:
        """
        Move the clock forward by *delta*, or by the keywords of `timedelta`, and return the new time.

        >>> ManualClock().advance(hours=5, minutes=56).isoformat()
        '2026-01-01T05:56:00+00:00'

        Raises:
            ClockError: if the step is negative, is no number, or leads past the year 9999; the clock then has not moved.
        """
        units = {
            "days": days, "hours": hours, "minutes": minutes, "seconds": seconds,
            "milliseconds": milliseconds, "microseconds": microseconds,
        }  # fmt: skip
        for name, amount in units.items():
            if isinstance(amount, bool) or not isinstance(amount, (int, float)):
                raise ClockError(f"'{name}' must be a finite number, got {shown(amount)}")
            if isinstance(amount, float) and not math.isfinite(amount):
                raise ClockError(f"'{name}' must be a finite number, got '{amount}'")
        if delta is None:
            delta = timedelta(0)
        elif not isinstance(delta, timedelta):
            raise ClockError(f"'delta' must be a timedelta or keywords such as hours=6, got {shown(delta)}")
        try:
            delta += timedelta(**units)
            moved = self._now + delta
        except OverflowError:
            raise ClockError(
                f"cannot move the clock back, nor past the year 9999 (it shows {iso_exact(self._now)})"
            ) from None
        return self._move(moved)

    def move_to(self, when: datetime) -> datetime:
        """
        Set the clock to *when*, which must be aware and not in the past, and return it in UTC.

        >>> from datetime import datetime, timezone
        >>> ManualClock().move_to(datetime(2026, 2, 1, tzinfo=timezone.utc)).month
        2

        Raises:
            NaiveDatetimeError: if *when* has no time zone.
            ClockError: if *when* is before the time the clock shows.
        """
        return self._move(to_utc(when))

    def _move(self, when: datetime) -> datetime:
        if when < self._now:
            raise ClockError(f"cannot move the clock back from {iso_exact(self._now)} to {iso_exact(when)}")
        self._now = when
        return when

    def __repr__(self) -> str:
        return f"<ManualClock {iso(self._now)}>"


@attrs.define(eq=False)
class SystemClock:
    """
    The machine's own clock, which stands still while the machine's is set back.

    >>> SystemClock().now().tzinfo
    datetime.timezone.utc
    """

    _latest: datetime = attrs.field(default=EPOCH, init=False, repr=False)

    def now(self) -> datetime:
        """Return the current time of the machine, in UTC, or the latest it has shown if that is later."""
        # Machines are set back by a little now and then, and a simulation must not fail for that.
        self._latest = max(self._latest, datetime.now(UTC))
        return self._latest
