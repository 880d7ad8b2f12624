"""The comparison notices a wrong rule: each of these models has one, and a few random histories tell it from the library.

A rule that nobody would notice is a rule that nobody tests. A new rule of the model needs its wrong twin here.
"""

from __future__ import annotations

from typing import Any

import pytest

from ec2roles import errors
from model.answers import SUCCESS
from model.operations import run
from model.pair import Pair
from model.reference import Reference
from model.writes import RUNNING, STOPPED, alive

World = dict[str, Any]
MOST_HISTORIES = 500
NOTICED = (AssertionError, pytest.fail.Exception, errors.Ec2RolesError)
PLANTED: list[type[Reference]] = []
QUICK = {
    "ExpiryIncluded",
    "RefreshAfterWrites",
    "TaggingNeedsNoPermission",
    "AccountTrustIsEnough",
    "SleepKeepsTheSet",
    "FaultsIncludeTheirEnd",
    "OutageSparesEC2",
}


def planted(model: type[Reference]) -> type[Reference]:
    """Enter a model with a wrong rule."""
    PLANTED.append(model)
    return model


# Time and rotation


@planted
class ExpiryIncluded(Reference):
    """Credentials are good at the instant of their expiration."""

    def within(self, issued: int, expires: int, now: int) -> str | None:
        return super().within(issued, expires + 1, now)


@planted
class GoodBeforeTheirIssue(Reference):
    """Credentials are good a microsecond before they were issued."""

    def within(self, issued: int, expires: int, now: int) -> str | None:
        return super().within(issued - 1, expires, now)


@planted
class LifetimeLonger(Reference):
    """A set lives a microsecond longer."""

    lifetime = Reference.lifetime + 1


@planted
class RefreshLater(Reference):
    """A refresh comes a microsecond later."""

    refresh = Reference.refresh + 1


@planted
class RefreshAfterWrites(Reference):
    """A scheduled refresh sees what is written at its own instant."""

    def world(self, at: int | None = None) -> World:
        until = self.now if at is None else at
        world = super().world(-1)
        for when, what, details in self.events:
            if when > until:
                break
            self.pass_time(world, when - 1)
            self.apply(world, when, what, details)
        self.pass_time(world, until)
        return world


@planted
class FailureDrops(Reference):
    """A refresh that fails takes the last good set out of the metadata."""

    def after_fetch(self, instance: World) -> None:
        if instance["last"]["outcome"] != SUCCESS:
            instance["good"] = None


@planted
class RebootRefreshes(Reference):
    """A reboot fetches new credentials."""

    def do_reboot(self, world: World, when: int, *, instance: int) -> set[str] | None:
        codes = super().do_reboot(world, when, instance=instance)
        if not codes:
            self.begin_epoch(world, world["instances"][instance], when)
        return codes


@planted
class ReplaceWaits(Reference):
    """A replaced profile is noticed at the next refresh."""

    def do_replace(self, world: World, when: int, *, instance: int, profile: int) -> set[str] | None:
        this = world["instances"][instance]
        before = {key: this[key] for key in ("next", "last", "good", "number")}
        codes = super().do_replace(world, when, instance=instance, profile=profile)
        if not codes:
            this.update(before)
            this["fetches"].pop()
        return codes


@planted
class StopKeepsTheSchedule(Reference):
    """A start goes on where the stop left off."""

    def do_start(self, world: World, when: int, *, instance: int) -> set[str] | None:
        this = world["instances"][instance]
        old = this["fetches"][-1]["issued"] if this["fetches"] else when
        stopped = this["state"] == STOPPED
        codes = super().do_start(world, when, instance=instance)
        if stopped and this["next"] is not None:
            this["next"] = when + self.refresh - (when - old) % self.refresh
        return codes


@planted
class SwapIsNoticedAtOnce(Reference):
    """A role put into a profile reaches its instances at once."""

    def do_add_role(self, world: World, when: int, *, profile: int, role: int) -> set[str] | None:
        codes = super().do_add_role(world, when, profile=profile, role=role)
        for instance in world["instances"]:
            if not codes and instance["profile"] == profile:
                self.begin_epoch(world, instance, when)
        return codes


@planted
class ProfilesByName(Reference):
    """A profile made anew under its old name serves the instances of the old one."""

    def fetch(self, world: World, instance: World, when: int) -> None:
        namesake = alive(world["profiles"], world["profiles"][instance["profile"]]["name"])
        instance["profile"] = instance["profile"] if namesake is None else namesake
        super().fetch(world, instance, when)


