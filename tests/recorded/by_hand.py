"""Facts that no list of calls can say: presigned URLs, the metadata service's own pages, and the table of linked roles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ec2roles import Account
from helpers.presigned import CAT, Presigned
from helpers.worlds import NOBODY

Fact = Mapping[str, Any]
META = {**CAT, "Metadata": {"foo": "bar"}}


def _compared(said: Mapping[str, Any], fact: Fact) -> Iterator[str]:
    from recorded.replay import compared

    return compared(said, fact["expect"])


def _put_without_what_was_signed(fact: Fact) -> Iterator[str]:
    place = Presigned("s3v4")
    yield from _compared(place.open("PUT", place.url("put_object", META), b"meow"), fact)


def _put_with_another_header(fact: Fact) -> Iterator[str]:
    place = Presigned("s3v4" if "s3v4" in fact["where"] else "s3")
    yield from _compared(place.open("PUT", place.url("put_object", META), b"meow", x_amz_meta_wrong="wrong"), fact)


def _tampered(fact: Fact) -> Iterator[str]:
    place = Presigned("s3v4" if "s3v4" in fact["where"] else "s3")
    if "put" in fact["key"]:
        url = place.url("put_object", CAT)
        yield from _compared(place.open("PUT", url.replace("cat.jpg", "dog.jpg"), b"woof"), fact)
    url = place.url("get_object", CAT)
    yield from _compared(place.open("GET", url.replace("cat.jpg", "dog.jpg")), fact)
    if place.open("GET", url) != {"status": 200, "answer": b"meow"}:
        yield "the URL that was not tampered with works with AWS, here it does not"


def _override_that_is_not_latin_1(fact: Fact) -> Iterator[str]:
    place = Presigned("s3")
    url = place.url("get_object", {**CAT, "ResponseCacheControl": fact["expect"]["error"]["ArgumentValue"]})
    yield from _compared(place.open("GET", url), fact)


def _credential_encoded_twice(fact: Fact) -> Iterator[str]:
    place = Presigned("s3v4")
    url = place.url("get_object", CAT)
    yield from _compared(place.open("GET", url.replace("%2F", "%252F")), fact)


def _chunks_of_a_presigned_put(fact: Fact) -> Iterator[str]:
    place = Presigned("s3v4")
    url = place.url("put_object", {**CAT, "ContentMD5": "pX8KKuGXS1f2VTcuJpqjkw=="})
    headers = {
        "Content_MD5": "pX8KKuGXS1f2VTcuJpqjkw==",
        "x_amz_content_sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x_amz_date": "20260101T000000Z",
    }
    if "without" not in fact["key"]:
        headers["x_amz_decoded_content_length"] = "4"
    yield from _compared(place.open("PUT", url, b"meow", **headers), fact)


def _page_of_the_metadata_service(fact: Fact) -> Iterator[str]:
    web = Account().launch_instance()
    token = web.metadata.send("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
    path = "/latest/meta-data/iam/security-credentials"
    said = web.metadata.send("GET", path, {"X-aws-ec2-metadata-token": token})
    expect = fact["expect"]
    sent = sorted(f"{name.lower()}: {value}" for name, value in said.headers.items())
    for line in expect["headers"]:
        if not any(one == line.lower() or one.startswith(f"{line.lower()}: ") for one in map(str.lower, sent)):
            yield f"AWS sends the header {line!r}, here {sent}"
    if (said.status, len(said.body)) != (expect["status"], expect["content_length"]):
        yield f"AWS has {expect['content_length']} bytes, here {len(said.body)}"


def _role_that_ec2_may_not_assume(fact: Fact) -> Iterator[str]:
    account = Account()
    account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
    web = account.launch_instance("app")
    account.roles["app"].update_trust(NOBODY)
    account.clock.advance(hours=12)
    said = web.metadata.send("GET", "/latest/meta-data/iam/security-credentials/app", {})
    document, expect = json.loads(said.body), fact["expect"]
    if (said.status, list(document)) != (expect["status"], expect["members_in_order"]):
        yield f"AWS has {expect['members_in_order']}, here {said.status} {list(document)}"
    if document["Code"] != expect["Code"]:
        yield f"AWS {expect['Code']!r}, here {document['Code']!r}"


def _linked_roles(fact: Fact) -> Iterator[str]:
    from recorded.replay import Place, compared

    place = Place()
    for row in fact["rows"]:
        service = row["AWSServiceName"]
        said = place.send("iam:CreateServiceLinkedRole", {"AWSServiceName": service})
        if "error" in said:
            yield f"{service}: worked with AWS, here {said['error']['Code']}: {said['error']['Message']}"
            continue
        role = place.send("iam:GetRole", {"RoleName": said["answer"]["Role"]["RoleName"]})["answer"]["Role"]
        for name in ("RoleName", "Path", "MaxSessionDuration"):
            if role[name] != row[name]:
                yield f"{service}: AWS has {name} {row[name]!r}, here {role[name]!r}"
        statement = role["AssumeRolePolicyDocument"]["Statement"][0]
        if (statement["Action"], statement["Principal"]) != ("sts:AssumeRole", {"Service": service}):
            yield f"{service}: another trust policy: {statement}"
        attached = place.send("iam:ListAttachedRolePolicies", {"RoleName": role["RoleName"]})["answer"][
            "AttachedPolicies"
        ]
        # A policy that the package of managed policies has not is left away, and a note says so.
        if [one["PolicyArn"] for one in attached] not in (row["attached"], []):
            yield f"{service}: AWS attaches {row['attached']}, here {attached}"
        suffixed = place.send("iam:CreateServiceLinkedRole", {"AWSServiceName": service, "CustomSuffix": "x"})
        wanted = f"{row['RoleName']}_x" if row["custom_suffix_allowed"] else None
        got = suffixed.get("answer", {}).get("Role", {}).get("RoleName")
        if got != wanted:
            yield f"{service}: with a suffix AWS makes {wanted!r}, here {got!r}"
    for error in fact["errors"]:
        if isinstance(error["expect"], str) or "error" not in error["expect"]:
            continue
        parameters = error.get("params", {"AWSServiceName": "batch.amazonaws.com"})
        yield from compared(place.send(error["op"], parameters), error["expect"])
    deleted = place.send("iam:DeleteServiceLinkedRole", {"RoleName": "AWSServiceRoleForBatch"})
    task = deleted.get("answer", {}).get("DeletionTaskId", "")
    if not task.startswith("task/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch/"):
        yield f"AWS answers a task, here {deleted}"
        return
    status = place.send("iam:GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": task})
    yield from compared(status, {"Status": "SUCCEEDED"})


_WHERE = "TestS3PresignedUrl test_"
_SIGNED = f"{_WHERE}presigned_url_signature_authentication"
_CHUNKED = f"{_WHERE}put_object_with_md5_and_chunk_signature_bad_headers[s3v4-True]"
REPLAYS: dict[str, Callable[[Fact], Iterable[str]]] = {
    f"{_WHERE}put_url_metadata_with_sig_s3v4[False] no-meta-headers": _put_without_what_was_signed,
    f"{_WHERE}put_url_metadata_with_sig_s3v4[False] wrong-meta-headers": _put_with_another_header,
    f"{_WHERE}put_url_metadata_with_sig_s3[False] wrong-meta-headers": _put_with_another_header,
    f"{_WHERE}get_response_overrides_unicode_metadata_with_sig_s3 unicode-error": _override_that_is_not_latin_1,
    f"{_WHERE}presigned_double_encoded_credentials error-malformed": _credential_encoded_twice,
    f"{_CHUNKED} with-decoded-content-length": _chunks_of_a_presigned_put,
    f"{_CHUNKED} without-decoded-content-length": _chunks_of_a_presigned_put,
    **{
        f"{_SIGNED}[{version}-True] invalid-{kind}-1": _tampered
        for version in ("s3", "s3v4")
        for kind in ("get", "put")
    },
    "imds_no_iam_role": _page_of_the_metadata_service,
    "credentials.rs imds_error_response": _role_that_ec2_may_not_assume,
    "iam:CreateServiceLinkedRole TestIAMServiceRoles": _linked_roles,
}
