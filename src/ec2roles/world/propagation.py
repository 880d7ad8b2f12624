"""How long it takes until a change in IAM is seen elsewhere: IAM is eventually consistent."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ec2roles.errors import ArgumentError
from ec2roles.instants import MICROSECOND
from ec2roles.world.ids import Ids

CONTROL_PLANE = "iam"
"""IAM's own control plane: it sees its own writes at once."""

EC2_CONTROL_PLANE = "ec2"
"""EC2 as it checks a launch or an association, and the callers of its API."""

EC2_CREDENTIALS = "ec2 credentials"
"""The part of EC2 that fetches the credentials of instances."""

_LONGEST = timedelta(days=1)


@attrs.frozen
class Propagation:
    """
    How long changes in IAM take to be seen.

    Each *reader* has a delay of its own, which never changes: each service by the prefix of its actions (``s3``), EC2's control
    plane, and the part of EC2 that fetches credentials. It sees IAM as it was that long ago. IAM sees its own writes at once.

    >>> from ec2roles.world.ids import Ids
    >>> Propagation(timedelta(seconds=10), fixed=True).delay("s3", Ids(seed=0)), Propagation().delay("s3", Ids(seed=0))
    (10000000, 0)

    Args:
        maximum: the longest delay, at most a day; none by default.
        fixed: every reader has the maximum; otherwise each draws its own between nothing and that from the seed.

    Raises:
        ArgumentError: if the maximum is negative or longer than a day.
    """

    maximum: timedelta = attrs.field(default=timedelta(0))
    fixed: bool = attrs.field(default=False, kw_only=True, validator=attrs.validators.instance_of(bool))

    @maximum.validator
    def _check_maximum(self, _attribute: attrs.Attribute[timedelta], value: object) -> None:
        if not isinstance(value, timedelta):
            raise TypeError(f"a propagation delay must be a timedelta, got {type(value).__name__}")
        if not timedelta(0) <= value <= _LONGEST:
            raise ArgumentError(f"a propagation delay must be from 0 to a day, got '{value}'")

    @classmethod
    def of(cls, value: Propagation | timedelta | None) -> Propagation | None:
        """Return *value* as a `Propagation`, a timedelta being the maximum; None if nothing is ever delayed."""
        propagation = value if isinstance(value, Propagation) else cls() if value is None else cls(value)
        return propagation if propagation.maximum else None

    def delay(self, reader: str, ids: Ids) -> int:
        """
        Return the delay of *reader*, in microseconds.

        Args:
            reader: the prefix of a service, or one of this module's names.
            ids: what the seed gives.
        """
        longest = self.maximum // MICROSECOND
        if self.fixed or not longest:
            return 0 if reader == CONTROL_PLANE else longest
        drawn = int.from_bytes(ids.digest(b"propagation", reader, 8), "big")
        return 0 if reader == CONTROL_PLANE else drawn * (longest + 1) >> 64
