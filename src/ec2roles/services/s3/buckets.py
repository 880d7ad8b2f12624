"""S3 as the owner of an account sees it: the account's buckets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import attrgetter
from types import NoneType

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import invalid_bucket_name, no_such_bucket
from ec2roles.services.s3.bucket import Bucket, FindPrincipal, PrincipalArn
from ec2roles.services.s3.location import HOME, check_location
from ec2roles.services.s3.namespace import Namespace
from ec2roles.services.s3.public_access import EVERYTHING, PublicAccessBlock
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Timeline

_BY_NAME = attrgetter("name")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
# What S3 keeps for itself (AWS's page "General purpose bucket naming rules").
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


@attrs.define(eq=False, repr=False)
class S3(Part):
    """
    S3 as the owner of an account sees it: nobody is asked for permission here.

    Args:
        time: the Cloud's timekeeper.
        account_id: whose buckets these are.
        namespace: all buckets of the Cloud by name; a bucket's name is unique among all accounts.
        region: where buckets are made.
        find_principal, principal_arn: resolve the principals of bucket policies, as for `Role`.
    """

    time: Timekeeper
    account_id: str
    _namespace: Namespace = attrs.field(alias="namespace")
    region: str = attrs.field(default=HOME, kw_only=True)
    _find_principal: FindPrincipal | None = attrs.field(default=None, kw_only=True, alias="find_principal")
    _principal_arn: PrincipalArn | None = attrs.field(default=None, kw_only=True, alias="principal_arn")
    _account_block: Timeline[PublicAccessBlock | None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._account_block = Timeline((-(1 << 62), 0), None)

    @atomic
    def create_bucket(
        self,
        name: str,
        *,
        now: int | None = None,
        location: str | None = None,
        public_access_block: PublicAccessBlock | None = EVERYTHING,
    ) -> Bucket:
        """
        Create a bucket.

        Args:
            name: 3-63 lower-case letters, digits, dots and hyphens; no IP address, no two dots in a row, and nothing that
                S3 keeps for itself (``xn--...``, ``...-s3alias``).
            now: microseconds, if the caller has read the clock already.
            location: where it stands; the account's region by default.
            public_access_block: its Block Public Access. All of it by default, as AWS has it since April 2023.

        Raises:
            ResourceError: ``InvalidBucketName``, ``InvalidLocationConstraint``, ``BucketAlreadyExists``,
                ``BucketAlreadyOwnedByYou``.
        """
        _check_name(name)
        if location not in (None, HOME):
            check_location(location, HOME)
        if not isinstance(public_access_block, (PublicAccessBlock, NoneType)):
            raise TypeError(
                f"public_access_block must be a PublicAccessBlock, got {type(public_access_block).__name__}"
            )
        other = self._namespace.get(name)
        if other is not None and other.account_id == self.account_id:
            raise ResourceError(
                "Your previous request to create the named bucket succeeded and you already own it.",
                code="BucketAlreadyOwnedByYou",
                status=409,
                members={"BucketName": name},
            )
        if other is not None:
            raise ResourceError(
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
                "Please select a different name and try again.",
                code="BucketAlreadyExists",
                status=409,
                detail=f"'{name}' belongs to another account",
                members={"BucketName": name},
            )
        bucket = Bucket(
            name,
            self.account_id,
            self.time,
            now=now,
            location=self.region if location is None else location,
            block=public_access_block,
            account_block=self._account_block,
            find_principal=self._find_principal,
            principal_arn=self._principal_arn,
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
                members={"BucketName": name},
            )
        position = self.time.write("DeleteBucket", bucket.arn, account_id=self.account_id, now=now)
        self._namespace.strike(bucket, position)

    # -- Block Public Access of the account -------------------------------------------------------------------------

    @property
    def public_access_block(self) -> PublicAccessBlock | None:
        """The account's Block Public Access, which counts for all its buckets beside their own; None at first."""
        return self._account_block.last

    @atomic
    def put_public_access_block(self, block: PublicAccessBlock, *, now: int | None = None) -> None:
        """
        Set the account's Block Public Access, as S3 Control's PutPublicAccessBlock does.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> account.s3.put_public_access_block(EVERYTHING)
        >>> account.s3.create_bucket("photos", public_access_block=None).effective_block == EVERYTHING
        True

        Args:
            block: the four settings.
            now: microseconds, if the caller has read the clock already.
        """
        if not isinstance(block, PublicAccessBlock):
            raise TypeError(f"block must be a PublicAccessBlock, got {type(block).__name__}")
        self._write_block("PutAccountPublicAccessBlock", block, now)

    @atomic
    def delete_public_access_block(self, *, now: int | None = None) -> None:
        """
        Take the account's Block Public Access off; each bucket keeps its own.

        Args:
            now: microseconds, if the caller has read the clock already.
        """
        self._write_block("DeleteAccountPublicAccessBlock", None, now)

    def _write_block(self, operation: str, block: PublicAccessBlock | None, now: int | None) -> None:
        position = self.time.write(operation, self.account_id, account_id=self.account_id, now=now)
        self.time.record(self._account_block, position, block)

    # -- its buckets ------------------------------------------------------------------------------------------------

    @property
    def buckets(self) -> list[Bucket]:
        """The account's buckets, in the order of their names."""
        return buckets_of(self.account_id, self._namespace)

    def __getitem__(self, name: str) -> Bucket:
        bucket = self._namespace.get(name)
        if bucket is None or bucket.account_id != self.account_id:
            raise no_such_bucket(name)
        return bucket

    def __repr__(self) -> str:
        return f"<S3 of {self.account_id}: {', '.join(bucket.name for bucket in self.buckets) or 'no buckets'}>"


def buckets_of(account_id: str, namespace: Mapping[str, Bucket]) -> list[Bucket]:
    """
    Return an account's buckets, in the order of their names.

    Args:
        account_id: the account.
        namespace: all buckets of the Cloud by name.
    """
    own = []
    for bucket in namespace.values():
        if bucket.account_id == account_id:
            own.append(bucket)  # noqa: PERF401  (no frame of its own, once for each ListBuckets)
    own.sort(key=_BY_NAME)
    return own


def _check_name(name: object) -> None:
    why = None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        why = "is 3-63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends"
    elif ".." in name:
        why = "has no two dots in a row"
    elif _ADDRESS.fullmatch(name):
        why = "is no IP address"
    elif name.startswith(_PREFIXES):
        why = f"does not start with {', '.join(_PREFIXES)}"
    elif name.endswith(_SUFFIXES):
        why = f"does not end with {', '.join(_SUFFIXES)}"
    if why is not None:
        raise invalid_bucket_name(name, f"a bucket's name {why}, got {shown(name)}")
