"""
State that changes, kept by position.

In a test everything happens at one instant, so "a value per instant" is not enough. A *position* is a pair
``(microseconds since 1970, order of the write)``; every write gets the next order, whatever its object. So a question can
be put exactly: "as of now" sees every write up to this moment, and "as of the refresh at 01:00" sees only the writes made
before 01:00 struck.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

from ec2roles.errors import ClockError

Value = TypeVar("Value")

Position = tuple[int, int]
"""Microseconds since 1970, and the order of the write. Orders start at 1."""

LAST = 1 << 62
"""An order after every write: ``(instant, LAST)`` sees all that happened at that instant."""

FIRST = 0
"""An order before every write: ``(instant, FIRST)`` sees only what happened before that instant."""


class Timeline(Generic[Value]):
    """
    A value and its past, by position.

    >>> trust = Timeline((0, 1), "allows ec2")
    >>> trust.write((0, 5), "denies ec2")
    >>> trust.at((0, 4)), trust.at((0, LAST))
    ('allows ec2', 'denies ec2')

    Args:
        position: the position of the first write.
        value: the value from then on.
    """

    __slots__ = ("_positions", "_values")

    def __init__(self, position: Position, value: Value) -> None:
        self._positions = [position]
        self._values = [value]

    def write(self, position: Position, value: Value, *, keep_from: int | None = None) -> None:
        """
        Set the value from *position* on.

        Args:
            position: later than every position written so far.
            value: the value from then on.
            keep_from: an instant in microseconds; values that had been replaced by then are forgotten.
        """
        if position <= self._positions[-1]:
            raise ClockError(f"a write at {position} cannot follow one at {self._positions[-1]}")
        if keep_from is not None:
            # The value in force at that instant stays, although it was written earlier.
            in_force = bisect_right(self._positions, (keep_from, LAST)) - 1
            if in_force > 0:
                del self._positions[:in_force], self._values[:in_force]
        self._positions.append(position)
        self._values.append(value)

    def shorten(self, count: int) -> None:
        """Take back all writes after the first *count*."""
        del self._positions[count:], self._values[count:]

    def restore(self, positions: list[Position], values: list[Value]) -> None:
        """Take back writes after which something was forgotten: *values* were written, at *positions*."""
        self._positions[:] = positions
        self._values[:] = values

    def at(self, position: Position) -> Value | None:
        """Return the value as of *position*, or None before the first write."""
        if position >= self._positions[-1]:  # nearly always: most questions are about now
            return self._values[-1]
        index = bisect_right(self._positions, position)
        return self._values[index - 1] if index else None

    @property
    def last(self) -> Value:
        """The newest value."""
        return self._values[-1]

    @property
    def first_position(self) -> Position:
        """The oldest position still remembered."""
        return self._positions[0]

    @property
    def last_position(self) -> Position:
        """The position of the newest write."""
        return self._positions[-1]

    def __len__(self) -> int:
        return len(self._positions)

    def written(self) -> tuple[list[Position], list[Value]]:
        """Return copies of the positions and of the values written there, for `restore`."""
        return self._positions.copy(), self._values.copy()

    def spans(self) -> Iterator[tuple[Position, Value]]:
        """Iterate over the positions and the values written there, oldest first."""
        return iter(list(zip(self._positions, self._values, strict=True)))

    def copy(self) -> Timeline[Value]:
        """Return a timeline with the same past and a future of its own."""
        twin: Timeline[Value] = Timeline.__new__(Timeline)
        twin._positions = self._positions.copy()
        twin._values = self._values.copy()
        return twin

    def __repr__(self) -> str:
        return f"<Timeline of {len(self._values)}, now {self._values[-1]!r}>"
