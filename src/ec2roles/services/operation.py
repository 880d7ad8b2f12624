"""
An operation of a service: how its parameters are read, what a call needs to be allowed, and what it does then.

A table of operations is a `Service`. A row of it for an operation of AWS's has a `Reader`, which knows the names, the types and
the constraints of the parameters from AWS's own shapes; the row says which of them make a difference here::

    Operation(
        "GetAccessKeyInfo",
        Reader("sts", "GetAccessKeyInfo"),  # simulated="...": where that is not all of them
        lambda call: [Permission("sts:GetAccessKeyInfo")],  # permissions
        lambda call: account_of(call.parameters["AccessKeyId"]),  # perform
        response=lambda value, call: {"Account": value},
    )

Every function gets the same `Call`, whose ``parameters`` have been read: AWS's names, the right types, no broken constraint,
all the way down. What has to be worked out of them once, for both the permissions and the performance, is made by ``prepare``
and stands in ``call.prepared``. A question may leave out required parameters where the reader is ``partial``.

The service of another simulator needs no reader: ``Operation("Hello", permissions, perform)`` takes any parameters, and
``Operation("Hello", ["name"], permissions, perform)`` takes those, and refuses others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, overload

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.denials import plain_denial
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import ArgumentError, AwsError
from ec2roles.policy import Decision
from ec2roles.services.parameters import Names, Reader, pass_on

Read = Callable[[Call], Mapping[str, Any]]
Permissions = Callable[[Call], Iterable[Permission | Sequence[Any]]]
Perform = Callable[[Call], Any]
Respond = Callable[[Any, Call], Mapping[str, Any]]

_PREFIX = re.compile(r"[A-Za-z0-9-]+")


@attrs.frozen(eq=False, init=False)
class Operation:
    """
    One API operation.

    >>> hello = Operation("Hello", lambda call: [("demo:Hello", "*", None, {})], lambda call: "hello")
    >>> named = Operation("Hello", ["name"], lambda call: [("demo:Hello",)], lambda call: call.parameters["name"])

    Args:
        name: the API's name: ``ListBuckets``.
        read: reads the parameters: a `Reader` for an operation of AWS's, or the names that there are. Where it is left out,
            the parameters are passed on as they are.
        permissions: given the `Call`, returns all that must be allowed: each the IAM action, the resource, the resource's
            policy or None, and further context keys; an `Permission`, or a tuple of those four.
        perform: given the `Call`, does it and returns the value; it raises an `AwsError` for what AWS would refuse.
        prepare: given the call as it was sent and what was read, returns what both of them need, as ``call.prepared``.
        asked: what a call in Python needs that says nothing but its resource, where something is required:
            ``account.can("iam:DeleteRole", role.arn, credentials=...)``.
        response: given the value and the `Call`, returns AWS's own response, a dict as boto3 gives it. None where the
            value is that already.
    """

    name: str
    read: Read = attrs.field(repr=False)
    permissions: Permissions = attrs.field(repr=False)
    perform: Perform = attrs.field(repr=False)
    prepare: Callable[[Call, Mapping[str, Any]], Any] | None = attrs.field(repr=False)
    asked: Callable[[Call], Permission] | None = attrs.field(repr=False)
    response: Respond | None = attrs.field(repr=False)

    @overload
    def __init__(
        self,
        name: str,
        permissions: Permissions,
        perform: Perform,
        /,
        *,
        response: Respond | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        read: Read | Iterable[str],
        permissions: Permissions,
        perform: Perform,
        *,
        prepare: Callable[[Call, Mapping[str, Any]], Any] | None = None,
        asked: Callable[[Call], Permission] | None = None,
        response: Respond | None = None,
    ) -> None: ...

    def __init__(
        self,
        name: str,
        *steps: Any,
        prepare: Any = None,
        asked: Any = None,
        response: Any = None,
        **named: Any,
    ) -> None:
        functions = _by_name(name, steps, named)
        read = functions.get("read", pass_on)
        if isinstance(read, (list, tuple, set, frozenset)):
            read = Names(read)
        # What is missing is told when the table is registered.
        permissions: Any = functions.get("permissions")
        perform: Any = functions.get("perform")
        self.__attrs_init__(name, read, permissions, perform, prepare, asked, response)

    def ready(self, call: Call, caller: Any) -> tuple[Call, list[Permission]]:
        """
        Return *call* with its caller and its parameters read, as it is performed, and what it must be allowed to do.

        Args:
            call: as it was sent.
            caller: the session behind its credentials.

        Raises:
            AwsError: for parameters that AWS would not take, and those that are not simulated.
        """
        if self.asked is not None and self._says_nothing(call):
            call = call.by(caller, call.parameters)
            return call, [self.asked(call)]
        if self.prepare is None and isinstance(self.read, Reader):
            # A reader does not ask who calls.
            call = call.by(caller, self.read(call))
        else:
            call = self._read(call.by(caller, call.parameters))
        needed = []
        for permission in self.permissions(call):
            needed.append(permission if isinstance(permission, Permission) else _permission(permission))  # noqa: PERF401  (no frame of its own, once for each call)
        return call, needed

    def run(self, call: Call) -> Any:
        """Do what a call wants that is `ready`, and allowed."""
        return self.perform(self._read(call) if self.asked is not None and self._says_nothing(call) else call)

    def _read(self, call: Call) -> Call:
        parameters = self.read(call)
        prepared = None if self.prepare is None else self.prepare(call, parameters)
        if parameters is call.parameters and prepared is None:
            return call
        return call.by(call.caller, parameters, prepared)

    def check_names(self, call: Call) -> None:
        """
        Check the names of the parameters of a *call* that nobody can sign.

        Raises:
            ParameterError: for names that the operation does not have.
        """
        if call.parameters and not call.api and isinstance(self.read, Reader | Names):
            self.read.check_names(call)

    def _says_nothing(self, call: Call) -> bool:
        """Whether *call* was made in Python with its resource alone, and there is more to say."""
        if call.api or call.parameters:
            return False
        return call.resource is not None or (isinstance(self.read, Reader) and bool(self.read.shape.required))

    def check(self, service: str) -> None:
        """
        Check that the row is written as it must be.

        Args:
            service: whose it is, for the message.

        Raises:
            ArgumentError: if it has no name, or what must be a function is none.
        """
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise ArgumentError(
                f"an operation of {shown(service)} must have a name such as 'Hello', got {shown(self.name)}"
            )
        for part in ("read", "permissions", "perform"):
            if not callable(getattr(self, part)):
                raise ArgumentError(
                    f"{part} of {shown(f'{service}:{self.name}')} must be a function, got {type(getattr(self, part)).__name__}"
                )
        for part in ("prepare", "asked", "response"):
            if getattr(self, part) is not None and not callable(getattr(self, part)):
                raise ArgumentError(f"{part} of {shown(f'{service}:{self.name}')} must be a function or None")
        if isinstance(self.read, Names) and not all(isinstance(one, str) for one in self.read.known):
            raise ArgumentError(f"the parameters of {shown(f'{service}:{self.name}')} must be named by texts")


def _by_name(name: object, steps: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the functions of a row by their names; the first is left out where there are two."""
    order = ("read", "permissions", "perform")[len(steps) == 2 :]
    found = {**dict(zip(order, steps, strict=False)), **named}
    wrong = sorted(set(named) - {"read", "permissions", "perform"})
    if wrong or len(steps) > 3 or len(found) < len(steps) + len(named):
        raise ArgumentError(
            f"operation {shown(name)} takes read, permissions and perform, "
            f"got {len(steps)} functions{' and ' if named else ''}{', '.join(named)}"
        )
    return found


