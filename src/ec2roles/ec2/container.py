"""A container on an instance: its programs reach the metadata service over more hops than the instance's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.calls import Response
from ec2roles.ec2.role_credentials import RoleCredentials
from ec2roles.ec2.state import InstanceState
from ec2roles.metadata.options import REQUIRED
from ec2roles.metadata.service import MetadataService, check_hops
from ec2roles.policy import Decision
from ec2roles.world.part import Part
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.wiring import Completed, CredentialChain, Programs, Terminal


# Nothing is checked or converted on assignment: nothing public can be assigned (`Fixed`).
@attrs.define(eq=False, repr=False, on_setattr=attrs.setters.NO_OP)
class Container(Part):
    """
    A container on an instance, with an environment and files of its own. `Instance.container` makes one.

    The answer to its token request dies on the way unless the hop limit is greater than *extra_hops*. Its SDKs then go on
    without a token, as SDKs do, unless ``AWS_EC2_METADATA_V1_DISABLED=true`` is exported in it; where tokens are required
    that gives them nothing.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    >>> box = account.launch_instance("EC2Role", http_tokens="required").container()
    >>> box.metadata.put("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).timed_out
    True
    >>> box.call("s3:ListAllMyBuckets").error.code
    'NoCredentials'

    Args:
        instance: where it runs.
        extra_hops: hops between it and the instance: 1 behind a bridge, 0 on the host's network.
    """

    instance: InstanceState
    extra_hops: int = attrs.field(default=1)
    metadata: MetadataService = attrs.field(init=False)
    programs: Programs = attrs.field(init=False)

    @extra_hops.validator
    def _check_hops(self, _attribute: attrs.Attribute[int], value: object) -> None:
        check_hops(value)

    def __attrs_post_init__(self) -> None:
        from ec2roles.wiring import programs_in

        self.metadata = MetadataService(RoleCredentials(self.instance), self.extra_hops)
        self.programs = programs_in(self, self.instance, self.metadata)

    @property
    def chain(self) -> CredentialChain:
        """Where its programs look for credentials: environment, shared files, then the metadata."""
        return self.programs.chain

    @property
    def terminal(self) -> Terminal:
        """The terminal in it."""
        return self.programs.terminal

    def call(
        self, action: str, resource: str | None = None, *, context: Mapping[str, Any] | None = None, **parameters: Any
    ) -> Response:
        """
        Make a call as a program in the container: with the first credentials its chain finds.

        Args:
            action, resource, context, parameters: as for `Instance.call`.
        """
        programs = self.programs
        position = programs.time.as_of(None)
        found = programs.chain.resolve(position)
        return programs.api.call(programs.request(position, found, action, resource, context, parameters))

    def can(
        self,
        action: str,
        resource: str | None = None,
        *,
        context: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        **parameters: Any,
    ) -> Decision:
        """
        Ask whether a call from the container would be allowed; nothing is done and nothing is recorded.

        Args:
            action, resource, context, at, parameters: as for `Instance.can`.
        """
        programs = self.programs
        position = programs.time.as_of(at)
        found = programs.chain.resolve(position)
        return programs.api.can(programs.request(position, found, action, resource, context, parameters, question=True))

    def run(self, command: str, *, stdin: str = "") -> Completed:
        """
        Type a command into a terminal in the container.

        Args:
            command, stdin: as for `Instance.run`.
        """
        return self.programs.run(command, stdin=stdin)

    def require_running(self, position: Position) -> None:
        """Raise `InstanceError` if the instance does not run as of *position*."""
        RoleCredentials(self.instance).require_running(position)

    def why_none(self, position: Position) -> str:
        """Return in one phrase why the metadata has no credentials for the container as of *position*."""
        host = RoleCredentials(self.instance)
        record = host.record_at(position)
        if record is not None and self.extra_hops >= (limit := record.options.http_put_response_hop_limit):
            lost = f"the answer to the token request dies on the way: the hop limit is {limit}"
            if record.options.http_tokens == REQUIRED:
                return f"{lost}, and tokens are required"
            if self.chain.environment.get("AWS_EC2_METADATA_V1_DISABLED", "").lower() == "true":
                return f"{lost}, and the SDK does not go on without a token (AWS_EC2_METADATA_V1_DISABLED)"
        return host.why_none(position)

    def __repr__(self) -> str:
        hops = f"{self.extra_hops} hop{'' if self.extra_hops == 1 else 's'}"
        return f"<Container on {RoleCredentials(self.instance).instance_id}, {hops} further>"
