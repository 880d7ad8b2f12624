"""What one instance keeps in memory; everything else about it is worked out, by parts that are made when they are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.launch import Launch
from ec2roles.metadata.host import Served
from ec2roles.metadata.metrics import NO_METRICS, MetadataMetrics
from ec2roles.world.part import Part
from ec2roles.world.timeline import Timeline

if TYPE_CHECKING:
    from ec2roles.wiring import Programs


class InstanceState(Part):
    """
    The memory of an `Instance`, which its parts share: `Records`, `Changes`, `RoleCredentials` and its programs.

    The parts are views of it and keep nothing themselves, so a fleet pays for them only while they are looked at. They
    read its private attributes, and nobody else does. Ten thousand instances of one launch share the launch and, until
    one of them differs, the timeline of their states.
    """

    # No public attribute is stored, so there is none to guard; and launches are quick.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__
        __delattr__ = object.__delattr__

    __slots__ = ("__weakref__", "_instance_id", "_launch", "_metrics", "_programs", "_served", "_slot", "_states")

    _instance_id: str
    _slot: int
    _launch: Launch
    # Shared with the launch until this instance differs from the others.
    _states: Timeline[InstanceRecord]
    # What the metadata showed last, and for how long that stays so: a memory only, no answer depends on it.
    _served: Served | None
    _metrics: MetadataMetrics
    # What runs on it, once something has.
    _programs: Programs | None

    def _settle(self, launch: Launch, slot: int) -> None:
        self._instance_id = launch.time.ids.resource_id("i", slot)
        self._slot = slot
        self._launch = launch
        self._states = launch.states
        self._served = None
        self._metrics = NO_METRICS
        self._programs = None
