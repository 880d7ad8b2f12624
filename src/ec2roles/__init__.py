"""
EC2 instance roles, simulated: roles, instance profiles, instances, rotating credentials, and decisions with their reasons.

These are the names most people need. The packages they come from promise more, each in its ``__all__``.
"""

from ec2roles import _moved, errors
from ec2roles.account import Account
from ec2roles.arns import Arn
from ec2roles.calls import Call, Response
from ec2roles.cloud import Cloud
from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.rotation import Rotation
from ec2roles.iam.group import Group
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.metadata.response import MetadataResponse
from ec2roles.metadata.service import MetadataService
from ec2roles.policy.decision import Decision, Outcome
from ec2roles.policy.document import PermissionPolicy, TrustPolicy
from ec2roles.policy.engine.evaluate import evaluate
from ec2roles.policy.loading import load_policy
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics
from ec2roles.secret import Secret
from ec2roles.services.operation import Operation, Service
from ec2roles.sts.token_service import TokenService
from ec2roles.world.clock import ManualClock, SystemClock
from ec2roles.world.propagation import Propagation
from ec2roles.world.timekeeper import Timekeeper

__all__ = [
    "Account",
    "Arn",
    "Call",
    "Cloud",
    "Credentials",
    "Decision",
    "Group",
    "Instance",
    "InstanceProfile",
    "ManualClock",
    "MetadataResponse",
    "MetadataService",
    "Operation",
    "Outcome",
    "PermissionPolicy",
    "PolicySet",
    "Propagation",
    "Quotas",
    "Request",
    "Response",
    "Role",
    "Rotation",
    "Secret",
    "Semantics",
    "Service",
    "SystemClock",
    "Timekeeper",
    "TokenService",
    "TrustPolicy",
    "User",
    "errors",
    "evaluate",
    "load_policy",
]

_moved.install()
