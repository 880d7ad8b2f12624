"""One API request, whatever it came by: performed if we have the operation, else judged and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.adapters.api_actions import ApiActions
from ec2roles.calls import Call, Response
from ec2roles.errors import AwsError
from ec2roles.front_door import FrontDoor
from ec2roles.sts.credentials import Credentials

NOT_SIMULATED = "NotImplemented"


@attrs.frozen(eq=False)
class ApiRequest:
    """
    A request to a service's API.

    Args:
        service: what the service signs as: ``s3``, ``monitoring``.
        operation: the API's name: ``ListBuckets``.
        parameters: as boto3 takes them.
        region: where it is sent.
        credentials: what it is signed with; None for an anonymous one.
        context: context keys that its sender adds.
        sender: the id of the instance it comes from, if it comes from one.
        source: where the credentials were found, if that is known.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = attrs.field(repr=False)
    region: str
    credentials: Credentials | None = attrs.field(default=None, repr=False)
    context: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    sender: str | None = None
    source: str | None = None


@attrs.frozen(eq=False)
class Dispatcher:
    """
    Takes requests to the front door of the caller's account.

    Args:
        api: the front door of any account of the Cloud.
        actions: what operations that we do not have need to be allowed.
    """

    api: FrontDoor = attrs.field(repr=False)
    actions: ApiActions = attrs.field(factory=ApiActions, repr=False)

    def send(self, request: ApiRequest, *, performed: bool = True) -> Response:
        """
        Return the answer to *request*, or the refusal.

        An operation that is not simulated is judged; if it is allowed, the error is ``NotImplemented`` and ``allowed`` is
        true. It is never sent anywhere else.

        Args:
            request: the request.
            performed: False only judges operations that are simulated too.
        """
        api = self.api
        position = api.time.as_of(None)
        if request.credentials is not None:
            session = api.sts.session_of(request.credentials.access_key_id, position)
            api = api if session is None else api.of(session.account_id)
        prefix = self.actions.prefix(request.service)
        context = {"aws:RequestedRegion": request.region, **request.context}
        common: dict[str, Any] = {
            "position": position,
            "credentials": request.credentials,
            "context": context,
            "sender": request.sender,
            "source": request.source,
        }
        if _has(api, f"{prefix}:{request.operation}"):
            return api.request(f"{prefix}:{request.operation}", request.parameters, performed=performed, **common)
        needed = self.actions.needed(prefix, request.operation, request.parameters, request.region, api.sts.account_id)
        response = Response()
        for action, resource in needed:
            call = Call(action, resource=resource, operation=request.operation, parameters=request.parameters, **common)
            response = api.judge(call)
            if not response.allowed:
                return response
        error = AwsError(
            f"{prefix}:{request.operation} is allowed, but it is not simulated by ec2roles, and was sent nowhere.",
            code=NOT_SIMULATED,
            status=501,
            detail=f"simulated here: operations of {', '.join(api.registry.services)}",
        )
        return attrs.evolve(response, error=error)


def _has(api: FrontDoor, name: str) -> bool:
    try:
        api.registry.operation(name)
    except AwsError:
        return False
    return True
