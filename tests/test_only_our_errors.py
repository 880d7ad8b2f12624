"""
P-29: whatever a public method is given, `Ec2RolesError` or `TypeError` comes out, or an answer.

Each parameter of each public method of the things that users hold is given junk in turn, the others what is right.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from types import FunctionType
from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ec2roles import Account, Cloud, Credentials, ManualClock, PermissionPolicy, TrustPolicy, policy
from ec2roles.adapters.botocore.session import boto_session
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError
from ec2roles.policy import CallerKind, PermittedActions, PolicySet, Request, evaluate, lint, load_policy
from ec2roles.world.propagation import Propagation
from helpers.junk import World as JunkWorld
from helpers.junk import junk, models
from helpers.served import LOADER
from helpers.worlds import ADMIN, EC2, LIST, OTHER, OWN, at, digest

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
INNER_METHODS = {"issue", "issue_role_session", "from_authorization_details", "fetches", "note_use"}


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


@cache
def kinds() -> dict[str, Any]:
    """One of each thing, to read its methods from."""
    return World().things()


def cases() -> list[tuple[str, str]]:
    """Each method of each thing."""
    found = [(kind, name) for kind, thing in kinds().items() for name in methods(thing)]
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
    method = getattr(kinds()[kind], name) if kind else MAKERS[name]
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


# -- policies alone -----------------------------------------------------------------------------------------------------

READ = PermissionPolicy.allow("s3:GetObject")
READS = PolicySet(identity=[READ])
SOMEBODY = f"arn:aws:iam::{OWN}:user/alice"
WRITING = Request(SOMEBODY, "s3:PutObject", context={"a:b": "c"})
DENIED = evaluate(WRITING, READS)
# What is right for each argument, by its name.
RIGHT: dict[str, Any] = {
    "policies": READS, "policy_set": READS, "before": READS, "after": READS, "request": WRITING, "requests": [WRITING],
    "candidates": ["s3:GetObject"], "principal": SOMEBODY, "action": "s3:GetObject", "document": READ.to_dict(),
    "policy": READ, "limit": 5, "mapping": {"a:b": "c"}, "decisions": (DENIED,), "principals": {}, "key": "a:b",
    "text": SOMEBODY, "kind": CallerKind.USER, "name": "x", "arn": SOMEBODY,
}  # fmt: skip
HELD: dict[str, object] = {
    "a context": WRITING.context, "a decision": DENIED, "a permission policy": READ, "a policy set": READS,
    "a request": WRITING, "a trust policy": EC2, "a way out": DENIED.why_not(), "permitted actions": PermittedActions((DENIED,)),
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., object]] = {
    **{
        name: made
        for name in policy.__all__
        if not isinstance(made := getattr(policy, name), type) or not issubclass(made, Enum)
    },
    **{
        f"{name} of {kind}": getattr(thing, name)
        for kind, thing in HELD.items()
        for name in dir(type(thing))
        if name[0] != "_"
        and isinstance(inspect.getattr_static(type(thing), name), (FunctionType, classmethod, staticmethod))
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_junk_for_a_function_of_the_policy_package_gets_an_answer_or_one_of_our_errors(name: str) -> None:
    function = FUNCTIONS[name]
    allowed: tuple[type[Exception], ...] = (Ec2RolesError, TypeError)
    if name == "decision of permitted actions":
        allowed = (*allowed, KeyError)  # what was no candidate, as in any collection that is looked up in
    needed = {one.name: RIGHT.get(one.name, "x") for one in parameters(function) if one.default is one.empty}
    for parameter in parameters(function):
        for one in JUNK:
            with contextlib.suppress(*allowed):
                function(**{**needed, parameter.name: one})
    for one in JUNK:
        with contextlib.suppress(*allowed):
            function(one)


@pytest.mark.parametrize("one", JUNK)
def test_evaluate_says_what_is_of_the_wrong_type(one: Any) -> None:
    for given, word in (
        ((one, READS), "request"),
        ((WRITING, one), "policy_set"),
        ((WRITING, READS, one), "semantics"),
    ):
        with pytest.raises(TypeError, match=f"{word} must be a "):
            evaluate(*given)


def test_there_are_many_cases() -> None:
    """So that a change of names does not empty the table."""
    assert len(CASES) > 120
    assert {kind for kind, _ in CASES} >= {"Account", "Role", "Instance", "TokenService", "Organization", "FaultPlan"}
    assert sum(len(taken(*case)) for case in CASES) > 300


# -- every operation, on every way in -----------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Account, Credentials, str, dict[str, Any]], object]] = {
    "request": lambda account, key, name, given: account.request(name, given, credentials=key),
    "call": lambda account, key, name, given: account.call(name, credentials=key, **given),
    "call with a resource": lambda account, key, name, given: account.call(name, "arn:aws:s3:::photos", credentials=key, **given),
    "can": lambda account, key, name, given: account.can(name, credentials=key, **given),
    "as_": lambda account, key, name, given: in_python(account.as_(key), name, given),
}  # fmt: skip


def in_python(clients: Any, name: str, given: dict[str, Any]) -> object:
    """The call as a method with AWS's names."""
    service, _, operation = name.partition(":")
    return getattr(getattr(clients, service), xform_name(operation))(**given)


