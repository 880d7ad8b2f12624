"""IAM's quotas, on by default."""

from __future__ import annotations

import attrs


@attrs.frozen
class Quotas:
    """
    The limits of one account, with AWS's defaults (IAM user guide, "IAM and AWS STS quotas").

    >>> from ec2roles import Account
    >>> Account(quotas=Quotas(managed_policies_per_role=20)).iam.quotas.managed_policies_per_role
    20

    Pass another `Quotas` to an `Account` for raised limits: ``Account(quotas=Quotas(trust_policy_size=4096))``.
    Sizes are in characters, white space not counted. ``packed_policy_size`` is how many characters of session policies and
    session tags fill the room that AWS allots to them; the true packing is not published, see docs/fidelity.md.
    """

    trust_policy_size: int = 2_048
    managed_policy_size: int = 6_144
    inline_policies_size_role: int = 10_240
    inline_policies_size_user: int = 2_048
    inline_policies_size_group: int = 5_120
    managed_policies_per_role: int = 10
    managed_policies_per_user: int = 10
    managed_policies_per_group: int = 10
    policy_versions: int = 5
    roles: int = 1_000
    instance_profiles: int = 1_000
    users: int = 5_000
    groups: int = 300
    policies: int = 1_500
    access_keys_per_user: int = 2
    mfa_devices_per_user: int = 8
    tags: int = 50
    packed_policy_size: int = 2_130
