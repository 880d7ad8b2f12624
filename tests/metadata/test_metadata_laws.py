"""Laws of the metadata service, for any requests."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ec2roles import Account, Instance
from ec2roles.metadata.response import MetadataResponse

TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
WORDS = ["latest", "2021-03-23", "meta-data", "dynamic", "user-data", "iam", "info", "security-credentials", "app", "api",
         "token", "identity-credentials", "ec2", "ec2-instance", "tags", "instance", "placement", "region", "", "?", ".."]  # fmt: skip

paths = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=7).map(lambda words: "/" + "/".join(words))
methods = st.sampled_from(["GET", "GET", "GET", "PUT", "HEAD", "POST", "OPTIONS"]) | st.text(max_size=6)
headers = st.dictionaries(
    st.sampled_from([TOKEN, TOKEN.lower(), TTL, "X-Forwarded-For", "Accept"]),
    st.sampled_from(["<token>", "", "60", "0", "21601"]) | st.text(max_size=60),
    max_size=3,
)
requests = st.tuples(methods, paths, headers)


def launched() -> tuple[Account, Instance, str]:
    account = Account()
    account.console.create_role("app")
    web = account.launch_instance("app", http_tokens="required", user_data="secret of a kind")
    return account, web, web.metadata.put("/latest/api/token", {TTL: "21600"}).body


def send(account: Account, web: Instance, token: str, request: tuple[str, str, dict[str, str]]) -> MetadataResponse:
    method, path, sent = request
    filled = {name: value.replace("<token>", token) for name, value in sent.items()}
    return web.metadata.request(method, path, filled, position=account.time.as_of(None))


@given(requests)
def test_without_its_token_an_instance_that_requires_one_shows_nothing(
    request: tuple[str, str, dict[str, str]],
) -> None:
    """No credentials, no user data, no id: one of a few statuses, and a page or a token."""
    account, web, token = launched()
    answer = send(account, web, token, request)
    authorised = token in [
        value.replace("<token>", token) for name, value in request[2].items() if name.lower() == TOKEN.lower()
    ]

    assert answer.status in (200, 400, 401, 403, 404, 405)
    assert int(answer.headers["Content-Length"]) == len(answer.body.encode("utf-8", "surrogateescape")) or (
        request[0] == "HEAD"
    )
    if not authorised:
        credentials = web.metadata.credentials()
        assert credentials is not None
        assert "SecretAccessKey" not in answer.body
        assert "secret of a kind" not in answer.body
        assert web.instance_id not in answer.body
        if answer.status == 200:
            assert request[0] in ("PUT", "OPTIONS")


@given(st.lists(requests, max_size=6), requests)
def test_no_answer_depends_on_what_was_asked_before(
    before: list[tuple[str, str, dict[str, str]]], last: tuple[str, str, dict[str, str]]
) -> None:
    asked, quiet = launched(), launched()
    for request in before:
        send(*asked, request)

    assert send(*asked, last) == send(*quiet, last)


@given(st.text(max_size=40))
def test_any_description_of_an_event_is_json(description: str) -> None:
    account = Account()
    web = account.launch_instance()
    now = account.clock.now()
    web.notices.schedule_event("system-reboot", not_before=now, not_after=now, description=description)

    (event,) = json.loads(web.metadata.get("/latest/meta-data/events/maintenance/scheduled").body)

    assert event["Description"] == (description or "scheduled reboot")
