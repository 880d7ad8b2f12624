"""
Instances inside another simulation, on its clock: ``python examples/foreign_clock.py``.

`Environment` is a discrete-event simulation in the manner of SimPy, in a few lines, so that nothing need be installed. It
owns the time, a number of seconds. ec2roles only reads it: `EnvironmentClock` is all that ties the two together.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from datetime import datetime, timedelta, timezone

from ec2roles import Account, Instance, PermissionPolicy

START = datetime(2026, 1, 1, tzinfo=timezone.utc)

Process = Generator[float, None, None]


class Environment:
    """The host: processes are generators that yield how many seconds they wait."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, Process]] = []
        self._started = 0

    def process(self, process: Process) -> None:
        """Start a process now."""
        self._schedule(process, 0.0)

    def _schedule(self, process: Process, delay: float) -> None:
        self._started += 1
        heapq.heappush(self._waiting, (self.now + delay, self._started, process))

    def run(self, until: float) -> None:
        """Let everything happen that is due before *until*."""
        while self._waiting and self._waiting[0][0] < until:
            self.now, _, process = heapq.heappop(self._waiting)
            delay = next(process, None)
            if delay is not None:
                self._schedule(process, delay)
        self.now = until


class EnvironmentClock:
    """The host's time as a clock: anything with ``now()`` that returns an aware datetime is one."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def now(self) -> datetime:
        """Return the host's time as a date."""
        return START + timedelta(seconds=self._environment.now)


def main() -> None:
    """Simulate a day."""
    environment = Environment()
    account = Account(clock=EnvironmentClock(environment))
    role = account.console.create_role("worker", service="ec2.amazonaws.com")
    role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    worker = account.launch_instance(profile="worker")

    def say(text: str) -> None:
        now = account.clock.now()
        print(f"day {now.day}, {now:%H:%M}  {text}")

    def work(instance: Instance) -> Process:
        """Use a set of credentials until AWS refuses it, then fetch another."""
        kept = instance.metadata.credentials()
        say(f"the worker starts with {kept}")
        while True:
            answer = account.call("s3:ListAllMyBuckets", credentials=kept)
            if answer.error is not None:
                say(f"refused: {answer.error.code}")
                kept = instance.metadata.credentials()
                say(f"the worker goes on with {kept}")
            yield 45 * 60

    def administer() -> Process:
        """Take the policy away in the afternoon, and give it back in the evening."""
        yield 14 * 3600
        role.delete_policy("list")
        say("the administrator deletes the policy")
        yield 3600
        role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
        say("the administrator puts it back")

    environment.process(work(worker))
    environment.process(administer())
    environment.run(until=24 * 3600)

    calls = list(account.history.events(kind="call"))
    say(f"{len(calls)} calls, {sum(not call.ok for call in calls)} refused")
    assumes = list(account.history.events(instance=worker, kind="assume"))
    say(f"EC2 assumed the role {len(assumes)} times, once an hour; no process of the host had to do anything for it")


if __name__ == "__main__":
    main()
