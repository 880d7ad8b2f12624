"""The ``Resource`` of a statement, compiled: six parts, wildcards that stop at a colon, short ARNs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ec2roles.policy.engine.matching import ANY, PART_ANY, PART_STAR, STAR, Matcher, ascii_lower, glob, mark, matcher
from ec2roles.policy.engine.variables import Template

Values = Mapping[str, "str | tuple[str, ...]"]
_STARS = re.compile(r"\*+")
_WILDCARDS = re.compile(f"[{STAR}{ANY}{PART_STAR}{PART_ANY}]")
# How an ARN of fewer than six parts is read in each kind of policy (docs/fidelity.md, Decisions).
_SHORT_ALWAYS = frozenset({"identity", "managed", "boundary", "session"})
_SHORT_WITH_STAR = frozenset({"resource", "endpoint", "trust"})


class Resources:
    """
    What the entries of one ``Resource`` or ``NotResource`` match.

    The shapes are kept apart, so that many statements can be merged into one test: exact ARNs in a set, ``prefix*`` for
    `str.startswith`, and functions for the rest.

    >>> Resources(("arn:aws:s3:::photos/*",), kind="identity", variables=True).match("arn:aws:s3:::photos/a/b", {})
    True

    Args:
        entries: as the policy has them.
        kind: of the policy.
        variables: whether ``${...}`` is a variable.
    """

    __slots__ = ("dead", "exact", "prefixes", "star", "tails", "templates", "tests")

    def __init__(self, entries: tuple[str, ...], *, kind: str, variables: bool) -> None:
        self.star: bool = False
        exact: list[str] = []
        prefixes: list[str] = []
        tests: list[Matcher] = []
        tails: list[str] = []
        templates: list[tuple[str, Template]] = []
        dead: list[str] = []
        for entry in entries:
            if not entry.strip("*") and entry:
                self.star = True
                continue
            crossing = _crosses(entry)
            marked, template = _compile(entry, kind, variables, fold=not crossing)
            if template is not None:
                templates.append(template)
            elif not marked:
                dead.append(entry)
            elif crossing:
                tests.extend([_folding_head(pattern) for pattern in marked])
                tails.extend([""] * len(marked))  # which case their end has is not settled yet
                continue
            for pattern in marked:
                at = pattern.find(STAR)
                if ANY in pattern or PART_STAR in pattern or PART_ANY in pattern or -1 < at < len(pattern) - 1:
                    tests.append(matcher(pattern))
                    tails.append(_WILDCARDS.split(pattern)[-1])
                elif at == -1:
                    exact.append(pattern)
                else:
                    prefixes.append(pattern[:-1])
        self.exact: tuple[str, ...] = tuple(exact)
        self.prefixes: tuple[str, ...] = tuple(prefixes)
        self.tests: tuple[Matcher, ...] = tuple(tests)
        # How a resource must end that fits one of the tests: many of them are ruled out by one `str.endswith`.
        self.tails: tuple[str, ...] = tuple(tails)
        self.templates: tuple[tuple[str, Template], ...] = tuple(templates)
        self.dead: tuple[str, ...] = tuple(dead)

    def match(self, resource: str, values: Values) -> bool:
        """Return whether *resource*, the first five parts of it in lower case, is covered."""
        if self.star or resource in self.exact or resource.startswith(self.prefixes):
            return True
        return self.match_rest(resource, values)

    def match_rest(self, resource: str, values: Values) -> bool:
        """Return whether *resource* is covered by an entry that is neither a star, nor exact, nor a prefix."""
        for test in self.tests:
            if test(resource):
                return True
        for head, template in self.templates:
            rest = template.resolve(values)
            if rest is None:
                continue
            # A head keeps its capital letters only if a star may carry them past the fifth colon.
            if glob(head + rest, resource) or (ascii_lower(head) != head and _folding_head(head + rest)(resource)):
                return True
        return False

    def excludes(self, resource: str, values: Values) -> bool:
        """
        Return whether a ``NotResource`` of these entries covers *resource*.

        An entry with a variable that has no value matches no resource, so it excludes none. One that is malformed is not
        turned into its opposite: the statement then does not apply at all.
        """
        return not self.dead and not self.match(resource, values)

    def excludes_if_set(self, resource: str, values: Values) -> bool:
        """Do as `excludes`, but do not apply if a variable has no value: `Semantics.unset_variable_is_null` is off."""
        if any([template.resolve(values) is None for _, template in self.templates]):
            return False
        return self.excludes(resource, values)


def _compile(
    entry: str, kind: str, variables: bool, *, fold: bool
) -> tuple[tuple[str, ...], tuple[str, Template] | None]:
    """Return the marked patterns of an entry; or its marked head with a template for the sixth part."""
    parts = entry.split(":", 5)
    if len(parts) < 6:
        return _short(entry, kind, fold=fold), None
    rest = parts[5]
    head = entry[: len(entry) - len(rest)]
    if "*" in head or "?" in head:
        head = ":".join([_mark_part(part) for part in parts[:5]]) + ":"
    if fold:
        head = ascii_lower(head)
    if variables and "${" in rest:
        template = Template(rest, wild=True)
        static = template.static
        if static is None:
            return (), (head, template)
        return (head + static,), None
    return (head + mark(_STARS.sub("*", rest)),), None


def _mark_part(part: str) -> str:
    if "*" not in part and "?" not in part:
        return part
    marked = _STARS.sub("*", part).replace("*", PART_STAR).replace("?", PART_ANY)
    # A star that ends its part may run past the colon; all other wildcards stay inside (IAM user guide,
    # "IAM JSON policy elements: Resource").
    return marked[:-1] + STAR if part.endswith("*") else marked


def _crosses(entry: str) -> bool:
    """
    Return whether a star of an entry may carry capital letters past the fifth colon.

    The first five parts of an ARN fold their case, the rest does not. Which of them a letter of the pattern meets is
    known only when it is matched, if a star before it can run past a colon.
    """
    head = entry.split(":")[:5]
    for index, part in enumerate(head):
        if part.endswith("*"):
            behind = ":".join(head[index + 1 :])
            return ascii_lower(behind) != behind
    return False  # as nearly all


def _folding_head(pattern: str) -> Matcher:
    """Return the test of a marked pattern that folds case in the first five parts of the resource alone."""
    # The fifth colon of the resource is met by a colon of the pattern, or lies within what a star stands for. Behind its
    # own fifth colon the pattern cannot meet it, for it has met five by then; so there are few places, however many stars.
    cuts: list[tuple[str, str]] = []
    for at, letter in enumerate(pattern):
        if letter == STAR:
            cuts.append((ascii_lower(pattern[: at + 1]), pattern[at:]))
        elif letter == ":":
            cuts.append((ascii_lower(pattern[: at + 1]), pattern[at + 1 :]))
            if pattern[: at + 1].count(":") == 5:
                break

    def test(resource: str) -> bool:
        parts = resource.split(":", 5)
        if len(parts) < 6:
            return False
        rest = parts[5]
        head = resource[: len(resource) - len(rest)]
        return any(glob(first, head) and glob(last, rest) for first, last in cuts)

    return test


def _short(entry: str, kind: str, *, fold: bool) -> tuple[str, ...]:
    parts = entry.split(":")
    if len(parts) < 2 or parts[0] not in ("arn", "*"):
        return ()
    if kind in _SHORT_ALWAYS:
        usable = True
    elif kind in _SHORT_WITH_STAR:
        usable = "*" in entry
    else:
        usable = kind == "scp" and entry.endswith("*")
    if not usable:
        return ()
    head = ":".join([_mark_part(part) for part in parts])
    if fold:
        head = ascii_lower(head)
    # The missing parts act as "*"; and a star that ends a part may stand for them too.
    return (head, f"{head}:{STAR}") if STAR in head else (f"{head}:{STAR}",)
