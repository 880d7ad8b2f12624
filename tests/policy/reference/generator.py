"""
A plain seeded generator of cases: small alphabets, and patterns made from the request itself, so that things match.

A case is a dict that JSON can hold: the arguments of `reference.decide` by name, with bytes written as
``{"base64": "..."}``. Every document in it is one that AWS would store.
"""

from __future__ import annotations

import random

HOME, OTHER = "111122223333", "444455556666"
PRINCIPALS = {
    "session": f"arn:aws:sts::{HOME}:assumed-role/App/i-0abc",
    "role": f"arn:aws:iam::{HOME}:role/path/App",
    "user": f"arn:aws:iam::{HOME}:user/alice",
    "root": f"arn:aws:iam::{HOME}:root",
    "federated-user": f"arn:aws:sts::{HOME}:federated-user/bob",
    "service": "ec2.amazonaws.com",
    "provider": "accounts.google.com",
    "anonymous": "*",
    "canonical user": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
    "saml": f"arn:aws:iam::{HOME}:saml-provider/okta",
    "chinese session": f"arn:aws-cn:sts::{HOME}:assumed-role/App/i-0abc",
    "user with a path": f"arn:aws:iam::{HOME}:user/x/alice",
}
ORDINARY = ("session", "chinese session", "role", "user", "user with a path", "root", "federated-user")
KINDS = ["session"] * 10 + ["user"] * 4 + [kind for kind in PRINCIPALS if kind not in ("session", "user")]
OPERATIONS = {"s3:ListAllMyBuckets": "s3:ListBuckets"}
ROLE_ID, USER_ID = "AROAEXAMPLEID12345678", "AIDAEXAMPLEID12345678"
AWS_VALUES = [
    "*",
    HOME,
    OTHER,
    f"arn:aws:iam::{HOME}:root",
    f"arn:aws:iam::{OTHER}:root",
    f"arn:aws-cn:iam::{HOME}:root",
    f"arn:aws:iam::{HOME}:role/path/App",
    f"arn:aws:iam::{HOME}:role/App",
    f"arn:aws:iam::{HOME}:role/path/app",
    f"arn:aws:iam::{OTHER}:role/App",
    f"arn:aws:sts::{HOME}:assumed-role/App/i-0abc",
    f"arn:aws:sts::{HOME}:assumed-role/App/i-0def",
    f"arn:aws:iam::{HOME}:user/alice",
    f"arn:aws:iam::{HOME}:user/Alice",
    f"arn:aws:sts::{HOME}:federated-user/bob",
    ROLE_ID,
    USER_ID,
]
ACTIONS = {
    "s3:GetObject": ["arn:aws:s3:::b/k", "arn:aws:s3:::b//x:y", "arn:aws:s3:::b/home/alice/a", "arn:aws:s3:::b/*"],
    "s3:ListAllMyBuckets": ["arn:aws:s3:::*"],
    "ec2:DescribeInstances": ["*"],
    "sqs:SendMessage": [f"arn:aws:sqs:us-east-1:{HOME}:q", f"arn:aws:sqs:us-east-1:{OTHER}:q"],
    "dynamodb:GetItem": [
        f"arn:aws:dynamodb:eu-west-1:{HOME}:table/Prod-x",
        f"arn:aws:dynamodb:eu-west-1:{HOME}:table/t/index/i",
    ],
    "iam:DeletePolicy": ["arn:aws:iam::aws:policy/Mine", f"arn:aws:iam::{HOME}:policy/Mine"],
    "iam:GetPolicy": ["arn:aws:iam::aws:policy/Mine"],
    "iam:PutRolePolicy": [f"arn:aws:iam::{HOME}:role/aws-reserved/sso/App", f"arn:aws:iam::{HOME}:role/path/App"],
    "kms:DeleteAlias": [f"arn:aws:kms:us-east-1:{HOME}:alias/aws/s3"],
    "iam:PassRole": [
        f"arn:aws:iam::{HOME}:role/path/App",
        f"arn:aws:iam::{HOME}:role/Other",
        f"arn:aws:iam::{HOME}:role/aws-reserved/sso/App",
        f"arn:aws:iam::{HOME}:role/aws-service-role/x.amazonaws.com/X",
    ],
    "kms:Decrypt": [f"arn:aws:kms:us-east-1:{HOME}:key/k-1", f"arn:aws:kms:us-east-1:{OTHER}:key/k-1"],
    "kms:ListKeys": ["*"],
    "kms:UpdateAlias": [f"arn:aws:kms:us-east-1:{HOME}:alias/mine"],
    "sts:AssumeRole": [
        f"arn:aws:iam::{HOME}:role/path/App",
        f"arn:aws:iam::{HOME}:role/To",
        f"arn:aws:iam::{OTHER}:role/To",
    ],
    "sts:TagSession": [f"arn:aws:iam::{HOME}:role/To", f"arn:aws:iam::{OTHER}:role/To"],
    "sts:SetSourceIdentity": [f"arn:aws:iam::{OTHER}:role/To"],
    "sts:GetCallerIdentity": ["*"],
    "sts:GetSessionToken": ["*"],
}
RARE = ["iam:DeletePolicy", "iam:GetPolicy", "iam:PutRolePolicy", "kms:DeleteAlias"]  # about what AWS manages
MOST_ACTIONS = [action for action in ACTIONS if action not in RARE] * 3 + RARE
WEB_ACTION = "sts:AssumeRoleWithWebIdentity"

