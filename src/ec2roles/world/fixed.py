"""Public attributes that are set once: what they say belongs to the past as well, and the past does not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ec2roles.errors import FixedAttributeError


class Fixed:
    """
    Something whose public attributes are what they were when it was made.

    >>> from ec2roles import Account
    >>> Account().region = "eu-west-1"
    Traceback (most recent call last):
        ...
    ec2roles.errors.FixedAttributeError: 'region' of an Account is fixed when it is made; make another one

    A name that there is not is refused as well, as it is a slip. A property with a setter of its own takes assignments: it
    writes on a timeline. Private attributes are not looked at.
    """

    __slots__ = ()

    _CURES: ClassVar[Mapping[str, str]] = {}
    """What to do instead of an assignment, by attribute; none of these can be assigned, set or not."""

    def __setattr__(self, name: str, value: object) -> None:
        if name[0] != "_" and (name in self._CURES or hasattr(self, name)) and not _has_setter(type(self), name):
            raise self._fixed(name)
        try:
            object.__setattr__(self, name, value)
        except AttributeError:
            if name[0] == "_" or hasattr(type(self), name):
                raise
            raise FixedAttributeError(f"{self._noun()} has no attribute '{name}'") from None

    def __delattr__(self, name: str) -> None:
        if name[0] != "_":
            raise self._fixed(name)
        object.__delattr__(self, name)

    def _fixed(self, name: str) -> FixedAttributeError:
        cure = self._CURES.get(name, "make another one")
        return FixedAttributeError(f"'{name}' of {self._noun()} is fixed when it is made; {cure}")

    def _noun(self) -> str:
        noun = type(self).__name__
        article = "an" if noun[0] in "AEIOU" and not noun.startswith("Us") else "a"
        return f"{article} {noun}"


def _has_setter(kind: type, name: str) -> bool:
    found = getattr(kind, name, None)
    return isinstance(found, property) and found.fset is not None
