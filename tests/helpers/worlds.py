"""What the tests of accounts share: small worlds, and everything about an account that a failed call must leave alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ec2roles import Account, Credentials, Instance, PermissionPolicy, Response, TrustPolicy
from ec2roles.iam.user import User

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
EC2 = TrustPolicy.service("ec2.amazonaws.com")
NOBODY = TrustPolicy.service("lambda.amazonaws.com")
ADMIN = PermissionPolicy.allow("*")
LIST = "s3:ListAllMyBuckets"
OWN = "123456789012"
OTHER = "111122223333"


def at(**delta: float) -> datetime:
    """So long after the start: ``at(hours=1)``."""
    return START + timedelta(**delta)


def user_with_key(account: Account, name: str = "alice", *, admin: bool = False) -> tuple[User, Credentials]:
    """A new user and an access key."""
    user = account.create_user(name)
    if admin:
        user.put_policy("admin", ADMIN)
    return user, user.create_access_key()


def lesson(account: Account) -> Instance:
    """A new instance with the lesson's role, ``app``, which may list the account's buckets."""
    account.console.create_role("app").put_policy("list", PermissionPolicy.allow(LIST))
    return account.launch_instance("app")


def code(response: Response) -> str | None:
    """The code of a response's error, or None."""
    return None if response.error is None else response.error.code


def message(response: Response) -> str:
    """The message of a response's error."""
    assert response.error is not None
    return response.error.message


def digest(account: Account, *, calls: bool = True) -> list[Any]:
    """
    All state of *account*: timelines, names, the log of changes, the counters of writes, ids and issuers, the calls.

    A refused call leaves itself in the history, and its place in the order; with ``calls=False`` they are left out.
    """
    time, iam = account.time, account.iam
    found: list[Any] = [list(time.changes), time.ids.made, time.next_slot]
    if calls:
        found += [time.order, time.newest, len(account.history._calls)]
    for table in (iam.roles, iam.instance_profiles, iam.users, iam.groups, iam.policies):
        found.append({name: list(timeline.spans()) for name, timeline in table._names.items()})
        for entity in table.values():
            timeline = entity._versions if table is iam.policies else entity._states
            found.append((entity.name, entity.arn, list(timeline.spans()), len(getattr(entity, "_keys", ()))))
    found.append(len(account.sts.sessions._stored))
    found.extend((one.id, list(one._trees.spans())) for one in account._shared.organizations)
    if account._root is not None:
        found.append((list(account._root._states.spans()), len(account._root._keys)))
    found.extend((bucket.name, list(bucket._states.spans()), dict(bucket.objects)) for bucket in account.s3.buckets)
    found.extend((one.instance_id, list(one._states.spans())) for one in account.instances.values())
    return found
