"""When an instance's credentials are fetched, and how long each set lives."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ec2roles.errors import DurationError
from ec2roles.instants import MICROSECOND
from ec2roles.world.ids import Ids

KEEP = "keep"
DROP = "drop"
OVERLAP = timedelta(minutes=5)
_YEAR = timedelta(days=365)


def _span(_instance: object, attribute: attrs.Attribute[timedelta], value: object) -> None:
    if not isinstance(value, timedelta):
        raise TypeError(f"{attribute.name} must be a timedelta, got {type(value).__name__}")


@attrs.frozen
class Rotation:
    """
    How the credentials of an instance rotate.

    AWS promises new credentials at least five minutes before the old ones expire; in practice they live about six hours and
    are refreshed every hour. The first set is fetched at once when a profile is associated or the instance starts.

    >>> Rotation().lifetime
    datetime.timedelta(seconds=21600)

    Args:
        lifetime: how long one set is valid.
        refresh: how far apart the scheduled refreshes are.
        jitter: each instance draws its own offset between nothing and this from the seed. Its refreshes are later by the
            offset and its credentials live longer by it: ``lifetime=6 h 20 min, jitter=16 min`` is what the field shows.
        association_delay: how long an association stays ``associating`` before the metadata shows its role.
        on_refresh_failure: ``keep`` leaves the last good set in the metadata until it expires; ``drop`` shows the failure
            at once.

    Raises:
        DurationError: if the lifetime is not at least five minutes longer than the refresh, or more than a thousand times
            as long; if a span is negative, or longer than a year.
    """

    lifetime: timedelta = attrs.field(default=timedelta(hours=6), validator=_span)
    refresh: timedelta = attrs.field(default=timedelta(hours=1), validator=_span)
    jitter: timedelta = attrs.field(default=timedelta(0), validator=_span)
    on_refresh_failure: str = attrs.field(default=KEEP)
    association_delay: timedelta = attrs.field(default=timedelta(0), validator=_span, kw_only=True)
    refresh_microseconds: int = attrs.field(init=False, eq=False, repr=False)
    lifetime_microseconds: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.refresh < timedelta(minutes=1) or self.jitter < timedelta(0):
            raise DurationError(detail=f"refresh must be a minute or more and jitter not negative, got '{self}'")
        if self.association_delay < timedelta(0):
            raise DurationError(detail=f"association_delay must not be negative, got '{self.association_delay}'")
        for name, span in (
            ("lifetime", self.lifetime),
            ("jitter", self.jitter),
            ("association_delay", self.association_delay),
        ):
            if span > _YEAR:
                raise DurationError(detail=f"{name} must be at most a year, got '{span}'")
        if self.lifetime - self.refresh < OVERLAP:
            raise DurationError(
                detail=f"lifetime must exceed refresh by five minutes or more, got '{self.lifetime}' and '{self.refresh}'"
            )
        if self.lifetime / self.refresh > 1000:
            raise DurationError(
                detail=f"lifetime must be at most 1,000 refreshes, got '{self.lifetime}' and '{self.refresh}'"
            )
        if self.on_refresh_failure not in (KEEP, DROP):
            raise DurationError(detail=f"on_refresh_failure must be 'keep' or 'drop', got '{self.on_refresh_failure}'")
        object.__setattr__(self, "refresh_microseconds", self.refresh // MICROSECOND)
        object.__setattr__(self, "lifetime_microseconds", self.lifetime // MICROSECOND)

    @classmethod
    def observed(cls) -> Rotation:
        """
        Return what real instances have shown: sets that live 6 hours and 35 minutes, refreshed every hour.

        AWS promises neither. In public CloudTrail records of July 2023 the credentials of two instances expire exactly so
        long after the AssumeRole that EC2 made for them.

        >>> str(Rotation.observed().lifetime), str(Rotation.observed().refresh)
        ('6:35:00', '1:00:00')
        """
        return cls(lifetime=timedelta(hours=6, minutes=35))

    def offset(self, ids: Ids, instance_id: str) -> int:
        """Return the offset that *instance_id* draws from the seed, in microseconds."""
        if not self.jitter:
            return 0
        drawn = int.from_bytes(ids.digest(b"rotation jitter", instance_id, 8), "big")
        return drawn * (self.jitter // MICROSECOND) >> 64

    def newest(self, start: int, now: int, offset: int) -> int:
        """
        Return the number of the newest fetch at *now*; 0 is the forced one.

        Args:
            start: the instant of the forced fetch, in microseconds.
            now: microseconds, not before *start*.
            offset: the instance's own.
        """
        return max(0, (now - start - offset) // self.refresh_microseconds)

    def instant(self, start: int, number: int, offset: int) -> int:
        """Return the instant of fetch *number*, in microseconds."""
        return start if number == 0 else start + offset + number * self.refresh_microseconds

    def expires(self, issued: int, offset: int) -> int:
        """Return when a set issued at *issued* stops working, in microseconds."""
        return issued + self.lifetime_microseconds + offset
