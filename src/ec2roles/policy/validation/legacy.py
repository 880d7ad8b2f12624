"""
What IAM's legacy parser refuses before anything else is looked at: it reads the text of a policy from its start.

It stands before the policies that IAM keeps; trust policies, session policies and those of other services have parsers of
their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ec2roles.arns import shown

KINDS = frozenset({"identity", "managed", "boundary"})
"""The kinds of policies that it reads."""
# Words that AWS itself has in the place of an account: what belongs to AWS, or to its marketplace.
_ACCOUNT_OK = re.compile(r"[0-9*?]*|aws|aws-marketplace|cloudfront").fullmatch
_BLANKS = " \t\r\n"


def text_problem(written: str) -> str | None:
    """
    Return what is wrong with the beginning of a text, or None.

    >>> text_problem(' {"Version": "2012-10-17"}')
    "the text begins with ' '; a policy begins with '{'"
    """
    if written[:1] in _BLANKS:
        return f"the text begins with {written[:1]!r}; a policy begins with '{{'"
    return None


def order_problem(data: dict[str, Any]) -> str | None:
    """
    Return what is wrong with the order of the elements, or None.

    >>> order_problem({"Statement": {}, "Version": "2012-10-17"})
    "a single 'Statement' object stands before 'Version'; write 'Version' first, or a list of statements"
    >>> order_problem({"Statement": [{}], "Version": "2012-10-17"}) is None
    True
    """
    if type(data.get("Statement")) is dict and "Version" in data:
        for key in data:
            if key == "Version":
                return None
            if key == "Statement":
                cure = "write 'Version' first, or a list of statements"
                return f"a single 'Statement' object stands before 'Version'; {cure}"
    return None


def account_problem(resource: str) -> str | None:
    """
    Return what is wrong with the account in an entry of ``Resource``, or None.

    >>> account_problem("arn:aws:iam::ACCOUNT:role/app")
    "account must be 12 digits, a pattern or empty, got 'ACCOUNT' in 'arn:aws:iam::ACCOUNT:role/app'"
    """
    parts = resource.split(":", 5)
    # A star that ends a part may run past its colon, and so stand for the account as well.
    if len(parts) < 6 or _ACCOUNT_OK(parts[4]) or any([part.endswith("*") for part in parts[1:4]]):
        return None
    return f"account must be 12 digits, a pattern or empty, got {shown(parts[4])} in {shown(resource)}"


def problems(written: str | None, data: dict[str, Any]) -> Iterator[str]:
    """Yield what the legacy parser finds in the whole of a document; *written* is its text, if it was one."""
    found = (text_problem(written) if written else None, order_problem(data))
    yield from [one for one in found if one is not None]
