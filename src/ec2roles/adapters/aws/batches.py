"""The API operations that need several actions, or one on several resources: a copy reads and writes, a batch has tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from ec2roles.adapters.aws.resources import Parameters, bucket_or_object, key, named, parameter, table

Needs = Callable[[Parameters, str, str], Iterable[tuple[str, str]]]
"""Given the parameters, the region and the account id: the actions that are needed, each with its resource."""

_PARTIQL = {"SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
# What follows FROM, INTO or UPDATE: a table, maybe in quotes, maybe with an index behind a dot.
_NAMED_TABLE = re.compile(
    r"\b(?:FROM|INTO|UPDATE)\s+(?:\"([^\"]+)\"|([A-Za-z0-9_-]+))(?:\.(?:\"([^\"]+)\"|([A-Za-z0-9_-]+)))?", re.IGNORECASE
)
_ITEMS = {
    "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}  # fmt: skip


def _statement(text: Any, region: str, account_id: str) -> tuple[str, str]:
    words = str(text).split(None, 1)
    found = _NAMED_TABLE.search(str(text))
    about = None
    if found:
        given = {"TableName": found[1] or found[2], "IndexName": found[3] or found[4]}
        about = table(given, region, account_id)
    # What is no statement is refused by the service; until then it is the strongest kind.
    action = _PARTIQL.get(words[0].upper() if words else "", "PartiQLUpdate")
    return f"dynamodb:{action}", about or "*"


def _statements(member: str) -> Needs:
    def needs(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
        return [_statement(one.get("Statement"), region, account_id) for one in given.get(member, ())]

    return needs


def _transaction(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
    return [
        (f"dynamodb:{_ITEMS[kind]}", table(what, region, account_id) or "*")
        for item in given.get("TransactItems", ())
        for kind, what in item.items()
        if kind in _ITEMS
    ]


def _tables(action: str) -> Needs:
    def needs(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
        return [
            (action, table({"TableName": name}, region, account_id) or "*") for name in given.get("RequestItems", ())
        ]

    return needs


def _parameters(action: str) -> Needs:
    def needs(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
        return [(action, parameter(str(name), region, account_id)) for name in given.get("Names", ())]

    return needs


def _copy(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
    source = given.get("CopySource")
    if isinstance(source, Mapping):
        bucket, name, version = source.get("Bucket"), source.get("Key"), source.get("VersionId")
    else:
        path, _, version = unquote(str(source)).partition("?versionId=")
        bucket, _, name = path.removeprefix("/").partition("/")
    read = bucket_or_object({"Bucket": bucket, "Key": name}, region, account_id)
    return [
        ("s3:GetObjectVersion" if version else "s3:GetObject", read or "*"),
        ("s3:PutObject", bucket_or_object(given, region, account_id) or "*"),
    ]


def _reencrypt(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
    # Which key the ciphertext was made with can be left out.
    return [
        ("kms:ReEncryptFrom", key({"KeyId": given.get("SourceKeyId")}, region, account_id) or "*"),
        ("kms:ReEncryptTo", key({"KeyId": given.get("DestinationKeyId")}, region, account_id) or "*"),
    ]


def _alias(action: str) -> Needs:
    alias = named("AliasName", "arn:aws:kms:{region}:{account_id}:{name}")

    def needs(given: Parameters, region: str, account_id: str) -> Iterable[tuple[str, str]]:
        yield action, alias(given, region, account_id) or "*"
        target = key({"KeyId": given.get("TargetKeyId")}, region, account_id)
        if target is not None:
            yield action, target

    return needs


NEEDS: Mapping[str, Needs] = {
    "dynamodb:BatchExecuteStatement": _statements("Statements"),
    "dynamodb:BatchGetItem": _tables("dynamodb:BatchGetItem"),
    "dynamodb:BatchWriteItem": _tables("dynamodb:BatchWriteItem"),
    "dynamodb:ExecuteStatement": lambda given, *where: [_statement(given.get("Statement"), *where)],
    "dynamodb:ExecuteTransaction": _statements("TransactStatements"),
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "kms:CreateAlias": _alias("kms:CreateAlias"),
    "kms:DeleteAlias": _alias("kms:DeleteAlias"),
    "kms:ReEncrypt": _reencrypt,
    "kms:UpdateAlias": _alias("kms:UpdateAlias"),
    "s3:CopyObject": _copy,
    "s3:UploadPartCopy": _copy,
    "ssm:DeleteParameters": _parameters("ssm:DeleteParameters"),
    "ssm:GetParameters": _parameters("ssm:GetParameters"),
}
"""By the operation. Where nothing is found, the operation needs what its name says."""
