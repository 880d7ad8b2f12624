"""What can be asked: one kind of question, one method. A question gets a world and a moment, and changes nothing."""

from __future__ import annotations

from typing import Any

MILLISECOND = 1_000
RUNNING = "running"
UNAUTHORIZED, NOT_FOUND, EMPTY, SUCCESS = "AssumeRoleUnauthorizedAccess", "InstanceProfileNotFound", "empty", "Success"
LIST, GET = "s3:ListAllMyBuckets", "s3:GetObject"
# What some of the policies below are about, and nobody else: what it takes is a tag, or a source identity.
TAGGED, SOURCED = "dynamodb:Scan", "dynamodb:Query"
ACTIONS = (GET, TAGGED, SOURCED, GET, TAGGED)
READ_ONLY, ADMINISTRATOR = "AmazonS3ReadOnlyAccess", "AdministratorAccess"  # of AWS's managed policies

World = dict[str, Any]


def s3(action: str) -> bool:
    """Return whether an action is one of S3's."""
    return action.startswith("s3:")


# The policies that the histories use, by name: does one allow an action, deny it, or say nothing? *c* is the context.
PERMISSIONS: dict[str, Any] = {
    "list": lambda a, c: "Allow" if a == LIST else None,
    "s3": lambda a, c: "Allow" if s3(a) else None,
    "read": lambda a, c: "Allow" if a in {LIST, GET} else None,
    "everything": lambda a, c: "Allow",
    "sts": lambda a, c: "Allow" if a.startswith("sts:") else None,
    "assume": lambda a, c: "Allow" if a == "sts:AssumeRole" else None,
    "no s3": lambda a, c: "Deny" if s3(a) else None,
    "no get": lambda a, c: "Deny" if a == GET else None,
    "no assume": lambda a, c: "Deny" if a == "sts:AssumeRole" else None,
    "no tags": lambda a, c: "Deny" if a in {"sts:TagSession", "sts:SetSourceIdentity"} else None,
    "no v1": lambda a, c: "Deny" if s3(a) and c["delivery"] == 1 else None,
    "no instance": lambda a, c: "Deny" if s3(a) and c["instance"] is not None else None,
    "red": lambda a, c: "Allow" if a == TAGGED and c["tags"].get("team") == "red" else None,
    "alice": lambda a, c: "Allow" if a == SOURCED and c["source"] == "alice" else None,
    READ_ONLY: lambda a, c: "Allow" if a in {LIST, GET} else None,
    ADMINISTRATOR: lambda a, c: "Allow",
}


