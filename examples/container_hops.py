"""
F4: a container asks for the instance's credentials: ``python examples/container_hops.py``.

A container behind a bridge is one hop further away. The answer to the token request dies after as many hops as the hop
limit says: it is not refused, it never arrives.
"""

from __future__ import annotations

from ec2roles import Account

TOKEN = "/latest/api/token"
LIFETIME = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}


def main() -> None:
    """Ask from a container, under each combination of options."""
    account = Account()
    account.console.create_role("node", policies=["AmazonS3ReadOnlyAccess"])
    instance = account.launch_instance(profile="node")
    container = instance.container(extra_hops=1)

    for tokens, limit in (("optional", 1), ("required", 1), ("required", 2)):
        instance.modify_metadata_options(http_tokens=tokens, http_put_response_hop_limit=limit)
        answer = container.metadata.put(TOKEN, LIFETIME)
        v1 = container.metadata.get("/latest/meta-data/iam/security-credentials/node")
        call = container.call("s3:ListAllMyBuckets")
        print(f"http_tokens={tokens}, hop limit {limit}:")
        print(f"  PUT {TOKEN} -> {'no answer, it times out' if answer.timed_out else answer.status}")
        print(f"  GET without a token -> {v1.status}")
        if call.error is None:
            print("  an SDK in the container: ALLOWED")
        else:
            print(f"  an SDK in the container: {call.error.code}")
            print(f"    because {call.error.detail}")

    print(
        "The hop limit alone stops nothing while version 1 answers: an SDK that waits in vain goes on without a token."
    )
    instance.modify_metadata_options(http_tokens="optional", http_put_response_hop_limit=1)
    container.chain.export("AWS_EC2_METADATA_V1_DISABLED", "true")
    print(f"  unless it is told not to: {container.call('s3:ListAllMyBuckets').error}")

    print("What it does NOT stop: a container on the host's network is no hop away.")
    instance.modify_metadata_options(http_tokens="required", http_put_response_hop_limit=1)
    print(f"  there: {'ALLOWED' if instance.container(extra_hops=0).call('s3:ListAllMyBuckets') else 'denied'}")
    print("And where the limit is 2, as AL2023's images set it, every container may take the instance's role.")


if __name__ == "__main__":
    main()
