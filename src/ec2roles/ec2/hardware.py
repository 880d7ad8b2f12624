"""What an instance is and where it stands: fixed at launch, and the same for all instances of one launch."""

from __future__ import annotations

import re

import attrs

from ec2roles.world.timeline import Position

_ARM = re.compile(r"(?:a1|[a-z]+[0-9]+g[a-z]*)\.")


@attrs.frozen(eq=False)
class Hardware:
    """
    What an instance is and where it stands; the same for all instances of one launch.

    Args:
        account_id: whose instances they are.
        region: such as ``us-east-1``.
        availability_zone: such as ``us-east-1a``.
        instance_type: such as ``t3.micro``.
        image_id: the AMI.
        vpc_id: the VPC, ``aws:Ec2InstanceSourceVpc`` of the credentials.
        launched: where in time they were launched.
        reservation_id: the reservation of the launch.
        key_name: the key pair given at launch, or None.
        security_groups: their names.
        instance_life_cycle: ``on-demand`` or ``spot``.
        monitoring: ``enabled`` or ``disabled``: detailed monitoring.
        group_name, partition_number, host_id: where they were placed, as far as anybody said.
        block_devices: pairs of a name in ``block-device-mapping/`` and a device.
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
    instance_life_cycle: str = "on-demand"
    monitoring: str = "disabled"
    group_name: str | None = None
    partition_number: int | None = None
    host_id: str | None = None
    block_devices: tuple[tuple[str, str], ...] = ()

    @property
    def architecture(self) -> str:
        """
        ``arm64`` for the types with a Graviton processor, else ``x86_64``.

        >>> Hardware("1", "r", "ra", "t4g.micro", "ami-1", "vpc-1", (0, 1), "r-1").architecture
        'arm64'
        """
        return "arm64" if _ARM.match(self.instance_type) else "x86_64"
