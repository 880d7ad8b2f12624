"""What can be announced to an instance through its metadata, and the documents that say so."""

from __future__ import annotations

import attrs

from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.text import document, gmt

ACTIVE = "active"


@attrs.frozen(eq=False)
class ScheduledEvent:
    """
    One maintenance event.

    Args:
        event_id: ``instance-event-0...``.
        code: such as ``system-reboot``.
        description: a short text.
        not_before, not_after: when it happens, in microseconds.
        state: ``active``, ``completed`` or ``canceled``.
    """

    event_id: str
    code: str
    description: str
    not_before: int
    not_after: int
    state: str = ACTIVE

    def text(self) -> str:
        """Return it as the metadata shows it."""
        mark = "" if self.state == ACTIVE else f"[{self.state.capitalize()}] "
        return document([
            ("NotBefore", gmt(from_microseconds(self.not_before))),
            ("Code", self.code),
            ("Description", mark + self.description),
            ("EventId", self.event_id),
            ("NotAfter", gmt(from_microseconds(self.not_after))),
            ("State", self.state),
        ])  # fmt: skip


@attrs.frozen(eq=False)
class Notices:
    """
    All that is announced to an instance at one moment.

    Args:
        lifecycle_state: ``autoscaling/target-lifecycle-state``, or None outside an Auto Scaling group.
        spot_action: what will be done to a Spot instance, and when in microseconds; None until it is marked.
        rebalance: when a rebalance was recommended, in microseconds; None if it was not.
        events: maintenance, oldest first.
    """

    lifecycle_state: str | None = None
    spot_action: tuple[str, int] | None = None
    rebalance: int | None = None
    events: tuple[ScheduledEvent, ...] = ()

    def spot_document(self) -> str | None:
        """Return ``spot/instance-action``."""
        if self.spot_action is None:
            return None
        action, when = self.spot_action
        return f'{{"action": "{action}", "time": "{iso(from_microseconds(when))}"}}'

    def termination_time(self) -> str | None:
        """Return ``spot/termination-time``, which knows terminations only."""
        if self.spot_action is None or self.spot_action[0] != "terminate":
            return None
        return iso(from_microseconds(self.spot_action[1]))

    def rebalance_document(self) -> str | None:
        """Return ``events/recommendations/rebalance``."""
        return None if self.rebalance is None else f'{{"noticeTime": "{iso(from_microseconds(self.rebalance))}"}}'


def maintenance_documents(notices: Notices | None) -> dict[str, str]:
    """Return ``events/maintenance/history`` and ``scheduled``."""
    events = () if notices is None else notices.events
    return {
        "history": _listed([event for event in events if event.state != ACTIVE]),
        "scheduled": _listed([event for event in events if event.state == ACTIVE]),
    }


def _listed(events: list[ScheduledEvent]) -> str:
    return f"[ {', '.join(event.text() for event in events)} ]" if events else "[]"
