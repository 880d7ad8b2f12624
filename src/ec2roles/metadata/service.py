"""The instance metadata service (IMDS): who may ask how, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from ec2roles.arns import shown
from ec2roles.credentials import Credentials
from ec2roles.errors import InstanceError, MetadataError
from ec2roles.metadata.host import RUNNING, Host, Record, Served, not_yet_launched
from ec2roles.metadata.metrics import MetadataMetrics
from ec2roles.metadata.options import DISABLED, REQUIRED
from ec2roles.metadata.response import (
    TIMED_OUT,
    MetadataResponse,
    error_answer,
    methods_answer,
    response_headers,
    token_answer,
)
from ec2roles.metadata.tokens import LONGEST, SHORTEST, make_token, seconds_left
from ec2roles.metadata.tree import look_up
from ec2roles.metadata.view import View
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

TOKEN_HEADER = "x-aws-ec2-metadata-token"
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_PATH = "/latest/api/token"
_TOKEN_REQUEST = f"PUT {TOKEN_PATH}"
_TOKEN_WORDS = ["latest", "api", "token"]
_CREDENTIALS = "/latest/meta-data/iam/security-credentials/"

V1 = 1
V2 = 2


@attrs.define(eq=False, repr=False)
class MetadataService(Part):
    """
    The metadata service of one instance, at 169.254.169.254.

    Asking changes nothing: not what credentials there are, nor when they rotate. Requests are counted (`metrics`), and no
    answer depends on that.

    >>> from ec2roles import Account
    >>> web = Account().launch_instance()
    >>> token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
    >>> web.metadata.get("/latest/meta-data/placement/region", headers={"X-aws-ec2-metadata-token": token}).body
    'us-east-1'
    >>> web.metadata.get("/latest/meta-data/iam/info").status
    404

    Args:
        host: the instance.
        hops: how far from the instance the one who asks is: 0 on it, 1 in a container behind a bridge.
    """

    # It has no public attribute to guard, and is made for every look.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__
        __delattr__ = object.__delattr__

    _host: Host = attrs.field(alias="host")
    _hops: int = attrs.field(default=0, alias="hops")
    _time: Timekeeper = attrs.field(init=False, default=attrs.Factory(lambda self: self._host.time, takes_self=True))

    @property
    def metrics(self) -> MetadataMetrics:
        """How many requests without a token have been sent so far, by `get`, ``curl`` and the like; SDKs send tokens."""
        return self._host.metrics

    def credentials(
        self, *, version: int = V2, v1_disabled: bool = False, at: datetime | None = None
    ) -> Credentials | None:
        """
        Return what an SDK gets: a token, the role's name, its document; None where any of them is refused.

        An SDK that waits in vain for its token goes on without one, as version 1.

        Args:
            version: 1 for an old SDK that knows no tokens.
            v1_disabled: whether it has been told not to go on without a token (``AWS_EC2_METADATA_V1_DISABLED``).
            at: a moment in the past; now by default.

        Raises:
            InstanceError: if the instance had not been launched then.
        """
        position = self._time.as_of(None) if at is None else self._past(at)
        return self.credentials_at(position, version=version, v1_disabled=v1_disabled)

    def credentials_at(self, position: Position, *, version: int = V2, v1_disabled: bool = False) -> Credentials | None:
        """Return what an SDK on the instance gets as of *position*; see `credentials`."""
        host = self._host
        record = host.record_at(position)
        if record is None or record.epoch is None:
            return None
        options = record.options
        if options.http_endpoint == DISABLED:
            return None
        faults = self._time.faults
        if version == V2 and (
            self._hops >= options.http_put_response_hop_limit
            or (faults is not None and self._is_lost(_TOKEN_REQUEST, position))
        ):
            # The answer to the token request never arrives.
            if v1_disabled:
                return None
            version = V1
        if version == V1 and options.http_tokens == REQUIRED:
            return None
        served = host.served(record, position[0], version)
        if served is None or (faults is not None and self._a_fetch_is_lost(served, position)):
            return None
        return served.credentials

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        ipv6: bool = False,
        at: datetime | None = None,
    ) -> MetadataResponse:
        """
        Send a GET.

        Args:
            path: such as ``/latest/meta-data/instance-id``.
            headers: names in any case; ``X-aws-ec2-metadata-token`` makes it IMDSv2.
            extra_hops: hops beyond the instance itself: 1 in a container behind a bridge.
            ipv6: whether it is sent to [fd00:ec2::254].
            at: a moment in the past; now by default. Such a question is not counted.

        Raises:
            InstanceError: if the instance had not been launched then, or for a number of hops that is none.
            MetadataError: if the path does not start with a slash: no client can send that.
        """
        return self._at("GET", path, headers, extra_hops, ipv6, at)

    def put(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        ipv6: bool = False,
        at: datetime | None = None,
    ) -> MetadataResponse:
        """
        Send a PUT, which the service knows for one thing: ``/latest/api/token``.

        Args:
            path: the token's path.
            headers: must hold ``X-aws-ec2-metadata-token-ttl-seconds``, 1-21600.
            extra_hops: with as many as the hop limit or more, the answer never arrives.
            ipv6, at: as for `get`.
        """
        return self._at("PUT", path, headers, extra_hops, ipv6, at)

    def _at(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        extra_hops: int,
        ipv6: bool,
        at: datetime | None,
    ) -> MetadataResponse:
        check_hops(extra_hops)
        if at is None:
            now = self._time.as_of(None)
            return self.request(method, path, headers, extra_hops, ipv6=ipv6, position=now)
        position = self._past(at)
        return self._answer(method, path, _sent(headers), extra_hops + self._hops, ipv6, position)

    def _past(self, at: datetime) -> Position:
        position = self._time.as_of(at)
        if position < self._host.hardware.launched:
            raise not_yet_launched(self._host)
        return position

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, *, ipv6: bool = False
    ) -> MetadataResponse:
        """
        Send any request, now.

        Args:
            method: such as ``GET``.
            path, headers, ipv6: as for `get`.
        """
        return self.request(method, path, headers, ipv6=ipv6, position=self._time.as_of(None))

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        extra_hops: int = 0,
        *,
        ipv6: bool = False,
        position: Position,
    ) -> MetadataResponse:
        """
        Send any request at *position*, now; the order of the checks is in ``docs/fidelity.md``, Instance metadata.

        Raises:
            MetadataError: if the path does not start with a slash: no client can send that.
        """
        sent = _sent(headers)
        answer = self._answer(method, path, sent, extra_hops + self._hops, ipv6, position)
        if TOKEN_HEADER not in sent and method in ("GET", "HEAD") and answer.status in (200, 401):
            self._host.count_no_token(rejected=answer.status == 401)
        return answer

    def _answer(
        self, method: str, path: str, sent: Mapping[str, str], hops: int, ipv6: bool, position: Position
    ) -> MetadataResponse:
        if not isinstance(path, str) or not path.startswith("/"):
            raise MetadataError(f"a metadata path starts with '/', got {shown(path)}")
        record = self._reachable(position)
        if record is None or (ipv6 and record.options.http_protocol_ipv6 == DISABLED):
            return TIMED_OUT
        if self._is_lost(f"{method} {path}", position):
            return TIMED_OUT
        path = path.partition("?")[0]
        if record.options.http_endpoint == DISABLED:
            return error_answer(403, position)
        words = [word for word in path.split("/") if word]
        if method == "PUT":
            return self._put_token(record, words, sent, hops, position)
        if words[1:] == ["api", "token"]:
            return methods_answer(405 if method != "OPTIONS" else 200, "OPTIONS, PUT", position)
        if method not in ("GET", "HEAD"):
            return methods_answer(405, "GET, HEAD", position)
        answer = self._get(record, words, sent, position)
        return attrs.evolve(answer, body="") if method == "HEAD" else answer

    def _put_token(
        self, record: Record, words: list[str], sent: Mapping[str, str], hops: int, position: Position
    ) -> MetadataResponse:
        # Under a dated version there is no token: 403.
        if words != _TOKEN_WORDS or "x-forwarded-for" in sent:
            return error_answer(403, position)
        ttl = sent.get(TTL_HEADER, "").strip()
        # isdecimal alone would take other scripts' digits.
        if not (ttl.isascii() and ttl.isdecimal()) or len(ttl) > 5 or not SHORTEST <= int(ttl) <= LONGEST:
            return error_answer(400, position)
        if hops >= record.options.http_put_response_hop_limit:
            return TIMED_OUT
        host = self._host
        token = make_token(self._time.ids, host.instance_id, now=position[0], ttl=int(ttl), boots=record.boots)
        return token_answer(token, int(ttl), position)

    def _get(self, record: Record, words: list[str], sent: Mapping[str, str], position: Position) -> MetadataResponse:
        host = self._host
        left = None
        if TOKEN_HEADER in sent:
            left = seconds_left(
                self._time.ids, host.instance_id, sent[TOKEN_HEADER], now=position[0], boots=record.boots
            )
            if left is None:
                return error_answer(401, position)
        elif record.options.http_tokens == REQUIRED:
            return error_answer(401, position)
        found = look_up(View(host, record, position[0], V1 if left is None else V2), words)
        if found is None:
            return error_answer(404, position, ttl=left)
        if isinstance(found, bytes):
            size, body, kind = len(found), found.decode("utf-8", "surrogateescape"), "application/octet-stream"
        else:
            body, kind = str(found), "text/plain"
            size = len(body) if body.isascii() else len(body.encode("utf-8", "surrogateescape"))
        return MetadataResponse(200, body, response_headers(size, kind, position, ttl=left))

    def _a_fetch_is_lost(self, served: Served, position: Position) -> bool:
        """Whether an SDK gets no answer to one of its requests for the role's name and its document."""
        name = "" if served.role is None else served.role.name
        return any(self._is_lost(f"GET {path}", position) for path in (_CREDENTIALS, _CREDENTIALS + name))

    def _is_lost(self, request: str, position: Position) -> bool:
        host = self._host
        faults = self._time.faults
        return faults is not None and bool(
            faults.metadata_is_lost(request, position, host.hardware.account_id, host.instance_id)
        )

    def _reachable(self, position: Position) -> Record | None:
        record = self._host.record_at(position)
        return record if record is not None and record.state == RUNNING else None

    def __repr__(self) -> str:
        return f"<MetadataService of {self._host.instance_id}>"


def check_hops(value: object) -> None:
    """
    Make sure that *value* is a number of hops.

    Raises:
        InstanceError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 64:
        raise InstanceError(
            f"Invalid value for extra_hops: {value}", detail=f"extra_hops must be an int 0-64, got {shown(value)}"
        )


def _sent(headers: Mapping[str, str] | None) -> dict[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, Mapping) or not all(isinstance(text, str) for pair in headers.items() for text in pair):
        raise TypeError("headers must be a mapping of names to values, all of them str")
    return {name.lower(): value for name, value in headers.items()}
