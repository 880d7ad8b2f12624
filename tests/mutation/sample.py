"""
A seeded sample of changes all over the code around the policies: ``python tests/mutation/sample.py DIRECTORY``.

``nox -s mutation_sample`` runs this. DIRECTORY gets a copy of the tree, and nothing but that copy is changed. Each change
is one small wrong thing (a comparison, a number, a word, an ``and``); the tests of its folder are run on it and stop at the
first that fails. What came of it goes into ``DIRECTORY/state.jsonl``, so that a run can be ended at any time and goes on where
it was; ``--minutes 50`` ends it by itself. Figures by folder are printed at the end, with every change that survived.

Two may run at a time, each in a directory of its own: ``--part 1/2`` and ``--part 2/2``. A change that no test can see is
explained in ``sample_survivors.toml``; the exit status is 1 if one is not, or if less than 95 % of a folder are noticed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).parent / "sample_survivors.toml"
SOURCE = "src/ec2roles"
LEAST, COUNT, SEED = 0.95, 1_500, 1
SLOWEST = 180

# The tests that a change in a folder or a module is tried on, quick ones first; the longest name that fits counts.
TESTS = {
    "adapters/aws": "adapters/aws/test_sigv4.py adapters/aws/test_unreadable_signatures.py adapters/aws/test_presigned.py "
    "adapters/aws/test_protocol.py adapters/test_planted.py adapters/aws/test_api_needs.py recorded adapters/aws/test_aws_endpoint.py "
    "adapters/test_every_operation.py adapters/aws/test_fallthrough.py",
    "adapters/aws/protocol": "adapters/aws/test_protocol.py adapters/aws/test_presigned.py adapters/test_every_operation.py "
    "adapters/aws/test_aws_endpoint.py",
    "adapters/botocore": "adapters/botocore/test_botocore.py adapters/botocore/test_botocore_fetcher.py adapters/test_boto3_ec2.py "
    "adapters/test_every_operation.py adapters/aws/test_fallthrough.py adapters/aws/test_s3_ways.py",
    "adapters/http": "adapters/http/test_wsgi.py adapters/test_control_plane.py adapters/test_planted.py "
    "adapters/http/test_http_clients.py adapters/http/test_metadata_on_the_wire.py adapters/aws/test_aws_endpoint.py",
    "adapters/moto": "adapters/moto/test_moto.py",
    "services": "services services/iam/test_control_plane.py iam/test_answers.py adapters/test_planted.py recorded sts",
    "services/ec2": "services/ec2/test_ec2.py services/ec2/test_ec2_fields.py services/ec2/test_ec2_shapes.py ec2/test_attributes.py recorded",
    "services/iam": "services/iam/test_control_plane.py iam/test_answers.py iam/test_service_linked.py iam/test_renaming.py "
    "services/iam/test_simulation.py iam/test_customer_managed.py recorded iam",
    "services/s3": "services/s3/test_s3_table.py services/s3/test_s3.py services/s3/test_s3_api.py adapters/aws/test_s3_ways.py recorded",
    "services/sts": "services/sts/test_sts.py sts recorded",
    "ec2": "ec2 metadata faults/test_faults.py history/test_past.py",
    "sts": "sts services/sts/test_sts.py services/s3/test_cross_account.py iam/test_trust.py",
    "iam": "iam services/s3/test_cross_account.py sts/test_trust_rows.py",
}
FOLDERS = ("adapters", "services", "ec2", "sts", "iam")

_OTHERS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip


@attrs.frozen
class Change:
    """
    One small wrong thing.

    Args:
        module: the file, below ``src/ec2roles``.
        start, end: which bytes of it are replaced.
        line: where that is, for a person.
        old, new: what stands there, and what is put there.
    """

    module: str
    start: int
    end: int
    line: int
    old: str
    new: str

    @property
    def name(self) -> str:
        """What it is called in the state, whatever else in the file has moved."""
        return f"{self.module}:{self.line}: {self.old} -> {self.new}"

    @property
    def folder(self) -> str:
        """One of `FOLDERS`."""
        return self.module.partition("/")[0]

    @property
    def tests(self) -> list[str]:
        """The tests that should notice it."""
        fitting = [folder for folder in TESTS if f"{self.module}/".startswith(f"{folder}/")]
        return [f"tests/{name}" for name in TESTS[max(fitting, key=len)].split()]


def changes(module: str, source: str) -> Iterator[Change]:
    """Yield every change of a file that is tried."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source)
    words = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    hints = {id(inner) for node in ast.walk(tree) for hint in _hints(node) for inner in ast.walk(hint)}
    inside = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        new = None if id(node) in words | hints | inside else _changed(node)
        if new is None or not isinstance(node, ast.expr):
            continue
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        yield Change(module, start, end, node.lineno, ast.unparse(node)[:80], f"({ast.unparse(new)})")


def _hints(node: ast.AST) -> list[ast.expr]:
    """What is not changed: types, and how a class is made."""
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        return [node.annotation]
    if isinstance(node, ast.ClassDef):
        # Whether values of a class can be compared and have slots is no rule of AWS's.
        return node.decorator_list
    return [node.returns] if isinstance(node, ast.FunctionDef) and node.returns is not None else []


