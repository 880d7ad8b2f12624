"""
Presigned URLs: who has one may do what it says, and nothing else, for as long as the service lets it hold.

Version 2 as recorded from S3 in February 2026 (tests/recorded/facts.json), by
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html; version 4 by
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from ec2roles import Credentials, PermissionPolicy, TrustPolicy
from ec2roles.adapters.aws.signature import read_signature
from ec2roles.adapters.aws.sigv4 import Verifier
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.errors import AwsError
from ec2roles.secret import Secret
from helpers.presigned import CAT, Presigned
from helpers.served import served, session
from helpers.worlds import user_with_key

VERSIONS = pytest.mark.parametrize("version", ["s3", "s3v4"])
EXPIRED = {"Code": "AccessDenied", "Message": "Request has expired"}


def boto(key: Credentials) -> BotoCredentials:
    token = key.session_token
    return BotoCredentials(key.access_key_id, key.secret_access_key.reveal(), None if token is None else token.reveal())


def identity(key: Credentials, expires: int = 60, host: str = "sts.us-east-1.amazonaws.com", **headers: str) -> str:
    """What EKS's clients send: GetCallerIdentity, presigned."""
    url = f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    SigV4QueryAuth(boto(key), "sts", "us-east-1", expires=expires).add_auth(request)
    return str(request.url)


def test_the_urls_that_boto3_makes_by_default_work_over_http() -> None:
    """It makes them with version 2 in us-east-1."""
    place = Presigned("s3v4")
    with served(place.account) as server:
        client = session(place.key).client("s3", endpoint_url=server.url)
        url = client.generate_presigned_url("get_object", CAT)
        assert "AWSAccessKeyId=" in url
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"meow"


@VERSIONS
def test_a_url_does_what_it_was_made_for_and_nothing_else(version: str) -> None:
    place = Presigned(version)
    put = place.url("put_object", {**CAT, "Key": "a b/é+.txt", "ContentType": "text/plain"})
    assert place.open("PUT", put, b"x", content_type="text/plain")["status"] == 200
    assert place.account.s3["photos"].objects["a b/é+.txt"].body == b"x"
    get = place.url("get_object", {**CAT, "Key": "a b/é+.txt"})
    assert place.open("GET", get) == {"status": 200, "answer": b"x"}
    for method, url, headers in (
        ("PUT", get, {}),
        ("DELETE", get, {}),
        ("GET", get.replace("a%20b", "a%20c"), {}),
        ("GET", get.replace("photos", "photoz"), {}),
        ("GET", get.replace("Expires=", "Expires=1"), {}),
        ("PUT", put, {"content_type": "text/html"}),
        ("GET", get.replace("Signature=", "Signature=0"), {}),
    ):
        error = place.open(method, url, **headers)["error"]
        assert error["Code"] in ("SignatureDoesNotMatch", "AuthorizationQueryParametersError"), (method, url)


@VERSIONS
def test_a_url_of_temporary_credentials_carries_their_token(version: str) -> None:
    place = Presigned(version)
    alice = place.account.users["alice"]
    role = place.account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("p", PermissionPolicy.allow("s3:GetObject"))
    place.key = place.account.sts.assume_role(role, "test", credentials=place.key).result()
    url = place.url("get_object", CAT)
    assert place.open("GET", url) == {"status": 200, "answer": b"meow"}
    name = "x-amz-security-token=" if version == "s3" else "X-Amz-Security-Token="
    assert place.open("GET", url.replace(name, f"{name}x"))["error"]["Code"] == "SignatureDoesNotMatch"


@VERSIONS
def test_a_url_holds_to_the_second_and_says_when_it_ended(version: str) -> None:
    place = Presigned(version)
    url = place.url("get_object", CAT, expires=60)
    place.late = timedelta(seconds=55)
    assert place.open("GET", url)["status"] == 200
    place.late = timedelta(seconds=65)
    said = place.open("GET", url)
    error = said["error"]
    assert said["status"] == 403
    expires, server = (datetime.fromisoformat(error.pop(name)) for name in ("Expires", "ServerTime"))
    assert timedelta() < server - expires < timedelta(seconds=30)
    assert error == (EXPIRED if version == "s3" else {**EXPIRED, "X-Amz-Expires": "60"})


