"""A container on an instance, and what is counted of requests."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Instance
from ec2roles.errors import InstanceError
from ec2roles.metadata.metrics import MetadataMetrics

LIST = "s3:ListAllMyBuckets"
TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
ROLE = "/latest/meta-data/iam/security-credentials/app"


def launched(**options: Any) -> tuple[Account, Instance]:
    account = Account()
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    return account, account.launch_instance("app", **options)


@pytest.mark.parametrize(
    ("tokens", "limit", "hops", "v1_disabled", "delivery"),
    [
        ("optional", 1, 0, False, "2.0"),
        ("optional", 1, 1, False, "1.0"),
        ("optional", 1, 1, True, None),
        ("optional", 2, 1, True, "2.0"),
        ("required", 1, 1, False, None),
        ("required", 2, 1, False, "2.0"),
        ("required", 2, 2, False, None),
        ("required", 64, 63, False, "2.0"),
        ("required", 64, 64, False, None),
    ],
)
def test_the_chain_of_a_container_loses_the_token_and_goes_on_without_if_it_may(
    tokens: str, limit: int, hops: int, v1_disabled: bool, delivery: str | None
) -> None:
    """After a timeout botocore asks as version 1, unless AWS_EC2_METADATA_V1_DISABLED."""
    account, web = launched(http_tokens=tokens, http_put_response_hop_limit=limit)
    account.roles["app"].put_policy(
        "by-delivery",
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": "*",
                "Condition": {"NumericEquals": {"ec2:RoleDelivery": "1.0"}},
            },
        },
    )
    box = web.container(extra_hops=hops)
    if v1_disabled:
        box.chain.export("AWS_EC2_METADATA_V1_DISABLED", "true")

    assert box.metadata.put("/latest/api/token", TTL).timed_out == (hops >= limit)
    assert box.call(LIST).ok == bool(box.can(LIST)) == (delivery is not None)
    assert bool(box.can("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q")) == (delivery == "1.0")
    listed = box.run("aws s3 ls")
    assert listed.ok == (delivery is not None)
    if delivery is None:
        assert "Unable to locate credentials" in listed.stderr
        assert "hop limit" in box.call(LIST).error.detail


def test_a_container_has_files_and_an_environment_of_its_own() -> None:
    account, web = launched()
    box = web.container()
    key = account.create_user("alice").create_access_key()
    box.chain.export("AWS_ACCESS_KEY_ID", key.access_key_id)
    box.chain.export("AWS_SECRET_ACCESS_KEY", key.secret_access_key.reveal())

    assert box.call(LIST).source == "env"
    assert web.call(LIST).source == "iam-role"
    assert web.container().call(LIST).source == "iam-role"


def test_curl_in_a_container_times_out_on_the_token() -> None:
    _, web = launched()
    command = 'curl -s -X PUT http://169.254.169.254/latest/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 60"'

    assert web.run(command).ok
    assert web.container().run(command).exit_code == 28
    assert web.container().run(f"curl -s http://169.254.169.254{ROLE}").ok


def test_other_reasons_are_named_for_a_container_as_for_the_instance() -> None:
    account = Account()
    box = account.launch_instance().container()

    assert box.call(LIST).error.detail == "no instance profile is attached to the instance"


def test_nothing_runs_in_a_container_of_a_stopped_instance() -> None:
    _, web = launched()
    box = web.container()
    web.stop()

    for run in (lambda: box.call(LIST), lambda: box.can(LIST), lambda: box.run("aws s3 ls")):
        with pytest.raises(InstanceError, match="not in the 'running' state"):
            run()
    assert box.metadata.get(ROLE).timed_out


@pytest.mark.parametrize("hops", [-1, 65, True, "1", 1.5])
def test_hops_are_a_number(hops: Any) -> None:
    with pytest.raises(InstanceError, match="extra_hops must be an int 0-64"):
        Account().launch_instance().container(hops)


# -- versions and metrics -----------------------------------------------------------------------------------------------


def test_an_old_sdk_gets_the_credentials_of_version_1_where_it_may() -> None:
    _, web = launched()
    v1, v2 = web.metadata.credentials(version=1), web.metadata.credentials()

    assert v1 is not None
    assert v1.access_key_id in web.metadata.get(ROLE).body
    assert v1 != v2
    web.modify_metadata_options(http_tokens="required")
    assert web.metadata.credentials(version=1) is None
    assert web.metadata.credentials() == v2


def test_requests_without_a_token_are_counted_and_nothing_else_is() -> None:
    """Served ones in one metric, refused ones in the other."""
    account, web = launched()
    token = web.metadata.put("/latest/api/token", TTL).body
    assert web.metadata.get(ROLE, {"X-aws-ec2-metadata-token": token}).ok
    web.metadata.get(ROLE, {"X-aws-ec2-metadata-token": ""})
    web.metadata.get("/latest/meta-data/nope")
    web.metadata.credentials()
    web.call(LIST)
    web.run("aws s3 ls")
    web.metadata.get(ROLE, at=account.clock.now())
    assert web.metadata.metrics == MetadataMetrics(0, 0)

    web.metadata.get(ROLE)
    web.run(f"curl -s http://169.254.169.254{ROLE}")
    web.container().metadata.get(ROLE)
    assert web.metadata.metrics == MetadataMetrics(3, 0)
    web.modify_metadata_options(http_tokens="required")
    web.metadata.get(ROLE)
    web.metadata.get("/latest/meta-data/nope")
    assert web.metadata.metrics == MetadataMetrics(3, 2)
    web.modify_metadata_options(http_endpoint="disabled")
    web.metadata.get(ROLE)
    assert web.metadata.metrics == MetadataMetrics(3, 2)


def test_what_is_counted_changes_no_answer() -> None:
    """The same questions, with and without a hundred requests before them."""

    def answers(requests: int) -> list[object]:
        account, web = launched()
        for _ in range(requests):
            web.metadata.get(ROLE)
        account.clock.advance(hours=2)
        return [web.metadata.get(ROLE), web.metadata.credentials(), web.metadata.put("/latest/api/token", TTL)]

    assert answers(0) == answers(100)


def test_a_program_may_be_told_not_to_go_on_without_a_token() -> None:
    """By one command's own environment, too; and on the instance, where the token's packet is lost."""
    account, web = launched()
    box = web.container()
    assert box.run("aws s3 ls").ok
    assert not box.run("AWS_EC2_METADATA_V1_DISABLED=true aws s3 ls").ok

    account.faults.metadata_saturation(packets_per_second=2048, instance=web)
    web.programs.chain.export("AWS_EC2_METADATA_V1_DISABLED", "True")
    answers = set()
    for _ in range(40):
        account.clock.advance(seconds=1)
        lost = web.metadata.put("/latest/api/token", TTL).timed_out
        answers.add((lost, web.call(LIST).ok))
    assert answers == {(True, False), (False, False), (False, True)}
