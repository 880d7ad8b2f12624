"""When, in which order, under which id: the clock, timelines and the journal. It knows nothing of AWS's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.world.clock import Clock, ManualClock, SystemClock
    from ec2roles.world.ids import Ids
    from ec2roles.world.journal import atomic
    from ec2roles.world.part import Part
    from ec2roles.world.propagation import Propagation
    from ec2roles.world.timekeeper import Change, Timekeeper
    from ec2roles.world.timeline import FIRST, LAST, Position, Timeline
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "clock": "Clock ManualClock SystemClock",
            "ids": "Ids",
            "journal": "atomic",
            "part": "Part",
            "propagation": "Propagation",
            "timekeeper": "Change Timekeeper",
            "timeline": "FIRST LAST Position Timeline",
        },
    )

__all__ = [
    "FIRST",
    "LAST",
    "Change",
    "Clock",
    "Ids",
    "ManualClock",
    "Part",
    "Position",
    "Propagation",
    "SystemClock",
    "Timekeeper",
    "Timeline",
    "atomic",
]
