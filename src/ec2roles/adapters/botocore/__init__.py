"""boto3 in this process, without a socket (extra ``boto``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.adapters.botocore.session import boto_session, install, patch_client
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "session": "boto_session install patch_client",
        },
    )

__all__ = [
    "boto_session",
    "install",
    "patch_client",
]
