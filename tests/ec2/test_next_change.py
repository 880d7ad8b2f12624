"""`Instance.next_change_after`: a host that looks then and at no other time sees everything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, Instance
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import NaiveDatetimeError
from ec2roles.world.propagation import Propagation
from helpers.histories import OPTIONS, STEPS, World, revealed
from helpers.sizes import examples
from helpers.worlds import EC2, NOBODY, START, at

ROLE = "/latest/meta-data/iam/security-credentials/app"
STEP = timedelta(microseconds=1)


def instance(**options: Any) -> tuple[Account, Instance]:
    """An account and an instance with a role."""
    account = Account(**options)
    account.console.create_role("app")
    return account, account.launch_instance("app")


def changes(web: Instance, until: datetime) -> list[datetime]:
    """The instants at which the host wakes up, from the start on."""
    found: list[datetime] = []
    when: datetime | None = START
    while when is not None and (when := web.next_change_after(when)) is not None and when <= until:
        found.append(when)
    return found


def test_credentials_change_at_every_refresh() -> None:
    _, web = instance()

    assert changes(web, at(hours=3)) == [at(hours=1), at(hours=2), at(hours=3)]
    assert web.next_change_after() == at(hours=1)
    assert web.next_change_after(START + timedelta(minutes=59, seconds=59)) == at(hours=1)


def test_an_instance_without_a_profile_never_changes_by_itself() -> None:
    account = Account()
    web = account.launch_instance()
    stopped = account.launch_instance()
    stopped.stop()

    assert web.next_change_after() is None
    assert stopped.next_change_after() is None


def test_the_launch_itself_is_the_first_change() -> None:
    _, web = instance()

    assert web.next_change_after(at(days=-400)) == START


def test_a_set_that_cannot_be_refreshed_changes_when_it_expires() -> None:
    """The error document says when it was last tried, so it changes at every refresh from then on."""
    account, web = instance()
    account.clock.advance(minutes=30)
    account.roles["app"].update_trust(NOBODY)

    assert changes(web, at(hours=8)) == [at(hours=6), at(hours=7), at(hours=8)]


def test_a_set_may_expire_between_two_refreshes() -> None:
    """With a jitter the sets after the first live longer by it than to the sixth refresh."""
    account, web = instance(rotation=Rotation(jitter=timedelta(minutes=16)))
    offset = web.role_credentials.fetcher.offset
    assert offset > 0
    account.clock.advance(hours=1, minutes=30)
    account.instance_profiles["app"].remove_role()
    late = timedelta(microseconds=offset)

    assert changes(web, at(hours=100)) == [at(hours=1) + late, at(hours=2) + late, at(hours=7) + 2 * late]


def test_an_association_that_takes_its_time_is_a_change_when_it_is_made_and_when_it_takes_effect() -> None:
    account, web = instance(rotation=Rotation(association_delay=timedelta(minutes=5)))
    account.clock.advance(minutes=10)
    web.replace("app")

    assert changes(web, at(hours=2)) == [at(minutes=10), at(minutes=15), at(minutes=75)]


def test_an_empty_profile_changes_nothing_after_the_last_set_has_expired() -> None:
    account, web = instance()
    account.clock.advance(minutes=30)
    account.instance_profiles["app"].remove_role()

    assert changes(web, at(hours=100)) == [at(hours=1), at(hours=6)]  # the profile's document first, then the set
    assert web.next_change_after(at(hours=6)) is None


def test_nothing_changes_while_sts_is_down() -> None:
    account, web = instance()
    account.faults.sts_outage(begins=at(minutes=30), ends=at(days=3, minutes=-5))

    assert changes(web, at(days=3, hours=1)) == [at(days=3), at(days=3, hours=1)]


def test_a_metadata_service_that_goes_and_comes_back_is_two_changes() -> None:
    account, web = instance()
    account.faults.metadata_outage(begins=at(minutes=90), ends=at(minutes=100))

    assert changes(web, at(hours=2)) == [at(hours=1), at(minutes=90), at(minutes=100), at(hours=2)]


def test_the_second_attempt_after_the_propagation_delay_is_a_change() -> None:
    account = Account(propagation=Propagation(timedelta(seconds=10), fixed=True))
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(minutes=1)
    role.update_trust(EC2)
    web = account.launch_instance("app")

    assert web.next_change_after() == at(minutes=1, seconds=10)
    assert web.next_change_after(at(minutes=1, seconds=10)) == at(hours=1, minutes=1)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    _, web = instance()
    with pytest.raises(NaiveDatetimeError):
        web.next_change_after(START.replace(tzinfo=None))


def shown(web: Instance, when: datetime) -> object:
    """What a client reads."""
    paths = (ROLE, "/latest/meta-data/iam/info", "/latest/meta-data/iam/security-credentials/")
    answers = [web.metadata.get(path, at=when) for path in paths]
    return [(one.status, one.body) for one in answers], revealed(web.metadata.credentials(at=when))


@settings(max_examples=examples(60), deadline=None)
@given(
    OPTIONS,
    st.lists(STEPS.filter(lambda step: step[0] != "saturated"), max_size=15),
    st.lists(st.floats(0, 1), max_size=8),
)
def test_between_two_changes_nothing_differs_and_every_key_is_seen(
    options: dict[str, Any], steps: list[tuple[str, Any]], samples: list[float]
) -> None:
    world = World.make(options)
    began = world.account.clock.now()
    for step in steps:
        world.do(step)
    world.account.clock.advance(hours=9)
    now = world.account.clock.now()
    web = world.fleet[0]
    when: datetime = began
    wakes = [began]
    while True:
        following = web.next_change_after(when)
        end = now if following is None or following > now else following
        before = shown(web, when)
        for sample in [*samples, 1.0]:
            between = min(when + (end - when) * sample, end - STEP)
            if between >= when:
                assert shown(web, between) == before
        if following is None or following > now:
            break
        wakes.append(following)
        when = following
    seen = {revealed(web.metadata.credentials(at=wake)) for wake in wakes}
    sampled = {revealed(web.metadata.credentials(at=began + (now - began) * (n / 97))) for n in range(98)}
    assert sampled <= seen | {None}
