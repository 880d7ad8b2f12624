"""
Signatures verified: is a request signed with the secret that belongs to its access key?

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import attrs

from ec2roles.adapters.aws import chunked as aws_chunked
from ec2roles.adapters.aws import sigv2, unreadable
from ec2roles.adapters.aws.signature import ALGORITHM, Signature, encoded, not_signed, without_signature
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.authorization.denials import refusal
from ec2roles.errors import AwsError, CredentialError
from ec2roles.instants import EPOCH, UTC, iso
from ec2roles.secret import Secret
from ec2roles.sts.session import Fault

UNSIGNED = "UNSIGNED-PAYLOAD"

_NO_BODY = hashlib.sha256(b"").hexdigest()
_REMEMBERED_KEYS = 1024
_HASH = re.compile(r"[0-9a-f]{64}")
_CANONICAL_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
# What a canonical query string is made of; others are decoded and encoded again.
_CANONICAL_QUERY = re.compile(r"(?:[A-Za-z0-9_.~&=-]|%[0-9A-F]{2})*")
_CONTENT_SHA256 = "x-amz-content-sha256"


@attrs.define(eq=False)
class Verifier:
    """
    Verifies signatures, and remembers the keys it derived from secrets.

    Args:
        max_skew: how far the clock of who signs may be off; None for as far as it likes.
        version_2: whether S3 takes presigned URLs of version 2, in the regions that had it.
    """

    max_skew: timedelta | None = timedelta(minutes=15)
    version_2: bool = True
    _keys: dict[tuple[Secret, str, str, str], bytes] = attrs.field(factory=dict, init=False, repr=False)

    def verify(
        self, request: RawRequest, signature: Signature, secret: Secret, now: datetime, *, bucket: str | None = None
    ) -> bytes:
        """
        Return the body of *request*, taken out of its chunks if it has any, if *signature* is right.

        Args:
            request: as it was sent.
            signature: what `read_signature` found in it.
            secret: the secret access key that belongs to the access key.
            now: what the service's clock shows.
            bucket: S3's bucket, where the host names it and not the path.

        Raises:
            CredentialError: if the signature is another one, or out of date.
            AccessDeniedError: what S3 says of one that is out of date, or leaves a header out.
            AwsError: if the body is not what was signed, or malformed.
        """
        if signature.version == 2:
            return self._verify_2(request, signature, secret, now, bucket)
        _check_time(signature, now, self.max_skew)
        headers = _canonical_headers(request, signature)
        payload, said = self._payload(request, signature)
        canonical = "\n".join(
            (
                request.method,
                canonical_path(request.path, signature.service),
                canonical_query(request.query),
                headers,
                ";".join(signature.signed_headers),
                payload,
            )
        )
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        text = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
        key = self._key(signature, secret)
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.value.encode("utf-8", "replace")):
            raise _does_not_match(signature, text, canonical)
        if said in aws_chunked.STREAMING:
            seed = aws_chunked.Seed(key, signature.value, signature.timestamp, signature.scope)
            return aws_chunked.decode(request.body, said, seed)
        return request.body

    def _verify_2(
        self, request: RawRequest, signature: Signature, secret: Secret, now: datetime, bucket: str | None
    ) -> bytes:
        if not self.version_2 or signature.region not in sigv2.REGIONS:
            raise unreadable.other_mechanism()
        seconds = signature.expires or 0
        if now > EPOCH + timedelta(seconds=seconds):
            raise _expired(seconds, now)
        sent = attrs.evolve(request, headers=without_signature(request, signature).headers)
        text = sigv2.string_to_sign(sent, seconds, bucket)
        if not hmac.compare_digest(sigv2.sign(text, secret).encode(), signature.value.encode("utf-8", "replace")):
            raise _does_not_match(signature, text)
        return request.body

    def _payload(self, request: RawRequest, signature: Signature) -> tuple[str, str]:
        """What stands for the body in what is signed, and what the request says it is."""
        said = request.header(_CONTENT_SHA256)
        s3 = signature.service == "s3"
        if said is None:
            if s3 and signature.presigned:
                return UNSIGNED, UNSIGNED
            if s3:
                raise CredentialError(
                    "Missing required header for this request: x-amz-content-sha256",
                    code="InvalidRequest",
                    status=400,
                )
            return (hashlib.sha256(request.body).hexdigest() if request.body else _NO_BODY), ""
        if said == UNSIGNED or said in aws_chunked.STREAMING:
            return said, said
        if not _HASH.fullmatch(said):
            raise CredentialError(
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.",
                code="InvalidArgument" if s3 else "IncompleteSignature",
                status=400,
            )
        if said != (hashlib.sha256(request.body).hexdigest() if request.body else _NO_BODY):
            if s3:
                raise CredentialError(
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                    code="XAmzContentSHA256Mismatch",
                    status=400,
                )
            raise _does_not_match(signature)
        return said, said

    def _key(self, signature: Signature, secret: Secret) -> bytes:
        wanted = (secret, signature.date, signature.region, signature.service)
        key = self._keys.get(wanted)
        if key is None:
            key = ("AWS4" + secret.reveal()).encode()
            for part in (signature.date, signature.region, signature.service, "aws4_request"):
                key = hmac.new(key, part.encode("utf-8", "replace"), hashlib.sha256).digest()
            if len(self._keys) >= _REMEMBERED_KEYS:
                self._keys.clear()
            self._keys[wanted] = key
        return key


# -- what is signed -----------------------------------------------------------------------------------------------------


def canonical_path(path: str, service: str) -> str:
    """
    Return *path* as it is signed: for S3 encoded once, for others without dots and double slashes, encoded once more.

    >>> canonical_path("/a%20b//../c", "s3"), canonical_path("/a%20b//../c", "lambda")
    ('/a%20b//../c', '/c')
    """
    if path == "/" or not path.startswith("/"):
        return path
    if service == "s3":
        return path if _CANONICAL_PATH.fullmatch(path) else quote(unquote_to_bytes(path), safe="/~")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    normal = "/" + "/".join(parts)
    if path.endswith("/") and parts:
        normal += "/"
    return quote(normal, safe="/~")


def canonical_query(query: str) -> str:
    """
    Return *query* as it is signed: sorted, every name with a value, and without the signature itself.

    >>> canonical_query("b=2&a&X-Amz-Signature=00")
    'a=&b=2'
    """
    if not query:
        return ""
    if _CANONICAL_QUERY.fullmatch(query):
        pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    else:
        pairs = [
            (encoded(name), encoded(value)) for name, _, value in (pair.partition("=") for pair in query.split("&"))
        ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")


def _canonical_headers(request: RawRequest, signature: Signature) -> str:
    values: dict[str, str] = {}
    for name, value in request.headers:
        trimmed = " ".join(value.split())
        values[name] = f"{values[name]},{trimmed}" if name in values else trimmed
    signed = signature.signed_headers
    # A presigned URL was made before it was known what will be sent, so its body's digest may come unsigned.
    free = _CONTENT_SHA256 if signature.presigned else ""
    left = [name for name in values if name.startswith("x-amz-") and name not in signed and name != free]
    if left:
        if signature.service == "s3":
            raise not_signed(sorted(left))
        raise _does_not_match(signature)
    # A signed header that was not sent is signed as an empty one.
    return "".join(f"{name}:{values.get(name, '')}\n" for name in signed)


def _does_not_match(signature: Signature, text: str | None = None, canonical: str | None = None) -> AwsError:
    """Refuse a signature; S3 says what it would have signed."""
    members = None
    if signature.service == "s3" and text is not None:
        members = {
            "AWSAccessKeyId": signature.access_key_id,
            "StringToSign": text,
            "SignatureProvided": signature.value,
            "StringToSignBytes": _bytes_of(text),
        }
        if canonical is not None:
            members |= {"CanonicalRequest": canonical, "CanonicalRequestBytes": _bytes_of(canonical)}
    return refusal(Fault.WRONG_SECRET, signature.service, signature.access_key_id, members=members)


def _bytes_of(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex(" ")


# -- when it was made ---------------------------------------------------------------------------------------------------


def _check_time(signature: Signature, now: datetime, max_skew: timedelta | None) -> None:
    """A signature holds for 15 minutes, and a URL of S3's for as long as it says."""
    made, service = signature.made, signature.service
    early = max_skew is not None and made - now > max_skew
    if signature.expires is not None:
        if (now - made).total_seconds() > signature.expires:
            raise _expired(int((made - EPOCH).total_seconds()) + signature.expires, now, signature.expires)
        if early:
            raise unreadable.refused("Request is not valid yet")
        return
    if max_skew is None or abs(now - made) <= max_skew:
        return
    if service == "s3":
        raise CredentialError(
            "The difference between the request time and the current time is too large.",
            code="RequestTimeTooSkewed",
            status=403,
            detail=f"signed at {signature.timestamp}, and here it is {_basic(now)}",
            members={
                "RequestTime": signature.timestamp,
                "ServerTime": iso(now),
                "MaxAllowedSkewMilliseconds": str(max_skew // timedelta(milliseconds=1)),
            },
        )
    minutes = max_skew // timedelta(minutes=1)
    if early:
        raise unreadable.skewed(
            f"Signature not yet current: {signature.timestamp} is still later than {_moved(now, max_skew)} "
            f"({_basic(now)} + {minutes} min.)",
            service,
        )
    raise unreadable.skewed(
        f"Signature expired: {signature.timestamp} is now earlier than {_moved(now, -max_skew)} "
        f"({_basic(now)} - {minutes} min.)",
        service,
    )


def _expired(until: int, now: datetime, seconds: int | None = None) -> AwsError:
    """S3's word for a URL that is too old."""
    members = {} if seconds is None else {"X-Amz-Expires": str(seconds)}
    end = datetime.max.replace(tzinfo=UTC)
    expires = end if until > (end - EPOCH).total_seconds() else EPOCH + timedelta(seconds=until)
    members |= {"Expires": iso(expires), "ServerTime": iso(now)}
    detail = None if seconds is None else f"it was signed for {seconds} seconds"
    return unreadable.refused("Request has expired", detail=detail, members=members)


def _moved(when: datetime, by: timedelta) -> str:
    """*when* moved, as far as there are dates."""
    end = datetime.max.replace(tzinfo=UTC) if by > timedelta() else datetime.min.replace(tzinfo=UTC)
    return _basic(when + by if abs(end - when) > abs(by) else end)


def _basic(when: datetime) -> str:
    return f"{when.year:04d}{when.month:02d}{when.day:02d}T{when.hour:02d}{when.minute:02d}{when.second:02d}Z"
