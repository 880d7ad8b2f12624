"""Signatures that cannot be read, in the form and the words of the service that the request has reached."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from ec2roles.adapters.aws.signature import pairs_of
from helpers.presigned import CAT, Presigned


def rows() -> list[Any]:
    """Each with what it has in common with its neighbours."""
    found, common = [], {}
    path = Path(__file__).with_name("unreadable_signatures.json")
    for row in json.loads(path.read_text(encoding="utf-8")):
        if "_" in row:
            common = row
        else:
            found.append(pytest.param({**common, **row}, id=f"{common['service']} {common['where']} {row['is']}"))
    return found


@pytest.fixture(scope="module")
def place() -> Presigned:
    return Presigned("s3v4")


@pytest.mark.parametrize("row", rows())
def test_a_signature_that_cannot_be_read_is_refused_in_the_services_words(
    place: Presigned, row: dict[str, Any]
) -> None:
    now = datetime.now(timezone.utc)
    day = now.strftime("%Y%m%d")
    filled = json.loads(json.dumps(row).replace("{day}", day).replace("{key}", place.key.access_key_id))
    if filled["where"] == "header":
        said = place.open(*by_header(filled, now), **headers_of(filled, now))
    else:
        said = place.open("GET", by_query(place, filled))
    members = said["error"]
    assert said["status"] == filled.get("status", 400), said
    assert members.pop("Code") == filled["code"]
    assert members.pop("Message") == filled["message"]
    assert members.pop("Type", "Sender") == "Sender"
    assert members == filled.get("members", {})


def by_header(row: dict[str, Any], now: datetime) -> tuple[str, str, bytes]:
    """Method, URL and body."""
    url = f"http://{row.get('host', '127.0.0.1:1')}/"
    if row["service"] == "sts":
        return "POST", url, b"Action=GetCallerIdentity&Version=2011-06-15"
    return "GET", f"{url}?{row.get('query', '')}", b""


def headers_of(row: dict[str, Any], now: datetime) -> dict[str, str]:
    """What is sent with it."""
    signed = f"AWS4-HMAC-SHA256 Credential={row.get('credential')}, SignedHeaders=host, Signature=00"
    found = {"authorization": row.get("authorization", signed)}
    date = row.get("date", now.strftime("%Y%m%dT%H%M%SZ"))
    if date is not None:
        found["x_amz_date"] = date
    if row["service"] == "sts":
        found["content_type"] = "application/x-www-form-urlencoded"
    return found


def by_query(place: Presigned, row: dict[str, Any]) -> str:
    """A good URL, with something in it changed."""
    place.version = "s3" if row["where"] == "query 2" else "s3v4"
    parts = urlsplit(place.url("get_object", CAT))
    pairs = pairs_of(parts.query) | row["change"]
    query = urlencode({name: value for name, value in pairs.items() if value is not None}, quote_via=quote)
    return f"http://{row.get('host', parts.netloc)}{parts.path}?{query}"
