"""IAM and EC2 for real clients: the lesson built by boto3, in this process and over HTTP, with the same answers (issue 6.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import botocore
import pytest
from botocore.exceptions import ClientError

from ec2roles import Account, Credentials, ManualClock, PermissionPolicy
from ec2roles.adapters.aws.protocol.wire_service import WireService
from ec2roles.adapters.botocore.session import boto_session
from helpers.served import LOADER, client, served
from helpers.worlds import user_with_key

# Real clients sign by the machine's clock, so this is a moment of its own.
NOW = datetime.now(timezone.utc).replace(microsecond=0)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
WRITE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::photos/*"}],
}
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

Clients = Callable[[str], Any]


def world() -> tuple[Account, Credentials, Credentials]:
    """An account with an administrator, and bob, who may launch instances and pass nothing."""
    account = Account(clock=ManualClock(NOW))
    _, admin = user_with_key(account, admin=True)
    bob, key = user_with_key(account, "bob")
    bob.put_policy("ec2", PermissionPolicy.allow("ec2:*"))
    return account, admin, key


def lesson(clients: Clients) -> list[Any]:
    """Build the lesson's role, profile and instance, look at all of it, and take it down."""
    iam, ec2 = clients("iam"), clients("ec2")
    said = [
        iam.create_role(
            RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "team", "Value": "é team"}]
        ),
        iam.put_role_policy(RoleName="app", PolicyName="write", PolicyDocument=json.dumps(WRITE)),
        iam.attach_role_policy(RoleName="app", PolicyArn=READ_ONLY),
        iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(WRITE), Description="a description"),
        iam.create_instance_profile(InstanceProfileName="profile"),
        iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="app"),
    ]
    iam.get_waiter("role_exists").wait(RoleName="app")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="profile")
    launched = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": "profile"},
        InstanceType="t3.micro",
        ClientToken="token-1",
    )
    instance_id = launched["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
    (association,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    said += [
        launched,
        association,
        iam.get_role(RoleName="app"),
        iam.get_role_policy(RoleName="app", PolicyName="write"),
        iam.list_role_policies(RoleName="app"),
        iam.list_attached_role_policies(RoleName="app"),
        iam.list_instance_profiles(),
        iam.list_instance_profiles_for_role(RoleName="app"),
        iam.get_instance_profile(InstanceProfileName="profile"),
        [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]],
        [user["UserName"] for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1}) for user in page["Users"]],
        iam.get_account_authorization_details(Filter=["Role", "User", "LocalManagedPolicy"]),
        iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:role/app", ActionNames=["s3:PutObject", "ec2:RunInstances"],
            ResourceArns=["arn:aws:s3:::photos/cat"],
        ),
        ec2.describe_instances(InstanceIds=[instance_id]),
        ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"]),
        ec2.stop_instances(InstanceIds=[instance_id]),
        ec2.terminate_instances(InstanceIds=[instance_id]),
        iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="app"),
        iam.delete_instance_profile(InstanceProfileName="profile"),
        iam.detach_role_policy(RoleName="app", PolicyArn=READ_ONLY),
        iam.delete_role_policy(RoleName="app", PolicyName="write"),
        iam.delete_role(RoleName="app"),
    ]  # fmt: skip
    for call, parameters in (
        (iam.get_role, {"RoleName": "app"}),
        (iam.create_role, {"RoleName": "bad name", "AssumeRolePolicyDocument": json.dumps(TRUST)}),
        (iam.create_role, {"RoleName": "app", "AssumeRolePolicyDocument": "{"}),
        (iam.delete_user, {"UserName": "bob"}),
        (ec2.describe_instances, {"InstanceIds": ["i-0123456789abcdef0"]}),
        (
            ec2.run_instances,
            {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "nope"}},
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call(**parameters)
        said.append(caught.value.response)
    return [without_metadata(one) for one in said]


def without_metadata(answer: Any) -> Any:
    """What was said, without the ids and headers of the answer; the kind of sender is said by XML alone."""
    if isinstance(answer, dict) and "ResponseMetadata" in answer:
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        left = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        if "Error" in left:
            left["Error"] = {key: left["Error"][key] for key in ("Code", "Message")}
        return status, left
    return answer


def test_the_lesson_is_the_same_in_process_and_over_http() -> None:
    account, admin, _ = world()
    session = boto_session(account, credentials=admin, loader=LOADER)
    here = lesson(session.client)
    account, admin, _ = world()
    with served(account) as server:
        there = lesson(lambda service: client(service, server.url, admin))
    for one, other in zip(here, there, strict=True):
        assert one == other
    codes = [answer["Error"]["Code"] for status, answer in here[-6:] if status >= 400]
    assert codes == ["NoSuchEntity", "ValidationError", "MalformedPolicyDocument", "DeleteConflict",
                     "InvalidInstanceID.NotFound", "InvalidParameterValue"]  # fmt: skip


def test_who_may_not_pass_the_role_is_refused_as_ec2_refuses_it() -> None:
    """And the encoded message says which action it was about."""
    account, admin, bob = world()
    account.console.create_role("app", service="ec2.amazonaws.com", policies=[])
    with served(account) as server:
        with pytest.raises(ClientError) as caught:
            client("ec2", server.url, bob).run_instances(
                ImageId="ami-12345678", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "app"}
            )
        error = caught.value.response["Error"]
        assert error["Code"] == "UnauthorizedOperation"
        encoded = error["Message"].rpartition("Encoded authorization failure message: ")[2]
        opened = client("sts", server.url, admin).decode_authorization_message(EncodedMessage=encoded)
    decoded = json.loads(opened["DecodedMessage"])
    assert (decoded["allowed"], decoded["context"]["action"]) == (False, "iam:PassRole")


@pytest.mark.parametrize("name", ["s3", "sts", "iam", "ec2"])
def test_every_operation_that_is_simulated_is_one_of_botocores(name: str) -> None:
    """So a real client can call each of them, and reads each answer by its model."""
    service = WireService.load(name)
    assert service is not None
    operations = [operation.name for operation in Account().registry.operations(name)]
    assert operations
    unknown = {one for one in operations if one not in service.model.operation_names}
    # The oldest botocore is older than these two.
    assert unknown <= {"GetInstanceMetadataDefaults", "ModifyInstanceMetadataDefaults"}
    assert not unknown or tuple(map(int, botocore.__version__.split(".")[:2])) < (1, 35)
