"""The library does what a model written from the specification alone says, whatever happens in whatever order.

`reference.py` is that model. Everything here goes through the public API.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from ec2roles import Account, Credentials, PermissionPolicy, TrustPolicy, errors
from ec2roles.secret import Secret
from model import reference
from model.reference import HOUR, LIFETIME, MINUTE, NOT_FOUND, SUCCESS, UNAUTHORIZED, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
LIST = "s3:ListAllMyBuckets"
IAM = "/latest/meta-data/iam/"
EC2 = "ec2.amazonaws.com"
TRUSTS = {
    "ec2": [TrustPolicy.service(EC2), TrustPolicy.service("lambda.amazonaws.com", EC2)],
    "nobody": [
        TrustPolicy.service("lambda.amazonaws.com"),
        TrustPolicy(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": effect, "Principal": {"Service": EC2}, "Action": "sts:AssumeRole"}
                    for effect in ("Allow", "Deny")
                ],
            }
        ),
        TrustPolicy.service(EC2, condition={"StringEquals": {"sts:ExternalId": "Unique-1"}}),
    ],
}
POLICIES = {"Allow": PermissionPolicy.allow(LIST), "Deny": PermissionPolicy.deny("s3:*")}
STS_CODES = {SUCCESS: SUCCESS, "AccessDenied": SUCCESS, "ExpiredToken": "ExpiredToken"}  # S3's codes, as STS has them
MOST_INSTANCES = 4
MOST_LEAKED = 3


def instant(microseconds: int) -> datetime:
    """Return an instant of the model as the library has it."""
    return START + timedelta(microseconds=microseconds)


class Pair:
    """One account of the library and the model of it; each does all that the other does, and both are compared."""

    def __init__(self) -> None:
        self.account = Account()
        self.model = Reference()
        self.roles: list[Any] = []
        self.profiles: list[Any] = []
        self.instances: list[Any] = []
        self.keys: dict[tuple[int, int, int], str] = {}  # (instance, fetch, IMDS version) -> access key id
        self.owners: dict[str, tuple[int, int, int]] = {}
        self.leaked: dict[str, tuple[Credentials, dict[str, Any]]] = {}
        self.compared: dict[str, int] = {}

    # What can be done

    def write(self, what: str, do: Callable[[], Any], **details: Any) -> Any:
        """Do one write in both; where the model has it refused, the library must refuse it with such a code."""
        codes = self.model.write(what, **details)
        if not codes:
            return do()
        with pytest.raises(errors.Ec2RolesError) as refused:
            do()
        assert refused.value.code in codes, (what, details, codes)
        self.count("refused writes")
        return None

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.model.advance(microseconds)
        self.account.clock.advance(timedelta(microseconds=microseconds))

    def advance_to_due(self, which: int, offset: int) -> None:
        """Let time pass up to a coming refresh or expiry, or a microsecond beside it."""
        instances = self.model.world()["instances"]
        due = [each["next"] for each in instances if each["next"] is not None]
        due += [fetch["expires"] for _, fetch in self.leaked.values()]
        due += [instances[i]["fetches"][-1]["expires"] for i in range(len(instances)) if instances[i]["fetches"]]
        due = sorted({moment + offset for moment in due if moment + offset >= self.model.now})
        if due:
            self.advance(due[which % len(due)] - self.model.now)

    def create_role(self, name: int, trust: str, variant: int) -> None:
        """Create a role."""
        document = TRUSTS[trust][variant % len(TRUSTS[trust])]
        role = self.write(
            "create_role",
            lambda: self.account.create_role(f"role-{name}", trust=document),
            name=f"role-{name}",
            trust=trust,
        )
        if role is not None:
            self.roles.append(role)

    def update_trust(self, role: int, trust: str, variant: int) -> None:
        """Edit a role's trust policy."""
        role %= len(self.roles)
        document = TRUSTS[trust][variant % len(TRUSTS[trust])]
        self.write("update_trust", lambda: self.roles[role].update_trust(document), role=role, trust=trust)

    def put_policy(self, role: int, name: int, effect: str) -> None:
        """Put an inline policy on a role."""
        role %= len(self.roles)
        self.write(
            "put_policy",
            lambda: self.roles[role].put_policy(f"policy-{name}", POLICIES[effect]),
            role=role,
            policy=f"policy-{name}",
            effect=effect,
        )

    def delete_policy(self, role: int, name: str) -> None:
        """Delete an inline policy."""
        role %= len(self.roles)
        self.write("delete_policy", lambda: self.roles[role].delete_policy(name), role=role, policy=name)

    def revoke(self, role: int) -> None:
        """Revoke a role's sessions."""
        role %= len(self.roles)
        self.write("revoke", self.roles[role].revoke_sessions, role=role)

    def delete_role(self, role: int, *, clear: bool) -> None:
        """Delete the role that has a name now, after clearing all that is in the way if asked to."""
        role = self.newest(self.roles, role)
        name = self.roles[role].name
        if clear:
            world = self.model.world()
            for number, profile in enumerate(world["profiles"]):
                if profile["exists"] and profile["role"] == role:
                    self.remove_role(number)
            for policy in list(world["roles"][role]["policies"]):
                self.delete_policy(role, policy)
        self.write("delete_role", lambda: self.account.delete_role(name), role=role)

    def create_profile(self, name: int) -> None:
        """Create an empty profile."""
        profile = self.write(
            "create_profile",
            lambda: self.account.create_instance_profile(f"profile-{name}"),
            name=f"profile-{name}",
        )
        if profile is not None:
            self.profiles.append(profile)

    def add_role(self, profile: int, role: int) -> None:
        """Put a role into a profile."""
        profile, role = profile % len(self.profiles), role % len(self.roles)
        self.write("add_role", lambda: self.profiles[profile].add_role(self.roles[role]), profile=profile, role=role)

    def remove_role(self, profile: int) -> None:
        """Empty a profile."""
        profile %= len(self.profiles)
        self.write("remove_role", self.profiles[profile].remove_role, profile=profile)

    def swap_role(self, profile: int, role: int) -> None:
        """Put another role into a profile, whether there is one now or not."""
        profile %= len(self.profiles)
        if self.model.world()["profiles"][profile]["role"] is not None:
            self.remove_role(profile)
        self.add_role(profile, role)

    def delete_profile(self, profile: int, *, clear: bool, again: bool) -> None:
        """Delete the profile that has a name now, emptied first if asked to, and create it anew if asked to."""
        profile = self.newest(self.profiles, profile)
        name = self.profiles[profile].name
        role = self.model.world()["profiles"][profile]["role"]
        if clear and role is not None:
            self.remove_role(profile)
        self.write("delete_profile", lambda: self.account.delete_instance_profile(name), profile=profile)
        if again:
            self.create_profile(int(name.removeprefix("profile-")))
            if role is not None:
                self.add_role(len(self.profiles) - 1, role)

    def launch(self, profile: int | None, count: int, *, by_name: bool) -> None:
        """Launch instances, with a profile or with none."""
        if len(self.instances) + count > MOST_INSTANCES:
            return
        profile, given = self.named(profile, by_name=by_name)
        launched = self.write(
            "launch", lambda: self.account.launch_instances(count, given), profile=profile, count=count
        )
        self.instances += launched or []

    def attach(self, instance: int, profile: int, *, by_name: bool, how: str) -> None:
        """Attach a profile, or put it in the place of another; both may be refused."""
        if not self.instances:
            return
        instance %= len(self.instances)
        profile, given = self.named(profile, by_name=by_name)
        self.write(how, lambda: getattr(self.instances[instance], how)(given), instance=instance, profile=profile)

    def change(self, instance: int, how: str) -> None:
        """Detach the profile, stop, start, reboot or terminate."""
        if not self.instances:
            return
        instance %= len(self.instances)
        self.write(how, getattr(self.instances[instance], how), instance=instance)

    def newest(self, entities: list[Any], number: int) -> int:
        """Return the number of the last entity with the name that this one has or had."""
        name = entities[number % len(entities)].name
        return max(each for each, entity in enumerate(entities) if entity.name == name)

    def named(self, profile: int | None, *, by_name: bool) -> tuple[int | None, Any]:
        """Return a profile's number and what to say for it: itself, or its name, which a later one may have."""
        if profile is None:
            return None, None
        if by_name:
            profile = self.newest(self.profiles, profile)
            return profile, self.profiles[profile].name
        return profile % len(self.profiles), self.profiles[profile % len(self.profiles)]

    # What can be seen

    def count(self, what: str) -> None:
        """Count a comparison."""
        self.compared[what] = self.compared.get(what, 0) + 1

    def look(self, random: Random, *, at_most: int = MOST_LEAKED) -> None:
        """Compare what can be seen now, and at one moment of the past, in any order."""
        now = self.model.now
        past = random.choice([now, max(now - 1, 0), random.randrange(now + 1), self.event_before(random)])
        world = {at: self.model.world(at) for at in {now, past}}
        looks: list[Callable[[], None]] = []
        for number in range(len(self.instances)):
            looks.append(lambda n=number: self.compare_state(world[now], n))
            looks.append(lambda n=number: self.compare_credentials(world[now], n, now, at=None))
            looks.append(lambda n=number: self.compare_documents(world[now], n, now, version=random.choice([1, 2])))
            looks.append(lambda n=number: self.compare_credentials(world[past], n, past, at=instant(past)))
            looks.append(lambda n=number: self.compare_documents(world[past], n, past, version=1, at=instant(past)))
            looks.append(lambda n=number: self.compare_history(world[now], n))
            looks.append(lambda n=number: self.compare_own_call(world[now], n, now))
            looks.append(lambda n=number: self.compare_own_can(world[past], n, past))
        leaked = list(self.leaked)
        latest = leaked[-at_most:]
        for key in dict.fromkeys([*latest, *random.sample(leaked, min(at_most, len(leaked)))]):
            looks.append(lambda k=key: self.compare_call(world[now], k, now))
            looks.append(lambda k=key: self.compare_can(world[past], k, past))
        random.shuffle(looks)
        for each in looks:
            each()

    def event_before(self, random: Random) -> int:
        """Return an instant of the past at which something was written or fetched, or a microsecond beside it."""
        moments = [when for when, _, _ in self.model.events] or [0]
        moment = random.choice(moments) + random.choice([0, 1, 2, 6, 7]) * HOUR + random.choice([-1, 0, 1])
        return min(max(moment, 0), self.model.now)

    def compare_state(self, world: dict[str, Any], number: int) -> None:
        """Compare an instance's state and profile."""
        instance, expected = self.instances[number], world["instances"][number]
        assert instance.state == expected["state"]
        assert instance.profile is (None if expected["profile"] is None else self.profiles[expected["profile"]])
        self.count("states")

    def compare_credentials(self, world: dict[str, Any], number: int, now: int, *, at: datetime | None) -> None:
        """Compare the credentials an SDK gets, and keep them."""
        expected = reference.shown(world, number, now) if number < len(world["instances"]) else None
        found = self.instances[number].metadata.credentials(at=at)
        self.count("credentials now" if at is None else "credentials of the past")
        if expected is None:
            assert found is None
            return
        assert found is not None
        assert found.issued == instant(expected["issued"])
        assert found.expiration == instant(expected["expires"])
        self.keep(found, number, expected, version=2)

    def compare_documents(
        self, world: dict[str, Any], number: int, now: int, *, version: int, at: datetime | None = None
    ) -> None:
        """Compare what is under ``iam/``, as a client of that version of IMDS reads it."""
        if number >= len(world["instances"]):
            return
        instance, expected = self.instances[number], reference.metadata(world, number, now)
        headers = None
        if version == 2:
            token = instance.metadata.put(
                "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}, at=at
            )
            assert token.status == (200 if expected["answers"] else None)
            headers = {"X-aws-ec2-metadata-token": token.body}

        def get(path: str) -> Any:
            return instance.metadata.get(IAM + path, headers=headers, at=at)

        self.count("documents now" if at is None else "documents of the past")
        absent = 404 if expected["answers"] else None
        listing = expected["listing"]
        if expected["info"] is None:
            assert [get(path).status for path in ("", "info", "security-credentials/")] == [absent] * 3
            return
        assert get("").body == ("info" if listing is None else "info\nsecurity-credentials/")
        info = json.loads(get("info").body)
        assert info["Code"] == (NOT_FOUND if expected["info"] == NOT_FOUND else SUCCESS)
        assert ("Message" in info) == (expected["info"] != SUCCESS)
        fetch = world["instances"][number]["fetches"][world["instances"][number]["last"]]
        if info["Code"] == SUCCESS:
            assert info["InstanceProfileId"] == self.profiles[fetch["profile"]].profile_id
        for name in ("role-0", "role-1", "role-2"):
            if name != listing:
                assert get(f"security-credentials/{name}").status == 404
        if listing is None:
            assert get("security-credentials/").status == 404
            return
        assert get("security-credentials/").body == listing
        self.compare_document(json.loads(get(f"security-credentials/{listing}").body), world, number, now, version)

    def compare_document(
        self, document: dict[str, str], world: dict[str, Any], number: int, now: int, version: int
    ) -> None:
        """Compare one role's document, and keep the credentials in it."""
        expected = reference.metadata(world, number, now)
        assert document["Code"] == expected["document"]
        self.count(f"document {document['Code']}")
        if document["Code"] == UNAUTHORIZED:
            assert f"EC2 cannot assume the role {expected['listing']}." in document["Message"]
            assert "AccessKeyId" not in document
            return
        shown = reference.shown(world, number, now)
        assert shown is not None
        assert document["LastUpdated"] == f"{instant(shown['issued']):%Y-%m-%dT%H:%M:%SZ}"
        assert document["Expiration"] == f"{instant(shown['expires']):%Y-%m-%dT%H:%M:%SZ}"
        found = Credentials(
            document["AccessKeyId"],
            Secret(document["SecretAccessKey"]),
            session_token=Secret(document["Token"]),
        )
        self.keep(found, number, shown, version=version)

    def keep(self, found: Credentials, number: int, fetch: dict[str, Any], *, version: int) -> None:
        """Keep credentials; the same fetch always gives the same key, and no two fetches, instances or versions do."""
        which = (number, fetch["number"], version)
        assert self.keys.setdefault(which, found.access_key_id) == found.access_key_id
        assert self.owners.setdefault(found.access_key_id, which) == which
        self.leaked.setdefault(found.access_key_id, (found, fetch))

    def compare_history(self, world: dict[str, Any], number: int) -> None:
        """Compare when EC2 assumed a role for an instance, with what success, and which keys came of it."""
        instance = self.instances[number]
        events = list(self.account.history.events(instance=instance, kind="assume"))
        assert [(each.at, each.ok) for each in events] == [
            (instant(when), ok) for when, ok in reference.assumes(world, number)
        ]
        issues = list(self.account.history.events(instance=instance, kind="issue"))
        good = [each for each in world["instances"][number]["fetches"] if each["outcome"] == SUCCESS]
        assert [(each.at, each.role_arn) for each in issues] == [
            (instant(each["issued"]), self.roles[each["role"]].arn) for each in good
        ]
        for issue, fetch in zip(issues, good, strict=True):
            assert self.keys.get((number, fetch["number"], 2), issue.subject) == issue.subject
        self.count("histories")

    def compare_call(self, world: dict[str, Any], key: str, now: int) -> None:
        """Compare the answers to calls with credentials that were read once."""
        credentials, fetch = self.leaked[key]
        expected = reference.answer(world, fetch, now)
        response = self.account.call(LIST, credentials=credentials)
        assert (SUCCESS if response.ok else response.error.code) == expected
        identity = self.account.sts.get_caller_identity(credentials=credentials)
        code = SUCCESS if identity.ok else identity.error.code
        assert code == STS_CODES.get(expected, "InvalidClientTokenId")
        if identity.ok:
            instance_id = self.instances[self.owners[key][0]].instance_id
            assert identity.value.arn.endswith(f":assumed-role/{fetch['role_name']}/{instance_id}")
            assert identity.value.user_id == f"{self.roles[fetch['role']].role_id}:{instance_id}"
        self.count(f"calls {expected}")

    def compare_can(self, world: dict[str, Any], key: str, past: int) -> None:
        """Compare what credentials could do in the past."""
        credentials, fetch = self.leaked[key]
        expected = reference.answer(world, fetch, past) if fetch["role"] < len(world["roles"]) else "not yet"
        assert bool(self.account.can(LIST, credentials=credentials, at=instant(past))) == (expected == SUCCESS)
        self.count("questions about the past")

    def compare_own_call(self, world: dict[str, Any], number: int, now: int) -> None:
        """Compare the answers to calls that a program on an instance makes."""
        instance, expected = self.instances[number], reference.own_answer(world, number, now)
        if expected is None:
            with pytest.raises(errors.InstanceError):
                instance.call(LIST)
            return
        response = instance.call(LIST)
        assert (SUCCESS if response.ok else response.error.code) == expected
        shown = reference.shown(world, number, now)
        identity = instance.call("sts:GetCallerIdentity")
        if identity.ok:
            assert identity.value.user_id == f"{self.roles[shown['role']].role_id}:{instance.instance_id}"
        self.count(f"own calls {expected}")

    def compare_own_can(self, world: dict[str, Any], number: int, past: int) -> None:
        """Compare what a program on an instance could do in the past."""
        if number < len(world["instances"]) and world["instances"][number]["state"] == reference.RUNNING:
            expected = reference.own_answer(world, number, past)
            assert bool(self.instances[number].can(LIST, at=instant(past))) == (expected == SUCCESS)
            self.count("own questions about the past")

    def finish(self) -> None:
        """Compare all that has not been looked at yet."""
        for seed in range(4):
            self.look(Random(seed), at_most=40)


