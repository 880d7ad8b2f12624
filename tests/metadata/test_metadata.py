"""The metadata service: bodies, statuses and headers, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ec2roles import Account, Instance, MetadataService, TrustPolicy
from ec2roles.errors import MetadataError
from ec2roles.metadata.response import MetadataResponse

CREDENTIALS = "/latest/meta-data/iam/security-credentials/"
TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
EC2 = TrustPolicy.service("ec2.amazonaws.com")
NOBODY = TrustPolicy.service("lambda.amazonaws.com")


@pytest.fixture
def account() -> Account:
    """An account with the role ``app`` at a path, in the profile ``web``."""
    account = Account()
    role = account.create_role("app", trust=EC2, path="/service/")
    account.create_instance_profile("web").add_role(role)
    return account


@pytest.fixture
def web(account: Account) -> Instance:
    """An instance with the profile."""
    return account.launch_instance(profile="web", tags={"Name": "web"}, user_data="#!/bin/sh\n")


def token(metadata: MetadataService, ttl: int = 21600) -> dict[str, str]:
    """The header with a fresh token."""
    return {TOKEN: metadata.put("/latest/api/token", headers={TTL: str(ttl)}).body}


def test_role_credentials_have_the_real_documents_keys_order_and_spacing(web: Instance) -> None:
    """Two spaces, a space on both sides of the colon, no line end at the end."""
    credentials = web.metadata.credentials()
    assert credentials is not None
    assert credentials.session_token is not None
    answer = web.metadata.get(CREDENTIALS + "app", headers=token(web.metadata))

    assert answer.body == (
        "{\n"
        '  "Code" : "Success",\n'
        '  "LastUpdated" : "2026-01-01T00:00:00Z",\n'
        '  "Type" : "AWS-HMAC",\n'
        f'  "AccessKeyId" : "{credentials.access_key_id}",\n'
        f'  "SecretAccessKey" : "{credentials.secret_access_key.reveal()}",\n'
        f'  "Token" : "{credentials.session_token.reveal()}",\n'
        '  "Expiration" : "2026-01-01T06:00:00Z"\n'
        "}"
    )
    assert len(credentials.secret_access_key.reveal()) == 40


def test_profile_info_has_the_real_documents_keys_order_and_spacing(account: Account, web: Instance) -> None:
    """iam/info of an instance whose role works."""
    profile = account.instance_profiles["web"]

    assert web.metadata.get("/latest/meta-data/iam/info").body == (
        "{\n"
        '  "Code" : "Success",\n'
        '  "LastUpdated" : "2026-01-01T00:00:00Z",\n'
        '  "InstanceProfileArn" : "arn:aws:iam::123456789012:instance-profile/web",\n'
        f'  "InstanceProfileId" : "{profile.profile_id}"\n'
        "}"
    )


def test_the_listing_is_the_roles_name_without_path_and_without_line_end(web: Instance) -> None:
    """SDKs put the listing into the next URL as it is."""
    assert web.metadata.get(CREDENTIALS).body == "app"
    assert web.metadata.get(CREDENTIALS.rstrip("/")).body == "app"
    assert web.metadata.get("/latest/meta-data/iam/").body == "info\nsecurity-credentials/"


def test_a_role_ec2_cannot_assume_is_listed_and_answers_the_error_document(account: Account) -> None:
    """Status 200, and the code AssumeRoleUnauthorizedAccess, with AWS's two spaces."""
    account.roles["app"].update_trust(NOBODY)
    web = account.launch_instance(profile="web")
    answer = web.metadata.get(CREDENTIALS + "app")

    assert web.metadata.credentials() is None
    assert web.metadata.get(CREDENTIALS).body == "app"
    assert answer.status == 200
    assert answer.body == (
        "{\n"
        '  "Code" : "AssumeRoleUnauthorizedAccess",\n'
        '  "Message" : "EC2 cannot assume the role app.  Please see documentation at '
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"
        '#troubleshoot_iam-ec2_errors-info-doc.",\n'
        '  "LastUpdated" : "2026-01-01T00:00:00Z"\n'
        "}"
    )


