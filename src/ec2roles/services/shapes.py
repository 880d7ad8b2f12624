"""The shapes of AWS's parameters: names, types and constraints, as botocore's models have them (``scripts/build_shapes.py``)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any

import attrs

DATA_FILE = "shapes.json.zlib"

# Members that AWS needs although its model does not say so, by the shape (docs/fidelity.md).
_REQUIRED_TOO: Mapping[str, tuple[str, ...]] = {
    "ContextEntry": ("ContextKeyName", "ContextKeyValues"),
    "Filter": ("Name",),
    "OrderedOrganizationPolicyType": ("ServiceControlPolicyInputList",),
    "PolicyDescriptorType": ("arn",),
    "Tag": ("Key",),
    "TagSpecification": ("ResourceType",),
}

# These three, in this order, are how botocore makes `list_objects_v2` of `ListObjectsV2`.
_BEFORE_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_BEFORE_NUMBER = re.compile(r"([a-z])([0-9]+)")
_BEFORE_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")


def snake_case(name: str) -> str:
    """
    Return an operation's or a parameter's name as boto3's methods are called.

    >>> snake_case("ListObjectsV2"), snake_case("CreateRole"), snake_case("DecodeAuthorizationMessage")
    ('list_objects_v2', 'create_role', 'decode_authorization_message')
    """
    for pattern in (_BEFORE_WORD, _BEFORE_NUMBER, _BEFORE_CAPITAL):
        name = pattern.sub(r"\1_\2", name)
    return name.lower()


@attrs.frozen(eq=False, slots=False)
class Shape:
    """
    One shape: a structure with members, a list, a map, or a single value.

    Args:
        name: the model's name for it: ``roleNameType``.
        type: ``structure``, ``list``, ``map``, ``string``, ``integer``, ``long``, ``float``, ``double``, ``boolean``,
            ``blob`` or ``timestamp``.
        facts: what the model says of it.
        find: returns the shape of a name.
    """

    name: str
    type: str
    _facts: Mapping[str, Any] = attrs.field(alias="facts", repr=False)
    _find: Callable[[str], Shape] = attrs.field(alias="find", repr=False)

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        """The members of a structure by name, in the model's order."""
        return {name: self._find(shape) for name, shape in self._facts.get("members", {}).items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The members that must be there."""
        said = tuple(self._facts.get("required", ()))
        return (*said, *(one for one in _REQUIRED_TOO.get(self.name, ()) if one not in said and one in self.members))

    @cached_property
    def by_snake_case(self) -> Mapping[str, str]:
        """The names of the members by the names that Python's keyword arguments have."""
        return {snake_case(name): name for name in self.members}

    @cached_property
    def member(self) -> Shape:
        """What a list holds."""
        return self._find(self._facts["member"])

    @cached_property
    def value(self) -> Shape:
        """What a map holds."""
        return self._find(self._facts["value"])

    @cached_property
    def enum(self) -> tuple[str, ...]:
        """The values that there are; empty where any will do."""
        return tuple(self._facts.get("enum", ()))

    @cached_property
    def pattern(self) -> str | None:
        """What a text must look like, as AWS writes it."""
        return self._facts.get("pattern")

    @cached_property
    def least(self) -> int | None:
        """The smallest number, or the shortest length."""
        return self._facts.get("min")

    @cached_property
    def most(self) -> int | None:
        """The largest number, or the greatest length."""
        found = self._facts.get("max", {"integer": 2**31 - 1, "long": 2**63 - 1}.get(self.type))
        return None if found is None else int(found)

    @cached_property
    def accepts(self) -> Callable[[Any], bool] | None:
        """
        What tells whether a value breaks no constraint and is taken as it is; None where that is not told at one look.

        A value that it does not accept may be right all the same: a text of a subclass, one that is not ASCII.
        """
        kind = _AS_THEY_ARE.get(self.type)
        if kind in (bool, bytes):
            return lambda value: type(value) is kind
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        if kind is int:
            return lambda value: type(value) is int and least <= value <= most
        if kind is not str:
            return None
        enum = self.enum
        if self.pattern is None:
            return lambda value: type(value) is str and least <= len(value) <= most and (not enum or value in enum)
        compiled, by_category = _compiled(self.pattern)
        fits = compiled.fullmatch

        def accepts(value: Any) -> bool:
            if type(value) is not str or not least <= len(value) <= most or (enum and value not in enum):
                return False
            return fits(value) is not None and (not by_category or value.isascii())

        return accepts


# The types whose values are taken as they are.
_AS_THEY_ARE: Mapping[str, type] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "blob": bytes,
}


