"""
Replay what AWS has answered: ``python tests/recorded/replay.py`` prints every recorded fact and what became of it.

``facts.json`` has the facts as they were recorded. Most say by themselves what is to be sent (``steps``); ``asked.json`` says
it of the others. Calls are signed and sent by boto3 as HTTP has them, so that status, code, text and fields are those that a
program sees. A difference is a line of text; a fact without one is equal.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
from botocore import xform_name
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from ec2roles import Account, Credentials, ManualClock, PermissionPolicy, TrustPolicy  # noqa: E402
from ec2roles.adapters.aws.dispatch import Dispatcher  # noqa: E402
from ec2roles.adapters.aws.endpoint import AwsEndpoint  # noqa: E402
from ec2roles.adapters.http.wsgi import Application  # noqa: E402
from helpers.served import AWS_HOSTS, CONFIG, HOSTS, answered, session  # noqa: E402
from recorded import by_hand  # noqa: E402

FACTS: list[dict[str, Any]] = json.loads((HERE / "facts.json").read_text(encoding="utf-8"))["facts"]
ASKED: dict[str, dict[str, Any]] = json.loads((HERE / "asked.json").read_text(encoding="utf-8"))

URL = "http://127.0.0.1:1"
# boto3's names of services whose actions begin with another word.
CLIENTS = {"elasticfilesystem": "efs"}
_ANYTHING = re.compile(r"<[^<>]*>")
_REGION = re.compile(r"\[((?:us|eu|ap|ca|sa|af|me)-[a-z]+-\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
# Of an instance that has been terminated there is less to say, and some recordings were cut by hand.
_NEARLY_ALWAYS = 0.9
# The recorder's word for every bucket of a test.
_BUCKET_ARN = "arn:aws:s3:::bucket"


def name_of(fact: Mapping[str, Any]) -> str:
    """What a fact is called: where it was recorded, and of what."""
    where = re.sub(r"^(?:.*/)?\w+\.py(?:::| )|^imds/", "", str(fact.get("where", ""))).replace("::", " ")
    parts = [where, str(fact.get("key", ""))]
    if "steps" not in fact:
        parts = [str(fact.get("op") or fact.get("table") or ""), *parts]
    return " ".join(part for part in parts if part)


def known_facts() -> dict[str, dict[str, Any]]:
    """The facts by name."""
    found = {name_of(fact): fact for fact in FACTS}
    assert len(found) == len(FACTS), "two facts have one name"
    return found


# -- what is sent -------------------------------------------------------------------------------------------------------


@attrs.define
class Wire:
    """boto3's clients and the endpoint that they reach, made once: the models of services are large."""

    session: Any = attrs.field(factory=lambda: session(Credentials("AKIA", "x")))
    clients: dict[tuple[str, str], Any] = attrs.field(factory=dict)
    endpoint: AwsEndpoint = attrs.field(factory=lambda: AwsEndpoint.of(Account()))

    def client(self, service: str, region: str) -> Any:
        """One that checks nothing itself: AWS is to say what is wrong."""
        if (service, region) not in self.clients:
            config = CONFIG.merge(type(CONFIG)(parameter_validation=False))
            client = self.session.client(service, region, endpoint_url=URL, config=config)
            client.meta.events.register("before-send", self._send)
            self.clients[service, region] = client
        return self.clients[service, region]

    def reach(self, account: Account, credentials: Credentials) -> None:
        """Send to *account* from now on, signed with *credentials*."""
        self.endpoint.dispatcher = Dispatcher(account.api, self.endpoint.dispatcher.actions)
        token, signer = credentials.session_token, self.session.get_credentials()
        signer.access_key = credentials.access_key_id
        signer.secret_key = credentials.secret_access_key.reveal()
        signer.token = None if token is None else token.reveal()

    def _send(self, request: Any, **named: Any) -> Any:
        return answered(Application([self.endpoint], (*HOSTS, *AWS_HOSTS)), request)


WIRE = Wire()


