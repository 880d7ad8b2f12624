"""What goes wrong in a world, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.faults.kinds import ClockSkew, Fault, MetadataOutage, StsOutage, StsThrottling
    from ec2roles.faults.plan import FaultPlan
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "kinds": "ClockSkew Fault MetadataOutage StsOutage StsThrottling",
            "plan": "FaultPlan",
        },
    )

__all__ = [
    "ClockSkew",
    "Fault",
    "FaultPlan",
    "MetadataOutage",
    "StsOutage",
    "StsThrottling",
]
