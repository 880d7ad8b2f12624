"""
The confused deputy, and the external id that helps: ``python examples/confused_deputy.py``.

A vendor works for many customers, each of whom lets the vendor's account assume a role. A customer who names another customer's
role makes the vendor work there, unless that role's trust policy asks for an id that the vendor has given to its owner alone.
"""

from __future__ import annotations

from ec2roles import Cloud, Response, TrustPolicy

VENDOR, VICTIM = "111122223333", "444455556666"


def show(what: str, response: Response) -> None:
    """Print what came of a call."""
    print(f"  {what:<58} {response.error.code if response.error else 'credentials'}")


def main() -> None:
    """Ask the vendor to work on somebody else's account."""
    cloud = Cloud()
    vendor, victim = cloud.account(VENDOR), cloud.account(VICTIM)
    service = vendor.create_user("reports")
    service.put_policy(
        "assume",
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/ForVendor"},
        },
    )
    key = service.create_access_key()
    role = victim.create_role("ForVendor", trust=TrustPolicy.account(VENDOR))

    print("The victim's role trusts the vendor's account, and nothing more is asked:")
    show("the vendor works for the victim", vendor.sts.assume_role(role, "for-victim", credentials=key))
    show(
        "the attacker names the victim's role, the vendor obeys",
        vendor.sts.assume_role(role, "for-attacker", credentials=key),
    )
    print("The vendor is the deputy: it may assume the role, and cannot tell for whom.")

    role.update_trust(TrustPolicy.account(VENDOR, condition={"StringEquals": {"sts:ExternalId": "victim-7f3a"}}))
    print("\nThe role asks for the id that the vendor gave to the victim:")
    show(
        "the vendor works for the victim, id victim-7f3a",
        vendor.sts.assume_role(role, "for-victim", credentials=key, external_id="victim-7f3a"),
    )
    show(
        "the attacker's order carries the attacker's id",
        vendor.sts.assume_role(role, "for-attacker", credentials=key, external_id="attacker-0001"),
    )
    show("an order without any id", vendor.sts.assume_role(role, "for-attacker", credentials=key))
    print()
    asked = vendor.can("sts:AssumeRole", role.arn, credentials=key, external_id="attacker-0001")
    print(asked.explain())


if __name__ == "__main__":
    main()
