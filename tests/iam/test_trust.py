"""Trust policies: the users and roles they name are bound to their unique ids when the policy is saved."""

from __future__ import annotations

import json

import pytest

from ec2roles import Account, Cloud, Credentials, Role, Timekeeper, TrustPolicy
from ec2roles.errors import TrustPolicyError
from ec2roles.iam.user import User
from helpers.worlds import EC2, OTHER, OWN, at, code, digest, user_with_key


def trusted() -> tuple[Account, User, Credentials, Role]:
    """A role that trusts alice."""
    account = Account()
    alice, key = user_with_key(account)
    return account, alice, key, account.create_role("app", trust=TrustPolicy.principal(alice.arn))


def delete(account: Account, user: User) -> None:
    """Delete a user with its keys."""
    for key in user.access_keys:
        user.delete_access_key(key)
    account.iam.delete_user(user.name)


def test_a_principal_that_does_not_exist_is_refused() -> None:
    """In AWS's words, when a role is created and when its trust policy is replaced."""
    account = Account()
    role = account.create_role("app", trust=EC2)
    before = digest(account)
    for principal in ("user/nobody", "role/nothing", "role/path/app", "user/app", "role/APP"):
        arn = f"arn:aws:iam::{OWN}:{principal}"
        for call in (
            lambda arn=arn: account.create_role("other", trust=TrustPolicy.principal(arn)),
            lambda arn=arn: role.update_trust(TrustPolicy.principal(arn)),
        ):
            with pytest.raises(TrustPolicyError) as caught:
                call()
            assert caught.value.message == f'Invalid principal in policy: "AWS":"{arn}"'
            assert caught.value.code == "MalformedPolicyDocument"
    assert digest(account) == before


def test_a_role_cannot_trust_itself_before_it_exists() -> None:
    """It can afterwards."""
    account = Account()
    arn = f"arn:aws:iam::{OWN}:role/app"
    with pytest.raises(TrustPolicyError):
        account.create_role("app", trust=TrustPolicy.principal(arn))
    role = account.create_role("app", trust=EC2)
    role.update_trust(TrustPolicy.principal(arn))
    assert role.trust.to_dict()["Statement"]["Principal"] == {"AWS": arn}


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws:iam::{OWN}:root", OWN, "*", f"arn:aws:iam::{OTHER}:user/x", f"arn:aws:sts::{OWN}:assumed-role/x/y"],
)
def test_what_is_no_user_or_role_of_this_cloud_is_not_looked_up(principal: str) -> None:
    """Accounts, everybody, sessions, and accounts that are elsewhere."""
    assert Account().create_role("app", trust=TrustPolicy.principal(principal))


def test_a_principal_of_an_account_of_the_same_cloud_must_exist() -> None:
    """The other account's users are known here."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    arn = f"arn:aws:iam::{OTHER}:user/bob"
    with pytest.raises(
        TrustPolicyError, match=f"account {OTHER} is in this Cloud and has no 'user/bob'; create it first"
    ):
        mine.create_role("app", trust=TrustPolicy.principal(arn))
    theirs.create_user("bob")
    mine.create_role("app", trust=TrustPolicy.principal(arn))


def test_a_deleted_principal_is_shown_as_its_raw_id_and_a_namesake_is_not_trusted() -> None:
    """Until the policy is saved anew."""
    account, alice, key, role = trusted()
    assert account.sts.assume_role(role, "test", credentials=key)
    assert alice.arn in role.trust.to_json()
    delete(account, alice)
    assert role.trust.to_dict()["Statement"]["Principal"] == {"AWS": alice.user_id}
    again, new = user_with_key(account)
    assert again.arn == alice.arn
    assert role.trust.to_dict()["Statement"]["Principal"] == {"AWS": alice.user_id}
    assert code(account.sts.assume_role(role, "test", credentials=new)) == "AccessDenied"
    role.update_trust(TrustPolicy.principal(again.arn))
    assert role.trust.to_dict()["Statement"]["Principal"] == {"AWS": again.arn}
    assert account.sts.assume_role(role, "test", credentials=new)


def test_the_same_holds_for_a_role_that_is_trusted() -> None:
    """A session of a role made again under the same name is another principal."""
    account = Account()
    _, key = user_with_key(account)
    middle = account.create_role("middle", trust=TrustPolicy.principal(f"arn:aws:iam::{OWN}:user/alice"))
    role = account.create_role("app", trust=TrustPolicy.principal(middle.arn, f"arn:aws:iam::{OWN}:user/alice"))

    def chained() -> str | None:
        session = account.sts.assume_role(f"arn:aws:iam::{OWN}:role/middle", "one", credentials=key).result()
        return code(account.sts.assume_role(role, "two", credentials=session))

    assert chained() is None
    account.delete_role("middle")
    account.create_role("middle", trust=TrustPolicy.principal(f"arn:aws:iam::{OWN}:user/alice"))
    assert chained() == "AccessDenied"
    principals = role.trust.to_dict()["Statement"]["Principal"]["AWS"]
    assert principals == [middle.role_id, f"arn:aws:iam::{OWN}:user/alice"]


def test_the_past_is_judged_by_the_principal_of_its_time() -> None:
    """A role name asked about in the past means the role of then."""
    account, _, key, role = trusted()
    account.clock.advance(hours=1)
    account.delete_role("app")
    account.clock.advance(hours=1)
    account.create_role("app", trust=EC2)
    asked = [
        bool(account.can("sts:AssumeRole", role.arn, credentials=key, at=at(minutes=minutes), session_name="test"))
        for minutes in (0, 59, 60, 119, 120)
    ]

    assert asked == [True, True, False, False, False]


def test_a_condition_on_the_principals_arn_survives_its_recreation() -> None:
    """aws:PrincipalArn is compared as text, never bound."""
    account, alice, _, role = trusted()
    role.update_trust(TrustPolicy.principal(OWN, condition={"ArnEquals": {"aws:PrincipalArn": alice.arn}}))
    delete(account, alice)
    _, new = user_with_key(account, admin=True)
    assert account.sts.assume_role(role, "test", credentials=new)


def test_a_raw_id_in_a_policy_is_the_entity_of_that_id() -> None:
    """As a loaded policy may hold it."""
    account, alice, key, role = trusted()
    document = json.loads(role.trust.to_json().replace(alice.arn, alice.user_id))
    by_hand = Role("hand", trust=document, time=account.time)
    assert account.sts.assume_role(by_hand, "test", credentials=key)


def test_a_role_built_by_hand_trusts_whoever_has_the_arn() -> None:
    """Nobody is there who could resolve it."""
    arn = f"arn:aws:iam::{OWN}:user/nobody"
    assert Role("app", trust=TrustPolicy.principal(arn), time=Timekeeper()).trust.to_json()
