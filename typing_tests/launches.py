"""The options of a launch: known names, each of its type."""

from __future__ import annotations

from typing import assert_type

from ec2roles import Account, Instance, InstanceProfile, Role, Timekeeper, TokenService, TrustPolicy
from ec2roles.ec2 import LaunchOptions, launch_instances
from ec2roles.metadata import MetadataOptions

OPTIONS: LaunchOptions = {"instance_type": "m7g.large", "http_tokens": "required", "tags": {"Name": "web"}}

account = Account()
assert_type(account.launch_instance(**OPTIONS), Instance)
assert_type(account.launch_instances(2, user_data=b"#!/bin/sh", imds_support="v2.0"), list[Instance])

time = Timekeeper()
sts = TokenService(time=time)
role = Role("app", trust=TrustPolicy.service("ec2.amazonaws.com"), time=time)
profile = InstanceProfile("app", role=role, time=time)
alone = Instance(profile, sts=sts, time=time, metadata_options=MetadataOptions(http_tokens="required"))
assert_type(alone, Instance)
assert_type(launch_instances(2, profile, sts=sts, time=time, hibernation=True), list[Instance])

if account.account_id == "":  # for type checkers: a program that did this would raise
    account.launch_instance(instance_typ="m7g.large")  # type: ignore[call-arg]
    account.launch_instance(tags=["web"])  # type: ignore[arg-type]
    account.launch_instance(metadata_options=MetadataOptions())  # type: ignore[call-arg]
    Instance(profile, sts=sts, time=time, http_tokens="required")  # type: ignore[call-arg]
