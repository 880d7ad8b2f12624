"""Roles: what IAM accepts, how it words what it does not, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy, Role, Timekeeper, TrustPolicy
from ec2roles.errors import (
    AwsError,
    DeleteConflictError,
    Ec2RolesError,
    EntityAlreadyExistsError,
    InvalidInputError,
    LimitExceededError,
    NoSuchEntityError,
    PolicyError,
    PolicyNotAttachableError,
    PolicyTooLargeError,
)
from ec2roles.iam.quotas import Quotas
from helpers.worlds import ADMIN, EC2, LIST, OTHER, at, digest


def account_with_role(**options: Any) -> tuple[Account, Role]:
    """An account and a role that EC2 may assume."""
    account = Account(**options)
    return account, account.create_role("app", trust=EC2)


def sized(characters: int) -> PermissionPolicy:
    """A permission policy of exactly so many characters."""
    bare = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::")
    return PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::" + "x" * (characters - bare.size))


def test_a_role_has_a_path_in_its_arn_and_an_id_of_its_own(account: Account) -> None:
    """As AWS writes them."""
    role = account.create_role("app", trust=EC2, path="/service/web/", tags={"team": "red"}, description="é")

    assert role.arn == "arn:aws:iam::123456789012:role/service/web/app"
    assert role.role_id.startswith("AROA")
    assert len(role.role_id) == 21
    assert (role.name, role.path, role.tags, role.description) == ("app", "/service/web/", {"team": "red"}, "é")
    assert role.max_session_duration == 3600
    assert account.roles["app"] is role
    assert repr(role) == "<Role app>"


def test_names_are_unique_whatever_their_case_and_keep_theirs(account: Account) -> None:
    """The path does not make another name of it."""
    account.create_role("admin", trust=EC2)
    before = digest(account)
    with pytest.raises(EntityAlreadyExistsError) as caught:
        account.create_role("Admin", trust=EC2, path="/other/")

    assert caught.value.message == "Role with name Admin already exists."
    assert caught.value.detail == "'admin' already exists (names ignore case)"
    assert (caught.value.code, caught.value.status) == ("EntityAlreadyExists", 409)
    assert digest(account) == before
    assert list(account.roles) == ["admin"]


def test_a_name_is_not_found_by_a_letter_that_only_folds_to_it(account: Account) -> None:
    """Python's lower() takes the Kelvin sign for a k."""
    account.create_role("key", trust=EC2)

    assert "KEY" in account.roles
    assert "\u212aey" not in account.roles
    assert account.roles.get("\u212aey") is None


def test_a_deleted_role_can_be_made_again_and_is_another() -> None:
    """Ids are never used again."""
    account, first = account_with_role()
    account.delete_role("app")
    second = account.create_role("APP", trust=EC2)

    assert first.role_id != second.role_id
    assert account.roles["app"] is second
    assert repr(first) == "<Role app (deleted)>"


@pytest.mark.parametrize(
    "change",
    [
        lambda role: role.put_policy("p", ADMIN),
        lambda role: role.delete_policy("p"),
        lambda role: role.attach_policy("AmazonS3ReadOnlyAccess"),
        lambda role: role.detach_policy("AmazonS3ReadOnlyAccess"),
        lambda role: role.update_trust(EC2),
        lambda role: role.update(description="x"),
        lambda role: role.put_permissions_boundary("AmazonS3ReadOnlyAccess"),
        lambda role: role.delete_permissions_boundary(),
        lambda role: role.revoke_sessions(),
        lambda role: role.tag({"a": "b"}),
        lambda role: role.untag(["a"]),
    ],
)
def test_a_deleted_role_cannot_be_changed(change: Any) -> None:
    """Even by who still holds the object."""
    account, role = account_with_role()
    account.delete_role("app")
    before = digest(account)
    with pytest.raises(NoSuchEntityError) as caught:
        change(role)

    assert caught.value.message == "The role with name app cannot be found."
    assert digest(account) == before


