"""What came of one fetch of an instance's credentials, as far as the metadata tells it: EC2 works it out and hands it in."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.policy import Decision
from ec2roles.world.timeline import Position

NO_PROFILE = "InstanceProfileNotFound"
NO_ROLE = "NoRole"
UNAUTHORIZED = "AssumeRoleUnauthorizedAccess"
STS_DOWN = "STSUnavailable"


@attrs.frozen(eq=False)
class Fetch:
    """
    What came of one fetch.

    Args:
        ordinal: its number among all fetches of the instance.
        position: where in time it stands.
        seen: as of when it saw IAM: its own position, unless changes take a while to get to EC2.
        expires: when credentials from it stop working, in microseconds.
        profile: the profile it went through.
        role: the role it found there, or None.
        judge: returns what the role's trust policy said to EC2; None if it did not come to that.
        problem: None, or ``InstanceProfileNotFound``, ``NoRole``, ``AssumeRoleUnauthorizedAccess``, ``STSUnavailable``.
    """

    ordinal: int
    position: Position
    seen: Position
    expires: int
    profile: InstanceProfile
    role: Role | None
    judge: Callable[[], Decision] | None
    problem: str | None

    @property
    def decision(self) -> Decision | None:
        """What the role's trust policy said to EC2, worked out when it is asked for; None if it did not come to that."""
        return None if self.judge is None else self.judge()

    @property
    def ok(self) -> bool:
        """Whether credentials came of it."""
        return self.problem is None
