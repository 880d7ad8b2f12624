"""
The fetches of an instance's credentials: in each, EC2 assumes the role in the profile, or finds that it cannot.

A fetch is never stored. It follows from the timelines alone: a forced one (a new association, a start) sees every write
before it, a scheduled one at instant r sees only the writes made before r. So a fetch in the past can be worked out at any
time and always comes out the same.

Where changes in IAM take a while to get to EC2 (`Propagation`), a fetch sees IAM as of so long before, and a forced one that
fails only for that is tried again when the delay has passed. That further fetch has a number of its own in every epoch,
whether it was needed or not, so the numbers of all others follow from their instants alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import attrs

from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.rotation import DROP, Rotation
from ec2roles.metadata.fetch import NO_PROFILE, NO_ROLE, STS_DOWN, UNAUTHORIZED, Fetch
from ec2roles.sts.token_service import TokenService
from ec2roles.world.timeline import FIRST, LAST, Position, Timeline

EC2 = "ec2.amazonaws.com"


@attrs.frozen(eq=False)
class Fetcher:
    """
    Works out the fetches of one instance.

    Args:
        instance_id: the session's name.
        sts: judges whether EC2 may assume the role.
        rotation: when fetches happen.
        offset: the instance's own offset, in microseconds.
        delay: how long changes in IAM take to get to EC2, in microseconds.
    """

    instance_id: str
    sts: TokenService
    rotation: Rotation
    offset: int
    delay: int = 0

    def newest(self, record: InstanceRecord, now: int) -> int:
        """Return the number, within its epoch, of the newest fetch of *record* at *now*."""
        assert record.epoch is not None
        start = record.epoch.start[0]
        scheduled = self.rotation.newest(start, now, self.offset)
        if not self.delay or now - start < self.delay:
            return scheduled
        return scheduled if scheduled + 1 == self.retry and not self.is_retried(record) else scheduled + 1

    def instant(self, record: InstanceRecord, number: int) -> int:
        """Return the instant of fetch *number* of the epoch of *record*, in microseconds."""
        assert record.epoch is not None
        start = record.epoch.start[0]
        if self.delay and number >= self.retry:
            if number == self.retry:
                return start + self.delay
            number -= 1
        return self.rotation.instant(start, number, self.offset)

    @property
    def retry(self) -> int:
        """The number, in each epoch, of the fetch that tries the forced one again; 0 if no change is ever delayed."""
        return 1 + max(0, (self.delay - self.offset) // self.rotation.refresh_microseconds) if self.delay else 0

    def is_retried(self, record: InstanceRecord) -> bool:
        """Return whether the forced fetch of the epoch of *record* fails, and only because of the delay."""
        assert record.epoch is not None
        if not self.delay:
            return False
        start = record.epoch.start
        return not self._fetch(record, 0, start, self._seen(start)).ok and self._fetch(record, 0, start, start).ok

    def happens(self, record: InstanceRecord, number: int) -> bool:
        """Return whether there is a fetch *number* in the epoch of *record* at all."""
        return not self.delay or number != self.retry or self.is_retried(record)

    def fetch(self, record: InstanceRecord, number: int) -> Fetch:
        """Work out fetch *number* of the epoch of *record*."""
        assert record.epoch is not None
        position = record.epoch.start if number == 0 else (self.instant(record, number), FIRST)
        if not self.delay:
            return self._fetch(record, number, position, position)
        # What was written at the very instant of the start has got here when the forced fetch is tried again.
        seen = (record.epoch.start[0], LAST) if number == self.retry else self._seen(position)
        return self._fetch(record, number, position, seen)

    def _seen(self, position: Position) -> Position:
        return (position[0] - self.delay, FIRST if position[1] == FIRST else LAST)

    def _fetch(self, record: InstanceRecord, number: int, position: Position, seen: Position) -> Fetch:
        assert record.epoch is not None and record.association is not None
        profile = record.association.profile
        role = judge = problem = None
        if not profile.exists(seen):
            problem = NO_PROFILE
        else:
            role = profile.role_at(seen)
            faults = self.sts.time.faults
            if role is None:
                problem = NO_ROLE
            elif faults is not None and faults.sts_is_down(position, self.sts.account_id, self.instance_id):
                problem = STS_DOWN
            else:
                judge = partial(self.sts.authorizer.authorize_service, EC2, role, self.instance_id, position, seen)
                if not self.sts.authorizer.service_may_assume(EC2, role, seen, judge):
                    problem = UNAUTHORIZED
        expires = self.rotation.expires(position[0], self.offset)
        return Fetch(record.epoch.first_ordinal + number, position, seen, expires, profile, role, judge, problem)

    def served(self, record: InstanceRecord, now: int) -> Fetch | None:
        """
        Return the fetch whose credentials the metadata shows at *now*, or None if it shows none.

        When a refresh fails, the last good set stays until it expires (`Rotation.on_refresh_failure`). While STS is down EC2
        learns nothing new: what the metadata had then stays, even beyond its expiration.
        """
        number = self.newest(record, now)
        fetch = self.fetch(record, number)
        if fetch.problem == STS_DOWN:
            number, fetch = self._known(record, now)
        if fetch.problem is None:
            return fetch
        if self.rotation.on_refresh_failure == DROP:
            return None
        while number > 0:
            number = self._before(record, number)
            if self.rotation.expires(self.instant(record, number), self.offset) <= now:
                return None
            fetch = self.fetch(record, number)
            if fetch.ok:
                return fetch
        return None

    def known(self, record: InstanceRecord, now: int) -> Fetch:
        """Return the newest fetch of *record* at *now* from which EC2 learnt anything; the first, if STS was down always."""
        return self._known(record, now)[1]

    def _known(self, record: InstanceRecord, now: int) -> tuple[int, Fetch]:
        number = self.newest(record, now)
        fetch = self.fetch(record, number)
        while fetch.problem == STS_DOWN and number > 0:
            number = self._before(record, number)
            fetch = self.fetch(record, number)
        return number, fetch

    def _before(self, record: InstanceRecord, number: int) -> int:
        return number - 1 if self.happens(record, number - 1) else number - 2

    def next_refresh(self, record: InstanceRecord, now: int) -> int:
        """Return the instant of the next fetch after *now*, in microseconds, if nothing is done until then."""
        number = self.newest(record, now) + 1
        if self.delay and not self.happens(record, number):
            number += 1
        return self.instant(record, number)

    def each(self, states: Timeline[InstanceRecord], until: Position, since: int | None = None) -> Iterator[Fetch]:
        """
        Iterate over all fetches of an instance, oldest first.

        Args:
            states: the instance's past.
            until: the position of the last that counts.
            since: microseconds; earlier fetches are left out.
        """
        for record, end in epochs(states):
            assert record.epoch is not None
            start = record.epoch.start
            if start > until:
                return
            if end is not None and end < start[0]:
                continue
            first = 0
            if since is not None and since > start[0]:
                first = self.newest(record, since)
                if self.instant(record, first) < since:
                    first += 1
            last = until[0] if end is None else min(until[0], end)
            for number in range(first, self.newest(record, last) + 1):
                if self.happens(record, number):
                    yield self.fetch(record, number)

    def numbered(self, states: Timeline[InstanceRecord], ordinal: int, now: int) -> Fetch | None:
        """
        Return the fetch of that number among all of an instance, or None if there was none by *now*.

        Args:
            states: the instance's past.
            ordinal: the number.
            now: microseconds.
        """
        found = None
        for record, end in epochs(states):
            assert record.epoch is not None
            if record.epoch.first_ordinal > ordinal or record.epoch.start[0] > now:
                break
            found = record, end
        if found is None:
            return None
        record, end = found
        assert record.epoch is not None
        number = ordinal - record.epoch.first_ordinal
        last = now if end is None else min(now, end)
        if last < record.epoch.start[0] or number > self.newest(record, last) or not self.happens(record, number):
            return None
        return self.fetch(record, number)


def epochs(states: Timeline[InstanceRecord]) -> Iterator[tuple[InstanceRecord, int | None]]:
    """
    Iterate over the epochs of an instance: a record of each, and the instant at which it ended, or None.

    An epoch's refreshes up to that very instant have happened: they see only what was written before them.
    """
    current: InstanceRecord | None = None
    for position, record in states.spans():
        if current is not None and record.epoch is not current.epoch:
            yield current, position[0]
            current = None
        if record.epoch is not None and current is None:
            current = record
    if current is not None:
        yield current, None
