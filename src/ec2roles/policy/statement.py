"""One statement of a policy, and one condition in it."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class Condition:
    """
    One key under one operator; all conditions of a statement must hold.

    >>> print(Condition("StringEquals", "aws:RequestedRegion", ("us-east-1",)))
    StringEquals aws:RequestedRegion: us-east-1

    Args:
        operator: such as ``ForAnyValue:StringLike``.
        key: the context key, as the policy spells it.
        values: the values, every one as text.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {self.key}: {', '.join(self.values)}"


@attrs.frozen(repr=False)
class Statement:
    """
    One statement of a policy.

    >>> from ec2roles.policy import PermissionPolicy
    >>> statement = PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos/*").statements[0]
    >>> statement.effect, statement.resources
    ('Allow', ('arn:aws:s3:::photos/*',))

    Args:
        sid: its ``Sid``, or None.
        effect: ``Allow`` or ``Deny``.
        actions: the entries of ``Action``; None if the statement has ``NotAction``.
        not_actions: the entries of ``NotAction``, or None.
        resources: the entries of ``Resource``, or None.
        not_resources: the entries of ``NotResource``, or None.
        principal: the values of ``Principal`` as pairs of type and value, or None.
        not_principal: the values of ``NotPrincipal``, or None.
        conditions: what must hold besides.
        pointer: where it stands in its document, such as ``/Statement/0``.
        index: its place among the statements, from 0.
        kind: the kind of its policy.
        variables: whether ``${...}`` in it is a variable: only in documents of Version 2012-10-17.
    """

    sid: str | None
    effect: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principal: tuple[tuple[str, str], ...] | None
    not_principal: tuple[tuple[str, str], ...] | None
    conditions: tuple[Condition, ...]
    pointer: str
    index: int
    kind: str
    variables: bool
    # What `plan` makes of it on first use. It depends on nothing but the statement.
    compiled: Any = attrs.field(default=None, init=False, eq=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without `compiled`: it holds functions, which cannot be pickled.
        return Statement, tuple(getattr(self, field.name) for field in attrs.fields(Statement) if field.init)

    @property
    def label(self) -> str:
        """How messages name it: its pointer, and its Sid if it has one."""
        return f'{self.pointer} (Sid "{self.sid}")' if self.sid else self.pointer

    def __repr__(self) -> str:
        verb = ", ".join(self.actions) if self.actions is not None else "not " + ", ".join(self.not_actions or ())
        return f"<Statement {self.label}: {self.effect} {verb[:60]}>"
