"""What an instance is and where it stands: fixed at launch, and the same for all instances of one launch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.world.timeline import Position

_ARM = re.compile(r"(?:a1|[a-z]+[0-9]+g[a-z]*)\.")


def architecture_of(instance_type: str) -> str:
    """
    Return ``arm64`` for the types with a Graviton processor, else ``x86_64``.

    >>> architecture_of("t4g.micro"), architecture_of("t3.micro")
    ('arm64', 'x86_64')
    """
    return "arm64" if _ARM.match(instance_type) else "x86_64"


@attrs.frozen(eq=False)
class Hardware:
    """
    What an instance is and where it stands; the same for all instances of one launch.

    Args:
        account_id: whose instances they are.
        region: such as ``us-east-1``.
        availability_zone: such as ``us-east-1a``.
        instance_type: such as ``t3.micro``; it can be changed, see `Instance.instance_type`.
        image_id: the AMI.
        vpc_id: the VPC, ``aws:Ec2InstanceSourceVpc`` of the credentials.
        launched: where in time they were launched.
        reservation_id: the reservation of the launch.
        key_name: the key pair given at launch, or None.
        security_groups: their names; one that was given by its id has that for a name.
        subnet_id: the subnet, where the launch named one; otherwise that of the zone.
        instance_life_cycle: ``on-demand`` or ``spot``.
        monitoring: ``enabled`` or ``disabled``: detailed monitoring.
        group_name, partition_number, host_id: where they were placed, as far as anybody said.
        block_devices: pairs of a name in ``block-device-mapping/`` and a device.
        kept_devices: the devices whose volumes outlive the instance.
        repeated: what the launch said that DescribeInstances repeats, and that nothing else depends on.
    """

    account_id: str
    region: str
    availability_zone: str
    instance_type: str
    image_id: str
    vpc_id: str
    launched: Position
    reservation_id: str
    key_name: str | None = None
    security_groups: tuple[str, ...] = ("default",)
    subnet_id: str | None = None
    instance_life_cycle: str = "on-demand"
    monitoring: str = "disabled"
    group_name: str | None = None
    partition_number: int | None = None
    host_id: str | None = None
    block_devices: tuple[tuple[str, str], ...] = ()
    kept_devices: tuple[str, ...] = ()
    repeated: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def architecture(self) -> str:
        """The AMI's: ``arm64`` or ``x86_64``; the type that an instance was launched with says which."""
        return architecture_of(self.instance_type)
