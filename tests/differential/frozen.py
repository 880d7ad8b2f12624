"""
The verdicts of iam-simulate on 5,000 of our own cases, kept as data so that no Node is needed to compare with them.

Documents that occur more than once are kept once. Written by ``compare.py --freeze``.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

Case = dict[str, Any]

COUNT = 5_000
PATH = Path(__file__).parent / "frozen.json.xz"


def write(cases: list[Case], ours: list[str], theirs: list[str]) -> str:
    """Write the cases with the verdicts of iam-simulate, and those of ec2roles where they are known to differ."""
    rows = [
        [case["principal"], case["action"], case["resource"], case["account"], case["context"], case["layers"], their]
        + ([our] if our != their else [])
        for case, our, their in zip(cases, ours, theirs, strict=True)
    ]
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=False)
    PATH.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    return f"wrote {len(rows):,} cases to {PATH.name}, {PATH.stat().st_size:,} bytes"


def read() -> list[tuple[Case, str, str]]:
    """Return each case with the verdict that ec2roles has to give, and that of iam-simulate."""
    names = ("principal", "action", "resource", "account", "context", "layers")
    rows = json.loads(lzma.decompress(PATH.read_bytes()))
    return [(dict(zip(names, row[:6], strict=True)), row[-1], row[6]) for row in rows]
