"""GetSessionToken and MFA: a user's temporary credentials, and what a second factor gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, Response, Timekeeper, TokenService, TrustPolicy
from ec2roles.errors import AwsError, InvalidNameError
from ec2roles.iam.mfa import MfaDevice
from ec2roles.iam.user import User
from helpers.worlds import ADMIN, LIST, OWN, START, at, code, message, user_with_key

INVALID = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def world(*, admin: bool = True) -> tuple[Account, User, Credentials, MfaDevice]:
    """Alice with a key and a device."""
    account = Account()
    alice, key = user_with_key(account, admin=admin)
    return account, alice, key, alice.enable_mfa_device()


def factor(device: MfaDevice) -> dict[str, str]:
    """What the device says now."""
    return {"serial_number": device.serial_number, "token_code": device.code()}


def context(account: Account, credentials: Credentials) -> Any:
    """The context keys of a call."""
    request = account.can(LIST, credentials=credentials).request
    assert request is not None
    return request.context


# -- the session ------------------------------------------------------------------------------------------------------------


def test_the_session_is_the_user_itself_for_a_while() -> None:
    """The same ARN and id, its policies looked up at each call, twelve hours."""
    account, alice, key, _ = world(admin=False)
    session = account.sts.get_session_token(credentials=key).result()
    who = account.sts.get_caller_identity(credentials=session).result()

    assert (who.arn, who.user_id, who.account) == (alice.arn, alice.user_id, OWN)
    assert session.access_key_id.startswith("ASIA")
    assert session.expiration == START + timedelta(hours=12)
    assert not account.can(LIST, credentials=session)
    alice.put_policy("list", PermissionPolicy.allow(LIST, condition={"StringEquals": {"aws:username": "alice"}}))
    assert account.can(LIST, credentials=session)
    account.clock.advance(hours=12)
    assert code(account.call(LIST, credentials=session)) == "ExpiredToken"


def test_its_keys_say_that_it_is_temporary_and_without_mfa() -> None:
    """A user's own key has neither."""
    account, _, key, _ = world()
    session = account.sts.get_session_token(credentials=key).result()
    for name in ("aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"):
        assert name not in context(account, key)
    assert context(account, session)["aws:TokenIssueTime"] == "2026-01-01T00:00:00Z"
    assert context(account, session)["aws:MultiFactorAuthPresent"] == "false"
    assert "aws:MultiFactorAuthAge" not in context(account, session)
    assert context(account, session)["aws:PrincipalType"] == "User"


@pytest.mark.parametrize(("duration", "ok"), [(899, False), (900, True), (129_600, True), (129_601, False)])
def test_it_lasts_from_a_quarter_of_an_hour_to_a_day_and_a_half(duration: int, ok: bool) -> None:
    """Outside of that is a validation error."""
    account, _, key, _ = world()
    answer = account.sts.get_session_token(credentials=key, duration=duration)
    if ok:
        assert answer.result().expiration == at(seconds=duration)
    else:
        assert code(answer) == "ValidationError"
        assert f"Value '{duration}' at 'durationSeconds'" in message(answer)


def test_temporary_credentials_cannot_call_it() -> None:
    """Neither a role's nor its own."""
    account, alice, key, _ = world()
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("all", ADMIN)
    for session in (
        account.sts.get_session_token(credentials=key).result(),
        account.sts.assume_role(role, "test", credentials=key).result(),
    ):
        answer = account.sts.get_session_token(credentials=session)
        assert (code(answer), message(answer)) == (
            "AccessDenied",
            "Cannot call GetSessionToken with session credentials",
        )
        assert not account.can("sts:GetSessionToken", credentials=session)


def test_nothing_has_to_allow_it_and_a_deny_counts() -> None:
    """AWS's example of a policy that denies everything without MFA spares it, so it must count."""
    account, alice, key, device = world(admin=False)
    assert account.sts.get_session_token(credentials=key)
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    deny = {"Effect": "Deny", "NotAction": "sts:GetSessionToken", "Resource": "*", "Condition": without}
    statements = [deny, {"Effect": "Allow", "Action": "*", "Resource": "*"}]
    alice.put_policy("mfa", {"Version": "2012-10-17", "Statement": statements})
    assert not account.can(LIST, credentials=key)
    session = account.sts.get_session_token(credentials=key, **factor(device)).result()
    assert account.can(LIST, credentials=session)
    alice.put_policy("mfa", PermissionPolicy.deny("*"))
    assert code(account.sts.get_session_token(credentials=key)) == "AccessDenied"


