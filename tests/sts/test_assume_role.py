"""AssumeRole: who may, for how long, under which name, with what; each refusal in AWS's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ec2roles import (
    Account,
    Cloud,
    Credentials,
    PermissionPolicy,
    Response,
    Role,
    Timekeeper,
    TokenService,
    TrustPolicy,
)
from ec2roles.errors import DurationError, Ec2RolesError
from helpers.worlds import ADMIN, EC2, LIST, OTHER, OWN, START, code, digest, message, user_with_key

ASSUME = "sts:AssumeRole"
ALICE = f"arn:aws:iam::{OWN}:user/alice"
APP = f"arn:aws:iam::{OWN}:role/app"


def trust(*statements: dict[str, Any]) -> dict[str, Any]:
    """A trust policy of these statements, each an Allow of AssumeRole to alice where it does not say otherwise."""
    whole = [
        {"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": ASSUME, **statement} for statement in statements
    ]
    return {"Version": "2012-10-17", "Statement": whole}


def world(*statements: dict[str, Any], admin: bool = False, **options: Any) -> tuple[Account, Credentials, Role]:
    """alice, and a role with a trust policy of these statements."""
    account = Account()
    _, key = user_with_key(account, admin=admin)
    account.create_user("bob")
    return account, key, account.create_role("app", trust=trust(*statements or ({},)), **options)


def assume(account: Account, key: Credentials | None, **options: Any) -> Response:
    """Assume the role."""
    return account.sts.assume_role(options.pop("role", APP), options.pop("name", "test"), credentials=key, **options)


# -- who ----------------------------------------------------------------------------------------------------------------

DENY = {"Effect": "Deny"}
ROOT = {"Principal": {"AWS": OWN}}
EVERYBODY = {"Principal": {"AWS": "*"}}


@pytest.mark.parametrize(
    ("statements", "admin", "allowed"),
    [
        # The user's ARN suffices by itself; the account's leaves it to the identity policy.
        ([{}], False, True),
        ([ROOT], False, False),
        ([ROOT], True, True),
        ([{"Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}}], True, True),
        ([{"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}], True, False),
        # Everybody means everybody, whether written in short or not.
        ([EVERYBODY], False, True),
        ([{"Principal": "*"}], False, True),
        # An identity policy alone gives nothing; a service or another user is not the caller.
        ([{"Principal": {"AWS": f"arn:aws:iam::{OWN}:user/bob"}}], True, False),
        ([{"Principal": {"Service": "ec2.amazonaws.com"}}], True, False),
        ([{"Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}], True, False),
        # Deny wins wherever it stands.
        ([{}, DENY], True, False),
        ([DENY, {}], True, False),
        ([EVERYBODY, DENY], True, False),
        ([{}, {**DENY, "Principal": {"AWS": OWN}}], True, False),
        ([{}, {**DENY, "Principal": {"AWS": f"arn:aws:iam::{OWN}:user/bob"}}], True, True),
        ([{}, {**DENY, "Principal": {"Service": "ec2.amazonaws.com"}}], True, True),
        # The action must be this one.
        ([{"Action": "sts:TagSession"}], True, False),
        ([{"Action": "STS:assumeROLE"}], True, True),
        ([{"Action": "sts:*"}], True, True),
    ],
)
def test_the_trust_policy_decides_who(statements: list[dict[str, Any]], admin: bool, allowed: bool) -> None:
    """Within one account."""
    account, key, _ = world(*statements, admin=admin)
    answer = assume(account, key)

    assert answer.ok is allowed
    assert bool(account.can(ASSUME, APP, credentials=key)) is allowed
    if not allowed:
        assert code(answer) == "AccessDenied"
        assert message(answer).startswith(
            f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {APP}"
        )


def test_an_identity_deny_wins_over_the_trust_policy() -> None:
    """So does a boundary that does not reach so far for an account's principal."""
    account, key, _ = world()
    alice = account.users["alice"]
    alice.put_policy("no", PermissionPolicy.deny(ASSUME))
    answer = assume(account, key)

    assert answer.decision is not None
    assert answer.decision.denied_by == "identity"
    assert message(answer).endswith("with an explicit deny in an identity-based policy")


