"""
One suite of boto3 calls, on moto alone and on moto with an account of ours in front: ``python tests/helpers/moto_table.py``.

Each case is something that moto has answered otherwise than AWS, and says what AWS answers.
Alone, moto enforces IAM itself; behind us it does not. It needs moto[all], requests and the extra boto.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import attrs
import boto3
import botocore.session
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from moto import mock_aws
from moto.core.authorization import enable_iam_authentication
from moto.sts.models import sts_backends

from ec2roles.adapters.botocore.session import boto_session
from ec2roles.adapters.http.requests import MetadataAdapter
from ec2roles.adapters.moto.account import MotoAccount, account_from_moto

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
CONFIG = Config(retries={"max_attempts": 0})
LOADER = Loader()
IMDS = "http://169.254.169.254/latest"
AMI = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
LIST = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    """The text of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trusts(principal: Any, action: Any = "sts:AssumeRole", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy."""
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


EC2 = policy(trusts({"Service": "ec2.amazonaws.com"}))


def outcome(call: Callable[..., Any], *args: Any, **parameters: Any) -> str:
    """What came of a call: ``ok``, the code that boto3 sees, or the exception that moto died of."""
    try:
        call(*args, **parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except Exception as error:  # noqa: BLE001 - how it dies is what the table shows
        return f"{type(error).__name__}!"
    return "ok"


def plain_session() -> Any:
    """A session that reads no model again."""
    core = botocore.session.Session()
    core.register_component("data_loader", LOADER)
    return boto3.Session(botocore_session=core, region_name="us-east-1")


@attrs.define
class World:
    """Where a suite runs: moto alone, or with *account* in front of it."""

    admin_key: dict[str, str]
    account: MotoAccount | None = None
    names: int = 0

    def client(self, service: str, key: Any = None) -> Any:
        """A client that signs with *key*, as boto3's calls give it; the administrator's by default."""
        key = self.admin_key if key is None else key
        session = (
            plain_session() if self.account is None else boto_session(self.account, fallthrough=True, loader=LOADER)
        )
        return session.client(
            service,
            region_name="us-east-1",
            config=CONFIG,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
        )

    def user(self, *statements: dict[str, Any], name: str = "u") -> dict[str, str]:
        """A new user with a policy, and its key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def role(self, trust: str = EC2, *statements: dict[str, Any], name: str = "r", **more: Any) -> str:
        """A new role, and its ARN."""
        iam = self.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return arn

    def profile(self, name: str = "r", role: str | None = "r") -> str:
        """A new instance profile, with a role in it."""
        iam = self.client("iam")
        found: str = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["InstanceProfileId"]
        if role is not None:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
        return found

    def launch(self, **parameters: Any) -> str:
        """A new instance."""
        found: str = self.client("ec2").run_instances(**{**AMI, **parameters})["Instances"][0]["InstanceId"]
        return found

    def assume(self, arn: str, key: Any, **parameters: Any) -> str:
        """What comes of assuming a role."""
        return outcome(self.client("sts", key).assume_role, RoleArn=arn, **{"RoleSessionName": "me", **parameters})

    def session(self, *statements: dict[str, Any], **parameters: Any) -> dict[str, str]:
        """The credentials of a role with a policy, assumed by a user."""
        key = self.user(allow("sts:AssumeRole"), name="caller")
        arn = self.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/caller"})), *statements, name="assumed")
        given = self.client("sts", key).assume_role(RoleArn=arn, RoleSessionName="me", **parameters)
        found: dict[str, str] = given["Credentials"]
        return found

    def buckets(self, key: Any) -> str:
        """What comes of ListBuckets."""
        return outcome(self.client("s3", key).list_buckets)

    def later(self, hours: int) -> None:
        """Let time pass: our clock, and the end of the sessions that moto keeps."""
        if self.account is not None:
            self.account.clock.advance(hours=hours)
        for session in sts_backends[ACCOUNT]["aws"].assumed_roles:
            session.expiration = datetime(2001, 1, 1, tzinfo=timezone.utc)

    def get(self, instance_id: str, path: str, **headers: str) -> requests.Response:
        """Read the metadata, as a program on the instance does."""
        session = requests.Session()
        if self.account is not None:
            session.mount("http://169.254.169.254", MetadataAdapter(self.account.instances[instance_id]))
        return session.get(f"{IMDS}/{path}", headers=headers)

    def metadata_credentials(self, instance_id: str) -> dict[str, str]:
        """The credentials in the metadata."""
        role = self.get(instance_id, "meta-data/iam/security-credentials/").text
        found = self.get(instance_id, f"meta-data/iam/security-credentials/{role}").json()
        return {**found, "SessionToken": found["Token"]}


@contextlib.contextmanager
def world(*, in_front: bool) -> Iterator[World]:
    """A new moto with an administrator in it."""
    with mock_aws():
        iam = plain_session().client("iam")
        iam.create_user(UserName="admin")
        iam.put_user_policy(UserName="admin", PolicyName="admin", PolicyDocument=policy(allow("*")))
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        if in_front:
            yield World(key, account_from_moto(plain_session()))
        else:
            with enable_iam_authentication():
                yield World(key)


@attrs.frozen
class Case:
    """What is asked, what AWS answers, and how to ask it."""

    what: str
    aws: str
    ask: Callable[[World], str]


CASES: list[Case] = []


def case(what: str, aws: str) -> Callable[[Callable[[World], str]], Callable[[World], str]]:
    """Put a function into the table."""

    def add(ask: Callable[[World], str]) -> Callable[[World], str]:
        CASES.append(Case(what, aws, ask))
        return ask

    return add


# -- credentials ----------------------------------------------------------------------------------------------------------


@case("credentials of 900 s, used 2 h later", "ExpiredToken")
def _(w: World) -> str:
    key = w.session(LIST, DurationSeconds=900)
    w.later(2)
    return w.buckets(key)


@case("credentials of a role that was deleted", "InvalidAccessKeyId")
def _(w: World) -> str:
    key = w.session()
    w.client("iam").delete_role(RoleName="assumed")
    return w.buckets(key)


@case("credentials of a role that was deleted and made again", "InvalidAccessKeyId")
def _(w: World) -> str:
    key = w.session()
    w.client("iam").delete_role(RoleName="assumed")
    w.role(EC2, LIST, name="assumed")
    return w.buckets(key)


@case("GetCallerIdentity with the credentials of a deleted role", "InvalidClientTokenId")
def _(w: World) -> str:
    key = w.session()
    w.client("iam").delete_role(RoleName="assumed")
    return outcome(w.client("sts", key).get_caller_identity)


@case("metadata: the instance id", "its own")
def _(w: World) -> str:
    web = w.launch()
    found = w.get(web, "meta-data/instance-id").text
    return "its own" if found == web else found


@case("metadata: whose role", "r")
def _(w: World) -> str:
    w.role(), w.profile()
    web = w.launch(IamInstanceProfile={"Name": "r"})
    return w.get(web, "meta-data/iam/security-credentials/").text


@case("metadata: two instances have the same keys", "no")
def _(w: World) -> str:
    w.role(), w.profile()
    keys = {w.metadata_credentials(w.launch(IamInstanceProfile={"Name": "r"}))["AccessKeyId"] for _ in range(2)}
    return "yes" if len(keys) == 1 else "no"


@case("metadata: its credentials may what the role may", "ok")
def _(w: World) -> str:
    w.role(EC2, LIST), w.profile()
    return w.buckets(w.metadata_credentials(w.launch(IamInstanceProfile={"Name": "r"})))


@case("metadata: an instance without a profile", "404")
def _(w: World) -> str:
    return str(w.get(w.launch(), "meta-data/iam/security-credentials/").status_code)


@case("metadata: no token where one is required", "401")
def _(w: World) -> str:
    web = w.launch(MetadataOptions={"HttpTokens": "required"})
    return str(w.get(web, "meta-data/iam/security-credentials/").status_code)


@case("metadata: iam/info", "200")
def _(w: World) -> str:
    w.role(), w.profile()
    web = w.launch(IamInstanceProfile={"Name": "r"})
    try:
        return str(w.get(web, "meta-data/iam/info").status_code)
    except NotImplementedError as error:
        return f"{type(error).__name__}!"


# -- passing a role -------------------------------------------------------------------------------------------------------


@case("RunInstances with a profile, no iam:PassRole", "UnauthorizedOperation")
def _(w: World) -> str:
    key = w.user(allow("ec2:*"))
    w.role(), w.profile()
    return outcome(w.client("ec2", key).run_instances, **AMI, IamInstanceProfile={"Name": "r"})


@case("AssociateIamInstanceProfile, no iam:PassRole", "UnauthorizedOperation")
def _(w: World) -> str:
    key = w.user(allow("ec2:*"))
    w.role(), w.profile()
    associate = w.client("ec2", key).associate_iam_instance_profile
    return outcome(associate, InstanceId=w.launch(), IamInstanceProfile={"Name": "r"})


# -- trust ----------------------------------------------------------------------------------------------------------------


@case("a user assumes a role that trusts a service", "AccessDenied")
def _(w: World) -> str:
    return w.assume(w.role(), w.user(allow("sts:AssumeRole")))


@case("trust in :root, identity policy allows", "ok")
def _(w: World) -> str:
    return w.assume(w.role(policy(trusts({"AWS": ROOT}))), w.user(allow("sts:AssumeRole")))


@case("trust in *, identity policy allows", "ok")
def _(w: World) -> str:
    return w.assume(w.role(policy(trusts("*"))), w.user(allow("sts:AssumeRole")))


@case("trust in the user itself, no identity policy", "ok")
def _(w: World) -> str:
    key = w.user()
    return w.assume(w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}))), key)


