"""One of everything that is made and goes again, done over and over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from helpers.worlds import ADMIN, EC2

SCP = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}


@attrs.define(eq=False, slots=False)
class LongLife:
    """
    A Cloud that has everything that a cycle needs.

    Args:
        remember: how far back questions may go; None for ever.
    """

    remember: timedelta | None
    number: int = attrs.field(init=False, default=0)
    cloud: Cloud = attrs.field(init=False)
    account: Account = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.cloud = Cloud(remember=self.remember)
        self.account = account = self.cloud.account(keep_calls=20)
        account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
        self.alice = account.create_user("alice")
        self.alice.put_policy("all", ADMIN)
        self.key = self.alice.create_access_key()
        self.target = account.create_role("target", trust=TrustPolicy.principal(self.alice.arn))
        self.organization = self.cloud.create_organization("999999999999")

    def name(self) -> str:
        """A name that nothing had before."""
        self.number += 1
        return f"n{self.number:08d}"

    def role(self) -> None:
        """A role with a policy of its own."""
        name = self.name()
        role = self.account.create_role(name, trust=EC2)
        role.put_policy("p", PermissionPolicy.allow("s3:*"))
        role.delete_policy("p")
        self.account.delete_role(name)

    def same_role(self) -> None:
        """A role of the same name each time."""
        self.account.create_role("again", trust=EC2)
        self.account.delete_role("again")

    def user(self) -> None:
        """A user with an access key and an MFA device."""
        user = self.account.create_user(self.name())
        key = user.create_access_key()
        assert self.account.call("sts:GetCallerIdentity", credentials=key).ok
        user.enable_mfa_device()
        user.deactivate_mfa_device(user.mfa_devices[0].serial_number)
        user.delete_access_key(key.access_key_id)
        self.account.iam.delete_user(user.name)

    def access_key(self) -> None:
        """A second key of a user who stays."""
        self.alice.delete_access_key(self.alice.create_access_key().access_key_id)

    def root_key(self) -> None:
        """A key of the root user."""
        self.account.root.delete_access_key(self.account.root.create_access_key().access_key_id)

    def group(self) -> None:
        """A group."""
        name = self.name()
        group = self.account.create_group(name)
        self.alice.add_to_group(group)
        self.alice.remove_from_group(group)
        self.account.iam.delete_group(name)

    def policy(self) -> None:
        """A customer managed policy with two versions."""
        name = self.name()
        policy = self.account.create_policy(name, PermissionPolicy.allow("s3:List*"))
        policy.create_version(PermissionPolicy.allow("s3:Get*"))
        policy.delete_version("v1")
        self.account.iam.delete_policy(name)

    def instance_profile(self) -> None:
        """An instance profile that held a role."""
        name = self.name()
        profile = self.account.create_instance_profile(name)
        profile.add_role(self.account.roles["app"])
        profile.remove_role()
        self.account.delete_instance_profile(name)

    def session(self) -> None:
        """A session of a role."""
        assert self.account.sts.assume_role(self.target, "test", credentials=self.key).ok

    def instance(self) -> None:
        """An instance that calls, and is terminated."""
        web = self.account.launch_instance("app")
        assert web.call("s3:ListAllMyBuckets").ok
        web.terminate()

    def client_token(self) -> None:
        """An instance that was launched with a token of the caller's."""
        ec2 = self.account.as_(self.key).ec2
        launched = ec2.run_instances(
            ImageId="ami-0abcdef1234567890", MinCount=1, MaxCount=1, ClientToken=self.name()
        ).result()
        ec2.terminate_instances(InstanceIds=[launched["Instances"][0]["InstanceId"]])

    def bucket(self) -> None:
        """A bucket with an object."""
        name = self.name()
        bucket = self.account.s3.create_bucket(name)
        bucket.put_object("cat.jpg", b"meow")
        assert self.account.call("s3:DeleteObject", f"{bucket.arn}/cat.jpg", credentials=self.key).ok
        self.account.s3.delete_bucket(name)

    def fault(self) -> None:
        """A fault that is over after a while."""
        self.account.faults.sts_outage(begins=self._in(minutes=1), ends=self._in(minutes=2))

    def organizational_unit(self) -> None:
        """A unit with a policy."""
        unit = self.organization.create_organizational_unit(self.name())
        name = self.name()
        self.organization.create_policy(name, SCP)
        self.organization.attach_policy(unit, name)
        self.organization.detach_policy(unit, name)
        self.organization.delete_policy(name)
        self.organization.delete_organizational_unit(unit)

    def call(self) -> None:
        """A call, allowed."""
        assert self.account.call("s3:ListAllMyBuckets", credentials=self.key).ok

    def _in(self, **units: Any) -> Any:
        return self.account.clock.now() + timedelta(**units)


KINDS: dict[str, Callable[[LongLife], None]] = {
    name: getattr(LongLife, name)
    for name in (
        "role", "same_role", "user", "access_key", "root_key", "group", "policy", "instance_profile", "session", "instance",
        "client_token", "bucket", "fault", "organizational_unit", "call",
    )
}  # fmt: skip