def test_a_role_that_does_not_exist_is_denied_like_one_that_does_not_trust() -> None:
    """Nobody can find out which roles there are."""
    account, key, role = world({"Principal": {"AWS": f"arn:aws:iam::{OWN}:user/bob"}}, admin=True)
    nowhere = f"arn:aws:iam::{OTHER}:role/app"
    there, missing, elsewhere = (assume(account, key, role=arn) for arn in (role.arn, f"{role.arn}x", nowhere))

    assert message(missing) == message(there).replace(role.arn, f"{role.arn}x")
    assert [code(answer) for answer in (there, missing, elsewhere)] == ["AccessDenied"] * 3
    assert assume(account, key, role=role.arn.replace("app", "APP")).allowed is False


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ("", "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"),
        ("app", "Value 'app' at 'roleArn'"),
        ("arn:aws:iam::1:role/" + "x" * 2048, "less than or equal to 2048"),
        ("the-role-named-application", "the-role-named-application is invalid"),
    ],
)
def test_what_is_no_role_arn_is_a_validation_error(role: str, says: str) -> None:
    """A role's name is not its ARN."""
    account, key, _ = world()
    answer = assume(account, key, role=role)

    assert code(answer) == "ValidationError"
    assert says in message(answer)


def test_across_accounts_both_sides_must_allow() -> None:
    """The trust policy, in whatever way it names the caller, and the caller's own policy."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    alice, key = user_with_key(mine)
    for principal in (alice.arn, OWN, "*"):
        role = theirs.create_role(f"app{principal[-5:].replace('*', '-')}", trust=TrustPolicy.principal(principal))
        assert code(assume(mine, key, role=role)) == "AccessDenied"
        alice.put_policy("assume", PermissionPolicy.allow(ASSUME, resource=role.arn))
        session = assume(mine, key, role=role.arn).result()
        assert mine.sts.get_caller_identity(credentials=session).result().account == OTHER
        assert theirs.sts.get_caller_identity(credentials=session).result().account == OTHER
        alice.delete_policy("assume")
    alice.put_policy("assume", PermissionPolicy.allow(ASSUME))
    closed = theirs.create_role("closed", trust=EC2)
    assert code(assume(mine, key, role=closed)) == "AccessDenied"


def test_a_role_of_another_cloud_is_a_mistake() -> None:
    """Not a refusal."""
    account, key, _ = world()
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        assume(account, key, role=Account().create_role("app", trust=EC2))


@pytest.mark.parametrize(
    ("given", "wanted", "allowed"),
    [("secret-1", "secret-1", True), ("secret-2", "secret-1", False), (None, "secret-1", False), ("x1", None, True)],
)
def test_an_external_id_is_compared_and_its_absence_matches_nothing(
    given: str | None, wanted: str | None, allowed: bool
) -> None:
    """The answer to the confused deputy."""
    condition = {} if wanted is None else {"Condition": {"StringEquals": {"sts:ExternalId": wanted}}}
    account, key, _ = world(condition, admin=True)

    assert assume(account, key, external_id=given).ok is allowed


@pytest.mark.parametrize(("operator", "allowed"), [("Bool", False), ("BoolIfExists", True)])
def test_a_user_without_mfa_has_no_mfa_key(operator: str, allowed: bool) -> None:
    """Long-term keys carry none."""
    account, key, _ = world({"Condition": {operator: {"aws:MultiFactorAuthPresent": "true"}}})
    assert assume(account, key).ok is allowed


def test_a_role_does_not_trust_itself() -> None:
    """Since 2022 it must say so."""
    account, key, role = world()
    role.put_policy("all", ADMIN)
    session = assume(account, key).result()
    assert code(assume(account, session)) == "AccessDenied"
    role.update_trust(trust({}, {"Principal": {"AWS": role.arn}}))
    assert assume(account, session)


def test_an_instance_may_assume_a_further_role() -> None:
    """Named by its role's ARN, or by the ARN of its very session."""
    account = Account()
    account.console.create_role("EC2Role")
    web = account.launch_instance("EC2Role")
    key = web.metadata.credentials()
    session = f"arn:aws:sts::{OWN}:assumed-role/EC2Role/{web.instance_id}"
    for principal, allowed in ((f"arn:aws:iam::{OWN}:role/EC2Role", True), (session, True), (f"{session}x", False)):
        role = account.create_role("app", trust=TrustPolicy.principal(principal))
        assert assume(account, key).ok is allowed
        account.delete_role(role.name)


