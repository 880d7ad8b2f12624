"""Loading a real account: all of it or nothing, and every mistake with its place."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from ec2roles import Account
from ec2roles.errors import AuthorizationDetailsError
from ec2roles.iam.quotas import Quotas
from helpers.worlds import ADMIN, EC2, LIST, OWN, code, digest

ARN = f"arn:aws:iam::{OWN}"


def allow(action: str) -> dict[str, Any]:
    """A permission policy that allows one action."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


def trust(*principals: str) -> dict[str, Any]:
    """A trust policy for EC2 and these principals."""
    principal: dict[str, Any] = {"Service": "ec2.amazonaws.com"}
    if principals:
        principal["AWS"] = list(principals)
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


def details() -> dict[str, Any]:
    """A small account with one of everything, as the AWS CLI prints it."""
    return {
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": "alice",
                "UserId": "AIDAALICEEXAMPLE",
                "Arn": f"{ARN}:user/alice",
                "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allow("ec2:*")}],
                "GroupList": ["staff"],
                "AttachedManagedPolicies": [{"PolicyName": "list", "PolicyArn": f"{ARN}:policy/team/list"}],
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/All",
                },
                "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "x"}],
            }
        ],
        "GroupDetailList": [
            {
                "Path": "/",
                "GroupName": "staff",
                "GroupId": "AGPASTAFF",
                "Arn": f"{ARN}:group/staff",
                "GroupPolicyList": [{"PolicyName": "own", "PolicyDocument": allow("sts:*")}],
                "AttachedManagedPolicies": [],
            }
        ],
        "RoleDetailList": [
            {
                "Path": "/service/",
                "RoleName": "web",
                "RoleId": "AROAWEBAEXAMPLE",
                "Arn": f"{ARN}:role/service/web",
                "CreateDate": "2024-01-01T00:00:00+00:00",
                "AssumeRolePolicyDocument": trust(f"{ARN}:user/alice", f"{ARN}:role/later"),
                "InstanceProfileList": [
                    {
                        "Path": "/",
                        "InstanceProfileName": "web-profile",
                        "InstanceProfileId": "AIPAWEBAEXAMPLE",
                        "Arn": f"{ARN}:instance-profile/web-profile",
                        "Roles": [{"RoleName": "web", "Arn": f"{ARN}:role/service/web"}],
                        "Tags": [{"Key": "aws:x", "Value": ""}],
                    }
                ],
                "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": allow("sqs:*")}],
                "AttachedManagedPolicies": [
                    {"PolicyName": "list", "PolicyArn": f"{ARN}:policy/team/list"},
                    {"PolicyName": "Mine", "PolicyArn": "arn:aws:iam::aws:policy/Mine"},
                ],
                "PermissionsBoundary": {
                    "PermissionsBoundaryType": "Policy",
                    "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/All",
                },
                "Tags": [{"Key": "team", "Value": "red"}],
                "MaxSessionDuration": 7200,
                "RoleLastUsed": {},
            },
            {
                "Path": "/",
                "RoleName": "later",
                "RoleId": "AROALATEREXAMPLE",
                "Arn": f"{ARN}:role/later",
                "AssumeRolePolicyDocument": trust(),
                "InstanceProfileList": [],
                "RolePolicyList": [],
                "AttachedManagedPolicies": [],
            },
        ],
        "Policies": [
            {
                "PolicyName": "list",
                "PolicyId": "ANPALIST",
                "Arn": f"{ARN}:policy/team/list",
                "Path": "/team/",
                "DefaultVersionId": "v7",
                "PolicyVersionList": [
                    {"VersionId": "v9", "IsDefaultVersion": False, "Document": allow("iam:*")},
                    {"VersionId": "v7", "IsDefaultVersion": True, "Document": allow(LIST)},
                ],
            },
            {
                "PolicyName": "Mine",
                "PolicyId": "ANPAMINE",
                "Arn": "arn:aws:iam::aws:policy/Mine",
                "Path": "/",
                "DefaultVersionId": "v1",
                "PolicyVersionList": [{"VersionId": "v1", "Document": allow("kms:*"), "CreateDate": "2024"}],
            },
            {
                "PolicyName": "All",
                "PolicyId": "ANPAALL",
                "Arn": "arn:aws:iam::aws:policy/All",
                "Path": "/",
                "DefaultVersionId": "v1",
                "PolicyVersionList": [{"VersionId": "v1", "Document": allow("*")}],
            },
        ],
    }


