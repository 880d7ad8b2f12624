"""Which texts can be a principal in a policy, and which service principals AWS would know."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from ec2roles.arns import PARTITIONS, shown

TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{3}[A-Z0-9]{8,124}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")
_AMAZONAWS = (".amazonaws.com", ".amazonaws.com.cn")
_SERVICE_ENDINGS = (
    ".amazonaws.com", ".amazonaws.com.cn", ".aws.internal", ".amazon.com.cn", ".c2s.ic.gov", ".sc2s.sgov.gov",
    ".amazonaws.eu", ".aws.dev",
)  # fmt: skip
# Documented principals that do not end like the others.
_SERVICES = frozenset({"edgelambda.amazonaws.com", "ops.apigateway.amazonaws.com", "alexa-appkit.amazon.com"})


def service_problem(service: str) -> str | None:
    """
    Return what is wrong with a service principal and what was probably meant, or None.

    >>> service_problem("ec2.amazon.com")
    "unknown service principal 'ec2.amazon.com'; did you mean 'ec2.amazonaws.com'?"
    >>> service_problem("ec2.amazonaws.com") is None
    True
    """
    if service in _SERVICES or (
        service.endswith(_SERVICE_ENDINGS) and "*" not in service and not service.startswith(".")
    ):
        return None
    if service.startswith("arn:"):
        return f"unknown service principal {shown(service)}; users and roles are named by TrustPolicy.principal()"
    close = nearest_service(service)
    hint = f"did you mean '{close}'?" if close else "write it as 'ec2.amazonaws.com'"
    return f"unknown service principal {shown(service)}; {hint}"


# A memo of a file of the package.
@lru_cache(maxsize=1)
def known_services() -> frozenset[str]:
    """Return the names that services are known by, without ``.amazonaws.com``."""
    text = files(__package__).joinpath("service_principals.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def is_known_service(service: str) -> bool:
    """
    Return whether a service principal is one that AWS is known to have; there is no list of them all.

    >>> is_known_service("ecs-tasks.amazonaws.com"), is_known_service("myapp.amazonaws.com")
    (True, False)
    """
    if service in _SERVICES or not service.endswith(_AMAZONAWS):
        return True
    name = service.removesuffix(".cn").removesuffix(".amazonaws.com")
    # Some services have a name in each region, such as states.eu-west-1.amazonaws.com.
    stem, _, region = name.rpartition(".")
    return name in known_services() or (bool(_REGION.fullmatch(region)) and stem in known_services())


def nearest_service(service: str) -> str | None:
    """
    Return the known service that was probably meant, or None.

    >>> nearest_service("Lambda.amazon.com"), nearest_service("myapp")
    ('lambda.amazonaws.com', None)
    """
    name = service.lower().removeprefix("https://")
    for ending in (".amazonaws.com.cn", *_AMAZONAWS, ".amazon.com", ".aws.com", ".aws"):
        name = name.removesuffix(ending)
    known = known_services()
    if name in known:
        return f"{name}.amazonaws.com"
    import difflib  # only needed to word an error

    close = difflib.get_close_matches(name[:64], sorted(known), 1, 0.8)
    return f"{close[0]}.amazonaws.com" if close else None


def check_principal(kind: str, text: str, *, stored: bool = False) -> str | None:
    """
    Return what is wrong with one value of ``Principal``, or None.

    >>> check_principal("AWS", "arn:aws:iam::111122223333:role/*")
    "principals take no wildcards other than a lone '*': 'arn:aws:iam::111122223333:role/*'"

    Args:
        kind: ``AWS``, ``Service``, ``Federated`` or ``CanonicalUser``.
        text: the value.
        stored: AWS holds the document already, so only the type is checked.
    """
    if kind not in TYPES:
        return f"unknown principal type {shown(kind)}; AWS has {', '.join(TYPES)}"
    if not text:
        return "an empty principal"
    if stored or kind != "AWS" or text == "*":
        return None
    if _ACCOUNT.fullmatch(text) or _UNIQUE_ID.fullmatch(text):
        return None
    if "*" in text or "?" in text:
        return f"principals take no wildcards other than a lone '*': {shown(text)}"
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        if text.isascii() and text.isdigit():
            return f"account must be 12 digits, got {shown(text)}"
        if text.endswith(_AMAZONAWS):
            return f'{shown(text)} is a service; write {{"Service": ...}}, or TrustPolicy.service()'
        return f"{shown(text)} is not '*', an account id, an ARN or a unique id"
    _, partition, service, region, account, rest = parts
    if partition not in PARTITIONS:
        return f"unknown partition {shown(partition)} in {shown(text)}"
    if region or not (_ACCOUNT.fullmatch(account) or account == "cloudfront"):
        return f"account must be 12 digits, got {shown(account)} in {shown(text)}"
    if service == "iam" and (rest == "root" or rest.startswith(("user/", "role/"))):
        return None
    if service == "iam" and rest.startswith("group/"):
        return f"a group cannot be a principal: {shown(text)}"
    if service == "sts" and rest.startswith(("assumed-role/", "federated-user/", "self")):
        return None
    return (
        None
        if service == "iam" and rest.startswith(("CloudFront ", "saml-provider/", "oidc-provider/"))
        else (f"{shown(text)} is no user, role, root, role session or federated user")
    )