@attrs.frozen(eq=False)
class Shapes:
    """
    The shapes of one service.

    Args:
        facts: what the models say, as the file has it.
    """

    _facts: Mapping[str, Any] = attrs.field(alias="facts", repr=False)
    _made: dict[str, Shape] = attrs.field(factory=dict, init=False, repr=False)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations whose parameters are known."""
        return tuple(self._facts["operations"])

    def input(self, operation: str) -> Shape:
        """
        Return the parameters of an operation.

        >>> load("iam").input("GetRole").required
        ('RoleName',)

        Raises:
            KeyError: if the operation is not in the file; see ``scripts/build_shapes.py``.
        """
        name = self._facts["operations"][operation]
        return Shape("", "structure", {}, self.find) if name is None else self.find(name)

    def all(self) -> list[Shape]:
        """Return every shape of the service."""
        return [self.find(name) for name in self._facts["shapes"]]

    def find(self, name: str) -> Shape:
        """Return the shape of that name."""
        found = self._made.get(name)
        if found is None:
            facts = self._facts["shapes"][name]
            found = self._made[name] = Shape(name, facts["type"], facts, self.find)
        return found


# Data that never changes, read when somebody first makes a call with parameters.
@cache
def load(service: str) -> Shapes:
    """Return the shapes of a service: ``iam``, ``sts``, ``s3`` or ``ec2``."""
    import json

    return Shapes(json.loads(_lines()[service]))


@cache
def _lines() -> Mapping[str, str]:
    import zlib
    from importlib.resources import files

    text = zlib.decompress(files("ec2roles.services").joinpath(DATA_FILE).read_bytes()).decode()
    # The first line says where the rest comes from.
    pairs = (line.partition("\t") for line in text.split("\n")[1:])
    return {name: rest for name, _, rest in pairs}


# -- patterns -----------------------------------------------------------------------------------------------------------

_CATEGORIES = "LMNPSZC"
_CATEGORY = re.compile(r"\\p\{(\w)\}")


def matches(pattern: str, text: str) -> bool:
    """
    Return whether the whole of *text* fits a pattern of AWS's, which is one of Java's: ``\\w`` is ASCII there.

    >>> matches(r"[\\p{L}\\p{Z}]+", "déjà vu"), matches(r"[\\w]+", "déjà")
    (True, False)
    """
    compiled, by_category = _compiled(pattern)
    if by_category and not text.isascii():
        text = "".join(one if one.isascii() else _stand_in(one) for one in text)
    return compiled.fullmatch(text) is not None


# A memo of a pure function; there are about forty patterns.
@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[re.Pattern[str], bool]:
    translated, count = _CATEGORY.subn(lambda found: _category_class(found[1]), pattern)
    return re.compile(translated, re.ASCII), count > 0


def _category_class(category: str) -> str:
    """Return what stands in a pattern for a category of Unicode's: its ASCII characters, and the stand-in of the others."""
    from unicodedata import category as category_of

    ascii_ones = (chr(code) for code in range(128) if category_of(chr(code))[0] == category)
    return re.escape("".join(ascii_ones)) + chr(0xE000 + _CATEGORIES.index(category))


def _stand_in(character: str) -> str:
    """Return the private character that stands for all those of the same category, which Python's patterns cannot name."""
    from unicodedata import category as category_of

    return chr(0xE000 + _CATEGORIES.index(category_of(character)[0]))