def test_the_obstacles_to_deleting_a_role_come_in_awss_order() -> None:
    """Profile, managed policies, inline policies; each with the cure."""
    account, role = account_with_role()
    profile = account.create_instance_profile("web")
    profile.add_role(role)
    role.attach_policy("AmazonS3ReadOnlyAccess")
    role.put_policy("inline", ADMIN)

    def refused() -> tuple[str, str | None]:
        before = digest(account)
        with pytest.raises(DeleteConflictError) as caught:
            account.delete_role("app")
        assert digest(account) == before
        assert (caught.value.code, caught.value.status) == ("DeleteConflict", 409)
        return caught.value.message, caught.value.detail

    assert refused() == (
        "Cannot delete entity, must remove roles from instance profile first.",
        "remove it from instance profile 'web'",
    )
    profile.remove_role("app")
    assert refused() == (
        "Cannot delete entity, must detach all policies first.",
        "detach_policy('AmazonS3ReadOnlyAccess') first",
    )
    role.detach_policy("AmazonS3ReadOnlyAccess")
    assert refused() == ("Cannot delete entity, must delete policies first.", "delete_policy('inline') first")
    role.delete_policy("inline")
    account.delete_role("app")
    assert "app" not in account.roles


def test_a_running_instance_does_not_keep_a_role() -> None:
    """Nor does a boundary or a trust policy."""
    account, role = account_with_role()
    profile = account.create_instance_profile("app")
    profile.add_role(role)
    role.put_permissions_boundary("AmazonS3ReadOnlyAccess")
    web = account.launch_instance(profile)
    profile.remove_role(role)
    account.delete_role("app")

    assert web.state == "running"


def test_an_unknown_role_is_named_with_the_known_ones(account: Account) -> None:
    """At most five of them."""
    with pytest.raises(NoSuchEntityError, match=r"no role 'x'; known: none") as caught:
        account.roles["x"]
    assert isinstance(caught.value, KeyError)
    for number in range(6):
        account.create_role(f"r{number}", trust=EC2)
    with pytest.raises(NoSuchEntityError) as caught:
        account.delete_role("x")
    assert caught.value.message == "The role with name x cannot be found."
    assert caught.value.detail == "no role 'x'; known: 'r0', 'r1', 'r2', 'r3', 'r4', ..."
    with pytest.raises(TypeError, match="roles are looked up by name, got int"):
        account.roles[5]  # type: ignore[index]


# -- inline policies ----------------------------------------------------------------------------------------------------


def test_an_inline_policy_is_created_replaced_and_deleted() -> None:
    """AWS's PutRolePolicy does both of the first."""
    _, role = account_with_role()
    role.put_policy("p", ADMIN)
    role.put_policy("p", PermissionPolicy.allow(LIST))

    assert list(role.policies) == ["p"]
    assert LIST in role.policies["p"].to_json()
    role.delete_policy("p")
    assert not role.policies
    with pytest.raises(NoSuchEntityError) as caught:
        role.delete_policy("p")
    assert caught.value.message == "The role policy with name p cannot be found."


def test_inline_policies_share_ten_thousand_two_hundred_and_forty_characters() -> None:
    """Exactly as many fit; one more does not; replacing one frees its own."""
    account, role = account_with_role()
    role.put_policy("a", sized(5_000))
    role.put_policy("b", sized(5_240))
    before = digest(account)
    with pytest.raises(PolicyTooLargeError) as caught:
        role.put_policy("c", sized(200))

    assert caught.value.message == "Maximum policy size of 10240 bytes exceeded for role app"
    assert (caught.value.code, caught.value.status) == ("LimitExceeded", 409)
    assert digest(account) == before
    role.put_policy("a", sized(4_800))
    role.put_policy("c", sized(200))


def test_white_space_is_not_counted() -> None:
    """A document that is only long because it is indented fits."""
    _, role = account_with_role(quotas=Quotas(inline_policies_size_role=120))
    text = PermissionPolicy.allow(LIST).to_json().replace(",", "," + " " * 500)
    role.put_policy("p", text)

    assert len(text) > 1_000


