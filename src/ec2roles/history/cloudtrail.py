"""
The history in the form of AWS CloudTrail's records.

A record is a dict that ``json.dumps`` takes. No secret and no session token is in it: where CloudTrail shows a session
token, the record has `HIDDEN`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ec2roles.calls import Call, Response
from ec2roles.errors import AwsError
from ec2roles.instants import from_microseconds, iso
from ec2roles.sts.credentials import Credentials
from ec2roles.sts.session import PrincipalType, Session
from ec2roles.world.ids import Ids
from ec2roles.world.timekeeper import Change
from ec2roles.world.timeline import Position

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
REMOVED = "<sensitiveDataRemoved>"

# CloudTrail does not record these unless a trail asks for data events.
DATA_EVENTS = {
    "s3": {
        "GetObject", "PutObject", "HeadObject", "DeleteObject", "DeleteObjects", "ListObjects", "ListObjectsV2",
        "HeadBucket",
    },
}  # fmt: skip
_READS = ("Get", "List", "Describe", "Head", "Simulate", "Decode", "AssumeRole")

# ARN's resource type -> CloudTrail's name of the parameter that named it.
_NAMED = {"role": "roleName", "instance-profile": "instanceProfileName", "user": "userName", "group": "groupName"}
# Operation -> CloudTrail's name of what a `Change` has as its detail.
_DETAILS = {
    "PutRolePolicy": "policyName",
    "PutUserPolicy": "policyName",
    "PutGroupPolicy": "policyName",
    "DeleteRolePolicy": "policyName",
    "DeleteUserPolicy": "policyName",
    "DeleteGroupPolicy": "policyName",
    "AttachRolePolicy": "policyArn",
    "AttachUserPolicy": "policyArn",
    "AttachGroupPolicy": "policyArn",
    "DetachRolePolicy": "policyArn",
    "DetachUserPolicy": "policyArn",
    "DetachGroupPolicy": "policyArn",
    "PutRolePermissionsBoundary": "permissionsBoundary",
    "PutUserPermissionsBoundary": "permissionsBoundary",
    "AddRoleToInstanceProfile": "roleName",
    "RemoveRoleFromInstanceProfile": "roleName",
    "AddUserToGroup": "groupName",
    "RemoveUserFromGroup": "groupName",
    "CreatePolicyVersion": "versionId",
    "SetDefaultPolicyVersion": "versionId",
    "DeletePolicyVersion": "versionId",
}
_TYPES = {PrincipalType.USER: "IAMUser", PrincipalType.ROOT: "Root", PrincipalType.ASSUMED_ROLE: "AssumedRole"}
# STS's parameters, ours -> CloudTrail's; a one-time code is in no record.
_STS = {
    "session_name": "roleSessionName",
    "duration": "durationSeconds",
    "external_id": "externalId",
    "source_identity": "sourceIdentity",
    "serial_number": "serialNumber",
    "access_key_id": "accessKeyId",
}


def is_data_event(service: str, operation: str) -> bool:
    """Return whether CloudTrail records such a call only where a trail asks for data events."""
    return operation in DATA_EVENTS.get(service, ())


def assume_record(
    ids: Ids,
    *,
    position: Position,
    region: str,
    account_id: str,
    service: str,
    role_arn: str,
    session_name: str,
    access_key_id: str | None,
    expires: int,
    error: AwsError | None,
) -> dict[str, Any]:
    """
    Return the record of a service that assumes a role, as EC2 does for every instance.

    Args:
        ids: the Cloud's; an event's id follows from its seed.
        position: where in time it stands.
        region: of the instance.
        account_id: of the role.
        service: such as ``ec2.amazonaws.com``.
        role_arn: the role.
        session_name: for EC2 the instance id.
        access_key_id: of the credentials that came of it; None if none did.
        expires: when they stop working, in microseconds.
        error: why none did.
    """
    record = _record(
        ids,
        position,
        source="sts",
        name="AssumeRole",
        region=region,
        account_id=account_id,
        identity={"type": "AWSService", "invokedBy": service},
        address=service,
        agent=service,
        parameters={"roleArn": role_arn, "roleSessionName": session_name},
        error=error,
        salt=session_name,
    )
    if access_key_id is not None:
        record["responseElements"] = {
            "credentials": {
                "accessKeyId": access_key_id,
                "sessionToken": HIDDEN,
                "expiration": _american(from_microseconds(expires)),
            }
        }
    record["resources"] = [{"accountId": account_id, "type": "AWS::IAM::Role", "ARN": role_arn}]
    return record


def change_record(ids: Ids, change: Change, region: str) -> dict[str, Any]:
    """
    Return the record of something that the owner of an account changed; CloudTrail has them as the root user's.

    Args:
        ids: the Cloud's.
        change: what was changed.
        region: of the account.
    """
    parts = change.subject.split(":", 5)
    is_arn = len(parts) == 6
    service = parts[2] if is_arn else "ec2"
    kind, _, rest = parts[5].partition("/") if is_arn else ("", "", "")
    parameters: dict[str, Any]
    if service == "s3":
        parameters = {"bucketName": parts[5]}
    elif kind in _NAMED:
        parameters = {_NAMED[kind]: rest.rpartition("/")[2]}
    elif is_arn:
        parameters = {f"{kind}Arn" if kind else "arn": change.subject}
    else:
        parameters = {"instanceId" if change.subject.startswith("i-") else "reservationId": change.subject}
    if change.operation in _DETAILS:
        parameters[_DETAILS[change.operation]] = change.detail
    root = f"arn:aws:iam::{change.account_id}:root"
    return _record(
        ids,
        change.position,
        source=service,
        name=change.operation,
        region="us-east-1" if service == "iam" else region,
        account_id=change.account_id,
        identity={
            "type": "Root",
            "principalId": change.account_id,
            "arn": root,
            "accountId": change.account_id,
            "accessKeyId": "",
        },
        address="AWS Internal",
        agent="AWS Internal",
        parameters=parameters,
        error=None,
        salt=change.subject,
    )


def call_record(
    ids: Ids, *, position: Position, call: Call, response: Response, caller: Session, account_id: str, region: str
) -> dict[str, Any]:
    """
    Return the record of a call whose credentials were accepted.

    Args:
        ids: the Cloud's.
        position: where in time it stands.
        call: as it was sent.
        response: what was answered.
        caller: whose call it was.
        account_id: the account that was asked.
        region: of the account.
    """
    service, _, action = call.action.partition(":")
    name = call.operation or action
    record = _record(
        ids,
        position,
        source=service,
        name=name,
        region="us-east-1" if service == "iam" else region,
        account_id=account_id,
        identity=user_identity(caller),
        address=str(call.context.get("aws:SourceIp", "AWS Internal")),
        agent=str(call.context.get("aws:UserAgent", "ec2roles")),
        parameters=_parameters(service, call),
        error=response.error,
        salt=call.action,
    )
    if service == "ec2" and response.error is not None:
        record["errorCode"] = f"Client.{response.error.code}"
    if isinstance(response.value, Credentials):
        record["responseElements"] = {
            "credentials": {
                "accessKeyId": response.value.access_key_id,
                "sessionToken": HIDDEN,
                "expiration": _american(response.value.expiration),
            }
        }
    if is_data_event(service, name):
        record.update(managementEvent=False, eventCategory="Data")
    return record


def user_identity(caller: Session) -> dict[str, Any]:
    """Return CloudTrail's ``userIdentity`` of a caller."""
    key = caller.credentials.access_key_id
    identity: dict[str, Any] = {
        "type": _TYPES[caller.principal_type],
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": key,
    }
    role_arn = caller.role_arn
    if role_arn is None:
        if caller.principal_type is PrincipalType.USER:
            identity["userName"] = caller.arn.rpartition("/")[2]
        if caller.expires is None:
            return identity
    context: dict[str, Any] = {}
    if role_arn is not None:
        context["sessionIssuer"] = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": role_arn,
            "accountId": caller.account_id,
            "userName": role_arn.rpartition("/")[2],
        }
    mfa = caller.context.get("aws:MultiFactorAuthPresent")
    context["attributes"] = {
        "creationDate": iso(from_microseconds(caller.issued)),
        "mfaAuthenticated": "true" if mfa == "true" else "false",
    }
    delivery = caller.context.get("ec2:RoleDelivery")
    if delivery is not None:
        context["ec2RoleDelivery"] = delivery
    if caller.source_identity is not None:
        context["sourceIdentity"] = caller.source_identity
    identity["sessionContext"] = context
    return identity


