"""Decisions about a loaded account: what is printed, and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ec2roles.cli.main import main


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def role(name: str, service: str = "ec2.amazonaws.com", **more: Any) -> dict[str, Any]:
    """A role as the AWS CLI prints it."""
    arn = f"arn:aws:iam::111122223333:role/{name}"
    trust = policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper():E<10}EXAMPLE",
        "Arn": arn,
        "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [
            {
                "Path": "/",
                "InstanceProfileName": name,
                "InstanceProfileId": f"AIPA{name.upper():E<10}EXAMPLE",
                "Arn": f"arn:aws:iam::111122223333:instance-profile/{name}",
                "CreateDate": "2026-01-01T00:00:00+00:00",
                "Roles": [{"RoleName": name, "Arn": arn}],
            }
        ],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        **more,
    }


ALLOW_LIST = {"Sid": "List", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
FROM_HOME = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::photos/*",
    "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
}
ACCOUNT: dict[str, Any] = {
    "UserDetailList": [
        {
            "UserName": "alice",
            "UserId": "AIDAALICEEEXAMPLE",
            "Path": "/",
            "Arn": "arn:aws:iam::111122223333:user/alice",
            "GroupList": ["staff"],
            "AttachedManagedPolicies": [],
        }
    ],
    "GroupDetailList": [
        {
            "GroupName": "staff",
            "GroupId": "AGPASTAFFEXAMPLE",
            "Path": "/",
            "Arn": "arn:aws:iam::111122223333:group/staff",
            "GroupPolicyList": [],
            "AttachedManagedPolicies": [],
        }
    ],
    "RoleDetailList": [
        role("web", RolePolicyList=[{"PolicyName": "s3", "PolicyDocument": policy(ALLOW_LIST, FROM_HOME)}]),
        role("task", "ecs-tasks.amazonaws.com"),
        role(
            "bound",
            AttachedManagedPolicies=[
                {"PolicyName": "list", "PolicyArn": "arn:aws:iam::111122223333:policy/list"},
                {"PolicyName": "ReadOnly", "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
            ],
            PermissionsBoundary={
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/list",
            },
        ),
        role("unused", InstanceProfileList=[]),
    ],
    "Policies": [
        {
            "PolicyName": "list",
            "PolicyId": "ANPALISTEXAMPLE",
            "Arn": "arn:aws:iam::111122223333:policy/list",
            "Path": "/",
            "DefaultVersionId": "v2",
            "PolicyVersionList": [
                {"VersionId": "v2", "IsDefaultVersion": True, "Document": policy(ALLOW_LIST)},
                {
                    "VersionId": "v1",
                    "IsDefaultVersion": False,
                    "Document": policy({"Effect": "Deny", "Action": "*", "Resource": "*"}),
                },
            ],
        }
    ],
}


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run ``ec2roles check`` on a document, with arguments."""

    def run(document: object, *arguments: str) -> tuple[int, str]:
        file = tmp_path / "account.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        out = io.StringIO()
        return main(["check", str(file), *arguments], out), out.getvalue()

    return run


Check = Callable[..., tuple[int, str]]


def test_an_allowed_action_ends_with_0_and_names_the_deciding_statement(check: Check) -> None:
    """The policy, the statement and its Sid."""
    status, told = check(ACCOUNT, "--profile", "web", "s3:ListAllMyBuckets")

    assert status == 0
    assert told.startswith("ALLOWED: s3:ListAllMyBuckets\n")
    assert "arn:aws:iam::111122223333:instance-profile/web" in told
    assert '"s3" /Statement/0' in told
    assert '"List"' in told


