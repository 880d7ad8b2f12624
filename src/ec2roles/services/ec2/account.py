"""EC2 as the owner of an account sees it, for the operations that others call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from ec2roles.ec2.association import Association, read_association_id
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.errors import InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.metadata.defaults import MetadataDefaults
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position


@attrs.frozen(eq=False)
class Ec2:
    """
    EC2 as the owner of an account sees it.

    Args:
        account_id: whose instances these are.
        region: where they are launched.
        time: the Cloud's timekeeper.
        instances: the instances by id.
        launch: launches so many, with an instance profile and options: `Account.launch_instances`.
        find_profile: returns the instance profile of a name or an ARN as of a position, or raises.
        modify_defaults: sets what the account wants for the metadata options of new instances.
        defaults: returns that as of a position, or None.
    """

    account_id: str
    region: str
    time: Timekeeper
    instances: Mapping[str, Instance]
    launch: Callable[..., list[Instance]]
    find_profile: Callable[[str, Position], InstanceProfile]
    modify_defaults: Callable[..., object]
    defaults: Callable[[Position], MetadataDefaults | None]

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource of the account: ``instance/*``."""
        return f"arn:aws:ec2:{self.region}:{self.account_id}:{resource}"

    def some(self, instance_ids: Sequence[str]) -> list[Instance]:
        """
        Return the instances of these ids, all of which must be there.

        Raises:
            InstanceError: ``InvalidInstanceID.NotFound``.
        """
        gone = [one for one in instance_ids if one not in self.instances]
        if gone:
            which = f"ID '{gone[0]}' does" if len(gone) == 1 else f"IDs '{', '.join(gone)}' do"
            raise InstanceError(
                f"The instance {which} not exist",
                code="InvalidInstanceID.NotFound",
                detail=f"account {self.account_id} has {len(self.instances)} instances, not this",
            )
        return [self.instances[one] for one in instance_ids]

    def associated(self, association_id: str) -> tuple[Instance | None, Association | None]:
        """Return the instance and the association that an id stands for; whether it is the active one is not asked."""
        found = read_association_id(self.time.ids, association_id)
        if found is None:
            return None, None
        order, slot = found
        instance = self.time.issuer(slot)
        if not isinstance(instance, Instance) or self.instances.get(instance.instance_id) is not instance:
            return None, None
        association = Records(instance).association_made(order)
        return (None, None) if association is None else (instance, association)
