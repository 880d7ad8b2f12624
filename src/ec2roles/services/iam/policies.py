"""IAM's operations on managed policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ec2roles.errors import NoSuchEntityError
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.directory import Directory
from ec2roles.iam.entities import Entities
from ec2roles.iam.identity import Identity
from ec2roles.iam.managed import AwsManagedPolicy
from ec2roles.services.iam.identities import tag_rows
from ec2roles.services.iam.responses import (
    Usage,
    policy_created,
    policy_listed,
    policy_members,
    version_listed,
    version_members,
    versions_of,
)
from ec2roles.services.iam.table import PAGES, Ask, Row, everything, new, numbered, page
from ec2roles.services.pass_role import resource_tags

Managed = CustomerManagedPolicy | AwsManagedPolicy


def policy_rows() -> list[Row]:
    """Return the rows of managed policies."""

    def create(ask: Ask) -> dict[str, Any]:
        given = ask.chosen(path="Path", description="Description", tags="Tags")
        policy = ask.iam.create_policy(ask["PolicyName"], ask["PolicyDocument"], **given)
        return {"Policy": policy_created(policy, Usage.of(ask.iam))}

    def create_version(ask: Ask) -> dict[str, Any]:
        policy = _own(ask)
        version = policy.create_version(ask["PolicyDocument"], set_as_default=ask.get("SetAsDefault", False))
        return {"PolicyVersion": version_listed(policy, version)}

    def get_version(ask: Ask) -> dict[str, Any]:
        policy = _one(ask)
        if isinstance(policy, AwsManagedPolicy) and ask["VersionId"] != policy.version_id:
            raise NoSuchEntityError(
                f"Policy {policy.arn} version {ask['VersionId']} does not exist or is not attachable.",
                detail=f"of AWS's own policies there is the default version alone, '{policy.version_id}'",
            )
        return {"PolicyVersion": version_members(policy, ask["VersionId"])}

    def versions(ask: Ask) -> dict[str, Any]:
        policy = _one(ask)
        found, more = page(ask, numbered(versions_of(policy)))
        return {"Versions": [version_listed(policy, version) for version in found], **more}

    return [
        Row(
            "CreatePolicy",
            "PolicyName PolicyDocument Path Description Tags",
            new("policy", "PolicyName"),
            create,
        ),
        Row("GetPolicy", "PolicyArn", _about, _get),
        Row(
            "ListPolicies",
            f"Scope OnlyAttached PathPrefix PolicyUsageFilter {PAGES}",
            everything,
            _list_policies,
        ),
        Row("ListEntitiesForPolicy", f"PolicyArn EntityFilter PathPrefix PolicyUsageFilter {PAGES}", _about, _entities),
        Row("CreatePolicyVersion", "PolicyArn PolicyDocument SetAsDefault", _about, create_version),
        Row("GetPolicyVersion", "PolicyArn VersionId", _about, get_version),
        Row("ListPolicyVersions", f"PolicyArn {PAGES}", _about, versions),
        Row(
            "SetDefaultPolicyVersion",
            "PolicyArn VersionId",
            _about,
            lambda ask: _own(ask).set_default_version(ask["VersionId"]),
        ),
        Row(
            "DeletePolicyVersion",
            "PolicyArn VersionId",
            _about,
            lambda ask: _own(ask).delete_version(ask["VersionId"]),
        ),
        Row("DeletePolicy", "PolicyArn", _about, lambda ask: ask.iam.delete_policy(_own(ask).name)),
        *tag_rows("Policy", "PolicyArn", _about, _one),
    ]


def _about(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    arn = ask["PolicyArn"]
    own = ask.iam.policies.at(arn.rpartition("/")[2], ask.call.position)
    if own is None or own.arn != arn:
        return arn, {}
    return arn, resource_tags(own.tags_at(ask.call.position), "iam:ResourceTag/")


def _get(ask: Ask) -> dict[str, Any]:
    try:
        return {"Policy": policy_members(_one(ask), Usage.of(ask.iam))}
    except NoSuchEntityError as error:
        arn = ask["PolicyArn"]
        if arn.startswith("arn:aws:iam::aws:"):
            raise
        # So AWS answers for a policy of the account's, and otherwise for its own.
        raise NoSuchEntityError(f"Policy {arn} does not exist or is not attachable.", detail=error.detail) from None


def _one(ask: Ask) -> Managed:
    try:
        found = ask.iam.find(ask["PolicyArn"])
    except NoSuchEntityError as error:
        raise NoSuchEntityError(f"Policy {ask['PolicyArn']} was not found.", detail=error.detail) from None
    assert isinstance(found, (CustomerManagedPolicy, AwsManagedPolicy))
    return found


def _own(ask: Ask) -> CustomerManagedPolicy:
    found = _one(ask)
    # Nobody is ever allowed to change AWS's own policies, so no such call gets here.
    assert isinstance(found, CustomerManagedPolicy)
    return found


def _list_policies(ask: Ask) -> dict[str, Any]:
    scope, prefix = ask.get("Scope", "All"), ask.get("PathPrefix", "/")
    usage = Usage.of(ask.iam)
    wanted: set[str] | None = None
    if ask.get("OnlyAttached", False):
        wanted = set(usage.attached)
    if "PolicyUsageFilter" in ask.given:
        bounding = ask["PolicyUsageFilter"] == "PermissionsBoundary"
        wanted = (usage.used if wanted is None else wanted) & set(usage.bounding if bounding else usage.attached)
    # Sorted by ARN, and only those of the page are made: AWS has some 1,600 of its own.
    items = [
        (arn, arn)
        for arn in _arns(ask.iam, scope)
        if arn.split(":", 5)[5].startswith(f"policy{prefix}") and (wanted is None or arn in wanted)
    ]
    found, more = page(ask, items)
    return {"Policies": [policy_listed(managed_policy(ask.iam, arn), usage) for arn in found], **more}


def _arns(iam: Directory, scope: str) -> Iterator[str]:
    if scope in ("All", "Local"):
        yield from (policy.arn for policy in iam.policies.values())
    if scope in ("All", "AWS"):
        yield from iam.loaded_aws_policies
        yield from (arn for arn in map(iam.aws_managed.arn_of, iam.aws_managed) if arn not in iam.loaded_aws_policies)


def managed_policy(iam: Directory, arn: str) -> Managed:
    """Return the managed policy of *arn*, which is known to exist."""
    found = iam.find(arn)
    assert isinstance(found, (CustomerManagedPolicy, AwsManagedPolicy))
    return found


def _entities(ask: Ask) -> dict[str, Any]:
    arn, usage = _one(ask).arn, ask.get("PolicyUsageFilter")
    tables: dict[str, Entities[Any]] = {"Role": ask.iam.roles, "User": ask.iam.users, "Group": ask.iam.groups}
    found: list[tuple[str, tuple[str, Identity]]] = []
    for kind, entities in tables.items():
        if ask.get("EntityFilter", kind) != kind:
            continue
        identities: list[Identity] = list(entities.values())
        for identity in identities:
            attached = usage != "PermissionsBoundary" and any(one.arn == arn for one in identity.attached_policies)
            bounds = usage != "PermissionsPolicy" and getattr(identity.permissions_boundary, "arn", None) == arn
            if (attached or bounds) and identity.path.startswith(ask.get("PathPrefix", "/")):
                found.append((f"{kind}/{identity.name}", (kind, identity)))
    items, more = page(ask, found)
    listed: dict[str, Any] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for kind, identity in items:
        unique_id = getattr(identity, f"{kind.lower()}_id")
        listed[f"Policy{kind}s"].append({f"{kind}Name": identity.name, f"{kind}Id": unique_id})
    return {**listed, **more}
