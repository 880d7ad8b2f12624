"""What a call to EC2 needs to be allowed, and the context keys that its resources bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.instance import Instance
from ec2roles.errors import AwsError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.metadata.defaults import options_at_launch
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.network import group_of, subnet_of
from ec2roles.metadata.options import MetadataOptions
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.attributes import Modification
from ec2roles.services.ec2.launch_details import volume_keys
from ec2roles.services.ec2.run_instances import RunInstances
from ec2roles.services.pass_role import any_instance, pass_role, resource_tags
from ec2roles.sts.session import caller_of

_DEFAULT_TYPE = "t3.micro"


@attrs.frozen(eq=False)
class Ec2Needs:
    """
    What the operations of EC2 need.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(caller_of(call).account_id)

    def asked(self, call: Call) -> Permission:
        """What a question without parameters is about: ``can("ec2:RunInstances")``, ``can("ec2:StopInstances", arn)``."""
        instance = self._ec2(call).instances.get((call.resource or "").rpartition(":instance/")[2])
        if instance is not None and instance.arn == call.resource:
            return self._on(call, instance.instance_id)
        return Permission(call.action, call.resource or "*")

    def nothing(self, call: Call) -> Sequence[Permission]:
        """What lists things: no resource."""
        return [Permission(call.action, "*", None, {"ec2:Region": self._ec2(call).region})]

    def instances(self, call: Call) -> Sequence[Permission]:
        """What is about instances: each of them."""
        return [self._on(call, instance_id) for instance_id in given.instance_ids(call)]

    def _on(
        self, call: Call, instance_id: str, more: Mapping[str, Any] | None = None, *, action: str | None = None
    ) -> Permission:
        """What *call* needs on one instance; there need not be one of that id."""
        ec2 = self._ec2(call)
        instance = ec2.instances.get(instance_id)
        context = {"ec2:Region": ec2.region, "ec2:InstanceID": instance_id}
        arn = ec2.arn(f"instance/{instance_id}")
        record = None if instance is None else instance.role_credentials.record_at(call.position)
        # Before its launch it is as unknown as one that never was.
        if instance is not None and record is not None:
            arn = instance.arn
            context.update(_instance_keys(instance.hardware, record))
        return Permission(action or call.action, arn, None, {**context, **(more or {})}, ec2.account_id)

    def options(self, call: Call) -> Sequence[Permission]:
        """What changes metadata options: the instance, with what is asked for as attributes."""
        (instance_id,) = given.instance_ids(call, "InstanceId")
        asked = {name: value for name, value in call.parameters.items() if name in given.OPTIONS}
        given.metadata_options(asked)
        attributes = {f"ec2:Attribute/{name}": value for name, value in asked.items()}
        return [self._on(call, instance_id, {"ec2:Attribute": list(asked), **attributes})]

    def attribute(self, call: Call) -> Sequence[Permission]:
        """What reads one attribute of an instance: the instance."""
        return [self._on(call, instance_id) for instance_id in given.instance_ids(call, "InstanceId")]

    def modification(self, call: Call) -> Sequence[Permission]:
        """What changes one attribute of an instance: the instance, with what is asked for as an attribute."""
        wanted = Modification.read(call)
        keys: dict[str, Any] = {"ec2:Attribute": wanted.member}
        # User data is no value that a policy can ask for.
        if wanted.name != "user_data" and isinstance(wanted.value, (bool, str)):
            keys[f"ec2:Attribute/{wanted.member}"] = wanted.value
        return [self._on(call, wanted.instance_id, keys)]

    def associate(self, call: Call) -> Sequence[Permission]:
        """What gives an instance a profile."""
        (instance_id,) = given.instance_ids(call, "InstanceId")
        return self._passing(call, instance_id, replaces=False)

    def replace(self, call: Call) -> Sequence[Permission]:
        """What gives an instance another profile."""
        instance = self._associated(call)
        return self._passing(call, None if instance is None else instance.instance_id, replaces=True)

    def _passing(self, call: Call, instance_id: str | None, *, replaces: bool) -> Sequence[Permission]:
        """What giving a profile to an instance needs: the operation itself, and to pass the role inside the profile."""
        profile = self._known_profile(call, given.required_profile(call))
        keys = {} if profile is None else {"ec2:NewInstanceProfile": profile.arn}
        if profile is not None and not replaces:
            keys["ec2:InstanceProfile"] = profile.arn
        needed = [self._on(call, instance_id or "*", keys)]
        role = None if profile is None else profile.role_at(call.seen or call.position)
        if role is not None:
            needed.append(pass_role(role, associated=needed[0].resource, position=call.position))
        return needed

    def disassociate(self, call: Call) -> Sequence[Permission]:
        """What takes a profile off."""
        instance = self._associated(call)
        return [self._on(call, "*" if instance is None else instance.instance_id)]

    def _associated(self, call: Call) -> Instance | None:
        """The instance of the association that was named, if there was that association then."""
        instance, association = self._ec2(call).associated(given.association_id(call))
        return instance if association is not None and association.since <= call.position else None

    def _known_profile(self, call: Call, named: str | None) -> InstanceProfile | None:
        """The profile that was named; what is wrong with it is said to those who may do the operation."""
        try:
            return None if named is None else self._ec2(call).find_profile(named, call.position)
        except AwsError:
            return None

    def run(self, call: Call) -> Sequence[Permission]:
        """What launches instances: all that a launch touches, to pass the role, and to tag at launch."""
        wanted: RunInstances = call.prepared
        ec2 = self._ec2(call)
        profile = self._known_profile(call, wanted.profile)
        found = [
            # What is asked for one kind of resource, such as tags of volumes, belongs to that kind alone.
            Permission(
                call.action,
                arn,
                None,
                {"ec2:Region": ec2.region, **context, **_request_tags(wanted.tagged.get(_kind(arn), {}))},
                ec2.account_id,
            )
            for arn, context in self._touched(call, wanted, profile)
        ]
        role = None if profile is None else profile.role_at(call.seen or call.position)
        if role is not None:
            found.append(pass_role(role, associated=any_instance(ec2.account_id, ec2.region), position=call.position))
        for kind, tags in wanted.tagged.items():
            keys = {"ec2:Region": ec2.region, "ec2:CreateAction": "RunInstances", **_request_tags(tags)}
            found.append(Permission("ec2:CreateTags", ec2.arn(f"{kind}/*"), None, keys, ec2.account_id))
        return found

    def _touched(
        self, call: Call, wanted: RunInstances, profile: InstanceProfile | None
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The resources of a launch, with their context keys."""
        ec2 = self._ec2(call)
        ids = ec2.time.ids
        zone = {"ec2:AvailabilityZone": wanted.options.get("availability_zone", f"{ec2.region}a")}
        vpc = {"ec2:Vpc": ec2.arn(f"vpc/{ids.resource_id('vpc', 1)}")}
        options = {name: value for name, value in wanted.options.items() if name in given.OPTIONS.values()}
        instance = {
            **zone,
            "ec2:InstanceType": wanted.options.get("instance_type", _DEFAULT_TYPE),
            "ec2:RootDeviceType": "ebs",
            "ec2:Tenancy": "default",
            **_option_keys(options_at_launch(options, ec2.defaults(call.position))),
        }
        if profile is not None:
            instance["ec2:InstanceProfile"] = profile.arn
        yield ec2.arn("instance/*"), instance
        image = wanted.options["image_id"]
        yield (
            f"arn:aws:ec2:{ec2.region}::image/{image}",
            {"ec2:ImageID": image, "ec2:ImageType": "machine", "ec2:RootDeviceType": "ebs"},
        )
        subnet = wanted.options.get("subnet_id") or subnet_of(ids, ec2.region, zone["ec2:AvailabilityZone"])
        arn = ec2.arn(f"subnet/{subnet}")
        yield arn, {**zone, "ec2:SubnetID": subnet, **vpc}
        yield ec2.arn("network-interface/*"), {**zone, "ec2:Subnet": arn, **vpc}
        for group in [group_of(ids, name) for name in wanted.options.get("security_groups", ("default",))]:
            yield ec2.arn(f"security-group/{group}"), {"ec2:SecurityGroupID": group, **vpc}
        for volume in volume_keys(call.parameters):
            yield ec2.arn("volume/*"), {**zone, **volume}
        if call.parameters.get("KeyName"):
            yield ec2.arn(f"key-pair/{call.parameters['KeyName']}"), {}

    def tags(self, call: Call) -> Sequence[Permission]:
        """What changes tags: the instances, with the tags as request tags."""
        keys = _request_tags(given.tag_pairs(call.parameters.get("Tags") or ()))
        return [self._on(call, one, keys) for one in given.tagged_ids(call)]


def _kind(arn: str) -> str:
    """Return the type of a resource as TagSpecifications name it: ``network-interface``."""
    return arn.split(":", 5)[5].partition("/")[0]


def _request_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    # A list without values takes its key away: without tags there is no aws:TagKeys.
    return {"aws:TagKeys": list(tags), **{f"aws:RequestTag/{key}": value for key, value in tags.items()}}


def _option_keys(options: MetadataOptions) -> dict[str, str]:
    return {
        "ec2:MetadataHttpTokens": options.http_tokens,
        "ec2:MetadataHttpEndpoint": options.http_endpoint,
        "ec2:MetadataHttpPutResponseHopLimit": str(options.http_put_response_hop_limit),
    }


def _instance_keys(hardware: Hardware, record: InstanceRecord) -> dict[str, str]:
    """The context keys of an instance as a resource (service authorization reference, Amazon EC2)."""
    found = {
        "ec2:Region": hardware.region,
        "ec2:AvailabilityZone": hardware.availability_zone,
        "ec2:InstanceType": record.attributes.instance_type,
        "ec2:RootDeviceType": "ebs",
        "ec2:Tenancy": "default",
    }
    found.update(_option_keys(record.options), **resource_tags(record.tags, "ec2:ResourceTag/"))
    if record.association is not None:
        found["ec2:InstanceProfile"] = record.association.profile.arn
    return found
