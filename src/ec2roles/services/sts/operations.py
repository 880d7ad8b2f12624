"""AWS STS as a table of operations. The trust policy of a role is the resource's policy of AssumeRole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ec2roles.calls import Call
from ec2roles.services.operation import Operation, Service
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.token_service import CallerIdentity, TokenService

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


def sts_service(sts: TokenService) -> Service:
    """
    Return the operations of *sts*.

    Args:
        sts: the token service of an account.
    """

    def assumed(value: Credentials, call: Call) -> Mapping[str, Any]:
        session = sts.stored_session(value.access_key_id)
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
                sts.assume_role_authorizations,
                sts.perform_assume_role,
                request=_assume_role_request,
                response=assumed,
            ),
            Operation(
                "GetCallerIdentity",
                sts.caller_identity_authorizations,
                sts.perform_get_caller_identity,
                response=_identity_members,
            ),
            Operation(
                "DecodeAuthorizationMessage",
                lambda call: [("sts:DecodeAuthorizationMessage", "*", None, {})],
                sts.perform_decode_authorization_message,
                request=lambda given: (None, {"message": given.get("EncodedMessage", "")}),
                response=_decoded_members,
            ),
            Operation(
                "GetSessionToken",
                sts.session_token_authorizations,
                sts.perform_get_session_token,
                request=lambda given: (None, _renamed(given, _GET_SESSION_TOKEN)),
                response=lambda value, call: {"Credentials": credentials_members(value)},
            ),
            Operation(
                "GetAccessKeyInfo",
                sts.access_key_info_authorizations,
                sts.perform_get_access_key_info,
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
