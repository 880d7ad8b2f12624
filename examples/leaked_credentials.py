"""
Credentials that leaked from an instance work anywhere, unless a policy ties them to it: ``python examples/leaked_credentials.py``.

AWS binds nothing by itself. The deny below compares two keys that are fixed when EC2 issues credentials (`aws:Ec2InstanceSourceVpc`,
`aws:Ec2InstanceSourcePrivateIPv4`) with two that a VPC endpoint adds to each request (`aws:SourceVpc`, `aws:VpcSourceIp`).
"""

from __future__ import annotations

from ec2roles import Account, Decision

LIST = "s3:ListAllMyBuckets"

# Without a VPC endpoint there is no aws:SourceVpc at all: the first statement denies that, the other two deny another place.
ONLY_FROM_THE_INSTANCE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "NotPastTheEndpoint",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Null": {"aws:SourceVpc": "true", "ec2:SourceInstanceARN": "false"}},
        },
        {
            "Sid": "NotFromAnotherVpc",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"},
                "Null": {"ec2:SourceInstanceARN": "false"},
            },
        },
        {
            "Sid": "NotFromAnotherMachine",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {"aws:Ec2InstanceSourcePrivateIPv4": "${aws:VpcSourceIp}"},
                "Null": {"ec2:SourceInstanceARN": "false"},
            },
        },
    ],
}


def show(who: str, decision: Decision) -> None:
    """Print what would come of a call."""
    sids = [statement.sid for _, statement in decision.deciding if statement.sid]
    print(f"  {who:<42} {'allowed' if decision else 'denied':<8} {', '.join(sids)}".rstrip())


def main() -> None:
    """Steal credentials, use them, and stop that."""
    account = Account()
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


if __name__ == "__main__":
    main()
