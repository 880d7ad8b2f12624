"""With ``remember=`` a world does not grow, however long it lives: what nobody can ask about any more is forgotten."""

from __future__ import annotations

import gc
from collections import Counter
from datetime import timedelta
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from ec2roles import Cloud, TrustPolicy
from ec2roles.errors import ClockError, InstanceError
from ec2roles.world.timekeeper import FORGOTTEN
from helpers.cycles import KINDS, LongLife
from helpers.state import lines_of
from helpers.worlds import EC2, user_with_key

DAY = timedelta(days=1)


def counts(life: LongLife) -> Counter[str]:
    """How many objects of each class of the library a world holds, closures of functions included."""
    gc.collect()
    found: Counter[str] = Counter()
    reached = {id(life)}
    waiting: list[object] = [life]
    while waiting:
        thing = waiting.pop()
        for one in (thing.__closure__ or ()) if isinstance(thing, FunctionType) else gc.get_referents(thing):
            if id(one) not in reached and not isinstance(one, (type, ModuleType, CodeType)):
                reached.add(id(one))
                waiting.append(one)
                if type(one).__module__.startswith("ec2roles."):
                    found[type(one).__name__] += 1
    return found


def tables(life: LongLife) -> dict[str, Any]:
    """The tables of names."""
    return {name: getattr(life.account, name) for name in ("roles", "users", "groups", "policies", "instance_profiles")}


def grow(life: LongLife, kind: str, cycles: int) -> Counter[str]:
    """Make and remove one of *kind*, four times a day."""
    for _ in range(cycles):
        KINDS[kind](life)
        life.account.clock.advance(hours=6)
    return counts(life)


@pytest.mark.parametrize("kind", KINDS)
def test_a_world_that_remembers_a_day_does_not_grow(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ec2roles.sts.sessions._LEAST_REMEMBERED", 1)  # the sessions that were used last
    life = LongLife(DAY)
    early = grow(life, kind, 20)
    late = grow(life, kind, 20)

    more = {name: (early[name], late[name]) for name in late if late[name] > early[name]}
    assert more == {}


@pytest.mark.parametrize("kind", ["role", "session", "instance", "access_key"])
def test_the_proof_sees_a_world_that_remembers_all_grow(kind: str) -> None:
    life = LongLife(None)
    early = grow(life, kind, 15)
    late = grow(life, kind, 15)

    assert any(late[name] >= early[name] + 15 for name in late)


def test_a_call_with_a_forgotten_session_is_told_that_it_has_expired() -> None:
    cloud = Cloud(remember=DAY)
    account = cloud.account()
    alice, key = user_with_key(account, admin=True)
    role = account.create_role("target", trust=TrustPolicy.principal(alice.arn))
    session = account.sts.assume_role(role, "test", credentials=key).result()
    web_role = account.console.create_role("app")
    web = account.launch_instance("app")
    found = web.metadata.credentials()
    assert found is not None
    assert web_role
    web.terminate()
    account.clock.advance(days=30)
    account.sts.assume_role(role, "test", credentials=key).result()

    assert account.sts.sessions.is_forgotten(session.access_key_id)
    assert web.instance_id not in account.instances
    for old in (session, found):
        before = lines_of(account)
        answer = account.can("s3:ListAllMyBuckets", credentials=old)
        assert "expired" in answer.explain()
        assert lines_of(account) == before
        response = account.call("sts:GetCallerIdentity", credentials=old)
        assert response.error is not None
        assert response.error.code == "ExpiredToken"
        changed = type(old)(old.access_key_id, "wrong", session_token=old.session_token)
        assert account.call("sts:GetCallerIdentity", credentials=changed).error.code != "ExpiredToken"  # type: ignore[union-attr]
        without = type(old)(old.access_key_id, old.secret_access_key)
        assert account.call("sts:GetCallerIdentity", credentials=without).error.code == "InvalidClientTokenId"  # type: ignore[union-attr]
        with pytest.raises(ClockError, match="further back than this Cloud remembers"):
            account.can("s3:ListAllMyBuckets", credentials=old, at=account.clock.now() - timedelta(days=29))
    with pytest.raises(ClockError, match="further back than this Cloud remembers"):
        account.sts.sessions.issued(session.access_key_id)
    with pytest.raises(InstanceError, match="does not exist"):
        account.instances[web.instance_id]


def test_a_forgotten_access_key_of_a_user_is_not_known() -> None:
    account = Cloud(remember=DAY).account()
    alice, key = user_with_key(account)
    alice.delete_access_key(key.access_key_id)
    account.clock.advance(days=30)
    new = alice.create_access_key()

    assert account.call("sts:GetCallerIdentity", credentials=key).error.code == "InvalidClientTokenId"  # type: ignore[union-attr]
    assert account.call("sts:GetCallerIdentity", credentials=new).ok
    assert new.access_key_id != key.access_key_id


def test_what_can_still_be_asked_about_is_not_forgotten() -> None:
    """A session of 36 hours, and names that came and went, as long as questions may be about them."""
    account = Cloud(remember=DAY).account()
    _, key = user_with_key(account, admin=True)
    start = account.clock.now()
    session = account.sts.get_session_token(credentials=key, duration=129_600).result()
    account.create_role("gone", trust=EC2)
    web = account.launch_instance()
    account.clock.advance(hours=35)
    account.delete_role("gone")
    web.terminate()
    for hours in range(24):
        account.clock.advance(hours=1)
        account.create_user(f"user-{hours}")
        asked = max(start + timedelta(hours=35, minutes=30), account.clock.now() - DAY)
        if asked < start + timedelta(hours=36):
            assert "expired" not in account.can("sts:GetCallerIdentity", credentials=session, at=asked).explain()
    assert "gone" in account.as_of(account.clock.now() - DAY).roles or account.clock.now() - DAY >= start + timedelta(
        hours=35
    )
    assert account.instances[web.instance_id] is web


def test_forgetting_is_taken_back_with_the_operation_that_failed() -> None:
    life = LongLife(DAY)
    for kind in KINDS:
        KINDS[kind](life)
    life.account.clock.advance(days=30)
    before, names = counts(life), {name: list(table._names) for name, table in tables(life).items()}
    issuers = list(life.account.time._issuers)

    def fail() -> None:
        life.account.create_role("last", trust=EC2)
        assert FORGOTTEN in life.account.time._issuers
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        life.account.time.journal.run(fail)
    assert life.account.time._issuers == issuers
    assert counts(life) == before
    assert {name: sorted(table._names) for name, table in tables(life).items()} == {
        name: sorted(known) for name, known in names.items()
    }


def test_asking_forgets_nothing() -> None:
    life = LongLife(DAY)
    for kind in KINDS:
        KINDS[kind](life)
    life.account.clock.advance(days=30)
    before = lines_of(life.account)
    life.account.can("s3:ListAllMyBuckets", credentials=life.key)
    list(life.account.history)
    life.account.as_of(life.account.clock.now())

    assert lines_of(life.account) == before
