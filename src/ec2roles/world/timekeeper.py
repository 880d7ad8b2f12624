"""The `Timekeeper`: all objects of a Cloud share it, so every write has its place in one order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from ec2roles.errors import ClockError, Ec2RolesError
from ec2roles.instants import MICROSECOND, from_microseconds, iso_exact, to_microseconds, to_utc
from ec2roles.world.clock import Clock, ManualClock
from ec2roles.world.ids import SLOT_BITS, Ids, IssuedKey
from ec2roles.world.journal import Journal
from ec2roles.world.part import Part
from ec2roles.world.propagation import Propagation
from ec2roles.world.timeline import FIRST, LAST, Position, Timeline

Value = TypeVar("Value")

_LONGEST_LIFE = timedelta(hours=36) // MICROSECOND
"""The longest that any session lives: what GetSessionToken and GetFederationToken give at most."""

FORGOTTEN = object()
"""Stands for an issuer of credentials that has been forgotten."""

_Ended = tuple[int, Callable[..., object], tuple[Any, ...]]

# What changes at every call is set directly, without the check for fixed attributes (`Fixed`).
_set = object.__setattr__
# What every operation restores if it fails, as `Timekeeper._restore` takes it; read at every call, twice.
_COUNTERS = attrgetter("newest", "order", "ids.made")

EVERYWHERE = "*"
"""Stands for an account's id in a change that concerns all accounts of a Cloud."""

BEGIN_FAULT = "BeginFault"
CLEAR_FAULT = "ClearFault"
"""Not operations of AWS: a fault was planned, or called off."""


@attrs.frozen
class Change:
    """
    One write, as the history shows it.

    >>> time = Timekeeper()
    >>> position = time.write("CreateUser", "alice", account_id="123456789012")
    >>> [change.operation for change in time.changes]
    ['CreateUser']

    Args:
        position: where in time it stands.
        account_id: whose account it changed.
        operation: AWS's name for it, such as ``PutRolePolicy``.
        subject: the ARN or id of what changed.
        detail: a short phrase, or empty.
        caller: the ARN of whose call did it; None for the account's owner.
    """

    position: Position
    account_id: str
    operation: str
    subject: str
    detail: str = ""
    caller: str | None = None


def _propagation(value: Propagation | timedelta | None) -> Propagation | None:
    return Propagation.of(value)


def _clock(clock: Clock | None) -> Clock:
    return ManualClock() if clock is None else clock


