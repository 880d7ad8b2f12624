"""The history: everything, in order, by whom, and how it was decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.errors import ArgumentError, ClockError, InstanceError, NaiveDatetimeError
from ec2roles.history.history import History
from ec2roles.services.operation import Operation, Service
from helpers.worlds import EC2, LIST, OTHER, START, at, code, user_with_key


def told(history: History, **filters: Any) -> list[tuple[str, str, float]]:
    """Kind, operation and hour of each event."""
    return [
        (event.kind, event.operation, (event.at - START) / timedelta(hours=1)) for event in history.events(**filters)
    ]


def busy(**options: Any) -> tuple[Account, Any]:
    """An account in which a few things happened."""
    account = Account(**options)
    role = account.create_role("app", trust=EC2, path="/service/")
    role.put_policy("list", PermissionPolicy.allow(LIST))
    account.create_instance_profile("app").add_role(role)
    web = account.launch_instance("app")
    account.clock.advance(hours=1, minutes=30)
    web.call(LIST)
    web.call("s3:CreateBucket", "arn:aws:s3:::photos")
    role.update_trust(TrustPolicy.service("lambda.amazonaws.com"))
    account.clock.advance(minutes=45)
    return account, web


def test_everything_is_there_in_the_order_in_which_it_happened() -> None:
    """Changes, EC2's assumes and issues that nobody looked at, and calls."""
    account, web = busy()

    assert told(account.history) == [
        ("change", "CreateRole", 0),
        ("change", "PutRolePolicy", 0),
        ("change", "CreateInstanceProfile", 0),
        ("change", "AddRoleToInstanceProfile", 0),
        ("change", "RunInstances", 0),
        ("assume", "AssumeRole", 0),
        ("issue", "AssumeRole", 0),
        ("assume", "AssumeRole", 1),
        ("issue", "AssumeRole", 1),
        ("call", "ListBuckets", 1.5),
        ("call", "CreateBucket", 1.5),
        ("change", "UpdateAssumeRolePolicy", 1.5),
        ("assume", "AssumeRole", 2),
    ]
    events = list(account.history)
    assert [event.position for event in events] == sorted(event.position for event in events)
    assert [event.ok for event in events if event.kind == "assume"] == [True, True, False]
    assert [event.ok for event in events if event.kind == "call"] == [True, False]
    refused = events[-1]
    assert refused.decision is not None
    assert refused.decision.denied_by == "trust"
    assert refused.error is not None
    assert refused.error.code == "AssumeRoleUnauthorizedAccess"
    called = events[9]
    assert called.caller == f"arn:aws:sts::123456789012:assumed-role/app/{web.instance_id}"
    assert called.role_arn == "arn:aws:iam::123456789012:role/service/app"
    assert called.instance_id == web.instance_id
    assert repr(events[0]) == "<2026-01-01T00:00:00Z change CreateRole arn:aws:iam::123456789012:role/service/app>"
    assert repr(events[10]).endswith("-> AccessDenied>")


@pytest.mark.parametrize("kind", ["change", "assume", "issue", "call"])
def test_a_kind_is_a_part_of_the_whole(kind: str) -> None:
    """In the same order."""
    account, _ = busy()
    assert list(account.history.events(kind=kind)) == [event for event in account.history if event.kind == kind]


def test_both_ends_of_a_span_are_included() -> None:
    """And the two halves of a history are the whole."""
    account, _ = busy()
    middle = at(hours=1)
    first, second = told(account.history, until=middle), told(account.history, since=middle)

    assert (first[-1], second[0]) == (("issue", "AssumeRole", 1), ("assume", "AssumeRole", 1))
    assert first + [event for event in second if event[2] > 1] == told(account.history)
    assert told(account.history, since=at(hours=1, microseconds=1))[0] == ("call", "ListBuckets", 1.5)
    assert told(account.history, since=at(days=9)) == []


