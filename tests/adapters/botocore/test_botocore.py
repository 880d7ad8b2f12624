"""boto3 in this process: the same clients, the same errors, no socket."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
import botocore
import botocore.client
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError

from ec2roles import (
    Account,
    Cloud,
    Credentials,
    Instance,
    InstanceProfile,
    PermissionPolicy,
    Role,
    Timekeeper,
    TokenService,
    TrustPolicy,
)
from ec2roles.adapters.aws.actions import ApiActions
from ec2roles.adapters.botocore import session as adapter
from ec2roles.adapters.botocore.session import install, patch_client
from ec2roles.errors import UnsupportedError
from helpers.served import LOADER
from helpers.worlds import EC2, OTHER, user_with_key

"""One for all: the models of services are large."""

NEVER = {"retries": {"max_attempts": 0}, "connect_timeout": 1}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever reaches the network fails the test."""

    def sent(self: Any, request: Any) -> None:
        raise AssertionError(f"sent to the network: {request.url}")

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", sent)
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)


def boto_session(source: Account | Instance, **options: Any) -> Any:
    """A session that reads no model again."""
    return adapter.boto_session(source, loader=LOADER, **options)


def world(*statements: PermissionPolicy) -> tuple[Account, Role, Instance]:
    """An instance with a role that has these permissions."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    account.create_instance_profile("app").add_role(role)
    for number, policy in enumerate(statements):
        role.put_policy(f"p{number}", policy)
    account.s3.create_bucket("photos")
    return account, role, account.launch_instance("app")


def error_of(call: Any, *args: Any, **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(*args, **parameters)
    found: dict[str, Any] = caught.value.response
    return {**found["Error"], "Status": found["ResponseMetadata"]["HTTPStatusCode"]}


def test_a_program_on_an_instance_uses_its_role() -> None:
    _, role, web = world(PermissionPolicy.allow("s3:ListAllMyBuckets"))
    session = boto_session(web)
    s3 = session.client("s3")
    answer = s3.list_buckets()
    assert [one["Name"] for one in answer["Buckets"]] == ["photos"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    identity = session.client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::123456789012:assumed-role/app/{web.instance_id}"
    error = error_of(s3.put_object, Bucket="photos", Key="cat", Body=b"meow")
    assert (error["Code"], error["Status"]) == ("AccessDenied", 403)
    assert error["Message"] == web.call("s3:PutObject", "arn:aws:s3:::photos/cat", body=b"x").error.message  # type: ignore[union-attr]
    assert "is not authorized to perform: s3:PutObject" in error["Message"]
    role.put_policy("write", PermissionPolicy.allow("s3:*"))
    s3.put_object(Bucket="photos", Key="cat", Body=b"meow")
    assert s3.get_object(Bucket="photos", Key="cat")["Body"].read() == b"meow"


def test_the_call_is_in_the_history_as_the_instances_own() -> None:
    account, _, web = world(PermissionPolicy.allow("s3:*"))
    boto_session(web).client("s3").list_buckets()
    (event,) = account.history.events(instance=web, kind="call")
    assert (event.operation, event.subject) == ("ListBuckets", "arn:aws:s3:::*")


def allowed_and_denied() -> Iterator[tuple[str, str, dict[str, Any], str, str, str]]:
    """Service, method, parameters, IAM action, resource, code of a denial."""
    here = "us-east-1:123456789012"
    yield "s3", "list_objects_v2", {"Bucket": "photos"}, "s3:ListBucket", "arn:aws:s3:::photos", "AccessDenied"
    yield (
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::123456789012:role/other", "RoleSessionName": "xx"},
        "sts:AssumeRole",
        "arn:aws:iam::123456789012:role/other",
        "AccessDenied",
    )
    yield "ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "ec2:CreateVpc", "*", "UnauthorizedOperation"
    yield (
        "dynamodb",
        "get_item",
        {"TableName": "table", "Key": {"k": {"S": "1"}}},
        "dynamodb:GetItem",
        f"arn:aws:dynamodb:{here}:table/table",
        "AccessDeniedException",
    )
    yield (
        "sqs",
        "send_message",
        {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q", "MessageBody": "x"},
        "sqs:SendMessage",
        f"arn:aws:sqs:{here}:q",
        "AccessDenied",
    )
    yield (
        "lambda",
        "invoke",
        {"FunctionName": "f"},
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{here}:function:f",
        "AccessDeniedException",
    )
    yield (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "db"},
        "secretsmanager:GetSecretValue",
        f"arn:aws:secretsmanager:{here}:secret:db-EXAMPL",
        "AccessDeniedException",
    )
    yield "iam", "list_open_id_connect_providers", {}, "iam:ListOpenIDConnectProviders", "*", "AccessDenied"
    yield (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
        "cloudwatch:PutMetricData",
        "*",
        "AccessDenied",
    )
    yield "dynamodb", "execute_statement", {"Statement": "SELECT * FROM t"}, "dynamodb:PartiQLSelect", "*", "AccessDeniedException"  # fmt: skip


@pytest.mark.parametrize(
    ("service", "method", "parameters", "action", "resource", "code"), [*allowed_and_denied()], ids=lambda one: str(one)[:24]
)  # fmt: skip
def test_a_call_is_judged_as_iam_does(
    service: str, method: str, parameters: dict[str, Any], action: str, resource: str, code: str
) -> None:
    """Denied without the permission; with it, answered if it is simulated, and clearly refused if it is not."""
    account, role, web = world()
    account.create_role("other", trust=TrustPolicy.principal(role.arn))
    if service == "sts":
        role.put_policy("no", PermissionPolicy.deny(action))
    client = boto_session(web).client(service)
    denied = error_of(getattr(client, method), **parameters)
    # CloudWatch's newer protocol has the exception's name.
    assert denied["Code"] in (code, f"{code}Exception")
    assert (action.lower() if service == "sqs" else action) in denied["Message"]
    if service == "sts":
        role.delete_policy("no")
    role.put_policy("yes", PermissionPolicy.allow(action, resource=resource))
    if service in ("s3", "sts"):
        assert getattr(client, method)(**parameters)["ResponseMetadata"]["HTTPStatusCode"] == 200
    else:
        refused = error_of(getattr(client, method), **parameters)
        assert (refused["Code"], refused["Status"]) == ("NotImplemented", 501)
        assert "is allowed, but it is not simulated" in refused["Message"]


def test_credentials_are_refreshed_by_the_simulated_clock_for_a_week() -> None:
    """One client, made once; at any hour its call works, and never with credentials that have expired."""
    account, _, web = world(PermissionPolicy.allow("s3:*"))
    s3 = boto_session(web).client("s3")
    keys = set()
    for _ in range(7 * 24):
        account.clock.advance(hours=1)
        s3.list_buckets()
        keys.add(s3._request_signer._credentials.access_key)
    assert 25 <= len(keys) <= 40  # one in about five hours and three quarters: fifteen minutes before the old one ends


def test_a_detach_in_mid_session_is_noticed_when_the_credentials_run_out() -> None:
    """As on a real instance: the SDK keeps what it has; then botocore's own errors."""
    account, _, web = world(PermissionPolicy.allow("s3:*"))
    session = boto_session(web)
    s3 = session.client("s3")
    s3.list_buckets()
    web.detach()
    account.clock.advance(hours=5)
    s3.list_buckets()
    account.clock.advance(hours=1)
    with pytest.raises(CredentialRetrievalError):
        s3.list_buckets()
    with pytest.raises(NoCredentialsError, match="Unable to locate credentials"):
        boto_session(web).client("s3").list_buckets()
    web.attach("app")
    s3.list_buckets()


