"""The instance metadata service: what a program on an instance finds at 169.254.169.254."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.metadata.defaults import MetadataDefaults
    from ec2roles.metadata.notices import ScheduledEvent
    from ec2roles.metadata.options import MetadataOptions
    from ec2roles.metadata.response import MetadataResponse
    from ec2roles.metadata.service import MetadataService
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "defaults": "MetadataDefaults",
            "notices": "ScheduledEvent",
            "options": "MetadataOptions",
            "response": "MetadataResponse",
            "service": "MetadataService",
        },
    )

__all__ = [
    "MetadataDefaults",
    "MetadataOptions",
    "MetadataResponse",
    "MetadataService",
    "ScheduledEvent",
]
