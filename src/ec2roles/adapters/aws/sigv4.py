"""AWS Signature Version 4: is a request signed with the secret that belongs to its access key? (imds E.6)"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import attrs

from ec2roles.adapters.aws import chunked as aws_chunked
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.authorization.denials import refusal
from ec2roles.errors import AccessDeniedError, AwsError, CredentialError
from ec2roles.instants import UTC
from ec2roles.secret import Secret
from ec2roles.sts.session import Fault

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
LONGEST_PRESIGNED = 604_800

_NO_BODY = hashlib.sha256(b"").hexdigest()
_REMEMBERED_KEYS = 1024
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_CANONICAL_PATH = re.compile(r"[A-Za-z0-9_.~/-]*")
# What a canonical query string is made of; others are decoded and encoded again.
_CANONICAL_QUERY = re.compile(r"(?:[A-Za-z0-9_.~&=-]|%[0-9A-F]{2})*")
_QUERY_FIELDS = ("Algorithm", "Credential", "Date", "SignedHeaders", "Signature")


@attrs.frozen(eq=False)
class Signature:
    """
    What a request says about its signature.

    Args:
        access_key_id: whose it is said to be.
        date, region, service: the credential scope; *date* is ``20260101``.
        signed_headers: the names of the headers that are signed.
        value: the signature, 64 hexadecimal digits.
        timestamp: when it was made, ``20260101T000000Z``.
        session_token: what was sent with it, or None.
        expires: for how many seconds it holds; None where it is in the header and not in the query.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...] = attrs.field(repr=False)
    value: str = attrs.field(repr=False)
    timestamp: str
    session_token: Secret | None = None
    expires: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope without the access key id."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def presigned(self) -> bool:
        """Whether it is in the query."""
        return self.expires is not None


def read_signature(request: RawRequest) -> Signature | None:
    """
    Return what *request* says about its signature, or None if it has none.

    Raises:
        CredentialError: if it is incomplete or malformed, as each service words it.
    """
    header = request.header("authorization")
    if header is not None:
        return _from_header(header, request)
    if "X-Amz-Signature" in request.query or "X-Amz-Algorithm" in request.query:
        return _from_query(_pairs(request.query))
    if "AWSAccessKeyId=" in request.query:
        raise _other_mechanism()
    return None


@attrs.define(eq=False)
class Verifier:
    """
    Verifies signatures, and remembers the keys it derived from secrets.

    Args:
        max_skew: how far the clock of who signs may be off; None for as far as it likes.
    """

    max_skew: timedelta | None = timedelta(minutes=15)
    _keys: dict[tuple[Secret, str, str, str], bytes] = attrs.field(factory=dict, init=False, repr=False)

    def verify(self, request: RawRequest, signature: Signature, secret: Secret, now: datetime) -> bytes:
        """
        Return the body of *request*, taken out of its chunks if it has any, if *signature* is right.

        Args:
            request: as it was sent.
            signature: what `read_signature` found in it.
            secret: the secret access key that belongs to the access key.
            now: what the service's clock shows.

        Raises:
            CredentialError: if the signature is another one, or out of date.
            AwsError: if the body is not what was signed, or malformed.
        """
        _check_time(signature, now, self.max_skew)
        payload, said = self._payload(request, signature)
        canonical = "\n".join(
            (
                request.method,
                canonical_path(request.path, signature.service),
                canonical_query(request.query),
                _canonical_headers(request, signature),
                ";".join(signature.signed_headers),
                payload,
            )
        )
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        text = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
        key = self._key(signature, secret)
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.value.encode("utf-8", "replace")):
            raise refusal(Fault.WRONG_SECRET, signature.service, signature.access_key_id)
        if said in aws_chunked.STREAMING:
            seed = aws_chunked.Seed(key, signature.value, signature.timestamp, signature.scope)
            return aws_chunked.decode(request.body, said, seed)
        return request.body

    def _payload(self, request: RawRequest, signature: Signature) -> tuple[str, str]:
        """What stands for the body in what is signed, and what the request says it is."""
        said = request.header("x-amz-content-sha256")
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
            raise refusal(Fault.WRONG_SECRET, signature.service, signature.access_key_id)
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
            (_encoded(name), _encoded(value)) for name, _, value in (pair.partition("=") for pair in query.split("&"))
        ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "X-Amz-Signature")


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