def test_a_client_made_before_the_role_is_attached_has_no_credentials() -> None:
    account = Account()
    web = account.launch_instance()
    with pytest.raises(NoCredentialsError):
        boto_session(web).client("sts").get_caller_identity()


def test_a_program_in_a_container_gets_what_the_hop_limit_leaves_it() -> None:
    _, _, web = world(PermissionPolicy.allow("s3:ListAllMyBuckets"))
    box = web.container()
    boto_session(box).client("s3").list_buckets()
    with install(box):
        boto3.client("s3").list_buckets()
    web.modify_metadata_options(http_tokens="required")
    boto_session(web).client("s3").list_buckets()
    with pytest.raises(NoCredentialsError):
        boto_session(box).client("s3").list_buckets()
    web.modify_metadata_options(http_put_response_hop_limit=2)
    s3 = boto_session(box).client("s3")
    s3.list_buckets()
    patch_client(s3, box)


def test_expired_and_wrong_credentials_are_refused_as_each_service_does() -> None:
    """Keys given to one client come before those of the session: the canary for a private name of botocore."""
    account, _, web = world(PermissionPolicy.allow("*"))
    old = web.metadata.credentials()
    assert old is not None
    assert old.session_token is not None
    session = boto_session(web)

    def client(service: str, secret: str | None = None, token: str | None = None) -> Any:
        assert old is not None
        assert old.session_token is not None
        return session.client(
            service,
            aws_access_key_id=old.access_key_id,
            aws_secret_access_key=secret or old.secret_access_key.reveal(),
            aws_session_token=token or old.session_token.reveal(),
        )

    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    assert error_of(client("sts", secret="x").get_caller_identity)["Code"] == "SignatureDoesNotMatch"
    assert error_of(client("s3", token="x").list_buckets)["Code"] == "InvalidToken"
    assert error_of(client("dynamodb", token="x").list_tables)["Code"] == "UnrecognizedClientException"
    account.clock.advance(hours=7)
    for service, method, code, status in (
        ("sts", "get_caller_identity", "ExpiredToken", 403),
        ("s3", "list_buckets", "ExpiredToken", 400),
        ("ec2", "describe_instances", "RequestExpired", 400),
        ("dynamodb", "list_tables", "ExpiredTokenException", 400),
    ):
        error = error_of(getattr(client(service), method))
        assert (error["Code"], error["Status"]) == (code, status)
    unsigned = session.client("s3", config=Config(signature_version=botocore.UNSIGNED))
    assert error_of(unsigned.list_buckets)["Code"] == "AccessDenied"


