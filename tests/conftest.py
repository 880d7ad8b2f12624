"""What the whole suite shares."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from ec2roles import Account, Credentials, Instance, ManualClock
from ec2roles.iam.user import User
from helpers.worlds import ADMIN, lesson

# A slow machine is no defect. CI draws the same examples each time, so that a change is judged by what it changes; at
# home they differ from run to run, which finds more. A failure prints how to repeat it. Hypothesis' own 100 examples would
# take a minute: ``--hypothesis-profile=slow`` draws them, and so many of HYPOTHESIS_EXAMPLES as that says.
for name, usual in {"ec2roles": 20, "slow": 100}.items():
    settings.register_profile(
        name,
        deadline=None,
        print_blob=True,
        derandomize="CI" in os.environ,
        max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", usual)),
    )
settings.load_profile("ec2roles")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it at the end; the rest is in random order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over thousands of tests, which are none, and come less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


# -- what most tests are about; a room that needs another account or instance has its own fixture of that name ------------


@pytest.fixture
def account() -> Account:
    """An account with nothing in it."""
    return Account()


@pytest.fixture
def clock(account: Account) -> ManualClock:
    """The account's clock."""
    assert isinstance(account.clock, ManualClock)
    return account.clock


@pytest.fixture
def web(account: Account) -> Instance:
    """An instance with the lesson's role, ``app``, which may list the account's buckets."""
    return lesson(account)


@pytest.fixture
def alice(account: Account) -> User:
    """A user who may do everything."""
    user = account.create_user("alice")
    user.put_policy("admin", ADMIN)
    return user


@pytest.fixture
def key(alice: User) -> Credentials:
    """An access key of alice."""
    return alice.create_access_key()
