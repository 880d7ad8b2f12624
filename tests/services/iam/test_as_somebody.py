"""IAM called as somebody: what each call is judged on, who may pass and bound roles, whose account it is about."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.api import Client
from ec2roles.errors import AccessDeniedError
from ec2roles.policy import PermissionPolicy as Policy
from ec2roles.services.shapes import snake_case
from helpers.control_world import control_world, filled
from helpers.worlds import EC2, OTHER, OWN, code, digest, message, user_with_key

ROLE = "arn:aws:iam::123456789012:role"


def caller(*statements: dict[str, Any], account: Account | None = None) -> tuple[Account, Any]:
    """An account, and the IAM of a user who may do what the statements say."""
    account = Account() if account is None else account
    carol, key = user_with_key(account, "carol")
    carol.put_policy("own", {"Version": "2012-10-17", "Statement": list(statements)})
    return account, account.as_(key).iam


def allow(action: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    """A statement."""
    found: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


# -- clients ------------------------------------------------------------------------------------------------------------


def test_a_client_has_a_method_for_each_operation() -> None:
    account, iam = caller(allow("iam:*"))

    assert "create_role" in dir(iam)
    assert "simulate_custom_policy" in dir(iam)
    assert set(dir(account.as_(None))) >= {"iam", "s3", "sts"}
    answer = iam.create_role(RoleName="app", AssumeRolePolicyDocument=EC2.to_json())
    assert answer.ok
    assert answer.value["Role"]["Arn"] == f"{ROLE}/app"
    assert answer.value["Role"]["AssumeRolePolicyDocument"] == EC2.to_dict()
    assert answer.value["Role"]["CreateDate"] == datetime(2026, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(KeyError):
        iam.get_role(RoleName="none").result()


def test_the_methods_are_named_as_in_boto3() -> None:
    xform_name = pytest.importorskip("botocore").xform_name
    registry = Account().registry
    names = [operation.name for prefix in registry.services for operation in registry.operations(prefix)]

    assert [snake_case(name) for name in names] == [xform_name(name) for name in names]


def test_an_unknown_method_names_those_that_are_near() -> None:
    account, iam = caller(allow("iam:*"))
    with pytest.raises(AttributeError, match="no operation of iam is called 'creat_role'; there is create_role"):
        iam.creat_role  # noqa: B018
    with pytest.raises(AttributeError, match="no service is called 'iamm'; there is iam"):
        account.as_(None).iamm  # noqa: B018
    with pytest.raises(AttributeError):
        iam.__wrapped__  # noqa: B018


def test_without_credentials_every_call_is_refused_before_it_is_sent(account: Account) -> None:
    assert code(account.as_(None).iam.list_roles()) == "NoCredentials"
    with pytest.raises(TypeError, match="credentials must be Credentials or None"):
        account.as_("alice")  # type: ignore[arg-type]


def test_context_keys_go_with_every_call(account: Account) -> None:
    carol, key = user_with_key(account, "carol")
    carol.put_policy(
        "own", PermissionPolicy.allow("iam:ListRoles", condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    )

    assert account.as_(key, context={"aws:SourceIp": "192.0.2.9"}).iam.list_roles().ok
    assert code(account.as_(key).iam.list_roles()) == "AccessDenied"


def test_a_client_shows_no_secret(account: Account) -> None:
    _, key = user_with_key(account)
    clients = account.as_(key)
    for shown in (repr(clients), repr(clients.iam), repr(clients.iam.get_role)):
        assert key.secret_access_key.reveal() not in shown
    assert isinstance(clients.iam, Client)
    assert " iam," in repr(clients)
    for shared in (clients, clients.iam):
        with pytest.raises(TypeError, match="is not copied by itself"):
            copy.copy(shared)


# -- what a call is judged on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("CreateRole", {"RoleName": "new", "Path": "/a/", "AssumeRolePolicyDocument": "$EC2"}, f"{ROLE}/a/new"),
        ("GetRole", {"RoleName": "app"}, f"{ROLE}/web/app"),
        ("GetRole", {"RoleName": "none"}, f"{ROLE}/none"),
        ("ListRolePolicies", {"RoleName": "app"}, f"{ROLE}/web/app"),
        ("ListInstanceProfilesForRole", {"RoleName": "app"}, f"{ROLE}/web/app"),
        ("ListRoles", {}, None),
        ("ListPolicies", {}, None),
        ("GetAccountAuthorizationDetails", {}, None),
        ("GetPolicy", {"PolicyArn": "$TEAM"}, "arn:aws:iam::123456789012:policy/team/team"),
        ("CreatePolicy", {"PolicyName": "p", "Path": "/a/", "PolicyDocument": "$LIST"}, "arn:aws:iam::123456789012:policy/a/p"),
        ("CreateInstanceProfile", {"InstanceProfileName": "p"}, "arn:aws:iam::123456789012:instance-profile/p"),
        ("GetInstanceProfile", {"InstanceProfileName": "app"}, "arn:aws:iam::123456789012:instance-profile/web/app"),
        ("CreateUser", {"UserName": "u"}, "arn:aws:iam::123456789012:user/u"),
        ("ListAccessKeys", {"UserName": "alice"}, "arn:aws:iam::123456789012:user/alice"),
        ("GetUser", {}, "arn:aws:iam::123456789012:user/carol"),
        ("AddUserToGroup", {"GroupName": "staff", "UserName": "bob"}, "arn:aws:iam::123456789012:group/staff"),
        ("SimulatePrincipalPolicy", {"PolicySourceArn": f"{ROLE}/web/app", "ActionNames": ["s3:GetObject"]}, f"{ROLE}/web/app"),
        ("SimulateCustomPolicy", {"PolicyInputList": ["$LIST"], "ActionNames": ["s3:GetObject"]}, None),
    ],
)  # fmt: skip
def test_a_call_is_judged_on_the_arn_of_what_it_is_about(
    operation: str, parameters: dict[str, Any], resource: str | None
) -> None:
    """Path included, and ``/`` for what does not exist; the history says so too."""
    account, _, words = control_world()
    _, key = user_with_key(account, "carol")
    answer = account.request(f"iam:{operation}", filled(parameters, words), credentials=key)

    about = "" if resource is None else f" on resource: {resource}"
    assert message(answer) == (
        f"User: arn:aws:iam::123456789012:user/carol is not authorized to perform: iam:{operation}{about} "
        f"because no identity-based policy allows the iam:{operation} action"
    )
    *_, event = account.history
    assert (event.operation, event.subject, event.caller) == (
        operation,
        resource,
        "arn:aws:iam::123456789012:user/carol",
    )


@pytest.mark.parametrize(
    ("operation", "parameters", "condition"),
    [
        ("CreateRole", {"RoleName": "n", "AssumeRolePolicyDocument": "$EC2", "Tags": [{"Key": "team", "Value": "red"}]},
         {"StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
        ("CreateRole", {"RoleName": "n", "AssumeRolePolicyDocument": "$EC2", "PermissionsBoundary": "$TEAM"},
         {"ArnEquals": {"iam:PermissionsBoundary": "$TEAM"}}),
        ("CreateUser", {"UserName": "n", "PermissionsBoundary": "$TEAM"}, {"ArnEquals": {"iam:PermissionsBoundary": "$TEAM"}}),
        ("PutRolePermissionsBoundary", {"RoleName": "app", "PermissionsBoundary": "$TEAM"},
         {"ArnEquals": {"iam:PermissionsBoundary": "$TEAM"}}),
        ("PutRolePolicy", {"RoleName": "app", "PolicyName": "p", "PolicyDocument": "$LIST"},
         {"ArnEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}}),
        ("DeleteRolePermissionsBoundary", {"RoleName": "app"},
         {"ArnEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}}),
        ("AttachUserPolicy", {"UserName": "bob", "PolicyArn": "$TEAM"}, {"ArnEquals": {"iam:PolicyARN": "$TEAM"}}),
        ("DetachRolePolicy", {"RoleName": "app", "PolicyArn": "$TEAM"},
         {"ArnEquals": {"iam:PolicyARN": "$TEAM", "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}}),
        ("DeleteRole", {"RoleName": "app"}, {"StringEquals": {"aws:ResourceTag/stage": "test", "iam:ResourceTag/stage": "test"}}),
        ("DeletePolicyVersion", {"PolicyArn": "$TEAM", "VersionId": "v2"}, {"StringEquals": {"aws:ResourceTag/stage": "test"}}),
        ("GetInstanceProfile", {"InstanceProfileName": "app"}, {"StringEquals": {"iam:ResourceTag/stage": "test"}}),
        ("UntagUser", {"UserName": "alice", "TagKeys": ["stage"]}, {"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}),
    ],
)  # fmt: skip
def test_a_call_brings_the_context_keys_that_aws_gives(
    operation: str, parameters: dict[str, Any], condition: dict[str, Any]
) -> None:
    """Asked for with another value, the same statement does not allow."""
    account, _, words = control_world()
    carol, key = user_with_key(account, "carol")
    asked = filled(condition, words)
    for wanted, right in ((asked, True), (json.loads(json.dumps(asked).replace("test", "prod").replace(":policy/", ":policy/x")
                                                     .replace('"red"', '"blue"').replace('["stage"]', '["other"]')), False)):  # fmt: skip
        statement = allow(f"iam:{operation}", "*", **wanted)
        tagging = allow("iam:TagRole") if operation == "CreateRole" else statement
        carol.put_policy("own", {"Version": "2012-10-17", "Statement": [statement, tagging]})
        assert account.can(f"iam:{operation}", credentials=key, **filled(parameters, words)).allowed is right


def test_a_call_can_be_asked_about_with_its_resource_alone(account: Account) -> None:
    """As `can` was always asked; to do it, what the ARN names must be there."""
    carol, key = user_with_key(account, "carol")
    carol.put_policy("own", PermissionPolicy.allow("iam:DeleteRole", resource=f"{ROLE}/app"))

    assert account.can("iam:DeleteRole", f"{ROLE}/app", credentials=key)
    assert not account.can("iam:DeleteRole", f"{ROLE}/other", credentials=key)
    # As the API is called, the parameters are looked at before anybody's permissions.
    assert code(account.as_(key).iam.delete_policy()) == "ValidationError"
    answer = account.call("iam:DeleteRole", f"{ROLE}/app", credentials=key)
    assert answer.allowed
    assert code(answer) == "NoSuchEntity"


def test_asking_about_the_past_sees_the_tags_of_then() -> None:
    account, iam = caller(allow("iam:DeleteRole", "*", StringEquals={"aws:ResourceTag/stage": "test"}))
    key = account.users["carol"].create_access_key()
    role = account.create_role("app", trust=EC2, tags={"stage": "test"})
    account.clock.advance(hours=1)
    role.tag({"stage": "prod"})

    assert code(iam.delete_role(RoleName="app")) == "AccessDenied"
    then = account.time.now() - timedelta(minutes=5)
    assert account.can("iam:DeleteRole", credentials=key, at=then, RoleName="app")


def test_a_call_is_about_the_account_of_its_caller() -> None:
    """Whichever account of the Cloud it was handed to."""
    cloud = Cloud()
    own, other = cloud.account(OWN), cloud.account(OTHER)
    _, key = user_with_key(other, "carol", admin=True)
    made = own.as_(key).iam.create_user(UserName="new").result()

    assert made["User"]["Arn"] == f"arn:aws:iam::{OTHER}:user/new"
    assert "new" in other.users
    assert "new" not in own.users


def test_a_role_session_must_say_whose_access_keys(account: Account) -> None:
    account.console.create_role("app", service="ec2.amazonaws.com", policies=["AdministratorAccess"])
    key = account.launch_instance("app").metadata.credentials()
    answer = account.as_(key).iam.create_access_key()

    assert (code(answer), message(answer)) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )


def test_the_new_key_works_and_its_secret_stands_in_the_response_alone() -> None:
    account, iam = caller(allow("iam:*"))
    account.create_user("bob")
    answer = iam.create_access_key(UserName="bob").result()["AccessKey"]
    (key,) = account.users["bob"].access_keys

    assert answer["AccessKeyId"] == key
    assert len(answer["SecretAccessKey"]) == 40
    assert answer["SecretAccessKey"] not in repr(list(account.history)) + repr(account.history._calls)


# -- PassRole and boundaries --------------------------------------------------------------------------------------------


def passing(*extra: dict[str, Any]) -> tuple[Account, Any]:
    """An account with an admin role and an empty profile, and the IAM of somebody who may fill profiles."""
    account, iam = caller(allow("iam:AddRoleToInstanceProfile"), *extra)
    account.create_role("admin", trust=EC2, policies=["AdministratorAccess"], path="/ops/")
    account.create_role("web", trust=EC2, tags={"stage": "test"})
    account.create_instance_profile("mine")
    return account, iam


def test_filling_a_profile_needs_pass_role_on_the_role() -> None:
    """F10, F11: with ``iam:PassRole *`` anybody who fills a profile becomes whatever role there is."""
    account, iam = passing()
    before = digest(account, calls=False)
    answer = iam.add_role_to_instance_profile(InstanceProfileName="mine", RoleName="admin")
    assert message(answer) == (
        f"User: arn:aws:iam::123456789012:user/carol is not authorized to perform: iam:PassRole on resource: {ROLE}/ops/admin "
        "because no identity-based policy allows the iam:PassRole action"
    )
    assert digest(account, calls=False) == before
    with pytest.raises(AccessDeniedError):
        answer.result()

    account, iam = passing(allow("iam:PassRole"))
    assert iam.add_role_to_instance_profile(InstanceProfileName="mine", RoleName="admin").ok
    assert account.launch_instance("mine").can("iam:CreateUser")


@pytest.mark.parametrize(
    ("statement", "right"),
    [
        (allow("iam:PassRole", f"{ROLE}/web", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}), True),
        (allow("iam:PassRole", f"{ROLE}/web", StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}), False),
        (
            allow("iam:PassRole", "*", ArnLike={"iam:AssociatedResourceArn": "arn:aws:ec2:*:123456789012:instance/*"}),
            True,
        ),
        (
            allow("iam:PassRole", "*", ArnLike={"iam:AssociatedResourceArn": "arn:aws:ec2:*:111122223333:instance/*"}),
            False,
        ),
        (allow("iam:PassRole", "*", StringEquals={"iam:ResourceTag/stage": "test"}), True),
        (allow("iam:PassRole", "*", StringEquals={"aws:ResourceTag/stage": "prod"}), False),
        (allow("iam:PassRole", "arn:aws:iam::123456789012:instance-profile/mine"), False),
    ],
)
def test_the_fix_is_one_role_and_one_service(statement: dict[str, Any], right: bool) -> None:
    """F10's fix: PassRole on the ARN of one role, for EC2 alone; the ARN of the profile is no use."""
    _, iam = passing(statement)
    assert iam.add_role_to_instance_profile(InstanceProfileName="mine", RoleName="web").ok is right
    if "arn:aws:iam" in statement["Resource"]:
        answer = iam.add_role_to_instance_profile(InstanceProfileName="mine", RoleName="admin")
        assert code(answer) == "AccessDenied"
        assert "iam:PassRole" in message(answer)


