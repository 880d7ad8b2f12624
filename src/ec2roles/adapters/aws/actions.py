"""Which IAM action an API operation needs, and on which resource: equal names, and the exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from ec2roles.adapters.aws.batches import NEEDS
from ec2roles.adapters.aws.resources import RESOURCES, Parameters, Resource

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
        own = self.resources.get(name) or self.resources.get(prefix)
        resource = own or RESOURCES.get(name) or RESOURCES.get(prefix)
        about = (resource and resource(parameters, region, account_id)) or "*"
        if name in self.actions:
            return [(action, about) for action in self.actions[name]]
        if name in NEEDS:
            # An operation may be about several things: each of them must be allowed.
            found = dict.fromkeys(NEEDS[name](parameters, region, account_id))
            if found:
                return list(dict.fromkeys((action, about) for action, _ in found)) if own else list(found)
        return [(f"{prefix}:{_RENAMED.get(prefix, {}).get(operation, operation)}", about)]
