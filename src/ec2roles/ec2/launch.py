"""A launch: what is checked before instances exist, and what all instances of one launch share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Api
from ec2roles.ec2.association import RUNNING, Association, Epoch, InstanceRecord
from ec2roles.ec2.attributes import InstanceAttributes, read_user_data
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError, InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.names import Tags, check_tags
from ec2roles.iam.role import Role
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.options import MetadataOptions
from ec2roles.sts.token_service import TokenService
from ec2roles.world.ids import Ids
from ec2roles.world.propagation import EC2_CONTROL_PLANE
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

NAT_ADDRESS = "203.0.113.10"
"""``aws:SourceIp`` of the instances' calls: the public address of their NAT gateway."""

_IMAGE_DEVICES = (("ami", "/dev/xvda"), ("root", "/dev/xvda"))


@attrs.define(eq=False, repr=False)
class Launch:
    """
    What all instances of one launch share. It keeps an instance small: ten thousand of them share one of these.

    Args:
        time: the Cloud's timekeeper.
        sts: judges whether EC2 may assume a role, and mints.
        api: where the calls of the instances go.
        hardware: what they are and where they stand.
        rotation: how their credentials rotate.
        find_profile: returns the instance profile of a name or ARN, or raises.
        first_slot: the slot of the first of them.
        states: their past; shared until one of them differs.
        check_options: raises if the account does not allow such metadata options.
        forget: forgets an instance that was terminated long ago.
        hibernation: whether they can be hibernated.
        client_token: what the caller of RunInstances gave to make the call idempotent.
    """

    time: Timekeeper
    sts: TokenService
    api: Api
    hardware: Hardware
    rotation: Rotation
    find_profile: Callable[[str], InstanceProfile] | None
    first_slot: int
    states: Timeline[InstanceRecord]
    check_options: Callable[[MetadataOptions], None]
    forget: Callable[[str], None]
    hibernation: bool = False
    client_token: str = ""


def resolve_profile(
    profile: InstanceProfile | str,
    find_profile: Callable[[str], InstanceProfile] | None,
    time: Timekeeper,
    account_id: str,
    *,
    associating: bool = False,
) -> InstanceProfile:
    """
    Return the instance profile that *profile* means, if an instance can have it.

    Args:
        profile: the profile, its name or its ARN.
        find_profile: returns the profile of a name or an ARN, or raises.
        time: the Cloud's timekeeper.
        account_id: of the instance.
        associating: whether the instance is there already; EC2 has other words then for a profile that it does not see yet.

    Raises:
        InstanceError: if it is a role, unknown, deleted, of another account, or without a role.
    """
    asked = profile if isinstance(profile, str) else None
    if isinstance(profile, Role):
        raise InstanceError(
            f"Value ({profile.arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
            detail=f"'{profile.name}' is a role; roles are not attached, instance profiles are: put it into one with add_role()",
        )
    if isinstance(profile, str):
        if find_profile is None:
            raise invalid_profile(
                profile, "this instance was built by hand without find_profile=...; pass the profile itself"
            )
        profile = find_profile(profile)
    if not isinstance(profile, InstanceProfile):
        raise TypeError(f"an instance has an InstanceProfile or its name, got {type(profile).__name__}")
    time.require_same(profile.time, f"instance profile '{profile.name}'")
    if profile.account_id != account_id:
        raise invalid_profile(profile.arn, f"it is of account {profile.account_id}, the instance of {account_id}")
    seen = (1 << 80, 0)
    late = ""
    if time.propagation is not None:
        now = time.as_of(None)
        seen = time.seen_by(EC2_CONTROL_PLANE, now)
        late = f"; EC2 sees changes in IAM {timedelta(microseconds=now[0] - seen[0])} later"
    if not profile.exists(seen):
        is_new = seen < profile.created
        why = ("EC2 does not see it yet" if is_new else "it has been deleted") + late
        if is_new and associating:
            raise InstanceError(
                "ResultDetail: { Code=InstanceIdentityProfileNotFound, Message=InstanceIdentityProfile not found for the key: "
                f"{account_id}/{profile.name} }}",
                code="IncorrectState",
                detail=why,
            )
        raise invalid_profile(asked or profile.name, why)
    if profile.role_at(seen) is None:
        raise InstanceError(
            f'IAM Instance Profile "{profile.arn}" has no associated IAM Roles',
            detail=f"instance profile '{profile.name}' is empty{late or '; add_role() first'}",
        )
    return profile


