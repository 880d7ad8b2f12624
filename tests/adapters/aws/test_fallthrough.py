"""
An account in front of something that believes everybody, as moto does: our decision first.

What stands behind here is another account of ours, so nothing has to be installed; test_moto.py has moto itself.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ec2roles import Account, PermissionPolicy, TrustPolicy
from ec2roles.adapters.aws.fallthrough import Fallthrough
from ec2roles.adapters.botocore.session import boto_session, install, patch_client
from ec2roles.adapters.moto.account import MotoAccount, account_from_moto
from ec2roles.adapters.moto.facts import facts_of_account
from ec2roles.errors import AuthorizationDetailsError
from helpers.permissive import PermissiveBackend
from helpers.served import LOADER, client
from helpers.worlds import ADMIN, EC2, user_with_key

BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}],
}


@pytest.fixture(autouse=True)
def plain_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind cannot read bodies in chunks."""
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")


def furnished() -> PermissiveBackend:
    """One with something of everything."""
    behind = PermissiveBackend.new()
    there = behind.account
    team = there.create_policy("team", PermissionPolicy.allow("s3:*"), path="/team/")
    staff = there.create_group("staff", path="/staff/")
    staff.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    alice, _ = user_with_key(there)
    alice.add_to_group(staff)
    alice.attach_policy("ReadOnlyAccess")
    alice.put_permissions_boundary(team.arn)
    alice.tag({"stage": "test"})
    role = there.create_role("app", trust=EC2, path="/web/", max_session_duration=7200, tags={"stage": "test"})
    role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    role.attach_policy(team.arn)
    there.create_instance_profile("app", path="/web/").add_role(role)
    there.create_instance_profile("empty")
    # It is listed before the role that it trusts.
    there.create_role("a-deputy", trust=TrustPolicy.principal(role.arn))
    there.s3.create_bucket("photos", public_access_block=None).policy = BUCKET_POLICY
    return behind


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def front(behind: PermissiveBackend, account: Account, credentials: Any, service: str, **options: Any) -> Any:
    """A client of *account* with *behind* behind it."""
    found = boto_session(account, credentials=credentials, loader=LOADER, **{"fallthrough": True, **options}).client(
        service, config=Config(retries={"max_attempts": 0})
    )
    behind.attach(found.meta.events)
    return found


# -- what an account takes over -------------------------------------------------------------------------------------------


def test_the_account_has_what_stands_behind_it() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())

    assert facts_of_account(account) == account._seen
    assert {fact[0] for fact in account._seen} == {
        "policy", "group", "user", "role", "profile", "trust", "duration", "tags", "inline", "attached", "boundary",
        "member", "held", "key", "bucket", "bucket policy",
    }  # fmt: skip
    assert account.roles["app"].arn == behind.account.roles["app"].arn
    assert account.roles["app"].role_id != behind.account.roles["app"].role_id
    assert account.launch_instance("app").can("s3:ListAllMyBuckets")


CHANGES: list[Callable[[Account], object]] = [
    lambda there: there.create_role("new", trust=TrustPolicy.principal(there.roles["app"].arn)).put_policy("p", ADMIN),
    lambda there: there.roles["app"].update_trust(TrustPolicy.service("lambda.amazonaws.com")),
    lambda there: there.roles["app"].delete_policy("list"),
    lambda there: there.roles["app"].put_policy("list", ADMIN),
    lambda there: there.roles["app"].detach_policy(there.policies["team"].arn),
    lambda there: there.roles["app"].update(max_session_duration=3600),
    lambda there: (there.roles["app"].untag(["stage"]), there.roles["app"].tag({"team": "red"})),
    lambda there: there.roles["app"].put_permissions_boundary("ReadOnlyAccess"),
    lambda there: there.users["alice"].delete_permissions_boundary(),
    lambda there: there.users["alice"].remove_from_group(there.groups["staff"]),
    lambda there: there.users["alice"].create_access_key(),
    lambda there: there.users["alice"].update_access_key(next(iter(there.users["alice"].access_keys)), "Inactive"),
    lambda there: there.users["alice"].delete_access_key(next(iter(there.users["alice"].access_keys))),
    lambda there: there.policies["team"].create_version(ADMIN),
    lambda there: [there.policies["team"].create_version(PermissionPolicy.allow(f"s3:Get{n}")) for n in range(3)],
    lambda there: there.instance_profiles["app"].remove_role(),
    lambda there: there.instance_profiles["empty"].add_role(there.roles["a-deputy"]),
    lambda there: there.instance_profiles["empty"].remove_role(),
    lambda there: (there.delete_instance_profile("empty"), there.create_instance_profile("other")),
    lambda there: there.delete_role("a-deputy"),
    lambda there: (there.create_user("bob").tag({"a": "b"}), there.create_group("nobody")),
    lambda there: setattr(there.s3["photos"], "policy", None),
    lambda there: (there.s3.delete_bucket("photos"), there.s3.create_bucket("films")),
]