def test_a_url_of_version_4_from_the_future_is_not_valid_yet() -> None:
    place = Presigned("s3v4")
    url = place.url("get_object", CAT)
    place.late = -timedelta(minutes=14)
    assert place.open("GET", url)["status"] == 200
    place.late = -timedelta(minutes=16)
    said = place.open("GET", url)
    assert (said["status"], said["error"]) == (403, {"Code": "AccessDenied", "Message": "Request is not valid yet"})


def test_what_a_url_says_of_headers_is_as_good_as_headers() -> None:
    """boto3 puts metadata into URLs of version 2, AWS's SDK for JavaScript into those of version 4."""
    place = Presigned("s3")
    url = place.url("put_object", {**CAT, "Key": "dog.jpg", "Metadata": {"foo": "bar"}})
    assert place.open("PUT", url, b"woof")["status"] == 200
    assert place.account.s3["photos"].objects["dog.jpg"].metadata == (("foo", "bar"),)
    assert place.open("PUT", url, b"woof", x_amz_meta_foo="other")["error"]["Code"] == "SignatureDoesNotMatch"
    request = AWSRequest("PUT", "http://127.0.0.1:1/photos/cow.jpg?x-amz-meta-foo=bar")
    S3SigV4QueryAuth(boto(place.key), "s3", "us-east-1", expires=60).add_auth(request)
    assert place.open("PUT", str(request.url), b"moo")["status"] == 200
    assert place.account.s3["photos"].objects["cow.jpg"].metadata == (("foo", "bar"),)


def test_version_2_signs_the_bucket_wherever_it_is_named_and_the_subresources() -> None:
    place = Presigned("s3")
    for url, path in (
        ("http://photos.s3.amazonaws.com/cat.jpg", "/photos/cat.jpg"),
        (
            "http://photos.localhost/cat.jpg?response-content-type=text%2Fx",
            "/photos/cat.jpg?response-content-type=text/x",
        ),
        ("http://127.0.0.1:1/photos?location", "/photos?location"),
        ("http://127.0.0.1:1/photos?list-type=2&prefix=x", "/photos"),
    ):
        request = AWSRequest("GET", url, auth_path=path.partition("?")[0])
        HmacV1QueryAuth(boto(place.key), expires=60).add_auth(request)
        assert place.open("GET", str(request.url))["status"] == 200, url


def test_version_2_can_be_turned_off_and_is_off_where_it_never_was() -> None:
    place = Presigned("s3")
    url = place.url("get_object", CAT)
    place.endpoint.verifier = Verifier(version_2=False)
    said = place.open("GET", url)
    assert (said["status"], said["error"]["Code"]) == (400, "InvalidRequest")


def test_a_refusal_says_what_would_have_been_signed() -> None:
    """The string to sign and its bytes, for whoever looks for the difference."""
    place = Presigned("s3")
    error = place.open("GET", place.url("get_object", CAT).replace("cat", "dog"))["error"]
    assert error["StringToSign"].startswith("GET\n\n\n")
    assert error["StringToSign"].endswith("/photos/dog.jpg")
    assert bytes.fromhex(error["StringToSignBytes"]).decode() == error["StringToSign"]
    place.version = "s3v4"
    error = place.open("GET", place.url("get_object", CAT).replace("cat", "dog"))["error"]
    assert error["CanonicalRequest"].startswith("GET\n/photos/dog.jpg\nX-Amz-Algorithm=")
    assert bytes.fromhex(error["CanonicalRequestBytes"]).decode() == error["CanonicalRequest"]


