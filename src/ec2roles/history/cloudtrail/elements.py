"""
What CloudTrail records of a call's parameters and of its answer: ``requestParameters`` and ``responseElements``.

Every service writes them in its own way. This is the plain one, which IAM and STS have: AWS's own names, their first letter
small, all the way down. `ec2roles.history.cloudtrail.ec2` and `ec2roles.history.cloudtrail.s3` have theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ec2roles.instants import medium
from ec2roles.policy import Policy

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""In place of a session token."""

SECRET = frozenset(
    "AuthenticationCode1 AuthenticationCode2 Base32StringSeed NewPassword OldPassword Password PrivateKey QRCodePNG "
    "SAMLAssertion SecretAccessKey ServicePassword TokenCode WebIdentityToken".split()
)
"""What is in no record: passwords, one-time codes, secret keys."""

# What has no name of AWS's that follows from ours by rule.
_SNAKE = {"acl": "ACL", "duration": "DurationSeconds", "message": "EncodedMessage", "session_name": "RoleSessionName"}

NOTHING = object()
"""In place of a value that no record can hold."""


def aws_names(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the parameters of a call under AWS's own names, in AWS's own forms, without secrets.

    >>> aws_names({"session_name": "test", "external_id": "x", "tags": (("team", "blue"),), "TokenCode": "123456"})
    {'RoleSessionName': 'test', 'ExternalId': 'x', 'Tags': [{'Key': 'team', 'Value': 'blue'}]}
    """
    converted: dict[str, Any] = {}
    for ours, value in parameters.items():
        name = ours if ours[:1].isupper() else _SNAKE.get(ours) or "".join(map(str.capitalize, ours.split("_")))
        if value is not None and name not in SECRET:
            converted[name] = _aws_form(name, value)
    return converted


def _aws_form(name: str, value: Any) -> Any:
    if name == "Tags":
        pairs = value.items() if isinstance(value, Mapping) else value
        return [{"Key": one[0], "Value": one[1]} if isinstance(one, tuple) else one for one in pairs]
    if name == "PolicyArns":
        return [{"arn": one} if isinstance(one, str) else one for one in value]
    return value.to_dict() if isinstance(value, Policy) else value


def plain_parameters(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return AWS's parameters as IAM's and STS's records have them; policies are JSON text there.

    >>> plain_parameters({"RoleName": "app", "Tags": [{"Key": "team", "Value": "blue"}]})
    {'roleName': 'app', 'tags': [{'key': 'team', 'value': 'blue'}]}
    """
    return _members(parameters, percent=False) or None


def plain_elements(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return AWS's answer as IAM's and STS's records have it; policies are percent-encoded there.

    >>> plain_elements({"AccessKey": {"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "secret", "Status": "Active"}})
    {'accessKey': {'accessKeyId': 'AKIAEXAMPLE', 'status': 'Active'}}
    """
    return _members(answer, percent=True) or None


def lower_first(name: str) -> str:
    """Return *name* with a small first letter: ``roleName``."""
    return name[:1].lower() + name[1:]


def scalar(value: Any) -> Any:
    """Return a value that is not a list and has no members as a record has it, or `NOTHING`."""
    if isinstance(value, datetime):
        return medium(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else NOTHING


def document(value: Any, *, percent: bool) -> Any:
    """Return a policy as text: JSON, or in answers percent-encoded."""
    text = json.dumps(value, separators=(",", ":")) if isinstance(value, Mapping) else value
    return quote(text, safe="") if percent and isinstance(text, str) else text


def _members(members: Mapping[str, Any], *, percent: bool) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in members.items():
        if name in SECRET:
            continue
        if name == "SessionToken":
            shown: Any = HIDDEN
        elif name.endswith(("Document", "Policy")) and isinstance(value, str | Mapping) and _is_document(name, value):
            shown = document(value, percent=percent)
        else:
            shown = _value(value, percent=percent)
        if shown is not NOTHING:
            record[lower_first(name)] = shown
    return record


def _is_document(name: str, value: str | Mapping[str, Any]) -> bool:
    # CreatePolicy answers with a member `Policy` that has members itself; AssumeRole takes a `Policy` that is a document.
    return isinstance(value, str) or name.endswith("Document") or "Statement" in value


def _value(value: Any, *, percent: bool) -> Any:
    if isinstance(value, Mapping):
        return _members({str(key): one for key, one in value.items()}, percent=percent)
    if isinstance(value, (list, tuple)):
        shown = (_value(one, percent=percent) for one in value)
        return [one for one in shown if one is not NOTHING]
    return scalar(value)
