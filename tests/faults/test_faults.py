"""What goes wrong, row by row of a table, and that all is well again when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import (
    Account,
    Cloud,
    Credentials,
    Instance,
    InstanceProfile,
    ManualClock,
    PermissionPolicy,
    Role,
    Timekeeper,
    TokenService,
    TrustPolicy,
)
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import ArgumentError, ClockError, Ec2RolesError, InstanceError, NaiveDatetimeError
from ec2roles.faults.kinds import Fault
from ec2roles.faults.plan import FaultPlan
from ec2roles.world.propagation import Propagation
from helpers.sizes import examples
from helpers.worlds import EC2, LIST, NOBODY, OTHER, OWN, START, at, code, digest, lesson, message

CREDENTIALS = "/latest/meta-data/iam/security-credentials/"


def issued(instance: Instance, when: datetime | None = None) -> datetime | None:
    """When the credentials in the metadata were issued; None if there are none."""
    credentials = instance.metadata.credentials(at=when)
    return None if credentials is None else credentials.issued


def key_of(instance: Instance) -> Credentials:
    """The credentials in the metadata."""
    credentials = instance.metadata.credentials()
    assert credentials is not None
    return credentials


def move(account: Account, **delta: float) -> None:
    """Set the clock to so long after the start."""
    account.clock.move_to(at(**delta))


# -- STS is down ----------------------------------------------------------------------------------------------------------


def test_while_sts_is_down_the_metadata_keeps_what_it_has_even_expired(account: Account, web: Instance) -> None:
    """The old credentials work until they expire and no longer; the first refresh afterwards brings new ones."""
    account.faults.sts_outage(begins=at(minutes=30), ends=at(hours=8, minutes=30))
    old = key_of(web)

    move(account, hours=5, minutes=59, seconds=59)
    assert key_of(web) == old
    assert web.call(LIST)
    move(account, hours=6)
    assert key_of(web) == old
    assert code(web.call(LIST)) == "ExpiredToken"
    assert '"Code" : "Success"' in web.metadata.get(CREDENTIALS + "app").body
    move(account, hours=8, minutes=59)
    assert key_of(web) == old
    move(account, hours=9)
    assert issued(web) == at(hours=9)
    assert web.call(LIST)
    assert code(account.call(LIST, credentials=old)) == "ExpiredToken"


@pytest.mark.usefixtures("web")
def test_the_refreshes_of_an_outage_are_in_the_history_as_failures(account: Account) -> None:
    account.faults.sts_outage(begins=at(minutes=30), ends=at(hours=2, minutes=30))
    move(account, hours=4)
    told = [
        (event.at.hour, event.error.code if event.error else None) for event in account.history.events(kind="assume")
    ]

    assert told == [(0, None), (1, "STSUnavailable"), (2, "STSUnavailable"), (3, None), (4, None)]


def test_a_refresh_at_the_very_beginning_is_lost_and_one_at_the_end_is_not(account: Account, web: Instance) -> None:
    account.faults.sts_outage(begins=at(hours=1), ends=at(hours=2))

    move(account, hours=1)
    assert issued(web) == at()
    move(account, hours=2)
    assert issued(web) == at(hours=2)


def test_an_outage_that_begins_now_leaves_what_was_done_before_it_at_this_instant(
    account: Account, web: Instance
) -> None:
    outage = account.faults.sts_outage()
    late = account.launch_instance("app")
    account.faults.clear(outage)
    later = account.launch_instance("app")

    assert issued(web) == issued(later) == START
    assert issued(late) is None
    assert late.metadata.get(CREDENTIALS).status == 404
    refused = late.call(LIST)
    assert refused.error is not None
    assert "STS was not available" in str(refused.error.detail)
    move(account, hours=1)
    assert issued(late) == at(hours=1)


def test_an_outage_that_begins_now_is_after_a_refresh_of_this_instant(account: Account, web: Instance) -> None:
    move(account, hours=1)
    account.faults.sts_outage()

    assert issued(web) == at(hours=1)
    move(account, hours=2)
    assert issued(web) == at(hours=1)


@pytest.mark.parametrize("on_refresh_failure", ["keep", "drop"])
def test_an_outage_keeps_the_metadata_as_a_refused_refresh_left_it(on_refresh_failure: str) -> None:
    """The refresh at 01:00 was refused by the trust policy; the outage from 01:30 on changes nothing about that."""
    account = Account(rotation=Rotation(on_refresh_failure=on_refresh_failure))
    web = lesson(account)
    move(account, minutes=30)
    account.roles["app"].update_trust(NOBODY)
    move(account, hours=1, minutes=30)
    account.faults.sts_outage()
    move(account, hours=5, minutes=59)
    assert issued(web) == (START if on_refresh_failure == "keep" else None)
    move(account, hours=7)

    assert issued(web) is None
    told = web.metadata.get(CREDENTIALS + "app").body
    assert '"Code" : "AssumeRoleUnauthorizedAccess"' in told
    assert '"LastUpdated" : "2026-01-01T01:00:00Z"' in told


def test_during_an_outage_a_good_set_stays_under_both_rotations() -> None:
    account = Account(rotation=Rotation(on_refresh_failure="drop"))
    web = lesson(account)
    account.faults.sts_outage(begins=at(minutes=30))
    move(account, hours=5)

    assert issued(web) == START


def test_calls_of_sts_are_answered_service_unavailable(account: Account, web: Instance) -> None:
    key = key_of(web)
    outage = account.faults.sts_outage()
    refused = account.sts.get_caller_identity(credentials=key)

    assert refused.error is not None
    assert (refused.error.code, refused.error.status, refused.allowed) == ("ServiceUnavailable", 503, False)
    assert code(account.sts.assume_role(account.roles["app"], "x1", credentials=key)) == "ServiceUnavailable"
    assert code(account.request("sts:GetCallerIdentity", credentials=key)) == "ServiceUnavailable"
    assert web.call(LIST)
    assert code(account.call("sts:GetCallerIdentity", credentials=None)) == "NoCredentials"
    account.faults.clear(outage)
    assert account.sts.get_caller_identity(credentials=key)
    assert [event.error.code for event in account.history.events(kind="call") if event.error] == [
        *["ServiceUnavailable"] * 3,
        "NoCredentials",
    ]


def test_other_services_cannot_assume_roles_either_while_sts_is_down_and_are_not_throttled() -> None:
    account = Account()
    role = account.create_role("worker", trust=NOBODY)
    worker = account.service("lambda.amazonaws.com")
    outage = account.faults.sts_outage()

    assert code(worker.assume_role(role, session_name="resize")) == "ServiceUnavailable"
    account.faults.clear(outage)
    account.faults.sts_throttling(rate=0.001)
    assert all(worker.assume_role(role, session_name="resize") for _ in range(3))


def test_a_token_service_alone_has_outages_too() -> None:
    time = Timekeeper()
    role = Role("app", trust=EC2, time=time)
    sts = TokenService(time=time)
    web = Instance(profile=InstanceProfile("app", role=role, time=time), sts=sts, time=time)
    faults = FaultPlan(time)
    outage = faults.sts_outage()

    assert code(sts.get_caller_identity(credentials=key_of(web))) == "ServiceUnavailable"
    faults.clear(outage)
    faults.sts_throttling(rate=1)
    assert sts.get_caller_identity(credentials=key_of(web))
    assert code(sts.get_caller_identity(credentials=key_of(web))) == "Throttling"
    with pytest.raises(Ec2RolesError, match="has a FaultPlan already"):
        FaultPlan(time)


# -- STS throttles --------------------------------------------------------------------------------------------------------


def test_sts_takes_so_many_calls_at_once_and_then_one_in_each_interval(account: Account, web: Instance) -> None:
    key = key_of(web)
    account.faults.sts_throttling(rate=2, burst=3)

    def answers(count: int) -> list[str | None]:
        return [code(account.sts.get_caller_identity(credentials=key)) for _ in range(count)]

    assert answers(5) == [None, None, None, "Throttling", "Throttling"]
    account.clock.advance(milliseconds=499)
    assert answers(1) == ["Throttling"]
    account.clock.advance(milliseconds=1)
    assert answers(2) == [None, "Throttling"]
    account.clock.advance(hours=1)
    assert answers(4) == [None, None, None, "Throttling"]


@given(st.lists(st.integers(0, 3000), max_size=30), st.sampled_from([0.5, 1, 3, 1000]), st.integers(1, 5))
def test_calls_are_taken_as_from_a_bucket_that_fills_up(waits: list[int], rate: float, burst: int) -> None:
    """Against the bucket as everybody knows it, in whole microseconds."""
    clock = ManualClock()
    time = Timekeeper(clock)
    faults = FaultPlan(time)
    faults.sts_throttling(rate=rate, burst=burst)
    drop = round(1e6 / rate)
    level = burst * drop
    for wait in waits:
        clock.advance(milliseconds=wait)
        position = time.as_of(None)
        level = min(burst * drop, level + wait * 1000)
        taken = level >= drop
        level -= drop if taken else 0
        assert (faults.sts_refuses(position, OWN, None) is None) is taken
        if taken:
            faults.count_sts_call(position, OWN)


@pytest.mark.usefixtures("web")
def test_a_throttled_call_changes_nothing_and_is_in_the_history(account: Account) -> None:
    alice = account.create_user("alice")
    key = alice.create_access_key()
    role = account.create_role("hers", trust=TrustPolicy.principal(alice.arn))
    account.faults.sts_throttling(rate=1)
    first = account.sts.assume_role(role, "one", credentials=key).result()
    before = digest(account, calls=False)
    refused = account.sts.assume_role(role, "two", credentials=key)

    assert refused.error is not None
    assert (refused.error.code, message(refused), refused.error.status) == ("Throttling", "Rate exceeded", 400)
    assert digest(account, calls=False) == before
    assert [event.ok for event in account.history.events(kind="call")] == [True, False]
    account.clock.advance(seconds=1)
    again = account.sts.assume_role(role, "two", credentials=key).result()
    assert again.access_key_id != first.access_key_id


def test_ec2s_own_assumes_and_other_services_are_not_throttled(account: Account, web: Instance) -> None:
    account.faults.sts_throttling(rate=0.000001)
    key = key_of(web)
    assert account.sts.get_caller_identity(credentials=key)
    fleet = account.launch_instances(5, "app")
    move(account, hours=3)

    assert {issued(one) for one in [web, *fleet]} == {at(hours=3)}
    assert all(web.call(LIST) for _ in range(5))
    assert code(account.sts.get_caller_identity(credentials=key)) == "Throttling"
    assert account.can("sts:GetCallerIdentity", credentials=key)


def test_each_account_has_a_bucket_of_its_own() -> None:
    cloud = Cloud()
    keys = {one: cloud.account(one).create_user("alice").create_access_key() for one in (OWN, OTHER)}
    cloud.faults.sts_throttling(rate=1)
    cloud.faults.sts_outage(account=OTHER, begins=at(hours=1))

    for one, key in keys.items():
        assert cloud.account(one).sts.get_caller_identity(credentials=key)
        assert code(cloud.account(one).sts.get_caller_identity(credentials=key)) == "Throttling"
    cloud.clock.advance(hours=1)
    assert cloud.account(OWN).sts.get_caller_identity(credentials=keys[OWN])
    assert code(cloud.account(OTHER).sts.get_caller_identity(credentials=keys[OTHER])) == "ServiceUnavailable"


# -- the metadata service does not answer -----------------------------------------------------------------------------------


def test_a_metadata_service_that_is_down_answers_nothing_and_its_credentials_go_on_rotating(
    account: Account, web: Instance
) -> None:
    other = account.launch_instance("app")
    token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
    kept = key_of(web)
    account.faults.metadata_outage(begins=at(hours=1), ends=at(hours=2), instance=web)
    move(account, hours=1, minutes=30)

    assert web.metadata.get("/latest/meta-data/").status is None
    assert web.metadata.get(CREDENTIALS + "app").body == ""
    assert web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).timed_out
    assert web.metadata.credentials() is None
    refused = web.call(LIST)
    assert refused.error is not None
    assert (refused.error.code, refused.error.detail) == ("NoCredentials", "the metadata service does not answer")
    assert issued(other) == at(hours=1)
    assert account.call(LIST, credentials=kept)
    move(account, hours=2)
    assert issued(web) == at(hours=2)
    assert web.metadata.get("/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": token}).ok
    assert web.metadata.get("/latest/meta-data/", at=at(hours=1, minutes=59)).timed_out
    assert issued(web, at(minutes=59)) == START


def test_beyond_1024_packets_a_second_as_many_requests_are_lost_as_there_are_packets_too_many(
    account: Account, web: Instance
) -> None:
    other = account.launch_instance("app")
    account.faults.metadata_saturation(packets_per_second=4096, instance=web)
    lost = []
    for _ in range(400):
        account.clock.advance(seconds=1)
        answer = web.metadata.get("/latest/meta-data/instance-id")
        assert answer.body == ("" if answer.timed_out else web.instance_id)
        assert web.metadata.get("/latest/meta-data/instance-id") == answer
        assert other.metadata.get("/latest/meta-data/instance-id").ok
        lost.append(answer.timed_out)

    assert 0.7 < sum(lost) / len(lost) < 0.8  # three in four


def test_1024_packets_a_second_are_let_through(account: Account, web: Instance) -> None:
    account.faults.metadata_saturation(packets_per_second=1024)

    for _ in range(50):
        account.clock.advance(seconds=1)
        assert web.metadata.credentials() is not None


@pytest.mark.parametrize(("http_tokens", "least", "most"), [("optional", 60, 140), ("required", 25, 75)])
@pytest.mark.usefixtures("web")
def test_an_sdk_needs_all_of_its_answers(account: Account, http_tokens: str, least: int, most: int) -> None:
    """
    The role's name, the document, and where it is required a token; without one it goes on as version 1.

    With half of the packets lost, one fetch in four succeeds, or one in eight.
    """
    web = account.launch_instance("app", http_tokens=http_tokens)
    account.faults.metadata_saturation(packets_per_second=2048)
    good = 0
    for _ in range(400):
        account.clock.advance(seconds=1)
        token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        answers = [web.metadata.get(CREDENTIALS), web.metadata.get(CREDENTIALS + "app")]
        if http_tokens == "required":
            answers.append(token)
        credentials = web.metadata.credentials()
        assert (credentials is not None) is all(not answer.timed_out for answer in answers)
        good += credentials is not None

    assert least <= good <= most


# -- a clock is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-15, 15, -14, 0])
def test_fifteen_minutes_are_let_pass(account: Account, web: Instance, minutes: float) -> None:
    account.faults.clock_skew(timedelta(minutes=minutes), instance=web)

    assert web.call(LIST)


@pytest.mark.parametrize(
    ("offset", "way", "signature"),
    [
        (
            timedelta(minutes=-15, microseconds=-1),
            "slow",
            "Signature expired: 20251231T234459Z is now earlier than 20251231T234500Z (20260101T000000Z - 15 min.)",
        ),
        (
            timedelta(minutes=20),
            "fast",
            "Signature not yet current: 20260101T002000Z is still later than 20260101T001500Z (20260101T000000Z + 15 min.)",
        ),
    ],
)
def test_a_call_signed_with_another_time_is_refused_before_it_is_judged(
    account: Account, web: Instance, offset: timedelta, way: str, signature: str
) -> None:
    account.faults.clock_skew(offset, instance=web)
    s3, other = web.call(LIST), web.call("dynamodb:ListTables")

    assert s3.error is not None
    assert other.error is not None
    assert (s3.error.code, s3.error.status, s3.allowed) == ("RequestTimeTooSkewed", 403, False)
    assert message(s3) == "The difference between the request time and the current time is too large."
    assert way in str(s3.error.detail)
    assert (other.error.code, message(other)) == ("SignatureDoesNotMatch", signature)
    assert web.can(LIST).denied_by == "credentials"
    assert "RequestTimeTooSkewed" in web.run("aws s3 ls").stderr


def test_the_tolerance_can_be_five_minutes(account: Account, web: Instance) -> None:
    account.faults.clock_skew(timedelta(minutes=-6), tolerance=timedelta(minutes=5), instance=web)

    assert message(web.call("dynamodb:ListTables")).endswith("(20260101T000000Z - 5 min.)")


def test_whether_credentials_have_expired_is_judged_by_the_services_clock_alone(
    account: Account, web: Instance
) -> None:
    """A host ten minutes ahead thinks them expired, one behind thinks them good; AWS does not mind."""
    key = key_of(web)
    web.detach()
    account.faults.clock_skew(timedelta(minutes=-10), instance=web)
    web.programs.terminal.chain.export("AWS_ACCESS_KEY_ID", key.access_key_id)
    web.programs.terminal.chain.export("AWS_SECRET_ACCESS_KEY", key.secret_access_key.reveal())
    assert key.session_token is not None
    web.programs.terminal.chain.export("AWS_SESSION_TOKEN", key.session_token.reveal())

    move(account, hours=5, minutes=59)
    assert web.call(LIST)
    move(account, hours=6, minutes=5)
    assert code(web.call(LIST)) == "ExpiredToken"


def test_a_wrong_clock_is_the_instances_own_and_ends(account: Account, web: Instance) -> None:
    other = account.launch_instance("app")
    skew = account.faults.clock_skew(timedelta(hours=-1), instance=web.instance_id, ends=at(hours=1))

    assert not web.call(LIST)
    assert other.call(LIST)
    assert account.call(LIST, credentials=key_of(web))
    account.clock.advance(minutes=1)
    account.faults.clear(skew)
    assert web.call(LIST)
    assert not web.can(LIST, at=START)
    assert web.can(LIST)


# -- a life that goes on without the metadata -------------------------------------------------------------------------------


@pytest.mark.usefixtures("web")
def test_a_program_that_slept_across_the_expiry_fails_once_and_then_asks_the_metadata(account: Account) -> None:
    """Hibernation: what it had in memory has expired, its metadata has a fresh set, fetched once and not 72 times."""
    web = account.launch_instance("app", hibernation=True)
    in_memory = key_of(web)
    web.hibernate()
    account.clock.advance(days=3)
    assert web.metadata.credentials() is None
    web.start()

    assert code(account.call(LIST, credentials=in_memory)) == "ExpiredToken"
    assert account.call(LIST, credentials=key_of(web))
    assert [event.at for event in account.history.events(kind="assume", instance=web)] == [START, at(days=3)]


def test_a_reboot_refreshes_nothing_and_a_termination_takes_nothing_back(account: Account, web: Instance) -> None:
    key = key_of(web)
    account.clock.advance(minutes=5)
    web.reboot()
    assert key_of(web) == key
    web.terminate()

    assert web.metadata.credentials() is None
    assert account.call(LIST, credentials=key)


# -- the plan ---------------------------------------------------------------------------------------------------------------

Plan = Callable[[FaultPlan], Fault]
KINDS: list[Callable[..., Fault]] = [
    lambda faults, **words: faults.sts_outage(**words),
    lambda faults, **words: faults.sts_throttling(rate=1, **words),
    lambda faults, **words: faults.metadata_outage(**words),
    lambda faults, **words: faults.metadata_saturation(packets_per_second=9999, **words),
    lambda faults, **words: faults.clock_skew(timedelta(hours=1), **words),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"begins": at(minutes=59)}, ClockError, "cannot begin in the past: 2026-01-01T00:59:00Z"),
        ({"ends": at(hours=1)}, ClockError, "must end after it begins"),
        ({"begins": at(hours=3), "ends": at(hours=2)}, ClockError, "must end after it begins"),
        ({"begins": START.replace(tzinfo=None)}, NaiveDatetimeError, "'begins' has no time zone"),
        ({"ends": START.replace(tzinfo=None)}, NaiveDatetimeError, "'ends' has no time zone"),
        ({"ends": "tomorrow"}, TypeError, "'ends' must be a datetime"),
        ({"account": "12"}, Ec2RolesError, "12"),
        ({"when": START}, TypeError, "unknown argument 'when'; a fault takes"),
    ],
)
def test_a_fault_that_cannot_be_planned_changes_nothing(
    account: Account,
    web: Instance,
    kind: Callable[..., Fault],
    words: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    faults = account.faults
    move(account, hours=1)
    before = digest(account)
    with pytest.raises(error, match=text):
        kind(faults, **words)

    assert digest(account) == before
    assert list(faults) == []


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (lambda faults: faults.sts_throttling(rate=0), ArgumentError),
        (lambda faults: faults.sts_throttling(rate=float("nan")), ArgumentError),
        (lambda faults: faults.sts_throttling(rate=True), TypeError),
        (lambda faults: faults.sts_throttling(rate=1, burst=0), ArgumentError),
        (lambda faults: faults.sts_throttling(rate=1, burst=1.5), TypeError),
        (lambda faults: faults.sts_throttling(rate=1, instance="i-0"), ArgumentError),
        (lambda faults: faults.metadata_saturation(packets_per_second=0), ArgumentError),
        (lambda faults: faults.metadata_saturation(packets_per_second=True), TypeError),
        (lambda faults: faults.clock_skew(5), TypeError),
        (lambda faults: faults.clock_skew(timedelta(1), tolerance=timedelta(-1)), ArgumentError),
        (lambda faults: faults.clock_skew(timedelta(1), instance="i-0123456789abcdef0"), InstanceError),
        (lambda faults: faults.clock_skew(timedelta(1), instance=7), TypeError),
        (lambda faults: faults.clear("all"), TypeError),
    ],
)
@pytest.mark.usefixtures("web")
def test_bad_words_of_a_fault_are_refused(
    account: Account, plan: Callable[[FaultPlan], Any], error: type[Exception]
) -> None:
    before = digest(account)
    with pytest.raises(error):
        plan(account.faults)

    assert digest(account) == before


def test_an_instance_of_another_account_than_the_one_named_is_refused() -> None:
    cloud = Cloud()
    web = cloud.account(OWN).launch_instance()
    cloud.account(OTHER)

    assert cloud.faults.metadata_outage(instance=web).account_id == OWN
    with pytest.raises(ArgumentError, match=f"is of account {OWN}, not of {OTHER}"):
        cloud.faults.metadata_outage(instance=web, account=cloud.account(OTHER))


def test_clearing_ends_a_fault_now_calls_off_one_to_come_and_leaves_one_that_is_over(
    account: Account, web: Instance
) -> None:
    over = account.faults.metadata_outage(ends=at(hours=1))
    now = account.faults.metadata_outage(begins=at(hours=1), ends=at(hours=9))
    coming = account.faults.metadata_outage(begins=at(hours=5))
    move(account, hours=2)
    before = len(account.time.changes)
    account.faults.clear(over)
    assert len(account.time.changes) == before
    account.faults.clear(now)
    account.faults.clear(now)
    account.faults.clear(coming)

    assert len(account.time.changes) == before + 2
    assert web.metadata.credentials() is not None
    move(account, hours=6)
    assert web.metadata.credentials() is not None
    assert [issued(web, at(minutes=minutes)) is None for minutes in (30, 60, 119, 121)] == [True, True, True, False]
    with pytest.raises(ArgumentError, match="not a fault of this Cloud"):
        account.faults.clear(Account().faults.sts_outage(begins=at(hours=7)))


def test_faults_are_in_the_history_of_whom_they_concern() -> None:
    cloud = Cloud()
    own, other = cloud.account(OWN), cloud.account(OTHER)
    web = own.launch_instance()
    cloud.faults.sts_outage(ends=at(hours=1))
    cloud.faults.clear(cloud.faults.metadata_outage(instance=web))

    def told(account: Account) -> list[tuple[str, str]]:
        events = account.history.events(kind="change")
        return [(event.operation, event.detail) for event in events if "Fault" in event.operation]

    everywhere = ("BeginFault", "StsOutage of all accounts from 2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z")
    assert told(other) == [everywhere]
    assert told(own) == [
        everywhere,
        ("BeginFault", f"MetadataOutage of {web.instance_id} from 2026-01-01T00:00:00Z"),
        ("ClearFault", f"MetadataOutage of {web.instance_id} from 2026-01-01T00:00:00Z"),
    ]
    about = [event.operation for event in own.history.events(instance=web, kind="change")]
    assert about == ["RunInstances", "BeginFault", "ClearFault"]


def test_no_trail_has_what_never_reached_aws(account: Account, web: Instance) -> None:
    """No record of a planned fault, nor of an assume that STS did not hear."""
    account.faults.clear(account.faults.clock_skew(timedelta(hours=1), instance=web))
    account.faults.sts_outage(begins=at(minutes=30), ends=at(minutes=90))
    move(account, hours=1)
    account.sts.get_caller_identity(credentials=key_of(web))
    account.service("lambda.amazonaws.com").assume_role(account.roles["app"], session_name="resize")
    move(account, hours=2)
    records = [(one["eventName"], one["eventTime"]) for one in account.history.to_cloudtrail()]

    # At the launch EC2 assumed the role twice.
    assumes = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"]
    assert [when for name, when in records if name == "AssumeRole"] == assumes
    assert not {name for name, _ in records} & {"BeginFault", "ClearFault", "GetCallerIdentity"}


# -- liveness ---------------------------------------------------------------------------------------------------------------

HAPPENINGS = st.one_of(
    st.tuples(
        st.sampled_from(["sts_outage", "metadata_outage"]), st.booleans(), st.integers(0, 300), st.integers(1, 600)
    ),
    st.tuples(
        st.sampled_from(["stop", "start", "attach", "detach", "reboot", "break", "mend"]),
        st.integers(0, 2),
        st.just(0),
        st.just(0),
    ),
    st.tuples(st.just("wait"), st.just(0), st.integers(1, 400), st.just(0)),
)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(0, 30),
    st.sampled_from([Rotation(), Rotation(timedelta(hours=2), timedelta(minutes=45), timedelta(minutes=10))]),
    st.sampled_from([None, timedelta(minutes=3), Propagation(timedelta(minutes=90), fixed=True)]),
    st.lists(HAPPENINGS, max_size=20),
)
def test_when_the_faults_are_over_every_instance_with_a_profile_is_whole_again_within_the_bound(
    seed: int, rotation: Rotation, propagation: Any, happenings: list[tuple[Any, ...]]
) -> None:
    """The bound is one refresh, its jitter, and the longest propagation delay."""
    account = Account(seed=seed, rotation=rotation, propagation=propagation)
    account.console.create_role("app").put_policy("list", PermissionPolicy.allow(LIST))
    account.clock.advance(days=1)
    fleet = account.launch_instances(3, "app")
    role = account.roles["app"]
    for what, which, first, length in happenings:
        if what == "wait":
            account.clock.advance(minutes=first)
        elif what in ("sts_outage", "metadata_outage"):
            begins = account.clock.now() + timedelta(minutes=first)
            whom = {"instance": fleet[0]} if which else {}
            getattr(account.faults, what)(begins=begins, ends=begins + timedelta(minutes=length), **whom)
        elif what in ("break", "mend"):
            role.update_trust(NOBODY if what == "break" else EC2)
        else:
            instance = fleet[which]
            if what in ("stop", "start") or (what == "reboot" and instance.state == "running"):
                getattr(instance, what)()
            elif what == "attach" and instance.profile is None:
                instance.attach("app")
            elif what == "detach" and instance.profile is not None:
                instance.detach()
    role.update_trust(EC2)
    for fault in account.faults:
        account.faults.clear(fault)
    longest = account.time.propagation.maximum if account.time.propagation else timedelta(0)
    account.clock.advance(rotation.refresh + rotation.jitter + longest)

    for instance in fleet:
        if instance.state == "running" and instance.profile is not None:
            assert instance.call(LIST), instance.role_credentials.why_none(account.time.as_of(None))
