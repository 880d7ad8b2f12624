"""
Inputs that are made to hurt: each gets its answer, or an error that says what is wrong.

What matters is asserted: the answer. Times are measured by ``benchmarks/policy.py``; the one here only tells a hang.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ec2roles.errors import AwsError, DuplicateKeyError, PolicyError, PolicyTooDeepError, TrustPolicyError
from ec2roles.policy import PolicySet, Request, evaluate, load_policy
from ec2roles.policy.engine.matching import glob, mark, matcher
from ec2roles.policy.engine.variables import Template, Variable
from ec2roles.policy.loading import _LOADED, _mark

CALLER = "arn:aws:iam::123456789012:user/alice"
ARN = "arn:aws:s3:::" + "a" * 2_000


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Every case takes milliseconds; what is quadratic or worse would take minutes."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 10


def statement(**changed: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changed}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allowed(one: dict[str, Any], action: str = "s3:GetObject", resource: str = "*", **context: Any) -> bool:
    return bool(evaluate(Request(CALLER, action, resource, context=context), PolicySet([document(one)])))


class Loud(str):
    """A str that lies about itself."""

    __slots__ = ()

    def lie(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a method of a str subclass was called")

    lower = split = startswith = endswith = partition = encode = isascii = islower = translate = strip = lie  # type: ignore[assignment]
    __str__ = __repr__ = __format__ = lie  # type: ignore[assignment]


# -- documents ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000, "[" * 33 + '"' + '\\"' * 50_000]
)
def test_brackets_without_end_are_too_deep(text: str) -> None:
    with pytest.raises(PolicyTooDeepError, match="nesting deeper than 32"):
        load_policy(text)


def test_brackets_inside_a_string_are_no_nesting() -> None:
    sid = '"Sid": "' + "[" * 100_000 + '\\"{{",'
    text = '{"Version": "2012-10-17", "Statement": {' + sid + '"Effect": "Allow", "Action": "*", "Resource": "*"}}'

    assert len(load_policy(text).statements[0].sid or "") == 100_003


def test_a_deep_list_is_too_deep() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    for place in ("Action", "Resource", "Effect", "Condition", "Sid"):
        with pytest.raises(PolicyTooDeepError, match="nesting deeper than 32"):
            load_policy(document(statement(**{place: deep})))
    while deep:  # taken apart by hand, for Python itself would free it recursively
        deep = deep[0]


@pytest.mark.parametrize("wide", [1, 2, 10])
def test_a_cycle_is_too_deep(wide: int) -> None:
    """However many ways lead back: the first one is followed to the bottom."""
    found = document()
    found["Statement"] = [found] * wide

    with pytest.raises(PolicyTooDeepError, match="nesting deeper than 32"):
        load_policy(found)


def test_a_document_that_unfolds_without_end_is_too_large() -> None:
    """Thirty lists of ten times the same list are small in memory, and would be 10**30 values as JSON."""
    found: Any = ["s3:GetObject"]
    for _ in range(28):
        found = [found] * 10

    with pytest.raises(PolicyError) as caught:
        load_policy(document(statement(Action=found)))
    assert caught.value.detail == "more than 200000 values"


def test_parts_of_a_document_may_be_shared() -> None:
    shared = statement(Sid=None)
    del shared["Sid"]

    assert len(load_policy(document(shared, shared)).statements) == 2


def test_five_thousand_statements_load_and_decide() -> None:
    policy = load_policy(document(*[statement(Sid=f"S{number}") for number in range(5_000)]))

    assert len(policy.statements) == 5_000
    assert evaluate(Request(CALLER, "s3:GetObject"), PolicySet(policy)).statement is policy.statements[0]


@pytest.mark.parametrize(
    ("statements", "detail"),
    [
        ([{f"Efect{number}": ""} for number in range(5_000)], "unknown key 'Efect0'; did you mean 'Effect'? at /Statement/0"),
        (list(range(5_000)), "a statement must be an object, got a number at /Statement/0"),
        ([statement(Condition={f"StringEqual{number}": {"a": "b"} for number in range(5_000)})],
         "unknown condition operator 'StringEqual0'; did you mean 'StringEquals'? at /Statement/0/Condition"),
    ],
    ids=["keys", "numbers", "operators"],
)  # fmt: skip
def test_of_thousands_of_mistakes_one_is_worded(statements: list[Any], detail: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(document(*statements))
    assert caught.value.detail == detail


def test_thousands_of_wrong_principals_are_refused() -> None:
    bad = {"Effect": "Allow", "Principal": {"AWS": ["x" * 50] * 5_000}, "Action": "sts:AssumeRole"}

    with pytest.raises(TrustPolicyError, match="Invalid principal in policy"):
        load_policy(document(bad), "trust")


@pytest.mark.parametrize("number", [10**5_000, -(10**5_000), 10**18], ids=["long", "negative", "first"])
def test_a_long_number_is_refused_wherever_it_stands(number: int) -> None:
    for one in (
        statement(Sid=number),
        statement(Condition={"NumericEquals": {"a": number}}),
        statement(Action=[number]),
    ):
        with pytest.raises(PolicyError, match="number longer than 18 digits"):
            load_policy(document(one))


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_long_number_in_text_is_refused(sign: str) -> None:
    with pytest.raises(PolicyError, match="number longer than 18 digits"):
        load_policy('{"Version": ' + sign + "9" * 5_000 + "}")


def test_a_key_that_comes_twice_is_found_behind_many_values() -> None:
    with pytest.raises(DuplicateKeyError) as caught:
        load_policy("[" + "1," * 100_000 + '{"a":1,"a":1}]')
    assert caught.value.detail == "duplicate key 'a' at /100000"


def test_strict_loading_has_no_slow_check() -> None:
    name = "${aws:" + "a" * 20_000 + "\n}"

    assert load_policy(document(statement(Resource="arn:aws:s3:::" + name))).statements
    with pytest.raises(AwsError):
        load_policy(document(statement(Resource="arn:aws:s3:::" + name)), strict=True)


# -- what is remembered -------------------------------------------------------------------------------------------------


def test_a_document_is_read_anew_when_it_changes() -> None:
    """Documents that were read before are recognised by what they say, not by which dict they are."""
    mine = statement()
    given = document(mine)
    before = load_policy(given)
    mine["Effect"] = "Deny"
    after = load_policy(given)

    assert [policy.statements[0].effect for policy in (before, after, load_policy(document(statement())))] == [
        "Allow",
        "Deny",
        "Allow",
    ]


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), (False, 0), ("1", 1)])
def test_values_that_python_calls_equal_stay_apart(one: Any, other: Any) -> None:
    values = [
        load_policy(document(statement(Condition={"StringEquals": {"a": value}}))).to_dict()["Statement"][0][
            "Condition"
        ]
        for value in (one, other)
    ]

    assert [type(value["StringEquals"]["a"]) for value in values] == [type(one), type(other)]


def test_a_document_is_read_anew_for_another_kind_and_when_it_is_no_longer_stored() -> None:
    old = {"Version": "2008-10-17", "Statement": statement()}

    assert load_policy(old, stored=True).version == "2008-10-17"
    with pytest.raises(PolicyError, match="version 2012-10-17 or greater"):
        load_policy(old, "managed")
    assert load_policy(document(statement())).kind == "identity"
    with pytest.raises(TrustPolicyError):
        load_policy(document(statement()), "trust")


def test_a_policy_that_is_loaded_again_has_no_name_of_the_first() -> None:
    first = load_policy(document(statement())).named("a", "arn:aws:iam::aws:policy/a")
    second = load_policy(document(statement()))

    assert (first.label, second.label, second.arn) == ("a", "identity policy", None)
    assert first.statements == second.statements


def test_no_more_than_some_documents_are_remembered() -> None:
    for number in range(1_000):
        load_policy(document(statement(Sid=f"S{number}")))
        load_policy(document(statement(Sid="L" * 10_000)))

    assert _LOADED.held <= 16 << 20
    assert _mark({"Version": "x" * 8193}) is None


# -- patterns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*" * 10_000, True),
        ("*" * 10_000 + "b", False),
        ("*a" * 900, True),
        ("*a" * 5_000, False),
        ("*a" * 900 + "b", False),
        ("*?" * 900, True),
        ("*?" * 5_000, False),
        ("?a" * 1_000, True),
        ("*" + "a?" * 500 + "b*", False),
        ("*" + "a?" * 500 + "*", True),
        ("*a?" * 600 + "*", True),
        ("*a?" * 600 + "b*", False),
        ("".join(f"*?{number:04d}" for number in range(1_600)), False),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_a_pattern_of_ten_kilobytes_gets_its_answer(pattern: str, expected: bool) -> None:
    """As a resource, an action, a condition value, and beside a variable."""
    text = "a" * 2_000
    tag = "${aws:PrincipalTag/t}"

    assert glob(mark(pattern), text) is expected
    assert matcher(mark(pattern))(text) is expected
    assert allowed(statement(Resource="arn:aws:s3:::" + pattern), resource="arn:aws:s3:::" + text) is expected
    assert (
        allowed(
            statement(Resource=f"arn:aws:s3:::{tag}{pattern}"),
            resource="arn:aws:s3:::x" + text,
            **{"aws:PrincipalTag/t": "x"},
        )
        is expected
    )
    assert allowed(statement(Action="s3:" + pattern), action="s3:" + text) is expected
    assert allowed(statement(Condition={"StringLike": {"k": pattern}}), k=text) is expected
    assert (
        allowed(statement(Condition={"ArnLike": {"k": "arn:aws:s3:::" + pattern}}), k="arn:aws:s3:::" + text)
        is expected
    )


@pytest.mark.parametrize(("end", "expected"), [("", True), ("2", False)])
def test_wildcards_that_stop_at_a_colon_get_their_answer(end: str, expected: bool) -> None:
    one = statement(Resource="arn:aws:sqs:*:" + "*1?" * 600 + end + ":x", Action="sqs:*")

    assert allowed(one, action="sqs:SendMessage", resource="arn:aws:sqs:us-east-1:" + "1" * 2_000 + ":x") is expected


def test_short_pieces_with_a_question_mark_are_found() -> None:
    pattern = "".join(f"*?{number:04d}" for number in range(400))
    text = "".join(f"x{number:04d}" for number in range(400))

    assert matcher(mark(pattern))(text)
    assert not matcher(mark(pattern))(text[:-1] + "z")


@pytest.mark.parametrize("size", [3, 40])
def test_a_piece_is_found_at_its_first_place(size: int) -> None:
    """Short pieces are searched for by hand, long ones by a regular expression: both take the leftmost place."""
    piece = "a" * size + "?" + "b"

    assert glob(mark(f"*{piece}*{piece}"), "a" * size + "xb" + "a" * size + "yb")
    assert not glob(mark(f"*{piece}*{piece}"), "a" * size + "xb" + "a" * (size - 1) + "yb")
    assert glob(mark(f"*?{piece}*"), "_" + "a" * size + "xb")
    assert not glob(mark(f"*?{piece}*"), "a" * size + "xb")


# -- variables ----------------------------------------------------------------------------------------------------------


def test_variables_that_are_never_closed_are_plain_text() -> None:
    text = "${" * 50_000

    assert Template(text, wild=False).static == text
    assert allowed(statement(Resource="arn:aws:s3:::" + text), resource="arn:aws:s3:::" + text)


@pytest.mark.parametrize(
    ("inside", "name", "default"),
    [
        (" " * 50_000, "", None),
        (" ," * 50_000 + "'", (" ," * 50_000 + "'").strip(), None),
        ("a," + " " * 50_000 + "''", "a", ""),
        ("a,'" + "'" * 50_000, "a", "'" * 49_999),
        ("a , ' b ' ", "a", " b "),
        ("a,'b','c'", "a", "b','c"),
        ("a, 'b' c", "a, 'b' c", None),
        ("a,'", "a,'", None),
        (",'b'", "", "b"),
    ],
    ids=range(9),
)
def test_a_variable_is_read_in_one_go(inside: str, name: str, default: str | None) -> None:
    variable = Variable(inside)

    assert (variable.name, variable.default) == (name, default)


def test_many_variables_in_one_resource() -> None:
    one = statement(Resource="arn:aws:s3:::" + "${aws:PrincipalTag/t}*" * 500)

    assert allowed(one, resource="arn:aws:s3:::" + "ab" * 500, **{"aws:PrincipalTag/t": "a"})
    assert not allowed(one, resource="arn:aws:s3:::" + "ab" * 499, **{"aws:PrincipalTag/t": "a"})


# -- requests -----------------------------------------------------------------------------------------------------------


def test_a_str_subclass_is_its_text_everywhere() -> None:
    loud = {
        Loud("Effect"): Loud("Allow"),
        Loud("Action"): [Loud("S3:get*")],
        Loud("Resource"): Loud("arn:aws:s3:::a/*"),
        Loud("Condition"): {Loud("StringLike"): {Loud("aws:UserAgent"): Loud("x*")}},
    }
    policies = PolicySet([{Loud("Version"): Loud("2012-10-17"), Loud("Statement"): loud}])
    request = Request(
        Loud("arn:aws:sts::123456789012:assumed-role/app/i-0abc"),
        Loud("S3:GetObject"),
        Loud("arn:aws:s3:::a/b"),
        context={Loud("AWS:useragent"): Loud("xyz"), "k": [Loud("v")]},
        role_arn=Loud("arn:aws:iam::123456789012:role/app"),
        principal_id=Loud("AROA1234567890ABCDEFG:i-0abc"),
        operation=Loud("s3:GetObject"),
    )
    decision = evaluate(request, policies)

    assert decision.allowed
    assert decision.explain()
    for text in (request.action, request.resource, request.principal, request.operation, *request.context.keys()):
        assert type(text) is str
    assert type(request.context["aws:UserAgent"]) is str


def test_a_str_subclass_as_a_whole_document() -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'

    assert load_policy(Loud(text)) == load_policy(text)


@pytest.mark.parametrize("name", ["role_arn", "principal_id", "user", "operation", "resource"])
def test_what_is_no_text_is_named(name: str) -> None:
    arguments: dict[str, Any] = {"principal": CALLER, "action": "s3:GetObject", name: 7}

    with pytest.raises(TypeError, match=f"{name} must be str, got int"):
        Request(**arguments)


def test_a_context_with_a_cycle_is_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)

    with pytest.raises(TypeError, match="context key 'k' must be str, bool"):
        Request(CALLER, "s3:GetObject", context={"k": cycle})


def test_a_context_with_a_long_number_is_refused() -> None:
    with pytest.raises(ValueError, match="context key 'k' has a number of more than 400 digits"):
        Request(CALLER, "s3:GetObject", context={"k": 10**5_000})


@pytest.mark.parametrize("operator", ["NumericEquals", "DateEquals", "IpAddress", "Bool", "BinaryEquals", "ArnLike"])
@pytest.mark.parametrize(
    "value", ["9" * 5_000, ":" * 5_000, "1." * 5_000, "=" * 5_000, " " * 5_000], ids=lambda value: value[:2]
)
def test_a_long_value_of_a_typed_condition_never_matches(operator: str, value: str) -> None:
    wanted = {"DateEquals": "2026-01-01", "IpAddress": "10.0.0.0/8", "ArnLike": "arn:aws:s3:::a"}.get(operator, "1")

    assert not allowed(statement(Condition={operator: {"k": wanted}}), k=value)
    if operator != "DateEquals":  # which is refused when it is loaded
        assert not allowed(statement(Condition={operator: {"k": value}}), k=wanted)


@pytest.mark.parametrize("action", ["s3:" + "*" * 10_000, "s3" + ":" * 10_000, "?" * 10_000, ""])
def test_an_action_that_is_none_is_refused(action: str) -> None:
    with pytest.raises(AwsError, match="Invalid action"):
        Request(CALLER, action)


@pytest.mark.parametrize(
    "principal", ["arn:" + ":" * 10_000, "a." * 10_000 + "!", "x" * 10_000, "arn:aws:iam::" + "9" * 10_000 + ":root"]
)
def test_a_principal_that_is_none_is_refused(principal: str) -> None:
    with pytest.raises(AwsError, match="Invalid principal"):
        Request(principal, "s3:GetObject")


# -- a whole decision ---------------------------------------------------------------------------------------------------

SIZE = 10_240
SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "stars in one resource": lambda size: document(statement(Resource="arn:aws:s3:::" + "*a" * (size // 2) + "b")),
    "questions after stars": lambda size: document(statement(Resource="arn:aws:s3:::" + "*?" * (size // 2) + "b")),
    "many resources": lambda size: document(statement(Resource=["arn:aws:s3:::*a*a*a*b"] * (size // 24))),
    "many actions": lambda size: document(statement(Action=["s3:*a*a*a*b"] * (size // 14))),
    "many statements": lambda size: document(
        *[statement(Resource="arn:aws:s3:::*a*a*b")] * (size // 72), statement(Effect="Deny")
    ),
    "many conditions": lambda size: document(
        statement(Condition={"StringLike": {f"k{number}": "*a*a*a*b" for number in range(size // 19)}})
    ),
    "many values": lambda size: document(
        statement(Condition={"ForAllValues:StringLike": {"k": ["*a*a*a*b"] * (size // 11)}})
    ),
    "many variables": lambda size: document(statement(Resource="arn:aws:s3:::" + "${k}*" * (size // 5) + "b")),
}


def cost(make: Callable[[int], dict[str, Any]], size: int) -> float:
    """The seconds of the processor, the best of three, to load such a policy and to decide and explain with it."""
    spent = []
    for attempt in range(3):
        policy = make(size)
        policy["Id"] = f"attempt-{attempt}"  # so that no document is remembered
        request = Request(CALLER, "s3:" + "a" * 100, ARN, context={"k": ["a" * 200] * 50, "k0": "a" * 2_000})
        begun = time.process_time()
        evaluate(request, PolicySet([load_policy(policy)])).explain()
        spent.append(time.process_time() - begun)
    return min(spent)


@pytest.mark.parametrize("shape", SHAPES)
def test_p25_a_decision_over_a_policy_of_ten_kilobytes_takes_a_moment(shape: str) -> None:
    """Loading and explaining included; four times as long a policy takes not sixteen times as long."""
    make = SHAPES[shape]
    short, long = cost(make, SIZE), cost(make, 4 * SIZE)

    assert len(load_policy(make(SIZE)).to_json()) > 0.9 * SIZE
    assert short < 0.1
    assert long < 10 * max(short, 0.002)
