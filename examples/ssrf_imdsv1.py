"""
F1: a web server that fetches any URL for its users hands out the role's credentials: ``python examples/ssrf_imdsv1.py``.

This is how more than a hundred million people's records were taken in 2019: server-side request forgery (SSRF), two GETs
of version 1 of the metadata service, and a role that could list and read every bucket. All here is fake and in one process.
"""

from __future__ import annotations

import json

from ec2roles import Account, Credentials, Instance, Secret

ROLES = "/latest/meta-data/iam/security-credentials/"


def preview(server: Instance, path: str) -> str:
    """The hole: the server fetches what a user asks for, with a plain GET, and shows it."""
    answer = server.metadata.get(path)
    print(f"  GET {path} -> {answer.status}")
    return answer.body


def main() -> None:
    """Steal the credentials and use them elsewhere."""
    account = Account()
    account.s3.create_bucket("customer-records")
    account.console.create_role("demo-WAF-Role", policies=["AmazonS3ReadOnlyAccess"])
    server = account.launch_instance(profile="demo-WAF-Role", http_tokens="optional")

    print("http_tokens=optional: version 1 answers whoever can make the server send a GET.")
    role = preview(server, ROLES)
    document = json.loads(preview(server, ROLES + role))
    stolen = Credentials(
        document["AccessKeyId"], Secret(document["SecretAccessKey"]), session_token=Secret(document["Token"])
    )

    print("From the attacker's own machine, with the stolen credentials:")
    answer = account.call("s3:ListAllMyBuckets", credentials=stolen)
    print(f"  s3:ListAllMyBuckets: {'ALLOWED' if answer.ok else answer.error}")
    print(f"  as {account.sts.get_caller_identity(credentials=stolen).value.arn}")

    print("Detaching the profile does not take them back; they live until they expire:")
    server.detach()
    print(f"  s3:ListAllMyBuckets: {'ALLOWED' if account.can('s3:ListAllMyBuckets', credentials=stolen) else 'denied'}")

    metrics = server.metadata.metrics
    print(f"CloudWatch would have shown it: MetadataNoToken = {metrics.no_token}.")
    print("What helps: http_tokens=required (ssrf_imdsv2.py), and a role that may do less.")


if __name__ == "__main__":
    main()
