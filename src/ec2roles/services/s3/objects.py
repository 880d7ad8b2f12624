"""An object in a bucket, and what may be said when it is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import NoneType

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import check_header
from ec2roles.services.s3.digests import Checksum

LIMIT = 64 * 1024 * 1024
"""How many bytes an object may have here: this is a simulator."""
METADATA_LIMIT = 2048
"""How many bytes the names and the values of its metadata may have together."""

STANDARD = "STANDARD"
_CLASSES = (
    STANDARD, "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER",
    "DEEP_ARCHIVE",
)  # fmt: skip
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_REDIRECTS = ("/", "http://", "https://")

HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "Expires",
    "WebsiteRedirectLocation",
)
"""The parameters that are kept with an object and given back as they are."""


@attrs.frozen
class S3Object:
    """
    An object in a bucket.

    >>> from ec2roles import Account
    >>> bucket = Account().s3.create_bucket("photos")
    >>> bucket.put_object("cat.jpg", b"meow").size
    4

    Args:
        key: its name.
        body: its bytes.
        last_modified: when it was put, aware and in UTC.
        etag: the MD5 of the body in quotes, as S3 gives it for small objects.
        content_type: what kind of thing it is said to be.
        metadata: what else was said about it, as name and value.
        headers: the other headers that were given, by AWS's names of their parameters: ``CacheControl`` ...
        storage_class: such as ``STANDARD``.
        checksum: the one that was given or asked for; None leaves it to S3.
    """

    key: str
    body: bytes = attrs.field(repr=False)
    last_modified: datetime = attrs.field(repr=False)
    etag: str = attrs.field(repr=False)
    content_type: str = attrs.field(default="binary/octet-stream", repr=False)
    metadata: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    headers: tuple[tuple[str, str | datetime], ...] = attrs.field(default=(), repr=False, kw_only=True)
    storage_class: str = attrs.field(default=STANDARD, repr=False, kw_only=True)
    checksum: Checksum | None = attrs.field(default=None, repr=False, kw_only=True)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.body)

    @property
    def archived(self) -> bool:
        """Whether it must be restored before it can be read."""
        return self.storage_class in _ARCHIVES


def check_key(key: object) -> None:
    """
    Check an object's name.

    Raises:
        ResourceError: ``KeyTooLongError``.
    """
    if not isinstance(key, str) or not 1 <= len(key.encode("utf-8", "replace")) <= 1024:
        raise ResourceError(
            "Your key is too long",
            code="KeyTooLongError",
            detail=f"a key has 1-1024 bytes, got {shown(key)}",
            members={"MaxSizeAllowed": "1024", "Size": str(len(key.encode("utf-8", "replace")))}
            if isinstance(key, str)
            else {},
        )


def _check_headers(
    content_type: str, headers: Mapping[str, str | datetime], metadata: Mapping[str, str] | None
) -> None:
    check_header("ContentType", content_type)
    for name, value in headers.items():
        check_header(name, value)
    if metadata:
        for name, text in metadata.items():
            check_header("x-amz-meta-", name)
            check_header(f"x-amz-meta-{name}", text)


def make_object(
    key: str,
    body: bytes,
    moment: datetime,
    *,
    content_type: str,
    metadata: Mapping[str, str] | None,
    headers: Mapping[str, str | datetime],
    storage_class: str,
    checksum: Checksum | None,
) -> S3Object:
    """
    Return an object, if it can be stored.

    Args:
        key, body, content_type, metadata, headers, storage_class, checksum: as for `S3Object`.
        moment: when it is put.

    Raises:
        ResourceError: ``InvalidArgument``, ``KeyTooLongError``, ``EntityTooLarge``, ``MetadataTooLarge``, ``InvalidStorageClass``,
            ``InvalidRedirectLocation``.
        TypeError: for a body that is no bytes.
    """
    if not isinstance(body, bytes):
        raise TypeError(f"the body of an object must be bytes, got {type(body).__name__}")
    if not isinstance(metadata, (Mapping, NoneType)):
        raise TypeError(f"the metadata of an object must be a mapping, got {type(metadata).__name__}")
    check_key(key)
    _check_headers(content_type, headers, metadata)
    if len(body) > LIMIT:
        raise ResourceError(
            "Your proposed upload exceeds the maximum allowed size",
            code="EntityTooLarge",
            detail=f"{len(body)} bytes, and this simulator takes {LIMIT}",
            members={"MaxSizeAllowed": str(LIMIT), "ProposedSize": str(len(body))},
        )
    # Names of headers have no case; S3 keeps them in lower case.
    said: tuple[tuple[str, str], ...] = ()
    size = 0
    if metadata:
        said = tuple(sorted((str(name).lower(), str(value)) for name, value in metadata.items()))
        size = sum(len((name + value).encode("utf-8", "replace")) for name, value in said)
    if size > METADATA_LIMIT:
        raise ResourceError(
            "Your metadata headers exceed the maximum allowed metadata size",
            code="MetadataTooLarge",
            detail=f"{size} bytes",
            members={"Size": str(size), "MaxSizeAllowed": str(METADATA_LIMIT)},
        )
    if storage_class not in _CLASSES:
        raise ResourceError(
            "The storage class you specified is not valid",
            code="InvalidStorageClass",
            detail=f"it is one of {', '.join(_CLASSES)}, got {shown(storage_class)}",
            members={"StorageClassRequested": str(storage_class)},
        )
    redirect = headers.get("WebsiteRedirectLocation")
    if redirect is not None and not str(redirect).startswith(_REDIRECTS):
        raise ResourceError(
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            code="InvalidRedirectLocation",
            detail=f"got {shown(redirect)}",
        )
    return S3Object(
        key,
        body,
        moment,
        f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        content_type,
        said,
        headers=tuple((name, headers[name]) for name in HEADERS if headers.get(name) not in (None, "")),
        storage_class=storage_class,
        checksum=checksum,
    )
