"""The lesson built and used with boto3, in this process and over HTTP: the same program, the same answers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import attrs
import botocore.session
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from ec2roles import Account, Credentials, ManualClock
from ec2roles.adapters.botocore.session import boto_session
from helpers.served import EMPTY, LOADER, client, served
from helpers.worlds import EC2, user_with_key

LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
WRITE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::demo-bucket/*"}],
}
QUICK = {"Delay": 1, "MaxAttempts": 2}


@attrs.frozen
class Way:
    """How clients are made: for somebody with keys, and for a program on an instance."""

    key: Credentials
    client: Callable[[str, Credentials], Any]
    on: Callable[[str, str], Any]

    def admin(self, service: str) -> Any:
        """The administrator's."""
        return self.client(service, self.key)


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """An empty account with an administrator."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    account = Account(clock=ManualClock(datetime.now(timezone.utc)))
    _, key = user_with_key(account, "admin", admin=True)
    if request.param == "in process":
        yield Way(
            key,
            lambda service, keys: boto_session(account, credentials=keys, loader=LOADER).client(service),
            lambda instance_id, service: boto_session(account.instances[instance_id], loader=LOADER).client(service),
        )
        return
    with served(account) as server:

        def on_instance(instance_id: str, service: str) -> Any:
            core = botocore.session.Session(session_vars=EMPTY)
            core.register_component("data_loader", LOADER)
            core.set_config_variable("ec2_metadata_service_endpoint", f"{server.url}/{instance_id}")
            return core.create_client(service, "us-east-1", endpoint_url=server.url)

        yield Way(key, lambda service, keys: client(service, server.url, keys), on_instance)


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def make_role(iam: Any, name: str, profile: str) -> None:
    """A role in a profile: four calls, as without the console."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=EC2.to_json())
    iam.get_waiter("role_exists").wait(RoleName=name, WaiterConfig=QUICK)
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=name)
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName=profile, WaiterConfig=QUICK)


def test_the_lesson(way: Way) -> None:
    iam, ec2, s3 = way.admin("iam"), way.admin("ec2"), way.admin("s3")
    s3.create_bucket(Bucket="demo-bucket")
    make_role(iam, "EC2Role", "EC2Role")
    iam.attach_role_policy(RoleName="EC2Role", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    make_role(iam, "writer", "writer-profile")
    iam.put_role_policy(RoleName="writer", PolicyName="write", PolicyDocument=json.dumps(WRITE))
    assert iam.get_role_policy(RoleName="writer", PolicyName="write")["PolicyDocument"] == WRITE

    web = ec2.run_instances(**LAUNCH)["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[web], WaiterConfig=QUICK)
    with pytest.raises(NoCredentialsError):
        way.on(web, "s3").list_buckets()

    associated = ec2.associate_iam_instance_profile(InstanceId=web, IamInstanceProfile={"Name": "EC2Role"})
    association = associated["IamInstanceProfileAssociation"]["AssociationId"]
    there = way.on(web, "s3")
    assert [one["Name"] for one in there.list_buckets()["Buckets"]] == ["demo-bucket"]
    code, message = refused(there.put_object, Bucket="demo-bucket", Key="cat", Body=b"meow")
    assert code == "AccessDenied"
    assert f"assumed-role/EC2Role/{web} is not authorized to perform: s3:PutObject" in message

    replaced = ec2.replace_iam_instance_profile_association(
        AssociationId=association, IamInstanceProfile={"Name": "writer-profile"}
    )["IamInstanceProfileAssociation"]["AssociationId"]
    assert replaced != association
    way.on(web, "s3").put_object(Bucket="demo-bucket", Key="cat", Body=b"meow")
    ec2.disassociate_iam_instance_profile(AssociationId=replaced)
    with pytest.raises(NoCredentialsError):
        way.on(web, "s3").list_buckets()
    ec2.terminate_instances(InstanceIds=[web])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[web], WaiterConfig=QUICK)


def test_who_may_not_pass_the_role_is_told_so_in_a_message_that_can_be_opened(way: Way) -> None:
    iam = way.admin("iam")
    make_role(iam, "EC2Role", "EC2Role")
    iam.create_user(UserName="junior")
    iam.get_waiter("user_exists").wait(UserName="junior", WaiterConfig=QUICK)
    everything = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    )
    iam.put_user_policy(UserName="junior", PolicyName="ec2", PolicyDocument=everything)
    given = iam.create_access_key(UserName="junior")["AccessKey"]
    junior = way.client("ec2", Credentials(given["AccessKeyId"], given["SecretAccessKey"]))
    assert junior.run_instances(**LAUNCH)["Instances"]
    code, message = refused(junior.run_instances, **LAUNCH, IamInstanceProfile={"Name": "EC2Role"})
    assert code == "UnauthorizedOperation"
    assert "perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/EC2Role because no identity" in message
    encoded = message.partition("Encoded authorization failure message: ")[2]
    opened = json.loads(way.admin("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (opened["allowed"], opened["context"]["action"]) == (False, "iam:PassRole")
    assert refused(junior.run_instances, **LAUNCH, DryRun=True)[0] == "DryRunOperation"


def test_lists_are_read_page_by_page(way: Way) -> None:
    """Marker in IAM, NextToken in EC2: whatever the size of the pages, everything once."""
    iam, ec2 = way.admin("iam"), way.admin("ec2")
    names = [f"role{number:02}" for number in range(7)]
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=EC2.to_json())
        iam.create_instance_profile(InstanceProfileName=name)
    ec2.run_instances(**{**LAUNCH, "MinCount": 12, "MaxCount": 12})
    iam.add_role_to_instance_profile(InstanceProfileName="role00", RoleName="role00")
    for _ in range(6):
        ec2.run_instances(**LAUNCH, IamInstanceProfile={"Name": "role00"})

    def pages(client: Any, operation: str, members: str, size: int) -> list[list[Any]]:
        found = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size})
        return [page[members] for page in found]

    listed = pages(iam, "list_roles", "Roles", 3)
    assert [len(page) for page in listed] == [3, 3, 1]
    assert [role["RoleName"] for page in listed for role in page] == names
    profiles = pages(iam, "list_instance_profiles", "InstanceProfiles", 4)
    assert [profile["InstanceProfileName"] for page in profiles for profile in page] == names
    details = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in details for role in page["RoleDetailList"]] == names
    reservations = pages(ec2, "describe_instances", "Reservations", 5)
    ids = [one["InstanceId"] for page in reservations for reservation in page for one in reservation["Instances"]]
    assert len(ids) == len(set(ids)) == 18
    assert len(reservations) > 1
    associations = pages(ec2, "describe_iam_instance_profile_associations", "IamInstanceProfileAssociations", 5)
    assert [len(page) for page in associations] == [5, 1]
    simulated = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[json.dumps(WRITE)],
        ActionNames=["s3:PutObject", "s3:GetObject"],
        ResourceArns=["arn:aws:s3:::demo-bucket/cat"],
        PaginationConfig={"PageSize": 1},
    )
    decisions = [one["EvalDecision"] for page in simulated for one in page["EvaluationResults"]]
    assert decisions == ["allowed", "implicitDeny"]
