"""What stands at which path of the metadata service: one table, worked out from the instance when it is asked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any

from ec2roles.metadata.documents import assume_role_failure, profile_info, role_credentials
from ec2roles.metadata.fetch import UNAUTHORIZED
from ec2roles.metadata.options import ENABLED
from ec2roles.metadata.view import View

VERSIONS = (
    "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 2011-01-01 2011-05-01 "
    "2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 2018-08-17 2018-09-24 "
    "2019-10-01 2020-10-27 2021-01-03 2021-03-23 latest"
).split()
_VERSIONS = frozenset(VERSIONS)


Node = str | bytes | None | dict[str, Any]
Branch = dict[str, Callable[[View], Node]]


# -- iam/ -----------------------------------------------------------------------------------------------------------


def _iam(view: View) -> Node:
    if view.record.epoch is None:
        return None
    return {"info": _info, "security-credentials": lambda view: _role_documents(view) or None}


def _info(view: View) -> Node:
    fetch, profile = view.newest_fetch(), view.record.profile
    assert fetch is not None and profile is not None
    return profile_info(fetch, profile, view.record.associated)


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


# -- the rest: what few ask for is imported when it is asked for ---------------------------------------------------------


def _dns_name(view: View) -> Node:
    from ec2roles.metadata.network import dns_name

    return dns_name(view.host)


def _mac(view: View) -> Node:
    from ec2roles.metadata.network import mac

    return mac(view.host)


def _network(view: View) -> Node:
    from ec2roles.metadata.network import interfaces

    macs = interfaces(view.host)
    return {"interfaces": lambda view: {"macs": lambda view: macs}}


def _zone_id(view: View) -> Node:
    from ec2roles.metadata.network import zone_id

    hardware = view.host.hardware
    return zone_id(hardware.account_id, hardware.region, hardware.availability_zone)


def _partition_number(view: View) -> Node:
    number = view.host.hardware.partition_number
    return None if number is None else str(number)


def _tags(view: View) -> Node:
    if view.record.options.instance_metadata_tags != ENABLED or not view.record.tags:
        return None
    tags = {key: (lambda view, value=value: value) for key, value in view.record.tags}
    return {"instance": lambda view: tags}


def _block_devices(view: View) -> Node:
    return {name: (lambda view, device=device: device) for name, device in view.host.hardware.block_devices}


def _public_keys(view: View) -> Node:
    return None if view.host.hardware.key_name is None else _PUBLIC_KEYS


def _public_key(view: View) -> Node:
    """Text in the form of a public key, that belongs to no private one."""
    name = view.host.hardware.key_name or ""
    made = view.host.time.ids.stream(b"public key", f"{view.host.hardware.account_id} {name}", 32)
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + made
    return f"ssh-ed25519 {b64encode(blob).decode()} {name}"


def _autoscaling(view: View) -> Node:
    notices = view.record.notices
    state = None if notices is None else notices.lifecycle_state
    return None if state is None else {"target-lifecycle-state": lambda view: state}


def _spot(view: View) -> Node:
    notices = view.record.notices
    if notices is None or notices.spot_action is None:
        return None
    return {
        "instance-action": lambda view: notices.spot_document(),
        "termination-time": lambda view: notices.termination_time(),
    }


def _maintenance(view: View) -> Node:
    from ec2roles.metadata.notices import maintenance_documents

    documents = maintenance_documents(view.record.notices)
    return {name: (lambda view, text=text: text) for name, text in documents.items()}


def _recommendations(view: View) -> Node:
    notices = view.record.notices
    if notices is None or notices.rebalance is None:
        return None
    return {"rebalance": lambda view: notices.rebalance_document()}


def _identity_info(view: View) -> Node:
    from ec2roles.metadata.identity_role import identity_info

    return identity_info(view.host, view.now)


def _identity_credentials(view: View) -> Node:
    from ec2roles.metadata.identity_role import identity_credentials

    return role_credentials(identity_credentials(view.host, view.now, view.delivery))


def _identity_document(view: View) -> str:
    from ec2roles.metadata.identity import identity_document

    host = view.host
    booted = host.hardware.launched[0] if view.record.booted is None else view.record.booted
    return identity_document(host.hardware, host.instance_id, view.record.instance_type, host.private_ipv4, booted)


def _fake_signature(kind: str) -> Callable[[View], Node]:
    def sign(view: View) -> Node:
        from ec2roles.metadata.identity import fake_signature

        return fake_signature(view.host.time.ids, kind, _identity_document(view))

    return sign


_PUBLIC_KEYS: Branch = {"0": lambda view: {"openssh-key": _public_key}}
_PLACEMENT: Branch = {
    "availability-zone": lambda view: view.host.hardware.availability_zone,
    "availability-zone-id": _zone_id,
    "group-name": lambda view: view.host.hardware.group_name,
    "host-id": lambda view: view.host.hardware.host_id,
    "partition-number": _partition_number,
    "region": lambda view: view.host.hardware.region,
}
_EVENTS: Branch = {"maintenance": _maintenance, "recommendations": _recommendations}
_IDENTITY: Branch = {
    "info": _identity_info,
    "security-credentials": lambda view: {"ec2-instance": _identity_credentials},
}
_META_DATA: Branch = {
    "ami-id": lambda view: view.host.hardware.image_id,
    "ami-launch-index": lambda view: str(view.host.launch_index),
    "ami-manifest-path": lambda view: "(unknown)",
    "autoscaling": _autoscaling,
    "block-device-mapping": _block_devices,
    "events": lambda view: _EVENTS,
    "hostname": _dns_name,
    "iam": _iam,
    "identity-credentials": lambda view: {"ec2": lambda view: _IDENTITY},
    "instance-action": lambda view: "none",
    "instance-id": lambda view: view.host.instance_id,
    "instance-life-cycle": lambda view: view.host.hardware.instance_life_cycle,
    "instance-type": lambda view: view.record.instance_type,
    "local-hostname": _dns_name,
    "local-ipv4": lambda view: view.host.private_ipv4,
    "mac": _mac,
    "metrics": lambda view: {"vhostmd": lambda view: '<?xml version="1.0" encoding="UTF-8"?>'},
    "network": _network,
    "placement": lambda view: _PLACEMENT,
    "profile": lambda view: "default-hvm",
    "public-keys": _public_keys,
    "reservation-id": lambda view: view.host.hardware.reservation_id,
    "security-groups": lambda view: "\n".join(view.host.hardware.security_groups),
    "services": lambda view: {"domain": lambda view: "amazonaws.com", "partition": lambda view: "aws"},
    "spot": _spot,
    "system": lambda view: "nitro",
    "tags": _tags,
}
_SIGNATURES: Branch = {kind: _fake_signature(kind) for kind in ("pkcs7", "rsa2048", "signature")}
_DYNAMIC: Branch = {
    "fws": lambda view: {"instance-monitoring": lambda view: view.host.hardware.monitoring},
    "instance-identity": lambda view: {"document": _identity_document, **_SIGNATURES},
}
_VERSION: Branch = {
    "dynamic": lambda view: _DYNAMIC,
    "meta-data": lambda view: _META_DATA,
    "user-data": lambda view: view.record.user_data,
}


def look_up(view: View, words: Sequence[str]) -> Node:
    """
    Return what stands at a path: text, bytes for user data, a listing as text, or None.

    A directory answers its listing with or without the slash at its end; so does a leaf answer its text, as clients ask for
    ``placement/availability-zone/``.

    Args:
        view: the instance at one moment.
        words: the path's words, between its slashes.
    """
    if not words:
        return "\n".join(VERSIONS)
    if words[0] not in _VERSIONS:
        return None
    node: Node = _VERSION
    for word in words[1:]:
        if not isinstance(node, dict) or word not in node:
            return None
        node = node[word](view)
        if node is None:
            return None
    if not isinstance(node, dict):
        return node
    if node is _PUBLIC_KEYS:
        return f"0={view.host.hardware.key_name}"
    return _listing(view, node, slashes=len(words) > 1)


def _listing(view: View, branch: dict[str, Any], *, slashes: bool) -> str:
    names = []
    for name in sorted(branch):
        node = branch[name](view)
        if node is not None:
            names.append(f"{name}/" if slashes and isinstance(node, dict) else name)
    return "\n".join(names)
