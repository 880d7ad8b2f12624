"""The credential chain: where the programs on one instance look for something to sign with, in botocore's order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError, CredentialError, NoCredentialsError
from ec2roles.programs.files import Files
from ec2roles.programs.profiles import Profiles, Section, read_profiles
from ec2roles.secret import Secret
from ec2roles.world.part import Part
from ec2roles.world.timeline import Position

ENV = "env"
SHARED_CREDENTIALS_FILE = "shared-credentials-file"
CONFIG_FILE = "config-file"
IAM_ROLE = "iam-role"

CREDENTIALS_PATH = "~/.aws/credentials"
CONFIG_PATH = "~/.aws/config"

# botocore asks for these before, between and after the links that are simulated. Passing over them in silence would
# sign with the wrong credentials.
ELSEWHERE_IN_PROFILE = ("role_arn", "web_identity_token_file", "sso_session", "sso_start_url")
ELSEWHERE_IN_ENVIRONMENT = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


@attrs.frozen
class Resolved:
    """
    What the chain found.

    Args:
        credentials: what to sign with; None if the chain found nothing. Expired ones are handed out: AWS answers to them.
        source: botocore's name of the link: ``env``, ``shared-credentials-file``, ``config-file``, ``iam-role``.
        refusal: why there is nothing to sign with; None if there is.
    """

    credentials: Credentials | None
    source: str | None
    refusal: AwsError | None = None


NOTHING = Resolved(None, None)


class MetadataCredentials(Protocol):
    """What the instance's metadata has for an SDK."""

    def __call__(self, position: Position, /, *, v1_disabled: bool = False) -> Credentials | None:
        """Return it as of *position*, or None; *v1_disabled* forbids to go on without a token."""


