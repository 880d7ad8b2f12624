"""IAM's operations on an account as a whole: everything that is in it, how much of it there is, and its alias."""

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

# What AWS counts besides; nothing of it is kept here.
_NOT_KEPT = {
    "PolicyVersionsInUseQuota": 10_000,
    "GroupsPerUserQuota": 10,
    "Providers": 0,
    "ServerCertificates": 0,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "AccountSigningCertificatesPresent": 0,
    "AccountPasswordPresent": 1,
    "GlobalEndpointTokenVersion": 1,
}


def account_rows() -> list[Row]:
    """Return the rows of accounts."""
    return [
        Row("GetAccountAuthorizationDetails", f"Filter {PAGES}", everything, _details),
        Row("GetAccountSummary", "", everything, lambda ask: {"SummaryMap": _summary(ask.iam)}),
        Row("CreateAccountAlias", "AccountAlias", everything, lambda ask: ask.iam.alias.create(ask["AccountAlias"])),
        Row("DeleteAccountAlias", "AccountAlias", everything, lambda ask: ask.iam.alias.delete(ask["AccountAlias"])),
        Row("ListAccountAliases", PAGES, everything, _aliases),
    ]


def _aliases(ask: Ask) -> dict[str, Any]:
    alias = ask.iam.alias.name
    found, more = page(ask, [] if alias is None else [(alias, alias)])
    return {"AccountAliases": found, **more}


def _summary(iam: Directory) -> dict[str, int]:
    quotas, root = iam.quotas, iam.find_root()
    root_devices = 0 if root is None else len(root.mfa_devices)
    users_devices = sum(len(user.mfa_devices) for user in iam.users.values())
    return {
        "Users": len(iam.users),
        "UsersQuota": quotas.users,
        "Groups": len(iam.groups),
        "GroupsQuota": quotas.groups,
        "Roles": len(iam.roles),
        "RolesQuota": quotas.roles,
        "Policies": len(iam.policies),
        "PoliciesQuota": quotas.policies,
        "InstanceProfiles": len(iam.instance_profiles),
        "InstanceProfilesQuota": quotas.instance_profiles,
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in iam.policies.values()),
        "MFADevices": users_devices + root_devices,
        "MFADevicesInUse": users_devices + root_devices,
        "AccountMFAEnabled": int(root_devices > 0),
        "AccountAccessKeysPresent": int(root is not None and bool(root.access_keys)),
        "UserPolicySizeQuota": quotas.inline_policies_size_user,
        "GroupPolicySizeQuota": quotas.inline_policies_size_group,
        "RolePolicySizeQuota": quotas.inline_policies_size_role,
        "PolicySizeQuota": quotas.managed_policy_size,
        "AssumeRolePolicySizeQuota": quotas.trust_policy_size,
        "VersionsPerPolicyQuota": quotas.policy_versions,
        "AccessKeysPerUserQuota": quotas.access_keys_per_user,
        "AttachedPoliciesPerUserQuota": quotas.managed_policies_per_user,
        "AttachedPoliciesPerGroupQuota": quotas.managed_policies_per_group,
        "AttachedPoliciesPerRoleQuota": quotas.managed_policies_per_role,
        **_NOT_KEPT,
    }


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
