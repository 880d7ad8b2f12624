"""HTTP: the WSGI application, a server for it, and clients that reach it within the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.adapters.http.control import ControlEndpoint
    from ec2roles.adapters.http.httpx import MetadataTransport
    from ec2roles.adapters.http.in_process import exchange
    from ec2roles.adapters.http.raw import RawRequest, RawResponse
    from ec2roles.adapters.http.requests import MetadataAdapter
    from ec2roles.adapters.http.server import Server
    from ec2roles.adapters.http.urllib3 import MetadataPoolManager
    from ec2roles.adapters.http.wsgi import (
        HOSTS,
        Application,
        MetadataEndpoint,
        metadata_application,
        metadata_endpoint,
    )
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "control": "ControlEndpoint",
            "httpx": "MetadataTransport",
            "in_process": "exchange",
            "raw": "RawRequest RawResponse",
            "requests": "MetadataAdapter",
            "server": "Server",
            "urllib3": "MetadataPoolManager",
            "wsgi": "HOSTS Application MetadataEndpoint metadata_application metadata_endpoint",
        },
    )

__all__ = [
    "HOSTS",
    "Application",
    "ControlEndpoint",
    "MetadataAdapter",
    "MetadataEndpoint",
    "MetadataPoolManager",
    "MetadataTransport",
    "RawRequest",
    "RawResponse",
    "Server",
    "exchange",
    "metadata_application",
    "metadata_endpoint",
]
