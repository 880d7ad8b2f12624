"""The kinds of things that go wrong: each for a while, for all of a Cloud, an account or an instance."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ec2roles.errors import AwsError
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.world.timeline import Position


@attrs.frozen
class Fault:
    """
    One thing that goes wrong for a while.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> fault = account.faults.metadata_outage()
    >>> account.launch_instance().metadata.get("/latest/meta-data/").timed_out
    True

    Args:
        number: which of the plan's faults it is, from 1.
        begins: where in time it begins.
        ends: where in time it is over already; None while nobody has said.
        account_id: the account it is about; None for all of the Cloud.
        instance_id: the instance it is about; None for all.
    """

    number: int
    begins: Position
    ends: Position | None
    account_id: str | None
    instance_id: str | None

    def is_at(self, position: Position) -> bool:
        """Return whether it is in force at *position*."""
        return self.begins <= position and (self.ends is None or position < self.ends)

    def concerns(self, account_id: str, instance_id: str | None) -> bool:
        """Return whether it is about that account, and that instance of it."""
        return self.account_id in (None, account_id) and self.instance_id in (None, instance_id)

    def __str__(self) -> str:
        end = "" if self.ends is None else f" to {iso_exact(from_microseconds(self.ends[0]))}"
        whom = self.instance_id or self.account_id or "all accounts"
        return f"{type(self).__name__} of {whom} from {iso_exact(from_microseconds(self.begins[0]))}{end}"


@attrs.frozen
class StsOutage(Fault):
    """
    STS does not answer: EC2 cannot refresh credentials, and calls of STS get ``ServiceUnavailable``.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> print(account.faults.sts_outage())
    StsOutage of all accounts from 2026-01-01T00:00:00Z
    """


@attrs.frozen
class StsThrottling(Fault):
    """
    STS takes only so many calls of an account, and answers ``Throttling`` to the others. EC2's own assumes are not counted.

    >>> from ec2roles import Account
    >>> Account().faults.sts_throttling(rate=10, burst=20).burst
    20

    Args:
        interval: microseconds after which one more call is taken.
        burst: how many calls are taken at once after a pause.
    """

    interval: int
    burst: int


@attrs.frozen
class MetadataOutage(Fault):
    """
    Requests to the metadata service are lost: no answer arrives.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> fault = account.faults.metadata_outage()
    >>> account.launch_instance().metadata.get("/latest/meta-data/").timed_out
    True

    Args:
        lost: the share of them that is lost; 1 for all.
    """

    lost: float = 1.0


@attrs.frozen
class ClockSkew(Fault):
    """
    The clocks of instances are wrong, so their calls are signed with another time than AWS's.

    >>> from datetime import timedelta
    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("app", policies=["AmazonS3ReadOnlyAccess"])
    >>> web = account.launch_instance("app")
    >>> fault = account.faults.clock_skew(timedelta(minutes=20), instance=web)
    >>> web.call("s3:ListAllMyBuckets").error.code
    'RequestTimeTooSkewed'

    Args:
        offset: what they show too much, in microseconds; negative if they are slow.
        tolerance: how far they may be off before AWS refuses a call, in microseconds.
    """

    offset: int
    tolerance: int


def too_skewed(service: str, now: int, offset: int, tolerance: int) -> AwsError:
    """
    Return the error with which a service refuses a call that is signed with the time of a wrong clock.

    Args:
        service: the prefix of the action, such as ``s3``.
        now: the service's time, in microseconds.
        offset: what the caller's clock shows too much, in microseconds.
        tolerance: how far it may be off, in microseconds.
    """
    way = "fast" if offset > 0 else "slow"
    detail = f"the caller's clock is {timedelta(microseconds=abs(offset))} {way}, and {timedelta(microseconds=tolerance)} is let pass"
    if service == "s3":
        return AwsError(
            "The difference between the request time and the current time is too large.",
            code="RequestTimeTooSkewed",
            status=403,
            detail=detail,
        )
    limit = now + tolerance if offset > 0 else now - tolerance
    verdict = "not yet current: {} is still later than {} ({} + {:g} min.)"
    if offset < 0:
        verdict = "expired: {} is now earlier than {} ({} - {:g} min.)"
    message = verdict.format(_signed(now + offset), _signed(limit), _signed(now), tolerance / 60_000_000)
    return AwsError(f"Signature {message}", code="SignatureDoesNotMatch", status=403, detail=detail)


def _signed(microseconds: int) -> str:
    """Return an instant in the form in which requests are signed: 20260101T000000Z."""
    return iso_exact(from_microseconds(microseconds))[:19].replace("-", "").replace(":", "") + "Z"
