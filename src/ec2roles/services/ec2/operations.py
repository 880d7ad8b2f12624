"""Amazon EC2 as a table of operations: what RunInstances and the others need to be allowed, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ec2roles.arns import shown
from ec2roles.authorization.encoded_messages import encode
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import AccessDeniedError, AwsError, InstanceError
from ec2roles.policy import Decision
from ec2roles.services.constraints import ec2_error
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.associations import Ec2Associations
from ec2roles.services.ec2.attributes import MODIFY, Ec2Attributes
from ec2roles.services.ec2.instances import Ec2Instances
from ec2roles.services.ec2.permissions import Ec2Needs
from ec2roles.services.ec2.run_instances import RUN_INSTANCES, RunInstances
from ec2roles.services.ec2.tags import Ec2Tags
from ec2roles.services.operation import Operation, Service
from ec2roles.services.parameters import Reader
from ec2roles.sts.session import caller_of

Perform = Callable[[Call], Mapping[str, Any]]


def ec2_service(ec2_of: Callable[[str], Ec2]) -> Service:
    """
    Return the operations of EC2, for all accounts of a Cloud: each is done in the account of its caller.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """
    needs = Ec2Needs(ec2_of)
    instances, associations, tags = Ec2Instances(ec2_of), Ec2Associations(ec2_of), Ec2Tags(ec2_of)
    attributes = Ec2Attributes(ec2_of)
    modify = " ".join(MODIFY)

    def operation(
        name: str,
        parameters: str,
        permissions: Callable[[Call], Sequence[Permission]],
        do: Perform,
        prepare: Callable[[Call, Mapping[str, Any]], Any] | None = None,
    ) -> Operation:
        reader = Reader("ec2", name, parameters, resource=_instance_of(parameters.split()), wording=ec2_error)
        perform = _unless_dry(_of_own_resource(do, ec2_of, of_instance=reader.resource is not None))
        return Operation(name, reader, permissions, perform, prepare=prepare, asked=needs.asked)

    def denial(call: Call, decision: Decision) -> AwsError:
        """EC2's error for a call that was denied; those that would change something say more, in code."""
        text = f"You are not authorized to perform this operation. {decision.message}"
        if not call.action.partition(":")[2].lower().startswith("describe"):
            ids = ec2_of(caller_of(call).account_id).time.ids
            text += f". Encoded authorization failure message: {encode(ids, decision)}"
        return AccessDeniedError(text, code="UnauthorizedOperation", detail=decision.message)

    one, many, listed = "DryRun InstanceId", "DryRun InstanceIds", "DryRun Filters MaxResults NextToken"
    tagged, profile = "DryRun Resources Tags", "IamInstanceProfile"
    options = " ".join(given.OPTIONS)
    defaults = " ".join(given.DEFAULTS)
    return Service(
        "ec2",
        [
            operation("RunInstances", " ".join(RUN_INSTANCES), needs.run, instances.run, _launch),
            operation("DescribeInstances", f"{listed} InstanceIds", needs.nothing, instances.describe),
            operation("StartInstances", many, needs.instances, instances.start),
            operation("StopInstances", f"{many} Force Hibernate SkipOsShutdown", needs.instances, instances.stop),
            operation("RebootInstances", many, needs.instances, instances.reboot),
            operation("TerminateInstances", f"{many} Force SkipOsShutdown", needs.instances, instances.terminate),
            operation("DescribeInstanceAttribute", f"{one} Attribute", needs.attribute, attributes.describe),
            operation("ModifyInstanceAttribute", modify, needs.modification, attributes.modify),
            operation("ModifyInstanceMetadataOptions", f"{one} {options}", needs.options, instances.modify_options),
            operation("ModifyInstanceMetadataDefaults", f"DryRun {defaults}", needs.nothing, instances.modify_defaults),
            operation("GetInstanceMetadataDefaults", "DryRun", needs.nothing, instances.get_defaults),
            operation("AssociateIamInstanceProfile", f"{profile} InstanceId", needs.associate, associations.associate),
            operation(
                "ReplaceIamInstanceProfileAssociation", f"{profile} AssociationId", needs.replace, associations.replace
            ),
            operation("DisassociateIamInstanceProfile", "AssociationId", needs.disassociate, associations.disassociate),
            operation(
                "DescribeIamInstanceProfileAssociations",
                "AssociationIds Filters MaxResults NextToken",
                needs.nothing,
                associations.describe,
            ),
            operation("CreateTags", tagged, needs.tags, tags.create),
            operation("DeleteTags", tagged, needs.tags, tags.delete),
            operation("DescribeTags", listed, needs.nothing, tags.describe),
        ],
        denial=denial,
    )


def _launch(call: Call, parameters: Mapping[str, Any]) -> RunInstances:
    return RunInstances.read(call.by(call.caller, parameters))


def _instance_of(names: Sequence[str]) -> Callable[[str], Mapping[str, Any]] | None:
    """Return what says which instance an ARN is, as the parameter that an operation names its instances by."""
    name = next((one for one in ("InstanceIds", "InstanceId") if one in names), None)
    if name is None:
        return None

    def parameters(arn: str) -> Mapping[str, Any]:
        before, _, instance_id = arn.partition(":instance/")
        if not before or not instance_id:
            return {}
        return {name: [instance_id] if name == "InstanceIds" else instance_id}

    return parameters


def _of_own_resource(do: Perform, ec2_of: Callable[[str], Ec2], *, of_instance: bool) -> Perform:
    """Return what does *do* where an ARN that names the resource is its own: of this account, its region and its type."""

    def perform(call: Call) -> Mapping[str, Any]:
        arn = None if call.api else call.resource
        if arn not in (None, "*"):
            assert arn is not None
            ec2 = ec2_of(caller_of(call).account_id)
            instance = ec2.instances.get(arn.rpartition(":instance/")[2])
            own = ec2.arn("instance/" if of_instance else "") if instance is None else instance.arn
            if not (arn.startswith(own) if instance is None else arn == own):
                raise InstanceError(
                    f"Value ({shown(arn)[1:-1]}) for parameter resource is invalid.",
                    code="InvalidParameterValue",
                    detail=f"the resource is named by its own ARN, {own}{'...' if instance is None else ''}",
                )
        return do(call)

    return perform


def _unless_dry(do: Perform) -> Perform:
    def perform(call: Call) -> Mapping[str, Any]:
        if call.parameters.get("DryRun"):
            raise InstanceError(
                "Request would have succeeded, but DryRun flag is set.",
                code="DryRunOperation",
                status=412,
                detail="nothing was done",
            )
        return do(call)

    return perform
