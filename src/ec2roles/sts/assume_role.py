"""The parameters of AssumeRole: what AWS checks about them before it looks at any policy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DurationError, InvalidNameError
from ec2roles.iam.names import NameRule, Tags, check_tags, validation_message
from ec2roles.iam.role import Role
from ec2roles.policy import Policy, check_size, load_policy

SHORTEST = 900
LONGEST = 43_200
LONGEST_CHAINED = 3_600

SESSION_NAME = NameRule("roleSessionName", "session name", r"[\w+=,.@-]*", re.compile(r"[A-Za-z0-9_+=,.@-]*"), 2, 64)
EXTERNAL_ID = NameRule("externalId", "ExternalId", r"[\w+=,.@:\/-]*", re.compile(r"[A-Za-z0-9_+=,.@:/-]*"), 2, 1224)
SOURCE_IDENTITY = NameRule(
    "sourceIdentity", "source identity", r"[\w+=,.@-]*", re.compile(r"[A-Za-z0-9_+=,.@-]*"), 2, 64
)


def check_session_name(value: object) -> str:
    """
    Return *value* if it can name a session.

    Raises:
        InvalidNameError: if it is not 2-64 of ``[\\w+=,.@-]``.
    """
    try:
        return SESSION_NAME.check(value)
    except InvalidNameError as error:
        raise InvalidNameError(
            error.message, detail=f"session name must match [\\w+=,.@-]{{2,64}}, got {shown(value)}"
        ) from None


def check_duration(value: object) -> int:
    """
    Return *value* if it is 900-43200 whole seconds.

    Raises:
        DurationError: if it is not.
    """
    detail = f"duration must be an int 900-43200 seconds, got {shown(value)}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise DurationError(detail=detail)
    for bad, limit in (
        (value < SHORTEST, f"greater than or equal to {SHORTEST}"),
        (value > LONGEST, f"less than or equal to {LONGEST}"),
    ):
        if bad:
            message = validation_message([(f"'{value}'", "durationSeconds", f"Member must have value {limit}")])
            raise DurationError(message, detail=detail)
    return value


@attrs.frozen
class AssumeRoleRequest:
    """
    One request to assume a role, with every parameter checked by itself.

    Args:
        role_arn: the role's ARN, whether it exists or not.
        role: the role, or None if there is none of that ARN.
        session_name: 2-64 of ``[\\w+=,.@-]``; appears in the session's ARN.
        duration: seconds.
        external_id: ``sts:ExternalId`` for the trust policy, or None.
        policies: session policies.
        tags: session tags.
        transitive_tag_keys: the keys of tags that sessions further down the chain inherit.
        source_identity: ``sts:SourceIdentity``, or None.
    """

    role_arn: str
    role: Role | None
    session_name: str
    duration: int
    external_id: str | None
    policies: tuple[Policy, ...]
    tags: Tags
    transitive_tag_keys: tuple[str, ...]
    source_identity: str | None

    @classmethod
    def read(cls, role_arn: str, role: Role | None, parameters: Mapping[str, Any]) -> AssumeRoleRequest:
        """
        Check the parameters of a call, each by itself.

        Raises:
            InvalidNameError: for a session name, external id, source identity or tag that does not fit.
            DurationError: for a duration outside 900-43200 seconds.
            PolicyError: for a session policy that is malformed or too long.
        """
        external_id = parameters.get("external_id")
        source_identity = parameters.get("source_identity")
        return cls(
            role_arn,
            role,
            check_session_name(parameters.get("session_name")),
            check_duration(parameters.get("duration", 3600)),
            None if external_id is None else EXTERNAL_ID.check(external_id),
            _session_policies(parameters.get("policy"), parameters.get("policy_documents", ())),
            check_tags(parameters.get("tags"), most=50),
            tuple(parameters.get("transitive_tag_keys") or ()),
            None if source_identity is None else SOURCE_IDENTITY.check(source_identity),
        )

    def context(self) -> dict[str, object]:
        """Return the context keys by which the trust policy can judge the request."""
        keys: dict[str, object] = {"sts:RoleSessionName": self.session_name}
        if self.external_id is not None:
            keys["sts:ExternalId"] = self.external_id
        if self.source_identity is not None:
            keys["sts:SourceIdentity"] = self.source_identity
        if self.tags:
            keys["aws:TagKeys"] = [key for key, _ in self.tags]
            keys.update({f"aws:RequestTag/{key}": value for key, value in self.tags})
        if self.transitive_tag_keys:
            keys["sts:TransitiveTagKeys"] = list(self.transitive_tag_keys)
        return keys


def _session_policies(policy: object, managed: Iterable[Policy]) -> tuple[Policy, ...]:
    policies = list(managed)
    if policy is not None:
        loaded = load_policy(policy, "session").named("session policy")
        check_size(loaded, 2_048, "Packed policy consumes more than 100% of allotted space, please use smaller policy.")
        policies.insert(0, loaded)
    return tuple(policies)
