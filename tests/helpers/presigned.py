"""Presigned URLs of an account of its own, and what S3 says to who opens them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree as ET

import attrs
from botocore.config import Config

from ec2roles import Account, Credentials, ManualClock
from ec2roles.adapters.aws.endpoint import AwsEndpoint
from ec2roles.adapters.http.in_process import exchange
from ec2roles.adapters.http.wsgi import Application
from helpers.served import AWS_HOSTS, CONFIG, HOSTS, session
from helpers.worlds import user_with_key

URL = "http://127.0.0.1:1"
CAT = {"Bucket": "photos", "Key": "cat.jpg"}
_IDS = ("RequestId", "HostId")


@attrs.define
class Presigned:
    """An account with a bucket, its administrator's presigned URLs, and who opens them."""

    version: str
    late: timedelta = timedelta()
    account: Account = attrs.field(init=False)
    key: Credentials = attrs.field(init=False)
    endpoint: AwsEndpoint = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.account = Account(clock=ManualClock(datetime.now(timezone.utc)))
        self.key = user_with_key(self.account, admin=True)[1]
        self.account.s3.create_bucket("photos").put_object("cat.jpg", b"meow")
        self.endpoint = AwsEndpoint.of(self.account)

    def url(self, operation: str, parameters: Mapping[str, Any], expires: int = 600) -> str:
        """As boto3 makes it."""
        config = CONFIG.merge(Config(signature_version=self.version))
        client = session(self.key).client("s3", endpoint_url=URL, config=config)
        return str(client.generate_presigned_url(operation, parameters, ExpiresIn=expires))

    def open(self, method: str, url: str, body: bytes = b"", **headers: str) -> dict[str, Any]:
        """What the service says: its status and the members of its error."""
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.endpoint.clock = ManualClock(datetime.now(timezone.utc) + self.late)
        reply = exchange(Application([self.endpoint], (*HOSTS, *AWS_HOSTS)), method, url, sent, body)
        assert reply is not None
        with contextlib.suppress(ET.ParseError):
            root = ET.fromstring(reply.body)
            error = root if root.tag == "Error" else root.find(".//{*}Error")
            if error is not None:
                members = {one.tag.rpartition("}")[2]: one.text for one in error}
                return {
                    "status": reply.status,
                    "error": {name: text for name, text in members.items() if name not in _IDS},
                }
        return {"status": reply.status, "answer": reply.body}
