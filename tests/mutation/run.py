"""
Mutation testing of matching, conditions and combination: ``python tests/mutation/run.py DIRECTORY [MODULE ...]``.

``nox -s mutation`` installs mutmut and runs this. DIRECTORY must be new: it gets a copy of the sources and the tests of the
engine, and mutmut changes nothing but that copy. At the end the score of each module is printed, and every mutant that
survived; mutants that time out count as killed, and are printed too. The time that they are given is long, for under a
short limit whatever no test sees can time out, when all tests are run with it on a busy machine. About an hour on two cores.

A survivor that no test can see has its reason in ``survivors.toml``. The exit status is 1 if one has none, or if less than
95 % of a module's mutants are killed.

The copy differs in three ways. Functions lose their caches, which mutmut would take for a reason not to touch them. The long
comparison with the reference evaluator is replaced by a short one. And what the first run of the suite has prepared or
remembered is forgotten before each mutant, or it would hide what the mutant does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).parent / "survivors.toml"
LEAST = 0.95
MODULES = tuple(
    f"engine.{name}"
    for name in (
        "matching",
        "compiled",
        "conditions",
        "evaluate",
        "index",
        "principals",
        "resources",
        "variables",
        "values",
    )
)

CONFIG = """
[tool.pytest.ini_options]
pythonpath = ["src", "tests"]
testpaths = ["tests"]
addopts = ["--import-mode=importlib", "-p", "no:randomly", "-p", "no:cacheprovider"]
markers = ["long: takes seconds", "slow: left out"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
also_copy = ["tests"]
pytest_add_cli_args_test_selection = ["tests/policy"]
pytest_add_cli_args = ["-m", "not slow", {left_out}]
timeout_multiplier = 4
timeout_constant = 5.0
"""

# Slow for what they find: long documents, long explanations, and the long comparison that the short one stands for.
LEFT_OUT = (
    "test_the_engine_agrees_with_the_reference",
    "test_a_case_that_fails_is_made_smaller",
    "test_5000_statements",
    "test_five_thousand",
    "test_many_statements",
    "test_no_more_than_some_documents",
)

CONFTEST = '''
"""Forget what the first run has prepared, so that each mutant is seen at work."""

import sys
from pathlib import Path

from hypothesis import settings

settings.register_profile("mutation", deadline=None, derandomize=True, database=None, max_examples=100)
settings.load_profile("mutation")
HERE = str(Path(__file__).parent)


def pytest_sessionstart(session):
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(HERE) and "conftest" not in name:
            del sys.modules[name]
        elif name.startswith("ec2roles."):
            for value in list(vars(module).values()):
                forget = getattr(value, "clear" if type(value).__name__ == "Memo" else "cache_clear", None)
                if callable(forget):
                    forget()
'''

SHORT = '''
"""A short comparison with the reference evaluator, in pieces, the first of which finds most of what there is."""

import pytest

from policy.reference.generator import Generator
from policy.reference.test_reference import verdicts


@pytest.mark.parametrize(("seed", "count"), [(1, 60), (2, 300), (3, 1200)])
def test_short_agreement(seed, count):
    generator = Generator(seed)
    for _ in range(count):
        library, other = verdicts(generator.case())
        assert library == other
'''


def prepare(directory: Path, modules: list[str]) -> None:
    """Make the copy."""
    shutil.copytree(ROOT / "src", directory / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("policy", "helpers"):
        shutil.copytree(ROOT / "tests" / room, directory / "tests" / room, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "tests" / "conftest.py").write_text(CONFTEST)
    (directory / "tests" / "policy" / "test_short_reference.py").write_text(SHORT)
    for module in MODULES:
        path = directory / "src" / "ec2roles" / "policy" / f"{module.replace('.', '/')}.py"
        path.write_text(re.sub(r"(?m)^@lru_cache\(.*\)\n", "", path.read_text()))
    paths = ", ".join(f'"src/ec2roles/policy/{module.replace(".", "/")}.py"' for module in modules)
    left_out = ", ".join(f'"-k", "not {" and not ".join(LEFT_OUT)}"'.splitlines())
    (directory / "pyproject.toml").write_text(CONFIG.format(modules=paths, left_out=left_out))


def explained() -> dict[tuple[str, str, tuple[str, ...]], str]:
    """Return the reason of each survivor that is known, by module, function and changed lines."""
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))["survivor"]
    return {(entry["module"], entry["function"], changed(entry["change"])): entry["reason"] for entry in entries}


def changed(diff: str) -> tuple[str, ...]:
    """Return the lines that a diff takes out and puts in, without their indents."""
    lines = [line for line in diff.splitlines() if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    return tuple([line[0] + line[1:].strip() for line in lines])


def place(mutant: str) -> tuple[str, str]:
    """Return the module and the function of a mutant, such as ``ec2roles.policy.engine.index.xǁLayerǁabout__mutmut_3``."""
    module, _, name = mutant.removeprefix("ec2roles.policy.").rpartition(".")
    return module, name.rpartition("__mutmut_")[0][2:].replace("ǁ", ".")


def report(directory: Path) -> bool:
    """Print the score of each module, and the mutants that survived with what they change; return whether all is well."""
    done = mutmut(directory, "results", "--all", "true")
    verdicts: dict[str, Counter[str]] = {}
    survivors: list[str] = []
    timeouts: list[str] = []
    for line in done.splitlines():
        name, colon, verdict = line.strip().rpartition(": ")
        if colon and ".policy." in name:
            verdicts.setdefault(name.split(".")[2], Counter())[verdict] += 1
            if verdict not in ("killed", "timeout", "not checked"):
                survivors.append(name)
            elif verdict == "timeout":
                timeouts.append(name)
    well = bool(verdicts)
    for module, counts in [*sorted(verdicts.items()), ("all", sum(verdicts.values(), Counter()))]:
        tried = sum(counts.values()) - counts["not checked"]
        killed = counts["killed"] + counts["timeout"]
        well = well and killed >= LEAST * tried
        print(f"{module:12} {killed:5} of {tried:5} killed, {killed / max(tried, 1):.1%}  {dict(counts)}")
    reasons = explained()
    for name in survivors:
        diff = mutmut(directory, "show", name).strip()
        reason = reasons.pop((*place(name), changed(diff)), None)
        well = well and reason is not None
        print(f"\n{'unexplained' if reason is None else f'explained: {reason}'}\n{diff}")
    for name in timeouts:
        print(f"\ntimed out, and so killed; or is it only slow?\n{mutmut(directory, 'show', name).strip()}")
    for module, function, lines in reasons:
        if module in verdicts:
            print("\nno survivor any more, or one that timed out:", module, function, *lines, sep="\n  ")
    return well


def mutmut(directory: Path, *arguments: str) -> str:
    """Return what mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Run mutmut in a copy, and print what came of it."""
    directory = Path(sys.argv[1]).resolve()
    if not (directory / "pyproject.toml").exists():
        prepare(directory, sys.argv[2:] or list(MODULES))
    # PYTHONDONTWRITEBYTECODE: a mutant must never be taken from a cache.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=directory, env=environment, check=False)
    return done.returncode or not report(directory)


if __name__ == "__main__":
    sys.exit(main())
