"""An account as it was at a moment in the past, to be read only: `Account.as_of`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import attrs

from ec2roles.arns import shown
from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.attributes import InstanceAttributes
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.errors import AwsError, InstanceError, NoSuchEntityError, ResourceError
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.directory import Directory
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.metadata.options import MetadataOptions
from ec2roles.policy import Policy, TrustPolicy
from ec2roles.services.s3.bucket import Bucket
from ec2roles.sts.credentials import Credentials
from ec2roles.world.timeline import Position

Entity = TypeVar("Entity")


def _read_only(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    return MappingProxyType(dict(pairs))


@attrs.frozen(eq=False)
class _Thing:
    """Something that existed then. Its ids never change."""

    _now: Any = attrs.field(alias="now", repr=False)
    _position: Position = attrs.field(alias="position", repr=False)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self._now.arn)


class _Identity(_Thing):
    """What roles, users and groups have in common."""

    _now: Identity

    @property
    def name(self) -> str:
        """Its name then."""
        return self._now.name_at(self._position)

    @property
    def arn(self) -> str:
        """Its ARN then."""
        return self._now.arn_at(self._position)

    @property
    def policies(self) -> Mapping[str, Policy]:
        """Its inline policies then, by name."""
        return _read_only(self._now.state_at(self._position).inline.items())

    @property
    def attached_policies(self) -> Mapping[str, Policy]:
        """The managed policies it had then, each under its ARN with the document in force then."""
        attached = self._now.state_at(self._position).attached
        return _read_only((policy.arn, policy.document_at(self._position)) for policy in attached)

    @property
    def permissions_boundary(self) -> Policy | None:
        """The document that bounded it then, or None."""
        boundary = self._now.state_at(self._position).boundary
        return boundary if boundary is None or isinstance(boundary, Policy) else boundary.document_at(self._position)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags then, by key."""
        return _read_only(self._now.principal_tags(self._position))

    def __repr__(self) -> str:
        return f"<{self._now.kind} {self.name} as of {_told(self._position)}>"


class RoleThen(_Identity):
    """A role as it was."""

    _now: Role

    @property
    def role_id(self) -> str:
        """Its unique id."""
        return self._now.role_id

    @property
    def trust(self) -> TrustPolicy:
        """Its trust policy then, as it had been written."""
        trust: TrustPolicy = self._now.state_at(self._position).trust.written
        return trust

    @property
    def max_session_duration(self) -> int:
        """The longest session a caller could ask for then, in seconds."""
        return self._now.max_session_duration_at(self._position)


class UserThen(_Identity):
    """A user as it was."""

    _now: User

    @property
    def user_id(self) -> str:
        """Its unique id."""
        return self._now.user_id

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups it was in."""
        return tuple(group.name_at(self._position) for group in self._now.state_at(self._position).groups)

    @property
    def access_keys(self) -> Mapping[str, str]:
        """The ids of its access keys then, each with ``Active`` or ``Inactive``."""
        return _read_only(self._now.state_at(self._position).access_keys.items())


class GroupThen(_Identity):
    """A group as it was."""

    _now: Group


class PolicyThen(_Thing):
    """A customer managed policy as it was."""

    _now: CustomerManagedPolicy

    @property
    def name(self) -> str:
        """Its name."""
        return self._now.name

    @property
    def document(self) -> Policy | None:
        """The document in force then."""
        return self._now.document_at(self._position)

    def __repr__(self) -> str:
        return f"<CustomerManagedPolicy {self.name} as of {_told(self._position)}>"


class InstanceProfileThen(_Thing):
    """An instance profile as it was."""

    _now: InstanceProfile

    @property
    def name(self) -> str:
        """Its name."""
        return self._now.name

    @property
    def profile_id(self) -> str:
        """Its unique id."""
        return self._now.profile_id

    @property
    def role(self) -> RoleThen | None:
        """The role it held then, or None."""
        role = self._now.role_at(self._position)
        return None if role is None else RoleThen(role, self._position)

    def __repr__(self) -> str:
        inside = "no role" if self.role is None else f"role {self.role.name}"
        return f"<InstanceProfile {self.name}, {inside} as of {_told(self._position)}>"


class InstanceThen(_Thing):
    """An instance as it was."""

    _now: Instance

    @property
    def _record(self) -> InstanceRecord:
        record = Records(self._now).written_at(self._position)
        assert record is not None  # those that were not launched yet are not listed
        return record

    @property
    def instance_id(self) -> str:
        """Its id."""
        return self._now.instance_id

    @property
    def state(self) -> str:
        """``running``, ``stopped`` or ``terminated``."""
        return self._record.state

    @property
    def profile(self) -> InstanceProfileThen | None:
        """The instance profile it had then, or None."""
        association = self._record.association
        return None if association is None else InstanceProfileThen(association.profile, self._position)

    @property
    def association_id(self) -> str | None:
        """The id of its association with the profile then, or None."""
        return Records(self._now).association_id(self._record)

    @property
    def metadata_options(self) -> MetadataOptions:
        """How its metadata service could be reached then."""
        return self._record.options

    @property
    def attributes(self) -> InstanceAttributes:
        """Its type, its protection and the like then."""
        return self._record.attributes

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags then, by key."""
        return _read_only(self._record.tags)

    @property
    def credentials(self) -> Credentials | None:
        """What an SDK got from its metadata then."""
        return self._now.metadata.credentials_at(self._position)

    def __repr__(self) -> str:
        return f"<Instance {self.instance_id} {self.state} as of {_told(self._position)}>"


