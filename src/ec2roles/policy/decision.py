"""What was decided. A decision keeps references, and finds its words only when it is asked for them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from ec2roles.policy.request import LIST_ALL_BUCKETS, Request
from ec2roles.policy.semantics import Semantics

if TYPE_CHECKING:
    from ec2roles.policy.document import Policy
    from ec2roles.policy.explain.report import LayerReport
    from ec2roles.policy.explain.why_not import WhyNot
    from ec2roles.policy.policy_set import PolicySet
    from ec2roles.policy.statement import Statement


class Outcome(enum.Enum):
    """
    How a request ended.

    >>> Outcome("explicit deny")
    <Outcome.EXPLICIT_DENY: 'explicit deny'>
    """

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


_ALLOWED, _EXPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY
_DEFAULT = Semantics()

# How AWS words each layer (IAM user guide, "Troubleshoot access denied error messages"): when nothing in it allows, and when it denies.
_IMPLICIT_WORDS = {
    "identity": "no identity-based policy allows",
    "boundary": "no permissions boundary allows",
    "session": "no session policy allows",
    "resource": "no resource-based policy allows",
    "trust": "no role trust policy allows",
    "endpoint": "no VPC endpoint policy allows",
    "scp": "no service control policy allows",
}
_EXPLICIT_WORDS = {
    "identity": "an identity-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
    "resource": "a resource-based policy",
    "trust": "the role trust policy",
    "endpoint": "a VPC endpoint policy",
    "scp": "a service control policy",
    "rcp": "a resource control policy",
}
CROSS_ACCOUNT_PASS = "Cross-account pass role is not allowed."
"""How AWS refuses to hand a role to a service on behalf of another account's caller: no policy can allow it."""

# Services with words of their own, as recorded or reported: Lambda names even the resource "*", SQS writes actions in lower
# case, and these say neither which resource it was nor why.
_NAMES_EVERY_RESOURCE = ("lambda:",)
_LOWER_CASE = ("sqs:",)
_SAYS_LITTLE = ("elasticfilesystem:", "secretsmanager:describesecret")
_WITH_ARN = frozenset({"identity", "boundary", "session", "scp", "rcp"})


