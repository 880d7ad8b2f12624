"""Finding the faults in force at a moment, at a cost that does not grow with the faults that are over."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import attrs

from ec2roles.faults.kinds import Fault
from ec2roles.world.timeline import LAST, Position

_ENDLESS = -1


@attrs.define(eq=False)
class FaultIndex:
    """
    Faults of one kind and about one thing, indexed by time.

    They are kept in buckets by duration, and each bucket takes durations up to twice those of the one before. A fault that
    is in force at a moment began no longer before it than the longest duration of its bucket, so faults that were over long
    ago are never looked at.
    """

    # In each bucket they are in the order in which they begin; no two have the same number.
    _buckets: dict[int, list[tuple[Position, int, Fault]]] = attrs.field(init=False, factory=dict)

    def insert(self, fault: Fault) -> None:
        """Add *fault*; harmless if it is there already."""
        if fault.ends is not None and fault.ends <= fault.begins:
            return  # it was called off before it began, and is never in force
        bucket = self._buckets.setdefault(_bucket_number(fault), [])
        place = bisect_left(bucket, (fault.begins, fault.number))
        if place == len(bucket) or bucket[place][1] != fault.number:
            bucket.insert(place, (fault.begins, fault.number, fault))

    def remove(self, fault: Fault) -> None:
        """Remove *fault*; harmless if it is not there."""
        bucket = self._buckets.get(_bucket_number(fault), [])
        place = bisect_left(bucket, (fault.begins, fault.number))
        if place < len(bucket) and bucket[place][1] == fault.number:
            del bucket[place]
        if not bucket:
            self._buckets.pop(_bucket_number(fault), None)

    def at(self, position: Position) -> Iterator[Fault]:
        """Iterate over the faults in force at *position*."""
        for length, bucket in self._buckets.items():
            last = bisect_right(bucket, (position, LAST))
            for _, _, fault in bucket[_first(length, bucket, position[0]) : last]:
                if fault.ends is None or position < fault.ends:
                    yield fault

    def edges(self, after: int) -> Iterator[int]:
        """Iterate over the instants, in microseconds, later than *after*, at which a fault begins or ends."""
        for length, bucket in self._buckets.items():
            coming = bisect_right(bucket, ((after, LAST), LAST))
            for begins, _, fault in bucket[coming if length == _ENDLESS else _first(length, bucket, after) :]:
                if begins[0] > after:
                    yield begins[0]
                if fault.ends is not None and fault.ends[0] > after:
                    yield fault.ends[0]

    def __bool__(self) -> bool:
        return bool(self._buckets)


def _first(length: int, bucket: list[tuple[Position, int, Fault]], instant: int) -> int:
    """The place of the first fault in a bucket that could be in force at *instant* or later."""
    if length == _ENDLESS:
        return 0
    return bisect_left(bucket, ((instant - (1 << length), 0), 0))


def _bucket_number(fault: Fault) -> int:
    """The number of the bucket: durations of *n* bits, so of less than 2**n microseconds, are in bucket *n*."""
    return _ENDLESS if fault.ends is None else (fault.ends[0] - fault.begins[0]).bit_length()
