"""IAM's propagation delay, against a second account of it that replays all writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import ArgumentError, InstanceError
from ec2roles.instants import from_microseconds
from ec2roles.world.ids import Ids
from ec2roles.world.propagation import EC2_CONTROL_PLANE, EC2_CREDENTIALS, Propagation
from helpers.sizes import examples
from helpers.worlds import EC2, LIST, NOBODY, START, at, code

ALLOW = PermissionPolicy.allow(LIST)
SECOND = 1_000_000
HOUR = 3600 * SECOND


def delayed(seconds: float = 10, *, seed: int = 0) -> Account:
    """An account in which every reader sees IAM as of so many seconds ago."""
    return Account(seed=seed, propagation=Propagation(timedelta(seconds=seconds), fixed=True))


def with_role(account: Account) -> Any:
    """A role that EC2 may assume, in a profile."""
    role = account.create_role("app", trust=EC2)
    account.create_instance_profile("app").add_role(role)
    return role


# -- the delays -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.integers(0, 86_400), st.sampled_from(["s3", "sts", "ec2", "demo", EC2_CREDENTIALS]))
def test_a_reader_draws_one_delay_up_to_the_maximum(seed: int, seconds: int, reader: str) -> None:
    propagation = Propagation(timedelta(seconds=seconds))
    delay = propagation.delay(reader, Ids(seed))

    assert 0 <= delay <= seconds * SECOND
    assert delay == propagation.delay(reader, Ids(seed))
    assert propagation.delay("iam", Ids(seed)) == 0
    assert Propagation(timedelta(seconds=seconds), fixed=True).delay(reader, Ids(seed)) == seconds * SECOND


def test_readers_differ_and_so_do_seeds() -> None:
    propagation = Propagation(timedelta(minutes=1))
    drawn = {propagation.delay(reader, Ids(seed)) for reader in ("s3", "sts", "ec2") for seed in range(20)}

    assert len(drawn) == 60


@pytest.mark.parametrize("maximum", [timedelta(microseconds=-1), timedelta(days=1, microseconds=1)])
def test_a_delay_is_from_nothing_to_a_day(maximum: timedelta) -> None:
    with pytest.raises(ArgumentError, match="from 0 to a day"):
        Account(propagation=maximum)


@pytest.mark.parametrize("given_", [5, "5 s", True])
def test_a_delay_is_a_timedelta(given_: Any) -> None:
    with pytest.raises(TypeError, match="must be a timedelta"):
        Account(propagation=given_)


def test_all_accounts_of_a_cloud_have_the_same() -> None:
    cloud = Cloud(propagation=timedelta(seconds=5))

    assert cloud.account().time.propagation == Propagation(timedelta(seconds=5))
    with pytest.raises(ArgumentError, match="give it to the Cloud"):
        cloud.account("111122223333", propagation=timedelta(seconds=5))


# -- what is seen when ----------------------------------------------------------------------------------------------------


def test_a_service_sees_a_policy_when_the_delay_has_passed_and_the_denial_says_so() -> None:
    account = delayed(12)
    role = with_role(account)
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    role.put_policy("list", ALLOW)
    account.clock.advance(microseconds=12 * SECOND - 1)
    denied = web.can(LIST)

    assert not denied
    (note,) = denied.notes
    assert note == (
        "only the propagation delay denies this: PutRolePolicy on arn:aws:iam::123456789012:role/app was done at "
        "2026-01-01T00:01:00Z, and s3 sees it from 2026-01-01T00:01:12Z on"
    )
    assert "only the propagation delay denies this" in denied.explain()
    account.clock.advance(microseconds=1)
    assert web.can(LIST)
    assert not web.can(LIST, at=at(minutes=1, seconds=11))


def test_a_denial_that_the_delay_does_not_explain_has_no_note() -> None:
    account = delayed()
    role = with_role(account)
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    role.put_policy("other", PermissionPolicy.allow("s3:GetObject", resource="*"))

    assert web.can(LIST).notes == ()


def test_the_note_names_the_change_that_opened_the_way() -> None:
    """Not the newest change: the one before which it was denied, and after which it was not any more."""
    account = delayed()
    role = with_role(account)
    role.put_policy("list", ALLOW)
    role.put_policy("no", PermissionPolicy.deny(LIST))
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    role.delete_policy("no")
    account.clock.advance(seconds=1)
    role.put_policy("more", PermissionPolicy.allow("s3:GetObject", resource="*"))

    assert (
        "DeleteRolePolicy on arn:aws:iam::123456789012:role/app was done at 2026-01-01T00:01:00Z"
        in web.can(LIST).notes[0]
    )


@pytest.mark.parametrize("revoke", ["delete", "deny", "sessions"])
def test_a_revocation_is_not_effective_before_it_was_made_nor_later_than_the_delay(revoke: str) -> None:
    account = delayed()
    role = with_role(account)
    role.put_policy("list", ALLOW)
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    account.clock.advance(minutes=1)
    if revoke == "delete":
        role.delete_policy("list")
    elif revoke == "deny":
        role.put_policy("no", PermissionPolicy.deny("*"))
    else:
        role.revoke_sessions()

    assert web.can(LIST)
    account.clock.advance(seconds=9)
    assert web.can(LIST)
    account.clock.advance(seconds=1)
    assert not web.can(LIST)
    assert web.can(LIST).notes == ()


def test_iam_sees_its_own_writes_at_once() -> None:
    """Its control plane judges by the newest policies, and finds a new principal of a trust policy."""
    account = delayed()
    alice = account.create_user("alice")
    key = alice.create_access_key()
    alice.put_policy("admin", PermissionPolicy.allow("*"))

    assert account.can("iam:ListRoles", credentials=key)
    assert code(account.call(LIST, credentials=key)) == "InvalidAccessKeyId"
    account.create_role("for-alice", trust=TrustPolicy.principal(alice.arn))
    account.clock.advance(seconds=10)
    assert account.call(LIST, credentials=key)


def test_sts_sees_a_trust_policy_when_the_delay_has_passed() -> None:
    account = delayed()
    alice = account.create_user("alice")
    key = alice.create_access_key()
    account.clock.advance(minutes=1)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    early = account.sts.assume_role(role, "test", credentials=key)

    assert code(early) == "AccessDenied"
    assert early.decision is not None
    assert "CreateRole" in early.decision.notes[0]
    account.clock.advance(seconds=10)
    assert account.sts.assume_role(role.arn, "test", credentials=key)


def test_sts_asks_the_trust_policy_that_it_sees_for_other_services_too() -> None:
    account = delayed()
    role = account.create_role("worker", trust=NOBODY)
    worker = account.service("lambda.amazonaws.com")

    for wanted in (role, role.arn):
        assert code(worker.assume_role(wanted, session_name="resize")) == "AccessDenied"
    account.clock.advance(seconds=10)
    assert worker.assume_role(role.arn, session_name="resize")


def test_an_organizations_policy_is_seen_when_the_delay_has_passed() -> None:
    cloud = Cloud(propagation=Propagation(timedelta(seconds=10), fixed=True))
    organization = cloud.create_organization(cloud.account())
    member = cloud.account("111122223333")
    organization.add_account(member)
    alice = member.create_user("alice")
    alice.put_policy("all", PermissionPolicy.allow("*"))
    key = alice.create_access_key()
    cloud.clock.advance(minutes=1)
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    organization.attach_policy(member, organization.create_policy("no", deny))
    cloud.clock.advance(seconds=9)

    assert member.can(LIST, credentials=key)
    cloud.clock.advance(seconds=1)
    assert member.can(LIST, credentials=key).denied_by == "scp"
    organization.detach_policy(member, "no")
    assert "DetachPolicy" in member.can(LIST, credentials=key).notes[0]


def test_the_session_of_a_role_that_a_service_does_not_see_yet_is_denied_not_unknown() -> None:
    """A session token says by itself whose it is; only the role's policies are missing."""
    account = Account(seed=2, propagation=timedelta(minutes=1))  # STS sees it first here, S3 later
    s3, sts = account.time.delay_of("s3"), account.time.delay_of("sts")
    assert sts < s3
    key = account.create_user("alice").create_access_key()
    account.clock.advance(minutes=2)
    role = account.create_role("app", trust=TrustPolicy.principal(account.users["alice"].arn))
    role.put_policy("list", ALLOW)
    account.clock.advance(microseconds=sts)
    session = account.sts.assume_role(role, "test", credentials=key).result()

    assert code(account.call(LIST, credentials=session)) == "AccessDenied"
    account.clock.advance(microseconds=s3 - sts)
    assert account.call(LIST, credentials=session)


