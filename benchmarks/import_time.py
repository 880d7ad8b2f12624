"""
What ``import ec2roles`` costs above a bare Python: ``python benchmarks/import_time.py``.

Both are started in turn, many times, because machines have good and bad minutes; the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_MS = 100


def milliseconds(code: str, environment: dict[str, str]) -> float:
    """Return how long a fresh Python takes to run *code*."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--runs", type=int, default=25, help="of each, in turn (default: %(default)s)")
    runs = parser.parse_args().runs
    bare, full = [], []
    with tempfile.TemporaryDirectory() as cache:
        # An installed package has its bytecode beside it; a checkout may not, or may be told not to write any.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = cache
        milliseconds("import ec2roles", environment)
        for _ in range(runs):
            bare.append(milliseconds("pass", environment))
            full.append(milliseconds("import ec2roles", environment))
    cost = statistics.median(full) - statistics.median(bare)
    print(f"bare Python       {statistics.median(bare):6.1f} ms (median of {runs})")
    print(f"import ec2roles   {statistics.median(full):6.1f} ms (median of {runs})")
    print(f"above bare Python {cost:6.1f} ms (limit {LIMIT_MS})")


if __name__ == "__main__":
    main()