def bounded(boundary_allows: list[str], *own: dict[str, Any]) -> tuple[Account, Any]:
    """A role under a boundary, and the IAM of one of its sessions."""
    account = Account()
    account.create_policy("limit", Policy.allow(*boundary_allows))
    role = account.create_role("delegate", trust=EC2, permissions_boundary="limit")
    role.put_policy("own", {"Version": "2012-10-17", "Statement": [allow("*"), *own]})
    account.create_instance_profile("delegate").add_role(role)
    return account, account.as_(account.launch_instance("delegate").metadata.credentials()).iam


LIMIT = "arn:aws:iam::123456789012:policy/limit"


def test_a_boundary_that_allows_its_own_removal_is_none() -> None:
    """F13a: the role takes its boundary away, or makes a role without one."""
    account, iam = bounded(["iam:*"])
    assert not account.can(
        "s3:ListAllMyBuckets", credentials=account.instances[next(iter(account.instances))].metadata.credentials()
    )
    assert iam.delete_role_permissions_boundary(RoleName="delegate").ok
    assert account.instances[next(iter(account.instances))].can("s3:ListAllMyBuckets")

    account, iam = bounded(["iam:CreateRole", "iam:PutRolePolicy"])
    assert iam.create_role(RoleName="free", AssumeRolePolicyDocument=EC2.to_json()).ok
    assert iam.put_role_policy(RoleName="free", PolicyName="all", PolicyDocument=Policy.allow("*").to_json()).ok


