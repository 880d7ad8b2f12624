"""
From JSON text or Python objects to plain data: dicts, lists, texts, numbers, and nothing that the caller can still change.

Everything hostile is stopped here: other characters than IAM accepts, duplicate keys, deep nesting, cycles, huge numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from typing import Any, NoReturn

from ec2roles.arns import shown
from ec2roles.errors import DuplicateKeyError, PolicyCharError, PolicyError, PolicySyntaxError, PolicyTooDeepError
from ec2roles.pointers import below

DEEPEST = 32
LONGEST_INTEGER = 18
TOO_LONG = 10**LONGEST_INTEGER
MOST_VALUES = 200_000
_NOT_ACCEPTED = re.compile(r"[^\t\n\r\u0020-\u00ff]")
_NEVER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BRACKET = re.compile(r"[\[\]{}]")
_PATTERN_MESSAGE = (
    "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: "
    "Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"
)


def at(detail: str, path: str) -> str:
    """
    Return *detail* with the place it is about, as every message of the policy loader ends.

    >>> at("missing 'Effect'", "/Statement/0")
    "missing 'Effect' at /Statement/0"
    """
    return f"{detail} at {path}" if path else detail


def _character(match: re.Match[str], path: str = "") -> PolicyCharError:
    detail = (
        f"character U+{ord(match[0]):04X} not allowed (only U+0009, U+000A, U+000D, U+0020-U+00FF); "
        "in JSON text write others as \\u escapes"
    )
    return PolicyCharError(_PATTERN_MESSAGE, detail=at(detail, path))


class _Twice(dict[str, Any]):
    """An object that had a key twice, marked so that the place of the error can be found after parsing."""

    key = ""


class _Reader:
    """Reads one JSON text; *message* is AWS's wording for text that is not JSON."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.twice = False

    def constant(self, name: str) -> NoReturn:
        raise PolicyError(self.message, detail=f"{name} is not JSON")

    def integer(self, text: str) -> int:
        if len(text.lstrip("-")) > LONGEST_INTEGER:
            raise PolicyError(self.message, detail=f"number longer than {LONGEST_INTEGER} digits: {shown(text, 24)}")
        return int(text)

    def real(self, text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            raise PolicyError(self.message, detail=f"number out of range: {shown(text, 24)}")
        return value

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            self.twice = True
            seen: set[str] = set()
            members = _Twice(members)
            for key, _ in pairs:
                if key in seen:
                    members.key = key
                    break
                seen.add(key)
        return members

    def read(self, text: str) -> Any:
        try:
            data = json.loads(
                text,
                object_pairs_hook=self.pairs,
                parse_constant=self.constant,
                parse_int=self.integer,
                parse_float=self.real,
            )
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":
                detail = f"extra data after the policy, line {error.lineno} column {error.colno}"
            else:
                detail = f"not JSON: {error.msg}, line {error.lineno} column {error.colno}"
            raise PolicySyntaxError(self.message, detail=detail) from None
        if self.twice:
            self._raise_twice(data)
        return data

    def _raise_twice(self, data: Any) -> NoReturn:
        waiting: deque[tuple[tuple[str | int, ...], Any]] = deque([((), data)])
        while True:
            path, value = waiting.popleft()
            if isinstance(value, _Twice):
                raise DuplicateKeyError(
                    self.message, detail=at(f"duplicate key {shown(value.key)}", below("", *path) or "/")
                )
            items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            waiting.extend(((*path, key), item) for key, item in items if isinstance(item, (dict, list)))


def _check_depth(text: str, message: str) -> None:
    # json's scanner recurses, so depth is bounded before it runs. Only brackets outside of strings count.
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    # What is left of every other quote, once no quote is escaped any more: linear, even if a string is never closed.
    bare = "".join((_ESCAPE.sub("", text) if "\\" in text else text).split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(bare):
        if bracket in "[{":
            depth += 1
            if depth > DEEPEST:
                raise PolicyTooDeepError(message, detail=f"nesting deeper than {DEEPEST}")
        else:
            depth -= 1


def read_text(text: str, message: str, *, stored: bool = False) -> Any:
    """
    Return the plain data of a JSON text.

    >>> read_text('{"Version": "2012-10-17"}', "Syntax errors in policy.")
    {'Version': '2012-10-17'}

    Args:
        text: the document.
        message: AWS's wording for a text that is not JSON.
        stored: AWS holds this document already, so its characters are not checked again.

    Raises:
        PolicyError: or one of its subclasses, for everything that is not a plain JSON document.
    """
    text = str.__str__(text)  # an exact str, whatever a subclass overrides
    if text.startswith("\ufeff"):
        raise PolicySyntaxError(message, detail="starts with a byte order mark (U+FEFF); decode with 'utf-8-sig'")
    if not text.strip():
        raise PolicySyntaxError(message, detail="empty policy document")
    match = None if stored else _NOT_ACCEPTED.search(text)
    if match:
        raise _character(match)
    _check_depth(text, message)
    data = _Reader(message).read(text)
    if "\\u" in text:
        # Escapes can smuggle in what the pattern forbids. AWS stores such text; control characters and halves of
        # surrogate pairs are no characters at all, and are refused.
        plain(data, message)
    return data


def plain(document: Any, message: str) -> Any:
    """
    Return a copy of *document* made of plain dicts, lists and scalars, so that the caller's objects are not shared.

    >>> plain({"Statement": ({"Sid": "a"},)}, "")
    {'Statement': [{'Sid': 'a'}]}

    Raises:
        PolicyError: or one of its subclasses, for anything that JSON cannot hold, for cycles and deep nesting.
    """
    return _Copier(message).copy(document, None, 0)


class _Copier:
    """Copies one document; *message* is AWS's wording for what is not JSON."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.left = MOST_VALUES

    def copy(self, value: Any, path: Any, depth: int) -> Any:
        """Return a plain copy of *value*; *path* is the pair of the path before it and the last step, or None."""
        kind = type(value)
        if isinstance(value, dict):
            self.enter(dict.__len__(value), depth)
            members: dict[str, Any] = {}
            for name, item in dict.items(value):
                ordinary = type(name) is str and name.isascii() and name.isprintable()
                key = name if ordinary else self.key(name, path)
                # Most of a policy is short plain texts: a call for each of them would double the time.
                if type(item) is str and item.isascii() and item.isprintable():
                    members[key] = item
                else:
                    members[key] = self.copy(item, (path, key), depth + 1)
            return members
        if isinstance(value, (list, tuple)):
            base: Any = list if isinstance(value, list) else tuple
            self.enter(base.__len__(value), depth)
            copied: list[Any] = []
            for index, item in enumerate(base.__iter__(value)):
                if type(item) is str and item.isascii() and item.isprintable():
                    copied.append(item)
                else:
                    copied.append(self.copy(item, (path, index), depth + 1))
            return copied
        if isinstance(value, str):
            text = str.__str__(value)
            _check_characters(text, path)
            return text
        if value is None or kind is bool:
            return value
        if isinstance(value, int):
            exact = int.__add__(value, 0)
            if not -TOO_LONG < exact < TOO_LONG:
                raise self.error(f"number longer than {LONGEST_INTEGER} digits", path)
            return exact
        if isinstance(value, float):
            real = float.__add__(value, 0.0)
            if not math.isfinite(real):
                raise self.error(f"{real!r} is not JSON: number out of range", path)
            return real
        raise self.error(f"{kind.__name__} is not JSON", path)

    def enter(self, size: int, depth: int) -> None:
        """Refuse what has no end, or would take for ever to copy: cycles, and lists of lists of one list."""
        if depth >= DEEPEST:
            raise PolicyTooDeepError(self.message, detail=f"nesting deeper than {DEEPEST}")
        self.left -= size
        if self.left < 0:
            raise PolicyError(self.message, detail=f"more than {MOST_VALUES} values")

    def key(self, key: Any, path: Any) -> str:
        """Return a key that is not plainly an ordinary text, if it is one after all."""
        if not isinstance(key, str):
            raise self.error(f"keys must be str, got {type(key).__name__}", path)
        text = str.__str__(key)
        _check_characters(text, path)
        return text

    def error(self, detail: str, path: Any) -> PolicyError:
        """Return an error about the place *path*."""
        return PolicyError(self.message, detail=at(detail, _path(path)))


def _path(path: Any) -> str:
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return below("", *reversed(steps))


def _check_characters(text: str, path: Any) -> None:
    match = _NEVER.search(text)
    if match:
        raise _character(match, _path(path))


def smuggled(text: str) -> str | None:
    """
    Return the first character of *text* that IAM accepts only as a ``\\u`` escape, as ``U+2028``; None if there is none.

    >>> smuggled("caf\\u00e9") is None
    True
    """
    match = _NOT_ACCEPTED.search(text)
    return f"U+{ord(match[0]):04X}" if match else None


def to_text(data: Any) -> str:
    """
    Return plain data as compact JSON that `read_text` accepts.

    >>> to_text({"a": ["b", 1]})
    '{"a":["b",1]}'
    """
    text = _compact(data)
    if text.isascii() or not _NOT_ACCEPTED.search(text):
        return text
    return json.dumps(data, separators=(",", ":"))
