"""What the operations of STS need to be allowed, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.authorizer import Judge
from ec2roles.authorization.permissions import Authorization, CallerIdentity
from ec2roles.calls import Call
from ec2roles.errors import AwsError, InvalidNameError, ValidationError
from ec2roles.iam.names import NameRule
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.policy import Policy
from ec2roles.sts.assume_role import AssumeRoleRequest
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.session import Session
from ec2roles.sts.session_policies import check_policy_arns
from ec2roles.world.timeline import Position

ACCESS_KEY_ID = NameRule("accessKeyId", "access key id", r"[\w]*", r"[A-Za-z0-9_]*", 16, 128)


@attrs.define(eq=False, repr=False)
class StsOperations(Judge):
    """
    The operations of a token service, once a call has got so far; see `TokenService`.

    Args:
        find_role, find_policy, quotas: as for `TokenService`.
    """

    find_role: Callable[[str, Position], Role | None] = attrs.field(default=lambda arn, position: None, kw_only=True)
    find_policy: Callable[[str, str], Policy] | None = attrs.field(default=None, kw_only=True)
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)

    def read_assume_role(self, call: Call) -> AssumeRoleRequest:
        """Return the checked parameters of an AssumeRole call."""
        arn = call.resource or ""
        role: Role | None = call.parameters.get("role") or self.find_role(arn, self.seen(call))
        parameters = dict(call.parameters)
        policy_arns = check_policy_arns(parameters.get("policy_arns"))
        if policy_arns:
            if self.find_policy is None:
                raise AwsError("policy_arns need an account; pass policy= instead", code="InvalidParameterValue")
            # They belong to the role's account, not to the caller's.
            account_id = self.account_id if role is None else role.account_id
            parameters["policy_documents"] = [self.find_policy(one, account_id) for one in policy_arns]
        return AssumeRoleRequest.read(arn, role, parameters)

    def assume_role_authorizations(self, call: Call) -> list[Authorization]:
        """Return what an AssumeRole call must be allowed to do: the trust policy is the resource's policy."""
        caller: Session = call.caller
        return self.read_assume_role(call).authorizations(caller, call.position, self.seen(call))

    def perform_assume_role(self, call: Call) -> Credentials:
        """
        Issue the credentials of an AssumeRole call that was allowed.

        Raises:
            AwsError: see `AssumeRoleRequest.check`.
        """
        request = self.read_assume_role(call)
        role = request.role
        if role is None:
            raise AwsError("a role that does not exist was allowed to be assumed", detail=request.role_arn)
        caller: Session = call.caller
        packed = request.check(role, caller, self.seen(call), self.quotas.packed_policy_size)
        source_identity = request.source_identity or caller.source_identity
        session = self.issue_role_session(
            role,
            str(request.session_name),
            request.duration,
            call.position[0],
            context={} if source_identity is None else {"aws:SourceIdentity": source_identity},
            policies=request.policies,
            tags=(*caller.transitive_tags, *request.tags),
            transitive_tag_keys=tuple(dict.fromkeys((*caller.transitive_tag_keys, *request.transitive_tag_keys))),
            source_identity=source_identity,
            packed_policy_size=packed,
        )
        return session.credentials

    def caller_identity_authorizations(self, call: Call) -> list[Authorization]:
        """Return what GetCallerIdentity needs: nothing that could be denied."""
        return [Authorization("sts:GetCallerIdentity")]

    def perform_get_caller_identity(self, call: Call) -> CallerIdentity:
        """Return who made the call."""
        caller: Session = call.caller
        return CallerIdentity(caller.account_id, caller.arn, caller.user_id)

    def perform_decode_authorization_message(self, call: Call) -> dict[str, Any]:
        """
        Return what an encoded message says.

        Raises:
            AwsError: ``InvalidAuthorizationMessageException`` for what no denial of this Cloud holds.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.authorization.encoded_messages import decode

        return decode(self.time.ids, call.parameters.get("message", ""))

    def session_token_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetSessionToken call must be allowed to do."""
        from ec2roles.sts.get_session_token import SessionTokenRequest

        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).authorizations(caller, call.position)

    def perform_get_session_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetSessionToken call that was allowed."""
        from ec2roles.sts.get_session_token import SessionTokenRequest

        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).issue(self, caller, call.position).credentials

    def access_key_info_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetAccessKeyInfo call must be allowed to do."""
        if "access_key_id" in call.parameters:
            ACCESS_KEY_ID.check(call.parameters["access_key_id"])
        return [Authorization("sts:GetAccessKeyInfo")]

    def perform_get_access_key_info(self, call: Call) -> str:
        """
        Return the id of the account that an access key belongs to.

        Raises:
            ValidationError: if nobody in this Cloud ever had that key.
        """
        key_id = call.parameters.get("access_key_id")
        if key_id is None:
            raise ValidationError(
                "1 validation error detected: Value null at 'accessKeyId' failed to satisfy constraint: "
                "Member must not be null",
                detail="GetAccessKeyInfo needs access_key_id=...",
            )
        session = self.find_session(key_id, call.position[0])
        if session is None:
            raise InvalidNameError(
                f"The access key ID {key_id} does not exist.",
                detail=f"no account of this Cloud ever had {shown(key_id)}",
            )
        return session.account_id
