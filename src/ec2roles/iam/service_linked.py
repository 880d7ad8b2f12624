"""
Service-linked roles: each belongs to one of AWS's services, which says what it is called, what it may do and who assumes it.

``service_linked_roles.json`` has the services of which that was recorded from AWS; AWS has more of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DeleteConflictError, InvalidInputError, NoSuchEntityError
from ec2roles.iam.directory import Directory
from ec2roles.iam.identity import ManagedPolicy
from ec2roles.iam.names import DESCRIPTION, LINKED_SUFFIX, ROLE_NAME
from ec2roles.iam.role import SERVICE_LINKED, Role

DATA_FILE = "service_linked_roles.json"
SUCCEEDED = "SUCCEEDED"
_POLICIES = "arn:aws:iam::aws:policy" + SERVICE_LINKED


@attrs.frozen
class Template:
    """
    What AWS makes when a service asks for its role.

    >>> find_template("autoscaling.amazonaws.com").role_name("blue")
    'AWSServiceRoleForAutoScaling_blue'

    Args:
        service: the service's principal, such as ``autoscaling.amazonaws.com``.
        role: the name of its role.
        policies: the ARNs of the managed policies that are attached.
        suffix: whether there may be further roles, told apart by a suffix.
    """

    service: str
    role: str
    policies: tuple[str, ...]
    suffix: bool

    @property
    def path(self) -> str:
        """The path of the role: ``/aws-service-role/autoscaling.amazonaws.com/``."""
        return f"{SERVICE_LINKED}{self.service}/"

    @property
    def trust(self) -> dict[str, Any]:
        """The trust policy of the role: its service alone may assume it."""
        statement = {"Effect": "Allow", "Principal": {"Service": self.service}, "Action": "sts:AssumeRole"}
        return {"Version": "2012-10-17", "Statement": [statement]}

    def role_name(self, suffix: str | None = None) -> str:
        """
        Return the name of the role with that suffix.

        Raises:
            InvalidInputError: if the service has one role only.
        """
        if suffix is None:
            return self.role
        if not self.suffix:
            raise InvalidInputError(
                f"Custom suffix is not allowed for {self.service}", detail=f"'{self.role}' is the only role it has"
            )
        return f"{self.role}_{suffix}"


# The file never changes, so it is read once.
@lru_cache(maxsize=1)
def _templates() -> Mapping[str, Template]:
    from importlib.resources import files  # few programs come here

    rows = json.loads(files("ec2roles.iam").joinpath(DATA_FILE).read_text(encoding="utf-8"))
    return {
        row["service"]: Template(
            row["service"], row["role"], tuple(_POLICIES + name for name in row["policies"]), row["suffix"]
        )
        for row in rows
    }


def find_template(service: str) -> Template:
    """
    Return what AWS makes for a service.

    Args:
        service: its principal, such as ``autoscaling.amazonaws.com``.

    Raises:
        InvalidInputError: if it has no role that is known here.
    """
    found = _templates().get(service)
    if found is None:
        import difflib  # only a failed look-up needs it

        near = difflib.get_close_matches(service[:128], _templates(), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"{len(_templates())} services are known here"
        raise InvalidInputError(
            f"Cannot find Service Linked Role template for {service}",
            detail=f"no service-linked role of {shown(service)} is known; {hint}",
        )
    return found


def linked_arn(account_id: str, service: str, suffix: str | None) -> str:
    """Return the ARN that creating a service's role is judged on; of a service without one, its path alone."""
    found = _templates().get(service)
    name = "" if found is None else found.role if suffix is None else f"{found.role}_{suffix}"
    return f"arn:aws:iam::{account_id}:role{SERVICE_LINKED}{service}/{name}"


def create_service_linked_role(iam: Directory, service: str, suffix: str | None, description: str | None) -> Role:
    """See `Account.create_service_linked_role`."""
    if suffix is not None:
        LINKED_SUFFIX.check(suffix)
    if description is not None:
        DESCRIPTION.check(description)
    template = find_template(service)
    name = ROLE_NAME.check(template.role_name(suffix))
    if name in iam.roles:
        raise InvalidInputError(
            f"Service role name {name} has been taken in this account, please try a different suffix.",
            detail=f"there is a role '{iam.roles[name].name}' already",
        )
    iam.roles.check_free(name)
    attached: list[ManagedPolicy] = []
    missing = []
    for arn in template.policies:
        if arn in iam.aws_managed:
            attached.append(iam.find(arn))
        else:
            missing.append(arn.rpartition("/")[2])
    # AWS has withdrawn some policies since it was recorded what it attaches.
    note = f"without {', '.join(missing)}, which is no policy of AWS's any more" if missing else ""
    role = Role(
        name,
        trust=template.trust,
        path=template.path,
        description=description,
        attached=tuple(attached),
        time=iam.time,
        account_id=iam.account_id,
        quotas=iam.quotas,
        policies=iam,
        find_principal=iam.find_principal,
        principal_arn=iam.principal_arn,
        stored=True,
        linked_note=note,
    )
    iam.roles.add(role, role.created)
    return role


def delete_service_linked_role(iam: Directory, name: str) -> str:
    """See `Account.delete_service_linked_role`."""
    role = iam.roles[name]
    if not role.service_linked:
        raise NoSuchEntityError(
            f"The role with name {name} cannot be found.",
            detail=f"'{role.name}' is no service-linked role; DeleteRole deletes it",
        )
    held = [profile.name for profile in iam.instance_profiles.values() if profile.role is role]
    if held:  # only an account that was loaded can have that
        raise DeleteConflictError(
            "Cannot delete entity, must remove roles from instance profile first.",
            detail=f"remove it from instance profile '{held[0]}'",
        )
    iam.roles.remove(role, role.mark_deleted_by_service())
    return deletion_task(role)


def deletion_task(role: Role) -> str:
    """Return the id of the task that deletes a service-linked role; it follows from the role, so no task has to be kept."""
    digest = role.time.ids.digest(b"deletion task", role.role_id, 16)
    return f"task{role.path}{role.name}/{UUID(bytes=digest, version=4)}"


def deletion_status(iam: Directory, task_id: str) -> str:
    """
    Return what has become of the deletion of a service-linked role: here it is done at once.

    Raises:
        InvalidInputError: if this is not the id of such a task.
        NoSuchEntityError: if there was no such task in this account.
    """
    name = task_role_name(task_id)
    if name is None:
        raise InvalidInputError(
            f"Deletion task id {task_id} is not valid.",
            detail="it is task/aws-service-role/SERVICE/ROLE/UUID, as DeleteServiceLinkedRole answers it",
        )
    for role in iam.roles.ever(name):
        if role.service_linked and role is not iam.roles.get(name) and deletion_task(role) == task_id:
            return SUCCEEDED
    raise NoSuchEntityError(
        f"The deletion task with id {task_id} cannot be found.",
        detail=f"no such task has deleted {shown(name)} in account {iam.account_id}",
    )


def task_role_name(task_id: str) -> str | None:
    """
    Return the name of the role that a deletion task is about, or None if it is the id of none.

    >>> task_role_name("task/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch/0123")
    'AWSServiceRoleForBatch'
    """
    parts = task_id.split("/")
    is_task = len(parts) == 5 and parts[:2] == ["task", "aws-service-role"] and all(parts)
    return parts[3] if is_task else None
