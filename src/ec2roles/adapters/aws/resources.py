"""Which resource an API operation is about, by its parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Parameters = Mapping[str, Any]
Resource = Callable[[Parameters, str, str], str | None]
"""Given the parameters, the region and the account id, the ARN; None where the parameters do not say it."""


def named(parameter: str, form: str) -> Resource:
    """Return a resource that a parameter names: by its ARN, or by what stands in *form*."""

    def resource(given: Parameters, region: str, account_id: str) -> str | None:
        name = given.get(parameter)
        if not isinstance(name, str) or not name:
            return None
        if name.startswith("arn:"):
            return name
        return form.format(name=name, region=region, account_id=account_id)

    return resource


def bucket_or_object(given: Parameters, region: str, account_id: str) -> str | None:
    """Return the ARN of an object of S3, or of a bucket if no object is named."""
    bucket, key = given.get("Bucket"), given.get("Key")
    if not isinstance(bucket, str):
        return None
    if bucket.startswith("arn:"):
        return bucket
    return f"arn:aws:s3:::{bucket}" + (f"/{key}" if isinstance(key, str) else "")


def table(given: Parameters, region: str, account_id: str) -> str | None:
    """Return the ARN of a table of DynamoDB, or of an index of it."""
    found = named("TableName", "arn:aws:dynamodb:{region}:{account_id}:table/{name}")(given, region, account_id)
    index = given.get("IndexName")
    return f"{found}/index/{index}" if found is not None and isinstance(index, str) else found


def parameter(name: str, region: str, account_id: str) -> str:
    """
    Return the ARN of a parameter of Systems Manager.

    >>> parameter("/app/password", "us-east-1", "123456789012")
    'arn:aws:ssm:us-east-1:123456789012:parameter/app/password'
    """
    if name.startswith("arn:"):
        return name
    return f"arn:aws:ssm:{region}:{account_id}:parameter/{name.removeprefix('/')}"


def _parameter(given: Parameters, region: str, account_id: str) -> str | None:
    name = given.get("Name")
    return parameter(name, region, account_id) if isinstance(name, str) and name else None


def _path(given: Parameters, region: str, account_id: str) -> str | None:
    path = given.get("Path")
    return parameter(path, region, account_id) if isinstance(path, str) else None


def _queue(given: Parameters, region: str, account_id: str) -> str | None:
    url, name = given.get("QueueUrl"), given.get("QueueName")
    if isinstance(url, str):
        parts = url.rstrip("/").split("/")
        owner = parts[-2] if len(parts) > 1 and re.fullmatch(r"[0-9]{12}", parts[-2]) else account_id
        return f"arn:aws:sqs:{region}:{owner}:{parts[-1]}"
    return f"arn:aws:sqs:{region}:{account_id}:{name}" if isinstance(name, str) else None


def _function(given: Parameters, region: str, account_id: str) -> str | None:
    name = given.get("FunctionName")
    if isinstance(name, str) and re.fullmatch(r"[0-9]{12}:function:.+", name):
        return f"arn:aws:lambda:{region}:{name}"
    return named("FunctionName", "arn:aws:lambda:{region}:{account_id}:function:{name}")(given, region, account_id)


def key(given: Parameters, region: str, account_id: str) -> str | None:
    """Return the ARN of a key of KMS, or of the alias it is called by."""
    name = str(given.get("KeyId"))
    form = "{name}" if name.startswith("alias/") else "key/{name}"
    return named("KeyId", "arn:aws:kms:{region}:{account_id}:" + form)(given, region, account_id)


def _topic(given: Parameters, region: str, account_id: str) -> str | None:
    for name in ("TopicArn", "TargetArn", "ResourceArn"):
        if isinstance(given.get(name), str):
            return str(given[name])
    subscription = given.get("SubscriptionArn")
    # The ARN of a subscription is its topic's and an id; the topic is what SNS asks about.
    return subscription.rpartition(":")[0] if isinstance(subscription, str) else None


RESOURCES: Mapping[str, Resource] = {
    "dynamodb": table,
    "kms": key,
    "lambda": _function,
    "s3": bucket_or_object,
    # Six random characters end the ARN of a secret; these are always the same.
    "secretsmanager": named("SecretId", "arn:aws:secretsmanager:{region}:{account_id}:secret:{name}-EXAMPL"),
    "secretsmanager:CreateSecret": named("Name", "arn:aws:secretsmanager:{region}:{account_id}:secret:{name}-EXAMPL"),
    "sns": _topic,
    "sns:CreateTopic": named("Name", "arn:aws:sns:{region}:{account_id}:{name}"),
    "sqs": _queue,
    "ssm": _parameter,
    "ssm:GetParametersByPath": _path,
}
"""By the prefix of the actions, or by the operation."""
