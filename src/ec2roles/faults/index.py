"""Which of many faults are there at a moment, however many there were before."""

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
    Faults of one kind and about one thing, found by the moment.

    They stand on shelves by their length, each shelf for lengths up to twice those of the one before. What is there at a
    moment has begun no longer before it than the shelf's greatest length, so what was over long ago is never looked at.
    """

    # On each shelf in the order in which they begin; no two have the same number.
    _shelves: dict[int, list[tuple[Position, int, Fault]]] = attrs.field(init=False, factory=dict)

    def insert(self, fault: Fault) -> None:
        """Enter *fault*; harmless if it is there."""
        if fault.ends is not None and fault.ends <= fault.begins:
            return  # it was called off before it began, and is never there
        shelf = self._shelves.setdefault(_shelf(fault), [])
        place = bisect_left(shelf, (fault.begins, fault.number))
        if place == len(shelf) or shelf[place][1] != fault.number:
            shelf.insert(place, (fault.begins, fault.number, fault))

    def remove(self, fault: Fault) -> None:
        """Strike *fault*; harmless if it is not there."""
        shelf = self._shelves.get(_shelf(fault), [])
        place = bisect_left(shelf, (fault.begins, fault.number))
        if place < len(shelf) and shelf[place][1] == fault.number:
            del shelf[place]
        if not shelf:
            self._shelves.pop(_shelf(fault), None)

    def at(self, position: Position) -> Iterator[Fault]:
        """Iterate over the faults that are there as of *position*."""
        for length, shelf in self._shelves.items():
            last = bisect_right(shelf, (position, LAST))
            for _, _, fault in shelf[_first(length, shelf, position[0]) : last]:
                if fault.ends is None or position < fault.ends:
                    yield fault

    def edges(self, after: int) -> Iterator[int]:
        """Iterate over the instants, in microseconds, later than *after*, at which one begins or ends."""
        for length, shelf in self._shelves.items():
            coming = bisect_right(shelf, ((after, LAST), LAST))
            for begins, _, fault in shelf[coming if length == _ENDLESS else _first(length, shelf, after) :]:
                if begins[0] > after:
                    yield begins[0]
                if fault.ends is not None and fault.ends[0] > after:
                    yield fault.ends[0]

    def __bool__(self) -> bool:
        return bool(self._shelves)


def _first(length: int, shelf: list[tuple[Position, int, Fault]], instant: int) -> int:
    """The place of the first fault on a shelf that could be there at *instant* or later."""
    if length == _ENDLESS:
        return 0
    return bisect_left(shelf, ((instant - (1 << length), 0), 0))


def _shelf(fault: Fault) -> int:
    """The number of the shelf: lengths of *n* bits, so less than 2**n microseconds, stand on shelf *n*."""
    return _ENDLESS if fault.ends is None else (fault.ends[0] - fault.begins[0]).bit_length()
