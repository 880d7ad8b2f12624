"""EC2's operations as somebody: what they answer, what they refuse and in which words, and what they need."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ec2roles import Account, Cloud, Credentials, Instance, PermissionPolicy, Response
from ec2roles.ec2.records import Records
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import InstanceError
from helpers.worlds import EC2, LIST, OTHER, code, digest, message, user_with_key

ERRORS = json.loads(Path(__file__).with_name("ec2_errors.json").read_text(encoding="utf-8"))
LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}
PROFILE = "arn:aws:iam::123456789012:instance-profile/"
ANY = "arn:aws:ec2:us-east-1:123456789012:instance/*"
ROLE = "arn:aws:iam::123456789012:role/team/team"

Ask = Callable[..., Response]


def world(**options: Any) -> tuple[Account, Ask]:
    """An account with two roles in profiles, an empty profile, and what makes calls as its administrator."""
    account = Account(**options)
    for name in ("app", "other"):
        role = account.create_role(name, trust=EC2)
        role.put_policy("list", PermissionPolicy.allow(LIST))
        account.create_instance_profile(name).add_role(role)
    account.create_instance_profile("empty")
    account.create_role("lonely", trust=EC2)
    return account, asking(account, user_with_key(account, "admin", admin=True)[1])


def asking(account: Account, key: Credentials) -> Ask:
    """What makes calls to EC2 with *key*."""
    return lambda operation, **parameters: account.request(f"ec2:{operation}", parameters, credentials=key)


def instance_of(response: Response) -> Any:
    """The first instance of a response."""
    value = response.result()
    return (value if "Instances" in value else value["Reservations"][0])["Instances"][0]


def launched(account: Account, ask: Ask, **parameters: Any) -> Instance:
    """An instance launched by a call."""
    return account.instances[instance_of(ask("RunInstances", **{**LAUNCH, **parameters}))["InstanceId"]]


# -- errors -----------------------------------------------------------------------------------------------------------

PREPARE: dict[str, Callable[[Instance], Any]] = {
    "": lambda web: None,
    "terminate": lambda web: web.terminate(),
    "attach": lambda web: web.attach("app"),
    "attach and stop": lambda web: (web.attach("app"), web.stop()),
    "attach and terminate": lambda web: (web.attach("app"), web.terminate()),
    "replace": lambda web: (web.attach("app"), web.replace("other")),
    "detach": lambda web: (web.attach("app"), web.detach()),
    "stop": lambda web: web.stop(),
    "protect": lambda web: web.modify_attribute(disable_api_termination=True),
    "protect from stop": lambda web: web.modify_attribute(disable_api_stop=True),
}
BIG: dict[str, Any] = {
    "LONG": "x" * 16_385,
    "FIFTY-ONE": [{"Key": f"key{number}", "Value": ""} for number in range(51)],
}


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """The same with the ids put in."""
    if isinstance(value, str):
        return BIG.get(value, value.format(**words))
    if isinstance(value, list):
        return [filled(one, words) for one in value]
    return {key: filled(one, words) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("row", ERRORS, ids=[f"{row['operation']}: {row['case']}" for row in ERRORS])
def test_ec2_refuses_in_its_own_words_and_changes_nothing(row: dict[str, Any]) -> None:
    """Each row: what came before, what is asked, and what EC2 answers."""
    account, ask = world()
    web = account.launch_instance()
    before = [record.association for _, record in web._states.spans()]
    PREPARE[row.get("prepare", "")](web)
    made = [record.association for _, record in web._states.spans() if record.association not in before]
    words = {"id": web.instance_id, "association": web.association_id or "", "stale": "iip-assoc-0none"}
    if made and made[0] is not Records(web).last.association:
        from ec2roles.ec2.association import association_id

        assert made[0] is not None
        words["stale"] = association_id(account.time.ids, made[0], web.role_credentials.slot)
    parameters = filled(row["parameters"], words)
    if row["operation"] == "RunInstances":
        parameters = {**LAUNCH, **parameters}
    state = digest(account, calls=False)[:3]
    response = ask(row["operation"], **parameters)

    assert code(response) == row["code"]
    assert response.error is not None
    assert response.error.status == row.get("status", 400)
    if row["message"] is not None:
        assert message(response) == row["message"].format(**words)
    assert digest(account, calls=False)[:3] == state


def test_who_may_not_do_it_does_not_learn_whether_the_instance_exists() -> None:
    account, _ = world()
    ask = asking(account, user_with_key(account, "nobody")[1])
    web = account.launch_instance("app")

    for one in (web.instance_id, "i-0123456789abcdef0"):
        assert code(ask("TerminateInstances", InstanceIds=[one])) == "UnauthorizedOperation"
    for association in (web.association_id, "iip-assoc-0123456789abcdef0"):
        assert code(ask("DisassociateIamInstanceProfile", AssociationId=association)) == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("StopInstances", {"InstanceIds": "i-0123456789abcdef0"}),
        ("RunInstances", {**LAUNCH, "MinCount": True}),
        ("RunInstances", {**LAUNCH, "IamInstanceProfile": "app"}),
        ("RunInstances", {**LAUNCH, "IamInstanceProfile": {"Name": 3}}),
        ("RunInstances", {**LAUNCH, "UserData": 3}),
        ("RunInstances", {**LAUNCH, "MetadataOptions": []}),
        ("RunInstances", {**LAUNCH, "Placement": "us-east-1a"}),
        ("RunInstances", {**LAUNCH, "Placement": {"AvailabilityZone": 3}}),
        ("RunInstances", {**LAUNCH, "HibernationOptions": True}),
        ("RunInstances", {**LAUNCH, "HibernationOptions": {"Configured": "no"}}),
        ("RunInstances", {**LAUNCH, "TagSpecifications": {"ResourceType": "instance"}}),
        ("RunInstances", {**LAUNCH, "TagSpecifications": ["instance"]}),
        (
            "RunInstances",
            {**LAUNCH, "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": 3}]}]},
        ),
        ("RunInstances", {**LAUNCH, "InstanceType": 3}),
        ("CreateTags", {"Resources": "i-0123456789abcdef0", "Tags": []}),
        ("DescribeInstances", {"MaxResults": "10"}),
        ("DescribeInstances", {"NextToken": 3}),
        ("DescribeInstances", {"Filters": {"Name": "instance-id"}}),
        ("DescribeInstances", {"Filters": [{"Name": "instance-id", "Values": "i-0"}]}),
        ("CreateTags", {"Resources": ["i-0123456789abcdef0"], "Tags": {"a": "b"}}),
    ],
)
def test_parameters_of_another_type_are_refused(operation: str, parameters: dict[str, Any]) -> None:
    """AWS's SDK refuses them before AWS is asked, and so its words are those."""
    _, ask = world()
    answer = ask(operation, **parameters)
    assert code(answer) == "ValidationError"
    assert "Invalid type for parameter" in message(answer)


