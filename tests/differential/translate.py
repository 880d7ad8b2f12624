"""
The known differences, each as a translation: the same question, put so that iam-simulate's peculiarity does not matter.

A translation takes a case that it may change, and returns it, or None where its peculiarity plays no part. What it returns
means the same to AWS as the case did. So a difference is explained only if the answers agree once the case is translated:
an error of ours in a case that happens to have ``0.0.0.0/0`` somewhere is still found.
"""

from __future__ import annotations

import json
import math
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


def listed(value: Any) -> list[Any]:
    """Return a value as a list."""
    return value if isinstance(value, list) else [value]


def change_values(
    case: Case, pick: Callable[[str, str], bool], rewrite: Callable[[str, str], list[str]]
) -> Case | None:
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


def bare_address(case: Case) -> Case | None:
    """Write a single address as a range of one."""

    def ranged(_operator: str, value: str) -> list[str]:
        if "/" in value:
            return [value]
        return [f"{value}/128"] if ":" in value else [f"{value}/32"] if re.fullmatch(r"[0-9.]+", value) else [value]

    return change_values(case, is_ip, ranged)


def epoch_seconds(case: Case) -> Case | None:
    """Write both sides of a comparison of dates in the same form: digits for aws:EpochTime, ISO for other keys."""
    changed = change_values(case, is_epoch, lambda operator, value: [seconds(operator, value)])
    return change_values(case, is_date, lambda _, value: [iso(value)]) or changed


def is_epoch(operator: str, key: str) -> bool:
    """Pick comparisons of dates with the one key that is digits."""
    return operator.startswith("Date") and key.lower() == "aws:epochtime"


def is_date(operator: str, key: str) -> bool:
    """Pick the other comparisons of dates, also of keys that are no dates."""
    return operator.startswith("Date") and key.lower() != "aws:epochtime"


def seconds(operator: str, value: str) -> str:
    """Return a date as whole seconds since 1970 that compare with whole seconds as the date does."""
    if value.isdigit():
        return value
    padded = value + {4: "-01-01", 7: "-01"}.get(len(value), "")
    moment = datetime.fromisoformat(padded)
    found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if found.is_integer():
        return str(int(found))
    if operator in ("DateEquals", "DateNotEquals"):
        return "0"
    return str(math.ceil(found) if operator in ("DateLessThan", "DateGreaterThanEquals") else math.floor(found))


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
    return (
        change_resources(case, lambda _, document, entry: [fill(entry) if document["Version"] != OLD else entry])
        or changed
    )


def star_past_colon(case: Case) -> Case | None:
    """Write a star that ends a part, and may run past the colon, as all the numbers of parts that it can stand for."""

    def spread(layer: str, _document: dict[str, Any], entry: str) -> list[str]:
        parts = entry.split(":")
        if len(parts) < 6 and (layer == "rcps" or (layer == "scps" and not entry.endswith("*"))):
            return [entry]  # such a short ARN matches nothing in these policies
        ends = [at for at, part in enumerate(parts[:5]) if part.endswith("*")]
        if not entry.startswith("arn:") or not ends or len(parts) < 3:
            return [entry]
        missing = case["resource"].count(":") + 1 - len(parts)
        made = [entry]
        for at in ends:
            tails = [["*"] * more + parts[at + 1 :] for more in range(1, missing + 1)]
            made += [":".join([*parts[: at + 1], *tail]) for tail in tails]
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
    """Give the account's root user what it always has, and no policies of its own."""
    if not case["principal"].endswith(":root"):
        return None
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    case["layers"]["identity"] = [{"Version": "2012-10-17", "Statement": [everything]}]
    return case


def federated_user_without_session(case: Case) -> Case | None:
    """Take the identity's permissions from a federated user who has no session policy; its denials stay."""
    if ":federated-user/" not in case["principal"] or "session" in case["layers"]:
        return None
    for document in case["layers"].get("identity", []):
        document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Deny"]
    return case


def null_not_resource(case: Case) -> Case | None:
    """Drop the entries of NotResource with a variable that has no value: they exclude nothing."""
    changed = False
    for _, document, statement in statements(case):
        entries = listed(statement.get("NotResource", []))
        alive = [entry for entry in entries if document["Version"] == OLD or resolves(entry, case["context"])]
        if len(alive) == len(entries):
            continue
        changed = True
        statement["NotResource"] = alive
        if not alive:
            del statement["NotResource"]
            statement["Resource"] = "*"
    return case if changed else None


