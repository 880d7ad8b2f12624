"""How the protocols name the same refusal: ``AccessDenied`` in XML is ``AccessDeniedException`` in JSON."""

from __future__ import annotations

from ec2roles.errors import AccessDeniedError, AwsError

_IN_JSON = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidAction": "UnknownOperationException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "ValidationError": "ValidationException",
}
_EC2_DENIAL = "You are not authorized to perform this operation."


def in_protocol(error: AwsError, protocol: str) -> AwsError:
    """
    Return *error* as a service with this protocol words it.

    >>> in_protocol(AwsError("no", code="ExpiredToken", status=403), "json").code
    'ExpiredTokenException'

    Args:
        error: as STS and IAM have it; an error that is the service's own stays as it is.
        protocol: ``query``, ``ec2``, ``json``, ``rest-json``, ``rest-xml``, ``smithy-rpc-v2-cbor``.
    """
    if protocol == "ec2" and isinstance(error, AccessDeniedError) and error.code == "AccessDenied":
        return AccessDeniedError(
            f"{_EC2_DENIAL} {error.message}", code="UnauthorizedOperation", status=403, detail=error.detail
        )
    if protocol not in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        return error
    code = _IN_JSON.get(error.code, error.code)
    # JSON services answer 400 to all that the caller did wrong; REST keeps HTTP's words.
    status = 400 if protocol != "rest-json" and error.status < 500 else error.status
    if code == error.code and status == error.status:
        return error
    return AwsError(error.message, code=code, status=status, detail=error.detail, members=error.members)
