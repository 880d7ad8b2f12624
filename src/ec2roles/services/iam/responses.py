"""IAM's entities as its responses have them: dicts of the form that boto3 gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.directory import Directory
from ec2roles.iam.entities import in_order
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.last_used import LastUse
from ec2roles.iam.managed import AwsManagedPolicy
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.instants import from_microseconds
from ec2roles.world.timeline import Position

Members = dict[str, Any]


def date(position: Position) -> datetime:
    """Return the instant of *position* as IAM gives it: aware, in UTC, whole seconds."""
    return from_microseconds(position[0]).replace(microsecond=0)


def tag_members(tags: Mapping[str, str]) -> list[Members]:
    """Return tags as IAM lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _tags_and_boundary(identity: Identity) -> Members:
    found: Members = {}
    arn = getattr(identity.permissions_boundary, "arn", None)
    if arn is not None:
        found["PermissionsBoundary"] = {
            # So on the wire; the type in AWS's own model has another word for it.
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": arn,
        }
    return _tags_if_any(found, identity.tags)


def role_members(role: Role) -> Members:
    """Return a role as GetRole gives it."""
    return {**role_listed(role), "RoleLastUsed": role_last_used(role), **_tags_and_boundary(role)}


def role_created(role: Role) -> Members:
    """Return a role as CreateRole gives it: never with its longest session, nor with when it was used."""
    found = {**role_in_profile(role), **_tags_and_boundary(role)}
    if role.description is not None:
        found["Description"] = role.description
    return found


def role_described(role: Role) -> Members:
    """Return a role as UpdateRoleDescription gives it."""
    return {**role_in_profile(role), "Description": role.description}


def key_last_used(used: LastUse | None) -> Members:
    """Return when and where an access key was last used, and for what."""
    if used is None:
        return {"ServiceName": "N/A", "Region": "N/A"}
    return {"LastUsedDate": date((used.instant, 0)), "ServiceName": used.service, "Region": used.region}


def role_last_used(role: Role) -> Members:
    """Return when and where the credentials of a role were last used; nothing if they never were."""
    used = role.last_used
    return {} if used is None else {"LastUsedDate": date((used.instant, 0)), "Region": used.region}


def role_listed(role: Role) -> Members:
    """Return a role as lists have it: without its tags and its boundary."""
    found = {**role_in_profile(role), "MaxSessionDuration": role.max_session_duration}
    if role.description is not None:
        found["Description"] = role.description
    return found


def role_in_profile(role: Role) -> Members:
    """Return a role as an instance profile has it."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": date(role.created),
        "AssumeRolePolicyDocument": role.trust.to_dict(),
    }


def user_members(user: User) -> Members:
    """Return a user as GetUser and CreateUser give it."""
    return {**user_listed(user), **_tags_and_boundary(user)}


def user_listed(user: User) -> Members:
    """Return a user as lists have it: without its tags and its boundary."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": date(user.created),
    }


