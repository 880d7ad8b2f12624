"""Instances and associations as EC2's responses have them."""

from __future__ import annotations

from collections.abc import Iterable
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
from ec2roles.ec2.records import Records
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.instants import iso, whole_seconds
from ec2roles.metadata.defaults import NO_LIMIT, NO_PREFERENCE, MetadataDefaults
from ec2roles.metadata.network import dns_name, subnet_id, zone_id
from ec2roles.services.ec2.devices import ROOT_DEVICE, groups, interfaces, volumes

CODES = {PENDING: 0, RUNNING: 16, SHUTTING_DOWN: 32, TERMINATED: 48, STOPPING: 64, STOPPED: 80}


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
    host = instance.role_credentials
    return {
        "AssociationId": association_id(host.time.ids, association, host.slot),
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
    hardware, host = instance.hardware, instance.role_credentials
    records = Records(instance)
    record = records.last
    state_name = state_name or record.state
    alive = record.state != TERMINATED
    launched = whole_seconds(hardware.launched[0])
    found: dict[str, Any] = {
        "AmiLaunchIndex": host.launch_index,
        "ImageId": hardware.image_id,
        "InstanceId": instance.instance_id,
        "InstanceType": record.instance_type,
        "LaunchTime": launched if record.booted is None else whole_seconds(record.booted),
        "Monitoring": {"State": hardware.monitoring},
        "Placement": _placement(instance),
        "PlatformDetails": "Linux/UNIX",
        "PrivateDnsName": dns_name(host) if alive else "",
        "ProductCodes": [],
        "PublicDnsName": "",
        "State": state(state_name),
        "StateTransitionReason": "",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": launched,
        "Architecture": hardware.architecture,
        "BlockDeviceMappings": volumes(instance) if alive and state_name != PENDING else [],
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "ClientToken": records.client_token,
        "CurrentInstanceBootMode": "uefi" if hardware.architecture == "arm64" else "legacy-bios",
        "EbsOptimized": False,
        "EnaSupport": True,
        "EnclaveOptions": {"Enabled": False},
        "HibernationOptions": {"Configured": records.hibernation},
        "Hypervisor": "xen",
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "MetadataOptions": option_members(instance, state="pending" if state_name == PENDING else "applied"),
        "NetworkInterfaces": interfaces(instance, state_name=state_name) if alive else [],
        "PrivateDnsNameOptions": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "RootDeviceName": ROOT_DEVICE,
        "RootDeviceType": "ebs",
        "SecurityGroups": groups(instance) if alive else [],
        "VirtualizationType": "hvm",
    }
    if alive:
        found.update(
            PrivateIpAddress=instance.private_ipv4,
            SourceDestCheck=True,
            SubnetId=subnet_id(host),
            VpcId=hardware.vpc_id,
        )
    if hardware.key_name is not None:
        found["KeyName"] = hardware.key_name
    if hardware.instance_life_cycle == "spot":
        found["InstanceLifecycle"] = "spot"
    if record.association is not None:
        found["IamInstanceProfile"] = profile_members(record.association.profile)
    if record.tags:
        found["Tags"] = tag_members(record.tags)
    found.update(_why(instance, state_name))
    found.update(hardware.repeated)
    return found


def _placement(instance: Instance) -> dict[str, Any]:
    hardware = instance.hardware
    found: dict[str, Any] = {
        "AvailabilityZone": hardware.availability_zone,
        "AvailabilityZoneId": zone_id(hardware.account_id, hardware.region, hardware.availability_zone),
        "GroupName": hardware.group_name or "",
        "Tenancy": "default",
    }
    if hardware.partition_number is not None:
        found["PartitionNumber"] = hardware.partition_number
    if hardware.host_id is not None:
        found["HostId"] = hardware.host_id
    return found


def _why(instance: Instance, state_name: str) -> dict[str, Any]:
    """Why it is in the state that it is in; of a running instance EC2 says nothing."""
    if state_name == PENDING:
        return {"StateReason": {"Code": PENDING, "Message": PENDING}}
    records = Records(instance)
    record = records.last
    if record.state not in (STOPPED, TERMINATED):
        return {}
    word, name = ("hibernate", "Hibernate") if record.hibernated else ("shutdown", "Shutdown")
    when = iso(whole_seconds(records.state_since[0]))
    reason = f"Client.UserInitiated{name}"
    return {
        "StateReason": {"Code": reason, "Message": f"{reason}: User initiated {word}"},
        "StateTransitionReason": f"User initiated ({when[:10]} {when[11:-1]} GMT)",
    }


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
