"""Four things that a simulator without real timelines gets wrong, and a few that follow from them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ec2roles import Account, Instance, PermissionPolicy, Role, TrustPolicy
from ec2roles.history.history import Event

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
EC2 = TrustPolicy.service("ec2.amazonaws.com")
NOBODY = TrustPolicy.service("lambda.amazonaws.com")
LIST = PermissionPolicy.allow("s3:ListAllMyBuckets")


def world(seed: int = 0) -> tuple[Account, Role, Instance]:
    """An account with a role that EC2 may assume, and an instance that has it."""
    account = Account(seed=seed)
    role = account.create_role("app", trust=EC2)
    role.put_policy("list", LIST)
    account.create_instance_profile("app").add_role(role)
    return account, role, account.launch_instance(profile="app")


def at(minutes: float) -> datetime:
    """The instant so many minutes after the start."""
    return START + timedelta(minutes=minutes)


def move(account: Account, minutes: float) -> None:
    """Set the account's clock to so many minutes after the start."""
    account.clock.move_to(at(minutes))


def assumes(account: Account, instance: Instance) -> dict[datetime, bool]:
    """The assumes of an instance: when, and whether they worked."""
    return {event.at: event.ok for event in account.history.events(instance=instance, kind="assume")}


def told(event: Event) -> tuple[object, ...]:
    """All of an event that can be compared."""
    message = None if event.decision is None else event.decision.message
    return (event, event.ok, message, None if event.error is None else event.error.code)


def test_reading_every_minute_changes_nothing() -> None:
    """Metadata read every simulated minute for a day, or only at the end: the same keys, the same history."""

    def day(*, read: bool) -> tuple[list[object], list[tuple[object, ...]]]:
        account, role, web = world(seed=3)
        other = account.launch_instance(profile="app")
        for minute in range(24 * 60):
            if minute == 333:
                role.update_trust(NOBODY)
            if minute == 500:
                role.update_trust(EC2)
            if minute == 700:
                other.stop()
            if minute == 701:
                other.start()
            if read:
                for instance in (web, other):
                    if instance.state == "running":
                        instance.metadata.credentials()
                        instance.metadata.get("/latest/meta-data/iam/info")
                        token = instance.metadata.put(
                            "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}
                        ).body
                        instance.metadata.get(
                            "/latest/meta-data/iam/security-credentials/app",
                            headers={"X-aws-ec2-metadata-token": token},
                        )
                        instance.can("s3:ListAllMyBuckets")
            account.clock.advance(minutes=1)
        keys = [instance.metadata.credentials() for instance in (web, other)]
        return [key and (key, key.secret_access_key.reveal()) for key in keys], [
            told(event) for event in account.history
        ]

    assert day(read=True) == day(read=False)


def test_a_trust_policy_broken_between_refreshes_leaves_no_trace() -> None:
    """Broken from 00:10 to 00:50: the refreshes of 00:00 and 01:00 work."""
    account, role, web = world()
    move(account, 10)
    role.update_trust(NOBODY)
    move(account, 50)
    role.update_trust(EC2)
    move(account, 60)

    assert assumes(account, web) == {at(0): True, at(60): True}


def test_a_trust_policy_broken_over_a_refresh_fails_it_though_nobody_looks_for_hours() -> None:
    """Broken from 00:50 to 01:10: the refresh of 01:00 failed, seen first at 05:00."""
    account, role, web = world()
    first = web.metadata.credentials()
    move(account, 50)
    role.update_trust(NOBODY)
    move(account, 70)
    role.update_trust(EC2)
    move(account, 300)

    assert assumes(account, web) == {
        at(0): True,
        at(60): False,
        at(120): True,
        at(180): True,
        at(240): True,
        at(300): True,
    }
    credentials = web.metadata.credentials()
    assert credentials is not None
    assert credentials.issued == at(300)
    assert web.metadata.credentials(at=at(110)) == first


@pytest.mark.parametrize(("before", "works"), [(True, False), (False, True)])
def test_an_edit_at_the_instant_of_a_launch_counts_by_its_order(before: bool, works: bool) -> None:
    """A trust policy broken just before a launch, at the same instant, fails its first fetch; just after, it does not."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    account.create_instance_profile("app").add_role(role)
    if before:
        role.update_trust(NOBODY)
    web = account.launch_instance(profile="app")
    if not before:
        role.update_trust(NOBODY)

    assert (web.metadata.credentials() is not None) is works
    assert assumes(account, web) == {at(0): works}
    account.clock.advance(minutes=59)
    assert (web.metadata.credentials() is not None) is works


def test_an_edit_at_the_very_instant_of_a_refresh_is_not_seen_by_it() -> None:
    """A scheduled refresh at r sees only what was written before r."""
    account, role, web = world()
    move(account, 60)
    role.update_trust(NOBODY)

    assert assumes(account, web) == {at(0): True, at(60): True}
    move(account, 120)
    assert assumes(account, web) == {at(0): True, at(60): True, at(120): False}


def test_thirty_days_nobody_read_give_721_assumes() -> None:
    """One at the launch, and one an hour."""
    account, _, web = world()
    account.clock.advance(days=30)
    events = list(account.history.events(instance=web, kind="assume"))

    assert len(events) == 721
    assert all(event.ok for event in events)
    assert events[-1].at == START + timedelta(days=30)


def test_a_key_leaked_forty_days_ago_is_expired_and_was_good_in_its_hour() -> None:
    """An ancient key is told from an unknown one, and its own hour can still be asked about."""
    account, _, web = world()
    account.clock.advance(hours=7)
    leaked = web.metadata.credentials()
    account.clock.advance(days=40)
    answer = account.call("s3:ListAllMyBuckets", credentials=leaked)

    assert answer.error is not None
    assert answer.error.code == "ExpiredToken"
    assert account.can("s3:ListAllMyBuckets", credentials=leaked, at=START + timedelta(hours=7))
    assert account.can("s3:ListAllMyBuckets", credentials=leaked, at=START + timedelta(hours=12, minutes=59))
    assert not account.can("s3:ListAllMyBuckets", credentials=leaked, at=START + timedelta(hours=13))
    assert not account.can("s3:ListAllMyBuckets", credentials=leaked, at=START + timedelta(hours=6, minutes=59))
