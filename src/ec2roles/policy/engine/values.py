"""What a condition compares: numbers, instants, IP ranges and bytes, read from text without guessing."""

from __future__ import annotations

import binascii
import re
from datetime import date
from typing import TYPE_CHECKING

from ec2roles.memo import Memo

if TYPE_CHECKING:
    from decimal import Decimal

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?)?"
)
_EPOCH_SECONDS = re.compile(r"[0-9]{1,19}")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(r"\.".join([_OCTET] * 4))
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LATEST_EPOCH = 2**63 - 1

# The caches below remember pure functions of a text; dropping them changes nothing but the time taken.


def number(text: str) -> int | Decimal | None:
    """
    Read an integer or a decimal; None if *text* is neither.

    >>> number("10") == number("10.0")
    True
    >>> number("ten") is None
    True
    """
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) > 400 or not _DECIMAL.fullmatch(text):
        return None
    from decimal import Decimal  # most policies never need it

    return Decimal(text)


def instant(text: str) -> int | None:
    """
    Read a date as milliseconds since 1970: a W3C profile of ISO 8601, or digits that are epoch *seconds*.

    Without a time zone it is UTC. If the month, day or time is left out, the first instant is meant.

    >>> instant("2026-01-01T00:00:00Z") == instant("2026-01") == instant("1767225600")
    True
    >>> instant("Jan") is None
    True
    """
    return _INSTANTS[text]


def _instant(text: str) -> int | None:
    if _EPOCH_SECONDS.fullmatch(text):
        seconds = int(text)
        return seconds * 1000 if seconds <= _LATEST_EPOCH else None
    match = _INSTANT.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        days = date(int(year), int(month), int(day or 1)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    if zone and zone not in ("Z", "z"):
        ahead_hours, ahead_minutes = int(zone[1:3]), int(zone[4:])
        if ahead_hours > 23 or ahead_minutes > 59:
            return None
        sign = 1 if zone[0] == "-" else -1
        hours += sign * ahead_hours
        minutes += sign * ahead_minutes
    milliseconds = int((fraction or "0")[:3].ljust(3, "0"))
    return ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000 + milliseconds


_INSTANTS = Memo(_instant, most=1 << 20)


def address(text: str) -> tuple[int, int] | None:
    """
    Read an IP address as its version and its number; None if it is not an address. Leading zeros are refused.

    >>> address("10.0.0.1")
    (4, 167772161)
    >>> address("010.0.0.1") is None
    True
    """
    return _ADDRESSES[text]


def _address(text: str) -> tuple[int, int] | None:
    match = _IPV4.fullmatch(text)
    if match:
        a, b, c, d = match.groups()
        return 4, int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
    if ":" not in text or "%" in text:
        return None
    import ipaddress  # IPv6 is rare enough to pay for the import when it comes

    try:
        return 6, int(ipaddress.IPv6Address(text))
    except ValueError:
        return None


_ADDRESSES = Memo(_address, most=1 << 20)


def network(text: str) -> tuple[int, int, int] | None:
    """
    Read an IP range or a bare address as its version, first and last number; host bits may be set.

    >>> network("10.1.2.3/8") == network("10.0.0.0/8")
    True
    >>> network("10.0.0.1/33") is None
    True
    """
    base, slash, length = text.partition("/")
    parsed = address(base)
    if parsed is None:
        return None
    version, value = parsed
    width = 32 if version == 4 else 128
    if not slash:
        return version, value, value
    if not (length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= width):
        return None
    host = (1 << (width - int(length))) - 1
    return version, value & ~host, value | host


def binary(text: str) -> bytes | None:
    """
    Decode base64; None if *text* is not base64.

    >>> binary("aGk=")
    b'hi'
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
