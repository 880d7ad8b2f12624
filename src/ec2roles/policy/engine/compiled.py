"""One statement compiled: its resources, principals and conditions as tests that are quick to ask."""

from __future__ import annotations

from collections.abc import Callable

from ec2roles.policy.engine.conditions import compile_condition
from ec2roles.policy.engine.matching import Matcher
from ec2roles.policy.engine.principals import DIRECT, NONE, Principals
from ec2roles.policy.engine.resources import Resources, Values
from ec2roles.policy.principal import Caller
from ec2roles.policy.semantics import Semantics
from ec2roles.policy.statement import Statement

_DEFAULT = Semantics()


class CompiledStatement:
    """One statement in the form in which requests are compared with it; its actions were compared when the plan was made."""

    __slots__ = (
        "context_tests", "exact", "not_principals", "not_resources", "prefixes", "principals", "resources", "rest", "star",
        "statement", "tests",
    )  # fmt: skip

    statement: Statement
    resources: Resources | None
    not_resources: Resources | None
    star: bool
    exact: frozenset[str]
    prefixes: tuple[str, ...]
    tests: tuple[tuple[str, Matcher, bool], ...]
    context_tests: tuple[Callable[[Values], bool], ...]
    principals: Principals | None
    not_principals: Principals | None

    def __init__(self, statement: Statement, *, unset_is_null: bool = True) -> None:
        kind, variables = statement.kind, statement.variables
        self.statement = statement
        self.resources = self.not_resources = None
        # A statement covers a resource by "*", by its whole ARN, by the beginning of its ARN, or by what `rest` finds.
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
        # Conditions that look at one value are kept as plain tuples, which unpack faster than named ones; the others
        # look at the whole context.
        tests: list[tuple[str, Matcher, bool]] = []
        context_tests: list[Callable[[Values], bool]] = []
        for condition in statement.conditions:
            test = compile_condition(condition, variables=variables, unset_is_null=unset_is_null)
            if test.full is None:
                tests.append((test.key, test.single, test.missing))
            else:
                context_tests.append(test.full)
        self.tests, self.context_tests = tuple(tests), tuple(context_tests)
        self.principals = Principals(statement.principal) if statement.principal is not None else None
        self.not_principals = Principals(statement.not_principal) if statement.not_principal is not None else None

    def covers_resource(self, resource: str, values: Values) -> bool:
        """Return whether the statement's ``Resource`` or ``NotResource`` covers *resource*."""
        return (
            self.star
            or resource in self.exact
            or resource.startswith(self.prefixes)
            or (self.rest is not None and self.rest(resource, values))
        )

    def applies(self, resource: str, values: Values) -> bool:
        """Return whether resource and conditions match."""
        return self.covers_resource(resource, values) and self.holds(values)

    def holds(self, values: Values) -> bool:
        """Return whether all conditions hold."""
        get = values.get
        for key, single, missing in self.tests:
            value = get(key)
            if value is None:
                if not missing:
                    return False
            # A key with several values needs a set operator; without one the condition is false, negated or not.
            elif type(value) is not str or not single(value):
                return False
        for test in self.context_tests:  # noqa: SIM110  (all() with a generator costs twice as much here)
            if not test(values):
                return False
        return True

    def covers_caller(self, caller: Caller, semantics: Semantics, *, has_boundary: bool) -> int:
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


def compile_statement(statement: Statement, semantics: Semantics = _DEFAULT) -> CompiledStatement:
    """Return the compiled form of *statement*, which is kept with it unless *semantics* are unusual."""
    if not semantics.unset_variable_is_null:
        return CompiledStatement(statement, unset_is_null=False)
    compiled = statement.compiled
    if compiled is None:
        compiled = CompiledStatement(statement)
        object.__setattr__(statement, "compiled", compiled)
    return compiled  # type: ignore[no-any-return]
