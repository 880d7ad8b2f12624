"""Whose calls a set of credentials makes: a role's session or a user, with what was fixed when they were issued."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import attrs

from ec2roles.calls import Call
from ec2roles.credentials import Credentials
from ec2roles.instants import iso_exact
from ec2roles.policy import Context, Policy, PolicySet
from ec2roles.world.timeline import Position


class MfaDevice(Protocol):
    """A device that shows one-time codes."""

    def shows(self, code: str, instant: int) -> bool:
        """Return whether it shows *code* at *instant* (microseconds)."""


class Principal(Protocol):
    """A role, a user or an account's root user: an identity with policies of its own."""

    @property
    def arn(self) -> str:
        """Its ARN, path included."""

    def exists(self, position: Position) -> bool:
        """Return whether it exists as of *position*."""

    def policies_and_tags(self, position: Position) -> tuple[PolicySet, tuple[tuple[str, str], ...]]:
        """Return its identity policies with its boundary, and its tags as key and value, as of *position*."""

    def mfa_device(self, serial_number: str, position: Position) -> MfaDevice | None:
        """Return its MFA device of that serial number as of *position*, or None; roles have none."""

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note that a call with credentials of its was authenticated."""


class PrincipalType(enum.Enum):
    """AWS's ``aws:PrincipalType``."""

    ASSUMED_ROLE = "AssumedRole"
    USER = "User"
    ROOT = "Account"
    FEDERATED_USER = "FederatedUser"


class Fault(enum.Enum):
    """Why credentials are not accepted. How that is worded depends on the service asked (`ec2roles.authorization.denials`)."""

    MISSING = "no credentials were sent"
    UNKNOWN_KEY = "the access key id is not known"
    NO_TOKEN = "a temporary access key was sent without its session token"
    BAD_TOKEN = "the session token does not belong to the access key"
    WRONG_SECRET = "the secret access key does not belong to the access key"
    EXPIRED = "the credentials have expired"
    GONE = "the role, the user or the access key has been deleted, or the key is not active"


_NO_KEYS = Context()


def identity_context(
    principal: Principal,
    principal_type: PrincipalType,
    *,
    user_id: str,
    account_id: str,
    issued: datetime | None = None,
    mfa_present: bool | None = None,
    extra: Mapping[str, object] | None = None,
) -> Context:
    """
    Return the context keys that belong to a set of credentials wherever they are used (IAM user guide, "AWS global condition
    context keys").

    Args:
        principal: the role or the user; ``aws:PrincipalArn`` is the *role's* ARN, not the session's.
        principal_type: ``AssumedRole`` or ``User``.
        user_id: ``aws:userid``.
        account_id: the account of the principal.
        issued: ``aws:TokenIssueTime``, for temporary credentials.
        mfa_present: ``aws:MultiFactorAuthPresent``; None leaves the key out.
        extra: keys that the issuer adds, such as ``ec2:SourceInstanceARN``.
    """
    keys: dict[str, object] = {
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalAccount": account_id,
        "aws:PrincipalType": principal_type.value,
        "aws:PrincipalIsAWSService": "false",
        "aws:userid": user_id,
        "aws:ViaAWSService": "false",
    }
    if issued is not None:
        keys["aws:TokenIssueTime"] = iso_exact(issued)
    if mfa_present is not None:
        keys["aws:MultiFactorAuthPresent"] = "true" if mfa_present else "false"
    return _NO_KEYS.extended({**keys, **extra} if extra else keys)


