"""
What a world keeps for ever of each thing that is made and goes again: bytes, without ``remember=`` and with it.

    python benchmarks/long_life.py [CYCLES]
"""

from __future__ import annotations

import gc
import importlib
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path

from ec2roles.memo import Memo

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
CYCLE = importlib.import_module("cycles")

CYCLES = 1000
STEP = timedelta(minutes=30)


def bytes_kept(kind: str, remember: timedelta | None, cycles: int) -> float:
    """Return how many bytes more a world has for each one of *kind*, once it is as full as it gets."""
    life = CYCLE.LongLife(remember)

    def live(count: int) -> int:
        for _ in range(count):
            CYCLE.KINDS[kind](life)
            life.account.clock.advance(STEP)
        for memo in [one for one in gc.get_objects() if isinstance(one, Memo)]:
            memo.clear()  # what the process remembers is bounded by itself, and no part of the world
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    before = live(cycles)
    return (live(cycles) - before) / cycles


def main() -> None:
    """Print the table."""
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else CYCLES
    tracemalloc.start()
    print(f"bytes kept for ever of each, after {cycles:,} and {cycles:,} more")
    print(f"{'':22}{'without remember=':>20}{'remember=1 day':>20}")
    for kind in CYCLE.KINDS:
        kept = [bytes_kept(kind, remember, cycles) for remember in (None, timedelta(days=1))]
        print(f"{kind:22}{kept[0]:20,.0f}{kept[1]:20,.0f}", flush=True)


if __name__ == "__main__":
    main()
