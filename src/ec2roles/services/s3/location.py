"""Where a bucket stands: ``LocationConstraint``, as CreateBucket takes it and GetBucketLocation tells it."""

from __future__ import annotations

from ec2roles.arns import shown
from ec2roles.errors import ResourceError

HOME = "us-east-1"
"""The region without a name: its endpoint takes buckets for all others too, as the global endpoint did."""

LOCATIONS = frozenset(
    "EU af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 "
    "ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 "
    "ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 "
    "eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-2 "
    "us-gov-east-1 us-gov-west-1 us-west-1 us-west-2".split()
)
"""What a constraint may say (AWS's page of CreateBucket)."""

_EU = "EU"


def check_location(constraint: str | None, region: str) -> str:
    """
    Return where a bucket is to stand: the constraint, or *region* if there is none.

    >>> check_location(None, "us-east-1"), check_location("eu-west-1", "eu-west-1")
    ('us-east-1', 'eu-west-1')

    Args:
        constraint: the ``LocationConstraint``, or None.
        region: of the endpoint that the request is sent to.

    Raises:
        ResourceError: ``InvalidLocationConstraint``, ``IllegalLocationConstraintException``.
    """
    if region == HOME:
        if constraint is not None and (not isinstance(constraint, str) or constraint not in LOCATIONS):
            raise ResourceError(
                "The specified location-constraint is not valid",
                code="InvalidLocationConstraint",
                detail=f"us-east-1 is meant by no constraint at all, got {shown(constraint)}",
                members={"LocationConstraint": str(constraint)},
            )
        return HOME if constraint is None else constraint
    if constraint is None or region_of(constraint) != region:
        said = "unspecified" if constraint is None else constraint
        raise ResourceError(
            f"The {said} location constraint is incompatible for the region specific endpoint this request was sent to.",
            code="IllegalLocationConstraintException",
            detail=f"the endpoint of {region} takes LocationConstraint='{region}' only",
        )
    return constraint


def region_of(location: str) -> str:
    """Return the region of a location: ``EU`` is an old name of eu-west-1."""
    return "eu-west-1" if location == _EU else location


def constraint_of(location: str) -> str | None:
    """Return what GetBucketLocation says of a location: nothing for us-east-1."""
    return None if location == HOME else location
