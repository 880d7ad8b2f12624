"""The buckets of a Cloud by name, and whose each name was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec2roles.world.part import Part
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.services.s3.bucket import Bucket


class Namespace(Part, dict[str, "Bucket"]):
    """The buckets by name; a bucket's name is unique among all accounts. What was deleted is remembered for questions about the past."""

    def __init__(self) -> None:
        self._deleted: dict[str, tuple[tuple[Bucket, Position], ...]] = {}

    def at(self, name: str, position: Position) -> Bucket | None:
        """Return the bucket that was called *name* as of *position*, or None."""
        bucket = self.get(name)
        if bucket is not None and bucket.created <= position:
            return bucket
        for deleted, until in self._deleted.get(name, ()):
            if deleted.created <= position < until:
                return deleted
        return None

    def strike(self, bucket: Bucket, position: Position) -> None:
        """Take out *bucket*, which was deleted at *position*."""
        time = bucket.time
        known = self._deleted.get(bucket.name, ())
        time.journal.remove(self, bucket.name)
        time.journal.put(self._deleted, bucket.name, (*known, (bucket, position)))
        time.forget_later(position[0], self._forget, bucket)

    def _forget(self, bucket: Bucket) -> None:
        """Forget a bucket that was deleted so long ago that no question can be about it."""
        left = tuple(one for one in self._deleted[bucket.name] if one[0] is not bucket)
        if left:
            bucket.time.journal.put(self._deleted, bucket.name, left)
        else:
            bucket.time.journal.drop(self._deleted, bucket.name)
