"""One account of the library and the model of it: each does all that the other does, and both are compared."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from ec2roles import Account, Cloud, Credentials, PermissionPolicy, TrustPolicy, errors
from ec2roles.secret import Secret
from model.answers import ACTIONS, GET, LIST, NOT_FOUND, RUNNING, SOURCED, SUCCESS, TAGGED, UNAUTHORIZED
from model.reference import HOUR, MINUTE, SECOND, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
RESOURCES = {
    GET: "arn:aws:s3:::photos/cat.jpg",
    TAGGED: "arn:aws:dynamodb:us-east-1:123456789012:table/cats",
    SOURCED: "arn:aws:dynamodb:us-east-1:123456789012:table/cats",
}
IAM = "/latest/meta-data/iam/"
TOKEN, TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
ACCOUNTS = ("123456789012", "111122223333")
EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
TEMPORARY = re.compile(r"ASIA[A-Z2-7]{9}EXAMPLE")
REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}
AWS_POLICY = "arn:aws:iam::aws:policy/"

# The documents behind the model's names of policies.
DOCUMENTS = {
    "list": PermissionPolicy.allow(LIST),
    "s3": PermissionPolicy.allow("s3:*"),
    "read": PermissionPolicy.allow("s3:Get*", "s3:List*"),
    "everything": PermissionPolicy.allow("*"),
    "sts": PermissionPolicy.allow("sts:*"),
    "assume": PermissionPolicy.allow("sts:AssumeRole"),
    "no s3": PermissionPolicy.deny("s3:*"),
    "no get": PermissionPolicy.deny(GET),
    "no assume": PermissionPolicy.deny("sts:AssumeRole"),
    "no tags": PermissionPolicy.deny("sts:TagSession", "sts:SetSourceIdentity"),
    "no v1": PermissionPolicy.deny("s3:*", condition={"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}),
    "no instance": PermissionPolicy.deny("s3:*", condition={"Null": {"ec2:SourceInstanceARN": "false"}}),
    "red": PermissionPolicy.allow(TAGGED, condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
    "alice": PermissionPolicy.allow(SOURCED, condition={"StringEquals": {"aws:SourceIdentity": "alice"}}),
}


def instant(microseconds: int) -> datetime:
    """Return an instant of the model as the library has it."""
    return START + timedelta(microseconds=microseconds)


def trust_document(trust: dict[str, Any]) -> TrustPolicy:
    """Return the trust policy that the model describes in its own words."""
    statements: list[dict[str, Any]] = []
    if trust["service"] is not None:
        who = {"Service": LAMBDA if trust["service"] == "lambda" else [LAMBDA, EC2]}
        statements.append({"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"})
        if trust["service"] == "ec2 asked for an external id":
            statements[0]["Condition"] = {"StringEquals": {"sts:ExternalId": "Unique-1"}}
        if trust["service"] == "ec2 denied":
            statements.append({"Effect": "Deny", "Principal": {"Service": EC2}, "Action": "sts:AssumeRole"})
    if trust["allowed"]:
        who = {"AWS": [principal(*each) for each in trust["allowed"]]}
        statements.append({"Effect": "Allow", "Principal": who, "Action": trust["actions"]})
        if trust["external"]:
            statements[-1]["Condition"] = {"StringEquals": {"sts:ExternalId": "Unique-1"}}
    if trust["denied"]:
        who = {"AWS": [principal(*each) for each in trust["denied"]]}
        statements.append({"Effect": "Deny", "Principal": who, "Action": "sts:AssumeRole"})
    return TrustPolicy({"Version": "2012-10-17", "Statement": statements})


def principal(kind: str, *rest: Any) -> str:
    """Return the ARN of a principal that the model names."""
    if kind == "account":
        return f"arn:aws:iam::{ACCOUNTS[rest[0]]}:root"
    if kind == "session":
        return f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/{rest[0]}/{rest[1]}"
    return f"arn:aws:iam::{ACCOUNTS[rest[0]]}:{kind.removesuffix('s')}/{rest[1]}"


class Pair:
    """The library, the model, and what has been read of the two."""

    def __init__(self, model: type[Reference] = Reference) -> None:
        cloud = Cloud()
        self.accounts = [cloud.account(number) for number in ACCOUNTS]
        self.account: Account = self.accounts[0]
        self.account.s3.create_bucket("photos")
        self.model = model()
        self.roles: list[Any] = []
        self.users: list[Any] = []
        self.keys: list[Credentials] = []
        self.managed: list[Any] = []
        self.profiles: list[Any] = []
        self.instances: list[Any] = []
        self.faults: list[Any] = []
        self.held: list[tuple[Credentials, dict[str, Any]]] = []  # credentials that somebody has, of every kind
        self.of_fetch: dict[tuple[int, int, int], str] = {}  # (instance, fetch, IMDS version) -> access key id
        self.owner: dict[str, Any] = {}  # whose a key id, a secret, or a token is
        self.tokens: list[tuple[str, dict[str, Any]]] = []
        self.aws_policies = False  # whether AWS's own policies are drawn: to unpack all of them takes 20 ms
        self.compared = {"calls": 0}

    def count(self, what: str) -> None:
        """Count a comparison."""
        self.compared[what] = self.compared.get(what, 0) + 1

    # What is done in both

    def write(self, what: str, do: Callable[[], Any], **details: Any) -> Any:
        """Do one write in both; where the model has it refused, the library must refuse it with such a code."""
        codes = self.model.write(what, **details)
        if not codes:
            self.count(what)
            return do()
        with pytest.raises(errors.Ec2RolesError) as refused:
            do()
        assert refused.value.code in codes, (what, details, codes)
        self.count(f"{what} refused")
        return None

    def entity(self, who: tuple[str, int]) -> Any:
        """Return the library's role or user."""
        return getattr(self, who[0])[who[1]]

    def policy(self, managed: int | str) -> Any:
        """Return what to say to the library for a managed policy."""
        return AWS_POLICY + managed if isinstance(managed, str) else self.managed[managed]

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.model.advance(microseconds)
        self.account.clock.advance(timedelta(microseconds=microseconds))

    def turning_points(self) -> list[int]:
        """Return the coming instants at which something happens by itself."""
        world, now = self.model.world(), self.model.now
        instances = world["instances"]
        due = [each["next"] for each in instances if each["next"] is not None]
        due += [each["last"]["expires"] for each in instances if each["last"] is not None]
        due += [origin["expires"] for _, origin in self.held if "expires" in origin]
        due += [token["expires"] for _, token in self.tokens]
        due += [turn for each in world["faults"] for turn in (each["begins"], each["ends"] or now)]
        return due

    def assume(self, holder: int, role: str, **asked: Any) -> None:
        """Assume a role with credentials that somebody holds, in both."""
        credentials, origin = self.held[holder]
        account = self.accounts[self.account_of(origin)]
        details = {"credentials": origin, "role": role, **asked}
        codes = self.model.write("assume", **details)
        response = account.sts.assume_role(
            f"arn:aws:iam::{ACCOUNTS[0]}:role/{role}",
            asked["name"],
            credentials=credentials,
            duration=asked["duration"],
            external_id=asked["external"],
            policy=None if asked["policy"] is None else DOCUMENTS[asked["policy"]],
            policy_arns=[AWS_POLICY + each for each in asked["arns"]],
            tags=asked["tags"] or None,
            transitive_tag_keys=asked["transitive"],
            source_identity=asked["source"],
        )
        if codes:
            assert not response.ok, (details, codes)
            assert response.error.code in codes, (details, codes)
            for code in codes:
                self.count(f"assume {code}")
            return
        assert response.ok, (details, response.error)
        self.count("assume")
        self.hold(response.value, self.model.world()["sessions"][-1])

    def account_of(self, origin: dict[str, Any]) -> int:
        """Return the number of the account whose credentials these are."""
        return 0 if origin["kind"] != "key" else ACCOUNTS.index(self.users[origin["user"]].account_id)

    def hold(self, found: Credentials, origin: dict[str, Any]) -> None:
        """Keep credentials: of each secret there is one owner only, and temporary key ids have their form (P-14, P-16)."""
        who = tuple(origin.get(key) for key in ("kind", "instance", "number", "delivery"))
        if origin["kind"] != "key":
            assert TEMPORARY.fullmatch(found.access_key_id)
            assert found.session_token is not None
        for secret in (found.access_key_id, found.secret_access_key.reveal(), found.session_token):
            if secret is not None:
                text = secret if isinstance(secret, str) else secret.reveal()
                if self.owner.setdefault(text, who) != who:
                    raise AssertionError(f"{who} got what {self.owner[text]} has")
        if origin["kind"] == "instance":
            which = (origin["instance"], origin["number"], origin["delivery"])
            if self.of_fetch.setdefault(which, found.access_key_id) != found.access_key_id:
                raise AssertionError(f"{which} gave two keys")
        if all(found.access_key_id != each.access_key_id for each, _ in self.held):
            self.held.append((found, origin))

    # What must hold after each step

    def check(self) -> None:
        """Compare what everybody can do now, and all that is always true."""
        now = self.model.now
        world = self.model.world()
        assert self.account.clock.now() == instant(now)
        random = Random(now + len(self.model.events))
        for credentials, origin in self.current(now):
            self.compare_call(world, credentials, origin, now)
        for number, instance in enumerate(world["instances"]):
            self.compare_credentials(world, number, now, at=None)
            if instance["profile"] is None:
                assert self.instances[number].metadata.credentials() is None  # P-13
        self.check_forged(random)
        self.check_clock()

    def current(self, now: int) -> list[tuple[Credentials, dict[str, Any]]]:
        """Return the credentials that can be good now, and the last few of those that cannot."""
        good = [each for each in self.held if now < each[1].get("expires", now + 1)]
        return good + [each for each in self.held[-6:] if each not in good]

    def check_forged(self, random: Random) -> None:
        """A set of credentials or a metadata token with any place changed is refused (P-15)."""
        if self.held:
            credentials, origin = random.choice(self.held)
            wrong = forged(credentials, random.choice(self.held)[0], random)
            if wrong is not None:
                response = self.accounts[self.account_of(origin)].call(LIST, credentials=wrong)
                assert not response.allowed
                assert response.error.code in REFUSED
                self.count("forged credentials")
        if self.tokens and self.instances:
            token, _ = random.choice(self.tokens)
            place = random.randrange(len(token))
            for changed in (
                token.swapcase(),
                token + "=",
                token[:place] + changed_letter(token[place]) + token[place + 1 :],
            ):
                self.owner.setdefault(changed, "nobody")
                number = random.randrange(len(self.instances))
                answer = self.instances[number].metadata.get(IAM, headers={TOKEN: changed})
                assert answer.status in {401, 403, None}
            self.count("forged tokens")

    def check_clock(self) -> None:
        """Time does not go back, and trying to changes nothing (P-17)."""
        clock = self.account.clock
        before = clock.now()
        with pytest.raises(errors.ClockError):
            clock.advance(microseconds=-1)
        if before > START:
            with pytest.raises(errors.ClockError):
                clock.move_to(before - timedelta(microseconds=1))
        assert clock.now() == before

    # What can be seen

    def look(self, random: Random) -> None:
        """Compare what can be seen now, and at one moment of the past, in any order."""
        now = self.model.now
        past = random.choice([now, max(now - 1, 0), random.randrange(now + 1), self.moment_before(random)])
        world = {at: self.model.world(at) for at in {now, past}}
        looks: list[Callable[[], None]] = [lambda: self.compare_entities(world[now])]
        for number in range(len(self.instances)):
            looks.append(lambda n=number: self.compare_state(world[now], n))
            looks.append(lambda n=number: self.compare_credentials(world[now], n, now, at=None))
            looks.append(lambda n=number: self.compare_documents(world[now], n, now, random, at=None))
            looks.append(lambda n=number: self.compare_credentials(world[past], n, past, at=instant(past)))
            looks.append(lambda n=number: self.compare_documents(world[past], n, past, random, at=instant(past)))
            looks.append(lambda n=number: self.compare_history(world[now], n))
            looks.append(lambda n=number: self.compare_own_call(world[now], n, now))
            looks.append(lambda n=number: self.compare_own_can(world[past], n, past))
            looks.append(lambda n=number: self.compare_put(world[now], n, now, random))
        for held in {0, *random.sample(range(len(self.held)), min(3, len(self.held)))} if self.held else ():
            looks.append(lambda h=held: self.compare_call(world[now], *self.held[h], now))
            looks.append(lambda h=held: self.compare_can(world[past], *self.held[h], past))
            looks.append(lambda h=held: self.compare_identity(world[now], *self.held[h], now))
        random.shuffle(looks)
        for each in looks:
            each()

    def moment_before(self, random: Random) -> int:
        """Return an instant of the past at which something was written or fetched, or a microsecond beside it."""
        moments = [when for when, _, _ in self.model.events] or [0]
        moment = random.choice(moments) + random.choice([0, 1, 2, 6, 7]) * HOUR + random.choice([-1, 0, 1])
        return min(max(moment, 0), self.model.now)

    def compare_entities(self, world: dict[str, Any]) -> None:
        """Compare what there is, by name, and what IAM shows of it."""
        for kind, table in (("roles", self.account.roles), ("instance_profiles", self.account.instance_profiles)):
            known = world["profiles" if kind == "instance_profiles" else kind]
            assert sorted(each["name"] for each in known if each["exists"]) == sorted(
                each.name for each in table.values()
            )
        for number, each in enumerate(world["roles"]):
            role = self.roles[number]
            if each["exists"]:
                assert self.account.roles[role.name] is role
                assert role.max_session_duration == each["longest"]
                assert dict(role.tags) == each["tags"]
                assert set(role.policies) == set(each["inline"])
                self.compare_trust(world, each, role)
        for number, each in enumerate(world["managed"]):
            if each["exists"]:
                policy = self.managed[number]
                assert policy.default_version_id == f"v{each['default']}"
                assert set(policy.versions) == {f"v{version}" for version in each["versions"]}
        self.count("entities")

    def compare_trust(self, world: dict[str, Any], role: dict[str, Any], found: Any) -> None:
        """Compare whom IAM shows in a trust policy: ARNs, and the raw id of who is gone, whoever has the name now."""
        expected = set()
        for kind, *rest in [*role["trust"]["allowed"], *role["trust"]["denied"]]:
            if kind in {"users", "roles"}:
                this, entity = world[kind][rest[0]], self.entity((kind, rest[0]))
                unique = entity.user_id if kind == "users" else entity.role_id
                expected.add(entity.arn if this["exists"] else unique)
            else:
                expected.add(principal(kind, *rest))
        shown = set()
        for statement in found.trust.to_dict()["Statement"]:
            who = statement["Principal"].get("AWS", [])
            shown |= {who} if isinstance(who, str) else set(who)
        assert shown == expected

    def compare_state(self, world: dict[str, Any], number: int) -> None:
        """Compare an instance's state, profile and options."""
        instance, expected = self.instances[number], world["instances"][number]
        assert instance.state == expected["state"]
        assert instance.profile is (None if expected["profile"] is None else self.profiles[expected["profile"]])
        options = instance.metadata_options
        found = (options.http_endpoint, options.http_tokens, options.http_put_response_hop_limit)
        assert found == tuple(expected["options"][key] for key in ("endpoint", "tokens", "hops"))
        self.count("states")

    def compare_credentials(self, world: dict[str, Any], number: int, now: int, *, at: datetime | None) -> None:
        """Compare the credentials an SDK gets, and keep them."""
        if number >= len(world["instances"]):
            with pytest.raises(errors.InstanceError, match="it was launched at"):
                self.instances[number].metadata.credentials(at=at)
            return
        expected = self.model.for_sdk(world, number, now)
        found = self.instances[number].metadata.credentials(at=at)
        self.count("credentials now" if at is None else "credentials of the past")
        if expected is None:
            assert found is None
            return
        assert found is not None
        assert found.issued == instant(expected["issued"])
        assert found.expiration == instant(expected["expires"])
        if world["instances"][number]["last"] is expected and not world["instances"][number]["lost"]:
            assert found.expiration >= instant(now) + timedelta(minutes=5)  # P-11
        if expected["expires"] <= now:
            self.count("credentials beyond their expiration")
        self.hold(found, {**expected, "delivery": 2})

    def compare_put(self, world: dict[str, Any], number: int, now: int, random: Random) -> None:
        """Compare what a request for a token gets, and keep the token."""
        ttl, hops = random.choice([0, 1, 60, 3600, 21600, 21600, 21601]), random.choice([0, 0, 0, 1, 2])
        answer = self.instances[number].metadata.put("/latest/api/token", headers={TTL: str(ttl)}, extra_hops=hops)
        status = self.model.token_granted(world, number, ttl, hops, now)
        assert answer.status == status
        self.count(f"put {status}")
        if status == 200:
            boots = world["instances"][number]["boots"]
            token = {"instance": number, "boots": boots, "issued": now, "expires": now + ttl * SECOND}
            if self.owner.setdefault(answer.body, ("token of", number)) != ("token of", number):
                raise AssertionError(f"instance {number} got another's token")
            self.tokens.append((answer.body, token))

    def compare_documents(
        self, world: dict[str, Any], number: int, now: int, random: Random, *, at: datetime | None
    ) -> None:
        """Compare what is under ``iam/``: without a token, with a new one, and with any token that was ever given."""
        if number >= len(world["instances"]):
            return
        metadata = self.instances[number].metadata
        text: str | None = None
        token: dict[str, Any] | None = None
        choice = random.random()
        if choice < 0.4:
            put = metadata.put("/latest/api/token", headers={TTL: "60"}, at=at)
            assert put.status == self.model.token_granted(world, number, 60, 0, now)
            if put.status == 200:
                text = put.body
                token = {"instance": number, "boots": world["instances"][number]["boots"]}
                token |= {"issued": now, "expires": now + MINUTE}
        elif choice < 0.7 and self.tokens:
            own = [each for each in self.tokens if each[1]["instance"] == number]
            text, token = random.choice(own[-4:] or self.tokens) if choice < 0.6 else random.choice(self.tokens[-8:])
        headers = None if text is None else {TOKEN: text}
        admitted = self.model.admitted(world, number, now, token)
        hops = random.choice([0, 0, 1, 3])  # a GET arrives however far away the client is

        def get(path: str) -> Any:
            return metadata.get(IAM + path, headers=headers, extra_hops=hops, at=at)

        self.count(f"documents {admitted}" if at is None else "documents of the past")
        if admitted != 200:
            for path in ("", "info", "security-credentials/", "security-credentials/role-0"):
                answer = get(path)
                assert answer.status == admitted
                assert "AccessKeyId" not in (answer.body or "")
            return
        expected = self.model.metadata(world, number, now)
        self.compare_tree(get, world, number, expected, 1 if token is None else 2)

    def compare_tree(
        self, get: Callable[[str], Any], world: dict[str, Any], number: int, expected: dict[str, Any], delivery: int
    ) -> None:
        """Compare ``iam/`` with what somebody who is admitted finds there."""
        listing = expected["listing"]
        if expected["info"] is None:
            assert [get(path).status for path in ("", "info", "security-credentials/")] == [404] * 3
            return
        assert get("").body == ("info" if listing is None else "info\nsecurity-credentials/")
        info = json.loads(get("info").body)
        assert info["Code"] == (NOT_FOUND if expected["info"] == NOT_FOUND else SUCCESS)
        assert ("Message" in info) == (expected["info"] != SUCCESS)
        if info["Code"] == SUCCESS:
            profile = world["instances"][number]["profile"]
            assert info["InstanceProfileId"] == self.profiles[profile].profile_id
        for name in {role.name for role in self.roles} - {listing}:
            assert get(f"security-credentials/{name}").status == 404
        if listing is None:
            assert get("security-credentials/").status == 404
            return
        assert get("security-credentials/").body == listing
        document = json.loads(get(f"security-credentials/{listing}").body)
        assert document["Code"] == expected["document"]
        self.count(f"document {document['Code']}")
        if document["Code"] == UNAUTHORIZED:
            assert f"EC2 cannot assume the role {listing}." in document["Message"]
            assert "AccessKeyId" not in document
            return
        shown = world["instances"][number]["good"]
        assert document["LastUpdated"] == f"{instant(shown['issued']):%Y-%m-%dT%H:%M:%SZ}"
        assert document["Expiration"] == f"{instant(shown['expires']):%Y-%m-%dT%H:%M:%SZ}"
        found = Credentials(
            document["AccessKeyId"],
            Secret(document["SecretAccessKey"]),
            session_token=Secret(document["Token"]),
        )
        self.hold(found, {**shown, "delivery": delivery})

    def compare_history(self, world: dict[str, Any], number: int) -> None:
        """Compare when EC2 assumed a role for an instance, with what success, and which keys came of it."""
        instance, expected = self.instances[number], world["instances"][number]
        since = instant(expected["complete_since"])
        events = list(self.account.history.events(instance=instance, kind="assume", since=since))
        assert [(each.at, each.ok) for each in events] == [
            (instant(when), ok) for when, ok in self.model.assumes(world, number)
        ]
        issues = list(self.account.history.events(instance=instance, kind="issue", since=since))
        good = [each for each in expected["fetches"] if each["outcome"] == SUCCESS]
        assert [(each.at, each.role_arn) for each in issues] == [
            (instant(each["issued"]), self.roles[each["role"]].arn) for each in good
        ]
        for issue, fetch in zip(issues, good, strict=True):
            assert self.of_fetch.get((number, fetch["number"], 2), issue.subject) == issue.subject
        self.count("histories")

    def compare_call(self, world: dict[str, Any], credentials: Credentials, origin: dict[str, Any], now: int) -> None:
        """Compare the answers to a call, and to a question, with credentials that somebody holds."""
        account = self.accounts[self.account_of(origin)]
        response = account.call(LIST, credentials=credentials)
        expected = self.model.answer(world, origin, now)
        assert (SUCCESS if response.ok else response.error.code) == expected, origin
        self.count(f"{origin['kind']} {expected}")
        if account is self.account:
            action = ACTIONS[self.compared["calls"] % len(ACTIONS)]
            can = account.can(action, RESOURCES.get(action), credentials=credentials)
            assert bool(can) == (self.model.answer(world, origin, now, action) == SUCCESS), (action, origin)
        self.count("calls")

    def compare_identity(
        self, world: dict[str, Any], credentials: Credentials, origin: dict[str, Any], now: int
    ) -> None:
        """Compare who STS says that the holder of credentials is."""
        account = self.accounts[self.account_of(origin)]
        identity = account.sts.get_caller_identity(credentials=credentials)
        expected = self.model.identity(world, origin, now)
        assert (SUCCESS if identity.ok else identity.error.code) == expected
        self.count(f"identity {expected}")
        if not identity.ok:
            return
        if origin["kind"] == "key":
            assert identity.value.user_id == self.users[origin["user"]].user_id
            assert identity.value.arn == self.users[origin["user"]].arn
            return
        name = self.instances[origin["instance"]].instance_id if origin["kind"] == "instance" else origin["name"]
        assert identity.value.arn.endswith(f":assumed-role/{origin['role_name']}/{name}")
        assert identity.value.user_id == f"{self.roles[origin['role']].role_id}:{name}"

    def compare_can(self, world: dict[str, Any], credentials: Credentials, origin: dict[str, Any], past: int) -> None:
        """Compare what credentials could do in the past, when their role or user may not have been there yet."""
        expected = "not yet"
        if origin.get("role", -1) < len(world["roles"]):
            expected = self.model.answer(world, origin, past)
        account = self.accounts[self.account_of(origin)]
        assert bool(account.can(LIST, credentials=credentials, at=instant(past))) == (expected == SUCCESS)
        self.count("questions about the past")

    def compare_own_call(self, world: dict[str, Any], number: int, now: int) -> None:
        """Compare the answers to calls that a program on an instance makes."""
        instance, expected = self.instances[number], self.model.own_answer(world, number, now)
        if expected is None:
            with pytest.raises(errors.InstanceError):
                instance.call(LIST)
            return
        response = instance.call(LIST)
        assert (SUCCESS if response.ok else response.error.code) == expected
        shown = self.model.for_sdk(world, number, now)
        identity = instance.call("sts:GetCallerIdentity")
        wanted = "NoCredentials" if shown is None else self.model.identity(world, {**shown, "delivery": 2}, now)
        assert (SUCCESS if identity.ok else identity.error.code) == wanted
        if identity.ok:
            assert identity.value.user_id == f"{self.roles[shown['role']].role_id}:{instance.instance_id}"
        self.count(f"own {expected}")

    def compare_own_can(self, world: dict[str, Any], number: int, past: int) -> None:
        """Compare what a program on an instance could do in the past."""
        if number < len(world["instances"]) and world["instances"][number]["state"] == RUNNING:
            for action in (LIST, GET):
                expected = self.model.own_answer(world, number, past, action)
                found = self.instances[number].can(action, RESOURCES.get(action), at=instant(past))
                assert bool(found) == (expected == SUCCESS)
            self.count("own questions about the past")

    def finish(self) -> None:
        """Compare all that has not been looked at yet."""
        for seed in range(4):
            self.look(Random(seed))
        self.check()
        self.recover()

    def recover(self) -> None:
        """Once the faults are over, one refresh brings good credentials wherever a role can be assumed (liveness)."""
        for number in range(len(self.faults)):
            self.clear(number)
        lost = {number for number, each in enumerate(self.model.world()["instances"]) if each["lost"]}
        self.advance(HOUR)
        world, now = self.model.world(), self.model.now
        for number, instance in enumerate(self.instances):
            self.compare_credentials(world, number, now, at=None)
            if self.model.recovers(world, number):
                found = instance.metadata.credentials()
                assert found is not None
                assert found.issued <= instant(now) < found.expiration
                assert self.account.sts.get_caller_identity(credentials=found).ok
                self.count("recovered after an outage" if number in lost else "recovered")

    def clear(self, fault: int) -> None:
        """End a fault."""
        self.write("clear", lambda: self.account.faults.clear(self.faults[fault]), fault=fault)


def forged(credentials: Credentials, other: Credentials, random: Random) -> Credentials | None:
    """Return credentials with one part changed a little, or with a part of another set; None if that is no change."""
    part = random.choice(["access_key_id", "secret_access_key", "session_token"])
    value = getattr(credentials, part)
    if value is None:
        return attrs.evolve(credentials, session_token="IQoJb3JpZ2luX2VjEXAMPLETOKEN")
    text = value if isinstance(value, str) else value.reveal()
    place = random.randrange(len(text))
    strange = getattr(other, part)
    if random.random() < 0.4 and strange is not None:
        changed = strange if isinstance(strange, str) else strange.reveal()
    else:
        changed = random.choice(
            [text[:place] + changed_letter(text[place]) + text[place + 1 :], text + "A", text.swapcase()]
        )
    if changed == text:
        return None
    return attrs.evolve(credentials, **{part: changed if isinstance(value, str) else Secret(changed)})


def changed_letter(letter: str) -> str:
    """Return another letter or digit."""
    return "B" if letter == "A" else "A"
