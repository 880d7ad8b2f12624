"""Operations with junk in their parameters, drawn from AWS's own shapes; and as real clients sign and send them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import attrs
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.serialize import create_serializer

from ec2roles import Account, Credentials, ManualClock, PermissionPolicy, TrustPolicy
from helpers.served import MODELS
from helpers.worlds import ADMIN, EC2

TEXTS = (
    "", " ", "x", "a\x00b", "\n", "é日", "x" * 300, "0", "-1", "9" * 30, "1e9", "nan", "true", "null", "*", "?", "/", "//",
    "../..", "%2F", "arn:", "arn:aws:iam::1:role/x", "arn:aws:iam::123456789012:role/app", "{", "{}", "[]", '{"Version": 1}',
    '{"Statement": []}', "2026-01-01", "2026-13-45T99:99:99Z", "i-0123456789abcdef0", "AKIAIOSFODNN7EXAMPLE", "<a>", "&", "'",
    "bytes=0-0", "bytes=-0", "W/\"x\"", "\"", ",", "=", "a=b&c", "Thu, 01 Jan 2026 00:00:00 GMT", "9999999999999999999",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**20,
    1.5,
    float("nan"),
    b"\xff\x00",
    [],
    [None],
    ["x"],
    {},
    {"x": 1},
    [[]],
)
SEGMENTS = (
    "zz",
    "1",
    "0",
    "-1",
    "member",
    "member.1",
    "member.1.zz",
    "entry",
    "",
    ".",
    "Key",
    "1.1",
    "99999999",
    "٣",
    "\x00",
)
QUERIES = (
    "max-keys=-1", "max-keys=x", "max-buckets=-1", "max-buckets=0", "list-type=2", "list-type=3", "versionId=", "versionId=null",
    "partNumber=x", "partNumber=0", "encoding-type=x", "continuation-token=", "acl", "policy", "delete", "uploads", "uploadId=x",
    "location", "tagging", "marker=%FF", "prefix=%00", "x-id=GetObject", "response-expires=%0A", "a=b%3Dc", "%25", "max-keys",
    "x-amz-acl=public-read", "publicAccessBlock", "versioning", "start-after=%F0%9F%98%80",
)  # fmt: skip
HEADERS = (
    "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Content-MD5", "Content-Type", "Expires",
    "Cache-Control", "x-amz-acl", "x-amz-copy-source", "x-amz-tagging", "x-amz-expected-bucket-owner", "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c", "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm", "x-amz-meta-", "x-amz-meta-é", "x-amz-mfa",
    "x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-grant-read", "x-amz-object-lock-mode", "x-amz-source-expected",
    "x-amz-bucket-object-lock-enabled", "x-amz-date-x", "Accept", "x-amz-target", "smithy-protocol", "Content-Encoding",
)  # fmt: skip
PROTOCOLS = {"sts": "query", "iam": "query", "ec2": "ec2", "s3": "rest-xml"}


def models() -> dict[str, ServiceModel]:
    """Botocore's models of the services that are simulated."""
    return {name: ServiceModel(MODELS.load_service_model(name, "service-2"), name) for name in PROTOCOLS}


@attrs.define
class World:
    """One of each thing, and who may do everything, something and nothing."""

    account: Account = attrs.field(init=False)
    keys: list[Credentials] = attrs.field(init=False)
    right: dict[str, Any] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.account = account = Account(clock=ManualClock(datetime.now(timezone.utc)))
        alice = account.create_user("alice")
        alice.put_policy("p", ADMIN)
        bob = account.create_user("bob")
        bob.put_policy("p", PermissionPolicy.allow("s3:*", "iam:Get*", "sts:*"))
        key = alice.create_access_key()
        role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))
        account.create_role("web", trust=EC2)
        profile = account.create_instance_profile("app")
        profile.add_role(account.roles["web"])
        policy = account.create_policy("own", ADMIN)
        alice.add_to_group(account.create_group("staff"))
        web = account.launch_instance("app")
        account.s3.create_bucket("photos").put_object("cat.jpg", b"meow")
        poor = account.sts.assume_role(role, "test", credentials=key).result()
        self.keys = [key, key, key, bob.create_access_key(), poor]
        self.right = {
            "RoleName": "app", "UserName": "alice", "GroupName": "staff", "InstanceProfileName": "app", "PolicyArn": policy.arn,
            "PolicyName": "p", "RoleArn": role.arn, "PolicySourceArn": role.arn, "RoleSessionName": "test", "Bucket": "photos",
            "Key": "cat.jpg", "InstanceId": web.instance_id, "InstanceIds": [web.instance_id], "VersionId": "v1",
            "ImageId": "ami-0abcdef1234567890", "MinCount": 1, "MaxCount": 1, "AccessKeyId": key.access_key_id,
            "AssumeRolePolicyDocument": EC2.to_json(), "PolicyDocument": ADMIN.to_json(), "AssociationId": web.association_id,
            "ActionNames": ["s3:GetObject"], "Body": b"x", "Resources": [web.instance_id], "Filters": [],
        }  # fmt: skip


