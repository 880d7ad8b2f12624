"""What is wrong with a parameter, and the words in which each kind of service says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import AwsError, DurationError, InstanceError, InvalidNameError, ResourceError, ValidationError
from ec2roles.iam.names import validation_message

Place = tuple[str | int, ...]
"""Where a parameter is: names of members, and numbers in lists, from 1 on: ``("Tags", 1, "Key")``."""

NULL, ENUM, PATTERN, LENGTH, RANGE = "null", "enum", "pattern", "length", "range"

_NAMES = ("Name", "Path", "Description", "ExternalId", "SourceIdentity", "Alias", "Key", "Value")


@attrs.frozen(eq=False)
class Problem:
    """
    One constraint of AWS's model that a parameter breaks.

    Args:
        place: where it is.
        value: what was given; None if nothing was.
        kind: ``null``, ``enum``, ``pattern``, ``length`` or ``range``.
        constraint: how IAM and STS word it: ``Member must not be null``.
        limits: the smallest and the largest that there may be, each None where there is no such limit.
    """

    place: Place
    value: Any = attrs.field(repr=False)
    kind: str
    constraint: str
    limits: tuple[int | None, int | None] = (None, None)


Wording = Callable[[str, Sequence[Problem]], AwsError]
"""Given the operation's name and what is wrong, returns the error."""


def member(place: Place) -> str:
    """
    Return how IAM and STS call a parameter in their messages.

    >>> member(("Tags", 1, "Key"))
    'tags.1.member.key'
    """
    parts = (f"{part}.member" if isinstance(part, int) else part[:1].lower() + part[1:] for part in place)
    return ".".join(parts)


def in_sdk(place: Place) -> str:
    """
    Return how boto3 calls a parameter.

    >>> in_sdk(("Tags", 1, "Key")), in_sdk(())
    ('Tags[0].Key', 'input')
    """
    text = "".join(f"[{part - 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "input"


def said(value: Any) -> str:
    """
    Return a value as AWS's messages show it.

    >>> print(said("x"), said(None), said(["a", "b"]), said([{"Key": "team", "Value": "red"}]))
    'x' null '[a, b]' '[{key=team, value=red}]'
    """
    return "null" if value is None else shown(_bare(value), 1_000)


def _bare(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_bare, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{member((str(key),))}={_bare(one)}" for key, one in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else f"<{type(value).__name__}>"


# -- the words of each kind of service ----------------------------------------------------------------------------------


def query_error(operation: str, problems: Sequence[Problem]) -> AwsError:
    """Return the error of IAM and STS, and of most services: all that is wrong, in one message."""
    message = validation_message([(said(one.value), member(one.place), one.constraint) for one in problems])
    detail = "; ".join(f"{in_sdk(one.place)} is {said(one.value)}: {one.constraint}" for one in problems)
    if all([one.place[-1] == "DurationSeconds" for one in problems]):
        return DurationError(message, detail=detail)
    return (InvalidNameError if all(map(_of_name, problems)) else ValidationError)(message, detail=detail)


def _of_name(problem: Problem) -> bool:
    return problem.kind in (PATTERN, LENGTH) and str(problem.place[-1]).endswith(_NAMES)


def ec2_error(operation: str, problems: Sequence[Problem]) -> AwsError:
    """Return EC2's error, which is about one parameter only."""
    first = problems[0]
    if first.kind == NULL:
        name = _in_query(first.place)
        return InstanceError(
            f"The request must contain the parameter {name}",
            code="MissingParameter",
            detail=f"{operation} needs {name}",
        )
    detail = f"{in_sdk(first.place)} is {said(first.value)}: {first.constraint}"
    leaf = str(first.place[-1])
    if leaf == "InstanceType":
        return InstanceError(f"Invalid value {said(first.value)} for InstanceType.", detail=detail)
    name, value = f"{leaf[:1].lower()}{leaf[1:]}", _bare(first.value)[:1_000]
    if first.kind == RANGE:
        least, most = first.limits
        wanted = f"greater than {least}" if least is not None and first.value < least else f"smaller than {most}"
        text = f"Value ( {value} ) for parameter {name} is invalid. Expecting a value {wanted}."
    elif leaf == "Attribute":
        text = f"Value ({value}) for parameter {name} is invalid. Unknown attribute."
    else:
        # Most parameters begin with a small letter in these texts; this one was seen with a capital (docs/fidelity.md).
        text = f"Value ({value}) for parameter {leaf if leaf in _CAPITAL else name} is invalid."
    return InstanceError(text, detail=detail)


_CAPITAL = ("InstanceInitiatedShutdownBehavior",)
# What EC2's query protocol calls a list of another name.
_LISTS = {"InstanceIds": "InstanceId", "Resources": "ResourceId"}


def _in_query(place: Place) -> str:
    """
    Return how EC2 calls a parameter: lists are singular there.

    >>> _in_query(("Filters", 1, "Name")), _in_query(("InstanceIds",))
    ('Filter.1.Name', 'InstanceId')
    """
    if len(place) == 1:
        return _LISTS.get(str(place[0]), str(place[0]))
    pairs = zip(place, (*place[1:], ""), strict=True)
    return ".".join(str(one).removesuffix("s") if isinstance(after, int) else str(one) for one, after in pairs)


def s3_error(operation: str, problems: Sequence[Problem]) -> AwsError:
    """Return S3's error, which is about one argument only."""
    first = problems[0]
    leaf = str(first.place[-1])
    detail = f"{in_sdk(first.place)} is {said(first.value)}: {first.constraint}"
    if len(first.place) > 1 and first.kind in (NULL, ENUM):
        return ResourceError(
            "The XML you provided was not well-formed or did not validate against our published schema",
            code="MalformedXML",
            detail=detail,
        )
    if leaf == "Bucket":
        return ResourceError("The specified bucket is not valid.", code="InvalidBucketName", detail=detail)
    if first.kind == RANGE:
        least, most = first.limits
        name = leaf[:1].lower() + leaf[1:]
        text = f"Argument {name} must be an integer between {least or 0} and {most}"
        return ResourceError(text, code="InvalidArgument", detail=detail)
    if first.kind == NULL:
        return ResourceError(f"Missing required argument {leaf}", code="InvalidArgument", detail=detail)
    return ResourceError("Invalid Argument", code="InvalidArgument", detail=detail)