def _pairs(query: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in query.split("&"))
    return {_decoded(name): _decoded(value) for name, _, value in pairs}


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace")


def _canonical_headers(request: RawRequest, signature: Signature) -> str:
    values: dict[str, str] = {}
    for name, value in request.headers:
        trimmed = " ".join(value.split())
        values[name] = f"{values[name]},{trimmed}" if name in values else trimmed
    signed = signature.signed_headers
    for name in values:
        if name.startswith("x-amz-") and name not in signed:
            if signature.service == "s3":
                raise AccessDeniedError(
                    "There were headers present in the request which were not signed", detail=f"'{name}'"
                )
            raise refusal(Fault.WRONG_SECRET, signature.service, signature.access_key_id)
    # A signed header that was not sent is signed as an empty one.
    return "".join(f"{name}:{values.get(name, '')}\n" for name in signed)


# -- where the signature stands -----------------------------------------------------------------------------------------


def _from_header(header: str, request: RawRequest) -> Signature:
    algorithm, _, rest = header.strip().partition(" ")
    scope_service = ""
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    if "Credential" in fields:
        scope_service = fields["Credential"].rpartition("/")[0].rpartition("/")[2]
    if algorithm != ALGORITHM:
        if scope_service == "s3" or algorithm in ("AWS", "Bearer"):
            raise _other_mechanism()
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm[:64]}'.", scope_service)
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    if missing:
        listed = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _incomplete(f"{listed} Authorization={algorithm}", scope_service)
    if set(fields) - {"Credential", "Signature", "SignedHeaders"}:
        raise _incomplete("Authorization header has a parameter that is not known.", scope_service)
    timestamp = request.header("x-amz-date") or request.header("date")
    if timestamp is None:
        raise _incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            f"Authorization={algorithm}",
            scope_service,
        )
    token = request.header("x-amz-security-token")
    return _signature(fields, timestamp, token, None)


def _from_query(pairs: Mapping[str, str]) -> Signature:
    fields = {name: pairs.get(f"X-Amz-{name}", "") for name in _QUERY_FIELDS}
    service = fields["Credential"].rpartition("/")[0].rpartition("/")[2]
    expires = pairs.get("X-Amz-Expires", "" if service == "s3" else "900")
    if not all(fields.values()) or not expires:
        message = (
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
        raise _query_error(message, service)
    if fields["Algorithm"] != ALGORITHM:
        raise _query_error('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"', service)
    if not expires.isascii() or not expires.isdigit() or len(expires) > 9:
        raise _query_error("X-Amz-Expires should be a number", service)
    if int(expires) > LONGEST_PRESIGNED:
        raise _query_error(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{LONGEST_PRESIGNED} seconds",
            service,
        )
    return _signature(fields, fields["Date"], pairs.get("X-Amz-Security-Token"), int(expires))


def _signature(fields: Mapping[str, str], timestamp: str, token: str | None, expires: int | None) -> Signature:
    scope = fields["Credential"].rsplit("/", 4)
    service = scope[-2] if len(scope) == 5 else ""
    if len(scope) != 5 or not all(scope):
        shown = f"'{fields['Credential'][:128]}'"
        raise _incomplete(
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got {shown}.",
            service,
        )
    key_id, date, region, service, terminator = scope
    if terminator != "aws4_request":
        raise _wrong_scope(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator[:64]}'.", service
        )
    if not _DATE.fullmatch(timestamp):
        raise _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{timestamp[:64]}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601",
            service,
        )
    if timestamp[:8] != date:
        raise _wrong_scope(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date[:64]}' != '{timestamp[:8]}', from '{timestamp}'.",
            service,
        )
    signed = tuple(fields["SignedHeaders"].split(";"))
    if "host" not in signed:
        raise _wrong_scope("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", service)
    return Signature(
        key_id,
        date,
        region,
        service,
        signed,
        fields["Signature"],
        timestamp,
        None if token is None else Secret(token),
        expires,
    )


