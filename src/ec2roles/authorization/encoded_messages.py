"""The encoded message that EC2 adds to a denial: why it was denied, for those who may decode it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from typing import Any

from ec2roles.arns import shown
from ec2roles.errors import AwsError
from ec2roles.policy import Decision, Outcome, Request
from ec2roles.world.ids import Ids

_SEAL = 16
_LONGEST = 10_240
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")

# Requests keep their keys in lower case; messages spell them as AWS does.
_SPELLED = {
    key.lower(): key
    for key in (
        "aws:CurrentTime aws:EpochTime aws:SecureTransport aws:RequestedRegion aws:SourceIp aws:TagKeys aws:UserAgent "
        "aws:PrincipalArn aws:PrincipalAccount aws:PrincipalType aws:PrincipalIsAWSService aws:PrincipalServiceName "
        "aws:PrincipalOrgID aws:ViaAWSService aws:TokenIssueTime aws:MultiFactorAuthPresent aws:MultiFactorAuthAge "
        "aws:SourceIdentity aws:ResourceAccount aws:Ec2InstanceSourceVpc aws:Ec2InstanceSourcePrivateIPv4 "
        "ec2:SourceInstanceARN ec2:RoleDelivery ec2:InstanceProfile ec2:NewInstanceProfile ec2:InstanceType ec2:InstanceID "
        "ec2:MetadataHttpTokens ec2:MetadataHttpEndpoint ec2:MetadataHttpPutResponseHopLimit ec2:CreateAction ec2:Region "
        "ec2:AvailabilityZone ec2:Tenancy ec2:RootDeviceType ec2:ImageID ec2:ImageType ec2:Owner ec2:Public ec2:Vpc "
        "ec2:SubnetID ec2:SecurityGroupID ec2:VolumeType iam:PassedToService iam:AssociatedResourceArn"
    ).split()
}
_PREFIXES = {
    one.lower(): one for one in ("aws:RequestTag/", "aws:ResourceTag/", "aws:PrincipalTag/", "ec2:ResourceTag/")
}


def encode(ids: Ids, decision: Decision) -> str:
    """
    Return *decision* as text that only the Cloud of *ids* opens.

    Args:
        ids: of the Cloud.
        decision: a denial that came to policies.
    """
    text = json.dumps(describe(decision), separators=(",", ":"))
    plain = text.encode()
    seal = ids.digest(b"auth message", text, _SEAL)
    return base64.urlsafe_b64encode(seal + _scrambled(ids, seal, plain)).rstrip(b"=").decode()


def decode(ids: Ids, message: object) -> dict[str, Any]:
    """
    Return what *message* says.

    Args:
        ids: of the Cloud.
        message: what `encode` returned in the same Cloud.

    Raises:
        AwsError: ``InvalidAuthorizationMessageException`` for anything else.
    """
    if not isinstance(message, str):
        raise TypeError(f"an encoded message must be str, got {type(message).__name__}")
    refused = AwsError(
        "Message is not valid.",
        code="InvalidAuthorizationMessageException",
        detail=f"no denial of this Cloud has the encoded message {shown(message)}",
    )
    if not 1 <= len(message) <= _LONGEST or not _ALPHABET.fullmatch(message):
        raise refused
    try:
        data = base64.urlsafe_b64decode(message + "=" * (-len(message) % 4))
    except binascii.Error:
        raise refused from None
    seal, hidden = data[:_SEAL], data[_SEAL:]
    plain = _scrambled(ids, seal, hidden)
    text = plain.decode("utf-8", "replace")
    if len(seal) < _SEAL or ids.digest(b"auth message", text, _SEAL) != seal:
        raise refused
    found: dict[str, Any] = json.loads(text)
    return found


def _scrambled(ids: Ids, seal: bytes, data: bytes) -> bytes:
    mask = ids.stream(b"auth message", seal.hex(), len(data))
    return bytes(one ^ other for one, other in zip(data, mask, strict=True))


def describe(decision: Decision) -> dict[str, Any]:
    """Return *decision*, a denial that came to policies, in the form of AWS's decoded messages."""
    request = decision.request
    if request is None:
        raise AwsError("a call that never came to policies has no authorization message", detail=decision.reason)
    explicit = decision.outcome is Outcome.EXPLICIT_DENY
    return {
        "allowed": decision.allowed,
        "explicitDeny": explicit,
        "matchedStatements": _items(_statements(decision, request) if explicit else ()),
        "failures": _items(()),
        "context": {
            "principal": _principal(request),
            "action": request.action,
            "resource": request.resource,
            "conditions": _items(_conditions(request)),
        },
    }


def _items(items: Iterable[Any]) -> dict[str, Any]:
    return {"items": list(items)}


def _values(values: Iterable[str]) -> dict[str, Any]:
    return _items({"value": value} for value in values)


def _principal_id(request: Request) -> str:
    values = request.context.get("aws:userid")
    return values if isinstance(values, str) else request.caller.unique_id or ""


def _principal(request: Request) -> dict[str, str]:
    name = request.principal.rpartition("/")[2]
    return {"id": _principal_id(request), "name": name, "arn": request.principal}


def _statements(decision: Decision, request: Request) -> Iterable[dict[str, Any]]:
    for _, statement in decision.deciding:
        yield {
            "statementId": statement.sid or "",
            "effect": "DENY",
            "principals": _values([_principal_id(request).partition(":")[0]]),
            "principalGroups": _items(()),
            "actions": _values(statement.actions or ()),
            "resources": _values(statement.resources or ()),
            "conditions": _items(
                {"key": condition.key, "values": _values(condition.values)} for condition in statement.conditions
            ),
        }


def _conditions(request: Request) -> Iterable[dict[str, Any]]:
    found: dict[str, tuple[str, ...]] = {}
    parts = request.resource.split(":", 5)
    if len(parts) > 5:
        kind, _, name = parts[5].partition("/")
        known = {"Account": parts[4], "Region": parts[3], "Service": parts[2], "Type": kind, "ID": name}
        found.update({f"aws:{key}": (value,) for key, value in known.items() if value})
        found["aws:Resource"] = (parts[5],)
        found["aws:ARN"] = (request.resource,)
    for key, value in request.context.items():
        found[_spelled(key)] = (value,) if isinstance(value, str) else value
    return [{"key": key, "values": _values(found[key])} for key in sorted(found)]


def _spelled(key: str) -> str:
    prefix, slash, rest = key.partition("/")
    return _PREFIXES.get(prefix + slash, prefix + slash) + rest if slash else _SPELLED.get(key, key)