@pytest.mark.parametrize("proved", [False, True])
def test_only_with_mfa_may_it_call_iam(proved: bool) -> None:
    """Botocore's sts model, GetSessionToken, Permissions."""
    account, _, key, device = world()
    session = account.sts.get_session_token(credentials=key, **(factor(device) if proved else {})).result()
    answer = account.call("iam:ListRoles", credentials=session)

    assert answer.allowed is proved
    if not proved:
        assert (code(answer), message(answer)) == (
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        )
    assert account.can(LIST, credentials=session)


def test_of_sts_it_may_call_two_operations() -> None:
    """Botocore's sts model, GetSessionToken, Permissions."""
    account, alice, key, device = world()
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    session = account.sts.get_session_token(credentials=key, **factor(device)).result()

    assert account.sts.get_caller_identity(credentials=session)
    assert account.sts.assume_role(role, "test", credentials=session)
    answer = account.sts.get_access_key_info(key.access_key_id, credentials=session)
    assert (code(answer), message(answer)) == ("AccessDenied", "Cannot call GetAccessKeyInfo with session credentials")
    assert not account.can("sts:DecodeAuthorizationMessage", credentials=session)


def test_it_ends_with_its_user_and_not_with_its_key() -> None:
    """The session is the user's."""
    account, alice, key, _ = world(admin=False)
    session = account.sts.get_session_token(credentials=key).result()
    alice.delete_access_key(key.access_key_id)
    assert account.sts.get_caller_identity(credentials=session)
    alice.deactivate_mfa_device(alice.mfa_devices[0].serial_number)
    account.delete_user("alice")
    assert code(account.sts.get_caller_identity(credentials=session)) == "InvalidClientTokenId"


def test_a_role_assumed_with_it_is_not_chained() -> None:
    """It is a user's call."""
    account, alice, key, _ = world()
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn), max_session_duration=43200)
    session = account.sts.get_session_token(credentials=key).result()
    assert account.sts.assume_role(role, "test", credentials=session, duration=43200)


# -- the second factor -----------------------------------------------------------------------------------------------------------


def test_a_device_shows_six_digits_for_half_a_minute() -> None:
    """The same for the same seed, and others for another device."""
    account, alice, _, device = world()
    first = device.code()
    account.clock.advance(seconds=29)
    assert device.code() == first
    account.clock.advance(seconds=1)
    assert device.code() != first
    assert device.code(at()) == first
    assert device.code(at(seconds=29)) == first
    assert world()[3].code() == first
    assert alice.enable_mfa_device("GAHT12345678").code(at()) != first
    assert [one.serial_number for one in alice.mfa_devices] == [f"arn:aws:iam::{OWN}:mfa/alice", "GAHT12345678"]


def test_a_second_factor_is_remembered_and_gets_older() -> None:
    """aws:MultiFactorAuthPresent and aws:MultiFactorAuthAge, in seconds."""
    account, _, key, device = world()
    session = account.sts.get_session_token(credentials=key, **factor(device)).result()
    assert context(account, session)["aws:MultiFactorAuthPresent"] == "true"
    assert context(account, session)["aws:MultiFactorAuthAge"] == "0"
    account.clock.advance(minutes=90, milliseconds=900)
    assert context(account, session)["aws:MultiFactorAuthAge"] == "5400"


def wrong_code(device: MfaDevice) -> str:
    """Six digits that the device does not show."""
    return f"{(int(device.code()) + 1) % 1_000_000:06d}"


FACTORS: list[tuple[str | None, str | None, str]] = [
    ("own", "wrong", INVALID),
    ("own", "old", INVALID),
    ("own", None, "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code. "),
    (None, "right", "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code. "),
    ("bob", "right", "MultiFactorAuthentication failed, unable to validate MFA code."),
    ("none", "right", "MultiFactorAuthentication failed, unable to validate MFA code."),
]


