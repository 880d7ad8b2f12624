"""The ``curl`` command, for http://169.254.169.254 alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

import attrs

from ec2roles.programs.files import Files, to_text
from ec2roles.programs.metadata import Metadata
from ec2roles.programs.program import Completed, Ended, Invocation
from ec2roles.programs.terminal.curl_options import CurlOptions, read_options
from ec2roles.world.timeline import Position

ADDRESS = "169.254.169.254"
VERSION = "7.88.1"
OURS = "ec2roles: from this terminal curl reaches http://169.254.169.254 only\n"


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

    def _transfer(self, options: CurlOptions, url: str, index: int, position: Position) -> Completed:
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
        variables = {
            "http_code": f"{answer.status:03d}",
            "response_code": f"{answer.status:03d}",
            "size_download": str(len(body) if exit_code == 0 else 0),
            "content_type": next((v for k, v in answer.headers.items() if k.lower() == "content-type"), ""),
        }
        written, complaints = _write_out(options.write_out, variables)
        return Completed(output + written, "".join(log) + complaints, exit_code)

    @staticmethod
    def _reachable(options: CurlOptions, url: str) -> SplitResult:
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
    def _no_answer(options: CurlOptions, log: list[str]) -> Completed:
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

    def _save(self, options: CurlOptions, index: int, output: str) -> str:
        if index >= len(options.outputs) or options.outputs[index] == "-":
            return output
        try:
            self.files.write(options.outputs[index], output.encode("utf-8", "surrogateescape"))
        except IsADirectoryError:
            text = "curl: (23) Failure writing output to destination\n"
            raise Ended(23, "" if options.mute else text) from None
        return ""


def _request_log(options: CurlOptions, target: SplitResult) -> list[str]:
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


def _write_out(template: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """Return what ``-w`` writes, and what curl complains about."""
    complaints = []

    def value(match: re.Match[str]) -> str:
        token = match[0]
        if token in ("\\n", "\\t", "\\r", "%%"):
            return {"\\n": "\n", "\\t": "\t", "\\r": "\r", "%%": "%"}[token]
        name = token[2:-1]
        if name in variables:
            return variables[name]
        if name in ("http_code", "response_code"):
            return "000"
        if name == "size_download":
            return "0"
        if name != "content_type":
            complaints.append(f"curl: unknown --write-out variable: '{name}'\n")
        return ""

    return re.sub(r"\\[ntr]|%%|%\{[^}]*\}", value, template), "".join(complaints)