def test_tags_asked_for_volumes_are_asked_of_volumes_alone() -> None:
    """What is asked for one kind of resource belongs to that kind."""
    account, _ = world()
    bob, key = user_with_key(account, "bob")
    statements = [
        {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:CreateTags"], "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "ec2:RunInstances",
            "Resource": "arn:aws:ec2:*:*:volume/*",
            "Condition": {"StringNotEquals": {"aws:RequestTag/cost": "42"}},
        },
        {
            "Effect": "Deny",
            "Action": "ec2:RunInstances",
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringNotEquals": {"aws:RequestTag/team": "red"}},
        },
    ]
    bob.put_policy("launch", {"Version": "2012-10-17", "Statement": statements})

    def launch(**tags: dict[str, str]) -> bool:
        specifications = [
            {"ResourceType": kind, "Tags": [{"Key": name, "Value": value} for name, value in pairs.items()]}
            for kind, pairs in tags.items()
        ]
        return asking(account, key)("RunInstances", **LAUNCH, TagSpecifications=specifications).ok

    assert launch(instance={"team": "red"}, volume={"cost": "42"})
    assert not launch(instance={"team": "red", "cost": "42"})
    assert not launch(instance={"cost": "42"}, volume={"team": "red", "cost": "42"})


# -- the life of an instance ------------------------------------------------------------------------------------------


def test_an_instance_is_launched_as_asked() -> None:
    account, ask = world()
    web = launched(
        account,
        ask,
        InstanceType="c7g.large",
        IamInstanceProfile={"Name": "app"},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        Placement={"AvailabilityZone": "us-east-1c"},
        HibernationOptions={"Configured": True},
        UserData="#!/bin/sh",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}],
    )
    found = instance_of(ask("DescribeInstances"))

    assert found["InstanceId"] == web.instance_id
    assert (found["InstanceType"], found["Placement"]["AvailabilityZone"]) == ("c7g.large", "us-east-1c")
    profile = account.instance_profiles["app"]
    assert found["IamInstanceProfile"] == {"Arn": profile.arn, "Id": profile.profile_id}
    assert found["IamInstanceProfile"]["Id"].startswith("AIPA")
    assert (found["MetadataOptions"]["HttpTokens"], found["MetadataOptions"]["HttpPutResponseHopLimit"]) == (
        "required",
        2,
    )
    assert found["HibernationOptions"] == {"Configured": True}
    assert found["Tags"] == [{"Key": "team", "Value": "red"}]
    assert Records(web).last.user_data == b"#!/bin/sh"
    assert web.call(LIST).ok


def test_states_have_their_codes_and_responses_name_those_on_the_way() -> None:
    """Pending 0, running 16, shutting-down 32, terminated 48, stopping 64, stopped 80."""
    account, ask = world()
    run = ask("RunInstances", **LAUNCH, HibernationOptions={"Configured": True})
    web = account.instances[instance_of(run)["InstanceId"]]
    assert instance_of(run)["State"] == {"Code": 0, "Name": "pending"}

    def changed(operation: str, answer: str, **more: Any) -> list[tuple[int, str]]:
        (one,) = ask(operation, InstanceIds=[web.instance_id], **more).result()[answer]
        states = (one["PreviousState"], one["CurrentState"], instance_of(ask("DescribeInstances"))["State"])
        return [(state["Code"], state["Name"]) for state in states]

    running, stopped, terminated = (16, "running"), (80, "stopped"), (48, "terminated")
    assert changed("StartInstances", "StartingInstances") == [running] * 3
    assert changed("StopInstances", "StoppingInstances") == [running, (64, "stopping"), stopped]
    assert changed("StopInstances", "StoppingInstances") == [stopped] * 3
    assert changed("StartInstances", "StartingInstances") == [stopped, (0, "pending"), running]
    assert changed("StopInstances", "StoppingInstances", Hibernate=True) == [running, (64, "stopping"), stopped]
    assert instance_of(ask("DescribeInstances"))["StateReason"]["Code"] == "Client.UserInitiatedHibernate"
    assert changed("StartInstances", "StartingInstances") == [stopped, (0, "pending"), running]
    assert "StateReason" not in instance_of(ask("DescribeInstances"))
    assert changed("TerminateInstances", "TerminatingInstances") == [running, (32, "shutting-down"), terminated]
    assert changed("TerminateInstances", "TerminatingInstances") == [terminated] * 3


