"""One request against all layers of policies: the only place that knows how they combine ("Policy evaluation logic")."""

from __future__ import annotations

from typing import Any

from ec2roles.policy.decision import CROSS_ACCOUNT_PASS, Decision, Outcome
from ec2roles.policy.engine.index import ALLOW, DENY, NOTHING, Layer, plan_key
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.engine.principals import ACCOUNT, DIRECT, NONE, ROLE_OF_SESSION
from ec2roles.policy.policy_set import PolicySet
from ec2roles.policy.principal import Caller, CallerKind
from ec2roles.policy.request import Request
from ec2roles.policy.semantics import Semantics

_DEFAULT = Semantics()
_ALLOWED, _EXPLICIT, _IMPLICIT = Outcome.ALLOWED, Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY
_ASSUME = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_ASSUME_RELATED = ("sts:tagsession", "sts:setsourceidentity")
WITHOUT_SESSION_POLICY = (
    "a federated user has what its session policy leaves of the user's permissions, and it has none"
)
_READS = ("iam:get", "iam:list", "iam:simulate", "iam:generate")
# What may be done with a service-linked role by those who cannot change it.
_WITH_LINKED = (
    "iam:passrole",
    "iam:createservicelinkedrole",
    "iam:deleteservicelinkedrole",
    "iam:updateroledescription",
)

# The layers that belong to the caller itself, in the order in which a Deny is named.
_OWN = ("identity", "boundary", "session")


def evaluate(request: Request, policy_set: PolicySet, semantics: Semantics = _DEFAULT) -> Decision:
    """
    Decide *request* under the policies of *policy_set*. Nothing is changed, and nothing else is looked at.

    >>> from ec2roles.policy import PermissionPolicy
    >>> policies = PolicySet(identity=[PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos/*")])
    >>> caller = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
    >>> bool(evaluate(Request(caller, "s3:GetObject", "arn:aws:s3:::photos/cat.jpg"), policies))
    True
    >>> evaluate(Request(caller, "s3:PutObject", "arn:aws:s3:::photos/cat.jpg"), policies)
    <Decision implicit deny by identity: s3:PutObject>

    Args:
        request: who wants what.
        policy_set: the policies that apply, layer by layer.
        semantics: how open points of AWS's behaviour are read.

    Raises:
        TypeError: if one of them is of another type.
    """
    try:
        if policy_set._alone and semantics.unset_variable_is_null:
            caller = request._caller
            layer = policy_set._identity
            plan = layer.plans.get(request._key) or layer.plan(request._key)
            # The short way: an ordinary caller, an ordinary action, one account, and no layer but the identity's policies.
            if caller.ordinary and not plan.special and caller.account == request._account:
                denies = plan.deny_index
                if denies is not None:
                    statement = denies.find(request)
                    if statement is not None:
                        return Decision(request, policy_set, _EXPLICIT, "identity", "", semantics, statement)
                allows = plan.allow_index
                if allows is not None:
                    statement = allows.find(request)
                    if statement is not None:
                        return Decision(request, policy_set, _ALLOWED, None, "", semantics, statement)
                return Decision(request, policy_set, _IMPLICIT, "identity", "", semantics)
        outcome, denied_by, reason = judge(request, policy_set, semantics)
        return Decision(request, policy_set, outcome, denied_by, reason, semantics)
    except AttributeError:
        # Looked at afterwards, as decisions are what most of the time goes to.
        _check_types(request, policy_set, semantics)
        raise


