"""A call as the history keeps it, with its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.calls import Call, Response
from ec2roles.services.registry import Registry
from ec2roles.sts.session import Session
from ec2roles.world.timeline import Position


@attrs.frozen(eq=False)
class Recorded:
    """
    One call that was made.

    Args:
        position: where in time it stands.
        call: as it was sent.
        response: what was answered.
        caller: whose call it was; None if its credentials were not accepted, and for calls of AWS's services.
        operation: the API's name of what was performed; None if nothing here performs it.
    """

    position: Position
    call: Call
    response: Response
    caller: Session | None
    operation: str | None = None

    @property
    def operation_name(self) -> str:
        """The API's name: ``ListBuckets``, also where the call named the action ``s3:ListAllMyBuckets``."""
        return self.operation or self.call.operation or self.call.action.partition(":")[2]

    @property
    def by(self) -> str | None:
        """The ARN of who made it; an AWS service that assumed a role has no session, but a name."""
        if self.caller is not None:
            return self.caller.arn
        # The places where credentials come from have names without a dot.
        source = self.call.source
        return source if source is not None and "." in source else None

    def answer(self, registry: Registry) -> Mapping[str, Any] | None:
        """
        Return what was answered in AWS's own form; None for errors, and if there is no such form.

        Args:
            registry: has the operation that was performed.
        """
        if not self.response.ok or self.operation is None:
            return None
        value = self.response.value
        in_form = registry.operation(f"{self.call.action.partition(':')[0]}:{self.operation}").operation.response
        if in_form is not None:
            value = in_form(value, self.call)
        return value if isinstance(value, Mapping) else None
