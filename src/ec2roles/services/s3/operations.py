"""Amazon S3: buckets and small objects, the first service behind an allowed call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError, ParameterError, ResourceError
from ec2roles.instants import from_microseconds
from ec2roles.policy import Decision
from ec2roles.services.operation import Operation, Service
from ec2roles.services.s3 import parameters as s3_parameters
from ec2roles.services.s3.answers import (
    PREFIX,
    access_denied,
    invalid_argument,
    no_such_key,
    not_simulated,
    without_body,
)
from ec2roles.services.s3.bucket import Bucket
from ec2roles.services.s3.buckets import S3
from ec2roles.services.s3.conditions import check_match, check_read, check_write
from ec2roles.services.s3.location import HOME, check_location
from ec2roles.services.s3.objects import HEADERS, STANDARD, S3Object, check_key
from ec2roles.services.s3.parameters import S3Reader
from ec2roles.services.s3.permissions import Needs, Permissions, objects_to_delete
from ec2roles.services.s3.public_access import PublicAccessBlock
from ec2roles.services.s3.tags import Tags, read_tagging_header, read_tags
from ec2roles.sts.session import Session
from ec2roles.world.part import Part

if TYPE_CHECKING:
    from ec2roles.policy import Policy

Perform = Callable[[Call], Any]
Deletions = tuple[list[Mapping[str, str]], list[Mapping[str, str]]]
"""What was deleted, and what was not, each as AWS tells it."""
Row = tuple[str, Needs, Perform, str]

_HEADS = ("HeadBucket", "HeadObject")


@attrs.define(eq=False)
class S3Operations(Part):
    """
    The operations of S3, for all accounts of a Cloud.

    Args:
        namespace: all buckets of the Cloud by name.
        s3_of: returns the `S3` of an account.
        can: asks whether a call would be allowed: who may not list a bucket is not told that an object is missing.
    """

    _namespace: dict[str, Bucket] = attrs.field(alias="namespace", repr=False)
    _s3_of: Callable[[str], S3] = attrs.field(alias="s3_of", repr=False)
    _can: Callable[[Call], Decision] = attrs.field(alias="can", repr=False)
    _needs: Permissions = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._needs = Permissions(self._namespace)

    def service(self) -> Service:
        """Return the table."""
        return Service(
            "s3",
            [
                self._operation(name, needs, perform, form)
                for name, needs, perform, form in (*self._of_buckets(), *self._of_access(), *self._of_objects())
            ],
            actions={
                "ListBuckets": "ListAllMyBuckets",
                "ListObjectsV2": "ListBucket",
                "ListObjects": "ListBucket",
                "HeadBucket": "ListBucket",
                "HeadObject": "GetObject",
                "DeleteObjects": "DeleteObject",
                "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
                "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
                "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
                "DeleteBucketTagging": "PutBucketTagging",
            },
            denial=denial,
            judged=self._needs.judged,
            partly={"DeleteObjects": _checked(self._delete_allowed_objects)},
        )

    # The last column of each table names the function of `responses` that gives AWS's own form of the answer.

    def _of_buckets(self) -> list[Row]:
        needs = self._needs.of_bucket
        return [
            ("ListBuckets", _list_all, self._list_buckets, "buckets"),
            ("CreateBucket", self._needs.of_new_bucket, self._create_bucket, "created"),
            ("DeleteBucket", needs("s3:DeleteBucket"), self._delete_bucket, "nothing"),
            ("ListObjectsV2", needs("s3:ListBucket"), self._list_objects, "listing"),
            ("ListObjects", needs("s3:ListBucket"), self._list_objects, "old_listing"),
            ("HeadBucket", needs("s3:ListBucket"), self._head_bucket, "head"),
            ("GetBucketLocation", needs("s3:GetBucketLocation"), self._head_bucket, "location"),
            ("GetBucketVersioning", needs("s3:GetBucketVersioning"), self._head_bucket, "nothing"),
            ("GetBucketTagging", needs("s3:GetBucketTagging"), self._get_bucket_tags, "tags"),
            ("PutBucketTagging", needs("s3:PutBucketTagging"), self._put_bucket_tags, "nothing"),
            ("DeleteBucketTagging", needs("s3:PutBucketTagging"), self._delete_bucket_tags, "nothing"),
        ]

    def _of_access(self) -> list[Row]:
        needs, of_policy = self._needs.of_bucket, self._needs.of_policy
        seeing, changing = needs("s3:GetBucketPublicAccessBlock"), needs("s3:PutBucketPublicAccessBlock")
        return [
            ("GetBucketPolicy", of_policy("s3:GetBucketPolicy"), self._get_policy, "policy"),
            ("PutBucketPolicy", of_policy("s3:PutBucketPolicy"), self._put_policy, "nothing"),
            ("DeleteBucketPolicy", of_policy("s3:DeleteBucketPolicy"), self._delete_policy, "nothing"),
            ("GetBucketPolicyStatus", needs("s3:GetBucketPolicyStatus"), self._get_policy_status, "policy_status"),
            ("GetPublicAccessBlock", seeing, self._get_block, "block"),
            ("PutPublicAccessBlock", changing, self._put_block, "nothing"),
            ("DeletePublicAccessBlock", changing, self._delete_block, "nothing"),
        ]

    def _of_objects(self) -> list[Row]:
        needs = self._needs.of_object
        reading = needs("s3:GetObject", "s3:GetObjectVersion")
        return [
            ("PutObject", self._needs.of_new_object, self._put_object, "stored"),
            ("GetObject", reading, self._get_object, "content"),
            ("HeadObject", reading, self._head_object, "headers"),
            ("DeleteObject", needs("s3:DeleteObject", "s3:DeleteObjectVersion"), self._delete_object, "nothing"),
            ("DeleteObjects", self._needs.of_objects, self._delete_objects, "deleted"),
            ("GetObjectTagging", needs("s3:GetObjectTagging", "s3:GetObjectVersionTagging"), self._get_tags, "tags"),
            ("PutObjectTagging", needs("s3:PutObjectTagging", "s3:PutObjectVersionTagging"), self._put_tags, "nothing"),
            (
                "DeleteObjectTagging",
                needs("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
                self._delete_tags,
                "nothing",
            ),
        ]

    def _operation(self, name: str, needs: Needs, perform: Perform, form: str) -> Operation:
        perform = _checked(perform)
        if name in _HEADS:
            needs, perform = _bare(needs), _bare(perform)
        return Operation(name, S3Reader.of(name), needs, perform, response=self._response(form))

    def _response(self, form: str) -> Callable[[Any, Call], Mapping[str, Any]]:
        def response(value: Any, call: Call) -> Mapping[str, Any]:
            # Loaded for the first request in AWS's own form: a program that makes calls in Python never needs it.
            from ec2roles.services.s3 import responses

            answer: Mapping[str, Any] = getattr(responses, form)(
                value, call, self._namespace.get(responses.name_of(call))
            )
            return answer

        return response

    # -- buckets ----------------------------------------------------------------------------------------------------

    def _own(self, call: Call) -> S3:
        caller: Session = call.caller
        return self._s3_of(caller.account_id)

    def _bucket(self, call: Call) -> Bucket:
        return self._needs.existing(call)[0]

    def _list_buckets(self, call: Call) -> tuple[Bucket, ...]:
        if call.parameters:
            from ec2roles.services.s3.listing import check_buckets

            check_buckets(call.parameters)
        return tuple(self._own(call).buckets)

    def _create_bucket(self, call: Call) -> Bucket:
        given, own = call.parameters, self._own(call)
        name = self._needs.target(call)[0]
        s3_parameters.check_bucket_acl(given)
        configuration = given.get("CreateBucketConfiguration") or {}
        for member in ("Location", "Bucket"):
            if configuration.get(member) is not None:
                raise not_simulated(member, "AWS has it for directory buckets only")
        region = str(call.context.get("aws:RequestedRegion") or own.region)
        location = check_location(configuration.get("LocationConstraint"), region)
        tags = read_tags({"TagSet": configuration.get("Tags") or ()}, of_object=False)
        there = self._namespace.get(name)
        if there is not None and there.account_id == own.account_id and there.location == location == HOME:
            # In us-east-1 it is no error to create one's own bucket again.
            return there
        bucket = own.create_bucket(name, now=call.position[0], location=location)
        if tags:
            bucket.put_tags(dict(tags), now=call.position[0])
        return bucket

    def _delete_bucket(self, call: Call) -> None:
        bucket = self._bucket(call)
        self._s3_of(bucket.account_id).delete_bucket(bucket.name, now=call.position[0])

    def _head_bucket(self, call: Call) -> Bucket:
        return self._bucket(call)

    def _list_objects(self, call: Call) -> tuple[S3Object, ...]:
        bucket, given = self._bucket(call), call.parameters
        if given:
            from ec2roles.services.s3.listing import check_listing

            check_listing(given)
        prefix = str(given.get("Prefix") or "")
        return tuple(bucket.objects[key] for key in sorted(bucket.objects) if key.startswith(prefix))

    def _get_bucket_tags(self, call: Call) -> Tags:
        bucket = self._bucket(call)
        if not bucket.tags:
            raise _missing("NoSuchTagSet", "The TagSet does not exist", bucket)
        return tuple(bucket.tags.items())

    def _put_bucket_tags(self, call: Call) -> None:
        tags = read_tags(call.parameters.get("Tagging"), of_object=False)
        self._bucket(call).put_tags(dict(tags), now=call.position[0])

    def _delete_bucket_tags(self, call: Call) -> None:
        self._bucket(call).put_tags({}, now=call.position[0])

    # -- who gets in ------------------------------------------------------------------------------------------------

    def _own_bucket(self, call: Call) -> Bucket:
        """The bucket, if it is the caller's account's: others cannot touch its policy even where they are allowed to."""
        bucket, caller = self._bucket(call), call.caller
        if caller.account_id != bucket.account_id:
            raise ResourceError(
                "The specified method is not allowed against this resource.",
                code="MethodNotAllowed",
                status=405,
                detail=f"the policy of '{bucket.name}' is for account {bucket.account_id} alone",
                members={"Method": _method(call), "ResourceType": "BUCKETPOLICY"},
            )
        return bucket

    def _get_policy(self, call: Call) -> Policy:
        bucket = self._own_bucket(call)
        policy = bucket.policy
        if policy is None:
            raise _missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)
        return policy

    def _put_policy(self, call: Call) -> None:
        given = call.parameters
        policy = given.get("Policy")
        if policy is None:
            raise ResourceError("Missing required header for this request: Policy", code="MissingRequestBodyError")
        # `ConfirmRemoveSelfBucketAccess` confirms what is done anyway: nobody is kept from locking himself out.
        self._own_bucket(call).put_policy(policy, caller=call.caller.arn, now=call.position[0])

    def _delete_policy(self, call: Call) -> None:
        self._own_bucket(call).put_policy(None, now=call.position[0])

    def _get_policy_status(self, call: Call) -> bool:
        bucket = self._bucket(call)
        if bucket.policy is None:
            raise _missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket)
        return bucket.has_public_policy

    def _get_block(self, call: Call) -> PublicAccessBlock:
        bucket = self._bucket(call)
        if bucket.public_access_block is None:
            raise _missing(
                "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", bucket
            )
        return bucket.public_access_block

    def _put_block(self, call: Call) -> None:
        block = PublicAccessBlock.read(call.parameters.get("PublicAccessBlockConfiguration"))
        self._bucket(call).put_public_access_block(block, now=call.position[0])

    def _delete_block(self, call: Call) -> None:
        self._bucket(call).delete_public_access_block(now=call.position[0])

    # -- objects ----------------------------------------------------------------------------------------------------

    def _put_object(self, call: Call) -> S3Object:
        bucket, key = self._needs.existing(call)
        given = call.parameters
        if not given:
            return bucket.put_object(key, b"", now=call.position[0])
        body = _content(given.get("Body", b""))
        # Loaded for the first object that is more than its body.
        from ec2roles.services.s3.digests import check_digests

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
        bucket, key = self._needs.existing(call)
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

    def _head_object(self, call: Call) -> S3Object:
        _, found = self._found(call)
        given = call.parameters
        if given:
            check_read(found, given, from_microseconds(call.position[0]))
            _check_part(given, found)
        return found

    def _get_object(self, call: Call) -> S3Object:
        found = self._head_object(call)
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

    def _delete_object(self, call: Call) -> None:
        # S3 answers 204 whether the object was there or not.
        bucket, key = self._needs.existing(call)
        wanted = call.parameters.get("IfMatch")
        if wanted is not None:
            check_match(bucket.objects.get(key), key, bucket.name, wanted)
        bucket.delete_object(key, now=call.position[0])

    def _delete_objects(self, call: Call) -> Deletions:
        return self._delete_each(call, lambda key, version: None)

    def _delete_allowed_objects(self, call: Call) -> Deletions:
        """Delete those that the caller may delete."""
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

    def _get_tags(self, call: Call) -> Tags:
        bucket, found = self._found(call)
        return bucket.object_tags(found.key)

    def _put_tags(self, call: Call) -> None:
        bucket, found = self._found(call)
        tags = read_tags(call.parameters.get("Tagging"), of_object=True)
        bucket.put_object_tags(found.key, dict(tags), now=call.position[0])

    def _delete_tags(self, call: Call) -> None:
        bucket, found = self._found(call)
        bucket.put_object_tags(found.key, {}, now=call.position[0])


def _list_all(call: Call) -> list[Permission]:
    return [Permission("s3:ListAllMyBuckets", f"{PREFIX}*")]


def _checked(perform: Perform) -> Perform:
    """Return *perform*, after a look at its parameters: what is only judged here may be done behind, where there is more."""

    def done(call: Call) -> Any:
        if call.parameters:
            s3_parameters.check_parameters(call.parameters)
        return perform(call)

    return done


def _bare(do: Callable[[Call], Any]) -> Callable[[Call], Any]:
    """Return *do*, with its refusals as they are told without a body."""

    def done(call: Call) -> Any:
        try:
            return do(call)
        except AwsError as error:
            # What names no bucket at all is never sent.
            raise error if error.code == "InvalidBucketName" else without_body(error) from None

    return done


def _missing(code: str, message: str, bucket: Bucket) -> ResourceError:
    return ResourceError(
        message, code=code, status=404, detail=f"'{bucket.name}' has none", members={"BucketName": bucket.name}
    )


def _method(call: Call) -> str:
    name = call.operation or call.action.partition(":")[2]
    return {"get": "GET", "put": "PUT"}.get(name[:3].lower(), "DELETE")


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


def denial(call: Call, decision: Decision) -> AwsError:
    """Return S3's error for a call that was denied: HEAD has no body, and other accounts are told no reason."""
    operation = call.operation or call.action.partition(":")[2]
    if operation.lower() in ("headobject", "headbucket"):
        return AccessDeniedError("Forbidden", code="403", detail=decision.message)
    caller: Session = call.caller
    account = decision.request.resource_account if decision.request is not None else None
    if account is not None and account != caller.account_id:
        return access_denied(decision.message)
    return AccessDeniedError(decision.message)
