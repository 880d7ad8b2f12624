"""
Compare ec2roles with iam-simulate: ``python tests/differential/compare.py DIRECTORY [--cases N] [--seed S] [--freeze]``.

DIRECTORY is where ``npm install @cloud-copilot/iam-simulate`` was run; ``nox -s differential`` does both. The run fails if
a difference is not explained by ``known_differences.toml``, or if an entry there explains nothing any more.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from differential import frozen, generator, oracle, translate  # noqa: E402

Case = dict[str, Any]


def known() -> list[dict[str, Any]]:
    """Return the entries of known_differences.toml."""
    with (HERE / "known_differences.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["difference"]
    return found


def translated(case: Case, names: list[str]) -> tuple[Case, list[str]]:
    """Return the case with the translations applied one after the other, and the names of those that changed it."""
    applied = []
    case = copy.deepcopy(case)
    for name in names:
        made = translate.REWRITES[name](copy.deepcopy(case))
        if made is not None:
            case = made
            applied.append(name)
    return case, applied


def explain(different: list[tuple[Case, str]], directory: str) -> tuple[Counter[str], list[tuple[Case, str, str]]]:
    """Return how many differences each class explains, and the differences that none explains."""
    names = [name for name in translate.REWRITES if name in {entry["id"] for entry in known()}]
    last = translate.LAST_RESORT.__name__
    whole = [translated(case, names) for case, _ in different]
    answers = oracle.simulated([case for case, _ in whole], directory)
    counts: Counter[str] = Counter()
    left: list[tuple[Case, str, str]] = []
    alone: list[tuple[int, str, Case]] = []
    again: list[tuple[int, Case]] = []
    for number, ((case, ours), (made, applied), answer) in enumerate(zip(different, whole, answers, strict=True)):
        if answer[0] == ours:
            alone += [(number, name, translated(case, [name])[0]) for name in applied]
        else:
            other = translate.LAST_RESORT(copy.deepcopy(made)) if ours == "A" else None
            if other is None:
                left.append((case, ours, answer[0]))
            else:
                again.append((number, other))
    for (number, _), answer in zip(again, oracle.simulated([case for _, case in again], directory), strict=True):
        if answer[0] == "A":
            counts[last] += 1
        else:
            left.append((*different[number], answer[0]))
    answers = oracle.simulated([case for _, _, case in alone], directory)
    enough: dict[int, list[str]] = {}
    for (number, name, _), answer in zip(alone, answers, strict=True):
        enough.setdefault(number, [])
        if answer[0] == different[number][1]:
            enough[number].append(name)
    for found in enough.values():
        counts[found[0] if found else "several together"] += 1
    return counts, left


def main() -> int:
    """Run the comparison and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("directory")
    parser.add_argument("--cases", type=int, default=ENOUGH)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--freeze", action="store_true", help="write the first 5,000 answers to frozen.json.xz")
    options = parser.parse_args()
    began = time.perf_counter()
    cases = generator.cases(options.seed, options.cases)
    ours = [oracle.decided(case) for case in cases]
    halfway = time.perf_counter()
    answers = oracle.simulated(cases, options.directory)
    after = time.perf_counter()
    theirs = [answer[0] for answer in answers]
    refused = [(case, answer) for case, answer in zip(cases, answers, strict=True) if answer[0] == "?"]
    left_out = Counter(key for answer in answers if answer[0] != "?" for key in answer[1:])
    different = [(case, our) for case, our, their in zip(cases, ours, theirs, strict=True) if our != their]
    counts, left = explain(different, options.directory)
    agreed = len(cases) - len(different)
    print(
        f"cases {len(cases):,}, seed {options.seed}; ec2roles {halfway - began:.0f} s, iam-simulate {after - halfway:.0f} s"
    )
    for name, found in (("ec2roles", Counter(ours)), ("iam-simulate", Counter(theirs))):
        shares = ", ".join(f"{label} {found[letter]:,} ({found[letter] / len(cases):.1%})" for label, letter in LETTERS)
        print(f"{name}: {shares}")
    print(f"agreements {agreed:,} ({agreed / len(cases):.2%}), differences {len(different):,}")
    for name, count in counts.most_common():
        print(f"  {count:6,} {name}")
    print(f"refused by iam-simulate {len(refused)}, context keys it left out {dict(left_out)}, unexplained {len(left)}")
    for case, our, their in left[:5]:
        print(f"  ec2roles {our}, iam-simulate {their} (translated): {json.dumps(case)}")
    # Some peculiarities are rare, so their absence means something only where they have been seen before.
    usual = options.seed == 1 and len(cases) >= ENOUGH
    unused = sorted({entry["id"] for entry in known()} - set(counts)) if usual else []
    if unused:
        print(f"entries that explain nothing any more: {', '.join(unused)}")
    failed = bool(left or refused or left_out or unused)
    if options.freeze and not failed:
        print(frozen.write(cases[: frozen.COUNT], ours[: frozen.COUNT], theirs[: frozen.COUNT]))
    return int(failed)


ENOUGH = 150_000
LETTERS = (("allowed", "A"), ("implicit deny", "I"), ("explicit deny", "E"))

if __name__ == "__main__":
    sys.exit(main())
