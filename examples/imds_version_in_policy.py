"""
Credentials remember through which metadata version they were fetched: ``python examples/imds_version_in_policy.py``.

`ec2:RoleDelivery` is 1.0 or 2.0 in every request that they sign. A deny on it makes what an old SSRF hole gives away useless.
"""

from __future__ import annotations

import json

from ec2roles import Account, Credentials, PermissionPolicy

LIST = "s3:ListAllMyBuckets"
PATH = "/latest/meta-data/iam/security-credentials/web"
DENY_V1 = PermissionPolicy.deny("*", condition={"NumericLessThan": {"ec2:RoleDelivery": "2.0"}})


def fetch(answer: str) -> Credentials:
    """Return the credentials in the body of an answer."""
    document = json.loads(answer)
    return Credentials(document["AccessKeyId"], document["SecretAccessKey"], session_token=document["Token"])


def main() -> None:
    """Fetch twice, use both."""
    account = Account()
    role = account.console.create_role("web", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance(profile="web")

    by_v1 = fetch(web.metadata.get(PATH).body)
    token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}).body
    by_v2 = fetch(web.metadata.get(PATH, headers={"X-aws-ec2-metadata-token": token}).body)
    print(f"fetched with a plain GET:    {by_v1.access_key_id}")
    print(f"fetched with a token:        {by_v2.access_key_id}")
    print("Two sets of credentials of one role, and one instance.")

    for title in ("as it is", "after the deny on ec2:RoleDelivery"):
        print(f"\n{title}:")
        for version, credentials in (("1.0", by_v1), ("2.0", by_v2)):
            response = account.call(LIST, credentials=credentials)
            print(f"  delivered by {version}: {response.error.code if response.error else 'allowed'}")
        role.put_policy("deny-v1", DENY_V1)

    print("\nA program on the instance that uses IMDSv2 notices nothing:", "allowed" if web.call(LIST).ok else "denied")


if __name__ == "__main__":
    main()