def resolves(text: str, context: dict[str, Any]) -> bool:
    """Return whether every variable in a text has one value."""
    values = {key.lower(): value for key, value in context.items()}
    for inner in re.findall(r"\$\{([^}]*)\}", text):
        key, comma, _ = inner.partition(",")
        value = values.get(key.strip().lower(), "" if comma or inner in ("*", "?", "$") else None)
        if not isinstance(value, str):
            return False
    return True


def drop(case: Case, dead: Callable[[dict[str, Any], Statement], bool]) -> Case | None:
    """Drop the statements that never apply."""
    changed = False
    for _, document in documents(case):
        kept = [statement for statement in document["Statement"] if not dead(document, statement)]
        changed = changed or len(kept) < len(document["Statement"])
        document["Statement"] = kept
    return case if changed else None


def drop_failed(case: Case, failed: Callable[[str, list[str], list[str]], bool]) -> Case | None:
    """Drop the statements with a test that fails, judged by operator, the request's values and the policy's."""
    context = {key.lower(): [one for one in listed(value) if one] for key, value in case["context"].items()}
    return drop(case, lambda _, statement: any(
        failed(base(operator), context[key.lower()], listed(values))
        for operator, block in statement.get("Condition", {}).items()
        for key, values in block.items()
        if context.get(key.lower())
    ))  # fmt: skip


def wildcard_in_type(case: Case) -> Case | None:
    """Write out a wildcard in the type of the resource, before the first ``/`` or ``:`` of the sixth part."""
    given = case["resource"].split(":", 5)
    if len(given) < 6 or given[2] == "s3":
        return None
    rest = given[5]

    def written_out(_layer: str, _document: dict[str, Any], entry: str) -> list[str]:
        parts = entry.split(":", 5)
        found = re.match(r"([^/:${]*[*?][^/:${]*)([/:])", parts[5]) if len(parts) == 6 else None
        if found is None:
            return [entry]
        pattern, mark = re.compile(".*".join(map(one_each, found[1].split("*"))), re.DOTALL), found[2]
        heads = [rest[:at] for at, char in enumerate(rest) if char == mark and pattern.fullmatch(rest[:at])]
        return [entry, *(":".join([*parts[:5], head + parts[5][found.end(1) :]]) for head in heads)]

    return change_resources(case, written_out)


def one_each(text: str) -> str:
    """Return a regular expression for a text in which ``?`` is any one character."""
    return ".".join(map(re.escape, text.split("?")))


def number_with_tail(case: Case) -> Case | None:
    """Take texts such as ``10abc`` for what they are: no numbers."""
    changed = change_values(case, is_number, lambda _, value: [value if number(value) else "ten"])
    return (
        drop_failed(case, lambda operator, given, _: is_number(operator, "") and not any(map(number, given))) or changed
    )


def is_number(operator: str, key: str) -> bool:
    """Pick the comparisons of numbers."""
    return operator.startswith("Numeric")


def number(text: str) -> bool:
    """Return whether a text is a number."""
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None


def no_base64(case: Case) -> Case | None:
    """Make texts that are not base64 unequal to all, themselves included."""

    def unequal(_operator: str, value: str) -> list[str]:
        return [value if re.fullmatch("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", value) else "?"]

    return change_values(case, lambda operator, _: operator == "BinaryEquals", unequal)


def no_arn(case: Case) -> Case | None:
    """Let ARNs of too few parts, and other texts, equal nothing and differ from nothing, in policy and request."""

    def negated(operator: str, given: list[str], wanted: list[str]) -> bool:
        return operator.startswith("Arn") and (
            not any(map(arn, given)) or ("Not" in operator and any(value.count(":") < 5 for value in wanted))
        )

    changed = drop_failed(case, negated)
    return change_values(case, is_arn, lambda _, value: [value if arn(value) else "arn:x:x:x:x:x"]) or changed


def null_variable(case: Case) -> Case | None:
    """Drop the values of negated operators that have a variable without a value; everything differs from them."""
    context = {key.lower(): value for key, value in case["context"].items()}
    changed = False
    for _, document, statement in statements(case):
        block = statement.get("Condition", {})
        for operator, tests in block.items():
            if document["Version"] == OLD or "Not" not in operator or not base(operator).startswith(("String", "Arn")):
                continue
            for key, values in list(tests.items()):
                alive = [value for value in listed(values) if resolves(value, case["context"])]
                if len(alive) == len(listed(values)):
                    continue
                changed = True
                if alive:
                    tests[key] = alive
                elif isinstance(context.get(key.lower()), str) or operator.startswith("ForAllValues:"):
                    del tests[key]
                else:
                    # Absent, or with several values: what the policy wants makes no difference.
                    tests[key] = "arn:x:x:x:x:x"
    return case if changed else None


