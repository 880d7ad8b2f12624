"""Why a decision came out as it did, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.policy.explain.text import deciding, explain
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "text": "deciding explain",
        },
    )

__all__ = [
    "deciding",
    "explain",
]
