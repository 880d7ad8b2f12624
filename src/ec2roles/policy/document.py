"""A policy: a document that AWS would store; it is checked when it is made, and never changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ArgumentError, PolicySyntaxError
from ec2roles.policy.statement import Statement
from ec2roles.policy.validation.grammar import KINDS, NEWEST, NOT_JSON, Grammar
from ec2roles.policy.validation.hints import text_hint
from ec2roles.policy.validation.json import plain, read_text, to_text

_P = TypeVar("_P", bound="Policy")
SYNTAX_ERRORS = "Syntax errors in policy."


@attrs.frozen(init=False, repr=False)
class Policy:
    """
    A policy document of one kind, in the form that AWS would store.

    >>> bucket = Policy(
    ...     {
    ...         "Statement": {
    ...             "Effect": "Allow",
    ...             "Principal": "*",
    ...             "Action": "s3:GetObject",
    ...             "Resource": "arn:aws:s3:::site/*",
    ...         }
    ...     },
    ...     kind="resource",
    ... )
    >>> bucket.statements[0].pointer
    '/Statement'

    Args:
        document: a dict, or JSON text.
        kind: ``identity``, ``managed``, ``boundary``, ``session``, ``trust``, ``resource``, ``scp``, ``rcp`` or
            ``endpoint``. An identity policy may be inline, and so of any version; a managed one is of 2012-10-17.
        name: a label for messages, such as the name of an inline policy.
        arn: the ARN of a managed policy.
        stored: AWS holds the document already, so it is not held to rules that came later.

    Raises:
        TypeError: if *document* is neither dict nor str.
        PolicyError: if AWS would refuse it.
    """

    kind: str
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]
    name: str | None
    arn: str | None
    _text: str = attrs.field(eq=False)
    written: str = attrs.field(eq=False, repr=False)
    """The text as it was passed, white space and all; for a document that was passed as a dict, its compact text."""
    # Filled by `Layer.plan` on first use, from nothing but the statements; and by `saved_with`.
    prepared: dict[str, Any] = attrs.field(eq=False)

    def __init__(
        self,
        document: Mapping[str, Any] | str,
        kind: str = "identity",
        *,
        name: str | None = None,
        arn: str | None = None,
        stored: bool = False,
    ) -> None:
        data = read_data(document, kind, stored)
        read = Grammar(kind, stored=stored).read(data, document if isinstance(document, str) else None)
        text = to_text(data)
        # What is compact already is kept once.
        written = document if isinstance(document, str) and document != text else text
        self.__attrs_init__(kind, read.version, read.id, read.statements, name, arn, text, written, {})

    def to_dict(self) -> dict[str, Any]:
        """
        Return the document, equal to the one that was loaded; the dict is yours to change.

        >>> TrustPolicy.service("ec2.amazonaws.com").to_dict()["Statement"]["Principal"]
        {'Service': 'ec2.amazonaws.com'}
        """
        document: dict[str, Any] = json.loads(self._text)
        return document

    def to_json(self) -> str:
        """
        Return the document as compact JSON text.

        >>> PermissionPolicy.allow("s3:ListAllMyBuckets").to_json()[:24]
        '{"Version":"2012-10-17",'
        """
        return self._text

    @property
    def size(self) -> int:
        """
        How many characters IAM counts against its quotas: white space between the JSON tokens is free.

        >>> PermissionPolicy(
        ...     '{ "Version": "2012-10-17", "Statement": {"Effect":"Deny","Action":"*","Resource":"*"} }'
        ... ).size
        82
        """
        return len(self._text)

    def named(self: _P, name: str | None, arn: str | None = None) -> _P:
        """
        Return the same policy under a label, without reading it again.

        >>> PermissionPolicy.allow("s3:GetObject").named("read").label
        'read'
        """
        copy = object.__new__(type(self))
        copy.__attrs_init__(
            self.kind, self.version, self.id, self.statements, name, arn, self._text, self.written, self.prepared
        )
        return copy

    def saved_with(self: _P, principals: Mapping[str, str]) -> _P:
        """
        Return the same policy; explanations then say which ARNs its unique ids were saved for.

        Args:
            principals: unique ids, each with the ARN in whose place it stands.

        Raises:
            TypeError: if *principals* is not a mapping.
        """
        if not isinstance(principals, Mapping):
            raise TypeError(f"principals must be a mapping of unique ids to ARNs, got {type(principals).__name__}")
        copy = self.named(self.name, self.arn)
        object.__setattr__(copy, "prepared", {"principals": dict(principals)})
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        # What was prepared holds functions, which cannot be pickled; a copy prepares itself again.
        return _again, (type(self), self.written, self.kind, self.name, self.arn)

    @property
    def label(self) -> str:
        """What messages call it: its name, else its ARN, else its kind."""
        return self.name or self.arn or f"{_NOUNS[self.kind]}"

    def __repr__(self) -> str:
        statements = getattr(self, "statements", None)
        if statements is None:
            # A traceback may show one whose document was refused.
            return f"<{type(self).__name__}, not loaded>"
        if self.kind == "trust":
            allowed = [value for allow in statements if allow.effect == "Allow" for _, value in allow.principal or ()]
            denied = [value for deny in statements if deny.effect == "Deny" for _, value in deny.principal or ()]
            parts = [
                f"{word} {', '.join(values)}" for word, values in (("allows", allowed), ("denies", denied)) if values
            ]
            return f"<TrustPolicy {'; '.join(parts)}>"
        count = len(statements)
        label = f" {self.name or self.arn!r}" if self.name or self.arn else ""
        return f"<{type(self).__name__}{label} {self.kind}: {count} statement{'' if count == 1 else 's'}, {self.size} characters>"


class PermissionPolicy(Policy):
    """
    A policy that says what may be done: a role's inline or managed policy, a boundary or a session policy.

    >>> PermissionPolicy.allow("s3:GetObject", "s3:PutObject", resource="arn:aws:s3:::photos/*")
    <PermissionPolicy identity: 1 statement, 131 characters>

    Args:
        document: a dict, or JSON text.
        name: a label for messages.
        arn: the ARN of a managed policy.
        stored: AWS holds the document already.

    Raises:
        TypeError: if *document* is neither dict nor str.
        PolicyError: if IAM would refuse it.
    """

    __slots__ = ()

    @classmethod
    def allow(
        cls,
        *actions: str,
        resource: str | Sequence[str] = "*",
        condition: Mapping[str, Any] | None = None,
        sid: str | None = None,
    ) -> PermissionPolicy:
        """
        Return a policy of one statement that allows *actions*.

        >>> PermissionPolicy.allow("s3:ListAllMyBuckets").statements[0].effect
        'Allow'

        Args:
            actions: such as ``s3:GetObject`` or ``ec2:Describe*``.
            resource: an ARN, several, or ``*``.
            condition: the ``Condition`` element.
            sid: the ``Sid`` element.

        Raises:
            ArgumentError: for ``*`` beside other actions, which is meant as the *resource*.
        """
        return cls(_document("Allow", actions, resource, condition, sid))

    @classmethod
    def deny(
        cls,
        *actions: str,
        resource: str | Sequence[str] = "*",
        condition: Mapping[str, Any] | None = None,
        sid: str | None = None,
    ) -> PermissionPolicy:
        """
        Return a policy of one statement that denies *actions*.

        >>> PermissionPolicy.deny("s3:DeleteBucket", sid="KeepBuckets").statements[0]
        <Statement /Statement (Sid "KeepBuckets"): Deny s3:DeleteBucket>

        Args:
            actions: such as ``s3:GetObject`` or ``ec2:Describe*``.
            resource: an ARN, several, or ``*``.
            condition: the ``Condition`` element.
            sid: the ``Sid`` element.
        """
        return cls(_document("Deny", actions, resource, condition, sid))


class TrustPolicy(Policy):
    """
    A role's trust policy: who may assume it.

    >>> TrustPolicy.service("ec2.amazonaws.com")
    <TrustPolicy allows ec2.amazonaws.com>

    Args:
        document: a dict, or JSON text.
        name: a label for messages.
        arn: unused by AWS; a label.
        stored: AWS holds the document already.

    Raises:
        TypeError: if *document* is neither dict nor str.
        TrustPolicyError: if IAM would refuse it.
    """

    __slots__ = ()

    def __init__(
        self,
        document: Mapping[str, Any] | str,
        kind: str = "trust",
        *,
        name: str | None = None,
        arn: str | None = None,
        stored: bool = False,
    ) -> None:
        super().__init__(document, kind, name=name, arn=arn, stored=stored)

    @classmethod
    def service(cls, *services: str, condition: Mapping[str, Any] | None = None) -> TrustPolicy:
        """
        Return the trust policy of a role for AWS services, such as ``ec2.amazonaws.com``.

        >>> TrustPolicy.service("ec2.amazonaws.com").statements[0].principal
        (('Service', 'ec2.amazonaws.com'),)
        """
        return cls(_trust("Service", services, condition))

    @classmethod
    def account(
        cls, account_id: str, *, external_id: str | None = None, condition: Mapping[str, Any] | None = None
    ) -> TrustPolicy:
        """
        Return the trust policy of a role for another account, which then decides which of its users and roles may assume it.

        >>> TrustPolicy.account("111122223333", external_id="Unique-1").statements[0].conditions[0].key
        'sts:ExternalId'

        Args:
            account_id: twelve digits.
            external_id: what callers must pass as ``ExternalId``.
            condition: the ``Condition`` element.
        """
        if not isinstance(account_id, str):
            raise TypeError(f"account must be str, got {type(account_id).__name__}; leading zeros are lost in int")
        block: dict[str, Any] = _block(condition or {})
        if external_id is not None:
            block["StringEquals"] = {**block.get("StringEquals", {}), "sts:ExternalId": external_id}
        return cls(_trust("AWS", (f"arn:aws:iam::{account_id}:root",), block or None))

    @classmethod
    def principal(cls, *principals: str, condition: Mapping[str, Any] | None = None) -> TrustPolicy:
        """
        Return the trust policy of a role for users and roles, given by ARN.

        >>> TrustPolicy.principal("arn:aws:iam::111122223333:role/ci").statements[0].principal
        (('AWS', 'arn:aws:iam::111122223333:role/ci'),)
        """
        return cls(_trust("AWS", principals, condition))


_NOUNS = {
    "identity": "identity policy",
    "managed": "managed policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "trust": "trust policy",
    "resource": "resource policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "endpoint": "VPC endpoint policy",
}
CLASSES: dict[str, type[Policy]] = {
    "identity": PermissionPolicy,
    "managed": PermissionPolicy,
    "boundary": PermissionPolicy,
    "session": PermissionPolicy,
    "trust": TrustPolicy,
}


def _again(cls: type[Policy], text: str, kind: str, name: str | None, arn: str | None) -> Policy:
    return cls(text, kind, name=name, arn=arn, stored=True)


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    if isinstance(values, str):
        return values
    listed = list(values)
    return listed[0] if len(listed) == 1 else listed


def _block(condition: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(condition, Mapping):
        raise TypeError(f"condition must be a mapping, got {type(condition).__name__}")
    return dict(condition)


def _document(
    effect: str,
    actions: Sequence[str],
    resource: str | Sequence[str],
    condition: Mapping[str, Any] | None,
    sid: str | None,
) -> dict[str, Any]:
    if len(actions) > 1 and "*" in actions:
        raise ArgumentError(
            f"'*' beside {shown(next((one for one in actions if one != '*'), '*'))} is a resource, not an action; "
            f"write resource='*', or {effect.lower()}('*') for every action"
        )
    statement: dict[str, Any] = {} if sid is None else {"Sid": sid}
    statement.update(Effect=effect, Action=_one_or_list(actions) if actions else [], Resource=_one_or_list(resource))
    if condition is not None:
        statement["Condition"] = _block(condition)
    return {"Version": NEWEST, "Statement": statement}


def _trust(kind: str, principals: Sequence[str], condition: Mapping[str, Any] | None) -> dict[str, Any]:
    principal = {kind: _one_or_list(principals)} if principals else {}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition is not None:
        statement["Condition"] = _block(condition)
    return {"Version": NEWEST, "Statement": statement}


def read_data(document: object, kind: str, stored: bool) -> Any:
    """
    Return a document as plain data: what JSON text says, or a copy of a dict.

    >>> read_data('{"Statement": []}', "identity", False)
    {'Statement': []}

    Args:
        document: a dict, JSON text, or a policy.
        kind: of the policy, as for `Policy`.
        stored: whether AWS holds the document already.

    Raises:
        TypeError: if it is none of these.
        ArgumentError: for an unknown kind.
        PolicyError: if the text is not JSON as AWS reads it.
    """
    if kind not in KINDS:
        raise ArgumentError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    message = NOT_JSON.get(kind, SYNTAX_ERRORS)
    if isinstance(document, str):
        try:
            return read_text(document, message, stored=stored)
        except PolicySyntaxError as error:
            hint = text_hint(str.__str__(document).strip(), kind)
            if hint is None:
                raise
            raise PolicySyntaxError(error.message, detail=f"{error.detail}; {hint}") from None
    if isinstance(document, dict):
        return plain(document, message)
    if isinstance(document, Policy):
        return document.to_dict()
    if isinstance(document, (bytes, bytearray, memoryview)):
        raise TypeError(f"policy must be str or dict, got {type(document).__name__}; decode it first")
    raise TypeError(f"policy must be str or dict, got {type(document).__name__}")
