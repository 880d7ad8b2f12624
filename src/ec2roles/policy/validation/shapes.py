"""
What can never match, service by service: the shapes of ARNs, the names of API operations, the condition keys of others.

The core ships no list of all actions and keys. What is here is what the package knows by itself: services whose ARNs have no
region or account, operations that are authorized as another action, and that a key belongs to the service in its prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ec2roles.arns import shown
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.statement import Condition, Statement
from ec2roles.policy.validation.warning import LintWarning

_WITHOUT_REGION = frozenset({"iam", "cloudfront", "organizations", "route53", "globalaccelerator", "waf", "sts"})
_WITH_ACCOUNT = frozenset({"iam", "sts", "sqs", "lambda", "dynamodb", "kms", "secretsmanager", "organizations"})
_S3_WITH_ACCOUNT = ("accesspoint/", "job/", "storage-lens", "access-grants/", "async-request/", "accesspoint:")

_VARIABLE = re.compile(r"\$\{[^}]*\}")

# Operations of an API that IAM authorizes as another action, as the service authorization reference has them.
_ACTIONS = {
    "s3:listbuckets": "s3:ListAllMyBuckets",
    "s3:listobjects": "s3:ListBucket",
    "s3:listobjectsv2": "s3:ListBucket",
    "s3:headbucket": "s3:ListBucket",
    "s3:headobject": "s3:GetObject",
    "s3:copyobject": "s3:PutObject",
    "s3:createmultipartupload": "s3:PutObject",
    "s3:uploadpart": "s3:PutObject",
    "s3:completemultipartupload": "s3:PutObject",
    "s3:deleteobjects": "s3:DeleteObject",
    "s3:listobjectversions": "s3:ListBucketVersions",
    "s3:listmultipartuploads": "s3:ListBucketMultipartUploads",
    "s3:listparts": "s3:ListMultipartUploadParts",
    "lambda:invoke": "lambda:InvokeFunction",
    "dynamodb:transactgetitems": "dynamodb:GetItem",
    "dynamodb:transactwriteitems": "dynamodb:PutItem",
    "bedrock:converse": "bedrock:InvokeModel",
    "bedrock:conversestream": "bedrock:InvokeModelWithResponseStream",
}
# Keys of one service that requests to all services have: they belong to the credentials.
_EVERYWHERE = frozenset(
    {"ec2:sourceinstancearn", "ec2:roledelivery", "ssm:sourceinstancearn", "lambda:sourcefunctionarn",
     "glue:roleassumedby", "glue:credentialissuingservice", "identitystore:userid"}
)  # fmt: skip


def odd_shape(resource: str, path: str) -> Iterator[LintWarning]:
    """Yield what is wrong with the shape of an ARN of six parts, if no resource of its service has it."""
    _, _, service, region, account, rest = resource.split(":", 5)
    service = ascii_lower(service)
    if service == "s3":
        bucket = _VARIABLE.sub("x", rest).partition("/")[0]
        if account and not rest.startswith(_S3_WITH_ACCOUNT) and account.strip("*"):
            message = f"the ARN of a bucket has no account: {shown(resource)}; it matches nothing"
            yield LintWarning(path, message, "write arn:aws:s3:::bucket/key", "arn-shape", True)
        elif ":" in bucket and not region and not account:
            message = f"no bucket has a colon in its name: {shown(resource)}; it matches nothing"
            yield LintWarning(path, message, "what is in a bucket is 'bucket/*'", "arn-shape", True)
        return
    if service in _WITHOUT_REGION and region.strip("*"):
        message = f"ARNs of {service} have no region: {shown(resource)}; it matches nothing"
        yield LintWarning(path, message, "leave the region empty", "arn-shape", True)
    if service in _WITH_ACCOUNT and not account and rest.strip("*") and not region.endswith("*"):
        message = f"ARNs of {service} have an account: {shown(resource)}; it matches nothing"
        yield LintWarning(path, message, "write 12 digits or '*'", "arn-shape", True)


def api_name(action: str, path: str) -> Iterator[LintWarning]:
    """Yield that an entry of ``Action`` names an operation of the API which is authorized as another action."""
    known = _ACTIONS.get(ascii_lower(action))
    if known is not None:
        message = f"{shown(action)} is an operation of the API, and no action of IAM; AWS matches it with nothing"
        yield LintWarning(path, message, f"write '{known}'", "api-name")


def foreign_key(condition: Condition, statement: Statement) -> Iterator[LintWarning]:
    """Yield that no action of *statement* has the key of *condition*, which belongs to another service."""
    key = ascii_lower(condition.key)
    service, colon, _ = key.partition(":")
    if not colon or "." in service or service in ("aws", "catalog", "saml", "sts") or key in _EVERYWHERE:
        return
    if statement.actions is None:
        return
    services = [ascii_lower(entry).partition(":")[0] for entry in statement.actions]
    # s3express and s3-object-lambda know keys of s3, elasticfilesystem those of its relatives.
    if any(["*" in one or one.startswith(service) or service.startswith(one) for one in services]):
        return
    message = f"{condition.key} is a key of {service}, and no action here is; requests for them never have it"
    where = f"{statement.pointer}/Condition"
    yield LintWarning(where, message, "use a key of the action's own service, or a global one", "foreign-key")
