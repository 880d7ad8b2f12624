"""A service of one's own, faults, history and the adapters."""

from __future__ import annotations

from typing import assert_type

from ec2roles import Account, Call, Operation, Service
from ec2roles.adapters.http import Application, metadata_application
from ec2roles.faults import FaultPlan, StsOutage
from ec2roles.history import Event, Events, History, Past
from ec2roles.services import Registry


def ring(call: Call) -> str:
    """Ring as often as asked."""
    return "ding " * int(call.parameters["times"])


bells = Service("bells", [Operation("Ring", lambda call: [("bells:Ring", call.resource, None, {})], ring)])
account = Account()
account.registry.register(bells)
assert_type(account.registry, Registry)
assert_type(account.faults, FaultPlan)
assert_type(account.faults.sts_outage(), StsOutage)
assert_type(account.history, History)
assert_type(account.history.events(), Events)
assert_type(list(account.history.events()), list[Event])
assert_type(account.as_of(account.clock.now()), Past)
assert_type(metadata_application(account.launch_instance()), Application)
