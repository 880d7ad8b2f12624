"""A policy of an organisation, and what its document must keep to."""

from __future__ import annotations

import attrs

from ec2roles.arns import shown
from ec2roles.errors import AwsError
from ec2roles.organizations.hierarchy import CONSTRAINT
from ec2roles.organizations.tree import KINDS
from ec2roles.policy import Policy, load_policy

_POLICY_SIZE = 5_120


@attrs.frozen
class OrganizationPolicy:
    """
    A policy of an organisation; what it says now is `Organization.content`.

    >>> from ec2roles import Cloud
    >>> organization = Cloud().create_organization("999999999999")
    >>> [policy.name for policy in organization.policies.values()]
    ['FullAWSAccess', 'RCPFullAWSAccess']

    Args:
        id: ``p-...``.
        name: unique in the organisation.
        policy_type: ``SERVICE_CONTROL_POLICY`` or ``RESOURCE_CONTROL_POLICY``.
        arn: its ARN.
    """

    id: str
    name: str
    policy_type: str
    arn: str = attrs.field(repr=False)


def check_type(policy_type: str) -> str:
    """
    Return *policy_type* if Organizations has it here.

    Raises:
        AwsError: ``InvalidInputException``.
    """
    if policy_type not in KINDS:
        raise AwsError(
            "You provided invalid values for one or more of the request parameters.",
            code="InvalidInputException",
            detail=f"policy_type must be {' or '.join(KINDS)}, got {shown(policy_type)}",
        )
    return policy_type


def load_content(content: object, policy_type: str) -> Policy:
    """
    Load the document of a policy of an organisation.

    Args:
        content: a dict, JSON text, or a `Policy`.
        policy_type: ``SERVICE_CONTROL_POLICY`` or ``RESOURCE_CONTROL_POLICY``.

    Raises:
        AwsError: ``MalformedPolicyDocumentException``, or ``ConstraintViolationException`` if it is too long.
    """
    # Organizations has its own code for what IAM calls MalformedPolicyDocument, and one text for every reason.
    try:
        loaded = load_policy(content, KINDS[policy_type])
    except AwsError as error:
        raise AwsError(
            "The provided policy document does not meet the requirements of the specified policy type.",
            code="MalformedPolicyDocumentException",
            detail=error.detail or error.message,
        ) from None
    size = len(content) if isinstance(content, str) else loaded.size
    if size > _POLICY_SIZE:
        raise AwsError(
            "You have exceeded the maximum size of a policy document.",
            code=CONSTRAINT,
            detail=f"{size} characters, at most {_POLICY_SIZE}; white space counts",
        )
    return loaded
