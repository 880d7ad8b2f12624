"""
What a group of policies says about one action: found once, then used for every request with that action.

Nothing is compiled when a policy is loaded. A layer looks at the statements of one service when an action of that service
is asked for, and compiles those that name the action. So a call costs what concerns it, however much else there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ec2roles.policy.document import Policy
from ec2roles.policy.engine.compiled import CompiledStatement, compile_statement
from ec2roles.policy.engine.matching import Matcher, action_matches, ascii_lower
from ec2roles.policy.engine.principals import NONE
from ec2roles.policy.engine.resources import Values
from ec2roles.policy.principal import Caller
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Statement

NOTHING, ALLOW, DENY = 0, 1, 2
_DEFAULT = Semantics()
_UNSET_IS_INERT = Semantics(unset_variable_is_null=False)
_REMEMBERED = 4096


class StatementIndex:
    """
    The Allows of a plan, or its Denys, indexed by the resources that they name.

    Statements without conditions and variables are merged into one test: any of them settles the matter. The others are
    looked up: `by_resource` has those that name a resource outright, `by_prefix` those that name the beginning of one,
    `unindexed` all else.
    """

    __slots__ = (
        "by_prefix", "by_resource", "exact", "indexed_prefixes", "prefix_owners", "prefixes", "star", "tails", "tests",
        "unindexed",
    )  # fmt: skip

    prefixes: tuple[str, ...]
    prefix_owners: tuple[tuple[str, Statement], ...]
    tests: tuple[tuple[Matcher, Statement], ...]
    by_resource: dict[str, list[CompiledStatement]]
    by_prefix: tuple[tuple[str, CompiledStatement], ...]
    indexed_prefixes: tuple[str, ...]
    unindexed: tuple[CompiledStatement, ...]
    tails: tuple[str, ...]

    def __init__(self, statements: Iterable[CompiledStatement]) -> None:
        self.star: Statement | None = None
        self.exact: dict[str, Statement] = {}
        owners: dict[str, Statement] = {}
        tests: list[tuple[Matcher, Statement]] = []
        tails: list[str] = []
        by_resource: dict[str, list[CompiledStatement]] = {}
        by_prefix: list[tuple[str, CompiledStatement]] = []
        unindexed: list[CompiledStatement] = []
        for compiled in statements:
            resources, statement = compiled.resources, compiled.statement
            if resources is None or statement.conditions or resources.templates:
                for text in compiled.exact:
                    by_resource.setdefault(text, []).append(compiled)
                by_prefix += [(text, compiled) for text in compiled.prefixes]
                if compiled.star or compiled.rest is not None:
                    unindexed.append(compiled)
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
        # Likewise for patterns: whatever one of them matches ends in the text after its last wildcard.
        self.tails = tuple(dict.fromkeys(tails))
        self.by_resource, self.by_prefix, self.unindexed = by_resource, tuple(by_prefix), tuple(unindexed)
        self.indexed_prefixes = tuple(dict.fromkeys([text for text, _ in by_prefix]))

    def find(self, request: Request) -> Statement | None:
        """Return a statement that applies to *request*, or None; if several do, one that is found at little cost."""
        resource = request._folded
        if self.star is not None:
            return self.star
        statement = self.exact.get(resource)
        if statement is not None:
            return statement
        if self.prefixes and resource.startswith(self.prefixes):
            for prefix, statement in self.prefix_owners:
                if resource.startswith(prefix):
                    return statement
        if self.tails and resource.endswith(self.tails):
            for test, statement in self.tests:
                if test(resource):
                    return statement
        # Of the statements with conditions, those about another resource are passed over without a look. The context is
        # asked for only now, because a request prepares it when it is first asked for.
        if self.by_resource:
            for compiled in self.by_resource.get(resource, ()):
                if compiled.holds(request.values):
                    return compiled.statement
        if self.by_prefix and resource.startswith(self.indexed_prefixes):
            for prefix, compiled in self.by_prefix:
                if resource.startswith(prefix) and compiled.holds(request.values):
                    return compiled.statement
        if self.unindexed:
            values = request.values
            for compiled in self.unindexed:
                if (compiled.star or compiled.rest(resource, values)) and compiled.holds(values):  # type: ignore[misc]
                    return compiled.statement
        return None


class Plan:
    """The statements of a layer that are about one action."""

    __slots__ = ("allow_index", "allows", "denies", "deny_index", "special")

    def __init__(self, statements: Iterable[Statement], special: bool, semantics: Semantics = _DEFAULT) -> None:
        compiled = [compile_statement(statement, semantics) for statement in statements]
        self.denies: tuple[CompiledStatement, ...] = tuple(
            [deny for deny in compiled if deny.statement.effect == "Deny"]
        )
        self.allows: tuple[CompiledStatement, ...] = tuple(
            [allow for allow in compiled if allow.statement.effect == "Allow"]
        )
        self.deny_index: StatementIndex | None = StatementIndex(self.denies) if self.denies else None
        self.allow_index: StatementIndex | None = StatementIndex(self.allows) if self.allows else None
        # Whether the action has rules of its own, so that the short way through `evaluate` is closed to it.
        self.special: bool = special

    def result(self, request: Request) -> int:
        """Return `DENY`, `ALLOW` or `NOTHING`, for policies without principals."""
        if self.deny_index is not None and self.deny_index.find(request) is not None:
            return DENY
        if self.allow_index is not None and self.allow_index.find(request) is not None:
            return ALLOW
        return NOTHING

    def principal_result(
        self, resource: str, values: Values, caller: Caller, semantics: Semantics, has_boundary: bool
    ) -> tuple[bool, int]:
        """Return whether a Deny applies, and how the Allows that apply cover the caller."""
        for deny in self.denies:
            if deny.covers_caller(caller, semantics, has_boundary=has_boundary) and deny.applies(resource, values):
                return True, NONE
        # The kinds of cover are bits (an Allow may mean the caller itself, its role, its account): an Allow that would
        # add no bit need not be compared with the request.
        covered = NONE
        for allow in self.allows:
            kinds = allow.covers_caller(caller, semantics, has_boundary=has_boundary)
            if kinds & ~covered and allow.applies(resource, values):
                covered |= kinds
        return False, covered


class _InertKey(NamedTuple):
    """The key of a plan under `Semantics(unset_variable_is_null=False)`."""

    key: Any


def plan_key(request: Request, semantics: Semantics) -> Any:
    """Return the key under which a layer keeps what it says about a request's action."""
    return request._key if semantics.unset_variable_is_null else _InertKey(request._key)


