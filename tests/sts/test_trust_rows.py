"""Who may assume a role: every caller, every way of naming it, every identity policy."""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import Cloud, Credentials, PermissionPolicy, TrustPolicy
from helpers.worlds import NOBODY, OTHER, OWN, user_with_key

ASSUME = "sts:AssumeRole"
IDENTITIES: dict[str, Any] = {
    "allows": PermissionPolicy.allow(ASSUME),
    "allows another": PermissionPolicy.allow(ASSUME, resource=f"arn:aws:iam::{OWN}:role/another"),
    "says nothing": PermissionPolicy.allow("s3:*"),
    "denies": PermissionPolicy.deny(ASSUME),
}
# How the trust policy names the caller -> what else must allow within one account: nothing, the boundary, the identity.
NAMES: dict[str, dict[str, str | None]] = {
    "user": {"itself": "nothing", "account": "identity", "everybody": "nothing", "another": None, "service": None},
    "session": {
        "itself": "nothing",
        "role": "boundary",
        "account": "identity",
        "everybody": "nothing",
        "another": None,
        "service": None,
    },
}
ROWS = [
    (caller, named, identity, boundary, across)
    for caller, names in NAMES.items()
    for named in names
    for identity in IDENTITIES
    for boundary in (None, "allows", "says nothing", "denies")
    for across in (False, True)
]


def expected(caller: str, named: str, identity: str, boundary: str | None, across: bool) -> bool:
    """The rules of F2 to F4, as sentences."""
    needs = NAMES[caller][named]
    if needs is None or identity == "denies" or boundary == "denies":
        return False
    allowed_by_boundary = boundary in (None, "allows")
    if across or needs == "identity":
        return identity == "allows" and allowed_by_boundary
    return needs == "nothing" or allowed_by_boundary


def test_who_may_assume_a_role() -> None:
    """One world, and its policies set anew for each row."""
    cloud = Cloud()
    mine, theirs = cloud.account(OWN), cloud.account(OTHER)
    alice, key = user_with_key(mine)
    first = mine.create_role("first", trust=TrustPolicy.service("lambda.amazonaws.com"))
    session: Credentials = mine.service("lambda.amazonaws.com").assume_role(first, session_name="test").result()
    targets = {across: (theirs if across else mine).create_role("target", trust=NOBODY) for across in (False, True)}
    bob = mine.create_user("bob")
    named_as = {
        ("user", "itself"): alice.arn,
        ("session", "itself"): f"arn:aws:sts::{OWN}:assumed-role/first/test",
        ("session", "role"): first.arn,
    }
    wrong = []
    for row in ROWS:
        caller, named, identity, boundary, across = row
        principal = named_as.get((caller, named)) or {"account": OWN, "everybody": "*", "another": bob.arn}.get(named)
        trust = TrustPolicy.service("ec2.amazonaws.com") if principal is None else TrustPolicy.principal(principal)
        targets[across].update_trust(trust)
        who: Any = alice if caller == "user" else first
        who.put_policy("own", IDENTITIES[identity])
        if boundary is not None:
            who.put_permissions_boundary(IDENTITIES[boundary])
        elif who.permissions_boundary is not None:
            who.delete_permissions_boundary()
        decision = mine.can(ASSUME, targets[across].arn, credentials=key if caller == "user" else session)
        if decision.allowed is not expected(*row):
            wrong.append((row, decision))
    assert wrong == []
    assert len(ROWS) == 11 * 4 * 4 * 2


@pytest.mark.parametrize("across", [False, True])
def test_an_explicit_deny_of_the_trust_policy_wins_over_everything(across: bool) -> None:
    """Whoever is named in it."""
    cloud = Cloud()
    mine, theirs = cloud.account(OWN), cloud.account(OTHER)
    alice, key = user_with_key(mine, admin=True)
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ASSUME}
    role = (theirs if across else mine).create_role("target", trust={"Version": "2012-10-17", "Statement": allow})
    assert mine.can(ASSUME, role.arn, credentials=key)
    for principal in (alice.arn, OWN, "*"):
        deny = {"Effect": "Deny", "Principal": {"AWS": principal}, "Action": ASSUME}
        role.update_trust({"Version": "2012-10-17", "Statement": [allow, deny]})
        assert mine.can(ASSUME, role.arn, credentials=key).denied_by == "trust"
