"""A bucket: its objects, its policy, its tags and its Block Public Access."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from ec2roles.errors import AccessDeniedError
from ec2roles.instants import from_microseconds
from ec2roles.policy import Policy
from ec2roles.services.s3.answers import PREFIX
from ec2roles.services.s3.location import HOME, region_of
from ec2roles.services.s3.objects import STANDARD, S3Object, make_object
from ec2roles.services.s3.public_access import NOTHING_BLOCKED, PublicAccessBlock
from ec2roles.services.s3.tags import Tags, check_tags
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket_policy import BucketPolicy
    from ec2roles.services.s3.digests import Checksum

FindPrincipal = Callable[[str], str | None]
PrincipalArn = Callable[[str, str], str | None]


@attrs.frozen(eq=False)
class BucketState:
    """
    What of a bucket can change, beside its objects.

    Args:
        policy: its policy, or None.
        block: its Block Public Access, or None.
        tags: its tags.
    """

    policy: BucketPolicy | None = None
    block: PublicAccessBlock | None = None
    tags: Tags = ()


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
        location: where it stands: a region, or ``EU``.
        block: its Block Public Access, or None.
        account_block: the one of its account, over time.
        find_principal, principal_arn: resolve the principals of its policy, as for `Role`.
    """

    name: str
    account_id: str
    time: Timekeeper = attrs.field(repr=False)
    location: str = attrs.field(default=HOME, kw_only=True)
    _now: int | None = attrs.field(default=None, kw_only=True, repr=False, alias="now")
    _block: PublicAccessBlock | None = attrs.field(default=None, kw_only=True, repr=False, alias="block")
    _account_block: Timeline[PublicAccessBlock | None] | None = attrs.field(
        default=None, kw_only=True, repr=False, alias="account_block"
    )
    _find_principal: FindPrincipal | None = attrs.field(default=None, kw_only=True, alias="find_principal")
    _principal_arn: PrincipalArn | None = attrs.field(default=None, kw_only=True, alias="principal_arn")
    created: Position = attrs.field(init=False)
    _objects: dict[str, S3Object] = attrs.field(factory=dict, init=False)
    _states: Timeline[BucketState] = attrs.field(init=False)
    # Policies can ask for the tags of an object: they have a past, and the objects have none.
    _object_tags: dict[str, Timeline[Tags]] = attrs.field(factory=dict, init=False)

    @atomic
    def __attrs_post_init__(self) -> None:
        self.created = self.time.write("CreateBucket", self.arn, account_id=self.account_id, now=self._now)
        self._states = Timeline(self.created, BucketState(block=self._block))

    @property
    def arn(self) -> str:
        """``arn:aws:s3:::NAME``."""
        return PREFIX + self.name

    @property
    def region(self) -> str:
        """The region where it stands."""
        return region_of(self.location)

    @property
    def creation_date(self) -> datetime:
        """When it was created, aware and in UTC."""
        return from_microseconds(self.created[0])

    def _write(self, operation: str, state: BucketState, now: int | None = None) -> None:
        position = self.time.write(operation, self.arn, account_id=self.account_id, now=now)
        self.time.record(self._states, position, state)

    # -- its policy -------------------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy | None:
        """
        The bucket policy, or None; assign a policy, a dict or JSON text to set it, None to delete it.

        A principal that is gone appears as its raw unique id. A public policy is refused until the bucket's Block Public
        Access is taken off: `delete_public_access_block`.
        """
        kept = self._states.last.policy
        return None if kept is None else kept.shown(self._principal_arn)

    @policy.setter
    def policy(self, policy: object) -> None:
        self.put_policy(policy)

    @atomic
    def put_policy(self, policy: object, *, caller: str | None = None, now: int | None = None) -> None:
        """
        Set the bucket policy, or delete it.

        Args:
            policy: a policy, a dict or JSON text; None deletes the one there is.
            caller: the ARN of who does it, for the refusal; the account's root user by default.
            now: microseconds, if the caller has read the clock already.

        Raises:
            PolicyError: ``MalformedPolicy``.
            ResourceError: ``MalformedPolicy``, if a principal in it does not exist.
            AccessDeniedError: if it is public, and Block Public Access refuses that.
        """
        kept = None
        if policy is not None:
            # Imported when it is needed, to keep the import of the library quick.
            from ec2roles.services.s3.bucket_policy import BucketPolicy

            kept = BucketPolicy.bind(policy, self.name, self._find_principal)
            if kept.public is not None and self.effective_block.block_public_policy:
                raise self._blocked(kept, caller)
        operation = "DeleteBucketPolicy" if kept is None else "PutBucketPolicy"
        self._write(operation, attrs.evolve(self._states.last, policy=kept), now)

    def _blocked(self, policy: BucketPolicy, caller: str | None) -> AccessDeniedError:
        who = f"arn:aws:iam::{self.account_id}:root" if caller is None else caller
        label = "" if policy.public is None else policy.public.label
        own = self._states.last.block
        cure = "account.s3.delete_public_access_block()"
        if own is not None and own.block_public_policy:
            cure = f"account.s3['{self.name}'].delete_public_access_block()"
        return AccessDeniedError(
            f'User: {who} is not authorized to perform: s3:PutBucketPolicy on resource: "{self.arn}" because public '
            "policies are blocked by the BlockPublicPolicy block public access setting.",
            detail=f"{label} allows anybody: name principals, or ask for a fixed value of a key such as aws:SourceVpc; "
            f"or take the block off first: {cure}",
        )

    @property
    def has_public_policy(self) -> bool:
        """Whether its policy is public, by AWS's definition; what Block Public Access makes of it does not count."""
        kept = self._states.last.policy
        return kept is not None and kept.public is not None

    def policy_at(self, position: Position) -> Policy | None:
        """Return the bucket policy as of *position*, as it had been written."""
        state = self._states.at(position)
        return None if state is None or state.policy is None else state.policy.written

    def policy_to_judge(self, position: Position, account_id: str | None = None) -> Policy | None:
        """
        Return the bucket policy as of *position*, bound to the users and roles that it meant when it was saved.

        Args:
            position: the moment.
            account_id: whose principal asks; None for one of the bucket's own account.
        """
        state = self._states.at(position)
        if state is None or state.policy is None:
            return None
        if account_id in (None, self.account_id) or not self._block_of(state, position).restrict_public_buckets:
            return state.policy.judged
        return state.policy.restricted

    # -- Block Public Access ----------------------------------------------------------------------------------------

    @property
    def public_access_block(self) -> PublicAccessBlock | None:
        """Its own Block Public Access, or None; a new bucket has all of it."""
        return self._states.last.block

    @property
    def effective_block(self) -> PublicAccessBlock:
        """What is blocked by its own settings or by those of its account."""
        return self._block_of(self._states.last, None)

    def _block_of(self, state: BucketState, position: Position | None) -> PublicAccessBlock:
        above = None
        if self._account_block is not None:
            above = self._account_block.last if position is None else self._account_block.at(position)
        return (state.block or NOTHING_BLOCKED) | (above or NOTHING_BLOCKED)

    @atomic
    def put_public_access_block(self, block: PublicAccessBlock, *, now: int | None = None) -> None:
        """
        Set Block Public Access. A policy that is there already stays.

        Args:
            block: the four settings.
            now: microseconds, if the caller has read the clock already.
        """
        if not isinstance(block, PublicAccessBlock):
            raise TypeError(f"block must be a PublicAccessBlock, got {type(block).__name__}")
        self._write("PutBucketPublicAccessBlock", attrs.evolve(self._states.last, block=block), now)

    @atomic
    def delete_public_access_block(self, *, now: int | None = None) -> None:
        """
        Take Block Public Access off; the account's own stays.

        >>> from ec2roles import Account
        >>> bucket = Account().s3.create_bucket("photos")
        >>> bucket.delete_public_access_block()
        >>> bucket.policy = {
        ...     "Version": "2012-10-17",
        ...     "Statement": {
        ...         "Effect": "Allow",
        ...         "Principal": "*",
        ...         "Action": "s3:GetObject",
        ...         "Resource": "arn:aws:s3:::photos/*",
        ...     },
        ... }
        >>> bucket.has_public_policy
        True

        Args:
            now: microseconds, if the caller has read the clock already.
        """
        self._write("DeleteBucketPublicAccessBlock", attrs.evolve(self._states.last, block=None), now)

    # -- its tags ---------------------------------------------------------------------------------------------------

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, by key."""
        return dict(self._states.last.tags)

    @atomic
    def put_tags(self, tags: Mapping[str, str], *, now: int | None = None) -> None:
        """
        Set the tags, in place of all there were.

        Args:
            tags: at most 50; none deletes them.
            now: microseconds, if the caller has read the clock already.

        Raises:
            ResourceError: ``InvalidTag``, ``BadRequest`` for too many.
        """
        checked = check_tags(_pairs(tags), of_object=False)
        operation = "PutBucketTagging" if checked else "DeleteBucketTagging"
        self._write(operation, attrs.evolve(self._states.last, tags=checked), now)

    # -- its objects ------------------------------------------------------------------------------------------------

    @property
    def objects(self) -> Mapping[str, S3Object]:
        """
        Its objects by key: a view that cannot be changed; `put_object` and `delete_object` do that.

        >>> from ec2roles import Account
        >>> bucket = Account().s3.create_bucket("photos")
        >>> bucket.put_object("cat.jpg", b"meow")
        S3Object(key='cat.jpg')
        >>> bucket.objects["cat.jpg"].body
        b'meow'
        """
        return MappingProxyType(self._objects)

    @atomic
    def put_object(
        self,
        key: str,
        body: bytes,
        *,
        now: int | None = None,
        content_type: str = "binary/octet-stream",
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str | datetime] | None = None,
        storage_class: str = STANDARD,
        checksum: Checksum | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> S3Object:
        """
        Store an object, replacing one of the same key.

        Args:
            key: 1-1024 bytes of UTF-8.
            body: at most 64 MiB; this is a simulator.
            now: microseconds, if the caller has read the clock already.
            content_type: what kind of thing it is.
            metadata: what else is said about it.
            headers: other headers that are given back with it: ``{"CacheControl": "no-store"}``.
            storage_class: such as ``STANDARD_IA``.
            checksum: of the body, if one was given.
            tags: at most 10.

        Raises:
            ResourceError: ``KeyTooLongError``, ``EntityTooLarge``, ``MetadataTooLarge``, ``InvalidStorageClass``,
                ``InvalidTag``.
        """
        instant = self.time.instant() if now is None else now
        stored = make_object(
            key,
            body,
            from_microseconds(instant),
            content_type=content_type,
            metadata=metadata,
            headers=headers or {},
            storage_class=storage_class,
            checksum=checksum,
        )
        wanted = () if tags is None else check_tags(_pairs(tags), of_object=True)
        self.time.journal.put(self._objects, key, stored)
        if wanted or key in self._object_tags:
            self._tag("PutObject", key, wanted, instant)
        return stored

    @atomic
    def delete_object(self, key: str, *, now: int | None = None) -> None:
        """
        Delete an object; S3 does not mind if there is none.

        Args:
            key: its name.
            now: microseconds, if the caller has read the clock already.
        """
        if key in self._objects:
            self.time.journal.remove(self._objects, key)
            self._tag("DeleteObject", key, (), self.time.instant() if now is None else now)

    def object_tags(self, key: str, position: Position | None = None) -> Tags:
        """
        Return the tags of an object; none for an object that is not there.

        Args:
            key: its name.
            position: as of when; now by default.
        """
        known = self._object_tags.get(key)
        if known is None:
            return ()
        return known.last if position is None else known.at(position) or ()

    @atomic
    def put_object_tags(self, key: str, tags: Mapping[str, str], *, now: int | None = None) -> None:
        """
        Set the tags of an object, in place of all it had.

        Args:
            key: its name.
            tags: at most 10; none deletes them.
            now: microseconds, if the caller has read the clock already.

        Raises:
            ResourceError: ``InvalidTag``, ``BadRequest`` for too many.
        """
        checked = check_tags(_pairs(tags), of_object=True)
        operation = "PutObjectTagging" if checked else "DeleteObjectTagging"
        self._tag(operation, key, checked, self.time.instant() if now is None else now)

    def _tag(self, operation: str, key: str, tags: Tags, now: int) -> None:
        """Note the tags of an object, if they are others than before."""
        if self.object_tags(key) == tags:
            return
        position = self.time.write(operation, f"{self.arn}/{key}", account_id=self.account_id, now=now)
        known = self._object_tags.get(key)
        if known is None:
            known = Timeline(self.created, ())
            self.time.journal.put(self._object_tags, key, known)
        self.time.record(known, position, tags)

    def __repr__(self) -> str:
        return f"<Bucket {self.name}, {len(self._objects)} object{'' if len(self._objects) == 1 else 's'}>"


def _pairs(tags: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not isinstance(tags, Mapping):
        raise TypeError(f"tags must be a mapping, got {type(tags).__name__}")
    return tags.items()
