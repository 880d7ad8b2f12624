"""What the operations of STS need to be allowed, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.authorizer import Judge
from ec2roles.authorization.permissions import Authorization, CallerIdentity
from ec2roles.calls import Call
from ec2roles.errors import AwsError, InvalidNameError
from ec2roles.iam.role import Role
from ec2roles.policy import Policy
from ec2roles.sts.assume_role import AssumeRoleRequest
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.session import Session
from ec2roles.world.timeline import Position


@attrs.define(eq=False, repr=False)
class StsOperations(Judge):
    """
    The operations of a token service, once a call has got so far; see `TokenService`.

    Args:
        find_role, find_policy: as for `TokenService`.
    """

    find_role: Callable[[str, Position], Role | None] = attrs.field(default=lambda arn, position: None, kw_only=True)
    find_policy: Callable[[str, str], Policy] | None = attrs.field(default=None, kw_only=True)

    def prepare_assume_role(self, call: Call, parameters: Mapping[str, Any]) -> AssumeRoleRequest:
        """Return what an AssumeRole call asks for; *call* is as it was sent, and may hold a `Role` in place of its ARN."""
        sent = call.parameters.get("role")
        arn = parameters.get("RoleArn", "")
        role = sent if isinstance(sent, Role) else self.find_role(arn, self.seen(call))
        # Managed session policies belong to the role's account, not to the caller's.
        account_id = self.account_id if role is None else role.account_id

        def managed(arn: str) -> Policy:
            if self.find_policy is None:
                raise AwsError("policy_arns need an account; pass policy= instead", code="InvalidParameterValue")
            return self.find_policy(arn, account_id)

        return AssumeRoleRequest.make(role, parameters, managed)

    def assume_role_authorizations(self, call: Call) -> list[Authorization]:
        """Return what an AssumeRole call must be allowed to do: the trust policy is the resource's policy."""
        caller: Session = call.caller
        request: AssumeRoleRequest = call.prepared
        return request.authorizations(caller, call.position, self.seen(call))

    def perform_assume_role(self, call: Call) -> Credentials:
        """
        Issue the credentials of an AssumeRole call that was allowed.

        Raises:
            AwsError: see `AssumeRoleRequest.check`.
        """
        request: AssumeRoleRequest = call.prepared
        role = request.role
        if role is None:
            raise AwsError("a role that does not exist was allowed to be assumed", detail=request.role_arn)
        caller: Session = call.caller
        packed = request.check(role, caller, self.seen(call))
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

        return decode(self.time.ids, call.parameters["EncodedMessage"])

    def prepare_session_token(self, call: Call, parameters: Mapping[str, Any]) -> Any:
        """Return what a GetSessionToken call asks for."""
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.sts.get_session_token import SessionTokenRequest

        return SessionTokenRequest.make(parameters)

    def session_token_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetSessionToken call must be allowed to do."""
        found: list[Authorization] = call.prepared.authorizations(call.caller, call.position)
        return found

    def perform_get_session_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetSessionToken call that was allowed."""
        session: Session = call.prepared.issue(self, call.caller, call.position)
        return session.credentials

    def access_key_info_authorizations(self, call: Call) -> list[Authorization]:
        """Return what a GetAccessKeyInfo call must be allowed to do."""
        return [Authorization("sts:GetAccessKeyInfo")]

    def perform_get_access_key_info(self, call: Call) -> str:
        """
        Return the id of the account that an access key belongs to.

        Raises:
            ValidationError: if nobody in this Cloud ever had that key.
        """
        key_id = call.parameters["AccessKeyId"]
        session = self.find_session(key_id, call.position[0])
        if session is None:
            raise InvalidNameError(
                f"The access key ID {key_id} does not exist.",
                detail=f"no account of this Cloud ever had {shown(key_id)}",
            )
        return session.account_id
