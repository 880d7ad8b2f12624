"""A second, independent account of EC2 instance roles, to hold the library against.

It is written from the specification and imports nothing of ec2roles. It keeps one list of events and works out every
answer by going through that list again from the start, hour by hour: the opposite of how the library is built. Instants
are integers, microseconds since the beginning; roles, profiles and instances are plain dicts, known by numbers that are
never used again, so that a role deleted and made anew under its old name is another one.

The rules:

* A new association and a start fetch credentials at once, in the order of the writes, and then every hour from there.
* A scheduled refresh at an instant comes before all writes at that instant.
* A detach, a replacement, a stop or a termination ends the hourly refreshes at once; a reboot does nothing.
* A set lives six hours, wherever it is and whatever becomes of its instance, unless its role is deleted.
* A refresh that fails leaves the last good set of that association where it is, until that expires.
"""

from __future__ import annotations

from typing import Any

MILLISECOND = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
REFRESH = HOUR
LIFETIME = 6 * HOUR

RUNNING, STOPPED, TERMINATED = "running", "stopped", "terminated"
UNAUTHORIZED = "AssumeRoleUnauthorizedAccess"
NOT_FOUND = "InstanceProfileNotFound"
EMPTY = "empty"
SUCCESS = "Success"
REVOKE = "AWSRevokeOlderSessions"


class Reference:
    """All that has been done to one account, and what follows from it."""

    def __init__(self) -> None:
        self.now = 0
        self.events: list[tuple[int, str, dict[str, Any]]] = []

    def advance(self, microseconds: int) -> None:
        """Let time pass."""
        self.now += microseconds

    def write(self, what: str, **details: Any) -> set[str]:
        """Note one write down, or return the codes with which AWS may refuse it; then nothing has happened."""
        codes = refusals(self.world(), what, details)
        if not codes:
            self.events.append((self.now, what, details))
        return codes

    def world(self, at: int | None = None) -> dict[str, Any]:
        """Return the state of everything at the end of an instant (of now, as far as now has got), from the start."""
        until = self.now if at is None else at
        world: dict[str, Any] = {"roles": [], "profiles": [], "instances": []}
        for when, what, details in self.events:
            if when > until:
                break
            pass_time(world, when)
            apply(world, when, what, details)
        pass_time(world, until)
        return world


# What happens by itself


def pass_time(world: dict[str, Any], until: int) -> None:
    """Do all scheduled refreshes up to an instant, that instant included."""
    for instance in world["instances"]:
        while instance["next"] is not None and instance["next"] <= until:
            fetch(world, instance, instance["next"])


def fetch(world: dict[str, Any], instance: dict[str, Any], when: int) -> None:
    """Let EC2 try to assume the role in the instance's profile, as the world is at this moment of the replay."""
    profile = world["profiles"][instance["profile"]]
    role = None if profile["role"] is None else world["roles"][profile["role"]]
    if not profile["exists"]:
        outcome = NOT_FOUND
    elif role is None:
        outcome = EMPTY
    elif role["trust"] != "ec2":
        outcome = UNAUTHORIZED
    else:
        outcome = SUCCESS
    number = len(instance["fetches"])
    instance["fetches"].append(
        {
            "number": number,
            "when": when,
            "outcome": outcome,
            "role": profile["role"],
            "role_name": None if role is None else role["name"],
            "profile": instance["profile"],
            "issued": when,
            "expires": when + LIFETIME,
        }
    )
    instance["last"] = number
    if outcome == SUCCESS:
        instance["good"] = number
    instance["next"] = when + REFRESH


def begin_epoch(world: dict[str, Any], instance: dict[str, Any], when: int) -> None:
    """Fetch at once and every hour from now on, if there is a profile and the instance runs."""
    end_epoch(instance)
    if instance["state"] == RUNNING and instance["profile"] is not None:
        fetch(world, instance, when)


