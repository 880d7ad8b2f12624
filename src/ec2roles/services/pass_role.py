"""iam:PassRole: what a caller must be allowed to do with a role before a service gets it. It is no API call."""

from __future__ import annotations

from collections.abc import Iterable

from ec2roles.authorization.permissions import Permission
from ec2roles.iam.role import Role
from ec2roles.world.timeline import Position

EC2 = "ec2.amazonaws.com"


def pass_role(role: Role, *, associated: str, position: Position) -> Permission:
    """
    Return what handing *role* to EC2 needs: ``iam:PassRole`` on the role itself, not on its profile.

    RunInstances, AssociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation and AddRoleToInstanceProfile need it.

    >>> from ec2roles import Account, TrustPolicy
    >>> account = Account()
    >>> role = account.create_role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), path="/web/")
    >>> needed = pass_role(role, associated=any_instance(account.account_id), position=account.time.as_of(None))
    >>> needed.action, needed.resource, needed.context["iam:PassedToService"]
    ('iam:PassRole', 'arn:aws:iam::123456789012:role/web/app', 'ec2.amazonaws.com')

    Args:
        role: the role inside the profile.
        associated: ``iam:AssociatedResourceArn``: the ARN of the instance that gets the role, or `any_instance`.
        position: the moment at which the call is judged; the role's tags are those of then.
    """
    context = {
        "iam:PassedToService": EC2,
        "iam:AssociatedResourceArn": associated,
        **resource_tags(role.principal_tags(position), "iam:ResourceTag/"),
    }
    return Permission("iam:PassRole", role.arn, None, context, role.account_id)


def any_instance(account_id: str, region: str = "*") -> str:
    """Return ``iam:AssociatedResourceArn`` where the instance is not known yet: ``arn:aws:ec2:*:ACCOUNT:instance/*``."""
    return f"arn:aws:ec2:{region}:{account_id}:instance/*"


def resource_tags(tags: Iterable[tuple[str, str]], *prefixes: str) -> dict[str, str]:
    """
    Return the context keys for the tags of a resource.

    >>> resource_tags([("team", "red")], "iam:ResourceTag/")
    {'aws:ResourceTag/team': 'red', 'iam:ResourceTag/team': 'red'}

    Args:
        tags: pairs of key and value.
        prefixes: what stands before the tag's key, besides ``aws:ResourceTag/``.
    """
    return {f"{prefix}{key}": value for prefix in ("aws:ResourceTag/", *prefixes) for key, value in tags}