# -- for how long ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("duration", "ok"), [(900, True), (3600, True), (7200, True), (7201, False), (43200, False)])
def test_a_session_is_at_most_as_long_as_the_role_allows(duration: int, ok: bool) -> None:
    """And lives exactly so long."""
    account, key, _ = world(max_session_duration=7200)
    answer = assume(account, key, duration=duration)
    if ok:
        assert answer.result().expiration == START + timedelta(seconds=duration)
        assert answer.result().issued == START
    else:
        assert answer.allowed
        assert code(answer) == "ValidationError"
        assert message(answer) == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


@pytest.mark.parametrize(
    ("duration", "limit"),
    [(899, "greater than or equal to 900"), (0, "greater"), (43201, "less than or equal to 43200")],
)
def test_a_duration_outside_of_awss_limits_is_a_validation_error(duration: int, limit: str) -> None:
    """Before anything is judged."""
    account, key, _ = world()
    answer = assume(account, key, duration=duration)

    assert message(answer).startswith(
        f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {limit}"
    )
    assert not answer.allowed


@pytest.mark.parametrize("duration", [True, "3600", None, 3600.0, float("nan"), timedelta(hours=1)])
def test_a_duration_of_another_type_never_reaches_aws(duration: Any) -> None:
    """The SDK says so, and so do we."""
    account, key, _ = world()
    before = digest(account)
    with pytest.raises(DurationError, match="Invalid type for parameter DurationSeconds"):
        assume(account, key, duration=duration)
    assert digest(account) == before


def test_a_chained_session_lasts_an_hour_at_most() -> None:
    """Whatever the role allows, and also for who starts from an instance."""
    account, key, role = world({}, {"Principal": {"AWS": OWN}}, max_session_duration=43200)
    role.put_policy("all", ADMIN)
    account.console.create_role("EC2Role").put_policy("all", ADMIN)
    web = account.launch_instance("EC2Role")
    sessions = [assume(account, key, duration=43200).result(), web.metadata.credentials()]
    for session in sessions:
        answer = assume(account, session, duration=3601)
        assert code(answer) == "ValidationError"
        assert message(answer) == (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
        assert assume(account, session, duration=3600)


def test_a_session_that_would_outlive_the_calendar_is_refused() -> None:
    """As an error of the clock, with nothing issued."""
    account, key, _ = world()
    account.clock.move_to(START.replace(year=9999, month=12, day=31, hour=23, minute=30))
    before = digest(account)
    with pytest.raises(Ec2RolesError, match="past the year 9999"):
        assume(account, key)
    assert digest(account) == before
    assert assume(account, key, duration=900)


# -- under which name, with what ------------------------------------------------------------------------------------------


def test_a_session_has_the_roles_name_without_its_path() -> None:
    """In its ARN; its user id is the role's with the session's name."""
    account, key, role = world(path="/service/")
    session = assume(account, key, role=role, name="a+=,.@-_1").result()
    who = account.sts.get_caller_identity(credentials=session).result()

    assert who.arn == f"arn:aws:sts::{OWN}:assumed-role/app/a+=,.@-_1"
    assert who.user_id == f"{role.role_id}:a+=,.@-_1"
    assert who.account == OWN


@pytest.mark.parametrize(
    ("options", "member"),
    [
        ({"name": "a"}, "roleSessionName"),
        ({"name": ""}, "roleSessionName"),
        ({"name": "x" * 65}, "roleSessionName"),
        ({"name": "a b"}, "roleSessionName"),
        ({"name": "ab\n"}, "roleSessionName"),
        ({"name": "é" * 3}, "roleSessionName"),
        ({"external_id": "x"}, "externalId"),
        ({"external_id": "x" * 1225}, "externalId"),
        ({"external_id": "a b"}, "externalId"),
        ({"source_identity": "x"}, "sourceIdentity"),
        ({"source_identity": "x" * 257}, "sourceIdentity"),
        ({"source_identity": "a/b"}, "sourceIdentity"),
        ({"tags": {"": "x"}}, "tags.1.member.key"),
        ({"policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"] * 11}, "policyArns"),
        ({"transitive_tag_keys": ["a"] * 51}, "transitiveTagKeys"),
        ({"tags": {f"k{number}": "" for number in range(51)}}, "tags"),
    ],
)
def test_a_parameter_outside_of_its_pattern_is_a_validation_error(options: dict[str, Any], member: str) -> None:
    """And nothing is issued."""
    account, key, _ = world()
    answer = assume(account, key, **options)

    assert code(answer) == "ValidationError"
    assert f"at '{member}' failed to satisfy constraint" in message(answer)
    assert not account.sts.sessions._stored


