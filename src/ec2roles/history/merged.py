"""Many streams of things that happened, in one order: a stream is begun only when its turn may have come."""

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
    """Something that happened, and says where in time it stands."""

    @property
    def position(self) -> Position:
        """Where in time it stands."""


Placed = TypeVar("Placed", bound=HasPosition)

Stream = tuple[Position, Callable[[], Iterable[Item]]]
"""A position that is not after the first thing of a stream, and what begins to iterate over it, oldest first."""

ALWAYS: Position = (-(1 << 62), 0)
"""Where a stream begins of whose first thing nothing is known."""


def merged(streams: Iterable[Stream[Item]], *, position: Callable[[Item], Position]) -> Iterator[Item]:
    """
    Iterate over the things of all *streams*, in order; of two at one position that of the earlier stream comes first.

    A fleet has a stream for each instance, and the first thing that happened comes without asking the others.

    >>> streams = [(ALWAYS, lambda: [(1, 0), (2, 0), (3, 0)]), ((2, 0), lambda: [(2, 0), (5, 0)])]
    >>> [instant for instant, _ in merged(streams, position=lambda item: item)]
    [1, 2, 2, 3, 5]

    Args:
        streams: in the order in which they begin.
        position: returns where a thing stands.
    """
    waiting = iter(streams)
    following = next(waiting, None)
    # Each entry: where the next thing of a stream stands, the stream's number, the thing, and the rest of the stream.
    begun: list[tuple[Position, int, Item, Iterator[Item]]] = []
    number = 0
    while True:
        # At one position the streams that have begun come first: they are the earlier ones.
        while following is not None and (not begun or following[0] < begun[0][0]):
            rest = iter(following[1]())
            for item in rest:
                heapq.heappush(begun, (position(item), number, item, rest))
                break
            following = next(waiting, None)
            number += 1
        if not begun:
            return
        _, place, item, rest = begun[0]
        yield item
        if following is None and len(begun) == 1:
            yield from rest
            return
        for later in rest:
            heapq.heapreplace(begun, (position(later), place, later, rest))
            break
        else:
            heapq.heappop(begun)


def not_before(things: Reversible[Placed], start: int | None) -> list[Placed]:
    """
    Return those of *things* that are not earlier than an instant; what is older is not looked at.

    Args:
        things: oldest first.
        start: microseconds; None for all.
    """
    if start is None:
        return [*things]
    found = list(takewhile(lambda one: one.position[0] >= start, reversed(things)))
    found.reverse()
    return found


def by_launch(
    instances: Iterable[Instance], start: int | None, read: Callable[[Instance], Iterable[Item]]
) -> Iterator[Stream[Item]]:
    """
    Return the stream of each instance, in the order in which they were launched.

    Args:
        instances: the instances.
        start: no thing is earlier than this instant, in microseconds; None for the launch.
        read: begins to iterate over the things of an instance.
    """
    since = ALWAYS if start is None else (start, FIRST)
    for instance in sorted(instances, key=attrgetter("hardware.launched")):
        yield max(instance.hardware.launched, since), partial(read, instance)
