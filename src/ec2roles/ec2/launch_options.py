"""What a launch may be told, so that editors complete it and type checkers know it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from ec2roles.ec2.rotation import Rotation
from ec2roles.metadata.options import MetadataOptions


class _CommonOptions(TypedDict, total=False):
    rotation: Rotation | None
    region: str | None
    availability_zone: str | None
    instance_type: str
    image_id: str
    tags: Mapping[str, str] | None
    user_data: str | bytes | None
    key_name: str | None
    security_groups: Iterable[str]
    subnet_id: str | None
    instance_life_cycle: str
    monitoring: bool
    group_name: str | None
    partition_number: int | None
    host_id: str | None
    block_devices: Mapping[str, str] | None
    kept_devices: Iterable[str]
    repeated: Mapping[str, Any] | None
    hibernation: bool
    disable_api_termination: bool
    disable_api_stop: bool
    instance_initiated_shutdown_behavior: str
    client_token: str


class InstanceOptions(_CommonOptions, total=False):
    """
    What an `ec2roles.Instance` made by hand may be told; its docstring says what each option means.

    >>> options: InstanceOptions = {"instance_type": "m7g.large", "metadata_options": MetadataOptions("required")}
    """

    metadata_options: MetadataOptions | None


class LaunchOptions(_CommonOptions, total=False):
    """
    What `ec2roles.Account.launch_instance` may be told; an account completes the options of the metadata by its defaults.

    >>> from ec2roles import Account
    >>> options: LaunchOptions = {"instance_type": "m7g.large", "http_tokens": "required"}
    >>> Account().launch_instance(**options).metadata_options.http_tokens
    'required'
    """

    http_tokens: str
    http_endpoint: str
    http_put_response_hop_limit: int
    instance_metadata_tags: str
    http_protocol_ipv6: str
    imds_support: str | None