def test_a_condition_on_the_boundary_keeps_new_roles_inside(account: Account) -> None:
    """F13a's fix: only roles with the same boundary are made and changed, and nobody takes it off."""
    inside = {"StringEquals": {"iam:PermissionsBoundary": LIMIT}}
    account.create_policy(
        "limit",
        {
            "Version": "2012-10-17",
            "Statement": [
                allow("s3:*"),
                allow("iam:CreateRole", **inside),
                allow("iam:PutRolePolicy", **inside),
                allow("iam:PutRolePermissionsBoundary", **inside),
                {"Effect": "Deny", "Action": "iam:DeleteRolePermissionsBoundary", "Resource": "*"},
            ],
        },
    )
    role = account.create_role("delegate", trust=EC2, permissions_boundary="limit")
    role.put_policy("own", Policy.allow("*"))
    account.create_role("outside", trust=EC2)
    account.create_instance_profile("delegate").add_role(role)
    iam = account.as_(account.launch_instance("delegate").metadata.credentials()).iam
    trust, everything = EC2.to_json(), Policy.allow("*").to_json()

    assert code(iam.create_role(RoleName="free", AssumeRolePolicyDocument=trust)) == "AccessDenied"
    poweruser = "arn:aws:iam::aws:policy/PowerUserAccess"
    free = iam.create_role(RoleName="free", AssumeRolePolicyDocument=trust, PermissionsBoundary=poweruser)
    assert code(free) == "AccessDenied"
    assert iam.create_role(RoleName="held", AssumeRolePolicyDocument=trust, PermissionsBoundary=LIMIT).ok
    assert iam.put_role_policy(RoleName="held", PolicyName="all", PolicyDocument=everything).ok
    outside = iam.put_role_policy(RoleName="outside", PolicyName="all", PolicyDocument=everything)
    assert code(outside) == "AccessDenied"
    assert "no permissions boundary allows" in message(outside)
    assert code(iam.put_role_permissions_boundary(RoleName="held", PermissionsBoundary=poweruser)) == "AccessDenied"
    for name in ("held", "delegate"):
        answer = iam.delete_role_permissions_boundary(RoleName=name)
        assert "with an explicit deny in a permissions boundary" in message(answer)


