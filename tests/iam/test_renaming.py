"""UpdateUser and UpdateGroup: ids stay, ARNs change, and the past keeps the names that it had (IAM API: UpdateUser)."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.errors import EntityAlreadyExistsError
from helpers.worlds import ADMIN, OTHER, code, digest, message, user_with_key

ALICE = "arn:aws:iam::123456789012:user/alice"
ALICIA = "arn:aws:iam::123456789012:user/staff/alicia"


def renamed(account: Account) -> None:
    """Alice becomes Alicia, a minute later."""
    account.clock.advance(minutes=1)
    account.iam.update_user("alice", new_name="alicia", new_path="/staff/")


def test_ids_keys_groups_and_policies_stay_and_the_arn_changes(account: Account) -> None:
    alice, key = user_with_key(account)
    group = account.create_group("all")
    group.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    alice.add_to_group(group)
    before = alice.user_id
    renamed(account)

    assert account.users["alicia"] is alice
    assert "alice" not in account.users
    assert (alice.user_id, alice.arn, alice.groups) == (before, ALICIA, (group,))
    assert account.sts.get_caller_identity(credentials=key).result().arn == ALICIA
    assert account.can("s3:ListAllMyBuckets", credentials=key)
    account.iam.update_group("all", new_name="everybody", new_path="/a/")
    assert group.arn == "arn:aws:iam::123456789012:group/a/everybody"
    assert account.can("s3:ListAllMyBuckets", credentials=key)
    assert account.create_user("alice").user_id != before


@pytest.mark.parametrize("key_kind", ["own", "session"])
def test_calls_carry_the_names_of_their_time(account: Account, key_kind: str) -> None:
    """aws:username and aws:PrincipalArn, of the key and of what GetSessionToken gave before."""
    alice, key = user_with_key(account)
    if key_kind == "session":
        key = account.sts.get_session_token(credentials=key).result()
    statements = [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*", "Condition": condition}
        for condition in ({"StringEquals": {"aws:username": "alice"}, "ArnEquals": {"aws:PrincipalArn": ALICE}},)
    ]
    alice.put_policy("own", {"Version": "2012-10-17", "Statement": statements})
    start = account.time.now()
    assert account.can("s3:ListAllMyBuckets", credentials=key)
    renamed(account)
    assert not account.can("s3:ListAllMyBuckets", credentials=key)
    assert account.can("s3:ListAllMyBuckets", credentials=key, at=start)
    statements[0]["Condition"] = {"StringEquals": {"aws:username": "alicia"}, "ArnEquals": {"aws:PrincipalArn": ALICIA}}
    alice.put_policy("own", {"Version": "2012-10-17", "Statement": statements})
    assert account.can("s3:ListAllMyBuckets", credentials=key)
    assert f"User: {ALICIA} is not authorized" in message(
        account.call("s3:CreateBucket", "arn:aws:s3:::a", credentials=key)
    )


def test_who_trusts_the_user_goes_on_and_shows_the_new_name() -> None:
    """What names it as a principal follows, in trust policies and bucket policies, of another account too."""
    cloud = Cloud()
    account, other = cloud.account(), cloud.account(OTHER)
    alice, key = user_with_key(account)
    alice.put_policy("own", PermissionPolicy.allow("sts:AssumeRole", "s3:GetObject"))
    role = other.create_role("app", trust=TrustPolicy.principal(alice.arn))
    bucket = other.s3.create_bucket("photos")
    bucket.put_object("cat.jpg", b"meow")
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": alice.arn},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::photos/*",
    }
    bucket.policy = {"Version": "2012-10-17", "Statement": [statement]}
    renamed(account)
    assert account.sts.assume_role(role, "test", credentials=key).ok
    assert account.can("s3:GetObject", "arn:aws:s3:::photos/cat.jpg", credentials=key)
    assert ALICIA in role.trust.to_json()
    assert bucket.policy is not None
    assert ALICIA in bucket.policy.to_json()
    account.create_user("alice")
    assert ALICIA in role.trust.to_json()
    alice.delete_access_key(key.access_key_id)
    alice.delete_policy("own")
    account.delete_user("alicia")
    assert alice.user_id in role.trust.to_json()


def test_what_names_it_as_a_resource_does_not_follow(account: Account) -> None:
    user_with_key(account)
    admin, key = user_with_key(account, "admin")
    admin.put_policy("own", PermissionPolicy.allow("iam:DeleteUser", "iam:GetUser", resource=ALICE))
    iam = account.as_(key).iam
    assert iam.get_user(UserName="alice").ok
    renamed(account)
    answer = iam.get_user(UserName="alicia")
    assert code(answer) == "AccessDenied"
    assert ALICIA in message(answer)


@pytest.mark.parametrize(
    ("resources", "allowed"), [([ALICE], False), ([ALICIA], False), ([ALICE, ALICIA], True), (["*"], True)]
)
def test_it_takes_permission_for_the_old_name_and_for_the_new(
    account: Account, resources: list[str], allowed: bool
) -> None:
    """IAM API, UpdateUser: on both the source and the target."""
    account.create_user("alice")
    admin, key = user_with_key(account, "admin")
    statement = {"Effect": "Allow", "Action": "iam:UpdateUser", "Resource": resources}
    admin.put_policy("own", {"Version": "2012-10-17", "Statement": [statement]})
    answer = account.as_(key).iam.update_user(UserName="alice", NewUserName="alicia", NewPath="/staff/")
    assert answer.ok is allowed
    assert ("alicia" in account.users) is allowed


def test_the_past_has_the_names_that_it_had(account: Account) -> None:
    alice, _ = user_with_key(account)
    group = account.create_group("all")
    alice.add_to_group(group)
    start = account.time.now()
    renamed(account)
    account.iam.update_group("all", new_name="everybody")
    past = account.as_of(start)
    assert list(past.users) == ["alice"]
    assert (past.users["alice"].arn, past.users["alice"].groups) == (ALICE, ("all",))
    assert list(past.groups) == ["all"]
    now = account.as_of(account.time.now())
    assert (now.users["alicia"].arn, now.users["alicia"].groups) == (ALICIA, ("everybody",))


def test_a_name_that_is_taken_changes_nothing_and_another_case_is_another_name(account: Account) -> None:
    alice, _ = user_with_key(account)
    account.create_user("bob")
    before = digest(account)
    with pytest.raises(EntityAlreadyExistsError, match="User with name BOB already exists"):
        account.iam.update_user("alice", new_name="BOB", new_path="/a/")
    account.iam.update_user("alice", new_name="alice", new_path="/")
    assert digest(account) == before
    account.iam.update_user("alice", new_name="Alice")
    assert (account.users["alice"].name, list(account.users)) == ("Alice", ["Alice", "bob"])
    alice.put_policy("all", ADMIN)
    account.iam.update_user("alice", new_name="carol")
    account.iam.update_user("carol", new_name="alice")
    assert account.users["alice"] is alice
    assert [change.operation for change in account.time.changes].count("UpdateUser") == 3
