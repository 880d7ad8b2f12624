"""Amazon Resource Names: ``arn:partition:service:region:account-id:resource``."""

from __future__ import annotations

import re

import attrs

from ec2roles.errors import ArnError

PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"})
_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def shown(value: object, limit: int = 80) -> str:
    """
    Return *value* in single quotes as an error message shows it: shortened, and with control characters escaped.

    >>> print(shown("x" * 100, limit=8))
    'xxxxxxxx...'
    >>> print(shown("bell\\a"))
    'bell\\x07'
    """
    text = str(value)
    if len(text) > limit:
        text = text[:limit] + "..."
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "'"


def check_account_id(value: object) -> str:
    """
    Return *value* if it is an account id: twelve digits, as text.

    >>> check_account_id("123456789012")
    '123456789012'

    Raises:
        TypeError: for an int, which cannot hold an account id's leading zeros.
        ArnError: for any other text.
    """
    if not isinstance(value, str):
        raise TypeError(f"account must be str, got {type(value).__name__}; leading zeros are lost in int")
    if not _ACCOUNT_ID.fullmatch(value):
        raise ArnError(f"account must be 12 digits, got {shown(value)}")
    return value


@attrs.frozen
class Arn:
    """
    An ARN in its six parts.

    >>> arn = Arn.parse("arn:aws:iam::123456789012:role/service/App")
    >>> arn.service, arn.account_id, arn.resource
    ('iam', '123456789012', 'role/service/App')
    >>> str(arn)
    'arn:aws:iam::123456789012:role/service/App'

    Args:
        partition: ``aws``, ``aws-cn``, ``aws-us-gov`` ...
        service: such as ``iam``, ``s3`` or ``sts``.
        region: empty for global services.
        account_id: twelve digits, ``aws`` for things AWS owns, or empty where the service leaves it out (S3).
        resource: everything after the fifth colon, further colons included.
    """

    partition: str
    service: str
    region: str
    account_id: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """
        Read *text* as an ARN.

        Raises:
            TypeError: if *text* is not str.
            ArnError: if it has fewer than six parts, no resource, an unknown partition, or an account that is not one.
        """
        if not isinstance(text, str):
            raise TypeError(f"an ARN must be str, got {type(text).__name__}")
        parts = text.split(":", 5)
        if parts[0] != "arn" or len(parts) < 6:
            raise ArnError(f"ARN needs 6 parts, arn:partition:service:region:account:resource, got {shown(text)}")
        _, partition, service, region, account_id, resource = parts
        if partition not in PARTITIONS:
            raise ArnError(f"unknown partition {shown(partition)} in {shown(text)}")
        if not service or not resource:
            raise ArnError(f"ARN has an empty service or resource: {shown(text)}")
        if account_id not in ("", "aws") and not _ACCOUNT_ID.fullmatch(account_id):
            raise ArnError(f"account must be 12 digits, got {shown(account_id)} in {shown(text)}")
        return cls(partition, service, region, account_id, resource)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account_id}:{self.resource}"
