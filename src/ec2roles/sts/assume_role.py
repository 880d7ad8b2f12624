"""The parameters of AssumeRole: what AWS checks about them before it looks at any policy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import attrs

from ec2roles.arns import Arn, shown
from ec2roles.errors import ArnError, DurationError, InvalidNameError, PolicyTooLargeError, ValidationError
from ec2roles.iam.names import NameRule, Tags, check_tags, validation_message, wrong_type
from ec2roles.iam.role import Role
from ec2roles.policy import Policy, load_policy

SHORTEST = 900
LONGEST = 43_200
LONGEST_CHAINED = 3_600
_SESSION_POLICY_SIZE = 2_048
_SESSION_POLICY_ARNS = 10
_TRANSITIVE_TAG_KEYS = 50

SESSION_NAME = NameRule("roleSessionName", "session name", r"[\w+=,.@-]*", r"[A-Za-z0-9_+=,.@-]*", 2, 64)
EXTERNAL_ID = NameRule("externalId", "ExternalId", r"[\w+=,.@:\/-]*", r"[A-Za-z0-9_+=,.@:/-]*", 2, 1224)
SOURCE_IDENTITY = NameRule("sourceIdentity", "source identity", r"[\w+=,.@-]*", r"[A-Za-z0-9_+=,.@-]*", 2, 64)


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
        raise DurationError(wrong_type("DurationSeconds", value), detail=detail)
    for bad, limit in (
        (value < SHORTEST, f"greater than or equal to {SHORTEST}"),
        (value > LONGEST, f"less than or equal to {LONGEST}"),
    ):
        if bad:
            message = validation_message([(f"'{value}'", "durationSeconds", f"Member must have value {limit}")])
            raise DurationError(message, detail=detail)
    return value


@attrs.frozen(eq=False)
class AssumeRoleRequest:
    """
    One request to assume a role, with every parameter checked by itself.

    Args:
        role_arn: the role's ARN, whether it exists or not.
        role: the role, or None if there is none of that ARN.
        session_name: 2-64 of ``[\\w+=,.@-]``; appears in the session's ARN. None only where a question left it open.
        duration: seconds.
        external_id: ``sts:ExternalId`` for the trust policy, or None.
        policies: session policies.
        tags: session tags.
        transitive_tag_keys: the keys of tags that sessions further down the chain inherit.
        source_identity: ``sts:SourceIdentity``, or None.
    """

    role_arn: str
    role: Role | None
    session_name: str | None
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
            TypeError: for a parameter of another type.
            ValidationError: for what is no ARN, and for too many session policies or transitive tag keys.
            InvalidNameError: for a session name, external id, source identity or tag that does not fit.
            DurationError: for a duration outside 900-43200 seconds.
            PolicyError: for a session policy that is malformed or too long.
        """
        session_name = parameters.get("session_name")
        external_id = parameters.get("external_id")
        source_identity = parameters.get("source_identity")
        return cls(
            role_arn if role is not None else check_role_arn(role_arn),
            role,
            None if session_name is None else check_session_name(session_name),
            check_duration(parameters.get("duration", 3600)),
            None if external_id is None else EXTERNAL_ID.check(external_id),
            _session_policies(parameters.get("policy"), parameters.get("policy_documents", ())),
            _session_tags(parameters.get("tags")),
            check_texts(
                parameters.get("transitive_tag_keys"), "transitive_tag_keys", "transitiveTagKeys", _TRANSITIVE_TAG_KEYS
            ),
            None if source_identity is None else SOURCE_IDENTITY.check(source_identity),
        )

    def context(self) -> dict[str, object]:
        """Return the context keys by which the trust policy can judge the request."""
        keys: dict[str, object] = {}
        if self.session_name is not None:
            keys["sts:RoleSessionName"] = self.session_name
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


def check_role_arn(value: str) -> str:
    """
    Return *value* if it can be the ARN of a role, whether there is such a role or not.

    Raises:
        ValidationError: if it is too short or too long, or no ARN.
    """
    for bad, limit in (
        (len(value) < 20, "greater than or equal to 20"),
        (len(value) > 2048, "less than or equal to 2048"),
    ):
        if bad:
            raise ValidationError(
                validation_message([(shown(value), "roleArn", f"Member must have length {limit}")]),
                detail=f"the resource of AssumeRole is the ARN of a role, got {shown(value)}",
            )
    try:
        Arn.parse(value)
    except ArnError as error:
        raise ValidationError(f"{value} is invalid", detail=str(error)) from None
    return value


def check_texts(values: object, name: str, member: str, most: int) -> tuple[str, ...]:
    """
    Return *values* if they are a list of texts, and not too many; None is an empty list.

    >>> check_texts(["team"], "transitive_tag_keys", "transitiveTagKeys", 50)
    ('team',)

    Args:
        values: what was given.
        name: our name for it.
        member: AWS's.
        most: how many there may be.

    Raises:
        TypeError: if it is one text, or holds something else than texts.
        ValidationError: if there are more than *most*.
    """
    if values is None:
        return ()
    # A generator is refused as well: these are read twice, to judge the call and to perform it.
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    texts = tuple(values)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a list of texts, and holds {type(text).__name__}")
    if len(texts) > most:
        raise ValidationError(
            validation_message([(shown(list(texts)), member, f"Member must have length less than or equal to {most}")]),
            detail=f"{len(texts)} {name}, at most {most}",
        )
    return texts


def _session_tags(tags: object) -> Tags:
    if tags is None:
        return ()
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Collection):
        raise TypeError(f"tags must be a mapping, got {type(tags).__name__}")
    return check_tags(tags, most=50)


def check_policy_arns(values: object) -> tuple[str, ...]:
    """
    Return *values* if they can be the managed session policies of one call: at most ten.

    Raises:
        TypeError, ValidationError: see `check_texts`.
    """
    return check_texts(values, "policy_arns", "policyArns", _SESSION_POLICY_ARNS)


def _session_policies(policy: object, managed: Iterable[Policy]) -> tuple[Policy, ...]:
    policies = list(managed)
    if policy is not None:
        loaded = load_policy(policy, "session").named("session policy")
        # The limit is on the parameter as it is sent, white space and all (policy-evaluation A5).
        size = len(policy) if isinstance(policy, str) else loaded.size
        if size > _SESSION_POLICY_SIZE:
            percent = -(-100 * size // _SESSION_POLICY_SIZE)
            raise PolicyTooLargeError(
                f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
                code="PackedPolicyTooLarge",
                status=400,
                detail=f"a session policy has at most {_SESSION_POLICY_SIZE} characters, this one has {size}",
            )
        policies.insert(0, loaded)
    return tuple(policies)
