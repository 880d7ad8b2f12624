"""Bodies in AWS's chunks (``Content-Encoding: aws-chunked``), their signatures, and the checksums that trail them."""

from __future__ import annotations

import hashlib
import hmac

import attrs

from ec2roles.errors import AwsError
from ec2roles.services.s3 import digests

STREAMING_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING = (STREAMING_UNSIGNED, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER)

_NOTHING = hashlib.sha256(b"").hexdigest()
_CHECKSUM = "x-amz-checksum-"
# What else of a checksum stands in headers whose names begin so.
_NO_CHECKSUMS = ("algorithm", "mode", "type")


@attrs.frozen(eq=False)
class Seed:
    """
    What the signatures of chunks are made with.

    Args:
        key: the signing key of the request.
        signature: the request's own, with which the chain begins.
        date: its ``X-Amz-Date``.
        scope: its credential scope, without the access key id.
    """

    key: bytes = attrs.field(repr=False)
    signature: str
    date: str
    scope: str

    def sign(self, algorithm: str, previous: str, *parts: str) -> str:
        """Return the signature that follows *previous*."""
        text = "\n".join((algorithm, self.date, self.scope, previous, *parts))
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def decode(body: bytes, marker: str, seed: Seed) -> bytes:
    """
    Return what is in the chunks of *body*.

    Args:
        body: as it was sent.
        marker: its ``x-amz-content-sha256``, one of `STREAMING`.
        seed: for the signatures of its chunks, which an unsigned body has not.

    Raises:
        AwsError: for a malformed chunk, a wrong signature or a wrong checksum.
    """
    content = bytearray()
    previous, position = seed.signature, 0
    while True:
        end = body.find(b"\r\n", position)
        if end < 0:
            raise _malformed()
        size_text, _, extension = body[position:end].partition(b";")
        size = _size(size_text)
        chunk = body[end + 2 : end + 2 + size]
        if len(chunk) != size:
            raise _malformed()
        if marker != STREAMING_UNSIGNED:
            name, _, given = extension.partition(b"=")
            expected = seed.sign("AWS4-HMAC-SHA256-PAYLOAD", previous, _NOTHING, hashlib.sha256(chunk).hexdigest())
            if name != b"chunk-signature" or not hmac.compare_digest(expected.encode(), given):
                raise _wrong_signature()
            previous = expected
        position = end + 2 + size
        if size == 0:
            break
        if body[position : position + 2] != b"\r\n":
            raise _malformed()
        position += 2
        content += chunk
    trailers = _trailers(body[position:])
    if marker == STREAMING_SIGNED_TRAILER:
        given_trailer = trailers.pop("x-amz-trailer-signature", "")
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        expected = seed.sign("AWS4-HMAC-SHA256-TRAILER", previous, hashlib.sha256(text.encode()).hexdigest())
        if not hmac.compare_digest(expected.encode(), given_trailer.encode()):
            raise _wrong_signature()
    for trailer, checksum in trailers.items():
        check_checksum(trailer, checksum, bytes(content))
    return bytes(content)


def check_checksum(name: str, value: str, body: bytes) -> None:
    """
    Compare *body* with the checksum in a header or trailer ``x-amz-checksum-...``; other names are passed over.

    Raises:
        AwsError: ``BadDigest``, if it is another one, ``InvalidRequest``, if it is none, or of an algorithm that there is not,
            ``NotImplemented`` for one that is not here.
    """
    algorithm = algorithm_of(name)
    if algorithm is not None:
        digests.check_checksum(body, algorithm, value)


def algorithm_of(name: str) -> str | None:
    """
    Return the algorithm of the checksum in a header or trailer *name*, or None if it holds none.

    >>> algorithm_of("x-amz-checksum-crc32"), algorithm_of("x-amz-checksum-mode")
    ('CRC32', None)
    """
    said = name.removeprefix(_CHECKSUM)
    return None if said == name or said in _NO_CHECKSUMS else said.upper()


def _size(text: bytes) -> int:
    if not 1 <= len(text) <= 8 or text.strip(b"0123456789abcdefABCDEF"):
        raise _malformed()
    return int(text, 16)


def _trailers(text: bytes) -> dict[str, str]:
    found = {}
    for line in text.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if line and not colon:
            raise _malformed()
        if line:
            found[name.strip().lower()] = value.strip()
    return found


def _malformed() -> AwsError:
    return AwsError(
        "The request body is not correctly chunked.", code="InvalidRequest", detail="it is no body in aws-chunked form"
    )


def _wrong_signature() -> AwsError:
    return AwsError(
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        code="SignatureDoesNotMatch",
        status=403,
        detail="the signature of a chunk",
    )
