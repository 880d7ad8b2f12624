"""What is counted of the requests to a metadata service; no answer depends on it."""

from __future__ import annotations

import attrs


@attrs.frozen
class MetadataMetrics:
    """
    What CloudWatch counts of an instance's metadata service (AWS/EC2).

    Args:
        no_token: ``MetadataNoToken``: requests without a token that were served.
        no_token_rejected: ``MetadataNoTokenRejected``: requests without a token, refused because tokens are required.
    """

    no_token: int = 0
    no_token_rejected: int = 0


NO_METRICS = MetadataMetrics()
