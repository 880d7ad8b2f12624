"""
Bad input at the control plane, as a table: ``bad_input.json``, a row for each (numbers 30-33 and 46-60).

Rows 1 to 45 are about policy documents; ``policy/bad_documents.json`` has them. Here they go in where users put them: into
roles, managed policies, loaded accounts and the command line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from ec2roles import Account, Credentials, ManualClock, PermissionPolicy, Role, TrustPolicy, errors
from ec2roles.arns import Arn
from ec2roles.cli.main import main
from helpers.worlds import ADMIN, EC2, LIST, OWN, digest, user_with_key

HERE = Path(__file__).parent
ROWS: list[dict[str, Any]] = json.loads((HERE / "bad_input.json").read_text(encoding="utf-8"))
DOCUMENTS: list[dict[str, Any]] = [
    row
    for row in json.loads((HERE / "policy" / "validation" / "bad_documents.json").read_text(encoding="utf-8"))
    if "document" in row and not row.get("strict")
]
IDENTITY = [row for row in DOCUMENTS if row["kind"] == "identity"]
TRUST = [row for row in DOCUMENTS if row["kind"] == "trust"]

SPECIAL: dict[str, Any] = {
    "x65": "x" * 65,
    "x1225": "x" * 1225,
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 10**400,
    "naive": datetime(2026, 1, 1),  # noqa: DTZ001 -- what is refused
}


def real(value: Any) -> Any:
    """What a value of the table stands for: ``{"$": "nan"}`` is what JSON cannot say."""
    return SPECIAL[value["$"]] if isinstance(value, dict) and "$" in value else value


class World:
    """Two roles, one of them in a profile, a user, an instance; and the calls that the table names."""

    def __init__(self) -> None:
        account = self.account = Account()
        self.alice, self.key = user_with_key(account)
        self.role = account.create_role("app", trust=TrustPolicy.principal(self.alice.arn, OWN))
        self.role.put_policy("all", ADMIN)
        account.create_role("other", trust=EC2)
        self.profile = account.create_instance_profile("web")
        self.profile.add_role(self.role)
        self.session: Credentials = account.sts.assume_role(self.role, "test", credentials=self.key).result()

    def calls(self) -> dict[str, Callable[..., object]]:
        """The calls by name."""
        account = self.account
        return {
            "account": Account,
            "arn": Arn.parse,
            "clock": ManualClock,
            "create_role": lambda name, **options: account.create_role(name, trust=EC2, **options),
            "create_instance_profile": account.create_instance_profile,
            "create_user": account.create_user,
            "put_policy": lambda name: self.role.put_policy(name, ADMIN),
            "attach_policy": self.role.attach_policy,
            "add_role": lambda name: self.profile.add_role(account.roles[name]),
            "delete_role": account.delete_role,
            "delete_instance_profile": account.delete_instance_profile,
            "launch": account.launch_instance,
            "instance": lambda instance_id: account.instances[instance_id],
            "assume_role": lambda **options: self.assume(self.key, **options),
            "chain": lambda **options: self.assume(self.session, **options),
            "can_at": lambda when: account.can(LIST, credentials=self.key, at=when),
            "move_to": account.clock.move_to,
            "advance": account.clock.advance,
            "last_hour": self.last_hour,
            "call_with": lambda which: account.call("iam:GetUser", credentials=self.credentials(which)).result(),
        }

    def assume(self, credentials: Credentials, **options: Any) -> object:
        """Assume the role, and raise the error if it is refused."""
        name = options.pop("session_name", "test")
        return self.account.sts.assume_role(self.role, name, credentials=credentials, **options).result()

    def last_hour(self) -> object:
        """Assume a role half an hour before the calendar ends."""
        account = Account(clock=ManualClock(datetime.fromisoformat("9999-12-31T23:30:00Z")))
        alice, key = user_with_key(account)
        role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
        return account.sts.assume_role(role, "test", credentials=key).result()

    def credentials(self, which: str) -> Any:
        """Credentials of a kind that is refused."""
        if which == "expired":
            self.account.clock.advance(hours=1)
            return self.session
        if which == "foreign":
            other = Account(seed=1)
            alice, key = user_with_key(other)
            role = other.create_role("app", trust=TrustPolicy.principal(alice.arn))
            return other.sts.assume_role(role, "test", credentials=key).result()
        return {
            "unknown": Credentials("AKIAEXAMPLE", "x"),
            "bare": attrs.evolve(self.session, session_token=None),
            "text": "AKIAEXAMPLE",
        }[which]


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['row']}-{row['what'].replace(' ', '-')}" for row in ROWS])
def test_a_mistake_raises_in_both_wordings_and_changes_nothing(row: dict[str, Any]) -> None:
    """The class of the error, AWS's message, our detail; the state is the one before."""
    world = World()
    call = world.calls()[row["call"]]
    before = digest(world.account, calls=False)
    expected = getattr(errors, row["error"], None) or TypeError
    with pytest.raises(expected) as caught:
        call(*map(real, row.get("args", ())), **{name: real(value) for name, value in row.get("kwargs", {}).items()})

    error = caught.value
    assert type(error) is expected
    if isinstance(error, errors.AwsError):
        assert re.search(row.get("message", ""), error.message, re.DOTALL), error.message
        assert re.search(row.get("detail", ""), error.detail or ""), error.detail
        assert error.code
    else:
        assert re.search(row["detail"], str(error)), str(error)
    assert digest(world.account, calls=False) == before


def test_the_table_covers_the_rows_of_the_control_plane() -> None:
    """Row 59 is about the metadata service: tests/ec2."""
    assert {row["row"] for row in ROWS} == {30, 31, 32, 33, *range(46, 61)} - {59}


