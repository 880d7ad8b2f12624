"""What the operations on bucket policies and on Block Public Access do."""

from __future__ import annotations

import attrs

from ec2roles.calls import Call
from ec2roles.errors import ResourceError
from ec2roles.policy import Policy
from ec2roles.services.s3.answers import missing
from ec2roles.services.s3.bucket import Bucket
from ec2roles.services.s3.permissions import Permissions
from ec2roles.services.s3.public_access import PublicAccessBlock
from ec2roles.sts.session import caller_of
from ec2roles.world.part import Part


@attrs.define(eq=False)
class AccessOperations(Part):
    """
    Operations on who gets into a bucket.

    Args:
        permissions: knows which bucket a call is about.
    """

    _permissions: Permissions = attrs.field(alias="permissions", repr=False)

    def _bucket(self, call: Call) -> Bucket:
        return self._permissions.existing(call)[0]

    def _own_bucket(self, call: Call) -> Bucket:
        """The bucket, if it is the caller's account's: others cannot touch its policy even where they are allowed to."""
        bucket, caller = self._bucket(call), caller_of(call)
        if caller.account_id != bucket.account_id:
            raise ResourceError(
                "The specified method is not allowed against this resource.",
                code="MethodNotAllowed",
                status=405,
                detail=f"the policy of '{bucket.name}' is for account {bucket.account_id} alone",
                members={"Method": _method(call), "ResourceType": "BUCKETPOLICY"},
            )
        return bucket

    def get_policy(self, call: Call) -> Policy:
        """Perform GetBucketPolicy."""
        bucket = self._own_bucket(call)
        policy = bucket.policy
        if policy is None:
            raise missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
        return policy

    def put_policy(self, call: Call) -> None:
        """Perform PutBucketPolicy."""
        given = call.parameters
        policy = given.get("Policy")
        if policy is None:
            raise ResourceError("Missing required header for this request: Policy", code="MissingRequestBodyError")
        # `ConfirmRemoveSelfBucketAccess` confirms what is done anyway: nobody is kept from locking himself out.
        self._own_bucket(call).put_policy(policy, caller=caller_of(call).arn, now=call.position[0])

    def delete_policy(self, call: Call) -> None:
        """Perform DeleteBucketPolicy."""
        self._own_bucket(call).put_policy(None, now=call.position[0])

    def get_policy_status(self, call: Call) -> bool:
        """Perform GetBucketPolicyStatus."""
        bucket = self._bucket(call)
        if bucket.policy is None:
            raise missing("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
        return bucket.has_public_policy

    def get_block(self, call: Call) -> PublicAccessBlock:
        """Perform GetPublicAccessBlock."""
        bucket = self._bucket(call)
        if bucket.public_access_block is None:
            raise missing(
                "NoSuchPublicAccessBlockConfiguration",
                "The public access block configuration was not found",
                bucket.name,
            )
        return bucket.public_access_block

    def put_block(self, call: Call) -> None:
        """Perform PutPublicAccessBlock."""
        block = PublicAccessBlock.read(call.parameters.get("PublicAccessBlockConfiguration"))
        self._bucket(call).put_public_access_block(block, now=call.position[0])

    def delete_block(self, call: Call) -> None:
        """Perform DeletePublicAccessBlock."""
        self._bucket(call).delete_public_access_block(now=call.position[0])


def _method(call: Call) -> str:
    name = call.operation or call.action.partition(":")[2]
    return {"get": "GET", "put": "PUT"}.get(name[:3].lower(), "DELETE")
