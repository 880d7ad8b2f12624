"""
AWS's endpoints behind one address: each request's signature is verified, and the gateway answers it (extra ``boto``).

Mount it beside the metadata services in an `ec2roles.adapters.http.wsgi.Application`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs
from botocore.loaders import Loader

from ec2roles.account import OUTSIDE_ADDRESS, Account
from ec2roles.adapters.aws.actions import ApiActions
from ec2roles.adapters.aws.dispatch import NOT_SIMULATED, ApiRequest, Dispatcher
from ec2roles.adapters.aws.protocol.signing_names import MODELS
from ec2roles.adapters.aws.protocol.wire_service import (
    REST_XML,
    ReadRequest,
    WireService,
    answer_protocol,
    guessed_protocol,
    request_protocol,
    write_error,
)
from ec2roles.adapters.aws.s3_requests import check_digests, check_request, with_content
from ec2roles.adapters.aws.signature import Reached, Signature, read_signature, said_service, without_signature
from ec2roles.adapters.aws.signing_keys import signing_keys
from ec2roles.adapters.aws.sigv4 import Verifier
from ec2roles.adapters.http.raw import RawRequest, RawResponse
from ec2roles.adapters.http.wsgi import HttpAnswer, HttpRequest
from ec2roles.authorization.denials import refusal
from ec2roles.calls import Response
from ec2roles.cloud import Cloud
from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import NAT_ADDRESS
from ec2roles.errors import ArgumentError, AwsError, Ec2RolesError
from ec2roles.sts.session import Fault, Session
from ec2roles.world.clock import Clock, SystemClock

HOSTS = (".localhost", ".amazonaws.com")
"""Names that an `Application` should answer to beside its own: S3's buckets may be part of the name."""

_MOST_BYTES = 70 * 1024 * 1024
_REGION = r"(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]+)"
_BUCKET_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.(?:s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com|(?:s3\.)?localhost)"
)
_SERVICE_HOST = re.compile(
    rf"(?:(?P<bucket>[a-z0-9.-]+)\.(?=s3[.-]))?(?P<service>s3(?=[.-])|[a-z0-9-]+)(?:\.dualstack)?(?:[.-]{_REGION})?\.amazonaws\.com"
)
# Their operations say what is missing in their own words, after they have looked at the credentials.
_REFUSE_THEMSELVES = ("iam", "sts", "ec2", "s3")
_LOOPBACK = ("", "127.0.0.1", "::1")


