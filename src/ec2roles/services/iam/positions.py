"""Where in the text of a policy each of its statements stands, as the policy simulator tells it."""

from __future__ import annotations

import re
from typing import Any

from ec2roles.policy import Policy

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')


def statement_positions(policy: Policy) -> list[dict[str, Any]]:
    """
    Return where each statement of *policy* begins and ends, in the order of the statements.

    >>> from ec2roles.policy import PermissionPolicy
    >>> statement_positions(PermissionPolicy.allow("s3:GetObject"))
    [{'StartPosition': {'Line': 1, 'Column': 38}, 'EndPosition': {'Line': 1, 'Column': 94}}]

    Lines and columns are counted from 1, and a position is the one behind the brace: so AWS answers.

    Args:
        policy: the policy; its text as it was written counts, line breaks and all.
    """
    text = policy.written
    found: list[dict[str, Any]] = []
    depth = start = 0
    # Only a statement is an object within the object that the document is.
    for token in _TOKENS.finditer(text):
        if token[0] == "{":
            depth += 1
            if depth == 2:
                start = token.end()
        elif token[0] == "}":
            if depth == 2:
                found.append({"StartPosition": _position(text, start), "EndPosition": _position(text, token.end())})
            depth -= 1
    return found


def _position(text: str, offset: int) -> dict[str, int]:
    line_start = text.rfind("\n", 0, offset) + 1
    return {"Line": text.count("\n", 0, offset) + 1, "Column": offset - line_start + 1}
