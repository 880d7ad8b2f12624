"""What EC2 has on record about one instance: its states over time, its associations, and the facts of its launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles.ec2.association import ASSOCIATED, ASSOCIATING, Association, InstanceRecord, association_id
from ec2roles.ec2.state import InstanceState
from ec2roles.world.part import Part
from ec2roles.world.timeline import Position


class Records(Part):
    """
    What EC2 has on record about one instance; a view, made when somebody asks.

    >>> from ec2roles import Account
    >>> web = Account().launch_instance()
    >>> web.stop()
    >>> Records(web).last.state, Records(web).hibernation
    ('stopped', False)

    Args:
        instance: whose records they are.
    """

    __slots__ = ("_instance",)

    # It stores no public attribute, so there is none to guard.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__

    def __init__(self, instance: InstanceState) -> None:
        self._instance = instance

    @property
    def hibernation(self) -> bool:
        """Whether it can be hibernated."""
        return self._instance._launch.hibernation

    @property
    def client_token(self) -> str:
        """The ClientToken of its launch, or nothing."""
        return self._instance._launch.client_token

    @property
    def last(self) -> InstanceRecord:
        """All that can change about it, as it is now."""
        return self._instance._states.last

    def written_at(self, position: Position) -> InstanceRecord | None:
        """Return what had been written about it as of *position*: an association shows before it takes effect."""
        return self._instance._states.at(position)

    @property
    def state_since(self) -> Position:
        """Where in time it came into the state that it is in, as far back as the Cloud remembers."""
        states = self._instance._states
        since = states.last_position
        for position, record in reversed(list(states.spans())):
            if record.state != states.last.state:
                break
            since = position
        return since

    def association_id(self, record: InstanceRecord) -> str | None:
        """Return the id of the association that it had with the profile in *record*, or None."""
        association = record.association
        if association is None:
            return None
        return association_id(self._instance._launch.time.ids, association, self._instance._slot)

    @property
    def association_state(self) -> str | None:
        """``associating`` or ``associated``, or None without an instance profile."""
        association = self.last.association
        if association is None:
            return None
        return ASSOCIATED if self._instance._launch.time.instant() >= association.effective else ASSOCIATING

    def association_made(self, order: int) -> Association | None:
        """Return the association that the write of that order made, if it was one of this instance; else None."""
        for _, record in self._instance._states.spans():
            if record.association is not None and record.association.since[1] == order:
                return record.association
        return None
