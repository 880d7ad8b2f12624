"""What EC2's operations take and answer has the shapes of botocore's model of EC2."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from ec2roles import Account, Instance
from ec2roles.services.ec2 import parameters as ec2_parameters
from ec2roles.services.ec2.attributes import DESCRIBED
from helpers.worlds import user_with_key

botocore_session = pytest.importorskip("botocore.session")
botocore_validate = pytest.importorskip("botocore.validate")

LAUNCH = {
    "ImageId": "ami-0abcdef1234567890",
    "MinCount": 1,
    "MaxCount": 2,
    "ClientToken": "once",
    "IamInstanceProfile": {"Name": "app"},
    "HibernationOptions": {"Configured": True},
    "MetadataOptions": {"HttpTokens": "required"},
    "Placement": {"AvailabilityZone": "us-east-1b"},
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}],
    "UserData": "#!/bin/sh",
}
TAGS = [{"Key": "team", "Value": "blue"}]

# In an order in which each can be done to the same instance.
CALLS: list[tuple[str, Callable[[Instance], dict[str, Any]]]] = [
    ("RunInstances", lambda web: LAUNCH),
    ("DescribeInstances", lambda web: {}),
    ("DescribeInstances", lambda web: {"MaxResults": 5, "Filters": [{"Name": "tag:team", "Values": ["red"]}]}),
    ("StopInstances", lambda web: {"InstanceIds": [web.instance_id], "Hibernate": True}),
    ("DescribeInstances", lambda web: {"InstanceIds": [web.instance_id]}),
    ("StartInstances", lambda web: {"InstanceIds": [web.instance_id]}),
    ("ModifyInstanceAttribute", lambda web: {"InstanceId": web.instance_id, "DisableApiStop": {"Value": True}}),
    (
        "ModifyInstanceAttribute",
        lambda web: {"InstanceId": web.instance_id, "Attribute": "disableApiStop", "Value": "false"},
    ),
    *(
        (
            "DescribeInstanceAttribute",
            lambda web, attribute=attribute: {"InstanceId": web.instance_id, "Attribute": attribute},
        )
        for attribute in DESCRIBED
    ),
    ("RebootInstances", lambda web: {"InstanceIds": [web.instance_id]}),
    (
        "ModifyInstanceMetadataOptions",
        lambda web: {
            "InstanceId": web.instance_id,
            "HttpTokens": "optional",
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 3,
            "InstanceMetadataTags": "enabled",
            "HttpProtocolIpv6": "disabled",
        },
    ),
    ("GetInstanceMetadataDefaults", lambda web: {}),
    (
        "ModifyInstanceMetadataDefaults",
        lambda web: {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2,
            "HttpEndpoint": "no-preference",
            "InstanceMetadataTags": "disabled",
            "HttpTokensEnforced": "disabled",
        },
    ),
    ("GetInstanceMetadataDefaults", lambda web: {}),
    ("DescribeIamInstanceProfileAssociations", lambda web: {"AssociationIds": [web.association_id]}),
    (
        "ReplaceIamInstanceProfileAssociation",
        lambda web: {"AssociationId": web.association_id, "IamInstanceProfile": {"Name": "other"}},
    ),
    ("DisassociateIamInstanceProfile", lambda web: {"AssociationId": web.association_id}),
    (
        "AssociateIamInstanceProfile",
        lambda web: {"InstanceId": web.instance_id, "IamInstanceProfile": {"Name": "other"}},
    ),
    ("DescribeIamInstanceProfileAssociations", lambda web: {"MaxResults": 5}),
    ("CreateTags", lambda web: {"Resources": [web.instance_id], "Tags": TAGS}),
    ("DescribeTags", lambda web: {}),
    ("DeleteTags", lambda web: {"Resources": [web.instance_id], "Tags": TAGS}),
    ("TerminateInstances", lambda web: {"InstanceIds": [web.instance_id]}),
    ("DescribeInstances", lambda web: {"InstanceIds": [web.instance_id]}),
]


def complaints(shape: Any, value: Any) -> str:
    """What botocore has against *value* as a value of *shape*; nothing if it fits."""
    if shape is None:
        return "" if value == {} else f"the operation answers nothing, got {value}"
    return str(botocore_validate.ParamValidator().validate(value, shape).generate_report())


@cache
def model() -> Any:
    """Botocore's model of EC2."""
    return botocore_session.get_session().get_service_model("ec2")


def test_every_operation_takes_and_answers_what_botocore_knows() -> None:
    ec2 = model()
    account = Account()
    for name in ("app", "other"):
        account.console.create_role(name)
    _, key = user_with_key(account, "admin", admin=True)
    web = account.launch_instance("app", hibernation=True, tags={"team": "red"})
    for operation, parameters in CALLS:
        given = parameters(web)
        shapes = ec2.operation_model(operation)
        assert complaints(shapes.input_shape, given) == "", operation
        answer = account.request(f"ec2:{operation}", given, credentials=key).result()
        assert complaints(shapes.output_shape, answer) == "", operation

    assert {operation for operation, _ in CALLS} == {one.name for one in account.registry.operations("ec2")}


@pytest.mark.parametrize("operation", sorted({operation for operation, _ in CALLS}))
def test_no_operation_takes_what_botocore_does_not_know(operation: str) -> None:
    """Our list of parameters, as the refusal of an unknown one shows it."""
    account = Account()
    _, key = user_with_key(account, "admin", admin=True)
    response = account.request(f"ec2:{operation}", {"NoSuchThing": 1}, credentials=key)
    assert response.error is not None
    assert response.error.code == "UnknownParameter"
    known = str(response.error.detail).rpartition("known: ")[2].split(", ")

    assert set(known) <= set(model().operation_model(operation).input_shape.members)


def test_every_attribute_that_botocore_knows_is_described() -> None:
    shape = model().operation_model("DescribeInstanceAttribute").input_shape.members["Attribute"]

    assert set(DESCRIBED) == set(shape.enum)


def test_the_metadata_options_have_awss_names() -> None:
    members = model().operation_model("RunInstances").input_shape.members["MetadataOptions"].members

    assert set(ec2_parameters.OPTIONS) <= set(members)


def test_the_decoded_message_has_the_shape_of_sts() -> None:
    sts = botocore_session.get_session().get_service_model("sts")
    account = Account()
    _, nobody = user_with_key(account, "nobody")
    _, admin = user_with_key(account, "admin", admin=True)
    denied = account.request("ec2:RunInstances", LAUNCH, credentials=nobody)
    assert denied.error is not None
    encoded = {"EncodedMessage": denied.error.message.rpartition(" ")[2]}
    shapes = sts.operation_model("DecodeAuthorizationMessage")

    assert complaints(shapes.input_shape, encoded) == ""
    answer = account.request("sts:DecodeAuthorizationMessage", encoded, credentials=admin).result()
    assert complaints(shapes.output_shape, answer) == ""
    assert set(answer) == set(shapes.output_shape.members)
