"""Why a request was decided as it was, in words for a person, at most one terminal page of them."""

from __future__ import annotations

from ec2roles.policy.decision import CROSS_ACCOUNT_PASS, Decision, Outcome
from ec2roles.policy.document import Policy
from ec2roles.policy.engine.evaluate import is_mandatory, managed_by_aws
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.explain.finding import Finding
from ec2roles.policy.explain.rendering import render
from ec2roles.policy.explain.report import LayerReport, report
from ec2roles.policy.explain.trace import few, policies_of, trace
from ec2roles.policy.principal import CallerKind
from ec2roles.policy.request import Request
from ec2roles.policy.statement import Statement

_NOUNS = {
    "scp": "service control policy",
    "rcp": "resource control policy",
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "resource-based policy",
    "trust": "role trust policy",
    "endpoint": "VPC endpoint policy",
}
_WITHOUT_IDENTITY = ("identity", "boundary", "session", "scp")
_SHOWN = 4
_LAYERS = 6


def deciding(decision: Decision) -> tuple[tuple[Policy, Statement], ...]:
    """
    Return the statements that decided, each with its policy (see `Decision.deciding`).

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> policies = PolicySet(identity=[PermissionPolicy.allow("s3:*")])
    >>> decision = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), policies)
    >>> [statement.effect for _, statement in deciding(decision)]
    ['Allow']
    """
    request = decision.request
    if (
        request is None
        or decision.outcome is Outcome.IMPLICIT_DENY
        or decision.reason.startswith("sts:GetCallerIdentity")
    ):
        return ()
    return tuple(
        (finding.policy, finding.statement)
        for finding in trace(decision)
        if finding.applies and _counts(decision, request, finding)
    )


def _counts(decision: Decision, request: Request, finding: Finding) -> bool:
    if decision.outcome is Outcome.EXPLICIT_DENY:
        return finding.statement.effect == "Deny" and finding.layer == decision.denied_by
    if finding.statement.effect == "Deny" or finding.layer == "rcp":
        return False
    return request.caller.has_identity or finding.layer not in _WITHOUT_IDENTITY


def explain(decision: Decision) -> str:
    """
    Return why, the verdict first; at most 24 lines of 120 columns.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> photos = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos/*").named("photos")
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> print(evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::music/a.mp3"), PolicySet([photos])).explain())
    Denied: no identity-based policy allows s3:GetObject on arn:aws:s3:::music/a.mp3.
      caller: arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0
      identity: does not allow (1 policy)
    Nearly:
      Allow in "photos" /Statement: its Resource is arn:aws:s3:::photos/*, not arn:aws:s3:::music/a.mp3

    Args:
        decision: what `evaluate` returned.
    """
    request = decision.request
    if request is None:
        lines = [f"Denied before any policy was asked: {decision.message or decision.reason}"]
        if decision.message:
            lines.append(f"  why: {decision.reason}")
    else:
        reports = report(decision)
        findings = tuple([finding for layer in reports for finding in layer.findings])
        lines = [_verdict(decision, request, findings), f"  caller: {_caller(request)}"]
        lines += _decided(decision, request, findings)
        lines += _layers(decision, request, reports)
        lines += _nearly(decision, findings)
    return render(lines, [f"Note: {note}" for note in decision.notes])


def _what(request: Request) -> str:
    return request.action if request.resource == "*" else f"{request.action} on {request.resource}"


def _caller(request: Request) -> str:
    caller = request.caller
    role = f" (role {caller.role_arn})" if caller.role_arn and caller.kind is CallerKind.SESSION else ""
    user = f" (of {caller.user.text})" if caller.user else ""
    return f"{caller.text}{role}{user}"


def _article(layer: str) -> str:
    return "an" if layer == "identity" else "a"


def _place(finding: Finding) -> str:
    return f'"{finding.policy.label}" {finding.statement.label}'


def only_aws(decision: Decision) -> str:
    """Return why no policy allows what AWS itself refuses."""
    if decision.reason == CROSS_ACCOUNT_PASS:
        return "a role can be passed by callers of its own account only"
    return "only AWS itself may change this"


def _verdict(decision: Decision, request: Request, findings: tuple[Finding, ...]) -> str:
    what, layer = _what(request), decision.denied_by or ""
    if decision.outcome is Outcome.ALLOWED:
        if decision.reason.startswith("sts:GetCallerIdentity"):
            return "Allowed: sts:GetCallerIdentity is allowed to every authenticated caller, whatever policies say."
        if request.caller.kind is CallerKind.ROOT:
            return f"Allowed: {what}, by the account's root user, whom only SCPs and resource policies limit."
        return f"Allowed: {what}."
    if decision.outcome is Outcome.EXPLICIT_DENY:
        count = sum(1 for finding in findings if finding.applies and _counts(decision, request, finding))
        more = f" ({count} statements deny it)" if count > 1 else ""
        return f"Denied: {_article(layer)} {_NOUNS[layer]} explicitly denies {what}{more}."
    if layer == "service":
        return f"Denied: {what}: {only_aws(decision)}."
    if layer in ("resource", "trust") and not policies_of(decision).resource:
        return f"Denied: {what} needs a {_NOUNS[layer]} that allows it, and there is none."
    because = f": {decision.reason}" if not decision.reason.startswith("implicit deny") else ""
    return f"Denied: no {_NOUNS[layer]} allows {what}{because}."


