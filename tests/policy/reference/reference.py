"""
A second evaluator of IAM policies: plain, slow and obvious, written from AWS's pages and never from the library.

It takes dicts, lists and strings, imports nothing of ec2roles, and holds nothing between two questions.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import decimal
import ipaddress
import operator
import re

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY"
DIRECT, ROLE_OF_SESSION, ACCOUNT = "DIRECT", "ROLE_OF_SESSION", "ACCOUNT"

# Tokens of a pattern: one character stands for itself, these names for more.
STAR, ANY_ONE = "any run", "any one"
STAR_IN_PART, ANY_ONE_IN_PART = "any run without a colon", "any one but a colon"
SMALL_LETTERS = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}


# Texts and patterns, variables


def fold(text):
    """Lower the letters A to Z and leave all else."""
    return text.translate(SMALL_LETTERS)


def glob(tokens, text, folded=0):
    """Say whether the tokens cover the whole text, of which the first *folded* characters ignore case."""
    reached = {0}  # the places in the text up to which the tokens so far can reach
    for token in tokens:
        following = set()
        for place in reached:
            if token == STAR:
                following.update(range(place, len(text) + 1))
            elif token == STAR_IN_PART:
                end = text.find(":", place)
                following.update(range(place, (len(text) if end < 0 else end) + 1))
            elif place < len(text):
                char = text[place]
                same = token in (char, ANY_ONE) or (token == ANY_ONE_IN_PART and char != ":")
                if same or (place < folded and fold(token) == fold(char)):
                    following.add(place + 1)
        if not following:
            return False
        reached = following
    return len(text) in reached


def expand(text, keys, variables, star, any_one):
    """Return the tokens of a text with its variables put in; None if one of them does not resolve."""
    wildcards = {"*": star, "?": any_one}
    tokens = []
    place = 0
    while place < len(text):
        end = text.find("}", place) if variables and text.startswith("${", place) else -1
        if end < 0:
            tokens.append(wildcards.get(text[place], text[place]))
            place += 1
        else:
            value = resolve(text[place + 2 : end], keys)
            if value is None:
                return None
            tokens.extend(value)
            place = end + 1
    return tokens


def resolve(inner, keys):
    """Return what ``${inner}`` stands for, None if nothing (D)."""
    if inner in ("*", "?", "$"):
        return inner
    with_default = re.match(r"^\s*([^,]*?)\s*,\s*'(.*)'\s*$", inner, re.DOTALL)
    key = with_default[1] if with_default else inner.strip()
    value = keys.get(key.lower())
    if value is None:
        return with_default[2] if with_default else None
    return None if isinstance(value, list) else value


# Actions and resources


def as_list(value):
    """Return a list of what may be one value or a list."""
    return value if isinstance(value, list) else [value]


def action_matches(entry, action, operation):
    """Say whether an entry of Action covers the action, or is literally the name of the API operation."""
    if entry == "*" or fold(entry) == fold(operation or action):
        return True
    prefix, _, name = fold(entry).partition(":")
    service, _, wanted = fold(action).partition(":")
    return prefix in ("*", service) and glob(expand(name, {}, False, STAR, ANY_ONE), wanted)


def resource_matches(entry, resource, kind, variables, keys):
    """Say whether an entry of Resource covers the resource; None if it is malformed."""
    if entry == "*":
        return True
    parts = entry.split(":", 5)
    missing = 6 - len(parts)
    if missing:
        if kind == "rcp" or (kind == "scp" and not entry.endswith("*")):
            return None
        if kind in ("resource", "endpoint") and "*" not in entry:
            return None
    tokens = []
    for number, part in enumerate(parts):
        if number == 5:
            found = expand(part, keys, variables, STAR, ANY_ONE)
            if found is None:
                return False  # nothing is like null
        else:
            found = expand(part, {}, False, STAR_IN_PART, ANY_ONE_IN_PART)
            if part.endswith("*"):
                found[-1] = STAR
        tokens.extend([":", *found] if number else found)
    place = len(":".join(resource.split(":", 5)[:5]))  # where the first five parts end
    return glob(tokens, resource, place) or (missing > 0 and glob(tokens + [":", STAR] * missing, resource, place))


# Callers and principals


def describe(principal, role_arn, principal_id):
    """Return who the caller is."""
    who = {"arn": principal, "account": None, "partition": None, "id": principal_id, "role_arn": role_arn}
    if principal == "*":
        who["kind"] = "anonymous"
    elif re.fullmatch(r"[0-9a-f]{64}", principal):
        who["kind"] = "canonical user"
    elif not principal.startswith("arn:"):
        who["kind"] = "service" if principal.endswith(".amazonaws.com") else "provider"
    else:
        _, who["partition"], _, _, who["account"], rest = principal.split(":", 5)
        first = rest.split("/")[0]
        names = {"assumed-role": "session", "saml-provider": "provider", "oidc-provider": "provider"}
        who["kind"] = names.get(first, first)  # else root, user, role or federated-user
        who["role"] = rest.split("/")[1 if first == "assumed-role" else -1]
        if first == "role":
            who["role_arn"] = principal
    return who


def listed_as(kind, value, who):
    """Return how one value of Principal covers the caller: a set of no or one kind."""
    if kind == "Service":  # China's names end in .cn, and both forms are in use
        same = who["kind"] == "service" and value.removesuffix(".cn") == who["arn"].removesuffix(".cn")
        return {DIRECT} if same else set()
    if kind != "AWS":
        wanted = {"Federated": "provider", "CanonicalUser": "canonical user"}[kind]
        return {DIRECT} if who["kind"] == wanted and value == who["arn"] else set()
    if value == "*":
        return {DIRECT}
    if who["kind"] not in ("session", "role", "user", "root", "federated-user"):
        return set()
    if value in (who["account"], f"arn:{who['partition']}:iam::{who['account']}:root"):
        return {ACCOUNT}
    is_role = who["kind"] in ("session", "role")
    if value.startswith(("AROA", "AIDA")):
        return {ROLE_OF_SESSION if is_role else DIRECT} if (who["id"] or "").split(":")[0] == value else set()
    if ":role/" in value:
        if not is_role:
            return set()
        if who["role_arn"]:
            return {ROLE_OF_SESSION} if fold(value) == fold(who["role_arn"]) else set()
        start = f"arn:{who['partition']}:iam::{who['account']}:role/"
        same = value.startswith(start) and fold(value.split("/")[-1]) == fold(who["role"])
        return {ROLE_OF_SESSION} if same else set()
    return {DIRECT} if value == who["arn"] and who["kind"] in ("session", "user", "federated-user") else set()


def principal_kinds(element, who):
    """Return all kinds in which a Principal element covers the caller."""
    element = {"AWS": "*"} if element == "*" else element
    return {how for kind, values in element.items() for value in as_list(values) for how in listed_as(kind, value, who)}


def chain_is_listed(element, who):
    """Say whether a NotPrincipal element names everyone who stands behind the caller, with whom each is listed apart."""
    if element == "*" or "*" in as_list(element.get("AWS", [])):
        return True
    chains = {
        "root": {ACCOUNT},
        "user": {ACCOUNT, DIRECT},
        "role": {ACCOUNT, ROLE_OF_SESSION},
        "session": {ACCOUNT, ROLE_OF_SESSION, DIRECT},
    }
    return chains.get(who["kind"], {DIRECT}) <= principal_kinds(element, who)


# Conditions

COMPARISONS = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
NEGATED = {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "NumericNotEquals", "DateNotEquals"}
NEGATED |= {"NotIpAddress", "ArnNotEquals", "ArnNotLike"}


def as_text(value):
    """Return a scalar of JSON as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def number_of(text):
    """Read an integer or decimal number."""
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?", text, re.IGNORECASE):
        raise ValueError(text)
    return decimal.Decimal(text)


