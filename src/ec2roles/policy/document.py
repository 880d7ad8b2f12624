"""A policy: a document that AWS would store, loaded, checked and never changed."""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from ec2roles.errors import ArgumentError, PolicySyntaxError, PolicyTooLargeError
from ec2roles.memo import Memo
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Statement
from ec2roles.policy.validation.grammar import IDENTITY_LIKE, KINDS, NEWEST, NOT_JSON, OF_TODAY, Grammar
from ec2roles.policy.validation.hints import text_hint
from ec2roles.policy.validation.json import plain, read_text, to_text

_P = TypeVar("_P", bound="Policy")
_SYNTAX = "Syntax errors in policy."
# The longest document that is remembered, in characters or bytes.
_LONG = 8192


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
        stored: AWS holds the document already, so rules that came later are not held against it.

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
    """The text as it was given, white space and all; of a document that was given as a dict, its compact text."""
    # Filled by `plan` on first use, from nothing but the statements; and what `saved_with` says.
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
        data = _data(document, kind, stored)
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
        found: dict[str, Any] = json.loads(self._text)
        return found

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
        Return the same policy; explanations tell what the unique ids in it were saved as.

        Args:
            principals: unique ids, each with the ARN in whose place it stands.
        """
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
            allowed = [value for one in statements if one.effect == "Allow" for _, value in one.principal or ()]
            denied = [value for one in statements if one.effect == "Deny" for _, value in one.principal or ()]
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
        Return the trust policy of a role for another account, which then decides who of it may assume the role.

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
_CLASSES = {
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


def _mark(document: object) -> str | bytes | None:
    """Return what only an equal document gives too, or None if that would take long, or the types are not plain."""
    if type(document) is str:
        return document if len(document) <= _LONG else None
    if type(document) is not dict or len(document) > 8:
        return None
    try:
        # Faster than any walk in Python, and exact: it tells True from 1 and a list from a tuple, and refuses subclasses.
        mark = marshal.dumps(document)
    except ValueError:
        return None
    return mark if len(mark) <= _LONG else None


def _load(document: object, kind: str, stored: bool) -> Policy:
    # Whatever is neither dict nor str is refused there, with a TypeError that says what it got.
    return _CLASSES.get(kind, Policy)(document, kind, stored=stored)  # type: ignore[arg-type]


# A memo of a pure function: tests pass the same few dicts again and again, and a policy never changes.
def _load_marked(asked: tuple[str | bytes, str, bool]) -> Policy:
    mark, kind, stored = asked
    return _load(mark if isinstance(mark, str) else marshal.loads(mark), kind, stored)  # noqa: S302 - our own bytes


# A policy and what is compiled of it are up to twelve times as large as its text.
_LOADED = Memo(_load_marked, most=16 << 20, times=12)


def _data(document: object, kind: str, stored: bool) -> Any:
    if kind not in KINDS:
        raise ArgumentError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    message = NOT_JSON.get(kind, _SYNTAX)
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


def load_policy(document: object, kind: str = "identity", *, strict: bool = False, stored: bool = False) -> Policy:
    """
    Load a policy as AWS would when it is saved: the same documents are refused, for the same first reason.

    >>> load_policy('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')
    <PermissionPolicy identity: 1 statement, 86 characters>

    Args:
        document: a dict, JSON text, or a policy that is loaded already (checked anew if *kind* is another).
        kind: ``identity``, ``managed``, ``boundary``, ``session``, ``trust``, ``resource``, ``scp``, ``rcp`` or
            ``endpoint``. An identity policy may be inline, and so of any version; a managed one is of 2012-10-17.
        strict: refuse also what AWS stores although it can never match, such as a space in an action.
        stored: AWS holds the document already, so rules that changed over the years (the Version, the characters) are
            not held against it.

    Raises:
        TypeError: if *document* is bytes, None, a list or a number.
        PolicyError: if AWS would refuse it; ``message`` is AWS's, ``detail`` says what, where, and the cure.
    """
    policy: Policy
    if not isinstance(document, Policy):
        mark = _mark(document)
        policy = _load(document, kind, stored) if mark is None else _LOADED[mark, kind, stored]
    elif document.kind == kind:
        policy = document
    elif {document.kind, kind} <= IDENTITY_LIKE and (stored or document.version == NEWEST or kind not in OF_TODAY):
        policy = _retyped(document, kind)
    else:
        policy = _CLASSES.get(kind, Policy)(
            document.to_dict(), kind, name=document.name, arn=document.arn, stored=stored
        )
    if strict:
        _refuse_dead(policy)
    return policy


def load_session_policy(document: object, semantics: Semantics) -> Policy:
    """
    Load the policy that is passed as a session begins.

    >>> old = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    >>> load_session_policy(old, Semantics(old_session_policies=True))
    <PermissionPolicy session: 1 statement, 63 characters>

    Args:
        document: as for `load_policy`.
        semantics: whether it may be of an older version.

    Raises:
        TypeError, PolicyError: as `load_policy`.
    """
    if not semantics.old_session_policies:
        return load_policy(document, "session")
    return _retyped(load_policy(document, "identity"), "session")


def _retyped(policy: Policy, kind: str) -> Policy:
    """But for the version, the same rules hold for all policies of permissions, so nothing is read again."""
    copy = object.__new__(PermissionPolicy)
    copy.__attrs_init__(
        kind, policy.version, policy.id, policy.statements, policy.name, policy.arn, policy._text, policy.written,
        policy.prepared,
    )  # fmt: skip
    return copy


def load_resource_policy(document: Mapping[str, Any] | str | Policy) -> Policy:
    """
    Load the policy of a resource; one without any ``Resource`` element is a role's trust policy.

    >>> load_resource_policy(TrustPolicy.service("ec2.amazonaws.com").to_json()).kind
    'trust'
    """
    if isinstance(document, Policy):
        return document if document.kind in ("trust", "resource") else load_policy(document, "resource")
    data = _data(document, "resource", False)
    found = data.get("Statement") if isinstance(data, dict) else None
    statements = found if isinstance(found, list) else [found]
    bare = all(isinstance(one, dict) and not {"Resource", "NotResource"} & set(one) for one in statements)
    return load_policy(data, "trust" if bare else "resource")


def _refuse_dead(policy: Policy) -> None:
    from ec2roles.errors import PolicyCharError, PolicyError, TrustPolicyError
    from ec2roles.policy.validation.checks import findings

    for finding in findings(policy.statements):
        if finding.dead:
            kind = PolicyCharError if finding.code == "character" else PolicyError
            if policy.kind == "trust" and kind is PolicyError:
                kind = TrustPolicyError
            raise kind(_SYNTAX, detail=f"{finding.message} at {finding.pointer}")


def check_size(policy: Policy, limit: int, message: str | None = None) -> None:
    """
    Raise if *policy* has more characters than a quota allows.

    >>> check_size(PermissionPolicy.allow("s3:GetObject"), 6144)

    Args:
        policy: the policy.
        limit: the quota.
        message: AWS's wording of the refusal.

    Raises:
        PolicyTooLargeError: if it is over the quota.
    """
    if policy.size > limit:
        raise PolicyTooLargeError(
            message if message is not None else f"Cannot exceed quota for PolicySize: {limit}",
            detail=f"{policy.size} characters, limit {limit}; white space is not counted",
        )
