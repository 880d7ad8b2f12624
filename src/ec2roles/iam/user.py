"""A user: a person or a program with long-term credentials, here for the contrast with roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ec2roles.arns import shown
from ec2roles.credentials import Credentials
from ec2roles.errors import (
    EntityAlreadyExistsError,
    InvalidInputError,
    LimitExceededError,
    NoSuchEntityError,
    ValidationError,
)
from ec2roles.iam.access_keys import AccessKey, AccessKeys
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity, IdentityState, ManagedPolicy
from ec2roles.iam.last_used import LastUse, UsageLog
from ec2roles.iam.names import USER_NAME, NameRule, check_tags, validation_message
from ec2roles.policy import Policy
from ec2roles.secret import Secret
from ec2roles.world.ids import IssuedKey
from ec2roles.world.journal import atomic
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.iam.mfa import MfaDevice

ACTIVE = "Active"
INACTIVE = "Inactive"


@attrs.frozen(kw_only=True, eq=False)
class UserState(IdentityState):
    """
    Everything about a user that can change, at one moment.

    Args:
        groups: the groups it is in.
        access_keys: access key id to ``Active`` or ``Inactive``; a deleted key is not there.
        password: the console password, or None for a user who cannot sign in.
        mfa_devices: its MFA devices by serial number.
    """

    groups: tuple[Group, ...] = ()
    access_keys: Mapping[str, str] = attrs.field(factory=dict)
    password: Secret | None = None
    mfa_devices: Mapping[str, MfaDevice] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False)
class User(Identity):
    """
    An IAM user.

    >>> from ec2roles import Account
    >>> alice = Account().create_user("alice")
    >>> key = alice.create_access_key()
    >>> key.access_key_id[:4], key.expiration
    ('AKIA', None)

    Args:
        name: 1-64 of ``[\\w+=,.@-]``.
        inline, attached, boundary, groups, tags: what it has from the start.
        user_id: the unique id, for a user loaded from an account; otherwise a new one is made.
        stored: True for a user that AWS has stored already and that is only loaded here.
        time, account_id, path, quotas, policies: see `Identity`.
    """

    kind: ClassVar[str] = "User"
    name_rule: ClassVar[NameRule] = USER_NAME

    _inline: Mapping[str, Policy] = attrs.field(factory=dict, kw_only=True, alias="inline")
    _attached: tuple[ManagedPolicy, ...] = attrs.field(default=(), kw_only=True, alias="attached")
    _boundary: object = attrs.field(default=None, kw_only=True, alias="boundary")
    _groups: tuple[Group, ...] = attrs.field(default=(), kw_only=True, alias="groups")
    _tags: Any = attrs.field(default=None, kw_only=True, alias="tags")
    _user_id: str | None = attrs.field(default=None, kw_only=True, alias="user_id")
    _stored: bool = attrs.field(default=False, kw_only=True, alias="stored")
    user_id: str = attrs.field(init=False)
    _keys: AccessKeys = attrs.field(init=False, default=attrs.Factory(AccessKeys, takes_self=True))
    _usage: dict[str, UsageLog] = attrs.field(init=False, factory=dict)

    @atomic
    def __attrs_post_init__(self) -> None:
        self.check_name()
        state = UserState(
            inline=dict(self._inline),
            attached=self._attached,
            boundary=None if self._boundary is None else self.find_boundary(self._boundary),
            groups=self._groups,
            tags=check_tags(self._tags, most=self.quotas.tags, stored=self._stored),
        )
        self._tags = self._boundary = None
        self._begin(state)
        self.user_id = self._user_id or self.time.ids.entity_id("AIDA")

    # -- access keys ------------------------------------------------------------------------------------------------

    @property
    def access_keys(self) -> dict[str, str]:
        """The ids of the access keys, each with ``Active`` or ``Inactive``."""
        return dict(self._states.last.access_keys)

    def access_key_created(self, access_key_id: str) -> int:
        """
        Return when one of its access keys was made, in microseconds.

        Raises:
            NoSuchEntityError: if it has none of that id.
        """
        self._state_with_key(access_key_id)
        key = self._keys.find(access_key_id)
        assert key is not None
        return key.position[0]

    def access_key_last_used(self, access_key_id: str) -> LastUse | None:
        """
        Return when, where and for which service one of its access keys was last used; None if it never was.

        Raises:
            NoSuchEntityError: if it has none of that id.
        """
        self._state_with_key(access_key_id)
        usage = self._usage.get(access_key_id)
        return None if usage is None else usage.newest

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note that a call with one of its keys was authenticated; what was issued for a key is not the key."""
        if not access_key_id.startswith("AKIA"):
            return
        usage = self._usage.get(access_key_id)
        if usage is None:
            usage = UsageLog()
            self.time.journal.put(self._usage, access_key_id, usage)
        usage.note(self.time, instant, region, service)

    @atomic
    def create_access_key(self) -> Credentials:
        """
        Make an access key, which works until it is deactivated or deleted (AWS: CreateAccessKey).

        Raises:
            LimitExceededError: if the user has two already.
        """
        state = self._existing()
        most = self.quotas.access_keys_per_user
        if len(state.access_keys) >= most:
            raise LimitExceededError(
                f"Cannot exceed quota for AccessKeysPerUser: {most}",
                detail=f"{self.name} has {', '.join(state.access_keys)}",
            )
        key = self._keys.issue()
        access_keys = {**state.access_keys, key.credentials.access_key_id: ACTIVE}
        self._write_state(key.position, attrs.evolve(state, access_keys=access_keys))
        return key.credentials

    @atomic
    def update_access_key(self, access_key_id: str, status: str) -> None:
        """
        Switch an access key on or off (AWS: UpdateAccessKey).

        Args:
            access_key_id: one of `access_keys`.
            status: ``Active`` or ``Inactive``.
        """
        if status not in (ACTIVE, INACTIVE):
            constraint = "Member must satisfy enum value set: [Active, Inactive]"
            raise ValidationError(
                validation_message([(shown(status), "status", constraint)]),
                detail=f"status must be 'Active' or 'Inactive', got {shown(status)}",
            )
        state = self._state_with_key(access_key_id)
        keys = {**state.access_keys, access_key_id: status}
        self._write("UpdateAccessKey", attrs.evolve(state, access_keys=keys), detail=f"{access_key_id} {status}")

    @atomic
    def delete_access_key(self, access_key_id: str) -> None:
        """Delete an access key (AWS: DeleteAccessKey)."""
        state = self._state_with_key(access_key_id)
        keys = {key: status for key, status in state.access_keys.items() if key != access_key_id}
        position = self._write("DeleteAccessKey", attrs.evolve(state, access_keys=keys), detail=access_key_id)
        self.time.forget_later(position[0], self._keys.forget, access_key_id)

    @atomic
    def mark_deleted(self) -> Position:
        """Record that it is gone; the directory calls this once nothing stands in the way."""
        position = super().mark_deleted()
        self.time.forget_later(position[0], self._keys.forget_issuer)
        return position

    def _state_with_key(self, access_key_id: str) -> UserState:
        state: UserState = self._existing()
        if access_key_id not in state.access_keys:
            raise NoSuchEntityError(
                f"The Access Key with id {access_key_id} cannot be found.",
                detail=f"user '{self.name}' has no access key {shown(access_key_id)}",
            )
        return state

    def has_key(self, access_key_id: str, position: Position | None = None) -> bool:
        """Return whether it has an access key of that id, active or not, now or as of *position*."""
        state = self._states.last if position is None else self._states.at(position)
        return state is not None and state.exists and access_key_id in state.access_keys

    def key_works(self, access_key_id: str, position: Position) -> bool:
        """Return whether that access key of its is active as of *position*."""
        state = self._states.at(position)
        return state is not None and state.exists and state.access_keys.get(access_key_id) == ACTIVE

    def issued_key(self, issued: IssuedKey, access_key_id: str) -> AccessKey | None:
        """Return an access key of this user as it was issued, or None if it never had that one."""
        return self._keys.numbered(issued, access_key_id)

    # -- multi-factor authentication ----------------------------------------------------------------------------------

    @property
    def mfa_devices(self) -> tuple[MfaDevice, ...]:
        """The MFA devices, in the order in which they were enabled."""
        return tuple(self._states.last.mfa_devices.values())

    def mfa_device(self, serial_number: str, position: Position) -> MfaDevice | None:
        """Return its MFA device of that serial number as of *position*, or None."""
        state = self._states.at(position)
        return None if state is None else state.mfa_devices.get(serial_number)

    @atomic
    def enable_mfa_device(self, serial_number: str | None = None) -> MfaDevice:
        """
        Give the user a virtual MFA device (AWS: CreateVirtualMFADevice and EnableMFADevice).

        Args:
            serial_number: ``arn:aws:iam::ACCOUNT:mfa/NAME`` by default.

        Raises:
            EntityAlreadyExistsError: if the user has that device already.
            LimitExceededError: if there are eight already.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.iam.mfa import MfaDevice

        state = self._existing()
        serial = f"arn:aws:iam::{self.account_id}:mfa/{self.name}" if serial_number is None else serial_number
        device = MfaDevice(serial, self.time)
        if serial in state.mfa_devices:
            raise EntityAlreadyExistsError(
                "MFADevice entity at the same path and name already exists.",
                detail=f"user '{self.name}' has '{serial}'",
            )
        if len(state.mfa_devices) >= self.quotas.mfa_devices_per_user:
            raise LimitExceededError(
                f"Cannot exceed quota for MFADevicesPerUser: {self.quotas.mfa_devices_per_user}",
                detail=f"user '{self.name}' has {len(state.mfa_devices)}",
            )
        devices = {**state.mfa_devices, serial: device}
        self._write("EnableMFADevice", attrs.evolve(state, mfa_devices=devices), detail=serial)
        return device

    @atomic
    def deactivate_mfa_device(self, serial_number: str) -> None:
        """
        Take an MFA device away (AWS: DeactivateMFADevice and DeleteVirtualMFADevice).

        Raises:
            NoSuchEntityError: if the user has none of that serial number.
        """
        state = self._existing()
        if serial_number not in state.mfa_devices:
            raise NoSuchEntityError(
                f"VirtualMFADevice with serial number {serial_number} does not exist.",
                detail=f"user '{self.name}' has no MFA device {shown(serial_number)}",
            )
        devices = {key: value for key, value in state.mfa_devices.items() if key != serial_number}
        self._write("DeactivateMFADevice", attrs.evolve(state, mfa_devices=devices), detail=serial_number)

    # -- console sign-in --------------------------------------------------------------------------------------------

    @atomic
    def create_login_profile(self, password: str) -> None:
        """
        Give the user a console password (AWS: CreateLoginProfile).

        Raises:
            EntityAlreadyExistsError: if there is one already.
        """
        state = self._existing()
        if state.password is not None:
            raise EntityAlreadyExistsError(
                f"Login Profile for user {self.name} already exists.", detail="delete_login_profile() first"
            )
        if not isinstance(password, str) or not password:
            raise InvalidInputError("Password is not valid.", detail="a password must be non-empty text")
        self._write("CreateLoginProfile", attrs.evolve(state, password=Secret(password)))

    @atomic
    def delete_login_profile(self) -> None:
        """Take the console password away (AWS: DeleteLoginProfile)."""
        state = self._existing()
        if state.password is None:
            raise NoSuchEntityError(
                f"Login Profile for User {self.name} cannot be found.", detail=f"user '{self.name}' has no password"
            )
        self._write("DeleteLoginProfile", attrs.evolve(state, password=None))

    @property
    def has_console_password(self) -> bool:
        """Whether the user can sign in to the console."""
        return self._states.last.password is not None

    def password_is(self, password: str) -> bool:
        """Return whether *password* is the user's console password."""
        own = self._states.last.password
        return own is not None and own == Secret(password)

    # -- groups -----------------------------------------------------------------------------------------------------

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups the user is in."""
        return self._states.last.groups  # type: ignore[no-any-return]

    @atomic
    def add_to_group(self, group: Group) -> None:
        """
        Put the user into *group* (AWS: AddUserToGroup).

        Raises:
            NoSuchEntityError: if the user or the group has been deleted, or the group is another account's.
        """
        if not isinstance(group, Group):
            raise TypeError(f"a user is put into a Group, got {type(group).__name__}")
        self.time.require_same(group.time, f"group '{group.name}'")
        state = self._existing()
        if group.account_id != self.account_id or not group.exists((1 << 80, 0)):
            raise Group.not_found(group.name)
        if group not in state.groups:
            self._write("AddUserToGroup", attrs.evolve(state, groups=(*state.groups, group)), detail=group.name)

    @atomic
    def remove_from_group(self, group: Group) -> None:
        """
        Take the user out of *group* (AWS: RemoveUserFromGroup).

        Raises:
            NoSuchEntityError: if the user is not in it.
        """
        if not isinstance(group, Group):
            raise TypeError(f"a user is taken out of a Group, got {type(group).__name__}")
        state = self._existing()
        if group not in state.groups:
            raise NoSuchEntityError(
                f"User {self.name} is not in group {group.name}.", detail=f"user '{self.name}' is not in '{group.name}'"
            )
        groups = tuple(one for one in state.groups if one is not group)
        self._write("RemoveUserFromGroup", attrs.evolve(state, groups=groups), detail=group.name)

    def documents(self, position: Position) -> tuple[Policy, ...]:
        """Return the user's own policies and those of its groups, as of *position*."""
        own = super().documents(position)
        state = self._states.at(position)
        if state is None or not state.groups:
            return own
        return own + tuple(document for group in state.groups for document in group.documents(position))

    def _changes_alone(self, state: UserState) -> bool:
        return not state.groups and super()._changes_alone(state)

    def _write_state(self, position: Position, state: UserState) -> None:
        self.time.record(self._states, position, state)
