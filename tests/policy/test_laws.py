"""The promises about decisions, on random policies over a small alphabet so that matches happen."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles.policy import Decision, Outcome, PolicySet, Request, Statement, evaluate, load_policy
from ec2roles.policy.document import Policy
from helpers.sizes import examples

ACTIONS = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "ec2:RunInstances"]
RESOURCES = ["arn:aws:s3:::a/x", "arn:aws:s3:::b/y", "arn:aws:sqs:us-east-1:111122223333:q", "*"]
SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0abc"
ROLE = "arn:aws:iam::111122223333:role/App"
ROOT = "arn:aws:iam::111122223333:root"
RANK = {Outcome.EXPLICIT_DENY: 0, Outcome.IMPLICIT_DENY: 1, Outcome.ALLOWED: 2}
Document = dict[str, Any]

actions = st.lists(
    st.sampled_from([*ACTIONS, "*", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "sqs:*Message"]),
    min_size=1,
    max_size=2,
)
resources = st.lists(
    st.sampled_from(
        [
            *RESOURCES,
            "*",
            "arn:aws:s3:::a/*",
            "arn:aws:s3:::*",
            "arn:aws:sqs:*:q",
            "arn:aws:s3:::${aws:PrincipalTag/team}/x",
        ]
    ),
    min_size=1,
    max_size=2,
)
conditions = st.one_of(
    st.none(),
    st.sampled_from(
        [
            {"StringEquals": {"aws:PrincipalTag/team": "a"}},
            {"StringNotEquals": {"aws:PrincipalTag/team": ["a", "b"]}},
            {"Null": {"aws:PrincipalTag/team": "true"}},
            {"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}},
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
            {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            {"BoolIfExists": {"aws:SecureTransport": "true"}},
        ]
    ),
)


@st.composite
def statements(draw: st.DrawFn, principal: bool = False) -> Document:
    """One statement; with a principal for resource policies."""
    found: Document = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    found[draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))] = draw(actions)
    found[draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))] = draw(resources)
    block = draw(conditions)
    if block is not None:
        found["Condition"] = block
    if principal:
        found["Principal"] = draw(st.sampled_from(["*", {"AWS": ROOT}, {"AWS": ROLE}, {"AWS": SESSION}]))
    return found


def documents(principal: bool = False) -> st.SearchStrategy[Document]:
    """A document of one to three statements."""
    return st.builds(
        lambda s: {"Version": "2012-10-17", "Statement": s}, st.lists(statements(principal), min_size=1, max_size=3)
    )


layers = st.fixed_dictionaries(
    {
        "identity": st.lists(documents(), max_size=2),
        "boundaries": st.lists(documents(), max_size=1),
        "session": st.lists(documents(), max_size=1),
        "scps": st.lists(st.lists(documents(), max_size=2), max_size=2),
        "resource": st.one_of(st.none(), documents(principal=True)),
    }
)
requests = st.builds(
    lambda action, resource, account, context: Request(
        SESSION, action, resource, resource_account=account, context=context
    ),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from(["111122223333", "111122223333", "444455556666"]),
    st.fixed_dictionaries(
        {},
        optional={
            "aws:PrincipalTag/team": st.sampled_from(["a", "b"]),
            "aws:TagKeys": st.sampled_from([[], ["team"], ["x"]]),
            "aws:SourceIp": st.sampled_from(["10.0.0.1", "192.0.2.1"]),
            "aws:SecureTransport": st.booleans(),
        },
    ),
)
laws = settings(max_examples=examples(60), deadline=None)
ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def decide(request: Request, given_layers: dict[str, Any], **changed: Any) -> Decision:
    """Decide with some layers changed."""
    return evaluate(request, PolicySet(**{**given_layers, **changed}))


def deny(document: Document) -> Document:
    """Return the document with every effect turned into Deny."""
    return {**document, "Statement": [{**one, "Effect": "Deny"} for one in document["Statement"]]}


def ids(decision: Decision) -> list[str]:
    """Return the deciding statements, in an order that does not depend on where they stand."""
    return sorted(
        repr((s.effect, s.actions, s.not_actions, s.resources, s.not_resources, s.conditions))
        for _, s in decision.deciding
    )


@laws
@given(requests, layers, documents())
def test_p01_a_deny_overrides_everything(request: Request, given_layers: dict[str, Any], extra: Document) -> None:
    """Adding a Deny that applies makes an explicit deny, wherever it is added."""
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    identity = [*given_layers["identity"], everything, extra]
    assert decide(request, given_layers, identity=identity).outcome is Outcome.EXPLICIT_DENY


@laws
@given(requests, layers)
def test_p02_nothing_is_allowed_without_an_allow(request: Request, given_layers: dict[str, Any]) -> None:
    """Without an Allow in a granting layer no request is allowed."""
    resource = None if given_layers["resource"] is None else deny(given_layers["resource"])
    identity = [deny(one) for one in given_layers["identity"]]
    assert not decide(request, given_layers, identity=identity, resource=resource)


@laws
@given(requests, layers, documents())
def test_p04a_a_deny_never_widens(request: Request, given_layers: dict[str, Any], extra: Document) -> None:
    """A Deny added to any layer never allows more."""
    before = RANK[decide(request, given_layers).outcome]
    for layer in ("identity", "boundaries", "session"):
        if layer == "identity" or given_layers[layer]:
            changed = [*given_layers[layer], deny(extra)]
            assert RANK[decide(request, given_layers, **{layer: changed}).outcome] <= before
    levels = [[*level, deny(extra)] for level in given_layers["scps"]]
    assert RANK[decide(request, given_layers, scps=levels).outcome] <= before


@laws
@given(requests, layers, documents())
def test_p04b_an_allow_never_narrows(request: Request, given_layers: dict[str, Any], extra: Document) -> None:
    """An Allow added to the identity never allows less."""
    allow = {**extra, "Statement": [{**one, "Effect": "Allow"} for one in extra["Statement"]]}
    before = decide(request, given_layers)
    after = decide(request, given_layers, identity=[*given_layers["identity"], allow])
    assert RANK[after.outcome] >= RANK[before.outcome]


@laws
@given(requests, layers, documents())
def test_p04c_a_new_limit_never_widens(request: Request, given_layers: dict[str, Any], extra: Document) -> None:
    """A boundary or session policy where there was none, or a new level of SCPs, never allows more."""
    before = RANK[decide(request, given_layers).outcome]
    assert RANK[decide(request, given_layers, scps=[*given_layers["scps"], [extra]]).outcome] <= before
    for layer in ("boundaries", "session"):
        if not given_layers[layer]:
            assert RANK[decide(request, given_layers, **{layer: [extra]}).outcome] <= before


@laws
@given(requests, layers)
def test_a_limit_that_allows_everything_changes_nothing(request: Request, given_layers: dict[str, Any]) -> None:
    """A boundary, session policy or SCP level that allows everything is no limit."""
    plain = {**given_layers, "boundaries": [], "session": [], "scps": []}
    before = decide(request, plain)
    after = decide(request, plain, boundaries=[ALL], session=[ALL], scps=[[ALL], [ALL]])
    assert (after.outcome, after.denied_by) == (before.outcome, before.denied_by)


@laws
@given(requests, layers, st.randoms(use_true_random=False))
def test_p05_order_duplicates_and_grouping_do_not_matter(
    request: Request, given_layers: dict[str, Any], random: Any
) -> None:
    """Shuffled statements, each in a policy of its own, scalars as lists: the same decision for the same reason."""
    before = decide(request, given_layers)
    singles = [{**one, "Statement": s} for one in given_layers["identity"] for s in one["Statement"]]
    random.shuffle(singles)
    after = decide(request, given_layers, identity=singles)
    assert (after.outcome, after.denied_by, ids(after)) == (before.outcome, before.denied_by, ids(before))


@laws
@given(requests, layers)
def test_p06_the_case_of_actions_and_keys_does_not_matter(request: Request, given_layers: dict[str, Any]) -> None:
    """An action or a context key in other letters is the same one."""
    other = Request(
        SESSION,
        request.action.swapcase(),
        request.resource,
        resource_account=request.resource_account,
        context={key.upper(): value for key, value in request.context.items()},
    )
    assert decide(other, given_layers).outcome is decide(request, given_layers).outcome


@laws
@given(requests, layers)
def test_p08_the_deciding_statements_alone_decide_the_same(request: Request, given_layers: dict[str, Any]) -> None:
    """What an explanation names is enough to come to the same decision."""
    before = decide(request, given_layers)
    policies = PolicySet(**given_layers)
    if before.outcome is Outcome.IMPLICIT_DENY:
        assert before.deciding == ()
        return
    found = evaluate(request, policies)
    chosen = {(id(policy), statement.index) for policy, statement in found.deciding}
    assert chosen

    def keep(layer: tuple[Policy, ...]) -> list[Document]:
        kept = []
        for policy in layer:
            raw = policy.to_dict()["Statement"]
            left = [raw[s.index] for s in policy.statements if (id(policy), s.index) in chosen]
            kept.append(
                {
                    "Version": "2012-10-17",
                    "Statement": left or [{"Effect": "Allow", "Action": "no:Thing", "Resource": "*"}],
                }
            )
        return kept

    resource = None
    if policies.resource is not None:
        raw = policies.resource.to_dict()["Statement"]
        left = [raw[s.index] for s in policies.resource.statements if (id(policies.resource), s.index) in chosen]
        nobody = {"Effect": "Allow", "Action": "no:Thing", "Resource": "*", "Principal": "*"}
        resource = {"Version": "2012-10-17", "Statement": left or [nobody]}
    reduced = PolicySet(
        identity=keep(policies.identity),
        boundaries=keep(policies.boundaries),
        session=keep(policies.session),
        scps=[keep(level) for level in policies.scps],
        resource=resource,
    )
    assert evaluate(request, reduced).outcome is before.outcome


@laws
@given(requests, layers)
def test_p08_the_missing_layer_is_the_one_that_is_missing(request: Request, given_layers: dict[str, Any]) -> None:
    """Allowing everything in the named layer alone leads to an Allow, or to another layer that lacks one."""
    before = decide(request, given_layers)
    if before.outcome is not Outcome.IMPLICIT_DENY:
        return
    named = before.denied_by
    changed: dict[str, Any] = {}
    if named == "identity":
        changed["identity"] = [*given_layers["identity"], ALL]
    elif named == "scp":
        changed["scps"] = [[*level, ALL] for level in given_layers["scps"]]
    elif named == "resource":
        statement = {**ALL["Statement"], "Principal": "*"}  # type: ignore[dict-item]
        old = given_layers["resource"]["Statement"] if given_layers["resource"] else []
        changed["resource"] = {"Version": "2012-10-17", "Statement": [*old, statement]}
    else:
        layer = {"boundary": "boundaries", "session": "session"}[str(named)]
        changed[layer] = [*given_layers[layer], ALL]
    after = decide(request, given_layers, **changed)
    assert after.denied_by != named


@laws
@given(requests, layers)
def test_p09_deciding_changes_nothing(request: Request, given_layers: dict[str, Any]) -> None:
    """The same question has the same answer, and the documents are left alone."""
    text = json.dumps(given_layers, sort_keys=True)
    policies = PolicySet(**given_layers)
    first = evaluate(request, policies)
    assert first.to_dict() == evaluate(request, policies).to_dict()
    assert first.explain() == decide(request, given_layers).explain()
    assert json.dumps(given_layers, sort_keys=True) == text


@laws
@given(requests, layers)
def test_the_short_way_and_the_long_way_agree(request: Request, given_layers: dict[str, Any]) -> None:
    """The identity alone is decided on a short way; an SCP that allows everything forces the long one."""
    identity = given_layers["identity"]
    short = evaluate(request, PolicySet(identity))
    long = evaluate(request, PolicySet(identity).with_layers(scps=[[ALL]]))
    assert (short.outcome, short.denied_by) == (long.outcome, long.denied_by)


@laws
@given(documents())
def test_a_document_survives_loading(document: Document) -> None:
    """What was loaded can be had back, as a dict and as text, and loads again."""
    policy = load_policy(document)
    assert policy.to_dict() == document
    assert load_policy(policy.to_json()) == policy
    assert all(isinstance(one, Statement) for one in policy.statements)
