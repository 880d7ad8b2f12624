"""An AWS service that assumes roles as EC2 does: Lambda, ECS tasks and many others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.calls import Call, Response
from ec2roles.credentials import Credentials
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
    ) -> Response[Credentials]:
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
        if session_name is None:
            session_name = self._reader
        check_session_name(session_name)
        check_duration(duration)
        call = self._call(role, session_name, duration, self._context(source_arn, source_account))
        self.time.check_clock(call.position[0])
        response = self._answer(call, role)
        if self._record is not None:
            self._record(call, response, None)
        return response

    @property
    def _reader(self) -> str:
        """Under which name it reads IAM: ``lambda``."""
        return self.name.partition(".")[0]

    @staticmethod
    def _context(source_arn: str | None, source_account: str | None) -> dict[str, Any]:
        context: dict[str, Any] = {}
        if source_arn is not None:
            context["aws:SourceArn"] = source_arn
        if source_account is not None:
            context["aws:SourceAccount"] = check_account_id(source_account)
        return context

    def _call(self, role: Role | str, session_name: str, duration: int, context: Mapping[str, Any]) -> Call:
        position = self.time.as_of(None)
        if isinstance(role, Role):
            self.time.require_same(role.time, f"role '{role.name}'")
        return Call(
            "sts:AssumeRole",
            resource=role.arn if isinstance(role, Role) else check_role_arn(role),
            position=position,
            source=self.name,
            context=context,
            parameters={"RoleSessionName": session_name, "DurationSeconds": duration},
            seen=self.time.seen_by(self._reader, position),
        )

    def _find(self, call: Call, role: Role | str) -> Role | None:
        return role if isinstance(role, Role) else self._sts.find_role(role, call.seen or call.position)

    def _decide(self, call: Call, role: Role | str) -> Decision:
        known = self._find(call, role)
        if known is not None:
            return self._sts.authorizer.authorize_service(
                self.name, known, call.parameters["RoleSessionName"], call.position, call.seen, context=call.context
            )
        # As for everybody else, a role that does not exist is one that does not trust.
        message = f"User: {self.name} is not authorized to perform: sts:AssumeRole on resource: {call.resource}"
        return Decision.refused(message, reason="there is no such role")

    def _answer(self, call: Call, role: Role | str) -> Response[Credentials]:
        sts, position = self._sts, call.position
        faults = self.time.faults
        outage = None if faults is None else faults.sts_outage_error(position, sts.account_id, None)
        if outage is not None:
            return Response(error=outage)
        decision, known = self._decide(call, role), self._find(call, role)
        if decision.allowed and known is not None:
            name, seconds = call.parameters["RoleSessionName"], call.parameters["DurationSeconds"]
            session = sts.sessions.issue_role_session(known, name, seconds, position[0])
            return Response(session.credentials, allowed=True, decision=decision)
        note = sts.authorizer.delay_noted(self._reader, call, lambda call: self._decide(call, role))
        return Response(
            error=AccessDeniedError(
                decision.message, detail=f"there is no role {shown(call.resource)}" if known is None else None
            ),
            decision=decision if note is None else decision.with_notes(note),
        )

    def __repr__(self) -> str:
        return f"<ServicePrincipal {self.name}>"
