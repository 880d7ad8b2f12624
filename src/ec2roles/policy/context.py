"""The context keys of a request, normalised once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ec2roles.arns import shown
from ec2roles.errors import ArgumentError
from ec2roles.instants import iso, to_utc

Values = dict[str, "str | tuple[str, ...]"]
_LISTS = (list, tuple, set, frozenset)
LONGEST_NUMBER = 400
"""More digits are no number to a condition either."""
_TOO_LONG = 10**LONGEST_NUMBER


def _text(value: Any, key: str) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        if not -_TOO_LONG < value < _TOO_LONG:
            raise ArgumentError(f"context key {shown(key)} has a number of more than {LONGEST_NUMBER} digits")
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, datetime):
        moved = to_utc(value, key)
        if not moved.microsecond:
            return iso(moved)
        return f"{iso(moved)[:-1]}.{moved.microsecond:06d}Z"
    if isinstance(value, bytes):
        import base64  # only BinaryEquals compares bytes

        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"context key {shown(key)} must be str, bool, int, float, datetime, bytes or a list of them, "
                    f"got {type(value).__name__}")  # fmt: skip


def _normalised(mapping: Mapping[str, Any]) -> Values:
    values: Values = {}
    for key, value in mapping.items():
        if not isinstance(key, str):
            raise TypeError(f"context keys must be str, got {type(key).__name__}")
        name = str.__str__(key).lower()  # whatever a subclass overrides
        if isinstance(value, _LISTS):
            items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value
            texts = tuple([_text(item, key) for item in items])
            # A key without any value is a key that is not there.
            if texts:
                values[name] = texts
            else:
                values.pop(name, None)
        else:
            values[name] = _text(value, key)
    return values


def _folded(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"context keys must be str, got {type(key).__name__}")
    return key.lower()


class Context:
    """
    The context keys of a request, normalised once: keys in lower case, values as text.

    >>> context = Context.of({"aws:SecureTransport": True, "aws:TagKeys": ["team"]})
    >>> context["AWS:securetransport"], context["aws:TagKeys"]
    ('true', ('team',))
    >>> context.extended({"aws:SourceIp": "198.51.100.7"}).get("aws:sourceip")
    '198.51.100.7'
    """

    __slots__ = ("_values",)
    _values: Values

    def __init__(self) -> None:
        self._values = {}

    @classmethod
    def of(cls, mapping: Mapping[str, Any] | Context) -> Context:
        """
        Return the context of *mapping*.

        Raises:
            TypeError: for a value that is not a str, bool, int, float, datetime, bytes, or list of these.
            ArgumentError: for a key that comes in two spellings, as case does not matter, and for a number of more digits
                than any condition reads.
        """
        if isinstance(mapping, Context):
            return mapping
        check_keys(mapping)
        if only_texts(mapping):
            return cls._of_texts(mapping)
        context = object.__new__(cls)
        context._values = _normalised(mapping)
        return context

    @classmethod
    def _of_texts(cls, mapping: Mapping[str, str]) -> Context:
        """Return the context of *mapping*, which is known to hold nothing but texts."""
        context = object.__new__(cls)
        context._values = {str.lower(key): value for key, value in mapping.items()}
        return context

    def extended(self, mapping: Mapping[str, Any]) -> Context:
        """Return a context with the keys of *mapping* added, or put in place of those that are there."""
        if not isinstance(mapping, (dict, Mapping, Context)):
            raise _no_mapping(mapping)
        context = object.__new__(Context)
        values = context._values = self._values.copy()
        for key, value in mapping.items():
            if type(value) is not str or type(key) is not str:
                break
            values[key.lower()] = value
        else:
            return context
        values.update(_normalised(mapping))
        for key, value in mapping.items():
            if isinstance(value, _LISTS) and not value:  # an empty list takes its key away
                values.pop(str.__str__(key).lower(), None)
        return context

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of *key* as text, or as a tuple of texts if it has several; *default* if it is absent."""
        return self._values.get(_folded(key), default)

    def __getitem__(self, key: str) -> str | tuple[str, ...]:
        return self._values[_folded(key)]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._values

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> Iterable[str]:
        """Return the keys, in lower case."""
        return tuple(self._values)

    def items(self) -> Iterable[tuple[str, str | tuple[str, ...]]]:
        """Return the keys, in lower case, with their values."""
        return tuple(self._values.items())

    def to_dict(self) -> dict[str, str | list[str]]:
        """Return a plain dict, sorted by key; several values become a list."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in sorted(self._values.items())}

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Context) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"<Context {', '.join(sorted(self._values)) or 'empty'}>"


# Sets of keys that have passed the check: programs give the same few again and again.
CHECKED_KEYS: set[tuple[str, ...]] = set()
_REMEMBERED = 1024


def _no_mapping(given: object) -> TypeError:
    return TypeError(f"context must be a mapping of context keys, got {type(given).__name__}")


def check_keys(mapping: Mapping[str, Any]) -> None:
    """
    Check that no two keys of *mapping* differ in case alone: a person who writes both means one of them.

    Raises:
        TypeError: if it is not a mapping.
        ArgumentError: if two do.
    """
    if not isinstance(mapping, Mapping):
        raise _no_mapping(mapping)
    keys = tuple(mapping)
    if keys in CHECKED_KEYS:
        return
    folded: dict[str, str] = {}
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"context keys must be str, got {type(key).__name__}")
        other = folded.setdefault(str.__str__(key).lower(), key)
        if other is not key:
            raise ArgumentError(
                f"context has one key twice, {shown(other)} and {shown(key)}: case does not matter, give it once"
            )
    if sum(map(len, keys)) < 1024:
        if len(CHECKED_KEYS) >= _REMEMBERED:
            CHECKED_KEYS.clear()
        CHECKED_KEYS.add(keys)


def only_texts(mapping: Mapping[str, Any]) -> bool:
    """Return whether *mapping* holds nothing but texts, which is the common case and needs no conversion."""
    for key, value in mapping.items():  # noqa: SIM110  (twice as fast as all() with a generator, once for each call)
        if type(value) is not str or type(key) is not str:
            return False
    return True
