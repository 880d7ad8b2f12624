"""GetContextKeysForCustomPolicy and GetContextKeysForPrincipalPolicy: which context keys policies ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ec2roles.policy import Policy
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.statement import Statement
from ec2roles.services.iam.simulate import about_source, policies_given, policies_of_source
from ec2roles.services.iam.table import Ask, Row, everything


def context_key_rows() -> list[Row]:
    """Return the rows of both operations."""

    def custom(ask: Ask) -> dict[str, Any]:
        return {"ContextKeyNames": keys_asked_for(policies_given(ask))}

    def principal(ask: Ask) -> dict[str, Any]:
        return {"ContextKeyNames": keys_asked_for([*policies_of_source(ask), *policies_given(ask)])}

    return [
        Row("GetContextKeysForCustomPolicy", "PolicyInputList", everything, custom),
        Row("GetContextKeysForPrincipalPolicy", "PolicySourceArn PolicyInputList", about_source, principal),
    ]


def keys_asked_for(policies: Iterable[Policy]) -> list[str]:
    """
    Return the context keys in the conditions and the variables of policies: each once, as it is written first.

    >>> from ec2roles import PermissionPolicy
    >>> keys_asked_for([PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::home/${aws:username}/*")])
    ['aws:username']
    """
    found: dict[str, str] = {}
    for policy in policies:
        for statement in policy.statements:
            for key in _keys_of(statement):
                found.setdefault(key.lower(), key)
    return list(found.values())


def _keys_of(statement: Statement) -> Iterable[str]:
    yield from _variables(statement, (*(statement.resources or ()), *(statement.not_resources or ())))
    for condition in statement.conditions:
        yield condition.key
        yield from _variables(statement, condition.values)


def _variables(statement: Statement, texts: Iterable[str]) -> Iterable[str]:
    if statement.variables:
        for text in texts:
            yield from (variable.name for variable in Template(text, wild=False).variables)
