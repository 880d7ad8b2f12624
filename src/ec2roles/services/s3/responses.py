"""S3's requests and responses as its API has them: AWS's own parameters in, and a dict as boto3 gives it out."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.errors import ResourceError

_PREFIX = "arn:aws:s3:::"
_MOST_KEYS = 1000
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")

# AWS's parameter -> ours, where it is passed on as it is.
_PARAMETERS = {
    "Prefix": "prefix",
    "Delimiter": "delimiter",
    "MaxKeys": "max_keys",
    "Marker": "marker",
    "StartAfter": "start_after",
    "ContinuationToken": "continuation_token",
    "EncodingType": "encoding_type",
    "MaxBuckets": "max_buckets",
    "ContentType": "content_type",
    "Metadata": "metadata",
    "Range": "range",
    "IfMatch": "if_match",
    "IfNoneMatch": "if_none_match",
    "VersionId": "version_id",
    "Tagging": "tagging",
    "ACL": "acl",
}
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")


def request(given: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """Return the resource and the parameters of a `Call`, of AWS's own parameters."""
    parameters = {ours: given[name] for name, ours in _PARAMETERS.items() if given.get(name) is not None}
    if given.get("Body") is not None:
        parameters["body"] = given["Body"]
    if "Delete" in given:
        objects = given["Delete"].get("Objects", ())
        parameters["keys"] = tuple(one["Key"] for one in objects)
        parameters["versions"] = tuple(one.get("VersionId") for one in objects)
        parameters["quiet"] = bool(given["Delete"].get("Quiet"))
    if any(given.get(name) for name in _GRANTS):
        parameters["grants"] = True
    bucket, key = given.get("Bucket"), given.get("Key")
    if bucket is None:
        return None, parameters
    return f"{_PREFIX}{bucket}" if key is None else f"{_PREFIX}{bucket}/{key}", parameters


# -- what must be right before anything is done -------------------------------------------------------------------------


def check_listing(parameters: Mapping[str, Any]) -> None:
    """
    Check the parameters of a listing.

    Raises:
        ResourceError: ``InvalidArgument``, for a number of keys or a token that is none.
    """
    most = parameters.get("max_keys", 0)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise ResourceError(
            "Argument maxKeys must be an integer between 0 and 2147483647",
            code="InvalidArgument",
            detail=f"got {shown(most)}",
        )
    _start(parameters)


def check_conditions(etag: str, size: int, parameters: Mapping[str, Any]) -> None:
    """
    Check under which conditions an object is wanted.

    Raises:
        ResourceError: ``PreconditionFailed``, ``NotModified``, ``InvalidRange``.
    """
    wanted = parameters.get("if_match")
    if wanted is not None and wanted.strip('"') != etag.strip('"'):
        raise ResourceError(
            "At least one of the pre-conditions you specified did not hold", code="PreconditionFailed", status=412
        )
    unwanted = parameters.get("if_none_match")
    if unwanted is not None and unwanted.strip('"') in (etag.strip('"'), "*"):
        raise ResourceError("Not Modified", code="NotModified", status=304)
    read_range(parameters.get("range"), size)


def read_range(text: str | None, size: int) -> tuple[int, int] | None:
    """
    Return the first and the last byte that *text* asks for, or None for all of them.

    >>> read_range("bytes=2-", 10), read_range("bytes=-3", 10), read_range("lines=1-2", 10)
    ((2, 9), (7, 9), None)

    Raises:
        ResourceError: ``InvalidRange``, if the object does not reach that far.
    """
    found = _RANGE.fullmatch(text) if text is not None and len(text) < 64 else None
    if found is None or found[0] == "bytes=-":
        return None
    first = int(found[1]) if found[1] else max(size - int(found[2]), 0)
    last = int(found[2]) if found[1] and found[2] else size - 1
    if first > last and found[2] and found[1]:
        return None
    if first >= size:
        raise ResourceError(
            "The requested range is not satisfiable",
            code="InvalidRange",
            status=416,
            detail=f"'{text}' of {size} bytes",
        )
    return first, min(last, size - 1)


# -- what is answered ---------------------------------------------------------------------------------------------------


def buckets(value: Sequence[Any], call: Call) -> Mapping[str, Any]:
    """ListBuckets."""
    prefix = call.parameters.get("prefix", "")
    after = _decoded(call.parameters.get("continuation_token", ""))
    found = [one for one in value if one.name.startswith(prefix) and one.name > after]
    most = call.parameters.get("max_buckets", len(found))
    answer: dict[str, Any] = {
        "Buckets": [{"Name": one.name, "CreationDate": one.creation_date} for one in found[:most]],
    }
    if value:
        answer["Owner"] = {"ID": hashlib.sha256(value[0].account_id.encode()).hexdigest()}
    if len(found) > most:
        answer["ContinuationToken"] = _token(found[most - 1].name)
    if prefix:
        answer["Prefix"] = prefix
    return answer


