"""The services that an account offers. Another simulator adds its own here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.errors import ArgumentError, AwsError, EntityAlreadyExistsError, ValidationError
from ec2roles.services.judged_only import authorization
from ec2roles.services.operation import Operation, Read, Service
from ec2roles.services.parameters import Names, pass_on
from ec2roles.services.shapes import snake_case
from ec2roles.world.part import Part

_ACTION = re.compile(r"[A-Za-z0-9._-]+:[A-Za-z0-9._-]+")


@attrs.frozen(eq=False)
class Found:
    """
    What a call turned out to mean.

    Args:
        service: the service, or None if nothing here performs its calls.
        operation: the operation; one that is only judged, if there is none here.
        performed: whether there is something to perform.
        named_operation: ``s3:ListBuckets``, where the call named the operation and the IAM action is called otherwise.
        action: the IAM action: ``s3:ListAllMyBuckets``.
    """

    service: Service | None
    operation: Operation
    performed: bool
    named_operation: str | None
    action: str


@attrs.define(eq=False, repr=False)
class Registry(Part):
    """
    Finds the operation that a call means, by the API's name or by the IAM action.

    >>> registry = Registry()
    >>> registry.register(
    ...     Service("demo", [Operation("Hello", lambda call: [("demo:Hello", "*", None, {})], lambda call: "hi")])
    ... )
    >>> registry.services
    ('demo',)
    """

    _services: dict[str, Service] = attrs.field(factory=dict, init=False, repr=False)
    _operations: dict[str, Found] = attrs.field(factory=dict, init=False, repr=False)
    # What is not made before somebody calls it: the big tables would cost every program their import.
    _later: dict[str, Callable[[], Service]] = attrs.field(factory=dict, init=False, repr=False)
    _names: dict[str, Mapping[str, str]] = attrs.field(factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<Registry of {', '.join(self.services) or 'no services'}>"

    @property
    def services(self) -> tuple[str, ...]:
        """The prefixes of the registered services."""
        return (*self._services, *self._later)

    def operations(self, prefix: str) -> tuple[Operation, ...]:
        """
        Return the operations of a service, in the order of its table.

        Raises:
            KeyError: if there is no such service.
        """
        self._load(prefix.lower())
        return tuple(self._services[prefix.lower()].operations)

    def names(self, prefix: str) -> Mapping[str, str]:
        """
        Return the operations' names of a service by what boto3's methods are called: ``list_buckets``.

        Raises:
            KeyError: if there is no such service.
        """
        # A service stays as it was registered. IAM has 150 operations, and every call of `Account.as_` comes here.
        found = self._names.get(prefix)
        if found is None:
            found = {snake_case(operation.name): operation.name for operation in self.operations(prefix)}
            self._names[prefix] = found
        return found

    def register(self, service: Service) -> None:
        """
        Add a service.

        Raises:
            ArgumentError: if its table is not written as it must be.
            EntityAlreadyExistsError: if one with that prefix is registered already.
        """
        if not isinstance(service, Service):
            raise ArgumentError(f"a service must be a Service, got {type(service).__name__}")
        service.check()
        self._check_free(service.name)
        self._add(service)

    def register_later(self, prefix: str, load: Callable[[], Service]) -> None:
        """
        Add a service that is made when one of its operations is first asked for.

        Args:
            prefix: the prefix of its actions.
            load: makes it.

        Raises:
            EntityAlreadyExistsError: if one with that prefix is registered already.
        """
        self._check_free(prefix)
        self._later[prefix.lower()] = load

    def _check_free(self, prefix: str) -> None:
        if prefix.lower() in self._services or prefix.lower() in self._later:
            raise EntityAlreadyExistsError(
                f"Service {prefix} already exists.", detail=f"a service '{prefix}' is registered already"
            )

    def _load(self, prefix: str) -> bool:
        """Make the service of *prefix*, if it waits for that; return whether it did."""
        if prefix not in self._later:
            return False
        self._add(self._later[prefix]())
        del self._later[prefix]
        return True

    def _add(self, service: Service) -> None:
        self._services[service.name.lower()] = service
        for operation in service.operations:
            iam_name = service.actions.get(operation.name, operation.name)
            action = f"{service.name}:{iam_name}"
            named = f"{service.name}:{operation.name}"
            if iam_name == operation.name:
                self._operations[named.lower()] = Found(service, operation, True, None, action)
                continue
            self._operations[named.lower()] = Found(service, operation, True, named, action)
            # The first operation of the table that needs an action is the one a call of that action means.
            self._operations.setdefault(action.lower(), Found(service, operation, True, None, action))

    def find(self, call: Call) -> Found:
        """
        Return what *call* means.

        Raises:
            TypeError: if its action or its resource is not text.
            ValidationError: if its action is not ``service:Name``.
        """
        if not isinstance(call.action, str):
            raise TypeError(f"action must be str, got {type(call.action).__name__}")
        if call.resource is not None and not isinstance(call.resource, str):
            raise TypeError(f"resource must be str or None, got {type(call.resource).__name__}")
        if call.operation is not None:
            prefix = call.action.partition(":")[0]
            found = self._operations.get(f"{prefix}:{call.operation}".lower())
            if found is not None:
                return attrs.evolve(found, named_operation=None)
        found = self._operations.get(call.action.lower())
        if found is not None:
            return found
        if self._load(call.action.partition(":")[0].lower()):
            return self.find(call)
        if not _ACTION.fullmatch(call.action):
            raise ValidationError(
                "The action is not valid.",
                detail="an action is a service prefix and a name, such as 's3:GetObject', and has no wildcards here; "
                f"got {shown(call.action)}",
            )
        return self._judged_only(call, Names(()))

    def judged_only(self, call: Call) -> Found:
        """Return what *call* needs where nothing here performs it: its action, on its resource; whatever its parameters."""
        return self._judged_only(call, pass_on)

    def _judged_only(self, call: Call, read: Read) -> Found:
        service = self._services.get(call.action.partition(":")[0].lower())
        judged = authorization if service is None or service.judged is None else service.judged
        operation = Operation(call.action.partition(":")[2], read, lambda call: [judged(call)], _nothing)
        return Found(service, operation, False, None, call.action)

    def operation(self, name: str) -> Found:
        """
        Return the operation of that name, as AWS's API has it: ``iam:CreateRole``.

        Raises:
            AwsError: ``InvalidAction``, if no service here has it.
        """
        if not isinstance(name, str):
            raise TypeError(f"an operation is named by a str, got {type(name).__name__}")
        self._load(name.partition(":")[0].lower())
        found = self._operations.get(name.lower())
        if found is None or found.operation.name.lower() != name.partition(":")[2].lower():
            raise AwsError(
                f"The action {name.partition(':')[2]} is not valid for this web service.",
                code="InvalidAction",
                detail=f"no operation {shown(name)} is simulated here; there are: {', '.join(self.services)}",
            )
        return found


def _nothing(call: Call) -> None:
    """What is only judged is not performed."""
