"""
Every constraint of AWS's model, broken once: for each operation that is performed here, at every level of its parameters.

The cases are made from the same shapes that the reader of parameters has (``scripts/build_shapes.py``). A case is one call that
is right but for one value: a name that is not known, a value of another type, one that is missing, too short, too long, too small,
too large, of another pattern, or none of those there are.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import attrs
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ec2roles import Account, Credentials
from ec2roles.adapters.botocore.session import boto_session
from ec2roles.errors import AwsError
from ec2roles.services.constraints import in_sdk, member
from ec2roles.services.parameters import Reader
from ec2roles.services.shapes import Shape, load, matches, snake_case
from helpers.served import CONFIG, LOADER, wired
from helpers.worlds import digest, user_with_key

SERVICES = ("iam", "sts", "ec2", "s3")
UNKNOWN, TYPE = "unknown", "type"
# What boto3 refuses itself, in its own words, before a call is sent.
OF_THE_SDK = (UNKNOWN, TYPE)

Place = tuple[str | int, ...]


@attrs.frozen
class Case:
    """
    One call with one bad value.

    Args:
        service, operation: which.
        kind: which kind of constraint is broken.
        place: where.
        parameters: of the call.
        told: the place that the message names: the list, where an item of it is a single value.
    """

    service: str
    operation: str
    kind: str
    place: Place
    parameters: Mapping[str, Any] = attrs.field(repr=False)
    told: Place


# -- values that fit ----------------------------------------------------------------------------------------------------

TEXTS = [
    "arn:aws:iam::123456789012:role/app", "a", "aa", "/", "/a/", "/a", "v1", "1", "123456", "123456789012", "x" * 20,
    "arn:aws:iam::aws:policy/ReadOnlyAccess", "https://example.com", "{}", "us-east-1",
]  # fmt: skip


# What there is in the world that they are asked of.
THERE = {"BucketName": "photos", "ObjectKey": "cat.jpg"}


def good(shape: Shape) -> Any:
    """A value that fits, with what is required and nothing more."""
    if shape.name in THERE:
        return THERE[shape.name]
    if shape.type == "structure":
        return {name: good(shape.members[name]) for name in shape.required}
    if shape.type == "list":
        return [good(shape.member)] * max(shape.least or 0, 1)
    if shape.type == "map":
        return {"a": good(shape.value)}
    if shape.type in ("string", "character"):
        return shape.enum[0] if shape.enum else fitting(shape)
    if shape.type == "boolean":
        return False
    if shape.type == "blob":
        return b"a" * max(shape.least or 0, 1)
    if shape.type == "timestamp":
        return datetime(2026, 1, 1, tzinfo=timezone.utc)
    return shape.least or 1


def fitting(shape: Shape) -> str:
    least, most = shape.least or 0, shape.most or 10_000
    for text in [*TEXTS, "a" * least, "1" * least]:
        if least <= len(text) <= most and (shape.pattern is None or matches(shape.pattern, text)):
            return text
    raise AssertionError(f"no text here fits {shape.name}: {shape.pattern}, {least}-{most}")


# -- values that do not -------------------------------------------------------------------------------------------------


def bad(shape: Shape) -> Iterator[tuple[str, Any]]:
    """Values that break one constraint each, with its kind."""
    yield TYPE, "x" if shape.type in ("integer", "long", "boolean") else 5
    if shape.type in ("list", "string", "character", "blob"):
        unit: Any = {"list": lambda: [good(shape.member)], "blob": lambda: b"a"}.get(shape.type, lambda: "a")()
        if shape.least:
            yield "length", unit * (shape.least - 1)
        if shape.most is not None:
            yield "length", unit * (shape.most + 1)
    if shape.type in ("integer", "long"):
        if shape.least is not None:
            yield "range", shape.least - 1
        if shape.most is not None:
            yield "range", shape.most + 1
    if shape.type in ("string", "character"):
        if shape.enum:
            yield "enum", "NoSuchValue"
        if shape.pattern is not None:
            length = max(shape.least or 1, 1)
            for character in ("\x00", "\u20ac", "!", " ", "\ud7ff", "/"):
                if not matches(shape.pattern, character * length):
                    yield "pattern", character * length
                    break


def broken(shape: Shape, place: Place, above: tuple[str, ...]) -> Iterator[tuple[str, Place, Place, Any]]:
    """All ways to break what is at *place*: the kind, where, the place that is told, and the whole value."""
    if shape.name in above or len(above) > 8:
        return
    above = (*above, shape.name)
    if place:
        for kind, value in bad(shape):
            yield kind, place, place, value
    if shape.type == "structure":
        fine = good(shape)
        yield UNKNOWN, (*place, "NoSuchThing"), place, {**fine, "NoSuchThing": "x"}
        for name in shape.required:
            rest = {one: value for one, value in fine.items() if one != name}
            yield "null", (*place, name), (*place, name), rest
        for name, inner in shape.members.items():
            for kind, where, told, value in broken(inner, (*place, name), above):
                yield kind, where, told, {**fine, name: value}
    elif shape.type == "list":
        single = shape.member.type not in ("structure", "list", "map")
        for kind, where, told, value in broken(shape.member, (*place, 1), above):
            of_list = place if single and kind not in OF_THE_SDK else told
            yield kind, where, of_list, [value, *[good(shape.member)] * ((shape.least or 1) - 1)]
    elif shape.type == "map":
        for kind, where, told, value in broken(shape.value, (*place, "a"), above):
            yield kind, where, told, {"a": value}


@cache
def cases() -> tuple[Case, ...]:
    """All of them, for what is simulated."""
    found = []
    registry = Account().registry
    for service in SERVICES:
        for operation in registry.operations(service):
            reader = operation.read
            assert isinstance(reader, Reader), operation.name
            for kind, place, told, parameters in broken(reader.shape, (), ()):
                if reader.simulated is None or place[0] in reader.simulated or place == ("NoSuchThing",):
                    found.append(Case(service, operation.name, kind, place, parameters, told))
    return tuple(found)


# -- asking -------------------------------------------------------------------------------------------------------------


def world() -> tuple[Account, Credentials]:
    """A user who may do everything, and what most calls are about."""
    account = Account()
    account.s3.create_bucket("photos").put_object("cat.jpg", b"meow")
    return account, user_with_key(account, "admin", admin=True)[1]


def check(case: Case, error: AwsError | None) -> None:
    """The error is the one of the broken constraint, in the words of the service."""
    assert error is not None, case
    assert isinstance(error, AwsError), case
    if case.kind == UNKNOWN:
        assert f'Unknown parameter in {in_sdk(case.told)}: "NoSuchThing", must be one of: ' in error.message, case
        return
    if case.kind == TYPE:
        assert f"Invalid type for parameter {in_sdk(case.place)}, value: " in error.message, case
        return
    assert not error.message.startswith("Parameter validation failed"), case
    if case.service in ("iam", "sts"):
        assert error.code == "ValidationError", (case, error)
        assert re.match(r"[0-9]+ validation errors? detected: ", error.message), (case, error)
        assert f"at '{member(case.told)}' failed to satisfy constraint: Member must " in error.message, (case, error)
    else:
        assert error.code in CODES[case.service], (case, error)


# HEAD has no body: its codes are its status.
CODES = {
    "ec2": ("MissingParameter", "InvalidParameterValue"),
    "s3": (
        "InvalidArgument", "MalformedXML", "InvalidBucketName", "InvalidRequest", "InvalidStorageClass", "InvalidPartNumber",
        "InvalidLocationConstraint", "InvalidBucketAclWithObjectOwnership", "AccessControlListNotSupported", "NotImplemented",
        "416",
    ),
}  # fmt: skip


def by_request(account: Account, key: Credentials, case: Case) -> AwsError | None:
    return account.request(f"{case.service}:{case.operation}", case.parameters, credentials=key).error


def by_client(account: Account, key: Credentials, case: Case) -> AwsError | None:
    method = getattr(getattr(account.as_(key), case.service), snake_case(case.operation))
    error: AwsError | None = method(**case.parameters).error
    return error


def by_call(account: Account, key: Credentials, case: Case) -> AwsError | None:
    """By our names, made of AWS's by rule."""
    given = {name if name == "NoSuchThing" else snake_case(name): value for name, value in case.parameters.items()}
    action = f"{case.service}:{case.operation}"
    return account.call(action, credentials=key, **given).error


