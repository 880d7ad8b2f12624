"""S3 as the first service behind an allowed call: buckets and small objects."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy
from ec2roles.errors import PolicyError, ResourceError
from ec2roles.policy import Outcome
from helpers.worlds import LIST, OTHER, OWN, at, code, digest, message, user_with_key

BUCKET = "arn:aws:s3:::photos"
CAT = f"{BUCKET}/cat.jpg"


def world() -> tuple[Account, Any]:
    """A bucket, and a user who may do everything."""
    account = Account()
    account.s3.create_bucket("photos")
    return account, user_with_key(account, admin=True)[1]


def test_an_object_is_put_listed_got_and_deleted() -> None:
    """With the MD5 in its ETag, and the clock's time."""
    account, key = world()
    put = account.call("s3:PutObject", CAT, credentials=key, body=b"meow").result()
    assert put.etag == '"4a4be40c96ac6314e91d93f38043a634"'
    assert put.last_modified == at()
    assert put.size == 4
    account.call("s3:PutObject", f"{BUCKET}/dog/rex.jpg", credentials=key, body=b"woof")
    assert [one.key for one in account.call("s3:ListBucket", BUCKET, credentials=key).result()] == [
        "cat.jpg",
        "dog/rex.jpg",
    ]
    assert len(account.call("s3:ListObjectsV2", BUCKET, credentials=key, prefix="dog/").result()) == 1
    assert account.call("s3:GetObject", CAT, credentials=key).result().body == b"meow"
    assert account.call("s3:DeleteObject", CAT, credentials=key)
    assert account.call("s3:DeleteObject", CAT, credentials=key)
    assert code(account.call("s3:GetObject", CAT, credentials=key)) == "NoSuchKey"
    assert "meow" not in repr(put)


def test_a_bucket_is_named_by_resource_or_by_parameters() -> None:
    """As the API has them."""
    account, key = world()
    assert account.call("s3:PutObject", credentials=key, bucket="photos", key="a", body=b"1")
    assert account.s3["photos"].objects["a"].body == b"1"
    for options in ({}, {"resource": "*"}, {"resource": "arn:aws:s3:::"}, {"resource": "photos"}):
        assert code(account.call("s3:HeadBucket", credentials=key, **options)) == "InvalidBucketName"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ab", "x" * 64, "Photos", "a_b", "-ab", "ab-", "a..b", "", None, 5])
def test_a_bad_bucket_name_is_refused(name: Any) -> None:
    """3 to 63 lower-case letters, digits, dots and hyphens."""
    account, _ = world()
    before = digest(account)
    with pytest.raises(ResourceError) as caught:
        account.s3.create_bucket(name)
    assert caught.value.code == "InvalidBucketName"
    assert digest(account) == before


def test_a_bucket_name_is_unique_in_the_whole_cloud() -> None:
    """Until it is deleted, and only an empty one is."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = mine.s3.create_bucket("photos")
    for account, expected in ((mine, "BucketAlreadyOwnedByYou"), (theirs, "BucketAlreadyExists")):
        with pytest.raises(ResourceError) as caught:
            account.s3.create_bucket("photos")
        assert (caught.value.code, caught.value.status) == (expected, 409)
    bucket.put_object("x", b"")
    with pytest.raises(ResourceError) as caught:
        mine.s3.delete_bucket("photos")
    assert caught.value.code == "BucketNotEmpty"
    bucket.delete_object("x")
    with pytest.raises(ResourceError):
        theirs.s3.delete_bucket("photos")
    mine.s3.delete_bucket("photos")
    theirs.s3.create_bucket("photos")


@pytest.mark.parametrize(
    ("key", "body", "error"),
    [
        ("", b"", ResourceError),
        ("x" * 1025, b"", ResourceError),
        (5, b"", ResourceError),
        ("x", "text", TypeError),
        ("x", None, TypeError),
    ],
)
def test_a_bad_object_is_not_stored(key: Any, body: Any, error: type[Exception]) -> None:
    """1 to 1024 bytes of name, and bytes of body."""
    account, _ = world()
    before = digest(account)
    with pytest.raises(error):
        account.s3["photos"].put_object(key, body)
    assert digest(account) == before


def test_an_unknown_bucket_is_no_such_bucket() -> None:
    """To who may look."""
    account, key = world()
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteBucket"):
        resource = "arn:aws:s3:::nope/x" if "Object" in action else "arn:aws:s3:::nope"
        answer = account.call(action, resource, credentials=key)
        assert (answer.allowed, code(answer)) == (True, "NoSuchBucket")
    with pytest.raises(ResourceError, match="no bucket 'nope'"):
        account.s3["nope"]


def test_a_bucket_policy_opens_a_bucket_to_another_account_and_is_kept_over_time() -> None:
    """Both accounts must allow; a denied stranger is told no reason."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = mine.s3.create_bucket("photos")
    alice, key = user_with_key(theirs)
    assert message(theirs.call("s3:ListBucket", BUCKET, credentials=key)) == "Access Denied"
    bucket.policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": OTHER},
            "Action": "s3:*",
            "Resource": [BUCKET, f"{BUCKET}/*"],
        },
    }
    assert not theirs.call("s3:ListBucket", BUCKET, credentials=key)
    alice.put_policy("s3", PermissionPolicy.allow("s3:*"))
    assert theirs.call("s3:ListBucket", BUCKET, credentials=key)
    assert theirs.call("s3:PutObject", CAT, credentials=key, body=b"")
    cloud.clock.advance(hours=1)
    bucket.policy = None
    assert bucket.policy is None
    assert not theirs.can("s3:ListBucket", BUCKET, credentials=key)
    assert theirs.can("s3:ListBucket", BUCKET, credentials=key, at=at(minutes=59))
    assert theirs.call(LIST, credentials=key).result() == ()
    assert mine.s3["photos"].account_id == OWN


