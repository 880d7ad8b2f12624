"""AWS STS as a table of operations. The trust policy of a role is the resource's policy of AssumeRole."""

from __future__ import annotations

from ec2roles.services.operation import Operation, Service
from ec2roles.sts.token_service import TokenService


def sts_service(sts: TokenService) -> Service:
    """
    Return the operations of *sts*.

    Args:
        sts: the token service of an account.
    """
    return Service(
        "sts",
        [
            Operation("AssumeRole", sts.assume_role_authorizations, sts.perform_assume_role),
            Operation("GetCallerIdentity", sts.caller_identity_authorizations, sts.perform_get_caller_identity),
        ],
    )
