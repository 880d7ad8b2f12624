"""The metadata service, as the programs on an instance need it: what answers there is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ec2roles.credentials import Credentials
from ec2roles.world.timeline import Position


class MetadataAnswer(Protocol):
    """What the metadata service answers."""

    @property
    def status(self) -> int | None:
        """The HTTP status; None if the answer never arrived."""

    @property
    def body(self) -> str | bytes:
        """What follows the headers."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in the order in which they are sent."""

    @property
    def timed_out(self) -> bool:
        """Whether the answer never arrived."""


class Metadata(Protocol):
    """The metadata service, as programs reach it from their place."""

    def credentials_at(self, position: Position, /, *, v1_disabled: bool = False) -> Credentials | None:
        """Return what it has for an SDK as of *position*, or None."""

    def request(self, method: str, path: str, headers: Mapping[str, str], *, position: Position) -> MetadataAnswer:
        """Answer a request."""