class Answers:
    """The questions."""

    # What fails

    def faulty(self, world: World, kind: str, whose: int, now: int) -> bool:
        """Return whether there is a fault of a kind at a moment, for an account or an instance, or for all of them."""
        return any(
            each["kind"] == kind
            and each["whose"] in {None, whose}
            and each["begins"] <= now
            and (each["ends"] is None or now < each["ends"])
            for each in world["faults"]
        )

    def sts_down(self, world: World, account: int, now: int) -> bool:
        """Return whether STS does not answer an account, nor EC2 on its behalf."""
        return self.faulty(world, "sts", account, now)

    def account_of(self, world: World, credentials: dict[str, Any]) -> int:
        """Return the number of the account whose credentials these are."""
        return world["users"][credentials["user"]]["account"] if credentials["kind"] == "key" else 0

    # Who has permission for what

    def ec2_may_assume(self, role: dict[str, Any]) -> bool:
        """Return whether a trust policy lets EC2 in; EC2 sends no external id, and a Deny beats an Allow."""
        return role["exists"] and role["trust"]["service"] == "ec2"

    def within(self, issued: int, expires: int, now: int) -> str | None:
        """Return what is wrong with temporary credentials at a moment: they are not known yet, or have expired."""
        return "unknown" if now < issued else "expired" if now >= expires else None

    def caller(self, world: World, credentials: dict[str, Any], now: int) -> dict[str, Any] | str:
        """Return who makes a call with credentials, and with what context; or ``expired`` or ``unknown``."""
        context = {"issued": None, "delivery": None, "instance": None, "tags": {}, "source": None}
        nothing = {**context, "policies": [], "transitive": set(), "chains": False, "session": None}
        if credentials["kind"] == "key":
            key = world["keys"][credentials["number"]] if credentials["number"] < len(world["keys"]) else None
            if key is None or key["status"] != "Active":
                return "unknown"
            return {**nothing, "who": ("users", key["user"]), "account": world["users"][key["user"]]["account"]}
        # Expired comes before the role is looked at: the specification leaves open which is said of both.
        wrong = self.within(credentials["issued"], credentials["expires"], now)
        if wrong is not None:
            return wrong
        if credentials["kind"] == "session" and credentials["number"] >= len(world["sessions"]):
            return "unknown"
        if not self.role_stands(world, credentials):
            return "unknown"
        number = credentials["role"]
        session = {**nothing, "who": ("roles", number), "account": 0, "chains": True, "issued": credentials["issued"]}
        tags = world["roles"][number]["tags"]
        if credentials["kind"] == "instance":
            where = {"delivery": credentials["delivery"], "instance": credentials["instance"]}
            return {**session, **where, "tags": tags, "session": ("instance", credentials["instance"])}
        own = {key: credentials[key] for key in ("policies", "transitive", "source")}
        name = (credentials["role_name"], credentials["name"])
        return {**session, **own, "tags": {**tags, **credentials["tags"]}, "session": name}

    def role_stands(self, world: World, credentials: dict[str, Any]) -> bool:
        """Return whether the very role of a session still exists; a namesake is another role."""
        return world["roles"][credentials["role"]]["exists"]

    def says(self, world: World, policy: Any, action: str, context: dict[str, Any]) -> str | None:
        """Return what one policy says: Allow, Deny or nothing."""
        if isinstance(policy, int):  # a customer managed one: the version in force
            this = world["managed"][policy]
            policy = this["versions"][this["default"]]
        if isinstance(policy, tuple):
            return "Deny" if self.older(context["issued"], policy[1]) else None
        return PERMISSIONS[policy](action, context)

    def older(self, issued: int | None, cutoff: int) -> bool:
        """Return whether a session was issued before a revocation.

        The policy's text holds milliseconds, as in the specification's sample. Of aws:TokenIssueTime it does not say how
        fine it is; the library compares milliseconds on both sides, so what is issued later than a revocation works.
        """
        if issued is None:  # long-term keys have no such time
            return False
        return issued // MILLISECOND < cutoff // MILLISECOND

    def own(self, world: World, caller: dict[str, Any], action: str) -> dict[str, bool]:
        """Return what the caller's own policies come to: is there a Deny, does the identity allow, do the limits?"""
        this = world[caller["who"][0]][caller["who"][1]]
        identity = {self.says(world, each, action, caller) for each in [*this["inline"].values(), *this["attached"]]}
        boundary = None if this["boundary"] is None else self.says(world, this["boundary"], action, caller)
        session = {self.says(world, each, action, caller) for each in caller["policies"]}
        return {
            "denied": "Deny" in {*identity, boundary, *session},
            "identity": "Allow" in identity,
            "boundary": this["boundary"] is None or boundary == "Allow",
            "session": not caller["policies"] or "Allow" in session,
        }

    def allowed(self, world: World, caller: dict[str, Any], action: str) -> bool:
        """Return whether a caller may do something that no resource has a policy about."""
        found = self.own(world, caller, action)
        return found["identity"] and found["boundary"] and found["session"] and not found["denied"]

    def may_assume(
        self, world: World, caller: dict[str, Any], role: dict[str, Any], action: str, external: str | None
    ) -> bool:
        """Return whether a caller may do one of the actions of an AssumeRole call."""
        trust, found = role["trust"], self.own(world, caller, action)
        if found["denied"] or (action == "sts:AssumeRole" and self.kinds(world, caller, trust["denied"])):
            return False
        kinds = self.kinds(world, caller, trust["allowed"])
        if trust["external"] and external != "Unique-1":
            kinds = set()
        if action not in trust["actions"]:
            kinds = set()
        if caller["account"] != role["account"]:
            return bool(kinds) and found["identity"] and found["boundary"] and found["session"]
        if "direct" in kinds:
            return True
        named = "role" in kinds or ("account" in kinds and found["identity"])
        return named and found["boundary"] and found["session"]

    def kinds(self, world: World, caller: dict[str, Any], principals: list[tuple[Any, ...]]) -> set[str]:
        """Return in which ways the principals of a trust policy mean a caller."""
        kinds = set()
        for kind, *rest in principals:
            if kind == "users" and caller["who"] == ("users", rest[0]):
                kinds.add("direct")
            if kind == "roles" and caller["who"] == ("roles", rest[0]):
                kinds.add("role")
            if kind == "account" and caller["account"] == rest[0]:
                kinds.add("account")
            if kind == "session" and caller["session"] == tuple(rest):
                kinds.add("direct")
        return kinds

    def answer(self, world: World, credentials: dict[str, Any], now: int, action: str = LIST) -> str:
        """Return what S3 says to a call: a code, or Success."""
        caller = self.caller(world, credentials, now)
        if isinstance(caller, str):
            return {"expired": "ExpiredToken", "unknown": "InvalidAccessKeyId"}[caller]
        return SUCCESS if self.allowed(world, caller, action) else "AccessDenied"

    # What the metadata shows

    def shown(self, world: World, number: int, now: int) -> dict[str, Any] | None:
        """Return the set of credentials that an instance's metadata holds, or None."""
        instance = world["instances"][number]
        good = instance["good"]
        if good is None or (good is not instance["last"] and now >= good["expires"]):
            return None
        return good  # if nothing but outages came after it, then also an expired one

    def for_sdk(self, world: World, number: int, now: int) -> dict[str, Any] | None:
        """Return the set that an SDK on the instance gets, or None."""
        if number >= len(world["instances"]) or world["instances"][number]["options"]["endpoint"] == "disabled":
            return None
        if self.faulty(world, "metadata", number, now):
            return None
        return self.shown(world, number, now)

    def token_granted(self, world: World, number: int, ttl: int, hops: int, now: int) -> int | None:
        """Return the status of a request for a token, or None if no answer arrives."""
        instance = world["instances"][number]
        if instance["state"] != RUNNING or self.faulty(world, "metadata", number, now):
            return None
        if instance["options"]["endpoint"] == "disabled":
            status = 403
        else:
            status = 200 if 1 <= ttl <= 21600 else 400
        return None if hops >= instance["options"]["hops"] and status == 200 else status

    def admitted(self, world: World, number: int, now: int, token: dict[str, Any] | None) -> int | None:
        """Return the status of a GET of a path that exists, or None if nothing answers."""
        instance = world["instances"][number]
        if instance["state"] != RUNNING or self.faulty(world, "metadata", number, now):
            return None
        if instance["options"]["endpoint"] == "disabled":
            return 403
        if token is None:
            return 401 if instance["options"]["tokens"] == "required" else 200
        return 200 if self.token_good(instance, number, token, now) else 401

    def token_good(self, instance: dict[str, Any], number: int, token: dict[str, Any], now: int) -> bool:
        """Return whether an instance accepts a token: its own, not expired, and of this boot."""
        own = token["instance"] == number and token["boots"] == instance["boots"]
        return own and token["issued"] <= now < token["expires"]

    def metadata(self, world: World, number: int, now: int) -> dict[str, Any]:
        """Return what is under ``iam/`` for who is admitted: info, the listing, and what document lies there."""
        last = world["instances"][number]["last"]
        absent = {"info": None, "listing": None, "document": None}
        if last is None:
            # Of a profile whose first assume was lost to an outage only the association is known.
            return {**absent, "info": SUCCESS} if world["instances"][number]["lost"] else absent
        info = last["outcome"] if last["outcome"] in {NOT_FOUND, EMPTY} else SUCCESS
        good = self.shown(world, number, now)
        if good is not None:
            return {"info": info, "listing": good["role_name"], "document": SUCCESS}
        if last["outcome"] == UNAUTHORIZED:
            return {"info": info, "listing": last["role_name"], "document": UNAUTHORIZED}
        return {**absent, "info": info}

    def identity(self, world: World, credentials: dict[str, Any], now: int) -> str:
        """Return what STS says to who asks who it is: a code, or Success. It takes no permission."""
        if self.sts_down(world, self.account_of(world, credentials), now):
            return "ServiceUnavailable"
        caller = self.caller(world, credentials, now)
        return (
            {"expired": "ExpiredToken", "unknown": "InvalidClientTokenId"}[caller]
            if isinstance(caller, str)
            else SUCCESS
        )

    def recovers(self, world: World, number: int) -> bool:
        """Return whether an instance must have good credentials soon, once all faults are over."""
        instance = world["instances"][number]
        if instance["state"] != RUNNING or instance["profile"] is None or instance["options"]["endpoint"] == "disabled":
            return False
        profile = world["profiles"][instance["profile"]]
        usable = profile["exists"] and profile["role"] is not None
        return usable and self.ec2_may_assume(world["roles"][profile["role"]])

    def own_answer(self, world: World, number: int, now: int, action: str = LIST) -> str | None:
        """Return what S3 says to a program on an instance: a code, or Success; None where nothing runs."""
        if world["instances"][number]["state"] != RUNNING:
            return None
        found = self.for_sdk(world, number, now)
        return "NoCredentials" if found is None else self.answer(world, {**found, "delivery": 2}, now, action)

    def assumes(self, world: World, number: int) -> list[tuple[int, bool]]:
        """Return when EC2 tried to assume a role for an instance, and whether it could, as far back as is kept.

        The specification does not say whether an empty or deleted profile counts as a try; the history tells of it.
        """
        return [(each["issued"], each["outcome"] == SUCCESS) for each in world["instances"][number]["fetches"]]
