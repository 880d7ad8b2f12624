"""An instance profile: the container in which a role is handed to an instance. It holds one role at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import Ec2RolesError, LimitExceededError, NoSuchEntityError
from ec2roles.iam.names import PATH, PROFILE_NAME, Tags, check_tags, tags_with, tags_without
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline


@attrs.frozen(eq=False)
class ProfileState:
    """
    Everything about an instance profile that can change, at one moment.

    Args:
        role: the role it holds, or None.
        tags: pairs of key and value.
        exists: False once it has been deleted.
    """

    role: Role | None = None
    tags: Tags = ()
    exists: bool = True


@attrs.define(eq=False, repr=False)
class InstanceProfile(Part):
    """
    An instance profile.

    >>> from ec2roles import Role, Timekeeper, TrustPolicy
    >>> time = Timekeeper()
    >>> profile = InstanceProfile(
    ...     "app", role=Role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), time=time), time=time
    ... )
    >>> profile.arn
    'arn:aws:iam::123456789012:instance-profile/app'

    Usually made by `Account.create_instance_profile`.

    Args:
        name: 1-128 of ``[\\w+=,.@-]``; it need not be the role's name.
        role: the role it holds, or None for an empty profile.
        time: the Cloud's timekeeper.
        account_id: whose profile it is.
        path: such as ``/web/``.
        tags: a mapping, at most 50.
        quotas: the account's limits.
        profile_id: the unique id, for a profile loaded from an account; otherwise a new one is made.
        stored: True for a profile that AWS has stored already and that is only loaded here.

    Raises:
        InvalidNameError: if the name or the path does not fit.
        Ec2RolesError: if the role belongs to another Cloud.
    """

    name: str
    _role: Role | None = attrs.field(default=None, kw_only=True, alias="role")
    time: Timekeeper = attrs.field(kw_only=True)
    account_id: str = attrs.field(default="123456789012", kw_only=True)
    path: str = attrs.field(default="/", kw_only=True)
    _tags: Any = attrs.field(default=None, kw_only=True, alias="tags")
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    _profile_id: str | None = attrs.field(default=None, kw_only=True, alias="profile_id")
    _stored: bool = attrs.field(default=False, kw_only=True, alias="stored")
    profile_id: str = attrs.field(init=False)
    created: Position = attrs.field(init=False)
    _states: Timeline[ProfileState] = attrs.field(init=False)

    @atomic
    def __attrs_post_init__(self) -> None:
        PROFILE_NAME.check(self.name)
        PATH.check(self.path)
        tags = check_tags(self._tags, most=self.quotas.tags, stored=self._stored)
        if self._role is not None:
            self._check_role(self._role)
        state = ProfileState(self._role, tags)
        self._tags = self._role = None
        self.created = self.time.write("CreateInstanceProfile", self.arn, account_id=self.account_id)
        self.profile_id = self._profile_id or self.time.ids.entity_id("AIPA")
        self._states = Timeline(self.created, state)

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:instance-profile/PATH/NAME``."""
        return f"arn:aws:iam::{self.account_id}:instance-profile{self.path}{self.name}"

    @property
    def role(self) -> Role | None:
        """The role it holds, or None."""
        return self._states.last.role

    @property
    def tags(self) -> dict[str, str]:
        """The tags by key."""
        return dict(self._states.last.tags)

    def exists(self, position: Position) -> bool:
        """Return whether it exists as of *position*."""
        state = self._states.at(position)
        return state is not None and state.exists

    def role_at(self, position: Position) -> Role | None:
        """Return the role it holds as of *position*."""
        state = self._states.at(position)
        return None if state is None else state.role

    def tags_at(self, position: Position) -> Tags:
        """Return its tags as of *position*."""
        state = self._states.at(position)
        return () if state is None else state.tags

    def changes(self) -> list[Position]:
        """Return the positions at which it was changed, oldest first."""
        return [position for position, _ in self._states.spans()]

    @atomic
    def add_role(self, role: Role) -> None:
        """
        Put *role* into the profile (AWS: AddRoleToInstanceProfile).

        An instance that has the profile already gets the new role's credentials at its next refresh.

        Raises:
            LimitExceededError: if it holds a role already; one is the most, and AWS does not raise that.
            NoSuchEntityError: if the profile or the role has been deleted.
            UnmodifiableEntityError: if the role is service-linked.
        """
        state = self._existing()
        if not isinstance(role, Role):
            raise TypeError(f"an instance profile holds a Role, got {type(role).__name__}")
        self._check_role(role)
        role.check_modifiable()
        if state.role is not None:
            raise LimitExceededError(
                "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
                detail=f"an instance profile holds at most 1 role; '{self.name}' holds '{state.role.name}', remove_role() it first",
            )
        self._write("AddRoleToInstanceProfile", attrs.evolve(state, role=role), detail=role.name)

    @atomic
    def remove_role(self, role: Role | str | None = None) -> None:
        """
        Take the role out (AWS: RemoveRoleFromInstanceProfile).

        Args:
            role: the role or its name; None takes out whichever is there.

        Raises:
            NoSuchEntityError: if that role is not in the profile.
        """
        state = self._existing()
        name = role.name if isinstance(role, Role) else role
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a role is named by a Role or its name, got {type(name).__name__}")
        if state.role is None or (name is not None and state.role.name != name):
            raise NoSuchEntityError(
                f"Instance Profile {self.name} does not contain role {name or ''}".rstrip(),
                detail=f"'{self.name}' holds {shown(state.role.name) if state.role else 'no role'}",
            )
        self._write("RemoveRoleFromInstanceProfile", attrs.evolve(state, role=None), detail=state.role.name)

    @atomic
    def tag(self, tags: Mapping[str, str]) -> None:
        """Add or replace tags (AWS: TagInstanceProfile)."""
        state = self._existing()
        new = tags_with(state.tags, tags, most=self.quotas.tags)
        self._write("TagInstanceProfile", attrs.evolve(state, tags=new))

    @atomic
    def untag(self, keys: Iterable[str]) -> None:
        """Remove tags by key (AWS: UntagInstanceProfile); unknown keys are passed over, as in AWS."""
        state = self._existing()
        self._write("UntagInstanceProfile", attrs.evolve(state, tags=tags_without(state.tags, keys)))

    @atomic
    def mark_deleted(self) -> Position:
        """Record that it is gone; the directory calls this once it is empty."""
        return self._write("DeleteInstanceProfile", attrs.evolve(self._existing(), exists=False))

    def _check_role(self, role: Role) -> None:
        self.time.require_same(role.time, f"role '{role.name}'")
        if not role.exists((1 << 80, 0)):
            raise Role.not_found(role.name)
        if role.account_id != self.account_id:
            raise Ec2RolesError(
                f"role '{role.name}' is of account {role.account_id}, instance profile '{self.name}' of {self.account_id}; "
                "a profile holds a role of its own account"
            )

    def _existing(self) -> ProfileState:
        state = self._states.last
        if not state.exists:
            raise InstanceProfile.not_found(self.name)
        return state

    @staticmethod
    def not_found(name: str, detail: str = "") -> NoSuchEntityError:
        """Return the error for a name that no instance profile has."""
        return NoSuchEntityError(
            f"Instance Profile {name} cannot be found.", detail=detail or f"no instance profile {shown(name)}"
        )

    def _write(self, operation: str, state: ProfileState, *, detail: str = "") -> Position:
        position = self.time.write(operation, self.arn, account_id=self.account_id, detail=detail)
        self.time.record(self._states, position, state)
        return position

    def __repr__(self) -> str:
        states = getattr(self, "_states", None)  # debuggers show objects that are not finished, too
        state = ProfileState() if states is None else states.last
        inside = f"role {state.role.name}" if state.role else "no role"
        return f"<InstanceProfile {self.name}, {inside}{'' if state.exists else ' (deleted)'}>"
