"""Amazon S3: buckets and small objects, the first service behind an allowed call."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError, ResourceError
from ec2roles.instants import from_microseconds
from ec2roles.policy import Decision, Policy
from ec2roles.services.operation import Operation, Service
from ec2roles.sts.session import Session
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket_policy import BucketPolicy

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = "arn:aws:s3:::"
_OBJECT_LIMIT = 64 * 1024 * 1024
# What PutObject needs besides, by the parameter that it is given.
_WITH_OBJECT = (("acl", "s3:PutObjectAcl"), ("grants", "s3:PutObjectAcl"), ("tagging", "s3:PutObjectTagging"))

FindPrincipal = Callable[[str], str | None]
PrincipalExists = Callable[[str, str], bool]


@attrs.frozen
class S3Object:
    """
    An object in a bucket.

    Args:
        key: its name.
        body: its bytes.
        last_modified: when it was put, aware and in UTC.
        etag: the MD5 of the body in quotes, as S3 gives it for small objects.
        content_type: what kind of thing it is said to be.
        metadata: what else was said about it, as name and value.
    """

    key: str
    body: bytes = attrs.field(repr=False)
    last_modified: datetime = attrs.field(repr=False)
    etag: str = attrs.field(repr=False)
    content_type: str = attrs.field(default="binary/octet-stream", repr=False)
    metadata: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.body)


@attrs.define(eq=False, repr=False)
class Bucket(Part):
    """
    A bucket.

    >>> from ec2roles import Account
    >>> Account().s3.create_bucket("photos")
    <Bucket photos, 0 objects>

    Args:
        name: 3-63 lower-case letters, digits, dots and hyphens, unique in the whole Cloud.
        account_id: whose it is.
        time: the Cloud's timekeeper.
        now: microseconds, if the caller has read the clock already.
        find_principal, principal_exists: resolve the principals of its policy, as for `Role`.
    """

    name: str
    account_id: str
    time: Timekeeper = attrs.field(repr=False)
    _now: int | None = attrs.field(default=None, kw_only=True, repr=False, alias="now")
    _find_principal: FindPrincipal | None = attrs.field(default=None, kw_only=True, alias="find_principal")
    _principal_exists: PrincipalExists | None = attrs.field(default=None, kw_only=True, alias="principal_exists")
    created: Position = attrs.field(init=False)
    objects: dict[str, S3Object] = attrs.field(factory=dict, init=False)
    _policies: Timeline[BucketPolicy | None] = attrs.field(init=False)

    @atomic
    def __attrs_post_init__(self) -> None:
        self.created = self.time.write("CreateBucket", self.arn, account_id=self.account_id, now=self._now)
        self._policies = Timeline(self.created, None)

    @property
    def arn(self) -> str:
        """``arn:aws:s3:::NAME``."""
        return _PREFIX + self.name

    @property
    def creation_date(self) -> datetime:
        """When it was created, aware and in UTC."""
        return from_microseconds(self.created[0])

    @property
    def policy(self) -> Policy | None:
        """
        The bucket policy, or None; assign a policy, a dict or JSON text to set it, None to delete it.

        A principal that is gone appears as its raw unique id.
        """
        kept = self._policies.last
        return None if kept is None else kept.shown(self._principal_exists)

    @policy.setter
    @atomic
    def policy(self, policy: object) -> None:
        kept = None
        if policy is not None:
            # Imported when it is needed, to keep the import of the library quick.
            from ec2roles.services.s3.bucket_policy import BucketPolicy

            kept = BucketPolicy.bind(policy, f"bucket policy of {self.name}", self._find_principal)
        operation = "DeleteBucketPolicy" if kept is None else "PutBucketPolicy"
        position = self.time.write(operation, self.arn, account_id=self.account_id)
        self.time.record(self._policies, position, kept)

    def policy_at(self, position: Position) -> Policy | None:
        """Return the bucket policy as of *position*, as it had been written."""
        kept = self._policies.at(position)
        return None if kept is None else kept.written

    def policy_to_judge(self, position: Position) -> Policy | None:
        """Return the bucket policy as of *position*, bound to the users and roles that it meant when it was saved."""
        kept = self._policies.at(position)
        return None if kept is None else kept.judged

    @atomic
    def put_object(
        self,
        key: str,
        body: bytes,
        *,
        now: int | None = None,
        content_type: str = "binary/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> S3Object:
        """
        Store an object, replacing one of the same key.

        Args:
            key: 1-1024 bytes of UTF-8.
            body: at most 64 MiB; this is a simulator.
            now: microseconds, if the caller has read the clock already.
            content_type: what kind of thing it is.
            metadata: what else is said about it.
        """
        if not isinstance(body, bytes):
            raise TypeError(f"the body of an object must be bytes, got {type(body).__name__}")
        if not isinstance(metadata, (Mapping, NoneType)):
            raise TypeError(f"the metadata of an object must be a mapping, got {type(metadata).__name__}")
        if not isinstance(key, str) or not 1 <= len(key.encode("utf-8", "replace")) <= 1024:
            raise ResourceError(
                "Your key is too long", code="KeyTooLongError", detail=f"a key has 1-1024 bytes, got {shown(key)}"
            )
        if len(body) > _OBJECT_LIMIT:
            raise ResourceError(
                "Your proposed upload exceeds the maximum allowed size",
                code="EntityTooLarge",
                detail=f"{len(body)} bytes",
            )
        instant = self.time.instant() if now is None else now
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        stored = S3Object(
            key, body, from_microseconds(instant), etag, content_type, tuple(sorted((metadata or {}).items()))
        )
        self.time.journal.put(self.objects, key, stored)
        return stored

    def __repr__(self) -> str:
        return f"<Bucket {self.name}, {len(self.objects)} object{'' if len(self.objects) == 1 else 's'}>"


@attrs.define(eq=False, repr=False)
class S3(Part):
    """
    S3 as the owner of an account sees it: nobody is asked for permission here.

    Args:
        time: the Cloud's timekeeper.
        account_id: whose buckets these are.
        namespace: all buckets of the Cloud by name; a bucket's name is unique among all accounts.
        find_principal, principal_exists: resolve the principals of bucket policies, as for `Role`.
    """

    time: Timekeeper
    account_id: str
    _namespace: dict[str, Bucket] = attrs.field(alias="namespace")
    _find_principal: FindPrincipal | None = attrs.field(default=None, kw_only=True, alias="find_principal")
    _principal_exists: PrincipalExists | None = attrs.field(default=None, kw_only=True, alias="principal_exists")

    @atomic
    def create_bucket(self, name: str, *, now: int | None = None) -> Bucket:
        """
        Create a bucket.

        Args:
            name: 3-63 lower-case letters, digits, dots and hyphens.
            now: microseconds, if the caller has read the clock already.

        Raises:
            ResourceError: ``InvalidBucketName``, ``BucketAlreadyExists``, ``BucketAlreadyOwnedByYou``.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
            raise ResourceError(
                "The specified bucket is not valid.",
                code="InvalidBucketName",
                detail=f"a bucket's name is 3-63 lower-case letters, digits, dots and hyphens, got {shown(name)}",
            )
        other = self._namespace.get(name)
        if other is not None and other.account_id == self.account_id:
            raise ResourceError(
                "Your previous request to create the named bucket succeeded and you already own it.",
                code="BucketAlreadyOwnedByYou",
                status=409,
            )
        if other is not None:
            raise ResourceError(
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
                "Please select a different name and try again.",
                code="BucketAlreadyExists",
                status=409,
                detail=f"'{name}' belongs to another account",
            )
        bucket = Bucket(
            name,
            self.account_id,
            self.time,
            now=now,
            find_principal=self._find_principal,
            principal_exists=self._principal_exists,
        )
        self.time.journal.put(self._namespace, name, bucket)
        return bucket

    @atomic
    def delete_bucket(self, name: str, *, now: int | None = None) -> None:
        """
        Delete an empty bucket.

        Args:
            name: of a bucket of this account.
            now: microseconds, if the caller has read the clock already.

        Raises:
            ResourceError: ``NoSuchBucket``, ``BucketNotEmpty``.
        """
        bucket = self[name]
        if bucket.objects:
            raise ResourceError(
                "The bucket you tried to delete is not empty",
                code="BucketNotEmpty",
                status=409,
                detail=f"it holds {len(bucket.objects)}",
            )
        self.time.write("DeleteBucket", bucket.arn, account_id=self.account_id, now=now)
        self.time.journal.remove(self._namespace, name)

    @property
    def buckets(self) -> list[Bucket]:
        """The account's buckets, in the order of their names."""
        own = (bucket for bucket in self._namespace.values() if bucket.account_id == self.account_id)
        return sorted(own, key=lambda bucket: bucket.name)

    def __getitem__(self, name: str) -> Bucket:
        bucket = self._namespace.get(name)
        if bucket is None or bucket.account_id != self.account_id:
            raise no_such_bucket(name)
        return bucket

    def __repr__(self) -> str:
        return f"<S3 of {self.account_id}: {', '.join(bucket.name for bucket in self.buckets) or 'no buckets'}>"


