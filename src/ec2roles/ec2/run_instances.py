"""RunInstances: many instances of one launch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from ec2roles.arns import shown
from ec2roles.calls import Api
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.launch import prepare_launch
from ec2roles.ec2.launch_options import InstanceOptions
from ec2roles.errors import InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.metadata.options import MetadataOptions
from ec2roles.sts.token_service import TokenService
from ec2roles.world.timekeeper import Timekeeper


def launch_instances(
    count: int,
    profile: InstanceProfile | str | None = None,
    *,
    sts: TokenService,
    time: Timekeeper,
    api: Api | None = None,
    find_profile: Callable[[str], InstanceProfile] | None = None,
    check_options: Callable[[MetadataOptions], None] = lambda options: None,
    forget: Callable[[str], None] = lambda instance_id: None,
    **options: Unpack[InstanceOptions],
) -> list[Instance]:
    """
    Launch *count* instances that share everything until one of them differs (AWS: RunInstances).

    >>> time = Timekeeper()
    >>> fleet = launch_instances(3, sts=TokenService(time=time), time=time)
    >>> len({instance.instance_id for instance in fleet})
    3

    Args:
        count: 1 or more.
        profile: an instance profile, its name or ARN, or None.
        sts, time, api, find_profile, options: as for `Instance`.
        check_options: raises if the account does not allow such metadata options.
        forget: forgets an instance that was terminated long ago.

    Raises:
        InstanceError: for another count, for what is no instance profile, one without a role, or a bad option; nothing is
            launched then.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InstanceError(
            f"Value ({count}) for parameter minCount is invalid.",
            detail=f"count must be an int of 1 or more, got {shown(count)}",
        )
    launch = prepare_launch(
        count,
        profile,
        sts=sts,
        time=time,
        api=api,
        find_profile=find_profile,
        check_options=check_options,
        forget=forget,
        **options,
    )
    instances = []
    for slot in range(launch.first_slot, launch.first_slot + count):
        instance = Instance.__new__(Instance)
        instance._settle(launch, slot)
        instances.append(instance)
    launch.time.add_issuers(instances)  # type: ignore[arg-type]
    return instances
