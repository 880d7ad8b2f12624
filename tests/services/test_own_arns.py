"""A call in Python may name what it is about by its ARN: by its own, and by no other."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from ec2roles.services.shapes import snake_case
from helpers.worlds import EC2, digest, user_with_key

OWN = "arn:aws:iam::123456789012"
DOCUMENT = PermissionPolicy.allow("s3:GetObject").to_json()


@pytest.fixture
def account() -> Account:
    account = Account()
    account.create_role("app", trust=EC2, path="/a/")
    account.create_user("zoe")
    account.create_group("team")
    account.create_policy("own", PermissionPolicy.allow("s3:GetObject"))
    account.create_instance_profile("host")
    return account


def call(account: Account, action: str, arn: str, **parameters: Any) -> Any:
    known = account.users["admin"] if "admin" in account.users else account.create_user("admin")
    known.attach_policy("AdministratorAccess")
    key = known.create_access_key()
    return account.call(action, arn, credentials=key, **parameters)


@pytest.mark.parametrize(
    ("operation", "resource", "parameters"),
    [
        ("GetRole", "role/a/app", {}),
        ("DeleteRole", "role/a/app", {}),
        ("PutRolePolicy", "role/a/app", {"PolicyName": "p", "PolicyDocument": DOCUMENT}),
        ("AttachRolePolicy", "role/a/app", {"PolicyArn": f"{OWN}:policy/own"}),
        ("GetUser", "user/zoe", {}),
        ("DeleteUser", "user/zoe", {}),
        ("PutUserPolicy", "user/zoe", {"PolicyName": "p", "PolicyDocument": DOCUMENT}),
        ("GetGroup", "group/team", {}),
        ("AddUserToGroup", "group/team", {"UserName": "zoe"}),
        ("GetPolicy", "policy/own", {}),
        ("DeletePolicy", "policy/own", {}),
        ("GetInstanceProfile", "instance-profile/host", {}),
        ("DeleteInstanceProfile", "instance-profile/host", {}),
        ("CreateUser", "user/new/one", {}),
        ("SimulatePrincipalPolicy", "user/zoe", {"ActionNames": ["s3:GetObject"]}),
    ],
)
def test_an_arn_stands_for_the_parameter_of_its_kind(
    account: Account, operation: str, resource: str, parameters: dict[str, Any]
) -> None:
    given = {snake_case(name): value for name, value in parameters.items()}
    assert call(account, f"iam:{operation}", f"{OWN}:{resource}", **given).ok


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("iam:ListRoles", "arn:aws:s3:::x"),
        ("iam:ListRoles", f"{OWN}:role/a/app"),
        ("iam:GetRole", f"{OWN}:role/app"),
        ("iam:GetRole", f"{OWN}:user/zoe"),
        ("iam:GetRole", "arn:aws:iam::111122223333:role/a/app"),
        ("iam:GetRole", "arn:aws-cn:iam::123456789012:role/a/app"),
        ("iam:GetRole", "arn:aws:iam:us-east-1:123456789012:role/a/app"),
        ("iam:GetRole", "arn:aws:s3::123456789012:role/a/app"),
        ("iam:DeleteUser", "arn:aws:iam::111122223333:user/zoe"),
        ("iam:DeletePolicy", "arn:aws:iam::111122223333:policy/own"),
        ("iam:GetUser", f"{OWN}:role/a/app"),
        ("iam:DeleteInstanceProfile", f"{OWN}:role/host"),
    ],
)
def test_an_arn_of_something_else_is_refused_and_does_nothing(account: Account, action: str, arn: str) -> None:
    user_with_key(account, "admin2", admin=True)
    key = account.users["admin2"].create_access_key()
    before = digest(account, calls=False)
    answer = account.call(action, arn, credentials=key)
    assert not answer.ok
    assert answer.error.code in ("ValidationError", "NoSuchEntity", "AccessDenied"), answer
    assert digest(account, calls=False) == before


@pytest.mark.parametrize("operation", ["RebootInstances", "StopInstances", "TerminateInstances", "DescribeInstances"])
@pytest.mark.parametrize(
    "prefix",
    [
        "arn:aws:ec2:eu-west-1:123456789012:instance/",
        "arn:aws:ec2:us-east-1:111122223333:instance/",
        "arn:aws-cn:ec2:us-east-1:123456789012:instance/",
        "arn:aws:s3:us-east-1:123456789012:instance/",
        "arn:aws:ec2:us-east-1:123456789012:volume/",
    ],
)
def test_an_instance_is_named_by_no_arn_but_its_own(operation: str, prefix: str) -> None:
    account = Account()
    web = account.launch_instance()
    answer = call(account, f"ec2:{operation}", f"{prefix}{web.instance_id}")
    assert not answer.ok
    assert web.state == "running"
    assert call(account, f"ec2:{operation}", web.arn).ok


@pytest.mark.parametrize("arn", ["arn:aws:s3:us-east-1::photos", "arn:aws:s3::123456789012:photos", "arn:aws-cn:s3:::photos", "arn:aws:s3:::photos/x"])  # fmt: skip
def test_a_bucket_is_named_by_no_arn_but_its_own(arn: str) -> None:
    account = Account()
    account.s3.create_bucket("photos")
    assert not call(account, "s3:DeleteBucket", arn).ok
    assert account.s3["photos"].name == "photos"
