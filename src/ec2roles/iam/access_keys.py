"""Long-term access keys: what users and the root user are given, and who each key was issued to."""

from __future__ import annotations

from typing import Protocol

import attrs

from ec2roles.credentials import Credentials
from ec2roles.world.ids import IssuedKey
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position


class KeyOwner(Protocol):
    """A user or a root user, as far as its access keys go."""

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def account_id(self) -> str:
        """Whose it is."""

    def key_works(self, access_key_id: str, position: Position) -> bool:
        """Return whether that key of its is active as of *position*."""


@attrs.frozen(eq=False)
class AccessKey:
    """
    A long-term access key, as it was issued.

    Args:
        owner: the user or root user that it was issued to.
        credentials: its id and its secret.
        position: where in time it was issued.
    """

    owner: KeyOwner
    credentials: Credentials
    position: Position

    def works(self, position: Position) -> bool:
        """Return whether it is active as of *position*."""
        return self.owner.key_works(self.credentials.access_key_id, position)


@attrs.define(eq=False, repr=False)
class AccessKeys(Part):
    """
    The access keys that one owner was ever issued, by the number of their issue; those deleted long ago are forgotten.

    Args:
        owner: the user or root user.
    """

    _owner: KeyOwner = attrs.field(alias="owner")
    _slot: int | None = attrs.field(init=False, default=None)
    _keys: dict[int, AccessKey] = attrs.field(init=False, factory=dict)
    _made: int = attrs.field(init=False, default=0)

    def __len__(self) -> int:
        return len(self._keys)

    def issue(self) -> AccessKey:
        """Issue the next key, and note that as a change."""
        owner = self._owner
        time = owner.time
        slot = self._slot if self._slot is not None else time.next_slot
        key_id = time.ids.access_key_id("AKIA", slot=slot, ordinal=self._made)
        position = time.write("CreateAccessKey", owner.arn, account_id=owner.account_id, detail=key_id)
        key = AccessKey(owner, Credentials.mint(time.ids, key_id, issued=position[0], expires=None), position)
        if self._slot is None:
            time.journal.assign(self, "_slot", time.add_issuers([owner]))
        time.journal.put(self._keys, self._made, key)
        time.journal.assign(self, "_made", self._made + 1)
        return key

    def numbered(self, issued: IssuedKey, access_key_id: str) -> AccessKey | None:
        """Return the key that an id says it is, or None if it was never issued here."""
        key = self._keys.get(issued.ordinal)
        return key if key is not None and key.credentials.access_key_id == access_key_id else None

    def find(self, access_key_id: str) -> AccessKey | None:
        """Return the key of an id, or None."""
        issued = self._owner.time.ids.read_access_key_id(access_key_id)
        return None if issued is None else self.numbered(issued, access_key_id)

    def forget(self, access_key_id: str) -> None:
        """Forget a key that was deleted so long ago that no question can be about it."""
        time = self._owner.time
        issued = time.ids.read_access_key_id(access_key_id)
        if issued is not None and issued.ordinal in self._keys:
            time.journal.drop(self._keys, issued.ordinal)

    def forget_issuer(self) -> None:
        """Forget whose keys these were: the owner was deleted long ago."""
        self._owner.time.forget_issuer(self._slot)
