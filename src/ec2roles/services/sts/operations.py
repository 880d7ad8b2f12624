"""AWS STS as a table of operations. The trust policy of a role is the resource's policy of AssumeRole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ec2roles.calls import Call
from ec2roles.services.operation import Operation, Service
from ec2roles.services.parameters import Reader
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.token_service import Authorization, CallerIdentity, TokenService

_ASSUME_ROLE = Reader(
    "sts",
    "AssumeRole",
    "DurationSeconds ExternalId Policy PolicyArns ProvidedContexts RoleArn RoleSessionName SerialNumber SourceIdentity Tags "
    "TokenCode TransitiveTagKeys",
    also={"role": "RoleArn", "session_name": "RoleSessionName", "duration": "DurationSeconds"},
    resource=lambda arn: {"RoleArn": arn},
)
_GET_SESSION_TOKEN = Reader(
    "sts", "GetSessionToken", "DurationSeconds SerialNumber TokenCode", also={"duration": "DurationSeconds"}
)
_DECODE = Reader("sts", "DecodeAuthorizationMessage", also={"message": "EncodedMessage"})
_GET_CALLER_IDENTITY = Reader("sts", "GetCallerIdentity")
_GET_ACCESS_KEY_INFO = Reader("sts", "GetAccessKeyInfo")


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
                _ASSUME_ROLE,
                sts.assume_role_authorizations,
                sts.perform_assume_role,
                prepare=sts.prepare_assume_role,
                response=assumed,
            ),
            Operation(
                "GetCallerIdentity",
                _GET_CALLER_IDENTITY,
                sts.caller_identity_authorizations,
                sts.perform_get_caller_identity,
                response=_identity_members,
            ),
            Operation(
                "DecodeAuthorizationMessage",
                _DECODE,
                lambda call: [Authorization("sts:DecodeAuthorizationMessage")],
                sts.perform_decode_authorization_message,
                response=_decoded_members,
            ),
            Operation(
                "GetSessionToken",
                _GET_SESSION_TOKEN,
                sts.session_token_authorizations,
                sts.perform_get_session_token,
                prepare=sts.prepare_session_token,
                response=lambda value, call: {"Credentials": credentials_members(value)},
            ),
            Operation(
                "GetAccessKeyInfo",
                _GET_ACCESS_KEY_INFO,
                sts.access_key_info_authorizations,
                sts.perform_get_access_key_info,
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


def _identity_members(value: CallerIdentity, call: Call) -> Mapping[str, Any]:
    return {"UserId": value.user_id, "Account": value.account, "Arn": value.arn}


def _decoded_members(value: dict[str, Any], call: Call) -> Mapping[str, Any]:
    import json  # hardly ever needed

    return {"DecodedMessage": json.dumps(value, separators=(",", ":"))}
