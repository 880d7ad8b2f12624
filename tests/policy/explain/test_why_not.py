"""What is missing for an Allow: enough to flip the decision, and nothing of it too much."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ec2roles.policy import (
    Decision,
    Outcome,
    PermissionPolicy,
    Policy,
    PolicySet,
    Request,
    Semantics,
    TrustPolicy,
    WhyNot,
    evaluate,
    load_policy,
)
from ec2roles.policy.explain.request_changes import request_changes
from ec2roles.policy.principal import CallerKind
from helpers.sizes import examples

CASES = json.loads((Path(__file__).parents[1] / "cases" / "why_not.json").read_text(encoding="utf-8"))
SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0abc"
ROLE = "arn:aws:iam::111122223333:role/App"
CAT = "arn:aws:s3:::photos/cat.jpg"
EFFECTS = {"A": ("Allow", "*"), "D": ("Deny", "*"), "N": ("Allow", "other:Thing")}


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    """Return a document of these statements."""
    return {"Version": version, "Statement": list(statements)}


def policies(letters: str, kind: str) -> list[Policy]:
    """Return one policy for each letter: A allows everything, D denies everything, N is about something else."""
    found = []
    for letter in letters:
        effect, action = EFFECTS[letter]
        statement: dict[str, Any] = {"Effect": effect, "Action": action, "Resource": "*"}
        if kind == "rcp":
            statement.update(Principal="*", Effect="Deny")
        found.append(load_policy(document(statement), kind))
    return found


def of_resource(grants: list[list[Any]], kind: str) -> Policy:
    """Return the policy of a resource or role, from pairs of effect and principal."""
    about = {"Action": "sts:*"} if kind == "trust" else {"Action": "*", "Resource": "*"}
    pairs = [(effect, {"AWS": who} if isinstance(who, str) and who != "*" else who) for effect, who in grants]
    return load_policy(document(*[{"Effect": effect, "Principal": who, **about} for effect, who in pairs]), kind)


def policy_set(layers: dict[str, Any]) -> PolicySet:
    """Return the policy set that a row describes."""
    kind = next((name for name in ("resource", "trust") if name in layers), None)
    return PolicySet(
        identity=policies(layers.get("identity", ""), "identity"),
        resource=None if kind is None else of_resource(layers[kind], kind),
        boundaries=policies(layers.get("boundary", ""), "boundary"),
        session=policies(layers.get("session", ""), "session"),
        scps=[policies(level, "scp") for level in layers.get("scps", [])],
        rcps=[policies(level, "rcp") for level in layers.get("rcps", [])],
        endpoint=policies(layers.get("endpoint", ""), "endpoint"),
    )


def decide(row: dict[str, Any]) -> Decision:
    """Return the decision that a row asks for."""
    request = Request(
        row.get("caller", SESSION),
        row.get("action", "s3:GetObject"),
        row.get("resource", CAT),
        resource_account=row.get("account"),
    )
    return evaluate(request, policy_set(row["layers"]))


def check_minimal(decision: Decision) -> WhyNot:
    """Fail unless the additions flip the decision and none of them can be left out; return the whole."""
    why: WhyNot = decision.why_not()
    request, before, semantics = decision.request, decision.policy_set, decision.semantics
    assert request is not None
    for addition in why.additions:
        assert load_policy(addition.document, addition.layer).statements == addition.policy.statements
    if why.impossible:
        assert not why.additions
        return why

    def outcome(found: WhyNot) -> Outcome:
        return evaluate(request, found.apply(before, lift_denies=True), semantics).outcome

    assert outcome(why) is Outcome.ALLOWED
    for addition in why.additions:
        rest = tuple(one for one in why.additions if one is not addition)
        assert outcome(attrs.evolve(why, additions=rest)) is Outcome.IMPLICIT_DENY
    stands = evaluate(request, why.apply(before), semantics).outcome
    assert stands is (Outcome.EXPLICIT_DENY if why.denies else Outcome.ALLOWED)
    for denial in why.denies:
        rest_of = tuple(one for one in why.denies if (one.policy, one.statement) != (denial.policy, denial.statement))
        assert outcome(attrs.evolve(why, denies=rest_of)) is Outcome.EXPLICIT_DENY
    return why


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_the_additions_are_what_the_table_says(row: dict[str, Any]) -> None:
    why = check_minimal(decide(row))

    assert [one.label.replace("level ", "") for one in why.additions] == row["additions"]
    assert [one.label.replace("level ", "") for one in why.denies] == row.get("denies", [])
    assert row.get("impossible", "") in why.impossible
    assert bool(why.impossible) is ("impossible" in row)
    if "principal" in row:
        own = next(one for one in why.additions if one.layer in ("resource", "trust"))
        assert own.statement["Principal"] == row["principal"]
    if "as_resource" in row:
        assert why.additions[0].statement["Resource"] == row["as_resource"]


@pytest.mark.parametrize("row", CASES, ids=lambda row: row["name"])
def test_it_is_told_on_a_screen_and_as_plain_data(row: dict[str, Any]) -> None:
    why = decide(row).why_not()
    lines = str(why).splitlines()

    assert 1 <= len(lines) <= 24
    assert max(map(len, lines)) <= 120
    plain = json.loads(json.dumps(why.to_dict()))
    assert [one["layer"] for one in plain["additions"]] == [one.layer for one in why.additions]
    assert [one["layer"] for one in plain["denies"]] == [one.layer for one in why.denies]


# -- a small alphabet, so that matches happen -------------------------------------------------------------------------

ROOT = "arn:aws:iam::111122223333:root"
USER = "arn:aws:iam::111122223333:user/ana"
CONDITIONS = [
    {"StringEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
    {"StringEqualsIgnoreCase": {"aws:PrincipalTag/team": "A"}},
    {"StringLike": {"aws:PrincipalTag/team": "${aws:RequestTag/team, 'a'}*"}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"Null": {"aws:PrincipalTag/team": "false"}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"BoolIfExists": {"aws:SecureTransport": "true"}},
    {"NumericLessThan": {"s3:max-keys": "10"}},
    {"NumericGreaterThanEquals": {"s3:max-keys": "5"}},
    {"NumericNotEquals": {"s3:max-keys": "5"}},
    {"DateLessThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}},
    {"DateGreaterThanIfExists": {"aws:CurrentTime": "2025-06-01T00:00:00Z"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/A*"}},
    {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/App"}},
]
ACTIONS = ["s3:GetObject", "sts:AssumeRole", "kms:Decrypt"]
RESOURCES = [CAT, "arn:aws:iam::111122223333:role/Other", "arn:aws:kms:us-east-1:111122223333:key/1", "*"]


@st.composite
def statements(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    names = ["sts:*", "sts:AssumeRole"] if kind == "trust" else ["*", "s3:*", "s3:Get*", *ACTIONS]
    found["Action"] = draw(st.sampled_from(names))
    if kind != "trust":
        element = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
        found[element] = draw(st.sampled_from([*RESOURCES, "*", "arn:aws:s3:::photos/*"]))
    if draw(st.integers(0, 2)) == 0:
        found["Condition"] = draw(st.sampled_from(CONDITIONS))
    if kind in ("resource", "trust", "endpoint"):
        principals: list[Any] = ["*", {"AWS": ROOT}, {"AWS": ROLE}, {"AWS": SESSION}, {"AWS": USER}]
        found["Principal"] = draw(st.sampled_from([*principals, {"Service": "ec2.amazonaws.com"}]))
    return found


def documents(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    found = st.lists(statements(kind), min_size=1, max_size=2)
    versions = ["2012-10-17"] if kind not in ("resource", "trust", "endpoint") else ["2012-10-17", "2008-10-17"]
    return st.builds(lambda s, version: document(*s, version=version), found, st.sampled_from(versions))


def some(kind: str, most: int) -> st.SearchStrategy[list[Policy]]:
    return st.lists(documents(kind).map(lambda one: load_policy(one, kind)), max_size=most)


policy_sets = st.builds(
    PolicySet,
    identity=some("identity", 2),
    boundaries=some("boundary", 1),
    session=some("session", 1),
    scps=st.lists(some("scp", 2), max_size=2),
    endpoint=some("endpoint", 1),
    resource=st.one_of(
        st.none(),
        documents("resource").map(lambda one: load_policy(one, "resource")),
        documents("trust").map(lambda one: load_policy(one, "trust")),
    ),
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "aws:PrincipalTag/team": st.sampled_from(["a", "b", "A"]),
        "aws:TagKeys": st.sampled_from([["team"], ["x", "team"]]),
        "aws:SourceIp": st.sampled_from(["10.0.0.1", "198.51.100.1"]),
        "aws:SecureTransport": st.booleans(),
        "s3:max-keys": st.sampled_from([3, 7, 12]),
        "aws:CurrentTime": st.sampled_from(["2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]),
        "aws:PrincipalArn": st.sampled_from([ROLE, USER]),
    },
)
requests = st.builds(
    lambda caller, action, resource, account, context: Request(
        caller, action, resource, resource_account=account, context=context
    ),
    st.sampled_from(
        [SESSION, SESSION, ROLE, USER, ROOT, "ec2.amazonaws.com", "*", "arn:aws:sts::111122223333:federated-user/bo"]
    ),
    st.sampled_from(ACTIONS),
    st.sampled_from([*RESOURCES, "arn:aws:s3:::photos/a*${b}?"]),
    st.sampled_from([None, None, "444455556666"]),
    contexts,
)
semantics = st.builds(
    Semantics,
    not_principal_session=st.booleans(),
    unset_variable_is_null=st.booleans(),
    session_policy_limits_session_arn=st.booleans(),
    everyone_includes_services=st.booleans(),
    account_grant_names_resource=st.booleans(),
)
laws = settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@laws
@given(requests, policy_sets, semantics)
def test_the_additions_flip_a_denial_and_none_of_them_can_be_left_out(
    request: Request, layers: PolicySet, reading: Semantics
) -> None:
    decision = evaluate(request, layers, reading)

    why = check_minimal(decision)

    if decision.allowed:
        assert (why.additions, why.denies, why.impossible) == ((), (), "")
    else:
        assert bool(why.denies) is (decision.outcome is Outcome.EXPLICIT_DENY)
        # A trust policy cannot speak of other services: the one denial here that nothing mends.
        mute = layers.resource is not None and layers.resource.kind == "trust" and request.action != "sts:AssumeRole"
        assert not why.impossible or mute
    # Two denials name another layer than the one that lacks something: of a federated user, whose session policy is
    # missing, and the one that AWS was seen to name for an account that is granted across accounts.
    named_otherwise = request.caller.kind is CallerKind.FEDERATED_USER or reading.account_grant_names_resource
    if not why.denies and why.additions and not named_otherwise:
        assert decision.denied_by in [one.layer for one in why.additions]


@laws
@given(st.sampled_from(CONDITIONS), contexts)
def test_every_way_around_a_condition_works(block: dict[str, Any], context: dict[str, Any]) -> None:
    """A value that is shown for a key keeps the Deny from applying, and each condition here has one."""
    policy = PermissionPolicy.deny("s3:*", condition=block)
    request = Request(SESSION, "s3:GetObject", CAT, context=context)
    decision = evaluate(request, PolicySet([policy]))
    assume(decision.outcome is Outcome.EXPLICIT_DENY)
    (denial,) = decision.why_not().denies

    conditions = [change for change in denial.ways if change.element == "Condition"]

    assert conditions
    for way in conditions:
        assert way.key is not None
        changed = {key: value for key, value in context.items() if key.lower() != way.key.lower()}
        if way.example is not None:
            changed[way.key] = way.example
        other = Request(SESSION, "s3:GetObject", CAT, context=changed)
        assert evaluate(other, PolicySet([policy])).outcome is Outcome.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("block", "value", "texts"),
    [
        ({"StringEquals": {"a:k": ["x", "y"]}}, "x", ["a:k is a text other than x or y", "a:k is absent"]),
        ({"StringEquals": {"a:k": list("xyzvw")}}, "x", ["a:k is a text other than x or y or z or one of 2 more", "a:k is absent"]),
        ({"StringNotEquals": {"a:k": "x"}}, None, ["a:k is x"]),
        ({"StringNotLike": {"a:k": "x*"}}, "z", ["a:k is a text like x*"]),
        ({"StringLike": {"a:k": "*"}}, "z", ["a:k is absent"]),
        ({"StringLikeIfExists": {"a:k": "*"}}, "z", []),
        ({"StringEquals": {"a:k": "${a:m, 'x'}"}}, "x", ["a:k is a text other than ${a:m, 'x'}", "a:k is absent"]),
        ({"Bool": {"a:k": "false"}}, "false", ["a:k is true", "a:k is absent"]),
        ({"BoolIfExists": {"a:k": "false"}}, None, ["a:k is true"]),
        ({"Null": {"a:k": "true"}}, None, ["a:k is present"]),
        ({"Null": {"a:k": "false"}}, "x", ["a:k is absent"]),
        ({"NotIpAddress": {"a:k": "10.0.0.0/8"}}, "192.0.2.1", ["a:k is an IP address inside 10.0.0.0/8"]),
        ({"IpAddress": {"a:k": "0.0.0.0/0"}}, "192.0.2.1", ["a:k is an IP address outside 0.0.0.0/0", "a:k is absent"]),
        ({"NumericLessThan": {"a:k": "5"}}, "4", ["a:k is a number not below 5", "a:k is absent"]),
        ({"NumericGreaterThanEquals": {"a:k": "5"}}, "5", ["a:k is a number below 5", "a:k is absent"]),
        ({"DateLessThanEquals": {"a:k": "2026-01-01"}}, "2025-01-01", ["a:k is a date above 2026-01-01", "a:k is absent"]),
        ({"ArnNotLike": {"a:k": "arn:aws:iam::*:role/x"}}, None, ["a:k is an ARN like arn:aws:iam::*:role/x"]),
        ({"ForAnyValue:StringEquals": {"a:k": "x"}}, ["x"], ["every value of a:k is a text other than x", "a:k is absent"]),
        ({"ForAllValues:StringEquals": {"a:k": "x"}}, ["x"], ["some value of a:k is a text other than x"]),
    ],
)  # fmt: skip
def test_a_way_says_which_key_and_what_kind_of_value(block: dict[str, Any], value: object, texts: list[str]) -> None:
    policy = PermissionPolicy.deny("*", condition=block)
    request = Request(SESSION, "s3:GetObject", CAT, context={} if value is None else {"a:k": value})

    assert evaluate(request, PolicySet([policy])).outcome is Outcome.EXPLICIT_DENY
    assert [change.text for change in request_changes(request, policy.statements[0])] == texts


def test_a_deny_without_conditions_is_avoided_by_another_request_only() -> None:
    policy = PermissionPolicy.deny("s3:Get*", resource="arn:aws:s3:::photos/*", sid="Keep").named("guard")
    why = evaluate(Request(SESSION, "s3:GetObject", CAT), PolicySet([policy])).why_not()

    assert [change.text for change in why.denies[0].ways] == [
        "another resource than arn:aws:s3:::photos/*",
        "another action than s3:Get*",
    ]
    assert str(why.denies[0]) == 'identity: "guard" /Statement (Sid "Keep")'
    assert "no addition helps while this applies" in str(why)


def test_a_deny_of_everything_has_no_way_around() -> None:
    why = evaluate(Request(SESSION, "s3:GetObject", CAT), PolicySet([PermissionPolicy.deny("*")])).why_not()

    assert why.denies[0].ways == ()
    assert "it applies to every request" in str(why)


def test_an_addition_says_where_it_belongs() -> None:
    limit = PermissionPolicy.allow("ec2:*").named("limit")
    policy = load_policy(document({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}), "scp")
    decision = evaluate(
        Request(SESSION, "s3:GetObject", CAT, role_arn="arn:aws:iam::111122223333:role/web/App"),
        PolicySet(boundaries=[limit], scps=[[policy]]),
    )

    scp, identity, boundary = decision.why_not().additions

    assert (scp.level, scp.where) == (1, "a service control policy at level 1, where the root is level 1")
    assert identity.where == "a policy of the role arn:aws:iam::111122223333:role/web/App"
    assert (boundary.where, boundary.into) == ('a statement in the permissions boundary "limit"', "limit")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": CAT}
    assert scp.statement == identity.statement == boundary.statement == statement
    assert str(identity) == f"identity: {json.dumps(statement)}"


def test_what_there_is_one_of_stays_one() -> None:
    """AWS has one boundary, one policy of a resource and one of an endpoint: statements join them, under their names."""
    limit = PermissionPolicy.allow("ec2:*").named("limit", "arn:aws:iam::111122223333:policy/limit")
    before = PolicySet(boundaries=[limit], resource=of_resource([["Allow", {"Service": "ec2.amazonaws.com"}]], "trust"))
    other = "arn:aws:iam::444455556666:role/Other"
    why = evaluate(Request(SESSION, "sts:AssumeRole", other), before).why_not()

    after = why.apply(before)

    (boundary,) = after.boundaries
    assert (boundary.label, len(boundary.statements)) == ("limit", 2)
    assert after.resource is not None
    assert len(after.resource.statements) == 2
    assert len(before.boundaries[0].statements) == 1


@pytest.mark.parametrize("name", ["a*b", "a?b", "${aws:username}", "$*", "${*}", "a$", "é ${"])
def test_an_addition_is_about_this_resource_alone(name: str) -> None:
    """Wildcards and variables in a name stand for themselves."""
    context = {"aws:username": "ana"}
    resource = "arn:aws:s3:::photos/" + name
    why = evaluate(Request(SESSION, "s3:GetObject", resource, context=context), PolicySet()).why_not()
    after = why.apply(PolicySet())

    assert evaluate(Request(SESSION, "s3:GetObject", resource, context=context), after)
    for other in (name + "x", "x" + name, "ab", "axb", "ana", "$x", "*"):
        assert not evaluate(Request(SESSION, "s3:GetObject", "arn:aws:s3:::photos/" + other, context=context), after)


def test_where_wildcards_cannot_be_escaped_the_addition_says_so() -> None:
    """In a document of 2008 there are no variables, so a star is a wildcard always."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "*", "Resource": "*"}
    layers = PolicySet([PermissionPolicy.allow("*")], resource={"Version": "2008-10-17", "Statement": statement})

    def addition(name: str) -> Any:
        request = Request(SESSION, "s3:GetObject", "arn:aws:s3:::b/" + name, resource_account="444455556666")
        return evaluate(request, layers).why_not().additions[0]

    assert addition("a*").statement["Resource"] == "arn:aws:s3:::b/a*"
    assert "covers other resources too" in addition("a*").notes[0]
    assert addition("${a}").statement["Resource"] == "arn:aws:s3:::b/${a}"
    assert not any("covers" in note for note in addition("${a}").notes)
    assert addition("a*").document["Version"] == "2008-10-17"