def test_a_policy_of_another_kind_is_refused() -> None:
    """A trust policy is no permission policy, and the other way round."""
    account, role = account_with_role()
    before = digest(account)
    with pytest.raises(PolicyError):
        role.put_policy("p", EC2)
    with pytest.raises(PolicyError):
        role.update_trust(ADMIN)
    with pytest.raises(PolicyError):
        account.create_role("other", trust=ADMIN)
    assert digest(account) == before


def test_a_document_changed_afterwards_changes_nothing(account: Account) -> None:
    """The caller's dict is copied."""
    document: dict[str, Any] = EC2.to_dict()
    role = account.create_role("app", trust=document)
    tags = {"team": "red"}
    role.tag(tags)
    document["Statement"] = []
    tags["team"] = "blue"
    role.tags["team"] = "green"
    dict(role.policies)["x"] = ADMIN

    assert role.trust == EC2 or role.trust.to_dict() == EC2.to_dict()
    assert role.tags == {"team": "red"}
    assert not role.policies


# -- managed policies ---------------------------------------------------------------------------------------------------


def test_attaching_a_policy_twice_changes_nothing() -> None:
    """By its name, its ARN or the object: AWS's AttachRolePolicy is idempotent."""
    account, role = account_with_role()
    own = account.create_policy("own", ADMIN)
    role.attach_policy("own")
    before = digest(account)
    role.attach_policy(own.arn)
    role.attach_policy(own)

    assert digest(account) == before
    assert role.attached_policies == (own,)
    role.detach_policy(own)
    with pytest.raises(NoSuchEntityError) as caught:
        role.detach_policy(own.arn)
    assert caught.value.message == f"Policy {own.arn} was not found."


def test_ten_managed_policies_are_the_most() -> None:
    """Attached one by one, or all at once when the role is created."""
    account, role = account_with_role()
    for number in range(11):
        account.create_policy(f"p{number}", ADMIN)
    for number in range(10):
        role.attach_policy(f"p{number}")
    before = digest(account)
    for call in (
        lambda: role.attach_policy("p10"),
        lambda: account.create_role("other", trust=EC2, policies=[f"p{number}" for number in range(11)]),
    ):
        with pytest.raises(LimitExceededError) as caught:
            call()
        assert caught.value.message == "Cannot exceed quota for PoliciesPerRole: 10"
        assert digest(account) == before


def test_a_policy_of_a_service_linked_role_is_not_attached() -> None:
    """Those belong to AWS's own roles."""
    account, role = account_with_role()
    before = digest(account)
    with pytest.raises(PolicyNotAttachableError):
        role.attach_policy("AutoScalingServiceRolePolicy")
    with pytest.raises(PolicyNotAttachableError):
        role.put_permissions_boundary("AutoScalingServiceRolePolicy")
    assert digest(account) == before


def test_a_managed_policy_of_another_account_or_cloud_is_not_attached() -> None:
    """Only AWS's own are for everybody."""
    account, role = account_with_role()
    from ec2roles import Cloud

    stranger = Account().create_policy("strange", ADMIN)
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    policy, other = theirs.create_policy("theirs", ADMIN), mine.create_role("app", trust=EC2)
    before = digest(account), digest(mine)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        role.attach_policy(stranger)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        role.put_permissions_boundary(stranger)
    for call in (other.attach_policy, other.put_permissions_boundary):
        with pytest.raises(NoSuchEntityError, match="it is of account 111122223333"):
            call(policy)
    with pytest.raises(NoSuchEntityError):
        other.attach_policy(policy.arn)
    assert (digest(account), digest(mine)) == before


@pytest.mark.parametrize("policies", ["AmazonS3ReadOnlyAccess", 5, None, [5], [None], [ADMIN]])
def test_what_is_no_list_of_managed_policies_is_refused(account: Account, policies: Any) -> None:
    """A single text must not be taken for a list of letters, nor an inline policy for a managed one."""
    before = digest(account)
    with pytest.raises((TypeError, InvalidInputError)):
        account.create_role("app", trust=EC2, policies=policies)
    assert digest(account) == before


