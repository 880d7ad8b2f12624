"""The names that others build on, and no others."""

from __future__ import annotations

import importlib

import pytest

NAMES = {
    "ec2roles": [
        "Account",
        "Cloud",
        "Credentials",
        "Decision",
        "Instance",
        "InstanceProfile",
        "ManualClock",
        "MetadataService",
        "PermissionPolicy",
        "Response",
        "Role",
        "SystemClock",
        "Timekeeper",
        "TokenService",
        "TrustPolicy",
        "errors",
    ],
}
AT_LEAST = {"ec2roles.policy": {"Outcome", "PolicySet", "Request", "evaluate", "load_policy"}}
MODULES = sorted({*NAMES, *AT_LEAST})


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_has_nothing_twice(name: str) -> None:
    module = importlib.import_module(name)

    assert sorted(set(module.__all__)) == list(module.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_a_star_import_gives_just_these(name: str) -> None:
    module = importlib.import_module(name)
    names: dict[str, object] = {}

    exec(f"from {name} import *", names)

    del names["__builtins__"]
    assert sorted(names) == list(module.__all__)
    assert all(value is getattr(module, key) for key, value in names.items())


@pytest.mark.parametrize("name", NAMES)
def test_the_list_is_the_design(name: str) -> None:
    assert NAMES[name] == list(importlib.import_module(name).__all__)


@pytest.mark.parametrize("name", AT_LEAST)
def test_what_the_design_promises_is_there(name: str) -> None:
    assert AT_LEAST[name] <= set(importlib.import_module(name).__all__)


def test_every_public_class_says_where_it_lives() -> None:
    """A class is found where its ``__module__`` says, so a reader of a repr or a traceback finds its source."""
    module = importlib.import_module("ec2roles")
    classes = [value for value in vars(module).values() if isinstance(value, type)]

    for one in classes:
        assert getattr(importlib.import_module(one.__module__), one.__qualname__) is one
