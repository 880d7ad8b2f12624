"""What each change does to credentials already issued, and to what the metadata shows afterwards: every cell of C5."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from ec2roles import Account, Credentials, Instance, PermissionPolicy
from ec2roles.ec2.rotation import Rotation
from helpers.worlds import EC2, LIST, NOBODY, code

IAM = "/latest/meta-data/iam/"
ROWS = json.loads(Path(__file__).with_name("what_a_change_does.json").read_text(encoding="utf-8"))
ALLOW = PermissionPolicy.allow(LIST)
OPEN = PermissionPolicy.allow(LIST, condition={"StringNotEquals": {"aws:PrincipalTag/stage": "closed"}})


@attrs.define
class World:
    """A role that may list buckets, in a profile, on an instance whose credentials are ten minutes old."""

    account: Account
    web: Instance
    old: Credentials

    @classmethod
    def make(cls, on_refresh_failure: str = "keep") -> World:
        """Return a new one, on the usual clock."""
        account = Account(rotation=Rotation(on_refresh_failure=on_refresh_failure))
        for name in ("app", "other"):
            role = account.create_role(name, trust=EC2)
            role.put_policy("list", OPEN if name == "app" else ALLOW)
            account.create_instance_profile(name).add_role(role)
        account.roles["app"].attach_policy("AmazonSQSReadOnlyAccess")
        web = account.launch_instance("app", hibernation=True)
        old = web.metadata.credentials()
        assert old is not None
        account.clock.advance(minutes=10)
        return cls(account, web, old)

    def shown(self) -> str:
        """What the metadata shows, in a word."""
        answer = self.web.metadata.get(IAM + "security-credentials/")
        if answer.timed_out:
            return "unreachable"
        if self.web.metadata.get(IAM).status == 404:
            return "404"
        if not answer.ok or not answer.body:
            return "404"
        document = json.loads(self.web.metadata.get(f"{IAM}security-credentials/{answer.body}").body)
        if document["Code"] != "Success":
            return str(document["Code"])
        found = self.web.metadata.credentials()
        assert found is not None
        if answer.body == "other":
            return "other"
        return "same" if found == self.old else "rotated"

    def info(self) -> str:
        """The code of ``iam/info``."""
        answer = self.web.metadata.get(IAM + "info")
        if answer.timed_out:
            return "unreachable"
        return str(answer.status) if not answer.ok else str(json.loads(answer.body)["Code"])

    def fate(self) -> str:
        """What the old credentials are still good for, in a word."""
        listed = self.account.call(LIST, credentials=self.old)
        if listed.ok:
            return "valid"
        if code(listed) == "AccessDenied":
            assert self.account.sts.get_caller_identity(credentials=self.old).ok
            return "denied"
        dead = {"s3": code(listed), "sts": code(self.account.sts.get_caller_identity(credentials=self.old))}
        dead["ec2"] = code(self.account.as_(self.old).ec2.describe_instances())
        if dead == {"s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId", "ec2": "AuthFailure"}:
            return "dead"
        if dead == {"s3": "ExpiredToken", "sts": "ExpiredToken", "ec2": "RequestExpired"}:
            return "expired"
        return str(dead)

    # What happens

    def empty_profile(self) -> None:
        """Take the role out of the profile."""
        self.account.instance_profiles["app"].remove_role(self.account.roles["app"])

    def delete_role(self) -> None:
        """Delete the role with all that stands in the way."""
        role = self.account.roles["app"]
        self.empty_profile()
        role.detach_policy("AmazonSQSReadOnlyAccess")
        role.delete_policy("list")
        self.account.delete_role("app")

    def create_role(self) -> None:
        """Make a role of the old one's name and permissions."""
        self.account.create_role("app", trust=EC2).put_policy("list", ALLOW)

    def delete_profile(self) -> None:
        """Delete the profile."""
        self.empty_profile()
        self.account.delete_instance_profile("app")


def put_back(world: World) -> None:
    """Delete the role, make another of its name, and put that into the profile."""
    world.delete_role()
    world.create_role()
    world.account.instance_profiles["app"].add_role(world.account.roles["app"])


def recreate_profile(world: World) -> None:
    """Delete the profile, make another of its name with the same role in it."""
    world.delete_profile()
    world.account.create_instance_profile("app").add_role(world.account.roles["app"])