def invalid_profile(value: str, detail: str, *, member: str | None = None) -> InstanceError:
    """
    Return EC2's error for a name or an ARN that is no instance profile.

    Args:
        value: the name or the ARN.
        detail: our own words.
        member: ``name`` or ``arn``, where the caller said which it is.
    """
    member = member or ("arn" if value.startswith("arn:") else "name")
    words = "ARN" if member == "arn" else "name"
    return InstanceError(
        f"Value ({value}) for parameter iamInstanceProfile.{member} is invalid. Invalid IAM Instance Profile {words}",
        detail=detail,
    )


def prepare_launch(
    count: int,
    profile: InstanceProfile | str | None,
    *,
    sts: TokenService,
    time: Timekeeper,
    api: Api | None = None,
    find_profile: Callable[[str], InstanceProfile] | None = None,
    rotation: Rotation | None = None,
    region: str | None = None,
    availability_zone: str | None = None,
    instance_type: str = "t3.micro",
    image_id: str = "ami-0abcdef1234567890",
    tags: Mapping[str, str] | None = None,
    user_data: str | bytes | None = None,
    metadata_options: MetadataOptions | None = None,
    check_options: Callable[[MetadataOptions], None] = lambda options: None,
    forget: Callable[[str], None] = lambda instance_id: None,
    key_name: str | None = None,
    security_groups: Iterable[str] = ("default",),
    subnet_id: str | None = None,
    instance_life_cycle: str = "on-demand",
    monitoring: bool = False,
    group_name: str | None = None,
    partition_number: int | None = None,
    host_id: str | None = None,
    block_devices: Mapping[str, str] | None = None,
    kept_devices: Iterable[str] = (),
    repeated: Mapping[str, Any] | None = None,
    hibernation: bool = False,
    disable_api_termination: bool = False,
    disable_api_stop: bool = False,
    instance_initiated_shutdown_behavior: str = "stop",
    client_token: str = "",
    **unknown: Any,
) -> Launch:
    """Check everything about a launch, note it, and return what its instances will share."""
    if unknown:
        raise TypeError(f"unknown option {shown(next(iter(unknown)))} of a launch")
    _check_texts(
        region=region,
        availability_zone=availability_zone,
        instance_type=instance_type,
        image_id=image_id,
        key_name=key_name,
        subnet_id=subnet_id,
        instance_life_cycle=instance_life_cycle,
        group_name=group_name,
        host_id=host_id,
        client_token=client_token,
    )
    _check_kinds(rotation, block_devices, hibernation)
    time.require_same(sts.time, "the token service")
    time.check_slots(count)
    found = None if profile is None else resolve_profile(profile, find_profile, time, sts.account_id)
    rotation = _rotation(rotation, time)
    attributes = InstanceAttributes(
        instance_type, disable_api_termination, disable_api_stop, instance_initiated_shutdown_behavior
    )
    data = read_user_data(user_data)
    pairs = check_tags(tags, most=50)
    options = MetadataOptions() if metadata_options is None else metadata_options
    options.check_tags(key for key, _ in pairs)
    check_options(options)
    _check_placement(instance_life_cycle, partition_number)
    region = region or sts.region
    groups, kept = (
        _group_names(time.ids, _texts(security_groups, "security_groups")),
        _texts(kept_devices, "kept_devices"),
    )
    first_slot = time.next_slot
    reservation_id = time.ids.resource_id("r", first_slot)
    position = _note(time, reservation_id, sts.account_id, count, found)
    hardware = Hardware(
        account_id=sts.account_id,
        region=region,
        availability_zone=availability_zone or f"{region}a",
        instance_type=instance_type,
        image_id=image_id,
        vpc_id=time.ids.resource_id("vpc", 1),
        launched=position,
        reservation_id=reservation_id,
        key_name=key_name,
        security_groups=groups,
        subnet_id=subnet_id,
        instance_life_cycle=instance_life_cycle,
        monitoring="enabled" if monitoring else "disabled",
        group_name=group_name,
        partition_number=partition_number,
        host_id=host_id,
        kept_devices=kept,
        repeated=MappingProxyType(dict(repeated or {})),
        block_devices=_IMAGE_DEVICES if block_devices is None else (*_IMAGE_DEVICES, *block_devices.items()),
    )
    record = _first_record(position, found, options, attributes, tags=pairs, user_data=data)
    return Launch(
        time,
        sts,
        api if api is not None else sts.api,
        hardware,
        rotation,
        find_profile,
        first_slot,
        Timeline(position, record),
        check_options,
        forget,
        hibernation,
        client_token,
    )


