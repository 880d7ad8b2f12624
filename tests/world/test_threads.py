"""One thread at a time is inside a Cloud: a second one is noticed and changes nothing, and threads may take turns."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ec2roles import Account, Cloud
from ec2roles.errors import ConcurrentUseError, Ec2RolesError
from ec2roles.services.operation import Operation, Service
from helpers.state import lines_of
from helpers.worlds import EC2


def in_a_thread(do: Callable[[], Any], name: str = "second") -> Any:
    """Run *do* in a thread of its own to its end; return what it returned or raised."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(do())
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test looks at it
            results.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return results[0]


class Held:
    """An account, and a thread that stays inside an operation of it until it is let go."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.arrived, self.leave = threading.Barrier(2, timeout=30), threading.Barrier(2, timeout=30)
        self.results: list[Any] = []
        self.thread = threading.Thread(target=self._work, name="first")

    def _work(self) -> None:
        self.results.append(self.account.time.journal.run(self._operate))

    def _operate(self) -> str:
        self.account.create_role("from-first", trust=EC2)
        self.arrived.wait()
        self.leave.wait()
        return "done"

    def __enter__(self) -> Held:
        self.thread.start()
        self.arrived.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.leave.wait()
        self.thread.join(30)
        assert self.results == ["done"]


@pytest.fixture
def account() -> Account:
    account = Cloud().account()
    account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    account.launch_instance("app")
    assert not account.faults
    return account


OVERLAPS: dict[str, Callable[[Account], Any]] = {
    "create_role": lambda account: account.create_role("second", trust=EC2),
    "launch_instance": lambda account: account.launch_instance("app"),
    "put_policy": lambda account: account.roles["app"].put_policy("x", {"Version": "2012-10-17", "Statement": []}),
    "call": lambda account: next(iter(account.instances.values())).call("s3:ListAllMyBuckets"),
    "can": lambda account: next(iter(account.instances.values())).can("s3:ListAllMyBuckets"),
    "credentials": lambda account: next(iter(account.instances.values())).metadata.credentials(),
    "as_of": lambda account: account.as_of(account.clock.now()),
    "a fault": lambda account: account.faults.sts_outage(),
    "another account of the Cloud": lambda account: Account("111122223333", shared=account._shared).create_user("bob"),
}


@pytest.mark.parametrize("name", OVERLAPS)
def test_a_second_thread_inside_a_cloud_is_refused_and_changes_nothing(account: Account, name: str) -> None:
    with Held(account):
        before = lines_of(account)
        error = in_a_thread(lambda: OVERLAPS[name](account))
        assert isinstance(error, ConcurrentUseError)
        assert isinstance(error, Ec2RolesError)
        assert "'second'" in str(error)
        assert "'first'" in str(error)
        assert "take turns" in str(error)
        if name != "another account of the Cloud":
            assert lines_of(account) == before

    assert "from-first" in account.roles
    assert account.time.journal.inside == {}
    assert in_a_thread(lambda: account.create_role("after", trust=EC2)).name == "after"
    assert account.create_role("after-that", trust=EC2).name == "after-that"


def test_two_clouds_do_not_meet(account: Account) -> None:
    with Held(account):
        assert in_a_thread(lambda: Account().create_user("alice").name) == "alice"


def test_threads_that_take_turns_do_all_their_work(account: Account) -> None:
    lock, start = threading.Lock(), threading.Barrier(4, timeout=30)

    def work(number: int) -> None:
        start.wait()
        for count in range(25):
            with lock:
                account.create_role(f"role-{number}-{count}", trust=EC2)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(account.roles) == 101
    assert [change.position[1] for change in account.time.changes] == sorted(
        {change.position[1] for change in account.time.changes}
    )


def test_of_threads_that_do_not_take_turns_no_acknowledged_write_is_lost(account: Account) -> None:
    start, done = threading.Barrier(4, timeout=30), [0] * 4

    def work(number: int) -> None:
        start.wait()
        for count in range(60):
            try:
                account.create_role(f"role-{number}-{count}", trust=EC2)
                done[number] += 1
            except ConcurrentUseError:
                pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(account.roles) == 1 + sum(done)
    assert account.time.journal.inside == {}


def test_a_thread_may_enter_again_from_inside(account: Account) -> None:
    def launch(call: Any) -> str:
        return account.launch_instance("app").instance_id

    account.registry.register(
        Service("demo", [Operation("Launch", lambda call: [("demo:Launch", "*", None, {})], launch)])
    )
    key = account.root.create_access_key()
    answer = account.call("demo:Launch", credentials=key)

    assert answer.ok
    assert answer.value in account.instances


def test_an_operation_refused_to_the_second_thread_can_be_repeated(account: Account) -> None:
    with Held(account):
        assert isinstance(in_a_thread(lambda: account.create_user("alice")), ConcurrentUseError)

    assert in_a_thread(lambda: account.create_user("alice")).name == "alice"


def test_a_history_that_is_being_read_keeps_no_thread_out(account: Account) -> None:
    events = iter(account.history)
    next(events)

    assert in_a_thread(lambda: account.create_user("alice")).name == "alice"
    assert account.create_user("bob").name == "bob"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_takes_back_what_a_thread_left_half_done_in_it(account: Account) -> None:
    with Held(account):
        child = os.fork()
        if child == 0:
            try:
                account.create_user("alice")
                good = "from-first" not in account.roles and "alice" in account.users
            except BaseException:  # noqa: BLE001 -- whatever it is, the child must end here
                good = False
            os._exit(0 if good else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
