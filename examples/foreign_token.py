"""
F5: tokens of the metadata service, used wrongly: ``python examples/foreign_token.py``.

A token is good for the instance that got it, for as long as was asked for, and is given at one path alone.
"""

from __future__ import annotations

from ec2roles import Account

TOKEN = "X-aws-ec2-metadata-token"
LIFETIME = "X-aws-ec2-metadata-token-ttl-seconds"
INSTANCE_ID = "/latest/meta-data/instance-id"


def main() -> None:
    """Use a token elsewhere and too late, and ask for impossible ones."""
    account = Account()
    account.console.create_role("app")
    one, other = account.launch_instances(2, profile="app")

    token = one.metadata.put("/latest/api/token", {LIFETIME: "60"}).body
    print("A token of one instance, good for 60 seconds:")
    print(f"  there: {one.metadata.get(INSTANCE_ID, {TOKEN: token}).status}")
    print(f"  on another instance: {other.metadata.get(INSTANCE_ID, {TOKEN: token}).status}")
    print(f"  there without any token: {other.metadata.get(INSTANCE_ID).status}; a bad token is never taken for none")
    account.clock.advance(seconds=60)
    print(f"  a minute later: {one.metadata.get(INSTANCE_ID, {TOKEN: token}).status}")

    print("Asking for a token:")
    for path, lifetime in (
        ("/latest/api/token", "1"),
        ("/latest/api/token", "21600"),
        ("/latest/api/token", "0"),
        ("/latest/api/token", "21601"),
        ("/2021-03-23/api/token", "60"),
        ("/latest/meta-data/", "60"),
    ):
        print(f"  PUT {path} for {lifetime} s -> {one.metadata.put(path, {LIFETIME: lifetime}).status}")

    print("What this does NOT stop: whoever can read a token on the instance can use it on the instance.")
    print("And credentials are not tokens: once read, they work anywhere until they expire.")


if __name__ == "__main__":
    main()
