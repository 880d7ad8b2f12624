"""Instances: their life, their profile, and EC2's own errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ec2roles import Account, Instance, InstanceProfile, ManualClock, Role, Timekeeper, TokenService, TrustPolicy
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import DurationError, Ec2RolesError, InstanceError

EC2 = TrustPolicy.service("ec2.amazonaws.com")


@pytest.fixture
def account() -> Account:
    """An account with two roles, each in a profile of its name, and an empty profile."""
    account = Account()
    for name in ("app", "other"):
        account.create_instance_profile(name).add_role(account.create_role(name, trust=EC2))
    account.create_instance_profile("empty")
    account.create_role("lonely", trust=EC2)
    return account


def digest(account: Account) -> object:
    """All that a failed call must leave as it was."""
    instances = [(one.instance_id, one.state, one.profile, one.association_id) for one in account.instances.values()]
    return (instances, list(account.time.changes), account.time.ids.made, account.time.next_slot)


@pytest.mark.parametrize(
    ("prepare", "act", "code", "message"),
    [
        (
            lambda web: None,
            lambda account, web: web.attach("lonely"),
            "InvalidParameterValue",
            "Value (lonely) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            lambda web: None,
            lambda account, web: web.attach(account.roles["lonely"]),
            "InvalidParameterValue",
            (
                "Value (arn:aws:iam::123456789012:role/lonely) for parameter iamInstanceProfile.arn is invalid. "
                "Invalid IAM Instance Profile ARN"
            ),
        ),
        (
            lambda web: None,
            lambda account, web: web.attach("arn:aws:iam::123456789012:instance-profile/path/app"),
            "InvalidParameterValue",
            (
                "Value (arn:aws:iam::123456789012:instance-profile/path/app) for parameter iamInstanceProfile.arn is invalid. "
                "Invalid IAM Instance Profile ARN"
            ),
        ),
        (
            lambda web: None,
            lambda account, web: account.launch_instance(profile="empty"),
            "InvalidParameterValue",
            'IAM Instance Profile "arn:aws:iam::123456789012:instance-profile/empty" has no associated IAM Roles',
        ),
        (
            lambda web: web.attach("app"),
            lambda account, web: web.attach("other"),
            "IncorrectState",
            "There is an existing association for instance {id}",
        ),
        (
            lambda web: web.terminate(),
            lambda account, web: web.attach("app"),
            "IncorrectInstanceState",
            "The instance '{id}' is not in the 'running' or 'stopped' states.",
        ),
        (
            lambda web: (web.attach("app"), web.stop()),
            lambda account, web: web.replace("other"),
            "IncorrectState",
            "The association {association} is not the active association",
        ),
        (lambda web: None, lambda account, web: web.replace("other"), "IncorrectState", None),
        (lambda web: None, lambda account, web: web.detach(), "InvalidAssociationID.NotFound", None),
        (
            lambda web: web.terminate(),
            lambda account, web: web.start(),
            "IncorrectInstanceState",
            "The instance '{id}' is not in a state from which it can be started.",
        ),
        (lambda web: web.terminate(), lambda account, web: web.stop(), "IncorrectInstanceState", None),
        (lambda web: web.stop(), lambda account, web: web.reboot(), "IncorrectInstanceState", None),
        (
            lambda web: None,
            lambda account, web: account.instances["i-0123456789abcdef0"],
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-0123456789abcdef0' does not exist",
        ),
        (lambda web: None, lambda account, web: account.launch_instances(0), "InvalidParameterValue", None),
        (lambda web: None, lambda account, web: account.launch_instances(True), "InvalidParameterValue", None),
        (
            lambda web: None,
            lambda account, web: account.launch_instance(http_tokens="maybe"),
            "InvalidParameterValue",
            None,
        ),
        (
            lambda web: None,
            lambda account, web: account.launch_instance(user_data="x" * 16_385),
            "InvalidParameterValue",
            None,
        ),
        (lambda web: web.stop(), lambda account, web: web.call("s3:ListAllMyBuckets"), "IncorrectInstanceState", None),
        (lambda web: web.stop(), lambda account, web: web.run("aws s3 ls"), "IncorrectInstanceState", None),
        (
            lambda web: None,
            lambda account, web: web.modify_metadata_options(http_put_response_hop_limit=65),
            "InvalidParameterValue",
            None,
        ),
    ],
)
def test_ec2_refuses_with_its_own_code_and_wording_and_changes_nothing(
    account: Account,
    prepare: Callable[[Instance], object],
    act: Callable[[Account, Instance], object],
    code: str,
    message: str | None,
) -> None:
    """Each row: what came before, what is tried, and what EC2 answers."""
    web = account.launch_instance()
    prepare(web)
    before = digest(account)
    with pytest.raises(InstanceError) as caught:
        act(account, web)

    assert caught.value.code == code
    if message is not None:
        assert caught.value.message == message.format(id=web.instance_id, association=web.association_id)
    assert digest(account) == before


def test_attaching_replacing_and_detaching_make_one_association_after_another(account: Account) -> None:
    """A replace gives a new association id."""
    web = account.launch_instance(profile="app")
    first = web.association_id
    web.replace("other")
    second = web.association_id
    web.detach()

    assert first is not None
    assert first.startswith("iip-assoc-0")
    assert len({first, second, web.association_id}) == 3
    assert web.association_id is None
    assert web.profile is None


def test_detached_credentials_work_until_they_expire(account: Account) -> None:
    """Detaching, stopping and terminating revoke nothing."""
    account.roles["app"].attach_policy("AmazonS3ReadOnlyAccess")
    web = account.launch_instance(profile="app")
    kept = web.metadata.credentials()
    web.detach()
    web.terminate()
    account.clock.advance(hours=5, minutes=59, seconds=59, milliseconds=999)

    assert account.call("s3:ListAllMyBuckets", credentials=kept).ok
    account.clock.advance(milliseconds=1)
    assert not account.call("s3:ListAllMyBuckets", credentials=kept).ok


def test_a_start_fetches_anew_and_a_reboot_does_not(account: Account) -> None:
    """A reboot keeps the very same set."""
    web = account.launch_instance(profile="app")
    first = web.metadata.credentials()
    web.reboot()
    assert web.metadata.credentials() == first
    web.stop()
    web.start()
    second = web.metadata.credentials()

    assert second != first
    assert second is not None
    assert second.issued == account.clock.now()


def test_an_instance_attached_while_stopped_gets_credentials_when_it_starts(account: Account) -> None:
    """The association waits for the instance."""
    web = account.launch_instance()
    web.stop()
    web.attach("app")
    account.clock.advance(hours=30)
    web.start()
    credentials = web.metadata.credentials()

    assert credentials is not None
    assert credentials.issued == account.clock.now()


def test_starting_a_running_instance_changes_nothing(account: Account) -> None:
    """AWS answers that it is running; stop of a stopped one likewise."""
    web = account.launch_instance(profile="app")
    first = web.metadata.credentials()
    web.start()
    assert web.metadata.credentials() == first
    web.stop()
    web.stop()
    assert web.state == "stopped"


def test_the_instances_of_a_launch_share_their_past_until_they_differ(account: Account) -> None:
    """What is done to one is not done to another."""
    one, two, three = account.launch_instances(3, profile="app")
    one.detach()
    two.stop()

    assert one.profile is None
    assert two.state == "stopped"
    assert three.profile is account.instance_profiles["app"]
    assert three.state == "running"
    assert len({each.metadata and each.instance_id for each in (one, two, three)}) == 3
    assert len({each.private_ipv4 for each in (one, two, three)}) == 3


def test_the_session_of_an_instance_is_named_by_its_id(account: Account) -> None:
    """In the ARN and in the user id; the role's path is in neither."""
    web = account.launch_instance(profile="app")
    identity = account.sts.get_caller_identity(credentials=web.metadata.credentials()).result()

    assert identity.arn == f"arn:aws:sts::123456789012:assumed-role/app/{web.instance_id}"
    assert identity.user_id == f"{account.roles['app'].role_id}:{web.instance_id}"
    assert identity.account == "123456789012"


