"""The one reader of parameters: AWS's names and ours, what is refused and in whose words, and how tables are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy
from ec2roles.errors import ArgumentError, ParameterError, ValidationError
from ec2roles.services.operation import Operation, Service
from ec2roles.services.shapes import matches
from helpers.worlds import LIST, code, digest, message, user_with_key

DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}


def world() -> tuple[Account, Credentials]:
    account = Account()
    alice, key = user_with_key(account, admin=True)
    account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    account.s3.create_bucket("photos")
    return account, key


ROLE = "arn:aws:iam::123456789012:role/app"
CAT = "arn:aws:s3:::photos/cat.jpg"


@pytest.mark.parametrize(
    ("action", "resource", "parameters", "unknown"),
    [
        ("sts:AssumeRole", ROLE, {"session_name": "abc", "PolicyDocument": DENY}, "PolicyDocument"),
        ("s3:PutObject", CAT, {"bdoy": b"hello"}, "bdoy"),
        ("s3:ListAllMyBuckets", None, {"contex": {}}, "contex"),
        ("s3:ListAllMyBuckets", None, {"source_ip": "203.0.113.1"}, "source_ip"),
        ("iam:GetRole", None, {"RoleName": "app", "rolename": "app"}, "rolename"),
        ("ec2:StopInstances", None, {"InstanceIds": ["i-0123456789abcdef0"], "Hard": True}, "Hard"),
        ("dynamodb:GetItem", "*", {"contex": {}}, "contex"),
    ],
)
def test_an_unknown_name_is_refused_with_the_names_that_are_known(
    action: str, resource: str | None, parameters: dict[str, Any], unknown: str
) -> None:
    """By `call` as a value, by `can` as an exception."""
    account, key = world()
    words = f'Unknown parameter in input: "{unknown}", must be one of: '
    before = digest(account, calls=False)

    answer = account.call(action, resource, credentials=key, **parameters)
    assert words in message(answer)
    assert code(answer) == ("UnknownParameter" if action.startswith("ec2:") else "ValidationError")
    with pytest.raises(ValidationError) as caught:
        account.can(action, resource, credentials=key, **parameters)
    assert words in caught.value.message
    assert digest(account, calls=False) == before


def test_a_session_policy_is_never_lost() -> None:
    """Under AWS's name and under ours it limits the session."""
    account, key = world()
    account.roles["app"].put_policy("list", PermissionPolicy.allow(LIST))
    for name in ("Policy", "policy"):
        given = {"session_name": "abc", name: DENY}
        session = account.call("sts:AssumeRole", ROLE, credentials=key, **given).result()
        assert not account.can(LIST, credentials=session)


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("sts:AssumeRole", {"RoleSessionName": "abc", "session_name": "abc"}),
        ("sts:AssumeRole", {"role_session_name": "abc", "session_name": "abc"}),
        ("sts:AssumeRole", {"session_name": "abc", "RoleArn": ROLE + "2"}),
        ("iam:GetRole", {"RoleName": "app", "role_name": "app"}),
    ],
)
def test_one_parameter_under_two_names_is_refused(action: str, given: dict[str, Any]) -> None:
    account, key = world()
    answer = account.call(action, ROLE, credentials=key, **given)

    assert "is given twice in input" in message(answer)


def test_awss_names_and_ours_do_the_same() -> None:
    account, key = world()
    for given in ({"Body": b"meow", "ContentType": "text/plain"}, {"body": b"meow", "content_type": "text/plain"}):
        assert account.call("s3:PutObject", CAT, credentials=key, **given)
        assert account.s3["photos"].objects["cat.jpg"].body == b"meow"
    answer = account.call("iam:TagRole", credentials=key, role_name="app", tags={"team": "red"})
    assert answer.ok
    assert account.roles["app"].tags == {"team": "red"}


