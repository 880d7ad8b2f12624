"""
Block Public Access: its four settings, and what makes a bucket policy public.

AWS's page "Blocking public access to your Amazon S3 storage" has both. S3 begins by taking a policy for public; it is not,
if every statement that allows something allows it to fixed principals only, or asks for a fixed value of one of the keys
below. A value is fixed if it has no wildcard and no variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.policy import Policy
from ec2roles.policy.statement import Condition, Statement
from ec2roles.services.s3.answers import malformed_xml

_MEMBERS = {
    "BlockPublicAcls": "block_public_acls",
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "RestrictPublicBuckets": "restrict_public_buckets",
}


@attrs.frozen
class PublicAccessBlock:
    """
    The four settings of Block Public Access, of a bucket or of an account.

    >>> PublicAccessBlock(block_public_policy=True) | PublicAccessBlock(restrict_public_buckets=True)
    PublicAccessBlock(block_public_acls=False, ignore_public_acls=False, block_public_policy=True, restrict_public_buckets=True)

    Args:
        block_public_acls: refuses ACLs that are public. Buckets here have no ACLs, as new ones in AWS.
        ignore_public_acls: takes ACLs that are public for none.
        block_public_policy: refuses bucket policies that are public.
        restrict_public_buckets: where the policy is public, lets in only the account's own principals and AWS's services.
    """

    block_public_acls: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))
    ignore_public_acls: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))
    block_public_policy: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))
    restrict_public_buckets: bool = attrs.field(
        default=False, kw_only=True, validator=attrs.validators.instance_of(bool)
    )

    @classmethod
    def read(cls, configuration: object) -> PublicAccessBlock:
        """
        Return the block that AWS's structure says; what it does not name is off.

        Raises:
            ResourceError: ``MalformedXML``.
        """
        if not isinstance(configuration, Mapping) or not set(configuration) <= set(_MEMBERS):
            raise malformed_xml(f"the members are {', '.join(_MEMBERS)}, got {shown(configuration)}")
        if not all(isinstance(value, bool) for value in configuration.values()):
            raise malformed_xml(f"each setting is true or false, got {shown(configuration)}")
        return cls(**{_MEMBERS[name]: value for name, value in configuration.items()})

    def to_aws(self) -> dict[str, bool]:
        """Return AWS's structure."""
        return {name: getattr(self, ours) for name, ours in _MEMBERS.items()}

    def __or__(self, other: PublicAccessBlock) -> PublicAccessBlock:
        """Return the strictest of both, as S3 does with the settings of a bucket and of its account."""
        return PublicAccessBlock(**{ours: getattr(self, ours) or getattr(other, ours) for ours in _MEMBERS.values()})


NOTHING_BLOCKED = PublicAccessBlock()
"""All four settings off."""

EVERYTHING = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
"""All four settings on, as every new bucket has them since April 2023."""


# -- what is public -----------------------------------------------------------------------------------------------------

# Keys of which a fixed value makes a statement not public. The first line of AWS's list, "an AWS principal, user, role, or
# service principal (e.g. aws:PrincipalOrgID)", are the keys that say who asks.
_FIXED_KEYS = frozenset(
    "aws:principalarn aws:principalaccount aws:principalorgid aws:principalorgpaths aws:principalservicename "
    "aws:sourcearn aws:sourcevpc aws:sourcevpce aws:sourceowner aws:sourceaccount aws:userid "
    "s3:x-amz-server-side-encryption-aws-kms-key-id s3:dataaccesspointarn s3:dataaccesspointaccount".split()
)
_ACCESS_POINT_ARN = "s3:dataaccesspointarn"
_SOURCE_IP = "aws:sourceip"
# Operators under which a value is the one that is wanted. Inverted ones say what is not wanted, and IfExists lets in who
# brings no value at all.
_EQUALITY = frozenset("stringequals stringequalsignorecase stringlike arnequals arnlike".split())
_WIDEST = {4: 8, 6: 32}
# "excluding RFC1918 private ranges"
_PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def public_statement(policy: Policy) -> Statement | None:
    """
    Return the first statement that makes *policy* public, or None if it is not public.

    >>> from ec2roles.policy import load_policy
    >>> statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
    >>> public_statement(load_policy({"Version": "2012-10-17", "Statement": statement}, "resource"))
    <Statement /Statement: Allow s3:GetObject>
    >>> statement["Condition"] = {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}
    >>> public_statement(load_policy({"Version": "2012-10-17", "Statement": statement}, "resource")) is None
    True
    """
    return next((statement for statement in policy.statements if _is_public(statement)), None)


def _is_public(statement: Statement) -> bool:
    if statement.effect != "Allow" or statement.principal is statement.not_principal is None:
        return False
    if statement.principal is not None and all("*" not in value for _, value in statement.principal):
        return False
    return not any(_is_fixed(condition) for condition in statement.conditions)


def _is_fixed(condition: Condition) -> bool:
    """Whether a condition holds for fixed values only: all its values must be fixed, for any of them will do."""
    operator = condition.operator.lower().removeprefix("foranyvalue:")
    key = condition.key.lower()
    if key == _SOURCE_IP:
        return operator == "ipaddress" and bool(condition.values) and all(map(_is_narrow, condition.values))
    if operator not in _EQUALITY or key not in _FIXED_KEYS or not condition.values:
        return False
    return all(
        _has_fixed_account(value) if key == _ACCESS_POINT_ARN else _is_plain(value) for value in condition.values
    )


def _is_plain(value: str) -> bool:
    return not any(sign in value for sign in ("*", "?", "${"))


def _has_fixed_account(arn: str) -> bool:
    """Whether an access point's ARN names its account: AWS allows a wildcard in its name then."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return False
    return parts[4].isdigit() and "${" not in arn and parts[5].startswith("accesspoint/")


def _is_narrow(value: str) -> bool:
    """Whether a range of addresses is not "very broad": broader than /8 for IPv4 and than /32 for IPv6."""
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version] or _is_private(network)


def _is_private(network: Any) -> bool:
    return not isinstance(network, IPv6Network) and any(network.subnet_of(private) for private in _PRIVATE)
