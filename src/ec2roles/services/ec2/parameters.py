"""What the parameters of EC2's operations mean, and how EC2 words it when they mean nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.launch import invalid_profile
from ec2roles.errors import InstanceError
from ec2roles.metadata.defaults import MetadataDefaults
from ec2roles.metadata.options import MetadataOptions

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8}([0-9a-f]{9})?")
_GROUP_ID = re.compile(r"sg-[0-9a-f]{8}([0-9a-f]{9})?")
_SUBNET_ID = re.compile(r"subnet-[0-9a-f]{8}([0-9a-f]{9})?")
_ASSOCIATION_ID = re.compile(r"iip-assoc-[0-9a-f]{8}([0-9a-f]{9})?")

# The members of MetadataOptions in requests: AWS's name -> ours.
OPTIONS = {
    "".join(word.capitalize() for word in field.name.split("_")): field.name for field in attrs.fields(MetadataOptions)
}

# The members of ModifyInstanceMetadataDefaults.
DEFAULTS = {
    "".join(word.capitalize() for word in field.name.split("_")): field.name for field in attrs.fields(MetadataDefaults)
}


def not_simulated(name: str, operation: str) -> InstanceError:
    """Return the error for a parameter that AWS has and that is not simulated here."""
    return InstanceError(
        f"The parameter {name} of {operation} is known to AWS and not simulated here.",
        code="NotImplemented",
        status=501,
        detail="leave it out; docs/fidelity.md says what is simulated",
    )


def group_ids(found: Sequence[object]) -> tuple[str, ...]:
    """
    Return the ids of security groups; there need not be groups of these ids.

    Raises:
        InstanceError: ``InvalidGroupId.Malformed``.
    """
    for one in found:
        if not isinstance(one, str) or not _GROUP_ID.fullmatch(one):
            raise InstanceError(
                f'Invalid id: "{one}" (expecting "sg-...")',
                code="InvalidGroupId.Malformed",
                detail=f"the id of a security group is 'sg-' and 8 or 17 hexadecimal digits, got {shown(one)}",
            )
    return tuple(map(str, found))


def subnet_id(found: object) -> str:
    """
    Return the id of a subnet; there need not be one of that id.

    Raises:
        InstanceError: ``InvalidSubnetID.NotFound``.
    """
    if not isinstance(found, str) or not _SUBNET_ID.fullmatch(found):
        raise InstanceError(
            f"The subnet ID '{found}' does not exist",
            code="InvalidSubnetID.NotFound",
            detail=f"the id of a subnet is 'subnet-' and 8 or 17 hexadecimal digits, got {shown(found)}",
        )
    return found


def text(call: Call, name: str) -> str:
    """
    Return a parameter that must be there, and is text.

    Raises:
        InstanceError: ``MissingParameter``.
    """
    value = call.parameters.get(name)
    if value is None:
        raise missing(name)
    return str(value)


def texts(call: Call, name: str) -> tuple[str, ...]:
    """Return a parameter that is a list of texts, each once; nothing if it is not there."""
    return tuple(dict.fromkeys(call.parameters.get(name) or ()))


def missing(name: str) -> InstanceError:
    """Return EC2's error for a parameter that is not there."""
    return InstanceError(f"The request must contain the parameter {name}", code="MissingParameter")


def instance_ids(call: Call, name: str = "InstanceIds", *, required: bool = True) -> tuple[str, ...]:
    """
    Return the ids of the instances that *call* is about: from its parameters, else from the ARN it names.

    Args:
        call: the call.
        name: ``InstanceIds``, or ``InstanceId`` for an operation on one.
        required: whether there must be one.

    Raises:
        InstanceError: ``MissingParameter``, ``InvalidInstanceID.Malformed``.
    """
    if name in call.parameters:
        found = texts(call, name) if name.endswith("s") else (text(call, name),)
    else:
        before, _, after = (call.resource or "").partition(":instance/")
        found = (after,) if before and after else ()
    if required and not found:
        raise missing("InstanceId")
    for one in found:
        if not _INSTANCE_ID.fullmatch(one):
            raise InstanceError(
                f'Invalid id: "{one}"',
                code="InvalidInstanceID.Malformed",
                detail=f"an instance id is 'i-' and 8 or 17 hexadecimal digits, got {shown(one)}",
            )
    return found


def tagged_ids(call: Call) -> tuple[str, ...]:
    """
    Return the ids of the instances whose tags *call* is about.

    Raises:
        InstanceError: ``MissingParameter``, ``InvalidInstanceID.Malformed``; ``InvalidID`` for what is no instance.
    """
    found = texts(call, "Resources")
    if not found:
        raise missing("ResourceId")
    for one in found:
        if not one.startswith("i-"):
            raise InstanceError(
                f"The ID '{one}' is not valid", code="InvalidID", detail="only instances have tags here"
            )
    return instance_ids(attrs.evolve(call, parameters={"InstanceIds": found}))


def association_id(call: Call) -> str:
    """
    Return the id of the association that *call* is about.

    Raises:
        InstanceError: ``MissingParameter``; ``InvalidParameterValue`` for what is no such id.
    """
    found = text(call, "AssociationId")
    if not _ASSOCIATION_ID.fullmatch(found):
        raise InstanceError(
            "Invalid value for associationId.",
            detail=f"an association id is 'iip-assoc-' and 17 hexadecimal digits, got {shown(found)}",
        )
    return found


def unknown_association(found: str) -> InstanceError:
    """Return EC2's error for an association id that stands for none."""
    return InstanceError(
        f"An invalid association-id of '{found}' was given",
        code="InvalidAssociationID.NotFound",
        detail=f"no association {shown(found)}",
    )


def named_profile(call: Call) -> str | None:
    """
    Return the name or the ARN of an instance profile, from the parameter IamInstanceProfile; None if that is not there.

    Raises:
        InstanceError: ``MissingParameter`` if neither is given, ``InvalidParameterCombination`` if both are,
            ``InvalidParameterValue`` for an ARN as a name, or the other way round.
    """
    named: Mapping[str, str] | None = call.parameters.get("IamInstanceProfile")
    if named is None:
        return None
    if len(named) > 1:
        raise InstanceError(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
            code="InvalidParameterCombination",
            detail="give the name of the instance profile or its ARN, not both",
        )
    if not named:
        raise missing("IamInstanceProfile")
    key, value = next(iter(named.items()))
    member = key.lower()
    if value.startswith("arn:") != (member == "arn"):
        raise invalid_profile(value, f"{shown(value)} is no {member} of an instance profile", member=member)
    return str(value)


def required_profile(call: Call) -> str:
    """
    Return the same, which must be there.

    Raises:
        InstanceError: as `named_profile` does, and ``MissingParameter``.
    """
    found = named_profile(call)
    if found is None:
        raise missing("IamInstanceProfile")
    return found


def tag_pairs(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """
    Return tags as AWS's parameters have them, ``[{"Key": ..., "Value": ...}]``, by key.

    Raises:
        InstanceError: ``InvalidParameterValue`` if a key is given twice.
    """
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"] in found:
            raise InstanceError(f"Duplicate tag key '{tag['Key']}' specified.", code="InvalidParameterValue")
        found[tag["Key"]] = tag.get("Value", "")
    return found


def metadata_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return options of the metadata service under our names.

    Args:
        given: AWS's: ``{"HttpTokens": "required"}``.

    Raises:
        InstanceError: ``InvalidParameterValue``.
    """
    found = {OPTIONS[name]: value for name, value in given.items()}
    MetadataOptions(**found)
    return found
