"""Very many instances with one profile."""

from __future__ import annotations

import time
import tracemalloc
from datetime import timedelta

import pytest

from ec2roles import Account
from ec2roles.ec2.rotation import Rotation
from helpers.worlds import LIST, user_with_key

MOST_BYTES = 620


def fleet(count: int, **options: object) -> Account:
    """An account with so many instances of one profile."""
    account = Account(**options)  # type: ignore[arg-type]
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    account.launch_instances(count, "app")
    return account


def test_an_instance_of_a_fleet_is_small() -> None:
    """620 bytes each at most."""
    account = fleet(1)
    tracemalloc.start()
    instances = account.launch_instances(10_000, "app")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(instances) == 10_000
    assert size / 10_000 < MOST_BYTES


def test_each_instance_of_a_fleet_rotates_in_its_own_phase_where_that_is_asked_for() -> None:
    """Drawn from the seed: the same in another world, and spread over the whole of the jitter."""
    jitter = timedelta(minutes=40)
    issued = []
    for _ in range(2):
        account = fleet(200, rotation=Rotation(jitter=jitter))
        account.clock.advance(hours=2)
        issued.append([one.metadata.credentials().issued for one in account.instances.values()])  # type: ignore[union-attr]

    assert issued[0] == issued[1]
    assert len(set(issued[0])) == 200
    first = sorted(issued[0])  # type: ignore[type-var]
    assert first[-1] - first[0] > 0.9 * jitter  # type: ignore[operator]


def test_without_jitter_a_fleet_rotates_as_one() -> None:
    account = fleet(200)
    account.clock.advance(hours=2)

    assert {one.metadata.credentials().issued for one in account.instances.values()} == {account.clock.now()}  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_million_instances_are_launched_described_page_by_page_and_call() -> None:
    """The last one too, after a month; each with its own association and address."""
    start = time.process_time()
    account = fleet(1_000_000)
    took = time.process_time() - start
    account.clock.advance(days=30)
    _, key = user_with_key(account, "admin", admin=True)
    last = list(account.instances.values())[-1]
    assert last.call(LIST).ok
    assert len({one.association_id for one in account.instances.values()}) == 1_000_000
    token, seen = None, 0
    for _ in range(3):
        more = {} if token is None else {"NextToken": token}
        page = account.as_(key).ec2.describe_iam_instance_profile_associations(MaxResults=1000, **more).result()
        seen += len(page["IamInstanceProfileAssociations"])
        token = page["NextToken"]
    assert seen == 3000
    wanted = {"Name": "instance-id", "Values": [last.instance_id]}
    found = account.as_(key).ec2.describe_instances(Filters=[wanted]).result()["Reservations"][0]["Instances"]
    assert [one["InstanceId"] for one in found] == [last.instance_id]

    assert took < 60  # 20 microseconds an instance, and a slow machine beside other tests
