"""What the AWS console does in one step where the API takes several, and who can sign in to it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ec2roles.errors import AccessDeniedError
from ec2roles.iam.directory import Directory
from ec2roles.iam.identity import ManagedPolicy
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.policy import TrustPolicy
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper

EC2 = "ec2.amazonaws.com"


@attrs.define(eq=False, repr=False)
class Console(Part):
    """
    The console of one account.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    <Role EC2Role>
    >>> account.console.iam_role_choices()
    ['No role', 'EC2Role']

    Args:
        directory: the account's IAM.
    """

    _directory: Directory = attrs.field(alias="directory", repr=False)

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return self._directory.time

    @atomic
    def create_role(
        self,
        name: str,
        *,
        service: str = EC2,
        policies: Iterable[str | ManagedPolicy] = (),
        description: str | None = None,
    ) -> Role:
        """
        Create a role for *service*, and for EC2 also the instance profile of the same name, with the role in it.

        The profile is what the API and the CLI make you create yourself. A role made here for another service has none,
        and can therefore not be picked for an instance, even if its trust policy is changed to EC2 later.

        Args:
            name: of the role and of the profile.
            service: the service that may assume it.
            policies: names or ARNs of managed policies.
            description: free text.

        Raises:
            EntityAlreadyExistsError: if the role, or for EC2 the profile, exists already; nothing has been created then.
        """
        Role.name_rule.check(name)
        if service == EC2:
            self._directory.instance_profiles.check_free(name)
        role = self._directory.create_role(
            name, trust=TrustPolicy.service(service), policies=policies, description=description
        )
        if service == EC2:
            self._directory.create_instance_profile(name).add_role(role)
        return role

    @atomic
    def delete_role(self, name: str) -> None:
        """
        Delete a role with its policies and with the instance profile of the same name.

        Raises:
            DeleteConflictError: if an instance profile of another name holds it.
        """
        directory = self._directory
        role = directory.roles[name]
        profile = directory.instance_profiles.get(name)
        own = profile is not None and profile.role is role
        others = [one for one in directory.instance_profiles.values() if one.role is role and one is not profile]
        if others:
            directory.delete_role(name)  # raises, and says which profile is in the way
        if own and profile is not None:
            profile.remove_role(role)
            directory.delete_instance_profile(profile.name)
        for policy in role.attached_policies:
            role.detach_policy(policy)
        for policy_name in role.policies:
            role.delete_policy(policy_name)
        directory.delete_role(name)

    def iam_role_choices(self) -> list[str]:
        """Return what EC2's "Attach/Replace IAM role" offers: instance *profiles*, though it calls them roles."""
        return ["No role", *self._directory.instance_profiles]

    def sign_in(self, name: str, password: str) -> User:
        """
        Sign in to the console as a user.

        Args:
            name: the user's name.
            password: the one given with `User.create_login_profile`.

        Raises:
            AccessDeniedError: if there is no such user or the password is wrong. A role always gets this: it has no
                password; a person takes its permissions on by switching to it after signing in as a user.
        """
        user = self._directory.users.get(name)
        if user is not None and user.password_is(password):
            return user
        if user is None and name in self._directory.roles:
            detail = f"'{name}' is a role; a role has no password and cannot sign in, it can only be assumed"
        elif user is not None and not user.has_console_password:
            detail = f"user '{name}' has no console password; create_login_profile() gives it one"
        else:
            detail = "wrong user name or password"
        raise AccessDeniedError("Your authentication information is incorrect. Please try again.", detail=detail)

    def __repr__(self) -> str:
        return f"<Console of {self._directory.account_id}>"