def test_nobody_changes_awss_own_policies() -> None:
    account, admin, words = control_world()
    for operation, parameters in (
        ("CreatePolicyVersion", {"PolicyDocument": words["$LIST"]}),
        ("DeletePolicy", {}),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}),
        ("DeletePolicyVersion", {"VersionId": "v1"}),
        ("TagPolicy", {"Tags": [{"Key": "k", "Value": "v"}]}),
        ("UntagPolicy", {"TagKeys": ["k"]}),
    ):
        answer = account.request(f"iam:{operation}", {"PolicyArn": words["$S3"], **parameters}, credentials=admin)
        assert code(answer) == "AccessDenied", operation


# -- lists --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "parameters", "member"),
    [
        ("list_roles", {}, "Roles"),
        ("list_policies", {"Scope": "Local"}, "Policies"),
        ("list_users", {}, "Users"),
        ("list_groups", {}, "Groups"),
        ("list_instance_profiles", {}, "InstanceProfiles"),
        ("list_attached_role_policies", {"RoleName": "crowded"}, "AttachedPolicies"),
        ("list_policy_versions", {"PolicyArn": "$FULL"}, "Versions"),
        ("list_access_keys", {"UserName": "alice"}, "AccessKeyMetadata"),
        ("simulate_custom_policy", {"PolicyInputList": ["$LIST"], "ActionNames": ["s3:A", "s3:B", "s3:C"]}, "EvaluationResults"),
    ],
)  # fmt: skip
def test_the_pages_of_a_list_put_together_are_the_list(operation: str, parameters: dict[str, Any], member: str) -> None:
    account, admin, words = control_world()
    ask = getattr(account.as_(admin).iam, operation)
    parameters = filled(parameters, words)
    whole = ask(**parameters).result()
    assert whole["IsTruncated"] is False
    assert "Marker" not in whole
    for size in (1, 2, 1000):
        found, marker = [], {}
        while True:
            page = ask(**parameters, MaxItems=size, **marker).result()
            assert len(page[member]) <= size
            found += page[member]
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page["Marker"]}
        assert found == whole[member]
        assert len(found) > 1


