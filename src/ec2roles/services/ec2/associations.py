"""What the operations of EC2 on associations of instance profiles do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from ec2roles.calls import Call
from ec2roles.ec2.association import ASSOCIATING, DISASSOCIATING, Association
from ec2roles.ec2.changes import Changes
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.records import Records
from ec2roles.errors import InstanceError
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2 import responses as members
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.lists import page, read_filters
from ec2roles.sts.session import caller_of


@attrs.frozen(eq=False)
class Ec2Associations:
    """
    The operations on associations.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(caller_of(call).account_id)

    def associate(self, call: Call) -> Mapping[str, Any]:
        """Associate an instance profile with an instance."""
        (instance,) = self._ec2(call).some(given.instance_ids(call, "InstanceId"))
        Changes(instance).require_attachable()
        instance.attach(given.required_profile(call))
        return self._association(call, instance, Records(instance).last.association, ASSOCIATING)

    def replace(self, call: Call) -> Mapping[str, Any]:
        """Put another instance profile in the place of the present one."""
        wanted = given.association_id(call)
        instance, association = self._ec2(call).associated(wanted)
        if instance is None:
            raise given.unknown_association(wanted)
        if Records(instance).last.association is not association:
            raise InstanceError(
                f"The association {wanted} is not the active association",
                code="IncorrectState",
                detail=f"instance '{instance.instance_id}' has {instance.association_id or 'none'} now",
            )
        instance.replace(given.required_profile(call))
        return self._association(call, instance, Records(instance).last.association, ASSOCIATING)

    def disassociate(self, call: Call) -> Mapping[str, Any]:
        """Take the instance profile off."""
        wanted = given.association_id(call)
        instance, association = self._ec2(call).associated(wanted)
        if instance is None or Records(instance).last.association is not association:
            raise given.unknown_association(wanted)
        instance.detach()
        return self._association(call, instance, association, DISASSOCIATING)

    def _association(
        self, call: Call, instance: Instance, association: Association | None, state: str
    ) -> Mapping[str, Any]:
        assert association is not None
        shown_as = members.association_members(instance, association, now=call.position[0], state=state)
        return {"IamInstanceProfileAssociation": shown_as}

    def describe(self, call: Call) -> Mapping[str, Any]:
        """List associations."""
        ec2 = self._ec2(call)
        now = call.position[0]
        wanted = given.texts(call, "AssociationIds")
        instances: Iterable[Instance] = ec2.instances.values()
        if wanted:
            instances = []
            for one in wanted:
                instance, association = ec2.associated(one)
                if instance is None or Records(instance).last.association is not association:
                    raise given.unknown_association(one)
                instances.append(instance)
        looks: dict[str, Callable[[Instance], Iterable[str]]] = {
            "instance-id": lambda one: (one.instance_id,),
            "state": lambda one: (Records(one).association_state or "",),
        }
        passes = read_filters(call, looks.get)
        found, more = page(
            call, ec2.time.ids, instances, lambda one: Records(one).last.association is not None and passes(one)
        )
        shown_as = [
            members.association_members(one, association, now=now)
            for one in found
            if (association := Records(one).last.association) is not None
        ]
        return {"IamInstanceProfileAssociations": shown_as, **more}
