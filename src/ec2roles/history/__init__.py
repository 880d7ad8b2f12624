"""What happened: every change, every refresh, every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.history.event import Event, Events
    from ec2roles.history.history import History
    from ec2roles.history.past import Past
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "event": "Event Events",
            "history": "History",
            "past": "Past",
        },
    )

__all__ = [
    "Event",
    "Events",
    "History",
    "Past",
]
