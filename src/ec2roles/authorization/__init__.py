"""Who calls, which policies apply, what is decided, and how AWS words a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.authorization.permissions import Permission
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "permissions": "Permission",
        },
    )

__all__ = ["Permission"]
