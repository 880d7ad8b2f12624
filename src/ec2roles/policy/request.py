"""What is asked: who wants to do what, to which resource, under which circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ec2roles.arns import check_account_id, shown
from ec2roles.errors import ValidationError
from ec2roles.policy.caller import Caller, CallerKind, parse_caller
from ec2roles.policy.context import Context, Values, only_texts
from ec2roles.policy.matching import ascii_lower

LIST_ALL_BUCKETS = "arn:aws:s3:::*"
"""What AWS authorises s3:ListAllMyBuckets on; the asterisk in it is an ordinary character."""


_EMPTY = Context()


class Request:
    """
    One thing that somebody wants to do. It is never changed.

    >>> Request("arn:aws:iam::123456789012:user/alice", "s3:GetObject", "arn:aws:s3:::photos/cat.jpg")
    <Request s3:GetObject on arn:aws:s3:::photos/cat.jpg by arn:aws:iam::123456789012:user/alice>

    Args:
        principal: the ARN of a session, user, role, root or federated user; a service such as ``lambda.amazonaws.com``;
            an identity provider; ``*`` for anonymous; or a `Caller` that was read before.
        action: the IAM action, such as ``s3:GetObject``; in full, without wildcards.
        resource: the ARN, taken literally; ``*`` for an action without a resource.
        resource_account: whose resource it is; by default the account in the ARN, else the principal's.
        context: the context keys: a mapping, or a `Context`.
        principal_id: ``AROA...:session`` or ``AIDA...``, for policies that hold the ids of principals.
        role_arn: the ARN of the caller's role, with the path that a session ARN drops.
        operation: the API operation behind the action, such as ``s3:ListBuckets``; a policy entry that is literally this
            name counts too.

    Raises:
        TypeError: if a value has the wrong type.
        ValidationError: if the principal is none, or the action is not one plain action.
    """

    _account: str | None
    _folded: str
    _resource: str
    __slots__ = ("_account", "_action", "_caller", "_context", "_folded", "_key", "_operation", "_resource", "_texts")

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
        operation: str | None = None,
    ) -> None:
        if type(principal) is str:
            self._caller = caller = parse_caller(principal, role_arn, principal_id)
        elif isinstance(principal, Caller):
            self._caller = caller = principal
        elif isinstance(principal, str):
            self._caller = caller = parse_caller(str.__str__(principal), role_arn, principal_id)
        else:
            raise TypeError(f"principal must be str, got {type(principal).__name__}")
        if type(action) is not str or "*" in action or "?" in action or action.count(":") != 1:
            _check_action(action)
        self._action = action
        self._operation = operation
        self._key: Any = action if operation is None else (action, operation)
        self._context: Context | None = None
        self._texts: dict[str, str] | None = None
        if type(context) is Context:
            self._context = context
        elif type(context) is dict and only_texts(context):
            # Keys are put in lower case when a condition first asks for one: many decisions never do.
            self._texts = context.copy()
        else:
            self._context = Context.of(context)
        if resource is None:
            resource = "*"
        self._resource = name = resource
        account = None
        if name == "*":
            self._folded = name
        else:
            try:
                parts = name.split(":", 5)
            except AttributeError:
                raise TypeError(f"resource must be str, got {type(name).__name__}") from None
            if len(parts) == 6:
                account = parts[4]
                head = name[: len(name) - len(parts[5])]
                self._folded = name if head.islower() and head.isascii() else ascii_lower(head) + parts[5]
            else:
                self._folded = name
        if resource_account is not None:
            self._account = check_account_id(resource_account) if resource_account != account else resource_account
        else:
            own = caller.account
            if account is None or account == own or len(account) != 12 or not account.isdigit():
                self._account = own
            else:
                self._account = account

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
        if self._context is None:
            self._context = Context.of_texts(self._texts or {})
        return self._context

    @property
    def values(self) -> Values:
        """The context keys in lower case with their values, as the conditions read them; not to be changed."""
        context = self._context
        if context is None:
            context = self._context = Context.of_texts(self._texts or {})
        return context._values

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


def _check_action(action: object) -> None:
    if not isinstance(action, str):
        raise TypeError(f"action must be str, got {type(action).__name__}")
    if "*" in action or "?" in action:
        raise ValidationError(
            "Invalid action.", detail=f"a request is for one action, so it has no wildcards: {shown(action)}"
        )
    if action.count(":") != 1:
        raise ValidationError(
            "Invalid action.", detail=f"action must be 'service:Name', such as 's3:GetObject', got {shown(action)}"
        )
