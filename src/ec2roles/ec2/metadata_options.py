"""How an instance's metadata service may be reached."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ec2roles.arns import shown
from ec2roles.errors import InstanceError

OPTIONAL = "optional"
REQUIRED = "required"
ENABLED = "enabled"
DISABLED = "disabled"


def _one_of(*allowed: str) -> Callable[[object, attrs.Attribute[str], str], None]:
    def check(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in allowed:
            raise InstanceError(
                f"Invalid value for {attribute.name}: {value}",
                detail=f"{attribute.name} must be {' or '.join(repr(one) for one in allowed)}, got {shown(value)}",
            )

    return check


def _hop_limit(instance: object, attribute: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 64:
        raise InstanceError(
            f"Invalid value for {attribute.name}: {value}",
            detail=f"{attribute.name} must be an int 1-64, got {shown(value)}",
        )


@attrs.frozen
class MetadataOptions:
    """
    The metadata options of an instance (imds B).

    >>> MetadataOptions(http_tokens="required").http_put_response_hop_limit
    1

    Args:
        http_tokens: ``optional`` (IMDSv1 and v2) or ``required`` (v2 only).
        http_endpoint: ``enabled`` or ``disabled``.
        http_put_response_hop_limit: 1-64: how many hops the answer to the token PUT survives.
        instance_metadata_tags: ``enabled`` or ``disabled``: whether ``tags/instance`` is there.

    Raises:
        InstanceError: for any other value.
    """

    http_tokens: str = attrs.field(default=OPTIONAL, validator=_one_of(OPTIONAL, REQUIRED))
    http_endpoint: str = attrs.field(default=ENABLED, validator=_one_of(ENABLED, DISABLED))
    http_put_response_hop_limit: int = attrs.field(default=1, validator=_hop_limit)
    instance_metadata_tags: str = attrs.field(default=DISABLED, validator=_one_of(ENABLED, DISABLED))
