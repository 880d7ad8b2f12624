"""
Credentials that leaked from an instance work anywhere, unless a policy ties them to it: ``python examples/leaked_credentials.py``.

AWS binds nothing by itself. Its own policy against that, from the AWS Security Blog, "How to use policies to restrict where
EC2 instance credentials can be used from", compares two keys that are fixed when EC2 issues credentials with two that a VPC
endpoint adds to each request. Without an endpoint these two are absent: then the variables have no value, and everything
differs from no value. So the call is denied, which is what stops the thief.
"""

from __future__ import annotations

from ec2roles import Cloud, Decision

LIST = "s3:ListAllMyBuckets"

# As AWS prints it. There it is a service control policy, or a policy of the role.
ONLY_FROM_THE_INSTANCE = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {
                    "aws:ec2InstanceSourceVPC": "${aws:SourceVpc}"
                },
                "Null": {
                    "ec2:SourceInstanceARN": "false"
                },
                "BoolIfExists": {
                    "aws:ViaAWSService": "false"
                }
            }
        },
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {
                    "aws:ec2InstanceSourcePrivateIPv4": "${aws:VpcSourceIp}"
                },
                "Null": {
                    "ec2:SourceInstanceARN": "false"
                },
                "BoolIfExists": {
                    "aws:ViaAWSService": "false"
                }
            }
        }
    ]
}"""


def show(who: str, decision: Decision) -> None:
    """Print what would come of a call."""
    keys = [statement.conditions[0].key for _, statement in decision.deciding if statement.effect == "Deny"]
    print(f"  {who:<42} {'allowed' if decision else 'denied':<8} {', '.join(keys)}".rstrip())


def main() -> None:
    """Steal credentials, use them, and stop that."""
    cloud = Cloud()
    account = cloud.account("123456789012")
    account.s3.create_bucket("customer-data")
    role = account.console.create_role("web", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance(profile="web")
    stolen = web.metadata.credentials()
    here = {"aws:SourceVpc": web.hardware.vpc_id, "aws:VpcSourceIp": web.private_ipv4}

    print("The role as most have it:")
    show("the instance", web.can(LIST))
    show("a laptop far away, with the stolen set", account.can(LIST, credentials=stolen))
    print("Nothing ties credentials to the machine they were issued to. In a real account, GuardDuty would report")
    print("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS; it does not stop the call.")

    role.put_policy("only-from-the-instance", ONLY_FROM_THE_INSTANCE)
    print()
    print("With a deny that compares where they were issued with where they are used:")
    show("the instance, through a VPC endpoint", web.can(LIST, context=here))
    show("a laptop far away, with the stolen set", account.can(LIST, credentials=stolen))
    show(
        "the thief's own VPC, through an endpoint",
        account.can(LIST, credentials=stolen, context={**here, "aws:SourceVpc": "vpc-0bad"}),
    )
    show(
        "another machine of the same VPC",
        account.can(LIST, credentials=stolen, context={**here, "aws:VpcSourceIp": "10.0.9.9"}),
    )
    show("the instance, on the public path", web.can(LIST))
    print("The last line is the price: without a VPC endpoint the instance itself is locked out.")
    print()
    print("Why the laptop is denied:")
    print(account.can(LIST, credentials=stolen).explain())

    role.delete_policy("only-from-the-instance")
    organization = cloud.create_organization(cloud.account("999999999999"))
    organization.add_account(account)
    organization.create_policy("OnlyFromTheInstance", ONLY_FROM_THE_INSTANCE)
    organization.attach_policy(account, "OnlyFromTheInstance")
    print()
    print("The same document as a service control policy, for every instance of the account:")
    show("the instance, through a VPC endpoint", web.can(LIST, context=here))
    show("a laptop far away, with the stolen set", account.can(LIST, credentials=stolen))


if __name__ == "__main__":
    main()
