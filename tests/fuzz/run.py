"""
Run one fuzz target under atheris: ``python tests/fuzz/run.py wildcards -max_total_time=60``; ``nox -s fuzz`` runs them all.

What follows the name goes to libFuzzer. New inputs are kept in a temporary directory, unless one is named; a crash is
written to the current directory and can be given again as an argument.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

with atheris.instrument_imports(include=["ec2roles", "fuzz.targets"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Run the target that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: run.py {'|'.join(TARGETS)} [options and directories of libFuzzer]")
    name, options = sys.argv[1], sys.argv[2:]
    if all(option.startswith("-") for option in options):
        options += [tempfile.mkdtemp(prefix=f"fuzz-{name}-"), str(HERE / "corpus" / name)]
    atheris.Setup([sys.argv[0], "-timeout=10", "-rss_limit_mb=512", *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
