"""The ``aws`` command: what it writes and how it ends, as the real one (1.45.11) was seen to."""

from __future__ import annotations

import pytest

from ec2roles.errors import AwsError, ExpiredTokenError
from ec2roles.programs.terminal.terminal import Terminal
from helpers.fakes import NOW, ROLE, FakeApi, denied, make_terminal

NO_CREDENTIALS = 'Unable to locate credentials. You can configure credentials by running "aws configure".\n'
MISSING = "\nThe config profile (nope) could not be found\n"
PARTIAL = "\nPartial credentials found in env, missing: AWS_SECRET_ACCESS_KEY\n"
IDENTITY = """{
    "UserId": "AROAEXAMPLE:i-0123456789abcdef0",
    "Account": "123456789012",
    "Arn": "arn:aws:sts::123456789012:assumed-role/EC2Role/i-0123456789abcdef0"
}
"""
ARN = "arn:aws:sts::123456789012:assumed-role/EC2Role/i-0123456789abcdef0"
DAY = "2026-01-01 00:00:00"


def photos() -> dict[str, dict[str, bytes]]:
    objects = {"cat.jpg": b"meow", "d/e/z": b"123456", "d/x": b"", "big": b"a" * 123456}
    return {"photos": objects, "empty": {}}


def api_of(terminal: Terminal) -> FakeApi:
    assert isinstance(terminal.api, FakeApi)
    return terminal.api


WITHOUT_CREDENTIALS = [
    ("aws s3 ls", NO_CREDENTIALS, 255),
    ("aws s3 ls s3://photos", NO_CREDENTIALS, 255),
    ("aws sts get-caller-identity", NO_CREDENTIALS, 255),
    ("aws s3 ls --profile nope", MISSING, 255),
    ("aws s3 ls --profile=nope", MISSING, 255),
    ("AWS_PROFILE=nope aws s3 ls", MISSING, 255),
    ("AWS_PROFILE=nope aws sts get-caller-identity", MISSING, 255),
    ("AWS_ACCESS_KEY_ID=AKIAX aws s3 ls", PARTIAL, 255),
    ("AWS_ACCESS_KEY_ID=AKIAX aws s3 mb s3://photos", PARTIAL, 255),
    ("AWS_SECRET_ACCESS_KEY=x aws s3 ls", NO_CREDENTIALS, 255),
    ("aws s3 cp nofile s3://photos/k", "\nThe user-provided path nofile does not exist.\n", 255),
    ("aws s3 cp f s3://photos/k", "upload failed: ./f to s3://photos/k Unable to locate credentials\n", 1),
    ("aws s3 cp - s3://photos/k", "upload failed: - to s3://photos/k Unable to locate credentials\n", 1),
    ("aws s3 cp s3://photos/k f", "fatal error: Unable to locate credentials\n", 1),
    ("aws s3 cp s3://photos/k -", "download failed: s3://photos/k to - Unable to locate credentials\n", 1),
    ("aws s3 mb s3://photos", "make_bucket failed: s3://photos Unable to locate credentials\n", 1),
    ("aws s3 rm s3://photos/k", "delete failed: s3://photos/k Unable to locate credentials\n", 1),
]


