"""Bodies in XML."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from botocore.model import Shape

from ec2roles.adapters.aws.protocol.values import ISO, MalformedError, read_text, write_text

_NAMESPACE = re.compile(r"\{[^}]*\}")
# What XML 1.0 cannot say at all.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})

Encode = Callable[[Shape, Any], str]


def parse(body: bytes, root: str | None = None) -> ET.Element:
    """
    Return the root of *body*.

    Args:
        body: the bytes.
        root: what it must be called; anything by default.

    Raises:
        MalformedError: if it is no XML, is called otherwise, or has a document type, which AWS's never have.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise MalformedError("the body has a document type")
    try:
        found = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
    except (ET.ParseError, ValueError, LookupError):
        raise MalformedError("the body is no XML") from None
    if root is not None and _tag(found) != root:
        raise MalformedError(f"the root of the body is '{_tag(found)[:64]}', not '{root}'")
    return found


def read(shape: Shape, node: ET.Element) -> Any:
    """
    Return what *node* holds, as boto3 would have given it.

    Raises:
        MalformedError: if it is not what *shape* says.
    """
    kind = shape.type_name
    if kind == "structure":
        return _read_structure(shape, node)
    if kind == "list":
        return [read(shape.member, one) for one in node]
    if kind == "map":
        return _read_map(shape, list(node))
    return read_text(shape, node.text or "")


def _read_structure(shape: Shape, node: ET.Element) -> dict[str, Any]:
    children: dict[str, list[ET.Element]] = {}
    for child in node:
        children.setdefault(_tag(child), []).append(child)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        said = member.serialization
        if said.get("location"):
            continue
        if said.get("xmlAttribute"):
            wanted = said["name"].rpartition(":")[2]
            for key, value in node.attrib.items():
                if _NAMESPACE.sub("", key) == wanted:
                    found[name] = value
            continue
        present = children.get(said.get("name", name))
        if present is None and member.type_name == "list" and said.get("flattened"):
            present = children.get(member.member.serialization.get("name", name))
        if not present:
            continue
        if said.get("flattened") and member.type_name == "list":
            found[name] = [read(member.member, one) for one in present]
        elif said.get("flattened") and member.type_name == "map":
            found[name] = _read_map(member, present)
        else:
            found[name] = read(member, present[0])
    return found


def _read_map(shape: Shape, entries: list[ET.Element]) -> dict[Any, Any]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    found = {}
    for entry in entries:
        parts = {_tag(child): child for child in entry}
        if key_name not in parts or value_name not in parts:
            raise MalformedError("an entry of a map needs a key and a value")
        found[read(shape.key, parts[key_name])] = read(shape.value, parts[value_name])
    return found


def _tag(node: ET.Element) -> str:
    return _NAMESPACE.sub("", node.tag)


def write(name: str, shape: Shape, value: Any, encode: Encode | None = None, namespace: str = "") -> str:
    """
    Return the element *name* with *value* in it.

    Args:
        name: of the element.
        shape: what the value is.
        value: as boto3 gives it.
        encode: how single values are written; as `write_text` does with ISO times by default.
        namespace: of the element, or empty.
    """
    parts: list[str] = []
    attributes = f' xmlns="{namespace}"' if namespace else ""
    _write(parts, name, shape, value, encode or _encode, attributes)
    return "".join(parts)


def _encode(shape: Shape, value: Any) -> str:
    return write_text(shape, value, ISO)


def _write(parts: list[str], name: str, shape: Shape, value: Any, encode: Encode, attributes: str = "") -> None:
    said = shape.serialization
    kind = shape.type_name
    if kind == "list":
        element = shape.member.serialization.get("name", "member")
        if said.get("flattened"):
            for one in value:
                _write(parts, shape.member.serialization.get("name", name), shape.member, one, encode)
            return
        parts.append(f"<{name}{attributes}>")
        for one in value:
            _write(parts, element, shape.member, one, encode)
        parts.append(f"</{name}>")
    elif kind == "map":
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        entry = name if said.get("flattened") else "entry"
        if not said.get("flattened"):
            parts.append(f"<{name}{attributes}>")
        for key, one in value.items():
            parts.append(f"<{entry}>")
            _write(parts, key_name, shape.key, key, encode)
            _write(parts, value_name, shape.value, one, encode)
            parts.append(f"</{entry}>")
        if not said.get("flattened"):
            parts.append(f"</{name}>")
    elif kind == "structure":
        _write_structure(parts, name, shape, value, encode, attributes)
    else:
        parts.append(f"<{name}{attributes}>{escape(encode(shape, value))}</{name}>")


def _write_structure(
    parts: list[str], name: str, shape: Shape, value: dict[str, Any], encode: Encode, attributes: str
) -> None:
    space = shape.serialization.get("xmlNamespace")
    if isinstance(space, dict) and space.get("prefix"):
        attributes += f' xmlns:{space["prefix"]}="{escape(space["uri"])}"'
    rest = []
    for member_name, member in shape.members.items():
        one = value.get(member_name)
        if one is None or member.serialization.get("location"):
            continue
        own = member.serialization.get("name", member_name)
        if member.serialization.get("xmlAttribute"):
            attributes += f' {own}="{escape(encode(member, one))}"'
        else:
            rest.append((own, member, one))
    parts.append(f"<{name}{attributes}>")
    for own, member, one in rest:
        _write(parts, own, member, one, encode)
    parts.append(f"</{name}>")


def escape(text: str) -> str:
    """Return *text* as it stands in an element or an attribute."""
    return _UNSPEAKABLE.sub("\ufffd", text).translate(_ESCAPES)
