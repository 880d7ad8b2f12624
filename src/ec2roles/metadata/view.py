"""One look at the metadata of one instance: the instance, its state, the moment, and which version asks."""

from __future__ import annotations

import attrs

from ec2roles.metadata.fetch import Fetch
from ec2roles.metadata.host import Host, Record, Served


@attrs.define(eq=False)
class View:
    """
    One look at the metadata of one instance.

    Args:
        host: the instance.
        record: its state as of the moment of the look.
        now: that moment, in microseconds.
        delivery: 1 for a request without a token, 2 for one with.
    """

    host: Host
    record: Record
    now: int
    delivery: int

    def newest_fetch(self) -> Fetch | None:
        """Return the newest fetch from which EC2 learnt anything, or None if no credentials are being fetched."""
        return None if self.record.epoch is None else self.host.newest_fetch(self.record, self.now)

    def served(self) -> Served | None:
        """Return the credentials shown now."""
        return self.host.served(self.record, self.now, self.delivery) if self.record.epoch is not None else None
