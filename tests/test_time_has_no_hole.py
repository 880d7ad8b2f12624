"""
What was true stays true: nothing public can be assigned that would change an answer about the past.

The walk finds every public attribute of every object that can be reached from a world. Assigning one is refused, or is
named below with the reason why it does no harm; and whatever is assigned, answers about the past are compared.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

import ec2roles
from ec2roles import Account, Cloud, Instance, PermissionPolicy, TrustPolicy
from ec2roles.ec2.changes import Changes
from ec2roles.ec2.records import Records
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError, FixedAttributeError, NoSuchEntityError
from ec2roles.sts.token_service import TokenService
from ec2roles.world.part import Part
from helpers.worlds import EC2, LIST

# What may be assigned, and why it does no harm.
ALLOWED = {
    ("Bucket", "policy"): "a property that writes on the bucket's timeline",
}

# Classes of `ec2roles` that no world has an object of: values, and what is only raised.
NOT_PARTS = {"Policy", "PermissionPolicy", "TrustPolicy", "AwsError", "Ec2RolesError", "SystemClock"}
NOT_PARTS |= {"Arn", "Call", "Operation", "Propagation", "Service"}

# Python's own; an error whose method is covered by another object answers nothing else.
METHODS_OF_ERRORS = ("add_note", "with_traceback")

# What never can be assigned, or has nothing below it.
PLAIN = (str, bytes, int, float, type(None), datetime, timedelta, type, type(inspect))
OTHERS = (None, "x", "eu-west-1", "444455556666", 0, True, {}, {"aws:SourceAccount": "1"}, (), [])


@attrs.define
class World:
    """A Cloud with something of everything, an hour old, and what was true half an hour ago."""

    cloud: Cloud
    account: Account
    web: Instance
    then: datetime
    keep: list[Any]

    def answers(self) -> list[Any]:
        """What is said about the past."""
        account, web, then = self.account, self.web, self.then
        past = account.as_of(then)
        key = self.keep[0]
        metadata = (
            "iam/info",
            "iam/security-credentials/app",
            "placement/region",
            "instance-type",
            "tags/instance/Name",
        )
        return [
            [str(web.can(action, at=then).explain()) for action in ("s3:ListAllMyBuckets", "iam:ListRoles")],
            str(account.can("s3:GetObject", "arn:aws:s3:::photos/cat", credentials=key, at=then).explain()),
            [web.metadata.get(f"/latest/meta-data/{path}", at=then) for path in metadata],
            web.metadata.credentials(at=then),
            Records(web).association_id(Records(web).last),
            {name: (one.arn, dict(one.policies), one.tags, one.trust) for name, one in past.roles.items()},
            {name: (one.arn, one.groups, list(one.policies)) for name, one in past.users.items()},
            {name: (one.arn, one.role and one.role.arn) for name, one in past.instance_profiles.items()},
            {name: (one.arn, one.state, one.tags, one.credentials) for name, one in past.instances.items()},
            {name: (one.arn, one.policy) for name, one in past.buckets.items()},
            [str(event) for event in account.history.events(until=then)],
        ]


def made() -> World:
    """That world."""
    cloud = Cloud(seed=3)
    account = cloud.account("123456789012", quotas=None, rotation=Rotation())
    other = cloud.account("111122223333")
    organization = cloud.create_organization(account)
    organization.add_account(other)
    unit = organization.create_organizational_unit("unit")
    role = account.create_role("app", trust=EC2, policies=["AmazonS3ReadOnlyAccess"], tags={"team": "red"})
    role.put_policy("list", PermissionPolicy.allow(LIST))
    account.create_instance_profile("app").add_role(role)
    user, group = account.create_user("alice"), account.create_group("staff")
    user.add_to_group(group)
    policy = account.create_policy("reads", PermissionPolicy.allow("s3:GetObject", resource="*"))
    user.attach_policy(policy)
    key, device = user.create_access_key(), user.enable_mfa_device()
    bucket = account.s3.create_bucket("photos")
    bucket.policy = None
    web = account.launch_instance("app", tags={"Name": "web"}, instance_metadata_tags="enabled")
    box = web.container()
    fault = account.faults.sts_throttling(rate=1000, burst=1000)
    account.clock.advance(minutes=30)
    then = account.clock.now()
    account.clock.advance(minutes=30)
    keep = [
        key,
        device,
        unit,
        box,
        fault,
        organization,
        web.programs.chain,
        web.programs.terminal,
        box.terminal,
        account.root,
    ]
    keep += [Changes(web), Records(web)]
    keep += [account.as_of(then), account.service("lambda.amazonaws.com"), account.as_(key), user, web.notices]
    keep += [account.call("s3:ListAllMyBuckets", credentials=key), web.metadata, web.metadata.get("/latest/"), other]
    keep += [account.can("s3:ListAllMyBuckets", credentials=key), *account.history, cloud.time]
    return World(cloud, account, web, then, keep)


def ours(thing: object) -> bool:
    """Whether its class is of this library; what policies are compiled to is the engine's own, and follows from them."""
    module = type(thing).__module__
    return module.partition(".")[0] == "ec2roles" and not module.startswith("ec2roles.policy.engine")


