"""The query protocols: ``Action=ListRoles&Version=2010-05-08&PathPrefix=%2F``, and EC2's own form of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from botocore.model import Shape

from ec2roles.adapters.aws.protocol.values import MalformedError, read_text
from ec2roles.arns import shown

# A key's parts lead down; the value of the key itself stands under None.
Tree = dict[str | None, Any]

_MOST_FIELDS = 10_000

# The fields of a form that are no parameters of the operation.
_OF_THE_PROTOCOL = frozenset(
    "Action AWSAccessKeyId Expires SecurityToken Signature SignatureMethod SignatureVersion Timestamp Version".split()
)


def read_form(*texts: str) -> dict[str, str]:
    """
    Return the fields of a form.

    Args:
        texts: what is read together, such as the query of a URL and the body.

    Raises:
        MalformedError: if there are too many of them, or one is there twice: of two values neither is left out.
    """
    form: dict[str, str] = {}
    for text in texts:
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise MalformedError(f"more than {_MOST_FIELDS} fields") from None
        for name, value in pairs:
            if name in form:
                raise MalformedError(f"{shown(name)} is there twice")
            form[name] = value
    return form


def read_query(form: dict[str, str], shape: Shape | None, *, ec2: bool) -> dict[str, Any]:
    """
    Return the parameters in *form*. What the shape does not have is among them, under its own name, for the operation to refuse.

    Args:
        form: the fields.
        shape: the operation's input.
        ec2: whether it is EC2's form.

    Raises:
        MalformedError: for fields that do not fit together, and values that are none.
    """
    if shape is None:
        return {}
    tree: Tree = {}
    for key, value in form.items():
        if key in _OF_THE_PROTOCOL or key.lower().startswith("x-amz-"):
            continue
        node = tree
        for part in key.split("."):
            node = node.setdefault(part, {})
        node[None] = value
    return _structure(tree, shape, ec2)


def _structure(tree: Tree, shape: Shape, ec2: bool) -> dict[str, Any]:
    found = {}
    known = set()
    for name, member in shape.members.items():
        key = _key(name, member, ec2)
        known.add(key)
        node = tree.get(key)
        if node is not None:
            value = _value(node, member, ec2)
            if value is not None:
                found[name] = value
    for unknown in tree.keys() - known - {None}:
        found[str(unknown)] = _some_text(tree[unknown])
    return found


def _some_text(node: Tree) -> str:
    """Return a value of what has no shape, so that it is told apart from what was not sent."""
    while None not in node:
        node = next(iter(node.values()))
    return str(node[None])


def _key(name: str, member: Shape, ec2: bool) -> str:
    said = member.serialization
    if ec2:
        if "queryName" in said:
            return str(said["queryName"])
        own = said.get("name")
        return own[0].upper() + own[1:] if own else name
    if member.type_name == "list" and said.get("flattened") and member.member.serialization.get("name"):
        return str(member.member.serialization["name"])
    return str(said.get("name", name))


def _value(node: Tree, shape: Shape, ec2: bool) -> Any:
    kind = shape.type_name
    if kind in ("structure", "list", "map"):
        # An empty text is how an SDK sends what has no members.
        if node.get(None):
            raise MalformedError(f"{shown(node[None])} stands where a {kind} is wanted")
        if None in node and kind == "list":
            _refuse_others(node)
            return []
    if kind == "structure":
        return _structure(node, shape, ec2)
    if kind == "list":
        if not ec2 and not shape.serialization.get("flattened"):
            node = _inner(node, shape.member.serialization.get("name", "member"))
        return [_value(one, shape.member, ec2) for one in _numbered(node)]
    if kind == "map":
        return _map(node, shape, ec2)
    if len(node) > 1 or None not in node:
        raise MalformedError("a single value has no members")
    return read_text(shape, node[None])


def _map(node: Tree, shape: Shape, ec2: bool) -> dict[Any, Any]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    pairs = node if shape.serialization.get("flattened") else _inner(node, "entry")
    found = {}
    for one in _numbered(pairs):
        if one.keys() != {key_name, value_name}:
            raise MalformedError("an entry of a map needs a key and a value, and nothing else")
        key = _value(one[key_name], shape.key, ec2)
        if key in found:
            raise MalformedError(f"{shown(key)} is twice in a map")
        found[key] = _value(one[value_name], shape.value, ec2)
    return found


def _inner(node: Tree, name: str) -> Tree:
    """Return what holds the items of a list or a map; of an empty one nothing does."""
    _refuse_others(node, name)
    inner: Tree = node.get(name, {})
    return inner


def _numbered(node: Tree) -> list[Tree]:
    if None in node:
        raise MalformedError(f"{shown(node[None])} has no number in its list")
    numbers = [key for key in node if key is not None and key.isascii() and key.isdigit() and len(key) < 9]
    _refuse_others(node, *numbers)
    return [node[key] for key in sorted(numbers, key=int)]


def _refuse_others(node: Tree, *keys: str) -> None:
    others = sorted(key for key in node if key is not None and key not in keys)
    if others:
        raise MalformedError(f"{shown(others[0])} is no place in a list")