def test_objects_of_two_worlds_do_not_mix(account: Account) -> None:
    """A profile of another Cloud raises, and nothing changes."""
    elsewhere = Account()
    foreign = elsewhere.create_instance_profile("foreign")
    foreign.add_role(elsewhere.create_role("foreign", trust=EC2))
    web = account.launch_instance()
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        web.attach(foreign)
    assert web.profile is None
    time = Timekeeper()
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        Instance(sts=TokenService(time=Timekeeper()), time=time)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        InstanceProfile("x", role=Role("x", trust=EC2, time=Timekeeper()), time=time)


# -- rotation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"refresh": timedelta(hours=6)},
        {"lifetime": timedelta(minutes=64)},
        {"refresh": timedelta(seconds=1)},
        {"lifetime": timedelta(days=365)},
        {"on_refresh_failure": "panic"},
        {"jitter": timedelta(seconds=-1)},
        {"association_delay": timedelta(seconds=-1)},
    ],
)
def test_a_rotation_that_would_break_awss_promise_is_refused(options: dict[str, object]) -> None:
    """New credentials must be there five minutes before the old ones expire."""
    with pytest.raises(DurationError):
        Rotation(**options)  # type: ignore[arg-type]


def test_new_credentials_are_there_five_minutes_before_the_old_expire_under_any_rotation(account: Account) -> None:
    """The tightest rotation that is accepted keeps the promise exactly."""
    tight = Rotation(lifetime=timedelta(minutes=65), refresh=timedelta(minutes=60), jitter=timedelta(minutes=16))
    for web in account.launch_instances(20, profile="app", rotation=tight):
        old = web.metadata.credentials()
        assert old is not None
        assert old.expiration is not None
        five_before = old.expiration - timedelta(minutes=5)
        account.clock.move_to(max(five_before, account.clock.now()))
        new = web.metadata.credentials()
        assert new != old
        break


