"""Which IAM action an API operation needs, and on which resource: equal names, and the exceptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

Parameters = Mapping[str, Any]
Actions = Callable[[Parameters], Iterable[str]]
Resource = Callable[[Parameters, str, str], str | None]
"""Given the parameters, the region and the account id, the ARN; None where the parameters do not say it."""

# What a service signs as -> the prefix of its actions.
_PREFIXES = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "tag",
    "s3express": "s3express",
    "s3-outposts": "s3-outposts",
    "runtime.lex": "lex",
}

# From the service authorization reference: the operations whose action has another name.
_RENAMED = {
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
    "lambda": {
        "Invoke": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
        "GetLayerVersionByArn": "GetLayerVersion",
    },
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
    "sns": {"PublishBatch": "Publish"},
}

_PARTIQL = {"SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def _statements(*texts: Any) -> list[str]:
    words = [str(text).split(None, 1)[0].upper() if str(text).split() else "" for text in texts]
    # What is no statement is refused by the service; until then it is the strongest kind.
    return sorted({f"dynamodb:{_PARTIQL.get(word, 'PartiQLUpdate')}" for word in words})


def _transaction(given: Parameters) -> list[str]:
    items = given.get("TransactItems", ())
    return sorted({f"dynamodb:{_WRITES[kind]}" for item in items for kind in item if kind in _WRITES})


# The operations whose actions depend on what they are given.
_COMPUTED: Mapping[str, Actions] = {
    "dynamodb:ExecuteStatement": lambda given: _statements(given.get("Statement")),
    "dynamodb:BatchExecuteStatement": lambda given: _statements(
        *(one.get("Statement") for one in given.get("Statements", ()))
    ),
    "dynamodb:ExecuteTransaction": lambda given: _statements(
        *(one.get("Statement") for one in given.get("TransactStatements", ()))
    ),
    "dynamodb:TransactGetItems": lambda given: ["dynamodb:GetItem"],
    "dynamodb:TransactWriteItems": _transaction,
    "kms:ReEncrypt": lambda given: ["kms:ReEncryptFrom", "kms:ReEncryptTo"],
}


def _named(parameter: str, form: str) -> Resource:
    """A resource that a parameter names: by its ARN, or by what stands in *form*."""

    def resource(given: Parameters, region: str, account_id: str) -> str | None:
        name = given.get(parameter)
        if not isinstance(name, str) or not name:
            return None
        if name.startswith("arn:"):
            return name
        return form.format(name=name, region=region, account_id=account_id)

    return resource


def _s3(given: Parameters, region: str, account_id: str) -> str | None:
    bucket, key = given.get("Bucket"), given.get("Key")
    if not isinstance(bucket, str):
        return None
    if bucket.startswith("arn:"):
        return bucket
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if isinstance(key, str) else "")


def _queue(given: Parameters, region: str, account_id: str) -> str | None:
    url, name = given.get("QueueUrl"), given.get("QueueName")
    if isinstance(url, str):
        parts = url.rstrip("/").split("/")
        owner = parts[-2] if len(parts) > 1 and re.fullmatch(r"[0-9]{12}", parts[-2]) else account_id
        return f"arn:aws:sqs:{region}:{owner}:{parts[-1]}"
    return f"arn:aws:sqs:{region}:{account_id}:{name}" if isinstance(name, str) else None


def _table(given: Parameters, region: str, account_id: str) -> str | None:
    table = _named("TableName", "arn:aws:dynamodb:{region}:{account_id}:table/{name}")(given, region, account_id)
    index = given.get("IndexName")
    return f"{table}/index/{index}" if table is not None and isinstance(index, str) else table


def _function(given: Parameters, region: str, account_id: str) -> str | None:
    name = given.get("FunctionName")
    if isinstance(name, str) and re.fullmatch(r"[0-9]{12}:function:.+", name):
        return f"arn:aws:lambda:{region}:{name}"
    return _named("FunctionName", "arn:aws:lambda:{region}:{account_id}:function:{name}")(given, region, account_id)


_RESOURCES: Mapping[str, Resource] = {
    "dynamodb": _table,
    "kms": _named("KeyId", "arn:aws:kms:{region}:{account_id}:key/{name}"),
    "lambda": _function,
    "s3": _s3,
    # Six random characters end the ARN of a secret; these are always the same.
    "secretsmanager": _named("SecretId", "arn:aws:secretsmanager:{region}:{account_id}:secret:{name}-EXAMPL"),
    "sns": _named("TopicArn", "arn:aws:sns:{region}:{account_id}:{name}"),
    "sqs": _queue,
    "ssm": _named("Name", "arn:aws:ssm:{region}:{account_id}:parameter/{name}"),
}


@attrs.frozen(eq=False)
class ApiActions:
    """
    What operations that are only judged need to be allowed.

    >>> actions = ApiActions()
    >>> actions.needed("lambda", "Invoke", {"FunctionName": "thumbs"}, "us-east-1", "123456789012")
    [('lambda:InvokeFunction', 'arn:aws:lambda:us-east-1:123456789012:function:thumbs')]

    Args:
        actions: your own: ``{"athena:StartQueryExecution": ["athena:StartQueryExecution", "glue:GetTable"]}``; they come
            before ours.
        resources: your own, by prefix (``athena``) or by operation (``athena:GetQueryResults``): a function of the
            parameters, the region and the account id that returns an ARN, or None.
    """

    actions: Mapping[str, Iterable[str]] = attrs.field(factory=dict, repr=False)
    resources: Mapping[str, Resource] = attrs.field(factory=dict, repr=False)

    def prefix(self, signing_name: str) -> str:
        """Return the prefix of the actions of the service that signs as *signing_name*."""
        return _PREFIXES.get(signing_name, signing_name)

    def needed(
        self, prefix: str, operation: str, parameters: Parameters, region: str, account_id: str
    ) -> list[tuple[str, str]]:
        """
        Return the actions that an operation needs, each with its resource.

        Args:
            prefix: of the service's actions: ``dynamodb``.
            operation: the API's name.
            parameters: as boto3 takes them.
            region: where it is sent.
            account_id: whose resources are meant where the parameters do not say it.
        """
        name = f"{prefix}:{operation}"
        if name in self.actions:
            actions = list(self.actions[name])
        elif name in _COMPUTED:
            actions = list(_COMPUTED[name](parameters)) or [name]
        else:
            actions = [f"{prefix}:{_RENAMED.get(prefix, {}).get(operation, operation)}"]
        resource = "*"
        for key, table in ((name, self.resources), (prefix, self.resources), (prefix, _RESOURCES)):
            if key in table:
                resource = table[key](parameters, region, account_id) or "*"
                break
        return [(action, resource) for action in actions]