def test_a_role_that_was_deleted_works_until_the_service_sees_it() -> None:
    account = delayed()
    role = with_role(account)
    role.put_policy("list", ALLOW)
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    key = web.metadata.credentials()
    account.instance_profiles["app"].remove_role()
    role.delete_policy("list")
    account.delete_role("app")

    account.clock.advance(seconds=9)
    assert account.call(LIST, credentials=key)
    account.clock.advance(seconds=1)
    assert code(account.call(LIST, credentials=key)) == "InvalidAccessKeyId"


# -- EC2 ------------------------------------------------------------------------------------------------------------------


def test_ec2_does_not_find_a_new_profile_yet() -> None:
    account = delayed()
    other = account.launch_instance()
    with_role(account)
    with pytest.raises(InstanceError) as refused:
        account.launch_instance("app")
    assert refused.value.code == "InvalidParameterValue"
    assert refused.value.message == (
        "Value (app) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    )
    assert "EC2 does not see it yet" in str(refused.value.detail)
    # B4: where there is an instance already, the words come from behind EC2's API.
    for named in ("app", account.instance_profiles["app"]):
        with pytest.raises(InstanceError) as refused:
            other.attach(named)
        assert refused.value.code == "IncorrectState"
        assert refused.value.message == (
            "ResultDetail: { Code=InstanceIdentityProfileNotFound, Message=InstanceIdentityProfile not found for the key: "
            "123456789012/app }"
        )
    assert len(account.instances) == 1
    account.clock.advance(seconds=10)
    other.attach("app")
    assert account.launch_instance("app").metadata.credentials() is not None


def test_ec2_does_not_see_the_role_in_a_profile_yet() -> None:
    account = delayed()
    profile = account.create_instance_profile("app")
    account.clock.advance(minutes=1)
    profile.add_role(account.create_role("app", trust=EC2))

    with pytest.raises(InstanceError, match="has no associated IAM Roles"):
        account.launch_instance("app")
    account.clock.advance(seconds=10)
    assert account.launch_instance("app").metadata.credentials() is not None


def test_ec2_asks_for_the_role_that_it_sees_in_the_profile_and_its_api_answers_as_the_objects_do() -> None:
    account = delayed()
    profile = account.create_instance_profile("app")
    old = account.create_role("old", trust=EC2)
    profile.add_role(old)
    alice = account.create_user("alice")
    alice.put_policy("run", PermissionPolicy.allow("ec2:*"))
    alice.put_policy("pass", PermissionPolicy.allow("iam:PassRole", resource=old.arn))
    key = alice.create_access_key()
    account.clock.advance(minutes=1)
    profile.remove_role()
    profile.add_role(account.create_role("new", trust=EC2))
    account.create_instance_profile("late").add_role(old)

    def run(name: str) -> Any:
        wanted = {
            "ImageId": "ami-0abcdef1234567890",
            "MinCount": 1,
            "MaxCount": 1,
            "IamInstanceProfile": {"Name": name},
        }
        return account.request("ec2:RunInstances", wanted, credentials=key)

    assert run("app")
    late = run("late")
    assert late.error is not None
    assert (late.error.code, late.error.status) == ("InvalidParameterValue", 400)
    account.clock.advance(seconds=10)
    assert code(run("app")) == "UnauthorizedOperation"
    assert run("late")


def test_ec2_goes_on_finding_a_profile_that_was_deleted_until_it_sees_that() -> None:
    account = delayed()
    with_role(account)
    account.clock.advance(minutes=1)
    account.instance_profiles["app"].remove_role()
    account.delete_instance_profile("app")

    assert account.launch_instance("app").profile is not None
    account.clock.advance(seconds=10)
    with pytest.raises(InstanceError, match="Invalid IAM Instance Profile name"):
        account.launch_instance("app")


def test_a_first_assume_that_fails_only_for_the_delay_is_tried_again_when_it_has_passed() -> None:
    """Its credentials have a number of their own; they are replaced at the hour as any others."""
    account = delayed()
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(minutes=1)
    role.update_trust(EC2)
    web = account.launch_instance("app")

    assert web.metadata.credentials() is None
    assert web.role_credentials.why_none(account.time.as_of(None)) == (
        "EC2 has not seen the latest changes in IAM yet; it tries again at 2026-01-01T00:01:10Z"
    )
    account.clock.advance(seconds=10)
    first = web.metadata.credentials()
    assert first is not None
    assert first.issued == at(minutes=1, seconds=10)
    assert account.sts.get_caller_identity(credentials=first)
    account.clock.advance(hours=1)
    second = web.metadata.credentials()
    assert second is not None
    assert second.issued == at(hours=1, minutes=1)
    assert [(event.at, event.ok) for event in account.history.events(kind="assume")] == [
        (at(minutes=1), False),
        (at(minutes=1, seconds=10), True),
        (at(hours=1, minutes=1), True),
    ]
    assert account.sts.get_caller_identity(credentials=first)


def test_a_first_assume_that_fails_for_another_reason_is_not_tried_before_the_hour() -> None:
    account = delayed()
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(minutes=1)
    web = account.launch_instance("app")
    account.clock.advance(seconds=5)
    role.update_trust(EC2)
    account.clock.advance(minutes=59)

    assert web.metadata.credentials() is None
    account.clock.advance(minutes=1)
    assert web.metadata.credentials() is not None


def test_what_was_written_at_the_instant_of_the_launch_is_seen_by_the_second_attempt() -> None:
    account = delayed()
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(minutes=1)
    role.update_trust(EC2)
    web = account.launch_instance("app")
    role.update_trust(NOBODY)
    account.clock.advance(seconds=10)

    assert web.metadata.credentials() is None


# -- without a delay nothing is different ---------------------------------------------------------------------------------


@pytest.mark.parametrize("propagation", [timedelta(0), Propagation(), Propagation(timedelta(0), fixed=True)])
def test_no_delay_is_the_same_as_none(propagation: Any) -> None:
    def told(account: Account) -> list[str]:
        role = with_role(account)
        web = account.launch_instance("app")
        role.put_policy("list", ALLOW)
        account.clock.advance(hours=7)
        web.replace("app")
        web.call(LIST)
        keys = [str(event) + str(event.position) for event in account.history]
        return [*keys, web.can(LIST).explain(), str(web.metadata.credentials())]

    assert told(Account(propagation=propagation)) == told(Account())


# -- a second account of it, which replays all writes ---------------------------------------------------------------------


@attrs.define
class Replica:
    """Plain lists of what was written when; every answer is worked out from the start. It imports nothing of ours."""

    fetcher: int
    ec2: int
    s3: int
    now: int = 0
    order: int = 0
    writes: list[tuple[int, int, str, bool]] = attrs.field(factory=list)
    epochs: list[list[Any]] = attrs.field(factory=list)  # start, its order, end or None
    running: bool = True
    attached: bool = False

    def write(self, what: str, value: bool) -> None:
        self.order += 1
        self.writes.append((self.now, self.order, what, value))

    def as_of(self, until: tuple[int, float]) -> dict[str, bool]:
        """The last value of everything written up to an instant and an order."""
        seen = {"policy": False, "trust": False, "held": False}
        seen.update({what: value for when, order, what, value in self.writes if (when, order) <= until})
        return seen

    def late(self, now: int, delay: int) -> dict[str, bool]:
        return self.as_of((now - delay, float("inf")))

    def begin(self) -> None:
        self.order += 1
        self.epochs.append([self.now, self.order, None])

    def end(self) -> None:
        if self.epochs and self.epochs[-1][2] is None:
            self.epochs[-1][2] = self.now

    @staticmethod
    def works(seen: dict[str, bool]) -> bool:
        return seen["held"] and seen["trust"]

    def fetches(self, epoch: list[Any], until: int) -> list[tuple[int, int, bool]]:
        start, order, end = epoch
        last = until if end is None else min(until, end)
        first = self.works(self.late(start, self.fetcher) if self.fetcher else self.as_of((start, order)))
        found = [(start, 0, first)]
        for number in range(1, (last - start) // HOUR + 1):
            instant = start + number * HOUR
            found.append((instant, 0, self.works(self.as_of((instant - self.fetcher, 0)))))
        if self.fetcher and not first and self.works(self.as_of((start, order))) and start + self.fetcher <= last:
            found.append((start + self.fetcher, 1, self.works(self.late(start, 0))))
        return sorted(found)

    def issued(self, now: int) -> int | None:
        """When the credentials in the metadata were issued; None if there are none."""
        for epoch in self.epochs:
            if epoch[0] <= now and (epoch[2] is None or now < epoch[2]):
                good = [instant for instant, _, ok in self.fetches(epoch, now) if ok and instant + 6 * HOUR > now]
                return good[-1] if good else None
        return None

    def all_fetches(self) -> list[tuple[int, bool]]:
        return [(instant, ok) for epoch in self.epochs for instant, _, ok in self.fetches(epoch, self.now)]


STEPS = st.one_of(
    st.tuples(st.sampled_from(["policy", "trust", "held"]), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 600, 1800, 1800, 1800, 3570, 3600, 7200, 22_000])),
    st.tuples(st.sampled_from(["attach", "detach", "stop", "start"]), st.none()),
)
DELAYS = st.one_of(
    st.builds(
        Propagation,
        st.sampled_from([30, 1800, 3600, 5400, 9000]).map(lambda s: timedelta(seconds=s)),
        fixed=st.just(True),
    ),
    st.builds(Propagation, st.sampled_from([60, 7200]).map(lambda s: timedelta(seconds=s))),
    st.none(),
)


