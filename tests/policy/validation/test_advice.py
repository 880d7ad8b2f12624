"""Cures in errors, and advice about what can never match."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account
from ec2roles.errors import PolicyError
from ec2roles.iam.managed import AwsManagedPolicies
from ec2roles.policy import PermissionPolicy, TrustPolicy, lint, load_policy
from ec2roles.policy.validation.principals import is_known_service, known_services, nearest_service

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
]}  # fmt: skip
PERMISSION = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
BOB = "arn:aws:iam::123456789012:user/bob"


@pytest.mark.parametrize(
    ("mistake", "message", "cure"),
    [
        (lambda role: role.put_policy("p", "AmazonS3ReadOnlyAccess"), "Syntax errors in policy.",
         "attach_policy('AmazonS3ReadOnlyAccess')"),
        (lambda role: role.put_policy("p", "arn:aws:iam::aws:policy/AdministratorAccess"), "Syntax errors in policy.",
         "attach_policy('arn:aws:iam::aws:policy/AdministratorAccess')"),
        (lambda role: role.put_policy("p", "s3:GetObject"), "Syntax errors", "PermissionPolicy.allow('s3:GetObject')"),
        (lambda role: role.put_policy("p", "policies/read.json"), "Syntax errors", "read_text()"),
        (lambda role: role.put_policy("p", TRUST), "Policy statement must contain resources.", "update_trust()"),
        (lambda role: role.update_trust(PERMISSION), "Missing required field Principal", "put_policy()"),
        (lambda role: role.update_trust("ec2.amazonaws.com"), "invalid Json",
         "TrustPolicy.service('ec2.amazonaws.com')"),
        (lambda role: TrustPolicy("ec2.amazonaws.com"), "invalid Json", "TrustPolicy.service('ec2.amazonaws.com')"),
        (lambda role: TrustPolicy(BOB), "invalid Json", f"TrustPolicy.principal('{BOB}')"),
        (lambda role: TrustPolicy.principal("ec2.amazonaws.com"), "Invalid principal", "TrustPolicy.service()"),
        (lambda role: TrustPolicy.service(BOB), "Invalid principal", "TrustPolicy.principal()"),
        (lambda role: PermissionPolicy.allow("s3:GetObject", "arn:aws:s3:::b/*"),
         "Actions/Condition can contain only one colon.", "resource='arn:aws:s3:::b/*'"),
        (lambda role: PermissionPolicy.allow("s3:GetObject", resource="s3:PutObject"), "Partition",
         "is an action, not a resource"),
    ],
)  # fmt: skip
def test_what_is_given_in_the_wrong_place_is_told_its_place(mistake: Any, message: str, cure: str) -> None:
    """AWS's words stay as they are; the cure is in ours, and nothing has changed."""
    role = Account().create_role("app", trust=TRUST)
    with pytest.raises(PolicyError) as caught:
        mistake(role)
    assert message in caught.value.message
    assert cure in (caught.value.detail or "")
    assert (dict(role.policies), role.trust.to_dict()) == ({}, TRUST)


@pytest.mark.parametrize("text", ["{", '{"Version": 2012}', "", "[]", "null", "x" * 3000])
def test_other_texts_get_no_cure_that_does_not_fit(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(text, "trust")
    assert "TrustPolicy." not in (caught.value.detail or "")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ec2", "ec2.amazonaws.com"),
        ("EC2.amazon.com", "ec2.amazonaws.com"),
        ("lamda", "lambda.amazonaws.com"),
        ("ecs-task", "ecs-tasks.amazonaws.com"),
        ("myapp", None),
        ("zzzz.qqqq", None),
    ],
)
def test_only_services_that_are_known_are_suggested(given: str, meant: str | None) -> None:
    assert nearest_service(given) == meant
    with pytest.raises(PolicyError) as caught:
        TrustPolicy.service(given)
    expected = f"did you mean '{meant}'?" if meant else "write it as 'ec2.amazonaws.com'"
    assert expected in (caught.value.detail or "")


