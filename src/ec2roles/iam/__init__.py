"""Who may do what: roles, instance profiles, users, managed policies, and the directory of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.iam.console import Console
    from ec2roles.iam.customer_managed import CustomerManagedPolicy
    from ec2roles.iam.directory import Directory
    from ec2roles.iam.entities import Entities
    from ec2roles.iam.group import Group
    from ec2roles.iam.instance_profile import InstanceProfile
    from ec2roles.iam.managed import AwsManagedPolicies, AwsManagedPolicy
    from ec2roles.iam.mfa import MfaDevice
    from ec2roles.iam.quotas import Quotas
    from ec2roles.iam.role import Role
    from ec2roles.iam.root_user import RootUser
    from ec2roles.iam.user import User
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "console": "Console",
            "customer_managed": "CustomerManagedPolicy",
            "directory": "Directory",
            "entities": "Entities",
            "group": "Group",
            "instance_profile": "InstanceProfile",
            "managed": "AwsManagedPolicies AwsManagedPolicy",
            "mfa": "MfaDevice",
            "quotas": "Quotas",
            "role": "Role",
            "root_user": "RootUser",
            "user": "User",
        },
    )

__all__ = [
    "AwsManagedPolicies",
    "AwsManagedPolicy",
    "Console",
    "CustomerManagedPolicy",
    "Directory",
    "Entities",
    "Group",
    "InstanceProfile",
    "MfaDevice",
    "Quotas",
    "Role",
    "RootUser",
    "User",
]
