"""Who made a call, as CloudTrail's records have it: ``userIdentity``."""

from __future__ import annotations

from typing import Any

from ec2roles.instants import from_microseconds, iso
from ec2roles.sts.get_federation_token import FederatedUser
from ec2roles.sts.session import PrincipalType, Session

_TYPES = {PrincipalType.USER: "IAMUser", PrincipalType.ROOT: "Root", PrincipalType.ASSUMED_ROLE: "AssumedRole"}


def service_identity(service: str) -> dict[str, Any]:
    """Return ``userIdentity`` of an AWS service that acts by itself: ``ec2.amazonaws.com``."""
    return {"type": "AWSService", "invokedBy": service}


def owner_identity(account_id: str) -> dict[str, Any]:
    """Return ``userIdentity`` of the owner of an account, who is its root user at the console."""
    return {
        "type": "Root",
        "principalId": account_id,
        "arn": f"arn:aws:iam::{account_id}:root",
        "accountId": account_id,
        "accessKeyId": "",
    }


def user_identity(caller: Session) -> dict[str, Any]:
    """Return ``userIdentity`` of a caller; temporary credentials have a ``sessionContext``."""
    identity: dict[str, Any] = {
        "type": _TYPES.get(caller.principal_type, caller.principal_type.value),
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.credentials.access_key_id,
    }
    if caller.principal_type is PrincipalType.USER:
        identity["userName"] = caller.arn.rpartition("/")[2]
    if caller.role_arn is not None or caller.expires is not None:
        identity["sessionContext"] = _session_context(caller)
    return identity


def _issuer_of(arn: str, account_id: str) -> dict[str, Any]:
    if arn.endswith(":root"):
        return {"type": "Root", "principalId": account_id, "arn": arn, "accountId": account_id}
    return {"type": "IAMUser", "arn": arn, "accountId": account_id, "userName": arn.rpartition("/")[2]}


def _session_context(caller: Session) -> dict[str, Any]:
    role_arn = caller.role_arn
    issuer: dict[str, Any] = {}
    if role_arn is not None:
        issuer = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": role_arn,
            "accountId": caller.account_id,
            "userName": role_arn.rpartition("/")[2],
        }
    elif isinstance(caller.principal, FederatedUser):
        issuer = _issuer_of(caller.principal.issuer.arn, caller.account_id)
    mfa = caller.context.get("aws:MultiFactorAuthPresent")
    context: dict[str, Any] = {
        "sessionIssuer": issuer,
        "webIdFederationData": {},
        "attributes": {
            "creationDate": iso(from_microseconds(caller.issued)),
            "mfaAuthenticated": "true" if mfa == "true" else "false",
        },
    }
    delivery = caller.context.get("ec2:RoleDelivery")
    if delivery is not None:
        context["ec2RoleDelivery"] = delivery
    if caller.source_identity is not None:
        context["sourceIdentity"] = caller.source_identity
    return context