# -- other services -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expires", [1, 60, 86_400, 9_999_999])
def test_a_presigned_call_to_sts_holds_15_minutes_whatever_it_says(expires: int) -> None:
    """AWS's verifier of EKS's tokens counts on it."""
    place = Presigned("s3v4")
    url = identity(place.key, expires)
    place.late = timedelta(minutes=14)
    assert place.open("GET", url)["status"] == 200
    place.late = timedelta(minutes=16)
    error = place.open("GET", url)["error"]
    assert error["Code"] == "SignatureDoesNotMatch"
    assert error["Message"].startswith("Signature expired: ")
    assert " - 15 min.)" in error["Message"]


def test_query_services_answer_json_to_who_asks_for_it() -> None:
    """As the server side of EKS's tokens reads it (kubernetes-sigs/aws-iam-authenticator, pkg/token)."""
    place = Presigned("s3v4")
    url = identity(place.key, x_k8s_aws_id="cluster")
    said = place.open("GET", url, accept="application/json", x_k8s_aws_id="cluster")
    assert said["status"] == 200
    answer = json.loads(said["answer"])["GetCallerIdentityResponse"]
    arn = place.account.users["alice"].arn
    assert answer["GetCallerIdentityResult"] == {"Account": "123456789012", "Arn": arn, "UserId": place.account.users["alice"].user_id}  # fmt: skip
    assert set(answer["ResponseMetadata"]) == {"RequestId"}
    assert b"<GetCallerIdentityResponse" in place.open("GET", url, accept="*/*", x_k8s_aws_id="cluster")["answer"]
    refused = json.loads(place.open("GET", url, accept="application/json", x_k8s_aws_id="x")["answer"])
    assert set(refused) == {"Error", "RequestId"}
    assert {name: refused["Error"][name] for name in ("Code", "Type")} == {
        "Code": "SignatureDoesNotMatch",
        "Type": "Sender",
    }


def test_json_has_numbers_and_lists_as_json_has_them() -> None:
    place = Presigned("s3v4")
    for form, name in (
        ("Action=ListUsers&Version=2010-05-08", "ListUsers"),
        ("Action=CreateGroup&GroupName=g&Version=2010-05-08", "CreateGroup"),
        ("Action=AddUserToGroup&GroupName=g&UserName=alice&Version=2010-05-08", "AddUserToGroup"),
    ):
        request = AWSRequest("POST", "http://iam.amazonaws.com/", data=form.encode())
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        SigV4Auth(boto(place.key), "iam", "us-east-1").add_auth(request)
        headers = {key.replace("-", "_"): value for key, value in request.headers.items()}
        said = place.open("POST", "http://iam.amazonaws.com/", form.encode(), accept="application/json", **headers)
        answer: dict[str, Any] = json.loads(said["answer"])[f"{name}Response"]
        assert answer["ResponseMetadata"]["RequestId"]
        if name == "ListUsers":
            (alice,) = answer["ListUsersResult"]["Users"]
            assert alice["UserName"] == "alice"
            assert isinstance(alice["CreateDate"], int | float)
        assert (f"{name}Result" in answer) == (name != "AddUserToGroup")


def test_nobody_can_lend_a_url_more_than_the_key_may_do() -> None:
    place = Presigned("s3")
    place.key = user_with_key(place.account, "poor")[1]
    said = place.open("GET", place.url("get_object", CAT))
    assert (said["status"], said["error"]["Code"]) == (403, "AccessDenied")
    assert "is not authorized to perform: s3:GetObject" in said["error"]["Message"]


def test_a_signature_of_version_2_is_that_of_the_documentation() -> None:
    """The worked example of a presigned GET on AWS's page, with the bucket by which it was signed."""
    request = RawRequest(
        "GET",
        "/photos/puppy.jpg",
        "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620",
        [("Host", "johnsmith.s3.amazonaws.com")],
    )
    signature = read_signature(request)
    assert signature is not None
    secret = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    now = datetime(2007, 3, 27, tzinfo=timezone.utc)
    bucket = "johnsmith"
    assert Verifier().verify(request, signature, secret, now, bucket=bucket) == b""
    with pytest.raises(AwsError) as caught:
        Verifier().verify(request, signature, secret, now, bucket="jonsmith")
    assert caught.value.code == "SignatureDoesNotMatch"
