"""AWS's API on the wire: endpoints, signatures and protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.adapters.aws.actions import ApiActions
    from ec2roles.adapters.aws.dispatch import ApiRequest, Dispatcher
    from ec2roles.adapters.aws.endpoint import HOSTS, AwsEndpoint
    from ec2roles.adapters.aws.fallthrough import Fallthrough
    from ec2roles.adapters.aws.signature import Signature, read_signature
    from ec2roles.adapters.aws.sigv4 import Verifier
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "actions": "ApiActions",
            "dispatch": "ApiRequest Dispatcher",
            "endpoint": "HOSTS AwsEndpoint",
            "fallthrough": "Fallthrough",
            "signature": "Signature read_signature",
            "sigv4": "Verifier",
        },
    )

__all__ = [
    "HOSTS",
    "ApiActions",
    "ApiRequest",
    "AwsEndpoint",
    "Dispatcher",
    "Fallthrough",
    "Signature",
    "Verifier",
    "read_signature",
]
