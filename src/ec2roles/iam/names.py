"""Names, paths, tags and descriptions: the patterns IAM checks, and how it words it when they do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from ec2roles.arns import shown
from ec2roles.errors import InvalidInputError, InvalidNameError, LimitExceededError


@attrs.frozen(eq=False)
class NameRule:
    """
    One pattern and its lengths.

    Args:
        member: AWS's member name, lower camel case, as its messages give it.
        noun: how our own wording calls it.
        pattern: the pattern as AWS prints it.
        regex: the pattern that is matched; AWS's ``\\w`` means ASCII only. Python compiles it when it is first needed.
        shortest: fewest characters.
        longest: most characters.
    """

    member: str
    noun: str
    pattern: str
    regex: str
    shortest: int
    longest: int

    def check(self, value: object) -> str:
        """
        Return *value* if it fits.

        Raises:
            TypeError: if it is not str.
            InvalidNameError: if its length or its characters do not fit.
        """
        if not isinstance(value, str):
            raise TypeError(f"{self.noun} must be str, got {type(value).__name__}")
        problems = self.broken(value)
        if problems:
            raise InvalidNameError(
                validation_message([(shown(value), self.member, problem) for problem in problems]),
                detail=f"{self.noun} must be {self.shortest}-{self.longest} of {self.pattern.rstrip('+*')}, got {shown(value)}",
            )
        return value

    def broken(self, value: str) -> list[str]:
        """Return the constraints that *value* breaks, as AWS words them; none if it fits."""
        problems = []
        if len(value) < self.shortest:
            problems.append(f"Member must have length greater than or equal to {self.shortest}")
        if len(value) > self.longest:
            problems.append(f"Member must have length less than or equal to {self.longest}")
        if not re.fullmatch(self.regex, value):
            problems.append(f"Member must satisfy regular expression pattern: {self.pattern}")
        return problems


def validation_message(problems: list[tuple[str, str, str]]) -> str:
    """
    Return the message in which AWS reports parameters that break their constraints.

    >>> validation_message([("'899'", "durationSeconds", "Member must have value greater than or equal to 900")])
    "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value \
greater than or equal to 900"

    Args:
        problems: the value as shown, the member and the broken constraint of each.
    """
    count = f"{len(problems)} validation error{'s' if len(problems) != 1 else ''} detected: "
    return count + "; ".join(
        f"Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        for value, member, constraint in problems
    )


def wrong_type(member: str, value: object, types: str = "<class 'int'>") -> str:
    """
    Return the message with which AWS's SDK for Python refuses a parameter of another type; AWS is never asked.

    >>> print(wrong_type("DurationSeconds", "3600"))
    Parameter validation failed:
    Invalid type for parameter DurationSeconds, value: 3600, type: <class 'str'>, valid types: <class 'int'>
    """
    return (
        "Parameter validation failed:\n"
        f"Invalid type for parameter {member}, value: {value}, type: {type(value)}, valid types: {types}"
    )


_WORD = r"[A-Za-z0-9_+=,.@-]+"
_PATTERN = r"[\w+=,.@-]+"

ROLE_NAME = NameRule("roleName", "role name", _PATTERN, _WORD, 1, 64)
USER_NAME = NameRule("userName", "user name", _PATTERN, _WORD, 1, 64)
GROUP_NAME = NameRule("groupName", "group name", _PATTERN, _WORD, 1, 128)
PROFILE_NAME = NameRule("instanceProfileName", "instance profile name", _PATTERN, _WORD, 1, 128)
POLICY_NAME = NameRule("policyName", "policy name", _PATTERN, _WORD, 1, 128)
PATH = NameRule("path", "path", r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", r"/|/[!-~]+/", 1, 512)
POLICY_PATH = NameRule("path", "policy path", r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", r"(/[A-Za-z0-9.,+@=_-]+)*/", 1, 512)
DESCRIPTION = NameRule(
    "description",
    "description",
    r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
    r"[\t\n\r -~\u00a1-\u00ff]*",
    0,
    1000,
)

LINKED_SUFFIX = NameRule("customSuffix", "suffix", _PATTERN, _WORD, 1, 64)
ALIAS = NameRule(
    "accountAlias",
    "account alias",
    "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
    "[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]",
    3,
    63,
)
POLICY_DESCRIPTION = NameRule(
    "description", "description", r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", r"[^\x00-\x1f]*", 0, 1000
)

Tags = tuple[tuple[str, str], ...]
"""Tags as pairs of key and value, in the order they were given."""

# AWS writes [\p{L}\p{Z}\p{N}_.:/=+\-@]; in Python, letters and numbers are \w, and \p{Z} is what counts as a space.
_TAG = r"[\w\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000.:/=+\-@]*"
_TAG_PATTERN = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"


def _pairs(tags: Iterable[tuple[str, str]] | None) -> Tags:
    found = []
    for pair in () if tags is None else tags:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"tags must be a mapping, or pairs of key and value, got {shown(pair)}")
        found.append((pair[0], pair[1]))
    return tuple(found)


def check_tags(tags: Mapping[str, str] | Iterable[tuple[str, str]] | None, *, most: int, stored: bool = False) -> Tags:
    """
    Return *tags* as pairs, if IAM accepts them.

    >>> check_tags({"team": "red"}, most=50)
    (('team', 'red'),)

    Args:
        tags: a mapping, or pairs of key and value.
        most: how many there may be.
        stored: AWS holds these tags already, and may have put some of its own (``aws:...``) among them.

    Raises:
        TypeError: if these are no pairs, or a key or a value is not str.
        InvalidNameError: if a key or a value breaks its pattern or length.
        InvalidInputError: if two keys differ only in case.
        LimitExceededError: if there are more than *most*.
    """
    pairs = tuple(tags.items()) if isinstance(tags, Mapping) else _pairs(tags)
    seen: dict[str, str] = {}
    for number, (key, value) in enumerate(pairs, 1):
        for noun, text, shortest, longest in (("key", key, 1, 128), ("value", value, 0, 256)):
            if not isinstance(text, str):
                raise TypeError(f"a tag's {noun} must be str, got {type(text).__name__}")
            if not shortest <= len(text) <= longest or not re.fullmatch(_TAG, text):
                raise InvalidNameError(
                    validation_message(
                        [
                            (
                                shown(text),
                                f"tags.{number}.member.{noun}",
                                f"Member must satisfy regular expression pattern: {_TAG_PATTERN}+",
                            )
                        ]
                    ),
                    detail=f"a tag's {noun} must be {shortest}-{longest} of {_TAG_PATTERN}, got {shown(text)}",
                )
        if key.lower().startswith("aws:") and not stored:
            raise InvalidInputError(
                "Tag keys starting with 'aws:' are reserved for internal use.", detail=f"reserved tag key {shown(key)}"
            )
        if key.lower() in seen:
            raise InvalidInputError(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                detail=f"tag keys {shown(seen[key.lower()])} and {shown(key)} differ only in case, or not at all",
            )
        seen[key.lower()] = key
    if len(pairs) > most:
        raise LimitExceededError(
            f"Cannot exceed quota for TagsPerEntity: {most}", detail=f"{len(pairs)} tags, at most {most}"
        )
    return pairs


def tags_with(tags: Tags, new: Mapping[str, str] | Iterable[tuple[str, str]] | None, *, most: int) -> Tags:
    """
    Return *tags* with *new* ones added, or put in place of those of the same key.

    >>> tags_with((("team", "red"), ("stage", "test")), {"Team": "blue"}, most=50)
    (('stage', 'test'), ('Team', 'blue'))

    Args:
        tags: what there is.
        new: a mapping, or pairs of key and value.
        most: how many there may be.

    Raises:
        TypeError, InvalidNameError, InvalidInputError, LimitExceededError: see `check_tags`.
    """
    added = check_tags(new, most=most)
    replaced = {key.lower() for key, _ in added}
    together = (*(pair for pair in tags if pair[0].lower() not in replaced), *added)
    if len(together) > most:
        raise LimitExceededError(
            f"Cannot exceed quota for TagsPerEntity: {most}", detail=f"{len(together)} tags, at most {most}"
        )
    return together


def tags_without(tags: Tags, keys: Iterable[str]) -> Tags:
    """
    Return *tags* without those of *keys*, whatever the case; unknown keys are passed over, as in AWS.

    >>> tags_without((("team", "red"), ("stage", "test")), ["TEAM", "other"])
    (('stage', 'test'),)

    Raises:
        TypeError: if *keys* is one text, not a list of them, or holds what is none.
    """
    if isinstance(keys, str):
        raise TypeError(f"keys must be a list of tag keys, got the text {shown(keys)}; write [{shown(keys)}]")
    gone = set()
    for key in keys:
        if not isinstance(key, str):
            raise TypeError(f"a tag key must be str, got {type(key).__name__}")
        gone.add(key.lower())
    return tuple(pair for pair in tags if pair[0].lower() not in gone)
