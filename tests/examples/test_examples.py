"""Each program in examples/ runs by itself and prints what is in the .out file beside it; ``...`` stands for any text."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
UNWANTED = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_the_example_prints_what_its_out_file_says(program: Path) -> None:
    expected = program.with_suffix(".out").read_text(encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}

    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=EXAMPLES.parent,
        env={**environment, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8", "PYTHONHASHSEED": "random"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0
    if not doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS):
        assert expected.splitlines() == done.stdout.splitlines()


def test_every_example_is_on_the_page() -> None:
    page = (EXAMPLES.parent / "docs" / "security-scenarios.md").read_text(encoding="utf-8")
    assert [path.name for path in PROGRAMS if f"| [{path.name}](../examples/{path.name}) |" not in page] == []


def test_every_example_says_what_it_prints() -> None:
    assert [path.stem for path in PROGRAMS] == sorted(path.stem for path in EXAMPLES.glob("*.out"))