def test_hibernating_is_for_instances_launched_for_it() -> None:
    account, _ = world()
    web = account.launch_instance()
    with pytest.raises(InstanceError) as caught:
        web.hibernate()
    assert caught.value.code == "UnsupportedHibernationConfiguration"
    assert web.state == "running"
    sleeper = account.launch_instance(hibernation=True)
    sleeper.hibernate()
    assert (sleeper.state, Records(sleeper).last.hibernated) == ("stopped", True)
    sleeper.start()
    assert (sleeper.state, Records(sleeper).last.hibernated) == ("running", False)
    sleeper.stop()
    assert not Records(sleeper).last.hibernated


def test_a_client_token_launches_once() -> None:
    """With other parameters it is refused."""
    account, ask = world()
    first = ask("RunInstances", **LAUNCH, ClientToken="once").result()
    again = ask("RunInstances", **LAUNCH, ClientToken="once").result()

    assert again == first
    assert len(account.instances) == 1
    other = {**LAUNCH, "MaxCount": 2}
    assert code(ask("RunInstances", **other, ClientToken="once")) == "IdempotentParameterMismatch"
    assert ask("RunInstances", **other, ClientToken="twice").ok
    assert len(account.instances) == 3


def test_metadata_options_are_changed_by_name() -> None:
    account, ask = world()
    web = account.launch_instance()
    answer = ask("ModifyInstanceMetadataOptions", InstanceId=web.instance_id, HttpTokens="required").result()

    assert answer["InstanceMetadataOptions"]["State"] == "pending"
    assert answer["InstanceMetadataOptions"]["HttpTokens"] == "required"
    assert web.metadata.get("/latest/meta-data/").status == 401


def test_one_bad_instance_among_many_stops_them_all() -> None:
    account, ask = world()
    one, two = account.launch_instances(2)
    two.terminate()
    assert code(ask("StopInstances", InstanceIds=[one.instance_id, two.instance_id])) == "IncorrectInstanceState"

    assert one.state == "running"


def test_a_dry_run_asks_only() -> None:
    account, ask = world()
    web = account.launch_instance("app")
    nobody = asking(account, user_with_key(account, "nobody")[1])
    for operation, parameters in (
        ("RunInstances", {**LAUNCH, "IamInstanceProfile": {"Name": "app"}}),
        ("TerminateInstances", {"InstanceIds": [web.instance_id]}),
        ("DescribeInstances", {}),
    ):
        would = ask(operation, **parameters, DryRun=True)
        assert code(would) == "DryRunOperation"
        assert would.error is not None
        assert would.error.status == 412
        assert message(would) == "Request would have succeeded, but DryRun flag is set."
        assert code(nobody(operation, **parameters, DryRun=True)) == "UnauthorizedOperation"

    assert list(account.instances) == [web.instance_id]
    assert web.state == "running"


# -- associations -----------------------------------------------------------------------------------------------------


def associations(ask: Ask, **parameters: Any) -> list[dict[str, Any]]:
    """What DescribeIamInstanceProfileAssociations answers."""
    found: list[dict[str, Any]] = ask("DescribeIamInstanceProfileAssociations", **parameters).result()[
        "IamInstanceProfileAssociations"
    ]
    return found


def test_an_association_comes_is_replaced_by_another_and_goes() -> None:
    account, ask = world()
    web = account.launch_instance()
    made = ask("AssociateIamInstanceProfile", InstanceId=web.instance_id, IamInstanceProfile={"Name": "app"}).result()
    first = made["IamInstanceProfileAssociation"]
    assert (first["State"], first["InstanceId"]) == ("associating", web.instance_id)
    assert associations(ask) == [{**first, "State": "associated"}]
    account.clock.advance(minutes=1)
    arn = account.instance_profiles["other"].arn
    second = ask(
        "ReplaceIamInstanceProfileAssociation", AssociationId=first["AssociationId"], IamInstanceProfile={"Arn": arn}
    ).result()["IamInstanceProfileAssociation"]
    assert second["State"] == "associating"
    assert second["AssociationId"] != first["AssociationId"]
    assert second["AssociationId"] == web.association_id
    assert second["IamInstanceProfile"]["Arn"] == arn
    assert associations(ask) == [{**second, "State": "associated"}]
    gone = ask("DisassociateIamInstanceProfile", AssociationId=second["AssociationId"]).result()
    assert gone["IamInstanceProfileAssociation"] == {**second, "State": "disassociating"}

    assert associations(ask) == []
    assert web.association_id is None
    assert "IamInstanceProfile" not in instance_of(ask("DescribeInstances"))


def test_a_launch_makes_an_association_for_each_instance_and_stopping_keeps_it() -> None:
    account, ask = world()
    one, two = account.launch_instances(2, "app")
    one.stop()
    found = associations(ask)

    assert [each["InstanceId"] for each in found] == [one.instance_id, two.instance_id]
    assert len({each["AssociationId"] for each in found}) == 2
    assert associations(ask, Filters=[{"Name": "instance-id", "Values": [two.instance_id]}]) == found[1:]
    assert associations(ask, Filters=[{"Name": "state", "Values": ["associated"]}]) == found
    assert associations(ask, Filters=[{"Name": "state", "Values": ["associating"]}]) == []
    assert associations(ask, AssociationIds=[found[1]["AssociationId"]]) == found[1:]
    two.terminate()
    assert associations(ask) == found[:1]


