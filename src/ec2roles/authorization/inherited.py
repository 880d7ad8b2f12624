"""What the organisations of a Cloud add to one request: the policies above an account, and the keys that name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ec2roles.policy.engine.index import Layer

if TYPE_CHECKING:
    from ec2roles.organizations.organization import Organization
    from ec2roles.world.timeline import Position


class InheritedPolicies:
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