def test_a_boundary_is_put_replaced_and_deleted() -> None:
    """One at most; deleting none is NoSuchEntity."""
    account, role = account_with_role()
    own = account.create_policy("own", ADMIN)
    role.put_permissions_boundary("own")
    assert role.permissions_boundary is own
    role.put_permissions_boundary(PermissionPolicy.allow(LIST).to_dict())
    role.delete_permissions_boundary()
    assert role.permissions_boundary is None
    with pytest.raises(NoSuchEntityError):
        role.delete_permissions_boundary()


# -- quotas -------------------------------------------------------------------------------------------------------------


def test_the_trust_policy_has_a_quota_of_its_own() -> None:
    """2,048 characters, when it is created and when it is replaced; a raised quota raises it."""
    account, role = account_with_role()
    long = TrustPolicy.principal(*[f"arn:aws:iam::{100000000000 + number}:root" for number in range(70)])
    before = digest(account)
    for call in (lambda: account.create_role("other", trust=long), lambda: role.update_trust(long)):
        with pytest.raises(PolicyTooLargeError) as caught:
            call()
        assert caught.value.message == "Cannot exceed quota for ACLSizePerRole: 2048"
        assert (caught.value.code, caught.value.status) == ("LimitExceeded", 409)
    assert digest(account) == before
    Account(quotas=Quotas(trust_policy_size=4096)).create_role("other", trust=long)


@pytest.mark.parametrize(
    ("create", "quota", "name"),
    [
        (lambda account, name: account.create_role(name, trust=EC2), "roles", "RolesPerAccount"),
        (
            lambda account, name: account.create_instance_profile(name),
            "instance_profiles",
            "InstanceProfilesPerAccount",
        ),
        (lambda account, name: account.create_user(name), "users", "UsersPerAccount"),
        (lambda account, name: account.iam.create_group(name), "groups", "GroupsPerAccount"),
        (lambda account, name: account.create_policy(name, ADMIN), "policies", "PoliciesPerAccount"),
    ],
)
def test_an_account_holds_only_so_many(create: Any, quota: str, name: str) -> None:
    """Deleting one makes room."""
    account = Account(quotas=Quotas(**{quota: 2}))
    create(account, "a")
    create(account, "b")
    before = digest(account)
    with pytest.raises(LimitExceededError) as caught:
        create(account, "c")

    assert caught.value.message == f"Cannot exceed quota for {name}: 2"
    assert digest(account) == before


def test_the_console_leaves_nothing_when_there_is_no_room_for_the_profile() -> None:
    """Both are checked before either is made."""
    account = Account(quotas=Quotas(instance_profiles=1))
    account.create_instance_profile("web")
    before = digest(account)
    with pytest.raises(LimitExceededError):
        account.console.create_role("EC2Role")
    assert digest(account) == before


