"""The changes of one instance: what EC2 does when it is started, tagged, given a profile and the like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.arns import shown
from ec2roles.ec2.association import RUNNING, STOPPED, TERMINATED, Association, Epoch, InstanceRecord
from ec2roles.ec2.attributes import InstanceAttributes, read_user_data
from ec2roles.ec2.checks import check_resource_tags
from ec2roles.ec2.launch import resolve_profile
from ec2roles.ec2.records import Records
from ec2roles.ec2.role_credentials import RoleCredentials
from ec2roles.ec2.state import InstanceState
from ec2roles.errors import InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.names import Tags
from ec2roles.instants import MICROSECOND
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import FIRST, Position

if TYPE_CHECKING:
    from ec2roles.metadata.notices import Notices

_MOST_TAGS = 50
_MODIFIABLE = frozenset({field.name for field in attrs.fields(InstanceAttributes)} | {"user_data"})


class Changes(Part):
    """
    What can be done to one instance; each method changes everything that it is to change or, if it raises, nothing.

    The verbs of `Instance` are these, and say what each is for and what it raises. The checks have names of their own:
    an operation of EC2's that is about several instances makes sure of all of them before it changes the first.

    Args:
        instance: what is changed.
    """

    __slots__ = ("_instance", "_instance_id", "_launch")

    # It stores no public attribute, so there is none to guard.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__

    def __init__(self, instance: InstanceState) -> None:
        self._instance = instance
        self._instance_id = instance._instance_id
        self._launch = instance._launch

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return self._launch.time

    @property
    def _last(self) -> InstanceRecord:
        return self._instance._states.last

    @atomic
    def attach(self, profile: InstanceProfile | str) -> None:
        """Associate an instance profile."""
        record = self.require_attachable()
        found = self._resolve(profile)
        self._associate("AssociateIamInstanceProfile", record, found)

    def require_attachable(self) -> InstanceRecord:
        """Return what it is now, or raise `InstanceError` if it cannot be given a profile."""
        record = self._last
        if record.state not in (RUNNING, STOPPED):
            raise InstanceError(
                f"The instance '{self._instance_id}' is not in the 'running' or 'stopped' states.",
                code="IncorrectInstanceState",
                detail=f"it is {record.state}",
            )
        if record.association is not None:
            raise InstanceError(
                f"There is an existing association for instance {self._instance_id}",
                code="IncorrectState",
                detail=f"it has '{record.association.profile.name}'; use replace(profile)",
            )
        return record

    @atomic
    def replace(self, profile: InstanceProfile | str) -> None:
        """Put another profile in the place of the present one."""
        record = self._last
        if record.association is None:
            raise InstanceError(
                f"There is no association for instance {self._instance_id}",
                code="IncorrectState",
                detail="there is no profile to replace; use attach(profile)",
            )
        if record.state != RUNNING:
            raise InstanceError(
                f"The association {Records(self._instance).association_id(record)} is not the active association",
                code="IncorrectState",
                detail=f"the instance is {record.state}; start it first",
            )
        found = self._resolve(profile)
        self._associate("ReplaceIamInstanceProfileAssociation", record, found)

    def _resolve(self, profile: InstanceProfile | str) -> InstanceProfile:
        launch = self._launch
        return resolve_profile(
            profile, launch.find_profile, self.time, self._launch.hardware.account_id, associating=True
        )

    def _associate(self, operation: str, record: InstanceRecord, profile: InstanceProfile) -> None:
        position = self._note(operation, detail=profile.arn)
        ordinal = self._next_ordinal(record, position)
        delay = self._launch.rotation.association_delay // MICROSECOND
        association = Association(profile, position, position[0] + delay)
        epoch = _epoch(association, position, ordinal) if record.state == RUNNING else None
        self._write(position, attrs.evolve(record, association=association, epoch=epoch, next_ordinal=ordinal))

    @atomic
    def detach(self) -> None:
        """Take the profile off."""
        record = self._last
        if record.association is None:
            raise InstanceError(
                "An invalid association-id of 'None' was given",
                code="InvalidAssociationID.NotFound",
                detail=f"instance '{self._instance_id}' has no instance profile to detach",
            )
        position = self._note("DisassociateIamInstanceProfile", detail=record.association.profile.arn)
        self._end_epoch(position, record, association=None)

    @atomic
    def stop(self) -> None:
        """Stop it."""
        record = self._alive("stopped")
        record.attributes.check_may_stop(self._instance_id)
        if record.state == RUNNING:
            self._end_epoch(self._note("StopInstances"), record, state=STOPPED)

    @atomic
    def hibernate(self) -> None:
        """Stop it with its memory kept."""
        record = self._alive("hibernated")
        self.require_hibernation()
        record.attributes.check_may_stop(self._instance_id)
        if record.state == RUNNING:
            self._end_epoch(self._note("StopInstances", detail="hibernate"), record, state=STOPPED, hibernated=True)

    def require_hibernation(self) -> None:
        """Raise `InstanceError` unless it can be hibernated."""
        if not self._launch.hibernation:
            raise InstanceError(
                f"The instance '{self._instance_id}' is not configured for hibernation.",
                code="UnsupportedHibernationConfiguration",
                detail="hibernation is chosen at launch: launch_instance(..., hibernation=True)",
            )

    @atomic
    def start(self) -> None:
        """Start it."""
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
        """Reboot it."""
        record = self._alive("rebooted")
        if record.state != RUNNING:
            raise self.wrong_state("rebooted")
        self._note("RebootInstances")

    @atomic
    def terminate(self) -> None:
        """Terminate it."""
        record = self._last
        if record.state != TERMINATED:
            record.attributes.check_may_terminate(self._instance_id)
            position = self._note("TerminateInstances")
            self._end_epoch(position, record, state=TERMINATED, association=None)
            self.time.forget_later(position[0], self._forget)

    def _forget(self) -> None:
        self.time.forget_issuer(self._instance._slot)
        self._launch.forget(self._instance_id)

    @atomic
    def modify_attribute(self, **attributes: Any) -> None:
        """Change its type, its protection or its user data."""
        record = self._alive("modified")
        if not attributes:
            raise TypeError(f"nothing to modify; an instance has {', '.join(sorted(_MODIFIABLE))}")
        for name in attributes:
            if name not in _MODIFIABLE:
                raise TypeError(f"unknown attribute {shown(name)}; an instance has {', '.join(sorted(_MODIFIABLE))}")
        if record.state != STOPPED and attributes.keys() & {"instance_type", "user_data"}:
            raise InstanceError(
                f"The instance '{self._instance_id}' is not in the 'stopped' state.",
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
        """Change how the metadata service may be reached."""
        record = self._alive("modified")
        changed = record.options.changed(**options)
        changed.check_tags(key for key, _ in record.tags)
        if "http_tokens" in options:
            self._launch.check_options(changed)
        detail = ", ".join(f"{name}={value}" for name, value in options.items())
        self._write(self._note("ModifyInstanceMetadataOptions", detail=detail), attrs.evolve(record, options=changed))

    @atomic
    def create_tags(self, tags: Mapping[str, str]) -> None:
        """Add tags, or give those that are there other values."""
        pairs = self.check_new_tags(tags)
        self._write(self._note("CreateTags", detail=", ".join(tags)), attrs.evolve(self._last, tags=pairs))

    def check_new_tags(self, tags: Mapping[str, str]) -> Tags:
        """Return what its tags would be with *tags* as well, or raise as `create_tags` does."""
        own = dict(self._last.tags)
        pairs = check_resource_tags({**own, **tags}, most=len(own) + len(tags))
        self._last.options.check_tags(tags)
        if len(pairs) > _MOST_TAGS:
            raise InstanceError(
                "The maximum number of Tags for a resource has been reached.",
                code="TagLimitExceeded",
                detail=f"{len(pairs)} tags, at most {_MOST_TAGS}",
            )
        return pairs

    @atomic
    def delete_tags(self, keys: Iterable[str]) -> None:
        """Remove tags; those that are not there are passed over."""
        record = self._last
        gone = set(keys)
        kept = tuple(pair for pair in record.tags if pair[0] not in gone)
        if kept != record.tags:
            self._write(self._note("DeleteTags", detail=", ".join(sorted(gone))), attrs.evolve(record, tags=kept))

    @atomic
    def announce(self, operation: str, detail: str, notices: Notices) -> None:
        """Note an announcement, and show all of *notices* in the metadata from now on."""
        self._write(self._note(operation, detail=detail), attrs.evolve(self._last, notices=notices))

    def _alive(self, done: str) -> InstanceRecord:
        record = self._last
        if record.state == TERMINATED:
            raise self.wrong_state(done)
        return record

    def wrong_state(self, done: str) -> InstanceError:
        """Return EC2's error for something that cannot be done to it in the state that it is in."""
        return InstanceError(
            f"The instance '{self._instance_id}' is not in a state from which it can be {done}.",
            code="IncorrectInstanceState",
            detail=f"it is {self._last.state}",
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
        return record.epoch.first_ordinal + RoleCredentials(self._instance).fetcher.newest(record, position[0]) + 1

    def _note(self, operation: str, *, detail: str = "") -> Position:
        return self.time.write(operation, self._instance_id, account_id=self._launch.hardware.account_id, detail=detail)

    def _write(self, position: Position, record: InstanceRecord) -> None:
        states = self._instance._states
        if states is self._launch.states:
            # It differs from the others of its launch from here on.
            states = states.copy()
        self.time.record(states, position, record)
        self.time.journal.assign(self._instance, "_states", states)


def _epoch(association: Association, position: Position, ordinal: int) -> Epoch:
    """The epoch of an instance that runs with *association* from *position* on, or from when it takes effect."""
    start = position if association.effective <= position[0] else (association.effective, FIRST)
    return Epoch(start, ordinal)
