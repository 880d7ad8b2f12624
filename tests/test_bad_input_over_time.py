"""
Bad input: moments, durations, unknown ids, what is terminated. AWS's error or ours, and nothing has changed.

Rows 46 to 60 are in ``bad_input.json``; here each mistake is made everywhere it can be made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from ec2roles import Account, Credentials, ManualClock, Response, TrustPolicy
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError, NaiveDatetimeError
from ec2roles.world.propagation import Propagation
from helpers.worlds import ADMIN, EC2, LIST, at, digest

TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
PROFILE = {"Name": "app"}


class World:
    """An account two hours old, with a role on a running Spot instance and one that is terminated, and an administrator."""

    def __init__(self) -> None:
        account = self.account = Account()
        account.clock.advance(hours=2)
        self.alice = account.create_user("alice")
        self.alice.put_policy("admin", ADMIN)
        self.key = self.alice.create_access_key()
        self.phone = self.alice.enable_mfa_device()
        self.role = account.create_role("app", trust=TrustPolicy.principal(self.alice.arn))
        self.worker = account.create_role("worker", trust=TrustPolicy.service("lambda.amazonaws.com"))
        account.create_instance_profile("app").add_role(self.role)
        self.web = account.launch_instance("app", instance_life_cycle="spot")
        self.gone = account.launch_instance("app")
        self.gone_association = self.gone.association_id
        self.gone.terminate()
        clients = account.as_(self.key)
        self.iam, self.sts, self.ec2 = clients.iam, clients.sts, clients.ec2


def outcome(call: Callable[[], object]) -> str:
    """The code of the error that a call answers or raises; the class of an error that has none; or what it returned."""
    try:
        answer = call()
    except (Ec2RolesError, TypeError) as error:
        return str(getattr(error, "code", None) or type(error).__name__)
    if isinstance(answer, Response):
        return answer.error.code if answer.error else "ok"
    return "ok"


def refused(world: World, call: Callable[[World], object]) -> str:
    """The outcome of a call that must leave everything as it was, but for its place among the last calls."""
    before = digest(world.account, calls=False)
    found = outcome(lambda: call(world))
    if digest(world.account, calls=False) != before:
        shared.cache_clear()
        raise AssertionError(f"{found}, and something has changed")
    return found


@cache
def shared() -> World:
    """One world for all that must leave it as it was."""
    return World()


# -- moments --------------------------------------------------------------------------------------------------------------

PAST: dict[str, Callable[[World, Any], object]] = {
    "Instance.can": lambda world, when: world.web.can(LIST, at=when),
    "Account.can": lambda world, when: world.account.can(LIST, credentials=world.key, at=when),
    "Account.as_of": lambda world, when: world.account.as_of(when),
    "Container.can": lambda world, when: world.web.container().can(LIST, at=when),
    "metadata.credentials": lambda world, when: world.web.metadata.credentials(at=when),
    "metadata.get": lambda world, when: world.web.metadata.get("/latest/", at=when),
    "metadata.put": lambda world, when: world.web.metadata.put("/latest/api/token", TTL, at=when),
    "container's metadata": lambda world, when: world.web.container().metadata.credentials(at=when),
}
FUTURE_TOO: dict[str, Callable[[World, Any], object]] = {
    "history since": lambda world, when: world.account.history.events(since=when),
    "trail since": lambda world, when: world.account.history.to_cloudtrail(since=when),
    "history until": lambda world, when: world.account.history.events(until=when),
    "trail until": lambda world, when: world.account.history.to_cloudtrail(until=when),
    "MfaDevice.code": lambda world, when: world.phone.code(when),
    "next_change_after": lambda world, when: world.web.next_change_after(when),
    "clock": lambda world, when: world.account.clock.move_to(when),
    "start of a clock": lambda world, when: ManualClock(when),
    "fault begins": lambda world, when: world.account.faults.sts_outage(begins=when),
    "fault ends": lambda world, when: world.account.faults.sts_throttling(rate=1, ends=when),
    "Spot action": lambda world, when: world.web.notices.set_spot_action("stop", at=when),
    "event begins": lambda world, when: world.web.notices.schedule_event(
        "system-reboot", not_before=when, not_after=at(days=9)
    ),
    "event ends": lambda world, when: world.web.notices.schedule_event(
        "system-reboot", not_before=at(days=9), not_after=when
    ),
    "issued": lambda world, when: Credentials("AKIAEXAMPLE", "x", issued=when),
    "expiration": lambda world, when: Credentials("AKIAEXAMPLE", "x", expiration=when),
    "a context key": lambda world, when: world.account.can(
        LIST, credentials=world.key, context={"aws:CurrentTime": [when]}
    ),
}
NAIVE = datetime(2026, 1, 1, 2)  # noqa: DTZ001 -- what is refused
ANYWHERE = {**PAST, **FUTURE_TOO}


@pytest.mark.parametrize("place", ANYWHERE)
def test_a_moment_without_a_time_zone_is_refused_everywhere(place: str) -> None:
    """A date is no moment either; a key of the context takes text, which the policy reads."""
    world = World()
    wanted = {"as_of": "when", "history since": "since", "trail until": "until", "event ends": "not_after"}
    with pytest.raises(NaiveDatetimeError, match=r"has no time zone; use datetime\.timezone\.utc") as caught:
        ANYWHERE[place](world, NAIVE)
    assert f"'{wanted.get(place, '')}" in str(caught.value)
    assert refused(world, lambda world: ANYWHERE[place](world, NAIVE)) == "NaiveDatetimeError"
    for wrong in (
        [date(2026, 1, 1)] if place == "a context key" else [date(2026, 1, 1), "2026-01-01T00:00:00Z", 0, True]
    ):
        assert refused(world, lambda world, wrong=wrong: ANYWHERE[place](world, wrong)) == "TypeError"  # type: ignore[misc]


@pytest.mark.parametrize("place", PAST)
@pytest.mark.parametrize("when", [datetime(1, 1, 1, tzinfo=UTC), at() - timedelta(microseconds=1)])
def test_a_question_about_a_time_before_the_account_existed_raises(place: str, when: datetime) -> None:
    """So does one about an instance before its launch."""
    wanted = "ClockError" if place.startswith("Account") else "InvalidInstanceID.NotFound"
    assert refused(shared(), lambda world: PAST[place](world, when)) == wanted
    if wanted != "ClockError":
        before_launch = at(hours=2) - timedelta(microseconds=1)
        assert refused(shared(), lambda world: PAST[place](world, before_launch)) == wanted


@pytest.mark.parametrize("place", [*PAST, "history until", "MfaDevice.code"])
def test_a_question_about_the_future_raises(place: str) -> None:
    world = World()
    assert refused(world, lambda world: ANYWHERE[place](world, at(hours=2, microseconds=1))) == "ClockError"
    assert outcome(lambda: ANYWHERE[place](world, at(hours=2))) == "ok"


FAULTS: dict[str, Callable[..., object]] = {
    "sts_outage": lambda world, **window: world.account.faults.sts_outage(**window),
    "sts_throttling": lambda world, **window: world.account.faults.sts_throttling(rate=1, **window),
    "metadata_outage": lambda world, **window: world.account.faults.metadata_outage(**window),
    "metadata_saturation": lambda world, **window: world.account.faults.metadata_saturation(
        packets_per_second=2000, **window
    ),
    "clock_skew": lambda world, **window: world.account.faults.clock_skew(timedelta(hours=1), **window),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "window",
    [
        {"begins": at(hours=2) - timedelta(microseconds=1)},
        {"ends": at(hours=2)},
        {"begins": at(hours=3), "ends": at(hours=3)},
        {"begins": at(hours=4), "ends": at(hours=3)},
    ],
)
def test_no_fault_begins_in_the_past_or_ends_before_it_begins(fault: str, window: dict[str, datetime]) -> None:
    world = World()
    assert len(world.account.faults) == 0
    assert refused(world, lambda world: FAULTS[fault](world, **window)) == "ClockError"
    assert len(world.account.faults) == 0


# -- durations and numbers ------------------------------------------------------------------------------------------------

DURATIONS: dict[str, Callable[[World, Any], object]] = {
    "assume_role": lambda world, value: world.account.sts.assume_role(
        world.role, "test", credentials=world.key, duration=value
    ),
    "AssumeRole": lambda world, value: world.sts.assume_role(
        RoleArn=world.role.arn, RoleSessionName="test", DurationSeconds=value
    ),
    "get_session_token": lambda world, value: world.account.sts.get_session_token(
        credentials=world.key, duration=value
    ),
    "GetSessionToken": lambda world, value: world.sts.get_session_token(DurationSeconds=value),
    "service": lambda world, value: world.account.service("lambda.amazonaws.com").assume_role(
        world.worker, duration=value
    ),
    "create_role": lambda world, value: world.account.create_role("new", trust=EC2, max_session_duration=value),
    "CreateRole": lambda world, value: world.iam.create_role(
        RoleName="new", AssumeRolePolicyDocument=EC2.to_json(), MaxSessionDuration=value
    ),
    "UpdateRole": lambda world, value: world.iam.update_role(RoleName="app", MaxSessionDuration=value),
}
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("place", DURATIONS)
@pytest.mark.parametrize("value", [True, "3600", 3600.0, NAN, INF, -1, 0, 899, 129_601, 10**400, [3600]])
def test_a_duration_is_a_number_of_whole_seconds_within_limits(place: str, value: Any) -> None:
    assert refused(shared(), lambda world: DURATIONS[place](world, value)) == "ValidationError"


NUMBERS: dict[str, tuple[Callable[[World, Any], object], str]] = {
    "launch_instances": (lambda world, value: world.account.launch_instances(value), "InvalidParameterValue"),
    "extra_hops of get": (
        lambda world, value: world.web.metadata.get("/latest/", extra_hops=value),
        "InvalidParameterValue",
    ),
    "extra_hops of put": (
        lambda world, value: world.web.metadata.put("/latest/api/token", TTL, extra_hops=value),
        "InvalidParameterValue",
    ),
    "container": (lambda world, value: world.web.container(value), "InvalidParameterValue"),
    "hop limit": (
        lambda world, value: world.web.modify_metadata_options(http_put_response_hop_limit=value),
        "InvalidParameterValue",
    ),
}


@pytest.mark.parametrize("place", NUMBERS)
@pytest.mark.parametrize("value", [True, "1", 1.0, NAN, INF, -1, None])
def test_a_count_is_an_int(place: str, value: Any) -> None:
    call, wanted = NUMBERS[place]
    assert refused(shared(), lambda world: call(world, value)) == wanted


SPANS: dict[str, Callable[[World, Any], object]] = {
    "lifetime": lambda world, span: Rotation(lifetime=span),
    "refresh": lambda world, span: Rotation(refresh=span),
    "jitter": lambda world, span: Rotation(jitter=span),
    "association_delay": lambda world, span: Rotation(association_delay=span),
    "propagation": lambda world, span: Propagation(span),
    "remember": lambda world, span: Account(remember=span),
    "tolerance": lambda world, span: world.account.faults.clock_skew(timedelta(hours=1), tolerance=span),
}


@pytest.mark.parametrize("place", SPANS)
@pytest.mark.parametrize("span", [5, "1h", True, NAN, timedelta(microseconds=-1)])
def test_a_span_is_a_timedelta_that_is_not_negative(place: str, span: Any) -> None:
    wrong = {"TypeError"} if not isinstance(span, timedelta) else {"ValidationError", "ArgumentError", "ClockError"}
    assert refused(shared(), lambda world: SPANS[place](world, span)) in wrong


@pytest.mark.parametrize("place", ["lifetime", "jitter", "association_delay", "propagation"])
def test_a_span_that_leads_out_of_the_calendar_is_refused_where_it_is_given(place: str) -> None:
    """Not when somebody looks at an instance years later."""
    assert refused(shared(), lambda world: SPANS[place](world, timedelta.max)) in {"ValidationError", "ArgumentError"}
    day = timedelta(days=1)
    long = {"lifetime": timedelta(days=365, microseconds=1), "refresh": timedelta(days=364)}
    assert outcome(lambda: Rotation(**long)) == "ValidationError"
    assert outcome(lambda: Rotation(**{**long, "lifetime": 365 * day}, jitter=365 * day)) == "ok"


# -- names and ids --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "a", "", "x" * 65, "a\n", "\u00e9\u00e9", "a/b"])
def test_a_session_name_is_2_to_64_of_a_few_characters(name: str) -> None:
    for call in (
        lambda world: world.account.sts.assume_role(world.role, name, credentials=world.key),
        lambda world: world.sts.assume_role(RoleArn=world.role.arn, RoleSessionName=name),
        lambda world: world.account.service("lambda.amazonaws.com").assume_role(world.worker, session_name=name),
        # AWS's model allows a source identity of 256 characters since 2026.
        lambda world: world.account.sts.assume_role(
            world.role, "test", credentials=world.key, source_identity=name if len(name) < 65 else name * 4
        ),
    ):
        assert refused(shared(), call) == "ValidationError"


INSTANCE_IDS = {"nope": "Malformed", "i-12345": "Malformed", "": "Malformed", "i-0123456789abcdef0": "NotFound"}


@pytest.mark.parametrize(("instance_id", "wanted"), INSTANCE_IDS.items())
def test_an_instance_that_is_not_there(instance_id: str, wanted: str) -> None:
    """EC2 tells an id that cannot be one from one that it does not know; a look-up in Python does not."""
    for call in (
        lambda world: world.ec2.stop_instances(InstanceIds=[instance_id]),
        lambda world: world.ec2.start_instances(InstanceIds=[instance_id]),
        lambda world: world.ec2.reboot_instances(InstanceIds=[instance_id]),
        lambda world: world.ec2.terminate_instances(InstanceIds=[world.web.instance_id, instance_id]),
        lambda world: world.ec2.describe_instances(InstanceIds=[instance_id]),
        lambda world: world.ec2.modify_instance_metadata_options(InstanceId=instance_id, HttpTokens="required"),
        lambda world: world.ec2.associate_iam_instance_profile(InstanceId=instance_id, IamInstanceProfile=PROFILE),
    ):
        assert refused(shared(), call) == f"InvalidInstanceID.{wanted}"
    for call in (
        lambda world: world.account.instances[instance_id],
        lambda world: world.account.as_of(at(hours=2)).instances[instance_id],
        lambda world: world.account.history.events(instance=instance_id),
        lambda world: world.account.faults.metadata_outage(instance=instance_id),
    ):
        assert refused(shared(), call) == "InvalidInstanceID.NotFound"


@pytest.mark.parametrize(
    ("association_id", "wanted"),
    [
        ("nope", "InvalidParameterValue"),
        ("", "InvalidParameterValue"),
        ("i-0123456789abcdef0", "InvalidParameterValue"),
        ("iip-assoc-0123456789abcdef0", "InvalidAssociationID.NotFound"),
    ],
)
def test_an_association_that_is_not_there(association_id: str, wanted: str) -> None:
    for call in (
        lambda world: world.ec2.disassociate_iam_instance_profile(AssociationId=association_id),
        lambda world: world.ec2.replace_iam_instance_profile_association(
            AssociationId=association_id, IamInstanceProfile=PROFILE
        ),
    ):
        assert refused(shared(), call) == wanted


@pytest.mark.parametrize("name", ["nope", "worker", "", "APP", "arn:aws:iam::123456789012:role/app"])
def test_an_instance_profile_that_is_not_there(name: str) -> None:
    """A role's name is none, and EC2 looks at the case."""
    given = {"Arn": name} if name.startswith("arn:") else {"Name": name}
    for call in (
        lambda world: world.account.launch_instance(name),
        lambda world: world.web.replace(name),
        lambda world: world.ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, IamInstanceProfile=given),
        lambda world: world.ec2.replace_iam_instance_profile_association(
            AssociationId=world.web.association_id, IamInstanceProfile=given
        ),
    ):
        assert refused(shared(), call) == "InvalidParameterValue"