def test_a_service_that_nobody_knows_is_stored_with_a_warning() -> None:
    (warning,) = lint(TrustPolicy.service("myapp.amazonaws.com"))
    assert (warning.code, warning.pointer, warning.dead) == ("service", "/Statement/Principal/Service", False)
    for known in (
        "ec2.amazonaws.com",
        "ec2.amazonaws.com.cn",
        "states.eu-west-1.amazonaws.com",
        "edgelambda.amazonaws.com",
    ):
        assert is_known_service(known)
        assert lint(TrustPolicy.service(known)) == ()
    assert 600 < len(known_services()) < 2000


@pytest.mark.parametrize(
    ("arn", "dead"),
    [
        ("arn:aws:s3:::bucket:*", True),
        ("arn:aws:s3:::bucket:key/x", True),
        ("arn:aws:s3::123456789012:bucket/*", True),
        ("arn:aws:s3:::bucket/a:b", False),
        ("arn:aws:s3:::${aws:PrincipalTag/bucket}/*", False),
        ("arn:aws:s3:us-east-1:123456789012:accesspoint/a", False),
        ("arn:aws:s3::*:bucket", False),
        ("arn:aws:cloudfront:us-east-1:123456789012:distribution/E1", True),
        ("arn:aws:cloudfront::123456789012:distribution/E1", False),
        ("arn:aws:iam:::role/app", True),
        ("arn:aws:iam::*:role/app", False),
        ("arn:aws:sqs:us-east-1::q", True),
        ("arn:aws:sqs:*:123456789012:q", False),
    ],
)
def test_an_arn_that_no_resource_has_is_named(arn: str, dead: bool) -> None:
    found = [one for one in lint(PermissionPolicy.allow("*", resource=arn)) if one.code == "arn-shape"]
    assert [one.dead for one in found] == ([True] if dead else [])


def test_no_policy_of_aws_has_such_an_arn() -> None:
    """Some 9,000 ARNs that AWS itself writes: the table of shapes is not too narrow."""
    library = AwsManagedPolicies()
    found = [one for name in library for one in lint(library[name].document) if one.code == "arn-shape"]
    assert found == []


@pytest.mark.parametrize(
    ("actions", "key", "warned"),
    [
        (["ec2:RunInstances"], "s3:prefix", True),
        (["ec2:RunInstances", "s3:ListBucket"], "s3:prefix", False),
        (["S3:ListBucket"], "s3:Prefix", False),
        (["*"], "s3:prefix", False),
        (["s3:GetObject"], "ec2:SourceInstanceARN", False),
        (["s3:GetObject"], "ec2:RoleDelivery", False),
        (["s3:GetObject"], "aws:SourceVpc", False),
        (["s3express:CreateSession"], "s3:ResourceAccount", False),
    ],
)
def test_a_key_of_another_service_is_named(actions: list[str], key: str, warned: bool) -> None:
    policy = PermissionPolicy.allow(*actions, condition={"StringEquals": {key: "x"}})
    assert [one.code for one in lint(policy) if one.code == "foreign-key"] == (["foreign-key"] if warned else [])


def test_an_operation_that_is_no_action_is_named() -> None:
    (warning,) = lint(PermissionPolicy.allow("S3:listbuckets"))
    assert (warning.code, warning.suggestion) == ("api-name", "write 's3:ListAllMyBuckets'")
    assert lint(PermissionPolicy.allow("s3:ListAllMyBuckets", "s3:ListBucket*")) == ()


@pytest.mark.parametrize(
    ("character", "name"), [("\u041e", "U+041E"), ("\u200b", "U+200B"), ("\u00ad", "U+00AD"), ("\u00e9", "U+00E9")]
)
def test_a_character_that_looks_like_another_or_like_none_is_named(character: str, name: str) -> None:
    """The Cyrillic O, a space without width, a soft hyphen."""
    warnings = [one for one in lint(PermissionPolicy.allow(f"s3:Get{character}bject")) if one.code == "action"]
    assert [(name in one.message, one.dead) for one in warnings] == [(True, True)]


ROLE, INSTANCE = "arn:aws:iam::123456789012:role/app", "arn:aws:ec2:*:123456789012:instance/*"


