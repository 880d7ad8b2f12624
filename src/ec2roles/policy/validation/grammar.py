"""
What AWS accepts as a policy of each kind, checked in AWS's own order.

A document is read once. What is wrong with it is collected as problems with AWS's rank, and the one that AWS would
report is raised: a missing Version, for instance, comes before a duplicate Sid, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ec2roles.arns import shown
from ec2roles.pointers import below
from ec2roles.policy.engine.operators import explain_unknown, parse_operator
from ec2roles.policy.engine.values import instant
from ec2roles.policy.statement import Condition, Statement
from ec2roles.policy.validation import hints, legacy
from ec2roles.policy.validation.elements import ACTION_OK, RESOURCE_OK, action_problem, resource_problem
from ec2roles.policy.validation.principals import check_principal, service_problem
from ec2roles.policy.validation.problems import (
    ACTIONS,
    LEGACY,
    PREFIX,
    PRINCIPAL,
    RESOURCES,
    SID,
    SYNTAX,
    T_ACTION,
    T_EFFECT,
    T_EMPTY,
    T_INVALID,
    T_NOT_PRINCIPAL,
    T_PRINCIPAL,
    T_RESOURCE,
    T_SID,
    T_STS,
    T_VERSION,
    VERSION,
    Problems,
)

KINDS = ("identity", "managed", "boundary", "session", "trust", "resource", "scp", "rcp", "endpoint")
NEWEST = "2012-10-17"
VERSIONS = (NEWEST, "2008-10-17")
IDENTITY_LIKE = frozenset({"identity", "managed", "boundary", "session"})
OF_TODAY = frozenset({"managed", "boundary", "session", "rcp"})
"""The kinds that must be of the newest version; inline policies and those of resources may be older ones."""
NOT_JSON = {"trust": "This policy contains invalid Json"}
"""AWS's wording for text that is not JSON, where it is not the usual one."""

_NO_PRINCIPAL = IDENTITY_LIKE | {"scp"}
_TOP = frozenset({"Version", "Id", "Statement"})
_ELEMENTS = frozenset(
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]
)
_TWIN = "both '{0}' and 'Not{0}'; a statement has one of them"


class Read(NamedTuple):
    """What a document says."""

    version: str | None
    id: str | None
    statements: tuple[Statement, ...]


