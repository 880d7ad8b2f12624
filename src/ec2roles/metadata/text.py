"""How the metadata service writes documents and dates."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache

from ec2roles.instants import MONTHS, from_microseconds

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def document(pairs: list[tuple[str, str | None]] | list[tuple[str, str]]) -> str:
    """
    Return a document as the metadata service writes it: two spaces, ``"key" : "value"``, no line end at the end.

    None is written as ``null``.

    >>> print(document([("Code", "Success"), ("Type", "AWS-HMAC")]))
    {
      "Code" : "Success",
      "Type" : "AWS-HMAC"
    }
    """
    # Keys and most values never need escaping: names, ARNs, ids and base64.
    return "{\n" + ",\n".join([f'  "{key}" : {_text(value)}' for key, value in pairs]) + "\n}"


def _text(value: str | None) -> str:
    if value is None:
        return "null"
    return json.dumps(value) if '"' in value or "\\" in value or not value.isprintable() else f'"{value}"'


def gmt(moment: datetime) -> str:
    """
    Return an instant as HTTP headers have it after the weekday: ``01 Jan 2026 00:00:00 GMT``.

    The months are English whatever the locale; strftime's are not.
    """
    return (
        f"{moment.day:02d} {MONTHS[moment.month - 1]} {moment.year:04d}"
        f" {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} GMT"
    )


def http_date(microseconds: int) -> str:
    """Return an instant as HTTP headers have it: ``Thu, 01 Jan 2026 00:00:00 GMT``."""
    return _http_date(microseconds // 1_000_000)


# A memo of a pure function: the requests of one second bear the same date.
@lru_cache(maxsize=64)
def _http_date(seconds: int) -> str:
    moment = from_microseconds(seconds * 1_000_000)
    return f"{_DAYS[moment.weekday()]}, {gmt(moment)}"
