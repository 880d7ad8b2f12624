"""Policy variables: ``${aws:PrincipalTag/team}`` inside a ``Resource`` or a condition value."""

from __future__ import annotations

from collections.abc import Mapping

from ec2roles.policy.engine.matching import literal, mark

_ESCAPES = ("*", "?", "$")


class Variable:
    """
    One ``${key}`` or ``${key, 'default'}``.

    >>> Variable("aws:PrincipalTag/Team, 'none'").default
    'none'
    """

    __slots__ = ("default", "key", "name")

    def __init__(self, inside: str) -> None:
        name, _, rest = inside.partition(",")
        rest = rest.strip()
        quoted = len(rest) >= 2 and rest[0] == rest[-1] == "'"
        self.name: str = name.strip() if quoted else inside.strip()
        self.key: str = self.name.lower()
        self.default: str | None = rest[1:-1] if quoted else None


class Template:
    """
    A text with variables, split once and filled in for each request.

    >>> home = Template("home/${aws:PrincipalTag/team}/*", wild=True)
    >>> home.missing({})
    ('aws:PrincipalTag/team',)
    >>> home.resolve({"aws:principaltag/team": "red"}).startswith("home/red/")
    True

    Args:
        text: the text as the policy has it.
        wild: whether its ``*`` and ``?`` are wildcards; what a variable inserts never is.
    """

    __slots__ = ("parts", "text")

    def __init__(self, text: str, *, wild: bool) -> None:
        self.text: str = text
        parts: list[str | Variable] = []
        at = 0
        # Not a regular expression: with many "${" and no "}" that would look to the end of the text from each of them.
        start = text.find("${")
        end = text.find("}", start)
        while -1 not in (start, end):
            parts.append(mark(text[at:start]) if wild else text[at:start])
            inside = text[start + 2 : end]
            parts.append(inside if inside in _ESCAPES else Variable(inside))
            at = end + 1
            start = text.find("${", at)
            end = text.find("}", start)
        parts.append(mark(text[at:]) if wild else text[at:])
        merged: list[str | Variable] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            elif part:
                merged.append(part)
        self.parts: tuple[str | Variable, ...] = tuple(merged)

    @property
    def static(self) -> str | None:
        """The resolved text, if it has no variables other than ``${*}``, ``${?}`` and ``${$}``."""
        if any(isinstance(part, Variable) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables in it, in order."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    def resolve(self, values: Mapping[str, str | tuple[str, ...]]) -> str | None:
        """
        Return the text with its variables filled in, or None if one of them has no value.

        A key with several values has no value here, and its default is not used: a default is for an absent key.
        """
        out = []
        for part in self.parts:
            if isinstance(part, str):
                out.append(part)
                continue
            value = values.get(part.key)
            if value is None:
                value = part.default
            if not isinstance(value, str):
                return None
            out.append(literal(value))
        return "".join(out)

    def missing(self, values: Mapping[str, str | tuple[str, ...]]) -> tuple[str, ...]:
        """Return the names of the variables that have no value."""
        return tuple(
            variable.name
            for variable in self.variables
            if not isinstance(values.get(variable.key, variable.default), str)
        )