def test_a_page_has_a_hundred_items_unless_asked_otherwise() -> None:
    _account, iam = caller(allow("iam:*"))
    answer = iam.list_policies().result()
    assert len(answer["Policies"]) == 100
    assert answer["IsTruncated"]


def test_what_is_deleted_between_two_pages_leaves_no_gap() -> None:
    account, iam = caller(allow("iam:*"))
    for name in "abcd":
        account.create_role(name, trust=EC2)
    first = iam.list_roles(MaxItems=2).result()
    account.delete_role("a")
    account.delete_role("b")
    second = iam.list_roles(MaxItems=2, Marker=first["Marker"]).result()

    assert [role["RoleName"] for role in second["Roles"]] == ["c", "d"]


def test_lists_leave_out_what_aws_leaves_out() -> None:
    account, admin, words = control_world()
    iam = account.as_(admin).iam
    (listed,) = [role for role in iam.list_roles().result()["Roles"] if role["RoleName"] == "app"]
    got = iam.get_role(RoleName="app").result()["Role"]
    assert set(got) - set(listed) == {"Tags", "PermissionsBoundary", "RoleLastUsed"}
    assert got["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess",
    }
    (profile,) = iam.list_instance_profiles(PathPrefix="/web/").result()["InstanceProfiles"]
    assert "Tags" not in profile
    assert profile["Roles"][0]["RoleId"] == account.roles["app"].role_id
    policies = iam.list_policies(OnlyAttached=True).result()["Policies"]
    assert {"AmazonS3ReadOnlyAccess", "team"} <= {policy["PolicyName"] for policy in policies}
    assert all(policy["AttachmentCount"] > 0 for policy in policies)
    users = iam.list_entities_for_policy(PolicyArn=words["$TEAM"]).result()
    assert [one["UserName"] for one in users["PolicyUsers"]] == ["alice"]
    assert [one["GroupName"] for one in users["PolicyGroups"]] == ["staff"]


