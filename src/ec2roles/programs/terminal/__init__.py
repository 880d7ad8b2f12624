"""A terminal on one instance: a small, honest shell with ``aws``, ``curl`` and what goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.programs.terminal.terminal import Terminal
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "terminal": "Terminal",
        },
    )

__all__ = ["Terminal"]
