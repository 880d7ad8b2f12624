"""The credential chain: its order, its refusals, and what it remembers."""

from __future__ import annotations

from timeit import timeit

import pytest

from ec2roles.credentials import Credentials
from ec2roles.programs.chain import CredentialChain
from ec2roles.secret import Secret
from helpers.fakes import NOW, ROLE

KEYS = "aws_access_key_id = AKIAFILE\naws_secret_access_key = filesecret\n"


def make_chain() -> CredentialChain:
    return CredentialChain(lambda position: ROLE)


def typed(key: str, secret: str, token: str | None = None) -> Credentials:
    return Credentials(key, Secret(secret), session_token=Secret(token) if token else None)


def export_keys(chain: CredentialChain) -> None:
    chain.export("AWS_ACCESS_KEY_ID", "AKIAENV")
    chain.export("AWS_SECRET_ACCESS_KEY", "envsecret")


def test_the_instance_role_is_found_when_nothing_was_typed() -> None:
    found = make_chain().resolve(NOW)

    assert (found.credentials, found.source, found.refusal) == (ROLE, "iam-role", None)


def test_each_link_hides_those_after_it() -> None:
    """Environment, credentials file, config file, instance role: botocore's order."""
    chain = make_chain()
    seen = [chain.resolve(NOW).source]
    chain.files.write("~/.aws/config", f"[default]\n{KEYS}")
    seen.append(chain.resolve(NOW).source)
    chain.files.write("~/.aws/credentials", f"[default]\n{KEYS}")
    seen.append(chain.resolve(NOW).source)
    export_keys(chain)
    seen.append(chain.resolve(NOW).source)

    assert seen == ["iam-role", "config-file", "shared-credentials-file", "env"]


def test_a_link_that_is_removed_uncovers_the_next() -> None:
    chain = make_chain()
    chain.files.write("~/.aws/credentials", f"[default]\n{KEYS}")
    export_keys(chain)
    before = chain.resolve(NOW).source
    chain.unset("AWS_ACCESS_KEY_ID")
    between = chain.resolve(NOW).source
    chain.files.remove("~/.aws/credentials")

    assert (before, between, chain.resolve(NOW).source) == ("env", "shared-credentials-file", "iam-role")


def test_an_explicit_profile_takes_the_environment_out_of_the_chain() -> None:
    chain = make_chain()
    export_keys(chain)
    chain.files.write("~/.aws/credentials", f"[dev]\n{KEYS}")

    assert chain.resolve(NOW, profile="dev").source == "shared-credentials-file"


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_named_by_the_environment_leaves_the_environment_in(variable: str) -> None:
    chain = make_chain()
    chain.files.write("~/.aws/credentials", f"[dev]\n{KEYS}")
    chain.export(variable, "dev")
    without_keys = chain.resolve(NOW).source
    export_keys(chain)

    assert (without_keys, chain.resolve(NOW).source) == ("shared-credentials-file", "env")


def test_aws_default_profile_wins_over_aws_profile() -> None:
    chain = make_chain()
    chain.export("AWS_PROFILE", "one")
    chain.export("AWS_DEFAULT_PROFILE", "two")

    assert chain.profile_name() == "two"


def test_the_token_comes_from_aws_security_token_first() -> None:
    chain = make_chain()
    export_keys(chain)
    chain.export("AWS_SESSION_TOKEN", "second")
    second = chain.resolve(NOW).credentials
    chain.export("AWS_SECURITY_TOKEN", "first")

    assert typed("AKIAENV", "envsecret", "second") == second
    assert typed("AKIAENV", "envsecret", "first") == chain.resolve(NOW).credentials


def test_the_files_may_lie_elsewhere() -> None:
    chain = make_chain()
    chain.files.write("/etc/keys", f"[default]\n{KEYS}")
    chain.export("AWS_SHARED_CREDENTIALS_FILE", "/etc/keys")
    from_credentials = chain.resolve(NOW).source
    chain.unset("AWS_SHARED_CREDENTIALS_FILE")
    chain.export("AWS_CONFIG_FILE", "/etc/keys")

    assert (from_credentials, chain.resolve(NOW).source) == ("shared-credentials-file", "config-file")


