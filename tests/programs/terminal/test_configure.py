"""``aws configure``: questions, files, and the table of ``list``."""

from __future__ import annotations

import pytest

from ec2roles.programs.terminal.terminal import Terminal
from helpers.fakes import NOW, FakeApi, make_terminal

ANSWERS = "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nus-east-1\n\n"
KEYS = (
    "[default]\n"
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
)
HEAD = (
    "      Name                    Value             Type    Location\n"
    "      ----                    -----             ----    --------\n"
)


def configured() -> Terminal:
    terminal = make_terminal()
    terminal.run("aws configure", position=NOW, stdin=ANSWERS)
    return terminal


def test_the_questions_are_those_of_the_real_command() -> None:
    done = make_terminal().run("aws configure", position=NOW, stdin=ANSWERS)

    assert done.stdout == (
        "AWS Access Key ID [None]: AWS Secret Access Key [None]: Default region name [None]: Default output format [None]: "
    )
    assert (done.stderr, done.exit_code) == ("", 0)


def test_what_was_typed_lies_in_the_files_for_all_to_read() -> None:
    """That is the lesson: a key on a disk is a key that anybody on the machine can copy."""
    terminal = configured()

    assert terminal.run("cat ~/.aws/credentials", position=NOW).stdout == KEYS
    assert terminal.run("cat ~/.aws/config", position=NOW).stdout == "[default]\nregion = us-east-1\n"


def test_typed_keys_hide_the_instance_role_until_they_are_removed() -> None:
    terminal = configured()
    terminal.run("aws s3 ls; rm ~/.aws/credentials; aws s3 ls", position=NOW)
    assert isinstance(terminal.api, FakeApi)

    assert [call.source for call in terminal.api.calls] == ["shared-credentials-file", "iam-role"]


def test_known_keys_are_masked_and_an_empty_answer_keeps_them() -> None:
    terminal = configured()
    done = terminal.run("aws configure", position=NOW, stdin="\n\n\njson\n")

    assert done.stdout == (
        "AWS Access Key ID [****************MPLE]: AWS Secret Access Key [****************EKEY]: "
        "Default region name [us-east-1]: Default output format [None]: "
    )
    assert terminal.run("cat ~/.aws/credentials", position=NOW).stdout == KEYS
    assert terminal.run("cat ~/.aws/config", position=NOW).stdout == "[default]\nregion = us-east-1\noutput = json\n"


@pytest.mark.parametrize("command", ["aws configure --profile dev", "AWS_PROFILE=dev aws configure"])
def test_a_new_profile_gets_sections_of_its_own(command: str) -> None:
    terminal = make_terminal()
    done = terminal.run(command, position=NOW, stdin="AK\nSK\n\n\n")

    assert done.ok
    assert terminal.files.read("~/.aws/credentials") == b"[dev]\naws_access_key_id = AK\naws_secret_access_key = SK\n"
    assert terminal.files.read("~/.aws/config") == b"[profile dev]\n"


def test_a_profile_with_a_blank_is_quoted_in_the_config_file() -> None:
    terminal = make_terminal()
    terminal.run("aws configure --profile 'my team'", position=NOW, stdin="AK\nSK\neu-west-1\n\n")

    assert terminal.files.read("~/.aws/config") == b"[profile 'my team']\nregion = eu-west-1\n"
    assert terminal.run("aws configure get region --profile 'my team'", position=NOW).stdout == "eu-west-1\n"


def test_answers_that_end_too_early_change_nothing() -> None:
    terminal = make_terminal()
    done = terminal.run("aws configure", position=NOW, stdin="AK\nSK\n")

    assert done.stdout == "AWS Access Key ID [None]: AWS Secret Access Key [None]: Default region name [None]: "
    assert (done.stderr, done.exit_code) == ("\nEOF when reading a line\n", 255)
    assert terminal.files.paths() == []


def test_without_any_answer_the_terminal_says_where_they_come_from() -> None:
    done = make_terminal().run("aws configure", position=NOW)

    assert done.stderr == (
        "\nEOF when reading a line\nec2roles: nobody types here; give the answers as stdin, one a line\n"
    )


SETTINGS = [
    # commands, the credentials file, the config file
    ("aws configure set region eu-west-2", None, "[default]\nregion = eu-west-2\n"),
    ("aws configure set default.output text", None, "[default]\noutput = text\n"),
    ("aws configure set profile.zed.region us-west-1", None, "[profile zed]\nregion = us-west-1\n"),
    ("aws configure set region a --profile new", None, "[profile new]\nregion = a\n"),
    ("AWS_PROFILE=new aws configure set region a", None, "[profile new]\nregion = a\n"),
    ("aws configure set aws_access_key_id AK", "[default]\naws_access_key_id = AK\n", None),
    ("aws configure set aws_session_token T --profile new", "[new]\naws_session_token = T\n", None),
    ("AWS_CONFIG_FILE=c aws configure set region a; cat c > ~/.aws/config", None, "[default]\nregion = a\n"),
]


