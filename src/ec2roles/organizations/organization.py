"""An organisation: accounts in a tree of units, and the policies that limit all that is below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.errors import AwsError
from ec2roles.iam.names import NameRule
from ec2roles.organizations.hierarchy import CONSTRAINT, OrganizationHierarchy, Root, Target
from ec2roles.organizations.policy import OrganizationPolicy, check_type, load_content
from ec2roles.organizations.tree import DEFAULTS, KINDS, RCP, SCP, Tree
from ec2roles.policy import Policy, load_policy
from ec2roles.world.journal import atomic
from ec2roles.world.timeline import Timeline

RCP_SERVICES = frozenset({"kms", "s3", "secretsmanager", "sqs", "sts"})
"""The services whose resources AWS's resource control policies knew when they came out."""

_EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_POLICIES_PER_TARGET = 5
_POLICY_NAME = NameRule("name", "name of a policy", r"[\s\S]*", r"[\s\S]*", 1, 128)


# Nothing is checked or converted on assignment: nothing public can be assigned (`Fixed`).
@attrs.define(eq=False, on_setattr=attrs.setters.NO_OP, repr=False)
class Organization(OrganizationHierarchy):
    """
    An organisation with all features.

    >>> from ec2roles import Cloud
    >>> cloud = Cloud()
    >>> organization = cloud.create_organization(cloud.account("999999999999"))
    >>> sandbox = organization.create_organizational_unit("Sandbox")
    >>> organization.add_account(cloud.account("111122223333"), sandbox)
    >>> no_s3 = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    >>> organization.attach_policy(sandbox, organization.create_policy("NoS3", no_s3))
    >>> organization
    <Organization of 999999999999: 2 accounts, 1 organizational unit, 3 policies>

    Usually made by `Cloud.create_organization`.

    Args:
        management_account_id: twelve digits; no policy of the organisation limits this account.
        time: the Cloud's timekeeper.
        policy_types: which are enabled from the start.
        rcp_services: the services whose resources resource control policies know.
        others: the organisations of the Cloud; an account is in one at most.
    """

    _policy_types: Iterable[str] = attrs.field(default=(SCP, RCP), kw_only=True, alias="policy_types")
    rcp_services: frozenset[str] = attrs.field(default=RCP_SERVICES, kw_only=True, converter=frozenset)
    _policies: dict[str, OrganizationPolicy] = attrs.field(init=False, factory=dict)

    @atomic
    def __attrs_post_init__(self) -> None:
        check_account_id(self.management_account_id)
        self._check_free(self.management_account_id, "AlreadyInOrganizationException")
        enabled = frozenset(check_type(type_name) for type_name in self._policy_types)
        self.id: str = self.time.ids.resource_id("o")
        root_id = f"r-{self.id[-4:]}"
        self.root: Root = Root(root_id, self._arn("root", root_id))
        documents = {}
        for policy_type, policy_id in DEFAULTS.items():
            kind, name = KINDS[policy_type], policy_id.removeprefix("p-")
            statement = _EVERYTHING if kind == "scp" else {**_EVERYTHING, "Principal": "*"}
            arn = f"arn:aws:organizations::aws:policy/{policy_type.lower()}/{policy_id}"
            self._policies[policy_id] = OrganizationPolicy(policy_id, name, policy_type, arn)
            loaded = load_policy({"Version": "2012-10-17", "Statement": [statement]}, kind)
            documents[policy_id] = loaded.named(name, arn=arn)
        defaults = tuple(DEFAULTS[type_name] for type_name in DEFAULTS if type_name in enabled)
        position = self.time.write("CreateOrganization", self.arn, account_id=self.management_account_id)
        tree = Tree(
            organization_id=self.id,
            management_account_id=self.management_account_id,
            root_id=root_id,
            rcp_services=self.rcp_services,
            parents={self.management_account_id: root_id},
            documents=documents,
            attached={root_id: defaults, self.management_account_id: defaults},
            enabled=enabled,
        )
        self._trees = Timeline(position, tree)

    # -- its policies -------------------------------------------------------------------------------------------------

    @property
    def policies(self) -> Mapping[str, OrganizationPolicy]:
        """The policies by name, AWS's own among them."""
        return {policy.name: policy for policy in self._policies.values() if policy.id in self._tree.documents}

    def content(self, policy: OrganizationPolicy | str) -> Policy:
        """Return what a policy says now (AWS: DescribePolicy)."""
        return self._tree.documents[self._policy(policy).id]

    def attached_policies(self, target: Target, policy_type: str = SCP) -> tuple[OrganizationPolicy, ...]:
        """
        Return the policies of one type that are attached to *target* itself (AWS: ListPoliciesForTarget).

        Args:
            target: the root, a unit, or an account; the thing or its id.
            policy_type: ``SERVICE_CONTROL_POLICY`` or ``RESOURCE_CONTROL_POLICY``.
        """
        policy_ids = self._tree.of_type(self._target(target), check_type(policy_type))
        return tuple(self._policies[policy_id] for policy_id in policy_ids)

    @atomic
    def create_policy(self, name: str, content: object, *, policy_type: str = SCP) -> OrganizationPolicy:
        """
        Create a policy; it limits nothing until it is attached (AWS: CreatePolicy).

        Args:
            name: 1-128 characters, unique in the organisation.
            content: the document: a dict, JSON text, or a `Policy` of kind ``scp`` or ``rcp``.
            policy_type: ``SERVICE_CONTROL_POLICY`` or ``RESOURCE_CONTROL_POLICY``.

        Raises:
            AwsError: ``MalformedPolicyDocumentException``, ``DuplicatePolicyException``, or ``ConstraintViolationException``
                for a document that is too long.
        """
        _POLICY_NAME.check(name)
        loaded = load_content(content, check_type(policy_type))
        if name in self.policies:
            raise AwsError(
                "A policy with the same name already exists.",
                code="DuplicatePolicyException",
                detail=f"{shown(name)} exists",
            )
        policy_id = self.time.ids.resource_id("p")
        policy = OrganizationPolicy(
            policy_id, name, policy_type, self._arn("policy", f"{policy_type.lower()}/{policy_id}")
        )
        documents = {**self._tree.documents, policy_id: loaded.named(name, arn=policy.arn)}
        self._write("CreatePolicy", policy.arn, attrs.evolve(self._tree, documents=documents), detail=name)
        self.time.journal.put(self._policies, policy_id, policy)
        return policy

    @atomic
    def update_policy(self, policy: OrganizationPolicy | str, content: object) -> None:
        """
        Replace what a policy says, wherever it is attached (AWS: UpdatePolicy).

        Args:
            policy: the policy, its id or its name.
            content: as for `create_policy`.
        """
        org_policy = self._own(policy)
        loaded = load_content(content, org_policy.policy_type).named(org_policy.name, arn=org_policy.arn)
        documents = {**self._tree.documents, org_policy.id: loaded}
        self._write(
            "UpdatePolicy", org_policy.arn, attrs.evolve(self._tree, documents=documents), detail=org_policy.name
        )

    @atomic
    def delete_policy(self, policy: OrganizationPolicy | str) -> None:
        """
        Delete a policy that is attached nowhere (AWS: DeletePolicy).

        Raises:
            AwsError: ``PolicyInUseException``.
        """
        org_policy, tree = self._own(policy), self._tree
        used = [target for target, attached in tree.attached.items() if org_policy.id in attached]
        if used:
            raise AwsError(
                "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts "
                "before performing this operation.",
                code="PolicyInUseException",
                detail=f"it is attached to {', '.join(used[:5])}",
            )
        documents = {key: value for key, value in tree.documents.items() if key != org_policy.id}
        self._write("DeletePolicy", org_policy.arn, attrs.evolve(tree, documents=documents), detail=org_policy.name)
        self.time.forget_later(self.time.newest, self.time.journal.drop, self._policies, org_policy.id)

    @atomic
    def attach_policy(self, target: Target, policy: OrganizationPolicy | str) -> None:
        """
        Attach a policy to the root, a unit or an account (AWS: AttachPolicy).

        Args:
            target: the root, a unit, or an account; the thing or its id.
            policy: the policy, its id or its name.

        Raises:
            AwsError: ``TargetNotFoundException``, ``PolicyNotFoundException``, ``PolicyTypeNotEnabledException``,
                ``DuplicatePolicyAttachmentException``, or ``ConstraintViolationException`` for a sixth policy of its type.
        """
        target_id, org_policy, tree = self._target(target), self._policy(policy), self._tree
        self._require_enabled(org_policy.policy_type)
        if org_policy.id in tree.attached[target_id]:
            raise AwsError(
                "The selected policy is already attached to the specified target.",
                code="DuplicatePolicyAttachmentException",
                detail=f"'{org_policy.name}' is attached to {target_id}",
            )
        if len(tree.of_type(target_id, org_policy.policy_type)) >= _POLICIES_PER_TARGET:
            raise AwsError(
                "You have exceeded the number of policies of a certain type that can be attached to an entity at one time.",
                code=CONSTRAINT,
                detail=f"{target_id} has {_POLICIES_PER_TARGET} policies of type {org_policy.policy_type}",
            )
        attached = {**tree.attached, target_id: (*tree.attached[target_id], org_policy.id)}
        self._write("AttachPolicy", org_policy.arn, attrs.evolve(tree, attached=attached), detail=target_id)

    @atomic
    def detach_policy(self, target: Target, policy: OrganizationPolicy | str) -> None:
        """
        Detach a policy (AWS: DetachPolicy).

        ``FullAWSAccess`` can go where another service control policy is attached; ``RCPFullAWSAccess`` always stays.

        Raises:
            AwsError: ``PolicyNotAttachedException``, ``TargetNotFoundException``, ``PolicyNotFoundException``, or
                ``ConstraintViolationException`` for the last policy of its type, and for ``RCPFullAWSAccess``.
        """
        target_id, org_policy, tree = self._target(target), self._policy(policy), self._tree
        if org_policy.id not in tree.attached[target_id]:
            raise AwsError(
                "The policy isn't attached to the specified target in the specified root.",
                code="PolicyNotAttachedException",
                detail=f"'{org_policy.name}' is not attached to {target_id}",
            )
        if org_policy.id == DEFAULTS[RCP] or len(tree.of_type(target_id, org_policy.policy_type)) == 1:
            raise AwsError(
                "You attempted to detach a policy from an entity that would cause the entity to have fewer than the minimum "
                "number of policies of a certain type required.",
                code=CONSTRAINT,
                detail="RCPFullAWSAccess cannot be detached"
                if org_policy.id == DEFAULTS[RCP]
                else f"attach another policy to {target_id} first",
            )
        rest = tuple(policy_id for policy_id in tree.attached[target_id] if policy_id != org_policy.id)
        changed = attrs.evolve(tree, attached={**tree.attached, target_id: rest})
        self._write("DetachPolicy", org_policy.arn, changed, detail=target_id)

    @property
    def enabled_policy_types(self) -> tuple[str, ...]:
        """The policy types in force."""
        return tuple(policy_type for policy_type in KINDS if policy_type in self._tree.enabled)

    @atomic
    def enable_policy_type(self, policy_type: str) -> None:
        """
        Bring a policy type into force; AWS's full-access policy is attached everywhere (AWS: EnablePolicyType).

        Raises:
            AwsError: ``PolicyTypeAlreadyEnabledException``.
        """
        tree = self._tree
        if check_type(policy_type) in tree.enabled:
            raise AwsError(
                "The specified policy type is already enabled in the specified root.",
                code="PolicyTypeAlreadyEnabledException",
                detail=f"{policy_type} is enabled",
            )
        attached = {target: (*ids, DEFAULTS[policy_type]) for target, ids in tree.attached.items()}
        changed = attrs.evolve(tree, attached=attached, enabled=tree.enabled | {policy_type})
        self._write("EnablePolicyType", self.root.arn, changed, detail=policy_type)

    @atomic
    def disable_policy_type(self, policy_type: str) -> None:
        """
        Take a policy type out of force; all its policies are detached everywhere (AWS: DisablePolicyType).

        Raises:
            AwsError: ``PolicyTypeNotEnabledException``.
        """
        self._require_enabled(check_type(policy_type))
        tree, kind = self._tree, KINDS[policy_type]
        attached = {
            target: tuple(policy_id for policy_id in ids if tree.documents[policy_id].kind != kind)
            for target, ids in tree.attached.items()
        }
        changed = attrs.evolve(tree, attached=attached, enabled=tree.enabled - {policy_type})
        self._write("DisablePolicyType", self.root.arn, changed, detail=policy_type)

    # -- helpers ------------------------------------------------------------------------------------------------------

    def _require_enabled(self, policy_type: str) -> None:
        if policy_type not in self._tree.enabled:
            raise AwsError(
                "The specified policy type isn't currently enabled in this root.",
                code="PolicyTypeNotEnabledException",
                detail=f"enable_policy_type('{policy_type}') first",
            )

    def _policy(self, policy: OrganizationPolicy | str) -> OrganizationPolicy:
        if not isinstance(policy, (OrganizationPolicy, str)):
            raise TypeError(
                f"a policy is what create_policy(...) returned, its id or its name, got {type(policy).__name__}"
            )
        named = self.policies
        wanted = policy if isinstance(policy, str) else policy.id
        match = named.get(wanted) or next((candidate for candidate in named.values() if candidate.id == wanted), None)
        if match is None:
            raise AwsError(
                "We can't find a policy with the PolicyId that you specified.",
                code="PolicyNotFoundException",
                detail=f"no policy {shown(wanted)}; there are {', '.join(named)}",
            )
        return match

    def _own(self, policy: OrganizationPolicy | str) -> OrganizationPolicy:
        org_policy = self._policy(policy)
        if org_policy.id in DEFAULTS.values():
            raise AwsError(
                "You can't modify or delete the policy because it's an AWS managed policy.",
                code="AccessDeniedException",
                detail=f"'{org_policy.name}' belongs to AWS",
            )
        return org_policy

    def __repr__(self) -> str:
        units, policies = len(self.organizational_units), len(self.policies)
        accounts = len(self.accounts)
        return (
            f"<Organization of {self.management_account_id}: {accounts} account{'' if accounts == 1 else 's'}, "
            f"{units} organizational unit{'' if units == 1 else 's'}, {policies} policies>"
        )
