"""
EC2 instance roles, simulated: roles, instance profiles, instances, rotating credentials, and decisions with their reasons.

These are the names most people need. The parts they come from are public as well: see ``docs/architecture.md``.
"""

from ec2roles import _moved, errors
from ec2roles.account import Account
from ec2roles.calls import Response
from ec2roles.cloud import Cloud
from ec2roles.ec2.instance import Instance
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.role import Role
from ec2roles.metadata.service import MetadataService
from ec2roles.policy import Decision, PermissionPolicy, TrustPolicy
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.token_service import TokenService
from ec2roles.world.clock import ManualClock, SystemClock
from ec2roles.world.timekeeper import Timekeeper

__all__ = [
    "Account",
    "Cloud",
    "Credentials",
    "Decision",
    "Instance",
    "InstanceProfile",
    "ManualClock",
    "MetadataService",
    "PermissionPolicy",
    "Response",
    "Role",
    "SystemClock",
    "Timekeeper",
    "TokenService",
    "TrustPolicy",
    "errors",
]

_moved.install()
