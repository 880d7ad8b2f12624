"""Instance profiles, and the console, which makes one along with a role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, InstanceProfile, PermissionPolicy, Role, Timekeeper
from ec2roles.errors import (
    AccessDeniedError,
    DeleteConflictError,
    Ec2RolesError,
    EntityAlreadyExistsError,
    InvalidInputError,
    InvalidNameError,
    LimitExceededError,
    NoSuchEntityError,
    PolicyError,
    UnmodifiableEntityError,
)
from helpers.worlds import ADMIN, EC2, OTHER, OWN, digest


def pair() -> tuple[Account, Role, InstanceProfile]:
    """A role, and an empty profile of another name."""
    account = Account()
    return account, account.create_role("app", trust=EC2), account.create_instance_profile("web", path="/x/")


def test_a_profile_has_an_arn_and_an_id_of_its_own() -> None:
    """Its name need not be the role's."""
    account, role, profile = pair()
    profile.add_role(role)

    assert profile.arn == "arn:aws:iam::123456789012:instance-profile/x/web"
    assert profile.profile_id.startswith("AIPA")
    assert profile.role is role
    assert account.instance_profiles["WEB"] is profile
    assert repr(profile) == "<InstanceProfile web, role app>"


def test_a_second_role_is_refused_in_awss_words() -> None:
    """Another one, and the very same one again."""
    account, role, profile = pair()
    profile.add_role(role)
    other = account.create_role("other", trust=EC2)
    before = digest(account)
    for one in (other, role):
        with pytest.raises(LimitExceededError) as caught:
            profile.add_role(one)
        assert caught.value.message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
        assert "instance profile holds at most 1 role" in str(caught.value)
        assert (caught.value.code, caught.value.status) == ("LimitExceeded", 409)
    assert digest(account) == before


def test_a_role_may_be_in_many_profiles() -> None:
    """And keeps them all from being deleted."""
    account, role, profile = pair()
    second = account.create_instance_profile("second")
    profile.add_role(role)
    second.add_role(role)
    with pytest.raises(DeleteConflictError, match="'second', 'web'"):
        account.delete_role("app")
    with pytest.raises(DeleteConflictError) as caught:
        account.delete_instance_profile("web")
    assert caught.value.message == "Cannot delete entity, must remove roles from instance profile first."


@pytest.mark.parametrize("wanted", [None, "app", "other"])
def test_removing_a_role_that_is_not_there_is_no_such_entity(wanted: str | None) -> None:
    """By name or whichever is there."""
    account, role, profile = pair()
    before = digest(account)
    with pytest.raises(NoSuchEntityError, match="Instance Profile web does not contain role") as caught:
        profile.remove_role(wanted)
    assert "None" not in caught.value.message
    assert digest(account) == before
    profile.add_role(role)
    if wanted == "other":
        with pytest.raises(NoSuchEntityError, match="'web' holds 'app'"):
            profile.remove_role(wanted)
    else:
        profile.remove_role(wanted)
        assert profile.role is None


def test_a_deleted_profile_or_role_is_not_put_together() -> None:
    """Even by who still holds the objects."""
    account, role, profile = pair()
    account.delete_role("app")
    before = digest(account)
    with pytest.raises(NoSuchEntityError, match="The role with name app cannot be found"):
        profile.add_role(role)
    assert digest(account) == before
    account.delete_instance_profile("web")
    other = account.create_role("other", trust=EC2)
    with pytest.raises(NoSuchEntityError, match=r"Instance Profile web cannot be found\."):
        profile.add_role(other)
    with pytest.raises(NoSuchEntityError, match=r"Instance Profile web cannot be found\."):
        account.delete_instance_profile("web")