# -- policy documents where users put them --------------------------------------------------------------------------------


def refused(call: Callable[[], object], row: dict[str, Any], world: World) -> None:
    """Assert that a document is refused as the engine refuses it, and nothing has changed."""
    before = digest(world.account)
    expected = getattr(errors, row["error"], None) or TypeError
    with pytest.raises(expected):
        call()
    assert digest(world.account) == before


@pytest.mark.parametrize("row", IDENTITY, ids=[f"{number}-row-{row['row']}" for number, row in enumerate(IDENTITY)])
def test_a_bad_permission_policy_gets_into_no_role_user_group_or_managed_policy(row: dict[str, Any]) -> None:
    """Whatever is wrong with it."""
    world = World()
    account, document = world.account, row["document"]
    own, group = account.create_policy("own", ADMIN), account.iam.create_group("staff")
    for call in (
        lambda: world.role.put_policy("p", document),
        lambda: world.role.put_policy("all", document),
        lambda: world.alice.put_policy("p", document),
        lambda: group.put_policy("p", document),
        lambda: account.create_policy("new", document),
        lambda: own.create_version(document),
    ):
        refused(call, row, world)


@pytest.mark.parametrize("row", TRUST, ids=[f"{number}-row-{row['row']}" for number, row in enumerate(TRUST)])
def test_a_bad_trust_policy_makes_no_role(row: dict[str, Any]) -> None:
    """Nor does it replace a good one."""
    world = World()
    for call in (
        lambda: world.account.create_role("new", trust=row["document"]),
        lambda: world.role.update_trust(row["document"]),
        lambda: Role("new", trust=row["document"], time=world.account.time),
    ):
        refused(call, row, world)


def dump(kind: str, document: Any) -> dict[str, Any]:
    """The details of an account with one role that has *document* as its policy of that kind."""
    arn = f"arn:aws:iam::{OWN}:role/app"
    role: dict[str, Any] = {
        "Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLEEXAMPLE", "Arn": arn,
        "AssumeRolePolicyDocument": EC2.to_dict(), "RolePolicyList": [], "AttachedManagedPolicies": [],
        "InstanceProfileList": [
            {"Path": "/", "InstanceProfileName": "web", "InstanceProfileId": "AIPAEXAMPLEEXAMPLE",
             "Arn": f"arn:aws:iam::{OWN}:instance-profile/web", "Roles": [{"RoleName": "app", "Arn": arn}]}
        ],
    }  # fmt: skip
    if kind == "trust":
        role["AssumeRolePolicyDocument"] = document
    else:
        role["RolePolicyList"] = [{"PolicyName": "p", "PolicyDocument": document}]
    return {"RoleDetailList": [role]}


ANYWHERE = [row for row in DOCUMENTS if row["kind"] in ("identity", "trust")]


@pytest.mark.parametrize("row", ANYWHERE, ids=[f"{number}-row-{row['row']}" for number, row in enumerate(ANYWHERE)])
def test_a_bad_document_in_a_real_account_ends_the_command_with_a_message(
    row: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and the place, no traceback; what AWS may have stored loads, and gives an answer."""
    file = tmp_path / "account.json"
    file.write_text(json.dumps(dump(row["kind"], row["document"])), encoding="utf-8")
    status = main(["check", str(file), "--profile", "web", LIST])
    told = capsys.readouterr()

    assert "Traceback" not in told.out + told.err
    assert status in (0, 1, 2)
    if status == 2:
        assert re.search(r" at /RoleDetailList/0\b", told.err), told.err
        assert not told.out
        with pytest.raises(errors.AuthorizationDetailsError):
            Account.from_authorization_details(dump(row["kind"], row["document"]))


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (b"", []),
        (b"{", []),
        (b"\xff\xfe{\x00}\x00", []),
        (b"\x00", []),
        (b"[" * 100_000, []),
        (b'{"RoleDetailList": [' + b"9" * 5000 + b"]}", []),
        (b'{"RoleDetailList": null}', []),
        (b'{"RoleDetailList": [], "RoleDetailList": []}', []),
        (b"null", []),
        (json.dumps(dump("trust", EC2.to_dict())).encode()[:-3], []),
        (json.dumps(dump("trust", EC2.to_dict())).encode(), ["--profile", "nope"]),
        (json.dumps(dump("trust", EC2.to_dict())).encode(), ["--profile", "\u212aey"]),
    ],
)
def test_a_file_that_is_no_account_ends_the_command_with_a_message(
    content: bytes, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, one message, no traceback."""
    file = tmp_path / "account.json"
    file.write_bytes(content)
    status = main(["check", str(file), *(arguments or ["--profile", "web"]), LIST])
    told = capsys.readouterr()

    assert status == 2
    assert told.err.startswith("ec2roles: ")
    assert "Traceback" not in told.err
    assert not told.out


@pytest.mark.parametrize(
    "action", ["sts:AssumeRole", "sts:GetCallerIdentity", "s3:GetObject", "s3:ListBuckets", "iam:PassRole", "x:y"]
)
@pytest.mark.parametrize(
    "resource", [None, "arn:aws:s3:::photos/cat.jpg", f"arn:aws:iam::{OWN}:role/app", "*", "nonsense"]
)
def test_any_action_with_any_resource_gets_an_answer_or_a_message(
    action: str, resource: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a traceback."""
    file = tmp_path / "account.json"
    file.write_text(json.dumps(dump("identity", PermissionPolicy.allow("*").to_dict())), encoding="utf-8")
    options = [] if resource is None else ["--resource", resource]
    status = main(["check", str(file), "--profile", "web", action, *options])
    told = capsys.readouterr()

    assert status in (0, 1, 2)
    assert "Traceback" not in told.out + told.err
    assert bool(told.err) is (status == 2)
