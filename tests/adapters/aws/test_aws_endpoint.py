"""AWS's endpoints over HTTP: real signatures, real clients, each refusal in its protocol."""

from __future__ import annotations

import http.client
import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import botocore
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ec2roles import Account, Cloud, Credentials, ManualClock, PermissionPolicy, TrustPolicy
from ec2roles.adapters.http.server import Server
from ec2roles.adapters.http.wsgi import metadata_application
from ec2roles.errors import ArgumentError
from helpers.served import application, client, served, session, wired
from helpers.sizes import examples
from helpers.worlds import EC2, OTHER, user_with_key

KEYS = ["plain.txt", "two words", "é/日本", "a+b=c&d", "//twice", "%41", "tilde~!*'()", "dot/./x/../y", "semi;colon,@:"]


@pytest.fixture(scope="module")
def admin() -> Iterator[tuple[Server, Account, Credentials]]:
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    account.s3.create_bucket("photos")
    _, key = user_with_key(account, admin=True)
    with served(account) as server:
        yield server, account, key


def error_of(call: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    found = caught.value.response
    return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]


def test_objects_of_any_name_go_there_and_back(admin: tuple[Server, Account, Credentials]) -> None:
    server, account, key = admin
    s3 = client("s3", server.url, key)
    for name in KEYS:
        s3.put_object(Bucket="photos", Key=name, Body=name.encode(), Metadata={"n": "1"}, ContentType="text/plain")
        got = s3.get_object(Bucket="photos", Key=name)
        assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (name.encode(), "text/plain", {"n": "1"})
        assert s3.head_object(Bucket="photos", Key=name)["ContentLength"] == len(name.encode())
    assert sorted(account.s3["photos"].objects) == sorted(KEYS)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="photos", PaginationConfig={"PageSize": 2})
    assert sorted(one["Key"] for page in pages for one in page["Contents"]) == sorted(KEYS)
    groups = s3.list_objects(Bucket="photos", Delimiter="/", Prefix="dot/")["CommonPrefixes"]
    assert [one["Prefix"] for one in groups] == ["dot/./"]
    s3.delete_objects(Bucket="photos", Delete={"Objects": [{"Key": name} for name in KEYS]})
    assert "Contents" not in s3.list_objects_v2(Bucket="photos")


def test_a_name_in_an_objects_metadata_may_have_an_underscore(admin: tuple[Server, Account, Credentials]) -> None:
    """WSGI cannot tell it from a hyphen, and it is signed."""
    server, account, key = admin
    for s3 in (client("s3", server.url, key), wired("s3", account, key)):
        s3.put_object(Bucket="photos", Key="odd", Body=b"", Metadata={"a_b": "1", "a-b": "2"})
        assert s3.head_object(Bucket="photos", Key="odd")["Metadata"] == {"a_b": "1", "a-b": "2"}
    s3.delete_object(Bucket="photos", Key="odd")


