"""The parameters of RunInstances, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.errors import InstanceError
from ec2roles.services.ec2 import parameters as given

_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_GROUP_ID = re.compile(r"sg-[0-9a-f]{8}([0-9a-f]{9})?")
_SUBNET_ID = re.compile(r"subnet-[0-9a-f]{8}([0-9a-f]{9})?")
_MOST_LAUNCHED = 1_000_000

# What RunInstances takes as well, and what makes no difference to anything here.
_WITHOUT_EFFECT = frozenset(
    "AdditionalInfo BlockDeviceMappings CapacityReservationSpecification CpuOptions CreditSpecification EbsOptimized "
    "EnablePrimaryIpv6 EnclaveOptions Ipv6AddressCount "
    "Ipv6Addresses KernelId MaintenanceOptions NetworkInterfaces PrivateDnsNameOptions PrivateIpAddress "
    "RamdiskId".split()
)
RUN_INSTANCES = _WITHOUT_EFFECT | frozenset(
    "ClientToken DisableApiStop DisableApiTermination DryRun HibernationOptions IamInstanceProfile ImageId "
    "InstanceInitiatedShutdownBehavior InstanceType KeyName MaxCount MetadataOptions MinCount Monitoring Placement "
    "SecurityGroupIds SecurityGroups SubnetId TagSpecifications UserData".split()
)
_PLACEMENT = {
    "AvailabilityZone": "availability_zone",
    "GroupName": "group_name",
    "HostId": "host_id",
    "PartitionNumber": "partition_number",
}
_ATTRIBUTES = {
    "DisableApiStop": "disable_api_stop",
    "DisableApiTermination": "disable_api_termination",
    "InstanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
}


@attrs.frozen(eq=False)
class RunInstances:
    """
    The parameters of a RunInstances call, checked.

    Args:
        count: how many are launched: as many as possible, so always MaxCount.
        profile: the name or the ARN of an instance profile, or None.
        tags: of the instances.
        tagged: the types of all resources that get tags.
        options: for `Account.launch_instances`.
    """

    count: int
    profile: str | None
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
        given.check_names(call, RUN_INSTANCES)
        parameters = call.parameters
        fewest, most = _count(parameters, "MinCount"), _count(parameters, "MaxCount")
        if most < fewest:
            raise InstanceError(
                f"Value ({most}) for parameter maxCount is invalid. maxCount must be equal to or greater than minCount.",
                detail=f"MinCount is {fewest}, MaxCount {most}",
            )
        image = given.text(call, "ImageId")
        if not _IMAGE_ID.fullmatch(image):
            raise InstanceError(f'Invalid id: "{image}"', code="InvalidAMIID.Malformed")
        options: dict[str, Any] = {"image_id": image, **given.metadata_options(parameters.get("MetadataOptions"))}
        if "InstanceType" in parameters:
            options["instance_type"] = given.text(call, "InstanceType")
        placement = given.members(parameters.get("Placement"), "Placement")
        options.update((ours, placement[name]) for name, ours in _PLACEMENT.items() if placement.get(name) is not None)
        if parameters.get("KeyName") is not None:
            options["key_name"] = given.text(call, "KeyName")
        if names := (*given.texts(call, "SecurityGroups"), *_group_ids(call)):
            options["security_groups"] = names
        if parameters.get("SubnetId") is not None:
            options["subnet_id"] = _subnet_id(call)
        options.update(
            (ours, parameters[name]) for name, ours in _ATTRIBUTES.items() if parameters.get(name) is not None
        )
        options["monitoring"] = given.members(parameters.get("Monitoring"), "Monitoring").get("Enabled", False)
        if parameters.get("UserData") is not None:
            options["user_data"] = parameters["UserData"]
        hibernation = given.members(parameters.get("HibernationOptions"), "HibernationOptions")
        options["hibernation"] = hibernation.get("Configured", False)
        tagged = _tags_at_launch(parameters.get("TagSpecifications") or ())
        return cls(most, given.named_profile(call), tagged.get("instance", {}), tagged, options)


def _group_ids(call: Call) -> tuple[str, ...]:
    found = given.texts(call, "SecurityGroupIds")
    for one in found:
        if not _GROUP_ID.fullmatch(one):
            raise InstanceError(
                f'Invalid id: "{one}" (expecting "sg-...")',
                code="InvalidGroupId.Malformed",
                detail=f"the id of a security group is 'sg-' and 8 or 17 hexadecimal digits, got {shown(one)}",
            )
    return found


def _subnet_id(call: Call) -> str:
    found = given.text(call, "SubnetId")
    if not _SUBNET_ID.fullmatch(found):
        raise InstanceError(
            f"The subnet ID '{found}' does not exist",
            code="InvalidSubnetID.NotFound",
            detail=f"the id of a subnet is 'subnet-' and 8 or 17 hexadecimal digits, got {shown(found)}",
        )
    return found


def _tags_at_launch(specifications: object) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(specifications, (list, tuple)):
        raise TypeError(f"TagSpecifications must be a list of dicts, got {type(specifications).__name__}")
    found: dict[str, Mapping[str, str]] = {}
    for number, one in enumerate(specifications):
        specification = given.members(one, f"TagSpecifications[{number}]")
        kind = specification.get("ResourceType")
        if not isinstance(kind, str):
            raise TypeError(f"ResourceType of TagSpecifications[{number}] must be str, got {type(kind).__name__}")
        if kind in found:
            raise InstanceError(
                f"Tag specifications contain '{kind}' twice.", detail="give each ResourceType its tags once"
            )
        found[kind] = given.tag_pairs(specification.get("Tags") or ())
    return found


def _count(parameters: Mapping[str, Any], name: str) -> int:
    value = parameters.get(name)
    if value is None:
        raise given.missing(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be int, got {type(value).__name__}")
    if not 1 <= value <= _MOST_LAUNCHED:
        member = name[0].lower() + name[1:]
        raise InstanceError(
            f"Value ({value}) for parameter {member} is invalid.",
            detail=f"{name} must be 1 to {_MOST_LAUNCHED:,}, got {value}",
        )
    return value