def by_boto3(account: Account, key: Credentials, case: Case) -> AwsError | None:
    """In process, without boto3's own checks before the call."""
    return told_by(in_process(account, key, case.service), case)


def by_http(account: Account, key: Credentials, case: Case) -> AwsError | None:
    """Signed, as it would come over the wire."""
    return told_by(over_http(account, key, case.service), case)


UNCHECKED = Config(parameter_validation=False)


@lru_cache(maxsize=4)
def in_process(account: Account, key: Credentials, service: str) -> Any:
    return boto_session(account, credentials=key, loader=LOADER).client(service, config=CONFIG.merge(UNCHECKED))


@lru_cache(maxsize=4)
def over_http(account: Account, key: Credentials, service: str) -> Any:
    return wired(service, account, key, CONFIG.merge(UNCHECKED))


def told_by(client: Any, case: Case) -> AwsError | None:
    try:
        getattr(client, snake_case(case.operation))(**case.parameters)
    except ClientError as error:
        told = error.response["Error"]
        return AwsError(told["Message"], code=told["Code"])
    return None


def share(most: int, *, sent: bool = False) -> list[Case]:
    """Some of the cases, the same ones each time; *sent* are those that a request can say at all."""
    all_of_them = [case for case in cases() if not sent or can_be_sent(case)]
    return random.Random(most).sample(all_of_them, min(most, len(all_of_them)))


