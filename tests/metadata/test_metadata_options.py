"""Which metadata options an instance gets, and what may be changed."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Instance, PermissionPolicy
from ec2roles.errors import InstanceError
from ec2roles.metadata.options import MetadataOptions

V2 = {"imds_support": "v2.0"}


@pytest.mark.parametrize(
    ("launch", "defaults", "tokens", "hops"),
    [
        ({}, {}, "optional", 1),  # the service's own
        (V2, {}, "required", 2),  # AMI
        (V2, {"http_tokens": "no-preference"}, "required", 2),
        (V2, {"http_tokens": "optional"}, "optional", 2),  # account over AMI, each option by itself
        (V2, {"http_put_response_hop_limit": 5}, "required", 5),
        ({}, {"http_tokens": "required"}, "required", 1),
        ({"http_tokens": "optional"}, {"http_tokens": "required"}, "optional", 1),  # launch over account
        ({"http_put_response_hop_limit": 3, **V2}, {"http_put_response_hop_limit": 5}, "required", 3),
        ({"http_tokens": "optional", "http_put_response_hop_limit": 1, **V2}, {}, "optional", 1),
        ({}, {"http_put_response_hop_limit": -1}, "optional", 1),
    ],
)
def test_launch_wins_over_account_over_ami_over_service(
    launch: dict[str, Any], defaults: dict[str, Any], tokens: str, hops: int
) -> None:
    account = Account()
    if defaults:
        account.modify_instance_metadata_defaults(**defaults)

    options = account.launch_instance(**launch).metadata_options

    assert (options.http_tokens, options.http_put_response_hop_limit) == (tokens, hops)


def test_the_accounts_defaults_never_change_an_instance_that_is_there(account: Account) -> None:
    before = account.launch_instance()

    account.modify_instance_metadata_defaults(http_tokens="required", http_endpoint="disabled")

    assert before.metadata_options == MetadataOptions()
    assert account.launch_instance().metadata_options.http_endpoint == "disabled"


def test_defaults_that_are_not_named_stay_and_no_preference_clears(account: Account) -> None:
    assert account.metadata_defaults is None
    account.modify_instance_metadata_defaults(http_tokens="required")
    account.modify_instance_metadata_defaults(instance_metadata_tags="enabled")
    found = account.launch_instance().metadata_options
    assert (found.http_tokens, found.instance_metadata_tags) == ("required", "enabled")

    account.modify_instance_metadata_defaults(http_tokens="no-preference")

    assert account.launch_instance().metadata_options.http_tokens == "optional"
    assert account.time.changes[-2].operation == "ModifyInstanceMetadataDefaults"


def test_where_tokens_are_enforced_nothing_may_allow_version_1(account: Account) -> None:
    """UnsupportedOperation, and nothing is launched or changed; requiring them is fine, and so are other changes."""
    old = account.launch_instance()
    account.modify_instance_metadata_defaults(http_tokens_enforced="enabled")

    with pytest.raises(InstanceError, match="can't launch instances with IMDSv1") as refused:
        account.launch_instance()
    assert refused.value.code == "UnsupportedOperation"
    assert len(account.instances) == 1
    new = account.launch_instance(http_tokens="required")
    with pytest.raises(InstanceError, match="httpTokensEnforced"):
        new.modify_metadata_options(http_tokens="optional")
    assert new.metadata_options.http_tokens == "required"
    old.modify_metadata_options(http_put_response_hop_limit=2)
    assert old.metadata_options.http_tokens == "optional"


@pytest.mark.parametrize(
    "defaults",
    [
        {"http_tokens": "v2"},
        {"http_put_response_hop_limit": 0},
        {"http_put_response_hop_limit": 65},
        {"http_put_response_hop_limit": True},
        {"http_put_response_hop_limit": "1"},
        {"http_endpoint": True},
        {"instance_metadata_tags": None},
        {"http_tokens_enforced": "yes"},
    ],
)
def test_a_bad_default_is_refused_and_changes_nothing(account: Account, defaults: dict[str, Any]) -> None:

    with pytest.raises(InstanceError, match="Invalid value for"):
        account.modify_instance_metadata_defaults(**defaults)
    assert account.metadata_defaults is None


@pytest.mark.parametrize(
    "options",
    [
        {"imds_support": "v1.0"},
        {"http_protocol_ipv6": "yes"},
        {"instance_life_cycle": "reserved"},
        {"http_tokens": None},
    ],
)
def test_a_bad_option_of_a_launch_is_refused(account: Account, options: dict[str, Any]) -> None:

    with pytest.raises(InstanceError, match="Invalid value for"):
        account.launch_instance(**options)
    assert len(account.instances) == 0


@pytest.mark.parametrize("options", [{"security_groups": "web"}, {"partition_number": "1"}, {"key_name": 5}])
def test_an_option_of_a_wrong_type_is_a_type_error(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        Account().launch_instance(**options)


def test_options_of_a_disabled_endpoint_are_refused() -> None:
    """The code is unverified. In the call that enables it they are fine."""
    web = Account().launch_instance(http_endpoint="disabled")

    with pytest.raises(InstanceError, match="http_tokens") as refused:
        web.modify_metadata_options(http_tokens="required")
    assert refused.value.code == "InvalidParameterCombination"
    web.modify_metadata_options(http_tokens="required", http_endpoint="enabled")
    assert web.metadata_options.http_tokens == "required"
    with pytest.raises(InstanceError, match="http_put_response_hop_limit"):
        web.modify_metadata_options(http_endpoint="disabled", http_put_response_hop_limit=2)


@pytest.mark.parametrize("key", ["a b", "_index", ".", "..", "a/b", "ключ"])
def test_tags_that_cannot_be_a_path_do_not_go_with_tags_in_the_metadata(account: Account, key: str) -> None:
    with pytest.raises(InstanceError, match="is not a valid tag key"):
        account.launch_instance(tags={key: "x"}, instance_metadata_tags="enabled")
    web = account.launch_instance(tags={key: "x"})

    with pytest.raises(InstanceError, match="is not a valid tag key"):
        web.modify_metadata_options(instance_metadata_tags="enabled")
    assert web.metadata_options.instance_metadata_tags == "disabled"


def test_options_live_tokens_survive_a_change_and_back() -> None:
    """Unverified: the flip leaves live tokens valid."""
    web: Instance = Account().launch_instance()
    token = web.metadata.put("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).body
    web.modify_metadata_options(http_tokens="required")
    web.modify_metadata_options(http_endpoint="disabled")
    web.modify_metadata_options(http_endpoint="enabled")

    assert web.metadata.get("/latest/meta-data/mac", {"X-aws-ec2-metadata-token": token}).ok


def test_ec2s_operations_set_and_show_the_accounts_defaults(account: Account) -> None:
    """Only what the account has a preference for is shown."""
    key = account.create_user("admin").create_access_key()
    account.users["admin"].put_policy("all", PermissionPolicy.allow("*"))

    def ask(operation: str, **parameters: Any) -> Any:
        return account.request(f"ec2:{operation}", parameters, credentials=key)

    assert ask("GetInstanceMetadataDefaults").value == {"AccountLevel": {}}
    assert ask("ModifyInstanceMetadataDefaults", HttpTokens="required", HttpPutResponseHopLimit=-1).value == {
        "Return": True
    }
    assert ask("GetInstanceMetadataDefaults").value == {
        "AccountLevel": {"HttpTokens": "required", "ManagedBy": "account"}
    }
    assert ask("ModifyInstanceMetadataDefaults", HttpTokens="maybe").error.code == "InvalidParameterValue"
    ran = ask("RunInstances", ImageId="ami-0abcdef1234567890", MinCount=1, MaxCount=1, KeyName="lesson").result()
    (found,) = ran["Instances"]
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert found["KeyName"] == "lesson"
    web = account.instances[found["InstanceId"]]
    assert web.hardware.key_name == "lesson"
    ask("ModifyInstanceMetadataDefaults", HttpTokensEnforced="enabled")
    refused = ask("RunInstances", ImageId="ami-0abcdef1234567890", MinCount=1, MaxCount=1,
                  MetadataOptions={"HttpTokens": "optional"})  # fmt: skip
    assert refused.error.code == "UnsupportedOperation"
    assert len(account.instances) == 1
    refused = ask("ModifyInstanceMetadataOptions", InstanceId=web.instance_id, HttpTokens="optional")
    assert refused.error.code == "UnsupportedOperation"


def test_a_tag_that_cannot_stand_in_the_metadata_is_not_added() -> None:
    web = Account().launch_instance(tags={"Name": "web"}, instance_metadata_tags="enabled")

    with pytest.raises(InstanceError, match="is not a valid tag key"):
        web.create_tags({"a b": "c"})
    web.create_tags({"Env": "test"})
    assert web.metadata.get("/latest/meta-data/tags/instance").body == "Env\nName"