def _decided(decision: Decision, request: Request, findings: tuple[Finding, ...]) -> list[str]:
    if decision.outcome is Outcome.IMPLICIT_DENY or decision.reason.startswith("sts:GetCallerIdentity"):
        return []
    applying = [finding for finding in findings if finding.applies and _counts(decision, request, finding)]
    lines = []
    for finding in applying[:_SHOWN]:
        statement = finding.statement
        lines.append(
            f"  {finding.layer}: {statement.effect} in {_place(finding)}: {_says(statement)}{_for_all(finding)}"
        )
    if len(applying) > _SHOWN:
        lines.append(f"  and {len(applying) - _SHOWN} more statements")
    return lines


def _for_all(finding: Finding) -> str:
    """Say what the request lacks although the statement applies."""
    notes = []
    if finding.assumed_keys:
        notes.append(f"holds without {few(finding.assumed_keys)}")
    if finding.assumed_variables:
        names = few(tuple(["${" + name + "}" for name in finding.assumed_variables]))
        notes.append(f"{names} has no value, and everything differs from it")
    if finding.statement.not_principal is not None and finding.applies:
        # Who has a permissions boundary is denied although all are listed.
        lacks = f"lacks {few(finding.unlisted)}" if finding.unlisted else "spares nobody with a permissions boundary"
        notes.append(f"its NotPrincipal {lacks}")
    return f" (and {'; '.join(notes)})" if notes else ""


def _says(statement: Statement) -> str:
    if statement.actions is not None:
        text = few(statement.actions)
    else:
        text = f"everything but {few(statement.not_actions or ())}"
    if statement.resources is not None:
        text += f" on {few(statement.resources)}"
    elif statement.not_resources is not None:
        text += f" on everything but {few(statement.not_resources)}"
    if statement.conditions:
        text += f" if {few(tuple(str(condition) for condition in statement.conditions))}"
    return text


def _layers(decision: Decision, request: Request, reports: tuple[LayerReport, ...]) -> list[str]:
    # Of many levels that say the same, one line is enough.
    groups: list[list[LayerReport]] = []
    for layer in reports:
        last = groups[-1][-1] if groups else None
        if last is not None and (last.layer, last.says, last.skipped) == (layer.layer, layer.says, layer.skipped):
            groups[-1].append(layer)
        else:
            groups.append([layer])
    lines = []
    for group in groups:
        first, count = group[0], sum(len(layer.policies) for layer in group)
        label = first.label if len(group) == 1 else f"{first.layer} levels {first.level} to {group[-1].level}"
        size = f"{count} {'policy' if count == 1 else 'policies'}" if count else "no policies"
        skipped = f", and is {first.skipped}" if first.skipped else ""
        lines.append(f"  {label}: {first.says}{_limited(request, first)}{skipped} ({size})")
    if len(lines) > _LAYERS:
        # Those that did not allow are the ones to be read.
        lines.sort(key=lambda line: ": allows" in line or ": does not deny" in line)
        lines[_LAYERS:] = [f"  and {len(lines) - _LAYERS} more layers"]
    action = ascii_lower(request.action)
    if is_mandatory(action, request._folded, policies_of(decision)) and not managed_by_aws(action, request._folded):
        lines.append("  this resource's own policy must allow the call, within one account too")
    return lines


def _limited(request: Request, layer: LayerReport) -> str:
    """Say so where a resource's policy leaves it to the caller's account: within it, that alone allows nothing."""
    if layer.layer not in ("resource", "trust") or layer.denies or request.caller.kind is CallerKind.ROOT:
        return ""
    grants = {grant for finding in layer.findings if finding.applies for grant in finding.grants}
    return " the account, whose own policies then decide" if grants == {"account"} else ""


def _nearly(decision: Decision, findings: tuple[Finding, ...]) -> list[str]:
    denied = decision.outcome is Outcome.IMPLICIT_DENY
    misses = [
        finding
        for finding in findings
        if not finding.applies
        # Without a permission, what nearly gave it; and always a Deny that a variable without a value has disarmed.
        and (
            (denied and finding.statement.effect == "Allow")
            or (finding.statement.effect == "Deny" and finding.unresolved)
        )
    ]
    named = [near for near in misses if near.failed[0].element not in ("Action", "NotAction")]
    # Allows for other actions are shown where nothing names this one, and of the layer that denied only.
    misses = named or [near for near in misses if near.layer == decision.denied_by]
    misses.sort(key=lambda near: (near.layer != decision.denied_by, len(near.failed)))
    lines = [f"  {near.statement.effect} in {_place(near)}: {'; '.join(near.misses)}" for near in misses[:_SHOWN]]
    if len(misses) > _SHOWN:
        lines.append(f"  and {len(misses) - _SHOWN} more statements")
    if lines:
        lines.insert(0, "Nearly:")
    keys = tuple(dict.fromkeys([key for near in named for key in near.missing_keys]))
    if keys:
        lines.append(f"Missing context keys: {few(keys, 6)}")
    variables = tuple(dict.fromkeys([name for near in named for name in near.unresolved]))
    if variables:
        lines.append(f"Variables without a value: {few(tuple(['${' + name + '}' for name in variables]), 6)}")
        if "aws:username" in [name.lower() for name in variables]:
            lines.append("  aws:username never exists in a role session; use ${aws:userid} or ${aws:PrincipalTag/...}")
    return lines
