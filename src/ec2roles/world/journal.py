"""
All or nothing, and one thread at a time: an operation that raises, at whatever line, leaves everything as it was.

While an operation runs, whatever is about to change something first notes how to take that back. If the operation raises, the
notes are followed from the last to the first. Two threads inside one world would mix their notes, so the second one is
refused.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from collections.abc import Callable, MutableMapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from ec2roles.errors import ConcurrentUseError
from ec2roles.world.part import Part

Given = ParamSpec("Given")
Result = TypeVar("Result")
Key = TypeVar("Key")
Value = TypeVar("Value")
Method = TypeVar("Method", bound=Callable[..., Any])

Step = tuple[Callable[..., object], tuple[Any, ...]]


class Journal(Part):
    """
    How to take back what the operation under way has changed.

    >>> names, journal = {"a": 1}, Journal(print, lambda: ("as before",))
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
        restore: sets the counters of its owner; the first step of every operation to be taken back.
        counters: returns what it is called with: the counters as they are.
    """

    __slots__ = ("_author", "_counters", "_inside", "_restore", "_steps", "_torn")

    # Every step of every call writes here, and no answer about the past depends on it.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__

    def __init__(self, restore: Callable[..., object], counters: Callable[[], tuple[Any, ...]]) -> None:
        self._restore = restore
        self._counters = counters
        self._steps: list[Step] | None = None
        self._author: str | None = None
        # The notes of an operation that failed, until all of them have been followed.
        self._torn: list[Step] | None = None
        self._inside: dict[int, int] = {}

    @property
    def inside(self) -> dict[int, int]:
        """The thread that is inside an operation, under the key 0; empty if there is none. It is always the same dict."""
        return self._inside

    def run(self, do: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """
        Call *do*; if it raises, take back what it has noted. One operation may run inside another.

        Raises:
            ConcurrentUseError: if another thread is inside an operation; nothing has changed then.
        """
        thread, inside = get_ident(), self._inside
        outer = self._steps if inside.get(0) == thread and self._torn is None else None
        steps: list[Step] = [] if outer is None else outer
        mark, left = len(steps), False
        # An interrupt may come at any line, after *do* has returned too: until this function has returned itself, all is
        # taken back. Interrupts may come while that is done, so it is done again: one try stands for each of them.
        try:
            try:
                try:
                    if outer is None:
                        # A dict's setdefault is one step for all threads: one of two that come at once is the first.
                        if inside.setdefault(0, thread) != thread or self._torn is not None:
                            self._enter(thread)
                        self._steps = steps
                    steps.append((self._restore, self._counters()))
                    result = do(*args, **kwargs)
                    if outer is None:
                        self._steps = None
                        inside.clear()
                    return result
                except BaseException:
                    if not left:
                        self._leave(steps, mark, outer)
                        left = True
                    raise
            except BaseException:
                if not left:
                    self._leave(steps, mark, outer)
                    left = True
                raise
        except BaseException:
            if not left:
                self._leave(steps, mark, outer)
                left = True
            raise

    def run_by(
        self, author: str | None, do: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """
        Call *do* as `run` does; what it changes was done by *author*.

        Args:
            author: the ARN of whose call it is, or None for nobody's. A call inside another is its own caller's; after it,
                the outer one's goes on.
            do: what is called.
        """
        steps = self._steps
        if steps is None or self._torn is not None:
            return self.run(lambda: self.run_by(author, do, *args, **kwargs))
        # Inside an operation an interrupt goes on to the outermost one, which takes everything back; what is caught on the
        # way is an ordinary error, and all that this one noted is taken back here.
        mark, outer = len(steps), self._author
        steps += ((self._restore, self._counters()), (setattr, (self, "_author", outer)))
        self._author = author
        try:
            result = do(*args, **kwargs)
        except Exception:
            _follow(steps, mark)
            raise
        self._author = outer
        return result

    @property
    def author(self) -> str | None:
        """Whose call the operation under way is; None if it is nobody's: the owner of an account is at work."""
        return self._author

    def _leave(self, steps: list[Step], mark: int, outer: list[Step] | None) -> None:
        """Take back all but the first *mark* of *steps*; harmless if that was done already."""
        if outer is None:
            thread = get_ident()
            # Without notes nothing has been done. If it has come to its end, the next thread's turn may have come.
            if (self._inside.setdefault(0, thread) if steps else self._inside.get(0)) != thread:
                return
            self._steps, self._torn = None, steps
        _follow(steps, mark)
        if outer is None:
            self._inside.clear()
            self._torn = None

    def check_thread(self) -> None:
        """
        Make sure that no other thread is inside an operation, and that none is left half undone.

        Raises:
            ConcurrentUseError: if another thread is inside an operation.
        """
        thread = get_ident()
        if self._inside.get(0, thread) != thread or self._torn is not None:
            self._enter(thread)
            self._inside.clear()

    def _enter(self, thread: int) -> None:
        """Make *thread* the one that is inside, and finish what was left half undone."""
        other = self._inside.setdefault(0, thread)
        if other != thread:
            if self._is_inside(other):
                raise ConcurrentUseError(
                    f"thread {_name(thread)} came into a Cloud while thread {_name(other)} was inside an operation; "
                    "let threads take turns: hold one lock around each use, or give each thread a Cloud of its own"
                )
            # It was torn out by interrupts, or stayed behind in the parent of a forked process.
            self._torn = self._torn or self._steps
            self._inside[0] = thread
        if self._torn is not None:
            _follow(self._torn, 0)
            self._steps = self._torn = None

    def _is_inside(self, thread: int) -> bool:
        """Whether *thread* is running an operation of this world right now."""
        frame = sys._current_frames().get(thread)
        while frame is not None:
            if frame.f_code is Journal.run.__code__ and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False

    def note(self, step: Callable[..., object], *args: Any) -> None:
        """
        Note what takes back what is about to be done; outside an operation nothing is noted.

        Args:
            step: does no harm if it turns out that nothing was done, nor if it is called twice.
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

    def drop(self, mapping: dict[Key, Value], key: Key) -> None:
        """Delete ``mapping[key]`` where the order of the keys says nothing; taking it back may put it elsewhere."""
        self.note(mapping.__setitem__, key, mapping[key])
        del mapping[key]

    def append(self, items: list[Value], *values: Value) -> None:
        """Append *values* to *items*."""
        self.note(_shorten, items, len(items))
        items.extend(values)

    def assign(self, thing: object, name: str, value: object) -> None:
        """Set the attribute *name* of *thing*."""
        self.note(setattr, thing, name, getattr(thing, name))
        setattr(thing, name, value)


def _follow(steps: list[Step], mark: int) -> None:
    while len(steps) > mark:
        step, args = steps[-1]
        step(*args)
        del steps[-1]  # not before: a step that is interrupted is taken once more


def _name(thread: int) -> str:
    import threading  # only an error names threads

    names = {running.ident: running.name for running in threading.enumerate()}
    return f"'{names.get(thread, thread)}'"


def _refill(mapping: dict[Key, Value], before: dict[Key, Value]) -> None:
    mapping.clear()
    mapping.update(before)


def _shorten(items: list[Any], length: int) -> None:
    del items[length:]


def atomic(method: Method) -> Method:
    """
    Make *method*, of an object with a timekeeper ``time``, change everything or, if it raises, nothing.

    >>> from ec2roles import Timekeeper
    >>> class Shelf:
    ...     def __init__(self, time):
    ...         self.time, self.books = time, []
    ...
    ...     @atomic
    ...     def add(self, title):
    ...         self.time.journal.append(self.books, title)
    ...         if not title:
    ...             raise ValueError("a book has a title")
    >>> shelf = Shelf(Timekeeper())
    >>> shelf.add("")
    Traceback (most recent call last):
        ...
    ValueError: a book has a title
    >>> shelf.books
    []
    """

    @wraps(method)
    def whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.time.journal.run(method, self, *args, **kwargs)

    return cast(Method, whole)
