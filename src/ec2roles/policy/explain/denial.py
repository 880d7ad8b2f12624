"""A Deny that applies to a request, and the changes of the request that keep it from applying."""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.policy.document import Policy
from ec2roles.policy.explain.request_changes import RequestChange
from ec2roles.policy.statement import Statement


@attrs.frozen
class Denial:
    """
    One Deny that applies. As long as it applies, no addition helps.

    >>> from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> policies = PolicySet(identity=[PermissionPolicy.deny("s3:*")])
    >>> answer = evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), policies).why_not()
    >>> answer.denies[0].layer
    'identity'

    Args:
        layer: where it stands, as `Addition.layer`; ``rcp`` too.
        level: for SCPs and RCPs which level, from 1 at the root; else None.
        policy: whose statement it is.
        statement: the Deny.
        ways: changes of the request, each of which alone keeps it from applying; empty if nothing does.
    """

    layer: str
    level: int | None
    policy: Policy
    statement: Statement
    ways: tuple[RequestChange, ...]

    @property
    def label(self) -> str:
        """The layer's name for a person, such as ``scp level 2``."""
        return self.layer if self.level is None else f"{self.layer} level {self.level}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "layer": self.layer,
            "level": self.level,
            "policy": self.policy.label,
            "arn": self.policy.arn,
            "pointer": self.statement.pointer,
            "sid": self.statement.sid,
            "ways": [change.to_dict() for change in self.ways],
        }

    def __str__(self) -> str:
        return f'{self.label}: "{self.policy.label}" {self.statement.label}'