def test_association_ids_are_never_given_twice() -> None:
    """Neither among the instances of a launch nor along the life of one."""
    account, _ = world()
    seen = []
    for web in account.launch_instances(20, "app"):
        for name in ("other", "app"):
            seen.append(web.association_id)
            web.replace(name)
        web.detach()
        web.attach("app")
        seen.append(web.association_id)

    assert len(set(seen)) == 60


def test_an_association_takes_its_time_where_that_is_asked_for() -> None:
    """The metadata shows the new role once it is associated, and nothing before."""
    account, ask = world(rotation=Rotation(association_delay=timedelta(seconds=10)))
    web = account.launch_instance()
    web.attach("app")
    assert associations(ask)[0]["State"] == Records(web).association_state == "associating"
    assert web.metadata.credentials() is None
    assert web.metadata.get("/latest/meta-data/iam/info").status == 404
    assert code(web.call(LIST)) == "NoCredentials"
    account.clock.advance(seconds=9, milliseconds=999)
    assert web.metadata.credentials() is None
    account.clock.advance(milliseconds=1)

    assert associations(ask)[0]["State"] == Records(web).association_state == "associated"
    first = web.metadata.credentials()
    assert first is not None
    assert first.issued == account.clock.now()
    assert web.call(LIST).ok
    web.replace("other")
    assert web.metadata.credentials() is None
    web.detach()
    web.attach("app")
    web.stop()
    account.clock.advance(seconds=10)
    web.start()
    last = web.metadata.credentials()
    assert last is not None
    assert last.issued == account.clock.now()
    assert last != first
    assert [fetch.ordinal for fetch in web.role_credentials.fetches(account.time.as_of(None))] == [0, 1]
    assert account.call(LIST, credentials=first).ok


def test_a_change_of_the_trust_policy_while_associating_is_seen() -> None:
    """The fetch happens when the association is there, not when it was asked for."""
    account, _ = world(rotation=Rotation(association_delay=timedelta(seconds=10)))
    account.roles["app"].update_trust({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]})  # fmt: skip
    web = account.launch_instance()
    web.attach("app")
    account.clock.advance(seconds=5)
    account.roles["app"].update_trust(EC2)
    account.clock.advance(seconds=5)

    assert web.metadata.credentials() is not None


# -- lists ------------------------------------------------------------------------------------------------------------


def ids_of(response: Response) -> list[str]:
    """The ids of all instances of a response."""
    return [one["InstanceId"] for group in response.result()["Reservations"] for one in group["Instances"]]


def test_instances_come_gathered_by_launch() -> None:
    account, ask = world()
    account.launch_instances(2)
    account.launch_instances(3)

    groups = ask("DescribeInstances").result()["Reservations"]
    assert [len(group["Instances"]) for group in groups] == [2, 3]
    assert {group["OwnerId"] for group in groups} == {account.account_id}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("instance-state-name", ["running"], [0, 1, 2]),
        ("instance-state-name", ["stopped", "terminated"], [3]),
        ("instance-state-code", ["80"], [3]),
        ("tag:team", ["red"], [0]),
        ("tag:team", ["*"], [0, 1]),
        ("tag:team", ["r?d", "b*"], [0, 1]),
        ("tag:team", ["r?", "b\\*"], []),
        ("tag-key", ["team"], [0, 1]),
        ("tag:Team", ["red"], []),
        ("iam-instance-profile.arn", ["arn:aws:iam::123456789012:instance-profile/app"], [2]),
        ("iam-instance-profile.arn", ["arn:*/app"], [2]),
        ("instance-type", ["t3.*"], [0, 1, 2, 3]),
        ("metadata-options.http-tokens", ["required"], [3]),
    ],
)
def test_filters_choose_instances(name: str, values: list[str], expected: list[int]) -> None:
    account, ask = world()
    instances = [
        account.launch_instance(tags={"team": "red"}),
        account.launch_instance(tags={"team": "blue"}),
        account.launch_instance("app"),
        account.launch_instance(http_tokens="required"),
    ]
    instances[3].stop()

    found = ids_of(ask("DescribeInstances", Filters=[{"Name": name, "Values": values}]))
    assert found == [instances[number].instance_id for number in expected]


def test_several_filters_must_all_hold() -> None:
    account, ask = world()
    account.launch_instance(tags={"team": "red"}).stop()
    running = account.launch_instance(tags={"team": "red"})
    account.launch_instance()
    wanted = [{"Name": "tag:team", "Values": ["red"]}, {"Name": "instance-state-name", "Values": ["running"]}]

    assert ids_of(ask("DescribeInstances", Filters=wanted)) == [running.instance_id]
    one = {"Name": "instance-id", "Values": [running.instance_id[:6] + "*"]}
    assert ids_of(ask("DescribeInstances", Filters=[one])) == [running.instance_id]