def _check_time(signature: Signature, now: datetime, max_skew: timedelta | None) -> None:
    """A signature holds for 15 minutes, and one in a query for as long as it says."""
    try:
        # Not strptime, which takes as long as all the rest.
        text = signature.timestamp
        made = datetime(
            int(text[:4]),
            int(text[4:6]),
            int(text[6:8]),
            int(text[9:11]),
            int(text[11:13]),
            int(text[13:15]),
            tzinfo=UTC,
        )
    except ValueError:
        raise _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{signature.timestamp}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601",
            signature.service,
        ) from None
    s3 = signature.service == "s3"
    if signature.expires is not None:
        if now > made + timedelta(seconds=signature.expires):
            if s3:
                raise AccessDeniedError("Request has expired", detail=f"it was signed for {signature.expires} seconds")
            raise _skewed(
                f"Signature expired: {signature.timestamp} is now earlier than "
                f"{_basic(now - timedelta(seconds=signature.expires))} ({_basic(now)} - {signature.expires} s.)",
                signature.service,
            )
        if max_skew is not None and made > now + max_skew:
            if s3:
                raise AccessDeniedError("Request is not valid yet")
            raise _skewed(_not_yet(signature, now, max_skew), signature.service)
        return
    if max_skew is None or abs(now - made) <= max_skew:
        return
    if s3:
        raise CredentialError(
            "The difference between the request time and the current time is too large.",
            code="RequestTimeTooSkewed",
            status=403,
            detail=f"signed at {signature.timestamp}, and here it is {_basic(now)}",
        )
    if made > now:
        raise _skewed(_not_yet(signature, now, max_skew), signature.service)
    raise _skewed(
        f"Signature expired: {signature.timestamp} is now earlier than {_basic(now - max_skew)} "
        f"({_basic(now)} - {max_skew // timedelta(minutes=1)} min.)",
        signature.service,
    )


def _not_yet(signature: Signature, now: datetime, max_skew: timedelta) -> str:
    return (
        f"Signature not yet current: {signature.timestamp} is still later than {_basic(now + max_skew)} "
        f"({_basic(now)} + {max_skew // timedelta(minutes=1)} min.)"
    )


def _basic(when: datetime) -> str:
    return f"{when.year:04d}{when.month:02d}{when.day:02d}T{when.hour:02d}{when.minute:02d}{when.second:02d}Z"


# -- how each service words it ------------------------------------------------------------------------------------------


def _other_mechanism() -> AwsError:
    return CredentialError(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        code="InvalidRequest",
        status=400,
        detail="boto3 and the aws command presign with signature version 2 unless signature_version is s3v4",
    )


def _incomplete(message: str, service: str) -> AwsError:
    if service == "s3":
        return CredentialError(
            f"The authorization header is malformed; {message[:1].lower()}{message[1:]}",
            code="AuthorizationHeaderMalformed",
            status=400,
        )
    if service == "ec2":
        return CredentialError(message, code="AuthFailure", status=401)
    return CredentialError(message, code="IncompleteSignature", status=400)


def _query_error(message: str, service: str) -> AwsError:
    if service == "s3":
        return CredentialError(message, code="AuthorizationQueryParametersError", status=400)
    return _incomplete(message, service)


def _wrong_scope(message: str, service: str) -> AwsError:
    if service in ("s3", "ec2"):
        return _incomplete(message, service)
    return CredentialError(message, code="SignatureDoesNotMatch", status=403)


def _skewed(message: str, service: str) -> AwsError:
    if service == "ec2":
        return CredentialError("Request has expired.", code="RequestExpired", status=400, detail=message)
    return CredentialError(message, code="SignatureDoesNotMatch", status=403)
