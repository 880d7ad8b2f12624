"""Every sequence of twelve operations on one role, two instances and three sets of credentials, over eight ticks.

Breadth first. After each operation everything that can be asked is asked of the library, of a world built anew from the
sequence, and of the model. A sequence that leads to a state of the model that was seen before goes no further.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy, errors
from model.answers import LIST, NOT_FOUND, RUNNING, SUCCESS
from model.pair import instant, trust_document
from model.reference import HOUR, Reference

TICKS = 8  # of an hour each, so that the first set expires within them
CREDENTIALS = 3
OPERATIONS = (
    *("tick", "break trust", "mend trust", "deny", "allow", "revoke"),
    *("attach 0", "detach 0", "stop 0", "start 0", "read 0", "read 1"),
)
TRUST = {
    service: {"service": service, "allowed": [], "denied": [], "external": False, "actions": ["sts:AssumeRole"]}
    for service in ("ec2", "lambda")
}
TRUSTS: dict[str, TrustPolicy] = {service: trust_document(trust) for service, trust in TRUST.items()}
ALLOW, DENY = PermissionPolicy.allow(LIST), PermissionPolicy.deny("s3:*")


class World:
    """The library and the model after one sequence of operations."""

    def __init__(self, sequence: Iterable[str]) -> None:
        self.account, self.model = Account(), Reference()
        self.role = self.account.create_role("role", trust=TRUSTS["ec2"])
        self.model.write("create_role", name="role", trust=TRUST["ec2"])
        self.role.put_policy("list", ALLOW)
        self.model.write("put_policy", who=("roles", 0), name="list", policy="list")
        profile = self.account.create_instance_profile("profile")
        self.model.write("create_profile", name="profile")
        profile.add_role(self.role)
        self.model.write("add_role", profile=0, role=0)
        self.instances = self.account.launch_instances(2, profile)
        self.model.write("launch", profile=0, count=2, tokens="optional")
        self.profile = profile
        self.held: list[tuple[Credentials, dict[str, Any]]] = []
        for operation in sequence:
            self.do(operation)

    def possible(self, operation: str) -> bool:
        """Return whether the small model has room for one more tick, or one more set of credentials."""
        if operation == "tick":
            return self.model.now < TICKS * HOUR
        return not operation.startswith("read") or len(self.held) < CREDENTIALS

    def do(self, operation: str) -> None:
        """Do one thing in both."""
        if operation == "tick":
            self.model.advance(HOUR)
            self.account.clock.advance(timedelta(hours=1))
        elif operation.startswith("read"):
            self.read(int(operation[-1]))
        elif operation.endswith(" 0"):
            what = operation.removesuffix(" 0")
            details: dict[str, Any] = {"instance": 0} | ({"profile": 0} if what == "attach" else {})
            self.write(what, details, lambda: getattr(self.instances[0], what)(*[self.profile] * (what == "attach")))
        elif operation in {"deny", "allow"}:
            policy, document = ("no s3", DENY) if operation == "deny" else ("list", ALLOW)
            details = {"who": ("roles", 0), "name": "s3", "policy": policy}
            self.write("put_policy", details, lambda: self.role.put_policy("s3", document))
        elif operation == "revoke":
            self.write("revoke", {"role": 0}, self.role.revoke_sessions)
        else:
            service = "ec2" if operation == "mend trust" else "lambda"
            details = {"role": 0, "trust": TRUST[service]}
            self.write("update_trust", details, lambda: self.role.update_trust(TRUSTS[service]))

    def write(self, what: str, details: dict[str, Any], do: Any) -> None:
        """Do one write in both, or see it refused by both."""
        codes = self.model.write(what, **details)
        if not codes:
            do()
            return
        with pytest.raises(errors.AwsError) as refused:
            do()
        assert refused.value.code in codes

    def read(self, number: int) -> None:
        """Keep what an instance's metadata shows."""
        expected = self.model.for_sdk(self.model.world(), number, self.model.now)
        found = self.instances[number].metadata.credentials()
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            self.held.append((found, {**expected, "delivery": 2}))

    def state(self) -> tuple[Any, ...]:
        """Return all of the model that the future can depend on."""
        world, now = self.model.world(), self.model.now
        role = world["roles"][0]
        instances = tuple(
            (
                each["state"],
                each["profile"],
                each["next"],
                each["good"] and (each["good"]["number"], each["good"]["issued"]),
                each["last"] and (each["last"]["number"], each["last"]["outcome"]),
                each["number"],
            )
            for each in world["instances"]
        )
        held = tuple((origin["instance"], origin["number"]) for _, origin in self.held)
        return now, role["trust"]["service"], tuple(sorted(role["inline"].items())), instances, held

    def compare(self) -> None:
        """Ask both all there is to ask."""
        world, now = self.model.world(), self.model.now
        for number, instance in enumerate(self.instances):
            expected = world["instances"][number]
            assert instance.state == expected["state"]
            assert (instance.profile is None) == (expected["profile"] is None)
            good = self.model.for_sdk(world, number, now)
            found = instance.metadata.credentials()
            assert (found and (found.issued, found.expiration)) == (
                good and (instant(good["issued"]), instant(good["expires"]))
            )
            status = 200 if expected["last"] is not None else 404 if expected["state"] == RUNNING else None
            info = instance.metadata.get("/latest/meta-data/iam/info")
            assert info.status == status
            assert status != 200 or NOT_FOUND not in info.body
            if expected["state"] == RUNNING:
                own = instance.call(LIST)
                assert (SUCCESS if own.ok else own.error.code) == self.model.own_answer(world, number, now)
        for credentials, origin in self.held:
            answer = self.account.call(LIST, credentials=credentials)
            assert (SUCCESS if answer.ok else answer.error.code) == self.model.answer(world, origin, now)


def search(depth: int) -> tuple[int, int]:
    """Compare every state that *depth* operations lead to, and return how many states and transitions there were.

    The numbers are pinned by the tests: with fewer of them, something that is possible is not tried any more.
    """
    start = World(())
    start.compare()
    seen, transitions = {start.state()}, 0
    frontier: list[tuple[str, ...]] = [()]
    for _ in range(depth):
        following = []
        for sequence in frontier:
            for operation in OPERATIONS:
                world = World(sequence)
                if not world.possible(operation):
                    continue
                world.do(operation)
                world.compare()
                transitions += 1
                state = world.state()
                if state not in seen:
                    seen.add(state)
                    following.append((*sequence, operation))
        frontier = following
    return len(seen), transitions


# Any two operations, and what a third one makes of them; the fourth costs ten times as much, and is rarely the first to err.
@pytest.mark.parametrize(
    ("depth", "found"),
    [
        (3, (251, 672)),
        pytest.param(4, (996, 2996), marks=pytest.mark.slow),
        pytest.param(6, (11805, 41884), marks=pytest.mark.slow),
    ],
)
def test_every_state_that_some_operations_lead_to_is_the_models(depth: int, found: tuple[int, int]) -> None:
    assert search(depth) == found
