"""What is asked: who wants to do what, to which resource, under which circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.errors import ValidationError
from ec2roles.memo import Memo
from ec2roles.policy.context import CHECKED_KEYS, Context, Values, check_keys
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.principal import Caller, CallerKind, parse_caller

LIST_ALL_BUCKETS = "arn:aws:s3:::*"
"""What AWS authorises s3:ListAllMyBuckets on; the asterisk in it is an ordinary character."""
_LISTS_ALL_BUCKETS = "s3:listallmybuckets"

_EMPTY = Context()
# Actions that have passed the check: programs ask for the same few again and again.
_CHECKED: set[str] = set()
_REMEMBERED = 4096


class Request:
    """
    One thing that somebody wants to do. It is never changed.

    >>> Request("arn:aws:iam::123456789012:user/alice", "s3:GetObject", "arn:aws:s3:::photos/cat.jpg")
    <Request s3:GetObject on arn:aws:s3:::photos/cat.jpg by arn:aws:iam::123456789012:user/alice>

    Args:
        principal: the ARN of a session, user, role, root or federated user; a service such as ``lambda.amazonaws.com``;
            an identity provider; ``*`` for anonymous; or a `Caller` that was read before.
        action: the IAM action, such as ``s3:GetObject``; in full, without wildcards.
        resource: the ARN, taken literally; ``*`` for an action without a resource. Of ``s3:ListAllMyBuckets`` that is
            the literal ``arn:aws:s3:::*``, as AWS has it.
        resource_account: whose resource it is; by default the account in the ARN, else the principal's.
        context: the context keys: a mapping, or a `Context`.
        principal_id: ``AROA...:session`` or ``AIDA...``, for policies that hold the ids of principals.
        role_arn: the ARN of the caller's role, with the path that a session ARN drops.
        user: of a federated user, the user who asked for its credentials: an ARN or a `Caller`.
        operation: the API operation behind the action, such as ``s3:ListBuckets``; a policy entry that is literally this
            name counts too.

    Raises:
        TypeError: if a value has the wrong type.
        ArgumentError: if a context key comes in two spellings.
        ValidationError: if the principal is not one, or the action is not one plain action.
    """

    __slots__ = ("_account", "_action", "_caller", "_context", "_folded", "_key", "_operation", "_resource")

    def __init__(
        self,
        principal: str | Caller,
        action: str,
        resource: str | None = "*",
        *,
        resource_account: str | None = None,
        context: Mapping[str, Any] | Context = _EMPTY,
        principal_id: str | None = None,
        role_arn: str | None = None,
        user: str | Caller | None = None,
        operation: str | None = None,
    ) -> None:
        if type(principal) is str and role_arn is None and principal_id is None:
            caller = parse_caller(principal)  # a cache looks one argument up faster than three
        elif isinstance(principal, Caller):
            caller = principal
        elif type(principal) is str and type(role_arn) is str and type(principal_id) is str:
            caller = parse_caller(principal, role_arn, principal_id)
        else:
            caller = _caller(principal, role_arn, principal_id)
        self._caller = caller
        if user is not None:
            self._caller = caller = _of_user(caller, user)
        if type(action) is not str or action not in _CHECKED:
            action = _checked(action)
        self._action = action
        self._operation = None if operation is None else _exact(operation, "operation")
        self._key: Any = action if operation is None else (action, self._operation)
        self._context: Context | dict[str, str]
        if type(context) is dict:
            if tuple(context) not in CHECKED_KEYS:
                check_keys(context)
            for value in context.values():
                if type(value) is not str:
                    self._context = Context.of(context)
                    break
            else:
                # Keys are put in lower case when a condition first asks for one: most decisions never do.
                self._context = context.copy()
        else:
            self._context = context if type(context) is Context else Context.of(context)
        if type(resource) is not str:
            exact = _exact(resource, "resource")
            resource = "*" if exact is None else exact
        if resource == "*" and ascii_lower(action) == _LISTS_ALL_BUCKETS:
            resource = LIST_ALL_BUCKETS
        self._resource = resource
        self._folded, written, account = _RESOURCES[resource]
        self._account: str | None = account or caller.account
        if resource_account is not None:
            self._account = check_account_id(resource_account) if resource_account != written else written

    @property
    def principal(self) -> str:
        """The ARN or the name of who asks; ``*`` for anonymous."""
        return "*" if self._caller.kind is CallerKind.ANONYMOUS else self._caller.text

    @property
    def caller(self) -> Caller:
        """Who asks, taken apart."""
        return self._caller

    @property
    def action(self) -> str:
        """The IAM action."""
        return self._action

    @property
    def resource(self) -> str:
        """The resource, as given; ``*`` for none."""
        return self._resource

    @property
    def resource_account(self) -> str | None:
        """Whose resource it is; None where nothing says so."""
        return self._account

    @property
    def context(self) -> Context:
        """The context keys."""
        context = self._context
        if type(context) is dict:
            context = self._context = Context._of_texts(context)
        return context  # type: ignore[return-value]  # mypy does not narrow by type(...)

    @property
    def values(self) -> Values:
        """The context keys in lower case with their values, as the conditions read them; not to be changed."""
        return self.context._values

    @property
    def operation(self) -> str | None:
        """The API operation behind the action, if one was given."""
        return self._operation

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the request is read."""
        resource = self._resource
        if ("*" in resource or "?" in resource) and resource not in ("*", LIST_ALL_BUCKETS):
            return (f"the resource {resource} is one literal name: wildcards have a meaning in policies only",)
        return ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Request):
            return NotImplemented
        return (
            self._caller == other._caller
            and self._key == other._key
            and self._resource == other._resource
            and self._account == other._account
            and self.context == other.context
        )

    def __hash__(self) -> int:
        return hash((self._caller, self._key, self._resource, self._account, self.context))

    def __repr__(self) -> str:
        on = "" if self._resource == "*" else f" on {self._resource}"
        return f"<Request {self._action}{on} by {self._caller.text}>"


