"""The ARN of a call in Python says no more than its operation has, and a name that is taken is taken for everybody."""

from __future__ import annotations

import pytest

from ec2roles import Account, Cloud, PermissionPolicy
from ec2roles.errors import ParameterError
from ec2roles.services.shapes import load
from helpers.worlds import OTHER, OWN, code, message, user_with_key

PHOTOS = "arn:aws:s3:::photos"
OF_BUCKETS = [
    operation.name
    for operation in Account().api.registry.operations("s3")
    if "Key" not in load("s3").input(operation.name).members
]


@pytest.mark.parametrize("end", ["/x", "/", "/2026/cat.jpg"])
@pytest.mark.parametrize("operation", OF_BUCKETS)
def test_the_key_of_an_arn_does_not_vanish(operation: str, end: str) -> None:
    account = Account()
    account.s3.create_bucket("photos")
    key = user_with_key(account, admin=True)[1]
    answer = account.call(
        f"s3:{operation}", f"arn:aws:s3:::{'fresh' if operation == 'CreateBucket' else 'photos'}{end}", credentials=key
    )
    assert code(answer) == "ValidationError"
    assert 'Unknown parameter in input: "Key"' in message(answer)
    assert [bucket.name for bucket in account.s3.buckets] == ["photos"]
    if set(load("s3").input(operation).required) <= {"Bucket"}:
        # A question is judged on the ARN as it is.
        request = account.can(f"s3:{operation}", PHOTOS + end, credentials=key).request
        assert request is not None
        assert request.resource == PHOTOS + end
    else:
        with pytest.raises(ParameterError, match='"Key"'):
            account.can(f"s3:{operation}", PHOTOS + end, credentials=key)


def test_listing_buckets_is_about_all_of_them_and_not_about_one() -> None:
    account = Account()
    account.s3.create_bucket("photos")
    key = user_with_key(account, admin=True)[1]
    assert 'Unknown parameter in input: "Bucket"' in message(
        account.call("s3:ListAllMyBuckets", PHOTOS, credentials=key)
    )
    for everything in (None, "*", "arn:aws:s3:::*"):
        assert account.call("s3:ListAllMyBuckets", everything, credentials=key).ok
        assert account.call("s3:ListAllMyBuckets", everything, credentials=key, max_buckets=1).ok


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketPolicy"])
def test_what_may_be_done_with_every_bucket_can_be_asked(action: str) -> None:
    account = Account()
    assert account.can(action, "arn:aws:s3:::*", credentials=user_with_key(account, admin=True)[1])


def test_who_may_create_buckets_is_told_that_a_name_is_taken() -> None:
    """The bucket of another account, and what its policy says, is no reason to refuse: the one that is asked for is new."""
    cloud = Cloud()
    own, other = cloud.account(OWN), cloud.account(OTHER)
    bucket = own.s3.create_bucket("photos")
    bucket.policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Principal": {"AWS": OTHER},
            "Action": "s3:*",
            "Resource": PHOTOS,
        },
    }
    admin = user_with_key(other, admin=True)[1]
    for tags in (None, [{"Key": "a", "Value": "b"}]):
        configuration = None if tags is None else {"Tags": tags}
        answer = other.call("s3:CreateBucket", PHOTOS, credentials=admin, create_bucket_configuration=configuration)
        assert code(answer) == "BucketAlreadyExists"
        assert answer.error is not None
        assert answer.error.status == 409
    nobody = user_with_key(other, "nobody")[1]
    assert code(other.call("s3:CreateBucket", PHOTOS, credentials=nobody)) == "AccessDenied"


def test_ones_own_bucket_is_created_again_without_a_word_in_us_east_1_only() -> None:
    account = Account()
    key = user_with_key(account, admin=True)[1]
    there = account.s3.create_bucket("photos")
    assert account.call("s3:CreateBucket", PHOTOS, credentials=key).value is there
    west = {"LocationConstraint": "eu-west-1"}
    context = {"aws:RequestedRegion": "eu-west-1"}
    answers = [
        account.call(
            "s3:CreateBucket", f"{PHOTOS}-west", credentials=key, context=context, create_bucket_configuration=west
        )
        for _ in range(2)
    ]
    assert [code(answer) for answer in answers] == [None, "BucketAlreadyOwnedByYou"]


def test_a_call_about_an_arn_that_says_more_is_told_the_cure() -> None:
    account = Account()
    user = account.create_user("alice")
    user.put_policy("s3", PermissionPolicy.allow("s3:*", resource="*"))
    response = account.call("s3:ListBucket", "arn:aws:s3:::photos/cat", credentials=user.create_access_key())

    assert "'arn:aws:s3:::photos/cat' says a Key, and s3:ListObjectsV2 is about nothing" in str(response.error)


@pytest.mark.parametrize(
    ("action", "asked", "resource", "allowed"),
    [
        ("s3:ListBucket", "arn:aws:s3:::photos/cat", "arn:aws:s3:::photos", False),
        ("s3:ListBucket", "arn:aws:s3:::photos/cat", "arn:aws:s3:::photos/*", True),
        ("s3:ListBucket", "arn:aws:s3:::photos", "arn:aws:s3:::photos", True),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::photos", "*", True),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::photos", "arn:aws:s3:::*", True),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::photos", "arn:aws:s3:::cats", False),
    ],
)
def test_a_question_about_such_an_arn_is_judged_on_it(action: str, asked: str, resource: str, allowed: bool) -> None:
    """As AWS's policy simulator does: policies are compared with the ARN that is given."""
    account = Account()
    user = account.create_user("alice")
    user.put_policy("s3", PermissionPolicy.allow(action, resource=resource))

    assert bool(account.can(action, asked, credentials=user.create_access_key())) is allowed