# What ends credentials


@planted
class RolesByName(Reference):
    """A role made anew under its old name takes over the sessions of the old one."""

    def role_stands(self, world: World, credentials: World) -> bool:
        return alive(world["roles"], world["roles"][credentials["role"]]["name"]) is not None


@planted
class DeletedRoleLivesOn(Reference):
    """Sessions of a deleted role are still known."""

    def role_stands(self, world: World, credentials: World) -> bool:
        return True


@planted
class DetachRevokes(Reference):
    """Credentials end when their instance has no profile any more."""

    def role_stands(self, world: World, credentials: World) -> bool:
        if credentials["kind"] == "instance" and world["instances"][credentials["instance"]]["profile"] is None:
            return False
        return super().role_stands(world, credentials)


@planted
class StopRevokes(Reference):
    """Credentials end when their instance does not run."""

    def role_stands(self, world: World, credentials: World) -> bool:
        if credentials["kind"] == "instance" and world["instances"][credentials["instance"]]["state"] != RUNNING:
            return False
        return super().role_stands(world, credentials)


@planted
class TrustRevokes(Reference):
    """Credentials of an instance end when the role does not trust EC2 any more."""

    def role_stands(self, world: World, credentials: World) -> bool:
        if credentials["kind"] == "instance" and not self.ec2_may_assume(world["roles"][credentials["role"]]):
            return False
        return super().role_stands(world, credentials)


@planted
class RevocationIncludesItsInstant(Reference):
    """A session issued at the very instant of a revocation is revoked."""

    def older(self, issued: int | None, cutoff: int) -> bool:
        return issued is not None and issued // 1000 <= cutoff // 1000


@planted
class RevocationForEver(Reference):
    """A revocation hits later sessions too."""

    def older(self, issued: int | None, cutoff: int) -> bool:
        return issued is not None


@planted
class InactiveKeysWork(Reference):
    """An inactive access key is accepted."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        if credentials["kind"] == "key":
            world = {
                **world,
                "keys": [{**key, "status": key["status"].replace("Inactive", "Active")} for key in world["keys"]],
            }
        return super().caller(world, credentials, now)


# Layers


@planted
class NewestVersionIsInForce(Reference):
    """Of a managed policy the newest version counts, not the default."""

    def says(self, world: World, policy: Any, action: str, context: World) -> str | None:
        if isinstance(policy, int):
            versions = world["managed"][policy]["versions"]
            policy = versions[max(versions)]
        return super().says(world, policy, action, context)


class Layer(Reference):
    """A model in which one layer comes out otherwise."""

    def changed(self, found: dict[str, bool], this: World, caller: World) -> dict[str, bool]:
        """Return the layers with one changed."""
        raise NotImplementedError

    def own(self, world: World, caller: World, action: str) -> dict[str, bool]:
        found = super().own(world, caller, action)
        return {**found, **self.changed(found, world[caller["who"][0]][caller["who"][1]], caller)}


@planted
class BoundaryIgnored(Layer):
    """A boundary limits nothing."""

    def changed(self, found: dict[str, bool], this: World, caller: World) -> dict[str, bool]:
        return {"boundary": True}


@planted
class BoundaryGrants(Layer):
    """What a boundary allows is allowed."""

    def changed(self, found: dict[str, bool], this: World, caller: World) -> dict[str, bool]:
        return {"identity": found["identity"] or (this["boundary"] is not None and found["boundary"])}


@planted
class SessionPolicyIgnored(Layer):
    """A session policy limits nothing."""

    def changed(self, found: dict[str, bool], this: World, caller: World) -> dict[str, bool]:
        return {"session": True}


@planted
class DenyIgnored(Layer):
    """A Deny does not count."""

    def changed(self, found: dict[str, bool], this: World, caller: World) -> dict[str, bool]:
        return {"denied": False}


@planted
class RoleTagsFrozen(Reference):
    """A session has no tags but its own."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        found = super().caller(world, credentials, now)
        return found if isinstance(found, str) else {**found, "tags": credentials.get("tags", {})}


@planted
class RoleTagsWin(Reference):
    """The role's tags override those of the session."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        found = super().caller(world, credentials, now)
        if isinstance(found, str) or found["who"][0] == "users":
            return found
        return {**found, "tags": {**found["tags"], **world["roles"][found["who"][1]]["tags"]}}


@planted
class OneDelivery(Reference):
    """What IMDSv1 hands out is like what IMDSv2 does."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        found = super().caller(world, credentials, now)
        return found if isinstance(found, str) else {**found, "delivery": 2}


