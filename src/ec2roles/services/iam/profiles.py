"""IAM's operations on instance profiles."""

from __future__ import annotations

from typing import Any

from ec2roles.authorization.permissions import Permission
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.services.iam.identities import tag_rows
from ec2roles.services.iam.responses import profile_created, profile_listed, profile_members
from ec2roles.services.iam.table import PAGES, Ask, Row, everything, existing, named, new, page
from ec2roles.services.pass_role import any_instance, pass_role


def profile_rows() -> list[Row]:
    """Return the rows of instance profiles."""
    about = existing("instance-profile", "InstanceProfileName")

    def one(ask: Ask) -> InstanceProfile:
        return ask.iam.instance_profiles[ask["InstanceProfileName"]]

    def role(ask: Ask) -> Role:
        return ask.iam.roles[ask["RoleName"]]

    def create(ask: Ask) -> dict[str, Any]:
        given = ask.chosen(path="Path", tags="Tags")
        return {
            "InstanceProfile": profile_created(ask.iam.create_instance_profile(ask["InstanceProfileName"], **given))
        }

    def listed(ask: Ask) -> dict[str, Any]:
        found, more = page(ask, named(ask.iam.instance_profiles, ask.get("PathPrefix", "/")))
        return {"InstanceProfiles": [profile_listed(profile) for profile in found], **more}

    def for_role(ask: Ask) -> dict[str, Any]:
        held = role(ask)
        holders = [(profile.name, profile) for profile in ask.iam.instance_profiles.values() if profile.role is held]
        found, more = page(ask, holders)
        return {"InstanceProfiles": [profile_listed(profile) for profile in found], **more}

    def passing(ask: Ask) -> list[Permission]:
        position = ask.call.position
        passed = ask.iam.roles.at(ask["RoleName"], position)
        # A role that does not exist is told as such, once the rest is allowed.
        associated = any_instance(ask.iam.account_id)
        return [] if passed is None else [pass_role(passed, associated=associated, position=position)]

    return [
        Row(
            "CreateInstanceProfile",
            "InstanceProfileName Path Tags",
            new("instance-profile", "InstanceProfileName"),
            create,
        ),
        Row(
            "GetInstanceProfile",
            "InstanceProfileName",
            about,
            lambda ask: {"InstanceProfile": profile_members(one(ask))},
        ),
        Row("ListInstanceProfiles", f"PathPrefix {PAGES}", everything, listed),
        Row("ListInstanceProfilesForRole", f"RoleName {PAGES}", existing("role", "RoleName"), for_role),
        Row(
            "AddRoleToInstanceProfile",
            "InstanceProfileName RoleName",
            about,
            lambda ask: one(ask).add_role(role(ask)),
            further=passing,
        ),
        Row(
            "RemoveRoleFromInstanceProfile",
            "InstanceProfileName RoleName",
            about,
            lambda ask: one(ask).remove_role(role(ask)),
        ),
        Row(
            "DeleteInstanceProfile",
            "InstanceProfileName",
            about,
            lambda ask: ask.iam.delete_instance_profile(ask["InstanceProfileName"]),
        ),
        *tag_rows("InstanceProfile", "InstanceProfileName", about, one),
    ]
