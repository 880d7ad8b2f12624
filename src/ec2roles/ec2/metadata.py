"""The instance metadata service (IMDS): who may ask how, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from ec2roles.arns import shown
from ec2roles.clock import from_microseconds
from ec2roles.ec2.association import RUNNING, InstanceRecord
from ec2roles.ec2.metadata_options import DISABLED, REQUIRED
from ec2roles.ec2.metadata_token import LONGEST, SHORTEST, make_token, seconds_left
from ec2roles.ec2.metadata_tree import Host, Served, View, look_up
from ec2roles.errors import MetadataError
from ec2roles.sts.credentials import Credentials
from ec2roles.timeline import Position

TOKEN_HEADER = "x-aws-ec2-metadata-token"
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_PATH = "/latest/api/token"
_CREDENTIALS = "/latest/meta-data/iam/security-credentials/"

V1 = 1
V2 = 2

_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed"}
_ERROR_PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"""


@attrs.frozen
class MetadataResponse:
    """
    What came back from the metadata service, if anything did.

    Args:
        status: the HTTP status; None when no answer arrived.
        body: the text; user data that is no UTF-8 keeps its bytes through ``surrogateescape``.
        headers: the response headers.
    """

    status: int | None
    body: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def timed_out(self) -> bool:
        """Whether no answer arrived: the instance is not running, or the answer died on the way."""
        return self.status is None

    @property
    def ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == 200


TIMED_OUT = MetadataResponse(None)


