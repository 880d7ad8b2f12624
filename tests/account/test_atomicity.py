"""Whatever raises has changed nothing: a call is stopped at each of its lines, and the state is the one before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import ec2roles
from ec2roles import Account, PermissionPolicy, TrustPolicy
from worlds import ADMIN, EC2, digest, user_with_key

LIBRARY = str(Path(ec2roles.__file__).parent)


class Stopped(Exception):
    """Raised in the middle of a call."""


def stop_at(line: int) -> Callable[[FrameType, str, Any], Any]:
    """Return a trace function that raises at so many lines of the library that check before they write."""
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(LIBRARY):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise Stopped
        return trace

    return trace


def world() -> Account:
    """One of everything."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    account.create_policy("own", ADMIN)
    account.create_instance_profile("web").add_role(role)
    account.create_instance_profile("empty")
    alice, _ = user_with_key(account, admin=True)
    alice.add_to_group(account.iam.create_group("staff"))
    account.s3.create_bucket("photos")
    return account


CALLS: dict[str, Callable[[Account], object]] = {
    "CreateRole": lambda a: a.create_role("new", trust=EC2, policies=["own"], tags={"a": "b"}),
    "CreateInstanceProfile": lambda a: a.create_instance_profile("new"),
    "AddRoleToInstanceProfile": lambda a: a.instance_profiles["empty"].add_role(a.roles["app"]),
    "RemoveRoleFromInstanceProfile": lambda a: a.instance_profiles["web"].remove_role("app"),
    "CreatePolicy": lambda a: a.create_policy("new", ADMIN),
    "CreatePolicyVersion": lambda a: a.policies["own"].create_version(PermissionPolicy.deny("*")),
    "CreateUser": lambda a: a.create_user("new"),
    "CreateAccessKey": lambda a: a.users["alice"].create_access_key(),
    "PutRolePolicy": lambda a: a.roles["app"].put_policy("p", {"Version": "2012-10-17", "Statement": ADMIN.to_dict()["Statement"]}),
    "AttachRolePolicy": lambda a: a.roles["app"].attach_policy("own"),
    "UpdateAssumeRolePolicy": lambda a: a.roles["app"].update_trust(TrustPolicy.principal(a.users["alice"].arn)),
    "TagRole": lambda a: a.roles["app"].tag({"a": "b"}),
    "DeleteInstanceProfile": lambda a: a.delete_instance_profile("empty"),
    "CreateBucket": lambda a: a.s3.create_bucket("new"),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_stopped_before_it_writes_has_changed_nothing(name: str) -> None:
    """Everything is checked first; the few lines after the first write are counted, and no check is among them."""
    call = CALLS[name]
    reference = world()
    call(reference)
    line, late = 0, 0
    while True:
        line += 1
        account = world()
        before = digest(account)
        old = sys.gettrace()
        sys.settrace(stop_at(line))
        try:
            call(account)
        except Stopped:
            stopped = True
        else:
            stopped = False
        finally:
            sys.settrace(old)
        if not stopped:
            break
        if [str(part) for part in digest(account)] != [str(part) for part in before]:
            late += 1

    assert line > 5
    assert late <= 40, f"{late} of {line} lines come after the first write"
