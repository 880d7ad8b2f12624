"""
AWS policies, without the rest of AWS: load a document, ask whether a request is allowed, and why.

This package knows no clock, no state and no I/O, and can be used alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.policy.context import Context
    from ec2roles.policy.decision import Decision, Outcome
    from ec2roles.policy.document import PermissionPolicy, Policy, TrustPolicy
    from ec2roles.policy.engine.evaluate import evaluate
    from ec2roles.policy.explain.addition import Addition
    from ec2roles.policy.explain.analysis import Change, PermittedActions, compare, permitted_actions
    from ec2roles.policy.explain.denial import Denial
    from ec2roles.policy.explain.finding import Finding, Miss
    from ec2roles.policy.explain.report import LayerReport
    from ec2roles.policy.explain.request_changes import RequestChange
    from ec2roles.policy.explain.why_not import WhyNot
    from ec2roles.policy.loading import check_size, load_policy
    from ec2roles.policy.policy_set import PolicySet
    from ec2roles.policy.principal import Caller, CallerKind, parse_caller
    from ec2roles.policy.request import Request
    from ec2roles.policy.semantics import Semantics
    from ec2roles.policy.statement import Condition, Statement
    from ec2roles.policy.validation.lint import lint
    from ec2roles.policy.validation.warning import LintWarning
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "context": "Context",
            "decision": "Decision Outcome",
            "document": "PermissionPolicy Policy TrustPolicy",
            "engine.evaluate": "evaluate",
            "explain.addition": "Addition",
            "explain.analysis": "Change PermittedActions compare permitted_actions",
            "explain.denial": "Denial",
            "explain.finding": "Finding Miss",
            "explain.report": "LayerReport",
            "explain.request_changes": "RequestChange",
            "explain.why_not": "WhyNot",
            "loading": "check_size load_policy",
            "policy_set": "PolicySet",
            "principal": "Caller CallerKind parse_caller",
            "request": "Request",
            "semantics": "Semantics",
            "statement": "Condition Statement",
            "validation.lint": "lint",
            "validation.warning": "LintWarning",
        },
        renamed={"Way": "RequestChange"},
    )

__all__ = [
    "Addition",
    "Caller",
    "CallerKind",
    "Change",
    "Condition",
    "Context",
    "Decision",
    "Denial",
    "Finding",
    "LayerReport",
    "LintWarning",
    "Miss",
    "Outcome",
    "PermissionPolicy",
    "PermittedActions",
    "Policy",
    "PolicySet",
    "Request",
    "RequestChange",
    "Semantics",
    "Statement",
    "TrustPolicy",
    "WhyNot",
    "check_size",
    "compare",
    "evaluate",
    "lint",
    "load_policy",
    "parse_caller",
    "permitted_actions",
]
