"""P-22: a secret shows in none of the ways in which objects end up in logs, notebooks, tracebacks and files."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import json
import logging
import pickle
import pprint
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy
from ec2roles.calls import Call
from ec2roles.errors import AwsError
from ec2roles.metadata.response import MetadataResponse
from ec2roles.programs.program import Completed
from ec2roles.secret import Secret
from ec2roles.services.operation import Operation, Service
from ec2roles.world.part import Part
from helpers.worlds import ADMIN, LIST, user_with_key


class World:
    """An account full of secrets, and what a user gets to hold of it."""

    def __init__(self) -> None:
        account = self.account = Account()
        alice, key = user_with_key(account, admin=True)
        alice.create_login_profile("canary-password-EXAMPLE")
        account.console.create_role("app").put_policy("all", ADMIN)
        self.web = account.launch_instance("app")
        found = self.web.metadata.credentials()
        assert found is not None
        self.key, self.found = key, found
        role = account.create_role("other", trust=TrustPolicy.principal(alice.arn))
        assumed = account.sts.assume_role(role, "test", credentials=key)
        session = account.sts.authorizer.authenticate(found, account.time.as_of(None))
        call = Call(LIST, position=account.time.as_of(None), credentials=found, parameters={"body": b"canary-body"})
        expired = account.call(LIST, credentials=attrs.evolve(found, session_token="canary-token-EXAMPLE"))
        self.web.call(LIST)
        self.objects: dict[str, Any] = {
            "credentials": found,
            "access key": key,
            "assumed": assumed.result(),
            "response": assumed,
            "refused response": expired,
            "error": expired.error,
            "decision": expired.decision,
            "session": session,
            "call": call,
            "user": alice,
            "role": role,
            "instance": self.web,
            "account": account,
            "token service": account.sts,
            "history": account.history,
            "events": list(account.history),
            "recorded": list(account.history._calls),
            "timekeeper": account.time,
            "ids": account.time.ids,
            "caller identity": account.sts.get_caller_identity(credentials=found),
            "state": alice._states.last,
            "metadata response": self.web.metadata.get("/latest/meta-data/iam/security-credentials/app"),
            "metadata token": self.web.metadata.put(
                "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
            ),
            "completed": self.web.run(
                "curl http://169.254.169.254/latest/meta-data/iam/security-credentials/app; "
                "aws sts assume-role --role-arn arn:aws:iam::123456789012:role/other --role-session-name x"
            ),
            "boto response": account.request(
                "sts:AssumeRole", {"RoleArn": role.arn, "RoleSessionName": "test"}, credentials=key
            ),
        }
        self.secrets = ["canary-password-EXAMPLE", "canary-token-EXAMPLE", "canary-body"]
        for one in (found, key, assumed.result()):
            self.secrets.append(one.secret_access_key.reveal())
            if one.session_token is not None:
                self.secrets.append(one.session_token.reveal())


@pytest.fixture(scope="module")
def world() -> World:
    """One world is enough: nothing here changes it."""
    return World()


NAMES = list(World().objects)


def clean(world: World, text: str | bytes) -> bool:
    """Whether no secret is in *text*, whole or in a recognisable part."""
    if isinstance(text, str):
        return not any(secret in text or secret[:20] in text for secret in world.secrets)
    return not any(secret.encode() in text for secret in world.secrets)


def test_there_are_secrets_to_find(world: World) -> None:
    """The test would pass by itself otherwise."""
    assert len(set(world.secrets)) == 8
    assert all(len(secret) > 10 for secret in world.secrets)
    assert not clean(world, world.found.secret_access_key.reveal())


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_an_object_shows_a_secret(world: World, name: str) -> None:
    """repr, str, format, percent, pprint, a list of it, a log record, HTML."""
    thing = world.objects[name]
    shown = [repr(thing), str(thing), f"{thing!s:>5}", pprint.pformat(thing), repr([thing])]
    shown += [repr({"a": thing}), repr((thing,)), ascii(thing)]
    html = getattr(thing, "_repr_html_", None)
    if html is not None:
        shown.append(html())
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.warning("%s %r", thing, thing)
    shown.append(stream.getvalue())

    shown.append("%s %r" % (thing, thing))  # noqa: UP031 -- one of the ways

    assert all(clean(world, text) for text in shown)


def parts(thing: Any) -> Iterator[Any]:
    """What attrs gives away of an object, if it is one of attrs'."""
    if attrs.has(type(thing)):
        for convert in (attrs.asdict, attrs.astuple):
            yield convert(thing, recurse=False)
    if isinstance(thing, Credentials):
        yield attrs.asdict(thing)
        yield attrs.astuple(thing)


