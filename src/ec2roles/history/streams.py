"""The events of one kind, oldest first: changes, calls and issues as they were noted, refreshes worked out now."""

from __future__ import annotations

from collections.abc import Container, Iterator, Reversible
from typing import Any

from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.refresh import EC2
from ec2roles.errors import AwsError
from ec2roles.history.event import ASSUME, CALL, CHANGE, ISSUE, Event
from ec2roles.history.merged import not_before
from ec2roles.history.recorded import Recorded
from ec2roles.instants import from_microseconds, iso
from ec2roles.sts.session import Session
from ec2roles.world.timekeeper import EVERYWHERE, Timekeeper
from ec2roles.world.timeline import LAST, Position


def changes(time: Timekeeper, account_id: str, instances: Container[str], start: int | None) -> Iterator[Event]:
    """
    Iterate over the changes of an account, oldest first.

    Args:
        time: the Cloud's timekeeper, which noted them.
        account_id: whose changes.
        instances: the ids of the account's instances.
        start: an instant in microseconds; None for all.
    """
    for change in not_before(time.changes, start):
        if change.account_id in (account_id, EVERYWHERE):
            is_instance = change.subject in instances
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


def recorded_calls(calls: Reversible[Recorded], start: int | None) -> Iterator[Event]:
    """Iterate over the calls that were recorded, from the instant *start* on, or over all."""
    for recorded in not_before(calls, start):
        call, caller, response = recorded.call, recorded.caller, recorded.response
        yield Event(
            recorded.position,
            CALL,
            recorded.operation_name,
            call.resource,
            instance_id=call.sender or _instance_of(caller),
            role_arn=None if caller is None else caller.role_arn,
            caller=recorded.by,
            decision=response.decision,
            error=response.error,
            action=call.action,
            access_key_id=getattr(call.credentials, "access_key_id", None),
            source=call.source,
            source_ip=call.context.get("aws:SourceIp"),
        )


def issues_by_call(calls: Reversible[Recorded], start: int | None) -> Iterator[Event]:
    """Iterate over the credentials that recorded calls returned, from the instant *start* on, or over all."""
    for recorded in not_before(calls, start):
        value = recorded.response.value
        if isinstance(value, Credentials):
            yield Event(
                recorded.position,
                ISSUE,
                recorded.operation_name,
                value.access_key_id,
                role_arn=recorded.call.resource,
                caller=recorded.by,
                detail=_life(value.expiration),
                access_key_id=value.access_key_id,
            )


def refreshes(instance: Instance, end: Position, since: int | None, kind: str | None) -> Iterator[Event]:
    """
    Iterate over what EC2 did for an instance: it assumed the role, and got credentials if that was allowed.

    Nothing of this was noted when it happened; it is worked out here, from the timelines of instance, profile and role.

    Args:
        instance: the instance.
        end: the last position that counts.
        since: the first instant that counts, in microseconds; None for the launch.
        kind: ``assume`` or ``issue`` for these alone; None for both.
    """
    for fetch in instance.role_credentials.fetches((end[0], LAST), since):
        role_arn = None if fetch.role is None else fetch.role.arn
        if kind in (None, ASSUME):
            yield Event(
                fetch.position,
                ASSUME,
                "AssumeRole",
                role_arn or fetch.profile.arn,
                instance_id=instance.instance_id,
                role_arn=role_arn,
                caller=EC2,
                decision=fetch.decision,
                error=None if fetch.ok else AwsError(fetch.problem or "", code=fetch.problem),
            )
        if fetch.ok and kind in (None, ISSUE):
            key_id = instance.role_credentials.access_key_id(fetch.ordinal)
            yield Event(
                fetch.position,
                ISSUE,
                "AssumeRole",
                key_id,
                instance_id=instance.instance_id,
                role_arn=role_arn,
                caller=EC2,
                detail=_life(from_microseconds(fetch.expires)),
                access_key_id=key_id,
            )


def _instance_of(caller: Session | None) -> str | None:
    if caller is None or caller.role_arn is None:
        return None
    name = caller.arn.rpartition("/")[2]
    return name if name.startswith("i-") else None


def _life(expiration: Any) -> str:
    return "" if expiration is None else f"until {iso(expiration)}"
