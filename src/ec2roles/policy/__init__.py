"""
AWS policies, without the rest of AWS: load a document, ask whether a request is allowed, and why.

This package knows no clock, no state and no I/O, and can be used alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ec2roles.policy.context import Context
from ec2roles.policy.decision import Decision, Outcome
from ec2roles.policy.document import PermissionPolicy, Policy, TrustPolicy, check_size, load_policy
from ec2roles.policy.engine.evaluate import evaluate
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.principal import Caller, CallerKind, parse_caller
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Condition, Statement
from ec2roles.policy.validation.lint import lint

if TYPE_CHECKING:
    from ec2roles.policy.explain.analysis import Change, PermittedActions, compare, permitted_actions
    from ec2roles.policy.explain.avoid import Way
    from ec2roles.policy.explain.report import LayerReport
    from ec2roles.policy.explain.trace import Finding, Miss
    from ec2roles.policy.explain.why_not import Addition, Denial, WhyNot
    from ec2roles.policy.validation.warning import LintWarning

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
    "Semantics",
    "Statement",
    "TrustPolicy",
    "Way",
    "WhyNot",
    "check_size",
    "compare",
    "evaluate",
    "lint",
    "load_policy",
    "parse_caller",
    "permitted_actions",
]

# What explains decisions and asks about many is loaded when it is first used: deciding needs none of it.
_LATER = {
    "Addition": "explain.why_not",
    "Change": "explain.analysis",
    "Denial": "explain.why_not",
    "Finding": "explain.trace",
    "LayerReport": "explain.report",
    "LintWarning": "validation.warning",
    "Miss": "explain.trace",
    "PermittedActions": "explain.analysis",
    "Way": "explain.avoid",
    "WhyNot": "explain.why_not",
    "compare": "explain.analysis",
    "permitted_actions": "explain.analysis",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