# Nothing is checked or converted on assignment: nothing public can be assigned (`Fixed`).
@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP)
class Timekeeper(Part):
    """
    The clock, the order of writes, the ids and the issuers that all objects of one Cloud share.

    >>> time = Timekeeper()
    >>> time.now().isoformat()
    '2026-01-01T00:00:00+00:00'

    Args:
        clock: anything with ``now()``; a new `ManualClock` by default.
        seed: any int; the same seed and the same writes give the same ids, keys and secrets.
        remember: a timedelta; questions about longer ago raise `ClockError`. By default nothing is forgotten.
        propagation: how long changes in IAM take to be seen: a `Propagation`, or a timedelta, its maximum.
        faults: the `FaultPlan`, if there is one; it puts itself here.
    """

    clock: Clock = attrs.field(default=None, converter=_clock)
    seed: int = 0
    remember: timedelta | None = None
    propagation: Propagation | None = attrs.field(default=None, converter=_propagation)
    # Few worlds have faults. Their module is imported when the first one is planned, and stands above this one.
    faults: Any = attrs.field(init=False, repr=False, default=None)
    ids: Ids = attrs.field(init=False, repr=False)
    changes: deque[Change] = attrs.field(init=False, repr=False, factory=deque)
    order: int = attrs.field(init=False, repr=False, default=0)
    """The order of the newest write; 0 if there was none."""
    newest: int = attrs.field(init=False, repr=False, default=-(1 << 62))
    """The instant of the newest write, in microseconds; long before any clock's time if there was none."""
    _issuers: list[object] = attrs.field(init=False, repr=False, factory=list)
    _ended: deque[_Ended] = attrs.field(init=False, repr=False, factory=deque)
    _remembered: int | None = attrs.field(init=False, repr=False, default=None)
    _shown: object = attrs.field(init=False, repr=False, factory=object)
    _instant: int = attrs.field(init=False, repr=False, default=0)
    journal: Journal = attrs.field(init=False, repr=False)
    # The journal's: it is looked at whenever the clock is read.
    _inside: dict[int, int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not callable(getattr(self.clock, "now", None)):
            raise TypeError(f"a clock must have a method now(), got {type(self.clock).__name__}")
        if self.remember is not None:
            if not isinstance(self.remember, timedelta):
                raise TypeError(f"remember must be a timedelta, got {type(self.remember).__name__}")
            if self.remember < timedelta(days=1):
                raise ClockError(
                    f"remember must be at least a day, the life of credentials lies within it, got '{self.remember}'"
                )
            self._remembered = self.remember // MICROSECOND
        self.ids = Ids(self.seed)
        self.journal = Journal(self._restore, partial(_COUNTERS, self))
        self._inside = self.journal.inside

    def _restore(self, newest: int, order: int, made: int) -> None:
        _set(self, "newest", newest)
        _set(self, "order", order)
        self.ids.unmake(made)
        while self.changes and self.changes[-1].position[1] > order:
            self.changes.pop()

    def now(self) -> datetime:
        """Read the clock, once, and return the instant in UTC."""
        return to_utc(self.clock.now(), "clock.now()")

    def instant(self) -> int:
        """
        Read the clock, once, and return microseconds since 1970.

        Raises:
            ConcurrentUseError: if another thread is inside an operation.
        """
        if self._inside:
            self.journal.check_thread()
        shown = self.clock.now()
        # A datetime cannot change, so the same object means the same instant, and most questions come while a clock stands still.
        if shown is not self._shown:
            self._instant = to_microseconds(to_utc(shown, "clock.now()"))
            self._shown = shown
        return self._instant

    def write(
        self, operation: str, subject: str, *, account_id: str, detail: str = "", now: int | None = None
    ) -> Position:
        """
        Note a change, and return its position.

        Args:
            operation: AWS's name for the change.
            subject: the ARN or id of what changes.
            account_id: whose account changes.
            detail: a short phrase for the history.
            now: the instant in microseconds, if the caller has read the clock already.

        Raises:
            ClockError: if the clock shows a time before the last write; nothing has been noted then.
        """
        position = self.step(self.instant() if now is None else now)
        self.changes.append(Change(position, account_id, operation, subject, detail, self.journal.author))
        keep_from = self.keep_from(position[0])
        if keep_from is not None:
            while self.changes[0].position[0] < keep_from:
                self.journal.note(self._unforget, self.changes[0])
                self.changes.popleft()
        return position

    def _unforget(self, change: Change) -> None:
        if not self.changes or self.changes[0] is not change:
            self.changes.appendleft(change)

    def record(self, timeline: Timeline[Value], position: Position, value: Value) -> None:
        """
        Write *value* into *timeline* from *position* on, and forget what no longer needs to be remembered.

        Args:
            timeline: of a thing of this Cloud.
            position: as `write` returned it.
            value: the value from then on.
        """
        keep_from = self.keep_from(position[0])
        if keep_from is None:
            self.journal.note(timeline.shorten, len(timeline))
        else:
            self.journal.note(timeline.restore, *timeline.written())
        timeline.write(position, value, keep_from=keep_from)

    def step(self, now: int) -> Position:
        """Return the next position at the instant *now*, for something that is done but changes no timeline."""
        if now < self.newest:
            self.check_clock(now)
        order = self.order + 1
        _set(self, "newest", now)
        _set(self, "order", order)
        if self._ended:
            self._forget(now)
        return (now, order)

    # -- forgetting -------------------------------------------------------------------------------------------------

    def forget_later(self, now: int, forget: Callable[..., object], *args: Any) -> None:
        """
        Forget something that ended at *now*, once no question can be about it; does nothing if everything is remembered.

        Args:
            now: the instant in microseconds.
            forget: a method that forgets it; what it changes is noted in the journal.
            args: what it is called with.
        """
        if self._remembered is not None:
            ended = (now, forget, args)
            self.journal.note(self._take_back_ended, ended)
            self._ended.append(ended)

    def _forget(self, now: int) -> None:
        assert self._remembered is not None
        # A question may be about credentials that were issued long before the moment it is about.
        before = now - max(2 * self._remembered, self._remembered + _LONGEST_LIFE)
        while self._ended and self._ended[0][0] < before:
            ended = self._ended[0]
            self.journal.note(self._put_back_ended, ended)
            self._ended.popleft()
            _, forget, args = ended
            forget(*args)

    def _take_back_ended(self, ended: _Ended) -> None:
        if self._ended and self._ended[-1] is ended:
            self._ended.pop()

    def _put_back_ended(self, ended: _Ended) -> None:
        if not self._ended or self._ended[0] is not ended:
            self._ended.appendleft(ended)

    def forget_issuer(self, slot: int | None) -> None:
        """Forget who has *slot*. The slot is not given again, so a key from it is recognised as an old one."""
        if slot is not None:
            self.journal.note(self._issuers.__setitem__, slot, self._issuers[slot])
            self._issuers[slot] = FORGOTTEN

    def check_clock(self, now: int) -> None:
        """Raise `ClockError` if something was already done later than the instant *now*: then the clock went back."""
        if now < self.newest:
            raise ClockError(
                f"the clock went back: it shows {iso_exact(from_microseconds(now))}, "
                f"but something was done at {iso_exact(from_microseconds(self.newest))} already"
            )

    def as_of(self, at: datetime | None, *, now: int | None = None, name: str = "at") -> Position:
        """
        Return the position from which a question about *at* is answered: it sees every write up to that instant.

        Args:
            at: an aware datetime, not in the future; None for now.
            now: the instant in microseconds, if the caller has read the clock already.
            name: what errors call *at*.

        Raises:
            ClockError: if *at* is in the future, or further back than `remember`.
            NaiveDatetimeError: if *at* has no time zone.
        """
        if now is None:
            now = self.instant()
        if at is None:
            return (now, LAST)
        when = to_microseconds(to_utc(at, name))
        if when > now:
            raise ClockError(
                f"'{name}' is in the future: {iso_exact(to_utc(at))}, and the clock shows {iso_exact(from_microseconds(now))}"
            )
        if self._remembered is not None and when < now - self._remembered:
            raise ClockError(
                f"'{name}' is further back than this Cloud remembers: {iso_exact(to_utc(at))}, remember={self.remember}"
            )
        return (when, LAST)

    def delay_of(self, reader: str) -> int:
        """Return how long changes in IAM take until *reader* sees them, in microseconds (`Propagation`)."""
        return 0 if self.propagation is None else self.propagation.delay(reader, self.ids)

    def seen_by(self, reader: str, position: Position) -> Position:
        """Return the position whose IAM *reader* sees at *position*: the same one, if nothing is delayed."""
        if self.propagation is None:
            return position
        delay = self.propagation.delay(reader, self.ids)
        if not delay:
            return position
        return (position[0] - delay, FIRST if position[1] == FIRST else LAST)

    def keep_from(self, now: int) -> int | None:
        """Return the instant before which a write at *now* may forget, or None if nothing is ever forgotten."""
        # Twice as long as questions may reach back: what was true then can depend on credentials issued a while before.
        return None if self._remembered is None else now - 2 * self._remembered

    def horizon(self, now: int) -> int | None:
        """Return the earliest instant a question may be about, or None if nothing is forgotten."""
        return None if self._remembered is None else now - self._remembered

    def require_same(self, other: Timekeeper, what: str) -> None:
        """Raise `Ec2RolesError` if *other* is another timekeeper: then *what* belongs to another Cloud."""
        if other is not self:
            raise Ec2RolesError(
                f"{what} belongs to another Timekeeper (another Cloud); build all of them with the same one"
            )

    def add_issuers(self, issuers: list[object]) -> int:
        """
        Give each of *issuers* a slot of its own, in order, and return the first slot.

        Raises:
            Ec2RolesError: if there are more issuers than slots; none has been added then.
        """
        self.check_slots(len(issuers))
        first = len(self._issuers)
        self.journal.append(self._issuers, *issuers)
        return first

    def check_slots(self, count: int) -> None:
        """Raise `Ec2RolesError` if there are no slots for *count* more issuers."""
        first = len(self._issuers)
        if first + count > 1 << SLOT_BITS:
            raise Ec2RolesError(f"out of slots: {first} issuers of credentials, {count} more, at most {1 << SLOT_BITS}")

    @property
    def next_slot(self) -> int:
        """The slot that the next issuer will get."""
        return len(self._issuers)

    def issuer(self, slot: int) -> object | None:
        """Return the issuer of that slot, or None if nobody has it."""
        return self._issuers[slot] if slot < len(self._issuers) else None

    def issuer_of(self, access_key_id: str) -> tuple[object, IssuedKey] | None:
        """Return who could have issued *access_key_id* and what the id says, or None if nobody here could."""
        issued = self.ids.read_access_key_id(access_key_id)
        if issued is None or issued.slot >= len(self._issuers):
            return None
        return self._issuers[issued.slot], issued
