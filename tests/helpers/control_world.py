"""The account on which every row of control_plane.json is tried, and the fixed words that stand in the rows."""

from __future__ import annotations

import json
from typing import Any

from ec2roles import Account, Credentials, PermissionPolicy, Timekeeper, TrustPolicy
from ec2roles.account import Shared
from ec2roles.iam.managed import AwsManagedPolicies
from helpers.worlds import ADMIN, EC2, user_with_key

SLR_PATH = "/aws-service-role/demo.amazonaws.com/"
_LIBRARY = AwsManagedPolicies()  # read once for all worlds
LIST_BUCKETS = PermissionPolicy.allow("s3:ListAllMyBuckets", sid="List")


def control_world() -> tuple[Account, Credentials, dict[str, str]]:
    """The account, the key of an administrator, and what ``$NAME`` in a row stands for."""
    account = Account(shared=Shared(Timekeeper(), aws_managed=_LIBRARY))
    _, admin = user_with_key(account, "admin", admin=True)

    team = account.create_policy(
        "team", LIST_BUCKETS, path="/team/", tags={"stage": "test"}, description="for the team"
    )
    team.create_version(PermissionPolicy.allow("s3:*"), set_as_default=False)
    account.create_policy("spare", LIST_BUCKETS)
    full = account.create_policy("full", LIST_BUCKETS)
    for _ in range(4):
        full.create_version(LIST_BUCKETS)

    app = account.create_role("app", trust=EC2, path="/web/", tags={"stage": "test"}, description="the application")
    app.put_policy("list", LIST_BUCKETS)
    app.attach_policy("team")
    app.attach_policy("AmazonS3ReadOnlyAccess")
    app.put_permissions_boundary("PowerUserAccess")
    account.create_role("bare", trust=EC2)
    account.create_role("inline", trust=EC2).put_policy("list", LIST_BUCKETS)
    held = account.create_role("held", trust=EC2)
    crowded = account.create_role("crowded", trust=EC2)
    for number in range(10):
        crowded.attach_policy(account.create_policy(f"crowd{number}", LIST_BUCKETS))
    account.create_role("AWSServiceRoleForDemo", trust=TrustPolicy.service("demo.amazonaws.com"), path=SLR_PATH)

    account.create_instance_profile("app", path="/web/", tags={"stage": "test"}).add_role(app)
    account.create_instance_profile("held").add_role(held)
    account.create_instance_profile("empty")

    staff = account.create_group("staff")
    staff.put_policy("list", LIST_BUCKETS)
    staff.attach_policy("team")
    account.create_group("nobody")
    alice, key = user_with_key(account)
    alice.create_access_key()
    alice.put_policy("list", LIST_BUCKETS)
    alice.attach_policy("team")
    alice.put_permissions_boundary("PowerUserAccess")
    alice.add_to_group(staff)
    alice.tag({"stage": "test"})
    account.create_user("bob")
    account.iam.alias.create("acme")
    gone = account.create_service_linked_role("ecs.amazonaws.com")
    words = {
        "$TASK": account.delete_service_linked_role(gone.name),
        "$KEY": key.access_key_id,
        "$EC2": EC2.to_json(),
        "$LIST": LIST_BUCKETS.to_json(),
        "$ADMIN": ADMIN.to_json(),
        "$LONG_TRUST": json.dumps(long_trust()),
        "$LONG": json.dumps(long_policy(11_000)),
        "$TEAM": team.arn,
        "$SPARE": "arn:aws:iam::123456789012:policy/spare",
        "$FULL": full.arn,
        "$CROWD0": "arn:aws:iam::123456789012:policy/crowd0",
        "$S3": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "$NONE": "arn:aws:iam::123456789012:policy/none",
        "$SLRP": "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy",
    }
    return account, admin, words


def long_policy(size: int) -> dict[str, Any]:
    """A permission policy of more than *size* characters."""
    resources = [f"arn:aws:s3:::bucket-{number:06d}/*" for number in range(size // 30)]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}],
    }


def long_trust() -> dict[str, Any]:
    """A trust policy of more than 2,048 characters."""
    principals = [f"arn:aws:iam::{number:012d}:root" for number in range(70)]
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def filled(value: Any, words: dict[str, str]) -> Any:
    """*value* with the words in it replaced; ``x*65`` is 65 times x."""
    if isinstance(value, dict):
        return {key: filled(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, words) for one in value]
    if isinstance(value, str) and value[1:2] == "*" and value[2:].isdigit():
        return value[0] * int(value[2:])
    if isinstance(value, str):
        for word in sorted(words, key=len, reverse=True):
            value = value.replace(word, words[word]) if word in value else value
    return value
