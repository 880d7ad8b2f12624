"""The clocks of ``ec2roles serve``: the machine's own, one that is moved by hand, one that runs faster."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ArgumentError
from ec2roles.instants import read_instant
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
        start: what it shows at first; what the other clock shows by default.
    """

    speed: int
    clock: Clock = attrs.field(factory=SystemClock)
    start: datetime | None = None
    started: datetime = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.clock.now()

    def now(self) -> datetime:
        """Return the instant it shows."""
        elapsed: timedelta = self.clock.now() - self.started
        return (self.started if self.start is None else self.start) + elapsed * self.speed


def clock_of(text: str, start: str | None = None) -> Clock:
    """
    Return the clock that *text* names: ``real``, ``manual`` or ``x60``.

    A manual clock stands at the machine's time of now, for real clients compare the expiry of credentials with that.

    Args:
        text: the name.
        start: the moment that the clock shows at first, in ISO 8601.

    Raises:
        ArgumentError: if it names none, or the machine's own clock is to start elsewhere.
        ClockError: if *start* is no moment.
    """
    begin = None if start is None else read_instant(start, "--start")
    if text == "real":
        if begin is not None:
            raise ArgumentError(
                "--start needs --clock manual or --clock xN: the machine's own clock shows what it shows"
            )
        return SystemClock()
    if text == "manual":
        return ManualClock(SystemClock().now().replace(microsecond=0) if begin is None else begin)
    found = _FASTER.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= FASTEST:
        raise ArgumentError(f"--clock takes real, manual or xN, N from 1 to {FASTEST}; got {shown(text)}")
    return ScaledClock(int(found[1]), start=begin)
