"""Credentials: when they work, whose they are, and how each service words it when they are not accepted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ec2roles import Account, Cloud, Credentials, Instance, PermissionPolicy, TrustPolicy
from ec2roles.calls import Call
from ec2roles.errors import CredentialError, ExpiredTokenError, InvalidClientTokenIdError
from ec2roles.secret import Secret
from ec2roles.services.operation import Operation, Service
from helpers.worlds import ADMIN, LIST, OTHER, OWN, START, at, code, message, user_with_key

UNKNOWN = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"
SIGNATURE = "The request signature we calculated does not match the signature you provided. Check your "
S3_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."
EC2_FAILURE = "AWS was not able to validate the provided access credentials"

# Fault -> service -> code, message, HTTP status (docs/fidelity.md, "How each service says no").
REFUSALS: dict[str, dict[str, tuple[str, str, int]]] = {
    "unknown key": {
        "sts": ("InvalidClientTokenId", UNKNOWN, 403),
        "iam": ("InvalidClientTokenId", UNKNOWN, 403),
        "s3": ("InvalidAccessKeyId", S3_UNKNOWN, 403),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
        "dynamodb": ("UnrecognizedClientException", UNKNOWN, 400),
        "lambda": ("UnrecognizedClientException", UNKNOWN, 403),
    },
    "no token": {
        "iam": ("InvalidClientTokenId", UNKNOWN, 403),
        "dynamodb": ("UnrecognizedClientException", UNKNOWN, 400),
        "sts": ("InvalidClientTokenId", UNKNOWN, 403),
        "s3": ("InvalidAccessKeyId", S3_UNKNOWN, 403),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
    },
    "bad token": {
        "iam": ("InvalidClientTokenId", UNKNOWN, 403),
        "dynamodb": ("UnrecognizedClientException", UNKNOWN, 400),
        "sts": ("InvalidClientTokenId", UNKNOWN, 403),
        "s3": ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
    },
    "wrong secret": {
        "kms": (
            "InvalidSignatureException",
            f"{SIGNATURE}AWS Secret Access Key and signing method. Consult the service documentation for details.",
            400,
        ),
        "sts": (
            "SignatureDoesNotMatch",
            f"{SIGNATURE}AWS Secret Access Key and signing method. Consult the service documentation for details.",
            403,
        ),
        "s3": ("SignatureDoesNotMatch", f"{SIGNATURE}key and signing method.", 403),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
    },
    "expired": {
        "sts": ("ExpiredToken", EXPIRED, 403),
        "iam": ("ExpiredToken", EXPIRED, 403),
        "dynamodb": ("ExpiredTokenException", EXPIRED, 400),
        "lambda": ("ExpiredTokenException", EXPIRED, 403),
        "s3": ("ExpiredToken", "The provided token has expired.", 400),
        "ec2": ("RequestExpired", "Request has expired.", 400),
    },
    "role deleted": {
        "iam": ("InvalidClientTokenId", UNKNOWN, 403),
        "dynamodb": ("UnrecognizedClientException", UNKNOWN, 400),
        "sts": ("InvalidClientTokenId", UNKNOWN, 403),
        "s3": ("InvalidAccessKeyId", S3_UNKNOWN, 403),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
    },
    "none": {
        "iam": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "dynamodb": ("MissingAuthenticationTokenException", "Request is missing Authentication Token", 400),
        "sts": ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
        "s3": ("AccessDenied", "Access Denied", 403),
        "ec2": ("AuthFailure", EC2_FAILURE, 401),
    },
}
ACTIONS = {
    "sts": "sts:GetCallerIdentity",
    "iam": "iam:GetUser",
    "s3": LIST,
    "ec2": "ec2:DescribeInstances",
    "dynamodb": "dynamodb:GetItem",
    "kms": "kms:ListKeys",
    "lambda": "lambda:ListFunctions",
}


def fleet(count: int = 1) -> tuple[Account, list[Instance]]:
    """Instances whose role may do everything."""
    account = Account()
    account.console.create_role("app").put_policy("all", ADMIN)
    return account, account.launch_instances(count, "app")


def broken(fault: str, account: Account, good: Credentials) -> Credentials | None:
    """Credentials with *fault*, or the world changed so that they have it."""
    if fault == "unknown key":
        return attrs.evolve(good, access_key_id="ASIAAAAAAAAAAEXAMPLE")
    if fault == "no token":
        return attrs.evolve(good, session_token=None)
    if fault == "bad token":
        return attrs.evolve(good, session_token=Secret("garbage"))
    if fault == "wrong secret":
        return attrs.evolve(good, secret_access_key=Secret("garbage"))
    if fault == "expired":
        account.clock.advance(hours=6)
    if fault == "role deleted":
        account.console.delete_role("app")
    return None if fault == "none" else good


@pytest.mark.parametrize(
    ("fault", "service"), [(fault, service) for fault, rows in REFUSALS.items() for service in rows]
)
def test_each_service_words_a_fault_of_the_credentials_in_its_own_way(fault: str, service: str) -> None:
    """Code, message and status; the detail names the key id and never the token."""
    account, (web,) = fleet()
    good = web.metadata.credentials()
    assert good is not None
    sent = Call(ACTIONS[service], position=(0, 0), credentials=broken(fault, account, good))
    sent = attrs.evolve(sent, position=account.time.as_of(None))
    answer = account.sts.api.call(sent)

    assert answer.error is not None
    assert (answer.error.code, answer.error.message, answer.error.status) == REFUSALS[fault][service]
    assert isinstance(answer.error, CredentialError)
    assert isinstance(answer.error, ExpiredTokenError) == (fault == "expired")
    assert isinstance(answer.error, InvalidClientTokenIdError) == (
        fault in ("unknown key", "no token", "bad token", "role deleted")
    )
    assert not answer.allowed
    assert not account.sts.api.can(sent)
    assert good.session_token is not None
    assert good.session_token.reveal() not in str(answer.error)
    assert sent.credentials is None or sent.credentials.access_key_id in str(answer.error.detail)


@pytest.mark.parametrize(
    ("action", "code_", "status"),
    [
        ("iam:ListRoles", "AccessDenied", 403),
        ("sts:GetAccessKeyInfo", "AccessDenied", 403),
        (LIST, "AccessDenied", 403),
        ("sns:ListTopics", "AccessDenied", 403),
        ("dynamodb:ListTables", "AccessDeniedException", 400),
        ("secretsmanager:ListSecrets", "AccessDeniedException", 400),
        ("Lambda:ListFunctions", "AccessDeniedException", 403),
    ],
)
def test_each_service_has_its_own_code_for_a_denial(account: Account, action: str, code_: str, status: int) -> None:
    """JSON services say AccessDeniedException."""
    _, key = user_with_key(account)
    parameters = {"access_key_id": key.access_key_id} if action == "sts:GetAccessKeyInfo" else {}
    answer = account.call(action, credentials=key, **parameters)

    assert answer.error is not None
    assert (answer.error.code, answer.error.status) == (code_, status)
    assert message(answer).endswith(f"because no identity-based policy allows the {action} action")


def test_who_has_nothing_to_sign_with_asks_nobody() -> None:
    """A client says so itself; only what is sent without a signature is refused by the service."""
    account, (web,) = fleet()
    web.detach()

    assert code(web.call(LIST)) == "NoCredentials"
    assert code(account.call(LIST, credentials=None)) == "NoCredentials"
    assert code(account.sts.get_caller_identity(credentials=None)) == "MissingAuthenticationToken"


def test_a_role_made_again_does_not_bring_its_sessions_back() -> None:
    """They are bound to the id."""
    account, (web,) = fleet()
    old = web.metadata.credentials()
    account.console.delete_role("app")
    account.console.create_role("app").put_policy("all", ADMIN)

    assert code(account.call(LIST, credentials=old)) == "InvalidAccessKeyId"
    account.clock.advance(hours=1)
    assert account.can(LIST, credentials=old, at=START) is not None


# -- laws ---------------------------------------------------------------------------------------------------------------

YEAR = 365 * 24 * 3600 * 10**6
HOUR = 3600 * 10**6


@given(
    duration=st.integers(900, 43_200),
    start=st.integers(0, YEAR),
    offset=st.one_of(st.integers(-HOUR, HOUR), st.sampled_from([-1, 0, 1, HOUR, 100 * YEAR])),
    from_end=st.booleans(),
)
@example(duration=900, start=0, offset=0, from_end=True)
@example(duration=900, start=0, offset=-1, from_end=True)
@example(duration=900, start=0, offset=1, from_end=True)
@example(duration=900, start=0, offset=100 * YEAR, from_end=True)
@example(duration=900, start=1, offset=-1, from_end=False)
def test_credentials_work_from_their_issue_up_to_but_not_at_their_expiry(
    duration: int, start: int, offset: int, from_end: bool
) -> None:
    """To the microsecond, and not a hundred years later either."""
    account = Account()
    _, key = user_with_key(account)
    role = account.create_role(
        "app", trust=TrustPolicy.principal(f"arn:aws:iam::{OWN}:user/alice"), max_session_duration=43200
    )
    role.put_policy("all", ADMIN)
    account.clock.advance(microseconds=start)
    session = account.sts.assume_role(role, "test", credentials=key, duration=duration).result()
    assert (session.issued, session.expiration) == (
        account.clock.now(),
        account.clock.now() + timedelta(seconds=duration),
    )
    moment = (session.expiration if from_end else session.issued) + timedelta(microseconds=offset)
    works = session.issued <= moment < session.expiration
    if moment > account.clock.now():
        account.clock.move_to(moment)
        assert account.call(LIST, credentials=session).ok is works
    if moment >= START:
        assert bool(account.can(LIST, credentials=session, at=moment)) is works


@given(late=st.sampled_from([0, 1, 1_000_000, HOUR, 24 * HOUR, 100 * YEAR]), hours=st.integers(0, 3))
def test_an_instances_credentials_stop_at_their_expiry_for_ever(late: int, hours: int) -> None:
    """Though nobody stored them."""
    account, (web,) = fleet()
    account.clock.advance(hours=hours)
    old = web.metadata.credentials()
    assert old is not None
    assert old.expiration is not None
    account.clock.move_to(old.expiration - timedelta(microseconds=1))
    assert account.call(LIST, credentials=old)
    account.clock.advance(microseconds=1 + late)
    assert code(account.call(LIST, credentials=old)) == "ExpiredToken"


@given(st.data())
def test_a_mutated_set_of_credentials_is_refused(data: st.DataObject) -> None:
    """One character changed, dropped, added, or all in another case: in the key id, the secret or the token."""
    account, (web,) = fleet()
    good = web.metadata.credentials()
    assert good is not None
    assert good.session_token is not None
    field = data.draw(st.sampled_from(["access_key_id", "secret_access_key", "session_token"]))
    value = getattr(good, field)
    text = value if isinstance(value, str) else value.reveal()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("AZ27az+/= \0é"))
    change = data.draw(st.sampled_from(["replace", "drop", "add", "case", "pad"]))
    mutated = {
        "replace": text[:place] + letter + text[place + 1 :],
        "drop": text[:place] + text[place + 1 :],
        "add": text[:place] + letter + text[place:],
        "case": text.swapcase(),
        "pad": text + data.draw(st.sampled_from([" ", "\n", "=", "\0"])),
    }[change]
    if mutated == text:
        return
    answer = account.call(LIST, credentials=attrs.evolve(good, **{field: mutated}))

    assert isinstance(answer.error, CredentialError), answer


@given(st.text(max_size=40), st.text(max_size=40), st.one_of(st.none(), st.text(max_size=40)))
def test_random_credentials_are_refused(key: str, secret: str, token: str | None) -> None:
    """Whatever they are made of."""
    account, _ = fleet()
    given = Credentials(key, secret, session_token=token)

    assert isinstance(account.call(LIST, credentials=given).error, InvalidClientTokenIdError)


@given(st.integers(0, 2**45 - 1))
def test_a_guessed_key_id_of_the_right_form_needs_its_secret(number: int) -> None:
    """Only an id that was issued gets as far as its token."""
    account, (web,) = fleet()
    good = web.metadata.credentials()
    assert good is not None
    ids = account.time.ids
    key = ids.access_key_id("ASIA", slot=number >> 24, ordinal=number >> 2 & (1 << 22) - 1, delivery=number & 3)
    answer = account.call("sts:GetCallerIdentity", credentials=attrs.evolve(good, access_key_id=key))

    assert key == good.access_key_id or code(answer) == "InvalidClientTokenId"


def test_key_ids_are_unique_over_instances_fetches_deliveries_and_issuers() -> None:
    """And no secret or token is given twice."""
    account, instances = fleet(5)
    alice, key = user_with_key(account)
    role = account.create_role("other", trust=TrustPolicy.principal(alice.arn))
    sets = [key, alice.create_access_key()]
    for _ in range(4):
        for instance in instances:
            found = instance.metadata.credentials()
            assert found is not None
            sets.append(found)
            v1 = instance.metadata.get("/latest/meta-data/iam/security-credentials/app").body
            document = json.loads(v1)
            sets.append(
                Credentials(document["AccessKeyId"], document["SecretAccessKey"], session_token=document["Token"])
            )
        sets.append(account.sts.assume_role(role, "test", credentials=key).result())
        account.clock.advance(hours=1)

    keys = [one.access_key_id for one in sets]
    assert len(set(keys)) == len(keys) == 2 + 4 * 11
    assert len({one.secret_access_key for one in sets}) == len(keys)
    assert len({one.session_token for one in sets}) == len(keys) - 1  # two access keys have none
    for key_id in keys:
        issued = account.time.ids.read_access_key_id(key_id)
        assert issued is not None
        assert (
            account.time.ids.access_key_id(
                key_id[:4], slot=issued.slot, ordinal=issued.ordinal, delivery=issued.delivery
            )
            == key_id
        )


def test_two_instances_share_no_credential() -> None:
    """Nor does one accept what belongs to the other: the token of one with the key of the other is refused."""
    account, (first, second) = fleet(2)
    a, b = first.metadata.credentials(), second.metadata.credentials()
    assert a is not None
    assert b is not None
    for field in ("access_key_id", "secret_access_key", "session_token"):
        assert getattr(a, field) != getattr(b, field)
        mixed = attrs.evolve(a, **{field: getattr(b, field)})
        assert isinstance(account.call(LIST, credentials=mixed).error, CredentialError)


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    """Keys, secrets, tokens and ids."""

    def world(seed: int) -> tuple[Any, ...]:
        account = Account(seed=seed)
        alice, key = user_with_key(account)
        role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
        session = account.sts.assume_role(role, "test", credentials=key).result()
        return (key, session, alice.user_id, role.role_id)

    assert world(5) == world(5)
    for one, other in zip(world(5), world(6), strict=True):
        assert one != other


def test_credentials_of_another_cloud_are_unknown() -> None:
    """Two worlds in one process never meet."""
    _, (web,) = fleet()
    other = Account(seed=1)
    other.console.create_role("app").put_policy("all", ADMIN)
    other.launch_instances(3, "app")

    assert code(other.call(LIST, credentials=web.metadata.credentials())) == "InvalidAccessKeyId"


def test_a_key_that_was_not_yet_issued_is_unknown(account: Account) -> None:
    """A question about the time before its issue."""
    account.clock.advance(hours=1)
    _, key = user_with_key(account, admin=True)

    assert not account.can(LIST, credentials=key, at=at(minutes=59))
    assert account.can(LIST, credentials=key, at=at(minutes=60))


@pytest.mark.parametrize("key_id", [5, None, b"ASIA"])
def test_a_key_id_is_text(key_id: Any) -> None:
    """A mistake shows where the credentials are made."""
    with pytest.raises(TypeError, match="an access key id must be str"):
        Credentials(key_id, "secret")
    with pytest.raises(TypeError, match="a secret must be str"):
        Credentials("ASIA", key_id)


# -- GetCallerIdentity --------------------------------------------------------------------------------------------------


def test_nobody_can_be_denied_get_caller_identity(account: Account) -> None:
    """Not by an explicit deny, a boundary or a session policy."""
    alice, key = user_with_key(account)
    alice.put_policy("no", PermissionPolicy.deny("*"))
    alice.put_permissions_boundary(PermissionPolicy.deny("*"))
    role = account.create_role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), path="/x/")
    assert account.sts.get_caller_identity(credentials=key).result().user_id == alice.user_id
    alice.delete_policy("no")
    alice.delete_permissions_boundary()
    role.update_trust(TrustPolicy.principal(alice.arn))
    session = account.sts.assume_role(role, "test", credentials=key, policy=PermissionPolicy.deny("*")).result()
    role.put_policy("no", PermissionPolicy.deny("sts:GetCallerIdentity"))
    role.revoke_sessions()
    who = account.sts.get_caller_identity(credentials=session).result()

    assert (who.arn, who.account) == (f"arn:aws:sts::{OWN}:assumed-role/app/test", OWN)
    account.clock.advance(hours=1)
    assert code(account.sts.get_caller_identity(credentials=session)) == "ExpiredToken"
    assert message(account.sts.get_caller_identity(credentials=session)) == EXPIRED


def test_any_account_answers_for_the_credentials_of_any_other() -> None:
    """STS is one service; the answer names the caller's own account."""
    cloud = Cloud()
    mine, theirs = cloud.account(), cloud.account(OTHER)
    _, key = user_with_key(mine)

    assert theirs.sts.get_caller_identity(credentials=key).result().account == OWN