@attrs.define(eq=False)
class AwsEndpoint:
    """
    The endpoints of all services, for all accounts of a Cloud.

    >>> from ec2roles import Account
    >>> from ec2roles.adapters.http import Application, exchange
    >>> application = Application([AwsEndpoint.of(Account())], HOSTS)
    >>> exchange(application, "GET", "http://s3.us-east-1.amazonaws.com/").status
    403

    Args:
        dispatcher: takes what is asked to the gateway of the caller's account.
        clock: by which signatures are judged: real clients sign by the machine's own, whatever is simulated.
        verifier: verifies signatures.
        observe: called with each request that could be read, and its answer.
    """

    dispatcher: Dispatcher
    clock: Clock = attrs.field(factory=SystemClock)
    verifier: Verifier = attrs.field(factory=Verifier)
    observe: Callable[[ApiRequest, Response], None] | None = None
    # Its own: botocore's clients change the models that they share.
    _loader: Loader = attrs.field(factory=Loader, init=False, repr=False)
    _services: dict[tuple[str, str], WireService] = attrs.field(factory=dict, init=False, repr=False)
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1), init=False, repr=False)

    @classmethod
    def of(
        cls, world: Account[Clock] | Cloud[Clock], *, actions: ApiActions | None = None, clock: Clock | None = None
    ) -> AwsEndpoint:
        """
        Return the endpoints of a world.

        Args:
            world: an account or a Cloud with at least one.
            actions: what operations that we do not have need to be allowed.
            clock: by which signatures are judged; the machine's by default.

        Raises:
            ArgumentError: for a Cloud without an account.
        """
        accounts = [world] if isinstance(world, Account) else [*world.accounts.values()]
        if not accounts:
            raise ArgumentError("a Cloud without an account has nobody to answer: call cloud.account(...) first")
        account = accounts[0]
        dispatcher = Dispatcher(account.api, ApiActions() if actions is None else actions)
        return cls(dispatcher, SystemClock() if clock is None else clock)

    def read_models(self, names: Iterable[str]) -> None:
        """Read the models of these services now, and not when the first request for one comes."""
        for name in names:
            self._service(name)

    def claims(self, request: HttpRequest) -> bool:
        """Return True: what nobody else claims is for AWS."""
        return True

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer as AWS does."""
        request_id = f"00000000-0000-4000-8000-{next(self._numbers):012x}"
        body = request.read(_MOST_BYTES)
        raw = RawRequest(
            request.method,
            request.target.partition("?")[0] or "/",
            request.query,
            (*request.headers.items(),),
            body or b"",
        )
        if body is None:
            error = AwsError("Your proposed upload exceeds the maximum allowed size", code="EntityTooLarge")
            answer = write_error(error, request_id, REST_XML, plain=True)
        else:
            answer = self._answer(raw, request, request_id)
        return HttpAnswer(answer.status, answer.body, answer.headers)

    def _answer(self, raw: RawRequest, request: HttpRequest, request_id: str) -> RawResponse:
        service: WireService | None = None
        protocol = guessed_protocol(raw)
        try:
            reached = _reached(raw, request.host)
            name = reached.service
            service = self._service(name, raw)
            if service is None:
                raise AwsError(
                    "The action or operation requested is invalid.",
                    code="InvalidAction",
                    status=400,
                    detail="botocore knows no service that signs with this name",
                )
            protocol = request_protocol(raw, service.protocol)
            signature = read_signature(raw, reached)
            bucket = _bucket_of(request.host) if name == "s3" else None
            credentials, session, keys = None, None, {}
            if signature is not None:
                credentials, session, body = self._authenticate(raw, signature, bucket)
                raw = without_signature(with_content(raw, body), signature)
                keys = signing_keys(signature, raw, self.clock.now()) if name == "s3" else {}
            if name == "s3":
                check_digests(raw)
            read = service.read(raw, host_bucket=bucket, required=name not in _REFUSE_THEMSELVES)
            if name == "s3":
                check_request(read.operation.name, raw)
            asked = _asked(read, reached, signature, credentials, session, request, keys)
            response = self.dispatcher.send(asked)
            if self.observe is not None:
                self.observe(asked, response)
            if response.error is not None:
                raise response.error
            return service.write(read.operation, response.value or {}, request_id, answer_protocol(raw, read.protocol))
        except AwsError as error:
            refused = error
        except Ec2RolesError as error:
            # AWS has it, and we have not.
            refused = AwsError(str(error), code=NOT_SIMULATED, status=501)
        head = raw.method == "HEAD" or refused.status == 304
        protocol = answer_protocol(raw, protocol)
        if service is None:
            return write_error(refused, request_id, protocol, head=head)
        return service.write_error(refused, request_id, protocol, head=head)

    def _authenticate(
        self, raw: RawRequest, signature: Signature, bucket: str | None
    ) -> tuple[Credentials, Session, bytes]:
        api = self.dispatcher.api
        key = signature.access_key_id
        session = api.authorizer.sessions.find(key, api.time.as_of(None)[0])
        if session is None:
            forgotten = api.authorizer.sessions.is_forgotten(key)
            raise refusal(Fault.EXPIRED if forgotten else Fault.UNKNOWN_KEY, signature.service, key)
        secret = session.credentials.secret_access_key
        body = self.verifier.verify(raw, signature, secret, self.clock.now(), bucket=bucket)
        # The token is as it was sent: whether it belongs to the key, the gateway says.
        return Credentials(key, secret, session_token=signature.session_token), session, body

    def _service(self, name: str, raw: RawRequest | None = None) -> WireService | None:
        """The service that signs as *name*; of several, the one that *raw* is for, or else the first."""
        models = MODELS.get(name, (name,))
        for model in models if raw is not None and len(models) > 1 else ():
            found = self._model(name, model)
            if found is not None and raw is not None and found.has(raw):
                return found
        return self._model(name, models[0])

    def _model(self, name: str, model: str) -> WireService | None:
        known = self._services.get((name, model))
        if known is None:
            known = WireService.load(name, self._loader, model)
            if known is not None:
                self._services[name, model] = known
        return known


def _asked(
    read: ReadRequest,
    reached: Reached,
    signature: Signature | None,
    credentials: Credentials | None,
    session: Session | None,
    request: HttpRequest,
    keys: Mapping[str, str],
) -> ApiRequest:
    arn = None if session is None else session.context.get("ec2:SourceInstanceARN")
    sender = str(arn).rpartition("/")[2] if arn else None
    # Everything here comes from this machine; in the world that is simulated it comes from somewhere.
    address = request.client
    if address in _LOOPBACK:
        address = OUTSIDE_ADDRESS if sender is None else NAT_ADDRESS
    return ApiRequest(
        reached.service,
        read.operation.name,
        read.parameters,
        (reached.region or "us-east-1") if signature is None else signature.region,
        credentials,
        {"aws:SourceIp": address, "aws:UserAgent": request.headers.get("user-agent", ""), **keys},
        sender,
    )


def _reached(raw: RawRequest, host: str) -> Reached:
    """
    The endpoint that a request was sent to.

    The Host tells, where it is one of AWS's; else the credential scope; and where neither can be read, the form of the
    request: S3's, unless it is that of another.
    """
    found = _SERVICE_HOST.fullmatch(host)
    said = said_service(raw)
    if found is None:
        return Reached(said or _guessed(raw))
    region = found["region"]
    # What a service is called in its host's name is not always what it signs as: api.ecr, runtime.sagemaker.
    if found["bucket"] or found["service"] in ("s3", "sts", "iam", "ec2"):
        return Reached(found["service"], region)
    return Reached(said or found["service"], region)


def _guessed(raw: RawRequest) -> str:
    form = (raw.header("content-type") or "").startswith("application/x-www-form-urlencoded")
    if form and raw.method == "POST":
        return "sts"
    return "" if raw.header("x-amz-target") is not None else "s3"


def _bucket_of(host: str) -> str | None:
    found = _BUCKET_HOST.fullmatch(host)
    return None if found is None or found["bucket"] == "s3" else found["bucket"]