def walk(*roots: Any) -> Iterator[tuple[Any, str, Any]]:
    """Every public attribute of every object of ours that can be reached: the object, the attribute's name, its value."""
    waiting, seen = list(roots), {}
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, PLAIN) or id(thing) in seen:
            continue
        seen[id(thing)] = thing  # kept, so that no other object gets its id
        if isinstance(thing, Mapping):
            waiting.extend(list(thing.values())[:20])
        elif isinstance(thing, (list, tuple, set, frozenset)):
            waiting.extend(list(thing)[:20])
        if not ours(thing):
            continue
        for name in dir(thing):
            if name.startswith("_") or (isinstance(thing, Exception) and name in METHODS_OF_ERRORS):
                continue
            try:
                value = getattr(thing, name)
            except (Ec2RolesError, KeyError):
                continue
            yield thing, name, value
            if not (inspect.ismethod(value) or inspect.isfunction(value)):
                waiting.append(value)


def kind_of(thing: object, name: str) -> str:
    """The name of the class; of the one that defines the attribute, if it is inherited."""
    owner = next((one for one in type(thing).__mro__ if name in vars(one)), type(thing))
    return owner.__name__ if owner.__module__.startswith("ec2roles") else type(thing).__name__


def assignable(*roots: Any) -> set[tuple[str, str]]:
    """The attributes that take an assignment, of the value that they have."""
    found = set()
    for thing, name, value in walk(*roots):
        try:
            setattr(thing, name, value)
        except AttributeError:
            pass
        else:
            found.add((kind_of(thing, name), name))
        try:
            delattr(thing, name)
        except (AttributeError, TypeError):
            pass
        else:
            found.add((kind_of(thing, name), f"del {name}"))
            setattr(thing, name, value)
    return found


def test_nothing_public_can_be_assigned_but_what_is_on_a_timeline() -> None:
    world = made()

    assert assignable(world.cloud, world.account, world.keep) == ALLOWED.keys()


def test_what_can_be_assigned_does_not_change_what_was() -> None:
    """Nor what is refused: each attribute is given other values."""
    world = made()
    before = world.answers()
    tried = refused = 0
    for thing, name, value in list(walk(world.cloud, world.account, world.keep)):
        for other in OTHERS:
            if other == value or (callable(value) and not ours(value)):
                continue
            tried += 1
            try:
                setattr(thing, name, other)
            except (AttributeError, Ec2RolesError, TypeError):
                refused += 1
    after = world.answers()

    assert after == before
    assert tried > 1000
    assert refused > tried * 0.9


def has_data(kind: type) -> bool:
    """Whether objects of a class have a public attribute that is no method: what performs operations has none."""
    return any(not name.startswith("_") and not callable(getattr(kind, name)) for name in dir(kind))


def test_the_walk_comes_to_an_object_of_every_class_that_has_a_life() -> None:
    """A class that is new is found, or named here."""
    world = made()
    met = {one.__name__ for thing, _, _ in walk(world.cloud, world.account, world.keep) for one in type(thing).__mro__}
    public = {name for name in ec2roles.__all__ if inspect.isclass(getattr(ec2roles, name))}

    def parts(kind: type) -> Iterator[type]:
        for below in kind.__subclasses__():
            yield below
            yield from parts(below)

    inner = {"Shared", "UsageLog", "_Hour"}  # no public attribute leads to them
    core = {one for one in parts(Part) if one.__module__.split(".")[:2] != ["ec2roles", "adapters"]}
    living = {one.__name__ for one in core if one.__module__.startswith("ec2roles.") and has_data(one)}

    assert public - met - NOT_PARTS == set()
    assert living - met - inner == set()


