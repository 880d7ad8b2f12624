"""Everything that an account and its Cloud hold, as text: what an operation that fails must leave as it was."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import Ec2RolesError
from ec2roles.iam.managed import AwsManagedPolicies
from ec2roles.iam.quotas import Quotas
from ec2roles.policy import Context, Decision, Policy, PolicySet, Semantics
from ec2roles.secret import Secret
from ec2roles.services.registry import Registry
from ec2roles.world.ids import Scramble
from ec2roles.world.journal import Journal
from ec2roles.world.timeline import Timeline

# What is only remembered, and would be worked out again: without it nothing but time would be lost.
CACHES = {
    "_instant",
    "_shown",
    "answers",
    "compiled",
    "judge",
    "policy_set",
    "_sessions",
    "_room",
    "_served",
    "_programs",
    "_terminal",
    "_members",
}


def state_of(thing: object) -> str:
    """Return a digest of all that *thing* holds, caches apart."""
    walk = _Walk()
    walk.add(thing)
    return hashlib.sha256("\n".join(walk.lines).encode()).hexdigest()


def differences(before: list[str], after: list[str]) -> list[str]:
    """Return the lines that are in one of the two only."""
    return [f"- {line}" for line in before if line not in after] + [f"+ {line}" for line in after if line not in before]


def lines_of(thing: object) -> list[str]:
    """Return what `state_of` digests, line by line."""
    walk = _Walk()
    walk.add(thing)
    return walk.lines


class _Walk:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.numbers: dict[int, int] = {}
        self.kept: list[object] = []

    def add(self, thing: object, place: str = "") -> None:
        if thing is None or isinstance(thing, (bool, int, float, str, bytes, datetime, timedelta, Enum)):
            self.lines.append(f"{place} {thing!r}")
            return
        if isinstance(thing, Secret):
            self.lines.append(f"{place} secret {thing.reveal()}")
            return
        if isinstance(thing, (FunctionType, BuiltinFunctionType, MethodType, type)) or callable(thing):
            self.lines.append(f"{place} {getattr(thing, '__qualname__', type(thing).__name__)}")
            return
        if isinstance(thing, Credentials):
            # A value: whether two places hold the same object or equal ones depends on what is remembered.
            self._open(thing, place)
            return
        # An object that comes twice is named by its number, so that being the same object counts.
        number = self.numbers.get(id(thing))
        if number is not None:
            self.lines.append(f"{place} #{number}")
            return
        self.numbers[id(thing)] = len(self.numbers)
        self.kept.append(thing)
        self._open(thing, place)

    def _open(self, thing: Any, place: str) -> None:
        if isinstance(thing, (PolicySet, AwsManagedPolicies, Journal, Registry, Quotas, Semantics, Scramble)):
            return
        if isinstance(thing, Policy):
            self.lines.append(f"{place} {thing.name} {thing.to_dict()!r}")
        elif isinstance(thing, (Decision, Context, Ec2RolesError)):
            self.lines.append(f"{place} {thing!r}")
        elif isinstance(thing, Mapping):
            self.lines.append(f"{place} of {len(thing)}")
            for key, value in thing.items():
                self.add(value, f"{place}[{key!r}]")
        elif isinstance(thing, (list, tuple, deque, set, frozenset)):
            self.lines.append(f"{place} of {len(thing)}")
            for number, one in enumerate(thing):
                self.add(one, f"{place}[{number}]")
        else:
            self.lines.append(f"{place} {type(thing).__name__}")
            for name in _names(thing):
                if name not in CACHES:
                    self.add(getattr(thing, name, None), f"{place}.{name}")


def _names(thing: object) -> Iterable[str]:
    if isinstance(thing, Timeline):
        return Timeline.__slots__
    if attrs.has(type(thing)):
        return [field.name for field in attrs.fields(type(thing))]  # type: ignore[misc]
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    return [name for name in (*slots, *sorted(getattr(thing, "__dict__", {}))) if name != "__weakref__"]
