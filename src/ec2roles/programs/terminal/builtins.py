"""The small commands of a terminal, such as ``cat``, ``echo`` and ``export``."""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from ec2roles.programs.chain import CredentialChain
from ec2roles.programs.files import HOME, to_text
from ec2roles.programs.program import Completed, Invocation
from ec2roles.programs.terminal import shell

# What a fresh login shell has; export can hide it, unset cannot remove it.
LOGIN = (
    ("HOME", HOME),
    ("LANG", "C.UTF-8"),
    ("LOGNAME", "ec2-user"),
    ("PATH", "/usr/local/bin:/usr/bin"),
    ("PWD", HOME),
    ("SHELL", "/bin/bash"),
    ("USER", "ec2-user"),
)

Program = Callable[[Invocation], Completed]


@attrs.frozen
class Builtins:
    """
    What a terminal runs besides ``aws`` and ``curl``.

    Args:
        chain: the environment and the files of the instance.
        variables: those of the shell itself, which programs do not see; ``export`` and ``unset`` change them.
    """

    chain: CredentialChain
    variables: dict[str, str]

    @property
    def commands(self) -> dict[str, Program]:
        """What runs for each name."""
        return {
            "cat": self._cat,
            "echo": _echo,
            "env": self._env,
            "export": self._export,
            "false": lambda invocation: Completed(exit_code=1),
            "pwd": lambda invocation: Completed(f"{HOME}\n"),
            "rm": self._rm,
            "true": lambda invocation: Completed(),
            "unset": self._unset,
            "whoami": lambda invocation: Completed("ec2-user\n"),
        }

    def _cat(self, invocation: Invocation) -> Completed:
        stdout, stderr = [], []
        for path in invocation.arguments or ("-",):
            content = self.chain.files.read(path)
            if path == "-":
                stdout.append(invocation.stdin.read())
            elif content is not None:
                stdout.append(to_text(content))
            elif path.startswith("-"):
                return Completed("", f"cat: options such as '{path}' are not simulated\n", 1)
            else:
                reason = "Is a directory" if self.chain.files.is_directory(path) else "No such file or directory"
                stderr.append(f"cat: {path}: {reason}\n")
        return Completed("".join(stdout), "".join(stderr), 1 if stderr else 0)

    def _rm(self, invocation: Invocation) -> Completed:
        paths = [path for path in invocation.arguments if path != "-f"]
        force = len(paths) < len(invocation.arguments)
        if not paths and not force:
            return Completed("", "rm: missing operand\nTry 'rm --help' for more information.\n", 1)
        stderr = []
        for path in paths:
            if path.startswith("-"):
                return Completed("", f"rm: options such as '{path}' are not simulated\n", 1)
            if self.chain.files.is_directory(path):
                stderr.append(f"rm: cannot remove '{path}': Is a directory\n")
            elif not self.chain.files.remove(path) and not force:
                stderr.append(f"rm: cannot remove '{path}': No such file or directory\n")
        return Completed("", "".join(stderr), 1 if stderr else 0)

    def _env(self, invocation: Invocation) -> Completed:
        if invocation.arguments:
            complaint = "ec2roles: env takes no words here; NAME=value COMMAND does the same\n"
            return Completed("", complaint, 125)
        seen = {**dict(LOGIN), **(invocation.environment or self.chain.environment)}
        return Completed("".join(f"{name}={value}\n" for name, value in seen.items()))

    def _export(self, invocation: Invocation) -> Completed:
        words = [word for word in invocation.arguments if word != "-p"]
        if not words:
            seen = {**dict(LOGIN), **self.chain.environment}
            return Completed("".join(f'declare -x {name}="{seen[name]}"\n' for name in sorted(seen)))
        stderr = []
        for word in words:
            name, sign, value = word.partition("=")
            if not shell.NAME.fullmatch(name):
                stderr.append(f"bash: export: `{word}': not a valid identifier\n")
            elif sign:
                self.variables.pop(name, None)
                self.chain.export(name, value)
            elif name in self.variables:
                self.chain.export(name, self.variables.pop(name))
        return Completed("", "".join(stderr), 1 if stderr else 0)

    def _unset(self, invocation: Invocation) -> Completed:
        for name in invocation.arguments:
            self.variables.pop(name, None)
            self.chain.unset(name)
        return Completed()


def _echo(invocation: Invocation) -> Completed:
    words, end, escapes = list(invocation.arguments), "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        option = words.pop(0)
        end = "" if "n" in option else end
        escapes = "e" in option or (escapes and "E" not in option)
    text = " ".join(words)
    if escapes:
        text = re.sub(r"\\([nt\\])", lambda found: {"n": "\n", "t": "\t", "\\": "\\"}[found[1]], text)
    return Completed(text + end)