def test_it_follows_every_kind_of_change_one_by_one_and_all_at_once() -> None:
    behind = furnished()
    step_by_step, at_once = account_from_moto(behind.session()), account_from_moto(behind.session())
    for number, change in enumerate(CHANGES):
        change(behind.account)
        step_by_step.follow()
        assert facts_of_account(step_by_step) == step_by_step._seen, number
    at_once.follow()
    assert {fact for fact in at_once._seen if fact[0] != "key"} == {
        fact for fact in step_by_step._seen if fact[0] != "key"
    }
    assert facts_of_account(at_once) == at_once._seen


def test_what_was_changed_here_alone_stays() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    account.roles["app"].attach_policy("AdministratorAccess")
    account.create_role("mine", trust=EC2)
    behind.account.create_role("theirs", trust=EC2)
    account.follow()

    assert {"mine", "theirs"} <= set(account.roles)
    assert "AdministratorAccess" in {policy.name for policy in account.roles["app"].attached_policies}


def test_what_aws_would_refuse_is_named_and_nothing_has_changed() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    before = facts_of_account(account)
    behind.account.create_role("fine", trust=EC2)
    account.create_role("THEIRS", trust=EC2)
    behind.account.create_role("theirs", trust=EC2)
    with pytest.raises(AuthorizationDetailsError, match="moto has role theirs, which AWS would refuse"):
        account.follow()
    account.delete_role("THEIRS")
    assert facts_of_account(account) == before
    account.follow()
    assert {"fine", "theirs"} <= set(account.roles)


# -- our decision first ---------------------------------------------------------------------------------------------------


def test_a_denied_call_never_arrives_and_an_allowed_one_is_answered_there() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    alice = account.create_user("eve")
    s3 = front(behind, account, alice.create_access_key(), "s3")
    behind.calls.clear()

    assert code_of(s3.list_buckets) == "AccessDenied"
    assert code_of(s3.create_bucket, Bucket="films") == "AccessDenied"
    assert behind.calls == []
    alice.put_policy("s3", PermissionPolicy.allow("s3:*"))
    s3.create_bucket(Bucket="films")
    for body in (b"meow", io.BytesIO(b"meow")):
        s3.put_object(Bucket="films", Key="cat", Body=body)
        assert behind.account.s3["films"].objects["cat"].body == b"meow"
        assert s3.get_object(Bucket="films", Key="cat")["Body"].read() == b"meow"
    assert sorted(bucket.name for bucket in account.s3.buckets) == ["films", "photos"]
    assert account.s3["films"].objects == {}
    # Its errors come through.
    assert code_of(s3.get_object, Bucket="films", Key="dog") == "NoSuchKey"


def test_credentials_expire_although_what_stands_behind_knows_nothing_of_it() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    web = account.launch_instance("app")
    account.roles["app"].put_policy("s3", PermissionPolicy.allow("s3:*"))
    old = web.metadata.credentials()
    s3 = front(behind, account, old, "s3")
    s3.list_buckets()
    account.clock.advance(timedelta(hours=7))
    behind.calls.clear()

    assert code_of(s3.list_buckets) == "ExpiredToken"
    assert behind.calls == []


def test_the_keys_that_users_have_there_work_here() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    (theirs,) = account.keys
    with install(account, fallthrough=True):
        s3 = client("s3", "http://127.0.0.1:1", behind.account.sts.sessions.find(theirs, behind.account.time.instant()).credentials)  # type: ignore[union-attr]  # fmt: skip
    patch_client(s3, account, fallthrough=True)
    behind.attach(s3.meta.events)
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["photos"]
    account.users["alice"].update_access_key(account.keys[theirs].access_key_id, "Inactive")
    assert code_of(s3.list_buckets) == "InvalidAccessKeyId"


def test_iam_is_answered_here_and_told_there() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    key = user_with_key(account, "admin", admin=True)[1]
    iam = front(behind, account, key, "iam")
    behind.calls.clear()
    role = iam.create_role(RoleName="new", AssumeRolePolicyDocument=EC2.to_json())["Role"]
    assert role["RoleId"] == account.roles["new"].role_id != behind.account.roles["new"].role_id
    assert role["AssumeRolePolicyDocument"] == EC2.to_dict()
    assert iam.get_role(RoleName="new")["Role"]["RoleId"] == role["RoleId"]
    assert code_of(iam.create_role, RoleName="NEW", AssumeRolePolicyDocument=EC2.to_json()) == "EntityAlreadyExists"
    assert code_of(iam.create_role, RoleName="no", AssumeRolePolicyDocument="{}") == "MalformedPolicyDocument"
    assert behind.calls == ["iam:CreateRole"]
    # Keys are made here alone.
    iam.create_user(UserName="bob")
    iam.create_access_key(UserName="bob")
    assert behind.account.users["bob"].access_keys == {}


