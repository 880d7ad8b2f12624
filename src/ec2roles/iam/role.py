"""A role: a trust policy, which says who may assume it, and permissions, which say what its sessions may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DurationError, UnmodifiableEntityError
from ec2roles.iam.identity import Identity, IdentityState, ManagedPolicy
from ec2roles.iam.last_used import LastUse, UsageLog
from ec2roles.iam.names import DESCRIPTION, ROLE_NAME, NameRule, check_tags, validation_message, wrong_type
from ec2roles.iam.trust import Trust
from ec2roles.instants import iso
from ec2roles.policy import Policy, TrustPolicy, check_size, load_policy
from ec2roles.world.journal import atomic
from ec2roles.world.timeline import Position

SERVICE_LINKED = "/aws-service-role/"
"""The path of the roles that belong to AWS's services."""


@attrs.frozen(kw_only=True, eq=False)
class RoleState(IdentityState):
    """
    Everything about a role that can change, at one moment.

    Args:
        trust: who may assume it.
        description: free text.
        max_session_duration: in seconds; EC2's own sessions are not bound by it.
    """

    trust: Trust
    description: str | None = None
    max_session_duration: int = 3600


@attrs.define(eq=False, repr=False)
class Role(Identity):
    """
    An IAM role.

    >>> from ec2roles import Timekeeper, TrustPolicy
    >>> role = Role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), time=Timekeeper())
    >>> role.arn
    'arn:aws:iam::123456789012:role/app'

    Usually made by `Account.create_role`, which also keeps names unique and resolves the trust policy's principals.

    Args:
        name: 1-64 of ``[\\w+=,.@-]``.
        trust: a `TrustPolicy`, a dict or JSON text.
        time: the Cloud's timekeeper.
        account_id: whose role it is.
        path: such as ``/service/``; it is in the role's ARN, not in its sessions' ARNs.
        description: at most 1,000 characters.
        max_session_duration: 3600-43200 seconds.
        tags: a mapping, at most 50.
        attached: managed policies attached from the start.
        inline: inline policies by name, from the start.
        boundary: a permissions boundary from the start: a managed policy, its name or ARN, or a document.
        role_id: the unique id, for a role loaded from an account; otherwise a new one is made.
        find_principal: resolves the principals of trust policies (`Trust.bind`).
        linked_note: what the history says of a role that is made for one of AWS's services; None for all others.
        quotas, policies: see `Identity`.

    Raises:
        InvalidNameError, DurationError, TrustPolicyError, PolicyTooLargeError, LimitExceededError: nothing exists then.
    """

    kind: ClassVar[str] = "Role"
    name_rule: ClassVar[NameRule] = ROLE_NAME

    _trust: object = attrs.field(kw_only=True, alias="trust")
    _description: str | None = attrs.field(default=None, kw_only=True, alias="description")
    _max_session_duration: int = attrs.field(default=3600, kw_only=True, alias="max_session_duration")
    _tags: Any = attrs.field(default=None, kw_only=True, alias="tags")
    _attached: tuple[str | ManagedPolicy, ...] = attrs.field(default=(), kw_only=True, alias="attached")
    _inline: Mapping[str, Policy] = attrs.field(factory=dict, kw_only=True, alias="inline")
    _boundary: object = attrs.field(default=None, kw_only=True, alias="boundary")
    _role_id: str | None = attrs.field(default=None, kw_only=True, alias="role_id")
    _find_principal: Callable[[str], str | None] | None = attrs.field(
        default=None, kw_only=True, alias="find_principal"
    )
    _principal_arn: Callable[[str, str], str | None] | None = attrs.field(
        default=None, kw_only=True, alias="principal_arn"
    )
    _stored: bool = attrs.field(default=False, kw_only=True, alias="stored")
    _linked_note: str | None = attrs.field(default=None, kw_only=True, alias="linked_note")
    role_id: str = attrs.field(init=False)
    _usage: UsageLog | None = attrs.field(init=False, default=None)

    @atomic
    def __attrs_post_init__(self) -> None:
        self.check_name()
        if self._description is not None:
            DESCRIPTION.check(self._description)
        attached: list[ManagedPolicy] = []
        for one in self._attached:
            policy = self._find(one)
            if not self._stored:
                self.check_attachable(policy)
            if all(policy.arn != other.arn for other in attached):
                attached.append(policy)
        if not self._stored:
            self.check_attached_count(tuple(attached))
        state = RoleState(
            trust=self._load_trust(self._trust),
            description=self._description,
            max_session_duration=check_max_session_duration(self._max_session_duration),
            tags=check_tags(self._tags, most=self.quotas.tags, stored=self._stored),
            attached=tuple(attached),
            inline=dict(self._inline),
            boundary=None if self._boundary is None else self.find_boundary(self._boundary),
        )
        # What was given lives in the state from here on.
        self._trust = self._tags = self._boundary = None
        self._begin(state, None if self._linked_note is None else "CreateServiceLinkedRole", self._linked_note or "")
        self.role_id = self._role_id or self.time.ids.entity_id("AROA")

    def _load_trust(self, trust: object) -> Trust:
        loaded = load_policy(trust, "trust")
        limit = self.quotas.trust_policy_size
        if not self._stored:
            check_size(loaded, limit, f"Cannot exceed quota for ACLSizePerRole: {limit}")
        policy = loaded if isinstance(loaded, TrustPolicy) else TrustPolicy(loaded.to_dict())
        return Trust.bind(policy, self._find_principal)

    @property
    def trust(self) -> TrustPolicy:
        """The trust policy as IAM shows it: a principal that is gone appears as its raw unique id."""
        trust: Trust = self._states.last.trust
        return trust.written if self._principal_arn is None else trust.shown(self._principal_arn)

    @property
    def description(self) -> str | None:
        """The description, or None."""
        return self._states.last.description  # type: ignore[no-any-return]

    @property
    def max_session_duration(self) -> int:
        """The longest session a caller may ask for, in seconds."""
        return self._states.last.max_session_duration  # type: ignore[no-any-return]

    @property
    def last_used(self) -> LastUse | None:
        """
        When and where its credentials were last used; None if they never were.

        A call that was authenticated counts, whether it was allowed or not.
        """
        return None if self._usage is None else self._usage.newest

    def last_used_at(self, position: Position) -> LastUse | None:
        """Return when and where its credentials were last used as of *position*, to the hour; None if they never were."""
        return None if self._usage is None else self._usage.at(position)

    def note_use(self, access_key_id: str, instant: int, region: str, service: str) -> None:
        """Note that a call with credentials of a session was authenticated; the token service does that."""
        if self._usage is None:
            self.time.journal.assign(self, "_usage", UsageLog())
        self._usage.note(self.time, instant, region, service)  # type: ignore[union-attr]

    @property
    def service_linked(self) -> bool:
        """Whether it belongs to an AWS service: its path says so, and nobody but AWS changes it."""
        return self.path.startswith(SERVICE_LINKED)

    def check_modifiable(self) -> None:
        """
        Make sure that it may be changed.

        Raises:
            UnmodifiableEntityError: if it is service-linked.
        """
        if self.service_linked:
            raise protected_role(self.name)

    def _write(self, operation: str, state: Any, *, detail: str = "") -> Position:
        self.check_modifiable()
        return super()._write(operation, state, detail=detail)

    def trust_at(self, position: Position) -> Trust | None:
        """Return the trust policy to judge by as of *position*, or None if the role does not exist then."""
        state = self._states.at(position)
        return state.trust if state is not None and state.exists else None

    def max_session_duration_at(self, position: Position) -> int:
        """Return the longest session as of *position*, in seconds."""
        state = self._states.at(position)
        return 3600 if state is None else state.max_session_duration

    @atomic
    def update_trust(self, policy: object) -> None:
        """
        Replace the trust policy; sessions already issued live on (AWS: UpdateAssumeRolePolicy).

        Args:
            policy: a `TrustPolicy`, a dict or JSON text.

        Raises:
            TrustPolicyError: if IAM refuses it, or a principal in it does not exist.
            PolicyTooLargeError: if it is over 2,048 characters.
        """
        state = self._existing()
        self._write("UpdateAssumeRolePolicy", attrs.evolve(state, trust=self._load_trust(policy)))

    def resolve_with(self, find_principal: Callable[[str], str | None]) -> None:
        """Resolve the principals of trust policies to come with *find_principal*."""
        self._find_principal = find_principal

    @atomic
    def update(self, *, description: str | None = None, max_session_duration: int | None = None) -> None:
        """
        Change the description or the longest session; future sessions only (AWS: UpdateRole).

        Args:
            description: the new one; None leaves it.
            max_session_duration: 3600-43200 seconds; None leaves it.
        """
        state = self._existing()
        if description is not None:
            state = attrs.evolve(state, description=DESCRIPTION.check(description))
        if max_session_duration is not None:
            state = attrs.evolve(state, max_session_duration=check_max_session_duration(max_session_duration))
        self._write("UpdateRole", state)

    @atomic
    def update_description(self, description: str) -> None:
        """
        Change the description, of a service-linked role too (AWS: UpdateRoleDescription).

        Args:
            description: at most 1,000 characters.
        """
        state = attrs.evolve(self._existing(), description=DESCRIPTION.check(description))
        Identity._write(self, "UpdateRoleDescription", state)

    @atomic
    def mark_deleted_by_service(self) -> Position:
        """Record that its service has deleted it; `Account.delete_service_linked_role` calls this."""
        return Identity._write(self, "DeleteServiceLinkedRole", attrs.evolve(self._existing(), exists=False))

    @atomic
    def revoke_sessions(self) -> None:
        """
        Deny everything to the sessions issued before now, as the console's "Revoke active sessions" does.

        It puts the inline policy ``AWSRevokeOlderSessions``, a Deny with ``DateLessThan aws:TokenIssueTime``. Sessions issued
        later work; the credentials in an instance's metadata stay the revoked ones until its next refresh.

        Dates in policies are compared to the millisecond, and strictly: a session issued at the very instant of the
        revocation survives it. Let the clock pass a second in a test.
        """
        now = self.time.now()
        cutoff = f"{iso(now)[:-1]}.{now.microsecond // 1000:03d}Z"
        statement = {
            "Effect": "Deny",
            "Action": ["*"],
            "Resource": ["*"],
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": cutoff}},
        }
        self.put_policy("AWSRevokeOlderSessions", {"Version": "2012-10-17", "Statement": [statement]})


def protected_role(name: str) -> UnmodifiableEntityError:
    """Return IAM's error for a change of a service-linked role."""
    return UnmodifiableEntityError(
        f"Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS",
        detail=f"a role with a path below '{SERVICE_LINKED}' is service-linked",
    )


def check_max_session_duration(value: object) -> int:
    """
    Return *value* if it is 3600-43200 whole seconds.

    Raises:
        DurationError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise DurationError(
            wrong_type("MaxSessionDuration", value),
            detail=f"max_session_duration must be an int 3600-43200 seconds, got {shown(value)}",
        )
    for bad, limit in ((value < 3600, "greater than or equal to 3600"), (value > 43200, "less than or equal to 43200")):
        if bad:
            raise DurationError(
                validation_message([(f"'{value}'", "maxSessionDuration", f"Member must have value {limit}")]),
                detail=f"max_session_duration must be an int 3600-43200 seconds, got '{value}'",
            )
    return value
