"""
The session token of IMDSv2.

A token carries its own life and a keyed digest, and is checked, not looked up: handing one out changes nothing, and a token
of another instance, of another world, or from before a stop is as good as none.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ec2roles.ids import Ids

SHORTEST = 1
LONGEST = 21_600

# Real tokens start with AQAEA too.
_PREFIX = b"\x01\x00\x04\x00"
_DIGEST = 24


def _digest(ids: Ids, instance_id: str, payload: bytes) -> bytes:
    return ids.digest(b"metadata token", f"{instance_id} {payload.hex()}", _DIGEST)


def make_token(ids: Ids, instance_id: str, *, now: int, ttl: int, boots: int) -> str:
    """
    Return a token: 56 characters of URL-safe base64.

    Args:
        ids: the Cloud's.
        instance_id: the only instance it is good for.
        now: when it is issued, in microseconds.
        ttl: seconds, 1-21600.
        boots: how often the instance has been started.
    """
    payload = (
        _PREFIX + (now + (1 << 62)).to_bytes(8, "big") + ttl.to_bytes(2, "big") + (boots & 0xFFFF).to_bytes(2, "big")
    )
    return urlsafe_b64encode(payload + _digest(ids, instance_id, payload)).decode()


def seconds_left(ids: Ids, instance_id: str, token: str, *, now: int, boots: int) -> int | None:
    """
    Return how many whole seconds *token* is still good for, or None if it is not.

    Args:
        ids: the Cloud's.
        instance_id: where it is used.
        token: as it was sent.
        now: microseconds.
        boots: how often the instance has been started.
    """
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except (binascii.Error, ValueError):
        return None
    payload, digest = raw[:-_DIGEST], raw[-_DIGEST:]
    # Written out again and compared as text, so that other padding or letters for the same bytes are refused.
    if len(payload) != 16 or digest != _digest(ids, instance_id, payload) or urlsafe_b64encode(raw).decode() != token:
        return None
    issued = int.from_bytes(payload[4:12], "big") - (1 << 62)
    ttl = int.from_bytes(payload[12:14], "big")
    if int.from_bytes(payload[14:16], "big") != boots & 0xFFFF:
        return None
    left = issued + ttl * 1_000_000 - now
    return -(-left // 1_000_000) if now >= issued and left > 0 else None
