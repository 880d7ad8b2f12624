"""
What happened, in order: every change, every AssumeRole by EC2, every issue of credentials, every call.

Changes and calls were noted when they were made. EC2's calls of AssumeRole are worked out when the history is read, so it is
complete although nothing ran in the background, and a fleet costs nothing until somebody looks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, TypedDict, Unpack

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call, Response
from ec2roles.ec2.instance import Instance
from ec2roles.errors import ArgumentError, ClockError
from ec2roles.history.event import ASSUME, CALL, CHANGE, ISSUE, KINDS, Event, Events
from ec2roles.history.merged import ALWAYS, Stream, by_launch, merged
from ec2roles.history.recorded import Recorded
from ec2roles.history.streams import changes, issues_by_call, recorded_calls, refreshes
from ec2roles.iam.role import Role
from ec2roles.instants import EPOCH, iso, to_microseconds, to_utc
from ec2roles.services.registry import Registry
from ec2roles.sts.session import Session
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

_MOST_CALLS = 1_000_000_000


class Filters(TypedDict, total=False):
    """What narrows a history; see `History.events`."""

    instance: Instance | str | None
    role: Role | str | None
    kind: str | None
    since: datetime | None
    until: datetime | None
    after: Position | None


@attrs.define(eq=False, repr=False)
class History(Part):
    """
    The history of one account; iterate over it, or over `events` for a part.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> _ = account.s3.create_bucket("photos")
    >>> list(account.history)
    [<2026-01-01T00:00:00Z change CreateBucket arn:aws:s3:::photos>]

    Args:
        time: the Cloud's timekeeper.
        account_id: whose history it is.
        instances: the account's instances by id.
        keep_calls: how many calls are kept; None keeps all.
        region: of the account.
        registry: the operations of the account's calls.
    """

    time: Timekeeper
    account_id: str
    _instances: dict[str, Instance] = attrs.field(alias="instances")
    keep_calls: int | None = 10_000
    region: str = "us-east-1"
    registry: Registry = attrs.field(factory=Registry)
    _calls: deque[Recorded] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if self.keep_calls is not None:
            if isinstance(self.keep_calls, bool) or not isinstance(self.keep_calls, int):
                raise TypeError(f"keep_calls must be int or None, got {type(self.keep_calls).__name__}")
            if not 0 <= self.keep_calls <= _MOST_CALLS:
                raise ArgumentError(f"keep_calls must be 0 to {_MOST_CALLS}, or None, got {shown(self.keep_calls)}")
        self._calls = deque(maxlen=self.keep_calls)

    def record_call(self, call: Call, response: Response, caller: Session | None, operation: str | None = None) -> None:
        """Record *call*, its answer and the API's name of what was performed."""
        # What the call did may have read the clock again, and later than the call.
        time, now, calls = self.time, call.position[0], self._calls
        position = time.step(max(now, time.newest))
        recorded = Recorded(position, call, response, caller, operation)
        oldest = calls[0] if calls and len(calls) == self.keep_calls else None
        time.journal.note(self._take_back, recorded, oldest)
        calls.append(recorded)

    def _take_back(self, recorded: Recorded, oldest: Recorded | None) -> None:
        if self._calls and self._calls[-1] is recorded:
            self._calls.pop()
        if oldest is not None and (not self._calls or self._calls[0] is not oldest):
            self._calls.appendleft(oldest)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events())

    @property
    def position(self) -> Position:
        """Where in time the history ends now: ``events(after=position)`` gives what happens from here on."""
        return (self.time.instant(), self.time.order)

    @property
    def calls(self) -> Events:
        """The calls, oldest first; only the last `keep_calls` are kept."""
        return self.events(kind=CALL)

    def last(self, kind: str | None = None) -> Event | None:
        """
        Return the newest event, or the newest of a kind; None if there is none.

        >>> from ec2roles import Account
        >>> Account().history.last("call") is None
        True

        Raises:
            ArgumentError: for another kind.
        """
        events = self.events(kind=kind)
        return events[-1] if len(events) else None

    def to_records(self, **filters: Unpack[Filters]) -> list[dict[str, Any]]:
        """
        Return events as flat rows, as a table takes them: ``pandas.DataFrame(account.history.to_records(kind="call"))``.

        Args:
            filters: as for `events`.

        Raises:
            ArgumentError, InstanceError, ClockError: as for `events`.
        """
        return [event.to_dict() for event in self.events(**filters)]

    def events(
        self,
        *,
        instance: Instance | str | None = None,
        role: Role | str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: Position | None = None,
    ) -> Events:
        """
        Return what happened, oldest first, up to now.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> before = account.history.position
        >>> role = account.console.create_role("app")
        >>> [event.operation for event in account.history.events(after=before)]
        ['CreateRole', 'CreateInstanceProfile', 'AddRoleToInstanceProfile']

        Args:
            instance: an instance or its id: only what concerns it.
            role: a role, its name or its ARN: only what concerns it.
            kind: ``change``, ``assume``, ``issue`` or ``call``.
            since, until: aware datetimes; both ends are included.
            after: a `position` of the history: only what came later.

        Raises:
            ArgumentError: for another kind.
            TypeError: if *after* is no position.
            InstanceError: for an instance that this account does not have.
            ClockError: if *until* is in the future, or either is further back than the Cloud remembers.
        """
        # Not a generator itself: a mistake shows here, not where somebody iterates.
        if kind is not None and kind not in KINDS:
            raise ArgumentError(f"kind must be one of {', '.join(KINDS)}, got {shown(kind)}")
        start, end = self._window(since, until)
        instance_id = None
        if instance is not None:
            instance_id = instance.instance_id if isinstance(instance, Instance) else instance
            instance_id = self._instances[instance_id].instance_id
        if after is not None:
            check_position(after)
            # Nothing before its instant is worked out.
            start = after[0] if start is None else max(start, after[0])
        wanted = self._role_wanted(role)
        return Events(lambda: self._events(instance_id, wanted, kind, start, end, after))

    def _window(self, since: datetime | None, until: datetime | None) -> tuple[int | None, Position]:
        now = self.time.instant()
        # What is done later, at this same instant, has not happened yet.
        end = min(self.time.as_of(until, now=now, name="until"), (now, self.time.order))
        start = None if since is None else to_microseconds(to_utc(since, "since"))
        horizon = self.time.horizon(now)
        if horizon is not None:
            if start is not None and start < horizon:
                raise ClockError(
                    f"'since' is further back than this Cloud remembers: {iso(to_utc(since or EPOCH))}, "
                    f"remember={self.time.remember}"
                )
            start = horizon if start is None else start
        return start, end

    def _events(
        self,
        instance_id: str | None,
        wanted_role: Callable[[str | None], bool] | None,
        kind: str | None,
        start: int | None,
        end: Position,
        after: Position | None,
    ) -> Iterator[Event]:
        streams: list[Stream[Event]] = []
        if kind in (None, CHANGE):
            streams.append((ALWAYS, partial(changes, self.time, self.account_id, self._instances, start)))
        if kind in (None, CALL):
            streams.append((ALWAYS, partial(recorded_calls, self._calls, start)))
        if kind in (None, ISSUE):
            streams.append((ALWAYS, partial(issues_by_call, self._calls, start)))
        instances: Iterable[Instance] = ()
        if kind in (None, ASSUME, ISSUE):
            instances = self._instances.values() if instance_id is None else [self._instances[instance_id]]
        fetched = by_launch(instances, start, lambda instance: refreshes(instance, end, start, kind))
        for event in merged(chain(streams, fetched), position=attrgetter("position")):
            if event.position > end:
                return
            if (start is not None and event.position[0] < start) or (after is not None and event.position <= after):
                continue
            if instance_id is not None and event.instance_id != instance_id and not self._concerns(event, instance_id):
                continue
            if wanted_role is not None and not (wanted_role(event.role_arn) or wanted_role(event.subject)):
                continue
            yield event

    def to_cloudtrail(
        self, *, since: datetime | None = None, until: datetime | None = None, data_events: bool = False
    ) -> list[dict[str, Any]]:
        """
        Return what AWS CloudTrail would have recorded, oldest first, in the form of its records.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> role = account.console.create_role("app")
        >>> web = account.launch_instance("app")
        >>> [(record["eventName"], record["userIdentity"]["type"]) for record in account.history.to_cloudtrail()][3:]
        [('RunInstances', 'Root'), ('AssumeRole', 'AWSService'), ('AssumeRole', 'AWSService')]

        At a launch EC2 assumes the role twice, with two keys. What the owner of the account did here stands there as done by
        the root user, with as much of the parameters as the history keeps. Calls whose credentials were not accepted are in
        no trail. Secrets and session tokens are left out.

        Args:
            since, until: aware datetimes; both ends are included.
            data_events: whether calls on objects, and lists of objects, are in it; a trail leaves them out unless it is told.

        Raises:
            ClockError: as for `events`.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.history.cloudtrail.trail import Trail

        start, end = self._window(since, until)
        trail = Trail(
            self.time,
            self.account_id,
            self.region,
            self._instances,
            list(self._calls),
            registry=self.registry,
            data_events=data_events,
        )
        return trail.records(start, end)

    def _role_wanted(self, role: Role | str | None) -> Callable[[str | None], bool] | None:
        """Return what tells the ARN of the wanted role, or None if every role is wanted."""
        if role is None:
            return None
        if isinstance(role, Role):
            role = role.arn
        if not isinstance(role, str):
            raise TypeError(f"role must be a Role, its name or its ARN, got {type(role).__name__}")
        if role.startswith("arn:"):
            return lambda arn: arn == role
        # A name alone does not say the path.
        own, name = f"arn:aws:iam::{self.account_id}:role/", f"/{role}"
        return lambda arn: arn is not None and arn.startswith(own) and arn.endswith(name)

    def _concerns(self, event: Event, instance_id: str) -> bool:
        instance = self._instances.get(instance_id)
        return instance is not None and event.kind == CHANGE and event.subject == instance.hardware.reservation_id

    def __repr__(self) -> str:
        return f"<History of {self.account_id}: {len(self.time.changes)} changes, {len(getattr(self, '_calls', ()))} calls>"


def check_position(position: object) -> None:
    """Raise `TypeError` if *position* is not one: a pair of whole numbers."""
    if not (isinstance(position, tuple) and len(position) == 2 and all(type(number) is int for number in position)):
        raise TypeError(f"after must be a position of the history, a pair of int, got {type(position).__name__}")
