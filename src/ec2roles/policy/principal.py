"""Who makes a request, read from the ARN or the name that AWS shows for it."""

from __future__ import annotations

import enum
import re

import attrs

from ec2roles.arns import shown
from ec2roles.errors import ValidationError
from ec2roles.memo import Memo


class CallerKind(enum.Enum):
    """
    What sort of principal makes the request.

    >>> parse_caller("ec2.amazonaws.com").kind
    <CallerKind.SERVICE: 'AWS service'>
    """

    SESSION = "role session"
    ROLE = "role"
    USER = "user"
    ROOT = "account root"
    FEDERATED_USER = "federated user"
    FEDERATED = "identity provider"
    SERVICE = "AWS service"
    CANONICAL = "canonical user"
    ANONYMOUS = "anonymous"


_WITHOUT_IDENTITY = frozenset({CallerKind.FEDERATED, CallerKind.SERVICE, CallerKind.CANONICAL, CallerKind.ANONYMOUS})
_ACCOUNT = re.compile(r"[0-9]{12}")
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(?:/.*)?")


@attrs.frozen(kw_only=True)
class Caller:
    """
    A principal, taken apart.

    >>> caller = parse_caller("arn:aws:sts::123456789012:assumed-role/app/i-0abc")
    >>> caller.kind.value, caller.role_name
    ('role session', 'app')

    Args:
        text: the ARN or the name, as denials show it.
        kind: what sort of principal it is.
        partition: of its ARN.
        account: twelve digits, or None for services and anonymous callers.
        role_name: the name of the role in lower case, for a role or a session of one.
        role_arn: the role's ARN with its path, where it is known.
        role_key: the same in lower case, as policies are matched against it.
        unique_id: ``AROA...`` or ``AIDA...``, where it is known.
        user: of a federated user, the user who asked for its credentials, where it is known.
        service_linked: whether it is a service-linked role, which SCPs and RCPs do not touch.
    """

    text: str
    kind: CallerKind
    partition: str = "aws"
    account: str | None = None
    role_name: str | None = None
    role_arn: str | None = None
    unique_id: str | None = None
    user: Caller | None = None
    service_linked: bool = attrs.field(init=False)
    role_key: str | None = attrs.field(init=False)
    has_identity: bool = attrs.field(init=False)
    ordinary: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if self.role_arn is not None and not isinstance(self.role_arn, str):
            raise TypeError(f"role_arn must be str, got {type(self.role_arn).__name__}")
        key = None if self.role_arn is None else self.role_arn.lower()
        object.__setattr__(self, "role_key", key)
        object.__setattr__(self, "service_linked", key is not None and ":role/aws-service-role/" in key)
        object.__setattr__(self, "has_identity", self.kind not in _WITHOUT_IDENTITY)
        kinds = (CallerKind.SESSION, CallerKind.ROLE, CallerKind.USER)
        object.__setattr__(self, "ordinary", self.kind in kinds and not self.service_linked)


def _refuse(principal: str, why: str) -> ValidationError:
    return ValidationError(f"Invalid principal: {why}", detail=f"principal {shown(principal)}: {why}")


def parse_caller(principal: str, role_arn: str | None = None, principal_id: str | None = None) -> Caller:
    """
    Read who *principal* is.

    >>> parse_caller("ec2.amazonaws.com").kind.value
    'AWS service'

    Args:
        principal: the ARN of a session, user, role, root or federated user; a service; an identity provider; ``*``.
        role_arn: the ARN of the caller's role, with the path that a session ARN drops.
        principal_id: ``AROA...:session`` or ``AIDA...``.

    Raises:
        TypeError: if one of them is not text.
        ValidationError: if it is none of these.
    """
    return _CALLERS[principal, role_arn, principal_id]


def _caller_without_arn(principal: str) -> Caller:
    if principal.endswith((".amazonaws.com", ".amazonaws.com.cn", ".aws.internal")):
        return Caller(text=principal, kind=CallerKind.SERVICE)
    if _CANONICAL.fullmatch(principal):
        return Caller(text=principal, kind=CallerKind.CANONICAL)
    if _DOMAIN.fullmatch(principal):
        return Caller(text=principal, kind=CallerKind.FEDERATED)
    raise _refuse(principal, "it must be an ARN, a service such as 'ec2.amazonaws.com', or '*' for anonymous")


def _parse_caller(asked: tuple[str, str | None, str | None]) -> Caller:
    principal, role_arn, principal_id = asked
    for name, text in (("principal", principal), ("role_arn", role_arn), ("principal_id", principal_id)):
        if not isinstance(text, str) and (text is not None or name == "principal"):
            raise TypeError(f"{name} must be str, got {type(text).__name__}")
    unique_id = principal_id.partition(":")[0] if principal_id else None
    if principal == "*":
        return Caller(text="anonymous", kind=CallerKind.ANONYMOUS)
    if not principal.startswith("arn:"):
        return _caller_without_arn(principal)
    parts = principal.split(":", 5)
    if len(parts) < 6:
        raise _refuse(principal, "an ARN has six parts")
    _, partition, service, region, account, rest = parts
    if region or not _ACCOUNT.fullmatch(account):
        raise _refuse(principal, "its account must be 12 digits, and it has no region")
    kind, _, name = rest.partition("/")
    if service == "sts" and kind == "assumed-role":
        role, _, session = name.partition("/")
        if not role or not session or "/" in session:
            raise _refuse(principal, "a session ARN ends in assumed-role/ROLE/SESSION, without the role's path")
        return Caller(
            text=principal, kind=CallerKind.SESSION, partition=partition, account=account, role_name=role.lower(),
            role_arn=role_arn or None, unique_id=unique_id,
        )  # fmt: skip
    if service == "sts" and kind == "federated-user" and name:
        return Caller(text=principal, kind=CallerKind.FEDERATED_USER, partition=partition, account=account)
    if service == "iam" and rest == "root":
        return Caller(text=principal, kind=CallerKind.ROOT, partition=partition, account=account)
    if service == "iam" and kind == "user" and name:
        return Caller(text=principal, kind=CallerKind.USER, partition=partition, account=account, unique_id=unique_id)
    if service == "iam" and kind == "role" and name:
        return Caller(
            text=principal, kind=CallerKind.ROLE, partition=partition, account=account,
            role_name=name.rpartition("/")[2].lower(), role_arn=principal, unique_id=unique_id,
        )  # fmt: skip
    if service == "iam" and kind in ("saml-provider", "oidc-provider") and name:
        return Caller(text=principal, kind=CallerKind.FEDERATED, partition=partition, account=account)
    why = "a group is no principal" if kind == "group" else "it is no user, role, session, root or identity provider"
    raise _refuse(principal, why)


# A simulator asks for the same few callers again and again.
_CALLERS = Memo(_parse_caller, most=2 << 20, times=3)
