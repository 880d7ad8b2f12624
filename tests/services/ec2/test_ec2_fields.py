"""EC2's answers have the fields that answers recorded from AWS have: ``tests/recorded/ec2_fields.json``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Instance
from ec2roles.services.ec2.instance_filters import _DIRECT, _PATHS
from helpers.worlds import user_with_key

RECORDED: dict[str, dict[str, int]] = {
    row["op"]: row["fields"]
    for row in json.loads((Path(__file__).parents[2] / "recorded" / "ec2_fields.json").read_text(encoding="utf-8"))
}
LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}

# What AWS was seen to answer and we do not, with the reason.
LEFT_OUT = {
    ".Reservations[].Instances[].BootMode": "said by some AMIs; there are no AMIs here",
    ".Reservations[].Instances[].CpuOptions": "there is no table of instance types here",
    ".Reservations[].Instances[].CpuOptions.CoreCount": "the same",
    ".Reservations[].Instances[].CpuOptions.ThreadsPerCore": "the same",
    ".Reservations[].Instances[].PublicIpAddress": "no instance here has a public address; its metadata shows none either",
    ".Reservations[].RequesterId": "who launched on behalf of the account, such as Auto Scaling; nobody does here",
    **{
        f".Reservations[].Instances[].NetworkInterfaces[]{above}.Association{below}": "public addresses again"
        for above in ("", ".PrivateIpAddresses[]")
        for below in ("", ".IpOwnerId", ".PublicDnsName", ".PublicIp")
    },
}

# What we answer and the recordings do not have, with the reason: it is newer, or nobody who was recorded had any.
MORE = {
    ".Reservations[].Instances[].InstanceLifecycle": "spot instances alone",
    ".Reservations[].Instances[].Placement.HostId": "Dedicated Hosts alone",
    ".Reservations[].Instances[].Placement.PartitionNumber": "partition placement groups alone",
    ".Reservations[].Instances[].Tags[]": "the recordings' tags were made empty",
    ".Reservations[].Instances[].Tags[].Key": "the same",
    ".Reservations[].Instances[].Tags[].Value": "the same",
    ".Tags[]": "the same",
    ".Tags[].Key": "the same",
    ".Tags[].ResourceId": "the same",
    ".Tags[].ResourceType": "the same",
    ".Tags[].Value": "the same",
}

# The one recording of a launch is of 2016; these came later, and DescribeInstances answers them too.
SINCE_2016 = {
    "CapacityReservationSpecification", "CurrentInstanceBootMode", "EnaSupport", "EnclaveOptions", "HibernationOptions",
    "IamInstanceProfile", "KeyName", "MaintenanceOptions", "MetadataOptions", "PlatformDetails", "PrivateDnsNameOptions",
    "Tags", "UsageOperation", "UsageOperationUpdateTime", "InstanceLifecycle",
}  # fmt: skip


def paths(value: Any, above: str = "") -> Iterator[str]:
    """Every field of an answer as the tables write it: ``.Reservations[].Instances[].ImageId``."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield f"{above}.{name}"
            yield from paths(below, f"{above}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield f"{above}[]"
            yield from paths(one, f"{above}[]")


def world() -> tuple[Account, Any, Instance]:
    """An account with an instance that has everything there is, and what asks EC2 as an administrator."""
    account = Account()
    for name in ("app", "other"):
        account.console.create_role(name)
    key = user_with_key(account, "admin", admin=True)[1]
    web = account.launch_instance(
        "app",
        tags={"Name": "web"},
        key_name="lesson",
        security_groups=["web", "ssh"],
        instance_life_cycle="spot",
        group_name="rack",
        partition_number=3,
        host_id="h-0123456789abcdef0",
        block_devices={"ebs1": "sdb", "ephemeral0": "sdc", "swap": "sdd"},
    )
    return account, lambda operation, **given: account.request(f"ec2:{operation}", given, credentials=key).result(), web


def answer(operation: str) -> Any:
    """What an operation answers."""
    account, ask, web = world()
    if operation == "RunInstances":
        return ask(operation, **LAUNCH, KeyName="lesson", IamInstanceProfile={"Name": "app"})
    if operation == "StartInstances":
        web.stop()
        return ask(operation, InstanceIds=[web.instance_id])
    if operation == "AssociateIamInstanceProfile":
        web.detach()
        return ask(operation, InstanceId=web.instance_id, IamInstanceProfile={"Name": "app"})
    if operation == "ReplaceIamInstanceProfileAssociation":
        return ask(operation, AssociationId=web.association_id, IamInstanceProfile={"Name": "other"})
    if operation == "DescribeInstances":
        account.launch_instance().stop()
    return ask(operation)


@pytest.mark.parametrize("operation", sorted(RECORDED))
def test_an_answer_has_every_field_that_was_recorded_and_no_other(operation: str) -> None:
    ours = set(paths(answer(operation.partition(":")[2])))
    recorded = set(RECORDED[operation])

    assert sorted(recorded - ours - LEFT_OUT.keys()) == []
    more = ours - recorded - MORE.keys()
    if operation == "ec2:RunInstances":
        newer = {"NetworkCardIndex", "InterfaceType", "AvailabilityZoneId"}
        more = {path for path in more if path.split(".")[2] not in SINCE_2016 and path.rpartition(".")[2] not in newer}
    assert sorted(more) == []


def test_what_is_left_out_is_left_out() -> None:
    """The lists above say nothing that is not so."""
    ours = set(paths(answer("DescribeInstances")))

    assert ours & LEFT_OUT.keys() == set()
    assert {path for path in LEFT_OUT if path not in RECORDED["ec2:DescribeInstances"]} == set()
    assert {path for path in MORE if path.startswith(".Reservations")} <= ours


def test_no_association_has_a_timestamp() -> None:
    for operation in ("AssociateIamInstanceProfile", "DescribeIamInstanceProfileAssociations"):
        assert not any("Timestamp" in path for path in paths(answer(operation)))


def test_an_instance_says_the_same_as_its_metadata() -> None:
    account, ask, web = world()
    account.clock.advance(minutes=1)
    said = ask("DescribeInstances", InstanceIds=[web.instance_id])["Reservations"][0]["Instances"][0]
    (card,) = said["NetworkInterfaces"]
    root, second = said["BlockDeviceMappings"]

    def shown(path: str) -> str:
        return web.metadata.get(f"/latest/meta-data/{path}").body

    def of_card(leaf: str) -> str:
        return shown(f"network/interfaces/macs/{card['MacAddress']}/{leaf}")

    assert said["SubnetId"] == card["SubnetId"] == of_card("subnet-id")
    assert said["VpcId"] == card["VpcId"] == of_card("vpc-id")
    assert card["MacAddress"] == shown("mac")
    assert card["NetworkInterfaceId"] == of_card("interface-id")
    assert said["PrivateIpAddress"] == card["PrivateIpAddress"] == shown("local-ipv4") == of_card("local-ipv4s")
    assert said["PrivateDnsName"] == card["PrivateDnsName"] == shown("local-hostname")
    assert [group["GroupName"] for group in said["SecurityGroups"]] == shown("security-groups").split("\n")
    assert [group["GroupId"] for group in said["SecurityGroups"]] == of_card("security-group-ids").split("\n")
    assert card["Groups"] == said["SecurityGroups"]
    assert card["OwnerId"] == of_card("owner-id")
    assert said["Placement"]["AvailabilityZone"] == shown("placement/availability-zone")
    assert said["Placement"]["AvailabilityZoneId"] == shown("placement/availability-zone-id")
    assert said["InstanceType"] == shown("instance-type")
    assert root["DeviceName"] == said["RootDeviceName"] == shown("block-device-mapping/root")
    assert second["DeviceName"] == "/dev/" + shown("block-device-mapping/ebs1")
    assert card["PrivateIpAddresses"] == [
        {"Primary": True, "PrivateDnsName": said["PrivateDnsName"], "PrivateIpAddress": said["PrivateIpAddress"]}
    ]


def test_a_launch_into_a_subnet_and_groups_shows_in_the_metadata_too() -> None:
    account, ask, _ = world()
    default = ask("DescribeInstances", InstanceIds=[account.launch_instance().instance_id])
    (group,) = default["Reservations"][0]["Instances"][0]["SecurityGroups"]
    given = {"SubnetId": "subnet-0123456789abcdef0", "SecurityGroupIds": ["sg-0123456789abcdef0", group["GroupId"]]}
    (made,) = ask("RunInstances", **LAUNCH, **given)["Instances"]
    launched = account.instances[made["InstanceId"]]
    card = f"/latest/meta-data/network/interfaces/macs/{made['NetworkInterfaces'][0]['MacAddress']}/"

    assert made["SubnetId"] == launched.metadata.get(f"{card}subnet-id").body == given["SubnetId"]
    assert [one["GroupId"] for one in made["SecurityGroups"]] == given["SecurityGroupIds"]
    assert made["SecurityGroups"][1] == group == {"GroupName": "default", "GroupId": group["GroupId"]}
    assert launched.metadata.get(f"{card}security-group-ids").body.split("\n") == given["SecurityGroupIds"]


def test_what_a_launch_says_of_volumes_its_interface_and_the_market_is_answered() -> None:
    account, ask, _ = world()
    given = {
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": False}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "Encrypted": True}},
            {"DeviceName": "/dev/sdg", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/sdh", "NoDevice": ""},
        ],
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "SubnetId": "subnet-0123456789abcdef0", "Groups": ["sg-0123456789abcdef0"]}
        ],
        "InstanceMarketOptions": {"MarketType": "spot"},
        "EbsOptimized": True,
        "EnclaveOptions": {"Enabled": True},
        "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1},
        "MaintenanceOptions": {"AutoRecovery": "disabled"},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
        "CreditSpecification": {"CpuCredits": "standard"},
    }
    (made,) = ask("RunInstances", **LAUNCH, **given)["Instances"]
    web = account.instances[made["InstanceId"]]
    (said,) = ask("DescribeInstances", InstanceIds=[web.instance_id])["Reservations"][0]["Instances"]

    for name in (
        "EbsOptimized",
        "EnclaveOptions",
        "CpuOptions",
        "MaintenanceOptions",
        "CapacityReservationSpecification",
    ):
        assert said[name] == made[name] == given[name]
    assert said["InstanceLifecycle"] == web.metadata.get("/latest/meta-data/instance-life-cycle").body == "spot"
    assert [(one["DeviceName"], one["Ebs"]["DeleteOnTermination"]) for one in said["BlockDeviceMappings"]] == [
        ("/dev/xvda", False), ("/dev/sdf", True),
    ]  # fmt: skip
    assert web.metadata.get("/latest/meta-data/block-device-mapping/").body == "ami\nebs1\nephemeral0\nroot"
    assert said["SubnetId"] == "subnet-0123456789abcdef0"
    assert [one["GroupId"] for one in said["SecurityGroups"]] == ["sg-0123456789abcdef0"]
    which = {"InstanceId": web.instance_id}
    assert ask("DescribeInstanceAttribute", Attribute="ebsOptimized", **which)["EbsOptimized"] == {"Value": True}
    assert ask("DescribeInstanceAttribute", Attribute="enclaveOptions", **which)["EnclaveOptions"] == {"Enabled": True}


