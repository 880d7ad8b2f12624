"""What the operations of EC2 on instances do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.association import PENDING, RUNNING, SHUTTING_DOWN, STOPPED, STOPPING, TERMINATED
from ec2roles.ec2.changes import Changes
from ec2roles.ec2.instance import Instance
from ec2roles.errors import InstanceError
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2 import responses as members
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.instance_filters import instance_filter
from ec2roles.services.ec2.lists import page, read_filters
from ec2roles.services.ec2.run_instances import RunInstances
from ec2roles.sts.session import caller_of
from ec2roles.world.part import Part


@attrs.define(eq=False)
class Ec2Instances(Part):
    """
    The operations on instances.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)
    # Account and ClientToken of a RunInstances call -> its other parameters, and what it launched.
    _launched: dict[tuple[str, str], tuple[Mapping[str, Any], list[Instance]]] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(caller_of(call).account_id)

    def _some(self, call: Call, *, required: bool = True) -> list[Instance]:
        return self._ec2(call).some(given.instance_ids(call, required=required))

    def run(self, call: Call) -> Mapping[str, Any]:
        """Launch instances; with a ClientToken that came before, answer what was launched then."""
        wanted: RunInstances = call.prepared
        ec2 = self._ec2(call)
        token = str(call.parameters.get("ClientToken") or "")
        asked = {name: value for name, value in call.parameters.items() if name not in ("ClientToken", "DryRun")}
        before = self._launched.get((ec2.account_id, token))
        if before is not None:
            if before[0] != asked:
                raise InstanceError(
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                    code="IdempotentParameterMismatch",
                    detail=f"ClientToken {shown(token)} came with other parameters before",
                )
            return self._reservation(before[1])
        options = {**wanted.options, "tags": wanted.tags, "client_token": token}
        launched = ec2.launch(wanted.count, wanted.profile, **options)
        if token:
            key = (ec2.account_id, token)
            ec2.time.journal.put(self._launched, key, (asked, launched))
            ec2.time.forget_later(call.position[0], ec2.time.journal.drop, self._launched, key)
        return self._reservation(launched)

    def _reservation(self, launched: Sequence[Instance]) -> Mapping[str, Any]:
        shown_as = [(one, members.instance_members(one, state_name=PENDING)) for one in launched]
        return members.reservations(shown_as)[0]

    def _alive(self, call: Call, done: str) -> list[Instance]:
        """The instances that *call* is about, none of which may be terminated."""
        found = self._some(call)
        for one in found:
            if one.state == TERMINATED:
                raise Changes(one).wrong_state(done)
        return found

    def describe(self, call: Call) -> Mapping[str, Any]:
        """List instances."""
        ec2 = self._ec2(call)
        if given.texts(call, "InstanceIds") and call.parameters.get("MaxResults") is not None:
            raise InstanceError(
                "The parameter instancesSet cannot be used with the parameter maxResults",
                code="InvalidParameterCombination",
                detail="give InstanceIds or MaxResults",
            )
        asked = self._some(call, required=False)
        passes = read_filters(call, instance_filter)
        found, more = page(call, ec2.time.ids, asked or ec2.instances.values(), passes)
        return {"Reservations": members.reservations((one, members.instance_members(one)) for one in found), **more}

    def start(self, call: Call) -> Mapping[str, Any]:
        """Start instances."""
        changes = []
        for one in self._alive(call, "started"):
            before = one.state
            one.start()
            changes.append(members.change(one.instance_id, before, PENDING if before == STOPPED else RUNNING))
        return {"StartingInstances": changes}

    def stop(self, call: Call) -> Mapping[str, Any]:
        """Stop or hibernate instances."""
        hibernate = bool(call.parameters.get("Hibernate"))
        instances = self._alive(call, "stopped")
        if hibernate:
            for one in instances:
                Changes(one).require_hibernation()
        changes = []
        for one in instances:
            before = one.state
            if hibernate:
                one.hibernate()
            else:
                one.stop()
            changes.append(members.change(one.instance_id, before, STOPPING if before == RUNNING else STOPPED))
        return {"StoppingInstances": changes}

    def reboot(self, call: Call) -> Mapping[str, Any]:
        """Reboot instances."""
        instances = self._some(call)
        for one in instances:
            if one.state != RUNNING:
                raise Changes(one).wrong_state("rebooted")
        for one in instances:
            one.reboot()
        return {}

    def terminate(self, call: Call) -> Mapping[str, Any]:
        """Terminate instances."""
        changes = []
        for one in self._some(call):
            before = one.state
            one.terminate()
            changes.append(members.change(one.instance_id, before, SHUTTING_DOWN if before == RUNNING else TERMINATED))
        return {"TerminatingInstances": changes}

    def modify_options(self, call: Call) -> Mapping[str, Any]:
        """Change the metadata options of an instance."""
        (instance,) = self._ec2(call).some(given.instance_ids(call, "InstanceId"))
        asked = {name: value for name, value in call.parameters.items() if name in given.OPTIONS}
        instance.modify_metadata_options(**given.metadata_options(asked))
        return {
            "InstanceId": instance.instance_id,
            "InstanceMetadataOptions": members.option_members(instance, state="pending"),
        }

    def modify_defaults(self, call: Call) -> Mapping[str, Any]:
        """Set what the account wants for the metadata options of new instances."""
        asked = {given.DEFAULTS[name]: value for name, value in call.parameters.items() if name in given.DEFAULTS}
        self._ec2(call).modify_defaults(**asked)
        return {"Return": True}

    def get_defaults(self, call: Call) -> Mapping[str, Any]:
        """Return that."""
        defaults = self._ec2(call).defaults(call.position)
        return {"AccountLevel": {} if defaults is None else members.default_members(defaults)}
