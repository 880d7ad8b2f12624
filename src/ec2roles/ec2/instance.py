"""An EC2 instance: it has a profile or not, runs or not, and programs on it make calls with what credentials they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Api
from ec2roles.credentials import Credentials
from ec2roles.ec2.association import (
    ASSOCIATED,
    ASSOCIATING,
    RUNNING,
    STOPPED,
    TERMINATED,
    Association,
    Epoch,
    InstanceRecord,
    association_id,
)
from ec2roles.ec2.attributes import InstanceAttributes, read_user_data
from ec2roles.ec2.hardware import Hardware
from ec2roles.ec2.launch import Launch, prepare_launch, resolve_profile
from ec2roles.ec2.launch_options import InstanceOptions
from ec2roles.ec2.programs import NAT_ADDRESS, Programs
from ec2roles.ec2.refresh import NO_PROFILE, STS_DOWN, Fetch, Fetcher
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.names import Tags, check_tags
from ec2roles.instants import MICROSECOND, from_microseconds, iso_exact, to_microseconds, to_utc
from ec2roles.metadata.metrics import NO_METRICS, MetadataMetrics
from ec2roles.metadata.options import DISABLED, MetadataOptions
from ec2roles.metadata.service import V1, V2, MetadataService
from ec2roles.metadata.view import Served
from ec2roles.sts.session import Session
from ec2roles.sts.token_service import TokenService
from ec2roles.world.ids import IssuedKey
from ec2roles.world.journal import atomic
from ec2roles.world.propagation import EC2_CREDENTIALS
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import FIRST, Position, Timeline

if TYPE_CHECKING:
    from ec2roles.ec2.container import Container
    from ec2roles.ec2.events import NoticeBoard

__all__ = ["NAT_ADDRESS", "Instance", "launch_instances"]

_MOST_TAGS = 50
_MODIFIABLE = frozenset({field.name for field in attrs.fields(InstanceAttributes)} | {"user_data"})


@attrs.define(eq=False, init=False, repr=False)
class Instance(Programs):
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

    # No public attribute is stored, so there is none to guard; and launches are quick.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__
        __delattr__ = object.__delattr__

    _instance_id: str
    _slot: int
    _launch: Launch
    _states: Timeline[InstanceRecord]
    _served: Served | None
    _metrics: MetadataMetrics

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

    def _settle(self, launch: Launch, slot: int) -> None:
        self._instance_id = launch.time.ids.resource_id("i", slot)
        self._slot = slot
        self._launch = launch
        self._states = launch.states
        self._served = None
        self._boot()
        self._metrics = NO_METRICS

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def instance_id(self) -> str:
        """``i-0...``."""
        return self._instance_id

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return self._launch.time

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""
        return self._launch.hardware

    @property
    def arn(self) -> str:
        """``arn:aws:ec2:REGION:ACCOUNT:instance/ID``."""
        hardware = self._launch.hardware
        return f"arn:aws:ec2:{hardware.region}:{hardware.account_id}:instance/{self.instance_id}"

    @property
    def api(self) -> Api:
        """Where its calls go."""
        return self._launch.api

    @property
    def slot(self) -> int:
        """Its number among all that issue credentials in the Cloud."""
        return self._slot

    @property
    def record(self) -> InstanceRecord:
        """All that can change about it, as it is now."""
        return self._states.last

    @property
    def state_since(self) -> Position:
        """Where in time it came into the state that it is in, as far back as the Cloud remembers."""
        since = self._states.last_position
        for position, record in reversed(list(self._states.spans())):
            if record.state != self.state:
                break
            since = position
        return since

    @property
    def hibernation(self) -> bool:
        """Whether it can be hibernated."""
        return self._launch.hibernation

    @property
    def client_token(self) -> str:
        """The ClientToken of its launch, or nothing."""
        return self._launch.client_token

    @property
    def rotation(self) -> Rotation:
        """How its credentials rotate."""
        return self._launch.rotation

    @property
    def launch_index(self) -> int:
        """Its number among the instances of its launch, from 0."""
        return self._slot - self._launch.first_slot

    @property
    def private_ipv4(self) -> str:
        """Its address in the VPC."""
        number = self._slot + 10
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    @property
    def state(self) -> str:
        """``running``, ``stopped`` or ``terminated``."""
        return self._states.last.state

    @property
    def profile(self) -> InstanceProfile | None:
        """The instance profile it has, or None."""
        association = self._states.last.association
        return None if association is None else association.profile

    @property
    def association_id(self) -> str | None:
        """The id of its association with the profile, or None."""
        return self.association_id_in(self._states.last)

    def association_id_in(self, record: InstanceRecord) -> str | None:
        """Return the id of the association that it had with the profile in *record*, or None."""
        association = record.association
        if association is None:
            return None
        return association_id(self.time.ids, association, self._slot)

    @property
    def association_state(self) -> str | None:
        """``associating`` or ``associated``, or None without an instance profile."""
        association = self._states.last.association
        if association is None:
            return None
        return ASSOCIATED if self.time.instant() >= association.effective else ASSOCIATING

    def association_made(self, order: int) -> Association | None:
        """Return the association that the write of that order made, if it was one of this instance; else None."""
        for _, record in self._states.spans():
            if record.association is not None and record.association.since[1] == order:
                return record.association
        return None

    @property
    def hibernated(self) -> bool:
        """Whether it is stopped with its memory kept."""
        return self._states.last.hibernated

    @property
    def metadata_options(self) -> MetadataOptions:
        """How its metadata service may be reached."""
        return self._states.last.options

    @property
    def attributes(self) -> InstanceAttributes:
        """Its type, its protection from termination and from stopping, and what a shutdown from within would do."""
        return self._states.last.attributes

    @property
    def instance_type(self) -> str:
        """Such as ``t3.micro``."""
        return self._states.last.attributes.instance_type

    @property
    def tags(self) -> dict[str, str]:
        """Its tags by key."""
        return dict(self._states.last.tags)

    @property
    def metadata(self) -> MetadataService:
        """Its metadata service, 169.254.169.254."""
        return MetadataService(self)

    @property
    def metrics(self) -> MetadataMetrics:
        """How many requests without a token have been sent to its metadata service."""
        return self._metrics

    def count_no_token(self, *, rejected: bool) -> None:
        """Count a request without a token; no answer depends on it."""
        known = self._metrics
        self._metrics = MetadataMetrics(known.no_token + (not rejected), known.no_token_rejected + rejected)

    @property
    def notices(self) -> NoticeBoard:
        """What AWS announces to it through its metadata: interruptions, maintenance and the like."""
        from ec2roles.ec2.events import NoticeBoard

        return NoticeBoard(self)

    @atomic
    def announce(self, operation: str, detail: str, **changes: Any) -> None:
        """
        Note an announcement and show it in the metadata; `notices` has the words for it.

        Raises:
            InstanceError: if the instance does not run.
        """
        from ec2roles.ec2.events import announced

        record = self._states.last
        notices = announced(record, changes)
        self._write(self._note(operation, detail=detail), attrs.evolve(record, notices=notices))

    def container(self, extra_hops: int = 1) -> Container:
        """
        Return a container on it, whose programs are further from the metadata service.

        Args:
            extra_hops: 1 behind a bridge, as Docker makes it; 0 on the host's network.
        """
        from ec2roles.ec2.container import Container

        return Container(self, extra_hops)

    # -- its profile ------------------------------------------------------------------------------------------------

    @atomic
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
        record = self.require_attachable()
        found = self._resolve(profile)
        self._associate("AssociateIamInstanceProfile", record, found)

    def require_attachable(self) -> InstanceRecord:
        """Return what it is now, or raise `InstanceError` if it cannot be given a profile."""
        record = self._states.last
        if record.state not in (RUNNING, STOPPED):
            raise InstanceError(
                f"The instance '{self.instance_id}' is not in the 'running' or 'stopped' states.",
                code="IncorrectInstanceState",
                detail=f"it is {record.state}",
            )
        if record.association is not None:
            raise InstanceError(
                f"There is an existing association for instance {self.instance_id}",
                code="IncorrectState",
                detail=f"it has '{record.association.profile.name}'; use replace(profile)",
            )
        return record

    @atomic
    def replace(self, profile: InstanceProfile | str) -> None:
        """
        Put another profile in the place of the present one (AWS: ReplaceIamInstanceProfileAssociation).

        The new role's credentials appear at once, under a new association id; credentials of the old role stay valid until
        they expire.

        Raises:
            InstanceError: ``IncorrectState`` if there is no profile to replace or the instance is not running,
                ``InvalidParameterValue`` for what is no instance profile, or one without a role.
        """
        record = self._states.last
        if record.association is None:
            raise InstanceError(
                f"There is no association for instance {self.instance_id}",
                code="IncorrectState",
                detail="there is no profile to replace; use attach(profile)",
            )
        if record.state != RUNNING:
            raise InstanceError(
                f"The association {self.association_id} is not the active association",
                code="IncorrectState",
                detail=f"the instance is {record.state}; start it first",
            )
        found = self._resolve(profile)
        self._associate("ReplaceIamInstanceProfileAssociation", record, found)

    def _resolve(self, profile: InstanceProfile | str) -> InstanceProfile:
        launch = self._launch
        return resolve_profile(profile, launch.find_profile, self.time, self.hardware.account_id, associating=True)

    def _associate(self, operation: str, record: InstanceRecord, profile: InstanceProfile) -> None:
        position = self._note(operation, detail=profile.arn)
        ordinal = self._next_ordinal(record, position)
        delay = self._launch.rotation.association_delay // MICROSECOND
        association = Association(profile, position, position[0] + delay)
        epoch = _epoch(association, position, ordinal) if record.state == RUNNING else None
        self._write(position, attrs.evolve(record, association=association, epoch=epoch, next_ordinal=ordinal))

    @atomic
    def detach(self) -> None:
        """
        Take the profile off: "No role" in the console (AWS: DisassociateIamInstanceProfile).

        The metadata answers 404 at once. Credentials already issued stay valid until they expire, wherever they are.

        Raises:
            InstanceError: ``InvalidAssociationID.NotFound`` if it has none.
        """
        record = self._states.last
        if record.association is None:
            raise InstanceError(
                "An invalid association-id of 'None' was given",
                code="InvalidAssociationID.NotFound",
                detail=f"instance '{self.instance_id}' has no instance profile to detach",
            )
        position = self._note("DisassociateIamInstanceProfile", detail=record.association.profile.arn)
        self._end_epoch(position, record, association=None)

    # -- its life ---------------------------------------------------------------------------------------------------

    @atomic
    def stop(self) -> None:
        """
        Stop it; nothing answers at its metadata address any more (AWS: StopInstances).

        Raises:
            InstanceError: ``IncorrectInstanceState`` if it is terminated, ``OperationNotPermitted`` if it is protected.
        """
        record = self._alive("stopped")
        record.attributes.check_may_stop(self.instance_id)
        if record.state == RUNNING:
            self._end_epoch(self._note("StopInstances"), record, state=STOPPED)

    @atomic
    def hibernate(self) -> None:
        """
        Stop it with its memory kept (AWS: StopInstances with Hibernate).

        While it sleeps nothing answers at its metadata address. `start` wakes it up: its programs go on with whatever they
        had in memory, expired credentials too, and its metadata has fresh ones.

        Raises:
            InstanceError: ``UnsupportedHibernationConfiguration`` unless it was launched with ``hibernation=True``,
                ``IncorrectInstanceState`` if it is terminated, ``OperationNotPermitted`` if it is protected.
        """
        record = self._alive("hibernated")
        self.require_hibernation()
        record.attributes.check_may_stop(self.instance_id)
        if record.state == RUNNING:
            self._end_epoch(self._note("StopInstances", detail="hibernate"), record, state=STOPPED, hibernated=True)

    def require_hibernation(self) -> None:
        """Raise `InstanceError` unless it can be hibernated."""
        if not self._launch.hibernation:
            raise InstanceError(
                f"The instance '{self.instance_id}' is not configured for hibernation.",
                code="UnsupportedHibernationConfiguration",
                detail="hibernation is chosen at launch: launch_instance(..., hibernation=True)",
            )

    @atomic
    def start(self) -> None:
        """Start it; its credentials are fetched anew (AWS: StartInstances)."""
        record = self._alive("started")
        if record.state == STOPPED:
            position = self._note("StartInstances")
            association = record.association
            epoch = None if association is None else _epoch(association, position, record.next_ordinal)
            started = attrs.evolve(
                record, state=RUNNING, epoch=epoch, boots=record.boots + 1, booted=position[0], hibernated=False
            )
            self._write(position, started)

    @atomic
    def reboot(self) -> None:
        """Reboot it; its credentials stay the same (AWS: RebootInstances)."""
        record = self._alive("rebooted")
        if record.state != RUNNING:
            raise self.wrong_state("rebooted")
        self._note("RebootInstances")

    @atomic
    def terminate(self) -> None:
        """
        Terminate it; credentials it was given stay valid until they expire (AWS: TerminateInstances).

        Raises:
            InstanceError: ``OperationNotPermitted`` if it is protected.
        """
        record = self._states.last
        if record.state != TERMINATED:
            record.attributes.check_may_terminate(self.instance_id)
            position = self._note("TerminateInstances")
            self._end_epoch(position, record, state=TERMINATED, association=None)
            self.time.forget_later(position[0], self._forget)

    def _forget(self) -> None:
        self.time.forget_issuer(self._slot)
        self._launch.forget(self.instance_id)

    def has_forgotten(self, issued: IssuedKey) -> bool:
        """Return whether a key is of so long ago that nothing else is known of it (`remember`)."""
        first = next((record.epoch for _, record in self._states.spans() if record.epoch is not None), None)
        ordinal = self._states.last.next_ordinal if first is None else first.first_ordinal
        return issued.delivery in (V1, V2) and issued.ordinal < ordinal

    @atomic
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
        record = self._alive("modified")
        if not attributes:
            raise TypeError(f"nothing to modify; an instance has {', '.join(sorted(_MODIFIABLE))}")
        for name in attributes:
            if name not in _MODIFIABLE:
                raise TypeError(f"unknown attribute {shown(name)}; an instance has {', '.join(sorted(_MODIFIABLE))}")
        if record.state != STOPPED and attributes.keys() & {"instance_type", "user_data"}:
            raise InstanceError(
                f"The instance '{self.instance_id}' is not in the 'stopped' state.",
                code="IncorrectInstanceState",
                detail=f"it is {record.state}; its type and its user data can be changed while it is stopped",
            )
        changes: dict[str, Any] = {}
        if "user_data" in attributes:
            changes["user_data"] = read_user_data(attributes["user_data"]) or None
        others = {name: value for name, value in attributes.items() if name != "user_data"}
        changes["attributes"] = record.attributes.changed(**others)
        # User data can hold secrets, and the history is shown around.
        detail = ", ".join(
            [*(f"{name}={value}" for name, value in others.items()), *(attributes.keys() & {"user_data"})]
        )
        self._write(self._note("ModifyInstanceAttribute", detail=detail), attrs.evolve(record, **changes))

    @atomic
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
        record = self._alive("modified")
        changed = record.options.changed(**options)
        changed.check_tags(key for key, _ in record.tags)
        if "http_tokens" in options:
            self._launch.check_options(changed)
        detail = ", ".join(f"{name}={value}" for name, value in options.items())
        self._write(self._note("ModifyInstanceMetadataOptions", detail=detail), attrs.evolve(record, options=changed))

    @atomic
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
        pairs = self.check_new_tags(tags)
        self._write(self._note("CreateTags", detail=", ".join(tags)), attrs.evolve(self._states.last, tags=pairs))

    def check_new_tags(self, tags: Mapping[str, str]) -> Tags:
        """Return what its tags would be with *tags* as well, or raise as `create_tags` does."""
        own = self.tags
        pairs = check_tags({**own, **tags}, most=len(own) + len(tags))
        self.metadata_options.check_tags(tags)
        if len(pairs) > _MOST_TAGS:
            raise InstanceError(
                "The maximum number of Tags for a resource has been reached.",
                code="TagLimitExceeded",
                detail=f"{len(pairs)} tags, at most {_MOST_TAGS}",
            )
        return pairs

    @atomic
    def delete_tags(self, keys: Iterable[str]) -> None:
        """
        Remove tags; those that are not there are passed over (AWS: DeleteTags).

        Args:
            keys: of the tags.
        """
        record = self._states.last
        gone = set(keys)
        kept = tuple(pair for pair in record.tags if pair[0] not in gone)
        if kept != record.tags:
            self._write(self._note("DeleteTags", detail=", ".join(sorted(gone))), attrs.evolve(record, tags=kept))

    def _alive(self, done: str) -> InstanceRecord:
        record = self._states.last
        if record.state == TERMINATED:
            raise self.wrong_state(done)
        return record

    def wrong_state(self, done: str) -> InstanceError:
        """Return EC2's error for something that cannot be done to it in the state that it is in."""
        return InstanceError(
            f"The instance '{self.instance_id}' is not in a state from which it can be {done}.",
            code="IncorrectInstanceState",
            detail=f"it is {self.state}",
        )

    def _end_epoch(self, position: Position, record: InstanceRecord, **changes: Any) -> None:
        ordinal = self._next_ordinal(record, position)
        self._write(position, attrs.evolve(record, epoch=None, next_ordinal=ordinal, **changes))

    def _next_ordinal(self, record: InstanceRecord, position: Position) -> int:
        """The number of the first fetch after *position*: those up to that instant have happened."""
        if record.epoch is None:
            return record.next_ordinal
        if position < record.epoch.start:
            return record.epoch.first_ordinal
        return record.epoch.first_ordinal + self.fetcher.newest(record, position[0]) + 1

    def _note(self, operation: str, *, detail: str = "") -> Position:
        return self.time.write(operation, self.instance_id, account_id=self.hardware.account_id, detail=detail)

    def _write(self, position: Position, record: InstanceRecord) -> None:
        states = self._states.copy() if self._states is self._launch.states else self._states
        self.time.record(states, position, record)
        self.time.journal.assign(self, "_states", states)

    # -- its credentials --------------------------------------------------------------------------------------------

    @property
    def fetcher(self) -> Fetcher:
        """Works out the fetches of its credentials."""
        launch = self._launch
        rotation = launch.rotation
        offset = rotation.offset(launch.time.ids, self.instance_id) if rotation.jitter else 0
        delay = 0 if launch.time.propagation is None else launch.time.delay_of(EC2_CREDENTIALS)
        return Fetcher(self.instance_id, launch.sts, rotation, offset, delay)

    def record_at(self, position: Position) -> InstanceRecord | None:
        """Return all that can change about it as of *position*, or None before its launch."""
        record = self._states.at(position)
        if record is not None and record.association is not None and record.association.effective > position[0]:
            # It is associating: the instance does not have the profile yet, nor the one that this took the place of.
            return attrs.evolve(record, association=None, epoch=None)
        return record

    def written_at(self, position: Position) -> InstanceRecord | None:
        """Return what had been written about it as of *position*: an association shows before it takes effect."""
        return self._states.at(position)

    def served(self, record: InstanceRecord, now: int, delivery: int) -> Served | None:
        """
        Return what the metadata shows under ``iam/security-credentials/`` at *now*, or None if no credentials are there.

        Args:
            record: the instance's state at that moment.
            now: microseconds.
            delivery: 1 for a request without a token, 2 for one with; they get separate credentials.
        """
        known = self._served
        if known is None or known.record is not record or not known.since <= now < known.until:
            known = self._serve(record, now)
            # A look into the past may be remembered as well: what it shows can never change again.
            self._served = known
        if known.role is None or delivery == V2:
            return known if known.role is not None else None
        return attrs.evolve(known, credentials=self._mint(known.ordinal, known.issued, known.expires, V1))

    def _serve(self, record: InstanceRecord, now: int) -> Served:
        fetcher = self.fetcher
        since = fetcher.instant(record, fetcher.newest(record, now))
        until = fetcher.next_refresh(record, now)
        fetch = fetcher.served(record, now)
        if fetch is None:
            return Served(record, since, until)
        issued = fetch.position[0]
        credentials = self._mint(fetch.ordinal, issued, fetch.expires, V2)
        return Served(
            record, since, min(until, fetch.expires), fetch.role, credentials, fetch.ordinal, issued, fetch.expires
        )

    def access_key_id(self, ordinal: int, delivery: int = V2) -> str:
        """Return the access key id that came of the fetch of that number, as handed out through IMDSv2 (or v1)."""
        return self.time.ids.access_key_id("ASIA", slot=self._slot, ordinal=ordinal, delivery=delivery)

    def _mint(self, ordinal: int, issued: int, expires: int, delivery: int) -> Credentials:
        key_id = self.access_key_id(ordinal, delivery)
        return Credentials.mint(self.time.ids, key_id, issued=issued, expires=expires)

    def why_no_credentials(self, position: Position) -> str:
        """Return in one phrase why its metadata has no credentials as of *position*."""
        record = self.record_at(position)
        if record is None or record.state != RUNNING:
            return "the instance is not running"
        if record.options.http_endpoint == DISABLED:
            return "the metadata endpoint is disabled"
        if record.association is None or record.epoch is None:
            return "no instance profile is attached to the instance"
        fetcher = self.fetcher
        number = fetcher.newest(record, position[0])
        fetch = fetcher.fetch(record, number)
        if number == 0 and fetcher.is_retried(record):
            again = iso_exact(from_microseconds(fetcher.instant(record, fetcher.retry)))
            return f"EC2 has not seen the latest changes in IAM yet; it tries again at {again}"
        profile = fetch.profile.name
        if fetch.problem == NO_PROFILE:
            return f"the instance profile '{profile}' that was attached has been deleted"
        if fetch.role is None:
            return f"the instance profile '{profile}' holds no role"
        if fetch.problem == STS_DOWN:
            return f"STS was not available when EC2 wanted to assume the role '{fetch.role.name}'"
        if fetch.decision is not None and not fetch.decision.allowed:
            return f"EC2 cannot assume the role '{fetch.role.name}': {fetch.decision.message}"
        if self.time.faults is not None and self.metadata.credentials_at(position) is None:
            return "the metadata service does not answer"
        return "the metadata has credentials, but the program does not ask for them"

    def fetches(self, until: Position, since: int | None = None) -> Iterator[Fetch]:
        """
        Iterate over the fetches of its credentials up to *until*, oldest first; nothing of it is stored.

        Args:
            until: a position; what is later than now has not happened.
            since: microseconds; earlier fetches are left out.
        """
        return self.fetcher.each(self._states, min(until, self.time.as_of(None)), since)

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

        instant = self.time.instant() if when is None else to_microseconds(to_utc(when))
        found = next_change(self, self._states, instant)
        return None if found is None else from_microseconds(found)

    def issued_session(self, issued: IssuedKey, access_key_id: str, now: int) -> Session | None:
        """Return the session behind a key that its metadata had handed out by *now*, or None if it had not."""
        context = {
            "ec2:SourceInstanceARN": self.arn,
            "aws:Ec2InstanceSourceVpc": self.hardware.vpc_id,
            "aws:Ec2InstanceSourcePrivateIPv4": self.private_ipv4,
        }
        if issued.delivery not in (V1, V2):
            from ec2roles.metadata.identity_role import identity_session

            return identity_session(self, issued, now, context)
        fetch = self.fetcher.numbered(self._states, issued.ordinal, now)
        if fetch is None or not fetch.ok or fetch.role is None:
            return None
        credentials = self._mint(fetch.ordinal, fetch.position[0], fetch.expires, issued.delivery)
        if credentials.access_key_id != access_key_id:
            return None
        known = self._served
        if known is not None and known.credentials == credentials:
            credentials = known.credentials
        return self._launch.sts.sessions.role_session(
            fetch.role,
            self.instance_id,
            credentials,
            issued=fetch.position[0],
            expires=fetch.expires,
            context={**context, "ec2:RoleDelivery": f"{issued.delivery}.0"},
        )

    def __repr__(self) -> str:
        profile = self.profile
        return f"<Instance {self.instance_id} {self.state}, {f'profile {profile.name}' if profile else 'no profile'}>"


