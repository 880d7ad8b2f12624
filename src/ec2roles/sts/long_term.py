"""The sessions behind long-term access keys: those of users and of the root user, who carry no session token."""

from __future__ import annotations

from functools import partial

import attrs

from ec2roles.iam.access_keys import AccessKey
from ec2roles.iam.root_user import RootUser
from ec2roles.iam.user import User
from ec2roles.sts.session import PrincipalType, Session, identity_context
from ec2roles.world.timeline import Position


def long_term_session(key: AccessKey) -> Session:
    """Return the session that a long-term access key stands for."""
    owner = key.owner
    if isinstance(owner, User):
        return _user_session(owner, key)
    assert isinstance(owner, RootUser)
    account_id = owner.account_id
    return Session(
        key.credentials,
        owner,
        PrincipalType.ROOT,
        owner.arn,
        account_id,
        account_id,
        key.position[0],
        None,
        identity_context(owner, PrincipalType.ROOT, user_id=account_id, account_id=account_id),
        key.works,
    )


def _user_session(user: User, key: AccessKey) -> Session:
    # Named as it was when the key was issued; `Session.as_of` gives it the name that it had at any other moment.
    arn = user.arn_at(key.position)
    return Session(
        key.credentials,
        user,
        PrincipalType.USER,
        arn,
        user.user_id,
        user.account_id,
        key.position[0],
        None,
        identity_context(
            user,
            PrincipalType.USER,
            user_id=user.user_id,
            account_id=user.account_id,
            extra={"aws:PrincipalArn": arn, "aws:username": user.name_at(key.position)},
        ),
        key.works,
        rename=partial(_renamed, user),
    )


def _renamed(user: User, session: Session, position: Position) -> Session:
    if not user.was_renamed:
        return session
    arn = user.arn_at(position)
    if arn == session.arn:
        return session
    names = {"aws:PrincipalArn": arn, "aws:username": user.name_at(position)}
    return attrs.evolve(session, arn=arn, context=session.context.extended(names))