@pytest.mark.parametrize(
    "options",
    [
        {"role": None},
        {"role": 5},
        {"role": b"arn:aws:iam::123456789012:role/app"},
        {"name": None},
        {"name": 5},
        {"external_id": 5},
        {"source_identity": 5},
        {"tags": "ab"},
        {"tags": ["ab"]},
        {"tags": 5},
        {"transitive_tag_keys": "team"},
        {"transitive_tag_keys": [5]},
        {"policy_arns": "AmazonS3ReadOnlyAccess"},
        {"policy_arns": [5]},
        {"policy": 5},
        {"policy": b"{}"},
        {"duration": "long"},
    ],
)
def test_a_parameter_of_another_type_is_a_mistake_of_the_caller(options: dict[str, Any]) -> None:
    """It raises, and nothing is issued or recorded."""
    account, key, _ = world()
    before = digest(account)
    with pytest.raises((TypeError, DurationError)):
        assume(account, key, **options)
    assert digest(account) == before


@pytest.mark.parametrize("credentials", ["ASIA", 5, ("a", "b")])
def test_what_are_no_credentials_is_a_mistake_of_the_caller(credentials: Any) -> None:
    """None is no mistake: it is a call without any."""
    account, _, role = world()
    for call in (
        lambda: account.sts.assume_role(role, "test", credentials=credentials),
        lambda: account.sts.get_caller_identity(credentials=credentials),
        lambda: account.call(LIST, credentials=credentials),
    ):
        with pytest.raises(TypeError, match="credentials must be Credentials or None"):
            call()
    assert code(assume(account, None)) == "MissingAuthenticationToken"


def test_a_call_without_a_session_name_is_judged_and_then_refused() -> None:
    """As a question it has an answer: a trust policy seldom asks for the name."""
    account, key, _ = world()
    assert account.can(ASSUME, APP, credentials=key)
    answer = account.call(ASSUME, APP, credentials=key)
    assert code(answer) == "ValidationError"
    assert "Value null at 'roleSessionName'" in message(answer)
    assert not account.sts.sessions._stored


# -- session policies, tags, source identity --------------------------------------------------------------------------------


