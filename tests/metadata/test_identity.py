"""The instance identity document, its signatures, and the identity role."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from ec2roles import Account, Credentials, Instance
from ec2roles.secret import Secret

DOCUMENT = "/latest/dynamic/instance-identity/document"
IDENTITY = "/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
EVERYONE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::open/*"},
}


def identity(instance: Instance, *, token: bool = True) -> Credentials:
    """The credentials of the identity role, read as an SDK reads a document."""
    headers = {TOKEN: instance.metadata.put("/latest/api/token", {TTL: "60"}).body} if token else {}
    found = json.loads(instance.metadata.get(IDENTITY, headers).body)
    assert list(found) == ["Code", "LastUpdated", "Type", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"]
    return Credentials(found["AccessKeyId"], Secret(found["SecretAccessKey"]), session_token=Secret(found["Token"]))


def test_the_identity_document_moves_its_pending_time_with_a_start() -> None:
    account = Account(region="eu-west-1")
    web = account.launch_instance(instance_type="t4g.micro", availability_zone="eu-west-1b")
    first = json.loads(web.metadata.get(DOCUMENT).body)
    account.clock.advance(hours=1)
    web.reboot()
    assert json.loads(web.metadata.get(DOCUMENT).body) == first
    web.stop()
    account.clock.advance(hours=1)
    web.start()

    assert json.loads(web.metadata.get(DOCUMENT).body) == {**first, "pendingTime": "2026-01-01T02:00:00Z"}
    assert first["pendingTime"] == "2026-01-01T00:00:00Z"
    assert (first["architecture"], first["availabilityZone"]) == ("arm64", "eu-west-1b")


@pytest.mark.parametrize(("kind", "size"), [("pkcs7", 831), ("rsa2048", 1151), ("signature", 128)])
def test_what_stands_for_a_signature_says_that_it_is_none(kind: str, size: int) -> None:
    """Base64 in lines of 76, no line end at the end, the same for the same document."""
    one, other = Account().launch_instances(2)
    text = one.metadata.get(f"/latest/dynamic/instance-identity/{kind}").body

    assert b64decode(text).startswith(b"EXAMPLE OF EC2ROLES, NOT A SIGNATURE")
    assert len(b64decode(text)) == size
    assert {len(line) for line in text.split("\n")[:-1]} <= {76}
    assert text == one.metadata.get(f"/latest/dynamic/instance-identity/{kind}").body
    assert text != other.metadata.get(f"/latest/dynamic/instance-identity/{kind}").body


def test_the_identity_role_is_who_the_real_one_is() -> None:
    """From four captures of GetCallerIdentity; an instance has it without a profile too."""
    account = Account()
    web = account.launch_instance()

    found = account.sts.get_caller_identity(credentials=identity(web)).result()

    assert found.arn == f"arn:aws:sts::123456789012:assumed-role/aws:ec2-instance/{web.instance_id}"
    assert found.user_id == f"123456789012:aws:ec2-instance:{web.instance_id}"
    assert found.account == "123456789012"


def test_the_identity_role_may_do_nothing_else_whatever_a_bucket_says() -> None:
    account = Account()
    bucket = account.s3.create_bucket("open")
    account.s3.delete_public_access_block()
    bucket.delete_public_access_block()
    bucket.policy = EVERYONE
    credentials = identity(account.launch_instance())

    assert account.can("s3:GetObject", "arn:aws:s3:::open/x", credentials=account.create_user("a").create_access_key())
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::open/x"),
        ("s3:ListAllMyBuckets", None),
        ("iam:ListRoles", None),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/any"),
    ):
        assert not account.can(action, resource, credentials=credentials)


def test_its_credentials_rotate_expire_and_differ_by_version_and_instance() -> None:
    account = Account()
    web, other = account.launch_instances(2)
    first = identity(web)
    keys = {
        first.access_key_id,
        identity(web, token=False).access_key_id,
        identity(other).access_key_id,
        identity(other, token=False).access_key_id,
    }
    assert len(keys) == 4
    assert identity(web).access_key_id == first.access_key_id

    account.clock.advance(hours=5, minutes=59)
    assert identity(web).access_key_id not in keys
    assert account.sts.get_caller_identity(credentials=first).ok
    account.clock.advance(minutes=1)
    assert account.sts.get_caller_identity(credentials=first).error.code == "ExpiredToken"


def test_a_changed_secret_is_not_the_identity_roles() -> None:
    account = Account()
    good = identity(account.launch_instance())
    bad = Credentials(good.access_key_id, Secret("x" * 40), session_token=good.session_token)

    assert account.sts.get_caller_identity(credentials=bad).error.code == "SignatureDoesNotMatch"


def test_it_never_takes_the_place_of_the_profiles_role() -> None:
    """An SDK does not look there."""
    web = Account().launch_instance()

    assert web.metadata.credentials() is None
    assert web.call("s3:ListAllMyBuckets").error.code == "NoCredentials"
