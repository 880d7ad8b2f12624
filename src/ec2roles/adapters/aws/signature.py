"""What a request says about its signature: in the Authorization header, or in the query of a presigned URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import attrs

from ec2roles.adapters.aws import unreadable
from ec2roles.adapters.aws.unreadable import shown
from ec2roles.adapters.http.raw import RawRequest
from ec2roles.errors import AwsError
from ec2roles.instants import EPOCH, UTC
from ec2roles.secret import Secret

ALGORITHM = "AWS4-HMAC-SHA256"
LONGEST_PRESIGNED = 604_800

_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DAY = re.compile(r"[0-9]{8}")
_COMPONENTS = ("Credential", "Signature", "SignedHeaders")
_USUAL_HEADER = re.compile(
    rf"{ALGORITHM} Credential=(?P<Credential>[^, ]+), ?SignedHeaders=(?P<SignedHeaders>[^, ]+), ?"
    r"Signature=(?P<Signature>[^, ]+)"
)
_CREDENTIAL = re.compile(r"Credential=([^,\s]*)")
_FIELDS = ("Algorithm", "Credential", "Date", "SignedHeaders", "Signature")
_OF_VERSION_4 = ("X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Credential")
_OF_VERSION_2 = ("AWSAccessKeyId", "Signature")
_SIGNED_URL = re.compile("X-Amz-(?:Algorithm|Signature|Credential)|AWSAccessKeyId|Signature")
# What a presigned URL says of its signature. All else in it that begins with x-amz- stands for a header.
_AUTHENTICATION = {
    4: frozenset(f"x-amz-{name.lower()}" for name in (*_FIELDS, "Expires", "Security-Token")),
    2: frozenset(("awsaccesskeyid", "signature", "expires")),
}
_HEADERS_IN_URLS_2 = ("content-md5", "content-type")


@attrs.frozen(eq=False)
class Signature:
    """
    What a request says about its signature.

    Args:
        access_key_id: whose it is said to be.
        date, region, service: the credential scope; *date* is ``20260101``.
        signed_headers: the names of the headers that are signed; of version 2, which signs what it finds, none.
        value: the signature: 64 hexadecimal digits, of version 2 base64.
        timestamp: when it was made, ``20260101T000000Z``; of version 2, which does not say it, empty.
        session_token: what was sent with it, or None.
        expires: for how many seconds it holds, of version 2 until which second since 1970; None where the service says it.
        presigned: whether it is in the query.
        version: 4 or 2.
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
    presigned: bool = False
    version: int = 4

    @property
    def scope(self) -> str:
        """The credential scope without the access key id."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    @property
    def made(self) -> datetime:
        """
        When it was made.

        Raises:
            AwsError: for digits that are no date, as the service words it.
        """
        # Not strptime, which takes as long as all the rest of a verification.
        text = self.timestamp
        try:
            return datetime(
                int(text[:4]),
                int(text[4:6]),
                int(text[6:8]),
                int(text[9:11]),
                int(text[11:13]),
                int(text[13:15]),
                tzinfo=UTC,
            )
        except ValueError:
            raise _no_date(text, self.service, self.presigned) from None


@attrs.frozen
class Reached:
    """
    Which service's endpoint a request has reached.

    Args:
        service: what it signs as; where one address serves all, what the request itself says.
        region: where it is, if the address tells.
    """

    service: str
    region: str | None = None


def read_signature(request: RawRequest, reached: Reached | None = None) -> Signature | None:
    """
    Return what *request* says about its signature, or None if it has none.

    >>> scope = "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request"
    >>> header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={64 * '0'}"
    >>> headers = [("Host", "localhost"), ("X-Amz-Date", "20260101T000000Z"), ("Authorization", header)]
    >>> read_signature(RawRequest("GET", "/photos", headers=headers)).access_key_id
    'AKIAIOSFODNN7EXAMPLE'

    Args:
        request: as it was sent.
        reached: the endpoint that it was sent to; by default that of the service in its credential scope, or of S3.

    Raises:
        CredentialError: if it is incomplete, malformed or for something else, as the service words it.
        AccessDeniedError: S3's word for some of that.
    """
    if reached is None:
        reached = Reached(said_service(request) or "s3")
    header = request.header("authorization")
    if _SIGNED_URL.search(request.query) is None:
        return None if header is None else _from_header(header, request, reached)
    pairs = pairs_of(request.query)
    fourth = any(name in pairs for name in _OF_VERSION_4)
    second = reached.service == "s3" and any(name in pairs for name in _OF_VERSION_2)
    if reached.service == "s3" and (header is not None) + fourth + second > 1:
        raise unreadable.two_mechanisms(header or pairs.get("Signature", ""))
    if header is not None:
        return _from_header(header, request, reached)
    if fourth:
        return _from_query(pairs, reached)
    return _of_version_2(pairs, reached) if second else None


def said_service(request: RawRequest) -> str | None:
    """Return the service in the credential scope, or None where there is none that can be read."""
    found = _CREDENTIAL.search(request.header("authorization") or "")
    if found is not None:
        credential = found[1]
    else:
        credential = pairs_of(request.query).get("X-Amz-Credential", "") if "X-Amz-Credential" in request.query else ""
    parts = credential.rsplit("/", 4)
    return parts[-2] or None if len(parts) == 5 else None


def without_signature(request: RawRequest, signature: Signature) -> RawRequest:
    """
    Return what is left of a presigned *request*: what stands for a header becomes one, and the signature goes.

    boto3 puts metadata into the query of URLs of version 2, AWS's SDK for JavaScript into that of version 4; S3 reads them as
    the headers that they stand for.

    Args:
        request: as it was sent.
        signature: what `read_signature` found in it.
    """
    if not signature.presigned:
        return request
    rest, headers = [], []
    known = {name for name, _ in request.headers}
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        lower = decoded(name).lower()
        if lower in _AUTHENTICATION[signature.version]:
            continue
        if lower.startswith("x-amz-") or (signature.version == 2 and lower in _HEADERS_IN_URLS_2):
            headers += [(lower, decoded(value))] if lower not in known else []
        else:
            rest.append(pair)
    return attrs.evolve(request, query="&".join(rest), headers=(*request.headers, *headers))


def pairs_of(query: str) -> dict[str, str]:
    """Return the parts of *query*, decoded; of two of one name the last."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return {decoded(name): decoded(value) for name, _, value in pairs}


