"""AWS's two profile files, ``~/.aws/credentials`` and ``~/.aws/config``: how they are read and how they are edited."""

from __future__ import annotations

import configparser
import io
import re
import shlex
from collections.abc import Mapping

import attrs

from ec2roles.errors import CredentialError

Section = dict[str, "str | dict[str, str]"]
"""The options of one section; an indented block under an option is a dict of its own."""

HEADER = re.compile(r"\s*\[([^\]]+)\]")
OPTION = re.compile(r"([^:=\s][^:=]*?)\s*[:=]")


@attrs.frozen(repr=False)
class Profiles:
    """
    Both files, read.

    Args:
        config: the profiles of ``~/.aws/config`` by name: ``[default]`` and every ``[profile x]``.
        credentials: the sections of ``~/.aws/credentials`` by name.
    """

    config: Mapping[str, Section] = attrs.field(factory=dict)
    credentials: Mapping[str, Section] = attrs.field(factory=dict)

    def __contains__(self, name: object) -> bool:
        return name in self.config or name in self.credentials

    def scoped(self, name: str) -> Section:
        """Return the options of the profile *name* in both files; the credentials file wins."""
        return {**self.config.get(name, {}), **self.credentials.get(name, {})}

    def __repr__(self) -> str:
        return f"<Profiles: {', '.join(sorted({*self.config, *self.credentials})) or 'none'}>"


def read_profiles(
    config: bytes | None, credentials: bytes | None, *, config_path: str, credentials_path: str
) -> Profiles:
    """
    Read the two files, as botocore does.

    >>> profiles = read_profiles(b"[profile dev]\\nregion = eu-west-1", None, config_path="c", credentials_path="d")
    >>> profiles.scoped("dev")
    {'region': 'eu-west-1'}

    Args:
        config: the content of the config file; None if there is none.
        credentials: the content of the credentials file; None if there is none.
        config_path: named in the error.
        credentials_path: named in the error.

    Raises:
        CredentialError: ``ConfigParseError``, if a file cannot be parsed. What is in it is not repeated.
    """
    return Profiles(
        {} if config is None else _profiles(parse(config, config_path)),
        {} if credentials is None else parse(credentials, credentials_path),
    )


def parse(content: bytes, path: str) -> dict[str, Section]:
    """
    Return the sections of one file.

    >>> parse(b"[default]\\nRegion = us-east-1\\ns3 =\\n  max_queue_size = 9\\n", "config")
    {'default': {'region': 'us-east-1', 's3': {'max_queue_size': '9'}}}

    Raises:
        CredentialError: ``ConfigParseError``, if it cannot be parsed.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(content.decode("utf-8"), newline=None))
        return {
            name: {option: _nested(value) if value.startswith("\n") else value for option, value in parser.items(name)}
            for name in parser.sections()
        }
    except (configparser.Error, ValueError):
        # The parser's own message quotes the line, which may hold a secret.
        raise CredentialError(f"Unable to parse config file: {path}", code="ConfigParseError") from None


def _nested(value: str) -> dict[str, str]:
    pairs = [line.split("=", 1) for line in value.splitlines() if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("an indented block must hold NAME = value lines")
    return {name.strip(): text.strip() for name, text in pairs}


def _profiles(sections: dict[str, Section]) -> dict[str, Section]:
    found = {}
    for header, section in sections.items():
        if header == "default":
            found[header] = section
        elif header.startswith("profile"):
            try:
                words = shlex.split(header)
            except ValueError:
                continue
            if len(words) == 2:
                found[words[1]] = section
    return found


def config_section(profile: str) -> str:
    """
    Return the section of the config file that holds *profile*.

    >>> config_section("default"), config_section("dev"), config_section("my team")
    ('default', 'profile dev', "profile 'my team'")
    """
    if profile == "default":
        return profile
    return f"profile {shlex.quote(profile) if ' ' in profile or chr(9) in profile else profile}"


def edit(text: str, *, section: str, values: Mapping[str, str]) -> str:
    """
    Return *text* with *values* set in *section*, all else untouched, as ``aws configure`` edits it.

    >>> print(edit("# mine\\n[default]\\nregion = us-east-1\\n", section="default", values={"output": "json"}), end="")
    # mine
    [default]
    region = us-east-1
    output = json

    Args:
        text: the file; empty if there was none.
        section: its header without brackets; added at the end if it is missing.
        values: option names and values; an option that is there is replaced in place.
    """
    lines = text.splitlines()
    remaining = dict(values)
    start = next((index for index, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if start is None:
        lines.append(f"[{section}]")
        start = len(lines) - 1
    last = start
    for index in range(start + 1, len(lines)):
        if HEADER.match(lines[index]):
            break
        option = OPTION.match(lines[index])
        if option:
            last = index
            if option[1] in remaining:
                lines[index] = f"{option[1]} = {remaining.pop(option[1])}"
        elif lines[index][:1].isspace() and lines[index].strip():
            last = index
    lines[last + 1 : last + 1] = [f"{name} = {value}" for name, value in remaining.items()]
    return "\n".join(lines) + "\n"
