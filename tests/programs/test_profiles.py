"""AWS's profile files, read and edited."""

from __future__ import annotations

import pytest

from ec2roles.errors import CredentialError
from ec2roles.programs.profiles import config_section, edit, parse, read_profiles


def test_config_sections_carry_the_word_profile_and_credentials_sections_do_not() -> None:
    config = b"[default]\nregion = a\n[profile dev]\nregion = b\n[other]\nregion = c\n[profile 'my team']\nregion = d\n"
    profiles = read_profiles(config, b"[dev]\nx = 1\n[profile odd]\n", config_path="c", credentials_path="d")

    assert list(profiles.config) == ["default", "dev", "my team"]
    assert list(profiles.credentials) == ["dev", "profile odd"]
    assert profiles.scoped("dev") == {"region": "b", "x": "1"}


def test_option_names_are_read_in_lower_case() -> None:
    assert parse(b"[default]\r\nAWS_ACCESS_KEY_ID: AKIA\r\n", "x") == {"default": {"aws_access_key_id": "AKIA"}}


@pytest.mark.parametrize(
    "content",
    [
        b"no section",
        b"[a]\nno value\n",
        b"[a]\n[a]\n",
        b"[a]\nx = 1\nx = 2\n",
        b"[a]\nx =\n  no value\n",
        b"[a]\nx = \xff\n",
    ],
)
def test_what_botocore_cannot_parse_is_refused(content: bytes) -> None:
    with pytest.raises(CredentialError, match=r"^ConfigParseError: Unable to parse config file: /x$"):
        parse(content, "/x")


EDITS = [
    ("", "default", {}, "[default]\n"),
    ("", "default", {"a": "1"}, "[default]\na = 1\n"),
    ("[default]\na = 1", "default", {"b": "2"}, "[default]\na = 1\nb = 2\n"),
    ("[default]\na=1\n", "default", {"a": "2"}, "[default]\na = 2\n"),
    ("[x]\na = 1\n", "default", {"a": "2"}, "[x]\na = 1\n[default]\na = 2\n"),
    ("[x]\na = 1\n\n[y]\nb = 1\n", "x", {"c": "2"}, "[x]\na = 1\nc = 2\n\n[y]\nb = 1\n"),
    ("[x]\ns3 =\n  q = 1\n[y]\n", "x", {"c": "2"}, "[x]\ns3 =\n  q = 1\nc = 2\n[y]\n"),
    ("# [x]\n[x]\n# a = 0\n", "x", {"a": "1"}, "# [x]\n[x]\n# a = 0\na = 1\n"),
]


@pytest.mark.parametrize(("text", "section", "values", "edited"), EDITS)
def test_an_edit_leaves_all_else_as_it_was(text: str, section: str, values: dict[str, str], edited: str) -> None:
    assert edited == edit(text, section=section, values=values)


@pytest.mark.parametrize("name", ["default", "dev", "my team"])
def test_what_is_written_for_a_profile_is_read_for_it(name: str) -> None:
    text = edit("", section=config_section(name), values={"region": "eu-west-1"})
    profiles = read_profiles(text.encode(), None, config_path="c", credentials_path="d")

    assert profiles.scoped(name) == {"region": "eu-west-1"}
