"""The modules of 0.1 under their old names."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path

import pytest

from ec2roles import _moved

SOURCE = Path(_moved.__file__).parent


@pytest.mark.parametrize("old", sorted(_moved.MOVED))
def test_an_old_name_warns_and_gives_what_the_new_one_has(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = old.rpartition(".")[0]
    if parent in _moved.MOVED:
        with warnings.catch_warnings(action="ignore"):
            importlib.import_module(f"ec2roles.{parent}")
    monkeypatch.delitem(sys.modules, f"ec2roles.{old}", raising=False)
    new = importlib.import_module(f"ec2roles.{_moved.MOVED[old]}")

    with pytest.warns(DeprecationWarning, match=f"ec2roles.{old} has moved to {new.__name__}"):
        module = importlib.import_module(f"ec2roles.{old}")

    public = [name for name in vars(new) if not name.startswith("_")]
    assert all(getattr(module, name) is getattr(new, name) for name in public)


def test_no_old_name_hides_a_module_that_exists() -> None:
    names = {".".join(path.relative_to(SOURCE).with_suffix("").parts) for path in SOURCE.rglob("*.py")}

    assert not names & set(_moved.MOVED)


def test_no_old_name_hides_a_name_of_its_package() -> None:
    """Python gives a package the name of each of its modules that is imported."""
    hidden = [old for old in _moved.MOVED if old.rpartition(".")[2] in promised(old.rpartition(".")[0])]

    assert hidden == []


def promised(package: str) -> list[str]:
    """Return the `__all__` of a package of the present house, or nothing."""
    if package in _moved.MOVED:
        return []
    names: list[str] = getattr(importlib.import_module(f"ec2roles.{package}".rstrip(".")), "__all__", [])
    return names


def test_other_names_are_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'ec2roles.nowhere'"):
        importlib.import_module("ec2roles.nowhere")


def test_an_old_name_of_a_package_warns_and_is_the_new_one() -> None:
    from ec2roles import policy

    with pytest.warns(DeprecationWarning, match=r"ec2roles\.policy\.Way is ec2roles\.policy\.RequestChange now"):
        way = policy.Way

    assert way is policy.RequestChange
    assert "Way" not in dir(policy)