@attrs.frozen(eq=False)
class Session:
    """
    What one set of credentials stands for.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> key = account.create_user("alice").create_access_key()
    >>> session = account.sts.authorizer.authenticate(key, account.time.as_of(None))
    >>> session.arn, session.temporary
    ('arn:aws:iam::123456789012:user/alice', False)

    It is bound to the entity, not to its name: a role deleted and made again under the same name is another principal.

    Args:
        credentials: the set that was issued.
        principal: the role, the user or the root user.
        principal_type: which of them.
        arn: the caller's ARN: ``arn:aws:sts::...:assumed-role/ROLE/SESSION`` (without the role's path) or the user's.
        user_id: ``AROA...:SESSION`` or ``AIDA...``.
        account_id: the account of the principal.
        issued: microseconds since 1970.
        expires: microseconds since 1970; None for a user's access key.
        context: the context keys fixed at issue, such as ``aws:TokenIssueTime``.
        exists: whether the principal, and the key, still exist as of a position.
        policies: session policies, which limit what the identity allows.
        tags: session tags; they come before the role's own tags of the same key.
        transitive_tag_keys: the keys of the tags that a further role session inherits.
        source_identity: set once, kept along the chain.
        mfa_at: when the second factor was proved that the session remembers, in microseconds; None if none was.
        role_arn: the ARN of the session's role, path included; None for a user.
        user: of a federated user, the session of the user who asked for it; None for all others.
        rename: returns the session as it is named as of a position, for users; None for all others.
        packed_policy_size: how many percent of their room the session's policies and tags take.
    """

    credentials: Credentials
    principal: Principal
    principal_type: PrincipalType
    arn: str
    user_id: str
    account_id: str
    issued: int
    expires: int | None
    context: Context = attrs.field(repr=False)
    exists: Callable[[Position], bool] = attrs.field(repr=False)
    policies: tuple[Policy, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_at: int | None = None
    packed_policy_size: int | None = None
    role_arn: str | None = None
    user: Session | None = attrs.field(default=None, repr=False)
    rename: Callable[[Session, Position], Session] | None = attrs.field(default=None, repr=False)

    def as_of(self, position: Position) -> Session:
        """Return it with the name that its user had as of *position*: of roles and root users there is but one."""
        return self if self.rename is None else self.rename(self, position)

    @property
    def temporary(self) -> bool:
        """Whether these are credentials that STS issued, and no long-term access key."""
        return self.expires is not None

    @property
    def transitive_tags(self) -> tuple[tuple[str, str], ...]:
        """The session tags that a further role session inherits."""
        if not self.transitive_tag_keys:
            return ()
        keys = {key.lower() for key in self.transitive_tag_keys}
        return tuple((key, value) for key, value in self.tags if key.lower() in keys)

    def fault(self, presented: Credentials, position: Position, seen: Position | None = None) -> Fault | None:
        """
        Return why *presented* is not accepted as of *position*, or None if it is.

        A session is valid from its issue on, and no longer at its expiration.

        Args:
            presented: as they were sent.
            position: the moment at which they are checked.
            seen: the position as of which IAM is seen, if changes in it take a while to get here.
        """
        if presented is not self.credentials and presented != self.credentials:
            if presented.session_token is None and self.credentials.session_token is not None:
                return Fault.NO_TOKEN
            if presented.session_token != self.credentials.session_token:
                return Fault.BAD_TOKEN
            if presented.secret_access_key != self.credentials.secret_access_key:
                return Fault.WRONG_SECRET
        now = position[0]
        if now < self.issued:
            return Fault.UNKNOWN_KEY
        if self.expires is not None and now >= self.expires:
            return Fault.EXPIRED
        if seen is None or seen is position:
            return None if self.exists(position) else Fault.GONE
        # A session token says by itself whose it is, so a role that is not known here yet is no fault of the token; that
        # role's policies are not known either. An access key has to be looked up.
        if not self.exists(seen) and (self.expires is None or not self.exists(position)):
            return Fault.GONE
        return None


def caller_of(call: Call) -> Session:
    """Return whose call it is: operations are given calls that have been authenticated, and no others."""
    caller = call.caller
    assert isinstance(caller, Session)
    return caller


@attrs.frozen
class CallerIdentity:
    """
    Who a call was made by, as GetCallerIdentity answers.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> account.sts.get_caller_identity(credentials=account.create_user("alice").create_access_key()).value.arn
    'arn:aws:iam::123456789012:user/alice'

    Args:
        account: the account id.
        arn: ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`` or the user's ARN.
        user_id: ``AROA...:SESSION`` or ``AIDA...``.
    """

    account: str
    arn: str
    user_id: str
