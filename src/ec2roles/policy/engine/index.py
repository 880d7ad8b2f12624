"""
What a group of policies says about one action: found once, then used for every request with that action.

Nothing is compiled when a policy is loaded. A layer looks at the statements of one service when an action of that service
is asked for, and compiles those that name the action. So a call costs what concerns it, however much else there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ec2roles.policy.document import Policy
from ec2roles.policy.engine.conditions import compile_condition
from ec2roles.policy.engine.matching import Matcher, action_matches, ascii_lower
from ec2roles.policy.engine.principals import DIRECT, NONE, Principals
from ec2roles.policy.engine.resources import Resources, Values
from ec2roles.policy.principal import Caller
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Statement

NOTHING, ALLOW, DENY = 0, 1, 2
_DEFAULT = Semantics()
_UNSET_IS_INERT = Semantics(unset_variable_is_null=False)
_REMEMBERED = 4096


class Compiled:
    """One statement, ready to be asked; all but its actions, which the plan has settled."""

    __slots__ = (
        "exact", "not_principals", "not_resources", "prefixes", "principals", "resources", "rest", "star", "statement",
        "tests", "wholes",
    )  # fmt: skip

    def __init__(self, statement: Statement, *, unset_is_null: bool = True) -> None:
        kind, variables = statement.kind, statement.variables
        self.statement = statement
        self.resources = self.not_resources = None
        # A resource is covered by the star, or is one of the exact ones, or has one of the prefixes, or `rest` says so.
        self.star, self.exact, self.prefixes = False, frozenset[str](), tuple[str, ...]()
        self.rest: Callable[[str, Values], bool] | None = None
        if statement.resources is not None:
            self.resources = entries = Resources(statement.resources, kind=kind, variables=variables)
            self.star, self.exact, self.prefixes = entries.star, frozenset(entries.exact), entries.prefixes
            if entries.tests or entries.templates:
                self.rest = entries.match_rest
        elif statement.not_resources is not None:
            self.not_resources = Resources(statement.not_resources, kind=kind, variables=variables)
            self.rest = self.not_resources.excludes if unset_is_null else self.not_resources.excludes_if_set
        else:
            # A trust policy has no Resource at all: it is about the role it belongs to.
            self.star = True
        # Conditions that one value settles are kept as plain tuples, which unpack faster than named ones; the others
        # judge the whole context.
        tests: list[tuple[str, Matcher, bool]] = []
        wholes: list[Callable[[Values], bool]] = []
        for condition in statement.conditions:
            test = compile_condition(condition, variables=variables, unset_is_null=unset_is_null)
            if test.full is None:
                tests.append((test.key, test.single, test.missing))
            else:
                wholes.append(test.full)
        self.tests, self.wholes = tuple(tests), tuple(wholes)
        self.principals = Principals(statement.principal) if statement.principal is not None else None
        self.not_principals = Principals(statement.not_principal) if statement.not_principal is not None else None

    def on(self, resource: str, values: Values) -> bool:
        """Return whether the statement is about *resource*."""
        return (
            self.star
            or resource in self.exact
            or resource.startswith(self.prefixes)
            or (self.rest is not None and self.rest(resource, values))
        )

    def applies(self, resource: str, values: Values) -> bool:
        """Return whether resource and conditions match."""
        return self.on(resource, values) and self.holds(values)

    def holds(self, values: Values) -> bool:
        """Return whether all conditions hold."""
        get = values.get
        for key, single, missing in self.tests:
            value = get(key)
            if value is None:
                if not missing:
                    return False
            # A key with several values needs a set operator; without one the condition is false, negated or not (C3).
            elif type(value) is not str or not single(value):
                return False
        for whole in self.wholes:  # noqa: SIM110  (all() with a generator costs twice as much here)
            if not whole(values):
                return False
        return True

    def covers(self, caller: Caller, semantics: Semantics, *, has_boundary: bool) -> int:
        """Return how the statement's principal covers *caller*."""
        if self.principals is not None:
            return self.principals.match(caller, everyone_includes_services=semantics.everyone_includes_services)
        if self.not_principals is not None:
            # A Deny spares nobody who has a permissions boundary, whoever is listed.
            if has_boundary and self.statement.effect == "Deny":
                return DIRECT
            return DIRECT if self.unlisted(caller, semantics) else NONE
        # Only an endpoint policy loads without a principal, and then it means everyone.
        return DIRECT

    def unlisted(self, caller: Caller, semantics: Semantics) -> tuple[str, ...]:
        """Return whom the statement's ``NotPrincipal`` would have to list besides, for it to leave *caller* alone."""
        if self.not_principals is None:
            return ()
        return self.not_principals.unlisted(
            caller,
            session=semantics.not_principal_session,
            everyone_includes_services=semantics.everyone_includes_services,
        )


