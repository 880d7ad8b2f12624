"""What a call must be allowed to do, and what came of asking whether it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from ec2roles.calls import NOTHING, Call
from ec2roles.errors import AwsError
from ec2roles.policy import Decision, Policy
from ec2roles.sts.session import Session


@attrs.frozen
class Permission:
    """
    One thing a call must be allowed to do.

    >>> Permission("s3:GetObject", "arn:aws:s3:::photos/cat.jpg").action
    's3:GetObject'

    Args:
        action: an IAM action.
        resource: an ARN, or ``*`` for an action without a resource.
        policy: the resource's own policy; for AssumeRole the trust policy.
        context: context keys that this resource adds.
        account_id: the account of the resource, where the ARN does not say it.
        note: what the explanation of a denial says besides, or None.
    """

    action: str
    resource: str = "*"
    policy: Policy | None = None
    context: Mapping[str, Any] = NOTHING
    account_id: str | None = None
    note: str | None = None


@attrs.frozen(eq=False)
class Verdict:
    """
    What came of a call before it is performed.

    Args:
        caller: the session behind the credentials, or None if they were refused.
        decision: how it was decided.
        error: what AWS answers to a call that was refused before it came to policies, or None. Each service words by itself
            what the policies deny.
        resource: the first that it was judged on, or None.
        call: the call with its caller and its parameters read, as it is performed; None if it did not come to that.
        allowed: whether it may be performed.
    """

    caller: Session | None
    decision: Decision
    error: AwsError | None = None
    resource: str | None = None
    call: Call | None = None
    allowed: bool = attrs.field(default=False, kw_only=True)


class Permitted(Protocol):
    """An operation, as far as a decision needs to know it."""

    def check_names(self, call: Call) -> None:
        """Raise `ParameterError` for parameters of a call made in Python that there are not."""

    def ready(self, call: Call, caller: Session) -> tuple[Call, Sequence[Permission]]:
        """Return *call* with its caller and its parameters read, and what it must be allowed to do."""
