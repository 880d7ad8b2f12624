"""
Every exception that ec2roles raises on purpose, as one tree:

Ec2RolesError
├── ClockError                      time went backwards, left the year 9999, or was asked before it is known
│   └── NaiveDatetimeError          a datetime without a time zone
├── ArnError                        text that should be an ARN and is not
├── AuthorizationDetailsError       an account's JSON that cannot be loaded
├── MetadataError                   a malformed request that never reaches the metadata service
├── ConcurrentUseError              two threads were inside one Cloud at once
├── FixedAttributeError             an attribute was assigned that is fixed; an AttributeError too
├── UnsupportedError                something AWS has and this simulator does not
├── ArgumentError                   an argument of this library's own, outside its limits; a ValueError too
└── AwsError                        what AWS itself would answer: ``code``, ``message``, ``status``
    ├── PolicyError                 MalformedPolicyDocument
    │   ├── PolicySyntaxError       the text is not JSON
    │   ├── DuplicateKeyError       one JSON object has a key twice
    │   ├── PolicyTooDeepError      nested deeper than 32
    │   ├── PolicyCharError         a character IAM does not accept
    │   ├── PolicyTooLargeError     LimitExceeded: over a size quota
    │   └── TrustPolicyError        a role trust policy that IAM refuses
    ├── ValidationError             a parameter breaks its pattern or its limits
    │   ├── ParameterError          a name or a type that no SDK would send; a TypeError too
    │   ├── InvalidNameError        a name, path, session name, tag or external id
    │   └── DurationError           a session duration
    ├── EntityAlreadyExistsError    ├── NoSuchEntityError      ├── DeleteConflictError
    ├── LimitExceededError          ├── InvalidInputError      ├── UnmodifiableEntityError
    ├── PolicyNotAttachableError    ├── ResourceError          what a simulated service answers (NoSuchBucket ...)
    ├── InstanceError               what EC2 answers about instances and associations
    ├── AccessDeniedError           the call was judged and refused
    └── CredentialError             the call could not be authenticated
        ├── NoCredentialsError      nothing to sign with (a client's own error, not AWS's)
        ├── ExpiredTokenError
        └── InvalidClientTokenIdError

An `AwsError` carries two wordings. ``code`` and ``message`` are AWS's; ``detail`` is ours: what is wrong with which
value, where, and the cure. ``str(error)`` shows both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Ec2RolesError(Exception):
    """Base of everything ec2roles raises on purpose."""


class ClockError(Ec2RolesError):
    """Time went backwards, left the representable years, or was asked for where it is not known."""


class NaiveDatetimeError(ClockError):
    """A datetime without a time zone was given."""


class ArnError(Ec2RolesError):
    """Text that should be an ARN is not one."""


class AuthorizationDetailsError(Ec2RolesError):
    """The output of ``aws iam get-account-authorization-details`` is malformed, truncated or inconsistent."""


class MetadataError(Ec2RolesError):
    """A request that no HTTP client could send to the metadata service."""


class ConcurrentUseError(Ec2RolesError):
    """A thread came into a Cloud while another one was inside an operation; threads may only take turns."""


class FixedAttributeError(Ec2RolesError, AttributeError):
    """An attribute was assigned that is fixed when its object is made: answers about the past depend on it."""


class UnsupportedError(Ec2RolesError):
    """AWS has this; this simulator does not, and says so instead of guessing."""


class ArgumentError(Ec2RolesError, ValueError):
    """An argument that only this library has is outside its limits."""


class AwsError(Ec2RolesError):
    """
    What AWS itself would answer: a code, a message and an HTTP status, with our own detail beside them.

    >>> error = NoSuchEntityError("The role with name x cannot be found.", detail="no role 'x'; known: 'app'")
    >>> error.code, error.status
    ('NoSuchEntity', 404)
    >>> print(error)
    NoSuchEntity: The role with name x cannot be found. (no role 'x'; known: 'app')

    Args:
        message: AWS's wording, as its API answers it.
        code: AWS's error code; each subclass has its own default.
        status: the HTTP status AWS answers with.
        detail: our wording: the offending value, where it is and the cure.
        members: what AWS says beside code and message, by its own names, as S3 does: ``{"Key": "cat.jpg"}``.
        withheld: what the service itself knows where its answer has no body to say it, as to HEAD; CloudTrail has it.
    """

    default_code: ClassVar[str] = "InternalFailure"
    default_status: ClassVar[int] = 400

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        detail: str | None = None,
        members: Mapping[str, str] | None = None,
        withheld: AwsError | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code: str = code if code is not None else self.default_code
        self.status: int = status if status is not None else self.default_status
        self.detail = detail
        self.members: Mapping[str, str] = {} if members is None else dict(members)
        self.withheld = withheld

    def __setattr__(self, name: str, value: object) -> None:
        # The history shows the same error again.
        if name in vars(self) or name in ("args", "default_code", "default_status"):
            raise _fixed(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise _fixed(name)

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        # For copies and pickles: otherwise their attributes would be assigned one by one.
        vars(self).update(state or {})

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}" if self.message else self.code
        return f"{text} ({self.detail})" if self.detail else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


def _fixed(name: str) -> FixedAttributeError:
    return FixedAttributeError(f"'{name}' of an error is what was answered; raise another one")


class PolicyError(AwsError):
    """IAM refuses this policy document."""

    default_code = "MalformedPolicyDocument"


MalformedPolicyDocument = PolicyError
"""AWS's own name for `PolicyError`."""