@pytest.mark.parametrize(
    ("devices", "allowed"),
    [
        ([{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}], True),
        ([{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}, {"DeviceName": "/dev/sdf", "Ebs": {}}], False),
        ([{"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": True}}], False),
        ([], False),
    ],
)
def test_a_policy_can_refuse_volumes_that_are_not_encrypted(devices: list[Any], allowed: bool) -> None:
    account = Account()
    user, key = user_with_key(account, "builder", admin=True)
    user.put_policy(
        "encrypted",
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Deny",
                "Action": "ec2:RunInstances",
                "Resource": "arn:aws:ec2:*:*:volume/*",
                "Condition": {"Bool": {"ec2:Encrypted": "false"}},
            },
        },
    )
    answer = account.request("ec2:RunInstances", {**LAUNCH, "BlockDeviceMappings": devices}, credentials=key)

    assert answer.ok == allowed


def test_ids_of_interfaces_and_volumes_are_each_instances_own() -> None:
    account, ask, _ = world()
    account.launch_instances(20, block_devices={"ebs1": "sdb", "ebs2": "sdc"})
    said = [one for each in ask("DescribeInstances")["Reservations"] for one in each["Instances"]]
    volumes = [device["Ebs"]["VolumeId"] for one in said for device in one["BlockDeviceMappings"]]
    cards = [one["NetworkInterfaces"][0] for one in said]
    attachments = [card["Attachment"]["AttachmentId"] for card in cards]

    assert len(volumes) == len(set(volumes)) == 2 + 20 * 3
    assert len({card["NetworkInterfaceId"] for card in cards}) == len(set(attachments)) == 21


