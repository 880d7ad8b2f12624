"""When an instance's metadata shows something else next, so that another simulator can schedule its own wake-ups."""

from __future__ import annotations

from collections.abc import Iterator

from ec2roles.ec2.association import RUNNING, InstanceRecord
from ec2roles.ec2.role_credentials import RoleCredentials
from ec2roles.metadata.documents import profile_info
from ec2roles.metadata.fetch import UNAUTHORIZED
from ec2roles.world.timeline import LAST, Timeline


def next_change(host: RoleCredentials, states: Timeline[InstanceRecord], when: int) -> int | None:
    """
    Return the first instant after *when* at which the metadata shows something else, or None if there is none.

    Args:
        host: the instance.
        states: its past.
        when: microseconds; past, present or, if nothing is done until then, future.
    """
    shown = _shown(host, states, when)
    for instant in _occasions(host, states, when):
        if _shown(host, states, instant) != shown:
            return instant
    return None


def _occasions(host: RoleCredentials, states: Timeline[InstanceRecord], when: int) -> Iterator[int]:
    """Iterate over the instants at which anything could change, until only refreshes that show nothing new are left."""
    fetcher = host.fetcher
    faults = host.time.faults
    edges = [position[0] for position, _ in states.spans()]
    if faults is not None:
        edges.extend(faults.edges(host.hardware.account_id, host.instance_id, when))
    rotation = fetcher.rotation
    # By then each refresh has seen every write, and found every set of before expired.
    settled = max(when, host.time.newest, *edges) + fetcher.delay + rotation.lifetime_microseconds
    settled += 2 * (rotation.refresh_microseconds + fetcher.offset)
    now = when
    while now <= settled:
        coming = [edge for edge in edges if edge > now]
        written = states.at((now, LAST))
        if written is not None and written.epoch is not None and written.epoch.start[0] > now:
            coming.append(written.epoch.start[0])
        record = host.record_at((now, LAST))
        if record is not None and record.epoch is not None:
            coming.append(fetcher.next_refresh(record, now))
            served = fetcher.served(record, now)
            if served is not None and served.expires > now:
                coming.append(served.expires)
        if not coming:
            return
        now = min(coming)
        yield now


def _shown(host: RoleCredentials, states: Timeline[InstanceRecord], now: int) -> object:
    """What the metadata shows at the end of an instant, as something that can be compared."""
    position = (now, LAST)
    record = host.record_at(position)
    faults = host.time.faults
    if record is None or record.state != RUNNING:
        return None
    if faults is not None and faults.metadata_is_down(position, host.hardware.account_id, host.instance_id):
        return None
    written = states.at(position)
    if record.epoch is None or record.association is None:
        return written
    fetcher = host.fetcher
    known = fetcher.known(record, now)
    served = fetcher.served(record, now)
    # The document of a role that cannot be assumed says when that was tried.
    refused = known.position if known.problem == UNAUTHORIZED else None
    return (
        written,
        refused if served is None else served.ordinal,
        profile_info(known, record.association.profile, record.association.since[0]),
    )
