"""What mutation testing found untested: small facts, each of which a changed line of the engine would break."""

from __future__ import annotations

import re
import time
from itertools import product
from typing import Any

import pytest

from ec2roles.policy import Caller, Condition, PolicySet, Request, Semantics, evaluate, load_policy, parse_caller
from ec2roles.policy.engine.compiled import compile_statement
from ec2roles.policy.engine.conditions import compile_condition, describe, simple_lower
from ec2roles.policy.engine.index import Layer
from ec2roles.policy.engine.matching import ANY, PART_ANY, PART_STAR, STAR, glob, literal, mark, matcher
from ec2roles.policy.engine.principals import ACCOUNT, DIRECT, NONE, ROLE_OF_SESSION, Principals
from ec2roles.policy.engine.resources import Resources
from ec2roles.policy.engine.values import address, instant, network, number
from ec2roles.policy.engine.variables import Template
from policy.reference import reference

HOME = "111122223333"
SESSION = parse_caller(f"arn:aws:sts::{HOME}:assumed-role/App/i-0abc")
LAMBDA = parse_caller("lambda.amazonaws.com")

# -- wildcards ----------------------------------------------------------------------------------------------------------


def agree(pattern: str, text: str) -> None:
    """Both ways to match say what the reference says."""
    tokens = reference.expand(pattern, {}, False, reference.STAR, reference.ANY_ONE)
    expected = reference.glob(tokens, text)
    assert glob(mark(pattern), text) is expected, (pattern, text)
    assert matcher(mark(pattern))(text) is expected, (pattern, text)


def test_short_pieces_with_question_marks_are_found_where_they_are() -> None:
    """Every piece of up to three characters between stars, against every text of up to five."""
    pieces = ["".join(letters) for size in (2, 3) for letters in product("ab?", repeat=size) if "?" in letters]
    texts = ["".join(letters) for size in range(6) for letters in product("ab", repeat=size)]
    for piece, text in product(pieces, texts):
        agree(f"*{piece}*", text)
        agree(f"a*{piece}*b", text)


@pytest.mark.parametrize("size", [10, 20, 21, 60])
def test_long_pieces_with_question_marks_are_found_where_they_are(size: int) -> None:
    """A piece that is searched for with a regular expression may hold any character, and may not reach into the end."""
    piece = "a" * size + "?" + "b" * 11
    for char in "ab:/.\n\u00e9":
        found = piece.replace("?", char)
        for before, after in product(["", "a", "x", "\n"], ["", "b", "x"]):
            agree(f"*{piece}*", before + found + after)
            agree(f"*{piece}*b", before + found + after)
            agree(f"x*{piece}*", before + found + after)
    agree(f"*{piece}*", piece[1:])


def test_wildcards_that_stop_at_a_colon_are_all_heeded() -> None:
    """Every pattern of up to four, against every text of up to four."""
    texts = ["".join(letters) for size in range(5) for letters in product("a:", repeat=size)]
    classes = {"a": "a", ":": ":", STAR: ".*", ANY: ".", PART_STAR: "[^:]*", PART_ANY: "[^:]"}
    for size in range(1, 5):
        for letters in product(classes, repeat=size):
            expected = re.compile("".join(classes[letter] for letter in letters), re.DOTALL)
            pattern = "".join(letters)
            assert [text for text in texts if glob(pattern, text)] == [
                text for text in texts if expected.fullmatch(text)
            ]


def test_a_piece_never_reaches_into_the_end_of_the_pattern() -> None:
    """What stands before the last star is looked for before the place of what stands behind it."""
    for pattern, text in [
        ("a?*bc*c", "axbc"),
        ("a?*bc*c", "axbcc"),
        ("?*ab*b", "xab"),
        ("*a?*?b", "bab"),
        ("*a?*?b", "abab"),
    ]:
        agree(pattern, text)


def test_start_and_end_do_not_overlap() -> None:
    """The text is as long as both together at least."""
    ends = ["", "a", "b", "aa", "ab", "aba"]
    for first, last, text in product(ends, ends, ["", "a", "b", "aa", "ab", "ba", "aba", "aaa", "abab", "abaaba"]):
        agree(f"{first}*{last}", text)
        agree(f"{first}*a*{last}", text)


