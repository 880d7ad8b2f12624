"""ModifyInstanceAttribute: protection from termination and stopping, types and user data, now and as it was then."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from ec2roles import Account, PermissionPolicy
from ec2roles.ec2.records import Records
from ec2roles.errors import InstanceError
from helpers.worlds import code, user_with_key

ANY = "arn:aws:ec2:us-east-1:123456789012:instance/*"


def refused(do: Any) -> str:
    """The code of EC2's error."""
    with pytest.raises(InstanceError) as raised:
        do()
    return raised.value.code


def test_protection_holds_until_it_is_taken_off() -> None:
    web = Account().launch_instance(disable_api_termination=True)

    assert refused(web.terminate) == "OperationNotPermitted"
    web.stop()
    assert refused(web.terminate) == "OperationNotPermitted"
    web.modify_attribute(disable_api_termination=False)
    web.terminate()
    assert web.state == "terminated"


def test_protection_from_stopping_is_for_hibernation_and_termination_too_and_not_for_a_reboot() -> None:
    web = Account().launch_instance(disable_api_stop=True, hibernation=True)

    assert [refused(do) for do in (web.stop, web.hibernate, web.terminate)] == ["OperationNotPermitted"] * 3
    web.reboot()
    web.modify_attribute(disable_api_stop=False)
    web.hibernate()
    web.terminate()


def test_what_is_terminated_stays_so_without_a_word() -> None:
    """As AWS answers TerminateInstances for an instance that is terminated."""
    web = Account().launch_instance()
    web.terminate()
    web.terminate()


def test_a_type_and_user_data_change_while_it_is_stopped_and_the_past_keeps_them(account: Account) -> None:
    web = account.launch_instance(user_data="one", disable_api_termination=True)
    start = account.clock.now()
    account.clock.advance(hours=1)

    def shown(path: str, **at: Any) -> str:
        return web.metadata.get(f"/latest/{path}", **at).body

    assert refused(lambda: web.modify_attribute(instance_type="t3.large")) == "IncorrectInstanceState"
    assert refused(lambda: web.modify_attribute(user_data="two")) == "IncorrectInstanceState"
    web.stop()
    web.modify_attribute(instance_type="t3.large", user_data="two", disable_api_termination=False)
    web.start()

    assert (shown("meta-data/instance-type"), shown("user-data"), web.attributes.instance_type) == (
        "t3.large",
        "two",
        "t3.large",
    )
    assert '"instanceType" : "t3.large"' in shown("dynamic/instance-identity/document")
    assert (shown("meta-data/instance-type", at=start), shown("user-data", at=start)) == ("t3.micro", "one")
    assert '"instanceType" : "t3.micro"' in shown("dynamic/instance-identity/document", at=start)
    then = account.as_of(start).instances[web.instance_id].attributes
    assert (then.instance_type, then.disable_api_termination) == ("t3.micro", True)
    assert not web.attributes.disable_api_termination


def test_instances_of_one_launch_differ_once_one_is_changed() -> None:
    one, two = Account().launch_instances(2)
    one.modify_attribute(disable_api_termination=True)

    assert (one.attributes.disable_api_termination, two.attributes.disable_api_termination) == (True, False)


@pytest.mark.parametrize(
    "attributes",
    [
        {"disable_api_termination": "yes"},
        {"disable_api_stop": 1},
        {"instance_initiated_shutdown_behavior": "sleep"},
        {"instance_type": 3},
        {"instance_type": "t4g.micro"},
        {"user_data": 3},
        {"user_data": "x" * 16_385},
        {"colour": "red"},
        {"disable_api_stop": True, "colour": "red"},
        {},
    ],
    ids=str,
)
def test_a_bad_value_changes_nothing(account: Account, attributes: dict[str, Any]) -> None:
    web = account.launch_instance()
    web.stop()
    before, changes = Records(web).last, len(account.time.changes)

    with pytest.raises((InstanceError, TypeError)):
        web.modify_attribute(**attributes)

    assert Records(web).last is before
    assert len(account.time.changes) == changes


def test_the_history_does_not_show_user_data(account: Account) -> None:
    web = account.launch_instance()
    web.stop()
    web.modify_attribute(user_data="hunter2")

    assert not any("hunter2" in str(event) for event in account.history)


