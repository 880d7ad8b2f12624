"""
boto3 in this process, without a socket: its credentials are the simulated ones, and its calls are judged and answered here.

Three front ends (extra ``boto``): `boto_session` gives a session of your own; `install` makes every session that is created
meanwhile such a one; `patch_client` changes a client that exists.
"""

from __future__ import annotations

import contextlib
import http
import io
import itertools
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock
from urllib.parse import quote

import attrs
import boto3
import botocore
import botocore.credentials
import botocore.handlers
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import NoCredentialsError
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape
from botocore.response import StreamingBody

from ec2roles.account import OUTSIDE_ADDRESS, Account
from ec2roles.adapters.aws.actions import ApiActions
from ec2roles.adapters.aws.dispatch import NOT_SIMULATED, ApiRequest, Dispatcher
from ec2roles.adapters.aws.fallthrough import Fallthrough
from ec2roles.adapters.aws.protocol.error_codes import in_protocol
from ec2roles.calls import Response
from ec2roles.credentials import Credentials
from ec2roles.ec2.container import Container
from ec2roles.ec2.instance import NAT_ADDRESS, Instance
from ec2roles.errors import AwsError, UnsupportedError
from ec2roles.gateway import Gateway

_PARAMETERS = "ec2roles_parameters"
_BEHIND = "ec2roles_behind"
_NOWHERE = os.devnull
# No file and no profile of the developer's machine reaches a private session.
_SESSION_VARIABLES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, _NOWHERE, None),
    "credentials_file": (None, None, _NOWHERE, None),
}


def boto_session(
    source: Instance | Container | Account,
    *,
    credentials: Credentials | None = None,
    region: str | None = None,
    actions: ApiActions | None = None,
    fallthrough: bool | Fallthrough = False,
    loader: Loader | None = None,
    lock: AbstractContextManager[Any] | None = None,
) -> boto3.Session:
    """
    Return a boto3 session whose clients live in the simulation.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("app", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    >>> session = boto_session(account.launch_instance("app"))
    >>> session.client("s3").list_buckets()["Buckets"]
    []

    On an instance the credentials are those of its metadata, and they are refreshed by the simulated clock. A client that
    is given keys of its own uses those.

    Args:
        source: the instance that the program runs on, or a container on one, or an account for a program anywhere else.
        credentials: what it signs with; for an account only.
        region: of its clients; that of the source by default.
        actions: which IAM actions operations need that are only judged.
        fallthrough: whether calls that are allowed go on, to moto or to AWS itself: all but those to IAM, STS and EC2
            that are simulated; a `Fallthrough` chooses. A call that is denied never does. False answers
            ``NotImplemented`` to what is not simulated.
        loader: botocore's, which reads the model of a service once; a new one by default. Tests that make many sessions
            are quicker with one for all.
        lock: held while a call is answered; a new one by default. boto3's transfers use threads of their own. Where several
            sessions are used at once, or an `Application` serves the same world, all of them need the same.
    """
    hooks = Hooks.of(source, actions=actions, fallthrough=fallthrough, lock=lock)
    session = botocore.session.Session(session_vars=_SESSION_VARIABLES)
    session.register_component("credential_provider", _resolver(source, credentials))
    if loader is not None:
        session.register_component("data_loader", loader)
    hooks.register(session.get_component("event_emitter"))
    return boto3.Session(botocore_session=session, region_name=region or _region(source))


@contextlib.contextmanager
def install(
    source: Instance | Container | Account,
    *,
    credentials: Credentials | None = None,
    actions: ApiActions | None = None,
    fallthrough: bool | Fallthrough = False,
    lock: AbstractContextManager[Any] | None = None,
) -> Iterator[Hooks]:
    """
    Make every session that is created meanwhile one of the simulation, boto3's default one included.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    >>> with install(account.launch_instance("app")):
    ...     boto3.client("s3").list_buckets()["Buckets"]
    []

    For code that makes its own clients. Sessions and clients that exist already stay as they are; the change is the whole
    process's, so it is for tests in one thread.

    Args:
        source, credentials, actions, fallthrough, lock: as for `boto_session`.
    """
    hooks = Hooks.of(source, actions=actions, fallthrough=fallthrough, lock=lock)
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": _NOWHERE}
    if not os.environ.get("AWS_DEFAULT_REGION"):
        environment["AWS_DEFAULT_REGION"] = _region(source)
    handlers = botocore.handlers.BUILTIN_HANDLERS
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(boto3, "DEFAULT_SESSION", None),
        mock.patch.object(
            botocore.credentials, "create_credential_resolver", lambda *args, **named: _resolver(source, credentials)
        ),
        mock.patch.object(botocore.handlers, "BUILTIN_HANDLERS", [*handlers, *hooks.builtin()]),
    ):
        os.environ.pop("AWS_PROFILE", None)
        yield hooks


