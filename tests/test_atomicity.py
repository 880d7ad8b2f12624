"""
A public operation that raises has changed nothing, whatever the line at which it was interrupted (P-23).

Each operation is run again and again on one world, and interrupted at its first line, its second, and so on, until it comes
to its end. After each interruption the whole state must be what it was before; at the end it must be what it is in a world
that never saw an interruption.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import pytest

import ec2roles
from ec2roles import Cloud, PermissionPolicy, TrustPolicy
from ec2roles.ec2.instance import Instance
from helpers.sizes import sized
from helpers.state import differences, lines_of
from helpers.worlds import ADMIN, EC2, NOBODY

SOURCES = str(Path(ec2roles.__file__).parent)
SMALL = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos/*")


SCP = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}


class Interrupted(BaseException):
    """Raised in the middle of an operation; like `KeyboardInterrupt` it is no Exception."""


class Interrupter:
    """Raises `Interrupted` at the line event of number *line* inside the library, counted from 1."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.where = ""

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                sys.settrace(None)
                raise Interrupted(self.where)
        return self


class World:
    """An account in which every operation of the table can be done."""

    def __init__(self) -> None:
        self.cloud = cloud = Cloud()
        self.account = account = cloud.account(keep_calls=2)
        self.role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
        self.role.put_policy("write", SMALL)
        self.spare = account.create_role("spare", trust=EC2)
        self.empty = account.create_role("empty", trust=NOBODY)
        self.profile = account.instance_profiles["EC2Role"]
        self.other = account.create_instance_profile("other")
        self.other.add_role(self.spare)
        self.hollow = account.create_instance_profile("hollow")
        self.web = account.launch_instance("EC2Role")
        self.bare = account.launch_instance()
        self.stopped = account.launch_instance("EC2Role")
        self.stopped.stop()
        self.sleeper = account.launch_instance("EC2Role", hibernation=True, tags={"team": "red"})
        self.alice = account.create_user("alice")
        self.alice.put_policy("all", ADMIN)
        self.key = self.alice.create_access_key()
        self.bob = account.create_user("bob")
        self.staff = account.create_group("staff")
        self.admins = account.create_group("admins")
        self.alice.add_to_group(self.staff)
        self.policy = account.create_policy("list", PermissionPolicy.allow("s3:List*"))
        self.policy.create_version(PermissionPolicy.allow("s3:Get*"), set_as_default=False)
        self.loose = account.create_policy("loose", SMALL)
        self.target = account.create_role("target", trust=TrustPolicy.principal(self.alice.arn), tags={"team": "red"})
        self.target.put_permissions_boundary("list")
        self.photos = account.s3.create_bucket("photos")
        self.photos.put_object("cat.jpg", b"meow")
        account.s3.create_bucket("old")
        self.worker = account.create_role("worker", trust=NOBODY)
        self.alice.enable_mfa_device("GAHT12345678")
        self.linked = account.create_service_linked_role("autoscaling.amazonaws.com")
        account.iam.alias.create("acme")
        self.rootkey = account.root.create_access_key()
        self.organization = organization = cloud.create_organization("999999999999")
        self.unit = organization.create_organizational_unit("unit")
        organization.create_organizational_unit("spare")
        organization.add_account("111122223333", self.unit)
        organization.attach_policy(self.unit, organization.create_policy("guard", SCP))
        organization.create_policy("loose", SCP)
        self.outage = account.faults.metadata_outage(instance=self.bare)
        for _ in range(3):  # the history keeps two
            self.web.call("s3:ListAllMyBuckets")
        account.clock.advance(minutes=90)


Operation = Callable[[World], Any]

MOST_USED: dict[str, Operation] = {
    "create_role": lambda world: world.account.create_role("new", trust=EC2, policies=["AmazonS3ReadOnlyAccess"]),
    "put_policy": lambda world: world.role.put_policy("write", SMALL),
    "create_instance_profile": lambda world: world.account.create_instance_profile("new"),
    "add_role": lambda world: world.hollow.add_role(world.spare),
    "launch_instance": lambda world: world.account.launch_instance("EC2Role", tags={"a": "b"}),
    "attach": lambda world: world.bare.attach("EC2Role"),
    "replace": lambda world: world.web.replace("other"),
    "detach": lambda world: world.web.detach(),
    "call": lambda world: world.account.call(
        "s3:PutObject", "arn:aws:s3:::photos/dog.jpg", credentials=world.key, body=b"wuff"
    ),
    "assume_role": lambda world: world.account.sts.assume_role(world.target, "test", credentials=world.key),
}

