"""What EC2 takes as a region, a zone, an instance type, tags at launch and a client token."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account
from ec2roles.errors import ArgumentError, InstanceError
from helpers.worlds import user_with_key

LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
RESERVED = {"Key": "aws:x", "Value": "x"}


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


@pytest.fixture(scope="module")
def ec2(account: Account) -> Any:
    return account.as_(user_with_key(account, admin=True)[1]).ec2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "Invalid availability zone: [eu-west-1a]"),
        ({"Placement": {"AvailabilityZone": "us-east-1z"}}, "Invalid availability zone: [us-east-1z]"),
        ({"Placement": {"AvailabilityZone": "us-east-1"}}, "Invalid availability zone: [us-east-1]"),
        ({"Placement": {"AvailabilityZone": "zzz"}}, "Invalid availability zone: [zzz]"),
        ({"InstanceType": ""}, "Invalid value '' for InstanceType."),
        ({"ClientToken": "x" * 65}, f"Value ({'x' * 65}) for parameter clientToken is invalid."),
        (
            {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]},
            "'vpc' is not a valid taggable resource type for this operation.",
        ),
        *(
            (
                {"TagSpecifications": [{"ResourceType": kind, "Tags": [RESERVED]}]},
                "Tag keys starting with 'aws:' are reserved for internal use.",
            )
            for kind in ("instance", "volume")
        ),
    ],
)
def test_a_launch_with_a_wrong_value_is_refused(ec2: Any, parameters: dict[str, Any], message: str) -> None:
    answer = ec2.run_instances(**LAUNCH, **parameters)
    assert (answer.error.code, answer.error.status, answer.error.message) == ("InvalidParameterValue", 400, message)


def test_what_is_right_is_taken(ec2: Any) -> None:
    tags = [{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]} for kind in ("instance", "volume")]
    placement = {"AvailabilityZone": "us-east-1c"}
    answer = ec2.run_instances(**LAUNCH, ClientToken="x" * 64, TagSpecifications=tags, Placement=placement)
    assert answer.value["Instances"][0]["Placement"]["AvailabilityZone"] == "us-east-1c"


def test_reserved_tag_keys_have_ec2s_code(account: Account, ec2: Any) -> None:
    web = account.launch_instance()
    assert ec2.create_tags(Resources=[web.instance_id], Tags=[RESERVED]).error.code == "InvalidParameterValue"
    for launch in ({"tags": {"aws:x": "x"}}, {"instance_type": ""}, {"availability_zone": "zzz"}):
        with pytest.raises(InstanceError) as caught:
            account.launch_instance(**launch)
        assert caught.value.code == "InvalidParameterValue"


@pytest.mark.parametrize("region", ["nowhere", "", "us-east", "us-east-1a", "US-EAST-1", "us east 1", "us-east-1\n"])
def test_a_region_has_the_form_of_one(region: str) -> None:
    with pytest.raises(ArgumentError, match="region must be named like 'us-east-1'"):
        Account(region=region)


@pytest.mark.parametrize(
    "region", ["us-gov-west-1", "us-iso-east-1", "ap-southeast-5", "eusc-de-east-1", "mx-central-1"]
)
def test_regions_of_every_partition_have_it(region: str) -> None:
    web = Account(region=region).launch_instance()
    assert web.metadata.get("/latest/meta-data/placement/availability-zone").body == f"{region}a"
    assert web.metadata.get("/latest/meta-data/placement/region").body == region


def test_the_type_of_an_instance_is_not_changed_to_nothing(ec2: Any, account: Account) -> None:
    web = account.launch_instance()
    web.stop()
    answer = ec2.modify_instance_attribute(InstanceId=web.instance_id, InstanceType={"Value": "large"})
    assert (answer.error.code, answer.error.message) == (
        "InvalidParameterValue",
        "Invalid value 'large' for InstanceType.",
    )
