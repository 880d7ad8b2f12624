"""AWS STS: issues temporary credentials, and knows whose credentials any key is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import NOTHING, Api, Call, Response
from ec2roles.clock import from_microseconds, iso_exact
from ec2roles.errors import AccessDeniedError, AwsError, InvalidNameError, ValidationError
from ec2roles.iam.names import NameRule
from ec2roles.iam.role import Role
from ec2roles.policy import Decision, Policy, PolicySet, Request, Semantics, evaluate
from ec2roles.sts.assume_role import AssumeRoleRequest, check_duration
from ec2roles.sts.authorization import Above, Authorization, CallerIdentity, Judgement, Organization
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.refusal import refusal
from ec2roles.sts.session import Fault, PrincipalType, Session
from ec2roles.sts.session_policies import check_policy_arns
from ec2roles.sts.session_store import SessionStore
from ec2roles.timeline import Position

__all__ = ["Authorization", "CallerIdentity", "Judgement", "StandAlone", "TokenService", "check_credentials"]

_REMEMBERED_SESSIONS = 4096
ACCESS_KEY_ID = NameRule("accessKeyId", "access key id", r"[\w]*", r"[A-Za-z0-9_]*", 16, 128)


@attrs.define(eq=False, repr=False)
class TokenService(SessionStore):
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
        find_policy: returns the document of a managed policy by its ARN and the role's account, for session policies.
        semantics: the readings of open points by which it judges.
        service_context: context keys that an AWS service brings when it assumes a role, such as ``aws:SourceAccount``. None
            by default: a trust policy that asks for them refuses, as AWS's pages do not say that EC2 sends them.
        mfa_present: ``aws:MultiFactorAuthPresent`` in role sessions; None leaves the key out. AWS's pages contradict each
            other here, see docs/fidelity.md.
        organizations: the organisations of the Cloud, whose policies stand above everything.
    """

    region: str = attrs.field(default="us-east-1", kw_only=True)
    find_role: Callable[[str, Position], Role | None] = attrs.field(default=lambda arn, position: None, kw_only=True)
    find_policy: Callable[[str, str], Policy] | None = attrs.field(default=None, kw_only=True)
    semantics: Semantics = attrs.field(factory=Semantics, kw_only=True)
    service_context: Mapping[str, Any] = attrs.field(default=NOTHING, kw_only=True)
    organizations: Sequence[Organization] = attrs.field(default=(), kw_only=True)
    api: Api = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.api = StandAlone(self)

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
    ) -> Response:
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
        parameters: dict[str, Any] = {"session_name": session_name, "duration": duration}
        optional = {
            "external_id": external_id,
            "policy": policy,
            "policy_arns": _listed(policy_arns),
            "tags": _listed(tags),
            "transitive_tag_keys": _listed(transitive_tag_keys),
            "source_identity": source_identity,
            "serial_number": serial_number,
            "token_code": token_code,
        }
        parameters.update({name: value for name, value in optional.items() if value is not None})
        if isinstance(role, Role):
            self.time.require_same(role.time, f"role '{role.name}'")
            parameters["role"] = role
        return self.api.call(
            Call(
                "sts:AssumeRole",
                resource=role if isinstance(role, str) else role.arn,
                position=self.time.as_of(None),
                credentials=check_credentials(credentials),
                parameters=parameters,
            )
        )

    def get_caller_identity(self, *, credentials: Credentials | None) -> Response:
        """
        Say whose credentials these are; nobody can be denied this (AWS: GetCallerIdentity).

        Returns:
            A `Response` whose value is a `CallerIdentity` with ``.arn``, ``.account`` and ``.user_id``.
        """
        return self.api.call(
            Call(
                "sts:GetCallerIdentity",
                position=self.time.as_of(None),
                credentials=check_credentials(credentials),
            )
        )

    def decode_authorization_message(self, message: str, *, credentials: Credentials | None) -> Response:
        """
        Open the encoded message of a denial by EC2 (AWS: DecodeAuthorizationMessage).

        Args:
            message: what follows ``Encoded authorization failure message:``; only the Cloud that wrote it opens it.
            credentials: the caller's, who needs ``sts:DecodeAuthorizationMessage``.

        Returns:
            A `Response` whose value is a dict: ``allowed``, ``explicitDeny``, ``matchedStatements``, ``failures`` and
            ``context`` with the principal, the action, the resource and the conditions.
        """
        if not isinstance(message, str):
            raise TypeError(f"message must be str, got {type(message).__name__}")
        return self.api.call(
            Call(
                "sts:DecodeAuthorizationMessage",
                position=self.time.as_of(None),
                credentials=check_credentials(credentials),
                parameters={"message": message},
            )
        )

    def get_session_token(
        self,
        *,
        credentials: Credentials | None,
        duration: int | None = None,
        serial_number: str | None = None,
        token_code: str | None = None,
    ) -> Response:
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
        given = {"duration": duration, "serial_number": serial_number, "token_code": token_code}
        return self.api.call(
            Call(
                "sts:GetSessionToken",
                position=self.time.as_of(None),
                credentials=check_credentials(credentials),
                parameters={name: value for name, value in given.items() if value is not None},
            )
        )

    def get_access_key_info(self, access_key_id: str, *, credentials: Credentials | None) -> Response:
        """
        Say which account an access key belongs to, whatever has become of the key (AWS: GetAccessKeyInfo).

        Args:
            access_key_id: ``AKIA...`` or ``ASIA...``.
            credentials: the caller's, who needs ``sts:GetAccessKeyInfo``.

        Returns:
            A `Response` whose value is the account id.
        """
        return self.api.call(
            Call(
                "sts:GetAccessKeyInfo",
                position=self.time.as_of(None),
                credentials=check_credentials(credentials),
                parameters={"access_key_id": access_key_id},
            )
        )

    # -- who is calling ---------------------------------------------------------------------------------------------

    def session(self, credentials: Credentials, position: Position, seen: Position | None = None) -> Session | Fault:
        """
        Return whose session *credentials* stand for as of *position*, or why they are not accepted.

        Args:
            credentials: as they were sent.
            position: the moment at which they are checked.
            seen: the position as of which IAM is seen, if changes in it take a while to get here.
        """
        key = credentials.access_key_id
        session = self._sessions.get(key)
        if session is None:
            session = self.find_session(key, position[0])
            if session is None:
                return Fault.UNKNOWN_KEY
            if len(self._sessions) >= _REMEMBERED_SESSIONS:
                self._sessions.clear()
            self._sessions[key] = session
        return session.fault(credentials, position, seen) or session

    def seen(self, call: Call) -> Position:
        """Return the position as of which the service of *call* sees IAM: its own, unless a propagation delay is set."""
        if call.seen is not None:
            return call.seen
        if self.time.propagation is None:
            return call.position
        return self.time.seen_by(call.action.partition(":")[0].lower(), call.position)

    def session_of(self, access_key_id: str, position: Position) -> Session | None:
        """
        Return whose session an access key id stands for as of *position*, or None if nobody had issued it by then.

        It proves nothing: who verifies a signature needs the secret that belongs to the id, and `session` checks the rest.
        """
        return self.find_session(access_key_id, position[0])

    # -- faults -----------------------------------------------------------------------------------------------------

    def refuses(self, call: Call) -> AwsError | None:
        """Return why STS does not even take *call*: it is down, or throttles. None for calls of other services."""
        faults = self.time.faults
        if faults is None or call.credentials is None or call.action.partition(":")[0].lower() != "sts":
            return None
        error: AwsError | None = faults.sts_refuses(call.position, self.account_id, call.sender)
        return error

    def count(self, call: Call) -> None:
        """Count a call that was taken, where STS throttles."""
        if self.time.faults is not None and call.action.partition(":")[0].lower() == "sts":
            self.time.faults.count_sts_call(call.position, self.account_id)

    # -- judging ----------------------------------------------------------------------------------------------------

    def judge(
        self,
        call: Call,
        authorizations: Callable[[Call], Sequence[Authorization]],
        *,
        named_operation: str | None = None,
    ) -> Judgement:
        """
        Check the credentials of *call*, gather the policies that apply, and decide.

        Args:
            call: the call as it was sent.
            authorizations: returns what it must be allowed to do, once the caller is known.
            named_operation: the API operation whose name the caller used in place of the IAM action.
        """
        if self.time.propagation is not None and call.seen is None:
            late = attrs.evolve(call, seen=self.seen(call))

            def judge(call: Call) -> Judgement:
                return self.judge(call, authorizations, named_operation=named_operation)

            judged = judge(late)
            note = None if judged.decision.allowed else self._delay_noted(late, judge)
            return judged if note is None else attrs.evolve(judged, decision=judged.decision.with_notes(note))
        service = call.action.partition(":")[0].lower()
        if call.credentials is None:
            error: AwsError = call.refusal if call.refusal is not None else refusal(Fault.MISSING, service)
            return Judgement(None, Decision.refused(error.message, reason=error.detail or error.code), error)
        if self.time.faults is not None and call.sender is not None:
            skewed = self.time.faults.skew_refusal(service, call.position, self.account_id, call.sender)
            if skewed is not None:
                return Judgement(None, Decision.refused(skewed.message, reason=skewed.detail), skewed)
        found = self.session(call.credentials, call.position, call.seen)
        if isinstance(found, Fault):
            error = refusal(found, service, call.credentials.access_key_id)
            return Judgement(None, Decision.refused(error.message, reason=found.value), error)
        limited = self._not_with_session_token(found, call, service)
        if limited is not None:
            return Judgement(found, Decision.refused(limited.message, reason=limited.detail or limited.code), limited)
        try:
            all_needed = authorizations(call.by(found))
        except AccessDeniedError as refused:
            # Who calls decides, not the policies: a root user, a wrong one-time code.
            return Judgement(found, Decision.refused(refused.message, reason=refused.detail or refused.code), refused)
        decision: Decision | None = None
        first: str | None = None
        for needed in all_needed:
            first = first or needed.resource
            one = self._authorize(found, needed, call, named_operation)
            if not one.allowed:
                return Judgement(found, one, AccessDeniedError(one.message), first)
            decision = decision or one
        if decision is None:
            raise AwsError("an operation must say what it needs to be allowed", detail=call.action)
        return Judgement(found, decision, resource=first)

    @staticmethod
    def _not_with_session_token(caller: Session, call: Call, service: str) -> AwsError | None:
        """Return why what GetSessionToken gave is no good for *call*; None if it is, and for all other credentials."""
        if service not in ("iam", "sts") or not caller.temporary or caller.principal_type is PrincipalType.ASSUMED_ROLE:
            return None
        if service == "iam":
            key_id = caller.credentials.access_key_id
            return refusal(Fault.BAD_TOKEN, service, key_id) if caller.mfa_at is None else None
        name = call.action.partition(":")[2]
        if name.lower() in ("assumerole", "getcalleridentity"):
            return None
        return AccessDeniedError(
            f"Cannot call {name} with session credentials",
            detail="what GetSessionToken gives is good for AssumeRole and GetCallerIdentity only",
        )

    def _delay_noted(self, call: Call, judge: Callable[[Call], Judgement]) -> str | None:
        """Return which change would allow *call*, which was denied, if the service had seen it; None if none would."""
        position, seen = call.position, call.seen or call.position
        if seen == position or not judge(attrs.evolve(call, seen=position)).decision.allowed:
            return None
        for change in reversed(self.time.changes):
            if change.position <= seen:
                break
            before = (change.position[0], change.position[1] - 1)
            if (
                change.position > position
                or not any(service in change.subject for service in (":iam:", ":organizations:"))
                or judge(attrs.evolve(call, seen=before)).decision.allowed
            ):
                continue
            service = call.action.partition(":")[0].lower()
            done, known = (
                iso_exact(from_microseconds(instant))
                for instant in (change.position[0], change.position[0] + position[0] - seen[0])
            )
            return (
                f"only the propagation delay denies this: {change.operation} on {change.subject} was done at {done}, "
                f"and {service} sees it from {known} on"
            )
        return None

    def _authorize(
        self,
        caller: Session,
        needed: Authorization,
        call: Call,
        named_operation: str | None,
    ) -> Decision:
        position = call.position
        seen = call.seen or position
        policies = caller.principal.policy_set(seen)
        account = needed.account_id or _account_in(needed.resource) or caller.account_id
        above = None
        if self.organizations:
            above = Above(self.organizations, caller.account_id, needed.action, account, seen)
            policies = policies.with_layers(
                resource=needed.policy, session=caller.policies, scps=above.scps, rcps=above.rcps
            )
        elif needed.policy is not None or caller.policies:
            policies = policies.with_layers(resource=needed.policy, session=caller.policies)
        current_time, epoch_time = _time_texts(position[0])
        keys: dict[str, Any] = {
            "aws:CurrentTime": current_time,
            "aws:EpochTime": epoch_time,
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": self.region,
            "aws:ResourceAccount": account,
        }
        # Keys of several values take longer to read, so they are kept apart from the many others.
        fixed = caller.context if above is None else caller.context.extended(above.context)
        if caller.mfa_at is not None:
            keys["aws:MultiFactorAuthAge"] = str((position[0] - caller.mfa_at) // 1_000_000)
        for key, value in caller.principal.principal_tags(seen):
            keys[f"aws:PrincipalTag/{key}"] = value
        for key, value in caller.tags:
            keys[f"aws:PrincipalTag/{key}"] = value
        if needed.context:
            keys.update(needed.context)
        if call.context:
            keys.update(call.context)
        request = Request(
            caller.arn,
            needed.action,
            needed.resource,
            resource_account=needed.account_id,
            context=fixed.extended(keys),
            principal_id=caller.user_id,
            role_arn=caller.role_arn,
            operation=named_operation,
        )
        return evaluate(request, policies, self.semantics)

    def judge_service(
        self,
        service: str,
        role: Role,
        session_name: str,
        position: Position,
        seen: Position | None = None,
        *,
        context: Mapping[str, Any] = NOTHING,
    ) -> Decision:
        """
        Decide whether an AWS service may assume *role* as of *position*.

        The trust policy is asked, and the resource control policies of the role's organisation.

        Args:
            service: such as ``ec2.amazonaws.com``.
            role: the role.
            session_name: for EC2 the instance id.
            position: the moment; a scheduled refresh sees only what was written before its instant.
            seen: the position as of which IAM is seen, if changes in it take a while to get to *service*.
            context: context keys that the service brings, such as ``aws:SourceArn``.
        """
        if seen is None:
            seen = position
        trust = role.trust_at(seen)
        policies = trust.policy_set if trust is not None else PolicySet()
        keys: dict[str, Any] = {}
        if self.organizations:
            above = Above(self.organizations, None, "sts:AssumeRole", role.account_id, seen)
            policies = policies.with_layers(rcps=above.rcps)
            keys = above.context
            source = context.get("aws:SourceAccount")
            if source is not None:
                keys.update(Above.source(self.organizations, source, seen))
        current_time, epoch_time = _time_texts(position[0])
        request = Request(
            service,
            "sts:AssumeRole",
            role.arn,
            resource_account=role.account_id,
            context={
                "aws:PrincipalIsAWSService": "true",
                "aws:PrincipalServiceName": service,
                "sts:RoleSessionName": session_name,
                "aws:CurrentTime": current_time,
                "aws:EpochTime": epoch_time,
                "aws:SecureTransport": "true",
                "aws:RequestedRegion": self.region,
                "aws:ResourceAccount": role.account_id,
                **keys,
                **self.service_context,
                **context,
            },
        )
        return evaluate(request, policies, self.semantics)

    # -- what the operations of STS need and do ------------------------------------------------------------------------

    def read_assume_role(self, call: Call) -> AssumeRoleRequest:
        """Return the checked parameters of an AssumeRole call."""
        arn = call.resource or ""
        role: Role | None = call.parameters.get("role") or self.find_role(arn, self.seen(call))
        parameters = dict(call.parameters)
        policy_arns = check_policy_arns(parameters.get("policy_arns"))
        if policy_arns:
            if self.find_policy is None:
                raise AwsError("policy_arns need an account; pass policy= instead", code="InvalidParameterValue")
            # They belong to the role's account, not to the caller's.
            account_id = self.account_id if role is None else role.account_id
            parameters["policy_documents"] = [self.find_policy(one, account_id) for one in policy_arns]
        return AssumeRoleRequest.read(arn, role, parameters)

    def assume_role_authorizations(self, call: Call) -> list[Authorization]:
        """Return what an AssumeRole call must be allowed to do: the trust policy is the resource's policy."""
        caller: Session = call.caller
        return self.read_assume_role(call).authorizations(caller, call.position, self.seen(call))

    def perform_assume_role(self, call: Call) -> Credentials:
        """
        Issue the credentials of an AssumeRole call that was allowed.

        Raises:
            AwsError: see `AssumeRoleRequest.check`.
        """
        request = self.read_assume_role(call)
        role = request.role
        if role is None:
            raise AwsError("a role that does not exist was allowed to be assumed", detail=request.role_arn)
        caller: Session = call.caller
        packed = request.check(role, caller, self.seen(call))
        source_identity = request.source_identity or caller.source_identity
        session = self.issue_role_session(
            role,
            str(request.session_name),
            request.duration,
            call.position[0],
            context={} if source_identity is None else {"aws:SourceIdentity": source_identity},
            policies=request.policies,
            tags=(*caller.transitive_tags, *request.tags),
            transitive_tag_keys=tuple(dict.fromkeys((*caller.transitive_tag_keys, *request.transitive_tag_keys))),
            source_identity=source_identity,
            packed_policy_size=packed,
        )
        return session.credentials

    def caller_identity_authorizations(self, call: Call) -> list[Authorization]:
        """Return what GetCallerIdentity needs: nothing that could be denied."""
        return [Authorization("sts:GetCallerIdentity")]

    def perform_get_caller_identity(self, call: Call) -> CallerIdentity:
        """Return who made the call."""
        caller: Session = call.caller
        return CallerIdentity(caller.account_id, caller.arn, caller.user_id)

    def perform_decode_authorization_message(self, call: Call) -> dict[str, Any]:
        """
        Return what an encoded message says.

        Raises:
            AwsError: ``InvalidAuthorizationMessageException`` for what no denial of this Cloud holds.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.sts.authorization_message import decode

        return decode(self.time.ids, call.parameters.get("message", ""))

    def session_token_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetSessionToken call must be allowed to do."""
        from ec2roles.sts.get_session_token import SessionTokenRequest

        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).authorizations(caller, call.position)

    def perform_get_session_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetSessionToken call that was allowed."""
        from ec2roles.sts.get_session_token import SessionTokenRequest

        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).issue(self, caller, call.position).credentials

    def access_key_info_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetAccessKeyInfo call must be allowed to do."""
        if "access_key_id" in call.parameters:
            ACCESS_KEY_ID.check(call.parameters["access_key_id"])
        return [Authorization("sts:GetAccessKeyInfo")]

    def perform_get_access_key_info(self, call: Call) -> str:
        """
        Return the id of the account that an access key belongs to.

        Raises:
            ValidationError: if nobody in this Cloud ever had that key.
        """
        key_id = call.parameters.get("access_key_id")
        if key_id is None:
            raise ValidationError(
                "1 validation error detected: Value null at 'accessKeyId' failed to satisfy constraint: "
                "Member must not be null",
                detail="GetAccessKeyInfo needs access_key_id=...",
            )
        session = self.find_session(key_id, call.position[0])
        if session is None:
            raise InvalidNameError(
                f"The access key ID {key_id} does not exist.",
                detail=f"no account of this Cloud ever had {shown(key_id)}",
            )
        return session.account_id

    def __repr__(self) -> str:
        return f"<TokenService of {self.account_id}, {len(self._stored)} assumed>"


