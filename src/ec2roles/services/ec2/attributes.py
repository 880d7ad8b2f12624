"""What the operations of EC2 on single attributes of an instance do: DescribeInstanceAttribute, ModifyInstanceAttribute."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.errors import InstanceError
from ec2roles.metadata.network import group_of
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.devices import ROOT_DEVICE, volumes
from ec2roles.sts.session import caller_of

# AWS's name of an attribute -> the member of requests and responses, and ours of what can be changed.
MODIFIABLE = {
    "disableApiStop": ("DisableApiStop", "disable_api_stop"),
    "disableApiTermination": ("DisableApiTermination", "disable_api_termination"),
    "instanceInitiatedShutdownBehavior": (
        "InstanceInitiatedShutdownBehavior",
        "instance_initiated_shutdown_behavior",
    ),
    "instanceType": ("InstanceType", "instance_type"),
    "userData": ("UserData", "user_data"),
}
_BOOLS = {"disable_api_stop", "disable_api_termination"}

MODIFY = frozenset("Attribute DryRun InstanceId Value".split()) | {member for member, _ in MODIFIABLE.values()}


def _groups(instance: Instance) -> list[dict[str, str]]:
    return [
        {"GroupId": group_of(instance.role_credentials.time.ids, name)} for name in instance.hardware.security_groups
    ]


def _user_data(instance: Instance) -> dict[str, str]:
    data = Records(instance).last.user_data
    return {} if data is None else {"Value": b64encode(data).decode()}


def _value(name: str) -> Callable[[Instance], Any]:
    return lambda instance: {"Value": getattr(instance.attributes, name)}


# AWS's name of an attribute -> the member of the response, and what stands there.
DESCRIBED: Mapping[str, tuple[str, Callable[[Instance], Any]]] = {
    **{name: (member, _value(ours)) for name, (member, ours) in MODIFIABLE.items()},
    "blockDeviceMapping": ("BlockDeviceMappings", volumes),
    "ebsOptimized": ("EbsOptimized", lambda instance: {"Value": instance.hardware.repeated.get("EbsOptimized", False)}),
    "enaSupport": ("EnaSupport", lambda instance: {"Value": True}),
    "enclaveOptions": (
        "EnclaveOptions",
        lambda instance: instance.hardware.repeated.get("EnclaveOptions", {"Enabled": False}),
    ),
    "groupSet": ("Groups", _groups),
    "kernel": ("KernelId", lambda instance: {}),
    "productCodes": ("ProductCodes", lambda instance: []),
    "ramdisk": ("RamdiskId", lambda instance: {}),
    "rootDeviceName": ("RootDeviceName", lambda instance: {"Value": ROOT_DEVICE}),
    "sourceDestCheck": ("SourceDestCheck", lambda instance: {"Value": True}),
    "sriovNetSupport": ("SriovNetSupport", lambda instance: {}),
    "userData": ("UserData", _user_data),
}


def _attribute(call: Call) -> str:
    name = given.text(call, "Attribute")
    if name not in DESCRIBED:
        raise InstanceError(
            f"Value ({name}) for parameter attribute is invalid. Unknown attribute.",
            detail=f"an instance has {', '.join(sorted(DESCRIBED))}; got {shown(name)}",
        )
    return name


@attrs.frozen
class Modification:
    """
    What a ModifyInstanceAttribute call changes.

    Args:
        instance_id: of which instance.
        member: AWS's name of what it changes, as a member of the request: ``DisableApiStop``.
        name: ours.
        value: the new one.
    """

    instance_id: str
    member: str
    name: str
    value: Any = attrs.field(repr=False)

    @classmethod
    def read(cls, call: Call) -> Modification:
        """
        Check the parameters of *call*: one attribute, by its own parameter or by Attribute and Value.

        Raises:
            InstanceError: ``InvalidParameterCombination`` for none or several, ``NotImplemented`` for one that is
                not simulated, ``InvalidParameterValue``.
        """
        (instance_id,) = given.instance_ids(call, "InstanceId")
        asked = {
            member: (ours, call.parameters[member])
            for member, ours in MODIFIABLE.values()
            if call.parameters.get(member) is not None
        }
        by_name = call.parameters.get("Attribute") is not None
        if len(asked) + by_name != 1:
            words = "No attributes specified." if not asked else "Fields for multiple attribute types specified"
            raise InstanceError(
                words,
                code="InvalidParameterCombination",
                detail=f"a call changes one attribute; this one names {', '.join([*asked, *['Attribute'] * by_name]) or 'none'}",
            )
        if by_name:
            return cls._by_name(call, instance_id)
        ((member, (name, holder)),) = asked.items()
        if holder.keys() != {"Value"}:
            raise given.missing(f"{member}.Value")
        return cls(instance_id, member, name, holder["Value"])

    @classmethod
    def _by_name(cls, call: Call, instance_id: str) -> Modification:
        attribute = _attribute(call)
        if attribute not in MODIFIABLE:
            raise given.not_simulated(attribute, "ModifyInstanceAttribute")
        member, name = MODIFIABLE[attribute]
        value: Any = given.text(call, "Value")
        if name in _BOOLS:
            if value not in ("true", "false"):
                raise InstanceError(
                    f"Value ({value}) for parameter value is invalid.", detail=f"{attribute} is 'true' or 'false'"
                )
            value = value == "true"
        elif name == "user_data":
            try:
                value = b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                raise InstanceError(
                    "Invalid BASE64 encoding of user data.", detail="Value is base64 where it is user data"
                ) from None
        return cls(instance_id, member, name, value)


@attrs.frozen(eq=False)
class Ec2Attributes:
    """
    The operations on attributes.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(caller_of(call).account_id)

    def describe(self, call: Call) -> Mapping[str, Any]:
        """Return one attribute of an instance."""
        name = _attribute(call)
        (instance,) = self._ec2(call).some(given.instance_ids(call, "InstanceId"))
        member, look = DESCRIBED[name]
        return {"InstanceId": instance.instance_id, member: look(instance)}

    def modify(self, call: Call) -> Mapping[str, Any]:
        """Change one attribute of an instance."""
        wanted = Modification.read(call)
        (instance,) = self._ec2(call).some([wanted.instance_id])
        instance.modify_attribute(**{wanted.name: wanted.value})
        return {}
