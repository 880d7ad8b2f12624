"""All IAM entities of one account, and the operations that create and delete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DeleteConflictError, EntityAlreadyExistsError, NoSuchEntityError, TrustPolicyError
from ec2roles.iam.account_alias import AccountAlias
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.entities import Entities
from ec2roles.iam.group import Group
from ec2roles.iam.identity import Identity, ManagedPolicy
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.managed import AwsManagedPolicies, AwsManagedPolicy
from ec2roles.iam.names import POLICY_NAME, PROFILE_NAME
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    from ec2roles.iam.root_user import RootUser


@attrs.define(eq=False, repr=False)
class Directory(Part):
    """
    The IAM of one account.

    >>> from ec2roles import Timekeeper, TrustPolicy
    >>> iam = Directory(Timekeeper(), "123456789012")
    >>> iam.create_role("app", trust=TrustPolicy.service("ec2.amazonaws.com")).arn
    'arn:aws:iam::123456789012:role/app'

    Args:
        time: the Cloud's timekeeper.
        account_id: whose it is.
        quotas: its limits.
        aws_managed: AWS's managed policies.
        find_directory: returns the directory of another account of the same Cloud, or None.
        others: returns those of all accounts of the Cloud.
        find_root: returns the account's root user, or None if nobody has asked for it.
    """

    time: Timekeeper
    account_id: str
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    aws_managed: AwsManagedPolicies = attrs.field(factory=AwsManagedPolicies, kw_only=True)
    find_directory: Callable[[str], Directory | None] = attrs.field(default=lambda account_id: None, kw_only=True)
    others: Callable[[], Iterable[Directory]] = attrs.field(default=tuple, kw_only=True)
    find_root: Callable[[], RootUser | None] = attrs.field(default=lambda: None, kw_only=True)
    roles: Entities[Role] = attrs.field(init=False)
    instance_profiles: Entities[InstanceProfile] = attrs.field(init=False)
    users: Entities[User] = attrs.field(init=False)
    groups: Entities[Group] = attrs.field(init=False)
    policies: Entities[CustomerManagedPolicy] = attrs.field(init=False)
    alias: AccountAlias = attrs.field(init=False)
    loaded_aws_policies: dict[str, AwsManagedPolicy] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        def table(noun: str, taken: str, missing: str, quota: str, most: int) -> Entities[Any]:
            return Entities(
                noun,
                taken=taken,
                missing=missing,
                quota=quota,
                most=most,
                name_of=lambda entity: entity.name,
                time=self.time,
            )

        self.alias = AccountAlias(self.time, self.account_id, self._all_aliases)
        quotas = self.quotas
        self.roles = table(
            "role",
            "Role with name {name} already exists.",
            "The role with name {name} cannot be found.",
            "RolesPerAccount",
            quotas.roles,
        )
        self.instance_profiles = table(
            "instance profile",
            "Instance Profile {name} already exists.",
            "Instance Profile {name} cannot be found.",
            "InstanceProfilesPerAccount",
            quotas.instance_profiles,
        )
        self.users = table(
            "user",
            "User with name {name} already exists.",
            "The user with name {name} cannot be found.",
            "UsersPerAccount",
            quotas.users,
        )
        self.groups = table(
            "group",
            "Group with name {name} already exists.",
            "The group with name {name} cannot be found.",
            "GroupsPerAccount",
            quotas.groups,
        )
        self.policies = table(
            "policy",
            "A policy called {name} already exists. Duplicate names are not allowed.",
            "Policy {name} was not found.",
            "PoliciesPerAccount",
            quotas.policies,
        )

    def _all_aliases(self) -> list[AccountAlias]:
        return [one.alias for one in self.others()]

    def _common(self) -> dict[str, Any]:
        return {"time": self.time, "account_id": self.account_id, "quotas": self.quotas}

    # -- roles ------------------------------------------------------------------------------------------------------

    @atomic
    def create_role(
        self,
        name: str,
        *,
        trust: object,
        policies: Iterable[str | ManagedPolicy] = (),
        path: str = "/",
        max_session_duration: int = 3600,
        tags: Mapping[str, str] | None = None,
        description: str | None = None,
        permissions_boundary: object = None,
    ) -> Role:
        """
        Create a role, and nothing else: an instance profile is another thing (AWS: CreateRole).

        Args:
            name: 1-64 of ``[\\w+=,.@-]``, unique whatever the case.
            trust: who may assume it: a `TrustPolicy`, a dict or JSON text.
            policies: names or ARNs of managed policies to attach.
            path: such as ``/service/``.
            max_session_duration: 3600-43200 seconds.
            tags: at most 50.
            description: at most 1,000 characters.
            permissions_boundary: a managed policy, its name or ARN, or a document.

        Raises:
            EntityAlreadyExistsError, InvalidNameError, PolicyError, NoSuchEntityError, LimitExceededError: nothing has been
                created then.
        """
        Role.name_rule.check(name)
        self.roles.check_free(name)
        if isinstance(policies, str):
            raise TypeError(
                f"policies must be a list of names or ARNs, got the text {shown(policies)}; write [{shown(policies)}]"
            )
        role = Role(
            name,
            trust=trust,
            path=path,
            max_session_duration=max_session_duration,
            tags=tags,
            description=description,
            attached=tuple(policies),
            boundary=permissions_boundary,
            policies=self,
            find_principal=self.find_principal,
            principal_arn=self.principal_arn,
            **self._common(),
        )
        self.roles.add(role, role.created)
        return role

    @atomic
    def delete_role(self, name: str) -> None:
        """
        Delete a role; its sessions stop working (AWS: DeleteRole).

        Raises:
            NoSuchEntityError: if there is none of that name.
            DeleteConflictError: if it is in an instance profile, or has policies.
        """
        role = self.roles[name]
        role.check_modifiable()
        holders = [profile.name for profile in self.instance_profiles.values() if profile.role is role]
        _refuse_delete(
            (holders, "must remove roles from instance profile first", "remove it from instance profile {}"),
            *_policies_in_the_way(role),
        )
        self.roles.remove(role, role.mark_deleted())

    # -- instance profiles ------------------------------------------------------------------------------------------

    @atomic
    def create_instance_profile(
        self, name: str, *, path: str = "/", tags: Mapping[str, str] | None = None
    ) -> InstanceProfile:
        """
        Create an empty instance profile (AWS: CreateInstanceProfile).

        Args:
            name: 1-128 of ``[\\w+=,.@-]``, unique whatever the case.
            path: such as ``/web/``.
            tags: at most 50.

        Raises:
            EntityAlreadyExistsError, InvalidNameError, LimitExceededError: nothing has been created then.
        """
        PROFILE_NAME.check(name)
        self.instance_profiles.check_free(name)
        profile = InstanceProfile(name, path=path, tags=tags, **self._common())
        self.instance_profiles.add(profile, profile.created)
        return profile

    @atomic
    def delete_instance_profile(self, name: str) -> None:
        """
        Delete an empty instance profile; instances that have it are not asked (AWS: DeleteInstanceProfile).

        Raises:
            NoSuchEntityError: if there is none of that name.
            DeleteConflictError: if it holds a role.
        """
        profile = self.instance_profiles[name]
        roles = [profile.role.name] if profile.role else []
        _refuse_delete((roles, "must remove roles from instance profile first", "remove role {} from it first"))
        self.instance_profiles.remove(profile, profile.mark_deleted())

    # -- users and groups -------------------------------------------------------------------------------------------

    @atomic
    def create_user(
        self,
        name: str,
        *,
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        permissions_boundary: object = None,
    ) -> User:
        """
        Create a user, to show what long-term credentials do instead (AWS: CreateUser).

        Args:
            name: 1-64 of ``[\\w+=,.@-]``, unique whatever the case.
            path: such as ``/staff/``.
            tags: at most 50.
            permissions_boundary: a managed policy, its name or ARN, or a document.
        """
        User.name_rule.check(name)
        self.users.check_free(name)
        user = User(name, path=path, tags=tags, boundary=permissions_boundary, policies=self, **self._common())
        self.users.add(user, user.created)
        return user

    @atomic
    def delete_user(self, name: str) -> None:
        """Delete a user without keys, password, policies and groups (AWS: DeleteUser)."""
        user = self.users[name]
        _refuse_delete(
            (list(user.access_keys), "must delete access keys first", "delete access key {} first"),
            (
                ["password"] if user.has_console_password else [],
                "must delete login profile first",
                "delete its {} first",
            ),
            (
                [device.serial_number for device in user.mfa_devices],
                "must delete MFA device first",
                "deactivate_mfa_device({}) first",
            ),
            *_policies_in_the_way(user),
            (
                [group.name for group in user.groups],
                "must remove users from group first",
                "remove it from group {} first",
            ),
        )
        self.users.remove(user, user.mark_deleted())

    def user_of_key(self, access_key_id: str, position: Position | None = None) -> User | None:
        """Return the user of this account that has an access key of that id, now or as of *position*, or None."""
        found = self.time.issuer_of(access_key_id)
        user = None if found is None else found[0]
        if not isinstance(user, User) or user.account_id != self.account_id:
            return None
        return user if user.has_key(access_key_id, position) else None

    @atomic
    def update_user(self, name: str, *, new_name: str | None = None, new_path: str | None = None) -> User:
        """
        Give a user another name or path (AWS: UpdateUser).

        The unique id stays, and with it policies, groups, keys, and what names the user as a principal. What names its ARN
        as a resource, or in a condition, does not follow.

        >>> from ec2roles import Account
        >>> account = Account()
        >>> bob = account.create_user("bob")
        >>> account.iam.update_user("bob", new_name="robert", new_path="/staff/").arn
        'arn:aws:iam::123456789012:user/staff/robert'

        Args:
            name: its name until now.
            new_name: 1-64 of ``[\\w+=,.@-]``; None keeps it.
            new_path: such as ``/staff/``; None keeps it.

        Raises:
            NoSuchEntityError: if there is no such user.
            EntityAlreadyExistsError: if another one has the new name.
            InvalidNameError: if the name or the path does not fit.
        """
        user = self.users[name]
        self._rename(self.users, user, new_name, new_path)
        return user

    @atomic
    def update_group(self, name: str, *, new_name: str | None = None, new_path: str | None = None) -> Group:
        """
        Give a group another name or path; its members and policies stay (AWS: UpdateGroup).

        Args:
            name, new_name, new_path: as for `update_user`; a name has 1-128 characters.

        Raises:
            NoSuchEntityError, EntityAlreadyExistsError, InvalidNameError: see `update_user`.
        """
        group = self.groups[name]
        self._rename(self.groups, group, new_name, new_path)
        return group

    def _rename(self, table: Entities[Any], entity: User | Group, new_name: str | None, new_path: str | None) -> None:
        old = entity.name
        name = old if new_name is None else entity.name_rule.check(new_name)
        path = entity.path if new_path is None else new_path
        other = table.get(name)
        if other is not None and other is not entity:
            raise EntityAlreadyExistsError(
                table.taken.format(name=name), detail=f"'{other.name}' already exists (names ignore case)"
            )
        if (name, path) != (old, entity.path):
            table.rename(entity, old, entity.rename(name, path))

    @atomic
    def create_group(self, name: str, *, path: str = "/") -> Group:
        """Create a group of users (AWS: CreateGroup)."""
        Group.name_rule.check(name)
        self.groups.check_free(name)
        group = Group(name, path=path, policies=self, **self._common())
        self.groups.add(group, group.created)
        return group

    @atomic
    def delete_group(self, name: str) -> None:
        """Delete a group without members and policies (AWS: DeleteGroup)."""
        group = self.groups[name]
        members = [user.name for user in self.users.values() if group in user.groups]
        _refuse_delete(
            (members, "must remove users from group first", "user {} is in it"),
            *_policies_in_the_way(group),
        )
        self.groups.remove(group, group.mark_deleted())

    # -- managed policies -------------------------------------------------------------------------------------------

    @atomic
    def create_policy(
        self,
        name: str,
        document: object,
        *,
        path: str = "/",
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> CustomerManagedPolicy:
        """
        Create a customer managed policy (AWS: CreatePolicy).

        Args:
            name: 1-128 of ``[\\w+=,.@-]``.
            document: a `PermissionPolicy`, a dict or JSON text.
            path: such as ``/team/``.
            description: at most 1,000 characters; it can never be changed.
            tags: at most 50.

        Raises:
            EntityAlreadyExistsError, PolicyError, PolicyTooLargeError, LimitExceededError: nothing has been created then.
        """
        POLICY_NAME.check(name)
        self.policies.check_free(name)
        policy = CustomerManagedPolicy(name, document, path=path, description=description, tags=tags, **self._common())
        self.policies.add(policy, policy.created)
        return policy

    @atomic
    def delete_policy(self, name: str) -> None:
        """Delete a customer managed policy that is attached nowhere (AWS: DeletePolicy)."""
        policy = self.policies[name]
        identities: list[Identity] = [*self.roles.values(), *self.users.values(), *self.groups.values()]
        users = [
            one.name for one in identities if policy in one.attached_policies or one.permissions_boundary is policy
        ]
        if users:
            raise DeleteConflictError(
                "Cannot delete a policy attached to entities.", detail=f"'{name}' is attached to {', '.join(users[:5])}"
            )
        if len(policy.versions) > 1:
            others = [version for version in policy.versions if version != policy.default_version_id]
            raise DeleteConflictError(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
                "The default version is deleted with the policy.",
                detail=f"delete_version() of {', '.join(others)} first",
            )
        self.policies.remove(policy, policy.mark_deleted())

    def find(self, name_or_arn: str) -> ManagedPolicy:
        """
        Return the managed policy of that name or ARN: the account's own first, then AWS's.

        Raises:
            NoSuchEntityError: if there is none.
        """
        if not name_or_arn.startswith("arn:"):
            own = self.policies.get(name_or_arn)
            if own is not None:
                return own
            for loaded in self.loaded_aws_policies.values():
                if loaded.name == name_or_arn:
                    return loaded
            return self.aws_managed[name_or_arn]
        if name_or_arn in self.loaded_aws_policies:
            return self.loaded_aws_policies[name_or_arn]
        if ":iam::aws:policy/" in name_or_arn:
            return self.aws_managed[name_or_arn]
        own = self.policies.get(name_or_arn.rpartition("/")[2])
        if own is None or own.arn != name_or_arn:
            raise NoSuchEntityError(
                f"Policy {name_or_arn} does not exist or is not attachable.",
                detail=f"no managed policy {shown(name_or_arn)} in account {self.account_id}",
            )
        return own

    # -- principals of trust policies -------------------------------------------------------------------------------

    def entity(self, arn: str, position: Position | None = None) -> Role | User | None:
        """
        Return the role or user of *arn* if it exists in any account of this Cloud.

        Args:
            arn: of a role or a user, path included.
            position: as of when; now by default.
        """
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            return None
        directory = self if parts[4] == self.account_id else self.find_directory(parts[4])
        kind, _, rest = parts[5].partition("/")
        if directory is None or kind not in ("role", "user"):
            return None
        name = rest.rpartition("/")[2]
        table: Entities[Any] = directory.roles if kind == "role" else directory.users
        found: Role | User | None = table.get(name) if position is None else table.at(name, position)
        if found is None:
            return None
        own = found.arn if position is None else found.arn_at(position)
        return found if own == arn else None

    def find_principal(self, principal: str) -> str | None:
        """
        Return the unique id of the role or user of an ARN, as IAM stores it in a trust policy.

        Returns:
            None for what is not resolved: accounts, sessions, services, and accounts that are not in this Cloud.

        Raises:
            TrustPolicyError: if the account is in this Cloud and has no such role or user.
        """
        parts = principal.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or parts[5].partition("/")[0] not in ("role", "user"):
            return None
        if parts[4] != self.account_id and self.find_directory(parts[4]) is None:
            return None
        found = self.entity(principal)
        if found is None:
            raise TrustPolicyError(
                f'Invalid principal in policy: "AWS":"{principal}"',
                detail=f"account {parts[4]} is in this Cloud and has no {shown(parts[5])}; create it first",
            )
        return unique_id(found)

    def principal_arn(self, arn: str, wanted_id: str) -> str | None:
        """Return what the ARN of the entity with the unique id *wanted_id*, once *arn*, is now; None if it is gone."""
        found = self.entity(arn)
        if found is not None and unique_id(found) == wanted_id:
            return arn
        account_id = arn.split(":", 5)[4]
        directory = self if account_id == self.account_id else self.find_directory(account_id)
        renamed = () if directory is None else (user for user in directory.users.values() if user.was_renamed)
        return next((user.arn for user in renamed if user.user_id == wanted_id), None)

    def find_role(self, arn: str, position: Position | None = None) -> Role | None:
        """Return the role that *arn* names in any account of this Cloud, now or as of *position*, or None."""
        found = self.entity(arn, position)
        return found if isinstance(found, Role) else None

    def __repr__(self) -> str:
        return f"<Directory of {self.account_id}: {len(self.roles)} roles, {len(self.instance_profiles)} instance profiles>"


def unique_id(entity: Role | User) -> str:
    """Return the unique id of a role (``AROA...``) or a user (``AIDA...``)."""
    return entity.role_id if isinstance(entity, Role) else entity.user_id


def _policies_in_the_way(identity: Identity) -> tuple[tuple[list[str], str, str], ...]:
    return (
        (
            [policy.name for policy in identity.attached_policies],
            "must detach all policies first",
            "detach_policy({}) first",
        ),
        (list(identity.policies), "must delete policies first", "delete_policy({}) first"),
    )


def _refuse_delete(*obstacles: tuple[list[str], str, str]) -> None:
    for names, message, cure in obstacles:
        if names:
            listed = ", ".join(f"'{name}'" for name in names[:5])
            raise DeleteConflictError(f"Cannot delete entity, {message}.", detail=cure.format(listed))