@attrs.define
class Place:
    """An account whose administrator sends what was recorded, and the clients that he and others have."""

    region: str = "us-east-1"
    when: datetime = datetime(2026, 1, 1, tzinfo=timezone.utc)
    account: Account = attrs.field(init=False)
    keys: dict[str, Credentials] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.account = Account(clock=ManualClock(self.when), region=self.region)
        admin = self.account.create_user("recorder")
        admin.put_policy("all", PermissionPolicy.allow("*"))
        self.keys["admin"] = admin.create_access_key()

    def credentials(self, caller: str) -> Credentials:
        """Those of a caller in the recorder's words."""
        if caller not in self.keys:
            self.keys[caller] = self._made(caller)
        return self.keys[caller]

    def _made(self, caller: str) -> Credentials:
        if caller == "a user":
            return self.account.create_user("nobody").create_access_key()
        trust = TrustPolicy.principal(self.account.users["recorder"].arn)
        role = self.account.create_role(f"role-of-{len(self.keys)}", trust=trust)
        role.put_policy("all", PermissionPolicy.allow("*"))
        limit = PermissionPolicy.allow("s3:GetObject") if caller == "a session with a session policy" else None
        assert limit is not None or caller == "a role session", caller
        session: Credentials = self.account.sts.assume_role(
            role, "session", credentials=self.keys["admin"], policy=limit
        ).result()
        return session

    def filled(self, text: str) -> str:
        """*text* with the ids of the one instance and its association, where it asks for them."""
        for one in self.account.instances.values():
            text = text.replace("<instance>", one.instance_id)
            text = text.replace("<association>", one.association_id or "")
        return text

    def send(self, op: str, parameters: Mapping[str, Any], caller: str = "admin") -> dict[str, Any]:
        """What came back: status and answer, or status and error."""
        prefix, _, operation = op.partition(":")
        WIRE.reach(self.account, self.credentials(caller))
        client = WIRE.client(CLIENTS.get(prefix, prefix), self.region)
        try:
            answer = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            found: dict[str, Any] = error.response
            return {"status": found["ResponseMetadata"]["HTTPStatusCode"], "error": found["Error"]}
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        if "Body" in answer:
            answer["Body"] = answer["Body"].read().decode()
        return {"status": status, "answer": answer}


def sendable(value: Any, account_id: str) -> Any:
    """A recorded parameter as it was sent: bytes, dates and the recorder's own account."""
    if isinstance(value, dict):
        return {key: sendable(one, account_id) for key, one in value.items()}
    if isinstance(value, list):
        return [sendable(one, account_id) for one in value]
    if not isinstance(value, str):
        return value
    if value.startswith("b'"):
        return ast.literal_eval(value)
    if _DATE.fullmatch(value):
        return datetime.fromisoformat(value)
    return value.replace("<account>", account_id)


