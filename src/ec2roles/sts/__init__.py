"""Temporary credentials: what they are, whose session they stand for, and the service that issues and checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.sts.get_federation_token import FederatedUser
    from ec2roles.sts.service_principal import ServicePrincipal
    from ec2roles.sts.session import CallerIdentity, Session
    from ec2roles.sts.token_service import TokenService
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "get_federation_token": "FederatedUser",
            "service_principal": "ServicePrincipal",
            "session": "CallerIdentity Session",
            "token_service": "TokenService",
        },
    )

__all__ = [
    "CallerIdentity",
    "FederatedUser",
    "ServicePrincipal",
    "Session",
    "TokenService",
]