def milliseconds_of(text):
    """Read a date of the W3C's profiles, or seconds since 1970, as whole milliseconds."""
    if re.fullmatch(r"[0-9]+", text):
        return int(text) * 1000
    time = r"T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    found = re.fullmatch(rf"([0-9]{{4}})-([0-9]{{2}})(?:-([0-9]{{2}})(?:{time})?)?", text.upper())
    if not found:
        raise ValueError(text)
    year, month, day, hour, minute, second = (
        int(part or low) for part, low in zip(found.groups(), (0, 1, 1, 0, 0, 0), strict=False)
    )
    moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.timezone.utc)
    total = (moment - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(milliseconds=1)
    zone = found[8] or "Z"
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 23 or minutes > 59:
            raise ValueError(text)
        total -= (hours * 60 + minutes) * 60_000 * (-1 if zone[0] == "-" else 1)
    return total + int(((found[7] or "") + "000")[:3])


def truth_of(text):
    """Read a Boolean value."""
    return {"true": True, "false": False}[fold(text)]


def bytes_of(text):
    """Read base64."""
    return base64.b64decode(text, validate=True)


def address_in(value, network):
    """Say whether an address lies in a network or is the address; families never mix."""
    network = ipaddress.ip_network(network, strict=False)
    address = ipaddress.ip_address(value)
    return address.version == network.version and address in network


def arn_like(tokens, value):
    """Compare six parts; a wildcard in one of the first five does not match a colon."""
    parts = [[]]
    for token in tokens:
        if token == ":" and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(token)
    texts = value.split(":", 5)
    if len(parts) != 6 or len(texts) != 6 or texts[0] != "arn":
        raise ValueError(value)
    return all(glob(part, text) for part, text in zip(parts, texts, strict=True))


def differs_or_equals(base, value, given, variables, keys):
    """Say whether one value in the request satisfies one value in the policy; ValueError if one of them cannot be read."""
    negated = base in NEGATED
    if base.startswith(("String", "Arn", "Bool")):
        wild = base.startswith("Arn") or base.endswith("Like")
        tokens = expand(given, keys, variables, STAR if wild else "*", ANY_ONE if wild else "?")
        if tokens is None:
            return negated  # a variable without a value is null: nothing equals it, everything differs from it
        if base.startswith("Arn"):
            return arn_like(tokens, value) != negated
        if wild:
            return glob(tokens, value) != negated
        plain = "".join(tokens)
        if base == "Bool":
            return truth_of(value) == truth_of(plain)
        if base.endswith("IgnoreCase"):
            return ([char.lower() for char in value] == [char.lower() for char in plain]) != negated
        return (value == plain) != negated
    if base.startswith("Numeric"):
        return COMPARISONS[base.removeprefix("Numeric")](number_of(value), number_of(given))
    if base.startswith("Date"):
        return COMPARISONS[base.removeprefix("Date")](milliseconds_of(value), milliseconds_of(given))
    if base == "BinaryEquals":
        return bytes_of(value) == bytes_of(given)
    return address_in(value, given) != negated


def readable(base, value):
    """Say whether a value in the request is of the operator's type, which matters if the policy's list is empty."""
    try:
        if base.startswith("Numeric"):
            number_of(value)
        elif base.startswith("Date"):
            milliseconds_of(value)
        elif base == "NotIpAddress":
            ipaddress.ip_address(value)
        elif base.startswith("Arn"):
            arn_like(list("arn:::::"), value)
    except ValueError:
        return False
    return True


def one_value_holds(base, value, values, variables, keys):
    """Say whether one value in the request satisfies the list in the policy: one of them, or all for a negated operator."""
    answers = []
    if (
        not values
    ):  # none of nothing differs, and what cannot be read makes nothing true: the library takes the second first
        return base in NEGATED and readable(base, value)
    for given in values:
        try:
            answers.append(differs_or_equals(base, value, given, variables, keys))
        except (ValueError, KeyError, ArithmeticError, binascii.Error):
            answers.append(False)  # what cannot be read never makes a comparison true, negated or not
    return all(answers) if base in NEGATED else any(answers)


def test_holds(name, key, values, variables, keys):
    """Say whether one operator with one key holds."""
    quantifier, _, base = name.rpartition(":")
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    value = keys.get(key.lower())
    values = [as_text(given) for given in as_list(values)]
    if base == "Null":
        return any(fold(given) == ("true" if value is None else "false") for given in values)
    if quantifier:
        found = [] if value is None else as_list(value)
        if quantifier == "ForAllValues":
            return set(found) == {""} or all(one_value_holds(base, each, values, variables, keys) for each in found)
        return any(one_value_holds(base, each, values, variables, keys) for each in found)
    if value is None:
        return if_exists or base in NEGATED
    if isinstance(value, list):
        return False
    return one_value_holds(base, value, values, variables, keys)


def condition_holds(block, variables, keys):
    """Say whether every operator with every key of a Condition holds."""
    return all(
        test_holds(name, key, values, variables, keys) for name, tests in block.items() for key, values in tests.items()
    )


# Statements and layers


def statement_kinds(statement, kind, version, ask):
    """Return in which ways a statement applies to the request; an empty set if it does not."""
    variables = version == "2012-10-17"
    who, keys = ask["who"], ask["keys"]
    action_key = "Action" if "Action" in statement else "NotAction"
    covered = any(action_matches(entry, ask["action"], ask["operation"]) for entry in as_list(statement[action_key]))
    if covered != (action_key == "Action"):
        return set()
    resource_key = "Resource" if "Resource" in statement else "NotResource"
    if resource_key in statement:  # a trust policy has none
        answers = [
            resource_matches(entry, ask["resource"], kind, variables, keys)
            for entry in as_list(statement[resource_key])
        ]
        if resource_key == "Resource" and True not in answers:
            return set()
        if resource_key == "NotResource" and (True in answers or None in answers):
            return set()
    kinds = {DIRECT}
    if kind in ("resource", "trust", "endpoint"):
        if "Principal" in statement:
            kinds = principal_kinds(statement["Principal"], who)
        elif "NotPrincipal" in statement:
            denies_all = statement["Effect"] == "Deny" and ask["has_boundary"]
            kinds = set() if chain_is_listed(statement["NotPrincipal"], who) and not denies_all else {DIRECT}
        elif kind != "endpoint":
            kinds = set()
    return kinds if condition_holds(statement.get("Condition", {}), variables, keys) else set()


def layer(policies, kind, ask):
    """Return whether a set of policies denies, and the ways in which it allows."""
    denied, kinds = False, set()
    for policy in policies:
        for statement in as_list(policy["Statement"]):
            found = statement_kinds(statement, kind, policy.get("Version"), ask)
            if statement["Effect"] == "Deny":
                denied = denied or bool(found)
            else:
                kinds |= found
    return denied, kinds


# Combination: IAM user guide, "Policy evaluation logic"


def mandatory_policy(action, resource):
    """Return ``trust`` or ``resource`` if nothing is allowed without such a policy, else None."""
    service, name = fold(action).split(":")
    rest = resource.split(":", 5)[-1]
    if service == "sts" and name in ("assumerole", "assumerolewithsaml", "assumerolewithwebidentity"):
        return "trust"
    if service == "sts" and name in ("tagsession", "setsourceidentity"):
        return "trust" if rest.startswith("role/") else None
    return "resource" if service == "kms" and rest.startswith("key/") else None


def held_by_aws(action, resource):
    """Say whether the call would change what AWS manages itself."""
    service, name = fold(action).split(":")
    parts = resource.split(":", 5)
    if service == "kms":
        return parts[-1].startswith("alias/aws/") and name in ("createalias", "deletealias", "updatealias")
    if service != "iam" or name.startswith(("get", "list")):
        return False
    if parts[-1].startswith("role/aws-service-role/"):  # a service-linked role may be handed on
        return name != "passrole" and not name.endswith("servicelinkedrole")
    return parts[4:5] == ["aws"] or parts[-1].startswith("role/aws-reserved/")


def decide(
    principal,
    action,
    resource,
    context,
    layers,
    *,
    resource_account=None,
    role_arn=None,
    principal_id=None,
    operation=None,
):
    """
    Return the outcome and the layer that denies, if one does.

    *layers* may hold ``identity``, ``boundaries``, ``session`` and ``endpoint`` (lists of documents), ``resource`` (a
    document), ``scps`` and ``rcps`` (a list of documents for each level). An empty list is an absent layer.
    """
    who = describe(principal, role_arn, principal_id)
    only_resource_policy = who["kind"] in ("anonymous", "service", "provider", "canonical user")
    keys = {}
    for key, value in context.items():
        if value != []:  # AWS is silent; the library reads a key without any value as an absent key
            keys[key.lower()] = [as_text(one) for one in value] if isinstance(value, list) else as_text(value)
    ask = {"who": who, "action": action, "operation": operation, "resource": resource, "keys": keys}
    ask["has_boundary"] = bool(layers.get("boundaries")) and not only_resource_policy
    if fold(action) == "sts:getcalleridentity" and who["kind"] != "anonymous":
        return ALLOWED, None

    mandatory = mandatory_policy(action, resource)
    resource_name = mandatory or "resource"
    denials, grants, silent = set(), {}, set()

    def look(name, kind, policies):
        denied, grants[name] = layer(policies, kind, ask)
        if denied:
            denials.add(name)
        if policies and not grants[name]:
            silent.add(name)

    for level in layers.get("rcps") or []:
        look("rcp", "rcp", level)
    look("endpoint", "endpoint", layers.get("endpoint") or [])
    resource_kind = "trust" if mandatory == "trust" else "resource"
    look("resource", resource_kind, [layers["resource"]] if layers.get("resource") else [])
    if not only_resource_policy:
        for level in layers.get("scps") or []:
            look("scp", "scp", level)
            if not level:
                silent.add("scp")
        look("identity", "identity", layers.get("identity") or [])
        look("boundary", "boundary", layers.get("boundaries") or [])
        look("session", "session", layers.get("session") or [])
        if who["kind"] == "root":
            denials.discard("identity")
            grants["identity"] = {DIRECT}
        if who["kind"] == "federated-user" and not layers.get("session"):
            silent.add("session")

    for name in ("scp", "rcp", "identity", "boundary", "session", "resource", "endpoint"):
        if name in denials:
            return EXPLICIT_DENY, resource_name if name == "resource" else name
    if held_by_aws(action, resource) and who["kind"] != "service":
        return IMPLICIT_DENY, "service"
    owner = resource_account or resource_account_of(resource)
    of_another = owner not in (None, "", "aws", who["account"])
    if fold(action) == "iam:passrole" and of_another and not only_resource_policy:
        return IMPLICIT_DENY, "service"
    for name in ("scp", "endpoint"):  # an rcp that says nothing denies nothing: RCPFullAWSAccess is everywhere
        if name in silent:
            return IMPLICIT_DENY, name

    kinds = grants["resource"]
    if only_resource_policy:
        return (ALLOWED, None) if kinds else (IMPLICIT_DENY, resource_name)
    if not of_another:
        if DIRECT in kinds:
            return ALLOWED, None
        base = bool(grants["identity"])
        if mandatory:
            base = base and ACCOUNT in kinds
            if not kinds:
                return IMPLICIT_DENY, resource_name
        if not base and ROLE_OF_SESSION not in kinds:
            return IMPLICIT_DENY, "identity"
    else:
        if not kinds:
            return IMPLICIT_DENY, resource_name
        if not grants["identity"]:
            return IMPLICIT_DENY, "identity"
    for name in ("boundary", "session"):
        if name in silent:
            return IMPLICIT_DENY, name
    return ALLOWED, None


def resource_account_of(resource):
    """Return the account in an ARN, if there is one."""
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 else None
