"""A managed policy that belongs to the account: versions, one of them the default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DeleteConflictError, InvalidInputError, LimitExceededError, NoSuchEntityError
from ec2roles.iam.names import (
    POLICY_DESCRIPTION,
    POLICY_NAME,
    POLICY_PATH,
    Tags,
    check_tags,
    tags_with,
    tags_without,
)
from ec2roles.iam.quotas import Quotas
from ec2roles.policy import Policy, check_size, load_policy
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position, Timeline


@attrs.frozen(eq=False)
class PolicyVersions:
    """
    All versions of a managed policy at one moment.

    Args:
        documents: version id, such as ``v1``, to document.
        default: the version id that is in force; empty once the policy is deleted.
        newest: the number of the newest version ever made; numbers are not used again.
        created: version id to where in time it was made.
        tags: pairs of key and value.
    """

    documents: Mapping[str, Policy]
    default: str
    newest: int
    created: Mapping[str, Position]
    tags: Tags = ()


_VERSION_ID = re.compile(r"v([1-9][0-9]{0,8})(\.[A-Za-z0-9-]*)?")


def _number(version_id: str) -> int:
    found = _VERSION_ID.fullmatch(version_id)
    if found is None:
        raise InvalidInputError(
            "The version id is not valid.", detail=f"a version id is 'v' and a number, got {shown(version_id)}"
        )
    return int(found[1])


@attrs.define(eq=False, repr=False)
class CustomerManagedPolicy(Part):
    """
    A customer managed policy.

    >>> from ec2roles import PermissionPolicy, Timekeeper
    >>> policy = CustomerManagedPolicy("list", PermissionPolicy.allow("s3:List*"), time=Timekeeper())
    >>> policy.arn, policy.default_version_id
    ('arn:aws:iam::123456789012:policy/list', 'v1')

    Args:
        name: 1-128 of ``[\\w+=,.@-]``.
        document: a permission policy: our object, a dict or JSON text.
        time: the Cloud's timekeeper.
        account_id: whose policy it is.
        path: such as ``/team/``.
        quotas: the account's limits.
        stored: True for a document that AWS has stored already and that is only loaded here.
        description: free text, at most 1,000 characters; it is never changed.
        tags: a mapping, at most 50.
        version_id: the id of the document's version, for a policy loaded from an account.
        other_versions: documents of versions that are not in force, by version id, for a policy loaded from an account.

    Raises:
        InvalidNameError: if the name, the path or the description does not fit.
        PolicyError: if IAM refuses the document.
        PolicyTooLargeError: if it is over 6,144 characters.
    """

    name: str
    _document: object
    time: Timekeeper = attrs.field(kw_only=True)
    account_id: str = attrs.field(default="123456789012", kw_only=True)
    path: str = attrs.field(default="/", kw_only=True)
    quotas: Quotas = attrs.field(factory=Quotas, kw_only=True)
    description: str | None = attrs.field(default=None, kw_only=True)
    _tags: Any = attrs.field(default=None, kw_only=True, alias="tags")
    _policy_id: str | None = attrs.field(default=None, kw_only=True, alias="policy_id")
    _stored: bool = attrs.field(default=False, kw_only=True, alias="stored")
    _version_id: str = attrs.field(default="v1", kw_only=True, alias="version_id")
    _other_versions: Mapping[str, Policy] = attrs.field(factory=dict, kw_only=True, alias="other_versions")
    policy_id: str = attrs.field(init=False)
    created: Position = attrs.field(init=False)
    _versions: Timeline[PolicyVersions] = attrs.field(init=False)

    @atomic
    def __attrs_post_init__(self) -> None:
        POLICY_NAME.check(self.name)
        POLICY_PATH.check(self.path)
        document = self._load(self._document, stored=self._stored)
        documents = {self._version_id: document}
        documents.update(
            (version, other.named(self.name, arn=self.arn)) for version, other in self._other_versions.items()
        )
        documents = dict(sorted(documents.items(), key=lambda one: _number(one[0])))
        newest = max(_number(version) for version in documents)
        tags = check_tags(self._tags, most=self.quotas.tags, stored=self._stored)
        if self.description is not None:
            POLICY_DESCRIPTION.check(self.description)
        self._document = self._tags = None
        self._other_versions = {}
        self.created = self.time.write("CreatePolicy", self.arn, account_id=self.account_id)
        self.policy_id = self._policy_id or self.time.ids.entity_id("ANPA")
        made = dict.fromkeys(documents, self.created)
        self._versions = Timeline(self.created, PolicyVersions(documents, self._version_id, newest, made, tags))

    def _load(self, document: object, *, stored: bool = False) -> Policy:
        policy = load_policy(document, "managed", stored=stored)
        if not stored:
            check_size(
                policy,
                self.quotas.managed_policy_size,
                f"Cannot exceed quota for PolicySize: {self.quotas.managed_policy_size}",
            )
        return policy.named(self.name, arn=self.arn)

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:policy/PATH/NAME``."""
        return f"arn:aws:iam::{self.account_id}:policy{self.path}{self.name}"

    @property
    def attachable(self) -> bool:
        """Whether it can be attached: yes, while it exists."""
        return bool(self._versions.last.default)

    @property
    def default_version_id(self) -> str:
        """The version in force, such as ``v1``."""
        return self._versions.last.default

    @property
    def versions(self) -> tuple[str, ...]:
        """The ids of all versions."""
        return tuple(self._versions.last.documents)

    @property
    def tags(self) -> dict[str, str]:
        """The tags by key."""
        return dict(self._versions.last.tags)

    def version(self, version_id: str) -> tuple[Policy, Position]:
        """
        Return the document of a version, and where in time it was made.

        Raises:
            NoSuchEntityError: if there is no such version.
        """
        state = self._existing()
        self._require(version_id, state)
        return state.documents[version_id], state.created[version_id]

    @property
    def document(self) -> Policy:
        """
        The document in force.

        Raises:
            NoSuchEntityError: if the policy has been deleted.
        """
        state = self._existing()
        return state.documents[state.default]

    def document_at(self, position: Position) -> Policy | None:
        """Return the document in force as of *position*, or None if there was none."""
        state = self._versions.at(position)
        return state.documents[state.default] if state is not None and state.default else None

    @atomic
    def create_version(self, document: object, *, set_as_default: bool = True) -> str:
        """
        Add a version and return its id (AWS: CreatePolicyVersion).

        Args:
            document: the new document.
            set_as_default: whether it comes into force at once; AWS's own default is False.

        Raises:
            PolicyError: if IAM refuses the document.
            LimitExceededError: if there are five versions already.
        """
        state = self._existing()
        policy = self._load(document)
        if len(state.documents) >= self.quotas.policy_versions:
            raise LimitExceededError(
                f"A managed policy can have up to {self.quotas.policy_versions} versions. "
                "Before you create a new version, you must delete an existing version.",
                detail=f"{self.name} has {', '.join(state.documents)}",
            )
        version = f"v{state.newest + 1}"
        position = self._note("CreatePolicyVersion", version)
        new = attrs.evolve(
            state,
            documents={**state.documents, version: policy},
            default=version if set_as_default else state.default,
            newest=state.newest + 1,
            created={**state.created, version: position},
        )
        self._keep(position, new)
        return version

    @atomic
    def set_default_version(self, version_id: str) -> None:
        """
        Bring a version into force (AWS: SetDefaultPolicyVersion).

        Raises:
            NoSuchEntityError: if there is no such version.
        """
        state = self._existing()
        self._require(version_id, state)
        self._write("SetDefaultPolicyVersion", version_id, attrs.evolve(state, default=version_id))

    @atomic
    def delete_version(self, version_id: str) -> None:
        """
        Delete a version that is not in force (AWS: DeletePolicyVersion).

        Raises:
            NoSuchEntityError: if there is no such version.
            DeleteConflictError: if it is the default.
        """
        state = self._existing()
        self._require(version_id, state)
        if version_id == state.default:
            raise DeleteConflictError(
                "Cannot delete the default version of a policy.",
                detail=f"'{version_id}' is in force; set another default first",
            )
        documents = {key: value for key, value in state.documents.items() if key != version_id}
        self._write("DeletePolicyVersion", version_id, attrs.evolve(state, documents=documents))

    @atomic
    def tag(self, tags: Mapping[str, str]) -> None:
        """Add or replace tags (AWS: TagPolicy)."""
        state = self._existing()
        new = tags_with(state.tags, tags, most=self.quotas.tags)
        self._write("TagPolicy", "", attrs.evolve(state, tags=new))

    @atomic
    def untag(self, keys: Iterable[str]) -> None:
        """Remove tags by key (AWS: UntagPolicy); unknown keys are passed over, as in AWS."""
        state = self._existing()
        self._write("UntagPolicy", "", attrs.evolve(state, tags=tags_without(state.tags, keys)))

    def tags_at(self, position: Position) -> Tags:
        """Return its tags as of *position*."""
        state = self._versions.at(position)
        return () if state is None else state.tags

    @atomic
    def mark_deleted(self) -> Position:
        """Record that the policy is gone; the directory calls this once nothing refers to it."""
        return self._write("DeletePolicy", "", PolicyVersions({}, "", self._existing().newest, {}))

    def _write(self, operation: str, detail: str, state: PolicyVersions) -> Position:
        position = self._note(operation, detail)
        self._keep(position, state)
        return position

    def _note(self, operation: str, detail: str) -> Position:
        return self.time.write(operation, self.arn, account_id=self.account_id, detail=detail)

    def _keep(self, position: Position, state: PolicyVersions) -> None:
        self.time.record(self._versions, position, state)

    def _existing(self) -> PolicyVersions:
        state = self._versions.last
        if not state.default:
            raise NoSuchEntityError(
                f"Policy {self.arn} was not found.", detail=f"policy '{self.name}' has been deleted"
            )
        return state

    def _require(self, version_id: str, state: PolicyVersions) -> None:
        if version_id not in state.documents:
            raise NoSuchEntityError(
                f"Policy {self.arn} version {version_id} does not exist or is not attachable.",
                detail=f"no version '{version_id}'; known: {', '.join(state.documents)}",
            )

    def __repr__(self) -> str:
        versions = getattr(self, "_versions", None)  # debuggers show objects that are not finished, too
        state = "" if versions is None else f" {versions.last.default or '(deleted)'}"
        return f"<CustomerManagedPolicy {self.name}{state}>"
