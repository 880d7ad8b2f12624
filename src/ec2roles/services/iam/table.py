"""How the tables of IAM's operations are written: one `Row` each, what it is about, and lists given page by page."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.authorization.permissions import Permission
from ec2roles.calls import Call
from ec2roles.errors import ValidationError
from ec2roles.iam.directory import Directory
from ec2roles.iam.entities import Entities, in_order
from ec2roles.iam.identity import Identity
from ec2roles.iam.user import User
from ec2roles.services.operation import Operation
from ec2roles.services.parameters import Reader
from ec2roles.services.pass_role import resource_tags
from ec2roles.sts.session import caller_of


@attrs.frozen(eq=False)
class Ask:
    """
    A call to IAM whose parameters have been read: ``ask["RoleName"]`` is one of them.

    Args:
        iam: the IAM of the caller's account, which is the one that its calls are about.
        given: the parameters; tags are pairs of key and value.
        call: the call.
    """

    iam: Directory
    given: Mapping[str, Any]
    call: Call

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter, or *default* if it was not given."""
        return self.given.get(name, default)

    def chosen(self, **names: str) -> dict[str, Any]:
        """Return the parameters that were given, under our own names: ``ask.chosen(path="Path")``."""
        return {ours: self.given[name] for ours, name in names.items() if name in self.given}


About = Callable[[Ask], tuple[str, Mapping[str, Any]]]
"""Returns the ARN a call is judged on, and the context keys that this resource brings."""


@attrs.frozen(eq=False)
class Row:
    """
    One operation of IAM.

    Args:
        name: its name, which is the IAM action's too.
        parameters: those that make a difference here, in a row; the shapes know the rest of them.
        about: what it is judged on.
        perform: does it; returns the response, or None where AWS answers nothing.
        further: what must be allowed besides, such as iam:PassRole.
        response: as in `Operation`.
    """

    name: str
    parameters: str
    about: About
    perform: Callable[[Ask], Any]
    further: Callable[[Ask], Sequence[Permission]] = attrs.field(default=lambda ask: (), kw_only=True)
    response: Callable[[Any, Call], Mapping[str, Any]] | None = attrs.field(default=None, kw_only=True)

    def operation(self, home: Callable[[Call], Directory]) -> Operation:
        """
        Return the operation.

        Args:
            home: returns the IAM of a caller's account.
        """
        action = f"iam:{self.name}"

        def prepare(call: Call, parameters: Mapping[str, Any]) -> Ask:
            return Ask(home(call), _checked(parameters), call)

        def permissions(call: Call) -> list[Permission]:
            ask: Ask = call.prepared
            resource, context = self.about(ask)
            needed = [Permission(action, resource, None, {**context, **_request_keys(ask)})]
            kind = self.name.removeprefix("Create")
            if kind != self.name and ask.get("Tags"):
                # Who creates something with tags must be allowed to tag it, too.
                needed.append(Permission(f"iam:Tag{kind}", resource, None, _tag_keys(ask)))
            return [*needed, *self.further(ask)]

        def perform(call: Call) -> Any:
            if not call.api and call.resource not in (None, "*"):
                self._check_resource(call.prepared, str(call.resource))
            done = self.perform(call.prepared)
            return {} if done is None else done

        return Operation(
            self.name,
            Reader("iam", self.name, self.parameters, resource=self._named_by),
            permissions,
            perform,
            prepare=prepare,
            asked=lambda call: Permission(action, call.resource or "*"),
            response=self.response,
        )

    def _named_by(self, arn: str) -> Mapping[str, Any]:
        """Return the parameters that an ARN stands for: the first that names something of its kind."""
        if arn == "*":
            return {}
        parts = arn.split(":", 5)
        kind, _, path_and_name = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
        for parameter in self.parameters.split():
            if parameter in ("PolicyArn", "PolicySourceArn") and kind in _KINDS[parameter]:
                return {parameter: arn}
            if kind and kind == _KINDS.get(parameter):
                path, _, name = f"/{path_and_name}".rpartition("/")
                is_new = path and "Path" in self.parameters.split()
                return {parameter: name, "Path": f"{path}/"} if is_new else {parameter: name}
            if parameter in _KINDS:
                break
        return {}

    def _check_resource(self, ask: Ask, arn: str) -> None:
        """Refuse an ARN in a call in Python that is not the one of what the call is about."""
        own, _ = self.about(ask)
        if arn != own:
            raise ValidationError(
                f"ARN {shown(arn, 2048)[1:-1]} is not valid.", detail=f"iam:{self.name} is about {shown(own)} here"
            )


# The kind of ARN that stands for a parameter.
_KINDS: Mapping[str, Any] = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "PolicyName": "policy",
    "PolicyArn": ("policy",),
    "PolicySourceArn": ("role", "user", "group"),
}
_ARNS = ("PolicyArn", "PermissionsBoundary", "PolicySourceArn")


