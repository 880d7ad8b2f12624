"""
Fuzz targets: each takes bytes, and raises `AssertionError` if a promise is broken. Nothing else may come out of it.

``nox -s fuzz`` runs them under atheris; ``test_corpus.py`` replays the committed inputs with plain pytest. What is compared
with is written here a second time, slow and plain, or is the standard library's.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ec2roles import Account
from ec2roles.adapters.http.wsgi import Application, metadata_application
from ec2roles.arns import Arn
from ec2roles.errors import ArnError, DurationError, Ec2RolesError
from ec2roles.policy import Condition, Request, lint, load_policy, parse_caller
from ec2roles.policy.engine.conditions import compile_condition
from ec2roles.policy.engine.matching import ANY, PART_ANY, PART_STAR, STAR, glob, literal, matcher
from ec2roles.policy.engine.operators import FAMILIES
from ec2roles.policy.engine.resources import Resources
from ec2roles.policy.engine.values import address, binary, instant, network, number
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.validation.grammar import KINDS
from ec2roles.sts.assume_role import check_duration
from policy.reference import reference
from policy.reference.generator import Generator
from policy.reference.test_reference import verdicts

SLOWEST = 1.0


def quick(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return a target that also fails if it takes more than a second of the processor's time."""

    @functools.wraps(target)
    def timed(data: bytes) -> None:
        began = time.process_time()
        target(data)
        took = time.process_time() - began
        assert took < SLOWEST, f"{target.__name__} took {took:.1f} s for {len(data)} bytes"

    return timed


class Choices(random.Random):
    """A source of choices that come from bytes, so that a fuzzer steers what a generator makes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(len(data))
        self.data = data
        self.at = 0

    def random(self) -> float:
        """Return the next byte as a number from 0 to 1; when there are no more, a number as good as random."""
        if self.at >= len(self.data):
            return super().random()
        self.at += 1
        return self.data[self.at - 1] / 256

    def getrandbits(self, k: int, /) -> int:
        """Return *k* bits of the same source."""
        return int(self.random() * (1 << k))

    def text(self, alphabet: str, most: int) -> str:
        """Return a text of letters of an alphabet."""
        return "".join(self.choice(alphabet) for _ in range(self.randrange(most)))


def texts(data: bytes) -> list[str]:
    """Return bytes as texts of several kinds: of one byte a letter, as UTF-8, with halves of surrogate pairs."""
    return [data.decode("latin-1"), data.decode("utf-8", "replace"), data.decode("utf-16-le", "surrogatepass")
            if len(data) % 2 == 0 and len(data) < 200 else data.decode("utf-8", "surrogateescape")]  # fmt: skip


# ----------------------------------------------------------------------------------------------------------------------
# 1 and 2: documents


@quick
def policy_loads(data: bytes) -> None:
    """Any text, and bytes, is a policy or raises an error of ours; the error can be shown."""
    kind = KINDS[data[0] % len(KINDS)] if data else "identity"
    for text in texts(data[1:]):
        for stored in (False, True):
            try:
                lint(load_policy(text, kind, stored=stored))
            except Ec2RolesError as error:
                check_error(error)
    try:
        load_policy(data, kind)
    except TypeError:
        return
    raise AssertionError("bytes were taken for a policy")


def check_error(error: Ec2RolesError) -> None:
    """An error has a text; and what is ours in it, the detail, can be printed anywhere. AWS's message quotes what it got."""
    detail = getattr(error, "detail", None) or ""
    assert str(error)
    assert detail.isprintable(), f"the detail has control characters: {detail!r}"
    assert len(detail.partition(" at /")[0]) < 2_000, "the detail is as long as the document"


KEYS = ["Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource",
        "NotResource", "Condition", "AWS", "Service", "StringLike", "ForAllValues:NumericEquals", "Null", "aws:userid",
        "effect", ""]  # fmt: skip
VALUES: list[Any] = [
    "2012-10-17", "2008-10-17", "Allow", "Deny", "*", "s3:GetObject", "s3:*", "sts:AssumeRole", "arn:aws:s3:::b/*", "arn:aws:s3",
    "arn:aws:s3:::b/${aws:userid}", "111122223333", "ec2.amazonaws.com", "arn:aws:iam::111122223333:root", "", "a b", "é", "\ud800",
    "\x00", True, False, None, 0, 1.5, -1, 10**17, 10**18, 1e300, [], {}, "true", "s",
]  # fmt: skip


