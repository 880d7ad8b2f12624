"""The instance identity document, and what stands in the place of its signatures."""

from __future__ import annotations

from base64 import b64encode

from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.text import document
from ec2roles.world.ids import Ids

# How many bytes each of them has, about as many as the real ones.
SIGNATURES = {"pkcs7": 831, "rsa2048": 1_151, "signature": 128}
_MARK = b"EXAMPLE OF EC2ROLES, NOT A SIGNATURE "


def identity_document(hardware: Hardware, instance_id: str, instance_type: str, private_ipv4: str, booted: int) -> str:
    """
    Return ``dynamic/instance-identity/document``.

    Args:
        hardware: what the instance is.
        instance_id: its id.
        instance_type: its type, as it is then.
        private_ipv4: its address.
        booted: when it was last started, in microseconds.
    """
    return document([
        ("accountId", hardware.account_id),
        ("architecture", hardware.architecture),
        ("availabilityZone", hardware.availability_zone),
        ("billingProducts", None),
        ("devpayProductCodes", None),
        ("marketplaceProductCodes", None),
        ("imageId", hardware.image_id),
        ("instanceId", instance_id),
        ("instanceType", instance_type),
        ("kernelId", None),
        ("pendingTime", iso(from_microseconds(booted))),
        ("privateIp", private_ipv4),
        ("ramdiskId", None),
        ("region", hardware.region),
        ("version", "2017-09-30"),
    ])  # fmt: skip


def fake_signature(ids: Ids, kind: str, text: str) -> str:
    """
    Return base64 of the real one's length, in lines of 76, that is no signature and says so when it is decoded.

    >>> from base64 import b64decode
    >>> b64decode(fake_signature(Ids(seed=0), "signature", "{}"))[:36]
    b'EXAMPLE OF EC2ROLES, NOT A SIGNATURE'

    Args:
        ids: the Cloud's.
        kind: ``pkcs7``, ``rsa2048`` or ``signature``.
        text: the document.
    """
    made = _MARK + ids.stream(b"identity " + kind.encode(), text, SIGNATURES[kind] - len(_MARK))
    encoded = b64encode(made).decode()
    return "\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
