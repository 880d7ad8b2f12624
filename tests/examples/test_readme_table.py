"""What the README's comparison says of ec2roles."""

from __future__ import annotations

from ec2roles import Account, Credentials, Role, TrustPolicy
from ec2roles.policy import PermissionPolicy

CAT = "arn:aws:s3:::photos/cat.jpg"
LIST = "s3:ListAllMyBuckets"


def user_and_role(account: Account, *statements: dict[str, object]) -> tuple[Credentials, Role]:
    """The access key of a user, and a role with such a trust policy."""
    user = account.create_user("alice")
    found = [{"Action": "sts:AssumeRole", **statement} for statement in statements]
    role = account.create_role("app", trust=TrustPolicy({"Version": "2012-10-17", "Statement": found}))
    return user.create_access_key(), role


ALICE = {"Principal": {"AWS": "arn:aws:iam::123456789012:user/alice"}}


def test_a_session_of_15_minutes_is_refused_two_hours_later() -> None:
    account = Account()
    key, role = user_and_role(account, {"Effect": "Allow", **ALICE})
    session = account.sts.assume_role(role, "short", credentials=key, duration=900).value

    account.clock.advance(hours=2)

    assert account.call(LIST, credentials=session).error.code == "ExpiredToken"


def test_credentials_in_the_metadata_are_those_of_the_instance_and_rotate() -> None:
    account = Account()
    account.console.create_role("app")
    one, other = account.launch_instances(2, "app")
    before = one.metadata.credentials()

    account.clock.advance(hours=1)

    assert one.metadata.credentials() not in (before, other.metadata.credentials())


def test_a_trust_policy_that_denies_the_caller_refuses_it() -> None:
    account = Account()
    key, role = user_and_role(account, {"Effect": "Allow", **ALICE}, {"Effect": "Deny", **ALICE})

    assert account.sts.assume_role(role, "me", credentials=key).error.code == "AccessDenied"


def test_a_user_cannot_assume_a_role_that_trusts_only_ec2() -> None:
    account = Account()
    key, role = user_and_role(account, {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}})

    assert account.sts.assume_role(role, "me", credentials=key).error.code == "AccessDenied"


def decides(*policies: PermissionPolicy) -> bool:
    """Whether an instance with these policies may read the cat."""
    account = Account()
    role = account.console.create_role("app")
    for number, policy in enumerate(policies):
        role.put_policy(f"policy-{number}", policy)
    return account.launch_instance("app").can("s3:GetObject", CAT).allowed


def test_a_deny_whose_condition_is_not_met_has_no_effect() -> None:
    never = {"StringEquals": {"aws:SourceIp": "no such address"}}

    assert decides(PermissionPolicy.allow("s3:*"), PermissionPolicy.deny("s3:*", condition=never))


def test_a_deny_with_not_resource_denies() -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::public/*"}
    elsewhere = PermissionPolicy({"Version": "2012-10-17", "Statement": statement})

    assert not decides(PermissionPolicy.allow("s3:*"), elsewhere)
