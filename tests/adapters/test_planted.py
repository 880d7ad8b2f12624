"""
The tests of what is around the core notice a wrong rule: each row plants one in a function, and its proof has to fail.

A proof is a test of its own as well. A rule that nobody would notice is a rule that nobody tests: a new one belongs here.
"""

from __future__ import annotations

import importlib
import inspect
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from types import CodeType, FunctionType
from typing import Any

import attrs
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import BotoCoreError, ClientError

from ec2roles import Account, Cloud, Credentials, ManualClock, PermissionPolicy, errors
from ec2roles.adapters.aws.signature import Reached, read_signature
from ec2roles.adapters.aws.sigv4 import Verifier
from ec2roles.adapters.http.control import ControlEndpoint
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.adapters.http.server import Server
from ec2roles.adapters.http.wsgi import Application
from ec2roles.secret import Secret
from helpers.presigned import CAT, Presigned
from helpers.requests_to import ask, header
from helpers.served import wired
from helpers.signing import KEY, SECRET, TOKEN, random_request, sent
from helpers.worlds import NOBODY, OTHER, OWN, at, code, user_with_key

NOTICED = (AssertionError, pytest.fail.Exception, errors.Ec2RolesError, BotoCoreError, ClientError)


@attrs.frozen
class Planted:
    """
    A wrong rule.

    Args:
        name: what is wrong then.
        where: a function, as ``module:name``; below ``ec2roles``.
        right, wrong: a piece of its source, and what is put there.
        proof: what must fail then.
    """

    name: str
    where: str
    right: str
    wrong: str
    proof: Callable[[], object]

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the wrong rule there."""
        module_name, _, path = self.where.partition(":")
        module = importlib.import_module(f"ec2roles.{module_name}")
        source = inspect.getsource(module)
        target: Any = module
        for part in path.split("."):
            target = inspect.getattr_static(target, part)
        target = inspect.unwrap(target.__func__ if isinstance(target, classmethod) else target)
        assert isinstance(target, FunctionType)
        found = inspect.getsource(target)
        assert found.count(self.right) == 1, f"{self.where} has not once {self.right!r}"
        changed = source.replace(found, found.replace(self.right, self.wrong))
        codes = [one for one in _codes(compile(changed, module.__file__ or "", "exec")) if one.co_qualname == path]
        monkeypatch.setattr(target, "__code__", codes[0])


def _codes(code_object: CodeType) -> Iterator[CodeType]:
    for one in code_object.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


# -- signatures ---------------------------------------------------------------------------------------------------------


def signed(service: str, **headers: str) -> RawRequest:
    """A good request of botocore's, with more headers than were signed."""
    request = random_request(2, service)
    return attrs.evolve(request, headers=(*request.headers, *((n.replace("_", "-"), v) for n, v in headers.items())))


def refused(request: RawRequest, service: str, **delta: float) -> str | None:
    """The code with which a request is refused so much later, or None."""
    try:
        signature = read_signature(request, Reached(service))
        assert signature is not None
        Verifier().verify(request, signature, Secret(SECRET), datetime.now(timezone.utc) + timedelta(**delta))
    except errors.AwsError as error:
        return error.code
    return None


def test_headers_of_amazons_that_were_added_after_signing_are_refused() -> None:
    """They mean something: a copy's source, a role's token, an object's ACL."""
    for service, refusal in (("s3", "AccessDenied"), ("sts", "SignatureDoesNotMatch"), ("ec2", "AuthFailure")):
        assert refused(signed(service), service) is None
        assert refused(signed(service, accept="x"), service) is None
        assert refused(signed(service, x_amz_copy_source="photos/cat.jpg"), service) == refusal


