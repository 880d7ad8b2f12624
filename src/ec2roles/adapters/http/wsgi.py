"""
The metadata service, and what is mounted beside it, as a WSGI application: pure, and of the standard library alone.

An `Application` takes requests apart, checks the Host header and asks its endpoints in order; the first that claims a
request answers it. `MetadataEndpoint` is one of them. Others are of the same form: ``claims(request)``, ``answer(request)``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import IO, Any, Protocol
from urllib.parse import quote

import attrs

from ec2roles.account import Account
from ec2roles.cloud import Cloud
from ec2roles.errors import Ec2RolesError
from ec2roles.metadata.response import error_answer
from ec2roles.metadata.service import MetadataService
from ec2roles.world.clock import Clock

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

METADATA_HOSTS = ("169.254.169.254", "fd00:ec2::254")
HOSTS = (*METADATA_HOSTS, "localhost", "127.0.0.1", "::1")
"""The Host names that an `Application` answers to, with any port."""

SILENCE = "ec2roles.silence"
"""A server may put a callable under this name into the environ; it is called where no answer is ever sent."""

CLOSE = "ec2roles.close"
"""A server may put a callable under this name into the environ; it is called where the connection ends after the answer."""

HEADERS = "ec2roles.headers"
"""A server may put the headers under this name, as pairs as they were sent: an environ cannot tell ``_`` from ``-``."""

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]*)?")
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
# These belong to a connection, and WSGI leaves connections to the server.
_HOP_BY_HOP = {"connection"}
_REASONS = {405: "Not Allowed"}


class OnInstance(Protocol):
    """An instance, or a container on one: what has a metadata service."""

    @property
    def metadata(self) -> MetadataService:
        """Its metadata service."""


@attrs.frozen(eq=False)
class HttpRequest:
    """
    A request, as it came over HTTP.

    Args:
        method: such as ``GET``, as it was sent.
        path: percent-decoded, as UTF-8 where it is that.
        target: path and query as they were sent, where the server tells; else encoded again.
        query: the query string as it was sent.
        headers: by lower-case name; one sent twice has its values joined by a comma, as WSGI presents it.
        host: the Host without its port, in lower case and without brackets; empty if none was sent.
        client: the address it came from.
        stream: the body; ``read()`` reads it.
    """

    method: str
    path: str
    target: str
    query: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    host: str
    client: str
    stream: IO[bytes] | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, environ: Environ) -> HttpRequest:
        """Return the request that a WSGI environ describes."""
        headers = _headers(environ)
        path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        query = environ.get("QUERY_STRING", "")
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        sent_host = headers.get("host", "")
        if path.lower().startswith("http://"):
            # A client that takes us for its proxy names the whole URL.
            _, _, rest = path.partition("://")
            sent_host, slash, path = rest.partition("/")
            path = slash + path
            if target:
                target = "/" + target.partition("://")[2].partition("/")[2]
        if not target:
            whole = environ.get("SCRIPT_NAME", "") + path
            target = quote(whole, safe="/~!$&'()*+,;=:@", errors="replace") + (f"?{query}" if query else "")
        return cls(
            environ["REQUEST_METHOD"],
            path or "/",
            target,
            query,
            headers,
            _host_name(sent_host),
            environ.get("REMOTE_ADDR", ""),
            environ.get("wsgi.input"),
        )

    def read(self, most: int) -> bytes | None:
        """Return the body, as far as its Content-Length says; None if it is longer than *most* bytes or says nonsense."""
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or len(length) > 12 or int(length) > most:
            return None
        return b"" if self.stream is None or length == "0" else self.stream.read(int(length))


@attrs.frozen
class HttpAnswer:
    """
    What is sent back.

    Args:
        status: the HTTP status.
        body: the bytes.
        headers: pairs of name and value.
    """

    status: int
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Sequence[tuple[str, str]] = ()

    @property
    def status_line(self) -> str:
        """The status with its reason: ``404 Not Found``."""
        reason = _REASONS.get(self.status) or HTTPStatus(self.status).phrase
        return f"{self.status} {reason}"


class Endpoint(Protocol):
    """Something that answers requests."""

    def claims(self, request: HttpRequest) -> bool:
        """Return whether *request* is for this endpoint."""

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer *request*; None where no answer ever arrives."""


