"""What S3 asks of a request over HTTP, before it looks at what the request wants."""

from __future__ import annotations

import attrs

from ec2roles.adapters.aws import chunked as aws_chunked
from ec2roles.adapters.aws.protocol.rest import read_query
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.arns import shown
from ec2roles.errors import ResourceError
from ec2roles.services.s3.answers import invalid_argument
from ec2roles.services.s3.digests import check_md5

_CHECKSUM = "x-amz-checksum-"


def with_content(request: RawRequest, body: bytes) -> RawRequest:
    """
    Return *request* with *body* in place of the chunks that it was sent in, and with the length that was said of it.

    Args:
        request: as it was sent.
        body: what is in its chunks; the request's own body where it had none.
    """
    if body is request.body:
        return request
    length = request.header("x-amz-decoded-content-length") or str(len(body))
    rest = tuple(pair for pair in request.headers if pair[0] != "content-length")
    return attrs.evolve(request, body=body, headers=(*rest, ("content-length", length)))


def check_digests(request: RawRequest) -> None:
    """
    Compare the body of *request* with the digests that came with it.

    Raises:
        ResourceError: ``BadDigest``, ``InvalidDigest``, ``InvalidRequest`` for an algorithm that there is not,
            ``NotImplemented`` for one that is not here.
    """
    for name, value in request.headers:
        aws_chunked.check_checksum(name, value, request.body)
    said = request.header("content-md5")
    if said is not None:
        check_md5(request.body, said)


def check_request(operation: str, request: RawRequest) -> None:
    """
    Refuse what S3 refuses of a request's form.

    Args:
        operation: that it was read as.
        request: without its signature.

    Raises:
        ResourceError: ``InvalidArgument`` for a kind of list that there is not, ``InvalidRequest`` for a list of objects to
            be deleted without a digest.
    """
    if operation == "ListObjects":
        for name, value in read_query(request.query):
            if name == "list-type":
                raise invalid_argument(
                    "Invalid list type", name, value, detail=f"it is 2, or left out, got {shown(value)}"
                )
    if operation == "DeleteObjects" and not _has_digest(request):
        raise ResourceError(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
            code="InvalidRequest",
            detail="a list of objects to be deleted is sent with a digest of it",
        )


def _has_digest(request: RawRequest) -> bool:
    trailer = request.header("x-amz-trailer") or ""
    return trailer.startswith(_CHECKSUM) or any(
        name == "content-md5" or aws_chunked.algorithm_of(name) is not None for name, _ in request.headers
    )
