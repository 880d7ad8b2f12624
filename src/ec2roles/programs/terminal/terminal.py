"""A terminal on one instance: a small, honest shell with ``aws``, ``curl`` and what goes with them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Api
from ec2roles.errors import ArgumentError
from ec2roles.programs.chain import CredentialChain
from ec2roles.programs.files import HOME, Files, to_bytes, to_text
from ec2roles.programs.metadata import Metadata
from ec2roles.programs.program import Completed, Ended, Invocation
from ec2roles.programs.terminal import shell, syntax
from ec2roles.programs.terminal.aws import Aws
from ec2roles.programs.terminal.builtins import LOGIN, Builtins
from ec2roles.programs.terminal.curl import Curl
from ec2roles.world.part import Part
from ec2roles.world.timeline import Position


@attrs.define(eq=False, repr=False)
class Terminal(Part):
    """
    A terminal on one instance; it keeps variables, files and the last exit code from one command to the next.

    >>> terminal = Terminal(api=None, chain=CredentialChain(lambda position: None), metadata=None)
    >>> terminal.run('NAME=world && echo "hello $NAME"', position=(0, 1))
    hello world

    Args:
        api: where the calls of ``aws`` go.
        chain: the credentials, environment and files of the instance.
        metadata: the metadata service that ``curl`` reaches.
        region: the region of the ``aws`` command where neither option, environment nor profile names one; None to
            have it complain, as the CLI's version 1 does.
        context: context keys that go with every call, such as ``aws:SourceIp``.
        sender: the id of the instance, for the history.
    """

    api: Api = attrs.field(kw_only=True)
    chain: CredentialChain = attrs.field(kw_only=True)
    metadata: Metadata = attrs.field(kw_only=True)
    region: str | None = attrs.field(default="us-east-1", kw_only=True)
    context: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)
    sender: str | None = attrs.field(default=None, kw_only=True)
    _variables: dict[str, str] = attrs.field(init=False, factory=dict)
    _status: int = attrs.field(init=False, default=0)

    @property
    def files(self) -> Files:
        """The file system of the instance."""
        return self.chain.files

    def run(self, command: str, *, position: Position, stdin: str = "") -> Completed:
        """
        Run a command line, and return what it wrote and how it ended.

        Args:
            command: a line for the shell; several lines are run one after the other.
            position: the moment at which everything in it happens.
            stdin: what the commands may read, for instance the answers to ``aws configure``.

        Raises:
            TypeError: if *command* is no text.
            ArgumentError: if it holds half of a character, which nobody can type.
        """
        if not isinstance(command, str):
            raise TypeError(f"command must be str, got {type(command).__name__}")
        try:
            to_bytes(command)
        except UnicodeEncodeError:
            raise ArgumentError(f"a command is text that UTF-8 can hold, got {shown(command)}") from None
        try:
            script = shell.parse(command)
        except shell.ShellSyntaxError as error:
            self._status = 2
            return Completed("", str(error), 2)
        done = self._script(script, io.StringIO(stdin), position)
        # Bytes that are no text travel through pipes and files unharmed; here they are shown.
        return Completed(_printable(done.stdout), _printable(done.stderr), done.exit_code)

    # The parts of a script, from the largest to the smallest.

    def _script(self, script: syntax.Script, stdin: io.StringIO, position: Position) -> Completed:
        stdout, stderr = [], []
        for step in script:
            if (step.joiner == "&&" and self._status != 0) or (step.joiner == "||" and self._status == 0):
                continue
            done = self._pipeline(step.commands, stdin, position)
            stdout.append(done.stdout)
            stderr.append(done.stderr)
            self._status = done.exit_code
        return Completed("".join(stdout), "".join(stderr), self._status if script else 0)

    def _pipeline(self, commands: Sequence[syntax.Command], stdin: io.StringIO, position: Position) -> Completed:
        if len(commands) == 1:
            return self._command(commands[0], stdin, position)
        stderr = []
        for command in commands:
            with self._subshell():
                done = self._command(command, stdin, position)
            stderr.append(done.stderr)
            stdin = io.StringIO(done.stdout)
        return Completed(done.stdout, "".join(stderr), done.exit_code)

    @contextmanager
    def _subshell(self) -> Iterator[None]:
        """What is set in a pipe or a substitution is gone after it; files stay."""
        variables, environment = dict(self._variables), dict(self.chain.environment)
        try:
            yield
        finally:
            self._variables = variables
            if environment != self.chain.environment:
                for name in [name for name in self.chain.environment if name not in environment]:
                    self.chain.unset(name)
                for name, value in environment.items():
                    self.chain.export(name, value)

    def _command(self, command: syntax.Command, stdin: io.StringIO, position: Position) -> Completed:
        stderr: list[str] = []
        status_before = self._status
        self._status = 0  # An assignment alone ends as its last substitution did, and well if it has none.

        def expand(word: syntax.Word) -> str:
            return " ".join(self._fields(word, stderr, position, status=status_before, split=False))

        words = [
            field for word in command.words for field in self._fields(word, stderr, position, status=status_before)
        ]
        assignments = {}
        for name, word in command.assignments:
            assignments[name] = expand(word)
            if not words:
                self._assign(name, assignments[name])
        targets = [(each, None if each.target is None else expand(each.target)) for each in command.redirections]
        status = self._status
        try:
            for redirection, path in targets:
                if path is not None:
                    stdin = self._open(redirection, path, stdin)
            if words:
                environment = {**self.chain.environment, **assignments} if assignments else None
                done = self._program(
                    words, Invocation(tuple(words[1:]), position=position, stdin=stdin, environment=environment)
                )
            else:
                done = Completed(exit_code=status)
        except Ended as end:
            return Completed("", "".join(stderr) + end.completed.stderr, end.completed.exit_code)
        done = self._redirect(done, targets)
        return Completed(done.stdout, "".join(stderr) + done.stderr, done.exit_code)

    def _open(self, redirection: syntax.Redirection, path: str, stdin: io.StringIO) -> io.StringIO:
        if redirection.descriptor == 0:
            content = self.files.read(path)
            if content is None:
                raise Ended(1, f"bash: {path}: No such file or directory\n")
            return io.StringIO(to_text(content))
        try:
            self.files.write(path, b"", append=redirection.append)
        except IsADirectoryError:
            raise Ended(1, f"bash: {path}: {'Is a directory' if path else 'No such file or directory'}\n") from None
        return stdin

    def _redirect(self, done: Completed, targets: Sequence[tuple[syntax.Redirection, str | None]]) -> Completed:
        """Send what the program wrote to where its redirections, read from left to right, lead."""
        leads: dict[int, int | str] = {1: 1, 2: 2}
        for redirection, path in targets:
            if path is not None and redirection.descriptor:
                leads[redirection.descriptor] = path
            elif redirection.copy_of is not None:
                leads[redirection.descriptor] = leads[redirection.copy_of]
        left = {1: "", 2: ""}
        for descriptor, text in ((1, done.stdout), (2, done.stderr)):
            lead = leads[descriptor]
            if isinstance(lead, int):
                left[lead] += text
            elif text:
                self.files.write(lead, to_bytes(text), append=True)
        return Completed(left[1], left[2], done.exit_code)

    # Words.

    def _fields(
        self, word: syntax.Word, stderr: list[str], position: Position, *, status: int, split: bool = True
    ) -> list[str]:
        """Expand one word into the words that it stands for: none, one, or several if unquoted text has blanks."""
        fields: list[str] = []
        current: str | None = None
        for index, part in enumerate(word):
            if isinstance(part, syntax.Text):
                text = part.text
                if index == 0 and not part.quoted and re.match(r"~(/|$)", text):
                    text = HOME + text[1:]
                current = (current or "") + text
                continue
            text = self._expansion(part, stderr, position, status)
            if part.quoted or not split:
                current = (current or "") + text
                continue
            pieces = re.split(r"[ \t\n]+", text)
            for number, piece in enumerate(pieces):
                if number > 0 and current is not None:
                    fields.append(current)
                    current = None
                if piece:
                    current = (current or "") + piece
        return fields if current is None else [*fields, current]

    def _expansion(
        self, part: syntax.Variable | syntax.Substitution, stderr: list[str], position: Position, status: int
    ) -> str:
        if isinstance(part, syntax.Substitution):
            with self._subshell():
                done = self._script(part.script, io.StringIO(), position)
            stderr.append(done.stderr)
            self._status = done.exit_code
            return done.stdout.rstrip("\n")
        return str(status) if part.name == "?" else self._value(part.name)

    def _value(self, name: str) -> str:
        if name in self._variables:
            return self._variables[name]
        return self.chain.environment.get(name, dict(LOGIN).get(name, ""))

    def _assign(self, name: str, value: str) -> None:
        # A variable that is exported stays exported; any other is the shell's own, and programs do not see it.
        if name in self.chain.environment:
            self.chain.export(name, value)
        else:
            self._variables[name] = value

    # Programs.

    def _program(self, words: Sequence[str], invocation: Invocation) -> Completed:
        name = words[0]
        if name == "aws":
            return Aws(self.api, self.chain, self.region, self.context, self.sender).run(invocation)
        if name == "curl":
            return Curl(self.metadata, self.files).run(invocation)
        commands = Builtins(self.chain, self._variables).commands
        program = commands.get(name)
        if program is None:
            known = ", ".join(["aws", *sorted([*commands, "curl"])])
            return Completed("", f"bash: {name}: command not found\nec2roles: this terminal knows {known}\n", 127)
        return program(invocation)

    def __repr__(self) -> str:
        return f"<Terminal: {self.chain!r}>"


def _printable(text: str) -> str:
    return text if text.isascii() else to_bytes(text).decode("utf-8", "replace")
