"""JSON pointers (RFC 6901): where in a document something stands, as our messages say it."""

from __future__ import annotations


def below(place: str, *steps: str | int) -> str:
    """
    Return the JSON pointer of what stands under *steps* at *place*.

    >>> below("/Statement/0", "Condition", "StringEquals", "aws:PrincipalTag/team")
    '/Statement/0/Condition/StringEquals/aws:PrincipalTag~1team'

    Args:
        place: a JSON pointer; ``""`` is the whole document.
        steps: keys of objects and places in lists, one below the other.
    """
    return place + "".join(["/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps])
