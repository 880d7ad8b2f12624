"""One look at the metadata of one instance: the instance, its state, the moment, and which version asks."""

from __future__ import annotations

from typing import Protocol

import attrs

from ec2roles.credentials import Credentials
from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.hardware import Hardware
from ec2roles.ec2.refresh import Fetch, Fetcher
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import InstanceError
from ec2roles.iam.role import Role
from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.metrics import MetadataMetrics
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position


@attrs.frozen(eq=False)
class Served:
    """
    What an instance's metadata shows under ``iam/security-credentials/``, and for how long that stays so.

    Args:
        record: the state of the instance it was worked out from.
        since, until: the stretch of time in which it stays so, in microseconds.
        role: whose credentials they are; None if there are none.
        credentials: those handed out through IMDSv2.
        ordinal, issued, expires: the fetch they came from; instants in microseconds.
    """

    record: InstanceRecord
    since: int
    until: int
    role: Role | None = None
    credentials: Credentials | None = None
    ordinal: int = 0
    issued: int = 0
    expires: int = 0


class Launched(Protocol):
    """An instance, as far as its launch goes."""

    @property
    def instance_id(self) -> str:
        """Its id."""

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""


def not_yet_launched(instance: Launched) -> InstanceError:
    """Return EC2's error for a question about an instance at a time before its launch."""
    return InstanceError(
        f"The instance ID '{instance.instance_id}' does not exist",
        code="InvalidInstanceID.NotFound",
        detail=f"it was launched at {iso(from_microseconds(instance.hardware.launched[0]))}",
    )


class Host(Protocol):
    """The instance, as its metadata service needs it."""

    @property
    def instance_id(self) -> str:
        """Its id."""

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""

    @property
    def private_ipv4(self) -> str:
        """Its address in the VPC."""

    @property
    def launch_index(self) -> int:
        """Its number among the instances of its launch."""

    @property
    def slot(self) -> int:
        """Its number among all issuers of credentials."""

    @property
    def rotation(self) -> Rotation:
        """How its credentials rotate."""

    @property
    def fetcher(self) -> Fetcher:
        """Works out the fetches of its credentials."""

    @property
    def metrics(self) -> MetadataMetrics:
        """How many requests without a token have been sent to its metadata service."""

    def count_no_token(self, *, rejected: bool) -> None:
        """Count a request without a token."""

    def record_at(self, position: Position) -> InstanceRecord | None:
        """Return all that can change about it as of *position*, or None before its launch."""

    def served(self, record: InstanceRecord, now: int, delivery: int) -> Served | None:
        """Return the credentials shown at *now*, or None if there are none."""


@attrs.define(eq=False)
class View:
    """
    One look at the metadata of one instance.

    Args:
        host: the instance.
        record: its state as of the moment of the look.
        now: that moment, in microseconds.
        delivery: 1 for a request without a token, 2 for one with.
    """

    host: Host
    record: InstanceRecord
    now: int
    delivery: int

    def newest_fetch(self) -> Fetch | None:
        """Return the newest fetch from which EC2 learnt anything, or None if no credentials are being fetched."""
        return None if self.record.epoch is None else self.host.fetcher.known(self.record, self.now)

    def served(self) -> Served | None:
        """Return the credentials shown now."""
        return self.host.served(self.record, self.now, self.delivery) if self.record.epoch is not None else None
