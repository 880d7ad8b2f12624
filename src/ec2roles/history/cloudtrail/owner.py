"""
What the owner of an account did, as AWS's parameters: as far as the history has kept it.

A change has the name of its operation, what it was about, and a detail. A call has more, see `records`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.instants import whole_seconds
from ec2roles.world.timekeeper import BEGIN_FAULT, CLEAR_FAULT, Change

# What a change is called that nobody made with a call: plans of what goes wrong, and AWS's own announcements.
_NO_CALLS = frozenset(
    (
        BEGIN_FAULT,
        CLEAR_FAULT,
        "RebalanceRecommendation",
        "ScheduledEvent",
        "SpotInterruptionCleared",
        "SpotInterruptionWarning",
        "TargetLifecycleState",
    )
)
# ARN's resource type -> the parameter that names it.
_NAMED = {"role": "RoleName", "instance-profile": "InstanceProfileName", "user": "UserName", "group": "GroupName"}
# The end of an operation's name -> the parameter that a `Change` has as its detail.
_DETAILS = {
    "AccessKey": "AccessKeyId",
    "MFADevice": "SerialNumber",
    "PermissionsBoundary": "PermissionsBoundary",
    "PolicyVersion": "VersionId",
    "RoleFromInstanceProfile": "RoleName",
    "RoleToInstanceProfile": "RoleName",
    "UserFromGroup": "GroupName",
    "UserToGroup": "GroupName",
}
_ENTITY_POLICIES = ("RolePolicy", "UserPolicy", "GroupPolicy")


def is_call(change: Change) -> bool:
    """Return whether *change* was made by a call, as all but plans of faults and announcements are."""
    return change.operation not in _NO_CALLS


def parameters(change: Change, launched: Sequence[Instance] = ()) -> tuple[str, dict[str, Any]]:
    """
    Return the service and AWS's parameters of what an owner did.

    >>> parameters(Change((0, 1), "123456789012", "DeleteRole", "arn:aws:iam::123456789012:role/team/app"))
    ('iam', {'RoleName': 'app'})

    Args:
        change: what was done.
        launched: the instances of a launch.
    """
    parts = change.subject.split(":", 5)
    if len(parts) < 6:
        return "ec2", _of_ec2(change, launched)
    service = parts[2]
    kind, _, rest = parts[5].partition("/")
    if service == "s3":
        return service, {"Bucket": parts[5]}
    parameters = {_NAMED[kind]: rest.rpartition("/")[2]} if kind in _NAMED else {_arn_name(kind): change.subject}
    if service == "iam" and change.detail:
        parameters.update(_detail(change))
    return service, parameters


def _arn_name(kind: str) -> str:
    return "".join(map(str.capitalize, kind.split("-"))) + "Arn"


def _detail(change: Change) -> dict[str, str]:
    operation, detail = change.operation, change.detail
    if operation in ("CreateAccessKey", "CreatePolicyVersion"):
        return {}  # the detail is what AWS answered
    if operation == "UpdateAccessKey":
        key_id, _, status = detail.partition(" ")
        return {"AccessKeyId": key_id, "Status": status}
    if operation.endswith(_ENTITY_POLICIES):
        return {"PolicyArn" if operation.startswith(("Attach", "Detach")) else "PolicyName": detail}
    return {name: detail for end, name in _DETAILS.items() if operation.endswith(end)}


def _of_ec2(change: Change, launched: Sequence[Instance]) -> dict[str, Any]:
    operation, subject = change.operation, change.subject
    if operation == "RunInstances":
        return _launch(launched)
    if operation in ("CreateTags", "DeleteTags"):
        return {"Resources": [subject], "Tags": [{"Key": key} for key in change.detail.split(", ")]}
    if operation.endswith("Instances"):
        return {"InstanceIds": [subject]}
    return {"InstanceId": subject} if subject.startswith("i-") else {}


def _launch(launched: Sequence[Instance]) -> dict[str, Any]:
    if not launched:
        return {}
    first = launched[0]
    hardware = first.hardware
    parameters: dict[str, Any] = {
        "ImageId": hardware.image_id,
        "MinCount": len(launched),
        "MaxCount": len(launched),
        "InstanceType": hardware.instance_type,
        "Placement": {"AvailabilityZone": hardware.availability_zone},
    }
    if hardware.key_name is not None:
        parameters["KeyName"] = hardware.key_name
    record = Records(first).written_at(hardware.launched)
    if record is not None and record.association is not None:
        parameters["IamInstanceProfile"] = {"Name": record.association.profile.name}
    return parameters


def launch_answer(launched: Sequence[Instance]) -> dict[str, Any]:
    """Return what AWS answered to a launch, as far as it never changes."""
    hardware = launched[0].hardware
    return {
        "ReservationId": hardware.reservation_id,
        "OwnerId": hardware.account_id,
        "Groups": [],
        "Instances": [
            {
                "InstanceId": one.instance_id,
                "ImageId": hardware.image_id,
                "State": {"Code": 0, "Name": "pending"},
                "AmiLaunchIndex": one.role_credentials.launch_index,
                "InstanceType": hardware.instance_type,
                "LaunchTime": whole_seconds(hardware.launched[0]),
                "Placement": {"AvailabilityZone": hardware.availability_zone, "Tenancy": "default"},
                "Monitoring": {"State": hardware.monitoring},
                "PrivateIpAddress": one.private_ipv4,
                "VpcId": hardware.vpc_id,
            }
            for one in launched
        ],
    }
