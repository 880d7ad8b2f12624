"""A bucket of another account: what the caller's side says, and what the bucket's."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Account, Cloud, Credentials, PermissionPolicy, Role, TrustPolicy
from helpers.worlds import OTHER, OWN, code, message, user_with_key

BUCKET = "arn:aws:s3:::photos"
CAT = f"{BUCKET}/cat.jpg"
GET = "s3:GetObject"
ROLE = f"arn:aws:iam::{OWN}:role/service/app"
SESSION = f"arn:aws:sts::{OWN}:assumed-role/app/test"

ALLOW = PermissionPolicy.allow(GET)
DENY = PermissionPolicy.deny(GET)
NOTHING = PermissionPolicy.allow("s3:PutObject")


class World:
    """A role with a session in one account, a bucket in another or in the same."""

    def __init__(self, *, across: bool = True) -> None:
        cloud = Cloud()
        self.mine = cloud.account(OWN)
        self.theirs = cloud.account(OTHER) if across else self.mine
        self.bucket = self.theirs.s3.create_bucket("photos")
        self.bucket.delete_public_access_block()
        self.bucket.put_object("cat.jpg", b"meow")
        alice, self.key = user_with_key(self.mine)
        self.role: Role = self.mine.create_role("app", trust=TrustPolicy.principal(alice.arn), path="/service/")
        self.mine.create_role("other", trust=TrustPolicy.principal(alice.arn))

    def session(self, policy: Any = None) -> Credentials:
        """A session of the role."""
        found: Credentials = self.mine.sts.assume_role(self.role, "test", credentials=self.key, policy=policy).result()
        return found

    def bucket_says(self, effect: str, principal: Any) -> None:
        """Set the bucket's policy."""
        statement = {"Effect": effect, "Principal": principal, "Action": GET, "Resource": CAT}
        self.bucket.policy = {"Version": "2012-10-17", "Statement": statement}  # type: ignore[assignment]


NAMES: dict[str, Any] = {
    "session": {"AWS": SESSION},
    "role": {"AWS": ROLE},
    "account": {"AWS": OWN},
    "root": {"AWS": f"arn:aws:iam::{OWN}:root"},
    "everybody": "*",
    "another account": {"AWS": OTHER},
    "another role": {"AWS": f"arn:aws:iam::{OWN}:role/other"},
    "another session": {"AWS": f"{SESSION}x"},
}
# caller's identity, boundary, session policy -> the caller's side allows.
CALLERS: dict[str, tuple[Any, Any, Any, bool]] = {
    "allows": (ALLOW, None, None, True),
    "says nothing": (NOTHING, None, None, False),
    "has no policy": (None, None, None, False),
    "denies": (DENY, None, None, False),
    "boundary allows": (ALLOW, ALLOW, None, True),
    "boundary says nothing": (ALLOW, NOTHING, None, False),
    "boundary denies": (ALLOW, DENY, None, False),
    "session policy allows": (ALLOW, None, ALLOW, True),
    "session policy says nothing": (ALLOW, None, NOTHING, False),
    "session policy denies": (ALLOW, None, DENY, False),
}


def ask(world: World, caller: str) -> tuple[bool, Any]:
    """Get the object as *caller*."""
    identity, boundary, session, _ = CALLERS[caller]
    if identity is not None:
        world.role.put_policy("own", identity)
    if boundary is not None:
        world.role.put_permissions_boundary(boundary)
    answer = world.mine.call(GET, CAT, credentials=world.session(session))
    return answer.ok, answer


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("named", NAMES)
def test_across_accounts_both_sides_must_allow(caller: str, named: str) -> None:
    """However the bucket names the caller, its own policies, boundary and session policy limit it as well."""
    world = World()
    world.bucket_says("Allow", NAMES[named])
    allowed, answer = ask(world, caller)

    assert allowed is (CALLERS[caller][3] and not named.startswith("another"))
    if not allowed:
        assert (code(answer), message(answer)) == ("AccessDenied", "Access Denied")


@pytest.mark.parametrize("named", NAMES)
def test_a_deny_of_the_bucket_wins(named: str) -> None:
    """In the same document as the Allow."""
    world = World()
    world.bucket_says("Allow", "*")
    assert world.bucket.policy is not None
    document = world.bucket.policy.to_dict()
    deny = {"Effect": "Deny", "Principal": NAMES[named], "Action": GET, "Resource": CAT}
    world.bucket.policy = {**document, "Statement": [document["Statement"], deny]}  # type: ignore[assignment]
    allowed, answer = ask(world, "allows")

    assert allowed is named.startswith("another")
    if not allowed:
        assert answer.decision.denied_by == "resource"
        assert message(answer) == "Access Denied"


def test_a_bucket_without_a_policy_is_closed_to_other_accounts() -> None:
    """Whatever the caller has."""
    world = World()
    assert not ask(world, "allows")[0]


# In one account: which sort of naming reaches past which limit.
SAME: dict[str, dict[str, bool]] = {
    "session": {
        "says nothing": True,
        "boundary says nothing": True,
        "session policy says nothing": True,
        "denies": False,
    },
    "everybody": {"says nothing": True, "boundary says nothing": True, "session policy says nothing": True},
    "role": {"says nothing": True, "boundary says nothing": False, "session policy says nothing": False},
    "account": {"says nothing": False, "boundary says nothing": False, "allows": True},
    "another role": {"says nothing": False, "allows": True, "boundary denies": False},
}


@pytest.mark.parametrize(
    ("named", "caller", "allowed"), [(named, caller, ok) for named, rows in SAME.items() for caller, ok in rows.items()]
)
def test_within_one_account_the_bucket_alone_may_suffice(named: str, caller: str, allowed: bool) -> None:
    """The session's ARN and everybody skip all limits, the role's ARN only the identity's, the account's none."""
    world = World(across=False)
    world.bucket_says("Allow", NAMES[named])
    found, answer = ask(world, caller)

    assert found is allowed
    if not allowed:
        assert message(answer).startswith(f"User: {SESSION} is not authorized to perform: {GET}")


def test_the_object_of_another_account_can_be_headed_and_put_by_nobody_else() -> None:
    """HEAD has no body to give a reason in."""
    world = World()
    world.bucket_says("Allow", {"AWS": OWN})
    world.role.put_policy("own", PermissionPolicy.allow("s3:*"))
    session = world.session()
    assert world.mine.call("s3:HeadObject", CAT, credentials=session)
    assert world.mine.call("s3:GetObject", CAT, credentials=session).result().body == b"meow"
    denied = world.mine.call("s3:HeadBucket", BUCKET, credentials=session)
    assert (code(denied), message(denied)) == ("403", "Forbidden")
    assert code(world.mine.call("s3:PutObject", CAT, credentials=session, body=b"x")) == "AccessDenied"


def test_a_third_account_answers_the_same() -> None:
    """It does not matter through whose account object a call is made."""
    world = World()
    world.bucket_says("Allow", {"AWS": OWN})
    world.role.put_policy("own", ALLOW)
    session = world.session()
    third = Account("333333333333", shared=world.mine._shared)
    assert third.call(GET, CAT, credentials=session)
    assert world.theirs.call(GET, CAT, credentials=session)