def _check_types(request: object, policy_set: object, semantics: object) -> None:
    for name, given, kind in (
        ("request", request, Request),
        ("policy_set", policy_set, PolicySet),
        ("semantics", semantics, Semantics),
    ):
        if not isinstance(given, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, got {type(given).__name__}")


def judge(request: Request, policy_set: PolicySet, semantics: Semantics) -> tuple[Outcome, str | None, str]:
    """Return outcome, denying layer and reason, with every rule looked at."""
    caller, key = request._caller, plan_key(request, semantics)
    action = ascii_lower(request._action)
    if action == "sts:getcalleridentity" and caller.kind is not CallerKind.ANONYMOUS:
        return _ALLOWED, None, "sts:GetCallerIdentity is always allowed"
    resource_name = policy_set._resource.kind if policy_set._resource else trust_or_resource(action)

    # 1. Any Deny in any layer decides. The first of this order is the one that is named.
    scps = [] if not scps_apply(caller) else [_result(level, key, request) for level in policy_set._scps]
    if DENY in scps:
        return _EXPLICIT, "scp", ""
    if not caller.service_linked:
        for level in policy_set._rcps:
            if _result(level, key, request) == DENY:
                return _EXPLICIT, "rcp", ""
    own = _own_results(request, policy_set, key)
    if DENY in own:
        return _EXPLICIT, _OWN[own.index(DENY)], ""
    has_boundary = caller.has_identity and policy_set._boundary is not None
    denied, kinds = _principal_result(policy_set._resource, key, request, semantics, has_boundary)
    if denied:
        return _EXPLICIT, resource_name, ""
    denied, through = _principal_result(policy_set._endpoint, key, request, semantics, has_boundary)
    if denied:
        return _EXPLICIT, "endpoint", ""

    # 2. Nothing denies; every layer that limits must allow. RCPs need no look: RCPFullAWSAccess is always attached.
    if caller.kind is not CallerKind.SERVICE and managed_by_aws(action, request._folded):
        return _IMPLICIT, "service", "AWS manages this resource itself"
    if action == "iam:passrole" and caller.has_identity and request._account not in (None, caller.account):
        return _IMPLICIT, "service", CROSS_ACCOUNT_PASS
    if NOTHING in scps:
        return _IMPLICIT, "scp", ""
    if policy_set._endpoint is not None and through == NONE:
        return _IMPLICIT, "endpoint", ""
    return _granted(request, policy_set, semantics, own, kinds, action, resource_name)


def _result(layer: Layer | None, key: Any, request: Request) -> int:
    return ALLOW if layer is None else layer.plan(key).result(request)


def _own_results(request: Request, policy_set: PolicySet, key: Any) -> tuple[int, int, int]:
    """Return what the caller's own policies, its boundary and its session policies say."""
    caller = request._caller
    if not caller.has_identity:
        return ALLOW, ALLOW, ALLOW
    identity = _result(policy_set._identity, key, request)
    if caller.kind is CallerKind.ROOT:
        identity = ALLOW
    session = _result(policy_set._session, key, request)
    if policy_set._session is None and caller.kind is CallerKind.FEDERATED_USER:
        # A federated user has what its session policy leaves of the user's permissions: without one, nothing.
        session = NOTHING
    return identity, _result(policy_set._boundary, key, request), session


def _principal_result(
    layer: Layer | None, key: Any, request: Request, semantics: Semantics, has_boundary: bool
) -> tuple[bool, int]:
    """Return whether a policy with principals denies, and how it names the caller where it allows."""
    if layer is None:
        return False, NONE
    plan = layer.plan(key)
    return plan.principal_result(request._folded, request.values, request._caller, semantics, has_boundary)


def _granted(
    request: Request,
    policy_set: PolicySet,
    semantics: Semantics,
    own: tuple[int, int, int],
    kinds: int,
    action: str,
    resource_name: str,
) -> tuple[Outcome, str | None, str]:
    """Return the answer where nothing denies and no policy of the organization limits: who has to allow, and does he?"""
    caller, (identity, boundary, session) = request._caller, own
    if not caller.has_identity:
        if kinds == NONE:
            return _IMPLICIT, resource_name, "only a policy of the resource can allow this caller"
        return _ALLOWED, None, ""
    if request._account is not None and request._account != caller.account:
        if kinds == NONE:
            return _IMPLICIT, resource_name, "the resource's account does not allow this caller"
        if identity != ALLOW:
            by = resource_name if kinds == ACCOUNT and semantics.account_grant_names_resource else "identity"
            return _IMPLICIT, by, "across accounts the caller's own policies must allow too"
    else:
        if kinds & DIRECT and not (
            semantics.session_policy_limits_session_arn and caller.kind is CallerKind.SESSION and session != ALLOW
        ):
            return _ALLOWED, None, ""
        if is_mandatory(action, request._folded, policy_set):
            if kinds == NONE:
                return _IMPLICIT, resource_name, "the policy of this resource must allow it"
            if not kinds & (ROLE_OF_SESSION | DIRECT) and identity != ALLOW:
                return _IMPLICIT, "identity", "the policy of this resource leaves it to the account's own policies"
        elif identity != ALLOW and not kinds & (ROLE_OF_SESSION | DIRECT):
            return _IMPLICIT, "identity", ""
    if boundary != ALLOW:
        return _IMPLICIT, "boundary", ""
    if session != ALLOW:
        return _IMPLICIT, "session", "" if policy_set._session is not None else WITHOUT_SESSION_POLICY
    return _ALLOWED, None, ""


def scps_apply(caller: Caller) -> bool:
    """Return whether service control policies limit *caller*: principals of accounts, other than service-linked roles."""
    return caller.has_identity and not caller.service_linked


def trust_or_resource(action: str) -> str:
    """Return what the policy of the resource of an action, given in lower case, is called."""
    return "trust" if action in _ASSUME or action in _ASSUME_RELATED else "resource"


def is_mandatory(action: str, resource: str, policy_set: PolicySet) -> bool:
    """Return whether the resource's own policy must allow, even within one account: a role's trust, a KMS key's policy."""
    if action.startswith("sts:"):
        if action in _ASSUME:
            return True
        has_trust = policy_set._resource is not None and policy_set._resource.kind == "trust"
        return action in _ASSUME_RELATED and (":role/" in resource or has_trust)
    if action.startswith("kms:"):
        parts = resource.split(":", 5)
        return len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/")
    return False


def managed_by_aws(action: str, resource: str) -> bool:
    """Return whether a call would change something that only AWS itself changes."""
    if action.startswith("iam:"):
        parts = resource.split(":", 5)
        if len(parts) < 6 or parts[2] != "iam" or action.startswith(_READS):
            return False
        if parts[4] == "aws":
            return parts[5].startswith("policy/")
        if parts[5].startswith("role/aws-service-role/"):
            return action not in _WITH_LINKED
        return parts[5].startswith("role/aws-reserved/")
    if action in ("kms:createalias", "kms:updatealias", "kms:deletealias"):
        parts = resource.split(":", 5)
        return len(parts) == 6 and parts[5].startswith("alias/aws/")
    return False
