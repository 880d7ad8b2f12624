"""What moto has and what an account has, as facts of the same form, and how an account takes over those that changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.account import Account
from ec2roles.credentials import Credentials
from ec2roles.errors import AuthorizationDetailsError, AwsError
from ec2roles.iam.entities import Entities
from ec2roles.policy import TrustPolicy

Fact = tuple[str, ...]
"""A kind, and what it is about: ``("attached", "role", "app", "arn:aws:iam::aws:policy/ReadOnlyAccess")``."""
Facts = Mapping[Fact, Any]

_POLICIES = {"user": "UserPolicyList", "group": "GroupPolicyList", "role": "RolePolicyList"}
_LISTS = {"user": "UserDetailList", "group": "GroupDetailList", "role": "RoleDetailList"}
_NAMES = {"user": "UserName", "group": "GroupName", "role": "RoleName"}
# What a role trusts until all principals exist.
_NOT_YET = TrustPolicy.service("ec2.amazonaws.com")


class Following(Account):
    """An account that takes facts over; ``keys`` has our own credentials by the id that the access key has there."""

    __slots__ = ("keys",)
    keys: dict[str, Credentials]


def facts_of_moto(
    details: Mapping[str, Sequence[Any]],
    roles: Mapping[str, Any],
    profiles: Sequence[Any],
    users: Mapping[str, Any],
    buckets: Mapping[str, str | None],
) -> dict[Fact, Any]:
    """
    Return the facts of what moto answered.

    Args:
        details: of GetAccountAuthorizationDetails.
        roles: ListRoles, by name.
        profiles: of ListInstanceProfiles.
        users: access keys, tags and boundary, by name.
        buckets: each with the text of its policy, or None.
    """
    found: dict[Fact, Any] = {}
    for policy in details.get("Policies", []):
        (document,) = (one["Document"] for one in policy["PolicyVersionList"] if one["IsDefaultVersion"])
        found["policy", policy["Arn"]] = policy["Path"], document
    for kind, members in _LISTS.items():
        for entity in details.get(members, []):
            name = entity[_NAMES[kind]]
            more = users.get(name, {}) if kind == "user" else entity
            found[kind, name] = entity["Path"]
            found.update(
                {("inline", kind, name, one["PolicyName"]): one["PolicyDocument"] for one in entity[_POLICIES[kind]]}
            )
            found.update(
                {("attached", kind, name, one["PolicyArn"]): True for one in entity["AttachedManagedPolicies"]}
            )
            if kind != "group":
                found["tags", kind, name] = {tag["Key"]: tag["Value"] for tag in more.get("Tags") or ()}
            if more.get("PermissionsBoundary"):
                found["boundary", kind, name] = more["PermissionsBoundary"]["PermissionsBoundaryArn"]
            found.update({("member", name, group): True for group in entity.get("GroupList", ())})
    for entity in details.get("RoleDetailList", []):
        name = entity["RoleName"]
        found["trust", name] = entity["AssumeRolePolicyDocument"]
        found["duration", name] = roles[name].get("MaxSessionDuration") or 3600
    for profile in profiles:
        name = profile["InstanceProfileName"]
        found["profile", name] = profile["Path"]
        for role in profile["Roles"]:
            found["held", name] = role["RoleName"]
    for name, user in users.items():
        found.update({("key", name, key["AccessKeyId"]): key["Status"] for key in user["AccessKeys"]})
    for name, text in buckets.items():
        found["bucket", name] = True
        if text is not None:
            found["bucket policy", name] = json.loads(text)
    return found


def facts_of_account(account: Following) -> dict[Fact, Any]:
    """Return the facts of *account*, in the same form."""
    found: dict[Fact, Any] = {}
    for policy in account.policies.values():
        found["policy", policy.arn] = policy.path, policy.document.to_dict()
    tables: dict[str, Entities[Any]] = {"user": account.users, "group": account.groups, "role": account.roles}
    for kind, table in tables.items():
        for entity in table.values():
            name = entity.name
            found[kind, name] = entity.path
            found.update({("inline", kind, name, one): policy.to_dict() for one, policy in entity.policies.items()})
            found.update({("attached", kind, name, one.arn): True for one in entity.attached_policies})
            if kind != "group":
                found["tags", kind, name] = dict(entity.tags)
            if entity.permissions_boundary is not None:
                found["boundary", kind, name] = getattr(entity.permissions_boundary, "arn", None)
    for user in account.users.values():
        found.update({("member", user.name, group.name): True for group in user.groups})
        keys = user.access_keys
        found.update(
            {
                ("key", user.name, theirs): keys[ours.access_key_id]
                for theirs, ours in account.keys.items()
                if ours.access_key_id in keys
            }
        )
    for role in account.roles.values():
        found["trust", role.name] = role.trust.to_dict()
        found["duration", role.name] = role.max_session_duration
    for profile in account.instance_profiles.values():
        found["profile", profile.name] = profile.path
        if profile.role is not None:
            found["held", profile.name] = profile.role.name
    for bucket in account.s3.buckets:
        found["bucket", bucket.name] = True
        if bucket.policy is not None:
            found["bucket policy", bucket.name] = bucket.policy.to_dict()
    return found


def apply(account: Following, before: Facts, after: Facts, here: Facts) -> None:
    """
    Take over what changed between *before* and *after*, unless it is so already.

    Args:
        account: which takes it over.
        before, after: moto's facts at the last time, and now.
        here: the account's own.

    Raises:
        AuthorizationDetailsError: for what AWS would not have taken.
    """
    changed = [
        fact
        for fact in {**before, **after}
        if before.get(fact) != after.get(fact) and here.get(fact) != after.get(fact)
    ]
    # What others hang on comes first, and goes last.
    gone = sorted((fact for fact in changed if fact not in after), key=_place, reverse=True)
    new = sorted((fact for fact in changed if fact in after), key=_place)
    for fact in gone:
        _try(fact, lambda fact=fact: _KINDS[fact[0]].drop(account, *fact[1:]))  # type: ignore[misc]
    for fact in new:
        _try(fact, lambda fact=fact: _KINDS[fact[0]].put(account, after[fact], *fact[1:]))  # type: ignore[misc]


def _place(fact: Fact) -> int:
    return list(_KINDS).index(fact[0])


def _try(fact: Fact, do: Callable[[], object]) -> None:
    try:
        do()
    except AwsError as error:
        raise AuthorizationDetailsError(f"moto has {' '.join(fact)}, which AWS would refuse: {error}") from error


@attrs.frozen
class Kind:
    """
    How an account takes over the facts of a kind.

    Args:
        put: given the account, the value and what the fact is about, has it so.
        drop: given the account and what it is about, has it gone.
    """

    put: Callable[..., object]
    drop: Callable[..., object]


def _identity(account: Following, kind: str, name: str) -> Any:
    tables: dict[str, Entities[Any]] = {"user": account.users, "group": account.groups, "role": account.roles}
    return tables[kind][name]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _put_policy(account: Following, value: tuple[str, Any], arn: str) -> None:
    path, document = value
    policy = account.policies.get(_name(arn))
    if policy is None:
        account.create_policy(_name(arn), document, path=path)
        return
    if len(policy.versions) >= account.iam.quotas.policy_versions:
        policy.delete_version(next(one for one in policy.versions if one != policy.default_version_id))
    policy.create_version(document)


def _put_tags(account: Following, tags: Mapping[str, str], kind: str, name: str) -> None:
    identity = _identity(account, kind, name)
    identity.untag([key for key in identity.tags if key not in tags])
    identity.tag(tags)


def _put_held(account: Following, role: str, profile: str) -> None:
    _drop_held(account, profile)
    account.instance_profiles[profile].add_role(account.roles[role])


def _drop_held(account: Following, profile: str) -> None:
    found = account.instance_profiles[profile]
    if found.role is not None:
        found.remove_role()


def _drop_user(account: Following, name: str) -> None:
    for key in account.users[name].access_keys:
        account.users[name].delete_access_key(key)
    account.delete_user(name)


def _put_key(account: Following, status: str, user: str, key: str) -> None:
    ours = account.keys.get(key)
    if ours is None:
        ours = account.users[user].create_access_key()
        account.time.journal.put(account.keys, key, ours)
    account.users[user].update_access_key(ours.access_key_id, status)


def _set_policy(account: Following, document: Any, bucket: str) -> None:
    account.s3[bucket].policy = document


_KINDS = {
    "policy": Kind(_put_policy, lambda account, arn: account.delete_policy(_name(arn))),
    "group": Kind(
        lambda account, path, name: account.create_group(name, path=path),
        lambda account, name: account.iam.delete_group(name),
    ),
    "user": Kind(lambda account, path, name: account.create_user(name, path=path), _drop_user),
    "role": Kind(
        lambda account, path, name: account.create_role(name, trust=_NOT_YET, path=path),
        lambda account, name: account.delete_role(name),
    ),
    "profile": Kind(
        lambda account, path, name: account.create_instance_profile(name, path=path),
        lambda account, name: account.delete_instance_profile(name),
    ),
    "trust": Kind(
        lambda account, document, name: account.roles[name].update_trust(document), lambda account, name: None
    ),
    "duration": Kind(
        lambda account, seconds, name: account.roles[name].update(max_session_duration=seconds),
        lambda account, name: None,
    ),
    "tags": Kind(_put_tags, lambda account, kind, name: None),
    "inline": Kind(
        lambda account, document, kind, name, policy: _identity(account, kind, name).put_policy(policy, document),
        lambda account, kind, name, policy: _identity(account, kind, name).delete_policy(policy),
    ),
    "attached": Kind(
        lambda account, _, kind, name, arn: _identity(account, kind, name).attach_policy(arn),
        lambda account, kind, name, arn: _identity(account, kind, name).detach_policy(arn),
    ),
    "boundary": Kind(
        lambda account, arn, kind, name: _identity(account, kind, name).put_permissions_boundary(arn),
        lambda account, kind, name: _identity(account, kind, name).delete_permissions_boundary(),
    ),
    "member": Kind(
        lambda account, _, user, group: account.users[user].add_to_group(account.groups[group]),
        lambda account, user, group: account.users[user].remove_from_group(account.groups[group]),
    ),
    "held": Kind(_put_held, _drop_held),
    "key": Kind(
        _put_key, lambda account, user, key: account.users[user].delete_access_key(account.keys[key].access_key_id)
    ),
    "bucket": Kind(
        # Moto has no Block Public Access on by itself.
        lambda account, _, name: account.s3.create_bucket(name, public_access_block=None),
        lambda account, name: account.s3.delete_bucket(name),
    ),
    "bucket policy": Kind(_set_policy, lambda account, name: _set_policy(account, None, name)),
}
