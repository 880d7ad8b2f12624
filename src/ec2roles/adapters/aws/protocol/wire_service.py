"""A service on the wire: which operation a request means, its parameters, and the answer's bytes."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import attrs
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from ec2roles.adapters.aws.protocol import json_body, query, rest, xml_body
from ec2roles.adapters.aws.protocol.error_codes import in_protocol
from ec2roles.adapters.aws.protocol.signing_names import MODELS
from ec2roles.adapters.aws.protocol.values import ISO, MalformedError, MissingError, check, write_text
from ec2roles.adapters.http.raw import RawRequest, RawResponse
from ec2roles.arns import shown
from ec2roles.errors import AwsError, ValidationError
from ec2roles.iam.names import validation_message

QUERY, EC2, JSON, REST_JSON, REST_XML, CBOR = "query", "ec2", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"
QUERY_JSON = "query, answered in JSON"
"""How a query service answers who asks for it with ``Accept: application/json``; see `answer_protocol`."""

# The names of S3's root elements are not in its model where the answer is no payload; some SDKs look at them. They are what the
# page of each operation prints.
_S3_ROOTS = {
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "DeleteObjects": "DeleteResult",
    "CopyObject": "CopyObjectResult",
}
_S3_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
_MALFORMED = {
    QUERY: "MalformedQueryString",
    EC2: "MalformedQueryString",
    JSON: "SerializationException",
    REST_JSON: "SerializationException",
    REST_XML: "MalformedXML",
    CBOR: "SerializationException",
}


@attrs.frozen(eq=False)
class ReadRequest:
    """
    What a request asks for.

    Args:
        operation: the operation's model.
        parameters: as boto3 takes them.
        protocol: the one it was sent in, in which it is answered.
    """

    operation: OperationModel
    parameters: Mapping[str, Any] = attrs.field(repr=False)
    protocol: str


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_OF_EC2 = "2006-06-26"


@attrs.define(eq=False)
class WireService:
    """
    One service's protocol, from botocore's model.

    >>> sts = WireService.load("sts")
    >>> sts.read(RawRequest("POST", "/", body=b"Action=GetCallerIdentity&Version=2011-06-15")).operation.name
    'GetCallerIdentity'

    Args:
        model: botocore's.
        name: the name that the service signs under, which mostly is the prefix of its actions: ``s3``.
    """

    model: ServiceModel = attrs.field(repr=False)
    name: str
    _routes: list[rest.Route] | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def load(cls, name: str, loader: Loader | None = None, model: str | None = None) -> WireService | None:
        """
        Return the service that signs as *name*, or None if botocore knows none.

        Args:
            name: ``sts``.
            loader: botocore's; a new one by default.
            model: which of the models that sign so (`MODELS`); the first by default.
        """
        model_name = MODELS.get(name, (name,))[0] if model is None else model
        loader = Loader() if loader is None else loader
        # The loader would look for it as a path.
        if not name.replace("-", "").isalnum() or not name.isascii():
            return None
        try:
            described = loader.load_service_model(model_name, "service-2")
        except UnknownServiceError:
            return None
        return cls(ServiceModel(described, model_name), name)

    @property
    def protocol(self) -> str:
        """The first that the model names."""
        return str(self.model.metadata["protocol"])

    # -- requests ---------------------------------------------------------------------------------------------------

    def has(self, request: RawRequest) -> bool:
        """Return whether *request* is for this service, and not for another that signs as it does."""
        protocol = request_protocol(request, self.protocol)
        if protocol in (QUERY, EC2):
            try:
                form = _form(request)
            except MalformedError:
                return False
            return "Version" in form and form["Version"] == str(self.model.api_version)
        if protocol == JSON:
            target, _, name = (request.header("x-amz-target") or "").rpartition(".")
            return target == self.model.metadata.get("targetPrefix") and name in self.model.operation_names
        return protocol != CBOR and self._route(request, request.path, rest.read_query(request.query)) is not None

    def read(self, request: RawRequest, *, host_bucket: str | None = None, required: bool = True) -> ReadRequest:
        """
        Return what *request* asks for.

        Args:
            request: with its body out of its chunks.
            host_bucket: S3's bucket, where the host names it and not the path.
            required: whether a request without something that the model requires is refused here.

        Raises:
            AwsError: if there is no such operation, or a parameter is missing or malformed.
        """
        protocol = request_protocol(request, self.protocol)
        try:
            if protocol in (QUERY, EC2):
                read = self._read_query(request, protocol)
            elif protocol == JSON:
                read = self._read_json(request)
            elif protocol == CBOR:
                raise self._no_operation(request.path.rpartition("/")[2])
            else:
                read = self._read_rest(request, protocol, host_bucket)
            if read.operation.input_shape is not None:
                check(read.operation.input_shape, read.parameters, required=required)
        except MissingError as error:
            raise self._missing(str(error), protocol) from None
        except MalformedError as error:
            message = _S3_MALFORMED if self.name == "s3" else "The request could not be read."
            raise AwsError(message, code=_MALFORMED[protocol], status=400, detail=str(error)) from None
        return read

    def _missing(self, name: str, protocol: str) -> AwsError:
        if protocol == EC2:
            return AwsError(f"The request must contain the parameter {name}", code="MissingParameter")
        member = name[:1].lower() + name[1:]
        return ValidationError(validation_message([("null", member, "Member must not be null")]))

    def _read_query(self, request: RawRequest, protocol: str) -> ReadRequest:
        form = _form(request)
        name = form.get("Action")
        if name is None:
            raise AwsError("Missing Action", code="MissingAction", status=400, detail="the form has no field 'Action'")
        self._check_version(name, form.get("Version"), protocol)
        operation = self._operation(name)
        parameters = query.read_query(form, operation.input_shape, ec2=protocol == EC2)
        return ReadRequest(operation, parameters, protocol)

    def _check_version(self, name: str, version: str | None, protocol: str) -> None:
        """Refuse a version of the API that is not the model's: in another one, names could mean something else."""
        if version == self.model.api_version:
            return
        # EC2 goes on to take all that it ever published, from 2006 on; what is asked here is the same in each of them.
        if protocol == EC2 and version is not None and _DATE.fullmatch(version):
            if _FIRST_OF_EC2 <= version <= str(self.model.api_version):
                return
        detail = f"Version must be {self.model.api_version}, got {'nothing' if version is None else shown(version)}"
        if protocol != EC2:
            raise self._no_operation(name, "NO_VERSION_SPECIFIED" if version is None else version[:64], detail)
        if version is None:
            raise self._missing("Version", protocol)
        raise AwsError(
            f"The requested version ({version[:64]}) of service AmazonEC2 does not exist",
            code="NoSuchVersion",
            status=400,
            detail=detail,
        )

    def _read_json(self, request: RawRequest) -> ReadRequest:
        operation = self._operation((request.header("x-amz-target") or "").rpartition(".")[2])
        shape = operation.input_shape
        body = json_body.parse(request.body)
        return ReadRequest(operation, {} if shape is None else json_body.read(shape, body), JSON)

    def _read_rest(self, request: RawRequest, protocol: str, host_bucket: str | None) -> ReadRequest:
        path = request.path if host_bucket is None else f"/{quote(host_bucket)}{request.path}"
        pairs = rest.read_query(request.query)
        matched = self._route(request, path, pairs)
        if matched is None:
            raise self._no_operation(f"{request.method} {request.path[:64]}")
        route, found = matched
        operation = self._operation(route.operation)
        shape = operation.input_shape
        if shape is None:
            return ReadRequest(operation, {}, protocol)
        labels = dict(zip(route.labels, map(rest.decode, found.groups()), strict=True))
        parameters = rest.read_located(shape, request, labels, pairs)
        parameters.update(self._read_body(shape, request.body, protocol))
        return ReadRequest(operation, parameters, protocol)

    def _route(self, request: RawRequest, path: str, pairs: rest.Pairs) -> tuple[rest.Route, re.Match[str]] | None:
        if self._routes is None:
            self._routes = rest.routes(self.model)
        wanted = dict(pairs)
        for route in self._routes:
            found = route.match(request, path, wanted)
            if found is not None:
                return route, found
        return None

    def _read_body(self, shape: Shape, body: bytes, protocol: str) -> dict[str, Any]:
        payload = shape.serialization.get("payload")
        if payload is None:
            if not body or all("location" in member.serialization for member in shape.members.values()):
                return {}
            found: dict[str, Any] = _read_structured(shape, body, protocol)
            return {name: value for name, value in found.items() if "location" not in shape.members[name].serialization}
        member = shape.members[payload]
        if member.type_name == "blob":
            return {payload: body}
        if member.type_name == "string":
            return {payload: body.decode("utf-8", "replace")} if body else {}
        root = member.serialization.get("name", payload) if self.name == "s3" else None
        return {payload: _read_structured(member, body, protocol, root)} if body else {}

    def _operation(self, name: str) -> OperationModel:
        if name not in self.model.operation_names:
            raise self._no_operation(name)
        return self.model.operation_model(name)

    def _no_operation(self, name: str, version: str | None = None, detail: str = "") -> AwsError:
        return AwsError(
            f"Could not find operation {name[:128]} for version {self.model.api_version if version is None else version}",
            code="InvalidAction",
            status=400,
            detail=detail or f"{self.name} has no such operation",
        )

    # -- answers ----------------------------------------------------------------------------------------------------

    def write(
        self, operation: OperationModel, value: Mapping[str, Any], request_id: str, protocol: str | None = None
    ) -> RawResponse:
        """
        Return the answer that says *value*.

        Args:
            operation: the operation's model.
            value: as boto3 gives it; ``ResponseMetadata`` may say another HTTPStatusCode.
            request_id: what the answer is called.
            protocol: the one of the request; the model's own by default.
        """
        protocol = self.protocol if protocol is None else protocol
        shape = operation.output_shape
        status = value.get("ResponseMetadata", {}).get("HTTPStatusCode") or _status(operation, value)
        headers = self._headers(request_id)
        if protocol in (QUERY, EC2):
            body = self._query_answer(operation, value, request_id, protocol)
            return RawResponse(status, (*headers, ("Content-Type", "text/xml;charset=UTF-8")), body)
        if protocol == QUERY_JSON:
            answer = self._query_json(operation, value, request_id)
            return RawResponse(status, (*headers, ("Content-Type", "application/json")), json.dumps(answer).encode())
        if protocol == JSON:
            said = {} if shape is None else json_body.write(shape, value)
            kind = f"application/x-amz-json-{self.model.metadata.get('jsonVersion', '1.0')}"
            return RawResponse(status, (*headers, ("Content-Type", kind)), json.dumps(said).encode())
        body, kind = b"", ""
        if shape is not None:
            headers += rest.write_headers(shape, value)
            body, kind = self._rest_body(operation, shape, value, protocol)
        if kind and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", kind))
        return RawResponse(status, tuple(headers), body)

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        if self.name == "s3":
            return [("x-amz-request-id", request_id), ("x-amz-id-2", request_id)]
        return [("x-amzn-requestid", request_id)]

    def _query_answer(
        self, operation: OperationModel, value: Mapping[str, Any], request_id: str, protocol: str
    ) -> bytes:
        shape, name = operation.output_shape, operation.name
        inner = ""
        if protocol == EC2:
            if shape is not None:
                inner = xml_body.write("x", shape, value, self._encode)[3:-4]
            inner += f"<requestId>{request_id}</requestId>"
        else:
            if shape is not None:
                inner = xml_body.write(
                    shape.serialization.get("resultWrapper", f"{name}Result"), shape, value, self._encode
                )
            inner += f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        return _document(f'<{name}Response xmlns="{self._namespace()}">{inner}</{name}Response>')

    def _query_json(self, operation: OperationModel, value: Mapping[str, Any], request_id: str) -> dict[str, Any]:
        shape, name = operation.output_shape, operation.name
        answer: dict[str, Any] = {"ResponseMetadata": {"RequestId": request_id}}
        if shape is not None:
            answer[shape.serialization.get("resultWrapper", f"{name}Result")] = json_body.write(shape, value)
        return {f"{name}Response": answer}

    def _namespace(self) -> str:
        said = self.model.metadata.get("xmlNamespace")
        if said is None:
            return f"http://{self.name}.amazonaws.com/doc/{self.model.api_version}/"
        return str(said if isinstance(said, str) else said["uri"])

    def _encode(self, shape: Shape, value: Any) -> str:
        return encode_policy(shape, write_text(shape, value, ISO))

    def _rest_body(
        self, operation: OperationModel, shape: Shape, value: Mapping[str, Any], protocol: str
    ) -> tuple[bytes, str]:
        payload = shape.serialization.get("payload")
        name = shape.serialization.get("name", f"{operation.name}Response")
        if payload is not None:
            member = shape.members[payload]
            if member.type_name in ("blob", "string"):
                body = value.get(payload) or b""
                return (body.encode() if isinstance(body, str) else bytes(body)), "binary/octet-stream"
            if value.get(payload) is None:
                return b"", ""
            value, name, shape = value[payload], member.serialization.get("name", payload), member
        elif all("location" in member.serialization for member in shape.members.values()):
            return b"", ""
        if protocol == REST_JSON:
            return json.dumps(json_body.write(shape, value)).encode(), "application/json"
        space = self._namespace()
        if self.name == "s3":
            name = _S3_ROOTS.get(operation.name, name)
            if operation.name == "GetBucketLocation":
                # The one answer without a root of its own: the element of its only member is the document.
                text = xml_body.escape(value.get("LocationConstraint") or "")
                return _document(f'<LocationConstraint xmlns="{space}">{text}</LocationConstraint>'), "application/xml"
        return _document(xml_body.write(name, shape, value, namespace=space)), "application/xml"

    def write_error(
        self, error: AwsError, request_id: str, protocol: str | None = None, *, head: bool = False
    ) -> RawResponse:
        """
        Return the answer that says *error*.

        Args:
            error: as the core has it; it is worded as the protocol does.
            request_id: what the answer is called.
            protocol: the one of the request; the model's own by default.
            head: whether the request was a HEAD, which has no body.
        """
        protocol = self.protocol if protocol is None else protocol
        query_compatible = protocol in (JSON, CBOR) and "awsQueryCompatible" in self.model.metadata
        return write_error(
            error,
            request_id,
            protocol,
            headers=self._headers(request_id),
            namespace=self._namespace(),
            plain=self.name == "s3",
            head=head,
            query_compatible=query_compatible,
        )


