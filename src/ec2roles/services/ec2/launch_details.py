"""The parameters of RunInstances about volumes, the network interface, the market and what responses only repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ec2roles.arns import shown
from ec2roles.errors import InstanceError
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.devices import ROOT_DEVICE

# Parameters, or members of them, that DescribeInstances repeats and nothing else depends on: name -> its members.
REPEATED: Mapping[str, Sequence[str]] = {
    "CapacityReservationSpecification": ("CapacityReservationPreference",),
    "CpuOptions": ("CoreCount", "ThreadsPerCore"),
    "EnclaveOptions": ("Enabled",),
    "MaintenanceOptions": ("AutoRecovery",),
}
DETAILS = frozenset({*REPEATED, "BlockDeviceMappings", "EbsOptimized", "InstanceMarketOptions", "NetworkInterfaces"})

# The context keys of a volume at launch.
_VOLUME_KEYS = {
    "Encrypted": "ec2:Encrypted",
    "Iops": "ec2:VolumeIops",
    "KmsKeyId": "ec2:KmsKeyId",
    "SnapshotId": "ec2:ParentSnapshot",
    "Throughput": "ec2:VolumeThroughput",
    "VolumeSize": "ec2:VolumeSize",
    "VolumeType": "ec2:VolumeType",
}
_EBS = frozenset(_VOLUME_KEYS) | {"DeleteOnTermination"}
_INTERFACE = frozenset(
    "AssociatePublicIpAddress DeleteOnTermination Description DeviceIndex Groups NetworkCardIndex SubnetId".split()
)


def read_details(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what these parameters are as options of a launch.

    Raises:
        InstanceError: ``NotImplemented`` for what is not simulated, ``InvalidParameterCombination``, ``MissingParameter``.
    """
    options: dict[str, Any] = {}
    repeated: dict[str, Any] = {}
    for name, known in REPEATED.items():
        if asked := _known(parameters.get(name), name, known):
            repeated[name] = dict(asked)
    if parameters.get("EbsOptimized"):
        repeated["EbsOptimized"] = True
    if repeated:
        options["repeated"] = repeated
    market = _known(parameters.get("InstanceMarketOptions"), "InstanceMarketOptions", ("MarketType",))
    if market.get("MarketType") is not None:
        if market["MarketType"] != "spot":
            raise _not_simulated(f"InstanceMarketOptions.MarketType {shown(market['MarketType'])}")
        options["instance_life_cycle"] = "spot"
    options.update(_devices(parameters))
    options.update(_interface(parameters))
    return options


def _known(value: Mapping[str, Any] | None, name: str, known: Sequence[str] | frozenset[str]) -> Mapping[str, Any]:
    """A structure all of whose members are known; those that ask for nothing are left out."""
    found = {key: one for key, one in (value or {}).items() if one not in (None, "", [], {})}
    for key in found:
        if key not in known:
            raise _not_simulated(f"{name}.{key}")
    return found


def _not_simulated(name: str) -> InstanceError:
    return given.not_simulated(name, "RunInstances")


def _mappings(parameters: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The EBS volumes that are asked for, as pairs of a device and what is said of it."""
    for number, mapping in enumerate(_list(parameters, "BlockDeviceMappings")):
        where = f"BlockDeviceMappings[{number}]"
        device = mapping.get("DeviceName")
        if not isinstance(device, str):
            raise given.missing("BlockDeviceMapping.DeviceName")
        if mapping.get("NoDevice") is not None and device == ROOT_DEVICE:
            raise _not_simulated(f"{where}.NoDevice of the root")
        if mapping.get("NoDevice") is None and mapping.get("Ebs") is not None:
            yield device, _known(mapping["Ebs"], f"{where}.Ebs", _EBS)


def _devices(parameters: Mapping[str, Any]) -> dict[str, Any]:
    devices: dict[str, str] = {}
    kept = []
    for device, volume in _mappings(parameters):
        if volume.get("DeleteOnTermination") is False:
            kept.append(device)
        if device != ROOT_DEVICE:
            devices[f"ebs{len(devices) + 1}"] = device.removeprefix("/dev/")
    for one in _list(parameters, "BlockDeviceMappings"):
        if one.get("VirtualName"):
            devices[str(one["VirtualName"])] = str(one["DeviceName"]).removeprefix("/dev/")
    found: dict[str, Any] = {}
    if devices:
        found["block_devices"] = devices
    if kept:
        found["kept_devices"] = tuple(kept)
    return found


def volume_keys(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the context keys of each volume of a launch, the root's first; an AMI's own values are not known."""
    found: dict[str, dict[str, Any]] = {ROOT_DEVICE: {"ec2:Encrypted": "false"}}
    for device, volume in _mappings(parameters):
        keys = found.setdefault(device, {"ec2:Encrypted": "false"})
        keys.update((key, _written(volume[name])) for name, key in _VOLUME_KEYS.items() if name in volume)
    return list(found.values())


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _interface(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The subnet and the groups of the one network interface that an instance has here."""
    interfaces = _list(parameters, "NetworkInterfaces")
    if not interfaces:
        return {}
    if len(interfaces) > 1:
        raise _not_simulated("NetworkInterfaces: more than one")
    interface = _known(interfaces[0], "NetworkInterfaces[0]", _INTERFACE)
    for name, words in (
        ("SubnetId", "subnet ID"),
        ("SecurityGroupIds", "security groups"),
        ("SecurityGroups", "security groups"),
    ):
        if parameters.get(name):
            raise InstanceError(
                f"Network interfaces and an instance-level {words} may not be specified on the same request",
                code="InvalidParameterCombination",
                detail=f"give {name} or NetworkInterfaces",
            )
    if interface.get("AssociatePublicIpAddress"):
        raise _not_simulated("NetworkInterfaces[0].AssociatePublicIpAddress")
    if interface.get("DeleteOnTermination") is False:
        raise _not_simulated("NetworkInterfaces[0].DeleteOnTermination false")
    found: dict[str, Any] = {}
    if "SubnetId" in interface:
        found["subnet_id"] = given.subnet_id(interface["SubnetId"])
    if "Groups" in interface:
        found["security_groups"] = given.group_ids(_list(interface, "Groups"))
    return found


def _list(parameters: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = parameters.get(name) or ()
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{name} must be a list, got {type(value).__name__}")
    return value