def listing(value: Sequence[Any], call: Call) -> dict[str, Any]:
    """ListObjectsV2."""
    parameters = call.parameters
    found, groups, last = _page(value, parameters)
    answer = _listed(found, groups, last, call)
    answer["KeyCount"] = len(found) + len(groups)
    for ours, name in (("start_after", "StartAfter"), ("continuation_token", "ContinuationToken")):
        if parameters.get(ours):
            answer[name] = parameters[ours]
    if last is not None:
        answer["NextContinuationToken"] = _token(last)
    return answer


def old_listing(value: Sequence[Any], call: Call) -> dict[str, Any]:
    """ListObjects."""
    found, groups, last = _page(value, call.parameters)
    answer = _listed(found, groups, last, call)
    answer["Marker"] = call.parameters.get("marker", "")
    if last is not None and call.parameters.get("delimiter"):
        answer["NextMarker"] = _encoded(last, call)
    return answer


def _page(value: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[list[Any], list[str], str | None]:
    """The objects and the common prefixes of one page, and where the next one goes on; None if there is none."""
    prefix = str(parameters.get("prefix") or "")
    delimiter = parameters.get("delimiter") or ""
    most = min(parameters.get("max_keys", _MOST_KEYS), _MOST_KEYS)
    start = _start(parameters)
    found: list[Any] = []
    groups: list[str] = []
    last: str | None = None
    for one in value:
        group = ""
        if delimiter:
            at = one.key.find(delimiter, len(prefix))
            group = one.key[: at + len(delimiter)] if at >= 0 else ""
        if (group or one.key) <= start or (group and groups and groups[-1] == group):
            continue
        if len(found) + len(groups) >= most:
            # Without a single key there is nothing to go on from; S3 then says that it is all.
            return found, groups, last
        if group:
            groups.append(group)
        else:
            found.append(one)
        last = group or one.key
    return found, groups, None


def _listed(found: Sequence[Any], groups: Sequence[str], last: str | None, call: Call) -> dict[str, Any]:
    parameters = call.parameters
    answer: dict[str, Any] = {
        "Name": (call.resource or "")[len(_PREFIX) :],
        "Prefix": _encoded(str(parameters.get("prefix") or ""), call),
        "MaxKeys": parameters.get("max_keys", _MOST_KEYS),
        "IsTruncated": last is not None,
    }
    if found:
        answer["Contents"] = [
            {
                "Key": _encoded(one.key, call),
                "LastModified": one.last_modified,
                "ETag": one.etag,
                "Size": one.size,
                "StorageClass": "STANDARD",
            }
            for one in found
        ]
    if groups:
        answer["CommonPrefixes"] = [{"Prefix": _encoded(group, call)} for group in groups]
    if parameters.get("delimiter"):
        answer["Delimiter"] = _encoded(parameters["delimiter"], call)
    if parameters.get("encoding_type"):
        answer["EncodingType"] = parameters["encoding_type"]
    return answer


def stored(value: Any, call: Call) -> dict[str, Any]:
    """PutObject."""
    return {"ETag": value.etag}


def headers(value: Any, call: Call) -> dict[str, Any]:
    """HeadObject."""
    answer = {
        "AcceptRanges": "bytes",
        "ContentLength": value.size,
        "ContentType": value.content_type,
        "ETag": value.etag,
        "LastModified": value.last_modified,
        "Metadata": dict(value.metadata),
    }
    part = read_range(call.parameters.get("range"), value.size)
    if part is not None:
        answer["ContentLength"] = part[1] - part[0] + 1
        answer["ContentRange"] = f"bytes {part[0]}-{part[1]}/{value.size}"
        answer["ResponseMetadata"] = {"HTTPStatusCode": 206}
    return answer


def content(value: Any, call: Call) -> dict[str, Any]:
    """GetObject."""
    part = read_range(call.parameters.get("range"), value.size)
    body = value.body if part is None else value.body[part[0] : part[1] + 1]
    return {**headers(value, call), "Body": body}


def deleted(value: Sequence[str], call: Call) -> dict[str, Any]:
    """DeleteObjects."""
    return {} if call.parameters.get("quiet") else {"Deleted": [{"Key": key} for key in value]}


def location(value: Any, call: Call) -> dict[str, Any]:
    """GetBucketLocation; S3 says nothing for us-east-1."""
    return {"LocationConstraint": None}


def created(value: Any, call: Call) -> dict[str, Any]:
    """CreateBucket."""
    return {"Location": f"/{value.name}"}


def nothing(value: Any, call: Call) -> dict[str, Any]:
    """DeleteBucket, HeadBucket, DeleteObject."""
    return {}


# -- tokens and encodings -----------------------------------------------------------------------------------------------


def _start(parameters: Mapping[str, Any]) -> str:
    token = parameters.get("continuation_token")
    if token is not None:
        return _decoded(token)
    return str(parameters.get("start_after") or parameters.get("marker") or "")


def _token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise ResourceError(
            "The continuation token provided is incorrect", code="InvalidArgument", detail=f"got {shown(token)}"
        ) from None


def _encoded(text: str, call: Call) -> str:
    return quote(text, safe="/") if call.parameters.get("encoding_type") == "url" else text
