"""No member of a structure vanishes: each that AWS's shapes have makes a difference, or is refused before anything changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account
from ec2roles.services.shapes import Shape, load
from helpers.worlds import user_with_key

TABLE = json.loads((Path(__file__).parent / "s3_nested.json").read_text(encoding="utf-8"))
VALUES = {
    "string": "x",
    "long": 3,
    "integer": 3,
    "boolean": True,
    "timestamp": datetime(2020, 1, 1, tzinfo=timezone.utc),
}


def inner(shape: Shape) -> Shape:
    """What a list holds, or the shape itself."""
    return shape.member if shape.type == "list" else shape


def members(shape: Shape, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Shape]]:
    """Every member below *shape*, with the names on the way to it."""
    for name, member in inner(shape).members.items() if inner(shape).type == "structure" else ():
        yield (*place, name), member
        yield from members(member, (*place, name))


def nested() -> Iterator[tuple[str, tuple[str, ...], Shape]]:
    """Every member of a structure in the parameters of every operation that is performed."""
    for operation in Account().api.registry.operations("s3"):
        shape = load("s3").input(operation.name)
        for place, member in members(shape):
            if len(place) > 1:
                yield operation.name, place, member


ALL = {f"{operation}: {'.'.join(place)}": (operation, place, shape) for operation, place, shape in nested()}
EFFECTS = [(operation, name) for operation, names in TABLE["makes a difference"].items() for name in names]


def outcome(operation: str, given: dict[str, Any]) -> Any:
    """The answer to a call, and all that it can have changed."""
    account = Account()
    bucket = account.s3.create_bucket("photos", public_access_block=None)
    for key in ("cat", "dog"):
        bucket.put_object(key, b"meow")
    answer = account.request(f"s3:{operation}", given, credentials=user_with_key(account, admin=True)[1])
    error = None if answer.error is None else (answer.error.code, answer.error.detail)
    changed = [
        (
            one.name,
            one.location,
            one.tags,
            one.public_access_block,
            [(key, one.object_tags(key)) for key in one.objects],
        )
        for one in account.s3.buckets
    ]
    return error, None if answer.error else answer.value, changed


def example(shape: Shape) -> Any:
    """A value of *shape*."""
    if shape.type == "list":
        return [example(shape.member)]
    if shape.type == "structure":
        return {name: example(member) for name, member in shape.members.items()}
    return shape.enum[0] if shape.enum else VALUES[shape.type]


def with_member(given: dict[str, Any], place: tuple[str, ...], shape: Shape) -> dict[str, Any]:
    """Return *given* with an example of the member at *place*."""
    found = copy.deepcopy(given)
    here: Any = found
    for name in place[:-1]:
        here = here.setdefault(name, {})
        here = here[0] if isinstance(here, list) else here
    here[place[-1]] = example(shape)
    return found


def refused(name: str) -> bool:
    """Whether the table has nothing that the member does."""
    operation, place, _ = ALL[name]
    return ".".join(place[1:]) not in TABLE["makes a difference"].get(operation, {})


@pytest.mark.parametrize("name", [name for name in ALL if refused(name)])
def test_a_member_that_does_nothing_is_refused_before_anything_changes(name: str) -> None:
    operation, place, shape = ALL[name]
    error, _, changed = outcome(operation, with_member(TABLE["base"][operation], place, shape))
    assert error is not None
    assert error[0] == "NotImplemented"
    assert any(part in error[1] for part in place)
    assert [(one[0], [key for key, _ in one[4]]) for one in changed] == [("photos", ["cat", "dog"])]


@pytest.mark.parametrize(("operation", "name"), EFFECTS)
def test_a_member_that_is_not_refused_makes_a_difference(operation: str, name: str) -> None:
    first, second = TABLE["makes a difference"][operation][name]
    base = TABLE["base"][operation]
    (structure,) = (one for one in base if isinstance(base[one], dict))
    answers = [outcome(operation, {**base, structure: one}) for one in (first, second)]
    assert answers[0] != answers[1]


def test_every_structure_of_the_shapes_is_in_the_table() -> None:
    assert {operation for operation, _, _ in ALL.values()} == TABLE["base"].keys()
    known = {f"{operation}: {'.'.join(place[1:])}" for operation, place, _ in ALL.values()}
    assert {f"{operation}: {name}" for operation, name in EFFECTS} <= known
    assert any(refused(name) for name in ALL)
