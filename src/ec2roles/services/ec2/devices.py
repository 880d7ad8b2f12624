"""An instance's network interface and its volumes as EC2's responses have them: what its metadata shows, and no more."""

from __future__ import annotations

from typing import Any

from ec2roles.ec2.association import PENDING
from ec2roles.ec2.instance import Instance
from ec2roles.instants import whole_seconds
from ec2roles.metadata.network import dns_name, group_of, interface_id, interface_number, mac, subnet_id

ROOT_DEVICE = "/dev/xvda"
_MOST_VOLUMES = 128


def groups(instance: Instance) -> list[dict[str, str]]:
    """Return its security groups."""
    ids = instance.role_credentials.time.ids
    return [{"GroupId": group_of(ids, name), "GroupName": name} for name in instance.hardware.security_groups]


def volumes(instance: Instance) -> list[dict[str, Any]]:
    """Return its EBS volumes, the root first: those of ``block-device-mapping/`` in its metadata."""
    hardware, host = instance.hardware, instance.role_credentials
    found = []
    for number, device in enumerate(_devices(instance)):
        volume = host.time.ids.resource_id("vol", host.slot * _MOST_VOLUMES + number)
        found.append(
            {
                "DeviceName": device,
                "Ebs": {
                    "AttachTime": whole_seconds(hardware.launched[0]),
                    "DeleteOnTermination": device not in hardware.kept_devices,
                    "Status": "attached",
                    "VolumeId": volume,
                    "EbsCardIndex": 0,
                },
            }
        )
    return found


def _devices(instance: Instance) -> list[str]:
    """The devices of its volumes; the metadata leaves ``/dev/`` out for all but the root."""
    named = dict(instance.hardware.block_devices)
    devices = [named.get("root", ROOT_DEVICE), *(named[name] for name in named if name.startswith("ebs"))]
    return list(dict.fromkeys(one if one.startswith("/") else f"/dev/{one}" for one in devices))


def interfaces(instance: Instance, *, state_name: str) -> list[dict[str, Any]]:
    """
    Return its network interfaces: the one that its metadata shows.

    Args:
        instance: the instance.
        state_name: as the response says it; while it is ``pending`` the interface is being attached.
    """
    hardware, host = instance.hardware, instance.role_credentials
    name, address = dns_name(host), host.private_ipv4
    ids = host.time.ids
    return [
        {
            "Attachment": {
                "AttachTime": whole_seconds(hardware.launched[0]),
                "AttachmentId": ids.resource_id("eni-attach", interface_number(host)),
                "DeleteOnTermination": True,
                "DeviceIndex": 0,
                "Status": "attaching" if state_name == PENDING else "attached",
                "NetworkCardIndex": 0,
            },
            "Description": "",
            "Groups": groups(instance),
            "Ipv6Addresses": [],
            "MacAddress": mac(host),
            "NetworkInterfaceId": interface_id(host),
            "OwnerId": hardware.account_id,
            "PrivateDnsName": name,
            "PrivateIpAddress": address,
            "PrivateIpAddresses": [{"Primary": True, "PrivateDnsName": name, "PrivateIpAddress": address}],
            "SourceDestCheck": True,
            "Status": "in-use",
            "SubnetId": subnet_id(host),
            "VpcId": hardware.vpc_id,
            "InterfaceType": "interface",
        }
    ]
