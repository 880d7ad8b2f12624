"""Validly signed requests for every operation, with junk in every parameter: refused in good order, and nothing changed."""

from __future__ import annotations

import json
import random
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from ec2roles.adapters.aws.dispatch import Dispatcher
from ec2roles.adapters.aws.endpoint import AwsEndpoint
from ec2roles.adapters.http.in_process import Reply, exchange
from ec2roles.adapters.http.wsgi import Application
from helpers.junk import PROTOCOLS, Signed, World, models, signed_request
from helpers.worlds import digest

OF_ONE_WORLD = 100


def well_formed(reply: Reply, request: Signed) -> None:
    """Never 500, never a line break in a header, and a body in the form of its protocol."""
    assert 200 <= reply.status < 500 or reply.status == 501, reply
    assert not any("\n" in value or "\r" in value for _, value in reply.headers)
    kind = {name.lower(): value for name, value in reply.headers}.get("content-type", "")
    if reply.body and "json" in kind and "ec2roles" not in kind and request.operation[:3] != "s3:":
        json.loads(reply.body)
    elif reply.body and (reply.status >= 400 or request.operation[:3] != "s3:"):
        ET.fromstring(reply.body)


def sent(seed: int, count: int) -> Counter[str]:
    """Send so many, in worlds of their own, and count how they were answered."""
    rng = random.Random(seed)
    services = models()
    endpoint = AwsEndpoint.of(World().account)
    found: Counter[str] = Counter()
    registry = endpoint.dispatcher.api.registry
    names = [
        (service, operation.name)
        for service in PROTOCOLS
        for operation in registry.operations(service)
        if operation.name in services[service].operation_names
    ]
    world, state = World(), None
    for number in range(count):
        if number % OF_ONE_WORLD == 0:
            world, state = World(), None
            endpoint.dispatcher = Dispatcher(world.account.api, endpoint.dispatcher.actions)
        service, name = names[number % len(names)] if number < len(names) else rng.choice(names)
        request = signed_request(rng, services[service].operation_model(name), world)
        before = state if state is not None else digest(world.account, calls=False)
        reply = exchange(Application([endpoint]), request.method, request.url, request.headers, request.body)
        assert reply is not None
        well_formed(reply, request)
        after = digest(world.account, calls=False)
        if reply.status >= 400:
            assert after == before, f"seed {seed}, number {number}: {request} changed something"
        # A signature that was not taken would prove nothing.
        assert b"SignatureDoesNotMatch" not in reply.body, f"seed {seed}, number {number}: {request}"
        state = after
        found["worked" if reply.status < 400 else "refused"] += 1
        found[request.operation] += 1
    return found


def test_whatever_is_signed_is_answered_or_refused_and_a_refusal_changes_nothing() -> None:
    """Two thousand, of every operation in turn; a failure names its number."""
    count = 2_000
    found = sent(20_261_127, count)
    assert found["worked"] > count / 20
    assert found["refused"] > count / 4
    assert len(found) > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_thousand_of_them(seed: int) -> None:
    sent(seed, 5_000)
