"""What a decision knows about each layer, and how it is told: never more than a screen, never a control character."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles.errors import PolicyError
from ec2roles.policy import Decision, PermissionPolicy, PolicySet, Request, evaluate, load_policy
from ec2roles.policy.explain.rendering import COLUMNS, LINES, fitting, printable, render, wrapped
from helpers.sizes import examples

SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0abc"
CAT = "arn:aws:s3:::photos/cat.jpg"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(**changes: Any) -> dict[str, Any]:
    """Return an Allow of everything, with some elements changed."""
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **changes}


def decide(*identity: dict[str, Any], context: dict[str, Any] | None = None, **layers: Any) -> Decision:
    """Decide whether the session may read the cat."""
    policies = PolicySet([document(*identity)] if identity else [], **layers)
    return evaluate(Request(SESSION, "s3:GetObject", CAT, context=context or {}), policies)


def fits(text: str) -> bool:
    """Whether *text* fits on a screen and moves no cursor."""
    lines = text.splitlines()
    narrow = all(fitting(line, COLUMNS) == len(line) for line in lines)
    return len(lines) <= LINES and narrow and all(line.isprintable() for line in lines)


def test_each_failed_element_has_its_place_and_both_values() -> None:
    decision = decide(
        allow(
            Sid="Near",
            Resource="arn:aws:s3:::photos/dog.jpg",
            Condition={"StringEquals": {"aws:PrincipalTag/team": "a"}, "Bool": {"aws:SecureTransport": "true"}},
        ),
        context={"aws:SecureTransport": "false"},
    )

    (layer,) = decision.layers
    (finding,) = layer.findings
    assert (layer.layer, layer.level, layer.says, finding.applies) == ("identity", None, "does not allow", False)
    assert [(miss.element, miss.pointer, miss.key, miss.wanted, miss.found) for miss in finding.failed] == [
        ("Resource", "/Statement/0/Resource", None, ("arn:aws:s3:::photos/dog.jpg",), CAT),
        (
            "Condition",
            "/Statement/0/Condition/StringEquals/aws:PrincipalTag~1team",
            "aws:PrincipalTag/team",
            ("a",),
            None,
        ),
        ("Condition", "/Statement/0/Condition/Bool/aws:SecureTransport", "aws:SecureTransport", ("true",), "false"),
    ]
    assert finding.missing_keys == ("aws:PrincipalTag/team",)


def test_a_principal_that_fails_is_an_element_like_others() -> None:
    other = allow(Principal={"AWS": "arn:aws:iam::111122223333:role/Other"})
    chain = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/App", SESSION]
    spared = {**allow(Effect="Deny"), "NotPrincipal": {"AWS": chain}}
    decision = decide(resource=load_policy(document(other, spared), "resource"))

    first, second = decision.layers[-1].findings

    assert [(miss.element, miss.found) for miss in first.failed] == [("Principal", SESSION)]
    assert [(miss.element, miss.pointer) for miss in second.failed] == [("NotPrincipal", "/Statement/1/NotPrincipal")]


def test_a_principal_that_matches_says_how() -> None:
    names = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/App", SESSION]
    decision = decide(resource=load_policy(document(allow(Principal={"AWS": names})), "resource"))

    assert decision.layers[-1].findings[0].grants == ("account", "role", "caller")


def test_an_account_that_is_named_alone_is_told_to_decide_itself() -> None:
    root = allow(Principal={"AWS": "arn:aws:iam::111122223333:root"})

    text = decide(resource=load_policy(document(root), "resource")).explain()

    assert "resource: allows the account, whose own policies then decide" in text


def test_variables_without_a_value_are_named_in_resources_and_conditions() -> None:
    decision = decide(
        allow(Resource="arn:aws:s3:::photos/${aws:username}"),
        allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "${aws:RequestTag/team}"}}),
        context={"aws:PrincipalTag/team": "a"},
    )

    assert [one.unresolved for one in decision.layers[0].findings] == [("aws:username",), ("aws:RequestTag/team",)]
    assert decision.to_dict()["unresolved_variables"] == ["aws:username", "aws:RequestTag/team"]
    assert "Variables without a value: ${aws:username}, ${aws:RequestTag/team}" in decision.explain()


def test_a_condition_that_holds_without_its_key_is_told() -> None:
    """The classic surprise: a Deny on a key that the request does not have."""
    decision = decide(
        allow(), {**allow(Effect="Deny"), "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}
    )

    assert decision.layers[0].findings[1].assumed_keys == ("aws:RequestedRegion",)
    assert "(and holds without aws:RequestedRegion)" in " ".join(decision.explain().split())


def test_where_nothing_names_the_action_its_neighbours_are_shown() -> None:
    decision = decide(allow(Action=["s3:PutObject", "s3:ListBucket"]), allow(Action="ec2:*"), allow(Action="s3:Get"))

    findings = decision.layers[0].findings

    assert [(one.failed[0].element, one.statement.index) for one in findings] == [("Action", 0), ("Action", 2)]
    assert "it allows s3:PutObject, s3:ListBucket, not s3:GetObject" in decision.explain()


def test_every_level_has_its_report() -> None:
    everything = load_policy(document(allow()), "scp")
    nothing = load_policy(document(allow(Action="ec2:*")), "scp")

    decision = decide(allow(), scps=[[everything], [nothing], [everything]])

    assert [(one.label, one.says) for one in decision.layers] == [
        ("scp level 1", "allows"),
        ("scp level 2", "does not allow"),
        ("scp level 3", "allows"),
        ("identity", "allows"),
    ]


def test_a_layer_that_is_not_asked_says_so() -> None:
    request = Request("lambda.amazonaws.com", "s3:GetObject", CAT, resource_account="111122223333")
    decision = evaluate(request, PolicySet([document(allow())]))

    assert decision.layers[0].skipped == "not asked for this caller"


def test_a_call_that_never_came_to_policies_has_no_layers() -> None:
    decision = Decision.refused("The provided token has expired.", reason="expired")

    assert decision.layers == ()
    assert decision.to_dict()["layers"] == []


def test_plain_data_is_plain_and_the_same_each_time() -> None:
    decision = decide(
        allow(Condition={"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}}), context={"aws:TagKeys": ["x"]}
    )

    plain = decision.to_dict()

    assert json.loads(json.dumps(plain)) == plain == decision.to_dict()
    assert plain["layers"][0]["statements"][0]["failed"][0]["found"] == ["x"]


@pytest.mark.parametrize(
    ("effect", "resource"), [("Deny", "*"), ("Allow", "arn:aws:s3:::${aws:username}/" + "x" * 400)]
)
def test_5000_statements_are_explained_on_a_screen(effect: str, resource: str) -> None:
    condition = {"StringNotLikeIfExists": {f"aws:PrincipalTag/{'t' * 90}": ["y" * 200] * 3}}
    many = [
        {
            "Sid": f"{'S' * 200}{number}",
            "Effect": effect,
            "Action": "s3:*",
            "Resource": resource,
            "Condition": condition,
        }
        for number in range(5000)
    ]
    policy = load_policy(document(*many)).named("n" * 500)
    layers = PolicySet([policy], scps=[[load_policy(document(allow(Action=f"x{n}:*")), "scp")] for n in range(30)])
    decision = evaluate(Request(SESSION, "s3:GetObject", CAT + "k" * 900), layers).with_notes("a note " * 60, "another")

    start = time.process_time()
    text = decision.explain()

    assert fits(text)
    assert text.splitlines()[-1] == "Note: another"
    assert time.process_time() - start < 1.5


hostile = st.text(st.characters(exclude_categories=("Cs",)), max_size=60) | st.sampled_from(
    ["\x1b[2J\x1b[31mDenied", "a\r\nAllowed: everything", "\u202etxt.exe", "日本語" * 40, "\x9b31m", "\u2028line"]
)


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(hostile, min_size=6, max_size=6))
def test_no_name_moves_the_cursor_or_leaves_the_screen(names: list[str]) -> None:
    sid, label, key, value, session, note = names
    policy = PermissionPolicy.allow("s3:*").named(label or None)
    condition = {"StringEquals": {"aws:PrincipalTag/" + key: value}}
    try:
        guarded = load_policy(document(allow(Sid=sid, Resource="arn:aws:s3:::" + value, Condition=condition)))
    except PolicyError:
        guarded = load_policy(document(allow(Sid="plain")))
    caller = "arn:aws:sts::111122223333:assumed-role/App/" + session.replace("/", "").replace("*", "") + "x"
    request = Request(caller, "s3:GetObject", "arn:aws:s3:::photos/" + note, context={"aws:PrincipalTag/" + key: note})
    for layers in (PolicySet([guarded]), PolicySet([policy], boundaries=[guarded.named(label)])):
        decision = evaluate(request, layers).with_notes(note)
        assert fits(decision.explain())
        assert fits(str(decision.why_not()))


def test_long_lines_are_wrapped_where_there_is_room_and_cut_where_not() -> None:
    line = "  " + "word " * 100

    assert len(wrapped(line, 9)) == 5
    assert wrapped(line, 9)[1].startswith("      word")
    (cut,) = wrapped(line, 1)
    assert (len(cut), cut[-3:]) == (COLUMNS, "...")
    assert len(render([line] * 24).splitlines()) == LINES
    assert render([line] * 25, ["end"]).splitlines()[-2:] == ["... and 3 more lines", "end"]


def test_wide_characters_take_two_columns() -> None:
    assert fitting("日" * 70, COLUMNS) == 60
    assert [fitting(part, COLUMNS) == len(part) for part in wrapped("日" * 200, 9)] == [True] * 4


def test_what_is_not_printed_is_escaped() -> None:
    assert printable("a\x1b[0m\n\u202e\ud800é") == "a\\x1b[0m\\n\\u202e\\ud800é"


def test_a_variable_without_a_value_that_a_deny_applies_for_is_named() -> None:
    here = {"StringNotEquals": {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"}}
    elsewhere = {"NotResource": "arn:aws:s3:::home/${aws:username}/*"}
    deny = {"Effect": "Deny", "Action": "*", **elsewhere, "Condition": here}
    decision = decide(allow(), deny, context={"aws:Ec2InstanceSourceVpc": "vpc-1"})

    (finding,) = [one for one in decision.layers[0].findings if one.statement.effect == "Deny"]

    assert (finding.applies, finding.unresolved) == (True, ())
    assert finding.assumed_variables == ("aws:username", "aws:SourceVpc")
    assert finding.to_dict()["assumed_variables"] == ["aws:username", "aws:SourceVpc"]
    text = " ".join(decision.explain().split())
    assert "(and ${aws:username}, ${aws:SourceVpc} has no value, and everything differs from it)" in text


def test_a_variable_that_makes_no_difference_is_not_named() -> None:
    """Its key has a value, or it is the condition's key that is absent."""
    here = {"StringNotEquals": {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"}}
    deny = allow(Effect="Deny", Condition=here)
    for context in ({"aws:SourceVpc": "vpc-2", "aws:Ec2InstanceSourceVpc": "vpc-1"}, {}):
        (finding,) = decide(deny, context=context).layers[0].findings
        assert (finding.applies, finding.assumed_variables) == (True, ())


@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        (["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/App"], SESSION),
        (["arn:aws:iam::111122223333:root", SESSION], "arn:aws:iam::111122223333:role/App"),
        (["arn:aws:iam::111122223333:role/App", SESSION], "arn:aws:iam::111122223333:root"),
        (["111122223333"], f"arn:aws:iam::111122223333:role/App, {SESSION}"),
    ],
)
def test_whom_a_not_principal_lacks_is_told(listed: list[str], missing: str) -> None:
    deny = {**allow(Effect="Deny"), "NotPrincipal": {"AWS": listed}}
    decision = decide(allow(), resource=load_policy(document(deny), "resource"))

    assert decision.denied_by == "resource"
    assert decision.layers[-1].findings[0].to_dict()["unlisted_principals"] == missing.split(", ")
    assert f"(and its NotPrincipal lacks {missing})" in " ".join(decision.explain().split())
    assert missing in " ".join(decision.why_not().explain().split())


def test_a_not_principal_that_lacks_nobody_is_told_to_spare_no_boundary() -> None:
    chain = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/App", SESSION]
    deny = load_policy(document({**allow(Effect="Deny"), "NotPrincipal": {"AWS": chain}}), "resource")

    text = decide(allow(), resource=deny, boundaries=[document(allow())]).explain()

    assert "its NotPrincipal spares nobody with a permissions boundary" in " ".join(text.split())
    assert decide(allow(), resource=deny).allowed


def test_an_old_policy_that_allows_everyone_but_some_is_judged_where_aws_holds_it_already() -> None:
    """It cannot be saved any more; a boundary takes nothing away from an Allow."""
    chain = ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/App", SESSION]
    for listed, allowed in ((chain, False), (chain[:2], True), (["999988887777"], True)):
        old = document({**allow(), "NotPrincipal": {"AWS": listed}})
        with pytest.raises(PolicyError, match="Allow with NotPrincipal is not allowed"):
            load_policy(old, "resource")
        stored = load_policy(old, "resource", stored=True)
        assert decide(resource=stored).allowed is allowed
        assert decide(resource=stored, boundaries=[document(allow())]).allowed is allowed