@settings(max_examples=examples(150), deadline=None)
@given(DELAYS, st.integers(0, 50), st.lists(STEPS, max_size=25))
def test_every_reader_sees_what_a_replay_of_all_writes_says(
    propagation: Propagation | None, seed: int, steps: list[tuple[str, Any]]
) -> None:
    account = Account(seed=seed, propagation=propagation)
    role = account.create_role("app", trust=EC2)
    profile = account.create_instance_profile("app")
    profile.add_role(role)
    delay_of = account.time.delay_of
    model = Replica(delay_of(EC2_CREDENTIALS), delay_of(EC2_CONTROL_PLANE), delay_of("s3"), now=-24 * HOUR)
    model.write("trust", True)
    model.write("held", True)
    model.now = 0
    account.clock.advance(days=1)
    web = account.launch_instance()
    began = account.clock.now()
    # First, and once more at the end, what shows most: a whole epoch.
    steps = [("attach", None), *steps, ("detach", None), ("attach", None), ("wait", 7200)]
    instants = {0}

    def at_(microseconds: int) -> Any:
        return began + timedelta(microseconds=microseconds)

    for what, value in steps:
        if what == "wait":
            account.clock.advance(seconds=value)
            model.now += value * SECOND
        elif what == "policy":
            if value:
                role.put_policy("list", ALLOW)
            elif "list" in role.policies:
                role.delete_policy("list")
            model.write("policy", value)
        elif what == "trust":
            role.update_trust(EC2 if value else NOBODY)
            model.write("trust", value)
        elif what == "held" and value != (profile.role is not None):
            profile.add_role(role) if value else profile.remove_role()
            model.write("held", value)
        elif what == "attach" and not model.attached:
            if model.late(model.now, model.ec2)["held"]:
                web.attach("app")
                model.attached = True
                if model.running:
                    model.begin()
            else:
                with pytest.raises(InstanceError, match="has no associated IAM Roles"):
                    web.attach("app")
        elif what == "detach" and model.attached:
            web.detach()
            model.attached = False
            model.end()
        elif what == "stop" and model.running:
            web.stop()
            model.running = False
            model.end()
        elif what == "start" and not model.running:
            web.start()
            model.running = True
            if model.attached:
                model.begin()
        instants.add(model.now)

    for instant in sorted(instants | {max(0, one - SECOND) for one in instants}):
        credentials = web.metadata.credentials(at=at_(instant))
        issued = model.issued(instant)
        assert (credentials and credentials.issued) == (None if issued is None else at_(issued))
        if credentials is not None:
            allowed = account.can(LIST, credentials=credentials, at=at_(instant))
            assert bool(allowed) is model.late(instant, model.s3)["policy"]
            undelayed = model.as_of((instant, float("inf")))["policy"]
            assert bool(allowed.notes) is (not allowed and undelayed and model.s3 > 0)
    assumes = [(event.at, event.ok) for event in account.history.events(kind="assume")]
    assert assumes == [(at_(instant), ok) for instant, ok in model.all_fetches()]
    numbers = [fetch.ordinal for fetch in web.role_credentials.fetches(account.time.as_of(None))]
    assert len(set(numbers)) == len(numbers)
    for number in set(range(max(numbers, default=0) + 2)) - set(numbers):
        assert web.role_credentials.fetcher.numbered(web._states, number, account.time.instant()) is None
    record = web.role_credentials.record_at(account.time.as_of(None))
    if record is not None and record.epoch is not None:
        coming = [instant for instant, _, _ in model.fetches(model.epochs[-1], model.now + 4 * HOUR)]
        following = web.role_credentials.fetcher.next_refresh(record, account.time.instant())
        assert from_microseconds(following) == at_(min(one for one in coming if one > model.now))
    for fetch in web.role_credentials.fetches(account.time.as_of(None)):
        again = web.role_credentials.fetcher.numbered(web._states, fetch.ordinal, account.time.instant())
        assert again is not None
        assert (again.position, again.problem) == (fetch.position, fetch.problem)


