"""An operation of a service: what a call needs to be allowed, and what it does then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.authorization.denials import JSON_SERVICES
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError
from ec2roles.policy import Decision

Permissions = Callable[[Call], Iterable[Permission | Sequence[Any]]]


@attrs.frozen(eq=False)
class Operation:
    """
    One API operation.

    >>> hello = Operation("Hello", lambda call: [("demo:Hello", "*", None, {})], lambda call: "hello")

    Args:
        name: the API's name: ``ListBuckets``.
        authorizations: given the `Call`, returns all that must be allowed: each the IAM action, the resource, the resource's
            policy or None, and further context keys; an `Permission`, or a tuple of those four.
        perform: given the `Call`, does it and returns the value; it raises an `AwsError` for what AWS would refuse.
        request: given AWS's own parameters (``{"Bucket": "photos"}``), returns the resource and the parameters that a
            `Call` has; it checks nothing. None where a `Call` has AWS's parameters anyway.
        response: given the value and the `Call`, returns AWS's own response, a dict as boto3 gives it. None where the
            value is that already.
    """

    name: str
    authorizations: Permissions = attrs.field(repr=False)
    perform: Callable[[Call], Any] = attrs.field(repr=False)
    request: Callable[[Mapping[str, Any]], tuple[str | None, Mapping[str, Any]]] | None = attrs.field(
        default=None, kw_only=True, repr=False
    )
    response: Callable[[Any, Call], Mapping[str, Any]] | None = attrs.field(default=None, kw_only=True, repr=False)

    def needs(self, call: Call) -> list[Permission]:
        """Return what *call* must be allowed to do."""
        return [one if isinstance(one, Permission) else Permission(*one) for one in self.authorizations(call)]


def plain_denial(call: Call, decision: Decision) -> AwsError:
    """Return the error for a call that was denied, as IAM, STS and most services put it; JSON has a code of its own."""
    status = JSON_SERVICES.get(call.action.partition(":")[0].lower())
    if status is not None:
        return AccessDeniedError(decision.message, code="AccessDeniedException", status=status)
    return AccessDeniedError(decision.message)


@attrs.frozen(eq=False)
class Service:
    """
    A service: the prefix of its actions, and its table of operations.

    Args:
        name: the prefix: ``s3``.
        operations: its operations.
        actions: for an operation whose IAM action has another name: ``{"ListBuckets": "ListAllMyBuckets"}``.
        denial: words the error for a call that was denied.
        judged: what a call needs whose operation is not in the table, so that it is only judged; None where there is
            nothing to know about its resource.
        partly: by the operation's name, what is performed where not all that a call needs is allowed: a batch in whose
            answer each part has its own refusal. It asks for each part by itself.
    """

    name: str
    operations: Sequence[Operation]
    actions: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    denial: Callable[[Call, Decision], AwsError] = attrs.field(default=plain_denial, kw_only=True, repr=False)
    judged: Callable[[Call], Permission] | None = attrs.field(default=None, kw_only=True, repr=False)
    partly: Mapping[str, Callable[[Call], Any]] = attrs.field(factory=dict, kw_only=True, repr=False)