def test_no_object_of_the_library_that_is_alive_shows_a_secret(world: World) -> None:
    """Of whatever class, known to this test or not."""
    shown: dict[str, int] = {}
    for thing in gc.get_objects():
        kind = type(thing)
        if kind.__module__.startswith("ec2roles.") and shown.get(kind.__qualname__, 0) < 200:
            shown[kind.__qualname__] = shown.get(kind.__qualname__, 0) + 1
            assert clean(world, repr(thing)), kind
    assert len(shown) > 60
    assert shown.keys() >= {"MetadataResponse", "Completed", "Response", "Call", "Session", "Credentials", "Account"}


@pytest.mark.parametrize("name", NAMES)
def test_attrs_does_not_give_a_secret_away(world: World, name: str) -> None:
    """Asdict and astuple keep it wrapped; calls and their parameters are the caller's own business."""
    if name in ("metadata response", "metadata token", "completed", "boto response"):
        return  # the text that came over the wire or was written: what it holds is its job, and attrs names the part
    thing = world.objects[name]
    if name == "call":
        thing = attrs.evolve(thing, parameters={})
    for part in parts(thing):
        assert clean(world, repr(part))


@pytest.mark.parametrize("name", ["credentials", "access key", "assumed", "response", "session", "state"])
def test_what_holds_a_secret_is_not_pickled(world: World, name: str) -> None:
    """By the secret's own refusal."""
    with pytest.raises(TypeError, match="refusing to pickle a Secret"):
        pickle.dumps(world.objects[name])


@pytest.mark.parametrize("name", ["credentials", "access key", "assumed"])
def test_copies_are_as_tight_as_the_original(world: World, name: str) -> None:
    """And equal to it."""
    thing = world.objects[name]
    for again in (copy.copy(thing), copy.deepcopy(thing), attrs.evolve(thing)):
        assert again == thing
        assert clean(world, repr(again))


@pytest.mark.parametrize("name", NAMES)
def test_no_pickle_holds_a_secret(world: World, name: str) -> None:
    """Whatever is not refused has none in its bytes; not under any protocol."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        stream = io.BytesIO()
        with contextlib.suppress(Exception):  # most of it cannot be pickled; what was written up to there counts too
            pickle.Pickler(stream, protocol).dump(world.objects[name])
        assert clean(world, stream.getvalue())


@pytest.mark.parametrize("name", NAMES)
def test_no_copy_of_an_object_shows_a_secret(world: World, name: str) -> None:
    """Shallow or deep, where it can be copied at all."""
    for make in (copy.copy, copy.deepcopy):
        if make is copy.deepcopy and name not in {"credentials", "access key", "assumed", "error", "caller identity"}:
            continue  # a deep copy of the others is one of the whole world
        if isinstance(world.objects[name], Part):
            with pytest.raises(TypeError, match="is part of a Cloud") as caught:
                make(world.objects[name])
            assert clean(world, full_text(caught.value))
            continue
        again = make(world.objects[name])
        assert clean(world, repr(again) + str(again) + pprint.pformat(again))


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_assertion_about_an_object_shows_no_secret(world: World, name: str) -> None:
    """What pytest prints of both sides, and of the difference between them."""
    thing: Any = world.objects[name]
    for other in (None, world.found, world.key, [thing], "text"):
        if other is thing:
            continue
        with pytest.raises(AssertionError) as caught:
            assert thing is other, thing
        assert clean(world, str(caught.value) + full_text(caught.value))
        with pytest.raises(AssertionError) as caught:
            assert [thing, {"a": thing}] == [other, {"a": other}]
        assert clean(world, str(caught.value) + full_text(caught.value))


def test_two_answers_that_differ_in_a_secret_show_none(world: World) -> None:
    """What came over the wire, and what a command wrote: a failed assert shows no part of them by itself."""
    one, other = world.objects["metadata response"], MetadataResponse(200, "other")
    for left, right in ((one, other), (world.objects["completed"], Completed("other"))):
        with pytest.raises(AssertionError) as caught:
            assert left == right
        assert clean(world, str(caught.value) + full_text(caught.value))
    assert one == attrs.evolve(one)
    assert hash(one) == hash(attrs.evolve(one))
    assert one != "text"
    assert Completed("a") == Completed("a")
    assert len({Completed("a"), Completed("a")}) == 1


def test_a_difference_in_a_secret_shows_neither_side(world: World) -> None:
    """Two sets of credentials that differ in the secret alone, compared field by field."""
    other = attrs.evolve(world.found, secret_access_key="canary-other-EXAMPLE", session_token="canary-third-EXAMPLE")
    for left, right in ((world.found, other), (attrs.asdict(world.found), attrs.asdict(other))):
        with pytest.raises(AssertionError) as caught:
            assert left == right
        assert clean(world, str(caught.value))
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_warning_about_an_object_shows_no_secret(world: World, name: str) -> None:
    """In its text, and in the line that Python prints."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn(f"{world.objects[name]!r} {world.objects[name]}", stacklevel=1)
        warnings.warn_explicit(UserWarning(world.objects[name]), None, "here.py", 1)
    for each in caught:
        assert clean(world, str(each) + str(each.message) + repr(each.message.args))
        assert clean(world, warnings.formatwarning(each.message, each.category, each.filename, each.lineno))