def end_epoch(instance: dict[str, Any]) -> None:
    """Stop refreshing and forget what the metadata showed."""
    instance["next"] = instance["last"] = instance["good"] = None


# What is written


def apply(world: dict[str, Any], when: int, what: str, details: dict[str, Any]) -> None:
    """Let one write change the world; that it may has been asked before."""
    if "instance" in details:
        change_instance(world, when, what, details)
    elif what == "create_role":
        world["roles"].append({"name": details["name"], "exists": True, "trust": details["trust"], "policies": {}})
    elif what == "create_profile":
        world["profiles"].append({"name": details["name"], "exists": True, "role": None})
    elif what == "launch":
        for _ in range(details["count"]):
            instance = {"state": RUNNING, "profile": details["profile"], "fetches": []}
            world["instances"].append(instance)
            begin_epoch(world, instance, when)
    elif what == "update_trust":
        world["roles"][details["role"]]["trust"] = details["trust"]
    elif what == "put_policy":
        world["roles"][details["role"]]["policies"][details["policy"]] = details["effect"]
    elif what == "revoke":
        world["roles"][details["role"]]["policies"][REVOKE] = when
    elif what == "delete_policy":
        del world["roles"][details["role"]]["policies"][details["policy"]]
    elif what == "delete_role":
        world["roles"][details["role"]]["exists"] = False
    elif what == "add_role":
        world["profiles"][details["profile"]]["role"] = details["role"]
    elif what == "remove_role":
        world["profiles"][details["profile"]]["role"] = None
    elif what == "delete_profile":
        world["profiles"][details["profile"]]["exists"] = False
    else:
        raise AssertionError(what)


def change_instance(world: dict[str, Any], when: int, what: str, details: dict[str, Any]) -> None:
    """Let one write change an instance."""
    instance = world["instances"][details["instance"]]
    if what in {"attach", "replace"}:
        instance["profile"] = details["profile"]
        begin_epoch(world, instance, when)
    elif what == "detach":
        instance["profile"] = None
        end_epoch(instance)
    elif what == "stop":
        instance["state"] = STOPPED
        end_epoch(instance)
    elif what == "start":
        if instance["state"] == STOPPED:  # starting one that runs does nothing
            instance["state"] = RUNNING
            begin_epoch(world, instance, when)
    elif what == "terminate":
        instance["state"] = TERMINATED
        instance["profile"] = None
        end_epoch(instance)
    elif what != "reboot":
        raise AssertionError(what)


def refusals(world: dict[str, Any], what: str, details: dict[str, Any]) -> set[str]:
    """Return the codes of all that is wrong with a write; AWS's order of checking is not known, so any may come."""
    codes = set()
    role = world["roles"][details["role"]] if details.get("role") is not None else None
    profile = world["profiles"][details["profile"]] if details.get("profile") is not None else None
    instance = world["instances"][details["instance"]] if "instance" in details else None
    if what in {"launch", "attach", "replace"} and profile is not None:
        if not profile["exists"] or profile["role"] is None:
            codes.add("InvalidParameterValue")
    if what == "attach":
        if instance["state"] == TERMINATED:
            codes.add("IncorrectInstanceState")
        if instance["profile"] is not None:
            codes.add("IncorrectState")
    if what == "replace" and (instance["profile"] is None or instance["state"] != RUNNING):
        codes.add("IncorrectState")
    if what == "detach" and instance["profile"] is None:
        codes.add("InvalidAssociationID.NotFound")
    if what in {"start", "stop", "reboot"} and instance["state"] == TERMINATED:
        codes.add("IncorrectInstanceState")
    if what == "reboot" and instance["state"] == STOPPED:
        codes.add("IncorrectInstanceState")  # the library's word; the specification has none
    if what == "create_role" and any(each["exists"] and each["name"] == details["name"] for each in world["roles"]):
        codes.add("EntityAlreadyExists")
    if what == "create_profile" and any(
        each["exists"] and each["name"] == details["name"] for each in world["profiles"]
    ):
        codes.add("EntityAlreadyExists")
    if (
        what in {"update_trust", "put_policy", "revoke", "delete_policy", "delete_role", "add_role"}
        and not role["exists"]
    ):
        codes.add("NoSuchEntity")
    if what in {"add_role", "remove_role", "delete_profile"} and not profile["exists"]:
        codes.add("NoSuchEntity")
    if what == "delete_policy" and details["policy"] not in role["policies"]:
        codes.add("NoSuchEntity")
    if what == "add_role" and profile["role"] is not None:
        codes.add("LimitExceeded")
    if what == "remove_role" and profile["role"] is None:
        codes.add("NoSuchEntity")
    if what == "delete_profile" and profile["role"] is not None:
        codes.add("DeleteConflict")
    if what == "delete_role":
        held = any(each["exists"] and each["role"] == details["role"] for each in world["profiles"])
        if held or role["policies"]:
            codes.add("DeleteConflict")
    return codes