def test_a_statement_that_lacks_its_conditions_only_is_named_as_the_other_cure() -> None:
    """Who passed the wrong external id wants the right one, not a trust policy without."""
    trust = TrustPolicy.account("111122223333", external_id="right")
    other = "arn:aws:iam::444455556666:role/Other"
    request = Request(SESSION, "sts:AssumeRole", other, context={"sts:ExternalId": "wrong"})

    why = evaluate(request, PolicySet([PermissionPolicy.allow("sts:*")], resource=trust)).why_not()

    assert why.additions[0].notes[0] == (
        'without it: "trust policy" /Statement allows this once its conditions hold: '
        "StringEquals sts:ExternalId wants right, and the request has wrong"
    )


def test_a_call_that_never_came_to_policies_has_its_reason() -> None:
    why = Decision.refused("The provided token has expired.", reason="expired").why_not()

    assert (why.additions, why.denies) == ((), ())
    assert "The provided token has expired." in str(why)
    assert why.to_dict()["additions"] == []


def test_the_answer_cannot_be_changed() -> None:
    why = evaluate(Request(SESSION, "s3:GetObject", CAT), PolicySet()).why_not()

    why.additions[0].statement["Effect"] = "Deny"
    assert why.additions[0].statement["Effect"] == "Allow"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        why.additions = ()


