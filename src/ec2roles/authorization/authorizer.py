"""Who calls, which policies apply, and what they decide: for every service of an account, and for services that assume roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.authorization.denials import refusal
from ec2roles.authorization.inherited import InheritedPolicies
from ec2roles.authorization.permissions import Permission, Permitted, Verdict
from ec2roles.calls import NOTHING, Call
from ec2roles.credentials import Credentials
from ec2roles.errors import AccessDeniedError, AwsError
from ec2roles.iam.role import Role
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.memo import Memo
from ec2roles.policy import Context, Decision, PolicySet, Request, Semantics, evaluate, parse_caller
from ec2roles.policy.context import check_keys
from ec2roles.sts.session import Fault, PrincipalType, Session
from ec2roles.sts.sessions import SessionStore
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.organizations.organization import Organization


def _read_only(given: Mapping[str, Any]) -> Mapping[str, Any]:
    # Read now: what is not a context key is refused when the account is made, and not when a service first brings it.
    return MappingProxyType(dict(Context.of(given).items()))


# The services that take less from what GetSessionToken gave.
_NOT_WITH_SESSION_TOKEN = ("iam", "sts")


@attrs.frozen(eq=False, repr=False)
class Authorizer:
    """
    Decides for one account.

    Args:
        sessions: knows whose credentials any key is.
        region: what ``aws:RequestedRegion`` says.
        semantics: the readings of open points.
        service_context: context keys that an AWS service brings when it assumes a role.
        organizations: the organisations of the Cloud, whose policies stand above everything.
    """

    sessions: SessionStore
    region: str = attrs.field(default="us-east-1", kw_only=True)
    semantics: Semantics = attrs.field(factory=Semantics, kw_only=True)
    service_context: Mapping[str, Any] = attrs.field(default=NOTHING, kw_only=True, converter=_read_only)
    organizations: Sequence[Organization] = attrs.field(default=(), kw_only=True)
    time: Timekeeper = attrs.field(init=False)
    account_id: str = attrs.field(init=False)

    @time.default
    def _time_of_sessions(self) -> Timekeeper:
        return self.sessions.time

    @account_id.default
    def _account_of_sessions(self) -> str:
        return self.sessions.account_id

    # -- who is calling ---------------------------------------------------------------------------------------------

    def authenticate(
        self, credentials: Credentials, position: Position, seen: Position | None = None
    ) -> Session | Fault:
        """
        Return whose session *credentials* stand for as of *position*, or why they are not accepted.

        Args:
            credentials: as they were sent.
            position: the moment at which they are checked.
            seen: the position as of which IAM is seen, if changes in it take a while to get here.
        """
        session = self.sessions.recall(credentials.access_key_id, position[0])
        if session is None:
            return self._without_session(credentials)
        fault = session.fault(credentials, position, seen)
        if fault is not None:
            return fault
        # Of roles and root users there is but one name.
        return session if session.rename is None else session.rename(session, seen or position)

    def _without_session(self, credentials: Credentials) -> Fault:
        """Why credentials without a session are not accepted: of those that were issued long ago it is only known that."""
        key_id = credentials.access_key_id
        if not self.sessions.is_forgotten(key_id):
            return Fault.UNKNOWN_KEY
        issued = Credentials.mint(self.time.ids, key_id, issued=0, expires=0)
        if credentials.session_token is None:
            return Fault.NO_TOKEN
        if credentials.session_token != issued.session_token:
            return Fault.BAD_TOKEN
        return Fault.EXPIRED if credentials.secret_access_key == issued.secret_access_key else Fault.WRONG_SECRET

    def seen(self, call: Call) -> Position:
        """Return the position as of which the service of *call* sees IAM: its own, unless a propagation delay is set."""
        if call.seen is not None:
            return call.seen
        if self.time.propagation is None:
            return call.position
        return self.time.seen_by(call.action.partition(":")[0].lower(), call.position)

    # -- faults -----------------------------------------------------------------------------------------------------

    def outage(self, call: Call) -> AwsError | None:
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

    # -- deciding ---------------------------------------------------------------------------------------------------

    def authorize(
        self,
        call: Call,
        operation: Permitted,
        *,
        named_operation: str | None = None,
    ) -> Verdict:
        """
        Check the credentials of *call*, gather the policies that apply, and decide.

        Args:
            call: the call as it was sent.
            operation: reads its parameters and says what it must be allowed to do, once the caller is known.
            named_operation: the API operation whose name the caller used in place of the IAM action.
        """
        if self.time.propagation is not None and call.seen is None:
            late = attrs.evolve(call, seen=self.seen(call))

            def judge(call: Call) -> Verdict:
                return self.authorize(call, operation, named_operation=named_operation)

            judged = judge(late)
            note = None
            if not judged.decision.allowed:
                service = call.action.partition(":")[0].lower()
                note = self.delay_noted(service, late, lambda call: judge(call).decision)
            return judged if note is None else attrs.evolve(judged, decision=judged.decision.with_notes(note))
        service = call.action.partition(":")[0].lower()
        if call.credentials is None:
            operation.check_names(call)
            error: AwsError = call.refusal if call.refusal is not None else refusal(Fault.MISSING, service)
            return Verdict(None, Decision.refused(error.message, reason=error.detail or error.code), error)
        if self.time.faults is not None and call.sender is not None:
            skewed = self.time.faults.skew_refusal(service, call.position, self.account_id, call.sender)
            if skewed is not None:
                return Verdict(None, Decision.refused(skewed.message, reason=skewed.detail), skewed)
        found = self.authenticate(call.credentials, call.position, call.seen)
        if isinstance(found, Fault):
            error = refusal(found, service, call.credentials.access_key_id)
            return Verdict(None, Decision.refused(error.message, reason=found.value), error)
        if service in _NOT_WITH_SESSION_TOKEN and found.expires is not None:
            limited = self._not_with_session_token(found, call, service)
            if limited is not None:
                return Verdict(found, Decision.refused(limited.message, reason=limited.detail or limited.code), limited)
        try:
            ready, all_needed = operation.ready(call, found)
        except AccessDeniedError as refused:
            # Who calls decides, not the policies: a root user, a wrong one-time code.
            return Verdict(found, Decision.refused(refused.message, reason=refused.detail or refused.code), refused)
        decision: Decision | None = None
        first: str | None = None
        for needed in all_needed:
            first = first or needed.resource
            one = self._decide(found, needed, call, named_operation)
            if not one.allowed:
                one = one if needed.note is None else one.with_notes(needed.note)
                return Verdict(found, one, None, first, ready)
            decision = decision or one
        if decision is None:
            raise AwsError("an operation must say what it needs to be allowed", detail=call.action)
        return Verdict(found, decision, None, first, ready, allowed=True)

    @staticmethod
    def _not_with_session_token(caller: Session, call: Call, service: str) -> AwsError | None:
        """Return why what GetSessionToken or GetFederationToken gave is no good for *call*; None if it is, and for a role's session."""
        if caller.principal_type is PrincipalType.ASSUMED_ROLE:
            return None
        federated = caller.principal_type is PrincipalType.FEDERATED_USER
        if service == "iam":
            if caller.mfa_at is not None:
                return None
            # AWS says what it says of a token that is no good at all; the token is good, but not for this.
            return refusal(
                Fault.BAD_TOKEN,
                service,
                detail="what GetFederationToken gives is no good for IAM"
                if federated
                else "what GetSessionToken gives is good for IAM with a second factor only: 'serial_number' and 'token_code'",
            )
        name = call.action.partition(":")[2]
        if name.lower() == "getcalleridentity" or (name.lower() == "assumerole" and not federated):
            return None
        return AccessDeniedError(
            f"Cannot call {name} with session credentials",
            detail="what GetFederationToken gives is good for GetCallerIdentity only"
            if federated
            else "what GetSessionToken gives is good for AssumeRole and GetCallerIdentity only",
        )

    def delay_noted(self, reader: str, call: Call, judge: Callable[[Call], Decision]) -> str | None:
        """
        Return which change would allow *call*, which was denied, if the reader had seen it; None if none would.

        Args:
            reader: who sees changes late, such as ``s3``.
            call: the call, with what was seen.
            judge: decides anew, with more seen.
        """
        position, seen = call.position, call.seen or call.position
        if seen == position or not judge(attrs.evolve(call, seen=position)).allowed:
            return None
        for change in reversed(self.time.changes):
            if change.position <= seen:
                break
            before = (change.position[0], change.position[1] - 1)
            if (
                change.position > position
                or not any(service in change.subject for service in (":iam:", ":organizations:"))
                or judge(attrs.evolve(call, seen=before)).allowed
            ):
                continue
            done, known = (
                iso_exact(from_microseconds(instant))
                for instant in (change.position[0], change.position[0] + position[0] - seen[0])
            )
            return (
                f"only the propagation delay denies this: {change.operation} on {change.subject} was done at {done}, "
                f"and {reader} sees it from {known} on"
            )
        return None

    def _decide(
        self,
        caller: Session,
        needed: Permission,
        call: Call,
        named_operation: str | None,
    ) -> Decision:
        position = call.position
        seen = call.seen or position
        policies, tags = caller.principal.policies_and_tags(seen)
        account = needed.account_id or _ACCOUNTS[needed.resource] or caller.account_id
        above = None
        if self.organizations:
            above = InheritedPolicies(self.organizations, caller.account_id, needed.action, account, seen)
            policies = policies.with_layers(
                resource=needed.policy, session=caller.policies, scps=above.scps, rcps=above.rcps
            )
        elif caller.policies:
            policies = policies.with_layers(resource=needed.policy, session=caller.policies)
        elif needed.policy is not None:
            policies = policies.with_layers(resource=needed.policy)
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
        for key, value in tags:
            keys[f"aws:PrincipalTag/{key}"] = value
        for key, value in caller.tags:
            keys[f"aws:PrincipalTag/{key}"] = value
        if needed.context:
            keys.update(needed.context)
        if call.context:
            check_keys(call.context)
            keys.update(call.context)
        user = caller.user
        request = Request(
            caller.arn,
            needed.action,
            needed.resource,
            resource_account=needed.account_id,
            context=fixed.extended(keys),
            principal_id=caller.user_id,
            role_arn=caller.role_arn,
            user=None if user is None else parse_caller(user.arn, None, user.user_id),
            operation=named_operation,
        )
        return evaluate(request, policies, self.semantics)

    def service_may_assume(self, service: str, role: Role, seen: Position, decide: Callable[[], Decision]) -> bool:
        """
        Return whether an AWS service may assume *role*, without another look where the answer cannot have changed.

        Args:
            service: such as ``ec2.amazonaws.com``.
            role: the role.
            seen: the position as of which IAM is seen.
            decide: decides; it calls `authorize_service`.
        """
        trust = role.trust_at(seen)
        if trust is None or trust.conditional or self.organizations:
            return decide().allowed
        key = (self, service)
        allowed = trust.answers.get(key)
        if allowed is None:
            allowed = trust.answers[key] = decide().allowed
        return allowed

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
            above = InheritedPolicies(self.organizations, None, "sts:AssumeRole", role.account_id, seen)
            policies = policies.with_layers(rcps=above.rcps)
            keys = above.context
            source = context.get("aws:SourceAccount")
            if source is not None:
                keys.update(InheritedPolicies.source(self.organizations, source, seen))
        current_time, epoch_time = _time_texts(position[0])
        request = Request(
            service,
            "sts:AssumeRole",
            role.arn,
            resource_account=role.account_id,
            context=Context.of(
                {
                    "aws:PrincipalIsAWSService": "true",
                    "aws:PrincipalServiceName": service,
                    "sts:RoleSessionName": session_name,
                    "aws:CurrentTime": current_time,
                    "aws:EpochTime": epoch_time,
                    "aws:SecureTransport": "true",
                    "aws:RequestedRegion": self.region,
                    "aws:ResourceAccount": role.account_id,
                    **keys,
                }
            ).extended({**self.service_context, **context}),
        )
        return evaluate(request, policies, self.semantics)


# A memo of a pure function: in a simulation many things happen at one instant.
@lru_cache(maxsize=256)
def _time_texts(instant: int) -> tuple[str, str]:
    """Return an instant as ``aws:CurrentTime`` and as ``aws:EpochTime``."""
    return iso_exact(from_microseconds(instant)), str(instant // 1_000_000)


# A memo of a pure function: programs ask for the same few resources again and again.
def _account_in(arn: str) -> str | None:
    """Return the account that an ARN says, or None: S3's say none."""
    # What is no text at all is refused where the request is made.
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None


_ACCOUNTS = Memo(_account_in, most=1 << 20)
