"""
P-29: whatever a public method is given, `Ec2RolesError` or `TypeError` comes out, or an answer.

Each parameter of each public method of the things that users hold is given junk in turn, the others what is right.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from ec2roles import Account, Cloud, Credentials, ManualClock, PermissionPolicy, TrustPolicy
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError
from ec2roles.policy import PolicySet, Request, lint, load_policy
from ec2roles.world.propagation import Propagation
from worlds import ADMIN, EC2, LIST, OTHER, OWN, at

NAN, HALF = float("nan"), "\ud800"
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 -- what is refused
JUNK: list[Any] = [
    None, True, 5, -1, 10**400, NAN, "", "x", "x" * 3000, "a\x00b\n", "arn:aws:iam::1:role/x", "arn:", HALF, b"x",
    [], [5], ["x"], {}, {"x": 5}, {5: "x"}, (), object(), NAIVE, at(), timedelta(days=10**9 - 1), int, print,
]  # fmt: skip


class World:
    """One of each thing, and what is right for each parameter by its name."""

    def __init__(self) -> None:
        self.cloud = cloud = Cloud()
        self.account = account = cloud.account(OWN)
        self.alice = account.create_user("alice")
        self.alice.put_policy("p", ADMIN)
        self.key = self.alice.create_access_key()
        self.phone = self.alice.enable_mfa_device()
        self.group = account.create_group("staff")
        self.role = account.create_role("app", trust=TrustPolicy.principal(self.alice.arn))
        self.role.update_trust(EC2)
        self.role.put_policy("p", ADMIN)
        self.policy = account.create_policy("own", ADMIN)
        self.profile = account.create_instance_profile("app")
        self.profile.add_role(self.role)
        self.empty = account.create_instance_profile("empty")
        self.web = account.launch_instance("app", instance_life_cycle="spot", hibernation=True)
        self.bucket = account.s3.create_bucket("photos")
        self.organization = cloud.create_organization(cloud.account(OTHER))
        account.clock.advance(hours=1)

    def things(self) -> dict[str, Any]:
        """What a user holds."""
        account = self.account
        return {
            "Cloud": self.cloud, "Account": account, "Console": account.console, "TokenService": account.sts,
            "S3": account.s3, "History": account.history, "FaultPlan": account.faults, "Role": self.role,
            "User": self.alice, "Group": self.group, "Policy": self.policy, "InstanceProfile": self.empty,
            "Instance": self.web, "MetadataService": self.web.metadata, "NoticeBoard": self.web.notices,
            "Container": self.web.container(), "Bucket": self.bucket, "Organization": self.organization,
            "Service": account.service("lambda.amazonaws.com"), "RootUser": account.root, "MfaDevice": self.phone,
            "Credentials": self.web.metadata.credentials(), "ManualClock": account.clock, "Past": account.as_of(at()),
            "Decision": account.can(LIST, credentials=self.key), "roles": account.roles,
        }  # fmt: skip

    def right(self, name: str) -> Any:
        """What is right for a parameter of this name."""
        return {
            "action": LIST, "name": "new", "role": self.role, "role_name": "app", "trust": EC2, "policy": ADMIN,
            "document": ADMIN, "credentials": self.key, "session_name": "test", "when": at(hours=1), "body": b"x",
            "key": "cat.jpg", "path": "/latest/", "command": "aws s3 ls", "profile": "app", "tags": {"a": "b"},
            "keys": ["a"], "count": 1, "operation": "sts:GetCallerIdentity", "access_key_id": self.key.access_key_id,
            "message": "x", "account_id": OWN, "offset": timedelta(hours=1), "rate": 1, "state": "InService",
            "code": "system-reboot", "not_before": at(hours=2), "not_after": at(hours=3), "target": self.organization.root,
            "account": self.account, "parent": self.organization.root, "method": "GET", "group": self.group,
            "version_id": "v1", "serial_number": "GAHT12345678", "boundary": ADMIN, "event_id": "x", "fault": None,
        }.get(name, "x")  # fmt: skip


MAKERS: dict[str, Callable[..., object]] = {
    "Account()": Account, "Cloud()": Cloud, "ManualClock()": ManualClock, "Rotation()": Rotation,
    "Propagation()": Propagation, "Credentials()": Credentials, "PermissionPolicy.allow": PermissionPolicy.allow,
    "TrustPolicy.service": TrustPolicy.service, "load_policy": load_policy, "lint": lint, "Request()": Request,
    "PolicySet()": PolicySet,
}  # fmt: skip
OPTIONS: dict[str, list[str]] = {
    "launch_instance": [
        "instance_type", "image_id", "region", "availability_zone", "tags", "user_data", "rotation", "http_tokens",
        "http_endpoint", "http_put_response_hop_limit", "instance_metadata_tags", "http_protocol_ipv6", "imds_support",
        "key_name", "security_groups", "instance_life_cycle", "hibernation", "monitoring", "group_name",
        "partition_number", "host_id", "block_devices",
    ],
    "modify_metadata_options": ["http_tokens", "http_endpoint", "http_put_response_hop_limit", "instance_metadata_tags"],
    "modify_instance_metadata_defaults": ["http_tokens", "http_put_response_hop_limit", "http_tokens_enforced"],
}  # fmt: skip
# Parameters that only our own modules have something for: a method with one of them is theirs.
INNER_PARAMETERS = set("call position record place issued shared seen now response ids authorizations".split())
INNER_METHODS = {"issue", "issue_role_session", "stored_session", "from_authorization_details", "fetches"}


def parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    """What *function* takes by name, and needs or may be given."""
    both = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [one for one in inspect.signature(function).parameters.values() if one.kind not in both]


def methods(thing: object) -> Iterator[str]:
    """The names of the public methods of *thing*."""
    for name in dir(type(thing)):
        found = inspect.getattr_static(type(thing), name)
        if name.startswith(("_", "check_")) or name in INNER_METHODS:
            continue
        if inspect.isfunction(found) and not INNER_PARAMETERS & set(inspect.signature(found).parameters):
            yield name


def cases() -> list[tuple[str, str]]:
    """Each method of each thing."""
    found = [(kind, name) for kind, thing in World().things().items() for name in methods(thing)]
    return found + [("", name) for name in MAKERS]


CASES = cases()


def tried(kind: str, name: str, junk: list[Any], step: int) -> None:
    """Give the method *step* of *junk* for each parameter: it must answer, or raise one of our errors."""
    world: World | None = None
    place = 0
    for parameter in taken(kind, name):
        for one in (junk[(place + more) % len(junk)] for more in range(step)):
            # What raises changes nothing, so the same world will do for the next.
            world = world or World()
            method = getattr(world.things()[kind], name) if kind else MAKERS[name]
            needed = [other.name for other in parameters(method) if other.default is other.empty]
            with contextlib.suppress(Ec2RolesError, TypeError):
                method(**{**{other: world.right(other) for other in needed}, parameter: one})
                world = None
        place += step


def taken(kind: str, name: str) -> list[str]:
    """The names of the parameters to try."""
    method = getattr(World().things()[kind], name) if kind else MAKERS[name]
    return [one.name for one in parameters(method) if one.name not in INNER_PARAMETERS] + OPTIONS.get(name, [])


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_junk_gets_an_answer_or_one_of_our_errors(kind: str, name: str) -> None:
    """Three kinds of it for each parameter; which ones differs from case to case."""
    start = CASES.index((kind, name)) % len(JUNK)
    tried(kind, name, JUNK[start:] + JUNK[:start], 3)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_any_junk_gets_an_answer_or_one_of_our_errors(kind: str, name: str) -> None:
    tried(kind, name, JUNK, len(JUNK))


def test_there_are_many_cases() -> None:
    """So that a change of names does not empty the table."""
    assert len(CASES) > 120
    assert {kind for kind, _ in CASES} >= {"Account", "Role", "Instance", "TokenService", "Organization", "FaultPlan"}
    assert sum(len(taken(*case)) for case in CASES) > 300
