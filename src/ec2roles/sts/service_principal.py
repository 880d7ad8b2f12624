"""An AWS service that assumes roles as EC2 does: Lambda, ECS tasks and many others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.calls import Call, Response
from ec2roles.errors import AccessDeniedError, ValidationError
from ec2roles.iam.role import Role
from ec2roles.policy import CallerKind, Decision, parse_caller
from ec2roles.sts.assume_role import check_duration, check_role_arn, check_session_name
from ec2roles.sts.session import Session
from ec2roles.sts.token_service import TokenService
from ec2roles.world.journal import atomic
from ec2roles.world.timekeeper import Timekeeper


def _check_service(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of a service must be str, got {type(name).__name__}")
    if parse_caller(name).kind is not CallerKind.SERVICE:
        raise ValidationError(
            "Invalid principal", detail=f"a service is named such as 'lambda.amazonaws.com', got {shown(name)}"
        )
    return name


@attrs.frozen(eq=False, repr=False)
class ServicePrincipal:
    """
    An AWS service at work in an account.

    >>> from ec2roles import Account, TrustPolicy
    >>> account = Account()
    >>> role = account.create_role("worker", trust=TrustPolicy.service("lambda.amazonaws.com"))
    >>> account.service("lambda.amazonaws.com").assume_role(role).ok
    True

    Args:
        name: such as ``lambda.amazonaws.com``.
        sts: judges and issues.
        record: takes a call and its answer down, or None.
    """

    name: str = attrs.field(converter=_check_service)
    _sts: TokenService = attrs.field(alias="sts", repr=False)
    _record: Callable[[Call, Response, Session | None], None] | None = attrs.field(
        alias="record", default=None, repr=False
    )

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return self._sts.time

    @atomic
    def assume_role(
        self,
        role: Role | str,
        *,
        session_name: str | None = None,
        duration: int = 3600,
        source_arn: str | None = None,
        source_account: str | None = None,
    ) -> Response:
        """
        Assume a role; only its trust policy is asked, and resource control policies (AWS: AssumeRole by a service).

        Neither the role's maximum nor the hour of role chaining counts for services.

        Args:
            role: the role, or its ARN.
            session_name: 2-64 of ``[\\w+=,.@-]``; each service has names of its own, Lambda takes that of the function. By
                default the short name of the service: ``lambda``.
            duration: 900-43200 seconds.
            source_arn: on behalf of which resource: ``aws:SourceArn``.
            source_account: on behalf of which account: ``aws:SourceAccount``.

        Returns:
            A `Response` whose value is the new `Credentials`.

        Raises:
            ValidationError, InvalidNameError, DurationError: for a parameter that does not fit.
        """
        sts = self._sts
        if session_name is None:
            session_name = self.name.partition(".")[0]
        check_session_name(session_name)
        check_duration(duration)
        context: dict[str, Any] = {}
        if source_arn is not None:
            context["aws:SourceArn"] = source_arn
        if source_account is not None:
            context["aws:SourceAccount"] = check_account_id(source_account)
        position = sts.time.as_of(None)
        reader = self.name.partition(".")[0]
        if isinstance(role, Role):
            sts.time.require_same(role.time, f"role '{role.name}'")
            arn = role.arn
        else:
            arn = check_role_arn(role)
        call = Call(
            "sts:AssumeRole",
            resource=arn,
            position=position,
            source=self.name,
            context=context,
            parameters={"RoleSessionName": session_name, "DurationSeconds": duration},
            seen=sts.time.seen_by(reader, position),
        )

        def found(call: Call) -> Role | None:
            return role if isinstance(role, Role) else sts.find_role(arn, call.seen or position)

        def judge(call: Call) -> Decision:
            known = found(call)
            if known is not None:
                return sts.authorizer.authorize_service(
                    self.name, known, session_name, position, call.seen, context=context
                )
            # As for everybody else, a role that does not exist is one that does not trust.
            message = f"User: {self.name} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            return Decision.refused(message, reason="there is no such role")

        sts.time.check_clock(position[0])
        faults = sts.time.faults
        outage = None if faults is None else faults.sts_outage_error(position, sts.account_id, None)
        decision = judge(call)
        known = found(call)
        if outage is not None:
            response = Response(error=outage)
        elif decision.allowed and known is not None:
            session = sts.sessions.issue_role_session(known, session_name, duration, position[0])
            response = Response(session.credentials, allowed=True, decision=decision)
        else:
            note = sts.authorizer.delay_noted(reader, call, judge)
            detail = f"there is no role {shown(arn)}" if known is None else None
            response = Response(
                error=AccessDeniedError(decision.message, detail=detail),
                decision=decision if note is None else decision.with_notes(note),
            )
        if self._record is not None:
            self._record(call, response, None)
        return response

    def __repr__(self) -> str:
        return f"<ServicePrincipal {self.name}>"
