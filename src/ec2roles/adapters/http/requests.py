"""The metadata service for programs that read it with ``requests``."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from ec2roles.adapters.http.in_process import World, application_of, exchange


class MetadataAdapter(HTTPAdapter):
    """
    A transport adapter: mounted on a session, it answers in the place of 169.254.169.254.

    >>> from ec2roles import Account
    >>> session = requests.Session()
    >>> session.mount("http://169.254.169.254", MetadataAdapter(Account().launch_instance()))
    >>> session.get("http://169.254.169.254/latest/meta-data/instance-type").text
    't3.micro'

    ``session.mount("http://169.254.169.254", MetadataAdapter(web))``

    Args:
        world: an instance, a container, an account or an `Application`.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self._application = application_of(world)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """
        Answer *request* in the process; nothing is sent anywhere.

        Raises:
            requests.exceptions.ReadTimeout: where no answer ever comes; at once.
        """
        reply = exchange(
            self._application,
            request.method or "GET",
            request.url or "",
            request.headers.items(),
            _bytes_of(request.body),
        )
        if reply is None:
            raise requests.exceptions.ReadTimeout("the metadata service does not answer", request=request)
        raw = urllib3.HTTPResponse(
            BytesIO(reply.body),
            headers=urllib3.HTTPHeaderDict(reply.headers),
            status=reply.status,
            reason=reply.reason,
            preload_content=False,
        )
        response: requests.Response = self.build_response(request, raw)
        return response


def _bytes_of(body: Any) -> bytes:
    """Return a request's body, which may be text, a file, or come in parts."""
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode()
    parts = [body.read()] if hasattr(body, "read") else body
    return b"".join(part.encode() if isinstance(part, str) else part for part in parts)
