"""The history as CloudTrail's records: their form is that of records AWS and others have published."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy, errors
from helpers.worlds import ADMIN, EC2, LIST, OWN, at, user_with_key

ROLE = f"arn:aws:iam::{OWN}:role/app"
CAT = "arn:aws:s3:::photos/cat.jpg"
CASES = json.loads((Path(__file__).parent / "cloudtrail_cases.json").read_text())["cases"]


def lesson() -> tuple[Account, Any]:
    """An instance that lists buckets and may not write."""
    account = Account()
    account.s3.create_bucket("photos")
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance("app")
    web.call("s3:ListBuckets")
    web.call("s3:PutObject", CAT, body=b"meow")
    return account, web


def records(account: Account, name: str, **given: Any) -> list[dict[str, Any]]:
    """The records of one operation."""
    return [one for one in account.history.to_cloudtrail(**given) if one["eventName"] == name]


def test_an_assume_by_ec2_is_recorded_as_the_services_own() -> None:
    account, web = lesson()
    record = records(account, "AssumeRole")[0]
    key = web.metadata.credentials().access_key_id
    assert record["userIdentity"] == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert record["eventSource"] == "sts.amazonaws.com"
    assert record["sourceIPAddress"] == record["userAgent"] == "ec2.amazonaws.com"
    assert record["requestParameters"] == {"roleArn": ROLE, "roleSessionName": web.instance_id}
    assert record["responseElements"]["credentials"]["accessKeyId"] == key
    assert record["responseElements"]["credentials"]["expiration"] == "Jan 1, 2026 6:00:00 AM"
    assert record["resources"] == [{"accountId": OWN, "type": "AWS::IAM::Role", "ARN": ROLE}]
    assert record["readOnly"] is True
    assert "errorCode" not in record


def test_every_rotation_is_in_the_trail_although_nobody_looked() -> None:
    account, _ = lesson()
    account.clock.advance(days=1)
    times = [record["eventTime"] for record in records(account, "AssumeRole")]
    assert times[:2] == ["2026-01-01T00:00:00Z"] * 2
    assert times[2:3] + times[-1:] == ["2026-01-01T01:00:00Z", "2026-01-02T00:00:00Z"]
    assert len(times) == 26


def test_an_assume_that_the_trust_policy_refuses_has_an_error() -> None:
    account, _ = lesson()
    account.roles["app"].update_trust(TrustPolicy.service("lambda.amazonaws.com"))
    account.clock.advance(hours=1)
    record = records(account, "AssumeRole")[-1]
    assert record["errorCode"] == "AccessDenied"
    assert record["responseElements"] is None


def test_a_denied_call_tells_who_and_what() -> None:
    account, web = lesson()
    [record] = records(account, "PutObject", data_events=True)
    session = f"arn:aws:sts::{OWN}:assumed-role/app/{web.instance_id}"
    role_id = account.roles["app"].role_id
    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"].startswith(f"User: {session} is not authorized to perform: s3:PutObject on resource")
    assert record["requestParameters"] == {
        "bucketName": "photos",
        "Host": "photos.s3.us-east-1.amazonaws.com",
        "key": "cat.jpg",
    }
    assert record["userIdentity"] == {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{web.instance_id}",
        "arn": session,
        "accountId": OWN,
        "accessKeyId": web.metadata.credentials().access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": ROLE,
                "accountId": OWN,
                "userName": "app",
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
            "ec2RoleDelivery": "2.0",
        },
    }
    assert (record["managementEvent"], record["eventCategory"]) == (False, "Data")


def test_calls_on_single_objects_are_left_out_unless_asked_for() -> None:
    account, _ = lesson()
    assert records(account, "PutObject") == []
    assert len(records(account, "ListBuckets")) == 1


def test_what_the_owner_did_stands_there_as_the_root_users() -> None:
    account, _ = lesson()
    account.roles["app"].put_policy("more", ADMIN)
    [record] = records(account, "PutRolePolicy")
    assert record["userIdentity"]["type"] == "Root"
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{OWN}:root"
    assert record["requestParameters"] == {"roleName": "app", "policyName": "more"}
    assert (record["eventSource"], record["readOnly"]) == ("iam.amazonaws.com", False)


def test_what_a_call_changed_is_told_once_and_as_the_callers(account: Account) -> None:
    alice, key = user_with_key(account, admin=True)
    account.call("s3:CreateBucket", "arn:aws:s3:::alices", credentials=key)
    [record] = records(account, "CreateBucket")
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userIdentity"]["userName"] == "alice"
    change = next(event for event in account.history.events(kind="change") if event.operation == "CreateBucket")
    assert change.caller == alice.arn


def test_an_owners_change_after_a_call_is_the_owners_again(account: Account) -> None:
    _, key = user_with_key(account, admin=True)
    account.call("s3:CreateBucket", "arn:aws:s3:::alices", credentials=key)
    account.call("s3:CreateBucket", "arn:aws:s3:::alices", credentials=key)  # refused: it is there already
    account.create_user("bob")
    assert list(account.history.events(kind="change"))[-1].caller is None


def test_an_assume_role_call_names_the_caller_and_the_new_key(account: Account) -> None:
    alice, key = user_with_key(account)
    role = account.create_role("target", trust=TrustPolicy.principal(alice.arn))
    issued = account.sts.assume_role(role, "test", credentials=key, external_id="Unique-1").result()
    [record] = records(account, "AssumeRole")
    assert record["userIdentity"]["arn"] == alice.arn
    assert record["requestParameters"] == {
        "roleArn": role.arn,
        "roleSessionName": "test",
        "durationSeconds": 3600,
        "externalId": "Unique-1",
    }
    assert record["responseElements"]["credentials"]["accessKeyId"] == issued.access_key_id


def test_calls_that_were_not_authenticated_are_in_no_trail() -> None:
    account, web = lesson()
    leaked = web.metadata.credentials()
    account.clock.advance(hours=7)
    account.call(LIST, credentials=leaked)
    account.call(LIST, credentials=Credentials("ASIAAAAAAAAAAAAAAAAA", "x"))
    assert len(records(account, "ListBuckets") + records(account, "ListAllMyBuckets")) == 1


def test_no_secret_is_in_a_trail_and_it_is_plain_json() -> None:
    account, web = lesson()
    key = user_with_key(account, admin=True)[1]
    role = account.create_role("target", trust=TrustPolicy.principal(account.users["alice"].arn))
    issued = account.sts.assume_role(role, "test", credentials=key).result()
    text = json.dumps(account.history.to_cloudtrail(data_events=True))
    for credentials in (web.metadata.credentials(), key, issued):
        assert credentials.access_key_id in text or credentials is key
        assert credentials.secret_access_key.reveal() not in text
        assert credentials.session_token is None or credentials.session_token.reveal() not in text


def test_the_same_seed_gives_the_same_trail_with_unique_event_ids() -> None:
    first, second = lesson()[0].history.to_cloudtrail(), lesson()[0].history.to_cloudtrail()
    assert first == second
    assert len({record["eventID"] for record in first}) == len(first)


def test_a_part_of_the_trail_is_asked_for_by_time() -> None:
    account, _ = lesson()
    account.clock.advance(hours=3)
    found = account.history.to_cloudtrail(since=at(minutes=30), until=at(hours=2))
    assert [record["eventTime"] for record in found] == ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]
    with pytest.raises(errors.ClockError, match="future"):
        account.history.to_cloudtrail(until=at(hours=4))


def test_a_trail_is_in_order() -> None:
    account, web = lesson()
    account.create_role("late", trust=EC2).put_policy("p", PermissionPolicy.allow("s3:*"))
    account.clock.advance(minutes=90)
    web.call(LIST)
    times = [record["eventTime"] for record in account.history.to_cloudtrail(data_events=True)]
    assert times == sorted(times)
    assert len(times) > 8


def tagged_by(arn: str) -> TrustPolicy:
    """A trust policy that lets a caller pass session tags."""
    actions = ["sts:AssumeRole", "sts:TagSession"]
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": actions}
    return TrustPolicy({"Version": "2012-10-17", "Statement": [statement]})


def member(record: dict[str, Any], path: str) -> Any:
    """A member of a record, by its path."""
    found: Any = record
    for name in path.split("/"):
        found = found[int(name) if isinstance(found, list) else name]
    return found


def is_as(value: Any, expected: Any) -> bool:
    """Whether *value* is what is expected; ``<id>`` stands for any text."""
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(is_as(value[name], expected[name]) for name in expected)
        )
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(is_as, value, expected))
    return isinstance(value, str) if expected == "<id>" else bool(value == expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_call_is_recorded_as_aws_does(account: Account, case: dict[str, Any]) -> None:
    alice, key = user_with_key(account, admin=True)
    account.create_user("bob")
    account.create_policy("unused", ADMIN)
    account.s3.create_bucket("photos").put_object("cat.jpg", b"meow")
    account.console.create_role("app")
    account.create_role("mine", trust=tagged_by(alice.arn))
    web = account.launch_instance("app")
    words = {"WEB": web.instance_id, "TRUST": json.dumps(EC2.to_dict())}
    words["READ"] = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
    text = json.dumps(case)
    for word, meant in words.items():
        text = text.replace(word, json.dumps(meant)[1:-1])
    case = json.loads(text)
    account.request(*case["of"], credentials=key)
    record = account.history.to_cloudtrail(data_events=True)[-1]

    wrong = {
        path: member(record, path)
        for path, expected in case["record"].items()
        if not is_as(member(record, path), expected)
    }
    assert wrong == {}


def test_a_launch_is_followed_by_two_assumes_of_one_request(account: Account) -> None:
    """One for each version of the metadata service, with the keys that it hands out."""
    account.console.create_role("app")
    _, key = user_with_key(account, admin=True)
    image = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "app"}}
    account.request("ec2:RunInstances", {**image, "ClientToken": "one"}, credentials=key).result()
    [web] = account.instances.values()
    [run] = records(account, "RunInstances")
    assumes = records(account, "AssumeRole")

    assert [one["requestID"] for one in assumes] == [run["requestID"]] * 2
    assert run["responseElements"]["requestId"] == run["requestID"]
    assert {one["eventTime"] for one in [run, *assumes]} == {"2026-01-01T00:00:00Z"}
    assert len({one["eventID"] for one in assumes} | {one["sharedEventID"] for one in assumes}) == 4
    keys = [one["responseElements"]["credentials"]["accessKeyId"] for one in assumes]
    assert keys == [web.metadata.credentials_at(account.time.as_of(None), version=v).access_key_id for v in (2, 1)]

    # The same token again is another request that launches nothing.
    account.request("ec2:RunInstances", {**image, "ClientToken": "one"}, credentials=key).result()
    assert len({one["requestID"] for one in records(account, "RunInstances")}) == 2
    account.clock.advance(hours=1)
    assert len(records(account, "AssumeRole")) == 3


def test_an_owners_launch_is_told_as_far_as_it_is_known() -> None:
    account, web = lesson()
    [record] = records(account, "RunInstances")
    assert record["requestParameters"]["instancesSet"] == {
        "items": [{"imageId": web.hardware.image_id, "minCount": 1, "maxCount": 1}]
    }
    assert record["requestParameters"]["iamInstanceProfile"] == {"name": "app"}
    [item] = record["responseElements"]["instancesSet"]["items"]
    assert item["instanceId"] == web.instance_id
    assert {one["requestID"] for one in records(account, "AssumeRole")} == {record["requestID"]}


def test_an_announcement_is_no_call() -> None:
    account, web = lesson()
    before = len(account.history.to_cloudtrail())
    web.notices.recommend_rebalance()
    assert len(account.history.to_cloudtrail()) == before


def test_a_trail_is_written_after_everything_in_it_is_gone() -> None:
    account = Account(remember=timedelta(days=1))
    alice, key = user_with_key(account, admin=True)
    account.create_user("bob")
    ask = account.as_(key)
    bobs = ask.iam.create_access_key(UserName="bob").value["AccessKey"]["AccessKeyId"]
    role = account.create_role("target", trust=TrustPolicy.principal(alice.arn))
    account.sts.assume_role(role, "test", credentials=key).result()
    before = records(account, "CreateAccessKey")[-1], records(account, "AssumeRole")[-1]
    account.users["bob"].delete_access_key(bobs)
    account.delete_user("bob")
    account.delete_role("target")
    account.clock.advance(hours=24)
    assert (records(account, "CreateAccessKey")[-1], records(account, "AssumeRole")[-1]) == before
    account.clock.advance(hours=1)
    assert account.history.to_cloudtrail() == []


def test_a_launch_answered_again_is_not_the_launch_where_the_first_is_forgotten(account: Account) -> None:
    account.console.create_role("app")
    _, key = user_with_key(account, admin=True)
    launch = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, "ClientToken": "one"}
    account.request("ec2:RunInstances", launch, credentials=key).result()
    [first] = records(account, "RunInstances")
    account.clock.advance(hours=1)
    account.request("ec2:RunInstances", launch, credentials=key).result()
    [again] = records(account, "RunInstances", since=at(minutes=30))
    assert again["requestID"] != first["requestID"]
