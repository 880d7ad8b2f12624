"""Loads what ``aws iam get-account-authorization-details`` prints into a directory: all of it, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import attrs

from ec2roles.arns import Arn, check_account_id, shown
from ec2roles.errors import ArnError, AuthorizationDetailsError, Ec2RolesError
from ec2roles.iam.customer_managed import CustomerManagedPolicy
from ec2roles.iam.directory import Directory
from ec2roles.iam.group import Group
from ec2roles.iam.identity import ManagedPolicy
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.iam.managed import AwsManagedPolicy
from ec2roles.iam.role import Role
from ec2roles.iam.user import User
from ec2roles.pointers import below
from ec2roles.policy import Policy, load_policy

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


@attrs.frozen
class Place:
    """
    A value in the document, and where it stands.

    Args:
        value: the JSON value.
        pointer: its JSON pointer.
    """

    value: Any
    pointer: str = ""

    def error(self, problem: str) -> AuthorizationDetailsError:
        """Return the error for a *problem* here."""
        return AuthorizationDetailsError(f"{problem} at {self.pointer or '/'}")

    def get(self, key: str, default: Any = None) -> Place:
        """Return the member *key*, or *default* in its place."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"expected an object, got {type(self.value).__name__}")
        return Place(self.value.get(key, default), below(self.pointer, key))

    def text(self, key: str) -> str:
        """Return the member *key*, which must be text."""
        member = self.get(key)
        if member.value is None:
            raise self.error(f"missing '{key}'")
        if not isinstance(member.value, str):
            raise member.error(f"'{key}' must be text, got {type(member.value).__name__}")
        return member.value

    def items(self, key: str) -> Iterator[Place]:
        """Iterate over the member *key*, which must be a list; a missing one is empty."""
        member = self.get(key, [])
        if not isinstance(member.value, list):
            raise member.error(f"'{key}' must be a list, got {type(member.value).__name__}")
        for index, value in enumerate(member.value):
            yield Place(value, f"{member.pointer}/{index}")


def parse_details(text: str) -> Any:
    """
    Read the JSON text of the authorization details.

    Raises:
        AuthorizationDetailsError: if it is no JSON, for instance because it was cut off.
    """
    twice: list[_Twice] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(members)
        if len(found) != len(members):
            found = _Twice(found, [key for key, _ in members])
            twice.append(found)
        return found

    try:
        document = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
        end = " (the text ends there: is the file truncated?)" if cut else ""
        raise AuthorizationDetailsError(
            f"not JSON: {error.msg} at line {error.lineno} column {error.colno}{end}"
        ) from None
    except RecursionError:
        raise AuthorizationDetailsError("nested too deeply to be authorization details") from None
    except ValueError as error:
        # Python itself refuses to read integers of thousands of digits.
        raise AuthorizationDetailsError(f"not JSON that anybody prints: {error}") from None
    if twice:
        # Python keeps the last of two members, so a Deny could become an Allow.
        raise AuthorizationDetailsError(f"duplicate key {shown(twice[0].key)} at {_pointer_to(document, twice[0])}")
    return document


class _Twice(dict[str, Any]):
    """An object that had a key twice, so that its place can be told once everything is read."""

    def __init__(self, found: dict[str, Any], keys: list[str]) -> None:
        super().__init__(found)
        self.key = next(key for number, key in enumerate(keys) if key in keys[:number])


def _pointer_to(document: Any, wanted: Any) -> str:
    """Return the JSON pointer of the very object *wanted*."""
    waiting = [Place(document)]
    while waiting:
        place = waiting.pop()
        if place.value is wanted:
            return place.pointer or "/"
        if isinstance(place.value, dict):
            waiting.extend(place.get(key) for key in place.value)
        elif isinstance(place.value, list):
            waiting.extend(Place(value, below(place.pointer, index)) for index, value in enumerate(place.value))
    return "/"


def account_of(document: object) -> str:
    """
    Return the account whose details *document* is.

    Raises:
        AuthorizationDetailsError: if it is not such a document, or speaks of several accounts.
    """
    root = Place(document)
    if not isinstance(document, Mapping):
        raise root.error(f"expected the JSON object that the AWS CLI prints, got {type(document).__name__}")
    if not any(key in document for key in _LISTS):
        raise root.error(
            f"none of {', '.join(_LISTS)} is there (is this the output of 'aws iam get-account-authorization-details'?)"
        )
    for key in ("IsTruncated", "NextToken"):
        if document.get(key):
            raise root.get(key).error("this is one page of several; the AWS CLI prints all of them without --max-items")
    found: dict[str, str] = {}
    for name in _LISTS[:3]:
        for entity in root.items(name):
            arn = entity.text("Arn")
            try:
                parsed = Arn.parse(arn)
                check_account_id(parsed.account_id)
            except ArnError as error:
                raise entity.get("Arn").error(str(error)) from None
            if parsed.partition != "aws":
                raise entity.get("Arn").error(
                    f"only the partition 'aws' is simulated, and this is of {shown(parsed.partition)}"
                )
            found.setdefault(parsed.account_id, entity.pointer)
    if not found:
        raise root.error("there is no role, user or group in it, so its account is not known")
    if len(found) > 1:
        raise AuthorizationDetailsError(
            "entities of several accounts: " + ", ".join(f"{account} at {place}" for account, place in found.items())
        )
    return next(iter(found))


