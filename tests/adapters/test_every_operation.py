"""
Every operation of IAM, EC2, STS and S3 through boto3: in this process, and over each protocol with real signatures.

The rows are those of the core's own tables; what boto3 gets must be what `Account.request` answers, and it must have the
shape of botocore's model.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import botocore
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy
from ec2roles.adapters.botocore.session import boto_session
from helpers.control_world import control_world
from helpers.control_world import filled as filled_words
from helpers.served import CONFIG, LOADER, wired
from helpers.shapes import without_empty
from helpers.worlds import EC2, user_with_key

TESTS = Path(__file__).parent.parent
IAM_ROWS = json.loads((TESTS / "services" / "iam" / "control_plane.json").read_text(encoding="utf-8"))
EC2_ROWS = json.loads((TESTS / "services" / "ec2" / "ec2_errors.json").read_text(encoding="utf-8"))
LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}

ENCODED = " Encoded authorization failure message: "

# What the oldest botocore does not know, or not with all the parameters that the rows have.
NEWER = {"GetInstanceMetadataDefaults", "ModifyInstanceMetadataDefaults", "SimulateCustomPolicy"}

Prepare = Callable[[], Any]


class Undone(Exception):
    """Raised to have the world as it was before."""


@attrs.frozen
class Row:
    """A call, what is done before it, and who makes it."""

    service: str
    operation: str
    parameters: dict[str, Any]
    prepare: Prepare = lambda: None
    credentials: Credentials | None = None


@attrs.define
class World:
    """An account, and boto3's clients for it by both ways."""

    account: Account
    admin: Credentials
    clients: dict[Any, Any] = attrs.field(factory=dict)

    def client(self, way: str, service: str, credentials: Credentials) -> Any:
        """One that checks nothing itself: the tables have calls that boto3 would refuse."""
        key = (way, service, credentials.access_key_id)
        if key not in self.clients:
            config = CONFIG.merge(type(CONFIG)(parameter_validation=False))
            if way == "wire":
                self.clients[key] = wired(service, self.account, credentials, config)
            else:
                session = boto_session(self.account, credentials=credentials, loader=LOADER)
                self.clients[key] = session.client(service, config=config)
        return self.clients[key]

    def undone(self, do: Callable[[], Any]) -> Any:
        """What *do* returns; then everything is as it was."""
        found: list[Any] = []

        def once() -> None:
            found.append(do())
            raise Undone

        with pytest.raises(Undone):
            self.account.time.journal.run(once)
        return found[0]

    def ask(self, way: str, row: Row) -> Any:
        """The answer, or the error as code, message and status."""
        credentials = row.credentials or self.admin
        row.prepare()
        if way == "request":
            answer = self.account.request(f"{row.service}:{row.operation}", row.parameters, credentials=credentials)
            if answer.error is not None:
                return answer.error.code, answer.error.message, answer.error.status
            return {name: value for name, value in answer.value.items() if name != "ResponseMetadata"}
        client = self.client(way, row.service, credentials)
        try:
            answered = getattr(client, xform_name(row.operation))(**row.parameters)
        except ClientError as error:
            said = error.response["Error"]
            assert said.get("Type") == ("Sender" if row.service in ("iam", "sts") else None)
            return said["Code"], said["Message"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        metadata = answered.pop("ResponseMetadata")
        assert metadata["HTTPStatusCode"] in (200, 204, 206)
        assert metadata["RequestId"]
        if "Body" in answered:
            answered["Body"] = answered["Body"].read()
        if row.operation.startswith("ListObjects") and "EncodingType" not in row.parameters:
            # botocore asks for it by itself.
            assert answered.pop("EncodingType") == "url"
        if row.operation == "GetBucketLocation":
            # botocore puts it there itself.
            assert answered.pop("LocationConstraint") is None
        return answered


def as_text(value: Any) -> Any:
    """*value* with policy documents as text, which they are before boto3 reads them."""
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, dict):
        return json.dumps(value) if "Statement" in value else {key: as_text(one) for key, one in value.items()}
    return value


def complaints(world: World, row: Row, answer: dict[str, Any]) -> str:
    """What botocore has against an answer."""
    model = world.client("process", row.service, world.admin).meta.service_model.operation_model(row.operation)
    if model.output_shape is None:
        return "" if answer == {} else f"it answers nothing, got {answer}"
    return str(ParamValidator().validate(as_text(answer), model.output_shape).generate_report())