def compiled(statement: Statement, semantics: Semantics = _DEFAULT) -> Compiled:
    """Return the compiled form of *statement*, which is kept with it, as far as *semantics* are the usual ones."""
    if not semantics.unset_variable_is_null:
        return Compiled(statement, unset_is_null=False)
    found = statement.compiled
    if found is None:
        found = Compiled(statement)
        object.__setattr__(statement, "compiled", found)
    return found  # type: ignore[no-any-return]


class Half:
    """
    The Allows or the Denys of a plan.

    Statements without conditions and variables are merged into one test. The others are found by the resources that they
    name: `about` those that name one outright, `starts` those that name a beginning, `others` any else.
    """

    __slots__ = (
        "about", "exact", "others", "prefix_owners", "prefixes", "star", "start_owners", "starts", "tails", "tests",
    )  # fmt: skip

    def __init__(self, statements: Iterable[Compiled]) -> None:
        self.star: Statement | None = None
        self.exact: dict[str, Statement] = {}
        owners: dict[str, Statement] = {}
        tests: list[tuple[Matcher, Statement]] = []
        tails: list[str] = []
        about: dict[str, list[Compiled]] = {}
        starts: list[tuple[str, Compiled]] = []
        others: list[Compiled] = []
        for one in statements:
            resources, statement = one.resources, one.statement
            if resources is None or statement.conditions or resources.templates:
                for text in one.exact:
                    about.setdefault(text, []).append(one)
                starts += [(text, one) for text in one.prefixes]
                if one.star or one.rest is not None:
                    others.append(one)
                continue
            if resources.star and self.star is None:
                self.star = statement
            for text in resources.exact:
                self.exact.setdefault(text, statement)
            for text in resources.prefixes:
                owners.setdefault(text, statement)
            tests += [(test, statement) for test in resources.tests]
            tails += resources.tails
        # All prefixes are tried in one call of `str.startswith`; whose it was is looked up only after a hit.
        self.prefixes = tuple(owners)
        self.prefix_owners = tuple(owners.items())
        self.tests = tuple(tests)
        self.tails = tuple(dict.fromkeys(tails))
        self.about, self.start_owners, self.others = about, tuple(starts), tuple(others)
        self.starts = tuple(dict.fromkeys([text for text, _ in starts]))

    def decider(self, request: Request) -> Statement | None:
        """Return a statement that applies to *request*, or None; of several one that is found at little cost."""
        resource = request._folded
        if self.star is not None:
            return self.star
        found = self.exact.get(resource)
        if found is not None:
            return found
        if self.prefixes and resource.startswith(self.prefixes):
            for prefix, statement in self.prefix_owners:
                if resource.startswith(prefix):
                    return statement
        if self.tails and resource.endswith(self.tails):
            for test, statement in self.tests:
                if test(resource):
                    return statement
        # Of the statements with conditions, those about another resource are passed over without a look. The context is
        # asked for only now, because a request prepares it when it is first needed.
        if self.about:
            for one in self.about.get(resource, ()):
                if one.holds(request.values):
                    return one.statement
        if self.starts and resource.startswith(self.starts):
            for start, one in self.start_owners:
                if resource.startswith(start) and one.holds(request.values):
                    return one.statement
        if self.others:
            values = request.values
            for one in self.others:
                if (one.star or one.rest(resource, values)) and one.holds(values):  # type: ignore[misc]
                    return one.statement
        return None


class Plan:
    """The statements of a layer that are about one action."""

    __slots__ = ("allow", "allows", "denies", "deny", "special")

    def __init__(self, statements: Iterable[Statement], special: bool, semantics: Semantics = _DEFAULT) -> None:
        found = [compiled(statement, semantics) for statement in statements]
        self.denies = tuple([one for one in found if one.statement.effect == "Deny"])
        self.allows = tuple([one for one in found if one.statement.effect == "Allow"])
        self.deny = Half(self.denies) if self.denies else None
        self.allow = Half(self.allows) if self.allows else None
        # Whether the action has rules of its own, so that the short way through `evaluate` is closed to it.
        self.special = special

    def result(self, request: Request) -> int:
        """Return `DENY`, `ALLOW` or `NOTHING`, for policies without principals."""
        if self.deny is not None and self.deny.decider(request) is not None:
            return DENY
        if self.allow is not None and self.allow.decider(request) is not None:
            return ALLOW
        return NOTHING

    def principal_result(
        self, resource: str, values: Values, caller: Caller, semantics: Semantics, has_boundary: bool
    ) -> tuple[bool, int]:
        """Return whether a Deny applies, and how the Allows that apply cover the caller."""
        for one in self.denies:
            if one.covers(caller, semantics, has_boundary=has_boundary) and one.applies(resource, values):
                return True, NONE
        found = NONE
        for one in self.allows:
            kinds = one.covers(caller, semantics, has_boundary=has_boundary)
            if kinds & ~found and one.applies(resource, values):
                found |= kinds
        return False, found


