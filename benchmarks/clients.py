"""
What a request of a real client costs. One command: ``python benchmarks/clients.py``.

Each row is measured several times and printed as the median with its bound. Nothing here is a test: machines differ, and a
slow moment is no bug.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from lifecycle import account_with_profile, median, per_call, row

from ec2roles import Instance
from ec2roles.adapters.wsgi import metadata_application

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


def main() -> None:
    """Print the table."""
    for what, make, bound in ROWS:
        action = make()
        row(what, median(functools.partial(per_call, action, TIMES)), "us", bound)


if __name__ == "__main__":
    main()
