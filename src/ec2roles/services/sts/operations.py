"""AWS STS as a table of operations. The trust policy of a role is the resource's policy of AssumeRole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AwsError, InvalidNameError, ValidationError
from ec2roles.iam.names import NameRule
from ec2roles.iam.role import Role
from ec2roles.services.operation import Operation, Service
from ec2roles.sts.assume_role import AssumeRoleRequest
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.get_session_token import SessionTokenRequest
from ec2roles.sts.session import CallerIdentity, Session
from ec2roles.sts.session_policies import check_policy_arns
from ec2roles.sts.token_service import TokenService

# AWS's parameter -> ours, where it is passed on as it is.
_ASSUME_ROLE = {
    "RoleSessionName": "session_name",
    "DurationSeconds": "duration",
    "ExternalId": "external_id",
    "Policy": "policy",
    "TransitiveTagKeys": "transitive_tag_keys",
    "SourceIdentity": "source_identity",
    "SerialNumber": "serial_number",
    "TokenCode": "token_code",
    "ProvidedContexts": "provided_contexts",
}
_GET_SESSION_TOKEN = {"DurationSeconds": "duration", "SerialNumber": "serial_number", "TokenCode": "token_code"}


ACCESS_KEY_ID = NameRule("accessKeyId", "access key id", r"[\w]*", r"[A-Za-z0-9_]*", 16, 128)


@attrs.frozen(eq=False)
class StsOperations:
    """
    What the operations of STS need to be allowed, and what they do.

    Args:
        sts: the token service of an account.
    """

    sts: TokenService

    def read_assume_role(self, call: Call) -> AssumeRoleRequest:
        """Return the checked parameters of an AssumeRole call."""
        arn = call.resource or ""
        role: Role | None = call.parameters.get("role") or self.sts.find_role(arn, self.sts.authorizer.seen(call))
        parameters = dict(call.parameters)
        policy_arns = check_policy_arns(parameters.get("policy_arns"))
        if policy_arns:
            # They belong to the role's account, not to the caller's.
            account_id = self.sts.account_id if role is None else role.account_id
            parameters["policy_documents"] = [self.sts.session_policy(one, account_id) for one in policy_arns]
        return AssumeRoleRequest.read(arn, role, parameters)

    def assume_role_authorizations(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what an AssumeRole call must be allowed to do: the trust policy is the resource's policy."""
        caller: Session = call.caller
        return self.read_assume_role(call).permissions(caller, call.position, self.sts.authorizer.seen(call))

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
        packed = request.check(role, caller, self.sts.authorizer.seen(call), self.sts.quotas.packed_policy_size)
        source_identity = request.source_identity or caller.source_identity
        session = self.sts.sessions.issue_role_session(
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

    def caller_identity_authorizations(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what GetCallerIdentity needs: nothing that could be denied."""
        return [Permission("sts:GetCallerIdentity")]

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

        return decode(self.sts.time.ids, call.parameters.get("message", ""))

    def session_token_authorizations(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what a GetSessionToken call must be allowed to do."""
        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).permissions(caller, call.position)

    def perform_get_session_token(self, call: Call) -> Credentials:
        """Issue the credentials of a GetSessionToken call that was allowed."""
        caller: Session = call.caller
        return SessionTokenRequest.read(call.parameters).issue(self.sts.sessions, caller, call.position).credentials

    def access_key_info_authorizations(self, call: Call) -> Sequence[Permission | Sequence[Any]]:
        """Return what a GetAccessKeyInfo call must be allowed to do."""
        if "access_key_id" in call.parameters:
            ACCESS_KEY_ID.check(call.parameters["access_key_id"])
        return [Permission("sts:GetAccessKeyInfo")]

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
        session = self.sts.sessions.find(key_id, call.position[0])
        if session is None:
            raise InvalidNameError(
                f"The access key ID {key_id} does not exist.",
                detail=f"no account of this Cloud ever had {shown(key_id)}",
            )
        return session.account_id


def sts_service(sts: TokenService) -> Service:
    """
    Return the operations of *sts*.

    Args:
        sts: the token service of an account.
    """
    operations = StsOperations(sts)

    def assumed(value: Credentials, call: Call) -> Mapping[str, Any]:
        session = sts.sessions.issued(value.access_key_id)
        response: dict[str, Any] = {
            "Credentials": credentials_members(value),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        }
        if session.source_identity is not None:
            response["SourceIdentity"] = session.source_identity
        if session.packed_policy_size is not None:
            response["PackedPolicySize"] = session.packed_policy_size
        return response

    return Service(
        "sts",
        [
            Operation(
                "AssumeRole",
                operations.assume_role_authorizations,
                operations.perform_assume_role,
                request=_assume_role_request,
                response=assumed,
            ),
            Operation(
                "GetCallerIdentity",
                operations.caller_identity_authorizations,
                operations.perform_get_caller_identity,
                response=_identity_members,
            ),
            Operation(
                "DecodeAuthorizationMessage",
                lambda call: [("sts:DecodeAuthorizationMessage", "*", None, {})],
                operations.perform_decode_authorization_message,
                request=lambda given: (None, {"message": given.get("EncodedMessage", "")}),
                response=_decoded_members,
            ),
            Operation(
                "GetSessionToken",
                operations.session_token_authorizations,
                operations.perform_get_session_token,
                request=lambda given: (None, _renamed(given, _GET_SESSION_TOKEN)),
                response=lambda value, call: {"Credentials": credentials_members(value)},
            ),
            Operation(
                "GetAccessKeyInfo",
                operations.access_key_info_authorizations,
                operations.perform_get_access_key_info,
                request=lambda given: (None, _renamed(given, {"AccessKeyId": "access_key_id"})),
                response=lambda value, call: {"Account": value},
            ),
        ],
    )


def credentials_members(credentials: Credentials) -> dict[str, Any]:
    """Return *credentials* as STS's responses have them; the secret and the token are plain text there."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": "" if credentials.session_token is None else credentials.session_token.reveal(),
        "Expiration": credentials.expiration,
    }


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: given[name] for name, ours in names.items() if name in given}


def _assume_role_request(given: Mapping[str, Any]) -> tuple[str | None, Mapping[str, Any]]:
    parameters = _renamed(given, _ASSUME_ROLE)
    if "Tags" in given:
        parameters["tags"] = tuple((tag["Key"], tag["Value"]) for tag in given["Tags"])
    if "PolicyArns" in given:
        parameters["policy_arns"] = tuple(one["arn"] for one in given["PolicyArns"])
    return given.get("RoleArn"), parameters


def _identity_members(value: CallerIdentity, call: Call) -> Mapping[str, Any]:
    return {"UserId": value.user_id, "Account": value.account, "Arn": value.arn}


def _decoded_members(value: dict[str, Any], call: Call) -> Mapping[str, Any]:
    import json  # hardly ever needed

    return {"DecodedMessage": json.dumps(value, separators=(",", ":"))}
