"""The case tables: each row names the section of the specification it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from ec2roles.policy import (
    Context,
    Decision,
    Outcome,
    Policy,
    PolicySet,
    Request,
    Semantics,
    evaluate,
    load_policy,
    parse_caller,
)
from ec2roles.policy.engine.principals import ACCOUNT, DIRECT, ROLE_OF_SESSION, Principals

CASES = Path(__file__).parent / "cases"
SESSION = "arn:aws:sts::111122223333:assumed-role/App/i-0abc"
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NONE_OF_IT = {"Effect": "Allow", "Action": "other:Thing", "Resource": "*"}
STATEMENTS = {"A": FULL, "D": {**FULL, "Effect": "Deny"}, "N": NONE_OF_IT}


def rows(name: str) -> list[Any]:
    """Return the rows of a case table, each under an id that says where it comes from."""
    found = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(row, id=f"{index}-{row['source'].split()[-1]}") for index, row in enumerate(found)]


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    """Return a document of these statements."""
    return {"Version": version, "Statement": list(statements)}


def policies(letters: str, kind: str) -> list[Policy]:
    """Return one policy for each letter: A allows everything, D denies everything, N is about something else."""
    extra = {"Principal": "*"} if kind == "rcp" else {}
    found = []
    for letter in letters:
        statement = {**STATEMENTS[letter], **extra}
        if kind == "rcp" and letter == "N":
            statement["Effect"] = "Deny"
        found.append(load_policy(document(statement), kind))
    return found


def resource_policy(grants: list[Any], kind: str, key: str = "Principal") -> Policy:
    """Return the policy of a resource or role, from pairs of effect and principal."""
    about = {"Action": "sts:*"} if kind == "trust" else {"Action": "*", "Resource": "*"}
    statements = []
    for effect, principal in grants:
        value = principal if isinstance(principal, dict) or principal == "*" else {"AWS": principal}
        statements.append({"Effect": effect, key: value, **about})
    return load_policy(document(*statements), kind)


def policy_set(layers: dict[str, Any]) -> PolicySet:
    """Return the policy set that a row describes."""
    resource = None
    if "resource_policy" in layers:
        resource = resource_policy(layers["resource_policy"], "resource")
    elif "trust" in layers:
        resource = resource_policy(layers["trust"], "trust")
    elif "not_principal" in layers:
        named = layers["not_principal"]
        listed = named if isinstance(named, dict) else {"AWS": named}
        deny = {"Effect": "Deny", "NotPrincipal": listed, "Action": "*", "Resource": "*"}
        statements = [deny, {**FULL, "Principal": "*"}] if layers.get("everyone") else [deny]
        resource = load_policy(document(*statements), "resource")
    return PolicySet(
        identity=policies(layers.get("identity", ""), "identity"),
        resource=resource,
        boundaries=policies(layers.get("boundary", ""), "boundary"),
        session=policies(layers.get("session", ""), "session"),
        scps=[policies(level, "scp") for level in layers.get("scps", [])],
        rcps=[policies(level, "rcp") for level in layers.get("rcps", [])],
        endpoint=policies(layers.get("endpoint", ""), "endpoint"),
    )


def decide(row: dict[str, Any]) -> Decision:
    """Return the decision that a row of combinations or messages asks for."""
    request = Request(
        row["caller"],
        row["action"],
        row["resource"],
        resource_account=row.get("resource_account"),
        context=row.get("context", {}),
    )
    return evaluate(request, policy_set(row["layers"]), Semantics(**row.get("semantics", {})))


@pytest.mark.parametrize("row", rows("actions"))
def test_an_action_entry_matches_as_the_table_says(row: dict[str, Any]) -> None:
    """Actions ignore case, take wildcards in the name, and nothing else is special."""
    statement = {"Effect": "Allow", row["element"]: row["entries"], "Resource": "*"}
    request = Request(SESSION, row["action"], operation=row.get("operation"))
    assert bool(evaluate(request, PolicySet([document(statement)]))) is row["match"]


@pytest.mark.parametrize("row", rows("resources"))
def test_a_resource_entry_matches_as_the_table_says(row: dict[str, Any]) -> None:
    """Six parts, wildcards that stop at a colon unless they end their part, variables after the fifth colon."""
    kind = row.get("kind", "identity")
    statement = {"Effect": "Allow", "Action": "*", row["element"]: row["entries"]}
    if kind == "resource":
        statement["Principal"] = "*"
    # IAM would not save all of them today.
    policy = load_policy(document(statement, version=row.get("version", "2012-10-17")), kind, stored=True)
    request = Request(
        SESSION, "any:Thing", row["resource"], resource_account="111122223333", context=row.get("context", {})
    )
    if kind == "resource":
        found = PolicySet(resource=policy)
    elif kind == "scp":
        found = PolicySet([document(FULL)], scps=[[policy]])
    else:
        found = PolicySet([policy])
    assert bool(evaluate(request, found, Semantics(**row.get("semantics", {})))) is row["match"]


@pytest.mark.parametrize("row", rows("conditions"))
@pytest.mark.parametrize("prebuilt", [False, True])
def test_a_condition_holds_as_the_table_says(row: dict[str, Any], *, prebuilt: bool) -> None:
    """Every operator, with the key present, absent, and with several values."""
    block = {row["operator"]: {"aws:Key": row["values"]}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": block, "Principal": "*"}
    policy = load_policy(document(statement, version=row.get("version", "2012-10-17")), "resource")
    context = Context.of(row["context"]) if prebuilt else row["context"]
    request = Request(SESSION, "any:Thing", context=context)
    decision = evaluate(request, PolicySet(resource=policy), Semantics(**row.get("semantics", {})))
    assert bool(decision) is row["holds"]


@pytest.mark.parametrize("row", rows("principals"))
def test_a_principal_covers_a_caller_as_the_table_says(row: dict[str, Any]) -> None:
    """By name, through its role, or through its account."""
    value = row["principal"]
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": value}
    pairs = load_policy(document(statement), "resource").statements[0].principal
    assert pairs is not None
    caller = parse_caller(row["caller"], row.get("role_arn"), row.get("principal_id"))
    if "user" in row:
        caller = attrs.evolve(caller, user=parse_caller(row["user"], None, row.get("user_id")))
    names = {"ACCOUNT": ACCOUNT, "ROLE_OF_SESSION": ROLE_OF_SESSION, "DIRECT": DIRECT}
    assert Principals(pairs).match(caller) == sum(names[kind] for kind in row["kinds"])


@pytest.mark.parametrize("row", rows("combinations"))
def test_the_layers_combine_as_the_table_says(row: dict[str, Any]) -> None:
    """Outcome and the layer that is named."""
    decision = decide(row)
    assert (decision.outcome, decision.denied_by) == (Outcome[row["outcome"]], row["denied_by"]), row["name"]


@pytest.mark.parametrize("row", rows("combinations"))
def test_every_decision_can_be_explained(row: dict[str, Any]) -> None:
    """The verdict comes first, and the whole fits on a screen."""
    decision = decide(row)
    lines = decision.explain().splitlines()
    assert lines[0].startswith("Allowed: " if decision else "Denied: ")
    assert len(lines) <= 24
    assert json.loads(json.dumps(decision.to_dict()))["allowed"] is decision.allowed


@pytest.mark.parametrize("row", rows("messages"))
def test_a_denial_is_worded_as_aws_words_it(row: dict[str, Any]) -> None:
    """AWS's one line, letter for letter."""
    assert decide(row).message == row["message"]