class BucketThen(_Thing):
    """A bucket as it was; its objects have no past."""

    _now: Bucket

    @property
    def name(self) -> str:
        """Its name."""
        return self._now.name

    @property
    def policy(self) -> Policy | None:
        """Its policy then, or None."""
        return self._now.policy_at(self._position)

    def __repr__(self) -> str:
        return f"<Bucket {self.name} as of {_told(self._position)}>"


@attrs.frozen(eq=False, repr=False)
class Things(Mapping[str, Entity], Generic[Entity]):
    """Things of one kind that existed at a moment, by name or id; one that is missing is AWS's error."""

    _things: Mapping[str, Entity] = attrs.field(alias="things")
    _missing: Callable[[str], AwsError] = attrs.field(alias="missing")

    def __getitem__(self, name: str) -> Entity:
        found = self._things.get(name)
        if found is None:
            raise self._missing(name)
        return found

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return the thing of that name, or *default*."""
        return self._things.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

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
        position: as of when.
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
    def roles(self) -> Things[RoleThen]:
        """The roles there were, by name."""
        return self._named(self._iam.roles, RoleThen)

    @property
    def instance_profiles(self) -> Things[InstanceProfileThen]:
        """The instance profiles there were, by name."""
        return self._named(self._iam.instance_profiles, InstanceProfileThen)

    @property
    def users(self) -> Things[UserThen]:
        """The users there were, by name."""
        return self._named(self._iam.users, UserThen)

    @property
    def groups(self) -> Things[GroupThen]:
        """The groups there were, by name."""
        return self._named(self._iam.groups, GroupThen)

    @property
    def policies(self) -> Things[PolicyThen]:
        """The customer managed policies there were, by name."""
        return self._named(self._iam.policies, PolicyThen)

    @property
    def instances(self) -> Things[InstanceThen]:
        """The instances that had been launched, by id."""
        found = {
            instance.instance_id: InstanceThen(instance, self._position)
            for instance in self._instances
            if Records(instance).written_at(self._position) is not None
        }
        return Things(
            found,
            lambda instance_id: InstanceError(
                f"The instance ID '{instance_id}' does not exist",
                code="InvalidInstanceID.NotFound",
                detail=f"no instance {shown(instance_id)} {self._when}",
            ),
        )

    @property
    def buckets(self) -> Things[BucketThen]:
        """The buckets there were, by name, without those that have been deleted since."""
        found = {
            bucket.name: BucketThen(bucket, self._position)
            for bucket in self._buckets
            if bucket.created <= self._position
        }
        return Things(
            found,
            lambda name: ResourceError(
                "The specified bucket does not exist",
                code="NoSuchBucket",
                status=404,
                detail=f"no bucket {shown(name)} {self._when}",
            ),
        )

    def _named(self, table: Any, kind: Callable[[Any, Position], Entity]) -> Things[Entity]:
        views: list[Any] = [kind(one, self._position) for one in table.all_at(self._position)]
        return Things(
            {view.name: view for view in views},
            lambda name: NoSuchEntityError(
                table.missing.format(name=name), detail=f"no {table.noun} {shown(name)} {self._when}"
            ),
        )

    @property
    def _when(self) -> str:
        return f"as of {_told(self._position)}"

    def __repr__(self) -> str:
        return f"<Account {self._iam.account_id} {self._when}>"


def _told(position: Position) -> str:
    return iso_exact(from_microseconds(position[0]))