def is_special(action: str) -> bool:
    """Return whether an action, in lower case, has rules of its own: those of STS, IAM and KMS."""
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
    by_service: dict[str, list[_Entries]] | None = policy.prepared.get("services")
    if by_service is None:
        by_service = {}
        for statement in policy.statements:
            entries = _in_lower_case(statement)
            if statement.actions is None:
                services = {""}
            else:
                services = {entry.partition(":")[0] for entry in entries}
                if any(["*" in service for service in services]):
                    services = {""}
            for service in services:
                by_service.setdefault(service, []).append((statement, entries))
        policy.prepared["services"] = by_service
    return by_service


class Layer:
    """
    The policies of one kind that apply together: what one of them allows is allowed, what one of them denies is denied.

    Args:
        kind: ``identity``, ``boundary``, ``session``, ``scp``, ``rcp``, ``resource`` or ``endpoint``.
        policies: loaded policies.
    """

    __slots__ = ("kind", "plans", "policies")

    def __init__(self, kind: str, policies: tuple[Policy, ...]) -> None:
        self.kind: str = kind
        self.policies: tuple[Policy, ...] = policies
        self.plans: dict[Any, Plan]
        # One policy alone keeps its plans for every layer that it is put into.
        self.plans = policies[0].prepared.setdefault("plans", {}) if len(policies) == 1 else {}

    def plan(self, key: Any) -> Plan:
        """
        Return the plan for an action, or for an action and the API operation behind it.

        Args:
            key: as `plan_key` makes it.
        """
        plan = self.plans.get(key)
        if plan is None:
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
            statements = [statement for _, statement in self.about(action, operation)]
            plan = self.plans[key] = Plan(statements, special, semantics)
        return plan

    def about(self, action: str, operation: str | None) -> list[tuple[Policy, Statement]]:
        """Return the statements that name an action, given in lower case, each with its policy."""
        services = {action.partition(":")[0], ""}
        if operation is not None:
            operation = ascii_lower(operation)
            services.add(operation.partition(":")[0])
        ordered = sorted(services)
        statements = []
        for policy in self.policies:
            by_service = _by_service(policy)
            # A statement that names several services stands under each of them, and counts once.
            seen: set[int] = set()
            for service in ordered:
                for statement, entries in by_service.get(service, ()):
                    if statement.index not in seen and (
                        _any_names(entries, action, operation) is (statement.actions is not None)
                    ):
                        seen.add(statement.index)
                        statements.append((policy, statement))
        return statements
