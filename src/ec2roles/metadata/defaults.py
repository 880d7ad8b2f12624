"""The account's defaults for metadata options, and which of the four sources of an option wins at a launch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import InstanceError
from ec2roles.metadata.options import DISABLED, ENABLED, REQUIRED, MetadataOptions

NO_PREFERENCE = "no-preference"
NO_LIMIT = -1
V2_IMAGE = "v2.0"

_ALLOWED = {
    "http_tokens": ("optional", "required", NO_PREFERENCE),
    "http_endpoint": (ENABLED, DISABLED, NO_PREFERENCE),
    "instance_metadata_tags": (ENABLED, DISABLED, NO_PREFERENCE),
    "http_tokens_enforced": (ENABLED, DISABLED, NO_PREFERENCE),
}


@attrs.frozen
class MetadataDefaults:
    """
    What an account wants for the instances it launches from now on (AWS: ModifyInstanceMetadataDefaults).

    >>> MetadataDefaults(http_tokens="required").http_endpoint
    'no-preference'

    Args:
        http_tokens: ``optional``, ``required`` or ``no-preference``.
        http_put_response_hop_limit: 1-64, or -1 for no preference.
        http_endpoint: ``enabled``, ``disabled`` or ``no-preference``.
        instance_metadata_tags: ``enabled``, ``disabled`` or ``no-preference``.
        http_tokens_enforced: ``enabled`` refuses launches and changes that would allow IMDSv1.

    Raises:
        InstanceError: for any other value.
    """

    http_tokens: str = NO_PREFERENCE
    http_put_response_hop_limit: int = NO_LIMIT
    http_endpoint: str = NO_PREFERENCE
    instance_metadata_tags: str = NO_PREFERENCE
    http_tokens_enforced: str = NO_PREFERENCE

    def __attrs_post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            value = getattr(self, name)
            if value not in allowed:
                raise InstanceError(
                    f"Invalid value for {name}: {value}",
                    detail=f"{name} must be one of {', '.join(allowed)}, got {shown(value)}",
                )
        limit = self.http_put_response_hop_limit
        if isinstance(limit, bool) or not isinstance(limit, int) or not (limit == NO_LIMIT or 1 <= limit <= 64):
            raise InstanceError(
                f"Invalid value for http_put_response_hop_limit: {limit}",
                detail=f"http_put_response_hop_limit must be an int 1-64, or -1, got {shown(limit)}",
            )

    def preferred(self) -> dict[str, Any]:
        """Return the options that the account has a preference for."""
        found = attrs.asdict(self)
        del found["http_tokens_enforced"]
        return {name: value for name, value in found.items() if value not in (NO_PREFERENCE, NO_LIMIT)}

    def check_enforced(self, options: MetadataOptions) -> None:
        """Raise `InstanceError` if the account enforces tokens and *options* do not require them."""
        if self.http_tokens_enforced == ENABLED and options.http_tokens != REQUIRED:
            raise InstanceError(
                "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. "
                "Either launch the instance with httpTokens=required or contact your account owner to disable "
                "httpTokensEnforced using the ModifyInstanceMetadataDefaults API or the account settings in the EC2 console.",
                code="UnsupportedOperation",
                detail="http_tokens_enforced is enabled in the account",
            )


def options_at_launch(
    chosen: Mapping[str, Any], defaults: MetadataDefaults | None = None, imds_support: str | None = None
) -> MetadataOptions:
    """
    Return the metadata options of a launch, each from the first that has an opinion: launch, account, AMI, service.

    >>> options_at_launch({}, imds_support="v2.0").http_put_response_hop_limit
    2

    Args:
        chosen: what the launch itself says.
        defaults: the account's.
        imds_support: the AMI's ``ImdsSupport``: ``v2.0`` requires tokens and sets the hop limit to 2.

    Raises:
        InstanceError: for a bad value.
    """
    if imds_support not in (None, V2_IMAGE):
        raise InstanceError(
            f"Invalid value for imdsSupport: {imds_support}",
            detail=f"imds_support must be {V2_IMAGE!r} or None, got {shown(imds_support)}",
        )
    image = {} if imds_support is None else {"http_tokens": REQUIRED, "http_put_response_hop_limit": 2}
    preferred = {} if defaults is None else defaults.preferred()
    return MetadataOptions(**{**image, **preferred, **chosen})
