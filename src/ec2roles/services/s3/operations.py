"""Amazon S3 as a table of operations: buckets and small objects, the first service behind an allowed call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AwsError
from ec2roles.policy import Decision
from ec2roles.services.operation import Operation, Service
from ec2roles.services.s3 import parameters as s3_parameters
from ec2roles.services.s3.access_operations import AccessOperations
from ec2roles.services.s3.answers import PREFIX, denial, without_body
from ec2roles.services.s3.bucket_operations import BucketOperations
from ec2roles.services.s3.buckets import S3
from ec2roles.services.s3.namespace import Namespace
from ec2roles.services.s3.object_operations import ObjectOperations
from ec2roles.services.s3.parameters import S3Reader
from ec2roles.services.s3.permissions import SIGNED, Needs, Permissions
from ec2roles.world.part import Part

if TYPE_CHECKING:
    pass

Perform = Callable[[Call], Any]
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

    _namespace: Namespace = attrs.field(alias="namespace", repr=False)
    _s3_of: Callable[[str], S3] = attrs.field(alias="s3_of", repr=False)
    _can: Callable[[Call], Decision] = attrs.field(alias="can", repr=False)
    _needs: Permissions = attrs.field(init=False, repr=False)
    _buckets: BucketOperations = attrs.field(init=False, repr=False)
    _access: AccessOperations = attrs.field(init=False, repr=False)
    _objects: ObjectOperations = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._needs = Permissions(self._namespace)
        self._buckets = BucketOperations(self._namespace, self._s3_of, self._needs)
        self._access = AccessOperations(self._needs)
        self._objects = ObjectOperations(self._needs, self._can)

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
            partly={"DeleteObjects": _checked(self._objects.delete_allowed_objects)},
        )

    # The last column of each table names the function of `responses` that gives AWS's own form of the answer.

    def _of_buckets(self) -> list[Row]:
        needs = self._needs.of_bucket
        return [
            ("ListBuckets", _list_all, self._buckets.list_buckets, "buckets"),
            ("CreateBucket", self._needs.of_new_bucket, self._buckets.create_bucket, "created"),
            ("DeleteBucket", needs("s3:DeleteBucket"), self._buckets.delete_bucket, "nothing"),
            ("ListObjectsV2", needs("s3:ListBucket"), self._buckets.list_objects, "listing"),
            ("ListObjects", needs("s3:ListBucket"), self._buckets.list_objects, "old_listing"),
            ("HeadBucket", needs("s3:ListBucket"), self._buckets.head_bucket, "head"),
            ("GetBucketLocation", needs("s3:GetBucketLocation"), self._buckets.head_bucket, "location"),
            ("GetBucketVersioning", needs("s3:GetBucketVersioning"), self._buckets.head_bucket, "nothing"),
            ("GetBucketTagging", needs("s3:GetBucketTagging"), self._buckets.get_bucket_tags, "tags"),
            ("PutBucketTagging", needs("s3:PutBucketTagging"), self._buckets.put_bucket_tags, "nothing"),
            ("DeleteBucketTagging", needs("s3:PutBucketTagging"), self._buckets.delete_bucket_tags, "nothing"),
        ]

    def _of_access(self) -> list[Row]:
        needs, of_policy = self._needs.of_bucket, self._needs.of_policy
        seeing, changing = needs("s3:GetBucketPublicAccessBlock"), needs("s3:PutBucketPublicAccessBlock")
        return [
            ("GetBucketPolicy", of_policy("s3:GetBucketPolicy"), self._access.get_policy, "policy"),
            ("PutBucketPolicy", of_policy("s3:PutBucketPolicy"), self._access.put_policy, "nothing"),
            ("DeleteBucketPolicy", of_policy("s3:DeleteBucketPolicy"), self._access.delete_policy, "nothing"),
            (
                "GetBucketPolicyStatus",
                needs("s3:GetBucketPolicyStatus"),
                self._access.get_policy_status,
                "policy_status",
            ),
            ("GetPublicAccessBlock", seeing, self._access.get_block, "block"),
            ("PutPublicAccessBlock", changing, self._access.put_block, "nothing"),
            ("DeletePublicAccessBlock", changing, self._access.delete_block, "nothing"),
        ]

    def _of_objects(self) -> list[Row]:
        needs = self._needs.of_object
        reading = needs("s3:GetObject", "s3:GetObjectVersion")
        return [
            ("PutObject", self._needs.of_new_object, self._objects.put_object, "stored"),
            ("GetObject", reading, self._objects.get_object, "content"),
            ("HeadObject", reading, self._objects.head_object, "headers"),
            (
                "DeleteObject",
                needs("s3:DeleteObject", "s3:DeleteObjectVersion"),
                self._objects.delete_object,
                "nothing",
            ),
            ("DeleteObjects", self._needs.of_objects, self._objects.delete_objects, "deleted"),
            (
                "GetObjectTagging",
                needs("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
                self._objects.get_tags,
                "tags",
            ),
            (
                "PutObjectTagging",
                needs("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
                self._objects.put_tags,
                "nothing",
            ),
            (
                "DeleteObjectTagging",
                needs("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
                self._objects.delete_tags,
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


def _list_all(call: Call) -> list[Permission]:
    asked = call.resource if call.question else None
    return [Permission("s3:ListAllMyBuckets", f"{PREFIX}*" if asked in (None, "*") else str(asked), None, SIGNED)]


def _checked(perform: Perform) -> Perform:
    """Return *perform*, after a look at its parameters: what is only judged here may be done behind, where there is more."""

    def done(call: Call) -> Any:
        if not call.parameters.keys() <= s3_parameters.PLAIN:
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
