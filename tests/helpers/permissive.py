"""What stands behind a simulation in tests: like moto it believes whoever asks, and performs everything; but it is one of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import attrs
from botocore.awsrequest import AWSResponse, HeadersDict

from ec2roles import Account, Credentials
from ec2roles.adapters.aws.protocol.wire_service import ReadRequest, WireService
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.errors import AwsError
from helpers.served import MODELS, Raw, body_of, session


@attrs.define
class PermissiveBackend:
    """An account whose administrator everybody is; ``calls`` are the operations that reached it."""

    account: Account
    admin: Credentials
    calls: list[str] = attrs.field(factory=list)

    @classmethod
    def new(cls) -> PermissiveBackend:
        """A new one."""
        account = Account(seed=7)
        root = account.root.create_access_key()
        return cls(account, root)

    def attach(self, events: Any) -> None:
        """Have the requests of a session or a client reach it."""
        events.register("before-send", self.send)

    def session(self) -> Any:
        """A session whose clients reach it."""
        found = session(Credentials("AKIA", "secret"))
        self.attach(found.events)
        return found

    def send(self, request: Any, **named: Any) -> AWSResponse:
        """Answer a signed request."""
        scope = request.headers["Authorization"]
        text = scope.decode() if isinstance(scope, bytes) else scope
        service = WireService.load(text.split("/")[3], MODELS)
        assert service is not None
        parts = urlsplit(request.url)
        headers = [
            (name, value.decode() if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        ]
        raw = RawRequest(request.method, parts.path or "/", parts.query, headers, body_of(request))
        bucket = parts.hostname.partition(".s3.")[0] if parts.hostname and ".s3." in parts.hostname else None
        read = service.read(raw, host_bucket=bucket)
        self.calls.append(f"{service.name}:{read.operation.name}")
        try:
            said = service.write(read.operation, self._perform(service.name, read), "request-id", read.protocol)
        except AwsError as error:
            said = service.write_error(error, "request-id", read.protocol)
        return AWSResponse(request.url, said.status, HeadersDict(said.headers), Raw(said.body))

    def _perform(self, service: str, read: ReadRequest) -> Any:
        asked = f"{service}:{read.operation.name}"
        return self.account.request(asked, read.parameters, credentials=self.admin).result()
