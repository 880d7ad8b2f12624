"""Calls made as somebody: AWS's operations as methods, named and given as boto3's clients have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.calls import Response
from ec2roles.services.registry import Registry
from ec2roles.world.part import Part

Send = Callable[[str, Mapping[str, Any]], Response]


@attrs.define(eq=False, repr=False)
class Client(Part):
    """
    One service, as somebody sees it.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> alice = account.as_(account.create_user("alice").create_access_key())
    >>> alice.sts.get_caller_identity().ok
    True

    Args:
        prefix: the prefix of its actions: ``iam``.
        send: makes a call: given ``iam:CreateRole`` and AWS's parameters.
        names: its methods, each with the operation's name.
    """

    _prefix: str = attrs.field(alias="prefix")
    _send: Send = attrs.field(alias="send")
    _names: Mapping[str, str] = attrs.field(alias="names")

    def __getattr__(self, method: str) -> Callable[..., Response]:
        if method.startswith("_"):
            raise AttributeError(method)  # what copy and pickle look for, before there are any names
        if method not in self._names:
            raise AttributeError(_unknown(f"operation of {self._prefix} is called", method, self._names))
        operation = self._names[method]

        def call(**parameters: Any) -> Response:
            return self._send(f"{self._prefix}:{operation}", parameters)

        call.__name__ = method
        call.__qualname__ = f"{self._prefix}.{method}"
        call.__doc__ = f"Make the call {self._prefix}:{operation} with AWS's own parameters, and return its `Response`."
        return call

    def __dir__(self) -> list[str]:
        return sorted(self._names)

    def __repr__(self) -> str:
        return f"<client of {self._prefix}, {len(self._names)} operations>"


@attrs.define(eq=False, repr=False)
class Clients(Part):
    """
    All services of an account, as somebody sees them; made by `Account.as_`.

    Args:
        send: makes a call: given ``iam:CreateRole`` and AWS's parameters.
        registry: knows the services and their operations.
    """

    _send: Send = attrs.field(alias="send")
    _registry: Registry = attrs.field(alias="registry")

    def __getattr__(self, prefix: str) -> Client:
        if prefix.startswith("_"):
            raise AttributeError(prefix)
        services = self._registry.services
        if prefix not in services:
            raise AttributeError(_unknown("service is called", prefix, services))
        return Client(prefix, self._send, self._registry.names(prefix))

    def __dir__(self) -> list[str]:
        return sorted(self._registry.services)

    def __repr__(self) -> str:
        return f"<clients of {', '.join(dir(self))}>"


def _unknown(what: str, name: str, known: Any) -> str:
    import difflib  # only a failed look-up needs it

    near = difflib.get_close_matches(name[:128], known, n=3, cutoff=0.5) or sorted(known)[:5]
    return f"no {what} '{name}'; there is {', '.join(near)}"