def not_principal_chain(case: Case) -> Case | None:
    """Drop a NotPrincipal that lists everyone behind the caller; else let the Deny be about everyone."""
    changed = False
    principal = case["principal"]
    account = {HOME, f"arn:aws:iam::{HOME}:root"}
    kind = principal.split(":")[-1].partition("/")[0]
    roles = {f"arn:aws:iam::{HOME}:role/App", f"arn:aws:iam::{HOME}:role/path/App"}
    links = [] if kind == "root" else [{principal}]
    if kind == "assumed-role":
        links.append(roles)
    if kind in ("root", "user", "role", "assumed-role"):
        links.append(account)
    bounded = "boundaries" in case["layers"]
    for _, document in documents(case):
        kept = []
        for statement in document["Statement"]:
            if "NotPrincipal" in statement:
                changed = True
                names = {name for found in statement["NotPrincipal"].values() for name in listed(found)}
                if not bounded and all(names & link for link in links):
                    continue
                del statement["NotPrincipal"]
                statement["Principal"] = "*"
            kept.append(statement)
        document["Statement"] = kept
    return case if changed else None


def is_arn(operator: str, key: str) -> bool:
    """Pick the comparisons of ARNs."""
    return operator.startswith("Arn")


def arn(text: str) -> bool:
    """Return whether a text has the form of an ARN."""
    return text.startswith("arn:") and text.count(":") >= 5


def empty_for_all_values(case: Case) -> Case | None:
    """Drop the tests with ForAllValues of a key whose value is empty: they hold."""
    empty = {key.lower() for key, value in case["context"].items() if value == ""}
    changed = False
    for _, _, statement in statements(case):
        for operator, block in statement.get("Condition", {}).items():
            if operator.startswith("ForAllValues:"):
                kept = {key: values for key, values in block.items() if key.lower() not in empty}
                changed = changed or len(kept) < len(block)
                statement["Condition"][operator] = kept
    return case if changed else None


def no_date(case: Case) -> Case | None:
    """Let a request's text that is no date compare with nothing."""
    shape = re.compile(r"[0-9]+|[0-9]{4}-[0-9]{2}(-[0-9]{2}(T.*)?)?")
    return drop_failed(
        case, lambda operator, given, _: operator.startswith("Date") and not any(map(shape.fullmatch, given))
    )


def escapes_in_plain_text(case: Case) -> Case | None:
    """Write the asterisk as such in the operators that know no wildcards."""
    return change_values(
        case, lambda operator, _: "Equals" in operator and operator.startswith("String"),
        lambda _, value: [value.replace("${*}", "*")],
    )  # fmt: skip


def short_not_resource(case: Case) -> Case | None:
    """Drop the statements of resource and endpoint policies whose NotResource is a short ARN without a star."""

    def dead(layer: str, statement: Statement) -> bool:
        entries = listed(statement.get("NotResource", []))
        return layer in ("resource", "endpoint") and any(entry.count(":") < 5 and "*" not in entry for entry in entries)

    doomed = [id(statement) for layer, _, statement in statements(case) if dead(layer, statement)]
    return drop(case, lambda _, statement: id(statement) in doomed)


def session_beside_direct_grant(case: Case) -> Case | None:
    """
    Ask whether the resource policy allows the session itself: with what it grants to others gone, the identity's
    permissions gone, and the session policy no limit. All denials stay.
    """
    layers = case["layers"]
    if "session" not in layers or "resource" not in layers or case["account"] != HOME:
        return None

    def keep(statement: Statement) -> bool:
        values = statement.get("Principal")
        values = listed(values.get("AWS", [])) if isinstance(values, dict) else listed(values)
        return statement["Effect"] == "Deny" or "*" in values or case["principal"] in values

    for document in layers.get("identity", []):
        document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Deny"]
    layers["resource"]["Statement"] = [one for one in layers["resource"]["Statement"] if keep(one)]
    layers["session"][0]["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    return case


REWRITES: dict[str, Rewrite] = {
    function.__name__: function
    for function in (
        ipv4_zero_prefix,
        bare_address,
        epoch_seconds,
        variables_of_2008,
        empty_values,
        star_past_colon,
        list_all_buckets,
        assume_role_without_trust,
        root_may_do_all,
        federated_user_without_session,
        null_not_resource,
        wildcard_in_type,
        number_with_tail,
        no_base64,
        no_arn,
        null_variable,
        not_principal_chain,
        empty_for_all_values,
        no_date,
        escapes_in_plain_text,
        short_not_resource,
    )
}
"""The translations in the order in which they are applied, one after the other."""

LAST_RESORT: Rewrite = session_beside_direct_grant
"""Asks another question than the case does, and explains nothing but an answer that is Allowed."""
