"""Service-linked roles: who may make them, what they are, and that nobody edits them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from ec2roles.errors import InvalidInputError, NoSuchEntityError, UnmodifiableEntityError
from ec2roles.iam.service_linked import find_template
from helpers.worlds import code, digest, user_with_key

AUTO = "autoscaling.amazonaws.com"
ROLE = f"arn:aws:iam::123456789012:role/aws-service-role/{AUTO}/AWSServiceRoleForAutoScaling"


def caller(action: str, resource: str = "*", condition: dict[str, Any] | None = None) -> tuple[Account, Any]:
    """An account, and the IAM of a user who may do one thing."""
    account = Account()
    user, key = user_with_key(account)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition or {}}
    user.put_policy("own", {"Version": "2012-10-17", "Statement": [statement]})
    return account, account.as_(key).iam


@pytest.mark.parametrize(
    ("resource", "condition", "allowed"),
    [
        (f"{ROLE}*", None, True),
        ("arn:aws:iam::*:role/aws-service-role/*", {"StringEquals": {"iam:AWSServiceName": AUTO}}, True),
        ("*", {"StringLike": {"iam:AWSServiceName": "*.amazonaws.com"}}, True),
        ("*", {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}, False),
        ("arn:aws:iam::123456789012:role/*", {"Null": {"iam:AWSServiceName": "true"}}, False),
        ("arn:aws:iam::123456789012:role/AWSServiceRoleForAutoScaling", None, False),
    ],
)
def test_making_one_is_judged_on_its_arn_and_on_the_service(resource: str, condition: Any, allowed: bool) -> None:
    """IAM user guide, "Service-linked role permissions": its policies have these forms."""
    account, iam = caller("iam:CreateServiceLinkedRole", resource, condition)
    answer = iam.create_service_linked_role(AWSServiceName=AUTO)

    assert bool(answer) is allowed
    assert ("AWSServiceRoleForAutoScaling" in account.roles) is allowed
    if not allowed:
        assert code(answer) == "AccessDenied"
        assert f"iam:CreateServiceLinkedRole on resource: {ROLE} " in answer.error.message


def test_a_power_user_makes_and_deletes_them_and_no_other_roles(account: Account) -> None:
    user, key = user_with_key(account)
    user.attach_policy("PowerUserAccess")
    iam = account.as_(key).iam
    name = iam.create_service_linked_role(AWSServiceName=AUTO).result()["Role"]["RoleName"]
    assert code(iam.delete_role(RoleName=name)) == "UnmodifiableEntity"
    assert iam.delete_service_linked_role(RoleName=name).ok
    assert name not in account.roles


def test_its_service_alone_assumes_it_and_nobody_edits_it(account: Account) -> None:
    role = account.create_service_linked_role(AUTO)
    assert account.service(AUTO).assume_role(role, session_name="scaling").ok
    assert not account.service("ec2.amazonaws.com").assume_role(role, session_name="scaling")
    assert [policy.name for policy in role.attached_policies] == ["AutoScalingServiceRolePolicy"]
    before = digest(account)
    for change in (
        lambda: role.put_policy("all", PermissionPolicy.allow("*")),
        lambda: role.update(description="mine"),
        lambda: role.detach_policy("AutoScalingServiceRolePolicy"),
        lambda: account.delete_role(role.name),
    ):
        with pytest.raises(UnmodifiableEntityError):
            change()
    assert digest(account) == before
    role.update_description("mine")
    assert role.description == "mine"


def test_the_description_alone_can_be_changed_by_those_who_may() -> None:
    _, iam = caller("iam:*")
    iam.create_service_linked_role(AWSServiceName=AUTO).result()
    assert code(iam.update_role(RoleName="AWSServiceRoleForAutoScaling", Description="d")) == "UnmodifiableEntity"
    assert iam.update_role_description(RoleName="AWSServiceRoleForAutoScaling", Description="d").ok
    assert iam.get_role(RoleName="AWSServiceRoleForAutoScaling").result()["Role"]["Description"] == "d"


def test_a_policy_that_aws_has_withdrawn_is_left_away_and_the_history_says_so(account: Account) -> None:
    role = account.create_service_linked_role("lex.amazonaws.com")
    assert role.attached_policies == ()
    assert account.time.changes[-1].operation == "CreateServiceLinkedRole"
    assert account.time.changes[-1].detail == "without AmazonLexBotPolicy, which is no policy of AWS's any more"


def test_a_deletion_is_known_by_its_task_also_when_the_role_was_made_again(account: Account) -> None:
    name = account.create_service_linked_role(AUTO).name
    first = account.delete_service_linked_role(name)
    account.create_service_linked_role(AUTO)
    _, key = user_with_key(account, "admin", admin=True)
    iam = account.as_(key).iam
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=first).result() == {"Status": "SUCCEEDED"}
    second = iam.delete_service_linked_role(RoleName=name).result()["DeletionTaskId"]
    assert second != first
    for task in (first, second):
        assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task).ok
    other = Account("111122223333")
    _, key = user_with_key(other, admin=True)
    assert code(other.as_(key).iam.get_service_linked_role_deletion_status(DeletionTaskId=first)) == "NoSuchEntity"


def test_an_unknown_service_is_told_which_ones_are_near() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Account().create_service_linked_role("autoscale.amazonaws.com")
    assert "autoscaling.amazonaws.com" in caught.value.detail
    assert find_template(AUTO).suffix
    account = Account()
    account.create_role("app", trust=json.dumps(find_template(AUTO).trust))
    with pytest.raises(NoSuchEntityError, match="no service-linked role"):
        account.delete_service_linked_role("app")


def test_a_taken_name_is_taken_whatever_the_role(account: Account) -> None:
    """Recorded from AWS: the words for a second one."""
    account.create_role("awsserviceroleforautoscaling", trust=find_template(AUTO).trust)
    with pytest.raises(InvalidInputError, match="has been taken in this account, please try a different suffix"):
        account.create_service_linked_role(AUTO)
    assert account.create_service_linked_role(AUTO, custom_suffix="blue").name == "AWSServiceRoleForAutoScaling_blue"
