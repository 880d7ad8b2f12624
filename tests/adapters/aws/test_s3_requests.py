"""S3 over HTTP, request by request: the root of each answer, what a request must bring, and how it counts as signed."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from ec2roles import Account, Credentials
from ec2roles.adapters.http.in_process import exchange
from helpers.presigned import CAT, Presigned
from helpers.served import application, wired
from helpers.worlds import user_with_key

TABLE = json.loads((Path(__file__).parent / "s3_requests.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for group in TABLE for case in group["cases"]}
SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
HERE = "http://127.0.0.1:1"
POLICY = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/none"}


class Signer(S3SigV4Auth):  # type: ignore[misc]
    """Signs what the request itself says of its body."""

    def payload(self, request: Any) -> str:
        """What stands for the body."""
        return str(request.headers.get("x-body") or super().payload(request))


def send(
    account: Account, key: Credentials, method: str, target: str, text: str = "", headers: Any = None
) -> tuple[int, bytes]:
    """Sign a request, and send it; ``*`` is the right digest."""
    body = text.encode()
    right = b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    sent = {name: value.replace("*", right) for name, value in (headers or {}).items()}
    request = AWSRequest(method, HERE + target, data=body, headers=sent)
    boto = BotoCredentials(key.access_key_id, key.secret_access_key.reveal())
    Signer(boto, "s3", "us-east-1").add_auth(request)
    pairs = [*request.headers.items(), ("Content-Length", str(len(body)))]
    reply = exchange(application(account), method, HERE + target, pairs, body)
    assert reply is not None
    return reply.status, reply.body


@pytest.mark.parametrize("name", CASES)
def test_an_answer_has_the_form_that_aws_prints(name: str) -> None:
    account = Account()
    bucket = account.s3.create_bucket("photos")
    account.s3.create_bucket("empty")
    bucket.put_object("cat", b"meow", tags={"a": "b"})
    bucket.put_object("none", b"")
    bucket.put_tags({"a": "b"})
    key = user_with_key(account, admin=True)[1]
    case = CASES[name]
    if case["ask"][:2] in (["GET", "/photos?policy"], ["GET", "/photos?policyStatus"]):
        bucket.policy = {"Version": "2012-10-17", "Statement": POLICY}
    status, body = send(account, key, *case["ask"])
    if "error" in case:
        root = ET.fromstring(body)
        wanted_status, wanted_code, wanted_message = case["error"]
        assert (status, root.findtext("Code")) == (wanted_status, wanted_code)
        assert wanted_message in (None, root.findtext("Message"))
        assert [one.name for one in account.s3.buckets] == ["empty", "photos"]
        assert bucket.objects.keys() == {"cat", "none"}
    elif case.get("json"):
        assert json.loads(body)["Statement"] == POLICY
    else:
        assert status < 300, body
        assert (ET.fromstring(body).tag if body else None) == (case["root"] and SPACE + case["root"])


def test_the_table_has_every_operation() -> None:
    assert {one.name for one in Account().api.registry.operations("s3")} <= CASES.keys()


KEYS = ("s3:authType", "s3:signatureversion", "s3:signatureAge", "s3:x-amz-content-sha256")
HEADER = {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}


def signing_keys(account: Account) -> dict[str, Any]:
    """What the last call was judged on, of how it was signed."""
    decision = account.history.calls[-1].decision
    assert decision is not None
    assert decision.request is not None
    return {key: decision.request.context[key] for key in KEYS if key in decision.request.context}


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("s3", {"s3:authType": "REST-QUERY-STRING", "s3:signatureversion": "AWS"}),
        ("s3v4", {"s3:authType": "REST-QUERY-STRING", "s3:signatureversion": "AWS4-HMAC-SHA256"}),
    ],
)
def test_policies_may_ask_how_a_url_was_signed_and_how_old_it_is(version: str, wanted: dict[str, str]) -> None:
    place = Presigned(version)
    url = place.url("get_object", CAT)
    place.late = timedelta(minutes=5)
    assert place.open("GET", url)["status"] == 200
    found = signing_keys(place.account)
    age = found.pop("s3:signatureAge", None)
    assert found == wanted
    assert (age is None) is (version == "s3")
    assert age is None or 295_000 <= int(age) <= 330_000
    old = {"NumericGreaterThan": {"s3:signatureAge": "240000"}}
    if version == "s3":
        old = {"StringEquals": {"s3:signatureversion": "AWS"}}
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": old}
    place.account.users["alice"].put_policy("old", {"Version": "2012-10-17", "Statement": denied})
    assert place.open("GET", url)["error"]["Code"] == "AccessDenied"


def test_a_signature_in_a_header_counts_as_one_on_every_way_in() -> None:
    account = Account()
    account.s3.create_bucket("photos").put_object("cat", b"meow")
    key = user_with_key(account, admin=True)[1]
    assert account.call("s3:GetObject", "arn:aws:s3:::photos/cat", credentials=key).ok
    assert signing_keys(account) == HEADER
    assert account.as_(key).s3.list_buckets().ok
    assert signing_keys(account) == HEADER
    assert account.as_(key).s3.create_bucket(Bucket="fresh").ok
    assert signing_keys(account) == HEADER
    wired("s3", account, key).get_object(Bucket="photos", Key="cat")
    assert signing_keys(account) == {**HEADER, "s3:x-amz-content-sha256": hashlib.sha256(b"").hexdigest()}
    assert account.as_(key).iam.list_users().ok
    assert signing_keys(account) == {}


def test_the_length_of_a_body_in_chunks_is_that_of_what_is_in_them() -> None:
    account = Account()
    bucket = account.s3.create_bucket("photos")
    key = user_with_key(account, admin=True)[1]
    chunks = "5\r\nhello\r\n0\r\n\r\n"
    headers = {"x-body": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked"}
    for length, wanted in (("5", 200), ("4", 400)):
        said = {**headers, "x-amz-decoded-content-length": length}
        status, body = send(account, key, "PUT", "/photos/n", chunks, said)
        assert status == wanted, body
        assert wanted == 200 or ET.fromstring(body).findtext("Code") == "IncompleteBody"
    assert bucket.objects["n"].body == b"hello"


def test_the_objects_of_a_bucket_are_changed_by_its_methods_alone() -> None:
    bucket: Any = Account().s3.create_bucket("photos")
    bucket.put_object("cat", b"meow")
    with pytest.raises(TypeError):
        bucket.objects["dog"] = 1
    with pytest.raises(AttributeError):
        bucket.objects.clear()
    with pytest.raises(AttributeError):
        bucket.objects = {}
    assert bucket.objects.keys() == {"cat"}