@pytest.mark.parametrize(("command", "credentials", "config"), SETTINGS)
def test_set_writes_keys_to_one_file_and_all_else_to_the_other(
    command: str, credentials: str | None, config: str | None
) -> None:
    terminal = make_terminal()
    done = terminal.run(command, position=NOW)

    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)
    assert (None if credentials is None else credentials.encode()) == terminal.files.read("~/.aws/credentials")
    assert (None if config is None else config.encode()) == terminal.files.read("~/.aws/config")


GETTING = [
    ("aws configure get aws_access_key_id", "AKIAIOSFODNN7EXAMPLE\n", "", 0),
    ("aws configure get region", "us-east-1\n", "", 0),
    ("aws configure get default.region", "us-east-1\n", "", 0),
    ("aws configure get profile.default.region", "us-east-1\n", "", 0),
    ("aws configure get dev.aws_access_key_id", "AK\n", "", 0),
    ("aws configure get output", "", "", 1),
    ("aws configure get nope.region", "", "", 1),
    ("aws configure get region --profile dev", "", "", 1),
    ("aws configure get region --profile nope", "", "\nThe config profile (nope) could not be found\n", 255),
    ("aws configure get s3.max_queue_size", "9\n", "", 0),
    ("aws configure get s3", "", "varname (s3) must reference a value, not a section or sub-section.", 1),
]


@pytest.mark.parametrize(("command", "stdout", "stderr", "exit_code"), GETTING)
def test_get_finds_what_set_wrote(command: str, stdout: str, stderr: str, exit_code: int) -> None:
    terminal = configured()
    terminal.run("aws configure --profile dev", position=NOW, stdin="AK\nSK\n\n\n")
    terminal.files.write("~/.aws/config", "[default]\nregion = us-east-1\ns3 =\n  max_queue_size = 9\n[profile dev]\n")
    done = terminal.run(command, position=NOW)

    assert (stdout, stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


NONE = "                <not set>             None    None\n"


def test_list_shows_where_each_value_comes_from() -> None:
    terminal = configured()

    assert (
        f"{HEAD}   profile{NONE}"
        "access_key     ****************MPLE shared-credentials-file    \n"
        "secret_key     ****************EKEY shared-credentials-file    \n"
        "    region                us-east-1      config-file    ~/.aws/config\n"
    ) == terminal.run("aws configure list", position=NOW).stdout


def test_list_names_the_instance_role_and_the_environment() -> None:
    terminal = make_terminal()
    role = terminal.run("AWS_DEFAULT_REGION=us-west-2 aws configure list", position=NOW).stdout
    terminal.run("export AWS_ACCESS_KEY_ID=AKIAENV AWS_SECRET_ACCESS_KEY=secretenv", position=NOW)
    environment = terminal.run("aws configure list", position=NOW).stdout

    assert (
        f"{HEAD}   profile{NONE}"
        "access_key     ****************0000         iam-role    \n"
        "secret_key     ****************cret         iam-role    \n"
        "    region                us-west-2              env    AWS_DEFAULT_REGION\n"
    ) == role
    assert (
        f"{HEAD}   profile{NONE}"
        "access_key     ****************AENV              env    \n"
        "secret_key     ****************tenv              env    \n"
        f"    region{NONE}"
    ) == environment


def test_list_without_anything_says_so() -> None:
    done = make_terminal(role=False).run("aws configure list", position=NOW)

    assert f"{HEAD}   profile{NONE}access_key{NONE}secret_key{NONE}    region{NONE}" == done.stdout
    assert done.ok


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("aws configure list --profile nope", "   profile                     nope           manual    --profile\n"),
        (
            "AWS_PROFILE=nope aws configure list",
            "   profile                     nope              env    ['AWS_DEFAULT_PROFILE', 'AWS_PROFILE']\n",
        ),
    ],
)
def test_list_stops_at_a_missing_profile(command: str, row: str) -> None:
    done = make_terminal().run(command, position=NOW)

    assert (f"{HEAD}{row}", "\nThe config profile (nope) could not be found\n", 255) == (
        done.stdout,
        done.stderr,
        done.exit_code,
    )


def test_a_value_of_two_lines_is_not_written() -> None:
    """And it is not repeated, for it may be a secret."""
    terminal = make_terminal()
    done = terminal.run("aws configure set aws_secret_access_key 'a\nb'", position=NOW)

    assert (
        done.stderr
        == "\nInvalid value for key aws_secret_access_key: newline characters and carriage returns are not allowed.\n"
    )
    assert terminal.files.paths() == []