@pytest.mark.parametrize(
    ("action", "wrong", "right"),
    [
        ("s3:GetObject", "arn:aws:s3:::photos", "arn:aws:s3:::photos/*"),
        ("s3:PutObject", ROLE, "arn:aws:s3:::photos*"),
        ("s3:ListBucket", "arn:aws:s3:::photos/*", "arn:aws:s3:::photos"),
        ("S3:DELETEBUCKET", "arn:aws:s3:::photos/cat.jpg", "arn:aws:s3:::*"),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::photos", "arn:aws:s3:::*"),
        ("iam:PassRole", "arn:aws:iam::123456789012:instance-profile/app", ROLE),
        ("iam:PassRole", BOB, "arn:aws:iam::*:role/a*"),
        ("iam:CreateAccessKey", ROLE, BOB),
        ("iam:GetPolicy", ROLE, "arn:aws:iam::aws:policy/*"),
        ("iam:AddUserToGroup", BOB, "arn:aws:iam::123456789012:group/*"),
        ("iam:GetInstanceProfile", ROLE, "arn:aws:iam::123456789012:instance-profile/app"),
        ("sts:AssumeRole", "arn:aws:sts::123456789012:assumed-role/app/x", ROLE),
        ("sts:AssumeRole", BOB, ROLE),
        ("ec2:StopInstances", "arn:aws:ec2:*:*:instances/*", INSTANCE),
        ("ec2:StopInstances", "arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:*"),
        ("ec2:DescribeInstances", INSTANCE, "*"),
        ("ec2:Describe*", INSTANCE, "*"),
    ],
)
def test_an_action_on_what_it_is_not_for_is_told(action: str, wrong: str, right: str) -> None:
    def codes(*resources: str) -> list[str]:
        return [one.code for one in lint(PermissionPolicy.allow(action, resource=list(resources)))]

    assert codes(wrong) == ["resource-type"]
    assert "resource-type" not in codes(right)
    assert "resource-type" not in codes(wrong, right)


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringNotEquals", "ForAnyValue:StringLike"])
def test_a_range_of_addresses_is_no_text(operator: str) -> None:
    def codes(value: str) -> list[str]:
        return [one.code for one in lint(PermissionPolicy.allow("s3:*", condition={operator: {"AWS:SourceIp": value}}))]

    assert "text-cidr" in codes("203.0.113.0/24")
    assert "text-cidr" not in codes("203.0.113.7")


# Policies of AWS's own in which an action is beside resources that it is never asked for on: buckets are listed on all
# buckets or not at all, EC2's Describe operations on no resource, and no bucket has a slash in its name.
MISTAKEN = {
    "AWSDeepRacerRoboMakerAccessPolicy": {"s3:ListAllMyBuckets"},
    "AWSTransformNetworkMigrationAgentPolicy": {"s3:ListBucketMultipartUploads"},
    "AWSTransformServerMigrationAgentPolicy": {"s3:ListBucketMultipartUploads"},
    "AmazonDataZoneSageMakerEnvironmentRolePermissionsBoundary": {"s3:ListAllMyBuckets"},
    "AmazonEC2RoleforAWSCodeDeployLimited": {"s3:ListBucket"},
    "AmazonRedshiftAllCommandsFullAccess": {"s3:ListAllMyBuckets"},
    "AmazonRekognitionCustomLabelsFullAccess": {"s3:ListAllMyBuckets"},
    "AmazonSageMakerServiceCatalogProductsCodeBuildServiceRolePolicy": {"s3:ListAllMyBuckets"},
    "AmazonSageMakerServiceCatalogProductsGlueServiceRolePolicy": {"s3:ListAllMyBuckets"},
    "AmazonSageMakerServiceCatalogProductsLambdaServiceRolePolicy": {"s3:ListAllMyBuckets"},
    "AmplifyBackendDeployFullAccess": {"ec2:DescribeSubnets"},
    "KafkaConnectServiceRolePolicy": {"ec2:DescribeNetworkInterfaces"},
}


def test_no_alarm_about_a_policy_of_aws_is_false() -> None:
    library = AwsManagedPolicies()
    found: dict[str, set[str]] = {}
    for name in library:
        for one in lint(library[name].document):
            if one.code in ("resource-type", "text-cidr"):
                found.setdefault(name, set()).add(one.message.partition(" ")[0])
    assert found == MISTAKEN
