"""The ``aws configure`` commands: the questions, and list, get and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ec2roles.programs.files import to_text
from ec2roles.programs.profiles import config_section, edit
from ec2roles.programs.program import Completed, Ended
from ec2roles.programs.terminal.session import FAILED, AwsSession, invalid_choice, usage

QUESTIONS = (
    ("aws_access_key_id", "AWS Access Key ID"),
    ("aws_secret_access_key", "AWS Secret Access Key"),
    ("region", "Default region name"),
    ("output", "Default output format"),
)
KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token")
"""The options that belong into the credentials file, whoever sets them."""

NOT_SET = ("<not set>", "None", "None")


def run(session: AwsSession, words: Sequence[str]) -> Completed:
    """
    Run ``aws configure`` followed by *words*.

    Raises:
        Ended: when it ends before its last line.
    """
    if not words:
        return _ask(session)
    command, *rest = words
    if command == "list" and not rest:
        return _list(session)
    if command == "get":
        return _get(session, rest)
    if command == "set":
        return _set(session, rest)
    if command == "list":
        raise Ended(FAILED, f"\nUnknown options: {','.join(rest)}\n")
    raise invalid_choice("subcommand", ("list", "get", "set"))


def mask(value: str) -> str:
    """
    Return *value* as ``aws configure`` shows a key.

    >>> mask("AKIAIOSFODNN7EXAMPLE")
    '****************MPLE'
    """
    return "*" * 16 + value[-4:]


def _ask(session: AwsSession) -> Completed:
    try:
        current = session.settings()
    except Ended as end:
        # A profile that is not there yet is what the command is for.
        if "could not be found" not in end.completed.stderr:
            raise
        current = {}
    shown, changes = [], {}
    for option, question in QUESTIONS:
        value = current.get(option)
        known = value if isinstance(value, str) else None
        shown.append(f"{question} [{mask(known) if known and option in KEYS else known}]: ")
        line = session.invocation.stdin.readline()
        if not line:
            hint = (
                "ec2roles: nobody types here; give the answers as stdin, one a line\n"
                if option == QUESTIONS[0][0]
                else ""
            )
            raise Ended(FAILED, f"\nEOF when reading a line\n{hint}", "".join(shown))
        answer = line.rstrip("\r\n")
        if answer and answer != known:
            changes[option] = answer
    if changes:
        profile = session.profile_in_force or "default"
        _write_keys(session, profile, {name: value for name, value in changes.items() if name in KEYS})
        _write_settings(session, profile, {name: value for name, value in changes.items() if name not in KEYS})
    return Completed("".join(shown))


def _write_keys(session: AwsSession, profile: str, values: Mapping[str, str]) -> None:
    if values:
        _edit(session, session.chain.credentials_path(session.environment), profile, values)


def _write_settings(session: AwsSession, profile: str, values: Mapping[str, str]) -> None:
    # The section is written even if nothing is in it; that makes the profile known.
    _edit(session, session.chain.config_path(session.environment), config_section(profile), values)


def _edit(session: AwsSession, path: str, section: str, values: Mapping[str, str]) -> None:
    files = session.chain.files
    files.write(path, edit(to_text(files.read(path) or b""), section=section, values=values))


def _list(session: AwsSession) -> Completed:
    lines = [_row("Name", "Value", "Type", "Location"), _row("----", "-----", "----", "--------")]
    environment, chain = session.environment, session.chain
    name = session.profile_in_force
    if session.profile is not None:
        lines.append(_row("profile", session.profile, "manual", "--profile"))
    elif name is not None:
        lines.append(_row("profile", name, "env", "['AWS_DEFAULT_PROFILE', 'AWS_PROFILE']"))
    else:
        lines.append(_row("profile", *NOT_SET))
    try:
        settings = session.settings()
        resolved = session.resolve()
    except Ended as end:
        raise Ended(end.completed.exit_code, end.completed.stderr, "".join(lines)) from None
    credentials = resolved.credentials
    if credentials is None:
        lines += [_row("access_key", *NOT_SET), _row("secret_key", *NOT_SET)]
    else:
        source = resolved.source or ""
        lines.append(_row("access_key", mask(credentials.access_key_id), source, ""))
        lines.append(_row("secret_key", mask(credentials.secret_access_key.reveal()), source, ""))
    region = settings.get("region")
    if environment.get("AWS_DEFAULT_REGION"):
        lines.append(_row("region", environment["AWS_DEFAULT_REGION"], "env", "AWS_DEFAULT_REGION"))
    elif isinstance(region, str):
        lines.append(_row("region", region, "config-file", chain.config_path(environment)))
    else:
        lines.append(_row("region", *NOT_SET))
    return Completed("".join(lines))


def _row(name: str, value: str, kind: str, location: str) -> str:
    return f"{name:>10} {value:>24} {kind:>16}    {location}\n"


def _get(session: AwsSession, words: Sequence[str]) -> Completed:
    if len(words) != 1:
        raise usage("the following arguments are required: varname")
    parts = words[0].split(".")
    if len(parts) == 1:
        value = session.settings().get(parts[0])
    else:
        profiles = session.profiles()
        if parts[0] == "profile":
            profile, options = parts[1], parts[2:]
        elif parts[0] == "default" or parts[0] in profiles:
            profile, options = parts[0], parts[1:]
        else:
            profile, options = session.profile_in_force or "default", parts
        value = profiles.scoped(profile).get(options[0]) if options else None
        if len(options) == 2:
            value = value.get(options[1]) if isinstance(value, dict) else None
    if isinstance(value, str):
        return Completed(f"{value}\n")
    if value is None:
        return Completed(exit_code=1)
    complaint = f"varname ({words[0]}) must reference a value, not a section or sub-section."
    return Completed("", complaint, 1)


def _set(session: AwsSession, words: Sequence[str]) -> Completed:
    if len(words) != 2:
        missing = ("varname, value", "value")[min(len(words), 1)]
        raise usage(f"the following arguments are required: {missing}")
    name, value = words
    if "\n" in value or "\r" in value:
        complaint = f"Invalid value for key {name}: newline characters and carriage returns are not allowed."
        raise Ended(FAILED, f"\n{complaint}\n")
    profile, parts = session.profile or session.profile_in_force or "default", name.split(".")
    if parts[0] == "default":
        profile, parts = "default", parts[1:]
    elif parts[0] == "profile" and len(parts) > 2:
        profile, parts = parts[1], parts[2:]
    if len(parts) != 1:
        raise Ended(
            FAILED, f"\nec2roles: options within options, such as '{name}', cannot be set here; write the file\n"
        )
    if parts[0] in KEYS:
        _write_keys(session, profile, {parts[0]: value})
    else:
        _write_settings(session, profile, {parts[0]: value})
    return Completed()
