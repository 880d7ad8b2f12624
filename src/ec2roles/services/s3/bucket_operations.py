"""What the operations on buckets do: making, listing and deleting them, and their tags."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ec2roles.calls import Call
from ec2roles.services.s3 import parameters as s3_parameters
from ec2roles.services.s3.answers import missing
from ec2roles.services.s3.bucket import Bucket
from ec2roles.services.s3.buckets import S3, buckets_of
from ec2roles.services.s3.location import HOME, check_location
from ec2roles.services.s3.namespace import Namespace
from ec2roles.services.s3.objects import S3Object
from ec2roles.services.s3.permissions import Permissions
from ec2roles.services.s3.tags import Tags, read_tags
from ec2roles.sts.session import caller_of
from ec2roles.world.part import Part


@attrs.define(eq=False)
class BucketOperations(Part):
    """
    Operations on buckets.

    Args:
        namespace: all buckets of the Cloud by name.
        s3_of: returns the `S3` of an account.
        permissions: knows which bucket a call is about.
    """

    _namespace: Namespace = attrs.field(alias="namespace", repr=False)
    _s3_of: Callable[[str], S3] = attrs.field(alias="s3_of", repr=False)
    _permissions: Permissions = attrs.field(alias="permissions", repr=False)

    def _own(self, call: Call) -> S3:
        caller = caller_of(call)
        return self._s3_of(caller.account_id)

    def _bucket(self, call: Call) -> Bucket:
        return self._permissions.existing(call)[0]

    def list_buckets(self, call: Call) -> tuple[Bucket, ...]:
        """Perform ListBuckets."""
        if call.parameters:
            from ec2roles.services.s3.listing import check_buckets

            check_buckets(call.parameters)
        assert call.caller is not None
        return tuple(buckets_of(call.caller.account_id, self._namespace))

    def create_bucket(self, call: Call) -> Bucket:
        """Perform CreateBucket."""
        given, own = call.parameters, self._own(call)
        name = self._permissions.target(call)[0]
        s3_parameters.check_bucket_acl(given)
        configuration = given.get("CreateBucketConfiguration") or {}
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

    def delete_bucket(self, call: Call) -> None:
        """Perform DeleteBucket."""
        bucket = self._bucket(call)
        self._s3_of(bucket.account_id).delete_bucket(bucket.name, now=call.position[0])

    def head_bucket(self, call: Call) -> Bucket:
        """Perform HeadBucket, and what else needs no more than the bucket."""
        return self._bucket(call)

    def list_objects(self, call: Call) -> tuple[S3Object, ...]:
        """Perform ListObjects and ListObjectsV2: all objects with the prefix, whatever the page."""
        bucket, given = self._bucket(call), call.parameters
        if given:
            from ec2roles.services.s3.listing import check_listing

            check_listing(given)
        prefix = str(given.get("Prefix") or "")
        objects = bucket.objects
        return tuple(objects[key] for key in sorted(objects) if key.startswith(prefix))

    def get_bucket_tags(self, call: Call) -> Tags:
        """Perform GetBucketTagging."""
        bucket = self._bucket(call)
        if not bucket.tags:
            raise missing("NoSuchTagSet", "The TagSet does not exist", bucket.name)
        return tuple(bucket.tags.items())

    def put_bucket_tags(self, call: Call) -> None:
        """Perform PutBucketTagging."""
        tags = read_tags(call.parameters.get("Tagging"), of_object=False)
        self._bucket(call).put_tags(dict(tags), now=call.position[0])

    def delete_bucket_tags(self, call: Call) -> None:
        """Perform DeleteBucketTagging."""
        self._bucket(call).put_tags({}, now=call.position[0])
