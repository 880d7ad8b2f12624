"""The subcommands, and how they end: 0 when all is well, 1 for a denial, 2 for bad input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from ec2roles.cli import check, serve, tour
from ec2roles.errors import Ec2RolesError

BAD_INPUT = 2
SUBCOMMANDS = {"tour": tour, "check": check, "serve": serve}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the first word; each subcommand parses the rest itself, options before and after its words."""
    listed = "\n".join(f"  {name:<8}{module.SUMMARY}" for name, module in SUBCOMMANDS.items())
    root = argparse.ArgumentParser(
        prog="ec2roles",
        description="EC2 instance roles, simulated: the lesson as a session, and decisions about a real account.",
        epilog=f"subcommands:\n{listed}\n\n'ec2roles SUBCOMMAND --help' says more; without a subcommand it is tour.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("subcommand", choices=SUBCOMMANDS, metavar="SUBCOMMAND", help="what to do")
    return root


def main(argv: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """
    Run the command line and return its exit status.

    Args:
        argv: the arguments; those of the process by default.
        out: where the output goes; the process's standard output by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help")):
        arguments.insert(0, "tour")
    subcommand = SUBCOMMANDS[parser().parse_args(arguments[:1]).subcommand]
    options = subcommand.parser().parse_intermixed_args(arguments[1:])
    try:
        status: int = subcommand.run(options, sys.stdout if out is None else out)
    except (Ec2RolesError, TypeError) as error:
        print(f"ec2roles: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader, such as head, has seen enough; nothing is left to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
