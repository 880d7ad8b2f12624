"""Whether a ``Principal`` covers a caller, and how: by name, through its role, or through its account."""

from __future__ import annotations

from ec2roles.policy.principal import Caller, CallerKind

NONE = 0
ACCOUNT = 1
"""The caller's account is named; its own policies must allow as well."""
ROLE_OF_SESSION = 2
"""The caller's role is named, or a federated user's user; boundary and session policy still limit it."""
DIRECT = 4
"""The caller itself is named, or everyone."""
_IN_ACCOUNT = frozenset({CallerKind.SESSION, CallerKind.ROLE, CallerKind.USER, CallerKind.ROOT})
_OF_ROLE = frozenset({CallerKind.SESSION, CallerKind.ROLE})


class Principals:
    """
    What the values of one ``Principal`` or ``NotPrincipal`` cover.

    >>> from ec2roles.policy.principal import parse_caller
    >>> named = Principals((("AWS", "arn:aws:iam::123456789012:role/service/app"),))
    >>> named.match(parse_caller("arn:aws:sts::123456789012:assumed-role/app/i-0abc")) == ROLE_OF_SESSION
    True
    """

    __slots__ = ("accounts", "canonical", "everyone", "exact", "federated", "ids", "names", "roles", "services")

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self.everyone: bool = False
        self.accounts: set[tuple[str | None, str]] = set()
        self.exact: set[str] = set()
        self.roles: set[str] = set()
        self.names: set[tuple[str, str, str]] = set()
        self.ids: set[str] = set()
        self.services: set[str] = set()
        self.federated: set[str] = set()
        self.canonical: set[str] = set()
        for kind, text in pairs:
            if kind == "Service":
                # Both endings are in use in China; they name the same service.
                self.services.add(text.removesuffix(".cn"))
            elif kind == "Federated":
                self.federated.add(text)
            elif kind == "CanonicalUser":
                self.canonical.add(text)
            elif text == "*":
                self.everyone = True
            elif not text.startswith("arn:"):
                if text.isdigit():
                    self.accounts.add((None, text))
                else:
                    self.ids.add(text)
            else:
                self._arn(text)

    def _arn(self, text: str) -> None:
        parts = text.split(":", 5)
        if len(parts) == 6 and parts[2] == "iam":
            partition, account, rest = parts[1], parts[4], parts[5]
            if rest == "root":
                self.accounts.add((partition, account))
                return
            if rest.startswith("role/"):
                self.roles.add(text.lower())
                self.names.add((partition, account, rest.rpartition("/")[2].lower()))
                return
        if "*" not in text:
            # Users, sessions and federated users: the text has to be the caller's own.
            self.exact.add(text)

    def match(self, caller: Caller, *, everyone_includes_services: bool = True) -> int:
        """Return how *caller* is covered: any of `ACCOUNT`, `ROLE_OF_SESSION` and `DIRECT`, or `NONE`."""
        if self.everyone and (everyone_includes_services or caller.kind is not CallerKind.SERVICE):
            return DIRECT
        text = caller.text
        if not caller.has_identity:
            if caller.kind is CallerKind.SERVICE:
                # Some providers of web identities are services by name, such as cognito-identity.amazonaws.com.
                named = text.removesuffix(".cn") in self.services or text in self.federated
            elif caller.kind is CallerKind.FEDERATED:
                named = text in self.federated
            else:
                named = caller.kind is CallerKind.CANONICAL and text in self.canonical
            return DIRECT if named else NONE
        cover = NONE
        account = caller.account
        if self.accounts and ((None, account) in self.accounts or (caller.partition, account) in self.accounts):
            cover = ACCOUNT
        if text in self.exact:
            cover |= DIRECT
        user = caller.user
        if user is not None and (user.text in self.exact or user.unique_id in self.ids):
            cover |= ROLE_OF_SESSION
        if self.names:
            # A session's ARN has no path, so without the role's own ARN the name has to do; it is unique in an account.
            if caller.role_key is not None:
                if caller.role_key in self.roles:
                    cover |= ROLE_OF_SESSION
            elif (caller.partition, account, caller.role_name) in self.names:
                cover |= ROLE_OF_SESSION
        if self.ids and caller.unique_id in self.ids:
            cover |= DIRECT if caller.kind is CallerKind.USER else ROLE_OF_SESSION
        return cover

    def unlisted(self, caller: Caller, *, session: bool, everyone_includes_services: bool) -> tuple[str, ...]:
        """
        Return whom a ``NotPrincipal`` with these values would have to list besides, for it to leave *caller* alone.

        AWS goes through the whole chain that stands behind a request, and each link of it must be listed: of a user the
        account too, of a role session the account and the role. An account's ARN is that of the account alone, not of
        those who are in it.

        Args:
            caller: who asks.
            session: whether the session itself belongs to the chain.
            everyone_includes_services: whether ``*`` covers services.
        """
        cover = self.match(caller, everyone_includes_services=everyone_includes_services)
        if self.everyone and cover & DIRECT:
            return ()
        kind, text = caller.kind, caller.text
        missing = []
        if kind in _IN_ACCOUNT and not cover & ACCOUNT:
            missing.append(f"arn:{caller.partition}:iam::{caller.account}:root")
        if kind in _OF_ROLE and not cover & ROLE_OF_SESSION:
            # Without the role's own ARN its path is not known.
            missing.append(caller.role_arn or f"arn:{caller.partition}:iam::{caller.account}:role/{text.split('/')[1]}")
        itself = session if kind is CallerKind.SESSION else kind not in (CallerKind.ROLE, CallerKind.ROOT)
        if itself and not cover & DIRECT:
            missing.append(text)
        return tuple(missing)