def test_what_the_other_side_refuses_is_kept_and_done_here_all_the_same() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    behind.account.delete_role("a-deputy")
    iam = front(behind, account, user_with_key(account, "admin", admin=True)[1], "iam")
    answer = iam.delete_role(RoleName="a-deputy")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "a-deputy" not in account.roles
    ((operation, said),) = account.fallthrough.unheard
    assert operation == "iam:DeleteRole"
    assert said.startswith("NoSuchEntity: ")


def test_a_bucket_policy_that_is_put_there_counts_here() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    nobody = user_with_key(account, "nobody")[1]
    admin = front(behind, account, user_with_key(account, "admin", admin=True)[1], "s3")
    behind.account.s3["photos"].put_object("cat", b"meow")
    read = front(behind, account, nobody, "s3").get_object
    assert read(Bucket="photos", Key="cat")["Body"].read() == b"meow"
    admin.delete_bucket_policy(Bucket="photos")
    assert code_of(read, Bucket="photos", Key="cat") == "AccessDenied"
    admin.put_bucket_policy(Bucket="photos", Policy=json.dumps(BUCKET_POLICY))
    assert read(Bucket="photos", Key="cat")["Body"].read() == b"meow"


def test_a_bucket_policy_counts_for_operations_that_are_not_simulated_too() -> None:
    """It denies PutObject, and a file in parts is put by other operations."""
    behind = furnished()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "arn:aws:s3:::photos/*"}
    behind.account.s3["photos"].policy = {"Version": "2012-10-17", "Statement": [deny]}
    account = account_from_moto(behind.session())
    s3 = front(behind, account, user_with_key(account, "admin", admin=True)[1], "s3")
    behind.calls.clear()
    assert code_of(s3.create_multipart_upload, Bucket="photos", Key="film") == "AccessDenied"
    assert code_of(s3.put_object_tagging, Bucket="photos", Key="cat", Tagging={"TagSet": []}) == "AccessDenied"
    assert behind.calls == []


def test_a_copy_never_arrives_from_where_its_maker_may_not_read() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    user, key = user_with_key(account, "carol")
    user.put_policy("put", PermissionPolicy.allow("s3:*", resource=["arn:aws:s3:::photos/*"]))
    s3 = front(behind, account, key, "s3")
    behind.calls.clear()
    refused = code_of(s3.copy_object, Bucket="photos", Key="k", CopySource={"Bucket": "payroll", "Key": "k"})
    assert (refused, behind.calls) == ("AccessDenied", [])


def test_versions_tags_and_acls_of_objects_need_actions_of_their_own() -> None:
    """The service authorization reference: GetObjectVersion in place of GetObject, PutObjectTagging besides PutObject."""
    behind = furnished()
    account = account_from_moto(behind.session())
    user, key = user_with_key(account, "carol")
    plain = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    user.put_policy("plain", PermissionPolicy.allow(*plain, resource="arn:aws:s3:::films/*"))
    account.s3.create_bucket("films")
    s3 = front(behind, account, key, "s3")
    about: dict[str, Any] = {"Bucket": "films", "Key": "k"}
    behind.calls.clear()
    asked: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
        ("s3:GetObjectVersion", s3.get_object, {**about, "VersionId": "1"}),
        ("s3:DeleteObjectVersion", s3.delete_object, {**about, "VersionId": "1"}),
        (
            "s3:DeleteObjectVersion",
            s3.delete_objects,
            {"Bucket": "films", "Delete": {"Objects": [{"Key": "j"}, {"Key": "k", "VersionId": "1"}]}},
        ),
        ("s3:PutObjectTagging", s3.put_object, {**about, "Body": b"", "Tagging": "a=b"}),
        ("s3:PutObjectAcl", s3.put_object, {**about, "Body": b"", "ACL": "public-read"}),
        ("s3:PutObjectAcl", s3.put_object, {**about, "Body": b"", "GrantRead": "id=1"}),
    ]
    for action, call, given in asked:
        with pytest.raises(ClientError, match=f"perform: {action} on"):
            call(**given)
    assert behind.calls == []


def test_which_services_are_answered_here_can_be_chosen() -> None:
    """EC2 behind: iam:PassRole is asked here all the same."""
    behind = furnished()
    account = account_from_moto(behind.session())
    user, key = user_with_key(account, "carol")
    user.put_policy("ec2", PermissionPolicy.allow("ec2:*"))
    chosen = Fallthrough(here=("iam", "sts"), account=account)
    ec2 = front(behind, account, key, "ec2", fallthrough=chosen)
    launch = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
    assert code_of(ec2.run_instances, **launch, IamInstanceProfile={"Name": "app"}) == "UnauthorizedOperation"
    launched = ec2.run_instances(**launch)["Instances"][0]["InstanceId"]
    assert launched in behind.account.instances
    assert launched not in account.instances


def test_a_program_on_an_instance_is_in_front_of_it_too() -> None:
    behind = furnished()
    account = account_from_moto(behind.session())
    web = account.launch_instance("app")
    s3 = boto_session(web, fallthrough=account.fallthrough, loader=LOADER).client("s3")
    behind.attach(s3.meta.events)
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["photos"]
    assert isinstance(account, MotoAccount)