def test_a_log_record_shows_no_secret(world: World) -> None:
    """Also one with a traceback, with an object for its message, and with all its fields printed."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(args)s %(exc_text)s"))
    records: list[logging.LogRecord] = []
    handler.addFilter(lambda record: records.append(record) or True)  # type: ignore[func-returns-value]
    logger = logging.Logger("test")
    logger.addHandler(handler)
    for thing in world.objects.values():
        logger.warning(thing)
        logger.warning("%r", thing, extra={"thing": thing})
        try:
            raise AwsError(f"about {thing!r}") from KeyError(thing)
        except AwsError:
            logger.exception("failed with %s", thing)
    assert clean(world, stream.getvalue())
    assert all(clean(world, repr(record.__dict__) + record.getMessage()) for record in records)


def test_an_exception_with_notes_and_causes_shows_no_secret(world: World) -> None:
    """Each link of the chain, its arguments and its notes."""
    try:
        try:
            {}[world.found.session_token]
        except KeyError as cause:
            cause.add_note(f"with {world.found}")
            raise copy.copy(world.objects["error"]) from cause
    except AwsError as error:
        error.add_note(f"while {world.key!r} was used")
        text = full_text(error) + repr(error.__notes__)
        link: BaseException | None = error.__cause__
        while link is not None:
            text += full_text(link) + repr(link.__notes__)
            link = link.__cause__ or link.__context__
    assert "was used" in text
    assert clean(world, text)


def test_the_event_log_shows_no_secret(world: World) -> None:
    """Neither as our events nor as CloudTrail's records, though metadata and STS have handed out all of them."""
    listing = world.web.metadata.get("/latest/meta-data/iam/security-credentials/app")
    assert not clean(world, listing.body)  # that is its job
    world.web.run("aws configure set aws_secret_access_key canary-in-a-file-EXAMPLE")
    world.web.call(LIST, body="canary-in-a-call-EXAMPLE")
    history = world.account.history
    text = repr(list(history)) + json.dumps(history.to_cloudtrail(data_events=True), default=repr)
    text += pprint.pformat([attrs.asdict(event, recurse=False) for event in history])
    assert world.found.access_key_id in text
    assert clean(world, text)
    assert "canary" not in text + repr(world.web.programs.chain) + repr(world.web.programs.terminal)


def test_json_does_not_take_a_secret(world: World) -> None:
    """Nor does it fall back to its text."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(attrs.asdict(world.found))


def full_text(error: BaseException) -> str:
    """A traceback as the most talkative tools print it: with local variables, notes, causes and arguments."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format()) + repr(error) + str(error) + repr(error.args) + repr(error.__dict__)


def refused(world: World) -> Iterator[tuple[str, Any]]:
    """Calls that raise, with a secret at hand."""
    account, found = world.account, world.found
    yield "unknown action", lambda: account.call("nonsense", credentials=found)
    yield "no role", lambda: account.sts.assume_role(None, "test", credentials=found)  # type: ignore[arg-type]
    yield "bad name", lambda: account.sts.assume_role("arn:aws:iam::123456789012:role/x", 5, credentials=found)  # type: ignore[arg-type]
    yield "future", lambda: account.can(LIST, credentials=found, at=account.clock.now().replace(year=2999))
    yield "result", world.objects["refused response"].result
    yield "two keys", lambda: [account.users["alice"].create_access_key() for _ in range(3)]
    yield "evolve", lambda: attrs.evolve(found, access_key_id=5)
    yield "hash", lambda: {found: 1}[attrs.evolve(found, access_key_id="ASIA")]
    yield "key error", lambda: {}[found.secret_access_key]
    yield "assertion", lambda: pytest.fail(repr(found))
    yield "attribute", lambda: found.token  # type: ignore[attr-defined]
    yield "order", lambda: found.secret_access_key < found.secret_access_key  # type: ignore[operator]
    yield "pickle", lambda: pickle.dumps(found)
    yield "context", lambda: account.call(LIST, credentials=found, context={"x": found.session_token})


@pytest.mark.parametrize("number", range(14))
def test_no_traceback_shows_a_secret_not_even_one_with_local_variables(world: World, number: int) -> None:
    """Of whatever goes wrong."""
    _, call = list(refused(world))[number]
    with pytest.raises(BaseException) as caught:  # noqa: PT011 -- any, it is their text that counts
        call()
    assert clean(world, full_text(caught.value))


