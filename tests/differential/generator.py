"""
A seeded generator of cases for iam-simulate: real actions, real resource types, context keys that every action has.

A case is plain JSON: ``principal``, ``action``, ``resource``, ``account`` (the resource's), ``context`` and ``layers``, which
holds documents under the names that `ec2roles.policy.PolicySet` has for them. Patterns are made from the request itself, so
that things match; values come from short lists, so that they meet.
"""

from __future__ import annotations

import random
from typing import Any

Case = dict[str, Any]
Document = dict[str, Any]

HOME, OTHER = "111122223333", "444455556666"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/App/i-0abc"
ROLE = f"arn:aws:iam::{HOME}:role/App"
USER = f"arn:aws:iam::{HOME}:user/alice"
ROOT = f"arn:aws:iam::{HOME}:root"
FEDERATED = f"arn:aws:sts::{HOME}:federated-user/bob"
SERVICE = "lambda.amazonaws.com"
ANONYMOUS = "*"
PRINCIPALS = [SESSION] * 11 + [USER] * 4 + [ROLE, ROOT, FEDERATED, SERVICE, ANONYMOUS]
WITHOUT_IDENTITY = (SERVICE, ANONYMOUS)

REQUESTS: list[tuple[str, str]] = [
    ("s3:GetObject", "arn:aws:s3:::b/k"),
    ("s3:GetObject", "arn:aws:s3:::b/home/red/x:y"),
    ("s3:PutObject", "arn:aws:s3:::b/k"),
    ("s3:ListBucket", "arn:aws:s3:::b"),
    ("s3:ListAllMyBuckets", "arn:aws:s3:::*"),
    ("ec2:DescribeInstances", "*"),
    ("ec2:StartInstances", "arn:aws:ec2:us-east-1:{}:instance/i-0abc"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:{}:q"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:{}:table/Prod-x"),
    ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:{}:table/t/index/red"),
    ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:{}:function:f:1"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:{}:secret:db-AbCdEf"),
    ("iam:PassRole", "arn:aws:iam::{}:role/path/To"),
    ("iam:GetUser", "arn:aws:iam::{}:user/red"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:{}:key/k-1"),
    ("kms:ListKeys", "*"),
    ("sts:AssumeRole", "arn:aws:iam::{}:role/To"),
    ("sts:GetCallerIdentity", "*"),
    ("sts:GetSessionToken", "*"),
]
WEIGHTS = [12, 6, 5, 4, 4, 3, 4, 8, 6, 4, 4, 4, 3, 2, 7, 1, 7, 1, 1]
NO_RESOURCE = frozenset(action for action, resource in REQUESTS if resource == "*") | {"s3:ListAllMyBuckets"}
# Whether the service lets a resource have a policy of its own; the others get none.
WITH_POLICY = ("s3:", "sqs:", "dynamodb:", "lambda:", "secretsmanager:", "kms:Decrypt", "sts:AssumeRole")

TEXTS = ["red", "blue", "Red", "", "a*b", "a*b", "re?", "straße", "STRASSE"]
DATES = [
    "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00.500Z",
    "2026", "1767225600", "1767225599", "2026-01", "2026-01-01T00:00Z",
]  # fmt: skip
NUMBERS = ["10", "10.0", "9", "11", "-1", "0", "2.5", "3600", "ten", "10abc"]
ADDRESSES = ["10.1.2.3", "10.1.2.4", "192.0.2.7", "203.0.113.9", "2001:db8::1", "2001:DB8:0::1", "fe80::1"]
RANGES = [
    "10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "10.9.9.9/8", "192.0.2.0/24", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1",
    "2001:db8::/32", "2001:db8::1", "2001:db8::1/128", "::/0", "10.1.2.0/30", "ten", "10.1.2.3/33",
]  # fmt: skip
ARNS = [
    "arn:aws:s3:::b", "arn:aws:sns:us-east-1:111122223333:t", "arn:aws:iam::111122223333:role/App", "no-arn",
    "arn:aws:lambda:us-east-1:111122223333:function:f:1",
]  # fmt: skip
ARN_PATTERNS = [
    *ARNS, "arn:aws:s3:::*", "arn:aws:sns:*:111122223333:*", "arn:aws:sns:us-east-?:*:t", "arn:*:*:*:*:*", "arn:aws:sns:*:t",
    "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}", "arn:aws:lambda:*:*:function:*", "*", "ARN:aws:s3:::b",
]  # fmt: skip
BLOBS = ["QQ==", "QUI=", "red", "!"]

