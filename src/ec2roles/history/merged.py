"""Many streams of things that happened, in one order: a stream is begun only when its turn may have come."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import attrs

from ec2roles.world.timeline import Position

Item = TypeVar("Item")


@attrs.frozen(eq=False)
class Stream(Generic[Item]):
    """
    Things that happened, oldest first.

    Args:
        begins: a position that is not after the first of them; None if nothing is known of it.
        read: begins to iterate over them.
    """

    begins: Position | None
    read: Callable[[], Iterable[Item]]


def merged(streams: Iterable[Stream[Item]], *, position: Callable[[Item], Position]) -> Iterator[Item]:
    """
    Iterate over the things of all *streams*, in order; of two at one position that of the earlier stream comes first.

    A fleet has a stream for each instance, and the first thing that happened comes without asking the others.

    >>> streams = [Stream((2, 0), lambda: [(2, 0), (5, 0)]), Stream(None, lambda: [(1, 0), (2, 0), (3, 0)])]
    >>> [instant for instant, _ in merged(streams, position=lambda item: item)]
    [1, 2, 2, 3, 5]
    """
    numbered = sorted(((one.begins or (-(1 << 62), 0), number, one) for number, one in enumerate(streams)), key=_key)
    waiting = 0
    # Each entry: where the next thing of a stream stands, the stream's number, the thing, and the rest of the stream.
    begun: list[tuple[Position, int, Item, Iterator[Item]]] = []
    while True:
        while waiting < len(numbered) and (not begun or numbered[waiting][:2] < begun[0][:2]):
            _, number, stream = numbered[waiting]
            waiting += 1
            rest = iter(stream.read())
            for item in rest:
                heapq.heappush(begun, (position(item), number, item, rest))
                break
        if not begun:
            return
        _, number, item, rest = begun[0]
        yield item
        for following in rest:
            heapq.heapreplace(begun, (position(following), number, following, rest))
            break
        else:
            heapq.heappop(begun)


def _key(entry: tuple[Position, int, Stream[Item]]) -> tuple[Position, int]:
    return entry[:2]
