"""STS in AWS's own form: every parameter by AWS's name, and responses that botocore's model knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, Role
from helpers.worlds import OWN, at, code, message, user_with_key

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def world(**options: Any) -> tuple[Account, Credentials, Role]:
    """alice, and a role that she may assume with everything."""
    account = Account()
    alice, key = user_with_key(account, admin=True)
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"AWS": alice.arn}, "Action": actions}
    trust = {"Version": "2012-10-17", "Statement": statement}
    return account, key, account.create_role("app", trust=trust, **options)


def check_shape(operation: str, value: dict[str, Any]) -> None:
    """Every member of *value* is one of the operation's output in botocore's model, and of its type."""
    session = pytest.importorskip("botocore.session")
    model = session.get_session().get_service_model("sts").operation_model(operation)
    types = {"string": str, "integer": int, "timestamp": datetime}

    def check(shape: Any, given: Any) -> None:
        if shape.type_name == "structure":
            assert isinstance(given, dict)
            assert set(given) - set(shape.members) == set()
            assert set(shape.required_members) - set(given) == set()
            for name, one in given.items():
                check(shape.members[name], one)
            return
        assert isinstance(given, types[shape.type_name])
        for name, wrong in (("min", lambda a, b: a < b), ("max", lambda a, b: a > b)):
            if name in shape.metadata:
                size = len(given) if isinstance(given, str) else given
                assert not wrong(size, shape.metadata[name])

    check(model.output_shape, value)


def test_assume_role_takes_every_parameter_by_awss_name() -> None:
    """And answers what there is to say."""
    account, key, role = world(max_session_duration=43200)
    device = account.users["alice"].enable_mfa_device()
    response = account.request(
        "sts:AssumeRole",
        {
            "RoleArn": role.arn,
            "RoleSessionName": "test",
            "PolicyArns": [{"arn": READ_ONLY}],
            "Policy": PermissionPolicy.allow("s3:*").to_json(),
            "DurationSeconds": 7200,
            "Tags": [{"Key": "team", "Value": "red"}],
            "TransitiveTagKeys": ["team"],
            "ExternalId": "id-1",
            "SerialNumber": device.serial_number,
            "TokenCode": device.code(),
            "SourceIdentity": "alice",
        },
        credentials=key,
    )
    value = response.result()
    check_shape("AssumeRole", value)

    assert value["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role.role_id}:test",
        "Arn": f"arn:aws:sts::{OWN}:assumed-role/app/test",
    }
    assert value["Credentials"]["Expiration"] == at(hours=2)
    assert value["SourceIdentity"] == "alice"
    size = len(PermissionPolicy.allow("s3:*").to_json()) + len(READ_ONLY) + len("teamred")
    assert value["PackedPolicySize"] == -(-100 * size // 2048)


def test_what_was_not_asked_for_is_not_answered() -> None:
    """No packed size, no source identity."""
    account, key, role = world()
    given = {"RoleArn": role.arn, "RoleSessionName": "test"}
    value = account.request("sts:AssumeRole", given, credentials=key).result()
    check_shape("AssumeRole", value)
    assert sorted(value) == ["AssumedRoleUser", "Credentials"]


@pytest.mark.parametrize(
    ("operation", "given", "members"),
    [
        ("GetCallerIdentity", {}, ["Account", "Arn", "UserId"]),
        ("GetSessionToken", {}, ["Credentials"]),
        ("GetSessionToken", {"DurationSeconds": 900}, ["Credentials"]),
        ("GetAccessKeyInfo", {"AccessKeyId": "own"}, ["Account"]),
    ],
)
def test_the_other_operations_answer_in_awss_form(operation: str, given: dict[str, Any], members: list[str]) -> None:
    """Botocore's sts model."""
    account, key, _ = world()
    given = {name: key.access_key_id if value == "own" else value for name, value in given.items()}
    value = account.request(f"sts:{operation}", given, credentials=key).result()
    check_shape(operation, value)
    assert sorted(value) == members