@pytest.mark.parametrize("operation", ["AssumeRole", "GetSessionToken"])
@pytest.mark.parametrize(("serial", "digits", "says"), FACTORS)
def test_a_wrong_second_factor_is_refused(operation: str, serial: Any, digits: Any, says: str) -> None:
    """Although without any the call would be allowed."""
    account, alice, key, device = world()
    bob = account.create_user("bob").enable_mfa_device()
    old = device.code()
    account.clock.advance(seconds=30)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    serials = {"own": device.serial_number, "bob": bob.serial_number, "none": "GAHT12345678", None: None}
    codes = {"right": device.code(), "wrong": wrong_code(device), "old": old, None: None}
    given = {"serial_number": serials[serial], "token_code": codes[digits]}
    answer: Response
    if operation == "AssumeRole":
        answer = account.sts.assume_role(role, "test", credentials=key, **given)  # type: ignore[arg-type]
    else:
        answer = account.sts.get_session_token(credentials=key, **given)

    assert code(answer) == "AccessDenied"
    assert message(answer).startswith(says)
    assert not answer.allowed
    assert not account.sts.sessions._stored
    asked = {name: value for name, value in given.items() if value is not None}
    resource = role.arn if operation == "AssumeRole" else None
    assert account.can(f"sts:{operation}", resource, credentials=key, **asked).denied_by == "credentials"


@pytest.mark.parametrize(
    ("given", "member"),
    [
        ({"serial_number": "short"}, "serialNumber"),
        ({"serial_number": "x" * 257}, "serialNumber"),
        ({"serial_number": "GAHT 12345678"}, "serialNumber"),
        ({"token_code": "12345"}, "tokenCode"),
        ({"token_code": "1234567"}, "tokenCode"),
        ({"token_code": "12345a"}, "tokenCode"),
        ({"token_code": "١٢٣٤٥٦"}, "tokenCode"),
    ],
)
def test_what_is_no_serial_number_or_code_is_a_validation_error(given: dict[str, Any], member: str) -> None:
    """Iam-sts-ec2 A1."""
    account, _, key, device = world()
    answer = account.sts.get_session_token(credentials=key, **{**factor(device), **given})
    assert code(answer) == "ValidationError"
    assert f"at '{member}' failed to satisfy constraint" in message(answer)


def test_a_trust_policy_can_ask_for_mfa() -> None:
    """Proved in the call, or by a session token of a call before; and for how long ago."""
    account, alice, key, device = world()
    condition = {**WITH_MFA, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn, condition=condition))
    assert code(account.sts.assume_role(role, "test", credentials=key)) == "AccessDenied"
    assert account.sts.assume_role(role, "test", credentials=key, **factor(device))  # type: ignore[arg-type]
    plain = account.sts.get_session_token(credentials=key).result()
    assert code(account.sts.assume_role(role, "test", credentials=plain)) == "AccessDenied"
    proved = account.sts.get_session_token(credentials=key, **factor(device)).result()
    assert account.sts.assume_role(role, "test", credentials=proved)
    account.clock.advance(hours=1)
    assert code(account.sts.assume_role(role, "test", credentials=proved)) == "AccessDenied"


def test_the_role_session_itself_does_not_carry_the_second_factor() -> None:
    """AWS's page on MFA-protected access: what AssumeRole returns has no MFA information."""
    account, alice, key, device = world()
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    session = account.sts.assume_role(role, "test", credentials=key, **factor(device)).result()  # type: ignore[arg-type]
    assert context(account, session)["aws:MultiFactorAuthPresent"] == "false"
    assert "aws:MultiFactorAuthAge" not in context(account, session)


def test_a_role_session_has_no_second_factor_to_prove() -> None:
    """An instance can never satisfy a policy that asks for one."""
    account, alice, key, device = world()
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("all", ADMIN)
    target = account.create_role("target", trust=TrustPolicy.account(OWN))
    session = account.sts.assume_role(role, "test", credentials=key).result()
    answer = account.sts.assume_role(target, "test", credentials=session, **factor(device))  # type: ignore[arg-type]
    assert message(answer).startswith("MultiFactorAuthentication failed, unable to validate MFA code.")