def with_values(step: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """A step with the recorder's words replaced by what they stand for."""
    text = json.dumps(step)
    for word, value in values.items():
        text = text.replace(word, value)
    found: dict[str, Any] = json.loads(text)
    return found


def dates(value: Any) -> Iterator[datetime]:
    """Every date in what was sent."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from dates(one)
    elif isinstance(value, str) and _DATE.fullmatch(value):
        yield datetime.fromisoformat(value)


# -- what is compared ---------------------------------------------------------------------------------------------------


def differences(said: Any, recorded: Any, at: str = "") -> Iterator[str]:
    """Where *said* is not what was recorded: ``<...>`` in that stands for anything."""
    if isinstance(recorded, dict) and isinstance(said, dict):
        for key in sorted({*said, *recorded}, key=str):
            if key not in recorded:
                yield f"{at}/{key}: AWS has none, here {said[key]!r}"
            elif key not in said:
                yield f"{at}/{key}: AWS has {recorded[key]!r}, here none"
            else:
                yield from differences(said[key], recorded[key], f"{at}/{key}")
    elif isinstance(recorded, list) and isinstance(said, list) and len(said) == len(recorded):
        for index, (one, other) in enumerate(zip(said, recorded, strict=True)):
            yield from differences(one, other, f"{at}/{index}")
    elif not equal(said, recorded):
        yield f"{at}: AWS {recorded!r}, here {said!r}"


def equal(said: Any, recorded: Any) -> bool:
    """Whether a single value is the recorded one."""
    if isinstance(recorded, str) and recorded == _BUCKET_ARN:
        return str(said).startswith("arn:aws:s3:::")
    if isinstance(recorded, str) and _ANYTHING.search(recorded):
        pattern = ".+".join(re.escape(part) for part in _ANYTHING.split(recorded))
        return re.fullmatch(pattern, str(said), re.DOTALL) is not None
    # An empty element, which the recorder has as nothing.
    return bool(said == recorded) or (recorded is None and said in ("", None))


def compared(said: Mapping[str, Any], expect: Mapping[str, Any]) -> Iterator[str]:
    """Where the answer to one call differs, in whichever form the recording has it."""
    for key, wanted in expect.items():
        if key == "status":
            if wanted is not None and said["status"] != wanted:
                yield f"status: AWS {wanted}, here {said['status']}: {said.get('error')}"
        elif key in ("error", "answer"):
            other = said.get("error", said.get("answer"))
            yield from (
                differences(other, wanted) if key in said else [f"AWS's {key} is {wanted!r}, here it is {other!r}"]
            )
        elif key == "message contains":
            text = said.get("error", {}).get("Message", "")
            if wanted not in text:
                yield f"AWS's message has {wanted!r}, here it is {text!r}"
        elif key in ("absent", "present"):
            for path in wanted:
                if (found(said.get("answer", {}), path) is None) != (key == "absent"):
                    yield f"{path} is {key} with AWS, here the answer is {said.get('answer', said)!r}"
        elif key != "called by":
            yield from differences(found(said.get("answer", {}), key), wanted, f"/{key}")


def found(answer: Any, path: str) -> Any:
    """What a path such as ``Role.Tags`` leads to, or None; a list's first member stands for all."""
    for part in path.split("."):
        while isinstance(answer, list):
            answer = answer[0] if answer else None
        if not isinstance(answer, dict) or part not in answer:
            return None
        answer = answer[part]
    return answer


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Every field of an answer, as the tables of fields name it; a policy document is one."""
    if isinstance(value, dict) and "Statement" not in value:
        for key, one in value.items():
            yield f"{at}.{key}"
            yield from paths(one, f"{at}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield f"{at}[]"
            yield from paths(one, f"{at}[]")


def newer(asked: Mapping[str, Any]) -> set[str]:
    """Fields that other recordings have, of a later year: of the same structure in another operation, or those listed."""
    if "newer" not in asked:
        return set()
    if isinstance(asked["newer"], list):
        return set(asked["newer"])
    there, here = asked["newer"]["there"], asked["newer"]["here"]
    return {here + path.removeprefix(there) for path in known_facts()[asked["newer"]["fact"]]["fields"]}


def fields_compared(answer: Any, fact: Mapping[str, Any], later: set[str], trimmed: bool) -> Iterator[str]:
    """Fields that every recording has and the answer has not, and those that no recording has."""
    seen: dict[str, int] = fact["fields"]
    here = set(paths(answer))
    for path, count in seen.items():
        parent = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        within = seen.get(parent, fact["recordings"])
        # Lists may be empty; and what a good part of the recordings has not, AWS leaves out now and then.
        if (
            count >= _NEARLY_ALWAYS * within
            and not path.endswith("[]")
            and path not in here
            and (parent in here or not parent)
        ):
            yield f"{path}: AWS always has it, here none"
    for path in sorted(here - set(seen)):
        lists = [one for one in (path[: at.start()] for at in re.finditer(r"\[\]", path)) if f"{one}[]" not in seen]
        # Of a list that was always empty it is not known what is in it; of a structure that is new, its name is enough.
        parent = path.rpartition(".")[0]
        if not trimmed and not lists and (parent in seen or not parent) and path not in later:
            yield f"{path}: never recorded, here it is there"


# -- facts --------------------------------------------------------------------------------------------------------------


def replayed(fact: Mapping[str, Any]) -> list[str] | None:
    """The differences between AWS's answers and ours; None where nothing says what was sent."""
    name = name_of(fact)
    if name in by_hand.REPLAYS:
        return list(by_hand.REPLAYS[name](fact))
    asked = ASKED.get(name, {})
    if "fields" in fact and asked:
        place, last = Place(), None
        for step in asked["steps"]:
            parameters = json.loads(place.filled(json.dumps(step["params"])))
            last = place.send(step["op"], sendable(parameters, place.account.account_id))
            if "answer" not in last:
                return [f"{step['op']}: {last['error']}"]
        assert last is not None
        return list(fields_compared(last["answer"], fact, newer(asked), "trimmed" in asked))
    steps = [*asked.get("before", []), *asked.get("steps", fact.get("steps", []))]
    if "op" in fact and "fields" not in fact and "steps" not in asked and (asked or "params" in fact):
        steps.append(
            {"op": fact["op"], "params": asked.get("params", fact.get("params", {})), "expect": fact["expect"]}
        )
    if not steps:
        return None
    return list(_walked(fact, steps, asked))


def _walked(fact: Mapping[str, Any], steps: list[dict[str, Any]], asked: Mapping[str, Any]) -> Iterator[str]:
    region = _REGION.search(str(fact.get("where", "")))
    latest = max(dates(steps), default=None)
    # Whoever recorded it sent his own time and the day before: what he asked for was made a moment before.
    place = Place(
        region[1] if region else "us-east-1",
        datetime(2026, 1, 1, tzinfo=timezone.utc) if latest is None else latest - timedelta(seconds=len(steps)),
    )
    for number, recorded in enumerate(steps):
        step = with_values(recorded, asked.get("values", {}))
        # A date in the future means nothing to S3.
        for date in dates(step):
            place.account.clock.advance(max(date + timedelta(seconds=1) - place.account.clock.now(), timedelta()))
        expect = step.get("expect", {})
        caller = asked.get("caller", expect.get("called by", "admin") if isinstance(expect, dict) else "admin")
        said = place.send(step["op"], sendable(step.get("params", {}), place.account.account_id), caller)
        if not expect and "error" in said:
            yield f"step {number} {step['op']}: worked with AWS, here {said['status']} {said['error']}"
        for line in compared(said, expect):
            yield f"step {number} {step['op']}: {line}"


def main() -> None:
    """Print what became of each fact."""
    counts = {"equal": 0, "differs": 0, "not asked": 0}
    for name, fact in known_facts().items():
        lines = replayed(fact)
        verdict = "not asked" if lines is None else "differs" if lines else "equal"
        counts[verdict] += 1
        print(f"{verdict:9} {name}", *(lines or []), sep="\n            ")
    print(", ".join(f"{number} {verdict}" for verdict, number in counts.items()), "of", len(FACTS))


if __name__ == "__main__":
    main()
