"""Users, their access keys, and groups: the long-term credentials that roles are there to replace."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy
from ec2roles.errors import (
    DeleteConflictError,
    Ec2RolesError,
    EntityAlreadyExistsError,
    InvalidInputError,
    LimitExceededError,
    NoSuchEntityError,
    PolicyTooLargeError,
    ValidationError,
)
from helpers.worlds import ADMIN, LIST, OTHER, at, code, digest, user_with_key


def test_an_access_key_never_expires_and_has_no_token(account: Account) -> None:
    """It works a hundred years later, from anywhere."""
    alice, key = user_with_key(account, admin=True)
    account.clock.advance(days=36_500)

    assert key.access_key_id.startswith("AKIA")
    assert (key.session_token, key.expiration) == (None, None)
    assert account.call(LIST, credentials=key)
    assert alice.access_keys == {key.access_key_id: "Active"}


def test_a_user_has_two_access_keys_at_most(account: Account) -> None:
    """Deleting one makes room; the new one is another."""
    alice, first = user_with_key(account)
    second = alice.create_access_key()
    before = digest(account)
    with pytest.raises(LimitExceededError) as caught:
        alice.create_access_key()
    assert caught.value.message == "Cannot exceed quota for AccessKeysPerUser: 2"
    assert digest(account) == before
    alice.delete_access_key(first.access_key_id)
    third = alice.create_access_key()

    assert len({first.access_key_id, second.access_key_id, third.access_key_id}) == 3
    assert len({key.secret_access_key for key in (first, second, third)}) == 3


def test_an_inactive_or_deleted_key_is_not_accepted(account: Account) -> None:
    """And an inactive one is again, once it is active; each moment has its own answer."""
    alice, key = user_with_key(account, admin=True)
    for hour, change in enumerate(
        [
            lambda: alice.update_access_key(key.access_key_id, "Inactive"),
            lambda: alice.update_access_key(key.access_key_id, "Active"),
            lambda: alice.delete_access_key(key.access_key_id),
        ],
        1,
    ):
        account.clock.move_to(at(hours=hour))
        change()
    answers = [code(account.call("iam:GetUser", credentials=key)) for _ in range(2)]

    assert answers == ["InvalidClientTokenId"] * 2
    assert [bool(account.can(LIST, credentials=key, at=at(hours=hour))) for hour in (0, 1, 2, 3)] == [
        True,
        False,
        True,
        False,
    ]
    assert not alice.access_keys


@pytest.mark.parametrize("status", ["inactive", "", None, "Expired"])
def test_a_status_is_one_of_two(account: Account, status: Any) -> None:
    """In AWS's words for an enumeration."""
    alice, key = user_with_key(account)
    before = digest(account)
    with pytest.raises(ValidationError, match=r"at 'status'.*enum value set: \[Active, Inactive\]"):
        alice.update_access_key(key.access_key_id, status)
    assert digest(account) == before


def test_an_unknown_key_is_no_such_entity(account: Account) -> None:
    """Also another user's, and one that was deleted."""
    alice, key = user_with_key(account)
    bob, _ = user_with_key(account, "bob")
    before = digest(account)
    for call in (
        lambda: bob.update_access_key(key.access_key_id, "Inactive"),
        lambda: bob.delete_access_key(key.access_key_id),
        lambda: alice.delete_access_key("AKIANOPE"),
    ):
        with pytest.raises(NoSuchEntityError, match=r"The Access Key with id AKIA\w+ cannot be found\."):
            call()
    assert digest(account) == before


def test_the_obstacles_to_deleting_a_user_come_in_order(account: Account) -> None:
    """Keys, password, policies, groups."""
    alice, key = user_with_key(account)
    group = account.iam.create_group("staff")
    alice.create_login_profile("x")
    alice.attach_policy("AmazonS3ReadOnlyAccess")
    alice.put_policy("p", ADMIN)
    alice.add_to_group(group)
    undo = [
        ("must delete access keys first", lambda: alice.delete_access_key(key.access_key_id)),
        ("must delete login profile first", alice.delete_login_profile),
        ("must detach all policies first", lambda: alice.detach_policy("AmazonS3ReadOnlyAccess")),
        ("must delete policies first", lambda: alice.delete_policy("p")),
        ("must remove users from group first", lambda: alice.remove_from_group(group)),
    ]
    for words, remove in undo:
        before = digest(account)
        with pytest.raises(DeleteConflictError, match=f"Cannot delete entity, {words}"):
            account.iam.delete_user("alice")
        assert digest(account) == before
        remove()
    account.iam.delete_user("alice")
    assert "alice" not in account.users


def test_a_deleted_users_key_is_dead_and_a_namesake_gets_others(account: Account) -> None:
    """Sessions hang on the id, not on the name."""
    alice, key = user_with_key(account, admin=True)
    alice.delete_access_key(key.access_key_id)
    alice.delete_policy("admin")
    account.iam.delete_user("alice")
    again, new = user_with_key(account, admin=True)

    assert again.user_id != alice.user_id
    assert code(account.call(LIST, credentials=key)) == "InvalidAccessKeyId"
    assert account.call(LIST, credentials=new)
    with pytest.raises(NoSuchEntityError, match="The user with name alice cannot be found"):
        alice.create_access_key()


