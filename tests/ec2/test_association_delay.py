"""Associations that take their time, in any history: what the metadata shows is one story, told at any later time."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, Credentials
from ec2roles.ec2.records import Records
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import InstanceError
from ec2roles.world.ids import IssuedKey
from helpers.sizes import examples
from helpers.worlds import EC2

MOVES = st.one_of(
    st.sampled_from(["attach", "replace", "detach", "stop", "start", "hibernate", "reboot"]),
    st.sampled_from([1, 5, 10, 60, 3600, 7200]),  # seconds to wait
)


def move(account: Account, what: str | int) -> None:
    """Do it, or be refused by EC2."""
    web = next(iter(account.instances.values()))
    acts: dict[str, Any] = {"attach": lambda: web.attach("app"), "replace": lambda: web.replace("other")}
    if isinstance(what, int):
        account.clock.advance(seconds=what)
        return
    with contextlib.suppress(InstanceError):
        acts.get(what, getattr(web, what, None))()


@settings(max_examples=examples(150), deadline=None)
@given(moves=st.lists(MOVES, max_size=30), delay=st.sampled_from([0, 1, 10, 60]))
def test_whatever_the_metadata_shows_is_accepted_is_unique_and_can_be_asked_for_later(
    moves: list[str | int], delay: int
) -> None:
    """And nothing is shown while the association is not there."""
    account = Account(rotation=Rotation(association_delay=timedelta(seconds=delay)))
    for name in ("app", "other"):
        account.create_instance_profile(name).add_role(account.create_role(name, trust=EC2))
    web = account.launch_instance(hibernation=True)
    seen: dict[Any, Credentials | None] = {}
    sessions: dict[str, str] = {}
    for what in [*moves, 1]:
        move(account, what)
        shown = web.metadata.credentials()
        seen[account.clock.now()] = shown
        assert (shown is not None) == (web.state == "running" and Records(web).association_state == "associated")
        if shown is not None:
            identity = account.sts.get_caller_identity(credentials=shown).result()
            assert web.profile is not None
            assert identity.arn.split("/")[1] == web.profile.name
            assert sessions.setdefault(shown.access_key_id, identity.arn) == identity.arn
            assert shown.issued is not None
            assert shown.issued >= account.clock.now() - timedelta(hours=1)
    fetches = list(web.role_credentials.fetches(account.time.as_of(None)))
    assert [fetch.ordinal for fetch in fetches] == list(range(len(fetches)))
    assert sorted(fetch.position for fetch in fetches) == [fetch.position for fetch in fetches]
    keys = {web.role_credentials.access_key_id(fetch.ordinal) for fetch in fetches}
    assert set(sessions) <= keys
    now = account.time.instant()
    for ordinal in range(len(fetches) + 2):
        session = web.role_credentials.issued_session(
            IssuedKey(web.role_credentials.slot, ordinal, 2), web.role_credentials.access_key_id(ordinal), now
        )
        assert (session is not None) == (ordinal < len(fetches))
    for when, shown in seen.items():
        assert web.metadata.credentials(at=when) == shown
