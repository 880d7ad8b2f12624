"""A group of users: its policies are its members' policies. It is no principal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NoReturn

import attrs

from ec2roles.errors import InvalidInputError
from ec2roles.iam.identity import Identity, IdentityState, ManagedPolicy
from ec2roles.iam.names import GROUP_NAME, NameRule
from ec2roles.policy import Policy
from ec2roles.world.journal import atomic


@attrs.define(eq=False, repr=False)
class Group(Identity):
    """
    An IAM group.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> group = account.create_group("readers")
    >>> group.attach_policy("AmazonS3ReadOnlyAccess")
    >>> alice = account.create_user("alice")
    >>> alice.add_to_group(group)
    >>> bool(account.can("s3:ListAllMyBuckets", credentials=alice.create_access_key()))
    True

    Args:
        name: 1-128 of ``[\\w+=,.@-]``.
        inline, attached: policies it has from the start.
        group_id: the unique id, for a group loaded from an account; otherwise a new one is made.
        time, account_id, path, quotas, policies: see `Identity`.
    """

    kind: ClassVar[str] = "Group"
    name_rule: ClassVar[NameRule] = GROUP_NAME

    _inline: Mapping[str, Policy] = attrs.field(factory=dict, kw_only=True, alias="inline")
    _attached: tuple[ManagedPolicy, ...] = attrs.field(default=(), kw_only=True, alias="attached")
    _group_id: str | None = attrs.field(default=None, kw_only=True, alias="group_id")
    group_id: str = attrs.field(init=False)

    @atomic
    def __attrs_post_init__(self) -> None:
        self.check_name()
        state = IdentityState(inline=dict(self._inline), attached=self._attached)
        self._begin(state)
        self.group_id = self._group_id or self.time.ids.entity_id("AGPA")

    def put_permissions_boundary(self, policy: object) -> NoReturn:
        """Refuse: AWS bounds users and roles, not groups."""
        raise InvalidInputError(
            "A group cannot have a permissions boundary.", detail=f"put it on the users of group '{self.name}'"
        )

    def tag(self, tags: object) -> NoReturn:
        """Refuse: AWS has no tags on groups."""
        raise InvalidInputError("A group cannot have tags.", detail=f"tag the users of group '{self.name}'")
