"""
AWS's words for a refusal: how each service puts it when credentials are not accepted, and when the policies deny.

The sentence of a denial, ``User: ... is not authorized to perform: ...``, is the `Decision`'s own message.
"""

from __future__ import annotations

from collections.abc import Mapping

from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError, CredentialError, ExpiredTokenError, InvalidClientTokenIdError
from ec2roles.policy import Decision
from ec2roles.sts.session import Fault

_INVALID = "The security token included in the request is invalid."
_SIGNATURE = "The request signature we calculated does not match the signature you provided. Check your "
_MALFORMED = "The provided token is malformed or otherwise invalid."
_S3_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."
_AUTH_FAILURE = "AWS was not able to validate the provided access credentials"

JSON_SERVICES = {
    **dict.fromkeys(
        "athena codebuild dynamodb ecr ecs events firehose glue kinesis kms logs organizations secretsmanager ssm"
        " states".split(),
        400,
    ),
    **dict.fromkeys("batch eks lambda".split(), 403),
}
"""Services that speak JSON, by the prefix of their actions, each with the HTTP status of its refusals: the best known."""

_Row = tuple[type[CredentialError], str, str, int]

# Service -> fault -> class, code, message, HTTP status. "" stands for STS, IAM and every service without a row of its own.
_TABLE: dict[str, dict[Fault, _Row]] = {
    "": {
        Fault.MISSING: (CredentialError, "MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        Fault.UNKNOWN_KEY: (InvalidClientTokenIdError, "InvalidClientTokenId", _INVALID, 403),
        Fault.NO_TOKEN: (InvalidClientTokenIdError, "InvalidClientTokenId", _INVALID, 403),
        Fault.BAD_TOKEN: (InvalidClientTokenIdError, "InvalidClientTokenId", _INVALID, 403),
        Fault.GONE: (InvalidClientTokenIdError, "InvalidClientTokenId", _INVALID, 403),
        Fault.EXPIRED: (
            ExpiredTokenError,
            "ExpiredToken",
            "The security token included in the request is expired",
            403,
        ),
        Fault.WRONG_SECRET: (
            CredentialError,
            "SignatureDoesNotMatch",
            _SIGNATURE + "AWS Secret Access Key and signing method. Consult the service documentation for details.",
            403,
        ),
    },
    "json": {
        Fault.MISSING: (
            CredentialError,
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
            400,
        ),
        Fault.UNKNOWN_KEY: (InvalidClientTokenIdError, "UnrecognizedClientException", _INVALID, 400),
        Fault.NO_TOKEN: (InvalidClientTokenIdError, "UnrecognizedClientException", _INVALID, 400),
        Fault.BAD_TOKEN: (InvalidClientTokenIdError, "UnrecognizedClientException", _INVALID, 400),
        Fault.GONE: (InvalidClientTokenIdError, "UnrecognizedClientException", _INVALID, 400),
        Fault.EXPIRED: (
            ExpiredTokenError,
            "ExpiredTokenException",
            "The security token included in the request is expired",
            400,
        ),
        Fault.WRONG_SECRET: (
            CredentialError,
            "InvalidSignatureException",
            _SIGNATURE + "AWS Secret Access Key and signing method. Consult the service documentation for details.",
            400,
        ),
    },
    "s3": {
        Fault.MISSING: (CredentialError, "AccessDenied", "Access Denied", 403),
        Fault.UNKNOWN_KEY: (InvalidClientTokenIdError, "InvalidAccessKeyId", _S3_UNKNOWN, 403),
        Fault.NO_TOKEN: (InvalidClientTokenIdError, "InvalidAccessKeyId", _S3_UNKNOWN, 403),
        Fault.BAD_TOKEN: (InvalidClientTokenIdError, "InvalidToken", _MALFORMED, 400),
        Fault.GONE: (InvalidClientTokenIdError, "InvalidAccessKeyId", _S3_UNKNOWN, 403),
        Fault.EXPIRED: (ExpiredTokenError, "ExpiredToken", "The provided token has expired.", 400),
        Fault.WRONG_SECRET: (CredentialError, "SignatureDoesNotMatch", _SIGNATURE + "key and signing method.", 403),
    },
    "ec2": {
        Fault.MISSING: (CredentialError, "AuthFailure", _AUTH_FAILURE, 401),
        Fault.UNKNOWN_KEY: (InvalidClientTokenIdError, "AuthFailure", _AUTH_FAILURE, 401),
        Fault.NO_TOKEN: (InvalidClientTokenIdError, "AuthFailure", _AUTH_FAILURE, 401),
        Fault.BAD_TOKEN: (InvalidClientTokenIdError, "AuthFailure", _AUTH_FAILURE, 401),
        Fault.GONE: (InvalidClientTokenIdError, "AuthFailure", _AUTH_FAILURE, 401),
        Fault.EXPIRED: (ExpiredTokenError, "RequestExpired", "Request has expired.", 400),
        Fault.WRONG_SECRET: (CredentialError, "AuthFailure", _AUTH_FAILURE, 401),
    },
}


def refusal(
    fault: Fault,
    service: str,
    access_key_id: str | None = None,
    *,
    members: Mapping[str, str] | None = None,
    detail: str | None = None,
) -> CredentialError:
    """
    Return the error with which *service* refuses credentials for *fault*.

    >>> refusal(Fault.EXPIRED, "s3").message
    'The provided token has expired.'

    Args:
        fault: what is wrong with them.
        service: the prefix of the action, such as ``s3``.
        access_key_id: named in the detail; the secret and the token never are.
        members: what the service says beside; S3 names a key that it does not know.
        detail: our own words, where they are not those of *fault*.
    """
    table = _TABLE["json"] if service in JSON_SERVICES else _TABLE.get(service, _TABLE[""])
    kind, code, message, status = table[fault]
    status = JSON_SERVICES.get(service, status)
    if detail is None:
        detail = fault.value if access_key_id is None else f"{fault.value}: {access_key_id}"
    if code == "InvalidAccessKeyId" and access_key_id is not None:
        members = {"AWSAccessKeyId": access_key_id}
    return kind(message, code=code, status=status, detail=detail, members=members)


def plain_denial(call: Call, decision: Decision) -> AwsError:
    """Return the error for a call that was denied, as IAM, STS and most services put it; JSON has a code of its own."""
    status = JSON_SERVICES.get(call.action.partition(":")[0].lower())
    if status is not None:
        return AccessDeniedError(decision.message, code="AccessDeniedException", status=status)
    return AccessDeniedError(decision.message)
