"""
The parts that objects get from rooms above their own: imported late, by what needs them, and by nobody else.

An `Account` wires its parts itself. Whoever makes a `TokenService` alone gets the same parts from here, with a table of
services that has STS and nothing else; and an instance, with an account or without, gets its programs here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ec2roles.authorization.authorizer import Authorizer
from ec2roles.calls import Api
from ec2roles.ec2.launch import NAT_ADDRESS
from ec2roles.ec2.role_credentials import RoleCredentials
from ec2roles.ec2.state import InstanceState
from ec2roles.gateway import Gateway
from ec2roles.metadata.service import MetadataService
from ec2roles.programs.chain import CredentialChain
from ec2roles.programs.place import Place, Programs
from ec2roles.programs.program import Completed
from ec2roles.services.registry import Registry
from ec2roles.services.sts.operations import sts_service
from ec2roles.sts.token_service import TokenService

if TYPE_CHECKING:
    from ec2roles.programs.terminal.terminal import Terminal

__all__ = [
    "Authorizer",
    "Completed",
    "CredentialChain",
    "Programs",
    "Terminal",
    "programs_in",
    "programs_on",
    "token_service_gateway",
]

NETWORK = MappingProxyType({"aws:SourceIp": NAT_ADDRESS})
"""The context keys that EC2's network adds to every call of an instance."""


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


def programs_on(instance: InstanceState) -> Programs:
    """Return what runs on an instance: nothing so far."""
    host = RoleCredentials(instance)
    return _programs(host, host, MetadataService(host))


def programs_in(container: Place, instance: InstanceState, metadata: MetadataService) -> Programs:
    """
    Return what runs in a container on an instance: nothing so far.

    Args:
        container: says why its programs have no credentials.
        instance: what it is on.
        metadata: the instance's metadata service, as it is reached from the container.
    """
    return _programs(container, RoleCredentials(instance), metadata)


def _programs(place: Place, host: RoleCredentials, metadata: MetadataService) -> Programs:
    return Programs(
        place,
        api=host.api,
        time=host.time,
        metadata=metadata,
        context=NETWORK,
        sender=host.instance_id,
    )
