"""What roles, users and groups have in common: inline policies, attached managed policies, a boundary and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, cast

import attrs

from ec2roles.arns import shown
from ec2roles.errors import (
    InvalidInputError,
    LimitExceededError,
    NoSuchEntityError,
    PolicyNotAttachableError,
    PolicyTooLargeError,
)
from ec2roles.iam.managed import AwsManagedPolicies, AwsManagedPolicy
from ec2roles.iam.names import PATH, POLICY_NAME, NameRule, Tags, tags_with, tags_without
from ec2roles.iam.quotas import Quotas
from ec2roles.policy import Policy, PolicySet, load_policy
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline


class ManagedPolicy(Protocol):
    """A policy of AWS's or of the account's, whose document may change over time."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def attachable(self) -> bool:
        """Whether it can be attached to an ordinary identity."""

    def document_at(self, position: Position) -> Policy | None:
        """Return the document in force as of *position*."""


class PolicyFinder(Protocol):
    """Finds managed policies: the directory of an account, or AWS's own policies alone."""

    def find(self, name_or_arn: str) -> ManagedPolicy:
        """Return the managed policy of that name or ARN, or raise `NoSuchEntityError`."""


@attrs.frozen(kw_only=True, eq=False)
class IdentityState:
    """
    Everything about an identity that can change, at one moment.

    Args:
        exists: False once it has been deleted.
        inline: its inline policies, each under its name.
        attached: its managed policies.
        boundary: the managed policy that bounds it, a document of kind boundary, or None.
        tags: pairs of key and value.
    """

    exists: bool = True
    inline: Mapping[str, Policy] = attrs.field(factory=dict)
    attached: tuple[ManagedPolicy, ...] = ()
    boundary: ManagedPolicy | Policy | None = None
    tags: Tags = ()
    compiled: dict[tuple[int, ...], tuple[PolicySet, tuple[Policy, ...]]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )


_NO_POLICIES = PolicySet()
# The key of the policy set that stays the same as long as the state does.
_SETTLED = (-1,)


