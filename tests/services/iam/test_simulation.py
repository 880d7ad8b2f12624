"""SimulatePrincipalPolicy and SimulateCustomPolicy, answered by the engine."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy, TrustPolicy
from helpers.worlds import EC2, code, digest, message, user_with_key

ALLOW_READ = PermissionPolicy.allow("s3:Get*", resource="arn:aws:s3:::photos/*").to_json()
DENY_ALL = PermissionPolicy.deny("*").to_json()
ALLOW_ALL = PermissionPolicy.allow("*").to_json()
CAT = "arn:aws:s3:::photos/cat.jpg"


@pytest.fixture
def iam(account: Account) -> Any:
    """The IAM of an administrator."""
    _, key = user_with_key(account, "admin", admin=True)
    return account.as_(key).iam


def results(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.result()["EvaluationResults"]
    return found


def sources(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Which policies matched."""
    return [(one["SourcePolicyId"], one["SourcePolicyType"]) for one in result["MatchedStatements"]]


def decisions(answer: Any) -> list[str]:
    return [one["EvalDecision"] for one in results(answer)]


@pytest.mark.parametrize(
    ("policies", "decision", "matched"),
    [
        ([ALLOW_READ], "allowed", ["PolicyInputList.1"]),
        ([ALLOW_ALL, ALLOW_READ], "allowed", ["PolicyInputList.1", "PolicyInputList.2"]),
        ([ALLOW_READ, DENY_ALL], "explicitDeny", ["PolicyInputList.2"]),
        ([PermissionPolicy.allow("s3:Put*").to_json()], "implicitDeny", []),
    ],
)
def test_a_custom_simulation_tells_the_decision_and_the_policies_that_matched(
    iam: Any, policies: list[str], decision: str, matched: list[str]
) -> None:
    (one,) = results(
        iam.simulate_custom_policy(PolicyInputList=policies, ActionNames=["s3:GetObject"], ResourceArns=[CAT])
    )

    assert (one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) == ("s3:GetObject", CAT, decision)
    assert [statement["SourcePolicyId"] for statement in one["MatchedStatements"]] == matched
    assert one["MissingContextValues"] == []


def test_every_action_is_asked_for_every_resource(iam: Any) -> None:
    answer = iam.simulate_custom_policy(
        PolicyInputList=[ALLOW_READ],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[CAT, "arn:aws:s3:::other/cat.jpg"],
    )
    assert decisions(answer) == ["allowed", "implicitDeny", "implicitDeny", "implicitDeny"]
    assert decisions(iam.simulate_custom_policy(PolicyInputList=[ALLOW_ALL], ActionNames=["s3:GetObject"])) == [
        "allowed"
    ]


def test_missing_context_is_named_and_given_context_counts(iam: Any) -> None:
    policy = PermissionPolicy.allow(
        "s3:GetObject",
        condition={
            "StringEquals": {"aws:RequestedRegion": "us-east-1"},
            "ForAnyValue:StringEquals": {"aws:TagKeys": "team"},
        },
    ).to_json()
    asked: dict[str, Any] = {"PolicyInputList": [policy], "ActionNames": ["s3:GetObject", "s3:PutObject"]}
    without = results(iam.simulate_custom_policy(**asked))
    assert [sorted(one["MissingContextValues"]) for one in without] == [["aws:RequestedRegion", "aws:TagKeys"], []]
    entries = [
        {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["us-east-1"], "ContextKeyType": "string"},
        {"ContextKeyName": "aws:TagKeys", "ContextKeyValues": ["team"], "ContextKeyType": "stringList"},
    ]
    given = results(iam.simulate_custom_policy(**asked, ContextEntries=entries))
    assert (given[0]["EvalDecision"], given[0]["MissingContextValues"]) == ("allowed", [])