@attrs.define(eq=False, repr=False)
class MetadataService:
    """
    The metadata service of one instance, at 169.254.169.254.

    Asking changes nothing: not what credentials there are, nor when they rotate.

    >>> from ec2roles import Account
    >>> web = Account().launch_instance()
    >>> token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
    >>> web.metadata.get("/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": token}).body
    'us-east-1'
    >>> web.metadata.get("/latest/meta-data/iam/info").status
    404

    Args:
        host: the instance.
    """

    _host: Host = attrs.field(alias="host")

    def credentials(self, *, at: datetime | None = None) -> Credentials | None:
        """
        Return what an SDK gets: a token, the role's name, its document; None where any of them is refused.

        Args:
            at: a moment in the past; now by default.
        """
        return self.credentials_at(self._host.time.as_of(at))

    def credentials_at(self, position: Position) -> Credentials | None:
        """Return what an SDK on the instance gets as of *position*."""
        record = self._reachable(position)
        if record is None or record.epoch is None or record.options.http_endpoint == DISABLED:
            return None
        served = self._host.served(record, position[0], V2)
        if served is None or (self._host.time.faults is not None and self._a_fetch_is_lost(served, position)):
            return None
        return served.credentials

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        at: datetime | None = None,
    ) -> MetadataResponse:
        """
        Send a GET.

        Args:
            path: such as ``/latest/meta-data/instance-id``.
            headers: names in any case; ``X-aws-ec2-metadata-token`` makes it IMDSv2.
            extra_hops: hops beyond the instance itself: 1 in a container behind a bridge.
            at: a moment in the past; now by default.
        """
        return self.request("GET", path, headers, extra_hops, position=self._host.time.as_of(at))

    def put(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        at: datetime | None = None,
    ) -> MetadataResponse:
        """
        Send a PUT, which the service knows for one thing: ``/latest/api/token``.

        Args:
            path: the token's path.
            headers: must hold ``X-aws-ec2-metadata-token-ttl-seconds``, 1-21600.
            extra_hops: with as many as the hop limit or more, the answer never arrives.
            at: a moment in the past; now by default.
        """
        return self.request("PUT", path, headers, extra_hops, position=self._host.time.as_of(at))

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        position: Position,
    ) -> MetadataResponse:
        """
        Send any request as of *position*; the order of the checks is that of imds A.0.

        Raises:
            MetadataError: if the path does not start with a slash: no client can send that.
        """
        if not isinstance(path, str) or not path.startswith("/"):
            raise MetadataError(f"a metadata path starts with '/', got {shown(path)}")
        record = self._reachable(position)
        if record is None or self._is_lost(f"{method} {path}", position):
            return TIMED_OUT
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        path = path.partition("?")[0]
        if record.options.http_endpoint == DISABLED:
            return _error(403)
        words = [word for word in path.split("/") if word]
        token_path = words[1:] == ["api", "token"]
        if method == "PUT":
            return self._put_token(record, token_path, sent, extra_hops, position)
        if token_path:
            return MetadataResponse(
                405 if method != "OPTIONS" else 200,
                "",
                {"Content-Type": "text/plain", "Allow": "OPTIONS, PUT", "Content-Length": "0"},
            )
        if method not in ("GET", "HEAD"):
            return _error(405)
        answer = self._get(record, path, sent, position)
        return attrs.evolve(answer, body="") if method == "HEAD" else answer

    def _put_token(
        self, record: InstanceRecord, token_path: bool, sent: Mapping[str, str], extra_hops: int, position: Position
    ) -> MetadataResponse:
        if not token_path or "x-forwarded-for" in sent:
            return _error(403)
        ttl = sent.get(TTL_HEADER, "").strip()
        # isdecimal alone would take other scripts' digits.
        if not (ttl.isascii() and ttl.isdecimal()) or len(ttl) > 5 or not SHORTEST <= int(ttl) <= LONGEST:
            return _error(400)
        if extra_hops >= record.options.http_put_response_hop_limit:
            return TIMED_OUT
        host = self._host
        token = make_token(host.time.ids, host.instance_id, now=position[0], ttl=int(ttl), boots=record.boots)
        return MetadataResponse(200, token, _headers(token, "text/plain", position, ttl=int(ttl), modified=False))

    def _get(self, record: InstanceRecord, path: str, sent: Mapping[str, str], position: Position) -> MetadataResponse:
        host = self._host
        left = None
        if TOKEN_HEADER in sent:
            left = seconds_left(
                host.time.ids, host.instance_id, sent[TOKEN_HEADER], now=position[0], boots=record.boots
            )
            if left is None:
                return _error(401)
        elif record.options.http_tokens == REQUIRED:
            return _error(401)
        found = look_up(View(host, record, position[0], V1 if left is None else V2), path)
        if found is None:
            return _error(404)
        if isinstance(found, bytes):
            body, kind = found.decode("utf-8", "surrogateescape"), "application/octet-stream"
        else:
            body, kind = str(found), "text/plain"
        return MetadataResponse(200, body, _headers(body, kind, position, ttl=left))

    def _a_fetch_is_lost(self, served: Served, position: Position) -> bool:
        """Whether an SDK gets no answer to one of its requests: for a token, the role's name, the document."""
        name = "" if served.role is None else served.role.name
        requests = (f"PUT {TOKEN_PATH}", f"GET {_CREDENTIALS}", f"GET {_CREDENTIALS}{name}")
        return any(self._is_lost(request, position) for request in requests)

    def _is_lost(self, request: str, position: Position) -> bool:
        host = self._host
        faults = host.time.faults
        return faults is not None and bool(
            faults.metadata_is_lost(request, position, host.hardware.account_id, host.instance_id)
        )

    def _reachable(self, position: Position) -> InstanceRecord | None:
        record = self._host.record_at(position)
        return record if record is not None and record.state == RUNNING else None

    def __repr__(self) -> str:
        return f"<MetadataService of {self._host.instance_id}>"


def _headers(body: str, kind: str, position: Position, *, ttl: int | None, modified: bool = True) -> dict[str, str]:
    now = from_microseconds(position[0])
    # The names are English whatever the locale; strftime's are not.
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[now.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[now.month - 1]
    date = f"{day}, {now.day:02d} {month} {now.year:04d} {now.hour:02d}:{now.minute:02d}:{now.second:02d} GMT"
    headers = {} if ttl is None else {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": str(ttl)}
    headers["Content-Type"] = kind
    headers["Accept-Ranges"] = "none"
    if modified:
        headers["Last-Modified"] = date
    headers["Content-Length"] = str(len(body.encode("utf-8", "surrogateescape")))
    headers["Date"] = date
    headers["Server"] = "EC2ws"
    headers["Connection"] = "close"
    return headers


def _error(status: int) -> MetadataResponse:
    body = _ERROR_PAGE.format(title=f"{status} - {_REASONS[status]}")
    return MetadataResponse(
        status, body, {"Content-Type": "text/html", "Content-Length": str(len(body)), "Server": "EC2ws"}
    )