def _epoch(association: Association, position: Position, ordinal: int) -> Epoch:
    """The epoch of an instance that runs with *association* from *position* on, or from when it takes effect."""
    start = position if association.effective <= position[0] else (association.effective, FIRST)
    return Epoch(start, ordinal)


def launch_instances(
    count: int,
    profile: InstanceProfile | str | None = None,
    *,
    sts: TokenService,
    time: Timekeeper,
    api: Api | None = None,
    find_profile: Callable[[str], InstanceProfile] | None = None,
    check_options: Callable[[MetadataOptions], None] = lambda options: None,
    forget: Callable[[str], None] = lambda instance_id: None,
    **options: Unpack[InstanceOptions],
) -> list[Instance]:
    """
    Launch *count* instances that share everything until one of them differs (AWS: RunInstances).

    >>> time = Timekeeper()
    >>> fleet = launch_instances(3, sts=TokenService(time=time), time=time)
    >>> len({instance.instance_id for instance in fleet})
    3

    Args:
        count: 1 or more.
        profile: an instance profile, its name or ARN, or None.
        sts, time, api, find_profile, options: as for `Instance`.
        check_options: raises if the account does not allow such metadata options.
        forget: forgets an instance that was terminated long ago.

    Raises:
        InstanceError: for another count, for what is no instance profile, one without a role, or a bad option; nothing is
            launched then.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InstanceError(
            f"Value ({count}) for parameter minCount is invalid.",
            detail=f"count must be an int of 1 or more, got {shown(count)}",
        )
    launch = prepare_launch(
        count,
        profile,
        sts=sts,
        time=time,
        api=api,
        find_profile=find_profile,
        check_options=check_options,
        forget=forget,
        **options,
    )
    instances = []
    for slot in range(launch.first_slot, launch.first_slot + count):
        instance = Instance.__new__(Instance)
        instance._settle(launch, slot)
        instances.append(instance)
    launch.time.add_issuers(instances)  # type: ignore[arg-type]
    return instances