def at_another_day(service: str) -> RawRequest:
    """Signed right in every respect, but that the scope's day is not that of its time."""
    host = "127.0.0.1:1"
    kind = S3SigV4Auth if service == "s3" else SigV4Auth

    class Yesterday(kind):  # type: ignore[valid-type,misc]
        def credential_scope(self, request: Any) -> str:
            day = (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%Y%m%d")
            return f"{day}/us-east-1/{service}/aws4_request"

        def scope(self, request: Any) -> str:
            return f"{KEY}/{self.credential_scope(request)}"

        def signature(self, text: str, request: Any) -> str:
            day = self.credential_scope(request)[:8]
            timestamp = request.context["timestamp"]
            request.context["timestamp"] = f"{day}{timestamp[8:]}"
            try:
                return str(super().signature(text, request))
            finally:
                request.context["timestamp"] = timestamp

    request = AWSRequest(method="GET", url=f"http://{host}/")
    Yesterday(BotoCredentials(KEY, SECRET, TOKEN), service, "us-east-1").add_auth(request)
    return sent(request.prepare(), host)


def test_the_day_of_the_scope_is_that_of_the_time() -> None:
    assert refused(at_another_day("s3"), "s3") == "AuthorizationHeaderMalformed"
    assert refused(at_another_day("sts"), "sts") == "SignatureDoesNotMatch"


def test_a_presigned_url_from_the_future_is_refused() -> None:
    for service, refusal in (("s3", "AccessDenied"), ("sts", "SignatureDoesNotMatch"), ("ec2", "RequestExpired")):
        request = random_request(6, service, presigned=True)
        assert refused(request, service, minutes=-14) is None
        assert refused(request, service, minutes=-16) == refusal


# -- the server ---------------------------------------------------------------------------------------------------------


def test_only_the_whole_control_token_opens_the_control_plane() -> None:
    account = Account(clock=ManualClock(at()))
    application = Application([ControlEndpoint(account, "open-sesame")])
    for given, status in (
        ("open-sesame", 200), ("open-sesam", 403), ("o", 403), ("", 403), ("open-sesame2", 403), ("OPEN-SESAME", 403),
    ):  # fmt: skip
        got = ask(application, "/_ec2roles/state", "POST", **{header("X-Ec2roles-Token"): given})
        assert got.status == status, given


def raw_status(application: Any, request: bytes) -> bytes:
    """The first line that comes back over a connection."""
    server = Server(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_two_opinions_on_the_length_of_a_body_are_refused() -> None:
    """What one reader takes for a body, another takes for the next request."""
    application = Application([ControlEndpoint(Account(), "x")])
    smuggled = b"0\r\n\r\nPOST /_ec2roles/state HTTP/1.1\r\nHost: localhost\r\nX-Ec2roles-Token: x\r\n\r\n"
    head = b"POST /_ec2roles/state HTTP/1.1\r\nHost: localhost\r\nX-Ec2roles-Token: x\r\n"
    for lengths in (
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(smuggled),
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
    ):
        answer = raw_status(application, head + lengths + b"\r\n" + smuggled)
        assert answer.count(b"HTTP/1.1 ") == 1, answer
        assert answer[9:10] == b"4", answer
        assert b'"instances"' not in answer


# -- whose call it is ---------------------------------------------------------------------------------------------------


def test_each_account_answers_for_its_own_callers() -> None:
    cloud = Cloud(ManualClock(datetime.now(timezone.utc)))
    first, second = cloud.account(OWN), cloud.account(OTHER)
    first.s3.create_bucket("first-one")
    second.s3.create_bucket("second-one")
    key = user_with_key(second, admin=True)[1]
    iam, s3 = (wired(service, cloud, key) for service in ("iam", "s3"))
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["second-one"]
    iam.create_user(UserName="new")
    assert "new" in second.users
    assert "new" not in first.users
    # What is only judged is about things of the caller's account.
    bob, key = user_with_key(second, "bob")
    bob.put_policy("p", PermissionPolicy.allow("dynamodb:*", resource=f"arn:aws:dynamodb:us-east-1:{OTHER}:table/t"))
    dynamodb = wired("dynamodb", cloud, key)
    with pytest.raises(dynamodb.exceptions.ClientError, match="NotImplemented"):
        dynamodb.get_item(TableName="t", Key={"k": {"S": "1"}})
    assert [len(list(one.history.calls)) for one in (first, second)] == [0, 3]


def test_calls_of_an_instance_come_from_its_own_address_over_http() -> None:
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
    web = account.launch_instance("app")
    role = account.roles["app"]
    found = web.metadata.credentials()
    assert found is not None
    alice, key = user_with_key(account)
    for owner, credentials, address in ((role, found, "203.0.113.10"), (alice, key, "198.51.100.7")):
        s3 = wired("s3", account, Credentials(credentials.access_key_id, credentials.secret_access_key, session_token=credentials.session_token))  # fmt: skip
        owner.put_policy("p", PermissionPolicy.allow("s3:*", condition={"IpAddress": {"aws:SourceIp": address}}))
        s3.list_buckets()
        owner.put_policy("p", PermissionPolicy.allow("s3:*", condition={"NotIpAddress": {"aws:SourceIp": address}}))
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            s3.list_buckets()


# -- what is sent -------------------------------------------------------------------------------------------------------


def put(place: Presigned, **headers: str) -> str:
    """The code that putting an object with these headers gets."""
    request = AWSRequest("PUT", "http://127.0.0.1:1/photos/new.jpg", data=b"hello")
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    secret = place.key.secret_access_key.reveal()
    S3SigV4Auth(BotoCredentials(place.key.access_key_id, secret), "s3", "us-east-1").add_auth(request)
    said = place.open("PUT", str(request.url), b"hello", **{n.replace("-", "_"): v for n, v in request.headers.items()})
    return str(said["error"]["Code"]) if "error" in said else "OK"


def test_a_body_is_compared_with_its_digest() -> None:
    """AWS's page "Checking object integrity"."""
    place = Presigned("s3v4")
    assert put(place, Content_MD5="XUFAKrxLKna5cZ2REBfFkg==") == "OK"
    assert put(place, Content_MD5="pX8KKuGXS1f2VTcuJpqjkw==") == "BadDigest"
    assert put(place, Content_MD5="x") == "InvalidDigest"


def test_user_data_that_is_no_base64_is_refused() -> None:
    """AWS's page of RunInstances: ``InvalidUserData.Malformed``."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    user_with_key(account, admin=True)
    for data, right in (("IyEvYmluL3No", True), ("IyEv*YmluL3No", False), ("IyEvYmluL3N", False), ("#!/bin/sh", False)):
        form = f"Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=1&ImageId=ami-0abcdef1234567890&UserData={data}"
        before = len(account.instances)
        answer = posted(account, form.replace("*", "%2A").replace("#", "%23").replace("!", "%21"))
        assert (b"InvalidUserData.Malformed" not in answer) == right, data
        assert len(account.instances) == before + right


def posted(account: Account, form: str) -> bytes:
    """What EC2 answers to a signed form."""
    from ec2roles.adapters.http.in_process import exchange
    from helpers.served import application

    request = AWSRequest("POST", "http://127.0.0.1:1/", data=form.encode())
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    key = account.users["alice"].create_access_key()
    SigV4Auth(BotoCredentials(key.access_key_id, key.secret_access_key.reveal()), "ec2", "us-east-1").add_auth(request)
    reply = exchange(application(account), "POST", str(request.url), [*request.headers.items()], form.encode())
    account.users["alice"].delete_access_key(key.access_key_id)
    assert reply is not None
    return reply.body


def test_a_suffix_longer_than_the_object_is_the_whole_object() -> None:
    """RFC 9110 14.1.3; and S3 as recorded (tests/recorded: test_get_object_range)."""
    place = Presigned("s3v4")
    s3 = wired("s3", place.account, place.key)
    for text, body, shown in (("bytes=-2", b"ow", "bytes 2-3/4"), ("bytes=-4", b"meow", "bytes 0-3/4"), ("bytes=-15", b"meow", "bytes 0-3/4")):  # fmt: skip
        answer = s3.get_object(**CAT, Range=text)
        assert (answer["Body"].read(), answer["ContentRange"]) == (body, shown)


def test_every_kind_of_grant_needs_the_permission_to_set_acls() -> None:
    account = Account()
    account.s3.create_bucket("photos")
    alice, key = user_with_key(account)
    alice.put_policy("p", PermissionPolicy.allow("s3:PutObject"))
    for grant in ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"):
        parameters = {**CAT, "Body": b"x", grant: "id=x"}
        response = account.request("s3:PutObject", parameters, credentials=key)
        assert code(response) == "AccessDenied", grant
        assert "s3:PutObjectAcl" in str(response.error)


# -- the core -----------------------------------------------------------------------------------------------------------


def test_a_role_is_taken_out_of_a_profile_by_its_name_to_the_letter() -> None:
    account = Account()
    role = account.create_role("app", trust=NOBODY)
    profile = account.create_instance_profile("app")
    profile.add_role(role)
    for name in ("APP", "App", "ap", "app2", ""):
        with pytest.raises(errors.NoSuchEntityError):
            profile.remove_role(name)
    assert profile.role is role


def test_metadata_tokens_die_with_a_stop_and_not_with_a_reboot() -> None:
    web = Account().launch_instance(http_tokens="required")

    def status(token: str) -> int | None:
        return web.metadata.send("GET", "/latest/meta-data/", {"X-aws-ec2-metadata-token": token}).status

    token = web.metadata.send("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
    assert status(token) == 200
    web.reboot()
    assert status(token) == 200
    web.stop()
    web.start()
    assert status(token) == 401


def test_an_old_set_is_served_until_it_expires_and_not_at_that_instant() -> None:
    account = Account()
    account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
    web = account.launch_instance("app")
    first = web.metadata.credentials()
    assert first is not None
    assert first.expiration is not None
    account.roles["app"].update_trust(NOBODY)
    account.clock.move_to(first.expiration - timedelta(microseconds=1))
    assert web.metadata.credentials() == first
    account.clock.move_to(first.expiration)
    assert web.metadata.credentials() is None


# -- each of them noticed -----------------------------------------------------------------------------------------------

PLANTED = [
    Planted("unsigned headers are taken", "adapters.aws.sigv4:_canonical_headers", "    if left:", "    if False:", test_headers_of_amazons_that_were_added_after_signing_are_refused),
    Planted("unsigned headers are taken by all but S3", "adapters.aws.sigv4:_canonical_headers", "    if left:", '    if left and signature.service == "s3":', test_headers_of_amazons_that_were_added_after_signing_are_refused),
    Planted("any day will do in the scope", "adapters.aws.signature:_scope", "    if timestamp[:8] != date:", "    if False:", test_the_day_of_the_scope_is_that_of_the_time),
    Planted("any day will do in S3's scope", "adapters.aws.signature:_scope_of_s3", "    if timestamp[:8] != date:", "    if False:", test_the_day_of_the_scope_is_that_of_the_time),
    Planted("URLs of S3 hold before they were made", "adapters.aws.sigv4:_check_time", "        if early:\n            raise unreadable.refused", "        if False:\n            raise unreadable.refused", test_a_presigned_url_from_the_future_is_refused),
    Planted("signatures hold before they were made", "adapters.aws.sigv4:_check_time", "abs(now - made) <= max_skew", "now - made <= max_skew", test_a_presigned_url_from_the_future_is_refused),
    Planted("a prefix of the control token is enough", "adapters.http.control:ControlEndpoint.answer", "hmac.compare_digest(given.encode(\"utf-8\", \"replace\"), self.token.encode())", "self.token.startswith(given)", test_only_the_whole_control_token_opens_the_control_plane),
    Planted("more than the control token is good", "adapters.http.control:ControlEndpoint.answer", "hmac.compare_digest(given.encode(\"utf-8\", \"replace\"), self.token.encode())", "given.startswith(self.token)", test_only_the_whole_control_token_opens_the_control_plane),
    Planted("a length beside chunks is taken", "adapters.http.server:_Handler._run", '"Transfer-Encoding" in self.headers or not', '("Transfer-Encoding" in self.headers and "Content-Length" not in self.headers) or not', test_two_opinions_on_the_length_of_a_body_are_refused),
    Planted("the first of two lengths is taken", "adapters.http.server:_Handler._run", '",".join(self.headers.get_all("Content-Length", ["0"]))', 'self.headers.get("Content-Length", "0")', test_two_opinions_on_the_length_of_a_body_are_refused),
    Planted("the first account answers all", "adapters.aws.dispatch:Dispatcher.send", "api if session is None else api.of(session.account_id)", "api", test_each_account_answers_for_its_own_callers),
    Planted("instances call from anywhere", "adapters.aws.endpoint:_asked", "OUTSIDE_ADDRESS if sender is None else NAT_ADDRESS", "OUTSIDE_ADDRESS", test_calls_of_an_instance_come_from_its_own_address_over_http),
    Planted("everybody calls from an instance", "adapters.aws.endpoint:_asked", "OUTSIDE_ADDRESS if sender is None else NAT_ADDRESS", "NAT_ADDRESS", test_calls_of_an_instance_come_from_its_own_address_over_http),
    Planted("any digest will do", "services.s3.digests:check_md5", "    if found != value:", "    if False:", test_a_body_is_compared_with_its_digest),
    Planted("user data may hold anything", "adapters.aws.dispatch:_unwrapped", "validate=True", "validate=False", test_user_data_that_is_no_base64_is_refused),
    Planted("a longer suffix is not satisfiable", "services.s3.conditions:read_range", "max(size - int(found[2]), 0)", "size - int(found[2]) if int(found[2]) <= size else size", test_a_suffix_longer_than_the_object_is_the_whole_object),
    Planted("a longer suffix begins before the object", "services.s3.conditions:read_range", "max(size - int(found[2]), 0)", "size - int(found[2])", test_a_suffix_longer_than_the_object_is_the_whole_object),
    Planted("GrantReadACP needs nothing", "services.s3.parameters:has_grants", "for name in _GRANTS", 'for name in _GRANTS if name != "GrantReadACP"', test_every_kind_of_grant_needs_the_permission_to_set_acls),
    Planted("GrantWriteACP needs nothing", "services.s3.parameters:has_grants", "for name in _GRANTS", 'for name in _GRANTS if name != "GrantWriteACP"', test_every_kind_of_grant_needs_the_permission_to_set_acls),
    Planted("a role's name is read in any case", "iam.instance_profile:InstanceProfile.remove_role", "state.role.name != name", "state.role.name.lower() != name.lower()", test_a_role_is_taken_out_of_a_profile_by_its_name_to_the_letter),
    Planted("tokens live on after a stop", "metadata.tokens:seconds_left", "    if int.from_bytes(payload[14:16], \"big\") != boots & 0xFFFF:", "    if False:", test_metadata_tokens_die_with_a_stop_and_not_with_a_reboot),
    Planted("an old set is served at its expiry", "ec2.refresh:Fetcher.served", "self.offset) <= now:", "self.offset) < now:", test_an_old_set_is_served_until_it_expires_and_not_at_that_instant),
    Planted("an old set goes too early", "ec2.refresh:Fetcher.served", "self.offset) <= now:", "self.offset) <= now + 1:", test_an_old_set_is_served_until_it_expires_and_not_at_that_instant),
]  # fmt: skip


@pytest.mark.parametrize("wrong", PLANTED, ids=lambda wrong: wrong.name)
def test_a_wrong_rule_is_noticed(wrong: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong.plant(monkeypatch)
    with pytest.raises(NOTICED):
        wrong.proof()