# Assuming roles


class Kinds(Reference):
    """A model in which a trust policy means a caller otherwise."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        """Return other kinds."""
        raise NotImplementedError

    def kinds(self, world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        return self.changed(super().kinds(world, caller, principals), world, caller, principals)


@planted
class AccountTrustIsEnough(Kinds):
    """A trust policy that names the account lets everybody in it in."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        return {"role" if kind == "account" else kind for kind in kinds}


@planted
class RoleTrustNeedsAnAllow(Kinds):
    """A trust policy that names a role is not enough."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        return {"account" if kind == "role" else kind for kind in kinds}


@planted
class RoleTrustPassesLimits(Kinds):
    """A trust policy that names a role is not limited by the boundary or the session policy of its sessions."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        return {"direct" if kind == "role" else kind for kind in kinds}


@planted
class DirectTrustIsLimited(Kinds):
    """A trust policy that names a user or a session is limited by a boundary."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        return {"role" if kind == "direct" else kind for kind in kinds}


@planted
class TrustByName(Kinds):
    """A trust policy means whoever has the name now."""

    def changed(self, kinds: set[str], world: World, caller: World, principals: list[tuple[Any, ...]]) -> set[str]:
        table, number = caller["who"]
        this = world[table][number]
        for kind, *rest in principals:
            if kind == table and (world[kind][rest[0]]["name"], world[kind][rest[0]]["account"]) == (
                this["name"],
                this["account"],
            ):
                kinds = kinds | {"direct" if kind == "users" else "role"}
        return kinds


class Assume(Reference):
    """A model in which an AssumeRole call is judged otherwise."""

    def other(self, asked: World) -> World:
        """Return the call with something changed."""
        return asked

    def do_assume(self, world: World, when: int, **asked: Any) -> set[str] | None:
        return super().do_assume(world, when, **self.other(asked))


@planted
class MissingExternalIdMatches(Assume):
    """A caller that names no external id is let in where one is asked for."""

    def other(self, asked: World) -> World:
        return {**asked, "external": asked["external"] or "Unique-1"}


@planted
class ExternalIdIgnored(Assume):
    """Any external id will do."""

    def other(self, asked: World) -> World:
        return {**asked, "external": "Unique-1"}


@planted
class TagsAreNotTransitive(Assume):
    """No tag goes down a chain."""

    def other(self, asked: World) -> World:
        return {**asked, "transitive": []}


@planted
class ChainsLastLonger(Reference):
    """A chained session may last two hours."""

    chained = 7200


@planted
class UsersAreChainedToo(Reference):
    """The limit of an hour is everybody's."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        found = super().caller(world, credentials, now)
        return found if isinstance(found, str) else {**found, "chains": True}


@planted
class TaggingNeedsNoPermission(Reference):
    """Tags and source identities may always be passed where the role may be assumed."""

    def may_assume(self, world: World, caller: World, role: World, action: str, external: str | None) -> bool:
        return super().may_assume(world, caller, role, "sts:AssumeRole", external)


@planted
class TrustDenyIgnored(Reference):
    """A Deny in a trust policy does not count."""

    def bind(self, world: World, trust: World) -> World | None:
        bound = super().bind(world, trust)
        return bound if bound is None else {**bound, "denied": []}


@planted
class AcrossAccountsTrustIsEnough(Reference):
    """A trust policy alone lets in a caller of another account."""

    def may_assume(self, world: World, caller: World, role: World, action: str, external: str | None) -> bool:
        if caller["account"] != role["account"] and self.kinds(world, caller, role["trust"]["allowed"]):
            caller = {**caller, "account": role["account"]}
        return super().may_assume(world, caller, role, action, external)


@planted
class SourceIdentityIsForgotten(Reference):
    """A source identity does not go down a chain."""

    def caller(self, world: World, credentials: World, now: int) -> World | str:
        found = super().caller(world, credentials, now)
        return found if isinstance(found, str) else {**found, "source": None}


@planted
class OldLongestSession(Reference):
    """UpdateRole does not change how long a session may be."""

    def do_update_role(self, world: World, when: int, *, role: int, longest: int) -> set[str] | None:
        codes = super().do_update_role(world, when, role=role, longest=longest)
        world["roles"][role]["longest"] = 3600
        return codes


