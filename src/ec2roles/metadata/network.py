"""The network of an instance, as far as its metadata shows it: one interface in one subnet, all derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ec2roles.metadata.host import Host
from ec2roles.world.ids import Ids

# A launch's interfaces are numbered by the slots of its instances, far from the ids that are made one by one.
_INTERFACES = 1 << 41


def dns_name(host: Host) -> str:
    """Return its private DNS name: ``ip-10-0-0-10.ec2.internal``."""
    region = host.hardware.region
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{host.private_ipv4.replace('.', '-')}.{domain}"


def mac(host: Host) -> str:
    """Return the MAC address of its interface: the last four bytes are its address in the VPC."""
    return "0e:c2:" + ":".join(f"{int(part):02x}" for part in host.private_ipv4.split("."))


def interface_number(host: Host) -> int:
    """Return what the ids of its interface, and of how that is attached, stand for."""
    return int.from_bytes(bytes(int(part) for part in host.private_ipv4.split(".")), "big") + _INTERFACES


def interface_id(host: Host) -> str:
    """Return ``eni-0...``."""
    return host.time.ids.resource_id("eni", interface_number(host))


def subnet_of(ids: Ids, region: str, zone: str) -> str:
    """Return ``subnet-0...``: there is one for each availability zone."""
    return _named(ids, "subnet", zone, first=f"{region}a")


def subnet_id(host: Host) -> str:
    """Return the id of its subnet: the one that its launch named, or that of its availability zone."""
    hardware = host.hardware
    return hardware.subnet_id or subnet_of(host.time.ids, hardware.region, hardware.availability_zone)


def group_of(ids: Ids, name: str) -> str:
    """Return ``sg-0...`` for the security group of that name; where only an id was ever given, that is its name too."""
    return name if name.startswith("sg-") else _named(ids, "sg", name, first="default")


def _named(ids: Ids, prefix: str, name: str, *, first: str) -> str:
    number = 1 if name == first else int.from_bytes(ids.digest(b"network", f"{prefix} {name}", 8), "big")
    return ids.resource_id(prefix, number)


def blocks(host: Host) -> tuple[str, list[str]]:
    """Return the block of its subnet, and those of the VPC: a /16 each, as a VPC has at most."""
    second = host.private_ipv4.split(".")[1]
    subnet = f"10.{second}.0.0/16"
    return subnet, list(dict.fromkeys(["10.0.0.0/16", subnet]))


def interfaces(host: Host) -> dict[str, Callable[[Any], Any]]:
    """Return what is below ``network/interfaces/macs/``: one directory, named by the MAC address."""
    hardware = host.hardware
    ids = host.time.ids
    subnet, vpc = blocks(host)
    leaves = {
        "device-number": "0",
        "interface-id": interface_id(host),
        "local-hostname": dns_name(host),
        "local-ipv4s": host.private_ipv4,
        "mac": mac(host),
        "owner-id": hardware.account_id,
        "security-group-ids": "\n".join(group_of(ids, name) for name in hardware.security_groups),
        "security-groups": "\n".join(hardware.security_groups),
        "subnet-id": subnet_id(host),
        "subnet-ipv4-cidr-block": subnet,
        "vpc-id": hardware.vpc_id,
        "vpc-ipv4-cidr-block": vpc[0],
        "vpc-ipv4-cidr-blocks": "\n".join(vpc),
    }
    below = {name: (lambda view, text=text: text) for name, text in leaves.items()}
    return {mac(host): lambda view: below}


def zone_id(account_id: str, region: str, availability_zone: str) -> str:
    """
    Return the zone's id, which is the same place in every account: ``use1-az4``.

    Which letter means which zone differs from account to account, for the letters a to c here.

    >>> zone_id("123456789012", "us-east-1", "us-east-1f")
    'use1-az6'
    """
    first, *rest, last = region.split("-")
    short = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c", "gov": "g", "northeast": "ne"}
    short |= {"northwest": "nw", "southeast": "se", "southwest": "sw", "iso": "i", "isob": "ib"}
    letter = availability_zone.removeprefix(region)
    number = ord(letter) - ord("a") if len(letter) == 1 and letter.isascii() and letter.islower() else 0
    if number < 3:
        number = (number + int(account_id[-3:])) % 3
    return f"{first}{''.join(short.get(word, word[:1]) for word in rest)}{last}-az{number + 1}"
