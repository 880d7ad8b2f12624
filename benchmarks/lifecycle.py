"""
What instances, time and calls cost. One command: ``python benchmarks/lifecycle.py [--million]``.

Each row is measured several times, the sides in turn, and printed as the median with its bound. Where moto is installed,
it launches instances beside us. ``--million`` adds the life of a million instances over thirty days, which takes a while.
Nothing here is a test: machines differ, and a slow moment is no bug.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

from ec2roles import Account, Instance, TrustPolicy

ROUNDS = 7
FLEET = 10_000
MOTOS_FLEET = 200
MILLION = 1_000_000


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


def row(what: str, value: float, unit: str, bound: float | None = None, *, least: bool = False) -> None:
    """Print one line of the table."""
    limit = ""
    if bound is not None:
        kept = value >= bound if least else value <= bound
        limit = f"   at {'least' if least else 'most'} {bound:g} {unit}   {'ok' if kept else 'OVER'}"
    print(f"{what:<58}{value:>10.2f} {unit}{limit}")


def launch_time() -> float:
    """Microseconds for each instance of a launch of ten thousand."""
    account = account_with_profile()
    return seconds(lambda: account.launch_instances(count=FLEET, profile="EC2Role")) / FLEET * 1e6


def launch_size(*, read: bool) -> float:
    """Bytes for each instance of a launch of ten thousand, before or after the credentials of each have been read."""
    account = account_with_profile()
    account.launch_instance(profile="EC2Role").metadata.credentials()
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    fleet = account.launch_instances(count=FLEET, profile="EC2Role")
    if read:
        fresh_reads(fleet)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / FLEET


def moto_launch_time() -> float:
    """Microseconds for each instance of one batched RunInstances of moto's, with a profile."""
    import boto3
    from moto import mock_aws

    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    trust = {"Version": "2012-10-17", "Statement": []}
    with mock_aws():
        iam, ec2 = boto3.client("iam", **keys), boto3.client("ec2", **keys)
        iam.create_role(RoleName="EC2Role", AssumeRolePolicyDocument=json.dumps(trust))
        iam.create_instance_profile(InstanceProfileName="EC2Role")
        iam.add_role_to_instance_profile(InstanceProfileName="EC2Role", RoleName="EC2Role")
        image = ec2.describe_images()["Images"][0]["ImageId"]

        def launch() -> None:
            count = {"MinCount": MOTOS_FLEET, "MaxCount": MOTOS_FLEET}
            ec2.run_instances(ImageId=image, IamInstanceProfile={"Name": "EC2Role"}, **count)

        launch()
        return seconds(launch) / MOTOS_FLEET * 1e6


def read_after_changes(changes: int) -> tuple[float, float]:
    """Microseconds of a read of a set that is new, and of a call, after so many changes of the trust policy."""
    account = account_with_profile()
    web = account.launch_instance(profile="EC2Role")
    policies = [
        TrustPolicy.service("ec2.amazonaws.com"),
        TrustPolicy.service("ec2.amazonaws.com", "lambda.amazonaws.com"),
    ]
    for number in range(changes):
        account.clock.advance(minutes=1)
        account.roles["EC2Role"].update_trust(policies[number % 2])
    account.clock.advance(hours=1)

    def read() -> None:
        account.clock.advance(hours=1)
        web.metadata.credentials()

    def call() -> None:
        web.can("s3:ListAllMyBuckets")

    read()
    call()
    return median(lambda: per_call(read, 300)), median(lambda: per_call(call, 1000))


def million() -> None:
    """A million instances over thirty days: launched, refreshed every hour, and all read at the end."""
    account = account_with_profile()
    start = time.perf_counter()
    fleet = account.launch_instances(count=MILLION, profile="EC2Role")
    row("launch 1,000,000 instances", time.perf_counter() - start, "s")
    row("advance the clock by 30 days", per_call(lambda: account.clock.advance(days=30), 1) / 1000, "ms", 1)
    row("read the credentials of each", fresh_reads(fleet) / 1e6 * MILLION, "s")
    row("  all of it", time.perf_counter() - start, "s", 30)
    row("  the most memory of the process", peak_memory(), "GB", 1.5)


def peak_memory() -> float:
    """Gigabytes of the most memory that this process has had."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def fresh_reads(instances: list[Instance]) -> float:
    """Microseconds to read the first credentials of an instance."""
    return seconds(lambda: [one.metadata.credentials() for one in instances]) / len(instances) * 1e6


def main() -> None:
    """Print the table."""
    if "--million" in sys.argv[1:]:
        million()  # first, so that its memory is its own
    ours = median(launch_time)
    row("launch with a profile, each of 10,000", ours, "us", 20)
    if importlib.util.find_spec("moto") is not None:
        motos = statistics.median(moto_launch_time() for _ in range(3))
        row(f"the same in moto, each of {MOTOS_FLEET} in one RunInstances", motos, "us")
        row("  ratio", motos / ours, "x", 200, least=True)
    row("memory of an instance, of 10,000", launch_size(read=False), "B", 620)
    row("  once its credentials have been read", launch_size(read=True), "B", 1200)

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

    (never, never_call), (often, often_call) = read_after_changes(0), read_after_changes(1000)
    row("an hour passes, and a new set is read", never, "us")
    row("  after 1,000 changes of the trust policy", often, "us")
    row("  ratio", often / never, "x", 2)
    row("instance.can(...) after 1,000 changes: ratio", often_call / never_call, "x", 2)


if __name__ == "__main__":
    main()