def test_a_role_is_meant_by_itself_its_name_or_its_arn() -> None:
    """Whatever its path; another role's events are not its own."""
    account, _ = busy()
    account.create_role("other", trust=EC2)
    account.create_role("my-app", trust=EC2)
    role = account.roles["app"]
    whole = told(account.history, role=role)

    assert whole == told(account.history, role="app") == told(account.history, role=role.arn)
    assert ("change", "UpdateAssumeRolePolicy", 1.5) in whole
    assert ("call", "ListBuckets", 1.5) in whole
    assert [operation for kind, operation, _ in whole if kind == "change"].count("CreateRole") == 1
    assert told(account.history, role="nobody") == []


def test_an_instance_is_meant_by_itself_or_its_id() -> None:
    """Its launch, its assumes, its calls; not another's."""
    account, web = busy()
    other = account.launch_instance("app")
    mine = told(account.history, instance=web)

    assert mine == told(account.history, instance=web.instance_id)
    assert mine[0] == ("change", "RunInstances", 0)
    assert len([event for event in mine if event[0] == "assume"]) == 3
    assert len([event for event in told(account.history, instance=other) if event[0] == "call"]) == 0


@pytest.mark.parametrize(
    ("filters", "error"),
    [
        ({"kind": "calls"}, ArgumentError),
        ({"kind": 5}, ArgumentError),
        ({"instance": "i-nope"}, InstanceError),
        ({"role": 5}, TypeError),
        ({"since": datetime(2026, 1, 1)}, NaiveDatetimeError),  # noqa: DTZ001 -- what is refused
        ({"until": datetime(2026, 1, 1)}, NaiveDatetimeError),  # noqa: DTZ001 -- what is refused
        ({"until": at(days=9)}, ClockError),
        ({"since": "yesterday"}, TypeError),
    ],
)
def test_a_bad_filter_raises_at_once(filters: dict[str, Any], error: type[Exception]) -> None:
    """Not only when somebody iterates."""
    account, _ = busy()
    with pytest.raises(error):
        account.history.events(**filters)


def test_the_history_ends_when_it_was_asked_for() -> None:
    """What happens while somebody reads it is not in it."""
    account, _ = busy()
    events = iter(account.history.events())
    first = next(events)
    account.clock.advance(hours=1)
    account.create_user("late")

    assert first.operation == "CreateRole"
    assert "CreateUser" not in [event.operation for event in events]
    assert "CreateUser" in [event.operation for event in account.history]


@pytest.mark.parametrize(("keep", "left"), [(0, 0), (1, 1), (3, 3), (None, 7)])
def test_only_so_many_calls_are_kept(keep: int | None, left: int) -> None:
    """Changes and assumes are, always."""
    account, web = busy(keep_calls=keep)
    for _ in range(5):
        web.call(LIST)

    assert len(list(account.history.events(kind="call"))) == left
    assert len(list(account.history.events(kind="assume"))) == 3
    assert repr(account.history) == f"<History of 123456789012: 6 changes, {left} calls>"


def test_a_question_is_not_recorded_and_a_refused_call_is() -> None:
    """Also one whose credentials were not accepted: by nobody."""
    account, _ = busy()
    before = told(account.history)
    account.can(LIST, credentials=None)
    assert told(account.history) == before
    account.call(LIST, credentials=None)
    event = list(account.history)[-1]
    assert (event.kind, event.ok, event.caller, event.instance_id) == ("call", False, None, None)


def test_an_assumed_role_is_issued_credentials() -> None:
    """The call, and what came of it; a refused one issues nothing."""
    account = Account()
    alice, key = user_with_key(account)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    session = account.sts.assume_role(role, "test", credentials=key).result()
    closed = account.create_role("closed", trust=EC2)
    assert code(account.sts.assume_role(closed, "test", credentials=key)) == "AccessDenied"
    calls, issues = (list(account.history.events(kind=kind)) for kind in ("call", "issue"))

    assert [(event.operation, event.ok) for event in calls] == [("AssumeRole", True), ("AssumeRole", False)]
    assert [(event.subject, event.role_arn, event.caller) for event in issues] == [
        (session.access_key_id, role.arn, alice.arn)
    ]
    assert [event.operation for event in account.history.events(role=role, kind="call")] == ["AssumeRole"]


