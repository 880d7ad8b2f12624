"""The parameters of S3's operations: how they are read, and what of them is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import NOTHING, Call
from ec2roles.errors import ResourceError
from ec2roles.services.constraints import s3_error
from ec2roles.services.parameters import Reader
from ec2roles.services.s3.answers import PREFIX, invalid_argument, invalid_bucket_name, not_simulated

PLAIN = frozenset({"Bucket", "Key", "Body"})
"""What nearly every object is put with: nothing else needs a look then."""

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
# A member, the list in it if there is one, and what AWS has for directory buckets only in each structure there.
_NOT_SIMULATED_WITHIN = (
    ("CreateBucketConfiguration", "", ("Location", "Bucket")),
    ("Delete", "Objects", ("LastModifiedTime", "Size")),
)
# What S3 says in other words for each when a value is none of those there are, or too small or too large.
_OWN_WORDS = frozenset(
    "ACL BucketNamespace DataRedundancy EncodingType IfMatchSize LocationConstraint MaxBuckets MaxKeys ObjectLockEventHold "
    "ObjectLockEventHoldDurationDays ObjectLockEventHoldDurationYears ObjectLockLegalHoldStatus ObjectLockMode "
    "ObjectOwnership PartNumber ServerSideEncryption StorageClass Type WriteOffsetBytes".split()
)
# What an operation is about that is about no bucket, as ListBuckets.
_ALL = f"{PREFIX}*"
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


@attrs.frozen(eq=False, slots=False)
class S3Reader(Reader):
    """Reads the parameters of one of S3's operations; a call in Python names bucket and object by their ARN."""

    @classmethod
    def of(cls, operation: str) -> S3Reader:
        """Return the reader of an operation. What a value must be one of, or between, S3 says in words of its own for each."""
        return cls("s3", operation, resource=named_by, wording=s3_error, left=_OWN_WORDS, partial=True)

    @cached_property
    def _named_by_arn(self) -> bool:
        return set(self.shape.required) <= {"Bucket", "Key"}

    @cached_property
    def _has_bucket(self) -> bool:
        return "Bucket" in self.shape.members

    @cached_property
    def _has_key(self) -> bool:
        return "Key" in self.shape.members

    def _says_all(self, arn: str) -> bool:
        """Whether an ARN names all that the operation requires, and nothing that it does not have."""
        if not self._has_bucket:
            return arn == _ALL
        return self._named_by_arn and (self._has_key or "/" not in arn)

    def __call__(self, call: Call) -> Mapping[str, Any]:
        """Return the parameters of *call* by AWS's names; none where the ARN says all, which is nearly always."""
        if not call.parameters:
            arn = None if call.api else call.resource
            if not self.shape.required if arn is None or arn == "*" else self._says_all(arn):
                return NOTHING
            # A question may be about an ARN that no such call can be about: it is judged on that ARN, as policies are.
            if call.question and self._named_by_arn and arn is not None and arn.startswith(PREFIX):
                return NOTHING
        if call.resource == _ALL and not self._has_bucket:
            call = attrs.evolve(call, resource=None)
        body = call.parameters.get("Body")
        if not hasattr(body, "read"):
            return super().__call__(call)
        # A file is read when its object is stored, and not where a call is only judged: it can be read once.
        rest = {name: value for name, value in call.parameters.items() if value is not body}
        return {**super().__call__(attrs.evolve(call, parameters=rest)), "Body": body}


def named_by(arn: str) -> Mapping[str, str]:
    """
    Return bucket and object of an ARN, as parameters.

    >>> dict(named_by("arn:aws:s3:::photos/2026/cat.jpg"))
    {'Bucket': 'photos', 'Key': '2026/cat.jpg'}

    Raises:
        ResourceError: ``InvalidBucketName``, for an ARN of something else.
    """
    if arn == "*":
        return NOTHING
    if not arn.startswith(PREFIX) or arn == PREFIX:
        raise invalid_bucket_name(None, f"a resource of S3 starts with '{PREFIX}', got {shown(arn)}")
    bucket, slash, key = arn[len(PREFIX) :].partition("/")
    return {"Bucket": bucket, "Key": key} if slash else {"Bucket": bucket}


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
    for name in sorted(_NOT_SIMULATED.keys() & given.keys()):
        # What is said to be off is as it is here.
        if given[name] not in (None, False):
            raise not_simulated(name, _NOT_SIMULATED[name])
    for member, inner, names in _NOT_SIMULATED_WITHIN:
        for place, structure in _structures(given.get(member), member, inner):
            for name in names:
                if structure.get(name) is not None:
                    raise not_simulated(f"{place}.{name}", _DIRECTORY)
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


def _structures(value: Any, member: str, inner: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The structures in a member, each with its place: it, or those of a list in it. What is none is refused where it is used."""
    if isinstance(value, Mapping) and not inner:
        yield member, value
    listed = value.get(inner) if isinstance(value, Mapping) else None
    for number, one in enumerate(listed if isinstance(listed, (list, tuple)) else ()):
        if isinstance(one, Mapping):
            yield f"{member}.{inner}[{number}]", one


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
