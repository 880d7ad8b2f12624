"""
F2: the same hole, with tokens required: ``python examples/ssrf_imdsv2.py``.

Version 2 of the metadata service wants a token, which is got with a PUT and a header. A hole that only sends GETs gets
nothing. A hole that can send any method and any header still gets everything.
"""

from __future__ import annotations

from ec2roles import Account

ROLES = "/latest/meta-data/iam/security-credentials/"


def main() -> None:
    """Try a GET alone, then a whole request."""
    account = Account()
    account.console.create_role("demo-WAF-Role", policies=["AmazonS3ReadOnlyAccess"])
    server = account.launch_instance(profile="demo-WAF-Role", http_tokens="required")
    secrets = server.metadata.credentials()
    assert secrets is not None

    print("http_tokens=required, and a hole that sends GETs to any URL:")
    for path in (ROLES, ROLES + "demo-WAF-Role", "/latest/meta-data/", "/"):
        answer = server.metadata.get(path)
        leaked = secrets.access_key_id in answer.body or secrets.secret_access_key.reveal() in answer.body
        print(f"  GET {path} -> {answer.status}, secrets in the answer: {'YES' if leaked else 'none'}")

    print("A hole that also chooses the method, but no headers:")
    print(f"  PUT /latest/api/token -> {server.metadata.put('/latest/api/token').status}, the lifetime is missing")

    print("What version 2 does NOT stop: a hole that chooses the method and the headers, or code run on the server.")
    token = server.metadata.put("/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    print(f"  PUT /latest/api/token with the header -> {token.status}")
    answer = server.metadata.get(ROLES + "demo-WAF-Role", {"X-aws-ec2-metadata-token": token.body})
    leaked = secrets.access_key_id in answer.body
    print(f"  GET {ROLES}demo-WAF-Role -> {answer.status}, secrets in the answer: {'YES' if leaked else 'none'}")

    print("Nor does it stop the use of credentials that were stolen otherwise: they work from anywhere.")
    elsewhere = account.can("s3:ListAllMyBuckets", credentials=secrets, context={"aws:SourceIp": "203.0.113.66"})
    print(f"  s3:ListAllMyBuckets from 203.0.113.66: {'ALLOWED' if elsewhere else 'denied'}")


if __name__ == "__main__":
    main()