@pytest.mark.parametrize(("command", "stderr", "exit_code"), WITHOUT_CREDENTIALS)
def test_without_credentials_each_command_says_so_in_its_own_way(command: str, stderr: str, exit_code: int) -> None:
    terminal = make_terminal(role=False)
    terminal.files.write("f", "x")
    done = terminal.run(command, position=NOW)

    assert ("", stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


def test_a_call_without_credentials_is_still_made_known() -> None:
    """The api records it, with the reason; it is AWS that would never hear of it."""
    terminal = make_terminal(role=False)
    terminal.run("aws s3 ls", position=NOW)
    (call,) = api_of(terminal).calls

    assert (call.credentials, call.source) == (None, None)
    assert call.refusal is not None
    assert call.refusal.code == "NoCredentials"


WORKING = [
    ("aws s3 ls", f"{DAY} photos\n{DAY} empty\n"),
    ("aws s3 ls s3://", f"{DAY} photos\n{DAY} empty\n"),
    (
        "aws s3 ls s3://photos",
        f"                           PRE d/\n{DAY}     123456 big\n{DAY}          4 cat.jpg\n",
    ),
    ("aws s3 ls photos/c", f"{DAY}          4 cat.jpg\n"),
    ("aws s3 ls s3://photos/d", "                           PRE d/\n"),
    ("aws s3 ls s3://photos/d/", f"                           PRE e/\n{DAY}          0 x\n"),
    (
        "aws s3 ls s3://photos --recursive --human-readable --summarize",
        (
            f"{DAY}  120.6 KiB big\n{DAY}    4 Bytes cat.jpg\n{DAY}    6 Bytes d/e/z\n{DAY}    0 Bytes d/x\n"
            "\nTotal Objects: 4\n   Total Size: 120.6 KiB\n"
        ),
    ),
    ("aws s3 ls s3://empty", ""),
    ("aws s3 ls s3://empty/", ""),
    ("aws s3 mb s3://new && aws s3 ls s3://new", "make_bucket: new\n"),
    ("aws s3 cp s3://photos/cat.jpg -", "meow"),
    ("aws s3 cp s3://photos/cat.jpg . && cat cat.jpg", "download: s3://photos/cat.jpg to ./cat.jpg\nmeow"),
    ("aws s3 cp s3://photos/cat.jpg sub/ && cat sub/cat.jpg", "download: s3://photos/cat.jpg to sub/cat.jpg\nmeow"),
    ("aws s3 cp s3://photos/cat.jpg /tmp/x", "download: s3://photos/cat.jpg to ../../tmp/x\n"),
    ("aws s3 cp s3://photos/cat.jpg x --quiet && cat x", "meow"),
    ("aws s3 cp s3://photos/cat.jpg x --dryrun; rm x", "(dryrun) download: s3://photos/cat.jpg to ./x\n"),
    ("aws s3 cp f s3://empty", "upload: ./f to s3://empty/f\n"),
    ("aws s3 cp ~/f s3://empty/d/ --no-progress", "upload: ./f to s3://empty/d/f\n"),
    ("aws s3 cp f s3://empty/k --only-show-errors && aws s3 cp s3://empty/k -", "x"),
    ("aws s3 cp f s3://empty/k --dryrun", "(dryrun) upload: ./f to s3://empty/k\n"),
    ("echo hi | aws s3 cp - s3://empty/k; aws s3 cp s3://empty/k -", "hi\n"),
    ("aws s3 rm s3://photos/big; aws s3 ls s3://photos/b", "delete: s3://photos/big\n"),
    ("aws s3 rm s3://photos/big --dryrun", "(dryrun) delete: s3://photos/big\n"),
    ("aws s3 rm s3://photos/big --quiet", ""),
    ("aws sts get-caller-identity", IDENTITY),
    ("aws sts get-caller-identity --query Arn --output text", f"{ARN}\n"),
    ("aws sts get-caller-identity --query Arn", f'"{ARN}"\n'),
    (
        "aws sts get-caller-identity --output text",
        f"123456789012\t{ARN}\tAROAEXAMPLE:i-0123456789abcdef0\n",
    ),
    (
        "aws sts get-caller-identity --query '[Account, UserId]' --output text",
        "123456789012\tAROAEXAMPLE:i-0123456789abcdef0\n",
    ),
    (
        "aws sts get-caller-identity --query '[Account]'",
        '[\n    "123456789012"\n]\n',
    ),
    ("aws sts get-caller-identity --query Foo --output text", "None\n"),
    ("aws sts get-caller-identity --query Foo", "null\n"),
    ("AWS_DEFAULT_OUTPUT=text aws sts get-caller-identity --query Account", "123456789012\n"),
    ("aws --version", "aws-cli/1.45.11 ec2roles\n"),
]


@pytest.mark.parametrize(("command", "stdout"), WORKING)
def test_a_command_that_works_writes_what_the_real_one_writes(command: str, stdout: str) -> None:
    terminal = make_terminal(buckets=photos())
    terminal.files.write("f", "x")
    done = terminal.run(command, position=NOW)

    assert stdout == done.stdout
    assert done.stderr.replace("rm: cannot remove 'x': No such file or directory\n", "") == ""


def test_nothing_under_a_prefix_is_told_by_the_exit_code_alone() -> None:
    done = make_terminal(buckets=photos()).run("aws s3 ls s3://photos/nope", position=NOW)

    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 1)