def can_be_sent(case: Case) -> bool:
    # A name that is not known and a value of another type are lost, or fail, where botocore writes the request; so is a place in
    # the path that is missing. What is empty is not written at all, and HEAD has no body to say what is wrong.
    if case.kind in OF_THE_SDK or case.operation.startswith("Head") or case.service == "s3":
        return False
    value: Any = case.parameters
    for part in case.place if case.kind != "null" else case.place[:-1]:
        value = value[part - 1] if isinstance(part, int) else value[part]
    if isinstance(value, list):
        return any(one not in ([], {}) for one in value)
    return value is case.parameters or value != {}


@pytest.mark.parametrize("service", SERVICES)
def test_each_broken_constraint_is_awss_error_and_changes_nothing(service: str) -> None:
    account, key = world()
    before = digest(account, calls=False)
    for case in cases():
        if case.service == service:
            check(case, by_request(account, key, case))

    assert digest(account, calls=False) == before


@pytest.mark.parametrize("way", [by_client, by_call])
def test_each_way_in_refuses_them(way: Any) -> None:
    account, key = world()
    before = digest(account, calls=False)
    for case in share(300):
        check(case, way(account, key, case))

    assert digest(account, calls=False) == before


@pytest.mark.parametrize("way", [by_boto3, by_http])
def test_boto3_and_signed_requests_are_refused_as_well(way: Any) -> None:
    account, key = world()
    before = digest(account, calls=False)
    for case in share(30, sent=True):
        check(case, way(account, key, case))

    assert digest(account, calls=False) == before


@pytest.mark.slow
@pytest.mark.parametrize("way", [by_client, by_call, by_boto3, by_http])
def test_each_way_in_refuses_all_of_them(way: Any) -> None:
    account, key = world()
    before = digest(account, calls=False)
    for case in share(100_000, sent=way in (by_boto3, by_http)):
        check(case, way(account, key, case))

    assert digest(account, calls=False) == before


def test_the_count_that_is_published_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/fidelity.md says how many there are at least, and of how many operations."""
    operations = len({(case.service, case.operation) for case in cases()})
    with capsys.disabled():
        told = ", ".join(f"{count} of {service}" for service, count in Counter(one.service for one in cases()).items())
        print(f"\n{len(cases()):,} broken constraints of {operations} operations: {told}")

    page = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text(encoding="utf-8")
    published = re.search(r"more than ([0-9,]+) broken constraints of more than ([0-9]+) operations", page)
    assert published is not None
    for there, said in ((len(cases()), published[1]), (operations, published[2])):
        assert 0.8 * there < int(said.replace(",", "")) <= there


def test_every_pattern_of_awss_is_one_of_pythons() -> None:
    for service in SERVICES:
        for shape in load(service).all():
            if shape.pattern is not None:
                matches(shape.pattern, "a\u00e9\u4e2d")