def with_boto3(account: Account, key: Credentials, name: str, given: dict[str, Any]) -> object:
    """The call by a client of boto3's that checks nothing itself."""
    service, _, operation = name.partition(":")
    return getattr(boto3_client(account, key, service), xform_name(operation))(**given)


@lru_cache(maxsize=32)
def boto3_client(account: Account, key: Credentials, service: str) -> Any:
    """One for all operations: it takes a while to make."""
    config = Config(parameter_validation=False, retries={"max_attempts": 0})
    return boto_session(account, credentials=key, loader=LOADER).client(service, config=config)


WAYS["boto3 in process"] = with_boto3


def ours(error: BaseException) -> bool:
    """Whether *error* may come out: one of ours, a `TypeError`, or boto3's, for an answer or for what it cannot send."""
    if isinstance(error, (Ec2RolesError, TypeError, ClientError, BotoCoreError)):
        return True
    modules = {frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)}
    return "botocore.serialize" in modules and not any(name.startswith("ec2roles") for name in modules)


def sent_by(way: str, seed: int, rounds: int) -> int:
    """Every operation with junk in its parameters, so many times; return how many were refused."""
    rng = random.Random(f"{way} {seed}")
    services, refusals = models(), 0
    for _ in range(rounds):
        junk_world = JunkWorld()
        account = junk_world.account
        for service, model in services.items():
            for operation in account.registry.operations(service):
                if operation.name not in model.operation_names:
                    continue
                shape = model.operation_model(operation.name).input_shape
                drawn = {} if shape is None else junk(rng, shape, junk_world.right)
                given = {str(key): value for key, value in drawn.items()} if isinstance(drawn, dict) else {}
                before = digest(account, calls=False)
                failed = True
                try:
                    response = WAYS[way](account, rng.choice(junk_world.keys), f"{service}:{operation.name}", given)
                    failed = way == "can" or getattr(response, "error", None) is not None
                except Exception as error:  # noqa: BLE001 - which of them is the question
                    if not ours(error):
                        pytest.fail(f"{way} {service}:{operation.name} {given}: {error!r}")
                if failed:
                    refusals += 1
                    assert digest(account, calls=False) == before, f"{way} {service}:{operation.name} {given}"
    return refusals


@pytest.mark.parametrize("way", WAYS)
def test_junk_in_the_parameters_of_every_operation_gets_an_answer_or_one_of_our_errors(way: str) -> None:
    """Over HTTP, `adapters/test_signed_junk.py` does the same."""
    assert sent_by(way, 1, 2) > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("way", WAYS)
def test_any_junk_in_the_parameters_of_every_operation_does(way: str, seed: int) -> None:
    sent_by(way, seed + 2, 10)