# What the request may say, by the type of the key; "absent" and lists are drawn apart.
VALUES = {
    "string": ["blue", "Blue", "", "b*e", "b?ue", "a:b", "x\ny", "Straße", "Été", "É", "é", "${a}", "$", "alice"],
    "number": ["10", "10.0", "9", "-3", "010", "3.25", "x", "", "1_0", " 10", "1e1", "+10", "NaN", 10, 2.5],
    "date": [
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "2024-01-01T02:00+02:00",
        "2023-12-31T19:30:00-04:30",
        "1704067200",
        "2023-12-31T23:59:59.9995Z",
        "soon",
    ],
    "bool": ["true", "TRUE", "false", True, False, "yes", ""],
    "binary": [{"base64": "aGk="}, "aGk=", "aGl=", "aG8=", "aGk", "?"],
    "ip": ["10.1.2.3", "10.1.2.4", "2001:db8::1", "2001:DB8:0::1", "::ffff:10.1.2.3", "10.1.2.3/32", "010.1.2.3", "x"],
    "arn": [
        f"arn:aws:iam::{HOME}:role/path/App",
        f"arn:aws:sqs:us-east-1:{HOME}:q",
        "arn:aws:s3:::b/k:l",
        "arn:aws:s3",
        "b",
        f"ARN:aws:IAM::{HOME}:role/path/App",
    ],
}
# What a policy may say besides values made from the request's.
GIVEN = {
    "string": [
        "blue",
        "BLUE",
        "b*",
        "*",
        "?lue",
        "",
        "b${*}e",
        "b${?}ue",
        "${$}",
        "${x:String2}",
        "${x:List}",
        "STRASSE",
        "ÉTÉ",
        "É",
        "${a}",
        "${x",
    ],
    "number": ["10", "9.99", "10.00", "-3", "x", "3.25", 10, 11.5, "1_0", "", "1e1", "NaN"],
    "date": [
        "2024-01-01",
        "2024-01",
        "2024-01-01T00:00:00Z",
        "1704067200",
        "2024",
        "2023-12-31T23:59:59.999Z",
        "2024-01-01t01:00:00+01:00",
        "2023-12-31T18:00-06:00",
        "2023-12-31T23:59:59Z",
        1704067201,
    ],
    "bool": ["true", "false", "True", True, False, "yes", "${x:Bool}"],
    "binary": ["aGk=", "aG8=", "aGl=", "!", "aGk", ""],
    "ip": [
        "10.0.0.0/8",
        "10.1.2.3",
        "10.1.2.3/8",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "2001:db8::1",
        "x",
        "10.1.2.0/33",
        "::ffff:0:0/96",
    ],
    "arn": [
        f"arn:aws:iam::{HOME}:role/*",
        "arn:*:*:*:*:*",
        "arn:aws:s3*:b/k",
        "*",
        f"arn:aws:sqs:us-*:{HOME}:?",
        "${x:Arn}",
        "arn:aws:s3:::b/${x:String}",
        "arn:aws:s3:::b/*:l",
        "arn:aws:s3:::b/${*}",
    ],
}
TYPES = {
    "String": "string",
    "Numeric": "number",
    "Date": "date",
    "Bool": "bool",
    "BinaryEquals": "binary",
    "IpAddress": "ip",
    "NotIpAddress": "ip",
    "Arn": "arn",
}
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
BASES = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
]
BASES += [f"{kind}{order}" for kind in ("Numeric", "Date") for order in ORDERS]
BASES += ["Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"]
OPERATORS = [
    f"{prefix}{base}{end}"
    for prefix in ("", "ForAllValues:", "ForAnyValue:")
    for base in BASES
    for end in ("", "IfExists")
]
OPERATORS += ["Null"]
LAYERS = ["identity", "resource", "boundaries", "session", "scps", "rcps", "endpoint"]