def test_awss_own_ways_in_take_no_names_of_ours() -> None:
    account, key = world()
    for answer in (
        account.request("iam:GetRole", {"role_name": "app"}, credentials=key),
        account.as_(key).iam.get_role(role_name="app"),
        account.request("sts:GetSessionToken", {"Serial": "x"}, credentials=key),
        account.as_(key).s3.put_object(Bucket="photos", Key="cat.jpg", Boddy=b""),
        account.request("iam:TagRole", {"RoleName": "app", "Tags": {"team": "red"}}, credentials=key),
    ):
        assert code(answer) == "ValidationError"
        assert message(answer).startswith("Parameter validation failed:\n")


def test_what_is_known_and_not_simulated_is_refused_with_that_word() -> None:
    """What asks for nothing is let pass."""
    account, key = world()
    launch = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1}
    answer = account.request("ec2:RunInstances", {**launch, "KernelId": "aki-1"}, credentials=key)

    assert code(answer) == "NotImplemented"
    assert message(answer) == "The parameter KernelId of RunInstances is known to AWS and not simulated here."
    assert account.request("ec2:RunInstances", {**launch, "Ipv6Addresses": []}, credentials=key)


def test_all_that_is_broken_is_told_at_once_before_anything_else() -> None:
    """An ARN is not even looked at while a constraint is broken."""
    account, key = world()
    answer = account.request(
        "sts:AssumeRole",
        {"RoleArn": "x" * 20, "RoleSessionName": "a b", "Tags": [{"Key": "", "Value": "x" * 257}]},
        credentials=key,
    )
    pattern = r"[\w+=,.@-]*"
    assert message(answer).startswith("3 validation errors detected: ") or "4 validation errors" in message(answer)
    assert f"Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}" in message(answer)  # fmt: skip
    assert "; Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater" in message(answer)  # fmt: skip


def test_lists_are_shown_as_aws_does_and_not_as_python() -> None:
    account, key = world()
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]
    answer = account.request(
        "sts:AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "abc", "Tags": tags}, credentials=key
    )

    assert "Value '[{key=k0, value=v}, {key=k1, value=v}, " in message(answer)
    assert "Member must have length less than or equal to 50" in message(answer)


def test_a_mistake_in_the_token_services_own_methods_raises() -> None:
    account, key = world()
    before = digest(account)
    with pytest.raises(ParameterError, match="Invalid type for parameter ExternalId") as caught:
        account.sts.assume_role(ROLE, "abc", credentials=key, external_id=5)  # type: ignore[arg-type]
    assert isinstance(caught.value, TypeError)
    assert digest(account) == before


def test_nothing_of_the_callers_own_is_kept() -> None:
    """What is changed after the call changes no history."""
    account, key = world()
    tags = [{"Key": "team", "Value": "red"}]
    account.request("iam:TagRole", {"RoleName": "app", "Tags": tags}, credentials=key).result()
    tags[0]["Value"] = "blue"
    document = {"Version": "2012-10-17", "Statement": [dict(DENY["Statement"])]}  # type: ignore[call-overload]
    given = {"RoleName": "app", "PolicyName": "deny", "PolicyDocument": document}
    account.request("iam:PutRolePolicy", given, credentials=key).result()
    document["Statement"].clear()

    assert "Deny" in account.history.to_cloudtrail()[-1]["requestParameters"]["policyDocument"]
    assert account.history.to_cloudtrail()[-2]["requestParameters"]["tags"] == [{"key": "team", "value": "red"}]


def test_letters_of_all_scripts_are_letters() -> None:
    pattern = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"

    assert all(matches(pattern, text) for text in ("team", "équipe", "команда", "チーム", "१", "a\u00a0b"))
    assert not any(matches(pattern, text) for text in ("a!", "a\u0301", "\u20ac", "\U0001f600", "a\x00", "\ue000", ""))


# -- how a table is written ---------------------------------------------------------------------------------------------


def nothing(call: Any) -> Any:
    return []


