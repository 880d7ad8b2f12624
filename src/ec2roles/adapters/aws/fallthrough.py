"""What stands behind the simulation, mostly moto: which calls go on to it, and which it is told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs

from ec2roles.credentials import Credentials

HERE = ("iam", "sts", "ec2")
"""The services whose operations are answered here, where they are simulated."""

# What else changes IAM or buckets, by the name that a service signs as.
_CHANGE_OTHERS = {
    "cloudformation": ("Create", "Update", "Delete", "Execute"),
    "s3": ("CreateBucket", "DeleteBucket", "PutBucketPolicy"),
    "iam": ("Create", "Update", "Delete", "Put", "Attach", "Detach", "Add", "Remove", "Set", "Tag", "Untag"),
}
_READS = ("Get", "List", "Simulate")
# The keys that are made here are none of moto's; and it has no boundaries of users.
_UNTOLD = (
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "PutUserPermissionsBoundary",
    "DeleteUserPermissionsBoundary",
)


class Follower(Protocol):
    """An account that follows what stands behind it."""

    @property
    def keys(self) -> Mapping[str, Credentials]:
        """Our own credentials by the access key ids that users have there."""

    def follow(self) -> None:
        """Take over what has changed."""


@attrs.define(eq=False)
class Fallthrough:
    """
    What becomes of the calls that are allowed, when something stands behind the simulation.

    A simulated operation of the services in *here* is answered here; what it changes in IAM is told to what stands behind,
    so that its other services find the role. Every other call that is allowed goes on, and is answered there.

    Args:
        here: the services that are answered here, by their prefix.
        account: the account that follows what moto has, or None.
    """

    here: tuple[str, ...] = HERE
    account: Follower | None = None
    unheard: list[tuple[str, str]] = attrs.field(factory=list, init=False)
    """What was done here, and what stands behind refused to do as well: the operation, and what it said."""

    @classmethod
    def of(cls, source: Any, given: bool | Fallthrough) -> Fallthrough | None:
        """Return what stands behind *source*, an account or an instance; None if nothing does."""
        if given is not True:
            return given or None
        found = getattr(source, "fallthrough", None)
        return found if isinstance(found, Fallthrough) else cls()

    def answered_here(self, service: str) -> bool:
        """Return whether the simulated operations of *service* are answered here."""
        return service in self.here

    def is_told(self, service: str, operation: str) -> bool:
        """Return whether what stands behind is told of a call that has been answered here."""
        return service == "iam" and not operation.startswith(_READS) and operation not in _UNTOLD

    def known(self, credentials: Credentials | None) -> Credentials | None:
        """Return our own credentials for those that moto gave a user."""
        if self.account is None or credentials is None:
            return credentials
        return self.account.keys.get(credentials.access_key_id, credentials)

    def follow(self, service: str, operation: str) -> None:
        """Have the account follow, if the call, which was answered behind, may have changed IAM or a bucket."""
        if self.account is not None and operation.startswith(_CHANGE_OTHERS.get(service, ())):
            self.account.follow()
