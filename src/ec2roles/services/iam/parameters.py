"""The parameters of IAM's operations: which there are, which are required, and the constraints IAM checks (iam-sts-ec2 A1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ValidationError
from ec2roles.iam.names import (
    DESCRIPTION,
    GROUP_NAME,
    PATH,
    POLICY_DESCRIPTION,
    POLICY_NAME,
    POLICY_PATH,
    PROFILE_NAME,
    ROLE_NAME,
    USER_NAME,
    NameRule,
    validation_message,
    wrong_type,
)
from ec2roles.policy import Policy

Problem = tuple[str, str, str]
"""The value as shown, the member, and the constraint it breaks."""

Reader = Callable[[str, Any, list[Problem]], Any]
"""Given a parameter's name, its value and the list of problems, returns the value as operations take it."""

NOT_NULL = "Member must not be null"


def member(name: str) -> str:
    """Return how IAM's messages call a parameter: ``RoleName`` is ``roleName`` there."""
    return name[:1].lower() + name[1:]


def _refuse_type(name: str, value: object, types: str) -> ValidationError:
    return ValidationError(wrong_type(name, value, types), detail=f"{name} must be {types}, got {type(value).__name__}")


def _text(rule: NameRule) -> Reader:
    def read(name: str, value: Any, problems: list[Problem]) -> str:
        if not isinstance(value, str):
            raise _refuse_type(name, value, "<class 'str'>")
        problems.extend((shown(value), member(name), constraint) for constraint in rule.broken(value))
        return value

    return read


def _arn(name: str, value: Any, problems: list[Problem]) -> str:
    text: str = _text(_rule(r"[\s\S]*", 20, 2048))(name, value, problems)
    is_arn = text.startswith("arn:") and text.count(":") >= 5
    if not is_arn and not problems:
        raise ValidationError("Invalid ARN:  Could not be parsed!", detail=f"{name} must be an ARN, got {shown(text)}")
    return text


def _one_of(*values: str) -> Reader:
    def read(name: str, value: Any, problems: list[Problem]) -> str:
        if not isinstance(value, str):
            raise _refuse_type(name, value, "<class 'str'>")
        if value not in values:
            constraint = f"Member must satisfy enum value set: [{', '.join(values)}]"
            problems.append((shown(value), member(name), constraint))
        return value

    return read


def _whole(least: int | None = None, most: int | None = None) -> Reader:
    def read(name: str, value: Any, problems: list[Problem]) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _refuse_type(name, value, "<class 'int'>")
        if least is not None and value < least:
            problems.append((f"'{value}'", member(name), f"Member must have value greater than or equal to {least}"))
        if most is not None and value > most:
            problems.append((f"'{value}'", member(name), f"Member must have value less than or equal to {most}"))
        return value

    return read


def _flag(name: str, value: Any, problems: list[Problem]) -> bool:
    if not isinstance(value, bool):
        raise _refuse_type(name, value, "<class 'bool'>")
    return value


def _document(name: str, value: Any, problems: list[Problem]) -> Any:
    # boto3 takes text alone; our own policies and dicts are taken for the ease of those who write tests.
    if not isinstance(value, (str, Mapping, Policy)):
        raise _refuse_type(name, value, "<class 'str'>")
    if value == "":
        problems.append((shown(value), member(name), "Member must have length greater than or equal to 1"))
    return value


def _several(each: Reader) -> Reader:
    def read(name: str, value: Any, problems: list[Problem]) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise _refuse_type(name, value, "<class 'list'>, <class 'tuple'>")
        found: list[Any] = []
        for number, one in enumerate(value, 1):
            of_one: list[Problem] = []
            found.append(each(f"{name}[{number - 1}]", one, of_one))
            problems.extend((text, f"{member(name)}.{number}.member", constraint) for text, _, constraint in of_one)
        return found

    return read


