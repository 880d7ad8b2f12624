"""What a command line says, as values: commands, words, redirections."""

from __future__ import annotations

import attrs


@attrs.frozen
class Text:
    """Characters that stand for themselves."""

    text: str
    quoted: bool = False


@attrs.frozen
class Variable:
    """``$NAME``, ``${NAME}`` or ``$?``."""

    name: str
    quoted: bool = False


@attrs.frozen
class Substitution:
    """``$(...)`` or the same in backticks."""

    script: Script
    quoted: bool = False


Word = tuple["Text | Variable | Substitution", ...]


@attrs.frozen
class Redirection:
    """
    Where one stream of a command goes or comes from.

    Args:
        descriptor: 0, 1 or 2.
        append: ``>>``.
        target: the file; None for the copy of another stream.
        copy_of: the stream it is a copy of, as in ``2>&1``.
    """

    descriptor: int
    append: bool = attrs.field(default=False, kw_only=True)
    target: Word | None = attrs.field(default=None, kw_only=True)
    copy_of: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Command:
    """A simple command: assignments, words, redirections; each may be missing."""

    assignments: tuple[tuple[str, Word], ...] = ()
    words: tuple[Word, ...] = ()
    redirections: tuple[Redirection, ...] = ()


@attrs.frozen
class Step:
    """
    A pipeline, and what comes before it.

    Args:
        joiner: ``;`` (always), ``&&`` (if the one before worked) or ``||`` (if it did not).
        commands: they run from left to right, each reading what the one before it wrote.
    """

    joiner: str
    commands: tuple[Command, ...]


Script = tuple[Step, ...]