# -- parameters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"path": "service"}, "Value 'service' at 'path' failed to satisfy constraint"),
        ({"path": "//"}, "'path'"),
        ({"path": "/" + "x" * 511 + "/"}, "Member must have length less than or equal to 512"),
        ({"description": "x" * 1001}, "Member must have length less than or equal to 1000"),
        ({"description": "\u2028"}, "Member must satisfy regular expression pattern"),
        ({"max_session_duration": 3599}, "Value '3599' at 'maxSessionDuration'.*greater than or equal to 3600"),
        ({"max_session_duration": 43201}, "Value '43201' at 'maxSessionDuration'.*less than or equal to 43200"),
        ({"max_session_duration": True}, "Invalid type for parameter MaxSessionDuration, value: True"),
        ({"max_session_duration": 3600.0}, "Invalid type for parameter MaxSessionDuration"),
        ({"tags": {"a": "1", "A": "2"}}, "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
        ({"tags": {"aws:x": "1"}}, "reserved"),
        ({"tags": {"k" * 129: ""}}, r"'tags\.1\.member\.key'"),
        ({"tags": {"a": "", "k": "v" * 257}}, r"'tags\.2\.member\.value'"),
        ({"tags": {"": "v"}}, r"'tags\.1\.member\.key'"),
        ({"tags": {f"k{number}": "" for number in range(51)}}, "Cannot exceed quota for TagsPerEntity: 50"),
    ],
)
def test_a_bad_parameter_is_refused_and_nothing_is_created(options: dict[str, Any], expected: str) -> None:
    """In AWS's words, before anything changes; also no id is used up."""
    account, twin = Account(), Account()
    before = digest(account)
    with pytest.raises(AwsError) as caught:
        account.create_role("app", trust=EC2, **options)

    import re

    assert re.search(expected, caught.value.message, re.DOTALL), caught.value.message
    assert digest(account) == before
    assert account.create_role("app", trust=EC2).role_id == twin.create_role("app", trust=EC2).role_id


@pytest.mark.parametrize("tags", ["ab", 5, ["ab"], [("a",)], [("a", "b", "c")], {"a": 1}, {1: "a"}, [["a", None]]])
def test_what_are_no_tags_is_a_type_error(tags: Any) -> None:
    """A text of two letters is no pair."""
    account, role = account_with_role()
    before = digest(account)
    for call in (lambda: account.create_role("other", trust=EC2, tags=tags), lambda: role.tag(tags)):
        with pytest.raises(TypeError):
            call()
    assert digest(account) == before


def test_tags_are_replaced_whatever_their_case() -> None:
    """The new spelling stays, and fifty is the most of all together."""
    account, role = account_with_role()
    role.tag({"Team": "red", "env": ""})
    role.tag({"TEAM": "blue"})
    assert role.tags == {"env": "", "TEAM": "blue"}
    role.untag(["team", "unknown"])
    assert role.tags == {"env": ""}
    before = digest(account)
    with pytest.raises(TypeError, match=r"write \['env'\]"):
        role.untag("env")
    with pytest.raises(LimitExceededError):
        role.tag({f"k{number}": "" for number in range(50)})
    assert digest(account) == before


def test_updating_a_role_leaves_what_is_not_given() -> None:
    """AWS's UpdateRole."""
    account, role = account_with_role()
    role.update(description="first")
    role.update(max_session_duration=7200)
    assert (role.description, role.max_session_duration) == ("first", 7200)
    before = digest(account)
    with pytest.raises(AwsError):
        role.update(description="ok", max_session_duration=1)
    assert digest(account) == before


def test_a_role_built_by_hand_needs_no_account() -> None:
    """AWS's own managed policies are known to it all the same."""
    time = Timekeeper()
    role = Role("app", trust=EC2, time=time, attached=("AmazonS3ReadOnlyAccess",))
    role.attach_policy("AdministratorAccess")

    assert [policy.name for policy in role.attached_policies] == ["AmazonS3ReadOnlyAccess", "AdministratorAccess"]
    assert role.trust == EC2


def test_what_a_role_could_do_in_the_past_can_be_asked() -> None:
    """Each change is a position of its own, also those of one instant."""
    account, role = account_with_role()
    profile = account.create_instance_profile("app")
    profile.add_role(role)
    web = account.launch_instance(profile)
    role.put_policy("list", PermissionPolicy.allow(LIST))
    account.clock.advance(hours=1)
    role.put_policy("list", PermissionPolicy.deny(LIST))
    account.clock.advance(hours=1)
    role.delete_policy("list")
    account.clock.advance(hours=1)
    asked = [web.can(LIST, at=at(minutes=minutes)) for minutes in (0, 59, 60, 119, 120, 180)]

    assert [bool(decision) for decision in asked] == [True, True, False, False, False, False]
    assert [decision.outcome.name for decision in asked[2:5]] == ["EXPLICIT_DENY", "EXPLICIT_DENY", "IMPLICIT_DENY"]
