"""What was probably meant by something that is not a policy, or is one of another kind: the cure that an error names."""

from __future__ import annotations

import re
from typing import Any

_SERVICE = re.compile(r"[A-Za-z0-9.-]+\.amazonaws\.com(?:\.cn)?")
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)
_FILE = re.compile(r"[^{}\n]{1,400}\.(?:json|txt)", re.IGNORECASE)


def text_hint(text: str, kind: str) -> str | None:
    """
    Return what to write in place of a text that is not JSON, or None.

    >>> text_hint("AmazonS3ReadOnlyAccess", "identity")
    "a managed policy is attached by its name: attach_policy('AmazonS3ReadOnlyAccess')"
    >>> text_hint("ec2.amazonaws.com", "trust")
    "write TrustPolicy.service('ec2.amazonaws.com')"

    Args:
        text: what was given as a document.
        kind: of the policy that was expected.
    """
    if _FILE.fullmatch(text):
        return f"a document is wanted, not the name of a file: Path({text!r}).read_text()"
    if kind == "trust":
        if _SERVICE.fullmatch(text):
            return f"write TrustPolicy.service({text!r})"
        if text.startswith("arn:") and len(text) <= 2048:
            return f"write TrustPolicy.principal({text!r})"
    elif kind in ("identity", "managed") and len(text) <= 2048:
        if ":policy/" in text or _NAME.fullmatch(text):
            return f"a managed policy is attached by its name: attach_policy({text!r})"
        if re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", text):
            return f"write PermissionPolicy.allow({text!r})"
    return None


def is_trust(statement: dict[str, Any]) -> bool:
    """Return whether a statement is one of a trust policy: it has a principal, and no resource."""
    return bool({"Principal", "NotPrincipal"} & set(statement)) and not {"Resource", "NotResource"} & set(statement)


def is_permission(statement: dict[str, Any]) -> bool:
    """Return whether a statement is one of a policy of permissions: it has a resource, and no principal."""
    return bool({"Resource", "NotResource"} & set(statement)) and not {"Principal", "NotPrincipal"} & set(statement)