def _checked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return parameters as rows take them, with what AWS's shapes do not say checked as well.

    Raises:
        ValidationError: for text that should be an ARN.
    """
    for name in _ARNS:
        arn = parameters.get(name)
        if arn is not None and not (arn.startswith("arn:") and arn.count(":") >= 5):
            raise ValidationError(
                "Invalid ARN:  Could not be parsed!", detail=f"{name} must be an ARN, got {shown(arn)}"
            )
    given = dict(parameters)
    if "Tags" in given:
        given["Tags"] = [(tag["Key"], tag["Value"]) for tag in given["Tags"]]
    return given


def _request_keys(ask: Ask) -> dict[str, Any]:
    """Return the context keys that the parameters bring."""
    keys = _tag_keys(ask)
    if ask.get("TagKeys"):
        keys["aws:TagKeys"] = list(ask["TagKeys"])
    if "PermissionsBoundary" in ask.given:
        keys["iam:PermissionsBoundary"] = ask["PermissionsBoundary"]
    return keys


def _tag_keys(ask: Ask) -> dict[str, Any]:
    tags = ask.get("Tags")
    if not tags:
        return {}
    keys: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in tags}
    return {**keys, "aws:TagKeys": [key for key, _ in tags]}


# -- what a call is about -----------------------------------------------------------------------------------------------


def everything(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """Judge it without a resource."""
    return "*", {}


def new(kind: str, name: str) -> About:
    """Judge it on the ARN of what is created."""

    def about(ask: Ask) -> tuple[str, Mapping[str, Any]]:
        return f"arn:aws:iam::{ask.iam.account_id}:{kind}{ask.get('Path', '/')}{ask[name]}", {}

    return about


def existing(kind: str, name: str, *, bounded: bool = False) -> About:
    """
    Judge it on an entity, path and tags included; one that does not exist has the path ``/``.

    Args:
        kind: as ARNs have it: ``instance-profile``.
        name: the parameter that names it.
        bounded: whether the entity's boundary is a context key.
    """

    def about(ask: Ask) -> tuple[str, Mapping[str, Any]]:
        return judged_on(ask, kind, ask[name], bounded=bounded)

    return about


def judged_on(ask: Ask, kind: str, name: str, *, bounded: bool = False) -> tuple[str, Mapping[str, Any]]:
    """See `existing`."""
    position = ask.call.position
    found: Any = table(ask.iam, kind).at(name, position)
    if found is None:
        return f"arn:aws:iam::{ask.iam.account_id}:{kind}/{name}", {}
    is_identity = isinstance(found, Identity)
    tags = found.principal_tags(position) if is_identity else found.tags_at(position)
    context = resource_tags(tags, "iam:ResourceTag/")
    boundary = getattr(found.boundary_at(position), "arn", None) if bounded else None
    if boundary is not None:
        context["iam:PermissionsBoundary"] = boundary
    return found.arn_at(position) if is_identity else found.arn, context


def table(iam: Directory, kind: str) -> Entities[Any]:
    """Return the entities of a kind, such as ``role``."""
    tables: dict[str, Entities[Any]] = {
        "role": iam.roles,
        "user": iam.users,
        "group": iam.groups,
        "instance-profile": iam.instance_profiles,
    }
    return tables[kind]


def own_user(ask: Ask) -> User:
    """
    Return the user of a call that may leave the name out: the caller then.

    Raises:
        ValidationError: if the caller is no user.
        NoSuchEntityError: if there is none of that name.
    """
    name = _own_name(ask)
    if name is None:
        raise ValidationError(
            "Must specify userName when calling with non-User credentials", detail="UserName is not given"
        )
    return ask.iam.users[name]


def about_own_user(ask: Ask) -> tuple[str, Mapping[str, Any]]:
    """Judge it on the user that it names, or on the caller."""
    if "UserName" in ask.given:
        return judged_on(ask, "user", ask["UserName"])
    caller = caller_of(ask.call).principal
    return judged_on(ask, "user", caller.name_at(ask.call.position)) if isinstance(caller, User) else everything(ask)


def _own_name(ask: Ask) -> str | None:
    if "UserName" in ask.given:
        return str(ask["UserName"])
    caller = caller_of(ask.call).principal
    return caller.name if isinstance(caller, User) else None


# -- lists --------------------------------------------------------------------------------------------------------------

PAGES = "Marker MaxItems"
"""The parameters of an operation that answers page by page."""

_DEFAULT_PAGE = 100


def page(ask: Ask, items: Iterable[tuple[str, Any]]) -> tuple[list[Any], dict[str, Any]]:
    """
    Return the items of the page that was asked for, and the members that say whether there are more.

    Args:
        ask: has ``Marker`` and ``MaxItems``, if they were given.
        items: each with a key of its own, in whose order they are given, whatever the case. The marker holds the key of the last one, so
            that what is deleted between two pages makes no other one be left out.

    Raises:
        ValidationError: if the marker is none that was given out.
    """
    ordered = sorted(items, key=lambda item: in_order(item[0]))
    start = 0
    if "Marker" in ask.given:
        start = bisect_right(ordered, in_order(_after(ask["Marker"])), key=lambda item: in_order(item[0]))
    end = start + ask.get("MaxItems", _DEFAULT_PAGE)
    more: dict[str, Any] = {"IsTruncated": end < len(ordered)}
    if end < len(ordered):
        more["Marker"] = base64.urlsafe_b64encode(ordered[end - 1][0].encode()).decode()
    return [item for _, item in ordered[start:end]], more


def _after(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationError(f"Invalid Marker: {marker}", detail=f"no page ended with {shown(marker)}") from None


def named(entities: Entities[Any], prefix: str = "/") -> list[tuple[str, Any]]:
    """Return the entities below a path, each with its name."""
    return [(entity.name, entity) for entity in entities.values() if entity.path.startswith(prefix)]


def numbered(items: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return *items* with keys that keep them in this order."""
    return [(f"{number:08d}", item) for number, item in enumerate(items)]