def _listed(values: Any) -> Any:
    """Return a generator's values as a tuple, for they are read twice; anything else as it is, None for nothing."""
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


# A memo of a pure function: in a simulation many things happen at one instant.
@lru_cache(maxsize=256)
def _time_texts(instant: int) -> tuple[str, str]:
    """Return an instant as ``aws:CurrentTime`` and as ``aws:EpochTime``."""
    return iso_exact(from_microseconds(instant)), str(instant // 1_000_000)


# A memo of a pure function: programs ask for the same few resources again and again.
@lru_cache(maxsize=4096)
def _account_in(arn: str) -> str | None:
    """Return the account that an ARN says, or None: S3's say none."""
    # What is no text at all is refused where the request is made.
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None


@attrs.define(eq=False)
class StandAlone:
    """
    The `Api` of a token service without an account around it: it judges every call and performs STS's own.

    Args:
        sts: the token service.
    """

    _sts: TokenService = attrs.field(alias="sts", repr=False)

    def call(self, call: Call) -> Response:
        """Judge *call*; there is no service behind it, so an allowed call of another service has no value."""
        error = self._sts.refuses(call)
        if error is not None:
            return Response(error=error, source=call.source)
        response = self._respond(call)
        self._sts.count(call)
        return response

    def _respond(self, call: Call) -> Response:
        try:
            judged = self._judge(call)
            if judged.error is not None:
                return Response(error=judged.error, decision=judged.decision, source=call.source)
            value = self._perform(call.by(judged.caller))
        except AwsError as error:
            return Response(error=error, source=call.source)
        return Response(value, allowed=True, decision=judged.decision, source=call.source)

    def can(self, call: Call) -> Decision:
        """Judge *call*."""
        return self._judge(call).decision

    def _judge(self, call: Call) -> Judgement:
        sts, name = self._sts, call.action.lower()
        needs = {
            "sts:assumerole": sts.assume_role_authorizations,
            "sts:getsessiontoken": sts.session_token_authorizations,
            "sts:getaccesskeyinfo": sts.access_key_info_authorizations,
        }.get(name)
        return sts.judge(call, needs or (lambda call: [Authorization(call.action, call.resource or "*")]))

    def _perform(self, call: Call) -> Any:
        sts = self._sts
        perform: Callable[[Call], Any] | None = {
            "sts:assumerole": sts.perform_assume_role,
            "sts:decodeauthorizationmessage": sts.perform_decode_authorization_message,
            "sts:getcalleridentity": sts.perform_get_caller_identity,
            "sts:getsessiontoken": sts.perform_get_session_token,
            "sts:getaccesskeyinfo": sts.perform_get_access_key_info,
        }.get(call.action.lower())
        return None if perform is None else perform(call)
