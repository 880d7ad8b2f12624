"""AssumeRole: its parameters, what a call must be allowed to do, and what role chaining forbids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import Arn, shown
from ec2roles.errors import (
    AccessDeniedError,
    ArnError,
    AwsError,
    DurationError,
    InvalidNameError,
    ValidationError,
)
from ec2roles.iam.names import NameRule, Tags, validation_message, wrong_type
from ec2roles.iam.role import Role
from ec2roles.policy import Policy, Semantics
from ec2roles.sts.mfa import MfaParameters
from ec2roles.sts.session import PrincipalType, Session
from ec2roles.sts.session_policies import check_session_policies, packed_size, policy_arns, session_tags
from ec2roles.world.timeline import Position

SHORTEST = 900
LONGEST = 43_200
LONGEST_CHAINED = 3_600

_NO_MFA = MfaParameters()

SESSION_NAME = NameRule("roleSessionName", "session name", r"[\w+=,.@-]*", r"[A-Za-z0-9_+=,.@-]*", 2, 64)


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


def check_duration(value: object, longest: int = LONGEST) -> int:
    """
    Return *value* if it is a number of whole seconds, from 900 to *longest*.

    Raises:
        DurationError: if it is not.
    """
    detail = f"duration must be an int {SHORTEST}-{longest} seconds, got {shown(value)}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise DurationError(wrong_type("DurationSeconds", value), detail=detail)
    for bad, limit in (
        (value < SHORTEST, f"greater than or equal to {SHORTEST}"),
        (value > longest, f"less than or equal to {longest}"),
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
        mfa: the caller's second factor.
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
    mfa: MfaParameters = _NO_MFA

    @classmethod
    def make(
        cls, role: Role | None, parameters: Mapping[str, Any], managed: Callable[[str], Policy], semantics: Semantics
    ) -> AssumeRoleRequest:
        """
        Return the request that a call with these parameters is.

        Args:
            role: the role of that ARN, or None if there is none.
            parameters: by AWS's names, each within its constraints.
            managed: returns the document of a managed policy by its ARN.
            semantics: the readings of open points.

        Raises:
            ValidationError: for what is no ARN, and for too many session policies.
            InvalidInputError: for tags whose keys differ only in case.
            PolicyError: for a session policy that is malformed or too long.
            AwsError: ``InvalidContextAssertion``: nobody here can vouch for a context.
        """
        if parameters.get("ProvidedContexts"):
            raise AwsError(
                "The context assertion is invalid.",
                code="InvalidContextAssertion",
                detail="contexts are asserted by IAM Identity Center, which is not simulated",
            )
        role_arn = parameters.get("RoleArn", "")
        if role is None:
            check_role_arn(role_arn)
        # Most calls have neither tags nor policies.
        tags = session_tags(parameters["Tags"]) if parameters.get("Tags") else ()
        policy, arns = parameters.get("Policy"), parameters.get("PolicyArns")
        serial_number, token_code = parameters.get("SerialNumber"), parameters.get("TokenCode")
        documents = [managed(arn) for arn in policy_arns(arns)] if arns else ()
        return cls(
            role_arn,
            role,
            parameters.get("RoleSessionName"),
            parameters.get("DurationSeconds", 3600),
            parameters.get("ExternalId"),
            check_session_policies(policy, documents, semantics) if documents or policy is not None else (),
            tags,
            tuple(parameters.get("TransitiveTagKeys", ())),
            parameters.get("SourceIdentity"),
            _NO_MFA if serial_number is None and token_code is None else MfaParameters(serial_number, token_code),
        )

    def permissions(self, caller: Session, position: Position, seen: Position | None = None) -> list[tuple[Any, ...]]:
        """
        Return what *caller* must be allowed to do, as `Permission` takes it: the trust policy is the resource's policy.

        Args:
            caller: who calls.
            position: the moment of the call.
            seen: the position as of which IAM is seen, if changes in it take a while to get here.

        Raises:
            AccessDeniedError: for a root user, and for a second factor that is wrong.
        """
        if caller.principal_type is PrincipalType.ROOT:
            raise AccessDeniedError("Roles may not be assumed by root accounts.", detail="use a user's or a role's")
        context = self.context()
        if self.mfa is not _NO_MFA and self.mfa.authenticates(caller, position):
            context["aws:MultiFactorAuthPresent"] = "true"
            context["aws:MultiFactorAuthAge"] = "0"
        if caller.source_identity is not None:
            # It is passed on along the chain whether it is asked for or not.
            context.setdefault("sts:SourceIdentity", caller.source_identity)
        trust = account = None
        if self.role is not None:
            account = self.role.account_id
            state = self.role.state_at(position if seen is None else seen)
            if state is not None:
                trust = state.trust.bound if state.exists else None
                for key, value in state.tags:
                    context[f"aws:ResourceTag/{key}"] = value
        needed: list[tuple[Any, ...]] = [("sts:AssumeRole", self.role_arn, trust, context, account)]
        if self.tags or (caller.transitive_tag_keys and caller.transitive_tags):
            needed.append(("sts:TagSession", *needed[0][1:]))
        if self.source_identity is not None or caller.source_identity is not None:
            needed.append(("sts:SetSourceIdentity", *needed[0][1:]))
        return needed

    def check(self, role: Role, caller: Session, position: Position, allotted: int) -> int | None:
        """
        Check what depends on the role and on the chain of sessions, once the call is allowed.

        Args:
            role: the role.
            caller: who assumes it.
            position: the moment of the call.
            allotted: how many characters of policies and tags fill the room for them.

        Returns:
            The packed size of its policies and tags in percent; None if it has neither.

        Raises:
            DurationError: if the role's maximum, or the hour of role chaining, is exceeded.
            AccessDeniedError: if it would change the source identity of a chain.
            AwsError: ``InvalidParameterValue``, if it passes a tag anew that the chain hands down.
            PolicyTooLargeError: ``PackedPolicyTooLarge``.
        """
        handed_down = caller.transitive_tags if caller.transitive_tag_keys else ()
        if self.tags or self.transitive_tag_keys or self.source_identity is not None:
            self._check_chain(caller)
        if caller.principal_type is PrincipalType.ASSUMED_ROLE and self.duration > LONGEST_CHAINED:
            raise DurationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                detail=f"role chaining is limited to 3600 seconds, got '{self.duration}'",
            )
        longest = role.max_session_duration_at(position)
        if self.duration > longest:
            raise DurationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                detail=f"role '{role.name}' allows {longest} seconds, got '{self.duration}'",
            )
        if not (self.policies or handed_down or self.tags):
            return None
        return packed_size(self.policies, (*handed_down, *self.tags), allotted)

    def _check_chain(self, caller: Session) -> None:
        """Refuse what a session may not change about the chain of sessions that it is part of."""
        handed_down = {key.lower() for key, _ in caller.transitive_tags}
        passed = {key.lower() for key, _ in self.tags}
        for key in self.transitive_tag_keys:
            if key.lower() not in passed | handed_down:
                raise AwsError(
                    "The specified transitive tag key must be included in the requested tags.",
                    code="InvalidParameterValue",
                    detail=f"no tag {shown(key)} is passed",
                )
        for key, _ in self.tags:
            if key.lower() in handed_down:
                raise AwsError(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
                    "from the calling session.",
                    code="InvalidParameterValue",
                    detail=f"tag {shown(key)} is transitive: an earlier session of the chain has set it",
                )
        if self.source_identity is not None and caller.source_identity not in (None, self.source_identity):
            raise AccessDeniedError(
                "The source identity of a session cannot be changed by role chaining.",
                detail=f"source identity {shown(caller.source_identity)} was set earlier in the chain, "
                f"got {shown(self.source_identity)}",
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