# The metadata service


@planted
class TokensSurviveAStop(Reference):
    """A token of an earlier boot is accepted."""

    def token_good(self, instance: World, number: int, token: World, now: int) -> bool:
        return super().token_good(instance, number, {**token, "boots": instance["boots"]}, now)


@planted
class TokensSleepWell(Reference):
    """Hibernation keeps metadata tokens, as it keeps the memory they lie in."""

    def do_hibernate(self, world: World, when: int, *, instance: int) -> set[str] | None:
        this = world["instances"][instance]
        before = this["boots"]
        codes = super().do_hibernate(world, when, instance=instance)
        this["boots"] = before
        return codes


@planted
class SleepKeepsTheSet(Reference):
    """What the metadata showed before hibernation is there again at once, and is refreshed when it was due."""

    kept = ("next", "last", "good")

    def do_hibernate(self, world: World, when: int, *, instance: int) -> set[str] | None:
        this = world["instances"][instance]
        before = {key: this[key] for key in self.kept} if this["state"] == RUNNING else None
        codes = super().do_hibernate(world, when, instance=instance)
        if not codes and before is not None:
            this["before sleep"] = before
        return codes

    def do_start(self, world: World, when: int, *, instance: int) -> set[str] | None:
        this = world["instances"][instance]
        before = this.pop("before sleep", None)
        codes = super().do_start(world, when, instance=instance)
        if not codes and before is not None and this["profile"] is not None:
            this["fetches"].pop()
            this["number"] -= 1
            this.update(before)
        return codes


@planted
class EverybodyMaySleep(Reference):
    """An instance need not be launched for hibernation."""

    def do_hibernate(self, world: World, when: int, *, instance: int) -> set[str] | None:
        return self.do_stop(world, when, instance=instance)


@planted
class TokensDieAtAReboot(Reference):
    """A reboot ends all tokens."""

    def do_reboot(self, world: World, when: int, *, instance: int) -> set[str] | None:
        codes = super().do_reboot(world, when, instance=instance)
        world["instances"][instance]["boots"] += not codes
        return codes


@planted
class TokensOfAnybody(Reference):
    """An instance accepts the tokens of others."""

    def token_good(self, instance: World, number: int, token: World, now: int) -> bool:
        return super().token_good(instance, number, {**token, "instance": number}, now)


@planted
class TokensLiveLonger(Reference):
    """A token is accepted when its time is over."""

    def token_good(self, instance: World, number: int, token: World, now: int) -> bool:
        return super().token_good(instance, number, {**token, "expires": token["expires"] + 1}, now)


@planted
class BadTokenFallsBack(Reference):
    """Where tokens are optional, a bad one is as good as none."""

    def admitted(self, world: World, number: int, now: int, token: World | None) -> int | None:
        status = super().admitted(world, number, now, token)
        return super().admitted(world, number, now, None) if status == 401 else status


@planted
class TokensNeverRequired(Reference):
    """A request without a token is always served."""

    def admitted(self, world: World, number: int, now: int, token: World | None) -> int | None:
        status = super().admitted(world, number, now, token)
        return 200 if status == 401 and token is None else status


@planted
class OneHopMore(Reference):
    """The answer to a request for a token comes one hop farther."""

    def token_granted(self, world: World, number: int, ttl: int, hops: int, now: int) -> int | None:
        return super().token_granted(world, number, ttl, max(0, hops - 1), now)


@planted
class DisabledIsMissing(Reference):
    """A disabled endpoint answers 404."""

    def admitted(self, world: World, number: int, now: int, token: World | None) -> int | None:
        status = super().admitted(world, number, now, token)
        return 404 if status == 403 else status


@planted
class DisabledServesPrograms(Reference):
    """A program on the instance gets credentials from a disabled endpoint."""

    def for_sdk(self, world: World, number: int, now: int) -> World | None:
        return self.shown(world, number, now) if number < len(world["instances"]) else None


# Faults


@planted
class FaultsIncludeTheirEnd(Reference):
    """A fault is still there at the instant of its end."""

    def faulty(self, world: World, kind: str, whose: int, now: int) -> bool:
        longer = [{**each, "ends": each["ends"] and each["ends"] + 1} for each in world["faults"]]
        return super().faulty({**world, "faults": longer}, kind, whose, now)