@pytest.mark.parametrize("size", [5, 6, 11, 12, 13])
def test_pages_join_to_the_whole_list(size: int) -> None:
    """Whatever passes the filters, once, in order; a token is good for one operation only."""
    account, ask = world()
    instances = account.launch_instances(25, "app")
    for one in instances[::2]:
        one.stop()
    wanted = [one.instance_id for one in instances[1::2]]
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    found: list[str] = []
    token: dict[str, str] = {}
    pages = 0
    while True:
        answer = ask("DescribeInstances", Filters=running, MaxResults=size, **token)
        found += ids_of(answer)
        pages += 1
        if "NextToken" not in answer.value:
            break
        token = {"NextToken": answer.value["NextToken"]}
        refused = ask("DescribeIamInstanceProfileAssociations", **token)
        assert code(refused) == "InvalidNextToken"

    assert found == wanted
    assert pages == -(-len(wanted) // size)


def test_associations_and_tags_come_in_pages() -> None:
    account, ask = world()
    instances = account.launch_instances(12, "app", tags={"a": "1", "b": "2"})
    first = ask("DescribeIamInstanceProfileAssociations", MaxResults=10).result()
    rest = ask("DescribeIamInstanceProfileAssociations", NextToken=first["NextToken"]).result()
    both = [one["InstanceId"] for page in (first, rest) for one in page["IamInstanceProfileAssociations"]]
    assert both == [one.instance_id for one in instances]
    assert "NextToken" not in rest
    first = ask("DescribeTags", MaxResults=20).result()
    rest = ask("DescribeTags", NextToken=first["NextToken"]).result()
    assert [len(first["Tags"]), len(rest["Tags"])] == [20, 4]


# -- tags -------------------------------------------------------------------------------------------------------------


def test_tags_are_created_overwritten_listed_and_deleted() -> None:
    account, ask = world()
    one, two = account.launch_instances(2, tags={"team": "red"})
    both = [one.instance_id, two.instance_id]
    assert (
        ask("CreateTags", Resources=both, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "x", "Value": "1"}]).value
        == {}
    )
    assert one.tags == two.tags == {"team": "blue", "x": "1"}
    listed = ask("DescribeTags", Filters=[{"Name": "key", "Values": ["x"]}]).result()["Tags"]
    assert listed == [{"ResourceId": each, "ResourceType": "instance", "Key": "x", "Value": "1"} for each in both]
    ask("DeleteTags", Resources=[one.instance_id], Tags=[{"Key": "x", "Value": "2"}, {"Key": "team"}]).result()
    assert one.tags == {"x": "1"}
    ask("DeleteTags", Resources=[one.instance_id]).result()
    assert (one.tags, two.tags) == ({}, {"team": "blue", "x": "1"})
    assert ask("DescribeTags", Filters=[{"Name": "tag:team", "Values": ["b*"]}]).result()["Tags"][0]["Value"] == "blue"


# -- who may do it ----------------------------------------------------------------------------------------------------


def passing(account: Account, **options: Any) -> Ask:
    """Somebody who may do everything with EC2, and pass such roles."""
    user, key = user_with_key(account, "passer")
    user.put_policy("ec2", PermissionPolicy.allow("ec2:*"))
    if options:
        user.put_policy("pass", PermissionPolicy.allow("iam:PassRole", **options))
    return asking(account, key)


PASS: dict[str, Callable[[Ask, Instance, Instance], Response]] = {
    "RunInstances": lambda ask, bare, full: ask("RunInstances", **LAUNCH, IamInstanceProfile={"Name": "team-app"}),
    "AssociateIamInstanceProfile": lambda ask, bare, full: ask(
        "AssociateIamInstanceProfile", InstanceId=bare.instance_id, IamInstanceProfile={"Name": "team-app"}
    ),
    "ReplaceIamInstanceProfileAssociation": lambda ask, bare, full: ask(
        "ReplaceIamInstanceProfileAssociation",
        AssociationId=full.association_id,
        IamInstanceProfile={"Name": "team-app"},
    ),
}
FOR_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
FOR_LAMBDA = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
FOR_INSTANCES = {"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:us-east-1:123456789012:instance/*"}}
FOR_OTHER_REGION = {"ArnLike": {"iam:AssociatedResourceArn": "arn:aws:ec2:eu-west-1:123456789012:instance/*"}}


@pytest.mark.parametrize("operation", PASS)
@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({}, False),
        ({"resource": ROLE}, True),
        ({"resource": ROLE, "condition": FOR_EC2}, True),
        ({"resource": ROLE, "condition": FOR_LAMBDA}, False),
        ({"resource": ROLE, "condition": FOR_INSTANCES}, True),
        ({"resource": ROLE, "condition": FOR_OTHER_REGION}, False),
        ({"resource": "arn:aws:iam::123456789012:role/team"}, False),
        ({"resource": "arn:aws:iam::123456789012:role/team/*"}, True),
        ({"resource": "arn:aws:iam::123456789012:role/other"}, False),
        ({"resource": "arn:aws:iam::123456789012:instance-profile/team-app"}, False),
    ],
)
def test_giving_a_profile_needs_to_pass_the_role_inside(operation: str, options: dict[str, Any], allowed: bool) -> None:
    """On the role's ARN with its path, not the profile's; for EC2 and no other service."""
    account, _ = world()
    bare, full = account.launch_instance(), account.launch_instance("other")
    role = account.create_role("team", trust=EC2, path="/team/")
    account.create_instance_profile("team-app").add_role(role)
    response = PASS[operation](passing(account, **options), bare, full)

    assert response.ok is allowed
    if not allowed:
        assert code(response) == "UnauthorizedOperation"
        assert f"is not authorized to perform: iam:PassRole on resource: {ROLE} because" in message(response)
        admin = account.users["admin"].create_access_key()
        opened = account.sts.decode_authorization_message(encoded_of(response), credentials=admin).result()
        assert (opened["context"]["action"], opened["context"]["resource"]) == ("iam:PassRole", ROLE)
    given = [one.profile.name for one in account.instances.values() if one.profile is not None]
    assert given.count("team-app") == (1 if allowed else 0)
    assert len(account.instances) == (3 if allowed and operation == "RunInstances" else 2)


