"""
What happened, in order: every change, every assume by EC2, every issue of credentials, every call.

Changes and calls were noted when they were made. The assumes are worked out when the history is read, so it is complete
although nothing ran in the background, and a fleet costs nothing until somebody looks.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call, Response
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.refresh import EC2
from ec2roles.errors import AccessDeniedError, ArgumentError, AwsError, ClockError
from ec2roles.iam.role import Role
from ec2roles.instants import EPOCH, from_microseconds, iso, to_microseconds, to_utc
from ec2roles.policy import Decision
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.session import Session
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import BEGIN_FAULT, CLEAR_FAULT, EVERYWHERE, Timekeeper
from ec2roles.world.timeline import LAST, Position

CHANGE = "change"
ASSUME = "assume"
ISSUE = "issue"
CALL = "call"
KINDS = (CHANGE, ASSUME, ISSUE, CALL)
_MOST_CALLS = 1_000_000_000


@attrs.frozen(repr=False)
class Event:
    """
    One thing that happened.

    Args:
        position: where in time it stands.
        kind: ``change``, ``assume``, ``issue`` or ``call``.
        operation: AWS's name for it: ``AssumeRole``, ``PutRolePolicy``, ``ListBuckets``.
        subject: what it was about: an ARN or an id.
        instance_id: the instance it concerns, or None.
        role_arn: the role it concerns, or None.
        caller: the ARN of who did it; None for the account's owner at the keyboard.
        decision: how it was decided, where something was.
        error: what AWS answered, if it failed.
        detail: a short phrase.
    """

    position: Position
    kind: str
    operation: str
    subject: str | None = None
    instance_id: str | None = None
    role_arn: str | None = None
    caller: str | None = None
    decision: Decision | None = attrs.field(default=None, eq=False)
    error: AwsError | None = attrs.field(default=None, eq=False)
    detail: str = ""

    @property
    def at(self) -> datetime:
        """When it happened, aware and in UTC."""
        return from_microseconds(self.position[0])

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.error is None and (self.decision is None or self.decision.allowed)

    def __repr__(self) -> str:
        who = f" by {self.caller}" if self.caller else ""
        outcome = "" if self.ok else f" -> {self.error.code if self.error else 'refused'}"
        about = f" {self.subject}" if self.subject else ""
        return f"<{iso(self.at)} {self.kind} {self.operation}{about}{who}{outcome}>"


@attrs.frozen(eq=False)
class _Recorded:
    position: Position
    call: Call
    response: Response
    caller: Session | None


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
    """

    time: Timekeeper
    account_id: str
    _instances: dict[str, Instance] = attrs.field(alias="instances")
    keep_calls: int | None = 10_000
    region: str = "us-east-1"
    _calls: deque[_Recorded] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if self.keep_calls is not None:
            if isinstance(self.keep_calls, bool) or not isinstance(self.keep_calls, int):
                raise TypeError(f"keep_calls must be int or None, got {type(self.keep_calls).__name__}")
            if not 0 <= self.keep_calls <= _MOST_CALLS:
                raise ArgumentError(f"keep_calls must be 0 to {_MOST_CALLS}, or None, got {shown(self.keep_calls)}")
        self._calls = deque(maxlen=self.keep_calls)

    def record_call(self, call: Call, response: Response, caller: Session | None) -> None:
        """Take down *call* and its answer."""
        # What the call did may have read the clock again, and later than the call.
        position = self.time.step(max(call.position[0], self.time.newest))
        recorded = _Recorded(position, call, response, caller)
        oldest = self._calls[0] if self._calls and len(self._calls) == self.keep_calls else None
        self.time.journal.note(self._take_back, recorded, oldest)
        self._calls.append(recorded)

    def _take_back(self, recorded: _Recorded, oldest: _Recorded | None) -> None:
        if self._calls and self._calls[-1] is recorded:
            self._calls.pop()
        if oldest is not None and (not self._calls or self._calls[0] is not oldest):
            self._calls.appendleft(oldest)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def events(
        self,
        *,
        instance: Instance | str | None = None,
        role: Role | str | None = None,
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Event]:
        """
        Iterate over what happened, oldest first, up to now.

        Args:
            instance: an instance or its id: only what concerns it.
            role: a role, its name or its ARN: only what concerns it.
            kind: ``change``, ``assume``, ``issue`` or ``call``.
            since, until: aware datetimes; both ends are included.

        Raises:
            ArgumentError: for another kind.
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
        return self._events(instance_id, self._role_wanted(role), kind, start, end)

    def _window(self, since: datetime | None, until: datetime | None) -> tuple[int | None, Position]:
        now = self.time.instant()
        end = self.time.as_of(until, now=now, name="until")
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
    ) -> Iterator[Event]:
        streams: list[Iterable[Event]] = []
        if kind in (None, CHANGE):
            streams.append(self._changes())
        if kind in (None, CALL):
            streams.append(self._recorded_calls())
        if kind in (None, ISSUE):
            streams.append(self._stored_issues())
        if kind in (None, ASSUME, ISSUE):
            wanted = self._instances.values() if instance_id is None else [self._instances[instance_id]]
            streams.extend(self._fetches(one, end, start, kind) for one in wanted)
        for event in heapq.merge(*streams, key=lambda event: event.position):
            if event.position > end:
                return
            if start is not None and event.position[0] < start:
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
        >>> [(record["eventName"], record["userIdentity"]["type"]) for record in account.history.to_cloudtrail()][2:]
        [('AddRoleToInstanceProfile', 'Root'), ('RunInstances', 'Root'), ('AssumeRole', 'AWSService')]

        What the owner of the account did here stands there as done by the root user. Calls whose credentials were not
        accepted are in no trail. Secrets and session tokens are left out.

        Args:
            since, until: aware datetimes; both ends are included.
            data_events: whether calls on single objects are in it; a trail leaves them out unless it is told.

        Raises:
            ClockError: as for `events`.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.history import cloudtrail

        start, end = self._window(since, until)
        ids = self.time.ids

        def changes() -> Iterator[tuple[Position, dict[str, Any]]]:
            for change in list(self.time.changes):
                planned = change.operation in (BEGIN_FAULT, CLEAR_FAULT)  # what goes wrong is nobody's call
                if change.account_id == self.account_id and change.caller is None and not planned:
                    yield change.position, cloudtrail.change_record(ids, change, self.region)

        def calls() -> Iterator[tuple[Position, dict[str, Any]]]:
            for one in list(self._calls):
                service, _, action = one.call.action.partition(":")
                is_data = cloudtrail.is_data_event(service, one.call.operation or action)
                by = _who(one)
                unheard = one.response.error is not None and one.response.error.status == 503  # STS was down
                if unheard:
                    continue
                if one.caller is None and by is not None:
                    yield one.position, service_record(one, by)
                if one.caller is not None and (data_events or not is_data):
                    yield (
                        one.position,
                        cloudtrail.call_record(
                            ids,
                            position=one.position,
                            call=one.call,
                            response=one.response,
                            caller=one.caller,
                            account_id=self.account_id,
                            region=self.region,
                        ),
                    )

        def service_record(one: _Recorded, service: str) -> dict[str, Any]:
            issued = one.response.value if isinstance(one.response.value, Credentials) else None
            expiration = None if issued is None else issued.expiration
            return cloudtrail.assume_record(
                ids,
                position=one.position,
                region=self.region,
                account_id=self.account_id,
                service=service,
                role_arn=one.call.resource or "",
                session_name=one.call.parameters["session_name"],
                access_key_id=None if issued is None else issued.access_key_id,
                expires=0 if expiration is None else to_microseconds(expiration),
                error=one.response.error,
            )

        def assumes(instance: Instance) -> Iterator[tuple[Position, dict[str, Any]]]:
            for fetch in instance.fetches((end[0], LAST), start):
                if fetch.role is not None and fetch.decision is not None:  # else STS was not asked, or did not hear it
                    yield (
                        fetch.position,
                        cloudtrail.assume_record(
                            ids,
                            position=fetch.position,
                            region=instance.hardware.region,
                            account_id=self.account_id,
                            service=EC2,
                            role_arn=fetch.role.arn,
                            session_name=instance.instance_id,
                            access_key_id=instance.access_key_id(fetch.ordinal) if fetch.ok else None,
                            expires=fetch.expires,
                            error=None if fetch.ok else AccessDeniedError(fetch.decision.message),
                        ),
                    )

        streams = [changes(), calls(), *(assumes(instance) for instance in self._instances.values())]
        merged = heapq.merge(*streams, key=lambda one: one[0])
        return [record for position, record in merged if position <= end and (start is None or position[0] >= start)]

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

    def _changes(self) -> Iterator[Event]:
        for change in list(self.time.changes):
            if change.account_id in (self.account_id, EVERYWHERE):
                is_instance = change.subject in self._instances
                yield Event(
                    change.position,
                    CHANGE,
                    change.operation,
                    change.subject,
                    instance_id=change.subject if is_instance else None,
                    role_arn=change.subject if ":role/" in change.subject else None,
                    caller=change.caller,
                    detail=change.detail,
                )

    def _recorded_calls(self) -> Iterator[Event]:
        for recorded in list(self._calls):
            call, caller = recorded.call, recorded.caller
            yield Event(
                recorded.position,
                CALL,
                call.operation or call.action.partition(":")[2],
                call.resource,
                instance_id=call.sender or _instance_of(caller),
                role_arn=None if caller is None else caller.role_arn,
                caller=_who(recorded),
                decision=recorded.response.decision,
                error=recorded.response.error,
                detail=call.action,
            )

    def _stored_issues(self) -> Iterator[Event]:
        for recorded in list(self._calls):
            value = recorded.response.value
            if isinstance(value, Credentials):
                yield Event(
                    recorded.position,
                    ISSUE,
                    recorded.call.action.partition(":")[2],
                    value.access_key_id,
                    role_arn=recorded.call.resource,
                    caller=_who(recorded),
                    detail=_life(value.expiration),
                )

    def _fetches(self, instance: Instance, end: Position, since: int | None, kind: str | None) -> Iterator[Event]:
        slot_mark = instance.instance_id
        for fetch in instance.fetches((end[0], LAST), since):
            role_arn = None if fetch.role is None else fetch.role.arn
            if kind in (None, ASSUME):
                yield Event(
                    fetch.position,
                    ASSUME,
                    "AssumeRole",
                    role_arn or fetch.profile.arn,
                    instance_id=slot_mark,
                    role_arn=role_arn,
                    caller=EC2,
                    decision=fetch.decision,
                    error=None if fetch.ok else AwsError(fetch.problem or "", code=fetch.problem),
                )
            if fetch.ok and kind in (None, ISSUE):
                yield Event(
                    fetch.position,
                    ISSUE,
                    "AssumeRole",
                    instance.access_key_id(fetch.ordinal),
                    instance_id=slot_mark,
                    role_arn=role_arn,
                    caller=EC2,
                    detail=_life(from_microseconds(fetch.expires)),
                )

    def __repr__(self) -> str:
        return f"<History of {self.account_id}: {len(self.time.changes)} changes, {len(getattr(self, '_calls', ()))} calls>"


def _who(recorded: _Recorded) -> str | None:
    """Return the ARN of who made a call; an AWS service that assumed a role has no session, but a name."""
    if recorded.caller is not None:
        return recorded.caller.arn
    # The places where credentials come from have names without a dot.
    source = recorded.call.source
    return source if source is not None and "." in source else None


def _instance_of(caller: Session | None) -> str | None:
    if caller is None or caller.role_arn is None:
        return None
    name = caller.arn.rpartition("/")[2]
    return name if name.startswith("i-") else None


def _life(expiration: Any) -> str:
    return "" if expiration is None else f"until {iso(expiration)}"