def test_versions_are_kept_as_aws_keeps_them() -> None:
    """A new version is not in force unless asked for; a number is not used again; the newest comes first."""
    account, iam = caller(allow("iam:*"))
    policy = account.create_policy("team", Policy.allow("s3:GetObject"))
    account.clock.advance(hours=1)
    made = iam.create_policy_version(PolicyArn=policy.arn, PolicyDocument=Policy.allow("s3:*").to_json()).result()
    assert made["PolicyVersion"] == {
        "VersionId": "v2",
        "IsDefaultVersion": False,
        "CreateDate": datetime(2026, 1, 1, 1, tzinfo=timezone.utc),
    }
    assert policy.default_version_id == "v1"
    iam.delete_policy_version(PolicyArn=policy.arn, VersionId="v2").result()
    iam.create_policy_version(
        PolicyArn=policy.arn, PolicyDocument=Policy.allow("s3:Put*").to_json(), SetAsDefault=True
    ).result()
    versions = iam.list_policy_versions(PolicyArn=policy.arn).result()["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [("v3", True), ("v1", False)]
    document = iam.get_policy_version(PolicyArn=policy.arn, VersionId="v3").result()["PolicyVersion"]["Document"]
    assert document["Statement"]["Action"] == "s3:Put*"


# -- the whole account --------------------------------------------------------------------------------------------------


def test_an_account_read_back_from_its_details_is_the_same() -> None:
    """The details, as the CLI would print them, load; and those of what was loaded are the same but for the dates."""
    account, admin, _ = control_world()
    details = account.as_(admin).iam.get_account_authorization_details().result()
    twin = Account.from_authorization_details(json.dumps(details, default=str))
    again = twin.request(
        "iam:GetAccountAuthorizationDetails", credentials=twin.users["admin"].create_access_key()
    ).result()

    def undated(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: undated(one) for key, one in value.items() if key not in ("CreateDate", "UpdateDate")}
        return [undated(one) for one in value] if isinstance(value, list) else value

    # A profile without a role is in no role's details, as in AWS's.
    assert undated(again) == undated(details)
    assert len(details["RoleDetailList"]) == 6
    assert not details["IsTruncated"]
    assert {one["PolicyName"] for one in details["Policies"]} >= {"team", "AmazonS3ReadOnlyAccess", "PowerUserAccess"}


def test_the_pages_of_the_details_put_together_are_the_details() -> None:
    account, admin, _ = control_world()
    iam = account.as_(admin).iam
    whole = iam.get_account_authorization_details().result()
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    found: dict[str, list[Any]] = {name: [] for name in lists}
    marker: dict[str, str] = {}
    while True:
        page = iam.get_account_authorization_details(MaxItems=4, **marker).result()
        assert sum(len(page[name]) for name in lists) <= 4
        for name in lists:
            found[name] += page[name]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert found == {name: whole[name] for name in lists}
    roles = iam.get_account_authorization_details(Filter=["Role"]).result()
    assert roles["RoleDetailList"] == whole["RoleDetailList"]
    assert not roles["Policies"]
    assert not roles["UserDetailList"]


# -- trust policies as IAM shows them ------------------------------------------------------------------------------------


def test_a_principal_that_is_gone_is_shown_by_its_id_and_its_namesake_is_not_trusted() -> None:
    account, iam = caller(allow("*"))
    alice, key = user_with_key(account)
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TrustPolicy.principal(alice.arn).to_json()).result()
    old_id = alice.user_id
    assert account.as_(key).sts.assume_role(RoleArn=f"{ROLE}/app", RoleSessionName="test").ok
    iam.delete_access_key(UserName="alice", AccessKeyId=key.access_key_id).result()
    iam.delete_user(UserName="alice").result()
    shown = iam.get_role(RoleName="app").result()["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"]["Principal"]["AWS"] == old_id
    again, key = user_with_key(account)
    assert again.user_id != old_id
    assert again.arn == alice.arn
    assert code(account.as_(key).sts.assume_role(RoleArn=f"{ROLE}/app", RoleSessionName="test")) == "AccessDenied"
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=TrustPolicy.principal(again.arn).to_json()).result()
    assert account.as_(key).sts.assume_role(RoleArn=f"{ROLE}/app", RoleSessionName="test").ok
