"""The alias of an account, which stands for its number in the address of the console."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ec2roles.arns import shown
from ec2roles.errors import EntityAlreadyExistsError, NoSuchEntityError
from ec2roles.iam.names import ALIAS
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline


@attrs.define(eq=False, repr=False)
class AccountAlias(Part):
    """
    The one alias that an account can have.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> account.iam.alias.create("acme-test")
    >>> account.iam.alias.name
    'acme-test'

    Args:
        time: the Cloud's timekeeper.
        account_id: whose it is.
        all_aliases: returns those of all accounts of the Cloud, this one too.
    """

    time: Timekeeper
    account_id: str
    _all_aliases: Callable[[], Iterable[AccountAlias]] = attrs.field(alias="all_aliases")
    _names: Timeline[str | None] = attrs.field(init=False, factory=lambda: Timeline((-(1 << 62), 0), None))

    @property
    def name(self) -> str | None:
        """The alias, or None."""
        return self._names.last

    def at(self, position: Position) -> str | None:
        """Return the alias as of *position*, or None."""
        return self._names.at(position)

    @atomic
    def create(self, name: str) -> None:
        """
        Give the account an alias, in place of the one that it has (AWS: CreateAccountAlias).

        Args:
            name: 3-63 lower-case letters, digits and single hyphens, unique among all accounts.

        Raises:
            InvalidNameError: if it does not fit.
            EntityAlreadyExistsError: if some account of this Cloud has it.
        """
        ALIAS.check(name)
        for other in self._all_aliases():
            if other.name == name:
                raise EntityAlreadyExistsError(
                    f"The account alias {name} already exists.", detail=f"account {other.account_id} has it"
                )
        self._write("CreateAccountAlias", name, name)

    @atomic
    def delete(self, name: str) -> None:
        """
        Take the alias away (AWS: DeleteAccountAlias).

        Raises:
            NoSuchEntityError: if the account has no such alias.
        """
        if self.name is None or self.name != name:
            has = "no alias" if self.name is None else f"the alias '{self.name}'"
            raise NoSuchEntityError(
                f"The account alias {name} cannot be found.",
                detail=f"account {self.account_id} has {has}, not {shown(name)}",
            )
        self._write("DeleteAccountAlias", name, None)

    def _write(self, operation: str, name: str, value: str | None) -> None:
        root = f"arn:aws:iam::{self.account_id}:root"
        position = self.time.write(operation, root, account_id=self.account_id, detail=name)
        self.time.record(self._names, position, value)

    def __repr__(self) -> str:
        return f"<AccountAlias of {self.account_id}: {self.name}>"
