"""EC2 through boto3: the waiters end, pages join, errors are those of EC2, and user data arrives as it was given."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ec2roles import Account, PermissionPolicy
from ec2roles.adapters.aws.dispatch import ApiRequest, Dispatcher
from ec2roles.adapters.botocore.session import boto_session
from helpers.served import LOADER
from helpers.worlds import LIST, code, user_with_key

LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
FAST = {"Delay": 0, "MaxAttempts": 1}


@pytest.fixture
def account() -> Account:
    """An account with a role in a profile of its name."""
    account = Account()
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    return account


def client_of(account: Account, user: str = "admin", *, admin: bool = True) -> Any:
    """A client for EC2."""
    _, key = user_with_key(account, user, admin=admin)
    session: boto3.Session = boto_session(account, credentials=key, loader=LOADER)
    return session.client("ec2")


def test_the_lesson_is_done_with_boto3_and_each_waiter_ends(account: Account) -> None:
    ec2 = client_of(account)
    launched = ec2.run_instances(**LAUNCH, UserData="#!/bin/sh\necho grüezi\n")["Instances"][0]["InstanceId"]
    web = account.instances[launched]
    ec2.get_waiter("instance_exists").wait(InstanceIds=[launched], WaiterConfig=FAST)
    ec2.get_waiter("instance_running").wait(InstanceIds=[launched], WaiterConfig=FAST)
    assert web.metadata.get("/latest/user-data").body == "#!/bin/sh\necho grüezi\n"
    made = ec2.associate_iam_instance_profile(InstanceId=launched, IamInstanceProfile={"Name": "app"})
    association = made["IamInstanceProfileAssociation"]
    assert association["State"] == "associating"
    assert web.call(LIST).ok
    listed = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert [(one["AssociationId"], one["State"]) for one in listed] == [(association["AssociationId"], "associated")]
    ec2.stop_instances(InstanceIds=[launched])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[launched], WaiterConfig=FAST)
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    ec2.terminate_instances(InstanceIds=[launched])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[launched], WaiterConfig=FAST)

    assert web.state == "terminated"


def test_paginators_join_the_pages(account: Account) -> None:
    ec2 = client_of(account)
    instances = account.launch_instances(12, "app")
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    found = [one["InstanceId"] for page in pages for group in page["Reservations"] for one in group["Instances"]]
    assert found == [one.instance_id for one in instances]
    assert len(pages) == 3
    paginator = ec2.get_paginator("describe_iam_instance_profile_associations")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 5}))
    assert sum(len(page["IamInstanceProfileAssociations"]) for page in pages) == 12


def test_errors_have_ec2s_code_text_and_status(account: Account) -> None:
    ec2 = client_of(account)
    nobody = client_of(account, "nobody", admin=False)
    web = account.launch_instance()
    rows = [
        (ec2, {"InstanceIds": [web.instance_id], "DryRun": True}, "DryRunOperation", 412),
        (ec2, {"InstanceIds": ["web-1"]}, "InvalidInstanceID.Malformed", 400),
        (ec2, {"InstanceIds": ["i-0123456789abcdef0"]}, "InvalidInstanceID.NotFound", 400),
        (nobody, {"InstanceIds": [web.instance_id]}, "UnauthorizedOperation", 403),
    ]
    for client, parameters, expected, status in rows:
        with pytest.raises(ClientError) as caught:
            client.stop_instances(**parameters)
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (expected, status)
    assert web.state == "running"


def test_the_encoded_message_of_a_denial_is_decoded_by_boto3(account: Account) -> None:
    user, key = user_with_key(account, "developer")
    user.put_policy("some", PermissionPolicy.allow("ec2:*", "sts:DecodeAuthorizationMessage"))
    session = boto_session(account, credentials=key, loader=LOADER)
    with pytest.raises(ClientError, match="iam:PassRole") as caught:
        session.client("ec2").run_instances(**LAUNCH, IamInstanceProfile={"Name": "app"})
    encoded = str(caught.value).rpartition(" ")[2]
    decoded = session.client("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]

    assert '"action":"iam:PassRole"' in decoded


def test_user_data_that_is_not_in_base64_is_refused(account: Account) -> None:
    """Only what is sent without an SDK can be so."""
    _, key = user_with_key(account, "admin", admin=True)
    dispatcher = Dispatcher(account.launch_instance().role_credentials.api)  # type: ignore[arg-type]
    sent = ApiRequest("ec2", "RunInstances", {**LAUNCH, "UserData": "#!/bin/sh"}, "us-east-1", key)

    assert code(dispatcher.send(sent)) == "InvalidUserData.Malformed"
    assert len(account.instances) == 1


def test_user_data_is_in_no_trail(account: Account) -> None:
    client_of(account).run_instances(**LAUNCH, UserData="password=hunter2")
    record = next(one for one in account.history.to_cloudtrail() if one["eventName"] == "RunInstances")

    assert record["requestParameters"]["userData"] == "<sensitiveDataRemoved>"
    assert "hunter2" not in str(record)
