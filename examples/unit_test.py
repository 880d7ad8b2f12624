"""
How a unit test of your own code looks: ``python -m pytest examples/unit_test.py``.

The code under test is `Uploader`. It keeps its credentials, and fetches new ones when AWS says that they have expired.
Whether that is right shows after six hours. The clock is moved, so the tests take no time; nothing is patched, and nothing
leaves the process.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ec2roles import Account, Credentials, Instance, PermissionPolicy, Response, errors

# -- the code under test; in your project it is imported ---------------------------------------------------------------

Fetch = Callable[[], Credentials | None]
Send = Callable[..., Response]


class Uploader:
    """Puts reports into a bucket."""

    def __init__(self, fetch: Fetch, send: Send) -> None:
        self._fetch = fetch
        self._send = send
        self._credentials = fetch()

    def upload(self, name: str, text: str) -> None:
        """Put one report; a second attempt is made with fresh credentials."""
        answer = self._attempt(name, text)
        if answer.error is not None and answer.error.code == "ExpiredToken":
            self._credentials = self._fetch()
            answer = self._attempt(name, text)
        answer.result()  # raises what AWS refused

    def _attempt(self, name: str, text: str) -> Response:
        key = f"arn:aws:s3:::reports/{name}"
        return self._send("s3:PutObject", key, credentials=self._credentials, body=text.encode())


# -- the world, as small as it can be ------------------------------------------------------------------------------------


@pytest.fixture
def account() -> Account:
    """An account with a bucket, and a role that may write into it."""
    account = Account()
    account.s3.create_bucket("reports")
    role = account.console.create_role("reporter", service="ec2.amazonaws.com")
    role.put_policy("write", PermissionPolicy.allow("s3:PutObject", resource="arn:aws:s3:::reports/*"))
    return account


@pytest.fixture
def server(account: Account) -> Instance:
    """An instance with that role."""
    return account.launch_instance(profile="reporter")


# -- the tests -----------------------------------------------------------------------------------------------------------


def test_a_report_arrives(account: Account, server: Instance) -> None:
    """What is uploaded is in the bucket."""
    Uploader(server.metadata.credentials, account.call).upload("monday", "all is well")

    assert account.s3["reports"].objects["monday"].body == b"all is well"


def test_it_works_on_after_its_credentials_have_expired(account: Account, server: Instance) -> None:
    """Credentials live for six hours; three days later it fetches new ones."""
    uploader = Uploader(server.metadata.credentials, account.call)

    account.clock.advance(days=3)
    uploader.upload("thursday", "still well")

    assert "thursday" in account.s3["reports"].objects


def test_it_does_not_hide_a_denial(account: Account, server: Instance) -> None:
    """Permissions are looked up for each call, so a deleted policy counts at once."""
    uploader = Uploader(server.metadata.credentials, account.call)
    account.roles["reporter"].delete_policy("write")

    with pytest.raises(errors.AccessDeniedError, match="no identity-based policy allows the s3:PutObject action"):
        uploader.upload("friday", "lost")


def test_detaching_the_profile_stops_it_only_when_its_credentials_expire(account: Account, server: Instance) -> None:
    """Credentials that were issued stay valid until their own expiry; there are no new ones after that."""
    uploader = Uploader(server.metadata.credentials, account.call)
    server.detach()

    account.clock.advance(hours=5, minutes=59)
    uploader.upload("saturday", "still here")
    account.clock.advance(minutes=1)

    with pytest.raises(errors.NoCredentialsError, match="Unable to locate credentials"):
        uploader.upload("sunday", "gone")


if __name__ == "__main__":
    # Quiet about plugins, and in the order of the file.
    options = ["--verbose", "--no-header", "-o", "addopts=", "-p", "no:randomly", "-p", "no:cacheprovider"]
    raise SystemExit(pytest.main([__file__, *options]))
