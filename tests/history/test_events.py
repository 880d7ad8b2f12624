"""Events as rows, and the view that has them: lazy, with a length, an index and an end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, PermissionPolicy
from ec2roles.errors import ArgumentError
from ec2roles.history.merged import ALWAYS, merged
from helpers.sizes import examples
from helpers.worlds import EC2, LIST, at, user_with_key

COLUMNS = [
    "at",
    "order",
    "kind",
    "operation",
    "action",
    "subject",
    "instance_id",
    "role_arn",
    "caller",
    "access_key_id",
    "source",
    "source_ip",
    "ok",
    "error",
    "outcome",
    "denied_by",
    "detail",
]


def busy() -> tuple[Account, Any]:
    """An instance that may list buckets, and does more."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    role.put_policy("list", PermissionPolicy.allow(LIST))
    account.create_instance_profile("app").add_role(role)
    web = account.launch_instance("app")
    web.call(LIST)
    web.call("s3:CreateBucket", "arn:aws:s3:::photos")
    return account, web


def test_a_row_is_flat_and_has_all_columns() -> None:
    account, _ = busy()
    account.clock.advance(hours=2)
    for row in account.history.to_records():
        assert list(row) == COLUMNS
        assert row["at"].utcoffset().total_seconds() == 0
        assert all(value is None or isinstance(value, (str, int, bool)) for name, value in row.items() if name != "at")


def test_a_row_of_a_call_tells_all_of_it() -> None:
    account, web = busy()
    allowed, denied = account.history.to_records(kind="call")
    session = f"arn:aws:sts::123456789012:assumed-role/app/{web.instance_id}"
    both = {
        "at": at(),
        "kind": "call",
        "instance_id": web.instance_id,
        "role_arn": "arn:aws:iam::123456789012:role/app",
        "caller": session,
        "access_key_id": web.metadata.credentials().access_key_id,
        "source": "iam-role",
        "detail": None,
    }
    assert {name: allowed[name] for name in both} == both == {name: denied[name] for name in both}
    told = ("operation", "action", "ok", "error", "outcome", "denied_by")
    assert [allowed[name] for name in told] == ["ListBuckets", "s3:ListAllMyBuckets", True, None, "allowed", None]
    assert [denied[name] for name in told] == [
        "CreateBucket",
        "s3:CreateBucket",
        False,
        "AccessDenied",
        "implicit deny",
        "identity",
    ]


def test_no_row_has_a_secret() -> None:
    account, web = busy()
    _, key = user_with_key(account, admin=True)
    made = account.call("iam:CreateAccessKey", credentials=key, UserName="alice").value
    session = account.call("sts:GetSessionToken", credentials=key).value
    rows = json.dumps(account.history.to_records(), default=str)
    for credentials in (key, session, web.metadata.credentials()):
        assert credentials.secret_access_key.reveal() not in rows
    assert made.credentials.secret_access_key.reveal() not in rows
    assert session.access_key_id in rows


def test_a_position_tells_what_came_after_it_from_what_came_before() -> None:
    account, web = busy()
    before = list(account.history)
    position = account.history.position
    assert list(account.history.events(after=position)) == []
    account.create_user("bob")
    account.clock.advance(hours=1)
    web.call(LIST)
    after = account.history.events(after=position)
    assert [event.operation for event in after] == ["CreateUser", "AssumeRole", "AssumeRole", "ListBuckets"]
    assert before + list(after) == list(account.history)


@pytest.mark.parametrize("position", [5, (1,), (1, 2, 3), ("a", 1), [1, 2], (True, 1), (1.0, 2)])
def test_what_is_no_position_is_refused(position: Any) -> None:
    account, _ = busy()
    with pytest.raises(TypeError, match="after must be a position"):
        account.history.events(after=position)


def test_the_last_event_of_a_kind() -> None:
    account, _ = busy()
    assert account.history.last("assume").operation == "AssumeRole"  # type: ignore[union-attr]
    assert account.history.last().operation == "CreateBucket"  # type: ignore[union-attr]
    assert Account().history.last() is None
    with pytest.raises(ArgumentError):
        account.history.last("calls")


def test_a_view_has_a_length_and_an_index_and_does_not_grow() -> None:
    account, _ = busy()
    calls, view = account.history.calls, account.history.events()
    account.create_user("late")
    assert (len(calls), len(view)) == (2, 9)
    assert view[-1] == calls[-1]
    assert view[:2] == list(view)[:2]
    assert repr(view) == "<9 events>"
    assert list(account.history)[-1].operation == "CreateUser"


@pytest.mark.parametrize("apart", [0, 1])
def test_the_first_event_of_a_fleet_begins_the_stream_of_no_other_instance(apart: int) -> None:
    """Also of one that was launched at once."""
    begun: list[int] = []

    def stream(number: int) -> Iterator[tuple[int, int]]:
        begun.append(number)
        yield (number * apart, 0)
        yield (1000, number)

    streams = (((number * apart, 0), partial(stream, number)) for number in range(500))
    found = merged(streams, position=lambda position: position)
    assert next(found) == (0, 0)
    assert begun == [0]
    assert next(found) == (apart, 0)
    assert begun == [0, 1]
    assert len(list(found)) == 998


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2))), max_size=5))
def test_merging_is_sorting(streams: list[list[tuple[int, int]]]) -> None:
    """Stably, whatever is known of where a stream begins."""
    ordered = [sorted(one) for one in streams]
    marked = [[(item, number) for item in one] for number, one in enumerate(ordered)]
    for begins in (lambda one: ALWAYS, lambda one: min(one, default=((9, 0), 0))[0]):
        known = sorted(marked, key=begins)
        numbered = [[(item, place) for item, _ in one] for place, one in enumerate(known)]
        found = list(merged([(begins(one), lambda one=one: one) for one in numbered], position=lambda pair: pair[0]))
        assert found == sorted((pair for one in numbered for pair in one), key=lambda pair: pair[0])


STEPS = st.sampled_from(["user", "call", "launch", "hour", "minute", "swap", "read"])


@given(st.lists(STEPS, max_size=25), st.sampled_from([timedelta(0), timedelta(seconds=40)]))
@settings(max_examples=examples(60))
def test_slices_read_from_time_to_time_are_the_whole(steps: list[str], delay: timedelta) -> None:
    """Each event once, whatever happened at the same instant after a slice was read; a view is not changed by it."""
    account = Account(propagation=delay)
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    other = account.console.create_role("other")
    account.clock.advance(minutes=5)  # until then EC2 does not see the profile
    account.launch_instance("app")
    position, slices, views = account.history.position, list(account.history), []
    for number, step in enumerate([*steps, "read"]):
        if step == "user":
            account.create_user(f"user{number}")
        elif step == "call":
            next(iter(account.instances.values())).call(LIST)
        elif step == "launch":
            account.launch_instances(2, "app")
        elif step == "swap":
            account.instance_profiles["app"].remove_role()
            account.instance_profiles["app"].add_role(other)
        elif step == "read":
            views.append((account.history.events(after=position), account.history.position))
            slices += views[-1][0]
            position = views[-1][1]
        else:
            account.clock.advance(**{f"{step}s": 1})
    assert slices == list(account.history)
    assert [one for view, _ in views for one in view] == slices[len(slices) - sum(len(view) for view, _ in views) :]