def test_an_account_is_loaded_whole() -> None:
    """Each kind of entity with what belongs to it."""
    account = Account.from_authorization_details(details())
    role, alice = account.roles["web"], account.users["alice"]

    assert (role.arn, role.role_id, role.max_session_duration) == (f"{ARN}:role/service/web", "AROAWEBAEXAMPLE", 7200)
    assert role.tags == {"team": "red"}
    assert [policy.name for policy in role.attached_policies] == ["list", "Mine"]
    assert list(role.policies) == ["own"]
    assert role.permissions_boundary is account.iam.find("All")
    assert account.instance_profiles["web-profile"].role is role
    assert account.instance_profiles["web-profile"].profile_id == "AIPAWEBAEXAMPLE"
    assert alice.groups == (account.groups["staff"],)
    assert alice.tags == {"aws:cloudformation:stack-name": "x"}
    web = account.launch_instance("web-profile")
    for action, allowed in ((LIST, True), ("sqs:SendMessage", True), ("kms:Decrypt", True), ("iam:GetUser", False)):
        assert bool(web.can(action)) is allowed
    key = alice.create_access_key()
    for action, allowed in ((LIST, True), ("ec2:RunInstances", True), ("sts:GetSessionToken", True), ("sqs:x", False)):
        assert bool(account.can(action, credentials=key)) is allowed
    assert account.sts.assume_role(role, "test", credentials=key, duration=3600)


def test_all_versions_of_a_policy_are_loaded_under_their_own_ids() -> None:
    """The default is in force, and the next one gets the next number."""
    policy = Account.from_authorization_details(details()).policies["list"]

    assert (policy.default_version_id, set(policy.versions)) == ("v7", {"v7", "v9"})
    assert policy.create_version(ADMIN) == "v10"
    policy.set_default_version("v9")
    assert "iam:*" in policy.document.to_json()


def test_principals_are_bound_to_the_ids_of_the_document_whatever_the_order() -> None:
    """A role may trust one that comes after it."""
    account = Account.from_authorization_details(details())
    account.delete_role("later")
    principals = account.roles["web"].trust.to_dict()["Statement"][0]["Principal"]["AWS"]

    assert principals == [f"{ARN}:user/alice", "AROALATEREXAMPLE"]
    account.create_role("later", trust=EC2)
    assert account.roles["web"].trust.to_dict()["Statement"][0]["Principal"]["AWS"] == principals


def test_a_dangling_id_in_a_trust_policy_is_loaded_as_it_is() -> None:
    """AWS shows it so when the principal has been deleted."""
    document = details()
    document["RoleDetailList"][1]["AssumeRolePolicyDocument"] = trust("AIDADELETEDUSER")
    account = Account.from_authorization_details(document)
    assert "AIDADELETEDUSER" in account.roles["later"].trust.to_json()


def test_ids_made_unreadable_leave_principals_bound_to_their_arns() -> None:
    """Accounts are published so; they load all the same."""
    text = json.dumps(details()).replace("AIDAALICEEXAMPLE", "someone").replace("AROALATEREXAMPLE", "someone else")
    account = Account.from_authorization_details(text)
    key = account.users["alice"].create_access_key()
    assert account.sts.assume_role(f"{ARN}:role/service/web", "test", credentials=key)
    account.create_role("more", trust=trust(f"{ARN}:user/alice"))


