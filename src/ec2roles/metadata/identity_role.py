"""
The instance identity role: credentials that every instance has, with a profile or without, and that can do next to nothing.

Nobody made the role, and no policy bears on it. AWS takes its credentials for EC2 Instance Connect and the like; of the
calls simulated here only GetCallerIdentity is one.
"""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.credentials import Credentials
from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.host import Host
from ec2roles.metadata.text import document
from ec2roles.policy import PolicySet
from ec2roles.sts.session import PrincipalType, Session, identity_context
from ec2roles.world.ids import IssuedKey
from ec2roles.world.timeline import Position

NAME = "aws:ec2-instance"
LISTED = "ec2-instance"

# What an access key id says of how it was handed out: 1 and 2 are the profile's role through IMDSv1 and v2, 0 and 3 this one.
_BY_DELIVERY = {1: 0, 2: 3}
_DELIVERY = {number: delivery for delivery, number in _BY_DELIVERY.items()}
_NOTHING_ELSE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "NotAction": "sts:GetCallerIdentity", "Resource": "*"},
}


@attrs.frozen(eq=False)
class IdentityRole:
    """
    The role ``aws:ec2-instance`` of one account, as the principal of a session.

    Args:
        account_id: whose instances they are.
    """

    account_id: str

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:role/aws:ec2-instance``."""
        return f"arn:aws:iam::{self.account_id}:role/{NAME}"

    def exists(self, position: Position) -> bool:
        """Return True: it comes with the account."""
        return True

    def policies_and_tags(self, position: Position) -> tuple[PolicySet, tuple[tuple[str, str], ...]]:
        """Return what stands for "usable for nothing else", a Deny, which no resource's policy overrules; and no tags."""
        return PolicySet([_NOTHING_ELSE]), ()

    def mfa_device(self, serial_number: str, position: Position) -> None:
        """Return None: only users have MFA devices."""

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note nothing: IAM does not show this role."""


def identity_info(host: Host, now: int) -> str:
    """Return ``identity-credentials/ec2/info``."""
    return document([
        ("Code", "Success"),
        ("LastUpdated", iso(from_microseconds(_issued(host, _ordinal(host, now))))),
        ("AccountId", host.hardware.account_id),
    ])  # fmt: skip


def identity_credentials(host: Host, now: int, delivery: int) -> Credentials:
    """
    Return what stands at ``identity-credentials/ec2/security-credentials/ec2-instance``.

    Args:
        host: the instance.
        now: microseconds.
        delivery: 1 for a request without a token, 2 for one with.
    """
    return _mint(host, _ordinal(host, now), _BY_DELIVERY[delivery])


def identity_session(host: Host, issued: IssuedKey, now: int, context: dict[str, Any]) -> Session | None:
    """
    Return the session behind a key of the identity role, or None if it cannot have been handed out by *now*.

    Args:
        host: the instance.
        issued: what the access key id says.
        now: microseconds.
        context: the context keys of the instance's sessions, but for the delivery.
    """
    if issued.delivery not in _DELIVERY or _issued(host, issued.ordinal) > now:
        return None
    credentials = _mint(host, issued.ordinal, issued.delivery)
    account_id = host.hardware.account_id
    role = IdentityRole(account_id)
    user_id = f"{account_id}:{NAME}:{host.instance_id}"
    since = _issued(host, issued.ordinal)
    return Session(
        credentials,
        role,
        PrincipalType.ASSUMED_ROLE,
        f"arn:aws:sts::{account_id}:assumed-role/{NAME}/{host.instance_id}",
        user_id,
        account_id,
        since,
        since + host.lifetime,
        identity_context(
            role,
            PrincipalType.ASSUMED_ROLE,
            user_id=user_id,
            account_id=account_id,
            issued=credentials.issued,
            extra={**context, "ec2:RoleDelivery": f"{_DELIVERY[issued.delivery]}.0"},
        ),
        role.exists,
        role_arn=role.arn,
    )


def _ordinal(host: Host, now: int) -> int:
    return (now - host.hardware.launched[0]) // host.refresh


def _issued(host: Host, ordinal: int) -> int:
    return host.hardware.launched[0] + ordinal * host.refresh


def _mint(host: Host, ordinal: int, delivery: int) -> Credentials:
    ids = host.time.ids
    key_id = ids.access_key_id("ASIA", slot=host.slot, ordinal=ordinal, delivery=delivery)
    issued = _issued(host, ordinal)
    return Credentials.mint(ids, key_id, issued=issued, expires=issued + host.lifetime)
