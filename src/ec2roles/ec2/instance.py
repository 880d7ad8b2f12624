"""An EC2 instance: it has a profile or not, runs or not, and programs on it make calls with what credentials they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from ec2roles.calls import Api, Response
from ec2roles.ec2.attributes import InstanceAttributes
from ec2roles.ec2.changes import Changes
from ec2roles.ec2.launch import NAT_ADDRESS, prepare_launch
from ec2roles.ec2.launch_options import InstanceOptions
from ec2roles.ec2.records import Records
from ec2roles.ec2.role_credentials import RoleCredentials, arn_of
from ec2roles.ec2.state import InstanceState
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.instants import from_microseconds, to_microseconds, to_utc
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.options import MetadataOptions
from ec2roles.metadata.service import MetadataService
from ec2roles.policy import Decision
from ec2roles.sts.token_service import TokenService
from ec2roles.world.timekeeper import Timekeeper

if TYPE_CHECKING:
    from ec2roles.ec2.container import Container
    from ec2roles.ec2.events import NoticeBoard
    from ec2roles.wiring import Completed, Programs

_new = object.__new__

__all__ = ["NAT_ADDRESS", "Instance"]


class Instance(InstanceState):
    """
    An EC2 instance.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    >>> web = account.launch_instance(profile="EC2Role")
    >>> bool(web.can("s3:ListAllMyBuckets")), bool(web.can("s3:DeleteBucket", "arn:aws:s3:::photos"))
    (True, False)

    Usually made by `Account.launch_instance`.

    Args:
        profile: an instance profile, or None.
        sts: the token service that issues its credentials.
        time: the Cloud's timekeeper.
        api: where its calls go; the token service alone by default, which judges them and does nothing further.
        find_profile: returns the instance profile of a name or ARN.
        rotation: how its credentials rotate.
        region, availability_zone, instance_type, image_id: what it is and where it stands.
        tags: a mapping, at most 50.
        user_data: what any process on it can read in its metadata; at most 16 KiB.
        hibernation: whether it can be hibernated.
        metadata_options: how its metadata service may be reached.
        key_name: the name of a key pair; a made-up public key is in the metadata then.
        security_groups: names of its security groups, or their ids.
        subnet_id: its subnet; by default that of the availability zone.
        instance_life_cycle: ``on-demand`` or ``spot``.
        monitoring: whether detailed monitoring is on.
        group_name, partition_number, host_id: where it is placed.
        block_devices: a mapping: names such as ``ebs1`` and devices, beside those of the AMI.
        kept_devices: the devices whose volumes outlive it: ``/dev/sdb``.
        repeated: what DescribeInstances repeats of the launch, under AWS's names: ``{"EbsOptimized": True}``.
        disable_api_termination, disable_api_stop: whether it cannot be terminated, or neither stopped nor terminated,
            before `modify_attribute` has taken that off.
        instance_initiated_shutdown_behavior: ``stop`` or ``terminate``.

    Raises:
        InstanceError: if the profile has no role or is none.
    """

    __slots__ = ()

    def __init__(
        self,
        profile: InstanceProfile | str | None = None,
        *,
        sts: TokenService,
        time: Timekeeper,
        api: Api | None = None,
        find_profile: Callable[[str], InstanceProfile] | None = None,
        **options: Unpack[InstanceOptions],
    ) -> None:
        time.journal.run(self._begin, time, profile, {"sts": sts, "api": api, "find_profile": find_profile, **options})

    def _begin(self, time: Timekeeper, profile: InstanceProfile | str | None, options: dict[str, Any]) -> None:
        launch = prepare_launch(1, profile, time=time, **options)
        self._settle(launch, launch.first_slot)
        time.add_issuers([self])

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def instance_id(self) -> str:
        """``i-0...``."""
        return self._instance_id

    @property
    def arn(self) -> str:
        """``arn:aws:ec2:REGION:ACCOUNT:instance/ID``."""
        return arn_of(self._launch.hardware, self._instance_id)

    @property
    def state(self) -> str:
        """``running``, ``stopped`` or ``terminated``."""
        return self._states.last.state

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""
        return self._launch.hardware

    @property
    def private_ipv4(self) -> str:
        """Its address in the VPC."""
        return RoleCredentials(self).private_ipv4

    @property
    def profile(self) -> InstanceProfile | None:
        """The instance profile it has, or None."""
        return self._states.last.profile

    @property
    def association_id(self) -> str | None:
        """The id of its association with the profile, or None."""
        return Records(self).association_id(self._states.last)

    @property
    def metadata_options(self) -> MetadataOptions:
        """How its metadata service may be reached."""
        return self._states.last.options

    @property
    def attributes(self) -> InstanceAttributes:
        """Its type, its protection from termination and from stopping, and what a shutdown from within would do."""
        return self._states.last.attributes

    @property
    def tags(self) -> dict[str, str]:
        """Its tags by key."""
        return dict(self._states.last.tags)

    @property
    def metadata(self) -> MetadataService:
        """Its metadata service, 169.254.169.254."""
        # As `MetadataService(RoleCredentials(self))`, but made for every look: two more calls would be felt there.
        host, service = _new(RoleCredentials), _new(MetadataService)
        host._instance = self
        service._host, service._hops, service._time = host, 0, self._launch.time
        return service

    @property
    def role_credentials(self) -> RoleCredentials:
        """The credentials of its role, from EC2's side: every fetch, and what came of it."""
        return RoleCredentials(self)

    @property
    def programs(self) -> Programs:
        """What runs on it: the credential chain of its programs, and its terminal."""
        if self._programs is None:
            # Programs are imported when the first one runs: a tenth of the library's import time would go into them.
            from ec2roles.wiring import programs_on

            self._programs = programs_on(self)
        return self._programs

    @property
    def notices(self) -> NoticeBoard:
        """What AWS announces to it through its metadata: interruptions, maintenance and the like."""
        from ec2roles.ec2.events import NoticeBoard

        return NoticeBoard(self)

    def container(self, extra_hops: int = 1) -> Container:
        """
        Return a container on it, whose programs are further from the metadata service.

        Args:
            extra_hops: 1 behind a bridge, as Docker makes it; 0 on the host's network.
        """
        from ec2roles.ec2.container import Container

        return Container(self, extra_hops)

    # -- its profile ------------------------------------------------------------------------------------------------

    def attach(self, profile: InstanceProfile | str) -> None:
        """
        Associate an instance profile; its role's credentials appear in the metadata at once (AWS: AssociateIamInstanceProfile).

        `Rotation.association_delay` makes it take a while.

        Args:
            profile: the profile, its name or its ARN. Not a role: roles are not attached, profiles are.

        Raises:
            InstanceError: ``IncorrectInstanceState`` for a terminated instance, ``IncorrectState`` if it has a profile
                already, ``InvalidParameterValue`` for what is no instance profile, or one without a role.
        """
        Changes(self).attach(profile)

    def replace(self, profile: InstanceProfile | str) -> None:
        """
        Put another profile in the place of the present one (AWS: ReplaceIamInstanceProfileAssociation).

        The new role's credentials appear at once, under a new association id; credentials of the old role stay valid until
        they expire.

        Raises:
            InstanceError: ``IncorrectState`` if there is no profile to replace or the instance is not running,
                ``InvalidParameterValue`` for what is no instance profile, or one without a role.
        """
        Changes(self).replace(profile)

    def detach(self) -> None:
        """
        Take the profile off: "No role" in the console (AWS: DisassociateIamInstanceProfile).

        The metadata answers 404 at once. Credentials already issued stay valid until they expire, wherever they are.

        Raises:
            InstanceError: ``InvalidAssociationID.NotFound`` if it has none.
        """
        Changes(self).detach()

    # -- its life ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """
        Stop it; nothing answers at its metadata address any more (AWS: StopInstances).

        Raises:
            InstanceError: ``IncorrectInstanceState`` if it is terminated, ``OperationNotPermitted`` if it is protected.
        """
        Changes(self).stop()

    def hibernate(self) -> None:
        """
        Stop it with its memory kept (AWS: StopInstances with Hibernate).

        While it sleeps nothing answers at its metadata address. `start` wakes it up: its programs go on with whatever they
        had in memory, expired credentials too, and its metadata has fresh ones.

        Raises:
            InstanceError: ``UnsupportedHibernationConfiguration`` unless it was launched with ``hibernation=True``,
                ``IncorrectInstanceState`` if it is terminated, ``OperationNotPermitted`` if it is protected.
        """
        Changes(self).hibernate()

    def start(self) -> None:
        """Start it; its credentials are fetched anew (AWS: StartInstances)."""
        Changes(self).start()

    def reboot(self) -> None:
        """Reboot it; its credentials stay the same (AWS: RebootInstances)."""
        Changes(self).reboot()

    def terminate(self) -> None:
        """
        Terminate it; credentials it was given stay valid until they expire (AWS: TerminateInstances).

        Raises:
            InstanceError: ``OperationNotPermitted`` if it is protected.
        """
        Changes(self).terminate()

    def modify_attribute(self, **attributes: Any) -> None:
        """
        Change what can be changed about it; what is not named stays (AWS: ModifyInstanceAttribute).

        >>> from ec2roles import Account
        >>> web = Account().launch_instance(disable_api_termination=True)
        >>> web.modify_attribute(disable_api_termination=False)
        >>> web.terminate()

        Args:
            disable_api_termination: a bool: whether it cannot be terminated.
            disable_api_stop: a bool: whether it can be neither stopped nor terminated.
            instance_initiated_shutdown_behavior: ``stop`` or ``terminate``.
            instance_type: such as ``t3.large``; only while it is stopped.
            user_data: text or bytes, at most 16 KiB; only while it is stopped.

        Raises:
            InstanceError: for a bad value; ``IncorrectInstanceState`` if it is terminated, or not stopped where it must be.
        """
        Changes(self).modify_attribute(**attributes)

    def modify_metadata_options(self, **options: Any) -> None:
        """
        Change how the metadata service may be reached; what is not named stays (AWS: ModifyInstanceMetadataOptions).

        Args:
            http_tokens: ``optional`` or ``required``.
            http_endpoint: ``enabled`` or ``disabled``.
            http_put_response_hop_limit: 1-64.
            instance_metadata_tags: ``enabled`` or ``disabled``.
            http_protocol_ipv6: ``enabled`` or ``disabled``.

        Raises:
            InstanceError: for a bad value, options of a disabled endpoint, tags that cannot stand in the metadata, or what
                the account does not allow.
        """
        Changes(self).modify_metadata_options(**options)

    def create_tags(self, tags: Mapping[str, str]) -> None:
        """
        Add tags, or give those that are there other values (AWS: CreateTags).

        Args:
            tags: a mapping.

        Raises:
            InstanceError: ``TagLimitExceeded`` for more than 50; ``InvalidParameterValue`` for a key that cannot stand in
                the metadata, where the tags are.
            InvalidNameError, InvalidInputError: for a key or a value that is none.
        """
        Changes(self).create_tags(tags)

    def delete_tags(self, keys: Iterable[str]) -> None:
        """
        Remove tags; those that are not there are passed over (AWS: DeleteTags).

        Args:
            keys: of the tags.
        """
        Changes(self).delete_tags(keys)

    def next_change_after(self, when: datetime | None = None) -> datetime | None:
        """
        Return when its metadata shows something else next: new credentials, none any more, or no answer.

        A host that looks then, and at no other time, sees every set of credentials of the instance's role. Nothing has to be
        scheduled for this library's sake. The credentials of the instance *identity* role, which no program uses, are not
        counted: they change every `Rotation.refresh` from the launch on, on every instance.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> role = account.console.create_role("app")
        >>> account.launch_instance(profile="app").next_change_after().isoformat()
        '2026-01-01T01:00:00+00:00'

        Args:
            when: an aware datetime, past or future; now by default. What comes after now is as it is if nothing is done
                until then.

        Returns:
            An aware datetime in UTC, or None if nothing changes by itself any more.
        """
        from ec2roles.ec2.next_change import next_change

        instant = self._launch.time.instant() if when is None else to_microseconds(to_utc(when))
        found = next_change(RoleCredentials(self), self._states, instant)
        return None if found is None else from_microseconds(found)

    # -- its programs -----------------------------------------------------------------------------------------------

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
        position = self._launch.time.as_of(None)
        programs = self._programs or self.programs
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
        Ask whether a call would be allowed; nothing is done and nothing is recorded.

        Args:
            action, resource, context, parameters: as for `call`.
            at: a moment in the past; now by default.

        Returns:
            The `Decision`; ``bool()`` of it is the answer, ``explain()`` says why.
        """
        position = self._launch.time.as_of(at)
        programs = self._programs or self.programs
        found = programs.chain.resolve(position)
        return programs.api.can(programs.request(position, found, action, resource, context, parameters, question=True))

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
        return self.programs.run(command, stdin=stdin)

    def __repr__(self) -> str:
        profile = self.profile
        return f"<Instance {self.instance_id} {self.state}, {f'profile {profile.name}' if profile else 'no profile'}>"