def test_an_instance_is_named_by_its_id() -> None:
    """AROA...:i-..."""
    account, (web,) = fleet()
    who = account.sts.get_caller_identity(credentials=web.metadata.credentials()).result()

    assert who.arn == f"arn:aws:sts::{OWN}:assumed-role/app/{web.instance_id}"
    assert who.user_id == f"{account.roles['app'].role_id}:{web.instance_id}"


# -- revoking -----------------------------------------------------------------------------------------------------------


def assumable() -> tuple[Account, Credentials, Any]:
    """A role that alice may assume, and that may do everything."""
    account = Account()
    alice, key = user_with_key(account)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    role.put_policy("all", ADMIN)
    return account, key, role


def test_revoking_puts_awss_policy() -> None:
    """Named and worded as the console does; revoking again overwrites the time."""
    account, _, role = assumable()
    account.clock.advance(milliseconds=1_500)
    role.revoke_sessions()

    assert role.policies["AWSRevokeOlderSessions"].to_dict() == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:01.500Z"}},
            }
        ],
    }
    account.clock.advance(hours=1)
    role.revoke_sessions()
    assert "2026-01-01T01:00:01.500Z" in role.policies["AWSRevokeOlderSessions"].to_json()


@pytest.mark.parametrize(
    ("issued", "revoked", "works"),
    [
        (0, 1, False),
        (0, 1_000, False),
        (0, 0, True),
        (1_000, 1_000, True),
        (1_000, 999, True),
        (500, 501, False),
        (200, 500, False),
        (900, 500, True),
        (999, 1_000, False),
    ],
)
def test_sessions_issued_before_a_revocation_are_denied_and_later_ones_are_not(
    issued: int, revoked: int, works: bool
) -> None:
    """To the millisecond; at the very instant is not before."""
    account, key, role = assumable()
    found: list[Credentials] = []
    for when, what in sorted(
        [
            (revoked, role.revoke_sessions),
            (issued, lambda: found.append(account.sts.assume_role(role, "test", credentials=key).result())),
        ],
        key=lambda pair: pair[0],
    ):
        account.clock.move_to(at(milliseconds=when))
        what()

    decision = account.can(LIST, credentials=found[0])
    assert bool(decision) is works
    if not works:
        assert decision.denied_by == "identity"
        assert decision.message.endswith("with an explicit deny in an identity-based policy")