def test_a_profile_holds_a_role_of_its_own_account_and_cloud() -> None:
    """There is no PassRole across accounts."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    profile = mine.create_instance_profile("web")
    foreign, stranger = theirs.create_role("app", trust=EC2), Account().create_role("app", trust=EC2)
    before = digest(mine)
    with pytest.raises(Ec2RolesError, match="a profile holds a role of its own account"):
        profile.add_role(foreign)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        profile.add_role(stranger)
    for wrong in ("app", None, profile):
        with pytest.raises(TypeError, match="an instance profile holds a Role"):
            profile.add_role(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a role is named by a Role or its name"):
        profile.remove_role(5)  # type: ignore[arg-type]
    assert digest(mine) == before
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        InstanceProfile("x", role=stranger, time=Timekeeper())


def test_profile_names_are_unique_whatever_their_case() -> None:
    """They are another kind of name than roles'."""
    account, _, _ = pair()
    account.create_instance_profile("app")
    before = digest(account)
    with pytest.raises(EntityAlreadyExistsError) as caught:
        account.create_instance_profile("APP")
    assert caught.value.message == "Instance Profile APP already exists."
    for name in ("a b", "x" * 129, "", "a/b"):
        with pytest.raises(InvalidNameError, match="instanceProfileName"):
            account.create_instance_profile(name)
    assert digest(account) == before
    account.create_instance_profile("x" * 128)


# -- the console --------------------------------------------------------------------------------------------------------


def test_the_console_makes_a_profile_of_the_same_name_for_ec2_only(account: Account) -> None:
    """So a role made for Lambda cannot be picked for an instance, whatever its trust policy says later."""
    role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"], description="x")
    task = account.console.create_role("task", service="lambda.amazonaws.com")
    task.update_trust(EC2)

    assert account.instance_profiles["EC2Role"].role is role
    assert account.console.iam_role_choices() == ["No role", "EC2Role"]
    assert [event.operation for event in account.history] == [
        "CreateRole",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
        "CreateRole",
        "UpdateAssumeRolePolicy",
    ]


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("taken", {}, EntityAlreadyExistsError),
        ("TAKEN", {}, EntityAlreadyExistsError),
        ("held", {}, EntityAlreadyExistsError),
        ("a b", {}, InvalidNameError),
        ("x" * 65, {}, InvalidNameError),
        ("new", {"policies": ["Nope"]}, NoSuchEntityError),
        ("new", {"policies": "AmazonS3ReadOnlyAccess"}, TypeError),
        ("new", {"service": "ec2.amazon.com"}, PolicyError),
        ("new", {"service": 5}, (TypeError, PolicyError)),
        ("new", {"description": "\u2028"}, InvalidNameError),
        (5, {}, TypeError),
    ],
)
def test_when_the_console_refuses_nothing_has_been_created(
    account: Account, name: Any, options: Any, error: Any
) -> None:
    """Neither the role nor the profile."""
    account.create_instance_profile("taken")
    account.create_role("held", trust=EC2)
    before = digest(account)
    with pytest.raises(error):
        account.console.create_role(name, **options)
    assert digest(account) == before


def test_the_console_deletes_a_role_with_all_that_is_its_own(account: Account) -> None:
    """Its policies, and the profile of the same name."""
    role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    role.put_policy("inline", ADMIN)
    account.console.delete_role("EC2Role")

    assert not account.roles
    assert not account.instance_profiles


def test_the_console_leaves_a_role_alone_that_another_profile_holds(account: Account) -> None:
    """It deletes the profile of the same name only."""
    role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    account.create_instance_profile("other").add_role(role)
    before = digest(account)
    with pytest.raises(DeleteConflictError):
        account.console.delete_role("EC2Role")
    with pytest.raises(NoSuchEntityError):
        account.console.delete_role("nope")
    assert digest(account) == before


def test_a_user_signs_in_and_a_role_cannot(account: Account) -> None:
    """A role has no password; who wants its permissions switches to it."""
    alice = account.create_user("alice")
    account.create_role("app", trust=EC2)
    account.create_user("bob")
    alice.create_login_profile("correct horse é")

    assert account.console.sign_in("alice", "correct horse é") is alice
    for name, password, says in (
        ("alice", "wrong", "wrong user name or password"),
        ("alice", "", "wrong user name or password"),
        ("nobody", "x", "wrong user name or password"),
        ("bob", "x", "has no console password"),
        ("app", "x", "is a role; a role has no password and cannot sign in"),
    ):
        with pytest.raises(AccessDeniedError, match=says) as caught:
            account.console.sign_in(name, password)
        assert caught.value.message == "Your authentication information is incorrect. Please try again."
    with pytest.raises(TypeError):
        account.console.sign_in("alice", 5)  # type: ignore[arg-type]
    alice.delete_login_profile()
    with pytest.raises(AccessDeniedError):
        account.console.sign_in("alice", "correct horse é")


# -- tags ---------------------------------------------------------------------------------------------------------------


