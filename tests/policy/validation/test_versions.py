"""Which versions a policy may be of, and what its text may begin with: inline, managed, passed with a session."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ec2roles import Account
from ec2roles.errors import PolicyError
from ec2roles.policy import PermissionPolicy, PolicySet, Request, Semantics, evaluate, lint, load_policy

OLD: list[dict[str, Any]] = [{}, {"Version": "2008-10-17"}]
TODAY = {"Version": "2012-10-17"}
LIST = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
HOME = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:PrincipalTag/team}"}
ALICE = "arn:aws:iam::123456789012:user/alice"
TOO_OLD = "Policy document must be version 2012-10-17 or greater"
LEGACY = "The policy failed legacy parsing"


@pytest.mark.parametrize("version", OLD)
def test_an_inline_policy_may_be_an_old_one(version: dict[str, str]) -> None:
    """Of a role, a user or a group, as a dict, as text, and over the API; it counts."""
    account = Account()
    document = {**version, "Statement": [LIST]}
    user, group = account.create_user("alice"), account.create_group("readers")
    role = account.console.create_role("web")
    for owner in (role, user, group):
        for given in (document, json.dumps(document), load_policy(document)):
            owner.put_policy("old", given)
            assert owner.inline_policy("old").version == version.get("Version")
    web = account.launch_instance(profile="web")
    assert web.can("s3:ListAllMyBuckets")
    key = user.create_access_key()
    user.put_policy("iam", PermissionPolicy.allow("iam:*"))
    for kind in ("Role", "User", "Group"):
        name = {"Role": "web", "User": "alice", "Group": "readers"}[kind]
        parameters = {f"{kind}Name": name, "PolicyName": "api", "PolicyDocument": json.dumps(document)}
        assert account.request(f"iam:Put{kind}Policy", parameters, credentials=key).ok


@pytest.mark.parametrize("version", OLD)
def test_a_managed_policy_is_of_today(version: dict[str, str]) -> None:
    """Created, given a new version, or loaded as a boundary."""
    account = Account()
    document = {**version, "Statement": [LIST]}
    kept = account.create_policy("kept", {**TODAY, "Statement": [LIST]})
    for given in (document, json.dumps(document), load_policy(document)):
        for refused in (
            lambda given=given: account.create_policy("old", given),
            lambda given=given: kept.create_version(given),
            lambda given=given: load_policy(given, "managed"),
            lambda given=given: load_policy(given, "boundary"),
            lambda given=given: load_policy(given, "session"),
        ):
            with pytest.raises(PolicyError, match=TOO_OLD):
                refused()
    assert load_policy(document, "managed", stored=True).version == version.get("Version")
    assert load_policy({**TODAY, "Statement": [LIST]}, "managed").kind == "managed"


@pytest.mark.parametrize("version", OLD)
def test_in_an_old_policy_a_variable_is_text(version: dict[str, str]) -> None:
    policy = load_policy({**version, "Statement": [HOME]})
    policies = PolicySet([policy])
    red = {"aws:PrincipalTag/team": "red"}

    assert not evaluate(Request(ALICE, "s3:GetObject", "arn:aws:s3:::home/red", context=red), policies)
    assert evaluate(Request(ALICE, "s3:GetObject", "arn:aws:s3:::home/${aws:PrincipalTag/team}"), policies)
    assert [warning.code for warning in lint(policy)] == ["variable-version"]


@pytest.mark.parametrize("version", OLD)
def test_a_session_policy_is_of_today_unless_the_other_reading_is_chosen(version: dict[str, str]) -> None:
    document = {**version, "Statement": [LIST]}

    def begin(account: Account) -> Any:
        role = account.create_role("app", trust={**TODAY, "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account.account_id}, "Action": "sts:AssumeRole"}
        ]})  # fmt: skip
        key = _administrator(account)
        return account.call("sts:AssumeRole", role.arn, session_name="abc", policy=document, credentials=key)

    refused = begin(Account()).error
    assert refused is not None
    assert refused.message.startswith(TOO_OLD)
    assert begin(Account(semantics=Semantics(old_session_policies=True))).ok


def _administrator(account: Account) -> Any:
    user = account.create_user("admin")
    user.put_policy("all", PermissionPolicy.allow("*"))
    return user.create_access_key()


def test_the_legacy_parser_reads_the_text_from_any_way_in() -> None:
    """In Python and over the API; nothing is stored."""
    account = Account()
    key = _administrator(account)
    role = account.console.create_role("web")
    good = json.dumps({**TODAY, "Statement": LIST})
    swapped = json.dumps({"Statement": LIST, **TODAY})
    for text in ("\n" + good, " " + good, swapped):
        with pytest.raises(PolicyError, match=LEGACY):
            account.create_policy("p", text)
        with pytest.raises(PolicyError, match=LEGACY):
            role.put_policy("p", text)
        for operation, parameters in (
            ("CreatePolicy", {"PolicyName": "p", "PolicyDocument": text}),
            ("PutRolePolicy", {"RoleName": "web", "PolicyName": "p", "PolicyDocument": text}),
        ):
            error = account.request(f"iam:{operation}", parameters, credentials=key).error
            assert error is not None
            assert (error.code, error.message) == ("MalformedPolicyDocument", LEGACY)
    assert not role.policies


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({**TODAY, "Statement": LIST}, indent=2) + "\n\n",
        json.dumps({"Statement": [LIST], **TODAY}),
        json.dumps({"Statement": LIST}),
        json.dumps({"Id": "a", **TODAY, "Statement": LIST}),
    ],
)
def test_the_legacy_parser_has_nothing_against(text: str) -> None:
    """Blanks anywhere else, a list before the version, a single statement without any version."""
    assert load_policy(text).statements


@pytest.mark.parametrize("kind", ["trust", "session", "resource", "scp"])
def test_the_legacy_parser_reads_what_iam_keeps_only(kind: str) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    if kind not in ("scp", "session"):
        statement["Principal"] = {"AWS": "*"}
    if kind != "trust":
        statement["Resource"] = "arn:aws:iam::ACCOUNT:role/app"
    assert load_policy("\n" + json.dumps({"Statement": statement, **TODAY}), kind).statements


@pytest.mark.parametrize("account", ["", "*", "123456789012", "1234*", "????56789012", "123", "aws", "cloudfront"])
def test_what_may_stand_for_an_account(account: str) -> None:
    for arn in (f"arn:aws:iam::{account}:role/app", f"arn:aws:sqs:us-east-1:{account}:q"):
        assert load_policy({**TODAY, "Statement": [{**LIST, "Resource": arn}]}).statements


@pytest.mark.parametrize("arn", ["arn:aws:dynamodb:*:table/prod-*", "arn:aws:logs:us-*:log-group:web:*", "arn:aws:sqs"])
def test_a_star_may_stand_for_the_account_too(arn: str) -> None:
    """As on AWS's page about Resource: it runs past the colon."""
    assert load_policy({**TODAY, "Statement": [{**LIST, "Resource": arn}]}).statements
