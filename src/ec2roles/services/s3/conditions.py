"""Under which conditions an object is read, written or deleted, and which part of it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import no_such_key, not_implemented, precondition_failed

if TYPE_CHECKING:
    from ec2roles.services.s3.objects import S3Object

_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")


def _same(condition: str, found: S3Object) -> bool:
    return condition == "*" or condition.strip('"') == found.etag.strip('"')


def check_read(found: S3Object, given: Mapping[str, Any], now: datetime) -> None:
    """
    Check whether *found* is wanted, in the order that RFC 7232 and AWS's page of GetObject give.

    Where an entity tag is asked for, the date that belongs to it does not count; a date in the future is none.

    Args:
        found: the object.
        given: AWS's parameters: ``IfMatch``, ``IfUnmodifiedSince``, ``IfNoneMatch``, ``IfModifiedSince``, ``Range``.
        now: when it is asked.

    Raises:
        ResourceError: ``PreconditionFailed``, ``304``, ``InvalidRange``.
    """
    # Dates in headers have whole seconds.
    modified = found.last_modified.replace(microsecond=0)
    wanted, unmodified_since = given.get("IfMatch"), given.get("IfUnmodifiedSince")
    if wanted is not None:
        if not _same(wanted, found):
            raise precondition_failed("If-Match")
    elif unmodified_since is not None and modified > unmodified_since:
        raise precondition_failed("If-Unmodified-Since")
    unwanted, modified_since = given.get("IfNoneMatch"), given.get("IfModifiedSince")
    if unwanted is not None:
        stale = not _same(unwanted, found)
    else:
        stale = modified_since is None or modified > modified_since or modified_since > now
    if not stale:
        raise ResourceError("Not Modified", code="304", status=304)
    read_range(given.get("Range"), found.size)


def check_write(found: S3Object | None, key: str, bucket: str, given: Mapping[str, Any]) -> None:
    """
    Check whether an object may be written over what is there (AWS's page "Add preconditions to S3 operations").

    Args:
        found: what is there, or None.
        key, bucket: where.
        given: AWS's parameters: ``IfMatch``, ``IfNoneMatch``.

    Raises:
        ResourceError: ``PreconditionFailed``, ``NoSuchKey``, ``NotImplemented``.
    """
    wanted, unwanted = given.get("IfMatch"), given.get("IfNoneMatch")
    if wanted is not None and unwanted is not None:
        raise not_implemented("If-Match,If-None-Match", "Multiple conditional request headers present in the request")
    if unwanted not in (None, "*"):
        raise not_implemented(
            "If-None-Match", "We don't accept the provided value of If-None-Match header for this API"
        )
    if wanted == "*":
        raise not_implemented("If-Match", "We don't accept the provided value of If-Match header for this API")
    if unwanted is not None and found is not None:
        raise precondition_failed("If-None-Match")
    if wanted is not None:
        check_match(found, key, bucket, wanted)


def check_match(found: S3Object | None, key: str, bucket: str, wanted: str) -> None:
    """
    Check that *found* is there, and that it is the one that is meant.

    Raises:
        ResourceError: ``NoSuchKey``, ``PreconditionFailed``.
    """
    if found is None:
        raise no_such_key(key, bucket)
    if not _same(wanted, found):
        raise precondition_failed("If-Match")


def read_range(text: str | None, size: int) -> tuple[int, int] | None:
    """
    Return the first and the last byte that *text* asks for, or None for all of them.

    >>> read_range("bytes=2-", 10), read_range("bytes=-3", 10), read_range("lines=1-2", 10)
    ((2, 9), (7, 9), None)

    Raises:
        ResourceError: ``InvalidRange``, if the object does not reach that far.
    """
    found = _RANGE.fullmatch(text) if text is not None and len(text) < 64 else None
    if found is None or found[0] == "bytes=-":
        return None
    first = int(found[1]) if found[1] else max(size - int(found[2]), 0)
    last = int(found[2]) if found[1] and found[2] else size - 1
    if first > last and found[2] and found[1]:
        return None
    if first >= size:
        raise ResourceError(
            "The requested range is not satisfiable",
            code="InvalidRange",
            status=416,
            detail=f"'{text}' of {size} bytes",
            members={"ActualObjectSize": str(size), "RangeRequested": found[0]},
        )
    return first, min(last, size - 1)
