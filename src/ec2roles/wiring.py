"""
The parts that objects made by hand get by default: imported late, by what needs them, and by nobody else.

An `Account` wires its parts itself. Whoever makes a `TokenService` alone gets the same parts from here, with a table of
services that has STS and nothing else.
"""

from __future__ import annotations

from ec2roles.authorization.authorizer import Authorizer
from ec2roles.calls import Api
from ec2roles.gateway import Gateway
from ec2roles.services.registry import Registry
from ec2roles.services.sts.operations import sts_service
from ec2roles.sts.token_service import TokenService

__all__ = ["Authorizer", "token_service_gateway"]


def token_service_gateway(sts: TokenService) -> Api:
    """Return where the calls of a token service go that has no account around it: STS's own operations are performed."""
    authorizer = sts.authorizer
    if not isinstance(authorizer, Authorizer):
        raise TypeError(
            f"authorizer must be an Authorizer to take calls, got {type(authorizer).__name__}; or give api="
        )
    registry = Registry()
    registry.register(sts_service(sts))
    return Gateway(authorizer, registry)