@planted
class FaultsOfOneAreOfAll(Reference):
    """A fault of one instance or account is everybody's."""

    def faulty(self, world: World, kind: str, whose: int, now: int) -> bool:
        faults = [{**each, "whose": None} for each in world["faults"]]
        return super().faulty({**world, "faults": faults}, kind, whose, now)


@planted
class FaultsAreNeverCleared(Reference):
    """Clearing a fault does nothing."""

    def do_clear(self, world: World, when: int, *, fault: int) -> set[str] | None:
        return None


@planted
class OutageDrops(Reference):
    """A refresh lost to an outage takes the set out of the metadata."""

    def after_fetch(self, instance: World) -> None:
        if instance["lost"]:
            instance["good"] = None


@planted
class OutageEndsWithTheSet(Reference):
    """What has expired is not shown, however long STS is down."""

    def shown(self, world: World, number: int, now: int) -> World | None:
        found = super().shown(world, number, now)
        return found if found is not None and now < found["expires"] else None


@planted
class OutageIsMadeGoodAtOnce(Reference):
    """EC2 tries again as soon as an outage is cleared."""

    def do_clear(self, world: World, when: int, *, fault: int) -> set[str] | None:
        super().do_clear(world, when, fault=fault)
        for instance in world["instances"]:
            if instance["lost"]:
                self.begin_epoch(world, instance, when)
        return None


@planted
class OutageSparesEC2(Reference):
    """STS is down for callers alone."""

    def fetch(self, world: World, instance: World, when: int) -> None:
        super().fetch({**world, "faults": []}, instance, when)


@planted
class ExpiredBeforeUnavailable(Reference):
    """An STS that is down still says of expired credentials that they are."""

    def identity(self, world: World, credentials: World, now: int) -> str:
        found = super().identity({**world, "faults": []}, credentials, now)
        return found if found == "ExpiredToken" else super().identity(world, credentials, now)


@planted
class SilentMetadataIsNotRefreshed(Reference):
    """Where the metadata does not answer, EC2 fetches nothing."""

    def fetch(self, world: World, instance: World, when: int) -> None:
        if self.faulty(world, "metadata", instance["this"], when):
            world = {**world, "faults": [{"kind": "sts", "begins": when, "ends": None, "whose": None}]}
        super().fetch(world, instance, when)


@planted
class SilenceServesPrograms(Reference):
    """A program gets credentials from a metadata service that does not answer."""

    def for_sdk(self, world: World, number: int, now: int) -> World | None:
        return super().for_sdk({**world, "faults": []}, number, now)


@planted
class EverybodyRecovers(Reference):
    """After the faults every instance that runs has credentials, whatever its role trusts."""

    def recovers(self, world: World, number: int) -> bool:
        this = world["instances"][number]
        return this["state"] == RUNNING and this["profile"] is not None


# Refusals


@planted
class SixVersions(Reference):
    """A managed policy may have six versions."""

    versions_of_a_policy = 6


@planted
class ThreeKeys(Reference):
    """A user may have three access keys."""

    keys_of_a_user = 3


@planted
class BoundariesAreNoUse(Reference):
    """A managed policy that bounds somebody may be deleted."""

    def do_delete_managed(self, world: World, when: int, *, managed: int) -> set[str] | None:
        unbound = [{**each, "boundary": None} for each in world["roles"]]
        return super().do_delete_managed({**world, "roles": unbound}, when, managed=managed)


@planted
class FullProfilesTakeARole(Reference):
    """A role takes the place of another in a profile."""

    def do_add_role(self, world: World, when: int, *, profile: int, role: int) -> set[str] | None:
        codes = super().do_add_role(world, when, profile=profile, role=role)
        if codes == {"LimitExceeded"}:
            world["profiles"][profile]["role"] = role
            return None
        return codes


def histories_until_noticed(model: type[Reference]) -> int | None:
    """Return how many random histories it takes to tell a model from the library; None if too many."""
    for seed in range(MOST_HISTORIES):
        try:
            run(seed, 60, Pair(model))
        except NOTICED:
            return seed + 1
    return None


def named(model: type[Reference]) -> str:
    return model.__name__


@pytest.mark.parametrize("model", [each for each in PLANTED if named(each) in QUICK], ids=named)
def test_a_wrong_rule_is_noticed(model: type[Reference]) -> None:
    assert histories_until_noticed(model)


@pytest.mark.slow
@pytest.mark.parametrize("model", PLANTED, ids=named)
def test_each_wrong_rule_is_noticed(model: type[Reference]) -> None:
    assert histories_until_noticed(model)