def _parameters(service: str, call: Call) -> dict[str, Any] | None:
    if service == "s3":
        bucket, _, key = (call.resource or "").removeprefix("arn:aws:s3:::").partition("/")
        named = {"bucketName": bucket or call.parameters.get("bucket"), "key": key or call.parameters.get("key")}
        return {name: value for name, value in named.items() if value} or None
    if service == "sts":
        given = {name: call.parameters[ours] for ours, name in _STS.items() if ours in call.parameters}
        return {**({} if call.resource is None else {"roleArn": call.resource}), **given} or None
    found = {_lower_camel(name): value for name, value in call.parameters.items() if _is_plain(value)}
    if call.parameters.get("UserData") is not None:
        found["userData"] = REMOVED
    return found or None


def _is_plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, (str, int, float, bool))


def _lower_camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _record(
    ids: Ids,
    position: Position,
    *,
    source: str,
    name: str,
    region: str,
    account_id: str,
    identity: dict[str, Any],
    address: str,
    agent: str,
    parameters: dict[str, Any] | None,
    error: AwsError | None,
    salt: str,
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": identity,
        "eventTime": iso(from_microseconds(position[0])),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": address,
        "userAgent": agent,
    }
    if error is not None:
        record["errorCode"] = error.code
        record["errorMessage"] = error.message
    what = f"{position[0]} {position[1]} {name} {salt}"
    record.update(
        requestParameters=parameters,
        responseElements=None,
        requestID=_uuid(ids, b"request id", what),
        eventID=_uuid(ids, b"event id", what),
        readOnly=name.startswith(_READS),
        eventType="AwsApiCall",
        managementEvent=True,
        recipientAccountId=account_id,
        eventCategory="Management",
    )
    return record


def _uuid(ids: Ids, purpose: bytes, what: str) -> str:
    text = ids.digest(purpose, what, 16).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _american(when: datetime | None) -> str | None:
    """Return a time as CloudTrail writes expirations: ``Jan 1, 2026, 6:00:00 AM``."""
    if when is None:
        return None
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[when.month - 1]
    half = "AM" if when.hour < 12 else "PM"
    return f"{month} {when.day}, {when.year}, {when.hour % 12 or 12}:{when.minute:02d}:{when.second:02d} {half}"
