"""Signatures: what botocore signs is verified, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from ec2roles.adapters.aws import chunked as aws_chunked
from ec2roles.adapters.aws.signature import Reached, Signature, read_signature
from ec2roles.adapters.aws.sigv4 import Verifier
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.errors import AwsError
from ec2roles.secret import Secret
from helpers.signing import KEY, SECRET, SERVICES, TOKEN, random_request

NOW = datetime.now(timezone.utc)


def verify(request: RawRequest, *, secret: str = SECRET, now: datetime | None = None, **options: Any) -> bytes:
    signature = read_signature(request)
    assert signature is not None
    return Verifier(**options).verify(request, signature, Secret(secret), now or datetime.now(timezone.utc))


def refused(request: RawRequest, service: str | None = None, **options: Any) -> AwsError:
    try:
        signature = read_signature(request, None if service is None else Reached(service))
    except AwsError as error:
        return error
    if signature is None:
        return AwsError(code="MissingAuthenticationToken")
    with pytest.raises(AwsError) as caught:
        verify(request, **options)
    return caught.value


@pytest.mark.parametrize("service", SERVICES)
def test_what_botocore_signs_is_verified(service: str) -> None:
    """A hundred requests for each of ten services, some presigned, some without a token."""
    for seed in range(100):
        request = random_request(seed, service, presigned=seed % 3 == 0, token=seed % 5 != 0)
        assert verify(request) == request.body
        signature = read_signature(request)
        assert signature is not None
        assert (signature.access_key_id, signature.service, signature.region) == (KEY, service, "eu-west-1")
        assert (signature.session_token == Secret(TOKEN)) == (seed % 5 != 0)


def flips(request: RawRequest, rng: random.Random) -> Iterator[RawRequest]:
    """The request with one character changed, in every part of it that is signed."""

    def flip(text: str) -> str:
        at = rng.randrange(len(text))
        return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]

    yield attrs.evolve(request, method=flip(request.method))
    for _ in range(3):
        yield attrs.evolve(request, path=flip(request.path))
        if request.query:
            yield attrs.evolve(request, query=flip(request.query))
    signature = read_signature(request)
    assert signature is not None
    for index, (name, value) in enumerate(request.headers):
        if name in (*signature.signed_headers, "authorization"):
            for changed in ((flip(name), value), (name, flip(value))):
                # White space is trimmed before it is signed.
                if " ".join(changed[1].split()) != " ".join(value.split()) or changed[0] != name:
                    yield attrs.evolve(
                        request, headers=(*request.headers[:index], changed, *request.headers[index + 1 :])
                    )
    # The body of a presigned request to S3 is not signed.
    if not (signature.presigned and signature.service == "s3"):
        body = bytearray(request.body or b"\0")
        body[rng.randrange(len(body))] ^= 1
        yield attrs.evolve(request, body=bytes(body))
        yield attrs.evolve(request, body=request.body + b"x")


@pytest.mark.parametrize("service", SERVICES)
def test_a_flipped_byte_anywhere_is_refused(service: str) -> None:
    count = 0
    for seed in range(12):
        request = random_request(seed, service, presigned=seed % 3 == 0)
        for changed in flips(request, random.Random(seed)):
            refused(changed)
            count += 1
    assert count > 100


def test_another_secret_is_refused_as_each_service_words_it() -> None:
    """docs/fidelity.md, "How each service says no"."""
    for service, code, status in (
        ("sts", "SignatureDoesNotMatch", 403),
        ("s3", "SignatureDoesNotMatch", 403),
        ("ec2", "AuthFailure", 401),
    ):
        error = refused(random_request(1, service), secret="x")
        assert (error.code, error.status) == (code, status)
        assert SECRET not in str(error)
        assert TOKEN not in str(error)


@pytest.mark.parametrize(
    ("service", "minutes", "code", "message"),
    [
        (
            "s3",
            16,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        ("s3", -16, "RequestTimeTooSkewed", "The difference"),
        ("sts", 16, "SignatureDoesNotMatch", "Signature expired: 2"),
        ("sts", -16, "SignatureDoesNotMatch", "Signature not yet current: 2"),
        ("ec2", 16, "RequestExpired", "Request has expired."),
    ],
)
def test_a_request_signed_at_another_time_is_refused(service: str, minutes: int, code: str, message: str) -> None:
    request = random_request(4, service)
    error = refused(request, now=datetime.now(timezone.utc) + timedelta(minutes=minutes))
    assert error.code == code
    assert error.message.startswith(message)
    verify(request, now=datetime.now(timezone.utc) + timedelta(minutes=minutes // 2))
    verify(request, now=datetime.now(timezone.utc) + timedelta(minutes=minutes), max_skew=None)


def test_a_presigned_request_holds_for_as_long_as_it_says() -> None:
    request = random_request(6, "s3", presigned=True)
    signature = read_signature(request)
    assert signature is not None
    assert signature.expires is not None
    made = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    verify(request, now=made + timedelta(seconds=signature.expires))
    error = refused(request, now=made + timedelta(seconds=signature.expires + 1))
    assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")


def header_of(**changes: str) -> RawRequest:
    request = random_request(2, "sts")
    fields = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,]*)", request.header("authorization") or ""))
    fields.update(changes)
    text = "AWS4-HMAC-SHA256 " + ", ".join(f"{name}={value}" for name, value in fields.items() if value)
    return attrs.evolve(
        request, headers=[(name, text if name == "authorization" else value) for name, value in request.headers]
    )


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"Credential": ""}, "IncompleteSignature", "requires 'Credential' parameter"),
        ({"Signature": ""}, "IncompleteSignature", "requires 'Signature' parameter"),
        ({"SignedHeaders": ""}, "IncompleteSignature", "requires 'SignedHeaders' parameter"),
        ({"SignedHeaders": "x-amz-date"}, "SignatureDoesNotMatch", "must be a 'SignedHeader'"),
        ({"Credential": "AKIA"}, "IncompleteSignature", "must have exactly 5 slash-delimited elements"),
        ({"Credential": "A/20200101/r/sts/aws4_request"}, "SignatureDoesNotMatch", "Date in Credential scope"),
        ({"Credential": "A/20200101/r/sts/aws5_request"}, "SignatureDoesNotMatch", "valid terminator"),
        ({"Extra": "1"}, "IncompleteSignature", "not known"),
    ],
)
def test_an_incomplete_signature_says_what_is_missing(changes: dict[str, str], code: str, message: str) -> None:
    error = refused(header_of(**changes), "sts")
    assert (error.code, message in error.message) == (code, True)


def test_a_request_without_a_signature_has_none() -> None:
    assert read_signature(RawRequest("GET", "/")) is None


# -- bodies in chunks ---------------------------------------------------------------------------------------------------

SEED = aws_chunked.Seed(b"key", "0" * 64, "20260101T000000Z", "20260101/us-east-1/s3/aws4_request")
EMPTY = hashlib.sha256(b"").hexdigest()


def chunked(*chunks: bytes, signed: bool = False, trailer: str = "", trailer_signature: bool = False) -> bytes:
    """As AWS's documentation on chunked uploads has it."""
    parts, previous = [], SEED.signature
    for chunk in (*chunks, b""):
        extension = b""
        if signed:
            text = "\n".join(
                ("AWS4-HMAC-SHA256-PAYLOAD", SEED.date, SEED.scope, previous, EMPTY, hashlib.sha256(chunk).hexdigest())
            )
            previous = hmac.new(SEED.key, text.encode(), hashlib.sha256).hexdigest()
            extension = b";chunk-signature=" + previous.encode()
        parts.append(b"%x%s\r\n%s" % (len(chunk), extension, chunk) + (b"\r\n" if chunk else b""))
    body = b"".join(parts)
    if trailer:
        body += trailer.encode() + b"\r\n"
        if trailer_signature:
            name, _, value = trailer.partition(":")
            digest = hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest()
            text = f"AWS4-HMAC-SHA256-TRAILER\n{SEED.date}\n{SEED.scope}\n{previous}\n{digest}"
            signature = hmac.new(SEED.key, text.encode(), hashlib.sha256).hexdigest()
            body += f"x-amz-trailer-signature:{signature}\r\n".encode()
    return body + b"\r\n"


