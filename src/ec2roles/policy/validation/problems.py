"""What can be wrong with a policy: AWS's messages in the order in which AWS reports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ec2roles.errors import PolicyError, TrustPolicyError
from ec2roles.policy.validation.json import at

# The rank of a problem is its place in AWS's order of checks; the lowest one of a document is reported.
SYNTAX, VERSION, LEGACY, SID, ACTIONS, RESOURCE, PREFIX, RESOURCES, PRINCIPAL = range(9)
_MESSAGES = {
    SYNTAX: "Syntax errors in policy.",
    VERSION: "Policy document must be version 2012-10-17 or greater.",
    LEGACY: "The policy failed legacy parsing",
    SID: "Statement IDs (SID) in a single policy must be unique.",
    ACTIONS: "Policy statement must contain actions.",
    RESOURCES: "Policy statement must contain resources.",
    PRINCIPAL: "Policy document should not specify a principal.",
}

# The same for role trust policies, which IAM checks in another order and words otherwise.
(
    T_VERSION, T_EMPTY, T_SID, T_EFFECT, T_PRINCIPAL, T_NOT_PRINCIPAL, T_INVALID, T_ACTION, T_STS, T_RESOURCE, T_SYNTAX,
) = range(11)  # fmt: skip
_TRUST_MESSAGES = {
    T_VERSION: "The policy must contain a valid version string",
    T_EMPTY: "Could not parse the policy: Statement is empty!",
    T_SID: "The Statement Ids in the policy are not unique",
    T_ACTION: "Missing required field Action",
    T_STS: "AssumeRole policy may only specify STS AssumeRole actions.",
    T_SYNTAX: "Syntax error in policy.",
}


class Problem(NamedTuple):
    """One thing that is wrong, with AWS's rank and wording and ours."""

    rank: int
    order: int
    message: str
    detail: str | Callable[[], str]
    path: str


class Problems:
    """
    What was found wrong with one document.

    >>> found = Problems(trust=False)
    >>> found.note(SID, "duplicate Sid 'A'", "/Statement/1")
    >>> found.note(SYNTAX, "missing 'Effect'", "/Statement/2")
    >>> print(found.error())
    MalformedPolicyDocument: Syntax errors in policy. (missing 'Effect' at /Statement/2)

    Args:
        trust: whether the document is a role's trust policy.
    """

    def __init__(self, *, trust: bool) -> None:
        self.trust = trust
        self.found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def note(
        self, rank: int, detail: str | Callable[[], str], path: str = "", *, message: str | None = None,
        trust: int = T_SYNTAX, trust_message: str | None = None,
    ) -> None:  # fmt: skip
        """
        Note one problem.

        Args:
            rank: its place in AWS's order for permissions policies.
            detail: what is wrong, and the cure; a function if that takes long to word, for only one problem is reported.
            path: where, as a JSON pointer.
            message: AWS's wording, if it depends on the document.
            trust: its place in AWS's order for trust policies.
            trust_message: AWS's wording for trust policies, if it depends on the document.
        """
        if self.trust:
            rank, message = trust, trust_message if trust_message is not None else _TRUST_MESSAGES[trust]
        elif message is None:
            message = _MESSAGES[rank]
        self.found.append(Problem(rank, len(self.found), message, detail, path))

    def error(self) -> PolicyError:
        """Return the problem that AWS would report, as an exception."""
        first = min(self.found)
        kind = TrustPolicyError if self.trust else PolicyError
        detail = first.detail if isinstance(first.detail, str) else first.detail()
        return kind(first.message, detail=at(detail, first.path))
