"""What a call must be allowed to do, what stands above it, and what came of judging it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import attrs

from ec2roles.calls import NOTHING, Call
from ec2roles.errors import AwsError
from ec2roles.policy import Decision, Policy
from ec2roles.policy.engine.index import Layer
from ec2roles.sts.session import Session
from ec2roles.world.timeline import Position


@attrs.frozen
class CallerIdentity:
    """
    Who a call was made by, as GetCallerIdentity answers.

    Args:
        account: the account id.
        arn: ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`` or the user's ARN.
        user_id: ``AROA...:SESSION`` or ``AIDA...``.
    """

    account: str
    arn: str
    user_id: str


@attrs.frozen
class Authorization:
    """
    One thing a call must be allowed to do.

    Args:
        action: an IAM action.
        resource: an ARN, or ``*`` for an action without a resource.
        policy: the resource's own policy; for AssumeRole the trust policy.
        context: context keys that this resource adds.
        account_id: the account of the resource, where the ARN does not say it.
    """

    action: str
    resource: str = "*"
    policy: Policy | None = None
    context: Mapping[str, Any] = NOTHING
    account_id: str | None = None


@attrs.frozen(eq=False)
class Judgement:
    """
    What came of a call before it is performed.

    Args:
        caller: the session behind the credentials, or None if they were refused.
        decision: how it was decided.
        error: what AWS answers when it was refused, or None.
        resource: the first that it was judged on, or None.
        call: the call with its caller and its parameters read, as it is performed; None if it did not come to that.
    """

    caller: Session | None
    decision: Decision
    error: AwsError | None = None
    resource: str | None = None
    call: Call | None = None


class Judged(Protocol):
    """An operation, as far as a decision needs to know it."""

    def ready(self, call: Call) -> Call:
        """Return *call* with its parameters read."""

    def authorizations(self, call: Call) -> Sequence[Authorization]:
        """Return what it must be allowed to do."""


class Membership(Protocol):
    """What an account is in its organisation, at one moment."""

    @property
    def organization_id(self) -> str:
        """``o-...``."""

    @property
    def path(self) -> str:
        """``o-.../r-.../ou-.../``."""

    @property
    def scps(self) -> tuple[Layer, ...]:
        """What limits its principals."""

    @property
    def rcps(self) -> tuple[Layer, ...]:
        """What limits access to its resources."""

    @property
    def rcp_services(self) -> frozenset[str]:
        """The services whose resources `rcps` limit."""


class Organization(Protocol):
    """An organisation, as far as a decision needs to know it."""

    def membership(self, account_id: str, position: Position) -> Membership | None:
        """Return what an account is in it as of *position*, or None for an account of somebody else's."""


class Above:
    """
    What the organisations of a Cloud add to one request.

    Args:
        organizations: all of them; an account is in one at most.
        principal_account: whose principal asks; None for an AWS service.
        action: an IAM action.
        resource_account: whose resource it is, or None.
        position: the moment.
    """

    __slots__ = ("context", "rcps", "scps")

    def __init__(
        self,
        organizations: Iterable[Organization],
        principal_account: str | None,
        action: str,
        resource_account: str | None,
        position: Position,
    ) -> None:
        self.scps: tuple[Layer, ...] = ()
        self.rcps: tuple[Layer, ...] = ()
        self.context: dict[str, Any] = {}
        for organization in organizations:
            if principal_account is not None:
                member = organization.membership(principal_account, position)
                if member is not None:
                    self.scps = member.scps
                    self.context["aws:PrincipalOrgID"] = member.organization_id
                    self.context["aws:PrincipalOrgPaths"] = [member.path]
            if resource_account is not None:
                member = organization.membership(resource_account, position)
                if member is not None:
                    if action.partition(":")[0].lower() in member.rcp_services:
                        self.rcps = member.rcps
                    self.context["aws:ResourceOrgID"] = member.organization_id
                    self.context["aws:ResourceOrgPaths"] = [member.path]

    @staticmethod
    def source(organizations: Iterable[Organization], account_id: str, position: Position) -> dict[str, Any]:
        """Return the context keys for the account on whose behalf an AWS service calls."""
        for organization in organizations:
            member = organization.membership(account_id, position)
            if member is not None:
                return {"aws:SourceOrgID": member.organization_id, "aws:SourceOrgPaths": [member.path]}
        return {}