def plain_error(status: int) -> HttpAnswer:
    """Return the metadata service's own page for *status*: 400, 401, 403, 404 or 500."""
    page = error_answer(status)
    return HttpAnswer(status, page.body.encode(), [*page.headers.items()])


@attrs.frozen(eq=False)
class MetadataEndpoint:
    """
    The metadata services of many instances.

    Whose metadata a request is about is told by the first word of its path (``/i-0123.../latest/meta-data/``), else by the
    address that it came from, else it is *default*.

    Args:
        find: returns the instance, or the container, of a name; None if there is none.
        addresses: by client address.
        default: who answers where neither tells, or None.
    """

    find: Callable[[str], OnInstance | None]
    addresses: Mapping[str, OnInstance] = attrs.field(factory=dict)
    default: OnInstance | None = None

    def claims(self, request: HttpRequest) -> bool:
        """Return whether the request is for the metadata service: by its host, its first word or its sender."""
        first = _first_word(request.path)
        return (
            request.host in METADATA_HOSTS
            or self.default is not None
            or request.client in self.addresses
            or _INSTANCE_ID.fullmatch(first) is not None
            or self.find(first) is not None
        )

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer as the metadata service of the instance does; 404 if there is no such instance."""
        first = _first_word(request.path)
        found = self.find(first) if first else None
        path = request.path
        if found is not None:
            path = "/" + path.lstrip("/")[len(first) :].lstrip("/")
        else:
            found = self.addresses.get(request.client, self.default)
        if found is None:
            return plain_error(404)
        if not path.startswith("/"):
            return plain_error(400)
        try:
            reply = found.metadata.send(request.method, path, request.headers, ipv6=request.host == METADATA_HOSTS[1])
        except Ec2RolesError as error:
            return _failure(error)
        if reply.status is None:
            return None
        return HttpAnswer(reply.status, reply.body.encode("utf-8", "surrogateescape"), [*reply.headers.items()])


def _failure(error: Ec2RolesError) -> HttpAnswer:
    """The page for what AWS's service never comes to, such as the end of all access key ids; a header says what it is."""
    page = plain_error(500)
    words = " ".join(str(error).split()).encode("ascii", "replace").decode()
    return HttpAnswer(page.status, page.body, [*page.headers, ("X-Ec2roles", words)])