def test_halves_of_surrogate_pairs_are_no_wildcards() -> None:
    """Not even those that stand for wildcards in a marked pattern."""
    assert literal("a\ud800b\ud803") == "a\ufffdb\ufffd"


# -- resources ----------------------------------------------------------------------------------------------------------

HEADS = ["*", "a*", "A*", "a", "", "*A", "?*"]
RESTS = ["B", "b", "*B", "B*", "B:c", "*:C", "C/*", "?:c"]
GIVEN = [
    "arn:aws:s:a:a:B",
    "arn:aws:s:A::b",
    "arn:aws:s:ab:x:B:c",
    "arn:aws:s::a:b:C",
    "arn:aws:s:a:a:C/x:y:B",
    "arn:aws:s::a:",
    "arn:aws:s:::b:C",
    "arn:aws:s:xA:a:b",
]


@pytest.mark.parametrize("kind", ["identity", "resource", "scp", "rcp"])
def test_stars_that_cross_colons_keep_the_case_of_the_rest(kind: str) -> None:
    """The first five parts of the *resource* ignore case and the rest does not, wherever a star puts the parts."""
    entries = [f"arn:aws:s:{region}:{account}:{rest}" for region, account, rest in product(HEADS, HEADS, RESTS)]
    entries += [f"arn:aws:s:{region}:{rest}" for region, rest in product(HEADS, RESTS)]
    entries += [
        "arn:*:C",
        "arn:*:B:c",
        "arn:*:*:*:B",
        "arn:AWS:S:*:B",
        "arn:aws:s*:C/x:*:B",
        "arn:*:S:::b:C",
        "arn:a*:S::*",
    ]
    for entry in entries:
        resources = Resources((entry,), kind=kind, variables=True)
        # The same with its last letter from a variable.
        variable = f"{entry[:-1]}${{v}}" if entry[-1].isalpha() else entry
        varied = Resources((variable,), kind=kind, variables=True)
        for resource in GIVEN:
            folded = ":".join(resource.split(":", 5)[:5]).lower() + ":" + resource.split(":", 5)[5]
            expected = bool(reference.resource_matches(entry, resource, kind, True, {}))
            assert resources.match(folded, {}) is expected, (entry, resource)
            if entry.count(":") >= 5:
                assert varied.match(folded, {"v": entry[-1]}) is expected, (variable, resource)


def test_a_star_that_crosses_colons_does_not_cover_what_is_no_arn() -> None:
    """An action without a resource is covered by ``*`` alone."""
    for entry in ("arn:aws:s:*:B", "arn:aws:s:*:*:B*", "*:B"):
        resources = Resources((entry,), kind="identity", variables=True)
        assert not any(resources.match(resource, {}) for resource in ("*", "arn:aws:s:a:B", "B", ""))


def test_stars_behind_one_that_crosses_colons_cost_nothing_each() -> None:
    """However many they are, only the first five parts of an entry are looked at for where those of the resource end."""
    entry = "arn:aws:s:*:A:" + "b*" * 5000
    begun = time.process_time()
    resources = Resources((entry,), kind="resource", variables=True)
    assert not resources.match("arn:aws:s:a:a:" + "b" * 2000, {})
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize(
    ("entry", "covers", "dead"),
    [
        ("arn:AWS:S3", True, False),
        ("arn:aws", True, False),
        ("arn:*", True, False),
        ("*:aws", True, False),
        ("arn:aws:sqs", False, False),
        ("arn", False, True),
        ("foo:aws:s3", False, True),
        ("b:*", False, True),
        ("X*", False, True),
    ],
)
def test_short_arns_begin_as_arns_do(entry: str, covers: bool, dead: bool) -> None:
    """Their missing parts act as stars; others are malformed, and as NotResource make a statement apply to nothing."""
    resources = Resources((entry,), kind="identity", variables=True)
    assert resources.match("arn:aws:s3:::b", {}) is covers
    assert resources.excludes("arn:aws:s3:::b", {}) is (not covers and not dead)
    assert resources.dead == ((entry,) if dead else ())
    assert not Resources(("arn:aws:sqs",), kind="identity", variables=True).match("arn:aws:sqs", {})