def _check_texts(**texts: object) -> None:
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be str, got {type(value).__name__}")


def _check_kinds(rotation: object, block_devices: object, hibernation: object) -> None:
    if rotation is not None and not isinstance(rotation, Rotation):
        raise TypeError(f"rotation must be a Rotation, got {type(rotation).__name__}")
    if block_devices is not None and not isinstance(block_devices, Mapping):
        raise TypeError(f"block_devices must be a mapping, got {type(block_devices).__name__}")
    if not isinstance(hibernation, bool):
        raise TypeError(f"hibernation must be bool, got {type(hibernation).__name__}")


def _rotation(rotation: Rotation | None, time: Timekeeper) -> Rotation:
    """The rotation of a launch, if its credentials live no longer than the Cloud remembers."""
    rotation = Rotation() if rotation is None else rotation
    if time.remember is not None and rotation.lifetime + rotation.jitter + rotation.refresh > time.remember:
        raise Ec2RolesError(f"remember={time.remember} is shorter than the life of credentials under {rotation}")
    return rotation


def _check_placement(instance_life_cycle: str, partition_number: object) -> None:
    if instance_life_cycle not in ("on-demand", "spot"):
        raise InstanceError(
            f"Invalid value for instance_life_cycle: {instance_life_cycle}",
            detail=f"instance_life_cycle must be 'on-demand' or 'spot', got {shown(instance_life_cycle)}",
        )
    if partition_number is not None and (isinstance(partition_number, bool) or not isinstance(partition_number, int)):
        raise TypeError(f"partition_number must be int, got {type(partition_number).__name__}")


def _note(
    time: Timekeeper, reservation_id: str, account_id: str, count: int, profile: InstanceProfile | None
) -> Position:
    detail = f"{count} instance{'s' if count != 1 else ''}" + (f" with {profile.arn}" if profile else "")
    return time.write("RunInstances", reservation_id, account_id=account_id, detail=detail)


def _first_record(
    position: Position,
    profile: InstanceProfile | None,
    options: MetadataOptions,
    attributes: InstanceAttributes,
    *,
    tags: Tags,
    user_data: bytes | None,
) -> InstanceRecord:
    """What all instances of a launch are at first: running, and with their profile's credentials fetched at once."""
    if profile is None:
        return InstanceRecord(RUNNING, None, options, attributes, tags=tags, user_data=user_data)
    association = Association(profile, position, position[0])
    return InstanceRecord(RUNNING, association, options, attributes, Epoch(position, 0), tags=tags, user_data=user_data)


def _group_names(ids: Ids, given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of security groups given by name or id; one that has no other is called by its id."""
    if not any(one.startswith("sg-") for one in given):
        return given
    from ec2roles.metadata.network import group_of

    default = group_of(ids, "default")
    return tuple(dict.fromkeys("default" if one == default else one for one in given))


def _texts(values: Iterable[str], name: str) -> tuple[str, ...]:
    found = tuple(values)
    if isinstance(values, str) or not all(isinstance(value, str) for value in found):
        raise TypeError(f"{name} must be several str, got {shown(values)}")
    return found