def test_what_is_launched_is_being_attached_and_what_is_terminated_has_nothing_left() -> None:
    _, ask, web = world()
    (made,) = ask("RunInstances", **LAUNCH)["Instances"]
    assert made["BlockDeviceMappings"] == []
    assert made["NetworkInterfaces"][0]["Attachment"]["Status"] == "attaching"
    assert made["StateReason"] == {"Code": "pending", "Message": "pending"}
    web.terminate()
    (gone,) = ask("DescribeInstances", InstanceIds=[web.instance_id])["Reservations"][0]["Instances"]

    assert [gone[name] for name in ("BlockDeviceMappings", "NetworkInterfaces", "SecurityGroups")] == [[], [], []]
    assert gone.keys() & {"SubnetId", "VpcId", "PrivateIpAddress", "SourceDestCheck"} == set()
    for name, value in (("vpc-id", made["VpcId"]), ("subnet-id", made["SubnetId"])):
        found = ask("DescribeInstances", Filters=[{"Name": name, "Values": [value]}])
        assert [one["InstanceId"] for each in found["Reservations"] for one in each["Instances"]] == [
            made["InstanceId"]
        ]


def test_the_launch_time_is_that_of_the_last_start() -> None:
    """And its interface was attached when it was launched."""
    account, ask, web = world()
    first = account.clock.now()
    account.clock.advance(days=1)
    web.stop()
    web.start()
    said = ask("DescribeInstances")["Reservations"][0]["Instances"][0]

    assert said["LaunchTime"] == account.clock.now()
    assert said["NetworkInterfaces"][0]["Attachment"]["AttachTime"] == said["UsageOperationUpdateTime"] == first


def written(value: Any) -> str:
    """A value as filters have it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if hasattr(value, "strftime") else str(value)


@pytest.mark.parametrize("name", sorted(_PATHS))
def test_a_filter_finds_the_instance_by_what_the_response_says(name: str) -> None:
    _, ask, web = world()
    web.stop()
    (said,) = ask("DescribeInstances")["Reservations"][0]["Instances"]
    found: list[Any] = [said]
    for word in _PATHS[name].split("."):
        found = [one[word] for one in found if word in one]
        found = [each for one in found for each in (one if isinstance(one, list) else [one])]

    for value in {written(one) for one in found}:
        got = ask("DescribeInstances", Filters=[{"Name": name, "Values": [value]}])
        assert [one["InstanceId"] for each in got["Reservations"] for one in each["Instances"]] == [web.instance_id]
    assert ask("DescribeInstances", Filters=[{"Name": name, "Values": ["nothing-like-it"]}])["Reservations"] == []


def test_every_filter_stands_once() -> None:
    assert _DIRECT.keys() & _PATHS.keys() == set()