def test_paginators_waiters_resources_and_transfers_work() -> None:
    _, _, web = world(PermissionPolicy.allow("s3:*"))
    session = boto_session(web)
    s3 = session.client("s3")
    s3.get_waiter("bucket_exists").wait(Bucket="photos")
    for number in range(25):
        s3.put_object(Bucket="photos", Key=f"folder {number % 3}/é{number:02}", Body=f"{number}")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="photos", PaginationConfig={"PageSize": 10}))
    assert [len(page["Contents"]) for page in pages] == [10, 10, 5]
    assert pages[0]["Contents"][0]["Key"] == "folder 0/é00"
    groups = s3.list_objects(Bucket="photos", Delimiter="/")["CommonPrefixes"]
    assert [one["Prefix"] for one in groups] == ["folder 0/", "folder 1/", "folder 2/"]
    s3.upload_fileobj(io.BytesIO(b"meow"), "photos", "cat", ExtraArgs={"Metadata": {"who": "me"}})
    target = io.BytesIO()
    s3.download_fileobj("photos", "cat", target)
    assert target.getvalue() == b"meow"
    assert s3.head_object(Bucket="photos", Key="cat")["Metadata"] == {"who": "me"}
    assert s3.get_object(Bucket="photos", Key="cat", Range="bytes=1-2")["Body"].read() == b"eo"
    assert s3.get_bucket_location(Bucket="photos")["LocationConstraint"] is None
    missing = error_of(s3.head_object, Bucket="photos", Key="nope")
    assert (missing["Code"], missing["Message"], missing["Status"]) == ("404", "Not Found", 404)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="photos", Key="nope")
    bucket = session.resource("s3").Bucket("photos")
    assert len(list(bucket.objects.all())) == 26
    bucket.objects.all().delete()
    bucket.delete()
    s3.get_waiter("bucket_not_exists").wait(Bucket="photos")