def test_url_encoded_documents_are_read_too() -> None:
    """As the API sends them, and as plain JSON text."""
    document = details()
    for place, encode in (
        (document["RoleDetailList"][0]["RolePolicyList"][0], quote),
        (document["UserDetailList"][0]["UserPolicyList"][0], str),
    ):
        place["PolicyDocument"] = encode(json.dumps(place["PolicyDocument"]))
    role = document["RoleDetailList"][0]
    role["AssumeRolePolicyDocument"] = quote(json.dumps(role["AssumeRolePolicyDocument"]), safe="")
    assert digest(Account.from_authorization_details(document)) is not None


def test_a_real_account_may_have_more_than_the_default_quotas() -> None:
    """AWS raised them for it; creating one more is another matter."""
    account = Account.from_authorization_details(details(), quotas=Quotas(roles=1, users=0, trust_policy_size=1))

    assert len(account.roles) == 2
    role = copy.deepcopy(details()["RoleDetailList"][1])
    role["AttachedManagedPolicies"] = [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}] * 12
    assert Account.from_authorization_details({"RoleDetailList": [role]})


def test_text_and_object_give_the_same_world() -> None:
    """Whichever the caller has."""
    text = json.dumps(details())
    account, other = (Account.from_authorization_details(one, seed=3) for one in (text, json.loads(text)))
    assert [repr(event) for event in account.history] == [repr(event) for event in other.history]


