"""How a document is loaded: as AWS checks it when it is saved, and refused for the same first reason in the same words."""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from typing import Any

from ec2roles.errors import PolicyTooLargeError
from ec2roles.memo import Memo
from ec2roles.policy.document import CLASSES, SYNTAX_ERRORS, PermissionPolicy, Policy, read_data
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.validation.grammar import IDENTITY_LIKE, NEWEST, OF_TODAY

# The longest document that is remembered, in characters or bytes.
_LONG = 8192


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
    return CLASSES.get(kind, Policy)(document, kind, stored=stored)  # type: ignore[arg-type]


# A memo of a pure function: tests pass the same few dicts again and again, and a policy never changes.
def _load_marked(asked: tuple[str | bytes, str, bool]) -> Policy:
    mark, kind, stored = asked
    return _load(mark if isinstance(mark, str) else marshal.loads(mark), kind, stored)  # noqa: S302 - our own bytes


# A policy and what is compiled of it are up to twelve times as large as its text.
_LOADED = Memo(_load_marked, most=16 << 20, times=12)


def load_policy(document: object, kind: str = "identity", *, strict: bool = False, stored: bool = False) -> Policy:
    """
    Load a policy as AWS would when it is saved: the same documents are refused, for the same first reason.

    >>> load_policy('{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')
    <PermissionPolicy identity: 1 statement, 86 characters>

    Args:
        document: a dict, JSON text, or a policy that is loaded already (checked again if *kind* is another).
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
        policy = CLASSES.get(kind, Policy)(
            document.to_dict(), kind, name=document.name, arn=document.arn, stored=stored
        )
    if strict:
        _refuse_dead(policy)
    return policy


def load_session_policy(document: object, semantics: Semantics) -> Policy:
    """
    Load a session policy, which is passed when a session is created.

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
    """Return the same policy as one of another kind: but for the version the rules are the same, so nothing is read again."""
    copy = object.__new__(PermissionPolicy)
    copy.__attrs_init__(
        kind, policy.version, policy.id, policy.statements, policy.name, policy.arn, policy._text, policy.written,
        policy.prepared,
    )  # fmt: skip
    return copy


def load_resource_policy(document: Mapping[str, Any] | str | Policy) -> Policy:
    """
    Load the policy of a resource; one without any ``Resource`` element is a role's trust policy.

    >>> from ec2roles.policy import TrustPolicy
    >>> load_resource_policy(TrustPolicy.service("ec2.amazonaws.com").to_json()).kind
    'trust'
    """
    if isinstance(document, Policy):
        return document if document.kind in ("trust", "resource") else load_policy(document, "resource")
    data = read_data(document, "resource", False)
    element = data.get("Statement") if isinstance(data, dict) else None
    statements = element if isinstance(element, list) else [element]
    bare = all(isinstance(part, dict) and not {"Resource", "NotResource"} & set(part) for part in statements)
    return load_policy(data, "trust" if bare else "resource")


def _refuse_dead(policy: Policy) -> None:
    from ec2roles.errors import PolicyCharError, PolicyError, TrustPolicyError
    from ec2roles.policy.validation.checks import findings

    for finding in findings(policy.statements):
        if finding.dead:
            kind = PolicyCharError if finding.code == "character" else PolicyError
            if policy.kind == "trust" and kind is PolicyError:
                kind = TrustPolicyError
            raise kind(SYNTAX_ERRORS, detail=f"{finding.message} at {finding.pointer}")


def check_size(policy: Policy, limit: int, message: str | None = None) -> None:
    """
    Raise if *policy* has more characters than a quota allows.

    >>> check_size(PermissionPolicy.allow("s3:GetObject"), 6144)

    Args:
        policy: the policy.
        limit: the quota.
        message: AWS's wording of the refusal.

    Raises:
        TypeError: if it is not a policy that is loaded.
        PolicyTooLargeError: if it is over the quota.
    """
    if not isinstance(policy, Policy):
        raise TypeError(f"policy must be a Policy, got {type(policy).__name__}")
    if policy.size > limit:
        raise PolicyTooLargeError(
            message if message is not None else f"Cannot exceed quota for PolicySize: {limit}",
            detail=f"{policy.size} characters, limit {limit}; white space is not counted",
        )