def decoded(text: str) -> str:
    """Return a part of a query without percent signs; what is no UTF-8 is replaced."""
    return unquote_to_bytes(text).decode("utf-8", "replace")


def encoded(text: str) -> str:
    """Return a part of a query as it is signed."""
    return quote(unquote_to_bytes(text), safe="-_.~")


# -- where it stands ----------------------------------------------------------------------------------------------------


def _from_header(header: str, request: RawRequest, reached: Reached) -> Signature:
    usual = _USUAL_HEADER.fullmatch(header)
    fields = _components(header, reached.service) if usual is None else usual.groupdict()
    timestamp = request.header("x-amz-date") or request.header("date")
    if timestamp is None and reached.service == "s3":
        raise unreadable.refused("AWS authentication requires a valid Date or x-amz-date header")
    if timestamp is None:
        raise unreadable.incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
            f"Authorization={ALGORITHM}",
            reached.service,
        )
    return _signature(fields, timestamp, request.header("x-amz-security-token"), reached)


def _components(header: str, service: str) -> dict[str, str]:
    """The three parts of an Authorization header, in any order and with any blanks."""
    s3 = service == "s3"
    algorithm, _, rest = header.strip().partition(" ")
    if s3 and algorithm == "AWS":
        raise unreadable.other_mechanism()
    if s3 and not rest:
        raise unreadable.wrong_authorization(
            "Authorization header is invalid -- one and only one ' ' (space) required", header
        )
    if algorithm != ALGORITHM:
        if s3:
            raise unreadable.wrong_authorization("Unsupported Authorization Type", header)
        raise unreadable.incomplete(f"Unsupported AWS 'algorithm': '{shown(algorithm)}'.", service)
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.strip().partition("=")
        fields[name] = value
    missing = [name for name in _COMPONENTS if not fields.get(name)]
    if s3 and (missing or len(fields) > len(_COMPONENTS)):
        raise unreadable.malformed_header(
            "the authorization header requires three components: Credential, SignedHeaders, and Signature."
        )
    if missing:
        listed = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise unreadable.incomplete(f"{listed} Authorization={algorithm}", service)
    if len(fields) > len(_COMPONENTS):
        raise unreadable.incomplete("Authorization header has a parameter that is not known.", service)
    return fields


def _from_query(pairs: Mapping[str, str], reached: Reached) -> Signature:
    s3 = reached.service == "s3"
    fields = {name: pairs.get(f"X-Amz-{name}", "") for name in _FIELDS}
    # Only S3 lets a URL hold for as long as it says.
    expires = pairs.get("X-Amz-Expires", "") if s3 else None
    if not all(fields.values()) or expires == "":
        message = (
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
        raise unreadable.malformed_query(message) if s3 else _missing_in_query(fields, reached.service)
    if fields["Algorithm"] != ALGORITHM:
        if s3:
            raise unreadable.malformed_query(
                'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
            )
        raise unreadable.incomplete(f"Unsupported AWS 'algorithm': '{shown(fields['Algorithm'])}'.", reached.service)
    seconds = None if expires is None else _seconds(expires)
    return _signature(fields, fields["Date"], pairs.get("X-Amz-Security-Token"), reached, expires=seconds, query=True)


def _missing_in_query(fields: Mapping[str, str], service: str) -> AwsError:
    missing = [
        f"AWS query-string parameters must include 'X-Amz-{name}'." for name, value in fields.items() if not value
    ]
    return unreadable.incomplete(" ".join(missing) + " Re-examine the query-string parameters.", service)


def _seconds(expires: str) -> int:
    digits = expires.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        raise unreadable.malformed_query("X-Amz-Expires should be a number")
    if expires != digits and digits.strip("0"):
        raise unreadable.malformed_query("X-Amz-Expires must be non-negative")
    if len(digits.lstrip("0")) > 6 or int(digits) > LONGEST_PRESIGNED:
        raise unreadable.malformed_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{LONGEST_PRESIGNED} seconds"
        )
    return int(digits)


