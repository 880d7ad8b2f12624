"""Requests to a WSGI application, checked by the standard library's validator."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import attrs

from ec2roles.adapters.http.wsgi import Application


@attrs.frozen
class Got:
    """What came back."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def ask(application: Application, path: str, method: str = "GET", **environ: Any) -> Got:
    """Send one request, as a server that keeps to WSGI does."""
    full: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
    }
    full["wsgi.input"] = BytesIO(b"")
    full["HTTP_HOST"] = "127.0.0.1:8080"
    full.update(environ)
    setup_testing_defaults(full)
    began: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        began.append((status, headers))
        return lambda data: None

    with warnings.catch_warnings():
        # The validator warns of methods that HTTP does not know; they are sent on purpose.
        warnings.simplefilter("ignore", UserWarning)
        # A proxy's server passes on the whole URL, which the validator does not know.
        checked = validator(application) if path.startswith("/") else application
        result = checked(full, start)
        body = b"".join(result)
        getattr(result, "close", bool)()
    (status, headers), *others = began
    assert not others
    number, _, reason = status.partition(" ")
    return Got(int(number), reason, dict(headers), body)


def header(name: str) -> str:
    """Return how WSGI names a header."""
    return f"HTTP_{name.upper().replace('-', '_')}"
