"""GetSessionToken: temporary credentials for a user itself, with which it can prove a second factor once for many calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import AccessDeniedError
from ec2roles.policy import Policy, load_policy
from ec2roles.sts.mfa import MfaParameters
from ec2roles.sts.session import PrincipalType, Session, identity_context
from ec2roles.sts.sessions import SessionStore
from ec2roles.world.timeline import Position

USUAL = 43_200
LONGEST_FOR_ROOT = 3_600


def _no_permission_needed() -> Policy:
    # Nothing has to allow this call. AWS's page also says that no policy controls it, and yet its own example of a policy
    # that denies everything without MFA spares it: so a Deny counts, as with any other call.
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sts:GetSessionToken", "Resource": "*"}
    return load_policy({"Version": "2012-10-17", "Statement": statement}, "resource").named(
        "AWS: no permission is needed"
    )


@attrs.frozen(eq=False)
class SessionTokenRequest:
    """
    One request for a session token, with every parameter checked by itself.

    Args:
        duration: seconds, or None for the longest that is usual for the caller.
        mfa: the caller's second factor.
    """

    duration: int | None
    mfa: MfaParameters

    @classmethod
    def make(cls, parameters: Mapping[str, Any]) -> SessionTokenRequest:
        """Return the request that a call with these parameters is; they have AWS's names, and fit their constraints."""
        return cls(
            parameters.get("DurationSeconds"),
            MfaParameters(parameters.get("SerialNumber"), parameters.get("TokenCode")),
        )

    def permissions(self, caller: Session, position: Position) -> list[tuple[Any, ...]]:
        """
        Return what *caller* must be allowed to do, as `Permission` takes it: AWS allows it, and a policy may deny it.

        Raises:
            AccessDeniedError: for a caller that has temporary credentials itself, and for a second factor that is wrong.
        """
        if caller.temporary:
            raise AccessDeniedError(
                "Cannot call GetSessionToken with session credentials", detail="call it with a user's own access key"
            )
        self.mfa.authenticates(caller, position)
        return [("sts:GetSessionToken", "*", _no_permission_needed())]

    def seconds(self, caller: Session) -> int:
        """Return how long the session will last; a root user gets an hour, whatever it asks for."""
        if caller.principal_type is PrincipalType.ROOT:
            return min(self.duration or LONGEST_FOR_ROOT, LONGEST_FOR_ROOT)
        return self.duration or USUAL

    def issue(self, store: SessionStore, caller: Session, position: Position) -> Session:
        """
        Issue the session of a call that was allowed.

        Args:
            store: keeps it.
            caller: the user's session of its own access key.
            position: the moment of the call.
        """
        now = position[0]
        expires = now + self.seconds(caller) * 1_000_000
        return store.issue(
            now,
            expires,
            lambda credentials: self._session(
                credentials, caller, position, expires=expires, mfa_present=store.mfa_present
            ),
        )

    def _session(
        self, credentials: Credentials, caller: Session, position: Position, *, expires: int, mfa_present: bool | None
    ) -> Session:
        proved = self.mfa.authenticates(caller, position)
        username = caller.context.get("aws:username")
        return Session(
            credentials,
            caller.principal,
            caller.principal_type,
            caller.arn,
            caller.user_id,
            caller.account_id,
            position[0],
            expires,
            identity_context(
                caller.principal,
                caller.principal_type,
                user_id=caller.user_id,
                account_id=caller.account_id,
                issued=credentials.issued,
                mfa_present=True if proved else mfa_present,
                extra=None if username is None else {"aws:username": username},
            ),
            caller.principal.exists,
            mfa_at=position[0] if proved else None,
            rename=caller.rename,
        )
