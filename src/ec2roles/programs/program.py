"""What every program in the terminal takes and returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

import attrs

from ec2roles.secret import masked
from ec2roles.world.timeline import Position


@attrs.frozen(eq=False, repr=False)
class Completed:
    """
    What a command wrote, and how it ended. It shows itself as a terminal does, but for secrets: `stdout` has them.

    >>> Completed("hello\\n")
    hello

    Args:
        stdout: its standard output.
        stderr: its standard error.
        exit_code: 0 when it worked.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    def __repr__(self) -> str:
        text = "\n".join(part.rstrip("\n") for part in (self.stdout, self.stderr.lstrip("\n")) if part)
        text = masked(text)
        if self.exit_code == 0:
            return text or "<Completed, no output>"
        return f"{text}\n[exit code {self.exit_code}]" if text else f"[exit code {self.exit_code}]"

    # By hand: of values that attrs compares, a failed assert shows each part that differs, secrets too.
    def __eq__(self, other: object) -> bool:
        return attrs.astuple(self) == attrs.astuple(other) if isinstance(other, Completed) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.stdout, self.stderr, self.exit_code))


class Ended(Exception):
    """A program ends early; this exception never leaves the terminal."""

    def __init__(self, exit_code: int, stderr: str = "", stdout: str = "") -> None:
        super().__init__(stderr)
        self.completed: Completed = Completed(stdout, stderr, exit_code)


@attrs.frozen
class Invocation:
    """
    One run of one program.

    Args:
        arguments: the words after its name.
        position: the moment.
        stdin: what it may read.
        environment: the variables it sees, where they are not simply the exported ones.
    """

    arguments: tuple[str, ...] = attrs.field(repr=False)  # They may hold a secret.
    position: Position = attrs.field(kw_only=True)
    stdin: TextIO = attrs.field(kw_only=True, repr=False)
    environment: Mapping[str, str] | None = attrs.field(default=None, kw_only=True, repr=False)