REST: dict[str, Operation] = {
    "console.create_role": lambda world: world.account.console.create_role("new", policies=["AmazonS3ReadOnlyAccess"]),
    "console.delete_role": lambda world: world.account.console.delete_role("EC2Role"),
    "delete_role": lambda world: world.account.delete_role("empty"),
    "create_service_linked_role": lambda world: world.account.create_service_linked_role(
        "autoscaling.amazonaws.com", custom_suffix="blue", description="for the web"
    ),
    "delete_service_linked_role": lambda world: world.account.delete_service_linked_role(world.linked.name),
    "update_description": lambda world: world.linked.update_description("for the web"),
    "alias.create": lambda world: world.account.iam.alias.create("acme-test"),
    "alias.delete": lambda world: world.account.iam.alias.delete("acme"),
    "update_user": lambda world: world.account.iam.update_user("alice", new_name="alicia", new_path="/staff/"),
    "update_group": lambda world: world.account.iam.update_group("staff", new_name="people"),
    "delete_instance_profile": lambda world: world.account.delete_instance_profile("hollow"),
    "create_user": lambda world: world.account.create_user("carol"),
    "delete_user": lambda world: world.account.delete_user("bob"),
    "create_group": lambda world: world.account.create_group("new"),
    "delete_group": lambda world: world.account.iam.delete_group("admins"),
    "create_policy": lambda world: world.account.create_policy("new", SMALL),
    "delete_policy": lambda world: world.account.delete_policy("loose"),
    "create_version": lambda world: world.policy.create_version(SMALL),
    "set_default_version": lambda world: world.policy.set_default_version("v2"),
    "delete_version": lambda world: world.policy.delete_version("v2"),
    "delete_inline_policy": lambda world: world.role.delete_policy("write"),
    "attach_policy": lambda world: world.spare.attach_policy("list"),
    "detach_policy": lambda world: world.role.detach_policy("AmazonS3ReadOnlyAccess"),
    "put_permissions_boundary": lambda world: world.spare.put_permissions_boundary("list"),
    "delete_permissions_boundary": lambda world: world.target.delete_permissions_boundary(),
    "tag": lambda world: world.spare.tag({"team": "blue"}),
    "untag": lambda world: world.target.untag(["team"]),
    "update_trust": lambda world: world.role.update_trust(NOBODY),
    "update": lambda world: world.role.update(description="for the web", max_session_duration=7200),
    "revoke_sessions": lambda world: world.role.revoke_sessions(),
    "remove_role": lambda world: world.profile.remove_role(world.role),
    "create_access_key": lambda world: world.bob.create_access_key(),
    "update_access_key": lambda world: world.alice.update_access_key(world.key.access_key_id, "Inactive"),
    "delete_access_key": lambda world: world.alice.delete_access_key(world.key.access_key_id),
    "create_login_profile": lambda world: world.alice.create_login_profile("opensesame"),
    "add_to_group": lambda world: world.alice.add_to_group(world.admins),
    "remove_from_group": lambda world: world.alice.remove_from_group(world.staff),
    "launch_instances": lambda world: world.account.launch_instances(3, "EC2Role"),
    "instance by hand": lambda world: (
        Instance(world.profile, sts=world.account.sts, time=world.account.time).instance_id
    ),
    "stop": lambda world: world.web.stop(),
    "start": lambda world: world.stopped.start(),
    "reboot": lambda world: world.web.reboot(),
    "terminate": lambda world: world.web.terminate(),
    "hibernate": lambda world: world.sleeper.hibernate(),
    "create_tags": lambda world: world.sleeper.create_tags({"team": "blue"}),
    "delete_tags": lambda world: world.sleeper.delete_tags(["team"]),
    "modify_metadata_options": lambda world: world.web.modify_metadata_options(http_tokens="required"),
    "modify_instance_metadata_defaults": lambda world: attrs.asdict(
        world.account.modify_instance_metadata_defaults(http_tokens="required")
    ),
    "schedule_event": lambda world: world.web.notices.schedule_event(
        "system-reboot", not_before=world.account.clock.now(), not_after=world.account.clock.now()
    ),
    "set_lifecycle_state": lambda world: world.web.notices.set_lifecycle_state("InService"),
    "create_bucket": lambda world: world.account.s3.create_bucket("new-bucket"),
    "delete_bucket": lambda world: world.account.s3.delete_bucket("old"),
    "put_object": lambda world: world.photos.put_object("cat.jpg", b"purr"),
    "bucket policy": lambda world: setattr(
        world.photos,
        "policy",
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::photos"},
        },
    ),
    "DeleteObject": lambda world: world.account.call(
        "s3:DeleteObject", "arn:aws:s3:::photos/cat.jpg", credentials=world.key
    ),
    "RunInstances": lambda world: world.account.as_(world.key).ec2.run_instances(
        ImageId="ami-0abcdef1234567890", MinCount=2, MaxCount=2, IamInstanceProfile={"Name": "EC2Role"}, ClientToken="x"
    ),
    "StopInstances": lambda world: world.account.as_(world.key).ec2.stop_instances(
        InstanceIds=[world.web.instance_id, world.bare.instance_id]
    ),
    "get_session_token": lambda world: world.account.sts.get_session_token(credentials=world.key),
    "get_federation_token": lambda world: world.account.sts.get_federation_token(
        "lent", credentials=world.key, policy=ADMIN, tags={"team": "red"}
    ),
    "assume_role by a service": lambda world: world.account.service("lambda.amazonaws.com").assume_role(
        world.worker, session_name="test"
    ),
    "enable_mfa_device": lambda world: world.alice.enable_mfa_device(),
    "deactivate_mfa_device": lambda world: world.alice.deactivate_mfa_device("GAHT12345678"),
    "root.create_access_key": lambda world: world.account.root.create_access_key(),
    "root.delete_access_key": lambda world: world.account.root.delete_access_key(world.rootkey.access_key_id),
    "root.enable_mfa_device": lambda world: world.account.root.enable_mfa_device(),
    "create_organization": lambda world: world.cloud.create_organization("888888888888"),
    "create_organizational_unit": lambda world: world.organization.create_organizational_unit("new", world.unit),
    "delete_organizational_unit": lambda world: world.organization.delete_organizational_unit(
        world.organization.organizational_units[1]
    ),
    "add_account": lambda world: world.organization.add_account(world.account),
    "move_account": lambda world: world.organization.move_account("111122223333", world.organization.root),
    "remove_account": lambda world: world.organization.remove_account("111122223333"),
    "organization.create_policy": lambda world: world.organization.create_policy("new", SCP),
    "update_policy": lambda world: world.organization.update_policy("guard", SCP),
    "organization.delete_policy": lambda world: world.organization.delete_policy("loose"),
    "organization.attach_policy": lambda world: world.organization.attach_policy(world.unit, "loose"),
    "organization.detach_policy": lambda world: world.organization.detach_policy(world.unit, "guard"),
    "disable_policy_type": lambda world: world.organization.disable_policy_type("SERVICE_CONTROL_POLICY"),
    "plan a fault": lambda world: world.account.faults.sts_outage(ends=world.account.clock.now() + timedelta(hours=1)),
    "plan another fault": lambda world: world.account.faults.metadata_outage(instance=world.web),
    "clear a fault": lambda world: world.account.faults.clear(world.outage),
    "refused call": lambda world: world.web.call("s3:DeleteBucket", "arn:aws:s3:::photos"),
    "call by an instance": lambda world: world.web.call("s3:ListAllMyBuckets"),
}