def type_of(operator_name: str) -> str:
    """Return the type of values that an operator compares."""
    base = operator_name.rpartition(":")[2]
    return next((kind for start, kind in TYPES.items() if base.startswith(start)), "bool")


def storable(entry: str) -> bool:
    """Say whether AWS stores the entry of Resource."""
    if entry == "*":
        return True
    parts = entry.split(":")
    if len(parts) < 3 or parts[1] not in ("*", "aws", "aws-cn") or not parts[2] or ("::" in entry and len(parts) < 6):
        return False
    if parts[2] == "iam":
        return len(parts) >= 6 and not parts[3] and (parts[5] == "*" or parts[5].startswith(("role/", "policy/")))
    return parts[2] != "s3" or len(parts) < 4 or not parts[3]


class Generator:
    """
    Makes cases, the same ones for the same seed.

    Args:
        seed: where the pseudo-random numbers begin.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share):
        return self.random.random() < share

    def pick(self, values):
        return values[int(self.random.random() * len(values))]

    def some(self, make, one=0.6):
        """Return one value, or a list of one to three."""
        if self.chance(one):
            return make()
        return [make() for _ in range(self.pick([1, 2, 2, 3]))]

    # Patterns from what they shall match

    def mutate(self, text, wild=True):
        """Return the text with a piece replaced by a wildcard, or with its case or a letter changed."""
        if not text:
            return self.pick(["", "*", "?"]) if wild else text
        start = int(self.random.random() * len(text))
        end = start + int(self.random.random() * (len(text) - start + 1))
        how = self.random.random()
        if how < 0.35 and wild:
            return text[:start] + "*" + text[end:]
        if how < 0.55 and wild:
            return text[:start] + "?" + text[start + 1 :]
        if how < 0.62 and wild:
            return text[:start] + self.pick(["**", "?*", "*?", "??"]) + text[end:]
        if how < 0.8:
            return text[:start] + text[start:end].swapcase() + text[end:]
        if how < 0.87:
            return text[:start] + text[start + 1 :]
        if how < 0.94:
            return text[:start] + "x" + text[start:]
        return text

    def action_entry(self, action, trust=False):
        """Return an entry of Action that probably covers the action."""
        service, name = action.split(":")
        how = self.random.random()
        if action in OPERATIONS and how < 0.1:
            return self.pick([OPERATIONS[action], OPERATIONS[action].lower(), OPERATIONS[action][:-1] + "*"])
        if how < 0.15:
            return "sts:*" if trust else "*"
        if how < 0.35:
            return action
        if how < 0.9:
            if trust:
                return (
                    f"{self.pick(['sts', 'STS'])}:AssumeRole*"
                    if self.chance(0.3)
                    else self.pick([action, action.swapcase(), "sts:*"])
                )
            return (
                f"{self.pick([service, service.upper(), '*'] if self.chance(0.2) else [service])}:{self.mutate(name)}"
            )
        if trust:
            return self.pick(["sts:AssumeRole", "sts:TagSession"])
        return self.pick(
            ["s3:Put*", "s3express:*", "s3:", f"{service}:{name} ", f"{service}:{name},Put", f"{service}:*{name}*"]
        )

    def resource_entry(self, resource, context):
        """Return an entry of Resource that probably covers the resource, and that AWS would store."""
        while True:
            entry = self.any_resource_entry(resource, context)
            if storable(entry):
                return entry

    def any_resource_entry(self, resource, context):
        """Return an entry of Resource, also one that AWS would refuse."""
        how = self.random.random()
        if resource == "*" or how < 0.15:
            return "*" if self.chance(0.7) else self.pick(["arn:aws:s3:::*", "arn:*", "arn:aws:*:*:*:*"])
        if how < 0.3:
            return resource
        parts = resource.split(":", 5)
        if how < 0.5:
            parts[5] = self.mutate(parts[5])
            return ":".join(parts)
        if how < 0.62:
            number = self.pick([1, 3, 4])
            parts[number] = self.mutate(parts[number])
            return ":".join(parts)
        if how < 0.72:  # a star that may run past a colon, or may not
            start = self.pick([1, 3, 3, 4])
            end = self.pick(list(range(start, 6)))
            kept = parts[start][: self.pick([0, 1, 3])]
            parts[start : end + 1] = [kept + "*" + self.pick(["", "", "", parts[end][-1:]])]
            return ":".join(parts)
        if how < 0.8:  # a short one
            short = ":".join(parts[: self.pick([3, 4, 5])])
            return short + self.pick(["", "", "*", ":*"])
        if how < 0.95:
            parts[5] = self.with_variable(parts[5], context)
            return ":".join(parts)
        others = [f"arn:aws:s3:${{x:String}}::{parts[5]}", "arn:aws:s3:::b/?*", "arn:aws:s3:::other", "a*:aws:s3:::b/k"]
        if self.chance(0.5):
            return self.pick(others)
        place = self.pick([3, 4])  # something in place of a colon
        parts[place : place + 2] = [parts[place] + self.pick("??*x") + parts[place + 1]]
        return ":".join(parts)

    def with_variable(self, text, context):
        """Return the text with a piece replaced by a variable that stands for it, or for something else."""
        names = [name for name, value in context.items() if isinstance(value, str) and value and value in text]
        if names and self.chance(0.6):
            name = self.pick(names)
            variable = self.pick([name, name.upper(), f"{name}, 'zz'"])
            return text.replace(context[name], f"${{{variable}}}", 1)
        start = int(self.random.random() * len(text))
        end = start + int(self.random.random() * (len(text) - start + 1))
        piece = text[start:end]
        name = self.pick(["aws:nothing", "x:List", "x:String", "x:Empty"])
        end_of_it = self.pick(["}", "}", "}", ""])
        inner = self.pick([f"{name}, '{piece}'", f"{name}, '{piece}'", name, "*", "?", "$", f" {name} , '{piece}' "])
        return text[:start] + "${" + inner + end_of_it + text[end:]

    # Conditions

    def context(self):
        """Return context keys: of every type there is one, present, absent, empty or with several values."""
        found = {}
        for kind, values in VALUES.items():
            name = f"x:{kind.capitalize()}"
            for key, several in ((name, 0.05), (f"{name}s", 0.8)):
                how = self.random.random()
                if how < 0.25:
                    continue
                if how < 0.25 + several * 0.75:
                    found[key] = [self.pick(values) for _ in range(self.pick([0, 1, 2, 2, 3]))]
                else:
                    found[key] = self.pick(values)
        if self.chance(0.5):
            found["x:String2"] = self.pick(["blue", "k", "home", "alice", "a*", "b", ""])
        if self.chance(0.3):
            found["x:List"] = self.pick([["k"], ["k", "b"], []])
        if self.chance(0.3):
            found["x:Empty"] = ""
        return found

    def condition(self, context):
        """Return a Condition, mostly of one operator with one key."""
        if self.chance(0.01):
            return self.pick([{}, {"StringEquals": {}}])
        names = [self.pick(OPERATORS) if self.chance(0.97) else "Null" for _ in range(self.pick([1, 1, 1, 2]))]
        return {name: self.tests(name, context) for name in names}

    def tests(self, name, context):
        """Return what one operator asks: one key with its values, seldom two."""
        found = {}
        for _ in range(self.pick([1, 1, 1, 1, 1, 2])):
            kind = self.pick(list(VALUES)) if self.chance(0.1) else type_of(name)
            key = f"x:{kind.capitalize()}" + ("s" if self.chance(0.7 if ":" in name else 0.1) else "")
            if name == "Null":
                values = self.some(lambda: self.pick(["true", "false", True, False, "True", "maybe"]))
            else:
                values = self.some(lambda kind=kind, key=key: self.given(kind, name, key, context), one=0.55)
            if self.chance(0.02):
                values = []
            if not any(key.lower() == other.lower() for other in found):
                found[self.pick([key, key, key.upper()])] = values
        return found

    def given(self, kind, name, key, context):
        """Return a value for a policy: often made from what the request says."""
        value = context.get(key)
        if isinstance(value, list):
            value = self.pick(value) if value else None
        date = "Date" in name
        if date or not isinstance(value, str) or self.chance(0.35):
            return self.pick(GIVEN["date" if date else kind])
        if kind not in ("string", "arn"):
            return value
        return self.with_variable(value, context) if value and self.chance(0.25) else self.mutate(value)

    # Documents

    def statement(self, kind, effect, ask):
        """Return one statement for a layer of this kind."""
        action, resource, context = ask
        trust = kind == "trust"
        found = {"Effect": effect}
        if self.chance(0.88) or trust:
            found["Action"] = self.some(lambda: self.action_entry(action, trust))
        else:
            found["NotAction"] = self.some(lambda: self.pick([self.action_entry(action), "s3:Put*", "ec2:Run*"]))
        if not trust:
            if self.chance(0.88):
                found["Resource"] = self.some(lambda: self.resource_entry(resource, context))
            else:
                others = ["arn:aws:s3:::other", "arn:aws:sqs:*:*:z", "arn:aws:s3:::${aws:nothing}", "arn:aws:sns"]
                found["NotResource"] = self.some(lambda: self.pick([self.resource_entry(resource, context), *others]))
        if kind == "rcp":
            found["Principal"] = "*"
        elif kind in ("resource", "trust") or (kind == "endpoint" and self.chance(0.6)):
            # AWS refuses NotPrincipal with Allow by now, and has it in policies that are older.
            share = 0 if trust else 0.3 if effect == "Deny" else 0.03
            if self.chance(share):
                found["NotPrincipal"] = self.chain()
            else:
                found["Principal"] = self.principal()
        if self.chance(0.45 if effect == "Allow" else 0.7):
            found["Condition"] = self.condition(context)
        return found

    def chain(self):
        """Return a NotPrincipal: often everyone behind a caller, or all of them but one."""
        if self.chance(0.4):
            return self.principal()
        own = PRINCIPALS[self.pick(["session", "session", "role", "user", "federated-user"])]
        account = self.pick([HOME, f"arn:aws:iam::{HOME}:root"])
        role = self.pick([PRINCIPALS["role"], f"arn:aws:iam::{HOME}:role/App", ROLE_ID])
        chain = [account, role, own]
        if self.chance(0.3):
            chain.remove(self.pick(chain))
        self.random.shuffle(chain)
        return {"AWS": chain}

    def principal(self):
        """Return a Principal."""
        if self.chance(0.15):
            return "*"
        found = {}
        if self.chance(0.85):
            found["AWS"] = self.some(lambda: self.pick(AWS_VALUES))
        if not found or self.chance(0.2):
            found["Service"] = self.some(
                lambda: self.pick(
                    ["ec2.amazonaws.com", "ec2.amazonaws.com", "ec2.amazonaws.com.cn", "lambda.amazonaws.com"]
                )
            )
        if self.chance(0.07):
            found["CanonicalUser"] = PRINCIPALS["canonical user"]
        if self.chance(0.12):
            found["Federated"] = self.pick(["accounts.google.com", f"arn:aws:iam::{HOME}:saml-provider/okta"])
        return found

    def document(self, kind, ask, openness):
        """Return a document; with probability *openness* it starts with a statement that allows everything."""
        statements = []
        if kind != "rcp" and self.chance(openness):
            full = {"Effect": "Allow", "Action": "sts:*" if kind == "trust" else "*"}
            if kind != "trust":
                full["Resource"] = "*"
            if kind in ("resource", "trust"):
                full["Principal"] = self.principal()
            statements.append(full)
        for _ in range(self.pick([1, 1, 2]) if not statements else self.pick([0, 0, 1])):
            effect = "Deny" if kind == "rcp" or self.chance(0.18) else "Allow"
            statements.append(self.statement(kind, effect, ask))
        self.random.shuffle(statements)
        found = {"Statement": statements[0] if len(statements) == 1 and self.chance(0.5) else statements}
        version = "2012-10-17" if kind in ("rcp", "scp") or self.chance(0.9) else self.pick(["2008-10-17", None])
        return {"Version": version, **found} if version else found

    def case(self):
        """Return one case."""
        kind = self.pick(KINDS)
        action = (
            self.pick(MOST_ACTIONS)
            if self.chance(0.75)
            else self.pick(["s3:GetObject", "sts:AssumeRole", "kms:Decrypt"])
        )
        resource = self.pick(ACTIONS[action])
        if kind in ("provider", "saml") and self.chance(0.7):
            action, resource = WEB_ACTION, f"arn:aws:iam::{HOME}:role/To"
        spelled = self.pick([action, action, action, action.upper(), action.swapcase()])
        case = {"principal": PRINCIPALS[kind], "action": spelled, "resource": resource, "context": self.context()}
        if kind == "session" and self.chance(0.3):
            case["role_arn"] = PRINCIPALS["role"]
        if kind in ("session", "role", "user") and self.chance(0.3):
            case["principal_id"] = {"session": f"{ROLE_ID}:i-0abc", "role": ROLE_ID, "user": USER_ID}[kind]
        if self.chance(0.3 if resource.startswith("arn:aws:s3") else 0.02):
            case["resource_account"] = self.pick([HOME, OTHER, OTHER])
        if action in OPERATIONS and self.chance(0.5):
            case["operation"] = OPERATIONS[action]
        ask = action, resource, case["context"]

        def documents(of, most, openness):
            return [self.document(of, ask, openness) for _ in range(1 + int(self.random.random() * most))]

        layers = {}
        if self.chance(0.9):
            layers["identity"] = documents("identity", 2, 0.45)
        resource_share = 0.95 if kind not in ORDINARY or action.startswith(("sts", "kms")) else 0.45
        if self.chance(resource_share):
            role = action.startswith("sts:") and ":role/" in resource
            layers["resource"] = self.document("trust" if role else "resource", ask, 0.45)
        if self.chance(0.15):
            layers["boundaries"] = documents("boundary", 1.2, 0.4)
        if self.chance(0.7 if kind == "federated-user" else 0.15):
            layers["session"] = documents("session", 2, 0.4)
        if self.chance(0.15):
            layers["scps"] = [documents("scp", 2, 0.6) if self.chance(0.97) else [] for _ in range(self.pick([1, 2]))]
        if self.chance(0.12):
            layers["rcps"] = [documents("rcp", 2, 0) if self.chance(0.8) else [] for _ in range(self.pick([1, 2]))]
        if self.chance(0.12):
            layers["endpoint"] = documents("endpoint", 1.2, 0.5)
        case["layers"] = layers
        return case
