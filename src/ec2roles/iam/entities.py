"""A table of entities by name: unique whatever the case, and remembering what each name meant before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import attrs

from ec2roles.arns import shown
from ec2roles.errors import EntityAlreadyExistsError, LimitExceededError, NoSuchEntityError
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

Entity = TypeVar("Entity")


def in_order(name: str) -> tuple[str, str]:
    """Return the key by which IAM's lists are sorted: without regard to case."""
    return name.lower(), name


def _key(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a name must be str, got {type(name).__name__}")
    # Names are ASCII. Python's lower() would take the Kelvin sign for a k, and find a name that nobody wrote.
    return name.lower() if name.isascii() else name


@attrs.define(eq=False, repr=False)
class Entities(Part, Generic[Entity]):
    """
    The entities of one kind in an account; reads like a mapping of names.

    >>> from ec2roles import Account, TrustPolicy
    >>> account = Account()
    >>> role = account.create_role("App", trust=TrustPolicy.service("ec2.amazonaws.com"))
    >>> account.roles["App"] is role, "app" in account.roles, list(account.roles)
    (True, True, ['App'])

    Args:
        noun: what they are called in messages: ``role``.
        taken: AWS's message for a name that is taken; ``{name}`` stands for it.
        missing: AWS's message for a name that is not there.
        quota: the quota's name in AWS's message.
        most: how many there may be.
        name_of: returns the name of an entity.
        time: the Cloud's timekeeper.
    """

    noun: str
    taken: str = attrs.field(kw_only=True)
    missing: str = attrs.field(kw_only=True)
    quota: str = attrs.field(kw_only=True)
    most: int = attrs.field(kw_only=True)
    name_of: Callable[[Entity], str] = attrs.field(kw_only=True)
    time: Timekeeper = attrs.field(kw_only=True)
    _names: dict[str, Timeline[Entity | None]] = attrs.field(factory=dict, init=False)
    _now: dict[str, Entity] = attrs.field(factory=dict, init=False)

    def check_free(self, name: str, *, stored: bool = False) -> None:
        """
        Make sure that an entity called *name* may be created.

        Args:
            name: its name.
            stored: it exists in a real account, whatever that account's quotas are.

        Raises:
            EntityAlreadyExistsError: if the name is taken, in any case.
            LimitExceededError: if there are too many already.
        """
        other = self._now.get(_key(name))
        if other is not None:
            raise EntityAlreadyExistsError(
                self.taken.format(name=name), detail=f"'{self.name_of(other)}' already exists (names ignore case)"
            )
        if len(self._now) >= self.most and not stored:
            raise LimitExceededError(
                f"Cannot exceed quota for {self.quota}: {self.most}", detail=f"{len(self._now)} {self.noun}s already"
            )

    def add(self, entity: Entity, position: Position) -> None:
        """Enter *entity*, created at *position*; its name was found free."""
        key = _key(self.name_of(entity))
        self._write(key, position, entity)
        self.time.journal.put(self._now, key, entity)

    def remove(self, entity: Entity, position: Position) -> None:
        """Strike *entity*, deleted at *position*."""
        key = _key(self.name_of(entity))
        self._write(key, position, None)
        self.time.journal.remove(self._now, key)
        self.time.forget_later(position[0], self._forget, key, position)

    def _forget(self, key: str, position: Position) -> None:
        """Forget what *key* meant until *position*, unless it was written again: what was before is forgotten by that."""
        timeline = self._names.get(key)
        if timeline is not None and timeline.last_position == position:
            self.time.journal.drop(self._names, key)

    def rename(self, entity: Entity, old_name: str, position: Position) -> None:
        """Enter *entity*, which was called *old_name* until *position*, under the name that it has now."""
        old, new = _key(old_name), _key(self.name_of(entity))
        if old != new:
            self._write(old, position, None)
            self._write(new, position, entity)
            self.time.journal.remove(self._now, old)
            self.time.journal.put(self._now, new, entity)

    def _write(self, key: str, position: Position, entity: Entity | None) -> None:
        timeline = self._names.get(key)
        if timeline is None:
            self.time.journal.put(self._names, key, Timeline(position, entity))
        else:
            self.time.record(timeline, position, entity)

    def get(self, name: str) -> Entity | None:
        """Return the entity called *name*, or None."""
        return self._now.get(_key(name))

    def at(self, name: str, position: Position) -> Entity | None:
        """Return the entity that was called *name* as of *position*, or None."""
        timeline = self._names.get(_key(name))
        return None if timeline is None else timeline.at(position)

    def ever(self, name: str) -> list[Entity]:
        """Return all entities that ever were called *name*, as far as that is remembered, the oldest first."""
        timeline = self._names.get(_key(name))
        spans = () if timeline is None else timeline.spans()
        return [entity for _, entity in spans if entity is not None]

    def all_at(self, position: Position) -> list[Entity]:
        """Return the entities that existed as of *position*, in the order of their names."""
        found = [
            entity for entity in (timeline.at(position) for timeline in self._names.values()) if entity is not None
        ]
        return sorted(found, key=lambda entity: in_order(self.name_of(entity)))

    def __getitem__(self, name: str) -> Entity:
        if not isinstance(name, str):
            raise TypeError(f"{self.noun}s are looked up by name, got {type(name).__name__}")
        entity = self._now.get(_key(name))
        if entity is None:
            known = ", ".join(f"'{one}'" for one in list(self)[:5]) or "none"
            more = ", ..." if len(self._now) > 5 else ""
            raise NoSuchEntityError(
                self.missing.format(name=name), detail=f"no {self.noun} {shown(name)}; known: {known}{more}"
            )
        return entity

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _key(name) in self._now

    def __iter__(self) -> Iterator[str]:
        return iter(sorted((self.name_of(entity) for entity in self._now.values()), key=in_order))

    def __len__(self) -> int:
        return len(self._now)

    def values(self) -> list[Entity]:
        """Return the entities, in the order of their names."""
        return [self[name] for name in self]

    def __repr__(self) -> str:
        return f"<{len(self)} {self.noun}{'' if len(self) == 1 else 's'}: {', '.join(self) or 'none'}>"
