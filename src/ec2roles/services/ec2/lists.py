"""Lists as EC2 gives them: filters, and pages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.errors import InstanceError
from ec2roles.world.ids import Ids

Item = TypeVar("Item")
Values = Callable[[Item], Iterable[str]]

_SEAL = 8
_FEWEST, _MOST = 5, 1000


def read_filters(call: Call, known: Callable[[str], Values[Item] | None]) -> Callable[[Item], bool]:
    """
    Return what tells whether an item passes all filters of *call*.

    Args:
        call: with the parameter Filters: ``[{"Name": "instance-id", "Values": ["i-0*"]}]``; ``*`` and ``?`` are wildcards.
        known: returns what a filter of a name looks at.

    Raises:
        InstanceError: ``InvalidParameterValue`` for a filter that is not known.
    """
    given = call.parameters.get("Filters") or ()
    wanted: list[tuple[Values[Item], re.Pattern[str]]] = []
    for one in given:
        look = known(one["Name"])
        if look is None:
            raise InstanceError(f"The filter '{one['Name']}' is invalid", detail=f"no filter {shown(one['Name'])} here")
        values = one.get("Values") or ()
        if not values:
            raise InstanceError(f"The filter '{one['Name']}' has no values", code="InvalidParameterValue")
        wanted.append((look, re.compile("|".join(map(_pattern, values)), re.DOTALL)))
    return lambda item: all(any(pattern.fullmatch(value) for value in look(item)) for look, pattern in wanted)


def _pattern(value: str) -> str:
    # A backslash takes a wildcard its meaning.
    parts = re.findall(r"\\.|[^\\]|\\$", value, re.DOTALL)
    words = {"*": ".*", "?": "."}
    return "".join(words.get(part) or re.escape(part[-1]) for part in parts)


def page(
    call: Call, ids: Ids, items: Iterable[Item], passes: Callable[[Item], bool]
) -> tuple[list[Item], dict[str, str]]:
    """
    Return one page of *items*, and what the response says about the next.

    Args:
        call: with the parameters MaxResults and NextToken.
        ids: of the Cloud; it seals the tokens.
        items: all of them, in an order to which later ones are only added.
        passes: whether an item is wanted.

    Raises:
        InstanceError: ``InvalidParameterValue`` for a size that is not 5-1000, ``InvalidNextToken``.
    """
    most = call.parameters.get("MaxResults")
    token = call.parameters.get("NextToken")
    if most is not None:
        if not _FEWEST <= most <= _MOST:
            expected = f"greater than {_FEWEST}" if most < _FEWEST else f"smaller than {_MOST}"
            raise InstanceError(
                f"Value ( {most} ) for parameter maxResults is invalid. Expecting a value {expected}.",
                detail=f"MaxResults must be {_FEWEST}-{_MOST}, got {most}",
            )
    start = 0 if token is None else _read_token(ids, call, token)
    found: list[Item] = []
    for index, item in _numbered(items, start):
        if not passes(item):
            continue
        if len(found) == (_MOST if most is None and token is not None else most):
            return found, {"NextToken": _token(ids, call, index)}
        found.append(item)
    return found, {}


def _numbered(items: Iterable[Item], start: int) -> Iterator[tuple[int, Item]]:
    return islice(enumerate(items), start, None)


def _token(ids: Ids, call: Call, index: int) -> str:
    seal = ids.digest(b"next token", f"{call.action}:{index}", _SEAL)
    return base64.urlsafe_b64encode(index.to_bytes(7, "big") + seal).decode()


def _read_token(ids: Ids, call: Call, token: str) -> int:
    refused = InstanceError(
        "The specified NextToken is not valid.", code="InvalidNextToken", detail=f"no page begins at {shown(token)}"
    )
    try:
        data = base64.b64decode(token.encode(), b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise refused from None
    index = int.from_bytes(data[:7], "big")
    if ids.digest(b"next token", f"{call.action}:{index}", _SEAL) != data[7:]:
        raise refused
    return index