def test_each_account_has_a_history_of_its_own() -> None:
    """Of one Cloud, on one clock."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    mine.create_user("alice")
    theirs.create_user("bob")

    assert [event.subject for event in mine.history] == ["arn:aws:iam::123456789012:user/alice"]
    assert [event.subject for event in theirs.history] == [f"arn:aws:iam::{OTHER}:user/bob"]


def test_events_of_a_role_made_again_belong_to_the_name() -> None:
    """AWS's own trail shows ARNs too."""
    account = Account()
    account.create_role("app", trust=EC2)
    account.delete_role("app")
    account.create_role("app", trust=EC2)
    assert [event.operation for event in account.history.events(role="app")] == [
        "CreateRole",
        "DeleteRole",
        "CreateRole",
    ]


def makes_a_group(inside: Any) -> tuple[Account, Any]:
    """An account with a service of its own whose operation makes calls before it changes something; and alice's key."""
    account = Account()
    _, key = user_with_key(account, admin=True)

    def perform(call: Any) -> None:
        inside(account)
        account.create_group("made")

    make = Operation("Make", lambda call: [("demo:Make", "*", None, {})], perform)
    account.registry.register(Service("demo", [make]))
    return account, key


def by_a_nested_call(account: Account) -> None:
    """Alice's service asks for something as bob."""
    account.create_user("bob").attach_policy("AdministratorAccess")
    key = account.users["bob"].create_access_key()
    assert account.call("s3:CreateBucket", "arn:aws:s3:::bobs", credentials=key).ok


def by_a_nested_call_that_is_refused(account: Account) -> None:
    """After its perform began, and before."""
    by_a_nested_call(account)
    key = account.users["bob"].create_access_key()
    assert code(account.call("s3:DeleteBucket", "arn:aws:s3:::others", credentials=key)) == "NoSuchBucket"
    assert code(account.call(LIST, credentials=None)) == "NoCredentials"


def by_a_nested_call_that_raises(account: Account) -> None:
    """What is wrong with the program and not with the call."""
    with pytest.raises(TypeError):
        account.call("s3:PutObject", 5, credentials=account.users["alice"].create_access_key())  # type: ignore[arg-type]


@pytest.mark.parametrize("inside", [by_a_nested_call, by_a_nested_call_that_is_refused, by_a_nested_call_that_raises])
def test_what_a_call_changes_is_its_callers_whatever_calls_it_makes_itself(inside: Any) -> None:
    """A nested call is its own caller's, and gives back the one it came from."""
    account, key = makes_a_group(inside)
    assert account.call("demo:Make", credentials=key).ok
    account.create_user("carol")
    by = {event.subject: event.caller for event in account.history.events(kind="change")}
    alice = "arn:aws:iam::123456789012:user/alice"

    assert by["arn:aws:iam::123456789012:group/made"] == alice
    assert by["arn:aws:iam::123456789012:user/carol"] is None
    assert by.get("arn:aws:s3:::bobs", alice.replace("alice", "bob")) == "arn:aws:iam::123456789012:user/bob"
    assert account.time.journal.author is None


def test_nobody_acts_after_an_operation_that_broke() -> None:
    """An exception that is not AWS's leaves the account as it was, and its author too."""

    def breaks(account: Account) -> None:
        by_a_nested_call(account)
        raise KeyboardInterrupt

    account, key = makes_a_group(breaks)
    with pytest.raises(KeyboardInterrupt):
        account.call("demo:Make", credentials=key)
    assert account.time.journal.author is None
    account.create_user("carol")
    assert list(account.history)[-1].caller is None
