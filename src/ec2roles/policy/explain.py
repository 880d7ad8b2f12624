"""Why a request was decided as it was, in words for a person, at most a screen of them."""

from __future__ import annotations

from ec2roles.policy.caller import CallerKind
from ec2roles.policy.decision import Decision, Outcome
from ec2roles.policy.document import Policy
from ec2roles.policy.evaluate import is_mandatory, managed_by_aws, scps_apply
from ec2roles.policy.matching import action_matches, ascii_lower
from ec2roles.policy.request import Request
from ec2roles.policy.statement import Statement
from ec2roles.policy.trace import Finding, few, trace

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
_MISSES = 4


def deciding(decision: Decision) -> tuple[tuple[Policy, Statement], ...]:
    """Return the statements that decided, each with its policy (see `Decision.deciding`)."""
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
    Return why, the verdict first.

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
        findings = trace(decision)
        lines = [_verdict(decision, request, findings), f"  caller: {_caller(request)}"]
        lines += _decided(decision, request, findings)
        lines += _layers(decision, request, findings)
        lines += _nearly(decision, request, findings)
    lines += [f"Note: {note}" for note in decision.notes]
    return "\n".join(_safe(line) for line in lines)


def _safe(line: str) -> str:
    # Names come from policies; none of them may move the cursor or colour the screen.
    if not line.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    return line if len(line) <= 400 else line[:397] + "..."


def _what(request: Request) -> str:
    return request.action if request.resource == "*" else f"{request.action} on {request.resource}"


def _caller(request: Request) -> str:
    caller = request.caller
    role = f" (role {caller.role_arn})" if caller.role_arn and caller.kind is CallerKind.SESSION else ""
    return f"{caller.text}{role}"


def _article(layer: str) -> str:
    return "an" if layer == "identity" else "a"


def _place(finding: Finding) -> str:
    return f'"{finding.policy.label}" {finding.statement.label}'


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
        return f"Denied: {what}: only AWS itself may change this."
    if layer in ("resource", "trust") and not decision.policy_set.resource:
        return f"Denied: {what} needs a {_NOUNS[layer]} that allows it, and there is none."
    because = f": {decision.reason}" if not decision.reason.startswith("implicit deny") else ""
    return f"Denied: no {_NOUNS[layer]} allows {what}{because}."


def _decided(decision: Decision, request: Request, findings: tuple[Finding, ...]) -> list[str]:
    if decision.outcome is Outcome.IMPLICIT_DENY or decision.reason.startswith("sts:GetCallerIdentity"):
        return []
    found = [finding for finding in findings if finding.applies and _counts(decision, request, finding)]
    lines = []
    for finding in found[:_MISSES]:
        statement = finding.statement
        lines.append(f"  {finding.layer}: {statement.effect} in {_place(finding)}: {_says(statement)}")
    if len(found) > _MISSES:
        lines.append(f"  and {len(found) - _MISSES} more statements")
    return lines


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


def _layers(decision: Decision, request: Request, findings: tuple[Finding, ...]) -> list[str]:
    lines = []
    levels: dict[str, int] = {}
    for name, layer in decision.policy_set.layers():
        levels[name] = levels.get(name, 0) + 1
        inside = {id(policy) for policy in layer.policies}
        own = [one for one in findings if one.layer == name and one.applies and id(one.policy) in inside]
        label = f"{name} level {levels[name]}" if name in ("scp", "rcp") else name
        count = len(layer.policies)
        size = f"{count} {'policy' if count == 1 else 'policies'}" if count else "no policies"
        if any(one.statement.effect == "Deny" for one in own):
            word = "denies"
        elif name == "rcp":
            word = "does not deny"
        elif own:
            word = "allows"
        else:
            word = "does not allow"
        lines.append(f"  {label}: {word}{_unused(request, name)} ({size})")
    action = ascii_lower(request.action)
    if is_mandatory(action, request._folded, decision.policy_set) and not managed_by_aws(action, request._folded):
        lines.append("  this resource's own policy must allow the call, within one account too")
    return lines


def _unused(request: Request, name: str) -> str:
    caller = request.caller
    if name in _WITHOUT_IDENTITY and not caller.has_identity:
        return ", and is not asked for this caller"
    if name in ("scp", "rcp") and caller.service_linked and (name == "rcp" or not scps_apply(caller)):
        return ", and is not asked for a service-linked role"
    return ""


def _nearly(decision: Decision, request: Request, findings: tuple[Finding, ...]) -> list[str]:
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
    misses.sort(key=lambda finding: (finding.layer != decision.denied_by, len(finding.misses)))
    lines = [f"  {one.statement.effect} in {_place(one)}: {'; '.join(one.misses)}" for one in misses[:_MISSES]]
    if len(misses) > _MISSES:
        lines.append(f"  and {len(misses) - _MISSES} more statements")
    if denied and not misses:
        lines += _other_actions(decision, request)
    if lines:
        lines.insert(0, "Nearly:")
    keys = tuple(dict.fromkeys(key for one in misses for key in one.missing_keys))
    if keys:
        lines.append(f"Missing context keys: {few(keys, 6)}")
    variables = tuple(dict.fromkeys(name for one in misses for name in one.unresolved))
    if variables:
        lines.append(f"Variables without a value: {few(tuple('${' + name + '}' for name in variables), 6)}")
        if "aws:username" in [name.lower() for name in variables]:
            lines.append("  aws:username never exists in a role session; use ${aws:userid} or ${aws:PrincipalTag/...}")
    return lines


def _other_actions(decision: Decision, request: Request) -> list[str]:
    """Statements of the denying layer that name other actions of the same service."""
    action = ascii_lower(request.action)
    service = action.partition(":")[0] + ":"
    lines = []
    for name, layer in decision.policy_set.layers():
        if name != decision.denied_by:
            continue
        for policy in layer.policies:
            for statement in policy.statements:
                entries = statement.actions or ()
                near = tuple(entry for entry in entries if ascii_lower(entry).startswith(service))
                if (
                    statement.effect == "Allow"
                    and near
                    and not any(action_matches(ascii_lower(e), action) for e in near)
                ):
                    lines.append(
                        f'  Allow in "{policy.label}" {statement.label}: it allows {few(near)}, not {request.action}'
                    )
    return lines[:_MISSES]
