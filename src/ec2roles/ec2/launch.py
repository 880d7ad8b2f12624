"""A launch: what is checked before instances exist, and what all instances of one launch share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Unpack

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Api
from ec2roles.ec2.association import RUNNING, Association, Epoch, InstanceRecord
from ec2roles.ec2.attributes import InstanceAttributes, read_user_data
from ec2roles.ec2.checks import check_region, check_resource_tags, check_zone
from ec2roles.ec2.launch_options import InstanceOptions
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError, InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
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
_INSTANCE_TYPE, _IMAGE_ID = "t3.micro", "ami-0abcdef1234567890"

# Of what type each option must be, and whether None stands for its default. Those without a type are checked by the values
# that they go into.
_KINDS: dict[str, tuple[type | None, bool]] = {
    **dict.fromkeys(InstanceOptions.__optional_keys__, (None, True)),
    **dict.fromkeys(
        "region availability_zone instance_type image_id key_name subnet_id instance_life_cycle group_name host_id "
        "client_token".split(),
        (str, True),
    ),
    "rotation": (Rotation, True),
    "block_devices": (Mapping, True),
    "partition_number": (int, True),
    "hibernation": (bool, False),
}
_WORDS = {Rotation: "a Rotation", Mapping: "a mapping"}


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
    check_options: Callable[[MetadataOptions], None] = lambda options: None,
    forget: Callable[[str], None] = lambda instance_id: None,
    **options: Unpack[InstanceOptions],
) -> Launch:
    """Check everything about a launch, note it, and return what its instances will share."""
    _check_types(options)
    time.require_same(sts.time, "the token service")
    time.check_slots(count)
    found = None if profile is None else resolve_profile(profile, find_profile, time, sts.account_id)
    rotation = _rotation(options, time)
    attributes = _attributes(options)
    data = read_user_data(options.get("user_data"))
    pairs = check_resource_tags(options.get("tags"), most=50)
    metadata = options.get("metadata_options") or USUAL_OPTIONS
    metadata.check_tags(key for key, _ in pairs)
    check_options(metadata)
    region = check_region(options.get("region") or sts.region)
    zone = check_zone(options.get("availability_zone") or f"{region}a", region)
    groups, kept_devices = _check_place(options, time.ids)
    reservation_id = time.ids.resource_id("r", time.next_slot)
    position = time.write(
        "RunInstances",
        reservation_id,
        account_id=sts.account_id,
        detail=f"{count} instance{'s' if count != 1 else ''}" + (f" with {found.arn}" if found else ""),
    )
    record = InstanceRecord(
        RUNNING,
        None if found is None else Association(found, position, position[0]),
        metadata,
        attributes,
        None if found is None else Epoch(position, 0),
        tags=pairs,
        user_data=data,
    )
    return Launch(
        time,
        sts,
        api if api is not None else sts.api,
        _hardware(options, sts, (region, zone), position, reservation_id, groups, kept_devices),
        rotation,
        find_profile,
        time.next_slot,
        Timeline(position, record),
        check_options,
        forget,
        options.get("hibernation", False),
        options.get("client_token", ""),
    )


_ATTRIBUTES = frozenset(
    ("instance_type", "disable_api_termination", "disable_api_stop", "instance_initiated_shutdown_behavior")
)
# Values that cannot change: what most launches have is made and checked once.
_USUAL_ATTRIBUTES = InstanceAttributes(_INSTANCE_TYPE, False, False, "stop")
USUAL_OPTIONS = MetadataOptions()


def _attributes(options: InstanceOptions) -> InstanceAttributes:
    if _ATTRIBUTES.isdisjoint(options):
        return _USUAL_ATTRIBUTES
    return InstanceAttributes(
        options.get("instance_type", _INSTANCE_TYPE),
        options.get("disable_api_termination", False),
        options.get("disable_api_stop", False),
        options.get("instance_initiated_shutdown_behavior", "stop"),
    )


def _check_types(options: InstanceOptions) -> None:
    """Raise TypeError for an option that a launch does not have, or for a value of another type."""
    for name, value in options.items():
        if name not in _KINDS:
            raise TypeError(f"unknown option {shown(name)} of a launch")
        kind, may_be_none = _KINDS[name]
        if kind is None or isinstance(value, kind) or (value is None and may_be_none):
            continue
        words = _WORDS.get(kind, kind.__name__)
        raise TypeError(f"{name} must be {words}, got {type(value).__name__}")


def _rotation(options: InstanceOptions, time: Timekeeper) -> Rotation:
    rotation = options.get("rotation")
    rotation = Rotation() if rotation is None else rotation
    if time.remember is not None and rotation.lifetime + rotation.jitter + rotation.refresh > time.remember:
        raise Ec2RolesError(f"remember={time.remember} is shorter than the life of credentials under {rotation}")
    return rotation


def _check_place(options: InstanceOptions, ids: Ids) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Raise for what a Hardware cannot be; return the names of the security groups, and the devices that are kept."""
    life_cycle = options.get("instance_life_cycle", "on-demand")
    if life_cycle not in ("on-demand", "spot"):
        raise InstanceError(
            f"Invalid value for instance_life_cycle: {life_cycle}",
            detail=f"instance_life_cycle must be 'on-demand' or 'spot', got {shown(life_cycle)}",
        )
    if isinstance(options.get("partition_number"), bool):
        raise TypeError("partition_number must be int, got bool")
    groups = _texts(options.get("security_groups", ("default",)), "security_groups")
    return _group_names(ids, groups), _texts(options.get("kept_devices", ()), "kept_devices")


def _hardware(
    options: InstanceOptions,
    sts: TokenService,
    place: tuple[str, str],
    position: Position,
    reservation_id: str,
    security_groups: tuple[str, ...],
    kept_devices: tuple[str, ...],
) -> Hardware:
    devices = options.get("block_devices")
    return Hardware(
        account_id=sts.account_id,
        region=place[0],
        availability_zone=place[1],
        instance_type=options.get("instance_type", _INSTANCE_TYPE),
        image_id=options.get("image_id", _IMAGE_ID),
        vpc_id=sts.time.ids.resource_id("vpc", 1),
        launched=position,
        reservation_id=reservation_id,
        key_name=options.get("key_name"),
        security_groups=security_groups,
        subnet_id=options.get("subnet_id"),
        instance_life_cycle=options.get("instance_life_cycle", "on-demand"),
        monitoring="enabled" if options.get("monitoring") else "disabled",
        group_name=options.get("group_name"),
        partition_number=options.get("partition_number"),
        host_id=options.get("host_id"),
        kept_devices=kept_devices,
        repeated=MappingProxyType(dict(options.get("repeated") or {})),
        block_devices=_IMAGE_DEVICES if devices is None else (*_IMAGE_DEVICES, *devices.items()),
    )


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
