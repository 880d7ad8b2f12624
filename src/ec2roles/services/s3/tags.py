"""Tags of buckets and of objects: what S3 takes, as a structure and as the header ``x-amz-tagging``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from ec2roles.arns import shown
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import invalid_argument, malformed_xml

Tags = tuple[tuple[str, str], ...]
"""Key and value of each, in the order in which they were given."""

OBJECT_TAGS = 10
"""How many tags an object may have."""
BUCKET_TAGS = 50
"""How many tags a bucket may have."""

# Letters, digits and white space of any language, and + - = . _ : / @
_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")
_KEY_LENGTH, _VALUE_LENGTH = 128, 256


def read_tags(tagging: object, *, of_object: bool) -> Tags:
    """
    Return the tags in ``{"TagSet": [{"Key": ..., "Value": ...}]}``.

    Args:
        tagging: AWS's structure.
        of_object: whether it is an object that gets them, and not a bucket.

    Raises:
        ResourceError: ``MalformedXML``, ``InvalidTag``, ``BadRequest`` for too many.
    """
    tag_set = tagging.get("TagSet") if isinstance(tagging, Mapping) else None
    if not isinstance(tag_set, (list, tuple)):
        raise malformed_xml(f"tags are given as {{'TagSet': [...]}}, got {shown(tagging)}")
    pairs = []
    for tag in tag_set:
        if not isinstance(tag, Mapping) or set(tag) != {"Key", "Value"}:
            raise malformed_xml(f"a tag has a Key and a Value, got {shown(tag)}")
        pairs.append((tag["Key"], tag["Value"]))
    return check_tags(pairs, of_object=of_object)


def check_tags(pairs: Iterable[tuple[Any, Any]], *, of_object: bool) -> Tags:
    """
    Return *pairs*, if they can be the tags of something.

    Raises:
        ResourceError: ``InvalidTag``, ``BadRequest`` for too many.
    """
    tags: dict[str, str] = {}
    for key, value in pairs:
        if key in tags:
            raise _invalid("Cannot provide multiple Tags with the same key", key)
        if isinstance(key, str) and key.startswith("aws:"):
            reserved = "Your TagKey cannot be prefixed with aws:"
            raise _invalid(reserved if of_object else "System tags cannot be added/updated by requester", key)
        if not _fits(key, 1, _KEY_LENGTH):
            raise _invalid("The TagKey you have provided is invalid", key)
        if not _fits(value, 0, _VALUE_LENGTH):
            raise _invalid("The TagValue you have provided is invalid", key, value)
        tags[key] = value
    most = OBJECT_TAGS if of_object else BUCKET_TAGS
    if len(tags) > most:
        kind = "Object" if of_object else "Bucket"
        raise ResourceError(
            f"{kind} tags cannot be greater than {most}", code="BadRequest", detail=f"got {len(tags)} tags"
        )
    return tuple(tags.items())


def read_tagging_header(text: str) -> Tags:
    """
    Return the tags in the form of a query: ``team=blue&stage=test``.

    >>> read_tagging_header("team=blue&stage=a%20b")
    (('team', 'blue'), ('stage', 'a b'))

    Raises:
        ResourceError: ``InvalidArgument``, ``BadRequest`` for too many.
    """
    malformed = invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates.",
        "x-amz-tagging",
        text,
    )
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise malformed from None
    if not all(
        key.startswith("aws:") or (_fits(key, 1, _KEY_LENGTH) and _fits(value, 0, _VALUE_LENGTH))
        for key, value in pairs
    ):
        raise malformed
    if len({key for key, _ in pairs}) < len(pairs):
        raise malformed
    return check_tags(pairs, of_object=True)


def tag_set(tags: Tags) -> list[dict[str, str]]:
    """Return *tags* as AWS gives them."""
    return [{"Key": key, "Value": value} for key, value in tags]


def request_tag_keys(tags: Tags) -> dict[str, Any]:
    """Return the context keys of the tags that a request gives an object."""
    if not tags:
        return {}
    keys: dict[str, Any] = {f"s3:RequestObjectTag/{key}": value for key, value in tags}
    return {**keys, "s3:RequestObjectTagKeys": [key for key, _ in tags]}


def existing_tag_keys(tags: Tags) -> dict[str, str]:
    """Return the context keys of the tags that an object has."""
    return {f"s3:ExistingObjectTag/{key}": value for key, value in tags}


def _fits(text: object, least: int, most: int) -> bool:
    return isinstance(text, str) and least <= len(text) <= most and _CHARACTERS.fullmatch(text) is not None


def _invalid(message: str, key: object, value: object = None) -> ResourceError:
    members = {"TagKey": str(key)}
    if value is not None:
        members["TagValue"] = str(value)
    return ResourceError(message, code="InvalidTag", detail=f"the tag {shown(key)}", members=members)
