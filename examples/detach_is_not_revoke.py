"""Taking the role off an instance does not disarm what was issued: ``python examples/detach_is_not_revoke.py``."""

from __future__ import annotations

from ec2roles import Account

LIST = "s3:ListAllMyBuckets"


def main() -> None:
    """Detach, replace, terminate; and only then the two things that help."""
    account = Account()
    for name in ("web", "other"):
        account.console.create_role(name, policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance(profile="web")
    stolen = web.metadata.credentials()

    def show(done: str) -> None:
        response = account.call(LIST, credentials=stolen)
        has = web.metadata.credentials()
        metadata = "nothing" if has is None else "the stolen set" if has == stolen else "another set"
        print(f"{done:<36} stolen set: {response.error.code if response.error else 'works':<14} metadata: {metadata}")

    show("the set has leaked")
    web.detach()
    show("the profile is detached")
    web.attach("other")
    show("another profile is attached")
    web.terminate()
    show("the instance is terminated")
    account.clock.advance(hours=5, minutes=59)
    show("five hours and 59 minutes later")
    account.clock.advance(minutes=1)
    show("six hours after the issue")

    print("\nWhat helps at once is a policy, for credentials carry identity and no permissions:")
    web = account.launch_instance(profile="web")
    stolen = web.metadata.credentials()
    show("the set of a new instance has leaked")
    account.roles["web"].detach_policy("AmazonS3ReadOnlyAccess")
    show("the policy is taken from the role")


if __name__ == "__main__":
    main()
