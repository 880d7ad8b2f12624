"""An AWS account: its IAM, its token service, its instances, its buckets and its history, wired together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, TypedDict, TypeVar, Unpack, cast

import attrs

from ec2roles.arns import check_account_id
from ec2roles.authorization.authorizer import Authorizer
from ec2roles.calls import NOTHING, Call, Response, with_keys
from ec2roles.credentials import Credentials
from ec2roles.ec2.checks import check_region
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.launch import USUAL_OPTIONS, invalid_profile
from ec2roles.ec2.launch_options import LaunchOptions
from ec2roles.ec2.rotation import Rotation
from ec2roles.ec2.run_instances import launch_instances
from ec2roles.errors import ArgumentError, ClockError, InstanceError, NoCredentialsError, NoSuchEntityError
from ec2roles.gateway import Gateway
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.directory import Directory
from ec2roles.iam.entities import Entities
from ec2roles.iam.group import Group
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.managed import AwsManagedPolicies
from ec2roles.iam.quotas import Quotas
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.metadata.options import MetadataOptions
from ec2roles.policy import Decision, Policy, Semantics
from ec2roles.services.registry import Registry
from ec2roles.services.s3.namespace import Namespace
from ec2roles.sts.sessions import SessionStore
from ec2roles.sts.token_service import TokenService, check_credentials
from ec2roles.world.clock import AnyClock, Clock_co
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.propagation import EC2_CONTROL_PLANE, Propagation
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline

if TYPE_CHECKING:
    from ec2roles.api import Clients
    from ec2roles.faults.plan import FaultPlan
    from ec2roles.history.past import Past
    from ec2roles.iam.root_user import RootUser
    from ec2roles.metadata.defaults import MetadataDefaults
    from ec2roles.organizations.organization import Organization
    from ec2roles.services.operation import Service
    from ec2roles.services.s3.buckets import S3
    from ec2roles.sts.service_principal import ServicePrincipal

OUTSIDE_ADDRESS = "198.51.100.7"
"""``aws:SourceIp`` of calls made with `Account.call`, from a machine somewhere outside."""
_OUTSIDE = MappingProxyType({"aws:SourceIp": OUTSIDE_ADDRESS})

_OPTIONS = {field.name for field in attrs.fields(MetadataOptions)}


@attrs.define(eq=False)
class Shared(Part):
    """
    What all accounts of one Cloud share.

    Args:
        time: the timekeeper.
        accounts: the accounts by id.
        buckets: the buckets by name, unique among all accounts.
        aws_managed: AWS's managed policies.
        organizations: the organisations; most Clouds have none or one.
    """

    time: Timekeeper
    accounts: dict[str, Account[Any]] = attrs.field(factory=dict)
    buckets: Namespace = attrs.field(factory=Namespace)
    aws_managed: AwsManagedPolicies = attrs.field(factory=AwsManagedPolicies)
    organizations: list[Organization] = attrs.field(factory=list)

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong, and when; planned for the whole Cloud, an account or an instance."""
        if self.time.faults is None:
            # Few worlds have any, so the module is imported with the first.
            from ec2roles.faults.plan import FaultPlan

            FaultPlan(self.time, account_of=self._account_of)
        plan: FaultPlan = self.time.faults
        return plan

    def _account_of(self, instance_id: str) -> str:
        for account in self.accounts.values():
            if instance_id in account.instances:
                return account.account_id
        return next(iter(self.accounts.values())).instances[instance_id].hardware.account_id

    def directories(self) -> list[Directory]:
        """Return the IAM of every account of this Cloud."""
        return [account.iam for account in self.accounts.values()]

    def directory(self, account_id: str) -> Directory | None:
        """Return the IAM of an account of this Cloud, or None."""
        account = self.accounts.get(account_id)
        return None if account is None else account.iam


class Instances(Part, dict[str, Instance]):
    """The instances of an account by id; a missing one is EC2's error."""

    __slots__ = ()

    def __missing__(self, instance_id: str) -> Instance:
        raise InstanceError(
            f"The instance ID '{instance_id}' does not exist",
            code="InvalidInstanceID.NotFound",
            detail=f"no instance '{instance_id}'; there are {len(self)}",
        )

    def __repr__(self) -> str:
        return f"<{len(self)} instance{'' if len(self) == 1 else 's'}>"