def test_buckets_large_bodies_ranges_and_waiters(admin: tuple[Server, Account, Credentials]) -> None:
    server, _, key = admin
    s3 = client("s3", server.url, key)
    s3.create_bucket(Bucket="other-bucket")
    s3.get_waiter("bucket_exists").wait(Bucket="other-bucket")
    assert s3.get_bucket_location(Bucket="other-bucket")["LocationConstraint"] is None
    body = bytes(range(256)) * 8000
    s3.upload_fileobj(io.BytesIO(body), "other-bucket", "big")
    target = io.BytesIO()
    s3.download_fileobj("other-bucket", "big", target)
    assert target.getvalue() == body
    part = s3.get_object(Bucket="other-bucket", Key="big", Range="bytes=10-19")
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (part["Body"].read(), part["ContentRange"]) == (body[10:20], f"bytes 10-19/{len(body)}")
    assert error_of(s3.get_object, Bucket="other-bucket", Key="big", Range="bytes=9999999-") == ("InvalidRange", 416)
    assert error_of(s3.get_object, Bucket="other-bucket", Key="big", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert error_of(s3.get_object, Bucket="other-bucket", Key="big", IfNoneMatch=part["ETag"]) == ("304", 304)
    assert error_of(s3.delete_bucket, Bucket="other-bucket") == ("BucketNotEmpty", 409)
    assert error_of(s3.head_object, Bucket="other-bucket", Key="nope") == ("404", 404)
    assert error_of(s3.get_object, Bucket="other-bucket", Key="nope") == ("NoSuchKey", 404)
    s3.delete_object(Bucket="other-bucket", Key="big")
    s3.delete_bucket(Bucket="other-bucket")
    s3.get_waiter("bucket_not_exists").wait(Bucket="other-bucket")
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["photos"]


def test_a_presigned_url_works_for_whoever_has_it_and_no_longer_than_it_says(
    admin: tuple[Server, Account, Credentials],
) -> None:
    server, account, key = admin
    s3 = client("s3", server.url, key, signature_version="s3v4")
    put = s3.generate_presigned_url("put_object", {"Bucket": "photos", "Key": "by url"})
    with urllib.request.urlopen(urllib.request.Request(put, b"meow", method="PUT")) as answer:
        assert answer.status == 200
    assert account.s3["photos"].objects["by url"].body == b"meow"
    get = s3.generate_presigned_url("get_object", {"Bucket": "photos", "Key": "by url"}, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"meow"
    for changed, code in (
        (get.replace("by%20url", "by%20urk"), b"SignatureDoesNotMatch"),
        (get.replace("Expires=60", "Expires=61"), b"SignatureDoesNotMatch"),
        (get.replace("Expires=60", "Expires=604801"), b"AuthorizationQueryParametersError"),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(changed)
        with caught.value:
            assert code in caught.value.read()
    late = ManualClock(datetime.now(timezone.utc) + timedelta(seconds=90))
    with served(account, clock=late) as other:
        # The signature covers the host, so the address must be the one that was signed.
        signed = client("s3", other.url, key, signature_version="s3v4").generate_presigned_url(
            "get_object", {"Bucket": "photos", "Key": "by url"}, ExpiresIn=60
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(signed)
        with caught.value:
            assert caught.value.status == 403
            assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in caught.value.read()
    account.s3["photos"].delete_object("by url")


@pytest.mark.parametrize("host", ["photos.s3.amazonaws.com", "photos.s3.us-east-1.amazonaws.com", "photos.localhost:1"])
def test_a_bucket_may_be_part_of_the_host(host: str, admin: tuple[Server, Account, Credentials]) -> None:
    server, account, key = admin
    for method, path, body in (("PUT", "/a%20b", b"1"), ("GET", "/a%20b", b""), ("GET", "/?list-type=2", b""), ("DELETE", "/a%20b", b"")):  # fmt: skip
        request = AWSRequest(method, f"http://{host}{path}", data=body)
        secret = key.secret_access_key.reveal()
        S3SigV4Auth(BotoCredentials(key.access_key_id, secret), "s3", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request(method, path, body, {**dict(request.prepare().headers), "Host": host})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        assert answer.status in (200, 204), content
        if "list-type" in path:
            assert b"<Name>photos</Name>" in content
            assert b"<Key>a b</Key>" in content
    assert account.s3["photos"].objects == {}


def test_each_service_is_judged_in_its_own_protocol() -> None:
    """Denied; then allowed, and answered or said to be not simulated; nothing is ever sent on."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    account.s3.create_bucket("photos")
    alice, key = user_with_key(account)
    rows: list[tuple[str, str, dict[str, Any], str, str]] = [
        ("s3", "list_objects_v2", {"Bucket": "photos"}, "AccessDenied", "s3:ListBucket"),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "UnauthorizedOperation", "ec2:CreateVpc"),
        ("iam", "list_open_id_connect_providers", {}, "AccessDenied", "iam:ListOpenIDConnectProviders"),
        ("dynamodb", "get_item", {"TableName": "table", "Key": {"k": {"S": "1"}}}, "AccessDeniedException", "dynamodb:GetItem"),
        ("sqs", "send_message", {"QueueUrl": "http://x/123456789012/q", "MessageBody": "m"}, "AccessDenied", "sqs:SendMessage"),
        ("lambda", "invoke", {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f"}, "AccessDeniedException", "lambda:InvokeFunction"),
        ("secretsmanager", "get_secret_value", {"SecretId": "db"}, "AccessDeniedException", "secretsmanager:GetSecretValue"),
        # Several services sign as each of these, in protocols of their own.
        ("dynamodbstreams", "list_streams", {}, "AccessDeniedException", "dynamodb:ListStreams"),
        ("sesv2", "list_email_identities", {}, "AccessDeniedException", "ses:ListEmailIdentities"),
        ("ses", "list_identities", {}, "AccessDenied", "ses:ListIdentities"),
        ("bedrock-runtime", "invoke_model", {"modelId": "m", "body": b"{}"}, "AccessDeniedException", "bedrock:InvokeModel"),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}, "AccessDeniedException", "sagemaker:InvokeEndpoint"),
        ("elb", "describe_account_limits", {}, "AccessDenied", "elasticloadbalancing:DescribeAccountLimits"),
        ("efs", "describe_file_systems", {}, "AccessDeniedException", "elasticfilesystem:DescribeFileSystems"),
        ("cloudwatch", "describe_alarms", {}, "", ""),
    ]  # fmt: skip
    with served(account) as server:
        for service, method, parameters, code, action in rows:
            call = getattr(client(service, server.url, key), method)
            if not action:
                # Its newer protocol is not read here, so the operation is not known; it is refused all the same.
                assert error_of(call, **parameters)[0] in ("UnknownOperationException", "InvalidAction", "AccessDenied")
                continue
            assert error_of(call, **parameters)[0] == code
            alice.put_policy("p", PermissionPolicy.allow(action))
            if service == "s3":
                assert call(**parameters)["KeyCount"] == 0
            else:
                assert error_of(call, **parameters) == ("NotImplemented", 501)


def test_an_instance_finds_its_role_and_expires_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """With botocore's own metadata fetcher, unpatched."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    account.console.create_role("app", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    account.s3.create_bucket("photos")
    web = account.launch_instance("app")
    other = account.create_role("other", trust=TrustPolicy.principal(account.roles["app"].arn))
    with served(account) as server:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{server.url}/{web.instance_id}")
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        real = session()
        sts = real.client("sts", endpoint_url=server.url)
        assert sts.get_caller_identity()["Arn"].endswith(f"assumed-role/app/{web.instance_id}")
        given = sts.assume_role(RoleArn=other.arn, RoleSessionName="me")
        assert given["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/other/me"
        s3 = real.client("s3", endpoint_url=server.url)
        assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["photos"]
        assert error_of(s3.put_object, Bucket="photos", Key="cat", Body=b"meow") == ("AccessDenied", 403)
        account.clock.advance(hours=6, minutes=30)
        assert error_of(s3.list_buckets) == ("ExpiredToken", 400)
        assert error_of(sts.get_caller_identity) == ("ExpiredToken", 403)
        # A program that starts now gets new ones.
        assert session().client("s3", endpoint_url=server.url).list_buckets()["Buckets"]


def test_bad_credentials_are_refused_as_each_service_words_it(admin: tuple[Server, Account, Credentials]) -> None:
    """docs/fidelity.md, "How each service says no"."""
    server, account, key = admin
    role = account.create_role("short", trust=EC2)
    account.create_instance_profile("short").add_role(role)
    temporary = account.launch_instance("short").metadata.credentials()
    assert temporary is not None
    rows = {
        "unknown key": Credentials("AKIAIOSFODNN7EXAMPLE", "x"),
        "wrong secret": Credentials(key.access_key_id, "x"),
        "garbage token": Credentials(temporary.access_key_id, temporary.secret_access_key, session_token="x"),
        "no token": Credentials(temporary.access_key_id, temporary.secret_access_key),
    }
    expected = {
        ("s3", "unknown key"): ("InvalidAccessKeyId", 403),
        ("s3", "wrong secret"): ("SignatureDoesNotMatch", 403),
        ("s3", "garbage token"): ("InvalidToken", 400),
        ("s3", "no token"): ("InvalidAccessKeyId", 403),
        ("sts", "unknown key"): ("InvalidClientTokenId", 403),
        ("sts", "wrong secret"): ("SignatureDoesNotMatch", 403),
        ("sts", "garbage token"): ("InvalidClientTokenId", 403),
        ("sts", "no token"): ("InvalidClientTokenId", 403),
        ("dynamodb", "unknown key"): ("UnrecognizedClientException", 400),
        ("dynamodb", "wrong secret"): ("InvalidSignatureException", 400),
    }
    calls = {"s3": "list_buckets", "sts": "get_caller_identity", "dynamodb": "list_tables"}
    for (service, fault), answer in expected.items():
        assert error_of(getattr(client(service, server.url, rows[fault]), calls[service])) == answer, (service, fault)
    unsigned = client("s3", server.url, key, signature_version=botocore.UNSIGNED)
    assert error_of(unsigned.list_buckets) == ("AccessDenied", 403)
    late = ManualClock(datetime.now(timezone.utc) + timedelta(hours=1))
    with served(account, clock=late) as other:
        assert error_of(client("s3", other.url, key).list_buckets) == ("RequestTimeTooSkewed", 403)
        assert error_of(client("sts", other.url, key).get_caller_identity) == ("SignatureDoesNotMatch", 403)


def test_the_account_of_the_caller_answers() -> None:
    cloud = Cloud(ManualClock(datetime.now(timezone.utc)))
    keys = []
    for number in ("123456789012", OTHER):
        account = cloud.account(number)
        account.s3.create_bucket(f"of-{number}")
        keys.append(user_with_key(account, admin=True)[1])
    with served(cloud) as server:
        found = [client("s3", server.url, key).list_buckets()["Buckets"][0]["Name"] for key in keys]
    assert found == ["of-123456789012", f"of-{OTHER}"]
    with pytest.raises(ArgumentError):
        application(Cloud())


# -- whatever is sent ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def app() -> Any:
    account = Account(clock=ManualClock(datetime(2026, 1, 1, tzinfo=timezone.utc)))
    account.s3.create_bucket("photos")
    account.launch_instance()
    return application(account, clock=account.clock)


AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"
)
TEXT = st.text(st.characters(max_codepoint=255), max_size=40)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["AUTHORIZATION", "X_AMZ_DATE", "X_AMZ_TARGET", "X_AMZ_CONTENT_SHA256", "X_AMZ_SECURITY_TOKEN", "HOST",
         "SMITHY_PROTOCOL", "CONTENT_MD5", "X_AMZ_CHECKSUM_CRC32", "RANGE"]
    ),
    st.one_of(
        TEXT,
        st.sampled_from(["s3", "sts", "iam", "nope", "../x", "monitoring"]).map(lambda s: AUTHORIZATION.format(service=s)),
        st.sampled_from(["20260101T000000Z", "99999999T999999Z", "UNSIGNED-PAYLOAD", "rpc-v2-cbor", "DynamoDB_20120810.GetItem",
                         "photos.s3.amazonaws.com", "sts.amazonaws.com", "localhost", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]),
    ),
    max_size=5,
)  # fmt: skip
PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/r/s3/aws4_request&X-Amz-Date=20260101T000000Z"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature=0&X-Amz-Expires=60"
)
QUERIES = st.one_of(
    TEXT,
    st.sampled_from(
        ["X-Amz-Signature=0", PRESIGNED, "Action=GetCallerIdentity", "list-type=2&max-keys=x", "delete", "a=%ff", "%"]
    ),
)  # fmt: skip


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE", "PATCH", "\x00", "get"]),
    path=st.one_of(TEXT.map("/".__add__), st.sampled_from(["/", "/photos", "/photos/x", "/photos/%ff", "//", "/service/a/operation/b"])),
    query=QUERIES,
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=60), st.sampled_from([b"Action=AssumeRole&RoleArn=x", b"{", b"<a>", b"0\r\n\r\n"])),
    kind=st.sampled_from(["", "application/x-www-form-urlencoded", "application/json", "text/xml"]),
    raw=st.booleans(),
)  # fmt: skip
def test_whatever_is_sent_is_refused_in_good_order(
    app: Any, method: str, path: str, query: str, headers: dict[str, str], body: bytes, kind: str, raw: bool
) -> None:
    """Never 500, never a line break in a header, never anything but bytes."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{name}": value for name, value in headers.items()},
        **({"RAW_URI": f"{path}?{query}"} if raw else {}),
    }
    answers: list[tuple[str, list[tuple[str, str]]]] = []
    content = b"".join(app(environ, lambda status, sent: answers.append((status, sent))))
    ((status, sent),) = answers
    assert 200 <= int(status[:3]) < 500 or status.startswith("501")
    assert not any("\n" in value or "\r" in value for _, value in sent)
    assert isinstance(content, bytes)


def test_it_keeps_the_rules_of_wsgi() -> None:
    """As the standard library's own validator reads them."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    checked = validator(application(account))
    statuses: list[str] = []

    def start(status: str, headers: Any, error: Any = None) -> Any:
        statuses.append(status)
        return lambda data: None

    for path, form in (("/", b"Action=GetCallerIdentity&Version=2011-06-15"), ("/photos/x", b""), ("/photos", b"")):
        environ: dict[str, Any] = {"PATH_INFO": path, "CONTENT_LENGTH": str(len(form)), "QUERY_STRING": ""}
        environ |= {"SCRIPT_NAME": "", "wsgi.input": io.BytesIO(form)}
        if form:
            environ |= {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        setup_testing_defaults(environ)
        answer: Any = checked(environ, start)
        body = b"".join(answer)
        answer.close()
        assert (b"MissingAuthenticationToken" if form else b"AccessDenied") in body
    assert statuses == ["403 Forbidden"] * 3


def test_an_answer_that_never_arrives_closes_the_connection() -> None:
    """A metadata token for a container behind one hop more: the client waits, and gets nothing."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    container = account.launch_instance().container(extra_hops=1)
    server = Server(metadata_application({"container": container}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request("PUT", "/container/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()


# -- under load ---------------------------------------------------------------------------------------------------------


def hammer(instances: int, requests: int) -> int:
    """Eight threads read the metadata of many instances while the clock runs; count the answers, all of which are right."""
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
    fleet = account.launch_instances(instances, "app")
    with served(account) as server:
        lock = server.application.lock  # type: ignore[attr-defined]

        def run(thread: int) -> list[tuple[str, str]]:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
            found = []
            for number in range(requests // 8):
                one = fleet[(number * 7 + thread) % instances]
                connection.request("GET", f"/{one.instance_id}/latest/meta-data/iam/security-credentials/app")
                answer = connection.getresponse()
                document = json.loads(answer.read())
                assert (answer.status, document["Code"]) == (200, "Success")
                found.append((one.instance_id, document["AccessKeyId"]))
                if number % 50 == 0 and thread == 0:
                    with lock:
                        account.clock.advance(minutes=7)
            connection.close()
            return found

        with ThreadPoolExecutor(8) as pool:
            answers = [pair for found in pool.map(run, range(8)) for pair in found]
    position = account.time.as_of(None)
    for instance_id, key in set(answers):
        found = account.sts.sessions.find(key, position[0])
        assert found is not None
        assert found.arn.endswith(f"/{instance_id}")
    assert len({key for _, key in answers}) >= instances
    return len(answers)


def test_no_answer_holds_the_credentials_of_another_instance() -> None:
    assert hammer(10, 800) == 800


@pytest.mark.slow
def test_no_answer_of_twenty_thousand_does_while_credentials_rotate() -> None:
    """Issue 5: 8 threads, 20,000 requests, 50 instances."""
    assert hammer(50, 20_000) == 20_000


def test_a_connection_that_sends_nonsense_is_ended(admin: tuple[Server, Account, Credentials]) -> None:
    """And the next one is served."""
    import socket

    server, account, _ = admin
    instance_id = account.launch_instance().instance_id
    port = urlsplit(server.url).port
    for sent in (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"\x00\xff" * 10 + b"\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65_536):
                answer += chunk
        # A line that is no request is answered without a status, as version 0.9 of HTTP has it.
        assert answer[9:13] in (b"403 ", b"411 ", b"414 ", b"505 ") or answer[:9] in (b"", b"<!DOCTYPE"), (sent, answer)
    with urllib.request.urlopen(f"{server.url}/{instance_id}/latest/") as found:
        assert found.status == 200


def test_who_sends_slowly_keeps_nobody_waiting(admin: tuple[Server, Account, Credentials]) -> None:
    """And half a body is no request."""
    import socket

    server, account, _ = admin
    url = f"{server.url}/{account.launch_instance().instance_id}/latest/"
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as slow:
        slow.sendall(b"PUT /photos/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        # The server has the head of the request when it answers this.
        assert slow.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        slow.sendall(b"half")
        for _ in range(10):
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
        slow.shutdown(socket.SHUT_WR)
        assert slow.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_a_header_of_a_similar_name_is_no_token(admin: tuple[Server, Account, Credentials]) -> None:
    server, account, _ = admin
    path = f"/{account.launch_instance().instance_id}/latest/"
    for name, status in (("X-aws-ec2-metadata-token", 401), ("X_aws_ec2_metadata_token", 200)):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("GET", path, headers={name: "no token"})
        assert connection.getresponse().status == status
        connection.close()
