"""A decision, and what it says of itself."""

from __future__ import annotations

from typing import Any, assert_type

from ec2roles.policy import (
    Addition,
    Decision,
    Denial,
    Finding,
    LayerReport,
    Outcome,
    PermissionPolicy,
    PermittedActions,
    Policy,
    PolicySet,
    Request,
    Statement,
    WhyNot,
    evaluate,
    load_policy,
    permitted_actions,
)

CALLER = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"

policies = PolicySet(identity=[PermissionPolicy.allow("s3:GetObject")])
decision = evaluate(Request(CALLER, "s3:PutObject", "arn:aws:s3:::photos/cat.jpg"), policies)
assert_type(decision, Decision)
assert_type(decision.outcome, Outcome)
assert_type(decision.denied_by, str | None)
assert_type(decision.request, Request | None)
assert_type(decision.policy_set, PolicySet | None)
assert_type(decision.layers, tuple[LayerReport, ...])
assert_type(decision.layers[0].findings, tuple[Finding, ...])
assert_type(decision.deciding, tuple[tuple[Policy, Statement], ...])
assert_type(decision.statement, Statement | None)
assert_type(decision.explain(), str)
assert_type(decision.to_dict(), dict[str, Any])

answer = decision.why_not()
assert_type(answer, WhyNot)
assert_type(answer.additions, tuple[Addition, ...])
assert_type(answer.denies, tuple[Denial, ...])
assert_type(answer.apply(policies), PolicySet)

assert_type(load_policy(PermissionPolicy.allow("s3:GetObject").to_json()), Policy)
assert_type(permitted_actions(policies, ["s3:GetObject"], principal=CALLER, resource="*"), PermittedActions)
