"""The metadata service for programs that read it with ``urllib3``."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ReadTimeoutError

from ec2roles.adapters.http.in_process import World, application_of, exchange
from ec2roles.adapters.http.wsgi import METADATA_HOSTS


class MetadataPoolManager(urllib3.PoolManager):
    """
    A pool manager that answers in the place of 169.254.169.254, and goes to the network for everything else.

    >>> from ec2roles import Account
    >>> pool = MetadataPoolManager(Account().launch_instance())
    >>> pool.request("GET", "http://169.254.169.254/latest/meta-data/instance-type").data
    b't3.micro'

    Args:
        world: an instance, a container, an account or an `Application`.
        options: as for `urllib3.PoolManager`.
    """

    def __init__(self, world: World, **options: Any) -> None:
        super().__init__(**options)
        self._application = application_of(world)

    def urlopen(self, method: str, url: str, *args: Any, **kw: Any) -> Any:
        """
        Send a request.

        Raises:
            urllib3.exceptions.ReadTimeoutError: where no answer ever comes; at once, without a second attempt.
        """
        if urlsplit(url).hostname not in METADATA_HOSTS:
            return super().urlopen(method, url, *args, **kw)
        headers = self.headers if kw.get("headers") is None else kw["headers"]
        body = kw.get("body") or b""
        reply = exchange(
            self._application, method, url, headers.items(), body.encode() if isinstance(body, str) else body
        )
        if reply is None:
            raise ReadTimeoutError(self.connection_from_url(url), url, "the metadata service does not answer")
        return urllib3.HTTPResponse(
            BytesIO(reply.body),
            headers=urllib3.HTTPHeaderDict(reply.headers),
            status=reply.status,
            reason=reply.reason,
            preload_content=kw.get("preload_content", True),
            request_method=method,
            request_url=url,
        )