@pytest.mark.parametrize(
    "path", ["iam", "iam/", "iam/info", "iam/security-credentials/", "iam/security-credentials/app"]
)
def test_without_a_profile_the_whole_of_iam_is_missing(account: Account, path: str) -> None:
    """404, and no iam/ in the listing."""
    bare = account.launch_instance()

    assert bare.metadata.get(f"/latest/meta-data/{path}").status == 404
    assert "iam/" not in bare.metadata.get("/latest/meta-data/").body.split("\n")


def test_a_profile_emptied_later_shows_so_at_the_next_refresh_and_keeps_the_last_credentials(
    account: Account, web: Instance
) -> None:
    """The old set is served until it expires; then there is none, and no listing."""
    first = web.metadata.credentials()
    account.instance_profiles["web"].remove_role()
    account.clock.advance(minutes=59)
    assert '"Message"' not in web.metadata.get("/latest/meta-data/iam/info").body
    account.clock.advance(minutes=1)
    info = web.metadata.get("/latest/meta-data/iam/info").body

    assert '"Code" : "Success"' in info
    assert '"Message" : "Instance Profile does not contain a role.  Please see documentation at ' in info
    assert web.metadata.credentials() == first
    account.clock.advance(hours=5)
    assert web.metadata.credentials() is None
    assert web.metadata.get(CREDENTIALS).status == 404
    assert web.metadata.get("/latest/meta-data/iam/").body == "info"


def test_a_profile_deleted_and_made_again_is_not_the_profile_of_the_instance(account: Account, web: Instance) -> None:
    """The association holds the id, not the name."""
    profile_id = account.instance_profiles["web"].profile_id
    account.instance_profiles["web"].remove_role()
    account.delete_instance_profile("web")
    account.create_instance_profile("web").add_role(account.roles["app"])
    account.clock.advance(hours=1)
    info = web.metadata.get("/latest/meta-data/iam/info").body

    assert '"Code" : "InstanceProfileNotFound"' in info
    assert f"Instance Profile with Id {profile_id} cannot be found.  Please see documentation at " in info


def test_a_role_swapped_inside_the_profile_is_picked_up_at_the_next_refresh(account: Account, web: Instance) -> None:
    """Until then the old role is served."""
    other = account.create_role("other", trust=EC2)
    account.instance_profiles["web"].remove_role()
    account.instance_profiles["web"].add_role(other)
    account.clock.advance(minutes=59, seconds=59)
    assert web.metadata.get(CREDENTIALS).body == "app"
    account.clock.advance(seconds=1)

    assert web.metadata.get(CREDENTIALS).body == "other"
    assert web.metadata.get(CREDENTIALS + "app").status == 404


# -- tokens ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({TTL: "1"}, 200),
        ({TTL: "21600"}, 200),
        ({TTL.upper(): "60"}, 200),
        ({}, 400),
        ({TTL: ""}, 400),
        ({TTL: "0"}, 400),
        ({TTL: "21601"}, 400),
        ({TTL: "-1"}, 400),
        ({TTL: "6h"}, 400),
        ({TTL: "1.5"}, 400),
        ({TTL: "٣"}, 400),
        ({TTL: "9" * 5000}, 400),
        ({TTL: "60", "X-Forwarded-For": "10.0.0.1"}, 403),
        ({TTL: "60", "x-forwarded-for": ""}, 403),
    ],
)
def test_a_token_is_given_for_1_to_21600_seconds_and_to_no_proxy(
    web: Instance, headers: dict[str, str], status: int
) -> None:
    """400 for any other TTL, 403 for a forwarded request."""
    assert web.metadata.put("/latest/api/token", headers=headers).status == status


@pytest.mark.parametrize("path", ["/latest/meta-data/", "/latest/api/tokens", "/", "/latest/api"])
def test_a_put_anywhere_else_is_forbidden(web: Instance, path: str) -> None:
    """Only the token's path takes a PUT."""
    assert web.metadata.put(path, headers={TTL: "60"}).status == 403


def test_a_dated_version_gives_no_token(web: Instance) -> None:
    """403: a token is at /latest/api/token alone."""
    assert web.metadata.put("/2021-03-23/api/token", headers={TTL: "60"}).status == 403


