"""The ``aws`` command, as the AWS CLI 1.45 behaves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.calls import Api
from ec2roles.programs.chain import CredentialChain
from ec2roles.programs.program import Completed, Ended, Invocation
from ec2roles.programs.terminal import configure, s3
from ec2roles.programs.terminal.session import FAILED, NO_REGION, USAGE, AwsSession, ending, invalid_choice, usage

VERSION = "aws-cli/1.45.11 ec2roles\n"
OPTIONS = ("profile", "region", "output", "query")
OUTPUTS = ("json", "text")


@attrs.frozen
class Aws:
    """
    The ``aws`` of one instance.

    Args:
        api: where its calls go.
        chain: where it looks for credentials and settings.
        region: the region where nobody named one; None to insist that somebody does.
        context: context keys that go with every call.
        sender: the id of the instance.
    """

    api: Api
    chain: CredentialChain
    region: str | None = None
    context: Mapping[str, Any] = attrs.field(factory=dict)
    sender: str | None = None

    def run(self, invocation: Invocation) -> Completed:
        """Run ``aws`` with these arguments."""
        try:
            return self._run(invocation)
        except Ended as end:
            return end.completed

    def _run(self, invocation: Invocation) -> Completed:
        options, words = _read(invocation.arguments)
        if words[:1] == ["--version"]:
            return Completed(VERSION)
        if not words:
            raise usage("the following arguments are required: command")
        session = AwsSession(self.api, self.chain, invocation, options, self.region, self.context, self.sender)
        command, *rest = words
        if command == "s3":
            return s3.run(session, rest)
        if command == "sts":
            return _sts(session, rest)
        if command == "configure":
            return configure.run(session, rest)
        raise invalid_choice("command", ("configure", "s3", "sts"))


def _read(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options that every command takes, wherever they stand, and the other words."""
    options: dict[str, str] = {}
    words = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, sign, value = word[2:].partition("=")
        if not word.startswith("--") or name not in OPTIONS:
            words.append(word)
            continue
        if not sign:
            if not waiting:
                raise usage(f"argument --{name}: expected one argument")
            value = waiting.pop(0)
        options[name] = value
    if options.get("output", "json") not in OUTPUTS:
        raise invalid_choice("--output", OUTPUTS)
    return options, words


def _sts(session: AwsSession, words: Sequence[str]) -> Completed:
    if not words:
        raise usage("the following arguments are required: operation")
    if words[0] != "get-caller-identity":
        raise invalid_choice("operation", ("get-caller-identity",))
    if len(words) > 1:
        raise Ended(FAILED, f"{USAGE}\nUnknown options: {', '.join(words[1:])}\n")
    output = session.setting("output", "AWS_DEFAULT_OUTPUT") or "json"
    region = session.chosen_region()
    if region is None and session.default_region is None and session.resolve().credentials is not None:
        raise Ended(FAILED, NO_REGION)
    query = session.options.get("query")
    names = _query(query) if query is not None else None
    context = {} if region is None else {"aws:RequestedRegion": region}
    response = session.call("sts:GetCallerIdentity", operation="GetCallerIdentity", context=context)
    if response.error is not None:
        raise Ended(*ending(response.error, "GetCallerIdentity"))
    identity = response.value
    answer = {"UserId": identity.user_id, "Account": identity.account, "Arn": identity.arn}
    if names is None:
        # As text the CLI sorts by name; as JSON it keeps the order of the answer.
        picked = [answer[name] for name in sorted(answer)]
        return Completed("\t".join(picked) + "\n" if output == "text" else json.dumps(answer, indent=4) + "\n")
    values = [answer.get(name) for name in names]
    if output == "text":
        return Completed("\t".join(str(value) for value in values) + "\n")
    single = query is not None and not query.strip().startswith("[")
    return Completed(json.dumps(values[0] if single else values, indent=4) + "\n")


def _query(query: str) -> list[str]:
    """Read the part of JMESPath that fits here: a name, or a list of names."""
    found = re.fullmatch(r"\s*(\[)?\s*(\w+(?:\s*,\s*\w+)*)\s*(\])?\s*", query)
    if not found or bool(found[1]) != bool(found[3]) or ("," in found[2] and not found[1]):
        raise Ended(FAILED, f"\nec2roles: of --query this terminal knows a name or a list of names, not '{query}'\n")
    return [name.strip() for name in found[2].split(",")]
