"""The tour tells every step of the lesson, from live objects."""

from __future__ import annotations

import io
import json
import re

import pytest

from ec2roles.cli.main import main


def tell(*arguments: str) -> str:
    """The tour, told with these arguments."""
    out = io.StringIO()
    assert main(["tour", *arguments], out) == 0
    return out.getvalue()


STEPS = [
    'Unable to locate credentials. You can configure credentials by running "aws configure".\n',
    '"Service": "ec2.amazonaws.com"',
    "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    "instance profile of the same name: arn:aws:iam::123456789012:instance-profile/EC2Role",
    "['No role', 'EC2Role']",
    "Invalid IAM Instance Profile ARN",
    "assume AssumeRole arn:aws:iam::123456789012:role/EC2Role by ec2.amazonaws.com",
    '"Code" : "Success"',
    '"Type" : "AWS-HMAC"',
    '"Expiration" : "2026-01-01T06:00:00Z"',
    "2026-01-01 00:00:00 ac-instance-role-demo",
    (
        "upload failed: ./cat.txt to s3://ac-instance-role-demo/cat.txt An error occurred (AccessDenied) when calling the "
        "PutObject operation"
    ),
    "because no identity-based policy allows the s3:PutObject action",
    "still lists: ac-instance-role-demo",
    "ExpiredToken: The provided token has expired.",
    "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    "upload: ./cat.txt to s3://ac-instance-role-demo/cat.txt",
    "[console] Modify IAM role: No role",
    "Detaching is not revoking: the last credentials, kept by somebody, still work until",
    "aws configure",
    "shared-credentials-file",
    "arn:aws:iam::123456789012:user/bob",
    "DB_PASSWORD",
    "a role has no password and cannot sign in",
]


def test_every_step_of_the_lesson_is_told_in_order() -> None:
    """Each piece stands after the one before."""
    told = tell()
    place = -1
    for step in STEPS:
        found = told.find(step, place + 1)
        assert found > place, f"{step!r} is missing after character {place}"
        place = found


def test_the_same_seed_tells_the_same_and_another_seed_other_ids() -> None:
    """Byte for byte."""
    assert tell() == tell("--seed", "0")

    def without_ids(text: str) -> str:
        return re.sub(r"[A-Za-z0-9+/]{9,}={0,2}|0[0-9a-f]{16}", "", text)

    assert tell() != tell("--seed", "1")
    assert without_ids(tell()) == without_ids(tell("--seed", "1"))


def test_the_role_and_the_account_can_be_named() -> None:
    """Both appear wherever the defaults did."""
    told = tell("--role", "Reader", "--account", "111122223333")

    assert "arn:aws:iam::111122223333:instance-profile/Reader" in told
    assert "EC2Role" not in told
    assert "123456789012" not in told


@pytest.mark.parametrize("name", ["writer", "writer-profile", "alice", "Uploader"])
def test_a_role_may_be_called_like_something_else_in_the_story(name: str) -> None:
    """The story finds another name for its second role."""
    assert "All of it is in the history" in tell("--role", name)


def test_another_managed_policy_gives_another_story() -> None:
    """An administrator's write is allowed, and that of a role that only reports to SSM is not even listed."""
    admin = tell("--managed-policy", "AdministratorAccess")
    ssm = tell("--managed-policy", "AmazonSSMManagedInstanceCore")

    assert "AdministratorAccess allows that as well" in admin
    assert (
        "upload failed: ./cat.txt to s3://ac-instance-role-demo/cat.txt An error occurred (AccessDenied)" not in admin
    )
    assert "still lists" not in ssm
    assert "because no identity-based policy allows the s3:ListAllMyBuckets action" in ssm


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--role", "no/slash"], "role name must be 1-64 of"),
        (["--account", "12"], "account must be 12 digits, got '12'"),
        (["--managed-policy", "AmazonS3ReadOnly"], "'AmazonS3ReadOnlyAccess'"),
        (["--managed-policy", "arn:aws:iam::123456789012:policy/none"], "no managed policy"),
    ],
)
def test_bad_input_ends_with_status_2_and_a_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback."""
    out = io.StringIO()

    assert main(["tour", *arguments], out) == 2
    assert out.getvalue() == ""
    assert message in capsys.readouterr().err


def test_the_tour_is_what_runs_without_a_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """Options may stand alone, too."""
    assert main([]) == 0
    plain = capsys.readouterr().out
    assert main(["--seed", "0"]) == 0

    assert capsys.readouterr().out == plain == tell()


@pytest.mark.parametrize("arguments", [["--help"], ["tour", "--help"], ["check", "--help"]])
def test_help_says_what_there_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 0
    assert "usage: ec2roles" in capsys.readouterr().out


def test_the_metadata_document_in_the_tour_is_json() -> None:
    """What curl prints can be read by a program."""
    told = tell()
    start = told.index('{\n  "Code" : "Success"')
    document = json.loads(told[start : told.index("\n}", start) + 2])

    assert list(document) == ["Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"]
