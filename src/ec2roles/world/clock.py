"""Where the time comes from: anything with a ``now()`` that returns an aware UTC datetime."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Protocol

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ClockError, NaiveDatetimeError

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Anything with ``now()``; the library only ever reads it."""

    def now(self) -> datetime:
        """Return the current instant, with a time zone."""


def to_utc(value: datetime, name: str = "when") -> datetime:
    """
    Return *value* in UTC.

    >>> from datetime import datetime, timedelta, timezone
    >>> to_utc(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))).isoformat()
    '2026-01-01T00:00:00+00:00'

    Raises:
        TypeError: if *value* is not a datetime.
        NaiveDatetimeError: if it has no time zone.
        ClockError: if it leaves the years 1 to 9999 in UTC.
    """
    if not isinstance(value, datetime):
        raise TypeError(f"'{name}' must be a datetime, got {type(value).__name__}")
    if value.tzinfo is UTC and type(value) is datetime:
        return value
    if value.utcoffset() is None:
        raise NaiveDatetimeError(f"'{name}' has no time zone; use datetime.timezone.utc")
    try:
        moved = value.astimezone(UTC)
    except OverflowError:
        raise ClockError(f"'{name}' is past the year 9999 or before the year 1 in UTC: '{value}'") from None
    # Rebuilt from its numbers, so that no subclass of a time-patching library is stored.
    return datetime(
        moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second, moved.microsecond, tzinfo=UTC
    )


def to_microseconds(value: datetime) -> int:
    """
    Return an aware datetime as whole microseconds since 1970.

    >>> to_microseconds(EPOCH + timedelta(seconds=1))
    1000000
    """
    return (value - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """
    Return whole microseconds since 1970 as an aware UTC datetime.

    >>> from_microseconds(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'

    Raises:
        ClockError: if it leaves the years 1 to 9999, as the end of a session that begins shortly before does.
    """
    try:
        return EPOCH + timedelta(microseconds=value)
    except OverflowError:
        raise ClockError(f"{value} microseconds since 1970 are past the year 9999 or before the year 1") from None


def iso(value: datetime) -> str:
    """
    Return a UTC datetime as AWS writes it, to the second.

    >>> iso(EPOCH)
    '1970-01-01T00:00:00Z'
    """
    # Not strftime: it leaves years before 1000 unpadded on some platforms, and is ten times slower.
    return value.isoformat(timespec="seconds")[:19] + "Z"


def iso_exact(value: datetime) -> str:
    """
    Return a UTC datetime to the microsecond; without a fraction where it is a whole second, as AWS writes it then.

    >>> iso_exact(EPOCH), iso_exact(EPOCH + timedelta(milliseconds=5)), iso_exact(EPOCH + MICROSECOND)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:00.005Z', '1970-01-01T00:00:00.000001Z')
    """
    if not value.microsecond:
        return iso(value)
    fraction = f"{value.microsecond:06d}"
    return f"{iso(value)[:-1]}.{fraction[:3] if fraction.endswith('000') else fraction}Z"


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
