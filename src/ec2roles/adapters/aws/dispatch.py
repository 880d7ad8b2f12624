"""One API request, whatever it came by: performed if we have the operation, else judged and no more."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.adapters.aws.actions import ApiActions
from ec2roles.adapters.aws.passed_roles import passed_roles
from ec2roles.calls import Call, Response
from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError, InstanceError
from ec2roles.gateway import Gateway

NOT_SIMULATED = "NotImplemented"


@attrs.frozen(eq=False)
class ApiRequest:
    """
    A request to a service's API.

    Args:
        service: what the service signs as: ``s3``, ``monitoring``.
        operation: the API's name: ``ListBuckets``.
        parameters: as boto3 takes them, but for user data, which is in base64.
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
    Takes requests to the gateway of the caller's account.

    Args:
        api: the gateway of any account of the Cloud.
        actions: what operations that we do not have need to be allowed.
    """

    api: Gateway = attrs.field(repr=False)
    actions: ApiActions = attrs.field(factory=ApiActions, repr=False)

    def send(self, request: ApiRequest, *, perform: bool = True) -> Response:
        """
        Return the answer to *request*, or the refusal.

        An operation that is not simulated is judged; if it is allowed, the error is ``NotImplemented`` and ``allowed`` is
        true. It is never sent anywhere else.

        Args:
            request: the request.
            perform: False judges those that are simulated as well, and does nothing.
        """
        api = self.api
        position = api.time.as_of(None)
        if request.credentials is not None:
            session = api.authorizer.sessions.find(request.credentials.access_key_id, position[0])
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
            try:
                parameters = _unwrapped(request.operation, request.parameters)
            except AwsError as malformed:
                return Response(error=malformed, source=request.source)
            return api.request(f"{prefix}:{request.operation}", parameters, perform=perform, **common)
        operation, parameters = request.operation, request.parameters
        needed: list[tuple[str, str, Mapping[str, Any]]] = [
            (action, resource, context)
            for action, resource in self.actions.needed(
                prefix, operation, parameters, request.region, api.authorizer.account_id
            )
        ]
        for role, service in passed_roles(f"{prefix}:{operation}", parameters, api.authorizer.account_id):
            needed.append(("iam:PassRole", role, {**context, "iam:PassedToService": service}))
        response = Response()
        for action, resource, keys in needed:
            common["context"] = keys
            call = Call(action, resource=resource, operation=operation, parameters=parameters, **common)
            response = api.authorize(call)
            if not response.allowed:
                return response
        error = AwsError(
            f"{prefix}:{request.operation} is allowed, but it is not simulated by ec2roles, and was sent nowhere.",
            code=NOT_SIMULATED,
            status=501,
            detail=f"simulated here: operations of {', '.join(api.registry.services)}",
        )
        return attrs.evolve(response, error=error)


def _unwrapped(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters without what every client of AWS does to one of them: user data travels in base64, as text."""
    data = parameters.get("UserData")
    if operation != "RunInstances" or data is None:
        return parameters
    try:
        return {**parameters, "UserData": base64.b64decode(data, validate=True)}
    except ValueError:
        raise InstanceError(
            "Invalid BASE64 encoding of user data.",
            code="InvalidUserData.Malformed",
            detail="user data is sent in base64; boto3 and the aws command do that by themselves",
        ) from None


def _has(api: Gateway, name: str) -> bool:
    try:
        api.registry.operation(name)
    except AwsError:
        return False
    return True
