"""The root user of an account, which may do everything in it but what its organisation forbids."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ec2roles.arns import shown
from ec2roles.credentials import Credentials
from ec2roles.errors import EntityAlreadyExistsError, LimitExceededError, NoSuchEntityError
from ec2roles.iam.access_keys import AccessKey, AccessKeys
from ec2roles.iam.mfa import MfaDevice
from ec2roles.iam.quotas import Quotas
from ec2roles.policy import PolicySet
from ec2roles.world.ids import IssuedKey
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

# The evaluator allows a root user everything that nothing denies, so there is no policy to show.
_NO_POLICIES = PolicySet()


@attrs.frozen(eq=False)
class RootState:
    """
    Everything about a root user that can change, at one moment.

    Args:
        access_keys: the ids of its access keys.
        mfa_devices: its MFA devices by serial number.
    """

    access_keys: tuple[str, ...] = ()
    mfa_devices: Mapping[str, MfaDevice] = attrs.field(factory=dict)


@attrs.define(eq=False, repr=False)
class RootUser(Part):
    """
    The root user of an account.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> account.root.arn
    'arn:aws:iam::123456789012:root'
    >>> bool(account.can("s3:ListAllMyBuckets", credentials=account.root.create_access_key()))
    True

    Args:
        account_id: whose root user it is.
        time: the Cloud's timekeeper.
        quotas: the account's limits.
    """

    account_id: str
    time: Timekeeper = attrs.field(kw_only=True)
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    _states: Timeline[RootState] = attrs.field(init=False, factory=lambda: Timeline((-(1 << 62), 0), RootState()))
    _keys: AccessKeys = attrs.field(init=False, default=attrs.Factory(AccessKeys, takes_self=True))

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:root``."""
        return f"arn:aws:iam::{self.account_id}:root"

    @property
    def access_keys(self) -> tuple[str, ...]:
        """The ids of the access keys."""
        return self._states.last.access_keys

    @property
    def mfa_devices(self) -> tuple[MfaDevice, ...]:
        """Its MFA devices, in the order in which they were enabled."""
        return tuple(self._states.last.mfa_devices.values())

    @atomic
    def create_access_key(self) -> Credentials:
        """
        Make an access key of the root user, which AWS advises against (AWS: CreateAccessKey).

        Raises:
            LimitExceededError: if there are two already.
        """
        state = self._states.last
        most = self.quotas.access_keys_per_user
        if len(state.access_keys) >= most:
            raise LimitExceededError(
                f"Cannot exceed quota for AccessKeysPerUser: {most}",
                detail=f"the root user has {', '.join(state.access_keys)}",
            )
        key = self._keys.issue()
        access_keys = (*state.access_keys, key.credentials.access_key_id)
        self._write(key.position, attrs.evolve(state, access_keys=access_keys))
        return key.credentials

    @atomic
    def delete_access_key(self, access_key_id: str) -> None:
        """
        Delete an access key (AWS: DeleteAccessKey).

        Raises:
            NoSuchEntityError: if there is none of that id.
        """
        state = self._states.last
        if access_key_id not in state.access_keys:
            raise NoSuchEntityError(
                f"The Access Key with id {access_key_id} cannot be found.",
                detail=f"the root user has no access key {shown(access_key_id)}",
            )
        keys = tuple(key for key in state.access_keys if key != access_key_id)
        position = self.time.write("DeleteAccessKey", self.arn, account_id=self.account_id, detail=access_key_id)
        self._write(position, attrs.evolve(state, access_keys=keys))
        self.time.forget_later(position[0], self._keys.forget, access_key_id)

    @atomic
    def enable_mfa_device(self, serial_number: str | None = None) -> MfaDevice:
        """
        Give the root user an MFA device (AWS: EnableMFADevice).

        Args:
            serial_number: ``arn:aws:iam::ACCOUNT:mfa/root-account-mfa-device`` by default.

        Raises:
            EntityAlreadyExistsError: if it has that device already.
        """
        state = self._states.last
        serial = (
            f"arn:aws:iam::{self.account_id}:mfa/root-account-mfa-device" if serial_number is None else serial_number
        )
        device = MfaDevice(serial, self.time)
        if serial in state.mfa_devices:
            raise EntityAlreadyExistsError(
                "MFADevice entity at the same path and name already exists.", detail=f"the root user has '{serial}'"
            )
        position = self.time.write("EnableMFADevice", self.arn, account_id=self.account_id, detail=serial)
        self._write(position, attrs.evolve(state, mfa_devices={**state.mfa_devices, serial: device}))
        return device

    # -- what a session asks of its principal -------------------------------------------------------------------------

    def exists(self, position: Position) -> bool:
        """Return True: an account has a root user."""
        return True

    def policies_and_tags(self, position: Position) -> tuple[PolicySet, tuple[tuple[str, str], ...]]:
        """Return no policies, as nothing has to allow a root user, and no tags."""
        return _NO_POLICIES, ()

    def mfa_device(self, serial_number: str, position: Position) -> MfaDevice | None:
        """Return its MFA device of that serial number as of *position*, or None."""
        state = self._states.at(position)
        return None if state is None else state.mfa_devices.get(serial_number)

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note nothing: IAM does not tell when a root user's key was last used."""

    def issued_key(self, issued: IssuedKey, access_key_id: str) -> AccessKey | None:
        """Return an access key of the root user as it was issued, or None if it never had that one."""
        return self._keys.numbered(issued, access_key_id)

    def key_works(self, access_key_id: str, position: Position) -> bool:
        """Return whether that access key of its is there as of *position*."""
        state = self._states.at(position)
        return state is not None and access_key_id in state.access_keys

    def _write(self, position: Position, state: RootState) -> None:
        self.time.record(self._states, position, state)

    def __repr__(self) -> str:
        return f"<RootUser of {self.account_id}>"
