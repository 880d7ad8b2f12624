"""What ModifyInstanceAttribute changes about an instance, and the protection that two of the attributes give."""

from __future__ import annotations

from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.ec2.checks import check_instance_type
from ec2roles.errors import ArgumentError, InstanceError
from ec2roles.metadata.hardware import architecture_of

USER_DATA_LIMIT = 16_384
SHUTDOWN_BEHAVIORS = ("stop", "terminate")


def _is_bool(_instance: object, attribute: attrs.Attribute[bool], value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{attribute.name} must be bool, got {type(value).__name__}")


def _is_text(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} must be str, got {type(value).__name__}")


def _shutdown(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if value not in SHUTDOWN_BEHAVIORS:
        raise InstanceError(
            f"Value ({value}) for parameter InstanceInitiatedShutdownBehavior is invalid.",
            detail=f"{attribute.name} must be 'stop' or 'terminate', got {shown(value)}",
        )


def _is_instance_type(record: object, attribute: attrs.Attribute[str], value: object) -> None:
    _is_text(record, attribute, value)
    check_instance_type(str(value))


@attrs.frozen
class InstanceAttributes:
    """
    What ModifyInstanceAttribute changes about an instance, besides its user data.

    Args:
        instance_type: such as ``t3.micro``.
        disable_api_termination: whether nobody can terminate it before this is taken off.
        disable_api_stop: whether nobody can stop or terminate it before this is taken off.
        instance_initiated_shutdown_behavior: ``stop`` or ``terminate``: what a shutdown from within would do; no program
            here shuts an instance down.

    Raises:
        InstanceError: for any other behavior.
    """

    instance_type: str = attrs.field(validator=_is_instance_type)
    disable_api_termination: bool = attrs.field(default=False, validator=_is_bool)
    disable_api_stop: bool = attrs.field(default=False, validator=_is_bool)
    instance_initiated_shutdown_behavior: str = attrs.field(default="stop", validator=_shutdown)

    def changed(self, **attributes: Any) -> InstanceAttributes:
        """
        Return them with what is named in *attributes*; the rest stays.

        Raises:
            InstanceError: for a bad value, or a type of another architecture than the AMI's.
        """
        found = attrs.evolve(self, **attributes)
        before, after = architecture_of(self.instance_type), architecture_of(found.instance_type)
        if before != after:
            raise InstanceError(
                f"The architecture '{after}' of the specified instance type does not match the architecture '{before}' of "
                "the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
                detail=f"a {self.instance_type} cannot become a {found.instance_type}",
            )
        return found

    def check_may_stop(self, instance_id: str) -> None:
        """
        Make sure that the instance may be stopped.

        Raises:
            InstanceError: ``OperationNotPermitted``.
        """
        if self.disable_api_stop:
            raise _protected(instance_id, "stopped", "disableApiStop")

    def check_may_terminate(self, instance_id: str) -> None:
        """
        Make sure that the instance may be terminated; protection from stopping protects from that as well.

        Raises:
            InstanceError: ``OperationNotPermitted``.
        """
        if self.disable_api_termination:
            raise _protected(instance_id, "terminated", "disableApiTermination")
        if self.disable_api_stop:
            raise _protected(instance_id, "terminated", "disableApiStop")


def _protected(instance_id: str, done: str, attribute: str) -> InstanceError:
    return InstanceError(
        f"The instance '{instance_id}' may not be {done}. Modify its '{attribute}' instance attribute and try again.",
        code="OperationNotPermitted",
        detail="modify_attribute() takes the protection off",
    )


def read_user_data(given: object) -> bytes | None:
    """
    Return user data as bytes.

    Raises:
        InstanceError: if it is longer than 16 KiB.
        ArgumentError: if it is text that UTF-8 cannot hold.
    """
    if given is not None and not isinstance(given, (str, bytes)):
        raise TypeError(f"user_data must be str or bytes, got {type(given).__name__}")
    try:
        data = given.encode() if isinstance(given, str) else given
    except UnicodeEncodeError:
        raise ArgumentError("user_data is bytes, or text that UTF-8 can hold") from None
    if data is not None and len(data) > USER_DATA_LIMIT:
        raise InstanceError(
            f"User data is limited to {USER_DATA_LIMIT} bytes",
            code="InvalidParameterValue",
            detail=f"got {len(data)} bytes of user data",
        )
    return data