def test_revoking_does_not_touch_users_and_an_instance_heals_at_its_next_refresh() -> None:
    """It keeps showing the revoked set until then."""
    account, (web,) = fleet()
    role = account.roles["app"]
    account.clock.advance(minutes=30)
    role.revoke_sessions()

    assert not web.can(LIST)
    account.clock.advance(minutes=30)
    assert web.can(LIST)
    alice, key = user_with_key(account, admin=True)
    alice.put_policy("same", role.policies["AWSRevokeOlderSessions"].to_dict())
    assert account.can(LIST, credentials=key)


# -- a service of one's own ----------------------------------------------------------------------------------------------


def test_a_service_of_ones_own_gets_the_caller_and_refuses_bad_credentials_by_itself() -> None:
    """Authentication comes before it."""
    account, (web,) = fleet()
    seen: list[str] = []

    def hello(call: Any) -> str:
        seen.append(call.caller.arn)
        return "hello"

    account.registry.register(
        Service("demo", [Operation("Hello", lambda call: [("demo:Hello", "*", None, {})], hello)])
    )
    good = web.metadata.credentials()
    assert account.call("demo:Hello", credentials=good).result() == "hello"
    assert good is not None
    assert (
        code(account.call("demo:Hello", credentials=attrs.evolve(good, session_token=None))) == "InvalidClientTokenId"
    )
    assert seen == [f"arn:aws:sts::{OWN}:assumed-role/app/{web.instance_id}"]
    account.roles["app"].put_policy("no", PermissionPolicy.deny("demo:*"))
    answer = account.call("demo:Hello", credentials=good)
    assert code(answer) == "AccessDenied"
