"""What AWS stores although it can never match, or is probably not meant: the findings behind `lint` and strict loading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ec2roles.arns import PARTITIONS, shown
from ec2roles.pointers import below
from ec2roles.policy.engine.operators import WITH_VARIABLES, parse_operator
from ec2roles.policy.engine.values import binary, network, number
from ec2roles.policy.engine.variables import Template
from ec2roles.policy.statement import Condition, Statement
from ec2roles.policy.validation.json import smuggled
from ec2roles.policy.validation.principals import is_known_service, nearest_service
from ec2roles.policy.validation.resource_types import other_type
from ec2roles.policy.validation.shapes import api_name, foreign_key, odd_shape
from ec2roles.policy.validation.warning import LintWarning

_SID_OK = re.compile(r"[A-Za-z0-9]*")
_ACTION_NAME = re.compile(r"[A-Za-z0-9*?]+")
_KEY_OK = re.compile(r"[A-Za-z0-9-]+:\S.*")
_PLAIN_GLOBALS = (
    "CalledVia CalledViaFirst CalledViaLast CurrentTime Ec2InstanceSourcePrivateIPv4 Ec2InstanceSourceVpc EpochTime "
    "FederatedProvider MultiFactorAuthAge MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService "
    "PrincipalOrgID PrincipalOrgPaths PrincipalServiceName PrincipalServiceNamesList PrincipalType referer "
    "RequestedRegion ResourceAccount ResourceOrgID ResourceOrgPaths SecureTransport SourceAccount SourceArn "
    "SourceIdentity SourceIp SourceOrgID SourceOrgPaths SourceVpc SourceVpcArn SourceVpce TagKeys TokenIssueTime "
    "UserAgent userid username VpcSourceIp ViaAWSService AssumedRoot ChatbotSourceArn VpceAccount VpceOrgID "
    "VpceOrgPaths SignInSessionArn IsMcpServiceAction ViaAWSMCPService CalledViaAWSMCP"
)
_GLOBALS = frozenset(f"aws:{name.lower()}" for name in _PLAIN_GLOBALS.split())
_WITH_TAG = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "aws:sourcetag/")
_TEXT = ("equals", "equals-ignoring-case", "like")
_MULTIVALUED = frozenset(
    {"aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "aws:resourceorgpaths", "aws:principalservicenameslist",
     "sts:transitivetagkeys"}
)  # fmt: skip


def findings(statements: Iterable[Statement]) -> Iterator[LintWarning]:
    """Yield every finding about the statements of one policy, in order."""
    statements = tuple(statements)
    bad = smuggled(_decoded(statements))
    if bad:
        message = f"character {bad} not allowed (only U+0009, U+000A, U+000D, U+0020-U+00FF)"
        yield LintWarning("/", message, "IAM accepts it as a \\u escape only", "character", True)
    for statement in statements:
        yield from _statement(statement)


def _decoded(statements: Iterable[Statement]) -> str:
    texts: list[str] = []
    for statement in statements:
        texts.append(statement.sid or "")
        for group in (statement.actions, statement.not_actions, statement.resources, statement.not_resources):
            texts.extend(group or ())
        for condition in statement.conditions:
            texts.append(condition.key)
            texts.extend(condition.values)
    return "".join(texts)


def _statement(statement: Statement) -> Iterator[LintWarning]:
    path = statement.pointer
    if statement.sid and not _SID_OK.fullmatch(statement.sid):
        message = f"Sid may contain only letters A-Z, a-z and digits, got {shown(statement.sid)}"
        yield LintWarning(f"{path}/Sid", message, code="sid", dead=True)
    key = "Action" if statement.actions is not None else "NotAction"
    for action in statement.actions or statement.not_actions or ():
        yield from _action(action, f"{path}/{key}")
    if statement.not_actions is not None and statement.effect == "Allow":
        message = "Allow with NotAction allows every other action, those that do not exist yet included"
        yield LintWarning(f"{path}/NotAction", message, "list the actions to allow", "allow-not-action")
    key = "Resource" if statement.resources is not None else "NotResource"
    for resource in statement.resources or statement.not_resources or ():
        yield from _resource(resource, statement, f"{path}/{key}")
    yield from other_type(statement)
    if statement.not_principal is not None:
        message = "NotPrincipal with Deny must list the account, the role and the session, and always denies who has a boundary"
        yield LintWarning(
            f"{path}/NotPrincipal", message, "use Principal '*' with a condition on aws:PrincipalArn", "not-principal"
        )
    if statement.principal == (("AWS", "*"),) and statement.effect == "Allow" and not statement.conditions:
        if statement.kind in ("trust", "resource"):
            yield LintWarning(
                f"{path}/Principal", "anyone in any account is allowed", "name principals, or add a Condition", "public"
            )
    for kind, text in statement.principal or ():
        if kind == "AWS" and text.startswith(("AROA", "AIDA")):
            message = f"{shown(text)} is the id of a role or user, shown by AWS once its owner is deleted"
            yield LintWarning(f"{path}/Principal/AWS", message, "save the policy anew with the ARN", "dangling")
        if kind == "Service" and not is_known_service(text):
            close = nearest_service(text)
            cure = f"did you mean '{close}'?" if close else "it is stored; whether AWS has it is for you to know"
            yield LintWarning(f"{path}/Principal/Service", f"no service {shown(text)} is known", cure, "service")
    for condition in statement.conditions:
        yield from _condition(condition, statement)
        yield from foreign_key(condition, statement)


def _action(action: str, path: str) -> Iterator[LintWarning]:
    name = action.partition(":")[2]
    if not name:
        if action.strip("*"):
            yield LintWarning(path, f"action {shown(action)} names no action", "add a name or '*'", "action", True)
    elif " " in action or "\t" in action:
        yield LintWarning(
            path, f"space in action {shown(action)}; it matches nothing", "remove the space", "action", True
        )
    elif "," in action:
        yield LintWarning(
            path, f"comma in action {shown(action)}; it matches nothing", "write a JSON list", "action", True
        )
    elif not _ACTION_NAME.fullmatch(name):
        odd = ", ".join(dict.fromkeys([f"U+{ord(c):04X}" for c in name if not _ACTION_NAME.fullmatch(c)]))
        message = f"action {shown(action)} has {odd}, which no action has; it matches nothing"
        yield LintWarning(path, message, "type the name anew", "action", True)
    else:
        yield from api_name(action, path)


def _resource(resource: str, statement: Statement, path: str) -> Iterator[LintWarning]:
    if not resource.strip("*"):
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn":
        yield LintWarning(
            path, f"{shown(resource)} is not an ARN; it matches nothing", "write arn:...", "resource", True
        )
        return
    if len(parts) < 6:
        usable = (
            statement.kind in ("identity", "managed", "boundary", "session")
            or (statement.kind in ("resource", "endpoint") and "*" in resource)
            or (statement.kind == "scp" and resource.endswith("*"))
        )
        message = f"ARN needs 6 parts, arn:partition:service:region:account:resource, got {shown(resource)}"
        tail = "" if usable else "; it matches nothing here"
        yield LintWarning(path, message + tail, "write all six parts", "short-arn", not usable)
        return
    _, partition, service, _, account, rest = parts
    if partition not in PARTITIONS and "*" not in partition and "?" not in partition:
        yield LintWarning(path, f"unknown partition {shown(partition)}", "write 'aws'", "partition", True)
    if "*" in service or "?" in service:
        yield LintWarning(
            path, f"wildcard in the service part of {shown(resource)}", "name the service", "service-wildcard"
        )
    if (
        account not in ("", "aws", "aws-marketplace", "cloudfront")
        and not (account.isdigit() and len(account) == 12)
        and not ("*" in account or "?" in account)
    ):
        yield LintWarning(path, f"account must be 12 digits, got {shown(account)}", code="account", dead=True)
    yield from odd_shape(resource, path)
    head, slash, _ = rest.partition("/")
    if slash and service != "s3" and any(mark in head for mark in "*?") and head != "*":
        yield LintWarning(path, f"wildcard in the resource type of {shown(resource)}", "name the type", "type-wildcard")
    if statement.variables:
        if "${" in ":".join(parts[:5]):
            message = f"a variable before the fifth colon of {shown(resource)} is plain text"
            yield LintWarning(path, message, "use a wildcard there", "variable-place", True)
        yield from _variables(rest, path)
    elif "${" in rest:
        message = "policy variables need Version 2012-10-17; here they are plain text"
        yield LintWarning(path, message, 'write "Version": "2012-10-17"', "variable-version")


def _variables(text: str, path: str) -> Iterator[LintWarning]:
    if "${" not in text:
        return
    if text.count("${") > text.count("}"):
        yield LintWarning(path, f"unclosed '${{' in {shown(text)}", "close it with '}'", "variable", True)
    for variable in Template(text, wild=True).variables:
        key = variable.key
        known = key in _GLOBALS or key.startswith(_WITH_TAG) or not key.startswith("aws:")
        if not _KEY_OK.fullmatch(key) or not known:
            dead = variable.default is None
            yield LintWarning(
                path, f"unknown variable '${{{variable.name}}}'", "it never has a value", "variable", dead
            )
        elif key in _MULTIVALUED:
            yield LintWarning(
                path, f"'${{{variable.name}}}' has several values and never resolves", code="variable", dead=True
            )
        elif key == "aws:username" and variable.default is None:
            message = "'${aws:username}' never has a value in a role session"
            yield LintWarning(path, message, "use ${aws:userid} or ${aws:PrincipalTag/...}", "username")


def _condition(condition: Condition, statement: Statement) -> Iterator[LintWarning]:
    operator = parse_operator(condition.operator)
    if operator is None:
        return
    path = below(statement.pointer, "Condition", condition.operator, condition.key)
    family = operator.family
    if operator.qualifier == "ForAllValues" and statement.effect == "Allow":
        others = {other.key.lower() for other in statement.conditions if other.operator == "Null"}
        if condition.key.lower() not in others:
            message = f"ForAllValues is also true when {condition.key} is absent"
            yield LintWarning(path, message, f'add "Null": {{"{condition.key}": "false"}}', "for-all-values")
    if operator.qualifier is None and condition.key.lower() in _MULTIVALUED and family != "null":
        message = f"{condition.key} has several values; {condition.operator} without a set prefix never matches"
        yield LintWarning(path, message, f"write ForAnyValue:{condition.operator}", "multivalued")
    if operator.qualifier is not None and family == "null":
        yield LintWarning(path, "a set prefix on Null changes nothing", "write Null", "null-prefix")
    if not condition.values:
        yield LintWarning(path, "an empty list of values", code="no-values")
    for value in condition.values:
        if statement.variables and "${" in value and family in WITH_VARIABLES:
            yield from _variables(value, path)
        else:
            yield from _value(condition, family, value, path)


def _value(condition: Condition, family: str, value: str, path: str) -> Iterator[LintWarning]:
    """Say what keeps one value from being what its operator compares with."""
    if family in ("bool", "null") and value.lower() not in ("true", "false"):
        yield LintWarning(path, f"must be 'true' or 'false', got {shown(value)}", code="value", dead=True)
    elif family in _TEXT and condition.key.lower() in ("aws:sourceip", "aws:vpcsourceip") and "/" in value:
        message = f"{condition.operator} compares {shown(value)} as text, and no address is written so"
        yield LintWarning(path, message, "write IpAddress or NotIpAddress", "text-cidr")
    elif family == "number" and number(value) is None:
        yield LintWarning(path, f"not a number: {shown(value)}", code="value", dead=True)
    elif family == "ip" and network(value) is None:
        yield LintWarning(path, f"not an IP range: {shown(value)}", "write 203.0.113.0/24", "value", True)
    elif family == "binary" and binary(value) is None:
        yield LintWarning(path, f"not base64: {shown(value)}", code="value", dead=True)
    elif family == "arn" and value.count(":") < 5:
        yield LintWarning(
            path, f"not an ARN of six parts: {shown(value)}", "use StringLike for other text", "value", True
        )
    elif family == "equals" and ("*" in value or "?" in value):
        like = condition.operator.replace("Equals", "Like")
        message = f"{condition.operator} takes {shown(value)} literally, wildcards included"
        yield LintWarning(path, message, f"write {like}", "literal-wildcard")