def test_a_user_can_do_what_its_groups_can_while_it_is_in_them(account: Account) -> None:
    """A group's policies are its members'."""
    alice, key = user_with_key(account)
    staff = account.iam.create_group("staff")
    staff.put_policy("list", PermissionPolicy.allow(LIST))
    assert not account.can(LIST, credentials=key)
    alice.add_to_group(staff)
    alice.add_to_group(staff)
    assert account.can(LIST, credentials=key)
    assert alice.groups == (staff,)
    account.clock.advance(hours=1)
    alice.remove_from_group(staff)
    assert not account.can(LIST, credentials=key)
    assert account.can(LIST, credentials=key, at=at(minutes=59))
    with pytest.raises(NoSuchEntityError, match="is not in group staff"):
        alice.remove_from_group(staff)


def test_a_boundary_limits_what_groups_allow_and_an_explicit_deny_of_a_group_wins(account: Account) -> None:
    """The layers of a user."""
    alice, key = user_with_key(account)
    staff = account.iam.create_group("staff")
    staff.put_policy("all", ADMIN)
    alice.add_to_group(staff)
    alice.put_permissions_boundary(PermissionPolicy.allow("ec2:*"))
    assert account.can(LIST, credentials=key).denied_by == "boundary"
    assert account.can("ec2:DescribeInstances", credentials=key)
    staff.put_policy("no", PermissionPolicy.deny("ec2:*"))
    assert account.can("ec2:DescribeInstances", credentials=key).denied_by == "identity"


def test_a_group_of_another_account_or_cloud_or_a_deleted_one_takes_nobody() -> None:
    """Its policies would be nobody's."""
    cloud = Cloud()
    mine = cloud.account()
    alice = mine.create_user("alice")
    foreign = cloud.account(OTHER).iam.create_group("staff")
    gone = mine.iam.create_group("gone")
    mine.iam.delete_group("gone")
    before = digest(mine)
    for group in (foreign, gone):
        with pytest.raises(NoSuchEntityError, match="The group with name"):
            alice.add_to_group(group)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        alice.add_to_group(Account().iam.create_group("staff"))
    for wrong in ("gone", None):
        with pytest.raises(TypeError):
            alice.add_to_group(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            alice.remove_from_group(wrong)  # type: ignore[arg-type]
    assert digest(mine) == before


def test_a_group_has_neither_boundary_nor_tags(account: Account) -> None:
    """AWS has none either; silence would make somebody believe in them."""
    staff = account.iam.create_group("staff")
    before = digest(account)
    with pytest.raises(InvalidInputError, match="permissions boundary"):
        staff.put_permissions_boundary(ADMIN)
    with pytest.raises(InvalidInputError, match="tags"):
        staff.tag({"a": "b"})
    assert digest(account) == before


def test_a_group_with_members_or_policies_is_not_deleted(account: Account) -> None:
    """In AWS's words."""
    alice = account.create_user("alice")
    staff = account.iam.create_group("staff")
    staff.put_policy("p", ADMIN)
    alice.add_to_group(staff)
    with pytest.raises(DeleteConflictError, match="must remove users from group first"):
        account.iam.delete_group("staff")
    alice.remove_from_group(staff)
    with pytest.raises(DeleteConflictError, match="must delete policies first"):
        account.iam.delete_group("staff")
    staff.delete_policy("p")
    account.iam.delete_group("staff")
    assert not account.groups


def test_the_inline_policies_of_users_and_groups_have_their_own_limits(account: Account) -> None:
    """2,048 and 5,120 characters."""
    alice, staff = account.create_user("alice"), account.iam.create_group("staff")
    for entity, most in ((alice, 2048), (staff, 5120)):
        bare = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::")
        fits = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::" + "x" * (most - bare.size))
        entity.put_policy("p", fits)
        with pytest.raises(PolicyTooLargeError, match=f"Maximum policy size of {most} bytes exceeded"):
            entity.put_policy("q", ADMIN)


def test_user_names_are_unique_whatever_their_case(account: Account) -> None:
    """As all names of IAM are."""
    account.create_user("alice")
    before = digest(account)
    with pytest.raises(EntityAlreadyExistsError, match=r"User with name ALICE already exists\."):
        account.create_user("ALICE")
    assert digest(account) == before


def test_a_password_is_given_once_and_taken_once(account: Account) -> None:
    """AWS's CreateLoginProfile and DeleteLoginProfile."""
    alice = account.create_user("alice")
    with pytest.raises(NoSuchEntityError, match=r"Login Profile for User alice cannot be found\."):
        alice.delete_login_profile()
    for password in ("", 5, None):
        with pytest.raises(InvalidInputError):
            alice.create_login_profile(password)  # type: ignore[arg-type]
    alice.create_login_profile("\ud800")
    assert alice.password_is("\ud800")
    with pytest.raises(EntityAlreadyExistsError, match=r"Login Profile for user alice already exists\."):
        alice.create_login_profile("y")