EVENTS: dict[str, Callable[[World], Any]] = {
    "edit a policy": lambda world: world.account.roles["app"].put_policy("list", PermissionPolicy.deny("s3:*")),
    "detach a policy": lambda world: world.account.roles["app"].delete_policy("list"),
    "attach a policy": lambda world: world.account.roles["app"].attach_policy("AWSDenyAll"),
    "tag the role": lambda world: world.account.roles["app"].tag({"stage": "closed"}),
    "set a boundary": lambda world: world.account.roles["app"].put_permissions_boundary("AmazonSQSReadOnlyAccess"),
    "edit the trust policy": lambda world: world.account.roles["app"].update_trust(NOBODY),
    "disassociate": lambda world: world.web.detach(),
    "replace": lambda world: world.web.replace("other"),
    "swap the role": lambda world: (
        world.empty_profile(),
        world.account.instance_profiles["app"].add_role(world.account.roles["other"]),
    ),
    "remove the role": World.empty_profile,
    "delete the profile": World.delete_profile,
    "delete the role": World.delete_role,
    "delete and recreate the role": lambda world: (world.delete_role(), world.create_role()),
    "delete, recreate and put back the role": put_back,
    "delete and recreate the profile": recreate_profile,
    "revoke the sessions": lambda world: world.account.roles["app"].revoke_sessions(),
    "stop": lambda world: world.web.stop(),
    "stop and start": lambda world: (world.web.stop(), world.web.start()),
    "hibernate": lambda world: world.web.hibernate(),
    "hibernate and wake": lambda world: (world.web.hibernate(), world.web.start()),
    "reboot": lambda world: world.web.reboot(),
    "terminate": lambda world: world.web.terminate(),
}

each_row = pytest.mark.parametrize("row", ROWS, ids=[row["event"] for row in ROWS])


def test_every_event_has_a_row() -> None:
    assert [row["event"] for row in ROWS] == list(EVENTS)


@each_row
def test_the_fate_of_credentials_already_issued(row: dict[str, str]) -> None:
    """From the event on to the last second before they expire, and not beyond."""
    world = World.make()
    assert world.fate() == "valid"
    EVENTS[row["event"]](world)
    assert world.fate() == row["issued"]
    assert world.old.expiration is not None
    world.account.clock.move_to(world.old.expiration - timedelta(seconds=1))
    assert world.fate() == row["issued"]
    world.account.clock.advance(seconds=1)

    assert world.fate() == "expired"


@each_row
def test_what_the_metadata_shows_afterwards(row: dict[str, str]) -> None:
    """At once, and after the next scheduled refresh."""
    world = World.make()
    assert (world.shown(), world.info()) == ("same", "Success")
    EVENTS[row["event"]](world)
    assert world.shown() == row["now"]
    world.account.clock.advance(minutes=50)

    assert world.shown() == row["after_refresh"]
    assert world.info() == row["info"]


@pytest.mark.parametrize("row", [row for row in ROWS if "dropped" in row], ids=lambda row: row["event"])
def test_where_the_last_good_set_is_dropped_the_metadata_shows_the_failure_at_the_next_refresh(
    row: dict[str, str],
) -> None:
    """The other reading, ``Rotation(on_refresh_failure="drop")``; not before the refresh."""
    world = World.make("drop")
    EVENTS[row["event"]](world)
    assert world.shown() == "same"
    world.account.clock.advance(minutes=50)

    assert world.shown() == row["dropped"]


@pytest.mark.parametrize("row", [row for row in ROWS if "dropped" in row], ids=lambda row: row["event"])
def test_the_last_good_set_is_kept_until_it_expires_and_no_longer(row: dict[str, str]) -> None:
    world = World.make()
    EVENTS[row["event"]](world)
    assert world.old.expiration is not None
    world.account.clock.move_to(world.old.expiration - timedelta(microseconds=1))
    assert world.shown() == "same"
    world.account.clock.advance(microseconds=1)

    assert world.shown() == row["dropped"]


def test_a_revoked_instance_is_down_until_its_next_refresh() -> None:
    """Its metadata goes on showing the revoked set for up to an hour."""
    world = World.make()
    world.account.roles["app"].revoke_sessions()
    world.account.clock.advance(minutes=49, seconds=59)
    assert code(world.web.call(LIST)) == "AccessDenied"
    world.account.clock.advance(seconds=1)

    assert world.web.call(LIST).ok


@pytest.mark.parametrize("event", ["stop and start", "hibernate and wake", "reboot"])
def test_tokens_of_the_metadata_service_die_with_a_stop_and_survive_a_reboot(event: str) -> None:
    world = World.make()
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
    token = {"X-aws-ec2-metadata-token": world.web.metadata.put("/latest/api/token", headers=ttl).body}
    EVENTS[event](world)

    assert world.web.metadata.get("/latest/meta-data/instance-id", token).status == (200 if event == "reboot" else 401)


def test_a_program_wakes_from_hibernation_with_expired_credentials_and_finds_fresh_ones() -> None:
    """What it holds in memory is as it was; what it fetches is new."""
    world = World.make()
    world.web.hibernate()
    world.account.clock.advance(days=30)
    world.web.start()

    assert world.fate() == "expired"
    assert world.web.call(LIST).ok
    assert len(list(world.web.role_credentials.fetches(world.account.time.as_of(None)))) == 2
