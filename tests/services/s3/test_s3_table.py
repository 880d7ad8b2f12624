"""S3's answers, case by case, and what a public policy is: each table names where its rows come from."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy
from ec2roles.errors import AccessDeniedError
from ec2roles.policy import load_policy
from ec2roles.services.s3.public_access import EVERYTHING, PublicAccessBlock, public_statement
from ec2roles.services.shapes import snake_case
from helpers.worlds import OTHER, code, message, user_with_key

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "s3_answers.json").read_text(encoding="utf-8"))
POLICIES = json.loads((HERE / "s3_public_policies.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for group in TABLE for case in group["cases"]}
PUBLIC = {case["name"]: case for group in POLICIES for case in group["cases"]}
DATES = ("IfModifiedSince", "IfUnmodifiedSince")
BUCKET = "arn:aws:s3:::photos"
CAT = f"{BUCKET}/cat"


def world() -> tuple[Account, Any]:
    """A bucket with a cat, and a user who may do everything."""
    account = Account()
    account.s3.create_bucket("photos").put_object("cat", b"meow")
    return account, user_with_key(account, admin=True)[1]


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    """What a row says, as boto3 would get it."""
    found = {"Bucket": "photos", **given}
    for name in DATES:
        if name in found:
            found[name] = datetime.fromisoformat(found[name]).replace(tzinfo=timezone.utc)
    if "Body" in found:
        found["Body"] = found["Body"].encode()
    return found


@pytest.mark.parametrize("name", CASES)
def test_an_answer_of_s3(name: str) -> None:
    case = CASES[name]
    operation, given = case["ask"]
    account, key = world()
    asked = parameters(given)
    if operation == "ListBuckets":
        del asked["Bucket"]
    answer = account.request(f"s3:{operation}", asked, credentials=key)
    if "error" in case:
        assert answer.error is not None, answer
        assert [answer.error.status, answer.error.code, dict(answer.error.members)] == case["error"]
        assert case.get("detail", "") in str(answer.error.detail)
        assert case.get("message", answer.error.message) == answer.error.message
        assert account.s3["photos"].objects.keys() == {"cat"}
        return
    assert answer.error is None, answer
    said = answer.value
    assert {member: said.get(member) for member in case.get("says", {})} == case.get("says", {})
    assert not set(case.get("lacks", ())) & set(said)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "Key" in case["ask"][1]])
def test_a_call_in_python_says_the_same(name: str) -> None:
    """Its parameters have the same names, written with underscores."""
    operation, given = CASES[name]["ask"]
    account, key = world()
    expected = account.request(f"s3:{operation}", parameters(given), credentials=key)
    account, key = world()
    asked = parameters(given)
    arn = f"{BUCKET}/{asked.pop('Key')}"
    del asked["Bucket"]
    spelt = {snake_case(name): value for name, value in asked.items()}
    answer = account.call(f"s3:{operation}", arn, credentials=key, **spelt)
    assert code(answer) == code(expected)


# -- what is stored -----------------------------------------------------------------------------------------------------


def test_what_is_said_of_an_object_is_given_back() -> None:
    """AWS, API_PutObject: the headers that are kept."""
    account, key = world()
    said = {
        "ContentType": "text/plain",
        "CacheControl": "max-age=1",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Expires": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "WebsiteRedirectLocation": "/dog",
        "StorageClass": "STANDARD_IA",
        "Metadata": {"Who": "me"},
    }
    asked = {"Bucket": "photos", "Key": "dog", "Body": b"woof", "Tagging": "a=1&b=2", **said}
    assert account.request("s3:PutObject", asked, credentials=key)
    got = account.request("s3:GetObject", {"Bucket": "photos", "Key": "dog"}, credentials=key).value
    assert {name: got[name] for name in said} == {**said, "Metadata": {"who": "me"}}
    assert (got["TagCount"], got["ExpiresString"]) == (2, "Tue, 01 Jan 2030 00:00:00 GMT")
    tags = account.request("s3:GetObjectTagging", {"Bucket": "photos", "Key": "dog"}, credentials=key).value
    assert tags == {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}


def test_the_chunks_of_an_upload_are_no_property_of_the_object() -> None:
    """``aws-chunked`` is how it travelled."""
    account, key = world()
    asked = {"Bucket": "photos", "Key": "dog", "ContentEncoding": "aws-chunked,gzip"}
    assert account.request("s3:PutObject", asked, credentials=key)
    assert (
        account.request("s3:GetObject", {"Bucket": "photos", "Key": "dog"}, credentials=key).value["ContentEncoding"]
        == "gzip"
    )


def test_an_endpoint_of_a_region_makes_buckets_there_alone() -> None:
    """AWS, API_CreateBucket: the constraint must be the region of the endpoint, but for us-east-1."""
    account = Account(region="eu-west-1")
    key = user_with_key(account, admin=True)[1]

    def create(name: str, constraint: str | None) -> Any:
        asked: dict[str, Any] = {"Bucket": name}
        if constraint:
            asked["CreateBucketConfiguration"] = {"LocationConstraint": constraint}
        return account.request("s3:CreateBucket", asked, credentials=key)

    assert message(create("one", None)) == (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    )
    assert code(create("two", "us-west-2")) == "IllegalLocationConstraintException"
    assert create("three", "eu-west-1")
    assert create("four", "EU")
    for name, location in (("three", "eu-west-1"), ("four", "EU")):
        said = account.request("s3:GetBucketLocation", {"Bucket": name}, credentials=key).value
        assert said == {"LocationConstraint": location}
    assert code(create("three", "eu-west-1")) == "BucketAlreadyOwnedByYou"
    assert account.s3.create_bucket("five").region == "eu-west-1"


def test_deleting_a_tagged_object_deletes_its_tags() -> None:
    """And another object of the same name begins without."""
    account, key = world()
    bucket = account.s3["photos"]
    bucket.put_object("dog", b"woof", tags={"a": "1"})
    account.call("s3:DeleteObject", f"{BUCKET}/dog", credentials=key)
    assert bucket.object_tags("dog") == ()
    bucket.put_object("dog", b"woof")
    assert "TagCount" not in account.request("s3:GetObject", {"Bucket": "photos", "Key": "dog"}, credentials=key).value


# -- who gets in --------------------------------------------------------------------------------------------------------


def test_a_policy_can_ask_for_the_tags_of_an_object_at_any_time() -> None:
    """``s3:ExistingObjectTag``, now and in the past."""
    account, _ = world()
    reader, key = user_with_key(account, "reader")
    only_public = {"StringEquals": {"s3:ExistingObjectTag/class": "public"}}
    reader.put_policy("get", PermissionPolicy.allow("s3:GetObject", resource=f"{BUCKET}/*", condition=only_public))
    assert not account.can("s3:GetObject", CAT, credentials=key)
    account.clock.advance(hours=1)
    account.s3["photos"].put_object_tags("cat", {"class": "public"})
    assert account.can("s3:GetObject", CAT, credentials=key)
    account.clock.advance(hours=1)
    account.s3["photos"].put_object("cat", b"meow")
    assert not account.can("s3:GetObject", CAT, credentials=key)
    now = account.clock.now()
    assert account.can("s3:GetObject", CAT, credentials=key, at=now.replace(hour=now.hour - 1))


def test_a_policy_can_ask_for_the_tags_that_a_request_brings() -> None:
    """``s3:RequestObjectTag`` and ``s3:RequestObjectTagKeys``; tags need an action of their own besides."""
    account, _ = world()
    writer, key = user_with_key(account, "writer")
    blue = {
        "StringEquals": {"s3:RequestObjectTag/team": "blue"},
        "ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]},
    }
    writer.put_policy(
        "put", PermissionPolicy.allow("s3:PutObject", "s3:PutObjectTagging", resource=f"{BUCKET}/*", condition=blue)
    )
    for tagging, allowed in (("team=blue", True), ("team=red", False), ("team=blue&more=1", False), (None, False)):
        given = {} if tagging is None else {"tagging": tagging}
        assert account.call("s3:PutObject", CAT, credentials=key, **given).ok is allowed, tagging
    writer.put_policy("put", PermissionPolicy.allow("s3:PutObject", resource=f"{BUCKET}/*"))
    assert "s3:PutObjectTagging" in message(account.call("s3:PutObject", CAT, credentials=key, tagging="team=blue"))


def test_who_writes_over_the_one_he_knows_must_be_able_to_read_it() -> None:
    """AWS, Add preconditions to S3 operations: If-Match needs s3:GetObject."""
    account, _ = world()
    writer, key = user_with_key(account, "writer")
    writer.put_policy("put", PermissionPolicy.allow("s3:PutObject", "s3:DeleteObject", resource=f"{BUCKET}/*"))
    assert "s3:GetObject" in message(account.call("s3:PutObject", CAT, credentials=key, if_match="x"))
    assert "s3:GetObject" in message(account.call("s3:DeleteObject", CAT, credentials=key, if_match="x"))
    assert account.call("s3:DeleteObject", CAT, credentials=key, if_match="*")


@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_public_policy_is(name: str) -> None:
    case = PUBLIC[name]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/*", **case["statement"]}
    policy = load_policy({"Version": "2012-10-17", "Statement": [statement]}, "resource")
    assert (public_statement(policy) is not None) is case["public"]


def everybody(effect: str = "Allow", principal: Any = "*") -> dict[str, Any]:
    """A policy about the cat."""
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": CAT}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_public_policy_is_refused_until_the_block_is_taken_off() -> None:
    """On for every new bucket since April 2023; the account's own block counts as well."""
    account, key = world()
    bucket = account.s3["photos"]
    with pytest.raises(AccessDeniedError) as caught:
        bucket.policy = everybody()  # type: ignore[assignment]
    assert bucket.policy is None
    assert caught.value.message == (
        'User: arn:aws:iam::123456789012:root is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::photos" '
        "because public policies are blocked by the BlockPublicPolicy block public access setting."
    )
    asked = {"Bucket": "photos", "Policy": json.dumps(everybody())}
    assert "user/alice is not authorized" in message(account.request("s3:PutBucketPolicy", asked, credentials=key))
    assert account.request("s3:DeletePublicAccessBlock", {"Bucket": "photos"}, credentials=key)
    account.s3.put_public_access_block(EVERYTHING)
    refused = account.request("s3:PutBucketPolicy", asked, credentials=key)
    assert "account.s3.delete_public_access_block()" in str(refused.error)
    account.s3.delete_public_access_block()
    assert account.request("s3:PutBucketPolicy", asked, credentials=key)
    status = account.request("s3:GetBucketPolicyStatus", {"Bucket": "photos"}, credentials=key).value
    assert status == {"PolicyStatus": {"IsPublic": True}}
    missing = account.request("s3:GetPublicAccessBlock", {"Bucket": "photos"}, credentials=key)
    assert code(missing) == "NoSuchPublicAccessBlockConfiguration"