@pytest.mark.parametrize(
    ("operation", "given", "wanted"),
    [
        (
            "AssumeRole",
            {"ProvidedContexts": [{"ProviderArn": "arn:aws:iam::aws:contextProvider/x", "ContextAssertion": "yyyy"}]},
            "InvalidContextAssertion",
        ),
        ("AssumeRole", {"ProvidedContexts": [{}] * 6}, "ValidationError"),
        ("AssumeRole", {"DurationSeconds": 43201}, "ValidationError"),
        ("AssumeRole", {"TokenCode": "1"}, "ValidationError"),
        ("AssumeRole", {"Policy": "{"}, "MalformedPolicyDocument"),
        ("AssumeRole", {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/None"}]}, "NoSuchEntity"),
        ("GetSessionToken", {"DurationSeconds": 1}, "ValidationError"),
        ("GetSessionToken", {"SerialNumber": "GAHT12345678"}, "AccessDenied"),
        ("GetAccessKeyInfo", {}, "ValidationError"),
        ("GetWebIdentityToken", {"Audience": ["a"]}, "InvalidAction"),
    ],
)
def test_a_bad_parameter_is_awss_error(operation: str, given: dict[str, Any], wanted: str) -> None:
    """As a value."""
    account, key, role = world()
    if operation == "AssumeRole":
        given = {"RoleArn": role.arn, "RoleSessionName": "test", **given}
    assert code(account.request(f"sts:{operation}", given, credentials=key)) == wanted
    assert not account.sts.sessions._stored


# -- the room for policies and tags ------------------------------------------------------------------------------------------------


def tags(count: int, size: int) -> list[dict[str, str]]:
    """So many tags of so many characters."""
    return [{"Key": f"k{number:02d}", "Value": "v" * (size - 3)} for number in range(count)]


@pytest.mark.parametrize(
    ("given", "percent"),
    [
        ({"Tags": tags(1, 21)}, 1),
        ({"Tags": tags(1, 22)}, 2),
        # Recorded from AWS: about 74 %.
        ({"Tags": [{"Key": f"key-0{number}", "Value": "v" * 256} for number in range(6)]}, 74),
        ({"Tags": tags(15, 142)}, 100),
        ({"Tags": tags(16, 142)}, "Packed size of session tags consumes 107% of allotted space."),
        ({"PolicyArns": [{"arn": READ_ONLY}]}, 3),
        (
            {"PolicyArns": [{"arn": READ_ONLY}], "Tags": tags(15, 142)},
            "Packed policy consumes 103% of allotted space, please use smaller policy.",
        ),
        (
            {"Policy": " " * 2048 + PermissionPolicy.allow("s3:*").to_json()},
            "Packed policy consumes 105% of allotted space, please use smaller policy.",
        ),
    ],
)
def test_policies_and_tags_share_their_room(given: dict[str, Any], percent: int | str) -> None:
    """In per cent, rounded up; the measure is a choice of ours."""
    account, key, role = world()
    parameters = {"RoleArn": role.arn, "RoleSessionName": "test", **given}
    response = account.request("sts:AssumeRole", parameters, credentials=key)
    if isinstance(percent, int):
        assert response.result()["PackedPolicySize"] == percent
        check_shape("AssumeRole", response.result())
        return
    assert (code(response), message(response)) == ("PackedPolicyTooLarge", percent)
    assert response.error is not None
    assert response.error.status == 400
    assert not account.sts.sessions._stored


def test_tags_that_are_handed_down_take_their_room_again() -> None:
    """Along the chain."""
    account, key, role = world()
    role.put_policy("assume", PermissionPolicy.allow("sts:*"))
    statement = {"Effect": "Allow", "Principal": {"AWS": role.arn}, "Action": "sts:*"}
    following = account.create_role("next", trust={"Version": "2012-10-17", "Statement": statement})
    names = [f"k{number:02d}" for number in range(8)]
    session = account.sts.assume_role(
        role, "test", credentials=key, tags=dict.fromkeys(names, "v" * 125), transitive_tag_keys=names
    ).result()
    given = {"RoleArn": following.arn, "RoleSessionName": "test"}
    assert account.request("sts:AssumeRole", given, credentials=session).result()["PackedPolicySize"] == 49
    more = {**given, "Tags": [{"Key": f"m{number}", "Value": "v" * 256} for number in range(5)]}
    assert code(account.request("sts:AssumeRole", more, credentials=session)) == "PackedPolicyTooLarge"


# -- both sides ---------------------------------------------------------------------------------------------------------------------------

TAGGED = {"tags": {"team": "red"}}
NAMED = {"source_identity": "alice"}


@pytest.mark.parametrize("extra", ["sts:TagSession", "sts:SetSourceIdentity"])
@pytest.mark.parametrize("trusted", ["user", "account"])
@pytest.mark.parametrize("trust_allows", [False, True])
@pytest.mark.parametrize("identity_allows", [False, True])
def test_tags_and_source_identities_are_asked_of_both_sides(
    extra: str, trusted: str, trust_allows: bool, identity_allows: bool
) -> None:
    """The trust policy always, the identity's where the trust policy names the account alone."""
    account = Account()
    alice, key = user_with_key(account)
    alice.put_policy("sts", PermissionPolicy.allow("sts:AssumeRole", *([extra] if identity_allows else [])))
    principal = alice.arn if trusted == "user" else OWN
    actions = ["sts:AssumeRole", *([extra] if trust_allows else [])]
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions}
    role = account.create_role("app", trust={"Version": "2012-10-17", "Statement": statement})
    given: dict[str, Any] = TAGGED if extra == "sts:TagSession" else NAMED
    answer = account.sts.assume_role(role, "test", credentials=key, **given)

    assert answer.ok is (trust_allows and (identity_allows or trusted == "user"))
    if not answer.ok:
        assert f"perform: {extra} on resource: {role.arn}" in message(answer)