def patch_client(
    client: Any,
    source: Instance | Container | Account,
    *,
    actions: ApiActions | None = None,
    fallthrough: bool | Fallthrough = False,
    lock: AbstractContextManager[Any] | None = None,
) -> None:
    """
    Have the calls of *client* judged and answered by the simulation; it signs with the credentials that it has.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> key = account.create_user("alice").create_access_key()
    >>> client = boto3.client(
    ...     "sts",
    ...     region_name="us-east-1",
    ...     aws_access_key_id=key.access_key_id,
    ...     aws_secret_access_key=key.secret_access_key.reveal(),
    ... )
    >>> hooks = patch_client(client, account)
    >>> client.get_caller_identity()["Arn"]
    'arn:aws:iam::123456789012:user/alice'

    Args:
        client: a boto3 client.
        source, actions, fallthrough, lock: as for `boto_session`.
    """
    hooks = Hooks.of(source, actions=actions, fallthrough=fallthrough, lock=lock)
    hooks.register(client.meta.events)


@attrs.define(eq=False)
class Hooks:
    """
    What is hooked into botocore's events.

    Args:
        dispatcher: takes the calls.
        behind: what stands behind the simulation, or None.
        context: context keys of each call.
        sender: the id of the instance, if it is one.
        lock: held while a call is answered.
    """

    dispatcher: Dispatcher
    behind: Fallthrough | None = None
    context: Mapping[str, Any] = attrs.field(factory=dict)
    sender: str | None = None
    lock: AbstractContextManager[Any] = attrs.field(factory=threading.RLock)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False, repr=False)

    @classmethod
    def of(
        cls,
        source: Instance | Container | Account,
        *,
        actions: ApiActions | None,
        fallthrough: bool | Fallthrough,
        lock: AbstractContextManager[Any] | None,
    ) -> Hooks:
        """
        Return the hooks for programs on an instance, or anywhere with an account.

        Raises:
            UnsupportedError: for an instance without an account around it.
        """
        machine = _machine(source)
        api = machine.role_credentials.api if isinstance(machine, Instance) else machine.api
        if not isinstance(api, Gateway):
            raise UnsupportedError("boto3 needs an instance of an Account: one that was built by hand has no services")
        dispatcher = Dispatcher(api, ApiActions() if actions is None else actions)
        behind = Fallthrough.of(machine, fallthrough)
        held = threading.RLock() if lock is None else lock
        if isinstance(machine, Instance):
            return cls(dispatcher, behind, {"aws:SourceIp": NAT_ADDRESS}, machine.instance_id, held)
        return cls(dispatcher, behind, {"aws:SourceIp": OUTSIDE_ADDRESS}, None, held)

    def register(self, events: Any) -> None:
        """Hook into an event emitter, a session's or a client's."""
        events.register_last("before-parameter-build", self.remember, unique_id="ec2roles-remember")
        events.register_first("before-call", self.answer, unique_id="ec2roles-answer")
        events.register_first("after-call", self.answered_behind, unique_id="ec2roles-answered-behind")

    def builtin(self) -> list[tuple[Any, ...]]:
        """Return the same in the form of botocore's own list of handlers."""
        return [
            ("before-parameter-build", self.remember, botocore.handlers.REGISTER_LAST),
            ("before-call", self.answer, botocore.handlers.REGISTER_FIRST),
            ("after-call", self.answered_behind, botocore.handlers.REGISTER_FIRST),
        ]

    def remember(self, params: dict[str, Any], context: dict[str, Any], **named: Any) -> None:
        """Keep the parameters as the program gave them, for `answer` sees them only in the form of the protocol."""
        context[_PARAMETERS] = params

    def answer(
        self, model: OperationModel, params: dict[str, Any], request_signer: Any, context: dict[str, Any], **named: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Return what the call gets, or None to let it go on."""
        with self.lock:
            return self._answer(model, params, request_signer, context)

    def _answer(
        self, model: OperationModel, params: dict[str, Any], request_signer: Any, context: dict[str, Any]
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        credentials, source = _signed_with(model, request_signer)
        behind, service = self.behind, model.service_model.signing_name
        perform = behind is None or behind.answered_here(service)
        given = context.get(_PARAMETERS, {})
        if behind is not None:
            if model.auth_type == "none" and service != "sts":
                # Nobody signs these, as when an app's user logs in with Cognito: IAM is not asked. STS asks the trust policy.
                context[_BEHIND] = None
                return None
            credentials = behind.known(credentials)
        request = ApiRequest(
            service,
            model.name,
            # A file that goes on is not read here: it can be read once.
            _as_bytes(model.input_shape, given) if perform else given,
            request_signer.region_name or "us-east-1",
            credentials,
            {**self.context, "aws:UserAgent": params.get("headers", {}).get("User-Agent", "")},
            self.sender,
            source,
        )
        response = self.dispatcher.send(request, perform=perform)
        if behind is not None and response.allowed and response.error and response.error.code == NOT_SIMULATED:
            context[_BEHIND] = None
            return None
        request_id = f"00000000-0000-4000-8000-{next(self._numbers):012x}"
        if behind is not None and response.ok and behind.is_told(service, model.name):
            # Botocore has opened the documents of the other answer before it is replaced.
            context[_BEHIND] = _parsed(model, response, request_id, encoded=False)
            return None
        parsed, status = _parsed(model, response, request_id)
        return AWSResponse(params.get("url", ""), status, {}, None), parsed

    def answered_behind(
        self, http_response: AWSResponse, parsed: dict[str, Any], model: OperationModel, context: Any, **named: Any
    ) -> None:
        """Take down what stands behind has answered; where the call was answered here as well, that is the answer."""
        if self.behind is None or _BEHIND not in context:
            return
        with self.lock:
            self._answered_behind(self.behind, http_response, parsed, model, context)

    @staticmethod
    def _answered_behind(
        behind: Fallthrough, http_response: AWSResponse, parsed: dict[str, Any], model: OperationModel, context: Any
    ) -> None:
        ours, service = context.pop(_BEHIND), model.service_model.signing_name
        refused = parsed.get("Error") if http_response.status_code >= 300 else None
        if ours is not None:
            if refused is not None:
                behind.unheard.append((f"{service}:{model.name}", f"{refused.get('Code')}: {refused.get('Message')}"))
            answer, http_response.status_code = ours
            parsed.clear()
            parsed.update(answer)
        elif refused is None:
            behind.follow(service, model.name)


def _signed_with(model: OperationModel, request_signer: Any) -> tuple[Credentials | None, str | None]:
    """
    What the client would sign the call with.

    Raises:
        NoCredentialsError: botocore's own, where it has nothing to sign with.
    """
    if request_signer.signature_version is botocore.UNSIGNED or model.auth_type == "none":
        return None, None
    # Only here are the keys that a client was given for itself; tests/adapters/botocore/test_botocore.py watches over the name.
    held = request_signer._credentials
    if held is None:
        raise NoCredentialsError
    frozen = held.get_frozen_credentials()
    if not frozen.access_key or not frozen.secret_key:
        raise NoCredentialsError
    signed = Credentials(frozen.access_key, frozen.secret_key, session_token=frozen.token or None)
    return signed, getattr(held, "method", None)


def _as_bytes(shape: Shape | None, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters with their bodies read: boto3 takes files and text as well."""
    found = dict(given)
    for name, value in given.items():
        if shape is None or name not in shape.members or shape.members[name].type_name != "blob":
            continue
        content = value.read() if hasattr(value, "read") else value
        found[name] = content.encode() if isinstance(content, str) else bytes(content)
    return found


def _parsed(
    model: OperationModel, response: Response, request_id: str, *, encoded: bool = True
) -> tuple[dict[str, Any], int]:
    """What botocore would have read from the wire, IAM's documents encoded as there, and the status."""
    if response.error is not None:
        error = _worded(model, response.error)
        said = {"Error": {"Code": error.code, "Message": error.message, **error.members}}
        if model.service_model.metadata["protocol"] == "query":
            said["Error"]["Type"] = "Sender" if error.status < http.HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
        return {**said, "ResponseMetadata": _metadata(error.status, request_id)}, error.status
    value = dict(response.value or {})
    status = value.pop("ResponseMetadata", {}).get("HTTPStatusCode") or int(model.http.get("responseCode", 200))
    shape = model.output_shape
    if shape is not None and encoded and model.service_model.signing_name == "iam":
        value = _encoded(shape, value)
    if shape is not None and model.has_streaming_output:
        payload = shape.serialization["payload"]
        body = value.get(payload) or b""
        value[payload] = StreamingBody(io.BytesIO(body), len(body))
    return {"ResponseMetadata": _metadata(status, request_id), **value}, status


def _metadata(status: int, request_id: str) -> dict[str, Any]:
    return {"RequestId": request_id, "HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}


def _worded(model: OperationModel, error: AwsError) -> AwsError:
    if model.http.get("method") == "HEAD" or error.status == http.HTTPStatus.NOT_MODIFIED:
        # There is no body to say more.
        phrase = http.HTTPStatus(error.status).phrase
        return AwsError(phrase, code=str(error.status), status=error.status)
    metadata = model.service_model.metadata
    worded = in_protocol(error, metadata["protocol"])
    if "awsQueryCompatible" in metadata:
        return AwsError(worded.message, code=error.code, status=worded.status, members=error.members)
    return worded


def _encoded(shape: Shape, value: Any) -> Any:
    """IAM's documents as they come over the wire; boto3's own handler opens them."""
    if shape.name == "policyDocumentType":
        return quote(value if isinstance(value, str) else json.dumps(value), safe="")
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            name: _encoded(shape.members[name], one) if name in shape.members else one for name, one in value.items()
        }
    if shape.type_name == "list":
        return [_encoded(shape.member, one) for one in value]
    return value


# -- credentials --------------------------------------------------------------------------------------------------------


def _region(source: Instance | Container | Account) -> str:
    machine = _machine(source)
    return machine.hardware.region if isinstance(machine, Instance) else machine.region


def _machine(source: Instance | Container | Account) -> Instance | Account:
    """Whose calls they are: those of a container are its instance's."""
    found = source.instance if isinstance(source, Container) else source
    if not isinstance(found, Instance | Account):
        raise TypeError(f"boto3 needs an instance, a container or an account, got {type(found).__name__}")
    return found


def _resolver(
    source: Instance | Container | Account, credentials: Credentials | None
) -> botocore.credentials.CredentialResolver:
    if not isinstance(source, Account):
        if credentials is not None:
            raise TypeError("credentials are for an account; an instance has its own")
        provider: Any = _MetadataProvider(source)
    else:
        provider = _FixedProvider(credentials)
    return botocore.credentials.CredentialResolver([provider])


class _MetadataProvider(botocore.credentials.CredentialProvider):  # type: ignore[misc]
    """
    Credentials from the metadata of an instance, by the simulated clock.

    Args:
        place: the instance, or a container on it, which may be too far away.
    """

    METHOD = "iam-role"
    CANONICAL_NAME = "Ec2InstanceMetadata"

    def __init__(self, place: Instance | Container) -> None:
        super().__init__()
        self._metadata = place.metadata
        machine = _machine(place)
        time = machine.role_credentials.time if isinstance(machine, Instance) else machine.time
        self._now = time.now

    def load(self) -> botocore.credentials.RefreshableCredentials | None:
        """Return credentials that refresh themselves, or None if there are none."""
        found = self._read()
        if not found:
            return None
        return botocore.credentials.RefreshableCredentials(
            found["access_key"],
            found["secret_key"],
            found["token"],
            self._metadata.credentials().expiration,  # type: ignore[union-attr]
            refresh_using=self._read,
            method=self.METHOD,
            time_fetcher=self._now,
        )

    def _read(self) -> dict[str, str]:
        # Nothing at all is what botocore's own fetcher gives where there are none.
        found = self._metadata.credentials()
        if found is None or found.session_token is None or found.expiration is None:
            return {}
        return {
            "access_key": found.access_key_id,
            "secret_key": found.secret_access_key.reveal(),
            "token": found.session_token.reveal(),
            "expiry_time": found.expiration.isoformat(),
        }


class _FixedProvider(botocore.credentials.CredentialProvider):  # type: ignore[misc]
    """
    Credentials that somebody was given.

    Args:
        credentials: them, or None for none.
    """

    METHOD = "ec2roles"

    def __init__(self, credentials: Credentials | None) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> botocore.credentials.Credentials | None:
        """Return them."""
        found = self._credentials
        if found is None:
            return None
        token = None if found.session_token is None else found.session_token.reveal()
        return botocore.credentials.Credentials(
            found.access_key_id, found.secret_access_key.reveal(), token, method=self.METHOD
        )
