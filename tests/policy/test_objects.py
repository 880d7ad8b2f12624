"""What policies, requests and decisions are as objects: immutable, plain to read, cheap to combine."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import Any

import attrs
import pytest

from ec2roles.errors import ArgumentError, PolicyTooLargeError, ValidationError
from ec2roles.policy import (
    Context,
    Decision,
    Outcome,
    PermissionPolicy,
    Policy,
    PolicySet,
    Request,
    TrustPolicy,
    check_size,
    evaluate,
    lint,
    load_policy,
)

SESSION = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
DOCUMENT: dict[str, Any] = {
    "Version": "2012-10-17",
    "Id": "x",
    "Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": ["s3:*"], "Resource": "*", "Condition": {"Bool": {"a:b": True}}}
    ],
}


def test_a_policy_shares_nothing_with_what_it_was_made_from() -> None:
    """Changing the document, before or after, changes no policy."""
    policy = load_policy(DOCUMENT)
    policy.to_dict()["Statement"][0]["Action"].append("ec2:*")
    assert policy.to_dict() == DOCUMENT
    assert policy.statements[0].actions == ("s3:*",)
    assert policy.statements[0].conditions[0].values == ("true",)


def test_a_policy_cannot_be_changed() -> None:
    """Policies and statements are frozen."""
    policy: Any = load_policy(DOCUMENT)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.name = "x"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.statements[0].effect = "Deny"


def test_a_named_copy_shares_the_statements() -> None:
    """A label is cheap."""
    policy = load_policy(DOCUMENT)
    copy = policy.named("read", arn="arn:aws:iam::aws:policy/read")
    assert (copy.name, copy.arn, policy.name) == ("read", "arn:aws:iam::aws:policy/read", None)
    assert copy.statements is policy.statements
    assert type(copy) is PermissionPolicy


def test_the_class_follows_the_kind() -> None:
    """Permissions, trust, and the rest."""
    assert isinstance(load_policy(DOCUMENT), PermissionPolicy)
    assert isinstance(load_policy(TrustPolicy.service("ec2.amazonaws.com").to_json(), "trust"), TrustPolicy)
    bucket = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
    assert type(load_policy(bucket, "resource")) is Policy
    assert load_policy(load_policy(DOCUMENT), "scp").kind == "scp"
    assert load_policy(load_policy(DOCUMENT), "boundary").statements is not None


def test_a_document_that_aws_holds_may_be_old() -> None:
    """Only for documents that are stored already, the Version may be missing; variables are then plain text."""
    old = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:userid}"}}
    policy = load_policy(old, stored=True)
    request = Request(SESSION, "s3:GetObject", "arn:aws:s3:::x", context={"aws:userid": "x"})
    assert not evaluate(request, PolicySet([policy]))


def test_size_counts_no_white_space_between_tokens() -> None:
    """The quota is about what is left."""
    spaced = load_policy(
        '{ "Version" : "2012-10-17",\n "Statement" : {"Effect":"Allow","Action":"a b:*","Resource":"*"} }'.replace(
            "a b", "ab"
        )
    )
    assert spaced.size == len(spaced.to_json())
    with pytest.raises(PolicyTooLargeError, match=f"{spaced.size} characters, limit 10"):
        check_size(spaced, 10)


def test_escaped_characters_survive() -> None:
    """IAM stores what comes as an escape; the text stays loadable."""
    text = DOCUMENT | {"Id": "\u2028"}
    policy = load_policy(text)
    assert policy.to_dict() == text
    assert load_policy(policy.to_json()) == policy


def test_a_request_reads_its_account_from_the_resource() -> None:
    """From the ARN, else the principal's."""
    assert Request(SESSION, "sqs:X", "arn:aws:sqs:us-east-1:444455556666:q").resource_account == "444455556666"
    assert Request(SESSION, "s3:X", "arn:aws:s3:::b").resource_account == "123456789012"
    assert Request(SESSION, "iam:X", "arn:aws:iam::aws:policy/x").resource_account == "123456789012"
    assert (
        Request(SESSION, "s3:X", "arn:aws:s3:::b", resource_account="444455556666").resource_account == "444455556666"
    )


@pytest.mark.parametrize("action", ["s3:Get*", "s3:G?t", "*", "s3", "a:b:c", ""])
def test_a_request_is_for_one_plain_action(action: str) -> None:
    """Wildcards belong in policies."""
    with pytest.raises(ValidationError):
        Request(SESSION, action)