@attrs.define(eq=False, repr=False)
class Identity(Part):
    """
    An entity with policies of its own. `Role`, `User` and `Group` build on it.

    Args:
        name: its name, unique in the account whatever the case.
        time: the Cloud's timekeeper.
        account_id: whose it is.
        path: such as ``/service/``.
        quotas: the account's limits.
        policies: finds managed policies by name or ARN.
    """

    kind: ClassVar[str]
    name_rule: ClassVar[NameRule]

    _name: str = attrs.field(alias="name")
    time: Timekeeper = attrs.field(kw_only=True)
    account_id: str = attrs.field(default="123456789012", kw_only=True)
    _path: str = attrs.field(default="/", kw_only=True, alias="path")
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    _policies: PolicyFinder | None = attrs.field(default=None, kw_only=True, alias="policies")
    created: Position = attrs.field(init=False)
    _states: Timeline[Any] = attrs.field(init=False)
    # Path and name over time, of the few that are ever renamed.
    _names: Timeline[tuple[str, str]] | None = attrs.field(init=False, default=None)

    def check_name(self) -> None:
        """Raise `InvalidNameError` if the name or the path does not fit."""
        self.name_rule.check(self.name)
        PATH.check(self.path)

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def path(self) -> str:
        """Its path, such as ``/service/``."""
        return self._path

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:KIND/PATH/NAME``."""
        return f"arn:aws:iam::{self.account_id}:{self.kind.lower()}{self._path}{self._name}"

    @property
    def was_renamed(self) -> bool:
        """Whether it ever had another name or path."""
        return self._names is not None

    def name_at(self, position: Position) -> str:
        """Return its name as of *position*."""
        return self._path_and_name(position)[1]

    def path_at(self, position: Position) -> str:
        """Return its path as of *position*."""
        return self._path_and_name(position)[0]

    def arn_at(self, position: Position) -> str:
        """Return its ARN as of *position*."""
        path, name = self._path_and_name(position)
        return f"arn:aws:iam::{self.account_id}:{self.kind.lower()}{path}{name}"

    def _path_and_name(self, position: Position) -> tuple[str, str]:
        found = None if self._names is None else self._names.at(position)
        return (self._path, self._name) if found is None else found

    @atomic
    def rename(self, name: str, path: str) -> Position:
        """
        Give it another name or path; the unique id stays (AWS: UpdateUser, UpdateGroup).

        `Directory.update_user` and `Directory.update_group` call this, and enter it under its new name.

        Args:
            name: the new name.
            path: the new path.

        Raises:
            InvalidNameError: if one of them does not fit.
        """
        self._existing()
        self.name_rule.check(name)
        PATH.check(path)
        position = self.time.write(
            f"Update{self.kind}", self.arn, account_id=self.account_id, detail=f"{path.lstrip('/')}{name}"
        )
        journal = self.time.journal
        if self._names is None:
            journal.assign(self, "_names", Timeline(self.created, (self._path, self._name)))
        assert self._names is not None
        self.time.record(self._names, position, (path, name))
        journal.assign(self, "_path", path)
        journal.assign(self, "_name", name)
        return position

    @property
    def policies(self) -> Mapping[str, Policy]:
        """The inline policies by name."""
        return dict(self._states.last.inline)

    @property
    def attached_policies(self) -> tuple[ManagedPolicy, ...]:
        """The attached managed policies, in the order they were attached."""
        return self._states.last.attached  # type: ignore[no-any-return]

    @property
    def permissions_boundary(self) -> ManagedPolicy | Policy | None:
        """The boundary, or None."""
        return self._states.last.boundary  # type: ignore[no-any-return]

    @property
    def tags(self) -> dict[str, str]:
        """The tags by key."""
        return dict(self._states.last.tags)

    def exists(self, position: Position) -> bool:
        """Return whether it exists as of *position*."""
        state = self._states.at(position)
        return state is not None and state.exists

    def state_at(self, position: Position) -> Any:
        """Return everything about it that can change, as of *position*; None before it was created."""
        return self._states.at(position)

    def principal_tags(self, position: Position) -> Tags:
        """Return its tags as of *position*."""
        state = self._states.at(position)
        return () if state is None else state.tags

    def boundary_at(self, position: Position) -> ManagedPolicy | Policy | None:
        """Return its boundary as of *position*, or None."""
        state = self._states.at(position)
        return None if state is None else state.boundary

    def mfa_device(self, serial_number: str, position: Position) -> Any:
        """Return None: only users have MFA devices."""
        return None

    # -- policies ---------------------------------------------------------------------------------------------------

    @atomic
    def put_policy(self, name: str, policy: object) -> None:
        """
        Create or replace an inline policy (AWS: PutRolePolicy, PutUserPolicy, PutGroupPolicy).

        >>> from ec2roles import Account, PermissionPolicy, TrustPolicy
        >>> role = Account().create_role("app", trust=TrustPolicy.service("ec2.amazonaws.com"))
        >>> role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
        >>> list(role.policies)
        ['list']

        Args:
            name: 1-128 of ``[\\w+=,.@-]``.
            policy: a `PermissionPolicy`, a dict or JSON text.

        Raises:
            InvalidNameError: if the name does not fit.
            PolicyError: if IAM refuses the document.
            PolicyTooLargeError: if all inline policies together get too long.
        """
        state = self._existing()
        POLICY_NAME.check(name)
        loaded = load_policy(policy, "identity").named(name)
        inline = {**state.inline, name: loaded}
        limit = getattr(self.quotas, f"inline_policies_size_{self.kind.lower()}")
        size = sum(one.size for one in inline.values())
        if size > limit:
            raise PolicyTooLargeError(
                f"Maximum policy size of {limit} bytes exceeded for {self.kind.lower()} {self.name}",
                detail=f"{size} characters in all inline policies, limit {limit}",
            )
        self._write(f"Put{self.kind}Policy", attrs.evolve(state, inline=inline), detail=name)

    def inline_policy(self, name: str) -> Policy:
        """
        Return an inline policy (AWS: GetRolePolicy, GetUserPolicy, GetGroupPolicy).

        Raises:
            NoSuchEntityError: if there is none of that name.
        """
        inline: Mapping[str, Policy] = self._existing().inline
        if name not in inline:
            raise NoSuchEntityError(
                f"The {self.kind.lower()} policy with name {name} cannot be found.",
                detail=f"no inline policy {shown(name)}; known: {_some(inline)}",
            )
        return inline[name]

    @atomic
    def delete_policy(self, name: str) -> None:
        """
        Delete an inline policy (AWS: DeleteRolePolicy, DeleteUserPolicy, DeleteGroupPolicy).

        Raises:
            NoSuchEntityError: if there is none of that name.
        """
        state = self._existing()
        self.inline_policy(name)
        inline = {key: value for key, value in state.inline.items() if key != name}
        self._write(f"Delete{self.kind}Policy", attrs.evolve(state, inline=inline), detail=name)

    @atomic
    def attach_policy(self, name_or_arn: str | ManagedPolicy) -> None:
        """
        Attach a managed policy; attaching one twice changes nothing (AWS: AttachRolePolicy ...).

        Args:
            name_or_arn: its name, its ARN, or the policy itself.

        Raises:
            NoSuchEntityError: if there is no such managed policy.
            PolicyNotAttachableError: if it belongs to a service-linked role.
            LimitExceededError: if ten are attached already.
        """
        state = self._existing()
        policy = self._find(name_or_arn)
        self.check_attachable(policy)
        if any(one.arn == policy.arn for one in state.attached):
            return
        attached = (*state.attached, policy)
        self.check_attached_count(attached)
        self._write(f"Attach{self.kind}Policy", attrs.evolve(state, attached=attached), detail=policy.arn)

    @atomic
    def detach_policy(self, name_or_arn: str | ManagedPolicy) -> None:
        """
        Detach a managed policy (AWS: DetachRolePolicy ...).

        Raises:
            NoSuchEntityError: if it is not attached.
        """
        state = self._existing()
        if not isinstance(name_or_arn, str) and not hasattr(name_or_arn, "arn"):
            raise TypeError(f"a managed policy is named by its name or ARN, got {type(name_or_arn).__name__}")
        wanted = name_or_arn if isinstance(name_or_arn, str) else name_or_arn.arn
        attached = tuple(one for one in state.attached if wanted not in (one.arn, one.name))
        if len(attached) == len(state.attached):
            raise NoSuchEntityError(
                f"Policy {wanted} was not found.",
                detail=f"no managed policy {shown(wanted)} is attached; attached: {_some(one.name for one in state.attached)}",
            )
        self._write(f"Detach{self.kind}Policy", attrs.evolve(state, attached=attached), detail=wanted)

    @atomic
    def put_permissions_boundary(self, policy: object) -> None:
        """
        Set the most that this identity can be allowed (AWS: PutRolePermissionsBoundary, PutUserPermissionsBoundary).

        Args:
            policy: a managed policy, its name or ARN; a document is taken as well, for tests.
        """
        state = self._existing()
        boundary = self.find_boundary(policy)
        detail = getattr(boundary, "arn", None) or "a document"
        self._write(f"Put{self.kind}PermissionsBoundary", attrs.evolve(state, boundary=boundary), detail=detail)

    @atomic
    def delete_permissions_boundary(self) -> None:
        """
        Remove the boundary (AWS: DeleteRolePermissionsBoundary ...).

        Raises:
            NoSuchEntityError: if there is none.
        """
        state = self._existing()
        if state.boundary is None:
            raise NoSuchEntityError(
                f"{self.kind} {self.name} does not have a permissions boundary.",
                detail="there is no boundary to delete",
            )
        self._write(f"Delete{self.kind}PermissionsBoundary", attrs.evolve(state, boundary=None))

    @atomic
    def tag(self, tags: Mapping[str, str]) -> None:
        """Add or replace tags (AWS: TagRole, TagUser)."""
        state = self._existing()
        self._write(f"Tag{self.kind}", attrs.evolve(state, tags=tags_with(state.tags, tags, most=self.quotas.tags)))

    @atomic
    def untag(self, keys: Iterable[str]) -> None:
        """Remove tags by key (AWS: UntagRole, UntagUser); unknown keys are passed over, as in AWS."""
        state = self._existing()
        self._write(f"Untag{self.kind}", attrs.evolve(state, tags=tags_without(state.tags, keys)))

    # -- what the evaluator gets ------------------------------------------------------------------------------------

    def documents(self, position: Position) -> tuple[Policy, ...]:
        """Return the identity policies in force as of *position*: inline first, then managed."""
        state = self._states.at(position)
        if state is None or not state.exists:
            return ()
        managed = (policy.document_at(position) for policy in state.attached)
        return (*state.inline.values(), *(document for document in managed if document is not None))

    def policy_set(self, position: Position) -> PolicySet:
        """Return the identity policies and the boundary as of *position*, compiled once for each change."""
        state: IdentityState | None = self._states.at(position)
        if state is None or not state.exists:
            return _NO_POLICIES
        documents = self.documents(position)
        boundary = state.boundary
        limit: Policy | None
        if boundary is None or isinstance(boundary, Policy):
            limit = boundary
        else:
            limit = boundary.document_at(position)
        key = tuple([id(document) for document in documents]) + (id(limit),)
        found = state.compiled.get(key)
        if found is None:
            boundaries = () if limit is None else (limit,)
            # The documents are kept with the set, so that no other document can come to have one of their ids.
            found = state.compiled[key] = (
                PolicySet(identity=documents, boundaries=boundaries),
                (*documents, *boundaries),
            )
            if self._changes_alone(state):
                state.compiled[_SETTLED] = found
        return found[0]

    def policies_and_tags(self, position: Position) -> tuple[PolicySet, Tags]:
        """Return what `policy_set` does, and the tags as of *position*."""
        state: IdentityState | None = self._states.at(position)
        if state is None:
            return _NO_POLICIES, ()
        settled = state.compiled.get(_SETTLED)
        return (self.policy_set(position) if settled is None else settled[0]), state.tags

    def _changes_alone(self, state: Any) -> bool:
        """Whether nothing but a new *state* changes the policies: AWS's documents are fixed, the account's have versions."""
        managed = (*state.attached, state.boundary) if state.boundary is not None else state.attached
        return all(isinstance(policy, (AwsManagedPolicy, Policy)) for policy in managed)

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _existing(self) -> Any:
        state = self._states.last
        if not state.exists:
            raise self.not_found(self.name)
        return state

    @classmethod
    def not_found(cls, name: str, known: Iterable[str] = ()) -> NoSuchEntityError:
        """Return the error for a name that no entity of this kind has."""
        return NoSuchEntityError(
            f"The {cls.kind.lower()} with name {name} cannot be found.",
            detail=f"no {cls.kind.lower()} {shown(name)}; known: {_some(known)}",
        )

    def find_boundary(self, policy: object) -> ManagedPolicy | Policy:
        """Return *policy* as a boundary: the managed policy of that name or ARN, or the document loaded."""
        if isinstance(policy, str) and not policy.lstrip().startswith("{"):
            policy = self._find(policy)
        if hasattr(policy, "document_at"):
            found = cast(ManagedPolicy, policy)
            self._check_belongs(found)
            self.check_attachable(found)
            return found
        return load_policy(policy, "boundary").named("boundary")

    def _find(self, policy: str | ManagedPolicy) -> ManagedPolicy:
        if not isinstance(policy, str):
            if not hasattr(policy, "document_at"):
                raise InvalidInputError(
                    "ARN is not valid.",
                    detail=f"a managed policy, its name or its ARN is attached, got {type(policy).__name__}; "
                    "for an inline policy use put_policy(name, policy)",
                )
            self._check_belongs(policy)
            return policy
        if self._policies is None:
            # Built by hand, without an account: AWS's own policies are known all the same.
            self._policies = AwsManagedPolicies()
        return self._policies.find(policy)

    def _check_belongs(self, policy: ManagedPolicy) -> None:
        """Raise if *policy* is of another Cloud, or of another account: only AWS's own policies are for everybody."""
        time = getattr(policy, "time", None)
        if time is not None:
            self.time.require_same(time, f"managed policy '{policy.name}'")
        owner = getattr(policy, "account_id", self.account_id)
        if owner != self.account_id:
            raise NoSuchEntityError(
                f"Policy {policy.arn} does not exist or is not attachable.",
                detail=f"it is of account {owner}, '{self.name}' of {self.account_id}",
            )

    @staticmethod
    def check_attachable(policy: ManagedPolicy) -> None:
        """Raise `PolicyNotAttachableError` if *policy* is one of a service-linked role, `NoSuchEntityError` if it is gone."""
        if policy.attachable:
            return
        if hasattr(policy, "account_id"):
            raise NoSuchEntityError(
                f"Policy {policy.arn} does not exist or is not attachable.", detail="it has been deleted"
            )
        raise PolicyNotAttachableError(
            f"Cannot attach a Service Role Policy to a Customer Role: {policy.arn}",
            detail=f"'{policy.name}' belongs to a service-linked role",
        )

    def check_attached_count(self, attached: tuple[ManagedPolicy, ...]) -> None:
        """Raise `LimitExceededError` if more managed policies are attached than the quota allows."""
        most = getattr(self.quotas, f"managed_policies_per_{self.kind.lower()}")
        if len(attached) > most:
            raise LimitExceededError(
                f"Cannot exceed quota for PoliciesPer{self.kind}: {most}",
                detail=f"{self.name} has {most} attached already",
            )

    def _begin(self, state: Any, operation: str | None = None, detail: str = "") -> None:
        """Note that it is created, and *state* as its first."""
        wanted = operation or f"Create{self.kind}"
        self.created = self.time.write(wanted, self.arn, account_id=self.account_id, detail=detail)
        self._states = Timeline(self.created, state)

    def _write(self, operation: str, state: Any, *, detail: str = "") -> Position:
        position = self.time.write(operation, self.arn, account_id=self.account_id, detail=detail)
        self.time.record(self._states, position, state)
        return position

    @atomic
    def mark_deleted(self) -> Position:
        """Record that it is gone; the directory calls this once nothing stands in the way."""
        return self._write(f"Delete{self.kind}", attrs.evolve(self._existing(), exists=False))

    def __repr__(self) -> str:
        states = getattr(self, "_states", None)  # debuggers show objects that are not finished, too
        deleted = "" if states is None or states.last.exists else " (deleted)"
        return f"<{self.kind} {self.name}{deleted}>"


def _some(names: Iterable[str], most: int = 5) -> str:
    listed = list(names)
    text = ", ".join(f"'{name}'" for name in listed[:most]) or "none"
    return f"{text}, ..." if len(listed) > most else text
