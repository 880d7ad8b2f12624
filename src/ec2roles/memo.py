"""What a pure function has returned, remembered for the process: at most so many bytes of it."""

from __future__ import annotations

from collections.abc import Callable
from sys import getsizeof
from typing import Any, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_ENTRY = 250
"""What an entry takes besides its text: its place in the dict, its key, a small result."""


class Memo(dict[Key, Value]):
    """
    The results of a pure function by its argument, bounded by bytes.

    When they are too many, all are forgotten: that costs a little time, and whoever asks sees no difference.

    >>> squares = Memo(lambda number: number**2, most=10_000)
    >>> squares[7], squares[7], len(squares)
    (49, 49, 1)

    Args:
        work: the function, of one argument; several are a tuple. What it raises is not remembered.
        most: how many bytes may be remembered.
        times: how much larger than its text a result is.
        weigh: returns the bytes of text in an argument; by default those of its strings.
    """

    __slots__ = ("_most", "_times", "_weigh", "_work", "held")

    def __init__(
        self, work: Callable[[Key], Value], *, most: int, times: int = 1, weigh: Callable[[Any], int] | None = None
    ) -> None:
        super().__init__()
        self._work = work
        self._most = most
        self._times = times
        self._weigh = _texts if weigh is None else weigh
        self.held: int = 0
        """The bytes that are remembered, as they were estimated."""

    def __missing__(self, key: Key) -> Value:
        value = self._work(key)
        weight = _ENTRY + self._times * self._weigh(key)
        if self.held + weight > self._most:
            self.clear()
        if weight <= self._most:
            self.held += weight
            self[key] = value
        return value

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self.held = 0


def _texts(argument: object) -> int:
    if isinstance(argument, tuple):
        return sum(map(_texts, argument))
    return getsizeof(argument) if isinstance(argument, (str, bytes)) else 0
