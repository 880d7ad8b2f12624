"""
Policies and requests to measure with: seeded, so that every run and every side sees the same.

The shapes are those of real accounts: most entries name an action in full or end in ``*``, a third of the statements have
a condition, one in eight denies, and many requests meet only a few of the statements. Only conditions that every
measured side can express are used.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

ACCOUNT = "123456789012"
REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
TEAMS = ("red", "green", "blue", "ops")
STAGES = ("prod", "dev", "test")
RANGES = ("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "203.0.113.0/24", "2001:db8::/32")
ADDRESSES = ("10.0.3.4", "10.1.9.9", "192.168.4.5", "203.0.113.77", "8.8.8.8", "2001:db8::7")
SOURCES = (
    "ec2:us-east-1:{0}:instance/i-0000000a",
    "ec2:eu-west-1:{0}:instance/i-00000003",
    "lambda:us-east-1:{0}:function:users-01",
)
SOURCE_PATTERNS = ("ec2:*:{0}:instance/*", "lambda:us-east-1:{0}:function:*", "ec2:eu-*:{0}:instance/i-0000000?")
NO_RESOURCE = (
    "ec2:DescribeInstances", "ec2:DescribeVolumes", "ec2:DescribeTags", "s3:ListAllMyBuckets", "cloudwatch:PutMetricData",
    "cloudwatch:GetMetricData", "ecr:GetAuthorizationToken", "sqs:ListQueues", "sns:ListTopics",
)  # fmt: skip

Document = dict[str, Any]


class Kind(NamedTuple):
    """One kind of resource, with the actions on it."""

    service: str
    actions: tuple[str, ...]
    arn: str


KINDS = (
    Kind("s3", ("GetObject", "PutObject", "DeleteObject", "GetObjectTagging", "PutObjectTagging", "AbortMultipartUpload"), "arn:aws:s3:::{bucket}/{key}"),
    Kind("s3", ("ListBucket", "GetBucketLocation", "GetBucketVersioning", "PutBucketTagging"), "arn:aws:s3:::{bucket}"),
    Kind("ec2", ("StartInstances", "StopInstances", "TerminateInstances", "RebootInstances", "ModifyInstanceAttribute"), "arn:aws:ec2:{region}:{account}:instance/i-{number}"),
    Kind("dynamodb", ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "DescribeTable"), "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    Kind("sqs", ("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"), "arn:aws:sqs:{region}:{account}:{name}"),
    Kind("sns", ("Publish", "GetTopicAttributes"), "arn:aws:sns:{region}:{account}:{name}"),
    Kind("lambda", ("InvokeFunction", "GetFunctionConfiguration", "UpdateFunctionCode"), "arn:aws:lambda:{region}:{account}:function:{name}"),
    Kind("ssm", ("GetParameter", "GetParameters", "PutParameter", "DeleteParameter"), "arn:aws:ssm:{region}:{account}:parameter/{stage}/{name}"),
    Kind("secretsmanager", ("GetSecretValue", "DescribeSecret", "PutSecretValue"), "arn:aws:secretsmanager:{region}:{account}:secret:{stage}/{name}-AbCdEf"),
    Kind("logs", ("CreateLogStream", "DescribeLogStreams", "PutRetentionPolicy"), "arn:aws:logs:{region}:{account}:log-group:/app/{name}"),
)  # fmt: skip
# Services that no request asks about, to see whether a call pays for them.
OTHERS = (
    Kind("glue", ("GetTable", "GetTables", "UpdateTable"), "arn:aws:glue:{region}:{account}:table/{stage}/{name}"),
    Kind("kinesis", ("PutRecord", "GetRecords"), "arn:aws:kinesis:{region}:{account}:stream/{name}"),
    Kind("states", ("StartExecution", "StopExecution"), "arn:aws:states:{region}:{account}:stateMachine:{name}"),
)


class Ask(NamedTuple):
    """One request, as plain data; a `Request` is made from it while the clock runs."""

    role: str
    action: str
    resource: str
    context: dict[str, str]


class Workload(NamedTuple):
    """Roles, each with its policy documents, and the requests they make."""

    name: str
    roles: dict[str, list[Document]]
    asks: list[Ask]

    @property
    def statements(self) -> int:
        """How many statements there are."""
        return sum(len(document["Statement"]) for documents in self.roles.values() for document in documents)


def arn_of(role: str) -> str:
    """Return the ARN of a role."""
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


class Maker:
    """
    Draws statements and requests.

    Args:
        seed: the same one gives the same workload.
        names: how many names of queues, tables and so on there are: the more, the fewer requests meet a statement.
    """

    def __init__(self, seed: int, names: int) -> None:
        self.random = random.Random(seed)
        self.names = [f"{('orders', 'users', 'billing')[index % 3]}-{index // 3:02d}" for index in range(names)]

    def arn(self, kind: Kind) -> str:
        """Draw a resource."""
        pick = self.random.choice
        folder = pick(("logs", "img", "tmp/x", f"team-{pick(TEAMS)}"))
        return kind.arn.format(
            account=ACCOUNT,
            bucket=f"app-{pick(self.names)}-{pick(STAGES)}",
            key=f"{folder}/{self.random.randrange(500)}.dat",
            name=pick(self.names),
            number=f"{self.random.randrange(64):08x}",
            region=pick(REGIONS),
            stage=pick(STAGES),
        )

    def resource(self, kind: Kind) -> str:
        """Draw an entry of Resource: an ARN, mostly with a wildcard somewhere, sometimes with a variable."""
        arn = self.arn(kind)
        head, _, rest = (
            arn.rpartition(":") if arn.count(":") == 5 else (":".join(arn.split(":", 5)[:5]), "", arn.split(":", 5)[5])
        )
        shape = self.random.choices(
            ("exact", "prefix", "region", "middle", "letter", "variable", "all"), (25, 20, 17, 13, 5, 6, 14)
        )[0]
        if shape == "exact":
            return arn
        if shape == "prefix":
            return f"{head}:{rest[: max(1, len(rest) * 2 // 3)]}*"
        if shape == "region":
            parts = arn.split(":", 5)
            return arn.partition("/")[0] + "/*" if not parts[3] else ":".join([*parts[:3], "*", *parts[4:]])
        if shape == "middle" and "-" in rest:
            return f"{head}:{rest.partition('-')[0]}-*{rest[-3:]}"
        if shape == "letter":
            return arn[:-2] + "?" + arn[-1]
        if shape == "variable" and kind.arn.endswith("/{key}"):
            return arn.partition("/")[0] + "/team-${aws:PrincipalTag/team}/*"
        return f"{head}:*"

    def action(self, kind: Kind) -> str:
        """Draw an entry of Action."""
        name = self.random.choice(kind.actions)
        shape = self.random.choices(("exact", "verb", "ending", "letter", "case", "all"), (60, 25, 5, 3, 3, 4))[0]
        if shape == "verb":
            second = next((index for index, letter in enumerate(name) if index and letter.isupper()), len(name))
            name = name[:second] + "*"
        elif shape == "ending":
            name = "*" + name[-5:]
        elif shape == "letter":
            name = name[:-1] + "?"
        elif shape == "case":
            name = name[0].lower() + name[1:]
        elif shape == "all":
            name = "*"
        return f"{kind.service}:{name}"

    def condition(self) -> Document:
        """Draw a Condition."""
        pick, sample = self.random.choice, self.random.sample
        shape = self.random.choices(("region", "tag", "ip", "arn", "date", "bool", "two"), (28, 14, 18, 14, 14, 6, 6))[
            0
        ]
        if shape == "region":
            return {"StringEquals": {"aws:RequestedRegion": sample(REGIONS, pick((1, 2)))}}
        if shape == "tag":
            return {"StringEquals": {"aws:PrincipalTag/team": pick(TEAMS)}}
        if shape == "ip":
            return {"IpAddress": {"aws:SourceIp": sample(RANGES, pick((1, 2, 3)))}}
        if shape == "arn":
            return {"ArnLike": {"aws:SourceArn": "arn:aws:" + pick(SOURCE_PATTERNS).format(ACCOUNT)}}
        if shape == "date":
            moments = ("2026-06-30T23:59:59Z", "2025-01-01T00:00:00Z", "2026-01-15T12:00:00Z")
            return {"DateLessThan": {"aws:CurrentTime": pick(moments)}}
        if shape == "bool":
            return {"Bool": {"aws:SecureTransport": pick(("true", "false"))}}
        return {"StringLike": {"aws:UserAgent": "aws-*"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}

    def statement(self, number: int, kinds: tuple[Kind, ...] = KINDS) -> Document:
        """Draw a statement."""
        chance = self.random.random
        kind = self.random.choice(kinds)
        deny = chance() < 0.12
        actions = {self.action(kind) for _ in range(self.random.randint(1, 4))}
        if kinds is KINDS and chance() < 0.10:
            actions.add(self.random.choice(NO_RESOURCE))
        found: Document = {"Sid": f"S{number}", "Effect": "Deny" if deny else "Allow", "Action": sorted(actions)}
        if len(actions) == 1 and chance() < 0.5:
            found["Action"] = found["Action"][0]
        if not deny and chance() < 0.15:
            found["Resource"] = "*"
        else:
            found["Resource"] = sorted({self.resource(kind) for _ in range(self.random.randint(1, 3))})
        if chance() < (0.6 if deny else 0.35):
            found["Condition"] = self.condition()
        return found

    def ask(self, role: str) -> Ask:
        """Draw a request."""
        pick, chance = self.random.choice, self.random.random
        if chance() < 0.10:
            action = pick(NO_RESOURCE)
            # AWS, and so we, judge this one on a literal name.
            resource = "arn:aws:s3:::*" if action == "s3:ListAllMyBuckets" else "*"
        else:
            kind = pick(KINDS)
            action, resource = f"{kind.service}:{pick(kind.actions)}", self.arn(kind)
        draw = self.random.randint
        context = {
            "aws:PrincipalArn": arn_of(role),
            "aws:RequestedRegion": pick(REGIONS),
            "aws:PrincipalTag/team": pick(TEAMS),
            "aws:SourceIp": pick(ADDRESSES),
            "aws:CurrentTime": f"2026-{draw(1, 12):02d}-{draw(1, 28):02d}T{draw(0, 23):02d}:00:00Z",
            "aws:SecureTransport": "true" if chance() < 0.9 else "false",
        }
        if chance() < 0.5:
            context["aws:SourceArn"] = "arn:aws:" + pick(SOURCES).format(ACCOUNT)
        if chance() < 0.5:
            context["aws:UserAgent"] = pick(("aws-cli/2.0", "Boto3/1.40"))
        if chance() < 0.3:
            context["aws:MultiFactorAuthAge"] = pick(("10", "4000"))
        return Ask(role, action, resource, context)


def documents(
    maker: Maker, policies: int, statements: int, first: int, kinds: tuple[Kind, ...] = KINDS
) -> list[Document]:
    """Draw *policies* documents of *statements* statements, whose Sids count from *first*."""
    return [
        {
            "Version": "2012-10-17",
            "Statement": [maker.statement(first + place * statements + index, kinds) for index in range(statements)],
        }
        for place in range(policies)
    ]


def draw(name: str, seed: int, *, roles: int = 1, policies: int, statements: int, asks: int, names: int) -> Workload:
    """Draw a whole workload: *policies* for each role, *statements* in each policy."""
    maker = Maker(seed, names)
    held = {
        f"role-{index:03d}": documents(maker, policies, statements, index * policies * statements + 1)
        for index in range(roles)
    }
    order = list(held)
    return Workload(name, held, [maker.ask(maker.random.choice(order)) for _ in range(asks)])


def small() -> Workload:
    """One AWS managed policy of one statement, one request: the least that can be asked."""
    entries = ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"]
    statement = {"Sid": "S1", "Effect": "Allow", "Action": entries, "Resource": "*"}
    ask = Ask(
        "role-000",
        "s3:GetObject",
        "arn:aws:s3:::app-orders-00-prod/logs/1.dat",
        {"aws:PrincipalArn": arn_of("role-000")},
    )
    return Workload("small", {"role-000": [{"Version": "2012-10-17", "Statement": [statement]}]}, [ask] * 2000)


def typical() -> Workload:
    """One role with 8 policies of 6 statements; 2,000 requests."""
    return draw("typical", 21, policies=8, statements=6, asks=2000, names=12)


def many() -> Workload:
    """One role with 2,000 statements; 2,000 requests."""
    return draw("many", 22, policies=100, statements=20, asks=2000, names=200)


def large() -> Workload:
    """200 roles with 40,000 statements; 20,000 requests."""
    return draw("large", 23, roles=200, policies=10, statements=20, asks=20_000, names=40)


def scale(size: int) -> Workload:
    """One role with *size* statements, in policies of twenty; 2,000 requests."""
    return draw(f"scale {size}", 24, policies=size // 20, statements=20, asks=2000, names=max(12, size // 10))


def with_others(workload: Workload, statements: int) -> Workload:
    """Return *workload* with statements of other services added to every role."""
    maker = Maker(25, 40)
    extra = documents(maker, statements // 20, 20, 1_000_000, OTHERS)
    roles = {role: own + extra for role, own in workload.roles.items()}
    return Workload(f"{workload.name} + {statements:,} others", roles, workload.asks)
