"""
How each service words it when a signature cannot be read, or is out of date.

S3 says where the fault is (`AuthorizationHeaderMalformed`, ``AuthorizationQueryParametersError``), IAM, STS and most others
``IncompleteSignature`` and ``SignatureDoesNotMatch``, EC2 ``AuthFailure``.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ec2roles.errors import AccessDeniedError, AwsError, CredentialError

_SHOWN = 128


def shown(text: str) -> str:
    """Return *text* as an error quotes it: not more of it than anybody will read."""
    return text[:_SHOWN]


def incomplete(message: str, service: str) -> AwsError:
    """A part of the signature is missing, or is none."""
    if service == "s3":
        return malformed_header(f"{message[:1].lower()}{message[1:]}")
    if service == "ec2":
        return CredentialError(message, code="AuthFailure", status=401)
    return CredentialError(message, code="IncompleteSignature", status=400)


def wrong_scope(message: str, service: str) -> AwsError:
    """The credential scope is for something else."""
    if service in ("s3", "ec2"):
        return incomplete(message, service)
    return CredentialError(message, code="SignatureDoesNotMatch", status=403)


def skewed(message: str, service: str) -> AwsError:
    """It was signed at another time, and the service is not S3."""
    if service == "ec2":
        return CredentialError("Request has expired.", code="RequestExpired", status=400, detail=message)
    return CredentialError(message, code="SignatureDoesNotMatch", status=403)


# -- S3 -----------------------------------------------------------------------------------------------------------------


def malformed_header(reason: str, members: Mapping[str, str] | None = None) -> AwsError:
    """S3 could not read the Authorization header."""
    return CredentialError(
        f"The authorization header is malformed; {reason}",
        code="AuthorizationHeaderMalformed",
        status=400,
        members=members,
    )


def malformed_query(message: str, members: Mapping[str, str] | None = None) -> AwsError:
    """S3 could not read what a presigned URL of version 4 says of its signature."""
    return CredentialError(message, code="AuthorizationQueryParametersError", status=400, members=members)


def malformed_credential(reason: str, *, query: bool, members: Mapping[str, str] | None = None) -> AwsError:
    """S3 could not read the credential, wherever it stands."""
    if query:
        return malformed_query(f"Error parsing the X-Amz-Credential parameter; {reason}", members)
    return malformed_header(reason, members)


def wrong_authorization(message: str, header: str) -> AwsError:
    """S3 does not take such an Authorization header at all."""
    members = {"ArgumentName": "Authorization", "ArgumentValue": header}
    return CredentialError(message, code="InvalidArgument", status=400, members=members)


def two_mechanisms(header: str) -> AwsError:
    """A request to S3 says in two places how it is signed."""
    return wrong_authorization(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
        "the Authorization header should be specified",
        header,
    )


def other_mechanism() -> AwsError:
    """S3 takes no signature version 2 here."""
    return CredentialError(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        code="InvalidRequest",
        status=400,
        detail="signature version 2 is taken in presigned URLs alone, and in the regions that had it",
    )


def refused(message: str, detail: str | None = None, members: Mapping[str, str] | None = None) -> AwsError:
    """S3 refuses access for something about the signature that is no fault of the secret."""
    return AccessDeniedError(message, detail=detail, members=members)
