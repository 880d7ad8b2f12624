"""With moto itself behind us: ``nox -s moto``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

moto = pytest.importorskip("moto", reason="moto is not installed: nox -s moto")

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

from ec2roles.adapters.botocore.session import boto_session, install  # noqa: E402
from ec2roles.adapters.moto.account import account_from_moto  # noqa: E402
from ec2roles.adapters.moto.facts import facts_of_account  # noqa: E402
from helpers.moto_table import EC2, LIST, LOADER, allow, main, policy  # noqa: E402

# What moto does is none of ours to warn of. And moto is in no extra of ours: `nox -s moto` brings it and runs all of this.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.slow]


@pytest.fixture
def iam() -> Iterator[Any]:
    """IAM of moto's, with an administrator and an application in it."""
    with moto.mock_aws():
        client = boto3.client("iam", region_name="us-east-1")
        client.create_user(UserName="admin", Tags=[{"Key": "a", "Value": "b"}])
        client.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=policy(allow("*")))
        client.create_group(GroupName="staff")
        client.add_user_to_group(GroupName="staff", UserName="admin")
        client.create_role(RoleName="app", AssumeRolePolicyDocument=EC2, Path="/web/", MaxSessionDuration=7200)
        team = client.create_policy(PolicyName="team", PolicyDocument=policy(LIST))["Policy"]["Arn"]
        client.attach_role_policy(RoleName="app", PolicyArn=team)
        client.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=team)
        client.create_instance_profile(InstanceProfileName="app")
        client.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
        yield client


def test_an_account_has_all_that_moto_has_and_follows(iam: Any) -> None:
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    account = account_from_moto()
    assert facts_of_account(account) == account._seen
    assert set(account.keys) == {key["AccessKeyId"]}
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    iam.delete_access_key(UserName="admin", AccessKeyId=key["AccessKeyId"])
    account.follow()
    assert facts_of_account(account) == account._seen
    assert account.users["admin"].access_keys == {}


def test_code_that_makes_its_own_clients_is_judged_and_moto_does_the_rest(iam: Any) -> None:
    """A stack makes a role in moto, and it is known here; Lambda finds a role that was made here."""
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    account = account_from_moto()
    template = {
        "Resources": {
            "R": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": "stacked", "AssumeRolePolicyDocument": json.loads(EC2)},
            }
        }
    }
    with install(account, fallthrough=True):
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
        session.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
        assert "stacked" in account.roles
        trust = EC2.replace("ec2.amazonaws", "lambda.amazonaws")
        role = session.client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=trust)["Role"]
        function = session.client("lambda").create_function(
            FunctionName="f", Runtime="python3.12", Role=role["Arn"], Handler="a.b", Code={"ZipFile": b"x"}
        )
        assert function["Role"] == role["Arn"]
        ec2 = session.client("ec2")
        launched = ec2.run_instances(
            ImageId="ami-0abcdef1234567890", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "app"}
        )
        subnet = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        assert subnet.startswith("vpc-")
    web = account.instances[launched["Instances"][0]["InstanceId"]]
    on_it = boto_session(web, fallthrough=account.fallthrough, loader=LOADER)
    assert [one["Name"] for one in on_it.client("s3").list_buckets()["Buckets"]] == ["photos"]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        on_it.client("dynamodb").list_tables()
    account.clock.advance(hours=7)
    assert on_it.client("s3").list_buckets()["Buckets"]


def test_the_quick_start_of_the_page() -> None:
    """docs/moto.md cannot run where moto is missing; here it does."""
    from test_documents import ROOT, check_page

    check_page(ROOT / "docs" / "moto.md")


def test_everything_that_moto_answers_wrongly_is_answered_rightly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    table = capsys.readouterr().out
    with capsys.disabled():
        print(table)
    last = table.splitlines()[-1].split()
    # If moto has become right in something, the row has lost its point: look at it.
    assert int(last[0]) == 68
    assert int(last[5].rstrip(",")) >= 60