def value(choices: Choices, depth: int) -> Any:
    """Return some JSON value, made of the words of policies."""
    how = choices.random()
    if how < 0.6 or depth > 5:
        return choices.choice(VALUES)
    if how < 0.8:
        return [value(choices, depth + 1) for _ in range(choices.randrange(4))]
    return {choices.choice(KEYS): value(choices, depth + 1) for _ in range(choices.randrange(4))}


def document(choices: Choices, kind: str) -> Any:
    """Return a document that is mostly well-formed, with something odd here and there."""

    def pick(*usual: Any) -> Any:
        return value(choices, 2) if choices.random() < 0.06 else choices.choice(usual)

    statements = []
    for _ in range(1 + choices.randrange(3)):
        made: dict[str, Any] = {"Effect": pick("Allow", "Deny")}
        if choices.random() < 0.3:
            made["Sid"] = pick("One", "Two", "Three")
        if kind in ("trust", "resource", "rcp", "endpoint"):
            made["Principal"] = pick("*", {"AWS": "111122223333"}, {"Service": ["ec2.amazonaws.com"]})
        made[choices.choice(["Action", "Action", "NotAction"])] = pick(
            "sts:AssumeRole", "s3:Get*", ["s3:GetObject"], "*"
        )
        if kind != "trust":
            made[choices.choice(["Resource", "Resource", "NotResource"])] = pick(
                "*", ["arn:aws:s3:::b/*"], "arn:aws:s3:*"
            )
        if choices.random() < 0.5:
            operator = pick("StringEquals", "ForAnyValue:StringLike", "NumericLessThan", "BoolIfExists", "DateLessThan")
            block = {pick("aws:userid", "aws:MultiFactorAuthAge"): pick("a", ["1", 2], True, 1.5, "2026-01-01", [])}
            made["Condition"] = (
                {operator: block} if isinstance(operator, str) and all(map(str, block)) else value(choices, 2)
            )
        if choices.random() < 0.05:
            made[choices.choice(KEYS)] = value(choices, 3)
        statements.append(made)
    found: dict[str, Any] = {"Version": pick("2012-10-17", "2012-10-17", "2008-10-17")}
    found["Statement"] = statements if choices.random() < 0.8 else statements[0]
    return found if choices.random() < 0.95 else value(choices, 0)


@quick
def policy_fixed_point(data: bytes) -> None:
    """What loads is dumped as it was, and the dump loads as an equal policy, as text and as a dict."""
    if data[:1] == b"{":
        kind, given = "identity", data.decode("latin-1")
    else:
        choices = Choices(data)
        kind = choices.choice(KINDS)
        try:
            given = document(choices, kind)
        except TypeError:  # an unhashable key was drawn
            return
    try:
        policy = load_policy(given, kind)
    except Ec2RolesError:
        return
    except TypeError:
        assert not isinstance(given, (dict, str)), "a dict was refused with a TypeError"
        return
    text = policy.to_json()
    again = load_policy(text, kind)
    assert again == policy, "the dumped text loads as another policy"
    assert again.to_json() == text, "the text changes when it is dumped again"
    assert json.loads(text) == policy.to_dict() == (json.loads(given) if isinstance(given, str) else given)
    third = load_policy(policy.to_dict(), kind)
    assert third == policy and third.to_json() == text, "the dict loads as another policy"  # noqa: PT018
    assert policy.size == len(text)


# ----------------------------------------------------------------------------------------------------------------------
# 3: decisions


@quick
def decision(data: bytes) -> None:
    """The engine decides as the reference evaluator does."""
    generator = Generator(0)
    generator.random = Choices(data)
    case = generator.case()
    library, other = verdicts(case)
    assert library == other, f"the library says {library}, the reference {other}: {json.dumps(case)}"


# ----------------------------------------------------------------------------------------------------------------------
# 4: wildcards

TOKENS = {"*": STAR, "?": ANY, "+": PART_STAR, ".": PART_ANY}


def matches(pattern: str, text: str) -> bool:
    """Match by a table: row by row, whether the pattern so far covers the text so far."""
    row = [True] + [False] * len(text)
    for token in pattern:
        new = [row[0] and token in "*+"]
        for at, char in enumerate(text):
            inside = token in "*?" or char != ":"
            if token in "*+":
                new.append(row[at + 1] or (new[at] and inside))
            elif token in "?.":
                new.append(row[at] and inside)
            else:
                new.append(row[at] and token == char)
        row = new
    return row[-1]