def test_a_get_of_the_token_path_names_what_is_allowed(web: Instance) -> None:
    """405, with Allow."""
    answer = web.metadata.get("/latest/api/token")

    assert answer.status == 405
    assert answer.headers["Allow"] == "OPTIONS, PUT"
    assert answer.body == ""


def test_a_token_dies_with_its_ttl_and_says_how_long_it_lives(account: Account, web: Instance) -> None:
    """The remaining seconds are in each answer; at its end, and long after, the token is refused."""
    header = token(web.metadata, ttl=60)
    assert len(header[TOKEN]) == 56
    account.clock.advance(seconds=59, milliseconds=500)
    answer = web.metadata.get("/latest/meta-data/instance-id", headers=header)
    assert answer.headers["X-Aws-Ec2-Metadata-Token-Ttl-Seconds"] == "1"
    account.clock.advance(milliseconds=500)

    assert web.metadata.get("/latest/meta-data/instance-id", headers=header).status == 401
    account.clock.advance(days=900)
    assert web.metadata.get("/latest/meta-data/instance-id", headers=header).status == 401


def _other_letter(text: str) -> str:
    return ("B" if text[20] != "B" else "C").join((text[:20], text[21:]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "x",
        lambda text: text + "=",
        lambda text: text.rstrip("="),
        lambda text: text.swapcase(),
        lambda text: " " + text,
        lambda text: "é" + text,
        _other_letter,
    ],
)
def test_any_other_token_is_refused_even_where_none_is_required(web: Instance, spoil: Callable[[str], str]) -> None:
    """There is no silent fall back to IMDSv1."""
    good = token(web.metadata)[TOKEN]

    assert web.metadata.get("/latest/meta-data/", headers={TOKEN: good}).ok
    assert web.metadata.get("/latest/meta-data/", headers={TOKEN: spoil(good)}).status == 401


def test_a_token_is_good_for_its_instance_alone(account: Account, web: Instance) -> None:
    """Not for another instance, another world, or after a stop."""
    header = token(web.metadata)
    other = account.launch_instance(profile="web")
    elsewhere = Account(seed=1).launch_instance()

    assert other.metadata.get("/latest/meta-data/", headers=header).status == 401
    assert elsewhere.metadata.get("/latest/meta-data/", headers=header).status == 401
    web.reboot()
    assert web.metadata.get("/latest/meta-data/", headers=header).ok
    web.stop()
    web.start()
    assert web.metadata.get("/latest/meta-data/", headers=header).status == 401


# -- options --------------------------------------------------------------------------------------------------------


def test_where_tokens_are_required_a_request_without_one_is_refused(web: Instance) -> None:
    """401, and not one byte of the credentials."""
    web.modify_metadata_options(http_tokens="required")
    credentials = web.metadata.credentials()
    answer = web.metadata.get(CREDENTIALS + "app")

    assert answer.status == 401
    assert credentials is not None
    assert credentials.access_key_id not in answer.body
    assert web.metadata.get(CREDENTIALS + "app", headers=token(web.metadata)).ok


def test_a_disabled_endpoint_answers_403_to_everything(web: Instance) -> None:
    """PUT and GET alike; SDKs find no credentials then."""
    web.modify_metadata_options(http_endpoint="disabled")

    assert web.metadata.put("/latest/api/token", headers={TTL: "60"}).status == 403
    assert web.metadata.get("/").status == 403
    assert web.metadata.credentials() is None
    web.modify_metadata_options(http_endpoint="enabled")
    assert web.metadata.credentials() is not None


@pytest.mark.parametrize(
    ("limit", "hops", "arrives"), [(1, 0, True), (1, 1, False), (2, 1, True), (2, 2, False), (64, 63, True)]
)
def test_the_answer_to_the_token_put_survives_so_many_hops(web: Instance, limit: int, hops: int, arrives: bool) -> None:
    """With as many extra hops as the limit, it never arrives; a GET is not limited."""
    web.modify_metadata_options(http_put_response_hop_limit=limit)
    answer = web.metadata.put("/latest/api/token", headers={TTL: "60"}, extra_hops=hops)

    assert answer.timed_out is not arrives
    assert (answer.status is None) is not arrives
    assert web.metadata.get("/latest/meta-data/instance-id", extra_hops=hops).ok