def put(*steps: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return what sets the value at a place."""

    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in steps[:-1]:
            target = target[step]
        target[steps[-1]] = value

    return change


def again(*steps: str | int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    """Return what appends a copy of the first entry of a list, with changes."""

    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in steps:
            target = target[step]
        target.append({**copy.deepcopy(target[0]), **changes})

    return change


R, U, G, P = "RoleDetailList", "UserDetailList", "GroupDetailList", "Policies"
TWO_ROLES = [{"RoleName": "web"}, {"RoleName": "later"}]


@pytest.mark.parametrize(
    ("change", "says", "place"),
    [
        (put(R, 0, "AttachedManagedPolicies", 0, "PolicyArn", value=f"{ARN}:policy/gone"),
         "managed policy .*policy/gone' is attached, but not in 'Policies'", f"/{R}/0/AttachedManagedPolicies/0"),
        (put(R, 0, "PermissionsBoundary", "PermissionsBoundaryArn", value="x"), "is attached, but not in", f"/{R}/0/PermissionsBoundary"),
        (put(R, 0, "InstanceProfileList", 0, "Roles", value=TWO_ROLES),
         "holds at most 1 role, 'web-profile' has 2: web, later", f"/{R}/0/InstanceProfileList/0/Roles"),
        (put(R, 0, "InstanceProfileList", 0, "Roles", value=[{"RoleName": "gone"}]),
         "role 'gone' of instance profile 'web-profile' is not in RoleDetailList", f"/{R}/0/InstanceProfileList/0/Roles/0"),
        (again(R, 0, "InstanceProfileList"), "listed twice", f"/{R}/0/InstanceProfileList/1"),
        (again(R, 0, "InstanceProfileList", InstanceProfileName="WEB-PROFILE"), "listed twice", f"/{R}/0/InstanceProfileList/1"),
        (put(U, 0, "GroupList", value=["nope"]), "in group 'nope', which is not in GroupDetailList", f"/{U}/0/GroupList/0"),
        (put(U, 0, "GroupList", value=[None]), "which is not in GroupDetailList", f"/{U}/0/GroupList/0"),
        (again(R, RoleId="AROAOTHER"), "Role with name web already exists", f"/{R}/2"),
        (again(R, RoleId="AROAOTHER", RoleName="WEB", Arn=f"{ARN}:role/service/WEB"), "names ignore case", f"/{R}/2"),
        (again(R, RoleName="other"), "unique id 'AROAWEBAEXAMPLE' is used twice, first at /RoleDetailList/0/RoleId", f"/{R}/2/RoleId"),
        (again(U, UserId="AIDAOTHER"), "User with name alice already exists", f"/{U}/1"),
        (again(G, GroupId="AGPAOTHER"), "Group with name staff already exists", f"/{G}/1"),
        (again(P, PolicyId="ANPAOTHER"), "A policy called list already exists", f"/{P}/3"),
        (again(R, 0, "RolePolicyList"), "inline policy 'own' is listed twice", f"/{R}/0/RolePolicyList/1"),
        (again(P, 0, "PolicyVersionList"), "version 'v9' of 'list' is listed twice", f"/{P}/0/PolicyVersionList/2"),
        (put(P, 0, "DefaultVersionId", value="v1"), r"version 'v1' of 'list' is the default, but only \['v7', 'v9'\]", f"/{P}/0"),
        (put(P, 0, "PolicyVersionList", 1, "VersionId", value="7"), "is the default, but only", f"/{P}/0"),
        (put(P, 0, "PolicyVersionList", 0, "VersionId", value="x"), "a version id is 'v' and a number", f"/{P}/0"),
        (put(P, 0, "PolicyVersionList", 0, "Document", value={}), "missing 'Statement'", f"/{P}/0/PolicyVersionList/0/Document"),
        (put(P, 1, "Path", value="/other/"), "account, path and name give the ARN", f"/{P}/1/Arn"),
        (put(R, 0, "RolePolicyList", 0, "PolicyDocument", value="%7B%22Version"), "not JSON", f"/{R}/0/RolePolicyList/0/PolicyDocument"),
        (put(R, 0, "RolePolicyList", 0, "PolicyDocument", value=None), "expected a policy document", f"/{R}/0/RolePolicyList/0/PolicyDocument"),
        (put(R, 0, "RolePolicyList", 0, "PolicyDocument", "Statement", value=[]), "Statement", f"/{R}/0/RolePolicyList/0/PolicyDocument"),
        (put(R, 0, "AssumeRolePolicyDocument", value=None), "missing 'AssumeRolePolicyDocument'", f"/{R}/0"),
        (put(R, 0, "AssumeRolePolicyDocument", value=allow("sts:AssumeRole")), "Principal", f"/{R}/0/AssumeRolePolicyDocument"),
        (put(R, 0, "RoleName", value="a b"), "role name must be 1-64", f"/{R}/0"),
        (put(R, 0, "RoleName", value="other"), f"account, path and name give the ARN {ARN}:role/service/other", f"/{R}/0/Arn"),
        (put(R, 0, "Path", value=None), "path must be str", f"/{R}/0"),
        (put(R, 0, "MaxSessionDuration", value="3600"), "max_session_duration must be an int", f"/{R}/0"),
        (put(R, 0, "Tags", value={"a": "b"}), "'Tags' must be a list, got dict", f"/{R}/0/Tags"),
        (put(R, 0, "Tags", value=[{"Key": 1}]), "'Key' must be text, got int", f"/{R}/0/Tags/0/Key"),
        (put(R, 0, "Arn", value="arn:aws:iam::12345:role/web"), "account must be 12 digits", f"/{R}/0/Arn"),
        (put(R, 0, "Arn", value="arn:aws:iam::aws:role/web"), "account must be 12 digits", f"/{R}/0/Arn"),
        (put(R, 0, "Arn", value=f"arn:aws-cn:iam::{OWN}:role/web"), "only the partition 'aws' is simulated", f"/{R}/0/Arn"),
        (put(R, 0, "Arn", value="web"), "ARN needs 6 parts", f"/{R}/0/Arn"),
        (put(R, 0, "Arn", value="arn:aws:iam::111122223333:role/web"), "entities of several accounts", f"/{R}/0"),
        (put(R, 0, value=None), "expected an object, got NoneType", f"/{R}/0"),
        (put(R, value={}), "'RoleDetailList' must be a list, got dict", f"/{R}"),
        (put(U, 0, "UserId", value=None), "missing 'UserId'", f"/{U}/0"),
        (put("IsTruncated", value=True), "one page of several", "/IsTruncated"),
        (put("NextToken", value="abc"), "one page of several", "/NextToken"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(change: Callable[[dict[str, Any]], None], says: str, place: str) -> None:
    """A JSON pointer."""
    document = details()
    change(document)
    with pytest.raises(AuthorizationDetailsError, match=says) as caught:
        Account.from_authorization_details(document)
    assert f" at {place}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON: .*line 1 column 1"),
        ("{", "not JSON: .*truncated"),
        (json.dumps(details())[:-1], r"not JSON: .*\(the text ends there: is the file truncated\?\)"),
        (json.dumps(details())[:2000], "not JSON: .*truncated"),
        ("[]", "expected the JSON object that the AWS CLI prints, got list at /"),
        ("null", "got NoneType"),
        ("5", "got int"),
        ("{}", "none of UserDetailList, GroupDetailList, RoleDetailList, Policies is there"),
        ('{"Roles": []}', "is this the output of"),
        ('{"RoleDetailList": []}', "no role, user or group in it"),
        ('{"RoleDetailList": [], "RoleDetailList": []}', "duplicate key 'RoleDetailList' at /$"),
        ('{"RoleDetailList": [{"a/b": {"c": 1, "c": 2}}]}', "duplicate key 'c' at /RoleDetailList/0/a~1b$"),
        ("[" * 100_000, "nested too deeply"),
        ('{"RoleDetailList": [' + "9" * 5000 + "]}", "not JSON that anybody prints"),
        ("\ufeff{}", "not JSON: .*BOM"),
    ],
)
def test_a_text_that_is_not_such_a_document_is_refused(text: str, says: str) -> None:
    """Cut off, another command's output, or no JSON."""
    with pytest.raises(AuthorizationDetailsError, match=says):
        Account.from_authorization_details(text)


@pytest.mark.parametrize("document", [None, 5, [], b"{}", ("a",)])
def test_an_object_of_another_type_is_refused(document: Any) -> None:
    """Bytes are to be decoded first."""
    with pytest.raises(AuthorizationDetailsError, match="expected the JSON object"):
        Account.from_authorization_details(document)


def test_every_truncation_is_an_error_and_never_a_part_of_an_account() -> None:
    """Cut anywhere."""
    text = json.dumps(details())
    for end in range(0, len(text), 37):
        with pytest.raises(AuthorizationDetailsError):
            Account.from_authorization_details(text[:end])


HOSTILE: list[Any] = [
    None, True, 0, -1, 1.5, float("nan"), 10**30, "", "x", "%7B", "%7B%FF", "\ud800", "\0", "a" * 600, "arn:aws:iam::aws:role/x",
    [], {}, [None], ["a"], [[]], {"a": 1}, {"": None}, [{"RoleName": "x"}], [{"Key": "a", "Value": 1}],
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a document but the root."""
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


# Each seed tries other places; one of them in each run of everybody finds what a change breaks.
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_anything_anywhere_loads_or_is_an_error_with_its_place(seed: int) -> None:
    """A value of any type at any place, or a place that is missing: never another exception."""
    randomly = random.Random(seed)
    where = places(details())
    for _ in range(150):
        document = details()
        *path, last = randomly.choice(where)
        target: Any = document
        for step in path:
            target = target[step]
        what = randomly.choice([*HOSTILE, "gone"])
        if what == "gone":
            del target[last]
        else:
            target[last] = what
        try:
            Account.from_authorization_details(document)
        except AuthorizationDetailsError as error:
            assert " at /" in str(error)  # noqa: PT017 -- loading is an answer as well


def test_loading_leaves_the_callers_document_alone() -> None:
    """And what is changed in it afterwards changes nothing."""
    document = details()
    account = Account.from_authorization_details(document)
    assert document == details()
    document["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"]["Statement"][0]["Effect"] = "Deny"
    web = account.launch_instance("web-profile")
    assert web.can("sqs:SendMessage")
    assert code(web.call("sqs:SendMessage")) == "NotImplemented"