def _of_version_2(pairs: Mapping[str, str], reached: Reached) -> Signature:
    key, value, expires = (pairs.get(name, "") for name in (*_OF_VERSION_2, "Expires"))
    if not (key and value and expires):
        raise unreadable.refused(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        )
    latest = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
    if not (expires.isascii() and expires.isdigit() and len(expires) <= len(str(latest)) and int(expires) <= latest):
        raise unreadable.refused(f"Invalid date (should be seconds since epoch): {shown(expires)}")
    token = pairs.get("x-amz-security-token")
    return Signature(
        key,
        "",
        reached.region or "us-east-1",
        "s3",
        (),
        value,
        "",
        None if token is None else Secret(token),
        int(expires),
        presigned=True,
        version=2,
    )


# -- what it says -------------------------------------------------------------------------------------------------------


def _signature(
    fields: Mapping[str, str],
    timestamp: str,
    token: str | None,
    reached: Reached,
    *,
    expires: int | None = None,
    query: bool = False,
) -> Signature:
    service = reached.service
    read = _scope_of_s3 if service == "s3" else _scope
    key_id, date, region = read(fields["Credential"], timestamp, reached, query)
    signed = tuple(fields["SignedHeaders"].split(";"))
    if "host" not in signed:
        if service == "s3":
            raise not_signed(["host"])
        raise unreadable.wrong_scope(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", service
        )
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
        query,
    )


def not_signed(names: list[str]) -> AwsError:
    """S3 refuses headers that came beside those that are signed."""
    listed = ", ".join(names)
    return unreadable.refused(
        "There were headers present in the request which were not signed",
        detail=f"'{listed}'",
        members={"HeadersNotSigned": listed},
    )


def _no_date(timestamp: str, service: str, query: bool) -> AwsError:
    if service != "s3":
        return unreadable.incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{shown(timestamp)}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601",
            service,
        )
    if query:
        return unreadable.malformed_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    return unreadable.refused("AWS authentication requires a valid Date or x-amz-date header")


def _scope(credential: str, timestamp: str, reached: Reached, query: bool) -> tuple[str, str, str]:
    """The key, the day and the region of a credential, as every service but S3 reads it."""
    service = reached.service
    scope = credential.rsplit("/", 4)
    if len(scope) != 5 or not all(scope):
        raise unreadable.incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{shown(credential)}'.",
            service,
        )
    key_id, date, region, said, terminator = scope
    if terminator != "aws4_request":
        raise unreadable.wrong_scope(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{shown(terminator)}'.", service
        )
    if not _DATE.fullmatch(timestamp):
        raise _no_date(timestamp, service, query)
    if timestamp[:8] != date:
        raise unreadable.wrong_scope(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{shown(date)}' != '{timestamp[:8]}', from '{timestamp}'.",
            service,
        )
    if said != service:
        raise unreadable.wrong_scope(f"Credential should be scoped to correct service: '{service}'.", service)
    if reached.region not in (None, region):
        raise unreadable.wrong_scope("Credential should be scoped to a valid region.", service)
    return key_id, date, region


def _scope_of_s3(credential: str, timestamp: str, reached: Reached, query: bool) -> tuple[str, str, str]:
    """The same as S3 reads it, and words it."""

    def malformed(reason: str, **members: str) -> AwsError:
        return unreadable.malformed_credential(reason, query=query, members=members)

    scope = credential.rsplit("/", 4)
    if len(scope) != 5 or not all(scope[1:]):
        raise malformed('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
    key_id, date, region, service, terminator = scope
    if not key_id:
        raise malformed("a non-empty Access Key (AKID) must be provided in the credential.")
    if date != timestamp[:8] and not _DAY.fullmatch(date):
        raise malformed(
            f'incorrect date format "{shown(date)}". This date in the credential must be in the format "yyyyMMdd".'
        )
    if service != "s3":
        raise malformed(f'incorrect service "{shown(service)}". This endpoint belongs to "s3".')
    if terminator != "aws4_request":
        raise malformed(f'incorrect terminal "{shown(terminator)}". This endpoint uses "aws4_request".')
    if not _DATE.fullmatch(timestamp):
        raise _no_date(timestamp, "s3", query)
    if timestamp[:8] != date:
        raise malformed(
            f'Invalid credential date "{date}". This date is not the same as X-Amz-Date: "{timestamp[:8]}".'
        )
    if reached.region is not None and region != reached.region:
        raise malformed(f"the region '{shown(region)}' is wrong; expecting '{reached.region}'", Region=reached.region)
    return key_id, date, region
