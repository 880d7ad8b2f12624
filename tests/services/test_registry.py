"""Operations: found by the API's name or by the IAM action, judged, performed, recorded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, SystemClock
from ec2roles.errors import ClockError, EntityAlreadyExistsError, ResourceError, ValidationError
from ec2roles.services.operation import Operation, Service
from helpers.worlds import LIST, START, code, digest, user_with_key


def needs(*actions: str) -> Any:
    """Return what says that a call needs these."""
    return lambda call: [(action, call.resource or "*", None, {}) for action in actions]


def test_an_operation_is_found_by_its_name_and_by_its_action_in_any_case(account: Account, key: Credentials) -> None:
    """And a call by the API's name says so in a note."""
    for action in (LIST, "s3:ListBuckets", "S3:LISTBUCKETS", "s3:listallmybuckets"):
        answer = account.call(action, credentials=key)
        assert answer.ok
        assert answer.decision is not None
        notes = " ".join(answer.decision.notes)
        assert ("ListBuckets is the name of the API operation" in notes) is (
            "buckets" in action.lower() and "my" not in action.lower()
        )


def test_a_statement_that_names_the_operation_is_honoured() -> None:
    """Learners write it so; AWS would not match it."""
    account = Account()
    alice, key = user_with_key(account)
    alice.put_policy("list", PermissionPolicy.allow("s3:ListBuckets"))
    assert account.call("s3:ListBuckets", credentials=key)
    assert not account.call(LIST, credentials=key)


def test_an_action_of_a_service_that_is_not_here_is_judged_and_not_performed(
    account: Account, key: Credentials
) -> None:
    """Allowed, and not ok; the message says how to add one."""
    answer = account.call("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/t", credentials=key)

    assert (answer.ok, answer.allowed, code(answer)) == (False, True, "NotImplemented")
    assert "account.registry.register(service)" in str(answer.error)
    assert account.can("dynamodb:GetItem", credentials=key)


@pytest.mark.parametrize(
    "action",
    [
        "",
        "s3",
        "s3:",
        ":GetObject",
        "s3:GetObject:x",
        "*",
        "s3:*",
        "s3:Get?bject",
        "s3:Get Object",
        "é:x",
        "s3:\u212aey",
        "s3:a\n",
    ],
)
def test_what_is_no_action_raises_and_nothing_is_recorded(account: Account, key: Credentials, action: str) -> None:
    """A call has one action, without wildcards."""
    before = digest(account)
    for ask in (account.call, account.can):
        with pytest.raises(ValidationError, match="The action is not valid"):
            ask(action, credentials=key)
    assert digest(account) == before


@pytest.mark.parametrize("action", [None, 5, b"s3:GetObject", ["s3:GetObject"]])
def test_an_action_is_text(account: Account, key: Credentials, action: Any) -> None:
    """Anything else is a mistake of the caller."""
    before = digest(account)
    for ask in (account.call, account.can):
        with pytest.raises(TypeError, match="action must be str"):
            ask(action, credentials=key)
    assert digest(account) == before


@pytest.mark.parametrize(
    "options", [{"resource": 5}, {"context": [1]}, {"context": {1: "a"}}, {"context": {"a": object()}}]
)
def test_a_parameter_of_another_type_is_a_mistake_of_the_caller(
    account: Account, key: Credentials, options: dict[str, Any]
) -> None:
    """Nothing is done or recorded."""
    before = digest(account)
    for ask in (account.call, account.can):
        with pytest.raises(TypeError):
            ask("dynamodb:GetItem", credentials=key, **options)
    assert digest(account) == before


def test_a_service_is_registered_once(account: Account) -> None:
    """In any case of letters."""
    account.registry.register(Service("demo", []))
    with pytest.raises(EntityAlreadyExistsError, match="Service Demo already exists"):
        account.registry.register(Service("Demo", []))
    assert account.registry.services.count("demo") == 1


def test_a_service_can_wait_until_it_is_called(account: Account, key: Credentials) -> None:
    """It is made once, at the first call of one of its operations, and its prefix is taken before that."""
    made: list[str] = []

    def load() -> Service:
        made.append("demo")
        return Service("demo", [Operation("Hello", needs("demo:Hello"), lambda call: "hello")])

    account.registry.register_later("demo", load)
    assert "demo" in account.registry.services
    with pytest.raises(EntityAlreadyExistsError, match="Service demo already exists"):
        account.registry.register(Service("demo", []))
    with pytest.raises(EntityAlreadyExistsError, match="Service Demo already exists"):
        account.registry.register_later("Demo", load)
    account.call("s3:ListBuckets", credentials=key)
    assert made == []
    for _ in range(2):
        account.can("demo:Hello", credentials=key)
        assert account.request("demo:Hello", credentials=key).value == "hello"
        assert [one.name for one in account.registry.operations("demo")] == ["Hello"]
    assert made == ["demo"]
    assert code(account.request("demo:Other", credentials=key)) == "InvalidAction"