@pytest.mark.parametrize(
    "call",
    [
        lambda account: account.create_role("a b", trust=ADMIN),
        lambda account: account.create_user("a b"),
        lambda account: account.create_policy("p", PermissionPolicy.deny("*"), path="x"),
        lambda account: account.create_instance_profile("a b"),
        lambda account: account.iam.create_group("a b"),
        lambda account: Credentials(5, "x"),  # type: ignore[arg-type]
        lambda account: account.s3.create_bucket("UPPER"),
        lambda account: Account(keep_calls=-1),
    ],
)
def test_what_could_not_be_made_can_be_shown_by_a_debugger(call: Any) -> None:
    """Its repr does not fail in the middle of a traceback with local variables."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- any, it is their text that counts
        call(Account())
    assert full_text(caught.value)


def test_minting_keeps_no_secret_in_a_local_variable() -> None:
    """A session that would end past the year 9999 fails while its credentials are made."""
    account = Account()
    alice, key = user_with_key(account)
    role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    probe = Account()
    probe_alice, probe_key = user_with_key(probe)
    probe_role = probe.create_role("app", trust=TrustPolicy.principal(probe_alice.arn))
    would_be = probe.sts.assume_role(probe_role, "test", credentials=probe_key).result()
    account.clock.move_to(account.clock.now().replace(year=9999, month=12, day=31, hour=23, minute=30))
    with pytest.raises(Exception, match="year 9999") as caught:
        account.sts.assume_role(role, "test", credentials=key)
    text = full_text(caught.value)

    assert would_be.secret_access_key.reveal() not in text
    assert would_be.session_token.reveal()[40:] not in text


def test_an_operation_that_fails_shows_the_caller_and_no_secret(world: World) -> None:
    """What its author sees of the call."""
    account = Account()
    _, key = user_with_key(account, admin=True)

    def fail(call: Call) -> None:
        raise AwsError(f"failed for {call.caller!r} with {call.credentials!r}: {call!r}")

    account.registry.register(Service("demo", [Operation("Fail", lambda call: [("demo:Fail", "*", None, {})], fail)]))
    answer = account.call("demo:Fail", credentials=key)
    assert key.secret_access_key.reveal() not in str(answer.error)
    assert key.access_key_id in str(answer.error)


def test_a_secret_given_as_text_is_wrapped() -> None:
    """Who builds credentials by hand need not think of it."""
    made = Credentials("AKIAEXAMPLE", "canary-secret", session_token="canary-token")
    assert isinstance(made.secret_access_key, Secret)
    assert made == Credentials("AKIAEXAMPLE", Secret("canary-secret"), session_token=Secret("canary-token"))
    assert "canary" not in repr(attrs.asdict(made))
    assert attrs.evolve(made, secret_access_key="other").secret_access_key == Secret("other")


def test_a_denied_policy_does_not_quote_the_credentials(world: World) -> None:
    """Its explanation is about who, not with what."""
    account = Account()
    alice, key = user_with_key(account)
    alice.put_policy("no", PermissionPolicy.deny("*"))
    answer = account.call(LIST, credentials=key)
    assert answer.decision is not None
    assert key.secret_access_key.reveal() not in answer.decision.explain()


@pytest.mark.parametrize(
    ("service", "operation", "member", "given"),
    [
        ("sts", "get_session_token", "Credentials", {}),
        ("sts", "get_federation_token", "Credentials", {"Name": "bob"}),
        (
            "sts",
            "assume_role",
            "Credentials",
            {"RoleArn": "arn:aws:iam::123456789012:role/app", "RoleSessionName": "test"},
        ),
        ("iam", "create_access_key", "AccessKey", {"UserName": "alice"}),
    ],
)
def test_an_answer_in_awss_form_gives_secrets_to_programs_and_not_to_logs(
    service: str, operation: str, member: str, given: dict[str, str]
) -> None:
    account = Account()
    alice = account.create_user("alice")
    alice.attach_policy("AdministratorAccess")
    account.create_role("app", trust=TrustPolicy.principal(alice.arn))
    value = getattr(getattr(account.as_(alice.create_access_key()), service), operation)(**given).value
    found = value[member]
    secrets = [found[name] for name in ("SecretAccessKey", "SessionToken") if name in found]
    assert all(len(secret) >= 40 for secret in secrets)
    text = json.dumps(value, default=str)
    for secret in secrets:
        assert secret in text
        for shown in (repr(value), str(value), f"{found}", repr([found]), repr(dict(value))):
            assert secret not in shown
            assert "****" in shown