def load(document: object, directory: Directory) -> None:
    """
    Put everything in *document* into *directory*, which is new and empty.

    Args:
        document: the parsed JSON.
        directory: of the account that `account_of` found.

    Raises:
        AuthorizationDetailsError: with the JSON pointer of what is wrong. The directory is of no use then.
    """
    _Loader(Place(document), directory).load()


@attrs.define
class _Loader:
    root: Place
    directory: Directory
    ids: dict[str, str] = attrs.field(factory=dict)
    seen_ids: dict[tuple[str, str], str] = attrs.field(factory=dict)

    def load(self) -> None:
        for name, key in (("UserDetailList", "UserId"), ("GroupDetailList", "GroupId"), ("RoleDetailList", "RoleId")):
            for entity in self.root.items(name):
                unique_id = entity.text(key)
                self._check_new_id(entity, key)
                if name != "GroupDetailList":
                    self.ids[entity.text("Arn")] = unique_id
        for place in self.root.items("Policies"):
            self._at(place, self._policy)
        for place in self.root.items("GroupDetailList"):
            self._at(place, self._group)
        for place in self.root.items("UserDetailList"):
            self._at(place, self._user)
        for place in self.root.items("RoleDetailList"):
            self._at(place, self._role)
        profiles: dict[str, str] = {}
        for place in self.root.items("RoleDetailList"):
            for profile in place.items("InstanceProfileList"):
                self._at(profile, lambda profile: self._profile(profile, profiles))

    def _check_new_id(self, place: Place, key: str) -> None:
        """Make sure that no other entity of the kind has this unique id: sessions and trust policies hang on it."""
        unique_id = place.get(key)
        first = self.seen_ids.setdefault((key, unique_id.value), unique_id.pointer)
        if first != unique_id.pointer:
            raise unique_id.error(f"the unique id {shown(unique_id.value)} is used twice, first at {first}")

    @staticmethod
    def _check_arn(place: Place, arn: str) -> None:
        """Make sure that the ARN at *place* is the one that account, path and name give."""
        given = place.get("Arn")
        if given.value is not None and given.value != arn:
            raise given.error(f"account, path and name give the ARN {arn}, not {shown(given.value)}")

    @staticmethod
    def _at(place: Place, load: Callable[[Place], None]) -> None:
        """Load one thing; an error that does not say where it is gets its place."""
        try:
            load(place)
        except AuthorizationDetailsError:
            raise
        except (Ec2RolesError, TypeError) as error:
            raise place.error(str(error)) from error

    def _common(self, place: Place) -> dict[str, Any]:
        directory = self.directory
        return {
            "time": directory.time,
            "account_id": directory.account_id,
            "quotas": directory.quotas,
            "path": place.get("Path", "/").value,
        }

    def _policy(self, place: Place) -> None:
        arn, name = place.text("Arn"), place.text("PolicyName")
        default = place.text("DefaultVersionId")
        versions: dict[str, Place] = {}
        for version in place.items("PolicyVersionList"):
            if versions.setdefault(version.text("VersionId"), version) is not version:
                raise version.error(f"version {shown(version.text('VersionId'))} of '{name}' is listed twice")
        if default not in versions:
            raise place.error(
                f"version {shown(default)} of '{name}' is the default, but only {sorted(versions)} are there"
            )
        documents = {
            version_id: self._load_policy(version.get("Document"), "managed")
            for version_id, version in versions.items()
        }
        if Arn.parse(arn).account_id == "aws":
            version = versions[default]
            loaded = AwsManagedPolicy(
                name,
                path=place.text("Path"),
                version_id=default,
                create_date=str(place.get("CreateDate", "").value),
                update_date=str(version.get("CreateDate", "").value),
                document=documents[default].named(name, arn=arn),
            )
            self._check_arn(place, loaded.arn)
            if arn in self.directory.loaded_aws_policies:
                raise place.error(f"the policy {shown(arn)} is listed twice")
            self.directory.time.journal.put(self.directory.loaded_aws_policies, arn, loaded)
            return
        self.directory.policies.check_free(name, stored=True)
        policy = CustomerManagedPolicy(
            name,
            documents.pop(default),
            version_id=default,
            other_versions=documents,
            policy_id=place.text("PolicyId"),
            description=place.get("Description").value,
            stored=True,
            **self._common(place),
        )
        self._check_arn(place, policy.arn)
        self._check_new_id(place, "PolicyId")
        self.directory.policies.add(policy, policy.created)

    def _group(self, place: Place) -> None:
        name = place.text("GroupName")
        self.directory.groups.check_free(name, stored=True)
        group = Group(
            name,
            inline=self._inline(place, "GroupPolicyList"),
            attached=self._attached(place),
            group_id=place.text("GroupId"),
            policies=self.directory,
            **self._common(place),
        )
        self._check_arn(place, group.arn)
        self.directory.groups.add(group, group.created)

    def _user(self, place: Place) -> None:
        name = place.text("UserName")
        self.directory.users.check_free(name, stored=True)
        groups = []
        for one in place.items("GroupList"):
            group = self.directory.groups.get(one.value) if isinstance(one.value, str) else None
            if group is None:
                raise one.error(f"user '{name}' is in group {shown(one.value)}, which is not in GroupDetailList")
            groups.append(group)
        user = User(
            name,
            inline=self._inline(place, "UserPolicyList"),
            attached=self._attached(place),
            boundary=self._boundary(place),
            groups=tuple(groups),
            tags=self._tags(place),
            user_id=place.text("UserId"),
            policies=self.directory,
            stored=True,
            **self._common(place),
        )
        self._check_arn(place, user.arn)
        self.directory.users.add(user, user.created)

    def _role(self, place: Place) -> None:
        name = place.text("RoleName")
        self.directory.roles.check_free(name, stored=True)
        trust = place.get("AssumeRolePolicyDocument")
        if trust.value is None:
            raise place.error("missing 'AssumeRolePolicyDocument'")
        role = Role(
            name,
            trust=self._load_policy(trust, "trust"),
            max_session_duration=place.get("MaxSessionDuration", 3600).value,
            description=place.get("Description").value,
            tags=self._tags(place),
            attached=self._attached(place),
            inline=self._inline(place, "RolePolicyList"),
            boundary=self._boundary(place),
            role_id=place.text("RoleId"),
            policies=self.directory,
            # All principals of the document are known before any of them is created.
            find_principal=self.ids.get,
            principal_arn=self.directory.principal_arn,
            stored=True,
            **self._common(place),
        )
        self._check_arn(place, role.arn)
        role.resolve_with(self.directory.find_principal)
        self.directory.roles.add(role, role.created)

    def _profile(self, place: Place, seen: dict[str, str]) -> None:
        name = place.text("InstanceProfileName")
        roles = list(place.items("Roles"))
        if len(roles) > 1:
            names = ", ".join(one.text("RoleName") for one in roles)
            raise place.get("Roles").error(
                f"an instance profile holds at most 1 role, '{name}' has {len(roles)}: {names}"
            )
        if name.lower() in seen:
            raise place.error(f"instance profile '{name}' is listed twice, first at {seen[name.lower()]}")
        seen[name.lower()] = place.pointer
        role = None
        if roles:
            role_name = roles[0].text("RoleName")
            role = self.directory.roles.get(role_name)
            if role is None:
                raise roles[0].error(f"role {shown(role_name)} of instance profile '{name}' is not in RoleDetailList")
        self.directory.instance_profiles.check_free(name, stored=True)
        profile = InstanceProfile(
            name,
            role=role,
            tags=self._tags(place),
            profile_id=place.text("InstanceProfileId"),
            stored=True,
            **self._common(place),
        )
        self._check_arn(place, profile.arn)
        self._check_new_id(place, "InstanceProfileId")
        self.directory.instance_profiles.add(profile, profile.created)

    # -- parts ------------------------------------------------------------------------------------------------------

    def _load_policy(self, place: Place, kind: str) -> Policy:
        try:
            return load_policy(_document(place), kind, stored=True)
        except (Ec2RolesError, TypeError) as error:
            raise place.error(str(error)) from error

    def _inline(self, place: Place, key: str) -> dict[str, Policy]:
        inline = {}
        for one in place.items(key):
            name = one.text("PolicyName")
            if name in inline:
                raise one.error(f"inline policy {shown(name)} is listed twice")
            inline[name] = self._load_policy(one.get("PolicyDocument"), "identity").named(name)
        return inline

    def _attached(self, place: Place) -> tuple[ManagedPolicy, ...]:
        return tuple(self._managed(one, "PolicyArn") for one in place.items("AttachedManagedPolicies"))

    def _boundary(self, place: Place) -> ManagedPolicy | None:
        boundary = place.get("PermissionsBoundary")
        return None if boundary.value is None else self._managed(boundary, "PermissionsBoundaryArn")

    def _managed(self, place: Place, key: str) -> ManagedPolicy:
        arn = place.text(key)
        try:
            return self.directory.find(arn)
        except Ec2RolesError:
            raise place.error(f"managed policy {shown(arn)} is attached, but not in 'Policies'") from None

    @staticmethod
    def _tags(place: Place) -> list[tuple[str, str]]:
        return [(tag.text("Key"), tag.text("Value")) for tag in place.items("Tags")]


def _document(place: Place) -> Any:
    """A policy document: an object, or as the API sends it, URL-encoded text."""
    if isinstance(place.value, str):
        return unquote(place.value) if place.value.lstrip().startswith("%7B") else place.value
    if not isinstance(place.value, dict):
        raise place.error(f"expected a policy document, got {type(place.value).__name__}")
    return place.value