def interrupt_at_every(step: int, operate: Operation) -> int:
    """Run *operate* and interrupt it at one line in *step*, each time anew; return how many lines it has, about."""
    world, calm = World(), World()
    operate(calm)
    before = lines_of(world.account)
    for line in range(random.randint(1, step), 100_000, step):
        interrupter = Interrupter(line)
        sys.settrace(interrupter)
        try:
            operate(world)
        except Interrupted:
            after = lines_of(world.account)
            assert after == before, f"interrupted at {interrupter.where}: {differences(before, after)[:5]}"
            continue
        finally:
            sys.settrace(None)
        assert differences(lines_of(calm.account), lines_of(world.account)) == []
        return line - 1
    raise AssertionError("it never came to its end")


# Every fifteenth line, from another one in each run: neighbouring lines mostly stand between the same two writes.
@sized("step", 15, full=1)
@pytest.mark.parametrize("name", MOST_USED)
def test_a_much_used_operation_interrupted_at_any_line_has_changed_nothing(name: str, step: int) -> None:
    assert interrupt_at_every(step, MOST_USED[name]) > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", REST)
def test_any_operation_interrupted_at_any_line_has_changed_nothing(name: str) -> None:
    assert interrupt_at_every(1, REST[name]) > 5


def test_the_proof_finds_an_operation_that_is_half_done() -> None:
    """Two writes that nothing holds together."""

    def careless(world: World) -> None:
        world.account.create_role("one", trust=EC2)
        world.account.create_role("two", trust=EC2)

    with pytest.raises(AssertionError, match="interrupted at"):
        interrupt_at_every(15, careless)
