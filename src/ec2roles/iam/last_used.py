"""When and where a role's credentials, or an access key, were last used: by calls that were authenticated, denied ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import FIRST, Position, Timeline

_HOUR = 3_600_000_000


@attrs.frozen
class LastUse:
    """
    One use of credentials.

    Args:
        instant: microseconds since 1970.
        region: where the call was made.
        service: the prefix of the service's actions, such as ``s3``.
    """

    instant: int
    region: str
    service: str


@attrs.define(eq=False)
class _Hour(Part):
    """The uses of one hour in one region: the first, and the last so far."""

    first: LastUse
    last: LastUse

    # A use is noted by every call.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__


@attrs.define(eq=False)
class UsageLog(Part):
    """
    The uses of one role or one access key: in each region one entry for every hour in which there was one.

    So it stays small however many calls there are. The newest use is exact; of an hour in the past the first is known, and
    the last.
    """

    _hours: dict[str, Timeline[_Hour]] = attrs.field(factory=dict, init=False)
    newest: LastUse | None = attrs.field(default=None, init=False)

    # A use is noted by every call.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__

    def note(self, time: Timekeeper, instant: int, region: str, service: str) -> None:
        """
        Note a use.

        Args:
            time: the Cloud's timekeeper.
            instant: when, in microseconds since 1970.
            region: where the call was made.
            service: the prefix of the service's actions.
        """
        newest = self.newest
        if newest is not None and newest.instant >= instant:
            # Most calls of a test are made at one instant; and where a clock went back, what was later stays later.
            if newest.instant > instant or (newest.region == region and newest.service == service):
                return
        use = LastUse(instant, region, service)
        journal = time.journal
        journal.assign(self, "newest", use)
        timeline = self._hours.get(region)
        if timeline is None:
            journal.put(self._hours, region, Timeline((instant, FIRST), _Hour(use, use)))
        elif timeline.last.first.instant // _HOUR == instant // _HOUR:
            journal.assign(timeline.last, "last", use)
        else:
            time.record(timeline, (instant, FIRST), _Hour(use, use))

    def at(self, position: Position) -> LastUse | None:
        """Return the last use as of *position*, or None if there was none; within a past hour it may be the hour's first."""
        newest = self.newest
        if newest is None or newest.instant <= position[0]:
            return newest
        found = [
            hour.last if hour.last.instant <= position[0] else hour.first
            for hour in (timeline.at(position) for timeline in self._hours.values())
            if hour is not None
        ]
        return max(found, key=lambda use: use.instant, default=None)
