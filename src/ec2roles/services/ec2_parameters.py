"""What the parameters of EC2's operations mean, and how EC2 words it when they mean nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.launch import invalid_profile
from ec2roles.ec2.metadata_defaults import MetadataDefaults
from ec2roles.ec2.metadata_options import MetadataOptions
from ec2roles.errors import InstanceError, NoSuchEntityError
from ec2roles.iam.instance_profile import InstanceProfile

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8}([0-9a-f]{9})?")
_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_ASSOCIATION_ID = re.compile(r"iip-assoc-[0-9a-f]{8}([0-9a-f]{9})?")
_MOST_LAUNCHED = 1_000_000

# The members of MetadataOptions in requests: AWS's name -> ours.
OPTIONS = {
    "".join(word.capitalize() for word in field.name.split("_")): field.name for field in attrs.fields(MetadataOptions)
}

# The members of ModifyInstanceMetadataDefaults.
DEFAULTS = {
    "".join(word.capitalize() for word in field.name.split("_")): field.name for field in attrs.fields(MetadataDefaults)
}

# What RunInstances takes as well, and what makes no difference to anything here.
_WITHOUT_EFFECT = frozenset(
    "AdditionalInfo BlockDeviceMappings CapacityReservationSpecification CpuOptions CreditSpecification DisableApiStop "
    "DisableApiTermination EbsOptimized EnablePrimaryIpv6 EnclaveOptions InstanceInitiatedShutdownBehavior Ipv6AddressCount "
    "Ipv6Addresses KernelId MaintenanceOptions NetworkInterfaces PrivateDnsNameOptions PrivateIpAddress "
    "RamdiskId SecurityGroupIds SubnetId".split()
)
_PLACEMENT = {
    "AvailabilityZone": "availability_zone",
    "GroupName": "group_name",
    "HostId": "host_id",
    "PartitionNumber": "partition_number",
}
RUN_INSTANCES = _WITHOUT_EFFECT | frozenset(
    "ClientToken DryRun HibernationOptions IamInstanceProfile ImageId InstanceType KeyName MaxCount MetadataOptions MinCount "
    "Monitoring Placement SecurityGroups TagSpecifications UserData".split()
)


def check_names(call: Call, names: frozenset[str]) -> None:
    """
    Refuse parameters that an operation does not have.

    Raises:
        InstanceError: ``UnknownParameter``.
    """
    for name in call.parameters:
        if name not in names:
            raise InstanceError(
                f"The parameter {name} is not recognized",
                code="UnknownParameter",
                detail=f"no parameter {shown(name)} here; known: {', '.join(sorted(names))}",
            )


def text(call: Call, name: str) -> str:
    """
    Return a parameter that must be there, and text.

    Raises:
        InstanceError: ``MissingParameter``.
        TypeError: if it is no text.
    """
    value = call.parameters.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str, got {type(value).__name__}")
    return value


def texts(call: Call, name: str) -> tuple[str, ...]:
    """
    Return a parameter that is a list of texts, each once; nothing if it is not there.

    Raises:
        TypeError: if it is no list of texts.
    """
    values = call.parameters.get(name) or ()
    if not isinstance(values, (list, tuple)) or not all(isinstance(one, str) for one in values):
        raise TypeError(f"{name} must be a list of str, got {shown(values)}")
    return tuple(dict.fromkeys(values))


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


def named_profile(call: Call, *, required: bool) -> tuple[str, str] | None:
    """
    Return ``name`` or ``arn`` and its value, from the parameter IamInstanceProfile; None if it is not there.

    Raises:
        InstanceError: ``MissingParameter``; ``InvalidParameterCombination`` if both are given.
    """
    given = call.parameters.get("IamInstanceProfile")
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"IamInstanceProfile must be a dict with Name or Arn, got {type(given).__name__}")
    named = {key: value for key, value in (given or {}).items() if value is not None}
    for key, value in named.items():
        if key not in ("Name", "Arn"):
            raise InstanceError(
                f"The parameter IamInstanceProfile.{key} is not recognized",
                code="UnknownParameter",
                detail="an instance profile is given by Name or Arn",
            )
        if not isinstance(value, str):
            raise TypeError(f"IamInstanceProfile.{key} must be str, got {type(value).__name__}")
    if len(named) > 1:
        raise InstanceError(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
            code="InvalidParameterCombination",
            detail="give the name of the instance profile or its ARN, not both",
        )
    if not named:
        if required or given is not None:
            raise missing("IamInstanceProfile")
        return None
    key, value = next(iter(named.items()))
    return key.lower(), value


def find_profile(named: tuple[str, str], find: Callable[[str], InstanceProfile]) -> InstanceProfile:
    """
    Return the instance profile that was named.

    Args:
        named: as from `named_profile`.
        find: returns the profile of a name or an ARN.

    Raises:
        InstanceError: ``InvalidParameterValue``, if there is none.
    """
    member, value = named
    if value.startswith("arn:") != (member == "arn"):
        raise invalid_profile(value, f"{shown(value)} is no {member} of an instance profile", member=member)
    try:
        return find(value)
    except NoSuchEntityError as error:
        raise invalid_profile(value, str(error), member=member) from None


def tag_pairs(tags: object) -> dict[str, str]:
    """
    Return tags as AWS's parameters have them, ``[{"Key": ..., "Value": ...}]``, by key.

    Raises:
        InstanceError: ``InvalidParameterValue`` if a key is given twice.
        TypeError: if they are no such list.
    """
    found: dict[str, str] = {}
    if not isinstance(tags, (list, tuple)):
        raise TypeError(f"Tags must be a list of dicts with Key and Value, got {type(tags).__name__}")
    for tag in tags:
        if not isinstance(tag, Mapping) or not isinstance(tag.get("Key"), str):
            raise TypeError(f"a tag must be a dict with Key and Value, got {shown(tag)}")
        if tag["Key"] in found:
            raise InstanceError(f"Duplicate tag key '{tag['Key']}' specified.", code="InvalidParameterValue")
        found[tag["Key"]] = tag.get("Value") or ""
    return found


def metadata_options(given: object) -> dict[str, Any]:
    """
    Return options of the metadata service under our names.

    Args:
        given: AWS's: ``{"HttpTokens": "required"}``.

    Raises:
        InstanceError: ``UnknownParameter``, ``InvalidParameterValue``.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"MetadataOptions must be a dict, got {type(given).__name__}")
    found = {}
    for name, value in given.items():
        if name in OPTIONS:
            found[OPTIONS[name]] = value
        else:
            raise InstanceError(
                f"The parameter MetadataOptions.{name} is not recognized",
                code="UnknownParameter",
                detail=f"known: {', '.join(OPTIONS)}; got {shown(name)} {shown(value)}",
            )
    MetadataOptions(**found)
    return found