# Context keys that iam-simulate lets through for every action, with the values they take here.
SINGLE: dict[str, list[str]] = {
    "aws:PrincipalTag/team": TEXTS,
    "aws:PrincipalTag/blob": BLOBS,
    "aws:userid": ["AROAEXAMPLE:i-0abc"],
    "aws:username": ["red", "alice"],
    "aws:UserAgent": ["aws-cli/2.1", "red"],
    "aws:RequestedRegion": ["us-east-1", "eu-west-1"],
    "aws:PrincipalOrgID": ["o-a", "o-b"],
    "aws:SourceIp": ADDRESSES,
    "aws:VpcSourceIp": ADDRESSES,
    "aws:SecureTransport": ["true", "false", "TRUE"],
    "aws:MultiFactorAuthPresent": ["true", "false"],
    "aws:MultiFactorAuthAge": NUMBERS,
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z", "2025-12-31T23:59:59Z"],
    "aws:EpochTime": ["1767225600", "1767225599"],
    "aws:TokenIssueTime": ["2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "soon"],
    "aws:PrincipalArn": ARNS[2:3],
    "aws:SourceArn": ARNS,
}
SEVERAL: dict[str, list[list[str]]] = {
    "aws:TagKeys": [["red"], ["red", "blue"], ["blue", "green"], ["green"]],
    "aws:PrincipalOrgPaths": [["o-a/r-1/"], ["o-a/r-1/", "o-b/r-2/"]],
    "aws:CalledVia": [["athena.amazonaws.com"], ["red", "cloudformation.amazonaws.com"]],
}
STRING_KEYS = [
    "aws:PrincipalTag/team",
    "aws:username",
    "aws:UserAgent",
    "aws:RequestedRegion",
    "aws:PrincipalOrgID",
    "aws:TagKeys",
]
STRING_VALUES = [*TEXTS[:4], "aws-cli/*", "r*", "*e?", "r??", "us-east-1", "o-a", "o-*", "green", "*", "${*}", "a${*}b", "a${*}b",
                 "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/gone}",
                 "${aws:PrincipalTag/gone, 'red'}", "${aws:TagKeys}", "STRAßE"]  # fmt: skip
FAMILIES: list[tuple[list[str], list[str], list[str]]] = [
    (["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"], STRING_KEYS, STRING_VALUES),
    (["StringLike", "StringNotLike"], STRING_KEYS, STRING_VALUES),
    (["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
      "NumericGreaterThanEquals"], ["aws:MultiFactorAuthAge", "aws:MultiFactorAuthAge", "aws:EpochTime"],
     [*NUMBERS, "1767225600"]),
    (["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
     ["aws:CurrentTime", "aws:CurrentTime", "aws:TokenIssueTime", "aws:EpochTime"], DATES),
    (["Bool"], ["aws:SecureTransport", "aws:MultiFactorAuthPresent"], ["true", "false", "True"]),
    (["BinaryEquals"], ["aws:PrincipalTag/blob"], BLOBS),
    (["IpAddress", "NotIpAddress"], ["aws:SourceIp", "aws:VpcSourceIp"], RANGES),
    (["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"], ["aws:SourceArn", "aws:PrincipalArn"], ARN_PATTERNS),
    (["Null"], [*SINGLE, *SEVERAL], ["true", "false"]),
]  # fmt: skip
FAMILY_WEIGHTS = [6, 5, 4, 5, 2, 1, 5, 4, 3]

AWS_PRINCIPALS = [
    "*", HOME, OTHER, ROOT, f"arn:aws:iam::{OTHER}:root", ROLE, f"arn:aws:iam::{HOME}:role/path/App", SESSION,
    f"arn:aws:sts::{HOME}:assumed-role/App/i-0def", f"arn:aws:iam::{OTHER}:role/App", USER, f"arn:aws:iam::{HOME}:user/Alice",
    FEDERATED,
]  # fmt: skip


class Generator:
    """Makes cases, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        """Return True in this share of the calls."""
        return self.random.random() < share

    def case(self) -> Case:
        """Return the next case."""
        draw = self.random
        principal = draw.choice(PRINCIPALS)
        action, resource = draw.choices(REQUESTS, WEIGHTS)[0]
        account = OTHER if self.chance(0.25) and action not in NO_RESOURCE else HOME
        resource = resource.format(account)
        if action.startswith("sts:") and action != "sts:AssumeRole" and principal in WITHOUT_IDENTITY:
            action, resource = "s3:GetObject", "arn:aws:s3:::b/k"
        context: dict[str, Any] = {key: draw.choice(values) for key, values in SINGLE.items() if self.chance(0.6)}
        context.update({key: draw.choice(lists) for key, lists in SEVERAL.items() if self.chance(0.6)})
        layers: dict[str, Any] = {}
        about = (action, resource)
        if principal not in WITHOUT_IDENTITY:
            layers["identity"] = [self.document(about, 0.75, "identity") for _ in range(draw.choice([0, 1, 1, 1, 2]))]
            if self.chance(0.2) and principal in (SESSION, USER, ROLE):
                layers["boundaries"] = [self.document(about, 0.9, "identity")]
            if self.chance(0.2) and principal in (SESSION, FEDERATED):
                layers["session"] = [self.document(about, 0.9, "identity")]
            if self.chance(0.25):
                layers["scps"] = [self.level(about) for _ in range(draw.choice([1, 1, 2]))]
        if action.startswith(WITH_POLICY) and self.chance(
            0.85 if action.startswith(("kms", "sts")) or account == OTHER else 0.4
        ):
            kind = "trust" if action == "sts:AssumeRole" else "resource"
            layers["resource"] = self.document(about, 0.85, kind)
        if self.chance(0.12) and action.startswith(("s3:", "sqs:", "kms:", "sts:", "secretsmanager:")):
            layers["rcps"] = [[self.document(about, 0.0, "rcp")] for _ in range(draw.choice([1, 1, 2]))]
        if self.chance(0.08):
            layers["endpoint"] = [self.document(about, 0.9, "endpoint")]
        return {
            "principal": principal,
            "action": action,
            "resource": resource,
            "account": account,
            "context": context,
            "layers": layers,
        }

    def level(self, about: tuple[str, str]) -> list[Document]:
        """Return the service control policies of one level."""
        level = [self.document(about, 0.85, "scp")]
        if self.chance(0.5):
            level.append({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        return level

    def document(self, about: tuple[str, str], allows: float, kind: str) -> Document:
        """Return a document of one to three statements about a request; *allows* is the share of Allows."""
        count = self.random.choice([1, 1, 2, 2, 3])
        statements = [self.statement(about, "Allow" if self.chance(allows) else "Deny", kind) for _ in range(count)]
        version = (
            "2008-10-17" if kind in ("resource", "trust", "scp", "endpoint") and self.chance(0.1) else "2012-10-17"
        )
        return {"Version": version, "Statement": statements}

    def statement(self, about: tuple[str, str], effect: str, kind: str) -> Document:
        """Return one statement."""
        action, resource = about
        made: Document = {"Effect": effect}
        # Denies are made narrow, or nothing would be left to allow.
        narrow = effect == "Deny"
        if kind in ("resource", "trust", "endpoint", "rcp"):
            made.update(self.principal(effect, kind))
        name = "NotAction" if self.chance(0.1) and kind not in ("trust", "rcp") else "Action"
        if kind == "rcp":
            made["Action"] = action if self.chance(0.6) else action.partition(":")[0] + ":*"
        elif kind == "trust":
            made["Action"] = self.one_or_list(["sts:AssumeRole", "sts:*", "sts:Assume*", "sts:TagSession"])
        else:
            aim = 0.3 if name == "NotAction" else (0.6 if narrow else 0.9)
            made[name] = self.entries(lambda: self.action_pattern(action) if self.chance(aim) else self.other_action())
        if kind != "trust":
            name = "NotResource" if self.chance(0.1) else "Resource"
            aim = 0.3 if name == "NotResource" else (0.6 if narrow else 0.9)
            made[name] = self.entries(
                lambda: self.resource_pattern(resource, kind) if self.chance(aim) else self.other_resource(kind)
            )
        if self.chance(0.75 if narrow else 0.35):
            made["Condition"] = self.condition()
            if narrow and self.chance(0.3):
                self.add_condition(made["Condition"])
        return made

    def one_or_list(self, choices: list[str]) -> str | list[str]:
        """Return one of the choices, or two in a list."""
        one = self.random.choice(choices)
        return [one, self.random.choice(choices)] if self.chance(0.2) else one

    def entries(self, make: Any) -> str | list[str]:
        """Return one entry, or two in a list."""
        return [make(), make()] if self.chance(0.25) else make()

    def principal(self, effect: str, kind: str) -> Document:
        """Return the ``Principal`` or ``NotPrincipal`` of a statement."""
        draw = self.random
        if kind in ("rcp", "endpoint"):
            return {"Principal": "*"}
        name = "NotPrincipal" if effect == "Deny" and kind == "resource" and self.chance(0.2) else "Principal"
        if name == "Principal" and self.chance(0.2):
            return {name: draw.choice(["*", {"AWS": "*"}]) if kind != "trust" else {"AWS": "*"}}
        if self.chance(0.15):
            services = [SERVICE, "ec2.amazonaws.com"]
            return {name: {"Service": self.one_or_list(services)}}
        values = [value for value in AWS_PRINCIPALS if name == "Principal" or value != "*"]
        return {name: {"AWS": self.one_or_list(values)}}

    def action_pattern(self, action: str) -> str:
        """Return a pattern made from the action; most of them match it."""
        draw = self.random
        service, _, name = action.partition(":")
        at = draw.randrange(len(name))
        return draw.choice([
            action, action, "*", f"{service}:*", f"{service}:{name[:at]}*", f"{service}:{name[:at]}?{name[at + 1:]}",
            f"{service}:*{name[at:]}", action.swapcase(), f"{service}:{name[:at]}*{name[at:]}", f"{service}:{name[:2]}*{name[-2:]}",
        ])  # fmt: skip

    def other_action(self) -> str:
        """Return a pattern for some action."""
        return self.random.choice(
            ["s3:Put*", "sqs:*", "ec2:Describe*", "iam:PassRole", "kms:Encrypt", "s3express:*", "*:*"][:6]
        )

    def resource_pattern(self, resource: str, kind: str) -> str:
        """Return a pattern made from the resource; most of them match it."""
        draw = self.random
        if resource == "*":
            return draw.choice(["*", "*", "*", "arn:aws:ec2:*:*:instance/*", "arn:aws:s3:::*", "arn:*:*:*:*:*"])
        if resource == "arn:aws:s3:::*":
            return draw.choice(["*", "*", "arn:aws:s3:::*", "arn:*:s3:::*", "arn:aws:s3:::b", "arn:aws:s3:::*log*"])
        parts = resource.split(":", 5)
        rest = parts[5]
        # IAM refuses wildcards in the type of its own resources.
        kept = rest.find("/") + 1 if parts[2] == "iam" else 0
        at = draw.randrange(kept, len(rest))
        head = ":".join(parts[:5])
        region = parts[3] and "*"
        choices = [
            resource, resource, "*", f"{head}:*", f"{head}:{rest[:at]}*", f"{head}:{rest[:at]}?{rest[at + 1:]}",
            f"{head}:{rest[:at]}*{rest[at:]}", f"{head}:*{rest[at:]}", f"{head}:{rest[:kept]}{rest[kept:].swapcase()}",
            f"arn:aws:{parts[2]}:{region}:*:{rest}", f"arn:*:{parts[2]}:{parts[3]}:*:{rest}", f"{head}:{rest}*",
            resource.replace("red", "${aws:PrincipalTag/team}"), resource.replace("red", "${aws:username}"),
            resource.replace("red", "${aws:PrincipalTag/gone, 'red'}"), f"{head}:{rest}${{aws:PrincipalTag/team}}",
            f"{head}:{rest[:at]}${{*}}", f"{head}:{rest}/*",
        ]  # fmt: skip
        if region:
            choices += [
                f"arn:aws:{parts[2]}:*:{rest}", f"arn:aws:{parts[2]}:{parts[3][:3]}*:{parts[4][:4]}*:{rest}",
                f"arn:aws:{parts[2]}:{parts[3][:2]}*1:{parts[4]}:{rest}", f"arn:aws:{parts[2]}:*:{parts[4]}:*:{rest}",
            ]  # fmt: skip
        if kind in ("identity", "endpoint", "resource"):
            choices += [f"arn:aws:{parts[2]}:*", f"arn:aws:{parts[2]}"]
        if kind == "scp":
            choices.append(f"arn:aws:{parts[2]}:*")
        return draw.choice(choices)

    def other_resource(self, kind: str) -> str:
        """Return a pattern for some resource."""
        return self.random.choice(
            [
                "arn:aws:s3:::other/*",
                "arn:aws:sqs:*:*:*",
                "arn:aws:s3:::b/${aws:PrincipalTag/gone}",
                "arn:aws:s3:::*/x",
                "*",
            ]
        )

    def condition(self) -> Document:
        """Return a condition block."""
        block: Document = {}
        for _ in range(self.random.choice([1, 1, 1, 2])):
            self.add_condition(block)
        return block

    def add_condition(self, block: Document) -> None:
        """Add one test to a condition block."""
        draw = self.random
        names, keys, values = draw.choices(FAMILIES, FAMILY_WEIGHTS)[0]
        name = draw.choice(names)
        key = draw.choice(keys) if self.chance(0.93) else draw.choice([*SINGLE, *SEVERAL])
        count = 1 if name in ("Bool", "Null") else draw.choice([1, 1, 2])
        found = list(dict.fromkeys(draw.choice(values) for _ in range(count)))
        if name != "Null":
            if self.chance(0.25):
                name += "IfExists"
            if self.chance(0.7 if key in SEVERAL else 0.08):
                name = draw.choice(["ForAllValues:", "ForAnyValue:"]) + name
        if self.chance(0.1):
            key = key.upper() if self.chance(0.5) else key.lower()
        if any(other.lower() == key.lower() for other in block.get(name, {})):
            return
        block.setdefault(name, {})[key] = found[0] if len(found) == 1 and self.chance(0.7) else found


def cases(seed: int, count: int) -> list[Case]:
    """Return *count* cases."""
    generator = Generator(seed)
    return [generator.case() for _ in range(count)]
