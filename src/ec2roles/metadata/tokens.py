"""
The session token of IMDSv2.

A token carries its own life and a keyed digest, and is checked, not looked up: handing one out changes nothing, and a token
of another instance, of another world, or from before a stop is as good as none.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import a2b_base64

from ec2roles.world.ids import Ids

SHORTEST = 1
LONGEST = 21_600

# Real tokens start with AQAEA too.
_PREFIX = b"\x01\x00\x04\x00"
_DIGEST = 24
_STANDARD = bytes.maketrans(b"-_", b"+/")


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
    # Other padding, or other letters for the same bytes, are another token. The last letter has four bits to spare.
    if len(token) != 56 or token[53] not in "AQgw" or "+" in token or "/" in token:
        return None
    try:
        raw = a2b_base64(token.encode("ascii").translate(_STANDARD), strict_mode=True)
    except ValueError:
        return None
    payload = raw[:-_DIGEST]
    if raw[-_DIGEST:] != _digest(ids, instance_id, payload):
        return None
    issued = int.from_bytes(payload[4:12], "big") - (1 << 62)
    ttl = int.from_bytes(payload[12:14], "big")
    if int.from_bytes(payload[14:16], "big") != boots & 0xFFFF:
        return None
    left = issued + ttl * 1_000_000 - now
    return -(-left // 1_000_000) if now >= issued and left > 0 else None
