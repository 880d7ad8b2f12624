"""The history in the form of AWS CloudTrail's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.history.cloudtrail.trail import Trail
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "trail": "Trail",
        },
    )

__all__ = ["Trail"]
