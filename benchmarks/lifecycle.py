"""
What instances, time and calls cost. One command: ``python benchmarks/lifecycle.py``.

Each row is measured several times, the sides in turn, and printed as the median with its bound. Nothing here is a test:
machines differ, and a slow moment is no bug.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable

from ec2roles import Account, Instance

ROUNDS = 7
FLEET = 10_000


def account_with_profile() -> Account:
    """An account with the lesson's role in its profile."""
    account = Account()
    account.s3.create_bucket("ac-instance-role-demo")
    account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    return account


def seconds(action: Callable[[], object]) -> float:
    """How long *action* takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def per_call(action: Callable[[], object], times: int) -> float:
    """Microseconds of one of *times* calls of *action*."""

    def repeat() -> None:
        for _ in range(times):
            action()

    return seconds(repeat) / times * 1e6


def median(measure: Callable[[], float]) -> float:
    """The median of several measurements."""
    return statistics.median(measure() for _ in range(ROUNDS))


def row(what: str, value: float, unit: str, bound: float | None = None) -> None:
    """Print one line of the table."""
    limit = "" if bound is None else f"   at most {bound:g} {unit}   {'ok' if value <= bound else 'OVER'}"
    print(f"{what:<58}{value:>10.2f} {unit}{limit}")


def launch_time() -> float:
    """Microseconds for each instance of a launch of ten thousand."""
    account = account_with_profile()
    return seconds(lambda: account.launch_instances(count=FLEET, profile="EC2Role")) / FLEET * 1e6


def launch_size() -> float:
    """Bytes for each instance of a launch of ten thousand."""
    account = account_with_profile()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    account.launch_instances(count=FLEET, profile="EC2Role")
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / FLEET


def fresh_reads(instances: list[Instance]) -> float:
    """Microseconds to read the first credentials of an instance."""
    return seconds(lambda: [one.metadata.credentials() for one in instances]) / len(instances) * 1e6


def main() -> None:
    """Print the table."""
    row("launch with a profile, each of 10,000", median(launch_time), "us", 20)
    row("memory of an instance, of 10,000", launch_size(), "B", 620)

    one = account_with_profile()
    web = one.launch_instance(profile="EC2Role")
    many = account_with_profile()
    fleet = many.launch_instances(count=100_000, profile="EC2Role")
    alone, crowd = [], []
    for _ in range(ROUNDS):
        alone.append(per_call(lambda: one.clock.advance(seconds=1), 200))
        crowd.append(per_call(lambda: many.clock.advance(seconds=1), 200))
    row("advance the clock, 1 instance", statistics.median(alone), "us")
    row("advance the clock, 100,000 instances", statistics.median(crowd), "us")
    row("  ratio", statistics.median(crowd) / statistics.median(alone), "x", 1.5)

    row("first credentials of an instance", fresh_reads(fleet[:20_000]), "us", 25)
    row("the same again", median(lambda: fresh_reads(fleet[:20_000])), "us", 1.5)

    def can() -> object:
        return web.can("s3:ListAllMyBuckets")

    def call() -> object:
        return web.call("s3:ListAllMyBuckets")

    can(), call()
    row("instance.can(...), warm", median(lambda: per_call(can, 3000)), "us", 30)
    row("instance.call(...), warm and recorded", median(lambda: per_call(call, 3000)), "us", 50)


if __name__ == "__main__":
    main()