@quick
def wildcards(data: bytes) -> None:
    """A pattern matches what a table of all its partial matches says; and long patterns take no time."""
    pattern_bytes, _, text_bytes = data.partition(b"\n")
    pattern = "".join("*?+.ab:/"[byte % 8] for byte in pattern_bytes[:30])
    text = "".join("ab:/"[byte % 4] for byte in text_bytes[:30])
    marked = "".join(TOKENS.get(char, char) for char in pattern)
    expected = matches(pattern, text)
    assert glob(marked, text) is expected, f"glob({pattern!r}, {text!r}) is not {expected}"
    assert matcher(marked)(text) is expected, f"matcher({pattern!r})({text!r}) is not {expected}"
    assert glob(literal(pattern), pattern), "a literal does not match itself"
    plain = pattern.replace("+", "*").replace(".", "?")
    covered = Resources((f"arn:aws:s3:::{plain}",), kind="identity", variables=True).match(f"arn:aws:s3:::{text}", {})
    assert covered is matches(plain, text), f"Resource {plain!r} and {text!r}"
    # A resource and its parts; the star that ends a part runs past the colon.
    head = plain.replace(":", "").replace("/", "")
    entry = f"arn:aws:sqs:{head}:{plain}" if plain.count(":") == 1 else f"arn:aws:sqs:{head}:1:{plain}"
    kinds = [
        reference.resource_matches(entry, f"arn:aws:sqs:{text}:1:a", kind, True, {}) for kind in ("identity", "scp")
    ]
    found = [
        Resources((entry,), kind=kind, variables=True).match(f"arn:aws:sqs:{text}:1:a", {})
        for kind in ("identity", "scp")
    ]
    if ":" not in text and entry.count(":") >= 5:
        assert found == [bool(kind) for kind in kinds], f"Resource {entry!r} and {text!r}"
    if len(data) % 8 == 0:
        times = 1 + 10_000 // (len(marked) + 1)
        glob((marked * times)[:10_000], (text * 2_000)[:2_000])


# ----------------------------------------------------------------------------------------------------------------------
# 5: ARNs and callers


@quick
def arns(data: bytes) -> None:
    """What parses is printed as it was; all else raises an error of ours."""
    choices = Choices(data)
    given = texts(data)
    given.append(
        ":".join([
            choices.choice(["arn", "arn", "ARN", ""]),
            choices.choice(["aws", "aws-cn", "aws-us-gov", "AWS", "*", ""]),
            choices.choice(["s3", "iam", "sts", "sqs", "", "*"]),
            choices.choice(["", "us-east-1", "*"]),
            choices.choice(["111122223333", "", "aws", "1", "\u0661" * 12, "111122223333\n"]),
            choices.choice(["role/", "user/", "assumed-role/", "root", "b/", "federated-user/", ""]) + choices.text("aB/:*?é\n ", 12),
        ])
    )  # fmt: skip
    for text in given:
        try:
            arn = Arn.parse(text)
        except ArnError:
            pass
        else:
            assert str(arn) == text, f"{text!r} became {str(arn)!r}"
            assert Arn.parse(str(arn)) == arn
            assert re.fullmatch(r"|aws|[0-9]{12}", arn.account_id), f"account {arn.account_id!r}"
        try:
            caller = parse_caller(text)
        except Ec2RolesError:
            pass
        else:
            assert caller.text == text or text == "*", f"{text!r} became {caller.text!r}"
            assert caller.account is None or re.fullmatch("[0-9]{12}", caller.account), f"account {caller.account!r}"
        request = Request("arn:aws:iam::111122223333:user/a", "s3:GetObject", text)
        assert request.resource == text
        assert request == Request("arn:aws:iam::111122223333:user/a", "s3:GetObject", text)


# ----------------------------------------------------------------------------------------------------------------------
# 6: the values of conditions


@quick
def condition_values(data: bytes) -> None:
    """Numbers, dates, addresses, ranges, bytes and durations are read as the standard library reads them, or not at all."""
    choices = Choices(data)
    given = [*texts(data[:80]), choices.text("0123456789", 21), choices.text("+-.0123456789eE ", 12),
             choices.text("0123456789./:abf", 24), choices.text("0123456789-:TtZz+.", 32), made_date(choices)]  # fmt: skip
    for text in given:
        check_number(text)
        check_instant(text)
        check_address(text)
        binary(text)
        if re.fullmatch("-?[0-9]{1,20}", text):
            check_seconds(int(text))
    pairs = [(choices.choice(given), choices.choice(given)) for _ in range(3)]
    for wanted, value in pairs:
        check_operators(wanted, value)


