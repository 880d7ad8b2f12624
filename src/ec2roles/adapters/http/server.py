"""A small HTTP server for a WSGI application, of the standard library: HTTP/1.1, a thread for each connection, loopback only."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from ec2roles.adapters.http.wsgi import CLOSE, HEADERS, SILENCE

LOOPBACK = "127.0.0.1"
_LONGEST_LINE = 65_536
_MOST_BYTES = 70 * 1024 * 1024

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]


class Server(ThreadingHTTPServer):
    """
    Serves an application on a port of this machine, which no other can reach.

    >>> server = Server(lambda environ, start: [b""])
    >>> server.url.startswith("http://127.0.0.1:")
    True
    >>> server.server_close()

    Args:
        application: the WSGI application.
        port: 0 for one that is free.
    """

    daemon_threads = True
    request_queue_size = 128

    server_address: tuple[str, int]
    server_name: str
    server_port: int

    def __init__(self, application: Wsgi, port: int = 0) -> None:
        self.application = application
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Bind; the name of the machine, which the base class looks up, is not needed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address

    @property
    def url(self) -> str:
        """Where it is: ``http://127.0.0.1:PORT``."""
        return f"http://{LOOPBACK}:{self.server_port}"


class _Body(io.RawIOBase):
    """
    The body of one request: as many bytes of the connection as were announced, and no more.

    Args:
        stream: the connection.
        length: how many.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self.left: int = length

    def read(self, size: int = -1) -> bytes:
        """Return what is left, or *size* bytes of it."""
        wanted = self.left if size < 0 else min(size, self.left)
        found: bytes = self._stream.read(wanted) if wanted else b""
        self.left -= len(found)
        return found


class _Handler(BaseHTTPRequestHandler):
    """Takes one connection's requests to the application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    server: Server

    def handle_one_request(self) -> None:
        """Take one request, and answer it; a connection that goes silent is closed."""
        try:
            self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
            if len(self.raw_requestline) > _LONGEST_LINE:
                self.requestline, self.request_version, self.command = "", "", ""
                self.send_error(414)
                return
            if not self.raw_requestline:
                self.close_connection = True
                return
            if self.parse_request():
                self._run()
            self.wfile.flush()
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tell a client at once that it may send the body; it would wait a second otherwise."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _run(self) -> None:
        # Two lengths are two opinions on where the next request begins.
        said = ",".join(self.headers.get_all("Content-Length", ["0"]))
        if "Transfer-Encoding" in self.headers or not (said.isascii() and said.isdecimal() and len(said) < 16):
            self.close_connection = True
            self.send_error(411)
            return
        body = _Body(self.rfile, int(said))
        sent: io.IOBase = body
        if body.left <= _MOST_BYTES:
            # Not in the application, which holds its lock: whoever sends slowly would keep all others waiting.
            sent = io.BytesIO(body.read())
            if body.left:
                self.close_connection = True
                self.send_error(400)
                return
        silent: list[bool] = []
        started: list[tuple[str, list[tuple[str, str]]]] = []
        environ = self._environ(sent, lambda: silent.append(True))
        content = b"".join(self.server.application(environ, lambda status, headers: started.append((status, headers))))
        if silent:
            # What never arrives cannot be sent over HTTP; a closed connection comes nearest.
            self.close_connection = True
            return
        if body.left:
            # What is unread would be taken for the next request.
            self.close_connection = True
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        lines = [f"{self.protocol_version} {code} {reason}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in headers]
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + content)

    def _close_after(self) -> None:
        self.close_connection = True

    def _environ(self, body: io.IOBase, silence: Callable[[], None]) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1", "replace")).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "SERVER_NAME": LOOPBACK,
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            SILENCE: silence,
            CLOSE: self._close_after,
            HEADERS: self.headers.items(),
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: the application is observed instead."""


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
