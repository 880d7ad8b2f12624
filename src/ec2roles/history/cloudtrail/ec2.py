"""
What CloudTrail records of calls to EC2.

A list is an object with ``items``, under a name that ends with ``Set``. Operations of later years are written as they are
sent instead: all parameters below one object ``...Request`` under AWS's names, and the answer below ``...Response``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ec2roles.history.cloudtrail.elements import NOTHING, lower_first, scalar
from ec2roles.instants import to_microseconds

REMOVED = "<sensitiveDataRemoved>"
"""In place of user data."""

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

# A list among the parameters -> its name in a record, and what each item is called that is only a text. Any other has its
# name in the singular for both: ``volumeSet`` with ``volumeId``.
_LISTS = {
    "BlockDeviceMappings": ("blockDeviceMapping", ""),
    "ExecutableUsers": ("executableBySet", "user"),
    "Filters": ("filterSet", ""),
    "GroupIds": ("securityGroupIdSet", "groupId"),
    "GroupNames": ("securityGroupSet", "groupName"),
    "Groups": ("groupSet", "groupId"),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "Ipv6Addresses": ("ipv6AddressesSet", "ipv6Address"),
    "KeyNames": ("keySet", "keyName"),
    "KeyPairIds": ("keyPairIdSet", "keyPairId"),
    "MetricCategoryIds": ("metricCategoryIdSet", "metricCategoryId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "NetworkInterfaces": ("networkInterfaceSet", ""),
    "Owners": ("ownersSet", "owner"),
    "PrivateIpAddresses": ("privateIpAddressesSet", "privateIpAddress"),
    "Resources": ("resourcesSet", "resourceId"),
    "SecurityGroupIds": ("groupSet", "groupId"),
    "SecurityGroups": ("groupSet", "groupName"),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Tags": ("tagSet", ""),
    "Values": ("valueSet", "value"),
}
# What stands in a record of these operations even where it was not given.
_ALWAYS: dict[str, dict[str, Any]] = {
    "DescribeInstances": {"instancesSet": {}, "filterSet": {}},
    "DescribeTags": {"filterSet": {}},
    "RunInstances": {
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
    "StopInstances": {"force": False},
}
_OF_IMAGE = ("ImageId", "MinCount", "MaxCount", "KeyName")

# Where the name in an answer is not the member's own with a small first letter; a member of one parent only has it in front.
RESPONSE_NAMES = {
    "BlockDeviceMappings": "blockDeviceMapping",
    "ElasticGpuAssociations": "elasticGpuAssociationSet",
    "ElasticInferenceAcceleratorAssociations": "elasticInferenceAcceleratorAssociationSet",
    "Groups": "groupSet",
    "Instances": "instancesSet",
    "Instances State": "instanceState",
    "Ipv4Prefixes": "ipv4PrefixSet",
    "Ipv6Addresses": "ipv6AddressesSet",
    "Ipv6Prefixes": "ipv6PrefixSet",
    "Licenses": "licenseSet",
    "MetricCategoryIds": "metricCategoryIdSet",
    "NetworkInterfaces": "networkInterfaceSet",
    "PrivateIpAddresses": "privateIpAddressesSet",
    "ProductCodeId": "productCode",
    "ProductCodeType": "type",
    "Instances PublicDnsName": "dnsName",
    "Instances PublicIpAddress": "ipAddress",
    "SecondaryInterfaces": "secondaryInterfaceSet",
    "SecondaryInterfaces PrivateIpAddresses": "privateIpAddressSet",
    "SecurityGroups": "groupSet",
    "StartingInstances": "instancesSet",
    "StateTransitionReason": "reason",
    "StoppingInstances": "instancesSet",
    "Tags": "tagSet",
    "TerminatingInstances": "instancesSet",
}
# What an answer has and a recorded one has not, and what it has besides: members of the parent named in front.
_UNRECORDED = frozenset(
    (
        "Groups GroupName",
        "Instances PlatformDetails",
        "Instances UsageOperation",
        "Instances UsageOperationUpdateTime",
        "NetworkInterfaces PrivateDnsName",
        "Placement AvailabilityZoneId",
        "PrivateIpAddresses PrivateDnsName",
        "SecurityGroups GroupName",
    )
)
_BESIDES: dict[str, dict[str, Any]] = {
    "MetadataOptions": {"httpProtocolIpv4": "enabled"},
    "NetworkInterfaces": {"tagSet": {}},
}


def is_wrapped(operation: str) -> bool:
    """Return whether records of *operation* have its parameters below one object."""
    return "IamInstanceProfile" in operation or "InstanceMetadata" in operation


def parameters(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """
    Return AWS's parameters as EC2's records have them.

    >>> parameters("StartInstances", {"InstanceIds": ["i-0123456789abcdef0"]})
    {'instancesSet': {'items': [{'instanceId': 'i-0123456789abcdef0'}]}}
    """
    if is_wrapped(operation):
        return {f"{operation}Request": _sent(parameters)}
    record: dict[str, Any] = {}
    if operation == "RunInstances":
        image = {lower_first(name): parameters[name] for name in _OF_IMAGE if name in parameters}
        record["instancesSet"] = {"items": [image]}
        # Zone, tenancy and the like stand beside the others.
        parameters = {
            **{name: value for name, value in parameters.items() if name not in _OF_IMAGE},
            **_placement(parameters),
        }
    record.update(_ALWAYS.get(operation, {}))
    record.update(_members(parameters))
    return record or None


def _placement(parameters: Mapping[str, Any]) -> dict[str, Any]:
    place = parameters.get("Placement")
    return {"Placement": NOTHING, **place} if isinstance(place, Mapping) else {}


def _members(parameters: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in parameters.items():
        if name == "UserData":
            members["userData"] = REMOVED
        elif isinstance(value, (list, tuple)):
            wire, item = _list_names(name)
            items = [*members.get(wire, {}).get("items", ()), *_items(value, item)]
            members[wire] = {"items": items} if items else {}
        elif (shown := _value(value)) is not NOTHING:
            members[lower_first(name)] = shown
    return members


def _list_names(name: str) -> tuple[str, str]:
    known = _LISTS.get(name)
    if known is not None:
        return known
    element = lower_first(name.removesuffix("s"))
    return f"{element.removesuffix('Id')}Set", element


def _item(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        # The tags of a tag specification are the one list without a Set.
        given = value.get("Tags")
        tags = {"tags": _items(given, "")} if isinstance(given, (list, tuple)) else {}
        return {**_members({key: one for key, one in value.items() if key != "Tags"}), **tags}
    shown = scalar(value)
    return {name: shown} if name and shown is not NOTHING else shown


def _items(values: Iterable[Any], name: str) -> list[Any]:
    shown = (_item(value, name) for value in values)
    return [item for item in shown if item is not NOTHING]


def _value(value: Any) -> Any:
    return _members(value) if isinstance(value, Mapping) else scalar(value)


def _sent(parameters: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, (list, tuple)):
            # As EC2's query has it: ``AssociationId.1=...``.
            items = [
                {"tag": number, **(_sent(element) if isinstance(element, Mapping) else {"content": element})}
                for number, element in enumerate(value, 1)
            ]
            members[name.removesuffix("s")] = items[0] if len(items) == 1 else items
        elif isinstance(value, Mapping):
            members[name] = _sent(value)
        elif scalar(value) is not NOTHING:
            members[name] = scalar(value)
    return members


def elements(operation: str, answer: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """
    Return AWS's answer as EC2's records have it; an answer that says nothing is ``_return``.

    >>> elements("CreateTags", {}, "5f2b0a9e")
    {'requestId': '5f2b0a9e', '_return': True}
    """
    members = _answered(answer, "")
    if is_wrapped(operation):
        return {f"{operation}Response": {"xmlns": NAMESPACE, "requestId": request_id, **members}}
    return {"requestId": request_id, **(members or {"_return": True})}


def response_name(parent: str, member: str) -> str:
    """Return the name of a member of an answer in a record: ``instanceState`` of the ``State`` of ``Instances``."""
    return RESPONSE_NAMES.get(f"{parent} {member}") or RESPONSE_NAMES.get(member) or lower_first(member)


def _answered(answer: Mapping[str, Any], parent: str) -> dict[str, Any]:
    members: dict[str, Any] = dict(_BESIDES.get(parent, {}))
    for member, value in answer.items():
        if f"{parent} {member}" in _UNRECORDED:
            continue
        name = response_name(parent, member)
        if isinstance(value, Mapping):
            members[name] = _answered(value, member)
        elif isinstance(value, (list, tuple)):
            # EC2's own slip, kept in its records.
            word = "item" if member == "PrivateIpAddresses" else "items"
            items = [_answered(element, member) if isinstance(element, Mapping) else element for element in value]
            members[name] = {word: items} if items else {}
        elif value != "" and (shown := _moment_or_scalar(value)) is not NOTHING:
            members[name] = shown
    return members


def _moment_or_scalar(value: Any) -> Any:
    # EC2's records count milliseconds where those of IAM and STS have words.
    return to_microseconds(value) // 1000 if isinstance(value, datetime) else scalar(value)
