"""Lists of buckets and of objects, page by page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.services.s3.answers import PREFIX, invalid_argument
from ec2roles.services.s3.digests import DEFAULT
from ec2roles.services.s3.location import LOCATIONS

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket import Bucket
    from ec2roles.services.s3.objects import S3Object

_MOST_KEYS = 1000
_MOST_BUCKETS = 10_000
_LARGEST = 2**31 - 1
_REGIONS = LOCATIONS - {"EU"} | {"us-east-1"}
_WITH_BUCKET_REGION = ("MaxBuckets", "ContinuationToken", "Prefix", "BucketRegion")


# -- what must be right before anything is listed -----------------------------------------------------------------------


def check_listing(given: Mapping[str, Any]) -> None:
    """
    Check the parameters of a list of objects.

    Args:
        given: by AWS's names.

    Raises:
        ResourceError: ``InvalidArgument``.
    """
    most = given.get("MaxKeys", 0)
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= _LARGEST:
        raise invalid_argument(f"Argument maxKeys must be an integer between 0 and {_LARGEST}", "maxKeys", most)
    if given.get("EncodingType") not in (None, "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", given["EncodingType"])
    _start(given)


def check_buckets(given: Mapping[str, Any]) -> None:
    """
    Check the parameters of a list of buckets.

    Raises:
        ResourceError: ``InvalidArgument``.
    """
    most = given.get("MaxBuckets", 1)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST_BUCKETS:
        raise invalid_argument(
            f"Argument max-buckets must be an integer between 1 and {_MOST_BUCKETS}", "max-buckets", most
        )
    region = given.get("BucketRegion")
    if region is not None and region not in _REGIONS:
        raise invalid_argument(f"Argument value {region} is not a valid AWS Region", "bucket-region", region)
    if given.get("ContinuationToken") is not None:
        _decoded(given["ContinuationToken"])


# -- what is answered ---------------------------------------------------------------------------------------------------


def owner(account_id: str) -> dict[str, str]:
    """Return an account as S3 names it."""
    return {"ID": hashlib.sha256(account_id.encode()).hexdigest()}


def buckets(value: Sequence[Bucket], call: Call) -> dict[str, Any]:
    """Return the answer of ListBuckets."""
    given = call.parameters
    prefix, region = given.get("Prefix", ""), given.get("BucketRegion")
    after = _decoded(given["ContinuationToken"]) if given.get("ContinuationToken") is not None else ""
    found = [one for one in value if one.name.startswith(prefix) and one.name > after and region in (None, one.region)]
    most = given.get("MaxBuckets", _MOST_BUCKETS)
    answer: dict[str, Any] = {
        "Buckets": [{"Name": one.name, "CreationDate": one.creation_date} for one in found[:most]],
    }
    if any(given.get(name) is not None for name in _WITH_BUCKET_REGION):
        for shown_bucket, one in zip(answer["Buckets"], found, strict=False):
            shown_bucket["BucketRegion"] = one.region
    if value:
        answer["Owner"] = owner(value[0].account_id)
    if len(found) > most:
        answer["ContinuationToken"] = _token(found[most - 1].name)
    if prefix:
        answer["Prefix"] = prefix
    return answer


def listing(value: Sequence[S3Object], call: Call, account_id: str) -> dict[str, Any]:
    """
    Return the answer of ListObjectsV2.

    Args:
        value: the objects that begin with the prefix, in order.
        call: the call.
        account_id: whose bucket it is.
    """
    given = call.parameters
    found, groups, last = _page(value, given)
    answer = _listed(found, groups, last, call, account_id if given.get("FetchOwner") else None)
    answer["KeyCount"] = len(found) + len(groups)
    if given.get("StartAfter"):
        answer["StartAfter"] = _encoded(given["StartAfter"], given)
    if given.get("ContinuationToken"):
        answer["ContinuationToken"] = given["ContinuationToken"]
    if last is not None:
        answer["NextContinuationToken"] = _token(last)
    return answer


def old_listing(value: Sequence[S3Object], call: Call, account_id: str) -> dict[str, Any]:
    """Return the answer of ListObjects."""
    given = call.parameters
    found, groups, last = _page(value, given)
    answer = _listed(found, groups, last, call, account_id)
    answer["Marker"] = _encoded(given.get("Marker", ""), given)
    if last is not None and given.get("Delimiter"):
        answer["NextMarker"] = _encoded(last, given)
    return answer


def _page(value: Sequence[S3Object], given: Mapping[str, Any]) -> tuple[list[S3Object], list[str], str | None]:
    """The objects and the common prefixes of one page, and where the next one goes on; None if there is none."""
    prefix, delimiter = given.get("Prefix", ""), given.get("Delimiter", "")
    most = min(given.get("MaxKeys", _MOST_KEYS), _MOST_KEYS)
    start = _start(given)
    found: list[S3Object] = []
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


def _listed(
    found: Sequence[S3Object], groups: Sequence[str], last: str | None, call: Call, account_id: str | None
) -> dict[str, Any]:
    given = call.parameters
    answer: dict[str, Any] = {
        "Name": given.get("Bucket") or (call.resource or "")[len(PREFIX) :].partition("/")[0],
        "Prefix": _encoded(given.get("Prefix", ""), given),
        "MaxKeys": min(given.get("MaxKeys", _MOST_KEYS), _MOST_KEYS),
        "IsTruncated": last is not None,
    }
    if found:
        answer["Contents"] = [_shown(one, given, account_id) for one in found]
    if groups:
        answer["CommonPrefixes"] = [{"Prefix": _encoded(group, given)} for group in groups]
    if given.get("Delimiter"):
        answer["Delimiter"] = _encoded(given["Delimiter"], given)
    if given.get("EncodingType"):
        answer["EncodingType"] = given["EncodingType"]
    return answer


def _shown(one: S3Object, given: Mapping[str, Any], account_id: str | None) -> dict[str, Any]:
    answer = {
        "Key": _encoded(one.key, given),
        "LastModified": one.last_modified,
        "ETag": one.etag,
        "ChecksumAlgorithm": [DEFAULT if one.checksum is None else one.checksum.algorithm],
        "ChecksumType": "FULL_OBJECT",
        "Size": one.size,
        "StorageClass": one.storage_class,
    }
    if account_id is not None:
        answer["Owner"] = owner(account_id)
    return answer


# -- tokens and encodings -----------------------------------------------------------------------------------------------


def _start(given: Mapping[str, Any]) -> str:
    token = given.get("ContinuationToken")
    if token is not None:
        return _decoded(token)
    return str(given.get("StartAfter") or given.get("Marker") or "")


def _token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _decoded(token: object) -> str:
    """What a token stands for: the last name of the page before. An empty token is none that S3 has ever given."""
    last = ""
    if isinstance(token, str):
        try:
            last = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
        except ValueError:
            last = ""
    if not last:
        raise invalid_argument(
            "The continuation token provided is incorrect",
            "continuation-token",
            detail=f"give back the token of the last answer, got {shown(token)}",
        )
    return last


def _encoded(text: str, given: Mapping[str, Any]) -> str:
    return quote(text, safe="/") if given.get("EncodingType") == "url" else text
