"""What a call needs that no service here knows: its action on its resource, under the policy that a KMS key has by default."""

from __future__ import annotations

from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.memo import Memo
from ec2roles.policy import Policy, load_policy


def authorization(call: Call) -> Permission:
    """Return what *call* must be allowed to do."""
    resource = call.resource or "*"
    parts = resource.split(":", 5)
    if call.action.lower().startswith("kms:") and len(parts) == 6 and parts[5].startswith("key/"):
        return Permission(call.action, resource, _KEY_POLICIES[parts[1], parts[4]])
    return Permission(call.action, resource)


def _default_key_policy(asked: tuple[str, str]) -> Policy:
    """What KMS gives a key that is made without a policy: the account's own policies decide."""
    partition, account_id = asked
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return load_policy({"Version": "2012-10-17", "Statement": [statement]}, "resource").named("default key policy")


_KEY_POLICIES = Memo(_default_key_policy, most=1 << 20, times=40)