def junk(rng: random.Random, shape: Shape, right: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value for *shape*: mostly of its form and nonsense, often what is right, now and then of another type."""
    roll = rng.random()
    if name in right and roll < 0.5:
        return right[name]
    if roll > 0.93:
        return rng.choice(OTHERS)
    kind = shape.type_name
    if kind == "structure":
        wanted = [
            one for one in shape.members if one in shape.required_members or rng.random() < 2 / (len(shape.members) + 1)
        ]
        # What is required is missing now and then.
        return {
            one: junk(rng, shape.members[one], right, one, depth + 1)
            for one in wanted
            if depth < 6 and (rng.random() < 0.95)
        }
    if kind == "list":
        return [junk(rng, shape.member, right, name, depth + 1) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    if kind == "map":
        return {rng.choice(TEXTS): junk(rng, shape.value, right, "", depth + 1) for _ in range(rng.randint(0, 2))}
    if kind in ("integer", "long"):
        return rng.choice((0, 1, -1, 5, 1000, 2**31, 2**63, -(2**63)))
    if kind in ("float", "double"):
        return rng.choice((0.0, 1.5, -1e300))
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "timestamp":
        return rng.choice((datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc)))
    if kind == "blob":
        return rng.randbytes(rng.randint(0, 20))
    if shape.enum and roll < 0.75:
        return rng.choice(shape.enum)
    return rng.choice(TEXTS)


def flat(value: Any, prefix: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """The fields of a form, in either of the ways in which services number lists."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from flat(one, f"{prefix}.{key}" if prefix else str(key), rng)
    elif isinstance(value, list):
        member = rng.choice(("", "member."))
        for index, one in enumerate(value, 1):
            yield from flat(one, f"{prefix}.{member}{index}", rng)
    else:
        yield prefix, value.decode("latin-1") if isinstance(value, bytes) else "" if value is None else str(value)


def form(rng: random.Random, operation: OperationModel, parameters: Any) -> str:
    """A form with them, as botocore writes it if it can, and a field or two that nobody would write."""
    protocol = PROTOCOLS[operation.service_model.service_name]
    fields: dict[str, str] = {}
    try:
        serialised = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, operation)
        fields.update((name, str(value)) for name, value in serialised["body"].items())
    except Exception:  # noqa: BLE001 - a client's own; what it cannot write is written by hand
        fields.update(flat(parameters, "", rng))
    fields |= {"Action": operation.name, "Version": operation.service_model.api_version}
    while rng.random() < 0.3:
        name = rng.choice([*fields, rng.choice(TEXTS)])
        fields[f"{name}.{rng.choice(SEGMENTS)}"] = rng.choice(TEXTS)
    return urlencode(fields, errors="replace")


def rest(rng: random.Random, operation: OperationModel, parameters: Any) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, headers and body of a request to S3."""
    try:
        made = create_serializer("rest-xml", include_validation=False).serialize_to_request(parameters, operation)
        pairs = made["query_string"]
        query = urlencode(pairs, doseq=True, quote_via=quote) if pairs else ""
        path, _, own = made["url_path"].partition("?")
        query = "&".join(part for part in (own, query) if part)
        headers = {name: str(value) for name, value in made["headers"].items()}
        body = made["body"] if isinstance(made["body"], bytes) else str(made["body"] or "").encode()
    except Exception:  # noqa: BLE001 - a client's own
        path, query, headers, body = "/photos/cat.jpg", "", {}, b""
    # S3 takes an encoded slash for one, and botocore, which signs what it sends, would not.
    path = quote(path, safe="/%").replace("%2F", "/")
    while rng.random() < 0.35:
        query += ("&" if query else "") + rng.choice(QUERIES)
    while rng.random() < 0.35:
        headers[rng.choice(HEADERS)] = rng.choice(TEXTS)
    if rng.random() < 0.15:
        body = rng.choice(
            (b"", b"<a/>", b"<Delete><Object/></Delete>", b"{", b"<Tagging><TagSet><Tag/></TagSet></Tagging>", b"\xff")
        )
    clean = {name.encode("ascii", "ignore").decode(): _one_line(value) for name, value in headers.items()}
    return operation.http["method"], path + (f"?{query}" if query else ""), clean, body


def _one_line(text: str) -> str:
    # Of other signs each client has its own reading.
    return text.encode("ascii", "replace").decode().replace("\n", " ").replace("\x00", "").strip()


@attrs.frozen
class Signed:
    """A request whose signature is right."""

    operation: str
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes


def signed_request(rng: random.Random, operation: OperationModel, world: World) -> Signed:
    """A validly signed request for an operation, with junk in its parameters."""
    service = operation.service_model.service_name
    parameters: dict[str, Any] = {}
    if operation.input_shape is not None:
        drawn = junk(rng, operation.input_shape, world.right)
        parameters = drawn if isinstance(drawn, dict) else {}
    headers: dict[str, str] = {}
    if service == "s3":
        method, target, headers, body = rest(rng, operation, parameters)
    else:
        method, target, body = "POST", "/", form(rng, operation, parameters).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if rng.random() < 0.1:
            headers["Accept"] = "application/json"
    key = rng.choice(world.keys)
    token = key.session_token
    credentials = BotoCredentials(
        key.access_key_id, key.secret_access_key.reveal(), None if token is None else token.reveal()
    )
    request = AWSRequest(method, f"http://127.0.0.1:1{target}", headers=headers, data=body)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    # What botocore has signed is sent, to the letter.
    parts = urlsplit(request.url)
    url = f"http://127.0.0.1:1{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")
    return Signed(f"{service}:{operation.name}", method, url, [*request.headers.items()], body)
