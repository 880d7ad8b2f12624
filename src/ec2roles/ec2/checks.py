"""What EC2 takes as a region, a zone, an instance type and tags, in its words for what it does not take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ec2roles.arns import shown
from ec2roles.errors import ArgumentError, InstanceError, InvalidInputError
from ec2roles.iam.names import Tags, check_tags

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_ZONES = "abcdef"


def check_region(region: str) -> str:
    """
    Return *region* if it has the form of one: ``us-east-1``. Which regions there are, nobody here knows.

    Raises:
        ArgumentError: if it has not.
    """
    if not _REGION.fullmatch(region):
        raise ArgumentError(f"region must be named like 'us-east-1', got {shown(region)}")
    return region


def check_zone(zone: str, region: str) -> str:
    """
    Return *zone* if it is an availability zone of *region*: the region's name and a letter, a to f.

    Raises:
        InstanceError: ``InvalidParameterValue``.
    """
    if zone[:-1] != region or zone[-1] not in _ZONES:
        raise InstanceError(
            f"Invalid availability zone: [{shown(zone)[1:-1]}]",
            code="InvalidParameterValue",
            detail=f"the zones of {region} are '{region}a' to '{region}{_ZONES[-1]}'",
        )
    return zone


def check_instance_type(name: str) -> str:
    """
    Return *name* if it has the form of an instance type: ``t3.micro``.

    Raises:
        InstanceError: ``InvalidParameterValue``.
    """
    if not _TYPE.fullmatch(name):
        raise InstanceError(
            f"Invalid value {shown(name)} for InstanceType.",
            code="InvalidParameterValue",
            detail="an instance type is named like 't3.micro'",
        )
    return name


def check_resource_tags(tags: Mapping[str, str] | Iterable[tuple[str, str]] | None, *, most: int) -> Tags:
    """
    Return tags as pairs, if EC2 accepts them: those that IAM accepts, with EC2's code for reserved keys.

    Raises:
        TypeError, InvalidNameError, LimitExceededError: as `check_tags`.
        InstanceError: ``InvalidParameterValue`` for keys that are AWS's own, or there twice.
    """
    try:
        return check_tags(tags, most=most)
    except InvalidInputError as error:
        raise InstanceError(error.message, code="InvalidParameterValue", detail=error.detail) from None
