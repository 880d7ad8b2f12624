"""botocore's own reader of the metadata service, on ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import attrs
import pytest

from ec2roles import Account, Instance, TrustPolicy
from ec2roles.adapters.http.in_process import application_of, exchange
from ec2roles.adapters.http.wsgi import Application, metadata_application

utils = pytest.importorskip("botocore.utils")
awsrequest = pytest.importorskip("botocore.awsrequest")
exceptions = pytest.importorskip("botocore.exceptions")


class Raw(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **given: Any) -> Iterator[bytes]:
        yield self.read()


@attrs.define
class Transport:
    """In the place of botocore's HTTP session."""

    application: Application
    lost: int = 0
    sent: list[tuple[str, str, int | None]] = attrs.field(factory=list)

    def send(self, request: Any) -> Any:
        """Answer, or time out as a socket does."""
        headers = [(name, value) for name, value in request.headers.items()]
        reply = exchange(self.application, request.method, request.url, headers)
        path = request.url.partition("254")[2].removeprefix(".169.254")
        if self.lost:
            self.lost, reply = self.lost - 1, None
        self.sent.append((request.method, path, None if reply is None else reply.status))
        if reply is None:
            raise exceptions.ReadTimeoutError(endpoint_url=request.url)
        return awsrequest.AWSResponse(request.url, reply.status, dict(reply.headers), Raw(reply.body))


def launched(**options: Any) -> Instance:
    account = Account()
    account.console.create_role("app")
    return account.launch_instance("app", **options)


def fetch(where: Any, *, v1_disabled: bool = False, attempts: int = 1, lost: int = 0) -> tuple[str | None, list[Any]]:
    """Fetch, and return the access key id, or the name of the error, and what was sent."""
    transport = Transport(application_of(where), lost)
    fetcher = utils.InstanceMetadataFetcher(
        num_attempts=attempts, config={"ec2_metadata_v1_disabled": v1_disabled, "ec2_metadata_service_endpoint": None}
    )
    fetcher._session = transport
    try:
        found = fetcher.retrieve_iam_role_credentials()
    except exceptions.BotoCoreError as error:
        return type(error).__name__, transport.sent
    return found.get("access_key"), transport.sent


ROLES = "/latest/meta-data/iam/security-credentials/"


@pytest.mark.parametrize("tokens", ["optional", "required"])
@pytest.mark.parametrize("v1_disabled", [False, True])
def test_on_the_instance_it_gets_what_the_metadata_says(tokens: str, v1_disabled: bool) -> None:
    web = launched(http_tokens=tokens)
    credentials = web.metadata.credentials()
    assert credentials is not None

    key, sent = fetch(web, v1_disabled=v1_disabled)

    assert key == credentials.access_key_id
    assert sent == [("PUT", "/latest/api/token", 200), ("GET", ROLES, 200), ("GET", ROLES + "app", 200)]
    assert web.metadata.metrics.no_token == 0


@pytest.mark.parametrize(
    ("tokens", "limit", "v1_disabled", "expected"),
    [
        ("optional", 1, False, "v1"),
        ("optional", 1, True, "MetadataRetrievalError"),
        ("required", 1, False, None),
        ("required", 1, True, "MetadataRetrievalError"),
        ("required", 2, True, "v2"),
    ],
)
def test_in_a_container_it_does_what_our_own_chain_does(
    tokens: str, limit: int, v1_disabled: bool, expected: str | None
) -> None:
    web = launched(http_tokens=tokens, http_put_response_hop_limit=limit)
    box = web.container()

    key, _ = fetch(box, v1_disabled=v1_disabled)
    ours = box.metadata.credentials(v1_disabled=v1_disabled)

    if expected in ("v1", "v2"):
        assert ours is not None
        assert key == ours.access_key_id
        assert (ours == web.metadata.credentials()) is (expected == "v2")
    else:
        assert ours is None
        assert key == expected


def test_a_disabled_endpoint_gives_nothing() -> None:
    """PUT 403, then version 1, 403 too."""
    key, sent = fetch(launched(http_endpoint="disabled"))

    assert key is None
    assert [status for _, _, status in sent] == [403, 403]


def test_a_stopped_instance_and_a_role_that_cannot_be_assumed_give_nothing() -> None:
    web = launched()
    web.stop()
    assert fetch(web) == (None, [("PUT", "/latest/api/token", None), ("GET", ROLES, None)])

    account = Account()
    account.console.create_role("app")
    account.roles["app"].update_trust(TrustPolicy.service("lambda.amazonaws.com"))
    assert fetch(account.launch_instance("app"))[0] is None


def test_lost_packets_are_tried_again_or_end_with_nothing() -> None:
    """Throttling drops packets. A lost token answer makes botocore go on without a token."""
    web = launched()
    v1, v2 = web.metadata.credentials(version=1), web.metadata.credentials()
    assert v1 is not None
    assert v2 is not None

    assert fetch(web, lost=1)[0] == v1.access_key_id
    assert fetch(web, lost=2)[0] is None
    assert fetch(web, lost=2, attempts=3)[0] == v1.access_key_id
    assert fetch(launched(http_tokens="required"), lost=1)[0] is None


@pytest.mark.parametrize("tokens", ["optional", "required"])
def test_while_packets_are_dropped_it_gets_what_our_own_chain_gets(tokens: str) -> None:
    """At each of sixty instants, half of the packets lost: the same credentials, of version 1 or 2, or none."""
    account = Account()
    account.console.create_role("app")
    web = account.launch_instance("app", http_tokens=tokens)
    account.faults.metadata_saturation(packets_per_second=2048, instance=web)
    found = set()
    for _ in range(60):
        account.clock.advance(seconds=1)
        ours = web.metadata.credentials()
        key = None if ours is None else ours.access_key_id
        assert fetch(web)[0] == key
        found.add(key)

    # None, version 2, and version 1 where it is allowed.
    assert len(found) == (3 if tokens == "optional" else 2)


def test_a_service_that_is_down_times_out() -> None:
    account = Account()
    account.console.create_role("app")
    web = account.launch_instance("app")
    account.faults.metadata_outage()

    assert fetch(web) == (None, [("PUT", "/latest/api/token", None), ("GET", ROLES, None)])


# -- over a socket -------------------------------------------------------------------------------------------------------


class Quiet(WSGIRequestHandler):
    """Says nothing."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        pass


@contextmanager
def served(application: Application) -> Iterator[str]:
    """The address of a server on loopback."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_endpoint_with_a_path_serves_one_of_many_over_loopback(slash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without the slash at its end."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    account = Account()
    account.console.create_role("app")
    for web in account.launch_instances(2, "app", http_tokens="required"):
        credentials = web.metadata.credentials()
        assert credentials is not None
        with served(metadata_application(account)) as address:
            endpoint = f"{address}/{web.instance_id}{slash}"
            fetcher = utils.InstanceMetadataFetcher(
                config={"ec2_metadata_service_endpoint": endpoint}, base_url=endpoint
            )
            found = fetcher.retrieve_iam_role_credentials()

        assert found["access_key"] == credentials.access_key_id
        assert found["token"] == credentials.session_token.reveal()
        assert found["role_name"] == "app"
