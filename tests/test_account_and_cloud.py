"""Accounts and the Cloud that holds them: calls, questions about the past, forgetting, mixing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, ManualClock, PermissionPolicy, TrustPolicy
from ec2roles.errors import (
    ArgumentError,
    ArnError,
    ClockError,
    Ec2RolesError,
    EntityAlreadyExistsError,
    NaiveDatetimeError,
)
from helpers.worlds import ADMIN, EC2, LIST, OTHER, OWN, START, at, code, digest, user_with_key


def instance(account: Account) -> Any:
    """A role that may list, and an instance that has it."""
    account.console.create_role("app").put_policy("list", PermissionPolicy.allow(LIST))
    return account.launch_instance("app")


# -- questions ----------------------------------------------------------------------------------------------------------


def test_a_question_changes_nothing(account: Account) -> None:
    """Neither state nor history."""
    web = instance(account)
    key = web.metadata.credentials()
    before = digest(account)
    for _ in range(3):
        web.can(LIST)
        account.can(LIST, credentials=key)
        account.can("s3:CreateBucket", "arn:aws:s3:::photos", credentials=key)
        account.can("sts:AssumeRole", f"arn:aws:iam::{OWN}:role/app", credentials=key, session_name="test")
        account.can(LIST, credentials=None)
        list(account.history)
        web.metadata.credentials()
    assert digest(account) == before


@pytest.mark.parametrize(
    ("when", "error"),
    [
        (at(hours=1, microseconds=1), ClockError),
        (START.replace(year=9999), ClockError),
        (datetime(2026, 1, 1), NaiveDatetimeError),  # noqa: DTZ001 -- what is refused
        ("2026-01-01T00:00:00Z", TypeError),
        (0, TypeError),
        (True, TypeError),
    ],
)
def test_only_the_past_can_be_asked_about(account: Account, when: Any, error: type[Exception]) -> None:
    """By an aware datetime."""
    web = instance(account)
    key = web.metadata.credentials()
    account.clock.advance(hours=1)
    for ask in (
        lambda: account.can(LIST, credentials=key, at=when),
        lambda: web.can(LIST, at=when),
        lambda: web.metadata.credentials(at=when),
        lambda: account.history.events(until=when),
    ):
        with pytest.raises(error):
            ask()


def test_before_anything_existed_nothing_was_allowed(account: Account) -> None:
    """Before the instance, a plain no; before the account, no question."""
    account.clock.advance(days=1)
    web = instance(account)
    key = web.metadata.credentials()

    assert not account.can(LIST, credentials=key, at=START)
    assert account.can(LIST, credentials=key, at=at(days=1))
    with pytest.raises(ClockError, match="before account 123456789012 existed"):
        account.can(LIST, credentials=key, at=START - timedelta(microseconds=1))


def test_writes_at_one_instant_are_seen_in_their_order(account: Account) -> None:
    """The last of them counts, and a question about that instant sees them all."""
    web = instance(account)
    role = account.roles["app"]
    for policy in (ADMIN, PermissionPolicy.deny("*"), PermissionPolicy.allow(LIST)):
        role.put_policy("list", policy)

    assert web.can(LIST, at=START)
    assert not web.can("ec2:DescribeInstances", at=START)
    assert [event.operation for event in account.history.events(kind="change")].count("PutRolePolicy") == 4


def test_context_given_with_a_call_reaches_the_policies(account: Account) -> None:
    """A source address from outside is there by default, and can be replaced."""
    alice, key = user_with_key(account)
    alice.put_policy("home", PermissionPolicy.allow(LIST, condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
    assert not account.call(LIST, credentials=key)
    assert account.call(LIST, credentials=key, context={"aws:SourceIp": "192.0.2.7"})
    alice.put_policy("home", PermissionPolicy.allow(LIST, condition={"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}))
    assert account.call(LIST, credentials=key)


# -- accounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account_id", "error"),
    [("12345", ArnError), ("", ArnError), ("x" * 12, ArnError), (123456789012, TypeError), (None, TypeError)],
)
def test_an_account_id_is_twelve_digits_of_text(account_id: Any, error: type[Exception]) -> None:
    """Alone or in a Cloud; no account exists then."""
    cloud = Cloud()
    with pytest.raises(error):
        Account(account_id)
    with pytest.raises(error):
        cloud.account(account_id)
    assert not cloud.accounts


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"keep_calls": -1}, ArgumentError),
        ({"keep_calls": True}, TypeError),
        ({"keep_calls": "all"}, TypeError),
        ({"seed": "0"}, TypeError),
        ({"seed": True}, TypeError),
        ({"clock": 5}, TypeError),
        ({"remember": 5}, TypeError),
        ({"remember": timedelta(hours=1)}, ClockError),
        ({"colour": "red"}, TypeError),
    ],
)
def test_a_bad_option_of_an_account_is_refused(options: dict[str, Any], error: type[Exception]) -> None:
    """When it is made."""
    with pytest.raises(error):
        Account(**options)


def test_a_cloud_makes_each_account_once() -> None:
    """Options are for a new one."""
    cloud = Cloud(seed=3)
    mine = cloud.account(region="eu-west-1")
    assert cloud.account() is mine
    assert cloud.account(OTHER) is not mine
    assert list(cloud.accounts) == [OWN, OTHER]
    with pytest.raises(EntityAlreadyExistsError, match="options region are for a new account"):
        cloud.account(region="us-east-1")
    assert repr(cloud) == "<Cloud of 2 accounts>"
    assert mine.time is cloud.time
    assert cloud.clock is mine.clock


def test_a_failed_account_is_not_in_the_cloud() -> None:
    """It can be made again, rightly."""
    cloud = Cloud()
    with pytest.raises(TypeError):
        cloud.account(keep_calls="all")
    assert not cloud.accounts
    assert cloud.account(keep_calls=5)


def test_accounts_of_two_clouds_never_meet() -> None:
    """Though ids, seed and names are the same."""
    one, other = Cloud().account(), Cloud().account()
    web = instance(one)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        other.launch_instance(one.instance_profiles["app"])
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        web.replace(instance(other).profile)
    one.s3.create_bucket("photos")
    other.s3.create_bucket("photos")


def test_two_worlds_on_one_clock_are_two_worlds() -> None:
    """A clock may be shared; timekeepers are not."""
    clock = ManualClock()
    one, other = Account(clock=clock), Account(clock=clock, seed=1)
    assert one.create_role("app", trust=EC2).role_id != other.create_role("app", trust=EC2).role_id
    with pytest.raises(Ec2RolesError):
        one.create_instance_profile("x").add_role(other.roles["app"])


# -- forgetting ---------------------------------------------------------------------------------------------------------


def test_a_cloud_that_forgets_answers_within_its_memory_and_raises_beyond() -> None:
    """What is in force is never forgotten, however old."""
    cloud = Cloud(remember=timedelta(days=3))
    account = cloud.account()
    web = instance(account)
    role = account.roles["app"]
    for day in range(1, 31):
        cloud.clock.move_to(at(days=day))
        role.put_policy("list", PermissionPolicy.allow(LIST) if day % 2 else PermissionPolicy.deny(LIST))

    assert [bool(web.can(LIST, at=at(days=day))) for day in (27, 28, 29, 30)] == [True, False, True, False]
    for ask in (
        lambda: web.can(LIST, at=at(days=26)),
        lambda: account.history.events(since=at(days=26)),
        lambda: account.history.events(until=at(days=26)),
        lambda: web.metadata.credentials(at=at(days=26)),
    ):
        with pytest.raises(ClockError, match="further back than this Cloud remembers"):
            ask()
    assert len(list(role._states.spans())) < 12
    cloud.clock.advance(days=100)
    assert not web.can(LIST)
    role.delete_policy("list")
    role.put_policy("list", PermissionPolicy.allow(LIST))
    assert web.can(LIST)


def test_forgetting_changes_no_answer_that_is_still_given() -> None:
    """The same keys and decisions as in a Cloud that remembers everything."""

    def life(remember: timedelta | None) -> list[Any]:
        cloud = Cloud(remember=remember)
        account = cloud.account()
        web = instance(account)
        role = account.roles["app"]
        found: list[Any] = []
        for hour in range(0, 24 * 8, 5):
            cloud.clock.move_to(at(hours=hour))
            role.update_trust(EC2 if hour % 3 else TrustPolicy.service("lambda.amazonaws.com"))
            found += [web.metadata.credentials(), bool(web.can(LIST))]
        return found

    assert life(timedelta(days=2)) == life(None)


def test_a_leaked_key_that_is_no_longer_remembered_is_still_refused() -> None:
    """As expired or as unknown: whether it was ever issued may be forgotten."""
    cloud = Cloud(remember=timedelta(days=2))
    account = cloud.account()
    web = instance(account)
    old = web.metadata.credentials()
    for _ in range(20):
        cloud.clock.advance(days=1)
        account.roles["app"].tag({"day": str(cloud.clock.now().day)})
    assert code(account.call(LIST, credentials=old)) in ("ExpiredToken", "InvalidAccessKeyId")


def test_the_repr_of_a_response_in_awss_form_hides_secrets(account: Account) -> None:
    alice, key = user_with_key(account)
    account.create_role("target", trust=TrustPolicy.principal(alice.arn))
    asked = {"RoleArn": f"arn:aws:iam::{OWN}:role/target", "RoleSessionName": "test"}
    response = account.request("sts:AssumeRole", asked, credentials=key)
    issued = response.value["Credentials"]
    assert issued["AccessKeyId"] in repr(response)
    assert "'SecretAccessKey': '****', 'SessionToken': '****'" in repr(response)
    assert issued["SecretAccessKey"] not in repr(response)
    assert issued["SessionToken"] not in repr(response)


def test_context_keys_that_differ_in_case_alone_are_refused_by_every_call() -> None:
    account = Account()
    account.console.create_role("app", policies=["AdministratorAccess"])
    web = account.launch_instance("app")
    key = web.metadata.credentials()
    twice = {"aws:SourceIp": "1.1.1.1", "AWS:sourceip": "2.2.2.2"}
    for ask in (
        lambda: web.call("s3:ListBuckets", context=twice),
        lambda: web.can("s3:ListBuckets", context=twice),
        lambda: account.call("s3:ListBuckets", context=twice, credentials=key),
        lambda: account.can("s3:ListBuckets", context=twice, credentials=key),
    ):
        with pytest.raises(ArgumentError, match="'aws:SourceIp' and 'AWS:sourceip'"):
            ask()
    # One is put in the place of what the call has by itself, however it is written.
    assert (
        account.can("s3:ListBuckets", context={"AWS:sourceip": "2.2.2.2"}, credentials=key).request.context[
            "aws:SourceIp"
        ]
        == "2.2.2.2"
    )


@pytest.mark.parametrize("keys", [{"x": object()}, {5: "x"}, {"x": 10**500}, {"a:B": "x", "A:b": "y"}, {"x": [None]}])
def test_what_services_bring_is_read_when_the_account_is_made(keys: Any) -> None:
    with pytest.raises((TypeError, ArgumentError), match="context"):
        Account(service_context=keys)
    with pytest.raises((TypeError, ArgumentError), match="context"):
        Cloud().account(service_context=keys)


def test_what_services_bring_may_be_overridden_however_it_is_written() -> None:
    given = {"AWS:sourceaccount": "123456789012"}
    account = Account(service_context=given)
    trust = TrustPolicy.service("ec2.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})
    account.create_instance_profile("app").add_role(account.create_role("app", trust=trust))
    assert account.launch_instance("app").metadata.credentials() is not None