@case("trust in another user whose name begins alike", "AccessDenied")
def _(w: World) -> str:
    key = w.user(allow("sts:AssumeRole"))
    w.user(name="u-other")
    return w.assume(w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u-other"}))), key)


@case("a trust policy that denies the caller", "AccessDenied")
def _(w: World) -> str:
    key = w.user(allow("sts:AssumeRole"))
    return w.assume(w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}, effect="Deny"))), key)


def _conditional(condition: dict[str, Any], **parameters: Any) -> Callable[[World], str]:
    def ask(w: World) -> str:
        key = w.user(allow("sts:AssumeRole"))
        trust = trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}, Condition=condition)
        return w.assume(w.role(policy(trust)), key, **parameters)

    return ask


case("trust asks for an external id, none is given", "AccessDenied")(
    _conditional({"StringEquals": {"sts:ExternalId": "x"}})
)
case("trust asks for MFA, there is none", "AccessDenied")(
    _conditional({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
)
case("trust: StringLike on the external id, another is given", "AccessDenied")(
    _conditional({"StringLike": {"sts:ExternalId": "a*"}}, ExternalId="b22")
)


@case("trust: a tag without sts:TagSession", "AccessDenied")
def _(w: World) -> str:
    key = w.user(allow("sts:AssumeRole"))
    role = w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"})))
    return w.assume(role, key, Tags=[{"Key": "team", "Value": "red"}])


@case("trust: a source identity without sts:SetSourceIdentity", "AccessDenied")
def _(w: World) -> str:
    key = w.user(allow("sts:AssumeRole"))
    role = w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"})))
    return w.assume(role, key, SourceIdentity="alice")


@case("a role that does not exist", "AccessDenied")
def _(w: World) -> str:
    return w.assume(f"arn:aws:iam::{ACCOUNT}:role/nothing", w.user(allow("sts:AssumeRole")))


def _assumed_with(**parameters: Any) -> Callable[[World], str]:
    def ask(w: World) -> str:
        key = w.user(allow("sts:AssumeRole"))
        return w.assume(w.role(policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"}))), key, **parameters)

    return ask


case("12 h where the role's maximum is 1 h", "ValidationError")(_assumed_with(DurationSeconds=43_200))
case("session name 'bad name!'", "ValidationError")(_assumed_with(RoleSessionName="bad name!"))


@case("a role assumed from a role, for 2 h", "ValidationError")
def _(w: World) -> str:
    key = w.session(allow("sts:AssumeRole"))
    trust = policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:role/assumed"}))
    return w.assume(w.role(trust, name="next", MaxSessionDuration=43_200), key, DurationSeconds=7_200)


# -- permissions ----------------------------------------------------------------------------------------------------------


def _may_list(*statements: dict[str, Any]) -> Callable[[World], str]:
    return lambda w: w.buckets(w.user(*statements))


def _if(condition: dict[str, Any]) -> dict[str, Any]:
    return {**LIST, "Condition": condition}


case("allowed under a StringEquals that is false", "AccessDenied")(
    _may_list(_if({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
)
case("allowed under an IpAddress that is false", "AccessDenied")(
    _may_list(_if({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}))
)
case("allowed until 2001", "AccessDenied")(
    _may_list(_if({"DateLessThan": {"aws:CurrentTime": "2001-01-01T00:00:00Z"}}))
)
case("denied under a condition that is false", "ok")(
    _may_list(LIST, deny("s3:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
)
case("action S3:listallmybuckets", "ok")(_may_list(allow("S3:listallmybuckets")))
case("action s3:ListAllMyBucket?", "ok")(_may_list(allow("s3:ListAllMyBucket?")))
case("action s3:ListAllMyBucket., which is none", "AccessDenied")(_may_list(allow("s3:ListAllMyBucket.")))
case("denied with NotResource", "AccessDenied")(
    _may_list(LIST, {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::nothing"})
)


@case("sessions before 2001 revoked, a new one", "ok")
def _(w: World) -> str:
    key = w.session(LIST)
    condition = {"DateLessThan": {"aws:TokenIssueTime": "2001-01-01T00:00:00Z"}}
    w.client("iam").put_role_policy(
        RoleName="assumed",
        PolicyName="AWSRevokeOlderSessions",
        PolicyDocument=policy(deny(["*"], ["*"], Condition=condition)),
    )
    return w.buckets(key)


@case("a session policy that allows less", "AccessDenied")
def _(w: World) -> str:
    return w.buckets(w.session(LIST, Policy=policy(allow("s3:GetObject"))))


@case("a managed session policy that allows less", "AccessDenied")
def _(w: World) -> str:
    less = w.client("iam").create_policy(PolicyName="less", PolicyDocument=policy(allow("s3:GetObject")))
    return w.buckets(w.session(LIST, PolicyArns=[{"arn": less["Policy"]["Arn"]}]))


@case("a permissions boundary that allows less", "AccessDenied")
def _(w: World) -> str:
    iam = w.client("iam")
    less = iam.create_policy(PolicyName="less", PolicyDocument=policy(allow("s3:GetObject")))["Policy"]["Arn"]
    key = w.session(LIST)
    iam.put_role_permissions_boundary(RoleName="assumed", PermissionsBoundary=less)
    return w.buckets(key)


@case("allowed by the bucket policy alone", "ok")
def _(w: World) -> str:
    s3 = w.client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cat", Body=b"meow")
    key = w.user()
    statement = {
        **allow("s3:GetObject", "arn:aws:s3:::photos/*"),
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/u"},
    }
    s3.put_bucket_policy(Bucket="photos", Policy=policy(statement))
    return outcome(w.client("s3", key).get_object, Bucket="photos", Key="cat")


@case("denied by the bucket policy", "AccessDenied")
def _(w: World) -> str:
    s3 = w.client("s3")
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="cat", Body=b"meow")
    key = w.user(allow("s3:*"))
    s3.put_bucket_policy(
        Bucket="photos", Policy=policy({**deny("s3:GetObject", "arn:aws:s3:::photos/*"), "Principal": "*"})
    )
    return outcome(w.client("s3", key).get_object, Bucket="photos", Key="cat")


@case("allowed on one queue, by its ARN", "ok")
def _(w: World) -> str:
    url = w.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    key = w.user(allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"))
    return outcome(w.client("sqs", key).send_message, QueueUrl=url, MessageBody="x")


@case("denied by EC2", "UnauthorizedOperation")
def _(w: World) -> str:
    return outcome(w.client("ec2", w.user()).describe_instances)


@case("denied by DynamoDB", "AccessDeniedException")
def _(w: World) -> str:
    return outcome(w.client("dynamodb", w.user()).list_tables)


@case("a denial says why", "because no identity-based policy allows the s3:ListAllMyBuckets action")
def _(w: World) -> str:
    try:
        w.client("s3", w.user()).list_buckets()
    except ClientError as error:
        _, because, reason = error.response["Error"]["Message"].partition("because")
        return because + reason or "no reason"
    return "ok"


# -- building -------------------------------------------------------------------------------------------------------------


def _create_role(name: str = "new", trust: str = EC2) -> Callable[[World], str]:
    return lambda w: outcome(w.client("iam").create_role, RoleName=name, AssumeRolePolicyDocument=trust)


case("CreateRole: a trust policy that is no JSON", "MalformedPolicyDocument")(_create_role(trust="notjson"))
case("CreateRole: a trust policy that is a permission policy", "MalformedPolicyDocument")(
    _create_role(trust=policy(LIST))
)
case("CreateRole: a trust policy of 5 kB", "LimitExceeded")(
    _create_role(trust=policy(trusts({"AWS": [f"arn:aws:iam::{number:012d}:root" for number in range(150)]})))
)
case("CreateRole: a principal that does not exist", "MalformedPolicyDocument")(
    _create_role(trust=policy(trusts({"AWS": f"arn:aws:iam::{ACCOUNT}:role/nothing"})))
)
case("CreateRole: a name of 65 characters", "ValidationError")(_create_role("x" * 65))
case("CreateRole: 'bad name!'", "ValidationError")(_create_role("bad name!"))


@case("CreateRole: a name that differs in case only", "EntityAlreadyExists")
def _(w: World) -> str:
    w.role()
    return _create_role("R")(w)


@case("CreateInstanceProfile: a name that differs in case only", "EntityAlreadyExists")
def _(w: World) -> str:
    w.profile(role=None)
    return outcome(w.client("iam").create_instance_profile, InstanceProfileName="R")


def _put_role_policy(*statements: dict[str, Any]) -> Callable[[World], str]:
    def ask(w: World) -> str:
        w.role()
        put = w.client("iam").put_role_policy
        return outcome(put, RoleName="r", PolicyName="p", PolicyDocument=policy(*statements))

    return ask


case("PutRolePolicy: with a principal", "MalformedPolicyDocument")(_put_role_policy({**LIST, "Principal": "*"}))
case("PutRolePolicy: 11 kB", "LimitExceeded")(
    _put_role_policy(allow("s3:*", [f"arn:aws:s3:::bucket-{number:06d}/*" for number in range(370)]))
)


@case("AttachRolePolicy: the eleventh", "LimitExceeded")
def _(w: World) -> str:
    iam = w.client("iam")
    w.role()
    answers = []
    for number in range(11):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(LIST))["Policy"]["Arn"]
        answers.append(outcome(iam.attach_role_policy, RoleName="r", PolicyArn=arn))
    return answers[-1]


@case("RemoveRoleFromInstanceProfile: a role that is not in it", "NoSuchEntity")
def _(w: World) -> str:
    w.role(), w.profile(role=None)
    return outcome(w.client("iam").remove_role_from_instance_profile, InstanceProfileName="r", RoleName="r")


@case("the id of an instance profile", "AIPA")
def _(w: World) -> str:
    return w.profile(role=None)[:4]


# -- EC2 ------------------------------------------------------------------------------------------------------------------


@case("RunInstances: an unknown profile", "InvalidParameterValue")
def _(w: World) -> str:
    return outcome(w.client("ec2").run_instances, **AMI, IamInstanceProfile={"Name": "nothing"})


@case("RunInstances: a profile without a role", "InvalidParameterValue")
def _(w: World) -> str:
    w.profile(role=None)
    return outcome(w.client("ec2").run_instances, **AMI, IamInstanceProfile={"Name": "r"})


@case("DescribeInstances: the id of IamInstanceProfile", "AIPA")
def _(w: World) -> str:
    w.role(), w.profile()
    web = w.launch(IamInstanceProfile={"Name": "r"})
    answer = w.client("ec2").describe_instances(InstanceIds=[web])
    return str(answer["Reservations"][0]["Instances"][0]["IamInstanceProfile"]["Id"])[:4]


def _replaced(w: World) -> tuple[str, str, str]:
    """An instance, the association before and the one after a Replace."""
    w.role(), w.profile()
    w.role(name="other"), w.profile("other", "other")
    web, ec2 = w.launch(), w.client("ec2")
    first = ec2.associate_iam_instance_profile(InstanceId=web, IamInstanceProfile={"Name": "r"})
    before = first["IamInstanceProfileAssociation"]["AssociationId"]
    after = ec2.replace_iam_instance_profile_association(AssociationId=before, IamInstanceProfile={"Name": "other"})
    return web, before, after["IamInstanceProfileAssociation"]["AssociationId"]


@case("Replace: the association is a new one", "new")
def _(w: World) -> str:
    _, before, after = _replaced(w)
    return "new" if before != after else "the same"


@case("Replace: DescribeInstances shows", "other")
def _(w: World) -> str:
    web, _, _ = _replaced(w)
    answer = w.client("ec2").describe_instances(InstanceIds=[web])
    return str(answer["Reservations"][0]["Instances"][0]["IamInstanceProfile"]["Arn"]).rpartition("/")[2]


@case("Replace: on a stopped instance", "IncorrectState")
def _(w: World) -> str:
    web, _, after = _replaced(w)
    ec2 = w.client("ec2")
    ec2.stop_instances(InstanceIds=[web])
    return outcome(ec2.replace_iam_instance_profile_association, AssociationId=after, IamInstanceProfile={"Name": "r"})


@case("Associate: on a terminated instance", "IncorrectInstanceState")
def _(w: World) -> str:
    w.role(), w.profile()
    web, ec2 = w.launch(), w.client("ec2")
    ec2.terminate_instances(InstanceIds=[web])
    return outcome(ec2.associate_iam_instance_profile, InstanceId=web, IamInstanceProfile={"Name": "r"})


# -- what moto does not have ----------------------------------------------------------------------------------------------


@case("SimulatePrincipalPolicy", "allowed")
def _(w: World) -> str:
    w.user(LIST)
    try:
        answer = w.client("iam").simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/u", ActionNames=["s3:ListAllMyBuckets"]
        )
    except NotImplementedError as error:
        return f"{type(error).__name__}!"
    return str(answer["EvaluationResults"][0]["EvalDecision"])


@case("DecodeAuthorizationMessage", "iam:PassRole")
def _(w: World) -> str:
    key = w.user(allow("ec2:*"))
    w.role(), w.profile()
    try:
        w.client("ec2", key).run_instances(**AMI, IamInstanceProfile={"Name": "r"})
    except ClientError as error:
        encoded = error.response["Error"]["Message"].rpartition(" ")[2]
    else:
        encoded = "nothing was denied"
    try:
        opened = w.client("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    except NotImplementedError as error:
        return f"{type(error).__name__}!"
    return str(json.loads(opened)["context"]["action"])


def rows() -> Iterator[tuple[Case, str, str]]:
    """Each case, with what moto answers alone and with us in front."""
    for one in CASES:
        with world(in_front=False) as alone:
            before = _asked(one, alone)
        with world(in_front=True) as behind:
            after = _asked(one, behind)
        yield one, before, after


def _asked(one: Case, where: World) -> str:
    try:
        return one.ask(where)
    except Exception as error:  # noqa: BLE001 - how it dies is what the table shows
        return f"{type(error).__name__}: {str(error)[:60]}"


def main() -> int:
    """Print the table; 1 if something is wrong with us in front."""
    wrong_before = wrong_after = 0
    print(f"{'':56} {'AWS':26} {'moto alone':34} with ec2roles in front")
    for one, before, after in rows():
        marks = [" " if answer == one.aws else "x" for answer in (before, after)]
        wrong_before += marks[0] == "x"
        wrong_after += marks[1] == "x"
        print(f"{one.what:56} {one.aws[:24]:24} {marks[0]} {before[:32]:32} {marks[1]} {after[:32]}".rstrip())
    print(f"{len(CASES)} cases; wrong: moto alone {wrong_before}, with ec2roles in front {wrong_after}")
    return 1 if wrong_after else 0


if __name__ == "__main__":
    sys.exit(main())
