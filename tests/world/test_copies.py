"""What lives in a Cloud is not copied by itself, values are."""

from __future__ import annotations

import copy
import gc
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

import ec2roles
from ec2roles.world.part import Part
from helpers.state import lines_of
from test_atomicity import World

# What lives and is no part of a Cloud: a clock of one's own, what holds values only, what works for one call.
ALONE = {
    "AwsManagedPolicies", "FaultIndex", "Files", "Ids", "Launch", "ManualClock", "Options", "SystemClock",
    "UsageLog", "View", "_Hour", "_Loader",
}  # fmt: skip
EDGES = ("adapters", "cli", "policy", "__main__", "_moved")


def living_classes() -> Iterator[type]:
    """Yield the classes of things that have a life, edges and pure rooms apart."""
    for module in pkgutil.walk_packages(ec2roles.__path__, "ec2roles."):
        if module.name.split(".")[1] in EDGES:
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and kind.__module__ == module.name and attrs.has(kind):
                frozen = "frozen" in kind.__setattr__.__qualname__
                if not frozen and kind.__eq__ is object.__eq__:
                    yield kind


def test_whatever_has_a_life_is_a_part_or_stands_alone() -> None:
    living = list(living_classes())

    assert len(living) > 20
    assert [kind.__name__ for kind in living if not issubclass(kind, Part) and kind.__name__ not in ALONE] == []


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    world.account.as_(world.key).ec2.describe_instances()
    world.web.run("aws sts get-caller-identity")
    assert world.account.root
    return world


def parts_of(world: World) -> dict[str, Any]:
    """One part of each class in *world*."""
    parts = {type(one).__name__: one for one in gc.get_objects() if isinstance(one, Part)}
    return {**parts, "Account": world.account, "Cloud": world.cloud}


def test_no_part_of_a_cloud_is_copied_or_pickled(world: World) -> None:
    parts = parts_of(world)
    assert len(parts) > 20
    before = lines_of(world.account)
    for part in parts.values():
        for make in (copy.copy, copy.deepcopy, *(_pickle(protocol) for protocol in range(6))):
            with pytest.raises(TypeError, match=r"is part of a Cloud.*fork\(\).*snapshot\(\)"):
                make(part)

    assert lines_of(world.account) == before


def _pickle(protocol: int) -> Any:
    return lambda part: pickle.dumps(part, protocol)


def test_what_holds_a_part_is_not_pickled_either(world: World) -> None:
    session = world.account.time.issuer_of(world.key.access_key_id)
    for holder in ([world.account], {"role": world.role}, session, world.account.service("ec2.amazonaws.com")):
        with pytest.raises(TypeError, match="is part of a Cloud"):
            copy.deepcopy(holder)


def test_values_are_copied(world: World) -> None:
    allowed = world.account.call("sts:GetCallerIdentity", credentials=world.key)
    assert allowed.ok
    refused = world.web.call("s3:DeleteBucket", "arn:aws:s3:::photos")
    values = [
        world.key,
        world.web.metadata.credentials(),
        world.web.metadata.get("/latest/meta-data/"),
        allowed.decision,
        refused.decision,
        refused,
        refused.error,
        allowed,
        world.policy.document,
        world.account.time.changes[0],
        next(iter(world.account.history)),
        world.outage,
    ]
    for value in values:
        for again in (copy.copy(value), copy.deepcopy(value)):
            assert repr(again) == repr(value)
            assert type(again) is type(value)


def test_names_are_told_with_their_article(world: World) -> None:
    for part, words in ((world.account, "an Account is"), (world.alice, "a User is"), (world.role, "a Role is")):
        with pytest.raises(TypeError, match=f"^{words} part of a Cloud"):
            copy.copy(part)
