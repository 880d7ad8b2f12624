"""Instances, the credentials that rotate on them, and the metadata service that hands them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.ec2.container import Container
    from ec2roles.ec2.instance import Instance
    from ec2roles.ec2.launch_options import InstanceOptions, LaunchOptions
    from ec2roles.ec2.rotation import Rotation
    from ec2roles.ec2.run_instances import launch_instances
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "container": "Container",
            "instance": "Instance",
            "launch_options": "InstanceOptions LaunchOptions",
            "rotation": "Rotation",
            "run_instances": "launch_instances",
        },
    )

__all__ = [
    "Container",
    "Instance",
    "InstanceOptions",
    "LaunchOptions",
    "Rotation",
    "launch_instances",
]
