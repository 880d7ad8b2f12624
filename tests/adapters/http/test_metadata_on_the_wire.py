"""The metadata service's answers as bytes on a connection, as they were captured."""

from __future__ import annotations

import socket

import pytest

from ec2roles import Account
from helpers.served import served

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t\t "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>404 - Not Found</title>
 </head>
 <body>
  <h1>404 - Not Found</h1>
 </body>
</html>
"""


def sent(port: int, request: str) -> str:
    """All that comes back on a connection until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        found = b""
        while more := connection.recv(65_536):
            found += more
    return found.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("request_line", "token", "answer"),
    [
        (
            "GET /latest/meta-data/iam/security-credentials",
            True,
            (
                f"HTTP/1.1 404 Not Found\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\nContent-Type: text/html\n"
                f"Content-Length: 339\nDate: {DATE}\nServer: EC2ws\nConnection: close\n\n{PAGE}"
            ),
        ),
        (
            "HEAD /nowhere",
            False,
            (
                f"HTTP/1.1 404 Not Found\nContent-Type: text/html\nContent-Length: 339\nDate: {DATE}\nServer: EC2ws\n"
                "Connection: close\n\n"
            ),
        ),
        (
            "GET /latest/api/token",
            False,
            (
                f"HTTP/1.1 405 Not Allowed\nAllow: OPTIONS, PUT\nContent-Type: text/plain\nContent-Length: 0\nDate: {DATE}\n"
                "Server: EC2ws\nConnection: close\n\n"
            ),
        ),
        (
            "OPTIONS /latest/api/token",
            False,
            (
                f"HTTP/1.1 200 OK\nAllow: OPTIONS, PUT\nContent-Type: text/plain\nContent-Length: 0\nDate: {DATE}\n"
                "Server: EC2ws\nConnection: close\n\n"
            ),
        ),
        (
            "GET /latest/meta-data/placement/region",
            True,
            (
                f"HTTP/1.1 200 OK\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\nContent-Type: text/plain\nAccept-Ranges: none\n"
                f"Last-Modified: {DATE}\nContent-Length: 9\nDate: {DATE}\nServer: EC2ws\nConnection: close\n\nus-east-1"
            ),
        ),
    ],
)
def test_an_answer_is_what_was_captured_and_ends_its_connection(request_line: str, token: bool, answer: str) -> None:
    """smithy-rs's aws-config test data (2021), and curl's of 2020 to 2024."""
    account = Account()
    web = account.launch_instance()
    header = ""
    if token:
        header = f"X-aws-ec2-metadata-token: {web.metadata.put('/latest/api/token', {TTL: '21600'}).body}\n"
    method, path = request_line.split()
    with served(account) as server:
        found = sent(server.server_port, f"{method} /{web.instance_id}{path} HTTP/1.1\nHost: localhost\n{header}\n")

    assert found == answer


def test_a_token_comes_with_its_life_and_without_ranges() -> None:
    account = Account()
    web = account.launch_instance()
    with served(account) as server:
        request = f"PUT /{web.instance_id}/latest/api/token HTTP/1.1\nHost: localhost\nContent-Length: 0\n{TTL}: 60\n\n"
        head, _, token = sent(server.server_port, request).partition("\n\n")

    assert head.split("\n") == [
        "HTTP/1.1 200 OK",
        "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 60",
        "Content-Type: text/plain",
        "Content-Length: 56",
        f"Date: {DATE}",
        "Server: EC2ws",
        "Connection: close",
    ]
    assert token == web.metadata.put("/latest/api/token", {TTL: "60"}).body
