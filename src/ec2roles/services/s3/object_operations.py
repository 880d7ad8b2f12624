"""What the operations on objects do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.calls import Call
from ec2roles.errors import AwsError, ParameterError, ResourceError
from ec2roles.instants import from_microseconds
from ec2roles.policy import Decision
from ec2roles.services.s3 import parameters as s3_parameters
from ec2roles.services.s3.answers import check_header, denial, incomplete_body, invalid_argument, no_such_key
from ec2roles.services.s3.bucket import Bucket
from ec2roles.services.s3.conditions import check_match, check_read, check_write
from ec2roles.services.s3.objects import HEADERS, STANDARD, S3Object, check_key
from ec2roles.services.s3.parameters import PLAIN
from ec2roles.services.s3.permissions import Permissions, objects_to_delete
from ec2roles.services.s3.tags import Tags, read_tagging_header, read_tags
from ec2roles.world.part import Part

Deletions = tuple[list[Mapping[str, str]], list[Mapping[str, str]]]
"""What was deleted, and what was not, each as AWS tells it."""


@attrs.define(eq=False)
class ObjectOperations(Part):
    """
    Operations on objects.

    Args:
        permissions: knows which bucket and object a call is about.
        can: asks whether a call would be allowed: who may not list a bucket is not told that an object is missing.
    """

    _permissions: Permissions = attrs.field(alias="permissions", repr=False)
    _can: Callable[[Call], Decision] = attrs.field(alias="can", repr=False)

    def _bucket(self, call: Call) -> Bucket:
        return self._permissions.existing(call)[0]

    def put_object(self, call: Call) -> S3Object:
        """Perform PutObject."""
        bucket, key = self._permissions.existing(call)
        given = call.parameters
        body = given.get("Body", b"")
        if type(body) is not bytes:
            body = _content(body)
        if given.keys() <= PLAIN:
            return bucket.put_object(key, body, now=call.position[0])
        # Loaded for the first object that is more than its body.
        from ec2roles.services.s3.digests import check_digests

        if given.get("ContentLength") not in (None, len(body)):
            raise incomplete_body(given["ContentLength"], len(body))
        s3_parameters.check_object_acl(given)
        check_key(key)
        checksum = check_digests(body, given)
        tags = read_tagging_header(given["Tagging"]) if given.get("Tagging") else ()
        check_write(bucket.objects.get(key), key, bucket.name, given)
        headers = {name: given[name] for name in HEADERS if given.get(name) is not None}
        if "ContentEncoding" in headers:
            headers["ContentEncoding"] = _kept_encoding(headers["ContentEncoding"])
        return bucket.put_object(
            key,
            body,
            now=call.position[0],
            content_type=given.get("ContentType") or "binary/octet-stream",
            metadata=given.get("Metadata"),
            headers=headers,
            storage_class=given.get("StorageClass") or STANDARD,
            checksum=checksum,
            tags=dict(tags),
        )

    def _found(self, call: Call) -> tuple[Bucket, S3Object]:
        """
        The object that a call is about.

        Raises:
            ResourceError: ``NoSuchKey``; for who may not list the bucket, an `AccessDeniedError`.
        """
        bucket, key = self._permissions.existing(call)
        found = bucket.objects.get(key)
        if found is None:
            listing = attrs.evolve(
                call, action="s3:ListBucket", resource=bucket.arn, parameters={"Bucket": bucket.name}, operation=None
            )
            decision = self._can(listing)
            if not decision.allowed:
                raise denial(call, decision)
            raise no_such_key(key, bucket.name)
        return bucket, found

    def head_object(self, call: Call) -> S3Object:
        """Perform HeadObject."""
        _, found = self._found(call)
        given = call.parameters
        if given:
            check_read(found, given, from_microseconds(call.position[0]))
            _check_part(given, found)
        return found

    def get_object(self, call: Call) -> S3Object:
        """Perform GetObject."""
        found = self.head_object(call)
        given = call.parameters
        if given:
            _check_overrides(given)
        if found.archived:
            raise ResourceError(
                "The operation is not valid for the object's storage class",
                code="InvalidObjectState",
                status=403,
                detail="an archived object is restored before it is read, and restoring is not simulated",
                members={"StorageClass": found.storage_class},
            )
        return found

    def delete_object(self, call: Call) -> None:
        """Perform DeleteObject: S3 answers 204 whether the object was there or not."""
        bucket, key = self._permissions.existing(call)
        wanted = call.parameters.get("IfMatch")
        if wanted is not None:
            check_match(bucket.objects.get(key), key, bucket.name, wanted)
        bucket.delete_object(key, now=call.position[0])

    def delete_objects(self, call: Call) -> Deletions:
        """Perform DeleteObjects, where all of them may be deleted."""
        return self._delete_each(call, lambda key, version: None)

    def delete_allowed_objects(self, call: Call) -> Deletions:
        """Perform DeleteObjects, where some may not be deleted."""
        bucket = self._bucket(call)

        def refusal(key: str, version: str | None) -> AwsError | None:
            named = {"Bucket": bucket.name, "Key": key}
            one = attrs.evolve(
                call,
                action="s3:DeleteObject",
                resource=f"{bucket.arn}/{key}",
                operation="DeleteObject",
                parameters=named if version is None else {**named, "VersionId": version},
            )
            decision = self._can(one)
            return None if decision.allowed else denial(one, decision)

        return self._delete_each(call, refusal)

    def _delete_each(self, call: Call, refusal: Callable[[str, str | None], AwsError | None]) -> Deletions:
        bucket = self._bucket(call)
        deleted: list[Mapping[str, str]] = []
        failed: list[Mapping[str, str]] = []
        for key, version, etag in objects_to_delete(call):
            named = {"Key": key} if version is None else {"Key": key, "VersionId": version}
            error = refusal(key, version)
            if error is None and version not in (None, "null"):
                error = ResourceError("The specified version does not exist.", code="NoSuchVersion")
            if error is None:
                error = _mismatch(bucket, key, etag)
            if error is None:
                bucket.delete_object(key, now=call.position[0])
                deleted.append(named)
            else:
                failed.append({**named, "Code": error.code, "Message": error.message})
        return deleted, failed

    def get_tags(self, call: Call) -> Tags:
        """Perform GetObjectTagging."""
        bucket, found = self._found(call)
        return bucket.object_tags(found.key)

    def put_tags(self, call: Call) -> None:
        """Perform PutObjectTagging."""
        bucket, found = self._found(call)
        tags = read_tags(call.parameters.get("Tagging"), of_object=True)
        bucket.put_object_tags(found.key, dict(tags), now=call.position[0])

    def delete_tags(self, call: Call) -> None:
        """Perform DeleteObjectTagging."""
        bucket, found = self._found(call)
        bucket.put_object_tags(found.key, {}, now=call.position[0])


def _content(body: Any) -> bytes:
    """The bytes of a body: boto3 takes files too."""
    content = body.read() if hasattr(body, "read") else body
    if not isinstance(content, (bytes, bytearray, memoryview, str)):
        raise ParameterError(
            f"Parameter validation failed:\nInvalid type for parameter Body, value: <{type(content).__name__}>",
            detail="a file gives bytes or text when it is read",
        )
    return content.encode() if isinstance(content, str) else bytes(content)


def _kept_encoding(text: str) -> str:
    """What is kept of a ``Content-Encoding``: the chunks of an upload are no property of the object."""
    parts = [part.strip() for part in text.split(",")]
    return ",".join(part for part in parts if part != "aws-chunked")


def _check_part(given: Mapping[str, Any], found: S3Object) -> None:
    if given.get("PartNumber") not in (None, 1):
        raise ResourceError(
            "The requested partnumber is not satisfiable",
            code="InvalidPartNumber",
            status=416,
            detail="an object that was put at once has one part",
            members={"ActualPartCount": "1", "PartNumberRequested": str(given["PartNumber"])},
        )


def _check_overrides(given: Mapping[str, Any]) -> None:
    """Check that what is to stand in headers can stand there."""
    from ec2roles.services.s3.responses import OVERRIDES

    for name, header in OVERRIDES.items():
        value = given.get(name)
        check_header(header, value)
        if isinstance(value, str) and any(ord(sign) > 0xFF for sign in value):
            raise invalid_argument("Header value cannot be represented using ISO-8859-1.", header, value)


def _mismatch(bucket: Bucket, key: str, etag: str | None) -> AwsError | None:
    """Why an object that DeleteObjects names with its entity tag is not deleted; None if it is."""
    if etag is None:
        return None
    try:
        check_match(bucket.objects.get(key), key, bucket.name, etag)
    except ResourceError as error:
        return error
    return None
