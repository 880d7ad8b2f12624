"""A world behind a port of this machine, and real boto3 clients that reach it."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.loaders import Loader

from ec2roles import Account, Cloud, Credentials
from ec2roles.adapters.aws.endpoint import HOSTS as AWS_HOSTS
from ec2roles.adapters.aws.endpoint import AwsEndpoint
from ec2roles.adapters.http.in_process import exchange
from ec2roles.adapters.http.server import Server
from ec2roles.adapters.http.wsgi import HOSTS, Application, metadata_endpoint

LOADER = Loader()
"""For clients; one for all, for the models of services are large."""

MODELS = Loader()
"""For who reads the models: clients change those that they read."""

CONFIG = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20, s3={"addressing_style": "path"})

EMPTY = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def application(world: Account | Cloud, **options: Any) -> Application:
    """The metadata of its instances and AWS's endpoints."""
    endpoint = AwsEndpoint.of(world, **options)
    return Application([metadata_endpoint(world), endpoint], (*HOSTS, *AWS_HOSTS))


@contextlib.contextmanager
def served(world: Account | Cloud, **options: Any) -> Iterator[Server]:
    """The same, served."""
    server = Server(application(world, **options))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Raw(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, amount: int = 65_536, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the bytes, as urllib3 does."""
        yield self.read()


def body_of(request: Any) -> bytes:
    """The body of a request of botocore's."""
    body = request.body or b""
    found: bytes = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    return found


def answered(behind: Application, request: Any) -> AWSResponse:
    """What *behind* answers to a request that botocore is about to send."""
    headers = [(name, value if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()]
    reply = exchange(behind, request.method, request.url, headers, body_of(request))
    assert reply is not None
    return AWSResponse(request.url, reply.status, HeadersDict(reply.headers), Raw(reply.body))


def wired(
    service: str,
    world: Account | Cloud,
    credentials: Credentials | None = None,
    config: Any = CONFIG,
    region: str = "us-east-1",
) -> Any:
    """A client whose signed requests reach *world* as HTTP would bring them, without a socket."""
    found = session(credentials).client(service, region, endpoint_url="http://127.0.0.1:1", config=config)
    behind = application(world)

    found.meta.events.register("before-send", lambda request, **named: answered(behind, request))
    return found


def session(credentials: Credentials | None = None) -> Any:
    """A boto3 session that knows nothing of this machine."""
    core = botocore.session.Session(session_vars=EMPTY)
    core.register_component("data_loader", LOADER)
    if credentials is not None:
        token = credentials.session_token
        core.set_credentials(
            credentials.access_key_id,
            credentials.secret_access_key.reveal(),
            None if token is None else token.reveal(),
        )
    return boto3.Session(botocore_session=core, region_name="us-east-1")


def client(service: str, url: str, credentials: Credentials | None = None, **config: Any) -> Any:
    """A client that sends to *url*."""
    chosen = CONFIG.merge(Config(**config)) if config else CONFIG
    return session(credentials).client(service, endpoint_url=url, config=chosen)