REFUSALS = [
    ({}, "", None, "NoCredentials", "Unable to locate credentials"),
    ({"AWS_EC2_METADATA_DISABLED": "TRUE"}, "", None, "NoCredentials", "Unable to locate credentials"),
    (
        {"AWS_ACCESS_KEY_ID": "AKIAENV"},
        "",
        None,
        "PartialCredentials",
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
    ),
    (
        {},
        "[default]\naws_access_key_id = AKIAFILE\n",
        None,
        "PartialCredentials",
        "Partial credentials found in shared-credentials-file, missing: aws_secret_access_key",
    ),
    ({}, "", "x", "ProfileNotFound", "The config profile (x) could not be found"),
    ({"AWS_PROFILE": "x"}, "", None, "ProfileNotFound", "The config profile (x) could not be found"),
    (
        {"AWS_PROFILE": "x", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        "",
        None,
        "ProfileNotFound",
        "The config profile (x) could not be found",
    ),
    (
        {},
        "[default]\nsecret\n",
        None,
        "ConfigParseError",
        "Unable to parse config file: /home/ec2-user/.aws/credentials",
    ),
    (
        {},
        "[default]\nrole_arn = x\n",
        None,
        "Unsupported",
        "credentials through 'role_arn' of the profile 'default' are not simulated",
    ),
    (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"},
        "",
        None,
        "Unsupported",
        "credentials through AWS_CONTAINER_CREDENTIALS_FULL_URI are not simulated",
    ),
]


@pytest.mark.parametrize(("environment", "credentials", "profile", "code", "message"), REFUSALS)
def test_a_chain_that_finds_nothing_says_why(
    environment: dict[str, str], credentials: str, profile: str | None, code: str, message: str
) -> None:
    chain = CredentialChain(lambda position: None)
    if credentials:
        chain.files.write("~/.aws/credentials", credentials)
    for name, value in environment.items():
        chain.export(name, value)
    found = chain.resolve(NOW, profile=profile)

    assert (found.credentials, found.source) == (None, None)
    assert found.refusal is not None
    assert (code, message) == (found.refusal.code, found.refusal.message)


def test_a_secret_key_alone_is_as_good_as_nothing() -> None:
    """As in botocore: the access key id decides whether the environment is looked at."""
    chain = make_chain()
    chain.export("AWS_SECRET_ACCESS_KEY", "envsecret")

    assert chain.resolve(NOW).source == "iam-role"


def test_the_metadata_can_be_left_out() -> None:
    chain = make_chain()
    chain.export("AWS_EC2_METADATA_DISABLED", "true")

    assert chain.resolve(NOW).refusal is not None


def test_an_expired_credential_is_still_handed_out() -> None:
    """The service answers ExpiredToken; the client does not look."""
    assert ROLE is make_chain().resolve((NOW[0] + 10**15, 1)).credentials


def test_one_program_may_see_another_environment() -> None:
    chain = make_chain()
    overlay = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}

    assert (chain.resolve(NOW, environment=overlay).source, chain.resolve(NOW).source) == ("env", "iam-role")


def test_a_chain_and_what_it_found_hide_secrets() -> None:
    chain = make_chain()
    export_keys(chain)
    chain.files.write("~/.aws/credentials", f"[default]\n{KEYS}")
    text = f"{chain!r} {chain.resolve(NOW)!r} {chain.profiles()!r} {chain.files!r}"

    assert "envsecret" not in text
    assert "filesecret" not in text


def test_a_file_that_cannot_be_parsed_is_not_quoted() -> None:
    chain = make_chain()
    chain.files.write("~/.aws/credentials", "[default]\naws_secret_access_key filesecret\n")

    assert "filesecret" not in repr(chain.resolve(NOW).refusal)


def test_the_usual_case_looks_at_no_file() -> None:
    """The same object comes back while the metadata gives the same credentials; this takes well under a microsecond."""
    chain = make_chain()
    first = chain.resolve(NOW)

    assert first is chain.resolve((NOW[0] + 1, 2))
    # Ten times what it takes, so that a busy machine does not fail it; a parsed file would take fifty times as long.
    assert min(timeit(lambda: chain.resolve(NOW), number=1000) for _ in range(5)) < 0.01


def test_a_refusal_is_new_each_time() -> None:
    """An exception that somebody has raised remembers where; the next caller gets a clean one."""
    chain = CredentialChain(lambda position: None)
    chain.export("AWS_PROFILE", "x")

    assert chain.resolve(NOW).refusal is not chain.resolve(NOW).refusal
