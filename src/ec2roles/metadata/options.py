"""How an instance's metadata service may be reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import InstanceError

OPTIONAL = "optional"
REQUIRED = "required"
ENABLED = "enabled"
DISABLED = "disabled"


def _one_of(*allowed: str) -> Callable[[object, attrs.Attribute[str], str], None]:
    def check(_instance: object, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in allowed:
            raise InstanceError(
                f"Invalid value for {attribute.name}: {value}",
                detail=f"{attribute.name} must be {' or '.join(repr(one) for one in allowed)}, got {shown(value)}",
            )

    return check


def _hop_limit(_instance: object, attribute: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 64:
        raise InstanceError(
            f"Invalid value for {attribute.name}: {value}",
            detail=f"{attribute.name} must be an int 1-64, got {shown(value)}",
        )


@attrs.frozen
class MetadataOptions:
    """
    The metadata options of an instance, by the names of ``ModifyInstanceMetadataOptions``.

    >>> MetadataOptions(http_tokens="required").http_put_response_hop_limit
    1

    Args:
        http_tokens: ``optional`` (IMDSv1 and v2) or ``required`` (v2 only).
        http_endpoint: ``enabled`` or ``disabled``.
        http_put_response_hop_limit: 1-64: how many hops the answer to the token PUT survives.
        instance_metadata_tags: ``enabled`` or ``disabled``: whether ``tags/instance`` is there.
        http_protocol_ipv6: ``enabled`` or ``disabled``: whether it answers at [fd00:ec2::254] too.

    Raises:
        InstanceError: for any other value.
    """

    http_tokens: str = attrs.field(default=OPTIONAL, validator=_one_of(OPTIONAL, REQUIRED))
    http_endpoint: str = attrs.field(default=ENABLED, validator=_one_of(ENABLED, DISABLED))
    http_put_response_hop_limit: int = attrs.field(default=1, validator=_hop_limit)
    instance_metadata_tags: str = attrs.field(default=DISABLED, validator=_one_of(ENABLED, DISABLED))
    http_protocol_ipv6: str = attrs.field(default=DISABLED, validator=_one_of(ENABLED, DISABLED))

    def changed(self, **options: Any) -> MetadataOptions:
        """
        Return them with what is named in *options*; the rest stays (AWS: ModifyInstanceMetadataOptions).

        Raises:
            InstanceError: for a bad value, or for options of an endpoint that is, or becomes, disabled.
        """
        found = attrs.evolve(self, **options)
        if found.http_endpoint == DISABLED and (bearing := sorted(_OF_THE_ENDPOINT & options.keys())):
            raise InstanceError(
                f"The parameter {bearing[0]} cannot be used with a disabled http_endpoint.",
                code="InvalidParameterCombination",
                detail=f"{', '.join(bearing)}: enable the endpoint first, or in the same call",
            )
        return found

    def check_tags(self, keys: Iterable[str]) -> None:
        """
        Raise `InstanceError` if tags of these keys cannot stand in the metadata, and should.

        Args:
            keys: the keys of the instance's tags.
        """
        if self.instance_metadata_tags != ENABLED:
            return
        for key in keys:
            if key in _RESERVED or not _IN_A_PATH.fullmatch(key):
                raise InstanceError(
                    f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
                    "and must not be a reserved name ('.', '..', '_index')",
                    detail=f"tags are in the metadata (instance_metadata_tags), where {shown(key)} cannot be a path",
                )


_OF_THE_ENDPOINT = {"http_tokens", "http_put_response_hop_limit", "http_protocol_ipv6"}
_RESERVED = (".", "..", "_index")
_IN_A_PATH = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
