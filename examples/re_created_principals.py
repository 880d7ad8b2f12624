"""
A role made again under its old name is another role: ``python examples/re_created_principals.py``.

IAM stores the unique id of a user or role that a trust policy names, not its ARN; S3 does so with bucket policies. And a trust
policy that says less than one principal trusts more than it seems to.
"""

from __future__ import annotations

from ec2roles import Account, Cloud, PermissionPolicy, Response, TrustPolicy

CAT = "arn:aws:s3:::photos/cat.jpg"
ASSUME = PermissionPolicy.allow("sts:AssumeRole")


def show(what: str, response: Response) -> None:
    """Print what came of a call."""
    print(f"  {what:<62} {response.error.code if response.error else 'credentials'}")


def trusted(role_trust: TrustPolicy) -> str:
    """Return whom a trust policy shows."""
    return str(role_trust.to_dict()["Statement"]["Principal"]["AWS"])


def delete_user(account: Account, name: str) -> None:
    """Delete a user with all that is in the way."""
    user = account.users[name]
    for key in user.access_keys:
        user.delete_access_key(key)
    for policy in user.policies:
        user.delete_policy(policy)
    account.delete_user(name)


def main() -> None:
    """Trust a user, delete and make her again; then trust an account, and everybody."""
    cloud = Cloud()
    account, stranger = cloud.account("123456789012"), cloud.account("999988887777")
    alice = account.create_user("alice")
    role = account.create_role("deploy", trust=TrustPolicy.principal(alice.arn))
    print("The role trusts one user:")
    show("alice", account.sts.assume_role(role, "alice", credentials=alice.create_access_key()))

    delete_user(account, "alice")
    print("\nShe is deleted. The trust policy now shows what IAM has stored:")
    print(f"  {trusted(role.trust)[:4]}..., no ARN any more")
    again = account.create_user("alice")
    show(
        "another alice, of the same ARN", account.sts.assume_role(role, "alice", credentials=again.create_access_key())
    )
    role.update_trust(TrustPolicy.principal(again.arn))
    key = again.create_access_key()
    show("the same, after the policy has been saved again", account.sts.assume_role(role, "alice", credentials=key))

    print("\nA bucket policy lets her read, and again she is deleted and made anew:")
    bucket = account.s3.create_bucket("photos")
    bucket.put_object("cat.jpg", b"meow")
    statement = {"Effect": "Allow", "Principal": {"AWS": again.arn}, "Action": "s3:GetObject", "Resource": CAT}
    bucket.policy = {"Version": "2012-10-17", "Statement": statement}
    print(f"  {'s3:GetObject by alice':<62} {account.can('s3:GetObject', CAT, credentials=key).outcome.value}")
    delete_user(account, "alice")
    key = account.create_user("alice").create_access_key()
    print(f"  {'s3:GetObject by the next alice':<62} {account.can('s3:GetObject', CAT, credentials=key).outcome.value}")

    print("\nThe role trusts an account, 123456789012:")
    role.update_trust(TrustPolicy.account("123456789012"))
    bob = account.create_user("bob")
    key = bob.create_access_key()
    show("bob, whose own policies say nothing", account.sts.assume_role(role, "bob", credentials=key))
    bob.put_policy("assume", ASSUME)
    show("bob, whose own policies allow it", account.sts.assume_role(role, "bob", credentials=key))
    print("  The account hands the question on to its own policies: who may write those decides.")

    print('\nThe role trusts "*":')
    role.update_trust(TrustPolicy.principal("*"))
    mallory = stranger.create_user("mallory")
    mallory.put_policy("assume", ASSUME)
    key = mallory.create_access_key()
    show("mallory, of an account nobody here knows", stranger.sts.assume_role(role, "mallory", credentials=key))


if __name__ == "__main__":
    main()
