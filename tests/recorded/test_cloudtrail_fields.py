"""The records of our trail against the field paths of real ones, for every kind of call that is performed here."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account
from ec2roles.errors import AwsError
from helpers.worlds import OWN, user_with_key

HERE = Path(__file__).parent
ASKED: dict[str, list[tuple[str, dict[str, Any]]]] = json.loads((HERE / "cloudtrail_asked.json").read_text())["asked"]
LEFT_OUT: dict[str, dict[str, str]] = tomllib.loads((HERE / "cloudtrail_left_out.toml").read_text())
NOT_PERFORMED = LEFT_OUT.pop("not_performed")
READ = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
}
OF_BUCKET = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::photos/*",
    },
}


def kind(fact: dict[str, Any]) -> str:
    """A name for a kind of record: service, operation, who asked, and what went wrong."""
    service = fact["eventSource"].partition(".")[0]
    return " ".join(filter(None, [service, fact["eventName"], fact["identity"], fact["errorCode"]]))


FACTS = {kind(fact): fact for fact in json.loads((HERE / "cloudtrail.json").read_text())["facts"]}


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The field paths of a record, written as the recorded ones are."""
    if isinstance(value, dict):
        if not value:
            yield path + "{}"
        for name, one in value.items():
            yield from paths(one, f"{path}.{name}")
    elif isinstance(value, list):
        yield path + "[]"
        for one in value:
            if isinstance(one, dict):
                yield from paths(one, path + "[]")
    else:
        yield path + "=null" if value is None else path


def is_performed(account: Account, operation: str) -> bool:
    """Whether there is such an operation here."""
    try:
        account.registry.operation(operation)
    except AwsError:
        return False
    return True


def made(name: str) -> dict[str, Any]:
    """Our record of a kind."""
    account = Account()
    _, alice = user_with_key(account, admin=True)
    account.create_user("bob")
    bobs = account.users["bob"].create_access_key()
    account.create_policy("unused", READ)
    account.s3.create_bucket("photos")
    account.console.create_role("app", policies=["AdministratorAccess"])
    web = account.launch_instance("app")
    told = {
        "ACCOUNT": OWN,
        "WEB": web.instance_id,
        "KEY": bobs.access_key_id,
        "READ": json.dumps(json.dumps(READ))[1:-1],
        "TRUST": json.dumps(json.dumps(TRUST))[1:-1],
        "BUCKET": json.dumps(json.dumps(OF_BUCKET))[1:-1],
    }
    text = json.dumps(ASKED[name])
    for word, meant in told.items():
        text = text.replace(word, meant)
    key = alice if " IAMUser" in name else web.metadata.credentials()
    for operation, parameters in json.loads(text):
        if name in NOT_PERFORMED and not is_performed(account, operation):
            pytest.skip(NOT_PERFORMED[name])
        response = account.request(operation, parameters, credentials=key)
    failed = name.count(" ") == 3
    assert name.startswith("sts AssumeRole") or response.ok is not failed, response
    wanted = name.split(" ")[1]
    found: dict[str, Any] = [one for one in account.history.to_cloudtrail() if one["eventName"] == wanted][-1]
    return found


def left_out(name: str, path: str) -> bool:
    """Whether a path is listed."""
    return any(
        path == listed or (listed.endswith("*") and path.startswith(listed[:-1])) for listed in LEFT_OUT.get(name, ())
    )


@pytest.mark.parametrize("name", FACTS)
def test_a_record_has_the_fields_of_a_real_one(name: str) -> None:
    fact, record = FACTS[name], made(name)
    ours, always = set(paths(record)), set(fact["always"])
    missing = sorted(path for path in always - ours if not left_out(name, path))
    more = sorted(ours - always - set(fact["sometimes"]))

    assert (missing, more) == ([], [])
    assert record.get("errorCode") == fact["errorCode"]
    assert record["userIdentity"]["type"] == fact["identity"]


def test_what_is_listed_is_missing() -> None:
    """A path that we have is struck off."""
    for name, listed in LEFT_OUT.items():
        missing = set(FACTS[name]["always"]) - set(paths(made(name)))
        assert [one for one in listed if not any(path.startswith(one.rstrip("*")) for path in missing)] == []


def test_every_kind_is_asked_for() -> None:
    assert set(ASKED) == set(FACTS)
    assert {*LEFT_OUT, *NOT_PERFORMED} <= set(FACTS)


def test_paths_are_written_as_the_recorded_ones_are() -> None:
    record = {"a": {}, "b": [], "c": None, "d": [{"e": 1}, {"f": {}}], "g": [1]}
    assert list(paths(record)) == [".a{}", ".b[]", ".c=null", ".d[]", ".d[].e", ".d[].f{}", ".g[]"]