def test_a_session_policy_only_takes_away() -> None:
    """Given inline, as managed policies, or both: each must allow... any of them may."""
    account, key, role = world()
    role.put_policy("s3", PermissionPolicy.allow("s3:*"))
    both = [LIST, "s3:CreateBucket", "ec2:DescribeInstances"]

    def can(**options: Any) -> list[bool]:
        session = assume(account, key, **options).result()
        about = {"s3:CreateBucket": "arn:aws:s3:::photos"}
        return [bool(account.can(action, about.get(action), credentials=session)) for action in both]

    assert can() == [True, True, False]
    assert can(policy=PermissionPolicy.allow(LIST)) == [True, False, False]
    assert can(policy=ADMIN.to_json()) == [True, True, False]
    assert can(policy=PermissionPolicy.allow("ec2:*").to_dict()) == [False, False, False]
    assert can(policy_arns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]) == [True, False, False]
    assert can(
        policy=PermissionPolicy.deny(LIST), policy_arns=(arn for arn in ["arn:aws:iam::aws:policy/AmazonS3FullAccess"])
    ) == [
        False,
        True,
        False,
    ]


def test_a_session_policy_is_frozen_and_the_roles_own_are_not() -> None:
    """What the role may do is looked up at each call."""
    account, key, role = world()
    session = assume(account, key, policy=PermissionPolicy.allow(LIST)).result()
    assert account.can(LIST, credentials=session).denied_by == "identity"
    role.put_policy("s3", PermissionPolicy.allow("s3:*"))
    assert account.can(LIST, credentials=session)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("{", "MalformedPolicyDocument"),
        ("", "ValidationError"),
        (EC2, "MalformedPolicyDocument"),
        (ADMIN.to_json().replace("{", "{" + " " * 2048, 1), "PackedPolicyTooLarge"),
        (PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::" + "x" * 2048), "PackedPolicyTooLarge"),
    ],
)
def test_a_bad_session_policy_is_refused(policy: Any, expected: str) -> None:
    """Its limit counts white space, unlike IAM's others."""
    account, key, _ = world()
    answer = assume(account, key, policy=policy)

    assert code(answer) == expected
    if expected == "PackedPolicyTooLarge":
        assert answer.error is not None
        assert answer.error.status == 400
        assert "% of allotted space, please use smaller policy." in message(answer)


def test_tags_need_permission_to_tag() -> None:
    """The trust policy must allow sts:TagSession as well; then they are the principal's, before the role's own."""
    account, key, role = world(tags={"Team": "red", "env": "prod"})
    answer = assume(account, key, tags={"team": "blue"})
    assert code(answer) == "AccessDenied"
    assert "sts:TagSession" in message(answer)
    role.update_trust(trust({"Action": [ASSUME, "sts:TagSession"]}))
    session = assume(account, key, tags={"team": "blue"}).result()
    for tag, value, allowed in (("TEAM", "blue", True), ("team", "red", False), ("env", "prod", True)):
        role.put_policy(
            "s3", PermissionPolicy.allow(LIST, condition={"StringEquals": {f"aws:PrincipalTag/{tag}": value}})
        )
        assert bool(account.can(LIST, credentials=session)) is allowed