def test_the_right_to_pass_is_asked_for_when_it_is_used_and_never_again() -> None:
    account, _ = world()
    user, key = user_with_key(account, "passer")
    user.put_policy("ec2", PermissionPolicy.allow("ec2:*"))
    user.put_policy("pass", PermissionPolicy.allow("iam:PassRole"))
    ask = asking(account, key)
    web = launched(account, ask, IamInstanceProfile={"Name": "app"})
    user.delete_policy("pass")

    assert ask("StopInstances", InstanceIds=[web.instance_id]).ok
    assert ask("StartInstances", InstanceIds=[web.instance_id]).ok
    assert web.call(LIST).ok
    assert ask("DisassociateIamInstanceProfile", AssociationId=web.association_id).ok
    assert ask("RunInstances", **LAUNCH).ok


def permitted(account: Account, statement: dict[str, Any], *, everything: bool = True) -> Ask:
    """Somebody with that statement, and unless it is the only one, with all else that EC2 asks for."""
    user, key = user_with_key(account, "somebody")
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}] if everything else []
    user.put_policy("all", {"Version": "2012-10-17", "Statement": [*statements, statement]})
    return asking(account, key)


@pytest.mark.parametrize(
    ("condition", "parameters", "allowed"),
    [
        ({"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}}, {}, False),
        (
            {"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}},
            {"MetadataOptions": {"HttpTokens": "required"}},
            True,
        ),
        (
            {"NumericGreaterThan": {"ec2:MetadataHttpPutResponseHopLimit": "1"}},
            {"MetadataOptions": {"HttpPutResponseHopLimit": 2}},
            False,
        ),
        ({"NumericGreaterThan": {"ec2:MetadataHttpPutResponseHopLimit": "1"}}, {}, True),
        ({"StringNotLike": {"ec2:InstanceType": "t3.*"}}, {"InstanceType": "p5.48xlarge"}, False),
        ({"StringNotLike": {"ec2:InstanceType": "t3.*"}}, {}, True),
        ({"Null": {"ec2:InstanceProfile": "true"}}, {}, False),
        ({"Null": {"ec2:InstanceProfile": "true"}}, {"IamInstanceProfile": {"Name": "app"}}, True),
        ({"StringLike": {"ec2:InstanceProfile": "*/app"}}, {"IamInstanceProfile": {"Name": "app"}}, False),
        ({"StringLike": {"ec2:InstanceProfile": "*/app"}}, {"IamInstanceProfile": {"Name": "other"}}, True),
        ({"Null": {"aws:RequestTag/team": "true"}}, {}, False),
        (
            {"Null": {"aws:RequestTag/team": "true"}},
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}]},
            True,
        ),
        ({"StringNotEquals": {"ec2:Region": "us-east-1"}}, {}, True),
        ({"StringEquals": {"ec2:AvailabilityZone": "us-east-1a"}}, {}, False),
    ],
)
def test_a_deny_on_launches_reads_what_is_launched(
    condition: dict[str, Any], parameters: dict[str, Any], allowed: bool
) -> None:
    """The context keys of ``instance/*``."""
    account, _ = world()
    deny = {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": ANY, "Condition": condition}
    response = permitted(account, deny)("RunInstances", **LAUNCH, **parameters)

    assert response.ok is allowed
    if not allowed:
        assert "with an explicit deny in an identity-based policy" in message(response)


@pytest.mark.parametrize(
    "missing",
    ["instance/*", "subnet/*", "network-interface/*", "security-group/*", "volume/*", "image"],
)
def test_a_launch_needs_permission_on_all_that_it_touches(missing: str) -> None:
    """A policy that allows RunInstances on ``instance/*`` alone launches nothing."""
    account, _ = world()
    kinds = ["instance/*", "subnet/*", "network-interface/*", "security-group/*", "volume/*"]
    arns = [f"arn:aws:ec2:us-east-1:123456789012:{kind}" for kind in kinds if kind != missing]
    if missing != "image":
        arns.append("arn:aws:ec2:us-east-1::image/*")
    allow = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": arns}
    ask = permitted(account, allow, everything=False)
    response = ask("RunInstances", **LAUNCH)

    assert code(response) == "UnauthorizedOperation"
    assert missing.rstrip("*") in message(response)
    full = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": [*arns, "*"]}
    account.users["somebody"].put_policy("all", {"Version": "2012-10-17", "Statement": full})
    assert ask("RunInstances", **LAUNCH).ok
    # Tagging at launch is a permission of its own.
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    assert "ec2:CreateTags" in message(ask("RunInstances", **LAUNCH, TagSpecifications=tagged))


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "ec2:ResourceTag/team"])
def test_instances_are_told_apart_by_their_tags(key: str) -> None:
    account, _ = world()
    red, blue = account.launch_instance("app", tags={"team": "red"}), account.launch_instance(tags={"team": "blue"})
    allow = {"Effect": "Allow", "Action": "ec2:*", "Resource": ANY, "Condition": {"StringEquals": {key: "red"}}}
    ask = permitted(account, allow, everything=False)

    assert ask("StopInstances", InstanceIds=[red.instance_id]).ok
    assert code(ask("StopInstances", InstanceIds=[blue.instance_id])) == "UnauthorizedOperation"
    assert code(ask("StopInstances", InstanceIds=[red.instance_id, blue.instance_id])) == "UnauthorizedOperation"
    assert code(ask("DescribeInstances")) == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"ec2:InstanceProfile": PROFILE + "other", "ec2:NewInstanceProfile": PROFILE + "app"}, True),
        ({"ec2:InstanceProfile": PROFILE + "app"}, False),
        ({"ec2:NewInstanceProfile": PROFILE + "other"}, False),
    ],
)
def test_a_replace_knows_the_old_profile_and_the_new(condition: dict[str, str], allowed: bool) -> None:
    account, _ = world()
    web = account.launch_instance("other")
    replace = "ec2:ReplaceIamInstanceProfileAssociation"
    allow = {"Effect": "Allow", "Action": replace, "Resource": "*", "Condition": {"ArnEquals": condition}}
    ask = permitted(account, allow, everything=False)
    account.users["somebody"].put_policy("pass", PermissionPolicy.allow("iam:PassRole"))
    wanted = {"AssociationId": web.association_id, "IamInstanceProfile": {"Name": "app"}}

    assert ask("ReplaceIamInstanceProfileAssociation", **wanted).ok is allowed