@pytest.mark.parametrize(
    ("entry", "exact", "prefixes", "tails"),
    [
        ("arn:AWS:s3:::B", ("arn:aws:s3:::B",), (), ()),
        ("arn:aws:s3:::b/${*}", ("arn:aws:s3:::b/*",), (), ()),
        ("arn:aws:s3:::b*", (), ("arn:aws:s3:::b",), ()),
        ("arn:aws:s3", (), ("arn:aws:s3:",), ()),
        ("arn:aws:s3:::b*c", (), (), ("c",)),
        ("arn:AWS:*:r:a:b*c", (), (), ("c",)),
        ("arn:aws:*:r:a:B*c", (), (), ("c",)),
        ("arn:aws:*:R:a:b*c", (), (), ("",)),
    ],
)
def test_resources_keep_their_shapes_apart(
    entry: str, exact: tuple[str, ...], prefixes: tuple[str, ...], tails: tuple[str, ...]
) -> None:
    """So that many statements can be merged: what has no wildcard, what ends in its only one, and how the rest ends."""
    found = Resources((entry,), kind="identity", variables=True)
    assert (found.exact, found.prefixes, found.tails, found.templates) == (exact, prefixes, tails, ())


@pytest.mark.parametrize("first", ["*", "arn:aws:s:*:A:b", "arn:aws:s3:::${v}", "foo:*", "arn:aws:s3:::*c"])
def test_every_entry_is_read(first: str) -> None:
    """Whatever stands before it."""
    found = Resources((first, "arn:aws:s3:::x"), kind="identity", variables=True)
    assert found.exact == ("arn:aws:s3:::x",)
    assert found.match("arn:aws:s3:::x", {})


def test_behind_a_star_that_crosses_colons_the_rest_has_its_own_rules() -> None:
    """Its stars go over colons, and it may have variables."""
    stars = Resources(("arn:aws:s:*:A:x*y:c",), kind="identity", variables=True)
    assert stars.match("arn:aws:s:q:a:x:y:c", {})
    variable = Resources(("arn:aws:s:*:A:${v}",), kind="identity", variables=True)
    assert variable.match("arn:aws:s:q:a:1", {"v": "1"})
    assert not variable.match("arn:aws:s:q:a:${v}", {"v": "1"})
    assert variable.match("arn:aws:s:q:a:A:1", {"v": "1"})
    assert not variable.match("arn:aws:s:q:a:A:1", {"v": "2"})
    assert not variable.match("arn:aws:s:q:a:A:1", {})


# -- principals ---------------------------------------------------------------------------------------------------------


def test_principals_that_are_no_whole_arn_cover_nobody() -> None:
    """AWS may hold such a policy; a colon in a name is no separator; and there are no wildcards."""
    assert Principals((("AWS", "arn:aws:iam"), ("AWS", "arn:aws:iam::"))).match(SESSION) == NONE
    user = f"arn:aws:iam::{HOME}:user/a:b"
    assert Principals((("AWS", user),)).match(parse_caller(user)) == DIRECT
    role = f"arn:aws:iam::{HOME}:role/a:b"
    assert Principals((("AWS", role),)).match(parse_caller(role)) == ROLE_OF_SESSION
    stars = f"arn:aws:iam::{HOME}:user/*"
    assert Principals((("AWS", stars),)).match(parse_caller(stars)) == NONE


def test_a_service_has_two_names_in_china() -> None:
    """With ``.cn`` or without it, in the policy or in the request."""
    for named, asking in product(["ec2.amazonaws.com", "ec2.amazonaws.com.cn"], repeat=2):
        assert Principals((("Service", named),)).match(parse_caller(asking)) == DIRECT
    assert Principals((("Service", "ec2.amazonaws.com"),)).match(LAMBDA) == NONE


def test_not_principal_spares_services_if_everyone_includes_them() -> None:
    """The choice counts for NotPrincipal too."""
    everyone = Principals((("AWS", "*"),))
    assert everyone.unlisted(LAMBDA, session=True, everyone_includes_services=True) == ()
    assert everyone.unlisted(LAMBDA, session=True, everyone_includes_services=False) == (LAMBDA.text,)
    assert everyone.unlisted(SESSION, session=True, everyone_includes_services=False) == ()


