"""Parameters that mean nothing, in validly signed requests: AWS's error, and nothing else comes out of the endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Signing
from botocore.exceptions import ClientError

from ec2roles import Account, Credentials, TrustPolicy
from ec2roles.adapters.botocore.session import boto_session
from helpers.served import CONFIG, LOADER, answered, application
from helpers.worlds import code, digest, message, user_with_key

URLS = {
    "iam": "https://iam.amazonaws.com/",
    "sts": "https://sts.amazonaws.com/",
    "ec2": "https://ec2.us-east-1.amazonaws.com/",
    "s3": "https://s3.amazonaws.com/",
}
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}


def world() -> tuple[Account, Credentials]:
    account = Account()
    alice, key = user_with_key(account, admin=True)
    account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    account.s3.create_bucket("photos").put_object("cat.jpg", b"meow")
    return account, key


def send(
    account: Account,
    key: Credentials,
    service: str,
    path: str = "",
    form: str = "",
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Sign a request as botocore does, and send it: the status and the body."""
    url = URLS[service] + path
    request = AWSRequest("POST" if form else "GET", url, headers=headers, data=form)
    if form:
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Signing(key.access_key_id, key.secret_access_key.reveal()), service, "us-east-1").add_auth(request)
    answer = answered(application(account), request.prepare())
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(
    ("service", "form", "error", "words"),
    [
        ("sts", "Action=AssumeRole&RoleArn={role}&RoleSessionName=abc&PolicyArns.member.1.zz=0", "ValidationError",
         "Unknown parameter in PolicyArns[0]: &quot;zz&quot;, must be one of: arn"),
        ("sts", "Action=AssumeRole&RoleArn={role}&RoleSessionName=abc&Tags.member.1.Value=x", "ValidationError",
         "at 'tags.1.member.key' failed to satisfy constraint: Member must not be null"),
        ("sts", "Action=GetSessionToken&Serial=x", "ValidationError", "Unknown parameter in input: &quot;Serial&quot;"),
        ("sts", "Action=GetSessionToken&DurationSeconds.1=900", "MalformedQueryString", ""),
        ("sts", "Action=AssumeRole&RoleArn={role}&RoleSessionName=abc&Tags.item.1.Key=x", "MalformedQueryString", ""),
        ("iam", "Action=TagRole&RoleName=app&Tags.member.1.Key=&Tags.member.1.Value=x", "ValidationError",
         "at 'tags.1.member.key'"),
        ("iam", "Action=GetRole&RoleName=app&Colour=red", "ValidationError", "&quot;Colour&quot;, must be one of: RoleName"),
        ("ec2", "Action=DescribeInstances&Filter.1.Value.1=x", "MissingParameter", "Filter.1.Name"),
        ("ec2", "Action=CreateTags&ResourceId.1=i-0123456789abcdef0&Tag.1.Value=x", "MissingParameter", "Tag.1.Key"),
        ("ec2", "Action=DescribeInstances&Colour=red", "UnknownParameter", "&quot;Colour&quot;"),
    ],
)  # fmt: skip
def test_a_signed_form_is_refused(service: str, form: str, error: str, words: str) -> None:
    account, key = world()
    before = digest(account, calls=False)
    form = form.format(role="arn:aws:iam::123456789012:role/app")
    status, body = send(account, key, service, form=f"{form}&Version={VERSIONS[service]}")

    assert status in (400, 404)
    assert f"<Code>{error}</Code>" in body
    assert words.replace("&quot;", '"') in body.replace("&quot;", '"').replace("&#x27;", "'")
    assert digest(account, calls=False) == before


@pytest.mark.parametrize(
    ("path", "headers", "error"),
    [
        ("?max-buckets=-1", {}, "InvalidArgument"),
        ("?max-buckets=99999999999999999999", {}, "InvalidArgument"),
        ("photos?list-type=2&max-keys=-1", {}, "InvalidArgument"),
    ],
)
def test_a_signed_request_to_s3_is_refused(path: str, headers: dict[str, str], error: str) -> None:
    account, key = world()
    status, body = send(account, key, "s3", path, headers=headers)

    assert status == 400
    assert f"<Code>{error}</Code>" in body


@pytest.mark.parametrize("value", ["9999999999999999999", "-1", "yesterday", "", "1e400", "nan"])
def test_a_date_that_is_none_gets_an_answer(value: str) -> None:
    account, key = world()
    status, _ = send(account, key, "s3", "photos/cat.jpg", headers={"If-Modified-Since": value})

    assert status in (200, 304, 400)


@pytest.mark.parametrize(
    ("service", "method", "parameters", "error"),
    [
        ("ec2", "describe_instances", {"Filters": [{"Values": ["x"]}]}, "MissingParameter"),
        ("ec2", "create_tags", {"Resources": ["i-0123456789abcdef0"], "Tags": [{"Value": "x"}]}, "MissingParameter"),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/app", "RoleSessionName": "abc", "PolicyArns": [{}]},
         "ValidationError"),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::123456789012:role/app", "RoleSessionName": "abc", "Tags": [{"Key": "", "Value": ""}]},
         "ValidationError"),
    ],
)  # fmt: skip
def test_boto3_in_process_is_refused(service: str, method: str, parameters: dict[str, Any], error: str) -> None:
    account, key = world()
    config = CONFIG.merge(Config(parameter_validation=False))
    client = boto_session(account, credentials=key, loader=LOADER).client(service, config=config)
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**parameters)

    assert caught.value.response["Error"]["Code"] == error


@pytest.mark.parametrize("given", ["x", 5, [], {"Objects": "x"}, {"Objects": [5]}, {"Objects": [{}]}, {}])
def test_a_deletion_of_nothing_that_is_an_object_is_refused(given: Any) -> None:
    account, key = world()
    answer = account.request("s3:DeleteObjects", {"Bucket": "photos", "Delete": given}, credentials=key)

    assert code(answer) in ("ValidationError", "MalformedXML")
    assert message(answer)
    assert "cat.jpg" in account.s3["photos"].objects
