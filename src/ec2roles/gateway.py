"""The way of every call: read, authenticate, authorize, perform, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from ec2roles.authorization.authorizer import Authorizer
from ec2roles.authorization.denials import plain_denial
from ec2roles.authorization.permissions import Verdict
from ec2roles.calls import NOTHING, Call, Response
from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError, ParameterError
from ec2roles.policy import Decision
from ec2roles.services.registry import Found, Registry
from ec2roles.sts.session import Session
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position


class Recorder(Protocol):
    """Takes down every call."""

    def record_call(self, call: Call, response: Response, caller: Session | None, operation: str | None = None) -> None:
        """Take down *call*, its answer and the API's name of what was performed."""


@attrs.define(eq=False)
class Gateway(Part):
    """
    The `Api` of an account.

    Args:
        authorizer: knows whose credentials a call is signed with, and decides.
        registry: knows what a call needs and does.
        recorder: takes calls down, or None.
        find: returns the gateway of another account of the Cloud, or None if there is none.
    """

    _authorizer: Authorizer = attrs.field(alias="authorizer", repr=False)
    _registry: Registry = attrs.field(alias="registry", repr=False)
    _recorder: Recorder | None = attrs.field(alias="recorder", repr=False, default=None)
    _find: Callable[[str], Gateway | None] | None = attrs.field(alias="find", repr=False, default=None)
    time: Timekeeper = attrs.field(init=False, repr=False)

    @time.default
    def _time_of_authorizer(self) -> Timekeeper:
        return self._authorizer.time

    @property
    def authorizer(self) -> Authorizer:
        """Knows whose credentials a call is signed with, and decides."""
        return self._authorizer

    @property
    def registry(self) -> Registry:
        """Knows what a call needs and does."""
        return self._registry

    def of(self, account_id: str) -> Gateway:
        """Return the gateway of an account of the Cloud; this one, if it knows no other of that id."""
        found = None if self._find is None else self._find(account_id)
        return self if found is None else found

    def call(self, call: Call, *, found: Found | None = None, strict: bool = False) -> Response:
        """
        Authorize *call*, perform it if it is allowed, and record it: all of that, or nothing.

        Args:
            call: the call.
            found: what it means; looked up by default.
            strict: whether a parameter of another type is a mistake of who wrote the program: it raises, and nothing is done.

        Raises:
            ParameterError: for a parameter of another type, if that is wanted; else it is the response's error.
            ValidationError: if its action is not ``service:Name``; nothing is done or recorded then.
            ClockError: if the clock went back; nothing is done or recorded then either.
        """
        return self.time.journal.run(self._answer, call, found, strict)[0]

    def _answer(self, call: Call, found: Found | None, strict: bool = False) -> tuple[Response, Call]:
        """Return the answer, and the call with its parameters read, as far as it came."""
        if found is None:
            found = self._registry.find(call)
        # Before anything is done: what is done cannot be taken down at a time before the last thing that was.
        time = self.time
        if call.position[0] < time.newest:
            time.check_clock(call.position[0])
        # Few worlds have faults.
        faults = time.faults
        outage = None if faults is None else self._authorizer.outage(call)
        verdict = caller = resource = None
        try:
            if outage is not None:
                raise outage
            verdict = self._authorizer.authorize(call, found.operation, named_operation=found.named_operation)
            if found.named_operation is not None:
                verdict = _noted(verdict, found)
            caller, resource, call = verdict.caller, verdict.resource, verdict.call or call
            if not verdict.allowed:
                perform = _part(found, verdict)
            elif not found.performed:
                perform = None
            else:
                perform = found.operation.perform if found.operation.asked is None else found.operation.run
            if perform is not None:
                author = None if caller is None else caller.arn
                # An operation that is refused half-way has changed nothing.
                value = time.journal.run_by(author, perform, call)
                response = Response(value, allowed=verdict.allowed, decision=verdict.decision, source=call.source)
            else:
                response = self._refused(call, found, verdict)
        except AwsError as error:
            if strict and isinstance(error, ParameterError):
                raise
            if verdict is None:
                # What AWS answers before it comes to a decision: it is down, or a parameter breaks its limits.
                caller = self._caller(call)
                response = Response(error=error, source=call.source)
            else:
                response = Response(error=error, allowed=verdict.allowed, decision=verdict.decision, source=call.source)
        if faults is not None and outage is None:
            self._authorizer.count(call)
        if caller is not None:
            # Whatever comes of it: the role, or the access key, has been used.
            region = call.context.get("aws:RequestedRegion") if call.context else None
            caller.principal.note_use(
                caller.credentials.access_key_id,
                call.position[0],
                region if isinstance(region, str) else self._authorizer.region,
                call.action.partition(":")[0].lower(),
            )
        if self._recorder is not None:
            performed = found.operation.name if found.performed else None
            unsaid = call.resource is None and resource not in (None, "*")
            recorded = attrs.evolve(call, resource=resource) if unsaid else call
            self._recorder.record_call(recorded, response, caller, performed)
        return response, call

    @atomic
    def request(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        position: Position,
        credentials: Credentials | None,
        context: Mapping[str, Any] = NOTHING,
        refusal: AwsError | None = None,
        source: str | None = None,
        sender: str | None = None,
        perform: bool = True,
    ) -> Response:
        """
        Make a call as AWS's API takes it: with the names of its parameters, answered with a response of its form.

        Args:
            operation: the service's prefix and the operation's name: ``iam:CreateRole``.
            parameters: AWS's, as boto3 takes them: ``{"RoleName": "app"}``.
            position, credentials, context, refusal, source, sender: as in a `Call`.
            perform: False authorizes it and does nothing; where it is allowed, the error is ``NotImplemented``.
        """
        if not isinstance(parameters, Mapping):
            raise TypeError(f"parameters must be a mapping, got {type(parameters).__name__}")
        try:
            found = self._registry.operation(operation)
        except AwsError as error:
            return Response(error=error, source=source)
        wanted = found.operation
        call = Call(
            found.action,
            position=position,
            credentials=credentials,
            source=source,
            operation=wanted.name,
            context=context,
            parameters=parameters,
            api=True,
            refusal=refusal,
            sender=sender,
        )
        # What was asked for by the API's own name needs no note about that.
        found = attrs.evolve(found, performed=found.performed and perform, named_operation=None)
        response, call = self._answer(call, found)
        if wanted.response is None or not response.ok:
            return response
        return attrs.evolve(response, value=wanted.response(response.value, call))

    def authorize(self, call: Call) -> Response:
        """Authorize *call* and record it, and perform nothing: where it is allowed, the error is ``NotImplemented``."""
        return self.call(call, found=self._registry.judged_only(call))

    def can(self, call: Call) -> Decision:
        """Authorize *call*; change nothing and record nothing."""
        question = call if call.question else attrs.evolve(call, question=True)
        found = self._registry.find(call)
        verdict = self._authorizer.authorize(question, found.operation, named_operation=found.named_operation)
        if found.named_operation is not None:
            verdict = _noted(verdict, found)
        return verdict.decision

    def _caller(self, call: Call) -> Session | None:
        session = None if call.credentials is None else self._authorizer.authenticate(call.credentials, call.position)
        return session if isinstance(session, Session) else None

    def _refused(self, call: Call, found: Found, verdict: Verdict) -> Response:
        """Return the answer to a call that is not performed: it is denied, or no service here performs it."""
        decision, error = verdict.decision, verdict.error
        if not verdict.allowed:
            # What was refused before it came to policies has its own words already.
            if error is None:
                denial = plain_denial if found.service is None else found.service.denial
                error = denial(call, decision)
            return Response(error=error, decision=decision, source=call.source)
        offered = ", ".join(self._registry.services)
        unperformed = AwsError(
            "A header or query you provided requested a function that is not implemented.",
            code="NotImplemented",
            status=501,
            detail=f"the call was allowed, but no service here performs {call.action} (there are: {offered}); "
            "can(...) only asks, and account.registry.register(service) adds one",
        )
        return Response(error=unperformed, allowed=True, decision=decision, source=call.source)


def _noted(verdict: Verdict, found: Found) -> Verdict:
    """Return *verdict* of a call that named the operation and not the IAM action, with a note that says so."""
    if verdict.caller is None:
        return verdict
    note = (
        f"{found.named_operation} is the name of the API operation; the IAM action is {found.action}. "
        f"AWS looks only for {found.action} in policies; here a statement that names the operation counts as well"
    )
    return attrs.evolve(verdict, decision=verdict.decision.with_notes(note))


def _part(found: Found, verdict: Verdict) -> Callable[[Call], Any] | None:
    """Return what is done of a call that the policies deny, if part of it may be allowed: some of many objects; else None."""
    if found.service is None or not found.performed or verdict.error is not None:
        return None
    return found.service.partly.get(found.operation.name)