@pytest.mark.parametrize(
    "call",
    [
        lambda world: world.account.call("s3:GetObject", 5, credentials=world.key),
        lambda world: world.account.can("s3:GetObject", 5, credentials=world.key),
        lambda world: world.account.call("iam:GetRole", 5, credentials=world.key),
        lambda world: world.account.call("ec2:StopInstances", [], credentials=world.key),
        lambda world: world.web.call("dynamodb:GetItem", 5),
        lambda world: world.account.call(None, credentials=world.key),
        lambda world: world.account.request(5, credentials=world.key),
        lambda world: world.account.request("iam:GetRole", ["app"], credentials=world.key),
        lambda world: world.account.service(5),
        lambda world: world.account.instance_profiles[5],
        lambda world: world.web.replace(5),
    ],
)
def test_what_is_no_text_is_a_type_error(call: Callable[[World], object]) -> None:
    assert refused(shared(), call) == "TypeError"


# -- what is terminated ---------------------------------------------------------------------------------------------------

TERMINATED: dict[str, tuple[Callable[[World], object], str]] = {
    "stop": (lambda world: world.gone.stop(), "IncorrectInstanceState"),
    "start": (lambda world: world.gone.start(), "IncorrectInstanceState"),
    "reboot": (lambda world: world.gone.reboot(), "IncorrectInstanceState"),
    "hibernate": (lambda world: world.gone.hibernate(), "IncorrectInstanceState"),
    "terminate": (lambda world: world.gone.terminate(), "ok"),
    "attach": (lambda world: world.gone.attach("app"), "IncorrectInstanceState"),
    "replace": (lambda world: world.gone.replace("app"), "IncorrectState"),
    "detach": (lambda world: world.gone.detach(), "InvalidAssociationID.NotFound"),
    "modify": (lambda world: world.gone.modify_metadata_options(http_tokens="required"), "IncorrectInstanceState"),
    "announce": (lambda world: world.gone.notices.recommend_rebalance(), "IncorrectInstanceState"),
    "call": (lambda world: world.gone.call(LIST), "IncorrectInstanceState"),
    "can": (lambda world: world.gone.can(LIST), "IncorrectInstanceState"),
    "run": (lambda world: world.gone.run("aws s3 ls"), "IncorrectInstanceState"),
    "container": (lambda world: world.gone.container().run("aws s3 ls"), "IncorrectInstanceState"),
    "StopInstances": (
        lambda world: world.ec2.stop_instances(InstanceIds=[world.gone.instance_id]),
        "IncorrectInstanceState",
    ),
    "StartInstances": (
        lambda world: world.ec2.start_instances(InstanceIds=[world.gone.instance_id]),
        "IncorrectInstanceState",
    ),
    "RebootInstances": (
        lambda world: world.ec2.reboot_instances(InstanceIds=[world.gone.instance_id]),
        "IncorrectInstanceState",
    ),
    "TerminateInstances": (lambda world: world.ec2.terminate_instances(InstanceIds=[world.gone.instance_id]), "ok"),
    "AssociateIamInstanceProfile": (
        lambda world: world.ec2.associate_iam_instance_profile(
            InstanceId=world.gone.instance_id, IamInstanceProfile=PROFILE
        ),
        "IncorrectInstanceState",
    ),
    "ReplaceIamInstanceProfileAssociation": (
        lambda world: world.ec2.replace_iam_instance_profile_association(
            AssociationId=world.gone_association, IamInstanceProfile=PROFILE
        ),
        "IncorrectState",
    ),
    "DisassociateIamInstanceProfile": (
        lambda world: world.ec2.disassociate_iam_instance_profile(AssociationId=world.gone_association),
        "InvalidAssociationID.NotFound",
    ),
    "ModifyInstanceMetadataOptions": (
        lambda world: world.ec2.modify_instance_metadata_options(
            InstanceId=world.gone.instance_id, HttpTokens="required"
        ),
        "IncorrectInstanceState",
    ),
}


@pytest.mark.parametrize("what", TERMINATED)
def test_nothing_is_done_to_a_terminated_instance(what: str) -> None:
    """Terminating it again is no mistake, and does nothing."""
    call, wanted = TERMINATED[what]
    assert refused(shared(), call) == wanted
