"""A request to an `Application` from within the process, as HTTP clients whose transport can be replaced make it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from urllib.parse import unquote_to_bytes, urlsplit

import attrs

from ec2roles.account import Account
from ec2roles.adapters.http.wsgi import HEADERS, SILENCE, Application, OnInstance, metadata_application
from ec2roles.cloud import Cloud
from ec2roles.world.clock import Clock

World = Application | Account[Clock] | Cloud[Clock] | OnInstance | Mapping[str, OnInstance]


@attrs.frozen
class Reply:
    """
    What came back.

    Args:
        status: the HTTP status.
        reason: its words.
        headers: pairs of name and value.
        body: the bytes.
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes = attrs.field(repr=False)


def application_of(world: World) -> Application:
    """Return *world* itself, if it is an `Application`, or its metadata services as one."""
    return world if isinstance(world, Application) else metadata_application(world)


def exchange(
    application: Application,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str | bytes]] = (),
    body: bytes = b"",
    *,
    client: str = "127.0.0.1",
) -> Reply | None:
    """
    Send a request to *application*; None means that no answer ever comes.

    >>> from ec2roles import Account
    >>> application = metadata_application(Account().launch_instance())
    >>> exchange(application, "GET", "http://169.254.169.254/latest/meta-data/placement/region").body
    b'us-east-1'

    Args:
        application: who answers.
        method: such as ``GET``.
        url: the whole URL.
        headers: pairs of name and value; values that are bytes are read as Latin-1, as HTTP does.
        body: what is sent with it.
        client: the address it comes from.
    """
    parts = urlsplit(url)
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client,
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    given = {"host": environ["HTTP_HOST"], "content-length": environ["CONTENT_LENGTH"]}
    others = []
    for name, value in headers:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        key = name.replace("-", "_").upper()
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH", "HOST"):
            environ[key if key != "HOST" else "HTTP_HOST"] = text
            given[name.lower()] = text
        else:
            others.append((name, text))
            key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ[HEADERS] = [*given.items(), *others]
    silent = []
    environ[SILENCE] = lambda: silent.append(True)
    began: list[tuple[str, list[tuple[str, str]]]] = []
    parts_of_body = application(environ, lambda status, found: began.append((status, found)))
    if silent:
        return None
    status, found = began[0]
    number, _, reason = status.partition(" ")
    return Reply(int(number), reason, found, b"".join(parts_of_body))