NUMBER = st.integers(0, 3)
LOOK = st.one_of(st.none(), st.integers(0, 99))
TRUST = st.sampled_from(["ec2", "nobody"])
OFFSET = st.sampled_from([0, 0, 0, -1, 1])


class Machine(RuleBasedStateMachine):
    """One history; after each step the two are compared, or nobody looks."""

    @initialize(trust=TRUST)
    def begin(self, trust: str) -> None:
        self.pair = Pair()
        self.pair.create_role(0, trust, 0)
        self.pair.create_role(1, "ec2", 1)
        self.pair.put_policy(0, 0, "Allow")
        self.pair.put_policy(1, 0, "Allow")
        self.pair.create_profile(0)
        self.pair.add_role(0, 0)
        self.pair.launch(0, 1, by_name=False)

    def look(self, look: int | None) -> None:
        if look is not None:
            self.pair.look(Random(look))

    @rule(halves=st.sampled_from([1, 1, 2, 2, 2, 3, 4, 10, 12, 13]), offset=OFFSET, look=LOOK)
    def advance(self, halves: int, offset: int, look: int | None) -> None:
        self.pair.advance(halves * 30 * MINUTE + offset)
        self.look(look)

    @rule(microseconds=st.one_of(st.integers(1, 3), st.integers(0, LIFETIME)), look=LOOK)
    def advance_by_any(self, microseconds: int, look: int | None) -> None:
        self.pair.advance(microseconds)
        self.look(look)

    @rule(which=NUMBER, offset=OFFSET, look=LOOK)
    def advance_to_due(self, which: int, offset: int, look: int | None) -> None:
        self.pair.advance_to_due(which, offset)
        self.look(look)

    @rule(name=st.integers(0, 2), trust=TRUST, variant=NUMBER, look=LOOK)
    def create_role(self, name: int, trust: str, variant: int, look: int | None) -> None:
        self.pair.create_role(name, trust, variant)
        self.look(look)

    @rule(role=NUMBER, trust=TRUST, variant=NUMBER, look=LOOK)
    def update_trust(self, role: int, trust: str, variant: int, look: int | None) -> None:
        self.pair.update_trust(role, trust, variant)
        self.look(look)

    @rule(role=NUMBER, name=st.integers(0, 1), effect=st.sampled_from(["Allow", "Deny"]), look=LOOK)
    def put_policy(self, role: int, name: int, effect: str, look: int | None) -> None:
        self.pair.put_policy(role, name, effect)
        self.look(look)

    @rule(role=NUMBER, look=LOOK)
    def revoke(self, role: int, look: int | None) -> None:
        self.pair.revoke(role)
        self.look(look)

    @rule(role=NUMBER, name=st.sampled_from(["policy-0", "policy-1", reference.REVOKE]), look=LOOK)
    def delete_policy(self, role: int, name: str, look: int | None) -> None:
        self.pair.delete_policy(role, name)
        self.look(look)

    @rule(role=NUMBER, clear=st.booleans(), look=LOOK)
    def delete_role(self, role: int, clear: bool, look: int | None) -> None:
        self.pair.delete_role(role, clear=clear)
        self.look(look)

    @rule(name=st.integers(0, 1), look=LOOK)
    def create_profile(self, name: int, look: int | None) -> None:
        self.pair.create_profile(name)
        self.look(look)

    @rule(profile=NUMBER, role=NUMBER, how=st.sampled_from(["add", "remove", "swap"]), look=LOOK)
    def change_profile(self, profile: int, role: int, how: str, look: int | None) -> None:
        if how == "add":
            self.pair.add_role(profile, role)
        elif how == "remove":
            self.pair.remove_role(profile)
        else:
            self.pair.swap_role(profile, role)
        self.look(look)

    @rule(profile=NUMBER, clear=st.booleans(), again=st.booleans(), look=LOOK)
    def delete_profile(self, profile: int, clear: bool, again: bool, look: int | None) -> None:
        self.pair.delete_profile(profile, clear=clear, again=again)
        self.look(look)

    @rule(profile=st.one_of(st.none(), NUMBER), count=st.integers(1, 2), by_name=st.booleans(), look=LOOK)
    def launch(self, profile: int | None, count: int, by_name: bool, look: int | None) -> None:
        self.pair.launch(profile, count, by_name=by_name)
        self.look(look)

    @rule(
        instance=NUMBER,
        profile=NUMBER,
        by_name=st.booleans(),
        how=st.sampled_from(["attach", "replace"]),
        look=LOOK,
    )
    def attach(self, instance: int, profile: int, by_name: bool, how: str, look: int | None) -> None:
        self.pair.attach(instance, profile, by_name=by_name, how=how)
        self.look(look)

    @rule(
        instance=NUMBER,
        how=st.sampled_from(["detach", "stop", "start", "start", "reboot", "terminate"]),
        look=LOOK,
    )
    def change(self, instance: int, how: str, look: int | None) -> None:
        self.pair.change(instance, how)
        self.look(look)

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.finish()


