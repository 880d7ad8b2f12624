"""A virtual MFA device: an application that shows another six digits every half a minute."""

from __future__ import annotations

from datetime import datetime

import attrs

from ec2roles.iam.names import NameRule
from ec2roles.world.timekeeper import Timekeeper

SERIAL_NUMBER = NameRule("serialNumber", "serial number", r"[\w+=/:,.@-]*", r"[A-Za-z0-9_+=/:,.@-]*", 9, 256)
_STEP = 30_000_000


@attrs.frozen(eq=False)
class MfaDevice:
    """
    A virtual MFA device.

    >>> from ec2roles import Account
    >>> device = Account().create_user("alice").enable_mfa_device()
    >>> device
    <MfaDevice arn:aws:iam::123456789012:mfa/alice>
    >>> len(device.code()), device.shows(device.code(), device.time.instant())
    (6, True)

    Its codes come from the Cloud's seed. A code is good for its own 30 seconds, any number of times.

    Args:
        serial_number: 9-256 of ``[\\w+=/:,.@-]``: an ARN, or what stands on a piece of hardware.
        time: the Cloud's timekeeper.
    """

    serial_number: str = attrs.field(validator=lambda *given: SERIAL_NUMBER.check(given[2]) and None)
    time: Timekeeper

    def code(self, at: datetime | None = None) -> str:
        """
        Return the six digits that it shows.

        Args:
            at: a moment in the past; now by default.
        """
        return self._code(self.time.as_of(at)[0])

    def shows(self, code: str, instant: int) -> bool:
        """Return whether it shows *code* at *instant*, in microseconds since 1970."""
        return code == self._code(instant)

    def _code(self, instant: int) -> str:
        digest = self.time.ids.digest(b"mfa code", f"{self.serial_number} {instant // _STEP}", 8)
        return f"{int.from_bytes(digest, 'big') % 1_000_000:06d}"

    def __repr__(self) -> str:
        return f"<MfaDevice {self.serial_number}>"
