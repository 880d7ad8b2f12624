"""One piece of advice about a policy."""

from __future__ import annotations

import attrs


@attrs.frozen
class LintWarning:
    """
    Something in a policy that AWS accepts and that is probably a mistake.

    >>> from ec2roles.policy import PermissionPolicy, lint
    >>> [warning.code for warning in lint(PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos"))]
    ['resource-type']

    Args:
        pointer: where it is, as a JSON pointer.
        message: what it is.
        suggestion: what to write instead; may be empty.
        code: a short stable name of the check.
        dead: whether it can never match, so that ``load_policy(..., strict=True)`` refuses it.
    """

    pointer: str
    message: str
    suggestion: str = ""
    code: str = ""
    dead: bool = False

    def __str__(self) -> str:
        cure = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.pointer}: {self.message}{cure}"