def sendable(world: World, row: Row) -> bool:
    """Whether a program can send this at all: no client can put a member that is unknown, or of another type, into a form."""
    service = world.client("process", row.service, world.admin).meta.service_model
    if row.operation not in service.operation_names:
        return False
    model = service.operation_model(row.operation)
    report = str(ParamValidator().validate(row.parameters, model.input_shape or model.output_shape).generate_report())
    return "Unknown parameter" not in report and "Invalid type" not in report


def ways(row: Row) -> list[str]:
    """How *row* can be sent: an empty structure cannot be put into a form."""
    return ["process", "wire"] if without_empty(row.parameters) == row.parameters else ["process"]


def same(one: Any, other: Any) -> bool:
    """Whether two answers say the same; what is in an encoded message depends on the sender's address."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        if one[0] == str(one[2]):
            # The answer to a HEAD, which has no body.
            return bool(one[2] == other[2])
        one, other = ((code, message.partition(ENCODED)[:2], status) for code, message, status in (one, other))
    return bool(without_empty(one) == without_empty(other))


@attrs.define
class Walk:
    """What the rows showed: one that worked for each operation, and the codes that each operation refused with."""

    worked: dict[str, Row] = attrs.field(factory=dict)
    refused: dict[str, set[str]] = attrs.field(factory=dict)

    def by(self, code: str) -> set[str]:
        """The operations that refused with *code*."""
        return {operation for operation, codes in self.refused.items() if code in codes}

    def __str__(self) -> str:
        return f"{len(self.worked)} operations, {sum(map(len, self.refused.values()))} errors"


def walk(world: World, rows: list[Row], found: Walk) -> Walk:
    """Try every row both ways, and compare with what the account itself answers."""
    problems = []
    for row in rows:
        if not sendable(world, row):
            continue
        expected = world.undone(partial(world.ask, "request", row))
        answers = {way: world.undone(partial(world.ask, way, row)) for way in ways(row)}
        problems += [
            f"{way} {row.service}:{row.operation} {row.parameters}\n  got      {answer}\n  expected {expected}"
            for way, answer in answers.items()
            if not same(answer, expected)
        ]
        if isinstance(expected, tuple):
            found.refused.setdefault(row.operation, set()).add(expected[0])
            continue
        found.worked.setdefault(row.operation, row)
        wrong = {way: complaints(world, row, answer) for way, answer in answers.items()}
        problems += [f"{way} {row.operation}: {said}" for way, said in wrong.items() if said]
    assert problems == [], "\n".join(problems)
    return found


def walk_all(world: World, rows: list[Row]) -> Walk:
    """Walk the rows; then each operation again by somebody who may do nothing, and with credentials that have expired."""
    found = walk(world, rows, Walk())
    nobody = user_with_key(world.account, "nobody")[1]
    role = world.account.create_role("short", trust=TrustPolicy.principal(world.account.users["admin"].arn))
    expired = world.account.sts.assume_role(role, "short", credentials=world.admin, duration=900).result()
    world.account.clock.advance(minutes=15)
    again = [attrs.evolve(row, credentials=one) for row in found.worked.values() for one in (nobody, expired)]
    return walk(world, again, found)


def operations(world: World, service: str) -> set[str]:
    """The names of all that we have of a service, and that this botocore can send."""
    found = {one.name for one in world.account.registry.operations(service)}
    return found if tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 40) else found - NEWER


def test_iam() -> None:
    account, admin, words = control_world()
    world = World(account, admin)
    rows = [Row("iam", row["operation"], filled_words(row["parameters"], words)) for row in IAM_ROWS]
    found = walk_all(world, rows)
    assert set(found.worked) == operations(world, "iam")
    assert found.by("AccessDenied") == found.by("ExpiredToken") == set(found.worked)
    print(f"iam: {found}")


def ec2_world() -> World:
    """An account with two roles in profiles, an empty profile, a role without, and a running instance."""
    account = Account()
    for name in ("app", "other"):
        role = account.create_role(name, trust=EC2)
        role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
        account.create_instance_profile(name).add_role(role)
    account.create_instance_profile("empty")
    account.create_role("lonely", trust=EC2)
    return World(account, user_with_key(account, "admin", admin=True)[1])


def test_ec2() -> None:
    world = ec2_world()
    web = world.account.launch_instance(tags={"team": "red"}, hibernation=True)
    prepared: dict[str, Prepare] = {
        "": lambda: None,
        "terminate": web.terminate,
        "attach": lambda: web.attach("app"),
        "attach and stop": lambda: (web.attach("app"), web.stop()),
        "attach and terminate": lambda: (web.attach("app"), web.terminate()),
        "replace": lambda: (web.attach("app"), web.replace("other")),
        "detach": lambda: (web.attach("app"), web.detach()),
        "stop": web.stop,
        "protect": lambda: web.modify_attribute(disable_api_termination=True),
        "protect from stop": lambda: web.modify_attribute(disable_api_stop=True),
    }
    first = world.undone(lambda: (web.attach("app"), web.association_id)[1])
    second = world.undone(lambda: (web.attach("app"), web.replace("other"), web.association_id)[2])
    big = {"LONG": "x" * 16_385, "FIFTY-ONE": [{"Key": f"key{number}", "Value": ""} for number in range(51)]}
    rows = []
    for row in EC2_ROWS:
        prepare = row.get("prepare", "")
        words = {"id": web.instance_id, "association": second if prepare == "replace" else first, "stale": first}

        def filled(value: Any, words: dict[str, Any] = words) -> Any:
            if isinstance(value, str):
                return big.get(value, value.format(**words))
            if isinstance(value, list):
                return [filled(one) for one in value]
            return {key: filled(one) for key, one in value.items()} if isinstance(value, dict) else value

        given = filled(row["parameters"])
        if row["operation"] == "RunInstances":
            given = {**LAUNCH, **given}
        given = {name: value for name, value in given.items() if value is not None}
        rows.append(Row("ec2", row["operation"], given, prepared[prepare]))
    for operation, given, prepare in ec2_calls(web.instance_id, first):
        rows.append(Row("ec2", operation, given, prepared[prepare]))
    found = walk_all(world, rows)
    assert set(found.worked) == operations(world, "ec2")
    assert found.by("UnauthorizedOperation") == found.by("RequestExpired") == set(found.worked)
    print(f"ec2: {found}")


def ec2_calls(instance_id: str, association_id: Any) -> list[tuple[str, dict[str, Any], str]]:
    """A call of each operation that works, with nearly all parameters, and what comes before."""
    launch = {
        **LAUNCH,
        "MaxCount": 2,
        "ClientToken": "once",
        "IamInstanceProfile": {"Name": "app"},
        "HibernationOptions": {"Configured": True},
        "MetadataOptions": {"HttpTokens": "required"},
        "Placement": {"AvailabilityZone": "us-east-1b"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}],
        "UserData": "#!/bin/sh",
    }
    ids, tags = {"InstanceIds": [instance_id]}, [{"Key": "team", "Value": "blue"}]
    options = {
        "InstanceId": instance_id,
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 3,
        "InstanceMetadataTags": "enabled",
    }
    return [
        ("RunInstances", launch, ""),
        ("DescribeInstances", {}, "attach"),
        ("DescribeInstances", {"MaxResults": 5, "Filters": [{"Name": "tag:team", "Values": ["red"]}]}, ""),
        ("StopInstances", {**ids, "Hibernate": True}, ""),
        ("StartInstances", ids, "attach and stop"),
        ("RebootInstances", ids, ""),
        ("TerminateInstances", ids, "attach"),
        ("DescribeInstances", ids, "terminate"),
        ("ModifyInstanceMetadataOptions", options, ""),
        ("ModifyInstanceAttribute", {"InstanceId": instance_id, "DisableApiTermination": {"Value": True}}, ""),
        ("ModifyInstanceAttribute", {"InstanceId": instance_id, "UserData": {"Value": b"#!/bin/sh"}}, "stop"),
        ("ModifyInstanceAttribute", {"InstanceId": instance_id, "Attribute": "disableApiStop", "Value": "true"}, ""),
        ("DescribeInstanceAttribute", {"InstanceId": instance_id, "Attribute": "disableApiStop"}, "protect from stop"),
        ("DescribeInstanceAttribute", {"InstanceId": instance_id, "Attribute": "userData"}, ""),
        ("DescribeInstanceAttribute", {"InstanceId": instance_id, "Attribute": "groupSet"}, ""),
        ("DescribeInstanceAttribute", {"InstanceId": instance_id, "Attribute": "blockDeviceMapping"}, ""),
        ("GetInstanceMetadataDefaults", {}, ""),
        ("ModifyInstanceMetadataDefaults", {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}, ""),
        ("AssociateIamInstanceProfile", {"InstanceId": instance_id, "IamInstanceProfile": {"Name": "app"}}, ""),
        ("DescribeIamInstanceProfileAssociations", {"AssociationIds": [association_id]}, "attach"),
        ("DescribeIamInstanceProfileAssociations", {"MaxResults": 5}, "attach"),
        (
            "ReplaceIamInstanceProfileAssociation",
            {"AssociationId": association_id, "IamInstanceProfile": {"Name": "other"}},
            "attach",
        ),
        ("DisassociateIamInstanceProfile", {"AssociationId": association_id}, "attach"),
        ("CreateTags", {"Resources": [instance_id], "Tags": tags}, ""),
        ("DescribeTags", {}, ""),
        ("DeleteTags", {"Resources": [instance_id], "Tags": tags}, ""),
        ("RunInstances", {**LAUNCH, "DryRun": True}, ""),
    ]


def test_sts() -> None:
    account = Account()
    alice, key = user_with_key(account, "admin", admin=True)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn), path="/web/")
    account.create_role("closed", trust=EC2)
    world = World(account, key)
    denied = account.request("ec2:RunInstances", LAUNCH, credentials=user_with_key(account, "poor")[1])
    assert denied.error is not None
    session = account.sts.assume_role(role, "chained", credentials=key).result()
    assume = {"RoleArn": role.arn, "RoleSessionName": "web"}
    handed_on = {
        "DurationSeconds": 900,
        "Policy": PermissionPolicy.allow("s3:*").to_json(),
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}],
    }
    full = {**assume, **handed_on}
    lent = account.sts.get_federation_token("lent", credentials=key).result()
    rows = [
        Row("sts", "AssumeRole", assume),
        Row("sts", "AssumeRole", full),
        Row("sts", "AssumeRole", {**assume, "RoleSessionName": "a b"}),
        Row("sts", "AssumeRole", {**assume, "RoleSessionName": "x" * 65, "DurationSeconds": 1}),
        Row("sts", "AssumeRole", {**assume, "DurationSeconds": 7200}),
        Row("sts", "AssumeRole", {**assume, "RoleArn": "short"}),
        Row("sts", "AssumeRole", {**assume, "Policy": "{"}),
        Row("sts", "AssumeRole", {**assume, "Tags": [{"Key": f"k{n}", "Value": "v" * 250} for n in range(40)]}),
        Row("sts", "AssumeRole", {**assume, "RoleArn": "arn:aws:iam::123456789012:role/closed"}),
        Row("sts", "AssumeRole", {**assume, "RoleArn": "arn:aws:iam::123456789012:role/none"}),
        Row("sts", "GetCallerIdentity", {}),
        Row("sts", "GetCallerIdentity", {}, credentials=session),
        Row("sts", "GetSessionToken", {"DurationSeconds": 3600}),
        Row("sts", "GetSessionToken", {"DurationSeconds": 1}),
        Row("sts", "GetSessionToken", {}, credentials=session),
        Row("sts", "GetFederationToken", {"Name": "lent"}),
        Row("sts", "GetFederationToken", {"Name": "lent", **handed_on, "Tags": [{"Key": "team", "Value": "red"}]}),
        Row("sts", "GetFederationToken", {"Name": "f", "DurationSeconds": 1}),
        Row("sts", "GetFederationToken", {"Name": "lent"}, credentials=session),
        Row("sts", "GetCallerIdentity", {}, credentials=lent),
        Row("sts", "GetSessionToken", {}, credentials=lent),
        Row("iam", "ListUsers", {}, credentials=lent),
        Row("sts", "GetAccessKeyInfo", {"AccessKeyId": key.access_key_id}),
        Row("sts", "GetAccessKeyInfo", {"AccessKeyId": "AKIA"}),
        Row("sts", "DecodeAuthorizationMessage", {"EncodedMessage": denied.error.message.rpartition(" ")[2]}),
        Row("sts", "DecodeAuthorizationMessage", {"EncodedMessage": "x"}),
    ]
    found = walk_all(world, rows)
    assert set(found.worked) == operations(world, "sts")
    assert found.by("ExpiredToken") == set(found.worked)
    # GetCallerIdentity needs no permission, and GetSessionToken is for users.
    assert found.by("AccessDenied") == set(found.worked) - {"GetCallerIdentity"}
    print(f"sts: {found}")


def test_s3() -> None:
    account = Account()
    world = World(account, user_with_key(account, "admin", admin=True)[1])
    photos = account.s3.create_bucket("photos")
    account.s3.create_bucket("empty-one")
    photos.put_object("cat.jpg", b"meow", tags={"kind": "cat"})
    photos.put_tags({"stage": "test"})
    own = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": photos.arn}
    photos.policy = {"Version": "2012-10-17", "Statement": own}
    tags = {"TagSet": [{"Key": "stage", "Value": "new"}]}
    cat = {"Bucket": "photos", "Key": "cat.jpg"}
    # What clients ask for by themselves is asked for in every way.
    whole = {**cat, "ChecksumMode": "ENABLED"}
    rows = [
        Row("s3", "ListBuckets", {}),
        Row("s3", "CreateBucket", {"Bucket": "new-one"}),
        Row("s3", "CreateBucket", {"Bucket": "photos"}),
        Row("s3", "DeleteBucket", {"Bucket": "empty-one"}),
        Row("s3", "DeleteBucket", {"Bucket": "photos"}),
        Row("s3", "DeleteBucket", {"Bucket": "nothing"}),
        Row("s3", "ListObjectsV2", {"Bucket": "photos"}),
        Row("s3", "ListObjectsV2", {"Bucket": "nothing"}),
        Row("s3", "ListObjects", {"Bucket": "photos"}),
        Row("s3", "HeadBucket", {"Bucket": "photos"}),
        Row("s3", "GetBucketLocation", {"Bucket": "photos"}),
        Row("s3", "GetBucketVersioning", {"Bucket": "photos"}),
        Row("s3", "GetBucketTagging", {"Bucket": "photos"}),
        Row("s3", "GetBucketTagging", {"Bucket": "empty-one"}),
        Row("s3", "PutBucketTagging", {"Bucket": "photos", "Tagging": tags}),
        Row("s3", "DeleteBucketTagging", {"Bucket": "photos"}),
        Row("s3", "GetBucketPolicy", {"Bucket": "photos"}),
        Row("s3", "GetBucketPolicy", {"Bucket": "empty-one"}),
        Row("s3", "GetBucketPolicyStatus", {"Bucket": "photos"}),
        Row("s3", "PutBucketPolicy", {"Bucket": "photos", "Policy": photos.policy.to_json()}),
        Row("s3", "PutBucketPolicy", {"Bucket": "empty-one", "Policy": photos.policy.to_json()}),
        Row("s3", "PutBucketPolicy", {"Bucket": "photos", "Policy": photos.policy.to_json().replace('"AWS"', '"A"')}),
        Row("s3", "DeleteBucketPolicy", {"Bucket": "photos"}),
        Row("s3", "GetPublicAccessBlock", {"Bucket": "photos"}),
        Row(
            "s3",
            "PutPublicAccessBlock",
            {"Bucket": "photos", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        ),
        Row("s3", "DeletePublicAccessBlock", {"Bucket": "photos"}),
        Row("s3", "GetObjectTagging", cat),
        Row("s3", "PutObjectTagging", {**cat, "Tagging": tags}),
        Row("s3", "DeleteObjectTagging", cat),
        Row("s3", "PutObject", {"Bucket": "photos", "Key": "dog.jpg", "Body": b"woof", "ChecksumAlgorithm": "CRC32"}),
        Row("s3", "PutObject", {"Bucket": "nothing", "Key": "dog.jpg", "Body": b"woof"}),
        Row("s3", "GetObject", whole),
        Row("s3", "GetObject", {**cat, "Range": "bytes=1-2"}),
        Row("s3", "GetObject", {**cat, "Range": "bytes=9-"}),
        Row("s3", "GetObject", {**cat, "Key": "dog.jpg"}),
        Row("s3", "HeadObject", whole),
        Row("s3", "DeleteObjects", {"Bucket": "photos", "Delete": {"Objects": [{"Key": "cat.jpg"}]}}),
        Row("s3", "DeleteObject", cat),
    ]
    found = walk_all(world, rows)
    assert set(found.worked) == operations(world, "s3")
    assert found.by("ExpiredToken") == set(found.worked)
    # DeleteObjects tells of each object what became of it.
    assert found.by("AccessDenied") | found.by("403") == set(found.worked) - {"DeleteObjects"}
    print(f"s3: {found}")
