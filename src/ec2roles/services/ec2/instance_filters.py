"""The filters of DescribeInstances: each looks at what the response would say of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.instants import iso
from ec2roles.services.ec2.lists import Values
from ec2roles.services.ec2.responses import instance_members

# Those that can be answered without a response, for fleets are searched by them.
_DIRECT: Mapping[str, Values[Instance]] = {
    "client-token": lambda instance: (Records(instance).client_token,),
    "iam-instance-profile.name": lambda instance: () if instance.profile is None else (instance.profile.name,),
    "instance-id": lambda instance: (instance.instance_id,),
    "instance-state-name": lambda instance: (instance.state,),
    "instance-type": lambda instance: (instance.attributes.instance_type,),
    "owner-id": lambda instance: (instance.hardware.account_id,),
    "reservation-id": lambda instance: (instance.hardware.reservation_id,),
    "tag-key": lambda instance: instance.tags,
}

# A filter -> where it looks in the response.
_PATHS: Mapping[str, str] = {
    "architecture": "Architecture",
    "availability-zone": "Placement.AvailabilityZone",
    "availability-zone-id": "Placement.AvailabilityZoneId",
    "block-device-mapping.attach-time": "BlockDeviceMappings.Ebs.AttachTime",
    "block-device-mapping.delete-on-termination": "BlockDeviceMappings.Ebs.DeleteOnTermination",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "block-device-mapping.status": "BlockDeviceMappings.Ebs.Status",
    "block-device-mapping.volume-id": "BlockDeviceMappings.Ebs.VolumeId",
    "boot-mode": "BootMode",
    "capacity-reservation-specification.capacity-reservation-preference": (
        "CapacityReservationSpecification.CapacityReservationPreference"
    ),
    "current-instance-boot-mode": "CurrentInstanceBootMode",
    "dns-name": "PublicDnsName",
    "ebs-optimized": "EbsOptimized",
    "ena-support": "EnaSupport",
    "enclave-options.enabled": "EnclaveOptions.Enabled",
    "hibernation-options.configured": "HibernationOptions.Configured",
    "host-id": "Placement.HostId",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": "IamInstanceProfile.Arn",
    "iam-instance-profile.id": "IamInstanceProfile.Id",
    "image-id": "ImageId",
    "instance-lifecycle": "InstanceLifecycle",
    "instance-state-code": "State.Code",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "ip-address": "PublicIpAddress",
    "ipv6-address": "Ipv6Address",
    "kernel-id": "KernelId",
    "key-name": "KeyName",
    "launch-index": "AmiLaunchIndex",
    "launch-time": "LaunchTime",
    "maintenance-options.auto-recovery": "MaintenanceOptions.AutoRecovery",
    "metadata-options.http-endpoint": "MetadataOptions.HttpEndpoint",
    "metadata-options.http-protocol-ipv6": "MetadataOptions.HttpProtocolIpv6",
    "metadata-options.http-put-response-hop-limit": "MetadataOptions.HttpPutResponseHopLimit",
    "metadata-options.http-tokens": "MetadataOptions.HttpTokens",
    "metadata-options.instance-metadata-tags": "MetadataOptions.InstanceMetadataTags",
    "metadata-options.state": "MetadataOptions.State",
    "monitoring-state": "Monitoring.State",
    "network-interface.addresses.association.ip-owner-id": "NetworkInterfaces.PrivateIpAddresses.Association.IpOwnerId",
    "network-interface.addresses.association.public-ip": "NetworkInterfaces.PrivateIpAddresses.Association.PublicIp",
    "network-interface.addresses.primary": "NetworkInterfaces.PrivateIpAddresses.Primary",
    "network-interface.addresses.private-ip-address": "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress",
    "network-interface.association.ip-owner-id": "NetworkInterfaces.Association.IpOwnerId",
    "network-interface.association.public-ip": "NetworkInterfaces.Association.PublicIp",
    "network-interface.attachment.attach-time": "NetworkInterfaces.Attachment.AttachTime",
    "network-interface.attachment.attachment-id": "NetworkInterfaces.Attachment.AttachmentId",
    "network-interface.attachment.delete-on-termination": "NetworkInterfaces.Attachment.DeleteOnTermination",
    "network-interface.attachment.device-index": "NetworkInterfaces.Attachment.DeviceIndex",
    "network-interface.attachment.status": "NetworkInterfaces.Attachment.Status",
    "network-interface.description": "NetworkInterfaces.Description",
    "network-interface.group-id": "NetworkInterfaces.Groups.GroupId",
    "network-interface.group-name": "NetworkInterfaces.Groups.GroupName",
    "network-interface.ipv6-addresses.ipv6-address": "NetworkInterfaces.Ipv6Addresses.Ipv6Address",
    "network-interface.mac-address": "NetworkInterfaces.MacAddress",
    "network-interface.network-interface-id": "NetworkInterfaces.NetworkInterfaceId",
    "network-interface.owner-id": "NetworkInterfaces.OwnerId",
    "network-interface.private-dns-name": "NetworkInterfaces.PrivateDnsName",
    "network-interface.private-ip-address": "NetworkInterfaces.PrivateIpAddress",
    "network-interface.source-dest-check": "NetworkInterfaces.SourceDestCheck",
    "network-interface.status": "NetworkInterfaces.Status",
    "network-interface.subnet-id": "NetworkInterfaces.SubnetId",
    "network-interface.vpc-id": "NetworkInterfaces.VpcId",
    "outpost-arn": "OutpostArn",
    "placement-group-name": "Placement.GroupName",
    "placement-partition-number": "Placement.PartitionNumber",
    "platform": "Platform",
    "platform-details": "PlatformDetails",
    "private-dns-name": "PrivateDnsName",
    "private-dns-name-options.enable-resource-name-dns-a-record": "PrivateDnsNameOptions.EnableResourceNameDnsARecord",
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": (
        "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord"
    ),
    "private-dns-name-options.hostname-type": "PrivateDnsNameOptions.HostnameType",
    "private-ip-address": "PrivateIpAddress",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "ramdisk-id": "RamdiskId",
    "reason": "StateTransitionReason",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-dest-check": "SourceDestCheck",
    "spot-instance-request-id": "SpotInstanceRequestId",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
    "subnet-id": "SubnetId",
    "tenancy": "Placement.Tenancy",
    "usage-operation": "UsageOperation",
    "usage-operation-update-time": "UsageOperationUpdateTime",
    "virtualization-type": "VirtualizationType",
    "vpc-id": "VpcId",
}


def instance_filter(name: str) -> Values[Instance] | None:
    """Return what a filter of that name looks at, or None if instances have no such filter."""
    if name.startswith("tag:"):
        key = name[4:]
        return lambda instance: (instance.tags[key],) if key in instance.tags else ()
    if name in _DIRECT:
        return _DIRECT[name]
    path = _PATHS.get(name)
    if path is None:
        return None
    words = path.split(".")
    return lambda instance: _values(instance_members(instance), words)


def _values(found: Any, words: list[str]) -> Iterator[str]:
    """Iterate over what stands at a path, in every item of every list on the way, as filters compare it."""
    if isinstance(found, list):
        for one in found:
            yield from _values(one, words)
    elif words:
        if isinstance(found, Mapping) and words[0] in found:
            yield from _values(found[words[0]], words[1:])
    else:
        yield _written(found)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{iso(value)[:-1]}.000Z"
    return str(value)
