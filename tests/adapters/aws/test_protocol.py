"""Protocols: what botocore writes we read, and what we write botocore reads, for every operation of eight services."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel
from botocore.parsers import create_parser

from ec2roles.adapters.aws.protocol import wire_service
from ec2roles.adapters.aws.protocol.wire_service import WireService
from ec2roles.adapters.http.raw import RawRequest, RawResponse
from ec2roles.errors import AccessDeniedError, AwsError, NoSuchEntityError
from helpers.shapes import random_value, raw_request, without_empty

SERVICES = ("sts", "s3", "iam", "ec2", "dynamodb", "sqs", "lambda", "secretsmanager")


@pytest.fixture(scope="module")
def loaded() -> dict[str, WireService]:
    found = {name: WireService.load(name) for name in SERVICES}
    return {name: service for name, service in found.items() if service is not None}


def operations(service: WireService) -> list[OperationModel]:
    return [service.model.operation_model(name) for name in service.model.operation_names]


def streams_events(operation: OperationModel) -> bool:
    return operation.has_event_stream_input or operation.has_event_stream_output


# S3 has another operation of the same method and path for each of these, which is the one that is meant.
TWINS = {
    "GetBucketLifecycle",
    "PutBucketLifecycle",
    "GetBucketNotification",
    "PutBucketNotification",
    "ListDirectoryBuckets",
}


@pytest.mark.parametrize("name", SERVICES)
def test_what_botocore_writes_is_read(name: str, loaded: dict[str, WireService]) -> None:
    service = loaded[name]
    seen = 0
    for operation in operations(service):
        if streams_events(operation) or operation.name in TWINS:
            continue
        rng = random.Random(operation.name)
        shape = operation.input_shape
        given = {} if shape is None else random_value(rng, shape)
        read = service.read(raw_request(operation, given, service.protocol))
        assert read.operation.name == operation.name
        # HTTP itself says these.
        found = {key: one for key, one in read.parameters.items() if key in given or not key.startswith("Content")}
        assert without_empty(found) == without_empty(given), operation.name
        seen += 1
    assert seen >= len(service.model.operation_names) - len(TWINS) - 2


def parsed(operation: OperationModel, answer: RawResponse, protocol: str) -> Any:
    body: Any = io.BytesIO(answer.body) if operation.has_streaming_output and answer.status < 300 else answer.body
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": body, "context": {}}
    found = create_parser(protocol).parse(response, operation.output_shape)
    for key, value in found.items():
        if isinstance(value, io.BytesIO):
            found[key] = value.read() or None
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_what_we_write_botocore_reads(name: str, loaded: dict[str, WireService]) -> None:
    service = loaded[name]
    for operation in operations(service):
        # What the one answer without a root says, botocore's handler reads and not its parser.
        # One old operation has an element that is a list and a text.
        if streams_events(operation) or operation.name in ("GetBucketLocation", "GetBucketNotification"):
            continue
        rng = random.Random(operation.name)
        shape = operation.output_shape
        value = {} if shape is None else random_value(rng, shape)
        answer = service.write(operation, value, "request-1")
        found = parsed(operation, answer, service.protocol)
        metadata = found.pop("ResponseMetadata")
        assert metadata["RequestId"] == "request-1"
        if shape is None:
            continue
        expected = without_empty(value)
        for key, member in shape.members.items():
            # Parsers put the status of the answer there, whether it was given or not.
            if member.serialization.get("location") == "statusCode":
                expected[key] = answer.status
        if "ContentType" not in expected and "Body" in shape.members:
            found.pop("ContentType", None)  # as bytes have one in any case
        assert without_empty(decoded(found, shape)) == expected, operation.name


def decoded(value: Any, shape: Any) -> Any:
    """With IAM's policy documents out of their encoding, as boto3's handler does it."""
    if shape.type_name == "structure" and isinstance(value, dict) and not shape.is_document_type:
        return {key: decoded(one, shape.members[key]) for key, one in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [decoded(one, shape.member) for one in value]
    if shape.name == "policyDocumentType":
        from urllib.parse import unquote

        return unquote(value)
    return value


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("error", "in_json"),
    [
        (AccessDeniedError("User: a <b> & c"), "AccessDeniedException"),
        (NoSuchEntityError("none"), "NoSuchEntity"),
        (AwsError("old", code="ExpiredToken", status=400), "ExpiredTokenException"),
        (AwsError("what", code="InvalidAction"), "UnknownOperationException"),
    ],
)
def test_an_error_is_read_by_botocore(name: str, error: AwsError, in_json: str, loaded: dict[str, WireService]) -> None:
    service = loaded[name]
    answer = service.write_error(error, "request-2")
    operation = operations(service)[0]
    found = parsed(operation, answer, service.protocol)
    expected, message = error.code, error.message
    if service.protocol in ("json", "rest-json") and name != "sqs":
        expected = in_json
    if name == "ec2" and error.code == "AccessDenied":
        expected, message = "UnauthorizedOperation", f"You are not authorized to perform this operation. {message}"
    assert found["Error"]["Code"] == expected
    assert found["Error"]["Message"] == message
    assert found["ResponseMetadata"]["HTTPStatusCode"] == answer.status
    assert found["ResponseMetadata"]["RequestId"] == "request-2"


@pytest.mark.parametrize("service", ["s3", "sts"])
def test_what_s3_says_beside_code_and_message_are_elements_of_their_own(
    loaded: dict[str, WireService], service: str
) -> None:
    error = AwsError("no", code="NoSuchKey", status=404, members={"Key": "a<b&c"})
    answer = loaded[service].write_error(error, "r")
    assert (b"<Message>no</Message><Key>a&lt;b&amp;c</Key>" in answer.body) == (service == "s3")


def test_an_unknown_service_is_refused_in_the_form_it_was_asked() -> None:
    """Also in CBOR, which newer botocore uses for some services."""
    for request, protocol in (
        (
            RawRequest("POST", "/", body=b"Action=X", headers=[("Content-Type", "application/x-www-form-urlencoded")]),
            "query",
        ),
        (RawRequest("POST", "/", headers=[("X-Amz-Target", "A.B")], body=b"{}"), "json"),
        (
            RawRequest("POST", "/service/A/operation/B", headers=[("smithy-protocol", "rpc-v2-cbor")]),
            "smithy-rpc-v2-cbor",
        ),
        (RawRequest("POST", "/a/b", headers=[("Content-Type", "application/json")], body=b"{}"), "rest-json"),
        (RawRequest("GET", "/a/b"), "rest-xml"),
    ):
        assert wire_service.guessed_protocol(request) == protocol
        answer = wire_service.write_error(AwsError("no", code="InvalidAction"), "r", protocol)
        assert answer.status == 400
        try:
            parser = create_parser(protocol)
        except KeyError:
            continue  # an older botocore
        found = parser.parse(
            {"status_code": 400, "headers": HeadersDict(answer.headers), "body": answer.body, "context": {}}, None
        )
        assert found["Error"]["Code"] in ("InvalidAction", "UnknownOperationException")
    assert WireService.load("no-such-service") is None
    assert WireService.load("../sts") is None


@pytest.mark.parametrize(
    ("service", "request_", "code"),
    [
        ("sts", RawRequest("POST", "/", body=b"Version=1"), "MissingAction"),
        ("sts", RawRequest("POST", "/", body=b"Action=Nope&Version=2011-06-15"), "InvalidAction"),
        ("sts", RawRequest("POST", "/", body=b"Action=AssumeRole&Version=2011-06-15"), "ValidationError"),
        ("sts", RawRequest("POST", "/", body=b"Action=AssumeRole&Version=2011-06-15&DurationSeconds=x"), "MalformedQueryString"),
        ("ec2", RawRequest("POST", "/", body=b"Action=AssociateIamInstanceProfile&Version=2016-11-15"), "MissingParameter"),
        ("dynamodb", RawRequest("POST", "/", headers=[("X-Amz-Target", "D.GetItem")], body=b"{"), "SerializationException"),
        ("dynamodb", RawRequest("POST", "/", headers=[("X-Amz-Target", "D.GetItem")], body=b"[" * 99999), "SerializationException"),
        ("dynamodb", RawRequest("POST", "/", headers=[("X-Amz-Target", "D.GetItem")], body=b"[]"), "SerializationException"),
        ("s3", RawRequest("PATCH", "/b"), "InvalidAction"),
        ("s3", RawRequest("PUT", "/b", body=b"<a"), "MalformedXML"),
        ("s3", RawRequest("PUT", "/b", body=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "MalformedXML"),
        ("s3", RawRequest("GET", "/b/%ff"), "MalformedXML"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(
    service: str, request_: RawRequest, code: str, loaded: dict[str, WireService]
) -> None:
    with pytest.raises(AwsError) as caught:
        loaded[service].read(request_)
    assert caught.value.code == code
    assert caught.value.status == 400


def test_a_policy_document_is_encoded_as_iam_does(loaded: dict[str, WireService]) -> None:
    """In and out: IAM sends documents encoded as in a URL, and takes them as they are."""
    iam = loaded["iam"]
    operation = iam.model.operation_model("GetRole")
    document = {"Version": "2012-10-17", "Statement": []}
    role = {
        "Path": "/", "RoleName": "app", "RoleId": "A", "Arn": "arn", "AssumeRolePolicyDocument": document,
    }  # fmt: skip
    answer = iam.write(operation, {"Role": role}, "r")
    text = parsed(operation, answer, "query")["Role"]["AssumeRolePolicyDocument"]
    assert text.startswith("%7B%22Version%22")
    assert (
        json.loads(decoded(text, operation.output_shape.members["Role"].members["AssumeRolePolicyDocument"]))
        == document
    )
