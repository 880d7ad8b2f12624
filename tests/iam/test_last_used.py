"""When a role and an access key were last used: set by calls that were authenticated, never by a question."""

from __future__ import annotations

from ec2roles import Account
from ec2roles.iam.last_used import LastUse
from ec2roles.world import LAST

HOUR = 3_600_000_000


def test_a_role_is_used_by_calls_allowed_or_denied_and_not_by_questions_or_refreshes(account: Account) -> None:
    role = account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance("app")
    start = account.time.instant()
    web.metadata.credentials()
    web.can("s3:ListAllMyBuckets")
    account.clock.advance(hours=3)
    web.metadata.credentials()
    assert role.last_used is None

    web.call("s3:ListAllMyBuckets")
    assert role.last_used == LastUse(start + 3 * HOUR, "us-east-1", "s3")

    account.clock.advance(hours=1)
    assert not web.call("iam:ListRoles").allowed
    assert role.last_used == LastUse(start + 4 * HOUR, "us-east-1", "iam")
    web.can("ec2:DescribeInstances")
    assert role.last_used == LastUse(start + 4 * HOUR, "us-east-1", "iam")


def test_the_past_of_a_role_is_known_by_the_hour(account: Account) -> None:
    role = account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance("app")
    start = account.time.instant()
    web.call("s3:ListAllMyBuckets")
    account.clock.advance(hours=2)
    web.call("s3:ListAllMyBuckets")

    assert role.last_used_at((start - 1, LAST)) is None
    assert role.last_used_at((start + HOUR, LAST)) == LastUse(start, "us-east-1", "s3")
    assert role.last_used_at((start + 2 * HOUR, LAST)) == LastUse(start + 2 * HOUR, "us-east-1", "s3")


def test_many_calls_of_one_hour_are_one_entry(account: Account) -> None:
    role = account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance("app")
    for _ in range(100):
        web.call("s3:ListAllMyBuckets")
        account.clock.advance(seconds=30)

    assert role._usage is not None
    assert [len(hours) for hours in role._usage._hours.values()] == [1]


def test_get_role_and_get_access_key_last_used_say_it(account: Account) -> None:
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance("app")
    key = account.root.create_access_key()
    owner, alice = account.as_(key).iam, account.create_user("alice")
    assert owner.get_role(RoleName="app").value["Role"]["RoleLastUsed"] == {}
    web.call("s3:ListAllMyBuckets")
    own = alice.create_access_key()
    account.as_(own).s3.list_buckets()

    assert owner.get_role(RoleName="app").value["Role"]["RoleLastUsed"] == {
        "LastUsedDate": account.clock.now(),
        "Region": "us-east-1",
    }
    said = owner.get_access_key_last_used(AccessKeyId=own.access_key_id).value
    assert said["UserName"] == "alice"
    assert said["AccessKeyLastUsed"]["ServiceName"] == "s3"
