"""What runs on an instance: the credential chain that programs look through, and a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.programs.chain import CredentialChain, Resolved
    from ec2roles.programs.files import Files
    from ec2roles.programs.program import Completed, Invocation
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "chain": "CredentialChain Resolved",
            "files": "Files",
            "program": "Completed Invocation",
        },
    )

__all__ = [
    "Completed",
    "CredentialChain",
    "Files",
    "Invocation",
    "Resolved",
]
