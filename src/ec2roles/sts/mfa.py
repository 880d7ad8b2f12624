"""Multi-factor authentication: the serial number and the one-time code that a call to STS may carry."""

from __future__ import annotations

import attrs

from ec2roles.errors import AccessDeniedError
from ec2roles.sts.session import PrincipalType, Session
from ec2roles.world.timeline import Position

_FAILED = "MultiFactorAuthentication failed"


@attrs.frozen(eq=False)
class MfaParameters:
    """
    What a call says about a second factor.

    Args:
        serial_number: of the caller's device, or None.
        token_code: what the device shows, or None.
    """

    serial_number: str | None = attrs.field(default=None)
    token_code: str | None = attrs.field(default=None, repr=False)

    def authenticates(self, caller: Session, position: Position) -> bool:
        """
        Return whether they prove the second factor of *caller*; False if there are none.

        Raises:
            AccessDeniedError: if they are incomplete, not the caller's, or wrong.
        """
        if self.serial_number is None and self.token_code is None:
            return False
        # The blank at the end of these texts is AWS's.
        if self.serial_number is None or self.token_code is None:
            raise AccessDeniedError(
                f"{_FAILED}, must provide both MFA serial number and one time pass code. ",
                detail="serial_number= and token_code= go together",
            )
        device = None
        if caller.principal_type is not PrincipalType.ASSUMED_ROLE:
            device = caller.principal.mfa_device(self.serial_number, position)
        if device is None:
            raise AccessDeniedError(
                f"{_FAILED}, unable to validate MFA code.  Please verify your MFA serial number is valid and associated "
                "with this user. ",
                detail=f"no MFA device '{self.serial_number}' is enabled for {caller.arn}",
            )
        if not device.shows(self.token_code, position[0]):
            raise AccessDeniedError(
                f"{_FAILED} with invalid MFA one time pass code. ",
                detail="device.code() says what the device shows now; a code lives for 30 seconds",
            )
        return True
