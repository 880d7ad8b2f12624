"""The names that CloudTrail's records have, against AWS's own models: EC2's answers, S3's queries and headers, error codes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.model import OperationModel, ServiceModel, Shape

from ec2roles import Account
from ec2roles.errors import AwsError
from ec2roles.history.cloudtrail import ec2, s3
from ec2roles.history.cloudtrail.elements import SECRET, aws_names, lower_first, plain_elements, plain_parameters
from ec2roles.history.cloudtrail.errors import RENAMED, SUFFIXED, error_members
from ec2roles.history.cloudtrail.records import is_answered
from helpers.served import LOADER
from helpers.shapes import random_value

SERVICES = {
    prefix: ServiceModel(LOADER.load_service_model(prefix, "service-2"), prefix)
    for prefix in ("iam", "sts", "ec2", "s3")
}
OPERATIONS = [
    pytest.param(prefix, operation.name, id=f"{prefix}:{operation.name}")
    for prefix in SERVICES
    for operation in Account().registry.operations(prefix)
    if operation.name in SERVICES[prefix].operation_names  # the oldest botocore does not know all of them
]


def model(prefix: str, name: str) -> OperationModel:
    """AWS's model of an operation."""
    return SERVICES[prefix].operation_model(name)


def of(prefix: str) -> list[str]:
    """The operations of a service that are performed."""
    return [one.values[1] for one in OPERATIONS if one.values[0] == prefix]


def members(shape: Shape | None, parent: str = "", seen: tuple[str, ...] = ()) -> Iterator[tuple[str, str, Shape]]:
    """Every member below a shape, with the member it is below of."""
    if shape is None or shape.name in seen:
        return
    if shape.type_name == "list":
        yield from members(shape.member, parent, seen)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            yield parent, name, member
            yield from members(member, name, (*seen, shape.name))


def keys(value: Any) -> Iterator[str]:
    """Every key of an object, at every depth."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from keys(one)
    elif isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_ec2s_answers_have_the_names_of_its_xml() -> None:
    """Where something changes: reads are not answered in a trail."""
    wrong = {
        f"{operation}: {parent} {name}": wire
        for operation in of("ec2")
        if is_answered(operation)
        for parent, name, shape in members(model("ec2", operation).output_shape)
        if ec2.response_name(parent, name) != (wire := shape.serialization.get("name", name))
    }
    assert wrong == {}


def bare(value: Any, name: str = "") -> Iterator[str]:
    """The names of lists that are no sets."""
    for key, one in value.items() if isinstance(value, dict) else ():
        yield from bare(one, key)
    if isinstance(value, list):
        if name not in ("items", "tags"):
            yield name
        for one in value:
            if not isinstance(one, dict):
                yield f"a text in {name}"
            yield from bare(one)


def test_every_list_among_ec2s_parameters_is_a_set_of_objects() -> None:
    wrong = {}
    for operation in of("ec2"):
        shape = model("ec2", operation).input_shape
        if shape is not None and not ec2.is_wrapped(operation):
            rng = random.Random(operation)
            found = {name for _ in range(30) for name in bare(ec2.parameters(operation, random_value(rng, shape)))}
            if found:
                wrong[operation] = found
    assert wrong == {}


def test_s3s_parameters_have_the_names_of_its_queries_and_headers() -> None:
    wrong = {}
    for operation in of("s3"):
        found = model("s3", operation)
        static = dict(parse_qsl(found.http["requestUri"].partition("?")[2], keep_blank_values=True))
        if static != s3.subresource(operation):
            wrong[operation] = s3.subresource(operation)
        for name, shape in found.input_shape.members.items() if found.input_shape else ():
            where, wire = shape.serialization.get("location"), shape.serialization.get("name")
            shown = where == "querystring" or (where == "header" and str(wire).startswith("x-amz-"))
            if shown and name not in UNSEEN and s3.wire_name(operation, name) != wire:
                wrong[f"{operation} {name}"] = s3.wire_name(operation, name)
            if not shown and s3.wire_name(operation, name) is not None:
                wrong[f"{operation} {name}"] = s3.wire_name(operation, name)
    assert wrong == {}


# Digests, keys of customers and conditions: nobody looks for them in a trail, and keys must not be there.
UNSEEN = frozenset(
    "ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumMD5 ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumType "
    "ChecksumXXHASH128 ChecksumXXHASH3 ChecksumXXHASH64 CopySourceIfMatch CopySourceIfModifiedSince CopySourceIfNoneMatch "
    "CopySourceIfUnmodifiedSince CopySourceSSECustomerAlgorithm CopySourceSSECustomerKey CopySourceSSECustomerKeyMD5 "
    "IfMatchInitiatedTime IfMatchLastModifiedTime IfMatchSize MFA MpuObjectSize ObjectLockEventHold "
    "ObjectLockEventHoldDurationDays ObjectLockEventHoldDurationYears ObjectLockRetainUntilDate OptionalObjectAttributes "
    "SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5 SSEKMSEncryptionContext WriteOffsetBytes AnnotationDirective "
    "BucketNamespace ConfirmRemoveSelfBucketAccess".split()
)


@pytest.mark.parametrize("prefix", ["iam", "sts"])
def test_codes_are_the_names_of_the_exceptions_in_awss_models(prefix: str) -> None:
    wrong = {
        shape.error_code: shape.name
        for shape in SERVICES[prefix].error_shapes
        if error_members(prefix, AwsError("", code=shape.error_code))["errorCode"] != shape.name
    }
    assert wrong == {}


def test_no_code_is_listed_in_vain() -> None:
    known = {shape.error_code for prefix in ("iam", "sts") for shape in SERVICES[prefix].error_shapes}
    assert (SUFFIXED | set(RENAMED)) - known <= NOT_IN_MODELS


# STS takes such parameters for lists, and IAM has no exception for it in its model.
NOT_IN_MODELS = {"ValidationError"}


@pytest.mark.parametrize(("prefix", "name"), OPERATIONS)
def test_whatever_is_sent_and_answered_is_plain_json_without_secrets(prefix: str, name: str) -> None:
    """And in the services that have AWS's names, all of them begin with a small letter."""
    rng = random.Random(f"{prefix} {name}")
    for _ in range(5):
        found = model(prefix, name)
        sent = {} if found.input_shape is None else random_value(rng, found.input_shape)
        answer = {} if found.output_shape is None else random_value(rng, found.output_shape)
        given = aws_names(sent)
        assert not SECRET & set(given)
        if prefix == "ec2":
            shown = [ec2.parameters(name, given), ec2.elements(name, answer, "id")]
        elif prefix == "s3":
            shown = [s3.parameters(name, None, given, "us-east-1")]
        else:
            shown = [plain_parameters(given), plain_elements(answer)]
            assert all(key == lower_first(key) for one in shown for key in keys(one))
        json.dumps(shown)
        assert not {lower_first(secret) for secret in SECRET} & set(keys(shown))
