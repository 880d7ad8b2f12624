"""Accounts in a tree, and the policies that limit all that is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.organizations.hierarchy import OrganizationalUnit, Root
    from ec2roles.organizations.organization import Organization
    from ec2roles.organizations.policy import OrganizationPolicy
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "hierarchy": "OrganizationalUnit Root",
            "organization": "Organization",
            "policy": "OrganizationPolicy",
        },
    )

__all__ = [
    "Organization",
    "OrganizationPolicy",
    "OrganizationalUnit",
    "Root",
]
