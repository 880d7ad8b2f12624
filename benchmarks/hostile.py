"""Inputs that are made to hurt: what `policy.py` times, each as a case that answers with a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ec2roles import errors
from ec2roles.policy import PolicySet, Request, evaluate, load_policy

CALLER = "arn:aws:iam::123456789012:user/alice"
LIMIT = 100
"""Milliseconds."""


class Case(NamedTuple):
    """
    One input.

    Args:
        name: as the table has it.
        prepare: makes the input; what it returns is timed, and answers with a word.
        limit: milliseconds.
    """

    name: str
    prepare: Callable[[], Callable[[], str]]
    limit: float = LIMIT


def statement(**changed: Any) -> dict[str, Any]:
    """Return a statement with some elements changed."""
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changed}


def document(*statements: Any) -> dict[str, Any]:
    """Return a document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def loads(make: Callable[[], Any]) -> Callable[[], Callable[[], str]]:
    """Return a case that loads what *make* makes."""

    def prepare() -> Callable[[], str]:
        source = make()

        def run() -> str:
            try:
                load_policy(source)
            except errors.PolicyError as error:
                return type(error).__name__.removesuffix("Error")
            return "loaded"

        return run

    return prepare


def decides(
    one: dict[str, Any], *, action: str = "s3:GetObject", resource: str = "*", context: dict[str, Any] | None = None
) -> Callable[[], Callable[[], str]]:
    """Return a case that loads a statement and decides a request under it."""

    def prepare() -> Callable[[], str]:
        def run() -> str:
            request = Request(CALLER, action, resource, context=context or {})
            return evaluate(request, PolicySet([document(one)])).outcome.value

        return run

    return prepare


def cycle() -> dict[str, Any]:
    """Return a dict that holds itself, several times."""
    found: dict[str, Any] = {"Version": "2012-10-17"}
    found["Statement"] = [found, found, found]
    found["Id"] = found
    return found


def laughs() -> dict[str, Any]:
    """Return lists of lists of one list: small to write, and endless to read."""
    found: Any = ["s3:GetObject"]
    for _ in range(28):
        found = [found] * 10
    return document(statement(Action=found))


class Loud(str):
    """A str that lies about itself."""

    __slots__ = ()

    def lower(self) -> str:
        """Say something else."""
        raise RuntimeError("overridden")

    def split(self, *_args: Any, **_kwargs: Any) -> Any:
        """Say something else."""
        raise RuntimeError("overridden")

    __str__ = lower


def bad_principals() -> str:
    """Load a trust policy with 5,000 principals that cannot be."""
    bad = {"Effect": "Allow", "Principal": {"AWS": ["x" * 50] * 5_000}, "Action": "sts:AssumeRole"}
    try:
        load_policy(document(bad), "trust")
    except errors.PolicyError as error:
        return type(error).__name__.removesuffix("Error")
    return "loaded"


PATTERN = "arn:aws:s3:::" + "*a" * 2_500 + "*?b" * 1_600
ARN = "arn:aws:s3:::" + "a" * 2_000
CASES = (
    Case("10,000 stars as a resource", decides(statement(Resource="*" * 10_000), resource=ARN)),
    Case("10,000 stars in an ARN", decides(statement(Resource="arn:aws:s3:::" + "*" * 10_000), resource=ARN)),
    Case("10,000 stars in an action", decides(statement(Action="s3:" + "*" * 10_000))),
    Case("10,000 stars in a condition", decides(
        statement(Condition={"StringLike": {"aws:UserAgent": "*" * 10_000 + "b"}}), context={"aws:UserAgent": "a" * 2_000})),
    Case("5,000 statements, a dict", loads(lambda: document(*[statement(Sid=f"S{number}") for number in range(5_000)]))),
    Case("5,000 statements, none fits", loads(lambda: document(*[{"Effect": number} for number in range(5_000)]))),
    Case("a number of 5,000 digits, text", loads(lambda: '{"Version": ' + "9" * 5_000 + "}")),
    Case("a number of 5,000 digits, a dict", loads(lambda: document(statement(Sid=10**5_000)))),
    Case("100,000 brackets, text", loads(lambda: "[" * 100_000)),
    Case("100,000 pairs of brackets, text", loads(lambda: "[" * 100_000 + "]" * 100_000)),
    Case("a cycle", loads(cycle)),
    Case("lists of lists of one list", loads(laughs), 300),
    Case("a str subclass everywhere", decides(
        {Loud("Effect"): Loud("Allow"), Loud("Action"): Loud("s3:*"), Loud("Resource"): Loud("*")},
        action=Loud("s3:GetObject"), resource=Loud("arn:aws:s3:::a/b"), context={Loud("aws:UserAgent"): Loud("x")})),
    Case("10 KB pattern, 2 KB ARN", decides(statement(Resource=PATTERN), resource=ARN), 10),
    Case("10 KB of ?, 2 KB ARN", decides(statement(Resource="arn:aws:s3:::*" + "?a" * 5_000), resource=ARN), 10),
    Case("10 KB of a*? in the account, 2 KB ARN", decides(
        statement(Resource="arn:aws:sqs:*:" + "*1?" * 3_300 + ":x"), resource="arn:aws:sqs:us-east-1:" + "1" * 2_000 + ":x"), 10),
    Case("10 KB pattern, 2 KB condition value", decides(
        statement(Condition={"StringLike": {"aws:UserAgent": "*a?" * 3_300 + "b"}}), context={"aws:UserAgent": "a" * 2_000}), 10),
    Case("10 KB pattern as an action, 2 KB action", decides(
        statement(Action="s3:" + "*a?" * 3_300 + "b"), action="s3:" + "a" * 2_000), 10),
    Case("400 variables in a resource", decides(
        statement(Resource="arn:aws:s3:::" + "${aws:PrincipalTag/a}*" * 400), resource=ARN, context={"aws:PrincipalTag/a": "a" * 2})),
    Case("20,000 half-open variables", decides(statement(Resource="arn:aws:s3:::" + "${" * 20_000), resource=ARN)),
    Case("a default of 20,000 blanks and commas", decides(
        statement(Resource="arn:aws:s3:::${" + " ," * 20_000 + "'}"), resource=ARN)),
    Case("a variable of 20,000 blanks", decides(statement(Resource="arn:aws:s3:::${" + " " * 20_000 + "}"), resource=ARN)),
    Case("5,000 statements with a wrong key", loads(lambda: document(*[{f"Efect{number}": ""} for number in range(5_000)]))),
    Case("5,000 wrong operators", loads(
        lambda: document(statement(Condition={f"StringEqual{number}": {"a": "b"} for number in range(5_000)})))),
    Case("5,000 wrong principals", lambda: bad_principals),
    Case("a string that is never closed", loads(lambda: "[" * 33 + '"' + '\\"' * 50_000)),
    Case("a key twice, after 100,000 values", loads(lambda: "[" + "1," * 100_000 + '{"a":1,"a":1}]')),
    Case("1,600 short pieces with ?, 2 KB ARN", decides(
        statement(Resource="arn:aws:s3:::" + "".join(f"*?{number:04d}" for number in range(1_600))),
        resource="arn:aws:s3:::" + "".join(f"x{number:04d}" for number in range(400))), 10),
    Case("one long piece with ?, 2 KB ARN", decides(
        statement(Resource="arn:aws:s3:::*" + "a?" * 500 + "b*"), resource=ARN), 10),
)  # fmt: skip
