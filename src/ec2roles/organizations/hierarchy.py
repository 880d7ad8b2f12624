"""The tree of an organisation: its root, its units, and the accounts in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.errors import AwsError
from ec2roles.iam.names import NameRule
from ec2roles.organizations.tree import Member, Tree
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

_DEEPEST = 5
_OU_NAME = NameRule("name", "name of an organizational unit", r"[\s\S]*", r"[\s\S]*", 1, 128)
CONSTRAINT = "ConstraintViolationException"


@attrs.frozen
class Root:
    """
    The root of an organisation's tree.

    >>> from ec2roles import Cloud
    >>> Cloud().create_organization("999999999999").root.id[:2]
    'r-'

    Args:
        id: ``r-...``.
        arn: its ARN.
    """

    id: str
    arn: str = attrs.field(repr=False)


@attrs.frozen
class OrganizationalUnit:
    """
    An organizational unit, which holds accounts and further units.

    >>> from ec2roles import Cloud
    >>> organization = Cloud().create_organization("999999999999")
    >>> organization.create_organizational_unit("workloads").name
    'workloads'

    Args:
        id: ``ou-...``.
        name: unique below its parent.
        arn: its ARN.
    """

    id: str
    name: str
    arn: str = attrs.field(repr=False)


class Account(Protocol):
    """An account, as far as an organisation is concerned with it."""

    @property
    def account_id(self) -> str:
        """Twelve digits."""


Parent = Root | OrganizationalUnit | str
Target = Root | OrganizationalUnit | Account | str


@attrs.define(eq=False, repr=False)
class OrganizationHierarchy(Part):
    """
    The tree of an organisation; `Organization` adds the policies.

    Args:
        management_account_id: twelve digits; no policy of the organisation limits this account.
        time: the Cloud's timekeeper.
        others: the organisations of the Cloud; an account is in one at most.
    """

    management_account_id: str
    time: Timekeeper = attrs.field(kw_only=True)
    _others: Sequence[OrganizationHierarchy] = attrs.field(default=(), kw_only=True, alias="others")
    id: str = attrs.field(init=False)
    root: Root = attrs.field(init=False)
    _units: dict[str, OrganizationalUnit] = attrs.field(init=False, factory=dict)
    _trees: Timeline[Tree] = attrs.field(init=False)

    def _arn(self, kind: str, rest: str = "") -> str:
        own = f"arn:aws:organizations::{self.management_account_id}:{kind}/{self.id}"
        return f"{own}/{rest}" if rest else own

    @property
    def arn(self) -> str:
        """``arn:aws:organizations::ACCOUNT:organization/o-...``."""
        return self._arn("organization")

    # -- what a decision depends on -----------------------------------------------------------------------------------

    def membership(self, account_id: str, position: Position) -> Member | None:
        """Return what an account is in the organisation as of *position*, or None if it is not in it."""
        tree = self._trees.at(position)
        return None if tree is None else tree.member(account_id)

    # -- the tree -----------------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[str, ...]:
        """The ids of its accounts, the management account first."""
        return tuple(target_id for target_id in self._tree.parents if target_id not in self._units)

    @property
    def organizational_units(self) -> tuple[OrganizationalUnit, ...]:
        """The organizational units, in the order in which they were created."""
        return tuple(unit for unit in self._units.values() if unit.id in self._tree)

    def parent(self, target: Target) -> Root | OrganizationalUnit:
        """
        Return the root or unit directly above an account or a unit (AWS: ListParents).

        Raises:
            AwsError: ``TargetNotFoundException``, for the root, and for anything outside the organisation.
        """
        target_id = self._target(target)
        if target_id == self.root.id:
            raise _no_target(target_id)
        parent_id = self._tree.parents[target_id]
        return self.root if parent_id == self.root.id else self._units[parent_id]

    @atomic
    def create_organizational_unit(self, name: str, parent: Parent | None = None) -> OrganizationalUnit:
        """
        Create an organizational unit (AWS: CreateOrganizationalUnit).

        Args:
            name: 1-128 characters, unique below its parent.
            parent: the root by default, or another unit.

        Raises:
            AwsError: ``DuplicateOrganizationalUnitException``, ``ParentNotFoundException``, or
                ``ConstraintViolationException`` for a sixth level.
        """
        _OU_NAME.check(name)
        tree, parent_id = self._tree, self._parent(parent)
        if any(self._units[child].name == name for child in tree.children(parent_id) if child in self._units):
            raise AwsError(
                "An OU with the same name already exists.",
                code="DuplicateOrganizationalUnitException",
                detail=f"{shown(name)} exists below {parent_id}",
            )
        if len(tree.ancestry(parent_id)) > _DEEPEST:
            raise AwsError(
                "You have exceeded the maximum depth of the organizational unit tree.",
                code=CONSTRAINT,
                detail=f"units are at most {_DEEPEST} levels deep",
            )
        unit_id = self.time.ids.resource_id(f"ou-{self.root.id[2:]}")
        unit = OrganizationalUnit(unit_id, name, self._arn("ou", unit_id))
        self._write("CreateOrganizationalUnit", unit.arn, self._tree.placed(unit_id, parent_id), detail=name)
        self.time.journal.put(self._units, unit_id, unit)
        return unit

    @atomic
    def delete_organizational_unit(self, unit: OrganizationalUnit | str) -> None:
        """
        Delete an empty unit (AWS: DeleteOrganizationalUnit).

        Raises:
            AwsError: ``OrganizationalUnitNotEmptyException``, ``OrganizationalUnitNotFoundException``.
        """
        if not isinstance(unit, (OrganizationalUnit, str)):
            raise TypeError(f"unit must be an OrganizationalUnit or its id, got {type(unit).__name__}")
        unit_id = unit if isinstance(unit, str) else unit.id
        if unit_id not in self._units or unit_id not in self._tree:
            raise AwsError(
                "We can't find an OU with the OrganizationalUnitId that you specified.",
                code="OrganizationalUnitNotFoundException",
                detail=f"no organizational unit {shown(unit_id)}",
            )
        inside = self._tree.children(unit_id)
        if inside:
            raise AwsError(
                "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, "
                "and try the operation again.",
                code="OrganizationalUnitNotEmptyException",
                detail=f"it holds {', '.join(inside[:5])}",
            )
        self._write("DeleteOrganizationalUnit", self._units[unit_id].arn, self._tree.without(unit_id))
        self.time.forget_later(self.time.newest, self.time.journal.drop, self._units, unit_id)

    @atomic
    def add_account(self, account: Account | str, parent: Parent | None = None) -> None:
        """
        Take an account into the organisation (AWS: InviteAccountToOrganization and AcceptHandshake).

        Args:
            account: the account, or its id.
            parent: the root by default, or a unit.

        Raises:
            AwsError: ``DuplicateAccountException``, ``ParentNotFoundException``, or
                ``HandshakeConstraintViolationException`` for an account of another organisation.
        """
        account_id, parent_id = self._account_id(account), self._parent(parent)
        if account_id in self._tree:
            raise _already_there(account_id)
        self._check_free(account_id, "HandshakeConstraintViolationException")
        tree = self._tree.placed(account_id, parent_id)
        self._write("AcceptHandshake", self._arn("account", account_id), tree, detail=parent_id)

    @atomic
    def move_account(self, account: Account | str, parent: Parent) -> None:
        """
        Move an account to another place in the tree (AWS: MoveAccount).

        Args:
            account: the account, or its id.
            parent: the root or a unit.

        Raises:
            AwsError: ``AccountNotFoundException``, ``DestinationParentNotFoundException``, or
                ``DuplicateAccountException`` if it is there already.
        """
        account_id = self._member_id(account)
        parent_id = self._parent(parent, code="DestinationParentNotFoundException")
        tree = self._tree
        if tree.parents[account_id] == parent_id:
            raise _already_there(account_id)
        moved = attrs.evolve(tree, parents={**tree.parents, account_id: parent_id})
        self._write("MoveAccount", self._arn("account", account_id), moved, detail=parent_id)

    @atomic
    def remove_account(self, account: Account | str) -> None:
        """
        Let an account go (AWS: RemoveAccountFromOrganization).

        Raises:
            AwsError: ``AccountNotFoundException``, or ``MasterCannotLeaveOrganizationException`` for the management account.
        """
        account_id = self._member_id(account)
        if account_id == self.management_account_id:
            raise AwsError(
                "You can't remove a management account from an organization.",
                code="MasterCannotLeaveOrganizationException",
                detail=f"'{account_id}' is the management account",
            )
        self._write("RemoveAccountFromOrganization", self._arn("account", account_id), self._tree.without(account_id))

    # -- helpers ------------------------------------------------------------------------------------------------------

    @property
    def _tree(self) -> Tree:
        return self._trees.last

    def _write(self, operation: str, subject: str, tree: Tree, *, detail: str = "") -> None:
        position = self.time.write(operation, subject, account_id=self.management_account_id, detail=detail)
        self.time.record(self._trees, position, tree)

    def _check_free(self, account_id: str, code: str) -> None:
        for other in self._others:
            if other is not self and account_id in other.accounts:
                raise AwsError(
                    "This account is already a member of an organization. An account can belong to only one organization at "
                    "a time.",
                    code=code,
                    detail=f"'{account_id}' is in {other.id}",
                )

    def _account_id(self, account: Account | str) -> str:
        if isinstance(account, str):
            return check_account_id(account)
        time = getattr(account, "time", None)
        if not hasattr(account, "account_id"):
            raise TypeError(f"an account is given as an Account or its id, got {type(account).__name__}")
        if time is not None:
            self.time.require_same(time, f"account '{account.account_id}'")
        return account.account_id

    def _member_id(self, account: Account | str) -> str:
        account_id = self._account_id(account)
        if account_id not in self._tree:
            raise AwsError(
                "We can't find an Amazon Web Services account with the AccountId that you specified.",
                code="AccountNotFoundException",
                detail=f"'{account_id}' is not in the organisation",
            )
        return account_id

    def _parent(self, parent: Parent | None, code: str = "ParentNotFoundException") -> str:
        if parent is None:
            return self.root.id
        parent_id: Any = getattr(parent, "id", parent)
        if not isinstance(parent_id, str):
            raise TypeError(f"a parent is the root, a unit or the id of one, got {type(parent).__name__}")
        if parent_id != self.root.id and (parent_id not in self._units or parent_id not in self._tree):
            raise AwsError(
                "We can't find a root or OU with the ParentId that you specified.",
                code=code,
                detail=f"no root or organizational unit {shown(parent_id)}",
            )
        return parent_id

    def _target(self, target: Target) -> str:
        thing: Any = target
        target_id = getattr(thing, "id", None) or getattr(thing, "account_id", thing)
        if not isinstance(target_id, str):
            raise TypeError(f"a target is the root, a unit, an account or the id of one, got {type(target).__name__}")
        if target_id not in self._tree:
            raise _no_target(target_id)
        return target_id


def _no_target(target_id: str) -> AwsError:
    return AwsError(
        "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        code="TargetNotFoundException",
        detail=f"no target {shown(target_id)} in the organisation",
    )


def _already_there(account_id: str) -> AwsError:
    return AwsError(
        "That account is already present in the specified destination.",
        code="DuplicateAccountException",
        detail=f"'{account_id}'",
    )
