"""
The history in the form of AWS CloudTrail's records.

A record is a dict that ``json.dumps`` takes. No secret and no session token is in it: where CloudTrail shows a session
token, the record has `HIDDEN`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ec2roles.calls import Call, Response
from ec2roles.ec2.instance import Instance
from ec2roles.errors import AwsError
from ec2roles.history.cloudtrail import ec2, owner, s3
from ec2roles.history.cloudtrail.elements import HIDDEN, aws_names, plain_elements, plain_parameters
from ec2roles.history.cloudtrail.errors import error_members
from ec2roles.history.cloudtrail.identity import owner_identity, service_identity, user_identity
from ec2roles.instants import from_microseconds, iso, medium
from ec2roles.sts.session import Session
from ec2roles.world.ids import Ids
from ec2roles.world.timekeeper import Change
from ec2roles.world.timeline import Position

_VERSION = "1.08"
_READS = ("Get", "List", "Describe", "Head", "Simulate", "Decode", "AssumeRole")
_CONSOLE = "AWS Internal"

_DATA_EVENTS = {
    "dynamodb": frozenset(
        "BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction GetItem PutItem Query "
        "Scan TransactGetItems TransactWriteItems UpdateItem".split()
    ),
    "lambda": frozenset(("Invoke", "InvokeFunction")),
}


def is_data_event(service: str, operation: str) -> bool:
    """Return whether CloudTrail records such a call only if a trail asks for data events."""
    return s3.is_data_event(operation) if service == "s3" else operation in _DATA_EVENTS.get(service, ())


@attrs.frozen
class Recorder:
    """
    Writes the records of one account.

    Args:
        ids: the Cloud's; the ids of events and requests follow from its seed.
        account_id: whose trail it is.
        region: of the account.
    """

    ids: Ids
    account_id: str
    region: str

    def launch(self, reservation_id: str) -> str:
        """Return the id of the request that launched a reservation; EC2 assumes the role of its instances with it."""
        return self._uuid(b"request id", reservation_id)

    def change(self, change: Change, launched: Sequence[Instance] = ()) -> dict[str, Any]:
        """
        Return the record of something that the owner of the account changed; CloudTrail has them as the root user's.

        Args:
            change: what was changed.
            launched: the instances of a launch.
        """
        service, given = owner.parameters(change, launched)
        record = self._record(
            change.position,
            source=service,
            name=change.operation,
            region=_region(service, self.region),
            identity=owner_identity(change.account_id),
            address=_CONSOLE,
            agent=_CONSOLE,
            parameters=_parameters(service, change.operation, change.subject, given, self.region),
            error=None,
            salt=change.subject,
            request_id=self.launch(change.subject) if change.operation == "RunInstances" else None,
        )
        if launched:
            record["responseElements"] = _elements(service, change.operation, record, owner.launch_answer(launched))
        return record

    def assume(
        self,
        position: Position,
        *,
        service: str,
        role_arn: str,
        session_name: str,
        access_key_id: str | None = None,
        expires: int = 0,
        error: AwsError | None = None,
        region: str | None = None,
        duration: int | None = None,
        request_id: str | None = None,
        salt: str = "",
    ) -> dict[str, Any]:
        """
        Return the record of a service that assumes a role, as EC2 does for every instance.

        Args:
            position: where in time it stands.
            service: such as ``ec2.amazonaws.com``.
            role_arn: the role.
            session_name: for EC2 the instance id.
            access_key_id: of the credentials that came of it; None if none did.
            expires: when they stop working, in microseconds.
            error: why none did.
            region: where it happened; the account's by default.
            duration: what the service asked for, in seconds, if it asked.
            request_id: of the call that made the service do it; the assume's own by default.
            salt: tells two assumes for one session at one moment apart.
        """
        parameters: dict[str, Any] = {"roleArn": role_arn, "roleSessionName": session_name}
        if duration is not None:
            parameters["durationSeconds"] = duration
        record = self._record(
            position,
            source="sts",
            name="AssumeRole",
            region=region or self.region,
            identity=service_identity(service),
            address=service,
            agent=service,
            parameters=parameters,
            error=error,
            salt=session_name + salt,
            request_id=request_id,
        )
        if access_key_id is not None:
            record["responseElements"] = {
                "credentials": {
                    "accessKeyId": access_key_id,
                    "sessionToken": HIDDEN,
                    "expiration": medium(from_microseconds(expires)),
                }
            }
        record["resources"] = [{"accountId": self.account_id, "type": "AWS::IAM::Role", "ARN": role_arn}]
        record["sharedEventID"] = self._uuid(b"shared event id", record["eventID"])
        return record

    def call(
        self,
        position: Position,
        *,
        operation: str,
        call: Call,
        response: Response,
        answer: Mapping[str, Any] | None,
        caller: Session,
        request_id: str | None = None,
    ) -> dict[str, Any]:
        """
        Return the record of a call whose credentials were accepted.

        Args:
            position: where in time it stands.
            operation: the API's name: ``ListBuckets``.
            call: as it was sent.
            response: what was answered.
            answer: the same in AWS's own form; None if there is no such form.
            caller: whose call it was.
            request_id: of the call; its own by default.
        """
        service = call.action.partition(":")[0].lower()
        region = _region(service, self.region)
        given = aws_names(call.parameters)
        if service == "sts" and call.resource is not None and operation == "AssumeRole":
            given = {"RoleArn": call.resource, **given}
        record = self._record(
            position,
            source=service,
            name=s3.EVENT_NAMES.get(operation, operation) if service == "s3" else operation,
            region=region,
            identity=user_identity(caller),
            address=str(call.context.get("aws:SourceIp", _CONSOLE)),
            agent=str(call.context.get("aws:UserAgent", "ec2roles")),
            parameters=_parameters(service, operation, call.resource, given, region),
            error=response.error,
            salt=call.action,
            request_id=request_id,
        )
        if answer is not None:
            record["responseElements"] = _elements(service, operation, record, answer)
        self._add_resources(record, service, operation, call, response, given)
        if is_data_event(service, operation):
            record.update(managementEvent=False, eventCategory="Data")
        bucket = s3.target(call.resource, given)[0] if service == "s3" else ""
        record["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": _CIPHER_SUITE,
            "clientProvidedHostHeader": s3.host(bucket, region) if service == "s3" else _host(service, region),
        }
        return record

    def _add_resources(
        self,
        record: dict[str, Any],
        service: str,
        operation: str,
        call: Call,
        response: Response,
        given: Mapping[str, Any],
    ) -> None:
        decision = response.decision
        request = None if decision is None else decision.request
        account_id = (None if request is None else request.resource_account) or self.account_id
        if service == "s3":
            about = s3.resources(call.resource, given, account_id)
            if about:
                record["resources"] = about
            record["additionalEventData"] = {
                "SignatureVersion": "SigV4",
                "CipherSuite": _CIPHER_SUITE,
                "bytesTransferredIn": _size(given.get("Body")),
                "AuthenticationMethod": "AuthHeader",
                "x-amz-id-2": base64.b64encode(self.ids.digest(b"x-amz-id-2", record["eventID"], 56)).decode(),
                "bytesTransferredOut": s3.bytes_out(operation, response.value, given),
            }
        elif service == "sts" and operation == "AssumeRole" and call.resource is not None:
            owner = call.resource.split(":")[4:5] or [account_id]
            record["resources"] = [{"accountId": owner[0], "type": "AWS::IAM::Role", "ARN": call.resource}]
            if owner[0] != record["userIdentity"]["accountId"]:
                record["sharedEventID"] = self._uuid(b"shared event id", record["eventID"])

    def _record(
        self,
        position: Position,
        *,
        source: str,
        name: str,
        region: str,
        identity: dict[str, Any],
        address: str,
        agent: str,
        parameters: dict[str, Any] | None,
        error: AwsError | None,
        salt: str,
        request_id: str | None,
    ) -> dict[str, Any]:
        record: dict[str, Any] = {
            "eventVersion": _VERSION,
            "userIdentity": identity,
            "eventTime": iso(from_microseconds(position[0])),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": address,
            "userAgent": agent,
        }
        if error is not None:
            record.update(error_members(source, error))
        what = f"{position[0]} {position[1]} {name} {salt}"
        record.update(
            requestParameters=parameters,
            responseElements=None,
            requestID=request_id or self._uuid(b"request id", what),
            eventID=self._uuid(b"event id", what),
            readOnly=is_read(name),
            eventType="AwsApiCall",
            managementEvent=True,
            recipientAccountId=self.account_id,
            eventCategory="Management",
        )
        return record

    def _uuid(self, purpose: bytes, what: str) -> str:
        text = self.ids.digest(purpose, what, 16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_CIPHER_SUITE = "TLS_AES_128_GCM_SHA256"


def is_read(operation: str) -> bool:
    """Return whether CloudTrail calls it ``readOnly``; assuming a role counts as reading."""
    return operation.startswith(_READS)


def is_answered(operation: str) -> bool:
    """Return whether a record says what was answered: where something changed, and where credentials were issued."""
    return not is_read(operation) or operation in ("AssumeRole", "GetFederationToken", "GetSessionToken")


def _region(service: str, region: str) -> str:
    return "us-east-1" if service == "iam" else region


def _host(service: str, region: str) -> str:
    return "iam.amazonaws.com" if service == "iam" else f"{service}.{region}.amazonaws.com"


def _size(body: object) -> int:
    return len(body.encode() if isinstance(body, str) else body) if isinstance(body, str | bytes | bytearray) else 0


def _parameters(
    service: str, operation: str, resource: str | None, parameters: Mapping[str, Any], region: str
) -> dict[str, Any] | None:
    if service == "s3":
        return s3.parameters(operation, resource, parameters, region)
    if service == "ec2":
        return ec2.parameters(operation, parameters)
    return plain_parameters(parameters)


def _elements(
    service: str, operation: str, record: Mapping[str, Any], answer: Mapping[str, Any]
) -> dict[str, Any] | None:
    if service == "ec2":
        return ec2.elements(operation, answer, record["requestID"])
    # S3 answers with headers or with a body; neither is in its records.
    return None if service == "s3" else plain_elements(answer)
