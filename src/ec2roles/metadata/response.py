"""What the metadata service sends back: statuses, headers and pages of errors, as the real one's."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ec2roles.metadata.text import http_date
from ec2roles.secret import masked
from ec2roles.world.timeline import Position

_REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
_ERROR_PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t\t "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"""


@attrs.frozen(eq=False, repr=False)
class MetadataResponse:
    """
    What came back from the metadata service, if anything did.

    >>> from ec2roles import Account
    >>> answer = Account().launch_instance().metadata.get("/latest/meta-data/instance-type")
    >>> answer.status, answer.body, answer.timed_out
    (200, 't3.micro', False)

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

    def __repr__(self) -> str:
        return f"MetadataResponse(status={self.status}, body={masked(self.body)!r})"

    # By hand: of values that attrs compares, a failed assert shows each part that differs, secrets too.
    def __eq__(self, other: object) -> bool:
        return (
            attrs.astuple(self, recurse=False) == attrs.astuple(other, recurse=False)
            if isinstance(other, MetadataResponse)
            else NotImplemented
        )

    def __hash__(self) -> int:
        return hash((self.status, self.body))


TIMED_OUT = MetadataResponse(None)


def response_headers(size: int, kind: str, position: Position, *, ttl: int | None) -> dict[str, str]:
    """
    Return the headers of an answer to a GET with status 200.

    Args:
        size: of the body, in bytes.
        kind: its content type.
        position: when.
        ttl: what is left of the token, in seconds; None if none was sent.
    """
    date = http_date(position[0])
    headers = {} if ttl is None else {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": str(ttl)}
    headers["Content-Type"] = kind
    headers["Accept-Ranges"] = "none"
    headers["Last-Modified"] = date
    return _ended(headers, size, position)


def token_answer(token: str, ttl: int, position: Position) -> MetadataResponse:
    """
    Return the answer that is a token; it has neither Accept-Ranges nor Last-Modified.

    Args:
        token: the token.
        ttl: for how many seconds it is good.
        position: when.
    """
    headers = {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": str(ttl), "Content-Type": "text/plain"}
    return MetadataResponse(200, token, _ended(headers, len(token), position))


def error_answer(status: int, position: Position | None = None, *, ttl: int | None = None) -> MetadataResponse:
    """
    Return the service's page for an error.

    Args:
        status: 400, 401, 403, 404 or 500.
        position: when; None leaves the date out.
        ttl: what is left of the token that was sent, in seconds; None if none was, or none that was good.
    """
    body = _ERROR_PAGE.format(title=f"{status} - {_REASONS[status]}")
    headers = {} if ttl is None else {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": str(ttl)}
    headers["Content-Type"] = "text/html"
    return MetadataResponse(status, body, _ended(headers, len(body), position))


def methods_answer(status: int, allowed: str, position: Position) -> MetadataResponse:
    """
    Return an answer that only says which methods a path takes; it has no body, and no page if it is an error.

    Args:
        status: 405, or 200 to an OPTIONS.
        allowed: the methods: ``OPTIONS, PUT``.
        position: when.
    """
    return MetadataResponse(status, "", _ended({"Allow": allowed, "Content-Type": "text/plain"}, 0, position))


def _ended(headers: dict[str, str], size: int, position: Position | None) -> dict[str, str]:
    """Add the headers that every answer ends with."""
    headers["Content-Length"] = str(size)
    if position is not None:
        headers["Date"] = http_date(position[0])
    headers["Server"] = "EC2ws"
    headers["Connection"] = "close"
    return headers
