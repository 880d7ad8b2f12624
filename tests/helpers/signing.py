"""Requests signed by botocore, as our own adapters see them."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ec2roles.adapters.http.raw import RawRequest

KEY = "ASIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN+/=="
SERVICES = ("s3", "sts", "iam", "ec2", "dynamodb", "sqs", "lambda", "secretsmanager", "execute-api", "kms")


def sent(prepared: Any, host: str) -> RawRequest:
    """What arrives of a request that botocore has prepared."""
    parts = urlsplit(prepared.url)
    headers = [
        (name, value.decode("latin-1") if isinstance(value, bytes) else value)
        for name, value in prepared.headers.items()
    ]
    body = prepared.body or b""
    return RawRequest(
        prepared.method,
        parts.path or "/",
        parts.query,
        (("Host", host), *headers),
        body.encode() if isinstance(body, str) else bytes(body),
    )


def random_request(seed: int, service: str, *, presigned: bool = False, token: bool = True) -> RawRequest:
    """A request with an odd path, odd query and some body, signed by botocore."""
    rng = random.Random(f"{service} {seed} {presigned}")
    alphabet = "abcXYZ019-_.~ /:+=&%$@!*'()é日,;"

    def text(longest: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))

    host = rng.choice(["127.0.0.1:8080", f"{service}.eu-west-1.amazonaws.com", "localhost:9"])
    # Empty and dotted parts mean something to S3 only, and urllib3 would not send them as they are to others.
    path = "/".join(text(8).replace("/", "x").replace(".", "x") for _ in range(rng.randint(0, 3)))
    if service == "s3" and rng.random() < 0.3:
        path += "//" + text(3).replace(".", "x")
    pairs = [(text(5), rng.choice(["", text(9)])) for _ in range(rng.randint(0, 4))]
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    body = rng.randbytes(rng.randint(1, 300)) if method in ("PUT", "POST") and not presigned else b""
    headers = {"X-Amz-Odd": "  two  words " + text(6).encode("ascii", "ignore").decode(), "Content-Type": "text/x"}
    url = f"http://{host}/{quote(path, safe='/~')}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers=headers if not presigned else {}, data=body)
    credentials = Credentials(KEY, SECRET, TOKEN if token else None)
    if presigned:
        kind = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
        kind(credentials, service, "eu-west-1", expires=rng.randint(1, 604_800)).add_auth(request)
    else:
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        kind(credentials, service, "eu-west-1").add_auth(request)
    return sent(request.prepare(), host)