def made_date(choices: Choices) -> str:
    """Return a text that is nearly a date."""
    day = f"{choices.choice(['2026', '0001', '9999', '0000'])}-{choices.randrange(14):02}-{choices.randrange(33):02}"
    clock = f"{choices.choice('Tt ')}{choices.randrange(26):02}:{choices.randrange(62):02}"
    second = choices.choice(["", ":00", ":59", ":60", ":01.5", ":01.123456789", ":01."])
    zone = choices.choice(["", "Z", "z", "+00:00", "-23:59", "+24:00", "+0100", "+05:60"])
    return day + (clock + second + zone if choices.random() < 0.8 else "")


def check_number(text: str) -> None:
    """Compare with `Decimal`."""
    found = number(text)
    if found is None:
        assert not re.fullmatch(r"[+-]?[0-9]{1,300}(\.[0-9]{1,20})?", text), f"{text!r} is a number"
    else:
        assert found == Decimal(text), f"{text!r} is not {found}"


def check_instant(text: str) -> None:
    """Compare with `datetime.fromisoformat`."""
    found = instant(text)
    if re.fullmatch(r"[0-9]{1,18}", text):
        assert found == int(text) * 1000, f"{text!r} is not {found}"
        return
    shape = re.fullmatch(
        r"([0-9]{4})-([0-9]{2})(-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-5][0-9])?)?)?",
        text,
    )
    if shape is None:
        return
    try:
        moment = datetime.fromisoformat((text if shape[3] else text + "-01").upper())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        past = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        assert found is None or text.startswith(("0001", "9999")), f"{text!r} is not {found}"
        return
    milliseconds = (past.days * 86_400 + past.seconds) * 1000 + past.microseconds // 1000
    assert found == milliseconds, f"{text!r} is {milliseconds}, not {found}"


def check_address(text: str) -> None:
    """Compare with `ipaddress`."""
    try:
        expected = ipaddress.ip_address(text)
    except ValueError:
        assert address(text) is None, f"{text!r} is no address"
    else:
        found = address(text)
        assert found == (None if "%" in text else (expected.version, int(expected))), f"{text!r} is not {found}"
    if not re.fullmatch(r"[^/%]*(/[0-9]{1,3})?", text, re.ASCII):
        return
    try:
        expected_range = ipaddress.ip_network(text, strict=False)
    except ValueError:
        assert network(text) is None, f"{text!r} is no range"
    else:
        first, last = int(expected_range[0]), int(expected_range[-1])
        assert network(text) == (expected_range.version, first, last), f"{text!r} is not {network(text)}"


def check_seconds(seconds: int) -> None:
    """A session lasts 15 minutes to 12 hours."""
    try:
        found = check_duration(seconds)
    except DurationError:
        assert not 900 <= seconds <= 43_200
    else:
        assert found == seconds
        assert 900 <= seconds <= 43_200


READERS: dict[str, Callable[[str], Any]] = {"number": number, "date": instant, "ip": address, "binary": binary}


def check_operators(wanted: str, value: str) -> None:
    """No operator fails; a Not is the opposite of its twin wherever both values can be read, and is never true otherwise."""
    held = {
        name: compile_condition(Condition(name, "k", (wanted,)), variables=True).holds({"k": value})
        for name in FAMILIES
    }
    for name, family in FAMILIES.items():
        if "Not" not in name:
            continue
        twin = name.replace("Not", "")
        read = READERS.get(family)
        if family == "ip":
            valid = network(wanted) is not None and address(value) is not None
        elif family == "arn":
            valid = value.startswith("arn:") and value.count(":") >= 5 and wanted.count(":") >= 5
        elif read is not None:
            valid = read(wanted) is not None and read(value) is not None
        else:
            valid = True
        if "${" in wanted:
            assert not (held[name] and held[twin]), f"{name} and {twin} both hold for {wanted!r}, {value!r}"
        else:
            assert held[name] is (valid and not held[twin]), f"{name} {wanted!r} {value!r}"
    for family in ("Numeric", "Date"):
        less, more = held[f"{family}LessThan"], held[f"{family}GreaterThan"]
        equal = held[f"{family}Equals"]
        assert less + more + equal <= 1, f"{family} {wanted!r} {value!r}"
        assert held[f"{family}LessThanEquals"] is (less or equal)
        assert held[f"{family}GreaterThanEquals"] is (more or equal)


# ----------------------------------------------------------------------------------------------------------------------
# 7: policy variables

PIECES = ["${", "}", "$", "{", "aws:userid", "AWS:USERID", "gone", "many", "empty", "*", "?", ", 'a'", ", '*'", "'", ",", " ", "a", "b",
          "${*}", "${?}", "${$}", ":", "/", "${aws:userid}", "${gone, 'a,b'}", "\n"]  # fmt: skip


