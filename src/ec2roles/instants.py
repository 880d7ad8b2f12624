"""Instants in UTC: as datetimes, as whole microseconds since 1970, and as AWS writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ec2roles.arns import shown
from ec2roles.errors import ClockError, NaiveDatetimeError

UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""The months as AWS writes them, whatever the locale; strftime's are the locale's."""


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


def whole_seconds(microseconds: int) -> datetime:
    """
    Return microseconds since 1970 as an aware UTC datetime in whole seconds, as EC2 gives its times.

    >>> whole_seconds(1_999_999).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return from_microseconds(microseconds).replace(microsecond=0)


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


def read_instant(text: str, name: str = "when") -> datetime:
    """
    Return the instant that a person typed in ISO 8601, in UTC; without a zone it is meant in UTC.

    >>> read_instant("2026-03-01").isoformat(), read_instant("2026-03-01T09:30+01:00").isoformat()
    ('2026-03-01T00:00:00+00:00', '2026-03-01T08:30:00+00:00')

    Args:
        text: a date or a date and a time, such as ``2026-03-01T09:30Z``, ``20260301T0930Z`` or ``2026-W09-7``.
        name: what errors call it.

    Raises:
        ClockError: if it is no such text, or leaves the years 1 to 9999 in UTC.
    """
    from dateutil.parser import isoparse  # for people only: what machines write is read 36 times faster elsewhere

    if not isinstance(text, str):
        raise TypeError(f"'{name}' must be str, got {type(text).__name__}")
    try:
        when = isoparse(text)
    except (ValueError, OverflowError):
        raise ClockError(
            f"'{name}' must be a moment in ISO 8601 such as 2026-03-01T09:30:00Z, got {shown(text)}"
        ) from None
    return to_utc(when.replace(tzinfo=UTC) if when.tzinfo is None else when, name)


def medium(value: datetime) -> str:
    """
    Return a UTC datetime as CloudTrail writes dates in answers, to the second.

    >>> medium(EPOCH), medium(EPOCH + timedelta(hours=23, minutes=5))
    ('Jan 1, 1970 12:00:00 AM', 'Jan 1, 1970 11:05:00 PM')
    """
    half = "AM" if value.hour < 12 else "PM"
    time = f"{value.hour % 12 or 12}:{value.minute:02d}:{value.second:02d} {half}"
    return f"{MONTHS[value.month - 1]} {value.day}, {value.year} {time}"
