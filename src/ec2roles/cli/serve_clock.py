"""The clocks of ``ec2roles serve``: the machine's own, one that is moved by hand, one that runs faster."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ArgumentError
from ec2roles.world.clock import Clock, ManualClock, SystemClock

_FASTER = re.compile(r"x([0-9]{1,6})")
# The year 9999 must not come while somebody watches.
FASTEST = 100_000


@attrs.define(eq=False)
class ScaledClock:
    """
    A clock that starts at the machine's time and runs *speed* times as fast.

    >>> clock = ScaledClock(60)
    >>> clock.now() >= clock.started
    True

    Args:
        speed: 1 or more.
        clock: what it is measured by; the machine's by default.
    """

    speed: int
    clock: Clock = attrs.field(factory=SystemClock)
    started: datetime = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.clock.now()

    def now(self) -> datetime:
        """Return the instant it shows."""
        elapsed: timedelta = self.clock.now() - self.started
        return self.started + elapsed * self.speed


def clock_of(text: str) -> Clock:
    """
    Return the clock that *text* names: ``real``, ``manual`` or ``x60``.

    A manual clock stands at the machine's time of now, for real clients compare the expiry of credentials with that.

    Raises:
        ArgumentError: if it names none.
    """
    if text == "real":
        return SystemClock()
    if text == "manual":
        return ManualClock(SystemClock().now().replace(microsecond=0))
    found = _FASTER.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= FASTEST:
        raise ArgumentError(f"--clock takes real, manual or xN, N from 1 to {FASTEST}; got {shown(text)}")
    return ScaledClock(int(found[1]))