@quick
def variables(data: bytes) -> None:
    """Variables are filled in as the reference does it; what they insert is never a wildcard nor a variable."""
    head, _, tail = data.partition(b"\n")
    pattern = "".join(PIECES[byte % len(PIECES)] for byte in head[:40])
    choices = Choices(tail)
    inserted = choices.choice(["a", "*", "?", "${*}", "${aws:userid}", "a*b", "\ud800", ""])
    text = choices.text("ab*?$/:", 20) if choices.random() < 0.7 else pattern.replace("${aws:userid}", inserted)
    keys = {"aws:userid": inserted, "many": ("a", "b"), "empty": ""}
    listed = {key: list(found) if isinstance(found, tuple) else found for key, found in keys.items()}
    for wild in (True, False):
        template = Template(pattern, wild=wild)
        found = template.resolve(keys)
        star, any_one = (reference.STAR, reference.ANY_ONE) if wild else ("*", "?")
        tokens = reference.expand(pattern, listed, True, star, any_one)
        assert (found is None) is (tokens is None), f"{pattern!r} resolves for one only: {found!r}, {tokens!r}"
        assert (found is None) is bool(template.missing(keys)), f"{pattern!r}: {template.missing(keys)}"
        if found is None or tokens is None or "\ud800" in text or "\ud800" in tokens:
            continue
        assert glob(found, text) is reference.glob(tokens, text), f"{pattern!r} with {inserted!r} against {text!r}"
        if not wild and inserted.isascii():
            assert found == "".join(tokens), f"{pattern!r} became {found!r}"
    for operator in ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike"):
        for on in (True, False):
            test = compile_condition(Condition(operator, "k", (pattern,)), variables=on)
            held = test.holds({**keys, "k": text})
            if "\ud800" not in text and inserted != "\ud800":
                block = {operator: {"k": pattern}}
                expected = reference.condition_holds(block, on, {**listed, "k": text})
                assert held is bool(expected), f"{operator} {pattern!r} with {inserted!r}, variables {on}: {text!r}"


# ----------------------------------------------------------------------------------------------------------------------
# 8: raw requests to the metadata service


@functools.cache
def metadata_world() -> tuple[Application, dict[str, str], list[str]]:
    """An application with two instances, words for requests to them, and the secrets of the one that requires tokens."""
    account = Account()
    account.console.create_role("app")
    guarded = account.launch_instance("app", http_tokens="required")
    open_one = account.launch_instance("app")
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
    words = {
        "{id}": guarded.instance_id,
        "{other}": open_one.instance_id,
        "{token}": guarded.metadata.put("/latest/api/token", lifetime).body,
        "{other-token}": open_one.metadata.put("/latest/api/token", lifetime).body,
    }
    secrets = []
    for path in ("iam/security-credentials/app", "identity-credentials/ec2/security-credentials/ec2-instance"):
        headers = {"X-aws-ec2-metadata-token": words["{token}"]}
        document = json.loads(guarded.metadata.get(f"/latest/meta-data/{path}", headers).body)
        secrets += [document["AccessKeyId"], document["SecretAccessKey"], document["Token"]]
    return metadata_application(account), words, secrets


@quick
def metadata_request(data: bytes) -> None:
    """
    Any request is answered, never by 500, and no secret is in an answer to one without the token.

    The bytes are a request: ``METHOD path``, then ``Name: value`` a line; ``{token}`` and the like stand for good ones.
    """
    application, words, secrets = metadata_world()
    text = data.decode("latin-1")
    for word, value in words.items():
        text = text.replace(word, value)
    first, *lines = text.split("\n")
    method, _, path = first.partition(" ")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
    for line in lines:
        name, _, value = line.partition(":")
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value.strip()}" if key in environ else value.strip()
    began: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(application(environ, lambda status, headers: began.append((status, headers))))
    ((status, headers),) = began
    assert status[:3] in ("200", "400", "401", "403", "404", "405", "504"), f"{status} for {text!r}"
    for name, value in headers:
        assert re.fullmatch(r"[A-Za-z0-9-]+", name), f"header {name!r}"
        assert value.isprintable(), f"{name}: {value!r}"
    length = int(dict(headers)["Content-Length"])
    assert length == len(body) or (method == "HEAD" and not body), f"{length} bytes announced, {len(body)} sent"
    if environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN") != words["{token}"] or status[:3] != "200":
        shown = body.decode("latin-1") + repr(headers)
        assert not any(secret in shown for secret in secrets), f"a secret without a token: {text!r}"


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        policy_loads,
        policy_fixed_point,
        decision,
        wildcards,
        arns,
        condition_values,
        variables,
        metadata_request,
    )
}
