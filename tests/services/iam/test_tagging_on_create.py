"""
Who creates something in IAM with tags must be allowed to tag it: "Permissions required for tagging" in the IAM User Guide.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from ec2roles.services.iam.identities import identity_rows
from ec2roles.services.iam.policies import policy_rows
from ec2roles.services.iam.profiles import profile_rows
from helpers.worlds import EC2

TAGS = [{"Key": "team", "Value": "red"}]
DOCUMENT = PermissionPolicy.allow("s3:GetObject").to_json()
CASES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "CreateUser": ({"UserName": "new", "Path": "/a/"}, "user/a/new"),
    "CreateRole": ({"RoleName": "new", "AssumeRolePolicyDocument": EC2.to_json()}, "role/new"),
    "CreatePolicy": ({"PolicyName": "new", "PolicyDocument": DOCUMENT}, "policy/new"),
    "CreateInstanceProfile": ({"InstanceProfileName": "new"}, "instance-profile/new"),
}


def test_every_operation_that_creates_with_tags_is_tried_here() -> None:
    rows = [*identity_rows(), *policy_rows(), *profile_rows()]
    creating = {row.name for row in rows if row.name.startswith("Create") and "Tags" in row.parameters.split()}
    assert creating == set(CASES)


@pytest.mark.parametrize("operation", CASES)
def test_creating_with_tags_needs_the_permission_to_tag(operation: str) -> None:
    account = Account()
    bob = account.create_user("bob")
    parameters, resource = CASES[operation]
    arn = f"arn:aws:iam::{account.account_id}:{resource}"
    tagging = f"iam:Tag{operation.removeprefix('Create')}"
    key = bob.create_access_key()

    def create(**more: Any) -> Any:
        return account.api.request(
            f"iam:{operation}", {**parameters, **more}, position=account.time.as_of(None), credentials=key
        )

    bob.put_policy("p", PermissionPolicy.allow(f"iam:{operation}"))
    refused = create(Tags=TAGS)
    assert not refused.ok
    assert f"not authorized to perform: {tagging} on resource: {arn}" in str(refused.error)
    red = {"StringEquals": {"aws:RequestTag/team": "red"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    statement = {"Effect": "Allow", "Action": tagging, "Resource": arn, "Condition": red}
    bob.put_policy("tags", {"Version": "2012-10-17", "Statement": [statement]})
    assert not create(Tags=[{"Key": "team", "Value": "blue"}]).ok
    assert create(Tags=TAGS).ok


@pytest.mark.parametrize("operation", CASES)
def test_creating_without_tags_does_not(operation: str) -> None:
    account = Account()
    bob = account.create_user("bob")
    bob.put_policy("p", PermissionPolicy.allow(f"iam:{operation}"))
    parameters = {**CASES[operation][0], "Tags": []}
    key, now = bob.create_access_key(), account.time.as_of(None)
    assert account.api.request(f"iam:{operation}", parameters, position=now, credentials=key).ok
