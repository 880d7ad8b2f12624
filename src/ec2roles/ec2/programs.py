"""What runs on an instance: programs that find credentials, make calls with them, or are typed into a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ec2roles.calls import NOTHING, Call, Response
from ec2roles.ec2.association import RUNNING, InstanceRecord
from ec2roles.ec2.hardware import Hardware
from ec2roles.ec2.launch import Launch
from ec2roles.errors import InstanceError, NoCredentialsError
from ec2roles.metadata.service import MetadataService
from ec2roles.metadata.view import not_yet_launched
from ec2roles.policy import Decision
from ec2roles.world.part import Part
from ec2roles.world.timeline import Position, Timeline

if TYPE_CHECKING:
    from ec2roles.programs.chain import CredentialChain
    from ec2roles.programs.program import Completed
    from ec2roles.programs.terminal.terminal import Terminal

NAT_ADDRESS = "203.0.113.10"
"""``aws:SourceIp`` of the instances' calls: the public address of their NAT gateway."""


class Place(Protocol):
    """Where programs run: an instance, or a container on one."""

    @property
    def chain(self) -> CredentialChain:
        """Where its programs look for credentials."""

    def why_no_credentials(self, position: Position) -> str:
        """Return in one phrase why the metadata has none for them."""


class Programs(Part):
    """
    The part of an `Instance` that its programs are: it needs the instance's state and metadata, and keeps their chain.

    >>> from ec2roles import Account
    >>> Account().launch_instance().call("s3:ListAllMyBuckets").error.code
    'NoCredentials'
    """

    __slots__ = ("_chain", "_terminal")

    _chain: CredentialChain | None
    _terminal: Terminal | None

    # What the instance has.
    _launch: Launch
    _states: Timeline[InstanceRecord]

    if TYPE_CHECKING:

        @property
        def instance_id(self) -> str:
            """Its id."""

        @property
        def hardware(self) -> Hardware:
            """What it is and where it stands."""

        @property
        def metadata(self) -> MetadataService:
            """Its metadata service."""

        def why_no_credentials(self, position: Position) -> str:
            """Return in one phrase why its metadata has no credentials."""

    def _boot(self) -> None:
        """No program has run so far."""
        self._chain = None
        self._terminal = None

    @property
    def chain(self) -> CredentialChain:
        """Where programs on it look for credentials: environment, shared files, then the metadata."""
        if self._chain is None:
            # Programs are imported when the first one runs: a tenth of the library's import time would go into them.
            from ec2roles.programs.chain import CredentialChain

            self._chain = CredentialChain(metadata_credentials=self.metadata.credentials_at)
        return self._chain

    @property
    def terminal(self) -> Terminal:
        """A terminal on it."""
        if self._terminal is None:
            self._terminal = self.terminal_for(self.chain, self.metadata)
        return self._terminal

    def terminal_for(self, chain: CredentialChain, metadata: MetadataService) -> Terminal:
        """Return a new terminal whose programs look for credentials in *chain*, and reach *metadata*."""
        from ec2roles.programs.terminal.terminal import Terminal

        return Terminal(
            api=self._launch.api, chain=chain, metadata=metadata, context=self._network(), sender=self.instance_id
        )

    def _network(self) -> dict[str, Any]:
        return {"aws:SourceIp": NAT_ADDRESS}

    def call(
        self, action: str, resource: str | None = None, *, context: Mapping[str, Any] | None = None, **parameters: Any
    ) -> Response:
        """
        Make a call as a program on the instance: with the first credentials its chain finds.

        Args:
            action: an IAM action or an API operation: ``s3:ListAllMyBuckets``, ``s3:ListBuckets``.
            resource: the ARN it is about, where there is one.
            context: further context keys.
            parameters: what the operation is given, such as ``body=b"meow"``.

        Returns:
            A `Response`; a refusal is a value as well.

        Raises:
            InstanceError: if the instance is not running: nothing runs on it then.
        """
        return self.call_from(self, action, resource, context, parameters)

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
        Ask whether a call would be allowed; nothing is done and nothing is recorded.

        Args:
            action, resource, context, parameters: as for `call`.
            at: a moment in the past; now by default.

        Returns:
            The `Decision`; ``bool()`` of it is the answer, ``explain()`` says why.
        """
        return self.can_from(self, action, resource, context, parameters, at)

    def call_from(
        self,
        place: Place,
        action: str,
        resource: str | None,
        context: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
    ) -> Response:
        """Make a call as a program in *place*: the instance itself, or a container on it."""
        return self._launch.api.call(self._call(place, action, resource, context, parameters))

    def can_from(
        self,
        place: Place,
        action: str,
        resource: str | None,
        context: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
        at: datetime | None,
    ) -> Decision:
        """Ask whether a call by a program in *place* would be allowed."""
        return self._launch.api.can(self._call(place, action, resource, context, parameters, at, question=True))

    def _call(
        self,
        place: Place,
        action: str,
        resource: str | None,
        context: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
        at: datetime | None = None,
        *,
        question: bool = False,
    ) -> Call:
        position = self._launch.time.as_of(at)
        self.require_running(position)
        found = place.chain.resolve(position)
        refusal = found.refusal
        if isinstance(refusal, NoCredentialsError):
            refusal = NoCredentialsError(refusal.message, detail=place.why_no_credentials(position))
        keys = self._network()
        if context:
            keys = {**keys, **context}
        return Call(
            action,
            resource=resource,
            position=position,
            credentials=found.credentials,
            source=found.source,
            context=keys,
            parameters=parameters or NOTHING,
            question=question,
            refusal=refusal,
            sender=self.instance_id,
        )

    def run(self, command: str, *, stdin: str = "") -> Completed:
        """
        Type a command into a terminal on the instance.

        >>> from ec2roles import Account
        >>> print(Account().launch_instance().run("aws s3 ls").stderr, end="")
        Unable to locate credentials. You can configure credentials by running "aws configure".

        Args:
            command: such as ``aws s3 ls``; an unknown one says which are known.
            stdin: what is typed when the command asks.

        Returns:
            What it printed, as ``.stdout``, ``.stderr`` and ``.exit_code``.

        Raises:
            InstanceError: if the instance is not running.
        """
        position = self._launch.time.as_of(None)
        self.require_running(position)
        return self.terminal.run(command, position=position, stdin=stdin)

    def require_running(self, position: Position) -> None:
        """Raise `InstanceError` if the instance does not run as of *position*."""
        record = self._states.at(position)
        if record is None:
            raise not_yet_launched(self)
        if record.state != RUNNING:
            raise InstanceError(
                f"The instance '{self.instance_id}' is not in the 'running' state.",
                code="IncorrectInstanceState",
                detail=f"no program runs on it: it is {record.state}",
            )