def test_tags_are_added_replaced_and_removed_whatever_the_case_of_their_keys() -> None:
    """Of profiles and of policies, as of roles and users; unknown keys are passed over."""
    account, _, profile = pair()
    policy = account.create_policy("team", PermissionPolicy.allow("s3:GetObject"), tags={"stage": "test"})
    profile.tag({"stage": "test"})
    for one in (profile, policy):
        assert one.tags == {"stage": "test"}
        one.tag({"Stage": "prod", "team": "red"})
        assert one.tags == {"Stage": "prod", "team": "red"}
        one.untag(["STAGE", "none"])
        assert one.tags == {"team": "red"}
        with pytest.raises(TypeError, match="keys must be a list of tag keys"):
            one.untag("team")  # type: ignore[arg-type]
        before = digest(account)
        with pytest.raises(LimitExceededError, match="TagsPerEntity: 50"):
            one.tag({f"k{number}": "" for number in range(50)})
        with pytest.raises(InvalidInputError, match="reserved"):
            one.tag({"aws:x": ""})
        assert digest(account) == before
    assert [event.operation for event in account.history if "tag" in event.operation.lower()] == [
        "TagInstanceProfile", "TagInstanceProfile", "UntagInstanceProfile", "TagPolicy", "UntagPolicy",
    ]  # fmt: skip


def test_the_tags_of_the_past_are_remembered() -> None:
    account, _, profile = pair()
    policy = account.create_policy("team", PermissionPolicy.allow("s3:GetObject"), tags={"stage": "test"})
    profile.tag({"stage": "test"})
    then = account.time.as_of(None)
    account.clock.advance(hours=1)
    for one in (profile, policy):
        one.tag({"stage": "prod"})
        assert one.tags_at(then) == (("stage", "test"),)
        assert one.tags_at(account.time.as_of(None)) == (("stage", "prod"),)


# -- service-linked roles -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda account, role: role.put_policy("p", PermissionPolicy.allow("s3:*")),
        lambda account, role: role.attach_policy("AmazonS3ReadOnlyAccess"),
        lambda account, role: role.update_trust(EC2),
        lambda account, role: role.update(description="mine"),
        lambda account, role: role.put_permissions_boundary("PowerUserAccess"),
        lambda account, role: role.tag({"k": "v"}),
        lambda account, role: account.delete_role(role.name),
        lambda account, role: account.create_instance_profile("linked").add_role(role),
    ],
)
def test_nobody_but_aws_changes_a_service_linked_role(account: Account, change: Any) -> None:
    """Not even the account's owner."""
    role = account.create_role("AWSServiceRoleForDemo", trust=EC2, path="/aws-service-role/demo.amazonaws.com/")
    with pytest.raises(UnmodifiableEntityError, match="this role is only modifiable by AWS"):
        change(account, role)
    assert role.service_linked
    assert not role.policies
    assert "AWSServiceRoleForDemo" in account.roles


def test_the_date_of_creation_is_kept_when_the_past_is_forgotten() -> None:
    """What changes later does not make an entity younger."""
    cloud = Cloud(remember=timedelta(days=1))
    account = cloud.account(OWN)
    role, profile = account.create_role("app", trust=EC2), account.create_instance_profile("web")
    policy = account.create_policy("team", PermissionPolicy.allow("s3:GetObject"))
    born = [one.created for one in (role, profile, policy)]
    for _ in range(10):
        account.clock.advance(days=1)
        role.tag({"k": "v"})
        profile.tag({"k": "v"})
        policy.tag({"k": "v"})

    assert [one.created for one in (role, profile, policy)] == born
    assert policy.version("v1")[1] == policy.created


def test_a_user_can_have_a_boundary_and_a_policy_a_description_from_the_start(account: Account) -> None:
    alice = account.create_user("alice", permissions_boundary="PowerUserAccess")
    policy = account.create_policy("team", PermissionPolicy.allow("s3:GetObject"), description="for the team")

    assert alice.permissions_boundary is not None
    assert policy.description == "for the team"
    before = digest(account)
    with pytest.raises(NoSuchEntityError):
        account.create_user("bob", permissions_boundary="none")
    with pytest.raises(InvalidNameError, match="description"):
        account.create_policy("other", PermissionPolicy.allow("s3:GetObject"), description="x" * 1001)
    assert digest(account) == before
