"""
All or nothing: an operation that raises, at whatever line, leaves everything as it was.

While an operation runs, whoever is about to change something notes how to take that back. If the operation raises, the
notes are followed from the last to the first.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

Given = ParamSpec("Given")
Result = TypeVar("Result")
Key = TypeVar("Key")
Value = TypeVar("Value")
Method = TypeVar("Method", bound=Callable[..., Any])

Step = tuple[Callable[..., object], tuple[Any, ...]]


class Journal:
    """
    How to take back what the operation under way has changed.

    >>> names, journal = {"a": 1}, Journal(lambda: (print, ("as before",)))
    >>> def fail() -> None:
    ...     journal.put(names, "a", 2)
    ...     raise ValueError
    >>> try:
    ...     journal.run(fail)
    ... except ValueError:
    ...     names
    as before
    {'a': 1}

    Args:
        restore: returns the first step of every operation: it restores the counters of its owner.
    """

    __slots__ = ("_author", "_restore", "_steps")

    def __init__(self, restore: Callable[[], Step]) -> None:
        self._restore = restore
        self._steps: list[Step] | None = None
        self._author: str | None = None

    def run(self, do: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Call *do*; if it raises, take back what it has noted. One operation may run inside another."""
        outer, author = self._steps, self._author
        steps: list[Step] = [] if outer is None else outer
        mark = len(steps)
        steps.append(self._restore())
        # An interrupt may come at any line, after *do* has returned too: until this function has returned itself, all is
        # taken back.
        try:
            self._steps = steps
            try:
                return do(*args, **kwargs)
            finally:
                self._steps = outer
        except BaseException:
            self._steps, self._author = outer, author
            while len(steps) > mark:
                step, given = steps.pop()
                step(*given)
            raise

    def run_by(
        self, author: str | None, do: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """
        Call *do* as `run` does; what it changes was done by *author*.

        Args:
            author: the ARN of whose call it is, or None for nobody's. A call inside another is its own caller's; after it, the outer one's goes on.
            do: what is called.
        """
        outer = self._author
        try:
            self._author = author
            return self.run(do, *args, **kwargs)
        finally:
            self._author = outer

    @property
    def author(self) -> str | None:
        """Whose call the operation under way is; None if it is nobody's: the owner of an account is at work."""
        return self._author

    def note(self, step: Callable[..., object], *args: Any) -> None:
        """
        Note what takes back what is about to be done; outside an operation nothing is noted.

        Args:
            step: does no harm if it turns out that nothing was done.
            args: what it is called with.
        """
        if self._steps is not None:
            self._steps.append((step, args))

    def put(self, mapping: MutableMapping[Key, Value], key: Key, value: Value) -> None:
        """Set ``mapping[key]``."""
        if key in mapping:
            self.note(mapping.__setitem__, key, mapping[key])
        else:
            self.note(mapping.pop, key, None)
        mapping[key] = value

    def remove(self, mapping: dict[Key, Value], key: Key) -> None:
        """Delete ``mapping[key]``; taking it back keeps the order of the keys."""
        self.note(_refill, mapping, mapping.copy())
        del mapping[key]

    def append(self, items: list[Value], *values: Value) -> None:
        """Append *values* to *items*."""
        self.note(_shorten, items, len(items))
        items.extend(values)

    def assign(self, thing: object, name: str, value: object) -> None:
        """Set the attribute *name* of *thing*."""
        self.note(setattr, thing, name, getattr(thing, name))
        setattr(thing, name, value)


def _refill(mapping: dict[Key, Value], before: dict[Key, Value]) -> None:
    mapping.clear()
    mapping.update(before)


def _shorten(items: list[Any], length: int) -> None:
    del items[length:]


def atomic(method: Method) -> Method:
    """Make *method*, of an object with a timekeeper ``time``, change everything or, if it raises, nothing."""

    @wraps(method)
    def whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.time.journal.run(method, self, *args, **kwargs)

    return cast(Method, whole)
