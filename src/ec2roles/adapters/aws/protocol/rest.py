"""The REST protocols: the operation is in the method and the path, parameters are anywhere."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import attrs
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.utils import is_json_value_header

from ec2roles.adapters.aws.protocol.values import RFC822, MalformedError, read_text, write_text
from ec2roles.adapters.http.raw import RawRequest

_LABEL = re.compile(r"\{([^}]*)\}")
_LISTED = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')

Pairs = list[tuple[str, str]]


@attrs.frozen(eq=False)
class Route:
    """
    Where an operation is found.

    Args:
        operation: its name.
        method: ``GET``.
        path: matches the encoded path; its groups are the labels.
        labels: the names of those labels.
        query: what the query must have, as name and value; None for any value.
        headers: the headers that there must be.
        deprecated: whether another operation has taken its place.
    """

    operation: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]
    deprecated: bool

    @classmethod
    def of(cls, operation: OperationModel) -> Route:
        """Return the route of *operation*."""
        uri, _, literals = operation.http["requestUri"].partition("?")
        labels = tuple(label.rstrip("+") for label in _LABEL.findall(uri))
        pattern, position = "", 0
        for label in _LABEL.finditer(uri):
            pattern += re.escape(uri[position : label.start()]) + ("(.+)" if label[1].endswith("+") else "([^/]+)")
            position = label.end()
        pattern += re.escape(uri[position:])
        # "/bucket/" is the bucket: only a greedy label has anything after the slash.
        pattern = f"{pattern.removesuffix('/')}/?"
        query: list[tuple[str, str | None]] = []
        for literal in filter(None, literals.split("&")):
            name, equals, value = literal.partition("=")
            query.append((name, value if equals else None))
        headers = []
        shape = operation.input_shape
        for name in shape.required_members if shape is not None else ():
            said = shape.members[name].serialization
            if said.get("location") == "querystring":
                query.append((said.get("name", name), None))
            elif said.get("location") == "header":
                headers.append(said.get("name", name).lower())
        return cls(
            operation.name,
            operation.http.get("method", "POST"),
            re.compile(pattern, re.DOTALL),
            labels,
            tuple(query),
            tuple(headers),
            operation.deprecated,
        )

    def match(self, request: RawRequest, path: str, query: Mapping[str, str]) -> re.Match[str] | None:
        """Return how *request* fits, or None if it does not."""
        if self.method != request.method:
            return None
        if not all(name in query and value in (None, query[name]) for name, value in self.query):
            return None
        if not all(request.header(name) is not None for name in self.headers):
            return None
        return self.path.fullmatch(path)

    @property
    def rank(self) -> tuple[int, int, bool]:
        """The higher, the more it asks for."""
        return (len(self.query) + len(self.headers), -len(self.labels), not self.deprecated)


def routes(model: ServiceModel) -> list[Route]:
    """Return the routes of a service, those that ask for most first."""
    found = [Route.of(model.operation_model(name)) for name in model.operation_names]
    return sorted(found, key=lambda route: route.rank, reverse=True)


def read_query(query: str) -> Pairs:
    """Return the parts of *query*, decoded, in order."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(decode(name), decode(value.replace("+", " "))) for name, _, value in parts]


def decode(text: str) -> str:
    """
    Return *text* without percent signs.

    Raises:
        MalformedError: if it is not UTF-8.
    """
    try:
        return unquote_to_bytes(text.encode("latin-1", "replace")).decode()
    except UnicodeDecodeError:
        raise MalformedError("the path or the query is not UTF-8") from None


def read_located(shape: Shape, request: RawRequest, labels: Mapping[str, str], query: Pairs) -> dict[str, Any]:
    """Return the parameters that are in the path, in the query and in the headers."""
    found: dict[str, Any] = {}
    claimed = {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring" and member.type_name != "map"
    }
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if location == "uri" and key in labels:
            found[name] = read_text(member, labels[key])
        elif location == "querystring":
            values = [value for known, value in query if known == key]
            if member.type_name == "map":
                rest = [(known, value) for known, value in query if known not in claimed]
                found[name] = _query_map(member, rest)
            elif values and member.type_name == "list":
                found[name] = [read_text(member.member, value) for value in values]
            elif values:
                found[name] = read_text(member, values[0])
        elif location == "header":
            text = request.header(key.lower())
            if text is not None:
                found[name] = _read_header(member, text)
        elif location == "headers":
            prefix = key.lower()
            found[name] = {known[len(prefix) :]: value for known, value in request.headers if known.startswith(prefix)}
        if found.get(name) == {} and location in ("querystring", "headers"):
            del found[name]
    return found


def _query_map(shape: Shape, pairs: Pairs) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if shape.value.type_name == "list":
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _read_header(shape: Shape, text: str) -> Any:
    if shape.type_name == "list":
        values, position = [], 0
        while position < len(text):
            part = _LISTED.match(text, position)
            if part is None or part.end() == position:
                raise MalformedError("a header holds a list that is none")
            one = part[1].strip()
            if one.startswith('"') and one.endswith('"') and len(one) > 1:
                one = one[1:-1].replace('\\"', '"')
            values.append(_read_header(shape.member, one))
            position = part.end()
        return values
    if is_json_value_header(shape):
        try:
            return json.loads(b64decode(text))
        except (ValueError, RecursionError):
            raise MalformedError("a header holds JSON that is none") from None
    return read_text(shape, text)


def write_headers(shape: Shape, value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers that hold members of *value*."""
    found: list[tuple[str, str]] = []
    for name, member in shape.members.items():
        one = value.get(name)
        if one is None:
            continue
        location = member.serialization.get("location")
        key = member.serialization.get("name", name)
        if name == "ExpiresString":
            continue  # botocore makes it of the header Expires
        if location == "header":
            found.append((key, _write_header(member, one)))
        elif location == "headers":
            found.extend((key + own, str(text)) for own, text in one.items())
    return found


def _write_header(shape: Shape, value: Any) -> str:
    if shape.type_name == "list":
        return ",".join(_write_header(shape.member, one) for one in value)
    if is_json_value_header(shape):
        return b64encode(json.dumps(value).encode()).decode()
    return write_text(shape, value, RFC822)
