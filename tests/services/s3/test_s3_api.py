"""S3 in AWS's own form: ``account.request("s3:...", ...)`` takes and gives what boto3 does."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from helpers.worlds import code, message, user_with_key

KEYS = ["a.txt", "b/1", "b/2", "b/c/3", "d/4", "é", "z"]


def world(keys: list[str] | None = None) -> tuple[Account, Any]:
    account = Account()
    bucket = account.s3.create_bucket("photos")
    for key in KEYS if keys is None else keys:
        bucket.put_object(key, key.encode())
    return account, user_with_key(account, admin=True)[1]


def ask(account: Account, key: Any, operation: str, **parameters: Any) -> Any:
    return account.request(f"s3:{operation}", {"Bucket": "photos", **parameters}, credentials=key)


def test_an_object_goes_in_and_comes_out() -> None:
    account, key = world([])
    put = ask(account, key, "PutObject", Key="cat", Body=b"meow", ContentType="text/plain", Metadata={"who": "me"})
    assert put.value == {
        "ChecksumCRC64NVME": "8zdqq7WrNzQ=",
        "ChecksumType": "FULL_OBJECT",
        "ETag": '"4a4be40c96ac6314e91d93f38043a634"',
        "ServerSideEncryption": "AES256",
    }
    got = ask(account, key, "GetObject", Key="cat").value
    assert got.pop("LastModified") == account.clock.now()
    assert got == {
        "AcceptRanges": "bytes",
        "Body": b"meow",
        "ContentLength": 4,
        "ContentType": "text/plain",
        "ETag": put.value["ETag"],
        "Metadata": {"who": "me"},
        "ServerSideEncryption": "AES256",
    }
    assert "Body" not in ask(account, key, "HeadObject", Key="cat").value
    assert ask(account, key, "DeleteObject", Key="cat").value == {}
    assert ask(account, key, "GetBucketLocation").value == {"LocationConstraint": None}
    assert ask(account, key, "DeleteBucket").value == {}
    assert ask(account, key, "CreateBucket").value == {"BucketArn": "arn:aws:s3:::photos", "Location": "/photos"}
    buckets = account.request("s3:ListBuckets", {}, credentials=key).value
    assert buckets["Buckets"] == [{"Name": "photos", "CreationDate": account.clock.now()}]


@pytest.mark.parametrize(
    ("text", "body", "said"),
    [
        ("bytes=0-1", b"01", "bytes 0-1/10"),
        ("bytes=8-", b"89", "bytes 8-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
        ("bytes=5-2", b"0123456789", None),
        ("bytes=-", b"0123456789", None),
        ("lines=1-2", b"0123456789", None),
    ],
)
def test_a_part_of_an_object(text: str, body: bytes, said: str | None) -> None:
    """RFC 9110 14.2: a range that is none is ignored."""
    account, key = world([])
    account.s3["photos"].put_object("x", b"0123456789")
    got = ask(account, key, "GetObject", Key="x", Range=text).value
    assert (got["Body"], got.get("ContentRange"), got["ContentLength"]) == (body, said, len(body))
    assert code(ask(account, key, "GetObject", Key="x", Range="bytes=10-")) == "InvalidRange"


def test_a_condition_that_does_not_hold() -> None:
    account, key = world(["x"])
    etag = ask(account, key, "HeadObject", Key="x").value["ETag"]
    assert ask(account, key, "GetObject", Key="x", IfMatch=etag)
    assert code(ask(account, key, "GetObject", Key="x", IfMatch='"other"')) == "PreconditionFailed"
    assert code(ask(account, key, "GetObject", Key="x", IfNoneMatch=etag)) == "304"


def names(answer: dict[str, Any]) -> list[str]:
    return [one["Key"] for one in answer.get("Contents", [])] + [
        one["Prefix"] for one in answer.get("CommonPrefixes", [])
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, KEYS),
        ({"Prefix": "b/"}, ["b/1", "b/2", "b/c/3"]),
        ({"Delimiter": "/"}, ["a.txt", "z", "é", "b/", "d/"]),
        ({"Delimiter": "/", "Prefix": "b/"}, ["b/1", "b/2", "b/c/"]),
        ({"StartAfter": "b/2"}, ["b/c/3", "d/4", "z", "é"]),
        ({"MaxKeys": 2}, ["a.txt", "b/1"]),
        ({"MaxKeys": 0}, []),
        ({"EncodingType": "url", "Prefix": "é"}, ["%C3%A9"]),
        ({"Prefix": "nothing"}, []),
    ],
)
def test_a_listing(parameters: dict[str, Any], expected: list[str]) -> None:
    account, key = world()
    answer = ask(account, key, "ListObjectsV2", **parameters).value
    assert sorted(names(answer)) == sorted(expected)
    assert answer["KeyCount"] == len(expected)
    assert answer["Name"] == "photos"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_the_pages_of_a_listing_are_the_whole(size: int, delimiter: str) -> None:
    """In both versions of the operation."""
    account, key = world()
    whole = names(ask(account, key, "ListObjectsV2", Delimiter=delimiter).value)
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        answer = ask(account, key, "ListObjectsV2", Delimiter=delimiter, MaxKeys=size, **more).value
        found += names(answer)
        if not answer["IsTruncated"]:
            break
        more = {"ContinuationToken": answer["NextContinuationToken"]}
    assert sorted(found) == sorted(whole)
    found, marker = [], ""
    while True:
        answer = ask(account, key, "ListObjects", Delimiter=delimiter, MaxKeys=size, Marker=marker).value
        found += names(answer)
        if not answer["IsTruncated"]:
            break
        marker = answer.get("NextMarker") or names(answer)[-1]
    assert sorted(found) == sorted(whole)


@pytest.mark.parametrize("parameters", [{"MaxKeys": -1}, {"MaxKeys": 2**31}, {"ContinuationToken": "?"}])
def test_a_listing_that_makes_no_sense(parameters: dict[str, Any]) -> None:
    account, key = world()
    assert code(ask(account, key, "ListObjectsV2", **parameters)) == "InvalidArgument"


def test_many_objects_are_deleted_at_once() -> None:
    """Each by itself: what may not be deleted is told with the rest."""
    account, key = world()
    answer = ask(account, key, "DeleteObjects", Delete={"Objects": [{"Key": "z"}, {"Key": "nope"}]})
    assert answer.value == {"Deleted": [{"Key": "z"}, {"Key": "nope"}]}
    assert "z" not in account.s3["photos"].objects
    assert ask(account, key, "DeleteObjects", Delete={"Objects": [{"Key": "é"}], "Quiet": True}).value == {}
    assert code(ask(account, key, "DeleteObjects", Delete={"Objects": []})) == "MalformedXML"
    alice, other = user_with_key(account, "bob")
    alice.put_policy("one", PermissionPolicy.allow("s3:DeleteObject", resource="arn:aws:s3:::photos/a.txt"))
    denied = ask(account, other, "DeleteObjects", Delete={"Objects": [{"Key": "a.txt"}, {"Key": "b/1"}]})
    assert denied.value == {
        "Deleted": [{"Key": "a.txt"}],
        "Errors": [
            {
                "Key": "b/1",
                "Code": "AccessDenied",
                "Message": "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: s3:DeleteObject on resource: "
                '"arn:aws:s3:::photos/b/1" because no identity-based policy allows the s3:DeleteObject action',
            }
        ],
    }
    assert (denied.ok, denied.allowed) == (True, False)
    assert "a.txt" not in account.s3["photos"].objects
    assert "b/1" in account.s3["photos"].objects


def test_who_may_not_list_is_not_told_that_an_object_is_missing() -> None:
    """S3 answers 403, so that nobody can find out by guessing which objects there are."""
    account, _ = world()
    reader, key = user_with_key(account, "reader")
    reader.put_policy("get", PermissionPolicy.allow("s3:GetObject"))
    denied = ask(account, key, "GetObject", Key="nope")
    assert (code(denied), "s3:ListBucket" in message(denied)) == ("AccessDenied", True)
    head = ask(account, key, "HeadObject", Key="nope").error
    assert head is not None
    assert (head.status, head.message) == (403, "Forbidden")
    assert ask(account, key, "GetObject", Key="z")
    reader.put_policy("list", PermissionPolicy.allow("s3:ListBucket"))
    assert code(ask(account, key, "GetObject", Key="nope")) == "NoSuchKey"
