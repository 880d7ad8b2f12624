"""
One fetch of an instance's credentials: EC2 assumes the role in the profile, or finds that it cannot.

A fetch is never stored. It follows from the timelines alone: a forced one (a new association, a start) sees every write
before it, a scheduled one at instant r sees only the writes made before r. So a fetch in the past can be worked out at any
time and always comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.rotation import DROP, Rotation
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.policy import Decision
from ec2roles.sts.token_service import TokenService
from ec2roles.timeline import FIRST, Position, Timeline

EC2 = "ec2.amazonaws.com"

NO_PROFILE = "InstanceProfileNotFound"
NO_ROLE = "NoRole"
UNAUTHORIZED = "AssumeRoleUnauthorizedAccess"


@attrs.frozen(eq=False)
class Fetch:
    """
    What came of one fetch.

    Args:
        ordinal: its number among all fetches of the instance.
        position: what it saw.
        expires: when credentials from it stop working, in microseconds.
        profile: the profile it went through.
        role: the role it found there, or None.
        decision: what the role's trust policy said to EC2; None if it did not come to that.
        problem: None, or ``InstanceProfileNotFound``, ``NoRole``, ``AssumeRoleUnauthorizedAccess``.
    """

    ordinal: int
    position: Position
    expires: int
    profile: InstanceProfile
    role: Role | None
    decision: Decision | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether credentials came of it."""
        return self.problem is None


@attrs.frozen(eq=False)
class Fetcher:
    """
    Works out the fetches of one instance.

    Args:
        instance_id: the session's name.
        sts: judges whether EC2 may assume the role.
        rotation: when fetches happen.
        offset: the instance's own offset, in microseconds.
    """

    instance_id: str
    sts: TokenService
    rotation: Rotation
    offset: int

    def newest(self, record: InstanceRecord, now: int) -> int:
        """Return the number, within its epoch, of the newest fetch of *record* at *now*."""
        assert record.epoch is not None
        return self.rotation.newest(record.epoch.start[0], now, self.offset)

    def instant(self, record: InstanceRecord, number: int) -> int:
        """Return the instant of fetch *number* of the epoch of *record*, in microseconds."""
        assert record.epoch is not None
        return self.rotation.instant(record.epoch.start[0], number, self.offset)

    def fetch(self, record: InstanceRecord, number: int) -> Fetch:
        """Work out fetch *number* of the epoch of *record*."""
        assert record.epoch is not None and record.association is not None
        instant = self.instant(record, number)
        position = record.epoch.start if number == 0 else (instant, FIRST)
        profile = record.association.profile
        role = decision = problem = None
        if not profile.exists(position):
            problem = NO_PROFILE
        else:
            role = profile.role_at(position)
            if role is None:
                problem = NO_ROLE
            else:
                decision = self.sts.judge_service(EC2, role, self.instance_id, position)
                if not decision.allowed:
                    problem = UNAUTHORIZED
        expires = self.rotation.expires(instant, self.offset)
        return Fetch(record.epoch.first_ordinal + number, position, expires, profile, role, decision, problem)

    def served(self, record: InstanceRecord, now: int) -> Fetch | None:
        """
        Return the fetch whose credentials the metadata shows at *now*, or None if it shows none.

        When a refresh fails, the last good set stays until it expires (`Rotation.on_refresh_failure`).
        """
        newest = number = self.newest(record, now)
        while number >= 0:
            if self.rotation.expires(self.instant(record, number), self.offset) <= now:
                return None
            fetch = self.fetch(record, number)
            if fetch.ok:
                return fetch
            if self.rotation.on_refresh_failure == DROP and number == newest:
                return None
            number -= 1
        return None

    def next_refresh(self, record: InstanceRecord, now: int) -> int:
        """Return the instant of the next scheduled refresh after *now*, in microseconds."""
        return self.instant(record, self.newest(record, now) + 1)

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
        if last < record.epoch.start[0]:
            return None
        return self.fetch(record, number) if number <= self.newest(record, last) else None


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
