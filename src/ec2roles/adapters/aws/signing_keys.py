"""The condition keys that tell how a request to S3 was signed (AWS's page on policy keys specific to its authentication)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ec2roles.adapters.aws.signature import ALGORITHM, Signature
from ec2roles.adapters.http.raw import RawRequest

_MILLISECOND = timedelta(milliseconds=1)


def signing_keys(signature: Signature, request: RawRequest, now: datetime) -> dict[str, str]:
    """
    Return the context keys of a signed request to S3.

    Args:
        signature: what it says about its signature.
        request: what is left of it without that.
        now: what the service's clock shows.
    """
    found = {
        "s3:authType": "REST-QUERY-STRING" if signature.presigned else "REST-HEADER",
        "s3:signatureversion": ALGORITHM if signature.version == 4 else "AWS",
    }
    if signature.presigned and signature.version == 4:
        # A URL of version 2 does not say when it was made. A clock that is behind makes no signature younger than new.
        found["s3:signatureAge"] = str(max((now - signature.made) // _MILLISECOND, 0))
    said = request.header("x-amz-content-sha256")
    if said is not None:
        found["s3:x-amz-content-sha256"] = said
    return found
