"""
AWS Signature Version 2 in presigned URLs of S3, which boto3 makes by default in us-east-1.

AWS's notice of June 2020 says that buckets made since then take version 4 alone; on buckets made seconds before, S3 took it in
February 2026 (see docs/fidelity.md). https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

from ec2roles.adapters.aws.signature import decoded
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.secret import Secret

REGIONS = frozenset(
    {
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
    }
)
"""The regions that had version 2 before 2014; those that came later never took it."""

_SUBRESOURCES = frozenset(
    "accelerate acl analytics cors delete encryption inventory lifecycle location logging metrics notification object-lock"
    " ownershipControls partNumber policy policyStatus publicAccessBlock replication requestPayment"
    " response-cache-control response-content-disposition response-content-encoding response-content-language"
    " response-content-type response-expires restore select select-type storageClass tagging torrent uploadId uploads"
    " versionId versioning versions website".split()
)


def string_to_sign(request: RawRequest, expires: int, bucket: str | None) -> str:
    """
    Return what is signed of *request*.

    >>> string_to_sign(RawRequest("GET", "/photos/a%20b", "acl&x=1"), 1175139620, None)
    'GET\\n\\n\\n1175139620\\n/photos/a%20b?acl'

    Args:
        request: with its query as it was sent, and the headers that the query stands for.
        expires: until which second since 1970 the URL holds.
        bucket: where the host names it and not the path.
    """
    amz: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name.startswith("x-amz-"):
            amz.setdefault(name, []).append(" ".join(value.split()))
    headers = "".join(f"{name}:{','.join(values)}\n" for name, values in sorted(amz.items()))
    parts = (request.header("content-md5") or "", request.header("content-type") or "")
    resource = ("" if bucket is None else f"/{bucket}") + request.path
    named = [(decoded(name), equals, decoded(value)) for name, equals, value in _parts(request.query)]
    query = "&".join(f"{name}{equals}{value}" for name, equals, value in sorted(named) if name in _SUBRESOURCES)
    return "\n".join((request.method, *parts, str(expires), headers + resource + (f"?{query}" if query else "")))


def sign(text: str, secret: Secret) -> str:
    """Return the signature of *text*."""
    digest = hmac.new(secret.reveal().encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha1).digest()
    return b64encode(digest).decode()


def _parts(query: str) -> list[tuple[str, str, str]]:
    return [pair.partition("=") for pair in query.split("&") if pair]
