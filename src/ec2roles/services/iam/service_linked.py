"""IAM's operations on service-linked roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ec2roles.iam.service_linked import (
    create_service_linked_role,
    delete_service_linked_role,
    deletion_status,
    linked_arn,
    task_role_name,
)
from ec2roles.services.iam.responses import role_created
from ec2roles.services.iam.table import Ask, Row, existing, judged_on


def service_linked_rows() -> list[Row]:
    """Return the rows of service-linked roles."""
    return [
        Row("CreateServiceLinkedRole", "AWSServiceName Description CustomSuffix", _about_new, _create),
        Row(
            "DeleteServiceLinkedRole",
            "RoleName",
            existing("role", "RoleName"),
            lambda ask: {"DeletionTaskId": delete_service_linked_role(ask.iam, ask["RoleName"])},
        ),
        Row(
            "GetServiceLinkedRoleDeletionStatus",
            "DeletionTaskId",
            _about_task,
            lambda ask: {"Status": deletion_status(ask.iam, ask["DeletionTaskId"])},
        ),
    ]


def _about_new(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    service = ask["AWSServiceName"]
    return linked_arn(ask.iam.account_id, service, ask.get("CustomSuffix")), {"iam:AWSServiceName": service}


def _create(ask: Ask) -> dict[str, Any]:
    role = create_service_linked_role(ask.iam, ask["AWSServiceName"], ask.get("CustomSuffix"), ask.get("Description"))
    return {"Role": role_created(role)}


def _about_task(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    task = ask["DeletionTaskId"]
    name = task_role_name(task)
    if name is None:
        return "*", {}
    arn, context = judged_on(ask, "role", name)
    # The role is gone as a rule; the task still says its path.
    return (arn, context) if context else (f"arn:aws:iam::{ask.iam.account_id}:{_role_of(task)}", {})


def _role_of(task: str) -> str:
    return "role/" + task.removeprefix("task/").rpartition("/")[0]
