"""What the metadata service sends back: statuses, headers and pages of errors, as the real one's (imds A.1)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ec2roles.metadata.text import http_date
from ec2roles.world.timeline import Position

_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed"}
_ERROR_PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"""


@attrs.frozen
class MetadataResponse:
    """
    What came back from the metadata service, if anything did.

    Args:
        status: the HTTP status; None when no answer arrived.
        body: the text; user data that is no UTF-8 keeps its bytes through ``surrogateescape``.
        headers: the response headers.
    """

    status: int | None
    body: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def timed_out(self) -> bool:
        """Whether no answer arrived: the instance is not running, or the answer died on the way."""
        return self.status is None

    @property
    def ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == 200


TIMED_OUT = MetadataResponse(None)


def response_headers(
    size: int, kind: str, position: Position, *, ttl: int | None, modified: bool = True
) -> dict[str, str]:
    """
    Return the headers of an answer with status 200.

    Args:
        size: of the body, in bytes.
        kind: its content type.
        position: when.
        ttl: what is left of the token, in seconds; None if none was sent.
        modified: whether there is a Last-Modified: not for a token.
    """
    date = http_date(position[0])
    headers = {} if ttl is None else {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": str(ttl)}
    headers["Content-Type"] = kind
    headers["Accept-Ranges"] = "none"
    if modified:
        headers["Last-Modified"] = date
    headers["Content-Length"] = str(size)
    headers["Date"] = date
    headers["Server"] = "EC2ws"
    headers["Connection"] = "close"
    return headers


def error_answer(status: int, position: Position | None = None) -> MetadataResponse:
    """
    Return the service's page for an error.

    Args:
        status: 400, 401, 403, 404 or 405.
        position: when; None leaves the date out.
    """
    body = _ERROR_PAGE.format(title=f"{status} - {_REASONS[status]}")
    headers = {"Content-Type": "text/html", "Content-Length": str(len(body))}
    if status == 405:
        headers["Allow"] = "GET, HEAD"
    if position is not None:
        headers["Date"] = http_date(position[0])
    headers["Server"] = "EC2ws"
    headers["Connection"] = "close"
    return MetadataResponse(status, body, headers)