NO_BUCKET = "operation: The specified bucket does not exist\n"
NO_ME = "operation: User: arn:me is not authorized to perform: x\n"
FAILING = [
    ("aws s3 ls s3://nope", f"\nAn error occurred (NoSuchBucket) when calling the ListObjectsV2 {NO_BUCKET}", 255),
    (
        "aws s3 cp f s3://nope/k",
        f"upload failed: ./f to s3://nope/k An error occurred (NoSuchBucket) when calling the PutObject {NO_BUCKET}",
        1,
    ),
    (
        "aws s3 cp s3://photos/nope f",
        'fatal error: An error occurred (404) when calling the HeadObject operation: Key "nope" does not exist\n',
        1,
    ),
    (
        "aws s3 cp s3://photos/nope -",
        (
            "download failed: s3://photos/nope to - "
            "An error occurred (404) when calling the HeadObject operation: Not Found\n"
        ),
        1,
    ),
    (
        "aws s3 rm s3://nope/k",
        f"delete failed: s3://nope/k An error occurred (NoSuchBucket) when calling the DeleteObject {NO_BUCKET}",
        1,
    ),
]
REFUSED = [
    ("aws s3 ls", "ListBuckets", f"\nAn error occurred (AccessDenied) when calling the ListBuckets {NO_ME}", 255),
    (
        "aws s3 ls s3://photos",
        "ListObjectsV2",
        f"\nAn error occurred (AccessDenied) when calling the ListObjectsV2 {NO_ME}",
        255,
    ),
    (
        "aws s3 cp f s3://photos/k",
        "PutObject",
        f"upload failed: ./f to s3://photos/k An error occurred (AccessDenied) when calling the PutObject {NO_ME}",
        1,
    ),
    ("aws s3 cp f s3://photos/k --quiet", "PutObject", "", 1),
    (
        "aws s3 cp s3://photos/cat.jpg f",
        "HeadObject",
        "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden\n",
        1,
    ),
    (
        "aws s3 cp s3://photos/cat.jpg -",
        "HeadObject",
        (
            "download failed: s3://photos/cat.jpg to - "
            "An error occurred (403) when calling the HeadObject operation: Forbidden\n"
        ),
        1,
    ),
    (
        "aws s3 cp s3://photos/cat.jpg f",
        "GetObject",
        (
            "download failed: s3://photos/cat.jpg to ./f "
            f"An error occurred (AccessDenied) when calling the GetObject {NO_ME}"
        ),
        1,
    ),
    (
        "aws s3 mb s3://b",
        "CreateBucket",
        f"make_bucket failed: s3://b An error occurred (AccessDenied) when calling the CreateBucket {NO_ME}",
        1,
    ),
    (
        "aws sts get-caller-identity",
        "GetCallerIdentity",
        f"\nAn error occurred (AccessDenied) when calling the GetCallerIdentity {NO_ME}",
        255,
    ),
]


