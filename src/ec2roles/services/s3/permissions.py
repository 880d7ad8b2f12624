"""What the operations of S3 need to be allowed: on a bucket, on an object, on each of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import PREFIX, access_denied, invalid_bucket_name, malformed_xml, no_such_bucket
from ec2roles.services.s3.bucket import Bucket
from ec2roles.services.s3.namespace import Namespace
from ec2roles.services.s3.parameters import PLAIN, has_grants, named_by
from ec2roles.services.s3.tags import existing_tag_keys, read_tagging_header, read_tags, request_tag_keys
from ec2roles.sts.session import PrincipalType, caller_of
from ec2roles.world.part import Part

Needs = Callable[[Call], Sequence[Permission]]

# A parameter -> the context key that has its value, of whatever operation.
_KEYS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "VersionId": "s3:VersionId",
    "ACL": "s3:x-amz-acl",
    "StorageClass": "s3:x-amz-storage-class",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "ObjectOwnership": "s3:x-amz-object-ownership",
}
_CONDITIONAL_KEYS = {"IfMatch": "s3:if-match", "IfNoneMatch": "s3:if-none-match"}
SIGNED: Mapping[str, str] = {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}
"""How a call in Python counts as signed; one that comes over HTTP tells how it really was."""

# The actions for which policies can ask what tags the object has.
_ASK_FOR_TAGS = ("s3:GetObject", "s3:GetObjectVersion")
_MOST_AT_ONCE = 1000


@attrs.define(eq=False)
class Permissions(Part):
    """
    What a call needs, for all accounts of a Cloud.

    Args:
        namespace: all buckets of the Cloud by name.
    """

    _namespace: Namespace = attrs.field(alias="namespace", repr=False)

    # -- what a call is about ---------------------------------------------------------------------------------------

    def target(self, call: Call) -> tuple[str, str]:
        """
        Return the bucket and the key that a call is about, from its ARN or its parameters.

        Raises:
            ResourceError: ``InvalidBucketName``, if it says none.
        """
        given = call.parameters if "Bucket" in call.parameters else named_by(call.resource or "*")
        name = given.get("Bucket")
        if not name:
            raise invalid_bucket_name(name, f"name the resource: '{PREFIX}bucket' or '{PREFIX}bucket/key'")
        return name, given.get("Key", "")

    def existing(self, call: Call) -> tuple[Bucket, str]:
        """
        Return the bucket itself, and the key.

        Raises:
            ResourceError: ``NoSuchBucket``.
        """
        given = call.parameters
        name, key = (given["Bucket"], given.get("Key", "")) if given.get("Bucket") else self.target(call)
        bucket = self._namespace.get(name)
        if bucket is None:
            raise no_such_bucket(name)
        return bucket, key

    # -- what a call needs ------------------------------------------------------------------------------------------

    def of_bucket(self, action: str) -> Needs:
        """Return what an operation on a bucket needs: *action*."""

        def needs(call: Call) -> Sequence[Permission]:
            name, _ = self.target(call)
            given = call.parameters
            return [self.authorization(action, name, PREFIX + name, call, _context(given))]

        return needs

    def of_new_bucket(self, call: Call) -> Sequence[Permission]:
        """Return what CreateBucket needs: the bucket is to be the caller's, whoever has one of that name."""
        name, _ = self.target(call)
        given = call.parameters
        configuration = given.get("CreateBucketConfiguration") or {}
        context = _context(given)
        if configuration.get("LocationConstraint") is not None:
            context["s3:LocationConstraint"] = configuration["LocationConstraint"]
        context.update(SIGNED)
        needed = [Permission("s3:CreateBucket", _bucket_arn(name, call), None, context)]
        if configuration.get("Tags"):
            tags = read_tags({"TagSet": configuration["Tags"]}, of_object=False)
            keys = {f"aws:RequestTag/{key}": value for key, value in tags}
            named = {**SIGNED, **keys, "aws:TagKeys": [key for key, _ in tags]}
            needed.append(Permission("s3:TagResource", PREFIX + name, None, named))
        return needed

    def of_policy(self, action: str) -> Needs:
        """Return what an operation on a bucket's policy needs: the policy does not count for the root user of its account."""

        def needs(call: Call) -> Sequence[Permission]:
            name, _ = self.target(call)
            given = call.parameters
            needed = self.authorization(action, name, PREFIX + name, call, _context(given))
            caller = caller_of(call)
            if caller.principal_type is PrincipalType.ROOT and caller.account_id == needed.account_id:
                needed = attrs.evolve(needed, policy=None)
            return [needed]

        return needs

    def of_object(self, action: str, version_action: str | None = None) -> Needs:
        """
        Return what an operation on an object needs.

        Args:
            action: the action.
            version_action: the one that takes its place where a version is named.
        """

        def needs(call: Call) -> Sequence[Permission]:
            name, key = self.target(call)
            given = call.parameters
            if not key:
                raise _no_key(call)
            wanted = version_action if version_action is not None and given.get("VersionId") else action
            context = _context(given)
            if action in _ASK_FOR_TAGS or "Tagging" in action:
                context.update(self._existing_tags(name, key, call))
            if action == "s3:PutObjectTagging" and "Tagging" in given:
                context.update(request_tag_keys(read_tags(given.get("Tagging"), of_object=True)))
            needed = [self.authorization(wanted, name, f"{PREFIX}{name}/{key}", call, context)]
            if action == "s3:DeleteObject" and given.get("IfMatch") not in (None, "*"):
                needed.append(self._reading(name, key, call))
            return needed

        return needs

    def of_new_object(self, call: Call) -> Sequence[Permission]:
        """Return what PutObject needs: more where it comes with an ACL or tags, or replaces one object only."""
        name, key = self.target(call)
        given = call.parameters
        if not key:
            raise _no_key(call)
        arn = f"{PREFIX}{name}/{key}"
        if given.keys() <= PLAIN:
            return [self.authorization("s3:PutObject", name, arn, call, {})]
        tags = read_tagging_header(given["Tagging"]) if given.get("Tagging") else ()
        context = {**_context(given), **request_tag_keys(tags)}
        context.update({key: given[one] for one, key in _CONDITIONAL_KEYS.items() if given.get(one) is not None})
        needed = [self.authorization("s3:PutObject", name, arn, call, context)]
        if given.get("ACL") or has_grants(given):
            needed.append(self.authorization("s3:PutObjectAcl", name, arn, call, context))
        if tags:
            needed.append(self.authorization("s3:PutObjectTagging", name, arn, call, context))
        if given.get("IfMatch") is not None:
            needed.append(self._reading(name, key, call))
        return needed

    def of_objects(self, call: Call) -> Sequence[Permission]:
        """Return what DeleteObjects needs for each of its objects."""
        name, _ = self.target(call)
        return [self._deleting(name, key, version, call) for key, version, _ in objects_to_delete(call)]

    def judged(self, call: Call) -> Permission:
        """Return what an operation needs that is not in the table: the policy of its bucket counts there too."""
        resource = call.resource or "*"
        name = resource.removeprefix(PREFIX).partition("/")[0] if resource.startswith(PREFIX) else ""
        return self.authorization(call.action, name, resource, call, {})

    def authorization(self, action: str, name: str, arn: str, call: Call, context: dict[str, Any]) -> Permission:
        """
        Return one thing that a call needs, with the policy of the bucket.

        Args:
            action, context: what is needed, and the context keys of this resource.
            name, arn: the bucket's name, and the resource.
            call: the call.

        Raises:
            AccessDeniedError: if the caller expects another owner.
        """
        context.update(SIGNED)
        if arn == PREFIX + name:
            arn = _bucket_arn(name, call)
        bucket = self._namespace.at(name, call.position)
        if bucket is None:
            return Permission(action, arn, None, context)
        expected = call.parameters.get("ExpectedBucketOwner")
        if expected is not None:
            _check_owner(expected, bucket)
        context["s3:ResourceAccount"] = bucket.account_id
        caller = call.caller
        account_id = bucket.account_id if caller is None else caller.account_id
        policy, note = bucket.policy_to_judge(call.position, account_id), None
        if account_id != bucket.account_id and policy is not bucket.policy_to_judge(call.position):
            note = f"RestrictPublicBuckets: the policy of '{name}' is public, so what it grants to other accounts does not count"
        return Permission(action, arn, policy, context, bucket.account_id, note)

    def _reading(self, name: str, key: str, call: Call) -> Permission:
        """Who asks whether an object is the one he knows must be able to read it."""
        context = self._existing_tags(name, key, call)
        return self.authorization("s3:GetObject", name, f"{PREFIX}{name}/{key}", call, context)

    def _deleting(self, name: str, key: str, version: str | None, call: Call) -> Permission:
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        context: dict[str, Any] = {} if version is None else {"s3:VersionId": version}
        return self.authorization(action, name, f"{PREFIX}{name}/{key}", call, context)

    def _existing_tags(self, name: str, key: str, call: Call) -> dict[str, Any]:
        bucket = self._namespace.at(name, call.position)
        return {} if bucket is None else dict(existing_tag_keys(bucket.object_tags(key, call.position)))


