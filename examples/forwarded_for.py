"""
F3: an open proxy in front of the metadata service: ``python examples/forwarded_for.py``.

A reverse proxy that forwards anything, wrongly set up, reaches 169.254.169.254 for its users. Most proxies add the header
X-Forwarded-For, and the token request is refused then.
"""

from __future__ import annotations

from ec2roles import Account, Instance, MetadataResponse

TOKEN = "/latest/api/token"
LIFETIME = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
ROLE = "/latest/meta-data/iam/security-credentials/app"


def through_proxy(server: Instance, method: str, path: str, headers: dict[str, str]) -> MetadataResponse:
    """The proxy passes everything on, and says for whom."""
    forwarded = {**headers, "X-Forwarded-For": "198.51.100.7"}
    return server.metadata.put(path, forwarded) if method == "PUT" else server.metadata.get(path, forwarded)


def leaks(answer: MetadataResponse) -> str:
    """Whether there are credentials in an answer."""
    return "CREDENTIALS LEAK" if '"SecretAccessKey"' in answer.body else "no credentials"


def main() -> None:
    """Ask through the proxy, with tokens optional and required."""
    account = Account()
    account.console.create_role("app")
    server = account.launch_instance(profile="app", http_tokens="optional")

    for tokens in ("optional", "required"):
        server.modify_metadata_options(http_tokens=tokens)
        put = through_proxy(server, "PUT", TOKEN, LIFETIME)
        get = through_proxy(server, "GET", ROLE, {})
        print(f"http_tokens={tokens}:")
        print(f"  PUT {TOKEN} with X-Forwarded-For -> {put.status}: version 2 refuses a proxy")
        print(f"  GET {ROLE} with X-Forwarded-For -> {get.status}: {leaks(get)}")

    print("While version 1 is there too, version 2 protects nothing: the proxy's GET needs no token.")
    print("What it does NOT stop: a proxy that adds no such header, or a request forged on the server itself.")
    token = server.metadata.put(TOKEN, LIFETIME).body
    answer = server.metadata.get(ROLE, {"X-aws-ec2-metadata-token": token})
    print(f"  PUT and GET without X-Forwarded-For -> {answer.status}: {leaks(answer)}")


if __name__ == "__main__":
    main()
