"""The parameters of RunInstances, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.checks import check_resource_tags
from ec2roles.errors import InstanceError
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.launch_details import DETAILS, read_details

_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_MOST_LAUNCHED = 1_000_000
_MOST_TAGS = 50
_LONGEST_TOKEN = 64
# RunInstances, TagSpecification.N (Amazon EC2 API reference).
_TAGGED_AT_LAUNCH = ("instance", "volume", "network-interface", "spot-instances-request")

# The parameters that are simulated; the credits of burstable types are told by no operation here.
RUN_INSTANCES = DETAILS | frozenset(
    "ClientToken CreditSpecification DisableApiStop DisableApiTermination DryRun HibernationOptions IamInstanceProfile "
    "ImageId InstanceInitiatedShutdownBehavior InstanceType KeyName MaxCount MetadataOptions MinCount Monitoring Placement "
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
        parameters = call.parameters
        fewest, most = _count(parameters, "MinCount"), _count(parameters, "MaxCount")
        if most < fewest:
            raise InstanceError(
                f"Value ({most}) for parameter maxCount is invalid. maxCount must be equal to or greater than minCount.",
                detail=f"MinCount is {fewest}, MaxCount {most}",
            )
        token = parameters.get("ClientToken") or ""
        if len(token) > _LONGEST_TOKEN:
            raise InstanceError(
                f"Value ({shown(token)[1:-1]}) for parameter clientToken is invalid.",
                code="InvalidParameterValue",
                detail=f"ClientToken has at most {_LONGEST_TOKEN} characters, got {len(token)}",
            )
        image = given.text(call, "ImageId")
        if not _IMAGE_ID.fullmatch(image):
            raise InstanceError(f'Invalid id: "{image}"', code="InvalidAMIID.Malformed")
        options: dict[str, Any] = {"image_id": image, **given.metadata_options(parameters.get("MetadataOptions", {}))}
        if "InstanceType" in parameters:
            options["instance_type"] = given.text(call, "InstanceType")
        placement = parameters.get("Placement", {})
        for name, value in placement.items():
            if name not in _PLACEMENT and value not in (None, "", "default" if name == "Tenancy" else ""):
                raise given.not_simulated(f"Placement.{name}", "RunInstances")
        options.update((ours, placement[name]) for name, ours in _PLACEMENT.items() if placement.get(name) is not None)
        if parameters.get("KeyName") is not None:
            options["key_name"] = given.text(call, "KeyName")
        if names := (*given.texts(call, "SecurityGroups"), *given.group_ids(given.texts(call, "SecurityGroupIds"))):
            options["security_groups"] = names
        if parameters.get("SubnetId") is not None:
            options["subnet_id"] = given.subnet_id(given.text(call, "SubnetId"))
        options.update(read_details(parameters))
        options.update(
            (ours, parameters[name]) for name, ours in _ATTRIBUTES.items() if parameters.get(name) is not None
        )
        options["monitoring"] = parameters.get("Monitoring", {}).get("Enabled", False)
        if parameters.get("UserData") is not None:
            options["user_data"] = parameters["UserData"]
        hibernation = parameters.get("HibernationOptions", {})
        options["hibernation"] = hibernation.get("Configured", False)
        tagged = _tags_at_launch(parameters.get("TagSpecifications", ()))
        return cls(most, given.named_profile(call), tagged.get("instance", {}), tagged, options)


def _tags_at_launch(specifications: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for specification in specifications:
        kind = specification["ResourceType"]
        if kind in found:
            raise InstanceError(
                f"Tag specifications contain '{kind}' twice.", detail="give each ResourceType its tags once"
            )
        if kind not in _TAGGED_AT_LAUNCH:
            raise InstanceError(
                f"{shown(kind)} is not a valid taggable resource type for this operation.",
                code="InvalidParameterValue",
                detail=f"a launch tags {', '.join(_TAGGED_AT_LAUNCH)}",
            )
        found[kind] = given.tag_pairs(specification.get("Tags", ()))
        check_resource_tags(found[kind], most=_MOST_TAGS)
    return found


def _count(parameters: Mapping[str, Any], name: str) -> int:
    value: int = parameters[name]
    if not 1 <= value <= _MOST_LAUNCHED:
        member = name[0].lower() + name[1:]
        raise InstanceError(
            f"Value ({value}) for parameter {member} is invalid.",
            detail=f"{name} must be 1 to {_MOST_LAUNCHED:,}, got {value}",
        )
    return value