def test_jitter_gives_each_instance_a_phase_of_its_own(account: Account) -> None:
    """Drawn from the seed, within the bound, the same each time."""
    field = Rotation(lifetime=timedelta(hours=6, minutes=20), jitter=timedelta(minutes=16))
    lives = set()
    for web in account.launch_instances(50, profile="app", rotation=field):
        credentials = web.metadata.credentials()
        assert credentials is not None
        assert credentials.issued is not None
        assert credentials.expiration is not None
        life = credentials.expiration - credentials.issued
        assert timedelta(hours=6, minutes=20) <= life < timedelta(hours=6, minutes=36)
        lives.add(life)

    assert len(lives) > 40


def test_the_observed_rotation_is_refreshed_every_hour_and_lives_six_hours_and_thirty_five_minutes() -> None:
    """Public CloudTrail records of July 2023: exactly so long after the AssumeRole of the launch, twice."""
    account = Account(rotation=Rotation.observed())
    account.console.create_role("app")
    web = account.launch_instance("app")
    first = web.metadata.credentials()
    account.clock.advance(hours=1)
    second = web.metadata.credentials()

    assert first is not None
    assert second is not None
    assert first.issued is not None
    assert first.expiration is not None
    assert first.expiration - first.issued == timedelta(hours=6, minutes=35)
    assert second.issued == first.issued + timedelta(hours=1)
    assert Rotation().lifetime == timedelta(hours=6)


def test_a_failed_refresh_shows_at_once_where_that_is_asked_for(account: Account) -> None:
    """The other reading of what AWS does."""
    keeping = account.launch_instance(profile="app")
    dropping = account.launch_instance(profile="app", rotation=Rotation(on_refresh_failure="drop"))
    account.clock.advance(minutes=1)
    account.roles["app"].update_trust(TrustPolicy.service("lambda.amazonaws.com"))
    account.clock.advance(hours=1)

    assert keeping.metadata.credentials() is not None
    assert dropping.metadata.credentials() is None


def test_a_trust_policy_that_asks_for_the_source_account_refuses_ec2_by_default(account: Account) -> None:
    """AWS's pages do not say that EC2 sends it; whoever knows better says so when the account is made."""
    account.roles["app"].update_trust(
        TrustPolicy.service("ec2.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})
    )
    web = account.launch_instance(profile="app")
    assert web.metadata.credentials() is None
    assert "aws:SourceAccount" in next(iter(web.role_credentials.fetches(account.time.as_of(None)))).decision.explain()  # type: ignore[union-attr]
    knowing = Account(service_context={"aws:SourceAccount": "123456789012"})
    trust = TrustPolicy.service("ec2.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})
    knowing.create_instance_profile("app").add_role(knowing.create_role("app", trust=trust))

    assert knowing.launch_instance(profile="app").metadata.credentials() is not None


def test_the_key_for_mfa_can_be_left_out_of_role_sessions() -> None:
    """AWS's pages contradict each other; a Deny with Bool false tells the difference."""
    answers = []
    for mfa_present in (False, None):
        account = Account(mfa_present=mfa_present)
        account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
        account.roles["app"].put_policy("mfa", {"Version": "2012-10-17", "Statement": {
            "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
        }})  # fmt: skip
        answers.append(account.launch_instance("app").can("s3:ListAllMyBuckets").allowed)

    assert answers == [False, True]


def test_a_clock_that_goes_back_is_refused() -> None:
    """A write before the last one raises, and changes nothing."""

    class Backwards:
        """A foreign clock that can be set to anything."""

        moment = ManualClock().now()

        def now(self) -> object:
            """Return whatever it is set to."""
            return self.moment

    clock = Backwards()
    account = Account(clock=clock)  # type: ignore[arg-type]
    account.create_role("app", trust=EC2)
    clock.moment -= timedelta(microseconds=1)
    with pytest.raises(Ec2RolesError, match="the clock went back"):
        account.create_role("two", trust=EC2)

    assert list(account.roles) == ["app"]