@pytest.mark.parametrize(
    "condition", [{"ec2:Attribute/HttpTokens": "required"}, {"ec2:MetadataHttpTokens": "optional"}]
)
def test_changing_metadata_options_knows_what_is_asked_for_and_what_is_there(condition: dict[str, str]) -> None:
    account, _ = world()
    web = account.launch_instance()
    modify = "ec2:ModifyInstanceMetadataOptions"
    allow = {"Effect": "Allow", "Action": modify, "Resource": web.arn, "Condition": {"StringEquals": condition}}
    ask = permitted(account, allow, everything=False)

    assert ask("ModifyInstanceMetadataOptions", InstanceId=web.instance_id, HttpTokens="required").ok
    again = ask("ModifyInstanceMetadataOptions", InstanceId=web.instance_id, HttpTokens="optional")
    assert code(again) == "UnauthorizedOperation"


def test_each_caller_sees_the_instances_of_its_own_account() -> None:
    """Whichever account's endpoint is asked."""
    cloud = Cloud()
    here, there = cloud.account(), cloud.account(OTHER)
    here.launch_instances(2)
    ask = asking(here, user_with_key(there, "stranger", admin=True)[1])

    assert ids_of(ask("DescribeInstances")) == []
    mine = instance_of(ask("RunInstances", **LAUNCH))["InstanceId"]
    assert list(there.instances) == [mine]
    assert len(here.instances) == 2
    theirs = next(iter(here.instances))
    assert code(ask("TerminateInstances", InstanceIds=[theirs])) == "InvalidInstanceID.NotFound"


def test_an_association_of_another_account_is_unknown() -> None:
    cloud = Cloud()
    here, there = cloud.account(), cloud.account(OTHER)
    here.console.create_role("app")
    web = here.launch_instance("app")
    ask = asking(there, user_with_key(there, "stranger", admin=True)[1])

    assert (
        code(ask("DisassociateIamInstanceProfile", AssociationId=web.association_id)) == "InvalidAssociationID.NotFound"
    )


# -- denials ----------------------------------------------------------------------------------------------------------


def test_a_denial_says_why_and_what_would_change_something_says_it_in_code_too() -> None:
    """The exact form of F4."""
    account, _ = world()
    user, key = user_with_key(account, "nobody")
    ask = asking(account, key)
    who = f"You are not authorized to perform this operation. User: {user.arn} is not authorized to perform: "
    describe = ask("DescribeInstances")
    assert (code(describe), describe.error and describe.error.status) == ("UnauthorizedOperation", 403)
    assert message(describe) == (
        f"{who}ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action"
    )
    start, _, encoded = message(ask("RunInstances", **LAUNCH)).rpartition(" ")
    assert start == (
        f"{who}ec2:RunInstances on resource: {ANY} because no identity-based policy allows the ec2:RunInstances action. "
        "Encoded authorization failure message:"
    )
    assert len(encoded) > 500
    web = account.launch_instance("app")
    assert message(web.call("ec2:StopInstances", web.arn)).startswith(
        f"You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/app/{web.instance_id} "
        f"is not authorized to perform: ec2:StopInstances on resource: {web.arn} because no identity-based"
    )
    # An operation that is not simulated is refused in the same form.
    assert code(account.call("ec2:CreateVpc", credentials=key)) == "UnauthorizedOperation"


def encoded_of(response: Response) -> str:
    """The encoded message of a denial."""
    return message(response).rpartition(" ")[2]


def test_the_encoded_message_is_opened_by_who_may() -> None:
    account, _ = world()
    user, key = user_with_key(account, "nobody")
    admin = account.users["admin"].create_access_key()
    encoded = encoded_of(asking(account, key)("RunInstances", **LAUNCH))
    opened = account.sts.decode_authorization_message(encoded, credentials=admin).result()

    assert opened["allowed"] is False
    assert opened["explicitDeny"] is False
    assert opened["matchedStatements"] == opened["failures"] == {"items": []}
    assert list(opened) == ["allowed", "explicitDeny", "matchedStatements", "failures", "context"]
    context = opened["context"]
    assert context["principal"] == {"id": user.user_id, "name": "nobody", "arn": user.arn}
    assert (context["action"], context["resource"]) == ("ec2:RunInstances", ANY)
    conditions = {
        one["key"]: [value["value"] for value in one["values"]["items"]] for one in context["conditions"]["items"]
    }
    assert conditions["ec2:MetadataHttpTokens"] == ["optional"]
    assert conditions["aws:Region"] == conditions["ec2:Region"] == ["us-east-1"]
    assert (conditions["aws:Type"], conditions["aws:Service"]) == (["instance"], ["ec2"])
    as_aws = account.request("sts:DecodeAuthorizationMessage", {"EncodedMessage": encoded}, credentials=admin)
    assert json.loads(as_aws.value["DecodedMessage"]) == opened
    refused = account.sts.decode_authorization_message(encoded, credentials=key)
    assert code(refused) == "AccessDenied"
    assert "sts:DecodeAuthorizationMessage" in message(refused)