def test_the_two_versions_deliver_separate_credentials(account: Account, web: Instance) -> None:
    """A policy can tell them apart by ec2:RoleDelivery."""
    account.roles["app"].put_policy(
        "list",
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"NumericLessThan": {"ec2:RoleDelivery": "2.0"}},
                },
            ],
        },
    )
    v1 = web.metadata.get(CREDENTIALS + "app").body
    v2 = web.metadata.get(CREDENTIALS + "app", headers=token(web.metadata)).body

    assert v1 != v2
    assert web.call("s3:ListAllMyBuckets").ok


def test_tags_are_in_the_metadata_where_that_is_enabled(web: Instance) -> None:
    """404 by default."""
    assert web.metadata.get("/latest/meta-data/tags/instance/Name").status == 404
    web.modify_metadata_options(instance_metadata_tags="enabled")

    assert web.metadata.get("/latest/meta-data/tags/instance/").body == "Name"
    assert web.metadata.get("/latest/meta-data/tags/instance/Name").body == "web"


# -- the rest of the tree -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/latest", "dynamic\nmeta-data\nuser-data"),
        ("/latest/meta-data/placement/", "availability-zone\navailability-zone-id\nregion"),
        ("/latest/meta-data/placement/availability-zone", "us-east-1a"),
        ("/latest/meta-data/placement/availability-zone/", "us-east-1a"),
        ("/latest/meta-data/placement/region", "us-east-1"),
        ("//latest//meta-data//placement//region", "us-east-1"),
        ("/2021-03-23/meta-data/placement/region?x=1", "us-east-1"),
        ("/latest/meta-data/services/domain", "amazonaws.com"),
        ("/latest/user-data", "#!/bin/sh\n"),
    ],
)
def test_what_stands_at_a_path(web: Instance, path: str, body: str) -> None:
    """Listings are sorted, directories end in a slash, leaves answer with or without one."""
    assert web.metadata.get(path).body == body


@pytest.mark.parametrize(
    "path", ["/latest/meta-data/nope", "/latest/meta-data/instance-id/x", "/1999-01-01/", "/latest/nope"]
)
def test_an_unknown_path_is_a_plain_404(web: Instance, path: str) -> None:
    """Never anything else."""
    answer = web.metadata.get(path)

    assert answer.status == 404
    assert "<title>404 - Not Found</title>" in answer.body
    assert answer.headers["Content-Type"] == "text/html"


def test_the_root_lists_the_versions(web: Instance) -> None:
    """Oldest first, latest last."""
    versions = web.metadata.get("/").body.split("\n")

    assert versions[0] == "1.0"
    assert versions[-1] == "latest"
    assert "2021-03-23" in versions


def test_the_instance_id_and_user_data_have_their_own_headers(web: Instance) -> None:
    """text/plain and octet-stream, with the length."""
    answer = web.metadata.get("/latest/meta-data/instance-id")

    assert answer.body == web.instance_id
    assert answer.headers == {
        "Content-Type": "text/plain",
        "Accept-Ranges": "none",
        "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Content-Length": "19",
        "Date": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Server": "EC2ws",
        "Connection": "close",
    }
    assert web.metadata.get("/latest/user-data").headers["Content-Type"] == "application/octet-stream"


def test_a_stopped_instance_does_not_answer(web: Instance) -> None:
    """That is a timeout, not a status."""
    web.stop()

    assert web.metadata.get("/latest/meta-data/") == MetadataResponse(None)
    assert web.metadata.put("/latest/api/token", headers={TTL: "60"}).timed_out
    assert web.metadata.credentials() is None


def test_a_path_that_no_client_can_send_raises(web: Instance) -> None:
    """A mistake of the caller's, not an answer of AWS's."""
    with pytest.raises(MetadataError, match="starts with '/'"):
        web.metadata.get("latest")


def test_metadata_can_be_asked_about_the_past(account: Account, web: Instance) -> None:
    """What stood there at an instant stands there for ever."""
    start = account.clock.now()
    first = web.metadata.credentials()
    account.clock.advance(days=3)
    web.detach()

    assert web.metadata.credentials() is None
    assert web.metadata.credentials(at=start) == first
    assert web.metadata.get(CREDENTIALS, at=start).body == "app"
