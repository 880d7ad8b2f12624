"""Documents that must be refused, with AWS's message and ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ec2roles import errors
from ec2roles.policy import check_size, load_policy

ROWS = json.loads((Path(__file__).parent / "bad_documents.json").read_text(encoding="utf-8"))


def _deep(levels: int) -> Any:
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


def _cycle() -> Any:
    found: dict[str, Any] = {"Version": "2012-10-17"}
    found["Statement"] = [found]
    return found


BUILDERS: dict[str, Any] = {
    "bytes": lambda: b"{}",
    "bytearray": lambda: bytearray(b"{}"),
    "utf16": lambda: "{}".encode("utf-16"),
    "inf": lambda: {"Version": "2012-10-17", "Statement": {"Sid": float("inf")}},
    "long int": lambda: '{"Statement":' + "9" * 5000 + "}",
    "deep text": lambda: "[" * 100_000,
    "deep dict": lambda: {"Statement": _deep(40)},
    "cycle": _cycle,
    "too large": lambda: {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:" + "a" * 6060, "Resource": "*"},
    },
}


@pytest.mark.parametrize("row", ROWS, ids=[f"{index}-row-{row['row']}" for index, row in enumerate(ROWS)])
def test_a_bad_document_is_refused_with_both_wordings(row: dict[str, Any]) -> None:
    """The class, AWS's message, and our detail that ends with the place."""
    document = BUILDERS[row["build"]]() if "build" in row else row["document"]
    expected = getattr(errors, row["error"], None) or TypeError
    with pytest.raises(expected) as caught:
        check_size(load_policy(document, row["kind"], strict=row.get("strict", False)), 6144)
    error = caught.value
    assert type(error) is expected
    text = error.detail if isinstance(error, errors.AwsError) else str(error)
    assert re.search(row["detail"], text or ""), text
    if "message" in row:
        assert isinstance(error, errors.AwsError)
        assert re.search(row["message"], error.message), error.message


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("strict")], ids=lambda row: f"row-{row['row']}")
def test_what_aws_stores_loads_unless_asked_to_be_strict(row: dict[str, Any]) -> None:
    """AWS stores what can never match; so do we, and lint warns."""
    assert load_policy(row["document"], row["kind"]).statements


def test_the_tables_cover_every_row_about_policies() -> None:
    """Rows 1 to 45 are all there."""
    assert {row["row"] for row in ROWS} >= set(range(1, 46))
