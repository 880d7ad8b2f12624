"""
AWS policies, without the rest of AWS: load a document, ask whether a request is allowed, and why.

This package knows no clock, no state and no I/O, and can be used alone.
"""

from ec2roles.policy.caller import Caller, CallerKind, parse_caller
from ec2roles.policy.checks import LintWarning
from ec2roles.policy.context import Context
from ec2roles.policy.decision import Decision, Outcome
from ec2roles.policy.document import PermissionPolicy, Policy, TrustPolicy, check_size, load_policy
from ec2roles.policy.evaluate import evaluate
from ec2roles.policy.lint import lint
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Condition, Statement

__all__ = [
    "Caller",
    "CallerKind",
    "Condition",
    "Context",
    "Decision",
    "LintWarning",
    "Outcome",
    "PermissionPolicy",
    "Policy",
    "PolicySet",
    "Request",
    "Semantics",
    "Statement",
    "TrustPolicy",
    "check_size",
    "evaluate",
    "lint",
    "load_policy",
    "parse_caller",
]