@pytest.mark.parametrize(
    "service",
    [
        Service("demo", [Operation("Hello", nothing, None)]),  # type: ignore[call-overload]
        Service("demo", [Operation("Hello", None, nothing)]),  # type: ignore[call-overload]
        Service("demo", [Operation("Hello", 5, nothing, nothing)]),  # type: ignore[call-overload]
        Service("demo", [Operation("Hello", [5], nothing, nothing)]),  # type: ignore[list-item]
        Service("demo", [Operation("", nothing, nothing)]),
        Service("demo", [Operation("Hello you", nothing, nothing)]),
        Service("demo", [Operation("Hello", nothing, nothing, response="x")]),  # type: ignore[call-overload]
        Service("demo", [Operation("Hello", nothing, nothing), Operation("hello", nothing, nothing)]),
        Service("demo", [Operation("Hello", nothing, nothing)], actions={"Other": "x"}),
        Service("demo", ["Hello"]),  # type: ignore[list-item]
        Service("demo", 5),  # type: ignore[arg-type]
        Service("", []),
        Service("a:b", []),
        Service(5, []),  # type: ignore[arg-type]
        "demo",
    ],
)
def test_a_badly_written_table_raises_when_it_is_registered(service: Any) -> None:
    account = Account()
    before = account.registry.services
    with pytest.raises(ArgumentError):
        account.registry.register(service)
    assert account.registry.services == before


@pytest.mark.parametrize("steps", [(), (nothing,) * 4])
def test_an_operation_has_two_functions_or_three(steps: tuple[Any, ...]) -> None:
    if steps:
        with pytest.raises(ArgumentError):
            Operation("Hello", *steps)
        return
    with pytest.raises(ArgumentError):
        Account().registry.register(Service("demo", [Operation("Hello")]))  # type: ignore[call-overload]


def test_an_own_operation_takes_anything_or_the_names_it_gives() -> None:
    account, key = world()

    def permissions(call: Any) -> list[tuple[str, str]]:
        return [("demo:Hello", "*")]

    def perform(call: Any) -> Mapping[str, Any]:
        parameters: Mapping[str, Any] = call.parameters
        return parameters

    account.registry.register(
        Service("demo", [Operation("Any", permissions, perform), Operation("Named", ["name"], permissions, perform)])
    )
    assert account.call("demo:Any", credentials=key, whatever=5).value == {"whatever": 5}
    assert account.call("demo:Named", credentials=key, name=5).value == {"name": 5}
    answer = account.call("demo:Named", credentials=key, nam=5)
    assert 'Unknown parameter in input: "nam", must be one of: name' in message(answer)


def test_an_own_operation_whose_permissions_are_none_is_told() -> None:
    account, key = world()
    account.registry.register(Service("demo", [Operation("Hello", lambda call: ["demo:Hello"], nothing)]))
    with pytest.raises(ArgumentError, match="permissions must be Permission objects, or tuples"):
        account.call("demo:Hello", credentials=key)


def test_a_name_that_there_is_not_is_told_where_there_is_nothing_to_sign_with() -> None:
    """As boto3, which looks at parameters before it looks for credentials."""
    account = Account()
    web = account.launch_instance()
    for ask in (
        lambda: web.can("s3:ListAllMyBuckets", nope=1),
        lambda: web.call("s3:ListAllMyBuckets", nope=1).result(),
        lambda: web.call("iam:GetRole", RoleName="app", nope=1).result(),
        lambda: account.can("ec2:RunInstances", nope=1, credentials=None),
    ):
        with pytest.raises(ParameterError, match="nope"):
            ask()
    for given in ({}, {"RoleName": "app"}, {"role_name": "app"}, {"RoleName": 5}):
        answer = web.call("iam:GetRole", **given)
        assert "Unable to locate credentials" in answer.error.message, answer
    assert not web.can("iam:GetRole", RoleName="app")
