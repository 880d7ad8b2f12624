"""What a call needs is read as of its moment: an answer about the past stays as it was, whatever is changed later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, Credentials, Instance, PermissionPolicy
from ec2roles.errors import AwsError
from helpers.worlds import EC2


class World:
    """An account in which everything is there that a call can be about, and a user who may do all that a condition allows."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.account: Account = self.cloud.account("123456789012")
        self.other: Account = self.cloud.account("111122223333")
        admin = self.account.create_user("admin")
        admin.attach_policy("AdministratorAccess")
        self.admin: Any = self.account.as_(admin.create_access_key())
        self.bob = self.account.create_user("bob", path="/team/")
        self.key: Credentials = self.bob.create_access_key()
        self.spare: Credentials = self.bob.create_access_key()
        self.account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
        self.account.create_role("bare", trust=EC2)
        self.web: Instance = self.account.launch_instance("app", instance_type="t3.micro", tags={"env": "dev"})
        self.association = self.web.association_id
        self.bucket = self.account.s3.create_bucket("photos")
        self.account.s3.delete_public_access_block()
        self.bucket.delete_public_access_block()
        self.bucket.put_object("k", b"x", tags={"env": "dev"})
        self.bucket.policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}],
        }  # fmt: skip
        self.account.create_policy("own", PermissionPolicy.allow("s3:GetObject"))
        self.stranger = self.other.create_user("eve")
        self.stranger.put_policy("p", PermissionPolicy.allow("s3:GetObject"))
        self.strange: Credentials = self.stranger.create_access_key()

    def may(self, **condition: Mapping[str, str]) -> None:
        """Let the user do everything under a condition."""
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
        self.bob.put_policy("p", {"Version": "2012-10-17", "Statement": [statement]})

    def only(self, resource: str) -> None:
        """Let the user do everything with one resource."""
        self.bob.put_policy("p", PermissionPolicy.allow("*", resource=resource))

    def ask(self, action: str, resource: str | None = None, **parameters: Any) -> Callable[[Any], Any]:
        """Return the question whether the user may do something, to be asked about any moment."""

        def asked(at: Any) -> Any:
            try:
                found = self.account.can(action, resource, credentials=self.key, at=at, **parameters)
            except AwsError as error:
                return type(error).__name__
            return found.allowed, found.denied_by, found.message

        return asked


def equals(key: str, value: str) -> Mapping[str, Any]:
    """A condition."""
    return {"StringEquals": {key: value}}


def instance(condition: Mapping[str, Any]) -> Callable[[World], Callable[[Any], Any]]:
    def prepare(world: World) -> Callable[[Any], Any]:
        world.may(**condition)
        return world.ask("ec2:StopInstances", InstanceIds=[world.web.instance_id])

    return prepare


def called(
    operation: str, resource: str | None = None, /, **parameters: Any
) -> Callable[[World], Callable[[Any], Any]]:
    def prepare(world: World) -> Callable[[Any], Any]:
        world.only("*" if resource is None else resource)
        said = {
            name: {"KEY": world.spare.access_key_id, "ASSOCIATION": world.association}.get(value, value)
            if isinstance(value, str)
            else value
            for name, value in parameters.items()
        }
        return world.ask(operation, **said)

    return prepare


def launching(condition: Mapping[str, Any]) -> Callable[[World], Callable[[Any], Any]]:
    def prepare(world: World) -> Callable[[Any], Any]:
        world.may(**condition)
        image = "ami-0abcdef1234567890"
        return world.ask("ec2:RunInstances", ImageId=image, MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "app"})

    return prepare


def foreign(world: World) -> Callable[[Any], Any]:
    def asked(at: Any) -> Any:
        found = world.other.can("s3:GetObject", "arn:aws:s3:::photos/k", credentials=world.strange, at=at)
        return found.allowed, found.denied_by

    return asked


def retype(world: World) -> None:
    world.web.stop()
    answer = world.admin.ec2.modify_instance_attribute(
        InstanceId=world.web.instance_id, InstanceType={"Value": "t3.large"}
    )
    assert answer.ok, answer


def retag(world: World) -> None:
    tags = [{"Key": "env", "Value": "prod"}]
    assert world.admin.ec2.create_tags(Resources=[world.web.instance_id], Tags=tags).ok


def without_profile(world: World) -> None:
    world.web.detach()
    profile = world.account.instance_profiles["app"]
    profile.remove_role(world.account.roles["app"])
    world.account.delete_instance_profile("app")