@pytest.mark.parametrize(
    ("caller", "chain"),
    [
        (SESSION, (f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{HOME}:role/App", SESSION.text)),
        (
            parse_caller(SESSION.text, f"arn:aws:iam::{HOME}:role/path/App"),
            (f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{HOME}:role/path/App", SESSION.text),
        ),
        (
            parse_caller(f"arn:aws-cn:iam::{HOME}:role/path/App"),
            (f"arn:aws-cn:iam::{HOME}:root", f"arn:aws-cn:iam::{HOME}:role/path/App"),
        ),
        (parse_caller(f"arn:aws:iam::{HOME}:user/a"), (f"arn:aws:iam::{HOME}:root", f"arn:aws:iam::{HOME}:user/a")),
        (parse_caller(f"arn:aws:iam::{HOME}:root"), (f"arn:aws:iam::{HOME}:root",)),
        (parse_caller(f"arn:aws:sts::{HOME}:federated-user/a"), (f"arn:aws:sts::{HOME}:federated-user/a",)),
        (parse_caller(f"arn:aws:iam::{HOME}:saml-provider/a"), (f"arn:aws:iam::{HOME}:saml-provider/a",)),
        (parse_caller("*"), ("anonymous",)),
        (LAMBDA, (LAMBDA.text,)),
    ],
)
def test_not_principal_has_to_list_everyone_behind_a_caller(caller: Caller, chain: tuple[str, ...]) -> None:
    """What is missing is named, in the order from the account down; and with all of it nothing is."""

    def missing(*listed: str, session: bool = True) -> tuple[str, ...]:
        kind = "Service" if caller is LAMBDA else "Federated" if ":saml-provider/" in caller.text else "AWS"
        pairs = tuple([(kind, text) for text in listed])
        return Principals(pairs).unlisted(caller, session=session, everyone_includes_services=True)

    assert missing("999988887777") == chain
    for left_out in range(len(chain)):
        listed = [text for number, text in enumerate(chain) if number != left_out]
        assert missing(*listed) == (chain[left_out],)
    if caller.text != "anonymous":
        assert missing(*chain) == ()
    if caller.kind.value == "role session":
        assert missing(*chain[:2], session=False) == ()
        assert missing(*chain[1:], session=False) == chain[:1]
        assert missing(chain[0], chain[2], session=False) == chain[1:2]


def test_a_unique_id_is_as_good_as_the_arn_that_it_was_saved_for() -> None:
    """In a stored bucket policy the users and roles of a NotPrincipal are ids."""
    known = parse_caller(SESSION.text, f"arn:aws:iam::{HOME}:role/path/App", "AROAEXAMPLEID12345678:i-0abc")
    saved = Principals((("AWS", HOME), ("AWS", "AROAEXAMPLEID12345678"), ("AWS", SESSION.text)))
    assert saved.unlisted(known, session=True, everyone_includes_services=True) == ()


def test_a_caller_is_covered_in_several_ways_at_once() -> None:
    """By its account and by its role, its id or its own name."""
    role, account = ("AWS", f"arn:aws:iam::{HOME}:role/App"), ("AWS", HOME)
    assert Principals((role, account)).match(SESSION) == ACCOUNT | ROLE_OF_SESSION
    user = parse_caller(f"arn:aws:iam::{HOME}:user/a", None, "AIDAEXAMPLEID12345678")
    assert Principals((("AWS", "AIDAEXAMPLEID12345678"), account)).match(user) == ACCOUNT | DIRECT
    known = parse_caller(SESSION.text, f"arn:aws:iam::{HOME}:role/path/App", "AROAEXAMPLEID12345678:i-0abc")
    assert Principals((("AWS", "AROAEXAMPLEID12345678"), account)).match(known) == ACCOUNT | ROLE_OF_SESSION
    assert (
        Principals((("AWS", f"arn:aws:iam::{HOME}:role/path/App"), account)).match(known) == ACCOUNT | ROLE_OF_SESSION
    )
    assert Principals((role,)).match(known) == NONE


def resource_policy(effect: str, **element: object) -> dict[str, object]:
    statement = {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **element}
    everything = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement, everything] if effect == "Deny" else [statement]}


@pytest.mark.parametrize("includes", [True, False])
def test_whether_everyone_includes_services_reaches_the_policies(includes: bool) -> None:
    """`Semantics` says it, for ``Principal`` and for ``NotPrincipal``."""
    request = Request("lambda.amazonaws.com", "s3:GetObject", "arn:aws:s3:::b/k")
    semantics = Semantics(everyone_includes_services=includes)
    allow = resource_policy("Allow", Principal="*")
    deny = resource_policy("Deny", NotPrincipal={"AWS": "*"})
    assert bool(evaluate(request, PolicySet(resource=allow), semantics)) is includes
    assert bool(evaluate(request, PolicySet(resource=deny), semantics)) is includes


ALLOW: dict[str, Any] = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
SILENT = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
OTHER: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "*", "Resource": "*"},
}
DENY: dict[str, Any] = {"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], "Effect": "Deny"}}
ALLOW_ALL = {"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], "Principal": "*"}}
DENY_ALL = {"Version": "2012-10-17", "Statement": {**DENY["Statement"], "Principal": "*"}}
KEY, OBJECT = f"arn:aws:kms:us-east-1:{HOME}:key/k", "arn:aws:s3:::b/k"
LINKED = f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/X"


@pytest.mark.parametrize(
    ("caller", "action", "resource", "account", "policies", "denied_by", "reason"),
    [
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(), "identity", "implicit deny: identity"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, boundaries=SILENT), "boundary", "implicit deny: boundary"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, session=SILENT), "session", "implicit deny: session"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, scps=[[SILENT]]), "scp", "implicit deny: scp"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW), None, "allowed"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, boundaries=ALLOW), None, "allowed"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(resource=ALLOW_ALL), None, "allowed"),
        (SESSION, "s3:GetObject", OBJECT, "444455556666", PolicySet(ALLOW), "resource",
         "the resource's account does not allow this caller"),
        (SESSION, "s3:GetObject", OBJECT, "444455556666", PolicySet(resource=OTHER), "identity",
         "across accounts the caller's own policies must allow too"),
        (SESSION, "kms:Decrypt", KEY, HOME, PolicySet(ALLOW), "resource", "the policy of this resource must allow it"),
        (SESSION, "kms:Decrypt", KEY, HOME, PolicySet(resource=OTHER), "identity",
         "the policy of this resource leaves it to the account's own policies"),
        (LAMBDA, "s3:GetObject", OBJECT, HOME, PolicySet(resource=OTHER), "resource",
         "only a policy of the resource can allow this caller"),
        (SESSION, "sts:GetCallerIdentity", "*", HOME, PolicySet(), None, "sts:GetCallerIdentity is always allowed"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(DENY), "identity", "explicit deny: identity"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(DENY, boundaries=ALLOW), "identity", "explicit deny: identity"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, scps=[[DENY]]), "scp", "explicit deny: scp"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, rcps=[[DENY_ALL]]), "rcp", "explicit deny: rcp"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, resource=DENY_ALL), "resource", "explicit deny: resource"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, endpoint=DENY_ALL), "endpoint", "explicit deny: endpoint"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(ALLOW, endpoint=SILENT), "endpoint", "implicit deny: endpoint"),
        (SESSION, "s3:GetObject", OBJECT, HOME, PolicySet(SILENT, boundaries=ALLOW), "identity", "implicit deny: identity"),
        (LAMBDA, "s3:GetObject", OBJECT, HOME, PolicySet(resource=ALLOW_ALL), None, "allowed"),
        (SESSION, "iam:DeleteRole", LINKED, HOME, PolicySet(ALLOW), "service", "AWS manages this resource itself"),
    ],
)  # fmt: skip
def test_a_verdict_names_its_layer_and_its_rule(
    caller: Caller, action: str, resource: str, account: str, policies: PolicySet, denied_by: str | None, reason: str
) -> None:
    """The layer that denies, and where no statement says it, the rule in words."""
    decision = evaluate(Request(caller, action, resource, resource_account=account), policies)
    assert (decision.denied_by, decision.reason) == (denied_by, reason)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize("policies", [PolicySet(), PolicySet(ALLOW), PolicySet(DENY), PolicySet(boundaries=ALLOW)])
