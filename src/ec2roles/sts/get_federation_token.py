"""GetFederationToken: temporary credentials that a user hands on to somebody else, for less than it may do itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import AccessDeniedError
from ec2roles.iam.names import Tags
from ec2roles.policy import PermissionPolicy, Policy, PolicySet
from ec2roles.sts.session import MfaDevice, Principal, PrincipalType, Session, identity_context
from ec2roles.sts.session_policies import check_session_policies, packed_size, policy_arns, session_tags
from ec2roles.sts.sessions import SessionStore
from ec2roles.world.timeline import Position

USUAL = 43_200
LONGEST_FOR_ROOT = 3_600


def _everything() -> PolicySet:
    # A root user needs no policy, but whom it hands credentials to is no root user: what it may do itself has to be said.
    return PolicySet([PermissionPolicy.allow("*").named("AWS: a root user may do everything")])


@attrs.frozen(eq=False)
class FederatedUser:
    """
    Whoever got the credentials: it has the policies and the tags of the user who handed them on, and a name of its own.

    Args:
        arn: ``arn:aws:sts::ACCOUNT:federated-user/NAME``.
        issuer: the user, or the root user.
        limits: the policies of a root user, who has none; None for a user, who has its own.
    """

    arn: str
    issuer: Principal
    limits: PolicySet | None = attrs.field(default=None, repr=False)

    def exists(self, position: Position) -> bool:
        """Return whether the user exists as of *position*."""
        return self.issuer.exists(position)

    def policies_and_tags(self, position: Position) -> tuple[PolicySet, Tags]:
        """Return the user's policies with its boundary, and its tags; session policies leave something of the first."""
        policies, tags = self.issuer.policies_and_tags(position)
        return (policies if self.limits is None else self.limits), tags

    def mfa_device(self, serial_number: str, position: Position) -> MfaDevice | None:
        """Return None: nobody can prove a second factor for somebody else."""
        return None

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note nothing: IAM tells of access keys and of roles when they were last used, not of this."""


@attrs.frozen(eq=False)
class FederationTokenRequest:
    """
    One request for the credentials of a federated user.

    Args:
        name: what it is called: 2-32 of ``[\\w+=,.@-]``; None only where a question left it open.
        duration: seconds, or None for the longest that is usual for the caller.
        policies: session policies.
        tags: session tags.
    """

    name: str | None
    duration: int | None
    policies: tuple[Policy, ...]
    tags: Tags

    @classmethod
    def make(cls, parameters: Mapping[str, Any], managed: Callable[[str], Policy]) -> FederationTokenRequest:
        """
        Return the request that a call with these parameters is.

        Args:
            parameters: by AWS's names, each within its constraints.
            managed: returns the document of a managed policy by its ARN.

        Raises:
            AwsError: for tags, session policies and ARNs that do not fit, as for AssumeRole.
        """
        tags = session_tags(parameters.get("Tags", ()))
        documents = [managed(arn) for arn in policy_arns(parameters.get("PolicyArns", ()))]
        policies = check_session_policies(parameters.get("Policy"), documents)
        return cls(parameters.get("Name"), parameters.get("DurationSeconds"), policies, tags)

    def permissions(self, caller: Session, resource: str | None) -> list[tuple[Any, ...]]:
        """
        Return what *caller* must be allowed to do, as `Permission` takes it.

        Args:
            caller: who calls.
            resource: what a question without a name is about.

        Raises:
            AccessDeniedError: for a caller that has temporary credentials itself, a role's session above all.
        """
        if caller.temporary:
            raise AccessDeniedError(
                "Cannot call GetFederationToken with session credentials", detail="call it with a user's own access key"
            )
        arn = (resource or "*") if self.name is None else federated_arn(caller.account_id, self.name)
        context: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in self.tags}
        if self.tags:
            context["aws:TagKeys"] = [key for key, _ in self.tags]
        actions = ["sts:GetFederationToken", *(["sts:TagSession"] if self.tags else [])]
        return [(action, arn, None, context) for action in actions]

    def issue(self, store: SessionStore, caller: Session, position: Position, allotted: int) -> Session:
        """
        Issue the session of a call that was allowed.

        Args:
            store: keeps it.
            caller: the user's session of its own access key.
            position: the moment of the call.
            allotted: how many characters of policies and tags fill the room for them.

        Raises:
            PolicyTooLargeError: ``PackedPolicyTooLarge``.
        """
        packed = packed_size(self.policies, self.tags, allotted)
        of_root = caller.principal_type is PrincipalType.ROOT
        seconds = min(self.duration or LONGEST_FOR_ROOT, LONGEST_FOR_ROOT) if of_root else self.duration or USUAL
        user = FederatedUser(
            federated_arn(caller.account_id, str(self.name)), caller.principal, _everything() if of_root else None
        )
        user_id = f"{caller.account_id}:{self.name}"
        now = position[0]
        expires = now + seconds * 1_000_000

        def session(credentials: Credentials) -> Session:
            return Session(
                credentials,
                user,
                PrincipalType.FEDERATED_USER,
                user.arn,
                user_id,
                caller.account_id,
                now,
                expires,
                identity_context(
                    user,
                    PrincipalType.FEDERATED_USER,
                    user_id=user_id,
                    account_id=caller.account_id,
                    issued=credentials.issued,
                    mfa_present=store.mfa_present,
                ),
                user.exists,
                policies=self.policies,
                tags=self.tags,
                packed_policy_size=packed,
                user=None if of_root else caller,
                rename=None if caller.rename is None else renamed,
            )

        def renamed(session: Session, position: Position) -> Session:
            # The federated user keeps its name; it is its user who has another.
            now_named = caller.as_of(position)
            return session if now_named is session.user else attrs.evolve(session, user=now_named)

        return store.issue(now, expires, session)


def federated_arn(account_id: str, name: str) -> str:
    """Return the ARN of a federated user."""
    return f"arn:aws:sts::{account_id}:federated-user/{name}"
