"""A second, independent account of EC2 instance roles, to hold the library against.

It is written from the specification and imports nothing of ec2roles. It keeps one list of events and works out every
answer by going through that list again from the start, hour by hour: the opposite of how the library is built. Instants
are integers, microseconds since the beginning; roles, users, policies, profiles and instances are plain dicts, known by
numbers that are never used again, so that a role deleted and made anew under its old name is another one.

The rules:

* A new association and a start fetch credentials at once, in the order of the writes, and then every hour from there.
* A scheduled refresh at an instant comes before all writes at that instant.
* A detach, a replacement, a stop or a termination ends the hourly refreshes at once; a reboot does nothing.
* A set lives six hours, wherever it is and whatever becomes of its instance, unless its role is deleted.
* A refresh that fails leaves the last good set of that association where it is, until that expires.
* An assume that fails because STS is down changes nothing: a set that is the last outcome stays, even when expired.
* A fault lasts from the instant it begins, that included, to the instant it ends, that excluded.

`writes.py` has one method for each kind of event, `answers.py` one for each kind of question. All of them are methods,
so that a test can plant a wrong rule by overriding one.
"""

from __future__ import annotations

from typing import Any

from model.answers import Answers
from model.writes import Writes

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

RUNNING, STOPPED, TERMINATED = "running", "stopped", "terminated"
UNAUTHORIZED = "AssumeRoleUnauthorizedAccess"
NOT_FOUND = "InstanceProfileNotFound"
EMPTY = "empty"
DOWN = "STS is down"
SUCCESS = "Success"
REVOKE = "AWSRevokeOlderSessions"

TABLES = ("roles", "users", "keys", "managed", "profiles", "instances", "sessions", "faults")
KEPT = 8  # refreshes of a long quiet time that are worked out one by one: more than a set can outlive


class Reference(Writes, Answers):
    """All that has been done to one account, and what follows from it."""

    refresh = HOUR
    lifetime = 6 * HOUR

    def __init__(self) -> None:
        self.now = 0
        self.events: list[tuple[int, str, dict[str, Any]]] = []

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.now += microseconds

    def write(self, what: str, **details: Any) -> set[str]:
        """Note one write down, or return the codes with which AWS may refuse it; then nothing has happened."""
        codes = self.apply(self.world(), self.now, what, details)
        if not codes:
            self.events.append((self.now, what, details))
        return codes

    def world(self, at: int | None = None) -> dict[str, Any]:
        """Return the state of everything at the end of an instant (of now, as far as now has got), from the start."""
        until = self.now if at is None else at
        world: dict[str, Any] = {table: [] for table in TABLES}
        for when, what, details in self.events:
            if when > until:
                break
            self.pass_time(world, when)
            self.apply(world, when, what, details)
        self.pass_time(world, until)
        return world

    def apply(self, world: dict[str, Any], when: int, what: str, details: dict[str, Any]) -> set[str]:
        """Let one event change a world, or return the codes of all that is wrong with it."""
        return getattr(self, f"do_{what}")(world, when, **details) or set()

    # What happens by itself

    def pass_time(self, world: dict[str, Any], until: int) -> None:
        """Do all scheduled refreshes up to an instant, that instant included."""
        turns = {turn for fault in world["faults"] for turn in (fault["begins"], fault["ends"]) if turn is not None}
        for turn in sorted(turns):
            if turn <= until:
                self.pass_quiet_time(world, turn - 1)
        self.pass_quiet_time(world, until)

    def pass_quiet_time(self, world: dict[str, Any], until: int) -> None:
        """Do all scheduled refreshes up to an instant before which no fault begins or ends."""
        for instance in world["instances"]:
            while instance["next"] is not None and instance["next"] <= until:
                waiting = (until - instance["next"]) // self.refresh
                if waiting > 2 * KEPT:
                    # Nothing is written meanwhile, so all of them come out alike; of the first ones nothing is left.
                    instance["next"] += (waiting - KEPT) * self.refresh
                    instance["number"] += waiting - KEPT
                    instance["fetches"].clear()
                    instance["complete_since"] = instance["next"]
                self.fetch(world, instance, instance["next"])

    def fetch(self, world: dict[str, Any], instance: dict[str, Any], when: int) -> None:
        """Let EC2 try to assume the role in the instance's profile, as the world is at this moment of the replay."""
        profile = world["profiles"][instance["profile"]]
        role = None if profile["role"] is None else world["roles"][profile["role"]]
        if not profile["exists"]:
            outcome = NOT_FOUND
        elif role is None:
            outcome = EMPTY  # of this and the above EC2 knows without STS
        elif self.sts_down(world, 0, when):
            outcome = DOWN
        elif not self.ec2_may_assume(role):
            outcome = UNAUTHORIZED
        else:
            outcome = SUCCESS
        fetch = {
            "kind": "instance",
            "instance": instance["this"],
            "number": instance["number"],
            "outcome": outcome,
            "role": profile["role"],
            "role_name": None if role is None else role["name"],
            "profile": instance["profile"],
            "issued": when,
            "expires": when + self.lifetime,
        }
        instance["fetches"].append(fetch)
        instance["number"] += 1
        instance["lost"] = outcome == DOWN
        if outcome != DOWN:
            instance["last"] = fetch
        if outcome == SUCCESS:
            instance["good"] = fetch
        self.after_fetch(instance)
        instance["next"] = when + self.refresh

    def after_fetch(self, instance: dict[str, Any]) -> None:
        """A fetch that fails leaves what the metadata shows."""

    def begin_epoch(self, world: dict[str, Any], instance: dict[str, Any], when: int) -> None:
        """Fetch at once and every hour from now on, if there is a profile and the instance runs."""
        self.end_epoch(instance)
        if instance["state"] == RUNNING and instance["profile"] is not None:
            self.fetch(world, instance, when)

    def end_epoch(self, instance: dict[str, Any]) -> None:
        """Stop refreshing and forget what the metadata showed."""
        instance["next"] = instance["last"] = instance["good"] = None
        instance["lost"] = False
