"""Several accounts in one world, with one clock and one seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Unpack, cast

from ec2roles.account import Account, AccountOptions, Shared
from ec2roles.errors import EntityAlreadyExistsError
from ec2roles.world.clock import Clock, Clock_co
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.propagation import Propagation
from ec2roles.world.timekeeper import Timekeeper

if TYPE_CHECKING:
    from ec2roles.faults.plan import FaultPlan
    from ec2roles.organizations.organization import Organization


class Cloud(Part, Generic[Clock_co]):
    """
    A world of accounts.

    >>> cloud = Cloud(seed=7)
    >>> cloud.account("111122223333")
    <Account 111122223333: 0 roles, 0 instance profiles, 0 instances>

    Args:
        clock: anything with ``now()``; a `ManualClock` at 2026-01-01T00:00:00Z by default.
        seed: any int; the same seed and the same writes give the same ids, keys and secrets.
        remember: a timedelta: how far back questions may go; by default nothing is forgotten.
        propagation: how long changes in IAM take to be seen elsewhere: a timedelta, the maximum, or a `Propagation`.
    """

    __slots__ = ("__weakref__", "_shared")
    _CURES: ClassVar[Mapping[str, str]] = {
        option: f"Cloud({option}=...) says it for the whole life of the Cloud"
        for option in ("seed", "remember", "propagation")
    }

    def __init__(
        self,
        clock: Clock_co | None = None,
        seed: int = 0,
        *,
        remember: timedelta | None = None,
        propagation: Propagation | timedelta | None = None,
    ) -> None:
        self._shared = Shared(Timekeeper(clock, seed, remember, propagation))

    @property
    def time(self) -> Timekeeper:
        """What all objects of the Cloud share: clock, seed, order, ids."""
        return self._shared.time

    @property
    def clock(self) -> Clock_co:
        """The clock; `ManualClock` by default."""
        return cast("Clock_co", self._shared.time.clock)

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong, and when, in all accounts."""
        return self._shared.faults

    @property
    def accounts(self) -> Mapping[str, Account[Clock_co]]:
        """The accounts by id."""
        return dict(self._shared.accounts)

    def account(self, account_id: str = "123456789012", **options: Unpack[AccountOptions]) -> Account[Clock_co]:
        """
        Return the account of that id, making it if there is none.

        Args:
            account_id: twelve digits.
            options: for a new account: ``region``, ``quotas``, ``rotation``, ``keep_calls``.

        Raises:
            EntityAlreadyExistsError: if options are given for an account that exists.
        """
        existing = self._shared.accounts.get(account_id)
        if existing is None:
            return Account(account_id, shared=self._shared, **options)
        if options:
            raise EntityAlreadyExistsError(
                f"Account {account_id} already exists.", detail=f"options {', '.join(options)} are for a new account"
            )
        return existing

    @atomic
    def create_organization(self, management_account: Account[Clock] | str, **options: Any) -> Organization:
        """
        Create an organisation with all features (AWS: CreateOrganization).

        >>> cloud = Cloud()
        >>> cloud.create_organization(cloud.account("999999999999"))
        <Organization of 999999999999: 1 account, 0 organizational units, 2 policies>

        Args:
            management_account: the account that creates and pays for it, or its id; its policies do not limit this one.
            options: ``policy_types`` and ``rcp_services``, see `Organization`.

        Raises:
            AwsError: ``AlreadyInOrganizationException``.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.organizations.organization import Organization

        if isinstance(management_account, Account):
            self.time.require_same(management_account.time, f"account '{management_account.account_id}'")
            management_account = management_account.account_id
        others = self._shared.organizations
        organization = Organization(management_account, time=self.time, others=others, **options)
        self.time.journal.append(others, organization)
        return organization

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """The organisations, in the order in which they were created."""
        return tuple(self._shared.organizations)

    def __repr__(self) -> str:
        return f"<Cloud of {len(self._shared.accounts)} accounts>"
