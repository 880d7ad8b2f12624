"""``ec2roles check``: may an instance of a real account, launched with one of its profiles, do this?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, TextIO

from ec2roles.account import Account
from ec2roles.errors import AuthorizationDetailsError, Ec2RolesError
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.instants import read_instant
from ec2roles.world.clock import ManualClock

ALLOWED = 0
DENIED = 1

_EPILOG = """\
FILE is what this prints:  aws iam get-account-authorization-details > account.json

examples:
  ec2roles check account.json --list
  ec2roles check account.json --profile web s3:ListAllMyBuckets
  ec2roles check account.json --profile web s3:GetObject --resource arn:aws:s3:::photos/cat.jpg \\
      --context aws:SourceIp=198.51.100.7

exit status: 0 allowed, 1 denied, 2 bad input"""


SUMMARY = "decide about an instance of a real account"


def parser() -> argparse.ArgumentParser:
    """Return the parser of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="ec2roles check",
        description="Load an account, launch an instance with one of its profiles, and ask whether it may do something.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the account's authorization details, as JSON")
    parser.add_argument("action", nargs="?", metavar="ACTION", help="an IAM action, such as s3:ListAllMyBuckets")
    parser.add_argument("--profile", metavar="NAME", help="the instance profile that the instance is launched with")
    parser.add_argument("--resource", metavar="ARN", help="the resource that the action is about")
    parser.add_argument(
        "--context",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a context key; repeat one for several values",
    )
    parser.add_argument(
        "--at",
        metavar="MOMENT",
        help="the moment of the question, such as 2026-03-01T09:30Z; without a zone in UTC",
    )
    parser.add_argument(
        "--list", action="store_true", help="show the profiles, their roles, and whether EC2 can assume them"
    )
    return parser


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Answer, and return the exit status."""
    clock = None if options.at is None else ManualClock(read_instant(options.at, "--at"))
    account = load_account(options.file, clock=clock)
    if options.list:
        print_profiles(account, out)
        return ALLOWED
    if options.profile is None or options.action is None:
        raise Ec2RolesError("give --profile NAME and an ACTION, or --list")
    if options.profile in account.roles and options.profile not in account.instance_profiles:
        raise Ec2RolesError(
            f"no instance profile '{options.profile}'; there is a role of that name, but no instance profile holds it under "
            "this name: see --list"
        )
    profile = account.instance_profiles[options.profile]
    web = account.launch_instance(profile)
    decision = web.can(options.action, options.resource, context=read_context(options.context))
    role = profile.role
    print(f"{'ALLOWED' if decision else 'DENIED'}: {options.action}" + _on(options.resource), file=out)
    print(f"  instance profile  {profile.arn}", file=out)
    print(f"  role              {role.arn if role else 'none'}", file=out)
    if decision.request is not None:
        print(f"  caller            {decision.request.principal}", file=out)
    print(file=out)
    print(decision.explain(), file=out)
    return ALLOWED if decision else DENIED


def _on(resource: str | None) -> str:
    return "" if resource is None else f" on {resource}"


def load_account(path: str, **options: Any) -> Account:
    """
    Return the account of the file at *path*.

    Args:
        path: the file.
        options: as for `Account.from_authorization_details`.

    Raises:
        AuthorizationDetailsError: if it cannot be read or loaded.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AuthorizationDetailsError(f"cannot read '{path}': {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AuthorizationDetailsError(f"'{path}' is not UTF-8 text: {error.reason} at byte {error.start}") from None
    try:
        return Account.from_authorization_details(text, **options)
    except AuthorizationDetailsError as error:
        raise AuthorizationDetailsError(f"{path}: {error}") from error


def read_context(pairs: list[str]) -> dict[str, Any]:
    """
    Return the context keys of ``KEY=VALUE`` arguments.

    >>> read_context(["aws:SourceIp=198.51.100.7", "aws:TagKeys=a", "aws:TagKeys=b"])
    {'aws:SourceIp': '198.51.100.7', 'aws:TagKeys': ['a', 'b']}

    Raises:
        Ec2RolesError: if one is not of that form.
    """
    values: dict[str, list[str]] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise Ec2RolesError(f"--context takes KEY=VALUE, got '{pair}'")
        values.setdefault(key, []).append(value)
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def print_profiles(account: Account, out: TextIO) -> None:
    """Print each instance profile, its role, and whether EC2 can assume it."""
    rows = [("INSTANCE PROFILE", "ROLE", "EC2 CAN ASSUME IT")]
    rows += [
        (profile.name, profile.role.name if profile.role else "-", _assumable(account, profile))
        for profile in account.instance_profiles.values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for row in rows:
        print(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}", file=out)
    held = {profile.role for profile in account.instance_profiles.values()}
    others = [role.name for role in account.roles.values() if role not in held]
    if others:
        print(f"\nin no instance profile, so not for instances: {', '.join(others)}", file=out)


def _assumable(account: Account, profile: InstanceProfile) -> str:
    if profile.role is None:
        return "no: the instance profile holds no role"
    web = account.launch_instance(profile)
    return "yes" if web.metadata.credentials() else f"no: {web.role_credentials.why_none(account.time.as_of(None))}"