@attrs.frozen(eq=False)
class RunInstances:
    """
    The parameters of a RunInstances call, checked.

    Args:
        fewest, most: MinCount and MaxCount; as many as possible are launched, so always *most*.
        profile: as from `named_profile`.
        tags: of the instances.
        tagged: the types of all resources that get tags.
        options: for `Account.launch_instances`.
    """

    fewest: int
    most: int
    profile: tuple[str, str] | None
    tags: Mapping[str, str]
    tagged: Mapping[str, Mapping[str, str]]
    options: Mapping[str, Any]

    @classmethod
    def read(cls, call: Call) -> RunInstances:
        """
        Check the parameters of *call*.

        Raises:
            InstanceError: ``MissingParameter``, ``InvalidParameterValue``, ``InvalidAMIID.Malformed`` and others.
        """
        check_names(call, RUN_INSTANCES)
        given = call.parameters
        fewest, most = _count(given, "MinCount"), _count(given, "MaxCount")
        if most < fewest:
            raise InstanceError(
                f"Value ({most}) for parameter maxCount is invalid. maxCount must be equal to or greater than minCount.",
                detail=f"MinCount is {fewest}, MaxCount {most}",
            )
        image = text(call, "ImageId")
        if not _IMAGE_ID.fullmatch(image):
            raise InstanceError(f'Invalid id: "{image}"', code="InvalidAMIID.Malformed")
        options: dict[str, Any] = {"image_id": image, **metadata_options(given.get("MetadataOptions", {}))}
        if "InstanceType" in given:
            options["instance_type"] = text(call, "InstanceType")
        for name, ours in _PLACEMENT.items():
            if (value := (given.get("Placement") or {}).get(name)) is not None:
                options[ours] = value
        if given.get("KeyName") is not None:
            options["key_name"] = text(call, "KeyName")
        if names := texts(call, "SecurityGroups"):
            options["security_groups"] = names
        options["monitoring"] = bool((given.get("Monitoring") or {}).get("Enabled", False))
        if given.get("UserData") is not None:
            options["user_data"] = given["UserData"]
        options["hibernation"] = bool((given.get("HibernationOptions") or {}).get("Configured", False))
        tagged: dict[str, Mapping[str, str]] = {}
        for one in given.get("TagSpecifications") or ():
            kind = one.get("ResourceType", "")
            if kind in tagged:
                raise InstanceError(
                    f"Tag specifications contain '{kind}' twice.", detail="give each ResourceType its tags once"
                )
            tagged[kind] = tag_pairs(one.get("Tags") or ())
        tags = tagged.get("instance", {})
        return cls(fewest, most, named_profile(call, required=False), tags, tagged, options)


def _count(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name)
    if value is None:
        raise missing(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be int, got {type(value).__name__}")
    if not 1 <= value <= _MOST_LAUNCHED:
        member = name[0].lower() + name[1:]
        raise InstanceError(
            f"Value ({value}) for parameter {member} is invalid.",
            detail=f"{name} must be 1 to {_MOST_LAUNCHED:,}, got {value}",
        )
    return value
