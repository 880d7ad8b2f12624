"""S3's table of answers again, sent by boto3: in process, and over HTTP with a real signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from ec2roles import Account
from ec2roles.services.shapes import snake_case
from helpers.served import client, served, wired
from helpers.worlds import user_with_key

TABLE = json.loads((Path(__file__).parents[2] / "services" / "s3" / "s3_answers.json").read_text(encoding="utf-8"))
CASES = [case for group in TABLE for case in group["cases"]]
# A header cannot be empty, or hold what is not Latin-1; boto3's own checksum is another one than S3's, and it sends the bytes that
# it said.
_NOT_SENT = (
    "the suffix of directory buckets",  # boto3 takes such a bucket to S3 Express, which signs otherwise
    "fewer bytes than there are",
    "more bytes than there are",
    "as many bytes as there are",
    "CRC64NVME is what S3 works out by itself",
    "what cannot stand in a header",
    "an empty token",
)


def sent(s3: Any, case: dict[str, Any]) -> Any:
    """What boto3 makes of the answer."""
    operation, given = case["ask"]
    asked = {} if operation == "ListBuckets" else {"Bucket": "photos"}
    asked.update(given)
    for name in ("IfModifiedSince", "IfUnmodifiedSince"):
        if name in asked:
            asked[name] = datetime.fromisoformat(asked[name]).replace(tzinfo=timezone.utc)
    try:
        return getattr(s3, snake_case(operation))(**asked)
    except ClientError as error:
        return error.response


@pytest.mark.parametrize("way", ["in process", "over HTTP"])
def test_boto3_gets_the_answers_of_the_table(way: str) -> None:
    """Status, code and members of each refusal; what the table says of each answer."""
    problems = []

    def compare(reach: Callable[[Account, Any], Any]) -> None:
        for case in CASES:
            if case["name"] in _NOT_SENT:
                continue
            for key in [*account.s3["photos"].objects]:
                account.s3["photos"].delete_object(key)
            account.s3["photos"].put_object("cat", b"meow")
            try:
                said = sent(s3, case)
            except ParamValidationError:
                continue
            status = said["ResponseMetadata"]["HTTPStatusCode"]
            if "error" in case:
                error = said.get("Error", {})
                members = {name: text for name, text in error.items() if name not in ("Code", "Message")}
                if [status, error.get("Code"), members] != case["error"]:
                    problems.append(f"{case['name']}: {[status, error]}")
            elif status >= 300 or any(said.get(name) != value for name, value in case.get("says", {}).items()):
                problems.append(f"{case['name']}: {said}")
            if "other" in account.s3._namespace:
                account.s3.delete_bucket("other")

    account = Account()
    account.s3.create_bucket("photos")
    key = user_with_key(account, admin=True)[1]
    if way == "in process":
        s3 = wired("s3", account, key)
        compare(lambda account, key: s3)
    else:
        with served(account) as server:
            s3 = client("s3", server.url, key)
            compare(lambda account, key: s3)
    assert problems == [], "\n".join(problems)
