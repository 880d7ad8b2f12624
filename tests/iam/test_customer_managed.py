"""Customer managed policies: versions, one of them in force."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy, Role
from ec2roles.errors import (
    DeleteConflictError,
    EntityAlreadyExistsError,
    InvalidNameError,
    LimitExceededError,
    NoSuchEntityError,
    PolicyError,
    PolicyTooLargeError,
)
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from helpers.worlds import ADMIN, EC2, LIST, at, digest

READ = PermissionPolicy.allow(LIST)
NOTHING = PermissionPolicy.deny("*")


def attached() -> tuple[Account, CustomerManagedPolicy, Role, Any]:
    """An instance whose role has one customer managed policy."""
    account = Account()
    policy = account.create_policy("own", READ, path="/team/")
    role = account.create_role("app", trust=EC2, policies=["own"])
    account.create_instance_profile("app").add_role(role)
    return account, policy, role, account.launch_instance("app")


def test_a_policy_is_found_by_name_and_by_arn() -> None:
    """The account's own comes before AWS's of the same name; the path is in the ARN."""
    account, policy, _, _ = attached()
    own = account.create_policy("AmazonS3ReadOnlyAccess", READ)

    assert policy.arn == "arn:aws:iam::123456789012:policy/team/own"
    assert account.iam.find("OWN") is account.iam.find(policy.arn) is policy
    assert account.iam.find("AmazonS3ReadOnlyAccess") is own
    assert account.iam.find("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess") is not own
    for wrong in ("arn:aws:iam::123456789012:policy/own", "arn:aws:iam::aws:policy/own", "nope", ""):
        with pytest.raises(NoSuchEntityError, match="does not exist or is not attachable"):
            account.iam.find(wrong)


def test_a_new_default_version_is_in_force_at_once_and_the_past_stays() -> None:
    """Also on every role it is attached to."""
    account, policy, _, web = attached()
    account.clock.advance(hours=1)
    assert policy.create_version(NOTHING) == "v2"
    account.clock.advance(hours=1)
    policy.set_default_version("v1")

    assert (policy.default_version_id, policy.versions) == ("v1", ("v1", "v2"))
    assert [bool(web.can(LIST, at=at(hours=hour))) for hour in (0, 1, 2)] == [True, False, True]


def test_a_version_that_is_not_the_default_changes_nothing() -> None:
    """AWS's own default is set_as_default=False."""
    _, policy, _, web = attached()
    policy.create_version(NOTHING, set_as_default=False)

    assert policy.default_version_id == "v1"
    assert web.can(LIST)


def test_five_versions_are_the_most_and_numbers_are_not_used_again() -> None:
    """In AWS's words."""
    account, policy, _, _ = attached()
    for _ in range(4):
        policy.create_version(READ)
    before = digest(account)
    with pytest.raises(LimitExceededError) as caught:
        policy.create_version(READ)
    assert caught.value.message == (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    )
    assert digest(account) == before
    policy.set_default_version("v1")
    policy.delete_version("v5")
    assert policy.create_version(READ) == "v6"


def test_the_default_version_and_unknown_ones_are_not_deleted() -> None:
    """Nor made the default."""
    account, policy, _, _ = attached()
    before = digest(account)
    with pytest.raises(DeleteConflictError, match=r"Cannot delete the default version of a policy\."):
        policy.delete_version("v1")
    for call in (policy.delete_version, policy.set_default_version):
        with pytest.raises(NoSuchEntityError, match="version v9 does not exist or is not attachable"):
            call("v9")
    assert digest(account) == before


def test_a_policy_that_is_attached_or_a_boundary_is_not_deleted() -> None:
    """Nor one with more than its default version."""
    account, policy, role, _ = attached()

    def refused(says: str) -> None:
        before = digest(account)
        with pytest.raises(DeleteConflictError, match=says):
            account.iam.delete_policy("own")
        assert digest(account) == before

    refused(r"Cannot delete a policy attached to entities\. \('own' is attached to app\)")
    role.detach_policy("own")
    role.put_permissions_boundary(policy)
    refused("attached to entities")
    role.delete_permissions_boundary()
    policy.create_version(READ)
    refused("This policy has more than one version.*delete_version\\(\\) of v1 first")
    policy.delete_version("v1")
    account.iam.delete_policy("own")
    with pytest.raises(NoSuchEntityError):
        policy.create_version(READ)
    with pytest.raises(NoSuchEntityError):
        _ = policy.document
    with pytest.raises(NoSuchEntityError):
        account.iam.delete_policy("own")
    assert repr(policy) == "<CustomerManagedPolicy own (deleted)>"


def test_what_a_deleted_policy_allowed_is_not_forgotten() -> None:
    """Its hour can still be asked about; now it allows nothing."""
    account, policy, role, web = attached()
    account.clock.advance(hours=1)
    role.detach_policy(policy)
    account.iam.delete_policy("own")

    assert web.can(LIST, at=at(minutes=30))
    assert not web.can(LIST)
    assert account.create_policy("own", READ).policy_id != policy.policy_id
    assert not web.can(LIST)


@pytest.mark.parametrize(
    ("name", "document", "options", "error"),
    [
        ("OWN", READ, {}, EntityAlreadyExistsError),
        ("a b", READ, {}, InvalidNameError),
        ("x" * 129, READ, {}, InvalidNameError),
        ("new", READ, {"path": "/a b/"}, InvalidNameError),
        ("new", EC2, {}, PolicyError),
        ("new", "{", {}, PolicyError),
        ("new", None, {}, TypeError),
        ("new", PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::" + "x" * 6144), {}, PolicyTooLargeError),
    ],
)
def test_a_bad_policy_is_not_created(name: str, document: Any, options: Any, error: type[Exception]) -> None:
    """And nothing else is."""
    account, policy, _, _ = attached()
    before = digest(account)
    with pytest.raises(error):
        account.create_policy(name, document, **options)
    if name == "new" and not options:
        with pytest.raises(error):
            policy.create_version(document)
    assert digest(account) == before


def test_a_customer_managed_policy_may_bound_a_role() -> None:
    """Each new version of it counts at once."""
    account = Account()
    limit = account.create_policy("limit", READ)
    role = account.create_role("app", trust=EC2, permissions_boundary="limit")
    role.put_policy("all", ADMIN)
    account.create_instance_profile("app").add_role(role)
    web = account.launch_instance("app")

    assert web.can(LIST)
    assert web.can("ec2:DescribeInstances").denied_by == "boundary"
    limit.create_version(PermissionPolicy.allow("ec2:*"))
    assert web.can(LIST).denied_by == "boundary"
    assert web.can("ec2:DescribeInstances")


def test_a_policy_that_was_deleted_is_not_attached_and_bounds_nobody() -> None:
    """Whether it is given by its ARN or as the object that somebody still has."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    gone = account.create_policy("gone", READ)
    account.delete_policy("gone")
    before = digest(account)
    for policy in (gone, gone.arn):
        for call in (role.attach_policy, role.put_permissions_boundary):
            with pytest.raises(NoSuchEntityError, match="gone does not exist or is not attachable"):
                call(policy)
    assert digest(account) == before
