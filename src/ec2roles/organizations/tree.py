"""An organisation at one moment: what is below what, and which policies are attached where."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ec2roles.policy import Policy
from ec2roles.policy.engine.index import Layer
from ec2roles.policy.policy_set import compile_levels

SCP = "SERVICE_CONTROL_POLICY"
RCP = "RESOURCE_CONTROL_POLICY"
KINDS = {SCP: "scp", RCP: "rcp"}
"""AWS's policy types, each with the kind of its documents."""

DEFAULTS = {SCP: "p-FullAWSAccess", RCP: "p-RCPFullAWSAccess"}
"""AWS's own policy of each type, which is attached to whatever comes into the tree."""


@attrs.frozen(eq=False)
class Member:
    """
    What one account is in its organisation, at one moment.

    Args:
        organization_id: ``aws:PrincipalOrgID``.
        path: ``aws:PrincipalOrgPaths``: ``o-.../r-.../ou-.../``.
        scps: what limits its principals, level by level; nothing for the management account.
        rcps: what limits access to its resources; nothing for the management account.
        rcp_services: the services whose resources resource control policies know.
    """

    organization_id: str
    path: str
    scps: tuple[Layer, ...]
    rcps: tuple[Layer, ...]
    rcp_services: frozenset[str]


@attrs.frozen(eq=False, kw_only=True)
class Tree:
    """
    Everything about an organisation that can change, at one moment.

    Args:
        organization_id: ``o-...``.
        management_account_id: the account that no policy of the organisation limits.
        root_id: ``r-...``.
        rcp_services: the services whose resources resource control policies know.
        parents: the id of each unit and account, with its parent's.
        documents: the id of each policy, with its document.
        attached: the id of each target, with the ids of its policies.
        enabled: the policy types in force.
    """

    organization_id: str
    management_account_id: str
    root_id: str
    rcp_services: frozenset[str]
    parents: Mapping[str, str]
    documents: Mapping[str, Policy]
    attached: Mapping[str, tuple[str, ...]]
    enabled: frozenset[str]
    _members: dict[str, Member] = attrs.field(factory=dict, init=False, repr=False)

    def __contains__(self, target_id: str) -> bool:
        return target_id == self.root_id or target_id in self.parents

    def ancestry(self, target_id: str) -> list[str]:
        """Return the ids from the root down to *target_id*, both included."""
        path = [target_id]
        while path[-1] != self.root_id:
            path.append(self.parents[path[-1]])
        return path[::-1]

    def children(self, target_id: str) -> list[str]:
        """Return the ids of what is directly below *target_id*."""
        return [child for child, parent in self.parents.items() if parent == target_id]

    def of_type(self, target_id: str, policy_type: str) -> list[str]:
        """Return the ids of the policies of one type that are attached to *target_id*."""
        kind = KINDS[policy_type]
        return [policy_id for policy_id in self.attached[target_id] if self.documents[policy_id].kind == kind]

    def placed(self, target_id: str, parent_id: str) -> Tree:
        """Return the tree with something new in it, with AWS's own policies attached."""
        return attrs.evolve(
            self,
            parents={**self.parents, target_id: parent_id},
            attached={**self.attached, target_id: self.defaults()},
        )

    def without(self, target_id: str) -> Tree:
        """Return the tree without something that has nothing below it."""
        return attrs.evolve(
            self,
            parents={key: value for key, value in self.parents.items() if key != target_id},
            attached={key: value for key, value in self.attached.items() if key != target_id},
        )

    def defaults(self) -> tuple[str, ...]:
        """Return the ids of AWS's own policies of the types in force."""
        return tuple(DEFAULTS[policy_type] for policy_type in DEFAULTS if policy_type in self.enabled)

    def member(self, account_id: str) -> Member | None:
        """Return what an account is in the organisation, compiled once for each change; None for any other account."""
        member = self._members.get(account_id)
        if member is None and account_id in self.parents:
            member = self._members[account_id] = self._compile(account_id)
        return member

    def _compile(self, account_id: str) -> Member:
        levels = self.ancestry(account_id)
        layers: dict[str, tuple[Layer, ...]] = {}
        for policy_type, kind in KINDS.items():
            if policy_type in self.enabled and account_id != self.management_account_id:
                layers[policy_type] = compile_levels(
                    kind, [[self.documents[one] for one in self.of_type(level, policy_type)] for level in levels]
                )
        path = "".join(f"{one}/" for one in (self.organization_id, *levels[:-1]))
        return Member(self.organization_id, path, layers.get(SCP, ()), layers.get(RCP, ()), self.rcp_services)
