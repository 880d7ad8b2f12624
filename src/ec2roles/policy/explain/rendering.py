"""Text rendered for a terminal: at most 24 lines of 120 columns, and nothing in it that moves the cursor."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

COLUMNS = 120
LINES = 24
_DEEPER = "    "


def printable(text: str) -> str:
    r"""
    Return *text* with everything escaped that is not plainly printed: control characters, line ends, reversed writing.

    >>> print(printable("read\x1b[31m"))
    read\x1b[31m
    """
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text])


def fitting(text: str, columns: int) -> int:
    """
    Return how many characters of *text* fit into *columns*; those of East Asian scripts take two.

    >>> fitting("abcdef", 4), fitting("日本語", 4)
    (4, 2)
    """
    if text.isascii():
        return min(len(text), columns)
    used = 0
    for index, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns:
            return index
    return len(text)


def wrapped(line: str, most: int) -> list[str]:
    """
    Return *line* as at most *most* lines of the terminal; what does not fit ends in dots.

    >>> [len(part) for part in wrapped("word " * 60, 2)]
    [119, 120]

    Args:
        line: one line of text, of any length.
        most: how many lines it may take.
    """
    # A name may be megabytes long, and only its start will be seen.
    rest = printable(line[: COLUMNS * (most + 1)].rstrip())
    indent = rest[: len(rest) - len(rest.lstrip())][:20]
    parts: list[str] = []
    while fitting(rest, COLUMNS) < len(rest) and len(parts) < most - 1:
        end = fitting(rest, COLUMNS)
        space = rest.rfind(" ", COLUMNS // 2, end + 1)
        end = space if space > 0 else end
        parts.append(rest[:end].rstrip())
        rest = indent + _DEEPER + rest[end:].lstrip()
    if fitting(rest, COLUMNS) < len(rest):
        rest = rest[: fitting(rest, COLUMNS - 3)] + "..."
    return [*parts, rest]


def render(lines: Iterable[str], last: Iterable[str] = ()) -> str:
    """
    Return *lines* as one text that fits on a terminal; if there are too many, it says how many are left out.

    >>> render(["a", "b"])
    'a\\nb'
    >>> render([str(number) for number in range(100)]).splitlines()[-1]
    '... and 77 more lines'

    Args:
        lines: the lines of text, the most important first.
        last: a few lines that are shown after them in any case.
    """
    lines = list(lines)
    tail = [part for line in list(last)[:4] for part in wrapped(line, 2)]
    room = LINES - len(tail)
    shown: list[str] = []
    # Long lines are shown whole if there is room, and cut if there is not.
    for most in (4, 3, 2, 1):
        shown = [part for line in lines[: LINES + 1] for part in wrapped(line, most)]
        if len(shown) <= room and len(lines) <= room:
            return "\n".join(shown + tail)
    return "\n".join([*shown[: room - 1], f"... and {len(lines) - (room - 1)} more lines", *tail])
