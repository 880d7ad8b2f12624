"""The root user of an account: everything, except to assume roles."""

from __future__ import annotations

import pytest

from ec2roles import Account, Cloud, PermissionPolicy, TrustPolicy
from ec2roles.errors import AwsError
from helpers.worlds import LIST, OTHER, OWN, at, code, message, user_with_key


def test_the_root_user_may_do_everything_in_its_account(account: Account) -> None:
    """No policy says so."""
    key = account.root.create_access_key()
    who = account.sts.get_caller_identity(credentials=key).result()

    assert (who.arn, who.user_id, who.account) == (f"arn:aws:iam::{OWN}:root", OWN, OWN)
    for action in (LIST, "iam:ListRoles", "ec2:RunInstances", "sts:GetAccessKeyInfo"):
        assert account.can(action, credentials=key)
    request = account.can(LIST, credentials=key).request
    assert request is not None
    assert request.context["aws:PrincipalType"] == "Account"
    assert request.context["aws:userid"] == OWN
    assert "aws:username" not in request.context


def test_a_bucket_policy_can_keep_it_out_and_another_accounts_lets_it_in() -> None:
    """Across accounts the bucket must allow."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    bucket = theirs.s3.create_bucket("photos")
    key = mine.root.create_access_key()
    assert code(mine.call("s3:ListBucket", bucket.arn, credentials=key)) == "AccessDenied"
    statement = {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "s3:*", "Resource": bucket.arn}
    bucket.policy = {"Version": "2012-10-17", "Statement": statement}  # type: ignore[assignment]
    assert mine.call("s3:ListBucket", bucket.arn, credentials=key)
    bucket.policy = {"Version": "2012-10-17", "Statement": {**statement, "Effect": "Deny"}}  # type: ignore[assignment]
    assert not mine.can("s3:ListBucket", bucket.arn, credentials=key)


def test_roles_may_not_be_assumed_by_it(account: Account) -> None:
    """Whatever they trust."""
    key = account.root.create_access_key()
    for number, trust in enumerate((TrustPolicy.account(OWN), TrustPolicy.principal("*"))):
        role = account.create_role(f"app{number}", trust=trust)
        answer = account.sts.assume_role(role, "test", credentials=key)
        assert (code(answer), message(answer)) == ("AccessDenied", "Roles may not be assumed by root accounts.")
        assert not account.can("sts:AssumeRole", role.arn, credentials=key)


@pytest.mark.parametrize(("duration", "lasts"), [(None, 3600), (900, 900), (7200, 3600)])
def test_its_session_tokens_last_an_hour_at_most(account: Account, duration: int | None, lasts: int) -> None:
    """Longer is made shorter."""
    key, device = account.root.create_access_key(), account.root.enable_mfa_device()
    session = account.sts.get_session_token(
        credentials=key, duration=duration, serial_number=device.serial_number, token_code=device.code()
    ).result()

    assert session.expiration == at(seconds=lasts)
    assert account.can("iam:ListRoles", credentials=session)
    assert account.sts.get_caller_identity(credentials=session).result().arn == account.root.arn


def test_its_keys_have_their_limits_and_their_end(account: Account) -> None:
    """Two, and a deleted one works no more; it did before."""
    root = account.root
    assert account.root is root
    first, second = root.create_access_key(), root.create_access_key()
    device = root.enable_mfa_device()
    for wanted, call in (
        ("LimitExceeded", root.create_access_key),
        ("NoSuchEntity", lambda: root.delete_access_key("AKIA")),
        ("EntityAlreadyExists", root.enable_mfa_device),
    ):
        with pytest.raises(AwsError) as caught:
            call()  # type: ignore[operator]
        assert caught.value.code == wanted
    account.clock.advance(hours=1)
    root.delete_access_key(first.access_key_id)

    assert root.access_keys == (second.access_key_id,)
    assert code(account.call(LIST, credentials=first)) == "InvalidAccessKeyId"
    assert account.can(LIST, credentials=first, at=at())
    assert account.can(LIST, credentials=second)
    assert device.serial_number == f"arn:aws:iam::{OWN}:mfa/root-account-mfa-device"
    assert repr(root) == f"<RootUser of {OWN}>"


def test_a_user_is_not_the_root_user(account: Account) -> None:
    """Its MFA device is its own."""
    device = account.root.enable_mfa_device()
    alice, key = user_with_key(account)
    alice.put_policy("all", PermissionPolicy.allow("*"))
    answer = account.sts.get_session_token(
        credentials=key, serial_number=device.serial_number, token_code=device.code()
    )
    assert message(answer).startswith("MultiFactorAuthentication failed, unable to validate MFA code.")