def test_a_boundary_and_an_organization_have_details_of_their_own(iam: Any) -> None:
    asked: dict[str, Any] = {"PolicyInputList": [ALLOW_ALL], "ActionNames": ["s3:GetObject"], "ResourceArns": [CAT]}
    for boundary, allowed in ((ALLOW_READ, True), (PermissionPolicy.allow("ec2:*").to_json(), False)):
        (one,) = results(iam.simulate_custom_policy(**asked, PermissionsBoundaryPolicyInputList=[boundary]))
        assert one["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": allowed}
        assert one["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
        levels = [{"ServiceControlPolicyInputList": [ALLOW_ALL]}, {"ServiceControlPolicyInputList": [boundary]}]
        (one,) = results(iam.simulate_custom_policy(**asked, OrderedOrganizationPolicyInputList=levels))
        assert one["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": allowed}
        assert one["EvalDecision"] == ("allowed" if allowed else "implicitDeny")


def test_a_role_is_simulated_with_all_that_it_has(account: Account, iam: Any) -> None:
    """Inline, managed of the account, managed by AWS; its boundary; and what is added for the simulation."""
    account.create_policy("team", PermissionPolicy.allow("sqs:SendMessage"))
    role = account.create_role("app", trust=EC2, path="/web/", tags={"stage": "test"})
    role.put_policy("list", PermissionPolicy.allow("s3:GetObject"))
    role.attach_policy("team")
    role.attach_policy("AmazonEC2ReadOnlyAccess")
    actions = ["s3:GetObject", "sqs:SendMessage", "ec2:DescribeInstances", "iam:CreateRole"]
    asked: dict[str, Any] = {"PolicySourceArn": role.arn, "ActionNames": actions}
    answer = iam.simulate_principal_policy(**asked)

    assert decisions(answer) == ["allowed", "allowed", "allowed", "implicitDeny"]
    assert [sources(one) for one in results(answer)] == [
        [("role_app_list", "IAM Policy")],
        [("team", "IAM Policy")],
        [("AmazonEC2ReadOnlyAccess", "IAM Policy")],
        [],
    ]
    assert decisions(iam.simulate_principal_policy(**asked, PolicyInputList=[ALLOW_ALL])) == ["allowed"] * 4
    role.put_permissions_boundary("AmazonEC2ReadOnlyAccess")
    bounded = iam.simulate_principal_policy(**asked)
    assert decisions(bounded) == ["implicitDeny", "implicitDeny", "allowed", "implicitDeny"]
    assert results(bounded)[2]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    # The boundary that is given takes the place of the role's own.
    replaced = iam.simulate_principal_policy(**asked, PermissionsBoundaryPolicyInputList=[ALLOW_ALL])
    assert decisions(replaced) == ["allowed", "allowed", "allowed", "implicitDeny"]


def test_a_users_groups_count_and_a_group_can_be_simulated(account: Account, iam: Any) -> None:
    staff = account.create_group("staff")
    staff.put_policy("read", PermissionPolicy.allow("s3:GetObject"))
    alice, _ = user_with_key(account)
    alice.add_to_group(staff)
    alice.put_policy("own", {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/${aws:username}/*"},
    })  # fmt: skip
    (one,) = results(iam.simulate_principal_policy(PolicySourceArn=alice.arn, ActionNames=["s3:GetObject"]))
    assert sources(one) == [("group_staff_read", "IAM Policy")]
    home = ["arn:aws:s3:::photos/alice/cat.jpg", "arn:aws:s3:::photos/bob/cat.jpg"]
    own = iam.simulate_principal_policy(PolicySourceArn=alice.arn, ActionNames=["s3:PutObject"], ResourceArns=home)
    assert decisions(own) == ["allowed", "implicitDeny"]
    group = iam.simulate_principal_policy(PolicySourceArn=staff.arn, ActionNames=["s3:GetObject", "s3:PutObject"])
    assert decisions(group) == ["allowed", "implicitDeny"]


def test_a_resource_policy_can_allow_and_deny(account: Account, iam: Any) -> None:
    role = account.create_role("app", trust=EC2)
    asked: dict[str, Any] = {"PolicySourceArn": role.arn, "ActionNames": ["s3:GetObject"], "ResourceArns": [CAT]}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": role.arn}, "Action": "s3:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    (one,) = results(iam.simulate_principal_policy(**asked, ResourcePolicy=policy))
    assert one["EvalDecision"] == "allowed"
    assert sources(one) == [("ResourcePolicy", "resource")]
    statement["Effect"] = "Deny"
    role.put_policy("all", PermissionPolicy.allow("*"))
    assert decisions(iam.simulate_principal_policy(**asked, ResourcePolicy=policy)) == ["explicitDeny"]
    # A bucket of another account needs both.
    other = iam.simulate_principal_policy(**asked, ResourceOwner="arn:aws:iam::111122223333:root")
    assert decisions(other) == ["implicitDeny"]


def test_assume_role_is_judged_by_the_trust_policy(account: Account, iam: Any) -> None:
    """The one that is given, else the role's own; for a role of elsewhere the caller's policies alone, as AWS does."""
    alice, _ = user_with_key(account)
    role = account.create_role("app", trust=EC2)
    asked: dict[str, Any] = {"PolicySourceArn": alice.arn, "ActionNames": ["sts:AssumeRole"]}

    assert decisions(iam.simulate_principal_policy(**asked, ResourceArns=[role.arn])) == ["implicitDeny"]
    trust = TrustPolicy.principal(alice.arn)
    given = iam.simulate_principal_policy(**asked, ResourceArns=[role.arn], ResourcePolicy=trust.to_json())
    assert decisions(given) == ["allowed"]
    role.update_trust(trust)
    assert decisions(iam.simulate_principal_policy(**asked, ResourceArns=[role.arn])) == ["allowed"]
    elsewhere = ["arn:aws:iam::111122223333:role/app"]
    assert decisions(iam.simulate_principal_policy(**asked, ResourceArns=elsewhere)) == ["implicitDeny"]
    added = iam.simulate_principal_policy(**asked, PolicyInputList=[ALLOW_ALL])
    assert decisions(added) == ["allowed"]


def test_a_simulation_agrees_with_the_call(account: Account, iam: Any) -> None:
    """Everything the role may do and may not do, simulated and asked with its own credentials."""
    account.console.create_role("app", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    key = account.launch_instance("app").metadata.credentials()
    actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:GetRole", "ec2:RunInstances"]
    resources = [CAT, CAT, CAT.rpartition("/")[0], "arn:aws:x:::y", "arn:aws:x:::y"]
    answer = iam.simulate_principal_policy(PolicySourceArn=account.roles["app"].arn, ActionNames=actions)

    assert [one == "allowed" for one in decisions(answer)] == [
        account.can(action, resource, credentials=key).allowed
        for action, resource in zip(actions, resources, strict=True)
    ]


def test_a_simulation_changes_nothing(account: Account, iam: Any) -> None:
    role = account.create_role("app", trust=EC2)
    before = digest(account, calls=False)
    iam.simulate_principal_policy(PolicySourceArn=role.arn, ActionNames=["s3:GetObject"]).result()

    assert digest(account, calls=False) == before


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"ActionNames": ["s3:*"]}, "ValidationError"),
        ({"ActionNames": ["no"]}, "ValidationError"),
        ({"ActionNames": ["s3:GetObject"], "ResourceOwner": "123456789012"}, "InvalidInput"),
        ({"ActionNames": ["s3:GetObject"], "CallerArn": "carol"}, "ValidationError"),
        ({"ActionNames": "s3:GetObject"}, "ValidationError"),
        ({"ActionNames": ["s3:GetObject"], "ContextEntries": [{"ContextKeyName": "aws:SourceIp"}]}, "ValidationError"),
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(iam: Any, parameters: dict[str, Any], wanted: str) -> None:
    answer = iam.simulate_custom_policy(PolicyInputList=[ALLOW_ALL], **parameters)

    assert code(answer) == wanted, message(answer)
