"""
Wildcards: how a pattern with ``*`` and ``?`` is compared with a text, in time linear in both in practice.

A pattern is *marked* before it is matched: its wildcards become four code points that no valid text contains (lone
surrogates). So a ``*`` that came out of a policy variable stays an ordinary character.
Neither a regular expression nor the two-pointer loop is used: both are quadratic or worse on hostile patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ec2roles.memo import Memo

STAR = "\ud800"
"""Any run of characters, the empty one included."""
ANY = "\ud801"
"""Exactly one character."""
PART_STAR = "\ud802"
"""Any run of characters other than a colon."""
PART_ANY = "\ud803"
"""Exactly one character other than a colon."""

Matcher = Callable[[str], bool]

_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """
    Return *text* with the letters A to Z in lower case, and nothing else changed.

    `str.lower` would fold the Kelvin sign into ``k``; IAM's names are ASCII.

    >>> ascii_lower("S3:GetObject")
    's3:getobject'
    """
    return text.lower() if text.isascii() else text.translate(_UPPER)


def mark(text: str) -> str:
    """
    Return *text* as a marked pattern: every ``*`` and ``?`` in it is a wildcard.

    >>> matcher(mark("a*c?"))("abbbcd")
    True
    """
    return text.replace("*", STAR).replace("?", ANY)


def literal(text: str) -> str:
    """
    Return *text* as part of a marked pattern in which nothing is a wildcard.

    >>> matcher(literal("a*"))("ab")
    False
    """
    if text.isascii():
        return text
    # No valid text has lone surrogates. Replacing them keeps a hostile context value from acting as a wildcard.
    for wildcard in (STAR, ANY, PART_STAR, PART_ANY):
        text = text.replace(wildcard, "\ufffd")
    return text


_SHORT = 32
_LONG = 4096
"""Longer than what anybody asks about; Python itself keeps 512 compiled expressions, however large."""


def _star_free(piece: str) -> re.Pattern[str]:
    return re.compile("".join("." if c == ANY else re.escape(c) for c in piece), re.DOTALL)


_STAR_FREE = Memo(_star_free, most=4 << 20, times=40)


def _find(piece: str, text: str, start: int, end: int) -> int:
    """Return the first place between *start* and *end* at which *piece*, which has no star, stands in *text*; else -1."""
    if ANY not in piece:
        return text.find(piece, start, end)
    if _SHORT < len(piece) <= _LONG:
        if len(piece) > end - start:
            return -1
        match = _STAR_FREE[piece].search(text, start, end)
        return match.start() if match else -1
    # Compiling a regular expression takes as long as trying a hundred places, and a pattern may have many short pieces.
    # So those are tried at each place where the letters before their first "?" stand.
    first, last = piece.partition(ANY)[0], end - len(piece)
    at = start
    while at <= last:
        at = text.find(first, at, last + len(first))
        if at < 0 or _fits(piece, text, at):
            return at
        at += 1
    return -1


def _fits(piece: str, text: str, at: int) -> bool:
    """Whether *piece* stands in *text* at position *at*; the caller knows that there is room for it."""
    if ANY not in piece:
        return text.startswith(piece, at)
    for segment in piece.split(ANY):
        if not text.startswith(segment, at):
            return False
        at += len(segment) + 1
    return True


def _walk(pieces: list[str], length: int, text: str) -> bool:
    """Match a pattern, split at its stars: the first piece begins the text, the last one ends it, the others lie between."""
    # Without the check of the length the first and the last piece could overlap: "aba" would match "ab*ba".
    end = len(text) - len(pieces[-1])
    if len(text) < length or not _fits(pieces[0], text, 0) or not _fits(pieces[-1], text, end):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        # The leftmost place is always the best one: it leaves the most room for what follows. So nothing is tried twice.
        at = _find(piece, text, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _walk_parts(marked: str, text: str) -> bool:
    """
    Match a pattern that has wildcards which stop at a colon.

    All partial matches are followed at once, as the bits of one integer: no backtracking whatever the pattern. Bit *n* is
    set while the text read so far fits the first *n* characters of the pattern, its stars not counted.
    """
    # What a character of the text may do at each place: stay, because a star stands there (`loops`, and `part_loops` which
    # a colon ends), or go one further (`letters`, and `takes` and `part_takes` for the two sorts of "?").
    loops = part_loops = takes = part_takes = size = 0
    letters: dict[str, int] = {}
    for char in marked:
        bit = 1 << size
        if char == STAR:
            loops |= bit
        elif char == PART_STAR:
            part_loops |= bit
        else:
            size += 1
            if char == ANY:
                takes |= bit
            elif char == PART_ANY:
                part_takes |= bit
            else:
                letters[char] = letters.get(char, 0) | bit
    states = 1
    for char in text:
        take = letters.get(char, 0) | takes
        loop = loops
        if char != ":":
            take |= part_takes
            loop |= part_loops
        # Each partial match goes one further, stays, does both, or is dropped.
        states = (states & take) << 1 | states & loop
        if not states:
            return False
    return bool(states >> size & 1)


def glob(marked: str, text: str) -> bool:
    """
    Return whether the whole of *text* matches a marked pattern.

    >>> glob(mark("logs/*/2026-??"), "logs/a/b/2026-01")
    True
    """
    if PART_STAR in marked or PART_ANY in marked:
        return _walk_parts(marked, text)
    pieces = marked.split(STAR)
    if len(pieces) == 1:
        return len(text) == len(marked) and _fits(marked, text, 0)
    return _walk(pieces, len(marked) - len(pieces) + 1, text)


def matcher(marked: str) -> Matcher:
    """
    Return a function that says whether a text matches a marked pattern; no regular expression is compiled here.

    >>> matcher(mark("i-*"))("i-0abc")
    True
    """
    if PART_STAR in marked or PART_ANY in marked:
        return lambda text: _walk_parts(marked, text)
    pieces = marked.split(STAR)
    if len(pieces) == 1:
        if ANY not in marked:
            return lambda text: text == marked
        return lambda text: len(text) == len(marked) and _fits(marked, text, 0)
    length = len(marked) - len(pieces) + 1
    if ANY in marked:
        return lambda text: _walk(pieces, length, text)
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 2:
        return lambda text: text.startswith(first) and text.endswith(last) and len(text) >= length
    middle = [piece for piece in pieces[1:-1] if piece]

    def walk(text: str) -> bool:
        if not text.startswith(first) or len(text) < length or not text.endswith(last):
            return False
        at = len(first)
        end = len(text) - len(last)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return walk


def action_matches(pattern: str, action: str) -> bool:
    """
    Return whether an entry of ``Action`` names *action*; both must be in lower case already.

    >>> action_matches("s3:list*", "s3:listallmybuckets")
    True
    >>> action_matches("s3:*", "s3express:createsession")
    False
    """
    return _MATCHES[pattern, action]


def _action_matches(asked: tuple[str, str]) -> bool:
    pattern, action = asked
    if pattern == action:
        return True
    at = pattern.find("*")
    if "?" not in pattern:
        if at < 0:
            return False
        if at == len(pattern) - 1:
            return action.startswith(pattern[:-1])
    return glob(mark(pattern), action)


# The same few entries stand in policy after policy.
_MATCHES = Memo(_action_matches, most=6 << 20)