def step(pair: Pair, random: Random) -> None:
    """Do one thing at random, as the machine does, and mostly look."""
    number, other, yes = random.randrange(4), random.randrange(4), random.random() < 0.5
    trust = random.choice(["ec2", "ec2", "nobody"])
    offset = random.choice([0, 0, 0, -1, 1])
    weights = {
        lambda: pair.advance(random.choice([1, 1, 2, 2, 2, 3, 4, 12, 13]) * 30 * MINUTE + offset): 3,
        lambda: pair.advance(random.randrange(HOUR)): 1,
        lambda: pair.advance_to_due(number, offset): 5,
        lambda: pair.create_role(random.randrange(3), trust, number): 1,
        lambda: pair.update_trust(other, trust, number): 3,
        lambda: pair.put_policy(other, number % 2, random.choice(["Allow", "Allow", "Deny"])): 2,
        lambda: pair.delete_policy(other, ["policy-0", "policy-1", reference.REVOKE][number % 3]): 1,
        lambda: pair.revoke(other): 0.5,
        lambda: pair.delete_role(other, clear=yes): 1,
        lambda: pair.create_profile(number % 2): 1,
        lambda: pair.add_role(number, other): 1.5,
        lambda: pair.remove_role(number): 1,
        lambda: pair.swap_role(number, other): 2,
        lambda: pair.delete_profile(number, clear=yes, again=random.random() < 0.7): 0.7,
        lambda: pair.launch(random.choice([None, number]), 1 + other % 2, by_name=yes): 1.5,
        lambda: pair.attach(number, other, by_name=yes, how="attach"): 3,
        lambda: pair.attach(number, other, by_name=yes, how="replace"): 3,
        lambda: pair.change(number, random.choice(["detach", "stop", "start", "start", "reboot"])): 4,
        lambda: pair.change(number, "terminate"): 0.2,
    }
    random.choices(list(weights), list(weights.values()))[0]()
    if random.random() < 0.6:
        pair.look(random)