def test_a_question_is_asked_at_its_moment(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """What conditions see as aws:CurrentTime."""
    spring = {"DateLessThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}}
    allow = policy({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*", "Condition": spring})
    account = {"RoleDetailList": [role("web", RolePolicyList=[{"PolicyName": "spring", "PolicyDocument": allow}])]}
    arguments = ("--profile", "web", "s3:ListAllMyBuckets", "--at")

    assert check(account, *arguments, "2026-05-31")[0] == 0
    assert check(account, *arguments, "2026-06-01T00:59+01:00")[0] == 0
    assert check(account, *arguments, "2026-06-01T01:00+01:00")[0] == 1
    assert check(account, *arguments, "next year")[0] == 2
    assert "'--at' must be a moment in ISO 8601" in capsys.readouterr().err


def test_a_denied_action_ends_with_1_and_says_why(check: Check) -> None:
    """The condition that failed, with its value."""
    arguments = ("s3:GetObject", "--profile", "web", "--resource", "arn:aws:s3:::photos/cat.jpg")
    status, told = check(ACCOUNT, *arguments, "--context", "aws:SourceIp=198.51.100.9")

    assert status == 1
    assert told.startswith("DENIED: s3:GetObject on arn:aws:s3:::photos/cat.jpg\n")
    assert "198.51.100.9" in told
    assert check(ACCOUNT, *arguments, "--context", "aws:SourceIp=192.0.2.9")[0] == 0


def test_the_default_version_of_a_policy_and_the_boundary_count(check: Check) -> None:
    """An AWS managed policy that the document leaves out is known all the same."""
    assert check(ACCOUNT, "--profile", "bound", "s3:ListAllMyBuckets")[0] == 0
    status, told = check(ACCOUNT, "--profile", "bound", "s3:GetObject", "--resource", "arn:aws:s3:::photos/cat.jpg")

    assert status == 1
    assert "boundary" in told


def test_a_role_ec2_cannot_assume_gives_the_instance_nothing(check: Check) -> None:
    """No credentials, and the trust policy is why."""
    status, told = check(ACCOUNT, "--profile", "task", "s3:ListAllMyBuckets")

    assert status == 1
    assert "Unable to locate credentials" in told
    assert "EC2 cannot assume the role 'task': User: ec2.amazonaws.com is not authorized" in told


def test_the_list_shows_profiles_roles_and_whether_ec2_can_assume_them(check: Check) -> None:
    """And names the roles that no profile holds."""
    status, told = check(ACCOUNT, "--list")
    lines = {line.split()[0]: line for line in told.splitlines() if line}

    assert status == 0
    assert lines["web"].endswith("yes")
    assert "no: EC2 cannot assume the role 'task'" in lines["task"]
    assert told.rstrip().endswith("in no instance profile, so not for instances: unused")


def test_documents_may_be_url_encoded_as_the_api_sends_them(check: Check) -> None:
    """The AWS CLI decodes them, other tools do not."""
    from urllib.parse import quote

    document = json.loads(json.dumps(ACCOUNT))
    one = document["RoleDetailList"][0]
    one["AssumeRolePolicyDocument"] = quote(json.dumps(one["AssumeRolePolicyDocument"]))
    one["RolePolicyList"][0]["PolicyDocument"] = quote(json.dumps(one["RolePolicyList"][0]["PolicyDocument"]))

    assert check(document, "--profile", "web", "s3:ListAllMyBuckets")[0] == 0


def _set(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.strip("/").split("/")
        target: Any = document
        for parent in parents:
            target = target[int(parent)] if isinstance(target, list) else target[parent]
        target[int(last) if isinstance(target, list) else last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _set("/RoleDetailList/2/AttachedManagedPolicies/0/PolicyArn", "arn:aws:iam::111122223333:policy/gone"),
            (
                "managed policy 'arn:aws:iam::111122223333:policy/gone' is attached, but not in 'Policies' "
                "at /RoleDetailList/2/AttachedManagedPolicies/0"
            ),
        ),
        (
            _set("/RoleDetailList/0/InstanceProfileList/0/Roles", [{"RoleName": "web"}, {"RoleName": "task"}]),
            "an instance profile holds at most 1 role, 'web' has 2: web, task at /RoleDetailList/0/InstanceProfileList/0/Roles",
        ),
        (
            _set("/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/0/Effect", "Maybe"),
            "/RoleDetailList/0/RolePolicyList/0",
        ),
        (
            _set("/RoleDetailList/0/AssumeRolePolicyDocument", None),
            "missing 'AssumeRolePolicyDocument' at /RoleDetailList/0",
        ),
        (_set("/RoleDetailList/0/RoleName", "a/b"), "role name must be 1-64 of"),
        (_set("/RoleDetailList/0/RoleName", 7), "'RoleName' must be text, got int at /RoleDetailList/0/RoleName"),
        (_set("/RoleDetailList/1/RoleName", "WEB"), "'web' already exists (names ignore case)"),
        (_set("/RoleDetailList", {}), "'RoleDetailList' must be a list, got dict at /RoleDetailList"),
        (_set("/RoleDetailList/0", []), "expected an object, got list at /RoleDetailList/0"),
        (
            _set("/UserDetailList/0/GroupList/0", "nobody"),
            "which is not in GroupDetailList at /UserDetailList/0/GroupList/0",
        ),
        (
            _set("/Policies/0/DefaultVersionId", "v9"),
            "version 'v9' of 'list' is the default, but only ['v1', 'v2'] are there",
        ),
        (_set("/UserDetailList/0/Arn", "arn:aws:iam::999999999999:user/alice"), "entities of several accounts"),
        (_set("/UserDetailList/0/Arn", "alice"), "ARN needs 6 parts"),
    ],
)
def test_a_document_that_is_wrong_somewhere_ends_with_2_and_the_place(
    check: Check, change: Callable[[dict[str, Any]], object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A JSON pointer, and no traceback."""
    document = json.loads(json.dumps(ACCOUNT))
    change(document)

    assert check(document, "--list") == (2, "")
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps(ACCOUNT)[:-40], "truncated"),
        ("", "not JSON"),
        ("[]", "expected the JSON object that the AWS CLI prints, got list"),
        ("{}", "is this the output of 'aws iam get-account-authorization-details'?"),
        ('{"RoleDetailList": []}', "no role, user or group in it"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_text_that_is_no_such_document_ends_with_2(
    check: Check, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Truncated, empty, or something else."""
    assert check(text, "--list") == (2, "")
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "nope", "s3:ListAllMyBuckets"], "no instance profile 'nope'; known: 'bound', 'task', 'web'"),
        (["--profile", "web"], "give --profile NAME and an ACTION, or --list"),
        (["s3:ListAllMyBuckets"], "give --profile NAME and an ACTION, or --list"),
        (["--profile", "web", "ListAllMyBuckets"], "an action is a service prefix and a name"),
        (["--profile", "web", "s3:List*"], "s3:List*"),
        (["--profile", "web", "s3:GetObject"], "name the resource"),
        (["--profile", "web", "s3:ListAllMyBuckets", "--context", "aws:SourceIp"], "--context takes KEY=VALUE"),
    ],
)
def test_wrong_arguments_end_with_2_and_say_what_is_meant(
    check: Check, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each says the cure."""
    assert check(ACCOUNT, *arguments)[0] == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_not_there_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """The operating system's reason is given."""
    assert main(["check", "/no/such/file.json", "--list"], io.StringIO()) == 2
    assert "cannot read '/no/such/file.json': No such file or directory" in capsys.readouterr().err
