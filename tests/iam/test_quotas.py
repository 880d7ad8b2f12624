"""P-26: every quota of IAM is on, has AWS's default, and can be raised."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from ec2roles import Account, PermissionPolicy, Role, TrustPolicy
from ec2roles.errors import LimitExceededError, PolicyTooLargeError
from ec2roles.iam.quotas import Quotas
from helpers.worlds import ADMIN, EC2

DEFAULTS = {
    "trust_policy_size": 2_048,
    "managed_policy_size": 6_144,
    "inline_policies_size_role": 10_240,
    "inline_policies_size_user": 2_048,
    "inline_policies_size_group": 5_120,
    "managed_policies_per_role": 10,
    "managed_policies_per_user": 10,
    "managed_policies_per_group": 10,
    "policy_versions": 5,
    "roles": 1_000,
    "instance_profiles": 1_000,
    "users": 5_000,
    "groups": 300,
    "policies": 1_500,
    "access_keys_per_user": 2,
    "mfa_devices_per_user": 8,
    "tags": 50,
    "packed_policy_size": 2_130,
}


def sized(size: int) -> PermissionPolicy:
    """A policy of so many characters, white space not counted."""
    empty = len(PermissionPolicy.allow("s3:").to_json())
    return PermissionPolicy.allow("s3:" + "x" * (size - empty))


def trust_sized(size: int) -> TrustPolicy:
    """A trust policy of so many characters."""
    condition = {"StringEquals": {"sts:ExternalId": ""}}
    empty = len(TrustPolicy.service("ec2.amazonaws.com", condition=condition).to_json())
    condition["StringEquals"]["sts:ExternalId"] = "x" * (size - empty)
    return TrustPolicy.service("ec2.amazonaws.com", condition=condition)


def role(account: Account) -> Role:
    """The role of the account, made when it is first asked for."""
    return account.roles.get("app") or account.create_role("app", trust=EC2)


def fill(account: Account, kind: str, count: int) -> None:
    """Attach so many managed policies to a role, user or group."""
    make = {
        "role": lambda: role(account),
        "user": lambda: account.create_user("u"),
        "group": lambda: account.create_group("g"),
    }
    holder = make[kind]()
    for number in range(count):
        holder.attach_policy(account.create_policy(f"p{number}", ADMIN).arn)


def versions(account: Account, count: int) -> None:
    """A managed policy with so many versions."""
    policy = account.create_policy("own", ADMIN)
    for _ in range(count - 1):
        policy.create_version(ADMIN)


def tagged(account: Account, size: int) -> None:
    """A session whose tags have so many characters."""
    key = account.create_user("u").create_access_key()
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": account.users["u"].arn},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    account.create_role("app", trust={"Version": "2012-10-17", "Statement": trust})
    tags = {f"{number:06d}": "v" * min(256, size - 262 * number - 6) for number in range(-(-size // 262))}
    account.sts.assume_role(account.roles["app"], "test", tags=tags, credentials=key).result()


def many(make: Callable[[str], object], count: int) -> None:
    """So many things with names of their own."""
    for number in range(count):
        make(f"n{number}")


def keys(account: Account, count: int) -> None:
    """A user with so many access keys."""
    user = account.create_user("u")
    many(lambda name: user.create_access_key(), count)


def devices(account: Account, count: int) -> None:
    """A user with so many MFA devices."""
    user = account.create_user("u")
    many(lambda name: user.enable_mfa_device(f"arn:aws:iam::123456789012:mfa/{name}"), count)


# What takes up exactly so much of a quota.
USE: dict[str, Callable[[Account, int], object]] = {
    "trust_policy_size": lambda account, size: account.create_role("r", trust=trust_sized(size)),
    "managed_policy_size": lambda account, size: account.create_policy("p", sized(size)),
    "inline_policies_size_role": lambda account, size: role(account).put_policy("p", sized(size)),
    "inline_policies_size_user": lambda account, size: account.create_user("u").put_policy("p", sized(size)),
    "inline_policies_size_group": lambda account, size: account.create_group("g").put_policy("p", sized(size)),
    "managed_policies_per_role": lambda account, count: fill(account, "role", count),
    "managed_policies_per_user": lambda account, count: fill(account, "user", count),
    "managed_policies_per_group": lambda account, count: fill(account, "group", count),
    "policy_versions": versions,
    "roles": lambda account, count: many(lambda name: account.create_role(name, trust=EC2), count),
    "instance_profiles": lambda account, count: many(account.create_instance_profile, count),
    "users": lambda account, count: many(account.create_user, count),
    "groups": lambda account, count: many(account.create_group, count),
    "policies": lambda account, count: many(lambda name: account.create_policy(name, ADMIN), count),
    "access_keys_per_user": keys,
    "mfa_devices_per_user": devices,
    "tags": lambda account, count: role(account).tag({f"k{number}": "v" for number in range(count)}),
    "packed_policy_size": tagged,
}


def test_the_defaults_are_the_published_ones() -> None:
    assert attrs.asdict(Quotas()) == DEFAULTS
    assert set(USE) == set(DEFAULTS)


@pytest.mark.parametrize("quota", DEFAULTS)
def test_a_quota_lets_its_number_pass_and_not_one_more(quota: str) -> None:
    USE[quota](Account(), DEFAULTS[quota])
    account = Account()
    with pytest.raises((LimitExceededError, PolicyTooLargeError)) as caught:
        USE[quota](account, DEFAULTS[quota] + 1)
    wanted = ("PackedPolicyTooLarge", 400) if quota == "packed_policy_size" else ("LimitExceeded", 409)
    assert (caught.value.code, caught.value.status) == wanted


@pytest.mark.parametrize("quota", DEFAULTS)
def test_a_quota_can_be_raised(quota: str) -> None:
    USE[quota](Account(quotas=Quotas(**{quota: DEFAULTS[quota] + 1})), DEFAULTS[quota] + 1)