def test_the_operations_change_and_describe_it(account: Account) -> None:
    key = user_with_key(account, "admin", admin=True)[1]

    def ask(operation: str, **parameters: Any) -> Any:
        return account.request(f"ec2:{operation}", parameters, credentials=key).result()

    launch = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1, "UserData": "one"}
    protected = {
        "DisableApiTermination": True,
        "DisableApiStop": True,
        "InstanceInitiatedShutdownBehavior": "terminate",
    }
    (made,) = ask("RunInstances", **launch, **protected)["Instances"]
    which = {"InstanceId": made["InstanceId"]}

    def described(attribute: str) -> Any:
        answer = ask("DescribeInstanceAttribute", Attribute=attribute, **which)
        assert answer.pop("InstanceId") == made["InstanceId"]
        return answer

    assert described("disableApiTermination") == {"DisableApiTermination": {"Value": True}}
    assert described("disableApiStop") == {"DisableApiStop": {"Value": True}}
    assert described("instanceInitiatedShutdownBehavior") == {
        "InstanceInitiatedShutdownBehavior": {"Value": "terminate"}
    }
    assert described("userData") == {"UserData": {"Value": b64encode(b"one").decode()}}
    assert described("instanceType") == {"InstanceType": {"Value": "t3.micro"}}
    assert described("groupSet") == {"Groups": [{"GroupId": made["SecurityGroups"][0]["GroupId"]}]}
    assert described("rootDeviceName") == {"RootDeviceName": {"Value": made["RootDeviceName"]}}
    assert ask("ModifyInstanceAttribute", DisableApiStop={"Value": False}, **which) == {}
    ask("ModifyInstanceAttribute", Attribute="disableApiTermination", Value="false", **which)
    ask("StopInstances", InstanceIds=[made["InstanceId"]])
    ask("ModifyInstanceAttribute", UserData={"Value": b"two"}, **which)
    ask("ModifyInstanceAttribute", Attribute="userData", Value=b64encode(b"three").decode(), **which)
    assert described("userData") == {"UserData": {"Value": b64encode(b"three").decode()}}
    ask("ModifyInstanceAttribute", UserData={"Value": b""}, **which)
    assert described("userData") == {"UserData": {}}
    ask("TerminateInstances", InstanceIds=[made["InstanceId"]])


def test_one_that_is_protected_saves_all_that_would_be_terminated_with_it(account: Account) -> None:
    key = user_with_key(account, "admin", admin=True)[1]
    free = account.launch_instance()
    kept = account.launch_instance(disable_api_termination=True)
    answer = account.request(
        "ec2:TerminateInstances", {"InstanceIds": [free.instance_id, kept.instance_id]}, credentials=key
    )

    assert code(answer) == "OperationNotPermitted"
    assert [one.state for one in (free, kept)] == ["running", "running"]


@pytest.mark.parametrize(
    ("condition", "parameters", "allowed"),
    [
        ({}, {"DisableApiTermination": {"Value": False}}, True),
        ({"StringEquals": {"ec2:Attribute": "DisableApiTermination"}}, {"DisableApiTermination": {"Value": False}}, True),
        ({"StringEquals": {"ec2:Attribute": "DisableApiTermination"}}, {"DisableApiStop": {"Value": False}}, False),
        ({"StringEquals": {"ec2:Attribute": "DisableApiStop"}}, {"Attribute": "disableApiStop", "Value": "true"}, True),
        ({"Bool": {"ec2:Attribute/DisableApiTermination": "true"}}, {"DisableApiTermination": {"Value": True}}, True),
        ({"Bool": {"ec2:Attribute/DisableApiTermination": "true"}}, {"DisableApiTermination": {"Value": False}}, False),
        ({"StringLike": {"ec2:Attribute/InstanceType": "t3.*"}}, {"InstanceType": {"Value": "t3.large"}}, True),
        ({"StringLike": {"ec2:Attribute/InstanceType": "t3.*"}}, {"InstanceType": {"Value": "m5.large"}}, False),
        ({"StringLike": {"ec2:Attribute/UserData": "*"}}, {"UserData": {"Value": "x"}}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "red"}}, {"DisableApiStop": {"Value": False}}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, {"DisableApiStop": {"Value": False}}, False),
    ],
)  # fmt: skip
def test_policies_can_ask_which_attribute_and_which_value(
    condition: dict[str, Any], parameters: dict[str, Any], allowed: bool
) -> None:
    account = Account()
    user, key = user_with_key(account, "operator")
    user.put_policy("modify", PermissionPolicy.allow("ec2:ModifyInstanceAttribute", resource=ANY, condition=condition))
    web = account.launch_instance(tags={"team": "red"})
    given = {"InstanceId": web.instance_id, "DryRun": True, **parameters}

    answer = account.request("ec2:ModifyInstanceAttribute", given, credentials=key)

    assert code(answer) == ("DryRunOperation" if allowed else "UnauthorizedOperation")
    assert "Encoded authorization failure message" in str(answer.error) or allowed
