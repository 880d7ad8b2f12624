"""What runs in one place: what programs there find to sign with, the calls they make, and the commands that are typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ec2roles.calls import NOTHING, Api, Call, with_keys
from ec2roles.errors import NoCredentialsError
from ec2roles.programs.chain import IAM_ROLE, CredentialChain, Resolved
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.programs.metadata import Metadata
    from ec2roles.programs.program import Completed
    from ec2roles.programs.terminal.terminal import Terminal


class Place(Protocol):
    """Where programs run: an instance, or a container on one."""

    def require_running(self, position: Position) -> None:
        """Raise `InstanceError` if nothing runs there as of *position*."""

    def why_none(self, position: Position) -> str:
        """Return in one phrase why the metadata has no credentials for programs there."""


# Nothing is checked or converted on assignment: nothing public can be assigned (`Fixed`).
@attrs.define(eq=False, repr=False, on_setattr=attrs.setters.NO_OP)
class Programs(Part):
    """
    The programs in one place, with their credential chain and a terminal: on an instance, or in a container on one.

    >>> from ec2roles import Account
    >>> web = Account().launch_instance()
    >>> web.programs.chain.export("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    >>> web.call("s3:ListAllMyBuckets").error
    CredentialError('PartialCredentials: Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY')

    Args:
        place: where they run.
        api: where their calls go.
        time: the Cloud's timekeeper.
        metadata: the metadata service, as it is reached from there.
        context: context keys that go with every call, such as ``aws:SourceIp``.
        sender: the id of the instance, for the history.
    """

    place: Place
    api: Api = attrs.field(kw_only=True)
    time: Timekeeper = attrs.field(kw_only=True)
    metadata: Metadata = attrs.field(kw_only=True)
    context: Mapping[str, Any] = attrs.field(kw_only=True)
    sender: str = attrs.field(kw_only=True)
    chain: CredentialChain = attrs.field(init=False)
    _terminal: Terminal | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.chain = CredentialChain(metadata_credentials=self.metadata.credentials_at)

    @property
    def terminal(self) -> Terminal:
        """The terminal there; it keeps variables and files from one command to the next."""
        if self._terminal is None:
            # Imported when the first command is typed: a tenth of the library's import time would go into it.
            from ec2roles.programs.terminal.terminal import Terminal

            self._terminal = Terminal(
                api=self.api, chain=self.chain, metadata=self.metadata, context=self.context, sender=self.sender
            )
        return self._terminal

    def request(
        self,
        position: Position,
        found: Resolved,
        action: str,
        resource: str | None,
        context: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
        *,
        question: bool = False,
    ) -> Call:
        """
        Return the call that a program here makes, or asks about.

        Args:
            position: the moment.
            found: what the chain found then.
            action, resource, context, parameters: as for `Instance.call`.
            question: whether it is only asked about.

        Raises:
            InstanceError: if nothing runs here then.
        """
        refusal = found.refusal
        if found.source != IAM_ROLE:
            # Where the metadata has answered, something runs.
            self.place.require_running(position)
            if isinstance(refusal, NoCredentialsError):
                refusal = NoCredentialsError(refusal.message, detail=self.place.why_none(position))
        return Call(
            action,
            resource=resource,
            position=position,
            credentials=found.credentials,
            source=found.source,
            context=with_keys(self.context, context) if context else self.context,
            parameters=parameters or NOTHING,
            question=question,
            refusal=refusal,
            sender=self.sender,
        )

    def run(self, command: str, *, stdin: str = "") -> Completed:
        """
        Type a command into the terminal, now.

        Args:
            command, stdin: as for `Instance.run`.

        Raises:
            InstanceError: if nothing runs here.
        """
        position = self.time.as_of(None)
        self.place.require_running(position)
        return self.terminal.run(command, position=position, stdin=stdin)

    def __repr__(self) -> str:
        return f"<Programs on {self.sender}: {self.chain!r}>"
