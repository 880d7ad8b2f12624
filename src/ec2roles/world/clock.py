"""Where the time comes from: anything with a ``now()`` that returns an aware UTC datetime."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ClockError
from ec2roles.instants import EPOCH, UTC, iso, iso_exact, to_utc

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta


class Clock(Protocol):
    """
    Anything with ``now()``; the library only ever reads it.

    >>> from ec2roles import Account
    >>> class Noon:
    ...     def now(self):
    ...         return datetime(2030, 1, 1, 12, tzinfo=UTC)
    >>> Account(clock=Noon()).clock.now().year
    2030
    """

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
        delta: timedelta | relativedelta | None = None,
        *,
        years: int = 0,
        months: int = 0,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
        microseconds: float = 0,
    ) -> datetime:
        """
        Move the clock forward by *delta* and by the keywords, and return the new time.

        >>> ManualClock().advance(hours=5, minutes=56).isoformat()
        '2026-01-01T05:56:00+00:00'
        >>> clock = ManualClock()
        >>> _ = clock.advance(days=30)
        >>> clock.advance(months=1).isoformat()
        '2026-02-28T00:00:00+00:00'

        Args:
            delta: a `timedelta`, or a ``dateutil.relativedelta.relativedelta``.
            years, months: whole numbers, by the calendar; a day that the month does not have is its last. They come first.
            days, hours, minutes, seconds, milliseconds, microseconds: as for `timedelta`.

        Raises:
            ClockError: if the step is negative, is no number, or leads past the year 9999; the clock then has not moved.
        """
        for name, count in (("years", years), ("months", months)):
            if isinstance(count, bool) or not isinstance(count, int):
                raise ClockError(f"'{name}' must be a whole number, got {shown(count)}")
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
        elif not isinstance(delta, timedelta) and not _is_relative(delta):
            raise ClockError(f"'delta' must be a timedelta or keywords such as hours=6, got {shown(delta)}")
        try:
            moved = self._now
            if years or months:
                from dateutil.relativedelta import relativedelta  # imported when it is asked for

                moved += relativedelta(years=years, months=months)
            moved = moved + delta + timedelta(**units)
        except (OverflowError, ValueError):
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

    def ticks(self, moments: Iterable[datetime]) -> Iterator[datetime]:
        """
        Move the clock to each of *moments*, such as a rule of ``dateutil.rrule``, and yield it in UTC.

        >>> from datetime import timedelta
        >>> clock = ManualClock()
        >>> [when.day for when in clock.ticks([clock.now() + timedelta(days=number) for number in range(3)])]
        [1, 2, 3]

        Raises:
            NaiveDatetimeError, ClockError: as `move_to` does, when its turn comes.
        """
        for moment in moments:
            yield self.move_to(moment)

    def _move(self, when: datetime) -> datetime:
        if when < self._now:
            raise ClockError(f"cannot move the clock back from {iso_exact(self._now)} to {iso_exact(when)}")
        self._now = when
        return when

    def __repr__(self) -> str:
        return f"<ManualClock {iso(self._now)}>"


def _is_relative(delta: object) -> bool:
    """Whether it is a relativedelta; nobody has one unless its module has been imported."""
    module = sys.modules.get("dateutil.relativedelta")
    return module is not None and isinstance(delta, module.relativedelta)


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


if TYPE_CHECKING:
    # Type checkers know this module by themselves, and only there can a type variable have a default before Python 3.13.
    from typing_extensions import TypeVar

    AnyClock = TypeVar("AnyClock", bound=Clock, default=ManualClock)
    Clock_co = TypeVar("Clock_co", bound=Clock, covariant=True, default=ManualClock)
else:
    from typing import TypeVar

    AnyClock = TypeVar("AnyClock", bound=Clock)
    Clock_co = TypeVar("Clock_co", bound=Clock, covariant=True)
