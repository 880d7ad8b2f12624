"""
The confused deputy among AWS's own services: ``python examples/service_confused_deputy.py``.

A role that trusts ``config.amazonaws.com`` trusts the whole service, and the service works for everybody. What it does it does
on behalf of a resource in an account, and says so: ``aws:SourceArn``, ``aws:SourceAccount``. A trust policy should ask.
"""

from __future__ import annotations

from ec2roles import Account, Response, TrustPolicy

SERVICE = "config.amazonaws.com"
OWN, ATTACKER = "111122223333", "444455556666"
MINE = f"arn:aws:config:us-east-1:{OWN}:config-rule/config-rule-8fngan"
OTHER_OF_MINE = f"arn:aws:config:us-east-1:{OWN}:config-rule/config-rule-lxqz1m"
THEIRS = f"arn:aws:config:us-east-1:{ATTACKER}:config-rule/config-rule-evil99"


def show(what: str, response: Response) -> None:
    """Print what came of a call."""
    print(f"  {what:<58} {response.error.code if response.error else 'credentials'}")


def main() -> None:
    """Let the service work for its owner, and for somebody else."""
    account = Account(OWN)
    role = account.create_role("ForConfig", trust=TrustPolicy.service(SERVICE))
    service = account.service(SERVICE)

    def try_all() -> None:
        show("for the owner's rule", service.assume_role(role, source_arn=MINE, source_account=OWN))
        show("for another rule of the owner", service.assume_role(role, source_arn=OTHER_OF_MINE, source_account=OWN))
        show("for the attacker's rule", service.assume_role(role, source_arn=THEIRS, source_account=ATTACKER))
        show("without saying for whom", service.assume_role(role))

    print("The role trusts the service, and nothing more is asked:")
    try_all()
    print("The attacker has told the service to use the role of somebody else. The service is the deputy.")

    print("\nThe role asks for the account, aws:SourceAccount:")
    role.update_trust(TrustPolicy.service(SERVICE, condition={"StringEquals": {"aws:SourceAccount": OWN}}))
    try_all()

    print("\nThe role asks for the very rule, aws:SourceArn, as well:")
    condition = {"StringEquals": {"aws:SourceAccount": OWN}, "ArnLike": {"aws:SourceArn": MINE}}
    role.update_trust(TrustPolicy.service(SERVICE, condition=condition))
    try_all()

    print("\nEC2, by contrast, assumes the role of an instance profile for the account's own instances alone.")
    print("Whether it says for which is not documented, so here it does not, and the same condition locks it out:")
    guarded = TrustPolicy.service("ec2.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": OWN}})
    for service_context in (None, {"aws:SourceAccount": OWN}):
        account = Account(OWN, service_context=service_context)
        account.create_instance_profile("web").add_role(account.create_role("web", trust=guarded))
        web = account.launch_instance("web")
        print(f"  service_context={service_context}: {'credentials' if web.metadata.credentials() else 'none'}")


if __name__ == "__main__":
    main()