def test_threads_of_one_session_do_not_meet_in_the_world() -> None:
    """Eight at once write to the same bucket; nothing is lost and nothing breaks."""
    account, _, web = world(PermissionPolicy.allow("s3:*"))
    s3 = boto_session(web).client("s3")

    def put(thread: int) -> None:
        for number in range(25):
            s3.put_object(Bucket="photos", Key=f"{thread}/{number}", Body=b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert len(account.s3["photos"].objects) == 200


def test_a_role_is_assumed_across_accounts_and_used() -> None:
    """The caller's account answers: each client sees its own buckets."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    alice, key = user_with_key(mine, admin=True)
    role = theirs.create_role("shared", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("s3", PermissionPolicy.allow("s3:*"))
    theirs.s3.create_bucket("theirs")
    session = boto_session(mine, credentials=key)
    sts = session.client("sts")
    given = sts.assume_role(RoleArn=role.arn, RoleSessionName="me", DurationSeconds=900)["Credentials"]
    s3 = session.client(
        "s3",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["theirs"]
    assert session.client("s3").list_buckets()["Buckets"] == []
    assert given["Expiration"] - cloud.clock.now() == timedelta(minutes=15)
    assert error_of(sts.assume_role, RoleArn=role.arn, RoleSessionName="a b")["Code"] == "ValidationError"


def test_a_url_is_presigned_without_asking_anybody() -> None:
    """As with AWS: only its use is judged."""
    _, _, web = world()
    url = boto_session(web).client("s3").generate_presigned_url("get_object", {"Bucket": "photos", "Key": "cat"})
    assert "Signature=" in url


def test_installed_it_reaches_code_that_makes_its_own_clients() -> None:
    """And nothing is left of it afterwards."""
    _, _, web = world(PermissionPolicy.allow("s3:ListAllMyBuckets"))
    before = boto3.DEFAULT_SESSION
    with install(web):
        assert [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]] == ["photos"]
        assert boto3.Session().client("ec2").meta.region_name == "us-east-1"
        assert botocore.session.Session().get_credentials().method == "iam-role"
        assert error_of(boto3.client("sqs").list_queues)["Code"] == "AccessDenied"
    assert boto3.DEFAULT_SESSION is before
    client = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b").client("sts", region_name="us-east-1")
    with pytest.raises(AssertionError, match="sent to the network"):
        client.get_caller_identity()


def test_a_client_that_exists_is_patched() -> None:
    account, _, _ = world()
    _, key = user_with_key(account, admin=True)
    client = boto3.Session(
        aws_access_key_id=key.access_key_id, aws_secret_access_key=key.secret_access_key.reveal()
    ).client("s3", config=Config(**NEVER))
    patch_client(client, account)
    assert [one["Name"] for one in client.list_buckets()["Buckets"]] == ["photos"]


def test_an_allowed_call_may_go_on_and_a_denied_one_never_does() -> None:
    """What stands behind is moto, or here a test that fails."""
    _, role, web = world()
    sqs = boto_session(web, fallthrough=True).client("sqs", config=Config(**NEVER))
    assert error_of(sqs.list_queues)["Code"] == "AccessDenied"
    role.put_policy("sqs", PermissionPolicy.allow("sqs:*"))
    with pytest.raises(AssertionError, match="sent to the network"):
        sqs.list_queues()


def test_a_service_that_is_simulated_may_be_somebody_elses() -> None:
    """Its calls are judged as ever, and nothing is done here."""
    account, role, web = world()
    s3 = boto_session(web, fallthrough=True).client("s3", config=Config(**NEVER))
    assert error_of(s3.create_bucket, Bucket="elsewhere")["Code"] == "AccessDenied"
    role.put_policy("s3", PermissionPolicy.allow("s3:CreateBucket", resource="arn:aws:s3:::elsewhere"))
    with pytest.raises(AssertionError, match="sent to the network"):
        s3.create_bucket(Bucket="elsewhere")
    assert [bucket.name for bucket in account.s3.buckets] == ["photos"]


def test_what_aws_takes_unsigned_goes_on_without_a_decision() -> None:
    """IAM is not asked when an app's user logs in; STS asks a trust policy, and has no such operation here."""
    account, _, _ = world()
    session = boto_session(account, fallthrough=True)
    with pytest.raises(AssertionError, match="sent to the network"):
        session.client("cognito-identity", config=Config(**NEVER)).get_id(IdentityPoolId="us-east-1:1")
    assume = session.client("sts", config=Config(**NEVER)).assume_role_with_web_identity
    given = {"RoleArn": "arn:aws:iam::123456789012:role/app", "RoleSessionName": "me", "WebIdentityToken": "abcd"}
    assert error_of(assume, **given)["Code"] == "MissingAuthenticationToken"


def test_actions_and_resources_are_extended_by_the_user() -> None:
    _, role, web = world(PermissionPolicy.allow("athena:StartQueryExecution"))
    actions = ApiActions(
        {"athena:StartQueryExecution": ["athena:StartQueryExecution", "glue:GetTable"]},
        {
            "athena": lambda given, region, account: (
                f"arn:aws:athena:{region}:{account}:workgroup/{given.get('WorkGroup')}"
            )
        },
    )
    athena = boto_session(web, actions=actions).client("athena")
    error = error_of(athena.start_query_execution, QueryString="select 1", WorkGroup="w")
    assert "glue:GetTable on resource: arn:aws:athena:us-east-1:123456789012:workgroup/w" in error["Message"]
    role.put_policy("glue", PermissionPolicy.allow("glue:GetTable"))
    assert error_of(athena.start_query_execution, QueryString="select 1", WorkGroup="w")["Code"] == "NotImplemented"


def test_who_hands_a_role_to_a_service_must_be_allowed_to_pass_it() -> None:
    """iam:PassRole is asked with the service that gets the role."""
    account, role, web = world(PermissionPolicy.allow("lambda:*"))
    deputy = account.create_role("deputy", trust=TrustPolicy.service("lambda.amazonaws.com")).arn
    make = boto_session(web).client("lambda").create_function
    given = {"FunctionName": "f", "Role": deputy, "Code": {"ZipFile": b"x"}, "Handler": "h.h", "Runtime": "python3.13"}
    for service in ("ec2.amazonaws.com", "lambda.amazonaws.com"):
        refused = error_of(make, **given)
        assert refused["Code"] == "AccessDeniedException"
        assert f"perform: iam:PassRole on resource: {deputy}" in refused["Message"]
        where = {"StringEquals": {"iam:PassedToService": service}}
        role.put_policy("pass", PermissionPolicy.allow("iam:PassRole", resource=deputy, condition=where))
    assert error_of(make, **given)["Code"] == "NotImplemented"


def test_an_instance_built_by_hand_has_sts_and_no_other_service() -> None:
    time = Timekeeper()
    role = Role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), time=time)
    role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    profile = InstanceProfile("app", role=role, time=time)
    instance = Instance(profile=profile, time=time, sts=TokenService(time=time))
    session = boto_session(instance)
    arn = session.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/app/{instance.instance_id}"
    with pytest.raises(ClientError, match="NotImplemented"):
        session.client("s3").list_buckets()


def test_a_session_needs_an_instance_a_container_or_an_account() -> None:
    class Nowhere:
        def call(self, call: Any, *, strict: bool = False) -> Any:
            raise NotImplementedError

        can = call

    time = Timekeeper()
    with pytest.raises(UnsupportedError, match="needs an instance of an Account"):
        boto_session(Instance(time=time, sts=TokenService(time=time), api=Nowhere()))
    with pytest.raises(TypeError):
        boto_session(Account().launch_instance(), credentials=Credentials("a", "b"))
    for nothing in (None, "i-0123456789abcdef0", Cloud()):
        with pytest.raises(TypeError, match="needs an instance, a container or an account"):
            boto_session(nothing)  # type: ignore[arg-type]
