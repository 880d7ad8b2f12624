"""One thing that happened, and the view of many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, overload

import attrs

from ec2roles.errors import AwsError
from ec2roles.instants import from_microseconds, iso
from ec2roles.policy import Decision
from ec2roles.world.timeline import Position

CHANGE = "change"
ASSUME = "assume"
ISSUE = "issue"
CALL = "call"
KINDS = (CHANGE, ASSUME, ISSUE, CALL)


@attrs.frozen(repr=False)
class Event:
    """
    One thing that happened.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> web = account.launch_instance()
    >>> event = account.history.events()[-1]
    >>> event.operation, event.kind, event.ok
    ('RunInstances', 'change', True)

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
        action: the IAM action of a call: ``s3:ListAllMyBuckets``.
        access_key_id: the access key that signed a call, or that was issued.
        source: where the caller had the credentials from: ``env``, ``iam-role``; None if they were given by hand.
        source_ip: ``aws:SourceIp`` of a call.
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
    action: str | None = None
    access_key_id: str | None = None
    source: str | None = None
    source_ip: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened, aware and in UTC."""
        return from_microseconds(self.position[0])

    @property
    def ok(self) -> bool:
        """Whether it worked."""
        return self.error is None and (self.decision is None or self.decision.allowed)

    def to_dict(self) -> dict[str, Any]:
        """
        Return it as one flat row: text, numbers, an aware datetime, and None where there is nothing; never a secret.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> role = account.console.create_role("app")
        >>> row = account.history.last().to_dict()
        >>> row["at"].isoformat(), row["kind"], row["operation"], row["ok"], row["caller"]
        ('2026-01-01T00:00:00+00:00', 'change', 'AddRoleToInstanceProfile', True, None)
        """
        return {
            "at": self.at,
            "order": self.position[1],
            "kind": self.kind,
            "operation": self.operation,
            "action": self.action,
            "subject": self.subject,
            "instance_id": self.instance_id,
            "role_arn": self.role_arn,
            "caller": self.caller,
            "access_key_id": self.access_key_id,
            "source": self.source,
            "source_ip": self.source_ip,
            "ok": self.ok,
            "error": None if self.error is None else self.error.code,
            "outcome": None if self.decision is None else self.decision.outcome.value,
            "denied_by": None if self.decision is None else self.decision.denied_by,
            "detail": self.detail or None,
        }

    def __repr__(self) -> str:
        who = f" by {self.caller}" if self.caller else ""
        outcome = "" if self.ok else f" -> {self.error.code if self.error else 'refused'}"
        about = f" {self.subject}" if self.subject else ""
        return f"<{iso(self.at)} {self.kind} {self.operation}{about}{who}{outcome}>"


class Events(Sequence[Event]):
    """
    What happened up to the moment somebody asked. Iterating works each event out when its turn comes; `len` and an index
    work out all of them, once.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> user = account.create_user("alice")
    >>> [event.operation for event in account.history.events()]
    ['CreateUser']
    """

    __slots__ = ("_all", "_read")

    def __init__(self, read: Callable[[], Iterator[Event]]) -> None:
        self._read = read
        self._all: list[Event] | None = None

    def __iter__(self) -> Iterator[Event]:
        return self._read() if self._all is None else iter(self._all)

    def _list(self) -> list[Event]:
        if self._all is None:
            self._all = list(self._read())
        return self._all

    def __len__(self) -> int:
        return len(self._list())

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        return self._list()[index]

    def __repr__(self) -> str:
        return "<Events>" if self._all is None else f"<{len(self._all)} event{'' if len(self._all) == 1 else 's'}>"
