"""An access key: id, secret, and for temporary credentials a session token and an expiration."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime

import attrs

from ec2roles.instants import from_microseconds, iso, to_utc
from ec2roles.secret import Secret
from ec2roles.world.ids import Ids


def _hidden(value: Secret | str) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)


def _hidden_if_any(value: Secret | str | None) -> Secret | None:
    return value if value is None or isinstance(value, Secret) else Secret(value)


def _checked_key_id(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"an access key id must be str, got {type(value).__name__}")
    return value


def _issued(value: datetime | None) -> datetime | None:
    return None if value is None else to_utc(value, "issued")


def _expiration(value: datetime | None) -> datetime | None:
    return None if value is None else to_utc(value, "expiration")


@attrs.frozen(repr=False)
class Credentials:
    """
    What a program signs its calls with.

    >>> credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    >>> credentials
    <Credentials AKIAIOSFODNN7EXAMPLE, never expire>
    >>> credentials.secret_access_key.reveal()[:8]
    'wJalrXUt'

    Credentials carry identity, never permissions: what they may do is looked up anew for each call.

    Args:
        access_key_id: ``ASIA...`` for temporary credentials, ``AKIA...`` for a user's access key.
        secret_access_key: a `Secret`, ``reveal()`` shows it; text is made into one.
        session_token: a `Secret`; None for a user's access key.
        issued: when they were issued, aware and in UTC; None if that is not known.
        expiration: when they stop working; None for a user's access key, which never does.
    """

    access_key_id: str = attrs.field(converter=_checked_key_id)
    secret_access_key: Secret = attrs.field(converter=_hidden)
    session_token: Secret | None = attrs.field(default=None, kw_only=True, converter=_hidden_if_any)
    issued: datetime | None = attrs.field(default=None, kw_only=True, converter=_issued)
    expiration: datetime | None = attrs.field(default=None, kw_only=True, converter=_expiration)

    @classmethod
    def mint(cls, ids: Ids, access_key_id: str, *, issued: int, expires: int | None) -> Credentials:
        """
        Return the one set of credentials that belongs to *access_key_id*.

        Args:
            ids: whose seed the secrets come from.
            access_key_id: made by `Ids.access_key_id`.
            issued: microseconds since 1970.
            expires: microseconds since 1970, or None for an access key that never expires and has no token.
        """
        # Nothing here keeps a secret in a local variable: a traceback may show those.
        secret = Secret(b64encode(ids.digest(b"secret key", access_key_id, 24))[:30].decode() + "EXAMPLEKEY")
        if expires is None:
            return _credentials(cls, access_key_id, secret, None, from_microseconds(issued), None)
        # Real tokens start like this too (base64 of "origin_ec"); the rest says at once that it is made up.
        token = Secret(
            "IQoJb3JpZ2luX2VjEXAMPLETOKEN" + b64encode(ids.stream(b"session token", access_key_id, 123)).decode()
        )
        return _credentials(cls, access_key_id, secret, token, from_microseconds(issued), from_microseconds(expires))

    def __repr__(self) -> str:
        # Debuggers show objects that are not finished, too.
        expiration = getattr(self, "expiration", None)
        life = f"expire {iso(expiration)}" if expiration else "never expire"
        return f"<Credentials {getattr(self, 'access_key_id', '?')}, {life}>"


_set = object.__setattr__


def _credentials(
    kind: type[Credentials],
    access_key_id: str,
    secret: Secret,
    token: Secret | None,
    issued: datetime,
    expiration: datetime | None,
) -> Credentials:
    """Return credentials of what has the right types already: the converters would look at each once more."""
    made = object.__new__(kind)
    _set(made, "access_key_id", access_key_id)
    _set(made, "secret_access_key", secret)
    _set(made, "session_token", token)
    _set(made, "issued", issued)
    _set(made, "expiration", expiration)
    return made