def encode_policy(shape: Shape, text: str) -> str:
    """Return *text* as IAM sends it: a policy document is encoded as in a URL, everything else is as it is."""
    return quote(text, safe="") if shape.name == "policyDocumentType" else text


def request_protocol(request: RawRequest, usual: str) -> str:
    """
    Return the protocol that *request* was sent in: older and newer SDKs use different ones for the same service.

    Args:
        request: the request.
        usual: what it is where the request does not say.
    """
    if usual in (REST_XML, REST_JSON, EC2):
        # They never had another, and take no notice of what would tell.
        return usual
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return CBOR
    if request.header("x-amz-target") is not None:
        return JSON
    if usual in (JSON, CBOR):
        form = (request.header("content-type") or "").startswith("application/x-www-form-urlencoded")
        return QUERY if form else JSON
    return usual


def answer_protocol(request: RawRequest, protocol: str) -> str:
    """
    Return the protocol in which *request* is answered: query services speak JSON to who asks for it, as EKS's clients do.

    Args:
        request: the request.
        protocol: the one it was sent in.
    """
    if protocol == QUERY and "application/json" in (request.header("accept") or "").lower():
        return QUERY_JSON
    return protocol


def guessed_protocol(request: RawRequest) -> str:
    """Return the protocol of a request to a service that is not known."""
    kind = request.header("content-type") or ""
    if kind.startswith("application/x-www-form-urlencoded") or "Action=" in request.query:
        return QUERY
    said = request_protocol(request, JSON)
    if said == CBOR or request.header("x-amz-target") is not None:
        return said
    return REST_XML if "xml" in kind or not request.body else REST_JSON