class Decision:
    """
    Whether a request is allowed, which layer decided, and on request why.

    It holds the request and the policies, which never change, so `message`, `deciding` and `explain()` can be worked out
    at any later time. Nothing of it can be set.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> decision = evaluate(Request(caller, "s3:ListAllMyBuckets", "arn:aws:s3:::*"), PolicySet())
    >>> decision.allowed, decision.denied_by
    (False, 'identity')
    >>> print(decision.message[-70:])
    because no identity-based policy allows the s3:ListAllMyBuckets action
    """

    __slots__ = (
        "_denied_by", "_message", "_notes", "_outcome", "_policy_set", "_reason", "_request", "_semantics", "_statement",
    )  # fmt: skip

    def __init__(
        self,
        request: Request | None,
        policy_set: PolicySet | None,
        outcome: Outcome,
        denied_by: str | None = None,
        reason: str = "",
        semantics: Semantics = _DEFAULT,
        statement: Statement | None = None,
        notes: tuple[str, ...] = (),
        message: str | None = None,
    ) -> None:
        self._request = request
        self._policy_set = policy_set
        self._outcome = outcome
        self._denied_by = denied_by
        self._reason = reason
        self._semantics = semantics
        self._statement = statement
        self._notes = notes
        self._message = message

    @classmethod
    def refused(cls, code_message: str, *, reason: str) -> Decision:
        """
        Return the decision of a call that never came to policies: no credentials, expired, unknown.

        >>> Decision.refused("The provided token has expired.", reason="expired").denied_by
        'credentials'

        Args:
            code_message: the message that AWS answers.
            reason: a short phrase for programs.
        """
        return cls(None, None, Outcome.IMPLICIT_DENY, "credentials", reason, message=code_message)

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed; ``bool(decision)`` is the same."""
        return self._outcome is _ALLOWED

    def __bool__(self) -> bool:
        return self._outcome is _ALLOWED

    @property
    def outcome(self) -> Outcome:
        """Allowed, explicitly denied, or not allowed by anything that had to."""
        return self._outcome

    @property
    def denied_by(self) -> str | None:
        """
        The layer that denied; None when allowed.

        One of scp, rcp, identity, boundary, session, resource, trust, endpoint; ``service`` for what AWS manages itself;
        ``credentials`` when it never came to policies.
        """
        return self._denied_by

    @property
    def reason(self) -> str:
        """A short phrase for programs, such as ``no identity policy allows``."""
        if self._reason:
            return self._reason
        if self._outcome is _ALLOWED:
            return "allowed"
        return f"{self._outcome.value}: {self._denied_by}"

    @property
    def request(self) -> Request | None:
        """What was asked; None for a call that never came to policies."""
        return self._request

    @property
    def policy_set(self) -> PolicySet | None:
        """The policies that were evaluated; None for a call that never came to policies."""
        return self._policy_set

    @property
    def semantics(self) -> Semantics:
        """How open points of AWS's behaviour were read."""
        return self._semantics

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know besides."""
        own = self._request.notes if self._request is not None else ()
        return own + self._notes

    def with_notes(self, *notes: str) -> Decision:
        """Return the same decision with notes added."""
        return Decision(
            self._request, self._policy_set, self._outcome, self._denied_by, self._reason, self._semantics,
            self._statement, self._notes + notes, self._message,
        )  # fmt: skip

    @property
    def message(self) -> str:
        """AWS's one line for a denial; empty when the request is allowed."""
        if self._message is not None:
            return self._message
        if self._outcome is _ALLOWED or self._request is None:
            return ""
        return self._worded(self._request)

    def _worded(self, request: Request) -> str:
        action, resource = request.action, request.resource
        if self._reason is CROSS_ACCOUNT_PASS:
            return CROSS_ACCOUNT_PASS
        lower = action.lower()
        if lower.startswith(_LOWER_CASE):
            action = lower
        text = f"User: {request.caller.text} is not authorized to perform: {action}"
        if lower.startswith(_SAYS_LITTLE):
            return f"{text} on the specified resource"
        if lower.startswith(_NAMES_EVERY_RESOURCE) and resource == "*":
            text += " on resource: *"
        elif resource not in ("*", LIST_ALL_BUCKETS) and lower != "s3:listallmybuckets":
            quote = '"' if lower.startswith("s3:") else ""
            text += f" on resource: {quote}{resource}{quote}"
        layer = self._denied_by or ""
        account, caller = request.resource_account, request.caller
        across = caller.account is not None and account is not None and account != caller.account
        if across and not self._semantics.context_across_accounts:
            return text
        if self._outcome is _EXPLICIT:
            text += f" with an explicit deny in {_EXPLICIT_WORDS[layer]}"
            if self._semantics.name_policy_arn and not across and layer in _WITH_ARN:
                arn = next((policy.arn for policy, _ in self.deciding if policy.arn), None)
                text += f": {arn}" if arn else ""
        elif layer in _IMPLICIT_WORDS:
            text += f" because {_IMPLICIT_WORDS[layer]} the {action} action"
        return text

    @property
    def statement(self) -> Statement | None:
        """
        A statement that decided: one of `deciding`, which lists them all; None for an implicit deny.

        >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
        >>> policies = PolicySet(PermissionPolicy.allow("s3:Get*", sid="Read"))
        >>> evaluate(Request("arn:aws:iam::123456789012:user/alice", "s3:GetObject"), policies).statement
        <Statement /Statement (Sid "Read"): Allow s3:Get*>
        """
        if self._statement is None:
            # The long way through `evaluate` keeps none, for there several layers may have decided.
            self._statement = next((statement for _, statement in self.deciding), None)
        return self._statement

    @property
    def deciding(self) -> tuple[tuple[Policy, Statement], ...]:
        """
        The statements that decided, each with its policy.

        For an explicit deny, the Denys that apply in the layer that is named; when allowed, every Allow that applies in
        the layers that had to allow; for an implicit deny, none.
        """
        if self._request is None:
            return ()
        # Explaining means to evaluate again with everything written down, so that stands above this module; and most
        # decisions are never explained.
        from ec2roles.policy.explain.text import deciding

        return deciding(self)

    @property
    def layers(self) -> tuple[LayerReport, ...]:
        """
        What each layer said, as `LayerReport`, with every statement that matched or nearly matched.

        A statement that does not apply says which of its elements failed, with the values on both sides, and where it
        stands in its document. Empty for a call that never came to policies.
        """
        from ec2roles.policy.explain.report import report

        return report(self)

    def explain(self) -> str:
        """
        Return why, for a person: the verdict, what decided, the near misses, and what the request lacked.

        It is never longer than 24 lines of 120 columns.
        """
        from ec2roles.policy.explain.text import explain

        return explain(self)

    def why_not(self) -> WhyNot:
        """
        Return what stands in the way of an Allow, as `WhyNot`: the Denys that apply, and the smallest additions.

        >>> from ec2roles.policy import PolicySet, Request, evaluate
        >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
        >>> decision = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), PolicySet())
        >>> decision.why_not().additions[0].statement
        {'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': 'arn:aws:s3:::photos/cat.jpg'}
        """
        from ec2roles.policy.explain.why_not import why_not

        return why_not(self)

    def to_dict(self) -> dict[str, Any]:
        """
        Return everything as plain data that JSON can hold, the same for the same decision.

        The fields are described in docs/decision.md; later versions may add some, and never change or drop one.
        """
        request = self._request
        layers = self.layers
        near = [finding for layer in layers for finding in layer.findings if not finding.applies]
        return {
            "allowed": self.allowed,
            "outcome": self._outcome.value,
            "denied_by": self._denied_by,
            "reason": self.reason,
            "message": self.message,
            "deciding": [
                {
                    "policy": policy.label,
                    "arn": policy.arn,
                    "pointer": statement.pointer,
                    "sid": statement.sid,
                    "effect": statement.effect,
                }
                for policy, statement in self.deciding
            ],
            "layers": [layer.to_dict() for layer in layers],
            "missing_keys": list(dict.fromkeys([key for finding in near for key in finding.missing_keys])),
            "unresolved_variables": list(dict.fromkeys([name for finding in near for name in finding.unresolved])),
            "notes": list(self.notes),
            "request": None
            if request is None
            else {
                "principal": request.principal,
                "action": request.action,
                "resource": request.resource,
                "resource_account": request.resource_account,
                "context": request.context.to_dict(),
            },
        }

    def __repr__(self) -> str:
        by = f" by {self._denied_by}" if self._denied_by else ""
        what = f": {self._request.action}" if self._request is not None else ""
        return f"<Decision {self._outcome.value}{by}{what}>"
