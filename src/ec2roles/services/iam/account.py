"""GetAccountAuthorizationDetails: everything IAM has in an account, in one list."""

from __future__ import annotations

from typing import Any

from ec2roles.iam.directory import Directory
from ec2roles.iam.identity import Identity
from ec2roles.iam.role import Role
from ec2roles.services.iam.policies import managed_policy
from ec2roles.services.iam.responses import (
    Usage,
    attached_members,
    group_members,
    inline_members,
    policy_members,
    profile_members,
    role_last_used,
    role_members,
    user_members,
    version_members,
    versions_of,
)
from ec2roles.services.iam.table import PAGES, Ask, Row, everything, page

_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}


def account_rows() -> list[Row]:
    """Return the row of GetAccountAuthorizationDetails."""
    return [Row("GetAccountAuthorizationDetails", f"Filter {PAGES}", everything, _details)]


def _details(ask: Ask) -> dict[str, Any]:
    iam = ask.iam
    usage = Usage.of(iam)
    wanted = ask.get("Filter") or list(_LISTS)
    entities: dict[str, list[Any]] = {
        "User": iam.users.values(),
        "Group": iam.groups.values(),
        "Role": iam.roles.values(),
        "LocalManagedPolicy": [policy.arn for policy in iam.policies.values()],
        "AWSManagedPolicy": sorted(arn for arn in usage.used if arn.startswith("arn:aws:iam::aws:")),
    }
    items = [
        (f"{place}{entity if isinstance(entity, str) else entity.name}", (kind, entity))
        for place, kind in enumerate(_LISTS)
        if kind in wanted
        for entity in entities[kind]
    ]
    found, more = page(ask, items)
    holders: dict[str, list[dict[str, Any]]] = {}
    for profile in iam.instance_profiles.values():
        if profile.role is not None:
            holders.setdefault(profile.role.role_id, []).append(profile_members(profile))
    answer: dict[str, Any] = {name: [] for name in _LISTS.values()}
    for kind, entity in found:
        if kind == "Role":
            answer["RoleDetailList"].append(_role(entity, holders.get(entity.role_id, [])))
        else:
            answer[_LISTS[kind]].append(_detail(iam, usage, kind, entity))
    return {**answer, **more}


def _role(role: Role, profiles: list[dict[str, Any]]) -> dict[str, Any]:
    members = role_members(role)
    for name in ("Description", "MaxSessionDuration"):
        members.pop(name, None)
    members["RoleLastUsed"] = role_last_used(role)
    return {**members, "InstanceProfileList": profiles, **_policies(role, "RolePolicyList")}


def _detail(iam: Directory, usage: Usage, kind: str, entity: Any) -> dict[str, Any]:
    if kind == "User":
        found = {**user_members(entity), **_policies(entity, "UserPolicyList")}
        return {**found, "GroupList": [group.name for group in entity.groups]}
    if kind == "Group":
        return {**group_members(entity), **_policies(entity, "GroupPolicyList")}
    policy = managed_policy(iam, entity)
    found = policy_members(policy, usage)
    found.pop("Tags", None)
    return {**found, "PolicyVersionList": [version_members(policy, version) for version in versions_of(policy)]}


def _policies(identity: Identity, inline: str) -> dict[str, Any]:
    return {inline: inline_members(identity), "AttachedManagedPolicies": attached_members(identity)}
