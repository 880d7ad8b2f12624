"""Amazon EC2 as a table of operations: what RunInstances and the others need to be allowed, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import Call
from ec2roles.ec2.association import (
    ASSOCIATING,
    DISASSOCIATING,
    PENDING,
    RUNNING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    Association,
    read_association_id,
)
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.metadata_defaults import MetadataDefaults
from ec2roles.ec2.metadata_network import group_of, subnet_of
from ec2roles.ec2.metadata_options import MetadataOptions
from ec2roles.errors import AccessDeniedError, AwsError, InstanceError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.policy import Decision
from ec2roles.services import ec2_members as members
from ec2roles.services import ec2_parameters as given
from ec2roles.services.ec2_lists import instance_filter, page, read_filters
from ec2roles.services.operation import Operation, Service
from ec2roles.services.pass_role import any_instance, pass_role, resource_tags
from ec2roles.sts.authorization_message import encode
from ec2roles.sts.token_service import Authorization
from ec2roles.timeline import Timekeeper

Needs = Callable[[Call], Sequence[Authorization]]
Perform = Callable[[Call], Mapping[str, Any]]


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
        find_profile: returns the instance profile of a name or an ARN, or raises.
        modify_defaults: sets what the account wants for the metadata options of new instances.
        defaults: returns that, or None.
    """

    account_id: str
    region: str
    time: Timekeeper
    instances: Mapping[str, Instance]
    launch: Callable[..., list[Instance]]
    find_profile: Callable[[str], InstanceProfile]
    modify_defaults: Callable[..., object]
    defaults: Callable[[], MetadataDefaults | None]

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource of the account: ``instance/*``."""
        return f"arn:aws:ec2:{self.region}:{self.account_id}:{resource}"


def ec2_service(ec2_of: Callable[[str], Ec2]) -> Service:
    """
    Return the operations of EC2, for all accounts of a Cloud: each is done in the account of its caller.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """
    return Ec2Operations(ec2_of).service()


@attrs.define(eq=False)
class Ec2Operations:
    """
    The operations of EC2.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)
    # Account and ClientToken of a RunInstances call -> its other parameters, and what it launched.
    _launched: dict[tuple[str, str], tuple[Mapping[str, Any], list[Instance]]] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def service(self) -> Service:
        """Return the table."""
        one, many = "DryRun InstanceId", "DryRun InstanceIds"
        options = " ".join(given.OPTIONS)
        tags = "DryRun Resources Tags"
        listed = "DryRun Filters MaxResults NextToken"
        table: list[tuple[str, str, Needs, Perform]] = [
            ("RunInstances", " ".join(given.RUN_INSTANCES), self._run_needs, self._run),
            ("DescribeInstances", f"InstanceIds {listed}", self._nothing, self._describe),
            ("StartInstances", f"AdditionalInfo {many}", self._instances, self._start),
            ("StopInstances", f"Force Hibernate SkipOsShutdown {many}", self._instances, self._stop),
            ("RebootInstances", many, self._instances, self._reboot),
            ("TerminateInstances", f"Force SkipOsShutdown {many}", self._instances, self._terminate),
            (
                "ModifyInstanceMetadataOptions",
                f"{options} {one}",
                self._options_needs,
                self._modify_options,
            ),
            (
                "ModifyInstanceMetadataDefaults",
                f"DryRun {' '.join(given.DEFAULTS)}",
                self._nothing,
                self._modify_defaults,
            ),
            ("GetInstanceMetadataDefaults", "DryRun", self._nothing, self._get_defaults),
            (
                "AssociateIamInstanceProfile",
                "IamInstanceProfile InstanceId",
                self._associate_needs,
                self._associate,
            ),
            (
                "ReplaceIamInstanceProfileAssociation",
                "AssociationId IamInstanceProfile",
                self._replace_needs,
                self._replace,
            ),
            ("DisassociateIamInstanceProfile", "AssociationId", self._disassociate_needs, self._disassociate),
            (
                "DescribeIamInstanceProfileAssociations",
                "AssociationIds Filters MaxResults NextToken",
                self._nothing,
                self._describe_associations,
            ),
            ("CreateTags", tags, self._tags_needs, self._create_tags),
            ("DeleteTags", tags, self._tags_needs, self._delete_tags),
            ("DescribeTags", listed, self._nothing, self._describe_tags),
        ]
        return Service("ec2", [self._operation(*row) for row in table], denial=self.denial)

    def _operation(self, name: str, names: str, needs: Needs, perform: Perform) -> Operation:
        known = frozenset(names.split())

        def authorizations(call: Call) -> Sequence[Authorization]:
            if call.operation is None and not call.parameters:
                return [self._asked(call)]
            given.check_names(call, known)
            return needs(call)

        def checked(call: Call) -> Mapping[str, Any]:
            if call.parameters.get("DryRun"):
                raise InstanceError(
                    "Request would have succeeded, but DryRun flag is set.",
                    code="DryRunOperation",
                    status=412,
                    detail="nothing was done",
                )
            return perform(call)

        return Operation(name, authorizations, checked)

    def _asked(self, call: Call) -> Authorization:
        """What a question without parameters is about: ``can("ec2:RunInstances")``, ``can("ec2:StopInstances", arn)``."""
        instance = self._ec2(call).instances.get((call.resource or "").rpartition(":instance/")[2])
        if instance is not None and instance.arn == call.resource:
            return self._on(call, instance.instance_id)
        return Authorization(call.action, call.resource or "*")

    def denial(self, call: Call, decision: Decision) -> AwsError:
        """Return EC2's error for a call that was denied; those that would change something say more, in code (F4)."""
        text = f"You are not authorized to perform this operation. {decision.message}"
        if not call.action.partition(":")[2].lower().startswith("describe"):
            ids = self._ec2(call).time.ids
            text += f". Encoded authorization failure message: {encode(ids, decision)}"
        return AccessDeniedError(text, code="UnauthorizedOperation", detail=decision.message)

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(call.caller.account_id)

    # -- what a call needs ------------------------------------------------------------------------------------------

    def _nothing(self, call: Call) -> Sequence[Authorization]:
        return [Authorization(call.action, "*", None, {"ec2:Region": self._ec2(call).region})]

    def _instances(self, call: Call) -> Sequence[Authorization]:
        return [self._on(call, instance_id) for instance_id in given.instance_ids(call)]

    def _on(
        self, call: Call, instance_id: str, more: Mapping[str, Any] | None = None, *, action: str | None = None
    ) -> Authorization:
        """What *call* needs on one instance; there need not be one of that id."""
        ec2 = self._ec2(call)
        instance = ec2.instances.get(instance_id)
        context = {"ec2:Region": ec2.region, "ec2:InstanceID": instance_id}
        arn = ec2.arn(f"instance/{instance_id}")
        if instance is not None:
            arn = instance.arn
            context.update(_instance_keys(instance, call))
        return Authorization(action or call.action, arn, None, {**context, **(more or {})}, ec2.account_id)

    def _options_needs(self, call: Call) -> Sequence[Authorization]:
        (instance_id,) = given.instance_ids(call, "InstanceId")
        asked = {name: value for name, value in call.parameters.items() if name in given.OPTIONS}
        given.metadata_options(asked)
        attributes = {f"ec2:Attribute/{name}": value for name, value in asked.items()}
        return [self._on(call, instance_id, {"ec2:Attribute": list(asked), **attributes})]

    def _associate_needs(self, call: Call) -> Sequence[Authorization]:
        (instance_id,) = given.instance_ids(call, "InstanceId")
        return self._passing(call, instance_id, replaces=False)

    def _replace_needs(self, call: Call) -> Sequence[Authorization]:
        instance = self._associated(call)[0]
        return self._passing(call, None if instance is None else instance.instance_id, replaces=True)

    def _passing(self, call: Call, instance_id: str | None, *, replaces: bool) -> Sequence[Authorization]:
        """What giving a profile to an instance needs: the operation itself, and to pass the role inside the profile."""
        named = given.named_profile(call, required=True)
        assert named is not None
        profile = self._known_profile(call, named)
        keys = {} if profile is None else {"ec2:NewInstanceProfile": profile.arn}
        if profile is not None and not replaces:
            keys["ec2:InstanceProfile"] = profile.arn
        needed = [self._on(call, instance_id or "*", keys)]
        role = None if profile is None else profile.role_at(call.seen or call.position)
        if role is not None:
            needed.append(pass_role(role, associated=needed[0].resource, position=call.position))
        return needed

    def _disassociate_needs(self, call: Call) -> Sequence[Authorization]:
        instance = self._associated(call)[0]
        return [self._on(call, "*" if instance is None else instance.instance_id)]

    def _known_profile(self, call: Call, named: tuple[str, str]) -> InstanceProfile | None:
        """The profile that was named; what is wrong with it is said to those who may do the operation."""
        try:
            return given.find_profile(named, self._ec2(call).find_profile)
        except AwsError:
            return None

    def _run_needs(self, call: Call) -> Sequence[Authorization]:
        wanted = given.RunInstances.read(call)
        ec2 = self._ec2(call)
        profile = None if wanted.profile is None else self._known_profile(call, wanted.profile)
        requested = {f"aws:RequestTag/{key}": value for key, value in wanted.tags.items()}
        if wanted.tags:
            requested["aws:TagKeys"] = list(wanted.tags)  # type: ignore[assignment]
        zone = wanted.options.get("availability_zone", f"{ec2.region}a")
        options = {name: value for name, value in wanted.options.items() if name in given.OPTIONS.values()}
        place = {"ec2:Region": ec2.region}
        instance = {
            **place,
            "ec2:AvailabilityZone": zone,
            "ec2:InstanceType": wanted.options.get("instance_type", _DEFAULT_TYPE),
            "ec2:RootDeviceType": "ebs",
            "ec2:Tenancy": "default",
            **_option_keys(MetadataOptions(**options)),
            **requested,
        }
        if profile is not None:
            instance["ec2:InstanceProfile"] = profile.arn
        ids = ec2.time.ids
        vpc = ec2.arn(f"vpc/{ids.resource_id('vpc', 1)}")
        subnet = call.parameters.get("SubnetId") or subnet_of(ids, ec2.region, zone)
        groups = given.texts(call, "SecurityGroupIds") or [
            group_of(ids, name) for name in given.texts(call, "SecurityGroups") or ("default",)
        ]
        image = wanted.options["image_id"]
        needed: list[tuple[str, Mapping[str, Any]]] = [
            (ec2.arn("instance/*"), instance),
            (
                f"arn:aws:ec2:{ec2.region}::image/{image}",
                {**place, "ec2:ImageID": image, "ec2:ImageType": "machine", "ec2:RootDeviceType": "ebs"},
            ),
            (
                ec2.arn(f"subnet/{subnet}"),
                {**place, "ec2:AvailabilityZone": zone, "ec2:SubnetID": subnet, "ec2:Vpc": vpc},
            ),
            (
                ec2.arn("network-interface/*"),
                {**place, "ec2:AvailabilityZone": zone, "ec2:Subnet": ec2.arn(f"subnet/{subnet}"), "ec2:Vpc": vpc},
            ),
            *(
                (ec2.arn(f"security-group/{one}"), {**place, "ec2:SecurityGroupID": one, "ec2:Vpc": vpc})
                for one in groups
            ),
            (ec2.arn("volume/*"), {**place, "ec2:AvailabilityZone": zone}),
        ]
        if call.parameters.get("KeyName"):
            needed.append((ec2.arn(f"key-pair/{call.parameters['KeyName']}"), place))
        found = [Authorization(call.action, arn, None, context, ec2.account_id) for arn, context in needed]
        role = None if profile is None else profile.role_at(call.seen or call.position)
        if role is not None:
            found.append(pass_role(role, associated=any_instance(ec2.account_id, ec2.region), position=call.position))
        for kind, tags in wanted.tagged.items():
            keys = {
                **place,
                "ec2:CreateAction": "RunInstances",
                "aws:TagKeys": list(tags),
                **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
            }
            found.append(Authorization("ec2:CreateTags", ec2.arn(f"{kind}/*"), None, keys, ec2.account_id))
        return found

    def _tags_needs(self, call: Call) -> Sequence[Authorization]:
        tags = call.parameters.get("Tags") or ()
        pairs = given.tag_pairs(tags)
        keys: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
        return [self._on(call, one, {"aws:TagKeys": list(pairs), **keys}) for one in self._tagged(call)]

    def _tagged(self, call: Call) -> tuple[str, ...]:
        found = given.texts(call, "Resources")
        if not found:
            raise given.missing("ResourceId")
        for one in found:
            if not one.startswith("i-"):
                raise InstanceError(
                    f"The ID '{one}' is not valid", code="InvalidID", detail="only instances have tags here"
                )
        return given.instance_ids(attrs.evolve(call, parameters={"InstanceIds": found}))

    # -- instances --------------------------------------------------------------------------------------------------

    def _run(self, call: Call) -> Mapping[str, Any]:
        wanted = given.RunInstances.read(call)
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
        profile = None if wanted.profile is None else given.find_profile(wanted.profile, ec2.find_profile)
        options = {**wanted.options, "tags": wanted.tags, "client_token": token}
        launched = ec2.launch(wanted.most, profile, **options)
        if token:
            ec2.time.journal.put(self._launched, (ec2.account_id, token), (asked, launched))
        return self._reservation(launched)

    def _reservation(self, launched: Sequence[Instance]) -> Mapping[str, Any]:
        shown_as = [(one, members.instance_members(one, state_name=PENDING)) for one in launched]
        return members.reservations(shown_as)[0]

    def _some(self, call: Call, *, required: bool = True) -> list[Instance]:
        """The instances that *call* is about, which must all be there."""
        ec2 = self._ec2(call)
        wanted = given.instance_ids(call, required=required)
        gone = [one for one in wanted if one not in ec2.instances]
        if gone:
            which = f"ID '{gone[0]}' does" if len(gone) == 1 else f"IDs '{', '.join(gone)}' do"
            raise InstanceError(
                f"The instance {which} not exist",
                code="InvalidInstanceID.NotFound",
                detail=f"account {ec2.account_id} has {len(ec2.instances)} instances, not this",
            )
        return [ec2.instances[one] for one in wanted]

    def _alive(self, call: Call, done: str) -> list[Instance]:
        """The same, none of which may be terminated."""
        found = self._some(call)
        for one in found:
            if one.state == TERMINATED:
                raise one.wrong_state(done)
        return found

    def _describe(self, call: Call) -> Mapping[str, Any]:
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

    def _start(self, call: Call) -> Mapping[str, Any]:
        changes = []
        for one in self._alive(call, "started"):
            before = one.state
            one.start()
            changes.append(members.change(one.instance_id, before, PENDING if before == STOPPED else RUNNING))
        return {"StartingInstances": changes}

    def _stop(self, call: Call) -> Mapping[str, Any]:
        hibernate = bool(call.parameters.get("Hibernate"))
        instances = self._alive(call, "stopped")
        if hibernate:
            for one in instances:
                one.require_hibernation()
        changes = []
        for one in instances:
            before = one.state
            if hibernate:
                one.hibernate()
            else:
                one.stop()
            changes.append(members.change(one.instance_id, before, STOPPING if before == RUNNING else STOPPED))
        return {"StoppingInstances": changes}

    def _reboot(self, call: Call) -> Mapping[str, Any]:
        instances = self._some(call)
        for one in instances:
            if one.state != RUNNING:
                raise one.wrong_state("rebooted")
        for one in instances:
            one.reboot()
        return {}

    def _terminate(self, call: Call) -> Mapping[str, Any]:
        changes = []
        for one in self._some(call):
            before = one.state
            one.terminate()
            changes.append(members.change(one.instance_id, before, SHUTTING_DOWN if before == RUNNING else TERMINATED))
        return {"TerminatingInstances": changes}

    def _modify_options(self, call: Call) -> Mapping[str, Any]:
        (instance,) = self._some(_of_one(call))
        asked = {name: value for name, value in call.parameters.items() if name in given.OPTIONS}
        instance.modify_metadata_options(**given.metadata_options(asked))
        return {
            "InstanceId": instance.instance_id,
            "InstanceMetadataOptions": members.option_members(instance, state="pending"),
        }

    def _modify_defaults(self, call: Call) -> Mapping[str, Any]:
        asked = {given.DEFAULTS[name]: value for name, value in call.parameters.items() if name in given.DEFAULTS}
        self._ec2(call).modify_defaults(**asked)
        return {"Return": True}

    def _get_defaults(self, call: Call) -> Mapping[str, Any]:
        defaults = self._ec2(call).defaults()
        return {"AccountLevel": {} if defaults is None else members.default_members(defaults)}

    # -- associations -----------------------------------------------------------------------------------------------

    def _associated(self, call: Call) -> tuple[Instance | None, Association | None]:
        """The instance and the association that an association id stands for; whether it is the active one is not asked."""
        ec2 = self._ec2(call)
        found = read_association_id(ec2.time.ids, given.association_id(call))
        if found is None:
            return None, None
        order, slot = found
        instance = ec2.time.issuer(slot)
        if not isinstance(instance, Instance) or ec2.instances.get(instance.instance_id) is not instance:
            return None, None
        association = instance.association_made(order)
        return (None, None) if association is None else (instance, association)

    def _associate(self, call: Call) -> Mapping[str, Any]:
        (instance,) = self._some(_of_one(call))
        instance.require_attachable()
        instance.attach(self._named(call))
        return self._association(call, instance, instance.record.association, ASSOCIATING)

    def _replace(self, call: Call) -> Mapping[str, Any]:
        instance, association = self._associated(call)
        wanted = given.association_id(call)
        if instance is None:
            raise given.unknown_association(wanted)
        if instance.record.association is not association:
            raise InstanceError(
                f"The association {wanted} is not the active association",
                code="IncorrectState",
                detail=f"instance '{instance.instance_id}' has {instance.association_id or 'none'} now",
            )
        instance.replace(self._named(call))
        return self._association(call, instance, instance.record.association, ASSOCIATING)

    def _disassociate(self, call: Call) -> Mapping[str, Any]:
        instance, association = self._associated(call)
        if instance is None or instance.record.association is not association:
            raise given.unknown_association(given.association_id(call))
        instance.detach()
        return self._association(call, instance, association, DISASSOCIATING)

    def _named(self, call: Call) -> InstanceProfile:
        named = given.named_profile(call, required=True)
        assert named is not None
        return given.find_profile(named, self._ec2(call).find_profile)

    def _association(
        self, call: Call, instance: Instance, association: Association | None, state: str
    ) -> Mapping[str, Any]:
        assert association is not None
        shown_as = members.association_members(instance, association, now=call.position[0], state=state)
        return {"IamInstanceProfileAssociation": shown_as}

    def _describe_associations(self, call: Call) -> Mapping[str, Any]:
        ec2 = self._ec2(call)
        now = call.position[0]
        wanted = given.texts(call, "AssociationIds")
        instances: Iterable[Instance] = ec2.instances.values()
        if wanted:
            instances = []
            for one in wanted:
                instance, association = self._associated(attrs.evolve(call, parameters={"AssociationId": one}))
                if instance is None or instance.record.association is not association:
                    raise given.unknown_association(one)
                instances.append(instance)
        looks: dict[str, Callable[[Instance], Iterable[str]]] = {
            "instance-id": lambda one: (one.instance_id,),
            "state": lambda one: (one.association_state or "",),
        }
        passes = read_filters(call, looks.get)
        found, more = page(
            call, ec2.time.ids, instances, lambda one: one.record.association is not None and passes(one)
        )
        shown_as = [
            members.association_members(one, one.record.association, now=now)
            for one in found
            if one.record.association is not None
        ]
        return {"IamInstanceProfileAssociations": shown_as, **more}

    # -- tags -------------------------------------------------------------------------------------------------------

    def _create_tags(self, call: Call) -> Mapping[str, Any]:
        tags = given.tag_pairs(call.parameters.get("Tags") or ())
        if not tags:
            raise given.missing("Tags")
        instances = self._tagged_instances(call)
        for one in instances:
            one.check_new_tags(tags)
        for one in instances:
            one.create_tags(tags)
        return {}

    def _delete_tags(self, call: Call) -> Mapping[str, Any]:
        asked = call.parameters.get("Tags") or ()
        pairs = given.tag_pairs(asked)
        # A tag that is named without a value goes whatever its value is; none named means all of them.
        valued = {tag["Key"] for tag in asked if "Value" in tag}
        for one in self._tagged_instances(call):
            gone = [
                key for key, value in one.tags.items() if key in pairs and (key not in valued or value == pairs[key])
            ]
            one.delete_tags(gone if pairs else list(one.tags))
        return {}

    def _tagged_instances(self, call: Call) -> list[Instance]:
        return self._some(attrs.evolve(call, parameters={"InstanceIds": self._tagged(call)}))

    def _describe_tags(self, call: Call) -> Mapping[str, Any]:
        ec2 = self._ec2(call)

        def all_tags() -> Iterator[tuple[str, str, str]]:
            for one in ec2.instances.values():
                for key, value in one.record.tags:
                    yield one.instance_id, key, value

        def look(name: str) -> Callable[[tuple[str, str, str]], Iterable[str]] | None:
            if name.startswith("tag:"):
                return lambda tag: (tag[2],) if tag[1] == name[4:] else ()
            return {
                "resource-id": lambda tag: (tag[0],),
                "resource-type": lambda tag: ("instance",),
                "key": lambda tag: (tag[1],),
                "value": lambda tag: (tag[2],),
            }.get(name)

        found, more = page(call, ec2.time.ids, all_tags(), read_filters(call, look))
        shown_as = [
            {"ResourceId": instance_id, "ResourceType": "instance", "Key": key, "Value": value}
            for instance_id, key, value in found
        ]
        return {"Tags": shown_as, **more}


_DEFAULT_TYPE = "t3.micro"


def _of_one(call: Call) -> Call:
    return attrs.evolve(call, parameters={"InstanceIds": given.instance_ids(call, "InstanceId")})


def _option_keys(options: MetadataOptions) -> dict[str, str]:
    return {
        "ec2:MetadataHttpTokens": options.http_tokens,
        "ec2:MetadataHttpEndpoint": options.http_endpoint,
        "ec2:MetadataHttpPutResponseHopLimit": str(options.http_put_response_hop_limit),
    }


def _instance_keys(instance: Instance, call: Call) -> dict[str, str]:
    """The context keys of an instance as a resource (policy-evaluation E)."""
    hardware = instance.hardware
    found = {
        "ec2:Region": hardware.region,
        "ec2:AvailabilityZone": hardware.availability_zone,
        "ec2:InstanceType": hardware.instance_type,
        "ec2:RootDeviceType": "ebs",
        "ec2:Tenancy": "default",
    }
    record = instance.record_at(call.position)
    if record is not None:
        found.update(_option_keys(record.options), **resource_tags(record.tags, "ec2:ResourceTag/"))
        if record.association is not None:
            found["ec2:InstanceProfile"] = record.association.profile.arn
    return found