class _InertKey(NamedTuple):
    """The key of a plan under `Semantics(unset_variable_is_null=False)`."""

    key: Any


def plan_key(request: Request, semantics: Semantics) -> Any:
    """Return the key under which a layer keeps what it says about a request's action."""
    return request._key if semantics.unset_variable_is_null else _InertKey(request._key)


def is_special(action: str) -> bool:
    """Return whether an action, in lower case, has rules of its own (F4): those of STS, IAM and KMS."""
    return action.startswith(("sts:", "iam:", "kms:"))


def _any_names(entries: tuple[str, ...], action: str, operation: str | None) -> bool:
    for entry in entries:  # noqa: SIM110  (any() with a generator costs twice as much here)
        if entry == operation or action_matches(entry, action):
            return True
    return False


def _in_lower_case(statement: Statement) -> tuple[str, ...]:
    entries = statement.actions if statement.actions is not None else statement.not_actions or ()
    return tuple([ascii_lower(entry) for entry in entries])


# A statement with the entries of its Action or NotAction in lower case.
_Entries = tuple[Statement, tuple[str, ...]]


def _by_service(policy: Policy) -> dict[str, list[_Entries]]:
    """Sort the statements of a policy by the services they name; those that may be about any service are under ``""``."""
    found: dict[str, list[_Entries]] | None = policy.prepared.get("services")
    if found is None:
        found = {}
        for statement in policy.statements:
            entries = _in_lower_case(statement)
            if statement.actions is None:
                services = {""}
            else:
                services = {entry.partition(":")[0] for entry in entries}
                if any(["*" in service for service in services]):
                    services = {""}
            for service in services:
                found.setdefault(service, []).append((statement, entries))
        policy.prepared["services"] = found
    return found


class Layer:
    """
    The policies of one kind that apply together: what one of them allows is allowed, what one of them denies is denied.

    Args:
        kind: ``identity``, ``boundary``, ``session``, ``scp``, ``rcp``, ``resource`` or ``endpoint``.
        policies: loaded policies.
    """

    __slots__ = ("kind", "plans", "policies")

    def __init__(self, kind: str, policies: tuple[Policy, ...]) -> None:
        self.kind = kind
        self.policies = policies
        self.plans: dict[Any, Plan]
        # One policy alone keeps its plans for every layer that it is put into.
        self.plans = policies[0].prepared.setdefault("plans", {}) if len(policies) == 1 else {}

    def plan(self, key: Any) -> Plan:
        """
        Return the plan for an action, or for an action and the API operation behind it.

        Args:
            key: as `plan_key` makes it.
        """
        found = self.plans.get(key)
        if found is None:
            semantics = _DEFAULT
            if type(key) is _InertKey:
                semantics, key_of_request = _UNSET_IS_INERT, key.key
            else:
                key_of_request = key
            action, operation = key_of_request if type(key_of_request) is tuple else (key_of_request, None)
            action = ascii_lower(action)
            if len(self.plans) >= _REMEMBERED:
                self.plans.clear()
            special = is_special(action)
            found = self.plans[key] = Plan([one for _, one in self.about(action, operation)], special, semantics)
        return found

    def about(self, action: str, operation: str | None) -> list[tuple[Policy, Statement]]:
        """Return the statements that name an action, given in lower case, each with its policy."""
        services = {action.partition(":")[0], ""}
        if operation is not None:
            operation = ascii_lower(operation)
            services.add(operation.partition(":")[0])
        ordered = sorted(services)
        found = []
        for policy in self.policies:
            index = _by_service(policy)
            seen: set[int] = set()
            for service in ordered:
                for statement, entries in index.get(service, ()):
                    if statement.index not in seen and (
                        _any_names(entries, action, operation) is (statement.actions is not None)
                    ):
                        seen.add(statement.index)
                        found.append((policy, statement))
        return found
