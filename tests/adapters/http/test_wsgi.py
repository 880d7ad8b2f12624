"""The WSGI application: whose metadata, Host, silence, and nothing that a validator of WSGI complains of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from ec2roles import Account, Cloud, Instance
from ec2roles.adapters.http.in_process import exchange
from ec2roles.adapters.http.wsgi import (
    SILENCE,
    Application,
    HttpAnswer,
    HttpRequest,
    metadata_application,
    metadata_endpoint,
)
from ec2roles.errors import Ec2RolesError
from helpers.requests_to import ask, header
from helpers.state import state_of

ID = "/latest/meta-data/instance-id"
TOKEN = header("X-aws-ec2-metadata-token")
TTL = header("X-aws-ec2-metadata-token-ttl-seconds")
FORWARDED = header("X-Forwarded-For")


@pytest.fixture
def account() -> Account:
    account = Account()
    account.console.create_role("app")
    return account


@pytest.fixture
def web(account: Account) -> Instance:
    return account.launch_instance("app", user_data=b"\xff\x00\n")


def test_an_instance_that_has_used_up_its_access_key_ids_answers_with_the_page_of_500(web: Instance) -> None:
    """The 4,194,305th refresh, in the year 2504; in Python it is our error."""
    web.role_credentials.time.clock.move_to(datetime(2700, 1, 1, tzinfo=timezone.utc))
    application = metadata_application(web)
    before = state_of(web)

    got = ask(application, "/latest/meta-data/iam/security-credentials/app")

    assert (got.status, got.reason) == (500, "Internal Server Error")
    assert "<title>500 - Internal Server Error</title>" in got.body.decode()
    assert "out of access key ids" in got.headers["X-Ec2roles"]
    for question in (
        web.metadata.credentials,
        lambda: web.metadata.get("/latest/meta-data/iam/security-credentials/app"),
    ):
        with pytest.raises(Ec2RolesError, match=r"out of access key ids.*use another instance"):
            question()
    assert state_of(web) == before
    assert ask(application, ID).body.decode() == web.instance_id


# -- whose metadata ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/{0}", "//{0}/", "/{0}/"])
def test_the_first_word_of_the_path_tells_whose_metadata_it_is(account: Account, web: Instance, prefix: str) -> None:
    other = account.launch_instance()
    application = metadata_application(account)

    for instance in (web, other):
        got = ask(application, prefix.format(instance.instance_id) + ID)
        assert (got.status, got.body) == (200, instance.instance_id.encode())


def test_the_callers_address_tells_it_where_the_path_does_not(account: Account, web: Instance) -> None:
    other = account.launch_instance()
    application = metadata_application(account, addresses={"10.0.0.10": web, "10.0.0.11": other.container()})

    assert ask(application, ID, REMOTE_ADDR="10.0.0.10").body == web.instance_id.encode()
    assert ask(application, ID, REMOTE_ADDR="10.0.0.11").body == other.instance_id.encode()
    assert ask(application, "/latest/api/token", "PUT", REMOTE_ADDR="10.0.0.11", **{TTL: "60"}).status == 504
    assert ask(application, f"/{other.instance_id}{ID}", REMOTE_ADDR="10.0.0.10").body == other.instance_id.encode()
    assert ask(application, ID, REMOTE_ADDR="10.0.0.12").status == 404
    assert ask(application, ID, REMOTE_ADDR="10.0.0.12", HTTP_HOST="169.254.169.254").status == 404


def test_names_of_ones_own_and_a_single_instance(web: Instance) -> None:
    named = metadata_application({"web": web, "box": web.container()})

    assert ask(named, "/web/").body.endswith(b"latest")
    assert ask(named, f"/box{ID}").status == 200
    assert ask(named, ID).status == 404
    assert ask(metadata_application(web), ID).body == web.instance_id.encode()
    assert ask(metadata_application(web.container()), "/latest/api/token", "PUT", **{TTL: "60"}).status == 504


def test_all_accounts_of_a_cloud_are_served_later_ones_too() -> None:
    cloud = Cloud()
    application = metadata_application(cloud)
    first = cloud.account().launch_instance()
    second = cloud.account("111122223333").launch_instance()

    for instance in (first, second):
        assert ask(application, f"/{instance.instance_id}{ID}").body == instance.instance_id.encode()
    assert ask(application, f"/i-0123456789abcdef0{ID}").status == 404


def test_a_client_that_takes_it_for_a_proxy_is_served(account: Account, web: Instance) -> None:
    """The target is the whole URL then."""
    application = metadata_application(account, addresses={"127.0.0.1": web})

    assert ask(application, f"http://169.254.169.254{ID}").body == web.instance_id.encode()
    assert ask(application, f"http://evil.example{ID}").status == 403
    assert ask(application, "http://169.254.169.254").status == 200


# -- headers, bodies, methods --------------------------------------------------------------------------------------------


def test_a_token_over_wsgi(web: Instance) -> None:
    web.modify_metadata_options(http_tokens="required")
    application = metadata_application(web)
    token = ask(application, "/latest/api/token", "PUT", **{TTL: "60"})

    assert token.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] == "60"
    assert ask(application, ID).status == 401
    assert ask(application, ID, **{TOKEN: token.body.decode()}).status == 200
    assert ask(application, "/latest/api/token", "PUT", **{TTL: "60", FORWARDED: ""}).status == 403


def test_a_header_sent_twice_is_neither(web: Instance) -> None:
    """WSGI joins the values by a comma."""
    application = metadata_application(web)
    token = ask(application, "/latest/api/token", "PUT", **{TTL: "60"}).body.decode()

    assert ask(application, ID, **{TOKEN: f"{token},{token}"}).status == 401
    assert ask(application, "/latest/api/token", "PUT", **{TTL: "60,60"}).status == 400


def test_user_data_keeps_its_bytes_and_head_its_length(web: Instance) -> None:
    application = metadata_application(web)
    got = ask(application, "/latest/user-data")

    assert got.body == b"\xff\x00\n"
    assert got.headers["Content-Length"] == "3"
    head = ask(application, "/latest/user-data", "HEAD")
    assert (head.body, head.headers["Content-Length"]) == (b"", "3")


def test_the_status_line_has_the_services_words(web: Instance) -> None:
    application = metadata_application(web)

    assert ask(application, "/latest/api/token").reason == "Not Allowed"
    assert ask(application, "/nowhere").reason == "Not Found"
    assert "Connection" not in ask(application, ID).headers


@pytest.mark.parametrize(
    "path", ["", "*", "latest", "http:/x", "\xff\xfe", "/\x00", "/%00", "/\r\nX: y", "/../..", "?"]
)
def test_odd_paths_are_answered(web: Instance, path: str) -> None:
    assert ask(metadata_application(web), path).status in (200, 400, 404)


# -- Host ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("169.254.169.254", 200),
        ("169.254.169.254:80", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("localhost.", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]", 200),
        ("[::1]:8080", 200),
        ("", 403),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("evil.example,localhost", 403),
        ("localhost@evil.example", 403),
        ("localhost:80:80", 403),
        ("::1", 403),
        ("[::1", 403),
        ("localhost\x00", 403),
        ("a@b.localhost", 403),
        ("é", 403),
    ],
)
def test_only_its_own_names_are_answered(web: Instance, host: str, status: int) -> None:
    """A name in a browser that has been pointed at 127.0.0.1 gets nothing (DNS rebinding)."""
    got = ask(metadata_application(web), ID, HTTP_HOST=host)

    assert got.status == status
    assert (web.instance_id.encode() in got.body) is (status == 200)


def test_further_names_and_whole_domains_can_be_allowed(web: Instance) -> None:
    application = Application([metadata_endpoint(web)], (".aws.test", "sim"))

    assert ask(application, ID, HTTP_HOST="sts.aws.test").status == 200
    assert ask(application, ID, HTTP_HOST="sim:1").status == 200
    assert ask(application, ID, HTTP_HOST="localhost").status == 403
    assert ask(application, ID, HTTP_HOST="xaws.test").status == 403
    assert ask(application, ID, HTTP_HOST="evil.example/.aws.test").status == 403


def test_the_ipv6_address_is_another_endpoint(web: Instance) -> None:
    application = metadata_application(web)

    assert ask(application, ID, HTTP_HOST="[fd00:ec2::254]").status == 504
    web.modify_metadata_options(http_protocol_ipv6="enabled")
    assert ask(application, ID, HTTP_HOST="[fd00:ec2::254]").status == 200


# -- silence -------------------------------------------------------------------------------------------------------------


def test_where_no_answer_ever_comes_the_server_may_close_and_else_it_is_a_504(web: Instance) -> None:
    web.stop()
    application = metadata_application(web)
    closed: list[bool] = []

    got = ask(application, ID)
    assert (got.status, got.body, got.headers["X-Ec2roles"]) == (504, b"", "timed-out")
    assert closed == []
    ask(application, ID, **{SILENCE: lambda: closed.append(True)})
    assert closed == [True]


# -- other endpoints, lock, observer -------------------------------------------------------------------------------------


class Echo:
    """An endpoint that claims what is signed, and sends back what it understood."""

    def claims(self, request: HttpRequest) -> bool:
        return "authorization" in request.headers

    def answer(self, request: HttpRequest) -> HttpAnswer:
        body = request.read(100)
        text = f"{request.method} {request.target} {request.path} {request.query} {body!r}"
        return HttpAnswer(200, text.encode(), [("Content-Type", "text/plain")])


def test_endpoints_are_asked_in_order(web: Instance) -> None:
    seen: list[tuple[str, int | None]] = []

    def observe(request: HttpRequest, answer: HttpAnswer | None) -> None:
        seen.append((request.path, None if answer is None else answer.status))

    application = Application([Echo(), metadata_endpoint(web)], observe=observe)
    signed = [("Authorization", "AWS4"), ("Content-Type", "text/plain")]
    reply = exchange(application, "POST", "http://localhost/a%2Fb%20c?x=%2F", signed, b"meow")

    assert reply is not None
    assert reply.body == b"POST /a%2Fb%20c?x=%2F /a/b c x=%2F b'meow'"
    assert ("Content-Length", str(len(reply.body))) in reply.headers
    assert ask(application, ID).status == 200
    assert seen == [("/a/b c", 200), (ID, 200)]


@pytest.mark.parametrize(
    ("length", "body"), [("4", b"meow"), ("2", b"me"), ("", b""), ("0", b""), ("101", None), ("-1", None), ("x", None),
                         ("9" * 5000, None), ("٣", None)]
)  # fmt: skip
def test_a_body_is_read_as_far_as_its_length_says(length: str, body: bytes | None) -> None:
    from io import BytesIO

    environ = {
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": length,
        "wsgi.input": BytesIO(b"meow and more"),
    }

    assert HttpRequest.of(environ).read(100) == body


def test_one_lock_is_held_around_the_world(web: Instance) -> None:
    """Whoever holds the lock keeps requests waiting."""
    lock = threading.RLock()
    application = metadata_application(web, lock=lock)
    done = threading.Event()

    def work(then: Callable[[], None]) -> None:
        ask(application, ID)
        then()

    with lock:
        thread = threading.Thread(target=work, args=(done.set,))
        thread.start()
        assert not done.wait(0.05)
    thread.join(5)
    assert done.is_set()