def _permission(row: Any) -> Permission:
    if not isinstance(row, (tuple, list)) or not 1 <= len(row) <= 5:
        raise ArgumentError(
            "permissions must be Permission objects, or tuples of an IAM action, a resource, a policy or None, and context "
            f"keys; got {shown(row)}"
        )
    return Permission(*row)


@attrs.frozen(eq=False)
class Service:
    """
    A service: the prefix of its actions, and its table of operations.

    >>> from ec2roles import Account
    >>> ring = Operation("Ring", lambda call: [("bells:Ring", call.resource, None, {})], lambda call: "ding")
    >>> account = Account()
    >>> account.registry.register(Service("bells", [ring]))
    >>> account.call("bells:Ring", credentials=account.root.create_access_key()).value
    'ding'

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

    def check(self) -> None:
        """
        Check that the table is written as it must be.

        Raises:
            ArgumentError: for a prefix or a row that is none, and for two operations of one name.
        """
        if not isinstance(self.name, str) or not _PREFIX.fullmatch(self.name):
            raise ArgumentError(f"a service must have a prefix such as 'demo', got {shown(self.name)}")
        if not isinstance(self.operations, (list, tuple)):
            raise ArgumentError(
                f"the operations of {shown(self.name)} must be a list, got {type(self.operations).__name__}"
            )
        names = set()
        for operation in self.operations:
            if not isinstance(operation, Operation):
                raise ArgumentError(f"{shown(self.name)} must hold operations, got {type(operation).__name__}")
            operation.check(self.name)
            if operation.name.lower() in names:
                raise ArgumentError(f"{shown(self.name)} has the operation {shown(operation.name)} twice")
            names.add(operation.name.lower())
        if not isinstance(self.actions, Mapping):
            raise ArgumentError(f"the actions of {shown(self.name)} must be a dict, got {type(self.actions).__name__}")
        for name, action in self.actions.items():
            if not isinstance(name, str) or name.lower() not in names or not isinstance(action, str):
                raise ArgumentError(
                    f"{shown(self.name)} has an action for {shown(name)}, which is none of its operations"
                )
        if not callable(self.denial) or not (self.judged is None or callable(self.judged)):
            raise ArgumentError(f"denial and judged of {shown(self.name)} must be functions")