def test_a_refresh_sees_what_was_written_before_its_instant_less_the_delay() -> None:
    """With 30 minutes: the one at 01:00 sees what was written before 00:30, and nothing of that very instant."""
    account = delayed(1800)
    role = with_role(account)
    account.clock.advance(hours=1)
    web = account.launch_instance("app")
    account.clock.advance(minutes=30)
    role.update_trust(NOBODY)
    account.clock.advance(hours=2)

    assert [(event.at, event.ok) for event in account.history.events(instance=web, kind="assume")] == [
        (at(hours=1), True),
        (at(hours=2), True),
        (at(hours=3), False),
    ]


def test_the_second_attempt_follows_a_refresh_of_the_same_instant() -> None:
    account = delayed(3600)
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(hours=2)
    role.update_trust(EC2)
    web = account.launch_instance("app")
    account.clock.advance(hours=1)

    assert [(fetch.ordinal, fetch.ok) for fetch in web.role_credentials.fetches(account.time.as_of(None))] == [
        (0, False),
        (1, False),
        (2, True),
    ]
    assert web.metadata.credentials() is not None


def test_a_delay_longer_than_a_refresh_keeps_all_in_order() -> None:
    """The second attempt at 01:30 has a number between those of the refreshes at 01:00 and 02:00."""
    account = Account(
        propagation=Propagation(timedelta(minutes=90), fixed=True), rotation=Rotation(jitter=timedelta(minutes=16))
    )
    role = account.create_role("app", trust=NOBODY)
    account.create_instance_profile("app").add_role(role)
    account.clock.advance(hours=2)
    role.update_trust(EC2)
    web = account.launch_instance("app")
    account.clock.advance(hours=5)
    fetches = list(web.role_credentials.fetches(account.time.as_of(None)))

    assert [fetch.ordinal for fetch in fetches] == list(range(len(fetches)))
    assert [fetch.position for fetch in fetches] == sorted(fetch.position for fetch in fetches)
    assert [fetch.ok for fetch in fetches] == [False, False, True, True, True, True]
    assert START + timedelta(hours=3, minutes=30) in {event.at for event in account.history.events(kind="assume")}
