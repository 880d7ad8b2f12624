"""The metadata service for programs that read it with ``httpx``."""

from __future__ import annotations

import httpx

from ec2roles.adapters.http.in_process import World, application_of, exchange


class MetadataTransport(httpx.BaseTransport):
    """
    A transport that answers in the place of 169.254.169.254.

    >>> from ec2roles import Account
    >>> with httpx.Client(transport=MetadataTransport(Account().launch_instance())) as client:
    ...     client.get("http://169.254.169.254/latest/meta-data/instance-type").text
    't3.micro'

    ``httpx.Client(mounts={"http://169.254.169.254": MetadataTransport(web)})``

    Args:
        world: an instance, a container, an account or an `Application`.
    """

    def __init__(self, world: World) -> None:
        self._application = application_of(world)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Answer *request* in the process; nothing is sent anywhere.

        Raises:
            httpx.ReadTimeout: where no answer ever comes; at once.
        """
        reply = exchange(
            self._application, request.method, str(request.url), request.headers.multi_items(), request.read()
        )
        if reply is None:
            raise httpx.ReadTimeout("the metadata service does not answer", request=request)
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)
