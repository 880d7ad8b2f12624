"""What the metadata service answers, by state, request and answer: ``metadata_table.json`` says where each row is from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Instance, TrustPolicy

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "metadata_table.json").read_text(encoding="utf-8"))
TTL = "X-aws-ec2-metadata-token-ttl-seconds"


def launched(profile: str | None = "app", **options: Any) -> tuple[Account, Instance]:
    """An account with the role ``app`` in the profile of its name, and an instance."""
    account = Account(region=options.pop("region", "us-east-1"))
    account.console.create_role("app")
    return account, account.launch_instance(profile, **options)


def stopped() -> tuple[Account, Instance]:
    """An instance that has been stopped."""
    account, web = launched()
    web.stop()
    return account, web


def full() -> tuple[Account, Instance]:
    """An instance with everything there is."""
    account, web = launched(
        region="eu-west-1",
        tags={"Name": "wéb", "Env": "test"},
        user_data="#!/bin/sh\n",
        instance_metadata_tags="enabled",
        key_name="lesson",
        security_groups=["web", "ssh"],
        instance_life_cycle="spot",
        monitoring=True,
        group_name="rack",
        partition_number=3,
        host_id="h-0123456789abcdef0",
        block_devices={"ebs1": "sdb"},
        availability_zone="eu-west-1b",
    )
    web.notices.set_lifecycle_state("InService")
    web.notices.set_spot_action("terminate")
    web.notices.recommend_rebalance()
    return account, web


def untrusted() -> tuple[Account, Instance]:
    """An instance whose role does not trust EC2."""
    account = Account()
    account.console.create_role("app")
    account.roles["app"].update_trust(TrustPolicy.service("lambda.amazonaws.com"))
    return account, account.launch_instance("app")


def emptied() -> tuple[Account, Instance]:
    """Seven hours after the role was taken out of the profile."""
    account, web = launched()
    account.instance_profiles["app"].remove_role()
    account.clock.advance(hours=7)
    return account, web


def profile_deleted() -> tuple[Account, Instance]:
    """Seven hours after the profile was deleted."""
    account, web = launched()
    account.instance_profiles["app"].remove_role()
    account.delete_instance_profile("app")
    account.clock.advance(hours=7)
    return account, web


STATES: dict[str, Callable[[], tuple[Account, Instance]]] = {
    "plain": launched,
    "bare": lambda: launched(None),
    "stopped": stopped,
    "required": lambda: launched(http_tokens="required"),
    "disabled": lambda: launched(http_endpoint="disabled"),
    "hops2": lambda: launched(http_put_response_hop_limit=2),
    "ipv6": lambda: launched(http_protocol_ipv6="enabled"),
    "full": full,
    "untrusted": untrusted,
    "emptied": emptied,
    "profile-deleted": profile_deleted,
}


def name(row: dict[str, Any]) -> str:
    return f"{row['state']} {row.get('method', 'GET')} {row['path']!a}"


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_the_answer_is_that_of_the_table(row: dict[str, Any]) -> None:
    """Status, and body and headers where the row says them."""
    account, web = STATES[row["state"]]()
    profile = web.profile
    words = {
        "<instance-id>": web.instance_id,
        "<vpc-id>": web.hardware.vpc_id,
        "<profile-id>": "" if profile is None else profile.profile_id,
        "<token>": web.metadata.put("/latest/api/token", {TTL: "21600"}).body,
        "<foreign-token>": account.launch_instance().metadata.put("/latest/api/token", {TTL: "60"}).body,
    }

    def filled(text: str) -> str:
        for word, value in words.items():
            text = text.replace(word, value)
        return text

    answer = web.metadata.request(
        row.get("method", "GET"),
        row["path"],
        {header: filled(value) for header, value in row.get("send", {}).items()},
        row.get("hops", 0),
        ipv6=row.get("ipv6", False),
        position=account.time.as_of(None),
    )

    assert answer.status == row["status"]
    if "body" in row:
        assert answer.body == filled(row["body"])
    assert {header: answer.headers.get(header) for header in row.get("headers", {})} == row.get("headers", {})
    assert [header for header in row.get("without", []) if header in answer.headers] == []


COMMON = ["Content-Length", "Date", "Server", "Connection"]
TTL_LEFT = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"


@pytest.mark.parametrize(
    ("method", "path", "token", "headers"),
    [
        ("PUT", "/latest/api/token", False, [TTL_LEFT, "Content-Type", *COMMON]),
        ("GET", "/latest/meta-data/mac", False, ["Content-Type", "Accept-Ranges", "Last-Modified", *COMMON]),
        ("GET", "/latest/meta-data/mac", True, [TTL_LEFT, "Content-Type", "Accept-Ranges", "Last-Modified", *COMMON]),
        ("GET", "/nowhere", False, ["Content-Type", *COMMON]),
        ("GET", "/nowhere", True, [TTL_LEFT, "Content-Type", *COMMON]),
        ("PUT", "/nowhere", False, ["Content-Type", *COMMON]),
        ("GET", "/latest/api/token", False, ["Allow", "Content-Type", *COMMON]),
        ("OPTIONS", "/latest/api/token", False, ["Allow", "Content-Type", *COMMON]),
        ("POST", "/latest/meta-data/", True, ["Allow", "Content-Type", *COMMON]),
    ],
)
def test_every_answer_has_the_headers_of_its_kind_in_their_order(
    method: str, path: str, token: bool, headers: list[str]
) -> None:
    """As live captures have them (smithy-rs's aws-config test data, 2021; curl, 2020 to 2024)."""
    _, web = launched()
    sent = {TTL: "60"}
    if token:
        sent["X-aws-ec2-metadata-token"] = web.metadata.put("/latest/api/token", {TTL: "60"}).body

    answer = web.metadata.send(method, path, sent)

    assert list(answer.headers) == headers
    assert (answer.headers["Server"], answer.headers["Connection"]) == ("EC2ws", "close")
    assert answer.headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_every_row_says_where_it_is_from_and_is_there_once() -> None:
    assert [row for row in ROWS if not row["source"]] == []
    keys = [
        json.dumps({key: row.get(key) for key in ("state", "method", "path", "send", "hops", "ipv6")}) for row in ROWS
    ]
    assert len(keys) == len(set(keys))


def test_whatever_is_listed_is_there() -> None:
    """Each name of each listing answers 200, from the root down, and a name without a slash lists nothing."""
    _, web = full()
    waiting, seen = ["/latest/meta-data/", "/latest/dynamic/"], 0
    while waiting:
        path = waiting.pop()
        answer = web.metadata.get(path)
        assert answer.status == 200, path
        assert not answer.body.endswith("\n")
        seen += 1
        if path.endswith("/"):
            names = [line.partition("=")[0] + ("/" if "=" in line else "") for line in answer.body.split("\n")]
            waiting.extend(path + name for name in names)

    assert seen > 60
