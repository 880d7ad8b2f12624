"""Random values for the shapes of botocore's models, and requests made of them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer
from botocore.utils import is_json_value_header

from ec2roles.adapters.http.raw import RawRequest

_TEXT = "abcXYZ019-_.~/:+=&%$@!*'() é日<>\"#;?"
_HEADER_TEXT = "abcXYZ019-_.~/:+=&%$@!*'()<>#;?"


def random_value(rng: random.Random, shape: Shape, *, located: str | None = None, depth: int = 0) -> Any:
    """A value as boto3 takes it, and gives it."""
    kind = shape.type_name
    located = shape.serialization.get("location", located)
    if kind == "structure":
        if shape.is_document_type:
            return {"a": [1, "b"]}
        names = list(shape.members)
        if shape.is_tagged_union:
            names = [rng.choice(names)]
        elif depth > 3:
            names = [name for name in names if name in shape.required_members]
        else:
            # All of a small one, some of a large one.
            names = [
                name for name in names if name in shape.required_members or rng.random() < max(0.3, 4 / len(names))
            ]
        return {name: random_value(rng, shape.members[name], depth=depth + 1) for name in names}
    if kind == "list":
        count = rng.randint(1, 2) if depth < 7 else 0
        return [random_value(rng, shape.member, located=located, depth=depth + 1) for _ in range(count)]
    if kind == "map":
        count = rng.randint(1, 2) if depth < 7 else 0
        pairs = [
            (_text(rng, "abc").lower() + str(number), random_value(rng, shape.value, located=located, depth=depth + 1))
            for number in range(count)
        ]
        return dict(pairs)
    if kind == "boolean":
        return rng.random() < 0.5
    if kind in ("integer", "long"):
        return rng.randint(200, 299)
    if kind in ("float", "double"):
        return rng.choice([0.5, 1e-3, 17.25])
    if kind == "timestamp":
        return datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=rng.randint(0, 10**7))
    if kind == "blob":
        return rng.randbytes(rng.randint(1, 9))
    if is_json_value_header(shape):
        return {"a": 1}
    if shape.serialization.get("hostLabel"):
        return "route-1"
    return _text(rng, _HEADER_TEXT if located in ("header", "headers") else _TEXT)


def _text(rng: random.Random, alphabet: str) -> str:
    # No white space at the ends, which headers cannot have.
    return "a" + "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 6))) + "z"


def raw_request(operation: OperationModel, parameters: dict[str, Any], protocol: str) -> RawRequest:
    """The request that botocore makes of *parameters*."""
    serialised = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
    prepare_request_dict(serialised, endpoint_url="http://127.0.0.1:1", context={}, user_agent="x")
    request = AWSRequest(
        method=serialised["method"], url=serialised["url"], data=serialised["body"], headers=serialised["headers"]
    )
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    body = prepared.body or b""
    headers = [
        (name, value.decode("latin-1") if isinstance(value, bytes) else str(value))
        for name, value in prepared.headers.items()
    ]
    return RawRequest(
        prepared.method, parts.path or "/", parts.query, headers, body.encode() if isinstance(body, str) else body
    )


def without_empty(value: Any) -> Any:
    """What is left when empty lists, maps and structures are taken out: forms and XML cannot say those."""
    if isinstance(value, dict):
        left = {key: without_empty(one) for key, one in value.items()}
        return {key: one for key, one in left.items() if one not in ({}, [], None, b"")}
    if isinstance(value, list):
        return [one for one in map(without_empty, value) if one not in ({}, [], None)]
    return value
