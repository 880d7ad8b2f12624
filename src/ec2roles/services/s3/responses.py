"""S3's responses as its API has them: a dict as boto3 gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from ec2roles.calls import Call
from ec2roles.instants import UTC
from ec2roles.services.s3 import listing as lists
from ec2roles.services.s3.conditions import read_range
from ec2roles.services.s3.digests import Checksum, checksum
from ec2roles.services.s3.location import HOME, constraint_of
from ec2roles.services.s3.objects import STANDARD
from ec2roles.services.s3.parameters import named_by
from ec2roles.services.s3.tags import tag_set

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket import Bucket
    from ec2roles.services.s3.objects import S3Object

# A parameter of GetObject -> the member of its answer in whose place it comes.
_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}
OVERRIDES: Mapping[str, str] = {
    name: "response-" + "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in member)[1:]
    for name, member in _OVERRIDES.items()
}
"""The parameters that change headers of the answer, each with its name in a query."""

Answer = Mapping[str, Any]


def buckets(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """ListBuckets."""
    return lists.buckets(value, call)


def listing(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """ListObjectsV2."""
    return lists.listing(value, call, "" if bucket is None else bucket.account_id)


def old_listing(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """ListObjects."""
    return lists.old_listing(value, call, "" if bucket is None else bucket.account_id)


def stored(value: S3Object, call: Call, bucket: Bucket | None) -> Answer:
    """PutObject."""
    return {"ETag": value.etag, "ServerSideEncryption": "AES256", **_checksum(value)}


def headers(value: S3Object, call: Call, bucket: Bucket | None) -> Answer:
    """HeadObject."""
    given = call.parameters
    answer: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "ContentLength": value.size,
        "ContentType": value.content_type,
        "ETag": value.etag,
        "LastModified": value.last_modified,
        "Metadata": dict(value.metadata),
        "ServerSideEncryption": "AES256",
        **dict(value.headers),
    }
    answer.update({member: given[name] for name, member in _OVERRIDES.items() if given.get(name) is not None})
    if isinstance(answer.get("Expires"), datetime):
        answer["ExpiresString"] = format_datetime(answer["Expires"].astimezone(UTC), usegmt=True)
    if value.storage_class != STANDARD:
        answer["StorageClass"] = value.storage_class
    tags = () if bucket is None else bucket.object_tags(value.key)
    if tags:
        answer["TagCount"] = len(tags)
    part = read_range(given.get("Range"), value.size)
    if part is not None:
        answer["ContentLength"] = part[1] - part[0] + 1
        answer["ContentRange"] = f"bytes {part[0]}-{part[1]}/{value.size}"
        answer["ResponseMetadata"] = {"HTTPStatusCode": 206}
    elif given.get("ChecksumMode") == "ENABLED":
        answer.update(_checksum(value))
    return answer


def content(value: S3Object, call: Call, bucket: Bucket | None) -> Answer:
    """GetObject."""
    part = read_range(call.parameters.get("Range"), value.size)
    body = value.body if part is None else value.body[part[0] : part[1] + 1]
    return {**headers(value, call, bucket), "Body": body}


def _checksum(value: S3Object) -> dict[str, str]:
    found: Checksum = checksum(value.body) if value.checksum is None else value.checksum
    return {f"Checksum{found.algorithm}": found.value, "ChecksumType": "FULL_OBJECT"}


def deleted(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """DeleteObjects: what was deleted, unless the answer is to be quiet, and what was not."""
    done, failed = value
    quiet = call.parameters["Delete"].get("Quiet")
    answer = {} if quiet or not done else {"Deleted": [dict(one) for one in done]}
    return {**answer, "Errors": [dict(one) for one in failed]} if failed else answer


def location(value: Bucket, call: Call, bucket: Bucket | None) -> Answer:
    """GetBucketLocation; S3 says nothing for us-east-1."""
    return {"LocationConstraint": constraint_of(value.location)}


def created(value: Bucket, call: Call, bucket: Bucket | None) -> Answer:
    """CreateBucket."""
    place = f"/{value.name}" if value.location == HOME else f"http://{value.name}.s3.amazonaws.com/"
    return {"Location": place, "BucketArn": value.arn}


def head(value: Bucket, call: Call, bucket: Bucket | None) -> Answer:
    """HeadBucket."""
    return {"BucketArn": value.arn, "BucketRegion": value.region, "AccessPointAlias": False}


def policy(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """GetBucketPolicy."""
    return {"Policy": json.dumps(value.to_dict(), separators=(",", ":"), ensure_ascii=False)}


def policy_status(value: bool, call: Call, bucket: Bucket | None) -> Answer:
    """GetBucketPolicyStatus."""
    return {"PolicyStatus": {"IsPublic": value}}


def block(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """GetPublicAccessBlock."""
    return {"PublicAccessBlockConfiguration": value.to_aws()}


def tags(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """GetBucketTagging, GetObjectTagging."""
    return {"TagSet": tag_set(value)}


def nothing(value: Any, call: Call, bucket: Bucket | None) -> Answer:
    """What says nothing but that it is done."""
    return {}


def name_of(call: Call) -> str:
    """Return the name of the bucket that *call* is about, or nothing."""
    given = call.parameters if "Bucket" in call.parameters else named_by(call.resource or "*")
    return str(given.get("Bucket", ""))
