"""Many streams of events merged into one order; a stream is begun only when its first event may be the next one."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Reversible
from functools import partial
from itertools import takewhile
from operator import attrgetter
from typing import Protocol, TypeVar

from ec2roles.ec2.instance import Instance
from ec2roles.world.timeline import FIRST, Position

Item = TypeVar("Item")


class HasPosition(Protocol):
    """Something that happened at a position in time."""

    @property
    def position(self) -> Position:
        """When it happened."""


Placed = TypeVar("Placed", bound=HasPosition)

Stream = tuple[Position, Callable[[], Iterable[Item]]]
"""A position that is not later than the first item of a stream, and what begins to iterate over it, oldest first."""

ALWAYS: Position = (-(1 << 62), 0)
"""The position for a stream whose first item is unknown: it is begun at once."""


def merged(streams: Iterable[Stream[Item]], *, position: Callable[[Item], Position]) -> Iterator[Item]:
    """
    Iterate over the items of all *streams*, in order; of two at one position, the earlier stream's comes first.

    A fleet has a stream for each instance, and reading a stream means working out refreshes. So those that are launched
    later are not touched until the reader gets there.

    >>> streams = [(ALWAYS, lambda: [(1, 0), (2, 0), (3, 0)]), ((2, 0), lambda: [(2, 0), (5, 0)])]
    >>> [instant for instant, _ in merged(streams, position=lambda item: item)]
    [1, 2, 2, 3, 5]

    Args:
        streams: in the order in which they begin.
        position: returns the position of an item.
    """
    waiting = iter(streams)
    following = next(waiting, None)
    # A heap with one entry for each stream that is under way: the position of its next item, the number of the stream, that
    # item, and the rest. The number settles ties, so items themselves are never compared.
    begun: list[tuple[Position, int, Item, Iterator[Item]]] = []
    number = 0
    while True:
        # Begin every stream that could hold the next item: those whose first possible position is before all that is on the
        # heap. One that could begin at the very same position can wait, since the streams under way are the earlier ones.
        while following is not None and (not begun or following[0] < begun[0][0]):
            rest = iter(following[1]())
            for item in rest:  # its first item, if it has any
                heapq.heappush(begun, (position(item), number, item, rest))
                break
            following = next(waiting, None)
            number += 1
        if not begun:
            return
        _, place, item, rest = begun[0]
        yield item
        if following is None and len(begun) == 1:
            # Nothing is left to compare with.
            yield from rest
            return
        for later in rest:
            # One step down the heap instead of a pop and a push.
            heapq.heapreplace(begun, (position(later), place, later, rest))
            break
        else:
            heapq.heappop(begun)


def not_before(things: Reversible[Placed], start: int | None) -> list[Placed]:
    """
    Return those of *things* that are not earlier than an instant.

    They are read from the newest back to the first that is too old: a long past costs nothing.

    Args:
        things: oldest first.
        start: microseconds; None for all.
    """
    if start is None:
        return [*things]
    newest_first = list(takewhile(lambda thing: thing.position[0] >= start, reversed(things)))
    return newest_first[::-1]


def by_launch(
    instances: Iterable[Instance], start: int | None, read: Callable[[Instance], Iterable[Item]]
) -> Iterator[Stream[Item]]:
    """
    Return the stream of each instance, in the order in which they were launched.

    Args:
        instances: the instances.
        start: no item is earlier than this instant, in microseconds; None for the launch.
        read: begins to iterate over the items of an instance.
    """
    since = ALWAYS if start is None else (start, FIRST)
    for instance in sorted(instances, key=attrgetter("hardware.launched")):
        yield max(instance.hardware.launched, since), partial(read, instance)
