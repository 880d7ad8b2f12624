"""A value that never shows itself by accident."""

from __future__ import annotations

import hmac
import re
from typing import Any, NoReturn

# Secret keys, session tokens and metadata tokens, as they are made here: all of them say that they are made up, or begin alike.
_MADE_HERE = re.compile(
    r"[A-Za-z0-9+/]{30}EXAMPLEKEY|IQoJb3JpZ2luX2VjEXAMPLETOKEN[A-Za-z0-9+/=]*|AQAE[A-Za-z0-9_-]{40,}={0,2}"
)


def masked(text: str) -> str:
    """
    Return *text* with every secret that was made here replaced, for a repr that may end in a log.

    >>> masked('"SecretAccessKey" : "wJalrXUtnFEMIK7MDENGbPxRfiCYzzEXAMPLEKEY",')
    '"SecretAccessKey" : "****",'
    """
    return _MADE_HERE.sub("****", text)


class Secret:
    """
    Text that shows only when asked for with `reveal()`.

    >>> key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    >>> key, f"{key}", str(key)
    (Secret('****'), '****', '****')
    >>> key.reveal()
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

    It compares only with another `Secret`, hides in ``repr``, ``str``, ``format`` and ``attrs.asdict``, and refuses to be
    pickled. This keeps simulated secrets out of logs and notebooks; it is no protection against code in the same process.

    Args:
        value: the text to hide.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"a secret must be str, got {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('****')"

    def __str__(self) -> str:
        return "****"

    def __format__(self, spec: str) -> str:
        return format("****", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("refusing to pickle a Secret; reveal() it if it must leave the process")


_HIDDEN = ("SecretAccessKey", "SessionToken")


class CredentialsMembers(dict[str, Any]):
    """
    Credentials in the form of AWS's responses: text to a program, masked in a repr, which may end in a log.

    >>> members = CredentialsMembers(AccessKeyId="ASIAEXAMPLE", SecretAccessKey="wJalrXUtnFEMI")
    >>> members, members["SecretAccessKey"]
    ({'AccessKeyId': 'ASIAEXAMPLE', 'SecretAccessKey': '****'}, 'wJalrXUtnFEMI')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr({name: "****" if name in _HIDDEN and value else value for name, value in self.items()})
