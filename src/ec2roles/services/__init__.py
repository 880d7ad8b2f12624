"""What calls do once they are allowed: operations, one table for each service, and the registry they are found in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.services.operation import Operation, Service
    from ec2roles.services.registry import Registry
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "operation": "Operation Service",
            "registry": "Registry",
        },
    )

__all__ = [
    "Operation",
    "Registry",
    "Service",
]
