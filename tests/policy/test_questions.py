"""Questions about many requests: what is permitted, and what a change of the policies changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles.errors import ValidationError
from ec2roles.policy import (
    Context,
    Outcome,
    PermissionPolicy,
    PolicySet,
    Request,
    Semantics,
    compare,
    evaluate,
    load_policy,
    parse_caller,
    permitted_actions,
)
from ec2roles.policy.explain import analysis
from helpers.sizes import examples

SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0abc"
CAT = "arn:aws:s3:::photos/cat.jpg"
NAMES = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "ec2:RunInstances",
    "ec2:DescribeInstances",
    "sts:AssumeRole",
]
READER = PolicySet([PermissionPolicy.allow("s3:Get*", "ec2:Describe*")])


def test_the_permitted_are_the_candidates_that_evaluate_allows() -> None:
    permitted = permitted_actions(READER, NAMES, principal=SESSION, resource="*")

    assert permitted.actions == ("s3:GetObject", "ec2:DescribeInstances")
    assert permitted.denied == ("s3:PutObject", "s3:DeleteObject", "ec2:RunInstances", "sts:AssumeRole")
    assert [*permitted] == list(permitted.actions)
    assert (len(permitted), "S3:getobject" in permitted, "s3:PutObject" in permitted, 7 in permitted) == (
        2,
        True,
        False,
        False,
    )


def test_each_candidate_has_its_decision() -> None:
    permitted = permitted_actions(READER, NAMES, principal=SESSION, resource=CAT)

    assert permitted.decision("s3:GETOBJECT").allowed
    assert permitted.decision("s3:PutObject").denied_by == "identity"
    assert permitted.decision("s3:PutObject").why_not().additions[0].statement["Resource"] == CAT
    assert permitted.decision("sts:AssumeRole").denied_by == "trust"
    with pytest.raises(KeyError):
        permitted.decision("sqs:SendMessage")


@pytest.mark.parametrize(
    ("matching", "actions"),
    [
        ("*", ("s3:GetObject", "s3:PutObject", "ec2:RunInstances")),
        ("s3:*", ("s3:GetObject", "s3:PutObject")),
        ("S3:?etObject", ("s3:GetObject",)),
        (["s3:Put*", "ec2:*"], ("s3:PutObject", "ec2:RunInstances")),
        ([], ()),
    ],
)
def test_a_pattern_keeps_the_candidates_that_match_it(matching: Any, actions: tuple[str, ...]) -> None:
    everything = PolicySet([PermissionPolicy.allow("*")])
    names = ["s3:GetObject", "s3:PutObject", "ec2:RunInstances"]

    assert permitted_actions(everything, names, principal=SESSION, matching=matching).actions == actions


def test_a_candidate_that_comes_twice_counts_once() -> None:
    permitted = permitted_actions(READER, iter(["s3:GetObject", "S3:getobject"]), principal=SESSION)

    assert permitted.actions == ("s3:GetObject",)


def test_context_resource_account_and_reading_count() -> None:
    tagged = PolicySet([PermissionPolicy.allow("s3:*", condition={"StringEquals": {"aws:PrincipalTag/team": "a"}})])
    for context in ({"aws:PrincipalTag/team": "a"}, Context.of({"aws:PrincipalTag/team": "a"})):
        assert permitted_actions(tagged, NAMES, principal=parse_caller(SESSION), context=context).actions == tuple(
            NAMES[:3]
        )
    assert permitted_actions(tagged, NAMES, principal=SESSION).actions == ()
    other = permitted_actions(READER, NAMES, principal=SESSION, resource_account="444455556666")
    assert other.decision("s3:GetObject").denied_by == "resource"
    reading = Semantics(name_policy_arn=True)
    asked = permitted_actions(READER, NAMES, principal=SESSION, semantics=reading)
    assert asked.decision("s3:GetObject").semantics is reading


@pytest.mark.parametrize(
    ("candidates", "options", "error"),
    [
        ("s3:GetObject", {}, TypeError),
        (["s3:*"], {}, ValidationError),
        (["GetObject"], {}, ValidationError),
        ([None], {}, TypeError),
        (NAMES, {"principal": "nobody"}, ValidationError),
        (NAMES, {"matching": "s3"}, ValidationError),
    ],
)
def test_bad_questions_are_refused(candidates: Any, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        permitted_actions(READER, candidates, **{"principal": SESSION, **options})


def test_questions_are_about_policy_sets() -> None:
    policy: Any = PermissionPolicy.allow("*")
    with pytest.raises(TypeError, match="PolicySet, got PermissionPolicy"):
        permitted_actions(policy, NAMES, principal=SESSION)
    with pytest.raises(TypeError, match="PolicySet, got PermissionPolicy"):
        compare(READER, policy, [])


def test_one_evaluation_for_each_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(request: Request, *rest: Any) -> Any:
        asked.append(request)
        return evaluate(request, *rest)

    monkeypatch.setattr(analysis, "evaluate", counted)
    permitted_actions(READER, NAMES, principal=SESSION)
    assert len(asked) == len(NAMES)
    compare(READER, READER, [Request(SESSION, name) for name in NAMES])
    assert len(asked) == 3 * len(NAMES)


def asked() -> Iterator[Request]:
    """Yield one request for each name, once."""
    for name in NAMES:
        yield Request(SESSION, name, "*")


def test_compare_lists_the_requests_whose_answer_changes() -> None:
    writer = PolicySet([PermissionPolicy.allow("s3:Put*", "ec2:Describe*")])

    lost, gained = compare(READER, writer, asked())

    assert (lost.request.action, lost.lost, lost.gained) == ("s3:GetObject", True, False)
    assert (gained.request.action, gained.lost, gained.gained) == ("s3:PutObject", False, True)
    assert (gained.before.allowed, gained.after.allowed) == (False, True)
    assert str(lost) == "s3:GetObject: allowed before, implicit deny (identity) after"
    assert compare(READER, READER, asked()) == ()


def test_compare_lists_other_reasons_when_asked() -> None:
    denied = PolicySet([*READER.identity, PermissionPolicy.deny("s3:Put*")])

    assert compare(READER, denied, asked()) == ()
    (change,) = compare(READER, denied, asked(), reasons=True)
    assert change.after.outcome is Outcome.EXPLICIT_DENY
    assert (change.gained, change.lost) == (False, False)


entries = st.lists(st.sampled_from([*NAMES, "*", "s3:*", "s3:?etObject", "ec2:*"]), min_size=1, max_size=2)
statements = st.builds(
    lambda effect, actions, resource: {"Effect": effect, "Action": actions, "Resource": resource},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    entries,
    st.sampled_from(["*", CAT]),
)
policy_sets = st.lists(statements, min_size=1, max_size=3).map(
    lambda found: PolicySet([load_policy({"Version": "2012-10-17", "Statement": found})])
)


@settings(max_examples=examples(60), deadline=None)
@given(policy_sets, policy_sets, st.lists(st.sampled_from(NAMES)), st.sampled_from(["*", CAT]))
def test_both_questions_agree_with_evaluate(
    before: PolicySet, after: PolicySet, names: list[str], resource: str
) -> None:
    old = permitted_actions(before, names, principal=SESSION, resource=resource)
    new = permitted_actions(after, names, principal=SESSION, resource=resource)
    requests = [Request(SESSION, name, resource) for name in names]

    assert [*old] == [one.action for one in dict.fromkeys(requests) if evaluate(one, before)]
    changed = {change.request.action for change in compare(before, after, requests)}
    assert changed == {*old} ^ {*new}
