"""What S3 answers when it refuses: each error with the members that it has beside code and message."""

from __future__ import annotations

import re
from http import HTTPStatus

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError, ResourceError
from ec2roles.policy import Decision
from ec2roles.sts.session import caller_of

PREFIX = "arn:aws:s3:::"
"""What the ARN of a bucket starts with; the bucket's name follows."""


def no_such_bucket(name: str) -> ResourceError:
    """Return the error for a bucket that does not exist."""
    return ResourceError(
        "The specified bucket does not exist",
        code="NoSuchBucket",
        status=404,
        detail=f"no bucket {shown(name)}",
        members={"BucketName": name},
    )


def no_such_key(key: str, bucket: str) -> ResourceError:
    """Return the error for an object that does not exist."""
    return ResourceError(
        "The specified key does not exist.",
        code="NoSuchKey",
        status=404,
        detail=f"no object {shown(key)} in '{bucket}'",
        members={"Key": key},
    )


def invalid_bucket_name(name: object, detail: str) -> ResourceError:
    """Return the error for what is no bucket's name."""
    return ResourceError(
        "The specified bucket is not valid.",
        code="InvalidBucketName",
        detail=detail,
        members={"BucketName": name} if isinstance(name, str) else {},
    )


# A line break in a header would end it, and begin another.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_header(name: str, value: object) -> None:
    """
    Check that a text can stand in a header.

    Raises:
        ResourceError: ``InvalidArgument``, for a line break or another control character.
    """
    if isinstance(value, str) and _CONTROL.search(value):
        message = "Header value cannot be represented using ISO-8859-1."
        raise invalid_argument(message, name, value, detail=f"a header is one line of text, got {shown(value)}")


def invalid_argument(message: str, name: str, value: object = None, *, detail: str | None = None) -> ResourceError:
    """
    Return the error for a parameter.

    Args:
        message: AWS's words.
        name: the parameter as S3 calls it, such as ``encoding-type``.
        value: what was given; None if AWS does not repeat it.
        detail: our words.
    """
    members = {"ArgumentName": name}
    if value is not None:
        members["ArgumentValue"] = str(value)
    return ResourceError(message, code="InvalidArgument", detail=detail or f"got {shown(value)}", members=members)


def malformed_xml(detail: str) -> ResourceError:
    """Return the error for a structure that lacks something, or has what it must not have."""
    return ResourceError(
        "The XML you provided was not well-formed or did not validate against our published schema",
        code="MalformedXML",
        detail=detail,
    )


def incomplete_body(said: object, found: int) -> ResourceError:
    """Return the error for a body of another length than was said."""
    return ResourceError(
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
        code="IncompleteBody",
        detail=f"{said} bytes were said, and there are {found}",
    )


def precondition_failed(condition: str) -> ResourceError:
    """Return the error for a condition, named by its header, that does not hold."""
    return ResourceError(
        "At least one of the pre-conditions you specified did not hold",
        code="PreconditionFailed",
        status=412,
        members={"Condition": condition},
    )


def not_implemented(header: str, reason: str) -> ResourceError:
    """Return the error for a header whose value S3 does not take here."""
    return ResourceError(
        "A header you provided implies functionality that is not implemented",
        code="NotImplemented",
        status=501,
        members={"Header": header, "additionalMessage": reason},
    )


def not_simulated(parameter: str, why: str) -> ResourceError:
    """Return the error for what AWS has and this simulator has not."""
    return ResourceError(
        "A header or query you provided requested a function that is not implemented.",
        code="NotImplemented",
        status=501,
        detail=f"'{parameter}' is not simulated: {why}",
    )


def access_denied(detail: str) -> AccessDeniedError:
    """Return a refusal for which S3 gives no reason."""
    return AccessDeniedError("Access Denied", detail=detail)


def missing(code: str, message: str, bucket: str) -> ResourceError:
    """Return the error for what a bucket does not have."""
    return ResourceError(message, code=code, status=404, detail=f"'{bucket}' has none", members={"BucketName": bucket})


def without_body(error: AwsError) -> AwsError:
    """
    Return *error* as the answer to a HEAD says it: there is no body, so the status is all there is.

    >>> print(without_body(no_such_bucket("photos")))
    404: Not Found (no bucket 'photos')
    """
    if error.code == str(error.status):
        return error
    kind = AccessDeniedError if isinstance(error, AccessDeniedError) else ResourceError
    return kind(
        HTTPStatus(error.status).phrase,
        code=str(error.status),
        status=error.status,
        detail=error.detail or error.message,
        withheld=error,
    )


def denial(call: Call, decision: Decision) -> AwsError:
    """Return S3's error for a call that was denied: HEAD has no body, and other accounts are told no reason."""
    operation = call.operation or call.action.partition(":")[2]
    if operation.lower() in ("headobject", "headbucket"):
        return without_body(access_denied(decision.message))
    caller = caller_of(call)
    account = decision.request.resource_account if decision.request is not None else None
    if account is not None and account != caller.account_id:
        return access_denied(decision.message)
    return AccessDeniedError(decision.message)
