"""
The known differences, each as a translation: the same question, put so that iam-simulate's peculiarity does not matter.

A translation takes a case that it may change, and returns it, or None where its peculiarity plays no part. What it returns
means the same to AWS as the case did. So a difference is explained only if the answers agree once the case is translated:
an error of ours in a case that happens to have ``0.0.0.0/0`` somewhere is still found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

Case = dict[str, Any]
Statement = dict[str, Any]
Rewrite = Callable[[Case], Case | None]

HOME = "111122223333"
LIST_ALL_BUCKETS = "arn:aws:s3:::*"
NOBODY = {"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}
OLD = "2008-10-17"


def documents(case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every document with the name of its layer."""
    for name, found in case["layers"].items():
        for one in found if isinstance(found, list) else [found]:
            for document in one if isinstance(one, list) else [one]:
                yield name, document


def statements(case: Case) -> Iterator[tuple[str, dict[str, Any], Statement]]:
    """Yield every statement with the name of its layer and its document."""
    for name, document in documents(case):
        for statement in document["Statement"]:
            yield name, document, statement


def change(case: Case, function: Callable[[Case], bool]) -> Case | None:
    """Return the case if the function changed it."""
    return case if function(case) else None


def listed(value: Any) -> list[Any]:
    """Return a value as a list."""
    return value if isinstance(value, list) else [value]


def change_values(case: Case, pick: Callable[[str, str], bool], rewrite: Callable[[str, str], list[str]]) -> Case | None:
    """Rewrite the condition values of the operators and keys that *pick* picks; one value may become several."""
    changed = False
    for _, _, statement in statements(case):
        for operator, block in statement.get("Condition", {}).items():
            for key, values in block.items():
                if pick(base(operator), key):
                    made = [new for value in listed(values) for new in rewrite(base(operator), value)]
                    if made != listed(values):
                        block[key] = made
                        changed = True
    return case if changed else None


def base(operator: str) -> str:
    """Return the operator without set prefix and IfExists."""
    return operator.rpartition(":")[2].removesuffix("IfExists")


def change_resources(case: Case, rewrite: Callable[[str, dict[str, Any], str], list[str]]) -> Case | None:
    """Rewrite the entries of Resource and NotResource; one entry may become several."""
    changed = False
    for layer, document, statement in statements(case):
        for name in ("Resource", "NotResource"):
            if name in statement:
                made = [new for entry in listed(statement[name]) for new in rewrite(layer, document, entry)]
                if made != listed(statement[name]):
                    statement[name] = made
                    changed = True
    return case if changed else None


# ----------------------------------------------------------------------------------------------------------------------


def ipv4_zero_prefix(case: Case) -> Case | None:
    """Write 0.0.0.0/0 as its two halves."""
    halves = ["0.0.0.0/1", "128.0.0.0/1"]
    return change_values(case, is_ip, lambda _, value: halves if value == "0.0.0.0/0" else [value])


def is_ip(operator: str, key: str) -> bool:
    """Pick the operators about addresses."""
    return "IpAddress" in operator


def bare_ipv6(case: Case) -> Case | None:
    """Write a single IPv6 address as a range of one."""
    return change_values(case, is_ip, lambda _, value: [f"{value}/128"] if ":" in value and "/" not in value else [value])


def epoch_seconds(case: Case) -> Case | None:
    """Write both sides of a comparison of dates in the same form: digits for aws:EpochTime, ISO for other keys."""
    changed = change_values(case, is_epoch, lambda _, value: [str(seconds(value))])
    return change_values(case, is_date, lambda _, value: [iso(value)]) or changed


def is_epoch(operator: str, key: str) -> bool:
    """Pick comparisons of dates with the one key that is digits."""
    return operator.startswith("Date") and key.lower() == "aws:epochtime"


def is_date(operator: str, key: str) -> bool:
    """Pick the other comparisons of dates, also of keys that are no dates."""
    return operator.startswith("Date") and key.lower() != "aws:epochtime"


