"""Small stand-ins for what a terminal is given: an api with a few buckets, and a metadata service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from ec2roles.calls import Call, Response
from ec2roles.credentials import Credentials
from ec2roles.errors import AccessDeniedError, AwsError, ResourceError
from ec2roles.programs.chain import CredentialChain
from ec2roles.programs.terminal.terminal import Terminal
from ec2roles.secret import Secret

NOW = (1_767_225_600_000_000, 1)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ROLE = Credentials("ASIAROLEEXAMPLE00000", Secret("role-secret"), session_token=Secret("role-token"), expiration=WHEN)


@attrs.frozen
class Bucket:
    name: str
    creation_date: datetime = WHEN


@attrs.frozen
class Object:
    key: str
    body: bytes
    last_modified: datetime = WHEN

    @property
    def size(self) -> int:
        return len(self.body)


@attrs.frozen
class Identity:
    user_id: str = "AROAEXAMPLE:i-0123456789abcdef0"
    account: str = "123456789012"
    arn: str = "arn:aws:sts::123456789012:assumed-role/EC2Role/i-0123456789abcdef0"


@attrs.define
class FakeApi:
    """Buckets as a dict of dicts; `denied` operations are refused, and every call is kept."""

    buckets: dict[str, dict[str, bytes]] = attrs.field(factory=dict)
    denied: Mapping[str, AwsError] = attrs.field(factory=dict)
    calls: list[Call] = attrs.field(factory=list)

    def call(self, call: Call, *, strict: bool = False) -> Response:
        self.calls.append(call)
        if call.refusal is not None:
            return Response(error=call.refusal)
        assert call.operation is not None
        if call.operation in self.denied:
            return Response(error=self.denied[call.operation])
        try:
            return Response(self.answer(call), allowed=True)
        except AwsError as error:
            return Response(error=error)

    def can(self, call: Call) -> Any:
        raise AssertionError("a terminal acts, it does not ask")

    def answer(self, call: Call) -> Any:
        if call.operation == "GetCallerIdentity":
            return Identity()
        if call.operation == "ListBuckets":
            return [Bucket(name) for name in self.buckets]
        bucket, _, key = (call.resource or "").removeprefix("arn:aws:s3:::").partition("/")
        if call.operation == "CreateBucket":
            self.buckets[bucket] = {}
            return None
        if bucket not in self.buckets:
            raise ResourceError("The specified bucket does not exist", code="NoSuchBucket", status=404)
        objects = self.buckets[bucket]
        if call.operation == "ListObjectsV2":
            prefix = call.parameters["prefix"]
            return [Object(name, body) for name, body in sorted(objects.items()) if name.startswith(prefix)]
        if call.operation == "PutObject":
            objects[key] = call.parameters["body"]
            return None
        if call.operation == "DeleteObject":
            objects.pop(key, None)
            return None
        if key not in objects:
            raise ResourceError("The specified key does not exist.", code="NoSuchKey", status=404)
        return Object(key, objects[key])


@attrs.frozen
class Answer:
    status: int | None
    body: str | bytes = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def timed_out(self) -> bool:
        return self.status is None


@attrs.define
class FakeMetadata:
    """Gives one token, wants it back, and knows one path."""

    token: str = "AQAEATOKEN=="
    reachable: bool = True
    seen: list[tuple[str, str, dict[str, str]]] = attrs.field(factory=list)

    def request(self, method: str, path: str, headers: Mapping[str, str], *, position: Any) -> Answer:
        self.seen.append((method, path, dict(headers)))
        if method == "PUT":
            return self.put(headers)
        if method not in ("GET", "HEAD"):
            return Answer(405, "", {"Allow": "GET, HEAD"})
        if headers.get("X-aws-ec2-metadata-token", self.token) != self.token:
            return Answer(401, "401 - Unauthorized")
        if path == "/latest/meta-data/":
            body = "" if method == "HEAD" else "ami-id\ninstance-id"
            return Answer(200, body, {"Content-Type": "text/plain", "Server": "EC2ws"})
        return Answer(404, "404 - Not Found", {"Content-Type": "text/html"})

    def put(self, headers: Mapping[str, str]) -> Answer:
        if not self.reachable:
            return Answer(None)
        granted = headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        return Answer(200, self.token.encode()) if granted else Answer(400, "400 - Bad Request")


def denied(action: str) -> AwsError:
    return AccessDeniedError(f"User: arn:me is not authorized to perform: {action}")


def make_terminal(
    *,
    role: bool = True,
    buckets: dict[str, dict[str, bytes]] | None = None,
    denied: Mapping[str, AwsError] | None = None,
    region: str | None = "us-east-1",
) -> Terminal:
    chain = CredentialChain(lambda position: ROLE if role else None)
    api = FakeApi(buckets or {}, denied or {})
    return Terminal(
        api=api, chain=chain, metadata=FakeMetadata(), region=region, context={"aws:SourceIp": "198.51.100.7"}
    )
