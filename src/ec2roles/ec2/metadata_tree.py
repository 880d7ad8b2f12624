"""What stands at which path of the metadata service: one table, worked out from the instance when it is asked (imds A.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

from ec2roles.ec2.association import InstanceRecord
from ec2roles.ec2.fetch import UNAUTHORIZED, Fetch, Fetcher
from ec2roles.ec2.metadata_documents import assume_role_failure, profile_info, role_credentials
from ec2roles.ec2.metadata_options import ENABLED
from ec2roles.iam.role import Role
from ec2roles.sts.credentials import Credentials
from ec2roles.timeline import Position, Timekeeper

VERSIONS = (
    "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 2011-01-01 2011-05-01 "
    "2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 2018-08-17 2018-09-24 "
    "2019-10-01 2020-10-27 2021-01-03 2021-03-23 latest"
).split()


@attrs.frozen(eq=False)
class Hardware:
    """
    What an instance is and where it stands; the same for all instances of one launch.

    Args:
        account_id: whose instances they are.
        region: such as ``us-east-1``.
        availability_zone: such as ``us-east-1a``.
        instance_type: such as ``t3.micro``.
        image_id: the AMI.
        vpc_id: the VPC, ``aws:Ec2InstanceSourceVpc`` of the credentials.
        launched: where in time they were launched.
        reservation_id: the reservation of the launch.
    """

    account_id: str
    region: str
    availability_zone: str
    instance_type: str
    image_id: str
    vpc_id: str
    launched: Position
    reservation_id: str


@attrs.frozen(eq=False)
class Served:
    """
    What an instance's metadata shows under ``iam/security-credentials/``, and for how long that stays so.

    Args:
        record: the state of the instance it was worked out from.
        since, until: the stretch of time in which it stays so, in microseconds.
        role: whose credentials they are; None if there are none.
        credentials: those handed out through IMDSv2.
        ordinal, issued, expires: the fetch they came from; instants in microseconds.
    """

    record: InstanceRecord
    since: int
    until: int
    role: Role | None = None
    credentials: Credentials | None = None
    ordinal: int = 0
    issued: int = 0
    expires: int = 0


class Host(Protocol):
    """The instance, as its metadata service needs it."""

    instance_id: str

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""

    @property
    def private_ipv4(self) -> str:
        """Its address in the VPC."""

    @property
    def launch_index(self) -> int:
        """Its number among the instances of its launch."""

    @property
    def fetcher(self) -> Fetcher:
        """Works out the fetches of its credentials."""

    def record_at(self, position: Position) -> InstanceRecord | None:
        """Return all that can change about it as of *position*, or None before its launch."""

    def served(self, record: InstanceRecord, now: int, delivery: int) -> Served | None:
        """Return the credentials shown at *now*, or None if there are none."""


@attrs.define(eq=False)
class View:
    """
    One look at the metadata of one instance.

    Args:
        host: the instance.
        record: its state as of the moment of the look.
        now: that moment, in microseconds.
        delivery: 1 for a request without a token, 2 for one with.
    """

    host: Host
    record: InstanceRecord
    now: int
    delivery: int

    def newest_fetch(self) -> Fetch | None:
        """Return the newest fetch from which EC2 learnt anything, or None if no credentials are being fetched."""
        return None if self.record.epoch is None else self.host.fetcher.known(self.record, self.now)

    def served(self) -> Served | None:
        """Return the credentials shown now."""
        return self.host.served(self.record, self.now, self.delivery) if self.record.epoch is not None else None


Node = str | bytes | None | Mapping[str, Any]
Branch = Mapping[str, Callable[[View], Node]]


def _dns_name(view: View) -> str:
    region = view.host.hardware.region
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{view.host.private_ipv4.replace('.', '-')}.{domain}"


# -- iam/ -----------------------------------------------------------------------------------------------------------


def _iam(view: View) -> Node:
    if view.record.epoch is None:
        return None
    return {"info": _info, "security-credentials": lambda view: _role_documents(view) or None}


def _info(view: View) -> Node:
    fetch = view.newest_fetch()
    assert fetch is not None and view.record.association is not None
    return profile_info(fetch, view.record.association.profile, view.record.association.since[0])


def _role_documents(view: View) -> dict[str, Callable[[View], Node]]:
    """The one role under ``security-credentials/``, or nothing at all."""
    served = view.served()
    if served is not None and served.role is not None and served.credentials is not None:
        credentials = served.credentials
        return {served.role.name: lambda view: role_credentials(credentials)}
    newest = view.newest_fetch()
    if newest is not None and newest.problem == UNAUTHORIZED and newest.role is not None:
        name = newest.role.name
        return {name: lambda view: assume_role_failure(newest, name)}
    return {}


# -- the rest -------------------------------------------------------------------------------------------------------


def _tags(view: View) -> Node:
    if view.record.options.instance_metadata_tags != ENABLED:
        return None
    tags = {key: (lambda view, value=value: value) for key, value in view.record.tags}
    return {"instance": lambda view: tags}


def _user_data(view: View) -> Node:
    return view.record.user_data


_PLACEMENT: Branch = {
    "availability-zone": lambda view: view.host.hardware.availability_zone,
    "region": lambda view: view.host.hardware.region,
}
_META_DATA: Branch = {
    "ami-id": lambda view: view.host.hardware.image_id,
    "ami-launch-index": lambda view: str(view.host.launch_index),
    "ami-manifest-path": lambda view: "(unknown)",
    "hostname": _dns_name,
    "iam": _iam,
    "instance-action": lambda view: "none",
    "instance-id": lambda view: view.host.instance_id,
    "instance-life-cycle": lambda view: "on-demand",
    "instance-type": lambda view: view.host.hardware.instance_type,
    "local-hostname": _dns_name,
    "local-ipv4": lambda view: view.host.private_ipv4,
    "placement": lambda view: _PLACEMENT,
    "profile": lambda view: "default-hvm",
    "reservation-id": lambda view: view.host.hardware.reservation_id,
    "services": lambda view: {"domain": lambda view: "amazonaws.com", "partition": lambda view: "aws"},
    "tags": _tags,
}
_VERSION: Branch = {
    "meta-data": lambda view: _META_DATA,
    "user-data": _user_data,
}


def look_up(view: View, path: str) -> Node:
    """
    Return what stands at *path*: text, bytes for user data, a listing as text, or None.

    A directory answers its listing with or without the slash at its end; so does a leaf answer its text, as clients ask for
    ``placement/availability-zone/``.

    Args:
        view: the instance at one moment.
        path: as in the URL, without the query.
    """
    words = [word for word in path.split("/") if word]
    if not words:
        return "\n".join(VERSIONS)
    if words[0] not in VERSIONS:
        return None
    node: Node = _VERSION
    for word in words[1:]:
        if not isinstance(node, Mapping) or word not in node:
            return None
        node = node[word](view)
        if node is None:
            return None
    if not isinstance(node, Mapping):
        return node
    return _listing(view, node, slashes=len(words) > 1)


def _listing(view: View, branch: Mapping[str, Any], *, slashes: bool) -> str:
    names = []
    for name in sorted(branch):
        node = branch[name](view)
        if node is not None:
            names.append(f"{name}/" if slashes and isinstance(node, Mapping) else name)
    return "\n".join(names)
