"""Single values as text: numbers, times and bytes, each as the protocols write them."""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from botocore.model import Shape
from botocore.utils import is_json_value_header, parse_to_aware_datetime

from ec2roles.instants import UTC, iso_exact

ISO, UNIX, RFC822 = "iso8601", "unixtimestamp", "rfc822"


class MalformedError(ValueError):
    """Something in a request that is not what its shape says."""


class MissingError(ValueError):
    """A parameter that must be there; its name is the message."""


_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": datetime,
    "blob": bytes,
}


def check(shape: Shape, value: Any, *, required: bool = True) -> None:
    """
    Check that *value* has the types of *shape*, and all that it requires; limits are for the operation to check.

    Args:
        shape: of botocore's model.
        value: as boto3 takes it.
        required: whether what is required must be there.

    Raises:
        MissingError: if a required member is not there.
        MalformedError: for a value of another type.
    """
    kind = shape.type_name
    if (kind == "structure" and shape.is_document_type) or is_json_value_header(shape):
        return
    fits: bool = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not fits:
        raise MalformedError(f"a {kind} is wanted, not {type(value).__name__}")
    if kind == "structure":
        for name in shape.required_members:
            if required and name not in value:
                raise MissingError(name)
        for name, one in value.items():
            # A name that is not known is for the operation to refuse.
            if name in shape.members:
                check(shape.members[name], one, required=required)
    elif kind == "list":
        for one in value:
            check(shape.member, one, required=required)
    elif kind == "map":
        for one in value.values():
            check(shape.value, one, required=required)


def read_text(shape: Shape, text: str) -> Any:
    """
    Return the value of *text*, for a shape that is no structure, list or map.

    Raises:
        MalformedError: if it is none.
    """
    kind = shape.type_name
    if kind == "boolean":
        # Older botocore writes Python's words into headers.
        if text.lower() not in ("true", "false"):
            raise MalformedError(f"'{text[:64]}' is neither 'true' nor 'false'")
        return text.lower() == "true"
    if kind == "timestamp":
        return read_timestamp(text)
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "blob":
            return b64decode(text, validate=True)
    except ValueError:
        raise MalformedError(f"'{text[:64]}' is no {kind}") from None
    return text


def read_timestamp(value: Any) -> datetime:
    """
    Return the instant that *value* writes, in any of the three ways.

    Raises:
        MalformedError: if it is none.
    """
    try:
        moment: datetime = parse_to_aware_datetime(value)
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError, RuntimeError):
        raise MalformedError(f"'{str(value)[:64]}' is no timestamp") from None


def write_text(shape: Shape, value: Any, timestamps: str) -> str:
    """
    Return *value* as text.

    Args:
        shape: what it is.
        value: as boto3 gives it.
        timestamps: how instants are written where the shape says nothing.
    """
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return str(write_timestamp(value, shape.serialization.get("timestampFormat", timestamps)))
    if kind == "blob":
        return b64encode(value).decode()
    if kind in ("float", "double"):
        return str(write_float(value))
    return write_string(shape, value) if kind in ("string", "character") else str(value)


def write_string(shape: Shape, value: Any) -> str:
    """Return text; a document is a dict with us, and JSON on the wire."""
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def write_float(value: float) -> float | str:
    """Return *value*, or the word for what no number can say."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def write_timestamp(value: datetime, form: str) -> str | float:
    """Return an instant in one of the three ways."""
    form = form.lower()
    if form == UNIX:
        seconds = value.timestamp()
        return int(seconds) if seconds == int(seconds) else seconds
    if form == RFC822:
        return format_datetime(value.astimezone(UTC), usegmt=True)
    return iso_exact(value.astimezone(UTC))
