"""The tie between an instance and an instance profile, and all that can change about an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ec2roles.ec2.attributes import InstanceAttributes
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.metadata import host
from ec2roles.metadata.options import MetadataOptions
from ec2roles.world.ids import SLOT_BITS, Ids
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.metadata.notices import Notices

RUNNING = host.RUNNING
STOPPED = "stopped"
TERMINATED = "terminated"

# What AWS answers while one of these is on its way; nothing stays in such a state here.
PENDING = "pending"
STOPPING = "stopping"
SHUTTING_DOWN = "shutting-down"

ASSOCIATING = "associating"
ASSOCIATED = "associated"
DISASSOCIATING = "disassociating"


@attrs.frozen(eq=False)
class Association:
    """
    One association of an instance with a profile; replacing the profile makes another one.

    It holds the profile itself, so a profile deleted and made again under the same name is another profile. All instances of
    one launch share the first one; `associations.association_id` tells them apart.

    Args:
        profile: the instance profile.
        since: where in time it was made.
        effective: from when on the instance has it, in microseconds: until then it is ``associating``.
    """

    profile: InstanceProfile
    since: Position
    effective: int


@attrs.frozen(eq=False)
class Epoch:
    """
    A stretch of time in which an instance's credentials are fetched from one start.

    A new association and a start of the instance begin one; stop, detach and terminate end it.

    Args:
        start: the position of the forced fetch: it sees every write before it.
        first_ordinal: the number of that fetch among all fetches of the instance.
    """

    start: Position
    first_ordinal: int


@attrs.frozen(eq=False)
class InstanceRecord:
    """
    Everything about an instance that can change, at one moment. The instances of one launch share one until they differ.

    Args:
        state: ``running``, ``stopped`` or ``terminated``.
        association: the instance profile it has, or None.
        options: its metadata options.
        attributes: its type, its protection and the like.
        epoch: how its credentials are being fetched, or None while they are not.
        next_ordinal: the number of the next forced fetch, while there is no epoch.
        boots: how often it has been started; metadata tokens die with a stop.
        tags: pairs of key and value.
        user_data: what was given at launch or set while it was stopped, or None.
        hibernated: whether it is stopped with its memory kept.
        booted: when it was last started, in microseconds; None for the launch itself.
        notices: what has been announced to it, or None.
    """

    state: str
    association: Association | None
    options: MetadataOptions
    attributes: InstanceAttributes
    epoch: Epoch | None = None
    next_ordinal: int = 0
    boots: int = 1
    tags: tuple[tuple[str, str], ...] = ()
    user_data: bytes | None = None
    hibernated: bool = False
    booted: int | None = None
    notices: Notices | None = None

    @property
    def profile(self) -> InstanceProfile | None:
        """The instance profile it has, or None."""
        return None if self.association is None else self.association.profile

    @property
    def associated(self) -> int:
        """When it was given the profile, in microseconds; 0 without one."""
        return 0 if self.association is None else self.association.since[0]

    @property
    def instance_type(self) -> str:
        """Such as ``t3.micro``."""
        return self.attributes.instance_type


def association_id(ids: Ids, association: Association, slot: int) -> str:
    """
    Return the id of *association*, ``iip-assoc-0...``, for the instance of that slot.

    It follows from where in time the association was made, so none is stored, and whose it is can be read from it.
    """
    # No two writes of a Cloud have the same order, and no two of its instances the same slot.
    return ids.resource_id("iip-assoc", association.since[1] << SLOT_BITS | slot)


def read_association_id(ids: Ids, text: str) -> tuple[int, int] | None:
    """Return the order of the write that made the association of that id and the slot of its instance, or None."""
    number = ids.read_resource_id("iip-assoc", text)
    return None if number is None else (number >> SLOT_BITS, number & (1 << SLOT_BITS) - 1)
