"""GetFederationToken: who may ask, what a federated user may do, for how long; federation.json has AWS's page line by line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy
from ec2roles.errors import ValidationError
from ec2roles.policy import PermissionPolicy as Policy
from ec2roles.policy import PolicySet, Request, evaluate
from helpers.worlds import ADMIN, code, message, user_with_key

ROWS = json.loads((Path(__file__).parent / "federation.json").read_text(encoding="utf-8"))
LENT = "arn:aws:sts::123456789012:federated-user/lent"


def allow(actions: list[str]) -> dict[str, Any]:
    """A policy that allows *actions* everywhere."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


def world(*actions: str) -> tuple[Account, Any, Credentials]:
    """An account with a user who may ask for the token, and *actions*."""
    account = Account()
    alice, key = user_with_key(account)
    alice.put_policy("own", allow(["sts:GetFederationToken", "sts:TagSession", *actions]))
    return account, alice, key


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["fact"])
def test_a_federated_user_may_do_what_is_left_to_it(row: dict[str, Any]) -> None:
    account, alice, key = world(*row["user"])
    if "boundary" in row:
        alice.put_permissions_boundary(Policy.allow(*row["boundary"], "sts:*"))
    bucket = account.s3.create_bucket("photos")
    bucket.put_object("cat.jpg", b"meow")
    policy = None if row["session"] is None else allow(row["session"])
    lent = account.sts.get_federation_token("lent", credentials=key, policy=policy).result()
    if "bucket" in row:
        statement = {
            "Effect": row.get("effect", "Allow"),
            "Principal": {"AWS": row["bucket"]},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::photos/*",
        }
        bucket.policy = {"Version": "2012-10-17", "Statement": [statement]}
    resource = "arn:aws:s3:::photos/cat.jpg" if row["action"].startswith("s3:") else None
    decision = account.can(row["action"], resource, credentials=lent)

    assert decision.allowed is row["allowed"], decision.explain()


def test_the_answer_names_the_federated_user_and_the_room_its_policies_take() -> None:
    """API_GetFederationToken: FederatedUser and PackedPolicySize."""
    account, _, key = world()
    sts = account.as_(key).sts
    answer = sts.get_federation_token(Name="lent", Policy=json.dumps(allow(["s3:*"])), DurationSeconds=900).result()
    assert set(answer) == {"Credentials", "FederatedUser", "PackedPolicySize"}
    assert answer["FederatedUser"] == {"FederatedUserId": "123456789012:lent", "Arn": LENT}
    assert answer["PackedPolicySize"] > 0
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    bare = sts.get_federation_token(Name="lent").result()
    assert set(bare) == {"Credentials", "FederatedUser"}
    lent = account.sts.get_federation_token("lent", credentials=key).result()
    identity = account.sts.get_caller_identity(credentials=lent).result()
    assert (identity.arn, identity.user_id) == (LENT, "123456789012:lent")


@pytest.mark.parametrize(
    ("parameters", "root", "seconds"),
    [({}, False, 43_200), ({"duration": 900}, False, 900), ({"duration": 129_600}, False, 129_600),
     ({}, True, 3_600), ({"duration": 43_200}, True, 3_600), ({"duration": 900}, True, 900)],
)  # fmt: skip
def test_it_lasts_as_long_as_was_asked_and_a_root_users_an_hour_at_most(
    parameters: dict[str, int], root: bool, seconds: int
) -> None:
    account, _, key = world()
    key = account.root.create_access_key() if root else key
    lent = account.sts.get_federation_token("lent", credentials=key, **parameters).result()
    assert lent.expiration == account.time.now() + timedelta(seconds=seconds)
    account.clock.advance(seconds=seconds)
    assert code(account.sts.get_caller_identity(credentials=lent)) == "ExpiredToken"


def test_a_root_user_hands_on_what_the_session_policy_says() -> None:
    account = Account()
    lent = account.sts.get_federation_token(
        "lent", credentials=account.root.create_access_key(), policy=allow(["s3:*"])
    ).result()
    assert account.can("s3:ListAllMyBuckets", credentials=lent)
    assert not account.can("ec2:DescribeInstances", credentials=lent)


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"Name": "x"}, "'name' failed to satisfy constraint: Member must have length greater than or equal to 2"),
        ({"Name": "x" * 33}, "'name' failed to satisfy constraint: Member must have length less than or equal to 32"),
        ({"Name": "a b"}, "'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"),
        ({"Name": "lent", "DurationSeconds": 129_601}, "Member must have value less than or equal to 129600"),
        ({"Name": "lent", "DurationSeconds": 899}, "Member must have value greater than or equal to 900"),
        ({}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
    ],
)  # fmt: skip
def test_parameters_keep_to_awss_model(parameters: dict[str, Any], wanted: str) -> None:
    account, _, key = world()
    answer = account.request("sts:GetFederationToken", parameters, credentials=key)
    assert code(answer) == "ValidationError"
    assert wanted in message(answer)


def test_only_long_term_keys_ask_and_they_need_to_be_allowed() -> None:
    account, alice, key = world("sts:AssumeRole")
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("all", ADMIN)
    session = account.sts.assume_role(role, "test", credentials=key).result()
    for temporary in (session, account.sts.get_session_token(credentials=key).result()):
        answer = account.sts.get_federation_token("lent", credentials=temporary)
        assert (code(answer), message(answer)) == (
            "AccessDenied",
            "Cannot call GetFederationToken with session credentials",
        )
    alice.put_policy("own", Policy.allow("sts:GetFederationToken", resource="arn:aws:sts::*:federated-user/bob"))
    assert account.sts.get_federation_token("bob", credentials=key).ok
    answer = account.sts.get_federation_token("lent", credentials=key)
    assert f"is not authorized to perform: sts:GetFederationToken on resource: {LENT} " in message(answer)
    answer = account.sts.get_federation_token("bob", credentials=key, tags={"team": "red"})
    assert "sts:TagSession" in message(answer)


def test_tags_of_the_session_come_before_the_users_and_the_boundary_bounds() -> None:
    account, alice, key = world("s3:*", "ec2:*")
    alice.tag({"team": "blue", "stage": "test"})
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:PrincipalTag/stage": "test"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    lent = account.sts.get_federation_token("lent", credentials=key, policy=policy, tags={"team": "red"}).result()
    assert account.can("s3:ListAllMyBuckets", credentials=lent)
    alice.put_permissions_boundary(PermissionPolicy.allow("ec2:*"))
    assert not account.can("s3:ListAllMyBuckets", credentials=lent)
    assert account.can("ec2:DescribeInstances", credentials=lent)
    plain = account.sts.get_federation_token("lent", credentials=key, policy=policy)
    assert code(plain) == "AccessDenied"


def test_its_keys_bring_keys_of_their_own_to_every_call() -> None:
    """IAM user guide, global condition keys: aws:PrincipalType, aws:userid, no aws:username."""
    account, _, key = world("s3:*")
    condition = {
        "StringEquals": {"aws:PrincipalType": "FederatedUser", "aws:userid": "123456789012:lent"},
        "ArnEquals": {"aws:PrincipalArn": LENT},
        "Null": {"aws:username": "true", "aws:TokenIssueTime": "false"},
    }
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    lent = account.sts.get_federation_token("lent", credentials=key, policy=policy).result()
    assert account.can("s3:ListAllMyBuckets", credentials=lent)


def test_it_ends_with_the_user_and_the_trail_says_whose_it_was() -> None:
    account, alice, key = world("s3:*")
    lent = account.sts.get_federation_token("lent", credentials=key, policy=allow(["s3:*"])).result()
    assert account.call("s3:ListAllMyBuckets", credentials=lent).ok
    identity = account.history.to_cloudtrail()[-1]["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("FederatedUser", LENT)
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "alice"
    alice.delete_access_key(key.access_key_id)
    assert account.can("s3:ListAllMyBuckets", credentials=lent)
    alice.delete_policy("own")
    account.delete_user("alice")
    assert not account.can("s3:ListAllMyBuckets", credentials=lent)


def test_a_managed_session_policy_is_of_the_callers_account() -> None:
    account, _, key = world("s3:*")
    read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    lent = account.sts.get_federation_token("lent", credentials=key, policy_arns=[read]).result()
    assert account.can("s3:ListAllMyBuckets", credentials=lent)
    assert not account.can("s3:CreateBucket", "arn:aws:s3:::new", credentials=lent)
    answer = account.sts.get_federation_token("lent", credentials=key, policy_arns=[f"{read}None"])
    assert code(answer) == "NoSuchEntity"


def test_it_is_of_its_user_also_under_the_users_new_name() -> None:
    """IAM user guide, Rename a user: policies that name it as a principal are updated."""
    account, alice, key = world()
    bucket = account.s3.create_bucket("photos")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
    bucket.policy = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": {"AWS": alice.arn}}]}
    lent = account.sts.get_federation_token("lent", credentials=key, policy=allow(["s3:*"])).result()
    before = account.time.now()
    account.clock.advance(minutes=1)
    account.iam.update_user("alice", new_name="alicia")

    now = account.can("s3:GetObject", "arn:aws:s3:::photos/cat.jpg", credentials=lent)
    then = account.can("s3:GetObject", "arn:aws:s3:::photos/cat.jpg", credentials=lent, at=before)
    assert f"{LENT} (of arn:aws:iam::123456789012:user/alicia)" in now.explain()
    assert f"{LENT} (of arn:aws:iam::123456789012:user/alice)" in then.explain()
    assert (now.allowed, then.allowed) == (True, True)


@pytest.mark.parametrize(
    ("action", "cure"),
    [
        (
            "s3:ListAllMyBuckets",
            "a federated user has what its session policy leaves of the user's permissions, and it has none",
        ),
        ("iam:ListUsers", "what GetFederationToken gives is no good for IAM"),
    ],
)
def test_a_denial_says_what_is_peculiar_to_it(action: str, cure: str) -> None:
    account, _, key = world("*")
    lent = account.sts.get_federation_token("lent", credentials=key).result()
    decision = account.can(action, credentials=lent)
    assert not decision.allowed
    assert cure in " ".join(decision.explain().split())


def test_only_a_federated_user_has_a_user_behind_it() -> None:
    bucket = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/alice"},
        "Action": "s3:*",
        "Resource": "*",
    }
    policies = PolicySet(resource={"Version": "2012-10-17", "Statement": [bucket]}, session=[Policy.allow("s3:*")])
    for user, allowed in (("alice", True), ("bob", False)):
        request = Request(LENT, "s3:GetObject", user=f"arn:aws:iam::123456789012:user/{user}")
        assert evaluate(request, policies).allowed is allowed
    for principal, user in (
        (LENT, LENT),
        ("arn:aws:iam::123456789012:user/bob", "arn:aws:iam::123456789012:user/alice"),
    ):
        with pytest.raises(ValidationError, match="only a federated user has a user behind it"):
            Request(principal, "s3:GetObject", user=user)