# What can be seen


def shown(world: dict[str, Any], number: int, now: int) -> dict[str, Any] | None:
    """Return the set of credentials that an instance's metadata holds, or None."""
    instance = world["instances"][number]
    if instance["good"] is None:
        return None
    good = instance["fetches"][instance["good"]]
    return good if now < good["expires"] else None


def metadata(world: dict[str, Any], number: int, now: int) -> dict[str, Any]:
    """Return what is under ``iam/``: whether it answers, info, the listing, and what document lies there."""
    instance = world["instances"][number]
    absent = {"answers": instance["state"] == RUNNING, "info": None, "listing": None, "document": None}
    if instance["last"] is None:
        return absent
    last = instance["fetches"][instance["last"]]
    info = NOT_FOUND if last["outcome"] == NOT_FOUND else EMPTY if last["outcome"] == EMPTY else SUCCESS
    good = shown(world, number, now)
    if good is not None:
        return {**absent, "info": info, "listing": good["role_name"], "document": SUCCESS}
    if last["outcome"] == UNAUTHORIZED:
        return {**absent, "info": info, "listing": last["role_name"], "document": UNAUTHORIZED}
    return {**absent, "info": info}


def answer(world: dict[str, Any], leaked: dict[str, Any], now: int) -> str:
    """Return what S3 says when its buckets are listed with a set that was once read: a code, or Success."""
    if now < leaked["issued"]:
        return "InvalidAccessKeyId"
    if now >= leaked["expires"]:
        return "ExpiredToken"  # before the role is looked at: the specification leaves open which is said of both
    if not world["roles"][leaked["role"]]["exists"]:
        return "InvalidAccessKeyId"
    policies = world["roles"][leaked["role"]]["policies"]
    # The policy's text holds milliseconds, as in the specification's sample. Of aws:TokenIssueTime it does not say how
    # fine it is; the library compares milliseconds on both sides, so what is issued later than a revocation works.
    cutoff = policies.get(REVOKE, 0) // MILLISECOND * MILLISECOND
    revoked = leaked["issued"] // MILLISECOND * MILLISECOND < cutoff
    allowed = "Allow" in policies.values() and "Deny" not in policies.values() and not revoked
    return SUCCESS if allowed else "AccessDenied"


def own_answer(world: dict[str, Any], number: int, now: int) -> str | None:
    """Return what S3 says to a program on an instance: a code, or Success; None where nothing runs."""
    if world["instances"][number]["state"] != RUNNING:
        return None
    good = shown(world, number, now)
    return "NoCredentials" if good is None else answer(world, good, now)


def assumes(world: dict[str, Any], number: int) -> list[tuple[int, bool]]:
    """Return when EC2 tried to assume a role for an instance, and whether it could.

    The specification does not say whether an empty or deleted profile counts as a try; the history tells of it.
    """
    return [(each["when"], each["outcome"] == SUCCESS) for each in world["instances"][number]["fetches"]]
