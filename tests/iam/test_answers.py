"""Answers of IAM and STS as AWS has recorded them; answers.json says of each where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from helpers.control_world import control_world, filled
from helpers.worlds import EC2, OTHER, code, message, user_with_key

ROWS = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))


def inside(value: Any, path: str) -> Any:
    """What stands at ``Role.Tags`` in *value*."""
    for name in path.split("."):
        value = value[int(name) if isinstance(value, list) else name]
    return value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['operation']}-{row['fact']}")
def test_an_answer_has_the_members_that_aws_gives(row: dict[str, Any]) -> None:
    account, admin, words = control_world()
    answer = account.request(f"iam:{row['operation']}", filled(row["parameters"], words), credentials=admin).result()
    entity = inside(answer, row["in"]) if row["in"] else answer

    assert sorted(entity) == sorted(row["members"])
    for path, wanted in row.get("values", {}).items():
        assert inside(answer, path) == filled(wanted, words)


def test_lists_are_sorted_without_regard_to_case(account: Account) -> None:
    _, key = user_with_key(account, "admin", admin=True)
    for name in ("beta", "Alpha", "Gamma", "delta"):
        account.create_role(name, trust=EC2)
    iam = account.as_(key).iam
    names = [role["RoleName"] for role in iam.list_roles().result()["Roles"]]
    assert names == ["Alpha", "beta", "delta", "Gamma"] == list(account.roles)
    paged: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = iam.list_roles(MaxItems=1, **marker).result()
        paged += [role["RoleName"] for role in page["Roles"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert paged == names


def test_every_policy_of_awss_has_an_id_of_its_own_that_is_always_the_same() -> None:
    ids = {one: Account().iam.aws_managed[one].policy_id for one in ("AdministratorAccess", "AmazonS3ReadOnlyAccess")}
    assert ids == {one: Account(seed=7).iam.aws_managed[one].policy_id for one in ids}
    assert len(set(ids.values())) == 2
    assert all(one.startswith("ANPA") and one.endswith("EXAMPLE") and len(one) == 21 for one in ids.values())


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # Recorded from AWS: LocalStack, test_simulate_principle_policy.
        ('{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}', (1, 41), (1, 113)),
        ('{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Effect": "Allow", "Action": "s3:*", "Resource": "*"\n    }\n  ]\n}', (4, 6), (6, 6)),
        ('{"Version": "2012-10-17", "Id": "a}{\\"", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}', (1, 57), (1, 122)),
    ],
)  # fmt: skip
def test_a_simulation_tells_where_the_statement_stands_in_the_text_as_it_was_written(
    text: str, start: tuple[int, int], end: tuple[int, int]
) -> None:
    account = Account()
    _, key = user_with_key(account, "admin", admin=True)
    iam = account.as_(key).iam
    iam.create_user(UserName="bob").result()
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=text).result()
    asked = {"PolicySourceArn": account.users["bob"].arn, "ActionNames": ["s3:PutObject"]}
    for answer in (
        iam.simulate_principal_policy(**asked),
        iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=["s3:PutObject"]),
    ):
        (matched,) = answer.result()["EvaluationResults"][0]["MatchedStatements"]
        assert (matched["StartPosition"]["Line"], matched["StartPosition"]["Column"]) == start
        assert (matched["EndPosition"]["Line"], matched["EndPosition"]["Column"]) == end


def test_the_second_statement_has_a_place_of_its_own(account: Account) -> None:
    _, key = user_with_key(account, "admin", admin=True)
    statements = [
        {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    answer = account.as_(key).iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=["s3:PutObject"]).result()
    (matched,) = answer["EvaluationResults"][0]["MatchedStatements"]
    column = matched["StartPosition"]["Column"]
    assert text[column - 2 :].startswith('{"Effect": "Allow"')


def test_a_role_of_another_account_cannot_be_passed_whatever_policies_say(account: Account) -> None:
    _, key = user_with_key(account, "admin", admin=True)
    decision = account.can("iam:PassRole", f"arn:aws:iam::{OTHER}:role/app", credentials=key)

    assert not decision
    assert decision.message == "Cross-account pass role is not allowed."
    assert decision.why_not().impossible == "a role can be passed by callers of its own account only"
    assert "a role can be passed by callers of its own account only" in decision.explain()
    assert account.can("iam:PassRole", "arn:aws:iam::123456789012:role/app", credentials=key)


def test_a_session_name_is_checked_before_the_arn_is_read(account: Account) -> None:
    _, key = user_with_key(account, "admin", admin=True)
    answer = account.as_(key).sts.assume_role(RoleArn="no arn, but long enough", RoleSessionName="b a d")
    assert code(answer) == "ValidationError"
    assert "'roleSessionName'" in message(answer)


def test_a_tag_that_the_chain_hands_down_cannot_be_set_again(account: Account) -> None:
    """In AWS's words; and two keys that differ only in case are a value of no use, as STS calls it."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:*"},
    }
    role = account.create_role("app", trust=trust)
    role.put_policy("sts", PermissionPolicy.allow("sts:*"))
    _, key = user_with_key(account, "admin", admin=True)
    asked = {"RoleArn": role.arn, "RoleSessionName": "test", "Tags": [{"Key": "team", "Value": "red"}]}
    twice = {**asked, "Tags": [*asked["Tags"], {"Key": "TEAM", "Value": "blue"}]}
    answer = account.request("sts:AssumeRole", twice, credentials=key)
    assert (code(answer), message(answer)) == (
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    session = account.sts.assume_role(
        role, "first", credentials=key, tags={"team": "red"}, transitive_tag_keys=["team"]
    ).result()
    answer = account.request("sts:AssumeRole", asked, credentials=session)
    assert code(answer) == "InvalidParameterValue"
    assert message(answer) == (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session."
    )
