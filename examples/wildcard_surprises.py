"""Wildcards that match more than was meant: ``python examples/wildcard_surprises.py``."""

from __future__ import annotations

from ec2roles import Account, PermissionPolicy


def main() -> None:
    """Ask for things that somebody did not mean to allow."""
    account = Account()
    role = account.console.create_role("web")
    web = account.launch_instance(profile="web")

    def show(action: str, resource: str | None = None) -> None:
        decision = web.can(action, resource)
        print(f"  {action:<36}{resource or '':<42}{'allowed' if decision else 'denied'}")

    print("Allow s3:GetObject on arn:aws:s3:::b*/*, meant for the bucket b-photos:")
    role.put_policy("test", PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::b*/*"))
    show("s3:GetObject", "arn:aws:s3:::b-photos/cat.jpg")
    show("s3:GetObject", "arn:aws:s3:::bank-secrets/vault.key")

    print("\nAllow s3:* on arn:aws:s3:::photos/*, meant for all that has to do with the bucket:")
    role.put_policy("test", PermissionPolicy.allow("s3:*", resource="arn:aws:s3:::photos/*"))
    show("s3:GetObject", "arn:aws:s3:::photos/cat.jpg")
    show("s3:ListBucket", "arn:aws:s3:::photos")
    show("s3:PutObjectAcl", "arn:aws:s3:::photos/cat.jpg")
    print("  The bucket is one resource and its objects are others; and s3:* is more than reading and writing.")

    print("\nAllow with NotAction iam:*, meant as everything but IAM:")
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    role.put_policy("test", {"Version": "2012-10-17", "Statement": statement})
    show("iam:CreateUser", "arn:aws:iam::123456789012:user/eve")
    show("organizations:LeaveOrganization")
    show("s3:DeleteBucket", "arn:aws:s3:::photos")

    print("\nAnd what the decision says of the last one:")
    print(web.can("s3:DeleteBucket", "arn:aws:s3:::photos").explain())


if __name__ == "__main__":
    main()
