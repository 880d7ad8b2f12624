"""What CloudTrail records of calls to S3: bucket, key and host, and what else stands in the query or in S3's headers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ec2roles.history.cloudtrail.elements import NOTHING, lower_first, scalar
from ec2roles.services.s3.conditions import read_range
from ec2roles.services.s3.objects import S3Object

_PREFIX = "arn:aws:s3:::"
_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"

# Calls on objects are data events, and so is listing them; the lock of a whole bucket is none.
_ON_OBJECTS = re.compile(r"Object(?!LockConfiguration)|MultipartUpload|^UploadPart|^ListParts$|^HeadBucket$")

# The API's name -> CloudTrail's, where it has kept an older one.
EVENT_NAMES = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "ListObjectsV2": "ListObjects",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

# The part of a bucket that an operation is about, where it does not follow from its name.
_PARTS = {
    "accelerateConfiguration": "accelerate",
    "analyticsConfiguration": "analytics",
    "intelligentTieringConfiguration": "intelligent-tiering",
    "inventoryConfiguration": "inventory",
    "lifecycleConfiguration": "lifecycle",
    "metadataTableConfiguration": "metadataTable",
    "metricsConfiguration": "metrics",
    "notificationConfiguration": "notification",
    "objectLockConfiguration": "object-lock",
}
_QUERIES = {
    "CreateMultipartUpload": {"uploads": ""},
    "DeleteObjects": {"delete": ""},
    "DeletePublicAccessBlock": {"publicAccessBlock": ""},
    "GetObjectAttributes": {"attributes": ""},
    "GetObjectLegalHold": {"legal-hold": ""},
    "GetObjectLockConfiguration": {"object-lock": ""},
    "GetPublicAccessBlock": {"publicAccessBlock": ""},
    "ListMultipartUploads": {"uploads": ""},
    "ListObjectVersions": {"versions": ""},
    "ListObjectsV2": {"list-type": "2"},
    "PutObjectLegalHold": {"legal-hold": ""},
    "PutObjectLockConfiguration": {"object-lock": ""},
    "PutPublicAccessBlock": {"publicAccessBlock": ""},
    "RestoreObject": {"restore": ""},
}
_PART_OF = re.compile(r"(?:Get|Put|Delete)(?:Bucket|Object)([A-Z]\w+)")

# Parameters that stand in the query with words and hyphens, as those of lists do, and those that do not.
_HYPHENED = frozenset(
    "BucketRegion ContinuationToken Delimiter EncodingType FetchOwner KeyMarker Marker MaxBuckets MaxKeys MaxParts MaxUploads "
    "PartNumberMarker Prefix ResponseCacheControl ResponseContentDisposition ResponseContentEncoding ResponseContentLanguage "
    "ResponseContentType ResponseExpires StartAfter UploadIdMarker VersionIdMarker".split()
)
_IN_ONE_WORD = frozenset(("Id", "PartNumber", "UploadId", "VersionId"))
# Parameters that are headers of S3's own.
_HEADERS = {
    "ACL": "x-amz-acl",
    "BucketKeyEnabled": "x-amz-server-side-encryption-bucket-key-enabled",
    "BypassGovernanceRetention": "x-amz-bypass-governance-retention",
    "ChecksumAlgorithm": "x-amz-sdk-checksum-algorithm",
    "ChecksumMode": "x-amz-checksum-mode",
    "CopySource": "x-amz-copy-source",
    "CopySourceRange": "x-amz-copy-source-range",
    "ExpectedBucketOwner": "x-amz-expected-bucket-owner",
    "ExpectedSourceBucketOwner": "x-amz-source-expected-bucket-owner",
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWrite": "x-amz-grant-write",
    "GrantWriteACP": "x-amz-grant-write-acp",
    "MetadataDirective": "x-amz-metadata-directive",
    "ObjectLockEnabledForBucket": "x-amz-bucket-object-lock-enabled",
    "ObjectLockLegalHoldStatus": "x-amz-object-lock-legal-hold",
    "ObjectLockMode": "x-amz-object-lock-mode",
    "ObjectOwnership": "x-amz-object-ownership",
    "RequestPayer": "x-amz-request-payer",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "StorageClass": "x-amz-storage-class",
    "TaggingDirective": "x-amz-tagging-directive",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
}
# Headers that are called otherwise in some operations.
_BY_OPERATION = {
    ("CopyObject", "ChecksumAlgorithm"): "x-amz-checksum-algorithm",
    ("CreateMultipartUpload", "ChecksumAlgorithm"): "x-amz-checksum-algorithm",
    ("GetObjectAttributes", "MaxParts"): "x-amz-max-parts",
    ("GetObjectAttributes", "ObjectAttributes"): "x-amz-object-attributes",
    ("GetObjectAttributes", "PartNumberMarker"): "x-amz-part-number-marker",
}
# What is sent as a body and is no more than its bytes, or too long for a record.
_BODIES = frozenset(("Body", "Delete", "MultipartUpload", "Bucket", "Key"))


def is_data_event(operation: str) -> bool:
    """
    Return whether CloudTrail records such a call only if a trail asks for data events.

    >>> is_data_event("ListObjectsV2"), is_data_event("DeleteBucket")
    (True, False)
    """
    return _ON_OBJECTS.search(operation) is not None


def target(resource: str | None, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """Return the bucket and the key that a call is about; empty if it is about none."""
    if resource is not None and resource.startswith(_PREFIX) and "*" not in resource:
        bucket, _, key = resource.removeprefix(_PREFIX).partition("/")
    else:
        bucket, key = "", ""
    return str(bucket or parameters.get("Bucket") or ""), str(key or parameters.get("Key") or "")


def host(bucket: str, region: str) -> str:
    """Return the host that a call was sent to; a bucket with a dot in its name stands in the path."""
    endpoint = f"s3.{region}.amazonaws.com"
    return f"{bucket}.{endpoint}" if bucket and "." not in bucket else endpoint


def subresource(operation: str) -> dict[str, str]:
    """
    Return what stands in the query of every call of *operation*.

    >>> subresource("GetBucketPolicy"), subresource("ListObjectsV2"), subresource("GetObject")
    ({'policy': ''}, {'list-type': '2'}, {})
    """
    query = _QUERIES.get(operation)
    if query is not None:
        return dict(query)
    match = _PART_OF.fullmatch(operation)
    if match is None:
        return {}
    part = lower_first(match[1])
    return {_PARTS.get(part, part): ""}


def wire_name(operation: str, name: str) -> str | None:
    """Return the name of a parameter in the query or among S3's headers; None for what stands in neither."""
    by_operation = _BY_OPERATION.get((operation, name))
    if by_operation is not None:
        return by_operation
    if name in _IN_ONE_WORD:
        return lower_first(name)
    if name in _HYPHENED:
        return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()
    if name == "Tagging" and not operation.endswith("Tagging"):
        return "x-amz-tagging"
    return _HEADERS.get(name)