@pytest.mark.parametrize("principal", ["", "alice", "arn:aws:iam::1:user/x", "arn:aws:iam::123456789012:group/g"])
def test_a_request_needs_somebody(principal: str) -> None:
    """A principal is a session, user, role, root, federated user, service or provider."""
    with pytest.raises(ValidationError):
        Request(principal, "s3:GetObject")


@pytest.mark.parametrize("value", [None, object(), {"a": 1}, [None]])
def test_a_context_value_is_text_or_becomes_text(value: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(TypeError):
        Request(SESSION, "s3:GetObject", context={"aws:Key": value})


def test_context_values_are_normalised_once() -> None:
    """Booleans, numbers, instants and lists become text."""
    context = Context.of(
        {
            "a:B": True,
            "a:N": 3,
            "a:D": datetime(2026, 1, 1, tzinfo=timezone.utc),
            "a:L": ["x", 2],
            "a:E": [],
            "a:Y": b"hi",
        }
    )
    assert context.to_dict() == {
        "a:b": "true",
        "a:n": "3",
        "a:d": "2026-01-01T00:00:00Z",
        "a:l": ["x", "2"],
        "a:y": "aGk=",
    }
    assert context.extended({"A:b": "false", "a:L": []}).to_dict()["a:b"] == "false"
    assert "a:l" not in context.extended({"a:L": []})
    assert context["A:B"] == "true"


@pytest.mark.parametrize("value", ["2.2.2.2", ["2.2.2.2"], True, []])
def test_a_context_key_in_two_spellings_is_refused(value: object) -> None:
    twice = {"aws:SourceIp": "1.1.1.1", "AWS:sourceip": value}
    for made in (lambda: Context.of(twice), lambda: Request(SESSION, "s3:GetObject", context=twice)):
        for _ in range(2):  # what was looked at once is remembered
            with pytest.raises(ArgumentError, match=r"'aws:SourceIp' and 'AWS:sourceip'.*give it once"):
                made()


@pytest.mark.parametrize(
    "actions", [("s3:GetObject", "*"), ("*", "s3:GetObject"), ("s3:GetObject", "s3:PutObject", "*")]
)
def test_an_asterisk_beside_an_action_is_meant_as_the_resource(actions: tuple[str, ...]) -> None:
    for made, word in ((PermissionPolicy.allow, "allow"), (PermissionPolicy.deny, "deny")):
        with pytest.raises(ArgumentError, match=rf"write resource='\*', or {word}\('\*'\) for every action"):
            made(*actions)
        assert made("*").statements[0].actions == ("*",)
        assert made("s3:GetObject", resource="*").statements[0].actions == ("s3:GetObject",)


def test_the_callers_context_is_not_shared() -> None:
    """Changing the dict afterwards changes no request."""
    context = {"aws:SourceIp": "10.0.0.1"}
    request = Request(SESSION, "s3:GetObject", context=context)
    context["aws:SourceIp"] = "192.0.2.1"
    assert request.context["aws:SourceIp"] == "10.0.0.1"


def test_a_decision_carries_notes() -> None:
    """A wildcard in a request's resource is literal, and that is said."""
    decision = evaluate(Request(SESSION, "s3:GetObject", "arn:aws:s3:::b/*"), PolicySet())
    assert "literal" in decision.notes[0]
    assert decision.with_notes("more").notes[1:] == ("more",)
    assert not evaluate(Request(SESSION, "s3:ListAllMyBuckets", "arn:aws:s3:::*"), PolicySet()).notes


def test_all_buckets_are_listed_on_their_literal_name_whatever_the_caller_says() -> None:
    """AWS has no resource for it, and yet `arn:aws:s3:::*` grants it (service authorization reference); any other action keeps its `*`."""
    buckets = PolicySet([PermissionPolicy.allow("s3:*", resource="arn:aws:s3:::*")])
    for action in ("s3:ListAllMyBuckets", "S3:listallmybuckets"):
        assert Request(SESSION, action) == Request(SESSION, action, "arn:aws:s3:::*")
        assert evaluate(Request(SESSION, action), buckets)
    one = PolicySet([PermissionPolicy.allow("s3:*", resource="arn:aws:s3:::*log*")])
    assert not evaluate(Request(SESSION, "s3:ListAllMyBuckets"), one)
    assert not evaluate(Request(SESSION, "s3:ListAccessPoints"), buckets)


def test_a_decision_cannot_be_set() -> None:
    """It is what was decided."""
    decision: Any = evaluate(Request(SESSION, "s3:GetObject"), PolicySet())
    with pytest.raises(AttributeError):
        decision.allowed = True


def test_a_policy_that_was_used_can_be_pickled() -> None:
    """What it prepared for itself stays behind."""
    policy = load_policy(DOCUMENT).named("read")
    evaluate(Request(SESSION, "s3:GetObject", context={"a:b": True}), PolicySet([policy]))
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert pickle.loads(pickle.dumps(policy.statements[0])) == policy.statements[0]


def test_a_refused_call_has_a_decision_too() -> None:
    """A call that never came to policies is denied by its credentials."""
    decision = Decision.refused("expired", reason="expired")
    assert (decision.allowed, decision.outcome, decision.denied_by) == (False, Outcome.IMPLICIT_DENY, "credentials")
    assert decision.message == "expired"
    assert "expired" in decision.explain()
    assert decision.to_dict()["request"] is None


def test_an_explanation_names_what_nearly_matched() -> None:
    """The missing key, the variable without a value, and the trap of aws:username."""
    policy = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::home/${aws:username}/*").named("home")
    text = evaluate(Request(SESSION, "s3:GetObject", "arn:aws:s3:::home/x/y"), PolicySet([policy])).explain()
    assert '"home" /Statement' in text
    assert "${aws:username}" in text
    assert "never exists in a role session" in text
    policy = PermissionPolicy.allow("s3:GetObject", condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    text = evaluate(Request(SESSION, "s3:GetObject"), PolicySet([policy])).explain()
    assert "Missing context keys: aws:RequestedRegion" in text


def test_an_explanation_cannot_colour_the_screen() -> None:
    """Control characters in names are escaped."""
    policy = PermissionPolicy.deny("s3:*").named("\x1b[31mred")
    assert "\x1b" not in evaluate(Request(SESSION, "s3:GetObject"), PolicySet([policy])).explain()


def test_layers_can_be_swapped_without_loading_again() -> None:
    """The identity's plans are shared."""
    base = PolicySet([PermissionPolicy.allow("s3:*")])
    narrowed = base.with_layers(session=[PermissionPolicy.allow("s3:GetObject")])
    assert evaluate(Request(SESSION, "s3:GetObject"), narrowed)
    assert evaluate(Request(SESSION, "s3:PutObject"), narrowed).denied_by == "session"
    assert evaluate(Request(SESSION, "s3:PutObject"), narrowed.with_layers(session=None))


def test_a_policy_without_resource_elements_is_a_trust_policy() -> None:
    """So a dict can be given as the policy of a role."""
    trust = PolicySet(resource=TrustPolicy.service("ec2.amazonaws.com").to_dict())
    assert evaluate(Request("ec2.amazonaws.com", "sts:AssumeRole", "arn:aws:iam::123456789012:role/x"), trust)
    assert trust.resource is not None
    assert trust.resource.kind == "trust"


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (PermissionPolicy.allow("s3:Get Object"), "action"),
        (PermissionPolicy.allow("s3:*", resource="arn:aws:s3:::${aws:username}"), "username"),
        (PermissionPolicy.allow("s3:*", resource="arn:aws:sqs"), "short-arn"),
        (PermissionPolicy.allow("s3:*", condition={"StringEquals": {"a:b": "x*"}}), "literal-wildcard"),
        (PermissionPolicy.allow("s3:*", condition={"ForAllValues:StringEquals": {"a:b": "x"}}), "for-all-values"),
        (PermissionPolicy.allow("s3:*", condition={"StringEquals": {"aws:TagKeys": "x"}}), "multivalued"),
    ],
)
def test_lint_warns_about_what_aws_accepts(policy: PermissionPolicy, code: str) -> None:
    """Each warning has a place and a stable code."""
    assert code in [warning.code for warning in lint(policy)]


def test_lint_checks_action_names_only_against_a_list() -> None:
    """The core ships no list of actions."""
    policy = PermissionPolicy.allow("s3:ListBukket")
    assert lint(policy) == ()
    assert "s3:ListBucket'" in lint(policy, ["s3:ListBucket", "s3:GetObject"])[0].suggestion
