"""Instances and associations as EC2's responses have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ec2roles.ec2.association import (
    ASSOCIATED,
    ASSOCIATING,
    PENDING,
    RUNNING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    Association,
    association_id,
)
from ec2roles.ec2.instance import Instance
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.defaults import NO_LIMIT, NO_PREFERENCE, MetadataDefaults
from ec2roles.metadata.network import dns_name

CODES = {PENDING: 0, RUNNING: 16, SHUTTING_DOWN: 32, TERMINATED: 48, STOPPING: 64, STOPPED: 80}


def whole_seconds(microseconds: int) -> datetime:
    """Return an instant as EC2 gives it: aware, in UTC, in whole seconds."""
    return from_microseconds(microseconds).replace(microsecond=0)


def state(name: str) -> dict[str, Any]:
    """Return a state with its code: ``{"Code": 16, "Name": "running"}``."""
    return {"Code": CODES[name], "Name": name}


def change(instance_id: str, before: str, now: str) -> dict[str, Any]:
    """Return what StartInstances and its like answer about one instance."""
    return {"InstanceId": instance_id, "CurrentState": state(now), "PreviousState": state(before)}


def profile_members(profile: InstanceProfile) -> dict[str, str]:
    """Return an instance profile as EC2 gives it; its id is the profile's own, ``AIPA...``."""
    return {"Arn": profile.arn, "Id": profile.profile_id}


def association_members(
    instance: Instance, association: Association, *, now: int, state: str | None = None
) -> dict[str, Any]:
    """
    Return an association as EC2 gives it.

    Args:
        instance: the instance.
        association: its association.
        now: microseconds.
        state: what an operation answers while it is on its way; otherwise the state at *now*.
    """
    return {
        "AssociationId": association_id(instance.time.ids, association, instance.slot),
        "InstanceId": instance.instance_id,
        "IamInstanceProfile": profile_members(association.profile),
        "State": state or (ASSOCIATED if now >= association.effective else ASSOCIATING),
    }


def option_members(instance: Instance, *, state: str = "applied") -> dict[str, Any]:
    """Return an instance's metadata options as EC2 gives them."""
    options = instance.metadata_options
    return {
        "State": state,
        "HttpTokens": options.http_tokens,
        "HttpPutResponseHopLimit": options.http_put_response_hop_limit,
        "HttpEndpoint": options.http_endpoint,
        "HttpProtocolIpv6": options.http_protocol_ipv6,
        "InstanceMetadataTags": options.instance_metadata_tags,
    }


def default_members(defaults: MetadataDefaults) -> dict[str, Any]:
    """Return an account's defaults as EC2 gives them: only those that it has a preference for."""
    found: dict[str, Any] = {
        "HttpTokens": defaults.http_tokens,
        "HttpPutResponseHopLimit": defaults.http_put_response_hop_limit,
        "HttpEndpoint": defaults.http_endpoint,
        "InstanceMetadataTags": defaults.instance_metadata_tags,
        "HttpTokensEnforced": defaults.http_tokens_enforced,
    }
    chosen = {name: value for name, value in found.items() if value not in (NO_PREFERENCE, NO_LIMIT)}
    return {**chosen, "ManagedBy": "account"} if chosen else {}


def tag_members(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return tags as AWS gives them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def instance_members(instance: Instance, *, state_name: str | None = None) -> dict[str, Any]:
    """
    Return an instance as DescribeInstances gives it.

    Args:
        instance: the instance.
        state_name: what RunInstances answers while it is on its way; otherwise the state it is in.
    """
    hardware = instance.hardware
    record = instance.record
    alive = record.state != TERMINATED
    found: dict[str, Any] = {
        "AmiLaunchIndex": instance.launch_index,
        "ImageId": hardware.image_id,
        "InstanceId": instance.instance_id,
        "InstanceType": hardware.instance_type,
        "LaunchTime": whole_seconds(hardware.launched[0]),
        "Monitoring": {"State": hardware.monitoring},
        "Placement": {
            "AvailabilityZone": hardware.availability_zone,
            "GroupName": hardware.group_name or "",
            "Tenancy": "default",
        },
        "PrivateDnsName": dns_name(instance) if alive else "",
        "PublicDnsName": "",
        "State": state(state_name or record.state),
        "StateTransitionReason": "",
        "Architecture": hardware.architecture,
        "ClientToken": instance.client_token,
        "EbsOptimized": False,
        "EnaSupport": True,
        "HibernationOptions": {"Configured": instance.hibernation},
        "Hypervisor": "xen",
        "MetadataOptions": option_members(instance, state="pending" if state_name == PENDING else "applied"),
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
    }
    if alive:
        found.update(PrivateIpAddress=instance.private_ipv4, VpcId=hardware.vpc_id, SourceDestCheck=True)
    if hardware.partition_number is not None:
        found["Placement"]["PartitionNumber"] = hardware.partition_number
    if hardware.host_id is not None:
        found["Placement"]["HostId"] = hardware.host_id
    if hardware.key_name is not None:
        found["KeyName"] = hardware.key_name
    if hardware.instance_life_cycle == "spot":
        found["InstanceLifecycle"] = "spot"
    if record.association is not None:
        found["IamInstanceProfile"] = profile_members(record.association.profile)
    if record.tags:
        found["Tags"] = tag_members(record.tags)
    if record.state in (STOPPED, TERMINATED):
        word, name = ("hibernate", "Hibernate") if record.hibernated else ("shutdown", "Shutdown")
        when = iso(whole_seconds(instance.state_since[0]))
        found["StateTransitionReason"] = f"User initiated ({when[:10]} {when[11:-1]} GMT)"
        reason = f"Client.UserInitiated{name}"
        found["StateReason"] = {"Code": reason, "Message": f"{reason}: User initiated {word}"}
    return found


def reservations(members: Iterable[tuple[Instance, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return instances gathered by the launch they came from, as DescribeInstances does."""
    found: dict[str, dict[str, Any]] = {}
    for instance, member in members:
        hardware = instance.hardware
        reservation = found.get(hardware.reservation_id)
        if reservation is None:
            reservation = found[hardware.reservation_id] = {
                "ReservationId": hardware.reservation_id,
                "OwnerId": hardware.account_id,
                "Groups": [],
                "Instances": [],
            }
        reservation["Instances"].append(member)
    return list(found.values())
