"""
What a request of a real client costs. One command: ``python benchmarks/clients.py``.

Each row is measured several times and printed as the median with its bound. Nothing here is a test: machines differ, and a
slow moment is no bug.
"""

from __future__ import annotations

import functools
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from urllib.parse import urlsplit

from lifecycle import ROUNDS, account_with_profile, median, per_call, row

from ec2roles import Instance
from ec2roles.adapters.http.wsgi import metadata_application

TIMES = 5_000
TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
DOCUMENT = "/latest/meta-data/iam/security-credentials/EC2Role"


def instance_and_token() -> tuple[Instance, str]:
    """An instance with the lesson's role, and a token for its metadata."""
    web = account_with_profile().launch_instance("EC2Role")
    return web, web.metadata.put("/latest/api/token", headers={TTL: "21600"}).body


def metadata_get() -> Callable[[], object]:
    """A GET of the role's document, with a token, through the state machine."""
    web, token = instance_and_token()
    metadata, headers = web.metadata, {TOKEN: token}
    assert metadata.get(DOCUMENT, headers).ok
    return lambda: metadata.get(DOCUMENT, headers)


def wsgi_get() -> Callable[[], object]:
    """The same through WSGI, by the name of the instance in the path."""
    web, token = instance_and_token()
    application = metadata_application({web.instance_id: web})
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{web.instance_id}{DOCUMENT}",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_ACCEPT_ENCODING": "identity",
        "HTTP_USER_AGENT": "Boto3/1.43.11 Python/3.12 Botocore/1.43.11",
        "HTTP_X_AWS_EC2_METADATA_TOKEN": token,
    }
    statuses: list[str] = []
    application(environ, lambda status, headers: statuses.append(status))
    assert statuses == ["200 OK"]
    return lambda: application(environ, lambda status, headers: None)


ROWS: tuple[tuple[str, Callable[[], Callable[[], object]], float], ...] = (
    ("metadata: GET of the role's document", metadata_get, 15),
    ("metadata: the same through WSGI", wsgi_get, 60),
)


# -- signatures, `ec2roles serve` and boto3: the extra boto, and moto beside it --------------------------------------------


def signature() -> Callable[[], object]:
    """The verification of a request that botocore signed: PutObject with a body of 1 KiB."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from ec2roles.adapters.aws.signature import read_signature
    from ec2roles.adapters.aws.sigv4 import Verifier
    from ec2roles.adapters.http.raw import RawRequest
    from ec2roles.secret import Secret

    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    body = b"x" * 1024
    request = AWSRequest("PUT", "http://127.0.0.1:8080/photos/cat%20two.jpg", data=body)
    S3SigV4Auth(Credentials("ASIAIOSFODNN7EXAMPLE", secret, "IQoJb3JpZ2lu" * 30), "s3", "us-east-1").add_auth(request)
    headers = (("host", "127.0.0.1:8080"), *((name, str(value)) for name, value in request.prepare().headers.items()))
    raw = RawRequest("PUT", "/photos/cat%20two.jpg", "", headers, body)
    verifier, known, now = Verifier(), Secret(secret), datetime.now(timezone.utc)

    def verify() -> bytes:
        found = read_signature(raw)
        assert found is not None
        return verifier.verify(raw, found, known, now)

    assert verify() == body
    return verify


def served_requests() -> float:
    """Metadata requests a second of ``ec2roles serve``, on a connection that stays open."""
    command = [sys.executable, "-m", "ec2roles", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().partition("=")[2].strip()
        # Its log must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        where = urlsplit(endpoint)
        sent = f"GET {where.path}{DOCUMENT} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
        with socket.create_connection((str(where.hostname), int(where.port or 0))) as connection:
            stream = connection.makefile("rb")

            def get() -> None:
                connection.sendall(sent)
                length = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                assert b"AccessKeyId" in stream.read(length)

            rate = statistics.median(1e6 / per_call(get, 1000) for _ in range(5))
        process.terminate()
        process.wait()
    return rate


def boto_in_process() -> Callable[[], object]:
    """boto3's list_buckets on a simulated instance."""
    from ec2roles.adapters.botocore.session import boto_session

    s3 = boto_session(account_with_profile().launch_instance("EC2Role")).client("s3")
    assert len(s3.list_buckets()["Buckets"]) == 1
    list_buckets: Callable[[], object] = s3.list_buckets
    return list_buckets


def boto_rows() -> None:
    """Print the rows that need the extra boto, and moto's beside ours where moto is there."""
    row("SigV4: one verification", median(functools.partial(per_call, signature(), TIMES)), "us", 60)
    rate = served_requests()
    print(
        f"{'ec2roles serve: metadata requests a second':<58}{rate:>10.0f}   at least 1500   {'ok' if rate >= 1500 else 'UNDER'}"
    )
    ours = boto_in_process()
    try:
        import boto3
        from moto import mock_aws
    except ModuleNotFoundError:
        row("boto3 list_buckets in process", median(functools.partial(per_call, ours, 200)), "us")
        print("moto is not installed: nothing to compare with")
        return
    with mock_aws():
        theirs = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        theirs.create_bucket(Bucket="ac-instance-role-demo")
        assert len(theirs.list_buckets()["Buckets"]) == 1
        # In turn, so that a slow moment of the machine meets both.
        pairs = [(per_call(ours, 200), per_call(theirs.list_buckets, 200)) for _ in range(ROUNDS)]
    own, moto = (statistics.median(column) for column in zip(*pairs, strict=True))
    row("boto3 list_buckets in process, ours", own, "us")
    row("boto3 list_buckets in process, under mock_aws", moto, "us")
    print(
        f"{'moto takes so many times as long':<58}{moto / own:>10.2f}   at least 1   {'ok' if moto >= own else 'UNDER'}"
    )


def main() -> None:
    """Print the table."""
    for what, make, bound in ROWS:
        action = make()
        row(what, median(functools.partial(per_call, action, TIMES)), "us", bound)
    try:
        import botocore  # noqa: F401
    except ModuleNotFoundError:
        print("boto3 is not installed: no rows about it")
        return
    boto_rows()


if __name__ == "__main__":
    main()
