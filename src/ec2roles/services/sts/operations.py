"""AWS STS as a table of operations. The trust policy of a role is the resource's policy of AssumeRole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError, InvalidNameError
from ec2roles.iam.role import Role
from ec2roles.secret import CredentialsMembers
from ec2roles.services.operation import Operation, Service
from ec2roles.services.parameters import Reader
from ec2roles.sts.assume_role import AssumeRoleRequest
from ec2roles.sts.get_federation_token import FederationTokenRequest
from ec2roles.sts.get_session_token import SessionTokenRequest
from ec2roles.sts.session import CallerIdentity, Session, caller_of
from ec2roles.sts.token_service import TokenService

_ASSUME_ROLE = Reader(
    "sts",
    "AssumeRole",
    "DurationSeconds ExternalId Policy PolicyArns ProvidedContexts RoleArn RoleSessionName SerialNumber SourceIdentity Tags "
    "TokenCode TransitiveTagKeys",
    also={"role": "RoleArn", "session_name": "RoleSessionName", "duration": "DurationSeconds"},
    resource=lambda arn: {"RoleArn": arn},
    partial=True,
)
_GET_SESSION_TOKEN = Reader(
    "sts", "GetSessionToken", "DurationSeconds SerialNumber TokenCode", also={"duration": "DurationSeconds"}
)
_GET_FEDERATION_TOKEN = Reader(
    "sts",
    "GetFederationToken",
    "DurationSeconds Name Policy PolicyArns Tags",
    also={"duration": "DurationSeconds"},
    partial=True,
)
_DECODE = Reader("sts", "DecodeAuthorizationMessage", also={"message": "EncodedMessage"}, partial=True)
_GET_CALLER_IDENTITY = Reader("sts", "GetCallerIdentity")
_GET_ACCESS_KEY_INFO = Reader("sts", "GetAccessKeyInfo", partial=True)


@attrs.frozen(eq=False)
class StsOperations:
    """
    What the operations of STS need to be allowed, and what they do.

    Args:
        sts: the token service of an account.
    """

    sts: TokenService

    def prepare_assume_role(self, call: Call, parameters: Mapping[str, Any]) -> AssumeRoleRequest:
        """Return what an AssumeRole call asks for; *call* is as it was sent, and may hold a `Role` in place of its ARN."""
        sent = call.parameters.get("role")
        arn = parameters.get("RoleArn", "")
        role = sent if isinstance(sent, Role) else self.sts.find_role(arn, self.sts.authorizer.seen(call))
        # Managed session policies belong to the role's account, not to the caller's.
        account_id = self.sts.account_id if role is None else role.account_id
        semantics = self.sts.authorizer.semantics
        return AssumeRoleRequest.make(
            role, parameters, lambda arn: self.sts.session_policy(arn, account_id, call.position), semantics
        )

    def assume_role_permissions(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what an AssumeRole call must be allowed to do: the trust policy is the resource's policy."""
        request: AssumeRoleRequest = call.prepared
        return request.permissions(caller_of(call), call.position, self.sts.authorizer.seen(call))

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
        caller = caller_of(call)
        inherited = caller.transitive_tags if caller.transitive_tag_keys else ()
        packed = request.check(
            role, caller, self.sts.authorizer.seen(call), self.sts.sessions.quotas.packed_policy_size
        )
        source_identity = request.source_identity or caller.source_identity
        session = self.sts.sessions.issue_role_session(
            role,
            str(request.session_name),
            request.duration,
            call.position[0],
            context={} if source_identity is None else {"aws:SourceIdentity": source_identity},
            policies=request.policies,
            tags=(*inherited, *request.tags),
            transitive_tag_keys=tuple(dict.fromkeys((*caller.transitive_tag_keys, *request.transitive_tag_keys))),
            source_identity=source_identity,
            packed_policy_size=packed,
        )
        return session.credentials

    def caller_identity_permissions(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what GetCallerIdentity needs: nothing that could be denied."""
        return [Permission("sts:GetCallerIdentity")]

    def perform_get_caller_identity(self, call: Call) -> CallerIdentity:
        """Return who made the call."""
        caller = caller_of(call)
        return CallerIdentity(caller.account_id, caller.arn, caller.user_id)

    def perform_decode_authorization_message(self, call: Call) -> dict[str, Any]:
        """
        Return what an encoded message says.

        Raises:
            AwsError: ``InvalidAuthorizationMessageException`` for what no denial of this Cloud holds.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.authorization.encoded_messages import decode

        return decode(self.sts.time.ids, call.parameters["EncodedMessage"])

    def prepare_session_token(self, call: Call, parameters: Mapping[str, Any]) -> SessionTokenRequest:
        """Return what a GetSessionToken call asks for."""
        return SessionTokenRequest.make(parameters)

    def session_token_permissions(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what a GetSessionToken call must be allowed to do."""
        request: SessionTokenRequest = call.prepared
        return request.permissions(caller_of(call), call.position)

    def perform_get_session_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetSessionToken call that was allowed."""
        request: SessionTokenRequest = call.prepared
        return request.issue(self.sts.sessions, caller_of(call), call.position).credentials

    def prepare_federation_token(self, call: Call, parameters: Mapping[str, Any]) -> FederationTokenRequest:
        """Return what a GetFederationToken call asks for."""
        account_id = caller_of(call).account_id
        return FederationTokenRequest.make(
            parameters, lambda arn: self.sts.session_policy(arn, account_id, call.position)
        )

    def federation_token_permissions(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what a GetFederationToken call must be allowed to do."""
        request: FederationTokenRequest = call.prepared
        return request.permissions(caller_of(call), call.resource)

    def perform_get_federation_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetFederationToken call that was allowed."""
        request: FederationTokenRequest = call.prepared
        allotted = self.sts.sessions.quotas.packed_policy_size
        return request.issue(self.sts.sessions, caller_of(call), call.position, allotted).credentials

    def access_key_info_permissions(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what a GetAccessKeyInfo call must be allowed to do."""
        return [Permission("sts:GetAccessKeyInfo")]

    def perform_get_access_key_info(self, call: Call) -> str:
        """
        Return the id of the account that an access key belongs to.

        Raises:
            ValidationError: if nobody in this Cloud ever had that key.
        """
        key_id = call.parameters["AccessKeyId"]
        session = self.sts.sessions.find(key_id, call.position[0])
        if session is None:
            raise InvalidNameError(
                f"The access key ID {key_id} does not exist.",
                detail=f"no account of this Cloud ever had {shown(key_id)}",
            )
        return session.account_id

    def assumed(self, value: Credentials, call: Call) -> Mapping[str, Any]:
        """Return the answer of AssumeRole."""
        session = self.sts.sessions.issued(value.access_key_id)
        caller: dict[str, Any] = {"AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn}}
        if session.source_identity is not None:
            caller["SourceIdentity"] = session.source_identity
        return _issued(value, session, caller)

    def federated(self, value: Credentials, call: Call) -> Mapping[str, Any]:
        """Return the answer of GetFederationToken."""
        session = self.sts.sessions.issued(value.access_key_id)
        return _issued(value, session, {"FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn}})


def _issued(credentials: Credentials, session: Session, caller: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of an operation that issues credentials, with the members that say whose they are."""
    response = {"Credentials": credentials_members(credentials), **caller}
    if session.packed_policy_size is not None:
        response["PackedPolicySize"] = session.packed_policy_size
    return response


def sts_service(sts: TokenService) -> Service:
    """
    Return the operations of *sts*.

    Args:
        sts: the token service of an account.
    """
    operations = StsOperations(sts)

    return Service(
        "sts",
        [
            Operation(
                "AssumeRole",
                _ASSUME_ROLE,
                operations.assume_role_permissions,
                operations.perform_assume_role,
                prepare=operations.prepare_assume_role,
                response=operations.assumed,
            ),
            Operation(
                "GetCallerIdentity",
                _GET_CALLER_IDENTITY,
                operations.caller_identity_permissions,
                operations.perform_get_caller_identity,
                response=_identity_members,
            ),
            Operation(
                "DecodeAuthorizationMessage",
                _DECODE,
                lambda call: [Permission("sts:DecodeAuthorizationMessage")],
                operations.perform_decode_authorization_message,
                response=_decoded_members,
            ),
            Operation(
                "GetSessionToken",
                _GET_SESSION_TOKEN,
                operations.session_token_permissions,
                operations.perform_get_session_token,
                prepare=operations.prepare_session_token,
                response=lambda value, call: {"Credentials": credentials_members(value)},
            ),
            Operation(
                "GetFederationToken",
                _GET_FEDERATION_TOKEN,
                operations.federation_token_permissions,
                operations.perform_get_federation_token,
                prepare=operations.prepare_federation_token,
                response=operations.federated,
            ),
            Operation(
                "GetAccessKeyInfo",
                _GET_ACCESS_KEY_INFO,
                operations.access_key_info_permissions,
                operations.perform_get_access_key_info,
                response=lambda value, call: {"Account": value},
            ),
        ],
    )


def credentials_members(credentials: Credentials) -> dict[str, Any]:
    """Return *credentials* as STS's responses have them; the secret and the token are plain text there, masked in a repr."""
    return CredentialsMembers(
        AccessKeyId=credentials.access_key_id,
        SecretAccessKey=credentials.secret_access_key.reveal(),
        SessionToken="" if credentials.session_token is None else credentials.session_token.reveal(),
        Expiration=credentials.expiration,
    )


def _identity_members(value: CallerIdentity, call: Call) -> Mapping[str, Any]:
    return {"UserId": value.user_id, "Account": value.account, "Arn": value.arn}


def _decoded_members(value: dict[str, Any], call: Call) -> Mapping[str, Any]:
    import json  # hardly ever needed

    return {"DecodedMessage": json.dumps(value, separators=(",", ":"))}