class Grammar:
    """
    Reads one document of one kind.

    Args:
        kind: one of `KINDS`.
        stored: AWS holds the document already: rules that changed over the years are not held against it.
    """

    def __init__(self, kind: str, *, stored: bool = False) -> None:
        self.kind = kind
        self.stored = stored
        self.trust: bool = kind == "trust"
        self.problems: Problems = Problems(trust=self.trust)
        self.wrong: Callable[..., None] = self.problems.note

    def read(self, data: Any, written: str | None = None) -> Read:
        """
        Return what *data* says.

        Args:
            data: the document.
            written: its text, if it was given as one.

        Raises:
            PolicyError: the problem that AWS would report first.
        """
        if not isinstance(data, dict):
            self.wrong(SYNTAX, f"a policy must be a JSON object, got {_json_type(data)}")
            raise self.problems.error()
        for key in data:
            if key not in _TOP:
                self.wrong(SYNTAX, partial(_unknown_key, key, _TOP), "/")
        version = self._version(data)
        if self.kind in legacy.KINDS and not self.stored:
            for problem in legacy.problems(written, data):
                self.wrong(LEGACY, problem, "/")
        policy_id = data.get("Id")
        if "Id" in data and not isinstance(policy_id, str):
            self.wrong(SYNTAX, f"Id must be a string, got {_json_type(policy_id)}", "/Id")
        statements = self._statements(data, variables=version == NEWEST)
        self._check_sids(statements)
        if self.problems:
            raise self.problems.error()
        return Read(version, policy_id, tuple(statements))

    def _statements(self, data: dict[str, Any], *, variables: bool) -> list[Statement]:
        statements: list[Statement] = []
        written: Any = data.get("Statement")
        if "Statement" not in data:
            self.wrong(SYNTAX, "missing 'Statement'", "/", trust=T_EMPTY)
        elif not isinstance(written, (dict, list)):
            self.wrong(SYNTAX, f"'Statement' must be an object or a list, got {_json_type(written)}", "/Statement")
        elif not written:
            self.wrong(SYNTAX, "'Statement' is empty", "/Statement", trust=T_EMPTY)
        elif isinstance(written, dict):
            self._statement(written, "/Statement", 0, variables, statements)
        else:
            for index, statement in enumerate(written):
                self._statement(statement, f"/Statement/{index}", index, variables, statements)
        return statements

    def _check_sids(self, statements: list[Statement]) -> None:
        seen: set[str] = set()
        for statement in statements:
            if statement.sid:
                if statement.sid in seen:
                    self.wrong(SID, f"duplicate Sid {shown(statement.sid)}", statement.pointer, trust=T_SID)
                seen.add(statement.sid)

    def _version(self, data: dict[str, Any]) -> str | None:
        version = data.get("Version")
        if "Version" in data and not isinstance(version, str):
            detail = f"Version must be a string, '{NEWEST}' or '{VERSIONS[1]}', got {_json_type(version)}"
            self.wrong(SYNTAX, detail, "/Version", trust=T_VERSION)
            return None
        if version is not None and version not in VERSIONS:
            detail = f"Version must be '{NEWEST}' or '{VERSIONS[1]}', got {shown(version)}"
            self.wrong(SYNTAX, detail, "/Version", trust=T_VERSION)
        elif version != NEWEST and self.kind in OF_TODAY and not self.stored:
            got = "is missing" if version is None else f"is {shown(version)}"
            self.wrong(VERSION, f'Version {got}; write "Version": "{NEWEST}"', "/Version" if version else "/")
        return version

    # -- a statement --------------------------------------------------------------------------------------------------

    def _statement(self, data: Any, path: str, index: int, variables: bool, into: list[Statement]) -> None:
        if not isinstance(data, dict):
            self.wrong(SYNTAX, f"a statement must be an object, got {_json_type(data)}", path)
            return
        for key in data:
            if key not in _ELEMENTS:
                self.wrong(SYNTAX, partial(_unknown_key, key, _ELEMENTS), path)
        sid = data.get("Sid")
        if type(sid) is not str and "Sid" in data:
            self.wrong(SYNTAX, f"Sid must be a string, got {_json_type(sid)}", f"{path}/Sid")
            sid = None
        effect: Any = data.get("Effect")
        if effect != "Allow" and effect != "Deny":
            self._effect(data, path)
        actions = self._texts(data, "Action", path) if "Action" in data else None
        not_actions = self._texts(data, "NotAction", path) if "NotAction" in data else None
        resources = self._texts(data, "Resource", path) if "Resource" in data else None
        not_resources = self._texts(data, "NotResource", path) if "NotResource" in data else None
        self._actions(actions, not_actions, path)
        if self.trust:
            self._no_resources(data, path)
        else:
            self._resources(resources, not_resources, path, data)
        principal = not_principal = None
        if "Principal" in data or "NotPrincipal" in data or self.kind not in _NO_PRINCIPAL:
            principal, not_principal = self._principals(data, path)
        conditions: tuple[Condition, ...] = ()
        if "Condition" in data:
            conditions = self._conditions(data["Condition"], f"{path}/Condition")
        if self.kind == "rcp" and effect == "Allow" and (actions != ("*",) or resources != ("*",) or conditions):
            # Organizations attaches RCPFullAWSAccess itself; customers can only deny.
            self.wrong(SYNTAX, "a resource control policy can only deny; Effect must be 'Deny'", f"{path}/Effect")
        into.append(
            Statement(
                sid, effect, actions, not_actions, resources, not_resources, principal, not_principal, conditions,
                path, index, self.kind, variables,
            )
        )  # fmt: skip

    def _effect(self, data: dict[str, Any], path: str) -> None:
        if "Effect" not in data:
            self.wrong(SYNTAX, "missing 'Effect'", path, trust=T_EFFECT, trust_message="Missing required field Effect")
            return
        effect = data["Effect"]
        misspelt = isinstance(effect, str) and effect.lower() in ("allow", "deny")
        got = shown(effect) if isinstance(effect, str) else _json_type(effect)
        self.wrong(
            LEGACY if misspelt else SYNTAX, f"Effect must be 'Allow' or 'Deny', got {got}", f"{path}/Effect",
            trust=T_EFFECT, trust_message=f"Invalid effect: {effect}",
        )  # fmt: skip

    def _texts(self, data: dict[str, Any], key: str, path: str) -> tuple[str, ...] | None:
        value = data[key]
        if type(value) is str:
            return (value,)
        if type(value) is list:
            for entry in value:
                if type(entry) is not str:
                    break
            else:
                return tuple(value)
            got = f"a list with {_json_type(entry)}"
        else:
            got = _json_type(value)
        self.wrong(SYNTAX, f"{key} must be a non-empty string or list of strings, got {got}", f"{path}/{key}")
        return None

    def _actions(self, actions: tuple[str, ...] | None, not_actions: tuple[str, ...] | None, path: str) -> None:
        if actions is not None and not_actions is not None:
            self.wrong(SYNTAX, _TWIN.format("Action"), path)
            return
        key = "Action" if not_actions is None else "NotAction"
        entries = actions if not_actions is None else not_actions
        if not entries:
            # A value of the wrong type was noted already, as a syntax error that comes first.
            detail = f"{key} must be a non-empty string or list"
            self.wrong(
                ACTIONS, detail if entries is not None else "needs 'Action' or 'NotAction'", path, trust=T_ACTION
            )
        elif self.trust:
            if actions is None:
                self.wrong(ACTIONS, "a trust policy needs 'Action'", path, trust=T_ACTION)
            for action in entries:
                if action[:4].lower() != "sts:":
                    detail = f"action {shown(action)} is not an sts: action; write 'sts:AssumeRole'"
                    self.wrong(ACTIONS, detail, f"{path}/{key}", trust=T_STS)
        else:
            for action in entries:
                if not ACTION_OK(action):
                    detail, message = action_problem(action)
                    self.wrong(PREFIX, detail, f"{path}/{key}", message=message)

    def _no_resources(self, data: dict[str, Any], path: str) -> None:
        for key, message in (
            ("Resource", "Has prohibited field Resource"),
            ("NotResource", "AssumeRole policy must not contain resources."),
        ):
            if key in data:
                detail = f"'{key}' is not allowed in a trust policy: the role itself is the resource; remove it"
                self.wrong(RESOURCES, detail, f"{path}/{key}", trust=T_RESOURCE, trust_message=message)

    def _resources(
        self, resources: tuple[str, ...] | None, not_resources: tuple[str, ...] | None, path: str, data: dict[str, Any]
    ) -> None:
        if resources is not None and not_resources is not None:
            self.wrong(SYNTAX, _TWIN.format("Resource"), path)
            return
        key = "Resource" if not_resources is None else "NotResource"
        entries = resources if not_resources is None else not_resources
        if not entries:
            detail = f"{key} must be a non-empty string or list"
            if entries is None:
                detail = "needs 'Resource' or 'NotResource'"
                if self.kind in IDENTITY_LIKE and hints.is_trust(data):
                    detail += "; a trust policy is set with update_trust(), or as trust= of create_role()"
            self.wrong(RESOURCES, detail, path)
            return
        for resource in entries:
            if not RESOURCE_OK(resource):
                problem = resource_problem(resource)
                if problem is not None:
                    rank, detail, message = problem
                    self.wrong(rank, detail, f"{path}/{key}", message=message)
                odd = legacy.account_problem(resource) if self.kind in legacy.KINDS and not self.stored else None
                if odd is not None:
                    self.wrong(LEGACY, odd, f"{path}/{key}")

    # -- principals ---------------------------------------------------------------------------------------------------

    def _principals(self, data: dict[str, Any], path: str) -> tuple[Any, Any]:
        if self.kind in _NO_PRINCIPAL:
            key = "Principal" if "Principal" in data else "NotPrincipal"
            noun = "a service control policy" if self.kind == "scp" else "an identity policy"
            detail = f"'{key}' is not allowed in {noun}: who the policy is attached to is the principal"
            self.wrong(PRINCIPAL, detail, f"{path}/{key}")
            return None, None
        if "Principal" in data and "NotPrincipal" in data:
            self.wrong(SYNTAX, _TWIN.format("Principal"), path)
            return None, None
        if "NotPrincipal" in data:
            return None, self._not_principal(data, path)
        if "Principal" not in data:
            if self.kind != "endpoint":
                cure = ""
                if self.trust and hints.is_permission(data):
                    cure = "; a policy of permissions is given with put_policy()"
                self._bad_principal(f"missing 'Principal'{cure}", path, "Missing required field Principal")
            return None, None
        pairs = self._principal(data["Principal"], f"{path}/Principal")
        if self.kind == "rcp" and pairs is not None and pairs != (("AWS", "*"),):
            detail = "the Principal of a resource control policy must be '*'"
            self._bad_principal(detail, f"{path}/Principal", "Invalid principal in policy")
        return pairs, None

    def _bad_principal(self, detail: str, path: str, message: str, trust: int = T_PRINCIPAL) -> None:
        self.wrong(PRINCIPAL, detail, path, message=message, trust=trust, trust_message=message)

    def _not_principal(self, data: dict[str, Any], path: str) -> Any:
        # Older policies of resources have it, and AWS still evaluates them.
        if data.get("Effect") == "Allow" and not (self.stored and self.kind in ("resource", "endpoint")):
            detail = "Allow with 'NotPrincipal' would allow everyone else; name who is allowed in 'Principal'"
            message = "Allow with NotPrincipal is not allowed."
            self._bad_principal(detail, f"{path}/NotPrincipal", message, T_NOT_PRINCIPAL)
        elif self.trust or self.kind == "rcp":
            detail = "'NotPrincipal' is not allowed here; use 'Principal' with a condition on aws:PrincipalArn"
            message = "AssumeRole policy must not contain NotPrincipal field."
            self._bad_principal(detail, f"{path}/NotPrincipal", message, T_NOT_PRINCIPAL)
        return self._principal(data["NotPrincipal"], f"{path}/NotPrincipal")

    def _principal(self, value: Any, path: str) -> tuple[tuple[str, str], ...] | None:
        if value == "*":
            return (("AWS", "*"),)
        empty = "Missing required field Principal cannot be empty!"
        if not isinstance(value, dict):
            got = shown(value) if isinstance(value, str) else _json_type(value)
            detail = f"Principal must be '*' or an object such as {{\"AWS\": ...}}, got {got}"
            self._bad_principal(detail, path, "Principal must be a JSON object.")
            return None
        if not value:
            self._bad_principal("Principal is empty", path, empty)
            return None
        pairs: list[tuple[str, str]] = []
        for kind, texts in value.items():
            if texts == []:
                self._bad_principal(f"no value for {shown(kind)}", below(path, kind), empty)
            for text in texts if isinstance(texts, list) else [texts]:
                if isinstance(text, str):
                    pairs.append((kind, text))
                    problem = check_principal(kind, text, stored=self.stored)
                    if problem is None and kind == "Service" and self.trust and not self.stored:
                        problem = service_problem(text)
                elif isinstance(text, (int, float)) and not isinstance(text, bool):
                    problem = "account must be str; leading zeros are lost in int"
                else:
                    problem = f"a principal must be a string, got {_json_type(text)}"
                if problem is not None:
                    label = kind if kind == "AWS" else kind.upper()
                    message = f'Invalid principal in policy: "{label}":"{text}"'
                    self._bad_principal(problem, below(path, kind), message, T_INVALID)
        return tuple(pairs)

    # -- conditions ---------------------------------------------------------------------------------------------------

    def _conditions(self, block: Any, path: str) -> tuple[Condition, ...]:
        if not isinstance(block, dict):
            self.wrong(SYNTAX, f"Condition must be an object, got {_json_type(block)}", path)
            return ()
        conditions: list[Condition] = []
        for name, keys in block.items():
            where = below(path, name)
            if not isinstance(keys, dict):
                detail = f"a condition operator holds an object of keys and values, got {_json_type(keys)}"
                self.wrong(SYNTAX, detail, where)
                continue
            if not keys:
                continue  # vacuously true, whatever the operator
            operator = parse_operator(name)
            if operator is None:
                self.wrong(SYNTAX, partial(explain_unknown, name), path)
                continue
            if len(keys) > 1 and len({key.lower() for key in keys}) != len(keys):
                self.wrong(SYNTAX, "the same condition key twice, differing only in case", where)
            dates = operator.family == "date"
            for key, value in keys.items():
                values: Any = tuple([_text_of(item) for item in value]) if type(value) is list else (_text_of(value),)
                if None in values:
                    got = "a list with something else" if isinstance(value, list) else _json_type(value)
                    detail = f"condition values must be strings, numbers or booleans, got {got}"
                    self.wrong(SYNTAX, detail, below(where, key))
                    continue
                if dates:
                    for text in values:
                        if instant(text) is None:
                            detail = f"not an ISO 8601 date, nor seconds since 1970: {shown(text)}"
                            self.wrong(LEGACY, detail, below(where, key))
                conditions.append(Condition(name, key, values))
        return tuple(conditions)


def _text_of(value: Any) -> str | None:
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    return repr(value) if isinstance(value, (int, float)) else None


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _unknown_key(key: str, known: frozenset[str]) -> str:
    for name in sorted(known):
        if name.lower() == key.lower():
            return f"unknown key {shown(key)}; did you mean '{name}'?"
    import difflib  # only needed to word an error

    close = difflib.get_close_matches(key, sorted(known), 1)
    hint = f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"
    return f"unknown key {shown(key)}{hint}"
