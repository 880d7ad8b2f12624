"""Bodies in JSON."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from ec2roles.adapters.aws.protocol.values import (
    UNIX,
    MalformedError,
    read_timestamp,
    write_float,
    write_string,
    write_timestamp,
)


def parse(body: bytes) -> Any:
    """
    Return what *body* says; an empty one is an empty object.

    Raises:
        MalformedError: if it is no JSON.
    """
    if not body:
        return {}
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedError("the body is no JSON") from None


def read(shape: Shape, value: Any) -> Any:
    """
    Return *value*, parsed from JSON, as boto3 would have given it.

    Raises:
        MalformedError: if it is not what *shape* says.
    """
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type:
            return value
        return {
            name: read(member, value[key])
            for name, member in shape.members.items()
            if (key := member.serialization.get("name", name)) in _object(value) and value[key] is not None
        }
    if kind == "map":
        return {key: read(shape.value, one) for key, one in _object(value).items()}
    if kind == "list":
        if not isinstance(value, list):
            raise MalformedError(f"a list is wanted, not {type(value).__name__}")
        return [read(shape.member, one) for one in value]
    if kind == "timestamp":
        return read_timestamp(value)
    if kind == "blob":
        try:
            return b64decode(value, validate=True)
        except (ValueError, TypeError):
            raise MalformedError("bytes are written in base64") from None
    if kind in ("float", "double") and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedError(f"an object is wanted, not {type(value).__name__}")
    return value


def write(shape: Shape, value: Any, timestamps: str = UNIX) -> Any:
    """Return *value*, as boto3 gives it, as what JSON can say."""
    kind = shape.type_name
    if value is None:
        return None
    if kind == "structure":
        if shape.is_document_type:
            return value
        return {
            member.serialization.get("name", name): write(member, value[name], timestamps)
            for name, member in shape.members.items()
            if value.get(name) is not None and "location" not in member.serialization
        }
    if kind == "map":
        return {key: write(shape.value, one, timestamps) for key, one in value.items()}
    if kind == "list":
        return [write(shape.member, one, timestamps) for one in value]
    if kind == "timestamp":
        return write_timestamp(value, shape.serialization.get("timestampFormat", timestamps))
    if kind == "blob":
        return b64encode(value).decode()
    if kind in ("float", "double"):
        return write_float(value)
    if kind == "string" and isinstance(value, Mapping):
        return write_string(shape, value)
    return value
