"""The parameters of S3's operations: AWS's names, what is refused, and how those of a call in Python are spelt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ec2roles.arns import shown
from ec2roles.calls import NOTHING, Call
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import PREFIX, invalid_argument, not_simulated

# What is simulated. In a call in Python the same names are written with underscores, `if_match` for `IfMatch`.
_NAMES = (
    "ACL Body Bucket BucketRegion BucketNamespace CacheControl ChecksumAlgorithm ChecksumCRC32 ChecksumCRC32C "
    "ChecksumCRC64NVME ChecksumMD5 ChecksumMode ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumXXHASH128 "
    "ChecksumXXHASH3 ChecksumXXHASH64 ConfirmRemoveSelfBucketAccess ContentDisposition ContentEncoding "
    "ContentLanguage ContentLength ContentMD5 ContentType ContinuationToken CreateBucketConfiguration Delete Delimiter "
    "EncodingType ExpectedBucketOwner Expires FetchOwner GrantFullControl GrantRead GrantReadACP GrantWrite "
    "GrantWriteACP IfMatch IfModifiedSince IfNoneMatch IfUnmodifiedSince Key Marker MaxBuckets MaxKeys Metadata "
    "ObjectOwnership OptionalObjectAttributes PartNumber Policy Prefix PublicAccessBlockConfiguration Range "
    "RequestPayer ResponseCacheControl ResponseContentDisposition ResponseContentEncoding ResponseContentLanguage "
    "ResponseContentType ResponseExpires ServerSideEncryption StartAfter StorageClass Tagging VersionId "
    "WebsiteRedirectLocation"
).split()

_CUSTOMER_KEYS = "encryption with the customer's keys is not; leave it out, or say ServerSideEncryption='AES256'"
_KMS_KEYS = "encryption with keys of KMS is not; leave it out, or say ServerSideEncryption='AES256'"
_LOCK = "buckets have no object lock here"
_DIRECTORY = "AWS has it for directory buckets only"
_NOT_SIMULATED = {
    "SSECustomerAlgorithm": _CUSTOMER_KEYS,
    "SSECustomerKey": _CUSTOMER_KEYS,
    "SSECustomerKeyMD5": _CUSTOMER_KEYS,
    "SSEKMSKeyId": _KMS_KEYS,
    "SSEKMSEncryptionContext": _KMS_KEYS,
    "BucketKeyEnabled": _KMS_KEYS,
    "ObjectLockMode": _LOCK,
    "ObjectLockRetainUntilDate": _LOCK,
    "ObjectLockLegalHoldStatus": _LOCK,
    "ObjectLockEventHold": _LOCK,
    "ObjectLockEventHoldDurationDays": _LOCK,
    "ObjectLockEventHoldDurationYears": _LOCK,
    "ObjectLockEnabledForBucket": _LOCK,
    "BypassGovernanceRetention": _LOCK,
    "MFA": "buckets have no versions here, so none needs a code to be deleted",
    "WriteOffsetBytes": _DIRECTORY,
    "IfMatchLastModifiedTime": _DIRECTORY,
    "IfMatchSize": _DIRECTORY,
}
_SPELLINGS = {name.lower(): name for name in (*_NAMES, *_NOT_SIMULATED)}
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


def request(given: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    """Return the resource and the parameters of a `Call`, of AWS's own parameters."""
    parameters = {name: value for name, value in given.items() if value is not None and name not in ("Bucket", "Key")}
    bucket, key = given.get("Bucket"), given.get("Key")
    if bucket is None:
        return None, parameters
    return f"{PREFIX}{bucket}" if key is None else f"{PREFIX}{bucket}/{key}", parameters


def parameters_of(call: Call) -> Mapping[str, Any]:
    """Return the parameters of *call* by AWS's names, without those that are None."""
    if not call.parameters:
        return NOTHING
    return {
        _SPELLINGS.get(name.replace("_", "").lower(), name): value
        for name, value in call.parameters.items()
        if value is not None
    }


def check_parameters(given: Mapping[str, Any]) -> None:
    """
    Refuse what AWS refuses whatever the bucket, and what it has and we have not.

    Args:
        given: the parameters by AWS's names.

    Raises:
        ResourceError: ``InvalidArgument``, or ``NotImplemented`` for what is not simulated.
    """
    if not given:
        return
    _check_encryption(given)
    mode, until = given.get("ObjectLockMode"), given.get("ObjectLockRetainUntilDate")
    if (mode is None) is not (until is None):
        missing = "x-amz-object-lock-mode" if mode is None else "x-amz-object-lock-retain-until-date"
        raise invalid_argument(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
            missing,
            detail="one is given without the other",
        )
    for name, why in _NOT_SIMULATED.items():
        # What is said to be off is as it is here.
        if given.get(name) not in (None, False):
            raise not_simulated(name, why)
    if given.get("BucketNamespace") not in (None, "global"):
        raise not_simulated("BucketNamespace", "all names of buckets are global here")
    version = given.get("VersionId")
    if version is not None and version != "null":
        message = "Invalid version id specified" if version else "Version id cannot be the empty string"
        raise invalid_argument(
            message,
            "versionId",
            version,
            detail=f"no bucket has versions here, so each object has the one called 'null'; got {shown(version)}",
        )


def _check_encryption(given: Mapping[str, Any]) -> None:
    encryption = given.get("ServerSideEncryption")
    if encryption is None:
        return
    if given.get("SSECustomerAlgorithm") is not None:
        raise invalid_argument(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
            "x-amz-server-side-encryption",
            encryption,
        )
    if encryption == "AES256":
        return
    if isinstance(encryption, str) and encryption.startswith("aws:"):
        raise not_simulated("ServerSideEncryption", _KMS_KEYS)
    raise invalid_argument(
        "The encryption method specified is not supported", "x-amz-server-side-encryption", encryption
    )


def check_object_acl(given: Mapping[str, Any]) -> None:
    """
    Refuse ACLs of objects: the owner of a bucket owns all its objects (``BucketOwnerEnforced``).

    Raises:
        ResourceError: ``AccessControlListNotSupported``.
    """
    said = given.get("ACL")
    if said not in (None, "bucket-owner-full-control") or has_grants(given):
        raise ResourceError(
            "The bucket does not allow ACLs",
            code="AccessControlListNotSupported",
            detail=f"its owner owns all objects in it; use its policy, and leave out ACL={shown(said)}",
        )


def check_bucket_acl(given: Mapping[str, Any]) -> None:
    """
    Refuse ACLs of a new bucket.

    Raises:
        ResourceError: ``InvalidBucketAclWithObjectOwnership``, or ``NotImplemented`` for another ownership.
    """
    ownership = given.get("ObjectOwnership")
    if ownership not in (None, "BucketOwnerEnforced"):
        raise not_simulated("ObjectOwnership", f"buckets are 'BucketOwnerEnforced' here, got {shown(ownership)}")
    said = given.get("ACL")
    if said not in (None, "private") or has_grants(given):
        raise ResourceError(
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            code="InvalidBucketAclWithObjectOwnership",
            detail=f"got ACL={shown(said)}; use the bucket's policy",
        )


def has_grants(given: Mapping[str, Any]) -> bool:
    """Return whether an ACL is given grant by grant."""
    return any(given.get(name) for name in _GRANTS)
