"""An instance by composition: few names, parts that keep nothing, one port for its metadata, a short way for a call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import ec2roles
from ec2roles import Account, Instance
from ec2roles.ec2.records import Records

# The second edition adds timeline(), graph() and sequence().
MOST_NAMES = 34 - 3

# "Instance" of the table of verbs, and what the tables of facts name.
PROMISED = (
    "instance_id arn state profile tags metadata metadata_options attach replace detach start stop reboot terminate "
    "hibernate modify_metadata_options modify_attribute attributes create_tags delete_tags call can run container "
    "hardware private_ipv4 association_id notices next_change_after"
).split()
PARTS = ["programs", "role_credentials"]

SOURCE = str(Path(ec2roles.__file__).parent)


@pytest.fixture
def account() -> Account:
    account = Account()
    account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    return account


@pytest.fixture
def web(account: Account) -> Instance:
    return account.launch_instance("EC2Role")


def test_tab_shows_a_learner_what_is_useful_and_no_more(web: Instance) -> None:
    shown = {name for name in dir(web) if not name.startswith("_")}

    assert shown == {*PROMISED, *PARTS}
    assert len(shown) <= MOST_NAMES


def test_parts_are_views_and_see_what_happens_later(account: Account, web: Instance) -> None:
    records, credentials = Records(web), web.role_credentials
    before = records.last
    web.detach()

    assert before.profile is account.instance_profiles["EC2Role"]
    assert records.last.profile is None
    assert credentials.why_none(account.time.as_of(None)) == "no instance profile is attached to the instance"


def test_an_instance_keeps_nothing_for_its_parts_until_a_program_runs(web: Instance) -> None:
    kept = [getattr(web, name) for name in ("_programs", "_served")]
    assert list(web.role_credentials.fetches((1 << 60, 0)))
    assert (web.state, web.tags, web.association_id is None) == ("running", {}, False)

    assert kept == [getattr(web, name) for name in ("_programs", "_served")] == [None, None]

    web.call("s3:ListAllMyBuckets")
    assert web.programs is web.programs


def own_calls(do: Callable[[], object]) -> list[tuple[int, str]]:
    """Return the functions of the library that *do* enters, with how deep each is."""
    entered: list[tuple[int, str]] = []
    depth = 0

    def watch(frame: FrameType, event: str, argument: object) -> None:
        nonlocal depth
        if not frame.f_code.co_filename.startswith(SOURCE):
            return
        if event == "call":
            entered.append((depth, frame.f_code.co_qualname))
            depth += 1
        elif event == "return":
            depth -= 1

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        do()
    finally:
        sys.setprofile(before)
    return entered


@pytest.mark.parametrize("verb", ["call", "can"])
def test_a_warm_call_is_quickly_through_the_instance(web: Instance, verb: str) -> None:
    ask = getattr(web, verb)
    ask("s3:ListAllMyBuckets")

    entered = own_calls(lambda: ask("s3:ListAllMyBuckets"))
    at_gateway = [name for _, name in entered].index(f"Gateway.{verb}")
    before = entered[:at_gateway]

    assert len(before) <= 11, before
    assert max(depth for depth, _ in before) <= 4, before
    assert entered[at_gateway][0] == 1


def test_a_container_and_its_instance_look_for_credentials_each_by_itself(web: Instance) -> None:
    box = web.container()
    web.programs.chain.export("AWS_EC2_METADATA_DISABLED", "true")

    assert web.call("s3:ListAllMyBuckets").source is None
    assert "AWS_EC2_METADATA_DISABLED" not in box.chain.environment
    assert box.programs.metadata is box.metadata