class PolicySyntaxError(PolicyError):
    """The policy text is not JSON."""


class DuplicateKeyError(PolicyError):
    """One JSON object in the policy has the same key twice."""


class PolicyTooDeepError(PolicyError):
    """The policy is nested deeper than any policy can be."""


class PolicyCharError(PolicyError):
    """The policy contains a character that IAM does not accept."""

    default_code = "ValidationError"


class PolicyTooLargeError(PolicyError):
    """The policy is over one of IAM's size quotas."""

    default_code = "LimitExceeded"
    default_status = 409


class TrustPolicyError(PolicyError):
    """IAM refuses this role trust policy."""


class ValidationError(AwsError):
    """A parameter breaks its pattern or its limits."""

    default_code = "ValidationError"


class ParameterError(ValidationError, TypeError):
    """A parameter that no SDK of AWS's would send: the operation has none of that name, or it is of another type."""


class InvalidNameError(ValidationError):
    """A name, path, session name, tag or external id breaks its pattern or its length."""


class DurationError(ValidationError):
    """A session duration is not a whole number of seconds, or is outside its limits."""


class EntityAlreadyExistsError(AwsError):
    """An entity of this kind and name exists already."""

    default_code = "EntityAlreadyExists"
    default_status = 409


class NoSuchEntityError(AwsError, KeyError):
    """No entity of this kind and name exists."""

    default_code = "NoSuchEntity"
    default_status = 404


class DeleteConflictError(AwsError):
    """Something else must be removed first."""

    default_code = "DeleteConflict"
    default_status = 409


class LimitExceededError(AwsError):
    """One of IAM's quotas would be exceeded."""

    default_code = "LimitExceeded"
    default_status = 409


class InvalidInputError(AwsError):
    """IAM's InvalidInput."""

    default_code = "InvalidInput"


class UnmodifiableEntityError(AwsError):
    """A thing that only AWS may change."""

    default_code = "UnmodifiableEntity"


class PolicyNotAttachableError(AwsError):
    """A policy that cannot be attached here, such as one of a service-linked role."""

    default_code = "PolicyNotAttachable"


class ResourceError(AwsError):
    """A simulated service refuses what was asked of a resource, for instance ``NoSuchBucket``."""


class InstanceError(AwsError):
    """EC2 refuses what was asked of an instance or of an association."""

    default_code = "InvalidParameterValue"


class AccessDeniedError(AwsError):
    """The call was judged, and refused."""

    default_code = "AccessDenied"
    default_status = 403


class CredentialError(AwsError):
    """The call could not be authenticated."""

    default_status = 403


class NoCredentialsError(CredentialError):
    """There was nothing to sign the call with; a client says this, AWS is never asked."""

    default_code = "NoCredentials"


class ExpiredTokenError(CredentialError):
    """The credentials were good once, and have expired."""

    default_code = "ExpiredToken"


class InvalidClientTokenIdError(CredentialError):
    """The credentials are not known, or their token does not belong to them."""

    default_code = "InvalidClientTokenId"