def run(seed: int, steps: int) -> Pair:
    """Return the pair after a random history."""
    random = Random(seed)
    pair = Pair()
    for name in range(2):
        pair.create_role(name, "ec2", name)
        pair.put_policy(name, 0, "Allow")
        pair.create_profile(name)
        pair.add_role(name, name)
    pair.launch(0, 2, by_name=False)
    for _ in range(steps):
        step(pair, random)
    pair.finish()
    return pair


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_the_library_and_the_model_agree_after_each_step_of_any_history() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=100, stateful_step_count=30, suppress_health_check=QUIET)
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_library_and_the_model_agree_in_a_long_seeded_history(seed: int) -> None:
    run(seed, 60)


@pytest.mark.slow
def test_the_library_and_the_model_agree_in_thousands_of_histories() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=2000, stateful_step_count=50, suppress_health_check=QUIET)
    )


def test_the_seeded_histories_show_every_kind_of_answer() -> None:
    seen: set[str] = set()
    for seed in range(6):
        seen |= set(run(seed, 60).compared)
    assert seen >= {
        "calls Success",
        "calls AccessDenied",
        "calls ExpiredToken",
        "calls InvalidAccessKeyId",
        "document Success",
        "document AssumeRoleUnauthorizedAccess",
        "refused writes",
    }
