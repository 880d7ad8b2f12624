"""AWS STS: issues temporary credentials, and knows whose credentials any key is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol

import attrs

from ec2roles.arns import check_account_id
from ec2roles.calls import NOTHING, Api, Call, Response
from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.policy import Decision, Policy, Semantics
from ec2roles.sts.assume_role import check_duration
from ec2roles.sts.session import CallerIdentity
from ec2roles.sts.sessions import SessionStore
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

__all__ = ["CallerIdentity", "TokenService", "check_credentials"]


class RoleAuthorizer(Protocol):
    """Decides whether a role may be assumed; `ec2roles.authorization.authorizer.Authorizer` does."""

    @property
    def semantics(self) -> Semantics:
        """The readings of open points by which it decides."""
        ...

    def seen(self, call: Call) -> Position:
        """Return the position as of which the service of *call* sees IAM."""

    def authorize_service(
        self,
        service: str,
        role: Role,
        session_name: str,
        position: Position,
        seen: Position | None = None,
        *,
        context: Mapping[str, Any] = NOTHING,
    ) -> Decision:
        """Decide whether an AWS service may assume *role* as of *position*."""

    def service_may_assume(self, service: str, role: Role, seen: Position, decide: Callable[[], Decision]) -> bool:
        """Return whether an AWS service may assume *role*, from memory where that cannot have changed."""

    def delay_noted(self, reader: str, call: Call, decide: Callable[[Call], Decision]) -> str | None:
        """Return which change would allow *call*, which was denied, if the reader had seen it; None if none would."""


@attrs.define(eq=False, repr=False, init=False)
class TokenService(Part):
    """
    The token service of one account.

    >>> from ec2roles import InstanceProfile, Instance, PermissionPolicy, Timekeeper
    >>> time = Timekeeper()
    >>> sts = TokenService(time=time)

    Args:
        time: the Cloud's timekeeper.
        account_id: whose calls it takes by default.
        region: where it stands.
        find_role: returns the role that an ARN named as of a position, or None; by hand, pass `Role` objects instead of
            ARNs.
        find_policy: returns the document of a managed policy by its ARN, the role's account and a position, for session policies.
        semantics: the readings of open points by which it decides.
        service_context: context keys that an AWS service brings when it assumes a role, such as ``aws:SourceAccount``. None
            by default: a trust policy that asks for them refuses, as AWS's pages do not say that EC2 sends them.
        mfa_present: ``aws:MultiFactorAuthPresent`` in role sessions; None leaves the key out. AWS's pages contradict each
            other here, see docs/fidelity.md.
        sessions: keeps the sessions that it issues; by default its own.
        authorizer: decides who may assume a role; by default its own, for the sessions it keeps.
        api: where its own calls go; by default to STS alone: calls of other services are decided, and not performed.
        quotas: the account's limits; those of session policies and tags count here.
    """

    _CURES: ClassVar[Mapping[str, str]] = {
        "mfa_present": "Account(mfa_present=...) says it for the whole life of the account",
        "service_context": "Account(service_context={...}) says it for the whole life of the account",
    }

    time: Timekeeper
    account_id: str
    region: str
    sessions: SessionStore
    authorizer: RoleAuthorizer
    _find_role: Callable[[str, Position], Role | None] | None
    _find_policy: Callable[[str, str, Position], Policy] | None
    _api: Api | None

    def __init__(
        self,
        *,
        time: Timekeeper,
        account_id: str = "123456789012",
        region: str = "us-east-1",
        find_role: Callable[[str, Position], Role | None] | None = None,
        find_policy: Callable[[str, str, Position], Policy] | None = None,
        semantics: Semantics | None = None,
        service_context: Mapping[str, Any] = NOTHING,
        mfa_present: bool | None = False,
        sessions: SessionStore | None = None,
        authorizer: RoleAuthorizer | None = None,
        api: Api | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self.time = time
        self.account_id = check_account_id(account_id)
        self.region = region
        if sessions is None:
            sessions = SessionStore(
                time=time, account_id=account_id, mfa_present=mfa_present, quotas=Quotas() if quotas is None else quotas
            )
        if authorizer is None:
            from ec2roles.wiring import Authorizer

            authorizer = Authorizer(
                sessions,
                region=region,
                semantics=Semantics() if semantics is None else semantics,
                service_context=service_context,
            )
        self.sessions = sessions
        self.authorizer = authorizer
        self._find_role = find_role
        self._find_policy = find_policy
        self._api = api

    @property
    def api(self) -> Api:
        """Where its calls go."""
        if self._api is None:
            from ec2roles.wiring import token_service_gateway

            self._api = token_service_gateway(self)
        return self._api

    def find_role(self, arn: str, position: Position) -> Role | None:
        """Return the role that an ARN named as of *position*, or None."""
        return None if self._find_role is None else self._find_role(arn, position)

    def session_policy(self, arn: str, role_account_id: str, position: Position) -> Policy:
        """
        Return the document of a managed policy as of *position*, for a session of a role of that account.

        Raises:
            AwsError: if there is none, or nobody here knows managed policies.
        """
        if self._find_policy is None:
            raise AwsError("policy_arns need an account; pass policy= instead", code="InvalidParameterValue")
        return self._find_policy(arn, role_account_id, position)

    # -- operations -------------------------------------------------------------------------------------------------

    def assume_role(
        self,
        role: Role | str,
        session_name: str,
        *,
        credentials: Credentials | None,
        duration: int = 3600,
        external_id: str | None = None,
        policy: object = None,
        policy_arns: Iterable[str] = (),
        tags: Mapping[str, str] | None = None,
        transitive_tag_keys: Iterable[str] = (),
        source_identity: str | None = None,
        serial_number: str | None = None,
        token_code: str | None = None,
    ) -> Response[Credentials]:
        """
        Assume a role and answer its `Credentials` (AWS: AssumeRole).

        The trust policy is judged: it must allow the caller. A caller in another account, or one that the trust policy
        names only by its account, needs an identity policy that allows ``sts:AssumeRole`` as well.

        >>> from ec2roles import Account, PermissionPolicy, TrustPolicy
        >>> account = Account()
        >>> alice = account.create_user("alice")
        >>> role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
        >>> account.sts.assume_role(role, "test", credentials=alice.create_access_key()).ok
        True

        Args:
            role: the role, or its ARN.
            session_name: 2-64 of ``[\\w+=,.@-]``.
            credentials: the caller's.
            duration: seconds: 900 to the role's maximum, and at most 3600 for a caller that is a role session itself.
            external_id: what a trust policy may ask for as ``sts:ExternalId``.
            policy: a session policy: our object, a dict or JSON text.
            policy_arns: managed policies as session policies.
            tags: session tags; the trust policy must allow ``sts:TagSession``.
            transitive_tag_keys: keys of tags that further role sessions inherit.
            source_identity: the trust policy must allow ``sts:SetSourceIdentity``.
            serial_number: of the caller's MFA device, for a trust policy that asks for ``aws:MultiFactorAuthPresent``.
            token_code: the six digits that the device shows.

        Returns:
            A `Response` whose value is the new `Credentials`.
        """
        if not isinstance(role, (Role, str)):
            raise TypeError(f"role must be a Role or its ARN, got {type(role).__name__}")
        if session_name is None:
            raise TypeError("session_name must be str, got NoneType")
        if not isinstance(duration, int) or isinstance(duration, bool):
            check_duration(duration)
        parameters: dict[str, Any] = {"RoleSessionName": session_name, "DurationSeconds": duration}
        for name, value in (
            ("ExternalId", external_id),
            ("Policy", policy),
            ("PolicyArns", _listed(policy_arns) if policy_arns else None),
            ("Tags", _listed(tags) if tags else None),
            ("TransitiveTagKeys", _listed(transitive_tag_keys) if transitive_tag_keys else None),
            ("SourceIdentity", source_identity),
            ("SerialNumber", serial_number),
            ("TokenCode", token_code),
        ):
            if value is not None:
                parameters[name] = value  # noqa: PERF403  (no frame of its own, once for each AssumeRole)
        if isinstance(role, Role):
            if role.time is not self.time:
                self.time.require_same(role.time, f"role '{role.name}'")
            parameters["role"] = role
        call = Call(
            "sts:AssumeRole",
            resource=role if isinstance(role, str) else role.arn,
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            parameters=parameters,
        )
        return self.api.call(call, strict=True)

    def get_caller_identity(self, *, credentials: Credentials | None) -> Response[CallerIdentity]:
        """
        Say whose credentials these are; nobody can be denied this (AWS: GetCallerIdentity).

        Returns:
            A `Response` whose value is a `CallerIdentity` with ``.arn``, ``.account`` and ``.user_id``.
        """
        call = Call("sts:GetCallerIdentity", position=self.time.as_of(None), credentials=check_credentials(credentials))
        return self.api.call(call, strict=True)

    def decode_authorization_message(
        self, message: str, *, credentials: Credentials | None
    ) -> Response[dict[str, Any]]:
        """
        Open the encoded message of a denial by EC2 (AWS: DecodeAuthorizationMessage).

        Args:
            message: what follows ``Encoded authorization failure message:``; only the Cloud that wrote it opens it.
            credentials: the caller's, who needs ``sts:DecodeAuthorizationMessage``.

        Returns:
            A `Response` whose value is a dict: ``allowed``, ``explicitDeny``, ``matchedStatements``, ``failures`` and
            ``context`` with the principal, the action, the resource and the conditions.
        """
        call = Call(
            "sts:DecodeAuthorizationMessage",
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            parameters={"EncodedMessage": message},
        )
        return self.api.call(call, strict=True)

    def get_session_token(
        self,
        *,
        credentials: Credentials | None,
        duration: int | None = None,
        serial_number: str | None = None,
        token_code: str | None = None,
    ) -> Response[Credentials]:
        """
        Answer temporary `Credentials` for the calling user itself (AWS: GetSessionToken).

        Nothing has to allow it. What it is good for is to prove a second factor once: the new credentials carry
        ``aws:MultiFactorAuthPresent`` and ``aws:MultiFactorAuthAge`` to every call.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> alice = account.create_user("alice")
        >>> key, device = alice.create_access_key(), alice.enable_mfa_device()
        >>> account.sts.get_session_token(
        ...     credentials=key, serial_number=device.serial_number, token_code=device.code()
        ... ).ok
        True

        Args:
            credentials: the user's own access key; temporary ones are refused.
            duration: seconds: 900-129600, 43200 by default; for a root user an hour at most.
            serial_number: of the user's MFA device.
            token_code: the six digits that it shows.

        Returns:
            A `Response` whose value is the new `Credentials`.
        """
        given = {"DurationSeconds": duration, "SerialNumber": serial_number, "TokenCode": token_code}
        call = Call(
            "sts:GetSessionToken",
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            parameters={name: value for name, value in given.items() if value is not None},
        )
        return self.api.call(call, strict=True)

    def get_federation_token(
        self,
        name: str,
        *,
        credentials: Credentials | None,
        duration: int | None = None,
        policy: object = None,
        policy_arns: Iterable[str] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Response[Credentials]:
        """
        Answer temporary `Credentials` for somebody whom the calling user vouches for (AWS: GetFederationToken).

        They may do what the user's policies *and* the session policies allow: without session policies nothing, but for
        what the policy of a resource allows the ARN of the federated user. They are good for no call to IAM, and of STS for
        GetCallerIdentity alone.

        >>> from ec2roles import Account, PermissionPolicy
        >>> account = Account()
        >>> alice = account.create_user("alice")
        >>> alice.put_policy("all", PermissionPolicy.allow("*"))
        >>> key = alice.create_access_key()
        >>> lent = account.sts.get_federation_token("bob", credentials=key).result()
        >>> account.sts.get_caller_identity(credentials=lent).value.arn
        'arn:aws:sts::123456789012:federated-user/bob'

        Args:
            name: what the federated user is called: 2-32 of ``[\\w+=,.@-]``.
            credentials: the access key of a user or a root user; temporary ones are refused.
            duration: seconds: 900-129600, 43200 by default; for a root user an hour at most.
            policy: a session policy: our object, a dict or JSON text.
            policy_arns: managed policies as session policies.
            tags: session tags; the caller must be allowed ``sts:TagSession``.

        Returns:
            A `Response` whose value is the new `Credentials`.
        """
        given = {
            "Name": name,
            "DurationSeconds": duration,
            "Policy": policy,
            "PolicyArns": _listed(policy_arns),
            "Tags": _listed(tags),
        }
        call = Call(
            "sts:GetFederationToken",
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            parameters={member: value for member, value in given.items() if value is not None},
        )
        return self.api.call(call, strict=True)

    def get_access_key_info(self, access_key_id: str, *, credentials: Credentials | None) -> Response[str]:
        """
        Say which account an access key belongs to, whatever has become of the key (AWS: GetAccessKeyInfo).

        Args:
            access_key_id: ``AKIA...`` or ``ASIA...``.
            credentials: the caller's, who needs ``sts:GetAccessKeyInfo``.

        Returns:
            A `Response` whose value is the account id.
        """
        call = Call(
            "sts:GetAccessKeyInfo",
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            parameters={"AccessKeyId": access_key_id},
        )
        return self.api.call(call, strict=True)

    def __repr__(self) -> str:
        return f"<TokenService of {self.account_id}, {len(self.sessions)} assumed>"


def _listed(values: Any) -> Any:
    """Return a generator's values as a tuple; anything else as it is, None for nothing."""
    return tuple(values) or None if isinstance(values, Iterator) else values or None


def check_credentials(credentials: object) -> Credentials | None:
    """
    Return *credentials* if a call can be signed with them.

    Raises:
        TypeError: if they are neither `Credentials` nor None.
    """
    if credentials is None or isinstance(credentials, Credentials):
        return credentials
    raise TypeError(f"credentials must be Credentials or None, got {type(credentials).__name__}")