def write_error(
    error: AwsError,
    request_id: str,
    protocol: str,
    *,
    headers: list[tuple[str, str]] | None = None,
    namespace: str = "",
    plain: bool = False,
    head: bool = False,
    query_compatible: bool = False,
) -> RawResponse:
    """
    Return the answer that says *error* in *protocol*.

    Args:
        error: as the core has it.
        request_id: what the answer is called.
        protocol: in which it is said.
        headers: to begin with; the request id by default.
        namespace: of the XML.
        plain: whether the error is the root of the XML, as with S3.
        head: whether there is no body.
        query_compatible: whether the older code goes into a header.
    """
    headers = [("x-amzn-requestid", request_id)] if headers is None else headers
    worded = in_protocol(error, protocol)
    if head:
        return RawResponse(worded.status, tuple(headers))
    code, message = xml_body.escape(worded.code), xml_body.escape(worded.message)
    if protocol in (JSON, REST_JSON, CBOR):
        if query_compatible:
            headers.append(("x-amzn-query-error", f"{error.code};Sender"))
        if protocol == CBOR:
            headers += [("smithy-protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor")]
            return RawResponse(
                worded.status, tuple(headers), _cbor_map({"__type": worded.code, "message": worded.message})
            )
        headers.append(("x-amzn-ErrorType", worded.code))
        headers.append(("Content-Type", "application/json" if protocol == REST_JSON else "application/x-amz-json-1.0"))
        body = json.dumps({"__type": worded.code, "message": worded.message}).encode()
        return RawResponse(worded.status, tuple(headers), body)
    kind = "Sender" if worded.status < 500 else "Receiver"
    if protocol == QUERY_JSON:
        headers.append(("Content-Type", "application/json"))
        said = {"Error": {"Code": worded.code, "Message": worded.message, "Type": kind}, "RequestId": request_id}
        return RawResponse(worded.status, tuple(headers), json.dumps(said).encode())
    if plain:
        ids = f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId>"
        members = "".join(f"<{name}>{xml_body.escape(text)}</{name}>" for name, text in error.members.items())
        text = f"<Error><Code>{code}</Code><Message>{message}</Message>{members}{ids}</Error>"
    elif protocol == EC2:
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        space = f' xmlns="{namespace}"' if namespace else ""
        text = (
            f"<ErrorResponse{space}><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers.append(("Content-Type", "application/xml" if protocol == REST_XML else "text/xml;charset=UTF-8"))
    return RawResponse(worded.status, tuple(headers), _document(text))


def _status(operation: OperationModel, value: Mapping[str, Any]) -> int:
    shape = operation.output_shape
    for name, member in shape.members.items() if shape is not None else ():
        if member.serialization.get("location") == "statusCode" and value.get(name):
            return int(value[name])
    return int(operation.http.get("responseCode", 200))


def _form(request: RawRequest) -> dict[str, str]:
    """Return the fields of a query request, in its URL and in its body."""
    return query.read_form(request.query, request.body.decode("utf-8", "replace"))


def _read_structured(shape: Shape, body: bytes, protocol: str, root: str | None = None) -> Any:
    if protocol == REST_JSON:
        return json_body.read(shape, json_body.parse(body))
    return xml_body.read(shape, xml_body.parse(body, root))


def _document(text: str) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + text).encode()


def _cbor_map(members: Mapping[str, str]) -> bytes:
    """All the CBOR that an error needs: a short map of texts."""
    parts = [bytes([0xA0 + len(members)])]
    for text in (text for pair in members.items() for text in pair):
        encoded = text.encode("utf-8", "replace")
        parts += [b"\x7a", struct.pack(">I", len(encoded)), encoded]
    return b"".join(parts)
