"""What a command line of ``curl`` asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from ec2roles.programs.program import Ended

SEE_HELP = "curl: try 'curl --help' or 'curl --manual' for more information\n"
# CurlOptions by their long name; the first group takes an argument. What is in the last group changes nothing here.
WITH_ARGUMENT: Mapping[str, str] = {"X": "request", "H": "header", "o": "output", "m": "max-time", "w": "write-out"}
SWITCHES: Mapping[str, str] = {
    "s": "silent",
    "S": "show-error",
    "i": "include",
    "f": "fail",
    "v": "verbose",
    "I": "head",
}
IGNORED: Mapping[str, str] = {
    "L": "location",
    "k": "insecure",
    "g": "globoff",
    "4": "ipv4",
    "N": "no-buffer",
    "#": "progress-bar",
}
IGNORED_WITH_ARGUMENT = ("connect-timeout", "noproxy", "retry", "retry-delay")


@attrs.define
class CurlOptions:
    """What was asked for on the command line."""

    urls: list[str] = attrs.field(factory=list)
    headers: dict[str, str] = attrs.field(factory=dict)
    request: str | None = None
    write_out: str = ""
    outputs: list[str] = attrs.field(factory=list)
    max_time: float | None = None
    switches: set[str] = attrs.field(factory=set)

    @property
    def method(self) -> str:
        """The HTTP method: ``-X`` says it, else ``-I`` means HEAD."""
        return self.request or ("HEAD" if "head" in self.switches else "GET")

    @property
    def mute(self) -> bool:
        """Whether errors are kept quiet: ``-s`` without ``-S``."""
        return "silent" in self.switches and "show-error" not in self.switches


def read_options(arguments: tuple[str, ...]) -> CurlOptions:
    """
    Return what *arguments* ask for.

    >>> options = read_options(("-sX", "PUT", "http://169.254.169.254/latest/api/token", "-H", "A: b"))
    >>> options.method, options.headers, options.mute
    ('PUT', {'A': 'b'}, True)

    Raises:
        Ended: with curl's own complaint.
    """
    options = CurlOptions()
    for name, value in _split(arguments):
        if name == "url":
            options.urls.append(value)
        elif name == "request":
            options.request = value
        elif name == "header":
            _add_header(options.headers, value)
        elif name == "output":
            options.outputs.append(value)
        elif name == "write-out":
            options.write_out = value
        elif name == "max-time":
            try:
                options.max_time = float(value)
            except ValueError:
                raise Ended(2, f"curl: option {name}: expected a proper numerical parameter\n{SEE_HELP}") from None
        else:
            options.switches.add(name)
    if not options.urls:
        raise Ended(2, SEE_HELP)
    return options


def _split(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Give (long name, value) for each option, and ("url", ...) for the rest."""
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word == "-":
            yield "url", word
            continue
        if word.startswith("--"):
            name, rest = word[2:], ""
            letters = [(word, name)]
        else:
            # One dash, many letters: -sX PUT; the first that takes an argument takes what follows.
            letters, rest = [], word[1:]
            while rest:
                letter, rest = rest[0], rest[1:]
                name = WITH_ARGUMENT.get(letter) or SWITCHES.get(letter) or IGNORED.get(letter) or ""
                letters.append((f"-{letter}", name))
                if letter in WITH_ARGUMENT:
                    break
        for shown, name in letters:
            if name in WITH_ARGUMENT.values() or name in IGNORED_WITH_ARGUMENT or name == "url":
                if not rest and not waiting:
                    raise Ended(2, f"curl: option {shown}: requires parameter\n{SEE_HELP}")
                value = rest or waiting.pop(0)
                if name not in IGNORED_WITH_ARGUMENT:
                    yield name, value
            elif name in SWITCHES.values():
                yield name, ""
            elif name not in IGNORED.values():
                known = " ".join(f"-{letter}" for letter in (*SWITCHES, *WITH_ARGUMENT))
                raise Ended(2, f"curl: option {word}: is unknown\n{SEE_HELP}ec2roles: the options it knows: {known}\n")


def _add_header(headers: dict[str, str], line: str) -> None:
    # curl leaves out a header without a value: `-H "X-aws-ec2-metadata-token: $TOKEN"` with an empty TOKEN sends none,
    # and the metadata service sees a version 1 request. `Name;` is its way to send an empty one.
    name, colon, value = line.partition(":")
    if colon and value.strip():
        headers[name.strip()] = value.strip()
    elif not colon and line.endswith(";"):
        headers[line[:-1].strip()] = ""
