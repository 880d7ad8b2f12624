"""An account that stands in front of moto (extra ``boto``; moto is yours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.adapters.moto.account import MotoAccount, account_from_moto, read_moto
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "account": "MotoAccount account_from_moto read_moto",
        },
    )

__all__ = [
    "MotoAccount",
    "account_from_moto",
    "read_moto",
]
