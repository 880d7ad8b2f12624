"""How one statement fared: it applies to the request, or some of its elements do not match."""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.policy.document import Policy
from ec2roles.policy.statement import Statement


@attrs.frozen
class Miss:
    """
    One element of a statement that does not match the request.

    Args:
        element: ``Action``, ``NotAction``, ``Resource``, ``NotResource``, ``Principal``, ``NotPrincipal`` or ``Condition``.
        pointer: where it stands in its document, as a JSON pointer.
        wanted: the values that the statement has there.
        found: what the request has; None for a context key that it lacks.
        text: the same in words.
        key: the context key of a condition, as the policy spells it.
    """

    element: str
    pointer: str
    wanted: tuple[str, ...]
    found: str | tuple[str, ...] | None
    text: str
    key: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "element": self.element,
            "pointer": self.pointer,
            "key": self.key,
            "wanted": list(self.wanted),
            "found": list(self.found) if isinstance(self.found, tuple) else self.found,
            "text": self.text,
        }


@attrs.frozen
class Finding:
    """
    One statement beside the request: it applies, or some of its elements keep it from applying.

    Args:
        layer: the layer as `Decision.denied_by` calls it.
        level: for SCPs and RCPs which level, from 1 at the root; else None.
        policy: whose statement it is.
        statement: the statement.
        failed: the elements that do not match; none when the statement applies.
        missing_keys: keys whose conditions fail because the request lacks them.
        assumed_keys: keys that the request lacks while their conditions hold all the same, as negated ones do.
        unresolved: variables without a value that keep it from applying.
        assumed_variables: variables without a value that it applies for all the same: a negated condition differs from
            them, and an entry of ``NotResource`` with one excludes nothing.
        unlisted: whom its ``NotPrincipal`` would have to list besides, for it to leave the caller alone.
        grants: how the principal of a resource, trust or endpoint policy covers the caller: any of ``account``,
            ``role`` and ``caller``.
    """

    layer: str
    level: int | None
    policy: Policy
    statement: Statement
    failed: tuple[Miss, ...]
    missing_keys: tuple[str, ...] = ()
    assumed_keys: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    assumed_variables: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the statement applies to the request."""
        return not self.failed

    @property
    def misses(self) -> tuple[str, ...]:
        """What does not match, in words."""
        return tuple([miss.text for miss in self.failed])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "policy": self.policy.label,
            "arn": self.policy.arn,
            "pointer": self.statement.pointer,
            "sid": self.statement.sid,
            "effect": self.statement.effect,
            "applies": self.applies,
            "grants": list(self.grants),
            "failed": [miss.to_dict() for miss in self.failed],
            "missing_keys": list(self.missing_keys),
            "assumed_keys": list(self.assumed_keys),
            "unresolved_variables": list(self.unresolved),
            "assumed_variables": list(self.assumed_variables),
            "unlisted_principals": list(self.unlisted),
        }
