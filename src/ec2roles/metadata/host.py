"""
The one port of the metadata service: what it needs of the instance whose metadata it shows.

`Host` is the port, and `Record` the shape of what it says of one moment. EC2 hands in an object that fits; the service
imports nothing of EC2's, and works for any host that answers these questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.fetch import Fetch
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.metrics import MetadataMetrics
from ec2roles.metadata.options import MetadataOptions
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.metadata.notices import Notices

RUNNING = "running"
"""The state in which an instance's metadata service answers."""


class Record(Protocol):
    """What can change about an instance, at one moment, as far as its metadata shows it."""

    @property
    def state(self) -> str:
        """``running``, or another state, in which nothing answers."""

    @property
    def options(self) -> MetadataOptions:
        """How the service may be reached."""

    @property
    def profile(self) -> InstanceProfile | None:
        """The instance profile it has, or None."""

    @property
    def associated(self) -> int:
        """When it was given the profile, in microseconds; 0 without one."""

    @property
    def epoch(self) -> object | None:
        """Something while credentials are being fetched for it, which is only while it runs; otherwise None."""

    @property
    def instance_type(self) -> str:
        """Such as ``t3.micro``."""

    @property
    def boots(self) -> int:
        """How often it has been started; tokens die with a stop."""

    @property
    def booted(self) -> int | None:
        """When it was last started, in microseconds; None for the launch itself."""

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Pairs of key and value."""

    @property
    def user_data(self) -> bytes | None:
        """What any process on it can read, or None."""

    @property
    def notices(self) -> Notices | None:
        """What has been announced to it, or None."""


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

    record: Record
    since: int
    until: int
    role: Role | None = None
    credentials: Credentials | None = None
    ordinal: int = 0
    issued: int = 0
    expires: int = 0


class Host(Protocol):
    """An instance, as its metadata service needs it: the port."""

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
    def refresh(self) -> int:
        """How far apart the scheduled refreshes of its credentials are, in microseconds."""

    @property
    def lifetime(self) -> int:
        """How long one set of its credentials lives, in microseconds."""

    @property
    def metrics(self) -> MetadataMetrics:
        """How many requests without a token have been sent to its metadata service."""

    def count_no_token(self, *, rejected: bool) -> None:
        """Count a request without a token; no answer depends on it."""

    def record_at(self, position: Position) -> Record | None:
        """Return all that can change about it as of *position*, or None before its launch."""

    def served(self, record: Record, now: int, delivery: int) -> Served | None:
        """
        Return what is shown under ``iam/security-credentials/`` at *now*, or None if no credentials are there.

        Args:
            record: as `record_at` returned it.
            now: microseconds.
            delivery: 1 for a request without a token, 2 for one with; they get separate credentials.
        """

    def newest_fetch(self, record: Record, now: int) -> Fetch:
        """Return the newest fetch by *now* from which EC2 learnt anything, for a *record* with an epoch."""


def not_yet_launched(host: Host) -> InstanceError:
    """Return EC2's error for a question about an instance at a time before its launch."""
    return InstanceError(
        f"The instance ID '{host.instance_id}' does not exist",
        code="InvalidInstanceID.NotFound",
        detail=f"it was launched at {iso(from_microseconds(host.hardware.launched[0]))}",
    )