def seconds(value: str) -> str:
    """Return a date as seconds since 1970."""
    if value.isdigit():
        return value
    padded = value + "-01-01"[len(value) - 4 :] if len(value) in (4, 7) else value
    moment = datetime.fromisoformat(padded)
    found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return f"{found:.3f}".removesuffix(".000")


def iso(value: str) -> str:
    """Return a date as text, digits too."""
    return datetime.fromtimestamp(int(value), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value.isdigit() else value


def variables_of_2008(case: Case) -> Case | None:
    """Escape the dollar signs of documents in which AWS knows no variables."""
    changed = False
    for _, document in documents(case):
        if document["Version"] == OLD and "${" in json.dumps(document):
            for statement in document["Statement"]:
                for name in ("Resource", "NotResource"):
                    if name in statement:
                        statement[name] = [escaped(entry) for entry in listed(statement[name])]
                for block in statement.get("Condition", {}).values():
                    for key, values in block.items():
                        block[key] = [escaped(value) for value in listed(values)]
            changed = True
    return case if changed else None


def escaped(text: str) -> str:
    """Return a text in which no variable begins."""
    return text.replace("${", "${$}{")


def empty_values(case: Case) -> Case | None:
    """Put the value of an empty context key in the place of the variable."""
    empty = {key.lower() for key, value in case["context"].items() if value == ""}
    if not empty:
        return None

    def fill(text: str) -> str:
        return re.sub(r"\$\{([^},]*)\}", lambda found: "" if found[1].strip().lower() in empty else found[0], text)

    changed = change_values(case, lambda operator, _: operator.startswith(("String", "Arn")), lambda _, v: [fill(v)])
    return change_resources(case, lambda _, document, entry: [fill(entry) if document["Version"] != OLD else entry]) or changed


def star_past_colon(case: Case) -> Case | None:
    """Write a star that ends a part, and may run past the colon, as all the numbers of parts that it can stand for."""

    def spread(_layer: str, _document: dict[str, Any], entry: str) -> list[str]:
        parts = entry.split(":")
        ends = [at for at, part in enumerate(parts[:5]) if part.endswith("*")]
        if not entry.startswith("arn:") or not ends or len(parts) < 3:
            return [entry]
        missing = case["resource"].count(":") + 1 - len(parts)
        made = [entry]
        for at in ends:
            for more in range(1, missing + 1):
                made.append(":".join([*parts[: at + 1], *["*"] * more, *parts[at + 1 :]]))
        return made

    return change_resources(case, spread)


def list_all_buckets(case: Case) -> Case | None:
    """Grant and deny s3:ListAllMyBuckets on ``*`` where AWS's guide does it on ``arn:aws:s3:::*``."""
    if case["action"] != "s3:ListAllMyBuckets":
        return None
    accepted = (LIST_ALL_BUCKETS, "arn:*:s3:::*", "arn:aws:s3:*", "arn:aws:s3")
    return change_resources(case, lambda _l, _d, entry: ["*" if entry in accepted else entry])


def assume_role_without_trust(case: Case) -> Case | None:
    """Give a role that has no trust policy one that trusts somebody else."""
    if case["action"] != "sts:AssumeRole" or "resource" in case["layers"]:
        return None
    case["layers"]["resource"] = {"Version": "2012-10-17", "Statement": [NOBODY]}
    return case


def root_may_do_all(case: Case) -> Case | None:
    """Give the account's root user the permissions that it always has."""
    if not case["principal"].endswith(":root"):
        return None
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    case["layers"].setdefault("identity", []).append({"Version": "2012-10-17", "Statement": [everything]})
    return case


def federated_user_without_session(case: Case) -> Case | None:
    """Take the identity's permissions from a federated user who has no session policy; its denials stay."""
    if ":federated-user/" not in case["principal"] or "session" in case["layers"]:
        return None
    for document in case["layers"].get("identity", []):
        document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Deny"]
    return case


REWRITES: dict[str, Rewrite] = {
    function.__name__: function
    for function in (
        ipv4_zero_prefix,
        bare_ipv6,
        epoch_seconds,
        variables_of_2008,
        empty_values,
        star_past_colon,
        list_all_buckets,
        assume_role_without_trust,
        root_may_do_all,
        federated_user_without_session,
    )
}