FORMS = {
    aws_chunked.STREAMING_UNSIGNED: chunked(b"hello", b" world", trailer="x-amz-checksum-crc32:DUoRhQ=="),
    aws_chunked.STREAMING_SIGNED: chunked(b"hello", b" world", signed=True),
    aws_chunked.STREAMING_SIGNED_TRAILER: chunked(
        b"hello", b" world", signed=True, trailer="x-amz-checksum-crc32:DUoRhQ==", trailer_signature=True
    ),
}


@pytest.mark.parametrize("marker", FORMS)
def test_a_body_is_taken_out_of_its_chunks(marker: str) -> None:
    assert aws_chunked.decode(FORMS[marker], marker, SEED) == b"hello world"


@pytest.mark.parametrize("marker", FORMS)
def test_a_changed_chunk_is_refused(marker: str) -> None:
    for at in range(len(FORMS[marker]) - 2):
        body = bytearray(FORMS[marker])
        body[at] ^= 1
        try:
            got = aws_chunked.decode(bytes(body), marker, SEED)
        except AwsError:
            continue
        # What is left: a trailer without a name that we know, and a shorter way to write a line's end.
        assert got == b"hello world", at
        assert at > FORMS[marker].rindex(b"\r\n0"), at


@pytest.mark.parametrize(
    "body", [b"", b"5\r\nhel", b"zz\r\n", b"5\r\nhelloXX0\r\n\r\n", b"-1\r\n", b"fffffffff\r\n", b"0"]
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError):
        aws_chunked.decode(body, aws_chunked.STREAMING_UNSIGNED, SEED)


def test_the_keys_derived_from_secrets_are_bounded() -> None:
    verifier = Verifier()
    for number in range(1100):
        signature = Signature("A", "20260101", f"r{number}", "s3", ("host",), "0", "20260101T000000Z")
        assert len(verifier._key(signature, Secret("x"))) == 32
    assert len(verifier._keys) <= 1024
