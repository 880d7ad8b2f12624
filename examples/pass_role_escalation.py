"""
From a launch to an administrator by iam:PassRole, and the fix: ``python examples/pass_role_escalation.py``.

Whoever may launch instances and pass any role launches one with the strongest role there is, and reads its credentials on it.
To pass a role is a permission of its own: name the roles, and the service that gets them.
"""

from __future__ import annotations

from ec2roles import Account, PermissionPolicy, Response

LAUNCH = {"ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1}


def show(what: str, response: Response) -> None:
    """Print what came of a call."""
    print(f"  {what:<58} {response.error.code if response.error else 'done'}")


def main() -> None:
    """Escalate; then try the same by every other way, after the fix."""
    account = Account()
    account.console.create_role("Admin", policies=["AdministratorAccess"])
    app = account.console.create_role("App", policies=["AmazonS3ReadOnlyAccess"])
    developer = account.create_user("developer")
    developer.put_policy("launch", PermissionPolicy.allow("ec2:*"))
    developer.put_policy("profiles", PermissionPolicy.allow("iam:AddRoleToInstanceProfile"))
    developer.put_policy("pass", PermissionPolicy.allow("iam:PassRole"))
    owner = account.create_user("owner")
    owner.put_policy("decode", PermissionPolicy.allow("sts:DecodeAuthorizationMessage"))
    me = account.as_(developer.create_access_key())

    print("The developer may use EC2, and pass roles, whichever:")
    show("iam:CreateUser as the developer", me.iam.create_user(UserName="backdoor"))
    launched = me.ec2.run_instances(**LAUNCH, IamInstanceProfile={"Name": "Admin"})
    show("ec2:RunInstances with the profile of Admin", launched)
    web = account.instances[launched.result()["Instances"][0]["InstanceId"]]
    stolen = account.as_(web.metadata.credentials())
    show("iam:CreateUser with what the instance's metadata shows", stolen.iam.create_user(UserName="backdoor"))

    developer.put_policy(
        "pass",
        PermissionPolicy.allow(
            "iam:PassRole",
            resource=app.arn,
            condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ),
    )
    account.create_instance_profile("Empty")
    bare = account.launch_instance()
    held = account.launch_instance("App")
    print("\nThe developer may pass App to EC2, and nothing else:")
    refused = me.ec2.run_instances(**LAUNCH, IamInstanceProfile={"Name": "Admin"})
    show("ec2:RunInstances with the profile of Admin", refused)
    show(
        "ec2:AssociateIamInstanceProfile with it",
        me.ec2.associate_iam_instance_profile(InstanceId=bare.instance_id, IamInstanceProfile={"Name": "Admin"}),
    )
    show(
        "ec2:ReplaceIamInstanceProfileAssociation with it",
        me.ec2.replace_iam_instance_profile_association(
            AssociationId=held.association_id, IamInstanceProfile={"Name": "Admin"}
        ),
    )
    show(
        "iam:AddRoleToInstanceProfile, Admin into an empty one",
        me.iam.add_role_to_instance_profile(InstanceProfileName="Empty", RoleName="Admin"),
    )
    show(
        "ec2:RunInstances with the profile of App",
        me.ec2.run_instances(**LAUNCH, IamInstanceProfile={"Name": "App"}),
    )

    print("\nWhat EC2 says is about PassRole, and in code for those who may decode it:")
    assert refused.error is not None
    words, _, encoded = refused.error.message.rpartition(" ")
    print(f"  {words} ...")
    opened = account.sts.decode_authorization_message(encoded, credentials=owner.create_access_key()).result()
    print(f"  decoded: {opened['context']['action']} on {opened['context']['resource']}")

    print("\nA role that is on an instance already is not passed again:")
    developer.delete_policy("pass")
    show("ec2:StopInstances", me.ec2.stop_instances(InstanceIds=[held.instance_id]))
    show("ec2:StartInstances", me.ec2.start_instances(InstanceIds=[held.instance_id]))
    print(f"  and its credentials work: {held.can('s3:ListAllMyBuckets').outcome.value}")


if __name__ == "__main__":
    main()
