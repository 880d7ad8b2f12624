"""IAM's operations on roles, users and groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.credentials import Credentials
from ec2roles.errors import NoSuchEntityError
from ec2roles.iam.group import Group
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.secret import CredentialsMembers
from ec2roles.services.iam.responses import (
    attached_members,
    date,
    group_members,
    key_last_used,
    role_created,
    role_described,
    role_listed,
    role_members,
    tag_members,
    user_listed,
    user_members,
)
from ec2roles.services.iam.table import (
    PAGES,
    About,
    Ask,
    Row,
    about_own_user,
    everything,
    existing,
    judged_on,
    named,
    new,
    numbered,
    own_user,
    page,
    table,
)


def identity_rows() -> list[Row]:
    """Return the rows of roles, users and groups."""
    common = [row for kind in ("Role", "User", "Group") for row in _policies(kind)]
    return [
        *_roles(),
        *_users(),
        *_access_keys(),
        *_groups(),
        *common,
        *_bounds_and_tags("Role"),
        *_bounds_and_tags("User"),
    ]


# -- what all kinds have ------------------------------------------------------------------------------------------------


def _policies(kind: str) -> list[Row]:
    """The rows of inline and attached policies."""
    name = f"{kind}Name"
    about = existing(kind.lower(), name)
    bounded = existing(kind.lower(), name, bounded=kind != "Group")

    def one(ask: Ask) -> Any:
        return table(ask.iam, kind.lower())[ask[name]]

    def attaching(ask: Ask) -> tuple[str, Mapping[str, Any]]:
        arn, context = bounded(ask)
        return arn, {**context, "iam:PolicyARN": ask["PolicyArn"]}

    def get(ask: Ask) -> dict[str, Any]:
        identity = one(ask)
        document = identity.inline_policy(ask["PolicyName"]).to_dict()
        return {name: identity.name, "PolicyName": ask["PolicyName"], "PolicyDocument": document}

    def inline(ask: Ask) -> dict[str, Any]:
        names, more = page(ask, ((policy, policy) for policy in one(ask).policies))
        return {"PolicyNames": names, **more}

    def attached(ask: Ask) -> dict[str, Any]:
        identity, prefix = one(ask), ask.get("PathPrefix", "/")
        below = (
            member
            for member in attached_members(identity)
            if member["PolicyArn"].split(":", 5)[5].startswith(f"policy{prefix}")
        )
        found, more = page(ask, ((member["PolicyName"], member) for member in below))
        return {"AttachedPolicies": found, **more}

    return [
        Row(
            f"Put{kind}Policy",
            f"{name} PolicyName PolicyDocument",
            bounded,
            lambda ask: one(ask).put_policy(ask["PolicyName"], ask["PolicyDocument"]),
        ),
        Row(f"Get{kind}Policy", f"{name} PolicyName", about, get),
        Row(
            f"Delete{kind}Policy",
            f"{name} PolicyName",
            bounded,
            lambda ask: one(ask).delete_policy(ask["PolicyName"]),
        ),
        Row(f"List{kind}Policies", f"{name} {PAGES}", about, inline),
        Row(
            f"Attach{kind}Policy",
            f"{name} PolicyArn",
            attaching,
            lambda ask: one(ask).attach_policy(ask["PolicyArn"]),
        ),
        Row(
            f"Detach{kind}Policy",
            f"{name} PolicyArn",
            attaching,
            lambda ask: one(ask).detach_policy(ask["PolicyArn"]),
        ),
        Row(f"ListAttached{kind}Policies", f"{name} PathPrefix {PAGES}", about, attached),
    ]


def _bounds_and_tags(kind: str) -> list[Row]:
    """The rows of boundaries and tags, which groups do not have."""
    name = f"{kind}Name"
    about = existing(kind.lower(), name)
    bounded = existing(kind.lower(), name, bounded=True)

    def one(ask: Ask) -> Any:
        return table(ask.iam, kind.lower())[ask[name]]

    return [
        Row(
            f"Put{kind}PermissionsBoundary",
            f"{name} PermissionsBoundary",
            bounded,
            lambda ask: one(ask).put_permissions_boundary(ask["PermissionsBoundary"]),
        ),
        Row(
            f"Delete{kind}PermissionsBoundary",
            f"{name}",
            bounded,
            lambda ask: one(ask).delete_permissions_boundary(),
        ),
        *tag_rows(kind, name, about, one),
    ]


def tag_rows(kind: str, name: str, about: About, one: Any) -> list[Row]:
    """
    Return the rows of an entity's tags.

    Args:
        kind: ``Role``.
        name: the parameter that names it: ``RoleName``.
        about: what they are judged on.
        one: returns the entity.
    """

    def listed(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, ((tag["Key"], tag) for tag in tag_members(one(ask).tags)))
        return {"Tags": found, **more}

    return [
        Row(f"Tag{kind}", f"{name} Tags", about, lambda ask: one(ask).tag(ask["Tags"])),
        Row(f"Untag{kind}", f"{name} TagKeys", about, lambda ask: one(ask).untag(ask["TagKeys"])),
        Row(f"List{kind}Tags", f"{name} {PAGES}", about, listed),
    ]


# -- roles --------------------------------------------------------------------------------------------------------------


def _roles() -> list[Row]:
    about = existing("role", "RoleName")

    def one(ask: Ask) -> Role:
        return ask.iam.roles[ask["RoleName"]]

    def create(ask: Ask) -> dict[str, Any]:
        role = ask.iam.create_role(
            ask["RoleName"],
            trust=ask["AssumeRolePolicyDocument"],
            **ask.chosen(
                path="Path",
                description="Description",
                max_session_duration="MaxSessionDuration",
                permissions_boundary="PermissionsBoundary",
                tags="Tags",
            ),
        )
        return {"Role": role_created(role)}

    def update(ask: Ask) -> None:
        given = ask.chosen(description="Description", max_session_duration="MaxSessionDuration")
        one(ask).update(**given)

    def describe(ask: Ask) -> dict[str, Any]:
        role = one(ask)
        role.update_description(ask["Description"])
        return {"Role": role_described(role)}

    def listed(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, named(ask.iam.roles, ask.get("PathPrefix", "/")))
        return {"Roles": [role_listed(role) for role in found], **more}

    return [
        Row(
            "CreateRole",
            "RoleName AssumeRolePolicyDocument Path Description MaxSessionDuration PermissionsBoundary Tags",
            new("role", "RoleName"),
            create,
        ),
        Row("GetRole", "RoleName", about, lambda ask: {"Role": role_members(one(ask))}),
        Row("ListRoles", f"PathPrefix {PAGES}", everything, listed),
        Row("UpdateRole", "RoleName Description MaxSessionDuration", about, update),
        Row("UpdateRoleDescription", "RoleName Description", about, describe),
        Row(
            "UpdateAssumeRolePolicy",
            "RoleName PolicyDocument",
            about,
            lambda ask: one(ask).update_trust(ask["PolicyDocument"]),
        ),
        Row("DeleteRole", "RoleName", about, lambda ask: ask.iam.delete_role(ask["RoleName"])),
    ]


def _renamed(update: Callable[..., Any], ask: Ask, kind: str) -> None:
    update(ask[f"{kind}Name"], **ask.chosen(new_name=f"New{kind}Name", new_path="NewPath"))


def _renaming(kind: str, noun: str) -> Callable[[Ask], list[Permission]]:
    """Return what a new name needs: the permission for what it will be called, besides that for what it is called."""

    def further(ask: Ask) -> list[Permission]:
        found = table(ask.iam, kind).at(ask[f"{noun}Name"], ask.call.position)
        path = "/" if found is None else found.path_at(ask.call.position)
        name = ask.get(f"New{noun}Name", ask[f"{noun}Name"])
        arn = f"arn:aws:iam::{ask.iam.account_id}:{kind}{ask.get('NewPath', path)}{name}"
        return [Permission(f"iam:Update{noun}", arn)]

    return further


# -- users --------------------------------------------------------------------------------------------------------------


def _users() -> list[Row]:
    about = existing("user", "UserName")

    def create(ask: Ask) -> dict[str, Any]:
        given = ask.chosen(path="Path", permissions_boundary="PermissionsBoundary", tags="Tags")
        return {"User": user_members(ask.iam.create_user(ask["UserName"], **given))}

    def listed(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, named(ask.iam.users, ask.get("PathPrefix", "/")))
        return {"Users": [user_listed(user) for user in found], **more}

    def groups(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, ((group.name, group) for group in ask.iam.users[ask["UserName"]].groups))
        return {"Groups": [group_members(group) for group in found], **more}

    return [
        Row("CreateUser", "UserName Path PermissionsBoundary Tags", new("user", "UserName"), create),
        Row("GetUser", "UserName", about_own_user, lambda ask: {"User": user_members(own_user(ask))}),
        Row("ListUsers", f"PathPrefix {PAGES}", everything, listed),
        Row("ListGroupsForUser", f"UserName {PAGES}", about, groups),
        Row(
            "UpdateUser",
            "UserName NewUserName NewPath",
            about,
            lambda ask: _renamed(ask.iam.update_user, ask, "User"),
            further=_renaming("user", "User"),
        ),
        Row("DeleteUser", "UserName", about, lambda ask: ask.iam.delete_user(ask["UserName"])),
    ]


@attrs.frozen
class NewAccessKey:
    """
    What CreateAccessKey made. The history keeps this, which hides the secret, and not AWS's response, which shows it.

    Args:
        user_name: whose key it is.
        credentials: the key.
        created: when it was made.
    """

    user_name: str
    credentials: Credentials
    created: datetime


def _last_used(ask: Ask) -> dict[str, Any]:
    key_id = ask["AccessKeyId"]
    user = ask.iam.user_of_key(key_id)
    if user is None:
        raise NoSuchEntityError(
            f"The Access Key with id {key_id} cannot be found.",
            detail=f"no user of account {ask.iam.account_id} has {shown(key_id)}",
        )
    return {"UserName": user.name, "AccessKeyLastUsed": key_last_used(user.access_key_last_used(key_id))}


def _about_key(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    position = ask.call.position
    user = ask.iam.user_of_key(ask["AccessKeyId"], position)
    return everything(ask) if user is None else judged_on(ask, "user", user.name_at(position))


def _access_keys() -> list[Row]:
    def create(ask: Ask) -> NewAccessKey:
        user = own_user(ask)
        key = user.create_access_key()
        return NewAccessKey(user.name, key, date((user.access_key_created(key.access_key_id), 0)))

    def created(value: NewAccessKey, call: Call) -> dict[str, Any]:
        key = value.credentials
        return {
            "AccessKey": CredentialsMembers(
                UserName=value.user_name,
                AccessKeyId=key.access_key_id,
                Status="Active",
                SecretAccessKey=key.secret_access_key.reveal(),
                CreateDate=value.created,
            )
        }

    def listed(ask: Ask) -> dict[str, Any]:
        user = own_user(ask)
        found, more = page(ask, numbered(user.access_keys.items()))
        members = [
            {
                "UserName": user.name,
                "AccessKeyId": key,
                "Status": status,
                "CreateDate": date((user.access_key_created(key), 0)),
            }
            for key, status in found
        ]
        return {"AccessKeyMetadata": members, **more}

    return [
        Row("GetAccessKeyLastUsed", "AccessKeyId", _about_key, _last_used),
        Row(
            "CreateAccessKey",
            "UserName",
            about_own_user,
            create,
            response=created,
        ),
        Row(
            "UpdateAccessKey",
            "UserName AccessKeyId Status",
            about_own_user,
            lambda ask: own_user(ask).update_access_key(ask["AccessKeyId"], ask["Status"]),
        ),
        Row(
            "DeleteAccessKey",
            "UserName AccessKeyId",
            about_own_user,
            lambda ask: own_user(ask).delete_access_key(ask["AccessKeyId"]),
        ),
        Row("ListAccessKeys", f"UserName {PAGES}", about_own_user, listed),
    ]


# -- groups -------------------------------------------------------------------------------------------------------------


def _groups() -> list[Row]:
    about = existing("group", "GroupName")

    def one(ask: Ask) -> Group:
        return ask.iam.groups[ask["GroupName"]]

    def create(ask: Ask) -> dict[str, Any]:
        return {"Group": group_members(ask.iam.create_group(ask["GroupName"], **ask.chosen(path="Path")))}

    def get(ask: Ask) -> dict[str, Any]:
        group = one(ask)
        members = [(user.name, user) for user in ask.iam.users.values() if group in user.groups]
        found, more = page(ask, members)
        return {"Group": group_members(group), "Users": [user_listed(user) for user in found], **more}

    def listed(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, named(ask.iam.groups, ask.get("PathPrefix", "/")))
        return {"Groups": [group_members(group) for group in found], **more}

    def user(ask: Ask) -> User:
        return ask.iam.users[ask["UserName"]]

    return [
        Row("CreateGroup", "GroupName Path", new("group", "GroupName"), create),
        Row("GetGroup", f"GroupName {PAGES}", about, get),
        Row("ListGroups", f"PathPrefix {PAGES}", everything, listed),
        Row("AddUserToGroup", "GroupName UserName", about, lambda ask: user(ask).add_to_group(one(ask))),
        Row("RemoveUserFromGroup", "GroupName UserName", about, lambda ask: user(ask).remove_from_group(one(ask))),
        Row(
            "UpdateGroup",
            "GroupName NewGroupName NewPath",
            about,
            lambda ask: _renamed(ask.iam.update_group, ask, "Group"),
            further=_renaming("group", "Group"),
        ),
        Row("DeleteGroup", "GroupName", about, lambda ask: ask.iam.delete_group(ask["GroupName"])),
    ]
