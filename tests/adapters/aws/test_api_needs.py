"""What operations that are only judged need: every resource they are about (the service authorization reference, by service)."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles.adapters.aws.actions import ApiActions
from ec2roles.adapters.aws.passed_roles import passed_roles

WHERE = ("us-east-1", "123456789012")
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/"
KEY = "arn:aws:kms:us-east-1:123456789012:"
SSM = "arn:aws:ssm:us-east-1:123456789012:parameter/"
SNS = "arn:aws:sns:us-east-1:123456789012:"
COPIED = [("s3:GetObject", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::to/k")]
TO: dict[str, Any] = {"Bucket": "to", "Key": "k"}

ROWS: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("s3:CopyObject", {**TO, "CopySource": {"Bucket": "from", "Key": "a b"}}, COPIED),
    ("s3:CopyObject", {**TO, "CopySource": "from/a%20b"}, COPIED),
    ("s3:UploadPartCopy", {**TO, "CopySource": "/from/a%20b"}, COPIED),
    (
        "s3:CopyObject",
        {**TO, "CopySource": "from/a%20b?versionId=1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::from/a b"), COPIED[1]],
    ),
    ("s3:CreateMultipartUpload", TO, [("s3:PutObject", "arn:aws:s3:::to/k")]),
    ("s3:PutBucketCors", {"Bucket": "to"}, [("s3:PutBucketCORS", "arn:aws:s3:::to")]),
    (
        "dynamodb:BatchGetItem",
        {"RequestItems": {"a": {}, "arn:aws:dynamodb:eu-west-1:1:table/b": {}}},
        [("dynamodb:BatchGetItem", TABLE + "a"), ("dynamodb:BatchGetItem", "arn:aws:dynamodb:eu-west-1:1:table/b")],
    ),
    ("dynamodb:BatchWriteItem", {"RequestItems": {"a": []}}, [("dynamodb:BatchWriteItem", TABLE + "a")]),
    (
        "dynamodb:TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "a"}}, {"Get": {"TableName": "b"}}, {"Get": {"TableName": "a"}}]},
        [("dynamodb:GetItem", TABLE + "a"), ("dynamodb:GetItem", TABLE + "b")],
    ),
    (
        "dynamodb:TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
        [("dynamodb:PutItem", TABLE + "a"), ("dynamodb:ConditionCheckItem", TABLE + "b")],
    ),
    ("dynamodb:TransactWriteItems", {"TransactItems": []}, [("dynamodb:TransactWriteItems", "*")]),
    (
        "dynamodb:ExecuteStatement",
        {"Statement": 'select * from "a"."by-day" where x = 1'},
        [("dynamodb:PartiQLSelect", TABLE + "a/index/by-day")],
    ),
    ("dynamodb:ExecuteStatement", {"Statement": "UPDATE a SET x=1"}, [("dynamodb:PartiQLUpdate", TABLE + "a")]),
    ("dynamodb:ExecuteStatement", {"Statement": "nonsense"}, [("dynamodb:PartiQLUpdate", "*")]),
    (
        "dynamodb:BatchExecuteStatement",
        {"Statements": [{"Statement": "INSERT INTO a VALUE {}"}, {"Statement": "DELETE FROM b WHERE x=1"}]},
        [("dynamodb:PartiQLInsert", TABLE + "a"), ("dynamodb:PartiQLDelete", TABLE + "b")],
    ),
    ("dynamodb:Query", {"TableName": "a", "IndexName": "i"}, [("dynamodb:Query", TABLE + "a/index/i")]),
    ("kms:Encrypt", {"KeyId": "k"}, [("kms:Encrypt", KEY + "key/k")]),
    ("kms:Encrypt", {"KeyId": "alias/a"}, [("kms:Encrypt", KEY + "alias/a")]),
    (
        "kms:CreateAlias",
        {"AliasName": "alias/a", "TargetKeyId": "k"},
        [("kms:CreateAlias", KEY + "alias/a"), ("kms:CreateAlias", KEY + "key/k")],
    ),
    ("kms:DeleteAlias", {"AliasName": "alias/a"}, [("kms:DeleteAlias", KEY + "alias/a")]),
    ("kms:ReEncrypt", {"DestinationKeyId": "k"}, [("kms:ReEncryptFrom", "*"), ("kms:ReEncryptTo", KEY + "key/k")]),
    ("ssm:GetParameter", {"Name": "/app/db"}, [("ssm:GetParameter", SSM + "app/db")]),
    ("ssm:GetParameter", {"Name": "db"}, [("ssm:GetParameter", SSM + "db")]),
    (
        "ssm:GetParameters",
        {"Names": ["/app/db", "x"]},
        [("ssm:GetParameters", SSM + "app/db"), ("ssm:GetParameters", SSM + "x")],
    ),
    ("ssm:DeleteParameters", {"Names": ["x"]}, [("ssm:DeleteParameters", SSM + "x")]),
    ("ssm:GetParametersByPath", {"Path": "/app/"}, [("ssm:GetParametersByPath", SSM + "app/")]),
    ("sns:CreateTopic", {"Name": "t"}, [("sns:CreateTopic", SNS + "t")]),
    ("sns:Publish", {"TargetArn": SNS + "t"}, [("sns:Publish", SNS + "t")]),
    ("sns:Publish", {"PhoneNumber": "+1"}, [("sns:Publish", "*")]),
    ("sns:Unsubscribe", {"SubscriptionArn": SNS + "t:1-2"}, [("sns:Unsubscribe", SNS + "t")]),
    (
        "secretsmanager:CreateSecret",
        {"Name": "s"},
        [("secretsmanager:CreateSecret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:s-EXAMPL")],
    ),
]


@pytest.mark.parametrize(("operation", "given", "needed"), ROWS)
def test_an_operation_needs_its_actions_on_all_that_it_is_about(
    operation: str, given: dict[str, Any], needed: list[tuple[str, str]]
) -> None:
    prefix, _, name = operation.partition(":")
    assert ApiActions().needed(prefix, name, given, *WHERE) == needed


ROLE = "arn:aws:iam::123456789012:role/"
PASSED: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    ("lambda:CreateFunction", {"Role": ROLE + "a"}, [(ROLE + "a", "lambda.amazonaws.com")]),
    ("lambda:Invoke", {"Role": ROLE + "a"}, []),
    ("cloudformation:CreateStack", {"StackName": "s"}, []),
    ("glue:CreateJob", {"Role": "a"}, [(ROLE + "a", "glue.amazonaws.com")]),
    (
        "ecs:RegisterTaskDefinition",
        {"taskRoleArn": ROLE + "a", "executionRoleArn": ROLE + "b"},
        [(ROLE + "a", "ecs-tasks.amazonaws.com"), (ROLE + "b", "ecs-tasks.amazonaws.com")],
    ),
    (
        "events:PutTargets",
        {"Targets": [{"Id": "1"}, {"RoleArn": ROLE + "a"}, {"RoleArn": ROLE + "a"}]},
        [(ROLE + "a", "events.amazonaws.com")],
    ),
]


@pytest.mark.parametrize(("operation", "given", "passed"), PASSED)
def test_the_roles_that_an_operation_hands_on_are_found(
    operation: str, given: dict[str, Any], passed: list[tuple[str, str]]
) -> None:
    assert passed_roles(operation, given, WHERE[1]) == passed


def test_what_the_user_says_comes_first() -> None:
    given = {"RequestItems": {"a": {}, "b": {}}}
    of_one = {"dynamodb": lambda given, region, account_id: TABLE + "c"}
    assert ApiActions({"dynamodb:BatchGetItem": ["x:Y"]}).needed("dynamodb", "BatchGetItem", given, *WHERE) == [
        ("x:Y", "*")
    ]
    assert ApiActions(resources=of_one).needed("dynamodb", "BatchGetItem", given, *WHERE) == [
        ("dynamodb:BatchGetItem", TABLE + "c")
    ]