def test_the_trust_policy_can_ask_for_tags() -> None:
    """By aws:RequestTag and aws:TagKeys."""
    condition = {"StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    account, key, _ = world({"Action": [ASSUME, "sts:TagSession"], "Condition": condition})

    assert assume(account, key, tags={"team": "red"})
    for tags in (None, {"team": "blue"}, {"team": "red", "other": "x"}):
        assert code(assume(account, key, tags=tags)) == "AccessDenied"


def chain(*actions: str) -> tuple[Account, Credentials, Role]:
    """A role that alice may assume with everything, and a second that the first may assume with *actions*."""
    account, key, first = world({"Action": [ASSUME, "sts:TagSession", "sts:SetSourceIdentity"]})
    second = account.create_role("second", trust=trust({"Principal": {"AWS": first.arn}, "Action": [ASSUME, *actions]}))
    return account, key, second


def test_transitive_tags_go_down_the_chain_and_cannot_be_passed_again() -> None:
    """Others stay behind."""
    account, key, second = chain("sts:TagSession")
    first = assume(account, key, tags={"Team": "red", "own": "x"}, transitive_tag_keys=["team"]).result()
    session = assume(account, first, role=second).result()
    for tag, value, allowed in (("team", "red", True), ("own", "x", False)):
        second.put_policy(
            "s3", PermissionPolicy.allow(LIST, condition={"StringEquals": {f"aws:PrincipalTag/{tag}": value}})
        )
        assert bool(account.can(LIST, credentials=session)) is allowed
    issued = len(account.sts.sessions._stored)
    again = assume(account, first, role=second, tags={"TEAM": "blue"})
    assert code(again) == "InvalidParameterValue"
    assert len(account.sts.sessions._stored) == issued
    assert assume(account, first, role=second, tags={"own": "y"})
    unknown = assume(account, first, role=second, tags={"own": "y"}, transitive_tag_keys=["Team", "own", "other"])
    assert code(unknown) == "InvalidParameterValue"
    assert message(unknown) == "The specified transitive tag key must be included in the requested tags."
    assert assume(account, first, role=second, tags={"own": "y"}, transitive_tag_keys=["Team", "own"])


def test_tags_that_are_handed_down_need_permission_to_tag_as_well() -> None:
    """As the sessions of EKS Pod Identity show."""
    account, key, second = chain()
    plain = assume(account, key, tags={"team": "red"}).result()
    tagged = assume(account, key, tags={"team": "red"}, transitive_tag_keys=["team"]).result()

    assert assume(account, plain, role=second)
    answer = assume(account, tagged, role=second)
    assert code(answer) == "AccessDenied"
    assert "sts:TagSession" in message(answer)


def test_a_source_identity_needs_permission_and_stays_the_same_down_the_chain() -> None:
    """Each role of the chain must allow sts:SetSourceIdentity."""
    account, key, second = chain("sts:SetSourceIdentity")
    closed = account.create_role("closed", trust=trust({"Principal": {"AWS": APP}}))
    first = assume(account, key, source_identity="alice-a").result()
    session = assume(account, first, role=second).result()
    second.put_policy("s3", PermissionPolicy.allow(LIST, condition={"StringEquals": {"aws:SourceIdentity": "alice-a"}}))

    assert account.can(LIST, credentials=session)
    assert assume(account, first, role=second, source_identity="alice-a")
    assert code(assume(account, first, role=second, source_identity="mallory")) == "AccessDenied"
    answer = assume(account, first, role=closed)
    assert code(answer) == "AccessDenied"
    assert "sts:SetSourceIdentity" in message(answer)
    assert assume(account, assume(account, key).result(), role=closed)


# -- by hand ------------------------------------------------------------------------------------------------------------


def test_a_token_service_works_without_an_account() -> None:
    """It judges, and performs its own operations; others are only judged."""
    time = Timekeeper()
    sts = TokenService(time=time)
    account = Account()
    role = Role("app", trust=TrustPolicy.principal(f"arn:aws:iam::{OWN}:role/other"), time=time)
    role.put_policy("list", PermissionPolicy.allow(LIST))
    other = Role("other", trust=EC2, time=time)
    from ec2roles import Instance, InstanceProfile

    web = Instance(profile=InstanceProfile("other", role=other, time=time), sts=sts, time=time)
    key = web.metadata.credentials()
    session = sts.assume_role(role, "test", credentials=key).result()

    assert sts.get_caller_identity(credentials=session).result().arn == f"arn:aws:sts::{OWN}:assumed-role/app/test"
    assert code(sts.assume_role(role.arn, "test", credentials=key)) == "AccessDenied"
    assert (
        code(sts.assume_role(role, "test", credentials=key, policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]))
        == "InvalidParameterValue"
    )
    assert code(account.sts.get_caller_identity(credentials=session)) == "InvalidClientTokenId"
    assert repr(sts) == f"<TokenService of {OWN}, 1 assumed>"
