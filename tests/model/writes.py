"""What can be written: one kind of event, one method.

A method looks at the world first and returns the codes of all that is wrong, since AWS's order of checking is not known;
if nothing is, it changes the world. A new operation is one more method here, and one more function in `operations.py`.
"""

from __future__ import annotations

from typing import Any

RUNNING, STOPPED, TERMINATED = "running", "stopped", "terminated"
REVOKE = "AWSRevokeOlderSessions"
NO_SUCH, EXISTS, CONFLICT = {"NoSuchEntity"}, {"EntityAlreadyExists"}, {"DeleteConflict"}
LIMIT, MALFORMED = {"LimitExceeded"}, {"MalformedPolicyDocument"}
DENIED, INVALID = {"AccessDenied"}, {"ValidationError"}
WRONG_STATE = {"IncorrectInstanceState"}

World = dict[str, Any]
Codes = set[str] | None


def alive(table: list[dict[str, Any]], name: str) -> int | None:
    """Return the number of the entity that has a name now; names are unique whatever their case."""
    for number, each in enumerate(table):
        if each["exists"] and each["name"].lower() == name.lower():
            return number
    return None


class Writes:
    """The events."""

    versions_of_a_policy = 5
    keys_of_a_user = 2
    chained = 3600

    # Roles, users and their policies; *who* is a table and a number: ("roles", 0), ("users", 2)

    def do_create_role(self, world: World, when: int, *, name: str, trust: dict[str, Any]) -> Codes:
        bound = self.bind(world, trust)
        codes = (EXISTS if alive(world["roles"], name) is not None else set()) | (MALFORMED if bound is None else set())
        if not codes:
            identity = {"inline": {}, "attached": [], "boundary": None}
            world["roles"].append(
                {"name": name, "exists": True, "account": 0, "trust": bound, "tags": {}, "longest": 3600, **identity}
            )
        return codes

    def bind(self, world: World, trust: dict[str, Any]) -> dict[str, Any] | None:
        """Turn the names of users and roles into what has these names now; None if one does not exist."""
        bound = {**trust, "allowed": [], "denied": []}
        for effect in ("allowed", "denied"):
            for kind, *rest in trust[effect]:
                principal: tuple[Any, ...] = (kind, *rest)
                if kind in {"users", "roles"}:
                    account, name = rest
                    found = alive(self.of_account(world[kind], account), name)
                    if found is None:
                        return None
                    principal = (kind, found)
                bound[effect].append(principal)
        return bound

    def do_update_trust(self, world: World, when: int, *, role: int, trust: dict[str, Any]) -> Codes:
        bound = self.bind(world, trust)
        codes = self.gone(world, ("roles", role)) | (MALFORMED if bound is None else set())
        if not codes:
            world["roles"][role]["trust"] = bound
        return codes

    def do_update_role(self, world: World, when: int, *, role: int, longest: int) -> Codes:
        codes = self.gone(world, ("roles", role))
        if not codes:
            world["roles"][role]["longest"] = longest
        return codes

    def do_tag_role(self, world: World, when: int, *, role: int, team: str | None) -> Codes:
        codes = self.gone(world, ("roles", role))
        if not codes:
            world["roles"][role]["tags"] = {} if team is None else {"team": team}
        return codes

    def do_delete_role(self, world: World, when: int, *, role: int) -> Codes:
        this = world["roles"][role]
        held = any(each["exists"] and each["role"] == role for each in world["profiles"])
        codes = self.gone(world, ("roles", role)) | (CONFLICT if held or this["inline"] or this["attached"] else set())
        if not codes:
            this["exists"] = False
        return codes

    def do_create_user(self, world: World, when: int, *, name: str, account: int) -> Codes:
        if alive(self.of_account(world["users"], account), name) is not None:
            return EXISTS
        world["users"].append(
            {"name": name, "account": account, "exists": True, "inline": {}, "attached": [], "boundary": None}
        )
        return None

    def do_delete_user(self, world: World, when: int, *, user: int) -> Codes:
        this = world["users"][user]
        held = any(each["user"] == user and each["status"] != "Deleted" for each in world["keys"])
        codes = self.gone(world, ("users", user)) | (CONFLICT if held or this["inline"] or this["attached"] else set())
        if not codes:
            this["exists"] = False
        return codes

    def do_create_key(self, world: World, when: int, *, user: int) -> Codes:
        held = [each for each in world["keys"] if each["user"] == user and each["status"] != "Deleted"]
        codes = self.gone(world, ("users", user)) | (LIMIT if len(held) >= self.keys_of_a_user else set())
        if not codes:
            world["keys"].append({"user": user, "status": "Active"})
        return codes

    def do_update_key(self, world: World, when: int, *, key: int, status: str) -> Codes:
        this = world["keys"][key]
        if this["status"] == "Deleted":
            return NO_SUCH
        this["status"] = status
        return None

    def do_put_policy(self, world: World, when: int, *, who: tuple[str, int], name: str, policy: str) -> Codes:
        codes = self.gone(world, who)
        if not codes:
            world[who[0]][who[1]]["inline"][name] = policy
        return codes

    def do_delete_policy(self, world: World, when: int, *, who: tuple[str, int], name: str) -> Codes:
        this = world[who[0]][who[1]]
        codes = self.gone(world, who) | (set() if name in this["inline"] else NO_SUCH)
        if not codes:
            del this["inline"][name]
        return codes

    def do_revoke(self, world: World, when: int, *, role: int) -> Codes:
        codes = self.gone(world, ("roles", role))
        if not codes:
            world["roles"][role]["inline"][REVOKE] = ("revoke", when)
        return codes

    def do_attach_policy(self, world: World, when: int, *, who: tuple[str, int], managed: int | str) -> Codes:
        codes = self.gone(world, who) | self.no_policy(world, managed)
        attached = world[who[0]][who[1]]["attached"]
        if not codes and managed not in attached:
            attached.append(managed)
        return codes

    def do_detach_policy(self, world: World, when: int, *, who: tuple[str, int], managed: int | str) -> Codes:
        attached = world[who[0]][who[1]]["attached"]
        codes = self.gone(world, who) | (set() if managed in attached else NO_SUCH)
        if not codes:
            attached.remove(managed)
        return codes

    def do_put_boundary(self, world: World, when: int, *, who: tuple[str, int], managed: int | str) -> Codes:
        codes = self.gone(world, who) | self.no_policy(world, managed)
        if not codes:
            world[who[0]][who[1]]["boundary"] = managed
        return codes

    def do_delete_boundary(self, world: World, when: int, *, who: tuple[str, int]) -> Codes:
        codes = self.gone(world, who) | (NO_SUCH if world[who[0]][who[1]]["boundary"] is None else set())
        if not codes:
            world[who[0]][who[1]]["boundary"] = None
        return codes

    # Customer managed policies, known by their numbers; AWS's own are known by their names

    def do_create_managed(self, world: World, when: int, *, name: str, policy: str) -> Codes:
        if alive(world["managed"], name) is not None:
            return EXISTS
        world["managed"].append({"name": name, "exists": True, "versions": {1: policy}, "default": 1, "made": 1})
        return None

    def do_create_version(self, world: World, when: int, *, managed: int, policy: str, default: bool) -> Codes:
        this = world["managed"][managed]
        full = len(this["versions"]) >= self.versions_of_a_policy
        codes = self.gone(world, ("managed", managed)) | (LIMIT if full else set())
        if not codes:
            this["made"] += 1
            this["versions"][this["made"]] = policy
            this["default"] = this["made"] if default else this["default"]
        return codes

    def do_set_default_version(self, world: World, when: int, *, managed: int, version: int) -> Codes:
        this = world["managed"][managed]
        codes = self.gone(world, ("managed", managed)) | (set() if version in this["versions"] else NO_SUCH)
        if not codes:
            this["default"] = version
        return codes

    def do_delete_version(self, world: World, when: int, *, managed: int, version: int) -> Codes:
        this = world["managed"][managed]
        codes = self.gone(world, ("managed", managed)) | (set() if version in this["versions"] else NO_SUCH)
        codes |= CONFLICT if version == this["default"] else set()
        if not codes:
            del this["versions"][version]
        return codes

    def do_delete_managed(self, world: World, when: int, *, managed: int) -> Codes:
        this = world["managed"][managed]
        used = any(
            each["exists"] and (managed in each["attached"] or each["boundary"] == managed)
            for each in [*world["roles"], *world["users"]]
        )
        codes = self.gone(world, ("managed", managed)) | (CONFLICT if used or len(this["versions"]) > 1 else set())
        if not codes:
            this["exists"] = False
        return codes

    def of_account(self, table: list[dict[str, Any]], account: int) -> list[dict[str, Any]]:
        """Return a table in which only what belongs to one account exists."""
        return [{**each, "exists": each["exists"] and each["account"] == account} for each in table]

    def gone(self, world: World, who: tuple[str, int]) -> set[str]:
        """Return the code for an entity that does not exist any more."""
        return set() if world[who[0]][who[1]]["exists"] else set(NO_SUCH)

    def no_policy(self, world: World, managed: int | str) -> set[str]:
        """Return the code for a managed policy that does not exist any more; AWS's always do."""
        return set() if isinstance(managed, str) else self.gone(world, ("managed", managed))

    # Instance profiles

    def do_create_profile(self, world: World, when: int, *, name: str) -> Codes:
        if alive(world["profiles"], name) is not None:
            return EXISTS
        world["profiles"].append({"name": name, "exists": True, "role": None})
        return None

    def do_add_role(self, world: World, when: int, *, profile: int, role: int) -> Codes:
        this = world["profiles"][profile]
        codes = self.gone(world, ("profiles", profile)) | self.gone(world, ("roles", role))
        codes |= LIMIT if this["role"] is not None else set()
        if not codes:
            this["role"] = role
        return codes

    def do_remove_role(self, world: World, when: int, *, profile: int) -> Codes:
        this = world["profiles"][profile]
        codes = self.gone(world, ("profiles", profile)) | (NO_SUCH if this["role"] is None else set())
        if not codes:
            this["role"] = None
        return codes

    def do_delete_profile(self, world: World, when: int, *, profile: int) -> Codes:
        this = world["profiles"][profile]
        codes = self.gone(world, ("profiles", profile)) | (CONFLICT if this["role"] is not None else set())
        if not codes:
            this["exists"] = False
        return codes

    # Instances

    def do_launch(
        self,
        world: World,
        when: int,
        *,
        profile: int | None,
        count: int,
        tokens: str,
        hibernation: bool = False,
    ) -> Codes:
        if self.unusable(world, profile):
            return {"InvalidParameterValue"}
        for _ in range(count):
            instance = {
                "this": len(world["instances"]),
                "state": RUNNING,
                "profile": profile,
                "fetches": [],
                "number": 0,
                "complete_since": 0,
                "boots": 0,
                "hibernation": hibernation,
                "options": {"endpoint": "enabled", "tokens": tokens, "hops": 1},
            }
            world["instances"].append(instance)
            self.begin_epoch(world, instance, when)
        return None

    def unusable(self, world: World, profile: int | None) -> bool:
        """Return whether EC2 refuses a profile: it is gone, or it has no role."""
        if profile is None:
            return False
        this = world["profiles"][profile]
        return not this["exists"] or this["role"] is None

    def do_attach(self, world: World, when: int, *, instance: int, profile: int) -> Codes:
        this = world["instances"][instance]
        codes = {"InvalidParameterValue"} if self.unusable(world, profile) else set()
        codes |= WRONG_STATE if this["state"] == TERMINATED else set()
        codes |= {"IncorrectState"} if this["profile"] is not None else set()
        if not codes:
            this["profile"] = profile
            self.begin_epoch(world, this, when)
        return codes

    def do_replace(self, world: World, when: int, *, instance: int, profile: int) -> Codes:
        this = world["instances"][instance]
        codes = {"InvalidParameterValue"} if self.unusable(world, profile) else set()
        codes |= {"IncorrectState"} if this["profile"] is None or this["state"] != RUNNING else set()
        if not codes:
            this["profile"] = profile
            self.begin_epoch(world, this, when)
        return codes

    def do_detach(self, world: World, when: int, *, instance: int) -> Codes:
        this = world["instances"][instance]
        if this["profile"] is None:
            return {"InvalidAssociationID.NotFound"}
        this["profile"] = None
        self.end_epoch(this)
        return None

    def do_stop(self, world: World, when: int, *, instance: int) -> Codes:
        this = world["instances"][instance]
        if this["state"] == TERMINATED:
            return WRONG_STATE
        if this["state"] == RUNNING:  # stopping one that is stopped does nothing
            this["state"] = STOPPED
            this["boots"] += 1
            self.end_epoch(this)
        return None

    def do_hibernate(self, world: World, when: int, *, instance: int) -> Codes:
        # As a stop; whether one that is stopped already may lack the configuration is not said anywhere.
        this = world["instances"][instance]
        codes = set() if this["hibernation"] else {"UnsupportedHibernationConfiguration"}
        codes |= WRONG_STATE if this["state"] == TERMINATED else set()
        return codes or self.do_stop(world, when, instance=instance)

    def do_start(self, world: World, when: int, *, instance: int) -> Codes:
        this = world["instances"][instance]
        if this["state"] == TERMINATED:
            return WRONG_STATE
        if this["state"] == STOPPED:  # starting one that runs does nothing
            this["state"] = RUNNING
            self.begin_epoch(world, this, when)
        return None

    def do_reboot(self, world: World, when: int, *, instance: int) -> Codes:
        # IncorrectInstanceState of a stopped one is the library's word; the specification has none.
        return None if world["instances"][instance]["state"] == RUNNING else WRONG_STATE

    def do_terminate(self, world: World, when: int, *, instance: int) -> Codes:
        this = world["instances"][instance]
        this["state"] = TERMINATED
        this["profile"] = None
        self.end_epoch(this)
        return None

    def do_modify(self, world: World, when: int, *, instance: int, **options: Any) -> Codes:
        this = world["instances"][instance]
        after = {**this["options"], **options}
        codes = set(WRONG_STATE) if this["state"] == TERMINATED else set()
        if after["endpoint"] == "disabled" and options.keys() - {"endpoint"}:
            codes |= {"InvalidParameterCombination"}
        if not codes:
            this["options"] = after
        return codes

    # Faults

    def do_sts_outage(self, world: World, when: int, *, begins: int, ends: int | None, account: int | None) -> Codes:
        world["faults"].append({"kind": "sts", "begins": begins, "ends": ends, "whose": account})
        return None

    def do_metadata_outage(
        self, world: World, when: int, *, begins: int, ends: int | None, instance: int | None
    ) -> Codes:
        world["faults"].append({"kind": "metadata", "begins": begins, "ends": ends, "whose": instance})
        return None

    def do_clear(self, world: World, when: int, *, fault: int) -> Codes:
        this = world["faults"][fault]
        if this["ends"] is None or when < this["ends"]:  # one that is over stays as it was
            this["ends"] = max(when, this["begins"])  # at its beginning: it is called off
        return None

    # Sessions

    def do_assume(self, world: World, when: int, **asked: Any) -> Codes:
        """Assume a role: *asked* has the caller's credentials, the role's name and AWS's parameters."""
        if self.sts_down(world, self.account_of(world, asked["credentials"]), when):
            return {"ServiceUnavailable"}
        caller = self.caller(world, asked["credentials"], when)
        codes = set() if 900 <= asked["duration"] <= 43200 else set(INVALID)
        if isinstance(caller, str):
            return codes | {{"expired": "ExpiredToken", "unknown": "InvalidClientTokenId"}[caller]}
        number = alive(world["roles"], asked["role"])
        inherited = {key: caller["tags"][key] for key in caller["transitive"]}
        if caller["source"] is not None and asked["source"] not in {None, caller["source"]}:
            # The specification names no code for it.
            codes |= {"AccessDenied", "InvalidParameterValue", "ValidationError"}
        if inherited.keys() & asked["tags"].keys():
            codes |= {"InvalidParameterValue"}
        if number is None:
            return codes | DENIED
        role = world["roles"][number]
        source = caller["source"] or asked["source"]
        actions = ["sts:AssumeRole"]
        actions += ["sts:TagSession"] if asked["tags"] or inherited else []
        actions += ["sts:SetSourceIdentity"] if source is not None else []
        if not all(self.may_assume(world, caller, role, action, asked["external"]) for action in actions):
            codes |= DENIED
        if asked["duration"] > role["longest"] or (caller["chains"] and asked["duration"] > self.chained):
            codes |= INVALID
        if not codes:
            world["sessions"].append(
                {
                    "kind": "session",
                    "number": len(world["sessions"]),
                    "role": number,
                    "role_name": role["name"],
                    "name": asked["name"],
                    "issued": when,
                    "expires": when + asked["duration"] * 1_000_000,
                    "policies": [asked["policy"]] * (asked["policy"] is not None) + list(asked["arns"]),
                    "tags": {**inherited, **asked["tags"]},
                    "transitive": {*caller["transitive"], *asked["transitive"]},
                    "source": source,
                }
            )
        return codes
