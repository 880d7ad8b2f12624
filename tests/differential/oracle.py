"""How a case is put to iam-simulate and to ec2roles, and what each of them answers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ec2roles.policy import Outcome, PolicySet, Request, Semantics, evaluate

Case = dict[str, Any]

HERE = Path(__file__).parent
NAMES = {"Allowed": "A", "ImplicitlyDenied": "I", "ExplicitlyDenied": "E", "error": "?"}
OUTCOMES = {Outcome.ALLOWED: "A", Outcome.IMPLICIT_DENY: "I", Outcome.EXPLICIT_DENY: "E"}


def simulation(case: Case) -> dict[str, Any]:
    """
    Return a case in the form that iam-simulate documents.

    It takes ``*`` for an action whose resource types AWS does not list, so s3:ListAllMyBuckets goes in as ``*`` too.
    """
    layers = case["layers"]
    made: dict[str, Any] = {
        "request": {
            "principal": {"type": "Anonymous"} if case["principal"] == "*" else case["principal"],
            "action": case["action"],
            "resource": {
                "resource": "*" if case["action"] == "s3:ListAllMyBuckets" else case["resource"],
                "accountId": case["account"],
            },
            "contextVariables": case["context"],
        },
        "identityPolicies": named(layers.get("identity", ())),
        "serviceControlPolicies": levels(layers.get("scps", ())),
        "resourceControlPolicies": levels(layers.get("rcps", ())),
    }
    if "session" in layers:
        (made["sessionPolicy"],) = layers["session"]
    if "resource" in layers:
        made["resourcePolicy"] = layers["resource"]
    if "boundaries" in layers:
        made["permissionBoundaryPolicies"] = named(layers["boundaries"])
    if "endpoint" in layers:
        made["vpcEndpointPolicies"] = named(layers["endpoint"])
    return made


def named(policies: Iterable[Any]) -> list[dict[str, Any]]:
    """Return policies with names."""
    return [{"name": f"p{number}", "policy": policy} for number, policy in enumerate(policies)]


def levels(found: Iterable[Iterable[Any]]) -> list[dict[str, Any]]:
    """Return levels of policies with names."""
    return [{"orgIdentifier": f"ou-{number}", "policies": named(level)} for number, level in enumerate(found)]


def simulated(cases: Sequence[Case], directory: str | Path, batch: int = 20_000) -> list[list[Any]]:
    """Return what iam-simulate, installed under *directory*, answers: a letter, and what it had to say besides."""
    answers: list[list[Any]] = []
    for start in range(0, len(cases), batch):
        lines = "\n".join(json.dumps(simulation(case)) for case in cases[start : start + batch])
        done = subprocess.run(
            ["node", str(HERE / "simulate.mjs"), str(directory)],
            input=lines, capture_output=True, text=True, encoding="utf-8", check=True, env={**os.environ, "TZ": "UTC"},
        )  # fmt: skip
        answers += [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(cases):
        raise RuntimeError(f"{len(cases)} cases got {len(answers)} answers")
    return [[NAMES[answer[0]], *answer[1:]] for answer in answers]


def decided(case: Case, semantics: Semantics | None = None) -> str:
    """Return what ec2roles decides, as a letter: A, I (implicit deny) or E (explicit deny)."""
    request = Request(
        case["principal"], case["action"], case["resource"], resource_account=case["account"], context=case["context"]
    )
    return OUTCOMES[evaluate(request, PolicySet(**case["layers"]), semantics or Semantics()).outcome]