@attrs.define(eq=False)
class Application:
    """
    A WSGI application over several endpoints.

    >>> from ec2roles import Account
    >>> from ec2roles.adapters.http import exchange
    >>> application = Application([metadata_endpoint(Account().launch_instance())])
    >>> exchange(application, "GET", "http://169.254.169.254/latest/meta-data/instance-type").body
    b't3.micro'

    Only Host names of its list are answered: a page in a browser whose name has been pointed at 127.0.0.1 gets 403. Where
    the metadata service is silent, HTTP cannot be: the answer is 504 without a body, with ``X-Ec2roles: timed-out``; a
    server that can close the connection instead puts a callable into the environ under `SILENCE`.

    Args:
        endpoints: asked in order; the first that claims a request answers it. 404 if none does.
        hosts: the names it answers to; one that starts with a dot stands for all names that end so.
        lock: held while a request is answered, around the whole world; every other thread that touches it holds it too.
        observe: called with each request and its answer, before it is sent.
    """

    endpoints: Sequence[Endpoint]
    hosts: Sequence[str] = HOSTS
    lock: AbstractContextManager[Any] = attrs.field(factory=threading.RLock)
    observe: Callable[[HttpRequest, HttpAnswer | None], None] | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        request = HttpRequest.of(environ)
        with self.lock:
            answer = self.answer(request)
            if self.observe is not None:
                self.observe(request, answer)
        if answer is None:
            silence = environ.get(SILENCE)
            if silence is not None:
                silence()
            answer = HttpAnswer(504, b"", [("Content-Type", "text/plain"), ("X-Ec2roles", "timed-out")])
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _HOP_BY_HOP]
        # The real metadata service answers one request on each connection.
        if CLOSE in environ and any(pair == ("Connection", "close") for pair in answer.headers):
            environ[CLOSE]()
        if not any(name.lower() == "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(answer.status_line, headers)
        return [b"" if request.method == "HEAD" else answer.body]

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request that has been taken apart; None where no answer ever arrives."""
        if not self._is_our_host(request):
            return plain_error(403)
        for endpoint in self.endpoints:
            if endpoint.claims(request):
                return endpoint.answer(request)
        return plain_error(404)

    def _is_our_host(self, request: HttpRequest) -> bool:
        # Without a Host it is no browser.
        if "host" not in request.headers and not request.host:
            return True
        return any(
            request.host == name or (name.startswith(".") and request.host.endswith(name)) for name in self.hosts
        )


def metadata_application(
    world: Account[Clock] | Cloud[Clock] | OnInstance | Mapping[str, OnInstance],
    *,
    addresses: Mapping[str, OnInstance] | None = None,
    hosts: Iterable[str] = HOSTS,
    lock: AbstractContextManager[Any] | None = None,
) -> Application:
    """
    Return the metadata services of a world as a WSGI application.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> web = account.launch_instance()
    >>> application = metadata_application(account)
    >>> environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/{web.instance_id}/latest/meta-data/placement/region"}
    >>> application(environ, lambda status, headers: print(status))
    200 OK
    [b'us-east-1']

    Args:
        world: an account or a Cloud, whose instances are told apart by the first word of the path; or names for instances
            and containers; or a single one of them, which answers without a name.
        addresses: whose metadata a client address gets, where the path names nobody.
        hosts: the Host names it answers to.
        lock: held while a request is answered; a new one by default.
    """
    endpoint = metadata_endpoint(world, addresses=addresses)
    return Application([endpoint], tuple(hosts), threading.RLock() if lock is None else lock)


def metadata_endpoint(
    world: Account[Clock] | Cloud[Clock] | OnInstance | Mapping[str, OnInstance],
    *,
    addresses: Mapping[str, OnInstance] | None = None,
) -> MetadataEndpoint:
    """
    Return the metadata services of a world as an endpoint, to be mounted beside others.

    >>> from ec2roles import Account
    >>> application = Application([metadata_endpoint(Account().launch_instance())])

    Args:
        world, addresses: as for `metadata_application`.
    """
    given = {} if addresses is None else addresses
    if isinstance(world, Account):
        return MetadataEndpoint(world.instances.get, given)
    if isinstance(world, Cloud):
        return MetadataEndpoint(lambda name: _in_cloud(world, name), given)
    if isinstance(world, Mapping):
        return MetadataEndpoint(world.get, given)
    return MetadataEndpoint(lambda name: None, given, world)


def _in_cloud(cloud: Cloud[Clock], name: str) -> OnInstance | None:
    instances = (account.instances for account in cloud.accounts.values())
    return next((found[name] for found in instances if name in found), None)


def _headers(environ: Environ) -> dict[str, str]:
    sent = environ.get(HEADERS)
    if sent is not None:
        headers: dict[str, str] = {}
        for name, value in sent:
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        return headers
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _first_word(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


def _host_name(sent: str) -> str:
    """Return the name in a Host header: empty for none, and a question mark, which is in no list, for a malformed one."""
    found = _HOST.fullmatch(sent.strip().lower())
    if found is None:
        return "?" if sent else ""
    return found["ipv6"] or found["name"].removesuffix(".")
