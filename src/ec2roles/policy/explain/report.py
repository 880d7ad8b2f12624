"""What each layer said about a request, with the statements that matched and those that nearly did."""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.policy.decision import Decision, Outcome
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.evaluate import scps_apply
from ec2roles.policy.explain.finding import Finding
from ec2roles.policy.explain.trace import findings, numbered, other_actions
from ec2roles.policy.principal import Caller, CallerKind

_WITHOUT_IDENTITY = ("identity", "boundary", "session", "scp")


@attrs.frozen
class LayerReport:
    """
    What one layer of policies said.

    >>> from ec2roles.policy import PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> decision = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), PolicySet())
    >>> [(report.layer, report.allows) for report in decision.layers]
    [('identity', False)]

    Args:
        layer: ``scp``, ``rcp``, ``identity``, ``boundary``, ``session``, ``resource``, ``trust`` or ``endpoint``.
        level: for SCPs and RCPs which level, from 1 at the root; else None.
        policies: the policies of the layer.
        findings: the statements that name the action; and where a request was not allowed and nothing in the layer
            allows it, also the Allows for other actions of the same service.
        skipped: why this layer is not asked for this caller; empty when it is.
    """

    layer: str
    level: int | None
    policies: tuple[Policy, ...]
    findings: tuple[Finding, ...]
    skipped: str = ""

    @property
    def denies(self) -> bool:
        """Whether a Deny applies."""
        return any([finding.applies and finding.statement.effect == "Deny" for finding in self.findings])

    @property
    def allows(self) -> bool:
        """Whether an Allow applies; RCPs always allow, as RCPFullAWSAccess is always attached."""
        return self.layer == "rcp" or any(
            [finding.applies and finding.statement.effect == "Allow" for finding in self.findings]
        )

    @property
    def says(self) -> str:
        """The layer's word: ``denies``, ``allows``, ``does not allow``, or for RCPs ``does not deny``."""
        if self.denies:
            return "denies"
        if self.layer == "rcp":
            return "does not deny"
        return "allows" if self.allows else "does not allow"

    @property
    def label(self) -> str:
        """Its name for a person, such as ``scp level 2``."""
        return self.layer if self.level is None else f"{self.layer} level {self.level}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "layer": self.layer,
            "level": self.level,
            "says": self.says,
            "skipped": self.skipped,
            "policies": len(self.policies),
            "statements": [finding.to_dict() for finding in self.findings],
        }


def report(decision: Decision) -> tuple[LayerReport, ...]:
    """
    Return what every layer said, in the order of their precedence; nothing for a call that never came to policies.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> decision = evaluate(Request(caller, "s3:PutObject"), PolicySet([PermissionPolicy.allow("s3:GetObject")]))
    >>> [(one.label, one.says, one.findings[0].misses) for one in report(decision)]
    [('identity', 'does not allow', ('it allows s3:GetObject, not s3:PutObject',))]

    Args:
        decision: what `evaluate` returned.
    """
    request = decision.request
    if request is None:
        return ()
    reports = []
    for name, level, layer in numbered(decision):
        own = findings(decision, name, level, layer)
        layer_report = LayerReport(name, level, layer.policies, own, _skipped(request.caller, name))
        if (
            decision.outcome is Outcome.IMPLICIT_DENY
            and not layer_report.skipped
            and not layer_report.allows
            and not layer_report.denies
        ):
            layer_report = attrs.evolve(layer_report, findings=own + other_actions(decision, name, level, layer, own))
        reports.append(layer_report)
    return tuple(reports)


def _skipped(caller: Caller, name: str) -> str:
    if name in _WITHOUT_IDENTITY and not caller.has_identity:
        return "not asked for this caller"
    if name == "identity" and caller.kind is CallerKind.ROOT:
        return "not asked for the account's root user"
    if name in ("scp", "rcp") and caller.service_linked and (name == "rcp" or not scps_apply(caller)):
        return "not asked for a service-linked role"
    return ""
