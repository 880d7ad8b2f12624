"""Signed forms of the query protocols: what is sent is taken or refused, and never passed over."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from ec2roles import Account, ManualClock, TrustPolicy
from ec2roles.adapters.aws.endpoint import AwsEndpoint
from ec2roles.adapters.http.in_process import Reply, exchange
from ec2roles.adapters.http.wsgi import Application
from helpers.worlds import digest, user_with_key

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "forms.json").read_text())
VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08", "ec2": "2016-11-15"}


class Place:
    """An account on the wire, with a role that may be assumed, an instance, and an administrator's key."""

    def __init__(self) -> None:
        self.account = Account(clock=ManualClock(datetime.now(timezone.utc)))
        self.user, key = user_with_key(self.account, admin=True)
        self.account.launch_instance()
        self.account.create_role("app", trust=TrustPolicy.principal(self.user.arn))
        self._key = BotoCredentials(key.access_key_id, key.secret_access_key.reveal())
        self._application = Application([AwsEndpoint.of(self.account)])

    def send(self, service: str, form: str, query: str = "") -> Reply:
        """Send a form that is validly signed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"http://127.0.0.1:1/{query}"
        request = AWSRequest("POST", url, headers=headers, data=form.encode())
        SigV4Auth(self._key, service, "us-east-1").add_auth(request)
        reply = exchange(self._application, "POST", url, [*request.headers.items()], form.encode())
        assert reply is not None
        return reply


@pytest.fixture(scope="module")
def place() -> Place:
    return Place()


def error_of(reply: Reply) -> tuple[str | None, str | None]:
    found = {one.tag.rpartition("}")[2]: one.text for one in ET.fromstring(reply.body).iter()}
    return found.get("Code"), found.get("Message")


@pytest.mark.parametrize(("service", "action", "form"), CASES["refused"])
def test_what_has_no_place_in_a_form_is_refused_and_does_nothing(
    place: Place, service: str, action: str, form: str
) -> None:
    before = digest(place.account, calls=False)
    reply = place.send(service, f"Action={action}&Version={VERSIONS[service]}&{form}")
    assert reply.status == 400, reply.body
    assert error_of(reply)[0] in ("MalformedQueryString", "ValidationError", "UnknownParameter")
    assert digest(place.account, calls=False) == before


@pytest.mark.parametrize(("service", "action", "form"), CASES["taken"])
def test_an_empty_text_is_a_list_or_a_structure_without_members(service: str, action: str, form: str) -> None:
    reply = Place().send(service, f"Action={action}&Version={VERSIONS[service]}&{form}")
    assert reply.status == 200, reply.body


def test_a_field_is_not_sent_in_the_url_and_in_the_body_too(place: Place) -> None:
    form = f"Action=GetUser&Version={VERSIONS['iam']}&UserName={place.user.name}"
    assert place.send("iam", form).status == 200
    assert error_of(place.send("iam", form, "?UserName=other"))[0] == "MalformedQueryString"
    assert error_of(place.send("iam", form, "?Action=DeleteUser"))[0] == "MalformedQueryString"


@pytest.mark.parametrize("name", ["rds", "elasticloadbalancing"])
def test_a_field_sent_twice_is_refused_where_two_services_sign_with_one_name(place: Place, name: str) -> None:
    reply = place.send(name, "Action=A&Action=B&Version=2014-10-31")
    assert (reply.status, error_of(reply)[0]) == (400, "MalformedQueryString")


@pytest.mark.parametrize("version", ["2006-06-26", "2013-02-01", "2016-11-15"])
def test_ec2_takes_all_versions_that_it_published(place: Place, version: str) -> None:
    assert place.send("ec2", f"Action=DescribeInstances&Version={version}").status == 200


@pytest.mark.parametrize(("service", "action", "version", "code", "message"), CASES["versions"])
def test_a_version_that_the_service_does_not_have_is_refused(
    place: Place, service: str, action: str, version: str | None, code: str, message: str
) -> None:
    said = "" if version is None else f"&Version={version}"
    reply = place.send(service, f"Action={action}{said}")
    assert (reply.status, *error_of(reply)) == (400, code, message)
