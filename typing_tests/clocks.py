"""An account knows its clock, so that `advance` is there where it can be called, and only there."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import assert_type

from ec2roles import Account, Cloud, ManualClock, SystemClock
from ec2roles.world import Clock


class HostClock:
    """The clock of another simulator."""

    def now(self) -> datetime:
        """Return the moment it simulates."""
        return datetime(2030, 1, 1, tzinfo=timezone.utc)


class NoClock:
    """Something else."""


def later(account: Account) -> datetime:
    """Move the clock of an account made as most are."""
    return account.clock.advance(hours=1)


def instant(account: Account[Clock]) -> datetime:
    """Read the clock of any account."""
    return account.clock.now()


DETAILS = {
    "UserDetailList": [{"UserName": "alice", "UserId": "AIDAEXAMPLE", "Arn": "arn:aws:iam::123456789012:user/alice"}]
}

assert_type(Account().clock, ManualClock)
assert_type(Account(clock=ManualClock()).clock, ManualClock)
assert_type(Account(clock=SystemClock()).clock, SystemClock)
assert_type(Account(clock=HostClock()).clock, HostClock)
assert_type(Cloud().account("111122223333").clock, ManualClock)
assert_type(Cloud(HostClock()).account("111122223333"), Account[HostClock])
assert_type(Account.from_authorization_details(DETAILS, clock=HostClock()).clock, HostClock)

assert later(Account()) > instant(Account())
assert instant(Account(clock=HostClock())).year == 2030
assert_type(Account(seed=1).launch_instance().role_credentials.time.clock, Clock)

if instant(Account()).year == 1970:  # for type checkers: a program that did this would raise
    Account(clock=HostClock()).clock.advance(hours=1)  # type: ignore[attr-defined]
    later(Account(clock=HostClock()))  # type: ignore[arg-type]
    Account(clock=NoClock())  # type: ignore[arg-type]