def test_a_matched_deny_is_in_the_message() -> None:
    account, _ = world()
    deny = {"Sid": "NoLaunch", "Effect": "Deny", "Action": "ec2:Run*", "Resource": "*", "Condition": {
        "StringEquals": {"ec2:InstanceType": ["t3.micro", "t3.nano"]}
    }}  # fmt: skip
    encoded = encoded_of(permitted(account, deny)("RunInstances", **LAUNCH))
    admin = account.users["admin"].create_access_key()
    opened = account.sts.decode_authorization_message(encoded, credentials=admin).result()

    assert opened["explicitDeny"] is True
    (statement,) = opened["matchedStatements"]["items"]
    assert (statement["statementId"], statement["effect"]) == ("NoLaunch", "DENY")
    assert statement["actions"] == {"items": [{"value": "ec2:Run*"}]}
    assert statement["conditions"]["items"] == [
        {"key": "ec2:InstanceType", "values": {"items": [{"value": "t3.micro"}, {"value": "t3.nano"}]}}
    ]


def test_a_session_is_named_by_its_ids_in_the_message() -> None:
    account, _ = world()
    web = account.launch_instance("app")
    encoded = encoded_of(web.call("ec2:TerminateInstances", web.arn))
    admin = account.users["admin"].create_access_key()
    principal = account.sts.decode_authorization_message(encoded, credentials=admin).result()["context"]["principal"]

    assert principal["id"] == f"{account.roles['app'].role_id}:{web.instance_id}"
    assert principal["arn"] == f"arn:aws:sts::123456789012:assumed-role/app/{web.instance_id}"


def test_only_the_cloud_that_wrote_a_message_opens_it() -> None:
    """Nothing else does, and no garbage."""
    account, _ = world()
    _, key = user_with_key(account, "nobody")
    encoded = encoded_of(asking(account, key)("RunInstances", **LAUNCH))
    elsewhere = Account(seed=1)
    admin = user_with_key(elsewhere, "admin", admin=True)[1]
    changed = encoded[:-2] + ("AA" if encoded[-2:] != "AA" else "BB")
    for one in ("", encoded + "A" * 10_240):
        assert code(elsewhere.sts.decode_authorization_message(one, credentials=admin)) == "ValidationError"
    longer = encoded + "A" * 1_000
    bad = [encoded, "A", "AAAA", "ÄÄÄÄ", "=" * 8, changed, encoded[1:], longer, encoded[:100]]
    for one in bad:
        response = elsewhere.sts.decode_authorization_message(one, credentials=admin)
        assert code(response) == "InvalidAuthorizationMessageException"
        assert response.error is not None
        assert response.error.status == 400
    own = account.users["admin"].create_access_key()
    for one in bad[1:]:
        assert (
            code(account.sts.decode_authorization_message(one, credentials=own))
            == "InvalidAuthorizationMessageException"
        )
    with pytest.raises(TypeError, match="Invalid type for parameter EncodedMessage"):
        account.sts.decode_authorization_message(b"AAAA", credentials=own)  # type: ignore[arg-type]


def test_the_same_denial_gives_the_same_message() -> None:
    """In two worlds of one seed."""
    texts = []
    for _ in range(2):
        account, _ = world()
        texts.append(encoded_of(asking(account, user_with_key(account, "nobody")[1])("RunInstances", **LAUNCH)))

    assert texts[0] == texts[1]


@pytest.mark.parametrize("action", ["ec2:RunInstances", "ec2:StopInstances", "ec2:DescribeInstances", "ec2:CreateVpc"])
def test_questions_about_an_action_alone_need_no_parameters(action: str) -> None:
    account, _ = world()
    admin = account.users["admin"].create_access_key()
    nobody = user_with_key(account, "nobody")[1]

    assert account.can(action, credentials=admin)
    assert not account.can(action, credentials=nobody)


def test_an_instance_is_named_by_its_arn_too() -> None:
    """As the calls of every other service are made."""
    account, _ = world()
    web = account.launch_instance(tags={"team": "red"})
    user, key = user_with_key(account, "somebody")
    user.put_policy(
        "own", PermissionPolicy.allow("ec2:StopInstances", condition={"StringEquals": {"ec2:ResourceTag/team": "red"}})
    )
    assert account.can("ec2:StopInstances", web.arn, credentials=key)
    assert account.call("ec2:StopInstances", web.arn, credentials=key).ok

    assert web.state == "stopped"


def test_a_service_control_policy_asks_for_imdsv2_in_every_launch_of_a_member_account() -> None:
    """The account's own administrator is denied, in EC2's form."""
    cloud = Cloud()
    cloud.account("999999999999")
    organization = cloud.create_organization("999999999999")
    member = cloud.account(OTHER)
    organization.add_account(member)
    guard = organization.create_policy("imdsv2", {"Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "arn:aws:ec2:*:*:instance/*",
        "Condition": {"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}},
    }})  # fmt: skip
    organization.attach_policy(member, guard)
    ask = asking(member, user_with_key(member, "admin", admin=True)[1])
    refused = ask("RunInstances", **LAUNCH)

    assert code(refused) == "UnauthorizedOperation"
    assert "with an explicit deny in a service control policy. Encoded authorization failure message: " in message(
        refused
    )
    assert ask("RunInstances", **LAUNCH, MetadataOptions={"HttpTokens": "required"}).ok