def _read_resource(name: str) -> tuple[str, str | None, str | None]:
    """Return an ARN with its first five parts in lower case, the account as it is written, and again if it is one."""
    parts = name.split(":", 5)
    if len(parts) < 6:
        return name, None, None
    account, rest = parts[4], parts[5]
    folded = ascii_lower(name[: len(name) - len(rest)]) + rest
    return folded, account, account if len(account) == 12 and account.isdigit() else None


# The same resources are asked about again and again.
_RESOURCES = Memo(_read_resource, most=2 << 20, times=3)


def _of_user(caller: Caller, user: object) -> Caller:
    """Return *caller*, a federated user, with the user who asked for its credentials."""
    if not isinstance(user, Caller):
        user = parse_caller(str(_exact(user, "user")))
    if caller.kind is not CallerKind.FEDERATED_USER or user.kind is not CallerKind.USER:
        raise ValidationError(
            "Invalid principal: only a federated user has a user behind it",
            detail=f"principal {shown(caller.text)} with user {shown(user.text)}: give 'user' the ARN of a user, and only with a federated user",
        )
    return attrs.evolve(caller, user=user)


def _caller(principal: object, role_arn: object, principal_id: object) -> Caller:
    if not isinstance(principal, str):
        raise TypeError(f"principal must be str, got {type(principal).__name__}")
    return parse_caller(str.__str__(principal), _exact(role_arn, "role_arn"), _exact(principal_id, "principal_id"))


def _exact(text: object, name: str) -> str | None:
    """Return a str itself, whatever a subclass of str overrides; None stays None."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"{name} must be str, got {type(text).__name__}")
    return str.__str__(text)


def _checked(action: object) -> str:
    if not isinstance(action, str):
        raise TypeError(f"action must be str, got {type(action).__name__}")
    action = str.__str__(action)
    if "*" in action or "?" in action:
        raise ValidationError(
            "Invalid action.", detail=f"a request is for one action, so it has no wildcards: {shown(action)}"
        )
    if action.count(":") != 1:
        raise ValidationError(
            "Invalid action.", detail=f"action must be 'service:Name', such as 's3:GetObject', got {shown(action)}"
        )
    if len(_CHECKED) >= _REMEMBERED:
        _CHECKED.clear()
    _CHECKED.add(action)
    return action
