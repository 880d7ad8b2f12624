"""Services that assume roles as EC2 does, and the confused deputy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.errors import Ec2RolesError
from ec2roles.world.propagation import Propagation
from helpers.worlds import LIST, OTHER, OWN, at, code, message

LAMBDA = "lambda.amazonaws.com"
FUNCTION = f"arn:aws:lambda:us-east-1:{OWN}:function:resize"


def test_a_service_gets_a_session_of_the_role(account: Account) -> None:
    """With the role's permissions, for an hour."""
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA), path="/service/")
    role.put_policy("list", PermissionPolicy.allow(LIST))
    session = account.service(LAMBDA).assume_role(role, session_name="resize").result()
    who = account.sts.get_caller_identity(credentials=session).result()

    assert who.arn == f"arn:aws:sts::{OWN}:assumed-role/worker/resize"
    assert session.expiration == at(hours=1)
    assert account.can(LIST, credentials=session)
    account.clock.advance(hours=1)
    assert code(account.call(LIST, credentials=session)) == "ExpiredToken"


@pytest.mark.parametrize(
    ("trust", "ok"),
    [
        (TrustPolicy.service(LAMBDA), True),
        (TrustPolicy.service("ecs-tasks.amazonaws.com", LAMBDA), True),
        (TrustPolicy.service("ec2.amazonaws.com"), False),
        (TrustPolicy.account(OWN), False),
        (TrustPolicy.service(LAMBDA, condition={"StringEquals": {"sts:RoleSessionName": "resize"}}), True),
        (TrustPolicy.service(LAMBDA, condition={"StringEquals": {"sts:RoleSessionName": "other"}}), False),
        (TrustPolicy.service(LAMBDA, condition={"StringEquals": {"aws:PrincipalServiceName": LAMBDA}}), True),
        (TrustPolicy.service(LAMBDA, condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}), True),
        (TrustPolicy.service(LAMBDA, condition={"StringEquals": {"aws:ResourceAccount": OWN}}), True),
    ],
)
def test_only_the_trust_policy_is_asked(account: Account, trust: TrustPolicy, ok: bool) -> None:
    """For what a service is."""
    answer = account.service(LAMBDA).assume_role(account.create_role("worker", trust=trust), session_name="resize")
    assert answer.ok is ok
    if not ok:
        assert code(answer) == "AccessDenied"
        assert message(answer) == (
            f"User: {LAMBDA} is not authorized to perform: sts:AssumeRole on resource: "
            f"arn:aws:iam::{OWN}:role/worker because no role trust policy allows the sts:AssumeRole action"
        )


@pytest.mark.parametrize(
    ("given", "ok"),
    [
        ({}, False),
        ({"source_account": OTHER, "source_arn": FUNCTION.replace(OWN, OTHER)}, False),
        ({"source_account": OWN}, False),
        ({"source_account": OWN, "source_arn": FUNCTION}, True),
    ],
)
def test_a_trust_policy_can_ask_on_whose_behalf_a_service_calls(
    account: Account, given: dict[str, Any], ok: bool
) -> None:
    """So a service that anybody uses cannot be made somebody else's deputy."""
    condition = {
        "StringEquals": {"aws:SourceAccount": OWN},
        "ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{OWN}:function:*"},
    }
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA, condition=condition))
    assert account.service(LAMBDA).assume_role(role, session_name="resize", **given).ok is ok