def test_a_decision_knows_how_open_points_were_read(policies: PolicySet) -> None:
    """On the short way through `evaluate` and on the long one."""
    semantics = Semantics(context_across_accounts=False)
    assert evaluate(Request(SESSION, "s3:GetObject", OBJECT), policies, semantics).semantics is semantics


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_decision_names_the_statement_it_was_made_by(effect: str) -> None:
    """Of those that apply the one without conditions, which costs least: no other is looked for."""
    whole = {"Effect": effect, "Action": "*", "Resource": "*"}
    narrow = {**whole, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    request = Request(SESSION, "s3:GetObject", OBJECT, context={"aws:SecureTransport": "true"})
    decision = evaluate(request, PolicySet([document(narrow, whole)]))
    assert [statement.index for _, statement in decision.deciding] == [0, 1]
    assert decision.statement is decision.deciding[1][1]


def test_not_principal_spares_nobody_with_a_boundary_in_an_endpoint_policy_either() -> None:
    """Where it is documented no kind of policy is excepted."""
    chain = [HOME, f"arn:aws:iam::{HOME}:role/App", SESSION.text]
    deny = {**DENY["Statement"], "NotPrincipal": {"AWS": chain}}
    endpoint = document(ALLOW["Statement"], deny)
    request = Request(SESSION, "s3:GetObject", OBJECT)
    assert evaluate(request, PolicySet(ALLOW, endpoint=endpoint)).allowed
    assert evaluate(request, PolicySet(ALLOW, boundaries=ALLOW, endpoint=endpoint)).denied_by == "endpoint"


# -- plans --------------------------------------------------------------------------------------------------------------

SHAPES = {
    "exact": ["arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::c"],
    "prefix": ["arn:aws:s3:::a*", "arn:aws:s3:::b*", "arn:aws:s3:::c*"],
    "middle": ["arn:aws:s3:::*a", "arn:aws:s3:::*b", "arn:aws:s3:::*c"],
    "any": ["arn:aws:s3:::?a", "arn:aws:s3:::?b", "arn:aws:s3:::?c"],
    "variable": ["arn:aws:s3:::${v}a", "arn:aws:s3:::${v}b", "arn:aws:s3:::${v}c"],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_of_several_statements_counts(shape: str) -> None:
    """Whatever the shape of its resource, and wherever it stands."""
    policies = PolicySet([document(*[{"Effect": "Allow", "Action": "*", "Resource": one} for one in SHAPES[shape]])])
    start = "" if shape in ("exact", "prefix") else "x"
    for index, letter in enumerate("abc"):
        decision = evaluate(
            Request(SESSION, "s3:GetObject", f"arn:aws:s3:::{start}{letter}", context={"v": "x"}), policies
        )
        assert decision.statement is not None
        assert decision.statement.index == index
    assert not evaluate(Request(SESSION, "s3:GetObject", f"arn:aws:s3:::{start}d", context={"v": "x"}), policies)


def test_what_is_prepared_is_kept() -> None:
    """With the statement, the policy and the layer: for other actions, for other sets, and for the same question."""
    policy = load_policy(document({**ALLOW["Statement"], "Sid": "Kept"}), "identity")
    assert compile_statement(policy.statements[0]) is compile_statement(policy.statements[0])
    layer, other = Layer("identity", (policy,)), Layer("boundary", (policy,))
    plan = layer.plan("s3:GetObject")
    assert layer.plan("s3:GetObject") is other.plan("s3:GetObject") is plan
    kept = dict(policy.prepared)
    other.plan("s3:PutObject")
    assert sorted(kept) == ["plans", "services"]
    assert all(policy.prepared[name] is kept[name] for name in kept)
    assert sorted(kept["plans"]) == ["s3:GetObject", "s3:PutObject"]
    assert set(kept["services"]) == {""}


def test_a_layer_remembers_4096_plans() -> None:
    """Then it begins anew, so that asking for ever new actions does not fill the memory."""
    layer = Layer("identity", (load_policy(document({**ALLOW["Statement"], "Sid": "Many"}), "identity"),))
    for number_ in range(4096):
        layer.plan(f"s3:Get{number_}")
    assert len(layer.plans) == 4096
    layer.plan("s3:Put")
    assert list(layer.plans) == ["s3:Put"]


def test_a_statement_that_names_action_and_operation_is_one_statement() -> None:
    """Even if they are of two services."""
    policies = PolicySet([document({**ALLOW["Statement"], "Action": ["s3:ListAllMyBuckets", "s3api:ListBuckets"]})])
    request = Request(SESSION, "s3:ListAllMyBuckets", operation="s3api:ListBuckets")
    assert len(evaluate(request, policies).layers[0].findings) == 1


def test_an_operation_of_another_service_counts() -> None:
    """A statement that names it alone is found."""
    policies = PolicySet([document({**ALLOW["Statement"], "Action": "s3api:ListBuckets"})])
    assert evaluate(Request(SESSION, "s3:ListAllMyBuckets", operation="s3api:ListBuckets"), policies)
    assert not evaluate(Request(SESSION, "s3:ListAllMyBuckets"), policies)


def test_who_is_not_spared_is_denied_in_person() -> None:
    """A Deny with NotPrincipal says nothing of the account, and an endpoint policy without Principal means everyone."""
    deny = {**DENY["Statement"], "NotPrincipal": {"AWS": f"arn:aws:iam::{HOME}:user/a"}}
    request = Request(SESSION, "s3:GetObject", OBJECT)
    resource = evaluate(request, PolicySet(ALLOW, resource=document(deny))).layers[-1]
    endpoint = evaluate(request, PolicySet(ALLOW, endpoint=ALLOW)).layers[-1]
    assert [one.grants for layer in (resource, endpoint) for one in layer.findings] == [("caller",), ("caller",)]


# -- values -------------------------------------------------------------------------------------------------------------


def test_numbers_have_400_characters_at_most() -> None:
    """What is longer is no number."""
    assert number("0." + "1" * 398) is not None
    assert number("0." + "1" * 399) is None


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("9223372036854775807", 9223372036854775807000),
        ("9223372036854775808", None),
        ("1970-01-01T23:59:59Z", 86_399_000),
        ("1970-01-01T24:00:00Z", None),
        ("1970-01-01T23:60:00Z", None),
        ("1970-01-01T23:59:60Z", None),
        ("1970-01-01T10:00:00+10:00", 0),
        ("1970-01-02T00:59:00+23:59", 3_600_000),
        ("1970-01-01T00:00:00-23:00", 82_800_000),
        ("1970-01-01T00:00:00+24:00", None),
        ("1970-01-01T00:00:00+00:60", None),
        ("1970-01-01T00:00:00.5Z", 500),
        ("1970-01-01T00:00:00.05Z", 50),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1970-01-01T00:00:01.123456z", 1123),
    ],
)
def test_instants_have_edges(text: str, milliseconds: int | None) -> None:
    """Hours end at 23, minutes and seconds at 59, zones at 23:59; a fraction is read from the left."""
    assert instant(text) == milliseconds