def _structure(**members: Reader) -> Reader:
    """Return the reader of a structure; a member whose name ends in ``_`` may be left out."""
    known = {name.rstrip("_"): reader for name, reader in members.items()}
    required = [name for name in members if not name.endswith("_")]

    def read(name: str, value: Any, problems: list[Problem]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _refuse_type(name, value, "<class 'dict'>")
        for one in required:
            if one not in value:
                raise ValidationError(
                    f'Parameter validation failed:\nMissing required parameter in {name}: "{one}"',
                    detail=f"{name} needs {', '.join(required)}",
                )
        _refuse_unknown(value, list(known), name)
        return {one: known[one](f"{name}.{one}", value[one], problems) for one in value}

    return read


def _tags(name: str, value: Any, problems: list[Problem]) -> list[tuple[str, str]]:
    # Their patterns, and whether two are the same, are looked at by those who keep them.
    found = _several(_structure(Key=_any_text, Value=_any_text))(name, value, problems)
    return [(tag["Key"], tag["Value"]) for tag in found]


def _refuse_unknown(parameters: Mapping[str, Any], known: list[str], place: str) -> None:
    for name in parameters:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ValidationError(
                f'Parameter validation failed:\nUnknown parameter in {place}: "{name}", must be one of: {listed}',
                detail=f"no parameter {shown(name)} is simulated here",
            )


def _rule(regex: str, shortest: int, longest: int, pattern: str | None = None) -> NameRule:
    return NameRule("", "", regex if pattern is None else pattern, regex, shortest, longest)


_any_text = _text(_rule(r"[\s\S]*", 0, 131_072))
_resource_name = _text(_rule(r"[\s\S]*", 1, 2048))

# What each kind of parameter is. A parameter without a kind of its own is of the kind of its name.
_READERS: dict[str, Reader] = {
    "RoleName": _text(ROLE_NAME),
    "UserName": _text(_rule(USER_NAME.regex, 1, 128, USER_NAME.pattern)),
    "GroupName": _text(GROUP_NAME),
    "InstanceProfileName": _text(PROFILE_NAME),
    "PolicyName": _text(POLICY_NAME),
    "Path": _text(PATH),
    "PolicyPath": _text(POLICY_PATH),
    "PathPrefix": _text(_rule(r"/[!-\x7f]*", 1, 512, r"\u002F[\u0021-\u007F]*")),
    "Description": _text(DESCRIPTION),
    "PolicyDescription": _text(POLICY_DESCRIPTION),
    "PolicyArn": _arn,
    "PermissionsBoundary": _arn,
    "PolicySourceArn": _arn,
    "VersionId": _text(_rule(r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", 1, 128)),
    "AccessKeyId": _text(_rule(r"[A-Za-z0-9_]+", 16, 128, r"[\w]+")),
    "Status": _one_of("Active", "Inactive"),
    "Scope": _one_of("All", "AWS", "Local"),
    "EntityFilter": _one_of("User", "Role", "Group"),
    "Filter": _several(_one_of("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")),
    "PolicyUsageFilter": _one_of("PermissionsPolicy", "PermissionsBoundary"),
    "MaxItems": _whole(1, 1000),
    "MaxSessionDuration": _whole(3600, 43_200),
    "Marker": _text(_rule(r"[ -\xff]+", 1, 320, r"[\u0020-\u00FF]+")),
    "SetAsDefault": _flag,
    "OnlyAttached": _flag,
    "AssumeRolePolicyDocument": _document,
    "PolicyDocument": _document,
    "Tags": _tags,
    "TagKeys": _several(_text(_rule(r"[\s\S]*", 1, 128))),
    "PolicyInputList": _several(_document),
    "PermissionsBoundaryPolicyInputList": _several(_document),
    "OrderedOrganizationPolicyInputList": _several(_structure(ServiceControlPolicyInputList=_several(_document))),
    "ActionNames": _several(_text(_rule(r"[\s\S]*", 3, 128))),
    "ResourceArns": _several(_resource_name),
    "ResourcePolicy": _document,
    "ResourceOwner": _resource_name,
    "CallerArn": _resource_name,
    "ContextEntries": _several(
        _structure(
            ContextKeyName=_text(_rule(r"[\s\S]*", 5, 256)),
            ContextKeyValues=_several(_any_text),
            ContextKeyType_=_one_of(
                *(
                    f"{one}{many}"
                    for one in ("string", "numeric", "boolean", "ip", "binary", "date")
                    for many in ("", "List")
                )
            ),
        )
    ),
}


@attrs.frozen(eq=False)
class Parameters:
    """
    The parameters of one operation.

    >>> of_role = parameters("RoleName* Path")
    >>> of_role.read({"RoleName": "app"})
    {'RoleName': 'app'}

    Args:
        readers: the parameters by name, each with what reads it.
        required: those that must be given.
    """

    readers: Mapping[str, Reader] = attrs.field(repr=False)
    required: tuple[str, ...]

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return *given*, checked.

        Raises:
            ValidationError: for what is missing, unknown, of another type, breaks a constraint, or should be an ARN; all broken constraints
                are told at once, as IAM does.
        """
        _refuse_unknown(given, list(self.readers), "input")
        problems: list[Problem] = [("null", member(name), NOT_NULL) for name in self.required if name not in given]
        read = {name: self.readers[name](name, value, problems) for name, value in given.items()}
        if problems:
            told = "; ".join(f"{name} is {value}: {constraint}" for value, name, constraint in problems)
            raise ValidationError(validation_message(problems), detail=told)
        return read


def parameters(written: str) -> Parameters:
    """
    Read how a table writes the parameters: names in a row, ``*`` behind the required, ``=KIND`` where the name is no kind.

    Args:
        written: such as ``PolicyName* Path=PolicyPath``.
    """
    readers: dict[str, Reader] = {}
    required = []
    for one in written.split():
        name, _, kind = one.rstrip("*").partition("=")
        readers[name] = _READERS[kind or name]
        if one.endswith("*"):
            required.append(name)
    return Parameters(readers, tuple(required))
