"""What the ``aws`` commands share: the options that all of them take, the calls, and how failures are worded."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import attrs

from ec2roles.calls import Api, Call, Response
from ec2roles.errors import AwsError, CredentialError
from ec2roles.programs.chain import CredentialChain, Resolved
from ec2roles.programs.profiles import Profiles, Section
from ec2roles.programs.program import Ended, Invocation

NO_CREDENTIALS = 'Unable to locate credentials. You can configure credentials by running "aws configure".\n'
NO_REGION = 'You must specify a region. You can also configure your region by running "aws configure".\n'
USAGE = (
    "usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n"
    "To see help text, you can run:\n\n"
    "  aws help\n  aws <command> help\n  aws <command> <subcommand> help\n"
)
KNOWN = (
    "aws s3 ls|cp|mb|rm",
    "aws sts get-caller-identity",
    "aws configure [list|get|set]",
    "aws --version",
)
FAILED = 255

# What the client finds out by itself; it is not worded as an answer of AWS.
CLIENT_SIDE = ("NoCredentials", "PartialCredentials", "ProfileNotFound", "ParamValidation")


@attrs.frozen
class AwsSession:
    """
    One run of ``aws``: who it acts as, and what it was told.

    Args:
        api: where its calls go.
        chain: where it looks for credentials.
        invocation: the moment, the input and the environment.
        options: the options for all commands, by name: ``profile``, ``region``, ``output``, ``query``.
        default_region: the region if nobody said one.
        context: context keys that go with every call, such as where it comes from.
        sender: the id of the instance it runs on.
    """

    api: Api
    chain: CredentialChain
    invocation: Invocation
    options: Mapping[str, str]
    default_region: str | None
    context: Mapping[str, Any]
    sender: str | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that this run sees."""
        environment = self.invocation.environment
        return self.chain.environment if environment is None else environment

    @property
    def profile(self) -> str | None:
        """The profile that ``--profile`` names."""
        return self.options.get("profile") or None

    @property
    def profile_in_force(self) -> str | None:
        """The profile that ``--profile`` or the environment names."""
        return self.chain.profile_name(self.profile, environment=self.environment)

    def profiles(self) -> Profiles:
        """
        Return the two profile files, read.

        Raises:
            Ended: if one cannot be parsed.
        """
        try:
            return self.chain.profiles(self.environment)
        except CredentialError as error:
            raise Ended(*ending(error)) from None

    def settings(self) -> Section:
        """
        Return the options of the profile in force.

        Raises:
            Ended: if the profile is missing or a file cannot be parsed.
        """
        try:
            return self.chain.settings(self.profile, environment=self.environment)
        except CredentialError as error:
            raise Ended(*ending(error)) from None

    def setting(self, name: str, variable: str) -> str | None:
        """Return an option from the command line, an environment variable or the profile, in this order."""
        option = self.options.get(name) or self.environment.get(variable)
        if option:
            return option
        value = self.settings().get(name)
        return value if isinstance(value, str) and value else None

    def chosen_region(self) -> str | None:
        """Return the region that somebody named; the CLI's version 1 knows AWS_DEFAULT_REGION and not AWS_REGION."""
        return self.setting("region", "AWS_DEFAULT_REGION")

    def resolve(self) -> Resolved:
        """
        Return what to sign with; a missing credential is found out only by a call.

        Raises:
            Ended: for a broken configuration, which the CLI reports before it does anything.
        """
        resolved = self.chain.resolve(
            self.invocation.position, profile=self.profile, environment=self.invocation.environment
        )
        if resolved.refusal is not None and resolved.refusal.code != "NoCredentials":
            raise Ended(*ending(resolved.refusal))
        return resolved

    def call(
        self,
        action: str,
        resource: str | None = None,
        *,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Response:
        """
        Make a call, and return the answer.

        Raises:
            Ended: if the configuration is broken.
        """
        resolved = self.resolve()
        response = self.api.call(
            Call(
                action,
                resource=resource,
                position=self.invocation.position,
                credentials=resolved.credentials,
                source=resolved.source,
                operation=operation,
                context={**self.context, **(context or {})},
                parameters=parameters or {},
                refusal=resolved.refusal,
                sender=self.sender,
            )
        )
        # Without credentials nothing was sent: whatever the api makes of it, the program knows its own reason.
        return response if resolved.refusal is None else Response(error=resolved.refusal)


def ending(error: AwsError, operation: str = "") -> tuple[int, str]:
    """
    Return the exit code and the text with which ``aws`` reports *error* when nothing more can be done.

    >>> ending(CredentialError("The config profile (x) could not be found", code="ProfileNotFound"))
    (255, '\\nThe config profile (x) could not be found\\n')
    """
    if error.code == "NoCredentials":
        return FAILED, NO_CREDENTIALS
    if error.code == "ConfigParseError":
        # The real one shows a Python traceback, of which this is the last line.
        return 1, f"botocore.exceptions.ConfigParseError: {error.message}\n"
    if error.code == "Unsupported":
        return FAILED, f"\nec2roles: {error.message}\n"
    return FAILED, f"\n{wording(error, operation)}\n"


def wording(error: AwsError, operation: str) -> str:
    """
    Return botocore's sentence about *error*.

    >>> wording(AwsError("Access Denied", code="AccessDenied"), "PutObject")
    'An error occurred (AccessDenied) when calling the PutObject operation: Access Denied'
    """
    if error.code in CLIENT_SIDE:
        return error.message
    return f"An error occurred ({error.code}) when calling the {operation} operation: {error.message}"


def bare_wording(error: AwsError, operation: str) -> str:
    """
    Return botocore's sentence about an error that came without a body, as the answers to HEAD do.

    >>> bare_wording(AwsError("User: ... is not authorized", code="AccessDenied", status=403), "HeadObject")
    'An error occurred (403) when calling the HeadObject operation: Forbidden'
    """
    if error.code in CLIENT_SIDE:
        return error.message
    try:
        reason = HTTPStatus(error.status).phrase
    except ValueError:
        reason = "Unknown"
    return f"An error occurred ({error.status}) when calling the {operation} operation: {reason}"


def usage(complaint: str) -> Ended:
    """Return the end of a command line that ``aws`` cannot read, with the commands that are simulated."""
    return Ended(2, f"{USAGE}aws: error: {complaint}\nec2roles: this terminal knows {', '.join(KNOWN)}\n")


def invalid_choice(argument: str, choices: tuple[str, ...]) -> Ended:
    """Return the end of a command line with an unknown *argument*, in the CLI's two columns."""
    rows = [" | ".join(f"{choice:40}" for choice in choices[index : index + 2]) for index in range(0, len(choices), 2)]
    return usage("\n".join([f"argument {argument}: Invalid choice, valid choices are:", "", *rows]))