def test_many_statements_are_told_on_a_screen_and_soon() -> None:
    """5,000 Denys that apply and 5,000 Allows that nearly do, in every layer, with hostile names."""
    sid = "\u202e\x85" + "x" * 300
    many = [
        {"Sid": f"{sid}{n}", "Effect": "Deny" if n % 2 else "Allow", "Action": "s3:*", "Resource": CAT + "*" * (n % 2)}
        for n in range(5000)
    ]
    policy = load_policy(document(*many)).named("a\x1b[31m\nred" * 50)
    layers = PolicySet([policy], boundaries=[policy], session=[policy])
    decision = evaluate(Request(SESSION, "s3:GetObject", CAT + "x" * 500, context={"a:k": "v"}), layers)

    start = time.process_time()
    why = decision.why_not()
    for text in (str(why), decision.explain()):
        lines = text.splitlines()
        assert len(lines) <= 24
        assert max(map(len, lines)) <= 120
        assert text.replace("\n", "").isprintable()
    assert len(why.denies) == 7500
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("value", "has", "way"),
    [
        ("${aws:SourceVpc}", "vpc-1", "aws:SourceVpc is vpc-1"),
        ("team/${aws:SourceVpc}/x", "team/a/x", "aws:SourceVpc is a"),
        ("team/${aws:SourceVpc}/x", "group/a/x", None),
    ],
)
def test_a_value_for_a_variable_without_one_is_a_way_around_a_deny(value: str, has: str, way: str | None) -> None:
    deny = PermissionPolicy.deny("*", condition={"StringNotEquals": {"aws:Ec2InstanceSourceVpc": value}})
    request = Request(SESSION, "s3:GetObject", context={"aws:Ec2InstanceSourceVpc": has})

    (denial,) = evaluate(request, PolicySet([PermissionPolicy.allow("*"), deny])).why_not().denies

    found = [one for one in denial.ways if one.key == "aws:SourceVpc"]
    assert [one.text for one in found] == ([way] if way else [])
    for one in found:
        changed = Request(SESSION, "s3:GetObject", context={**request.context, "aws:SourceVpc": one.example})
        assert evaluate(changed, PolicySet([PermissionPolicy.allow("*"), deny])).allowed


def test_under_the_other_reading_ways_are_those_of_that_reading() -> None:
    """A Deny that applies for another reason is avoided by what that reading leaves alone."""
    deny = PermissionPolicy.deny("*", condition={"StringNotEquals": {"aws:username": ["${aws:SourceVpc}", "y"]}})
    request = Request(SESSION, "s3:GetObject", context={"aws:username": "x"})
    policies = PolicySet([PermissionPolicy.allow("*"), deny])

    assert not evaluate(request, policies)
    assert evaluate(request, policies, Semantics(unset_variable_is_null=False))