def no_such_bucket(name: str) -> ResourceError:
    """Return S3's error for a bucket that does not exist."""
    return ResourceError(
        "The specified bucket does not exist", code="NoSuchBucket", status=404, detail=f"no bucket {shown(name)}"
    )


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

    def service(self) -> Service:
        """Return the table."""
        # The last column names the function of `s3_api` that gives AWS's own form of the answer.
        table: list[tuple[str, Callable[[Call], Iterable[Permission]], Callable[[Call], Any], str]] = [
            ("ListBuckets", _list_all, self._list_buckets, "buckets"),
            ("CreateBucket", self._bucket("s3:CreateBucket"), self._create_bucket, "created"),
            ("DeleteBucket", self._bucket("s3:DeleteBucket"), self._delete_bucket, "nothing"),
            ("ListObjectsV2", self._bucket("s3:ListBucket"), self._list_objects, "listing"),
            ("ListObjects", self._bucket("s3:ListBucket"), self._list_objects, "old_listing"),
            ("HeadBucket", self._bucket("s3:ListBucket"), self._head_bucket, "nothing"),
            ("GetBucketLocation", self._bucket("s3:GetBucketLocation"), self._head_bucket, "location"),
            ("PutObject", self._object("s3:PutObject"), self._put_object, "stored"),
            ("GetObject", self._object("s3:GetObject"), self._get_object, "content"),
            ("HeadObject", self._object("s3:GetObject"), self._get_object, "headers"),
            ("DeleteObject", self._object("s3:DeleteObject"), self._delete_object, "nothing"),
            ("DeleteObjects", self._objects("s3:DeleteObject"), self._delete_objects, "deleted"),
        ]
        return Service(
            "s3",
            [
                Operation(name, needs, perform, request=_request, response=_response(form))
                for name, needs, perform, form in table
            ],
            actions={
                "ListBuckets": "ListAllMyBuckets",
                "ListObjectsV2": "ListBucket",
                "ListObjects": "ListBucket",
                "HeadBucket": "ListBucket",
                "HeadObject": "GetObject",
                "DeleteObjects": "DeleteObject",
            },
            denial=denial,
            judged=self._judged,
        )

    # -- what a call is about ---------------------------------------------------------------------------------------

    def _bucket(self, action: str) -> Callable[[Call], Sequence[Permission]]:
        def needs(call: Call) -> Sequence[Permission]:
            name, _ = self._target(call)
            context = {
                f"s3:{key.replace('_', '-')}": call.parameters[key]
                for key in ("prefix", "delimiter", "max_keys")
                if call.parameters.get(key) is not None  # the CLI sends an empty prefix, and policies ask for it
            }
            return [self._authorization(action, name, _PREFIX + name, call, context)]

        return needs

    def _object(self, action: str) -> Callable[[Call], Sequence[Permission]]:
        def needs(call: Call) -> Sequence[Permission]:
            name, key = self._target(call)
            if not key:
                raise ResourceError(
                    "The specified key does not exist.",
                    code="NoSuchKey",
                    status=404,
                    detail=f"an object is meant as '{_PREFIX}bucket/key', got {shown(call.resource)}",
                )
            actions = [action + "Version" if call.parameters.get("version_id") else action]
            if action == "s3:PutObject":
                actions += [more for given, more in _WITH_OBJECT if call.parameters.get(given)]
            return [self._authorization(one, name, f"{_PREFIX}{name}/{key}", call, {}) for one in actions]

        return needs

    def _objects(self, action: str) -> Callable[[Call], Sequence[Permission]]:
        def needs(call: Call) -> Sequence[Permission]:
            name, _ = self._target(call)
            keys = call.parameters.get("keys", ())
            if not keys:
                raise ResourceError(
                    "The XML you provided was not well-formed or did not validate against our published schema",
                    code="MalformedXML",
                    detail="no objects are named",
                )
            versions = call.parameters.get("versions") or (None,) * len(keys)
            return [
                self._authorization(action + ("Version" if version else ""), name, f"{_PREFIX}{name}/{key}", call, {})
                for key, version in zip(keys, versions, strict=True)
            ]

        return needs

    def _judged(self, call: Call) -> Permission:
        """What an operation needs that is not in the table: the policy of its bucket counts there too."""
        resource = call.resource or "*"
        name = resource.removeprefix(_PREFIX).partition("/")[0] if resource.startswith(_PREFIX) else ""
        return self._authorization(call.action, name, resource, call, {})

    def _authorization(self, action: str, name: str, arn: str, call: Call, context: dict[str, Any]) -> Permission:
        bucket = self._namespace.get(name)
        if bucket is None:
            return Permission(action, arn, None, context)
        return Permission(action, arn, bucket.policy_to_judge(call.position), context, bucket.account_id)

    def _target(self, call: Call) -> tuple[str, str]:
        """The bucket and the key that a call is about, from its ARN or its parameters."""
        if call.resource is None or call.resource == "*":
            name, key = call.parameters.get("bucket"), call.parameters.get("key", "")
            if not isinstance(name, str) or not isinstance(key, str) or not name:
                raise ResourceError(
                    "The specified bucket is not valid.",
                    code="InvalidBucketName",
                    detail=f"name the resource: '{_PREFIX}bucket' or '{_PREFIX}bucket/key'",
                )
            return name, key
        if not call.resource.startswith(_PREFIX) or call.resource == _PREFIX:
            raise ResourceError(
                "The specified bucket is not valid.",
                code="InvalidBucketName",
                detail=f"a resource of S3 starts with '{_PREFIX}', got {shown(call.resource)}",
            )
        name, _, key = call.resource[len(_PREFIX) :].partition("/")
        return name, key

    def _existing(self, call: Call) -> tuple[Bucket, str]:
        name, key = self._target(call)
        bucket = self._namespace.get(name)
        if bucket is None:
            raise no_such_bucket(name)
        return bucket, key

    # -- what a call does -------------------------------------------------------------------------------------------

    def _own(self, call: Call) -> S3:
        caller: Session = call.caller
        return self._s3_of(caller.account_id)

    def _list_buckets(self, call: Call) -> tuple[Bucket, ...]:
        return tuple(self._own(call).buckets)

    def _create_bucket(self, call: Call) -> Bucket:
        return self._own(call).create_bucket(self._target(call)[0], now=call.position[0])

    def _delete_bucket(self, call: Call) -> None:
        bucket, _ = self._existing(call)
        self._s3_of(bucket.account_id).delete_bucket(bucket.name, now=call.position[0])

    def _head_bucket(self, call: Call) -> Bucket:
        return self._existing(call)[0]

    def _list_objects(self, call: Call) -> tuple[S3Object, ...]:
        bucket, _ = self._existing(call)
        if call.parameters:
            from ec2roles.services.s3 import responses as s3_api

            s3_api.check_listing(call.parameters)
        prefix = str(call.parameters.get("prefix") or "")
        return tuple(bucket.objects[key] for key in sorted(bucket.objects) if key.startswith(prefix))

    def _put_object(self, call: Call) -> S3Object:
        bucket, key = self._existing(call)
        given = {name: call.parameters[name] for name in ("content_type", "metadata") if name in call.parameters}
        return bucket.put_object(key, call.parameters.get("body", b""), now=call.position[0], **given)

    def _get_object(self, call: Call) -> S3Object:
        bucket, key = self._existing(call)
        found = bucket.objects.get(key)
        if found is None:
            listing = attrs.evolve(call, action="s3:ListBucket", resource=bucket.arn, parameters={}, operation=None)
            decision = self._can(listing)
            if not decision.allowed:
                raise denial(call, decision)
            raise ResourceError(
                "The specified key does not exist.",
                code="NoSuchKey",
                status=404,
                detail=f"no object {shown(key)} in '{bucket.name}'",
            )
        if call.parameters:
            from ec2roles.services.s3 import responses as s3_api

            s3_api.check_conditions(found.etag, found.size, call.parameters)
        return found

    def _delete_object(self, call: Call) -> None:
        # S3 answers 204 whether the object was there or not.
        bucket, key = self._existing(call)
        if key in bucket.objects:
            bucket.time.journal.remove(bucket.objects, key)

    def _delete_objects(self, call: Call) -> tuple[str, ...]:
        bucket, _ = self._existing(call)
        keys: tuple[str, ...] = call.parameters["keys"]
        for key in keys:
            if key in bucket.objects:
                bucket.time.journal.remove(bucket.objects, key)
        return keys


def _list_all(call: Call) -> Sequence[Permission]:
    return [Permission("s3:ListAllMyBuckets", f"{_PREFIX}*")]


# AWS's own form is loaded when the first request comes in it: a program that makes calls in Python never needs it.


def _request(given: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    from ec2roles.services.s3 import responses as s3_api

    return s3_api.request(given)


def _response(form: str) -> Callable[[Any, Call], Mapping[str, Any]]:
    def response(value: Any, call: Call) -> Mapping[str, Any]:
        from ec2roles.services.s3 import responses as s3_api

        answer: Mapping[str, Any] = getattr(s3_api, form)(value, call)
        return answer

    return response


def denial(call: Call, decision: Decision) -> AwsError:
    """Return S3's error for a call that was denied: HEAD has no body, and other accounts are told no reason."""
    operation = call.operation or call.action.partition(":")[2]
    if operation.lower() in ("headobject", "headbucket"):
        return AccessDeniedError("Forbidden", code="403", detail=decision.message)
    caller: Session = call.caller
    account = decision.request.resource_account if decision.request is not None else None
    if account is not None and account != caller.account_id:
        return AccessDeniedError("Access Denied", detail=decision.message)
    return AccessDeniedError(decision.message)
