"""Which texts IAM accepts as an action and as a resource, and how it words its refusals."""

from __future__ import annotations

import re

from ec2roles.arns import PARTITIONS, shown
from ec2roles.policy.validation.problems import LEGACY, RESOURCE

ACTION_OK = re.compile(r"\*+|(?:\*|[A-Za-z0-9.-]+):[^:]*").fullmatch
"""A quick test that nearly every action passes; `action_problem` words the failure of the rest."""
RESOURCE_OK = re.compile(
    r"\*+|arn:(?:aws|aws-cn|aws-us-gov|\*):(?:s3:::|(?!s3:|iam:)[^:]+:[^:]*:[0-9*?]*:).*", re.DOTALL
).fullmatch
"""A quick test that most resources pass; `resource_problem` looks at the rest."""
_IAM_PATHS = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
    "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
)  # fmt: skip
# S3 resources that do live in a region: access points, and what S3 Control added after the rule was recorded.
_S3_REGIONAL = ("accesspoint/", "job/", "storage-lens/", "storage-lens-group/", "access-grants/", "async-request/")
_NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def action_problem(action: str) -> tuple[str, str]:
    """
    Return our wording and AWS's for an action that `ACTION_OK` does not match.

    >>> action_problem("ListBuckets")[0]
    "action 'ListBuckets' has no service prefix; write 'service:ListBuckets', such as 's3:GetObject'"
    """
    prefix, colon, rest = action.partition(":")
    if not action:
        return "Action must be a non-empty string or list", _NO_VENDOR
    if not colon:
        cure = f"write 'service:{action[:40]}', such as 's3:GetObject'"
        return f"action {shown(action)} has no service prefix; {cure}", _NO_VENDOR
    if prefix == "arn":
        detail = f"{shown(action)} is a resource, not an action; write resource={shown(action)}"
        return (
            detail,
            "Actions/Condition can contain only one colon." if ":" in rest else f"Vendor {prefix} is not valid",
        )
    if ":" in rest:
        return f"action {shown(action)} has more than one colon", "Actions/Condition can contain only one colon."
    detail = f"action {shown(action)} has no valid service prefix; wildcards are allowed after the colon only"
    return detail, f"Vendor {prefix} is not valid"


def resource_problem(resource: str) -> tuple[int, str, str | None] | None:
    """
    Return rank, our wording and AWS's for a resource that IAM refuses; None if it accepts it.

    >>> resource_problem("my-bucket")[1]
    "'my-bucket' is not an ARN or '*'"
    """
    if ":" not in resource:
        return RESOURCE, f"{shown(resource)} is not an ARN or '*'", f'Resource {resource} must be in ARN format or "*".'
    parts = resource.split(":", 5)
    partition = parts[1]
    if len(parts) > 2 and (not parts[2] or ("::" in resource and len(parts) < 6)):
        detail = f"ARN needs 6 parts, arn:partition:service:region:account:resource, got {shown(resource)}"
        return LEGACY, detail, None
    if partition != "*" and partition not in PARTITIONS:
        rest = resource.split(":", 2)[2].split(":", 3) if len(parts) > 2 else []
        filled = ":".join(rest + ["*"] * (4 - len(rest)))
        message = f'Partition "{partition}" is not valid for resource "arn:{partition}:{filled}".'
        if len(parts) == 2 and parts[0] != "arn":
            return RESOURCE, f"{shown(resource)} is an action, not a resource; a resource is '*' or an ARN", message
        return RESOURCE, f"unknown partition {shown(partition)} in {shown(resource)}", message
    if len(parts) < 3:
        detail = f"ARN {shown(resource)} ends after its partition; name a service, or use '*'"
        return RESOURCE, detail, "Resource vendor must be fully qualified and cannot contain regexes."
    if len(parts) < 6:
        return None  # the missing parts act as "*"
    service, region, rest_part = parts[2], parts[3], parts[5]
    if service == "iam" and region:
        detail = f"IAM has no regions: {shown(resource)}"
        return RESOURCE, detail, f"IAM resource {resource} cannot contain region information."
    if service == "s3" and region and not rest_part.startswith(_S3_REGIONAL):
        detail = f"bucket ARNs have no region; write 'arn:aws:s3:::bucket/key', got {shown(resource)}"
        return RESOURCE, detail, f"Resource {resource} can not contain region information."
    # These two are missing in AWS's own message, yet AWS's managed policies use them.
    if service == "iam" and rest_part != "root" and not rest_part.startswith(("*", "role-template/", *_IAM_PATHS)):
        detail = f"IAM resource path {shown(rest_part)} must be '*' or start with user/, role/, policy/ ..."
        return RESOURCE, detail, f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
    return None
