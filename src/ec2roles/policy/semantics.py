"""Where AWS is silent or contradicts itself: each choice that is cheap to change, in one value."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Semantics:
    """
    How open points of AWS's behaviour are read; the defaults are those of docs/fidelity.md.

    >>> Semantics().strict_not_principal
    False

    Args:
        strict_not_principal: a Deny with ``NotPrincipal`` spares a role session only if its account *and* its role
            or session are listed. By default one of the three is enough (policy-evaluation B4).
        session_policy_limits_session_arn: a session policy limits a resource policy that names the session itself.
            The guide says it does not; iam-simulate says it does (F2).
        everyone_includes_services: ``"Principal": "*"`` covers AWS services too (B3).
        account_grant_names_resource: across accounts, a call that lacks the identity's permission is reported as lacking
            the resource policy's when that one only names the account, as measured on Secrets Manager in 2021 (G1).
        name_policy_arn: explicit denials end with the ARN of the policy, as AWS does since 2026 within an account (G1).
        context_across_accounts: denials across accounts say which policy is missing; AWS leaves that out for callers
            outside the organisation (G1).
    """

    strict_not_principal: bool = False
    session_policy_limits_session_arn: bool = False
    everyone_includes_services: bool = True
    account_grant_names_resource: bool = False
    name_policy_arn: bool = False
    context_across_accounts: bool = True
