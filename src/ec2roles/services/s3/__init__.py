"""Amazon S3: buckets and small objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles._exports import lazy

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket import Bucket
    from ec2roles.services.s3.objects import S3Object
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "bucket": "Bucket",
            "objects": "S3Object",
        },
    )

__all__ = [
    "Bucket",
    "S3Object",
]
