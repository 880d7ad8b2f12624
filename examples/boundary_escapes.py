"""What a permissions boundary holds, and how it is escaped: ``python examples/boundary_escapes.py``."""

from __future__ import annotations

from typing import Any

from ec2roles import Account, Instance, PermissionPolicy, Response, TrustPolicy

TRUST = TrustPolicy.service("ec2.amazonaws.com")
LIMIT = "arn:aws:iam::123456789012:policy/limit"
CAT = "arn:aws:s3:::photos/cat.jpg"


def show(what: str, answer: Response | bool) -> None:
    """Print one line."""
    if isinstance(answer, Response):
        answer = answer.allowed
    print(f"  {what:<74}{'allowed' if answer else 'denied'}")


def delegate(*boundary: dict[str, Any]) -> tuple[Account, Instance]:
    """An instance whose role may do everything, within a boundary of these statements."""
    account = Account()
    account.create_policy("limit", {"Version": "2012-10-17", "Statement": list(boundary)})
    role = account.console.create_role("delegate")
    role.put_policy("everything", PermissionPolicy.allow("*"))
    role.put_permissions_boundary("limit")
    return account, account.launch_instance(profile="delegate")


def allow(*actions: str, **condition: Any) -> dict[str, Any]:
    """A statement of a boundary."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


def main() -> None:
    """Try to get out, three times."""
    print("The boundary allows S3 and IAM, so that the role can make roles for its own programs:")
    account, app = delegate(allow("s3:*", "iam:*"))
    iam = account.as_(app.metadata.credentials()).iam
    show("ec2:TerminateInstances", app.can("ec2:TerminateInstances").allowed)
    show("iam:DeleteRolePermissionsBoundary on itself", iam.delete_role_permissions_boundary(RoleName="delegate"))
    show("ec2:TerminateInstances, from then on", app.can("ec2:TerminateInstances").allowed)

    print("\nThe cure: roles with the same boundary only, and nobody takes one off:")
    same = {"StringEquals": {"iam:PermissionsBoundary": LIMIT}}
    deny = {
        "Effect": "Deny",
        "Action": ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"],
        "Resource": "*",
    }
    account, app = delegate(allow("s3:*"), allow("iam:CreateRole", "iam:PutRolePolicy", **same), deny)
    iam = account.as_(app.metadata.credentials()).iam
    trust = TRUST.to_json()
    show("iam:DeleteRolePermissionsBoundary on itself", iam.delete_role_permissions_boundary(RoleName="delegate"))
    show("iam:CreateRole without a boundary", iam.create_role(RoleName="free", AssumeRolePolicyDocument=trust))
    held = iam.create_role(RoleName="held", AssumeRolePolicyDocument=trust, PermissionsBoundary=LIMIT)
    show("iam:CreateRole with the same boundary", held)
    version = PermissionPolicy.allow("*").to_json()
    widened = iam.create_policy_version(PolicyArn=LIMIT, PolicyDocument=version, SetAsDefault=True)
    show("iam:CreatePolicyVersion of the boundary itself", widened)

    print("\nA bucket policy, and a boundary that does not allow S3:")
    account, app = delegate(allow("ec2:*"))
    bucket = account.s3.create_bucket("photos")
    role = account.roles["delegate"].arn
    session = f"arn:aws:sts::123456789012:assumed-role/delegate/{app.instance_id}"
    for noun, arn in (("role", role), ("session", session)):
        statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:GetObject", "Resource": CAT}
        bucket.policy = {"Version": "2012-10-17", "Statement": statement}
        show(f"s3:GetObject, the bucket policy names the {noun}", app.can("s3:GetObject", CAT).allowed)

    print("\nThe same, and the boundary denies S3:")
    account.policies["limit"].create_version(
        {"Version": "2012-10-17", "Statement": [allow("ec2:*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    )
    show("s3:GetObject, the bucket policy names the session", app.can("s3:GetObject", CAT).allowed)
    print("  What is not allowed can be allowed elsewhere; what is denied stays denied.")


if __name__ == "__main__":
    main()