# -- it would be seen -------------------------------------------------------------------------------------------------


class Planted:
    """What somebody could add some day: it has a public attribute, and is no `Part`."""

    def __init__(self) -> None:
        self.skew = 0


Planted.__module__ = "ec2roles.planted"


def test_a_planted_attribute_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = Planted()
    monkeypatch.setattr(TokenService, "planted", property(lambda self: planted), raising=False)

    assert assignable(made().cloud) - ALLOWED.keys() == {("Planted", "skew"), ("Planted", "del skew")}


def test_an_attribute_that_changes_the_past_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``service_context`` was: the judgement about any moment takes what stands there now."""
    world = made()
    before = world.answers()
    monkeypatch.setattr(world.web.hardware.__class__, "__setattr__", object.__setattr__)
    object.__setattr__(world.web.hardware, "region", "eu-west-1")

    assert world.answers() != before


def test_errors_can_be_copied_pickled_and_annotated() -> None:
    error = NoSuchEntityError("The role cannot be found.", detail="no role 'x'", members={"Key": "x"})
    if hasattr(error, "add_note"):  # from Python 3.11 on
        error.add_note("seen")

    for twin in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert (str(twin), twin.code, twin.status, twin.members) == (str(error), error.code, 404, {"Key": "x"})


# -- what findings named ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["service_context", "mfa_present"])
def test_what_services_bring_is_said_when_the_account_is_made(name: str) -> None:
    account = Account()

    with pytest.raises(FixedAttributeError, match=rf"Account\({name}="):
        setattr(account.sts, name, {"aws:SourceAccount": "123456789012"})


@pytest.mark.parametrize(
    "name", ["mfa_present", "service_context", "quotas", "semantics", "seed", "remember", "propagation"]
)
def test_an_option_of_an_account_says_where_it_is_given(name: str) -> None:
    with pytest.raises(FixedAttributeError, match=rf"; Account\({name}=\.\.\.\) says it"):
        setattr(Account(), name, None)


@pytest.mark.parametrize("name", ["seed", "remember", "propagation"])
def test_an_option_of_a_cloud_says_where_it_is_given(name: str) -> None:
    with pytest.raises(FixedAttributeError, match=rf"; Cloud\({name}=\.\.\.\) says it"):
        setattr(Cloud(), name, None)


@pytest.mark.parametrize("place", ["", "console", "iam", "sts", "s3", "history", "time", "instances", "registry"])
def test_a_name_that_there_is_not_is_refused(place: str) -> None:
    account = Account()
    thing = getattr(account, place) if place else account
    for one in (thing, Cloud(), account.create_role("app", trust=EC2), account.create_user("bob")):
        with pytest.raises(FixedAttributeError, match=rf"{type(one).__name__} has no attribute 'reigon'"):
            one.reigon = "eu-west-1"


def test_what_services_bring_does_not_change_with_the_mapping_that_it_was_given_as() -> None:
    keys = {"aws:SourceArn": "arn:aws:config:us-east-1:123456789012:config-rule/any"}
    account = Account(service_context=keys)
    guarded = TrustPolicy.service(
        "ec2.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": "123456789012"}}
    )
    account.create_instance_profile("app").add_role(account.create_role("app", trust=guarded))
    web = account.launch_instance("app")
    keys["aws:SourceAccount"] = "123456789012"

    assert web.metadata.credentials() is None


@pytest.mark.parametrize(
    "assign",
    [
        lambda account: setattr(account, "region", "eu-west-1"),
        lambda account: setattr(account, "rotation", Rotation.observed()),
        lambda account: setattr(account.iam, "quotas", None),
        lambda account: setattr(account.time, "clock", None),
        lambda account: setattr(account.history, "keep_calls", 1),
        lambda account: setattr(account.create_role("app", trust=EC2), "name", "other"),
        lambda account: delattr(account, "region"),
    ],
)
def test_a_refusal_says_what_to_do(assign: Callable[[Account], None]) -> None:
    with pytest.raises(FixedAttributeError, match="is fixed when it is made; make another one"):
        assign(Account())