def test_a_bad_bucket_policy_changes_nothing() -> None:
    """An identity policy is none."""
    account, _ = world()
    before = digest(account)
    for policy in (PermissionPolicy.allow("s3:*"), "{", {}):
        with pytest.raises(PolicyError):
            account.s3["photos"].policy = policy  # type: ignore[assignment]
    with pytest.raises(TypeError):
        account.s3["photos"].policy = 5  # type: ignore[assignment]
    assert digest(account) == before


def statement_for(principal: str, effect: str = "Allow", element: str = "Principal") -> Any:
    """A bucket policy of one statement, about the cat."""
    statement = {"Effect": effect, element: {"AWS": principal}, "Action": "s3:GetObject", "Resource": CAT}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_bucket_policy_does_not_mean_who_was_made_again_under_the_same_name() -> None:
    """It holds the unique id, and shows that once its owner is gone, until it is saved anew."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = mine.s3.create_bucket("photos")
    alice, key = user_with_key(theirs, admin=True)
    bucket.policy = statement_for(alice.arn)
    assert theirs.can("s3:GetObject", CAT, credentials=key)
    assert bucket.policy.to_dict() == statement_for(alice.arn)
    written = mine.clock.now()
    cloud.clock.advance(minutes=1)
    alice.delete_access_key(key.access_key_id)
    alice.delete_policy("admin")
    theirs.delete_user("alice")
    assert bucket.policy.to_dict() == statement_for(alice.user_id)
    again, key = user_with_key(theirs, admin=True)
    denied = theirs.can("s3:GetObject", CAT, credentials=key)

    assert not denied
    assert f"its Principal is {alice.user_id} (saved as {alice.arn})" in " ".join(denied.explain().split())
    assert bucket.policy.to_dict() == statement_for(alice.user_id)
    assert mine.as_of(written).buckets["photos"].policy.to_dict() == statement_for(alice.arn)
    bucket.policy = statement_for(again.arn)
    assert theirs.can("s3:GetObject", CAT, credentials=key)


def test_a_bucket_policy_that_spares_somebody_does_not_spare_who_was_made_again() -> None:
    """``NotPrincipal`` is resolved as well."""
    account = Account()
    bucket = account.s3.create_bucket("photos")
    alice, key = user_with_key(account, admin=True)
    spared = statement_for(alice.arn, "Deny", "NotPrincipal")
    spared["Statement"][0]["NotPrincipal"]["AWS"] = [alice.arn, account.root.arn]
    bucket.policy = spared
    assert account.can("s3:GetObject", CAT, credentials=key)
    alice.delete_access_key(key.access_key_id)
    alice.delete_policy("admin")
    account.delete_user("alice")
    _, key = user_with_key(account, admin=True)

    assert account.can("s3:GetObject", CAT, credentials=key).outcome is Outcome.EXPLICIT_DENY


def test_a_bucket_policy_names_only_who_exists() -> None:
    """In the accounts of this Cloud; others nobody can ask."""
    account, _ = world()
    account.s3["photos"].policy = statement_for("arn:aws:iam::999999999999:role/elsewhere")
    before = digest(account)
    with pytest.raises(ResourceError, match="has no 'role/nobody'; create it first") as caught:
        account.s3["photos"].policy = statement_for(f"arn:aws:iam::{OWN}:role/nobody")

    assert (caught.value.code, caught.value.message) == ("MalformedPolicy", "Invalid principal in policy")
    assert digest(account) == before


def test_a_denied_head_has_no_body() -> None:
    """403 Forbidden is all there is."""
    account = Account()
    account.s3.create_bucket("photos")
    _, key = user_with_key(account)
    for operation, resource in (("s3:HeadBucket", BUCKET), ("s3:HeadObject", CAT)):
        answer = account.call(operation, resource, credentials=key)
        assert answer.error is not None
        assert not answer.allowed
        assert (answer.error.code, answer.error.message, answer.error.status) == ("403", "Forbidden", 403)