def test_addresses_are_numbers() -> None:
    """Each octet has its place; a zone, a range and a leading zero are no address."""
    assert address("1.2.3.4") == (4, 0x01020304)
    assert address("255.254.253.252") == (4, 0xFFFEFDFC)
    assert address("::1:2") == (6, 0x10002)
    assert [address(text) for text in ("fe80::1%eth0", "::1/64", "1.2.3.04", "one", "")] == [None] * 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1.2.3", (4, 0x0A010203, 0x0A010203)),
        ("10.1.2.3/32", (4, 0x0A010203, 0x0A010203)),
        ("10.1.2.3/31", (4, 0x0A010202, 0x0A010203)),
        ("10.1.2.3/8", (4, 0x0A000000, 0x0AFFFFFF)),
        ("10.1.2.3/0", (4, 0, 2**32 - 1)),
        ("10.1.2.3/33", None),
        ("10.1.2.3/0008", None),
        ("10.1.2.3/", None),
        ("::1/128", (6, 1, 1)),
        ("::1/0", (6, 0, 2**128 - 1)),
        ("::1/129", None),
    ],
)
def test_ranges_have_a_first_and_a_last_address(text: str, found: tuple[int, int, int] | None) -> None:
    """Host bits may be set."""
    assert network(text) == found


