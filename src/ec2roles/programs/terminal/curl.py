"""The ``curl`` command, for http://169.254.169.254 alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import attrs

from ec2roles.programs.files import Files, to_text
from ec2roles.programs.program import Completed, Ended, Invocation
from ec2roles.world.timeline import Position

ADDRESS = "169.254.169.254"
VERSION = "7.88.1"
SEE_HELP = "curl: try 'curl --help' or 'curl --manual' for more information\n"
OURS = "ec2roles: from this terminal curl reaches http://169.254.169.254 only\n"

# Options by their long name; the first group takes an argument. What is in the last group changes nothing here.
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


class MetadataAnswer(Protocol):
    """What the metadata service answers."""

    @property
    def status(self) -> int | None:
        """The HTTP status; None if the answer never arrived."""

    @property
    def body(self) -> str | bytes:
        """What follows the headers."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in the order in which they are sent."""

    @property
    def timed_out(self) -> bool:
        """Whether the answer never arrived."""


class Metadata(Protocol):
    """The metadata service of the instance on which the terminal runs."""

    def request(self, method: str, path: str, headers: Mapping[str, str], *, position: Position) -> MetadataAnswer:
        """Answer a request."""


@attrs.define
class Options:
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


@attrs.frozen
class Curl:
    """
    The ``curl`` of one instance.

    Args:
        metadata: the metadata service it reaches.
        files: where ``-o`` writes.
    """

    metadata: Metadata
    files: Files

    def run(self, invocation: Invocation) -> Completed:
        """Run ``curl`` with these arguments."""
        try:
            options = read_options(invocation.arguments)
        except Ended as end:
            return end.completed
        stdout, stderr, exit_code = [], [], 0
        for index, url in enumerate(options.urls):
            try:
                done = self._transfer(options, url, index, invocation.position)
            except Ended as end:
                done = end.completed
            stdout.append(done.stdout)
            stderr.append(done.stderr)
            exit_code = done.exit_code
        return Completed("".join(stdout), "".join(stderr), exit_code)

    def _transfer(self, options: Options, url: str, index: int, position: Position) -> Completed:
        target = self._reachable(options, url)
        path = target.path or "/"
        log = _request_log(options, target) if "verbose" in options.switches else []
        answer = self.metadata.request(options.method, path, dict(options.headers), position=position)
        if answer.timed_out or answer.status is None:
            return self._no_answer(options, log)

        body = to_text(answer.body)
        head = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}\r\n"]
        head += [f"{name}: {value}\r\n" for name, value in answer.headers.items()]
        head.append("\r\n")
        if "verbose" in options.switches:
            log += [f"< {line}" for line in head]
            log.append(f"* Connection #{index} to host {ADDRESS} left intact\n")
        output = "".join(head) if options.switches & {"include", "head"} else ""
        exit_code = 0
        if "fail" in options.switches and answer.status >= HTTPStatus.BAD_REQUEST:
            exit_code = 22
            if not options.mute:
                log.append(f"curl: (22) The requested URL returned error: {answer.status}\n")
        else:
            output += body
        output = self._save(options, index, output)
        known = {
            "http_code": f"{answer.status:03d}",
            "response_code": f"{answer.status:03d}",
            "size_download": str(len(body) if exit_code == 0 else 0),
            "content_type": next((v for k, v in answer.headers.items() if k.lower() == "content-type"), ""),
        }
        written, complaints = _write_out(options.write_out, known)
        return Completed(output + written, "".join(log) + complaints, exit_code)

    @staticmethod
    def _reachable(options: Options, url: str) -> SplitResult:
        try:
            target = urlsplit(url if "://" in url else f"http://{url}")
        except ValueError:
            target = urlsplit("http://")
        error = None
        if target.scheme not in ("http", "https"):
            error = (1, f'Protocol "{target.scheme}" not supported or disabled in libcurl')
        else:
            try:
                host, port = target.hostname or "", target.port or (443 if target.scheme == "https" else 80)
            except ValueError:
                host, port = "", 0
            if not host:
                error = (3, "URL using bad/illegal format or missing URL")
            elif re.fullmatch(r"[\d.]+|.*:.*", host):
                if (host, port, target.scheme) != (ADDRESS, 80, "http"):
                    error = (7, f"Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server")
            else:
                error = (6, f"Could not resolve host: {host}")
        if error is not None:
            written, complaints = _write_out(options.write_out, {})
            text = "" if options.mute else f"curl: ({error[0]}) {error[1]}\n{OURS}"
            raise Ended(error[0], text + complaints, written)
        return target

    @staticmethod
    def _no_answer(options: Options, log: list[str]) -> Completed:
        written, complaints = _write_out(options.write_out, {})
        if not options.mute:
            if options.max_time is None:
                # Without a limit the real one waits until somebody stops it; nothing here may wait.
                log.append("ec2roles: no answer comes, and curl would wait for ever; --max-time 2 limits the wait\n")
                log.append("curl: (28) Operation timed out\n")
            else:
                milliseconds = round(options.max_time * 1000)
                log.append(f"curl: (28) Operation timed out after {milliseconds} milliseconds with 0 bytes received\n")
        return Completed(written, "".join(log) + complaints, 28)

    def _save(self, options: Options, index: int, output: str) -> str:
        if index >= len(options.outputs) or options.outputs[index] == "-":
            return output
        try:
            self.files.write(options.outputs[index], output.encode("utf-8", "surrogateescape"))
        except IsADirectoryError:
            text = "curl: (23) Failure writing output to destination\n"
            raise Ended(23, "" if options.mute else text) from None
        return ""


def read_options(arguments: tuple[str, ...]) -> Options:
    """
    Return what *arguments* ask for.

    >>> options = read_options(("-sX", "PUT", "http://169.254.169.254/latest/api/token", "-H", "A: b"))
    >>> options.method, options.headers, options.mute
    ('PUT', {'A': 'b'}, True)

    Raises:
        Ended: with curl's own complaint.
    """
    options = Options()
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


def _request_log(options: Options, target: SplitResult) -> list[str]:
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    sent = {"Host": ADDRESS, "User-Agent": f"curl/{VERSION}", "Accept": "*/*", **options.headers}
    return [
        f"*   Trying {ADDRESS}:80...\n",
        f"* Connected to {ADDRESS} ({ADDRESS}) port 80 (#0)\n",
        f"> {options.method} {path} HTTP/1.1\r\n",
        *(f"> {name}: {value}\r\n" for name, value in sent.items()),
        "> \r\n",
    ]


def _reason(status: int) -> str:
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return "Not Allowed"  # The metadata service's own wording.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _write_out(template: str, known: Mapping[str, str]) -> tuple[str, str]:
    """Return what ``-w`` writes, and what curl complains about."""
    complaints = []

    def value(found: re.Match[str]) -> str:
        token = found[0]
        if token in ("\\n", "\\t", "\\r", "%%"):
            return {"\\n": "\n", "\\t": "\t", "\\r": "\r", "%%": "%"}[token]
        name = token[2:-1]
        if name in known:
            return known[name]
        if name in ("http_code", "response_code"):
            return "000"
        if name == "size_download":
            return "0"
        if name != "content_type":
            complaints.append(f"curl: unknown --write-out variable: '{name}'\n")
        return ""

    return re.sub(r"\\[ntr]|%%|%\{[^}]*\}", value, template), "".join(complaints)
