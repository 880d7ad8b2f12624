"""An account as it was at a moment in the past, to be read only: `Account.as_of`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from ec2roles.arns import shown
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.errors import AwsError, InstanceError, NoSuchEntityError, ResourceError
from ec2roles.history.then import (
    BucketThen,
    GroupThen,
    InstanceProfileThen,
    InstanceThen,
    PolicyThen,
    RoleThen,
    UserThen,
    moment,
)
from ec2roles.iam.directory import Directory
from ec2roles.instants import from_microseconds
from ec2roles.services.s3.bucket import Bucket
from ec2roles.world.timeline import Position

Entity = TypeVar("Entity")


@attrs.frozen(eq=False, repr=False)
class EntitiesThen(Mapping[str, Entity], Generic[Entity]):
    """The entities of one kind that existed at a moment, by name or id; asking for another raises AWS's error."""

    _entities: Mapping[str, Entity] = attrs.field(alias="entities")
    _missing: Callable[[str], AwsError] = attrs.field(alias="missing")

    def __getitem__(self, name: str) -> Entity:
        entity = self._entities.get(name)
        if entity is None:
            raise self._missing(name)
        return entity

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return the entity of that name, or *default*."""
        return self._entities.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._entities

    def __iter__(self) -> Iterator[str]:
        return iter(self._entities)

    def __len__(self) -> int:
        return len(self._entities)

    def __repr__(self) -> str:
        return f"<{len(self)} then: {', '.join(list(self)[:5]) or 'none'}>"


@attrs.frozen(eq=False, repr=False)
class Past:
    """
    An account as it was.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("app")
    >>> before = account.clock.now()
    >>> account.clock.advance(minutes=5).minute
    5
    >>> account.instance_profiles["app"].remove_role()
    >>> account.as_of(before).instance_profiles["app"].role
    <Role app as of 2026-01-01T00:00:00Z>

    Args:
        position: the moment it is about.
        iam: the account's IAM.
        instances: its instances.
        buckets: its buckets.
    """

    _position: Position = attrs.field(alias="position")
    _iam: Directory = attrs.field(alias="iam")
    _instances: Iterable[Instance] = attrs.field(alias="instances")
    _buckets: Iterable[Bucket] = attrs.field(alias="buckets")

    @property
    def at(self) -> datetime:
        """The moment, aware and in UTC."""
        return from_microseconds(self._position[0])

    @property
    def alias(self) -> str | None:
        """The alias there was, or None."""
        return self._iam.alias.at(self._position)

    @property
    def roles(self) -> EntitiesThen[RoleThen]:
        """The roles there were, by name."""
        return self._named(self._iam.roles, RoleThen)

    @property
    def instance_profiles(self) -> EntitiesThen[InstanceProfileThen]:
        """The instance profiles there were, by name."""
        return self._named(self._iam.instance_profiles, InstanceProfileThen)

    @property
    def users(self) -> EntitiesThen[UserThen]:
        """The users there were, by name."""
        return self._named(self._iam.users, UserThen)

    @property
    def groups(self) -> EntitiesThen[GroupThen]:
        """The groups there were, by name."""
        return self._named(self._iam.groups, GroupThen)

    @property
    def policies(self) -> EntitiesThen[PolicyThen]:
        """The customer managed policies there were, by name."""
        return self._named(self._iam.policies, PolicyThen)

    @property
    def instances(self) -> EntitiesThen[InstanceThen]:
        """The instances that had been launched, by id."""
        instances = {
            instance.instance_id: InstanceThen(instance, self._position)
            for instance in self._instances
            if Records(instance).written_at(self._position) is not None
        }
        return EntitiesThen(
            instances,
            lambda instance_id: InstanceError(
                f"The instance ID '{instance_id}' does not exist",
                code="InvalidInstanceID.NotFound",
                detail=f"no instance {shown(instance_id)} {self._when}",
            ),
        )

    @property
    def buckets(self) -> EntitiesThen[BucketThen]:
        """The buckets there were, by name, without those that have been deleted since."""
        buckets = {
            bucket.name: BucketThen(bucket, self._position)
            for bucket in self._buckets
            if bucket.created <= self._position
        }
        return EntitiesThen(
            buckets,
            lambda name: ResourceError(
                "The specified bucket does not exist",
                code="NoSuchBucket",
                status=404,
                detail=f"no bucket {shown(name)} {self._when}",
            ),
        )

    def _named(self, table: Any, kind: Callable[[Any, Position], Entity]) -> EntitiesThen[Entity]:
        views: list[Any] = [kind(entity, self._position) for entity in table.all_at(self._position)]
        return EntitiesThen(
            {view.name: view for view in views},
            lambda name: NoSuchEntityError(
                table.missing.format(name=name), detail=f"no {table.noun} {shown(name)} {self._when}"
            ),
        )

    @property
    def _when(self) -> str:
        return f"as of {moment(self._position)}"

    def __repr__(self) -> str:
        return f"<Account {self._iam.account_id} {self._when}>"
