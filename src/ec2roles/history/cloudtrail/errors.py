"""Error codes as CloudTrail's records have them: each service's own, with IAM's suffix and EC2's prefix."""

from __future__ import annotations

from ec2roles.errors import AwsError

# Codes of IAM and STS whose exceptions, in AWS's models, have "Exception" behind the code; a test reads the models.
SUFFIXED = frozenset(
    "ConcurrentModification DeleteConflict DuplicateCertificate DuplicateSSHPublicKey EntityAlreadyExists "
    "EntityTemporarilyUnmodifiable FeatureDisabled FeatureEnabled IDPCommunicationError IDPRejectedClaim "
    "InsufficientSessionLifetime InvalidAuthenticationCode InvalidCertificate InvalidContextAssertion InvalidIdentityToken "
    "InvalidInput InvalidPublicKey InvalidSubjectCredentials InvalidUserType KeyPairMismatch LimitExceeded "
    "MalformedCertificate MalformedPolicyDocument NameConflict NoSuchEntity OpenIdIdpCommunicationError PackedPolicyTooLarge "
    "PasswordPolicyViolation PolicyEvaluation PolicyNotAttachable ReportGenerationLimitExceeded RoleModified "
    "RoleTemplateDisabled ServiceFailure UnmodifiableEntity UnrecognizedPublicKeyEncoding".split()
)
# Codes whose exceptions are called otherwise.
RENAMED = {
    "NotSupportedService": "ServiceNotSupportedException",
    "ReportExpired": "CredentialReportExpiredException",
    "ReportInProgress": "CredentialReportNotReadyException",
    "ReportNotPresent": "CredentialReportNotPresentException",
    "ValidationError": "ValidationException",
}


def error_members(service: str, error: AwsError) -> dict[str, str]:
    """
    Return ``errorCode`` and ``errorMessage`` of a call that failed.

    >>> error_members("iam", AwsError("No role.", code="NoSuchEntity"))["errorCode"]
    'NoSuchEntityException'
    >>> error_members("ec2", AwsError("You may not.", code="UnauthorizedOperation"))["errorCode"]
    'Client.UnauthorizedOperation'
    """
    # An answer to HEAD has no body, so a client makes the code of the status. The service knows what it was.
    known = error if error.withheld is None else error.withheld
    code, message = known.code, known.message
    if service in ("iam", "sts"):
        code = f"{code}Exception" if code in SUFFIXED else RENAMED.get(code, code)
    elif service == "ec2":
        code = f"{'Server' if error.status >= 500 else 'Client'}.{code}"
    return {"errorCode": code, "errorMessage": message}