def group_members(group: Group) -> Members:
    """Return a group as IAM gives it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.group_id,
        "Arn": group.arn,
        "CreateDate": date(group.created),
    }


def profile_members(profile: InstanceProfile) -> Members:
    """Return an instance profile as GetInstanceProfile gives it: with its tags, even if there are none."""
    return {**profile_listed(profile), "Tags": tag_members(profile.tags)}


def profile_created(profile: InstanceProfile) -> Members:
    """Return an instance profile as CreateInstanceProfile gives it: with its tags if it has some."""
    return _tags_if_any(profile_listed(profile), profile.tags)


def _tags_if_any(members: Members, tags: Mapping[str, str]) -> Members:
    return {**members, "Tags": tag_members(tags)} if tags else members


def profile_listed(profile: InstanceProfile) -> Members:
    """Return an instance profile as lists have it: without its tags."""
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": date(profile.created),
        "Roles": [role_in_profile(profile.role)] if profile.role else [],
    }


def attached_members(identity: Identity) -> list[Members]:
    """Return the managed policies that are attached to an identity."""
    return [{"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in identity.attached_policies]


def inline_members(identity: Identity) -> list[Members]:
    """Return the inline policies of an identity, with their documents."""
    return [
        {"PolicyName": name, "PolicyDocument": policy.to_dict()}
        for name, policy in sorted(identity.policies.items(), key=lambda one: in_order(one[0]))
    ]


@attrs.frozen(eq=False)
class Usage:
    """
    How often each managed policy of an account is used.

    Args:
        attached: ARN to the number of identities it is attached to.
        bounding: ARN to the number of identities it is the boundary of.
    """

    attached: Counter[str]
    bounding: Counter[str]

    @classmethod
    def of(cls, iam: Directory) -> Usage:
        """Count it, as of now."""
        identities: list[Identity] = [*iam.roles.values(), *iam.users.values(), *iam.groups.values()]
        boundaries = (getattr(one.permissions_boundary, "arn", None) for one in identities)
        return cls(
            Counter(policy.arn for one in identities for policy in one.attached_policies),
            Counter(arn for arn in boundaries if arn is not None),
        )

    @property
    def used(self) -> set[str]:
        """The ARNs of all that are used."""
        return {*self.attached, *self.bounding}


def policy_members(policy: CustomerManagedPolicy | AwsManagedPolicy, usage: Usage) -> Members:
    """Return a managed policy as GetPolicy gives it: with its tags, even if there are none."""
    found = {**policy_listed(policy, usage), "Tags": tag_members(policy.tags)}
    if isinstance(policy, CustomerManagedPolicy) and policy.description is not None:
        found["Description"] = policy.description
    return found


def policy_created(policy: CustomerManagedPolicy, usage: Usage) -> Members:
    """Return a managed policy as CreatePolicy gives it: never with its description, with its tags if it has some."""
    return _tags_if_any(policy_listed(policy, usage), policy.tags)


def policy_listed(policy: CustomerManagedPolicy | AwsManagedPolicy, usage: Usage) -> Members:
    """Return a managed policy as lists have it: without its tags and its description."""
    own = isinstance(policy, CustomerManagedPolicy)
    found: Members = {"PolicyName": policy.name, "PolicyId": policy.policy_id}
    if isinstance(policy, CustomerManagedPolicy):
        found["CreateDate"] = date(policy.created)
        found["UpdateDate"] = date(max(policy.version(one)[1] for one in policy.versions))
    else:
        found |= _dates(CreateDate=policy.create_date, UpdateDate=policy.update_date)
    return {
        **found,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id
        if isinstance(policy, CustomerManagedPolicy)
        else policy.version_id,
        "AttachmentCount": usage.attached[policy.arn],
        "PermissionsBoundaryUsageCount": usage.bounding[policy.arn],
        "IsAttachable": own or policy.attachable,
    }


def _dates(**written: str) -> Members:
    # An account's dump may come without them.
    return {
        name: datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
        for name, text in written.items()
        if text
    }


def version_listed(policy: CustomerManagedPolicy | AwsManagedPolicy, version_id: str) -> Members:
    """Return a version of a managed policy as lists have it: without its document."""
    if isinstance(policy, CustomerManagedPolicy):
        created = date(policy.version(version_id)[1])
        return {
            "VersionId": version_id,
            "IsDefaultVersion": version_id == policy.default_version_id,
            "CreateDate": created,
        }
    return {"VersionId": version_id, "IsDefaultVersion": True, **_dates(CreateDate=policy.update_date)}


def version_members(policy: CustomerManagedPolicy | AwsManagedPolicy, version_id: str) -> Members:
    """Return a version of a managed policy with its document."""
    document = policy.version(version_id)[0] if isinstance(policy, CustomerManagedPolicy) else policy.document
    return {**version_listed(policy, version_id), "Document": document.to_dict()}


def versions_of(policy: CustomerManagedPolicy | AwsManagedPolicy) -> Iterable[str]:
    """Return the ids of a policy's versions, the newest first; of AWS's own policies there is the default alone."""
    if isinstance(policy, CustomerManagedPolicy):
        return tuple(reversed(policy.versions))
    return (policy.version_id,)