def parameters(operation: str, resource: str | None, given: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Return AWS's parameters as S3's records have them."""
    bucket, key = target(resource, given)
    found: dict[str, Any] = {"bucketName": bucket} if bucket else {}
    found["Host"] = host(bucket, region)
    if key:
        found["key"] = key
    found.update(subresource(operation))
    for name, value in given.items():
        wire = wire_name(operation, name)
        if wire is not None and scalar(value) is not NOTHING:
            found[wire] = _text(value)
        elif name == "Policy" and isinstance(value, str | Mapping):
            found["bucketPolicy"] = _policy(value)
        elif isinstance(value, Mapping) and name not in _BODIES and name != "Metadata":
            found[name] = {"xmlns": _XMLNS, **value}
    return found


def _text(value: Any) -> str:
    shown = scalar(value)
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _policy(value: str | Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    try:
        return json.loads(value)
    except ValueError:
        return value  # what was sent is no policy at all; the call was refused


def resources(resource: str | None, parameters: Mapping[str, Any], account_id: str) -> list[dict[str, str]]:
    """Return what a call is about, as records list it."""
    bucket, key = target(resource, parameters)
    listed = [{"type": "AWS::S3::Object", "ARN": f"{_PREFIX}{bucket}/{key}"}] if key else []
    if bucket:
        listed.append({"accountId": account_id, "type": "AWS::S3::Bucket", "ARN": f"{_PREFIX}{bucket}"})
    return listed


def bytes_out(operation: str, value: Any, given: Mapping[str, Any]) -> int:
    """Return how many bytes of an object were sent; the size of other answers is not known here, and is 0."""
    if operation != "GetObject" or not isinstance(value, S3Object):
        return 0
    part = read_range(given.get("Range"), value.size)
    return value.size if part is None else part[1] - part[0] + 1