def test_restricted_public_buckets_are_for_the_own_account_alone() -> None:
    """The public grant, and with it every other grant to another account; what is denied stays denied."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = mine.s3.create_bucket("photos", public_access_block=None)
    bucket.put_object("cat", b"meow")
    reader, own_key = user_with_key(mine, "reader")
    _, key = user_with_key(theirs, admin=True)
    bucket.policy = {  # type: ignore[assignment]
        "Version": "2012-10-17",
        "Statement": everybody()["Statement"] + everybody(principal={"AWS": OTHER})["Statement"],
    }
    assert theirs.can("s3:GetObject", CAT, credentials=key)
    assert mine.can("s3:GetObject", CAT, credentials=own_key)
    cloud.clock.advance(hours=1)
    bucket.put_public_access_block(PublicAccessBlock(restrict_public_buckets=True))
    denied = theirs.can("s3:GetObject", CAT, credentials=key)
    assert not denied
    assert "RestrictPublicBuckets" in denied.explain()
    assert mine.can("s3:GetObject", CAT, credentials=own_key)
    assert theirs.can("s3:GetObject", CAT, credentials=key, at=cloud.clock.now().replace(hour=0))
    bucket.policy = everybody(principal={"AWS": OTHER})  # type: ignore[assignment]
    assert theirs.can("s3:GetObject", CAT, credentials=key), "not a public policy"
    assert reader.name == "reader"


def test_the_root_user_can_always_mend_a_bucket_policy() -> None:
    """AWS, API_PutBucketPolicy: even if the policy denies it; others who are not of the account cannot at all."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = mine.s3.create_bucket("photos")
    everything = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
    bucket.policy = {"Version": "2012-10-17", "Statement": [everything]}  # type: ignore[assignment]
    admin = user_with_key(mine, admin=True)[1]
    root = mine.root.create_access_key()
    for operation in ("GetBucketPolicy", "DeleteBucketPolicy"):
        asked = {"Bucket": "photos"}
        assert code(mine.request(f"s3:{operation}", asked, credentials=admin)) == "AccessDenied"
        assert mine.request(f"s3:{operation}", asked, credentials=root)
    bucket.policy = {  # type: ignore[assignment]
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "s3:*", "Resource": BUCKET}],
    }
    stranger = user_with_key(theirs, admin=True)[1]
    refused = theirs.request("s3:GetBucketPolicy", {"Bucket": "photos"}, credentials=stranger).error
    assert refused is not None
    assert (refused.status, refused.code, refused.members["Method"]) == (405, "MethodNotAllowed", "GET")


@pytest.mark.parametrize(
    "parameters",
    [
        {"CacheControl": "no-store\nSet-Cookie: a"},
        {"ContentType": "text/plain\r\nX: y"},
        {"ContentDisposition": "\x00"},
        {"Metadata": {"a": "b\nc"}},
        {"Metadata": {"a\nb": "c"}},
        {"WebsiteRedirectLocation": "/\n"},
    ],
)
def test_what_is_stored_for_headers_is_one_line(parameters: dict[str, Any]) -> None:
    """A line break would begin another header in the answer to whoever reads the object."""
    account = Account()
    account.s3.create_bucket("photos")
    s3 = account.as_(account.root.create_access_key()).s3
    response = s3.put_object(Bucket="photos", Key="cat", Body=b"meow", **parameters)

    assert response.error is not None
    assert response.error.code == "InvalidArgument"
    assert not account.s3["photos"].objects


def test_a_response_override_is_one_line() -> None:
    account = Account()
    account.s3.create_bucket("photos").put_object("cat", b"meow")
    s3 = account.as_(account.root.create_access_key()).s3
    response = s3.get_object(Bucket="photos", Key="cat", ResponseCacheControl="\n")

    assert response.error is not None
    assert response.error.code == "InvalidArgument"
