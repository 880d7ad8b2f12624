"""Where AWS is silent or contradicts itself: each choice that is cheap to change, in one value."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Semantics:
    """
    How open points of AWS's behaviour are read; the defaults are those of docs/fidelity.md.

    >>> Semantics().not_principal_session
    True

    Args:
        not_principal_session: a Deny with ``NotPrincipal`` spares a role session only if account, role *and* session are
            listed, as AWS's own example has them. A sentence of the same page can be read as account and role alone.
        unset_variable_is_null: a policy variable without a value is null: negated operators match it, and an entry of
            ``NotResource`` with one excludes nothing, as AWS's page on variables says. iam-simulate lets such a negated
            condition fail, and such a statement apply to nothing.
        old_session_policies: a session policy may be of Version 2008-10-17, or of none, as an inline policy may. By
            default it is refused, as a managed policy is; AWS says neither.
        session_policy_limits_session_arn: a session policy limits a resource policy that names the session itself.
            The guide says it does not; iam-simulate says it does.
        everyone_includes_services: ``"Principal": "*"`` covers AWS services too.
        account_grant_names_resource: across accounts, a call that lacks the identity's permission is reported as lacking
            the resource policy's when that one only names the account, as measured on Secrets Manager in 2021.
        name_policy_arn: explicit denials end with the ARN of the policy, as AWS does since 2026 within an account.
        context_across_accounts: denials across accounts say which policy is missing; AWS leaves that out for callers
            outside the organisation.
    """

    not_principal_session: bool = True
    unset_variable_is_null: bool = True
    old_session_policies: bool = False
    session_policy_limits_session_arn: bool = False
    everyone_includes_services: bool = True
    account_grant_names_resource: bool = False
    name_policy_arn: bool = False
    context_across_accounts: bool = True