@pytest.mark.parametrize(("command", "stderr", "exit_code"), FAILING)
def test_what_aws_answers_is_worded_as_the_real_command_words_it(command: str, stderr: str, exit_code: int) -> None:
    terminal = make_terminal(buckets=photos())
    terminal.files.write("f", "x")
    done = terminal.run(command, position=NOW)

    assert ("", stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


@pytest.mark.parametrize(("command", "operation", "stderr", "exit_code"), REFUSED)
def test_a_denial_is_worded_as_the_real_command_words_it(
    command: str, operation: str, stderr: str, exit_code: int
) -> None:
    terminal = make_terminal(buckets=photos(), denied={operation: denied("x")})
    terminal.files.write("f", "x")
    done = terminal.run(command, position=NOW)

    assert ("", stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


def test_an_expired_token_shows_in_a_download_as_a_bad_request() -> None:
    """The answer to a HEAD has no body, and S3 answers 400; whoever sees it has to know."""
    expired: AwsError = ExpiredTokenError("The provided token has expired.", status=400)
    terminal = make_terminal(buckets=photos(), denied={"HeadObject": expired, "ListBuckets": expired})

    assert (
        terminal.run("aws s3 cp s3://photos/cat.jpg f", position=NOW).stderr
        == "fatal error: An error occurred (400) when calling the HeadObject operation: Bad Request\n"
    )
    assert (
        terminal.run("aws s3 ls", position=NOW).stderr
        == "\nAn error occurred (ExpiredToken) when calling the ListBuckets operation: The provided token has expired.\n"
    )


CALLS = [
    ("aws s3 ls", "s3:ListAllMyBuckets", None, "ListBuckets", {}),
    (
        "aws s3 ls photos/d/",
        "s3:ListBucket",
        "arn:aws:s3:::photos",
        "ListObjectsV2",
        {"bucket": "photos", "prefix": "d/", "delimiter": "/"},
    ),
    (
        "aws s3 ls photos --recursive",
        "s3:ListBucket",
        "arn:aws:s3:::photos",
        "ListObjectsV2",
        {"bucket": "photos", "prefix": ""},
    ),
    ("aws s3 cp f s3://empty/k", "s3:PutObject", "arn:aws:s3:::empty/k", "PutObject", {"body": b"x"}),
    ("aws s3 cp s3://photos/cat.jpg -", "s3:GetObject", "arn:aws:s3:::photos/cat.jpg", "GetObject", {}),
    ("aws s3 rm s3://photos/big", "s3:DeleteObject", "arn:aws:s3:::photos/big", "DeleteObject", {}),
    (
        "aws s3 mb s3://new --region eu-west-1",
        "s3:CreateBucket",
        "arn:aws:s3:::new",
        "CreateBucket",
        {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
    ),
    ("aws sts get-caller-identity", "sts:GetCallerIdentity", None, "GetCallerIdentity", {}),
]


@pytest.mark.parametrize(("command", "action", "resource", "operation", "parameters"), CALLS)
def test_a_command_makes_the_call_of_the_real_one(
    command: str, action: str, resource: str | None, operation: str, parameters: dict[str, object]
) -> None:
    terminal = make_terminal(buckets=photos())
    terminal.files.write("f", "x")
    terminal.run(command, position=NOW)
    call = api_of(terminal).calls[-1]

    assert (action, resource, operation, parameters) == (call.action, call.resource, call.operation, call.parameters)
    assert (call.credentials, call.source, call.position) == (ROLE, "iam-role", NOW)


def test_a_download_asks_for_the_head_first() -> None:
    terminal = make_terminal(buckets=photos())
    terminal.run("aws s3 cp s3://photos/cat.jpg -", position=NOW)

    assert [(call.action, call.operation) for call in api_of(terminal).calls] == [
        ("s3:GetObject", "HeadObject"),
        ("s3:GetObject", "GetObject"),
    ]


def test_keys_that_are_exported_sign_and_keys_that_are_not_do_not() -> None:
    terminal = make_terminal()
    terminal.run("AWS_ACCESS_KEY_ID=AKIA; AWS_SECRET_ACCESS_KEY=x; aws s3 ls", position=NOW)
    terminal.run("export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; aws s3 ls", position=NOW)
    terminal.run("unset AWS_ACCESS_KEY_ID; aws s3 ls", position=NOW)
    terminal.run("AWS_ACCESS_KEY_ID=AKIB aws s3 ls", position=NOW)

    assert [call.source for call in api_of(terminal).calls] == ["iam-role", "env", "iam-role", "env"]


def test_a_region_that_was_named_goes_with_the_call() -> None:
    terminal = make_terminal()
    for command in ("", "export AWS_DEFAULT_REGION=eu-west-1;"):
        terminal.run(f"{command} aws sts get-caller-identity", position=NOW)

    here = {"aws:SourceIp": "198.51.100.7"}
    assert [call.context for call in api_of(terminal).calls] == [here, {**here, "aws:RequestedRegion": "eu-west-1"}]


def test_without_any_region_sts_insists_on_one() -> None:
    """S3 does not; and AWS_REGION means nothing to version 1 of the CLI."""
    terminal = make_terminal(region=None)
    text = 'You must specify a region. You can also configure your region by running "aws configure".\n'

    assert text == terminal.run("AWS_REGION=eu-west-1 aws sts get-caller-identity", position=NOW).stderr
    assert terminal.run("aws s3 ls", position=NOW).ok
    assert terminal.run("AWS_DEFAULT_REGION=eu-west-1 aws sts get-caller-identity", position=NOW).ok


USAGE_ERRORS = [
    ("aws", "the following arguments are required: command"),
    ("aws ec2 describe-instances", "argument command: Invalid choice, valid choices are:"),
    ("aws s3api list-buckets", "argument command: Invalid choice, valid choices are:"),
    ("aws s3 sync . s3://b", "argument subcommand: Invalid choice, valid choices are:"),
    ("aws sts", "the following arguments are required: operation"),
    ("aws sts assume-role", "argument operation: Invalid choice, valid choices are:"),
    ("aws configure foo", "argument subcommand: Invalid choice, valid choices are:"),
    ("aws configure get", "the following arguments are required: varname"),
    ("aws configure set", "the following arguments are required: varname, value"),
    ("aws configure set region", "the following arguments are required: value"),
    ("aws s3 cp a", "the following arguments are required: paths"),
    ("aws s3 mb", "the following arguments are required: path"),
    ("aws s3 rm", "the following arguments are required: paths"),
    ("aws s3 ls --profile", "argument --profile: expected one argument"),
    ("aws s3 ls --output yaml", "argument --output: Invalid choice, valid choices are:"),
]


@pytest.mark.parametrize(("command", "complaint"), USAGE_ERRORS)
def test_an_unreadable_command_line_ends_with_2_and_the_known_commands(command: str, complaint: str) -> None:
    done = make_terminal().run(command, position=NOW)

    assert done.exit_code == 2
    assert done.stderr.startswith("usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n")
    assert f"\naws: error: {complaint}\n" in done.stderr
    assert done.stderr.endswith(
        "\nec2roles: this terminal knows aws s3 ls|cp|mb|rm, aws sts get-caller-identity,"
        " aws configure [list|get|set], aws --version\n"
    )


ARGUMENT_ERRORS = [
    ("aws s3", "\nusage: aws [options] <command> <subcommand> [parameters]\naws: error: too few arguments\n", 255),
    ("aws s3 mb foo", "\n<S3Uri>\nError: Invalid argument type\n", 255),
    ("aws s3 rm foo", "\nusage: aws s3 rm <S3Uri>\nError: Invalid argument type\n", 255),
    (
        "aws s3 cp a b",
        (
            "\nusage: aws s3 cp <LocalPath> <S3Uri> or <S3Uri> <LocalPath> or <S3Uri> <S3Uri>\n"
            "Error: Invalid argument type\n"
        ),
        255,
    ),
    ("aws s3 ls a b", "\nUnknown options: b\n", 255),
    ("aws s3 ls --foo", "\nUnknown options: --foo\n", 255),
    ("aws configure list extra", "\nUnknown options: extra\n", 255),
    ("aws s3 ls 's3://a!b'", '\nParameter validation failed:\nInvalid bucket name "a!b": Bucket name must', 255),
    ("aws s3 mb s3://", 'make_bucket failed: s3:// Parameter validation failed:\nInvalid bucket name ""', 1),
    ("aws s3 cp s3://a/b s3://c/d", "ec2roles: copies from bucket to bucket are not simulated\n", 1),
    ("aws s3 cp s3://a b", "ec2roles: 's3://a' names no object", 1),
    ("aws s3 rm s3://a/", "ec2roles: 's3://a/' names no object", 1),
    ("aws s3 cp ~ s3://a", "ec2roles: '/home/ec2-user' is a directory", 1),
    ("aws s3 cp - s3://a", "ec2roles: what comes from standard input needs a whole key", 1),
    ("aws sts get-caller-identity --query 'a.b'", "\nec2roles: of --query this terminal knows a name", 255),
]


@pytest.mark.parametrize(("command", "stderr", "exit_code"), ARGUMENT_ERRORS)
def test_wrong_arguments_are_told_before_anything_is_called(command: str, stderr: str, exit_code: int) -> None:
    terminal = make_terminal()
    done = terminal.run(command, position=NOW)

    assert exit_code == done.exit_code
    assert done.stderr.startswith(stderr)
    assert api_of(terminal).calls == []


def test_a_config_file_that_cannot_be_parsed_stops_every_command() -> None:
    terminal = make_terminal()
    terminal.files.write("~/.aws/config", "broken")
    text = "botocore.exceptions.ConfigParseError: Unable to parse config file: /home/ec2-user/.aws/config\n"
    commands = ["aws s3 ls", "aws sts get-caller-identity", "aws configure", "aws configure get a.b"]

    assert [(text, 1)] * 4 == [
        (done.stderr, done.exit_code) for done in (terminal.run(command, position=NOW) for command in commands)
    ]
