"""
An account that stands in front of moto: it has what moto's IAM has, and follows it (extra ``boto``; moto is yours).

Only public calls of boto3 are used, so a moto server does as well as ``mock_aws``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import ClientError

from ec2roles.adapters.aws.fallthrough import Fallthrough
from ec2roles.adapters.moto.facts import Facts, Following, apply, facts_of_account, facts_of_moto
from ec2roles.world.journal import atomic

_NO_POLICY = ("NoSuchBucketPolicy", "NoSuchBucket")


class MotoAccount(Following):
    """
    An account that has what moto's has; `account_from_moto` makes one.

    ``keys`` has our own credentials by the id that moto gave an access key.
    """

    __slots__ = ("_clients", "_seen", "fallthrough")
    fallthrough: Fallthrough
    """What stands behind this account: give it to the hooks of its instances."""
    _clients: Mapping[str, Any]
    _seen: Facts

    @atomic
    def follow(self) -> None:
        """
        Take over what has changed in moto since the last time.

        What was changed here and not in moto stays as it is here. The hooks call this after each call to moto that may
        have changed IAM or a bucket; call it yourself after changes that were made beside them.

        Raises:
            AuthorizationDetailsError: for something that AWS would not have taken; nothing has changed then.
        """
        found = read_moto(self._clients)
        apply(self, self._seen, found, facts_of_account(self))
        self.time.journal.assign(self, "_seen", found)


def account_from_moto(session: Any = None, **options: Any) -> MotoAccount:
    """
    Return an account with moto's users, groups, roles, policies, instance profiles, access keys and buckets.

    Put it in front of moto: ``with install(account, credentials=..., fallthrough=True): ...``.

    Args:
        session: a boto3 session whose clients reach moto; one with made-up keys by default.
        options: as for `ec2roles.Account`, but for the id.

    Raises:
        AuthorizationDetailsError: for something that AWS would not have taken.
    """
    clients = {name: (session or _session()).client(name) for name in ("sts", "iam", "s3")}
    account = MotoAccount(clients["sts"].get_caller_identity()["Account"], **options)
    account.keys, account._clients, account._seen = {}, clients, {}
    account.fallthrough = Fallthrough(account=account)
    account.follow()
    return account


def _session() -> Any:
    core = botocore.session.Session()
    core.set_credentials("testing", "testing")
    return boto3.Session(botocore_session=core, region_name="us-east-1")


def read_moto(clients: Mapping[str, Any]) -> Facts:
    """
    Return what moto has.

    Args:
        clients: boto3's for ``iam`` and ``s3``.
    """
    iam = clients["iam"]
    details: dict[str, list[Any]] = {}
    wanted = ["User", "Role", "Group", "LocalManagedPolicy"]
    for page in iam.get_paginator("get_account_authorization_details").paginate(Filter=wanted):
        for name, items in page.items():
            if isinstance(items, list):
                details.setdefault(name, []).extend(items)
    # The details have neither of these.
    roles = {role["RoleName"]: role for role in _all(iam, "list_roles", "Roles")}
    profiles = _all(iam, "list_instance_profiles", "InstanceProfiles")
    users = {user["UserName"]: _user(iam, user["UserName"]) for user in details.get("UserDetailList", [])}
    return facts_of_moto(details, roles, list(profiles), users, _buckets(clients["s3"]))


def _all(client: Any, operation: str, members: str, **parameters: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[members]


def _user(iam: Any, name: str) -> dict[str, Any]:
    return {
        "AccessKeys": list(_all(iam, "list_access_keys", "AccessKeyMetadata", UserName=name)),
        "PermissionsBoundary": iam.get_user(UserName=name)["User"].get("PermissionsBoundary"),
        "Tags": iam.list_user_tags(UserName=name)["Tags"],
    }


def _buckets(s3: Any) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        try:
            found[name] = s3.get_bucket_policy(Bucket=name)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_POLICY:
                raise
            found[name] = None
    return found