Given = ParamSpec("Given")
Result = TypeVar("Result")


def _of_iam(
    method: Callable[Concatenate[Directory, Given], Result],
) -> Callable[[Callable[..., object]], Callable[Concatenate[Account[Any], Given], Result]]:
    """Return what makes a method of the account of one of its IAM's directory, with the same arguments and words."""

    def of_account(self: Account[Any], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        return method(self.iam, *args, **kwargs)

    return lambda _: cast("Callable[Concatenate[Account[Any], Given], Result]", wraps(method)(of_account))


def _nothing_to_sign_with(credentials: Credentials | None) -> NoCredentialsError | None:
    # What every AWS client says then, without asking AWS.
    return NoCredentialsError("Unable to locate credentials") if credentials is None else None


class AccountOptions(TypedDict, total=False):
    """
    What an account may be told wherever it is made: `Account` says what each of them means.

    >>> from ec2roles import Cloud
    >>> options: AccountOptions = {"region": "eu-west-1"}
    >>> Cloud().account("111122223333", **options).region
    'eu-west-1'
    """

    region: str
    quotas: Quotas | None
    rotation: Rotation | None
    keep_calls: int | None
    semantics: Semantics | None
    mfa_present: bool | None
    service_context: Mapping[str, Any] | None


class _WorldOptions(AccountOptions, total=False):
    seed: int
    remember: timedelta | None
    propagation: Propagation | timedelta | None


class Account(Part, Generic[Clock_co]):
    """
    An AWS account.

    >>> account = Account()
    >>> role = account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    >>> web = account.launch_instance(profile="EC2Role")
    >>> web.call("s3:ListAllMyBuckets").ok
    True

    What is done here is done by the account's owner: nobody's permissions are asked. `call` and `can` ask for those of the
    credentials that are given.

    Args:
        account_id: twelve digits.
        clock: anything with ``now()``; a `ManualClock` at 2026-01-01T00:00:00Z by default.
        seed: any int; the same seed and the same writes give the same ids, keys and secrets.
        region: where its instances are launched.
        quotas: the limits of its IAM.
        rotation: how the credentials of its instances rotate.
        remember: a timedelta: how far back questions may go; by default nothing is forgotten.
        keep_calls: how many calls the history keeps; None keeps all.
        semantics: the readings of open points by which its calls are judged.
        mfa_present: ``aws:MultiFactorAuthPresent`` in role sessions; None leaves the key out.
        service_context: context keys that EC2 and other services bring when they assume a role, such as
            ``aws:SourceAccount``; nothing by default, as AWS's pages do not say that EC2 sends them.
        propagation: how long changes in IAM take to be seen elsewhere: a timedelta, the maximum, or a `Propagation`.
        shared: what it shares with the other accounts of a `Cloud`; given by `Cloud.account`.
    """

    __slots__ = (
        "__weakref__", "_created", "_gateway", "_metadata_defaults", "_root", "_shared", "account_id", "console", "history", "iam",
        "instances", "region", "registry", "rotation", "s3", "sts", "time",
    )  # fmt: skip
    _CURES: ClassVar[Mapping[str, str]] = {
        option: f"Account({option}=...) says it for the whole life of the account"
        for option in "mfa_present service_context quotas semantics keep_calls seed remember propagation".split()
    }

    def __init__(
        self,
        account_id: str = "123456789012",
        *,
        clock: Clock_co | None = None,
        seed: int = 0,
        region: str = "us-east-1",
        quotas: Quotas | None = None,
        rotation: Rotation | None = None,
        remember: timedelta | None = None,
        keep_calls: int | None = 10_000,
        semantics: Semantics | None = None,
        mfa_present: bool | None = False,
        service_context: Mapping[str, Any] | None = None,
        propagation: Propagation | timedelta | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.account_id: str = check_account_id(account_id)
        for name, given, kind in (
            ("region", region, str),
            ("quotas", quotas, Quotas | None),
            ("rotation", rotation, Rotation | None),
            ("semantics", semantics, Semantics | None),
            ("mfa_present", mfa_present, bool | None),
            ("service_context", service_context, Mapping | None),
        ):
            if not isinstance(given, kind):
                raise TypeError(f"{name} must be {getattr(kind, '__name__', kind)}, got {type(given).__name__}")
        if shared is None:
            shared = Shared(Timekeeper(clock, seed, remember, propagation))
        elif propagation is not None:
            raise ArgumentError("propagation is the same for all accounts of a Cloud: give it to the Cloud")
        self.time: Timekeeper = shared.time
        self._created = self.time.instant()
        self.region: str = check_region(region)
        self.rotation: Rotation = Rotation() if rotation is None else rotation
        self._shared = shared
        self.iam: Directory = Directory(
            self.time,
            account_id,
            quotas=Quotas() if quotas is None else quotas,
            aws_managed=shared.aws_managed,
            find_directory=shared.directory,
            others=shared.directories,
            find_root=self._existing_root,
        )
        sessions = SessionStore(time=self.time, account_id=account_id, mfa_present=mfa_present, quotas=self.iam.quotas)
        authorizer = Authorizer(
            sessions,
            region=region,
            semantics=Semantics() if semantics is None else semantics,
            service_context=service_context or NOTHING,
            organizations=shared.organizations,
        )
        self._root: RootUser | None = None
        self.instances: Instances = Instances()
        self._metadata_defaults: Timeline[MetadataDefaults | None] = Timeline((-(1 << 62), 0), None)
        self._wire(authorizer, keep_calls)
        shared.accounts[account_id] = self

    def _wire(self, authorizer: Authorizer, keep_calls: int | None) -> None:
        """Make the parts through which its calls go, each with those that it needs."""
        # Imported when the first account is made, to keep the import of the library quick.
        from ec2roles.history.history import History
        from ec2roles.iam.console import Console
        from ec2roles.services.s3.buckets import S3
        from ec2roles.services.s3.operations import S3Operations
        from ec2roles.services.sts.operations import sts_service

        account_id, region, shared = self.account_id, self.region, self._shared
        self.registry: Registry = Registry()
        self.history: History = History(self.time, account_id, self.instances, keep_calls, region, self.registry)
        self._gateway = Gateway(authorizer, self.registry, self.history, self._api_of)
        self.sts: TokenService = TokenService(
            time=self.time,
            account_id=account_id,
            region=region,
            find_role=self.iam.find_role,
            find_policy=self._session_policy,
            sessions=authorizer.sessions,
            authorizer=authorizer,
            api=self._gateway,
        )
        self.s3: S3 = S3(
            self.time,
            account_id,
            shared.buckets,
            region=region,
            find_principal=self.iam.find_principal,
            principal_arn=self.iam.principal_arn,
        )
        self.registry.register_later("s3", lambda: S3Operations(shared.buckets, self._s3_of, self._may).service())
        self.registry.register(sts_service(self.sts))
        self.registry.register_later("iam", self._iam_service)
        self.registry.register_later("ec2", self._ec2_service)
        self.console: Console = Console(self.iam)

    @classmethod
    def from_authorization_details(
        cls, document: object, *, clock: AnyClock | None = None, **options: Unpack[_WorldOptions]
    ) -> Account[AnyClock]:
        """
        Return an account with everything that ``aws iam get-account-authorization-details`` printed.

        >>> import json
        >>> account = Account.from_authorization_details(
        ...     {
        ...         "RoleDetailList": [
        ...             {
        ...                 "RoleName": "app",
        ...                 "RoleId": "AROAEXAMPLE",
        ...                 "Arn": "arn:aws:iam::123456789012:role/app",
        ...                 "AssumeRolePolicyDocument": {
        ...                     "Version": "2012-10-17",
        ...                     "Statement": [
        ...                         {
        ...                             "Effect": "Allow",
        ...                             "Principal": {"Service": "ec2.amazonaws.com"},
        ...                             "Action": "sts:AssumeRole",
        ...                         }
        ...                     ],
        ...                 },
        ...             }
        ...         ]
        ...     }
        ... )
        >>> list(account.roles)
        ['app']

        Args:
            document: the JSON text, or the object parsed from it.
            clock, options: as for `Account`; the id is in the document.

        Raises:
            AuthorizationDetailsError: if it is malformed or inconsistent, with the JSON pointer; no account exists then.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.iam import authorization_details

        if isinstance(document, str):
            document = authorization_details.parse_details(document)
        account: Account[Any] = cls(authorization_details.account_of(document), clock=clock, **options)  # type: ignore[arg-type]
        authorization_details.load(document, account.iam)
        return account

    # -- who acts besides roles and users -----------------------------------------------------------------------------

    def _existing_root(self) -> RootUser | None:
        return self._root

    @property
    def root(self) -> RootUser:
        """The account's root user."""
        if self._root is None:
            # Imported when it is needed, to keep the import of the library quick.
            from ec2roles.iam.root_user import RootUser

            self._root = RootUser(self.account_id, time=self.time, quotas=self.iam.quotas)
        return self._root

    def service(self, name: str) -> ServicePrincipal:
        """
        Return an AWS service, which can assume roles as EC2 does.

        >>> Account().service("ecs-tasks.amazonaws.com")
        <ServicePrincipal ecs-tasks.amazonaws.com>

        Args:
            name: such as ``lambda.amazonaws.com``.
        """
        from ec2roles.sts.service_principal import ServicePrincipal

        return ServicePrincipal(name, self.sts, self.history.record_call)

    # -- IAM --------------------------------------------------------------------------------------------------------

    @property
    def clock(self) -> Clock_co:
        """The clock; `ManualClock` by default."""
        return cast("Clock_co", self.time.clock)

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong, and when: the plan of the whole Cloud; ``account=`` and ``instance=`` narrow a fault."""
        return self._shared.faults

    @property
    def roles(self) -> Entities[Role]:
        """The roles by name."""
        return self.iam.roles

    @property
    def instance_profiles(self) -> Entities[InstanceProfile]:
        """The instance profiles by name."""
        return self.iam.instance_profiles

    @property
    def users(self) -> Entities[User]:
        """The users by name."""
        return self.iam.users

    @property
    def groups(self) -> Entities[Group]:
        """The groups by name."""
        return self.iam.groups

    @property
    def policies(self) -> Entities[CustomerManagedPolicy]:
        """The customer managed policies by name."""
        return self.iam.policies

    @_of_iam(Directory.create_role)
    def create_role(self) -> None:
        """See `Directory.create_role`."""

    @_of_iam(Directory.delete_role)
    def delete_role(self) -> None:
        """See `Directory.delete_role`."""

    @_of_iam(Directory.create_policy)
    def create_policy(self) -> None:
        """See `Directory.create_policy`."""

    @_of_iam(Directory.create_instance_profile)
    def create_instance_profile(self) -> None:
        """See `Directory.create_instance_profile`."""

    @_of_iam(Directory.delete_instance_profile)
    def delete_instance_profile(self) -> None:
        """See `Directory.delete_instance_profile`."""

    @_of_iam(Directory.create_user)
    def create_user(self) -> None:
        """See `Directory.create_user`."""

    @_of_iam(Directory.delete_policy)
    def delete_policy(self) -> None:
        """See `Directory.delete_policy`."""

    @_of_iam(Directory.delete_user)
    def delete_user(self) -> None:
        """See `Directory.delete_user`."""

    @_of_iam(Directory.create_group)
    def create_group(self) -> None:
        """See `Directory.create_group`."""

    @atomic
    def create_service_linked_role(
        self, service: str, *, custom_suffix: str | None = None, description: str | None = None
    ) -> Role:
        """
        Create the role of one of AWS's services, which nobody but AWS changes (AWS: CreateServiceLinkedRole).

        >>> Account().create_service_linked_role("autoscaling.amazonaws.com").arn
        'arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'

        Args:
            service: its principal; 71 of them are known.
            custom_suffix: tells further roles apart, of services that may have more than one.
            description: at most 1,000 characters.

        Raises:
            InvalidInputError: if the service has none, has it already, or takes no suffix.
            InvalidNameError: if the suffix or the description does not fit.
            LimitExceededError: if there are too many roles.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.iam.service_linked import create_service_linked_role

        return create_service_linked_role(self.iam, service, custom_suffix, description)

    @atomic
    def delete_service_linked_role(self, name: str) -> str:
        """
        Delete the role of a service, which is done at once here (AWS: DeleteServiceLinkedRole).

        Returns:
            The id of the task, which GetServiceLinkedRoleDeletionStatus takes.

        Raises:
            NoSuchEntityError: if there is none of that name.
        """
        from ec2roles.iam.service_linked import delete_service_linked_role

        return delete_service_linked_role(self.iam, name)

    def _session_policy(self, arn: str, account_id: str, position: Position) -> Policy:
        directory = self._shared.directory(account_id)
        if directory is None or not arn.startswith("arn:"):
            raise NoSuchEntityError(
                f"Policy {arn} does not exist or is not attachable.",
                detail="a session policy is named by its ARN, and belongs to the role's account",
            )
        own = directory.policies.at(arn.rpartition("/")[2], position)
        found = own if own is not None and own.arn == arn else directory.find(arn)
        policy = found.document_at(position)
        if policy is None:
            raise NoSuchEntityError(f"Policy {arn} does not exist or is not attachable.", detail="it has been deleted")
        return policy

    # -- instances --------------------------------------------------------------------------------------------------

    def launch_instance(
        self, profile: InstanceProfile | str | None = None, **options: Unpack[LaunchOptions]
    ) -> Instance:
        """
        Launch an instance; it runs at once (AWS: RunInstances).

        Args:
            profile: an instance profile, its name or its ARN; None for "No role".
            options: ``instance_type``, ``image_id``, ``region``, ``availability_zone``, ``tags``, ``user_data``,
                ``rotation``; and of its metadata: ``http_tokens``, ``http_endpoint``, ``http_put_response_hop_limit``,
                ``instance_metadata_tags``, ``http_protocol_ipv6``, and ``imds_support="v2.0"`` of the AMI; and what
                `Instance` takes besides: ``key_name``, ``security_groups``, ``instance_life_cycle`` and so on. An option of
                the metadata that is not given comes from the account's defaults, the AMI, or is AWS's own, in that order.

        Raises:
            InstanceError: for what is no instance profile, one without a role, or a bad option; nothing is launched then.
        """
        return self.launch_instances(1, profile, **options)[0]

    @atomic
    def launch_instances(
        self, count: int, profile: InstanceProfile | str | None = None, **options: Unpack[LaunchOptions]
    ) -> list[Instance]:
        """
        Launch many instances alike (AWS: RunInstances with MinCount and MaxCount).

        Args:
            count: 1 or more.
            profile, options: as for `launch_instance`.
        """
        others: dict[str, Any] = {"rotation": self.rotation, "region": self.region, **options}
        chosen = {name: others.pop(name) for name in list(options) if name in _OPTIONS}
        instances = launch_instances(
            count,
            profile,
            sts=self.sts,
            time=self.time,
            api=self._gateway,
            find_profile=self._find_profile,
            metadata_options=self._options_at_launch(chosen, others.pop("imds_support", None)),
            check_options=self._check_options,
            forget=self._forget_instance,
            **others,
        )
        self.time.journal.note(self._forget, instances)
        self.instances.update((instance.instance_id, instance) for instance in instances)
        return instances

    @atomic
    def modify_instance_metadata_defaults(self, **options: Any) -> MetadataDefaults:
        """
        Set what this account wants for the metadata of instances it launches from now on; running ones stay as they are.

        AWS: ModifyInstanceMetadataDefaults.

        >>> account = Account()
        >>> account.modify_instance_metadata_defaults(http_tokens="required").http_tokens
        'required'
        >>> account.launch_instance().metadata_options.http_tokens
        'required'

        Args:
            http_tokens: ``optional``, ``required`` or ``no-preference``.
            http_put_response_hop_limit: 1-64, or -1 for no preference.
            http_endpoint, instance_metadata_tags: ``enabled``, ``disabled`` or ``no-preference``.
            http_tokens_enforced: ``enabled`` refuses launches, and changes of instances, that would allow IMDSv1.

        Returns:
            The defaults now in force.

        Raises:
            InstanceError: for any other value; nothing has changed then.
        """
        from ec2roles.metadata.defaults import MetadataDefaults

        known = self.metadata_defaults
        changed = MetadataDefaults(**options) if known is None else attrs.evolve(known, **options)
        detail = ", ".join(f"{name}={value}" for name, value in options.items())
        position = self.time.write(
            "ModifyInstanceMetadataDefaults", f"account {self.account_id}", account_id=self.account_id, detail=detail
        )
        self.time.record(self._metadata_defaults, position, changed)
        return changed

    @property
    def metadata_defaults(self) -> MetadataDefaults | None:
        """What `modify_instance_metadata_defaults` set, or None (AWS: GetInstanceMetadataDefaults)."""
        return self._metadata_defaults.last

    def _options_at_launch(self, chosen: Mapping[str, Any], imds_support: str | None) -> MetadataOptions:
        defaults = self.metadata_defaults
        if defaults is None and imds_support is None:
            return MetadataOptions(**chosen) if chosen else USUAL_OPTIONS
        from ec2roles.metadata.defaults import options_at_launch

        return options_at_launch(chosen, defaults, imds_support)

    def _check_options(self, options: MetadataOptions) -> None:
        defaults = self.metadata_defaults
        if defaults is not None:
            defaults.check_enforced(options)

    def _forget_instance(self, instance_id: str) -> None:
        self.time.journal.remove(self.instances, instance_id)

    def _forget(self, instances: list[Instance]) -> None:
        for instance in instances:
            self.instances.pop(instance.instance_id, None)

    def _find_profile(self, name_or_arn: str, position: Position | None = None) -> InstanceProfile:
        name = name_or_arn.rpartition("/")[2] if name_or_arn.startswith("arn:") else name_or_arn
        table = self.instance_profiles
        profile = table.get(name) if position is None else table.at(name, position)
        if self.time.propagation is not None:
            # What the name meant when EC2 looked last; where it meant nothing, the launch says why the profile is refused.
            now = self.time.as_of(None) if position is None else position
            profile = table.at(name, self.time.seen_by(EC2_CONTROL_PLANE, now)) or profile
        if profile is not None and name_or_arn in (profile.name, profile.arn):
            return profile
        if profile is not None:
            detail = f"there is '{profile.arn}'; names and ARNs are compared exactly here"
        elif name in self.roles:
            detail = (
                f"no instance profile '{name}'; there is a role of that name, but roles are not attached, profiles are"
            )
        else:
            detail = (
                f"no instance profile '{name_or_arn}'; known: {', '.join(list(self.instance_profiles)[:5]) or 'none'}"
            )
        raise invalid_profile(name_or_arn, detail)

    def _iam_service(self) -> Service:
        # Imported when it is first called, to keep the import of the library quick.
        from ec2roles.services.iam.operations import iam_service

        return iam_service(self.iam, semantics=self._gateway.authorizer.semantics)

    def _ec2_service(self) -> Service:
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.services.ec2.account import Ec2
        from ec2roles.services.ec2.operations import ec2_service

        def ec2_of(account_id: str) -> Ec2:
            one = self._shared.accounts[account_id]
            return Ec2(
                account_id,
                one.region,
                one.time,
                one.instances,
                one.launch_instances,
                one._find_profile,
                one.modify_instance_metadata_defaults,
                one._metadata_defaults.at,
            )

        return ec2_service(ec2_of)

    @property
    def api(self) -> Gateway:
        """Where its calls go."""
        return self._gateway

    def _api_of(self, account_id: str) -> Gateway | None:
        account = self._shared.accounts.get(account_id)
        return None if account is None else account.api

    def _may(self, call: Call) -> Decision:
        return self._gateway.can(call)

    def _s3_of(self, account_id: str) -> S3:
        return self._shared.accounts[account_id].s3

    # -- the past ---------------------------------------------------------------------------------------------------

    def as_of(self, when: datetime) -> Past:
        """
        Return the account as it was, to be read only.

        >>> account = Account()
        >>> web = account.launch_instance()
        >>> account.as_of(account.clock.now()).instances[web.instance_id].state
        'running'

        Args:
            when: an aware datetime, not in the future.

        Returns:
            A `Past` with ``roles``, ``instance_profiles``, ``users``, ``groups``, ``policies``, ``instances`` and ``buckets``.
            Whether a call would have been allowed then is asked with `can` and its ``at=``.

        Raises:
            ClockError: if *when* is in the future, before the account existed, or further back than the Cloud remembers.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.history.past import Past

        if when is None:
            raise TypeError("when must be a datetime, got NoneType")
        return Past(self._position(when), self.iam, self.instances.values(), self.s3.buckets)

    def _position(self, at: datetime | None) -> Position:
        """The position of a question about *at*, once the account existed."""
        position = self.time.as_of(at)
        if at is not None and position[0] < self._created:
            raise ClockError(
                f"'at' is before account {self.account_id} existed: {iso_exact(from_microseconds(position[0]))}; "
                f"it was made at {iso_exact(from_microseconds(self._created))}"
            )
        return position

    # -- calls ------------------------------------------------------------------------------------------------------

    def call(
        self,
        action: str,
        resource: str | None = None,
        *,
        credentials: Credentials | None,
        context: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Response:
        """
        Make a call from outside, with these credentials.

        Args:
            action: an IAM action or an API operation: ``s3:ListAllMyBuckets``, ``s3:ListBuckets``.
            resource: the ARN it is about, where there is one.
            credentials: whose call it is; None for a call without any.
            context: context keys, such as ``aws:SourceIp``.
            parameters: what the operation is given, such as ``body=b"meow"``.

        Returns:
            A `Response`; a refusal is a value as well.
        """
        return self._gateway.call(self._call(action, resource, credentials, context, parameters))

    def request(
        self,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        credentials: Credentials | None,
        context: Mapping[str, Any] | None = None,
    ) -> Response:
        """
        Make a call as AWS's API takes it, and get a response of its form.

        >>> account = Account()
        >>> key = account.create_user("alice").create_access_key()
        >>> account.request("sts:GetCallerIdentity", credentials=key).value["Arn"]
        'arn:aws:iam::123456789012:user/alice'

        Args:
            operation: the service's prefix and the operation's name: ``s3:PutObject``.
            parameters: AWS's, as boto3 takes them: ``{"Bucket": "photos", "Key": "cat.jpg", "Body": b"meow"}``.
            credentials: whose call it is; None for a call without any.
            context: context keys, such as ``aws:SourceIp``.

        Returns:
            A `Response` whose value is a dict as boto3 gives it. An operation that is not simulated is the error
            ``InvalidAction``.
        """
        return self._gateway.request(
            operation,
            parameters or NOTHING,
            position=self.time.as_of(None),
            credentials=check_credentials(credentials),
            context=with_keys(_OUTSIDE, context),
            refusal=_nothing_to_sign_with(credentials),
        )

    def as_(self, credentials: Credentials | None, *, context: Mapping[str, Any] | None = None) -> Clients:
        """
        Return clients that make every call with these credentials, with AWS's own names as boto3 has them.

        >>> account = Account()
        >>> alice = account.create_user("alice")
        >>> account.as_(alice.create_access_key()).sts.get_caller_identity().value["Arn"]
        'arn:aws:iam::123456789012:user/alice'

        Args:
            credentials: whose calls they are; None for calls without any.
            context: context keys of every call, such as ``aws:SourceIp``.

        Returns:
            An object with ``.iam``, ``.ec2``, ``.sts``, ``.s3`` and whatever else is registered. Each has a method for each
            of its operations, such as ``create_role(RoleName=...)``, which returns a `Response`.
        """
        # Imported when it is needed, to keep the import of the library quick.
        from ec2roles.api import Clients

        check_credentials(credentials)

        def request(operation: str, parameters: Mapping[str, Any]) -> Response:
            return self.request(operation, parameters, credentials=credentials, context=context)

        return Clients(request, self.registry)

    def can(
        self,
        action: str,
        resource: str | None = None,
        *,
        credentials: Credentials | None,
        context: Mapping[str, Any] | None = None,
        at: datetime | None = None,
        **parameters: Any,
    ) -> Decision:
        """
        Ask whether such a call would be allowed; nothing is done and nothing is recorded.

        Args:
            action, resource, credentials, context, parameters: as for `call`.
            at: a moment in the past; now by default.
        """
        return self._gateway.can(self._call(action, resource, credentials, context, parameters, at, question=True))

    def _call(
        self,
        action: str,
        resource: str | None,
        credentials: Credentials | None,
        context: Mapping[str, Any] | None,
        parameters: Mapping[str, Any],
        at: datetime | None = None,
        *,
        question: bool = False,
    ) -> Call:
        return Call(
            action,
            resource=resource,
            position=self._position(at),
            credentials=check_credentials(credentials),
            context=with_keys(_OUTSIDE, context),
            parameters=parameters or NOTHING,
            question=question,
            refusal=_nothing_to_sign_with(credentials),
        )

    def __repr__(self) -> str:
        counts = ((self.roles, "role"), (self.instance_profiles, "instance profile"), (self.instances, "instance"))
        held = ", ".join(f"{len(things)} {noun}{'' if len(things) == 1 else 's'}" for things, noun in counts)
        return f"<Account {self.account_id}: {held}>"