def test_one_of_several_patterns_is_enough() -> None:
    """The first or the last of them."""
    for values in (("x*",), ("x*", "y*"), ("x*", "y*", "z*")):
        test = compile_condition(Condition("StringLike", "k", values), variables=True)
        assert [test.holds({"k": text}) for text in ("xa", "ya", "za", "a")] == [
            f"{letter}*" in values for letter in "xyza"
        ]


def test_an_operator_that_aws_does_not_have_is_named() -> None:
    """Documents are refused for it before."""
    with pytest.raises(ValueError, match="unknown condition operator 'Bogus'"):
        compile_condition(Condition("Bogus", "k", ("x",)), variables=True)


def test_variables_are_found_behind_braces_and_between_stars() -> None:
    """A brace before the variable ends nothing, and a star that is no wildcard stays one."""
    template = Template("}*${v}*", wild=False)
    assert template.text == "}*${v}*"
    assert template.resolve({"v": "1"}) == "}*1*"
    assert Template("}${v}*", wild=True).resolve({"v": "*"}) == f"}}*{mark('*')}"


def test_case_is_ignored_letter_by_letter() -> None:
    """A letter whose other form has another length stays as it is."""
    assert simple_lower("AbC") == "abc"
    assert simple_lower("\u00c4bC") == "\u00e4bc"
    assert simple_lower("x\u0130Y") == "x\u0130y"