def test_a_role_of_another_account_is_named_by_its_arn() -> None:
    """The service's own account does not matter; what does not exist does not trust."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    role = theirs.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    session = mine.service(LAMBDA).assume_role(role.arn, session_name="resize").result()
    assert mine.sts.get_caller_identity(credentials=session).result().account == OTHER
    answer = mine.service(LAMBDA).assume_role(f"{role.arn}x", session_name="resize")
    assert (code(answer), answer.allowed) == ("AccessDenied", False)
    with pytest.raises(Ec2RolesError, match="another Timekeeper"):
        Account().service(LAMBDA).assume_role(role, session_name="resize")


def test_a_services_session_is_not_bound_by_the_roles_maximum(account: Account) -> None:
    """Nor is it chained; what goes on from it is."""
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    role.put_policy("assume", PermissionPolicy.allow("sts:AssumeRole"))
    second = account.create_role("second", trust=TrustPolicy.principal(role.arn), max_session_duration=43200)
    session = account.service(LAMBDA).assume_role(role, session_name="resize", duration=43200).result()
    assert session.expiration == at(hours=12)
    assert code(account.sts.assume_role(second, "test", credentials=session, duration=3601)) == "ValidationError"


@pytest.mark.parametrize(
    ("service", "name"), [(LAMBDA, "lambda"), ("ecs-tasks.amazonaws.com", "ecs-tasks"), ("s3.amazonaws.com", "s3")]
)
def test_a_session_that_is_given_no_name_has_that_of_the_service(account: Account, service: str, name: str) -> None:
    """The call of the issue: ``account.service("lambda.amazonaws.com").assume_role(role)``."""
    role = account.create_role("worker", trust=TrustPolicy.service(service))
    session = account.service(service).assume_role(role).result()
    arn = account.sts.get_caller_identity(credentials=session).result().arn

    assert arn == f"arn:aws:sts::{OWN}:assumed-role/worker/{name}"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("lambda", {}),
        (f"arn:aws:iam::{OWN}:root", {}),
        (LAMBDA, {"session_name": "a b"}),
        (LAMBDA, {"duration": 899}),
        (LAMBDA, {"duration": 43201}),
        (LAMBDA, {"source_account": "1"}),
        (LAMBDA, {"role": "worker"}),
    ],
)
def test_a_bad_argument_is_a_mistake(account: Account, name: str, options: dict[str, Any]) -> None:
    """Of who builds the world, so it raises."""
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    with pytest.raises(Ec2RolesError):
        account.service(name).assume_role(**{"role": role, "session_name": "resize", **options})
    assert not account.sts.sessions._stored


@pytest.mark.parametrize("name", [5, None, b"lambda.amazonaws.com"])
def test_the_name_of_a_service_is_text(name: Any) -> None:
    with pytest.raises(TypeError, match="the name of a service must be str"):
        Account().service(name)


def test_it_is_in_the_history(account: Account) -> None:
    """Under the service's name."""
    good = account.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    bad = account.create_role("other", trust=TrustPolicy.service("ec2.amazonaws.com"))
    service = account.service(LAMBDA)
    session = service.assume_role(good, session_name="resize").result()
    service.assume_role(bad, session_name="resize")
    service.assume_role(f"{bad.arn}x", session_name="resize")
    calls = list(account.history.events(kind="call"))
    issues = list(account.history.events(kind="issue"))

    assert [(one.caller, one.subject, one.ok) for one in calls] == [
        (LAMBDA, good.arn, True),
        (LAMBDA, bad.arn, False),
        (LAMBDA, f"{bad.arn}x", False),
    ]
    assert [(one.caller, one.operation, one.subject) for one in issues] == [
        (LAMBDA, "AssumeRole", session.access_key_id)
    ]
    records = [one for one in account.history.to_cloudtrail() if one["eventName"] == "AssumeRole"]
    assert [one["userIdentity"] for one in records] == [{"type": "AWSService", "invokedBy": LAMBDA}] * 3
    assert records[0]["responseElements"]["credentials"]["accessKeyId"] == session.access_key_id
    assert records[1]["errorCode"] == "AccessDenied"
    assert repr(service) == f"<ServicePrincipal {LAMBDA}>"


def test_a_service_sees_a_change_when_it_has_reached_it() -> None:
    """As EC2 does."""
    account = Account(propagation=Propagation(timedelta(seconds=10), fixed=True))
    role = account.create_role("worker", trust=TrustPolicy.service("ec2.amazonaws.com"))
    service = account.service(LAMBDA)
    account.clock.advance(minutes=1)
    role.update_trust(TrustPolicy.service(LAMBDA))
    assert code(service.assume_role(role, session_name="resize")) == "AccessDenied"
    account.clock.advance(seconds=10)
    assert service.assume_role(role, session_name="resize")
    late = account.create_role("late", trust=TrustPolicy.service(LAMBDA))
    assert code(service.assume_role(late.arn, session_name="resize")) == "AccessDenied"


@pytest.mark.parametrize("by_arn", [False, True])
def test_a_denial_that_only_the_delay_explains_says_so(by_arn: bool) -> None:
    """As every other caller is told; one that has another reason does not."""
    account = Account(propagation=Propagation(timedelta(seconds=10), fixed=True))
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    named = role.arn if by_arn else role
    answer = account.service(LAMBDA).assume_role(named)
    other = account.service("ecs-tasks.amazonaws.com").assume_role(named)

    assert code(answer) == code(other) == "AccessDenied"
    assert answer.decision is not None
    assert other.decision is not None
    assert answer.decision.notes[-1] == (
        f"only the propagation delay denies this: CreateRole on {role.arn} was done at 2026-01-01T00:00:00Z, "
        "and lambda sees it from 2026-01-01T00:00:10Z on"
    )
    assert not [note for note in other.decision.notes if "delay" in note]


def test_a_service_gets_nothing_while_sts_is_down(account: Account) -> None:
    """And as before when it is up again; throttling does not touch services."""
    role = account.create_role("worker", trust=TrustPolicy.service(LAMBDA))
    account.faults.sts_outage(begins=at(hours=1), ends=at(hours=2))
    account.faults.sts_throttling(rate=0.001, begins=at(), ends=at(hours=9))
    service = account.service(LAMBDA)
    for hours, expected in ((0, None), (1, "ServiceUnavailable"), (2, None)):
        account.clock.move_to(at(hours=hours))
        assert [code(service.assume_role(role, session_name="resize")) for _ in range(3)] == [expected] * 3
