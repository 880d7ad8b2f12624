"""What can happen in a history: one operation, one function, which draws what it needs and does it in both.

A new operation of the library is one more function here, under ``@operation``, and one more method in `writes.py`.
The number is how often it comes in a seeded history, beside the others.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ec2roles import PermissionPolicy
from model.answers import ADMINISTRATOR, PERMISSIONS, READ_ONLY
from model.pair import ACCOUNTS, DOCUMENTS, Pair, instant, trust_document
from model.reference import HOUR, MINUTE, REVOKE, SECOND

Operation = Callable[[Pair, Random], None]
OPERATIONS: dict[str, Operation] = {}
WEIGHTS: dict[str, float] = {}

MOST_INSTANCES = 4
MOST_ENTITIES = 6
MOST_HELD = 60
MOST_FAULTS = 4
OFFSETS = [0, 0, 0, -1, 1, -SECOND, SECOND]
DAY = 24 * HOUR
ALL_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
INLINE = [*(each for each in PERMISSIONS if each in DOCUMENTS), "list", "list", "s3", "sts", "red", "alice"]


def operation(weight: float) -> Callable[[Operation], Operation]:
    """Enter a function into the table of operations."""

    def enter(function: Operation) -> Operation:
        OPERATIONS[function.__name__] = function
        WEIGHTS[function.__name__] = weight
        return function

    return enter


# Time


@operation(3)
def half_hours_pass(pair: Pair, random: Random) -> None:
    pair.advance(max(0, random.choice([1, 1, 2, 2, 2, 3, 4, 10, 12, 13]) * 30 * MINUTE + random.choice(OFFSETS)))


@operation(1)
def some_time_passes(pair: Pair, random: Random) -> None:
    pair.advance(random.choice([1, 2, 3, random.randrange(SECOND), random.randrange(HOUR), random.randrange(6 * HOUR)]))


@operation(5)
def time_passes_up_to_a_turning_point(pair: Pair, random: Random) -> None:
    """A coming refresh or an expiry, a microsecond or a second beside it."""
    offset = random.choice(OFFSETS)
    due = sorted({point + offset for point in pair.turning_points() if point + offset >= pair.model.now})
    if due:
        pair.advance(random.choice(due[:6]) - pair.model.now)


@operation(0.2)
def a_long_time_passes(pair: Pair, random: Random) -> None:
    pair.advance(random.choice([2 * DAY, 400 * DAY, 5 * 365 * DAY]) + random.choice(OFFSETS))


# Roles and users


def any_trust(pair: Pair, random: Random) -> dict[str, Any]:
    """Draw a trust policy in the words of the model."""
    services = ["ec2", "ec2", "ec2", "ec2", "lambda", "ec2 denied", "ec2 asked for an external id", None]
    allowed = [any_principal(pair, random) for _ in range(random.choice([0, 1, 1, 2]))]
    service = random.choice(services)
    return {
        "service": "lambda" if service is None and not allowed else service,
        "allowed": allowed,
        "denied": [any_principal(pair, random)] if random.random() < 0.1 else [],
        "external": random.random() < 0.2,
        "actions": random.choice([["sts:AssumeRole"], ALL_ACTIONS]),
    }


def any_principal(pair: Pair, random: Random) -> tuple[Any, ...]:
    """Draw a principal: by the name that it has or had."""
    kind = random.choice(["users", "users", "roles", "roles", "account", "session"])
    if kind == "users" and pair.users:
        user = random.choice(pair.users)
        return ("users", int(user.account_id != pair.account.account_id), user.name)
    if kind == "roles" and pair.roles:
        return ("roles", 0, random.choice(pair.roles).name)
    if kind == "session" and pair.roles:
        return ("session", random.choice(pair.roles).name, random.choice(["one", "two"]))
    return ("account", random.choice([0, 0, 1]))


def any_identity(pair: Pair, random: Random) -> tuple[str, int]:
    """Draw a role or a user."""
    if pair.users and random.random() < 0.4:
        return ("users", random.randrange(len(pair.users)))
    return ("roles", random.randrange(len(pair.roles)))


def any_managed(pair: Pair, random: Random) -> int | str:
    """Draw a managed policy: the account's own by its number, or AWS's by its name."""
    if pair.aws_policies and random.random() < 0.3:
        return random.choice([READ_ONLY, ADMINISTRATOR])
    return random.randrange(len(pair.managed))


@operation(1)
def create_role(pair: Pair, random: Random) -> None:
    name = f"role-{random.randrange(3)}"
    if pair.roles and random.random() < 0.1:
        name = random.choice(pair.roles).name.upper()  # the same name to IAM, if it is taken
        if not any(each["exists"] and each["name"] == name.lower() for each in pair.model.world()["roles"]):
            return
    make_role(pair, name, any_trust(pair, random))


def make_role(pair: Pair, name: str, trust: dict[str, Any]) -> None:
    """Create a role."""
    if len(pair.roles) >= MOST_ENTITIES:
        return
    role = pair.write(
        "create_role", lambda: pair.account.create_role(name, trust=trust_document(trust)), name=name, trust=trust
    )
    if role is not None:
        pair.roles.append(role)


@operation(4)
def update_trust(pair: Pair, random: Random) -> None:
    role, trust = random.randrange(len(pair.roles)), any_trust(pair, random)
    document = trust_document(trust)
    pair.write("update_trust", lambda: pair.roles[role].update_trust(document), role=role, trust=trust)


@operation(1)
def update_role(pair: Pair, random: Random) -> None:
    set_longest(pair, random.randrange(len(pair.roles)), random.choice([3600, 7200, 43200]))


def set_longest(pair: Pair, role: int, longest: int) -> None:
    """Set how long a session of a role may be."""
    pair.write("update_role", lambda: pair.roles[role].update(max_session_duration=longest), role=role, longest=longest)


@operation(1)
def tag_role(pair: Pair, random: Random) -> None:
    set_team(pair, random.randrange(len(pair.roles)), random.choice(["red", "blue", None]))


def set_team(pair: Pair, role: int, team: str | None) -> None:
    """Tag a role, or take its tag away."""

    def do() -> None:
        if team is None:
            pair.roles[role].untag(["team"])
        else:
            pair.roles[role].tag({"team": team})

    pair.write("tag_role", do, role=role, team=team)


@operation(1)
def delete_role(pair: Pair, random: Random) -> None:
    """The role that has a name now, after all that is in the way if that is drawn."""
    role = newest(pair.roles, random.randrange(len(pair.roles)))
    if random.random() < 0.6:
        remove_role_for_good(pair, role)
        if random.random() < 0.5:
            make_role(pair, pair.roles[role].name, any_trust(pair, random))
    else:
        pair.write("delete_role", lambda: pair.account.delete_role(pair.roles[role].name), role=role)


def remove_role_for_good(pair: Pair, role: int) -> None:
    """Take all that is in the way off a role, and delete it."""
    if not pair.model.world()["roles"][role]["exists"]:
        return
    for number, profile in enumerate(pair.model.world()["profiles"]):
        if profile["exists"] and profile["role"] == role:
            empty_profile(pair, number)
    clear_policies(pair, ("roles", role))
    pair.write("delete_role", lambda: pair.account.delete_role(pair.roles[role].name), role=role)


def newest(entities: list[Any], number: int) -> int:
    """Return the number of the last entity with the name, in the account, that this one has or had."""
    this = entities[number]
    return max(n for n, each in enumerate(entities) if (each.name, each.account_id) == (this.name, this.account_id))


def clear_policies(pair: Pair, who: tuple[str, int]) -> None:
    """Take all policies off a role or a user."""
    identity = pair.model.world()[who[0]][who[1]]
    for name in list(identity["inline"]):
        pair.write("delete_policy", lambda n=name: pair.entity(who).delete_policy(n), who=who, name=name)
    for each in list(identity["attached"]):
        pair.write(
            "detach_policy", lambda m=each: pair.entity(who).detach_policy(pair.policy(m)), who=who, managed=each
        )


@operation(0.7)
def create_user(pair: Pair, random: Random) -> None:
    make_user(pair, f"user-{random.randrange(2)}", random.choice([0, 0, 1]))


def make_user(pair: Pair, name: str, account: int) -> None:
    """Create a user with an access key."""
    if len(pair.users) >= MOST_ENTITIES:
        return
    user = pair.write("create_user", lambda: pair.accounts[account].create_user(name), name=name, account=account)
    if user is not None:
        pair.users.append(user)
        make_key(pair, len(pair.users) - 1)


@operation(0.5)
def delete_user(pair: Pair, random: Random) -> None:
    user = newest(pair.users, random.randrange(len(pair.users)))
    account = pair.model.world()["users"][user]["account"]
    if random.random() < 0.6:
        remove_user(pair, user)
        if random.random() < 0.5:
            make_user(pair, pair.users[user].name, account)
    else:
        pair.write("delete_user", lambda: pair.accounts[account].delete_user(pair.users[user].name), user=user)


def remove_user(pair: Pair, user: int) -> None:
    """Take all that is in the way off a user, and delete it."""
    world = pair.model.world()
    if not world["users"][user]["exists"]:
        return
    for number, key in enumerate(world["keys"]):
        if key["user"] == user and key["status"] != "Deleted":
            set_key(pair, number, "Deleted")
    clear_policies(pair, ("users", user))
    account = pair.accounts[world["users"][user]["account"]]
    pair.write("delete_user", lambda: account.delete_user(pair.users[user].name), user=user)


@operation(1)
def create_key(pair: Pair, random: Random) -> None:
    make_key(pair, random.randrange(len(pair.users)))


def make_key(pair: Pair, user: int) -> None:
    """Make an access key, which somebody holds from now on."""
    key = pair.write("create_key", pair.users[user].create_access_key, user=user)
    if key is not None:
        pair.hold(key, {"kind": "key", "number": len(pair.keys), "user": user})
        pair.keys.append(key)


@operation(1.5)
def change_key(pair: Pair, random: Random) -> None:
    set_key(pair, random.randrange(len(pair.keys)), random.choice(["Active", "Active", "Inactive", "Deleted"]))


def set_key(pair: Pair, number: int, status: str) -> None:
    """Activate, deactivate or delete an access key."""
    user = pair.users[pair.model.world()["keys"][number]["user"]]
    key_id = pair.keys[number].access_key_id

    def do() -> None:
        if status == "Deleted":
            user.delete_access_key(key_id)
        else:
            user.update_access_key(key_id, status)

    pair.write("update_key", do, key=number, status=status)


# Policies


@operation(3)
def put_policy(pair: Pair, random: Random) -> None:
    who, name, policy = any_identity(pair, random), f"policy-{random.randrange(2)}", random.choice(INLINE)
    document: PermissionPolicy = DOCUMENTS[policy]
    pair.write("put_policy", lambda: pair.entity(who).put_policy(name, document), who=who, name=name, policy=policy)


@operation(1)
def delete_policy(pair: Pair, random: Random) -> None:
    who, name = any_identity(pair, random), random.choice(["policy-0", "policy-1", REVOKE])
    pair.write("delete_policy", lambda: pair.entity(who).delete_policy(name), who=who, name=name)


@operation(0.7)
def revoke_sessions(pair: Pair, random: Random) -> None:
    role = random.randrange(len(pair.roles))
    pair.write("revoke", pair.roles[role].revoke_sessions, role=role)


@operation(1.5)
def attach_policy(pair: Pair, random: Random) -> None:
    who, managed = any_identity(pair, random), any_managed(pair, random)
    if foreign(pair, who, managed):
        return
    pair.write("attach_policy", lambda: pair.entity(who).attach_policy(pair.policy(managed)), who=who, managed=managed)


def foreign(pair: Pair, who: tuple[str, int], managed: int | str) -> bool:
    """Return whether a policy is of another account than a user, who cannot have it."""
    return isinstance(managed, int) and pair.entity(who).account_id != pair.account.account_id


@operation(1)
def detach_policy(pair: Pair, random: Random) -> None:
    who = any_identity(pair, random)
    attached = pair.model.world()[who[0]][who[1]]["attached"]
    managed = random.choice(attached) if attached and random.random() < 0.8 else any_managed(pair, random)
    if foreign(pair, who, managed):
        return
    pair.write("detach_policy", lambda: pair.entity(who).detach_policy(pair.policy(managed)), who=who, managed=managed)


@operation(1.5)
def put_boundary(pair: Pair, random: Random) -> None:
    who, managed = any_identity(pair, random), any_managed(pair, random)
    if foreign(pair, who, managed):
        return
    pair.write(
        "put_boundary",
        lambda: pair.entity(who).put_permissions_boundary(pair.policy(managed)),
        who=who,
        managed=managed,
    )


@operation(1.5)
def delete_boundary(pair: Pair, random: Random) -> None:
    world = pair.model.world()
    bounded = [
        (kind, n) for kind in ("roles", "users") for n, each in enumerate(world[kind]) if each["boundary"] is not None
    ]
    who = random.choice(bounded) if bounded and random.random() < 0.8 else any_identity(pair, random)
    pair.write("delete_boundary", lambda: pair.entity(who).delete_permissions_boundary(), who=who)


@operation(0.7)
def create_managed(pair: Pair, random: Random) -> None:
    if len(pair.managed) < MOST_ENTITIES:
        make_managed(pair, f"managed-{random.randrange(2)}", random.choice(INLINE))


def make_managed(pair: Pair, name: str, policy: str) -> None:
    """Create a customer managed policy."""
    do = lambda: pair.account.create_policy(name, DOCUMENTS[policy])  # noqa: E731
    made = pair.write("create_managed", do, name=name, policy=policy)
    if made is not None:
        pair.managed.append(made)


@operation(3)
def change_version(pair: Pair, random: Random) -> None:
    """Create a version, bring one into force, or delete one."""
    managed, policy = random.randrange(len(pair.managed)), random.choice(INLINE)
    versions = pair.model.world()["managed"][managed]["versions"]
    version, entity = random.choice([*versions, 9]), pair.managed[managed]
    what = random.choice(["create", "create", "create", "set", "delete", "delete"])
    if what == "create":
        default = random.random() < 0.6
        for _ in range(random.choice([1, 1, 1, 5])):
            pair.write(
                "create_version",
                lambda: entity.create_version(DOCUMENTS[policy], set_as_default=default),
                managed=managed,
                policy=policy,
                default=default,
            )
    elif what == "set":
        do = lambda: entity.set_default_version(f"v{version}")  # noqa: E731
        pair.write("set_default_version", do, managed=managed, version=version)
    else:
        pair.write("delete_version", lambda: entity.delete_version(f"v{version}"), managed=managed, version=version)


@operation(1)
def delete_managed(pair: Pair, random: Random) -> None:
    """The policy that has a name now, off everybody and without other versions if that is drawn."""
    managed = newest(pair.managed, random.randrange(len(pair.managed)))
    if random.random() < 0.5:
        world = pair.model.world()
        for who in [(kind, number) for kind in ("roles", "users") for number in range(len(world[kind]))]:
            identity = world[who[0]][who[1]]
            if identity["exists"] and managed in identity["attached"]:
                do = lambda w=who: pair.entity(w).detach_policy(pair.managed[managed])  # noqa: E731
                pair.write("detach_policy", do, who=who, managed=managed)
        for version in list(world["managed"][managed]["versions"]):
            if version != world["managed"][managed]["default"]:
                do = lambda v=version: pair.managed[managed].delete_version(f"v{v}")  # noqa: E731
                pair.write("delete_version", do, managed=managed, version=version)
    name = pair.managed[managed].name
    pair.write("delete_managed", lambda: pair.account.delete_policy(name), managed=managed)


# Instance profiles


@operation(1)
def create_profile(pair: Pair, random: Random) -> None:
    make_profile(pair, f"profile-{random.randrange(2)}")


def make_profile(pair: Pair, name: str) -> None:
    """Create an empty profile."""
    profile = pair.write("create_profile", lambda: pair.account.create_instance_profile(name), name=name)
    if profile is not None:
        pair.profiles.append(profile)


@operation(1.5)
def add_role(pair: Pair, random: Random) -> None:
    if pair.profiles:
        fill_profile(pair, random.randrange(len(pair.profiles)), random.randrange(len(pair.roles)))


def fill_profile(pair: Pair, profile: int, role: int) -> None:
    """Put a role into a profile."""
    pair.write("add_role", lambda: pair.profiles[profile].add_role(pair.roles[role]), profile=profile, role=role)


@operation(1.5)
def remove_role(pair: Pair, random: Random) -> None:
    if pair.profiles:
        empty_profile(pair, random.randrange(len(pair.profiles)))


def empty_profile(pair: Pair, profile: int) -> None:
    """Take the role out of a profile."""
    pair.write("remove_role", pair.profiles[profile].remove_role, profile=profile)


@operation(2)
def swap_role(pair: Pair, random: Random) -> None:
    """Put another role into a profile, whether there is one now or not."""
    if not pair.profiles:
        return
    profile = random.randrange(len(pair.profiles))
    if pair.model.world()["profiles"][profile]["role"] is not None:
        empty_profile(pair, profile)
    fill_profile(pair, profile, random.randrange(len(pair.roles)))


@operation(0.7)
def delete_profile(pair: Pair, random: Random) -> None:
    """The profile that has a name now, emptied first and made anew afterwards if that is drawn."""
    if not pair.profiles:
        return
    profile = newest(pair.profiles, random.randrange(len(pair.profiles)))
    name, role = pair.profiles[profile].name, pair.model.world()["profiles"][profile]["role"]
    if random.random() < 0.6 and role is not None:
        empty_profile(pair, profile)
    pair.write("delete_profile", lambda: pair.account.delete_instance_profile(name), profile=profile)
    if random.random() < 0.7:
        make_profile(pair, name)
        if role is not None:
            fill_profile(pair, len(pair.profiles) - 1, role)


# Instances


def any_profile(pair: Pair, random: Random) -> tuple[int, Any]:
    """Draw a profile: its number, and what to say for it: itself, or its name, which a later one may have."""
    profile = random.randrange(len(pair.profiles))
    if random.random() < 0.5:
        profile = newest(pair.profiles, profile)
        return profile, pair.profiles[profile].name
    return profile, pair.profiles[profile]


@operation(1.5)
def launch(pair: Pair, random: Random) -> None:
    count, tokens = random.choice([1, 2]), random.choice(["optional", "optional", "required"])
    hibernation = random.random() < 0.5
    if len(pair.instances) + count > MOST_INSTANCES:
        return
    profile, given = any_profile(pair, random) if pair.profiles and random.random() < 0.8 else (None, None)
    launched = pair.write(
        "launch",
        lambda: pair.account.launch_instances(count, given, http_tokens=tokens, hibernation=hibernation),
        profile=profile,
        count=count,
        tokens=tokens,
        hibernation=hibernation,
    )
    pair.instances += launched or []


@operation(3)
def attach(pair: Pair, random: Random) -> None:
    put_profile(pair, random, "attach")


@operation(3)
def replace(pair: Pair, random: Random) -> None:
    put_profile(pair, random, "replace")


def put_profile(pair: Pair, random: Random, how: str) -> None:
    """Attach a profile, or put it in the place of another; both may be refused."""
    if pair.instances and pair.profiles:
        instance = random.randrange(len(pair.instances))
        profile, given = any_profile(pair, random)
        pair.write(how, lambda: getattr(pair.instances[instance], how)(given), instance=instance, profile=profile)


@operation(4)
def change_instance(pair: Pair, random: Random) -> None:
    """Detach the profile, stop, hibernate, start or reboot."""
    if pair.instances:
        how = random.choice(["detach", "stop", "hibernate", "start", "start", "reboot"])
        instance = random.randrange(len(pair.instances))
        pair.write(how, getattr(pair.instances[instance], how), instance=instance)


@operation(1)
def stop_and_start(pair: Pair, random: Random) -> None:
    """At once, or after a while."""
    if pair.instances:
        instance = random.randrange(len(pair.instances))
        how = "hibernate" if pair.model.world()["instances"][instance]["hibernation"] else "stop"
        pair.write(how, getattr(pair.instances[instance], how), instance=instance)
        pair.advance(random.choice([0, 1, MINUTE, 20 * MINUTE]))
        pair.write("start", pair.instances[instance].start, instance=instance)


@operation(0.7)
def terminate(pair: Pair, random: Random) -> None:
    if pair.instances:
        instance = random.randrange(len(pair.instances))
        pair.write("terminate", pair.instances[instance].terminate, instance=instance)


@operation(1.5)
def modify_metadata_options(pair: Pair, random: Random) -> None:
    if not pair.instances:
        return
    instance = random.randrange(len(pair.instances))
    options = random.choice(
        [
            {"endpoint": "disabled"},
            {"endpoint": "enabled"},
            {"endpoint": "enabled", "tokens": "required"},
            {"tokens": "optional"},
            {"tokens": "required", "hops": 2},
            {"hops": 1},
            {"hops": 2},
        ]
    )
    names = {"endpoint": "http_endpoint", "tokens": "http_tokens", "hops": "http_put_response_hop_limit"}
    given = {names[key]: value for key, value in options.items()}
    pair.write(
        "modify", lambda: pair.instances[instance].modify_metadata_options(**given), instance=instance, **options
    )


@operation(2)
def ask_for_a_token(pair: Pair, random: Random) -> None:
    if pair.instances:
        world = pair.model.world()
        pair.compare_put(world, random.randrange(len(pair.instances)), pair.model.now, random)


@operation(2)
def read_credentials(pair: Pair, random: Random) -> None:
    """As an SDK does, or with curl and whatever token there is; what is found is kept."""
    if pair.instances:
        world, number, now = pair.model.world(), random.randrange(len(pair.instances)), pair.model.now
        pair.compare_credentials(world, number, now, at=None)
        pair.compare_documents(world, number, now, random, at=None)


# Faults


@operation(0.8)
def sts_outage(pair: Pair, random: Random) -> None:
    account = random.choice([None, None, 0, 1])
    whom = {} if account is None else {"account": ACCOUNTS[account]}
    plan_fault(pair, random, "sts_outage", {"account": account}, whom)


@operation(0.8)
def metadata_outage(pair: Pair, random: Random) -> None:
    instance = random.randrange(len(pair.instances)) if pair.instances and random.random() < 0.7 else None
    whom = {} if instance is None else {"instance": pair.instances[instance]}
    plan_fault(pair, random, "metadata_outage", {"instance": instance}, whom)


def plan_fault(pair: Pair, random: Random, kind: str, details: dict[str, Any], whom: dict[str, Any]) -> None:
    """Plan a fault that begins now or later, often with the next refresh, and ends sometime or never."""
    if len(pair.faults) >= MOST_FAULTS:
        return
    now, begins = pair.model.now, random.choice([0, 0, 1, 30 * MINUTE, HOUR]) + pair.model.now
    refreshes = [each["next"] for each in pair.model.world()["instances"] if each["next"] is not None]
    if refreshes and random.random() < 0.4:
        begins = max(now, random.choice(refreshes) + random.choice([-1, 0, 1]))
    lasts = random.choice([None, 1, 30 * MINUTE, HOUR, HOUR, 5 * HOUR, 7 * HOUR, 7 * HOUR])
    ends = None if lasts is None else begins + lasts
    window = ({} if begins == now and random.random() < 0.8 else {"begins": instant(begins)}) | (
        {} if ends is None else {"ends": instant(ends)}
    )
    plan = getattr(pair.account.faults, kind)
    pair.faults.append(pair.write(kind, lambda: plan(**window, **whom), begins=begins, ends=ends, **details))


@operation(1)
def clear_fault(pair: Pair, random: Random) -> None:
    """One that is there, is to come, or is over."""
    if pair.faults:
        pair.clear(random.randrange(len(pair.faults)))


# Sessions


@operation(6)
def assume_role(pair: Pair, random: Random) -> None:
    """With any credentials that somebody holds: a user's, an instance's, or those of a session that was assumed."""
    if len(pair.held) <= MOST_HELD:
        role = random.choice(pair.roles).name if random.random() < 0.95 else "nobody"
        ask_to_assume(pair, random, any_holder(pair, random), role)


@operation(5)
def assume_a_role_that_trusts_the_caller(pair: Pair, random: Random) -> None:
    """In one of the ways in which a trust policy can mean a caller: chains get long by it."""
    if len(pair.held) > MOST_HELD:
        return
    holder, role = any_holder(pair, random), newest(pair.roles, random.randrange(len(pair.roles)))
    _, origin = pair.held[holder]
    ways: list[tuple[Any, ...]] = [("account", pair.account_of(origin))]
    if origin["kind"] == "key":
        ways += [("users", pair.account_of(origin), pair.users[origin["user"]].name)] * 2
    else:
        ways += [("roles", 0, origin["role_name"])] * 2
    if origin["kind"] == "session":
        ways.append(("session", origin["role_name"], origin["name"]))
    trust = any_trust(pair, random) | {"allowed": [random.choice(ways)]}
    trust["actions"] = random.choice([trust["actions"], ALL_ACTIONS])
    document = trust_document(trust)
    pair.write("update_trust", lambda: pair.roles[role].update_trust(document), role=role, trust=trust)
    if random.random() < 0.2 and pair.account_of(origin) == 0:
        who = ("users", origin["user"]) if origin["kind"] == "key" else ("roles", origin["role"])
        managed = random.randrange(len(pair.managed))
        do = lambda: pair.entity(who).put_permissions_boundary(pair.managed[managed])  # noqa: E731
        pair.write("put_boundary", do, who=who, managed=managed)
    if origin["kind"] == "key" and random.random() < 0.25:
        # A namesake takes the caller's place; the trust policy still means the one who is gone.
        account = pair.account_of(origin)
        remove_user(pair, origin["user"])
        make_user(pair, pair.users[origin["user"]].name, account)
        holder = len(pair.held) - 1
    ask_to_assume(pair, random, holder, pair.roles[role].name)


def any_holder(pair: Pair, random: Random) -> int:
    """Draw credentials that somebody holds: mostly such as are good, for all are soon too old."""
    if random.random() < 0.15:
        return random.randrange(len(pair.held))
    world, now = pair.model.world(), pair.model.now
    good = [number for number, (_, origin) in enumerate(pair.held) if accepted(pair.model.caller(world, origin, now))]
    return random.choice(good[-8:] or range(len(pair.held)))


def accepted(caller: dict[str, Any] | str) -> bool:
    """Return whether there is a caller behind some credentials."""
    return not isinstance(caller, str)


def ask_to_assume(pair: Pair, random: Random, holder: int, role: str) -> None:
    """Draw the parameters of AssumeRole."""
    tags = {"team": random.choice(["red", "blue"])} if random.random() < 0.35 else {}
    pair.assume(
        holder,
        role,
        name=random.choice(["one", "two"]),
        duration=random.choice([900] * 3 + [3600] * 9 + [3601, 7200, 7200, 43200, 899, 43201]),
        external=random.choice([None, "Unique-1", "Unique-1", "Unique-2"]),
        policy=random.choice([None, None, None, "list", "everything", "no get"]),
        arns=random.choice([[], [], [READ_ONLY]]) if pair.aws_policies else [],
        tags=tags,
        transitive=list(tags) if random.random() < 0.6 else [],
        source=random.choice([None, None, None, None, "alice", "alice", "bob"]),
    )


def begin(pair: Pair, random: Random) -> None:
    """Make a small world to begin with, in which most things work."""
    pair.aws_policies = random.random() < 0.15
    make_managed(pair, "managed-0", "list")
    for number in range(2):
        trust = {"service": "ec2", "allowed": [("account", 0)], "denied": [], "external": False}
        trust["actions"] = ALL_ACTIONS
        pair.roles.append(
            pair.write(
                "create_role",
                lambda n=number, t=trust: pair.account.create_role(f"role-{n}", trust=trust_document(t)),
                name=f"role-{number}",
                trust=trust,
            )
        )
        v1 = random.choice(["no v1", "list"])
        for name, policy in (("policy-0", "list"), ("policy-1", "sts"), ("red", "red"), ("alice", "alice"), ("v1", v1)):
            role, document = pair.roles[number], DOCUMENTS[policy]
            do = lambda r=role, n=name, d=document: r.put_policy(n, d)  # noqa: E731
            pair.write("put_policy", do, who=("roles", number), name=name, policy=policy)
        make_profile(pair, f"profile-{number}")
        fill_profile(pair, number, number)
    set_longest(pair, 1, 43200)
    set_team(pair, 0, "red")
    for account in (0, 1):
        make_user(pair, f"user-{account}", account)
        do = lambda a=account: pair.users[a].put_policy("policy-0", DOCUMENTS["everything"])  # noqa: E731
        pair.write("put_policy", do, who=("users", account), name="policy-0", policy="everything")
    launched = pair.write(
        "launch",
        lambda: pair.account.launch_instances(1, "profile-0", hibernation=True),
        profile=0,
        count=1,
        tokens="optional",
        hibernation=True,
    )
    pair.instances += launched


def step(pair: Pair, random: Random) -> None:
    """Do one thing at random."""
    name = random.choices(list(OPERATIONS), list(WEIGHTS.values()))[0]
    OPERATIONS[name](pair, random)


def run(seed: int, steps: int, pair: Pair | None = None, *, checks: float = 0.5, looks: float = 0.3) -> Pair:
    """Return the pair after a random history, in which somebody looks more often than not."""
    random = Random(seed)
    pair = Pair() if pair is None else pair
    begin(pair, random)
    for _ in range(steps):
        step(pair, random)
        if random.random() < checks:
            pair.check()
        if random.random() < looks:
            pair.look(random)
    pair.finish()
    return pair
