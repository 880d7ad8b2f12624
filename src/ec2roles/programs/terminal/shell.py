"""The grammar of a small shell: what a command line says, before anything is looked up or run."""

from __future__ import annotations

import re

from ec2roles.programs.terminal.syntax import Command, Redirection, Script, Step, Substitution, Text, Variable, Word

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
REDIRECTION = re.compile(r"(\d*)(>>|>&|>\||>\(|<<<|<<|<&|<>|<\(|>|<)|(&>>?)")
BREAKS = " \t\n;|&<>()"
KEYWORDS = (
    *("if", "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "select"),
    *("function", "time", "coproc", "{", "}", "!", "[["),
)


class ShellSyntaxError(Exception):
    """The command line is not one that this shell understands; the text is for its standard error."""


def parse(line: str) -> Script:
    """
    Return what *line* says.

    >>> [step.joiner for step in parse("a | b && c; d")]
    [';', '&&', ';']

    Raises:
        ShellSyntaxError: if it is no command line, or uses what this shell does not know.
    """
    try:
        return _Parser(line).script("")
    except RecursionError:
        raise ShellSyntaxError("ec2roles: this line is nested too deeply\n") from None


def _unknown(what: str) -> ShellSyntaxError:
    return ShellSyntaxError(
        f"ec2roles: this shell does not know '{what}'; it knows quotes, $NAME, $(...), pipes, &&, ||, ;, > and >>\n"
    )


def _unexpected(token: str) -> ShellSyntaxError:
    return ShellSyntaxError(f"bash: syntax error near unexpected token `{token}'\n")


def _unclosed(mark: str) -> ShellSyntaxError:
    return ShellSyntaxError(f"bash: unexpected EOF while looking for matching `{mark}'\n")


class _Parser:
    """Reads one line from left to right; `at` is how far it is."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0

    @property
    def next(self) -> str:
        return self.line[self.at : self.at + 1]

    def blanks(self) -> None:
        while True:
            if self.next in (" ", "\t") and self.next:
                self.at += 1
            elif self.line.startswith("\\\n", self.at):
                self.at += 2
            elif self.next == "#":
                end = self.line.find("\n", self.at)
                self.at = len(self.line) if end < 0 else end
            else:
                return

    def operator(self) -> str:
        for operator in ("&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")"):
            if self.line.startswith(operator, self.at):
                return operator
        return ""

    def script(self, closing: str) -> Script:
        """Read up to *closing* (``)`` or the end) and past it."""
        steps: list[Step] = []
        joiner = ";"
        while True:
            self.blanks()
            if self.next == closing:
                if joiner in ("&&", "||"):
                    raise _unexpected(closing or "newline")
                self.at += 1
                return tuple(steps)
            if not self.next:
                raise _unclosed(closing)
            if self.next == "\n":
                self.at += 1
                continue
            steps.append(Step(joiner, self.pipeline()))
            operator = self.operator()
            if operator in ("&", ";;", "|&"):
                raise _unknown(operator)
            if operator == ")" != closing:
                raise _unexpected(")")
            if operator and operator != ")":
                self.at += len(operator)
            joiner = operator if operator in ("&&", "||") else ";"

    def pipeline(self) -> tuple[Command, ...]:
        commands = [self.command()]
        while self.operator() == "|":
            self.at += 1
            while self.next == "\n":
                self.at += 1
            commands.append(self.command())
        return tuple(commands)

    def command(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            self.blanks()
            redirection = REDIRECTION.match(self.line, self.at)
            if redirection:
                redirections.extend(self.redirection(redirection))
                continue
            if not self.next or self.operator():
                break
            word = self.word()
            assignment = None if words else _assignment(word)
            if assignment:
                assignments.append(assignment)
            else:
                words.append(word)
                if len(words) == 1 and len(word) == 1 and isinstance(word[0], Text) and not word[0].quoted:
                    if word[0].text in KEYWORDS:
                        raise _unknown(word[0].text)
        if self.next == "(":
            raise _unknown("(")
        if not assignments and not words and not redirections:
            raise _unexpected(self.operator().replace("\n", "newline") or "newline")
        return Command(tuple(assignments), tuple(words), tuple(redirections))

    def redirection(self, match: re.Match[str]) -> list[Redirection]:
        descriptor, operator, both = match.groups()
        self.at = match.end()
        if both:
            target = self.target(both)
            return [Redirection(1, append=both == "&>>", target=target), Redirection(2, copy_of=1)]
        if operator not in ("<", ">", ">>", ">&") or descriptor not in ("", "0", "1", "2"):
            raise _unknown(descriptor + operator)
        number = int(descriptor or ("0" if operator == "<" else "1"))
        if (number == 0) != (operator == "<"):
            raise _unknown(descriptor + operator)
        if operator == ">&":
            copied = self.next
            if copied not in ("1", "2") or not copied:
                raise _unknown(f"{descriptor}>&{copied}")
            self.at += 1
            return [Redirection(number, copy_of=int(copied))]
        return [Redirection(number, append=operator == ">>", target=self.target(operator))]

    def target(self, operator: str) -> Word:
        self.blanks()
        if not self.next or self.next in BREAKS:
            raise _unexpected(self.operator().replace("\n", "newline") or "newline")
        return self.word()

    def word(self) -> Word:
        parts: list[Text | Variable | Substitution] = []
        plain: list[str] = []

        def flush() -> None:
            if plain:
                parts.append(Text("".join(plain)))
                plain.clear()

        while self.next and self.next not in BREAKS:
            character = self.next
            if character == "'":
                flush()
                end = self.line.find("'", self.at + 1)
                if end < 0:
                    raise _unclosed("'")
                parts.append(Text(self.line[self.at + 1 : end], quoted=True))
                self.at = end + 1
            elif character == '"':
                flush()
                self.at += 1
                parts.extend(self.double_quoted())
            elif character == "\\":
                if self.line.startswith("\\\n", self.at):
                    self.at += 2
                    continue
                flush()
                parts.append(Text(self.line[self.at + 1 : self.at + 2] or "\\", quoted=True))
                self.at += 2
            elif character in "$`":
                expansion = self.expansion(quoted=False)
                if expansion is None:
                    plain.append("$")
                else:
                    flush()
                    parts.append(expansion)
            else:
                plain.append(character)
                self.at += 1
        flush()
        return tuple(parts)

    def double_quoted(self) -> list[Text | Variable | Substitution]:
        parts: list[Text | Variable | Substitution] = []
        plain: list[str] = []
        while self.next != '"':
            character = self.next
            if not character:
                raise _unclosed('"')
            if character == "\\":
                escaped = self.line[self.at + 1 : self.at + 2]
                self.at += 2
                if escaped in ("$", "`", '"', "\\"):
                    plain.append(escaped)
                elif escaped != "\n":
                    plain.append("\\" + escaped)
            elif character in "$`":
                expansion = self.expansion(quoted=True)
                if expansion is None:
                    plain.append("$")
                else:
                    parts.extend([Text("".join(plain), quoted=True), expansion])
                    plain.clear()
            else:
                plain.append(character)
                self.at += 1
        self.at += 1
        return [*parts, Text("".join(plain), quoted=True)]

    def expansion(self, *, quoted: bool) -> Variable | Substitution | None:
        """Read what starts with ``$`` or a backtick; None for a ``$`` that stands for itself."""
        if self.next == "`":
            return self.backticks(quoted=quoted)
        self.at += 1
        if self.line.startswith("((", self.at):
            raise _unknown("$((")
        if self.next == "(":
            self.at += 1
            return Substitution(self.script(")"), quoted)
        if self.next == "?":
            self.at += 1
            return Variable("?", quoted)
        if self.next == "{":
            end = self.line.find("}", self.at)
            if end < 0:
                raise _unclosed("}")
            name = self.line[self.at + 1 : end]
            if name != "?" and not NAME.fullmatch(name):
                raise _unknown(f"${{{name}}}")
            self.at = end + 1
            return Variable(name, quoted)
        match = NAME.match(self.line, self.at)
        if match:
            self.at = match.end()
            return Variable(match[0], quoted)
        if self.next and (self.next in "@*#$!-" or self.next.isdigit() or (self.next in "'\"" and not quoted)):
            raise _unknown("$" + self.next)
        return None

    def backticks(self, *, quoted: bool) -> Substitution:
        self.at += 1
        inside: list[str] = []
        while self.next != "`":
            if not self.next:
                raise _unclosed("`")
            escaped = self.line[self.at + 1 : self.at + 2]
            if self.next == "\\" and escaped and escaped in ('$`\\"' if quoted else "$`\\"):
                inside.append(escaped)
                self.at += 2
            else:
                inside.append(self.next)
                self.at += 1
        self.at += 1
        return Substitution(parse("".join(inside)), quoted)


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word[0]
    if not isinstance(first, Text) or first.quoted:
        return None
    name, sign, rest = first.text.partition("=")
    if not sign or not NAME.fullmatch(name):
        return None
    return name, ((Text(rest), *word[1:]) if rest else word[1:])
