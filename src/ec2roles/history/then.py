"""Roles, users, instances and the like as they were at a moment, to be read only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from ec2roles.credentials import Credentials
from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.attributes import InstanceAttributes
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.metadata.options import MetadataOptions
from ec2roles.policy import Policy, TrustPolicy
from ec2roles.services.s3.bucket import Bucket
from ec2roles.world.timeline import Position


def _read_only(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    return MappingProxyType(dict(pairs))


@attrs.frozen(eq=False)
class _EntityThen:
    """Something that existed then, read from the entity's own timeline. Its ids never change."""

    _entity: Any = attrs.field(alias="entity", repr=False)
    _position: Position = attrs.field(alias="position", repr=False)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self._entity.arn)


class _Identity(_EntityThen):
    """What roles, users and groups have in common."""

    _entity: Identity

    @property
    def _state(self) -> Any:
        """The frozen state that was in force."""
        return self._entity.state_at(self._position)

    @property
    def name(self) -> str:
        """Its name then."""
        return self._entity.name_at(self._position)

    @property
    def arn(self) -> str:
        """Its ARN then."""
        return self._entity.arn_at(self._position)

    @property
    def policies(self) -> Mapping[str, Policy]:
        """Its inline policies then, by name."""
        return _read_only(self._state.inline.items())

    @property
    def attached_policies(self) -> Mapping[str, Policy]:
        """The managed policies it had then, each under its ARN with the document in force then."""
        attached = self._state.attached
        return _read_only((policy.arn, policy.document_at(self._position)) for policy in attached)

    @property
    def permissions_boundary(self) -> Policy | None:
        """The document that bounded it then, or None."""
        boundary = self._state.boundary
        return boundary if boundary is None or isinstance(boundary, Policy) else boundary.document_at(self._position)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags then, by key."""
        return _read_only(self._entity.principal_tags(self._position))

    def __repr__(self) -> str:
        return f"<{self._entity.kind} {self.name} as of {moment(self._position)}>"


class RoleThen(_Identity):
    """A role as it was."""

    _entity: Role

    @property
    def role_id(self) -> str:
        """Its unique id."""
        return self._entity.role_id

    @property
    def trust(self) -> TrustPolicy:
        """Its trust policy then, as it had been written."""
        trust: TrustPolicy = self._state.trust.written
        return trust

    @property
    def description(self) -> str | None:
        """Its description then, or None."""
        description: str | None = self._state.description
        return description

    @property
    def max_session_duration(self) -> int:
        """The longest session a caller could ask for then, in seconds."""
        return self._entity.max_session_duration_at(self._position)


class UserThen(_Identity):
    """A user as it was."""

    _entity: User

    @property
    def user_id(self) -> str:
        """Its unique id."""
        return self._entity.user_id

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups it was in."""
        return tuple(group.name_at(self._position) for group in self._state.groups)

    @property
    def access_keys(self) -> Mapping[str, str]:
        """The ids of its access keys then, each with ``Active`` or ``Inactive``."""
        return _read_only(self._state.access_keys.items())


class GroupThen(_Identity):
    """A group as it was."""

    _entity: Group


class PolicyThen(_EntityThen):
    """A customer managed policy as it was."""

    _entity: CustomerManagedPolicy

    @property
    def name(self) -> str:
        """Its name."""
        return self._entity.name

    @property
    def document(self) -> Policy | None:
        """The document in force then."""
        return self._entity.document_at(self._position)

    def __repr__(self) -> str:
        return f"<CustomerManagedPolicy {self.name} as of {moment(self._position)}>"


class InstanceProfileThen(_EntityThen):
    """An instance profile as it was."""

    _entity: InstanceProfile

    @property
    def name(self) -> str:
        """Its name."""
        return self._entity.name

    @property
    def profile_id(self) -> str:
        """Its unique id."""
        return self._entity.profile_id

    @property
    def role(self) -> RoleThen | None:
        """The role it held then, or None."""
        role = self._entity.role_at(self._position)
        return None if role is None else RoleThen(role, self._position)

    def __repr__(self) -> str:
        inside = "no role" if self.role is None else f"role {self.role.name}"
        return f"<InstanceProfile {self.name}, {inside} as of {moment(self._position)}>"


class InstanceThen(_EntityThen):
    """An instance as it was."""

    _entity: Instance

    @property
    def _record(self) -> InstanceRecord:
        record = Records(self._entity).written_at(self._position)
        assert record is not None  # those that were not launched yet are not listed
        return record

    @property
    def instance_id(self) -> str:
        """Its id."""
        return self._entity.instance_id

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
        return Records(self._entity).association_id(self._record)

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
        return self._entity.metadata.credentials_at(self._position)

    def __repr__(self) -> str:
        return f"<Instance {self.instance_id} {self.state} as of {moment(self._position)}>"


class BucketThen(_EntityThen):
    """A bucket as it was; its objects have no past."""

    _entity: Bucket

    @property
    def name(self) -> str:
        """Its name."""
        return self._entity.name

    @property
    def policy(self) -> Policy | None:
        """Its policy then, or None."""
        return self._entity.policy_at(self._position)

    def __repr__(self) -> str:
        return f"<Bucket {self.name} as of {moment(self._position)}>"


def moment(position: Position) -> str:
    """Return the instant of a position, as ISO 8601."""
    return iso_exact(from_microseconds(position[0]))
