"""The roles that API operations hand to services, which needs iam:PassRole (EC2's own are in `services`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# The operation, the service that gets the role, and the parameters that name it.
_PASSED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cloudformation:CreateChangeSet": ("cloudformation.amazonaws.com", ("RoleARN",)),
    "cloudformation:CreateStack": ("cloudformation.amazonaws.com", ("RoleARN",)),
    "cloudformation:DeleteStack": ("cloudformation.amazonaws.com", ("RoleARN",)),
    "cloudformation:UpdateStack": ("cloudformation.amazonaws.com", ("RoleARN",)),
    "codebuild:CreateProject": ("codebuild.amazonaws.com", ("serviceRole",)),
    "codebuild:UpdateProject": ("codebuild.amazonaws.com", ("serviceRole",)),
    "codepipeline:CreatePipeline": ("codepipeline.amazonaws.com", ("pipeline.roleArn",)),
    "codepipeline:UpdatePipeline": ("codepipeline.amazonaws.com", ("pipeline.roleArn",)),
    "ecs:RegisterTaskDefinition": ("ecs-tasks.amazonaws.com", ("taskRoleArn", "executionRoleArn")),
    "ecs:RunTask": ("ecs-tasks.amazonaws.com", ("overrides.taskRoleArn", "overrides.executionRoleArn")),
    "ecs:StartTask": ("ecs-tasks.amazonaws.com", ("overrides.taskRoleArn", "overrides.executionRoleArn")),
    "events:PutRule": ("events.amazonaws.com", ("RoleArn",)),
    "events:PutTargets": ("events.amazonaws.com", ("Targets.RoleArn",)),
    "glue:CreateCrawler": ("glue.amazonaws.com", ("Role",)),
    "glue:CreateDevEndpoint": ("glue.amazonaws.com", ("RoleArn",)),
    "glue:CreateJob": ("glue.amazonaws.com", ("Role",)),
    "glue:UpdateCrawler": ("glue.amazonaws.com", ("Role",)),
    "glue:UpdateJob": ("glue.amazonaws.com", ("JobUpdate.Role",)),
    "lambda:CreateFunction": ("lambda.amazonaws.com", ("Role",)),
    "lambda:UpdateFunctionConfiguration": ("lambda.amazonaws.com", ("Role",)),
    "sagemaker:CreateModel": ("sagemaker.amazonaws.com", ("ExecutionRoleArn",)),
    "sagemaker:CreateNotebookInstance": ("sagemaker.amazonaws.com", ("RoleArn",)),
    "sagemaker:CreateTrainingJob": ("sagemaker.amazonaws.com", ("RoleArn",)),
    "scheduler:CreateSchedule": ("scheduler.amazonaws.com", ("Target.RoleArn",)),
    "scheduler:UpdateSchedule": ("scheduler.amazonaws.com", ("Target.RoleArn",)),
    "states:CreateStateMachine": ("states.amazonaws.com", ("roleArn",)),
    "states:UpdateStateMachine": ("states.amazonaws.com", ("roleArn",)),
}


def passed_roles(operation: str, parameters: Mapping[str, Any], account_id: str) -> list[tuple[str, str]]:
    """
    Return the ARNs of the roles that an operation hands to a service, each with the service.

    >>> passed_roles("lambda:CreateFunction", {"Role": "arn:aws:iam::123456789012:role/app"}, "123456789012")
    [('arn:aws:iam::123456789012:role/app', 'lambda.amazonaws.com')]

    Args:
        operation: with the prefix of its actions.
        parameters: as boto3 takes them.
        account_id: whose role is meant where only its name is given.
    """
    service, paths = _PASSED.get(operation, ("", ()))
    names = dict.fromkeys(name for path in paths for name in _at(parameters, path.split(".")))
    return [(name if name.startswith("arn:") else f"arn:aws:iam::{account_id}:role/{name}", service) for name in names]


def _at(given: Any, path: Sequence[str]) -> Iterator[str]:
    if isinstance(given, (list, tuple)):
        for one in given:
            yield from _at(one, path)
    elif path and isinstance(given, Mapping):
        yield from _at(given.get(path[0]), path[1:])
    elif not path and isinstance(given, str) and given:
        yield given