@pytest.mark.parametrize(
    ("wanted", "value", "like"),
    [
        ("arn:aws:s3:::b", "arn:aws:s3:us-east-1::b", False),
        ("arn:aws:s3: ::b", "arn:aws:s3:us-east-1::b", False),
        ("arn:aws:s3:*::b", "arn:aws:s3:us-east-1::b", True),
        ("arn:aws:s3:**::b", "arn:aws:s3:::b", True),
        ("arn:*:*:*:*:*", "arn:aws:s3:::", True),
        ("arn:aws:s3:::", "arn:aws:s3:::b", False),
    ],
)
def test_each_part_of_an_arn_counts(wanted: str, value: str, like: bool) -> None:
    """An empty part matches an empty part only, a star every part."""
    assert compile_condition(Condition("ArnLike", "k", (wanted,)), variables=True).holds({"k": value}) is like


# -- what a condition asked, in words -----------------------------------------------------------------------------------

SEVERAL = ("a", "b")
NO_KEY = "and the request has no such key"
TWO = "and the request has a, b"


@pytest.mark.parametrize(
    ("operator", "wanted", "values", "variables", "words"),
    [
        ("StringEquals", ("x",), {}, True, f"wants x, {NO_KEY}"),
        ("StringEquals", ("x", "y"), {"k": "z"}, True, "wants x or y, and the request has z"),
        ("StringEquals", (), {"k": "z"}, True, "wants (no value), and the request has z"),
        ("StringEquals", ("x",), {"k": SEVERAL}, True,
         f"wants x, {TWO} (several values: StringEquals needs ForAnyValue: or ForAllValues:)"),
        ("ForAnyValue:StringEquals", ("x",), {"k": SEVERAL}, True, f"wants x, {TWO}"),
        ("Null", ("true",), {"k": SEVERAL}, True, f"wants true, {TWO}"),
        ("Bogus", ("x",), {"k": SEVERAL}, True, f"wants x, {TWO}"),
        ("StringLike", ("${v}*", "y"), {"v": "1"}, True, f"wants ${{v}}* = 1* or y, {NO_KEY}"),
        ("StringLike", ("${v}*",), {"v": "1"}, False, f"wants ${{v}}*, {NO_KEY}"),
        ("StringLike", ("${v}${w}",), {}, True, f"wants ${{v}}${{w}} (which has no value: v, w is absent), {NO_KEY}"),
    ],
)  # fmt: skip
def test_conditions_are_told_in_words(
    operator: str, wanted: tuple[str, ...], values: dict[str, str | tuple[str, ...]], variables: bool, words: str
) -> None:
    """What was wanted, with variables filled in, and what the request had."""
    assert describe(Condition(operator, "k", wanted), values, variables=variables) == f"{operator} k {words}"
