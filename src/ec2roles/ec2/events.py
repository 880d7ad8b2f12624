"""How AWS, or a test in its place, announces to an instance: interruptions, rebalancing, maintenance, autoscaling."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.ec2.association import RUNNING
from ec2roles.ec2.changes import Changes
from ec2roles.ec2.records import Records
from ec2roles.ec2.role_credentials import RoleCredentials
from ec2roles.ec2.state import InstanceState
from ec2roles.errors import InstanceError
from ec2roles.instants import MICROSECOND, to_microseconds, to_utc
from ec2roles.metadata.notices import ACTIVE, Notices, ScheduledEvent
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper

SPOT_ACTIONS = ("hibernate", "stop", "terminate")
LIFECYCLE_STATES = (
    "Detached",
    "InService",
    "Standby",
    "Terminated",
    "Warmed:Hibernated",
    "Warmed:Running",
    "Warmed:Stopped",
    "Warmed:Terminated",
)
EVENT_CODES = ("instance-reboot", "system-reboot", "system-maintenance", "instance-retirement", "instance-stop")
COMPLETED = "completed"
CANCELED = "canceled"

_WARNING = timedelta(minutes=2) // MICROSECOND
_DESCRIPTIONS = {
    "instance-reboot": "scheduled reboot",
    "system-reboot": "scheduled reboot",
    "system-maintenance": "scheduled maintenance",
    "instance-retirement": "scheduled retirement",
    "instance-stop": "scheduled stop",
}


@attrs.define(eq=False, repr=False)
class NoticeBoard(Part):
    """
    What AWS, or a test in its place, announces to one instance.

    Nothing is done to the instance at the announced time: do it yourself, with `Instance.terminate` and the like.

    >>> from ec2roles import Account
    >>> web = Account().launch_instance(instance_life_cycle="spot")
    >>> web.notices.set_spot_action("terminate")
    >>> web.metadata.get("/latest/meta-data/spot/instance-action").body
    '{"action": "terminate", "time": "2026-01-01T00:02:00Z"}'

    Args:
        instance: whose notices they are.
    """

    _instance: InstanceState = attrs.field(alias="instance")

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return RoleCredentials(self._instance).time

    @atomic
    def set_spot_action(self, action: str | None, *, at: datetime | None = None) -> None:
        """
        Mark a Spot instance for interruption: ``spot/instance-action`` and ``spot/termination-time``.

        Args:
            action: ``hibernate``, ``stop`` or ``terminate``; None takes the mark off.
            at: when it will be done; in two minutes by default, for ``hibernate`` now.

        Raises:
            InstanceError: if it is no Spot instance, or does not run.
        """
        host = RoleCredentials(self._instance)
        if host.hardware.instance_life_cycle != "spot":
            raise InstanceError(
                f"The instance '{host.instance_id}' is not a Spot Instance.",
                detail='launch it with instance_life_cycle="spot"',
            )
        if action is None:
            self._announce("SpotInterruptionCleared", "", spot_action=None)
            return
        _check("action", action, SPOT_ACTIONS)
        if at is not None:
            when = to_microseconds(to_utc(at, "at"))
        else:
            when = self.time.instant() + (0 if action == "hibernate" else _WARNING)
        self._announce("SpotInterruptionWarning", action, spot_action=(action, when))

    @atomic
    def set_lifecycle_state(self, state: str | None) -> None:
        """
        Set ``autoscaling/target-lifecycle-state``.

        Args:
            state: such as ``InService``; None outside an Auto Scaling group.

        Raises:
            InstanceError: if there is no such state, or the instance does not run.
        """
        if state is not None:
            _check("state", state, LIFECYCLE_STATES)
        self._announce("TargetLifecycleState", state or "none", lifecycle_state=state)

    @atomic
    def recommend_rebalance(self) -> None:
        """Emit a rebalance recommendation now: ``events/recommendations/rebalance``."""
        self._announce("RebalanceRecommendation", "", rebalance=self.time.instant())

    @atomic
    def schedule_event(self, code: str, *, not_before: datetime, not_after: datetime, description: str = "") -> str:
        """
        Schedule maintenance: ``events/maintenance/scheduled``. Return the event's id.

        Args:
            code: ``instance-reboot``, ``system-reboot``, ``system-maintenance``, ``instance-retirement``, ``instance-stop``.
            not_before, not_after: when it happens.
            description: a short text; AWS's usual one by default.

        Raises:
            InstanceError: for an unknown code, or an end before the beginning.
        """
        _check("code", code, EVENT_CODES)
        start = to_microseconds(to_utc(not_before, "not_before"))
        end = to_microseconds(to_utc(not_after, "not_after"))
        if end < start:
            raise InstanceError("Invalid value for notAfter", detail=f"not_after '{not_after}' is before not_before")
        event_id = self.time.ids.resource_id("instance-event")
        event = ScheduledEvent(event_id, code, description or _DESCRIPTIONS[code], start, end)
        self._announce("ScheduledEvent", f"{code} {event_id}", events=(*self._notices().events, event))
        return event_id

    @atomic
    def end_event(self, event_id: str, *, state: str = COMPLETED) -> None:
        """
        Move an event from ``scheduled`` to ``history``.

        Args:
            event_id: what `schedule_event` returned.
            state: ``completed`` or ``canceled``.

        Raises:
            InstanceError: if no such event is scheduled.
        """
        _check("state", state, (COMPLETED, CANCELED))
        events = self._notices().events
        if not any(event.event_id == event_id and event.state == ACTIVE for event in events):
            raise InstanceError(f"The event {shown(event_id)} does not exist", detail="no such event is scheduled")
        ended = tuple(attrs.evolve(event, state=state) if event.event_id == event_id else event for event in events)
        self._announce("ScheduledEvent", f"{state} {event_id}", events=ended)

    def _notices(self) -> Notices:
        """What has been announced so far, to an instance to which something can be announced."""
        record = Records(self._instance).last
        if record.state != RUNNING:
            raise InstanceError(
                "The instance is not in the 'running' state.",
                code="IncorrectInstanceState",
                detail=f"nothing can be announced to it: it is {record.state}",
            )
        return Notices() if record.notices is None else record.notices

    def _announce(self, operation: str, detail: str, **changes: Any) -> None:
        Changes(self._instance).announce(operation, detail, attrs.evolve(self._notices(), **changes))


def _check(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InstanceError(
            f"Invalid value for {name}: {value}",
            detail=f"{name} must be one of {', '.join(allowed)}, got {shown(value)}",
        )