def test_every_authorization_of_an_operation_must_be_allowed() -> None:
    """The first that is denied is the answer, and nothing is performed."""
    account = Account()
    alice, key = user_with_key(account)
    done: list[str] = []
    account.registry.register(
        Service("demo", [Operation("Both", needs("demo:One", "iam:PassRole"), lambda call: done.append("x"))])
    )
    alice.put_policy("one", PermissionPolicy.allow("demo:One"))
    answer = account.call("demo:Both", credentials=key)
    assert "iam:PassRole" in str(answer.error)
    assert not done
    alice.put_policy("two", PermissionPolicy.allow("iam:PassRole"))
    assert account.call("demo:Both", credentials=key)
    assert done == ["x"]


def test_an_operation_without_authorizations_is_a_mistake_of_its_author(account: Account, key: Credentials) -> None:
    """It is not allowed by default."""
    account.registry.register(Service("demo", [Operation("Open", lambda call: [], lambda call: "secret")]))
    assert code(account.call("demo:Open", credentials=key)) == "InternalFailure"


def test_an_operation_that_fails_was_allowed_and_is_recorded(account: Account, key: Credentials) -> None:
    """Its error is the answer."""

    def fail(call: Any) -> None:
        raise ResourceError("gone", code="Gone", status=410)

    account.registry.register(Service("demo", [Operation("Fail", needs("demo:Fail"), fail)]))
    answer = account.call("demo:Fail", credentials=key)

    assert (answer.ok, answer.allowed, code(answer)) == (False, True, "Gone")
    assert [event.error.code for event in account.history.events(kind="call") if event.error] == ["Gone"]
    with pytest.raises(ResourceError):
        answer.result()


def test_an_operation_may_change_the_world_on_a_clock_that_runs() -> None:
    """The call is taken down after what it did, though that read the clock again."""
    account = Account(clock=SystemClock())
    _, key = user_with_key(account, admin=True)
    account.registry.register(
        Service("demo", [Operation("Make", needs("demo:Make"), lambda call: account.create_user("made").name)])
    )

    assert account.call("s3:CreateBucket", "arn:aws:s3:::photos", credentials=key)
    assert account.call("demo:Make", credentials=key).result() == "made"
    assert account.call("s3:DeleteBucket", "arn:aws:s3:::photos", credentials=key)
    assert [event.operation for event in account.history][-5:] == [
        "CreateBucket",
        "CreateUser",
        "Make",
        "DeleteBucket",
        "DeleteBucket",
    ]


class Shows:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.when: datetime = START

    def now(self) -> datetime:
        return self.when


def test_when_the_clock_went_back_nothing_is_done() -> None:
    """A call could not be taken down; a question can still be asked."""
    clock = Shows()
    account = Account(clock=clock)
    _, key = user_with_key(account, admin=True)
    account.s3.create_bucket("photos")
    clock.when = START - timedelta(seconds=1)
    before = digest(account)
    for action, resource in (("s3:PutObject", "arn:aws:s3:::photos/x"), ("s3:CreateBucket", "arn:aws:s3:::other")):
        with pytest.raises(ClockError, match="the clock went back"):
            account.call(action, resource, credentials=key)
    assert digest(account) == before
    assert not account.can(LIST, credentials=key)
    clock.when = START
    assert account.call("s3:PutObject", "arn:aws:s3:::photos/x", credentials=key)


def test_an_allowed_call_returns_its_value_and_a_refused_one_its_error(account: Account, key: Credentials) -> None:
    """bool, result and repr say the same."""
    account.users["alice"].put_policy("no", PermissionPolicy.deny("s3:CreateBucket"))
    good, bad = (
        account.call(LIST, credentials=key),
        account.call("s3:CreateBucket", "arn:aws:s3:::photos", credentials=key),
    )

    assert (bool(good), good.result(), repr(good)) == (True, (), "<Response ok: ()>")
    assert not bad
    assert repr(bad).startswith("<Response AccessDenied: User: arn:aws:iam::123456789012:user/alice is not authorized")


def test_a_kms_key_has_the_policy_that_kms_gives_it_by_default(account: Account, key: Credentials) -> None:
    """The account's own policies decide then; another account's do not."""
    ours, theirs = (f"arn:aws:kms:us-east-1:{one}:key/k" for one in (account.account_id, "444455556666"))
    nobody = user_with_key(account, "nobody")[1]
    assert account.can("kms:Decrypt", resource=ours, credentials=key)
    assert not account.can("kms:Decrypt", resource=ours, credentials=nobody)
    assert account.can("kms:Decrypt", resource=theirs, credentials=key).denied_by == "resource"
