"""The names of the condition operators, and how a name such as ``ForAnyValue:StringLikeIfExists`` is read."""

from __future__ import annotations

from typing import NamedTuple

FAMILIES = {
    "StringEquals": "equals",
    "StringNotEquals": "equals",
    "StringEqualsIgnoreCase": "equals-ignoring-case",
    "StringNotEqualsIgnoreCase": "equals-ignoring-case",
    "StringLike": "like",
    "StringNotLike": "like",
    "NumericEquals": "number",
    "NumericNotEquals": "number",
    "NumericLessThan": "number",
    "NumericLessThanEquals": "number",
    "NumericGreaterThan": "number",
    "NumericGreaterThanEquals": "number",
    "DateEquals": "date",
    "DateNotEquals": "date",
    "DateLessThan": "date",
    "DateLessThanEquals": "date",
    "DateGreaterThan": "date",
    "DateGreaterThanEquals": "date",
    "Bool": "bool",
    "BinaryEquals": "binary",
    "IpAddress": "ip",
    "NotIpAddress": "ip",
    "ArnEquals": "arn",
    "ArnNotEquals": "arn",
    "ArnLike": "arn",
    "ArnNotLike": "arn",
    "Null": "null",
}
QUALIFIERS = ("ForAllValues", "ForAnyValue")
WITH_VARIABLES = frozenset({"equals", "equals-ignoring-case", "like", "arn", "bool"})
"""The families whose values may contain policy variables."""


class Operator(NamedTuple):
    """
    A condition operator, taken apart.

    Args:
        base: its name without set prefix and ``IfExists``.
        qualifier: ``ForAllValues``, ``ForAnyValue`` or None.
        if_exists: whether it ends in ``IfExists``.
    """

    base: str
    qualifier: str | None
    if_exists: bool

    @property
    def family(self) -> str:
        """How its values are read: ``equals``, ``like``, ``number``, ``date``, ``ip``, ``arn`` ..."""
        return FAMILIES[self.base]

    @property
    def negated(self) -> bool:
        """Whether it is true when *no* value compares, as ``StringNotEquals`` is."""
        return "Not" in self.base


def parse_operator(name: str) -> Operator | None:
    """
    Take the name of an operator apart; None if AWS has no such operator. The case of the letters matters.

    >>> parse_operator("ForAnyValue:StringLikeIfExists")
    Operator(base='StringLike', qualifier='ForAnyValue', if_exists=True)
    >>> parse_operator("stringequals") is None
    True
    """
    qualifier, colon, base = name.rpartition(":")
    if colon and qualifier not in QUALIFIERS:
        return None
    if_exists = base.endswith("IfExists")
    if if_exists:
        base = base[: -len("IfExists")]
    if base not in FAMILIES or (if_exists and base == "Null"):
        return None
    return Operator(base, qualifier if colon else None, if_exists)


def explain_unknown(name: str) -> str:
    """
    Return what is wrong with the name of an operator, and what was probably meant.

    >>> explain_unknown("StringEqual")
    "unknown condition operator 'StringEqual'; did you mean 'StringEquals'?"
    """
    import difflib  # slow to import, and only needed to word an error

    qualifier, colon, base = name.rpartition(":")
    if colon and qualifier not in QUALIFIERS:
        close = difflib.get_close_matches(qualifier, QUALIFIERS, 1, 0.5)
        hint = f"; did you mean '{close[0]}:{base}'?" if close else f"; AWS has {' and '.join(QUALIFIERS)}"
        return f"unknown set qualifier in condition operator '{name}'{hint}"
    if base == "NullIfExists":
        return f"unknown condition operator '{name}'; Null already asks whether the key exists"
    suffix = "IfExists" if base.endswith("IfExists") else ""
    stem = base.removesuffix("IfExists").lower()
    close = difflib.get_close_matches(stem, [known.lower() for known in FAMILIES], 1, 0.6)
    for known in FAMILIES:
        if close and known.lower() == close[0]:
            return f"unknown condition operator '{name}'; did you mean '{qualifier}{colon}{known}{suffix}'?"
    return f"unknown condition operator '{name}'"