def test_a_device_that_was_taken_away_proves_nothing() -> None:
    """Sessions that it proved live on."""
    account, alice, key, device = world()
    proved = account.sts.get_session_token(credentials=key, **factor(device)).result()
    alice.deactivate_mfa_device(device.serial_number)
    assert alice.mfa_devices == ()
    assert code(account.sts.get_session_token(credentials=key, **factor(device))) == "AccessDenied"
    assert account.call("iam:ListRoles", credentials=proved).allowed


def test_devices_have_their_limits() -> None:
    """Eight of them, each once; a user who has one stays."""
    account, alice, key, _ = world(admin=False)
    for wanted, call in (
        ("EntityAlreadyExists", alice.enable_mfa_device),
        ("NoSuchEntity", lambda: alice.deactivate_mfa_device("GAHT12345678")),
        ("LimitExceeded", lambda: [alice.enable_mfa_device(f"GAHT1234567{number}") for number in range(8)]),
    ):
        with pytest.raises(AwsError) as caught:
            call()
        assert caught.value.code == wanted
    with pytest.raises(InvalidNameError):
        alice.enable_mfa_device("short")
    alice.delete_access_key(key.access_key_id)
    with pytest.raises(AwsError, match="must delete MFA device first"):
        account.delete_user("alice")


# -- which account a key belongs to ----------------------------------------------------------------------------------------------


def test_a_key_tells_its_account_whatever_became_of_it() -> None:
    """GetAccessKeyInfo, for keys of users, root users, instances and roles."""
    account, alice, key, _ = world()
    account.console.create_role("EC2Role")
    web = account.launch_instance("EC2Role").metadata.credentials()
    assert web is not None
    bob = account.create_user("bob")
    gone = bob.create_access_key()
    bob.delete_access_key(gone.access_key_id)
    for one in (
        key,
        web,
        gone,
        account.root.create_access_key(),
        account.sts.get_session_token(credentials=key).result(),
    ):
        assert account.sts.get_access_key_info(one.access_key_id, credentials=key).result() == OWN
    assert code(account.sts.get_access_key_info("AKIAIOSFODNN7EXAMPLE", credentials=key)) == "ValidationError"
    assert code(account.sts.get_access_key_info("AKIA", credentials=key)) == "ValidationError"
    assert code(account.call("sts:GetAccessKeyInfo", credentials=key)) == "ValidationError"
    alice.delete_policy("admin")
    answer = account.sts.get_access_key_info(key.access_key_id, credentials=key)
    assert code(answer) == "AccessDenied"


def test_the_trail_knows_the_device_and_not_the_code() -> None:
    """A one-time code is as good as a password for a while."""
    account, _, key, device = world()
    account.sts.get_session_token(credentials=key, duration=900, **factor(device))
    account.sts.get_caller_identity(credentials=account.root.create_access_key())
    issued, asked = [one for one in account.history.to_cloudtrail() if one["eventSource"] == "sts.amazonaws.com"]

    assert issued["requestParameters"] == {"durationSeconds": 900, "serialNumber": device.serial_number}
    assert device.code() not in str(issued)
    assert asked["userIdentity"]["type"] == "Root"
    assert asked["requestParameters"] is None


# -- by hand -------------------------------------------------------------------------------------------------------------------------


def test_a_token_service_alone_can_do_it_too() -> None:
    """Without an account around it."""
    time = Timekeeper()
    sts, alice = TokenService(time=time), User("alice", time=time)
    key, device = alice.create_access_key(), alice.enable_mfa_device()
    session = sts.get_session_token(credentials=key, **factor(device)).result()
    assert sts.get_caller_identity(credentials=session).result().arn == alice.arn
    assert code(sts.get_access_key_info(key.access_key_id, credentials=key)) == "AccessDenied"
    alice.put_policy("all", ADMIN)
    assert sts.get_access_key_info(key.access_key_id, credentials=key).result() == OWN
