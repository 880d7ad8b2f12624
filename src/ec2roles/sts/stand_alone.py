"""A token service without an account around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ec2roles.authorization.permissions import Authorization, Judgement
from ec2roles.calls import Call, Response
from ec2roles.errors import AwsError
from ec2roles.policy import Decision
from ec2roles.sts.operations import StsOperations


@attrs.define(eq=False)
class StandAlone:
    """
    The `Api` of a token service without an account around it: it judges every call and performs STS's own.

    Args:
        sts: the token service.
    """

    _sts: StsOperations = attrs.field(alias="sts", repr=False)

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
            if judged.caller is not None:
                self._sts.note_use(call, judged.caller)
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
