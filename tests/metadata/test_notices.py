"""What is announced to an instance through its metadata."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ec2roles import Account, Instance
from ec2roles.ec2.events import LIFECYCLE_STATES
from ec2roles.errors import InstanceError, NaiveDatetimeError

META = "/latest/meta-data/"


@pytest.fixture
def spot(account: Account) -> Instance:
    """A Spot instance."""
    return account.launch_instance(instance_life_cycle="spot")


def shown(instance: Instance, path: str) -> str | None:
    """What stands at a path, or None for 404."""
    answer = instance.metadata.get(META + path)
    return answer.body if answer.status == 200 else None


@pytest.mark.parametrize(
    ("action", "time"), [("terminate", "00:02:00"), ("stop", "00:02:00"), ("hibernate", "00:00:00")]
)
def test_a_spot_instance_is_told_two_minutes_ahead_but_for_hibernation(spot: Instance, action: str, time: str) -> None:
    assert shown(spot, "spot/instance-action") is None
    spot.notices.set_spot_action(action)

    assert shown(spot, "spot/instance-action") == f'{{"action": "{action}", "time": "2026-01-01T{time}Z"}}'
    legacy = f"2026-01-01T{time}Z" if action == "terminate" else None
    assert shown(spot, "spot/termination-time") == legacy
    assert (shown(spot, "spot/") or "").split("\n") == ["instance-action", *(["termination-time"] if legacy else [])]
    spot.notices.set_spot_action(None)
    assert shown(spot, "spot/") is None


def test_an_on_demand_instance_is_never_interrupted(account: Account) -> None:
    with pytest.raises(InstanceError, match="not a Spot Instance"):
        account.launch_instance().notices.set_spot_action("terminate")


def test_what_was_announced_can_be_asked_about_the_past_and_is_in_the_history(account: Account, spot: Instance) -> None:
    start = account.clock.now()
    account.clock.advance(minutes=5)
    spot.notices.set_spot_action("stop", at=account.clock.now() + timedelta(minutes=10))

    assert '"time": "2026-01-01T00:15:00Z"' in (shown(spot, "spot/instance-action") or "")
    assert spot.metadata.get(META + "spot/instance-action", at=start).status == 404
    assert [change.operation for change in account.time.changes][-1] == "SpotInterruptionWarning"


@pytest.mark.parametrize("state", LIFECYCLE_STATES)
def test_the_lifecycle_state_is_shown_as_it_was_set(account: Account, state: str) -> None:
    web = account.launch_instance()
    web.notices.set_lifecycle_state(state)

    assert shown(web, "autoscaling/target-lifecycle-state") == state
    web.notices.set_lifecycle_state(None)
    assert shown(web, "autoscaling/") is None


def test_maintenance_moves_from_scheduled_to_history(account: Account) -> None:
    """From captures: spacing, order, the mark on the description."""
    web = account.launch_instance()
    now = account.clock.now()
    first = web.notices.schedule_event("system-reboot", not_before=now, not_after=now + timedelta(hours=1))
    other = web.notices.schedule_event("instance-stop", not_before=now, not_after=now, description='say "when"')

    text = shown(web, "events/maintenance/scheduled") or ""
    assert text.startswith(
        '[ {\n  "NotBefore" : "01 Jan 2026 00:00:00 GMT",\n  "Code" : "system-reboot",\n'
        '  "Description" : "scheduled reboot",\n'
        f'  "EventId" : "{first}",\n  "NotAfter" : "01 Jan 2026 01:00:00 GMT",\n  "State" : "active"\n}}, {{'
    )
    assert [event["Description"] for event in json.loads(text)] == ["scheduled reboot", 'say "when"']
    web.notices.end_event(first)
    web.notices.end_event(other, state="canceled")
    assert shown(web, "events/maintenance/scheduled") == "[]"
    history = json.loads(shown(web, "events/maintenance/history") or "")
    assert [(event["State"], event["Description"]) for event in history] == [
        ("completed", "[Completed] scheduled reboot"),
        ("canceled", '[Canceled] say "when"'),
    ]


def test_what_cannot_be_announced_raises_and_changes_nothing(account: Account, spot: Instance) -> None:
    now = account.clock.now()
    writes = len(account.time.changes)
    for wrong in (
        lambda: spot.notices.set_spot_action("explode"),
        lambda: spot.notices.set_lifecycle_state("Sleeping"),
        lambda: spot.notices.schedule_event("coffee", not_before=now, not_after=now),
        lambda: spot.notices.schedule_event("system-reboot", not_before=now, not_after=now - timedelta(hours=1)),
        lambda: spot.notices.end_event("instance-event-0"),
        lambda: spot.notices.end_event("instance-event-0", state="active"),
    ):
        with pytest.raises(InstanceError):
            wrong()
    with pytest.raises(NaiveDatetimeError):
        spot.notices.set_spot_action("stop", at=now.replace(tzinfo=None))

    assert len(account.time.changes) == writes
    spot.stop()
    with pytest.raises(InstanceError, match="not in the 'running' state"):
        spot.notices.recommend_rebalance()


def test_an_announcement_to_one_instance_is_not_one_to_its_twin(account: Account) -> None:
    """They share a launch until one of them differs."""
    one, other = account.launch_instances(2)
    one.notices.recommend_rebalance()

    assert shown(one, "events/recommendations/rebalance") == '{"noticeTime": "2026-01-01T00:00:00Z"}'
    assert shown(other, "events/recommendations/rebalance") is None
