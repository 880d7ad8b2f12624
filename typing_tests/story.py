"""The story of the README, as a type checker reads it."""

from __future__ import annotations

from typing import Any, assert_type

from ec2roles import (
    Account,
    Credentials,
    Decision,
    Instance,
    InstanceProfile,
    ManualClock,
    MetadataResponse,
    MetadataService,
    PermissionPolicy,
    Response,
    Role,
    Secret,
    TrustPolicy,
)
from ec2roles.programs import Completed

account = Account()
assert_type(account, Account[ManualClock])
assert_type(account.clock, ManualClock)

role = account.create_role("writer", trust=TrustPolicy.service("ec2.amazonaws.com"))
assert_type(role, Role)
role.put_policy("write", PermissionPolicy.allow("s3:PutObject", resource="arn:aws:s3:::photos/*"))
profile = account.create_instance_profile("writer")
assert_type(profile, InstanceProfile)
profile.add_role(role)
assert_type(profile.role, Role | None)
assert_type(account.roles["writer"], Role)
assert_type(account.console.create_role("reader", policies=["AmazonS3ReadOnlyAccess"]), Role)

web = account.launch_instance(profile)
assert_type(web, Instance)
assert_type(web.profile, InstanceProfile | None)
assert_type(web.metadata, MetadataService)
assert_type(account.instances[web.instance_id], Instance)

credentials = web.metadata.credentials()
assert_type(credentials, Credentials | None)
assert credentials is not None
assert_type(credentials.secret_access_key, Secret)
assert_type(credentials.session_token, Secret | None)

answer = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
assert_type(answer, MetadataResponse)
assert_type(answer.status, int | None)

listed = web.call("s3:ListAllMyBuckets")
assert_type(listed, Response[Any])
assert_type(listed.ok, bool)
assert_type(listed.decision, Decision | None)
assert_type(web.can("s3:PutObject", "arn:aws:s3:::photos/cat.jpg"), Decision)
assert_type(account.can("s3:ListAllMyBuckets", credentials=credentials), Decision)
assert_type(web.run("aws s3 ls"), Completed)
