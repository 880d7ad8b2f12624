"""The sessions that STS issued because somebody asked: they are kept. EC2's own follow from the instances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

from ec2roles.arns import check_account_id
from ec2roles.calls import NOTHING, SessionIssuer
from ec2roles.credentials import Credentials
from ec2roles.errors import ClockError
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.sts.session import PrincipalType, Session, identity_context
from ec2roles.world.ids import IssuedKey
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import FORGOTTEN, Timekeeper
from ec2roles.world.timeline import LAST

_MOST_REMEMBERED = 4096
_LEAST_REMEMBERED = 64
# Of what is private: nobody else may assign it, and it is written at every issue.
_set = object.__setattr__


# Nothing is checked or converted on assignment: nothing public can be assigned (`Fixed`).
@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP, repr=False)
class SessionStore(Part):
    """
    The sessions that one account's STS issued.

    Args:
        time: the Cloud's timekeeper.
        account_id: whose STS it is.
        mfa_present: ``aws:MultiFactorAuthPresent`` in role sessions; None leaves the key out.
        quotas: the account's limits; how much room session policies and tags have is one of them.
    """

    time: Timekeeper = attrs.field(kw_only=True)
    account_id: str = attrs.field(
        default="123456789012", kw_only=True, validator=lambda *given: check_account_id(given[2]) and None
    )
    mfa_present: bool | None = attrs.field(default=False, kw_only=True)
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    _slot: int | None = attrs.field(init=False, default=None)
    _room: int = attrs.field(init=False, default=0)
    # By the number of their issue; those that nobody can ask about any more are forgotten.
    _stored: dict[int, Session] = attrs.field(init=False, factory=dict)
    _made: int = attrs.field(init=False, default=0)
    # Of all issuers; only remembered, and found again if it is forgotten.
    _sessions: dict[str, Session] = attrs.field(init=False, factory=dict)

    def recall(self, access_key_id: str, now: int) -> Session | None:
        """
        Return the session behind a key as `find` does, and remember it: most keys are used again and again.

        It may be the session of a key that is issued after *now*, which `Session.fault` refuses.
        """
        session = self._sessions.get(access_key_id)
        if session is None:
            session = self.find(access_key_id, now)
            if session is not None:
                if len(self._sessions) >= self._room:
                    self._make_room(now)
                self._sessions[access_key_id] = session
        return session

    def _make_room(self, now: int) -> None:
        """Let go of the sessions that are over; the more are alive, the longer it is until the next time."""
        alive = {
            key: session
            for key, session in self._sessions.items()
            if (session.expires is None or session.expires > now) and session.exists((now, LAST))
        }
        self._sessions = alive if len(alive) < _MOST_REMEMBERED // 2 else {}
        self._room = max(_LEAST_REMEMBERED, 2 * len(self._sessions))

    def find(self, access_key_id: str, now: int) -> Session | None:
        """
        Return the session behind a key that anybody in this Cloud had issued by *now*, or None.

        It proves nothing: who verifies a signature needs the secret that belongs to the id, and `Session.fault` checks the
        rest.

        Args:
            access_key_id: the id of the key.
            now: microseconds since 1970.
        """
        found = self.time.issuer_of(access_key_id)
        if found is None:
            return None
        issuer, issued = found
        if issuer is FORGOTTEN:
            return None
        issued_key = getattr(issuer, "issued_key", None)
        if issued_key is not None:
            # A user's or the root user's. Imported when it is needed, to keep the import of the library quick.
            from ec2roles.sts.long_term import long_term_session

            key = issued_key(issued, access_key_id)
            return None if key is None else long_term_session(key)
        session: Session | None = _issuing(issuer).issued_session(issued, access_key_id, now)
        return session

    def issued_session(self, issued: IssuedKey, access_key_id: str, now: int) -> Session | None:
        """Return the stored session behind a key that was issued here."""
        session = self._stored.get(issued.ordinal)
        if session is None:
            return None
        return session if session.credentials.access_key_id == access_key_id and session.issued <= now else None

    def _forget(self, ordinal: int, key_id: str) -> None:
        self.time.journal.drop(self._stored, ordinal)
        self._sessions.pop(key_id, None)

    def has_forgotten(self, issued: IssuedKey) -> bool:
        """Return whether a key was issued here, so long ago that nothing else is known of it (`remember`)."""
        return issued.ordinal < self._made and issued.ordinal not in self._stored

    def is_forgotten(self, access_key_id: str) -> bool:
        """Return whether a temporary key was issued in this Cloud, so long ago that nothing else is known of it."""
        found = self.time.issuer_of(access_key_id)
        if found is None or self.time.remember is None or not access_key_id.startswith("ASIA"):
            return False
        issuer, issued = found
        forgotten = getattr(_issuing(issuer), "has_forgotten", None)
        return issuer is FORGOTTEN or (forgotten is not None and forgotten(issued))

    def __len__(self) -> int:
        return len(self._stored)

    def issued(self, access_key_id: str) -> Session:
        """
        Return the session behind a key that was issued here.

        Raises:
            KeyError: if there is none of that id.
            ClockError: if it was issued further back than this Cloud remembers.
        """
        if self.is_forgotten(access_key_id):
            raise ClockError(
                f"'{access_key_id}' was issued further back than this Cloud remembers, remember={self.time.remember}"
            )
        found = self.time.issuer_of(access_key_id)
        session = None if found is None else self.issued_session(found[1], access_key_id, 1 << 62)
        if session is None:
            raise KeyError(access_key_id)
        return session

    def issue_role_session(self, role: Role, session_name: str, duration: int, now: int, **given: Any) -> Session:
        """
        Issue and keep the session of a role that somebody was allowed to assume.

        Args:
            role: the role.
            session_name: the session's name.
            duration: seconds.
            now: microseconds since 1970.
            given: as for `role_session`.
        """
        expires = now + duration * 1_000_000
        return self.issue(
            now,
            expires,
            partial(self.role_session, role, session_name, issued=now, expires=expires, **given),
        )

    def issue(self, now: int, expires: int, make: Callable[[Credentials], Session]) -> Session:
        """
        Issue credentials, and keep the session that *make* returns for them.

        Args:
            now, expires: microseconds since 1970.
            make: returns the session behind a set of credentials.
        """
        slot = self._slot if self._slot is not None else self.time.next_slot
        key_id = self.time.ids.access_key_id("ASIA", slot=slot, ordinal=self._made)
        session = make(Credentials.mint(self.time.ids, key_id, issued=now, expires=expires))
        self.time.step(now)
        if self._slot is None:
            self.time.journal.assign(self, "_slot", self.time.add_issuers([self]))
        self.time.journal.put(self._stored, self._made, session)
        self.time.forget_later(now, self._forget, self._made, key_id)
        self.time.journal.note(_set, self, "_made", self._made)
        _set(self, "_made", self._made + 1)
        # Found there if an issue of this number was taken back.
        self._sessions.pop(key_id, None)
        return session

    def role_session(
        self,
        role: Role,
        session_name: str,
        credentials: Credentials,
        *,
        issued: int,
        expires: int,
        context: Mapping[str, Any] = NOTHING,
        **given: Any,
    ) -> Session:
        """
        Return the session of *role* that *credentials* stand for.

        Args:
            role: the role that was assumed.
            session_name: for EC2 the instance id.
            credentials: what was issued.
            issued, expires: microseconds since 1970.
            context: context keys that the issuer fixes, such as ``ec2:SourceInstanceARN``.
            given: what the caller of AssumeRole gave: see `Session`.
        """
        user_id = f"{role.role_id}:{session_name}"
        return Session(
            credentials,
            role,
            PrincipalType.ASSUMED_ROLE,
            f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}",
            user_id,
            role.account_id,
            issued,
            expires,
            identity_context(
                role,
                PrincipalType.ASSUMED_ROLE,
                user_id=user_id,
                account_id=role.account_id,
                issued=credentials.issued,
                mfa_present=self.mfa_present,
                extra=context,
            ),
            role.exists,
            role_arn=role.arn,
            **given,
        )


def _issuing(issuer: Any) -> SessionIssuer:
    """What knows the keys of *issuer*: of an instance the part with its role's credentials, of all others itself."""
    issuing: SessionIssuer = getattr(issuer, "role_credentials", issuer)
    return issuing
