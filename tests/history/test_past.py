"""`Account.as_of`: what there was, against what was seen when it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, PermissionPolicy, TrustPolicy
from ec2roles.errors import ClockError, InstanceError, NaiveDatetimeError, NoSuchEntityError, ResourceError
from helpers.histories import OPTIONS, STEPS, World, revealed
from helpers.sizes import examples
from helpers.worlds import EC2, LIST, NOBODY, START, at, digest


def seen_now(account: Account) -> dict[str, Any]:
    """Everything about an account, read from the living objects."""
    return {
        "roles": {
            role.name: (
                role.role_id,
                role.arn,
                role.trust.to_dict(),
                {name: policy.to_dict() for name, policy in role.policies.items()},
                [policy.arn for policy in role.attached_policies],
                role.tags,
                role.max_session_duration,
            )
            for role in account.roles.values()
        },
        "profiles": {
            one.name: (one.profile_id, one.arn, one.role and one.role.role_id)
            for one in account.instance_profiles.values()
        },
        "users": {
            user.name: (user.user_id, user.access_keys, [group.name for group in user.groups])
            for user in account.users.values()
        },
        "groups": {group.name: list(group.policies) for group in account.groups.values()},
        "policies": {one.name: one.document.to_dict() for one in account.policies.values()},
        "instances": {
            one.instance_id: (
                one.arn,
                one.state,
                one.profile and one.profile.profile_id,
                one.association_id,
                one.metadata_options,
                one.tags,
                revealed(one.metadata.credentials()),
            )
            for one in account.instances.values()
        },
        "buckets": {one.name: one.policy and one.policy.to_dict() for one in account.s3.buckets},
    }


def seen_then(account: Account, when: datetime) -> dict[str, Any]:
    """The same, from the past."""
    then = account.as_of(when)
    return {
        "roles": {
            name: (
                role.role_id,
                role.arn,
                role.trust.to_dict(),
                {name: policy.to_dict() for name, policy in role.policies.items()},
                list(role.attached_policies),
                dict(role.tags),
                role.max_session_duration,
            )
            for name, role in then.roles.items()
        },
        "profiles": {
            name: (one.profile_id, one.arn, one.role and one.role.role_id)
            for name, one in then.instance_profiles.items()
        },
        "users": {name: (user.user_id, dict(user.access_keys), list(user.groups)) for name, user in then.users.items()},
        "groups": {name: list(group.policies) for name, group in then.groups.items()},
        "policies": {name: one.document and one.document.to_dict() for name, one in then.policies.items()},
        "instances": {
            instance_id: (
                one.arn,
                one.state,
                one.profile and one.profile.profile_id,
                one.association_id,
                one.metadata_options,
                dict(one.tags),
                revealed(one.credentials),
            )
            for instance_id, one in then.instances.items()
        },
        "buckets": {name: one.policy and one.policy.to_dict() for name, one in then.buckets.items()},
    }


@settings(max_examples=examples(40), deadline=None)
@given(OPTIONS, st.lists(STEPS, max_size=15))
def test_the_past_is_what_was_seen_when_it_was(options: dict[str, Any], steps: list[tuple[str, Any]]) -> None:
    world = World.make(options)
    account = world.account
    seen = []
    for step in steps:
        world.do(step)
        seen.append((account.clock.now(), seen_now(account)))
        account.clock.advance(seconds=1)

    for when, what in seen:
        assert seen_then(account, when) == what


def test_everything_that_can_change_has_a_past(account: Account) -> None:
    role = account.create_role("app", trust=EC2, tags={"team": "red"}, max_session_duration=7200)
    managed = account.create_policy("list", PermissionPolicy.allow(LIST))
    role.attach_policy("list")
    role.put_permissions_boundary("list")
    role.put_policy("more", PermissionPolicy.allow("s3:GetObject"))
    group = account.create_group("staff")
    group.put_policy("more", PermissionPolicy.allow("s3:GetObject"))
    alice = account.create_user("alice")
    alice.add_to_group(group)
    profile = account.create_instance_profile("app")
    profile.add_role(role)
    web = account.launch_instance("app", tags={"n": "1"})
    account.clock.advance(hours=1)
    before = account.clock.now()
    expected = seen_now(account)
    account.clock.advance(hours=1)

    web.detach()
    web.modify_metadata_options(http_tokens="required")
    web.terminate()
    profile.remove_role()
    account.delete_instance_profile("app")
    managed.create_version(PermissionPolicy.allow("s3:*"))
    role.update_trust(NOBODY)
    role.untag(["team"])
    role.update(max_session_duration=3600)
    role.delete_permissions_boundary()
    role.detach_policy("list")
    role.delete_policy("more")
    account.delete_role("app")
    alice.remove_from_group(group)
    account.delete_user("alice")
    group.delete_policy("more")

    assert seen_then(account, before) == expected
    then = account.as_of(before)
    assert then.at == before
    assert list(account.roles) == []
    assert then.roles["app"].trust == EC2
    assert then.roles["app"].permissions_boundary is not None
    assert then.roles["app"].permissions_boundary.to_dict() == PermissionPolicy.allow(LIST).to_dict()
    assert then.roles["app"].attached_policies[managed.arn].to_dict() == PermissionPolicy.allow(LIST).to_dict()
    held = then.instances[web.instance_id].profile
    assert held is not None
    assert held.role is not None
    assert held.role.name == "app"


def test_the_questions_of_a_morning_after(account: Account) -> None:
    """Which role was in the profile at 10:05, which profile had the instance, was this allowed?"""
    account.clock.advance(hours=10)
    reader = account.create_role("reader", trust=EC2)
    reader.put_policy("list", PermissionPolicy.allow(LIST))
    profile = account.create_instance_profile("web")
    profile.add_role(reader)
    web = account.launch_instance("web")
    account.clock.advance(minutes=10)
    profile.remove_role()
    profile.add_role(account.create_role("nobody", trust=EC2))
    reader.delete_policy("list")
    account.clock.advance(days=1)
    then = account.as_of(at(hours=10, minutes=5))

    assert repr(then) == "<Account 123456789012 as of 2026-01-01T10:05:00Z>"
    assert repr(then.instance_profiles["web"]) == "<InstanceProfile web, role reader as of 2026-01-01T10:05:00Z>"
    assert repr(then.instances[web.instance_id]) == f"<Instance {web.instance_id} running as of 2026-01-01T10:05:00Z>"
    assert [repr(one) for one in then.roles.values()] == ["<Role reader as of 2026-01-01T10:05:00Z>"]
    assert repr(then.roles) == "<1 then: reader>"
    assert web.can(LIST, at=then.at)
    assert not web.can(LIST)


def test_a_principal_that_is_gone_is_shown_as_it_was_written(account: Account) -> None:
    alice = account.create_user("alice")
    trust = TrustPolicy.principal(alice.arn)
    account.create_role("hers", trust=trust)
    account.clock.advance(minutes=1)
    account.delete_user("alice")

    assert account.as_of(START).roles["hers"].trust == trust
    assert alice.user_id in account.roles["hers"].trust.to_json()


@pytest.mark.parametrize(
    ("when", "error", "text"),
    [
        (at(minutes=61), ClockError, "'at' is in the future"),
        (START - timedelta(microseconds=1), ClockError, "'at' is before account 123456789012 existed"),
        (START.replace(tzinfo=None), NaiveDatetimeError, "'at' has no time zone"),
        ("yesterday", TypeError, "'at' must be a datetime"),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda account, when: account.as_of(when),
        lambda account, when: account.can(LIST, credentials=None, at=when),
    ],
)
def test_a_moment_about_which_nothing_is_known_is_refused(
    when: Any, error: type[Exception], text: str, ask: Callable[[Account, Any], object]
) -> None:
    account = Account()
    account.clock.advance(hours=1)
    before = digest(account)
    with pytest.raises(error, match=text):
        ask(account, when)

    assert digest(account) == before


@pytest.mark.parametrize("table", ["roles", "instance_profiles", "users", "groups", "policies", "instances", "buckets"])
def test_what_was_not_there_then_is_aws_error(account: Account, table: str) -> None:
    account.clock.advance(hours=1)
    account.s3.create_bucket("photos")
    account.launch_instance()
    things = getattr(account.as_of(START), table)

    assert (list(things), len(things), "x" in things, things.get("x")) == ([], 0, False, None)
    with pytest.raises((NoSuchEntityError, InstanceError, ResourceError)) as missing:
        things["x"]
    assert missing.value.code in ("NoSuchEntity", "InvalidInstanceID.NotFound", "NoSuchBucket")
    assert "as of 2026-01-01T00:00:00Z" in str(missing.value.detail)


def test_the_past_cannot_be_changed(account: Account) -> None:
    account.create_role("app", trust=EC2, tags={"a": "b"})
    then = account.as_of(START)
    with pytest.raises(AttributeError):
        then.roles["app"].trust = NOBODY  # type: ignore[misc]
    with pytest.raises(TypeError):
        then.roles["app"].tags["a"] = "c"  # type: ignore[index]
    with pytest.raises(TypeError):
        then.roles["app"] = then.roles["app"]  # type: ignore[index]


def test_a_past_needs_a_moment(account: Account) -> None:
    with pytest.raises(TypeError, match="must be a datetime"):
        account.as_of(None)  # type: ignore[arg-type]


def test_what_is_forgotten_has_no_past() -> None:
    account = Account(remember=timedelta(days=1))
    account.clock.advance(days=2)
    with pytest.raises(ClockError, match="further back than this Cloud remembers"):
        account.as_of(START)


def test_the_past_has_the_alias_and_the_descriptions_of_its_time(account: Account) -> None:
    role = account.create_service_linked_role("autoscaling.amazonaws.com", description="first")
    account.iam.alias.create("acme")
    account.clock.advance(minutes=1)
    role.update_description("second")
    account.iam.alias.delete("acme")

    then, now = account.as_of(START), account.as_of(account.clock.now())
    assert (then.alias, then.roles[role.name].description) == ("acme", "first")
    assert (now.alias, now.roles[role.name].description) == (None, "second")
