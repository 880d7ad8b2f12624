"""
The parts that an object made by hand gets by default.

Who makes a `TokenService` without an account has calls of STS to make all the same. What it needs for that stands above it, so
it is put together here, and imported when the first call is made.
"""

from __future__ import annotations

from ec2roles.gateway import Gateway
from ec2roles.services.registry import Registry
from ec2roles.services.sts.operations import sts_service
from ec2roles.sts.token_service import TokenService


def gateway_of(sts: TokenService) -> Gateway:
    """
    Return where the calls of a token service go that has no account around it: it judges all, and performs STS's own.

    >>> from ec2roles import Timekeeper
    >>> gateway_of(TokenService(time=Timekeeper())).registry.services
    ('sts',)
    """
    registry = Registry()
    registry.register(sts_service(sts))
    return Gateway(sts, registry)
