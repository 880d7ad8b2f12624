"""Digests of a body: ``Content-MD5`` and the checksums that S3 compares and keeps (AWS's page "Checking object integrity")."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import not_simulated

DEFAULT = "CRC64NVME"
"""What S3 works out by itself where nothing was said."""


@attrs.frozen
class Checksum:
    """
    The checksum of an object.

    Args:
        algorithm: such as ``CRC32``.
        value: in base64.
    """

    algorithm: str
    value: str


def crc32c(body: bytes) -> bytes:
    """
    Return the CRC-32C (Castagnoli) of *body*.

    >>> crc32c(b"123456789").hex()
    'e3069283'
    """
    return _reflected(body, 32, 0x82F63B78)


def crc64nvme(body: bytes) -> bytes:
    """
    Return the CRC-64/NVME of *body*.

    >>> crc64nvme(b"123456789").hex()
    'ae8b14860a799888'
    """
    return _reflected(body, 64, 0x9A6C9329AC4BC9B5)


def _reflected(body: bytes, bits: int, polynomial: int) -> bytes:
    table = _table(polynomial)
    ones = (1 << bits) - 1
    remainder = ones
    for byte in body:
        remainder = table[(remainder ^ byte) & 0xFF] ^ (remainder >> 8)
    return (remainder ^ ones).to_bytes(bits // 8, "big")


@lru_cache(maxsize=2)
def _table(polynomial: int) -> tuple[int, ...]:
    """The remainders of all bytes: one step of the division for each bit, the lowest first."""
    remainders = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ polynomial if remainder & 1 else remainder >> 1
        remainders.append(remainder)
    return tuple(remainders)


def _hashed(name: str) -> Callable[[bytes], bytes]:
    return lambda body: hashlib.new(name, body, usedforsecurity=False).digest()


# Each with the length of its digest in bytes.
ALGORITHMS: Mapping[str, tuple[int, Callable[[bytes], bytes]]] = {
    "CRC32": (4, lambda body: zlib.crc32(body).to_bytes(4, "big")),
    "CRC32C": (4, crc32c),
    "CRC64NVME": (8, crc64nvme),
    "SHA1": (20, _hashed("sha1")),
    "SHA256": (32, _hashed("sha256")),
    "SHA512": (64, _hashed("sha512")),
    "MD5": (16, _hashed("md5")),
}
_OTHERS = ("XXHASH64", "XXHASH3", "XXHASH128")


def checksum(body: bytes, algorithm: str = DEFAULT) -> Checksum:
    """
    Return the checksum of *body*.

    >>> checksum(b"meow", "CRC32")
    Checksum(algorithm='CRC32', value='ihBq/g==')
    """
    return Checksum(algorithm, b64encode(ALGORITHMS[algorithm][1](body)).decode())


def check_digests(body: bytes, given: Mapping[str, Any]) -> Checksum | None:
    """
    Compare *body* with all digests that came with it, and return the checksum that is kept; None if none was named.

    Args:
        body: the bytes.
        given: AWS's parameters: ``ContentMD5``, ``ChecksumAlgorithm``, ``ChecksumCRC32`` ...

    Raises:
        ResourceError: ``InvalidDigest``, ``BadDigest``, or ``InvalidRequest`` for a checksum that is none.
    """
    if given.get("ContentMD5") is not None:
        check_md5(body, given["ContentMD5"])
    for name in _OTHERS:
        if given.get(f"Checksum{name}") is not None or given.get("ChecksumAlgorithm") == name:
            raise _not_here(name)
    values = {name: given[f"Checksum{name}"] for name in ALGORITHMS if given.get(f"Checksum{name}") is not None}
    algorithm = given.get("ChecksumAlgorithm")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise _invalid(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            algorithm,
        )
    if len(values) > 1:
        raise _invalid(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", ", ".join(values)
        )
    for name, value in values.items():
        check_checksum(body, name, value)
        if algorithm not in (None, name):
            raise _invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.", algorithm)
        return Checksum(name, value)
    return None if algorithm is None else checksum(body, algorithm)


def check_md5(body: bytes, value: str) -> None:
    """
    Compare *body* with a ``Content-MD5``.

    Raises:
        ResourceError: ``InvalidDigest`` for what is no MD5, ``BadDigest`` for another one.
    """
    if _length(value) != ALGORITHMS["MD5"][0]:
        raise ResourceError(
            "The Content-MD5 you specified was invalid.",
            code="InvalidDigest",
            detail=f"it is 16 bytes in base64, got {shown(value)}",
            members={"Content-MD5": str(value)},
        )
    found = checksum(body, "MD5").value
    if found != value:
        raise ResourceError(
            "The Content-MD5 you specified did not match what we received.",
            code="BadDigest",
            detail=f"it is '{found}', got '{value}'",
            members={"ExpectedDigest": value, "CalculatedDigest": found},
        )


def check_checksum(body: bytes, algorithm: str, value: str) -> None:
    """
    Compare *body* with a checksum.

    Args:
        body: the bytes.
        algorithm: such as ``CRC32``.
        value: in base64, as it was given.

    Raises:
        ResourceError: ``InvalidRequest`` for what is no such checksum, or for an algorithm that there is not, ``BadDigest``
            for another one, ``NotImplemented`` for one of an algorithm that is not here.
    """
    if algorithm in _OTHERS:
        raise _not_here(algorithm)
    if algorithm not in ALGORITHMS:
        raise _invalid("The algorithm type you specified in x-amz-checksum- header is invalid.", algorithm)
    if _length(value) != ALGORITHMS[algorithm][0]:
        raise _invalid(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.", value)
    found = checksum(body, algorithm).value
    if found != value:
        raise ResourceError(
            f"The {algorithm} you specified did not match the calculated checksum.",
            code="BadDigest",
            detail=f"it is '{found}', got '{value}'",
        )


def _length(value: object) -> int | None:
    """How many bytes *value* is the base64 of; None if it is no base64."""
    try:
        return len(b64decode(value, validate=True)) if isinstance(value, str) else None
    except ValueError:
        return None


def _not_here(algorithm: str) -> ResourceError:
    return not_simulated(f"Checksum{algorithm}", f"the algorithms here are {', '.join(ALGORITHMS)}")


def _invalid(message: str, value: object) -> ResourceError:
    return ResourceError(message, code="InvalidRequest", detail=f"got {shown(value)}")