@attrs.define(eq=False, repr=False)
class CredentialChain(Part):
    """
    Where the programs on one instance look for credentials: environment, credentials file, config file, metadata.

    Credentials that somebody typed in hide the instance role, which comes last.

    >>> chain = CredentialChain(lambda position: None)
    >>> chain.resolve((0, 1)).refusal
    NoCredentialsError('NoCredentials: Unable to locate credentials')
    >>> chain.export("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    >>> chain.export("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    >>> chain.resolve((0, 1)).source
    'env'

    Args:
        metadata_credentials: what the instance's metadata has for an SDK at a position, or None.
        files: the file system of the instance; an empty one by default.
    """

    metadata_credentials: MetadataCredentials
    files: Files = attrs.field(factory=Files)
    _environment: dict[str, str] = attrs.field(init=False, factory=dict)
    # The state of the files for which `_typed` was worked out; a change of the environment sets it to -1.
    _generation: int = attrs.field(init=False, default=-1)
    _typed: Resolved | None = attrs.field(init=False, default=None)
    _delivered: Resolved = attrs.field(init=False, default=NOTHING)

    @property
    def environment(self) -> Mapping[str, str]:
        """The exported variables, to be read; `export` and `unset` change them."""
        return MappingProxyType(self._environment)

    def export(self, name: str, value: str) -> None:
        """Set the environment variable *name* for all programs."""
        self._environment[name] = value
        self._generation = -1

    def unset(self, name: str) -> None:
        """Remove the environment variable *name*, if it is there."""
        self._environment.pop(name, None)
        self._generation = -1

    def resolve(
        self, position: Position, *, profile: str | None = None, environment: Mapping[str, str] | None = None
    ) -> Resolved:
        """
        Return what a program signs with at *position*, or why it has nothing.

        Args:
            position: the moment; only the metadata depends on it.
            profile: named explicitly (``--profile``); the environment is not looked at for keys then.
            environment: what one program sees instead of `environment`.
        """
        if profile is None and environment is None:
            if self._generation != self.files.generation:
                typed = self._look(None, self._environment)
                if typed is not None and typed.refusal is not None:
                    return typed  # Not kept: an exception that is raised once would remember where.
                self._typed = typed
                self._generation = self.files.generation
            typed = self._typed
        else:
            typed = self._look(profile, self._environment if environment is None else environment)
        if typed is not None:
            return typed
        seen = self._environment if environment is None else environment
        if seen.get("AWS_EC2_METADATA_V1_DISABLED", "").lower() == "true":
            credentials = self.metadata_credentials(position, v1_disabled=True)
        else:
            credentials = self.metadata_credentials(position)
        if credentials is None:
            return Resolved(None, None, NoCredentialsError("Unable to locate credentials"))
        # The metadata hands out the same object until the next refresh; so does the chain.
        if credentials is not self._delivered.credentials:
            self._delivered = Resolved(credentials, IAM_ROLE)
        return self._delivered

    def profile_name(self, profile: str | None = None, *, environment: Mapping[str, str] | None = None) -> str | None:
        """Return the profile in force: the explicit one, or the environment's, or None if none was named."""
        if environment is None:
            environment = self._environment
        if profile is not None:
            return profile
        # botocore asks for AWS_DEFAULT_PROFILE first. An empty name is a name, of a profile that is never found.
        return environment.get("AWS_DEFAULT_PROFILE", environment.get("AWS_PROFILE"))

    def config_path(self, environment: Mapping[str, str] | None = None) -> str:
        """Return the path of the config file."""
        return (self._environment if environment is None else environment).get("AWS_CONFIG_FILE") or CONFIG_PATH

    def credentials_path(self, environment: Mapping[str, str] | None = None) -> str:
        """Return the path of the shared credentials file."""
        return (self._environment if environment is None else environment).get(
            "AWS_SHARED_CREDENTIALS_FILE"
        ) or CREDENTIALS_PATH

    def profiles(self, environment: Mapping[str, str] | None = None) -> Profiles:
        """
        Read the two profile files.

        Raises:
            CredentialError: ``ConfigParseError``, if one cannot be parsed.
        """
        config, credentials = self.config_path(environment), self.credentials_path(environment)
        return read_profiles(
            self.files.read(config),
            self.files.read(credentials),
            config_path=self.files.absolute(config),
            credentials_path=self.files.absolute(credentials),
        )

    def settings(self, profile: str | None = None, *, environment: Mapping[str, str] | None = None) -> Section:
        """
        Return the options of the profile in force, from both files.

        Args:
            profile: named explicitly, or None.
            environment: what one program sees instead of `environment`.

        Raises:
            CredentialError: ``ProfileNotFound`` or ``ConfigParseError``.
        """
        name = self.profile_name(profile, environment=environment)
        return self._scoped(self.profiles(environment), name)

    @staticmethod
    def _scoped(profiles: Profiles, name: str | None) -> Section:
        if name is not None and name not in profiles:
            raise CredentialError(f"The config profile ({name}) could not be found", code="ProfileNotFound")
        return profiles.scoped("default" if name is None else name)

    def _look(self, profile: str | None, environment: Mapping[str, str]) -> Resolved | None:
        """Return the credentials that somebody typed in, a refusal, or None if the metadata is to be asked."""
        try:
            return self._search(profile, environment)
        except CredentialError as refusal:
            return Resolved(None, None, refusal.with_traceback(None))

    def _search(self, profile: str | None, environment: Mapping[str, str]) -> Resolved | None:
        profiles = self.profiles(environment)
        name = self.profile_name(profile, environment=environment)
        settings = self._scoped(profiles, name)
        name = "default" if name is None else name
        # Only a profile that was named explicitly takes the environment out of the chain; AWS_PROFILE does not.
        if profile is None and environment.get("AWS_ACCESS_KEY_ID"):
            return Resolved(_from_environment(environment), ENV)
        for option in ELSEWHERE_IN_PROFILE:
            if option in settings:
                raise _unsupported(f"'{option}' of the profile '{name}'")
        if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environment.get("AWS_ROLE_ARN"):
            raise _unsupported("AWS_WEB_IDENTITY_TOKEN_FILE")
        credentials = _from_section(profiles.credentials.get(name, {}), SHARED_CREDENTIALS_FILE)
        if credentials is not None:
            return Resolved(credentials, SHARED_CREDENTIALS_FILE)
        if "credential_process" in settings:
            raise _unsupported(f"'credential_process' of the profile '{name}'")
        credentials = _from_section(profiles.config.get(name, {}), CONFIG_FILE)
        if credentials is not None:
            return Resolved(credentials, CONFIG_FILE)
        for variable in ELSEWHERE_IN_ENVIRONMENT:
            if environment.get(variable):
                raise _unsupported(variable)
        if environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            raise NoCredentialsError("Unable to locate credentials")
        return None

    def __repr__(self) -> str:
        # Names only: the values may be secrets.
        return f"<CredentialChain: environment {', '.join(self._environment) or 'empty'}; {self.files!r}>"


def _from_environment(environment: Mapping[str, str]) -> Credentials:
    secret = environment.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        raise _partial(ENV, "AWS_SECRET_ACCESS_KEY")
    token = environment.get("AWS_SECURITY_TOKEN") or environment.get("AWS_SESSION_TOKEN")
    return _typed(environment["AWS_ACCESS_KEY_ID"], secret, token)


def _from_section(section: Section, source: str) -> Credentials | None:
    key = section.get("aws_access_key_id")
    if not isinstance(key, str):
        return None
    secret = section.get("aws_secret_access_key")
    if not isinstance(secret, str):
        raise _partial(source, "aws_secret_access_key")
    token = section.get("aws_security_token", section.get("aws_session_token"))
    return _typed(key, secret, token if isinstance(token, str) else None)


def _typed(access_key_id: str, secret: str, token: str | None) -> Credentials:
    return Credentials(access_key_id, Secret(secret), session_token=Secret(token) if token else None)


def _partial(source: str, missing: str) -> CredentialError:
    return CredentialError(f"Partial credentials found in {source}, missing: {missing}", code="PartialCredentials")


def _unsupported(what: str) -> CredentialError:
    return CredentialError(f"credentials through {what} are not simulated", code="Unsupported")