def delete_bucket(world: World) -> None:
    world.bucket.delete_object("k")
    world.account.s3.delete_bucket("photos")


def take_bucket(world: World) -> None:
    delete_bucket(world)
    world.other.s3.create_bucket("photos")


def without_policy(world: World) -> None:
    world.account.delete_policy("own")


TEAM_BOB = "arn:aws:iam::123456789012:user/team/bob"
MANAGED = "arn:aws:iam::123456789012:policy/own"
CASES: Mapping[str, tuple[Callable[[World], Callable[[Any], Any]], Callable[[World], object]]] = {
    "the instance's type": (instance(equals("ec2:InstanceType", "t3.micro")), retype),
    "the instance's tags": (instance(equals("aws:ResourceTag/env", "dev")), retag),
    "the instance's profile": (
        instance({"StringLike": {"ec2:InstanceProfile": "*/app"}}), lambda world: world.web.detach(),
    ),
    "the instance's options": (
        instance(equals("ec2:MetadataHttpTokens", "optional")),
        lambda world: world.web.modify_metadata_options(http_tokens="required"),
    ),
    "the account's defaults": (
        launching({"StringEqualsIfExists": {"ec2:MetadataHttpTokens": "optional"}}),
        lambda world: world.account.modify_instance_metadata_defaults(http_tokens="required"),
    ),
    "the profile of a launch": (launching({"StringLikeIfExists": {"ec2:InstanceProfile": "*/app"}}), without_profile),
    "an association": (
        called("ec2:DisassociateIamInstanceProfile", AssociationId="ASSOCIATION"), lambda world: world.web.terminate(),
    ),
    "the name of the caller": (
        called("iam:GetUser", TEAM_BOB), lambda world: world.account.iam.update_user("bob", new_name="robert"),
    ),
    "the path of the caller": (
        called("iam:ListAccessKeys", TEAM_BOB), lambda world: world.account.iam.update_user("bob", new_path="/"),
    ),
    "the path of what is renamed": (
        called("iam:UpdateUser", "arn:aws:iam::123456789012:user/team/*", UserName="bob", NewUserName="robert"),
        lambda world: world.account.iam.update_user("bob", new_path="/"),
    ),
    "an access key": (
        called("iam:GetAccessKeyLastUsed", TEAM_BOB, AccessKeyId="KEY"),
        lambda world: world.bob.delete_access_key(world.spare.access_key_id),
    ),
    "the user of an access key": (
        called("iam:GetAccessKeyLastUsed", TEAM_BOB, AccessKeyId="KEY"),
        lambda world: world.account.iam.update_user("bob", new_name="robert"),
    ),
    "a policy for a session": (
        called("sts:GetFederationToken", Name="fed", PolicyArns=[{"arn": MANAGED}]), without_policy,
    ),
    "a bucket": (foreign, delete_bucket),
    "the owner of a bucket": (foreign, take_bucket),
    "an object's tags": (
        lambda world: (world.may(**equals("s3:ExistingObjectTag/env", "dev")),
                       world.ask("s3:DeleteObjectTagging", Bucket="photos", Key="k"))[1], delete_bucket,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CASES)
def test_an_answer_about_the_past_stays_as_it_was(what: str) -> None:
    prepare, change = CASES[what]
    world = World()
    asked = prepare(world)
    world.cloud.clock.advance(hours=1)
    before = asked(None)
    assert before[0] is True, before
    then = world.cloud.clock.now()
    world.cloud.clock.advance(minutes=20)
    change(world)
    world.cloud.clock.advance(minutes=20)
    assert asked(then) == before


def test_an_instance_has_no_keys_before_its_launch() -> None:
    world = World()
    world.may(**equals("ec2:InstanceType", "t3.large"))
    before = world.cloud.clock.now()
    world.cloud.clock.advance(hours=1)
    late = world.account.launch_instance(instance_type="t3.large")
    assert world.ask("ec2:StopInstances", InstanceIds=[late.instance_id])(None)[0]
    assert not world.ask("ec2:StopInstances", InstanceIds=[late.instance_id])(before)[0]


def test_a_deleted_bucket_is_forgotten_with_the_rest_of_the_past() -> None:
    account = Account(remember=timedelta(days=1))
    account.s3.create_bucket("photos")
    for _ in range(3):
        account.s3.delete_bucket("photos")
        account.clock.advance(days=3)
        account.s3.create_bucket("photos")
    assert sum(map(len, account._shared.buckets._deleted.values())) <= 1
