"""``curl`` on an instance: the metadata service and nothing else."""

from __future__ import annotations

import pytest

from ec2roles.programs.terminal.terminal import Terminal
from helpers.fakes import NOW, FakeMetadata, make_terminal

URL = "http://169.254.169.254/latest/meta-data/"
LISTING = "ami-id\ninstance-id"
HEADERS = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: EC2ws\r\n\r\n"
SEE = "curl: try 'curl --help' or 'curl --manual' for more information\n"
OURS = "ec2roles: from this terminal curl reaches http://169.254.169.254 only\n"


def metadata_of(terminal: Terminal) -> FakeMetadata:
    assert isinstance(terminal.metadata, FakeMetadata)
    return terminal.metadata


def test_the_idiom_of_the_aws_documentation_works() -> None:
    """A token by PUT in backticks, then a GET with it, joined by ``&&``."""
    terminal = make_terminal()
    done = terminal.run(
        'TOKEN=`curl -X PUT "http://169.254.169.254/latest/api/token" '
        '-H "X-aws-ec2-metadata-token-ttl-seconds: 21600"` \\\n'
        '&& curl -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/',
        position=NOW,
    )

    assert (done.stdout, done.stderr, done.exit_code) == (LISTING, "", 0)
    assert metadata_of(terminal).seen == [
        ("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}),
        ("GET", "/latest/meta-data/", {"X-aws-ec2-metadata-token": "AQAEATOKEN=="}),
    ]


def test_a_header_without_a_value_is_not_sent() -> None:
    """So a forgotten TOKEN makes the request one of version 1, not one with a wrong token."""
    terminal = make_terminal()
    terminal.run(f'curl -H "X-aws-ec2-metadata-token: $TOKEN" -H "A;" -H B {URL}', position=NOW)

    assert metadata_of(terminal).seen == [("GET", "/latest/meta-data/", {"A": ""})]


CASES = [
    (f"curl {URL}", LISTING, "", 0),
    ("curl 169.254.169.254:80/latest/meta-data/?a=b", LISTING, "", 0),
    (f"curl -s -i {URL}", HEADERS + LISTING, "", 0),
    (f"curl -si --url {URL} -L --connect-timeout 1 --noproxy '*'", HEADERS + LISTING, "", 0),
    ("curl http://169.254.169.254/nope", "404 - Not Found", "", 0),
    ("curl -f http://169.254.169.254/nope", "", "curl: (22) The requested URL returned error: 404\n", 22),
    ("curl -sf http://169.254.169.254/nope", "", "", 22),
    ("curl -sfS http://169.254.169.254/nope", "", "curl: (22) The requested URL returned error: 404\n", 22),
    (f"curl -H 'X-aws-ec2-metadata-token: old' {URL}", "401 - Unauthorized", "", 0),
    (f"curl -s -o /dev/null -w '%{{http_code}}\\n' {URL}", "200\n", "", 0),
    (
        f"curl -so f -w '%{{response_code}} %{{size_download}} %{{content_type}}%%\\t' {URL}",
        "200 18 text/plain%\t",
        "",
        0,
    ),
    (f"curl -s -w '%{{foo}}' {URL}", LISTING, "curl: unknown --write-out variable: 'foo'\n", 0),
    (f"curl -s {URL} -o f; cat f", LISTING, "", 0),
    (f"curl -s {URL} {URL}", LISTING * 2, "", 0),
    (f"curl {URL} -o ~", "", "curl: (23) Failure writing output to destination\n", 23),
    ("curl http://example.com/", "", f"curl: (6) Could not resolve host: example.com\n{OURS}", 6),
    ("curl -s example.com", "", "", 6),
    ("curl -sS -w '%{http_code}' example.com", "000", f"curl: (6) Could not resolve host: example.com\n{OURS}", 6),
    (
        "curl https://169.254.169.254/",
        "",
        f"curl: (7) Failed to connect to 169.254.169.254 port 443 after 0 ms: Couldn't connect to server\n{OURS}",
        7,
    ),
    ("curl foo://a/", "", f'curl: (1) Protocol "foo" not supported or disabled in libcurl\n{OURS}', 1),
    ("curl 'http://[' -s", "", "", 3),
    ("curl http://", "", f"curl: (3) URL using bad/illegal format or missing URL\n{OURS}", 3),
    ("curl", "", SEE, 2),
    ("curl -X", "", f"curl: option -X: requires parameter\n{SEE}", 2),
    ("curl -m soon x", "", f"curl: option max-time: expected a proper numerical parameter\n{SEE}", 2),
]


@pytest.mark.parametrize(("command", "stdout", "stderr", "exit_code"), CASES)
def test_curl_writes_and_ends_as_the_real_one(command: str, stdout: str, stderr: str, exit_code: int) -> None:
    done = make_terminal().run(command, position=NOW)

    assert (stdout, stderr, exit_code) == (done.stdout, done.stderr, done.exit_code)


@pytest.mark.parametrize(
    ("options", "stderr"),
    [
        ("--max-time 1", "curl: (28) Operation timed out after 1000 milliseconds with 0 bytes received\n"),
        ("-sSm1.5", "curl: (28) Operation timed out after 1500 milliseconds with 0 bytes received\n"),
        ("-s -m 1", ""),
        (
            "",
            (
                "ec2roles: no answer comes, and curl would wait for ever; --max-time 2 limits the wait\n"
                "curl: (28) Operation timed out\n"
            ),
        ),
    ],
)
def test_an_answer_that_never_arrives_ends_with_28(options: str, stderr: str) -> None:
    terminal = make_terminal()
    metadata_of(terminal).reachable = False
    done = terminal.run(f"curl -X PUT {options} -w '%{{http_code}}' 169.254.169.254/latest/api/token", position=NOW)

    assert ("000", stderr, 28) == (done.stdout, done.stderr, done.exit_code)


def test_verbose_shows_both_heads() -> None:
    done = make_terminal().run(f"curl -v -H 'A: b' {URL}", position=NOW)

    assert done.stdout == LISTING
    assert done.stderr == (
        "*   Trying 169.254.169.254:80...\n"
        "* Connected to 169.254.169.254 (169.254.169.254) port 80 (#0)\n"
        "> GET /latest/meta-data/ HTTP/1.1\r\n"
        "> Host: 169.254.169.254\r\n"
        "> User-Agent: curl/7.88.1\r\n"
        "> Accept: */*\r\n"
        "> A: b\r\n"
        "> \r\n"
        "< HTTP/1.1 200 OK\r\n"
        "< Content-Type: text/plain\r\n"
        "< Server: EC2ws\r\n"
        "< \r\n"
        "* Connection #0 to host 169.254.169.254 left intact\n"
    )


@pytest.mark.parametrize("word", ["--foo", "-Z", "-sZ"])
def test_an_unknown_option_is_answered_with_those_that_are_known(word: str) -> None:
    done = make_terminal().run(f"curl {word} {URL}", position=NOW)

    assert (
        f"curl: option {word}: is unknown\n{SEE}ec2roles: the options it knows: -s -S -i -f -v -I -X -H -o -m -w\n"
    ) == done.stderr


def test_any_method_reaches_the_metadata_service() -> None:
    done = make_terminal().run(f"curl -i -X POST {URL}", position=NOW)

    assert done.stdout == "HTTP/1.1 405 Not Allowed\r\nAllow: GET, HEAD\r\n\r\n"


def test_a_head_request_shows_the_headers() -> None:
    done = make_terminal().run(f"curl -I {URL}", position=NOW)

    assert done.stdout == HEADERS
