"""HTTP as it was sent: nothing decoded, nothing normalised, for a signature covers the bytes."""

from __future__ import annotations

from collections.abc import Iterable

import attrs


def _lower(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in headers)


@attrs.frozen(eq=False)
class RawRequest:
    """
    A request.

    >>> RawRequest("GET", "/photos", "list-type=2", [("Host", "127.0.0.1")]).header("host")
    '127.0.0.1'

    Args:
        method: ``GET``.
        path: as it was sent, percent signs and all.
        query: what follows the question mark, as it was sent.
        headers: names and values, in order; names are kept in lower case.
        body: its bytes.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), converter=_lower, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, which is in lower case, or None."""
        for known, value in self.headers:
            if known == name:
                return value
        return None


@attrs.frozen(eq=False)
class RawResponse:
    """
    An answer.

    >>> RawResponse(404, b"").status
    404

    Args:
        status: such as 200.
        headers: names and values.
        body: its bytes.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = attrs.field(default=b"", repr=False)