def _changed(node: ast.AST) -> ast.expr | None:
    """The same with one thing wrong, or None where there is nothing to do wrong."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OTHERS:
        return ast.Compare(node.left, [_OTHERS[type(node.ops[0])]()], node.comparators)  # type: ignore[list-item]
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(_OTHERS[type(node.op)](), node.values)  # type: ignore[arg-type]
    if isinstance(node, ast.BinOp) and type(node.op) in _OTHERS:
        return ast.BinOp(node.left, _OTHERS[type(node.op)](), node.right)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return ast.Constant(f"{node.value}XX")
    if isinstance(node, ast.IfExp):
        return ast.IfExp(node.test, node.orelse, node.body)
    return None


@cache
def _all_changes(root: Path) -> list[Change]:
    found = []
    for folder in FOLDERS:
        for path in sorted((root / SOURCE / folder).rglob("*.py")):
            module = path.relative_to(root / SOURCE).as_posix()
            found += changes(module, path.read_text(encoding="utf-8"))
    return found


def sample(seed: int, count: int, root: Path = ROOT) -> list[Change]:
    """Return so many changes of all that there are, the same for the same code and seed."""
    found = _all_changes(root)
    return random.Random(seed).sample(found, min(count, len(found)))


def copied(directory: Path) -> None:
    """Make the copy, as git has it."""
    directory.mkdir(parents=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)


def tried(directory: Path, change: Change) -> str:
    """Run the tests on a change: ``killed``, ``timeout`` or ``survived``."""
    path = directory / SOURCE / change.module
    source = path.read_bytes()
    try:
        path.write_bytes(source[: change.start] + change.new.encode() + source[change.end :])
        return "survived" if passed(directory, tuple(change.tests)) else "killed"
    except subprocess.TimeoutExpired:
        return "timeout"
    finally:
        path.write_bytes(source)


def sound_alone(directory: Path, tests: tuple[str, ...]) -> bool:
    """Return whether *tests* pass in time, without any change."""
    try:
        return passed(directory, tests)
    except subprocess.TimeoutExpired:
        return False


def passed(directory: Path, tests: tuple[str, ...]) -> bool:
    """Return whether all *tests* pass in the copy."""
    # -x: the first test that fails is enough. Without bytecode, a change is never taken from a cache.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n0",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:nbmake",
    ]
    environment = {
        **os.environ, "PYTHONPATH": str(directory / "src"), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_EXAMPLES": "10",
        "CI": "1", "PYTHONHASHSEED": "0",
    }  # fmt: skip
    options = ["-o", "addopts=--import-mode=importlib", "-m", "not slow"]
    done = subprocess.run(
        [*command, *options, *tests], cwd=directory, env=environment, capture_output=True, timeout=SLOWEST, check=False
    )
    return done.returncode == 0


def report(state: dict[str, str], chosen: list[Change]) -> bool:
    """Print figures by folder and what survived; return whether all is well."""
    reasons = {
        entry["change"]: entry["reason"] for entry in tomllib.loads(SURVIVORS.read_text("utf-8")).get("survivor", [])
    }
    figures: dict[str, Counter[str]] = {folder: Counter() for folder in FOLDERS}
    well = True
    for change in chosen:
        verdict = state.get(change.name)
        if verdict is None:
            continue
        figures[change.folder][verdict] += 1
        if verdict == "survived":
            reason = reasons.get(without_line(change.name))
            well = well and reason is not None
            print(f"survived, {'unexplained' if reason is None else f'explained: {reason}'}\n    {change.name}")
    for folder, counts in figures.items():
        count = sum(counts.values())
        noticed = counts["killed"] + counts["timeout"]
        well = well and noticed >= LEAST * count
        print(f"{folder:10} {noticed:5} of {count:5} noticed, {noticed / max(count, 1):.1%}  {dict(counts)}")
    return well


def without_line(name: str) -> str:
    """Return a change's name without its line, which moves."""
    module, _, rest = name.partition(":")
    return f"{module}:{rest.partition(':')[2]}"


def main() -> int:
    """Try the sample, as far as there is time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--minutes", type=float, default=50, help="end after so many (default: 50)")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how large the sample is (default: {COUNT})")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--part", default="1/1", help="which part of the sample: 1/2")
    options = parser.parse_args()
    directory = options.directory.resolve()
    if not (directory / "src").exists():
        copied(directory)
    log = directory / "state.jsonl"
    state: dict[str, str] = {}
    if log.exists():
        state = dict(json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    chosen = sample(options.seed, options.count, directory)
    part, _, parts = options.part.partition("/")
    end = time.monotonic() + options.minutes * 60
    sound: set[tuple[str, ...]] = set()
    for change in chosen[int(part) - 1 :: int(parts)]:
        if change.name not in state and time.monotonic() < end:
            # A test that fails by itself would notice everything.
            if tuple(change.tests) not in sound and not sound_alone(directory, tuple(change.tests)):
                sys.exit(f"without any change these do not pass in {directory}: {' '.join(change.tests)}")
            sound.add(tuple(change.tests))
            state[change.name] = tried(directory, change)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps([change.name, state[change.name]]) + "\n")
    return 0 if report(state, chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