def objects_to_delete(call: Call) -> list[tuple[str, str | None, str | None]]:
    """
    Return key, version and entity tag of each object that DeleteObjects names.

    Raises:
        ResourceError: ``MalformedXML``.
    """
    deletion = call.parameters.get("Delete")
    objects = deletion.get("Objects") if isinstance(deletion, Mapping) else None
    if not isinstance(objects, (list, tuple)) or not 1 <= len(objects) <= _MOST_AT_ONCE:
        raise malformed_xml(f"1 to {_MOST_AT_ONCE} objects are named: {{'Objects': [{{'Key': ...}}]}}")
    found = []
    for one in objects:
        if not isinstance(one, Mapping) or not isinstance(one.get("Key"), str) or not one["Key"]:
            raise malformed_xml(f"an object is named by its Key, got {shown(one)}")
        found.append((one["Key"], one.get("VersionId"), one.get("ETag")))
    return found


def _bucket_arn(name: str, call: Call) -> str:
    """Return the ARN of a bucket; for a question about an object of it the object's, on which policies are asked then."""
    arn = PREFIX + name
    asked = call.resource if call.question else None
    return asked if asked is not None and asked.startswith(f"{arn}/") else arn


def _context(given: Mapping[str, Any]) -> dict[str, Any]:
    """The context keys that the parameters give, empty ones too: the CLI sends an empty prefix, and policies ask for it."""
    return {key: given[name] for name, key in _KEYS.items() if name in given} if given else {}


def _no_key(call: Call) -> ResourceError:
    """Return the error for a call about an object that names none."""
    return ResourceError(
        "The specified key does not exist.",
        code="NoSuchKey",
        status=404,
        detail=f"an object is meant as '{PREFIX}bucket/key', got {shown(call.resource)}",
        members={"Key": ""},
    )


def _check_owner(expected: object, bucket: Bucket) -> None:
    if not isinstance(expected, str) or len(expected) != 12 or not expected.isdigit():
        raise ResourceError(
            f"The value of the expected bucket owner parameter must be an AWS Account ID... [{expected}]",
            code="InvalidBucketOwnerAWSAccountID",
            detail=f"an account's id has 12 digits, got {shown(expected)}",
        )
    if expected != bucket.account_id:
        raise access_denied(f"'{bucket.name}' belongs to {bucket.account_id}, and ExpectedBucketOwner is '{expected}'")
